/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells around atoms of a run, whichever ranks have these and their surroundings. */
#ifndef MLGRAIN_CELL_CUTTER_H
#define MLGRAIN_CELL_CUTTER_H

#include "learn_cell.h"

#include "mlgrain/cutout.h"

#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

struct CellCenter {
  LAMMPS_NS::tagint tag;
  double x[3], score;
};

class CellCutter {
 public:
  mlgrain_cutout_rules rules = mlgrain_default_cutout_rules;
  double apart = 8.0;    // of centers

  /* The atoms of a group with the largest scores above a limit, at least `apart` from each other;
     collective, the same on all ranks and for any number of them.
       score  [nlocal] */
  std::vector<CellCenter> centers(LAMMPS_NS::LAMMPS *lmp, int groupbit,
                                  const std::vector<double> &score, double limit, int most) const;

  /* The cell with the smallest seam around a center, on rank 0; collective. Returns, on rank 0, why
     there is none, "" if there is one.
       species_of_type  [ntypes + 1], -1: atoms that are left out */
  std::string cut(LAMMPS_NS::LAMMPS *lmp, const CellCenter &center,
                  const std::vector<int> &species_of_type, LearnCell &cell) const;
};

}    // namespace MLGRAIN_NS

#endif
