/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/soap_projection.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/file_map.h"
#include "base/simd_level.h"
#include "soap_json.h"
#include "soap_projection_private.h"

struct mlgrain_soap_projection {
  struct mlgrain_soap_parameters parameters;
  size_t components, columns, stride;
  double *mean;   /* [components] */
  double *matrix; /* [components][stride] */
  projection_kernel *kernel;
};

static const char format_name[] = "mlgrain-projection", format_version[] = "1";
static const double largest_number = 1e100;

int mlgrain_soap_is_same(const struct mlgrain_soap_parameters *a,
                         const struct mlgrain_soap_parameters *b)
{
  return a->basis == b->basis && a->cutoff == b->cutoff && a->n_max == b->n_max &&
         a->l_max == b->l_max && a->sigma == b->sigma && a->width == b->width &&
         a->central_weight == b->central_weight && !a->normalise == !b->normalise &&
         a->species == b->species;
}

/* ---- making --------------------------------------------------------------------------------- */

static projection_kernel *best_kernel(void)
{
#ifdef MLGRAIN_X86_64_LEVELS
  const enum mlgrain_simd_level level = mlgrain_simd_best();
  if (level == MLGRAIN_SIMD_V4)
    return projection_v4;
  if (level == MLGRAIN_SIMD_V3)
    return projection_v3;
#endif
  return projection_v2;
}

/* With zeros; NULL without memory. */
static struct mlgrain_soap_projection *allocate(const struct mlgrain_soap_parameters *parameters,
                                                size_t columns)
{
  struct mlgrain_soap_projection *made = calloc(1, sizeof *made);
  if (!made)
    return NULL;
  made->parameters = *parameters;
  made->components = mlgrain_soap_components(parameters);
  made->columns = columns;
  made->stride = (columns + PROJECTION_COLUMNS - 1) / PROJECTION_COLUMNS * PROJECTION_COLUMNS;
  made->kernel = best_kernel();
  made->mean = calloc(made->components, sizeof *made->mean);
  made->matrix = calloc(made->components * made->stride, sizeof *made->matrix);
  if (!made->mean || !made->matrix) {
    mlgrain_soap_projection_free(made);
    return NULL;
  }
  return made;
}

static int are_finite(size_t count, const double *number)
{
  for (size_t i = 0; i < count; i++)
    if (!(fabs(number[i]) <= largest_number))
      return 0;
  return 1;
}

enum mlgrain_status mlgrain_soap_projection_create(const struct mlgrain_soap_parameters *parameters,
                                                   size_t columns, const double *mean,
                                                   const double *matrix,
                                                   struct mlgrain_soap_projection **projection,
                                                   struct mlgrain_error *error)
{
  const size_t components = mlgrain_soap_components(parameters);
  *projection = NULL;
  if (components == 0)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "a parameter of the vectors is impossible");
  if (columns < 1 || columns > MLGRAIN_SOAP_MOST_COLUMNS)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%zu columns are not 1 to %d", columns,
                        MLGRAIN_SOAP_MOST_COLUMNS);
  if (!are_finite(components, mean) || !are_finite(components * columns, matrix))
    return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                        "a number of the projection is not finite, or beyond 1e100");
  struct mlgrain_soap_projection *made = allocate(parameters, columns);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a projection");
  memcpy(made->mean, mean, components * sizeof *mean);
  for (size_t c = 0; c < components; c++)
    memcpy(made->matrix + c * made->stride, matrix + c * columns, columns * sizeof *matrix);
  *projection = made;
  return MLGRAIN_SUCCESS;
}

void mlgrain_soap_projection_free(struct mlgrain_soap_projection *projection)
{
  if (!projection)
    return;
  free(projection->mean);
  free(projection->matrix);
  free(projection);
}

const struct mlgrain_soap_parameters *
mlgrain_soap_projection_parameters(const struct mlgrain_soap_projection *projection)
{
  return &projection->parameters;
}

size_t mlgrain_soap_projection_columns(const struct mlgrain_soap_projection *projection)
{
  return projection->columns;
}

void mlgrain_soap_projection_numbers(const struct mlgrain_soap_projection *projection, double *mean,
                                     double *matrix)
{
  const size_t columns = projection->columns;
  memcpy(mean, projection->mean, projection->components * sizeof *mean);
  for (size_t c = 0; c < projection->components; c++)
    memcpy(matrix + c * columns, projection->matrix + c * projection->stride,
           columns * sizeof *matrix);
}

size_t mlgrain_soap_projection_memory(const struct mlgrain_soap_projection *projection)
{
  return sizeof *projection + projection->components * (projection->stride + 1) * sizeof(double);
}

/* ---- files ---------------------------------------------------------------------------------- */

enum mlgrain_status mlgrain_soap_projection_write(const struct mlgrain_soap_projection *projection,
                                                  const char *path, struct mlgrain_error *error)
{
  const uint64_t components = projection->components, columns = projection->columns;
  enum mlgrain_status status = MLGRAIN_OUT_OF_MEMORY;
  double *numbers = malloc(components * (columns + 1) * sizeof *numbers);
  char *text = soap_json_write(&projection->parameters);
  json_t *metadata = text ? json_pack("{s:s, s:s, s:s}", "format", format_name, "version",
                                      format_version, "soap", text)
                          : NULL;
  if (!numbers || !metadata) {
    mlgrain_fail(error, status, "%s: out of memory for a projection", path);
  } else {
    double *matrix = numbers + components;
    mlgrain_soap_projection_numbers(projection, numbers, matrix);
    const struct safetensors_part part[] = {{"matrix", "F64", 2, {components, columns}, matrix},
                                            {"mean", "F64", 1, {components}, numbers}};
    status = safetensors_write(path, metadata, sizeof part / sizeof *part, part, error);
  }
  json_decref(metadata);
  free(text);
  free(numbers);
  return status;
}

/* From an open file, into a new object whose sizes the file's own bytes bear out. */
static enum mlgrain_status read_projection(const struct safetensors *file,
                                           struct mlgrain_soap_projection **projection,
                                           struct mlgrain_error *error)
{
  const char *format = safetensors_metadata(file, "format");
  const char *version = safetensors_metadata(file, "version");
  struct mlgrain_soap_parameters parameters;
  if (!format || strcmp(format, format_name) != 0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: not a projection (format '%s')",
                        file->name, format ? format : "");
  if (!version || strcmp(version, format_version) != 0)
    return mlgrain_fail(error, MLGRAIN_UNSUPPORTED, "%s: version '%s' is unknown", file->name,
                        version ? version : "");
  const enum mlgrain_status wrong = soap_json_read(file, &parameters, error);
  if (wrong)
    return wrong;
  const size_t components = mlgrain_soap_components(&parameters);
  const struct safetensors_tensor *tensor = safetensors_find(file, "matrix");
  const size_t columns = tensor && tensor->rank == 2 ? tensor->shape[1] : 0;
  if (!tensor || tensor->rank != 2 || tensor->shape[0] != components || columns < 1 ||
      columns > MLGRAIN_SOAP_MOST_COLUMNS)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: there is no tensor 'matrix' with %zu rows, as the vectors' parameters "
                        "say, of 1 to %d",
                        file->name, components, MLGRAIN_SOAP_MOST_COLUMNS);
  double *numbers = malloc(components * (columns + 1) * sizeof *numbers);
  if (!numbers)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", file->name);
  double *matrix = numbers + components;
  enum mlgrain_status status = soap_json_take(file, "mean", 1, components, 1, numbers, error);
  if (!status)
    status = soap_json_take(file, "matrix", 2, components, columns, matrix, error);
  if (!status)
    status =
        mlgrain_soap_projection_create(&parameters, columns, numbers, matrix, projection, error);
  free(numbers);
  return status;
}

enum mlgrain_status mlgrain_soap_projection_parse(const char *name, const void *bytes, size_t size,
                                                  struct mlgrain_soap_projection **projection,
                                                  struct mlgrain_error *error)
{
  struct safetensors file;
  *projection = NULL;
  enum mlgrain_status status = safetensors_open(&file, name, bytes, size, error);
  if (!status)
    status = read_projection(&file, projection, error);
  safetensors_close(&file);
  return status;
}

enum mlgrain_status mlgrain_soap_projection_read(const char *path,
                                                 struct mlgrain_soap_projection **projection,
                                                 struct mlgrain_error *error)
{
  struct file_map map;
  *projection = NULL;
  enum mlgrain_status status = file_map_open(&map, path, error);
  if (!status)
    status = mlgrain_soap_projection_parse(path, map.bytes, map.size, projection, error);
  file_map_close(&map);
  return status;
}

/* ---- projecting ----------------------------------------------------------------------------- */

void mlgrain_soap_project(const struct mlgrain_soap_projection *projection, size_t count,
                          const double *row, double *to)
{
  const struct mlgrain_soap_projection *p = projection;
  double sum[PROJECTION_ROWS * MLGRAIN_SOAP_MOST_COLUMNS];
  for (size_t first = 0; first < count; first += PROJECTION_ROWS) {
    const size_t rows = count - first < PROJECTION_ROWS ? count - first : PROJECTION_ROWS;
    const double *some[PROJECTION_ROWS];
    for (size_t i = 0; i < PROJECTION_ROWS; i++) /* the last again, where there are fewer */
      some[i] = row + (first + (i < rows ? i : rows - 1)) * p->components;
    p->kernel(p->components, p->stride, p->mean, p->matrix, some, sum);
    for (size_t i = 0; i < rows; i++)
      memcpy(to + (first + i) * p->columns, sum + i * p->stride, p->columns * sizeof *to);
  }
}
