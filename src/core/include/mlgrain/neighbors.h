/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Full neighbor lists out of cells, for a range of cells at a time, so that the lists of a million
   points need not be in memory at once. A program that has lists of its own (LAMMPS) doesn't need
   them. */
#ifndef MLGRAIN_NEIGHBORS_H
#define MLGRAIN_NEIGHBORS_H

#include <stddef.h>

#include "mlgrain/cells.h"
#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lists of one range of cells; to begin with all zero. */
struct mlgrain_neighbors {
  size_t count;  /* centers */
  int *center;   /* [count] points, in the order of the cells */
  size_t *start; /* [count + 1] */
  int *neighbor; /* of center k: neighbor[start[k]] .. neighbor[start[k + 1] - 1] */
  size_t center_room, neighbor_room; /* what the arrays have room for */
};

/* Finds the neighbors, |d| < cutoff, of the chosen points in cells first_cell .. last_cell-1.
     cells    points, created with a cutoff >= this one
     chosen   [n] nonzero for points whose neighbors are wanted, in the order of the points
     lists    receives them; its arrays are used again, and grow as needed
   Calls with a list each may run at once in different threads.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: cells made for a smaller cutoff, or a range that
   goes beyond the last cell. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_neighbors_find(const struct mlgrain_cells *cells, double cutoff, size_t first_cell,
                       size_t last_cell, const unsigned char *chosen,
                       struct mlgrain_neighbors *lists, struct mlgrain_error *error);

/* Frees the arrays, and makes all zero. */
MLGRAIN_EXPORT void mlgrain_neighbors_free(struct mlgrain_neighbors *lists);

#ifdef __cplusplus
}
#endif
#endif
