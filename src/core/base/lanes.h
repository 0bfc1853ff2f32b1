/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: vectors with one center to a lane, for kernels that exist in double precision and, where
   MLGRAIN_FLOAT_LANES is defined, once more for floats, of which a register holds twice as many.
   Such a kernel is compiled for floats by a file that defines MLGRAIN_FLOAT_LANES and includes it.
 */
#ifndef MLGRAIN_LANES_H
#define MLGRAIN_LANES_H

#include "vector.h"
#include "vector_single.h"

#ifdef MLGRAIN_FLOAT_LANES
typedef float number;
typedef vector_single lane_vector;
typedef vector_int32 lane_vector_int;
enum { LANES = SINGLES };
#undef MLGRAIN_KERNEL
#define MLGRAIN_KERNEL(name) MLGRAIN_PASTE(name##_single, MLGRAIN_SIMD_SUFFIX)
#else
typedef double number;
typedef vector lane_vector;
typedef vector_int lane_vector_int;
enum { LANES = WIDTH };
#endif

/* Vectors of doubles that lanes take. */
enum { HALVES = LANES / WIDTH };

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static inline lane_vector lanes_load(const number *p)
{
  lane_vector v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void lanes_store(number *p, lane_vector v)
{
  memcpy(p, &v, sizeof v);
}

static inline lane_vector lanes_set(number value)
{
  return value - (lane_vector){0};
}

/* ---- as the functions of vector.h ------------------------------------------------------------ */

#ifdef MLGRAIN_FLOAT_LANES
static inline lane_vector lanes_select(lane_vector_int mask, lane_vector a, lane_vector b)
{
#if MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (lane_vector)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
#else
  return (lane_vector)((mask & (lane_vector_int)a) | (~mask & (lane_vector_int)b));
#endif
}

static inline lane_vector_int lanes_equal(const int *value, int wanted)
{
  return (lane_vector_int)(int32_load(value) == wanted);
}

static inline lane_vector_int lanes_choice(const int *index, int first)
{
  return int32_load(index) - first;
}

static inline lane_vector lanes_choose(lane_vector_int choice, const number *table)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return (lane_vector)_mm512_permutexvar_ps((__m512i)choice, _mm512_loadu_ps(table));
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (lane_vector)_mm256_permutevar8x32_ps(_mm256_loadu_ps(table), (__m256i)choice);
#else
  lane_vector v = {0};
  for (int lane = 0; lane < LANES; lane++)
    v[lane] = table[choice[lane] & (LANES - 1)];
  return v;
#endif
}

static inline unsigned lanes_mask_bits(lane_vector_int mask)
{
  return ~int32_equal_bits(mask, int32_set(0)) & ((1u << LANES) - 1u);
}
#else
#define lanes_select vector_select
#define lanes_equal vector_equal
#define lanes_choice vector_choice
#define lanes_choose vector_choose
#define lanes_mask_bits vector_mask_bits
#endif

/* ---- lanes in double precision ---------------------------------------------------------------

   WIDTH numbers from `p` on, rounded or as they are. */

static inline void half_store(number *p, vector v)
{
#ifdef MLGRAIN_FLOAT_LANES
  single_round(p, v);
#else
  vector_store(p, v);
#endif
}

/* Writes two vectors, one after the other, as floats. */
static inline void lanes_round(float *p, lane_vector a, lane_vector b)
{
#ifdef MLGRAIN_FLOAT_LANES
  lanes_store(p, a);
  lanes_store(p + LANES, b);
#else
  single_store(p, single_join(a, b));
#endif
}

static inline vector half_load(const number *p)
{
#ifdef MLGRAIN_FLOAT_LANES
  return single_widen(p);
#else
  return vector_load(p);
#endif
}

/* Sums in double precision, lane by lane. */
struct lanes_sum {
  vector half[HALVES];
};

static inline void lanes_sum_add(struct lanes_sum *sum, lane_vector v)
{
#ifdef MLGRAIN_FLOAT_LANES
  single_add_to(sum->half, v);
#else
  sum->half[0] += v;
#endif
}

#endif
