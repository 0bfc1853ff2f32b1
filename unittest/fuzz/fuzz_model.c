/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any bytes given to the reader of model files; what it accepts must also predict. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mlgrain/forest.h"
#include "mlgrain/gmm.h"
#include "mlgrain/linear.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 20 };

static double *make_rows(size_t features)
{
  double *x = malloc(ROWS * features * sizeof *x);
  if (!x)
    abort();
  for (size_t i = 0; i < ROWS * features; i++)
    x[i] = (double)(i * 7919 % 2003) / 1000.0 - 1.0;
  return x;
}

static void try_forest(const struct mlgrain_model *model, const double *x, size_t features)
{
  struct mlgrain_forest *forest;
  struct mlgrain_forest_workspace *workspace;
  struct mlgrain_error error = {""};
  const enum mlgrain_status status =
      mlgrain_forest_create(model, mlgrain_simd_best(), &forest, &error);
  if ((status == MLGRAIN_SUCCESS) != (forest != NULL) || (status && !error.text[0]))
    abort();
  if (status || mlgrain_forest_workspace_create(&workspace, &error))
    return;
  double result[3][ROWS];
  unsigned char flags[ROWS];
  const int classes = mlgrain_forest_info(forest)->classes;
  double *probability = malloc((size_t)(classes + 1) * ROWS * sizeof *probability);
  if (!probability)
    abort();
  const struct mlgrain_forest_output output = {result[0], result[1], result[2],
                                               flags,     0,         probability};
  if (mlgrain_forest_predict(forest, workspace, ROWS, x, features, &output, &error))
    abort();
  for (int r = 0; r < ROWS && classes; r++)
    if (!(result[0][r] >= 0.0 && result[0][r] <= classes))
      abort();
  free(probability);
  mlgrain_forest_workspace_free(workspace);
  mlgrain_forest_free(forest);
}

static void try_mixture(const struct mlgrain_model *model, const double *x, size_t features)
{
  struct mlgrain_gmm *gmm;
  struct mlgrain_error error = {""};
  const enum mlgrain_status status = mlgrain_gmm_create(model, mlgrain_simd_best(), &gmm, &error);
  if ((status == MLGRAIN_SUCCESS) != (gmm != NULL) || (status && !error.text[0]))
    abort();
  if (status)
    return;
  const int classes = mlgrain_gmm_classes(gmm);
  int class_index[ROWS];
  const struct mlgrain_gmm_output output = {.class_index = class_index};
  if (mlgrain_gmm_predict(gmm, ROWS, x, features, &output, &error))
    abort();
  for (int r = 0; r < ROWS; r++)
    if (class_index[r] < -1 || class_index[r] >= classes)
      abort();
  mlgrain_gmm_free(gmm);
}

static void try_linear(const struct mlgrain_model *model, const double *x, size_t features)
{
  struct mlgrain_linear *linear;
  struct mlgrain_error error = {""};
  const enum mlgrain_status status =
      mlgrain_linear_create(model, mlgrain_simd_best(), &linear, &error);
  if ((status == MLGRAIN_SUCCESS) != (linear != NULL) || (status && !error.text[0]))
    abort();
  if (status)
    return;
  double result[3][ROWS];
  unsigned char flags[ROWS];
  const struct mlgrain_linear_output output = {result[0], result[1], result[2], flags};
  if (mlgrain_linear_predict(linear, ROWS, x, features, &output, &error))
    abort();
  for (int r = 0; r < ROWS; r++)
    if (!isfinite(result[0][r]) || !(result[1][r] >= 0.0) || !(result[2][r] >= 0.0))
      abort();
  mlgrain_linear_free(linear);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct mlgrain_error error = {""};
  struct mlgrain_model *model;
  uint8_t *bytes = malloc(size ? size : 1); /* aligned, and of just that length */
  if (!bytes)
    abort();
  if (size)
    memcpy(bytes, data, size);
  const enum mlgrain_status status = mlgrain_model_from_bytes("fuzz", bytes, size, &model, &error);
  if ((status == MLGRAIN_SUCCESS) != (model != NULL) || (status && !error.text[0]))
    abort();
  if (!status) {
    const size_t features = (size_t)mlgrain_model_features(model);
    double *x = make_rows(features);
    if (mlgrain_model_kind_of(model) == MLGRAIN_MODEL_FOREST)
      try_forest(model, x, features);
    else if (mlgrain_model_kind_of(model) == MLGRAIN_MODEL_LINEAR)
      try_linear(model, x, features);
    else
      try_mixture(model, x, features);
    free(x);
  }
  mlgrain_model_free(model);
  free(bytes);
  return 0;
}
