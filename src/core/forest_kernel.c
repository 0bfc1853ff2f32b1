/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks down the trees of a forest, compiled once per SIMD level. Each step of a row waits for a
   node and then for a feature; many rows are walked at a time so that their waits overlap. */
#include "forest_private.h"
#include "vector.h"

static inline float float_of_bits(uint32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t step(const uint64_t *node, const float *x, uint32_t place)
{
  const uint64_t word = node[place];
  const uint32_t link = (uint32_t)(word >> 32);
  const float feature = x[link & ((1u << NARROW_FEATURE_BITS) - 1u)];
  return (link >> NARROW_FEATURE_BITS) + (feature > float_of_bits((uint32_t)word));
}

static void walk_one(const uint64_t *node, const float *x, uint32_t *leaf)
{
  uint32_t place = 0, next;
  while ((next = step(node, x, place)) != place)
    place = next;
  *leaf = place;
}

#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)

enum { LANES = 16, VECTORS = 4, GROUP = LANES * VECTORS };

/* One step of 16 rows; row: where their features begin in x. */
static inline __m512i step_vector(const uint64_t *node, const float *x, __m512i row, __m512i place)
{
  const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
  const __m512i low = _mm512_i32gather_epi64(_mm512_castsi512_si256(place), node, 8);
  const __m512i high = _mm512_i32gather_epi64(_mm512_extracti64x4_epi64(place, 1), node, 8);
  const __m512 threshold = _mm512_castsi512_ps(_mm512_permutex2var_epi32(low, even, high));
  const __m512i link = _mm512_permutex2var_epi32(low, odd, high);
  const __m512i mask = _mm512_set1_epi32((1 << NARROW_FEATURE_BITS) - 1);
  const __m512i column = _mm512_add_epi32(row, _mm512_and_epi32(link, mask));
  const __m512 feature = _mm512_i32gather_ps(column, x, 4);
  const __mmask16 right = _mm512_cmp_ps_mask(feature, threshold, _CMP_GT_OQ);
  const __m512i left = _mm512_srli_epi32(link, NARROW_FEATURE_BITS);
  return _mm512_mask_add_epi32(left, right, left, _mm512_set1_epi32(1));
}

static void walk_group(const uint64_t *node, const float *x, size_t stride, uint32_t *leaf)
{
  const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i row = _mm512_mullo_epi32(lane, _mm512_set1_epi32((int)stride));
  __m512i place[VECTORS];
  for (int v = 0; v < VECTORS; v++)
    place[v] = _mm512_setzero_si512();
  __mmask16 moved;
  do {
    moved = 0;
    for (int v = 0; v < VECTORS; v++) {
      const __m512i next = step_vector(node, x + (size_t)v * LANES * stride, row, place[v]);
      moved |= _mm512_cmpneq_epi32_mask(next, place[v]);
      place[v] = next;
    }
  } while (moved);
  for (int v = 0; v < VECTORS; v++)
    _mm512_storeu_si512(leaf + v * LANES, place[v]);
}

#else

enum { GROUP = 16 };

static void walk_group(const uint64_t *node, const float *x, size_t stride, uint32_t *leaf)
{
  uint32_t place[GROUP] = {0};
  uint32_t moved;
  do {
    moved = 0;
    for (int r = 0; r < GROUP; r++) {
      const uint32_t next = step(node, x + (size_t)r * stride, place[r]);
      moved |= next ^ place[r];
      place[r] = next;
    }
  } while (moved);
  memcpy(leaf, place, sizeof place);
}

#endif

void MLGRAIN_KERNEL(forest_walk_narrow)(const uint64_t *node, const struct forest_rows *rows,
                                        uint32_t *leaf)
{
  size_t r = 0;
  for (; r + GROUP <= rows->n; r += GROUP)
    walk_group(node, rows->x + r * rows->stride, rows->stride, leaf + r);
  for (; r < rows->n; r++)
    walk_one(node, rows->x + r * rows->stride, leaf + r);
}
