/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "homogenize_reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CORNERS = 8, MOST_UNKNOWNS = 24 };

struct mesh {
  size_t n[3];
  double spacing[3];
  const int32_t *phase;
  int fields, size, unknowns; /* size of a tensor; unknowns of an element */
  const double *tensor;
  int points;
  size_t total; /* unknowns */
};

/* Derivatives of the shape function of a corner at (x, y, z) in -1/2 .. 1/2. */
static void shape(const struct mesh *mesh, int corner, const double x[3], double slope[3])
{
  double value[3], sign[3];
  for (int d = 0; d < 3; d++) {
    sign[d] = (corner >> d) & 1 ? 1.0 : -1.0;
    value[d] = 0.5 + sign[d] * x[d];
  }
  for (int d = 0; d < 3; d++)
    slope[d] = sign[d] / mesh->spacing[d] * value[(d + 1) % 3] * value[(d + 2) % 3];
}

/* b[size][unknowns]: gradient or strain of the unknowns at x. */
static void strain_matrix(const struct mesh *mesh, const double x[3], double b[6][MOST_UNKNOWNS])
{
  static const int pair[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
  memset(b, 0, 6 * sizeof *b);
  for (int corner = 0; corner < CORNERS; corner++) {
    double slope[3];
    shape(mesh, corner, x, slope);
    if (mesh->fields == 1) {
      for (int d = 0; d < 3; d++)
        b[d][corner] = slope[d];
      continue;
    }
    for (int c = 0; c < 6; c++) {
      const int i = pair[c][0], j = pair[c][1];
      b[c][3 * corner + i] += slope[j];
      if (i != j)
        b[c][3 * corner + j] += slope[i];
    }
  }
}

static void unknowns_of(const struct mesh *mesh, size_t voxel, size_t index[MOST_UNKNOWNS])
{
  const size_t *n = mesh->n;
  const size_t at[3] = {voxel % n[0], voxel / n[0] % n[1], voxel / n[0] / n[1]};
  for (int corner = 0; corner < CORNERS; corner++) {
    size_t c[3];
    for (int d = 0; d < 3; d++)
      c[d] = (at[d] + (size_t)((corner >> d) & 1)) % n[d];
    const size_t node = (c[2] * n[1] + c[1]) * n[0] + c[0];
    for (int f = 0; f < mesh->fields; f++)
      index[mesh->fields * corner + f] = node * (size_t)mesh->fields + (size_t)f;
  }
}

/* The energy's derivative by the unknowns at (E + B u), added over all elements; the mean of the
   flux in mean_flux. */
static void apply(const struct mesh *mesh, const double mean[6], const double *u, double *out,
                  double mean_flux[6], double *center)
{
  const int size = mesh->size, points = mesh->points;
  const size_t voxels = mesh->n[0] * mesh->n[1] * mesh->n[2];
  memset(out, 0, mesh->total * sizeof *out);
  memset(mean_flux, 0, 6 * sizeof *mean_flux);
  for (size_t voxel = 0; voxel < voxels; voxel++) {
    size_t index[MOST_UNKNOWNS];
    unknowns_of(mesh, voxel, index);
    const double *tensor = mesh->tensor + (size_t)mesh->phase[voxel] * (size_t)(size * size);
    for (int point = 0; point < points * points * points; point++) {
      const double root = points == 1 ? 0.0 : 0.5 / sqrt(3.0);
      const double x[3] = {point & 1 ? root : -root, point & 2 ? root : -root,
                           point & 4 ? root : -root};
      double b[6][MOST_UNKNOWNS], strain[6];
      strain_matrix(mesh, x, b);
      for (int c = 0; c < size; c++) {
        strain[c] = mean[c];
        for (int k = 0; k < mesh->unknowns; k++)
          strain[c] += b[c][k] * u[index[k]];
        if (center)
          center[voxel * (size_t)size + (size_t)c] += strain[c] / (points * points * points);
      }
      for (int c = 0; c < size; c++) {
        double flux = 0.0;
        for (int e = 0; e < size; e++)
          flux += tensor[c * size + e] * strain[e];
        flux /= points * points * points;
        mean_flux[c] += flux / (double)voxels;
        for (int k = 0; k < mesh->unknowns; k++)
          out[index[k]] += b[c][k] * flux;
      }
    }
  }
}

static double dot(size_t n, const double *a, const double *b)
{
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

static void solve(const struct mesh *mesh, const double mean[6], double *u, double *work,
                  double mean_flux[6])
{
  static const double none[6] = {0.0};
  double *r = work, *p = work + mesh->total, *w = work + 2 * mesh->total, unused[6];
  memset(u, 0, mesh->total * sizeof *u);
  apply(mesh, mean, u, r, mean_flux, NULL);
  for (size_t i = 0; i < mesh->total; i++)
    p[i] = r[i] = -r[i];
  double square = dot(mesh->total, r, r);
  const double first = square;
  for (int k = 0; k < 20000 && square > 1e-30 * first; k++) {
    apply(mesh, none, p, w, unused, NULL);
    const double alpha = square / dot(mesh->total, p, w);
    for (size_t i = 0; i < mesh->total; i++) {
      u[i] += alpha * p[i];
      r[i] -= alpha * w[i];
    }
    const double next = dot(mesh->total, r, r);
    for (size_t i = 0; i < mesh->total; i++)
      p[i] = r[i] + next / square * p[i];
    square = next;
  }
}

void homogenize_reference(const size_t n[3], const double spacing[3], const int32_t *phase,
                          int fields, const double *tensor, int points, double *effective,
                          double *center)
{
  const size_t voxels = n[0] * n[1] * n[2];
  struct mesh mesh = {{n[0], n[1], n[2]},
                      {spacing[0], spacing[1], spacing[2]},
                      phase,
                      fields,
                      fields == 1 ? 3 : 6,
                      CORNERS * fields,
                      tensor,
                      points,
                      voxels * (size_t)fields};
  double *work = calloc(5 * mesh.total, sizeof *work);
  if (!work)
    abort();
  for (int load = 0; load < mesh.size; load++) {
    double mean[6] = {0.0}, flux[6];
    mean[load] = 1.0;
    solve(&mesh, mean, work, work + mesh.total, flux);
    double *of_load = NULL;
    if (center) {
      of_load = center + (size_t)load * voxels * (size_t)mesh.size;
      memset(of_load, 0, voxels * (size_t)mesh.size * sizeof *of_load);
    }
    apply(&mesh, mean, work, work + mesh.total, flux, of_load);
    for (int c = 0; c < mesh.size; c++)
      effective[c * mesh.size + load] = flux[c];
  }
  free(work);
}
