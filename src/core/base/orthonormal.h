/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: orthonormal rows, by Gram and Schmidt, twice for what rounding leaves. */
#ifndef MLGRAIN_ORTHONORMAL_H
#define MLGRAIN_ORTHONORMAL_H

#include <math.h>

#include "inner_product.h"

/* Takes from `vector` what lies in the span of the rows of an orthonormal basis [rows][n]. */
static inline void remove_span(const double *basis, size_t rows, size_t n, double *vector)
{
  for (size_t k = 0; k < rows; k++) {
    const double part = inner_product(basis + k * n, vector, n);
    for (size_t l = 0; l < n; l++)
      vector[l] -= part * basis[k * n + l];
  }
}

/* Makes the rows of basis [rows][n] orthonormal; those that depend on others become zero. */
static inline void orthonormalize(double *basis, size_t rows, size_t n)
{
  const double least = 1e-10; /* of a row's length that is left */
  for (size_t k = 0; k < rows; k++) {
    double *row = basis + k * n;
    const double length = sqrt(inner_product(row, row, n));
    for (int twice = 0; twice < 2; twice++)
      remove_span(basis, k, n, row);
    const double left = sqrt(inner_product(row, row, n));
    const double factor = left > least * length ? 1.0 / left : 0.0;
    for (size_t l = 0; l < n; l++)
      row[l] *= factor;
  }
}

#endif
