/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_ler_count.h"

#include "atom_chunks.h"
#include "environment_library.h"

#include "comm.h"
#include "domain.h"
#include "error.h"
#include "update.h"

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

ComputeLerCount::ComputeLerCount(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), name(std::string("Compute ") + id + " ler/count"), wants_numbers(false)
{
  if (domain->dimension == 2) error->all(FLERR, name + " is for three-dimensional systems");
  if (narg < 4) error->all(FLERR, "Illegal compute ler/count command: expected a library");
  library.reset(new EnvironmentLibrary(lmp, name, arg[3]));
  for (int iarg = 4; iarg < narg;) {
    const std::string keyword = arg[iarg++];
    if (keyword == "chunk") {
      if (iarg >= narg) error->all(FLERR, name + ": 'chunk' has no value");
      chunks.reset(new AtomChunks(lmp, name, arg[iarg++]));
    } else if (keyword == "numbers") {
      wants_numbers = library->spectra().logical(keyword, narg, arg, iarg);
    } else if (!library->parse_keyword(keyword, narg, arg, iarg)) {
      error->all(FLERR, name + ": unknown keyword '" + keyword + "'");
    }
  }
  library->create();
  if (chunks) {
    array_flag = 1;
    size_array_cols = library->count();
    size_array_rows = 0;
    size_array_rows_variable = 1;
    extarray = wants_numbers;
  } else {
    vector_flag = 1;
    size_vector = library->count();
    extvector = wants_numbers;
    fraction.assign((size_t) size_vector, 0.0);
    vector = fraction.data();
  }
}

ComputeLerCount::~ComputeLerCount() {}

void ComputeLerCount::init()
{
  library->spectra().raise_ghosts();
  if (chunks) chunks->init();
}

void ComputeLerCount::setup()
{
  library->spectra().require_ghosts();
}

/* Numbers of atoms are exact, so that their order doesn't matter. Atoms of class 0 count in the
   number that fractions refer to. */
void ComputeLerCount::count_chunks(int count, const int *chunk)
{
  const size_t row_size = (size_t) library->count() + 1;    // class 0 first
  const size_t numbers = (size_t) count * row_size;
  std::vector<std::vector<double>> counts((size_t) comm->nthreads);
  library->visit(groupbit, [&](int thread, int i, const mlgrain_environment_match &match) {
    auto &mine = counts[(size_t) thread];
    if (mine.empty()) mine.assign(numbers, 0.0);
    const int k = chunk ? chunk[i] - 1 : 0;
    if (k >= 0 && k < count) mine[(size_t) k * row_size + (size_t) library->class_of(match)] += 1.0;
  });
  std::vector<double> mine(numbers, 0.0), all(numbers, 0.0);
  for (const auto &part : counts)
    for (size_t i = 0; i < part.size(); i++) mine[i] += part[i];
  for (size_t k = 0; k < (size_t) count; k++)
    MPI_Allreduce(&mine[k * row_size], &all[k * row_size], (int) row_size, MPI_DOUBLE, MPI_SUM,
                  world);
  fraction.clear();
  for (size_t k = 0; k < (size_t) count; k++) {
    double atoms = 0.0;
    for (size_t c = 0; c < row_size; c++) atoms += all[k * row_size + c];
    const double factor = wants_numbers ? 1.0 : atoms > 0.0 ? 1.0 / atoms : 0.0;
    for (size_t c = 1; c < row_size; c++) fraction.push_back(factor * all[k * row_size + c]);
  }
}

void ComputeLerCount::compute_vector()
{
  invoked_vector = update->ntimestep;
  count_chunks(1, nullptr);
  vector = fraction.data();
}

void ComputeLerCount::compute_array()
{
  invoked_array = update->ntimestep;
  const int count = chunks->count();
  count_chunks(count, chunks->of_atoms());
  row.resize((size_t) count);
  for (size_t k = 0; k < row.size(); k++) row[k] = &fraction[k * (size_t) library->count()];
  size_array_rows = count;
  array = row.data();
}

void ComputeLerCount::lock_enable()
{
  if (chunks) chunks->lock_enable();
}

void ComputeLerCount::lock_disable()
{
  if (chunks) chunks->lock_disable();
}

int ComputeLerCount::lock_length()
{
  return chunks ? chunks->count() : 0;
}

void ComputeLerCount::lock(Fix *fix, bigint first, bigint last)
{
  if (chunks) chunks->lock(fix, first, last);
}

void ComputeLerCount::unlock(Fix *fix)
{
  if (chunks) chunks->unlock(fix);
}

double ComputeLerCount::memory_usage()
{
  return (double) (sizeof(double) * fraction.capacity()) + library->memory_usage();
}
