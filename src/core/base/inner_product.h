/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: inner products of long vectors. */
#ifndef MLGRAIN_INNER_PRODUCT_H
#define MLGRAIN_INNER_PRODUCT_H

#include <stddef.h>

/* a . b, in eight sums that the compiler keeps in vectors. */
static inline double inner_product(const double *a, const double *b, size_t count)
{
  enum { LANES = 8 };
  double sum[LANES] = {0.0}, all = 0.0;
  size_t k = 0;
  for (; k + LANES <= count; k += LANES)
    for (size_t lane = 0; lane < LANES; lane++)
      sum[lane] += a[k + lane] * b[k + lane];
  for (; k < count; k++)
    all += a[k] * b[k];
  for (size_t lane = 0; lane < LANES; lane++)
    all += sum[lane];
  return all;
}

#endif
