/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From voxel to voxel, and from there through the faces of cells that a voxel's center is beyond,
   to the cell it is in: such walks don't go in circles in Laguerre tessellations (H. Edelsbrunner,
   Combinatorica 10 (1990) 251). */
#include "mlgrain/voxelize.h"

#include <math.h>

#include "base/error_text.h"
#include "base/vector3.h"

struct place {
  size_t grain;
  double seed[3]; /* of the image whose cell it is */
};

/* Rounding may put a point on a face outside both cells. */
enum { MOST_STEPS = 1000000 };

static void walk(const struct mlgrain_tessellation *cells, const double x[3], struct place *place)
{
  for (int step = 0; step < MOST_STEPS; step++) {
    const double from[3] = {x[0] - place->seed[0], x[1] - place->seed[1], x[2] - place->seed[2]};
    const struct mlgrain_face *through = NULL;
    double farthest = 0.0;
    for (size_t f = cells->first_face[place->grain]; f < cells->first_face[place->grain + 1]; f++) {
      const struct mlgrain_face *face = &cells->face[f];
      const double beyond = dot3(face->normal, from) - face->offset;
      if (face->neighbor != MLGRAIN_SURFACE && beyond > farthest + 1e-12 * norm3(face->to)) {
        farthest = beyond;
        through = face;
      }
    }
    if (!through)
      return;
    place->grain = through->neighbor;
    for (int d = 0; d < 3; d++)
      place->seed[d] += through->to[d];
  }
}

static void describe(const struct mlgrain_tessellation *cells, const double x[3],
                     const struct place *place, const struct mlgrain_voxel_grains *voxels,
                     size_t at)
{
  const double from[3] = {x[0] - place->seed[0], x[1] - place->seed[1], x[2] - place->seed[2]};
  const struct mlgrain_face *nearest = NULL;
  double distance = INFINITY;
  for (size_t f = cells->first_face[place->grain]; f < cells->first_face[place->grain + 1]; f++) {
    const struct mlgrain_face *face = &cells->face[f];
    const double inside = face->offset - dot3(face->normal, from);
    if (face->neighbor != MLGRAIN_SURFACE && face->neighbor != place->grain && inside < distance) {
      distance = inside;
      nearest = face;
    }
  }
  voxels->grain[at] = (int32_t)place->grain;
  voxels->neighbor[at] = (int32_t)(nearest ? nearest->neighbor : place->grain);
  voxels->distance[at] = fmax(distance, 0.0);
  for (int d = 0; d < 3; d++)
    voxels->normal[at][d] = nearest ? nearest->normal[d] : 0.0;
}

enum mlgrain_status mlgrain_voxelize(const struct mlgrain_box *box,
                                     const struct mlgrain_grain *grain,
                                     const struct mlgrain_tessellation *cells, const size_t n[3],
                                     size_t first, size_t last,
                                     const struct mlgrain_voxel_grains *voxels,
                                     struct mlgrain_error *error)
{
  struct place start = {.grain = 0};
  while (start.grain < cells->grains && !(cells->volume[start.grain] > 0.0))
    start.grain++;
  if (start.grain == cells->grains)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "no grain has a cell");
  if (n[0] < 1 || n[1] < 1 || last > n[2])
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "no voxels, or more planes than there are");
  for (int d = 0; d < 3; d++)
    start.seed[d] = grain[start.grain].seed[d];
  for (size_t row = first * n[1]; row < last * n[1]; row++) {
    struct place place = start;
    const size_t j = row % n[1], k = row / n[1];
    for (size_t i = 0; i < n[0]; i++) {
      const double fraction[3] = {((double)i + 0.5) / (double)n[0],
                                  ((double)j + 0.5) / (double)n[1],
                                  ((double)k + 0.5) / (double)n[2]};
      double x[3];
      combine3(box->edge, fraction, x);
      for (int d = 0; d < 3; d++)
        x[d] += box->low[d];
      walk(cells, x, &place);
      describe(cells, x, &place, voxels, row * n[0] + i);
    }
  }
  return MLGRAIN_SUCCESS;
}
