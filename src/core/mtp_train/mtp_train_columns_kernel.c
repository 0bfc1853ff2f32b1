/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Jacobian of a block: energies, forces and virials per parameter, one column after the other.
   Forces and virials of the centers in the lanes are products of two matrices: derivatives of
   scalar moments and of the energy by reduced moments (mtp_train_factors_kernel.c), and changes of
   these if atoms move (mtp_train_moves_kernel.c). The former are sparse: most scalar moments depend
   on few basic ones. */
#include "mtp_train_block.h"

struct columns_context {
  const struct train_columns *columns;
  int virials;  /* whether any frame's has weight */
  double *rows; /* [atom][parameter], instead of columns */
};

/* One polynomial for BACK rows; none where `orders` is 0. */
ALWAYS_INLINE void evaluate(int orders, const double *slot, const struct directions *u,
                            struct polynomial *sum)
{
#define EVALUATE(n) sum_moments(n, slot, u, sum)
  if (orders)
    FOR_SMALL(orders, EVALUATE, orders)
  else
    memset(sum, 0, sizeof *sum);
}

static void keep_polynomials(const struct train_lanes *lanes, const double *adjoint)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const struct mtp_plan *plan = &mtp->plan;
  struct directions u;
  for (int row = 0; row < lanes->block.tiles * MTP_TILE; row += BACK) {
    const int t = row / MTP_TILE, first = row % MTP_TILE;
    load_directions(mtp_tile(&lanes->mtp, t), first, &u);
    for (int mu = 0; mu < mtp->radial_count; mu++) {
      struct polynomial sum;
      evaluate(orders_of(plan, mu), adjoint + plan->strips[plan->strip_start[mu]].slot, &u, &sum);
      for (int k = 0; k < BACK; k++) {
        vector_store(train_polynomial_row(lanes, t, mu, VALUE, first + k), sum.value[k]);
        vector_store(train_polynomial_row(lanes, t, mu, SLOPE_X, first + k), sum.x[k]);
        vector_store(train_polynomial_row(lanes, t, mu, SLOPE_Y, first + k), sum.y[k]);
        vector_store(train_polynomial_row(lanes, t, mu, SLOPE_Z, first + k), sum.z[k]);
      }
    }
  }
}

/* Moments, products, and the adjoints of the energy. */
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
}

/* C of all neighbors: sums of polynomials times monomials. */
static void find_basis_sums(const struct train_lanes *lanes)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const int species_count = mtp->species_count, size = mtp->radial_size;
  const int degree = train_most_orders(mtp) - 1, count = moments_of_degree(degree);
  vector *value = train_buffer(lanes->task, TRAIN_BASIS), *slope = value + MTP_TILE * size;
  double *sums = train_buffer(lanes->task, TRAIN_BASIS_SUMS), f[HALF * WIDTH];
  struct powers powers;
  memset(sums, 0, (size_t)(species_count * size * count) * WIDTH * sizeof *sums);
  for (int t = 0; t < lanes->block.tiles; t++) {
    double *tile = mtp_tile(&lanes->mtp, t);
    MLGRAIN_KERNEL(train_basis)(lanes, tile, value, slope);
    for (int first = 0; first < MTP_TILE; first += HALF) {
      fill_x_powers(HALF, degree, tile, first, &powers);
      fill_yz_powers(HALF, degree, tile, first, &powers);
      for (int species = 0; species < species_count; species++) {
        vector mask[MTP_TILE];
        if (!MLGRAIN_KERNEL(train_species_mask)(lanes, t, species, mask))
          continue;
        for (int b = 0; b < size; b++) {
          for (int row = 0; row < HALF; row++)
            vector_store(f + row * WIDTH, mask[first + row] * value[(first + row) * size + b]);
          add_monomials(degree, f, &powers, sums + (size_t)((species * size + b) * count) * WIDTH);
        }
      }
    }
  }
}

/* dV/dc of one radial coefficient: the sum over reduced moments of adjoint times C */
static vector radial_energy(const struct train_lanes *lanes, int species, int mu, int b,
                            const double *adjoint)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  const int degree = orders_of(&mtp->plan, mu) - 1, most = train_most_orders(mtp) - 1;
  const double *sums = train_buffer(lanes->task, TRAIN_BASIS_SUMS);
  const double *own = adjoint + (degree < 0 ? 0 : mtp->plan.strips[mtp->plan.strip_start[mu]].slot);
  vector sum = vector_set(0.0);
  sums += (species * mtp->radial_size + b) * moments_of_degree(most) * WIDTH;
  for (int c = 0; c <= 1 && c <= degree; c++)
    for (int y = 0; y <= degree - c; y++) {
      const double *left = own + moment_place(degree, 0, y, c) * WIDTH;
      const double *right = sums + moment_place(most, 0, y, c) * WIDTH;
      for (int a = 0; a <= degree - c - y; a++)
        sum += vector_load(left + a * WIDTH) * vector_load(right + a * WIDTH);
    }
  return sum;
}

/* Parameters of centers of the lanes' species: where their radial coefficients begin. */
static size_t first_radial(const struct train_lanes *lanes)
{
  const struct mlgrain_mtp *mtp = lanes->mtp.mtp;
  return (size_t)lanes->species *
         (size_t)(mtp->species_count * mtp->radial_count * mtp->radial_size);
}

typedef void train_take(const struct train_lanes *lanes, const struct columns_context *context,
                        size_t parameter, vector value);

/* Derivatives of the centers' energies. */
static void energies(const struct train_lanes *lanes, const struct columns_context *context,
                     const double *m, const double *adjoint, int radial, train_take *take)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  const struct mlgrain_mtp *mtp = model->mtp;
  size_t parameter = first_radial(lanes);
  for (int species = 0; radial && species < mtp->species_count; species++)
    for (int mu = 0; mu < mtp->radial_count; mu++)
      for (int b = 0; b < mtp->radial_size; b++)
        take(lanes, context, parameter++, radial_energy(lanes, species, mu, b, adjoint));
  take(lanes, context, model->species_parameter + (size_t)lanes->species, vector_set(1.0));
  for (int s = 0; s < mtp->scalar_count; s++)
    take(lanes, context, model->moment_parameter + (size_t)s,
         vector_load(m + model->plan.scalar_slot[s]));
}

/* Derivatives by moments of all elements of a center. */
static size_t factors_of_lane(const struct mlgrain_mtp_model *model)
{
  const struct train_plan *plan = &model->plan;
  size_t radial = 0;
  for (int mu = 0; mu < model->mtp->radial_count; mu++)
    radial += plan->paths[mu].dual.last_row - plan->paths[mu].dual.first_row;
  return plan->scalar_factors +
         radial * (size_t)(model->mtp->species_count * model->mtp->radial_size);
}

static enum mlgrain_status reserve(const struct train_task *task)
{
  const struct mlgrain_mtp_model *model = task->model;
  struct mtp_buffer *buffer = task->workspace->buffer;
  const size_t vector_size = WIDTH * sizeof(double), size = (size_t)model->mtp->radial_size;
  const size_t slots = (size_t)model->plan.slots * sizeof(double);
  const size_t sums =
      (size_t)(model->mtp->species_count * moments_of_degree(train_most_orders(model->mtp) - 1));
  if (mtp_reserve(&task->workspace->mtp->buffer[MTP_MOMENTS], slots) ||
      mtp_reserve(&buffer[TRAIN_MOMENTS], 2 * BATCH * slots) ||
      mtp_reserve(&buffer[TRAIN_ADJOINTS], 2 * slots) ||
      mtp_reserve(&buffer[TRAIN_BASIS], 2 * MTP_TILE * size * vector_size) ||
      mtp_reserve(&buffer[TRAIN_BASIS_SUMS], sums * size * vector_size) ||
      mtp_reserve(&buffer[TRAIN_FACTORS], WIDTH * factors_of_lane(model) * sizeof(double)))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* Columns */

/* The parameter whose column is the first. */
static size_t first_column(const struct mlgrain_mtp_model *model,
                           const struct train_columns *columns)
{
  return columns->with_radial ? 0 : model->species_parameter;
}

static void add_to_column(const struct train_lanes *lanes, const struct columns_context *context,
                          size_t parameter, vector value)
{
  const struct train_columns *columns = context->columns;
  const size_t first = first_column(lanes->task->model, columns);
  train_add_to_frames(lanes, value, columns->values + (parameter - first) * columns->stride);
}

/* What some elements of a lane are made of, and where they belong. */
struct lane_product {
  const struct train_columns *columns;
  const struct train_moves *moves;
  int lane;
  double *elements; /* [CONTRACTED][column] */
};

static void add_run(const double *from, size_t length, double *to)
{
  size_t k = 0;
  for (; k + WIDTH <= length; k += WIDTH)
    vector_store(to + k, vector_load(to + k) + vector_load(from + k));
  for (; k < length; k++)
    to[k] += from[k];
}

/* Adds elements of `rows` parameters, which are in product->elements or, from moments, follow. */
static void add_elements(const struct lane_product *product, const double *factors, size_t rows,
                         const uint32_t *moment, size_t count, const size_t *parameter)
{
  const struct train_moves *moves = product->moves;
  const size_t lane = (size_t)product->lane, columns = moves->columns;
  const struct train_run *runs = moves->runs + lane * moves->most_runs;
  MLGRAIN_KERNEL(train_contract)
  (factors, rows, moment, count, moves->changes + lane * moves->reduced * columns, columns,
   product->elements);
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < moves->run_count[lane]; k++)
      add_run(product->elements + i * columns + runs[k].column, runs[k].length,
              product->columns->values + parameter[i] * product->columns->stride + runs[k].row);
}

static const double *add_scalars(const struct mlgrain_mtp_model *model,
                                 const struct lane_product *product, const double *factors)
{
  const struct train_plan *plan = &model->plan;
  const size_t first_parameter = model->moment_parameter - first_column(model, product->columns);
  for (size_t k = 0; k < plan->support_count; k++) {
    const struct train_support *support = &plan->supports[k];
    const size_t first = support->moments.first_row, count = support->moments.last_row - first;
    for (size_t s = support->first; s < support->last; s += CONTRACTED) {
      const size_t left = support->last - s, rows = left < CONTRACTED ? left : CONTRACTED;
      size_t parameter[CONTRACTED];
      for (size_t i = 0; i < rows; i++)
        parameter[i] = first_parameter + plan->scalar_order[s + i];
      memset(product->elements, 0, rows * product->moves->columns * sizeof *product->elements);
      add_elements(product, factors, rows, plan->numbers + first, count, parameter);
      factors += rows * count;
    }
  }
  return factors;
}

static void add_radial(const struct mlgrain_mtp_model *model, const struct lane_product *product,
                       size_t first_parameter, const double *factors)
{
  const struct train_plan *plan = &model->plan;
  const struct train_moves *moves = product->moves;
  const size_t size = (size_t)model->mtp->radial_size, columns = moves->columns;
  const double *direct = moves->direct + (size_t)product->lane * moves->radial * columns;
  for (size_t at = 0; at < moves->radial; at += size) {
    const size_t mu = at / size % (size_t)model->mtp->radial_count;
    const struct train_moments *moments = &plan->paths[mu].dual;
    const size_t count = moments->last_row - moments->first_row;
    for (size_t b = 0; b < size; b += CONTRACTED) {
      const size_t left = size - b, rows = left < CONTRACTED ? left : CONTRACTED;
      size_t parameter[CONTRACTED];
      for (size_t i = 0; i < rows; i++)
        parameter[i] = first_parameter + at + b + i;
      memcpy(product->elements, direct + (at + b) * columns, rows * columns * sizeof *direct);
      add_elements(product, factors, rows, plan->numbers + moments->first_row, count, parameter);
      factors += rows * count;
    }
  }
}

static enum mlgrain_status columns_of_lanes(struct train_lanes *lanes, const void *context)
{
  const struct columns_context *wanted = context;
  const struct mlgrain_mtp_model *model = lanes->task->model;
  struct mtp_buffer *buffer = lanes->task->workspace->buffer;
  struct train_moves moves;
  double *m = lanes->mtp.workspace->buffer[MTP_MOMENTS].memory;
  double *adjoint = train_buffer(lanes->task, TRAIN_ADJOINTS);
  double *factors = train_buffer(lanes->task, TRAIN_FACTORS);
  const int with_radial = wanted->columns->with_radial;
  const size_t lane_size = factors_of_lane(model);
  const size_t rows =
      (size_t)(lanes->block.tiles * MTP_TILE * model->mtp->radial_count * POLYNOMIAL);
  if (mtp_reserve(&buffer[TRAIN_ROWS], rows * WIDTH * sizeof(double)))
    return MLGRAIN_OUT_OF_MEMORY;
  find_moments(lanes, m, adjoint);
  if (with_radial) {
    keep_polynomials(lanes, adjoint);
    find_basis_sums(lanes);
  }
  energies(lanes, wanted, m, adjoint, with_radial, add_to_column);
  MLGRAIN_KERNEL(train_factors)(lanes, m, adjoint, with_radial, lane_size, factors);
  if (MLGRAIN_KERNEL(train_find_moves)(lanes, wanted->virials, with_radial, &moves) ||
      mtp_reserve(&buffer[TRAIN_ELEMENTS], CONTRACTED * moves.columns * sizeof(double)))
    return MLGRAIN_OUT_OF_MEMORY;
  for (int lane = 0; lane < lanes->block.lanes; lane++) {
    const struct lane_product product = {wanted->columns, &moves, lane,
                                         train_buffer(lanes->task, TRAIN_ELEMENTS)};
    const double *radial = add_scalars(model, &product, factors + (size_t)lane * lane_size);
    if (with_radial)
      add_radial(model, &product, first_radial(lanes), radial);
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status MLGRAIN_KERNEL(train_columns)(const struct train_task *task,
                                                  const struct train_columns *columns)
{
  const struct train_block *block = task->block;
  struct columns_context context = {columns, 0, NULL};
  if (reserve(task))
    return MLGRAIN_OUT_OF_MEMORY;
  for (size_t k = 0; k < block->frames; k++)
    context.virials = context.virials || block->virial_weight[k] > 0.0;
  return MLGRAIN_KERNEL(train_for_lanes)(task, columns_of_lanes, &context);
}

/* Rows: the gradients of the atoms' own energies */

static void store_in_rows(const struct train_lanes *lanes, const struct columns_context *context,
                          size_t parameter, vector value)
{
  const size_t n = lanes->task->model->parameter_count;
  for (int lane = 0; lane < lanes->block.lanes; lane++)
    context->rows[(size_t)lanes->block.center[lane] * n + parameter] = value[lane];
}

static enum mlgrain_status rows_of_lanes(struct train_lanes *lanes, const void *context)
{
  double *m = lanes->mtp.workspace->buffer[MTP_MOMENTS].memory;
  double *adjoint = train_buffer(lanes->task, TRAIN_ADJOINTS);
  find_moments(lanes, m, adjoint);
  find_basis_sums(lanes);
  energies(lanes, context, m, adjoint, 1, store_in_rows);
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
