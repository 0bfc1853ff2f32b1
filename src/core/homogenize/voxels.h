/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what every function that takes voxels asks of them. */
#ifndef MLGRAIN_HOMOGENIZE_VOXELS_H
#define MLGRAIN_HOMOGENIZE_VOXELS_H

#include "mlgrain/homogenize.h"

/* MLGRAIN_INVALID_ARGUMENT: numbers of voxels or their edges out of range. */
enum mlgrain_status voxels_check(const struct mlgrain_voxels *voxels, struct mlgrain_error *error);

#endif
