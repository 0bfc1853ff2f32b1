/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_eden_atom.h"

#include "atom_source.h"
#include "box_walls.h"
#include "cell_loop.h"
#include "neighborhood.h"

#include "angle.h"
#include "atom.h"
#include "bond.h"
#include "comm.h"
#include "dihedral.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "improper.h"
#include "kspace.h"
#include "memory.h"
#include "modify.h"
#include "neighbor.h"
#include "pair.h"
#include "update.h"

#include "mlgrain/voronoi.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {
enum { DENSITY, ENERGY, VOLUME, FACES, BOUNDS, COLUMNS };

/* A search is long enough to tell vacuum from the space between atoms if it goes this many
   nearest-neighbor distances far: an empty sphere of radius cutoff/2 is wider than a vacancy then,
   and wider than the holes of a hot crystal or a liquid. */
constexpr double ENOUGH_DISTANCES = 3.0;

std::string three_digits(double value)
{
  char text[32];
  snprintf(text, sizeof text, "%.3g", value);
  return text;
}
}    // namespace

struct ComputeEdenAtom::Settings {
  std::string name;                      // for messages: "Compute e eden/atom"
  std::unique_ptr<AtomSource> energy;    // null: from the force field
  double cutoff = 0.0;                   // 0: as far as ghost atoms allow
  bool only_group = false, walls = true;
};

struct ComputeEdenAtom::Core {
  Neighborhood neighborhood;
  std::vector<mlgrain_voronoi_cell> cell;    // of local atoms
  std::vector<unsigned char> generator;      // of local and ghost atoms; empty: all

  Core(LAMMPS *lmp, const std::string &name) : neighborhood(lmp, name) {}
};

ComputeEdenAtom::ComputeEdenAtom(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), settings(new Settings), nmax(0), density(nullptr), energy(nullptr)
{
  settings->name = std::string("Compute ") + id + " eden/atom";
  if (domain->dimension == 2)
    error->all(FLERR, settings->name + " is for three-dimensional systems");
  parse_options(narg, arg);
  core.reset(new Core(lmp, settings->name));
  peratom_flag = 1;
  size_peratom_cols = COLUMNS;
  tally_flags();
}

void ComputeEdenAtom::parse_options(int narg, char **arg)
{
  int iarg = 3;
  while (iarg < narg) {
    const std::string keyword = arg[iarg++];
    if (keyword != "energy" && keyword != "cutoff" && keyword != "only_group" && keyword != "walls")
      error->all(FLERR, settings->name + ": unknown keyword '" + keyword + "'");
    if (iarg >= narg) error->all(FLERR, settings->name + ": no value after '" + keyword + "'");
    const char *value = arg[iarg++];
    if (keyword == "energy") {
      const bool of_force_field = std::string(value) == "pe";
      settings->energy.reset(of_force_field ? nullptr : new AtomSource(lmp, settings->name, value));
      if (settings->energy) settings->energy->check();
    } else if (keyword == "cutoff") {
      settings->cutoff = utils::numeric(FLERR, value, false, lmp);
      if (!(settings->cutoff > 0.0 && std::isfinite(settings->cutoff)))
        error->all(FLERR, settings->name + ": cutoff " + value + " must be positive");
    } else if (keyword == "only_group") {
      settings->only_group = utils::logical(FLERR, value, false, lmp) != 0;
    } else {
      settings->walls = utils::logical(FLERR, value, false, lmp) != 0;
    }
  }
}

/* What must be tallied at the steps this compute is used. A variable or fix may need the energies
   too, through a compute of its own. */
void ComputeEdenAtom::tally_flags()
{
  timeflag = 1;
  peatomflag = 1;
  if (!settings->energy) {
    comm_reverse = 1;
  } else if (const auto *source = settings->energy->compute()) {
    peflag = source->peflag;
    pressflag = source->pressflag;
    pressatomflag = source->pressatomflag;
  }
}

ComputeEdenAtom::~ComputeEdenAtom()
{
  memory->destroy(density);
  memory->destroy(energy);
}

void ComputeEdenAtom::init()
{
  if (settings->energy) settings->energy->check();
}

void ComputeEdenAtom::setup()
{
  search_cutoff();
}

/* How far every atom's neighbors are known, ghosts included, at any step of the run. */
double ComputeEdenAtom::search_cutoff()
{
  if (settings->cutoff > 0.0) {
    core->neighborhood.require_ghosts(settings->cutoff);
    return settings->cutoff;
  }
  const double cutoff = comm->get_comm_cutoff() - neighbor->skin;
  if (!(cutoff > 0.0))
    error->all(FLERR,
               settings->name + " needs ghost atoms beyond the skin of " + to_text(neighbor->skin) +
                   ": use 'comm_modify cutoff' before the run");
  core->neighborhood.require_ghosts(cutoff);
  return cutoff;
}

void ComputeEdenAtom::grow()
{
  if (atom->nmax <= nmax) return;
  memory->destroy(density);
  memory->destroy(energy);
  nmax = atom->nmax;
  memory->create(density, nmax, COLUMNS, "eden/atom:density");
  memory->create(energy, nmax, "eden/atom:energy");
  array_atom = density;
}

void ComputeEdenAtom::compute_peratom()
{
  invoked_peratom = update->ntimestep;
  const double cutoff = search_cutoff();
  grow();
  compute_energies();
  compute_cells(cutoff);
  require_distinct_vacuum(cutoff);

  const auto *mask = atom->mask;
  for (int i = 0; i < atom->nlocal; i++) {
    if (!(mask[i] & groupbit)) {
      std::fill(density[i], density[i] + COLUMNS, 0.0);
      continue;
    }
    const auto &cell = core->cell[i];
    density[i][DENSITY] = cell.volume > 0.0 ? energy[i] / cell.volume : 0.0;
    density[i][ENERGY] = energy[i];
    density[i][VOLUME] = cell.volume;
    density[i][FACES] = cell.faces;
    density[i][BOUNDS] = cell.bounds;
  }
}

void ComputeEdenAtom::compute_energies()
{
  if (settings->energy) {
    settings->energy->copy(igroup, energy);
    return;
  }
  if (update->eflag_atom != update->ntimestep)
    error->all(FLERR,
               settings->name + ": per-atom energies were not tallied at step " +
                   std::to_string(update->ntimestep) +
                   "; let thermo output, a dump or a fix use this compute at that step");
  tally_energies();
}

/* Every term of the force field has its share of an atom's energy, and part of it is with the
   atom's ghosts on other ranks. */
void ComputeEdenAtom::tally_energies()
{
  const int nlocal = atom->nlocal, nall = nlocal + atom->nghost;
  std::fill(energy, energy + nall, 0.0);
  const auto add = [this](const double *term, int count) {
    for (int i = 0; i < count; i++) energy[i] += term[i];
  };
  // bonded styles may add to a pair style's ghosts, so newton on for either counts there
  const int npair = force->newton ? nall : nlocal;
  const int nbond = force->newton_bond ? nall : nlocal;
  const bool tip4p = force->kspace && force->kspace->tip4pflag;
  if (force->pair && force->pair->compute_flag) add(force->pair->eatom, npair);
  if (force->bond) add(force->bond->eatom, nbond);
  if (force->angle) add(force->angle->eatom, nbond);
  if (force->dihedral) add(force->dihedral->eatom, nbond);
  if (force->improper) add(force->improper->eatom, nbond);
  if (force->kspace && force->kspace->compute_flag)
    add(force->kspace->eatom, tip4p ? nall : nlocal);
  if (modify->n_energy_atom) modify->energy_atom(nlocal, energy);
  if (force->newton || tip4p) comm->reverse_comm(this);
}

int ComputeEdenAtom::pack_reverse_comm(int n, int first, double *buffer)
{
  std::copy(energy + first, energy + first + n, buffer);
  return n;
}

void ComputeEdenAtom::unpack_reverse_comm(int n, int *list, double *buffer)
{
  for (int i = 0; i < n; i++) energy[list[i]] += buffer[i];
}

void ComputeEdenAtom::compute_cells(double cutoff)
{
  mlgrain_voronoi_settings search = {};
  search.cutoff = cutoff;
  search.level = mlgrain_simd_best();
  if (settings->walls) search.wall_count = box_walls(domain, search.wall);

  const int nall = atom->nlocal + atom->nghost;
  core->generator.resize(settings->only_group ? nall : 0);
  for (size_t i = 0; i < core->generator.size(); i++)
    core->generator[i] = (atom->mask[i] & groupbit) ? 1 : 0;

  const auto *cells = core->neighborhood.build(cutoff);
  const auto *chosen = core->neighborhood.chosen(groupbit);
  const auto *generator = core->generator.empty() ? nullptr : core->generator.data();
  core->cell.resize(atom->nlocal);
  const auto work = [&](size_t first, size_t last, mlgrain_error *failure) {
    size_t same[2] = {0, 0};
    const auto status = mlgrain_voronoi_compute(&search, cells, first, last, chosen, generator,
                                                core->cell.data(), same, failure);
    if (status && same[0] != same[1] && atom->tag_enable)
      snprintf(failure->text, sizeof failure->text, "atoms %s and %s are at one place",
               std::to_string(atom->tag[same[0]]).c_str(),
               std::to_string(atom->tag[same[1]]).c_str());
    return status;
  };
  mlgrain_error text;
  if (for_all_cells(cells, comm->nthreads, &text, work))
    error->one(FLERR, settings->name + ": " + text.text);
  core->neighborhood.release();
}

/* An open cell has an empty sphere beside it that is as wide as the cutoff. With a short cutoff
   that is no vacuum yet: the cell would be wrong, for want of neighbors. */
void ComputeEdenAtom::require_distinct_vacuum(double cutoff)
{
  enum { OPEN, NEAREST, COUNT, SUMS };
  double mine[SUMS] = {0.0, 0.0, 0.0}, sum[SUMS];
  for (int i = 0; i < atom->nlocal; i++) {
    if (!(atom->mask[i] & groupbit)) continue;
    if (core->cell[i].bounds == MLGRAIN_VORONOI_OPEN) mine[OPEN] += 1.0;
    if (!std::isfinite(core->cell[i].nearest)) continue;
    mine[NEAREST] += core->cell[i].nearest;
    mine[COUNT] += 1.0;
  }
  MPI_Allreduce(mine, sum, SUMS, MPI_DOUBLE, MPI_SUM, world);
  if (sum[OPEN] == 0.0 || sum[COUNT] == 0.0) return;
  const double distance = sum[NEAREST] / sum[COUNT];
  if (cutoff >= ENOUGH_DISTANCES * distance) return;
  const double enough = 1.1 * ENOUGH_DISTANCES * distance;
  error->all(FLERR,
             settings->name + ": the cells of " + to_text(sum[OPEN]) +
                 " atoms are not closed by neighbors within " + to_text(cutoff) +
                 ", which is too short beside the distance of nearest neighbors, " +
                 to_text(distance) + ", to tell a surface: use 'comm_modify cutoff " +
                 three_digits(enough + neighbor->skin) + "' before the run" +
                 (settings->cutoff > 0.0 ? " and 'cutoff " + three_digits(enough) + "' here" : ""));
}

double ComputeEdenAtom::memory_usage()
{
  return sizeof(double) * (double) nmax * (COLUMNS + 1) +
      sizeof(mlgrain_voronoi_cell) * (double) core->cell.capacity() +
      (double) core->generator.capacity() + core->neighborhood.memory_usage();
}
