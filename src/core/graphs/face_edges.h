/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: where faces end, which is where three grains meet, from the planes of faces beside them.
   In a tessellation this gives back its polygons. */
#ifndef MLGRAIN_GRAPHS_FACE_EDGES_H
#define MLGRAIN_GRAPHS_FACE_EDGES_H

#include "mlgrain/polycrystal_graph.h"

/* Faces as networks take them, [faces]. */
struct face_places {
  const double (*span)[3]; /* from the first grain's center */
  double (*center)[3];     /* the same */
  double *layer;           /* thickness of the boundary, less than grains are apart */
};

/* With spans that stay the caller's. Frees what it made if it fails: MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status face_places_create(const struct mlgrain_graph *graph, const double (*span)[3],
                                       struct face_places *places, struct mlgrain_error *error);
void face_places_free(struct face_places *places);

/* Two directions in the plane of a face, of length 1. */
void face_axes(const double normal[3], double axis[2][3]);

/* An edge of a face. Potentials are told in the frame of a grain: less the field times the place of
   its center. */
struct face_edge {
  size_t line;       /* the triple line it is */
  double length;     /* so that the polygon has the area of the face */
  double outward[3]; /* in the plane of the face, length 1 */
  double middle[3];  /* from the center of the face */
  double shift[3]; /* potential in the frame of the face's first grain: the line's + field.shift */
};

struct face_edges {
  size_t lines;
  size_t *first; /* [faces + 1]; a face where a grain meets itself has none */
  struct face_edge *edge;
};

/* Frees what it made if it fails: MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status face_edges_create(const struct mlgrain_graph *graph,
                                      const struct face_places *places, struct face_edges *edges,
                                      struct mlgrain_error *error);
void face_edges_free(struct face_edges *edges);

#endif
