/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands that make atoms of grains have in common. */
#ifndef MLGRAIN_NEW_ATOMS_H
#define MLGRAIN_NEW_ATOMS_H

#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

/* Index of the custom vector of grain numbers, named i_NAME, which a fix holds; the fix is made if
   there is none. An error of LAMMPS that begins with `owner` if the name is another property's. */
int grain_property(LAMMPS_NS::LAMMPS *, const std::string &owner, const std::string &property);

/* Before atoms are made: ghosts would be overwritten. */
void forget_ghosts(LAMMPS_NS::LAMMPS *);

/* Moves a position into the box, and says whether this rank has the atom there: exactly one rank
   has. Beyond ends that aren't periodic it is one of the outermost. */
bool is_mine(LAMMPS_NS::LAMMPS *, double x[3]);

/* What LAMMPS must know of atoms that were made after the first nlocal_before. */
void add_to_system(LAMMPS_NS::LAMMPS *, int nlocal_before);

}    // namespace MLGRAIN_NS

#endif
