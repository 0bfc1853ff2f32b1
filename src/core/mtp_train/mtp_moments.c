/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A potential with the moments of another, which has the same functions. */
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "mlgrain/mtp_train.h"

static void *copy_of(const void *array, size_t count, size_t size)
{
  void *copy = malloc(count * size + 1);
  if (copy)
    memcpy(copy, array, count * size);
  return copy;
}

/* The moments of all functions, in the order of the potential that gets them. NULL: no memory, or
   not each once. */
static int *reorder(const struct mlgrain_mtp_file *source, const size_t place[])
{
  const size_t count = (size_t)source->scalar_count;
  int *mapping = malloc((count + 1) * sizeof *mapping);
  char *taken = calloc(count + 1, 1);
  int each_once = mapping && taken;
  for (size_t k = 0; k < count && each_once; k++) {
    each_once = place[k] < count && !taken[place[k]];
    if (each_once) {
      taken[place[k]] = 1;
      mapping[k] = source->mapping[place[k]];
    }
  }
  free(taken);
  if (each_once)
    return mapping;
  free(mapping);
  return NULL;
}

enum mlgrain_status mlgrain_mtp_file_set_moments(struct mlgrain_mtp_file *file,
                                                 const struct mlgrain_mtp_file *source,
                                                 const size_t place[], struct mlgrain_error *error)
{
  if (file->scalar_count != source->scalar_count || file->radial_count != source->radial_count)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "%d functions of %d radial ones in place of %d of %d", source->scalar_count,
                        source->radial_count, file->scalar_count, file->radial_count);
  int *mapping = reorder(source, place);
  int(*basic)[4] = copy_of(source->basic, (size_t)source->basic_count, sizeof *basic);
  int(*times)[4] = copy_of(source->times, (size_t)source->times_count, sizeof *times);
  if (!mapping || !basic || !times) {
    free(mapping);
    free(basic);
    free(times);
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "places of functions aren't each once, or there is no memory for them");
  }
  free(file->mapping);
  free(file->basic);
  free(file->times);
  file->mapping = mapping;
  file->basic = basic;
  file->times = times;
  file->moment_count = source->moment_count;
  file->basic_count = source->basic_count;
  file->times_count = source->times_count;
  return MLGRAIN_SUCCESS;
}
