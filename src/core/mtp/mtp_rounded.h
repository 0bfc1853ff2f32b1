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

struct mtp_rounded {
  double *product; /* [row][place] */
  float *gradient; /* [parameter][place] less the mean of the sample's */
  float *y;        /* [direction][place] */
  float *size;     /* [parameter][place] bounds of coefficients, but for rounding */
  float *of_sums;  /* [place] the square of what rounding in sums changes in a coefficient */
  float *alone;    /* [parameter] gradient of one center */
};

static inline struct mtp_rounded mtp_rounded_arrays(const struct mtp_task *task)
{
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  struct mtp_rounded arrays;
  arrays.product = task->workspace->buffer[MTP_ROUNDED].memory;
  arrays.gradient = (void *)(arrays.product + bounds->rows * ALL_LANES);
  arrays.y = arrays.gradient + bounds->parameters * ALL_LANES;
  arrays.size = arrays.y + bounds->directions * ALL_LANES;
  arrays.of_sums = arrays.size + bounds->parameters * ALL_LANES;
  arrays.alone = arrays.of_sums + ALL_LANES;
  return arrays;
}

static inline size_t mtp_rounded_size(const struct mlgrain_mtp_grade_bounds *bounds)
{
  const size_t vectors = 2 * bounds->parameters + bounds->directions + 1;
  return bounds->rows * ALL_LANES * sizeof(double) +
         (vectors * ALL_LANES + bounds->parameters) * sizeof(float);
}

#endif
