/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_soap_mean.h"

#include "atom_chunks.h"
#include "power_spectra.h"
#include "spectrum_projection.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "update.h"

#include <algorithm>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

ComputeSoapMean::ComputeSoapMean(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), name(std::string("Compute ") + id + " soap/mean"), is_sum(false)
{
  if (domain->dimension == 2) error->all(FLERR, name + " is for three-dimensional systems");
  spectra.reset(new PowerSpectra(lmp, name));
  int iarg = 3;
  spectra->parse_basis(narg, arg, iarg);
  while (iarg < narg) {
    const std::string keyword = arg[iarg++];
    if (keyword == "chunk") {
      if (iarg >= narg) error->all(FLERR, name + ": 'chunk' has no value");
      chunks.reset(new AtomChunks(lmp, name, arg[iarg++]));
    } else if (keyword == "project") {
      if (iarg >= narg) error->all(FLERR, name + ": 'project' has no value");
      projection.reset(new SpectrumProjection(lmp, name, arg[iarg++]));
    } else if (keyword == "sum") {
      is_sum = spectra->logical(keyword, narg, arg, iarg);
    } else if (!spectra->parse_keyword(keyword, narg, arg, iarg)) {
      error->all(FLERR, name + ": unknown keyword '" + keyword + "'");
    }
  }
  if (projection && is_sum) error->all(FLERR, name + ": 'project' is for means, not for sums");
  if (projection) projection->require(spectra->parameters());
  spectra->create({});
  const int components = (int) (projection ? projection->columns() : spectra->columns());
  if (chunks) {
    array_flag = 1;
    size_array_cols = components;
    size_array_rows = 0;
    size_array_rows_variable = 1;
    extarray = is_sum;
  } else {
    vector_flag = 1;
    size_vector = components;
    extvector = is_sum;
    mean.assign((size_t) components, 0.0);
    vector = mean.data();
  }
}

ComputeSoapMean::~ComputeSoapMean() {}

void ComputeSoapMean::init()
{
  spectra->raise_ghosts();
  if (chunks) chunks->init();
}

void ComputeSoapMean::setup()
{
  spectra->require_ghosts();
}

std::vector<double> ComputeSoapMean::sum_local(int count, const int *chunk)
{
  const size_t components = spectra->columns(), row_size = components + 1;    // last: atoms
  const size_t numbers = (size_t) count * row_size;
  std::vector<std::vector<double>> sums((size_t) comm->nthreads);
  spectra->visit(groupbit, [&](int thread, size_t atoms, const int32_t *who, const double *row) {
    auto &sum = sums[(size_t) thread];
    if (sum.empty()) sum.assign(numbers, 0.0);
    for (size_t i = 0; i < atoms; i++, row += components) {
      const int k = chunk ? chunk[who[i]] - 1 : 0;
      if (k < 0 || k >= count) continue;
      double *to = sum.data() + (size_t) k * row_size;
      for (size_t c = 0; c < components; c++) to[c] += row[c];
      to[components] += 1.0;
    }
  });
  std::vector<double> mine(numbers, 0.0);
  for (const auto &sum : sums)
    for (size_t i = 0; i < sum.size(); i++) mine[i] += sum[i];
  return mine;
}

/* Sums of all ranks; chunks without atoms get zeros. */
void ComputeSoapMean::sum_chunks(int count, const int *chunk)
{
  const size_t components = spectra->columns(), row_size = components + 1;
  const auto mine = sum_local(count, chunk);
  std::vector<double> all(mine.size(), 0.0);
  for (size_t k = 0; k < (size_t) count; k++)    // rows: MPI counts with an int
    MPI_Allreduce(&mine[k * row_size], &all[k * row_size], (int) row_size, MPI_DOUBLE, MPI_SUM,
                  world);
  mean.assign((size_t) count * components, 0.0);
  for (size_t k = 0; k < (size_t) count; k++) {
    const double atoms = all[k * row_size + components];
    const double factor = is_sum ? 1.0 : atoms > 0.0 ? 1.0 / atoms : 0.0;
    for (size_t c = 0; c < components; c++)
      mean[k * components + c] = factor * all[k * row_size + c];
  }
}

/* A mean's projection is the mean of the projections; chunks without atoms keep their zeros.
   Returns the numbers of a row. */
size_t ComputeSoapMean::project(int count)
{
  const size_t components = spectra->columns();
  if (!projection) return components;
  const size_t columns = projection->columns();
  auto projected = projection->of((size_t) count, mean);
  for (size_t k = 0; k < (size_t) count; k++)
    if (std::all_of(&mean[k * components], &mean[k * components] + components,
                    [](double value) { return value == 0.0; }))
      std::fill_n(&projected[k * columns], columns, 0.0);
  mean.swap(projected);
  return columns;
}

void ComputeSoapMean::compute_vector()
{
  invoked_vector = update->ntimestep;
  sum_chunks(1, nullptr);
  project(1);
  vector = mean.data();
}

void ComputeSoapMean::compute_array()
{
  invoked_array = update->ntimestep;
  const int count = chunks->count();
  sum_chunks(count, chunks->of_atoms());
  const size_t width = project(count);
  row.resize((size_t) count);
  for (size_t k = 0; k < row.size(); k++) row[k] = &mean[k * width];
  size_array_rows = count;
  array = row.data();
}

void ComputeSoapMean::lock_enable()
{
  if (chunks) chunks->lock_enable();
}

void ComputeSoapMean::lock_disable()
{
  if (chunks) chunks->lock_disable();
}

int ComputeSoapMean::lock_length()
{
  return chunks ? chunks->count() : 0;
}

void ComputeSoapMean::lock(Fix *fix, bigint first, bigint last)
{
  if (chunks) chunks->lock(fix, first, last);
}

void ComputeSoapMean::unlock(Fix *fix)
{
  if (chunks) chunks->unlock(fix);
}

double ComputeSoapMean::memory_usage()
{
  return (double) (sizeof(double) * mean.capacity()) + spectra->memory_usage() +
      (projection ? projection->memory_usage() : 0.0);
}
