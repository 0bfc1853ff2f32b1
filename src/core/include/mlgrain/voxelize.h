/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grains of a tessellation on a grid of voxels: which cell the center of each is in, and how
   far away the nearest boundary is. */
#ifndef MLGRAIN_VOXELIZE_H
#define MLGRAIN_VOXELIZE_H

#include "mlgrain/tessellation.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Arrays of the caller, an element for each voxel. The box is cut into n[0] x n[1] x n[2] voxels
   along its edges; voxel (i, j, k) is element (k * n[1] + j) * n[0] + i.
     grain     0 .. grains - 1
     neighbor  the grain behind the nearest boundary; grain itself where it has none
     distance  of the center from that boundary's plane, >= 0; infinity if there is none. Faces of
               the box are no boundaries, nor is where a grain meets its own image, which has its
               orientation
     normal    of the plane, from grain to neighbor, length 1; 0 0 0 if there is none */
struct mlgrain_voxel_grains {
  int32_t *grain, *neighbor;
  double *distance;
  double (*normal)[3];
};

/* Fills planes first .. last - 1 of n[2]; a voxel doesn't depend on them, so that calls for
   disjoint ranges may run at once.
     box, grain, cells  as mlgrain_tessellation_create had and made them
   MLGRAIN_INVALID_ARGUMENT: no voxel, a range beyond the last plane, or no grain that has a cell.
 */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_voxelize(const struct mlgrain_box *box,
                                                    const struct mlgrain_grain *grain,
                                                    const struct mlgrain_tessellation *cells,
                                                    const size_t n[3], size_t first, size_t last,
                                                    const struct mlgrain_voxel_grains *voxels,
                                                    struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
