/* SPDX-License-Identifier: GPL-2.0-or-later */
/* homogenize_core VOXELS GRAINS TOLERANCE CONTRAST REPEATS [elastic|full|rotated [THREADS [OUT]]]:
   CPU time of the effective conductivity (or stiffness) of a cube with random Voronoi grains, whose
   voxels with another grain beside them are a boundary phase of that contrast. OUT receives the
   phases, int32, x fastest, with 1 at boundaries. Prints one line a repeat: seconds of all threads,
   milliseconds per iteration, iterations of all loads, mebibytes, mean of the diagonal, seconds
   that passed. */
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mlgrain/homogenize.h"

static double uniform(void)
{
  static uint64_t state = 1;
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(state >> 11) * 0x1p-53;
}

static void fail(const char *text)
{
  fprintf(stderr, "homogenize_core: %s\n", text);
  exit(1);
}

/* The nearest of the seeds to each voxel, periodic. */
static void fill_grains(size_t n, int grains, int32_t *grain)
{
  double(*seed)[3] = malloc((size_t)grains * sizeof *seed);
  if (!seed)
    fail("no memory");
  for (int g = 0; g < grains; g++)
    for (int d = 0; d < 3; d++)
      seed[g][d] = (double)n * uniform();
  for (size_t at = 0; at < n * n * n; at++) {
    const double x[3] = {(double)(at % n) + 0.5, (double)(at / n % n) + 0.5,
                         (double)(at / n / n) + 0.5};
    double least = INFINITY;
    for (int g = 0; g < grains; g++) {
      double square = 0.0;
      for (int d = 0; d < 3; d++) {
        double step = fabs(x[d] - seed[g][d]);
        step = fmin(step, (double)n - step);
        square += step * step;
      }
      if (square < least) {
        least = square;
        grain[at] = g;
      }
    }
  }
  free(seed);
}

static int32_t *make_phases(size_t n, int grains)
{
  int32_t *grain = malloc(n * n * n * sizeof *grain), *phase = malloc(n * n * n * sizeof *phase);
  if (!grain || !phase)
    fail("no memory");
  fill_grains(n, grains, grain);
  for (size_t at = 0; at < n * n * n; at++) {
    const size_t x = at % n, y = at / n % n, z = at / n / n;
    const size_t beside[6] = {at - x + (x + 1) % n,
                              at - x + (x + n - 1) % n,
                              at + ((y + 1) % n) * n - y * n,
                              at + ((y + n - 1) % n) * n - y * n,
                              at + ((z + 1) % n) * n * n - z * n * n,
                              at + ((z + n - 1) % n) * n * n - z * n * n};
    phase[at] = 0;
    for (int b = 0; b < 6; b++)
      if (grain[beside[b]] != grain[at])
        phase[at] = 1;
  }
  free(grain);
  return phase;
}

static double seconds(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A part of the work, in a thread. */
struct part {
  pthread_t thread;
  void (*work)(void *, int);
  void *task;
  int number;
};

static void *do_part(void *argument)
{
  const struct part *part = argument;
  part->work(part->task, part->number);
  return NULL;
}

static void share(void *context, int threads, void (*work)(void *, int), void *task)
{
  (void)context;
  struct part part[64];
  for (int t = 1; t < threads; t++) {
    part[t] = (struct part){.work = work, .task = task, .number = t};
    if (pthread_create(&part[t].thread, NULL, do_part, &part[t]))
      fail("no thread");
  }
  work(task, 0);
  for (int t = 1; t < threads; t++)
    pthread_join(part[t].thread, NULL);
}

int main(int argc, char **argv)
{
  if (argc < 6)
    fail("homogenize_core VOXELS GRAINS TOLERANCE CONTRAST REPEATS [elastic|full|rotated [THREADS "
         "[OUT]]]");
  const size_t n = (size_t)atoi(argv[1]);
  const double contrast = atof(argv[4]);
  const char *kind = argc > 6 ? argv[6] : "rotated";
  const int size = strcmp(kind, "elastic") == 0 ? 6 : 3;
  int32_t *phase = make_phases(n, atoi(argv[2]));
  if (argc > 8) {
    FILE *file = fopen(argv[8], "wb");
    if (!file || fwrite(phase, sizeof *phase, n * n * n, file) != n * n * n || fclose(file))
      fail("the phases can't be written");
  }
  double tensor[2 * 36] = {0.0};
  for (int p = 0; p < 2; p++)
    for (int i = 0; i < size; i++)
      for (int j = 0; j < size; j++)
        tensor[(p * size + i) * size + j] =
            (p ? contrast : 1.0) *
            ((i == j) + (size == 6 && i < 3 && j < 3 ? 1.0 + (i == j) : 0.0));
  const struct mlgrain_voxels voxels = {{n, n, n}, {1.0, 1.0, 1.0}, phase};
  struct mlgrain_homogenize_settings settings = mlgrain_homogenize_default();
  settings.tolerance = atof(argv[3]);
  settings.threads = argc > 7 ? atoi(argv[7]) : 1;
  if (settings.threads < 1 || settings.threads > 64)
    fail("1 to 64 threads");
  if (settings.threads > 1)
    settings.share = share;
  if (strcmp(kind, "full") == 0)
    settings.scheme = MLGRAIN_FULL;
  for (int repeat = 0; repeat < atoi(argv[5]); repeat++) {
    struct mlgrain_homogenize_report report;
    struct mlgrain_error error;
    double small[3][3], large[6][6], diagonal = 0.0;
    const double start = seconds(CLOCK_PROCESS_CPUTIME_ID), began = seconds(CLOCK_MONOTONIC);
    const enum mlgrain_status status =
        size == 3
            ? mlgrain_conductivity(&voxels, 2, tensor, &settings, small, NULL, &report, &error)
            : mlgrain_stiffness(&voxels, 2, tensor, &settings, large, NULL, &report, &error);
    const double time = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    const double passed = seconds(CLOCK_MONOTONIC) - began;
    if (status)
      fail(error.text);
    int iterations = 0;
    for (int load = 0; load < size; load++) {
      iterations += report.iterations[load];
      diagonal += (size == 3 ? small[load][load] : large[load][load]) / size;
    }
    printf("%.4f %.3f %d %.1f %.12f %.4f\n", time, 1e3 * time / iterations, iterations,
           (double)report.bytes / 1048576.0, diagonal, passed);
  }
  free(phase);
  return 0;
}
