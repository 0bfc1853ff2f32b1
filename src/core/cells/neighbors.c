/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/neighbors.h"

#include <stdlib.h>

#include "base/error_text.h"
#include "cells.h"

/* Makes room for `needed` elements. */
static int reserve(void **array, size_t size, size_t *room, size_t needed)
{
  if (*array && needed <= *room)
    return 1;
  const size_t larger = needed + needed / 2 + 64;
  void *grown = realloc(*array, larger * size);
  if (!grown)
    return 0;
  *array = grown;
  *room = larger;
  return 1;
}

/* Room for so many more centers of so many neighbors each, however many of these turn out near. */
static int reserve_lists(struct mlgrain_neighbors *lists, size_t centers, size_t candidates)
{
  const size_t used = lists->count ? lists->start[lists->count] : 0;
  void *center = lists->center, *start = lists->start, *neighbor = lists->neighbor;
  size_t start_room = lists->center_room + 1;
  int done = reserve(&start, sizeof *lists->start, &start_room, lists->count + centers + 1);
  lists->start = start;
  done =
      done && reserve(&center, sizeof *lists->center, &lists->center_room, lists->count + centers);
  lists->center = center;
  done = done && reserve(&neighbor, sizeof *lists->neighbor, &lists->neighbor_room,
                         used + centers * candidates);
  lists->neighbor = neighbor;
  return done;
}

/* The neighbors of the sorted point i; returns their number. Every candidate is written, and the
   next one over it if it is too far. */
static size_t find(const struct mlgrain_cells *cells, uint32_t i, double cutoff2, int run_count,
                   const struct mlgrain_run *run, int *neighbor)
{
  const double x = cells->x[i], y = cells->y[i], z = cells->z[i];
  size_t count = 0;
  for (int r = 0; r < run_count; r++)
    for (uint32_t j = run[r].first; j < run[r].last; j++) {
      const double dx = cells->x[j] - x, dy = cells->y[j] - y, dz = cells->z[j] - z;
      neighbor[count] = cells->index[j];
      count += (dx * dx + dy * dy + dz * dz < cutoff2) & (j != i);
    }
  return count;
}

static enum mlgrain_status add_cell(const struct mlgrain_cells *cells, double cutoff2, size_t cell,
                                    const unsigned char *chosen, struct mlgrain_neighbors *lists)
{
  const uint32_t first = cells->start[cell], last = cells->start[cell + 1];
  size_t centers = 0, candidates = 0;
  for (uint32_t i = first; i < last; i++)
    centers += chosen[cells->index[i]] != 0;
  if (!centers)
    return MLGRAIN_SUCCESS;
  struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
  const int run_count = mlgrain_cells_runs(cells, cell, 1, run);
  for (int r = 0; r < run_count; r++)
    candidates += run[r].last - run[r].first;
  if (!reserve_lists(lists, centers, candidates))
    return MLGRAIN_OUT_OF_MEMORY;
  if (!lists->count)
    lists->start[0] = 0;
  for (uint32_t i = first; i < last; i++) {
    if (!chosen[cells->index[i]])
      continue;
    const size_t used = lists->start[lists->count];
    lists->center[lists->count++] = cells->index[i];
    lists->start[lists->count] =
        used + find(cells, i, cutoff2, run_count, run, lists->neighbor + used);
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_neighbors_find(const struct mlgrain_cells *cells, double cutoff,
                                           size_t first_cell, size_t last_cell,
                                           const unsigned char *chosen,
                                           struct mlgrain_neighbors *lists,
                                           struct mlgrain_error *error)
{
  lists->count = 0;
  if (cells->cutoff < cutoff)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "cells made for cutoff %g cannot serve lists with cutoff %g", cells->cutoff,
                        cutoff);
  if (last_cell > mlgrain_cells_count(cells))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "cell %zu is beyond the last, %zu",
                        last_cell, mlgrain_cells_count(cells));
  for (size_t cell = first_cell; cell < last_cell; cell++)
    if (add_cell(cells, cutoff * cutoff, cell, chosen, lists))
      return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for neighbor lists");
  return MLGRAIN_SUCCESS;
}

void mlgrain_neighbors_free(struct mlgrain_neighbors *lists)
{
  free(lists->center);
  free(lists->start);
  free(lists->neighbor);
  *lists = (struct mlgrain_neighbors){0};
}
