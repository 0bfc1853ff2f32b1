/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all ranks have, put together on rank 0, and what rank 0 found, told to all. */
#ifndef MLGRAIN_RANK_SUMS_H
#define MLGRAIN_RANK_SUMS_H

#include "mlgrain/keyed_sums.h"

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

/* mlgrain_keyed_sums of one rank, later of all. Lack of memory stops the run with an error. */
class RankSums {
 public:
  RankSums(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, size_t width);
  ~RankSums();
  RankSums(const RankSums &) = delete;
  RankSums &operator=(const RankSums &) = delete;

  double *at(int64_t a, int64_t b, int64_t c = 0);
  mlgrain_keyed_sums *sums() { return held; }
  size_t columns() const { return width; }
  size_t count() const { return mlgrain_keyed_sums_count(held); }
  const int64_t *key(size_t k) const { return mlgrain_keyed_sums_keys(held) + 3 * k; }
  const double *value(size_t k) const { return mlgrain_keyed_sums_values(held) + width * k; }

  /* Rank 0 gets the sums over all ranks, sorted by key; others have none any more. All ranks call
     this at once. */
  void gather();

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  size_t width;
  mlgrain_keyed_sums *held;

  void make();
};

/* Sums over all ranks, the same numbers on each, digit by digit. */
void sum_over_ranks(MPI_Comm world, std::vector<double> &values);

/* A vector of rank 0 to all ranks. */
template <class Number>
void broadcast(MPI_Comm world, MPI_Datatype type, std::vector<Number> &values)
{
  long long count = (long long) values.size();
  MPI_Bcast(&count, 1, MPI_LONG_LONG, 0, world);
  values.resize((size_t) count);
  MPI_Bcast(values.data(), (int) count, type, 0, world);
}

}    // namespace MLGRAIN_NS

#endif
