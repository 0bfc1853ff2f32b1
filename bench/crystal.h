/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Crystals for benchmarks: nickel, face-centered cubic, displaced at random. */
#ifndef BENCH_CRYSTAL_H
#define BENCH_CRYSTAL_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct crystal {
  size_t n, inner;
  double (*x)[3];
  unsigned char *chosen; /* points whose neighborhood is complete */
};

/* Lengths in Angstrom. */
static const double crystal_lattice = 3.52;

static inline double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline double uniform(void)
{
  return (rand() + 0.5) / (RAND_MAX + 1.0);
}

/* Normally distributed, 0.08 Angstrom. */
static inline double thermal(void)
{
  return 0.08 * sqrt(-2.0 * log(uniform())) * cos(2.0 * acos(-1.0) * uniform());
}

static inline int crystal_is_inner(int i, int edge, int margin)
{
  return i >= margin && i < edge - margin;
}

/* `edge` unit cells in each direction beside `margin` of them at each side, whose neighborhoods
   aren't complete; displace(i, edge) is called for each coordinate of an atom of a unit cell that
   is the i-th of all in x. */
static inline struct crystal crystal_create(int edge, int margin,
                                            double (*displace)(int i, int all))
{
  static const double basis[4][3] = {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 0, 0.5}, {0, 0.5, 0.5}};
  const int all = edge + 2 * margin;
  const size_t n = (size_t)all * (size_t)all * (size_t)all * 4;
  struct crystal c = {0, 0, malloc(n * sizeof *c.x), malloc(n)};
  if (!c.x || !c.chosen)
    exit(EXIT_FAILURE);
  for (int i = 0; i < all; i++)
    for (int j = 0; j < all; j++)
      for (int k = 0; k < all; k++)
        for (int b = 0; b < 4; b++, c.n++) {
          const int cell[3] = {i, j, k};
          c.chosen[c.n] = 1;
          for (int d = 0; d < 3; d++) {
            c.x[c.n][d] = crystal_lattice * (cell[d] + basis[b][d]) + displace(i, all);
            c.chosen[c.n] &= (unsigned char)crystal_is_inner(cell[d], all, margin);
          }
          c.inner += c.chosen[c.n];
        }
  return c;
}

static inline void crystal_free(struct crystal *c)
{
  free(c->x);
  free(c->chosen);
}

#endif
