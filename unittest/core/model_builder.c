/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model_builder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t size)
{
  void *memory = aligned_alloc(64, (size + 64) / 64 * 64);
  if (!memory)
    abort();
  return memory;
}

void builder_remove(struct builder *builder, const char *tensor)
{
  for (int i = 0; i < builder->tensors; i++)
    if (strcmp(builder->tensor[i].name, tensor) == 0)
      builder->tensor[i] = builder->tensor[--builder->tensors];
}

void builder_tensor(struct builder *builder, const char *name, const char *type, int rank,
                    uint64_t first, uint64_t second, uint64_t third, const void *data)
{
  builder_remove(builder, name);
  if (builder->tensors == BUILDER_MOST)
    abort();
  builder->tensor[builder->tensors++] =
      (struct builder_tensor){name, type, rank, {first, second, third}, data};
}

void builder_metadata(struct builder *builder, const char *key, const char *value)
{
  int i = 0;
  while (i < builder->entries && strcmp(builder->key[i], key) != 0)
    i++;
  if (i == BUILDER_MOST)
    abort();
  if (i == builder->entries)
    builder->entries++;
  builder->key[i] = key;
  builder->value[i] = value;
  if (!value) {
    builder->entries--;
    builder->key[i] = builder->key[builder->entries];
    builder->value[i] = builder->value[builder->entries];
  }
}

static size_t size_of_type(const char *type)
{
  return strstr(type, "64") ? 8 : strstr(type, "32") ? 4 : 1;
}

static size_t bytes_of(const struct builder_tensor *tensor)
{
  size_t bytes = size_of_type(tensor->type);
  for (int d = 0; d < tensor->rank; d++)
    bytes *= tensor->shape[d];
  return bytes;
}

/* Text that grows. */
struct text {
  char *characters;
  size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  text->characters = realloc(text->characters, text->length + (size_t)length + 1);
  if (!text->characters)
    abort();
  va_start(arguments, format);
  vsnprintf(text->characters + text->length, (size_t)length + 1, format, arguments);
  va_end(arguments);
  text->length += (size_t)length;
}

static void add_string(struct text *text, const char *string)
{
  add(text, "\"");
  for (; *string; string++)
    add(text, *string == '"' || *string == '\\' ? "\\%c" : "%c", *string);
  add(text, "\"");
}

static void add_tensor(struct text *text, const struct builder_tensor *tensor, size_t begin)
{
  add_string(text, tensor->name);
  add(text, ":{\"dtype\":\"%s\",\"shape\":[", tensor->type);
  for (int d = 0; d < tensor->rank; d++)
    add(text, d ? ",%llu" : "%llu", (unsigned long long)tensor->shape[d]);
  add(text, "],\"data_offsets\":[%zu,%zu]},", begin, begin + bytes_of(tensor));
}

unsigned char *builder_raw(const char *header, const void *data, size_t data_size, size_t *size)
{
  const size_t length = (strlen(header) + 7) / 8 * 8;
  unsigned char *bytes = allocate(8 + length + data_size);
  for (int i = 0; i < 8; i++)
    bytes[i] = (unsigned char)(length >> (8 * i));
  memset(bytes + 8, ' ', length);
  memcpy(bytes + 8, header, strlen(header));
  if (data_size)
    memcpy(bytes + 8 + length, data, data_size);
  *size = 8 + length + data_size;
  return bytes;
}

unsigned char *builder_finish(const struct builder *builder, size_t *size)
{
  struct text text = {NULL, 0};
  size_t data_size = 0;
  for (int i = 0; i < builder->tensors; i++)
    data_size += bytes_of(&builder->tensor[i]);
  unsigned char *data = allocate(data_size);
  size_t end = 0;
  add(&text, "{");
  for (size_t type_size = 8; type_size > 0; type_size /= 2)
    for (int i = 0; i < builder->tensors; i++) {
      const struct builder_tensor *tensor = &builder->tensor[i];
      if (size_of_type(tensor->type) != type_size)
        continue;
      add_tensor(&text, tensor, end);
      memcpy(data + end, tensor->data, bytes_of(tensor));
      end += bytes_of(tensor);
    }
  add(&text, "\"__metadata__\":{");
  for (int i = 0; i < builder->entries; i++) {
    add(&text, i ? "," : "");
    add_string(&text, builder->key[i]);
    add(&text, ":");
    add_string(&text, builder->value[i]);
  }
  add(&text, "}}");
  unsigned char *bytes = builder_raw(text.characters, data, data_size, size);
  free(text.characters);
  free(data);
  return bytes;
}

int builder_write(const char *path, const unsigned char *bytes, size_t size)
{
  FILE *file = fopen(path, "wb");
  if (!file)
    return 0;
  const int good = size == 0 || fwrite(bytes, 1, size, file) == size;
  return fclose(file) == 0 && good;
}
