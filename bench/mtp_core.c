/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time per atom of a moment tensor potential in the core alone: a body-centered cubic crystal with
   thermal displacements, periodic images as explicit atoms, neighbor lists with a skin as LAMMPS
   has them.
     mtp_core [-n cells] [-a lattice] [-u displacement] [-s skin] [-m margin] [-k evaluations]
              [-r repeats] [-t species] [-g] [-b threshold] [-q] [-x] [-l level] FILE...
   Short lists get that margin (0.4, what the pair style takes with this skin), and an evaluation is
   charged with its part of making them once in that many (15).
   -t spreads atoms over that many species (default: all that the file has); -g adds grades (with a
   unit matrix as active set where the file has none); -b with grades that are exact above a
   threshold only (mlgrain/mtp_bounds.h, from a sample of the same atoms), -q and an exact largest
   one; -x adds mixed precision, with the root mean square and the largest error of force
   components, in units of the largest force; -l times one SIMD level (0, 1 or 2) only, for `perf
   record`, which shows the stages by function. Repeats alternate between files and SIMD levels; the
   table has the median. To build: cc -O2 -Isrc/core/include bench/mtp_core.c -Lbuild -lmlgrain -lm
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mlgrain/mtp.h"
#include "mlgrain/mtp_bounds.h"
#include "mtp_crystal.h"

struct options {
  struct crystal_options crystal;
  int repeats, grades, largest, mixed, first_level, last_level, evaluations;
  double skin, margin, threshold; /* of bounds, 0: none */
};

enum { MAX_FILES = 16, MAX_REPEATS = 101 };

static double seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* A potential made ready, and what was measured of it. */
struct variant {
  struct mlgrain_mtp *mtp;
  double time[MAX_REPEATS], energy;
  double (*force)[3]; /* [local] */
  struct mlgrain_mtp_grade_bounds *bounds;
  double largest_grade, rows; /* exact ones an atom */
};

/* Everything for one file. */
struct subject {
  struct mlgrain_mtp_file *file;
  struct crystal crystal;
  struct variant variant[MLGRAIN_SIMD_LEVELS][2]; /* in double, and in mixed precision */
};

static void add_active_set(struct mlgrain_mtp_file *file)
{
  const size_t n = file->parameter_count;
  if (file->active_inverse)
    return;
  file->grade_mode = MLGRAIN_MTP_NEIGHBORHOOD;
  file->site_weight = 1.0;
  file->active_inverse = checked(calloc(n * n, sizeof(double)));
  for (size_t k = 0; k < n; k++)
    file->active_inverse[k * (n + 1)] = 1.0;
}

static void prepare(const char *path, const struct options *options, struct subject *subject)
{
  struct mlgrain_error error;
  struct crystal_options own = options->crystal;
  if (mlgrain_mtp_file_read(path, &subject->file, &error)) {
    fprintf(stderr, "%s\n", error.text);
    exit(EXIT_FAILURE);
  }
  if (options->grades)
    add_active_set(subject->file);
  const double reach = subject->file->max_dist + options->skin;
  if (own.species <= 0 || own.species > subject->file->species_count)
    own.species = subject->file->species_count;
  add_atoms(&own, reach, &subject->crystal);
  add_lists(reach, &subject->crystal);
  for (int level = 0; level <= (int)mlgrain_simd_best(); level++)
    for (int mixed = 0; mixed <= options->mixed; mixed++) {
      struct variant *variant = &subject->variant[level][mixed];
      const enum mlgrain_simd_level simd = (enum mlgrain_simd_level)level;
      if (mixed ? mlgrain_mtp_create_mixed(subject->file, simd, &variant->mtp, &error)
                : mlgrain_mtp_create(subject->file, simd, &variant->mtp, &error)) {
        fprintf(stderr, "%s\n", error.text);
        exit(EXIT_FAILURE);
      }
      variant->force = checked(malloc((size_t)subject->crystal.local * sizeof *variant->force + 1));
    }
}

/* Bounds from a sample of the atoms, whose lists must be there. */
static void make_bounds(const struct subject *subject, const struct options *options,
                        const struct mlgrain_mtp_atoms *atoms, struct variant *variant)
{
  const struct crystal *crystal = &subject->crystal;
  const size_t n = subject->file->parameter_count, atom_count = (size_t)crystal->local;
  size_t count = mlgrain_mtp_bound_samples(variant->mtp);
  struct mlgrain_mtp_workspace *workspace;
  count = count < atom_count ? count : atom_count;
  double *gradients = checked(calloc(count * n, sizeof *gradients));
  if (mlgrain_mtp_workspace_create(&workspace, NULL))
    exit(EXIT_FAILURE);
  for (size_t k = 0; k < count; k++) {
    struct mlgrain_mtp_result result = {.gradient_sum = gradients + k * n};
    if (mlgrain_mtp_compute(variant->mtp, workspace, atoms,
                            crystal->center + k * (atom_count / count), 1, &result, NULL))
      exit(EXIT_FAILURE);
  }
  const double start = seconds();
  if (mlgrain_mtp_grade_bounds_create(variant->mtp, gradients, count, options->threshold,
                                      options->largest, &variant->bounds, NULL))
    exit(EXIT_FAILURE);
  fprintf(stderr, "bounds from %zu atoms: %.3f s\n", count, seconds() - start);
  mlgrain_mtp_workspace_free(workspace);
  free(gradients);
}

static void measure(struct subject *subject, const struct options *options, struct variant *variant,
                    int repeat)
{
  const struct crystal *crystal = &subject->crystal;
  struct mlgrain_mtp_workspace *workspace;
  double(*force)[3] = checked(calloc((size_t)crystal->total, sizeof *force));
  double *grade = checked(calloc((size_t)crystal->local, sizeof *grade));
  int *species_of_type =
      checked(malloc((size_t)subject->file->species_count * sizeof *species_of_type));
  for (int s = 0; s < subject->file->species_count; s++)
    species_of_type[s] = s;
  float(*screen)[4] = checked(malloc((size_t)crystal->total * sizeof *screen));
  struct mlgrain_mtp_atoms atoms = {.x = (const double(*)[3])crystal->x,
                                    .type = crystal->type,
                                    .species_of_type = species_of_type,
                                    .type_count = subject->file->species_count,
                                    .neighbor_count = crystal->neighbor_count,
                                    .neighbor_mask = -1,
                                    .screen = (const float(*)[4])screen};
  struct mlgrain_mtp_result result = {.force = force,
                                      .grade = options->grades ? grade : NULL,
                                      .grade_threshold = options->threshold,
                                      .find_largest = options->largest};
  if (mlgrain_mtp_workspace_create(&workspace, NULL))
    exit(EXIT_FAILURE);
  for (int pass = 0; pass < 2; pass++) { /* the first warms up */
    const double start = seconds();
    result.energy = 0.0;
    atoms.neighbors = (const int *const *)crystal->neighbors;
    atoms.screen_extent =
        mlgrain_mtp_screen(&atoms, crystal->x[0], 0, (size_t)crystal->total, screen);
    const double screened = seconds();
    if (options->threshold > 0.0 && !variant->bounds)
      make_bounds(subject, options, &atoms, variant);
    const double ready = seconds();
    result.grade_bounds = variant->bounds;
    result.largest_grade = 0.0;
    result.grade_rows = 0;
    if (mlgrain_mtp_shorten(variant->mtp, workspace, &atoms, crystal->center,
                            (size_t)crystal->local, options->margin, NULL))
      exit(EXIT_FAILURE);
    const double shortened = seconds();
    atoms.neighbors = NULL;
    if (mlgrain_mtp_compute(variant->mtp, workspace, &atoms, crystal->center,
                            (size_t)crystal->local, &result, NULL))
      exit(EXIT_FAILURE);
    variant->time[repeat] =
        (seconds() - shortened + screened - start + (shortened - ready) / options->evaluations) /
        crystal->local;
  }
  variant->energy = result.energy / crystal->local;
  variant->largest_grade = result.largest_grade;
  variant->rows = (double)result.grade_rows / crystal->local;
  for (int i = 0; i < crystal->total; i++)
    for (int d = 0; d < 3; d++)
      force[crystal->owner[i]][d] += i < crystal->local ? 0.0 : force[i][d];
  memcpy(variant->force, force, (size_t)crystal->local * sizeof *force);
  mlgrain_mtp_workspace_free(workspace);
  free(screen);
  free(force);
  free(grade);
  free(species_of_type);
}

/* The root mean square of what two variants' forces differ by, and the largest, in units of the
   largest force. */
static void force_errors(const struct variant *a, const struct variant *b, int atoms,
                         double error[2])
{
  double square = 0.0, worst = 0.0, largest = 0.0;
  for (int i = 0; i < atoms; i++)
    for (int d = 0; d < 3; d++) {
      const double difference = a->force[i][d] - b->force[i][d];
      square += difference * difference;
      worst = fmax(worst, fabs(difference));
      largest = fmax(largest, fabs(b->force[i][d]));
    }
  error[0] = sqrt(square / (3.0 * atoms)) / largest;
  error[1] = worst / largest;
}

static void report(const char *path, struct subject *subject, const struct options *options)
{
  const char *name = strrchr(path, '/');
  for (int level = options->first_level; level <= options->last_level; level++)
    for (int mixed = 0; mixed <= options->mixed; mixed++) {
      struct variant *variant = &subject->variant[level][mixed];
      qsort(variant->time, (size_t)options->repeats, sizeof *variant->time, ascending);
      printf("%-24s %-24s %-7s %6d %7.1f %8.3f %8.3f  %.12g", name ? name + 1 : path,
             mlgrain_simd_name((enum mlgrain_simd_level)level), mixed ? "mixed" : "double",
             subject->crystal.local, mean_neighbors(&subject->crystal),
             1e6 * variant->time[options->repeats / 2], 1e6 * variant->time[0], variant->energy);
      if (mixed) {
        double error[2];
        force_errors(variant, &subject->variant[level][0], subject->crystal.local, error);
        printf("  %.2g %.2g", error[0], error[1]);
      }
      if (variant->bounds)
        printf("  %.4f, %.2f of %zu", variant->largest_grade, variant->rows,
               subject->file->parameter_count);
      printf("\n");
    }
}

static void parse(int argc, char **argv, struct options *options)
{
  for (int c; (c = getopt(argc, argv, "n:a:u:s:m:k:r:t:l:b:gqx")) != -1;) {
    if (take_option(&options->crystal, c, optarg))
      continue;
    if (c == 's')
      options->skin = atof(optarg);
    else if (c == 'm')
      options->margin = atof(optarg);
    else if (c == 'k')
      options->evaluations = atoi(optarg);
    else if (c == 'r')
      options->repeats = atoi(optarg);
    else if (c == 't')
      options->crystal.species = atoi(optarg);
    else if (c == 'l')
      options->first_level = options->last_level = atoi(optarg);
    else if (c == 'g')
      options->grades = 1;
    else if (c == 'b')
      options->threshold = atof(optarg);
    else if (c == 'q')
      options->largest = 1;
    else if (c == 'x')
      options->mixed = 1;
    else
      exit(EXIT_FAILURE);
  }
  options->grades |= options->threshold > 0.0;
  if (options->repeats < 1 || options->repeats > MAX_REPEATS || options->crystal.cells < 1 ||
      options->evaluations < 1 || (options->mixed && options->grades) ||
      argc - optind > MAX_FILES || options->first_level < 0 ||
      options->last_level > (int)mlgrain_simd_best()) {
    fprintf(stderr,
            "1 to %d repeats, 1 to %d files, at least one cell and evaluation, a level of this "
            "machine; grades or mixed precision\n",
            MAX_REPEATS, MAX_FILES);
    exit(EXIT_FAILURE);
  }
}

int main(int argc, char **argv)
{
  struct options options = {.crystal = {.cells = 8, .lattice = 2.83, .displacement = 0.08},
                            .repeats = 7,
                            .last_level = (int)mlgrain_simd_best(),
                            .evaluations = 15,
                            .skin = 2.0,
                            .margin = 0.4};
  static struct subject subjects[MAX_FILES];
  parse(argc, argv, &options);
  const int files = argc - optind;
  for (int f = 0; f < files; f++)
    prepare(argv[optind + f], &options, &subjects[f]);
  for (int repeat = 0; repeat < options.repeats; repeat++)
    for (int f = 0; f < files; f++)
      for (int level = options.first_level; level <= options.last_level; level++)
        for (int mixed = 0; mixed <= options.mixed; mixed++)
          measure(&subjects[f], &options, &subjects[f].variant[level][mixed], repeat);
  printf("%-24s %-24s %-7s %6s %7s %8s %8s  %s\n", "file", "level", "", "atoms", "listed",
         "us/atom", "least", "energy/atom, errors of forces; largest grade, rows per atom");
  for (int f = 0; f < files; f++) {
    report(argv[optind + f], &subjects[f], &options);
    free_crystal(&subjects[f].crystal);
    for (int level = 0; level < MLGRAIN_SIMD_LEVELS; level++)
      for (int mixed = 0; mixed < 2; mixed++) {
        mlgrain_mtp_grade_bounds_free(subjects[f].variant[level][mixed].bounds);
        mlgrain_mtp_free(subjects[f].variant[level][mixed].mtp);
        free(subjects[f].variant[level][mixed].force);
      }
    mlgrain_mtp_file_free(subjects[f].file);
  }
  return EXIT_SUCCESS;
}
