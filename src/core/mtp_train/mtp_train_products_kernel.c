/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Products of moments with their changes, forward and backward. */
#include "mtp_train_block.h"

ALWAYS_INLINE void add_to(double *p, vector v)
{
  vector_store(p, vector_load(p) + v);
}

ALWAYS_INLINE void forward(const int changes, const struct train_plan *plan, double *m, double *dm)
{
  for (size_t p = 0; p < plan->product_count; p++) {
    const struct train_product *product = &plan->products[p];
    vector sum = vector_set(0.0), change = vector_set(0.0);
    for (size_t t = product->first; t < product->last; t++) {
      const struct train_term *term = &plan->terms[t];
      const vector left = vector_load(m + term->left) * term->factor;
      const vector right = vector_load(m + term->right);
      sum += left * right;
      if (changes)
        change += left * vector_load(dm + term->right) +
                  right * (vector_load(dm + term->left) * term->factor);
    }
    vector_store(m + product->slot, sum);
    if (changes)
      vector_store(dm + product->slot, change);
  }
}

ALWAYS_INLINE void product_backward(const int changes, const struct train_plan *plan,
                                    const struct train_product *product, const double *m,
                                    const double *dm, double *adjoint, double *dual)
{
  const vector own = vector_load(adjoint + product->slot);
  const vector own_dual = changes ? vector_load(dual + product->slot) : own;
  for (size_t t = product->first; t < product->last; t++) {
    const struct train_term *term = &plan->terms[t];
    const vector left = vector_load(m + term->left), right = vector_load(m + term->right);
    const vector a = own * term->factor;
    add_to(adjoint + term->left, a * right);
    add_to(adjoint + term->right, a * left);
    if (changes) {
      const vector b = own_dual * term->factor;
      add_to(dual + term->left, b * right + a * vector_load(dm + term->right));
      add_to(dual + term->right, b * left + a * vector_load(dm + term->left));
    }
  }
}

/* BATCH changes of each moment follow each other, so that terms and moments are read once for all.
 */
static void forward_changes(const struct train_plan *plan, const double *m, double *dm)
{
  for (size_t p = 0; p < plan->product_count; p++) {
    const struct train_product *product = &plan->products[p];
    vector change[BATCH];
    for (int d = 0; d < BATCH; d++)
      change[d] = vector_set(0.0);
    for (size_t t = product->first; t < product->last; t++) {
      const struct train_term *term = &plan->terms[t];
      const vector left = vector_load(m + term->left) * term->factor;
      const vector right = vector_load(m + term->right) * term->factor;
      const double *left_change = dm + BATCH * (size_t)term->left;
      const double *right_change = dm + BATCH * (size_t)term->right;
      for (int d = 0; d < BATCH; d++)
        change[d] += left * vector_load(right_change + d * WIDTH) +
                     right * vector_load(left_change + d * WIDTH);
    }
    for (int d = 0; d < BATCH; d++)
      vector_store(dm + BATCH * (size_t)product->slot + d * WIDTH, change[d]);
  }
}

static void backward_changes(const struct train_plan *plan, const double *m, const double *dm,
                             const double *adjoint, double *dual)
{
  for (size_t p = plan->product_count; p-- > 0;) {
    const struct train_product *product = &plan->products[p];
    const vector own = vector_load(adjoint + product->slot);
    vector own_dual[BATCH];
    for (int d = 0; d < BATCH; d++)
      own_dual[d] = vector_load(dual + BATCH * (size_t)product->slot + d * WIDTH);
    for (size_t t = product->first; t < product->last; t++) {
      const struct train_term *term = &plan->terms[t];
      const vector left = vector_load(m + term->left) * term->factor;
      const vector right = vector_load(m + term->right) * term->factor;
      const vector a = own * term->factor;
      const size_t l = BATCH * (size_t)term->left, r = BATCH * (size_t)term->right;
      for (int d = 0; d < BATCH * WIDTH; d += WIDTH)
        add_to(dual + l + d, own_dual[d / WIDTH] * right + a * vector_load(dm + r + d));
      for (int d = 0; d < BATCH * WIDTH; d += WIDTH)
        add_to(dual + r + d, own_dual[d / WIDTH] * left + a * vector_load(dm + l + d));
    }
  }
}

void MLGRAIN_KERNEL(train_batch)(const struct mlgrain_mtp_model *model, const double *m,
                                 const double *adjoint, double *const change[BATCH], double *dm,
                                 double *dual)
{
  const struct mtp_plan *mtp = &model->mtp->plan;
  const size_t basics = mtp->basic_slots;
  for (size_t d = 0; d < BATCH; d++) {
    recover(mtp, change[d]);
    for (size_t k = 0; k < basics; k++)
      vector_store(dm + (BATCH * k + d) * WIDTH, vector_load(change[d] + k * WIDTH));
  }
  forward_changes(&model->plan, m, dm);
  memset(dual, 0, BATCH * (size_t)model->plan.slots * sizeof *dual);
  backward_changes(&model->plan, m, dm, adjoint, dual);
  for (size_t d = 0; d < BATCH; d++) {
    for (size_t k = 0; k < basics; k++)
      vector_store(change[d] + k * WIDTH, vector_load(dual + (BATCH * k + d) * WIDTH));
    recover_backward(mtp, change[d]);
  }
}

void MLGRAIN_KERNEL(train_forward)(const struct train_plan *plan, double *m)
{
  forward(0, plan, m, NULL);
}

void MLGRAIN_KERNEL(train_forward_both)(const struct train_plan *plan, double *m, double *dm)
{
  forward(1, plan, m, dm);
}

void MLGRAIN_KERNEL(train_backward)(const struct train_plan *plan, const double *m, double *adjoint)
{
  for (size_t p = plan->product_count; p-- > 0;)
    product_backward(0, plan, &plan->products[p], m, NULL, adjoint, NULL);
}

void MLGRAIN_KERNEL(train_backward_both)(const struct train_plan *plan, const double *m,
                                         const double *dm, double *adjoint, double *dual)
{
  for (size_t p = plan->product_count; p-- > 0;)
    product_backward(1, plan, &plan->products[p], m, dm, adjoint, dual);
}

void MLGRAIN_KERNEL(train_backward_some)(const struct train_plan *plan, const uint32_t *products,
                                         size_t count, const double *m, double *adjoint)
{
  for (size_t k = count; k-- > 0;)
    product_backward(0, plan, &plan->products[products[k]], m, NULL, adjoint, NULL);
}
