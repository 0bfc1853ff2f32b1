/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short neighbor lists of pair style mtp: made from LAMMPS' lists, with a margin that is a part of
   the skin, and kept until an atom has moved by half of it. The core holds the lists themselves,
   one share for each thread; this class knows when they serve. */
#ifndef MLGRAIN_SHORT_LISTS_H
#define MLGRAIN_SHORT_LISTS_H

#include "lmptype.h"

#include "mlgrain/mtp.h"

#include <array>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
class NeighList;
}    // namespace LAMMPS_NS

namespace MLGRAIN_NS {

class ShortLists {
 public:
  /* Looks at the atoms as they are now, before each evaluation with that many threads.
       list              LAMMPS' full list
       centers           [count] the atoms to evaluate; others may be given only with a new list
       species_of_type   [ntypes + 1] kept, like the centers, by the caller until the evaluation is
                         over */
  void update(LAMMPS_NS::LAMMPS *lmp, const LAMMPS_NS::NeighList *list, const int *centers,
              int count, const std::vector<int> &species_of_type, int nthreads);

  /* Evaluates a thread's share of the atoms after update(); threads may call it at once. */
  mlgrain_status compute(const mlgrain_mtp *mtp, mlgrain_mtp_workspace *workspace, int thread,
                         mlgrain_mtp_result *result, mlgrain_error *error) const;

  double memory_usage() const;

 private:
  using Table = std::vector<std::array<float, 4>>;    // [atoms] of mlgrain_mtp_screen

  mlgrain_mtp_atoms atoms = {};
  const int *centers = nullptr;
  int count = 0, threads = 0;
  double margin = 0.0;
  Table now, then;                       // then: when the lists were made
  double origin[3] = {0.0, 0.0, 0.0};    // of both
  LAMMPS_NS::bigint built = -1;          // step of LAMMPS' lists

  void fill_table();
  bool hold() const;
};

}    // namespace MLGRAIN_NS

#endif
