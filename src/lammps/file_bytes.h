/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that all ranks need. */
#ifndef MLGRAIN_FILE_BYTES_H
#define MLGRAIN_FILE_BYTES_H

#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

/* The content of a file, read on rank 0 and sent to the others; an error on all ranks, beginning
   with `owner`, if it can't be read. */
std::string read_on_all_ranks(LAMMPS_NS::LAMMPS *, const std::string &owner,
                              const std::string &path);

}    // namespace MLGRAIN_NS

#endif
