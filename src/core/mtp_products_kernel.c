/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Products of moments, forward and backward. In a panel, up to MTP_PANEL_WIDTH products share
   their left factors: sums stay in registers, and a left factor and its adjoint are loaded once for
   all of them. Fused products are never stored: their adjoint is known before their value. */
#include "mtp_block.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE double *at(double *array, uint32_t slot)
{
  return array + (size_t)slot * WIDTH;
}

ALWAYS_INLINE void add_to(double *p, vector v)
{
  vector_store(p, vector_load(p) + v);
}

ALWAYS_INLINE void panel_forward(const uint32_t width, const struct mtp_plan *plan,
                                 const struct mtp_panel *panel, double *m)
{
  const double *factor = plan->factors + panel->factor;
  const uint32_t *index = plan->indices + panel->index;
  vector sum[MTP_PANEL_WIDTH];
  for (uint32_t k = 0; k < width; k++)
    sum[k] = vector_set(0.0);
  for (uint32_t g = 0; g < panel->length; g++, index += width + 1) {
    const vector left = vector_load(at(m, index[0])) * factor[g];
    for (uint32_t k = 0; k < width; k++)
      sum[k] += left * vector_load(at(m, index[1 + k]));
  }
  for (uint32_t k = 0; k < width; k++)
    vector_store(at(m, panel->node[k]), sum[k]);
}

/* Spreads the adjoints `node` of a panel's products to their factors; with `value`, also sums up
   the products. */
ALWAYS_INLINE void panel_backward(const uint32_t width, const struct mtp_plan *plan,
                                  const struct mtp_panel *panel, const vector *node, vector *value,
                                  double *m, double *adjoint)
{
  const double *factor = plan->factors + panel->factor;
  const uint32_t *index = plan->indices + panel->index;
  vector sum[MTP_PANEL_WIDTH], out[MTP_PANEL_WIDTH];
  for (uint32_t k = 0; k < width; k++) {
    sum[k] = vector_set(0.0);
    out[k] = node[k];
  }
  for (uint32_t g = 0; g < panel->length; g++, index += width + 1) {
    const vector left = vector_load(at(m, index[0])) * factor[g];
    vector left_adjoint = vector_set(0.0);
    for (uint32_t k = 0; k < width; k++) {
      const vector right = vector_load(at(m, index[1 + k]));
      if (value)
        sum[k] += left * right;
      left_adjoint += out[k] * right;
      add_to(at(adjoint, index[1 + k]), out[k] * left);
    }
    add_to(at(adjoint, index[0]), left_adjoint * factor[g]);
  }
  if (value)
    for (uint32_t k = 0; k < width; k++)
      value[k] = sum[k];
}

static void products_forward(const struct mtp_plan *plan, double *m)
{
  for (size_t i = 0; i < plan->stored_count; i++) {
    const struct mtp_panel *panel = &plan->stored_panels[i];
    switch (panel->width) {
    case 1:
      panel_forward(1, plan, panel, m);
      break;
    case 2:
      panel_forward(2, plan, panel, m);
      break;
    case 3:
      panel_forward(3, plan, panel, m);
      break;
    default:
      panel_forward(MTP_PANEL_WIDTH, plan, panel, m);
    }
  }
}

ALWAYS_INLINE void stored_backward(const uint32_t width, const struct mtp_plan *plan,
                                   const struct mtp_panel *panel, double *m, double *adjoint)
{
  vector node[MTP_PANEL_WIDTH];
  for (uint32_t k = 0; k < width; k++)
    node[k] = vector_load(at(adjoint, panel->node[k]));
  panel_backward(width, plan, panel, node, NULL, m, adjoint);
}

static void products_backward(const struct mtp_plan *plan, double *m, double *adjoint)
{
  for (size_t i = plan->stored_count; i-- > 0;) {
    const struct mtp_panel *panel = &plan->stored_panels[i];
    switch (panel->width) {
    case 1:
      stored_backward(1, plan, panel, m, adjoint);
      break;
    case 2:
      stored_backward(2, plan, panel, m, adjoint);
      break;
    case 3:
      stored_backward(3, plan, panel, m, adjoint);
      break;
    default:
      stored_backward(MTP_PANEL_WIDTH, plan, panel, m, adjoint);
    }
  }
}

/* A panel of fused products, forward and backward at once; returns their energy. */
ALWAYS_INLINE vector fused_panel(const uint32_t width, const struct mtp_plan *plan,
                                 const struct mtp_panel *panel, double *m, double *adjoint)
{
  vector node[MTP_PANEL_WIDTH], value[MTP_PANEL_WIDTH], energy = vector_set(0.0);
  for (uint32_t k = 0; k < width; k++) {
    const struct mtp_fused *fused = &plan->fused[panel->node[k]];
    node[k] = vector_set(fused->weight);
    for (size_t i = fused->first_partner; i < fused->last_partner; i++)
      node[k] += vector_load(at(m, plan->terms[i].slot)) * plan->terms[i].coefficient;
  }
  panel_backward(width, plan, panel, node, value, m, adjoint);
  for (uint32_t k = 0; k < width; k++) {
    const struct mtp_fused *fused = &plan->fused[panel->node[k]];
    for (size_t i = fused->first_partner; i < fused->last_partner; i++)
      add_to(at(adjoint, plan->terms[i].slot), value[k] * plan->terms[i].coefficient);
    energy += node[k] * value[k];
  }
  return energy;
}

static vector fused_products(const struct mtp_plan *plan, double *m, double *adjoint)
{
  vector energy = vector_set(0.0);
  for (size_t i = 0; i < plan->fused_count; i++) {
    const struct mtp_panel *panel = &plan->fused_panels[i];
    switch (panel->width) {
    case 1:
      energy += fused_panel(1, plan, panel, m, adjoint);
      break;
    case 2:
      energy += fused_panel(2, plan, panel, m, adjoint);
      break;
    case 3:
      energy += fused_panel(3, plan, panel, m, adjoint);
      break;
    default:
      energy += fused_panel(MTP_PANEL_WIDTH, plan, panel, m, adjoint);
    }
  }
  return energy;
}

static vector quadratic_forms(const struct mtp_plan *plan, double *m, double *adjoint)
{
  vector energy = vector_set(0.0);
  for (size_t i = 0; i < plan->quadratic_count; i++) {
    const struct mtp_quadratic *form = &plan->quadratics[i];
    const vector own = vector_load(at(m, form->slot));
    vector sum = vector_set(form->weight);
    for (size_t k = form->first_term; k < form->last_term; k++) {
      const struct mtp_term *term = &plan->terms[k];
      sum += vector_load(at(m, term->slot)) * term->coefficient;
      add_to(at(adjoint, term->slot), own * term->coefficient);
    }
    add_to(at(adjoint, form->slot), sum);
    energy += own * sum;
  }
  return energy;
}

void MLGRAIN_KERNEL(mtp_products)(const struct mtp_task *task, struct mtp_block *block)
{
  const struct mtp_plan *plan = &task->mtp->plan;
  double *m = task->workspace->buffer[MTP_MOMENTS].memory,
         *adjoint = task->workspace->buffer[MTP_ADJOINTS].memory;
  memset(adjoint, 0, (size_t)plan->slots * WIDTH * sizeof *adjoint);
  products_forward(plan, m);
  for (int lane = 0; lane < WIDTH; lane++)
    block->energy[lane] = task->mtp->species_coeffs[block->species[lane]];
  block->energy += quadratic_forms(plan, m, adjoint);
  block->energy += fused_products(plan, m, adjoint);
  products_backward(plan, m, adjoint);
}
