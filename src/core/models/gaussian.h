/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: squared Mahalanobis distances |(z - mean) U|^2, rows in the lanes of vectors. */
#ifndef MLGRAIN_GAUSSIAN_H
#define MLGRAIN_GAUSSIAN_H

#include <stddef.h>

#include "mlgrain/simd.h"

struct gaussian;

/* mean[n]; factor[n][n], the upper triangular U, row-major. NULL if there is no memory. */
struct gaussian *gaussian_create(size_t n, const double *mean, const double *factor,
                                 enum mlgrain_simd_level level);
void gaussian_free(struct gaussian *gaussian);

/* Rows taken at a time: row r, feature f at z[f * GAUSSIAN_ROWS + r]. */
enum { GAUSSIAN_ROWS = 8 };

/* distance2[GAUSSIAN_ROWS] */
void gaussian_distance2(const struct gaussian *gaussian, const double *z, double *distance2);

/* Puts rows first .. first + GAUSSIAN_ROWS - 1 of [rows][stride] numbers into that form; rows past
   the last one repeat it. */
void gaussian_transpose(size_t n, size_t rows, const double *x, size_t stride, size_t first,
                        double *z);

#endif
