/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who knows the true energies and forces of cells. Of one rank. */
#ifndef MLGRAIN_CELL_LABELER_H
#define MLGRAIN_CELL_LABELER_H

#include "learn_cell.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

class CellLabeler {
 public:
  enum Answer { LABELED, FAILED, LATER };

  virtual ~CellLabeler() = default;

  /* Gets cells labels. Each is handed over as soon as it has one, or `why` it has none. */
  using Taker = std::function<void(LearnCell &, Answer, const std::string &why)>;
  virtual void label(std::vector<LearnCell> &cells, const Taker &take) = 0;

  /* Cells that were asked for before and that are labeled, or have failed, by now. */
  struct Arrival {
    LearnCell cell;
    std::string why;    // "": it has a label
  };
  virtual std::vector<Arrival> arrivals() { return {}; }

  /* How many are asked for and have no answer yet. */
  virtual size_t waiting() const { return 0; }
  virtual bool waits_for(const LearnCell &) const { return false; }
};

/* One that labels a cell at a time. */
class OneCellLabeler : public CellLabeler {
 public:
  void label(std::vector<LearnCell> &cells, const Taker &take) final
  {
    for (auto &cell : cells) {
      std::string why;
      const Answer answer = label_one(cell, why);
      take(cell, answer, why);
    }
  }

 protected:
  virtual Answer label_one(LearnCell &, std::string &why) = 0;
};

/* Labels by a second LAMMPS in the process, with interactions from lines of input, which may name
   the atom types of the run. Throws ChildFailure where these are wrong. */
std::unique_ptr<CellLabeler> label_by_lammps(LAMMPS_NS::LAMMPS *parent,
                                             const std::vector<std::string> &commands);

/* Labels by a command of the shell, to which the names of two files are added: a cell in extended
   XYZ, and where its label is expected in the same form.
     names    [ntypes + 1] chemical symbols, or other words, of the run's atom types
     seconds  the command is ended after, and the cell has failed
     together so many run at once
     stem     of the names of the files */
std::unique_ptr<CellLabeler> label_by_command(const std::string &command, double seconds,
                                              int together, const std::string &stem,
                                              const std::vector<std::string> &names);

/* Labels by whoever looks into a folder: cells are N.in.xyz there, and labels are expected as
   N.out.xyz, or N.failed with the reason. */
std::unique_ptr<CellLabeler> label_by_folder(const std::string &folder,
                                             const std::vector<std::string> &names);

}    // namespace MLGRAIN_NS

#endif
