/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what the kernel does most with vectors that have one center to a lane. */
#ifndef MLGRAIN_SOAP_LANES_H
#define MLGRAIN_SOAP_LANES_H

#include "base/lanes.h"
#include "soap_private.h"

/* Loops whose bounds the compiler knows. Instrumented, they take clang minutes. */
#ifdef MLGRAIN_SANITIZED
#define UNROLLED
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

/* Keeps gcc from loading the same vector for each of its uses, which takes longer than these. */
static inline lane_vector in_register(lane_vector v)
{
#if defined(__AVX512F__)
  __asm__("" : "+v"(v));
#elif defined(MLGRAIN_X86_64_REGISTERS)
  __asm__("" : "+x"(v));
#endif
  return v;
}

/* ---- transposition ---------------------------------------------------------------------------

   In log2(LANES) steps: step s exchanges, in rows i and i + s, the second s of each 2s numbers of
   the first with the first s of the second. */

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (lane_vector_int){__VA_ARGS__})
#endif
#define FIRST_OF(i, s) ((i) % (2 * (s)) < (s) ? (i) : LANES + (i) - (s))
#define SECOND_OF(i, s) ((i) % (2 * (s)) < (s) ? (i) + (s) : LANES + (i))
#define LIST_2(f, i, s) f(i, s), f((i) + 1, s)
#define LIST_4(f, i, s) LIST_2(f, i, s), LIST_2(f, (i) + 2, s)
#define LIST_8(f, i, s) LIST_4(f, i, s), LIST_4(f, (i) + 4, s)
#define LIST_16(f, i, s) LIST_8(f, i, s), LIST_8(f, (i) + 8, s)
#if defined(MLGRAIN_FLOAT_LANES) && MLGRAIN_SIMD_WIDTH == 8
#define LIST LIST_16
#elif (defined(MLGRAIN_FLOAT_LANES) && MLGRAIN_SIMD_WIDTH == 4) || MLGRAIN_SIMD_WIDTH == 8
#define LIST LIST_8
#elif defined(MLGRAIN_FLOAT_LANES) || MLGRAIN_SIMD_WIDTH == 4
#define LIST LIST_4
#else
#define LIST LIST_2
#endif
#define TRANSPOSE_STEP(row, s)                                                                     \
  UNROLLED for (int i = 0; i < LANES; i++) if ((i & (s)) == 0)                                     \
  {                                                                                                \
    const lane_vector a = row[i], b = row[i + (s)];                                                \
    row[i] = SHUFFLE(a, b, LIST(FIRST_OF, 0, s));                                                  \
    row[i + (s)] = SHUFFLE(a, b, LIST(SECOND_OF, 0, s));                                           \
  }

/* row[i][k] becomes row[k][i]. */
ALWAYS_INLINE void transpose(lane_vector row[LANES])
{
  TRANSPOSE_STEP(row, 1)
#if defined(MLGRAIN_FLOAT_LANES) || MLGRAIN_SIMD_WIDTH >= 4
  TRANSPOSE_STEP(row, 2)
#endif
#if (defined(MLGRAIN_FLOAT_LANES) && MLGRAIN_SIMD_WIDTH >= 4) || MLGRAIN_SIMD_WIDTH == 8
  TRANSPOSE_STEP(row, 4)
#endif
#if defined(MLGRAIN_FLOAT_LANES) && MLGRAIN_SIMD_WIDTH == 8
  TRANSPOSE_STEP(row, 8)
#endif
}

/* ---- sums of products ------------------------------------------------------------------------

   scale[i] sum_k a[k][i] b[k][j], lane by lane, for a tile of i and j: most of the arithmetic. The
   sums of a tile stay in registers. Without `scale` (NULL), all of it is 1. */

enum {
  TILE_ROWS = 4,
  TILE_COLUMNS = WIDTH == 8 ? 6 : 3 /* what fits in 32 or 16 registers */
};

/* Vectors in memory: element k, i is at first + (k * step + i) * LANES. */
struct factors {
  const number *first;
  size_t step;
};

ALWAYS_INLINE void sum_tile(const int rows, const int columns, struct factors a, struct factors b,
                            size_t count, const number *scale, number *sum, size_t sum_step)
{
  lane_vector s[TILE_ROWS][TILE_COLUMNS];
  const number *pa = a.first, *pb = b.first;
  UNROLLED for (int i = 0; i < rows; i++) UNROLLED for (int j = 0; j < columns; j++) s[i][j] =
      lanes_set(0);
  for (size_t k = 0; k < count; k++, pa += a.step * LANES, pb += b.step * LANES) {
    lane_vector left[TILE_ROWS];
    UNROLLED for (int i = 0; i < rows; i++) left[i] = lanes_load(pa + i * LANES);
    UNROLLED for (int j = 0; j < columns; j++)
    {
      const lane_vector right = in_register(lanes_load(pb + j * LANES));
      UNROLLED for (int i = 0; i < rows; i++) s[i][j] += left[i] * right;
    }
  }
  if (scale)
    UNROLLED for (int i = 0; i < rows; i++) UNROLLED for (int j = 0; j < columns; j++) s[i][j] *=
        scale[i];
  UNROLLED for (int i = 0; i < rows; i++) UNROLLED for (int j = 0; j < columns; j++)
      lanes_store(sum + ((size_t)i * sum_step + (size_t)j) * LANES, s[i][j]);
}

#define TILE_CASE(r, c)                                                                            \
  case 8 * (r) + (c):                                                                              \
    sum_tile(r, c, a, b, count, scale, sum, sum_step);                                             \
    break;
#define TILE_CASES(c) TILE_CASE(1, c) TILE_CASE(2, c) TILE_CASE(3, c) TILE_CASE(4, c)

/* One tile of up to TILE_ROWS x TILE_COLUMNS sums; sum [rows][sum_step]. */
static void sum_products(int rows, int columns, struct factors a, struct factors b, size_t count,
                         const number *scale, number *sum, size_t sum_step)
{
  switch (8 * rows + columns) {
    TILE_CASES(1)
    TILE_CASES(2)
    TILE_CASES(3)
#if MLGRAIN_SIMD_WIDTH == 8
    TILE_CASES(4)
    TILE_CASES(5)
    TILE_CASES(6)
#endif
  }
}

/* Divides 0 .. count - 1 into parts of at most `most`, as equal as can be: where part k starts. */
static inline int part_start(int count, int most, int k)
{
  const int parts = (count + most - 1) / most;
  return count * k / parts;
}

#endif
