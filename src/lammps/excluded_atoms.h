/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atoms that LAMMPS' neighbor exclusions (neigh_modify exclude) take out of a system: those that
   the exclusions of types, groups and molecules together let interact with no atom there is, not
   even with another of their own type, groups and molecule. fix gcmc and its like try deletions
   that way, and such an atom must have no energy, as if it were deleted. Exclusions that leave
   something to interact with take nothing out, however lonely the atom. */
#ifndef MLGRAIN_EXCLUDED_ATOMS_H
#define MLGRAIN_EXCLUDED_ATOMS_H

#include "lmptype.h"

#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

class ExcludedAtoms {
 public:
  /* Whether update() has nothing to do: it looks once at each new neighbor list, and only where
     there are exclusions. The same on all ranks. */
  bool current(LAMMPS_NS::LAMMPS *lmp) const;

  /* Looks at types, groups and molecules of the atoms, as neighbor lists are built; collective. */
  void update(LAMMPS_NS::LAMMPS *lmp);

  /* Whether this rank has any. */
  bool any() const { return !marks.empty(); }

  /* Whether the local or ghost atom is one. */
  bool contains(int i) const { return any() && marks[i]; }

 private:
  std::vector<char> marks;             // of local and ghost atoms; empty: none is excluded
  LAMMPS_NS::bigint looked_at = -1;    // step of the neighbor list; -1: there are no exclusions
};

}    // namespace MLGRAIN_NS

#endif
