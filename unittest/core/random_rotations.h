/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and rotations drawn at random, the same on every machine; `seed` goes on. */
#ifndef RANDOM_ROTATIONS_H
#define RANDOM_ROTATIONS_H

#include <math.h>
#include <stdint.h>

/* 0 <= number < 1 */
static inline double draw(uint64_t *seed)
{
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(*seed >> 11) * 0x1p-53;
}

/* Mean 0, variance 1. */
static inline double draw_normal(uint64_t *seed)
{
  const double radius = sqrt(-2.0 * log(1.0 - draw(seed)));
  return radius * cos(6.283185307179586 * draw(seed));
}

/* A quaternion, uniform over all rotations. */
static inline void draw_rotation(uint64_t *seed, double q[4])
{
  double square = 0.0;
  for (int k = 0; k < 4; k++) {
    q[k] = draw_normal(seed);
    square += q[k] * q[k];
  }
  for (int k = 0; k < 4; k++)
    q[k] /= sqrt(square);
}

#endif
