/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of vector.h at one SIMD level, for test_simd.c. */
#include "vector_kernel.h"

#include "base/vector.h"

void MLGRAIN_KERNEL(apply_exp)(size_t n, const double *x, double *y)
{
  for (size_t i = 0; i < n; i += WIDTH)
    vector_store(y + i, vector_exp(vector_load(x + i)));
}

void MLGRAIN_KERNEL(apply_sqrt)(size_t n, const double *x, double *y)
{
  for (size_t i = 0; i < n; i += WIDTH)
    vector_store(y + i, vector_sqrt(vector_load(x + i)));
}

size_t MLGRAIN_KERNEL(keep_below)(size_t n, const double *x, double limit, double *y)
{
  size_t count = 0;
  for (size_t i = 0; i < n; i += WIDTH) {
    const vector v = vector_load(x + i);
    const unsigned bits = vector_mask_bits(v < limit);
    vector_compress_store(y + count, bits, v);
    count += (size_t)__builtin_popcount(bits);
  }
  return count;
}

void MLGRAIN_KERNEL(clip_below)(size_t n, const double *x, double limit, double *y)
{
  for (size_t i = 0; i < n; i += WIDTH) {
    const vector v = vector_load(x + i);
    vector_store(y + i, vector_select(v < limit, vector_set(limit), v));
  }
}

double MLGRAIN_KERNEL(sum)(size_t n, const double *x)
{
  double sum = 0.0;
  for (size_t i = 0; i < n; i += WIDTH)
    sum += vector_sum(vector_load(x + i));
  return sum;
}
