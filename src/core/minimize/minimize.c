/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/minimize.h"

#include "base/error_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Steps and changes of the gradient that are remembered. */
enum { MEMORY = 12 };

/* A step must win this part of what the slope promises (Armijo), but for rounding. */
static const double SUFFICIENT = 1e-4, ROUNDING = 1e-14;

/* Shortest part of a step that is tried. */
static const double SHORTEST = 1e-4;

struct search {
  size_t n;
  double *gradient, *direction, *trial, *trial_gradient;
  double *step[MEMORY], *change[MEMORY]; /* the latest at `next - 1`, around */
  double curvature[MEMORY];              /* step . change */
  int count, next;
  double *storage;
};

static double dot(size_t n, const double *a, const double *b)
{
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

/* a += factor b */
static void add(size_t n, double *a, double factor, const double *b)
{
  for (size_t i = 0; i < n; i++)
    a[i] += factor * b[i];
}

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
  search->storage = malloc((4 + 2 * MEMORY) * (n ? n : 1) * sizeof *search->storage);
  if (!search->storage)
    return false;
  double *next = search->storage;
  double **arrays[] = {&search->gradient, &search->direction, &search->trial,
                       &search->trial_gradient};
  for (size_t k = 0; k < 4; k++, next += n)
    *arrays[k] = next;
  for (int k = 0; k < MEMORY; k++, next += 2 * n) {
    search->step[k] = next;
    search->change[k] = next + n;
  }
  return true;
}

/* The k-th latest pair, 0 <= k < count. */
static int latest(const struct search *search, int k)
{
  return (search->next - 1 - k + 2 * MEMORY) % MEMORY;
}

/* Minus the inverse Hessian that the pairs tell of, times the gradient (two-loop recursion). */
static void find_direction(struct search *search)
{
  const size_t n = search->n;
  double *d = search->direction, part[MEMORY] = {0.0};
  for (size_t i = 0; i < n; i++)
    d[i] = -search->gradient[i];
  for (int k = 0; k < search->count; k++) {
    const int p = latest(search, k);
    part[p] = dot(n, search->step[p], d) / search->curvature[p];
    add(n, d, -part[p], search->change[p]);
  }
  if (search->count) {
    const int p = latest(search, 0);
    const double scale = search->curvature[p] / dot(n, search->change[p], search->change[p]);
    for (size_t i = 0; i < n; i++)
      d[i] *= scale;
  }
  for (int k = search->count - 1; k >= 0; k--) {
    const int p = latest(search, k);
    const double q = dot(n, search->change[p], d) / search->curvature[p];
    add(n, d, part[p] - q, search->step[p]);
  }
}

/* Shortens the direction to the longest step that is allowed. */
static void limit(const struct mlgrain_minimize_settings *settings, struct search *search)
{
  const double length = largest(search->n, search->direction);
  const double most = search->count ? settings->largest_step : settings->first_step;
  const double factor = search->count ? fmin(1.0, most / length) : most / length;
  for (size_t i = 0; i < search->n; i++)
    search->direction[i] *= factor;
}

/* Remembers the step to the trial, unless the function bends down along it. */
static void remember(struct search *search, const double *x)
{
  const int p = search->next;
  for (size_t i = 0; i < search->n; i++) {
    search->step[p][i] = search->trial[i] - x[i];
    search->change[p][i] = search->trial_gradient[i] - search->gradient[i];
  }
  const double curvature = dot(search->n, search->step[p], search->change[p]);
  const double squares = dot(search->n, search->change[p], search->change[p]);
  if (!(curvature > 1e-10 * squares * largest(search->n, search->step[p])))
    return;
  search->curvature[p] = curvature;
  search->next = (p + 1) % MEMORY;
  if (search->count < MEMORY)
    search->count++;
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
  const double slope = dot(n, search->gradient, search->direction);
  *moved = false;
  for (double part = 1.0; part >= SHORTEST && minimum->evaluations < settings->most_evaluations;) {
    for (size_t i = 0; i < n; i++)
      search->trial[i] = x[i] + part * search->direction[i];
    double value;
    const enum mlgrain_status status =
        function(context, search->trial, &value, search->trial_gradient);
    if (status)
      return status;
    minimum->evaluations++;
    const bool finite = is_finite(n, value, search->trial_gradient);
    const double rise = value - minimum->value;
    if (finite && rise <= SUFFICIENT * part * slope + ROUNDING * fabs(minimum->value)) {
      remember(search, x);
      memcpy(x, search->trial, n * sizeof *x);
      memcpy(search->gradient, search->trial_gradient, n * sizeof *x);
      minimum->value = value;
      *moved = true;
      return MLGRAIN_SUCCESS;
    }
    /* the minimum of the parabola through value, slope and the trial's value */
    const double lower = finite ? -0.5 * slope * part * part / (rise - slope * part) : 0.0;
    part = fmin(fmax(lower, 0.1 * part), 0.5 * part);
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
  for (;;) {
    minimum->largest_gradient = largest(n, search->gradient);
    if (minimum->largest_gradient <= settings->tolerance)
      return MLGRAIN_SUCCESS;
    if (minimum->evaluations >= settings->most_evaluations)
      return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED, "no minimum after %d evaluations",
                          minimum->evaluations);
    find_direction(search);
    if (!(dot(n, search->gradient, search->direction) < 0.0)) {
      search->count = 0;
      find_direction(search);
    }
    limit(settings, search);
    bool moved;
    status = go(settings, search, function, context, x, minimum, &moved);
    if (status)
      return status;
    if (moved)
      continue;
    if (!search->count)
      return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED, "there is no way down");
    search->count = 0;
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
