/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: a convex polyhedron around the origin, cut by planes.

   Three edges meet at every vertex. Where more than three planes pass through one point there are
   as many vertices as needed at that point, with edges of length zero between them. What decides is
   the height of vertices over a plane: those higher than a tolerance are cut off, all others stay.
   If rounding makes these heights contradict each other, so that what is cut off is not in one
   piece, or what stays is not, the vertices of the smaller pieces go with their surroundings. A cut
   along a closed line around one piece always leaves a polyhedron of this kind, whatever the
   coordinates are: nothing can fail but the memory.

   Edge k = 0, 1, 2 of vertex v has the number 4 v + k, seen from v; end[4 v + k] is the number of
   the same edge seen from its other end. Edges are counterclockwise, seen from outside. face[4 v +
   k] is the plane to the right of edge k, face[4 v + k + 1] that to its left: face[4 v + 3] is
   face[4 v] once more. */
#ifndef MLGRAIN_POLYHEDRON_H
#define MLGRAIN_POLYHEDRON_H

#include <stddef.h>
#include <stdint.h>

enum { POLYHEDRON_BOX_FACES = 6 };

/* Lengths have the order of 1. */
#define POLYHEDRON_TOLERANCE 1e-14 /* between a vertex and a plane */
#define POLYHEDRON_THIN 1e-10      /* area over longest edge of faces that don't count */
#define POLYHEDRON_NEAR_TIE 1e-7   /* between a vertex and a plane, where faces may be thin */

/* The half-space normal . x <= offset. */
struct plane {
  double normal[3]; /* of any length, */
  double length;    /* this */
  double offset;
  int64_t origin; /* what the caller knows it by */
};

enum { POLYHEDRON_BLOCK = 8 };

/* Vertices, as many as the widest vectors take. */
struct polyhedron_vertices {
  double x[POLYHEDRON_BLOCK], y[POLYHEDRON_BLOCK], z[POLYHEDRON_BLOCK];
  double height[POLYHEDRON_BLOCK]; /* over the plane in work, times the length of its normal */
};

/* Of a plane that has cut: its point nearest to the origin. */
struct polyhedron_plane {
  double foot[3];
  int64_t origin;
};

/* An edge between what is cut off and what stays, and the vertex that comes there. */
struct polyhedron_crossing {
  double x, y, z;
  uint32_t back;        /* the edge, seen from what stays */
  uint32_t left, right; /* planes, seen from what is cut off */
};

struct polyhedron {
  size_t vertex_count, plane_count;
  int near_tie; /* whether a plane that cut came near to a vertex */
  struct polyhedron_vertices *block;
  uint32_t *end, *face; /* [vertices][4], see above; end[4 v + 3] means nothing */
  struct polyhedron_plane *plane;

  /* of the cut in work */
  uint64_t *above;   /* of vertices, one bit each: whether they are cut off */
  uint32_t *cut_off; /* vertices, then where those that take their place go */
  struct polyhedron_crossing *crossing;
  uint32_t *by_right; /* of planes: the crossing to the left of which they are */

  size_t vertex_capacity, plane_capacity;
  void *vertex_memory, *plane_memory;
};

enum polyhedron_cut { POLYHEDRON_MISSED, POLYHEDRON_CUT, POLYHEDRON_GONE, POLYHEDRON_NO_MEMORY };

/* A polyhedron {0} has no memory yet. Room for the next cut; 0: out of memory. */
int polyhedron_reserve(struct polyhedron *polyhedron);

void polyhedron_free(struct polyhedron *polyhedron);

/* The box low .. high. Origins of its faces: low x, high x, low y, ... 0: out of memory. */
int polyhedron_box(struct polyhedron *polyhedron, const double low[3], const double high[3],
                   const int64_t origin[POLYHEDRON_BOX_FACES]);

/* Changes heights where they contradict each other, so that the vertices above the limit are in one
   piece with the highest, the others with the lowest. */
void polyhedron_reconcile(struct polyhedron *polyhedron, double limit);

/* What a face is found to be by polyhedron_measure_faces. */
struct polyhedron_face {
  double area[3];   /* vector along the normal, outward */
  double longest2;  /* square of the longest edge */
  uint32_t edge;    /* one with the face to its left */
  uint32_t corners; /* 0: the plane bounds the polyhedron no more */
};

/* face: [plane_count] */
void polyhedron_measure_faces(const struct polyhedron *polyhedron, struct polyhedron_face *face);

/* The volume, of a polyhedron that may be far from the origin, too. */
double polyhedron_volume_of_faces(const struct polyhedron *polyhedron,
                                  const struct polyhedron_face *face);

/* Whether the face has an area, beside rounding. */
int polyhedron_face_counts(const struct polyhedron_face *face);

/* Coordinates x, y, z of a vertex. */
static inline void polyhedron_vertex(const struct polyhedron *polyhedron, size_t vertex,
                                     double coordinate[3])
{
  const struct polyhedron_vertices *block = &polyhedron->block[vertex / POLYHEDRON_BLOCK];
  coordinate[0] = block->x[vertex % POLYHEDRON_BLOCK];
  coordinate[1] = block->y[vertex % POLYHEDRON_BLOCK];
  coordinate[2] = block->z[vertex % POLYHEDRON_BLOCK];
}

/* The next edge with the same face to its left. */
static inline uint32_t polyhedron_next_edge(const struct polyhedron *polyhedron, uint32_t edge)
{
  const uint32_t back = polyhedron->end[edge];
  return (back & 3u) ? back - 1 : back + 2;
}

#endif
