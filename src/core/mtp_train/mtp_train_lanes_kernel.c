/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Centers into lanes, polynomials of distances, and results out of lanes. */
#include "mtp_train_block.h"

/* Centers number first .. first+count-1. */
static void set_centers(struct train_lanes *lanes, size_t first, size_t count)
{
  const struct train_block *block = lanes->task->block;
  lanes->block.lanes = (int)count;
  for (size_t lane = 0; lane < WIDTH; lane++) {
    const size_t k = first + (lane < count ? lane : 0);
    lanes->block.center[lane] = block->center[k];
    lanes->block.list[lane] = k;
    lanes->block.species[lane] = lanes->species;
    lanes->frame[lane] = block->frame[block->center[k]];
  }
}

enum mlgrain_status MLGRAIN_KERNEL(train_for_lanes)(const struct train_task *task,
                                                    train_lane_function *function,
                                                    const void *context)
{
  const struct train_block *block = task->block;
  struct train_lanes lanes = {.task = task};
  lanes.mtp = (struct mtp_task){task->model->mtp, task->workspace->mtp, &block->atoms,
                                block->center,    block->count,         NULL};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (int species = 0; species < task->model->mtp->species_count; species++) {
    const size_t last = block->species[species + 1];
    lanes.species = species;
    for (size_t first = block->species[species]; first < last && !status; first += WIDTH) {
      set_centers(&lanes, first, last - first < WIDTH ? last - first : WIDTH);
      status = MLGRAIN_KERNEL(mtp_gather)(&lanes.mtp, &lanes.block);
      for (int t = 0; t < lanes.block.tiles && !status; t++) {
        MLGRAIN_KERNEL(mtp_fill_tile)(&lanes.mtp, &lanes.block, t);
        MLGRAIN_KERNEL(mtp_radial)(&lanes.mtp, &lanes.block, t);
      }
      if (!status)
        status = function(&lanes, context);
    }
  }
  return status;
}

/* T_b and T_b' by their recurrences; below min_dist of a repulsive potential, constants. */
void MLGRAIN_KERNEL(train_basis)(const struct train_lanes *lanes, double *tile, vector *value,
                                 vector *slope)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const int size = mtp->radial_size;
  for (int row = 0; row < MTP_TILE; row++, value += size, slope += size) {
    vector r = vector_load(mtp_tile_row(tile, TILE_R, row));
    vector inside = vector_set(1.0);
    if (mtp->repulsive) {
      inside = vector_select(r >= mtp->min_dist, inside, vector_set(0.0));
      r = vector_select(r >= mtp->min_dist, r, vector_set(mtp->min_dist));
    }
    const vector xi = (2.0 * r - (mtp->min_dist + mtp->max_dist)) * mtp->inverse_width;
    const vector gap = r - mtp->max_dist;
    const vector factor = mtp->scaling * gap * gap;
    const vector of_t = 2.0 * mtp->scaling * gap * inside;
    const vector of_slope = 2.0 * mtp->inverse_width * factor * inside;
    vector t0 = vector_set(1.0), t1 = xi, d0 = vector_set(0.0), d1 = t0;
    for (int b = 0; b < size; b++) {
      value[b] = factor * t0;
      slope[b] = of_t * t0 + of_slope * d0;
      const vector t2 = 2.0 * xi * t1 - t0, d2 = 2.0 * t1 + 2.0 * xi * d1 - d0;
      t0 = t1;
      t1 = t2;
      d0 = d1;
      d1 = d2;
    }
  }
}

int MLGRAIN_KERNEL(train_species_mask)(const struct train_lanes *lanes, int t, int species,
                                       vector mask[MTP_TILE])
{
  const int species_count = lanes->mtp.mtp->species_count;
  if (species_count == 1) {
    for (int row = 0; row < MTP_TILE; row++)
      mask[row] = vector_set(1.0);
    return 1;
  }
  const int32_t *pair = lanes->mtp.workspace->buffer[MTP_PAIR].memory;
  unsigned any = 0;
  for (int row = 0; row < MTP_TILE; row++) {
    const vector_int here =
        vector_equal(pair + (t * MTP_TILE + row) * WIDTH, lanes->species * species_count + species);
    mask[row] = vector_select(here, vector_set(1.0), vector_set(0.0));
    any |= vector_mask_bits(here);
  }
  return any != 0;
}

static void scatter_forces(const struct train_lanes *lanes, const double *gradient,
                           double (*force)[3])
{
  const struct mtp_block *block = &lanes->block;
  const int32_t *index = lanes->mtp.workspace->buffer[MTP_INDEX].memory;
  const int *owner = lanes->task->block->owner;
  vector sum[3] = {vector_set(0.0), vector_set(0.0), vector_set(0.0)};
  for (int row = 0; row < block->rows; row++, index++, gradient += 3 * WIDTH) {
    for (int d = 0; d < 3; d++)
      sum[d] += vector_load(gradient + d * WIDTH);
    for (int lane = 0; lane < block->lanes; lane++) {
      double *f = force[owner[index[(size_t)lane * block->room]]];
      for (int d = 0; d < 3; d++)
        f[d] -= gradient[d * WIDTH + lane];
    }
  }
  for (int lane = 0; lane < block->lanes; lane++)
    for (int d = 0; d < 3; d++)
      force[block->center[lane]][d] += sum[d][lane];
}

static void scatter_virials(const struct train_lanes *lanes, const double *gradient,
                            double (*virial)[6])
{
  vector sum[6];
  for (int k = 0; k < 6; k++)
    sum[k] = vector_set(0.0);
  for (int row = 0; row < lanes->block.rows; row++, gradient += 3 * WIDTH) {
    double *tile = mtp_tile(&lanes->mtp, row / MTP_TILE);
    vector d[3], g[3];
    const vector r = vector_load(mtp_tile_row(tile, TILE_R, row % MTP_TILE));
    for (int k = 0; k < 3; k++) {
      d[k] = r * vector_load(mtp_tile_row(tile, TILE_X + k, row % MTP_TILE));
      g[k] = vector_load(gradient + k * WIDTH);
      sum[k] += d[k] * g[k];
    }
    sum[3] += 0.5 * (d[0] * g[1] + d[1] * g[0]);
    sum[4] += 0.5 * (d[0] * g[2] + d[2] * g[0]);
    sum[5] += 0.5 * (d[1] * g[2] + d[2] * g[1]);
  }
  for (int lane = 0; lane < lanes->block.lanes; lane++)
    for (int k = 0; k < 6; k++)
      virial[lanes->frame[lane]][k] -= sum[k][lane];
}

void MLGRAIN_KERNEL(train_scatter)(const struct train_lanes *lanes, const double *gradient,
                                   const struct train_result *result)
{
  scatter_forces(lanes, gradient, result->force);
  scatter_virials(lanes, gradient, result->virial);
}
