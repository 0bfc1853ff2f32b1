/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forests of decision trees: random forests (L. Breiman, Machine Learning 45 (2001) 5), extremely
   randomized trees, gradient boosting. Predictions, their spread over the trees, and how far from
   the training data they are made; of classifiers, the classes and their probabilities.
   doc/model_format.md has the layout, doc/theory_models.md the formulas. */
#ifndef MLGRAIN_FOREST_H
#define MLGRAIN_FOREST_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"
#include "mlgrain/model.h"
#include "mlgrain/simd.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_forest;
struct mlgrain_forest_workspace;

struct mlgrain_forest_info {
  int features;
  size_t trees, nodes, values; /* values: distinct ones in the leaves (of a classifier: rows) */
  int has_spread;              /* 0: the trees are summed (boosting), and spread is given as 0 */
  int has_calibration;         /* spread is given as an expected error */
  int has_novelty, has_range;  /* whether the training data's covariance and range are known */
  double novelty_limit;        /* rows beyond it are flagged; infinity if the file has none */
  int classes;                 /* 2 or more of a classifier; 0: the forest predicts a number */
};

/* What is said of a row, as bits. */
enum {
  MLGRAIN_ROW_NOT_FINITE = 1,   /* a feature is NaN, infinite or beyond float32: results are 0 */
  MLGRAIN_ROW_OUT_OF_RANGE = 2, /* a feature lies outside the training data's range */
  MLGRAIN_ROW_NOVEL = 4         /* the novelty exceeds novelty_limit */
};

/* Where results go; each array has n numbers, or is NULL if it isn't wanted. */
struct mlgrain_forest_output {
  double *prediction; /* units of the target; of a classifier, the class of largest probability, 1
                         .. classes, the first of equal ones; 0 for a row that can't be predicted */
  double *spread;     /* same units; calibrated if the model is, unless raw_spread; of a classifier,
                         1 minus the probability of the class */
  double *novelty;    /* Mahalanobis distance; 0 if the model has no covariance */
  unsigned char *flags;
  int raw_spread; /* nonzero: the standard deviation over the trees */
  double
      *probability; /* [n][classes]: the mean over the trees; untouched if there are no classes */
};

/* Checks every node of a forest and prepares it; the nodes stay where they are.
     model    must outlive the forest
     level    vector instructions to use: mlgrain_simd_best(), or a lower one
     forest   receives a new object, to be freed with mlgrain_forest_free. It is constant: any
              number of threads may use it at once.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: the model is not a forest; MLGRAIN_FORMAT_ERROR;
   MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_forest_create(const struct mlgrain_model *model,
                                                         enum mlgrain_simd_level level,
                                                         struct mlgrain_forest **forest,
                                                         struct mlgrain_error *error);
MLGRAIN_EXPORT void mlgrain_forest_free(struct mlgrain_forest *forest);

MLGRAIN_EXPORT const struct mlgrain_forest_info *
mlgrain_forest_info(const struct mlgrain_forest *forest);

/* Name of class 0 .. classes-1, owned by the forest; NULL for any other index. */
MLGRAIN_EXPORT const char *mlgrain_forest_class_name(const struct mlgrain_forest *forest,
                                                     int index);

/* Memory for predictions, and the order in which the last call found it fast to take the rows: a
   following call for as many rows begins with it, which helps where the rows are much the same, as
   atoms are a few steps later. One thread at a time; with forests of any kind. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_forest_workspace_create(struct mlgrain_forest_workspace **workspace,
                                struct mlgrain_error *error);
MLGRAIN_EXPORT void mlgrain_forest_workspace_free(struct mlgrain_forest_workspace *workspace);
MLGRAIN_EXPORT size_t
mlgrain_forest_workspace_memory(const struct mlgrain_forest_workspace *workspace);

/* Predicts n rows. The more rows in a call, up to 10^6, the faster; each takes about 120 bytes
   of the workspace for 19 features, and of classifiers 8 more for each class.
     features  [n][stride] doubles, of which the first `features` of each row are used; stride >=
               features
   Rows that can't be predicted are flagged, and no error. MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_forest_predict(const struct mlgrain_forest *forest,
                       struct mlgrain_forest_workspace *workspace, size_t n, const double *features,
                       size_t stride, const struct mlgrain_forest_output *output,
                       struct mlgrain_error *error);

/* The leaf that each row reaches in each tree.
     leaf      [n][trees] numbers of nodes within their tree, as in the file; UINT64_MAX for rows
               with a feature that isn't finite
   MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_forest_apply(const struct mlgrain_forest *forest,
                                                        size_t n, const double *features,
                                                        size_t stride, uint64_t *leaf,
                                                        struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
