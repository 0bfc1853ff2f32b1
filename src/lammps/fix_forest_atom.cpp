/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fix_forest_atom.h"

#include "model_features.h"
#include "model_file.h"
#include "row_workers.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "group.h"
#include "modify.h"
#include "output.h"
#include "update.h"
#include "utils.h"

#include "mlgrain/sfd.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

using namespace LAMMPS_NS;
using namespace FixConst;
using namespace MLGRAIN_NS;

namespace {

/* Columns of every model, and elements of the global output; those of classes follow. */
enum { PREDICTION, SPREAD, NOVELTY, FLAGS, COLUMNS };
enum { MEANS = 3, FINITE = 3, NOT_FINITE, OUT_OF_RANGE, NOVEL, ELEMENTS };

/* Rows given to the core at a time: what it can make use of, 300 MB at most for 19 features. */
constexpr size_t most_rows = 1 << 20;

/* What one thread needs, and what it counts. */
struct Worker {
  mlgrain_forest_workspace *workspace = nullptr;
  std::vector<double> rows, result, probability;
  std::vector<unsigned char> flags;
  std::vector<double> sum;    // as the global output, over the atoms of this thread
  mlgrain_status status = MLGRAIN_SUCCESS;
  mlgrain_error error = {""};

  Worker() { status = mlgrain_forest_workspace_create(&workspace, &error); }
  ~Worker() { mlgrain_forest_workspace_free(workspace); }
  Worker(const Worker &) = delete;
  Worker &operator=(const Worker &) = delete;

  void reserve(size_t n, size_t columns, size_t classes)
  {
    rows.resize(std::max(rows.size(), n * columns));
    result.resize(std::max(result.size(), MEANS * n));
    probability.resize(std::max(probability.size(), n * classes));
    flags.resize(std::max(flags.size(), n));
  }

  mlgrain_forest_output output(size_t n, bool raw_spread)
  {
    double *first = result.data();
    return {first,        first + n,  first + 2 * n,
            flags.data(), raw_spread, probability.empty() ? nullptr : probability.data()};
  }

  double memory_usage() const
  {
    return sizeof(double) *
        (double) (rows.capacity() + result.capacity() + probability.capacity()) +
        (double) flags.capacity() +
        (workspace ? (double) mlgrain_forest_workspace_memory(workspace) : 0.0);
  }
};

}    // namespace

struct FixForestAtom::Settings {
  std::string name;              // for messages: "Fix e forest/atom"
  std::string path;              // of the model
  std::string own_descriptor;    // ID of the compute this fix has made, ""
  bool global = false, raw_spread = false, auto_descriptor = false;
};

struct FixForestAtom::Core {
  std::unique_ptr<ModelFile> model;
  std::unique_ptr<AtomFeatures> atoms;    // one of these two
  std::unique_ptr<GlobalFeatures> global;
  RowWorkers<Worker> rows;
};

FixForestAtom::FixForestAtom(LAMMPS *lmp, int narg, char **arg) :
    FixColumns(lmp, narg, arg), settings(new Settings), core(new Core), last_setup(-1)
{
  settings->name = std::string("Fix ") + id + " forest/atom";
  if (narg < 6)
    error->all(FLERR, "Illegal fix forest/atom command: expected N, a model file and inputs");
  nevery = utils::inumeric(FLERR, arg[3], false, lmp);
  if (nevery <= 0) error->all(FLERR, settings->name + ": N must be positive, not " + arg[3]);
  settings->path = arg[4];

  for (int i = 5; i + 1 < narg; i++)    // decides how wildcards are expanded
    if (strcmp(arg[i], "mode") == 0) settings->global = strcmp(arg[i + 1], "global") == 0;
  int taken;
  auto words = take_inputs(lmp, narg - 5, &arg[5], settings->global, taken);
  parse_options(narg - 5 - taken, &arg[5 + taken]);

  core->model.reset(
      new ModelFile(lmp, settings->name, settings->path.c_str(), MLGRAIN_MODEL_FOREST));
  if (settings->auto_descriptor && !words.empty())
    error->all(FLERR, settings->name + ": 'descriptor auto' goes without other inputs");
  if (settings->auto_descriptor) {
    const std::string input = "c_" + create_descriptor();
    const int features = mlgrain_model_features(core->model->model());
    for (int f = 1; f <= features; f++)
      words.push_back(features == 1 ? input : input + "[" + std::to_string(f) + "]");
  }
  if (settings->global)
    core->global.reset(new GlobalFeatures(lmp, settings->name, words, core->model->model()));
  else
    core->atoms.reset(new AtomFeatures(lmp, settings->name, words, core->model->model()));

  dynamic_group_allow = 1;
  const int classes = class_count();
  vector_flag = 1;
  size_vector = ELEMENTS + 2 * classes;
  extvector = 0;
  summary.assign((size_t) size_vector, 0.0);
  global_freq = nevery;
  if (!settings->global) {
    peratom_flag = 1;
    size_peratom_cols = COLUMNS + classes;
    peratom_freq = nevery;
    add_columns(size_peratom_cols, false);
  }
  if (comm->me == 0) print_model();
}

FixForestAtom::~FixForestAtom()
{
  if (!settings->own_descriptor.empty() && modify->get_compute_by_id(settings->own_descriptor))
    modify->delete_compute(settings->own_descriptor);
}

void FixForestAtom::parse_options(int narg, char **arg)
{
  for (int i = 0; i < narg; i += 2) {
    const std::string keyword = arg[i], value = i + 1 < narg ? arg[i + 1] : "";
    if (keyword == "mode" && (value == "atom" || value == "global")) {
      settings->global = value == "global";
    } else if (keyword == "spread" && (value == "calibrated" || value == "raw")) {
      settings->raw_spread = value == "raw";
    } else if (keyword == "descriptor" && value == "auto") {
      settings->auto_descriptor = true;
    } else if (keyword == "mode" || keyword == "spread" || keyword == "descriptor") {
      error->all(FLERR, settings->name + ": '" + arg[i] + "' can't be '" + value + "'");
    } else {
      error->all(FLERR, settings->name + ": '" + keyword + "' is neither an input nor a keyword");
    }
  }
  if (settings->global && settings->auto_descriptor)
    error->all(FLERR, settings->name + ": 'descriptor auto' is for mode atom");
}

static std::string exact(double value)
{
  char text[32];
  snprintf(text, sizeof text, "%.17g", value);
  return text;
}

/* Makes the compute that gives the model's features in their order; returns its ID. */
std::string FixForestAtom::create_descriptor()
{
  const auto *model = core->model->model();
  const auto *descriptor = mlgrain_model_descriptor(model);
  if (!descriptor || strcmp(descriptor->style, "sfd/atom") != 0)
    error->all(FLERR,
               settings->name +
                   ": the model doesn't say that its features are those of "
                   "compute sfd/atom: 'descriptor auto' can't make it");
  if (descriptor->weights && descriptor->weights != (size_t) atom->ntypes)
    error->all(FLERR,
               settings->name + ": the model's descriptor has weights for " +
                   std::to_string(descriptor->weights) + " atom types, there are " +
                   std::to_string(atom->ntypes));
  std::string name = std::string(id) + "_sfd";
  std::string line = name + " " + group->names[igroup] + " sfd/atom " + exact(descriptor->sigma) +
      " " + exact(descriptor->cutoff);
  if (descriptor->weights) line += " weight";
  for (size_t t = 0; t < descriptor->weights; t++) line += " " + exact(descriptor->weight[t]);
  line += " invariants";
  for (int f = 0; f < mlgrain_model_features(model); f++) {
    const char *feature = mlgrain_model_feature(model, f);
    if (mlgrain_sfd_index(feature) < 0)
      error->all(FLERR, settings->name + ": compute sfd/atom has no descriptor '" + feature + "'");
    line += std::string(" ") + feature;
  }
  modify->add_compute(line);
  settings->own_descriptor = name;
  return name;
}

/* One line about the model in the log. */
void FixForestAtom::print_model() const
{
  const auto *info = mlgrain_forest_info(core->model->forest());
  std::string text = settings->name + ": " + core->model->metadata("target");
  const std::string units = core->model->metadata("units");
  const std::string data = core->model->metadata("training_set");
  if (!units.empty()) text += " (" + units + ")";
  text += " from " + std::to_string(info->trees) + " trees, " + std::to_string(info->nodes) +
      " nodes, " + std::to_string(info->features) + " features";
  for (int k = 0; k < info->classes; k++)
    text += (k ? ", " : "; classes: ") + std::to_string(k + 1) + " " +
        mlgrain_forest_class_name(core->model->forest(), k);
  if (!data.empty()) text += "; trained on " + data;
  utils::logmesg(lmp, text + "\n");
}

int FixForestAtom::setmask()
{
  return END_OF_STEP | MIN_POST_FORCE;
}

/* Computes that tally during a step must know the steps at which they are asked. */
void FixForestAtom::init()
{
  const bigint behind = update->ntimestep % nevery;
  modify->addstep_compute_all(behind ? update->ntimestep + nevery - behind : update->ntimestep);
}

/* Here and not in init(), where computes don't know their parameters yet. */
void FixForestAtom::setup(int /*vflag*/)
{
  if (core->atoms)
    core->atoms->check();
  else
    core->global->check();
  if (update->ntimestep % nevery != 0) return;
  evaluate();
  last_setup = update->ntimestep;
}

void FixForestAtom::min_setup(int vflag)
{
  setup(vflag);
}

void FixForestAtom::end_of_step()
{
  /* rerun calls setup and this for the same snapshot */
  if (last_setup != update->ntimestep) evaluate();
  last_setup = -1;
}

/* A line search evaluates forces many times in a step: only what will be seen is predicted. */
void FixForestAtom::min_post_force(int /*vflag*/)
{
  const bigint now = update->ntimestep;
  if (output->next == now || output->next_thermo == now || output->next_dump_any == now) evaluate();
}

void FixForestAtom::evaluate()
{
  modify->clearstep_compute();
  if (core->atoms)
    predict_atoms();
  else
    predict_global();
  modify->addstep_compute(update->ntimestep + nevery);
}

/* Means of prediction, spread, novelty and probabilities, and counts, from sums over this rank. */
void FixForestAtom::sum_up(const double *sums)
{
  MPI_Allreduce(sums, summary.data(), size_vector, MPI_DOUBLE, MPI_SUM, world);
  const double atoms = std::max(summary[FINITE], 1.0);
  for (int i = 0; i < MEANS; i++) summary[i] /= atoms;
  for (int k = 0; k < class_count(); k++) summary[ELEMENTS + k] /= atoms;
}

/* Adds a row of the output to sums. */
static void count(const double *row, int classes, double *sum)
{
  const int flags = (int) row[FLAGS];
  if (flags & MLGRAIN_ROW_NOT_FINITE) {
    sum[NOT_FINITE] += 1.0;
    return;
  }
  for (int c = 0; c < MEANS; c++) sum[c] += row[c];
  sum[FINITE] += 1.0;
  sum[OUT_OF_RANGE] += flags & MLGRAIN_ROW_OUT_OF_RANGE ? 1.0 : 0.0;
  sum[NOVEL] += flags & MLGRAIN_ROW_NOVEL ? 1.0 : 0.0;
  for (int k = 0; k < classes; k++) sum[ELEMENTS + k] += row[COLUMNS + k];
  if (classes) sum[ELEMENTS + classes + (int) row[PREDICTION] - 1] += 1.0;
}

/* Puts the results of row k of n together. */
static void collect(const Worker &worker, size_t k, size_t n, size_t classes, double *row)
{
  for (size_t c = 0; c < MEANS; c++) row[c] = worker.result[c * n + k];
  row[FLAGS] = worker.flags[k];
  for (size_t c = 0; c < classes; c++) row[COLUMNS + c] = worker.probability[k * classes + c];
}

/* Predicts the chosen atoms from first to before last. */
static void predict_range(const mlgrain_forest *forest, const AtomFeatures *features,
                          bool raw_spread, const std::vector<int> &chosen, size_t first,
                          size_t last, Worker &worker, double **array)
{
  const size_t classes = (size_t) mlgrain_forest_info(forest)->classes;
  worker.sum.assign(ELEMENTS + 2 * classes, 0.0);
  if (worker.status) return;    // there was no memory for it
  for (; first < last; first += most_rows) {
    const size_t n = std::min(last - first, most_rows), columns = features->count();
    worker.reserve(n, columns, classes);
    const auto output = worker.output(n, raw_spread);
    features->copy(&chosen[first], n, worker.rows.data());
    worker.status = mlgrain_forest_predict(forest, worker.workspace, n, worker.rows.data(), columns,
                                           &output, &worker.error);
    if (worker.status) return;
    for (size_t k = 0; k < n; k++) {
      double *row = array[chosen[first + k]];
      collect(worker, k, n, classes, row);
      count(row, (int) classes, worker.sum.data());
    }
  }
}

void FixForestAtom::predict_atoms()
{
  core->atoms->refresh(igroup);
  core->rows.chosen.clear();
  for (int i = 0; i < atom->nlocal; i++) {
    set_arrays(i);
    if (atom->mask[i] & groupbit) core->rows.chosen.push_back(i);
  }
  core->rows.run(
      comm->nthreads, [] { return new Worker; },
      [&](size_t first, size_t last, Worker &worker) {
        predict_range(core->model->forest(), core->atoms.get(), settings->raw_spread,
                      core->rows.chosen, first, last, worker, columns);
      });
  std::vector<double> sums((size_t) size_vector);
  const char *problem = core->rows.add_up(sums);
  if (problem) error->one(FLERR, settings->name + ": " + problem);
  sum_up(sums.data());
}

/* Every rank predicts the same row. */
void FixForestAtom::predict_global()
{
  const auto row = core->global->row();
  const size_t classes = (size_t) class_count();
  Worker worker;
  worker.reserve(1, row.size(), classes);
  const auto output = worker.output(1, settings->raw_spread);
  if (worker.status ||
      mlgrain_forest_predict(core->model->forest(), worker.workspace, 1, row.data(), row.size(),
                             &output, &worker.error))
    error->one(FLERR, settings->name + ": " + worker.error.text);
  std::vector<double> result(COLUMNS + classes);
  collect(worker, 0, 1, classes, result.data());
  std::fill(summary.begin(), summary.end(), 0.0);
  count(result.data(), (int) classes, summary.data());
}

const std::string &FixForestAtom::title() const
{
  return settings->name;
}

const mlgrain_forest *FixForestAtom::forest() const
{
  return core->model->forest();
}

AtomFeatures *FixForestAtom::features() const
{
  return core->atoms.get();
}

int FixForestAtom::class_count() const
{
  return mlgrain_forest_info(core->model->forest())->classes;
}

bool FixForestAtom::wants_raw_spread() const
{
  return settings->raw_spread;
}

double FixForestAtom::compute_vector(int i)
{
  return summary[i];
}

double FixForestAtom::memory_usage()
{
  const double bytes = FixColumns::memory_usage() + core->rows.memory_usage();
  return core->atoms ? bytes + core->atoms->memory_usage() : bytes;
}
