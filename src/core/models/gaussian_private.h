/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what gaussian.c prepares and the kernels of gaussian_kernel.c use. */
#ifndef MLGRAIN_GAUSSIAN_PRIVATE_H
#define MLGRAIN_GAUSSIAN_PRIVATE_H

#include "gaussian.h"

typedef void gaussian_kernel(const struct gaussian *gaussian, const double *z, double *distance2);

struct gaussian {
  size_t n;
  gaussian_kernel *kernel;
  double *mean;
  double *column; /* U's columns without the zeros: 1 + 2 + ... + n numbers */
};

gaussian_kernel gaussian_distance2_v2, gaussian_distance2_v3, gaussian_distance2_v4;

#endif
