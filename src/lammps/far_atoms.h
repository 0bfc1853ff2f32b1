/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atoms farther away than ghost atoms reach, for the few places that need them now and then. */
#ifndef MLGRAIN_FAR_ATOMS_H
#define MLGRAIN_FAR_ATOMS_H

#include <array>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

struct FarAtoms {
  std::vector<std::array<double, 3>> x;
  std::vector<int> local;    // index of the rank's own atom, -1 for other ranks' and for images
};

/* A box with edges along x, y, z; empty where low is above high. */
struct Extent {
  double low[3], high[3];

  Extent();
  void add(const double *x);
};

/* The current atoms of all ranks and their periodic images inside `extent`, widened by reach on all
   sides, the rank's own atoms included; each is there once. All ranks call this at once, each with
   its own extent; those with an empty one get nothing.
     groupbit    only atoms of this group */
FarAtoms gather_far_atoms(const LAMMPS_NS::LAMMPS *lmp, const Extent &extent, double reach,
                          int groupbit);

}    // namespace MLGRAIN_NS

#endif
