/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Squares of distances, compiled once per SIMD level. As sums of squares of differences: from
   products, digits would be lost where vectors are near each other. */
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
