/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A potential with other species, of which it keeps what it knows. */
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "mlgrain/mtp_train.h"

enum { MOST_SPECIES = 1000 };

static enum mlgrain_status check_labels(const int label[], int count, struct mlgrain_error *error)
{
  if (count < 1 || count > MOST_SPECIES)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%d species", count);
  for (int i = 0; i < count; i++) {
    if (label[i] < 0)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "a species has the label %d", label[i]);
    for (int j = 0; j < i; j++)
      if (label[i] == label[j])
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "two species have the label %d",
                            label[i]);
  }
  return MLGRAIN_SUCCESS;
}

/* For each label its number in the file, -1 where it is new. */
static void find_old(const struct mlgrain_mtp_file *file, const int label[], int count, int old[])
{
  for (int i = 0; i < count; i++) {
    old[i] = -1;
    for (int k = 0; k < file->species_count; k++)
      if (file->label[k] == label[i])
        old[i] = k;
  }
}

/* Copies of old groups of `size` numbers, from[i] being the number of the old one or -1; the mean
   of the copied ones for the others, or of all `old_count` if none was copied. */
static void copy_groups(const double *old, int old_count, size_t size, const int from[],
                        size_t count, double *made)
{
  size_t known = 0;
  for (size_t i = 0; i < count; i++)
    known += from[i] >= 0;
  for (size_t k = 0; k < size; k++) {
    double mean = 0.0;
    if (known)
      for (size_t i = 0; i < count; i++)
        mean += from[i] >= 0 ? old[(size_t)from[i] * size + k] / (double)known : 0.0;
    else
      for (int i = 0; i < old_count; i++)
        mean += old[(size_t)i * size + k] / old_count;
    for (size_t i = 0; i < count; i++)
      made[i * size + k] = from[i] >= 0 ? old[(size_t)from[i] * size + k] : mean;
  }
}

/* The new arrays. */
struct parts {
  int *label, *species, *pairs;
  double *radial_coeffs, *species_coeffs;
};

static void free_parts(struct parts *parts)
{
  free(parts->label);
  free(parts->species);
  free(parts->pairs);
  free(parts->radial_coeffs);
  free(parts->species_coeffs);
}

static void fill(const struct mlgrain_mtp_file *file, const int label[], size_t count,
                 struct parts *made)
{
  const int old_count = file->species_count;
  memcpy(made->label, label, count * sizeof *label);
  find_old(file, label, (int)count, made->species);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count; j++)
      made->pairs[i * count + j] = made->species[i] < 0 || made->species[j] < 0
                                       ? -1
                                       : made->species[i] * old_count + made->species[j];
  copy_groups(file->radial_coeffs, old_count * old_count,
              (size_t)file->radial_count * (size_t)file->radial_size, made->pairs, count * count,
              made->radial_coeffs);
  copy_groups(file->species_coeffs, old_count, 1, made->species, count, made->species_coeffs);
}

enum mlgrain_status mlgrain_mtp_file_set_species(struct mlgrain_mtp_file *file, const int label[],
                                                 int count, struct mlgrain_error *error)
{
  const enum mlgrain_status status = check_labels(label, count, error);
  if (status)
    return status;
  const size_t n = (size_t)count;
  const size_t radial = n * n * (size_t)file->radial_count * (size_t)file->radial_size;
  struct parts made = {calloc(n, sizeof(int)), calloc(n, sizeof(int)), calloc(n * n, sizeof(int)),
                       calloc(radial, sizeof(double)), calloc(n, sizeof(double))};
  if (!made.label || !made.species || !made.pairs || !made.radial_coeffs || !made.species_coeffs) {
    free_parts(&made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %d species", count);
  }
  fill(file, label, n, &made);
  /* The old ones go. */
  struct parts old = {file->label, made.species, made.pairs, file->radial_coeffs,
                      file->species_coeffs};
  file->label = made.label;
  file->radial_coeffs = made.radial_coeffs;
  file->species_coeffs = made.species_coeffs;
  free_parts(&old);
  free(file->active_set);
  free(file->active_inverse);
  file->active_set = file->active_inverse = NULL;
  file->grade_mode = MLGRAIN_MTP_NO_GRADE;
  file->species_count = count;
  file->parameter_count = radial + n + (size_t)file->scalar_count;
  return MLGRAIN_SUCCESS;
}
