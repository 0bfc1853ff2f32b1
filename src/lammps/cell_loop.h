/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Divides the cells of a rank among its OpenMP threads. */
#ifndef MLGRAIN_CELL_LOOP_H
#define MLGRAIN_CELL_LOOP_H

#include "mlgrain/cells.h"
#include "mlgrain/error.h"

#include <algorithm>

namespace MLGRAIN_NS {

/* Calls work(first, last, &error) for consecutive ranges that together hold every cell; each call
   returns a mlgrain_status. Returns the first one that is not MLGRAIN_SUCCESS, with its text.
   Chunks are small enough to balance a half-empty box, and large enough that starting one costs
   nothing. */
template <class Work>
mlgrain_status for_all_cells(const mlgrain_cells *cells, int nthreads, mlgrain_error *error,
                             const Work &work)
{
  const long count = (long) mlgrain_cells_count(cells);
  const long chunk = std::clamp(count / (16L * nthreads), 32L, 4096L);
  mlgrain_status status = MLGRAIN_SUCCESS;
#if defined(_OPENMP)
#pragma omp parallel for schedule(dynamic) num_threads(nthreads)
#endif
  for (long first = 0; first < count; first += chunk) {
    mlgrain_error text;
    const auto mine = work((size_t) first, (size_t) std::min(first + chunk, count), &text);
    if (mine) {
#if defined(_OPENMP)
#pragma omp critical(mlgrain_cell_loop)
#endif
      if (!status) {
        status = mine;
        *error = text;
      }
    }
  }
  return status;
}

}    // namespace MLGRAIN_NS

#endif
