/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: a file as memory. */
#ifndef MLGRAIN_FILE_MAP_H
#define MLGRAIN_FILE_MAP_H

#include <stddef.h>

#include "mlgrain/error.h"

struct file_map {
  const void *bytes; /* NULL: nothing is mapped */
  size_t size;
};

/* Maps a whole file for reading. Processes of one machine that map the same file share its memory.
   MLGRAIN_FILE_ERROR, and an empty map. */
enum mlgrain_status file_map_open(struct file_map *map, const char *path,
                                  struct mlgrain_error *error);
void file_map_close(struct file_map *map);

#endif
