/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of trained models: what they are, which features they take, where those come from.
   doc/model_format.md defines the files; forest.h, gmm.h and linear.h apply what
   they hold. */
#ifndef MLGRAIN_MODEL_H
#define MLGRAIN_MODEL_H

#include <stddef.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is made of a model; forests are regressors and classifiers. */
enum mlgrain_model_kind {
  MLGRAIN_MODEL_FOREST,
  MLGRAIN_MODEL_GAUSSIAN_MIXTURE,
  MLGRAIN_MODEL_LINEAR,
  MLGRAIN_MODEL_POLYCRYSTAL /* see graph_model.h */
};

/* The LAMMPS style that gives a model's features, and its parameters. */
struct mlgrain_model_descriptor {
  const char *style;    /* e.g. "sfd/atom"; the rest is for that style only, and 0 for others */
  double sigma, cutoff; /* units of length of the model's unit style */
  size_t weights;       /* how many atom types have a weight; 0: all types weigh 1 */
  const double *weight; /* [weights] */
};

struct mlgrain_model;

/* Maps a model file into memory and checks it: the container and the metadata here, the numbers
   when a forest, a mixture or a linear model is made of it. Processes on one machine share the
   file's memory. The file must not be overwritten while it is in use (writing another and renaming
   it is fine). model    receives a new object, to be freed with mlgrain_model_free. It is constant:
   any number of threads may use it at once. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_FILE_ERROR;
   MLGRAIN_FORMAT_ERROR; MLGRAIN_UNSUPPORTED: another version of the format, or an unknown kind of
   model. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_model_open(const char *path, struct mlgrain_model **model, struct mlgrain_error *error);

/* The same with a file's content, which the caller keeps until the model is freed.
     name     for messages; copied
     bytes    [size], at an address that is a multiple of 8
   As above, without MLGRAIN_FILE_ERROR; MLGRAIN_INVALID_ARGUMENT: misaligned bytes. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_model_from_bytes(const char *name, const void *bytes,
                                                            size_t size,
                                                            struct mlgrain_model **model,
                                                            struct mlgrain_error *error);

/* Frees a model, after the forests made of it; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_model_free(struct mlgrain_model *model);

MLGRAIN_EXPORT enum mlgrain_model_kind mlgrain_model_kind_of(const struct mlgrain_model *model);

/* Number of features, at least 1, and the name of one; index 0 .. count-1. */
MLGRAIN_EXPORT int mlgrain_model_features(const struct mlgrain_model *model);
MLGRAIN_EXPORT const char *mlgrain_model_feature(const struct mlgrain_model *model, int index);

/* A string from the metadata, such as "target" or "units"; NULL if the file has none of that key.
   Owned by the model. */
MLGRAIN_EXPORT const char *mlgrain_model_metadata(const struct mlgrain_model *model,
                                                  const char *key);

/* Where the features come from; NULL if the file doesn't say. Owned by the model. */
MLGRAIN_EXPORT const struct mlgrain_model_descriptor *
mlgrain_model_descriptor(const struct mlgrain_model *model);

#ifdef __cplusplus
}
#endif
#endif
