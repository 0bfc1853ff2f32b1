/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/lbfgs.h"

#include "base/inner_product.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
  PAIRS = MLGRAIN_LBFGS_PAIRS,
  GRADIENT = MLGRAIN_LBFGS_GRADIENT,
  VECTORS = MLGRAIN_LBFGS_VECTORS
};

/* A pair is taken if the cosine of the angle between both is more than this. */
static const double BENDS_UP = 1e-9;

/* A step must win this part of what the slope promises, but for rounding of the value. */
static const double SUFFICIENT = 1e-4, ROUNDING = 1e-14;

/* Shortest part of a step. */
static const double SHORTEST = 1e-4;

void mlgrain_lbfgs_start(struct mlgrain_lbfgs *method, double gradient_squared)
{
  memset(method, 0, sizeof *method);
  method->product[GRADIENT][GRADIENT] = gradient_squared;
}

int mlgrain_lbfgs_pair(const struct mlgrain_lbfgs *method)
{
  return method->next;
}

void mlgrain_lbfgs_forget(struct mlgrain_lbfgs *method)
{
  method->count = 0;
}

/* The k-th latest pair, 0 <= k < count. */
static int latest(const struct mlgrain_lbfgs *method, int k)
{
  return (method->next - 1 - k + 2 * PAIRS) % PAIRS;
}

/* Whether a vector is there: the gradient, those of pairs, and of that which is about to be. */
static bool is_there(const struct mlgrain_lbfgs *method, int vector)
{
  if (vector == GRADIENT)
    return true;
  const int age = (method->next - vector % PAIRS + PAIRS) % PAIRS; /* 0: about to be */
  return age <= method->count;
}

void mlgrain_lbfgs_products(const struct mlgrain_lbfgs *method, size_t n,
                            double *const vector[MLGRAIN_LBFGS_VECTORS],
                            double product[3][MLGRAIN_LBFGS_VECTORS])
{
  const int row[3] = {method->next, PAIRS + method->next, GRADIENT};
  for (int k = 0; k < VECTORS; k++)
    for (int r = 0; r < 3; r++)
      product[r][k] = is_there(method, k) ? inner_product(vector[row[r]], vector[k], n) : 0.0;
}

void mlgrain_lbfgs_add(struct mlgrain_lbfgs *method, double product[3][MLGRAIN_LBFGS_VECTORS])
{
  const int pair = method->next, row[3] = {pair, PAIRS + pair, GRADIENT};
  for (int r = 0; r < 3; r++)
    for (int k = 0; k < VECTORS; k++)
      method->product[row[r]][k] = method->product[k][row[r]] = product[r][k];
  const double step = product[0][pair], change = product[1][PAIRS + pair];
  if (product[0][PAIRS + pair] > BENDS_UP * sqrt(step * change)) {
    method->next = (pair + 1) % PAIRS;
    if (method->count < PAIRS)
      method->count++;
  } else if (method->count == PAIRS) {
    method->count--; /* the oldest one was where this is */
  }
}

/* The product of the sum of vectors with one of them. */
static double with(const struct mlgrain_lbfgs *method, const double coefficient[VECTORS], int one)
{
  double sum = 0.0;
  for (int k = 0; k < VECTORS; k++)
    if (coefficient[k] != 0.0)
      sum += coefficient[k] * method->product[k][one];
  return sum;
}

/* The recursion with two loops, of coefficients in place of vectors. */
double mlgrain_lbfgs_direction(const struct mlgrain_lbfgs *method,
                               double coefficient[MLGRAIN_LBFGS_VECTORS])
{
  double part[PAIRS] = {0.0};
  memset(coefficient, 0, VECTORS * sizeof *coefficient);
  coefficient[GRADIENT] = -1.0;
  for (int k = 0; k < method->count; k++) {
    const int p = latest(method, k);
    part[p] = with(method, coefficient, p) / method->product[p][PAIRS + p];
    coefficient[PAIRS + p] -= part[p];
  }
  if (method->count) {
    const int p = latest(method, 0);
    const double scale = method->product[p][PAIRS + p] / method->product[PAIRS + p][PAIRS + p];
    for (int k = 0; k < VECTORS; k++)
      coefficient[k] *= scale;
  }
  for (int k = method->count - 1; k >= 0; k--) {
    const int p = latest(method, k);
    coefficient[p] +=
        part[p] - with(method, coefficient, PAIRS + p) / method->product[p][PAIRS + p];
  }
  return with(method, coefficient, GRADIENT);
}

void mlgrain_lbfgs_combine(size_t n, const double coefficient[MLGRAIN_LBFGS_VECTORS],
                           double *const vector[MLGRAIN_LBFGS_VECTORS], double *direction)
{
  for (size_t i = 0; i < n; i++)
    direction[i] = coefficient[GRADIENT] * vector[GRADIENT][i];
  for (int k = 0; k < GRADIENT; k++)
    if (coefficient[k] != 0.0)
      for (size_t i = 0; i < n; i++)
        direction[i] += coefficient[k] * vector[k][i];
}

double mlgrain_lbfgs_part(double part, double slope, double before, double value)
{
  const double rise = value - before;
  if (rise <= SUFFICIENT * part * slope + ROUNDING * fabs(before))
    return part;
  /* the minimum of the parabola through value, slope and the later value */
  const double lower = isfinite(value) ? -0.5 * slope * part * part / (rise - slope * part) : 0.0;
  const double shorter = fmin(fmax(lower, 0.1 * part), 0.5 * part);
  return shorter < SHORTEST ? 0.0 : shorter;
}
