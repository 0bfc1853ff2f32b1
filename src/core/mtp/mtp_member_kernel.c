/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forces by other sets of coefficients ("members") minus those by the potential. Energies are
   linear in these coefficients, so that the differences of coefficients give them, from the moments
   that the force kernels have left. Two members go through the stages at once, in single precision:
   center k of the block has the lanes 2 k and 2 k + 1. */
#define MTP_MEMBER_LANES
#include "mtp_polynomial.h"

/* a function of its own, so that profilers see it */
#define STAGE static __attribute__((noinline))

/* Pairs of members that go through the products together: what they share is loaded once. */
enum { TOGETHER = 2 };

/* One pair. */
struct pair {
  const float *quadratic, *term, *partner, *fused; /* coefficients, two each */
  float *adjoint;
};

struct pairs {
  const struct mtp_plan *plan;
  const float *m;
  struct pair pair[TOGETHER];
};

ALWAYS_INLINE void add_to(float *p, reals v)
{
  real_store(p, real_load(p) + v);
}

/* Moments are kept once for each center: half of the memory is nearer. */
ALWAYS_INLINE reals moment(const float *m, uint32_t slot)
{
  return real_load_twice(m + slot / 2);
}

static enum mlgrain_status reserve(const struct mtp_task *task, const struct mtp_block *block)
{
  struct mtp_buffer *buffer = task->workspace->buffer;
  const struct mtp_plan *plan = &task->result->error_bars->plan;
  const size_t size = WIDTH * sizeof(double), tiles = (size_t)block->tiles;
  if (mtp_reserve(&buffer[MTP_MEMBER_TILES], tiles * mtp_tile_vectors(task->mtp) * size) ||
      mtp_reserve(&buffer[MTP_MEMBER_MOMENTS], plan->value_slots * size / 2) ||
      mtp_reserve(&buffer[MTP_MEMBER_ADJOINTS], TOGETHER * (size_t)plan->slots * size) ||
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

static void round_once(size_t count, const double *from, float *to)
{
  for (size_t k = 0; k < count; k++, from += WIDTH, to += WIDTH)
    real_round(vector_load(from), to);
}

/* ---- products ------------------------------------------------------------------------------- */

ALWAYS_INLINE void quadratic_forms(const int count, const struct pairs *pairs)
{
  const struct mtp_plan *plan = pairs->plan;
  for (size_t i = 0; i < plan->quadratic_count; i++) {
    const struct mtp_quadratic *form = &plan->quadratics[i];
    const reals own = moment(pairs->m, form->slot);
    reals sum[TOGETHER];
    for (int p = 0; p < count; p++)
      sum[p] = real_pair(pairs->pair[p].quadratic + 2 * i);
    for (size_t k = form->first_term; k < form->last_term; k++) {
      const uint32_t slot = plan->terms[k].slot;
      const reals other = moment(pairs->m, slot);
      for (int p = 0; p < count; p++) {
        const reals coefficient = real_pair(pairs->pair[p].term + 2 * k);
        sum[p] += other * coefficient;
        add_to(pairs->pair[p].adjoint + slot, own * coefficient);
      }
    }
    for (int p = 0; p < count; p++)
      add_to(pairs->pair[p].adjoint + form->slot, sum[p]);
  }
}

/* Spreads the adjoints `node` of a panel's products to the factors. */
ALWAYS_INLINE void panel_backward(const int count, const uint32_t width, const struct pairs *pairs,
                                  const struct mtp_panel *panel, reals node[][TOGETHER])
{
  const float *factor = pairs->plan->rounded_factors + panel->factor;
  const uint32_t *index = pairs->plan->indices + panel->index;
  const uint32_t of_product = panel->own_factors; /* from one product's factor to the next's */
  const float *m = pairs->m;
  float *adjoint[TOGETHER];
  for (int p = 0; p < count; p++)
    adjoint[p] = pairs->pair[p].adjoint;
  for (uint32_t g = 0; g < panel->length; g++, index += width + 1) {
    const reals left = moment(m, index[0]);
    reals sum[TOGETHER];
    for (int p = 0; p < count; p++)
      sum[p] = real_set(0.0);
    for (uint32_t k = 0; k < width; k++) {
      const reals right = moment(m, index[1 + k]) * factor[k * of_product];
      const reals scaled = left * factor[k * of_product];
      for (int p = 0; p < count; p++) {
        sum[p] += node[k][p] * right;
        add_to(adjoint[p] + index[1 + k], node[k][p] * scaled);
      }
    }
    for (int p = 0; p < count; p++)
      add_to(adjoint[p] + index[0], sum[p]);
    factor += of_product ? width : 1;
  }
}

/* The values of fused products are there already, behind those of the stored ones. */
ALWAYS_INLINE void fused_panel(const int count, const uint32_t width, const struct pairs *pairs,
                               size_t which)
{
  const struct mtp_panel *panel = &pairs->plan->fused_panels[which];
  reals node[MTP_PANEL_WIDTH][TOGETHER];
  for (uint32_t k = 0; k < width; k++)
    for (int p = 0; p < count; p++)
      node[k][p] = real_pair(pairs->pair[p].fused + 2 * (MTP_PANEL_WIDTH * which + k));
  for (uint32_t i = 0; i < panel->partners; i++)
    for (uint32_t k = 0; k < width; k++) {
      const size_t place = panel->partner + i * width + k;
      const uint32_t slot = pairs->plan->partners[place].slot;
      const reals other = moment(pairs->m, slot), own = moment(pairs->m, panel->node[k]);
      for (int p = 0; p < count; p++) {
        const reals coefficient = real_pair(pairs->pair[p].partner + 2 * place);
        node[k][p] += other * coefficient;
        add_to(pairs->pair[p].adjoint + slot, own * coefficient);
      }
    }
  panel_backward(count, width, pairs, panel, node);
}

ALWAYS_INLINE void stored_panel(const int count, const uint32_t width, const struct pairs *pairs,
                                const struct mtp_panel *panel)
{
  reals node[MTP_PANEL_WIDTH][TOGETHER];
  for (uint32_t k = 0; k < width; k++)
    for (int p = 0; p < count; p++)
      node[k][p] = real_load(pairs->pair[p].adjoint + panel->node[k]);
  panel_backward(count, width, pairs, panel, node);
}

/* Adjoints of the basic moments, of `count` pairs. */
ALWAYS_INLINE void products(const int count, const struct pairs *pairs)
{
  const struct mtp_plan *plan = pairs->plan;
  for (int p = 0; p < count; p++)
    memset(pairs->pair[p].adjoint, 0, (size_t)plan->slots * REALS * sizeof(float));
  quadratic_forms(count, pairs);
  for (size_t i = 0; i < plan->fused_count; i++) {
#define FUSED(width) fused_panel(count, width, pairs, i)
    FOR_SMALL(plan->fused_panels[i].width, FUSED, 8)
  }
  for (size_t i = plan->stored_count; i-- > 0;) {
    const struct mtp_panel *panel = &plan->stored_panels[i];
#define STORED_BACKWARD(width) stored_panel(count, width, pairs, panel)
    FOR_SMALL(panel->width, STORED_BACKWARD, 8)
  }
}

STAGE void products_of_one(const struct pairs *pairs)
{
  products(1, pairs);
}

STAGE void products_of_two(const struct pairs *pairs)
{
  products(TOGETHER, pairs);
}

/* ---- gradients ------------------------------------------------------------------------------ */

/* Gradients of BACK rows. */
static void gradients_of_rows(const struct mlgrain_mtp *mtp, const struct mtp_plan *plan,
                              const float *adjoint, float *tile, int first, float *gradient)
{
  struct directions u;
  struct slopes slopes;
  load_directions(tile, first, &u);
  clear_slopes(&slopes);
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    struct polynomial sum;
    const float *slot = adjoint + plan->strips[plan->strip_start[mu]].slot;
    const int orders = orders_of(plan, mu);
#define MEMBER_MOMENTS(n) sum_moments(n, slot, &u, &sum)
    if (!orders)
      continue;
    FOR_SMALL(orders, MEMBER_MOMENTS, orders)
    add_slopes(&sum, tile_row(tile, TILE_RADIAL + mu, first),
               tile_row(tile, TILE_RADIAL + mtp->radial_count + mu, first), orders > 1, &slopes);
  }
  store_gradients(&slopes, tile, first, gradient);
}

STAGE void gradients(const struct mtp_task *task, const struct mtp_block *block,
                     const struct mtp_plan *plan, float *adjoint)
{
  float *tile = task->workspace->buffer[MTP_MEMBER_TILES].memory,
        *gradient = task->workspace->buffer[MTP_MEMBER_GRADIENTS].memory;
  recover_backward(plan, adjoint);
  for (int row = 0; row < block->rows; row += MTP_TILE) {
    for (int first = 0; first < MTP_TILE && first < block->rows - row; first += BACK)
      gradients_of_rows(task->mtp, plan, adjoint, tile, first, gradient);
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

/* Coefficients and adjoints of pairs first .. first + count - 1. */
static void choose_pairs(const struct mtp_task *task, size_t first, size_t count,
                         struct pairs *pairs)
{
  const struct mlgrain_mtp_error_bars *bars = task->result->error_bars;
  const struct mtp_plan *plan = pairs->plan = &bars->plan;
  const size_t size = (size_t)plan->slots * REALS;
  float *adjoint = task->workspace->buffer[MTP_MEMBER_ADJOINTS].memory;
  pairs->m = task->workspace->buffer[MTP_MEMBER_MOMENTS].memory;
  for (size_t p = 0; p < count; p++, first++)
    pairs->pair[p] = (struct pair){
        bars->quadratic + 2 * first * plan->quadratic_count,
        bars->term + 2 * first * plan->term_count, bars->partner + 2 * first * plan->partner_count,
        bars->fused + 2 * first * MTP_PANEL_WIDTH * plan->fused_count, adjoint + p * size};
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_member_forces)(const struct mtp_task *task,
                                                      const struct mtp_block *block)
{
  const struct mtp_plan *plan = &task->result->error_bars->plan;
  struct mtp_buffer *buffer = task->workspace->buffer;
  const size_t all = (size_t)task->result->members / 2;
  if (reserve(task, block))
    return MLGRAIN_OUT_OF_MEMORY;
  round_once(plan->value_slots, buffer[MTP_MOMENTS].memory, buffer[MTP_MEMBER_MOMENTS].memory);
  round_twice((size_t)block->tiles * mtp_tile_vectors(task->mtp), buffer[MTP_TILES].memory,
              buffer[MTP_MEMBER_TILES].memory);
  for (size_t first = 0; first < all; first += TOGETHER) {
    const size_t count = all - first < TOGETHER ? all - first : TOGETHER;
    struct pairs pairs;
    choose_pairs(task, first, count, &pairs);
    if (count == 1)
      products_of_one(&pairs);
    else
      products_of_two(&pairs);
    for (size_t p = 0; p < count; p++) {
      gradients(task, block, plan, pairs.pair[p].adjoint);
      scatter(task, block, task->result->member_force + 6 * (first + p), 6 * all);
    }
  }
  return MLGRAIN_SUCCESS;
}
