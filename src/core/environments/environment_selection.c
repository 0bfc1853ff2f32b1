/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "environments_private.h"

struct mlgrain_selection {
  size_t components, count, capacity;
  double *vector; /* [capacity][components] */
  struct mlgrain_environment_source *source;
  size_t *nearest; /* center */
  double *distance;
  size_t centers, center_capacity;
  double *center;  /* [center_capacity][components] */
  double *between; /* [center_capacity]: from the newest center to each */
  uint64_t distances;
  environments_square *square;
};

enum mlgrain_status mlgrain_selection_create(size_t components,
                                             struct mlgrain_selection **selection,
                                             struct mlgrain_error *error)
{
  *selection = calloc(1, sizeof **selection);
  if (!*selection)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a selection");
  (*selection)->components = components;
  (*selection)->square = environments_square_best();
  return MLGRAIN_SUCCESS;
}

void mlgrain_selection_free(struct mlgrain_selection *selection)
{
  if (!selection)
    return;
  free(selection->vector);
  free(selection->source);
  free(selection->nearest);
  free(selection->distance);
  free(selection->center);
  free(selection->between);
  free(selection);
}

/* Grows an array that *pointer owns; what it holds stays. */
static int grow(void *pointer, size_t count, size_t size)
{
  void *old;
  memcpy(&old, pointer, sizeof old);
  void *grown = realloc(old, count * size);
  if (!grown)
    return 0;
  memcpy(pointer, &grown, sizeof grown);
  return 1; // cppcheck-suppress memleak ; the caller's pointer has it now
}

enum mlgrain_status mlgrain_selection_add(struct mlgrain_selection *selection, size_t count,
                                          const double *row,
                                          const struct mlgrain_environment_source *source,
                                          struct mlgrain_error *error)
{
  struct mlgrain_selection *s = selection;
  const size_t row_size = s->components * sizeof *row;
  if (s->centers > 0)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "vectors can't be added once there is a center");
  if (s->count + count > s->capacity) {
    const size_t capacity = s->count + count + s->capacity / 2;
    if (!grow(&s->vector, capacity, row_size) || !grow(&s->source, capacity, sizeof *s->source) ||
        !grow(&s->nearest, capacity, sizeof *s->nearest) ||
        !grow(&s->distance, capacity, sizeof *s->distance))
      return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY,
                          "out of memory for %zu vectors of %zu numbers", capacity, s->components);
    s->capacity = capacity;
  }
  if (count)
    memcpy(s->vector + s->count * s->components, row, count * row_size);
  for (size_t i = 0; i < count; i++) {
    s->source[s->count] = source[i];
    s->nearest[s->count] = 0;
    s->distance[s->count++] = HUGE_VAL;
  }
  return MLGRAIN_SUCCESS;
}

size_t mlgrain_selection_count(const struct mlgrain_selection *selection)
{
  return selection->count;
}

/* With d(new, its center) >= 2 d(vector, its center), the new center is no nearer. */
static void reconsider(struct mlgrain_selection *s, const double *center)
{
  for (size_t i = 0; i < s->count; i++) {
    if (s->centers > 0 && s->between[s->nearest[i]] >= 2.0 * s->distance[i])
      continue;
    const double distance = sqrt(s->square(s->components, s->vector + i * s->components, center));
    s->distances++;
    if (distance < s->distance[i]) {
      s->distance[i] = distance;
      s->nearest[i] = s->centers;
    }
  }
}

enum mlgrain_status mlgrain_selection_center(struct mlgrain_selection *selection,
                                             const double *vector, struct mlgrain_error *error)
{
  struct mlgrain_selection *s = selection;
  const size_t row_size = s->components * sizeof *vector;
  double *copy = malloc(row_size); /* `vector` may be one of ours, which growing moves */
  if (copy)
    memcpy(copy, vector, row_size);
  if (copy && s->centers == s->center_capacity) {
    const size_t capacity = 2 * s->center_capacity + 16;
    if (grow(&s->center, capacity, row_size) && grow(&s->between, capacity, sizeof *s->between))
      s->center_capacity = capacity;
  }
  if (!copy || s->centers == s->center_capacity) {
    free(copy);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a center");
  }
  for (size_t k = 0; k < s->centers; k++)
    s->between[k] = sqrt(s->square(s->components, s->center + k * s->components, copy));
  reconsider(s, copy);
  memcpy(s->center + s->centers++ * s->components, copy, row_size);
  free(copy);
  return MLGRAIN_SUCCESS;
}

double mlgrain_selection_largest(const struct mlgrain_selection *selection)
{
  double largest = -1.0;
  for (size_t i = 0; i < selection->count; i++)
    largest = fmax(largest, selection->distance[i]);
  return largest;
}

static int comes_before(struct mlgrain_environment_source a, struct mlgrain_environment_source b)
{
  return a.atom != b.atom ? a.atom < b.atom : a.step < b.step;
}

size_t mlgrain_selection_first(const struct mlgrain_selection *selection, double least)
{
  size_t first = selection->count;
  for (size_t i = 0; i < selection->count; i++)
    if (selection->distance[i] >= least &&
        (first == selection->count || comes_before(selection->source[i], selection->source[first])))
      first = i;
  return first;
}

const double *mlgrain_selection_vector(const struct mlgrain_selection *selection, size_t number,
                                       struct mlgrain_environment_source *source, size_t *center,
                                       double *distance)
{
  if (source)
    *source = selection->source[number];
  if (center)
    *center = selection->nearest[number];
  if (distance)
    *distance = selection->distance[number];
  return selection->vector + number * selection->components;
}

uint64_t mlgrain_selection_distances(const struct mlgrain_selection *selection)
{
  return selection->distances;
}
