/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voronoi cells of points, one at a time, without a global tessellation: the cell of a point is
   cut out by the planes halfway to its neighbors, nearest first, until no farther one can reach it.
   Only mlgrain_cells is needed, so periodic images must be among the points.

   Where more than three planes meet in one point, as in perfect crystals, they do so within
   rounding only. A plane cuts off no vertex that is less than 1e-14 beyond it, and faces are left
   out, in counts as in lists, whose area is less than 1e-10 times their longest edge. Both numbers
   are lengths in a unit, a power of two times that of the positions, in which the cutoff is 4 to 8.
   Volumes and areas do not depend on what rounding decides, but for rounding. */
#ifndef MLGRAIN_VORONOI_H
#define MLGRAIN_VORONOI_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/cells.h"
#include "mlgrain/error.h"
#include "mlgrain/simd.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MLGRAIN_VORONOI_MAX_WALLS = 6 };

/* The half-space normal . x <= offset; the normal has length 1. */
struct mlgrain_voronoi_wall {
  double normal[3], offset;
};

/* cutoff: the cell of a point at x is bounded by the neighbors within this distance and by the cube
   of edge `cutoff` around x. Up to cutoff/2 from x that is the Voronoi cell itself; what happens
   farther away is not known from the neighbors within the cutoff. 1e-100 to 1e100, unit of length
   of the positions.
   level: vector instructions to use: mlgrain_simd_best(), or a lower one.
   flag_coincident: 0: two points at one place are an error; nonzero: their cells have a flag. */
struct mlgrain_voronoi_settings {
  double cutoff;
  enum mlgrain_simd_level level;
  int wall_count; /* 0 .. MLGRAIN_VORONOI_MAX_WALLS */
  struct mlgrain_voronoi_wall wall[MLGRAIN_VORONOI_MAX_WALLS];
  int flag_coincident;
};

/* How a cell is bounded. */
enum mlgrain_voronoi_bounds {
  MLGRAIN_VORONOI_CLOSED = 0,    /* by neighbors alone: the exact Voronoi cell */
  MLGRAIN_VORONOI_WALL = 1,      /* by neighbors and walls: exact in the space between the walls */
  MLGRAIN_VORONOI_OPEN = 2,      /* it reaches cutoff/2 or farther, so that an empty sphere of that
                                    radius touches the point: it faces vacuum, or a void wider than the
                                    cutoff can tell from vacuum */
  MLGRAIN_VORONOI_COINCIDENT = 3 /* another point is at the same place: volume and faces are 0 */
};

struct mlgrain_voronoi_cell {
  double volume;
  double nearest; /* distance of the nearest neighbor; infinity if none is within the cutoff */
  int faces;      /* those on walls and on the cube count */
  enum mlgrain_voronoi_bounds bounds;
};

/* Voronoi cells of the chosen points in cells first_cell .. last_cell-1.
     settings    see above
     cells       points, created with a cutoff >= that of settings
     chosen      [n] nonzero for points whose cells are wanted, in the order of the points
     generator   [n] nonzero for points that bound cells, or NULL if all do; chosen points that are
                 not among them get the cell they would have if each were added alone
     result      [n], in the order of the points; elements of points not chosen stay as they are
     coincident  receives two points at one place where that is an error (may be NULL)
   A point outside the walls has volume 0 if no space between the walls is nearest to it.
   Calls for disjoint ranges of cells may run at once in different threads. Setting up a call costs
   as much as a few cells: ranges should hold a hundred points or more.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: cells made for a smaller cutoff, cutoff out
   of range, too many walls, or two points so close (1e-9 cutoff) that no plane is between them. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_voronoi_compute(const struct mlgrain_voronoi_settings *settings,
                        const struct mlgrain_cells *cells, size_t first_cell, size_t last_cell,
                        const unsigned char *chosen, const unsigned char *generator,
                        struct mlgrain_voronoi_cell *result, size_t coincident[2],
                        struct mlgrain_error *error);

/* What a face has as its neighbor that is not shared with a point. */
enum {
  MLGRAIN_VORONOI_WALL_FACE = -1, /* -1 - w: wall w */
  MLGRAIN_VORONOI_CUBE_FACE = -1 - MLGRAIN_VORONOI_MAX_WALLS
};

struct mlgrain_voronoi_face {
  int64_t neighbor;          /* the point beyond, or one of the above */
  double area;               /* unit of length squared */
  double area_vector[3];     /* along the outward normal, and as long as the area */
  int corner_count;          /* corners may be at one place, see above */
  const double (*corner)[3]; /* relative to the point, counterclockwise seen from outside */
  const int64_t *beside;     /* of the edge from each corner to the next: the neighbor of the cell's
                                other face there, as above; also of faces that are left out */
};

/* A cell with its faces: cell.faces of them, each neighbor once. */
struct mlgrain_voronoi_polyhedron {
  size_t point;
  struct mlgrain_voronoi_cell cell;
  const struct mlgrain_voronoi_face *face;
};

/* Called with every cell; what it is given is there until it returns. The search ends where it
   returns something else than MLGRAIN_SUCCESS. */
typedef enum mlgrain_status
mlgrain_voronoi_visitor(void *context, const struct mlgrain_voronoi_polyhedron *polyhedron);

/* Voronoi cells as by mlgrain_voronoi_compute, with their faces, shown to `visit` one after the
   other in the order of the sorted points. Calls for disjoint ranges of cells may run at once in
   different threads, with a context each.
   As mlgrain_voronoi_compute, and whatever `visit` returned, without a text. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_voronoi_visit(const struct mlgrain_voronoi_settings *settings,
                      const struct mlgrain_cells *cells, size_t first_cell, size_t last_cell,
                      const unsigned char *chosen, const unsigned char *generator,
                      mlgrain_voronoi_visitor *visit, void *context, size_t coincident[2],
                      struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
