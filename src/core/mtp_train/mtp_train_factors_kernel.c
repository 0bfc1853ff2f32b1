/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derivatives by reduced moments of what the elements of the Jacobian are made of: of scalar
   moments, and of the change that the energy has with a radial coefficient, d/dm_k (sum_l adjoint_l
   C_l) = dual_k, the change of the adjoints along C, where C_b,k = sum over all rows of phi_b M_k
   is the derivative of m_k by the coefficient. */
#include "mtp_train_block.h"

/* A vector for each of the moments becomes the numbers of the lanes. */
static void store_factors(const struct train_lanes *lanes, const uint32_t *moment, size_t count,
                          const double *vectors, size_t apart, size_t lane_size, double *factors)
{
  for (size_t k = 0; k < count; k++) {
    const double *from = vectors + (size_t)moment[k] * apart * WIDTH;
    for (int lane = 0; lane < lanes->block.lanes; lane++)
      factors[(size_t)lane * lane_size + k] = from[lane];
  }
}

/* Adjoints of the reduced moments that scalar s depends on, in `work`. */
static void scalar_adjoints(const struct mlgrain_mtp_model *model,
                            const struct train_moments *moments, uint32_t s, const double *m,
                            double *work)
{
  const struct train_plan *plan = &model->plan;
  const struct mtp_recovery *recoveries = model->mtp->plan.recovery;
  const struct train_ancestors *own = &plan->scalars[s];
  const vector zero = vector_set(0.0);
  for (size_t k = moments->first_row; k < moments->last_row; k++)
    vector_store(work + plan->numbers[k] * WIDTH, zero);
  for (size_t k = moments->first_recovery; k < moments->last_recovery; k++)
    vector_store(work + recoveries[plan->numbers[k]].target, zero);
  for (size_t k = own->first; k < own->last; k++)
    vector_store(work + plan->products[plan->numbers[k]].slot, zero);
  vector_store(work + plan->scalar_slot[s], vector_set(1.0));
  MLGRAIN_KERNEL(train_backward_some)
  (plan, plan->numbers + own->first, own->last - own->first, m, work);
  for (size_t k = moments->last_recovery; k-- > moments->first_recovery;)
    recover_one_backward(&recoveries[plan->numbers[k]], work);
}

static double *scalar_factors(const struct train_lanes *lanes, const double *m, double *work,
                              size_t lane_size, double *factors)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  const struct train_plan *plan = &model->plan;
  for (size_t k = 0; k < plan->support_count; k++) {
    const struct train_support *support = &plan->supports[k];
    const struct train_moments *moments = &support->moments;
    const size_t count = moments->last_row - moments->first_row;
    for (size_t s = support->first; s < support->last; s++, factors += count) {
      scalar_adjoints(model, moments, plan->scalar_order[s], m, work);
      store_factors(lanes, plan->numbers + moments->first_row, count, work, 1, lane_size, factors);
    }
  }
  return factors;
}

/* C of BATCH polynomials from `b` for neighbors of one species, as the changes of the moments of
   radial function mu; none past the last polynomial. */
static void set_changes(const struct train_lanes *lanes, int species, int mu, int b, double *dm)
{
  const struct mtp_plan *plan = &lanes->mtp.mtp->plan;
  const int size = lanes->mtp.mtp->radial_size, most = train_most_orders(lanes->mtp.mtp) - 1;
  const int degree = orders_of(plan, mu) - 1, count = moments_of_degree(most);
  const double *sums = train_buffer(lanes->task, TRAIN_BASIS_SUMS);
  double *own = dm + BATCH * (size_t)plan->strips[plan->strip_start[mu]].slot;
  for (int c = 0; c <= 1 && c <= degree; c++)
    for (int y = 0; y <= degree - c; y++)
      for (int a = 0; a <= degree - c - y; a++)
        for (int d = 0; d < BATCH; d++) {
          const int from = (species * size + b + d) * count + moment_place(most, a, y, c);
          const int to = moment_place(degree, a, y, c) * BATCH + d;
          vector_store(own + to * WIDTH,
                       b + d < size ? vector_load(sums + from * WIDTH) : vector_set(0.0));
        }
}

static double *radial_factors(const struct train_lanes *lanes, int species, const double *m,
                              const double *adjoint, size_t lane_size, double *factors)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  const struct train_plan *plan = &model->plan;
  const int size = model->mtp->radial_size;
  double *dm = train_buffer(lanes->task, TRAIN_MOMENTS);
  double *dual = dm + BATCH * (size_t)plan->slots;
  for (int mu = 0; mu < model->mtp->radial_count; mu++) {
    const struct train_path *path = &plan->paths[mu];
    const size_t count = path->dual.last_row - path->dual.first_row;
    for (int b = 0; b < size && count; b += BATCH) {
      set_changes(lanes, species, mu, b, dm);
      MLGRAIN_KERNEL(train_follow)(model, path, m, adjoint, dm, dual);
      for (int d = 0; d < BATCH && b + d < size; d++, factors += count)
        store_factors(lanes, plan->numbers + path->dual.first_row, count, dual + d * WIDTH, BATCH,
                      lane_size, factors);
    }
  }
  return factors;
}

void MLGRAIN_KERNEL(train_factors)(const struct train_lanes *lanes, const double *m,
                                   double *adjoint, int radial, size_t lane_size, double *factors)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  factors = scalar_factors(lanes, m, adjoint + model->plan.slots, lane_size, factors);
  for (int species = 0; radial && species < model->mtp->species_count; species++)
    factors = radial_factors(lanes, species, m, adjoint, lane_size, factors);
}
