/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the work on a potential is divided among the threads of a GPU, for GPUs and potentials of
   many sizes: what the kernel and Kokkos take for granted. */
#include "mtp_shape.h"

#include <cstdio>

using namespace MLGRAIN_NS;

namespace
{

int failures = 0;

void check(bool ok, const MTPProblem &problem, const MTPShape &shape, const char *what)
{
  if (ok)
    return;
  failures++;
  printf("%s: %d atoms, %d near, %d + %d per row: %d lanes, %d workers, %d rows, chunk %d, %d\n",
         what, problem.atoms, problem.most_near, problem.numbers, problem.numbers_of_row,
         shape.lanes, shape.workers, shape.rows, shape.chunk, shape.scratch);
}

void try_shape(const MTPProblem &problem, int processors, size_t shared)
{
  const auto shape = choose_mtp_shape(problem, true, processors, shared);
  const int threads = shape.lanes * shape.workers;
  const double bytes = (double)sizeof(real) * shape.lanes *
                       (problem.numbers + (double)problem.numbers_of_row * shape.rows);
  check(shape.rows >= ROW_BLOCK && shape.rows % ROW_BLOCK == 0, problem, shape, "rows");
  check(threads >= 32 && threads <= 256 && (threads & (threads - 1)) == 0, problem, shape,
        "threads");
  check(shape.scratch == -1 || (shape.scratch == 0 && bytes <= (double)shared), problem, shape,
        "shared memory");
  check(shape.chunk >= 1 && shape.chunk % shape.lanes == 0, problem, shape, "chunk");
  if (shape.scratch == -1)
    check(bytes / shape.lanes * shape.chunk <= 4e9, problem, shape, "global memory");
  check(4.0 * problem.list_length * shape.chunk <= 1e9 || shape.chunk == shape.lanes, problem,
        shape, "lists");
}

} // namespace

int main()
{
  int tried = 0;
  for (const int atoms : {0, 1, 31, 1000, 100000, 10000000})
    for (const int near : {0, 1, 23, 60, 112, 500})
      for (const int numbers : {50, 400, 1500, 3000, 6000, 40000})
        for (const int row : {20, 45, 120})
          for (const int processors : {1, 80, 132})
            for (const size_t shared : {20000u, 48000u, 200000u}) {
              try_shape({atoms, near, 2 * near + 16, numbers, row}, processors, shared);
              tried++;
            }
  printf("%d passed, %d failed\n", tried - failures, failures);
  return failures ? 1 : 0;
}
