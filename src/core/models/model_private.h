/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: a model file opened, and how forest.c, gmm.c and linear.c take tensors from it. */
#ifndef MLGRAIN_MODEL_PRIVATE_H
#define MLGRAIN_MODEL_PRIVATE_H

#include <stdint.h>

#include "base/file_map.h"
#include "base/safetensors.h"
#include "mlgrain/model.h"

struct mlgrain_model {
  char *name;
  struct file_map map; /* empty if the caller keeps the bytes */
  struct safetensors file;
  enum mlgrain_model_kind kind;
  int classifier; /* a forest that tells classes */
  size_t features;
  json_t *feature_names;   /* array of strings */
  json_t *descriptor_json; /* owns the style's name; NULL: no descriptor */
  struct mlgrain_model_descriptor descriptor;
  double *weight;
};

/* Whether a tensor may be absent. */
enum model_need { MODEL_OPTIONAL, MODEL_REQUIRED };

/* Gives the data of a tensor after checks of its type and shape: rank sizes, where 0 in shape
   stands for any size >= 1 and is replaced by it. NULL in data if it is absent and optional.
   MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status model_tensor(const struct mlgrain_model *model, const char *name,
                                 const char *type, enum model_need need, int rank, uint64_t *shape,
                                 const void **data, struct mlgrain_error *error);

/* The same for F64, all finite. MLGRAIN_FORMAT_ERROR, MLGRAIN_NOT_FINITE. */
enum mlgrain_status model_doubles(const struct mlgrain_model *model, const char *name,
                                  enum model_need need, int rank, uint64_t *shape,
                                  const double **data, struct mlgrain_error *error);

/* An optional tensor of one number. MLGRAIN_FORMAT_ERROR, MLGRAIN_NOT_FINITE. */
enum mlgrain_status model_number(const struct mlgrain_model *model, const char *name, double absent,
                                 double *value, struct mlgrain_error *error);

/* The tensors feature_shift and feature_scale, [features] each: 0 and 1 if absent. `shift` receives
   memory for both, to be freed by the caller even after an error; scales are positive.
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_FORMAT_ERROR, MLGRAIN_NOT_FINITE. */
enum mlgrain_status model_scaling(const struct mlgrain_model *model, double **shift, double **scale,
                                  struct mlgrain_error *error);

/* A copy of the tensor feature_range, to be freed by the caller; untouched if the file has none.
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status model_range_copy(const struct mlgrain_model *model, float **copy,
                                     struct mlgrain_error *error);

/* The tensor feature_range, [2][features] floats, or NULL if the file has none. */
enum mlgrain_status model_feature_range(const struct mlgrain_model *model, const float **range,
                                        struct mlgrain_error *error);

/* Checks an upper triangular factor [n][n] of tensor `name`: finite is known, zeros below the
   diagonal, diagonal >= least (> least if `strictly`). */
enum mlgrain_status model_check_factor(const struct mlgrain_model *model, const char *name,
                                       size_t n, const double *factor, int strictly,
                                       struct mlgrain_error *error);

/* A JSON list of non-empty strings in the metadata; a new reference. count 0: any number >= 1.
   MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status model_strings(const struct mlgrain_model *model, const char *key, size_t count,
                                  json_t **strings, struct mlgrain_error *error);

#endif
