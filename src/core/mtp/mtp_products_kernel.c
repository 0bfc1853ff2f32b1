/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Products of moments, forward and backward. In a panel, up to MTP_PANEL_WIDTH products share
   their left factors: sums stay in registers, and a left factor and its adjoint are loaded once for
   all of them. What bounds these loops are loads and stores, before arithmetic: two in a cycle on
   Zen 3, where a term of a panel takes two on the way forward and four on the way back, and a
   row of a panel as much as a term more. So slots are loaded two at a time. Fused products are not
   loaded again: their adjoint is known before their value. */
#include "mtp_block.h"

/* a function of its own, so that profilers see it */
#define STAGE static __attribute__((noinline))

/* Keeps the compiler from loading a value twice to save a register. */
#ifdef MLGRAIN_X86_64_REGISTERS
#define HOLD(v) __asm__("" : "+v"(v))
#else
#define HOLD(v) (void)(v)
#endif

/* Which half of two numbers of 32 bits in a row is the first. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum { LOW_HALF = 1 };
#else
enum { LOW_HALF = 0 };
#endif

struct arrays {
  number *m, *adjoint;
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

/* The slots of a row: of the left factor, and of the right ones. */
ALWAYS_INLINE void load_slots(const uint32_t width, const uint32_t *index, uint32_t *slot)
{
  uint32_t k = 0;
  for (; k < width; k += 2) {
    uint64_t two;
    memcpy(&two, index + k, sizeof two);
    slot[k + LOW_HALF] = (uint32_t)two;
    slot[k + !LOW_HALF] = (uint32_t)(two >> 32);
  }
  if (k == width)
    slot[k] = index[k];
}

ALWAYS_INLINE void row_forward(const uint32_t width, const int own, const number *factor,
                               const uint32_t *index, const number *m, lane_vector *sum)
{
  uint32_t slot[MTP_PANEL_WIDTH + 1];
  load_slots(width, index, slot);
  lane_vector left = lanes_load(m + slot[0]);
  if (!own)
    left *= factor[0];
  for (uint32_t k = 0; k < width; k++) {
    const lane_vector right = lanes_load(m + slot[1 + k]);
    sum[k] += left * (own ? right * factor[k] : right);
  }
}

/* Two rows at a time in panels so narrow that a sum would have to wait for the one before. */
ALWAYS_INLINE void panel_forward(const uint32_t width, const int own, const struct mtp_plan *plan,
                                 const struct mtp_panel *panel, number *m)
{
  const number *factor = plan_factors(plan) + panel->factor;
  const uint32_t *index = plan->indices + panel->index;
  const uint32_t step = own ? width : 1;
  lane_vector sum[MTP_PANEL_WIDTH], other[MTP_PANEL_WIDTH];
  for (uint32_t k = 0; k < width; k++)
    sum[k] = other[k] = lanes_set(0.0);
  uint32_t g = panel->length;
  for (; width <= 4 && g > 1; g -= 2, factor += 2 * step, index += 2 * (width + 1)) {
    row_forward(width, own, factor, index, m, sum);
    row_forward(width, own, factor + step, index + width + 1, m, other);
  }
  for (; g > 0; g--, factor += step, index += width + 1)
    row_forward(width, own, factor, index, m, sum);
  uint32_t node[MTP_PANEL_WIDTH];
  load_slots(width - 1, panel->node, node);
  for (uint32_t k = 0; k < width; k++)
    lanes_store(m + node[k], sum[k] + other[k]);
}

/* Spreads the adjoints `node` of a panel's products to the factors of a row; with `value`, also
   sums up the products. */
ALWAYS_INLINE void row_backward(const uint32_t width, const int own, const number *factor,
                                const uint32_t *index, const lane_vector *node, lane_vector *value,
                                const number *m, number *adjoint)
{
  uint32_t slot[MTP_PANEL_WIDTH + 1];
  load_slots(width, index, slot);
  lane_vector left = lanes_load(m + slot[0]), sum = lanes_set(0.0);
  lane_vector times = lanes_set(factor[0]);
  if (!own) {
    HOLD(times);
    left *= times;
  }
  for (uint32_t k = 0; k < width; k++) {
    lane_vector right = lanes_load(m + slot[1 + k]), scaled = node[k], other = left;
    HOLD(right);
    if (own) {
      times = lanes_set(factor[k]);
      HOLD(times);
      scaled *= times;
      other *= times;
    }
    if (value)
      value[k] += other * right;
    sum += scaled * right;
    add_to(adjoint + slot[1 + k], scaled * left);
  }
  add_to(adjoint + slot[0], own ? sum : sum * times);
}

ALWAYS_INLINE void panel_backward(const uint32_t width, const int own, const struct mtp_plan *plan,
                                  const struct mtp_panel *panel, const lane_vector *node,
                                  lane_vector *value, const struct arrays *arrays)
{
  const number *factor = plan_factors(plan) + panel->factor, *m = arrays->m;
  const uint32_t *index = plan->indices + panel->index;
  number *adjoint = arrays->adjoint;
  for (uint32_t g = panel->length; g > 0; g--, factor += own ? width : 1, index += width + 1)
    row_backward(width, own, factor, index, node, value, m, adjoint);
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
  uint32_t slot[MTP_PANEL_WIDTH];
  lane_vector node[MTP_PANEL_WIDTH];
  load_slots(width - 1, panel->node, slot);
  for (uint32_t k = 0; k < width; k++)
    node[k] = lanes_load(arrays->adjoint + slot[k]);
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
  lane_vector sum = node[0] * value[0];
  for (uint32_t k = 1; k < width; k++)
    sum += node[k] * value[k];
  lanes_sum_add(energy, sum);
#ifndef MLGRAIN_FLOAT_LANES /* for gradients to the parameters, and error bars */
  for (uint32_t k = 0; k < width; k++)
    lanes_store(arrays->m + panel->node[k], value[k]);
#endif
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
    add_to(arrays->adjoint + form->slot, sum);
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
  return (struct arrays){task->workspace->buffer[MTP_MOMENTS].memory,
                         task->workspace->buffer[MTP_ADJOINTS].memory};
}

void MLGRAIN_KERNEL(mtp_products)(const struct mtp_task *task, struct mtp_block *block)
{
  const struct mtp_plan *plan = &task->mtp->plan;
  const struct arrays arrays = arrays_of(task);
  memset(arrays.adjoint, 0, (size_t)plan->slots * LANES * sizeof *arrays.adjoint);
  products_forward(plan, arrays.m);
  for (int lane = 0; lane < LANES; lane++)
    block->energy[lane] = task->mtp->species_coeffs[block->species[lane]];
  add_energies(quadratic_forms(plan, &arrays), block);
  add_energies(fused_products(plan, &arrays), block);
}

void MLGRAIN_KERNEL(mtp_products_backward)(const struct mtp_task *task)
{
  const struct arrays arrays = arrays_of(task);
  products_backward(&task->mtp->plan, &arrays);
}
