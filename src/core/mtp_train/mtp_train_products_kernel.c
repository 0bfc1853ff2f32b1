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
/* sum += factor * m[left] times the BATCH numbers of `right` */
ALWAYS_INLINE void add_terms(const struct train_term *terms, size_t first, size_t last,
                             const double *m, const double *changes, vector sum[BATCH])
{
  for (size_t t = first; t < last; t++) {
    const vector factor = vector_load(m + terms[t].left) * terms[t].factor;
    const double *from = changes + BATCH * (size_t)terms[t].right;
    for (int d = 0; d < BATCH; d++)
      sum[d] += factor * vector_load(from + d * WIDTH);
  }
}

static void store_batch(const vector sum[BATCH], double *place)
{
  for (int d = 0; d < BATCH; d++)
    vector_store(place + d * WIDTH, sum[d]);
}

static void forward_changes(const struct train_plan *plan, const struct train_path *path,
                            const double *m, double *dm)
{
  for (size_t p = path->first_product; p < path->last_product; p++) {
    const struct train_product *product = &plan->path_products[p];
    vector sum[BATCH] = {vector_set(0.0)};
    add_terms(plan->path_terms, product->first, product->last, m, dm, sum);
    store_batch(sum, dm + BATCH * (size_t)product->slot);
  }
}

static void backward_changes(const struct train_plan *plan, const struct train_path *path,
                             const double *m, const double *dm, const double *adjoint, double *dual)
{
  for (size_t p = path->first_return; p < path->last_return; p++) {
    const struct train_return *back = &plan->returns[p];
    vector sum[BATCH] = {vector_set(0.0)};
    add_terms(plan->path_terms, back->first, back->middle, m, dual, sum);
    add_terms(plan->path_terms, back->middle, back->last, adjoint, dm, sum);
    store_batch(sum, dual + BATCH * (size_t)back->slot);
  }
}

void MLGRAIN_KERNEL(train_follow)(const struct mlgrain_mtp_model *model,
                                  const struct train_path *path, const double *m,
                                  const double *adjoint, double *dm, double *dual)
{
  const struct train_plan *plan = &model->plan;
  const struct mtp_recovery *recoveries = model->mtp->plan.recovery;
  for (size_t k = path->own.first_recovery; k < path->own.last_recovery; k++) {
    const struct mtp_recovery *own = &recoveries[plan->numbers[k]];
    for (size_t d = 0; d < BATCH * WIDTH; d += WIDTH)
      vector_store(dm + BATCH * (size_t)own->target + d,
                   vector_load(dm + BATCH * (size_t)own->plus + d) -
                       vector_load(dm + BATCH * (size_t)own->minus[0] + d) -
                       vector_load(dm + BATCH * (size_t)own->minus[1] + d));
  }
  forward_changes(plan, path, m, dm);
  backward_changes(plan, path, m, dm, adjoint, dual);
  for (size_t k = path->dual.first_recovery; k < path->dual.last_recovery; k++) {
    const struct mtp_recovery *own = &recoveries[plan->numbers[k]];
    for (size_t d = 0; d < BATCH * WIDTH; d += WIDTH) {
      const vector target = vector_load(dual + BATCH * (size_t)own->target + d);
      add_to(dual + BATCH * (size_t)own->plus + d, target);
      add_to(dual + BATCH * (size_t)own->minus[0] + d, -target);
      add_to(dual + BATCH * (size_t)own->minus[1] + d, -target);
    }
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
