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
#ifndef MLGRAIN_FLOAT_LANES
  vector_store(p, v);
#elif MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  _mm256_storeu_ps(p, _mm512_cvtpd_ps((__m512d)v));
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  _mm_storeu_ps(p, _mm256_cvtpd_ps((__m256d)v));
#else
  for (int lane = 0; lane < WIDTH; lane++)
    p[lane] = (number)v[lane];
#endif
}

static inline vector half_load(const number *p)
{
#ifndef MLGRAIN_FLOAT_LANES
  return vector_load(p);
#elif MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return (vector)_mm512_cvtps_pd(_mm256_loadu_ps(p));
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (vector)_mm256_cvtps_pd(_mm_loadu_ps(p));
#else
  vector v = {0.0};
  for (int lane = 0; lane < WIDTH; lane++)
    v[lane] = (double)p[lane];
  return v;
#endif
}

/* Sums in double precision, lane by lane. */
struct lanes_sum {
  vector half[HALVES];
};

static inline void lanes_sum_add(struct lanes_sum *sum, lane_vector v)
{
#ifndef MLGRAIN_FLOAT_LANES
  sum->half[0] += v;
#elif MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512DQ__)
  sum->half[0] += (vector)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)v));
  sum->half[1] += (vector)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)v, 1));
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  sum->half[0] += (vector)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)v));
  sum->half[1] += (vector)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)v, 1));
#else
  for (int lane = 0; lane < LANES; lane++)
    sum->half[lane / WIDTH][lane % WIDTH] += (double)v[lane];
#endif
}

#endif
