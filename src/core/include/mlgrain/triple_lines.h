/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where three grains meet: the edges between the Voronoi cells of atoms of three grains.

   Such edges follow the atoms to and fro, so that their lengths add up to more than the line's. The
   edges of an atom's cell between two other grains have the sum S = sum e of vectors, all in one
   direction along the line: that about which grains a < b < c follow each other by a right-handed
   turn. The line's direction T there is that of the sum of S over the atoms of the same three
   grains within a radius, and a third of the sum of S . T, since every edge is one of three cells,
   is the line's length: exact where the line is straight over that radius. */
#ifndef MLGRAIN_TRIPLE_LINES_H
#define MLGRAIN_TRIPLE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/cells.h"
#include "mlgrain/error.h"
#include "mlgrain/voronoi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MLGRAIN_TRIPLE_EDGES = 3 };

/* The edges of an atom's cell that are between two other grains each: the pairs of grains with the
   longest edges, in this order. */
struct mlgrain_triple_edges {
  int32_t count;
  int32_t other[MLGRAIN_TRIPLE_EDGES][2]; /* ascending */
  double length[MLGRAIN_TRIPLE_EDGES];    /* of the edges themselves */
  double vector[MLGRAIN_TRIPLE_EDGES][3]; /* S */
};

/* Of a cell with its faces.
     grain  [n] 0: none; neither its atoms nor those beside it have edges with it */
MLGRAIN_EXPORT void mlgrain_triple_edges_of(const struct mlgrain_voronoi_polyhedron *polyhedron,
                                            const int32_t *grain,
                                            struct mlgrain_triple_edges *edges);

/* The three grains, ascending, of edges of an atom in grain `own`. */
MLGRAIN_EXPORT void mlgrain_triple_of(int32_t own, const int32_t other[2], int32_t triple[3]);

/* The directions T of all edges of the first `count` points.
     cells   of all points that have edges; place[k]: which of the points of `cells` is which
     radius  <= the cutoff of cells
     grain, edges  [n] own points and copies
     direction  [count][MLGRAIN_TRIPLE_EDGES][3] receives them, length 1; 0 0 0 where they cancel
   MLGRAIN_INVALID_ARGUMENT: cells made for a smaller radius. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_triple_directions(
    const struct mlgrain_cells *cells, const int32_t *place, double radius, size_t count,
    const int32_t *grain, const struct mlgrain_triple_edges *edges,
    double (*direction)[MLGRAIN_TRIPLE_EDGES][3], struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
