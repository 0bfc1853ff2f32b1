/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: vectors of single-precision numbers for mtp_polynomial.h, as long as those of a block of
   centers: center k has the lanes 2 k and 2 k + 1, one for each of two sets of parameters. */
#ifndef MLGRAIN_MTP_MEMBER_LANES_H
#define MLGRAIN_MTP_MEMBER_LANES_H

#include "base/vector_single.h"
#include "mtp_block.h"

typedef float real;
typedef vector_single reals;

enum { REALS = SINGLES };

static inline reals real_load(const float *p)
{
  reals v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void real_store(float *p, reals v)
{
  memcpy(p, &v, sizeof v);
}

#define real_set(value) single_set((float)(value))

/* One number for each center. */
typedef float half __attribute__((vector_size(4 * MLGRAIN_SIMD_WIDTH)));

/* Each number twice. */
static inline reals half_twice(half v)
{
#if MLGRAIN_SIMD_WIDTH == 8
  return __builtin_shufflevector(v, v, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
#elif MLGRAIN_SIMD_WIDTH == 4
  return __builtin_shufflevector(v, v, 0, 0, 1, 1, 2, 2, 3, 3);
#else
  return __builtin_shufflevector(v, v, 0, 0, 1, 1);
#endif
}

static inline reals real_twice(vector v)
{
  return half_twice(__builtin_convertvector(v, half));
}

static inline void real_round(vector v, float *p)
{
  const half rounded = __builtin_convertvector(v, half);
  memcpy(p, &rounded, sizeof rounded);
}

static inline reals real_load_twice(const float *p)
{
  half v;
  memcpy(&v, p, sizeof v);
  return half_twice(v);
}

/* The two numbers at p for every center. */
static inline reals real_pair(const float *p)
{
  int64_t both;
  memcpy(&both, p, sizeof both);
  return (reals)(both - (vector_int){0});
}

/* Quantity q of row `row` of a tile, in vectors of REALS. */
static inline float *tile_row(float *tile, int q, int row)
{
  return tile + (size_t)(q * MTP_TILE + row) * REALS;
}

#endif
