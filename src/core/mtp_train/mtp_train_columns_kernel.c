/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Jacobian of a block: energies, forces and virials per parameter, one column after the other;
   or row by row, where that is quicker (mtp_train_moves_kernel.c).

   A moment coefficient's column is its scalar moment with the forces of that basis function alone:
   adjoints of the products that it is made of, gradients of the radial functions it has.

   A radial coefficient's: the moments of its polynomial in the place of a radial function, their
   products with all others, and the change of all adjoints; see mtp_train_change_kernel.c. */
#include "mtp_train_block.h"

struct columns_context {
  const struct train_columns *columns;
  double *jacobian; /* [row of the block][parameter] */
  int virials;      /* whether any frame's has weight */
  double *rows;     /* [atom][parameter], instead of columns */
};

static struct train_result column(const struct train_lanes *lanes,
                                  const struct train_columns *columns, size_t parameter)
{
  const struct train_block *block = lanes->task->block;
  double *values = columns->values + parameter * columns->stride;
  return (struct train_result){values, (double(*)[3])(values + block->frames),
                               (double(*)[6])(values + block->frames + 3 * block->count)};
}

static void load_yz(const struct train_lanes *lanes, int t, int first, vector *y, vector *z)
{
  double *tile = mtp_tile(&lanes->mtp, t);
  for (int row = 0; row < BACK; row++) {
    y[row] = vector_load(mtp_tile_row(tile, TILE_Y, first + row));
    z[row] = vector_load(mtp_tile_row(tile, TILE_Z, first + row));
  }
}

/* One polynomial for BACK rows; none where `orders` is 0. */
ALWAYS_INLINE void evaluate(int orders, const double *slot, const struct powers *powers,
                            const vector *y, const vector *z, struct polynomial *sum)
{
#define EVALUATE(n) sum_moments(n, slot, powers, y, z, sum)
  if (orders)
    FOR_SMALL(orders, EVALUATE, orders)
  else
    memset(sum, 0, sizeof *sum);
}

static void keep_polynomials(const struct train_lanes *lanes, const double *adjoint)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const struct mtp_plan *plan = &mtp->plan;
  struct powers powers;
  for (int row = 0; row < lanes->block.tiles * MTP_TILE; row += BACK) {
    const int t = row / MTP_TILE, first = row % MTP_TILE;
    vector y[BACK], z[BACK];
    fill_x_powers(BACK, plan->max_rank, mtp_tile(&lanes->mtp, t), first, &powers);
    load_yz(lanes, t, first, y, z);
    for (int mu = 0; mu < mtp->radial_count; mu++) {
      struct polynomial sum;
      evaluate(orders_of(plan, mu), adjoint + plan->strips[plan->strip_start[mu]].slot, &powers, y,
               z, &sum);
      for (int k = 0; k < BACK; k++) {
        vector_store(train_polynomial_row(lanes, t, mu, VALUE, first + k), sum.value[k]);
        vector_store(train_polynomial_row(lanes, t, mu, SLOPE_X, first + k), sum.x[k]);
        vector_store(train_polynomial_row(lanes, t, mu, SLOPE_Y, first + k), sum.y[k]);
        vector_store(train_polynomial_row(lanes, t, mu, SLOPE_Z, first + k), sum.z[k]);
      }
    }
  }
}

/* Moments, products, and the adjoints of the energy, with the polynomials of these. */
static void find_moments(const struct train_lanes *lanes, double *m, double *adjoint)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  MLGRAIN_KERNEL(mtp_basic_clear)(&lanes->mtp);
  for (int t = 0; t < lanes->block.tiles; t++)
    MLGRAIN_KERNEL(mtp_basic_add)(&lanes->mtp, &lanes->block, t);
  MLGRAIN_KERNEL(mtp_basic_recover)(&lanes->mtp);
  MLGRAIN_KERNEL(train_forward)(&model->plan, m);
  memset(adjoint, 0, (size_t)model->plan.slots * sizeof *adjoint);
  for (int s = 0; s < model->mtp->scalar_count; s++) {
    double *place = adjoint + model->plan.scalar_slot[s];
    vector_store(place, vector_load(place) + model->moment_coeffs[s]);
  }
  MLGRAIN_KERNEL(train_backward)(&model->plan, m, adjoint);
  recover_backward(&model->mtp->plan, adjoint);
  keep_polynomials(lanes, adjoint);
}

/* dV/dc of the radial coefficients for neighbors of a species: sums[mu][b] */
static void radial_energies(const struct train_lanes *lanes, int species, double *sums)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const int size = mtp->radial_size, functions = mtp->radial_count;
  vector *value = train_buffer(lanes->task, TRAIN_BASIS), *slope = value + MTP_TILE * size;
  memset(sums, 0, (size_t)(functions * size) * WIDTH * sizeof *sums);
  for (int t = 0; t < lanes->block.tiles; t++) {
    vector mask[MTP_TILE];
    if (!MLGRAIN_KERNEL(train_species_mask)(lanes, t, species, mask))
      continue;
    MLGRAIN_KERNEL(train_basis)(lanes, mtp_tile(&lanes->mtp, t), value, slope);
    for (int mu = 0; mu < functions; mu++)
      for (int b = 0; b < size; b++) {
        double *place = sums + (mu * size + b) * WIDTH;
        vector sum = vector_load(place);
        for (int row = 0; row < MTP_TILE; row++)
          sum += mask[row] * vector_load(train_polynomial_row(lanes, t, mu, VALUE, row)) *
                 value[row * size + b];
        vector_store(place, sum);
      }
  }
}

static enum mlgrain_status reserve(const struct train_task *task)
{
  const struct mlgrain_mtp_model *model = task->model;
  struct mtp_buffer *buffer = task->workspace->buffer;
  const size_t vector_size = WIDTH * sizeof(double), size = (size_t)model->mtp->radial_size;
  const size_t slots = (size_t)model->plan.slots * sizeof(double);
  if (mtp_reserve(&task->workspace->mtp->buffer[MTP_MOMENTS], slots) ||
      mtp_reserve(&buffer[TRAIN_MOMENTS],
                  BATCH * (slots + model->mtp->plan.basic_slots * vector_size)) ||
      mtp_reserve(&buffer[TRAIN_ADJOINTS], (1 + BATCH) * slots) ||
      mtp_reserve(&buffer[TRAIN_MIXED], model->mtp->plan.basic_slots * vector_size) ||
      mtp_reserve(&buffer[TRAIN_BASIS], 2 * MTP_TILE * size * vector_size) ||
      mtp_reserve(&buffer[TRAIN_SUMS], model->radial_parameters * vector_size))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status reserve_tiles(const struct train_lanes *lanes)
{
  struct mtp_buffer *buffer = lanes->task->workspace->buffer;
  const size_t rows = (size_t)lanes->block.tiles * MTP_TILE * WIDTH * sizeof(double);
  const size_t functions = (size_t)lanes->mtp.mtp->radial_count;
  if (mtp_reserve(&buffer[TRAIN_RADIAL], 2 * rows) ||
      mtp_reserve(&buffer[TRAIN_ROWS], functions * POLYNOMIAL * rows) ||
      mtp_reserve(&buffer[TRAIN_GRADIENTS], 3 * rows))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* Columns of moment coefficients */

/* Copies the strips of a radial function up to `rank` next to each other, as if that were its
   highest one; returns where they end. */
static double *copy_strips(const struct mtp_plan *plan, int mu, int rank, const double *adjoint,
                           double *copy)
{
  const int full = orders_of(plan, mu) - 1;
  const double *slot = adjoint + plan->strips[plan->strip_start[mu]].slot;
  for (int c = 0; c <= 1 && c <= rank; c++) {
    for (int b = 0; b <= rank - c; b++) {
      const size_t length = (size_t)(rank - c - b + 1) * WIDTH;
      memcpy(copy, slot + strip_start(full - c, b) * WIDTH, length * sizeof *copy);
      copy += length;
    }
    slot += strip_start(full, full + 1) * WIDTH;
  }
  return copy;
}

/* Adjoints of the basic moments of scalar s, strips up to the ranks it has: to `copy`. */
static void scalar_adjoints(const struct train_lanes *lanes, int s, const double *m,
                            double *adjoint, double *copy)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  const struct train_plan *plan = &model->plan;
  const struct train_ancestors *own = &plan->scalars[s];
  const uint32_t *ancestors = plan->ancestors + own->first;
  const size_t count = own->last - own->first;
  const vector zero = vector_set(0.0);
  memset(adjoint, 0, model->mtp->plan.basic_slots * WIDTH * sizeof *adjoint);
  for (size_t k = 0; k < count; k++)
    vector_store(adjoint + plan->products[ancestors[k]].slot, zero);
  vector_store(adjoint + plan->scalar_slot[s], vector_set(1.0));
  MLGRAIN_KERNEL(train_backward_some)(plan, ancestors, count, m, adjoint);
  recover_backward(&model->mtp->plan, adjoint);
  for (int mu = 0; mu < model->mtp->radial_count; mu++)
    if (plan->ranks[own->rank + (size_t)mu] >= 0)
      copy = copy_strips(&model->mtp->plan, mu, plan->ranks[own->rank + (size_t)mu], adjoint, copy);
}

/* Gradients of BACK rows from such strips. */
static void scalar_gradients(const struct train_lanes *lanes, const int *ranks, int t, int first,
                             struct powers *powers, const double *strips, double *gradient)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  double *tile = mtp_tile(&lanes->mtp, t);
  vector y[BACK], z[BACK];
  struct slopes slopes;
  int most = 0;
  for (int mu = 0; mu < mtp->radial_count; mu++)
    most = ranks[mu] > most ? ranks[mu] : most;
  fill_x_powers(BACK, most > 1 ? most : 1, tile, first, powers);
  load_yz(lanes, t, first, y, z);
  clear_slopes(&slopes);
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    const int orders = ranks[mu] + 1;
    struct polynomial sum;
    if (!orders)
      continue;
    evaluate(orders, strips, powers, y, z, &sum);
    add_slopes(&sum, mtp_tile_row(tile, TILE_RADIAL + mu, first),
               mtp_tile_row(tile, TILE_RADIAL + mtp->radial_count + mu, first), orders > 1,
               &slopes);
    strips += orders * orders * WIDTH; /* n (n+1)/2 with c = 0, (n-1) n/2 with c = 1 */
  }
  store_gradients(&slopes, tile, first, gradient);
}

static void moment_columns(const struct train_lanes *lanes, const struct train_columns *columns,
                           const double *m, double *adjoint)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  double *gradient = train_buffer(lanes->task, TRAIN_GRADIENTS);
  double *strips = train_buffer(lanes->task, TRAIN_MIXED);
  struct powers powers;
  for (int s = 0; s < model->mtp->scalar_count; s++) {
    const struct train_result result = column(lanes, columns, model->moment_parameter + (size_t)s);
    const int *ranks = model->plan.ranks + model->plan.scalars[s].rank;
    scalar_adjoints(lanes, s, m, adjoint, strips);
    for (int row = 0; row < lanes->block.rows; row += BACK)
      scalar_gradients(lanes, ranks, row / MTP_TILE, row % MTP_TILE, &powers, strips,
                       gradient + row / MTP_TILE * MTP_TILE * 3 * WIDTH);
    MLGRAIN_KERNEL(train_scatter)(lanes, gradient, &result);
    train_add_to_frames(lanes, vector_load(m + model->plan.scalar_slot[s]), result.energy);
  }
}

/* Columns of radial coefficients */

/* Polynomial b and its slope in the place of a radial function, for neighbors of one species:
   [tile][2][row]. */
static void polynomial_of_rows(const struct train_lanes *lanes, int species, int b, double *radial)
{
  const int size = lanes->mtp.mtp->radial_size;
  vector *value = train_buffer(lanes->task, TRAIN_BASIS), *slope = value + MTP_TILE * size;
  for (int t = 0; t < lanes->block.tiles; t++, radial += 2 * MTP_TILE * WIDTH) {
    vector mask[MTP_TILE];
    MLGRAIN_KERNEL(train_species_mask)(lanes, t, species, mask);
    MLGRAIN_KERNEL(train_basis)(lanes, mtp_tile(&lanes->mtp, t), value, slope);
    for (int row = 0; row < MTP_TILE; row++) {
      vector_store(radial + row * WIDTH, mask[row] * value[row * size + b]);
      vector_store(radial + (MTP_TILE + row) * WIDTH, mask[row] * slope[row * size + b]);
    }
  }
}

/* Changes of reduced moments if radial function mu changes by `radial`. */
static void change_moments(const struct train_lanes *lanes, int mu, const double *radial,
                           double *dm)
{
  const struct mtp_plan *plan = &lanes->task->model->mtp->plan;
  const int orders = orders_of(plan, mu);
  struct powers powers;
  memset(dm, 0, plan->reduced_count * WIDTH * sizeof *dm);
  if (!orders)
    return;
  double *own = train_strips(plan, mu, dm);
  for (int row = 0; row < lanes->block.rows; row += HALF) {
    const int t = row / MTP_TILE, first = row % MTP_TILE;
    double *tile = mtp_tile(&lanes->mtp, t);
    const double *f = radial + (t * 2 * MTP_TILE + first) * WIDTH;
    fill_x_powers(HALF, orders, tile, first, &powers);
    fill_yz_powers(HALF, orders, tile, first, &powers);
#define ADD_TRIANGLES(n)                                                                           \
  add_powers((n)-1, f, &powers, 0, own);                                                           \
  add_powers((n)-2, f, &powers, 1, own + strip_start((n)-1, n) * WIDTH)
    FOR_SMALL(orders, ADD_TRIANGLES, orders)
  }
}

/* Changes of the gradients of BACK rows: of all adjoints, and of radial function mu. */
static void radial_gradients(const struct train_lanes *lanes, int mu, int t, int first,
                             struct powers *powers, const double *radial, const double *dual,
                             double *gradient)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const struct mtp_plan *plan = &mtp->plan;
  double *tile = mtp_tile(&lanes->mtp, t);
  vector y[BACK], z[BACK];
  struct slopes slopes;
  struct polynomial sum;
  fill_x_powers(BACK, plan->max_rank, tile, first, powers);
  load_yz(lanes, t, first, y, z);
  clear_slopes(&slopes);
  for (int other = 0; other < mtp->radial_count; other++) {
    const int orders = orders_of(plan, other);
    if (!orders)
      continue;
    evaluate(orders, dual + plan->strips[plan->strip_start[other]].slot, powers, y, z, &sum);
    add_slopes(&sum, mtp_tile_row(tile, TILE_RADIAL + other, first),
               mtp_tile_row(tile, TILE_RADIAL + mtp->radial_count + other, first), orders > 1,
               &slopes);
  }
  for (int row = 0; row < BACK; row++) {
    sum.value[row] = vector_load(train_polynomial_row(lanes, t, mu, VALUE, first + row));
    sum.x[row] = vector_load(train_polynomial_row(lanes, t, mu, SLOPE_X, first + row));
    sum.y[row] = vector_load(train_polynomial_row(lanes, t, mu, SLOPE_Y, first + row));
    sum.z[row] = vector_load(train_polynomial_row(lanes, t, mu, SLOPE_Z, first + row));
  }
  add_slopes(&sum, radial + first * WIDTH, radial + (MTP_TILE + first) * WIDTH, 1, &slopes);
  store_gradients(&slopes, tile, first, gradient);
}

/* The columns of one polynomial, neighbors of a species and BATCH radial functions from `mu`. */
static void radial_batch(const struct train_lanes *lanes, int mu, const double *m,
                         const double *adjoint, double *dual, const struct train_result *results)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  const struct mtp_plan *plan = &model->mtp->plan;
  const double *radial = train_buffer(lanes->task, TRAIN_RADIAL);
  double *gradient = train_buffer(lanes->task, TRAIN_GRADIENTS), *change[BATCH];
  struct powers powers;
  train_changes(lanes->task, change);
  for (int d = 0; d < BATCH; d++)
    if (mu + d < model->mtp->radial_count)
      change_moments(lanes, mu + d, radial, change[d]);
    else
      memset(change[d], 0, plan->reduced_count * WIDTH * sizeof *change[d]);
  MLGRAIN_KERNEL(train_batch)
  (model, m, adjoint, change, train_buffer(lanes->task, TRAIN_MOMENTS), dual);
  for (int d = 0; d < BATCH && mu + d < model->mtp->radial_count; d++) {
    if (!orders_of(plan, mu + d))
      continue;
    for (int row = 0; row < lanes->block.rows; row += BACK) {
      const int t = row / MTP_TILE;
      radial_gradients(lanes, mu + d, t, row % MTP_TILE, &powers, radial + t * 2 * MTP_TILE * WIDTH,
                       change[d], gradient + t * MTP_TILE * 3 * WIDTH);
    }
    MLGRAIN_KERNEL(train_scatter)(lanes, gradient, &results[d]);
  }
}

static int has_neighbors(const struct train_lanes *lanes, int species)
{
  vector mask[MTP_TILE];
  for (int t = 0; t < lanes->block.tiles; t++)
    if (MLGRAIN_KERNEL(train_species_mask)(lanes, t, species, mask))
      return 1;
  return 0;
}

static void radial_columns(const struct train_lanes *lanes, const struct train_columns *columns,
                           const double *m, double *adjoint, double *dual)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const int size = mtp->radial_size, functions = mtp->radial_count;
  double *sums = train_buffer(lanes->task, TRAIN_SUMS);
  for (int species = 0; species < mtp->species_count; species++) {
    const int pair = lanes->species * mtp->species_count + species;
    if (!has_neighbors(lanes, species))
      continue;
    radial_energies(lanes, species, sums);
    for (int b = 0; b < size; b++) {
      polynomial_of_rows(lanes, species, b, train_buffer(lanes->task, TRAIN_RADIAL));
      for (int mu = 0; mu < functions; mu += BATCH) {
        struct train_result results[BATCH];
        for (int d = 0; d < BATCH && mu + d < functions; d++) {
          const int place = (mu + d) * size + b;
          results[d] = column(lanes, columns, (size_t)(pair * functions * size + place));
          train_add_to_frames(lanes, vector_load(sums + place * WIDTH), results[d].energy);
        }
        radial_batch(lanes, mu, m, adjoint, dual, results);
      }
    }
  }
}

/* Whether so many rows cost less than all columns: multiply-adds of products, and of polynomials
   for each neighbor, which take a third of the time. */
static int by_atoms(const struct train_lanes *lanes, size_t moves)
{
  enum { PASSES = 3 };
  const struct mlgrain_mtp_model *model = lanes->task->model;
  const struct train_plan *plan = &model->plan;
  if (model->jacobian != MLGRAIN_MTP_JACOBIAN_BY_COST)
    return model->jacobian == MLGRAIN_MTP_JACOBIAN_BY_ATOMS;
  const size_t rows = (size_t)lanes->block.rows, species = (size_t)model->mtp->species_count;
  const size_t radial = model->radial_parameters / species, n = model->parameter_count;
  const size_t products = PASSES * plan->term_count, reduced = model->mtp->plan.reduced_count;
  return moves * (products + 2 * reduced + PASSES * n) <
         radial * (products + rows * reduced) + rows * plan->scalar_moments;
}

static enum mlgrain_status columns_of_lanes(struct train_lanes *lanes, const void *context)
{
  const struct columns_context *wanted = context;
  const struct mlgrain_mtp_model *model = lanes->task->model;
  size_t moves;
  if (reserve_tiles(lanes) || MLGRAIN_KERNEL(train_count_moves)(lanes, &moves))
    return MLGRAIN_OUT_OF_MEMORY;
  double *m = lanes->mtp.workspace->buffer[MTP_MOMENTS].memory;
  double *adjoint = train_buffer(lanes->task, TRAIN_ADJOINTS), *dual = adjoint + model->plan.slots;
  find_moments(lanes, m, adjoint);
  if (by_atoms(lanes, moves + (wanted->virials ? 6 : 0)))
    return MLGRAIN_KERNEL(train_moves)(lanes, wanted->virials, wanted->jacobian);
  radial_columns(lanes, wanted->columns, m, adjoint, dual);
  moment_columns(lanes, wanted->columns, m, dual);
  const struct train_result species =
      column(lanes, wanted->columns, model->species_parameter + (size_t)lanes->species);
  train_add_to_frames(lanes, vector_set(1.0), species.energy);
  return MLGRAIN_SUCCESS;
}

/* columns[k][row] += rows[row][k], a square at a time */
static void add_transposed(const double *rows, size_t count, size_t n, double *columns,
                           size_t stride)
{
  enum { SQUARE = 16 };
  for (size_t k = 0; k < n; k += SQUARE)
    for (size_t row = 0; row < count; row += SQUARE)
      for (size_t l = k; l < n && l < k + SQUARE; l++)
        for (size_t i = row; i < count && i < row + SQUARE; i++)
          columns[l * stride + i] += rows[i * n + l];
}

enum mlgrain_status MLGRAIN_KERNEL(train_columns)(const struct train_task *task,
                                                  const struct train_columns *columns)
{
  const struct train_block *block = task->block;
  const size_t rows = train_row_count(block), n = task->model->parameter_count;
  struct mtp_buffer *buffer = &task->workspace->buffer[TRAIN_JACOBIAN];
  if (reserve(task) || mtp_reserve(buffer, rows * n * sizeof(double)))
    return MLGRAIN_OUT_OF_MEMORY;
  double *jacobian = memset(buffer->memory, 0, rows * n * sizeof(double));
  struct columns_context context = {columns, jacobian, 0, NULL};
  for (size_t k = 0; k < block->frames; k++)
    context.virials = context.virials || block->virial_weight[k] > 0.0;
  const enum mlgrain_status status =
      MLGRAIN_KERNEL(train_for_lanes)(task, columns_of_lanes, &context);
  if (!status)
    add_transposed(jacobian, rows, n, columns->values, columns->stride);
  return status;
}

/* Rows: the gradients of the atoms' own energies */

static void store_in_rows(const struct train_lanes *lanes, size_t parameter, vector value,
                          double *rows)
{
  const size_t n = lanes->task->model->parameter_count;
  for (int lane = 0; lane < lanes->block.lanes; lane++)
    rows[(size_t)lanes->block.center[lane] * n + parameter] = value[lane];
}

static enum mlgrain_status rows_of_lanes(struct train_lanes *lanes, const void *context)
{
  const struct columns_context *wanted = context;
  const struct mlgrain_mtp_model *model = lanes->task->model;
  const int species_count = model->mtp->species_count;
  const size_t per_pair = model->radial_parameters / (size_t)(species_count * species_count);
  if (reserve_tiles(lanes))
    return MLGRAIN_OUT_OF_MEMORY;
  double *m = lanes->mtp.workspace->buffer[MTP_MOMENTS].memory;
  double *sums = train_buffer(lanes->task, TRAIN_SUMS);
  find_moments(lanes, m, train_buffer(lanes->task, TRAIN_ADJOINTS));
  for (int species = 0; species < species_count; species++) {
    const size_t first = (size_t)(lanes->species * species_count + species) * per_pair;
    radial_energies(lanes, species, sums);
    for (size_t k = 0; k < per_pair; k++)
      store_in_rows(lanes, first + k, vector_load(sums + k * WIDTH), wanted->rows);
  }
  store_in_rows(lanes, model->species_parameter + (size_t)lanes->species, vector_set(1.0),
                wanted->rows);
  for (int s = 0; s < model->mtp->scalar_count; s++)
    store_in_rows(lanes, model->moment_parameter + (size_t)s,
                  vector_load(m + model->plan.scalar_slot[s]), wanted->rows);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status MLGRAIN_KERNEL(train_rows)(const struct train_task *task, double *rows)
{
  const struct columns_context context = {.rows = rows};
  if (reserve(task))
    return MLGRAIN_OUT_OF_MEMORY;
  memset(rows, 0, task->block->count * task->model->parameter_count * sizeof *rows);
  return MLGRAIN_KERNEL(train_for_lanes)(task, rows_of_lanes, &context);
}
