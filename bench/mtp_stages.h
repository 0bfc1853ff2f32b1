/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stages of moment tensor potentials with a clock between them, for each level of vector
   instructions and both precisions: mtp_stages_kernel.c. Of the core's own headers, not only the
   public ones. */
#ifndef BENCH_MTP_STAGES_H
#define BENCH_MTP_STAGES_H

#include "mtp/mtp_private.h"

enum mtp_stage {
  STAGE_GATHER,   /* neighbors from short lists, positions into tiles, distances */
  STAGE_RADIAL,   /* radial functions and their slopes */
  STAGE_MOMENTS,  /* basic moments */
  STAGE_PRODUCTS, /* products forward, energies, and those products that are done once for both */
  STAGE_ADJOINTS, /* backward through the products */
  STAGE_FORCES,   /* from adjoints of basic moments to a gradient for each neighbor */
  STAGE_SCATTER,  /* gradients to forces of atoms */
  STAGES
};

struct stage_clock {
  size_t blocks;          /* measured */
  int lanes;              /* centers to a block */
  float (*ticks)[STAGES]; /* [blocks] */
  double rows;            /* sum over blocks of rows, that is of the most neighbors of a center */
  double ticks_per_multiply; /* a multiply-add of a vector where nothing hinders it */
};

/* All centers of `task`, which are of one species, in blocks; the last ones that don't fill a block
   are left out. `clock` has room for task->count blocks. */
typedef void stages_kernel(const struct mtp_task *task, struct stage_clock *clock);

stages_kernel time_stages_v2, time_stages_v3, time_stages_v4;
stages_kernel time_stages_single_v2, time_stages_single_v3, time_stages_single_v4;

#endif
