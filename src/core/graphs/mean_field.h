/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: means over inclusions. Matrices are in Mandel's notation. */
#ifndef MLGRAIN_GRAPHS_MEAN_FIELD_H
#define MLGRAIN_GRAPHS_MEAN_FIELD_H

#include <stddef.h>

#include "mlgrain/error.h"

/* Phases of which a mean is made. */
struct mixture {
  int size;
  size_t phases;
  const double *fraction; /* [phases] >= 0, sum 1 */
  const double *tensor;   /* [phases][size][size] */
};

/* (sum_i f_i (L + K_i)^-1)^-1 - L, which is the mean of inclusions in a medium with the constraint
   tensor L, R. Hill's; Reuss' mean for L = 0. 0 if a matrix is not positive definite. */
int mixture_mean(const struct mixture *mixture, const double *constraint, double *mean);

/* sum_i f_i K_i, Voigt's. */
void mixture_voigt(const struct mixture *mixture, double *mean);

/* The constraint tensor of spheres in a medium, P^-1 - K with
     P = < b (b^T K b)^-1 b^T >  over directions n,  b = n, or for stiffnesses the strains of n with
   each axis. 0 if it is not positive definite. */
int constraint_tensor(int size, const double *medium, double *constraint);

/* The mean whose constraint tensor is that of itself. MLGRAIN_INVALID_ARGUMENT,
   MLGRAIN_NOT_CONVERGED. */
enum mlgrain_status mixture_self_consistent(const struct mixture *mixture, double *mean,
                                            struct mlgrain_error *error);

#endif
