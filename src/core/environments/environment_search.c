/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the search for the nearest environment needs, prepared once; see search_kernel.c. */
#include <math.h>
#include <stdlib.h>

#include "base/error_text.h"
#include "environments_private.h"

static environments_search *search_of_level(void)
{
#ifdef MLGRAIN_X86_64_LEVELS
  const enum mlgrain_simd_level level = mlgrain_simd_best();
  if (level == MLGRAIN_SIMD_V4)
    return environments_search_v4;
  if (level == MLGRAIN_SIMD_V3)
    return environments_search_v3;
#endif
  return environments_search_v2;
}

static double dot(size_t count, const double *a, const double *b)
{
  double sum = 0.0;
  for (size_t i = 0; i < count; i++)
    sum += a[i] * b[i];
  return sum;
}

/* Of environment i, less the seed. */
static void difference_to_seed(const struct mlgrain_environments *library, size_t i, double *to)
{
  const double *from = library->vector + i * library->components;
  for (size_t c = 0; c < library->components; c++)
    to[c] = from[c] - library->vector[c];
}

/* Makes `direction` orthonormal to `count` others. */
static void straighten(size_t row, size_t count, const double *others, double *direction)
{
  for (int pass = 0; pass < 2; pass++) /* twice, against rounding */
    for (size_t j = 0; j < count; j++) {
      const double product = dot(row, direction, others + j * row);
      for (size_t c = 0; c < row; c++)
        direction[c] -= product * others[j * row + c];
    }
  const double length = sqrt(dot(row, direction, direction));
  for (size_t c = 0; c < row; c++)
    direction[c] /= length;
}

/* Of which environment the directions leave most; left [count]: the squares of that. */
static size_t farthest(size_t count, const double *left)
{
  size_t most = 0;
  for (size_t i = 1; i < count; i++)
    most = left[i] > left[most] ? i : most;
  return most;
}

/* Directions by Gram and Schmidt: again and again that to the environment of which most is left.
   Memory for the directions in double precision, for the squares of what is left, and for one
   vector more. */
static void choose_directions(struct mlgrain_environments *library, double *direction, double *left,
                              double *difference)
{
  struct environments_map *map = &library->map;
  const size_t count = library->content.unique.count, row = library->components;
  double first = 0.0;
  for (size_t i = 0; i < count; i++) {
    left[i] = library->square(row, library->vector + i * row, library->vector);
    map->length[i] = sqrt(left[i]);
    first = fmax(first, map->length[i]);
  }
  map->inverse_size = first > 0.0 ? 1.0 / first : 1.0;
  for (size_t k = 0; k < ENVIRONMENTS_DIRECTIONS; k++) {
    const size_t most = farthest(count, left);
    if (!(left[most] > 1e-12 * first * first)) /* the directions span all environments */
      break;
    double *new = direction + k *row;
    difference_to_seed(library, most, new);
    straighten(row, k, direction, new);
    for (size_t c = 0; c < row; c++)
      map->direction[k * map->row + c] = (float)new[c];
    for (size_t i = 0; i < count; i++) {
      difference_to_seed(library, i, difference);
      const double shadow = dot(row, new, difference);
      map->shadow[k * map->capacity + i] = shadow * map->inverse_size;
      left[i] = fmax(left[i] - shadow * shadow, 0.0);
    }
  }
  for (size_t i = 0; i < count; i++) {
    map->left[i] = (sqrt(left[i]) + 1e-6 * map->length[i]) * map->inverse_size;
    map->length[i] *= map->inverse_size;
  }
}

enum mlgrain_status environments_prepare(struct mlgrain_environments *library,
                                         struct mlgrain_error *error)
{
  struct environments_map *map = &library->map;
  const size_t count = library->content.unique.count, row = library->components;
  library->search = search_of_level();
  map->row = (row + 15) / 16 * 16;
  map->capacity = (count + 7) / 8 * 8;
  map->direction = calloc(ENVIRONMENTS_DIRECTIONS * map->row, sizeof *map->direction);
  map->shadow = calloc((ENVIRONMENTS_DIRECTIONS + 2) * map->capacity, sizeof *map->shadow);
  double *scratch = calloc((ENVIRONMENTS_DIRECTIONS + 1) * row + count, sizeof *scratch);
  if (!map->direction || !map->shadow || !scratch) {
    free(scratch);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu environments", count);
  }
  map->left = map->shadow + ENVIRONMENTS_DIRECTIONS * map->capacity;
  map->length = map->left + map->capacity;
  double *difference = scratch + ENVIRONMENTS_DIRECTIONS * row;
  choose_directions(library, scratch, difference + row, difference);
  free(scratch);
  return MLGRAIN_SUCCESS;
}

void mlgrain_environments_nearest_each(const struct mlgrain_environments *library, size_t count,
                                       const double *vectors,
                                       struct mlgrain_environment_match *match)
{
  for (size_t i = 0; i < count; i += ENVIRONMENTS_BATCH) {
    const size_t some = count - i < ENVIRONMENTS_BATCH ? count - i : ENVIRONMENTS_BATCH;
    library->search(library, some, vectors + i * library->components, match + i);
  }
}

struct mlgrain_environment_match
mlgrain_environments_nearest(const struct mlgrain_environments *library, const double *vector)
{
  struct mlgrain_environment_match match;
  mlgrain_environments_nearest_each(library, 1, vector, &match);
  return match;
}
