/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A box, triclinic in general, periodic or not. Lengths are in any one unit. */
#ifndef MLGRAIN_BOX_H
#define MLGRAIN_BOX_H

#include "mlgrain/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The box holds low + sum_k f[k] edge[k] for 0 <= f[k] < 1, and is periodic along each edge unless
   said otherwise. */
struct mlgrain_box {
  double low[3];
  double edge[3][3];
  int bounded[3]; /* nonzero: the box is not periodic along this edge, it ends at two faces */
  int columns;    /* k + 1: all grains extend through the box along edge[k], as columns; 0: they are
                     grains in three dimensions */
};

/* Moves a point into the box, along the edges where it is periodic. */
MLGRAIN_EXPORT void mlgrain_box_wrap(const struct mlgrain_box *box, double x[3]);

/* Whether a point is in the box, where that is not periodic: 1, or 0 if it is beyond a face there
   by more than 1e-9 of the edge. */
MLGRAIN_EXPORT int mlgrain_box_holds(const struct mlgrain_box *box, const double x[3]);

#ifdef __cplusplus
}
#endif
#endif
