/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leverages by a sketch, |S v|^2: v are the moments that enter the energy and, for its species, 1;
   force kernels have left all of them. Distances of the nearest neighbors, too. */
#include "mtp_block.h"

/* sum of the squares of some rows times v. scalars: what v has besides the species. */
static vector squares_of_rows(const double *rows, int species_count, int scalar_count,
                              const double *scalars, const struct mtp_block *block)
{
  vector sum[MTP_SKETCH_ROWS], squares = vector_set(0.0);
  for (int r = 0; r < MTP_SKETCH_ROWS; r++) {
    double own[WIDTH];
    for (int lane = 0; lane < WIDTH; lane++)
      own[lane] = rows[block->species[lane] * MTP_SKETCH_ROWS + r];
    sum[r] = vector_load(own);
  }
  rows += species_count * MTP_SKETCH_ROWS;
  for (int s = 0; s < scalar_count; s++, rows += MTP_SKETCH_ROWS, scalars += WIDTH) {
    const vector scalar = vector_load(scalars);
    for (int r = 0; r < MTP_SKETCH_ROWS; r++)
      sum[r] += scalar * rows[r];
  }
  for (int r = 0; r < MTP_SKETCH_ROWS; r++)
    squares += sum[r] * sum[r];
  return squares;
}

static enum mlgrain_status leverages(const struct mtp_task *task, const struct mtp_block *block)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const struct mlgrain_mtp_error_bars *bars = task->result->error_bars;
  const size_t columns = (size_t)(mtp->species_count + mtp->scalar_count);
  if (mtp_reserve(&task->workspace->buffer[MTP_SCALARS],
                  (size_t)mtp->scalar_count * WIDTH * sizeof(double)))
    return MLGRAIN_OUT_OF_MEMORY;
  double *scalars = task->workspace->buffer[MTP_SCALARS].memory;
  MLGRAIN_KERNEL(mtp_scalar_moments)(task, scalars);
  vector leverage = vector_set(0.0);
  for (size_t part = 0; part < bars->sketch_parts; part++)
    leverage += squares_of_rows(bars->sketch + part * columns * MTP_SKETCH_ROWS, mtp->species_count,
                                mtp->scalar_count, scalars, block);
  for (int lane = 0; lane < block->lanes; lane++)
    task->result->leverage[block->center[lane]] = leverage[lane];
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_leverages)(const struct mtp_task *task,
                                                  const struct mtp_block *block)
{
  for (int lane = 0; lane < block->lanes && task->result->nearest; lane++)
    task->result->nearest[block->center[lane]] = block->nearest[lane / WIDTH][lane % WIDTH];
  return task->result->leverage ? leverages(task, block) : MLGRAIN_SUCCESS;
}
