/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: random numbers that are functions of what they are for, so that any process can draw any
   of them at any time and all agree. The mixing function is that of SplitMix64: G. L. Steele, D.
   Lea, C. H. Flood, OOPSLA 2014, fig. 15 with the constants of variant 13. */
#ifndef MLGRAIN_COUNTER_RANDOM_H
#define MLGRAIN_COUNTER_RANDOM_H

#include <math.h>
#include <stdint.h>

#define MLGRAIN_TWO_PI 6.28318530717958647692

/* What numbers are drawn for: streams of different names never share a number. */
enum random_stream {
  RANDOM_SEED_POSITION = 1,
  RANDOM_ORIENTATION,
  RANDOM_SPREAD,
  RANDOM_SIZE,
  RANDOM_WINNER,
  RANDOM_RADIAL,
  RANDOM_PUBLIC,
  RANDOM_SKETCH,
  RANDOM_NEIGHBORHOOD
};

static inline uint64_t random_mix(uint64_t x)
{
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/* 64 bits for the draw-th number of an item. */
static inline uint64_t random_bits(uint64_t seed, enum random_stream stream, uint64_t item,
                                   uint64_t draw)
{
  return random_mix(random_mix(random_mix(seed ^ ((uint64_t)stream << 56)) + item) + draw);
}

/* Uniform in (0, 1). */
static inline double random_uniform(uint64_t seed, enum random_stream stream, uint64_t item,
                                    uint64_t draw)
{
  return ((double)(random_bits(seed, stream, item, draw) >> 12) + 0.5) * 0x1p-52;
}

/* Standard normal (Box and Muller), from the draws 2 draw and 2 draw + 1. */
static inline double random_normal(uint64_t seed, enum random_stream stream, uint64_t item,
                                   uint64_t draw)
{
  const double radius = sqrt(-2.0 * log(random_uniform(seed, stream, item, 2 * draw)));
  return radius * cos(MLGRAIN_TWO_PI * random_uniform(seed, stream, item, 2 * draw + 1));
}

#endif
