/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/grain_faces.h"

#include <math.h>

#include "base/error_text.h"
#include "cells/cells.h"
#include "mlgrain/voronoi.h"

/* What the cells of one call are for. */
struct face_search {
  const int32_t *grain;
  struct mlgrain_grain_faces *faces;
};

/* The grain beyond a face if that is another one, else 0. */
static int32_t grain_beyond(const struct face_search *search, int32_t own,
                            const struct mlgrain_voronoi_face *face)
{
  const int32_t other = face->neighbor >= 0 ? search->grain[face->neighbor] : 0;
  return other == own ? 0 : other;
}

/* Keeps the grains with the largest areas, of equal ones that with the lowest number. */
static void insert_grain(struct mlgrain_grain_faces *found, int32_t grain, double area)
{
  int k = found->count;
  while (k > 0 && (found->area[k - 1] < area ||
                   (found->area[k - 1] == area && found->grain[k - 1] > grain))) {
    k--;
    if (k + 1 < MLGRAIN_FACE_PARTNERS) {
      found->grain[k + 1] = found->grain[k];
      found->area[k + 1] = found->area[k];
    }
  }
  if (k == MLGRAIN_FACE_PARTNERS)
    return;
  found->grain[k] = grain;
  found->area[k] = area;
  found->count += found->count < MLGRAIN_FACE_PARTNERS;
}

/* The faces of an atom by grain. Atoms with faces to more grains than there is room for don't exist
   but in heaps of tiny grains. */
static enum mlgrain_status sum_faces(void *context,
                                     const struct mlgrain_voronoi_polyhedron *polyhedron)
{
  const struct face_search *search = context;
  const int32_t own = search->grain[polyhedron->point];
  const struct mlgrain_voronoi_face *face = polyhedron->face;
  const int count = polyhedron->cell.faces;
  struct mlgrain_grain_faces found = {0};
  for (int f = 0; f < count; f++) {
    const int32_t other = grain_beyond(search, own, &face[f]);
    int before = 0;
    while (before < f && grain_beyond(search, own, &face[before]) != other)
      before++;
    if (!other || before < f)
      continue;
    double area = 0.0;
    for (int g = f; g < count; g++)
      area += grain_beyond(search, own, &face[g]) == other ? face[g].area : 0.0;
    insert_grain(&found, other, area);
  }
  for (int k = 0; k < found.count; k++)
    for (int f = 0; f < count; f++)
      for (int d = 0; d < 3 && grain_beyond(search, own, &face[f]) == found.grain[k]; d++)
        found.vector[k][d] += face[f].area_vector[d];
  search->faces[polyhedron->point] = found;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_grain_faces_find(const struct mlgrain_cells *cells, double cutoff,
                                             size_t first_cell, size_t last_cell,
                                             const unsigned char *chosen,
                                             const unsigned char *member, const int32_t *grain,
                                             struct mlgrain_grain_faces *faces,
                                             struct mlgrain_error *error)
{
  const struct mlgrain_voronoi_settings settings = {
      .cutoff = cutoff, .level = mlgrain_simd_best(), .flag_coincident = 1};
  struct face_search search = {grain, faces};
  return mlgrain_voronoi_visit(&settings, cells, first_cell, last_cell, chosen, member, sum_faces,
                               &search, NULL, error);
}

/* Adds the vectors of the atoms of the same side within the radius. */
static void add_vectors(const struct mlgrain_cells *cells, const int32_t *place, double radius2,
                        uint32_t center, int run_count, const struct mlgrain_run *run,
                        const int32_t *grain, const struct mlgrain_grain_faces *faces,
                        double sum[MLGRAIN_FACE_PARTNERS][3])
{
  const int32_t own = place[cells->index[center]];
  for (int r = 0; r < run_count; r++)
    for (uint32_t j = run[r].first; j < run[r].last; j++) {
      const double dx = cells->x[j] - cells->x[center], dy = cells->y[j] - cells->y[center],
                   dz = cells->z[j] - cells->z[center];
      const int32_t other = place[cells->index[j]];
      if (dx * dx + dy * dy + dz * dz >= radius2 || grain[other] != grain[own])
        continue;
      for (int k = 0; k < faces[own].count; k++)
        for (int l = 0; l < faces[other].count; l++)
          if (faces[other].grain[l] == faces[own].grain[k])
            for (int d = 0; d < 3; d++)
              sum[k][d] += faces[other].vector[l][d];
    }
}

enum mlgrain_status mlgrain_grain_normals(const struct mlgrain_cells *cells, const int32_t *place,
                                          double radius, size_t count, const int32_t *grain,
                                          const struct mlgrain_grain_faces *faces,
                                          double (*normal)[MLGRAIN_FACE_PARTNERS][3],
                                          struct mlgrain_error *error)
{
  if (!(radius > 0.0 && radius <= cells->cutoff))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "cells made for cutoff %g cannot serve a radius of %g", cells->cutoff,
                        radius);
  const size_t cell_count = mlgrain_cells_count(cells);
  for (size_t c = 0; c < cell_count; c++) {
    struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
    int run_count = 0;
    for (uint32_t i = cells->start[c]; i < cells->start[c + 1]; i++) {
      const int32_t own = place[cells->index[i]];
      if ((size_t)own >= count)
        continue;
      if (!run_count)
        run_count = mlgrain_cells_runs(cells, c, 1, run);
      double sum[MLGRAIN_FACE_PARTNERS][3] = {{0.0}};
      add_vectors(cells, place, radius * radius, i, run_count, run, grain, faces, sum);
      for (int k = 0; k < MLGRAIN_FACE_PARTNERS; k++) {
        const double length =
            sqrt(sum[k][0] * sum[k][0] + sum[k][1] * sum[k][1] + sum[k][2] * sum[k][2]);
        for (int d = 0; d < 3; d++)
          normal[own][k][d] = length > 0.0 ? sum[k][d] / length : 0.0;
      }
    }
  }
  return MLGRAIN_SUCCESS;
}
