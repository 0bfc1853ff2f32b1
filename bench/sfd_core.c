/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU time per atom of the strain functional descriptors at each SIMD level of this machine, on one
   core: copper, sigma 0.909, cutoff 5.904, random displacements of up to 0.15 in each direction.

     sfd_core [unit cells along an edge, default 16] [repetitions, default 7]

   Levels alternate, so that a change of clock speed meets all of them; the best time counts. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mlgrain/sfd.h"

struct crystal {
  size_t n, inner;
  double (*x)[3];
  unsigned char *chosen; /* points whose neighborhood is complete */
};

static const double sigma = 0.909, cutoff = 5.904, lattice = 3.615;
enum { MARGIN = 2 }; /* unit cells around the chosen points: 7.23 of length */

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double displacement(void)
{
  return 0.15 * (2.0 * rand() / RAND_MAX - 1.0);
}

static int is_inner(int i, int edge)
{
  return i >= MARGIN && i < edge - MARGIN;
}

static struct crystal make_crystal(int edge)
{
  static const double basis[4][3] = {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 0, 0.5}, {0, 0.5, 0.5}};
  const size_t n = (size_t)edge * (size_t)edge * (size_t)edge * 4;
  struct crystal c = {0, 0, malloc(n * sizeof *c.x), malloc(n)};
  if (!c.x || !c.chosen)
    exit(EXIT_FAILURE);
  for (int i = 0; i < edge; i++)
    for (int j = 0; j < edge; j++)
      for (int k = 0; k < edge; k++)
        for (int b = 0; b < 4; b++, c.n++) {
          c.x[c.n][0] = lattice * (i + basis[b][0]) + displacement();
          c.x[c.n][1] = lattice * (j + basis[b][1]) + displacement();
          c.x[c.n][2] = lattice * (k + basis[b][2]) + displacement();
          c.chosen[c.n] = is_inner(i, edge) && is_inner(j, edge) && is_inner(k, edge);
          c.inner += c.chosen[c.n];
        }
  return c;
}

/* Seconds for the grid, and for the descriptors. */
static void measure(const struct crystal *c, enum mlgrain_simd_level level, double *descriptor,
                    double *grid, double *sfd_time)
{
  struct mlgrain_cells *cells;
  struct mlgrain_sfd *sfd;
  if (mlgrain_sfd_create(sigma, cutoff, level, &sfd, NULL))
    exit(EXIT_FAILURE);
  const double start = now();
  if (mlgrain_cells_create(c->n, (const double(*)[3])c->x, cutoff, &cells, NULL, NULL))
    exit(EXIT_FAILURE);
  const double middle = now();
  if (mlgrain_sfd_compute(sfd, cells, 0, mlgrain_cells_count(cells), c->chosen, NULL, descriptor,
                          NULL))
    exit(EXIT_FAILURE);
  *grid = middle - start;
  *sfd_time = now() - middle;
  mlgrain_sfd_free(sfd);
  mlgrain_cells_free(cells);
}

int main(int argc, char **argv)
{
  const int edge = argc > 1 ? atoi(argv[1]) : 16;
  const int repetitions = argc > 2 ? atoi(argv[2]) : 7;
  if (edge < 1 || repetitions < 1) {
    fprintf(stderr, "usage: sfd_core [unit cells along an edge] [repetitions]\n");
    return EXIT_FAILURE;
  }
  const struct crystal c = make_crystal(edge + 2 * MARGIN);
  double *descriptor = calloc(c.n * MLGRAIN_SFD_COUNT, sizeof *descriptor);
  double best[MLGRAIN_SIMD_LEVELS], best_grid = 1e30;
  if (!descriptor)
    return EXIT_FAILURE;
  for (int level = 0; level < MLGRAIN_SIMD_LEVELS; level++)
    best[level] = 1e30;
  for (int r = 0; r < repetitions; r++)
    for (int level = 0; level <= (int)mlgrain_simd_best(); level++) {
      double grid, time;
      measure(&c, (enum mlgrain_simd_level)level, descriptor, &grid, &time);
      best[level] = time < best[level] ? time : best[level];
      best_grid = grid < best_grid ? grid : best_grid;
    }
  printf("%zu atoms of %zu\n", c.inner, c.n);
  printf("%-24s %.3f us per point\n", "cell grid", 1e6 * best_grid / (double)c.n);
  for (int level = 0; level <= (int)mlgrain_simd_best(); level++)
    printf("%-24s %.3f us per atom\n", mlgrain_simd_name((enum mlgrain_simd_level)level),
           1e6 * best[level] / (double)c.inner);
  free(c.x);
  free(c.chosen);
  free(descriptor);
  return EXIT_SUCCESS;
}
