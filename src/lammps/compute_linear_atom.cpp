/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_linear_atom.h"

#include "model_features.h"
#include "model_file.h"
#include "row_workers.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "memory.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* Columns, and elements of the global output: those of fix forest/atom. */
enum { PREDICTION, SPREAD, NOVELTY, FLAGS, COLUMNS };
enum { MEANS = 3, FINITE = 3, NOT_FINITE, OUT_OF_RANGE, NOVEL, ELEMENTS };

constexpr size_t most_rows = 4096;    // given to the core at a time

/* What one thread needs, and what it counts. */
struct Worker {
  std::vector<double> rows, result;
  std::vector<unsigned char> flags;
  std::vector<double> sum;    // as the global output, over the atoms of this thread
  mlgrain_status status = MLGRAIN_SUCCESS;
  mlgrain_error error = {""};

  Worker(size_t columns, size_t n) :
      rows(n * columns), result(MEANS * n), flags(n), sum((size_t) ELEMENTS)
  {
  }

  /* Predicts the first n of its rows; false if there is no memory. */
  bool predict(const mlgrain_linear *linear, size_t n, size_t columns)
  {
    double *first = result.data();
    const mlgrain_linear_output output = {first, first + n, first + 2 * n, flags.data()};
    status = mlgrain_linear_predict(linear, n, rows.data(), columns, &output, &error);
    return status == MLGRAIN_SUCCESS;
  }

  double memory_usage() const
  {
    return sizeof(double) * (double) (rows.capacity() + result.capacity()) +
        (double) flags.capacity();
  }

  /* Writes the results of row k of n, and adds them to the sums. */
  void collect(size_t k, size_t n, double *row)
  {
    for (size_t c = 0; c < MEANS; c++) row[c] = result[c * n + k];
    row[FLAGS] = flags[k];
    const bool finite = !(flags[k] & MLGRAIN_ROW_NOT_FINITE);
    for (size_t c = 0; c < MEANS; c++) sum[c] += row[c];
    sum[finite ? FINITE : NOT_FINITE] += 1.0;
    sum[OUT_OF_RANGE] += flags[k] & MLGRAIN_ROW_OUT_OF_RANGE ? 1.0 : 0.0;
    sum[NOVEL] += flags[k] & MLGRAIN_ROW_NOVEL ? 1.0 : 0.0;
  }
};

}    // namespace

struct ComputeLinearAtom::Core {
  std::string name;    // for messages: "Compute e linear/atom"
  std::unique_ptr<ModelFile> model;
  std::unique_ptr<AtomFeatures> atoms;    // one of these two
  std::unique_ptr<GlobalFeatures> global;
  RowWorkers<Worker> rows;
  std::vector<double> sums;     // of this rank, as the global output
  std::vector<double> total;    // the global output

  void predict(size_t first, size_t last, Worker &worker, double **array) const;
};

ComputeLinearAtom::ComputeLinearAtom(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), core(new Core), nmax(0), array(nullptr)
{
  core->name = std::string("Compute ") + id + " linear/atom";
  if (narg < 5)
    error->all(FLERR, "Illegal compute linear/atom command: expected a model file and inputs");
  bool global = false;
  for (int i = 4; i + 1 < narg; i++)    // decides how wildcards are expanded
    if (strcmp(arg[i], "mode") == 0) global = strcmp(arg[i + 1], "global") == 0;
  int taken;
  const auto words = take_inputs(lmp, narg - 4, &arg[4], global, taken);
  global = parse_mode(narg - 4 - taken, &arg[4 + taken]);
  core->model.reset(new ModelFile(lmp, core->name, arg[3], MLGRAIN_MODEL_LINEAR));
  if (global)
    core->global.reset(new GlobalFeatures(lmp, core->name, words, core->model->model()));
  else
    core->atoms.reset(new AtomFeatures(lmp, core->name, words, core->model->model()));

  if (!global) {
    peratom_flag = 1;
    size_peratom_cols = COLUMNS;
  }
  vector_flag = 1;
  size_vector = ELEMENTS;
  extvector = 0;
  core->total.assign((size_t) ELEMENTS, 0.0);
  vector = core->total.data();
  if (comm->me == 0) print_model();
}

ComputeLinearAtom::~ComputeLinearAtom()
{
  memory->destroy(array);
}

/* Whether the inputs are global. */
bool ComputeLinearAtom::parse_mode(int narg, char **arg)
{
  bool global = false;
  for (int i = 0; i < narg; i += 2) {
    const std::string value = i + 1 < narg ? arg[i + 1] : "";
    if (strcmp(arg[i], "mode") != 0)
      error->all(FLERR, core->name + ": '" + arg[i] + "' is neither an input nor a keyword");
    if (value != "atom" && value != "global")
      error->all(FLERR, core->name + ": 'mode' can't be '" + value + "'");
    global = value == "global";
  }
  return global;
}

/* One line about the model in the log. */
void ComputeLinearAtom::print_model() const
{
  const auto *info = mlgrain_linear_info(core->model->linear());
  const std::string units = core->model->metadata("units");
  const std::string data = core->model->metadata("training_set");
  std::string text = core->name + ": " + core->model->metadata("target");
  if (!units.empty()) text += " (" + units + ")";
  text += " from " + std::to_string(info->terms) + " terms of " + std::to_string(info->features) +
      " features";
  if (!data.empty()) text += "; trained on " + data;
  utils::logmesg(lmp, text + "\n");
}

void ComputeLinearAtom::setup()
{
  if (core->atoms)
    core->atoms->check();
  else
    core->global->check();
}

/* Predicts the chosen atoms from first to before last. */
void ComputeLinearAtom::Core::predict(size_t first, size_t last, Worker &worker,
                                      double **array) const
{
  std::fill(worker.sum.begin(), worker.sum.end(), 0.0);
  const size_t columns = atoms->count();
  for (; first < last; first += most_rows) {
    const size_t n = std::min(last - first, most_rows);
    atoms->copy(&rows.chosen[first], n, worker.rows.data());
    if (!worker.predict(model->linear(), n, columns)) return;
    for (size_t r = 0; r < n; r++) worker.collect(r, n, array[rows.chosen[first + r]]);
  }
}

void ComputeLinearAtom::compute_peratom()
{
  invoked_peratom = update->ntimestep;
  if (atom->nmax > nmax) {
    memory->destroy(array);
    nmax = atom->nmax;
    memory->create(array, nmax, size_peratom_cols, "linear/atom:array");
    array_atom = array;
  }
  core->atoms->refresh(igroup);
  core->rows.chosen.clear();
  for (int i = 0; i < atom->nlocal; i++) {
    std::fill_n(array[i], size_peratom_cols, 0.0);
    if (atom->mask[i] & groupbit) core->rows.chosen.push_back(i);
  }
  core->rows.run(
      comm->nthreads, [&] { return new Worker(core->atoms->count(), most_rows); },
      [&](size_t first, size_t last, Worker &worker) {
        core->predict(first, last, worker, array);
      });
  core->sums.resize((size_t) ELEMENTS);
  const char *problem = core->rows.add_up(core->sums);
  if (problem) error->one(FLERR, core->name + ": " + problem);
}

/* Means and counts; of one prediction from global numbers, which every rank makes. */
void ComputeLinearAtom::compute_vector()
{
  invoked_vector = update->ntimestep;
  if (core->atoms) {
    if (invoked_peratom != update->ntimestep) {
      compute_peratom();
      invoked_flag |= INVOKED_PERATOM;
    }
    MPI_Allreduce(core->sums.data(), vector, ELEMENTS, MPI_DOUBLE, MPI_SUM, world);
    for (int i = 0; i < MEANS; i++) vector[i] /= std::max(vector[FINITE], 1.0);
    return;
  }
  const auto row = core->global->row();
  Worker worker(row.size(), 1);
  double result[COLUMNS];
  worker.rows = row;
  if (!worker.predict(core->model->linear(), 1, row.size()))
    error->one(FLERR, core->name + ": " + worker.error.text);
  worker.collect(0, 1, result);
  std::copy(worker.sum.begin(), worker.sum.end(), core->total.begin());
}

double ComputeLinearAtom::memory_usage()
{
  return sizeof(double) * nmax * (double) size_peratom_cols + core->rows.memory_usage() +
      (core->atoms ? core->atoms->memory_usage() : 0.0);
}
