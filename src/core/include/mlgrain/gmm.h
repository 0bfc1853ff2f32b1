/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gaussian mixtures: which of several classes a row of features belongs to, and how likely such a
   row is. doc/model_format.md has the files, doc/theory_models.md the formulas. */
#ifndef MLGRAIN_GMM_H
#define MLGRAIN_GMM_H

#include <stddef.h>

#include "mlgrain/error.h"
#include "mlgrain/model.h"
#include "mlgrain/simd.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_gmm;

/* Where results go; each array may be NULL if it isn't wanted. Rows with a feature that isn't
   finite get class -1 and zeros. */
struct mlgrain_gmm_output {
  int *class_index;       /* [n] 0 .. classes-1: the most probable class */
  double *log_likelihood; /* [n] of the scaled features, natural logarithm */
  double *responsibility; /* [n][classes], each row's sum is 1 */
  unsigned char *flags;   /* [n] MLGRAIN_ROW_NOT_FINITE, MLGRAIN_ROW_OUT_OF_RANGE; see forest.h */
};

/* Checks and prepares a mixture.
     model    may be freed before the mixture
     level    vector instructions to use: mlgrain_simd_best(), or a lower one
     gmm      receives a new object, to be freed with mlgrain_gmm_free. It is constant: any number
              of threads may use it at once.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: the model is not a mixture;
   MLGRAIN_FORMAT_ERROR; MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_gmm_create(const struct mlgrain_model *model,
                                                      enum mlgrain_simd_level level,
                                                      struct mlgrain_gmm **gmm,
                                                      struct mlgrain_error *error);
MLGRAIN_EXPORT void mlgrain_gmm_free(struct mlgrain_gmm *gmm);

MLGRAIN_EXPORT int mlgrain_gmm_classes(const struct mlgrain_gmm *gmm);

/* Name of class 0 .. classes-1; NULL if the file names none. */
MLGRAIN_EXPORT const char *mlgrain_gmm_class_name(const struct mlgrain_gmm *gmm, int index);

/* Classifies n rows of [n][stride] doubles, of which the first `features` of each are used; stride
   >= features. MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_gmm_predict(const struct mlgrain_gmm *gmm, size_t n,
                                                       const double *features, size_t stride,
                                                       const struct mlgrain_gmm_output *output,
                                                       struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
