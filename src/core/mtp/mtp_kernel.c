/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment tensor potentials, compiled once per SIMD level: centers are put into blocks of LANES, of
   one species where possible, and each block goes through the stages of mtp_block.h. */
#include "mtp_block.h"

enum { CHUNK = 1024 }; /* centers sorted by species at a time: few enough to stay close in space */

static enum mlgrain_status reserve_moments(const struct mtp_task *task)
{
  struct mlgrain_mtp_workspace *workspace = task->workspace;
  const struct mlgrain_mtp *mtp = task->mtp;
  const size_t vector_size = LANES * sizeof(number);
  if (mtp_reserve(&workspace->buffer[MTP_MOMENTS], mtp->plan.value_slots * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_ADJOINTS], 2 * (size_t)mtp->plan.slots * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_BASIS], 2 * (size_t)mtp->radial_size * vector_size))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

static void gradients_of_neighbors(const struct mtp_task *task, struct mtp_block *block)
{
  MLGRAIN_KERNEL(mtp_basic_backward_begin)(task);
  for (int t = 0; t < block->tiles; t++)
    MLGRAIN_KERNEL(mtp_basic_backward)(task, block, t, NULL);
}

/* Gradients to the parameters, grades and error bars exist in double precision only. */
#ifndef MLGRAIN_FLOAT_LANES
static int wants_parameters(const struct mtp_task *task)
{
  return task->result->gradient_sum || mtp_wants_grades(task);
}

static enum mlgrain_status way_back(const struct mtp_task *task, struct mtp_block *block,
                                    struct mtp_waiting *waiting)
{
  if (wants_parameters(task))
    return MLGRAIN_KERNEL(mtp_parameters)(task, block, waiting);
  gradients_of_neighbors(task, block);
  return MLGRAIN_SUCCESS;
}

static void finish_waiting(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  if (waiting->blocks)
    MLGRAIN_KERNEL(mtp_grades)(task, waiting);
}
static enum mlgrain_status add_error_bars(const struct mtp_task *task,
                                          const struct mtp_block *block)
{
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  if (task->result->leverage || task->result->nearest)
    status = MLGRAIN_KERNEL(mtp_leverages)(task, block);
  if (!status && task->result->member_force)
    status = MLGRAIN_KERNEL(mtp_member_forces)(task, block);
  return status;
}
#else
static enum mlgrain_status way_back(const struct mtp_task *task, struct mtp_block *block,
                                    struct mtp_waiting *waiting)
{
  (void)waiting;
  gradients_of_neighbors(task, block);
  return MLGRAIN_SUCCESS;
}

static void finish_waiting(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  (void)task;
  (void)waiting;
}

static enum mlgrain_status add_error_bars(const struct mtp_task *task,
                                          const struct mtp_block *block)
{
  (void)task;
  (void)block;
  return MLGRAIN_SUCCESS;
}
#endif

/* Basic moments from the neighbors, and the smallest distance to one. */
static void sum_neighbors(const struct mtp_task *task, struct mtp_block *block)
{
  MLGRAIN_KERNEL(mtp_basic_clear)(task);
  for (int t = 0; t < block->tiles; t++) {
    MLGRAIN_KERNEL(mtp_fill_tile)(task, block, t);
    MLGRAIN_KERNEL(mtp_radial)(task, block, t);
    MLGRAIN_KERNEL(mtp_basic_add)(task, block, t);
  }
  MLGRAIN_KERNEL(mtp_basic_recover)(task);
  for (int lane = 0; lane < LANES; lane++) {
    const double nearest = block->nearest[lane / WIDTH][lane % WIDTH];
    if (nearest < task->mtp->max_dist && nearest < task->result->smallest_distance)
      task->result->smallest_distance = nearest;
  }
}

static enum mlgrain_status compute_block(const struct mtp_task *task, struct mtp_block *block,
                                         struct mtp_waiting *waiting)
{
  enum mlgrain_status status = MLGRAIN_KERNEL(mtp_gather)(task, block);
  if (status)
    return status;
  sum_neighbors(task, block);
  MLGRAIN_KERNEL(mtp_products)(task, block);
  MLGRAIN_KERNEL(mtp_products_backward)(task);
  status = way_back(task, block, waiting);
  if (task->result->virial)
    MLGRAIN_KERNEL(mtp_virial)(task, block);
  MLGRAIN_KERNEL(mtp_scatter)(task, block);
  if (!status && task->result->error_bars)
    status = add_error_bars(task, block);
  return status;
}

static enum mlgrain_status finish_block(const struct mtp_task *task, struct mtp_block *block,
                                        struct mtp_waiting *waiting)
{
  for (int lane = block->lanes; lane < LANES; lane++) {
    block->center[lane] = block->center[0];
    block->list[lane] = block->list[0];
    block->species[lane] = block->species[0];
  }
  const enum mlgrain_status status = compute_block(task, block, waiting);
  block->lanes = 0;
  return status;
}

static int species_of(const struct mtp_task *task, int atom)
{
  return task->atoms->species_of_type[task->atoms->type[atom]];
}

/* Centers number first .. last-1 that are of one species; blocks may end with another's. */
static enum mlgrain_status add_centers(const struct mtp_task *task, int species, size_t first,
                                       size_t last, struct mtp_block *block,
                                       struct mtp_waiting *waiting)
{
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t k = first; k < last && !status; k++) {
    if (species_of(task, task->center[k]) != species)
      continue;
    block->center[block->lanes] = task->center[k];
    block->list[block->lanes] = k;
    block->species[block->lanes++] = species;
    if (block->lanes == LANES)
      status = finish_block(task, block, waiting);
  }
  return status;
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_compute)(const struct mtp_task *task)
{
  struct mtp_block block = {0};
  struct mtp_waiting waiting = {0};
  enum mlgrain_status status = reserve_moments(task);
  for (size_t first = 0; first < task->count && !status; first += CHUNK) {
    const size_t left = task->count - first;
    for (int species = 0; species < task->mtp->species_count && !status; species++)
      status = add_centers(task, species, first, first + (left < CHUNK ? left : CHUNK), &block,
                           &waiting);
  }
  if (!status && block.lanes)
    status = finish_block(task, &block, &waiting);
  if (!status)
    finish_waiting(task, &waiting);
  return status;
}
