/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_eden_atom.h"

#include "atom_source.h"
#include "box_walls.h"
#include "cell_loop.h"
#include "far_atoms.h"
#include "ghost_reach.h"
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

/* No arrangement of atoms has a larger mean distance of nearest neighbors than close packing,
   2^(1/6) times the cube root of the volume of an atom. */
constexpr double CLOSE_PACKED = 1.122462048309373;

/* Where no pair style says how far neighbors matter, as many edges of the cube that an atom has for
   itself: the cells of crystals and liquids are closed then. */
constexpr double ENOUGH_FOR_BULK = 2.0;

/* In column 5, after what mlgrain_voronoi_bounds says: whether the cell is open can't be told. */
constexpr double DOUBTFUL = 4.0;

std::string three_digits(double value)
{
  char text[32];
  snprintf(text, sizeof text, "%.3g", value);
  return text;
}

double length_of_atom(const LAMMPS *lmp)
{
  const auto *domain = lmp->domain;
  return std::cbrt(domain->xprd * domain->yprd * domain->zprd / (double) lmp->atom->natoms);
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
  std::vector<unsigned char> doubtful;       // of local atoms; empty: none
  bool warned_of_doubt = false, warned_of_coincidence = false;

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
  if (settings->cutoff > 0.0)
    raise_ghost_reach(lmp, settings->name, settings->cutoff);
  else if (coming_ghost_reach(lmp) <= neighbor->skin && atom->natoms > 0)
    raise_ghost_reach(lmp, settings->name, ENOUGH_FOR_BULK * length_of_atom(lmp));
}

void ComputeEdenAtom::setup()
{
  search_cutoff();
}

/* How far every atom's neighbors are known, ghosts included, at any step of the run. */
double ComputeEdenAtom::search_cutoff()
{
  const double known = comm->get_comm_cutoff() - neighbor->skin;
  const double cutoff = settings->cutoff > 0.0 ? settings->cutoff : known;
  if (!(cutoff > 0.0))
    error->all(FLERR,
               settings->name + " needs ghost atoms beyond the skin of " + to_text(neighbor->skin) +
                   ": use 'comm_modify cutoff' before the run");
  require_ghost_reach(lmp, settings->name, cutoff);
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
  tell_vacuum(cutoff);
  warn_of_coincident_atoms();

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
    const bool doubtful = !core->doubtful.empty() && core->doubtful[i];
    density[i][BOUNDS] = doubtful ? DOUBTFUL : (double) cell.bounds;
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
  const int nall = atom->nlocal + atom->nghost;
  core->generator.resize(settings->only_group ? nall : 0);
  for (size_t i = 0; i < core->generator.size(); i++)
    core->generator[i] = (atom->mask[i] & groupbit) ? 1 : 0;

  const auto *cells = core->neighborhood.build(cutoff);
  core->cell.resize(atom->nlocal);
  tessellate(cells, cutoff, core->neighborhood.chosen(groupbit),
             core->generator.empty() ? nullptr : core->generator.data(), core->cell.data());
  core->neighborhood.release();
}

/* Atoms at one place get a flag: a run is not stopped for them. */
void ComputeEdenAtom::tessellate(const mlgrain_cells *cells, double cutoff,
                                 const unsigned char *chosen, const unsigned char *generator,
                                 mlgrain_voronoi_cell *result)
{
  mlgrain_voronoi_settings search = {};
  search.cutoff = cutoff;
  search.level = mlgrain_simd_best();
  search.flag_coincident = 1;
  if (settings->walls) search.wall_count = box_walls(domain, search.wall);
  mlgrain_error text;
  const auto work = [&](size_t first, size_t last, mlgrain_error *failure) {
    return mlgrain_voronoi_compute(&search, cells, first, last, chosen, generator, result, nullptr,
                                   failure);
  };
  if (for_all_cells(cells, comm->nthreads, &text, work))
    error->one(FLERR, settings->name + ": " + text.text);
}

/* An open cell has an empty sphere beside it that is as wide as the cutoff. With a short cutoff
   that is no vacuum yet: the cell would be wrong, for want of neighbors. Those of open cells are
   fetched from farther away then, since voids open in the midst of runs, unless the input says how
   far to look. */
void ComputeEdenAtom::tell_vacuum(double cutoff)
{
  core->doubtful.clear();
  for (;;) {
    const double distance = mean_distance(cutoff);
    if (cutoff >= ENOUGH_DISTANCES * distance) return;
    if (settings->cutoff > 0.0) return flag_doubtful_cells(distance);
    cutoff = 1.1 * ENOUGH_DISTANCES * distance;
    compute_open_cells(cutoff);
  }
}

/* Of nearest neighbors, on all ranks; 0 if no cell is open, or no atom has a neighbor. */
double ComputeEdenAtom::mean_distance(double cutoff)
{
  enum { OPEN, NEAREST, WITH_NEIGHBOR, ATOMS, SUMS };
  double mine[SUMS] = {0.0, 0.0, 0.0, 0.0}, sum[SUMS];
  for (int i = 0; i < atom->nlocal; i++) {
    const auto &cell = core->cell[i];
    if (!(atom->mask[i] & groupbit) || cell.bounds == MLGRAIN_VORONOI_COINCIDENT) continue;
    mine[ATOMS] += 1.0;
    if (cell.bounds == MLGRAIN_VORONOI_OPEN) mine[OPEN] += 1.0;
    if (!std::isfinite(cell.nearest)) continue;
    mine[NEAREST] += cell.nearest;
    mine[WITH_NEIGHBOR] += 1.0;
  }
  MPI_Allreduce(mine, sum, SUMS, MPI_DOUBLE, MPI_SUM, world);
  if (sum[OPEN] == 0.0) return 0.0;
  const double most = CLOSE_PACKED * length_of_atom(lmp);
  if (2.0 * sum[WITH_NEIGHBOR] < sum[ATOMS] && cutoff < most) return most;
  return sum[WITH_NEIGHBOR] > 0.0 ? sum[NEAREST] / sum[WITH_NEIGHBOR] : 0.0;
}

/* Cells that were open once more, with neighbors from as far away as the cutoff. */
void ComputeEdenAtom::compute_open_cells(double cutoff)
{
  const auto is_open = [this](int i) {
    return (atom->mask[i] & groupbit) && core->cell[i].bounds == MLGRAIN_VORONOI_OPEN;
  };
  Extent extent;
  for (int i = 0; i < atom->nlocal; i++)
    if (is_open(i)) extent.add(atom->x[i]);
  const int everything = 1;    // the bit of group all
  const auto far =
      gather_far_atoms(lmp, extent, cutoff, settings->only_group ? groupbit : everything);

  const size_t n = far.x.size();
  std::vector<unsigned char> chosen(n, 0);
  for (size_t k = 0; k < n; k++) chosen[k] = far.local[k] >= 0 && is_open(far.local[k]);
  std::vector<mlgrain_voronoi_cell> result(n);
  const auto *cells = core->neighborhood.build(n, n ? far.x[0].data() : nullptr, cutoff);
  tessellate(cells, cutoff, chosen.data(), nullptr, result.data());
  core->neighborhood.release();
  for (size_t k = 0; k < n; k++)
    if (chosen[k]) core->cell[far.local[k]] = result[k];
}

void ComputeEdenAtom::flag_doubtful_cells(double distance)
{
  core->doubtful.resize(atom->nlocal);
  double mine = 0.0, sum;
  for (int i = 0; i < atom->nlocal; i++) {
    core->doubtful[i] = core->cell[i].bounds == MLGRAIN_VORONOI_OPEN;
    if (core->doubtful[i] && (atom->mask[i] & groupbit)) mine += 1.0;
  }
  MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, world);
  if (core->warned_of_doubt) return;
  core->warned_of_doubt = true;
  if (comm->me == 0)
    error->warning(
        FLERR,
        settings->name + ": the cells of " + to_text(sum) +
            " atoms are not closed by neighbors within the cutoff, " + to_text(settings->cutoff) +
            ", which is too short beside the distance of nearest neighbors, " + to_text(distance) +
            ", to tell a surface: they are flagged in column 5. Use 'cutoff " +
            three_digits(1.1 * ENOUGH_DISTANCES * distance) + "', or no cutoff");
}

void ComputeEdenAtom::warn_of_coincident_atoms()
{
  if (core->warned_of_coincidence) return;
  double mine = 0.0, sum;
  for (int i = 0; i < atom->nlocal; i++)
    if ((atom->mask[i] & groupbit) && core->cell[i].bounds == MLGRAIN_VORONOI_COINCIDENT)
      mine += 1.0;
  MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, world);
  if (sum == 0.0) return;
  core->warned_of_coincidence = true;
  if (comm->me == 0)
    error->warning(FLERR,
                   settings->name + ": " + to_text(sum) +
                       " atoms are at the place of another and have no cells: they are flagged in "
                       "column 5. Where it is meant so, use 'only_group yes' with a group of the "
                       "atoms that count");
}

double ComputeEdenAtom::memory_usage()
{
  return sizeof(double) * (double) nmax * (COLUMNS + 1) +
      sizeof(mlgrain_voronoi_cell) * (double) core->cell.capacity() +
      (double) (core->generator.capacity() + core->doubtful.capacity()) +
      core->neighborhood.memory_usage();
}
