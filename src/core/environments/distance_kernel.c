/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Squares of distances and projections, compiled once per SIMD level. Squares as sums of squares of
   differences: from products, digits would be lost where vectors are near each other. */
#include "base/vector.h"
#include "environments_private.h"

double MLGRAIN_KERNEL(environments_square)(size_t components, const double *a, const double *b)
{
  vector sum[4] = {{0.0}, {0.0}, {0.0}, {0.0}};
  size_t i = 0;
  for (; i + 4 * WIDTH <= components; i += 4 * WIDTH)
    for (int k = 0; k < 4; k++) {
      const vector d = vector_load(a + i + k * WIDTH) - vector_load(b + i + k * WIDTH);
      sum[k] += d * d;
    }
  double square = vector_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (; i < components; i++)
    square += (a[i] - b[i]) * (a[i] - b[i]);
  return square;
}

void MLGRAIN_KERNEL(environments_project)(size_t components, const double *direction,
                                          const double *a, const double *b, double *projection)
{
  vector sum[ENVIRONMENTS_TOGETHER] = {{0.0}};
  size_t i = 0;
  for (; i + WIDTH <= components; i += WIDTH) {
    const vector d = vector_load(a + i) - vector_load(b + i);
    for (size_t k = 0; k < ENVIRONMENTS_TOGETHER; k++)
      sum[k] += d * vector_load(direction + k * components + i);
  }
  for (size_t k = 0; k < ENVIRONMENTS_TOGETHER; k++) {
    projection[k] = vector_sum(sum[k]);
    for (size_t j = i; j < components; j++)
      projection[k] += (a[j] - b[j]) * direction[k * components + j];
  }
}
