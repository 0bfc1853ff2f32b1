/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "directions.h"

#include "base/error_text.h"
#include "base/vector3.h"

static void sum_around(const struct mlgrain_cells *cells, const int32_t *place, double radius2,
                       uint32_t center, int run_count, const struct mlgrain_run *run, add_near *add,
                       const void *context, double sum[DIRECTIONS][3])
{
  const int32_t own = place[cells->index[center]];
  for (int r = 0; r < run_count; r++)
    for (uint32_t j = run[r].first; j < run[r].last; j++) {
      const double dx = cells->x[j] - cells->x[center], dy = cells->y[j] - cells->y[center],
                   dz = cells->z[j] - cells->z[center];
      if (dx * dx + dy * dy + dz * dz < radius2)
        add(context, own, place[cells->index[j]], sum);
    }
}

enum mlgrain_status find_directions(const struct mlgrain_cells *cells, const int32_t *place,
                                    double radius, size_t count, add_near *add, const void *context,
                                    double (*direction)[DIRECTIONS][3], struct mlgrain_error *error)
{
  if (!(radius > 0.0 && radius <= cells->cutoff))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "cells made for cutoff %g cannot serve a radius of %g", cells->cutoff,
                        radius);
  const size_t cell_count = mlgrain_cells_count(cells);
  for (size_t c = 0; c < cell_count; c++) {
    struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
    int run_count = 0;
    for (uint32_t i = cells->start[c]; i < cells->start[c + 1]; i++) {
      const int32_t own = place[cells->index[i]];
      if ((size_t)own >= count)
        continue;
      if (!run_count)
        run_count = mlgrain_cells_runs(cells, c, 1, run);
      double sum[DIRECTIONS][3] = {{0.0}};
      sum_around(cells, place, radius * radius, i, run_count, run, add, context, sum);
      for (int k = 0; k < DIRECTIONS; k++) {
        const double length = norm3(sum[k]);
        for (int d = 0; d < 3; d++)
          direction[own][k][d] = length > 0.0 ? sum[k][d] / length : 0.0;
      }
    }
  }
  return MLGRAIN_SUCCESS;
}
