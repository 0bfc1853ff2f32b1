/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: vectors and 3x3 matrices of periodic boxes and lattices. */
#ifndef MLGRAIN_VECTOR3_H
#define MLGRAIN_VECTOR3_H

#include <math.h>

static inline double dot3(const double a[3], const double b[3])
{
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static inline void cross3(const double a[3], const double b[3], double c[3])
{
  c[0] = a[1] * b[2] - a[2] * b[1];
  c[1] = a[2] * b[0] - a[0] * b[2];
  c[2] = a[0] * b[1] - a[1] * b[0];
}

static inline double norm3(const double a[3])
{
  return sqrt(dot3(a, a));
}

/* x = f[0] edge[0] + f[1] edge[1] + f[2] edge[2]. */
static inline void combine3(const double edge[3][3], const double f[3], double x[3])
{
  for (int d = 0; d < 3; d++)
    x[d] = f[0] * edge[0][d] + f[1] * edge[1][d] + f[2] * edge[2][d];
}

/* f[k] = dual[k] . x undoes combine3; returns the volume, with the sign of the edges' handedness.
 */
static inline double dual3(const double edge[3][3], double dual[3][3])
{
  for (int k = 0; k < 3; k++)
    cross3(edge[(k + 1) % 3], edge[(k + 2) % 3], dual[k]);
  const double volume = dot3(edge[0], dual[0]);
  for (int k = 0; k < 3; k++)
    for (int d = 0; d < 3; d++)
      dual[k][d] /= volume;
  return volume;
}

/* y = m x for a matrix of rows. */
static inline void apply3(const double m[3][3], const double x[3], double y[3])
{
  for (int k = 0; k < 3; k++)
    y[k] = dot3(m[k], x);
}

#endif
