/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of the L-BFGS method (Nocedal, Math. Comp. 35 (1980) 773) from scalar products alone (Chen,
   Wang, Zhou, Adv. Neural Inf. Process. Syst. 27 (2014) 1332): whoever holds the vectors, parts of
   them in each of many processes, sums these products over the processes once in a step.

   A step: _direction and _combine make the direction, along which the variables go by the parts of
   it that _part says; the step and the change of the gradient are put where _pair says, and the
   gradient in its place; _products, summed over the processes, are given to _add. */
#ifndef MLGRAIN_LBFGS_H
#define MLGRAIN_LBFGS_H

#include <stddef.h>

#include "mlgrain/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Pairs of a step and the change of the gradient in it are remembered. Vectors are in this order:
   the steps of all pairs, the changes of all pairs, the gradient. */
enum {
  MLGRAIN_LBFGS_PAIRS = 10,
  MLGRAIN_LBFGS_GRADIENT = 2 * MLGRAIN_LBFGS_PAIRS,
  MLGRAIN_LBFGS_VECTORS
};

struct mlgrain_lbfgs {
  int count, next;                                              /* pairs; where the next one goes */
  double product[MLGRAIN_LBFGS_VECTORS][MLGRAIN_LBFGS_VECTORS]; /* of the vectors */
};

/* Without a pair. gradient_squared: the product of the gradient with itself. */
MLGRAIN_EXPORT void mlgrain_lbfgs_start(struct mlgrain_lbfgs *method, double gradient_squared);

/* Which pair the next one takes the place of: the oldest, if there are so many. */
MLGRAIN_EXPORT int mlgrain_lbfgs_pair(const struct mlgrain_lbfgs *method);

/* Products of the new step, the new change and the gradient with all vectors that are there, of
   parts of vectors that have n components; others are zero. */
MLGRAIN_EXPORT void mlgrain_lbfgs_products(const struct mlgrain_lbfgs *method, size_t n,
                                           double *const vector[MLGRAIN_LBFGS_VECTORS],
                                           double product[3][MLGRAIN_LBFGS_VECTORS]);

/* Takes in the new pair, unless the function bends down along it, and the gradient. */
MLGRAIN_EXPORT void mlgrain_lbfgs_add(struct mlgrain_lbfgs *method,
                                      double product[3][MLGRAIN_LBFGS_VECTORS]);

/* Forgets all pairs. */
MLGRAIN_EXPORT void mlgrain_lbfgs_forget(struct mlgrain_lbfgs *method);

/* Coefficients of the vectors whose sum is the direction, minus the gradient times the inverse
   Hessian that the pairs tell of; minus the gradient without pairs. Returns the slope along it. */
MLGRAIN_EXPORT double mlgrain_lbfgs_direction(const struct mlgrain_lbfgs *method,
                                              double coefficient[MLGRAIN_LBFGS_VECTORS]);

/* The sum of the vectors, n components of it. */
MLGRAIN_EXPORT void mlgrain_lbfgs_combine(size_t n, const double coefficient[MLGRAIN_LBFGS_VECTORS],
                                          double *const vector[MLGRAIN_LBFGS_VECTORS],
                                          double *direction);

/* After `part` of a direction of this slope was gone, from a value of the function to another: the
   same part, if that has won enough (Armijo's rule); a shorter one to try instead; or 0 where that
   would be too short. A value that isn't finite has won nothing. */
MLGRAIN_EXPORT double mlgrain_lbfgs_part(double part, double slope, double before, double value);

#ifdef __cplusplus
}
#endif
#endif
