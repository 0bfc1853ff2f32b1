/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Products of a few vectors with a matrix, compiled once per SIMD level. */
#include "base/vector.h"
#include "soap_projection_private.h"

void MLGRAIN_KERNEL(projection)(size_t components, size_t stride, const double *mean,
                                const double *matrix, const double *const row[PROJECTION_ROWS],
                                double *to)
{
  for (size_t k = 0; k < stride; k += 2 * WIDTH) {
    vector sum[PROJECTION_ROWS][2] = {{{0.0}}};
    for (size_t c = 0; c < components; c++) {
      const vector first = vector_load(matrix + c * stride + k);
      const vector second = vector_load(matrix + c * stride + k + WIDTH);
      for (int i = 0; i < PROJECTION_ROWS; i++) {
        const vector d = vector_set(row[i][c] - mean[c]);
        sum[i][0] += d * first;
        sum[i][1] += d * second;
      }
    }
    for (int i = 0; i < PROJECTION_ROWS; i++) {
      vector_store(to + (size_t)i * stride + k, sum[i][0]);
      vector_store(to + (size_t)i * stride + k + WIDTH, sum[i][1]);
    }
  }
}
