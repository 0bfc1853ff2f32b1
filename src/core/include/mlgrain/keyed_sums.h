/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums of numbers by key, a key being three whole numbers: of labels, pairs of grains, triples.
   What ranks of a parallel program have of such sums can be added up wherever they are gathered. */
#ifndef MLGRAIN_KEYED_SUMS_H
#define MLGRAIN_KEYED_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_keyed_sums;

/* width: numbers to a key, 0 or more. To be freed with mlgrain_keyed_sums_free.
   MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_keyed_sums_create(size_t width,
                                                             struct mlgrain_keyed_sums **sums,
                                                             struct mlgrain_error *error);

/* NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_keyed_sums_free(struct mlgrain_keyed_sums *sums);

/* The numbers of a key, [width], 0 at first, valid until the next call. NULL if there is no memory
   for them; a key without numbers gives something that is not NULL. */
MLGRAIN_EXPORT double *mlgrain_keyed_sums_at(struct mlgrain_keyed_sums *sums, int64_t a, int64_t b,
                                             int64_t c);

/* Puts the keys in ascending order; the numbers of one may then be asked for by its place. */
MLGRAIN_EXPORT void mlgrain_keyed_sums_sort(struct mlgrain_keyed_sums *sums);

MLGRAIN_EXPORT size_t mlgrain_keyed_sums_count(const struct mlgrain_keyed_sums *sums);

/* [count][3] and [count][width], in the order of their first use, or as sorted. */
MLGRAIN_EXPORT const int64_t *mlgrain_keyed_sums_keys(const struct mlgrain_keyed_sums *sums);
MLGRAIN_EXPORT const double *mlgrain_keyed_sums_values(const struct mlgrain_keyed_sums *sums);

#ifdef __cplusplus
}
#endif
#endif
