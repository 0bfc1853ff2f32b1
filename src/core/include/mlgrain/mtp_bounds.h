/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upper bounds of extrapolation grades, at a part of the cost of the grades themselves.

   The grade of an atom is max_k |c_k|, c = A^-T v, with the gradient v of its energy to the
   parameters and the n x n active set A: n^2 multiply-adds. The c of atoms that are alike are near
   a space of few dimensions. With positive weights W (diagonal), an orthonormal basis V [n][d] of
   such a space for W^-1 c, a positive matrix T, r_k = |T^-1 e_k|, and an orthonormal basis S [n][s]
   of a random space of s of the m dimensions that z has,

     c = W (V y + z),   y = V^T W^-1 X v,   |c_k| <= W_k (|(V y)_k| + r_k |T z|_2),
     |T z|_2 <= f |S^T T (1 - V V^T) W^-1 X v|_2   with probability 1 - p,

   where f^-2 is the p-quantile of the beta distribution with s/2 and (m - s)/2 and p is
   MLGRAIN_MTP_BOUND_FAILURE (W. B. Johnson, J. Lindenstrauss, Contemp. Math. 26 (1984) 189). These
   are (2 d + s) n multiply-adds in single precision: X has the same products with gradients as A^-T
   and short rows, v is relative to a mean v0, and what rounding may change is added
   (doc/theory_mtp.md). The few rows with the largest |c_k| are known: multiplied always, and left
   out of V and S. Centers whose bound is above what is asked for get all coefficients, many of them
   together, and those for which that doesn't decide are computed again, in double precision. A
   sample of atoms says which d and s cost least, W, which is small where |c_k| comes close to what
   is asked for, and T. */
#ifndef MLGRAIN_MTP_BOUNDS_H
#define MLGRAIN_MTP_BOUNDS_H

#include <stddef.h>

#include "mlgrain/error.h"
#include "mlgrain/mtp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The probability that the remainder z of an atom is longer than its bound, or rounding errors add
   up to more than theirs. */
#define MLGRAIN_MTP_BOUND_FAILURE 1e-9

/* How many atoms determine the basis, advice for `count` below. */
MLGRAIN_EXPORT size_t mlgrain_mtp_bound_samples(const struct mlgrain_mtp *mtp);

/* Chooses a basis for atoms like those of a sample. Bounds hold for all others as well, but may be
   too large to be of use.
     mtp         in double precision, with an active set of neighborhoods
     gradients   [count][parameter_count] of single atoms: gradient_sum of mlgrain_mtp_compute for
                 one center; those that aren't finite are left out
     threshold, find_largest   as in the results that are asked for; with others, bounds are as good
                 but may cost more
     bounds      receives a new object, to be freed with mlgrain_mtp_grade_bounds_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: no such active set. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_grade_bounds_create(
    const struct mlgrain_mtp *mtp, const double *gradients, size_t count, double threshold,
    int find_largest, struct mlgrain_mtp_grade_bounds **bounds, struct mlgrain_error *error);

/* Bytes an object holds. */
MLGRAIN_EXPORT size_t
mlgrain_mtp_grade_bounds_memory(const struct mlgrain_mtp_grade_bounds *bounds);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_mtp_grade_bounds_free(struct mlgrain_mtp_grade_bounds *bounds);

#ifdef __cplusplus
}
#endif
#endif
