/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the description of a coincidence rotation that stands for all equivalent ones, and what
   is left of the symmetry. */
#ifndef MLGRAIN_EQUIVALENTS_H
#define MLGRAIN_EQUIVALENTS_H

#include "mlgrain/rotation.h"

enum { MOST_MAPS = 2 * MLGRAIN_MOST_LATTICE_ROTATIONS };

struct equivalents {
  struct mlgrain_rotation chosen;
  int count;                    /* ways that lead there: */
  int64_t map[MOST_MAPS][3][3]; /* of planes of the given crystal 1 to planes of crystal 1 there */
  unsigned char sense[MOST_MAPS]; /* of each: proper, with the opposite plane, or both */
};

/* Of S1 R S2^-1 and S1 R^-1 S2^-1 the one of smallest divisor and then largest matrix.
   MLGRAIN_INVALID_ARGUMENT: numbers too large. */
enum mlgrain_status find_equivalents(const struct mlgrain_lattice *lattice,
                                     const struct mlgrain_rotation *rotation,
                                     struct equivalents *equivalents, struct mlgrain_error *error);

/* The largest of the images of a plane, opposite ones where the symmetry has them, without common
   factor. */
void choose_plane(const struct equivalents *equivalents, const int64_t plane[3], int64_t chosen[3],
                  int *overflow);

/* -1, 0, 1: a comes before b, is b, comes after b, entry by entry. */
static inline int compare_whole(const int64_t *a, const int64_t *b, int count)
{
  for (int k = 0; k < count; k++)
    if (a[k] != b[k])
      return a[k] < b[k] ? -1 : 1;
  return 0;
}

#endif
