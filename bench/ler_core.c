/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU time per atom of finding the nearest environments, beyond that of the vectors, at the level
   of vector instructions that MLGRAIN_SIMD allows, on one core: nickel, whose one half is displaced
   by up to 0.35 Angstrom in each direction and whose other half is a perfect crystal (or one with
   thermal displacements), and a library of its own environments.

     ler_core [environments, default 145] [nmax, default 18] [lmax, default 18]
              [perfect|thermal, default perfect] [repetitions, default 7]

   Vectors alone and vectors with search alternate; medians of the repetitions. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>

#include "crystal.h"
#include "mlgrain/environments.h"

static int is_thermal;

static double displace(int i, int all)
{
  return 2 * i >= all ? 0.7 * (uniform() - 0.5) : is_thermal ? thermal() : 0.0;
}

/* What visitors need. */
struct visit {
  const struct mlgrain_environments *library; /* NULL: vectors alone */
  size_t components, kept;
  double *vector; /* NULL, or memory to keep them all */
  double sum;     /* of what was found, so that it is */
};

static void see(void *context, size_t count, const int32_t *point, const double *row)
{
  struct visit *visit = context;
  struct mlgrain_environment_match match[64];
  (void)point;
  visit->sum += row[0];
  if (visit->vector)
    memcpy(visit->vector + visit->kept * visit->components, row,
           count * visit->components * sizeof *row);
  visit->kept += count;
  if (!visit->library || count > 64)
    return;
  mlgrain_environments_nearest_each(visit->library, count, row, match);
  for (size_t i = 0; i < count; i++)
    visit->sum += match[i].distance + match[i].second;
}

static double measure(const struct mlgrain_soap *soap, const struct mlgrain_soap_points *points,
                      struct visit *visit)
{
  const double start = now();
  visit->kept = 0;
  if (mlgrain_soap_visit(soap, points, 0, mlgrain_cells_count(points->cells), see, visit, NULL))
    exit(EXIT_FAILURE);
  return now() - start;
}

static int in_order(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *value, int count)
{
  qsort(value, (size_t)count, sizeof *value, in_order);
  return value[count / 2];
}

static struct mlgrain_environments *make_library(const struct mlgrain_soap_parameters *p,
                                                 size_t atoms, size_t most, const double *vector)
{
  struct mlgrain_environments *library;
  struct mlgrain_environment_source *source = calloc(atoms, sizeof *source);
  uint64_t *ones = calloc(atoms, sizeof *ones);
  struct mlgrain_error error;
  if (!source || !ones)
    exit(EXIT_FAILURE);
  for (size_t i = 0; i < atoms; i++) {
    source[i].atom = (int64_t)i;
    ones[i] = 1;
  }
  const struct mlgrain_environment_set set = {atoms, vector, source, ones};
  if (mlgrain_environments_choose(p, 1e-12, most, "", vector, &set, &library, &error)) {
    fprintf(stderr, "%s\n", error.text);
    exit(EXIT_FAILURE);
  }
  mlgrain_environments_forget_coreset(library);
  free(source);
  free(ones);
  return library;
}

int main(int argc, char **argv)
{
  enum { EDGE = 8, MOST_REPETITIONS = 101 };
  const size_t most = argc > 1 ? (size_t)atol(argv[1]) : 145;
  struct mlgrain_soap_parameters p = mlgrain_soap_default(MLGRAIN_SOAP_QUIPPY);
  p.cutoff = 5.0;
  p.n_max = argc > 2 ? atoi(argv[2]) : 18;
  p.l_max = argc > 3 ? atoi(argv[3]) : 18;
  p.sigma = 0.5;
  is_thermal = argc > 4 && strcmp(argv[4], "thermal") == 0;
  int repetitions = argc > 5 ? atoi(argv[5]) : 7;
  repetitions = repetitions < 1                  ? 1
                : repetitions > MOST_REPETITIONS ? MOST_REPETITIONS
                                                 : repetitions;
  struct mlgrain_soap *soap;
  struct mlgrain_cells *cells;
  struct mlgrain_error error;
  if (mlgrain_soap_create(&p, mlgrain_simd_best(), &soap, &error)) {
    fprintf(stderr, "%s\n", error.text);
    return EXIT_FAILURE;
  }
  const int margin = (int)ceil(p.cutoff / crystal_lattice + 0.2);
  struct crystal c = crystal_create(EDGE, margin, displace);
  if (mlgrain_cells_create(c.n, (const double(*)[3])c.x, p.cutoff, &cells, NULL, &error))
    return EXIT_FAILURE;
  const struct mlgrain_soap_points points = {cells, c.chosen, NULL, NULL};
  const size_t components = mlgrain_soap_components(&p);
  struct visit keep = {NULL, components, 0, malloc(c.inner * components * sizeof(double)), 0.0};
  if (!keep.vector)
    return EXIT_FAILURE;
  measure(soap, &points, &keep);
  struct mlgrain_environments *library = make_library(&p, c.inner, most, keep.vector);
  free(keep.vector);
  struct visit alone = {NULL, components, 0, NULL, 0.0},
               search = {library, components, 0, NULL, 0.0};
  double without[MOST_REPETITIONS], with[MOST_REPETITIONS], beyond[MOST_REPETITIONS];
  for (int r = 0; r < repetitions; r++) {
    without[r] = 1e6 * measure(soap, &points, &alone) / (double)c.inner;
    with[r] = 1e6 * measure(soap, &points, &search) / (double)c.inner;
    beyond[r] = with[r] - without[r];
  }
  const double difference = median(beyond, repetitions); /* sorts */
  printf("%s, %zu environments of %zu numbers, %zu atoms, us per atom:\nvectors %.2f, with search "
         "%.2f, difference %.2f (medians of %d; %.2f to %.2f)\n",
         mlgrain_simd_name(mlgrain_simd_best()),
         mlgrain_environments_content(library)->unique.count, components, c.inner,
         median(without, repetitions), median(with, repetitions), difference, repetitions,
         beyond[0], beyond[repetitions - 1]);
  mlgrain_environments_free(library);
  mlgrain_soap_free(soap);
  mlgrain_cells_free(cells);
  crystal_free(&c);
  return EXIT_SUCCESS;
}
