/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment tensor potentials that learn during a run: a few new cells change the coefficients that
   energies are linear in, without the data that the potential was trained on. These are summed up
   in the normal matrix H = J^T w J of the fit and in half the gradient of its loss, g = J^T w r, of
   which new cells are a few more rows:

     H += W J_new^T w J_new,  g += W J_new^T w r_new,  theta -= H^-1 g,

   the step of recursive least squares (R. L. Plackett, Biometrika 37 (1950) 149). The members that
   make error bars of forces are drawn from the sandwich covariance, delta = H^-1 sum_f xi_f g_f
   with normal random numbers xi; new cells add their terms. The sketch of leverages is renewed in
   the same way: S = Y A^-1, A = sum v v^T, rows of Y = sum xi v / sqrt(rows).
   Radial coefficients change when all parameters are fitted anew, to the cells that were learned
   and to what H and g of all parameters say of the old data: its loss grows by
   2 g^T d + d^T H d, d being what parameters have changed by.
   doc/fix_mtp_learn.md says what comes of it. */
#ifndef MLGRAIN_MTP_LEARN_H
#define MLGRAIN_MTP_LEARN_H

#include <stdint.h>

#include "mlgrain/mtp_error.h"
#include "mlgrain/mtp_train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A periodic cell. */
struct mlgrain_mtp_cell {
  double edge[3][3]; /* rows */
  size_t count;
  const double (*x)[3]; /* [count] */
  const int *species;   /* [count] of the potential */
  /* labels, which only learning reads */
  double energy;
  const double (*force)[3];   /* [count] */
  const double *force_weight; /* [count] factors */
  double virial[6];           /* xx yy zz xy xz yz: minus stress times volume */
};

/* What a potential gives for a cell. Every pointer may be NULL. */
struct mlgrain_mtp_prediction {
  double energy;
  double virial[6];
  double (*force)[3]; /* [count] */
  double *spread;     /* [count] of forces over members, before any factor */
  double *leverage;   /* [count] roots, in parts of the edge of the training set */
};

struct mlgrain_mtp_learner;

/* What a learner is made of: contents of three files, each with a name that stands for it in
   messages, at addresses that are multiples of 8, only read during the call. */
struct mlgrain_mtp_lesson {
  const char *potential_name, *fit_name, *bars_name;
  const void *potential, *fit, *bars;
  size_t potential_size, fit_size, bars_size;
};

/* Makes a learner.
     lesson   the potential; what `mlgrain mtp train --keep-normal` wrote of its fit; its error bars
     weights  those that the potential was trained with
     seed     of random numbers
     learner  receives a new object, to be freed with mlgrain_mtp_learner_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_FORMAT_ERROR: malformed, or files that don't belong together, or
   error bars without members; MLGRAIN_NOT_FINITE; MLGRAIN_UNSUPPORTED; MLGRAIN_INVALID_ARGUMENT. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_learner_create(const struct mlgrain_mtp_lesson *lesson,
                           const struct mlgrain_mtp_weights *weights, uint64_t seed,
                           struct mlgrain_mtp_learner **learner, struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_mtp_learner_free(struct mlgrain_mtp_learner *learner);

/* What the potential gives for a cell, as it is now.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: edges that lie in a plane, species out of range;
   MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_learner_predict(const struct mlgrain_mtp_learner *learner,
                            const struct mlgrain_mtp_cell *cell,
                            struct mlgrain_mtp_prediction *prediction, struct mlgrain_error *error);

/* Learns cells.
     cells   [count]
     weight  > 0: how often each counts in the loss
     As mlgrain_mtp_learner_predict; the learner is as before where this fails. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_learner_learn(struct mlgrain_mtp_learner *learner,
                                                             const struct mlgrain_mtp_cell *cells,
                                                             size_t count, double weight,
                                                             struct mlgrain_error *error);

/* Fits all parameters to the cells that were learned, beside the old data; then coefficients and
   error bars are as if these cells had been learned with the new radial functions. The sums A and
   scores of the old data stay those of its own radial functions.
     most        iterations, at most
     tolerance   no more of them once one lowers the loss by less than this part of it
     iterations  receives how many there were; 0: radial coefficients are as before
     As mlgrain_mtp_learner_predict; the learner is as before where this fails. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_learner_refit(struct mlgrain_mtp_learner *learner,
                                                             size_t most, double tolerance,
                                                             size_t *iterations,
                                                             struct mlgrain_error *error);

/* The potential as it is now, owned by the learner. */
MLGRAIN_EXPORT const struct mlgrain_mtp_file *
mlgrain_mtp_learner_file(const struct mlgrain_mtp_learner *learner);

/* Number of coefficients that energies are linear in, species first; of rows of the sketch; of
   members. */
MLGRAIN_EXPORT size_t mlgrain_mtp_learner_linear(const struct mlgrain_mtp_learner *learner);
MLGRAIN_EXPORT size_t mlgrain_mtp_learner_rows(const struct mlgrain_mtp_learner *learner);
MLGRAIN_EXPORT size_t mlgrain_mtp_learner_members(const struct mlgrain_mtp_learner *learner);

/* What mlgrain_mtp_error_bars_renew takes: sketch [rows][linear], members [members][linear]. */
MLGRAIN_EXPORT const double *mlgrain_mtp_learner_sketch(const struct mlgrain_mtp_learner *learner);
MLGRAIN_EXPORT const double *
mlgrain_mtp_learner_differences(const struct mlgrain_mtp_learner *learner);

#ifdef __cplusplus
}
#endif
#endif
