/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what the kernels of training share. They work on up to WIDTH centers of one species at a
   time, one to a lane, as those of mtp/mtp_block.h do, whose first stages they use. */
#ifndef MLGRAIN_MTP_TRAIN_BLOCK_H
#define MLGRAIN_MTP_TRAIN_BLOCK_H

#include "mtp/mtp_polynomial.h"
#include "mtp/mtp_positions.h"
#include "mtp_train_private.h"

/* One task, and the centers in its lanes with their neighbors in tiles. */
struct train_lanes {
  const struct train_task *task;
  struct mtp_task mtp;
  struct mtp_block block;
  int species;
  int frame[WIDTH];
};

typedef enum mlgrain_status train_lane_function(struct train_lanes *lanes, const void *context);

/* Calls a function for all centers of a block, WIDTH at a time: their tiles are filled, with radial
   functions. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status MLGRAIN_KERNEL(train_for_lanes)(const struct train_task *task,
                                                    train_lane_function *function,
                                                    const void *context);

/* m3 += q m0 m1 for the products of `m`; for those of the change `dm`, with m complete; for both.
 */
void MLGRAIN_KERNEL(train_forward)(const struct train_plan *plan, double *m);
void MLGRAIN_KERNEL(train_forward_change)(const struct train_plan *plan, const double *m,
                                          double *dm);
void MLGRAIN_KERNEL(train_forward_both)(const struct train_plan *plan, double *m, double *dm);

/* The way back: with `adjoint` of m, `dual` of that, which is adjoint's change as dm is m's:
     adjoint0 += q adjoint3 m1,  dual0 += q (dual3 m1 + adjoint3 dm1), and likewise for 1.
   Adjoints alone; duals alone, with adjoints complete; both; adjoints of some products alone. */
void MLGRAIN_KERNEL(train_backward)(const struct train_plan *plan, const double *m,
                                    double *adjoint);
void MLGRAIN_KERNEL(train_backward_change)(const struct train_plan *plan, const double *m,
                                           const double *dm, const double *adjoint, double *dual);
void MLGRAIN_KERNEL(train_backward_both)(const struct train_plan *plan, const double *m,
                                         const double *dm, double *adjoint, double *dual);
void MLGRAIN_KERNEL(train_backward_some)(const struct train_plan *plan, const uint32_t *products,
                                         size_t count, const double *m, double *adjoint);

/* scaling (r - max_dist)^2 T_b and slopes of the rows of tile t: [row][size] each. */
void MLGRAIN_KERNEL(train_basis)(const struct train_lanes *lanes, int t, vector *value,
                                 vector *slope);

/* 1 in the lanes of tile t whose neighbor is of that species, else 0; returns whether any is. */
int MLGRAIN_KERNEL(train_species_mask)(const struct train_lanes *lanes, int t, int species,
                                       vector mask[MTP_TILE]);

/* Adds forces and virials of gradients dV/dd [row][3] to a result. */
void MLGRAIN_KERNEL(train_scatter)(const struct train_lanes *lanes, const double *gradient,
                                   const struct train_result *result);

static inline void *train_buffer(const struct train_task *task, enum train_buffer_name name)
{
  return task->workspace->buffer[name].memory;
}

/* Adds a number of each lane to the frames. */
static inline void train_add_to_frames(const struct train_lanes *lanes, vector value,
                                       double *frames)
{
  for (int lane = 0; lane < lanes->block.lanes; lane++)
    frames[lanes->frame[lane]] += value[lane];
}

/* The reduced moments or adjoints of a radial function among those at `m`. */
static inline double *train_strips(const struct mtp_plan *plan, int mu, double *m)
{
  return m + plan->strips[plan->strip_start[mu]].slot;
}

#endif
