/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: points of faces, for integrals over them. */
#ifndef MLGRAIN_GRAPHS_FACE_POINTS_H
#define MLGRAIN_GRAPHS_FACE_POINTS_H

#include "face_edges.h"

enum { FACE_TRIANGLES = 24, TRIANGLE_POINTS = 3, FACE_POINTS = TRIANGLE_POINTS * FACE_TRIANGLES };

struct face_points {
  int count;
  double place[FACE_POINTS][3]; /* from the center of the first grain */
  double weight[FACE_POINTS];   /* sum: the area */
};

/* Of triangles from the center of face f to its edges, in which they are exact for degree 2. Where
   edges aren't known, or are more than FACE_TRIANGLES, of a square. */
void face_points_find(const struct mlgrain_graph *graph, const struct face_places *places,
                      const struct face_edges *edges, size_t f, struct face_points *points);

#endif
