/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: which parameters a center's energy depends on. */
#ifndef MLGRAIN_MTP_RANGES_H
#define MLGRAIN_MTP_RANGES_H

#include "mtp_block.h"

/* Parameters first .. last-1. */
struct range {
  size_t first, last;
};

/* Radial parameters of a species of center, or all if it is -1. */
static inline struct range radial_range(const struct mlgrain_mtp *mtp, int species)
{
  const size_t block =
      (size_t)mtp->species_count * (size_t)mtp->radial_count * (size_t)mtp->radial_size;
  if (species < 0)
    return (struct range){0, block * (size_t)mtp->species_count};
  return (struct range){block * (size_t)species, block * (size_t)(species + 1)};
}

/* All others. */
static inline struct range linear_range(const struct mlgrain_mtp *mtp)
{
  return (struct range){radial_range(mtp, -1).last, mtp->parameter_count};
}

#endif
