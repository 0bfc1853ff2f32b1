/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: quaternions as those of mlgrain/orientation.h. */
#ifndef MLGRAIN_QUATERNIONS_H
#define MLGRAIN_QUATERNIONS_H

static inline double dot4(const double a[4], const double b[4])
{
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
}

/* The inverse of a unit quaternion; c may be q. */
static inline void conjugate(const double q[4], double c[4])
{
  c[0] = q[0];
  for (int k = 1; k < 4; k++)
    c[k] = -q[k];
}

#endif
