/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest neighbors of points, as lists. */
#ifndef MLGRAIN_CONTACTS_H
#define MLGRAIN_CONTACTS_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/cells.h"
#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Neighbors of point i: other[first[i]] .. other[first[i] + length[i] - 1]. */
struct mlgrain_contacts {
  size_t count; /* points with lists: the first of all */
  size_t total; /* entries of all lists */
  size_t *first;
  int32_t *length;
  int32_t *other;
  float *cosine;        /* by entry: mlgrain_contacts_compare() */
  unsigned char *alike; /* by entry: mlgrain_contacts_limit() */
};

/* Lists the neighbors of the first `count` points.
     cells     points, created with a cutoff >= reach
     reach     neighbors are nearer than this, > 0
     member    [n] nonzero for points that count; lists of others are empty
     contacts  receives a new object, to be freed with mlgrain_contacts_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: cells for a smaller cutoff, count above n. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_contacts_create(const struct mlgrain_cells *cells,
                                                           double reach, size_t count,
                                                           const unsigned char *member,
                                                           struct mlgrain_contacts **contacts,
                                                           struct mlgrain_error *error);

/* NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_contacts_free(struct mlgrain_contacts *contacts);

/* Bytes the object holds. */
MLGRAIN_EXPORT size_t mlgrain_contacts_memory(const struct mlgrain_contacts *contacts);

#ifdef __cplusplus
}
#endif
#endif
