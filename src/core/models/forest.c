/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "forest_private.h"
#include "model_private.h"
#include "novelty.h"

/* So that the table of probabilities stays far from any limit. */
enum { MOST_CLASSES = 65535 };

const struct mlgrain_forest_info *mlgrain_forest_info(const struct mlgrain_forest *forest)
{
  return &forest->info;
}

const char *mlgrain_forest_class_name(const struct mlgrain_forest *forest, int index)
{
  return index < 0 ? NULL : json_string_value(json_array_get(forest->class_names, (size_t)index));
}

/* Of a classifier: the names of its classes, and with them their number. */
static enum mlgrain_status read_classes(struct mlgrain_forest *forest,
                                        const struct mlgrain_model *model,
                                        struct mlgrain_error *error)
{
  if (!model->classifier)
    return MLGRAIN_SUCCESS;
  const enum mlgrain_status status =
      model_strings(model, "classes", 0, &forest->class_names, error);
  if (status)
    return status;
  const size_t classes = json_array_size(forest->class_names);
  if (classes < 2 || classes > MOST_CLASSES)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: the metadata name no classes, or less than 2, or more than %d",
                        model->name, (int)MOST_CLASSES);
  forest->info.classes = (int)classes;
  return MLGRAIN_SUCCESS;
}

/* Leaf values: numbers, or of a classifier rows of probabilities. */
static enum mlgrain_status read_values(struct mlgrain_forest *forest,
                                       const struct mlgrain_model *model,
                                       struct mlgrain_error *error)
{
  const size_t classes = (size_t)forest->info.classes;
  uint64_t shape[2] = {0, classes};
  const enum mlgrain_status status = model_doubles(model, "values", MODEL_REQUIRED, classes ? 2 : 1,
                                                   shape, &forest->values, error);
  if (status)
    return status;
  forest->info.values = shape[0];
  for (uint64_t v = 0; classes && v < shape[0]; v++) {
    double sum = 0.0, smallest = 0.0;
    for (size_t k = 0; k < classes; k++) {
      sum += forest->values[v * classes + k];
      smallest = fmin(smallest, forest->values[v * classes + k]);
    }
    if (smallest < 0.0 || !(fabs(sum - 1.0) <= 1e-6))
      return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                          "%s: row %llu of 'values' is not of probabilities >= 0 with sum 1",
                          model->name, (unsigned long long)v);
  }
  return MLGRAIN_SUCCESS;
}

/* Nodes, narrow or wide by the rank of their tensor, the table of trees, and the leaf values. */
static enum mlgrain_status read_trees(struct mlgrain_forest *forest,
                                      const struct mlgrain_model *model,
                                      struct mlgrain_error *error)
{
  const struct safetensors_tensor *nodes = safetensors_find(&model->file, "nodes");
  forest->words = nodes && nodes->rank == 2 ? 2 : 1;
  uint64_t shape[2] = {0, 2}, trees[1] = {0};
  const void *node, *start;
  enum mlgrain_status status =
      model_tensor(model, "nodes", "U64", MODEL_REQUIRED, (int)forest->words, shape, &node, error);
  if (!status)
    status = model_tensor(model, "tree_start", "U64", MODEL_REQUIRED, 1, trees, &start, error);
  if (!status)
    status = read_values(forest, model, error);
  if (status)
    return status;
  if (trees[0] < 2)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: there are no trees", model->name);
  forest->node = node;
  forest->tree_start = start;
  forest->info.nodes = shape[0];
  forest->info.trees = trees[0] - 1;
  return forest_check(forest, model->name, error);
}

static enum mlgrain_status read_aggregation(struct mlgrain_forest *forest,
                                            const struct mlgrain_model *model,
                                            struct mlgrain_error *error)
{
  const char *aggregation = mlgrain_model_metadata(model, "aggregation");
  forest->info.has_spread = aggregation && strcmp(aggregation, "mean") == 0;
  if (!aggregation || (!forest->info.has_spread && strcmp(aggregation, "sum") != 0))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: metadata 'aggregation' is neither mean nor sum", model->name);
  if (!mlgrain_model_metadata(model, "target"))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: the metadata name no target",
                        model->name);
  if (model->classifier && !forest->info.has_spread)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: metadata 'aggregation' of a classifier is not mean", model->name);
  enum mlgrain_status status = model_number(model, "base", 0.0, &forest->base, error);
  if (!status)
    status = model_number(model, "scale", 1.0, &forest->scale, error);
  if (!status && model->classifier && (forest->base != 0.0 || forest->scale != 1.0))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: a classifier has neither base nor scale",
                        model->name);
  return status;
}

static enum mlgrain_status read_calibration(struct mlgrain_forest *forest,
                                            const struct mlgrain_model *model,
                                            struct mlgrain_error *error)
{
  uint64_t points[1] = {0};
  enum mlgrain_status status = model_doubles(model, "calibration_spread", MODEL_OPTIONAL, 1, points,
                                             &forest->calibration_spread, error);
  if (status)
    return status;
  const int given = forest->calibration_spread != NULL;
  status = model_doubles(model, "calibration_error", given ? MODEL_REQUIRED : MODEL_OPTIONAL, 1,
                         points, &forest->calibration_error, error);
  if (status || (!given && !forest->calibration_error))
    return status;
  if (model->classifier)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: a classifier has no calibration",
                        model->name);
  const double *spread = forest->calibration_spread;
  int good = given && forest->info.has_spread && points[0] >= 2 && spread[0] >= 0.0;
  for (uint64_t i = 0; good && i < points[0]; i++)
    good = forest->calibration_error[i] >= 0.0 && (i == 0 || spread[i] > spread[i - 1]);
  if (!good)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: the calibration is not of two or more rising spreads of a forest "
                        "whose trees are averaged, with errors >= 0",
                        model->name);
  forest->calibration_points = points[0];
  forest->info.has_calibration = 1;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_forest(struct mlgrain_forest *forest,
                                       const struct mlgrain_model *model,
                                       enum mlgrain_simd_level level, struct mlgrain_error *error)
{
  enum mlgrain_status status = read_aggregation(forest, model, error);
  if (!status)
    status = read_classes(forest, model, error);
  if (!status)
    status = read_trees(forest, model, error);
  if (!status)
    status = read_calibration(forest, model, error);
  if (!status)
    status = novelty_read(model, level, &forest->novelty, &forest->info.novelty_limit, error);
  if (!status)
    status = model_feature_range(model, &forest->range, error);
  forest->info.has_novelty = forest->novelty != NULL;
  forest->info.has_range = forest->range != NULL;
  return status;
}

enum mlgrain_status mlgrain_forest_create(const struct mlgrain_model *model,
                                          enum mlgrain_simd_level level,
                                          struct mlgrain_forest **forest,
                                          struct mlgrain_error *error)
{
  *forest = NULL;
  if (model->kind != MLGRAIN_MODEL_FOREST)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%s: the model is not a forest",
                        model->name);
  struct mlgrain_forest *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  made->info.features = (int)model->features;
  const enum mlgrain_status status = read_forest(made, model, level, error);
  if (status) {
    mlgrain_forest_free(made);
    return status;
  }
  made->walk = made->words == 2 ? forest_walk_wide : forest_walk_narrow;
  *forest = made;
  return MLGRAIN_SUCCESS;
}

void mlgrain_forest_free(struct mlgrain_forest *forest)
{
  if (!forest)
    return;
  gaussian_free(forest->novelty);
  json_decref(forest->class_names);
  free(forest);
}
