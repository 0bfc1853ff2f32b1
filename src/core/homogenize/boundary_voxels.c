/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voxels of grain boundaries, of any thickness. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "mlgrain/homogenize_tensors.h"

static enum mlgrain_status check(const struct mlgrain_boundary_voxels *b,
                                 struct mlgrain_error *error)
{
  if (!(b->thickness >= 0.0) || !isfinite(b->thickness))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "thickness %g is not a length",
                        b->thickness);
  for (size_t i = 0; i < b->voxels; i++)
    if (b->grain[i] < 0 || (size_t)b->grain[i] >= b->grains || !(b->distance[i] >= 0.0) ||
        !isfinite(norm3(b->normal + 3 * i)))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "voxel %zu: a grain, distance or normal out of range", i);
  return MLGRAIN_SUCCESS;
}

/* How thick the layer of voxels is that stands for the boundary: as the boundary, but at least as
   the layer of all voxels that its middle plane cuts, whose volume is this thick. */
static double layer_of(const struct mlgrain_boundary_voxels *b, size_t voxel)
{
  const double *normal = b->normal + 3 * voxel;
  double thickness = 0.0;
  for (int d = 0; d < 3; d++)
    thickness += fabs(normal[d]) * b->spacing[d];
  return fmax(thickness, b->thickness);
}

/* The part f of such a voxel that is boundary; the rest is grain. Of voxels on both sides of a
   plane between them, as far from it, those of the grain with the lower number are in the layer. */
static double part_of(const struct mlgrain_boundary_voxels *b, size_t voxel)
{
  if (b->thickness == 0.0 || !isfinite(b->distance[voxel]))
    return 0.0;
  const double layer = layer_of(b, voxel);
  const double reach = b->grain[voxel] < b->neighbor[voxel] ? 0.5 + 1e-9 : 0.5 - 1e-9;
  return b->distance[voxel] < reach * layer ? b->thickness / layer : 0.0;
}

static double along(const double m[3][3], const double n[3])
{
  double y[3];
  apply3(m, n, y);
  return dot3(n, y);
}

/* A boundary that conducts better than the grain: layers. One that doesn't: a conductivity between
   that of both in character, which is that of the layers across the boundary. What layers conduct
   along it would be a leak across, where voxels go up a step. */
static enum mlgrain_status mix(const struct mlgrain_boundary_voxels *b, size_t voxel, double f,
                               double tensor[3][3], struct mlgrain_error *error)
{
  const double *normal = b->normal + 3 * voxel;
  double grain[3][3];
  memcpy(grain, b->conductivity + 9 * (size_t)b->grain[voxel], sizeof grain);
  const double of_grain = along((const double(*)[3])grain, normal);
  const double of_boundary = along(b->boundary, normal);
  if (!(of_grain > 0.0) || !(of_boundary > 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "voxel %zu: no conductivity across the boundary", voxel);
  if (of_boundary >= of_grain)
    return mlgrain_layer_conductivity(b->boundary, f, (const double(*)[3])grain, normal, tensor,
                                      error);
  const double ratio = of_grain / of_boundary, scale = 1.0 / (f * ratio + (1.0 - f));
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      tensor[i][j] = scale * ((1.0 - f) * grain[i][j] + f * ratio * b->boundary[i][j]);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_mix_boundary_voxels(const struct mlgrain_boundary_voxels *b,
                                                int32_t *phase, double **tensor, size_t *phases,
                                                struct mlgrain_error *error)
{
  *tensor = NULL;
  enum mlgrain_status status = check(b, error);
  if (status)
    return status;
  *phases = b->grains + 1;
  for (size_t i = 0; i < b->voxels; i++) {
    const double f = part_of(b, i);
    phase[i] = f <= 0.0 ? b->grain[i] : f >= 1.0 ? (int32_t)b->grains : (int32_t)(*phases)++;
    if (*phases > INT32_MAX)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "too many voxels of boundaries");
  }
  double(*made)[3][3] = calloc(*phases, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu tensors", *phases);
  memcpy(made, b->conductivity, b->grains * sizeof *made);
  memcpy(made[b->grains], b->boundary, sizeof *made);
  for (size_t i = 0; i < b->voxels && !status; i++)
    if ((size_t)phase[i] > b->grains)
      status = mix(b, i, part_of(b, i), made[phase[i]], error);
  if (status) {
    free(made);
    return status;
  }
  *tensor = made[0][0];
  return MLGRAIN_SUCCESS;
}
