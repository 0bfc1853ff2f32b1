/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/voronoi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/simd_level.h"
#include "voronoi_private.h"

enum { PADDING = 8 }; /* elements behind the last that vectors read and write */

static voronoi_kernel *kernel_of_level(enum mlgrain_simd_level level)
{
#ifdef MLGRAIN_X86_64_LEVELS
  level = mlgrain_simd_usable(level);
  if (level == MLGRAIN_SIMD_V4)
    return voronoi_compute_v4;
  if (level == MLGRAIN_SIMD_V3)
    return voronoi_compute_v3;
#else
  (void)level;
#endif
  return voronoi_compute_v2;
}

/* What was in the lists is lost where they grow. */
int voronoi_reserve(struct voronoi_work *work, size_t neighbors)
{
  enum { ROWS = 11 };
  if (work->memory && neighbors <= work->capacity)
    return 1;
  const size_t capacity = neighbors + neighbors / 2;
  const size_t row = (capacity + 2 * PADDING) / 8 * 8 * sizeof(double);
  char *memory = aligned_alloc(64, ROWS * row);
  if (!memory)
    return 0;
  memset(memory, 0, ROWS * row); /* what vectors read behind the last */
  void *of[ROWS];
  for (size_t r = 0; r < ROWS; r++)
    of[r] = memory + r * row;
  free(work->memory);
  work->memory = memory;
  work->capacity = capacity;
  work->around = (struct voronoi_points){0, of[0], of[1], of[2], of[3]};
  work->place = of[4];
  work->shell = of[5];
  work->sorted = (struct voronoi_neighbors){0, of[6], of[7], of[8], of[9], of[10]};
  return 1;
}

int voronoi_reserve_faces(struct voronoi_work *work)
{
  const size_t faces = work->polyhedron.plane_count, corners = 3 * work->polyhedron.vertex_count;
  if (faces > work->face_capacity) {
    free(work->measured);
    free(work->face);
    work->face_capacity = 2 * faces;
    work->measured = malloc(work->face_capacity * sizeof *work->measured);
    work->face = malloc(work->face_capacity * sizeof *work->face);
  }
  if (corners > work->corner_capacity) {
    free(work->corner);
    free(work->beside);
    work->corner_capacity = 2 * corners;
    work->corner = malloc(work->corner_capacity * sizeof *work->corner);
    work->beside = malloc(work->corner_capacity * sizeof *work->beside);
  }
  if (work->measured && work->face && work->corner && work->beside)
    return 1;
  work->face_capacity = work->corner_capacity = 0;
  return 0;
}

int voronoi_count_faces(struct voronoi_work *work)
{
  int count = 0;
  polyhedron_measure_faces(&work->polyhedron, work->measured);
  for (size_t f = 0; f < work->polyhedron.plane_count; f++)
    count += polyhedron_face_counts(&work->measured[f]);
  return count;
}

/* The neighbor of the face that a plane makes. */
static int64_t neighbor_of(const struct voronoi_task *task, const struct polyhedron *polyhedron,
                           size_t plane)
{
  const int64_t origin = polyhedron->plane[plane].origin;
  return origin < 0 ? origin : task->cells->index[origin];
}

/* Writes the corners of a face to `corner`, and what is across its edges to `beside`. */
static void copy_corners(const struct voronoi_task *task, const struct polyhedron *polyhedron,
                         const struct polyhedron_face *face, double scale, double (*corner)[3],
                         int64_t *beside)
{
  uint32_t edge = face->edge;
  for (uint32_t i = 0; i < face->corners; i++) {
    polyhedron_vertex(polyhedron, edge / 4, corner[i]);
    for (int d = 0; d < 3; d++)
      corner[i][d] /= scale;
    beside[i] = neighbor_of(task, polyhedron, polyhedron->face[edge]);
    edge = polyhedron_next_edge(polyhedron, edge);
  }
}

enum mlgrain_status voronoi_show(const struct voronoi_task *task, struct voronoi_work *work,
                                 double scale, size_t point,
                                 const struct mlgrain_voronoi_cell *cell)
{
  const struct polyhedron *polyhedron = &work->polyhedron;
  size_t corners = 0;
  int faces = 0;
  for (size_t f = 0; f < polyhedron->plane_count && faces < cell->faces; f++) {
    const struct polyhedron_face *measured = &work->measured[f];
    if (!polyhedron_face_counts(measured))
      continue;
    struct mlgrain_voronoi_face *face = &work->face[faces++];
    face->neighbor = neighbor_of(task, polyhedron, f);
    for (int d = 0; d < 3; d++)
      face->area_vector[d] = measured->area[d] / (scale * scale);
    face->area = sqrt(face->area_vector[0] * face->area_vector[0] +
                      face->area_vector[1] * face->area_vector[1] +
                      face->area_vector[2] * face->area_vector[2]);
    face->corner_count = (int)measured->corners;
    face->corner = (const double(*)[3])(work->corner + corners);
    face->beside = work->beside + corners;
    copy_corners(task, polyhedron, measured, scale, work->corner + corners, work->beside + corners);
    corners += measured->corners;
  }
  const struct mlgrain_voronoi_polyhedron shown = {point, *cell, work->face};
  return task->visit(task->context, &shown);
}

static void free_work(struct voronoi_work *work)
{
  free(work->memory);
  free(work->measured);
  free(work->face);
  free(work->corner);
  free(work->beside);
  polyhedron_free(&work->polyhedron);
}

static enum mlgrain_status check(const struct mlgrain_voronoi_settings *settings,
                                 const struct mlgrain_cells *cells, struct mlgrain_error *error)
{
  const double smallest = 1e-100, largest = 1e100; /* their cubes are numbers too */
  if (!(settings->cutoff >= smallest && settings->cutoff <= largest))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "cutoff %g is not within %g to %g",
                        settings->cutoff, smallest, largest);
  if (settings->wall_count < 0 || settings->wall_count > MLGRAIN_VORONOI_MAX_WALLS)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%d walls are not 0 to %d",
                        settings->wall_count, MLGRAIN_VORONOI_MAX_WALLS);
  if (cells->cutoff < settings->cutoff)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "cells made for cutoff %g cannot serve Voronoi cells with cutoff %g",
                        cells->cutoff, settings->cutoff);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status run(struct voronoi_task *task, size_t coincident[2],
                               struct mlgrain_error *error)
{
  enum mlgrain_status status = check(task->settings, task->cells, error);
  if (status)
    return status;
  struct voronoi_work work = {0};
  task->coincident[0] = task->coincident[1] = 0;
  status = kernel_of_level(task->settings->level)(task, &work);
  free_work(&work);
  if (status == MLGRAIN_OUT_OF_MEMORY)
    return mlgrain_fail(error, status, "out of memory for a Voronoi cell");
  if (task->coincident[0] == task->coincident[1])
    return status; /* success, or the visitor's */
  const size_t point = (size_t)task->cells->index[task->coincident[0]];
  const size_t other = (size_t)task->cells->index[task->coincident[1]];
  if (coincident) {
    coincident[0] = point;
    coincident[1] = other;
  }
  return mlgrain_fail(error, status, "points %zu and %zu are at one place", point, other);
}

enum mlgrain_status mlgrain_voronoi_compute(const struct mlgrain_voronoi_settings *settings,
                                            const struct mlgrain_cells *cells, size_t first_cell,
                                            size_t last_cell, const unsigned char *chosen,
                                            const unsigned char *generator,
                                            struct mlgrain_voronoi_cell *result,
                                            size_t coincident[2], struct mlgrain_error *error)
{
  struct voronoi_task task = {.settings = settings,
                              .cells = cells,
                              .first_cell = first_cell,
                              .last_cell = last_cell,
                              .chosen = chosen,
                              .generator = generator,
                              .result = result};
  return run(&task, coincident, error);
}

enum mlgrain_status mlgrain_voronoi_visit(const struct mlgrain_voronoi_settings *settings,
                                          const struct mlgrain_cells *cells, size_t first_cell,
                                          size_t last_cell, const unsigned char *chosen,
                                          const unsigned char *generator,
                                          mlgrain_voronoi_visitor *visit, void *context,
                                          size_t coincident[2], struct mlgrain_error *error)
{
  struct voronoi_task task = {.settings = settings,
                              .cells = cells,
                              .first_cell = first_cell,
                              .last_cell = last_cell,
                              .chosen = chosen,
                              .generator = generator,
                              .visit = visit,
                              .context = context};
  return run(&task, coincident, error);
}
