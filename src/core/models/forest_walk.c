/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks down the trees of a forest. Each step of a row waits for a node and then for a feature;
   several rows are walked at a time so that their waits overlap. Plain loads do this better than
   vector gathers, which take a load per lane all the same. */
#include <string.h>

#include "forest_private.h"

enum { GROUP = 16 };

static inline float float_of_bits(uint32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Where a row goes from node `place`: to itself at a leaf. */
static inline uint32_t step_narrow(const uint64_t *node, const float *x, uint32_t place)
{
  const uint64_t word = node[place];
  const uint32_t link = (uint32_t)(word >> 32);
  const float feature = x[link & ((1u << NARROW_FEATURE_BITS) - 1u)];
  return (link >> NARROW_FEATURE_BITS) + (feature > float_of_bits((uint32_t)word));
}

static inline uint32_t step_wide(const uint64_t *node, const float *x, uint32_t place)
{
  const uint64_t word = node[2 * (uint64_t)place];
  const uint32_t child = (uint32_t)node[2 * (uint64_t)place + 1];
  return child + (x[word >> 32] > float_of_bits((uint32_t)word));
}

typedef uint32_t step_function(const uint64_t *node, const float *x, uint32_t place);

/* GROUP rows at a time, until none of them moves any more; then those left over. */
static inline void walk(step_function *step, const uint64_t *node, const struct forest_rows *rows,
                        uint32_t *leaf)
{
  size_t first = 0;
  for (; first + GROUP <= rows->n; first += GROUP) {
    const float *x = rows->x + first * rows->stride;
    uint32_t place[GROUP] = {0}, moved;
    do {
      moved = 0;
      for (size_t r = 0; r < GROUP; r++) {
        const uint32_t next = step(node, x + r * rows->stride, place[r]);
        moved |= next ^ place[r];
        place[r] = next;
      }
    } while (moved);
    memcpy(leaf + first, place, sizeof place);
  }
  for (; first < rows->n; first++) {
    uint32_t place = 0, next;
    while ((next = step(node, rows->x + first * rows->stride, place)) != place)
      place = next;
    leaf[first] = place;
  }
}

void forest_walk_narrow(const uint64_t *node, const struct forest_rows *rows, uint32_t *leaf)
{
  walk(step_narrow, node, rows, leaf);
}

void forest_walk_wide(const uint64_t *node, const struct forest_rows *rows, uint32_t *leaf)
{
  walk(step_wide, node, rows, leaf);
}
