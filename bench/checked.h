/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For benchmarks of the core: memory or exit, and random numbers that are the same everywhere. */
#ifndef BENCH_CHECKED_H
#define BENCH_CHECKED_H

#include <stdio.h>
#include <stdlib.h>

static inline void *checked(void *memory)
{
  if (!memory) {
    fprintf(stderr, "out of memory\n");
    exit(EXIT_FAILURE);
  }
  return memory;
}

static inline double uniform(unsigned long *state)
{
  *state = *state * 6364136223846793005ul + 1442695040888963407ul;
  return (double)(*state >> 11) / 9007199254740992.0;
}

/* Nearly normally distributed, of deviation 1. */
static inline double gaussian(unsigned long *state)
{
  double sum = -6.0;
  for (int k = 0; k < 12; k++)
    sum += uniform(state);
  return sum;
}

#endif
