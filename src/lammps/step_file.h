/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text file that rank 0 adds lines to during a run: one for all, or, if there is a '*' in its
   name, one for each step. */
#ifndef MLGRAIN_STEP_FILE_H
#define MLGRAIN_STEP_FILE_H

#include <cstdio>
#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

class StepFile {
 public:
  std::string path;    // empty: not wanted

  StepFile() = default;
  StepFile(const StepFile &) = delete;
  StepFile &operator=(const StepFile &) = delete;
  ~StepFile();

  /* Writes the first line of a file for all steps, so that an error is found before the run. Errors
     begin with `owner`. */
  void open(LAMMPS_NS::LAMMPS *, const std::string &owner, const std::string &header);

  /* Adds lines, or writes the file of a step; ranks other than 0 may give anything. What can't be
     written during a run is told by a warning. */
  void write(LAMMPS_NS::LAMMPS *, const std::string &owner, long long step,
             const std::string &lines);

 private:
  FILE *stream = nullptr;
  std::string header;
  bool has_warned = false;

  bool write_step(long long step, const std::string &lines) const;
};

}    // namespace MLGRAIN_NS

#endif
