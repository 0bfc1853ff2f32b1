/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "harmonics.h"

#include <string.h>

const int HARMONIC_DEGREE[HARMONICS] = {0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3};

void harmonics_find(const double place[3], double value[HARMONICS], double gradient[3][HARMONICS])
{
  const double x = place[0], y = place[1], z = place[2], xx = x * x, yy = y * y, zz = z * z;
  const double found[HARMONICS] = {1.0,
                                   x,
                                   y,
                                   z,
                                   x * y,
                                   y * z,
                                   z * x,
                                   0.5 * (xx - yy),
                                   zz - 0.5 * (xx + yy),
                                   x * y * z,
                                   0.5 * z * (xx - yy),
                                   x * (xx - 3.0 * yy),
                                   y * (3.0 * xx - yy),
                                   z * (2.0 * zz - 3.0 * (xx + yy)),
                                   x * (4.0 * zz - xx - yy),
                                   y * (4.0 * zz - xx - yy)};
  const double by_x[HARMONICS] = {0.0,
                                  1.0,
                                  0.0,
                                  0.0,
                                  y,
                                  0.0,
                                  z,
                                  x,
                                  -x,
                                  y * z,
                                  z * x,
                                  3.0 * (xx - yy),
                                  6.0 * x * y,
                                  -6.0 * x * z,
                                  4.0 * zz - 3.0 * xx - yy,
                                  -2.0 * x * y};
  const double by_y[HARMONICS] = {0.0,
                                  0.0,
                                  1.0,
                                  0.0,
                                  x,
                                  z,
                                  0.0,
                                  -y,
                                  -y,
                                  z * x,
                                  -y * z,
                                  -6.0 * x * y,
                                  3.0 * (xx - yy),
                                  -6.0 * y * z,
                                  -2.0 * x * y,
                                  4.0 * zz - xx - 3.0 * yy};
  const double by_z[HARMONICS] = {0.0,
                                  0.0,
                                  0.0,
                                  1.0,
                                  0.0,
                                  y,
                                  x,
                                  0.0,
                                  2.0 * z,
                                  x * y,
                                  0.5 * (xx - yy),
                                  0.0,
                                  0.0,
                                  6.0 * zz - 3.0 * (xx + yy),
                                  8.0 * x * z,
                                  8.0 * y * z};
  memcpy(value, found, sizeof found);
  memcpy(gradient[0], by_x, sizeof by_x);
  memcpy(gradient[1], by_y, sizeof by_y);
  memcpy(gradient[2], by_z, sizeof by_z);
}
