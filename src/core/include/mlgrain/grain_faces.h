/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where grains meet: the faces of the Voronoi cells of atoms that have neighbors in other grains.

   Such faces follow the atoms in and out, so that their areas add up to more than the boundary's.
   An atom's faces towards one other grain have the sum S = sum A n (n: unit normals, outwards),
   which does not depend on how they are folded. The boundary's direction N there is that of the sum
   of S over the atoms of the same two grains, on the same side, within a radius, and the boundary's
   area is the sum of S . N: exact where the boundary is flat over that radius. */
#ifndef MLGRAIN_GRAIN_FACES_H
#define MLGRAIN_GRAIN_FACES_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/cells.h"
#include "mlgrain/error.h"
#include "mlgrain/triple_lines.h"
#include "mlgrain/voronoi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MLGRAIN_FACE_PARTNERS = 3 };

/* What an atom shows to other grains: those it shares the largest areas with, in this order. */
struct mlgrain_grain_faces {
  int32_t count;
  int32_t grain[MLGRAIN_FACE_PARTNERS];
  double area[MLGRAIN_FACE_PARTNERS];      /* of the faces themselves */
  double vector[MLGRAIN_FACE_PARTNERS][3]; /* S */
};

/* What is found of points, [n] each. */
struct mlgrain_grain_cells {
  struct mlgrain_voronoi_cell *cell;
  struct mlgrain_grain_faces *faces;
  struct mlgrain_triple_edges *edges;
};

/* Voronoi cells of the chosen points, with what they show to other grains.
     settings, cells, chosen  as of mlgrain_voronoi_compute; faces on walls and towards vacuum are
                              none
     grain    [n] 0: none, to which there are no faces
     found    elements of chosen points are written
   Calls for disjoint ranges of cells may run at once in different threads.
   As mlgrain_voronoi_compute. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_grain_cells_find(const struct mlgrain_voronoi_settings *settings,
                         const struct mlgrain_cells *cells, size_t first_cell, size_t last_cell,
                         const unsigned char *chosen, const int32_t *grain,
                         const struct mlgrain_grain_cells *found, struct mlgrain_error *error);

/* The directions N of all faces of the first `count` points.
     cells   of all points that have faces; place[k]: which of the points of `cells` is which
     radius  <= the cutoff of cells
     grain, faces  [n] own points and copies
     normal  [count][MLGRAIN_FACE_PARTNERS][3] receives them, length 1; 0 0 0 where they cancel
   MLGRAIN_INVALID_ARGUMENT: cells made for a smaller radius. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_grain_normals(const struct mlgrain_cells *cells, const int32_t *place, double radius,
                      size_t count, const int32_t *grain, const struct mlgrain_grain_faces *faces,
                      double (*normal)[MLGRAIN_FACE_PARTNERS][3], struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
