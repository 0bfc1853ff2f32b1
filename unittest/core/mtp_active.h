/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random active sets for the potentials of mtp_random.h, with the structure that those of several
   species have. */
#ifndef MTP_ACTIVE_H
#define MTP_ACTIVE_H

#include "mtp_random.h"

static inline size_t block_size(const struct mlgrain_mtp_file *file)
{
  return (size_t)file->species_count * (size_t)file->radial_count * (size_t)file->radial_size;
}

/* Rows like those of centers of all species in turn. */
static inline void random_rows(struct mlgrain_mtp_file *file, unsigned long seed)
{
  struct random_source source = {seed};
  const size_t n = file->parameter_count, block = block_size(file);
  const size_t species = (size_t)file->species_count;
  file->grade_mode = MLGRAIN_MTP_NEIGHBORHOOD;
  file->site_weight = 1.5;
  file->active_set = calloc(n * n, sizeof(double));
  file->active_inverse = calloc(n * n, sizeof(double));
  for (size_t k = 0; k < n; k++) {
    double *row = file->active_set + k * n;
    const size_t s = k % species;
    for (size_t l = 0; l < block; l++)
      row[s * block + l] = random_number(&source, -1, 1);
    row[species * block + s] = 1.0;
    for (size_t l = species * (block + 1); l < n; l++)
      row[l] = random_number(&source, -1, 1);
  }
}

/* Gauss-Jordan elimination with pivots from the columns; 0 if A is singular. */
static inline int invert(struct mlgrain_mtp_file *file)
{
  const size_t n = file->parameter_count, width = 2 * n;
  double *a = calloc(n * width, sizeof *a), largest = 1.0;
  for (size_t k = 0; k < n; k++) {
    memcpy(a + k * width, file->active_set + k * n, n * sizeof *a);
    a[k * width + n + k] = 1.0;
  }
  for (size_t column = 0; column < n && largest > 0.0; column++) {
    size_t pivot = column;
    for (size_t k = column; k < n; k++)
      if (fabs(a[k * width + column]) > fabs(a[pivot * width + column]))
        pivot = k;
    largest = fabs(a[pivot * width + column]);
    for (size_t l = 0; l < width && largest > 0.0; l++) {
      const double moved = a[pivot * width + l];
      a[pivot * width + l] = a[column * width + l];
      a[column * width + l] = moved;
    }
    const double inverse = 1.0 / a[column * width + column];
    for (size_t l = 0; l < width; l++)
      a[column * width + l] *= inverse;
    for (size_t k = 0; k < n; k++) {
      const double factor = a[k * width + column];
      for (size_t l = 0; l < width && k != column; l++)
        a[k * width + l] -= factor * a[column * width + l];
    }
  }
  for (size_t k = 0; k < n; k++)
    for (size_t l = 0; l < n; l++)
      file->active_inverse[k * n + l] = a[l * width + n + k];
  free(a);
  return largest > 0.0;
}

static inline struct mlgrain_mtp_file *structured_file(const struct random_form *form)
{
  struct mlgrain_mtp_file *file = random_file(form, 5);
  random_rows(file, 31);
  return file;
}

#endif
