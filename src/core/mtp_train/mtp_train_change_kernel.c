/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moments and their changes from tiles, when neighbors move or when radial functions change. Then:

   combine: the gradient by all parameters of Q = energy E + virial . W + sum of move_j . F_j. With
   w = move_j - move_i + virial d for a neighbor at d, the latter two are minus the derivative of
   the sites' energies when all d change by w: a tangent pass, m' = dm/dd . w, V' = sum of xi m',
   and its adjoint: lambda = dV'/dm' (as the adjoint of V) and mu = dV'/dm.

   change: energies, forces and virials per change of parameters. Moments change by those with other
   radial functions; their adjoints by as many products, and by the change of xi. */
#include "mtp_train_block.h"

enum { CHANGES = 4 }; /* dr, du_x, du_y, du_z */

/* Powers of unit vectors, and changes of these, for HALF rows. */
struct changes {
  vector x[POWERS][HALF], dx[POWERS][HALF];
  vector yz[2][POWERS][HALF], dyz[2][POWERS][HALF]; /* y^b z^c */
};

static inline double *change_row(const struct train_lanes *lanes, int t, int which, int row)
{
  double *changes = train_buffer(lanes->task, TRAIN_CHANGES);
  return changes + (size_t)((t * CHANGES + which) * MTP_TILE + row) * WIDTH;
}

/* Radial functions' changes, then their slopes'. */
static inline double *changed_radial(const struct train_lanes *lanes, int t, int which, int row)
{
  double *radial = train_buffer(lanes->task, TRAIN_RADIAL);
  const int functions = lanes->mtp.mtp->radial_count;
  return radial + (size_t)((t * 2 * functions + which) * MTP_TILE + row) * WIDTH;
}

ALWAYS_INLINE void fill_powers(const int moving, const struct train_lanes *lanes, int t, int first,
                               struct changes *powers)
{
  const int rank = lanes->mtp.mtp->plan.max_rank;
  double *tile = mtp_tile(&lanes->mtp, t);
  for (int row = 0; row < HALF; row++) {
    const vector x = vector_load(mtp_tile_row(tile, TILE_X, first + row));
    const vector y = vector_load(mtp_tile_row(tile, TILE_Y, first + row));
    const vector z = vector_load(mtp_tile_row(tile, TILE_Z, first + row));
    vector dx = vector_set(0.0), dy = dx, dz = dx;
    if (moving) {
      dx = vector_load(change_row(lanes, t, 1, first + row));
      dy = vector_load(change_row(lanes, t, 2, first + row));
      dz = vector_load(change_row(lanes, t, 3, first + row));
    }
    vector xa = vector_set(1.0), yb = xa, dxa = vector_set(0.0), dyb = dxa;
    for (int n = 0; n <= rank; n++) {
      powers->x[n][row] = xa;
      powers->yz[0][n][row] = yb;
      powers->yz[1][n][row] = yb * z;
      if (moving) {
        powers->dx[n][row] = dxa;
        powers->dyz[0][n][row] = dyb;
        powers->dyz[1][n][row] = dyb * z + yb * dz;
        dxa = dxa * x + xa * dx;
        dyb = dyb * y + yb * dy;
      }
      xa *= x;
      yb *= y;
    }
  }
}

/* Adds f x^a y^b z^c, and its change, of a + b <= degree: c is 0 or 1. */
ALWAYS_INLINE void add_triangle(const int moving, const int degree, const vector *f,
                                const vector *df, const struct changes *powers, const int c,
                                double *m, double *dm)
{
  UNROLLED for (int b = 0; b <= degree; b++)
  {
    vector h[HALF], dh[HALF];
    for (int row = 0; row < HALF; row++) {
      h[row] = f[row] * powers->yz[c][b][row];
      dh[row] = df[row] * powers->yz[c][b][row];
      if (moving)
        dh[row] += f[row] * powers->dyz[c][b][row];
    }
    UNROLLED for (int a = 0; a <= degree - b; a++)
    {
      const int place = (strip_start(degree, b) + a) * WIDTH;
      vector sum = vector_load(m + place), change = vector_load(dm + place);
      for (int row = 0; row < HALF; row++) {
        sum += h[row] * powers->x[a][row];
        change += dh[row] * powers->x[a][row];
        if (moving)
          change += h[row] * powers->dx[a][row];
      }
      vector_store(m + place, sum);
      vector_store(dm + place, change);
    }
  }
}

ALWAYS_INLINE void add_rows(const int moving, const struct train_lanes *lanes, int t, int first,
                            struct changes *powers, double *m, double *dm)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const struct mtp_plan *plan = &mtp->plan;
  double *tile = mtp_tile(&lanes->mtp, t);
  fill_powers(moving, lanes, t, first, powers);
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    const int orders = orders_of(plan, mu);
    double *own = train_strips(plan, mu, m), *change = train_strips(plan, mu, dm);
    vector f[HALF], df[HALF];
    for (int row = 0; row < HALF; row++) {
      f[row] = vector_load(mtp_tile_row(tile, TILE_RADIAL + mu, first + row));
      if (moving)
        df[row] =
            vector_load(mtp_tile_row(tile, TILE_RADIAL + mtp->radial_count + mu, first + row)) *
            vector_load(change_row(lanes, t, 0, first + row));
      else
        df[row] = vector_load(changed_radial(lanes, t, mu, first + row));
    }
#define ADD_TRIANGLES(n)                                                                           \
  add_triangle(moving, (n)-1, f, df, powers, 0, own, change);                                      \
  add_triangle(moving, (n)-2, f, df, powers, 1, own + strip_start((n)-1, n) * WIDTH,               \
               change + strip_start((n)-1, n) * WIDTH)
    if (orders)
      FOR_SMALL(orders, ADD_TRIANGLES, orders)
  }
}

/* All moments and their changes. */
ALWAYS_INLINE void sum_moments_and_changes(const int moving, const struct train_lanes *lanes,
                                           double *m, double *dm)
{
  const struct mtp_plan *plan = &lanes->mtp.mtp->plan;
  struct changes powers;
  memset(m, 0, plan->reduced_count * WIDTH * sizeof *m);
  memset(dm, 0, plan->reduced_count * WIDTH * sizeof *dm);
  for (int row = 0; row < lanes->block.rows; row += HALF)
    add_rows(moving, lanes, row / MTP_TILE, row % MTP_TILE, &powers, m, dm);
  recover(plan, m);
  recover(plan, dm);
  MLGRAIN_KERNEL(train_forward_both)(&lanes->task->model->plan, m, dm);
}

/* Adjoints of V and their changes; `dxi` are those of the moment coefficients, NULL for none. */
static void find_adjoints(const struct train_lanes *lanes, const double *dxi, const double *m,
                          const double *dm, double *adjoint, double *dual)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  memset(adjoint, 0, 2 * (size_t)model->plan.slots * sizeof *adjoint);
  for (int s = 0; s < model->mtp->scalar_count; s++) {
    double *place = adjoint + model->plan.scalar_slot[s];
    vector_store(place, vector_load(place) + model->moment_coeffs[s]);
    if (dxi) {
      place = dual + model->plan.scalar_slot[s];
      vector_store(place, vector_load(place) + dxi[s]);
    }
  }
  MLGRAIN_KERNEL(train_backward_both)(&model->plan, m, dm, adjoint, dual);
}

static enum mlgrain_status reserve(const struct train_task *task)
{
  const struct mlgrain_mtp_model *model = task->model;
  struct mtp_buffer *buffer = task->workspace->buffer;
  const size_t vector_size = WIDTH * sizeof(double), size = (size_t)model->mtp->radial_size;
  const size_t slots = 2 * (size_t)model->plan.slots * sizeof(double);
  if (mtp_reserve(&buffer[TRAIN_MOMENTS], slots) || mtp_reserve(&buffer[TRAIN_ADJOINTS], slots) ||
      mtp_reserve(&buffer[TRAIN_MIXED], model->mtp->plan.basic_slots * vector_size) ||
      mtp_reserve(&buffer[TRAIN_BASIS], 2 * MTP_TILE * size * vector_size) ||
      mtp_reserve(&buffer[TRAIN_SUMS], model->parameter_count * vector_size))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* What depends on the number of tiles. */
static enum mlgrain_status reserve_tiles(const struct train_lanes *lanes)
{
  struct mtp_buffer *buffer = lanes->task->workspace->buffer;
  const size_t rows = (size_t)lanes->block.tiles * MTP_TILE * WIDTH * sizeof(double);
  const size_t functions = 2 * (size_t)lanes->mtp.mtp->radial_count;
  if (mtp_reserve(&buffer[TRAIN_CHANGES], CHANGES * rows) ||
      mtp_reserve(&buffer[TRAIN_RADIAL], functions * rows) ||
      mtp_reserve(&buffer[TRAIN_ROWS], functions * rows) ||
      mtp_reserve(&buffer[TRAIN_GRADIENTS], 3 * rows))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* Combine */

/* How the distances and unit vectors of all rows change: w = move_j - move_i + virial d. */
static void move_rows(const struct train_lanes *lanes, const struct train_combination *combination)
{
  const int32_t *index = lanes->mtp.workspace->buffer[MTP_INDEX].memory;
  vector own[3], strain[6];
  load_positions(combination->move, lanes->block.center, 1, &own[0], &own[1], &own[2]);
  for (int k = 0; k < 6; k++)
    for (int lane = 0; lane < WIDTH; lane++)
      strain[k][lane] = combination->virial[lanes->frame[lane]][k];
  for (int row = 0; row < lanes->block.tiles * MTP_TILE; row++) {
    const int t = row / MTP_TILE, k = row % MTP_TILE;
    double *tile = mtp_tile(&lanes->mtp, t);
    vector wx, wy, wz;
    load_positions(combination->move, index + row, lanes->block.room, &wx, &wy, &wz);
    const vector ux = vector_load(mtp_tile_row(tile, TILE_X, k));
    const vector uy = vector_load(mtp_tile_row(tile, TILE_Y, k));
    const vector uz = vector_load(mtp_tile_row(tile, TILE_Z, k));
    const vector r = vector_load(mtp_tile_row(tile, TILE_R, k));
    const vector inverse = vector_load(mtp_tile_row(tile, TILE_INVERSE, k));
    wx += r * (strain[0] * ux + strain[3] * uy + strain[4] * uz) - own[0];
    wy += r * (strain[3] * ux + strain[1] * uy + strain[5] * uz) - own[1];
    wz += r * (strain[4] * ux + strain[5] * uy + strain[2] * uz) - own[2];
    const vector along = wx * ux + wy * uy + wz * uz;
    vector_store(change_row(lanes, t, 0, k), along);
    vector_store(change_row(lanes, t, 1, k), (wx - along * ux) * inverse);
    vector_store(change_row(lanes, t, 2, k), (wy - along * uy) * inverse);
    vector_store(change_row(lanes, t, 3, k), (wz - along * uz) * inverse);
  }
}

/* For BACK rows: what multiplies f_mu and f'_mu in the derivative of Q by radial coefficients,
     P_mu of `mixed` (energy times adjoint less dual) - grad P_mu . du,   - P_mu dr */
static void factors_of_rows(const struct train_lanes *lanes, int t, int first,
                            const double *adjoint, const double *mixed, double *rows)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const struct mtp_plan *plan = &mtp->plan;
  double *tile = mtp_tile(&lanes->mtp, t);
  struct directions u;
  load_directions(tile, first, &u);
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    const size_t slot = plan->strips[plan->strip_start[mu]].slot;
    const int orders = orders_of(plan, mu);
    struct polynomial own, other;
#define SUM_BOTH(n)                                                                                \
  sum_moments(n, adjoint + slot, &u, &own);                                                        \
  sum_moments(n, mixed + slot, &u, &other)
    if (orders)
      FOR_SMALL(orders, SUM_BOTH, orders)
    else
      memset(&own, 0, sizeof own), memset(&other, 0, sizeof other);
    for (int row = 0; row < BACK; row++) {
      const vector turn = own.x[row] * vector_load(change_row(lanes, t, 1, first + row)) +
                          own.y[row] * vector_load(change_row(lanes, t, 2, first + row)) +
                          own.z[row] * vector_load(change_row(lanes, t, 3, first + row));
      vector_store(rows + (mu * MTP_TILE + first + row) * WIDTH, other.value[row] - turn);
      vector_store(rows + ((mtp->radial_count + mu) * MTP_TILE + first + row) * WIDTH,
                   -own.value[row] * vector_load(change_row(lanes, t, 0, first + row)));
    }
  }
}

/* sums[mu][b] += sum over rows of factor times polynomial, and of slope's factor times slope. */
ALWAYS_INLINE void add_radial_sums(const int size, int functions, const double *rows,
                                   const vector *value, const vector *slope, const vector *mask,
                                   double *sums)
{
  for (int mu = 0; mu < functions; mu++) {
    vector a[MTP_TILE], b[MTP_TILE];
    for (int row = 0; row < MTP_TILE; row++) {
      a[row] = vector_load(rows + (mu * MTP_TILE + row) * WIDTH) * mask[row];
      b[row] = vector_load(rows + ((functions + mu) * MTP_TILE + row) * WIDTH) * mask[row];
    }
    for (int k = 0; k < size; k++, sums += WIDTH) {
      vector of_value = vector_load(sums), of_slope = b[0] * slope[k];
      of_value += a[0] * value[k];
      for (int row = 1; row < MTP_TILE; row++) {
        of_value += a[row] * value[row * size + k];
        of_slope += b[row] * slope[row * size + k];
      }
      vector_store(sums, of_value + of_slope);
    }
  }
}

static void add_radial_gradient(const struct train_lanes *lanes, const double *adjoint,
                                const double *mixed)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const int size = mtp->radial_size, functions = mtp->radial_count;
  double *rows = train_buffer(lanes->task, TRAIN_ROWS),
         *sums = train_buffer(lanes->task, TRAIN_SUMS);
  vector *value = train_buffer(lanes->task, TRAIN_BASIS), *slope = value + MTP_TILE * size;
  for (int t = 0; t < lanes->block.tiles; t++) {
    for (int first = 0; first < MTP_TILE; first += BACK)
      factors_of_rows(lanes, t, first, adjoint, mixed, rows);
    MLGRAIN_KERNEL(train_basis)(lanes, mtp_tile(&lanes->mtp, t), value, slope);
    for (int species = 0; species < mtp->species_count; species++) {
      vector mask[MTP_TILE];
      if (!MLGRAIN_KERNEL(train_species_mask)(lanes, t, species, mask))
        continue;
      double *own =
          sums +
          (size_t)((lanes->species * mtp->species_count + species) * functions * size) * WIDTH;
      if (size == 8)
        add_radial_sums(8, functions, rows, value, slope, mask, own);
      else
        add_radial_sums(size, functions, rows, value, slope, mask, own);
    }
  }
}

static enum mlgrain_status combine_lanes(struct train_lanes *lanes, const void *context)
{
  const struct train_combination *combination = context;
  const struct mlgrain_mtp_model *model = lanes->task->model;
  const struct mtp_plan *plan = &model->mtp->plan;
  if (reserve_tiles(lanes))
    return MLGRAIN_OUT_OF_MEMORY;
  double *m = train_buffer(lanes->task, TRAIN_MOMENTS), *dm = m + model->plan.slots;
  double *adjoint = train_buffer(lanes->task, TRAIN_ADJOINTS), *dual = adjoint + model->plan.slots;
  double *mixed = train_buffer(lanes->task, TRAIN_MIXED),
         *sums = train_buffer(lanes->task, TRAIN_SUMS);
  vector energy = vector_set(0.0);
  for (int lane = 0; lane < WIDTH; lane++)
    energy[lane] = combination->energy[lanes->frame[lane]];
  move_rows(lanes, combination);
  sum_moments_and_changes(1, lanes, m, dm);
  find_adjoints(lanes, NULL, m, dm, adjoint, dual);
  sums += model->moment_parameter * WIDTH;
  for (int s = 0; s < model->mtp->scalar_count; s++, sums += WIDTH)
    vector_store(sums, vector_load(sums) + (energy * vector_load(m + model->plan.scalar_slot[s]) -
                                            vector_load(dm + model->plan.scalar_slot[s])));
  for (size_t k = 0; k < (size_t)plan->basic_slots * WIDTH; k += WIDTH)
    vector_store(mixed + k, energy * vector_load(adjoint + k) - vector_load(dual + k));
  recover_backward(plan, adjoint);
  recover_backward(plan, mixed);
  add_radial_gradient(lanes, adjoint, mixed);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status MLGRAIN_KERNEL(train_combine)(const struct train_task *task,
                                                  const struct train_combination *combination,
                                                  double *gradient)
{
  const struct mlgrain_mtp_model *model = task->model;
  if (reserve(task))
    return MLGRAIN_OUT_OF_MEMORY;
  double *sums = train_buffer(task, TRAIN_SUMS);
  memset(sums, 0, model->parameter_count * WIDTH * sizeof *sums);
  const enum mlgrain_status status =
      MLGRAIN_KERNEL(train_for_lanes)(task, combine_lanes, combination);
  for (size_t k = 0; k < model->parameter_count; k++)
    gradient[k] += vector_sum(vector_load(sums + k * WIDTH));
  for (size_t i = 0; i < task->block->count; i++)
    gradient[model->species_parameter + (size_t)task->block->type[i]] +=
        combination->energy[task->block->frame[i]];
  return status;
}

/* Change */

struct change_context {
  const double *change;
  const struct train_result *result;
};

/* Radial functions of the changed coefficients. */
static void change_radial(const struct train_lanes *lanes, const double *change)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const int size = mtp->radial_size, functions = mtp->radial_count;
  vector *value = train_buffer(lanes->task, TRAIN_BASIS), *slope = value + MTP_TILE * size;
  for (int t = 0; t < lanes->block.tiles; t++) {
    double *radial = changed_radial(lanes, t, 0, 0);
    memset(radial, 0, (size_t)(2 * functions * MTP_TILE) * WIDTH * sizeof *radial);
    MLGRAIN_KERNEL(train_basis)(lanes, mtp_tile(&lanes->mtp, t), value, slope);
    for (int species = 0; species < mtp->species_count; species++) {
      const double *c = change + (lanes->species * mtp->species_count + species) * functions * size;
      vector mask[MTP_TILE];
      if (!MLGRAIN_KERNEL(train_species_mask)(lanes, t, species, mask))
        continue;
      for (int mu = 0; mu < functions; mu++, c += size)
        for (int row = 0; row < MTP_TILE; row++) {
          vector f = vector_set(0.0), df = f;
          for (int b = 0; b < size; b++) {
            f += c[b] * value[row * size + b];
            df += c[b] * slope[row * size + b];
          }
          double *place = changed_radial(lanes, t, mu, row);
          double *slope_place = changed_radial(lanes, t, functions + mu, row);
          vector_store(place, vector_load(place) + mask[row] * f);
          vector_store(slope_place, vector_load(slope_place) + mask[row] * df);
        }
    }
  }
}

/* Changes of the gradients of BACK rows: of adjoints, and of radial functions. */
static void changed_gradients(const struct train_lanes *lanes, int t, int first,
                              const double *adjoint, const double *dual, double *gradient)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const struct mtp_plan *plan = &mtp->plan;
  double *tile = mtp_tile(&lanes->mtp, t);
  struct directions u;
  struct slopes slopes;
  load_directions(tile, first, &u);
  clear_slopes(&slopes);
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    const size_t slot = plan->strips[plan->strip_start[mu]].slot;
    const int orders = orders_of(plan, mu);
    struct polynomial own, other;
    if (!orders)
      continue;
#define SUM_CHANGES(n)                                                                             \
  sum_moments(n, adjoint + slot, &u, &own);                                                        \
  sum_moments(n, dual + slot, &u, &other)
    FOR_SMALL(orders, SUM_CHANGES, orders)
    add_slopes(&other, mtp_tile_row(tile, TILE_RADIAL + mu, first),
               mtp_tile_row(tile, TILE_RADIAL + mtp->radial_count + mu, first), orders > 1,
               &slopes);
    add_slopes(&own, changed_radial(lanes, t, mu, first),
               changed_radial(lanes, t, mtp->radial_count + mu, first), orders > 1, &slopes);
  }
  store_gradients(&slopes, tile, first, gradient);
}

/* Changes of the energies in the lanes. */
static vector changed_energy(const struct train_lanes *lanes, const double *change, const double *m,
                             const double *dm)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  const double *dxi = change + model->moment_parameter;
  vector energy = vector_set(change[model->species_parameter + (size_t)lanes->species]);
  for (int s = 0; s < model->mtp->scalar_count; s++) {
    const uint32_t slot = model->plan.scalar_slot[s];
    energy += model->moment_coeffs[s] * vector_load(dm + slot) + dxi[s] * vector_load(m + slot);
  }
  return energy;
}

static enum mlgrain_status change_lanes(struct train_lanes *lanes, const void *context)
{
  const struct change_context *changing = context;
  const struct mlgrain_mtp_model *model = lanes->task->model;
  if (reserve_tiles(lanes))
    return MLGRAIN_OUT_OF_MEMORY;
  double *m = train_buffer(lanes->task, TRAIN_MOMENTS), *dm = m + model->plan.slots;
  double *adjoint = train_buffer(lanes->task, TRAIN_ADJOINTS), *dual = adjoint + model->plan.slots;
  double *gradient = train_buffer(lanes->task, TRAIN_GRADIENTS);
  change_radial(lanes, changing->change);
  sum_moments_and_changes(0, lanes, m, dm);
  find_adjoints(lanes, changing->change + model->moment_parameter, m, dm, adjoint, dual);
  recover_backward(&model->mtp->plan, adjoint);
  recover_backward(&model->mtp->plan, dual);
  for (int row = 0; row < lanes->block.rows; row += BACK)
    changed_gradients(lanes, row / MTP_TILE, row % MTP_TILE, adjoint, dual,
                      gradient + row / MTP_TILE * MTP_TILE * 3 * WIDTH);
  MLGRAIN_KERNEL(train_scatter)(lanes, gradient, changing->result);
  train_add_to_frames(lanes, changed_energy(lanes, changing->change, m, dm),
                      changing->result->energy);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status MLGRAIN_KERNEL(train_change)(const struct train_task *task,
                                                 const double *change,
                                                 const struct train_result *result)
{
  const struct change_context context = {change, result};
  if (reserve(task))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_KERNEL(train_for_lanes)(task, change_lanes, &context);
}
