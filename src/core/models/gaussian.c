/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gaussian.h"

#include <stdlib.h>
#include <string.h>

#include "base/simd_level.h"
#include "gaussian_private.h"

static gaussian_kernel *kernel_of_level(enum mlgrain_simd_level level)
{
#ifdef MLGRAIN_X86_64_LEVELS
  level = mlgrain_simd_usable(level);
  if (level == MLGRAIN_SIMD_V4)
    return gaussian_distance2_v4;
  if (level == MLGRAIN_SIMD_V3)
    return gaussian_distance2_v3;
#else
  (void)level;
#endif
  return gaussian_distance2_v2;
}

struct gaussian *gaussian_create(size_t n, const double *mean, const double *factor,
                                 enum mlgrain_simd_level level)
{
  struct gaussian *made = malloc(sizeof *made);
  double *numbers = malloc((n + n * (n + 1) / 2) * sizeof *numbers);
  if (!made || !numbers) {
    free(made);
    free(numbers);
    return NULL;
  }
  *made = (struct gaussian){n, kernel_of_level(level), numbers, numbers + n};
  memcpy(made->mean, mean, n * sizeof *mean);
  size_t k = 0;
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i <= j; i++)
      made->column[k++] = factor[i * n + j];
  return made;
}

void gaussian_free(struct gaussian *gaussian)
{
  if (gaussian)
    free(gaussian->mean);
  free(gaussian);
}

void gaussian_distance2(const struct gaussian *gaussian, const double *z, double *distance2)
{
  gaussian->kernel(gaussian, z, distance2);
}

void gaussian_transpose(size_t n, size_t rows, const double *x, size_t stride, size_t first,
                        double *z)
{
  for (size_t r = 0; r < GAUSSIAN_ROWS; r++) {
    const double *row = x + stride * (first + r < rows ? first + r : rows - 1);
    for (size_t f = 0; f < n; f++)
      z[f * GAUSSIAN_ROWS + r] = row[f];
  }
}
