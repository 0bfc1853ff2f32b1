/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the vector type of the kernels. A kernel file includes this header and is compiled once
   per level of mlgrain_simd_level, with MLGRAIN_SIMD_WIDTH doubles to a vector and
   MLGRAIN_SIMD_SUFFIX appended to its public names by MLGRAIN_KERNEL(). gcc splits vectors wider
   than the machine's badly, so the width always equals that of the registers. */
#ifndef MLGRAIN_VECTOR_H
#define MLGRAIN_VECTOR_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#ifndef MLGRAIN_SIMD_WIDTH
#error "compile kernel files with -DMLGRAIN_SIMD_WIDTH=2, 4 or 8"
#endif

#define MLGRAIN_PASTE2(a, b) a##b
#define MLGRAIN_PASTE(a, b) MLGRAIN_PASTE2(a, b)
#define MLGRAIN_KERNEL(name) MLGRAIN_PASTE(name, MLGRAIN_SIMD_SUFFIX)

enum { WIDTH = MLGRAIN_SIMD_WIDTH };

/* Vectors are registers of the processor, except where kernels of eight doubles are tested without
   AVX-512. */
#if defined(__x86_64__) && (MLGRAIN_SIMD_WIDTH != 8 || defined(__AVX512F__))
#define MLGRAIN_X86_64_REGISTERS
#endif

typedef double vector __attribute__((vector_size(8 * MLGRAIN_SIMD_WIDTH)));
typedef int64_t vector_int __attribute__((vector_size(8 * MLGRAIN_SIMD_WIDTH)));

static inline vector vector_load(const double *p)
{
  vector v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void vector_store(double *p, vector v)
{
  memcpy(p, &v, sizeof v);
}

static inline vector vector_set(double value)
{
  return value - (vector){0.0};
}

static inline vector vector_abs(vector v)
{
  return (vector)((vector_int)v & INT64_MAX);
}

static inline double vector_sum(vector v)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return _mm512_reduce_add_pd((__m512d)v);
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  const __m128d half = _mm256_castpd256_pd128((__m256d)v) + _mm256_extractf128_pd((__m256d)v, 1);
  return half[0] + half[1];
#else
  double sum = v[0];
  for (int lane = 1; lane < WIDTH; lane++)
    sum += v[lane];
  return sum;
#endif
}

/* mask ? a : b, lane by lane; mask as comparisons give it (all bits or none). */
static inline vector vector_select(vector_int mask, vector a, vector b)
{
#if MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (vector)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)mask);
#else
  return (vector)((mask & (vector_int)a) | (~mask & (vector_int)b));
#endif
}

/* Where value[lane] is `wanted`, as comparisons give it. */
static inline vector_int vector_equal(const int *value, int wanted)
{
  int32_t all __attribute__((vector_size(4 * MLGRAIN_SIMD_WIDTH)));
  memcpy(&all, value, sizeof all);
  return __builtin_convertvector(all == wanted, vector_int);
}

/* For vector_choose: that each lane takes entry index[lane] - first of a table of WIDTH doubles, or
   any if there is no such entry. */
static inline vector_int vector_choice(const int *index, int first)
{
  int32_t all __attribute__((vector_size(4 * MLGRAIN_SIMD_WIDTH)));
  memcpy(&all, index, sizeof all);
  const vector_int wide = __builtin_convertvector(all - first, vector_int);
#if MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  /* of its halves, 2 k and 2 k + 1 */
  return (wide << 33) + (wide << 1 & 0xffffffff) + (INT64_C(1) << 32);
#else
  return wide;
#endif
}

/* The entries of a table that were chosen. */
static inline vector vector_choose(vector_int choice, const double *table)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return (vector)_mm512_permutexvar_pd((__m512i)choice, _mm512_loadu_pd(table));
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  const __m256i halves = _mm256_loadu_si256((const __m256i *)table);
  return (vector)_mm256_permutevar8x32_epi32(halves, (__m256i)choice);
#else
  vector v = {0.0};
  for (int lane = 0; lane < WIDTH; lane++)
    v[lane] = table[choice[lane] & (WIDTH - 1)];
  return v;
#endif
}

static inline vector vector_sqrt(vector v)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return (vector)_mm512_sqrt_pd((__m512d)v);
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (vector)_mm256_sqrt_pd((__m256d)v);
#else
  for (int lane = 0; lane < WIDTH; lane++)
    v[lane] = __builtin_sqrt(v[lane]);
  return v;
#endif
}

/* One bit per lane of a comparison. */
static inline unsigned vector_mask_bits(vector_int mask)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512DQ__)
  return (unsigned)_mm512_movepi64_mask((__m512i)mask);
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  return (unsigned)_mm256_movemask_pd((__m256d)mask);
#else
  unsigned bits = 0;
  for (int lane = 0; lane < WIDTH; lane++)
    bits |= (unsigned)(mask[lane] & 1) << lane;
  return bits;
#endif
}

/* One bit per lane: a < b. gcc does not see that vector_mask_bits(a < b) is one instruction. */
static inline unsigned vector_less_bits(vector a, vector b)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_LT_OQ);
#else
  return vector_mask_bits(a < b);
#endif
}

/* lanes(...) of the lanes to keep, in front, for each pattern of four bits. */
#define MLGRAIN_KEPT_LANES(lanes)                                                                  \
  lanes(0, 0, 0, 0), lanes(0, 0, 0, 0), lanes(1, 0, 0, 0), lanes(0, 1, 0, 0), lanes(2, 0, 0, 0),   \
      lanes(0, 2, 0, 0), lanes(1, 2, 0, 0), lanes(0, 1, 2, 0), lanes(3, 0, 0, 0),                  \
      lanes(0, 3, 0, 0), lanes(1, 3, 0, 0), lanes(0, 1, 3, 0), lanes(2, 3, 0, 0),                  \
      lanes(0, 2, 3, 0), lanes(1, 2, 3, 0), lanes(0, 1, 2, 3)

/* Writes the lanes of v whose bit is set next to each other at p. May write WIDTH doubles there,
   of which only the first popcount(bits) mean anything. */
static inline void vector_compress_store(double *p, unsigned bits, vector v)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  /* compressing in a register and storing whole: the form with a memory operand is slow on Zen */
  vector_store(p, (vector)_mm512_maskz_compress_pd((__mmask8)bits, (__m512d)v));
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
  /* the halves of the lanes to keep, in front, for each pattern of bits */
#define MLGRAIN_LANES(a, b, c, d)                                                                  \
  {                                                                                                \
    2 * a, 2 * a + 1, 2 * b, 2 * b + 1, 2 * c, 2 * c + 1, 2 * d, 2 * d + 1                         \
  }
  static const int32_t halves[16][8] = {MLGRAIN_KEPT_LANES(MLGRAIN_LANES)};
#undef MLGRAIN_LANES
  const __m256i order = _mm256_loadu_si256((const __m256i *)halves[bits]);
  vector_store(p, (vector)_mm256_permutevar8x32_epi32((__m256i)v, order));
#else
  for (int lane = 0; lane < WIDTH; lane++) {
    *p = v[lane];
    p += (bits >> lane) & 1u;
  }
#endif
}

/* exp(x) for -700 <= x <= 0 to about one unit in the last place: x = k ln 2 + r, |r| <= ln(2)/2,
   Taylor polynomial of degree 13 in r, then 2^k put into the exponent. From degree 2 on, even and
   odd powers apart, since the two sums don't wait for each other; last the largest terms, for the
   sake of rounding. Adding and subtracting 2^52 * 1.5 rounds to an integer and leaves it in the low
   bits. */
static inline vector vector_exp(vector x)
{
  const double shift = 6755399441055744.0;
  const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  static const double even_terms[6] = {1.0 / 2,     1.0 / 24,      1.0 / 720,
                                       1.0 / 40320, 1.0 / 3628800, 1.0 / 479001600};
  static const double odd_terms[6] = {1.0 / 6,      1.0 / 120,      1.0 / 5040,
                                      1.0 / 362880, 1.0 / 39916800, 1.0 / 6227020800};
  const vector shifted = x * 1.4426950408889634074 + shift;
  const vector k = shifted - shift;
  const vector r = (x - k * ln2_high) - k * ln2_low;
  const vector r2 = r * r;
  vector even = vector_set(even_terms[5]), odd = vector_set(odd_terms[5]);
  for (int i = 4; i >= 0; i--) {
    even = even * r2 + even_terms[i];
    odd = odd * r2 + odd_terms[i];
  }
  const vector power = 1.0 + (r + r2 * (even + r * odd));
  const vector_int exponent = (vector_int)shifted << 52;
  return (vector)((vector_int)power + exponent);
}

#endif
