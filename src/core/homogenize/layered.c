/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voxels that a boundary cuts, as layers grain | boundary | grain. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "mlgrain/homogenize_tensors.h"

/* ---- how much of a voxel is on one side of a plane ------------------------------------------- */

/* max(x, 0)^power */
static double above(double x, int power)
{
  return x > 0.0 ? pow(x, power) : 0.0;
}

/* The part of a box with edges m_i along 0 .. m_i (1 to 3 of them, descending, > 0) where
   sum_i x_i <= a: inclusion and exclusion of the corners beyond. */
static double simplex_part(int edges, const double m[3], double a)
{
  double sum = 0.0, product = 1.0;
  for (int corner = 0; corner < 1 << edges; corner++) {
    double at = a, sign = 1.0;
    for (int i = 0; i < edges; i++)
      if (corner >> i & 1) {
        at -= m[i];
        sign = -sign;
      }
    sum += sign * above(at, edges);
  }
  for (int i = 0; i < edges; i++)
    product *= (i + 1) * m[i];
  return fmin(fmax(sum / product, 0.0), 1.0);
}

double mlgrain_part_below(const double normal[3], const double spacing[3], double distance)
{
  double m[3];
  for (int d = 0; d < 3; d++)
    m[d] = fabs(normal[d]) * spacing[d];
  for (int i = 0; i < 2; i++) /* descending */
    for (int k = 0; k < 2 - i; k++)
      if (m[k] < m[k + 1]) {
        const double swap = m[k];
        m[k] = m[k + 1];
        m[k + 1] = swap;
      }
  /* An edge almost along the plane makes no difference but rounding. */
  const int edges = m[2] > 1e-5 * m[0] ? 3 : m[1] > 1e-5 * m[0] ? 2 : 1;
  double half = 0.0;
  for (int i = 0; i < edges; i++)
    half += 0.5 * m[i];
  if (distance >= half)
    return 1.0;
  /* From the nearer side, where less cancels. */
  return distance > 0.0 ? 1.0 - simplex_part(edges, m, half - distance)
                        : simplex_part(edges, m, half + distance);
}

/* ---- voxels --------------------------------------------------------------------------------- */

struct parts {
  double grain, boundary, neighbor;
};

static struct parts parts_of(const struct mlgrain_cut_voxels *cut, size_t voxel)
{
  const double d = cut->distance[voxel], half = 0.5 * cut->thickness;
  if (!isfinite(d))
    return (struct parts){1.0, 0.0, 0.0};
  const double *normal = cut->normal + 3 * voxel;
  const double inner = mlgrain_part_below(normal, cut->spacing, d - half);
  const double outer = mlgrain_part_below(normal, cut->spacing, d + half);
  return (struct parts){inner, outer - inner, 1.0 - outer};
}

/* A voxel is of one material if this much of it is. */
static int is_whole(double part)
{
  return part >= 1.0 - 1e-12;
}

static enum mlgrain_status check(const struct mlgrain_cut_voxels *cut, struct mlgrain_error *error)
{
  if (!(cut->thickness >= 0.0) || !isfinite(cut->thickness))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "thickness %g is not a length",
                        cut->thickness);
  for (size_t i = 0; i < cut->voxels; i++)
    if (cut->grain[i] < 0 || (size_t)cut->grain[i] >= cut->grains || cut->neighbor[i] < 0 ||
        (size_t)cut->neighbor[i] >= cut->grains || !(cut->distance[i] >= 0.0) ||
        !isfinite(norm3(cut->normal + 3 * i)))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "voxel %zu: a grain, distance or normal out of range", i);
  return MLGRAIN_SUCCESS;
}

/* grain | boundary, and that | neighbor. */
static enum mlgrain_status layer(const struct mlgrain_cut_voxels *cut, size_t voxel,
                                 const struct parts *part, double tensor[3][3],
                                 struct mlgrain_error *error)
{
  double grain[3][3], neighbor[3][3], boundary[3][3];
  memcpy(grain, cut->conductivity + 9 * (size_t)cut->grain[voxel], sizeof grain);
  memcpy(neighbor, cut->conductivity + 9 * (size_t)cut->neighbor[voxel], sizeof neighbor);
  memcpy(boundary, cut->boundary, sizeof boundary);
  const double *normal = cut->normal + 3 * voxel;
  const double inner = part->grain + part->boundary;
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  if (inner > 0.0)
    status = mlgrain_layer_conductivity(grain, fmin(part->grain / inner, 1.0), boundary, normal,
                                        tensor, error);
  if (!status)
    status = mlgrain_layer_conductivity(tensor, fmin(inner, 1.0), neighbor, normal, tensor, error);
  return status;
}

enum mlgrain_status mlgrain_layer_voxels(const struct mlgrain_cut_voxels *cut, int32_t *phase,
                                         double **tensor, size_t *phases,
                                         struct mlgrain_error *error)
{
  *tensor = NULL;
  enum mlgrain_status status = check(cut, error);
  if (status)
    return status;
  *phases = cut->grains + 1;
  for (size_t i = 0; i < cut->voxels; i++) {
    const struct parts part = parts_of(cut, i);
    phase[i] = is_whole(part.grain)      ? cut->grain[i]
               : is_whole(part.boundary) ? (int32_t)cut->grains
                                         : (int32_t)(*phases)++;
    if (*phases > INT32_MAX)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "too many voxels are cut");
  }
  double(*made)[3][3] = calloc(*phases, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu tensors", *phases);
  memcpy(made, cut->conductivity, cut->grains * sizeof *made);
  memcpy(made[cut->grains], cut->boundary, sizeof *made);
  for (size_t i = 0; i < cut->voxels && !status; i++)
    if ((size_t)phase[i] > cut->grains) {
      const struct parts part = parts_of(cut, i);
      status = layer(cut, i, &part, made[phase[i]], error);
    }
  if (status) {
    free(made);
    return status;
  }
  *tensor = made[0][0];
  return MLGRAIN_SUCCESS;
}
