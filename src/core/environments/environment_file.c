/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of environments: doc/environment_format.md. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/file_map.h"
#include "base/safetensors.h"
#include "environments_private.h"
#include "soap/soap_json.h"

static const char format_name[] = "mlgrain-environments", format_version[] = "1";

/* ---- writing -------------------------------------------------------------------------------- */

static json_t *make_metadata(const struct mlgrain_environments *library)
{
  char epsilon[32];
  snprintf(epsilon, sizeof epsilon, "%.17g", library->content.epsilon);
  char *text = soap_json_write(&library->content.parameters);
  json_t *metadata =
      text ? json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "format", format_name, "version",
                       format_version, "kind", "soap", "soap", text, "epsilon", epsilon, "metric",
                       "euclidean", "seed", library->seed)
           : NULL;
  free(text);
  return metadata;
}

enum mlgrain_status mlgrain_environments_write(const struct mlgrain_environments *library,
                                               const char *path, struct mlgrain_error *error)
{
  const uint64_t unique = library->content.unique.count, coreset = library->content.coreset.count;
  const uint64_t components = library->components;
  const struct safetensors_part part[] = {
      {"environments", "F64", 2, {unique, components}, library->vector},
      {"radius", "F64", 1, {unique}, library->radius},
      {"source", "I64", 2, {unique, 2}, library->source},
      {"atoms", "U64", 1, {unique}, library->atoms},
      {"coreset", "F64", 2, {coreset, components}, library->coreset},
      {"coreset_source", "I64", 2, {coreset, 2}, library->coreset_source},
      {"coreset_atoms", "U64", 1, {coreset}, library->coreset_atoms}};
  json_t *metadata = make_metadata(library);
  if (!metadata)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory, or the seed is no text",
                        path);
  const enum mlgrain_status status =
      safetensors_write(path, metadata, sizeof part / sizeof *part, part, error);
  json_decref(metadata);
  return status;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Copies a tensor of whole numbers of 8 bytes, of that type and shape. */
static enum mlgrain_status take(const struct safetensors *file, const char *name, const char *type,
                                int rank, uint64_t rows, uint64_t columns, void *to,
                                struct mlgrain_error *error)
{
  const struct safetensors_tensor *tensor = safetensors_find(file, name);
  if (!tensor || strcmp(tensor->type, type) != 0 || tensor->rank != rank ||
      tensor->shape[0] != rows || (rank == 2 && tensor->shape[1] != columns))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: there is no tensor '%s' of type %s with %llu rows of %llu", file->name,
                        name, type, (unsigned long long)rows, (unsigned long long)columns);
  if (rows > 0 && columns > 0)
    memcpy(to, tensor->data, 8 * rows * columns);
  return MLGRAIN_SUCCESS;
}

/* How many rows a tensor has; 0 if there is none. */
static uint64_t rows_of(const struct safetensors *file, const char *name)
{
  const struct safetensors_tensor *tensor = safetensors_find(file, name);
  return tensor && tensor->rank > 0 ? tensor->shape[0] : 0;
}

static enum mlgrain_status read_tensors(const struct safetensors *file,
                                        struct mlgrain_environments *library,
                                        struct mlgrain_error *error)
{
  const uint64_t unique = library->content.unique.count, coreset = library->content.coreset.count;
  const uint64_t row = library->components;
  const struct {
    const char *name, *type;
    int rank;
    uint64_t rows, columns;
    void *to;
  } tensor[] = {{"environments", "F64", 2, unique, row, library->vector},
                {"radius", "F64", 1, unique, 1, library->radius},
                {"source", "I64", 2, unique, 2, library->source},
                {"atoms", "U64", 1, unique, 1, library->atoms},
                {"coreset", "F64", 2, coreset, row, library->coreset},
                {"coreset_source", "I64", 2, coreset, 2, library->coreset_source},
                {"coreset_atoms", "U64", 1, coreset, 1, library->coreset_atoms}};
  for (size_t k = 0; k < sizeof tensor / sizeof *tensor; k++) {
    const enum mlgrain_status status =
        strcmp(tensor[k].type, "F64") == 0
            ? soap_json_take(file, tensor[k].name, tensor[k].rank, tensor[k].rows,
                             tensor[k].columns, tensor[k].to, error)
            : take(file, tensor[k].name, tensor[k].type, tensor[k].rank, tensor[k].rows,
                   tensor[k].columns, tensor[k].to, error);
    if (status)
      return status;
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_library(const struct safetensors *file,
                                        struct mlgrain_environments **library,
                                        struct mlgrain_error *error)
{
  const char *format = safetensors_metadata(file, "format");
  const char *version = safetensors_metadata(file, "version");
  const char *metric = safetensors_metadata(file, "metric");
  const char *seed = safetensors_metadata(file, "seed");
  const char *epsilon = safetensors_metadata(file, "epsilon");
  struct mlgrain_soap_parameters parameters;
  if (!format || strcmp(format, format_name) != 0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: not a library of environments (format "
                        "'%s')",
                        file->name, format ? format : "");
  if (!version || strcmp(version, format_version) != 0 || !metric ||
      strcmp(metric, "euclidean") != 0)
    return mlgrain_fail(error, MLGRAIN_UNSUPPORTED, "%s: version '%s' or metric '%s' is unknown",
                        file->name, version ? version : "", metric ? metric : "");
  const enum mlgrain_status wrong = soap_json_read(file, &parameters, error);
  if (wrong)
    return wrong;
  char *end = NULL;
  const double value = epsilon ? strtod(epsilon, &end) : 0.0;
  if (!end || *end || !(value > 0.0 && isfinite(value)))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: metadata 'epsilon' is no positive number",
                        file->name);
  const uint64_t unique = rows_of(file, "environments");
  if (unique < 1 || unique > 10000)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: %llu environments are not 1 to 10000",
                        file->name, (unsigned long long)unique);
  /* sizes that the file's own bytes bear out: the container was checked */
  const struct safetensors_tensor *vectors = safetensors_find(file, "environments");
  const struct safetensors_tensor *coreset = safetensors_find(file, "coreset");
  const uint64_t components = mlgrain_soap_components(&parameters);
  if (vectors->rank != 2 || vectors->shape[1] != components ||
      (coreset && (coreset->rank != 2 || coreset->shape[1] != components)))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: the vectors don't have the %llu numbers that their parameters say",
                        file->name, (unsigned long long)components);
  struct mlgrain_environments *made =
      environments_allocate(&parameters, unique, rows_of(file, "coreset"), seed ? seed : "");
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", file->name);
  made->content.epsilon = value;
  enum mlgrain_status status = read_tensors(file, made, error);
  if (!status)
    status = environments_prepare(made, error);
  if (status)
    mlgrain_environments_free(made);
  else
    *library = made;
  return status;
}

enum mlgrain_status mlgrain_environments_parse(const char *name, const void *bytes, size_t size,
                                               struct mlgrain_environments **library,
                                               struct mlgrain_error *error)
{
  struct safetensors file;
  *library = NULL;
  enum mlgrain_status status = safetensors_open(&file, name, bytes, size, error);
  if (!status)
    status = read_library(&file, library, error);
  safetensors_close(&file);
  return status;
}

enum mlgrain_status mlgrain_environments_read(const char *path,
                                              struct mlgrain_environments **library,
                                              struct mlgrain_error *error)
{
  struct file_map map;
  *library = NULL;
  enum mlgrain_status status = file_map_open(&map, path, error);
  if (!status)
    status = mlgrain_environments_parse(path, map.bytes, map.size, library, error);
  file_map_close(&map);
  return status;
}
