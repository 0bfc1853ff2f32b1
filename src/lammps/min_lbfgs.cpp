/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "min_lbfgs.h"

#include "atom.h"
#include "error.h"
#include "fix_minimize.h"
#include "output.h"
#include "thermo.h"
#include "timer.h"
#include "update.h"

#include <algorithm>
#include <cmath>
#include <mpi.h>

using namespace LAMMPS_NS;

namespace {

/* The first step, of which nothing is known but where it goes: its largest component, in parts of
   the largest one that min_modify allows. */
constexpr double FIRST_STEP = 0.1;

/* Energies smaller than this are compared with it, as by LAMMPS' own minimizers. */
constexpr double LEAST_ENERGY = 1e-8;

/* MinLineSearch has its own vectors, of three numbers an atom: x0, g, h. */
constexpr int OWN = 3;

}    // namespace

MinLBFGS::MinLBFGS(LAMMPS *lmp) : MinLineSearch(lmp), method(), vector(), slope(0.0) {}

/* fix minimize keeps the vectors, which go along with atoms that change ranks. */
void MinLBFGS::setup_style()
{
  if (nextra_global || nextra_atom)
    error->all(
        FLERR,
        "Min style lbfgs knows positions of atoms only: what a fix (as box/relax) or pair style "
        "adds to the variables of a minimization needs min_style cg");
  MinLineSearch::setup_style();
  for (int k = 0; k < MLGRAIN_LBFGS_GRADIENT; k++) fix_minimize->add_vector(3);
}

void MinLBFGS::reset_vectors()
{
  MinLineSearch::reset_vectors();
  for (int k = 0; k < MLGRAIN_LBFGS_GRADIENT; k++)
    vector[k] = fix_minimize->request_vector(OWN + k);
  vector[MLGRAIN_LBFGS_GRADIENT] = g;
}

int MinLBFGS::iterate(int maxiter)
{
  start();
  for (int iteration = 0; iteration < maxiter; iteration++) {
    if (timer->check_timeout(niter)) return TIMEOUT;
    const bigint step = ++update->ntimestep;
    niter++;
    eprevious = ecurrent;
    if (!find_direction()) return ZEROFORCE;
    if (go())
      remember();
    else if (neval < update->max_eval && !method.count)
      return ZEROALPHA;
    else
      mlgrain_lbfgs_forget(&method);    // once more, along the force
    if (neval >= update->max_eval) return MAXEVAL;
    const double energies = 0.5 * (std::fabs(ecurrent) + std::fabs(eprevious) + LEAST_ENERGY);
    if (method.count && std::fabs(ecurrent - eprevious) < update->etol * energies) return ETOL;
    if (is_small_force()) return FTOL;
    if (output->next == step) {
      timer->stamp();
      output->write(step);
      timer->stamp(Timer::OUTPUT);
    }
  }
  return MAXITER;
}

void MinLBFGS::start()
{
  for (int i = 0; i < nvec; i++) g[i] = -fvec[i];
  mlgrain_lbfgs_start(&method, fnorm_sqr());
}

/* Of no component larger than is allowed. False: there is none, as forces are zero. */
bool MinLBFGS::find_direction()
{
  double coefficient[MLGRAIN_LBFGS_VECTORS];
  slope = mlgrain_lbfgs_direction(&method, coefficient);
  if (!(slope < 0.0)) {
    mlgrain_lbfgs_forget(&method);
    slope = mlgrain_lbfgs_direction(&method, coefficient);
  }
  mlgrain_lbfgs_combine((size_t) nvec, coefficient, vector, h);
  double mine = 0.0, largest = 0.0;
  for (int i = 0; i < nvec; i++) mine = std::max(mine, std::fabs(h[i]));
  MPI_Allreduce(&mine, &largest, 1, MPI_DOUBLE, MPI_MAX, world);
  if (!(largest > 0.0)) return false;
  const double factor = method.count ? std::min(1.0, dmax / largest) : FIRST_STEP * dmax / largest;
  for (int i = 0; i < nvec; i++) h[i] *= factor;
  slope *= factor;
  return true;
}

/* Goes along the direction h, by alpha_final times it. False: it leads nowhere, and atoms are where
   they were. */
bool MinLBFGS::go()
{
  fix_minimize->store_box();
  for (int i = 0; i < nvec; i++) x0[i] = xvec[i];
  const double before = ecurrent;
  const double by_energy = output->thermo->normflag ? slope / (double) atom->natoms : slope;
  alpha_final = 1.0;
  while (alpha_final > 0.0 && neval < update->max_eval) {
    ecurrent = alpha_step(alpha_final, 1);
    const double next = mlgrain_lbfgs_part(alpha_final, by_energy, before, ecurrent);
    if (next == alpha_final) return true;
    alpha_final = next;
  }
  ecurrent = alpha_step(0.0, 1);
  return false;
}

/* The step that was made, and the change of the gradient. Atoms may have changed ranks. */
void MinLBFGS::remember()
{
  const int pair = mlgrain_lbfgs_pair(&method);
  double *step = vector[pair], *change = vector[MLGRAIN_LBFGS_PAIRS + pair];
  for (int i = 0; i < nvec; i++) {
    step[i] = alpha_final * h[i];
    change[i] = -fvec[i] - g[i];
    g[i] = -fvec[i];
  }
  double mine[3][MLGRAIN_LBFGS_VECTORS], all[3][MLGRAIN_LBFGS_VECTORS];
  mlgrain_lbfgs_products(&method, (size_t) nvec, vector, mine);
  MPI_Allreduce(mine, all, 3 * MLGRAIN_LBFGS_VECTORS, MPI_DOUBLE, MPI_SUM, world);
  mlgrain_lbfgs_add(&method, all);
}

bool MinLBFGS::is_small_force()
{
  if (!(update->ftol > 0.0)) return false;
  const double square = normstyle == MAX ? fnorm_max()
      : normstyle == INF                 ? fnorm_inf()
                         : method.product[MLGRAIN_LBFGS_GRADIENT][MLGRAIN_LBFGS_GRADIENT];
  return square < update->ftol * update->ftol;
}
