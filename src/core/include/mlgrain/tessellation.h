/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tessellations of a box into convex grains: the cell of a grain holds the points x with
     |x - seed|^2 - weight
   smaller than for any other grain and any periodic image. With equal weights these are Voronoi
   cells, else Laguerre cells (also: power or radical cells; H. Imai, M. Iri, K. Murota, SIAM J.
   Comput. 14 (1985) 93). The polyhedra are those of Voro++ (C. H. Rycroft, Chaos 19 (2009) 041111).
   Where the box is not periodic, cells end at its faces. In a box of columns the distance is that
   across the columns, so that cells are prisms, from one face of the box to the other; where along
   them a seed lies does not matter. Lengths are in any one unit. */
#ifndef MLGRAIN_TESSELLATION_H
#define MLGRAIN_TESSELLATION_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/box.h"
#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_grain {
  double seed[3];        /* in the box */
  double orientation[4]; /* see mlgrain/orientation.h */
  double weight;         /* length^2 */
};

/* What is behind a face of a cell that is on a face of the box. */
#define MLGRAIN_SURFACE SIZE_MAX

/* A face of a cell. Every boundary between two grains is a face of both. */
struct mlgrain_face {
  size_t neighbor;  /* the grain behind it; the grain itself, where it meets its own image, as
                       columns do at the ends of a periodic box; or MLGRAIN_SURFACE */
  int image[3];     /* the neighbor's seed is at seed[neighbor] + sum_k image[k] edge[k]. Of a
                       surface: -1 or 1 for the face of the box at the low or high end of edge k */
  double to[3];     /* from this grain's seed to that; 0 for a surface */
  double distance;  /* of the two seeds, in a box of columns across them; 0 for faces of the box */
  double normal[3]; /* outwards, length 1 */
  double offset;    /* the cell is at normal . (x - seed) <= offset */
  double area;
  double center[3]; /* centroid of the face, from the grain's seed */
};

struct mlgrain_tessellation {
  size_t grains;
  double *volume;        /* [grains] */
  double (*centroid)[3]; /* [grains] of the cell, from the seed */
  size_t *first_face;    /* [grains + 1] faces of grain g: first_face[g] .. first_face[g + 1] - 1 */
  struct mlgrain_face *face;
  size_t *first_vertex; /* [grains + 1] */
  double (*vertex)[3];  /* from the seed */
};

/* Makes the cells of n grains; free with mlgrain_tessellation_free. A grain whose weight is too
   small has no cell: volume 0, no faces. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: no grain,
   2^31 or more, a box without volume, a seed outside the box where it is not periodic, two seeds at
   one place (grains are counted from 1 in the text); MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_tessellation_create(
    const struct mlgrain_box *box, size_t n, const struct mlgrain_grain *grain,
    struct mlgrain_tessellation **tessellation, struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_tessellation_free(struct mlgrain_tessellation *tessellation);

/* Changes the weights so that the cells have the given volumes, to 1e-6 of each; there is just one
   such tessellation for given seeds (F. Aurenhammer, F. Hoffmann, B. Aronov, Algorithmica 20 (1998)
   61). Damped Newton iteration after J. Kitagawa, Q. Merigot, B. Thibert, J. Eur. Math. Soc. 21
   (2019) 2603.
     volume  [n] all > 0; multiplied here by a common factor so that they fill the box
   MLGRAIN_OUT_OF_MEMORY, and the errors of mlgrain_tessellation_create; MLGRAIN_INVALID_ARGUMENT: a
   volume that is not positive, or no convergence. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_tessellation_fit(const struct mlgrain_box *box, size_t n,
                                                            struct mlgrain_grain *grain,
                                                            const double *volume,
                                                            struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
