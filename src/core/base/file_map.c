/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error_text.h"

static enum mlgrain_status map_descriptor(struct file_map *map, int descriptor, const char *path,
                                          struct mlgrain_error *error)
{
  struct stat about;
  if (fstat(descriptor, &about) != 0)
    return mlgrain_fail(error, MLGRAIN_FILE_ERROR, "%s cannot be read", path);
  if (!S_ISREG(about.st_mode) || about.st_size <= 0 || (uintmax_t)about.st_size > SIZE_MAX)
    return mlgrain_fail(error, MLGRAIN_FILE_ERROR, "%s is empty or not a plain file", path);
  void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (bytes == MAP_FAILED)
    return mlgrain_fail(error, MLGRAIN_FILE_ERROR, "%s cannot be mapped into memory", path);
  map->bytes = bytes;
  map->size = (size_t)about.st_size;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status file_map_open(struct file_map *map, const char *path,
                                  struct mlgrain_error *error)
{
  *map = (struct file_map){NULL, 0};
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return mlgrain_fail(error, MLGRAIN_FILE_ERROR, "%s cannot be opened: %s", path,
                        errno == ENOENT ? "there is no such file" : "not allowed, or not a file");
  const enum mlgrain_status status = map_descriptor(map, descriptor, path, error);
  close(descriptor);
  return status;
}

void file_map_close(struct file_map *map)
{
  if (map->bytes)
    munmap((void *)map->bytes, map->size);
  map->bytes = NULL;
}
