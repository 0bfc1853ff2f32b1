/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gb_search.h"

#include "boundary_crystals.h"
#include "search_archive.h"
#include "search_file.h"
#include "search_moves.h"
#include "search_schedule.h"
#include "search_system.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "lattice.h"
#include "modify.h"
#include "pair.h"
#include "universe.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <mpi.h>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* Begins every message. */
std::string name()
{
  return "Gb_search";
}

/* Words that follow a keyword. */
const std::map<std::string, int> &values_of_keywords()
{
  static const std::map<std::string, int> all = {
      {"type", 1},      {"basis", 2},     {"thickness", 1}, {"hold", 1},    {"cells", 2},
      {"area", 1},      {"fraction", 2},  {"moves", 3},     {"anneal", 3},  {"steps", 1},
      {"force", 1},     {"window", 1},    {"first", 1},     {"archive", 1}, {"table", 1},
      {"elements", -1}, {"tolerance", 1}, {"print", 1},     {"stop", 1},    {"only", 1},
      {"write", 1},     {"resume", 1},    {"strain", 1},    {"period", 1}};
  return all;
}

/* Of the pair style's cutoff: the layers at the surfaces, and the grains' thickness. */
constexpr double HOLD = 1.25, THICKNESS = 4.25;

/* Cells have at most this area, in squares of the lattice's first axis, if nothing is said. */
constexpr double AREA = 30.0;

/* A trial is given up where so many times of what it has won since the last look would not bring it
   into the window, which is this part of the best energy. */
constexpr double PROSPECT = 3.0, WINDOW = 0.05;

/* This part of the random starts, once there are structures, have a fraction of a plane near that
   of one of the lowest. */
constexpr double GUIDED = 0.7;

/* Each partition does so many trials before files are written. */
constexpr long ROUND = 50;

}    // namespace

struct GBSearch::Settings {
  BoundaryWords boundary;
  std::string archive, table;
  long trials = 0, print = 0, round = 0;
  uint64_t seed = 0;
  int type = 1;
  std::map<int, int> basis_type;    // of sites that have another one
  std::vector<std::string> element;
  bool resume = false;
  double thickness = -1.0, hold = -1.0, area = -1.0, window = -1.0;
  double force = 1e-3, fraction[2] = {0.0, 1.0}, weight[3] = {2.0, 1.0, 1.0};
  double anneal_part = 0.0, temperature = 0.0, stop = -1e300;
  int anneal_steps = 0, steps = 1000, cells[2] = {0, 0};
  long first = -1;
  bool only = false;    // the largest cell
};

struct GBSearch::Search {
  BoundaryCrystals crystals;
  std::unique_ptr<SearchSystem> system;
  std::unique_ptr<SearchDescriptors> descriptors;
  SearchMoves moves = {};
  SearchArchive archive;
  SearchArchive settled;              // what all partitions have
  std::vector<SearchResult> found;    // by this partition since
  std::map<SearchPeriods, std::shared_ptr<const SearchCell>> known;
  std::unique_ptr<SearchSchedule> schedule;
  SearchFile file;
  // what an atom of either crystal has; what both surfaces have per area, and rigid layers there
  double atom_energy[2] = {0.0, 0.0}, surface_energy = 0.0;
  double atom_volume[2] = {0.0, 0.0}, surface_volume = 0.0;
  std::array<double, 3> atom_virial[2] = {}, surface_virial = {};
  double unit = 1.0;    // of energies per area that are printed
  long done = 0, hopeless = 0, failed = 0, tried[ORIGINS] = {0}, fresh[ORIGINS] = {0};

  explicit Search(LAMMPS *lmp) : crystals(lmp, name()) {}
};

GBSearch::GBSearch(LAMMPS *lmp) : Command(lmp) {}

GBSearch::~GBSearch() = default;

/* LAMMPS deletes a command only when it has succeeded. */
void GBSearch::command(int narg, char **arg)
{
  settings.reset(new Settings);
  search.reset(new Search(lmp));
  try {
    run(narg, arg);
  } catch (const SearchFailure &failure) {
    settings.reset();
    search.reset();
    error->one(FLERR, name() + ": " + failure.what());
  } catch (...) {
    settings.reset();
    search.reset();
    throw;
  }
}

void GBSearch::run(int narg, char **arg)
{
  check_system();
  parse(narg, arg);
  check_files();
  const double wall = MPI_Wtime();
  const std::clock_t cpu = std::clock();
  prepare();
  measure_crystals();
  say_header();
  long t = settings->resume ? resume() : 0;
  while (t < settings->trials && !is_low_enough()) {
    const long end = std::min(t + settings->round, settings->trials);
    for (; t < end; t++)
      if (t % universe->nworlds == universe->iworld && !is_low_enough()) try_one(t);
    share();
    write(t);
  }
  report(MPI_Wtime() - wall, (double) (std::clock() - cpu) / CLOCKS_PER_SEC);
  if (!search->archive.entries.empty())
    search->system->load(search->archive.entries[search->archive.order()[0]].structure);
}

bool GBSearch::is_low_enough() const
{
  const auto &archive = search->archive;
  return !archive.entries.empty() && search->unit * archive.best() <= settings->stop;
}

void GBSearch::check_system()
{
  if (!domain->box_exist)
    error->all(FLERR,
               name() +
                   " command before the simulation box is defined: use create_bicrystal or "
                   "create_box");
  if (domain->dimension != 3) error->all(FLERR, name() + " is for three-dimensional systems");
  if (!domain->xperiodic || !domain->yperiodic || domain->zperiodic)
    error->all(FLERR,
               name() +
                   ": the box must be periodic along x and y, and not along z: 'boundary p p f'");
  if (!force->pair) error->all(FLERR, name() + " needs a pair style");
  if (force->kspace)
    error->all(FLERR,
               name() +
                   " is for interactions with a cutoff: surfaces would act on the "
                   "boundary");
  if (!atom->tag_enable) error->all(FLERR, name() + " needs atom IDs");
  if (modify->nfix_restart_peratom)
    error->all(FLERR,
               name() + " cannot be used while per-atom data of a restart file wait for fixes");
}

/* --- the input line --- */

double GBSearch::number(const char *text, double least)
{
  const double value = utils::numeric(FLERR, text, false, lmp);
  if (!std::isfinite(value) || value < least)
    error->all(FLERR,
               name() + ": a number of at least " + std::to_string(least) + " is needed, not " +
                   text);
  return value;
}

int GBSearch::integer(const char *text, int least)
{
  const int value = utils::inumeric(FLERR, text, false, lmp);
  if (value < least)
    error->all(FLERR,
               name() + ": a whole number of at least " + std::to_string(least) +
                   " is needed, not " + text);
  return value;
}

int GBSearch::atom_type(const char *text)
{
  const int value = utils::expand_type_int(FLERR, text, Atom::ATOM, lmp);
  if (value < 1 || value > atom->ntypes)
    error->all(FLERR, name() + ": there is no atom type " + text);
  return value;
}

void GBSearch::parse(int narg, char **arg)
{
  if (narg < 3)
    error->all(FLERR, name() + ": a boundary, a number of trials and a seed are needed");
  settings->boundary.text = arg[0];
  settings->trials = integer(arg[1], 1);
  settings->seed = (uint64_t) integer(arg[2], 1);
  settings->print = std::max(1L, settings->trials / 20);
  settings->round = ROUND * universe->nworlds;
  for (int iarg = 3; iarg < narg;) {
    const std::string keyword = arg[iarg++];
    const auto known = values_of_keywords().find(keyword);
    if (known == values_of_keywords().end())
      error->all(FLERR, name() + ": unknown keyword '" + keyword + "'");
    const int needed = known->second < 0 ? atom->ntypes : known->second;
    if (iarg + needed > narg) error->all(FLERR, name() + ": too few words after '" + keyword + "'");
    parse_option(keyword, iarg, arg);
    iarg += needed;
  }
  if (settings->resume && settings->archive.empty())
    error->all(FLERR, name() + ": 'resume' goes on from the file of 'archive'");
  if (settings->only && !settings->cells[0])
    error->all(FLERR, name() + ": 'only' needs 'cells', which says the cell");
}

void GBSearch::parse_option(const std::string &keyword, int iarg, char **arg)
{
  if (search->crystals.take(keyword, arg[iarg], settings->boundary)) return;
  if (keyword == "type") {
    settings->type = atom_type(arg[iarg]);
  } else if (keyword == "basis") {
    const int site = integer(arg[iarg], 1);
    if (site > search->crystals.sites())
      error->all(FLERR, name() + ": the basis of the lattice has no site " + arg[iarg]);
    settings->basis_type[site] = atom_type(arg[iarg + 1]);
  } else if (keyword == "thickness") {
    settings->thickness = number(arg[iarg], 0.0);
  } else if (keyword == "hold") {
    settings->hold = number(arg[iarg], 0.0);
  } else if (keyword == "cells") {
    for (int k = 0; k < 2; k++) settings->cells[k] = integer(arg[iarg + k], 1);
  } else if (keyword == "only") {
    settings->only = utils::logical(FLERR, arg[iarg], false, lmp);
  } else if (keyword == "area") {
    settings->area = number(arg[iarg], 0.0);
  } else if (keyword == "fraction") {
    for (int k = 0; k < 2; k++) settings->fraction[k] = number(arg[iarg + k], 0.0);
    if (settings->fraction[1] > 1.0 || settings->fraction[0] > settings->fraction[1])
      error->all(FLERR, name() + ": 'fraction' goes from 0 to 1");
  } else if (keyword == "moves") {
    for (int k = 0; k < 3; k++) settings->weight[k] = number(arg[iarg + k], 0.0);
    if (settings->weight[0] <= 0.0) error->all(FLERR, name() + ": 'moves' needs random starts");
  } else if (keyword == "anneal") {
    settings->anneal_part = number(arg[iarg], 0.0);
    settings->temperature = number(arg[iarg + 1], 0.0);
    settings->anneal_steps = integer(arg[iarg + 2], 1);
  } else if (keyword == "steps") {
    settings->steps = integer(arg[iarg], 10);
  } else if (keyword == "force") {
    settings->force = number(arg[iarg], 0.0);
  } else if (keyword == "window") {
    settings->window = number(arg[iarg], 0.0);
  } else if (keyword == "first") {
    settings->first = integer(arg[iarg], 1);
  } else if (keyword == "archive") {
    settings->archive = arg[iarg];
  } else if (keyword == "table") {
    settings->table = arg[iarg];
  } else if (keyword == "elements") {
    settings->element.assign(arg + iarg, arg + iarg + atom->ntypes);
  } else if (keyword == "stop") {
    settings->stop = number(arg[iarg], -1e300);
  } else if (keyword == "resume") {
    settings->resume = utils::logical(FLERR, arg[iarg], false, lmp);
  } else if (keyword == "write") {
    settings->round = integer(arg[iarg], 1);
  } else {
    settings->print = integer(arg[iarg], 1);
  }
}

/* --- before the search --- */

void GBSearch::prepare()
{
  auto &crystals = search->crystals;
  std::vector<int> type(crystals.sites(), settings->type);
  for (const auto &each : settings->basis_type) type[each.first - 1] = each.second;
  crystals.read_lattice(type);
  crystals.find(settings->boundary, true);
  if (!crystals.warning.empty() && comm->me == 0)
    error->warning(FLERR, name() + ": " + crystals.warning);
  if (!mlgrain_crystal_has_inversion(&crystals.crystal))
    error->all(FLERR,
               name() + ": the crystal has no center of inversion, so that its surfaces differ");
  const std::string units = update->unit_style;
  const bool is_metal = units == "metal", is_real = units == "real";
  search->unit = is_metal ? 16021.76634 : is_real ? 694.76955 : units == "si" ? 1e3 : 1.0;
  search->file.unit = search->unit;
  search->file.unit_name = search->unit == 1.0 ? "energy/distance^2" : "mJ/m^2";
  search->file.boundary = crystals.title;
  search->file.element = settings->element;

  const auto &geometry = crystals.geometry;
  const double *first = geometry.axes[0][0];
  auto &moves = search->moves;
  moves.length = std::sqrt(first[0] * first[0] + first[1] * first[1] + first[2] * first[2]);
  for (int k = 0; k < 2; k++) {
    for (int d = 0; d < 2; d++) {
      moves.shift[k][d] = geometry.shift[k][d];
      for (int c = 0; c < 2; c++) moves.net[c][k][d] = geometry.net[c][k][d];
    }
  }
  search->archive.volume_tolerance = search->settled.volume_tolerance = 5e-3 * moves.length;
  SearchSystem::init(lmp);    // the pair style knows its cutoff then
  const double cutoff = force->pair->cutforce;
  if (settings->hold < 0.0) settings->hold = HOLD * cutoff;
  if (settings->thickness < 0.0) settings->thickness = THICKNESS * cutoff;
  if (settings->hold < cutoff)
    error->all(FLERR,
               name() +
                   ": 'hold' is less than the cutoff of the pair style; surfaces would act on "
                   "the boundary");
  if (settings->thickness < settings->hold + cutoff)
    error->all(FLERR, name() + ": 'thickness' is less than 'hold' and a cutoff together");
  set_schedule();
  search->system.reset(new SearchSystem(lmp, name()));
  search->descriptors.reset(new SearchDescriptors(mlgrain_crystal_atom_volume(&crystals.crystal)));
}

/* By default two rows along y are as far as cells go, for periods that are centered. */
void GBSearch::set_schedule()
{
  const double period = search->crystals.area;
  if (!settings->cells[0]) {
    if (settings->area < 0.0) settings->area = AREA * search->moves.length * search->moves.length;
    settings->cells[0] = std::max(1, (int) std::floor(settings->area / period));
    settings->cells[1] = 2;
  }
  SearchLimits limits;
  limits.area = settings->area / period;
  limits.only = settings->only;
  double along[2][2];
  for (int k = 0; k < 2; k++) {
    limits.cells[k] = settings->cells[k];
    limits.fraction[k] = settings->fraction[k];
    for (int d = 0; d < 2; d++) along[k][d] = search->crystals.geometry.period[k][d];
  }
  std::copy(settings->weight, settings->weight + 3, limits.weight);
  const int plane = (int) cell({{1, 1}, 0})->plane.size();
  search->schedule.reset(new SearchSchedule(limits, along, plane));
}

/* Slabs of two thicknesses of either crystal give the energies of an atom and of the surfaces, one
   of each crystal, which are the same in all structures. Both surfaces of a slab are equal, as the
   crystal has a center of inversion. */
void GBSearch::measure_crystals()
{
  for (int grain = 0; grain < 2; grain++) measure_crystal(grain);
  const double *energy = search->atom_energy;
  if (settings->boundary.strain < 0.0 && comm->me == 0 &&
      std::fabs(energy[0] - energy[1]) > 1e-6 * std::fabs(energy[0]))
    error->warning(FLERR,
                   name() +
                       ": an atom has other energies in the two crystals; make "
                       "'thickness' larger");
}

/* Crystals that are strained in the plane yield along the normal, here between layers that are
   rigid at both ends; in a trial there is one such layer of each crystal. */
void GBSearch::measure_crystal(int grain)
{
  const bool is_strained = settings->boundary.strain >= 0.0;
  const double cutoff = force->pair->cutforce, more = std::max(cutoff, search->moves.length);
  const double least = is_strained ? 2.0 * settings->hold + cutoff : 0.0;
  double energy[2], atoms[2], yielded[2] = {0.0, 0.0}, area = 0.0;
  std::array<double, 3> virial[2];
  for (int k = 0; k < 2; k++) {
    auto slab = crystal_slab(grain, std::max(settings->thickness, least) + k * more);
    if (grain == 0 && k == 1) search->descriptors->set_crystal(slab);
    search->system->load(slab);
    if (is_strained) {
      search->system->minimize(settings->force, settings->steps);
      search->system->read(slab);
      yielded[k] = slab.translation[2];
    }
    energy[k] = search->system->energy(virial[k]);
    atoms[k] = (double) slab.atoms();
    area = slab.cell->area;
  }
  const double difference = atoms[1] - atoms[0];
  search->atom_energy[grain] = (energy[1] - energy[0]) / difference;
  search->surface_energy += 0.5 * (energy[0] - atoms[0] * search->atom_energy[grain]) / area;
  const double by_atom = (yielded[1] - yielded[0]) / difference;
  search->atom_volume[grain] = search->crystals.atom_volume(grain) + by_atom * area;
  search->surface_volume += 0.5 * (yielded[0] - atoms[0] * by_atom);
  for (int c = 0; c < 3; c++) {
    search->atom_virial[grain][c] = (virial[1][c] - virial[0][c]) / difference;
    search->surface_virial[c] +=
        0.5 * (virial[0][c] - atoms[0] * search->atom_virial[grain][c]) / area;
  }
}

/* One crystal alone, with rigid layers at both ends. */
SearchStructure GBSearch::crystal_slab(int grain, double thickness)
{
  const auto cell = std::make_shared<SearchCell>(
      lmp, search->crystals, name(), SearchPeriods{{1, 1}, 0}, thickness, settings->hold);
  std::vector<bool> removed;
  double low = cell->high, high = cell->low;
  for (const auto &site : cell->site) {
    removed.push_back(site.grain != grain);
    if (site.grain != grain) continue;
    low = std::min(low, site.x[2]);
    high = std::max(high, site.x[2]);
  }
  for (auto &site : cell->site) {
    const double z = site.x[2];
    site.layer = z < low + settings->hold ? BOTTOM : z > high - settings->hold ? TOP : MOBILE;
  }
  SearchStructure slab;
  slab.cell = cell;
  slab.fill(removed);
  return slab;
}

/* --- a trial --- */

/* The structure that a trial starts from. */
void GBSearch::start(TrialRandom &random, SearchResult &result)
{
  const auto &archive = search->archive;
  const long first = settings->first < 0 ? std::min(100L, settings->trials / 4) : settings->first;
  const bool is_first = search->done <= first || archive.entries.empty();
  const SearchOrigin origin = is_first ? RANDOM : search->schedule->origin(random);
  if (origin == SPLICE && splice(random, result)) return;
  if ((origin == SPLICE || origin == STRETCH) && stretch(random, result)) return;
  if (origin != RANDOM) {
    result.origin = HOP;
    result.structure = search->moves.hop(low_structure(4.0, random), random);
    if (result.structure.atoms() > 0) return;
  }
  double fraction = -1.0;    // any
  if (!is_first && random.uniform() < GUIDED) fraction = low_structure(2.0, random).fraction();
  const auto chosen = search->schedule->random_start(random, fraction);
  result.origin = RANDOM;
  result.structure = search->moves.random(cell(chosen.periods), chosen.removed, random);
}

/* One of the lowest; mean: of its place among parents. */
const SearchStructure &GBSearch::low_structure(double mean, TrialRandom &random) const
{
  const auto order = search->archive.parents();
  return search->archive.entries[order[random.early(mean, order.size())]].structure;
}

std::shared_ptr<const SearchCell> GBSearch::cell(const SearchPeriods &periods)
{
  auto &known = search->known[periods];
  if (!known)
    known = std::make_shared<SearchCell>(lmp, search->crystals, name(), periods,
                                         settings->thickness, settings->hold);
  return known;
}

/* Some of one structure and the rest of others, all of low energy, side by side. */
bool GBSearch::splice(TrialRandom &random, SearchResult &result)
{
  const auto &archive = search->archive;
  const auto order = archive.parents();
  const auto &main = low_structure(2.0, random);
  const auto piece = [&random](const SearchStructure &s) {
    const int length = s.cell->periods.along[0];
    return SearchPiece{&s, random.below((size_t) length), length};
  };
  SearchPeriods target;
  if (!search->schedule->larger(main.cell->periods, random, target)) return false;
  const int length = main.cell->periods.along[0];
  int left = target.along[0], count = left / length;
  if (left % length == 0) count--;    // not only the same again
  count -= random.early(0.4, (size_t) count);
  std::vector<SearchPiece> pieces(count, piece(main));
  left -= count * length;
  while (left > 0) {
    std::vector<const SearchStructure *> small;
    for (const int k : order) {
      const auto &s = archive.entries[k].structure;
      if (&s != &main && fits_beside(s.cell->periods, target) && s.cell->periods.along[0] <= left)
        small.push_back(&s);
    }
    if (small.empty()) return false;
    const auto next = piece(*small[random.early(1.5, small.size())]);
    pieces.insert(pieces.begin() + 1 + random.below(pieces.size()), next);
    left -= next.length;
  }
  result.origin = SPLICE;
  result.structure = search->moves.splice(cell(target), pieces, random);
  return true;
}

/* A structure of low energy, a part of it once more or left out. */
bool GBSearch::stretch(TrialRandom &random, SearchResult &result)
{
  const auto &parent = low_structure(2.0, random);
  const auto &periods = parent.cell->periods;
  SearchPeriods target;
  if (!search->schedule->stretched(periods, random, target)) return false;
  const SearchPiece piece = {&parent, random.below((size_t) periods.along[0]), target.along[0]};
  result.origin = STRETCH;
  result.structure = search->moves.splice(cell(target), {piece}, random);
  return result.structure.atoms() > 0;
}

double GBSearch::excess(const SearchResult &result, double energy) const
{
  const auto atoms = result.structure.atoms_of_grains();
  for (int grain = 0; grain < 2; grain++) energy -= atoms[grain] * search->atom_energy[grain];
  return energy / result.structure.cell->area - search->surface_energy;
}

/* Whether a trial of an energy per area is given up that has last won so much. */
bool GBSearch::is_hopeless(double energy, double won) const
{
  if (search->archive.entries.empty()) return false;
  const double best = search->archive.best();
  const double window =
      settings->window < 0.0 ? WINDOW * std::fabs(best) : settings->window / search->unit;
  return energy - PROSPECT * won > best + window;
}

/* Whether the trial was not given up. */
bool GBSearch::relax(TrialRandom &random, SearchResult &result)
{
  auto &system = *search->system;
  result.structure.push_apart();
  system.load(result.structure);
  if (settings->anneal_part > 0.0 && random.uniform() < settings->anneal_part) {
    system.minimize(settings->force, std::min(SearchSystem::LOOK, settings->steps));
    system.anneal(settings->temperature, settings->anneal_steps,
                  (uint64_t) (9e15 * random.uniform()));
    result.origin = ANNEAL;
  }
  double before = HUGE_VAL;
  bool is_given_up = false;
  const double energy = system.minimize(settings->force, settings->steps, [&](double now) {
    const double won = (before - now) / result.structure.cell->area;
    is_given_up = is_hopeless(excess(result, now), won);
    before = now;
    return is_given_up;
  });
  if (is_given_up) return false;
  measure(result, energy);
  return true;
}

void GBSearch::measure(SearchResult &result, double energy)
{
  auto &s = result.structure;
  const auto &cell = *s.cell;
  search->system->read(s);
  result.energy = excess(result, energy);
  result.volume = cell.volume + s.translation[2] - search->surface_volume;
  const auto atoms = s.atoms_of_grains();
  for (int grain = 0; grain < 2; grain++)
    result.volume -= atoms[grain] * search->atom_volume[grain] / cell.area;
  if (comm->me == 0) result.descriptor = search->descriptors->of(s);
  MPI_Bcast(result.descriptor.data(), MLGRAIN_SFD_COUNT, MPI_DOUBLE, 0, world);
}

void GBSearch::try_one(long trial)
{
  TrialRandom random(settings->seed, (uint64_t) trial);
  SearchResult result;
  result.trial = trial;
  result.walker = universe->iworld;
  search->done++;
  start(random, result);
  const auto made = (SearchOrigin) result.origin;
  const bool is_relaxed = relax(random, result);
  const bool has_failed =
      is_relaxed && (!std::isfinite(result.energy) || result.structure.has_collapsed());
  if (!is_relaxed) search->hopeless++;
  if (has_failed) search->failed++;
  const bool is_new = is_relaxed && !has_failed && add(result);
  search->tried[result.origin]++;
  if (is_new) search->fresh[result.origin]++;
  if (made == RANDOM) search->schedule->learn_start(result.structure, is_new);
  search->schedule->learn(made, (double) result.structure.atoms(),
                          is_new ? search->archive.rank(result.energy, result.structure.cell->area)
                                 : -1);
}

/* Whether the result, whose atoms are in the system, is new. */
bool GBSearch::add(SearchResult &result)
{
  std::array<double, 3> virial;
  search->system->energy(virial);
  const auto count = result.structure.atoms_of_grains();
  for (int c = 0; c < 3; c++)
    result.stress[c] =
        -(virial[c] - count[0] * search->atom_virial[0][c] - count[1] * search->atom_virial[1][c]) /
            result.structure.cell->area +
        search->surface_virial[c];
  auto &archive = search->archive;
  const bool best = archive.entries.empty() ||
      result.energy < archive.best() - archive.energy_tolerance * std::fabs(archive.best());
  const bool is_new = archive.add(result);
  if (universe->nworlds > 1) search->found.push_back(result);
  say(result.trial, result, best);
  return is_new;
}

/* --- after some trials --- */

/* What partitions have found becomes the archive of all of them, in the order of trials. */
void GBSearch::share()
{
  if (universe->nworlds == 1) return;
  const auto make_cell = [this](const SearchPeriods &periods) { return cell(periods); };
  std::vector<SearchResult> all;
  for (int w = 0; w < universe->nworlds; w++) {
    const int root = universe->root_proc[w];
    std::vector<double> numbers;
    if (universe->me == root) numbers = packed(search->found);
    broadcast(numbers, root);
    for (auto &each : unpacked(numbers, make_cell)) all.push_back(std::move(each));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const SearchResult &a, const SearchResult &b) { return a.trial < b.trial; });
  for (const auto &each : all) search->settled.add(each);
  search->archive = search->settled;
  search->found.clear();
}

/* Before the first trial, as the work of many would be lost after it. */
void GBSearch::check_files()
{
  std::string failure;
  for (const auto &path : {settings->table, settings->archive}) {
    if (path.empty() || universe->me) continue;
    const std::string part = path + ".part";
    FILE *file = fopen(part.c_str(), "w");
    if (!file)
      failure = "a file can't be written: " + path + ": " + strerror(errno);
    else {
      fclose(file);
      std::remove(part.c_str());
    }
  }
  stop_for(failure);
}

/* After so many trials. */
void GBSearch::write(long trials)
{
  std::string failure;
  const auto put = [&failure](const std::string &path, const std::string &text) {
    if (path.empty()) return;
    const std::string part = path + ".part";
    FILE *file = fopen(part.c_str(), "w");
    bool good = file && fputs(text.c_str(), file) >= 0;
    good = file && fclose(file) == 0 && good;
    if (!good || std::rename(part.c_str(), path.c_str()) != 0)
      failure = path + ": " + strerror(errno);
  };
  if (universe->me == 0) {
    auto &file = search->file;
    file.trials = trials;
    if (!settings->table.empty()) put(settings->table, file.table(search->archive));
    if (!settings->archive.empty()) put(settings->archive, file.structures(search->archive));
  }
  if (!failure.empty()) failure = "a file can't be written: " + failure;
  stop_for(failure);
}

/* What an earlier search has written, if anything, and how many trials it has done. */
long GBSearch::resume()
{
  const auto make_cell = [this](const SearchPeriods &periods) { return cell(periods); };
  std::vector<double> numbers;
  std::string failure;
  if (universe->me == 0) {
    std::vector<SearchResult> results;
    std::ifstream stream(settings->archive);
    if (stream) {
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      try {
        results = search->file.read(text, make_cell, *search->descriptors);
      } catch (const SearchFailure &wrong) {
        failure = wrong.what();
      }
    }
    numbers = packed(results);
    numbers.push_back((double) search->file.trials);
  }
  if (!failure.empty()) failure = settings->archive + ", " + failure;
  stop_for(failure);
  broadcast(numbers, 0);
  for (const auto &each : unpacked(numbers, make_cell)) search->archive.add(each);
  search->settled = search->archive;
  const auto trials = (long) numbers.back();
  search->done = trials / universe->nworlds;
  return trials;
}

/* What has failed on the first process stops all of them; nothing, if the text is empty. */
void GBSearch::stop_for(std::string failure)
{
  auto size = (int) failure.size();
  MPI_Bcast(&size, 1, MPI_INT, 0, universe->uworld);
  if (size == 0) return;
  failure.resize((size_t) size);
  MPI_Bcast(&failure[0], size, MPI_CHAR, 0, universe->uworld);
  error->all(FLERR, name() + ": " + failure);
}

/* From a process of the universe to all. */
void GBSearch::broadcast(std::vector<double> &numbers, int root)
{
  unsigned long size = numbers.size();
  MPI_Bcast(&size, 1, MPI_UNSIGNED_LONG, root, universe->uworld);
  numbers.resize(size);
  MPI_Bcast(numbers.data(), (int) size, MPI_DOUBLE, root, universe->uworld);
}

void GBSearch::say_header()
{
  if (comm->me) return;
  double pressure[2][2];
  for (int grain = 0; grain < 2; grain++)
    for (int d = 0; d < 2; d++)
      pressure[grain][d] =
          force->nktv2p * search->atom_virial[grain][d] / search->atom_volume[grain];
  char line[640];
  snprintf(line, sizeof line,
           "Structures of %s\n"
           "  %ld trials in cells of %d x %d to %d x %d periods of area %.8g, seed %llu\n"
           "  energy of an atom %.10g %.10g, of both surfaces %.8g %s\n"
           "  pressure of the crystals along x and y: %.4g %.4g, %.4g %.4g\n"
           "     Trial Origin    Cell  Atoms Fraction       Energy         Best  Distinct\n",
           search->crystals.title.c_str(), settings->trials, 1, 1, settings->cells[0],
           settings->cells[1], search->crystals.area, (unsigned long long) settings->seed,
           search->atom_energy[0], search->atom_energy[1], search->unit * search->surface_energy,
           search->file.unit_name.c_str(), pressure[0][0], pressure[0][1], pressure[1][0],
           pressure[1][1]);
  utils::logmesg(lmp, line);
}

void GBSearch::say(long trial, const SearchResult &result, bool best)
{
  if (comm->me || (!best && search->done % settings->print)) return;
  const auto &s = result.structure;
  char line[256];
  snprintf(line, sizeof line, "%10ld %-7s %3d x %-2d %6zu %8.4f %12.4f %12.4f %9zu\n", trial,
           ORIGIN_NAMES[result.origin], s.cell->periods.along[0], s.cell->periods.along[1],
           s.atoms(), s.fraction(), search->unit * result.energy,
           search->unit * search->archive.best(), search->archive.entries.size());
  utils::logmesg(lmp, line);
  for (FILE *file : {screen, logfile})
    if (file) fflush(file);
}

void GBSearch::report(double wall, double cpu)
{
  if (comm->me || universe->iworld) return;
  char line[512];
  std::string text;
  snprintf(line, sizeof line,
           "Gb_search: %zu distinct structures, %ld trials of this partition given up early, %ld "
           "without result\n",
           search->archive.entries.size(), search->hopeless, search->failed);
  text += line;
  for (int k = 0; k < ORIGINS; k++) {
    if (!search->tried[k]) continue;
    snprintf(line, sizeof line, "  %-7s %6ld trials, %ld new structures\n", ORIGIN_NAMES[k],
             search->tried[k], search->fresh[k]);
    text += line;
  }
  const auto order = search->archive.order();
  if (!order.empty()) {
    const auto &e = search->archive.entries[order[0]];
    snprintf(
        line, sizeof line,
        "  lowest energy %.4f %s, fraction %.4f, excess volume %.5f, cell %d x %d, trial %ld\n",
        search->unit * e.energy, search->file.unit_name.c_str(), e.structure.fraction(), e.volume,
        e.structure.cell->periods.along[0], e.structure.cell->periods.along[1], e.trial);
    text += line;
  }
  snprintf(line, sizeof line, "  gb_search wall time %.2f, CPU time of rank 0 %.2f seconds\n", wall,
           cpu);
  utils::logmesg(lmp, text + line);
}
