/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every so many steps the vectors of all atoms are reduced to a coreset, by farthest-point sampling
   across all ranks down to a part of epsilon. Coresets add up, and unique environments are chosen
   among all of them. Neither depends on the number of ranks or the order of atoms. */
#include "fix_ler_build.h"

#include "environment_library.h"

#include "mlgrain/soap_projection.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "update.h"
#include "utils.h"

#include <climits>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

using namespace LAMMPS_NS;
using namespace FixConst;
using namespace MLGRAIN_NS;

namespace {

enum { ENVIRONMENTS, CORESET, RADIUS, EPSILON, NUMBERS };

/* Points of a unit cell, in parts of the lattice constant. */
struct Crystal {
  const char *name;
  std::vector<std::vector<double>> basis;
};

const std::vector<Crystal> &lattices()
{
  static const std::vector<Crystal> all = {
      {"sc", {{0, 0, 0}}},
      {"bcc", {{0, 0, 0}, {0.5, 0.5, 0.5}}},
      {"fcc", {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 0, 0.5}, {0, 0.5, 0.5}}},
      {"diamond",
       {{0, 0, 0},
        {0.5, 0.5, 0},
        {0.5, 0, 0.5},
        {0, 0.5, 0.5},
        {0.25, 0.25, 0.25},
        {0.75, 0.75, 0.25},
        {0.75, 0.25, 0.75},
        {0.25, 0.75, 0.75}}}};
  return all;
}

/* Stops on all ranks where one has run out of memory, say. */
void check_all(LAMMPS *lmp, const std::string &owner, mlgrain_status status,
               const mlgrain_error &text)
{
  const int mine = status ? 1 : 0;
  int any = 0;
  MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, lmp->world);
  if (any) lmp->error->all(FLERR, owner + ": " + (mine ? text.text : "failed on another rank"));
}

}    // namespace

struct FixLerBuild::Settings {
  std::string name;    // for messages: "Fix l ler/build"
  std::string path;
  double epsilon = 0.0;    // as on the input line
  double part = 0.25;      // of epsilon, to which coresets are made
  bool is_absolute = false;
  size_t most = 0;
  const Crystal *lattice = nullptr;
  double constant = 0.0;    // of the lattice
  std::string seed_text;
};

struct FixLerBuild::Core {
  PowerSpectra spectra;
  double epsilon = 0.0;    // as a distance
  double margin = 0.0;     // within which vectors count as equally far
  std::vector<double> seed;
  uint64_t like_seed = 0;    // atoms of one step on this rank
  /* on rank 0: the coreset of all steps; first of all, the seed */
  std::vector<double> coreset;
  std::vector<mlgrain_environment_source> source;
  std::vector<uint64_t> atoms;
  double summary[NUMBERS] = {0.0};

  Core(LAMMPS *lmp, const std::string &name) : spectra(lmp, name) {}

  void add(const double *vector, mlgrain_environment_source from, uint64_t count)
  {
    coreset.insert(coreset.end(), vector, vector + spectra.columns());
    source.push_back(from);
    atoms.push_back(count);
  }
};

/* ---- the input line ------------------------------------------------------------------------- */

FixLerBuild::FixLerBuild(LAMMPS *lmp, int narg, char **arg) :
    Fix(lmp, narg, arg), settings(new Settings), last_step(-1)
{
  settings->name = std::string("Fix ") + id + " ler/build";
  const std::string &name = settings->name;
  if (domain->dimension == 2) error->all(FLERR, name + " is for three-dimensional systems");
  if (!atom->tag_enable) error->all(FLERR, name + " needs atom IDs");
  if (narg < 6)
    error->all(FLERR, "Illegal fix ler/build command: expected N, eps, a file and a basis");
  core.reset(new Core(lmp, name));
  nevery = utils::inumeric(FLERR, arg[3], false, lmp);
  if (nevery <= 0) error->all(FLERR, name + ": N must be positive, not " + arg[3]);
  int iarg = 4;
  settings->epsilon = core->spectra.number("eps", narg, arg, iarg);
  if (!(settings->epsilon > 0.0)) error->all(FLERR, name + ": eps must be positive");
  settings->path = arg[iarg++];
  core->spectra.parse_basis(narg, arg, iarg);
  std::vector<const char *> libraries;
  while (iarg < narg) {
    const std::string keyword = arg[iarg++];
    if (keyword == "seed") {
      parse_seed(narg, arg, iarg);
    } else if (keyword == "coreset") {
      settings->part = core->spectra.number(keyword, narg, arg, iarg);
      if (!(settings->part > 0.0 && settings->part <= 1.0))
        error->all(FLERR, name + ": 'coreset' must be above 0 and at most 1");
    } else if (keyword == "absolute") {
      settings->is_absolute = core->spectra.logical(keyword, narg, arg, iarg);
    } else if (keyword == "most") {
      const int most = core->spectra.integer(keyword, narg, arg, iarg);
      if (most < 1) error->all(FLERR, name + ": 'most' must be positive");
      settings->most = (size_t) most;
    } else if (keyword == "add") {
      if (iarg >= narg) error->all(FLERR, name + ": 'add' has no value");
      libraries.push_back(arg[iarg++]);
    } else if (keyword == "vectors") {
      core->spectra.parse_vectors(narg, arg, iarg);
    } else if (!core->spectra.parse_keyword(keyword, narg, arg, iarg)) {
      std::string text = name;
      text += ": unknown keyword '" + keyword + "'";
      error->all(FLERR, text);
    }
  }
  if (!settings->lattice)
    error->all(FLERR, name + ": keyword 'seed' must give the perfect crystal, such as fcc 3.52");
  core->spectra.create({});
  make_seed();
  for (const char *path : libraries) add_library(path);
  vector_flag = 1;
  size_vector = NUMBERS;
  extvector = 0;
  global_freq = nevery;
  dynamic_group_allow = 1;
  write(true);    // whether that is possible, is to be known before a long run
}

FixLerBuild::~FixLerBuild() {}

void FixLerBuild::parse_seed(int narg, char **arg, int &iarg)
{
  const std::string wanted = iarg < narg ? arg[iarg++] : "";
  for (const auto &lattice : lattices())
    if (wanted == lattice.name) settings->lattice = &lattice;
  if (!settings->lattice)
    error->all(FLERR,
               settings->name + ": unknown lattice '" + wanted +
                   "' of the seed: it is sc, bcc, fcc or diamond");
  settings->constant = core->spectra.number("seed", narg, arg, iarg);
  if (!(settings->constant > 0.0))
    error->all(FLERR, settings->name + ": the seed's lattice constant must be positive");
  settings->seed_text = wanted + " " + to_text(settings->constant);
}

/* ---- the seed ------------------------------------------------------------------------------- */

/* The perfect crystal's vector, by the same code as all others. All its atoms are of species 1. */
void FixLerBuild::make_seed()
{
  const double a = settings->constant, reach = core->spectra.reach();
  const int cells = (int) std::ceil(reach / a) + 1;
  if (cells > 50) error->all(FLERR, settings->name + ": the seed's lattice constant is too small");
  std::vector<double> x = {0.0, 0.0, 0.0};
  for (int i = -cells; i <= cells; i++)
    for (int j = -cells; j <= cells; j++)
      for (int k = -cells; k <= cells; k++)
        for (const auto &site : settings->lattice->basis) {
          const double place[3] = {a * (i + site[0]), a * (j + site[1]), a * (k + site[2])};
          if (place[0] != 0.0 || place[1] != 0.0 || place[2] != 0.0)
            x.insert(x.end(), place, place + 3);
        }
  const size_t n = x.size() / 3;
  core->seed.assign(core->spectra.columns(), 0.0);
  mlgrain_error text;
  const auto status = core->spectra.compute_first(n, x.data(), core->seed.data(), &text);
  if (status) error->all(FLERR, settings->name + ": the seed: " + text.text);
  double square = 0.0;
  for (double v : core->seed) square += v * v;
  if (!(square > 0.0)) error->all(FLERR, settings->name + ": the seed's vector is 0");
  core->epsilon = settings->epsilon * (settings->is_absolute ? 1.0 : std::sqrt(square));
  core->margin = 1e-9 * std::sqrt(square);
  if (comm->me == 0) {
    core->add(core->seed.data(), {-1, -1}, 0);
    utils::logmesg(lmp,
                   settings->name + ": length of the seed " + to_text(std::sqrt(square)) +
                       ", epsilon " + to_text(core->epsilon) + "\n");
  }
}

/* Adds the coreset of an earlier run. */
void FixLerBuild::add_library(const char *path)
{
  auto *library = open_library(lmp, settings->name, path);
  const auto *content = mlgrain_environments_content(library);
  const auto &set = content->coreset;
  const bool fits = mlgrain_soap_is_same(&content->parameters, &core->spectra.parameters());
  const bool same_seed = fits &&
      mlgrain_distance(core->spectra.columns(), content->unique.vector, core->seed.data()) <=
          1e3 * core->margin;
  if (fits && same_seed && comm->me == 0)
    for (size_t i = 0; i < set.count; i++) {
      if (set.source[i].atom < 0)
        core->atoms[0] += set.atoms[i];    // the seed again
      else
        core->add(set.vector + i * core->spectra.columns(), set.source[i], set.atoms[i]);
    }
  mlgrain_environments_free(library);
  if (!fits)
    error->all(FLERR,
               settings->name + ": the library " + path +
                   " was made with other parameters of the power spectra");
  if (!same_seed) error->all(FLERR, settings->name + ": the library " + path + " has another seed");
}

/* ---- runs ----------------------------------------------------------------------------------- */

int FixLerBuild::setmask()
{
  return END_OF_STEP;
}

void FixLerBuild::init()
{
  core->spectra.raise_ghosts();
}

void FixLerBuild::setup(int)
{
  core->spectra.require_ghosts();
  if (update->ntimestep % nevery == 0) end_of_step();
}

void FixLerBuild::end_of_step()
{
  if (update->ntimestep == last_step) return;    // a new run begins where the last one ended
  last_step = update->ntimestep;
  collect();
  write(false);
}

void FixLerBuild::collect()
{
  mlgrain_selection *selection = nullptr;
  mlgrain_error text;
  check_all(lmp, settings->name,
            mlgrain_selection_create(core->spectra.columns(), &selection, &text), text);
  const size_t before = core->source.size();
  gather_vectors(selection);
  select(selection);
  count_atoms(selection, before);
  mlgrain_selection_free(selection);
}

/* Vectors within the coreset's radius of the seed are represented by it, and not kept: in most
   systems those of nearly all atoms. */
void FixLerBuild::gather_vectors(mlgrain_selection *selection)
{
  struct Part {
    std::vector<double> row;
    std::vector<mlgrain_environment_source> source;
    uint64_t like_seed = 0;
  };
  const size_t components = core->spectra.columns();
  const double radius = settings->part * core->epsilon;
  std::vector<Part> parts((size_t) comm->nthreads);
  core->spectra.visit(
      groupbit, [&](int thread, size_t count, const int32_t *who, const double *row) {
        auto &part = parts[(size_t) thread];
        for (size_t i = 0; i < count; i++, row += components) {
          if (mlgrain_distance(components, row, core->seed.data()) < radius) {
            part.like_seed++;
            continue;
          }
          part.row.insert(part.row.end(), row, row + components);
          part.source.push_back({(int64_t) atom->tag[who[i]], (int64_t) update->ntimestep});
        }
      });
  core->like_seed = 0;
  mlgrain_status status = MLGRAIN_SUCCESS;
  mlgrain_error text;
  for (auto &part : parts) {
    if (!status)
      status = mlgrain_selection_add(selection, part.source.size(), part.row.data(),
                                     part.source.data(), &text);
    core->like_seed += part.like_seed;
    part = Part();    // its memory is no more needed
  }
  if (!status) status = mlgrain_selection_center(selection, core->seed.data(), &text);
  check_all(lmp, settings->name, status, text);
}

/* Farthest-point sampling: of vectors that are equally far, that of the lowest atom ID is next. */
void FixLerBuild::select(mlgrain_selection *selection)
{
  const double radius = settings->part * core->epsilon;
  const size_t components = core->spectra.columns();
  std::vector<double> center(components);
  for (;;) {
    double mine = mlgrain_selection_largest(selection), largest = 0.0;
    MPI_Allreduce(&mine, &largest, 1, MPI_DOUBLE, MPI_MAX, world);
    if (!(largest >= radius)) return;
    const size_t number = mlgrain_selection_first(selection, largest - core->margin);
    const bool has_one = number < mlgrain_selection_count(selection);
    mlgrain_environment_source source = {INT64_MAX, (int64_t) update->ntimestep};
    const double *vector = nullptr;
    if (has_one) vector = mlgrain_selection_vector(selection, number, &source, nullptr, nullptr);
    int64_t lowest = 0;
    MPI_Allreduce(&source.atom, &lowest, 1, MPI_INT64_T, MPI_MIN, world);
    int owner = has_one && source.atom == lowest ? comm->me : INT_MAX, first = 0;
    MPI_Allreduce(&owner, &first, 1, MPI_INT, MPI_MIN, world);
    if (first == comm->me) center.assign(vector, vector + components);
    MPI_Bcast(center.data(), (int) components, MPI_DOUBLE, first, world);
    mlgrain_error text;
    check_all(lmp, settings->name, mlgrain_selection_center(selection, center.data(), &text), text);
    if (comm->me == 0) core->add(center.data(), {lowest, (int64_t) update->ntimestep}, 0);
  }
}

/* How many atoms of this step each member of its coreset stands for; `before`: where those of this
   step begin on rank 0. */
void FixLerBuild::count_atoms(const mlgrain_selection *selection, size_t before)
{
  int centers = (int) (core->source.size() - before) + 1;    // the seed is the first
  MPI_Bcast(&centers, 1, MPI_INT, 0, world);
  std::vector<uint64_t> mine((size_t) centers, 0), all((size_t) centers, 0);
  mine[0] = core->like_seed;
  for (size_t i = 0; i < mlgrain_selection_count(selection); i++) {
    size_t center;
    mlgrain_selection_vector(selection, i, nullptr, &center, nullptr);
    mine[center]++;
  }
  MPI_Reduce(mine.data(), all.data(), centers, MPI_UINT64_T, MPI_SUM, 0, world);
  if (comm->me != 0) return;
  core->atoms[0] += all[0];
  for (size_t k = 1; k < all.size(); k++) core->atoms[before + k - 1] += all[k];
}

/* Chooses among all coresets, and writes what is chosen. At the beginning a file that can't be
   written is an error; later the run goes on, with a warning. */
void FixLerBuild::write(bool is_start)
{
  mlgrain_error text;
  int failed = 0;
  if (comm->me == 0) {
    mlgrain_environments *library = nullptr;
    const mlgrain_environment_set set = {core->source.size(), core->coreset.data(),
                                         core->source.data(), core->atoms.data()};
    auto status = mlgrain_environments_choose(&core->spectra.parameters(), core->epsilon,
                                              settings->most, settings->seed_text.c_str(),
                                              core->seed.data(), &set, &library, &text);
    if (!status) {
      const auto *content = mlgrain_environments_content(library);
      core->summary[ENVIRONMENTS] = (double) content->unique.count;
      core->summary[CORESET] = (double) set.count;
      core->summary[RADIUS] = content->radius[content->unique.count - 1];
      core->summary[EPSILON] = core->epsilon;
      status = mlgrain_environments_write(library, settings->path.c_str(), &text);
    }
    mlgrain_environments_free(library);
    failed = status ? 1 : 0;
  }
  MPI_Bcast(&failed, 1, MPI_INT, 0, world);
  MPI_Bcast(core->summary, NUMBERS, MPI_DOUBLE, 0, world);
  if (failed && is_start)
    error->all(FLERR,
               settings->name + ": " +
                   (comm->me == 0 ? text.text : settings->path + " can't be written"));
  if (failed && comm->me == 0) error->warning(FLERR, settings->name + ": " + text.text);
}

double FixLerBuild::compute_vector(int i)
{
  return core->summary[i];
}

double FixLerBuild::memory_usage()
{
  return (double) (sizeof(double) * (core->coreset.capacity() + core->seed.capacity())) +
      core->spectra.memory_usage();
}
