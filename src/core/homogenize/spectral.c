/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spectral.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"

#ifdef MLGRAIN_HAVE_FFTW

#include <fftw3.h>
#include <pthread.h>

/* FFTW's planner, and only that, is not safe in threads. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

struct spectral {
  const struct medium *medium;
  green_kernel *green;
  double lame[2];
  size_t block; /* columns that go along z together; divides a row's complex numbers */
  double *table, *sine[3], *cosine[3];
  fftw_plan forward, backward, up, down;
};

/* Sines and cosines of pi i/n, exactly 0 at i = 0 and i = n/2; zeros for what fills up a row, so
   that nothing is made of that. */
static void fill_angles(size_t n, size_t count, size_t size, double *sine, double *cosine)
{
  for (size_t i = 0; i < size; i++) {
    const double angle = acos(-1.0) * (double)i / (double)n;
    sine[i] = i < count ? sin(angle) : 0.0;
    cosine[i] = i < count && 2 * i != n ? cos(angle) : 0.0;
  }
}

/* Complex numbers of a row: whole cache lines. */
static size_t width_of(const struct node_grid *grid)
{
  return grid->row / 2;
}

static int fill_tables(struct spectral *made)
{
  const struct node_grid *grid = &made->medium->grid;
  const size_t size[3] = {width_of(grid), grid->n[1], grid->n[2]};
  made->table = malloc(2 * (size[0] + size[1] + size[2]) * sizeof(double));
  if (!made->table)
    return 0;
  double *next = made->table;
  for (int d = 0; d < 3; d++) {
    made->sine[d] = next;
    made->cosine[d] = next + size[d];
    next += 2 * size[d];
    fill_angles(grid->n[d], d == 0 ? grid->n[0] / 2 + 1 : size[d], size[d], made->sine[d],
                made->cosine[d]);
  }
  return 1;
}

/* Plans without measuring, which are the same each time, so that results are, too. */
static void make_plans(struct spectral *made, double *plane, double *column)
{
  const struct node_grid *grid = &made->medium->grid;
  const int size[2] = {(int)grid->n[1], (int)grid->n[0]}, planes = (int)grid->n[2];
  const int real[2] = {size[0], (int)grid->row}, complex[2] = {size[0], (int)width_of(grid)};
  const int block = (int)made->block;
  fftw_complex *waves = (fftw_complex *)plane, *columns = (fftw_complex *)column;
  pthread_mutex_lock(&planner);
  made->forward =
      fftw_plan_many_dft_r2c(2, size, 1, plane, real, 1, 0, waves, complex, 1, 0, FFTW_ESTIMATE);
  made->backward =
      fftw_plan_many_dft_c2r(2, size, 1, waves, complex, 1, 0, plane, real, 1, 0, FFTW_ESTIMATE);
  made->up = fftw_plan_many_dft(1, &planes, block, columns, NULL, block, 1, columns, NULL, block, 1,
                                FFTW_FORWARD, FFTW_ESTIMATE);
  made->down = fftw_plan_many_dft(1, &planes, block, columns, NULL, block, 1, columns, NULL, block,
                                  1, FFTW_BACKWARD, FFTW_ESTIMATE);
  pthread_mutex_unlock(&planner);
}

static int fill_plans(struct spectral *made)
{
  const struct node_grid *grid = &made->medium->grid;
  double *plane = aligned_alloc(64, grid->plane * sizeof(double));
  double *column = aligned_alloc(64, 2 * made->block * grid->n[2] * sizeof(double));
  if (plane && column)
    make_plans(made, plane, column);
  free(plane);
  free(column);
  return made->forward && made->backward && made->up && made->down;
}

enum mlgrain_status spectral_create(const struct medium *medium, const double lame[2],
                                    green_kernel *green, struct spectral **spectral,
                                    struct mlgrain_error *error)
{
  struct spectral *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for transforms");
  made->medium = medium;
  made->green = green;
  memcpy(made->lame, lame, sizeof made->lame);
  /* Some columns fill cache lines and vectors, many would not stay in the nearest cache. */
  made->block = 4;
  for (size_t block = 8; block <= 16; block += 4)
    if (width_of(&medium->grid) % block == 0)
      made->block = block;
  if (!fill_tables(made) || !fill_plans(made)) {
    spectral_free(made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for transforms");
  }
  *spectral = made;
  return MLGRAIN_SUCCESS;
}

void spectral_free(struct spectral *spectral)
{
  if (!spectral)
    return;
  const fftw_plan plans[4] = {spectral->forward, spectral->backward, spectral->up, spectral->down};
  pthread_mutex_lock(&planner);
  for (int i = 0; i < 4; i++)
    if (plans[i])
      fftw_destroy_plan(plans[i]);
  pthread_mutex_unlock(&planner);
  free(spectral->table);
  free(spectral);
}

size_t spectral_work_size(const struct spectral *spectral)
{
  const struct medium *medium = spectral->medium;
  const size_t block = 2 * spectral->block * medium->grid.n[2];
  return (size_t)medium->fields * block + 8 * ((spectral->block + 7) / 8);
}

void spectral_forward(const struct spectral *spectral, double *plane)
{
  fftw_execute_dft_r2c(spectral->forward, plane, (fftw_complex *)plane);
}

void spectral_backward(const struct spectral *spectral, double *plane)
{
  fftw_execute_dft_c2r(spectral->backward, (fftw_complex *)plane, plane);
}

/* Between a block of columns next to each other and the planes it comes from. */
static void move_block(const struct spectral *spectral, double *from_plane, double *block,
                       int is_back)
{
  const struct node_grid *grid = &spectral->medium->grid;
  const size_t size = 2 * spectral->block;
  for (size_t k = 0; k < grid->n[2]; k++, from_plane += grid->plane, block += size)
    if (is_back)
      memcpy(from_plane, block, size * sizeof(double));
    else
      memcpy(block, from_plane, size * sizeof(double));
}

void spectral_apply(const struct spectral *spectral, size_t y, double *fields, double *work)
{
  const struct medium *medium = spectral->medium;
  const struct node_grid *grid = &medium->grid;
  const size_t size = 2 * spectral->block * grid->n[2];
  struct green_task task = {.count = spectral->block,
                            .planes = grid->n[2],
                            .full = medium->kind == CONDUCTING_FULL,
                            .norm = 1.0 /
                                    ((double)grid->n[0] * (double)grid->n[1] * (double)grid->n[2]),
                            .fields = medium->fields,
                            .block = work,
                            .factor = work + (size_t)medium->fields * size,
                            .y = y};
  memcpy(task.lame, spectral->lame, sizeof task.lame);
  for (int d = 0; d < 3; d++) {
    task.sine[d] = spectral->sine[d];
    task.cosine[d] = spectral->cosine[d];
    task.scale[d] = grid->scale[d];
  }
  for (size_t x = 0; 2 * x < grid->n[0] + 2; x += spectral->block) {
    task.first_x = x;
    double *place = fields + y * grid->row + 2 * x;
    for (int f = 0; f < medium->fields; f++) {
      double *block = work + (size_t)f * size;
      move_block(spectral, place + (size_t)f * grid->field, block, 0);
      fftw_execute_dft(spectral->up, (fftw_complex *)block, (fftw_complex *)block);
    }
    spectral->green(&task);
    for (int f = 0; f < medium->fields; f++) {
      double *block = work + (size_t)f * size;
      fftw_execute_dft(spectral->down, (fftw_complex *)block, (fftw_complex *)block);
      move_block(spectral, place + (size_t)f * grid->field, block, 1);
    }
  }
}

#else

enum mlgrain_status spectral_create(const struct medium *medium, const double lame[2],
                                    green_kernel *green, struct spectral **spectral,
                                    struct mlgrain_error *error)
{
  (void)medium, (void)lame, (void)green, (void)spectral;
  return mlgrain_fail(error, MLGRAIN_UNSUPPORTED,
                      "effective properties need FFTW 3, which wasn't here when this was compiled "
                      "(Debian: libfftw3-dev)");
}

void spectral_free(struct spectral *spectral)
{
  (void)spectral;
}

size_t spectral_work_size(const struct spectral *spectral)
{
  (void)spectral;
  return 0;
}

void spectral_forward(const struct spectral *spectral, double *plane)
{
  (void)spectral, (void)plane;
}

void spectral_backward(const struct spectral *spectral, double *plane)
{
  (void)spectral, (void)plane;
}

void spectral_apply(const struct spectral *spectral, size_t y, double *fields, double *work)
{
  (void)spectral, (void)y, (void)fields, (void)work;
}

#endif
