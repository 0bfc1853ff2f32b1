/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair_mtp.h"

#include "elements.h"
#include "excluded_atoms.h"
#include "file_bytes.h"
#include "ghost_reach.h"
#include "mlip_cfg.h"
#include "mtp_error_request.h"
#include "neighborhood.h"
#include "short_lists.h"

#include "atom.h"
#include "citeme.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "update.h"

#include "mlgrain/mtp.h"
#include "mlgrain/mtp_bounds.h"
#include "mlgrain/random.h"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

static const char cite_pair_mtp[] =
    "pair mtp command: doi:10.1137/15M1054183 doi:10.1088/2632-2153/abc9fe\n\n"
    "@Article{Shapeev2016,\n"
    " author = {Shapeev, Alexander V.},\n"
    " title = {Moment Tensor Potentials: A Class of Systematically Improvable Interatomic\n"
    "          Potentials},\n"
    " journal = {Multiscale Modeling \\& Simulation},\n"
    " year = 2016,\n"
    " volume = 14,\n"
    " pages = {1153--1173}\n"
    "}\n\n"
    "@Article{Novikov2021,\n"
    " author = {Novikov, Ivan S. and Gubaev, Konstantin and Podryabinkin, Evgeny V. and\n"
    "           Shapeev, Alexander V.},\n"
    " title = {The {MLIP} package: moment tensor potentials with {MPI} and active learning},\n"
    " journal = {Machine Learning: Science and Technology},\n"
    " year = 2021,\n"
    " volume = 2,\n"
    " pages = {025002}\n"
    "}\n\n";

namespace {

/* The arrays of one thread; the first thread adds to LAMMPS' own. */
struct ThreadArrays {
  std::vector<double> force, virial, centroid;
  std::vector<float> member_force;
  double total_virial[6];
};

/* What of a potential file is needed after it was read. */
struct Potential {
  std::string name, path;
  uint64_t fingerprint = 0;
  int species_count = 0;
  std::vector<int> label;
  double min_dist = 0.0, max_dist = 0.0;
  bool repulsive = false;
  mlgrain_mtp_grade_mode grade_mode = MLGRAIN_MTP_NO_GRADE;
  size_t parameter_count = 0;
};

Potential summary(const std::string &name, const mlgrain_mtp_file *file)
{
  Potential made;
  made.name = name;
  made.fingerprint = mlgrain_mtp_fingerprint(file);
  made.species_count = file->species_count;
  made.label.assign(file->label, file->label + file->species_count);
  made.min_dist = file->min_dist;
  made.max_dist = file->max_dist;
  made.repulsive = file->basis == MLGRAIN_MTP_CHEBYSHEV_REPULS;
  made.grade_mode = file->grade_mode;
  made.parameter_count = file->parameter_count;
  return made;
}

/* LAMMPS' ENERGY_ONLY; where a version doesn't have that, the bit is never set. */
constexpr int TRIAL = 0x04;

/* Of the atoms that bounds of grades are made from. */
constexpr uint64_t SAMPLE_SEED = 4711;

/* The numbers of all ranks. */
std::vector<double> gathered(const std::vector<double> &mine, MPI_Comm world)
{
  int ranks;
  MPI_Comm_size(world, &ranks);
  const int count = (int) mine.size();
  std::vector<int> counts(ranks), starts(ranks, 0);
  MPI_Allgather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, world);
  for (int r = 1; r < ranks; r++) starts[r] = starts[r - 1] + counts[r - 1];
  std::vector<double> all((size_t) starts[ranks - 1] + (size_t) counts[ranks - 1]);
  MPI_Allgatherv(mine.data(), count, MPI_DOUBLE, all.data(), counts.data(), starts.data(),
                 MPI_DOUBLE, world);
  return all;
}

/* Rows of a table in the order of their first column, without that. */
std::vector<double> sorted_rows(const std::vector<double> &table, size_t columns)
{
  std::vector<size_t> order(table.size() / columns);
  for (size_t k = 0; k < order.size(); k++) order[k] = k * columns;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return table[a] < table[b]; });
  std::vector<double> sorted;
  sorted.reserve(order.size() * (columns - 1));
  for (size_t row : order)
    sorted.insert(sorted.end(), table.begin() + (long) row + 1,
                  table.begin() + (long) (row + columns));
  return sorted;
}

/* Says that compute_atomic_energy() exists, where this version of LAMMPS asks for it. */
template <class Pair>
auto enable_atomic_energy(Pair *pair, int) -> decltype(pair->atomic_energy_enable)
{
  return pair->atomic_energy_enable = 1;
}
template <class Pair> void enable_atomic_energy(Pair *, long) {}

}    // namespace

struct PairMTP::Settings {
  std::string file;                    // named by pair_style; pair_coeff may name another
  std::vector<std::string> species;    // names of the file's species
  bool mixed = false;                  // precision
  int grade_every = 0;                 // 0: never
  double threshold_save = 2.0, threshold_break = 10.0;
  double grade_threshold = 0.0;    // grades are exact above it; 0: all are
  bool exact_largest = false;      // and the largest one in any case
  std::string save;                // file for configurations, "": none
  double save_radius = 0.0;        // 0: whole systems
};

struct PairMTP::Core {
  Potential potential;
  mlgrain_mtp *mtp = nullptr;          // NULL before pair_coeff
  mlgrain_mtp *mixed = nullptr;        // the same in mixed precision, if that is wanted
  std::vector<int> species_of_type;    // [ntypes + 1]
  ExcludedAtoms excluded;
  std::vector<int> remaining;    // of the list's atoms, where some are excluded
  ShortLists lists;
  std::vector<mlgrain_mtp_workspace *> workspace;    // of the threads
  mlgrain_mtp_workspace *single = nullptr;           // of compute_atomic_energy()
  std::vector<std::array<float, 4>> screen;          // its table of mlgrain_mtp_screen
  std::vector<mlgrain_mtp_result> result;
  std::vector<ThreadArrays> thread;
  std::vector<double> grade;        // of local atoms, 0 for atoms the potential doesn't see
  std::vector<double> gradient;     // [threads][parameter_count], configuration mode
  bigint grade_step = -1;           // of these grades; -1: they aren't current
  double grade_threshold = 0.0;     // above which they are exact
  double wanted_threshold = 0.0;    // the same of the next evaluation
  mlgrain_mtp_grade_bounds *bounds = nullptr;
  bool bounds_are_stale = true;
  double bounds_rows =
      -1.0;              // part of the product that was needed with these at first, -1: unknown
  int bounds_age = 0;    // evaluations with these
  int bounds_patience = 4;    // evaluations until they may be made anew
  int bounds_pause = 0;       // evaluations left without any
  int highest = -1;           // local atom that had the highest of these grades
  int highest_row = -1;       // of the active set's inverse, that gave it; -1: not known
  double begun_with = 0.0;    // what that row gave at the next evaluation
  bigint saved_step = -1;
  double largest = 0.0;    // grade, over all ranks
  double smallest_distance = DBL_MAX;
  bool warned = false, warned_of_loss = false, warned_of_search = false;
  std::vector<std::weak_ptr<MTPErrorRequest>> requests;
  MTPErrorRequest *served = nullptr;    // by the evaluation in progress
  bool serve_leverages = false, serve_members = false;

  Core() = default;
  Core(const Core &) = delete;
  Core &operator=(const Core &) = delete;
  ~Core()
  {
    mlgrain_mtp_free(mtp);
    mlgrain_mtp_free(mixed);
    mlgrain_mtp_grade_bounds_free(bounds);
    mlgrain_mtp_workspace_free(single);
    for (auto *one : workspace) mlgrain_mtp_workspace_free(one);
  }
};

PairMTP::PairMTP(LAMMPS *lmp) : Pair(lmp), options(new Settings), core(new Core), grade_flag(0)
{
  if (lmp->citeme) lmp->citeme->add(cite_pair_mtp);
  list = nullptr;
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  centroidstressflag = CENTROID_AVAIL;
  enable_atomic_energy(this, 0);
}

PairMTP::~PairMTP()
{
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

void PairMTP::allocate()
{
  allocated = 1;
  const int n = atom->ntypes + 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  for (int i = 1; i < n; i++)
    for (int j = 1; j < n; j++) setflag[i][j] = 0;
}

void PairMTP::settings(int narg, char **arg)
{
  options.reset(new Settings);
  const std::string style = update->unit_style;
  if (style != "metal" && style != "lj")
    error->all(FLERR,
               "Pair style mtp needs units metal: the files of MLIP are in eV and Angstrom, and "
               "this run has units " +
                   style);
  int iarg = 0;
  while (iarg < narg) iarg = parse_option(narg, arg, iarg);
  if (!options->save.empty() && !options->grade_every)
    error->all(FLERR, "Pair style mtp: 'save' needs 'grade N'");
  if (options->threshold_break < options->threshold_save)
    error->all(FLERR, "Pair style mtp: threshold_break is less than threshold_save");
  if (options->grade_threshold > options->threshold_save)
    error->all(FLERR, "Pair style mtp: grade_threshold is more than threshold_save");
}

/* Takes one option from arg[iarg] on; returns where the next begins. */
int PairMTP::parse_option(int narg, char **arg, int iarg)
{
  const std::string keyword = arg[iarg++];
  const auto next = [&]() {
    if (iarg >= narg) error->all(FLERR, "Pair style mtp: no value after '" + keyword + "'");
    return arg[iarg++];
  };
  const auto positive = [&]() {
    const char *word = next();
    const double value = utils::numeric(FLERR, word, false, lmp);
    if (!(value > 0.0))
      error->all(FLERR, "Pair style mtp: " + keyword + " " + word + " must be positive");
    return value;
  };
  if (keyword == "species") {
    while (iarg < narg && atomic_number(arg[iarg])) options->species.push_back(arg[iarg++]);
    if (options->species.empty())
      error->all(FLERR, "Pair style mtp: no chemical symbols after 'species'");
  } else if (keyword == "precision") {
    const std::string word = next();
    if (word != "double" && word != "mixed")
      error->all(FLERR, "Pair style mtp: precision " + word + " is neither double nor mixed");
    options->mixed = word == "mixed";
    if (options->mixed && !offers_mixed_precision())
      error->all(FLERR,
                 "Pair style mtp/kk: there is no 'precision mixed' on GPUs, only on the CPU");
  } else if (keyword == "grade") {
    options->grade_every = utils::inumeric(FLERR, next(), false, lmp);
    if (options->grade_every < 0)
      error->all(FLERR, "Pair style mtp: 'grade' needs a number of steps, or 0 for never");
  } else if (keyword == "grade_threshold") {
    options->grade_threshold = positive();
  } else if (keyword == "grade_largest") {
    const std::string word = next();
    if (word != "exact" && word != "bound")
      error->all(FLERR, "Pair style mtp: grade_largest " + word + " is neither exact nor bound");
    options->exact_largest = word == "exact";
  } else if (keyword == "threshold_save") {
    options->threshold_save = positive();
  } else if (keyword == "threshold_break") {
    options->threshold_break = positive();
  } else if (keyword == "save") {
    options->save = next();
  } else if (keyword == "save_radius") {
    options->save_radius = positive();
  } else if (iarg == 1) {
    options->file = keyword;    // as other packages have it: pair_style mtp FILE
  } else {
    error->all(FLERR, "Pair style mtp: unknown keyword '" + keyword + "'");
  }
  return iarg;
}

void PairMTP::coeff(int narg, char **arg)
{
  if (!allocated) allocate();
  if (narg < 2 || strcmp(arg[0], "*") != 0 || strcmp(arg[1], "*") != 0)
    error->all(FLERR, "Pair style mtp needs 'pair_coeff * *', once, for all atom types");
  const bool named = narg > 2;
  if (!named && options->file.empty())
    error->all(FLERR, "Pair style mtp: no potential file, neither in pair_style nor in pair_coeff");
  read_file(named ? arg[2] : options->file);
  map_types(narg - std::min(narg, 3), arg + std::min(narg, 3));
}

/* Rank 0 reads, every rank parses: an error in the file then is one on every rank. */
void PairMTP::read_file(const std::string &name)
{
  core.reset(new Core);
  std::string path = comm->me == 0 ? utils::get_potential_file_path(name) : "";
  if (path.empty()) path = name;
  const std::string bytes = read_on_all_ranks(lmp, "Pair style mtp", path);

  mlgrain_mtp_file *file = nullptr;
  mlgrain_error text;
  if (mlgrain_mtp_file_parse(name.c_str(), bytes.data(), bytes.size(), &file, &text))
    error->all(FLERR, std::string("Pair style mtp: ") + text.text);
  auto status = mlgrain_mtp_create(file, mlgrain_simd_best(), &core->mtp, &text);
  if (!status && options->mixed)
    status = mlgrain_mtp_create_mixed(file, mlgrain_simd_best(), &core->mixed, &text);
  core->potential = summary(name, file);
  core->potential.path = path;
  if (!status) potential_read(file, core->mtp);
  mlgrain_mtp_file_free(file);
  if (status) error->all(FLERR, std::string("Pair style mtp: ") + text.text);
}

/* Index of the species that a word of pair_coeff names: an index, or a chemical symbol where the
   file's labels are atomic numbers or 'species' gave the names. */
int PairMTP::species_of(const std::string &word) const
{
  const auto &potential = core->potential;
  if (utils::is_integer(word)) {
    const int index = utils::inumeric(FLERR, word, false, lmp);
    if (index < 0 || index >= potential.species_count)
      error->all(FLERR,
                 "Pair style mtp: species " + word + " is not among 0 to " +
                     std::to_string(potential.species_count - 1) + " of the potential file");
    return index;
  }
  for (size_t i = 0; i < options->species.size(); i++)
    if (word == options->species[i]) return (int) i;
  bool labels_are_indices = true;
  for (int i = 0; i < potential.species_count; i++)
    if (potential.label[i] != i) labels_are_indices = false;
  std::string known;
  for (const auto &name : options->species) known += " " + name;
  if (options->species.empty() && !labels_are_indices) {
    const int number = atomic_number(word);
    for (int i = 0; i < potential.species_count; i++) {
      if (number && potential.label[i] == number) return i;
      known += " " + element_symbol(potential.label[i]);
    }
  }
  if (known.empty())
    error->all(FLERR,
               "Pair style mtp: the potential file doesn't name its species, so '" + word +
                   "' can't be found: give indices from 0, or names with 'pair_style mtp species'");
  error->all(FLERR, "Pair style mtp: '" + word + "' is not among the potential's species:" + known);
  return -1;
}

void PairMTP::map_types(int nwords, char **word)
{
  const int ntypes = atom->ntypes, known = core->potential.species_count;
  if (!options->species.empty() && (int) options->species.size() != known)
    error->all(FLERR,
               "Pair style mtp: 'species' names " + std::to_string(options->species.size()) +
                   " elements, the potential file has " + std::to_string(known));
  core->species_of_type.assign(ntypes + 1, -1);
  core->species_of_type[0] = 0;    // there is no type 0: -1 would say that some types aren't seen
  if (nwords == 0) {
    if (ntypes > known)
      error->all(FLERR,
                 "Pair style mtp: " + std::to_string(ntypes) +
                     " atom types, but the potential "
                     "file has " +
                     std::to_string(known) + " species: map types in pair_coeff");
    for (int t = 1; t <= ntypes; t++) core->species_of_type[t] = t - 1;
  } else if (nwords == ntypes) {
    for (int t = 1; t <= ntypes; t++)
      if (strcmp(word[t - 1], "NULL") != 0) core->species_of_type[t] = species_of(word[t - 1]);
  } else {
    error->all(FLERR,
               "Pair style mtp: pair_coeff needs a species or NULL for each of the " +
                   std::to_string(ntypes) + " atom types, " + std::to_string(nwords) +
                   " are given");
  }
  int count = 0;
  for (int i = 1; i <= ntypes; i++)
    for (int j = i; j <= ntypes; j++) {
      setflag[i][j] = core->species_of_type[i] >= 0 && core->species_of_type[j] >= 0 ? 1 : 0;
      count += setflag[i][j];
    }
  if (!count) error->all(FLERR, "Pair style mtp: every atom type is NULL");
  types_mapped();
}

void PairMTP::init_style()
{
  if (!force->newton_pair) error->all(FLERR, "Pair style mtp needs 'newton on'");
  if (options->mixed && !core->mixed)
    error->all(FLERR, "Pair style mtp: 'precision mixed' needs a pair_coeff command after it");
  warn_of_line_search();
  if (options->grade_every) require_active_set("Pair style mtp: 'grade'");
  if (options->save_radius > 0.0 && core->potential.grade_mode == MLGRAIN_MTP_CONFIGURATION)
    error->all(
        FLERR,
        "Pair style mtp: 'save_radius' needs grades of neighborhoods, and the active set of " +
            core->potential.name + " is one of configurations");
  if (saves_neighborhoods())
    raise_ghost_reach(lmp, "Pair style mtp: 'save_radius'", options->save_radius,
                      core->potential.max_dist);
  neighbor->add_request(this, NeighConst::REQ_FULL);
}

void PairMTP::setup()
{
  if (options->save.empty()) return;
  if (saves_neighborhoods())
    require_ghost_reach(lmp, "Pair style mtp: 'save_radius'", options->save_radius);
  const std::string failure = why_not_appendable(lmp, options->save, !saves_neighborhoods());
  if (!failure.empty()) error->all(FLERR, "Pair style mtp: " + failure);
}

bool PairMTP::saves_neighborhoods() const
{
  return !options->save.empty() && options->save_radius > 0.0;
}

/* Stops with an error that names who wants grades. */
void PairMTP::require_active_set(const std::string &who) const
{
  if (core->potential.grade_mode == MLGRAIN_MTP_NO_GRADE)
    error->all(FLERR,
               who + " needs a potential file with an active set (.almtp), " +
                   (core->mtp ? core->potential.name + " has none" : "and none was read"));
}

double PairMTP::init_one(int i, int j)
{
  if (!setflag[std::min(i, j)][std::max(i, j)]) return 0.0;
  return core->potential.max_dist;
}

void PairMTP::compute(int eflag, int vflag)
{
  begin_tallies(eflag, vflag);
  const bool trial = (eflag & TRIAL) != 0;    // a move of fix gcmc, say, that may be undone
  const double smallest_distance = core->smallest_distance;
  const bool scheduled =
      !trial && options->grade_every && update->ntimestep % options->grade_every == 0;
  if (grade_flag) require_active_set("Fix pair with grades of pair style mtp");
  core->grade_step = -1;
  if (!trial) serve_requests();
  expect_grades(options->grade_threshold);
  evaluate(true, grade_flag || scheduled);
  core->served = nullptr;
  if (vflag_fdotr) virial_fdotr_compute();
  if (grade_flag || scheduled) reduce_grades();
  if (scheduled) act_on_grades();
  if (trial)
    core->smallest_distance = smallest_distance;
  else
    warn_of_short_distances();
}

/* Makes what an evaluation writes to. */
void PairMTP::prepare(int nthreads, bool with_grades)
{
  while ((int) core->workspace.size() < nthreads) {
    core->workspace.push_back(nullptr);
    if (mlgrain_mtp_workspace_create(&core->workspace.back(), nullptr))
      error->one(FLERR, "Pair style mtp: out of memory");
  }
  core->thread.resize(nthreads);
  core->result.assign(nthreads, mlgrain_mtp_result());
  for (auto &result : core->result) result.smallest_distance = DBL_MAX;
  if (core->served) prepare_errors(nthreads);
  if (!with_grades) return;
  const bool summed = core->potential.grade_mode == MLGRAIN_MTP_CONFIGURATION;
  core->grade.assign(atom->nlocal, 0.0);
  core->gradient.assign(summed ? core->potential.parameter_count * nthreads : 0, 0.0);
  for (int t = 0; t < nthreads; t++)
    if (summed)
      core->result[t].gradient_sum = &core->gradient[core->potential.parameter_count * t];
    else
      core->result[t].grade = core->grade.data();
  for (auto &result : core->result) {
    if (core->grade_threshold == 0.0) break;
    result.grade_bounds = core->bounds;
    result.grade_threshold = core->grade_threshold;
    result.find_largest = options->exact_largest ? 1 : 0;
  }
}

/* Directs energies, forces and virials of a thread to LAMMPS' arrays if it is the first, else to
   its own. Called by the thread, so that its memory is near. */
void PairMTP::attach_arrays(int thread)
{
  const int nall = atom->nlocal + atom->nghost;
  if (!nall) return;
  auto &result = core->result[thread];
  auto &mine = core->thread[thread];
  const auto array = [&](std::vector<double> &own, double **shared, int columns) {
    if (thread == 0) return shared[0];
    own.assign((size_t) nall * columns, 0.0);
    return own.data();
  };
  result.force = reinterpret_cast<double(*)[3]>(array(mine.force, atom->f, 3));
  if (eflag_atom) result.site_energy = eatom;
  std::fill_n(mine.total_virial, 6, 0.0);
  if (vflag_global && !vflag_fdotr) result.virial = mine.total_virial;
  if (vflag_atom) result.virial_half = reinterpret_cast<double(*)[6]>(array(mine.virial, vatom, 6));
  if (cvflag_atom)
    result.virial_centroid = reinterpret_cast<double(*)[9]>(array(mine.centroid, cvatom, 9));
}

/* The atoms of a neighbor list that exclusions leave in. */
PairMTP::Centers PairMTP::remaining_centers(const int *listed, int count)
{
  if (!exclusions_known()) {
    prepare_for_host();
    core->excluded.update(lmp);
    core->remaining.clear();
    for (int k = 0; core->excluded.any() && k < count; k++)
      if (!core->excluded.contains(listed[k])) core->remaining.push_back(listed[k]);
  }
  if (!core->excluded.any()) return {listed, count};
  return {core->remaining.data(), (int) core->remaining.size()};
}

bool PairMTP::exclusions_known() const
{
  return core->excluded.current(lmp);
}

/* Whether the potential sees a local atom. */
bool PairMTP::sees(int i) const
{
  return core->species_of_type[atom->type[i]] >= 0 && !core->excluded.contains(i);
}

/* Energies and forces, grades, or both in one pass, divided among the threads. What grades and
   error bars are computed with is double. */
void PairMTP::evaluate(bool energies_and_forces, bool with_grades)
{
  const int nthreads = std::max(1, comm->nthreads);
  const auto centers = remaining_centers(list->ilist, list->inum);
  if (with_grades && core->wanted_threshold > 0.0 && grades_of_neighborhoods() && bounds_pay()) {
    if (core->bounds_are_stale) make_bounds(centers);
    core->grade_threshold = core->wanted_threshold;
  }
  prepare(nthreads, with_grades);
  if (with_grades && core->grade_threshold > 0.0 && options->exact_largest) begin_with_highest();
  core->lists.update(lmp, list, centers.atom, centers.count, core->species_of_type, nthreads);

  const mlgrain_mtp *mtp =
      options->mixed && !with_grades && !core->served ? core->mixed : core->mtp;
  mlgrain_error text;
  bool failed = false;
#if defined(_OPENMP)
#pragma omp parallel for schedule(static, 1) num_threads(nthreads)
#endif
  for (int t = 0; t < nthreads; t++) {
    if (energies_and_forces) attach_arrays(t);
    mlgrain_error mine;
    if (core->lists.compute(mtp, core->workspace[t], t, &core->result[t], &mine)) {
#if defined(_OPENMP)
#pragma omp critical(mlgrain_pair_mtp)
#endif
      {
        text = mine;
        failed = true;
      }
    }
  }
  if (failed) error->one(FLERR, std::string("Pair style mtp: ") + text.text);
  if (energies_and_forces) reduce_threads(nthreads);
  if (core->served && core->serve_members) reduce_members(nthreads);
}

/* ---- error bars ----------------------------------------------------------------------------- */

void PairMTP::read_error_bars(const std::string &asked_by, const std::string &name,
                              const std::vector<double> &bytes, size_t size,
                              const std::shared_ptr<MTPErrorRequest> &request)
{
  auto &known = core->requests;
  for (const auto &one : known)
    if (one.lock() == request) return;
  if (!core->mtp) error->all(FLERR, asked_by + ": pair style mtp has no potential yet");
  const std::string contents = read_on_all_ranks(lmp, asked_by, core->potential.path);
  mlgrain_mtp_file *file = nullptr;
  mlgrain_mtp_error_bars *bars = nullptr;
  mlgrain_error text;
  auto status = mlgrain_mtp_file_parse(core->potential.name.c_str(), contents.data(),
                                       contents.size(), &file, &text);
  if (!status && mlgrain_mtp_fingerprint(file) != core->potential.fingerprint) {
    mlgrain_mtp_file_free(file);
    error->all(FLERR, asked_by + ": " + core->potential.name + " was changed after it was read");
  }
  mlgrain_mtp *as_read = nullptr;    // the potential may have learned since
  if (!status) status = mlgrain_mtp_create(file, mlgrain_simd_best(), &as_read, &text);
  if (!status)
    status =
        mlgrain_mtp_error_bars_parse(name.c_str(), bytes.data(), size, file, as_read, &bars, &text);
  mlgrain_mtp_free(as_read);
  mlgrain_mtp_file_free(file);
  if (status) error->all(FLERR, asked_by + ": " + text.text);
  request->bars.reset(bars);
  request->leverage_step = request->member_step = -1;
  known.erase(
      std::remove_if(known.begin(), known.end(),
                     [](const std::weak_ptr<MTPErrorRequest> &one) { return one.expired(); }),
      known.end());
  known.push_back(request);
}

double PairMTP::shortest_distance() const
{
  return core->potential.min_dist;
}

/* ---- learning ------------------------------------------------------------------------------- */

const std::string &PairMTP::potential_path() const
{
  return core->potential.path;
}

uint64_t PairMTP::potential_fingerprint() const
{
  return core->potential.fingerprint;
}

void PairMTP::replace_coefficients(const mlgrain_mtp_file *file, const std::string &asked_by)
{
  mlgrain_mtp *made = nullptr, *mixed = nullptr;
  mlgrain_error text;
  auto status = mlgrain_mtp_create(file, mlgrain_simd_best(), &made, &text);
  if (!status && options->mixed)
    status = mlgrain_mtp_create_mixed(file, mlgrain_simd_best(), &mixed, &text);
  if (status) {
    mlgrain_mtp_free(made);
    error->all(FLERR, asked_by + ": " + text.text);
  }
  std::swap(core->mtp, made);
  std::swap(core->mixed, mixed);
  mlgrain_mtp_free(made);
  mlgrain_mtp_free(mixed);
  core->grade_step = -1;
  core->bounds_are_stale = true;
}

void PairMTP::renew_error_bars(MTPErrorRequest &request, const mlgrain_mtp_file *file,
                               const std::vector<double> &sketch, size_t rows,
                               const std::vector<double> &members, double factor,
                               const std::string &asked_by)
{
  mlgrain_mtp_error_bars *bars = nullptr;
  mlgrain_error text;
  if (mlgrain_mtp_error_bars_renew(request.bars.get(), file, core->mtp, sketch.data(), rows,
                                   members.data(), factor, &bars, &text))
    error->all(FLERR, asked_by + ": " + text.text);
  request.bars.reset(bars);
  request.leverage_step = request.member_step = -1;
}

/* Lets the first of the requests that want something have it of the pass that follows; others get
   theirs when they ask. What they have is of the past now. */
void PairMTP::serve_requests()
{
  core->served = nullptr;
  for (const auto &one : core->requests) {
    const auto request = one.lock();
    if (!request) continue;
    request->leverage_step = request->member_step = -1;
    const auto parts = request->wanted(update->ntimestep);
    if (core->served || !(parts.leverages || parts.members)) continue;
    core->served = request.get();
    core->serve_leverages = parts.leverages;
    core->serve_members = parts.members;
  }
}

void PairMTP::evaluate_errors(MTPErrorRequest &request, bool leverages, bool members,
                              const std::string &asked_by)
{
  if (!list) error->all(FLERR, asked_by + " was asked for before a run");
  core->served = &request;
  core->serve_leverages = leverages;
  core->serve_members = members;
  evaluate(false, false);
  core->served = nullptr;
}

/* Directs leverages and forces of members to the request, the latter to arrays of their own for all
   threads but the first. */
void PairMTP::prepare_errors(int nthreads)
{
  auto &request = *core->served;
  const size_t nlocal = (size_t) atom->nlocal, nall = nlocal + (size_t) atom->nghost;
  if (core->serve_leverages) {
    request.leverage.assign(nlocal, 0.0);
    request.nearest.assign(nlocal, DBL_MAX);
    request.leverage_step = update->ntimestep;
  }
  if (core->serve_members) request.member_step = update->ntimestep;
  for (int t = 0; t < nthreads; t++) {
    auto &result = core->result[t];
    result.error_bars = request.bars.get();
    result.members = request.members;
    if (core->serve_leverages) {
      result.leverage = request.leverage.data();
      result.nearest = request.nearest.data();
    }
    if (!core->serve_members) continue;
    auto &force = t ? core->thread[t].member_force : request.member_force;
    force.assign(nall * 3 * (size_t) request.members, 0.0f);
    result.member_force = force.data();
  }
}

/* Adds the forces of the other threads to those of the first. */
void PairMTP::reduce_members(int nthreads)
{
  auto &force = core->served->member_force;
  const bigint n = (bigint) force.size();
  if (nthreads < 2) return;
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads(nthreads)
#endif
  for (bigint i = 0; i < n; i++)
    for (int t = 1; t < nthreads; t++) force[i] += core->thread[t].member_force[i];
}

/* ---- forces --------------------------------------------------------------------------------- */

/* Adds the arrays of the other threads to LAMMPS', and the totals of all. */
void PairMTP::reduce_threads(int nthreads)
{
  const bigint nall = atom->nlocal + atom->nghost;
  const auto add = [&](double **shared, int columns, std::vector<double> ThreadArrays::*own) {
    double *to = shared[0];
    const bigint n = nall * columns;
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads(nthreads)
#endif
    for (bigint i = 0; i < n; i++)
      for (int t = 1; t < nthreads; t++) to[i] += (core->thread[t].*own)[i];
  };
  if (nthreads > 1 && nall) {
    add(atom->f, 3, &ThreadArrays::force);
    if (vflag_atom) add(vatom, 6, &ThreadArrays::virial);
    if (cvflag_atom) add(cvatom, 9, &ThreadArrays::centroid);
  }
  for (const auto &result : core->result) {
    if (eflag_global) eng_vdwl += result.energy;
    for (int k = 0; k < 6 && result.virial; k++) virial[k] += result.virial[k];
    core->smallest_distance = std::min(core->smallest_distance, result.smallest_distance);
  }
}

/* What the core gives for one local or ghost atom with its neighbors as they are now; `list` has
   those of ghosts if it is one. */
void PairMTP::evaluate_atom(int i, NeighList *neighbors, mlgrain_mtp_result *result)
{
  mlgrain_error text;
  if (!core->single && mlgrain_mtp_workspace_create(&core->single, &text))
    error->one(FLERR, std::string("Pair style mtp: ") + text.text);
  core->screen.resize((size_t) atom->nlocal + atom->nghost);
  mlgrain_mtp_atoms atoms = {};
  atoms.x = reinterpret_cast<const double(*)[3]>(atom->x[0]);
  atoms.type = atom->type;
  atoms.species_of_type = core->species_of_type.data();
  atoms.type_count = atom->ntypes + 1;
  atoms.neighbors = neighbors->firstneigh;
  atoms.neighbor_count = neighbors->numneigh;
  atoms.neighbor_mask = NEIGHMASK;
  auto *screen = reinterpret_cast<float(*)[4]>(core->screen.data());
  const auto add = [&](int j) {
    atoms.screen_extent =
        std::max(atoms.screen_extent,
                 mlgrain_mtp_screen(&atoms, atoms.x[i], (size_t) j, (size_t) j + 1, screen));
  };
  add(i);
  for (int k = 0; k < neighbors->numneigh[i]; k++) add(neighbors->firstneigh[i][k] & NEIGHMASK);
  atoms.screen = screen;
  result->smallest_distance = DBL_MAX;
  if (mlgrain_mtp_compute(core->mtp, core->single, &atoms, &i, 1, result, &text))
    error->one(FLERR, std::string("Pair style mtp: ") + text.text);
}

/* For fix sgcmc with atomic/energy: the energy of an atom after a change of types, say. */
double PairMTP::compute_atomic_energy(int i, NeighList *neighbors)
{
  if (core->excluded.contains(i)) return 0.0;
  mlgrain_mtp_result result = {};
  evaluate_atom(i, neighbors, &result);
  return result.energy;
}

/* ---- bounds of grades ------------------------------------------------------------------------ */

/* What is to be known of grades in the next evaluation. */
void PairMTP::expect_grades(double threshold)
{
  core->grade_threshold = 0.0;
  core->wanted_threshold = threshold;
}

/* Bounds for atoms like those of now, from a sample of them: the same with any number of ranks.
   Collective. */
void PairMTP::make_bounds(const Centers &centers)
{
  const size_t parameters = core->potential.parameter_count;
  const double wanted = (double) mlgrain_mtp_bound_samples(core->mtp);
  std::vector<double> mine;    // tag, gradient
  for (int k = 0; k < centers.count; k++) {
    const int i = centers.atom[k];
    const uint64_t item = atom->tag_enable
        ? (uint64_t) atom->tag[i]
        : (uint64_t) k * (uint64_t) comm->nprocs + (uint64_t) comm->me;
    if (!sees(i) || mlgrain_random(SAMPLE_SEED, item, 0) * (double) atom->natoms > wanted) continue;
    mine.push_back((double) item);
    mine.resize(mine.size() + parameters, 0.0);
    mlgrain_mtp_result result = {};
    result.gradient_sum = &mine[mine.size() - parameters];
    evaluate_atom(i, list, &result);
  }
  const std::vector<double> gradients = sorted_rows(gathered(mine, world), parameters + 1);
  mlgrain_mtp_grade_bounds *made = nullptr;
  mlgrain_error text;
  // bounds need not be below an exact largest grade: if that isn't known, the sample has to tell
  const bool known = options->exact_largest && core->largest > 0.0;
  const double level =
      known ? std::min(core->wanted_threshold, core->largest) : core->wanted_threshold;
  if (mlgrain_mtp_grade_bounds_create(core->mtp, gradients.data(), gradients.size() / parameters,
                                      level, options->exact_largest && !known ? 1 : 0, &made,
                                      &text))
    error->one(FLERR, std::string("Pair style mtp: ") + text.text);
  mlgrain_mtp_grade_bounds_free(core->bounds);
  core->bounds = made;
  core->bounds_are_stale = false;
  core->bounds_rows = -1.0;
  core->bounds_age = 0;
}

/* Begins the search for the largest grade at what the same row as before gives for the atom that
   had it: what is below needs no more than a bound from the first atom on. */
void PairMTP::begin_with_highest()
{
  const int i = core->highest;
  core->begun_with = 0.0;
  if (i < 0 || i >= atom->nlocal || !sees(i)) return;
  std::vector<double> gradient(core->potential.parameter_count, 0.0);
  mlgrain_mtp_result alone = {};
  alone.gradient_sum = gradient.data();
  evaluate_atom(i, list, &alone);
  if (core->highest_row < 0)
    core->highest_row = (int) mlgrain_mtp_grade_row(core->mtp, gradient.data());
  core->begun_with =
      mlgrain_mtp_grade_of_row(core->mtp, gradient.data(), (size_t) core->highest_row);
  for (auto &result : core->result) result.largest_grade = core->begun_with;
}

/* Whether the next evaluation is to have bounds: not where they were of no use a short while ago.
 */
bool PairMTP::bounds_pay()
{
  if (core->bounds_pause == 0) return true;
  core->bounds_pause--;
  return false;
}

/* After an evaluation with them: if they decide less than at first, or little, they are made anew,
   and if so little that all grades cost less, there are none for a while. Each time that lasts
   twice as long, since making them costs as much as many evaluations. Collective. */
void PairMTP::judge_bounds()
{
  const double often = 0.05, more = 2.0, too_often = 0.12;
  const int longest = 1024;
  double mine[3] = {0.0, 0.0, (double) atom->nlocal}, all[3];
  for (const auto &result : core->result) {
    mine[0] += (double) result.grade_rows / (double) core->potential.parameter_count;
    mine[1] += (double) result.grade_atoms;
  }
  MPI_Allreduce(mine, all, 3, MPI_DOUBLE, MPI_SUM, world);
  const double rows = all[2] > 0.0 ? all[0] / all[2] : 0.0;
  if (core->bounds_rows < 0.0) core->bounds_rows = rows;
  core->bounds_age++;
  const bool useless = all[1] > too_often * all[2];
  const bool loose = rows > too_often || (rows > often && rows > more * core->bounds_rows);
  core->bounds_are_stale = useless || (loose && core->bounds_age > core->bounds_patience);
  if (useless) core->bounds_pause = core->bounds_patience;
  if (core->bounds_are_stale) core->bounds_patience = std::min(2 * core->bounds_patience, longest);
}

/* An atom with a grade no other is above, but for rounding. Bounds end at the largest grade so far,
   that of the atom the search began with, which stays unless another is above, or another row. */
void PairMTP::find_highest()
{
  const auto &grade = core->grade;
  const auto top = std::max_element(grade.begin(), grade.end());
  const int last = core->highest, count = (int) grade.size();
  const bool stays = last >= 0 && last < count && *top <= (1.0 + 1e-9) * grade[last];
  if (!stays) core->highest = (int) (top - grade.begin());
  if (!stays || !(*top <= (1.0 + 1e-9) * core->begun_with)) core->highest_row = -1;
}

/* The largest grade of all ranks; in configuration mode, the one grade there is. */
void PairMTP::reduce_grades()
{
  core->grade_step = update->ntimestep;
  if (grades_of_neighborhoods()) {
    if (core->grade_threshold > 0.0) {
      judge_bounds();
      find_highest();
    }
    const double mine = local_largest_grade();
    MPI_Allreduce(&mine, &core->largest, 1, MPI_DOUBLE, MPI_MAX, world);
    return;
  }
  prepare_for_host();
  const size_t parameters = core->potential.parameter_count;
  std::vector<double> mine(parameters, 0.0), sum(parameters);
  sum_gradients(mine.data());
  MPI_Allreduce(mine.data(), sum.data(), (int) parameters, MPI_DOUBLE, MPI_SUM, world);
  double count = 0.0, natoms = 0.0;
  for (int i = 0; i < atom->nlocal; i++)
    if (sees(i)) count += 1.0;
  MPI_Allreduce(&count, &natoms, 1, MPI_DOUBLE, MPI_SUM, world);
  core->largest = mlgrain_mtp_configuration_grade(core->mtp, sum.data(), natoms);
  core->grade.assign(atom->nlocal, 0.0);
  for (int i = 0; i < atom->nlocal; i++)
    if (sees(i)) core->grade[i] = core->largest;
}

double PairMTP::local_largest_grade() const
{
  double largest = 0.0;
  const auto add = [&](double grade) {
    largest = grade > largest || std::isnan(grade) ? grade : largest;
  };
  if (core->grade_threshold > 0.0 && options->exact_largest)
    for (const auto &result : core->result) add(result.largest_grade);
  else
    for (double grade : core->grade) add(grade);
  return largest;
}

void PairMTP::sum_gradients(double *sum) const
{
  const size_t parameters = core->potential.parameter_count;
  for (size_t i = 0; i < core->gradient.size(); i++) sum[i % parameters] += core->gradient[i];
}

const std::vector<int> &PairMTP::species_map() const
{
  return core->species_of_type;
}

bool PairMTP::grades_of_neighborhoods() const
{
  return core->potential.grade_mode == MLGRAIN_MTP_NEIGHBORHOOD;
}

std::vector<double> &PairMTP::host_grades()
{
  return core->grade;
}

void PairMTP::note_distance(double distance)
{
  core->smallest_distance = std::min(core->smallest_distance, distance);
}

void PairMTP::act_on_grades()
{
  /* minimizers come here several times in a step */
  if (!(core->largest <= options->threshold_save) && !options->save.empty() &&
      core->saved_step != update->ntimestep) {
    prepare_for_host();
    fetch_grades();
    const CfgAtoms atoms = {core->species_of_type.data(), &core->excluded, core->grade.data(),
                            core->largest, core->potential.max_dist};
    const std::string failure = saves_neighborhoods()
        ? append_neighborhoods(lmp, options->save, atoms, options->threshold_save,
                               options->save_radius)
        : append_system(lmp, options->save, atoms);
    core->saved_step = update->ntimestep;
    warn_of_lost_configuration(failure);
  }
  if (!(core->largest <= options->threshold_break))
    error->all(FLERR,
               "Pair style mtp: extrapolation grade " + to_text(core->largest) + " at step " +
                   std::to_string(update->ntimestep) + " exceeds threshold_break " +
                   to_text(options->threshold_break));
}

/* Once: the disk may be full for the rest of the run, which need not end for that. */
void PairMTP::warn_of_lost_configuration(const std::string &failure)
{
  if (failure.empty() || core->warned_of_loss) return;
  core->warned_of_loss = true;
  if (comm->me == 0)
    error->warning(FLERR,
                   "Pair style mtp: at step " + std::to_string(update->ntimestep) + " " + failure);
}

/* Once: minimizers that compare energies stop early when these are rounded to seven digits. */
void PairMTP::warn_of_line_search()
{
  if (!options->mixed || update->whichflag != 2 || core->warned_of_search) return;
  const std::string minimizer = update->minimize_style;
  const auto is = [&](const char *one) { return utils::strmatch(minimizer, one); };
  if (!is("^cg") && !is("^sd") && !is("^hftn") && !is("^lbfgs")) return;
  core->warned_of_search = true;
  if (comm->me == 0)
    error->warning(FLERR,
                   "Pair style mtp: energies in mixed precision end the line search of min_style " +
                       minimizer +
                       " at forces of about 1e-3 eV/Angstrom; min_style fire goes on to 1e-5");
}

/* Once, and only after a reneighboring, so that the steps between need no communication. */
void PairMTP::warn_of_short_distances()
{
  if (core->warned || neighbor->ago != 0) return;
  double smallest;
  MPI_Allreduce(&core->smallest_distance, &smallest, 1, MPI_DOUBLE, MPI_MIN, world);
  if (smallest >= core->potential.min_dist) return;
  core->warned = true;
  if (comm->me == 0)
    error->warning(FLERR,
                   "Pair style mtp: atoms came as close as " + to_text(smallest) +
                       ", closer than min_dist = " + to_text(core->potential.min_dist) +
                       " of the potential, which " +
                       (core->potential.repulsive ? "only repels" : "extrapolates") + " there");
}

void PairMTP::require_grades(const std::string &asked_by, double threshold)
{
  require_active_set(asked_by);
  if (!list) error->all(FLERR, asked_by + " was asked for before a run");
  if (core->grade_step != update->ntimestep || core->grade_threshold > threshold) {
    expect_grades(threshold);
    evaluate(false, true);
    reduce_grades();
  }
}

const double *PairMTP::grades(const std::string &asked_by, double threshold)
{
  require_grades(asked_by, threshold);
  fetch_grades();
  return core->grade.data();
}

double PairMTP::largest_grade() const
{
  return core->largest;
}

/* For fix pair, which sets grade_flag at the steps it wants grades. */
void *PairMTP::extract(const char *name, int &dim)
{
  dim = 0;
  return strcmp(name, "grade_flag") == 0 ? &grade_flag : nullptr;
}

/* NULL, which fix pair takes for an error, unless the grades are those of this step. */
void *PairMTP::extract_peratom(const char *name, int &columns)
{
  if (strcmp(name, "grade") != 0) return nullptr;
  columns = 0;
  if (core->grade_step == update->ntimestep) fetch_grades();
  return core->grade_step == update->ntimestep ? core->grade.data() : nullptr;
}

double PairMTP::memory_usage()
{
  double bytes = Pair::memory_usage();
  for (const auto *one : core->workspace) bytes += (double) mlgrain_mtp_workspace_memory(one);
  for (const auto &one : core->thread)
    bytes += sizeof(double) *
            (double) (one.force.capacity() + one.virial.capacity() + one.centroid.capacity()) +
        sizeof(float) * (double) one.member_force.capacity();
  bytes += sizeof(float[4]) * (double) core->screen.capacity();
  bytes += core->lists.memory_usage() + sizeof(int) * (double) core->remaining.capacity();
  if (core->bounds) bytes += (double) mlgrain_mtp_grade_bounds_memory(core->bounds);
  return bytes + sizeof(double) * (double) (core->grade.capacity() + core->gradient.capacity());
}
