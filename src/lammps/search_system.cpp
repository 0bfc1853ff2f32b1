/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "search_system.h"

#include "new_atoms.h"

#include "atom.h"
#include "atom_vec.h"
#include "comm.h"
#include "compute.h"
#include "domain.h"
#include "error.h"
#include "exceptions.h"
#include "fix_external.h"
#include "force.h"
#include "group.h"
#include "input.h"
#include "lammps.h"
#include "math_const.h"
#include "min.h"
#include "modify.h"
#include "timer.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <mpi.h>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

/* Thickness of the empty space beside the surfaces, in parts of the height. */
static constexpr double MARGIN = 0.15;

static const char *const LAYERS[] = {"gb_search_mobile", "gb_search_bottom", "gb_search_top"};

SearchSystem::SearchSystem(LAMMPS *lmp, const std::string &owner) : lmp(lmp), owner(owner)
{
  property = grain_property(lmp, owner, "i_grain");
  std::vector<int> none(lmp->atom->nlocal, 0);
  for (const char *layer : LAYERS) lmp->group->create(layer, none.data());
  lmp->modify->add_fix("gb_search_hold gb_search_bottom setforce 0.0 0.0 0.0");
  lmp->modify->add_fix("gb_search_slide gb_search_top aveforce 0.0 0.0 0.0");
  auto *fix = dynamic_cast<FixExternal *>(
      lmp->modify->add_fix("gb_search_look gb_search_mobile external pf/callback 1 1"));
  fix->set_callback(after_forces, this);
  lmp->modify->add_compute("gb_search_virial all pressure NULL virial");
}

SearchSystem::~SearchSystem()
{
  if (lmp->modify->get_fix_by_id("gb_search_hold")) lmp->modify->delete_fix("gb_search_hold");
  if (lmp->modify->get_fix_by_id("gb_search_slide")) lmp->modify->delete_fix("gb_search_slide");
  if (lmp->modify->get_fix_by_id("gb_search_look")) lmp->modify->delete_fix("gb_search_look");
  if (lmp->modify->get_compute_by_id("gb_search_virial"))
    lmp->modify->delete_compute("gb_search_virial");
}

namespace {

/* No output to screen and log file as long as it lives. */
class Quiet {
 public:
  explicit Quiet(LAMMPS *lmp) : lmp(lmp), screen(lmp->screen), logfile(lmp->logfile)
  {
    lmp->screen = nullptr;
    lmp->logfile = nullptr;
  }
  ~Quiet()
  {
    lmp->screen = screen;
    lmp->logfile = logfile;
  }

 private:
  LAMMPS *lmp;
  FILE *screen, *logfile;
};

}    // namespace

void SearchSystem::init(LAMMPS *lmp)
{
  Quiet quiet(lmp);
  lmp->init();
}

/* Errors are told all the same. */
void SearchSystem::quietly(const std::string &command)
{
  try {
    Quiet quiet(lmp);
    lmp->input->one(command);
  } catch (const LAMMPSException &failure) {
    if (lmp->comm->me == 0) utils::logmesg(lmp, std::string(failure.what()) + "\n");
    throw;
  }
}

/* As commands that read or make a box do. */
void SearchSystem::set_box(const SearchCell &cell)
{
  auto *domain = lmp->domain;
  const double margin = MARGIN * (cell.high - cell.low);
  domain->triclinic = 1;
  for (int d = 0; d < 2; d++) {
    domain->boxlo[d] = 0.0;
    domain->boxhi[d] = cell.edge[d][d];
  }
  domain->boxlo[2] = cell.low - margin;
  domain->boxhi[2] = cell.high + margin;
  domain->xy = cell.edge[1][0];
  domain->xz = domain->yz = 0.0;
  domain->set_initial_box();
  domain->set_global_box();
  lmp->comm->set_proc_grid(0);
  domain->set_local_box();
}

void SearchSystem::load(const SearchStructure &structure)
{
  auto *atom = lmp->atom;
  atom->nlocal = 0;
  forget_ghosts(lmp);
  {
    Quiet quiet(lmp);
    set_box(*structure.cell);
  }
  int bit[3];
  for (int k = 0; k < 3; k++) bit[k] = lmp->group->bitmask[lmp->group->find(LAYERS[k])];
  for (size_t k = 0; k < structure.atoms(); k++) {
    const auto &site = structure.cell->site[structure.site[k]];
    double x[3] = {structure.x[3 * k], structure.x[3 * k + 1], structure.x[3 * k + 2]};
    if (!is_mine(lmp, x)) continue;
    atom->avec->create_atom(site.type, x);
    const int i = atom->nlocal - 1;
    atom->tag[i] = (tagint) structure.site[k] + 1;
    atom->mask[i] |= bit[site.layer];
    atom->ivector[property][i] = site.grain + 1;
  }
  add_to_system(lmp, 0);
  if (atom->natoms != (bigint) structure.atoms())
    lmp->error->all(FLERR,
                    owner + ": " + std::to_string(atom->natoms) + " atoms were made of " +
                        std::to_string(structure.atoms()));
}

/* Fix external adds the forces that this sets, which are none. */
void SearchSystem::after_forces(void *system, bigint step, int atoms, tagint *, double **,
                                double **force)
{
  for (int i = 0; i < atoms; i++) std::fill_n(force[i], 3, 0.0);
  static_cast<SearchSystem *>(system)->look(step);
}

/* Line searches evaluate the energy at several points of a step: what they have reached is the
   lowest. */
void SearchSystem::look(bigint step)
{
  if (!watch || !*watch) return;
  lowest = std::min(lowest, lmp->modify->get_compute_by_id("thermo_pe")->compute_scalar());
  if (step < next_look) return;
  next_look += LOOK;
  if (!(*watch)(lowest)) return;
  is_given_up = true;
  lmp->timer->force_timeout();
}

double SearchSystem::minimize(double force_tolerance, int steps, const Watch &watched)
{
  char line[128];
  snprintf(line, sizeof line, "minimize 0.0 %.17g %d %d", force_tolerance, steps, 10 * steps);
  watch = &watched;
  lowest = HUGE_VAL;
  next_look = lmp->update->ntimestep + LOOK;
  is_given_up = false;
  quietly(line);
  watch = nullptr;
  if (is_given_up) lmp->timer->reset_timeout();
  return lmp->update->minimize->efinal;
}

void SearchSystem::anneal(double temperature, int steps, uint64_t seed)
{
  set_velocities(2.0 * temperature, seed);
  lmp->modify->add_fix("gb_search_move gb_search_mobile nve");
  quietly("run " + std::to_string(steps) + " post no");
  lmp->modify->delete_fix("gb_search_move");
  set_velocities(0.0, seed);
}

/* Of mobile atoms, by Maxwell's distribution; random numbers of an atom depend on its ID alone. */
void SearchSystem::set_velocities(double temperature, uint64_t seed)
{
  auto *atom = lmp->atom;
  const auto *force = lmp->force;
  const int mobile = lmp->group->bitmask[lmp->group->find(LAYERS[MOBILE])];
  for (int i = 0; i < atom->nlocal; i++) {
    const double mass = atom->rmass ? atom->rmass[i] : atom->mass[atom->type[i]];
    const double speed = std::sqrt(force->boltz * temperature / (force->mvv2e * mass));
    for (int d = 0; d < 3; d++) {
      const double u = mlgrain_random(seed, (uint64_t) atom->tag[i], 2 * d);
      const double v = mlgrain_random(seed, (uint64_t) atom->tag[i], 2 * d + 1);
      const double normal =
          std::sqrt(-2.0 * std::log(1.0 - u)) * std::cos(2.0 * MathConst::MY_PI * v);
      atom->v[i][d] = atom->mask[i] & mobile ? speed * normal : 0.0;
    }
  }
}

double SearchSystem::energy(std::array<double, 3> &virial)
{
  quietly("run 0 post no");
  auto *pressure = lmp->modify->get_compute_by_id("gb_search_virial");
  auto *pe = lmp->modify->get_compute_by_id("thermo_pe");
  const double energy = pe->compute_scalar();
  pressure->compute_vector();
  const auto *domain = lmp->domain;
  const double factor = domain->xprd * domain->yprd * domain->zprd / lmp->force->nktv2p;
  virial = {factor * pressure->vector[0], factor * pressure->vector[1],
            factor * pressure->vector[3]};
  return energy;
}

void SearchSystem::read(SearchStructure &structure) const
{
  const auto *atom = lmp->atom;
  const auto &cell = *structure.cell;
  std::vector<double> mine(3 * cell.site.size(), 0.0), all(mine.size());
  for (int i = 0; i < atom->nlocal; i++)
    for (int d = 0; d < 3; d++) mine[3 * (atom->tag[i] - 1) + d] = atom->x[i][d];
  MPI_Allreduce(mine.data(), all.data(), (int) mine.size(), MPI_DOUBLE, MPI_SUM, lmp->world);
  bool found = false;
  for (size_t k = 0; k < structure.atoms(); k++) {
    const int s = structure.site[k];
    for (int d = 0; d < 3; d++) structure.x[3 * k + d] = all[3 * s + d];
    if (found || cell.site[s].layer != TOP) continue;
    double shift[3];    // the period nearest to what it was
    for (int d = 0; d < 3; d++)
      shift[d] = all[3 * s + d] - cell.site[s].x[d] - structure.translation[d];
    cell.nearest(shift);
    for (int d = 0; d < 3; d++) structure.translation[d] += shift[d];
    found = true;
  }
}

}    // namespace MLGRAIN_NS
