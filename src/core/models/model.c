/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "model_private.h"

/* So that counts of features, rows times features and their squares stay far from any limit. */
enum { MOST_FEATURES = 65535 };

enum mlgrain_model_kind mlgrain_model_kind_of(const struct mlgrain_model *model)
{
  return model->kind;
}

int mlgrain_model_features(const struct mlgrain_model *model)
{
  return (int)model->features;
}

const char *mlgrain_model_feature(const struct mlgrain_model *model, int index)
{
  return index < 0 ? NULL : json_string_value(json_array_get(model->feature_names, (size_t)index));
}

const char *mlgrain_model_metadata(const struct mlgrain_model *model, const char *key)
{
  return safetensors_metadata(&model->file, key);
}

const struct mlgrain_model_descriptor *mlgrain_model_descriptor(const struct mlgrain_model *model)
{
  return model->descriptor_json ? &model->descriptor : NULL;
}

/* Compares the shape of a tensor; sizes given as 0 are filled in. */
static int has_shape(const struct safetensors_tensor *tensor, int rank, uint64_t *shape)
{
  if (tensor->rank != rank)
    return 0;
  for (int d = 0; d < rank; d++) {
    if (tensor->shape[d] == 0 || (shape[d] && shape[d] != tensor->shape[d]))
      return 0;
    shape[d] = tensor->shape[d];
  }
  return 1;
}

enum mlgrain_status model_tensor(const struct mlgrain_model *model, const char *name,
                                 const char *type, enum model_need need, int rank, uint64_t *shape,
                                 const void **data, struct mlgrain_error *error)
{
  const struct safetensors_tensor *tensor = safetensors_find(&model->file, name);
  *data = NULL;
  if (!tensor && need == MODEL_OPTIONAL)
    return MLGRAIN_SUCCESS;
  if (!tensor)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: there is no tensor '%s'", model->name,
                        name);
  if (strcmp(tensor->type, type) != 0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: tensor '%s' is of type %s, not %s",
                        model->name, name, tensor->type, type);
  if (!has_shape(tensor, rank, shape))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: tensor '%s' has not the shape it must have for %zu features",
                        model->name, name, model->features);
  *data = tensor->data;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status model_doubles(const struct mlgrain_model *model, const char *name,
                                  enum model_need need, int rank, uint64_t *shape,
                                  const double **data, struct mlgrain_error *error)
{
  const void *bytes;
  const enum mlgrain_status status =
      model_tensor(model, name, "F64", need, rank, shape, &bytes, error);
  *data = bytes;
  if (status || !bytes)
    return status;
  uint64_t count = 1;
  for (int d = 0; d < rank; d++)
    count *= shape[d];
  for (uint64_t i = 0; i < count; i++)
    if (!isfinite((*data)[i]))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                          "%s: tensor '%s' holds a number that is not finite", model->name, name);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status model_number(const struct mlgrain_model *model, const char *name, double absent,
                                 double *value, struct mlgrain_error *error)
{
  uint64_t one[1] = {1};
  const double *data;
  const enum mlgrain_status status =
      model_doubles(model, name, MODEL_OPTIONAL, 1, one, &data, error);
  *value = data ? *data : absent;
  return status;
}

enum mlgrain_status model_scaling(const struct mlgrain_model *model, double **shift, double **scale,
                                  struct mlgrain_error *error)
{
  uint64_t shape[1] = {model->features};
  const double *given_shift, *given_scale;
  enum mlgrain_status status =
      model_doubles(model, "feature_shift", MODEL_OPTIONAL, 1, shape, &given_shift, error);
  if (!status)
    status = model_doubles(model, "feature_scale", MODEL_OPTIONAL, 1, shape, &given_scale, error);
  if (status)
    return status;
  *shift = malloc(2 * model->features * sizeof **shift);
  if (!*shift)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  *scale = *shift + model->features;
  for (size_t f = 0; f < model->features; f++) {
    (*shift)[f] = given_shift ? given_shift[f] : 0.0;
    (*scale)[f] = given_scale ? given_scale[f] : 1.0;
    if (!((*scale)[f] > 0.0))
      return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: a feature_scale is not positive",
                          model->name);
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status model_range_copy(const struct mlgrain_model *model, float **copy,
                                     struct mlgrain_error *error)
{
  const float *range;
  const enum mlgrain_status status = model_feature_range(model, &range, error);
  if (status || !range)
    return status;
  *copy = malloc(2 * model->features * sizeof *range);
  if (!*copy)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  memcpy(*copy, range, 2 * model->features * sizeof *range);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status model_feature_range(const struct mlgrain_model *model, const float **range,
                                        struct mlgrain_error *error)
{
  uint64_t shape[2] = {2, model->features};
  const void *bytes;
  const enum mlgrain_status status =
      model_tensor(model, "feature_range", "F32", MODEL_OPTIONAL, 2, shape, &bytes, error);
  *range = bytes;
  if (status || !bytes)
    return status;
  for (size_t f = 0; f < model->features; f++) {
    const float low = (*range)[f], high = (*range)[model->features + f];
    if (!(isfinite(low) && isfinite(high) && low <= high))
      return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                          "%s: feature_range of feature %zu is no range", model->name, f);
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status model_check_factor(const struct mlgrain_model *model, const char *name,
                                       size_t n, const double *factor, int strictly,
                                       struct mlgrain_error *error)
{
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < i; j++)
      if (factor[i * n + j] != 0.0)
        return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: '%s' is not upper triangular",
                            model->name, name);
    if (factor[i * n + i] < 0.0 || (strictly && factor[i * n + i] == 0.0))
      return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: '%s' has %g in its diagonal",
                          model->name, name, factor[i * n + i]);
  }
  return MLGRAIN_SUCCESS;
}

/* The JSON text in a string of the metadata; NULL in value if there is none of that key. */
static enum mlgrain_status parse_metadata(const struct mlgrain_model *model, const char *key,
                                          json_t **value, struct mlgrain_error *error)
{
  const char *text = mlgrain_model_metadata(model, key);
  json_error_t reason;
  *value = text ? json_loads(text, JSON_REJECT_DUPLICATES, &reason) : NULL;
  if (text && !*value)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: metadata '%s' is not JSON: %s",
                        model->name, key, reason.text);
  return MLGRAIN_SUCCESS;
}

static int are_strings(const json_t *list)
{
  if (!json_is_array(list) || json_array_size(list) == 0)
    return 0;
  for (size_t i = 0; i < json_array_size(list); i++)
    if (json_string_length(json_array_get(list, i)) == 0) /* 0 for other types too */
      return 0;
  return 1;
}

enum mlgrain_status model_strings(const struct mlgrain_model *model, const char *key, size_t count,
                                  json_t **strings, struct mlgrain_error *error)
{
  const enum mlgrain_status status = parse_metadata(model, key, strings, error);
  if (status || !*strings)
    return status;
  if (!are_strings(*strings) || (count && json_array_size(*strings) != count)) {
    json_decref(*strings);
    *strings = NULL;
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: metadata '%s' is not a list of non-empty strings of the right length",
                        model->name, key);
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_features(struct mlgrain_model *model, struct mlgrain_error *error)
{
  const enum mlgrain_status status =
      model_strings(model, "features", 0, &model->feature_names, error);
  if (status)
    return status;
  model->features = json_array_size(model->feature_names);
  if (model->features == 0 || model->features > MOST_FEATURES)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: the metadata name no features, or more than %d", model->name,
                        (int)MOST_FEATURES);
  json_t *seen = json_object(); /* a set of names */
  enum mlgrain_status result = MLGRAIN_SUCCESS;
  for (size_t i = 0; i < model->features && !result; i++) {
    const char *name = json_string_value(json_array_get(model->feature_names, i));
    if (json_object_get(seen, name))
      result = mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: two features are named '%s'",
                            model->name, name);
    else if (json_object_set_new(seen, name, json_true()))
      result = mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  }
  json_decref(seen);
  return result;
}

/* A number of the descriptor, >= 0. */
static int get_number(const json_t *number, double *value)
{
  *value = json_number_value(number);
  return json_is_number(number) && *value >= 0.0 && isfinite(*value);
}

static int get_positive(const json_t *number, double *value)
{
  return get_number(number, value) && *value > 0.0;
}

static enum mlgrain_status read_weights(struct mlgrain_model *model, const json_t *list,
                                        struct mlgrain_error *error)
{
  const size_t count = json_array_size(list);
  if (count == 0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: the descriptor's weight is no list",
                        model->name);
  model->weight = malloc(count * sizeof *model->weight);
  if (!model->weight)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  for (size_t i = 0; i < count; i++)
    if (!get_number(json_array_get(list, i), &model->weight[i]))
      return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                          "%s: the descriptor's weights are not all numbers >= 0", model->name);
  model->descriptor.weight = model->weight;
  model->descriptor.weights = count;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_descriptor(struct mlgrain_model *model, struct mlgrain_error *error)
{
  const enum mlgrain_status status =
      parse_metadata(model, "descriptor", &model->descriptor_json, error);
  const json_t *json = model->descriptor_json;
  if (status || !json)
    return status;
  model->descriptor.style = json_string_value(json_object_get(json, "style"));
  if (!model->descriptor.style)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: the descriptor has no style",
                        model->name);
  if (strcmp(model->descriptor.style, "sfd/atom") != 0)
    return MLGRAIN_SUCCESS;
  if (!get_positive(json_object_get(json, "sigma"), &model->descriptor.sigma) ||
      !get_positive(json_object_get(json, "rcut"), &model->descriptor.cutoff))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: the descriptor sfd/atom needs positive numbers sigma and rcut",
                        model->name);
  const json_t *weight = json_object_get(json, "weight");
  return weight ? read_weights(model, weight, error) : MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_kind(struct mlgrain_model *model, struct mlgrain_error *error)
{
  const char *format = mlgrain_model_metadata(model, "format");
  const char *version = mlgrain_model_metadata(model, "version");
  const char *kind = mlgrain_model_metadata(model, "kind");
  if (!format || strcmp(format, "mlgrain") != 0 || !version || !kind)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: a safetensors file, but its metadata are not those of a model",
                        model->name);
  if (strcmp(version, "1") != 0)
    return mlgrain_fail(error, MLGRAIN_UNSUPPORTED,
                        "%s: version %.20s of the format cannot be read, only 1", model->name,
                        version);
  model->classifier = strcmp(kind, "forest_classifier") == 0;
  if (model->classifier || strcmp(kind, "forest") == 0)
    model->kind = MLGRAIN_MODEL_FOREST;
  else if (strcmp(kind, "gaussian_mixture") == 0)
    model->kind = MLGRAIN_MODEL_GAUSSIAN_MIXTURE;
  else if (strcmp(kind, "linear") == 0)
    model->kind = MLGRAIN_MODEL_LINEAR;
  else if (strcmp(kind, "polycrystal") == 0)
    model->kind = MLGRAIN_MODEL_POLYCRYSTAL;
  else
    return mlgrain_fail(error, MLGRAIN_UNSUPPORTED, "%s: unknown kind of model '%.40s'",
                        model->name, kind);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_model(struct mlgrain_model *model, const void *bytes, size_t size,
                                      struct mlgrain_error *error)
{
  enum mlgrain_status status = safetensors_open(&model->file, model->name, bytes, size, error);
  if (!status)
    status = read_kind(model, error);
  if (!status)
    status = read_features(model, error);
  if (!status)
    status = read_descriptor(model, error);
  return status;
}

static struct mlgrain_model *new_model(const char *name)
{
  struct mlgrain_model *model = calloc(1, sizeof *model);
  if (!model)
    return NULL;
  const size_t length = strlen(name) + 1;
  model->name = malloc(length);
  if (!model->name) {
    free(model);
    return NULL;
  }
  memcpy(model->name, name, length);
  return model;
}

enum mlgrain_status mlgrain_model_from_bytes(const char *name, const void *bytes, size_t size,
                                             struct mlgrain_model **model,
                                             struct mlgrain_error *error)
{
  struct mlgrain_model *made = new_model(name);
  *model = NULL;
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", name);
  const enum mlgrain_status status = read_model(made, bytes, size, error);
  if (status)
    mlgrain_model_free(made);
  else
    *model = made;
  return status;
}

enum mlgrain_status mlgrain_model_open(const char *path, struct mlgrain_model **model,
                                       struct mlgrain_error *error)
{
  struct file_map map;
  *model = NULL;
  enum mlgrain_status status = file_map_open(&map, path, error);
  if (status)
    return status;
  status = mlgrain_model_from_bytes(path, map.bytes, map.size, model, error);
  if (*model)
    (*model)->map = map;
  else
    file_map_close(&map);
  return status;
}

void mlgrain_model_free(struct mlgrain_model *model)
{
  if (!model)
    return;
  json_decref(model->feature_names);
  json_decref(model->descriptor_json);
  safetensors_close(&model->file);
  file_map_close(&model->map);
  free(model->weight);
  free(model->name);
  free(model);
}
