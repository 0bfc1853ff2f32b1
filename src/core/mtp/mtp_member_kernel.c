/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forces by other sets of coefficients ("members") minus those by the potential. Energies are
   linear in these coefficients, so that the differences of coefficients give them, from the moments
   that the force kernels have left. Two members go through the stages at once, in single precision:
   center k of the block has the lanes 2 k and 2 k + 1. */
#define MTP_SINGLE
#include "mtp_polynomial.h"

/* a function of its own, so that profilers see it */
#define STAGE static __attribute__((noinline))

/* One pair of members; adjoints in two parts that take turns, as in mtp_products_kernel.c. */
struct pair {
  const struct mtp_plan *plan;
  const float *quadratic, *term, *partner, *fused; /* coefficients, two each */
  const float *m;
  float *adjoint, *spare;
};

ALWAYS_INLINE void add_to(float *p, reals v)
{
  real_store(p, real_load(p) + v);
}

static enum mlgrain_status reserve(const struct mtp_task *task, const struct mtp_block *block)
{
  struct mtp_buffer *buffer = task->workspace->buffer;
  const struct mtp_plan *plan = &task->result->error_bars->plan;
  const size_t size = WIDTH * sizeof(double), tiles = (size_t)block->tiles;
  if (mtp_reserve(&buffer[MTP_MEMBER_TILES], tiles * mtp_tile_vectors(task->mtp) * size) ||
      mtp_reserve(&buffer[MTP_MEMBER_MOMENTS], plan->value_slots * size) ||
      mtp_reserve(&buffer[MTP_MEMBER_ADJOINTS], 2 * (size_t)plan->slots * size) ||
      mtp_reserve(&buffer[MTP_MEMBER_GRADIENTS], tiles * MTP_TILE * 3 * size))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* `count` vectors, each number twice. */
static void round_twice(size_t count, const double *from, float *to)
{
  for (size_t k = 0; k < count; k++, from += WIDTH, to += REALS)
    real_store(to, real_twice(vector_load(from)));
}

/* ---- products ------------------------------------------------------------------------------- */

STAGE void quadratic_forms(const struct pair *pair)
{
  const struct mtp_plan *plan = pair->plan;
  for (size_t i = 0; i < plan->quadratic_count; i++) {
    const struct mtp_quadratic *form = &plan->quadratics[i];
    const reals own = real_load(pair->m + form->slot);
    reals sum = real_pair(pair->quadratic + 2 * i);
    for (size_t k = form->first_term; k < form->last_term; k++) {
      const uint32_t slot = plan->terms[k].slot;
      const reals coefficient = real_pair(pair->term + 2 * k);
      sum += real_load(pair->m + slot) * coefficient;
      add_to(pair->adjoint + slot, own * coefficient);
    }
    add_to(pair->spare + form->slot, sum);
  }
}

/* One term of each product of a panel: spreads the adjoints `node` to the factors. */
ALWAYS_INLINE void term_backward(const uint32_t width, const double factor, const uint32_t *index,
                                 const reals *node, const float *m, float *left_adjoint,
                                 float *right_adjoint)
{
  const reals left = real_load(m + index[0]) * (float)factor;
  reals sum = real_set(0.0);
  for (uint32_t k = 0; k < width; k++) {
    sum += node[k] * real_load(m + index[1 + k]);
    add_to(right_adjoint + index[1 + k], node[k] * left);
  }
  add_to(left_adjoint + index[0], sum * (float)factor);
}

ALWAYS_INLINE void panel_backward(const uint32_t width, const struct pair *pair,
                                  const struct mtp_panel *panel, const reals *node)
{
  const double *factor = pair->plan->factors + panel->factor;
  const uint32_t *index = pair->plan->indices + panel->index;
  uint32_t g = panel->length;
  for (; g > 1; g -= 2, factor += 2, index += 2 * (width + 1)) {
    term_backward(width, factor[0], index, node, pair->m, pair->adjoint, pair->adjoint);
    term_backward(width, factor[1], index + width + 1, node, pair->m, pair->adjoint, pair->spare);
  }
  if (g)
    term_backward(width, factor[0], index, node, pair->m, pair->adjoint, pair->adjoint);
}

/* The values of fused products are there already, behind those of the stored ones. */
ALWAYS_INLINE void fused_panel(const uint32_t width, const struct pair *pair, size_t number)
{
  const struct mtp_panel *panel = &pair->plan->fused_panels[number];
  const float *weight = pair->fused + 2 * MTP_PANEL_WIDTH * number;
  reals node[MTP_PANEL_WIDTH];
  for (uint32_t k = 0; k < width; k++)
    node[k] = real_pair(weight + 2 * k);
  for (uint32_t i = 0; i < panel->partners; i++)
    for (uint32_t k = 0; k < width; k++) {
      const size_t place = panel->partner + i * width + k;
      const uint32_t slot = pair->plan->partners[place].slot;
      const reals coefficient = real_pair(pair->partner + 2 * place);
      node[k] += real_load(pair->m + slot) * coefficient;
      add_to(pair->adjoint + slot, real_load(pair->m + panel->node[k]) * coefficient);
    }
  panel_backward(width, pair, panel, node);
}

STAGE void fused_products(const struct pair *pair)
{
  for (size_t i = 0; i < pair->plan->fused_count; i++) {
#define FUSED(width) fused_panel(width, pair, i)
    FOR_SMALL(pair->plan->fused_panels[i].width, FUSED, 8)
  }
}

ALWAYS_INLINE void stored_panel(const uint32_t width, const struct pair *pair,
                                const struct mtp_panel *panel)
{
  reals node[MTP_PANEL_WIDTH];
  for (uint32_t k = 0; k < width; k++)
    node[k] = real_load(pair->adjoint + panel->node[k]) + real_load(pair->spare + panel->node[k]);
  panel_backward(width, pair, panel, node);
}

STAGE void stored_products(const struct pair *pair)
{
  for (size_t i = pair->plan->stored_count; i-- > 0;) {
    const struct mtp_panel *panel = &pair->plan->stored_panels[i];
#define STORED_BACKWARD(width) stored_panel(width, pair, panel)
    FOR_SMALL(panel->width, STORED_BACKWARD, 8)
  }
}

/* Adjoints of the basic moments. */
static void products(const struct pair *pair)
{
  memset(pair->adjoint, 0, 2 * (size_t)pair->plan->slots * REALS * sizeof *pair->adjoint);
  quadratic_forms(pair);
  fused_products(pair);
  stored_products(pair);
  for (size_t k = 0; k < (size_t)pair->plan->basic_slots * REALS; k += REALS)
    add_to(pair->adjoint + k, real_load(pair->spare + k));
}

/* ---- gradients ------------------------------------------------------------------------------ */

/* Gradients of BACK rows. */
static void gradients_of_rows(const struct mlgrain_mtp *mtp, const struct pair *pair, float *tile,
                              int first, struct powers *powers, float *gradient)
{
  const struct mtp_plan *plan = pair->plan;
  reals y[BACK], z[BACK];
  struct slopes slopes;
  fill_x_powers(BACK, plan->max_rank, tile, first, powers);
  clear_slopes(&slopes);
  for (int row = 0; row < BACK; row++) {
    y[row] = real_load(tile_row(tile, TILE_Y, first + row));
    z[row] = real_load(tile_row(tile, TILE_Z, first + row));
  }
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    struct polynomial sum;
    const float *slot = pair->adjoint + plan->strips[plan->strip_start[mu]].slot;
    const int orders = orders_of(plan, mu);
#define MEMBER_MOMENTS(n) sum_moments(n, slot, powers, y, z, &sum)
    if (!orders)
      continue;
    FOR_SMALL(orders, MEMBER_MOMENTS, orders)
    add_slopes(&sum, tile_row(tile, TILE_RADIAL + mu, first),
               tile_row(tile, TILE_RADIAL + mtp->radial_count + mu, first), orders > 1, &slopes);
  }
  store_gradients(&slopes, tile, first, gradient);
}

STAGE void gradients(const struct mtp_task *task, const struct mtp_block *block,
                     const struct pair *pair)
{
  float *tile = task->workspace->buffer[MTP_MEMBER_TILES].memory,
        *gradient = task->workspace->buffer[MTP_MEMBER_GRADIENTS].memory;
  struct powers powers;
  recover_backward(pair->plan, pair->adjoint);
  for (int row = 0; row < block->rows; row += MTP_TILE) {
    for (int first = 0; first < MTP_TILE && first < block->rows - row; first += BACK)
      gradients_of_rows(task->mtp, pair, tile, first, &powers, gradient);
    tile += mtp_tile_vectors(task->mtp) * REALS;
    gradient += MTP_TILE * 3 * REALS;
  }
}

/* ---- forces --------------------------------------------------------------------------------- */

/* Of both members. */
typedef float both __attribute__((vector_size(8)));

ALWAYS_INLINE both load_both(const float *p)
{
  both v;
  memcpy(&v, p, sizeof v);
  return v;
}

ALWAYS_INLINE void add_both(float *p, both v)
{
  v += load_both(p);
  memcpy(p, &v, sizeof v);
}

/* Adds the gradients of all rows to the forces. force: of the first atom; atoms are `stride` apart.
   Rows past a lane's last neighbor belong to its center, with gradients of zero. */
STAGE void scatter(const struct mtp_task *task, const struct mtp_block *block, float *force,
                   size_t stride)
{
  const float *gradient = task->workspace->buffer[MTP_MEMBER_GRADIENTS].memory;
  const int32_t *index = task->workspace->buffer[MTP_INDEX].memory;
  reals sum[3] = {real_set(0.0), real_set(0.0), real_set(0.0)};
  for (int row = 0; row < block->rows; row++, index++, gradient += 3 * REALS) {
    for (int d = 0; d < 3; d++)
      sum[d] += real_load(gradient + d * REALS);
    for (size_t lane = 0; lane < WIDTH; lane++) {
      float *f = force + (size_t)index[lane * block->room] * stride;
      for (int d = 0; d < 3; d++)
        add_both(f + 2 * d, -load_both(gradient + (size_t)d * REALS + 2 * lane));
    }
  }
  float total[3 * REALS];
  for (int d = 0; d < 3; d++)
    real_store(total + d * REALS, sum[d]);
  for (int lane = 0; lane < block->lanes; lane++)
    for (int d = 0; d < 3; d++)
      add_both(force + (size_t)block->center[lane] * stride + 2 * d,
               load_both(total + d * REALS + 2 * lane));
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_member_forces)(const struct mtp_task *task,
                                                      const struct mtp_block *block)
{
  const struct mlgrain_mtp_error_bars *bars = task->result->error_bars;
  const struct mtp_plan *plan = &bars->plan;
  struct mtp_buffer *buffer = task->workspace->buffer;
  if (reserve(task, block))
    return MLGRAIN_OUT_OF_MEMORY;
  round_twice(plan->value_slots, buffer[MTP_MOMENTS].memory, buffer[MTP_MEMBER_MOMENTS].memory);
  round_twice((size_t)block->tiles * mtp_tile_vectors(task->mtp), buffer[MTP_TILES].memory,
              buffer[MTP_MEMBER_TILES].memory);
  float *adjoint = buffer[MTP_MEMBER_ADJOINTS].memory;
  const size_t pairs = (size_t)task->result->members / 2;
  for (size_t p = 0; p < pairs; p++) {
    const struct pair pair = {plan,
                              bars->quadratic + 2 * p * plan->quadratic_count,
                              bars->term + 2 * p * plan->term_count,
                              bars->partner + 2 * p * plan->partner_count,
                              bars->fused + 2 * p * MTP_PANEL_WIDTH * plan->fused_count,
                              buffer[MTP_MEMBER_MOMENTS].memory,
                              adjoint,
                              adjoint + (size_t)plan->slots * REALS};
    products(&pair);
    gradients(task, block, &pair);
    scatter(task, block, task->result->member_force + 6 * p, 6 * pairs);
  }
  return MLGRAIN_SUCCESS;
}
