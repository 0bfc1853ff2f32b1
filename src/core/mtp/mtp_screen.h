/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: screening of neighbors with positions in single precision, which lets all atoms inside
   a distance pass and hardly any others. */
#ifndef MLGRAIN_MTP_SCREEN_H
#define MLGRAIN_MTP_SCREEN_H

#include "base/vector_single.h"
#include "mtp_block.h"

/* A center and how far it sees. */
struct screen_center {
  vector_single x, y, z, reach2;
};

/* Rounded positions may belong to atoms inside the distance although they are farther apart: each
   of six coordinates is off by 2^-24 of the largest, and the distance by a few roundings. */
static inline struct screen_center screen_center(const struct mlgrain_mtp_atoms *atoms, int center,
                                                 double distance)
{
  const double rounding = 1.0 / (1 << 23);
  const double reach = distance * (1.0 + 4.0 * rounding) + 2.0 * rounding * atoms->screen_extent;
  const float *place = atoms->screen[center];
  return (struct screen_center){single_set(place[0]), single_set(place[1]), single_set(place[2]),
                                single_set((float)(reach * reach * (1.0 + rounding)))};
}

/* Squares of the distances of atoms j; their species in *species, unless it is NULL. */
ALWAYS_INLINE vector_single screen_distance2(const float (*table)[4], vector_int32 j,
                                             const struct screen_center *center,
                                             vector_single *species)
{
  vector_single column[4];
  single_gather_rows(table, j, column);
  const vector_single dx = column[0] - center->x, dy = column[1] - center->y,
                      dz = column[2] - center->z;
  if (species)
    *species = column[3];
  return dx * dx + dy * dy + dz * dz;
}

#endif
