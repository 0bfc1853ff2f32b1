/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU time per atom of power spectra at each SIMD level of this machine, on one core: nickel,
   random displacements of 0.08 Angstrom (standard deviation) in each direction.

     soap_core BASIS RCUT NMAX LMAX SIGMA [double|single, default double] [unit cells along an edge,
               default 6] [repetitions, default 7]

   Vectors are shown to a visitor that reads them, as styles that don't keep them do. Levels
   alternate, so that a change of clock speed meets all of them; the best time counts. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crystal.h"
#include "mlgrain/soap.h"

static double thermally(int i, int all)
{
  (void)i;
  (void)all;
  return thermal();
}

/* Adds up the first number of each vector, so that it is read. */
static void read_vectors(void *context, size_t count, const int32_t *point, const double *row)
{
  (void)point;
  (void)count;
  *(double *)context += row[0];
}

static double measure(const struct mlgrain_soap *soap, const struct mlgrain_soap_points *points)
{
  double sum = 0.0;
  const double start = now();
  if (mlgrain_soap_visit(soap, points, 0, mlgrain_cells_count(points->cells), read_vectors, &sum,
                         NULL))
    exit(EXIT_FAILURE);
  return now() - start;
}

int main(int argc, char **argv)
{
  const int is_gto = argc > 1 && strcmp(argv[1], "gto") == 0;
  if (argc < 6 || (!is_gto && strcmp(argv[1], "quippy") != 0)) {
    fprintf(stderr, "usage: soap_core quippy|gto RCUT NMAX LMAX SIGMA [double|single] [unit cells "
                    "along an edge] [repetitions]\n");
    return EXIT_FAILURE;
  }
  struct mlgrain_soap_parameters p =
      mlgrain_soap_default(is_gto ? MLGRAIN_SOAP_GTO : MLGRAIN_SOAP_QUIPPY);
  p.cutoff = atof(argv[2]);
  p.n_max = atoi(argv[3]);
  p.l_max = atoi(argv[4]);
  p.sigma = atof(argv[5]);
  if (argc > 6 && strcmp(argv[6], "single") == 0)
    p.precision = MLGRAIN_SOAP_SINGLE;
  const int edge = argc > 7 ? atoi(argv[7]) : 6, repetitions = argc > 8 ? atoi(argv[8]) : 7;
  struct mlgrain_soap *soap[MLGRAIN_SIMD_LEVELS];
  struct mlgrain_error error;
  const int levels = (int)mlgrain_simd_best() + 1;
  const double start = now();
  for (int level = 0; level < levels; level++)
    if (mlgrain_soap_create(&p, (enum mlgrain_simd_level)level, &soap[level], &error)) {
      fprintf(stderr, "%s\n", error.text);
      return EXIT_FAILURE;
    }
  printf("%zu numbers, tables of %zu kB in %.2f s\n", mlgrain_soap_components(&p),
         mlgrain_soap_memory(soap[0]) >> 10, (now() - start) / levels);
  const double reach = mlgrain_soap_reach(&p);
  const int margin = (int)ceil(reach / crystal_lattice + 0.2);
  struct crystal c = crystal_create(edge, margin, thermally);
  struct mlgrain_cells *cells;
  if (mlgrain_cells_create(c.n, (const double(*)[3])c.x, reach, &cells, NULL, &error))
    return EXIT_FAILURE;
  const struct mlgrain_soap_points points = {cells, c.chosen, NULL, NULL};
  double best[MLGRAIN_SIMD_LEVELS] = {1e30, 1e30, 1e30};
  for (int r = 0; r < repetitions; r++)
    for (int level = 0; level < levels; level++) {
      const double time = measure(soap[level], &points);
      best[level] = time < best[level] ? time : best[level];
    }
  printf("%zu atoms of %zu\n", c.inner, c.n);
  for (int level = 0; level < levels; level++) {
    printf("%-24s %.3f us per atom\n", mlgrain_simd_name((enum mlgrain_simd_level)level),
           1e6 * best[level] / (double)c.inner);
    mlgrain_soap_free(soap[level]);
  }
  mlgrain_cells_free(cells);
  crystal_free(&c);
  return EXIT_SUCCESS;
}
