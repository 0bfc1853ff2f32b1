/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment tensor potentials, compiled once per SIMD level: centers are put into blocks of LANES, of
   one species where possible, and each block goes through the stages of mtp_block.h. */
#include <stdlib.h>

#include "mtp_block.h"

enum { CHUNK = 1024 }; /* centers sorted by species at a time: few enough to stay close in space */

static enum mlgrain_status reserve_moments(const struct mtp_task *task)
{
  struct mlgrain_mtp_workspace *workspace = task->workspace;
  const struct mlgrain_mtp *mtp = task->mtp;
  const size_t vector_size = LANES * sizeof(number);
  if (mtp_reserve(&workspace->buffer[MTP_MOMENTS], mtp->plan.value_slots * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_ADJOINTS], mtp->plan.slots * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_BASIS], 2 * (size_t)mtp->radial_size * vector_size))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

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

/* All of a block up to the adjoints of its moments. */
static enum mlgrain_status moments_and_adjoints(const struct mtp_task *task,
                                                struct mtp_block *block)
{
  for (int lane = block->lanes; lane < LANES; lane++) {
    block->center[lane] = block->center[0];
    block->list[lane] = block->list[0];
    block->species[lane] = block->species[0];
  }
  const enum mlgrain_status status = MLGRAIN_KERNEL(mtp_gather)(task, block);
  if (status)
    return status;
  sum_neighbors(task, block);
  MLGRAIN_KERNEL(mtp_products)(task, block);
  MLGRAIN_KERNEL(mtp_products_backward)(task);
  return MLGRAIN_SUCCESS;
}

static int species_of(const struct mtp_task *task, int atom)
{
  return task->atoms->species_of_type[task->atoms->type[atom]];
}

/* Gives a center a lane of its own. */
static void add_lane(const struct mtp_task *task, size_t list, struct mtp_block *block)
{
  block->center[block->lanes] = task->center[list];
  block->list[block->lanes] = list;
  block->species[block->lanes++] = species_of(task, task->center[list]);
}

static void gradients_of_neighbors(const struct mtp_task *task, struct mtp_block *block)
{
  MLGRAIN_KERNEL(mtp_basic_backward_begin)(task);
  for (int t = 0; t < block->tiles; t++)
    MLGRAIN_KERNEL(mtp_basic_backward)(task, block, t, NULL, NULL);
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

static enum mlgrain_status begin_waiting(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  waiting->bounded =
      mtp_wants_grades(task) && task->result->grade_bounds && !task->result->gradient_sum;
  return waiting->bounded ? MLGRAIN_KERNEL(mtp_reserve_bounds)(task) : MLGRAIN_SUCCESS;
}

static int by_most(const void *a, const void *b)
{
  const struct mtp_suspect *x = a, *y = b;
  if (x->most != y->most)
    return x->most < y->most ? 1 : -1;
  return x->list > y->list ? 1 : -1;
}

static enum mlgrain_status grades_of_block(const struct mtp_task *task, struct mtp_block *block,
                                           const struct mtp_suspect *const suspects[LANES])
{
  struct mtp_waiting waiting = {0};
  enum mlgrain_status status = moments_and_adjoints(task, block);
  if (!status)
    status = MLGRAIN_KERNEL(mtp_parameters)(task, block, &waiting);
  if (!status)
    MLGRAIN_KERNEL(mtp_grades_of_rows)(task, suspects, &waiting);
  task->result->grade_atoms += (size_t)block->lanes;
  block->lanes = 0;
  return status;
}

/* Grades of those that bounds didn't decide, highest bounds first: of an exact largest grade, the
   first often decide for the others. */
static enum mlgrain_status grades_of_suspects(const struct mtp_task *task,
                                              const struct mtp_waiting *bounded)
{
  struct mtp_suspect *suspects = task->workspace->buffer[MTP_SUSPECTS].memory;
  const struct mtp_suspect *of_lane[LANES];
  struct mtp_block block = {0};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  qsort(suspects, bounded->suspects, sizeof *suspects, by_most);
  for (size_t k = 0; k < bounded->suspects && !status; k++) {
    if (!(suspects[k].most <= mtp_level_of_interest(task, bounded))) {
      of_lane[block.lanes] = &suspects[k];
      add_lane(task, suspects[k].list, &block);
    }
    if (block.lanes == LANES)
      status = grades_of_block(task, &block, of_lane);
  }
  return status || !block.lanes ? status : grades_of_block(task, &block, of_lane);
}

static enum mlgrain_status finish_waiting(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  if (waiting->group.blocks)
    MLGRAIN_KERNEL(mtp_grades)(task, waiting);
  if (waiting->undecided.blocks)
    MLGRAIN_KERNEL(mtp_undecided_grades)(task, waiting);
  return waiting->suspects ? grades_of_suspects(task, waiting) : MLGRAIN_SUCCESS;
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

static enum mlgrain_status begin_waiting(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  (void)task;
  (void)waiting;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status finish_waiting(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  (void)task;
  (void)waiting;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status add_error_bars(const struct mtp_task *task,
                                          const struct mtp_block *block)
{
  (void)task;
  (void)block;
  return MLGRAIN_SUCCESS;
}
#endif

static enum mlgrain_status finish_block(const struct mtp_task *task, struct mtp_block *block,
                                        struct mtp_waiting *waiting)
{
  enum mlgrain_status status = moments_and_adjoints(task, block);
  if (status)
    return status;
  status = way_back(task, block, waiting);
  if (task->result->virial)
    MLGRAIN_KERNEL(mtp_virial)(task, block);
  MLGRAIN_KERNEL(mtp_scatter)(task, block);
  if (!status && task->result->error_bars)
    status = add_error_bars(task, block);
  block->lanes = 0;
  return status;
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
    add_lane(task, k, block);
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
  if (!status)
    status = begin_waiting(task, &waiting);
  for (size_t first = 0; first < task->count && !status; first += CHUNK) {
    const size_t left = task->count - first;
    for (int species = 0; species < task->mtp->species_count && !status; species++)
      status = add_centers(task, species, first, first + (left < CHUNK ? left : CHUNK), &block,
                           &waiting);
  }
  if (!status && block.lanes)
    status = finish_block(task, &block, &waiting);
  if (!status)
    status = finish_waiting(task, &waiting);
  return status;
}
