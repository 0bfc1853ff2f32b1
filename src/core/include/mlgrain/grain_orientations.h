/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mean orientations of grains, and which grains are one because theirs hardly differ. Quaternions
   as in mlgrain/orientation.h. */
#ifndef MLGRAIN_GRAIN_ORIENTATIONS_H
#define MLGRAIN_GRAIN_ORIENTATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"
#include "mlgrain/orientation.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The rotations of a symmetry, made once for many orientations. */
struct mlgrain_equivalents {
  int count;
  double operation[MLGRAIN_MOST_OPERATIONS][4];
};

MLGRAIN_EXPORT void mlgrain_equivalents_of(enum mlgrain_symmetry symmetry,
                                           struct mlgrain_equivalents *equivalents);

/* Of q and -q times the operations, the one nearest to the reference; returns the cosine of half
   the angle between them. */
MLGRAIN_EXPORT double mlgrain_nearest_equivalent(const struct mlgrain_equivalents *equivalents,
                                                 const double reference[4], const double q[4],
                                                 double nearest[4]);

enum { MLGRAIN_ORIENTATION_SUMS = 10 };

/* Adds q q^T to sum (its upper triangle), q being brought to the equivalent nearest to `reference`.
   Returns the angle between them, in degrees. */
MLGRAIN_EXPORT double mlgrain_orientation_add(const struct mlgrain_equivalents *equivalents,
                                              const double reference[4], const double q[4],
                                              double sum[MLGRAIN_ORIENTATION_SUMS]);

/* The mean orientation: the eigenvector of the largest eigenvalue (F. L. Markley, Y. Cheng, J. L.
   Crassidis, Y. Oshman, J. Guid. Control Dyn. 30 (2007) 1193), q0 >= 0. 1 0 0 0 of an empty sum.
   Returns the spread, in degrees: the angle t for which sin^2(t/2) is the mean over all
   orientations of the same function of the angle between them and their mean. */
MLGRAIN_EXPORT double mlgrain_orientation_mean(const double sum[MLGRAIN_ORIENTATION_SUMS],
                                               double q[4]);

/* Unites grains that touch and whose mean orientations differ by less than `angle` degrees, the
   least different first; what is united has the mean of both, weighted by size.
     structure    [grains] only those of one structure are united
     symmetry     by structure
     orientation  [grains] the means; those of united grains change
     size         [grains] numbers of atoms; likewise
     pair         [pairs][3] grains that touch, from 1, and a number that is not used
     map          [grains] receives the grain each one is part of, from 0: the lowest
   MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_grains_merge(size_t grains, const int32_t *structure, const enum mlgrain_symmetry *symmetry,
                     double (*orientation)[4], double *size, size_t pairs, const int64_t *pair,
                     double angle, int32_t *map, struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
