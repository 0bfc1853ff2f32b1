/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: conjugate gradients for D^T K (mean + D u) = 0, preconditioned with a Green operator. */
#ifndef MLGRAIN_HOMOGENIZE_SOLVER_H
#define MLGRAIN_HOMOGENIZE_SOLVER_H

#include "homogenize_private.h"

struct solver;

/* `medium` and `settings` must live as long as the solver. MLGRAIN_OUT_OF_MEMORY,
   MLGRAIN_UNSUPPORTED. */
enum mlgrain_status solver_create(const struct medium *medium, const double lame[2],
                                  const struct mlgrain_homogenize_settings *settings,
                                  struct solver **solver, struct mlgrain_error *error);
void solver_free(struct solver *solver);

/* Bytes it holds. */
size_t solver_memory(const struct solver *solver);

/* A field per component, of zeros; free() it. NULL: no memory. */
double *solver_new_fields(const struct solver *solver);

struct solver_result {
  int iterations;
  double error;
  double mean_flux[MOST_COMPONENTS];
};

/* Solves for u, which comes as zeros, and leaves the residual -D^T K (mean + D u) for
   solver_work.
     load           for `watch` of the settings
     gradient, flux [voxels][components], or NULL
   MLGRAIN_NOT_CONVERGED, MLGRAIN_INVALID_ARGUMENT: the medium turns out not to be positive definite
   within rounding; MLGRAIN_NOT_FINITE. */
enum mlgrain_status solver_solve(struct solver *solver, int load,
                                 const double mean[MOST_COMPONENTS], double *u, double *gradient,
                                 double *flux, struct solver_result *result,
                                 struct mlgrain_error *error);

/* Sum over corners of the residual times u. */
double solver_work(struct solver *solver, const double *u);

#endif
