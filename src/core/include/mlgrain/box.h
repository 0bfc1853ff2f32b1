/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A periodic box, triclinic in general. Lengths are in any one unit. */
#ifndef MLGRAIN_BOX_H
#define MLGRAIN_BOX_H

#include "mlgrain/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The box holds low + sum_k f[k] edge[k] for 0 <= f[k] < 1, and is periodic along each edge. */
struct mlgrain_box {
  double low[3];
  double edge[3][3];
};

/* Moves a point into the box. */
MLGRAIN_EXPORT void mlgrain_box_wrap(const struct mlgrain_box *box, double x[3]);

#ifdef __cplusplus
}
#endif
#endif
