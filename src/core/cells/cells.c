/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cells.h"

#include <math.h>
#include <stdlib.h>

#include "base/error_text.h"

static enum mlgrain_status find_bounds(size_t n, const double (*x)[3], double low[3],
                                       double high[3], size_t *bad)
{
  for (int d = 0; d < 3; d++) {
    low[d] = n ? x[0][d] : 0.0;
    high[d] = low[d];
  }
  for (size_t i = 0; i < n; i++) {
    for (int d = 0; d < 3; d++) {
      if (!isfinite(x[i][d])) {
        if (bad)
          *bad = i;
        return MLGRAIN_NOT_FINITE;
      }
      low[d] = fmin(low[d], x[i][d]);
      high[d] = fmax(high[d], x[i][d]);
      if (!isfinite(high[d] - low[d])) {
        if (bad)
          *bad = i;
        return MLGRAIN_NOT_FINITE;
      }
    }
  }
  return MLGRAIN_SUCCESS;
}

/* Cells of edge cutoff/REACH, or larger where that would give more cells than points warrant: a
   few far-off points must not make the grid huge. */
static void choose_grid(struct mlgrain_cells *cells, const double high[3])
{
  const double most_cells = fmin(64.0 + 4.0 * (double)cells->n, 1e9);
  /* A little more, so that rounding never puts a point within the cutoff beyond the reach: a
     scaled coordinate, up to 1e9 of them in a row, is off by some 1e-7 at most. */
  double edge = cells->cutoff / MLGRAIN_CELLS_REACH * (1.0 + 1e-6);
  for (;;) {
    double count = 1.0;
    for (int d = 0; d < 3; d++)
      count *= floor((high[d] - cells->low[d]) / edge) + 1.0;
    if (count <= most_cells)
      break;
    edge *= 1.26;
  }
  for (int d = 0; d < 3; d++) {
    cells->inverse_edge[d] = 1.0 / edge;
    cells->size[d] = (int32_t)floor((high[d] - cells->low[d]) / edge) + 1;
  }
}

static int32_t coordinate(const struct mlgrain_cells *cells, int d, double x)
{
  const int32_t c = (int32_t)((x - cells->low[d]) * cells->inverse_edge[d]);
  return c < cells->size[d] ? c : cells->size[d] - 1;
}

static size_t cell_of(const struct mlgrain_cells *cells, const double x[3])
{
  const size_t nx = (size_t)cells->size[0], ny = (size_t)cells->size[1];
  const size_t cx = (size_t)coordinate(cells, 0, x[0]);
  const size_t cy = (size_t)coordinate(cells, 1, x[1]);
  const size_t cz = (size_t)coordinate(cells, 2, x[2]);
  return (cz * ny + cy) * nx + cx;
}

/* Counting sort; stable, so that points keep the caller's order within a cell. Afterwards
   start[c] has moved to the end of cell c, which is the start of c + 1: shift back by one. */
static void sort_points(struct mlgrain_cells *cells, const double (*x)[3])
{
  const size_t count = mlgrain_cells_count(cells);
  uint32_t *start = cells->start;
  for (size_t i = 0; i < cells->n; i++)
    start[cell_of(cells, x[i]) + 1]++;
  for (size_t c = 0; c < count; c++)
    start[c + 1] += start[c];
  for (size_t i = 0; i < cells->n; i++) {
    const uint32_t place = start[cell_of(cells, x[i])]++;
    cells->x[place] = x[i][0];
    cells->y[place] = x[i][1];
    cells->z[place] = x[i][2];
    cells->index[place] = (int32_t)i;
  }
  for (size_t c = count; c > 0; c--)
    start[c] = start[c - 1];
  start[0] = 0;
}

static int allocate(struct mlgrain_cells *cells)
{
  const size_t padded = cells->n + MLGRAIN_CELLS_PADDING;
  cells->start = calloc(mlgrain_cells_count(cells) + 1, sizeof *cells->start);
  cells->x = calloc(padded, sizeof *cells->x);
  cells->y = calloc(padded, sizeof *cells->y);
  cells->z = calloc(padded, sizeof *cells->z);
  cells->index = malloc(padded * sizeof *cells->index);
  return cells->start && cells->x && cells->y && cells->z && cells->index;
}

enum mlgrain_status mlgrain_cells_create(size_t n, const double (*x)[3], double cutoff,
                                         struct mlgrain_cells **cells, size_t *bad,
                                         struct mlgrain_error *error)
{
  double high[3];
  *cells = NULL;
  if (!(cutoff >= MLGRAIN_SMALLEST_LENGTH && cutoff <= MLGRAIN_LARGEST_LENGTH))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "cutoff %g is not within %g to %g", cutoff,
                        MLGRAIN_SMALLEST_LENGTH, MLGRAIN_LARGEST_LENGTH);
  if (n > INT32_MAX)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%zu points are more than 2^31 - 1", n);
  struct mlgrain_cells *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for the cell grid");
  made->n = n;
  made->cutoff = cutoff;
  size_t culprit = 0;
  if (find_bounds(n, x, made->low, high, &culprit)) {
    if (bad)
      *bad = culprit;
    free(made);
    return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "point %zu has a coordinate that is not finite",
                        culprit);
  }
  choose_grid(made, high);
  if (!allocate(made)) {
    mlgrain_cells_free(made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu points", n);
  }
  sort_points(made, x);
  *cells = made;
  return MLGRAIN_SUCCESS;
}

void mlgrain_cells_free(struct mlgrain_cells *cells)
{
  if (!cells)
    return;
  free(cells->start);
  free(cells->x);
  free(cells->y);
  free(cells->z);
  free(cells->index);
  free(cells);
}

size_t mlgrain_cells_count(const struct mlgrain_cells *cells)
{
  return (size_t)cells->size[0] * (size_t)cells->size[1] * (size_t)cells->size[2];
}

size_t mlgrain_cells_memory(const struct mlgrain_cells *cells)
{
  const size_t per_point = 3 * sizeof(double) + sizeof *cells->index;
  return sizeof *cells + (cells->n + MLGRAIN_CELLS_PADDING) * per_point +
         (mlgrain_cells_count(cells) + 1) * sizeof *cells->start;
}

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
  return value < low ? low : value > high ? high : value;
}

int mlgrain_cells_runs(const struct mlgrain_cells *cells, size_t cell, int32_t span,
                       struct mlgrain_run runs[MLGRAIN_CELLS_RUNS])
{
  const int32_t nx = cells->size[0], ny = cells->size[1], nz = cells->size[2];
  const int32_t cx = (int32_t)(cell % (size_t)nx);
  const int32_t cy = (int32_t)(cell / (size_t)nx % (size_t)ny);
  const int32_t cz = (int32_t)(cell / (size_t)nx / (size_t)ny);
  const int32_t reach = MLGRAIN_CELLS_REACH;
  const size_t x_low = (size_t)clamp(cx - reach, 0, nx - 1);
  const size_t x_high = (size_t)clamp(cx + span - 1 + reach, 0, nx - 1);
  int count = 0;
  for (int32_t z = clamp(cz - reach, 0, nz - 1); z <= clamp(cz + reach, 0, nz - 1); z++) {
    for (int32_t y = clamp(cy - reach, 0, ny - 1); y <= clamp(cy + reach, 0, ny - 1); y++) {
      const size_t row = ((size_t)z * (size_t)ny + (size_t)y) * (size_t)nx;
      const struct mlgrain_run run = {cells->start[row + x_low], cells->start[row + x_high + 1]};
      if (run.first < run.last)
        runs[count++] = run;
    }
  }
  return count;
}
