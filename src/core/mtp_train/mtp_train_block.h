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

/* Changes that train_batch takes together. */
enum { BATCH = 3 };

typedef enum mlgrain_status train_lane_function(struct train_lanes *lanes, const void *context);

/* Calls a function for all centers of a block, WIDTH at a time: their tiles are filled, with radial
   functions. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status MLGRAIN_KERNEL(train_for_lanes)(const struct train_task *task,
                                                    train_lane_function *function,
                                                    const void *context);

/* m3 += q m0 m1 for the products of `m`; for it and its change `dm`. */
void MLGRAIN_KERNEL(train_forward)(const struct train_plan *plan, double *m);
void MLGRAIN_KERNEL(train_forward_both)(const struct train_plan *plan, double *m, double *dm);

/* The way back: with `adjoint` of m, `dual` of that, which is adjoint's change as dm is m's:
     adjoint0 += q adjoint3 m1,  dual0 += q (dual3 m1 + adjoint3 dm1), and likewise for 1.
   Adjoints alone; both; adjoints of some products alone. */
void MLGRAIN_KERNEL(train_backward)(const struct train_plan *plan, const double *m,
                                    double *adjoint);
void MLGRAIN_KERNEL(train_backward_both)(const struct train_plan *plan, const double *m,
                                         const double *dm, double *adjoint, double *dual);
void MLGRAIN_KERNEL(train_backward_some)(const struct train_plan *plan, const uint32_t *products,
                                         size_t count, const double *m, double *adjoint);

/* Forward and back for BATCH changes of reduced basic moments, with m and adjoint complete.
   `change` [BATCH][basic slot] becomes the duals of reduced basic moments; dm [slot][BATCH] has all
   changes, dual [slot][BATCH] is for work. */
void MLGRAIN_KERNEL(train_batch)(const struct mlgrain_mtp_model *model, const double *m,
                                 const double *adjoint, double *const change[BATCH], double *dm,
                                 double *dual);

/* scaling (r - max_dist)^2 T_b and slopes of the rows of a tile: [row][size] each. */
void MLGRAIN_KERNEL(train_basis)(const struct train_lanes *lanes, double *tile, vector *value,
                                 vector *slope);

/* 1 in the lanes of tile t whose neighbor is of that species, else 0; returns whether any is. */
int MLGRAIN_KERNEL(train_species_mask)(const struct train_lanes *lanes, int t, int species,
                                       vector mask[MTP_TILE]);

/* Adds forces and virials of gradients dV/dd [row][3] to a result. */
void MLGRAIN_KERNEL(train_scatter)(const struct train_lanes *lanes, const double *gradient,
                                   const struct train_result *result);

/* Rows of the Jacobian that forces of the centers' energies have, but for the centers' own: three
   for each other atom of which images are neighbors, in the lane that has most. */
enum mlgrain_status MLGRAIN_KERNEL(train_count_moves)(const struct train_lanes *lanes,
                                                      size_t *count);

/* Adds the centers' part of the Jacobian to its rows, [row of the block][parameter]: atoms are
   moved one by one. Polynomials of adjoints must have been kept. With `virials`, also those rows.
 */
enum mlgrain_status MLGRAIN_KERNEL(train_moves)(const struct train_lanes *lanes, int virials,
                                                double *jacobian);

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

/* The polynomials P_mu of all adjoints and their derivatives: [tile][mu][POLYNOMIAL][row] */
enum { VALUE, SLOPE_X, SLOPE_Y, SLOPE_Z, POLYNOMIAL };
static inline double *train_polynomial_row(const struct train_lanes *lanes, int t, int mu,
                                           int which, int row)
{
  double *polynomials = train_buffer(lanes->task, TRAIN_ROWS);
  const int at = (t * lanes->mtp.mtp->radial_count + mu) * POLYNOMIAL + which;
  return polynomials + (size_t)(at * MTP_TILE + row) * WIDTH;
}

/* dm[k] += sum over rows of f x^a y^b z^c, a + b <= degree: c is 0 or 1. */
ALWAYS_INLINE void add_powers(const int degree, const double *f, const struct powers *powers,
                              const int c, double *dm)
{
  UNROLLED for (int b = 0; b <= degree; b++)
  {
    vector h[HALF];
    for (int row = 0; row < HALF; row++)
      h[row] = vector_load(f + row * WIDTH) * powers->yz[c][b][row];
    UNROLLED for (int a = 0; a <= degree - b; a++)
    {
      double *place = dm + (strip_start(degree, b) + a) * WIDTH;
      vector sum = vector_load(place);
      for (int row = 0; row < HALF; row++)
        sum += h[row] * powers->x[a][row];
      vector_store(place, sum);
    }
  }
}

/* Changes of basic moments, behind those of all slots. */
static inline void train_changes(const struct train_task *task, double *change[BATCH])
{
  const size_t basics = task->model->mtp->plan.basic_slots;
  double *first =
      (double *)train_buffer(task, TRAIN_MOMENTS) + BATCH * (size_t)task->model->plan.slots;
  for (size_t d = 0; d < BATCH; d++)
    change[d] = first + d * basics * WIDTH;
}

#endif
