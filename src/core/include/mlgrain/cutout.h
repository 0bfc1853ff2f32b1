/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small periodic cells cut out of large systems, around atoms that something shall be known of: for
   reference calculations that the whole system is too large for. Lengths are in any one unit.

   A cell is a box around the center, made periodic. Where the box ends, atoms meet others than
   before (the seam), so that only forces near the center are those of the whole system. Several
   boxes with other edges and orientations are tried, and that with the smallest seam is taken. An
   edge along which the system itself repeats within the size of a cell is kept, and has no seam.
   doc/cells.md has the formulas and how far forces can be trusted. */
#ifndef MLGRAIN_CUTOUT_H
#define MLGRAIN_CUTOUT_H

#include <stddef.h>

#include "mlgrain/box.h"
#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_cutout_rules {
  double edge;      /* > 0, of cells */
  double variation; /* 0 to 0.5: edges are between edge (1 - variation) and edge (1 + variation) */
  int boxes;        /* 1 to 1000, how many are tried */
  double closest;   /* of two atoms that are nearer than this across the seam, the outer one is left
                       out; 0: 0.85 of the shortest distance in the surroundings */
  double trusted;   /* > 0: forces within this distance of the center have weight 1 */
  double fading;    /* > 0: over which weights of others fall to 0 */
  double seam_reach; /* > 0: neighbors within it are compared with those before */
};

/* 15, 0.07, 24, 0, 4, 1, 5: for metals, in Angstrom */
MLGRAIN_EXPORT extern const struct mlgrain_cutout_rules mlgrain_default_cutout_rules;

/* Atoms around a center; may be filled by whoever has them. */
struct mlgrain_surroundings {
  size_t count;
  double (*x)[3]; /* [count] relative to the center, which is one of them */
  size_t *atom;   /* [count] which atoms these are; images of one atom are several entries */
};

/* How far from the center surroundings must reach for all boxes that are tried.
     box  of the system; all three edges are read, also those that aren't periodic
   0: the rules are out of range. */
MLGRAIN_EXPORT double mlgrain_cutout_reach(const struct mlgrain_cutout_rules *rules,
                                           const struct mlgrain_box *box);

/* Finds atoms around a center, periodic images included.
     x             [n][3] inside the box or not
     box           as above
     reach         > 0
     surroundings  receives a new object, to be freed with mlgrain_surroundings_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: edges that lie in a plane, or a reach that is
   not positive or so large that it holds more than 1000 images of the box along an edge;
   MLGRAIN_NOT_FINITE: a coordinate, the text says of which atom. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_surroundings_find(size_t n, const double (*x)[3], const struct mlgrain_box *box,
                          const double center[3], double reach,
                          struct mlgrain_surroundings **surroundings, struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_surroundings_free(struct mlgrain_surroundings *surroundings);

/* A cell. Made and freed by the functions below. */
struct mlgrain_cutout {
  double cell[3][3]; /* edges in rows, all periodic; as seen in the system, not turned */
  size_t count;
  double (*x)[3]; /* [count] relative to the center, which is in the middle of the cell */
  size_t *entry;  /* [count] of the surroundings */
  double *weight; /* [count] of forces: 1 near the center, 0 far from it */
  size_t removed; /* atoms that were left out at the seam */
  double seam;    /* root mean square change of weighted coordination numbers, in parts of their
                     mean; both means with a Gaussian of 0.75 `trusted` about the center */
  int number;     /* of the box, 0 ... boxes - 1 */
};

/* Cuts one of the boxes that are tried: number 0 is along the axes with edges as the rules say.
     surroundings  as far as mlgrain_cutout_reach at least
     cutout        receives a new object, to be freed with mlgrain_cutout_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: rules, box or number out of range, or no atom at
   the center; MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_cutout_create(const struct mlgrain_cutout_rules *rules, const struct mlgrain_box *box,
                      const struct mlgrain_surroundings *surroundings, int number,
                      struct mlgrain_cutout **cutout, struct mlgrain_error *error);

/* Cuts the box with the smallest seam of all. As mlgrain_cutout_create. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_cutout_best(const struct mlgrain_cutout_rules *rules, const struct mlgrain_box *box,
                    const struct mlgrain_surroundings *surroundings, struct mlgrain_cutout **cutout,
                    struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_cutout_free(struct mlgrain_cutout *cutout);

/* Chooses centers: the atom with the largest score, then that with the next largest one that is at
   least `apart` from it, and so on.
     score   [n] those that are not finite are passed over
     limit   scores up to this are passed over, too
     most    no more than these
     center  [most] receives their numbers
     count   receives how many there are
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: edges that lie in a plane. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_cutout_centers(size_t n, const double (*x)[3], const struct mlgrain_box *box,
                       const double *score, double limit, double apart, size_t most, size_t *center,
                       size_t *count, struct mlgrain_error *error);

/* Whether any image of b is nearer to a than `distance`, in a box whose edges don't lie in a plane.
 */
MLGRAIN_EXPORT int mlgrain_cutout_is_near(const struct mlgrain_box *box, const double a[3],
                                          const double b[3], double distance);

#ifdef __cplusplus
}
#endif
#endif
