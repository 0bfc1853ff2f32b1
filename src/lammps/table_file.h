/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text file that rank 0 writes, with errors on all ranks. */
#ifndef MLGRAIN_TABLE_FILE_H
#define MLGRAIN_TABLE_FILE_H

#include <cstdio>
#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

class TableFile {
 public:
  std::string path;    // empty: not wanted

  TableFile() = default;
  TableFile(const TableFile &) = delete;
  TableFile &operator=(const TableFile &) = delete;
  ~TableFile();

  /* To be opened before the work is done, so that an error is found at once. Errors begin with
     `owner`. */
  void open(LAMMPS_NS::LAMMPS *, const std::string &owner);

  /* Writes all of it; ranks other than 0 may give anything. */
  void write(LAMMPS_NS::LAMMPS *, const std::string &owner, const std::string &text);

 private:
  FILE *stream = nullptr;
};

}    // namespace MLGRAIN_NS

#endif
