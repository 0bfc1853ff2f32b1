/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the parts of voronoi.cpp that are compiled once per SIMD level, in voronoi_kernel.c. */
#ifndef MLGRAIN_VORONOI_PRIVATE_H
#define MLGRAIN_VORONOI_PRIVATE_H

#include "cells/cells.h"
#include "mlgrain/simd.h"

enum { VORONOI_PADDING = 8 }; /* elements behind the last that may be read and written */

/* Displacements from a point and their squares, times `scale` and its square. */
struct voronoi_neighbors {
  size_t count;
  double *x, *y, *z, *r2; /* room for VORONOI_PADDING more than they hold */
};

/* Which points to collect: those at inner2 <= r^2 < outer2 (scaled), the center not among them. */
struct voronoi_search {
  const struct mlgrain_cells *cells;
  const unsigned char *generator; /* NULL: all points */
  double scale, inner2, outer2;
  uint32_t center;
  int run_count;
  const struct mlgrain_run *run;
};

/* Fills `near`, which has room for all points of the runs. */
typedef void voronoi_gather(const struct voronoi_search *search, struct voronoi_neighbors *near);

/* Indices first .. last-1 of neighbors whose plane, x . v = r2, has one of the vertices beyond it
   or within 1e-10 of it. Returns how many were written to `found`, which has room for all. */
typedef size_t voronoi_filter(const struct voronoi_neighbors *near, size_t first, size_t last,
                              const double *vertices /* [count][3] */, int vertex_count,
                              uint32_t *found);

voronoi_gather voronoi_gather_v2, voronoi_gather_v3, voronoi_gather_v4;
voronoi_filter voronoi_filter_v2, voronoi_filter_v3, voronoi_filter_v4;

#endif
