/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU time of lists, keys and distances of grain boundaries, on one core.

     boundaries_core [largest Sigma, default 49] [largest area in squares of the lattice constant,
                     default 7.6521, 100 Angstrom^2 of copper] [repetitions, default 15]

   The list is that of fcc, classes included; keys and distances are those of its boundaries, each
   in the description with the exchanged crystals. Medians of the repetitions. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mlgrain/boundary_distance.h"

enum { MOST_REPETITIONS = 1000 };

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
  const double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

static double median(double *values, int count)
{
  qsort(values, (size_t)count, sizeof *values, ascending);
  return values[count / 2];
}

static void stop(const struct mlgrain_error *error)
{
  fprintf(stderr, "boundaries_core: %s\n", error->text);
  exit(EXIT_FAILURE);
}

/* The boundaries of a list with their crystals exchanged: R^-1 and the plane of crystal 2. */
static struct mlgrain_boundary *exchanged(const struct mlgrain_lattice *lattice,
                                          const struct mlgrain_coincidence_class *classes,
                                          const struct mlgrain_boundary_entry *list, size_t count)
{
  struct mlgrain_error error;
  struct mlgrain_boundary *result = calloc(count, sizeof *result);
  for (size_t k = 0; result && k < count; k++) {
    struct mlgrain_boundary one;
    const struct mlgrain_rotation *r = &classes[list[k].rotation_class].rotation;
    struct mlgrain_rotation back = *r;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        back.matrix[i][j] = r->matrix[j][i];
    if (mlgrain_boundary_create(lattice, r, list[k].plane, &one, &error) ||
        mlgrain_boundary_create(lattice, &back, one.plane[1], &result[k], &error))
      stop(&error);
  }
  return result;
}

/* Of one key, and of one distance to the boundary before. */
static void measure_each(const struct mlgrain_lattice *lattice,
                         const struct mlgrain_boundary *boundary, size_t count, double *key_time,
                         double *distance_time)
{
  struct mlgrain_boundary_key key;
  struct mlgrain_error error;
  double operation[MLGRAIN_MOST_LATTICE_ROTATIONS][4], sum = 0.0;
  const int operations = mlgrain_lattice_quaternions(lattice, operation);
  const double start = now();
  for (size_t k = 0; k < count; k++)
    if (mlgrain_boundary_key_find(lattice, &boundary[k], &key, &error))
      stop(&error);
  const double between = now();
  struct mlgrain_octonion last = mlgrain_boundary_octonion(lattice, &boundary[count - 1]);
  for (size_t k = 0; k < count; k++) {
    const struct mlgrain_octonion one = mlgrain_boundary_octonion(lattice, &boundary[k]);
    sum += mlgrain_octonion_distance(operation, operations, &last, &one, MLGRAIN_OCTONION_ALL);
    last = one;
  }
  *key_time = (between - start) / (double)count;
  *distance_time = (now() - between) / (double)count;
  if (!(sum > 0.0)) /* read, so that it is computed */
    exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
  const long sigma = argc > 1 ? atol(argv[1]) : 49;
  const double area = argc > 2 ? atof(argv[2]) : 7.6521;
  const int repetitions = argc > 3 ? atoi(argv[3]) : 15;
  if (repetitions < 1 || repetitions > MOST_REPETITIONS)
    return EXIT_FAILURE;
  static double list_time[MOST_REPETITIONS], key_time[MOST_REPETITIONS],
      distance_time[MOST_REPETITIONS];
  struct mlgrain_lattice lattice;
  struct mlgrain_error error;
  if (mlgrain_lattice_cubic(MLGRAIN_FACE_CENTERED, 1.0, &lattice, &error))
    stop(&error);
  size_t count = 0;
  for (int r = 0; r < repetitions; r++) {
    struct mlgrain_coincidence_class *classes;
    struct mlgrain_boundary_entry *list;
    size_t class_count;
    const double start = now();
    if (mlgrain_coincidence_classes(&lattice, sigma, &classes, &class_count, &error) ||
        mlgrain_boundaries_list(&lattice, classes, class_count, area, &list, &count, &error))
      stop(&error);
    list_time[r] = now() - start;
    struct mlgrain_boundary *boundary = exchanged(&lattice, classes, list, count);
    if (!boundary || !count)
      return EXIT_FAILURE;
    measure_each(&lattice, boundary, count, &key_time[r], &distance_time[r]);
    free(boundary);
    mlgrain_free(list);
    mlgrain_free(classes);
  }
  printf("| core, C | %zu boundaries | %.2f | %.2f | %.2f |\n", count,
         1e3 * median(list_time, repetitions), 1e6 * median(key_time, repetitions),
         1e6 * median(distance_time, repetitions));
  return EXIT_SUCCESS;
}
