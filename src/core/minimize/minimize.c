/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/minimize.h"

#include "base/error_text.h"
#include "base/inner_product.h"
#include "mlgrain/lbfgs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = MLGRAIN_LBFGS_PAIRS, VECTORS = MLGRAIN_LBFGS_VECTORS };

struct search {
  size_t n;
  struct mlgrain_lbfgs method;
  double *vector[VECTORS]; /* of the method */
  double *gradient;        /* one of them */
  double *direction, *trial, *trial_gradient;
  double slope; /* along the direction */
  double *storage;
};

static double largest(size_t n, const double *a)
{
  double most = 0.0;
  for (size_t i = 0; i < n; i++)
    if (!(fabs(a[i]) <= most))
      most = fabs(a[i]);
  return most;
}

static bool create(struct search *search, size_t n)
{
  memset(search, 0, sizeof *search);
  search->n = n;
  search->storage = malloc((3 + (size_t)VECTORS) * (n ? n : 1) * sizeof *search->storage);
  if (!search->storage)
    return false;
  double *next = search->storage;
  double **arrays[] = {&search->direction, &search->trial, &search->trial_gradient};
  for (size_t k = 0; k < 3; k++, next += n)
    *arrays[k] = next;
  for (int k = 0; k < VECTORS; k++, next += n)
    search->vector[k] = next;
  search->gradient = search->vector[MLGRAIN_LBFGS_GRADIENT];
  return true;
}

/* Not longer than the longest step that is allowed. */
static void find_direction(const struct mlgrain_minimize_settings *settings, struct search *search)
{
  double coefficient[VECTORS];
  search->slope = mlgrain_lbfgs_direction(&search->method, coefficient);
  if (!(search->slope < 0.0)) {
    mlgrain_lbfgs_forget(&search->method);
    search->slope = mlgrain_lbfgs_direction(&search->method, coefficient);
  }
  mlgrain_lbfgs_combine(search->n, coefficient, search->vector, search->direction);
  const double length = largest(search->n, search->direction);
  const bool is_known = search->method.count > 0;
  const double factor =
      is_known ? fmin(1.0, settings->largest_step / length) : settings->first_step / length;
  for (size_t i = 0; i < search->n; i++)
    search->direction[i] *= factor;
  search->slope *= factor;
}

/* Goes to the trial. */
static void step(struct search *search, double *x)
{
  const int pair = mlgrain_lbfgs_pair(&search->method);
  double *moved = search->vector[pair], *change = search->vector[PAIRS + pair];
  for (size_t i = 0; i < search->n; i++) {
    moved[i] = search->trial[i] - x[i];
    change[i] = search->trial_gradient[i] - search->gradient[i];
  }
  memcpy(x, search->trial, search->n * sizeof *x);
  memcpy(search->gradient, search->trial_gradient, search->n * sizeof *x);
  double product[3][VECTORS];
  mlgrain_lbfgs_products(&search->method, search->n, search->vector, product);
  mlgrain_lbfgs_add(&search->method, product);
}

static bool is_finite(size_t n, double value, const double *gradient)
{
  return isfinite(value) && isfinite(largest(n, gradient));
}

/* Goes down along the direction; *moved says whether it could. */
static enum mlgrain_status go(const struct mlgrain_minimize_settings *settings,
                              struct search *search, mlgrain_function *function, void *context,
                              double *x, struct mlgrain_minimum *minimum, bool *moved)
{
  const size_t n = search->n;
  *moved = false;
  double part = 1.0;
  while (part > 0.0 && minimum->evaluations < settings->most_evaluations) {
    for (size_t i = 0; i < n; i++)
      search->trial[i] = x[i] + part * search->direction[i];
    double value;
    const enum mlgrain_status status =
        function(context, search->trial, &value, search->trial_gradient);
    if (status)
      return status;
    minimum->evaluations++;
    if (!is_finite(n, value, search->trial_gradient))
      value = NAN;
    const double next = mlgrain_lbfgs_part(part, search->slope, minimum->value, value);
    if (next == part) {
      step(search, x);
      minimum->value = value;
      *moved = true;
      return MLGRAIN_SUCCESS;
    }
    part = next;
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status descend(const struct mlgrain_minimize_settings *settings,
                                   struct search *search, mlgrain_function *function, void *context,
                                   double *x, struct mlgrain_minimum *minimum,
                                   struct mlgrain_error *error)
{
  const size_t n = search->n;
  enum mlgrain_status status = function(context, x, &minimum->value, search->gradient);
  if (status)
    return status;
  minimum->evaluations = 1;
  if (!is_finite(n, minimum->value, search->gradient))
    return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "the function is not finite at the start");
  mlgrain_lbfgs_start(&search->method, inner_product(search->gradient, search->gradient, n));
  for (;;) {
    minimum->largest_gradient = largest(n, search->gradient);
    if (minimum->largest_gradient <= settings->tolerance)
      return MLGRAIN_SUCCESS;
    if (minimum->evaluations >= settings->most_evaluations)
      return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED, "no minimum after %d evaluations",
                          minimum->evaluations);
    find_direction(settings, search);
    bool moved;
    status = go(settings, search, function, context, x, minimum, &moved);
    if (status)
      return status;
    if (moved)
      continue;
    if (!search->method.count)
      return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED, "there is no way down");
    mlgrain_lbfgs_forget(&search->method);
  }
}

enum mlgrain_status mlgrain_minimize(const struct mlgrain_minimize_settings *settings, size_t n,
                                     mlgrain_function *function, void *context, double *x,
                                     struct mlgrain_minimum *minimum, struct mlgrain_error *error)
{
  memset(minimum, 0, sizeof *minimum);
  if (!(settings->tolerance >= 0.0) || !(settings->largest_step > 0.0) ||
      !(settings->first_step > 0.0) || settings->most_evaluations < 1)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "a setting is out of range");
  struct search search;
  if (!create(&search, n))
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "no memory for %zu variables", n);
  const enum mlgrain_status status =
      descend(settings, &search, function, context, x, minimum, error);
  free(search.storage);
  return status;
}
