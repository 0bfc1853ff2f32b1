/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Products of moments, forward and backward. In a panel, up to MTP_PANEL_WIDTH products share
   their left factors: sums stay in registers, and a left factor and its adjoint are loaded once for
   all of them. What bounds these loops are stores of adjoints, before arithmetic: numbers of a
   product's own cost less than panels of few products. Fused products are not loaded again: their
   adjoint is known before their value.

   Adding to an adjoint in memory that was added to a moment ago has to wait for that (14 cycles on
   Zen 5), and the right factors of successive terms are often the same few. So there are two arrays
   of adjoints, which take turns; the true ones are their sums. */
#include "mtp_block.h"

/* a function of its own, so that profilers see it */
#define STAGE static __attribute__((noinline))

/* Keeps the compiler from loading a value twice to save a register. */
#ifdef __x86_64__
#define HOLD(v) __asm__("" : "+v"(v))
#else
#define HOLD(v) (void)(v)
#endif

/* Moments, and the two parts of the adjoints. */
struct arrays {
  number *m, *adjoint, *spare;
};

/* Numbers of the plan. */
static inline const number *plan_factors(const struct mtp_plan *plan)
{
#ifdef MLGRAIN_FLOAT_LANES
  return plan->rounded_factors;
#else
  return plan->factors;
#endif
}

static inline number coefficient_of(const struct mtp_term *term)
{
#ifdef MLGRAIN_FLOAT_LANES
  return term->rounded;
#else
  return term->coefficient;
#endif
}

ALWAYS_INLINE void add_to(number *p, lane_vector v)
{
  lanes_store(p, lanes_load(p) + v);
}

ALWAYS_INLINE void panel_forward(const uint32_t width, const int own, const struct mtp_plan *plan,
                                 const struct mtp_panel *panel, number *m)
{
  const number *factor = plan_factors(plan) + panel->factor;
  const uint32_t *index = plan->indices + panel->index;
  lane_vector sum[MTP_PANEL_WIDTH];
  for (uint32_t k = 0; k < width; k++)
    sum[k] = lanes_set(0.0);
  for (uint32_t g = 0; g < panel->length; g++, index += width + 1, factor += own ? width : 1) {
    lane_vector left = lanes_load(m + index[0]);
    if (!own)
      left *= factor[0];
    for (uint32_t k = 0; k < width; k++) {
      const lane_vector right = lanes_load(m + index[1 + k]);
      sum[k] += left * (own ? right * factor[k] : right);
    }
  }
  for (uint32_t k = 0; k < width; k++)
    lanes_store(m + panel->node[k], sum[k]);
}

/* One term of each product of a panel: spreads the adjoints `node` to the factors; with `value`,
   also sums up the products. */
ALWAYS_INLINE void term_backward(const uint32_t width, const int own, const number *factor,
                                 const uint32_t *index, const lane_vector *node, lane_vector *value,
                                 const number *m, number *left_adjoint, number *right_adjoint)
{
  lane_vector left = lanes_load(m + index[0]);
  if (!own)
    left *= factor[0];
  lane_vector sum = lanes_set(0.0);
  for (uint32_t k = 0; k < width; k++) {
    const lane_vector scaled = own ? node[k] * factor[k] : node[k];
    lane_vector right = lanes_load(m + index[1 + k]);
    HOLD(right);
    if (value)
      value[k] += own ? left * right * factor[k] : left * right;
    sum += scaled * right;
    add_to(right_adjoint + index[1 + k], scaled * left);
  }
  add_to(left_adjoint + index[0], own ? sum : sum * factor[0]);
}

ALWAYS_INLINE void panel_backward(const uint32_t width, const int own, const struct mtp_plan *plan,
                                  const struct mtp_panel *panel, const lane_vector *node,
                                  lane_vector *value, const struct arrays *arrays)
{
  const number *factor = plan_factors(plan) + panel->factor, *m = arrays->m;
  const uint32_t *index = plan->indices + panel->index;
  const uint32_t step = own ? width : 1;
  number *adjoint = arrays->adjoint, *spare = arrays->spare;
  uint32_t g = panel->length;
  for (; g > 1; g -= 2, factor += 2 * step, index += 2 * (width + 1)) {
    term_backward(width, own, factor, index, node, value, m, adjoint, adjoint);
    term_backward(width, own, factor + step, index + width + 1, node, value, m, adjoint, spare);
  }
  if (g)
    term_backward(width, own, factor, index, node, value, m, adjoint, adjoint);
}

STAGE void products_forward(const struct mtp_plan *plan, number *m)
{
  for (size_t i = 0; i < plan->stored_count; i++) {
    const struct mtp_panel *panel = &plan->stored_panels[i];
#define FORWARD(width) panel_forward(width, 0, plan, panel, m)
#define FORWARD_OWN(width) panel_forward(width, 1, plan, panel, m)
    if (panel->own_factors)
      FOR_SMALL(panel->width, FORWARD_OWN, 8)
    else
      FOR_SMALL(panel->width, FORWARD, 8)
  }
}

ALWAYS_INLINE void stored_panel(const uint32_t width, const int own, const struct mtp_plan *plan,
                                const struct mtp_panel *panel, const struct arrays *arrays)
{
  lane_vector node[MTP_PANEL_WIDTH];
  for (uint32_t k = 0; k < width; k++)
    node[k] =
        lanes_load(arrays->adjoint + panel->node[k]) + lanes_load(arrays->spare + panel->node[k]);
  panel_backward(width, own, plan, panel, node, NULL, arrays);
}

STAGE void products_backward(const struct mtp_plan *plan, const struct arrays *arrays)
{
  for (size_t i = plan->stored_count; i-- > 0;) {
    const struct mtp_panel *panel = &plan->stored_panels[i];
#define BACKWARD(width) stored_panel(width, 0, plan, panel, arrays)
#define BACKWARD_OWN(width) stored_panel(width, 1, plan, panel, arrays)
    if (panel->own_factors)
      FOR_SMALL(panel->width, BACKWARD_OWN, 8)
    else
      FOR_SMALL(panel->width, BACKWARD, 8)
  }
}

/* A panel of fused products, forward and backward at once; adds their energies. */
ALWAYS_INLINE void fused_panel(const uint32_t width, const int own, const struct mtp_plan *plan,
                               const struct mtp_panel *panel, const struct arrays *arrays,
                               struct lanes_sum *energy)
{
  const struct mtp_term *partners = plan->partners + panel->partner;
  lane_vector node[MTP_PANEL_WIDTH], value[MTP_PANEL_WIDTH];
  for (uint32_t k = 0; k < width; k++) {
    node[k] = lanes_set((number)panel->weight[k]);
    value[k] = lanes_set(0.0);
  }
  for (uint32_t i = 0; i < panel->partners; i++)
    for (uint32_t k = 0; k < width; k++) {
      const struct mtp_term *term = &partners[i * width + k];
      node[k] += lanes_load(arrays->m + term->slot) * coefficient_of(term);
    }
  panel_backward(width, own, plan, panel, node, value, arrays);
  for (uint32_t i = 0; i < panel->partners; i++)
    for (uint32_t k = 0; k < width; k++) {
      const struct mtp_term *term = &partners[i * width + k];
      add_to(arrays->adjoint + term->slot, value[k] * coefficient_of(term));
    }
  for (uint32_t k = 0; k < width; k++) {
    lanes_store(arrays->m + panel->node[k], value[k]);
    lanes_sum_add(energy, node[k] * value[k]);
  }
}

STAGE struct lanes_sum fused_products(const struct mtp_plan *plan, const struct arrays *arrays)
{
  struct lanes_sum energy = {0};
  for (size_t i = 0; i < plan->fused_count; i++) {
    const struct mtp_panel *panel = &plan->fused_panels[i];
#define FUSED(width) fused_panel(width, 0, plan, panel, arrays, &energy)
#define FUSED_OWN(width) fused_panel(width, 1, plan, panel, arrays, &energy)
    if (panel->own_factors)
      FOR_SMALL(panel->width, FUSED_OWN, 8)
    else
      FOR_SMALL(panel->width, FUSED, 8)
  }
  return energy;
}

STAGE struct lanes_sum quadratic_forms(const struct mtp_plan *plan, const struct arrays *arrays)
{
  struct lanes_sum energy = {0};
  for (size_t i = 0; i < plan->quadratic_count; i++) {
    const struct mtp_quadratic *form = &plan->quadratics[i];
    const lane_vector own = lanes_load(arrays->m + form->slot);
    lane_vector sum = lanes_set((number)form->weight);
    for (size_t k = form->first_term; k < form->last_term; k++) {
      const struct mtp_term *term = &plan->terms[k];
      sum += lanes_load(arrays->m + term->slot) * coefficient_of(term);
      add_to(arrays->adjoint + term->slot, own * coefficient_of(term));
    }
    add_to(arrays->spare + form->slot, sum);
    lanes_sum_add(&energy, own * sum);
  }
  return energy;
}

static void add_energies(struct lanes_sum energy, struct mtp_block *block)
{
  for (int half = 0; half < HALVES; half++)
    for (int lane = 0; lane < WIDTH; lane++)
      block->energy[half * WIDTH + lane] += energy.half[half][lane];
}

static struct arrays arrays_of(const struct mtp_task *task)
{
  number *adjoint = task->workspace->buffer[MTP_ADJOINTS].memory;
  return (struct arrays){task->workspace->buffer[MTP_MOMENTS].memory, adjoint,
                         adjoint + (size_t)task->mtp->plan.slots * LANES};
}

void MLGRAIN_KERNEL(mtp_products)(const struct mtp_task *task, struct mtp_block *block)
{
  const struct mtp_plan *plan = &task->mtp->plan;
  const struct arrays arrays = arrays_of(task);
  memset(arrays.adjoint, 0, 2 * (size_t)plan->slots * LANES * sizeof *arrays.adjoint);
  products_forward(plan, arrays.m);
  for (int lane = 0; lane < LANES; lane++)
    block->energy[lane] = task->mtp->species_coeffs[block->species[lane]];
  add_energies(quadratic_forms(plan, &arrays), block);
  add_energies(fused_products(plan, &arrays), block);
}

void MLGRAIN_KERNEL(mtp_products_backward)(const struct mtp_task *task)
{
  const struct mtp_plan *plan = &task->mtp->plan;
  const struct arrays arrays = arrays_of(task);
  products_backward(plan, &arrays);
  for (size_t k = 0; k < (size_t)plan->basic_slots * LANES; k += LANES)
    add_to(arrays.adjoint + k, lanes_load(arrays.spare + k));
}
