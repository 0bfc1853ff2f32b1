/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the work space of a part of the planes, which the solver sets aside and the kernels
   use. */
#ifndef MLGRAIN_HOMOGENIZE_ROWS_H
#define MLGRAIN_HOMOGENIZE_ROWS_H

#include "homogenize_private.h"

/* With A f = f(0) + f(1) and D f = f(1) - f(0) along an axis: of the trilinear function in a voxel
     u = mean + g_x x + g_y y + g_z z + c_xy x y + c_xz x z + c_yz y z + c_xyz x y z
   (x, y, z from its center, in voxels)
     g_x = D_x A_y A_z u / 4 ...   c_xy = D_x D_y A_z u / 2 ...   c_xyz = D_x D_y D_z u */
enum { G_X, G_Y, G_Z, C_XY, C_XZ, C_YZ, C_XYZ, MODES };

/* Work space of a part, in rows of grid->row numbers and a vector more. */
struct rows {
  double *sum[4]; /* A_y A_z u, D_y A_z u, A_y D_z u, D_y D_z u */
  double *mode[MOST_FIELDS][MODES];
  double *response[MOST_FIELDS][MODES]; /* of voxel i at i + 1, of the last one at 0, too */
  double *tensor[STIFFNESSES];
  double *stress[MOST_COMPONENTS];
  double *before[MOST_FIELDS][2]; /* what the last row of voxels gives to the lower and the upper
                                     row of corners between it and the next */
  double *below[MOST_FIELDS];     /* [plane] what the last plane of voxels gives to that above it */
};

/* Lays out the work space, unless that is NULL; returns its size. */
static inline size_t lay_out(const struct medium *medium, struct rows *rows, double *work)
{
  const size_t row = medium->grid.row + 8;
  size_t at = 0;
#define NEXT(pointer, size) (rows->pointer = work ? work + at : NULL, at += (size))
  for (int k = 0; k < 4; k++)
    NEXT(sum[k], row);
  for (int f = 0; f < medium->fields; f++) {
    for (int m = 0; m < MODES; m++) {
      NEXT(mode[f][m], row);
      NEXT(response[f][m], row);
    }
    NEXT(before[f][0], row);
    NEXT(before[f][1], row);
    NEXT(below[f], medium->grid.plane);
  }
  for (int c = 0; c < medium->numbers; c++)
    NEXT(tensor[c], row);
  for (int c = 0; c < MOST_COMPONENTS; c++)
    NEXT(stress[c], row);
#undef NEXT
  return at;
}

#endif
