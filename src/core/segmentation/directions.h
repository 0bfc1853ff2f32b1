/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: directions of vectors that are summed over surroundings. */
#ifndef MLGRAIN_DIRECTIONS_H
#define MLGRAIN_DIRECTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "cells/cells.h"

enum { DIRECTIONS = 3 }; /* of a point, at most */

/* Adds what a point within the radius, which may be the point itself, has to each of its sums. */
typedef void add_near(const void *context, int32_t own, int32_t near, double sum[DIRECTIONS][3]);

/* The directions of the first `count` points' sums.
     cells      of some points; place[k]: which of all points the k-th is
     direction  [count][DIRECTIONS][3] receives them, length 1; 0 0 0 where vectors cancel
   MLGRAIN_INVALID_ARGUMENT: cells made for a smaller radius. */
enum mlgrain_status find_directions(const struct mlgrain_cells *cells, const int32_t *place,
                                    double radius, size_t count, add_near *add, const void *context,
                                    double (*direction)[DIRECTIONS][3],
                                    struct mlgrain_error *error);

#endif
