/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: model files made in memory. */
#ifndef MLGRAIN_MODEL_BUILDER_H
#define MLGRAIN_MODEL_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BUILDER_MOST = 32 };

struct builder_tensor {
  const char *name, *type;
  int rank;
  uint64_t shape[3];
  const void *data;
};

/* Names, values and data belong to the caller and are read when the file is made. */
struct builder {
  int tensors, entries;
  struct builder_tensor tensor[BUILDER_MOST];
  const char *key[BUILDER_MOST], *value[BUILDER_MOST]; /* metadata */
};

/* type: "F64", "F32", "U64", "U32"; unused sizes are ignored. Replaces a tensor of that name. */
void builder_tensor(struct builder *builder, const char *name, const char *type, int rank,
                    uint64_t first, uint64_t second, uint64_t third, const void *data);

/* Adds or replaces an entry; a value NULL removes it. */
void builder_metadata(struct builder *builder, const char *key, const char *value);
void builder_remove(struct builder *builder, const char *tensor);

/* The file's bytes, aligned, to be freed by the caller; tensors of 8-byte numbers first. */
unsigned char *builder_finish(const struct builder *builder, size_t *size);

/* A file of any header and data. */
unsigned char *builder_raw(const char *header, const void *data, size_t data_size, size_t *size);

/* Writes bytes to a file; 0 if that fails. */
int builder_write(const char *path, const unsigned char *bytes, size_t size);

#ifdef __cplusplus
}
#endif
#endif
