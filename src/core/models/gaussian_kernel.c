/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Squared Mahalanobis distances, compiled once per SIMD level. */
#include "base/vector.h"
#include "gaussian_private.h"

void MLGRAIN_KERNEL(gaussian_distance2)(const struct gaussian *gaussian, const double *z,
                                        double *distance2)
{
  enum { VECTORS = GAUSSIAN_ROWS / WIDTH };
  vector sum[VECTORS];
  for (int v = 0; v < VECTORS; v++)
    sum[v] = vector_set(0.0);
  const double *u = gaussian->column;
  for (size_t j = 0; j < gaussian->n; j++) {
    vector y[VECTORS];
    for (int v = 0; v < VECTORS; v++)
      y[v] = vector_set(0.0);
    for (size_t i = 0; i <= j; i++, u++)
      for (int v = 0; v < VECTORS; v++)
        y[v] += (vector_load(z + i * GAUSSIAN_ROWS + (size_t)v * WIDTH) - gaussian->mean[i]) * *u;
    for (int v = 0; v < VECTORS; v++)
      sum[v] += y[v] * y[v];
  }
  for (int v = 0; v < VECTORS; v++)
    vector_store(distance2 + v * WIDTH, sum[v]);
}
