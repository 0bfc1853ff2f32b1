/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: vectors of single-precision numbers and of integers, in registers as wide as those of
   vector.h and so with twice as many lanes. For work that need not be exact. */
#ifndef MLGRAIN_VECTOR_SINGLE_H
#define MLGRAIN_VECTOR_SINGLE_H

#include "vector.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { SINGLES = 2 * WIDTH };

typedef float vector_single __attribute__((vector_size(8 * MLGRAIN_SIMD_WIDTH)));
typedef int32_t vector_int32 __attribute__((vector_size(8 * MLGRAIN_SIMD_WIDTH)));

static inline vector_single single_set(float value)
{
  return value - (vector_single){0.0f};
}

static inline vector_single single_load(const float *p)
{
  vector_single v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void single_store(float *p, vector_single v)
{
  memcpy(p, &v, sizeof v);
}

static inline vector_single single_abs(vector_single v)
{
  return (vector_single)((vector_int32)v & INT32_MAX);
}

/* The larger of two numbers; b where one of them is NaN. */
static inline vector_single single_larger(vector_single a, vector_single b)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return (vector_single)_mm512_max_ps((__m512)a, (__m512)b);
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (vector_single)_mm256_max_ps((__m256)a, (__m256)b);
#else
  const vector_int32 mask = a > b;
  return (vector_single)((mask & (vector_int32)a) | (~mask & (vector_int32)b));
#endif
}

static inline vector_single single_root(vector_single v)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return (vector_single)_mm512_sqrt_ps((__m512)v);
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (vector_single)_mm256_sqrt_ps((__m256)v);
#else
  for (int lane = 0; lane < SINGLES; lane++)
    v[lane] = __builtin_sqrtf(v[lane]);
  return v;
#endif
}

/* Writes WIDTH doubles as floats. */
static inline void single_round(float *p, vector v)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  _mm256_storeu_ps(p, _mm512_cvtpd_ps((__m512d)v));
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  _mm_storeu_ps(p, _mm256_cvtpd_ps((__m256d)v));
#else
  for (int lane = 0; lane < WIDTH; lane++)
    p[lane] = (float)v[lane];
#endif
}

/* Doubles as floats, a in the lower half. In one vector from the start: where two stores are one
   load, it waits for both. */
static inline vector_single single_join(vector a, vector b)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512DQ__)
  const __m512 low = _mm512_castps256_ps512(_mm512_cvtpd_ps((__m512d)a));
  return (vector_single)_mm512_insertf32x8(low, _mm512_cvtpd_ps((__m512d)b), 1);
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (vector_single)_mm256_set_m128(_mm256_cvtpd_ps((__m256d)b), _mm256_cvtpd_ps((__m256d)a));
#elif MLGRAIN_SIMD_WIDTH == 2 && defined(__x86_64__)
  return (vector_single)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)a), _mm_cvtpd_ps((__m128d)b));
#else
  vector_single v = {0.0f};
  for (int lane = 0; lane < SINGLES; lane++)
    v[lane] = (float)(lane < WIDTH ? a[lane] : b[lane - WIDTH]);
  return v;
#endif
}

/* Reads WIDTH floats as doubles. */
static inline vector single_widen(const float *p)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
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

/* Adds floats to doubles, the first WIDTH of them to sum[0]. */
static inline void single_add_to(vector sum[2], vector_single v)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512DQ__)
  sum[0] += (vector)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)v));
  sum[1] += (vector)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)v, 1));
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  sum[0] += (vector)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)v));
  sum[1] += (vector)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)v, 1));
#else
  for (int lane = 0; lane < SINGLES; lane++)
    sum[lane / WIDTH][lane % WIDTH] += (double)v[lane];
#endif
}

static inline vector_int32 int32_set(int32_t value)
{
  return value - (vector_int32){0};
}

static inline vector_int32 int32_load(const int32_t *p)
{
  vector_int32 v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void int32_store(int32_t *p, vector_int32 v)
{
  memcpy(p, &v, sizeof v);
}

/* The first `count` of SINGLES numbers, then zeros; reads no further. */
static inline vector_int32 int32_load_first(const int32_t *p, int count)
{
  if (count >= SINGLES)
    return int32_load(p);
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return (vector_int32)_mm512_maskz_loadu_epi32((__mmask16)((1u << count) - 1u), p);
#else
  vector_int32 v = {0};
  for (int lane = 0; lane < count; lane++)
    v[lane] = p[lane];
  return v;
#endif
}

/* One bit per lane: !(a > b), true where one of them is NaN. */
static inline unsigned single_not_greater_bits(vector_single a, vector_single b)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_NGT_UQ);
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_NGT_UQ));
#else
  unsigned bits = 0;
  for (int lane = 0; lane < SINGLES; lane++)
    bits |= (unsigned)!(a[lane] > b[lane]) << lane;
  return bits;
#endif
}

/* One bit per lane: a == b. */
static inline unsigned int32_equal_bits(vector_int32 a, vector_int32 b)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b);
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (unsigned)_mm256_movemask_ps((__m256)_mm256_cmpeq_epi32((__m256i)a, (__m256i)b));
#else
  unsigned bits = 0;
  for (int lane = 0; lane < SINGLES; lane++)
    bits |= (unsigned)(a[lane] == b[lane]) << lane;
  return bits;
#endif
}

/* Writes the lanes of v whose bit is set next to each other at p. May write SINGLES numbers there,
   of which only the first popcount(bits) mean anything. */
static inline void int32_compress_store(int32_t *p, unsigned bits, vector_int32 v)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  int32_store(p, (vector_int32)_mm512_maskz_compress_epi32((__mmask16)bits, (__m512i)v));
#elif defined(__SSSE3__)
  /* the bytes of the lanes to keep, in front, for each pattern of four bits */
#define MLGRAIN_BYTES(lane) 4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3
#define MLGRAIN_LANES(a, b, c, d)                                                                  \
  {                                                                                                \
    MLGRAIN_BYTES(a), MLGRAIN_BYTES(b), MLGRAIN_BYTES(c), MLGRAIN_BYTES(d)                         \
  }
  static const int8_t bytes[16][16] = {MLGRAIN_KEPT_LANES(MLGRAIN_LANES)};
#undef MLGRAIN_LANES
#undef MLGRAIN_BYTES
  __m128i part[SINGLES / 4];
  memcpy(part, &v, sizeof v);
  for (int k = 0; k < SINGLES / 4; k++, bits >>= 4) {
    const __m128i order = _mm_loadu_si128((const __m128i *)bytes[bits & 15u]);
    _mm_storeu_si128((__m128i *)p, _mm_shuffle_epi8(part[k], order));
    p += __builtin_popcount(bits & 15u);
  }
#else
  for (int lane = 0; lane < SINGLES; lane++) {
    *p = v[lane];
    p += (bits >> lane) & 1u;
  }
#endif
}

/* column[c][lane] = table[row[lane]][c] */
#ifdef MLGRAIN_X86_64_REGISTERS
#if MLGRAIN_SIMD_WIDTH == 8
#define MLGRAIN_SINGLE(name) _mm512_##name
#elif MLGRAIN_SIMD_WIDTH == 4
#define MLGRAIN_SINGLE(name) _mm256_##name
#else
#define MLGRAIN_SINGLE(name) _mm_##name
#endif

/* Rows number 0, 4, ... of those in `row`, one after the other. `row` holds twice their numbers,
   not negative: then address and load are one instruction. */
static inline vector_single single_rows(const float (*table)[4], const uint32_t *row)
{
  const double *words = (const double *)(const void *)table;
#define MLGRAIN_ROW(k) _mm_loadu_ps((const float *)(const void *)(words + row[k]))
#if MLGRAIN_SIMD_WIDTH == 8
  __m512 v = _mm512_castps128_ps512(MLGRAIN_ROW(0));
  v = _mm512_insertf32x4(v, MLGRAIN_ROW(4), 1);
  v = _mm512_insertf32x4(v, MLGRAIN_ROW(8), 2);
  return (vector_single)_mm512_insertf32x4(v, MLGRAIN_ROW(12), 3);
#elif MLGRAIN_SIMD_WIDTH == 4
  const __m256 v = _mm256_castps128_ps256(MLGRAIN_ROW(0));
  return (vector_single)_mm256_insertf128_ps(v, MLGRAIN_ROW(4), 1);
#else
  return (vector_single)MLGRAIN_ROW(0);
#endif
#undef MLGRAIN_ROW
}

static inline void single_gather_rows(const float (*table)[4], vector_int32 row,
                                      vector_single column[4])
{
  uint32_t twice[SINGLES];
  int32_store((int32_t *)twice, row + row);
  const vector_single row0 = single_rows(table, twice), row1 = single_rows(table, twice + 1);
  const vector_single row2 = single_rows(table, twice + 2), row3 = single_rows(table, twice + 3);
#define MLGRAIN_LOW(a, b) (vector_single) MLGRAIN_SINGLE(unpacklo_ps)(a, b)
#define MLGRAIN_HIGH(a, b) (vector_single) MLGRAIN_SINGLE(unpackhi_ps)(a, b)
  const vector low01 = (vector)MLGRAIN_LOW(row0, row1), low23 = (vector)MLGRAIN_LOW(row2, row3);
  const vector high01 = (vector)MLGRAIN_HIGH(row0, row1), high23 = (vector)MLGRAIN_HIGH(row2, row3);
#undef MLGRAIN_LOW
#undef MLGRAIN_HIGH
  column[0] = (vector_single)MLGRAIN_SINGLE(unpacklo_pd)(low01, low23);
  column[1] = (vector_single)MLGRAIN_SINGLE(unpackhi_pd)(low01, low23);
  column[2] = (vector_single)MLGRAIN_SINGLE(unpacklo_pd)(high01, high23);
  column[3] = (vector_single)MLGRAIN_SINGLE(unpackhi_pd)(high01, high23);
}
#undef MLGRAIN_SINGLE
#else
static inline void single_gather_rows(const float (*table)[4], vector_int32 row,
                                      vector_single column[4])
{
  for (int lane = 0; lane < SINGLES; lane++)
    for (int c = 0; c < 4; c++)
      column[c][lane] = table[row[lane]][c];
}
#endif

#endif
