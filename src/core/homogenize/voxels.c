/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "voxels.h"

#include <stdlib.h>

#include "base/error_text.h"

enum mlgrain_status voxels_check(const struct mlgrain_voxels *voxels, struct mlgrain_error *error)
{
  for (int d = 0; d < 3; d++) {
    if (voxels->n[d] < 1 || voxels->n[d] > MLGRAIN_MOST_VOXELS_ALONG)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%zu voxels along %c are not 1 to %d",
                          voxels->n[d], 'x' + d, MLGRAIN_MOST_VOXELS_ALONG);
    if (!(voxels->spacing[d] > 1e-100 && voxels->spacing[d] < 1e100))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "the edge of voxels along %c, %g, is not a length", 'x' + d,
                          voxels->spacing[d]);
  }
  return MLGRAIN_SUCCESS;
}

static size_t count_of(const size_t n[3])
{
  return n[0] * n[1] * n[2];
}

/* Sets n and spacing, and sets phases aside. */
static enum mlgrain_status prepare(const struct mlgrain_voxels *voxels, int is_finer,
                                   struct mlgrain_voxels *to, int32_t **phase,
                                   struct mlgrain_error *error)
{
  *phase = NULL;
  const enum mlgrain_status status = voxels_check(voxels, error);
  if (status)
    return status;
  *to = *voxels;
  for (int d = 0; d < 3; d++)
    if (voxels->n[d] > 1) {
      if (!is_finer && voxels->n[d] % 2)
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                            "%zu voxels along %c can't be taken two by two", voxels->n[d], 'x' + d);
      to->n[d] = is_finer ? voxels->n[d] * 2 : voxels->n[d] / 2;
      to->spacing[d] = is_finer ? voxels->spacing[d] / 2 : voxels->spacing[d] * 2;
    }
  *phase = malloc(count_of(to->n) * sizeof **phase);
  if (!*phase)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu voxels",
                        count_of(to->n));
  to->phase = *phase;
  return voxels_check(to, error);
}

enum mlgrain_status mlgrain_voxels_finer(const struct mlgrain_voxels *voxels,
                                         struct mlgrain_voxels *finer, int32_t **phase,
                                         struct mlgrain_error *error)
{
  const enum mlgrain_status status = prepare(voxels, 1, finer, phase, error);
  if (status || !*phase) {
    free(*phase);
    *phase = NULL;
    return status;
  }
  const size_t *n = voxels->n, *m = finer->n;
  size_t at = 0;
  for (size_t k = 0; k < m[2]; k++)
    for (size_t j = 0; j < m[1]; j++)
      for (size_t i = 0; i < m[0]; i++) {
        const size_t x = i * n[0] / m[0], y = j * n[1] / m[1], z = k * n[2] / m[2];
        (*phase)[at++] = voxels->phase[(z * n[1] + y) * n[0] + x];
      }
  return MLGRAIN_SUCCESS;
}

/* The phase that most of the voxels under one larger one have. */
static int32_t most_of(const struct mlgrain_voxels *voxels, const size_t first[3],
                       const size_t size[3])
{
  int32_t seen[8] = {0};
  int count[8] = {0}, kinds = 0, best = 0;
  for (size_t k = first[2]; k < first[2] + size[2]; k++)
    for (size_t j = first[1]; j < first[1] + size[1]; j++)
      for (size_t i = first[0]; i < first[0] + size[0]; i++) {
        const int32_t phase = voxels->phase[(k * voxels->n[1] + j) * voxels->n[0] + i];
        int kind = 0;
        while (kind < kinds && seen[kind] != phase)
          kind++;
        if (kind == kinds)
          seen[kinds++] = phase;
        count[kind]++;
      }
  for (int kind = 1; kind < kinds; kind++)
    if (count[kind] > count[best])
      best = kind;
  return seen[best];
}

enum mlgrain_status mlgrain_voxels_coarser(const struct mlgrain_voxels *voxels,
                                           struct mlgrain_voxels *coarser, int32_t **phase,
                                           struct mlgrain_error *error)
{
  const enum mlgrain_status status = prepare(voxels, 0, coarser, phase, error);
  if (status || !*phase) {
    free(*phase);
    *phase = NULL;
    return status;
  }
  const size_t *n = voxels->n, *m = coarser->n;
  const size_t size[3] = {n[0] / m[0], n[1] / m[1], n[2] / m[2]};
  size_t at = 0;
  for (size_t k = 0; k < m[2]; k++)
    for (size_t j = 0; j < m[1]; j++)
      for (size_t i = 0; i < m[0]; i++)
        (*phase)[at++] =
            most_of(voxels, (const size_t[3]){i * size[0], j * size[1], k * size[2]}, size);
  return MLGRAIN_SUCCESS;
}
