/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rank_sums.h"

#include "comm.h"
#include "error.h"
#include "lammps.h"

#include <algorithm>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

RankSums::RankSums(LAMMPS *lmp, const std::string &owner, size_t width) :
    lmp(lmp), owner(owner), width(width), held(nullptr)
{
  make();
}

RankSums::~RankSums()
{
  mlgrain_keyed_sums_free(held);
}

void RankSums::make()
{
  mlgrain_keyed_sums_free(held);
  mlgrain_error text;
  if (mlgrain_keyed_sums_create(width, &held, &text))
    lmp->error->one(FLERR, owner + ": " + text.text);
}

double *RankSums::at(int64_t a, int64_t b, int64_t c)
{
  double *values = mlgrain_keyed_sums_at(held, a, b, c);
  if (!values) lmp->error->one(FLERR, owner + ": out of memory for sums by key");
  return values;
}

namespace {

std::vector<int> starts_of(const std::vector<int> &counts)
{
  std::vector<int> starts(counts.size() + 1, 0);
  for (size_t p = 0; p < counts.size(); p++) starts[p + 1] = starts[p] + counts[p];
  return starts;
}

std::vector<int> times(std::vector<int> counts, size_t factor)
{
  for (auto &count : counts) count *= (int) factor;
  return counts;
}

}    // namespace

void RankSums::gather()
{
  const int nprocs = lmp->comm->nprocs;
  const int mine = (int) count();
  std::vector<int> counts((size_t) nprocs, 0);
  MPI_Gather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, lmp->world);
  const auto key_counts = times(counts, 3), value_counts = times(counts, width);
  const auto key_starts = starts_of(key_counts), value_starts = starts_of(value_counts);
  const bool is_root = lmp->comm->me == 0;
  std::vector<int64_t> keys(is_root ? (size_t) key_starts.back() : 0);
  std::vector<double> values(is_root ? (size_t) value_starts.back() : 0);
  MPI_Gatherv(mlgrain_keyed_sums_keys(held), 3 * mine, MPI_INT64_T, keys.data(), key_counts.data(),
              key_starts.data(), MPI_INT64_T, 0, lmp->world);
  MPI_Gatherv(mlgrain_keyed_sums_values(held), (int) width * mine, MPI_DOUBLE, values.data(),
              value_counts.data(), value_starts.data(), MPI_DOUBLE, 0, lmp->world);
  make();
  if (!is_root) return;
  for (size_t k = 0; k < keys.size() / 3; k++) {
    double *sum = at(keys[3 * k], keys[3 * k + 1], keys[3 * k + 2]);
    for (size_t w = 0; w < width; w++) sum[w] += values[width * k + w];
  }
  mlgrain_keyed_sums_sort(held);
}

void MLGRAIN_NS::sum_over_ranks(MPI_Comm world, std::vector<double> &values)
{
  std::vector<double> sum(values.size());
  MPI_Reduce(values.data(), sum.data(), (int) values.size(), MPI_DOUBLE, MPI_SUM, 0, world);
  MPI_Bcast(sum.data(), (int) sum.size(), MPI_DOUBLE, 0, world);
  values.swap(sum);
}
