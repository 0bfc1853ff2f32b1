/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"

static uint64_t little_endian(const unsigned char *bytes)
{
  uint64_t value = 0;
  for (int i = 7; i >= 0; i--)
    value = value << 8 | bytes[i];
  return value;
}

/* Bytes of one number, 0 for a type that isn't known. */
static uint64_t size_of_type(const char *type)
{
  static const struct {
    const char *name;
    uint64_t size;
  } types[] = {{"F64", 8},     {"I64", 8},     {"U64", 8},  {"F32", 4}, {"I32", 4},
               {"U32", 4},     {"F16", 2},     {"BF16", 2}, {"I16", 2}, {"U16", 2},
               {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I8", 1},   {"U8", 1},  {"BOOL", 1}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(type, types[i].name) == 0)
      return types[i].size;
  return 0;
}

/* A whole number >= 0 from a JSON array. */
static int get_count(const json_t *array, size_t place, uint64_t *value)
{
  const json_t *item = json_array_get(array, place);
  if (!json_is_integer(item) || json_integer_value(item) < 0)
    return 0;
  *value = (uint64_t)json_integer_value(item);
  return 1;
}

static enum mlgrain_status read_shape(const struct safetensors *file, const json_t *shape,
                                      struct safetensors_tensor *tensor, uint64_t *bytes,
                                      struct mlgrain_error *error)
{
  if (!json_is_array(shape) || json_array_size(shape) > SAFETENSORS_MAX_RANK)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: tensor '%s' has no shape of at most %d numbers", file->name,
                        tensor->name, (int)SAFETENSORS_MAX_RANK);
  tensor->rank = (int)json_array_size(shape);
  for (int d = 0; d < tensor->rank; d++)
    if (!get_count(shape, (size_t)d, &tensor->shape[d]) ||
        __builtin_mul_overflow(*bytes, tensor->shape[d], bytes))
      return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: the shape of tensor '%s' is impossible",
                          file->name, tensor->name);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_tensor(const struct safetensors *file, const json_t *entry,
                                       const unsigned char *data, uint64_t data_size,
                                       struct safetensors_tensor *tensor,
                                       struct mlgrain_error *error)
{
  tensor->type = json_string_value(json_object_get(entry, "dtype"));
  if (!tensor->type)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: tensor '%s' has no dtype", file->name,
                        tensor->name);
  const uint64_t size = size_of_type(tensor->type);
  if (size == 0)
    return mlgrain_fail(error, MLGRAIN_UNSUPPORTED, "%s: tensor '%s' is of unknown type %s",
                        file->name, tensor->name, tensor->type);
  uint64_t bytes = size;
  const enum mlgrain_status status =
      read_shape(file, json_object_get(entry, "shape"), tensor, &bytes, error);
  if (status)
    return status;
  const json_t *offsets = json_object_get(entry, "data_offsets");
  if (json_array_size(offsets) != 2 || !get_count(offsets, 0, &tensor->begin) ||
      !get_count(offsets, 1, &tensor->end) || tensor->begin > tensor->end ||
      tensor->end > data_size)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: tensor '%s' doesn't lie within the %llu bytes of data", file->name,
                        tensor->name, (unsigned long long)data_size);
  if (tensor->end - tensor->begin != bytes)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: tensor '%s' has %llu bytes, its shape needs %llu", file->name,
                        tensor->name, (unsigned long long)(tensor->end - tensor->begin),
                        (unsigned long long)bytes);
  if (tensor->begin % size != 0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: tensor '%s' is not aligned", file->name,
                        tensor->name);
  tensor->data = data + tensor->begin;
  return MLGRAIN_SUCCESS;
}

static int by_place(const void *first, const void *second)
{
  const struct safetensors_tensor *a = first, *b = second;
  if (a->begin != b->begin)
    return a->begin < b->begin ? -1 : 1;
  return a->end < b->end ? -1 : a->end > b->end;
}

/* Tensors follow each other without gaps or overlaps, to the last byte. */
static enum mlgrain_status check_coverage(struct safetensors *file, uint64_t data_size,
                                          struct mlgrain_error *error)
{
  if (file->count > 1)
    qsort(file->tensor, file->count, sizeof *file->tensor, by_place);
  uint64_t end = 0;
  for (size_t i = 0; i < file->count; i++) {
    if (file->tensor[i].begin != end)
      return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: tensor '%s' leaves a gap or overlaps",
                          file->name, file->tensor[i].name);
    end = file->tensor[i].end;
  }
  if (end != data_size)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: %llu bytes belong to no tensor",
                        file->name, (unsigned long long)(data_size - end));
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status check_metadata(const struct safetensors *file,
                                          struct mlgrain_error *error)
{
  json_t *metadata = (json_t *)file->metadata; /* jansson iterates over non-const objects only */
  const char *key;
  json_t *value;
  if (!json_is_object(metadata))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: __metadata__ is not an object",
                        file->name);
  json_object_foreach(metadata, key, value) if (!json_is_string(value)) return mlgrain_fail(
      error, MLGRAIN_FORMAT_ERROR, "%s: metadata '%s' is not a string", file->name, key);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_entries(struct safetensors *file, const unsigned char *data,
                                        uint64_t data_size, struct mlgrain_error *error)
{
  const char *key;
  json_t *entry;
  file->tensor = calloc(json_object_size(file->header) + 1, sizeof *file->tensor);
  if (!file->tensor)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", file->name);
  json_object_foreach(file->header, key, entry)
  {
    enum mlgrain_status status;
    if (strcmp(key, "__metadata__") == 0) {
      file->metadata = entry;
      status = check_metadata(file, error);
    } else {
      struct safetensors_tensor *tensor = &file->tensor[file->count++];
      tensor->name = key;
      status = read_tensor(file, entry, data, data_size, tensor, error);
    }
    if (status)
      return status;
  }
  return check_coverage(file, data_size, error);
}

enum mlgrain_status safetensors_open(struct safetensors *file, const char *name, const void *bytes,
                                     size_t size, struct mlgrain_error *error)
{
  *file = (struct safetensors){.name = name};
  if ((uintptr_t)bytes % 8 != 0)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "%s: the bytes begin at an address that is not a multiple of 8", name);
  const uint64_t header = size < 8 ? 0 : little_endian(bytes);
  if (size < 8 || header > size - 8)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: not a safetensors file, or cut short within its header", name);
  if (header > SAFETENSORS_MAX_HEADER)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: a header of %llu bytes is too long", name,
                        (unsigned long long)header);
  if (header % 8 != 0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: the length of the header, %llu, is not a multiple of 8", name,
                        (unsigned long long)header);
  const unsigned char *text = (const unsigned char *)bytes + 8;
  json_error_t reason;
  file->header = json_loadb((const char *)text, header, JSON_REJECT_DUPLICATES, &reason);
  if (!json_is_object(file->header))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: the header is not a JSON object (not a safetensors file?)%s%s", name,
                        file->header ? "" : ": ", file->header ? "" : reason.text);
  return read_entries(file, text + header, size - 8 - header, error);
}

void safetensors_close(struct safetensors *file)
{
  json_decref(file->header);
  free(file->tensor);
}

const struct safetensors_tensor *safetensors_find(const struct safetensors *file, const char *name)
{
  for (size_t i = 0; i < file->count; i++)
    if (strcmp(file->tensor[i].name, name) == 0)
      return &file->tensor[i];
  return NULL;
}

const char *safetensors_metadata(const struct safetensors *file, const char *key)
{
  return json_string_value(json_object_get(file->metadata, key));
}
