/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the container of model files and others. Everything the container promises is checked
   when it is opened; see doc/model_format.md. */
#ifndef MLGRAIN_SAFETENSORS_H
#define MLGRAIN_SAFETENSORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"

enum { SAFETENSORS_MAX_HEADER = 1 << 20, SAFETENSORS_MAX_RANK = 8 };

struct safetensors_tensor {
  const char *name, *type; /* type as in the file: "F64", "U64", ... */
  int rank;
  uint64_t shape[SAFETENSORS_MAX_RANK];
  uint64_t begin, end; /* in bytes, from the start of the data */
  const void *data;    /* aligned to the size of its numbers */
};

struct safetensors {
  const char *name;       /* of the file, for messages */
  json_t *header;         /* owns all names */
  const json_t *metadata; /* an object of strings, or NULL */
  struct safetensors_tensor *tensor;
  size_t count;
};

/* Opens a file that lies in memory, at an address that is a multiple of 8; name and bytes must
   outlive it. To be closed whether or not this succeeds, unless it was never called.
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_FORMAT_ERROR, MLGRAIN_UNSUPPORTED, MLGRAIN_INVALID_ARGUMENT
   (misaligned bytes). */
enum mlgrain_status safetensors_open(struct safetensors *file, const char *name, const void *bytes,
                                     size_t size, struct mlgrain_error *error);
void safetensors_close(struct safetensors *file);

/* NULL if there is none of that name. */
const struct safetensors_tensor *safetensors_find(const struct safetensors *file, const char *name);

/* A tensor to be written: `rank` sizes in shape, the data row after row. */
struct safetensors_part {
  const char *name, *type; /* "F64", "U64" or "I64" */
  int rank;
  uint64_t shape[SAFETENSORS_MAX_RANK];
  const void *data;
};

/* Writes a file, first under another name, so that `path` never names half of one. metadata: an
   object of strings. MLGRAIN_OUT_OF_MEMORY, MLGRAIN_FILE_ERROR. */
enum mlgrain_status safetensors_write(const char *path, json_t *metadata, size_t count,
                                      const struct safetensors_part *part,
                                      struct mlgrain_error *error);

/* A string from the metadata, NULL if there is none of that key. */
const char *safetensors_metadata(const struct safetensors *file, const char *key);

#endif
