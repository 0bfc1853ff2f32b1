/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU time per atom of Voronoi cells at each SIMD level of this machine, on one core: nickel with
   thermal displacements, the same at rest, and points at random, as many in the same volume.

     voronoi_core [unit cells along an edge, default 12] [repetitions, default 7]

   Levels alternate, so that a change of clock speed meets all of them; the best time counts. */
#define _POSIX_C_SOURCE 200809L
#include "mlgrain/voronoi.h"

#include "crystal.h"

enum { MARGIN = 3, LEVELS = 3, KINDS = 3 };

static const double cutoff = 5.4;

static double no_displacement(int i, int all)
{
  (void)i;
  (void)all;
  return 0.0;
}

static double thermal_displacement(int i, int all)
{
  (void)i;
  (void)all;
  return thermal();
}

/* Anywhere in the box: far from where the atom was. */
static double any_displacement(int i, int all)
{
  return crystal_lattice * (all * uniform() - i);
}

static double measure(const struct crystal *c, const struct mlgrain_cells *cells,
                      enum mlgrain_simd_level level, struct mlgrain_voronoi_cell *cell)
{
  struct mlgrain_voronoi_settings settings = {.cutoff = cutoff, .level = level};
  const double start = now();
  if (mlgrain_voronoi_compute(&settings, cells, 0, mlgrain_cells_count(cells), c->chosen, NULL,
                              cell, NULL, NULL))
    exit(EXIT_FAILURE);
  return 1e6 * (now() - start) / (double)c->inner;
}

static double faces_per_cell(const struct crystal *c, const struct mlgrain_voronoi_cell *cell)
{
  double sum = 0.0;
  for (size_t i = 0; i < c->n; i++)
    sum += c->chosen[i] ? cell[i].faces : 0;
  return sum / (double)c->inner;
}

static void measure_kind(const char *name, double (*displace)(int, int), int edge, int repetitions)
{
  struct crystal c = crystal_create(edge, MARGIN, displace);
  struct mlgrain_voronoi_cell *cell = malloc(c.n * sizeof *cell);
  struct mlgrain_cells *cells;
  if (!cell || mlgrain_cells_create(c.n, (const double(*)[3])c.x, cutoff, &cells, NULL, NULL))
    exit(EXIT_FAILURE);
  double best[LEVELS] = {HUGE_VAL, HUGE_VAL, HUGE_VAL};
  const int levels = (int)mlgrain_simd_best() + 1;
  for (int r = 0; r < repetitions; r++)
    for (int l = 0; l < levels && l < LEVELS; l++)
      best[l] = fmin(best[l], measure(&c, cells, (enum mlgrain_simd_level)l, cell));
  printf("| %s | %.2f |", name, faces_per_cell(&c, cell));
  for (int l = 0; l < LEVELS; l++)
    if (l < levels)
      printf(" %.3f |", best[l]);
    else
      printf(" |");
  printf("\n");
  mlgrain_cells_free(cells);
  free(cell);
  crystal_free(&c);
}

int main(int argc, char **argv)
{
  const int edge = argc > 1 ? atoi(argv[1]) : 12, repetitions = argc > 2 ? atoi(argv[2]) : 7;
  srand(1);
  printf("| points | faces | SSE, us/atom | AVX2 | AVX-512 |\n|---|--:|--:|--:|--:|\n");
  measure_kind("nickel, displaced", thermal_displacement, edge, repetitions);
  measure_kind("nickel, at rest", no_displacement, edge, repetitions);
  measure_kind("at random", any_displacement, edge, repetitions);
  return 0;
}
