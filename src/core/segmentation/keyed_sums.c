/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and numbers in the order of first use, and a table of their places, open to the next free
   one where two keys share a place. */
#include "mlgrain/keyed_sums.h"

#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"

struct mlgrain_keyed_sums {
  size_t width, count, capacity;
  int64_t *key;    /* [capacity][3] */
  double *value;   /* [capacity][width] */
  size_t slots;    /* a power of two, more than twice the count; 0: the table is out of date */
  uint32_t *place; /* [slots] 1 + place of a key, or 0 */
};

enum { KEY = 3 };

static size_t slot_of(const struct mlgrain_keyed_sums *sums, const int64_t key[KEY])
{
  uint64_t hash = 0;
  for (int k = 0; k < KEY; k++) {
    hash = (hash ^ (uint64_t)key[k]) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  size_t slot = (size_t)hash & (sums->slots - 1);
  while (sums->place[slot] &&
         memcmp(sums->key + KEY * (sums->place[slot] - 1), key, KEY * sizeof *key) != 0)
    slot = (slot + 1) & (sums->slots - 1);
  return slot;
}

/* A table with room for twice the capacity, which holds all keys. */
static int make_table(struct mlgrain_keyed_sums *sums)
{
  size_t slots = 16;
  while (slots < 3 * sums->capacity)
    slots *= 2;
  uint32_t *place = calloc(slots, sizeof *place);
  if (!place)
    return 0;
  free(sums->place);
  sums->place = place;
  sums->slots = slots;
  for (size_t k = 0; k < sums->count; k++)
    sums->place[slot_of(sums, sums->key + KEY * k)] = (uint32_t)(k + 1);
  return 1;
}

static int grow(struct mlgrain_keyed_sums *sums)
{
  const size_t capacity = sums->capacity ? 2 * sums->capacity : 8;
  int64_t *key = realloc(sums->key, KEY * capacity * sizeof *key);
  if (!key)
    return 0;
  sums->key = key;
  double *value = realloc(sums->value, (sums->width * capacity + 1) * sizeof *value);
  if (!value)
    return 0;
  sums->value = value;
  sums->capacity = capacity;
  return make_table(sums);
}

enum mlgrain_status mlgrain_keyed_sums_create(size_t width, struct mlgrain_keyed_sums **sums,
                                              struct mlgrain_error *error)
{
  *sums = calloc(1, sizeof **sums);
  if (*sums) {
    (*sums)->width = width;
    if (grow(*sums))
      return MLGRAIN_SUCCESS;
  }
  mlgrain_keyed_sums_free(*sums);
  *sums = NULL;
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for sums by key");
}

void mlgrain_keyed_sums_free(struct mlgrain_keyed_sums *sums)
{
  if (!sums)
    return;
  free(sums->key);
  free(sums->value);
  free(sums->place);
  free(sums);
}

double *mlgrain_keyed_sums_at(struct mlgrain_keyed_sums *sums, int64_t a, int64_t b, int64_t c)
{
  const int64_t key[KEY] = {a, b, c};
  if (!sums->slots && !make_table(sums))
    return NULL;
  size_t slot = slot_of(sums, key);
  if (!sums->place[slot]) {
    if (sums->count == sums->capacity) {
      if (sums->capacity > UINT32_MAX / 4 || !grow(sums))
        return NULL;
      slot = slot_of(sums, key);
    }
    memcpy(sums->key + KEY * sums->count, key, sizeof key);
    for (size_t k = 0; k < sums->width; k++)
      sums->value[sums->width * sums->count + k] = 0.0;
    sums->place[slot] = (uint32_t)++sums->count;
  }
  return sums->value + sums->width * (sums->place[slot] - 1);
}

static int compare_keys(const void *one, const void *two)
{
  const int64_t *a = one, *b = two;
  for (int k = 0; k < KEY; k++)
    if (a[k] != b[k])
      return a[k] < b[k] ? -1 : 1;
  return 0;
}

/* Heap sort: in place, so that it can't fail for lack of memory. */
static void swap(struct mlgrain_keyed_sums *sums, size_t a, size_t b)
{
  for (size_t k = 0; k < KEY; k++) {
    const int64_t held = sums->key[KEY * a + k];
    sums->key[KEY * a + k] = sums->key[KEY * b + k];
    sums->key[KEY * b + k] = held;
  }
  for (size_t k = 0; k < sums->width; k++) {
    const double held = sums->value[sums->width * a + k];
    sums->value[sums->width * a + k] = sums->value[sums->width * b + k];
    sums->value[sums->width * b + k] = held;
  }
}

static void sift_down(struct mlgrain_keyed_sums *sums, size_t root, size_t count)
{
  for (size_t child; (child = 2 * root + 1) < count; root = child) {
    const int64_t *key = sums->key;
    if (child + 1 < count && compare_keys(key + KEY * child, key + KEY * (child + 1)) < 0)
      child++;
    if (compare_keys(key + KEY * root, key + KEY * child) >= 0)
      return;
    swap(sums, root, child);
  }
}

void mlgrain_keyed_sums_sort(struct mlgrain_keyed_sums *sums)
{
  for (size_t root = sums->count / 2; root-- > 0;)
    sift_down(sums, root, sums->count);
  for (size_t last = sums->count; last-- > 1;) {
    swap(sums, 0, last);
    sift_down(sums, 0, last);
  }
  sums->slots = 0;
}

size_t mlgrain_keyed_sums_count(const struct mlgrain_keyed_sums *sums)
{
  return sums->count;
}

const int64_t *mlgrain_keyed_sums_keys(const struct mlgrain_keyed_sums *sums)
{
  return sums->key;
}

const double *mlgrain_keyed_sums_values(const struct mlgrain_keyed_sums *sums)
{
  return sums->value;
}
