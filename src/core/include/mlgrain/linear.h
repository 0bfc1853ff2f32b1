/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linear models of features, or of features and their products: predictions, their standard
   deviation by the posterior of the coefficients (C. M. Bishop, Pattern Recognition and Machine
   Learning, 2006, chapter 3.3), and how far from the training data they are made.
   doc/model_format.md has the files, doc/theory_models.md the formulas. */
#ifndef MLGRAIN_LINEAR_H
#define MLGRAIN_LINEAR_H

#include <stddef.h>

#include "mlgrain/error.h"
#include "mlgrain/model.h"
#include "mlgrain/simd.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_linear;

struct mlgrain_linear_info {
  int features;
  int degree;                 /* 1, or 2: products of two features are added up, too */
  size_t terms;               /* the constant, the features and their products */
  int has_covariance;         /* of the coefficients: spread depends on the row */
  int has_novelty, has_range; /* whether the training data's covariance and range are known */
  double noise;               /* spread if the coefficients were certain; 0 if the file has none */
  double novelty_limit;       /* rows beyond it are flagged; infinity if the file has none */
};

/* Where results go; each array has n numbers, or is NULL if it isn't wanted. Rows that can't be
   predicted get zeros. */
struct mlgrain_linear_output {
  double *prediction;   /* units of the target */
  double *spread;       /* same units: standard deviation, of the noise and of the coefficients */
  double *novelty;      /* Mahalanobis distance; 0 if the model has no covariance of the features */
  unsigned char *flags; /* MLGRAIN_ROW_NOT_FINITE, _OUT_OF_RANGE, _NOVEL; see forest.h */
};

/* Checks and prepares a linear model.
     model    may be freed before the linear model
     level    vector instructions to use: mlgrain_simd_best(), or a lower one
     linear   receives a new object, to be freed with mlgrain_linear_free. It is constant: any
   number of threads may use it at once. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: the model
   is not linear; MLGRAIN_FORMAT_ERROR; MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_linear_create(const struct mlgrain_model *model,
                                                         enum mlgrain_simd_level level,
                                                         struct mlgrain_linear **linear,
                                                         struct mlgrain_error *error);
MLGRAIN_EXPORT void mlgrain_linear_free(struct mlgrain_linear *linear);

MLGRAIN_EXPORT const struct mlgrain_linear_info *
mlgrain_linear_info(const struct mlgrain_linear *linear);

/* Predicts n rows of [n][stride] doubles, of which the first `features` of each are used; stride >=
   features. Rows that can't be predicted are flagged, and no error. MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_linear_predict(const struct mlgrain_linear *linear, size_t n, const double *features,
                       size_t stride, const struct mlgrain_linear_output *output,
                       struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
