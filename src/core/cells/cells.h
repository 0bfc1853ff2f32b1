/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what kernels see of struct mlgrain_cells. */
#ifndef MLGRAIN_CELLS_PRIVATE_H
#define MLGRAIN_CELLS_PRIVATE_H

#include "mlgrain/cells.h"

enum {
  /* A cell's edge is at least cutoff/REACH, so a sphere of that radius around a point of a cell
     touches no more than (2 REACH + 1)^3 cells. With 2 the search visits 3.7 times the sphere's
     volume, with 1 it is 6.4 times, with 3 more runs than pay. */
  MLGRAIN_CELLS_REACH = 2,
  MLGRAIN_CELLS_RUNS = (2 * MLGRAIN_CELLS_REACH + 1) * (2 * MLGRAIN_CELLS_REACH + 1),
  /* readable points behind the last, so that vector loads may run over the end */
  MLGRAIN_CELLS_PADDING = 8
};

struct mlgrain_cells {
  size_t n;
  double cutoff;
  double low[3], inverse_edge[3];
  int32_t size[3];
  uint32_t
      *start; /* [size0*size1*size2 + 1]: cell c holds sorted points start[c] .. start[c+1]-1 */
  double *x, *y, *z; /* [n + padding]: sorted positions */
  int32_t *index;    /* [n]: place of a sorted point in the caller's order */
};

/* Sorted points first .. last-1. */
struct mlgrain_run {
  uint32_t first, last;
};

/* The runs of sorted points that hold every point within the cutoff of any point of the cells
   `cell` to cell + span - 1, which must lie in one row along x: cells along x are contiguous, so
   each (y, z) offset gives one. Returns how many, at most MLGRAIN_CELLS_RUNS; empty ones are left
   out. */
int mlgrain_cells_runs(const struct mlgrain_cells *cells, size_t cell, int32_t span,
                       struct mlgrain_run runs[MLGRAIN_CELLS_RUNS]);

#endif
