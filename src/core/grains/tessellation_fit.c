/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Weights of grains from the volumes that their cells shall have. With A the area of a face and L
   the distance of the seeds on its two sides, d volume_g / d weight_h = -sum A / 2L over the faces
   between g and h, and a row of that matrix sums to zero. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "mlgrain/tessellation.h"

/* The state of a fit: arrays of n numbers. */
struct fit {
  size_t n;
  const struct mlgrain_box *box;
  struct mlgrain_grain *grain;
  struct mlgrain_tessellation *cells; /* for the grains' present weights */
  double *target, *weight;            /* weight: of the last step that was good */
  double *step, *residual, *direction, *product;
};

static double stiffness(const struct mlgrain_face *face)
{
  return 0.5 * face->area / face->distance;
}

/* y = matrix x. */
static void multiply(const struct fit *fit, const double *x, double *y)
{
  const struct mlgrain_tessellation *cells = fit->cells;
  for (size_t g = 0; g < fit->n; g++) {
    y[g] = 0.0;
    for (size_t f = cells->first_face[g]; f < cells->first_face[g + 1]; f++)
      if (cells->face[f].distance > 0.0)
        y[g] += stiffness(&cells->face[f]) * (x[g] - x[cells->face[f].neighbor]);
  }
}

static double dot_product(size_t n, const double *a, const double *b)
{
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

static void subtract_mean(size_t n, double *a)
{
  double mean = 0.0;
  for (size_t i = 0; i < n; i++)
    mean += a[i] / (double)n;
  for (size_t i = 0; i < n; i++)
    a[i] -= mean;
}

/* step = matrix^-1 (target - volume), by conjugate gradients: the matrix is positive but for a
   common constant, which changes no cell and which rounding must not bring in. */
static void solve(struct fit *fit)
{
  const size_t n = fit->n;
  double *r = fit->residual, *p = fit->direction;
  memset(fit->step, 0, n * sizeof *fit->step);
  for (size_t g = 0; g < n; g++)
    r[g] = fit->target[g] - fit->cells->volume[g];
  subtract_mean(n, r);
  memcpy(p, r, n * sizeof *p);
  double square = dot_product(n, r, r);
  const double enough = 1e-14 * square;
  for (size_t k = 0; k < 10 * n + 100 && square > enough; k++) {
    multiply(fit, p, fit->product);
    const double curvature = dot_product(n, p, fit->product);
    if (!(curvature > 0.0))
      break;
    const double a = square / curvature;
    for (size_t g = 0; g < n; g++) {
      fit->step[g] += a * p[g];
      r[g] -= a * fit->product[g];
    }
    subtract_mean(n, r);
    const double next = dot_product(n, r, r);
    for (size_t g = 0; g < n; g++)
      p[g] = r[g] + next / square * p[g];
    square = next;
  }
}

struct quality {
  double least;  /* smallest volume */
  double square; /* sum of the squared differences to the targets */
  double worst;  /* largest relative difference */
};

static struct quality quality_of(const struct fit *fit)
{
  struct quality quality = {DBL_MAX, 0.0, 0.0};
  for (size_t g = 0; g < fit->n; g++) {
    const double difference = fit->cells->volume[g] - fit->target[g];
    quality.least = fmin(quality.least, fit->cells->volume[g]);
    quality.square += difference * difference;
    quality.worst = fmax(quality.worst, fabs(difference) / fit->target[g]);
  }
  return quality;
}

/* The cells of the last good weights plus a part of the step. */
static enum mlgrain_status try_part(struct fit *fit, double part, struct mlgrain_error *error)
{
  for (size_t g = 0; g < fit->n; g++)
    fit->grain[g].weight = fit->weight[g] + part * fit->step[g];
  mlgrain_tessellation_free(fit->cells);
  return mlgrain_tessellation_create(fit->box, fit->n, fit->grain, &fit->cells, error);
}

/* Halves the step until no cell has vanished and the volumes are nearer to the targets. */
static enum mlgrain_status descend(struct fit *fit, double floor_volume, struct quality *quality,
                                   struct mlgrain_error *error)
{
  const double before = sqrt(quality->square);
  for (size_t g = 0; g < fit->n; g++)
    fit->weight[g] = fit->grain[g].weight;
  for (int halvings = 0; halvings < 40; halvings++) {
    const double part = ldexp(1.0, -halvings);
    const enum mlgrain_status status = try_part(fit, part, error);
    if (status)
      return status;
    *quality = quality_of(fit);
    if (quality->least >= floor_volume && sqrt(quality->square) <= (1 - 0.5 * part) * before)
      return MLGRAIN_SUCCESS;
  }
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                      "no weights were found that give the grains their volumes");
}

static enum mlgrain_status iterate(struct fit *fit, struct mlgrain_error *error)
{
  enum { MOST_STEPS = 200 };
  enum mlgrain_status status = try_part(fit, 0.0, error);
  if (status)
    return status;
  struct quality quality = quality_of(fit);
  double least_target = DBL_MAX;
  for (size_t g = 0; g < fit->n; g++)
    least_target = fmin(least_target, fit->target[g]);
  const double floor_volume = 0.5 * fmin(quality.least, least_target);
  for (int k = 0; quality.worst > 1e-6; k++) {
    if (k == MOST_STEPS)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "the volumes of the grains are not reached in %d steps", k);
    solve(fit);
    status = descend(fit, floor_volume, &quality, error);
    if (status)
      return status;
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_tessellation_fit(const struct mlgrain_box *box, size_t n,
                                             struct mlgrain_grain *grain, const double *volume,
                                             struct mlgrain_error *error)
{
  double sum = 0.0, dual[3][3];
  for (size_t g = 0; g < n; g++) {
    if (!(volume[g] > 0.0 && isfinite(volume[g])))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "grain %zu: volume %g is not positive",
                          g + 1, volume[g]);
    sum += volume[g];
  }
  double *memory = calloc(6 * n + 1, sizeof *memory);
  if (!memory)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu grains", n);
  struct fit fit = {n,
                    box,
                    grain,
                    NULL,
                    memory,
                    memory + n,
                    memory + 2 * n,
                    memory + 3 * n,
                    memory + 4 * n,
                    memory + 5 * n};
  const double factor = fabs(dual3(box->edge, dual)) / sum;
  for (size_t g = 0; g < n; g++) {
    grain[g].weight = 0.0; /* Voronoi cells: none is empty */
    fit.target[g] = volume[g] * factor;
  }
  const enum mlgrain_status status = iterate(&fit, error);
  mlgrain_tessellation_free(fit.cells);
  free(memory);
  return status;
}
