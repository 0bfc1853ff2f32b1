/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/homogenize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "solver.h"
#include "symmetric.h"
#include "voxels.h"

struct mlgrain_homogenize_settings mlgrain_homogenize_default(void)
{
  return (struct mlgrain_homogenize_settings){.scheme = MLGRAIN_ROTATED,
                                              .tolerance = 1e-6,
                                              .iterations = 10000,
                                              .level = mlgrain_simd_best(),
                                              .threads = 1};
}

/* What conductivity and stiffness have in common. */
struct problem {
  struct medium medium;
  size_t phases;
  const double *tensor; /* [phases][components][components] */
  double contrast;      /* largest over smallest eigenvalue of all phases, times 3 or 6 at most */
  double *u[MLGRAIN_MOST_LOADS];
  struct solver *solver;
};

/* ---- checks --------------------------------------------------------------------------------- */

static enum mlgrain_status check_settings(const struct mlgrain_homogenize_settings *settings,
                                          struct mlgrain_error *error)
{
  if (settings->scheme != MLGRAIN_ROTATED && settings->scheme != MLGRAIN_FULL)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "there is no such scheme");
  if (!(settings->tolerance >= 1e-14 && settings->tolerance <= 0.1))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "tolerance %g is not 1e-14 to 0.1",
                        settings->tolerance);
  if (settings->iterations < 1)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%d iterations are not 1 or more",
                        settings->iterations);
  if (settings->share && (settings->threads < 1 || settings->threads > 1024))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%d threads are not 1 to 1024",
                        settings->threads);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status check_phases(const struct mlgrain_voxels *voxels, size_t phases,
                                        struct mlgrain_error *error)
{
  const size_t *n = voxels->n, count = n[0] * n[1] * n[2];
  if (phases < 1 || phases > INT32_MAX)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%zu phases are not 1 to 2147483647",
                        phases);
  for (size_t i = 0; i < count; i++)
    if (voxels->phase[i] < 0 || (size_t)voxels->phase[i] >= phases)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "voxel (%zu, %zu, %zu) has phase %d, which is not 0 to %zu", i % n[0],
                          i / n[0] % n[1], i / n[0] / n[1], (int)voxels->phase[i], phases - 1);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status check_tensor(int size, const double *tensor, size_t phase,
                                        struct mlgrain_error *error)
{
  double largest = 0.0;
  for (int i = 0; i < size * size; i++) {
    if (!isfinite(tensor[i]))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                          "the tensor of phase %zu has a number that is not finite", phase);
    largest = fmax(largest, fabs(tensor[i]));
  }
  for (int i = 0; i < size; i++)
    for (int j = 0; j < i; j++)
      if (fabs(tensor[i * size + j] - tensor[j * size + i]) > 1e-9 * largest)
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                            "the tensor of phase %zu is not symmetric: %.17g and %.17g", phase,
                            tensor[i * size + j], tensor[j * size + i]);
  return MLGRAIN_SUCCESS;
}

/* An eigenvalue is at most the trace, and at least one over that of the inverse. */
static enum mlgrain_status check_tensors(struct problem *problem, struct mlgrain_error *error)
{
  const int size = problem->medium.components;
  double inverse[SYMMETRIC_MOST * SYMMETRIC_MOST], most = 0.0, least = INFINITY;
  for (size_t phase = 0; phase < problem->phases; phase++) {
    const double *tensor = problem->tensor + phase * (size_t)(size * size);
    const enum mlgrain_status status = check_tensor(size, tensor, phase, error);
    if (status)
      return status;
    if (!symmetric_inverse(size, tensor, inverse))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "the tensor of phase %zu is not positive definite", phase);
    double trace = 0.0, trace_of_inverse = 0.0;
    for (int i = 0; i < size; i++) {
      trace += tensor[i * (size + 1)];
      trace_of_inverse += inverse[i * (size + 1)];
    }
    most = fmax(most, trace / size);
    least = fmin(least, size / trace_of_inverse);
  }
  problem->contrast = most / least;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status check(struct problem *problem, const struct mlgrain_voxels *voxels,
                                 const struct mlgrain_homogenize_settings *settings,
                                 struct mlgrain_error *error)
{
  enum mlgrain_status status = check_settings(settings, error);
  if (!status)
    status = voxels_check(voxels, error);
  if (!status)
    status = check_phases(voxels, problem->phases, error);
  if (!status)
    status = check_tensors(problem, error);
  if (status)
    return status;
  if (problem->contrast > 1e13 || problem->contrast * 1e-18 > settings->tolerance)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "a contrast of %.1e between phases is too high for tolerance %g",
                        problem->contrast, settings->tolerance);
  return MLGRAIN_SUCCESS;
}

/* ---- preparation ---------------------------------------------------------------------------- */

static void set_grid(const struct mlgrain_voxels *voxels, struct node_grid *grid)
{
  for (int d = 0; d < 3; d++) {
    grid->n[d] = voxels->n[d];
    grid->scale[d] = 1.0 / voxels->spacing[d];
  }
  grid->row = (voxels->n[0] + 2 + 7) / 8 * 8;
  grid->plane = grid->row * voxels->n[1];
  grid->field = grid->plane * voxels->n[2];
}

/* Symmetric tensors as the kernels want them: CONDUCTIVITIES or STIFFNESSES numbers each. */
static enum mlgrain_status fill_table(struct problem *problem, struct mlgrain_error *error)
{
  static const int conducting[CONDUCTIVITIES][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
  struct medium *medium = &problem->medium;
  const int size = medium->components;
  medium->table = malloc(problem->phases * (size_t)medium->numbers * sizeof *medium->table);
  if (!medium->table)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu phases",
                        problem->phases);
  double *next = medium->table;
  for (size_t phase = 0; phase < problem->phases; phase++) {
    const double *tensor = problem->tensor + phase * (size_t)(size * size);
    if (size == 3)
      for (int c = 0; c < CONDUCTIVITIES; c++)
        *next++ = 0.5 * (tensor[conducting[c][0] * 3 + conducting[c][1]] +
                         tensor[conducting[c][1] * 3 + conducting[c][0]]);
    else
      for (int i = 0; i < 6; i++)
        for (int j = i; j < 6; j++)
          *next++ = 0.5 * (tensor[i * 6 + j] + tensor[j * 6 + i]);
  }
  return MLGRAIN_SUCCESS;
}

/* The isotropic part of the mean stiffness: bulk modulus K and shear modulus mu of W. Voigt. */
static void set_reference(const struct problem *problem, double lame[2])
{
  lame[0] = 0.0;
  lame[1] = 1.0;
  if (problem->medium.components != 6)
    return;
  double bulk = 0.0, shear = 0.0;
  for (size_t phase = 0; phase < problem->phases; phase++) {
    const double *c = problem->tensor + 36 * phase;
    const double diagonal = c[0] + c[7] + c[14], off = c[1] + c[2] + c[8];
    bulk += (diagonal + 2.0 * off) / 9.0;
    shear += (diagonal - off + 3.0 * (c[21] + c[28] + c[35])) / 15.0;
  }
  lame[0] = (bulk - 2.0 / 3.0 * shear) / shear;
}

static enum mlgrain_status prepare(struct problem *problem, const struct mlgrain_voxels *voxels,
                                   const struct mlgrain_homogenize_settings *settings,
                                   struct mlgrain_error *error)
{
  double lame[2];
  set_grid(voxels, &problem->medium.grid);
  problem->medium.phase = voxels->phase;
  enum mlgrain_status status = fill_table(problem, error);
  if (status)
    return status;
  set_reference(problem, lame);
  status = solver_create(&problem->medium, lame, settings, &problem->solver, error);
  if (status)
    return status;
  for (int load = 0; load < problem->medium.components; load++) {
    problem->u[load] = solver_new_fields(problem->solver);
    if (!problem->u[load])
      return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY,
                          "out of memory for the fields of %zu x %zu x %zu voxels", voxels->n[0],
                          voxels->n[1], voxels->n[2]);
  }
  return MLGRAIN_SUCCESS;
}

static void release(struct problem *problem)
{
  for (int load = 0; load < MLGRAIN_MOST_LOADS; load++)
    free(problem->u[load]);
  solver_free(problem->solver);
  free(problem->medium.table);
}

/* ---- loads ---------------------------------------------------------------------------------- */

static size_t bytes_of(const struct problem *problem)
{
  const struct medium *medium = &problem->medium;
  return solver_memory(problem->solver) +
         problem->phases * (size_t)medium->numbers * sizeof(double) +
         (size_t)medium->components * (size_t)medium->fields * medium->grid.field * sizeof(double);
}

/* The energy of two loads' fields together, second order in the error of both:
     value_kl = (1/V) (E_k . sum flux(u_l) - r_l . u_k) */
static void add_load(struct problem *problem, int load, const struct solver_result *result,
                     double *effective)
{
  const size_t *n = problem->medium.grid.n;
  const double voxels = (double)n[0] * (double)n[1] * (double)n[2];
  const int size = problem->medium.components;
  for (int k = 0; k <= load; k++) {
    const double value =
        result->mean_flux[k] - solver_work(problem->solver, problem->u[k]) / voxels;
    effective[k * size + load] = effective[load * size + k] = value;
  }
}

static double *part_of(double *field, const struct problem *problem, int load)
{
  const size_t *n = problem->medium.grid.n, size = (size_t)problem->medium.components;
  return field ? field + (size_t)load * n[0] * n[1] * n[2] * size : NULL;
}

static enum mlgrain_status solve(struct problem *problem, double *effective,
                                 const struct mlgrain_fields *fields,
                                 struct mlgrain_homogenize_report *report,
                                 struct mlgrain_error *error)
{
  const struct mlgrain_fields none = {NULL, NULL}, *wanted = fields ? fields : &none;
  if (report)
    report->bytes = bytes_of(problem);
  for (int load = 0; load < problem->medium.components; load++) {
    struct solver_result result = {.iterations = 0};
    double mean[MOST_COMPONENTS] = {0.0};
    mean[load] = 1.0;
    const enum mlgrain_status status = solver_solve(
        problem->solver, load, mean, problem->u[load], part_of(wanted->gradient, problem, load),
        part_of(wanted->flux, problem, load), &result, error);
    if (report) {
      report->iterations[load] = result.iterations;
      report->error[load] = result.error;
    }
    if (status)
      return status;
    add_load(problem, load, &result, effective);
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status homogenize(struct problem *problem, const struct mlgrain_voxels *voxels,
                                      const struct mlgrain_homogenize_settings *settings,
                                      double *effective, const struct mlgrain_fields *fields,
                                      struct mlgrain_homogenize_report *report,
                                      struct mlgrain_error *error)
{
  if (report)
    memset(report, 0, sizeof *report);
  enum mlgrain_status status = check(problem, voxels, settings, error);
  if (!status)
    status = prepare(problem, voxels, settings, error);
  if (!status)
    status = solve(problem, effective, fields, report, error);
  release(problem);
  return status;
}

enum mlgrain_status
mlgrain_conductivity(const struct mlgrain_voxels *voxels, size_t phases, const double *conductivity,
                     const struct mlgrain_homogenize_settings *settings, double effective[3][3],
                     const struct mlgrain_fields *fields, struct mlgrain_homogenize_report *report,
                     struct mlgrain_error *error)
{
  struct problem problem = {
      .medium = {.kind = settings->scheme == MLGRAIN_FULL ? CONDUCTING_FULL : CONDUCTING_ROTATED,
                 .fields = 1,
                 .components = 3,
                 .numbers = CONDUCTIVITIES},
      .phases = phases,
      .tensor = conductivity};
  return homogenize(&problem, voxels, settings, effective[0], fields, report, error);
}

enum mlgrain_status mlgrain_stiffness(const struct mlgrain_voxels *voxels, size_t phases,
                                      const double *stiffness,
                                      const struct mlgrain_homogenize_settings *settings,
                                      double effective[6][6], const struct mlgrain_fields *fields,
                                      struct mlgrain_homogenize_report *report,
                                      struct mlgrain_error *error)
{
  struct problem problem = {
      .medium = {.kind = ELASTIC_ROTATED, .fields = 3, .components = 6, .numbers = STIFFNESSES},
      .phases = phases,
      .tensor = stiffness};
  if (settings->scheme == MLGRAIN_FULL)
    return mlgrain_fail(error, MLGRAIN_UNSUPPORTED, "full integration is for conductivity only");
  return homogenize(&problem, voxels, settings, effective[0], fields, report, error);
}
