/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_gmm_atom.h"

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

enum { CLASS, LIKELIHOOD, RESPONSIBILITY };    // columns, the last one first of several

constexpr size_t most_rows = 4096;    // given to the core at a time

/* What one thread needs. */
struct Worker {
  std::vector<double> rows, likelihood, responsibility;
  std::vector<int> class_index;
  std::vector<unsigned char> flags;
  std::vector<double> sum;    // atoms of each class, not finite, out of range
  mlgrain_status status = MLGRAIN_SUCCESS;
  mlgrain_error error = {""};

  Worker(size_t columns, size_t classes) :
      rows(most_rows * columns), likelihood(most_rows), responsibility(most_rows * classes),
      class_index(most_rows), flags(most_rows), sum(classes + 2)
  {
  }

  double memory_usage() const
  {
    return sizeof(double) *
        (double) (rows.capacity() + likelihood.capacity() + responsibility.capacity()) +
        (sizeof(int) + 1.0) * (double) most_rows;
  }
};

}    // namespace

struct ComputeGMMAtom::Core {
  std::string name;    // for messages: "Compute g gmm/atom"
  std::unique_ptr<ModelFile> model;
  std::unique_ptr<AtomFeatures> features;
  bool responsibilities = true;
  int classes = 0;
  RowWorkers<Worker> rows;
  std::vector<double> counts;    // of this rank, as in Worker
  std::vector<double> total;     // of all ranks: the global output

  void predict(size_t first, size_t last, Worker &worker, double **array) const;
};

ComputeGMMAtom::ComputeGMMAtom(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), core(new Core), nmax(0), array(nullptr)
{
  core->name = std::string("Compute ") + id + " gmm/atom";
  if (narg < 5)
    error->all(FLERR, "Illegal compute gmm/atom command: expected a model file and inputs");
  int taken;
  const auto words = take_inputs(lmp, narg - 4, &arg[4], false, taken);
  parse_options(narg - 4 - taken, &arg[4 + taken]);
  core->model.reset(new ModelFile(lmp, core->name, arg[3], MLGRAIN_MODEL_GAUSSIAN_MIXTURE));
  core->features.reset(new AtomFeatures(lmp, core->name, words, core->model->model()));
  core->classes = mlgrain_gmm_classes(core->model->mixture());

  peratom_flag = 1;
  size_peratom_cols = RESPONSIBILITY + (core->responsibilities ? core->classes : 0);
  vector_flag = 1;
  size_vector = core->classes + 2;
  extvector = 1;
  core->total.assign((size_t) size_vector, 0.0);
  vector = core->total.data();
  if (comm->me == 0) print_model();
}

ComputeGMMAtom::~ComputeGMMAtom()
{
  memory->destroy(array);
}

void ComputeGMMAtom::parse_options(int narg, char **arg)
{
  for (int i = 0; i < narg; i += 2) {
    if (strcmp(arg[i], "responsibilities") != 0)
      error->all(FLERR, core->name + ": '" + arg[i] + "' is neither an input nor a keyword");
    if (i + 1 >= narg) error->all(FLERR, core->name + ": 'responsibilities' needs yes or no");
    core->responsibilities = utils::logical(FLERR, arg[i + 1], false, lmp) != 0;
  }
}

/* One line about the model in the log. */
void ComputeGMMAtom::print_model() const
{
  std::string text = core->name + ": " + std::to_string(core->classes) + " classes";
  for (int k = 0; k < core->classes; k++) {
    const char *known = mlgrain_gmm_class_name(core->model->mixture(), k);
    if (known) text += (k ? ", " : ": ") + std::to_string(k + 1) + " " + known;
  }
  const std::string data = core->model->metadata("training_set");
  if (!data.empty()) text += "; trained on " + data;
  utils::logmesg(lmp, text + "\n");
}

void ComputeGMMAtom::setup()
{
  core->features->check();
}

/* Classifies the chosen atoms from first to before last. */
void ComputeGMMAtom::Core::predict(size_t first, size_t last, Worker &worker, double **array) const
{
  std::fill(worker.sum.begin(), worker.sum.end(), 0.0);
  const size_t columns = features->count(), k = (size_t) classes;
  const mlgrain_gmm_output output = {worker.class_index.data(), worker.likelihood.data(),
                                     responsibilities ? worker.responsibility.data() : nullptr,
                                     worker.flags.data()};
  for (; first < last; first += most_rows) {
    const size_t n = std::min(last - first, most_rows);
    features->copy(&rows.chosen[first], n, worker.rows.data());
    worker.status = mlgrain_gmm_predict(model->mixture(), n, worker.rows.data(), columns, &output,
                                        &worker.error);
    if (worker.status) return;
    for (size_t r = 0; r < n; r++) {
      double *row = array[rows.chosen[first + r]];
      row[CLASS] = worker.class_index[r] + 1;
      row[LIKELIHOOD] = worker.likelihood[r];
      if (responsibilities) std::copy_n(&worker.responsibility[r * k], k, row + RESPONSIBILITY);
      const bool finite = worker.class_index[r] >= 0;
      worker.sum[finite ? (size_t) worker.class_index[r] : k] += 1.0;
      worker.sum[k + 1] += worker.flags[r] & MLGRAIN_ROW_OUT_OF_RANGE ? 1.0 : 0.0;
    }
  }
}

void ComputeGMMAtom::compute_peratom()
{
  invoked_peratom = update->ntimestep;
  if (atom->nmax > nmax) {
    memory->destroy(array);
    nmax = atom->nmax;
    memory->create(array, nmax, size_peratom_cols, "gmm/atom:array");
    array_atom = array;
  }
  core->features->refresh(igroup);
  core->rows.chosen.clear();
  for (int i = 0; i < atom->nlocal; i++) {
    std::fill_n(array[i], size_peratom_cols, 0.0);
    if (atom->mask[i] & groupbit) core->rows.chosen.push_back(i);
  }
  core->rows.run(
      comm->nthreads, [&] { return new Worker(core->features->count(), (size_t) core->classes); },
      [&](size_t first, size_t last, Worker &worker) {
        core->predict(first, last, worker, array);
      });
  core->counts.resize((size_t) size_vector);
  const char *problem = core->rows.add_up(core->counts);
  if (problem) error->one(FLERR, core->name + ": " + problem);
}

const std::string &ComputeGMMAtom::title() const
{
  return core->name;
}

const mlgrain_gmm *ComputeGMMAtom::mixture() const
{
  return core->model->mixture();
}

const AtomFeatures &ComputeGMMAtom::features() const
{
  return *core->features;
}

bool ComputeGMMAtom::gives_responsibilities() const
{
  return core->responsibilities;
}

std::vector<double> &ComputeGMMAtom::local_counts()
{
  return core->counts;
}

void ComputeGMMAtom::compute_vector()
{
  invoked_vector = update->ntimestep;
  if (invoked_peratom != update->ntimestep) {
    compute_peratom();
    invoked_flag |= INVOKED_PERATOM;
  }
  MPI_Allreduce(core->counts.data(), vector, size_vector, MPI_DOUBLE, MPI_SUM, world);
}

double ComputeGMMAtom::memory_usage()
{
  return sizeof(double) * nmax * (double) size_peratom_cols + core->rows.memory_usage() +
      core->features->memory_usage();
}
