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

/* Changes that train_follow takes together. */
enum { BATCH = 4 };

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

/* A path, for BATCH changes of the reduced moments of its radial function in dm [slot][BATCH], with
   m and adjoint complete: dual [slot][BATCH] of path->dual are what the adjoints of these moments
   change by; others are not touched. */
void MLGRAIN_KERNEL(train_follow)(const struct mlgrain_mtp_model *model,
                                  const struct train_path *path, const double *m,
                                  const double *adjoint, double *dm, double *dual);

/* scaling (r - max_dist)^2 T_b and slopes of the rows of a tile: [row][size] each. */
void MLGRAIN_KERNEL(train_basis)(const struct train_lanes *lanes, double *tile, vector *value,
                                 vector *slope);

/* 1 in the lanes of tile t whose neighbor is of that species, else 0; returns whether any is. */
int MLGRAIN_KERNEL(train_species_mask)(const struct train_lanes *lanes, int t, int species,
                                       vector mask[MTP_TILE]);

/* Adds forces and virials of gradients dV/dd [row][3] to a result. */
void MLGRAIN_KERNEL(train_scatter)(const struct train_lanes *lanes, const double *gradient,
                                   const struct train_result *result);

/* Columns that are rows of the block one after the other. */
struct train_run {
  size_t column, row, length;
};

/* How moments change if atoms move or the crystal is strained, for the centers in the lanes, each
   with columns of its own: forces on atoms in rising order, three each, virials, and nothing up to
   whole vectors. */
struct train_moves {
  size_t columns, reduced, radial; /* of a lane; columns are whole vectors */
  const double *changes;           /* [lane][reduced][columns] of reduced moments */
  const double *direct;            /* [lane][radial][columns] of the radial coefficients of centers
                                      of the species, what does not come from moments */
  const struct train_run *runs;    /* [lane][most_runs] */
  size_t most_runs, run_count[WIDTH];
};

/* With `virials`, also those columns. With `radial`, also what is direct; polynomials of adjoints
   must have been kept. */
enum mlgrain_status MLGRAIN_KERNEL(train_find_moves)(const struct train_lanes *lanes, int virials,
                                                     int radial, struct train_moves *moves);

/* Derivatives by reduced moments, [lane][lane_size]: of the scalar moments in the order of
   plan->scalar_order by the moments of their support; then, with `radial`, for the radial
   coefficients of centers of the species, of the energy's derivative by them, by the moments of
   path->dual of the radial function: sums of basis functions must be there. `adjoint` has room for
   those of a scalar behind it. */
void MLGRAIN_KERNEL(train_factors)(const struct train_lanes *lanes, const double *m,
                                   double *adjoint, int radial, size_t lane_size, double *factors);

/* out [rows][columns] += factors [rows][count] times the rows `moment` of values [..][columns];
   columns are whole vectors, rows at most CONTRACTED. */
enum { CONTRACTED = 4 };
void MLGRAIN_KERNEL(train_contract)(const double *factors, size_t rows, const uint32_t *moment,
                                    size_t count, const double *values, size_t columns,
                                    double *out);

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

/* How many moments a radial function of that degree has. */
ALWAYS_INLINE int moments_of_degree(int degree)
{
  return (degree + 1) * (degree + 1);
}

/* One more than the highest rank of all radial functions; without any moments, what there is of
   them is 0. */
static inline int train_most_orders(const struct mlgrain_mtp *mtp)
{
  int most = 1;
  for (int mu = 0; mu < mtp->radial_count; mu++)
    most = orders_of(&mtp->plan, mu) > most ? orders_of(&mtp->plan, mu) : most;
  return most;
}

/* Place of x^a y^b z^c among the moments of a radial function of that degree. */
ALWAYS_INLINE int moment_place(int degree, int a, int b, int c)
{
  return c ? strip_start(degree, degree + 1) + strip_start(degree - 1, b) + a
           : strip_start(degree, b) + a;
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

/* sums += f times all monomials up to `degree`, over HALF rows. */
static inline void add_monomials(int degree, const double *f, const struct powers *powers,
                                 double *sums)
{
#define ADD(n)                                                                                     \
  add_powers((n), f, powers, 0, sums);                                                             \
  add_powers((n)-1, f, powers, 1, sums + strip_start((n), (n) + 1) * WIDTH)
  if (degree)
    FOR_SMALL(degree, ADD, degree)
  else
    add_powers(0, f, powers, 0, sums);
#undef ADD
}

#endif
