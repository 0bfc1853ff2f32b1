/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damped normal equations, by Cholesky's factorization. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/inner_product.h"
#include "mlgrain/mtp_train.h"

enum { BLOCK = 48 };

/* Lower triangle to its factor L, row by row. 0 if the matrix isn't positive definite. Rows are
   taken in blocks, so that a row above serves all of a block while it is near. */
static int factor(double *matrix, size_t n)
{
  for (size_t first = 0; first < n; first += BLOCK) {
    const size_t last = first + BLOCK < n ? first + BLOCK : n;
    for (size_t j = 0; j < last; j++) {
      const double *above = matrix + j * n;
      for (size_t i = j > first ? j : first; i < last; i++) {
        double *row = matrix + i * n;
        const double left = row[j] - inner_product(row, above, j);
        if (i == j && !(left > 0.0))
          return 0;
        row[j] = i == j ? sqrt(left) : left / above[j];
      }
    }
  }
  return 1;
}

/* L L^T x = x */
static void substitute(const double *matrix, size_t n, double *x)
{
  for (size_t i = 0; i < n; i++)
    x[i] = (x[i] - inner_product(matrix + i * n, x, i)) / matrix[i * n + i];
  for (size_t i = n; i-- > 0;) {
    x[i] /= matrix[i * n + i];
    for (size_t j = 0; j < i; j++)
      x[j] -= matrix[i * n + j] * x[i];
  }
}

/* x = L L^T x */
static void multiply(const double *matrix, size_t n, double *x)
{
  for (size_t j = 0; j < n; j++) {
    double sum = 0.0;
    for (size_t i = j; i < n; i++)
      sum += matrix[i * n + j] * x[i];
    x[j] = sum;
  }
  for (size_t i = n; i-- > 0;)
    x[i] = inner_product(matrix + i * n, x, i + 1);
}

/* The largest eigenvalue of L L^T, or of its inverse, by power iteration. */
static double largest_eigenvalue(const double *matrix, size_t n, int inverse, double *x)
{
  enum { ITERATIONS = 30 };
  double size = 1.0;
  for (size_t i = 0; i < n; i++)
    x[i] = cos(3.0 * (double)i);
  for (int k = 0; k < ITERATIONS; k++) {
    size = sqrt(inner_product(x, x, n));
    for (size_t i = 0; i < n; i++)
      x[i] /= size;
    if (inverse)
      substitute(matrix, n, x);
    else
      multiply(matrix, n, x);
  }
  return sqrt(inner_product(x, x, n));
}

/* Scaled to a unit diagonal, with damping; the scale. */
static enum mlgrain_status prepare(const double *normal, const double *damping, size_t count,
                                   double *matrix, double *scale, struct mlgrain_error *error)
{
  for (size_t i = 0; i < count; i++) {
    const double diagonal = normal[i * count + i];
    scale[i] = diagonal > 0.0 ? 1.0 / sqrt(diagonal) : 0.0;
    if (!isfinite(diagonal))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                          "normal equations: row %zu holds a number that is not finite", i);
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < i; j++)
      matrix[i * count + j] = normal[i * count + j] * scale[i] * scale[j];
    matrix[i * count + i] = 1.0 + damping[i];
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status solve_one(const double *matrix, const double *scale, const double *right,
                                     size_t count, double *step, struct mlgrain_error *error)
{
  for (size_t i = 0; i < count; i++) {
    step[i] = -right[i] * scale[i];
    if (!isfinite(right[i]))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                          "normal equations: row %zu holds a number that is not finite", i);
  }
  substitute(matrix, count, step);
  for (size_t i = 0; i < count; i++)
    step[i] *= scale[i];
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_mtp_solve_several(const double *normal, const double *right,
                                              size_t rights, const double *damping, size_t count,
                                              double *step, double *condition,
                                              struct mlgrain_error *error)
{
  double *matrix = calloc(count * count + 1, sizeof *matrix);
  double *scale = calloc(count + 1, sizeof *scale);
  if (!matrix || !scale) {
    free(matrix);
    free(scale);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for normal equations");
  }
  enum mlgrain_status status = prepare(normal, damping, count, matrix, scale, error);
  if (!status && !factor(matrix, count))
    status = mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "normal equations are not positive definite with this damping");
  for (size_t k = 0; k < rights && !status; k++)
    status = solve_one(matrix, scale, right + k * count, count, step + k * count, error);
  if (!status && condition) /* scale isn't needed any more */
    *condition =
        largest_eigenvalue(matrix, count, 0, scale) * largest_eigenvalue(matrix, count, 1, scale);
  free(matrix);
  free(scale);
  return status;
}

enum mlgrain_status mlgrain_mtp_solve(const double *normal, const double *right,
                                      const double *damping, size_t count, double *step,
                                      double *condition, struct mlgrain_error *error)
{
  return mlgrain_mtp_solve_several(normal, right, 1, damping, count, step, condition, error);
}
