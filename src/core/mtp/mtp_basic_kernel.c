/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Basic moments, and the way back from adjoints to gradients. Most of the
   time goes into sums of a coefficient times a power of x; each such sum keeps several rows in
   registers, so that a moment is loaded and stored once per tile. */
#include "mtp_polynomial.h"

/* Adds the moments f x^a y^b z^c of a + b <= degree: c is 0 or 1. */
ALWAYS_INLINE void add_moments(const int rows, const int degree, const number *f,
                               const struct powers *powers, const int c, number *slot)
{
  UNROLLED for (int b = 0; b <= degree; b++)
  {
    lane_vector h[MTP_TILE];
    for (int row = 0; row < rows; row++)
      h[row] = lanes_load(f + row * LANES) * powers->yz[c][b][row];
    UNROLLED for (int a = 0; a <= degree - b; a++)
    {
      number *place = slot + (strip_start(degree, b) + a) * LANES;
      // cppcheck-suppress uninitvar ; there are rows
      lane_vector even = a ? h[0] * powers->x[a][0] : h[0];
      lane_vector odd = a ? h[1] * powers->x[a][1] : h[1];
      for (int row = 2; row < rows; row += 2) {
        even += a ? h[row] * powers->x[a][row] : h[row];
        odd += a ? h[row + 1] * powers->x[a][row + 1] : h[row + 1];
      }
      lanes_store(place, lanes_load(place) + (even + odd));
    }
  }
}

/* Adds the moments of `rows` rows. */
ALWAYS_INLINE void add_rows(const int rows, const struct mlgrain_mtp *mtp, number *tile, int first,
                            struct powers *powers, number *m)
{
  const struct mtp_plan *plan = &mtp->plan;
  fill_x_powers(rows, plan->max_rank, tile, first, powers);
  fill_yz_powers(rows, plan->max_rank, tile, first, powers);
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    const number *f = mtp_tile_row(tile, TILE_RADIAL + mu, first);
    const int orders = orders_of(plan, mu);
    number *slot = m + plan->strips[plan->strip_start[mu]].slot;
#define ADD_MOMENTS(n)                                                                             \
  add_moments(rows, (n)-1, f, powers, 0, slot);                                                    \
  add_moments(rows, (n)-2, f, powers, 1, slot + strip_start((n)-1, n) * LANES)
    if (orders)
      FOR_SMALL(orders, ADD_MOMENTS, orders)
  }
}

void MLGRAIN_KERNEL(mtp_basic_clear)(const struct mtp_task *task)
{
  number *m = task->workspace->buffer[MTP_MOMENTS].memory;
  memset(m, 0, task->mtp->plan.reduced_count * LANES * sizeof *m);
}

void MLGRAIN_KERNEL(mtp_basic_add)(const struct mtp_task *task, const struct mtp_block *block,
                                   int t)
{
  number *m = task->workspace->buffer[MTP_MOMENTS].memory;
  struct powers powers;
  if (block->rows - t * MTP_TILE > HALF)
    add_rows(MTP_TILE, task->mtp, mtp_tile(task, t), 0, &powers, m);
  else
    add_rows(HALF, task->mtp, mtp_tile(task, t), 0, &powers, m);
}

void MLGRAIN_KERNEL(mtp_basic_recover)(const struct mtp_task *task)
{
  recover(&task->mtp->plan, task->workspace->buffer[MTP_MOMENTS].memory);
}

/* Gradients of BACK rows. */
static void gradients_of_rows(const struct mlgrain_mtp *mtp, number *tile, int first,
                              const number *adjoint, number *gradient, number *values,
                              float *rounded)
{
  const struct mtp_plan *plan = &mtp->plan;
  struct directions u;
  struct slopes slopes;
  load_directions(tile, first, &u);
  clear_slopes(&slopes);
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    struct polynomial sum;
    const number *slot = adjoint + plan->strips[plan->strip_start[mu]].slot;
    const int orders = orders_of(plan, mu);
#define SUM_MOMENTS(n) sum_moments(n, slot, &u, &sum)
    if (!orders)
      memset(&sum, 0, sizeof sum);
    else
      FOR_SMALL(orders, SUM_MOMENTS, orders)
    add_slopes(&sum, mtp_tile_row(tile, TILE_RADIAL + mu, first),
               mtp_tile_row(tile, TILE_RADIAL + mtp->radial_count + mu, first), orders > 1,
               &slopes);
    for (int row = 0; row < BACK && values; row++)
      lanes_store(values + (mu * MTP_TILE + first + row) * LANES, sum.value[row]);
    for (int row = 0; row < BACK && rounded; row += 2)
      lanes_round(rounded + (mu * MTP_TILE + first + row) * LANES, sum.value[row],
                  sum.value[row + 1]);
  }
  store_gradients(&slopes, tile, first, gradient);
}

/* Zeros from row `first` of a tile on, in numbers of `size` bytes. */
static void clear_rows(const struct mlgrain_mtp *mtp, int first, void *values, size_t size)
{
  char *row = (char *)values + (size_t)first * LANES * size;
  for (int mu = 0; mu < mtp->radial_count && first < MTP_TILE; mu++, row += MTP_TILE * LANES * size)
    memset(row, 0, (size_t)(MTP_TILE - first) * LANES * size);
}

/* The hard wall below min_dist of RBChebyshev_repuls, which few rows touch: lane by lane. */
static void add_wall(const struct mlgrain_mtp *mtp, number *tile, number *gradient,
                     struct mtp_block *block)
{
  for (int row = 0; row < MTP_TILE; row++)
    for (int lane = 0; lane < LANES; lane++) {
      const double r = mtp_tile_row(tile, TILE_R, row)[lane];
      if (r >= mtp->min_dist)
        continue;
      const double e = 1e4 * __builtin_exp(-10.0 * (r - 1.0));
      block->energy[lane] += e - 1e4 * __builtin_exp(-10.0 * (mtp->min_dist - 1.0));
      for (int d = 0; d < 3; d++)
        gradient[(row * 3 + d) * LANES + lane] -=
            (number)(10.0 * e * mtp_tile_row(tile, TILE_X + d, row)[lane]);
    }
}

void MLGRAIN_KERNEL(mtp_basic_backward_begin)(const struct mtp_task *task)
{
  recover_backward(&task->mtp->plan, task->workspace->buffer[MTP_ADJOINTS].memory);
}

void MLGRAIN_KERNEL(mtp_basic_backward)(const struct mtp_task *task, struct mtp_block *block, int t,
                                        number *values, float *rounded)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  number *tile = mtp_tile(task, t), *gradient = task->workspace->buffer[MTP_GRADIENTS].memory;
  const number *adjoint = task->workspace->buffer[MTP_ADJOINTS].memory;
  int first = 0;
  gradient += (size_t)t * MTP_TILE * 3 * LANES;
  for (; first < MTP_TILE && first < block->rows - t * MTP_TILE; first += BACK)
    gradients_of_rows(mtp, tile, first, adjoint, gradient, values, rounded);
  if (values) /* are read for whole tiles */
    clear_rows(mtp, first, values, sizeof *values);
  if (rounded)
    clear_rows(mtp, first, rounded, sizeof *rounded);
  if (mtp->repulsive)
    add_wall(mtp, tile, gradient, block);
}

/* - sum of d_a g_b over all rows, symmetrized: xx yy zz xy xz yz. */
void MLGRAIN_KERNEL(mtp_virial)(const struct mtp_task *task, const struct mtp_block *block)
{
  const number *gradient = task->workspace->buffer[MTP_GRADIENTS].memory;
  vector sum[6];
  for (int k = 0; k < 6; k++)
    sum[k] = vector_set(0.0);
  for (int row = 0; row < block->rows; row++, gradient += 3 * LANES)
    for (int half = 0; half < LANES; half += WIDTH) {
      number *place = mtp_tile_row(mtp_tile(task, row / MTP_TILE), 0, row % MTP_TILE) + half;
      vector d[3], g[3];
      const vector r = half_load(mtp_tile_row(place, TILE_R, 0));
      for (int k = 0; k < 3; k++) {
        d[k] = r * half_load(mtp_tile_row(place, TILE_X + k, 0));
        g[k] = half_load(gradient + k * LANES + half);
      }
      for (int k = 0; k < 3; k++)
        sum[k] += d[k] * g[k];
      sum[3] += 0.5 * (d[0] * g[1] + d[1] * g[0]);
      sum[4] += 0.5 * (d[0] * g[2] + d[2] * g[0]);
      sum[5] += 0.5 * (d[1] * g[2] + d[2] * g[1]);
    }
  for (int k = 0; k < 6; k++)
    task->result->virial[k] -= vector_sum(sum[k]);
}
