/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far ghost atoms reach. Styles whose neighborhoods are larger than the pair style's cutoff see
   to it themselves, so that input scripts need no comm_modify cutoff for them. */
#ifndef MLGRAIN_GHOST_REACH_H
#define MLGRAIN_GHOST_REACH_H

#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

/* Raises LAMMPS' ghost atom cutoff to cutoff + skin where it would be shorter, and says so in the
   log: call when a run is initialized, from the style's init(), which LAMMPS calls after the pair
   style's and before it decides how far ghost atoms reach. It is raised as by comm_modify cutoff,
   and stays so until that command sets another. Ghosts stay in their owner's list until the next
   reneighboring, while atoms move by up to half the skin each, so that only what is within the
   ghost cutoff - skin is complete at every step.
     owner          how messages name the style, e.g. "Compute s sfd/atom"
     pair_cutoff    of a pair style that calls this from its init_style(), since LAMMPS doesn't know
                    it yet; others leave it out
   Stops with an error where comm_style tiled can't reach as far. */
void raise_ghost_reach(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, double cutoff,
                       double pair_cutoff = 0.0);

/* The ghost cutoff that LAMMPS will choose when this run is set up; for a style's init(). */
double coming_ghost_reach(const LAMMPS_NS::LAMMPS *lmp);

/* Stops with an error unless ghost atoms reach cutoff + skin; call when a run is set up and before
   ghosts are used. It is for what raise_ghost_reach() can't change: comm_modify mode multi, and
   runs without initialization. */
void require_ghost_reach(const LAMMPS_NS::LAMMPS *lmp, const std::string &owner, double cutoff);

}    // namespace MLGRAIN_NS

#endif
