/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Periodic images of points, for what looks only at points and their distances: after this the
   images are points like others. Any box will do, also one thinner than the cutoff, where a point
   is its own neighbor. A program whose ghost atoms exist already (LAMMPS) doesn't need it. */
#ifndef MLGRAIN_IMAGES_H
#define MLGRAIN_IMAGES_H

#include <stddef.h>

#include "mlgrain/box.h"
#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Made and freed by the functions below. */
struct mlgrain_images {
  size_t count;   /* points and images together */
  double (*x)[3]; /* [count] the points in their order, moved into the box along its periodic
                     edges; then the images */
  int *owner;     /* [count] the point that each is an image of; points are their own */
};

/* Adds to n points the images that any of them can have within `reach`, and few others.
     x         [n][3]  positions, any one unit of length, inside the box or not
     box       edges that aren't periodic are not looked at: they may be zero
     reach     > 0, same unit
     images    receives a new object, to be freed with mlgrain_images_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: reach not positive, periodic edges that lie in
   a plane or a line or are zero, or 2^31 points and images or more; MLGRAIN_NOT_FINITE: a
   coordinate or a periodic edge is; *bad (may be NULL) receives the point, or n for the box. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_images_create(size_t n, const double (*x)[3], const struct mlgrain_box *box, double reach,
                      struct mlgrain_images **images, size_t *bad, struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_images_free(struct mlgrain_images *images);

#ifdef __cplusplus
}
#endif
#endif
