/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/sfd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/simd_level.h"
#include "sfd_private.h"

static const char *const names[MLGRAIN_SFD_COUNT] = {
    "P0_I0", "P1_I0", "P2_I0", "P2_I1", "P2_I2", "P3_I0", "P3_I1", "P3_I2", "P3_I3", "P3_I4",
    "P4_I0", "P4_I1", "P4_I2", "P4_I3", "P4_I4", "P4_I5", "P4_I6", "P4_I7", "P4_I8"};

const char *mlgrain_sfd_name(int index)
{
  return index >= 0 && index < MLGRAIN_SFD_COUNT ? names[index] : NULL;
}

int mlgrain_sfd_index(const char *name)
{
  for (int i = 0; i < MLGRAIN_SFD_COUNT; i++)
    if (strcmp(name, names[i]) == 0)
      return i;
  return -1;
}

double mlgrain_sfd_automatic_sigma(double density)
{
  return 1.0 / sqrt(2.0 * acos(-1.0)) / cbrt(density);
}

double mlgrain_sfd_automatic_cutoff(double sigma)
{
  return 6.495 * sigma;
}

static sfd_kernel *kernel_of_level(enum mlgrain_simd_level level)
{
#ifdef MLGRAIN_X86_64_LEVELS
  level = mlgrain_simd_usable(level);
  if (level == MLGRAIN_SIMD_V4)
    return sfd_compute_v4;
  if (level == MLGRAIN_SIMD_V3)
    return sfd_compute_v3;
#else
  (void)level;
#endif
  return sfd_compute_v2;
}

enum mlgrain_status mlgrain_sfd_create(double sigma, double cutoff, enum mlgrain_simd_level level,
                                       struct mlgrain_sfd **sfd, struct mlgrain_error *error)
{
  *sfd = NULL;
  if (!(sigma >= MLGRAIN_SMALLEST_LENGTH && sigma <= MLGRAIN_LARGEST_LENGTH))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "sigma %g is not within %g to %g", sigma,
                        MLGRAIN_SMALLEST_LENGTH, MLGRAIN_LARGEST_LENGTH);
  if (!(cutoff >= MLGRAIN_SMALLEST_LENGTH && cutoff <= MLGRAIN_LARGEST_LENGTH))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "cutoff %g is not within %g to %g", cutoff,
                        MLGRAIN_SMALLEST_LENGTH, MLGRAIN_LARGEST_LENGTH);
  struct mlgrain_sfd *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for the descriptors' tables");
  made->sigma = sigma;
  made->cutoff = cutoff;
  made->reach = fmin(cutoff, sqrt(2.0 * SFD_LARGEST_ARGUMENT) * sigma);
  made->kernel = kernel_of_level(level);
  made->columns = MLGRAIN_SFD_COUNT;
  for (int i = 0; i < MLGRAIN_SFD_COUNT; i++)
    made->column[i] = i;
  static const int ranks[SFD_PRODUCTS][2] = {
      [SFD_222] = {2, 2}, [SFD_224] = {2, 4}, [SFD_332] = {3, 2},
      [SFD_334] = {3, 4}, [SFD_442] = {4, 2}, [SFD_444] = {4, 4}};
  for (int p = 0; p < SFD_PRODUCTS; p++)
    sfd_coupling_fill(&made->coupling[p], ranks[p][0], ranks[p][1]);
  for (int d = 0; d < 3; d++)
    sfd_shift_fill(&made->shift[d], d);
  for (int l = 2; l <= SFD_MAX_RANK; l++)
    sfd_harmonic_fill(&made->harmonic[l], l);
  *sfd = made;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_sfd_choose_columns(struct mlgrain_sfd *sfd, int count,
                                               const int *column, struct mlgrain_error *error)
{
  if (count < 1 || count > MLGRAIN_SFD_COUNT)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%d columns are not 1 to %d", count,
                        MLGRAIN_SFD_COUNT);
  for (int i = 0; i < count; i++)
    if (column[i] < 0 || column[i] >= MLGRAIN_SFD_COUNT)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "there is no descriptor number %d",
                          column[i]);
  sfd->columns = count;
  memcpy(sfd->column, column, (size_t)count * sizeof *column);
  return MLGRAIN_SUCCESS;
}

void mlgrain_sfd_free(struct mlgrain_sfd *sfd)
{
  free(sfd);
}

enum mlgrain_status mlgrain_sfd_compute(const struct mlgrain_sfd *sfd,
                                        const struct mlgrain_cells *cells, size_t first_cell,
                                        size_t last_cell, const unsigned char *chosen,
                                        const double *weight, double *descriptor,
                                        struct mlgrain_error *error)
{
  if (cells->cutoff < sfd->cutoff)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "cells made for cutoff %g cannot serve descriptors with cutoff %g",
                        cells->cutoff, sfd->cutoff);
  if (last_cell > mlgrain_cells_count(cells))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "cell %zu is not one of %zu cells",
                        last_cell - 1, mlgrain_cells_count(cells));
  const struct sfd_task task = {sfd, cells, first_cell, last_cell, chosen, weight, descriptor};
  if (sfd->kernel(&task))
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a neighborhood");
  return MLGRAIN_SUCCESS;
}
