/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bases and sketches for bounds of grades. The basis holds the first principal directions of a
   sample, by subspace iteration from random vectors (N. Halko, P. G. Martinsson, J. A. Tropp, SIAM
   Rev. 53 (2011) 217, algorithm 4.4). */
#include "mlgrain/mtp_bounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter_random.h"
#include "base/error_text.h"
#include "mtp_private.h"

enum {
  ITERATIONS = 3,
  SEED = 20260,
  SAMPLES_PER_DIRECTION = 8,
  GROUP = 6 /* rows of the product come in multiples, of 3 or 6 */
};

/* ---- how many -------------------------------------------------------------------------------- */

static size_t direction_count(size_t n)
{
  const size_t count = GROUP * ((n + 83) / 84);
  return count > 4 * GROUP ? count : 4 * GROUP;
}

static size_t sketch_count(size_t n)
{
  return n < 300 ? 3 * GROUP : 10 * GROUP;
}

size_t mlgrain_mtp_bound_samples(const struct mlgrain_mtp *mtp)
{
  return SAMPLES_PER_DIRECTION * direction_count(mtp->parameter_count);
}

/* Probability that the sum of 2 half squares of normal numbers is at most 2 x: e^-x times the sum
   of x^i / i! over i >= half. */
static double chi_square_below(size_t half, double x)
{
  double term = exp(-x);
  for (size_t i = 1; i <= half; i++)
    term *= x / (double)i;
  double sum = 0.0;
  for (size_t i = half + 1; term > 1e-17 * sum; i++) {
    sum += term;
    term *= x / (double)i;
  }
  return sum;
}

double mtp_sketch_factor(size_t count, double probability)
{
  double low = 0.0, high = 0.5 * (double)count;
  for (int k = 0; k < 100; k++) {
    const double middle = 0.5 * (low + high);
    if (chi_square_below(count / 2, middle) < probability)
      low = middle;
    else
      high = middle;
  }
  return sqrt((double)count / (2.0 * low));
}

/* ---- matrices, row by row ---------------------------------------------------------------------
 */

/* out[rows][columns] = a[rows][inner] b[inner][columns]; from one row of a to the next are
   `row_step` numbers, from one column `step`. */
static void multiply(const double *a, size_t row_step, size_t step, const double *b, size_t rows,
                     size_t inner, size_t columns, double *out)
{
  memset(out, 0, rows * columns * sizeof *out);
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < inner; k++) {
      const double factor = a[i * row_step + k * step];
      for (size_t j = 0; j < columns; j++)
        out[i * columns + j] += factor * b[k * columns + j];
    }
}

static double inner_product(const double *a, const double *b, size_t count)
{
  double sum = 0.0;
  for (size_t k = 0; k < count; k++)
    sum += a[k] * b[k];
  return sum;
}

/* Takes from `vector` what lies in the span of the rows of an orthonormal basis. */
static void remove_span(const double *basis, size_t rows, size_t n, double *vector)
{
  for (size_t k = 0; k < rows; k++) {
    const double part = inner_product(basis + k * n, vector, n);
    for (size_t l = 0; l < n; l++)
      vector[l] -= part * basis[k * n + l];
  }
}

/* Makes the rows of basis [rows][n] orthonormal; those that depend on others become zero. */
static void orthonormalize(double *basis, size_t rows, size_t n)
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

/* ---- the sample -------------------------------------------------------------------------------
 */

/* c of an atom in units of its length, zero if it isn't finite, so that none outweighs the others.
 */
static void coefficients(const struct mlgrain_mtp *mtp, const double *gradient, double *c)
{
  const size_t n = mtp->parameter_count;
  for (size_t k = 0; k < n; k++)
    c[k] = inner_product(mtp->active_inverse + k * n, gradient, n);
  const double length = sqrt(inner_product(c, c, n));
  const double factor = length > 0.0 && isfinite(length) ? 1.0 / length : 0.0;
  for (size_t k = 0; k < n; k++)
    c[k] = factor > 0.0 ? factor * c[k] : 0.0;
}

/* Rows of `basis` [directions][n] from the sample c [count][n]; weights [count][directions] is
   scratch. */
static void find_directions(const double *c, size_t count, size_t n, size_t directions,
                            double *weights, double *basis)
{
  for (size_t i = 0; i < count * directions; i++)
    weights[i] = random_normal(SEED, RANDOM_SKETCH, 0, i);
  for (int k = 0; k < ITERATIONS; k++) {
    multiply(weights, 1, directions, c, directions, count, n, basis);
    orthonormalize(basis, directions, n);
    for (size_t i = 0; i < count && k + 1 < ITERATIONS; i++)
      for (size_t j = 0; j < directions; j++)
        weights[i * directions + j] = inner_product(c + i * n, basis + j * n, n);
  }
}

/* ---- the object -------------------------------------------------------------------------------
 */

/* Rows of a sketch, without what lies in the basis. */
static void draw_sketch(const double *basis, size_t directions, size_t n, size_t count,
                        double *sketch)
{
  const double factor = mtp_sketch_factor(count, MLGRAIN_MTP_BOUND_FAILURE) / sqrt((double)count);
  for (size_t k = 0; k < count; k++) {
    double *row = sketch + k * n;
    for (size_t l = 0; l < n; l++)
      row[l] = factor * random_normal(SEED, RANDOM_SKETCH, 1 + k, l);
    for (int twice = 0; twice < 2; twice++)
      remove_span(basis, directions, n, row);
  }
}

static enum mlgrain_status fill(const struct mlgrain_mtp *mtp, const double *gradients,
                                size_t count, struct mlgrain_mtp_grade_bounds *made)
{
  const size_t n = mtp->parameter_count, directions = made->directions;
  const size_t sketched = made->rows - directions;
  double *c = malloc((count * n + 1) * sizeof *c);
  double *weights = malloc((count * directions + 1) * sizeof *weights);
  double *rows = calloc(made->rows * n, sizeof *rows); /* of V^T, then of the sketch */
  made->matrix = malloc(made->rows * n * sizeof *made->matrix);
  made->basis = malloc(n * directions * sizeof *made->basis);
  const int complete = c && weights && rows && made->matrix && made->basis;
  if (complete) {
    for (size_t i = 0; i < count; i++)
      coefficients(mtp, gradients + i * n, c + i * n);
    find_directions(c, count, n, directions, weights, rows);
    draw_sketch(rows, directions, n, sketched, rows + directions * n);
    multiply(rows, n, 1, mtp->active_inverse, made->rows, n, n, made->matrix);
    for (size_t k = 0; k < directions; k++)
      for (size_t l = 0; l < n; l++)
        made->basis[l * directions + k] = (float)rows[k * n + l];
  }
  free(c);
  free(weights);
  free(rows);
  return complete ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

enum mlgrain_status mlgrain_mtp_grade_bounds_create(const struct mlgrain_mtp *mtp,
                                                    const double *gradients, size_t count,
                                                    struct mlgrain_mtp_grade_bounds **bounds,
                                                    struct mlgrain_error *error)
{
  *bounds = NULL;
  if (!mtp->active_inverse || mtp->grade_mode != MLGRAIN_MTP_NEIGHBORHOOD)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "bounds of grades need an active set of neighborhoods");
  struct mlgrain_mtp_grade_bounds *made = calloc(1, sizeof *made);
  if (made) {
    made->parameters = mtp->parameter_count;
    made->directions = direction_count(mtp->parameter_count);
    made->rows = made->directions + sketch_count(mtp->parameter_count);
  }
  if (!made || fill(mtp, gradients, count, made)) {
    mlgrain_mtp_grade_bounds_free(made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for bounds of grades");
  }
  *bounds = made;
  return MLGRAIN_SUCCESS;
}

size_t mlgrain_mtp_grade_bounds_memory(const struct mlgrain_mtp_grade_bounds *bounds)
{
  return sizeof *bounds + bounds->parameters * (bounds->rows * sizeof *bounds->matrix +
                                                bounds->directions * sizeof *bounds->basis);
}

void mlgrain_mtp_grade_bounds_free(struct mlgrain_mtp_grade_bounds *bounds)
{
  if (!bounds)
    return;
  free(bounds->matrix);
  free(bounds->basis);
  free(bounds);
}
