/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what voronoi.c prepares and the kernels of voronoi_kernel.c use. */
#ifndef MLGRAIN_VORONOI_PRIVATE_H
#define MLGRAIN_VORONOI_PRIVATE_H

#include "cells/cells.h"
#include "mlgrain/voronoi.h"
#include "polyhedron.h"

/* Positions, and places among the sorted points. */
struct voronoi_points {
  size_t count;
  double *x, *y, *z;
  int64_t *index;
};

/* Neighbors of a point: displacements and their squares, times `scale` and its square. */
struct voronoi_neighbors {
  size_t count;
  double *x, *y, *z, *r2;
  int64_t *index;
};

/* Memory of one call. Lists have room for `capacity` neighbors and, since vectors are read and
   written whole, a few more. */
struct voronoi_work {
  size_t capacity;
  void *memory;
  struct voronoi_points around;    /* of the points of one or two cells of the grid */
  int64_t *place;                  /* of neighbors as they are found, among those around */
  unsigned char *shell;            /* their shells of distance */
  struct voronoi_neighbors sorted; /* nearest first */
  struct polyhedron polyhedron;

  /* of faces, where they are asked for or may be thin */
  size_t face_capacity, corner_capacity;
  struct polyhedron_face *measured;
  struct mlgrain_voronoi_face *face;
  double (*corner)[3];
  int64_t *beside;
};

/* The arguments of a call, checked. */
struct voronoi_task {
  const struct mlgrain_voronoi_settings *settings;
  const struct mlgrain_cells *cells;
  size_t first_cell, last_cell;
  const unsigned char *chosen, *generator; /* generator may be NULL: all points */
  struct mlgrain_voronoi_cell *result;     /* NULL: for the visitor alone */
  mlgrain_voronoi_visitor *visit;          /* may be NULL */
  void *context;
  uint32_t coincident[2]; /* where two points at one place are an error; sorted points */
};

/* MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: task->coincident are at one place; or what the
   visitor returned. */
typedef enum mlgrain_status voronoi_kernel(struct voronoi_task *task, struct voronoi_work *work);

voronoi_kernel voronoi_compute_v2, voronoi_compute_v3, voronoi_compute_v4;

/* 0: out of memory. */
int voronoi_reserve(struct voronoi_work *work, size_t neighbors);
int voronoi_reserve_faces(struct voronoi_work *work);

/* Measures the faces. Returns how many count. */
int voronoi_count_faces(struct voronoi_work *work);

/* Shows the visitor the polyhedron, whose faces have been measured. */
enum mlgrain_status voronoi_show(const struct voronoi_task *task, struct voronoi_work *work,
                                 double scale, size_t point,
                                 const struct mlgrain_voronoi_cell *cell);

#endif
