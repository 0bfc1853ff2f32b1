/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes configurations in the .cfg format of MLIP, for selection and training. */
#ifndef MLGRAIN_MLIP_CFG_H
#define MLGRAIN_MLIP_CFG_H

#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {
class ExcludedAtoms;

/* What of the atoms a configuration needs besides positions. */
struct CfgAtoms {
  const int *species_of_type;       // [ntypes + 1], -1: atoms left out
  const ExcludedAtoms *excluded;    // more atoms left out
  const double *grade;              // [nlocal]
  double largest_grade;             // of all ranks
  double cutoff;                    // of the potential
};

/* Says, before a run has started, why configurations can't be appended to the file, "" if they can;
   collective, the same on all ranks.
     whole    systems are to be appended, not neighborhoods */
std::string why_not_appendable(const LAMMPS_NS::LAMMPS *lmp, const std::string &path, bool whole);

/* Appends the whole system, all atoms of all ranks in the order of their IDs and the cell, to a
   file; collective. In a direction that isn't periodic the cell gets longer by the cutoff, so that
   images don't see each other; with no periodic direction there is no cell. Returns why the file
   isn't complete, "" if it is; the same on all ranks. */
std::string append_system(const LAMMPS_NS::LAMMPS *lmp, const std::string &path,
                          const CfgAtoms &atoms);

/* Appends, for every local atom of any rank with a grade above threshold, the atoms within radius
   of it as a configuration without a cell, the atom itself first; collective. The radius must not
   reach beyond the ghost atoms. Returns as append_system. */
std::string append_neighborhoods(const LAMMPS_NS::LAMMPS *lmp, const std::string &path,
                                 const CfgAtoms &atoms, double threshold, double radius);

}    // namespace MLGRAIN_NS

#endif
