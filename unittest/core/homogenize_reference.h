/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Effective tensors of voxels the plain way: finite elements with eight corners, one or eight Gauss
   points, matrices from the shape functions, conjugate gradients without a preconditioner. */
#ifndef MLGRAIN_HOMOGENIZE_REFERENCE_H
#define MLGRAIN_HOMOGENIZE_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

/* fields 1: conductivity [phases][3][3], effective [3][3]; 3: stiffness [phases][6][6], effective
   [6][6]. points: 1 or 2 Gauss points along each axis. center, if not NULL, receives the gradient
   or strain in the center of each voxel, [loads][voxels][components]. */
void homogenize_reference(const size_t n[3], const double spacing[3], const int32_t *phase,
                          int fields, const double *tensor, int points, double *effective,
                          double *center);

#endif
