/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ghost_reach.h"

#include "neighborhood.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "lammps.h"
#include "neighbor.h"
#include "pair.h"

#include <algorithm>
#include <cmath>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

static double with_skin(const LAMMPS *lmp, double cutoff)
{
  return cutoff > 0.0 ? cutoff + lmp->neighbor->skin : 0.0;
}

/* As Neighbor::init() and Comm::setup() will find it. */
double MLGRAIN_NS::coming_ghost_reach(const LAMMPS *lmp)
{
  const auto *pair = lmp->force->pair;
  if (!pair) return lmp->comm->get_comm_cutoff();    // bonds count too
  double longest = 0.0;
  for (int i = 1; i <= lmp->atom->ntypes; i++)
    for (int j = 1; j <= lmp->atom->ntypes; j++) longest = std::max(longest, pair->cutsq[i][j]);
  return std::max(lmp->comm->cutghostuser, with_skin(lmp, std::sqrt(longest)));
}

/* Smallest distance between opposite faces of the box along periodic dimensions. */
static double narrowest_period(const Domain *domain)
{
  const double *h = domain->h_inv;
  const double per_width[3] = {std::sqrt(h[0] * h[0] + h[5] * h[5] + h[4] * h[4]),
                               std::sqrt(h[1] * h[1] + h[3] * h[3]), h[2]};
  double narrowest = HUGE_VAL;
  for (int d = 0; d < 3; d++)
    if (domain->periodicity[d]) narrowest = std::min(narrowest, 1.0 / per_width[d]);
  return narrowest;
}

void MLGRAIN_NS::raise_ghost_reach(LAMMPS *lmp, const std::string &owner, double cutoff,
                                   double pair_cutoff)
{
  auto *comm = lmp->comm;
  if (comm->mode != Comm::SINGLE) return;    // require_ghost_reach() has the answer
  const double needed = with_skin(lmp, cutoff);
  const double have = pair_cutoff > 0.0 ? std::max(comm->cutghostuser, with_skin(lmp, pair_cutoff))
                                        : coming_ghost_reach(lmp);
  if (needed <= have) return;
  if (comm->style == Comm::TILED && needed > narrowest_period(lmp->domain))
    lmp->error->all(FLERR,
                    owner + ": ghost atoms must reach " + to_text(needed) + ", cutoff " +
                        to_text(cutoff) + " + skin " + to_text(lmp->neighbor->skin) +
                        ", which comm_style tiled can't do in a periodic box " +
                        to_text(narrowest_period(lmp->domain)) + " wide: use 'comm_style brick'");
  comm->cutghostuser = needed;
  if (comm->me == 0)
    utils::logmesg(lmp,
                   owner + ": ghost atom cutoff raised from " + to_text(have) + " to " +
                       to_text(needed) + ", cutoff " + to_text(cutoff) + " + skin " +
                       to_text(lmp->neighbor->skin) + "\n");
}

void MLGRAIN_NS::require_ghost_reach(const LAMMPS *lmp, const std::string &owner, double cutoff)
{
  if (lmp->comm->mode != Comm::SINGLE)
    lmp->error->all(FLERR,
                    owner +
                        " needs one ghost atom cutoff for all atom types: use "
                        "'comm_modify mode single'");
  const double needed = cutoff + lmp->neighbor->skin;
  const double have = lmp->comm->get_comm_cutoff();
  if (needed > have * (1.0 + 1.0e-12))
    lmp->error->all(FLERR,
                    owner + ": cutoff " + to_text(cutoff) + " + skin " +
                        to_text(lmp->neighbor->skin) + " exceeds the ghost atom cutoff " +
                        to_text(have) + ": use 'comm_modify cutoff " + to_text(needed) +
                        "' or a run without 'pre no'");
}
