/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time per atom of the steps of training: energies and forces, the loss with its gradient, a
   product with the Gauss-Newton matrix, this matrix, that of the linear parameters; one thread,
   body-centered cubic crystals with thermal displacements as configurations. mtp_train_core [-n
   cells] [-a lattice] [-u displacement]
   [-f frames] [-r repeats] [-s species]
                    [-b atoms in a block] FILE|LEVEL...
   A number in the place of a file is the level of a new potential, with a cutoff of 6.5 (-c), whose
   functions get random coefficients. Repeats alternate between the steps; the table has the median
   of the processor's time. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "checked.h"
#include "mlgrain/mtp_train.h"

enum { MAX_REPEATS = 101, STEPS = 5 };

struct options {
  int cells, frames, repeats, species;
  size_t block;
  double lattice, displacement, cutoff;
};

/* One configuration in memory of its own. */
struct crystal {
  double (*x)[3], (*force)[3], *force_weight;
  int *species, *owner, *neighbors;
  size_t *first;
};

static void succeed(enum mlgrain_status status, const struct mlgrain_error *error)
{
  if (status) {
    fprintf(stderr, "%s\n", error->text);
    exit(EXIT_FAILURE);
  }
}

/* Atoms, then all images within the cutoff of the box. */
static void add_atoms(const struct options *options, double cutoff, unsigned long *state,
                      struct crystal *crystal, struct mlgrain_mtp_frame *frame)
{
  const int n = options->cells, count = 2 * n * n * n;
  const double box = n * options->lattice;
  const int shells = (int)ceil(cutoff / box), side = 2 * shells + 1;
  const size_t most = (size_t)count * (size_t)(side * side * side);
  crystal->x = checked(malloc(most * sizeof *crystal->x));
  crystal->owner = checked(malloc(most * sizeof *crystal->owner));
  crystal->species = checked(malloc((size_t)count * sizeof *crystal->species));
  for (int k = 0; k < count; k++) {
    const int cell[3] = {k / 2 % n, k / 2 / n % n, k / 2 / n / n};
    for (int d = 0; d < 3; d++)
      crystal->x[k][d] =
          (cell[d] + 0.5 * (k % 2)) * options->lattice + options->displacement * gaussian(state);
    crystal->species[k] = (int)(options->species * uniform(state));
    crystal->owner[k] = k;
  }
  frame->atoms = frame->total = (size_t)count;
  for (int s = 0; s < side * side * side; s++) {
    const int shift[3] = {s % side - shells, s / side % side - shells, s / side / side - shells};
    for (int k = 0; k < count && (shift[0] || shift[1] || shift[2]); k++) {
      double *x = crystal->x[frame->total];
      int inside = 1;
      for (int d = 0; d < 3; d++) {
        x[d] = crystal->x[k][d] + shift[d] * box;
        inside = inside && x[d] > -cutoff - 1.0 && x[d] < box + cutoff + 1.0;
      }
      crystal->owner[frame->total] = k;
      frame->total += (size_t)inside;
    }
  }
}

static void add_lists(double cutoff, struct crystal *crystal, struct mlgrain_mtp_frame *frame)
{
  size_t count = 0;
  crystal->first = checked(malloc((frame->atoms + 1) * sizeof *crystal->first));
  crystal->neighbors = checked(malloc(frame->atoms * frame->total * sizeof *crystal->neighbors));
  for (size_t i = 0; i < frame->atoms; i++) {
    crystal->first[i] = count;
    for (size_t j = 0; j < frame->total; j++) {
      double r2 = 0.0;
      for (int d = 0; d < 3; d++)
        r2 += pow(crystal->x[i][d] - crystal->x[j][d], 2);
      if (j != i && r2 < cutoff * cutoff)
        crystal->neighbors[count++] = (int)j;
    }
  }
  crystal->first[frame->atoms] = count;
}

/* Forces of zero: what labels are doesn't change the time. */
static void make_frame(const struct options *options, double cutoff, unsigned long *state,
                       struct crystal *crystal, struct mlgrain_mtp_frame *frame)
{
  add_atoms(options, cutoff, state, crystal, frame);
  add_lists(cutoff, crystal, frame);
  crystal->force = checked(calloc(frame->atoms, sizeof *crystal->force));
  crystal->force_weight = checked(malloc(frame->atoms * sizeof *crystal->force_weight));
  for (size_t i = 0; i < frame->atoms; i++)
    crystal->force_weight[i] = 1.0;
  frame->x = (const double(*)[3])crystal->x;
  frame->owner = crystal->owner;
  frame->species = crystal->species;
  frame->neighbors = crystal->neighbors;
  frame->first = crystal->first;
  frame->force = (const double(*)[3])crystal->force;
  frame->force_weight = crystal->force_weight;
  frame->energy_weight = frame->virial_weight = 1.0;
}

static void free_crystal(struct crystal *crystal)
{
  free(crystal->x);
  free(crystal->force);
  free(crystal->force_weight);
  free(crystal->species);
  free(crystal->owner);
  free(crystal->neighbors);
  free(crystal->first);
}

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

/* One step on all data; returns the processor's time. */
static double take_step(int step, const struct mlgrain_mtp_data *data,
                        const struct mlgrain_mtp_model *model,
                        struct mlgrain_mtp_train_workspace *workspace, size_t n, double *arrays)
{
  struct mlgrain_mtp_loss loss = {0};
  struct mlgrain_error error;
  double *direction = arrays, *sums = arrays + n, *normal = arrays + 2 * n;
  const double start = seconds();
  for (size_t block = 0; block < mlgrain_mtp_data_blocks(data); block++)
    if (step == 0)
      succeed(mlgrain_mtp_data_loss(data, model, workspace, block, &loss, NULL, &error), &error);
    else if (step == 1)
      succeed(mlgrain_mtp_data_loss(data, model, workspace, block, &loss, sums, &error), &error);
    else if (step == 2)
      succeed(mlgrain_mtp_data_product(data, model, workspace, block, direction, sums, &error),
              &error);
    else
      succeed(mlgrain_mtp_data_normal(data, model, workspace, block,
                                      step == 3 ? MLGRAIN_MTP_ALL : MLGRAIN_MTP_LINEAR, normal,
                                      sums, NULL, &loss, &error),
              &error);
  return seconds() - start;
}

static void measure(const char *name, const struct mlgrain_mtp_file *file,
                    const struct options *options)
{
  struct mlgrain_error error;
  struct mlgrain_mtp_model *model;
  struct mlgrain_mtp_data *data;
  struct mlgrain_mtp_train_workspace *workspace;
  const size_t n = file->parameter_count, count = (size_t)options->frames;
  struct crystal *crystals = checked(calloc(count, sizeof *crystals));
  struct mlgrain_mtp_frame *frames = checked(calloc(count, sizeof *frames));
  double *arrays = checked(calloc(2 * n + n * n, sizeof *arrays)), time[STEPS][MAX_REPEATS];
  unsigned long state = 1;
  for (size_t k = 0; k < count; k++)
    make_frame(options, file->max_dist, &state, &crystals[k], &frames[k]);
  succeed(mlgrain_mtp_model_create(file, mlgrain_simd_best(), &model, &error), &error);
  succeed(mlgrain_mtp_data_create(model, frames, count, options->block, &data, &error), &error);
  succeed(mlgrain_mtp_train_workspace_create(&workspace, &error), &error);
  const double atoms = (double)mlgrain_mtp_data_atoms(data);
  for (int repeat = -1; repeat < options->repeats; repeat++) /* the first warms up */
    for (int step = 0; step < STEPS; step++) {
      const double t = take_step(step, data, model, workspace, n, arrays) / atoms;
      time[step][repeat < 0 ? 0 : repeat] = t;
    }
  printf("%-20s %-24s %5zu %7.0f", name, mlgrain_simd_name(mlgrain_simd_best()), n, atoms);
  for (int step = 0; step < STEPS; step++)
    qsort(time[step], (size_t)options->repeats, sizeof(double), ascending);
  for (int step = 0; step < STEPS; step++)
    printf(" %9.2f", 1e6 * time[step][options->repeats / 2]);
  printf(" %9.2f\n", time[1][options->repeats / 2] / time[0][options->repeats / 2]);
  mlgrain_mtp_train_workspace_free(workspace);
  mlgrain_mtp_data_free(data);
  mlgrain_mtp_model_free(model);
  for (size_t k = 0; k < count; k++)
    free_crystal(&crystals[k]);
  free(crystals);
  free(frames);
  free(arrays);
}

static struct mlgrain_mtp_file *open_file(const char *name, const struct options *options)
{
  struct mlgrain_mtp_file *file;
  struct mlgrain_error error;
  unsigned long state = 2;
  if (strspn(name, "0123456789") < strlen(name)) {
    succeed(mlgrain_mtp_file_read(name, &file, &error), &error);
    return file;
  }
  const struct mlgrain_mtp_form form = {.level = atoi(name),
                                        .species_count = options->species,
                                        .min_dist = 1.5,
                                        .max_dist = options->cutoff,
                                        .radial_size = 8,
                                        .seed = 1};
  succeed(mlgrain_mtp_file_new(&form, &file, &error), &error);
  for (int k = 0; k < file->scalar_count; k++)
    file->moment_coeffs[k] = gaussian(&state);
  return file;
}

static void parse(int argc, char **argv, struct options *options)
{
  for (int c; (c = getopt(argc, argv, "n:a:u:f:r:s:b:c:")) != -1;) {
    if (c == 'n')
      options->cells = atoi(optarg);
    else if (c == 'a')
      options->lattice = atof(optarg);
    else if (c == 'u')
      options->displacement = atof(optarg);
    else if (c == 'f')
      options->frames = atoi(optarg);
    else if (c == 'r')
      options->repeats = atoi(optarg);
    else if (c == 's')
      options->species = atoi(optarg);
    else if (c == 'b')
      options->block = (size_t)atoi(optarg);
    else if (c == 'c')
      options->cutoff = atof(optarg);
    else
      exit(EXIT_FAILURE);
  }
  if (options->repeats < 1 || options->repeats > MAX_REPEATS || options->cells < 1 ||
      options->frames < 1 || options->species < 1) {
    fprintf(stderr, "1 to %d repeats, at least one cell, configuration and species\n", MAX_REPEATS);
    exit(EXIT_FAILURE);
  }
}

int main(int argc, char **argv)
{
  struct options options = {3, 20, 5, 1, 256, 2.83, 0.08, 6.5};
  parse(argc, argv, &options);
  printf("%-20s %-24s %5s %7s %9s %9s %9s %9s %9s %9s\n", "potential", "level", "n", "atoms",
         "forces", "gradient", "product", "matrix", "linear", "ratio");
  for (int f = optind; f < argc; f++) {
    struct mlgrain_mtp_file *file = open_file(argv[f], &options);
    const char *name = strrchr(argv[f], '/');
    measure(name ? name + 1 : argv[f], file, &options);
    mlgrain_mtp_file_free(file);
  }
  return EXIT_SUCCESS;
}
