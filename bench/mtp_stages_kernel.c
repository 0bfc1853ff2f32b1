/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stages of the core's mtp_kernel.c one after the other, as there, with a clock in between. */
#include "mtp_stages.h"

#include <math.h>

#include "mtp/mtp_block.h"

#ifdef __x86_64__
#include <x86intrin.h>
/* When everything before has been done. */
static uint64_t ticks(void)
{
  _mm_lfence();
  return __rdtsc();
}
#else
#include <time.h>
static uint64_t ticks(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
#endif

/* Ticks since *then, which becomes now. */
static float lap(uint64_t *then)
{
  const uint64_t now = ticks(), gone = now - *then;
  *then = now;
  return (float)gone;
}

static void set_block(const struct mtp_task *task, size_t first, struct mtp_block *block)
{
  memset(block, 0, sizeof *block);
  block->lanes = LANES;
  for (int lane = 0; lane < LANES; lane++) {
    block->center[lane] = task->center[first + (size_t)lane];
    block->list[lane] = first + (size_t)lane;
    block->species[lane] = task->atoms->species_of_type[task->atoms->type[block->center[lane]]];
  }
}

static void time_block(const struct mtp_task *task, struct mtp_block *block, float *stage)
{
  memset(stage, 0, STAGES * sizeof *stage);
  uint64_t then = ticks();
  if (MLGRAIN_KERNEL(mtp_gather)(task, block))
    return;
  stage[STAGE_GATHER] += lap(&then);
  MLGRAIN_KERNEL(mtp_basic_clear)(task);
  stage[STAGE_MOMENTS] += lap(&then);
  for (int t = 0; t < block->tiles; t++) {
    MLGRAIN_KERNEL(mtp_fill_tile)(task, block, t);
    stage[STAGE_GATHER] += lap(&then);
    MLGRAIN_KERNEL(mtp_radial)(task, block, t);
    stage[STAGE_RADIAL] += lap(&then);
    MLGRAIN_KERNEL(mtp_basic_add)(task, block, t);
    stage[STAGE_MOMENTS] += lap(&then);
  }
  MLGRAIN_KERNEL(mtp_basic_recover)(task);
  stage[STAGE_MOMENTS] += lap(&then);
  MLGRAIN_KERNEL(mtp_products)(task, block);
  stage[STAGE_PRODUCTS] += lap(&then);
  MLGRAIN_KERNEL(mtp_products_backward)(task);
  stage[STAGE_ADJOINTS] += lap(&then);
  MLGRAIN_KERNEL(mtp_basic_backward_begin)(task);
  for (int t = 0; t < block->tiles; t++)
    MLGRAIN_KERNEL(mtp_basic_backward)(task, block, t, NULL, NULL);
  stage[STAGE_FORCES] += lap(&then);
  MLGRAIN_KERNEL(mtp_scatter)(task, block);
  stage[STAGE_SCATTER] += lap(&then);
}

/* The least ticks of a vector's multiply-add, of some hundred tries. */
static double multiply_ticks(void)
{
  enum { SUMS = 12, TRIES = 400, LENGTH = 200 };
  double least = INFINITY;
  volatile number factor = (number)0.5;
  lane_vector sum[SUMS] = {{0}};
  for (int try = 0; try < TRIES; try++) {
    const lane_vector a = lanes_set(factor), b = lanes_set(factor);
    uint64_t then = ticks();
    for (int k = 0; k < LENGTH; k++)
#pragma GCC unroll 12
      for (int s = 0; s < SUMS; s++) {
        sum[s] = sum[s] * a + b;
        __asm__ volatile("" : "+v"(sum[s]));
      }
    least = fmin(least, (double)lap(&then) / (LENGTH * SUMS));
  }
  return least;
}

void MLGRAIN_KERNEL(time_stages)(const struct mtp_task *task, struct stage_clock *clock)
{
  struct mtp_block block;
  mtp_reserve(&task->workspace->buffer[MTP_MOMENTS],
              task->mtp->plan.value_slots * LANES * sizeof(number));
  mtp_reserve(&task->workspace->buffer[MTP_ADJOINTS],
              task->mtp->plan.slots * LANES * sizeof(number));
  clock->lanes = LANES;
  clock->ticks_per_multiply = multiply_ticks();
  clock->blocks = 0;
  clock->rows = 0.0;
  for (size_t first = 0; first + LANES <= task->count; first += LANES, clock->blocks++) {
    set_block(task, first, &block);
    time_block(task, &block, clock->ticks[clock->blocks]);
    clock->rows += block.rows;
  }
}
