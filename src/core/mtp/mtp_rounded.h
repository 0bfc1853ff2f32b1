/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: gradients to the parameters in single precision, as bounds of grades take them, of all
   blocks that wait: those of lane l of block b are at place b WIDTH + l. Vectors of floats hold two
   blocks. */
#ifndef MLGRAIN_MTP_ROUNDED_H
#define MLGRAIN_MTP_ROUNDED_H

#include "mtp_ranges.h"

enum {
  ALL_LANES = MTP_GRADE_BLOCKS * WIDTH,
  ALL_SINGLES = ALL_LANES / SINGLES, /* vectors of floats for these */
  HALF_TILE = MTP_TILE / 2           /* vectors of floats for one block's rows of a tile */
};

/* Of a group of centers. */
struct mtp_rounded_gradients {
  float *gradient; /* [parameter][place] less the mean of the sample's */
  float *of_sums;  /* [place] the square of what rounding in sums changes in a coefficient */
};

struct mtp_rounded {
  double *product; /* [row][place] */
  struct mtp_rounded_gradients group, undecided;
  float *y;     /* [direction][place] */
  float *sizes; /* [room for parameters][place] of coefficients of those that are undecided */
};

static inline struct mtp_rounded mtp_rounded_arrays(const struct mtp_task *task)
{
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  struct mtp_rounded arrays;
  arrays.product = task->workspace->buffer[MTP_ROUNDED].memory;
  arrays.group.gradient = (void *)(arrays.product + bounds->rows * ALL_LANES);
  arrays.group.of_sums = arrays.group.gradient + bounds->parameters * ALL_LANES;
  arrays.undecided.gradient = arrays.group.of_sums + ALL_LANES;
  arrays.undecided.of_sums = arrays.undecided.gradient + bounds->parameters * ALL_LANES;
  arrays.y = arrays.undecided.of_sums + ALL_LANES;
  arrays.sizes = arrays.y + bounds->directions * ALL_LANES;
  return arrays;
}

/* Bytes of these arrays. */
static inline size_t mtp_rounded_size(const struct mlgrain_mtp_grade_bounds *bounds)
{
  const size_t n = bounds->parameters;
  const size_t vectors = 2 * (n + 1) + bounds->directions + mtp_bound_room(n);
  return (bounds->rows * sizeof(double) + vectors * sizeof(float)) * ALL_LANES;
}

#endif
