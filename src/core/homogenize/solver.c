/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "solver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/simd_level.h"
#include "homogenize_rows.h"
#include "spectral.h"

/* So many last iterations tell how far the energy still is from its least value (Z. Strakos, P.
   Tichy, Electron. Trans. Numer. Anal. 13 (2002) 56). */
enum { DELAY = 8 };

struct solver {
  const struct medium *medium;
  const struct mlgrain_homogenize_settings *settings;
  struct homogenize_kernels kernel;
  struct spectral *spectral;
  int threads;
  size_t work_size; /* of a thread */
  double *work;     /* [threads][work_size] */
  double *r, *p, *w;
  double *product;  /* [planes] */
  double *flux_sum; /* [planes][MOST_COMPONENTS] */
};

/* ---- making --------------------------------------------------------------------------------- */

static struct homogenize_kernels kernels_of_level(enum mlgrain_simd_level level)
{
#define KERNELS_OF(suffix)                                                                         \
  ((struct homogenize_kernels){homogenize_flux_##suffix, homogenize_advance_##suffix,              \
                               homogenize_product_##suffix, homogenize_direction_##suffix,         \
                               homogenize_green_##suffix})
#ifdef MLGRAIN_X86_64_LEVELS
  level = mlgrain_simd_usable(level);
  if (level == MLGRAIN_SIMD_V4)
    return KERNELS_OF(v4);
  if (level == MLGRAIN_SIMD_V3)
    return KERNELS_OF(v3);
#else
  (void)level;
#endif
  return KERNELS_OF(v2);
#undef KERNELS_OF
}

static size_t field_size(const struct solver *solver)
{
  return (size_t)solver->medium->fields * solver->medium->grid.field;
}

static size_t whole_lines(size_t numbers)
{
  return (numbers + 7) / 8 * 8;
}

/* Numbers that all parts, fields and sums take. */
static size_t size_of(const struct solver *solver)
{
  return (size_t)solver->threads * solver->work_size + 3 * field_size(solver) +
         whole_lines((1 + MOST_COMPONENTS) * solver->medium->grid.n[2]);
}

static double *new_numbers(size_t count)
{
  double *made =
      count > SIZE_MAX / sizeof(double) - 64 ? NULL : aligned_alloc(64, count * sizeof(double));
  if (made)
    memset(made, 0, count * sizeof(double));
  return made;
}

enum mlgrain_status solver_create(const struct medium *medium, const double lame[2],
                                  const struct mlgrain_homogenize_settings *settings,
                                  struct solver **solver, struct mlgrain_error *error)
{
  struct rows rows;
  struct solver *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for effective properties");
  made->medium = medium;
  made->settings = settings;
  made->kernel = kernels_of_level(settings->level);
  made->threads = settings->share ? settings->threads : 1;
  const enum mlgrain_status status =
      spectral_create(medium, lame, made->kernel.green, &made->spectral, error);
  if (status) {
    solver_free(made);
    return status;
  }
  const size_t of_flux = lay_out(medium, &rows, NULL);
  const size_t of_spectral = spectral_work_size(made->spectral);
  made->work_size = whole_lines(of_flux > of_spectral ? of_flux : of_spectral);
  made->work = new_numbers(size_of(made));
  if (!made->work) {
    const double megabytes = 8e-6 * (double)size_of(made);
    solver_free(made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY,
                        "out of memory for effective properties: %.0f MB for %zu x %zu x %zu "
                        "voxels",
                        megabytes, medium->grid.n[0], medium->grid.n[1], medium->grid.n[2]);
  }
  made->r = made->work + (size_t)made->threads * made->work_size;
  made->p = made->r + field_size(made);
  made->w = made->p + field_size(made);
  made->product = made->w + field_size(made);
  made->flux_sum = made->product + medium->grid.n[2];
  *solver = made;
  return MLGRAIN_SUCCESS;
}

void solver_free(struct solver *solver)
{
  if (!solver)
    return;
  spectral_free(solver->spectral);
  free(solver->work);
  free(solver);
}

size_t solver_memory(const struct solver *solver)
{
  return sizeof *solver + size_of(solver) * sizeof(double);
}

double *solver_new_fields(const struct solver *solver)
{
  return new_numbers(field_size(solver));
}

/* ---- stages, in parts ------------------------------------------------------------------------
 */

/* Something done for each of `count` planes or rows, which don't depend on each other. */
struct stage {
  struct solver *solver;
  void (*run)(const struct stage *stage, size_t first, size_t last, double *work);
  size_t count;
  double factor;
  double *u;
  struct flux_task *flux;
};

static void run_part(void *task, int part)
{
  const struct stage *stage = task;
  const struct solver *solver = stage->solver;
  const size_t of = (size_t)solver->threads, k = (size_t)part;
  const size_t first = stage->count * k / of, last = stage->count * (k + 1) / of;
  if (first < last)
    stage->run(stage, first, last, solver->work + k * solver->work_size);
}

static void run_stage(struct stage *stage)
{
  const struct mlgrain_homogenize_settings *settings = stage->solver->settings;
  if (stage->solver->threads > 1)
    settings->share(settings->context, stage->solver->threads, run_part, stage);
  else
    run_part(stage, 0);
}

static double sum_of_planes(const struct solver *solver)
{
  double sum = 0.0;
  for (size_t k = 0; k < solver->medium->grid.n[2]; k++)
    sum += solver->product[k];
  return sum;
}

/* u += alpha p, r -= alpha w; then w = r, transformed in planes. */
static void advance_planes(const struct stage *stage, size_t first, size_t last, double *work)
{
  struct solver *solver = stage->solver;
  const struct node_grid *grid = &solver->medium->grid;
  (void)work;
  for (int f = 0; f < solver->medium->fields; f++)
    for (size_t k = first; k < last; k++) {
      const size_t at = (size_t)f * grid->field;
      solver->kernel.advance(grid, k, k + 1, stage->factor, solver->p + at, stage->u + at,
                             solver->r + at, solver->w + at);
      spectral_forward(solver->spectral, solver->w + at + k * grid->plane);
    }
}

static void apply_green(const struct stage *stage, size_t first, size_t last, double *work)
{
  for (size_t y = first; y < last; y++)
    spectral_apply(stage->solver->spectral, y, stage->solver->w, work);
}

/* w back from its transform, and r . w. */
static void return_planes(const struct stage *stage, size_t first, size_t last, double *work)
{
  struct solver *solver = stage->solver;
  const struct node_grid *grid = &solver->medium->grid;
  (void)work;
  for (size_t k = first; k < last; k++) {
    solver->product[k] = 0.0;
    for (int f = 0; f < solver->medium->fields; f++) {
      const size_t at = (size_t)f * grid->field + k * grid->plane;
      spectral_backward(solver->spectral, solver->w + at);
      solver->product[k] += solver->kernel.product(grid, solver->r + at, solver->w + at);
    }
  }
}

/* p = w + beta p */
static void turn_planes(const struct stage *stage, size_t first, size_t last, double *work)
{
  struct solver *solver = stage->solver;
  const struct node_grid *grid = &solver->medium->grid;
  (void)work;
  for (int f = 0; f < solver->medium->fields; f++) {
    const size_t at = (size_t)f * grid->field;
    solver->kernel.direction(grid, first, last, stage->factor, solver->w + at, solver->p + at);
  }
}

static void flux_planes(const struct stage *stage, size_t first, size_t last, double *work)
{
  stage->solver->kernel.flux(stage->flux, first, last, work);
}

/* r . u */
static void multiply_planes(const struct stage *stage, size_t first, size_t last, double *work)
{
  struct solver *solver = stage->solver;
  const struct node_grid *grid = &solver->medium->grid;
  (void)work;
  for (size_t k = first; k < last; k++) {
    solver->product[k] = 0.0;
    for (int f = 0; f < solver->medium->fields; f++) {
      const size_t at = (size_t)f * grid->field + k * grid->plane;
      solver->product[k] += solver->kernel.product(grid, solver->r + at, stage->u + at);
    }
  }
}

/* ---- the iteration -------------------------------------------------------------------------- */

static void run_planes(struct solver *solver,
                       void (*run)(const struct stage *, size_t, size_t, double *), double factor,
                       double *u)
{
  struct stage stage = {solver, run, solver->medium->grid.n[2], factor, u, NULL};
  run_stage(&stage);
}

static void run_flux(struct solver *solver, struct flux_task *task)
{
  struct stage stage = {solver, flux_planes, solver->medium->grid.n[2], 0.0, NULL, task};
  run_stage(&stage);
}

/* w = the Green operator on r, after a step of length alpha along p; returns r . w. */
static double precondition(struct solver *solver, double alpha, double *u)
{
  run_planes(solver, advance_planes, alpha, u);
  struct stage columns = {solver, apply_green, solver->medium->grid.n[1], 0.0, NULL, NULL};
  run_stage(&columns);
  run_planes(solver, return_planes, 0.0, NULL);
  return sum_of_planes(solver);
}

/* Mean flux for a given u, and the residual in r; returns mean . flux, per voxel. */
static double evaluate(struct solver *solver, const double mean[MOST_COMPONENTS], const double *u,
                       double *gradient, double *flux, double mean_flux[MOST_COMPONENTS])
{
  const struct node_grid *grid = &solver->medium->grid;
  struct flux_task task = {.medium = solver->medium,
                           .u = u,
                           .out = solver->r,
                           .flux_sum = solver->flux_sum,
                           .gradient = gradient,
                           .flux = flux};
  memcpy(task.mean, mean, sizeof task.mean);
  run_flux(solver, &task);
  for (size_t i = 0; i < field_size(solver); i++)
    solver->r[i] = -solver->r[i];
  const double voxels = (double)grid->n[0] * (double)grid->n[1] * (double)grid->n[2];
  double energy = 0.0;
  for (int c = 0; c < MOST_COMPONENTS; c++) {
    double sum = 0.0;
    for (size_t k = 0; k < grid->n[2]; k++)
      sum += solver->flux_sum[k * MOST_COMPONENTS + (size_t)c];
    mean_flux[c] = sum / voxels;
    energy += mean[c] * mean_flux[c];
  }
  return energy;
}

static enum mlgrain_status iterate(struct solver *solver, int load, double energy, double *u,
                                   struct solver_result *result, struct mlgrain_error *error)
{
  const struct mlgrain_homogenize_settings *settings = solver->settings;
  const struct node_grid *grid = &solver->medium->grid;
  const double voxels = (double)grid->n[0] * (double)grid->n[1] * (double)grid->n[2];
  struct flux_task task = {
      .medium = solver->medium, .u = solver->p, .out = solver->w, .product = solver->product};
  double drop[DELAY] = {0.0}; /* of the energy, in the last iterations */
  double first = 0.0, before = 0.0, alpha = 0.0;
  memset(solver->p, 0, field_size(solver) * sizeof(double));
  memset(solver->w, 0, field_size(solver) * sizeof(double));
  for (result->iterations = 0;; result->iterations++) {
    const double square = precondition(solver, alpha, u);
    if (!isfinite(square))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                          "load %d: a field that is not finite after %d iterations", load,
                          result->iterations);
    if (result->iterations == 0)
      first = square;
    /* What is left is rounding: so it ends in media with few different layers, or without any. */
    const int is_exact = square <= 1e-28 * first || square <= 1e-28 * energy * voxels;
    double latest = 0.0;
    for (int i = 0; i < DELAY; i++)
      latest += drop[i];
    result->error = is_exact ? 0.0 : result->iterations >= DELAY ? latest / energy : 1.0;
    if (result->error <= settings->tolerance)
      return MLGRAIN_SUCCESS;
    if (settings->watch && result->iterations > 0 &&
        settings->watch(settings->context, load, result->iterations, result->error))
      return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED, "interrupted in load %d, iteration %d",
                          load, result->iterations);
    if (result->iterations == settings->iterations)
      return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED,
                          "load %d has not converged after %d iterations: the last %d of them "
                          "changed the value by %.2g of it, more than the tolerance %g",
                          load, result->iterations, DELAY, result->error, settings->tolerance);
    run_planes(solver, turn_planes, result->iterations ? square / before : 0.0, NULL);
    run_flux(solver, &task);
    const double curvature = sum_of_planes(solver);
    if (!(curvature > 0.0) || !isfinite(curvature))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "load %d, iteration %d: the phases are not positive definite to rounding",
                          load, result->iterations + 1);
    alpha = square / curvature;
    before = square;
    drop[result->iterations % DELAY] = alpha * square / voxels;
    energy -= alpha * square / voxels;
  }
}

enum mlgrain_status solver_solve(struct solver *solver, int load,
                                 const double mean[MOST_COMPONENTS], double *u, double *gradient,
                                 double *flux, struct solver_result *result,
                                 struct mlgrain_error *error)
{
  const double energy = evaluate(solver, mean, u, NULL, NULL, result->mean_flux);
  const enum mlgrain_status status = iterate(solver, load, energy, u, result, error);
  if (!status || status == MLGRAIN_NOT_CONVERGED)
    evaluate(solver, mean, u, gradient, flux, result->mean_flux);
  return status;
}

double solver_work(struct solver *solver, const double *u)
{
  struct stage stage = {solver, multiply_planes, solver->medium->grid.n[2], 0.0, NULL, NULL};
  stage.u = (double *)u;
  run_stage(&stage);
  return sum_of_planes(solver);
}
