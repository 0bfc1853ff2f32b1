/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: small symmetric positive definite matrices, [size][size], size <= 6. */
#ifndef MLGRAIN_SYMMETRIC_H
#define MLGRAIN_SYMMETRIC_H

enum { SYMMETRIC_MOST = 6 };

/* The inverse by Cholesky's factors. 0 if the matrix is not positive definite to rounding. */
int symmetric_inverse(int size, const double *matrix, double *inverse);

#endif
