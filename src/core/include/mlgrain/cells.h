/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points sorted into cells, so that the neighbors of a point within a cutoff lie in a few short
   runs of contiguous memory. Takes the place of a neighbor list: it holds 28 bytes per point
   whatever the cutoff, costs about as much to build as reading the points, and has no skin. */
#ifndef MLGRAIN_CELLS_H
#define MLGRAIN_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lengths that the core takes as cutoffs and widths: their fourth powers neither overflow nor
   underflow. */
#define MLGRAIN_SMALLEST_LENGTH 1e-50
#define MLGRAIN_LARGEST_LENGTH 1e50

struct mlgrain_cells;

/* Sorts n points into cells for searches up to `cutoff`.
     x        [n][3]  positions, any one unit of length; periodic images are points like others.
                      With n = 0 it may be NULL. Only read during the call.
     cutoff           > 0 (MLGRAIN_SMALLEST_LENGTH to MLGRAIN_LARGEST_LENGTH), same unit
     cells            receives a new object, to be freed with mlgrain_cells_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: cutoff out of range, or n >= 2^31;
   MLGRAIN_NOT_FINITE: a coordinate is NaN or infinite, or differs from an earlier one by more than
   a double can hold; *bad (may be NULL) receives its point. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_cells_create(size_t n, const double (*x)[3],
                                                        double cutoff, struct mlgrain_cells **cells,
                                                        size_t *bad, struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_cells_free(struct mlgrain_cells *cells);

/* Number of cells: work is divided among threads by cell index, 0 <= cell < count. */
MLGRAIN_EXPORT size_t mlgrain_cells_count(const struct mlgrain_cells *cells);

/* Bytes the object holds. */
MLGRAIN_EXPORT size_t mlgrain_cells_memory(const struct mlgrain_cells *cells);

#ifdef __cplusplus
}
#endif
#endif
