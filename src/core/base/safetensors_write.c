/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "safetensors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_text.h"

static uint64_t bytes_of(const struct safetensors_part *part)
{
  uint64_t bytes = 8;
  for (int d = 0; d < part->rank; d++)
    bytes *= part->shape[d];
  return bytes;
}

/* {"__metadata__": …, "name": {"dtype": …, "shape": […], "data_offsets": […]}, …}, filled up with
   blanks to a multiple of 8 bytes; to be freed. */
static char *make_header(json_t *metadata, size_t count, const struct safetensors_part *part)
{
  json_t *header = json_object();
  uint64_t at = 0;
  int failed = json_object_set(header, "__metadata__", metadata);
  for (size_t i = 0; i < count; i++) {
    const uint64_t end = at + bytes_of(&part[i]);
    json_t *shape = json_array();
    for (int d = 0; d < part[i].rank; d++)
      failed |= json_array_append_new(shape, json_integer((json_int_t)part[i].shape[d]));
    json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", part[i].type, "shape", shape,
                              "data_offsets", (json_int_t)at, (json_int_t)end);
    failed |= json_object_set_new(header, part[i].name, entry);
    at = end;
  }
  char *plain = failed ? NULL : json_dumps(header, JSON_COMPACT);
  json_decref(header);
  const size_t length = plain ? strlen(plain) : 0, filled = (length + 7) / 8 * 8;
  char *text = plain ? malloc(filled + 1) : NULL;
  if (text) {
    memset(text, ' ', filled);
    memcpy(text, plain, length);
    text[filled] = '\0';
  }
  free(plain);
  return text;
}

static int write_all(FILE *file, const char *header, size_t count,
                     const struct safetensors_part *part)
{
  const uint64_t length = strlen(header);
  unsigned char size[8];
  for (int i = 0; i < 8; i++)
    size[i] = (unsigned char)(length >> 8 * i);
  int ok = fwrite(size, 1, 8, file) == 8 && fwrite(header, 1, length, file) == length;
  for (size_t i = 0; i < count && ok; i++)
    ok = fwrite(part[i].data, 1, bytes_of(&part[i]), file) == bytes_of(&part[i]);
  return ok;
}

enum mlgrain_status safetensors_write(const char *path, json_t *metadata, size_t count,
                                      const struct safetensors_part *part,
                                      struct mlgrain_error *error)
{
  static const char ending[] = ".part";
  char *header = make_header(metadata, count, part);
  const size_t length = strlen(path);
  char *other = malloc(length + sizeof ending);
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  if (!header || !other) {
    status = mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", path);
  } else {
    memcpy(other, path, length);
    memcpy(other + length, ending, sizeof ending);
    FILE *file = fopen(other, "wb");
    const int written = file && write_all(file, header, count, part);
    const int closed = file && fclose(file) == 0;
    if (!written || !closed || rename(other, path) != 0) {
      status =
          mlgrain_fail(error, MLGRAIN_FILE_ERROR, "%s can't be written: %s", path, strerror(errno));
      if (file)
        remove(other);
    }
  }
  free(header);
  free(other);
  return status;
}
