/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All parameters of a potential that learns, fitted to the cells that it has learned and to what
   its fit says of the old data, a quadratic function about the parameters of then. By variable
   projection (G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413): radial coefficients
   take steps of Levenberg and Marquardt's method, and the others are at each place the best for
   them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/inner_product.h"
#include "learn_private.h"

static const double LINEAR_DAMPING = 1e-10; /* of the coefficients that the energy is linear in */
static const double FIRST_DAMPING = 1e-4, LEAST_DAMPING = 1e-12, MOST_DAMPING = 1e12;
static const double LESS_DAMPING = 8.0, MORE_DAMPING = 16.0; /* times */

struct refit {
  struct mlgrain_mtp_learner *learner;
  struct mlgrain_mtp_train_workspace *workspace;
  size_t n, radial;
  double *start, *here, *best;                              /* [n] parameters */
  double *normal, *gradient;                                /* of all unknowns at `here` */
  double *normal_there, *gradient_there;                    /* of the linear ones, farther on */
  double *rows, *right, *change, *step, *damping, *product; /* for work */
  double damping_factor;
};

static void refit_free(struct refit *refit)
{
  double **const all[] = {&refit->start,          &refit->here,     &refit->best,
                          &refit->normal,         &refit->gradient, &refit->normal_there,
                          &refit->gradient_there, &refit->rows,     &refit->right,
                          &refit->change,         &refit->step,     &refit->damping,
                          &refit->product};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++)
    free(*all[k]);
  mlgrain_mtp_train_workspace_free(refit->workspace);
}

static enum mlgrain_status reserve(struct refit *refit, struct mlgrain_error *error)
{
  const size_t n = refit->n;
  double **const vectors[] = {
      &refit->start, &refit->here,   &refit->best, &refit->gradient, &refit->gradient_there,
      &refit->right, &refit->change, &refit->step, &refit->damping,  &refit->product};
  double **const matrices[] = {&refit->normal, &refit->normal_there, &refit->rows};
  int good = 1;
  for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++)
    good = (*vectors[k] = learn_numbers(n)) && good;
  for (size_t k = 0; k < sizeof matrices / sizeof *matrices; k++)
    good = (*matrices[k] = learn_numbers(n * n)) && good;
  if (!good)
    return learn_out_of_memory(error);
  return mlgrain_mtp_train_workspace_create(&refit->workspace, error);
}

/* Lets the learner have parameters. */
static enum mlgrain_status go_to(struct refit *refit, const double *parameters,
                                 struct mlgrain_error *error)
{
  mlgrain_mtp_file_set_parameters(refit->learner->file, parameters);
  return mlgrain_mtp_model_update(refit->learner->file, refit->learner->model, error);
}

/* H, g and loss of all or of the linear unknowns at parameters to which the learner has gone. The
   loss is that of the cells and what that of the old data has grown by. */
static enum mlgrain_status sum_up(struct refit *refit, const double *parameters,
                                  enum mlgrain_mtp_unknowns unknowns, double *normal,
                                  double *gradient, double *loss, struct mlgrain_error *error)
{
  const struct mlgrain_mtp_learner *learner = refit->learner;
  const struct learn_old *old = &learner->old;
  const size_t n = refit->n, count = unknowns == MLGRAIN_MTP_ALL ? n : learner->linear;
  for (size_t k = 0; k < n; k++)
    refit->change[k] = parameters[k] - old->parameters[k];
  learn_multiply(old->normal, refit->change, n, refit->product);
  *loss = 2.0 * inner_product(old->gradient, refit->change, n) +
          inner_product(refit->change, refit->product, n);
  for (size_t k = 0; k < count; k++)
    gradient[k] = old->gradient[n - count + k] + refit->product[n - count + k];
  learn_take_block(old->normal, n, count, normal);
  for (size_t k = 0; k < learner->cell_count; k++) {
    const enum mlgrain_status status =
        learned_cell_add(learner, &learner->cells[k], refit->workspace, unknowns, refit->rows,
                         refit->right, normal, gradient, loss, error);
    if (status)
      return status;
  }
  return MLGRAIN_SUCCESS;
}

/* Solves (H + damping diag H) x = -g; whether that can be. */
static int solve(const double *normal, const double *gradient, size_t n, size_t radial,
                 double radial_damping, struct refit *refit)
{
  for (size_t k = 0; k < n; k++)
    refit->damping[k] = k < radial ? radial_damping : LINEAR_DAMPING;
  return !mlgrain_mtp_solve(normal, gradient, refit->damping, n, refit->step, NULL, NULL);
}

/* Goes a step of the radial coefficients from `here` to `best`, with the best linear ones, and says
   the loss there. It is infinite where there are no such coefficients. */
static enum mlgrain_status try_step(struct refit *refit, double *loss, struct mlgrain_error *error)
{
  const size_t n = refit->n, linear = refit->learner->linear;
  *loss = INFINITY;
  if (!solve(refit->normal, refit->gradient, n, refit->radial, refit->damping_factor, refit))
    return MLGRAIN_SUCCESS;
  memcpy(refit->best, refit->here, n * sizeof *refit->best);
  for (size_t k = 0; k < refit->radial; k++)
    refit->best[k] += refit->step[k];
  double moved = 0.0;
  enum mlgrain_status status = go_to(refit, refit->best, error);
  if (!status)
    status = sum_up(refit, refit->best, MLGRAIN_MTP_LINEAR, refit->normal_there,
                    refit->gradient_there, &moved, error);
  if (status || !isfinite(moved) ||
      !solve(refit->normal_there, refit->gradient_there, linear, 0, 0.0, refit))
    return status;
  learn_multiply(refit->normal_there, refit->step, linear, refit->product);
  for (size_t k = 0; k < linear; k++)
    refit->best[n - linear + k] += refit->step[k];
  *loss = moved + 2.0 * inner_product(refit->gradient_there, refit->step, linear) +
          inner_product(refit->step, refit->product, linear);
  return MLGRAIN_SUCCESS;
}

/* One iteration from `here`, where the loss is *loss, to a place where it is less; *found is 0 if
   no step helps. */
static enum mlgrain_status iterate(struct refit *refit, double *loss, int *found,
                                   struct mlgrain_error *error)
{
  for (*found = 0; !*found && refit->damping_factor < MOST_DAMPING;) {
    double there;
    const enum mlgrain_status status = try_step(refit, &there, error);
    if (status)
      return status;
    *found = there < *loss;
    if (*found) {
      *loss = there;
      memcpy(refit->here, refit->best, refit->n * sizeof *refit->here);
      refit->damping_factor = fmax(refit->damping_factor / LESS_DAMPING, LEAST_DAMPING);
    } else {
      refit->damping_factor *= MORE_DAMPING;
    }
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status minimize(struct refit *refit, size_t most, double tolerance,
                                    size_t *iterations, struct mlgrain_error *error)
{
  double loss = 0.0, before = INFINITY;
  for (*iterations = 0; *iterations < most && before - loss > tolerance * fabs(loss);) {
    enum mlgrain_status status = go_to(refit, refit->here, error);
    if (!status)
      status =
          sum_up(refit, refit->here, MLGRAIN_MTP_ALL, refit->normal, refit->gradient, &loss, error);
    before = loss;
    int found = 0;
    if (!status)
      status = iterate(refit, &loss, &found, error);
    if (status)
      return status;
    *iterations += (size_t)found;
  }
  return MLGRAIN_SUCCESS;
}

/* Sums to begin with at the parameters of now: those of the old data. */
static enum mlgrain_status old_sums(const struct refit *refit, struct learn_sums *sums,
                                    struct mlgrain_error *error)
{
  const struct mlgrain_mtp_learner *learner = refit->learner;
  const struct learn_old *old = &learner->old;
  const size_t n = refit->n;
  if (learn_sums_make(learner, &old->linear, sums)) {
    learn_sums_free(sums);
    return learn_out_of_memory(error);
  }
  for (size_t k = 0; k < n; k++)
    refit->change[k] = refit->here[k] - old->parameters[k];
  learn_multiply(old->normal, refit->change, n, refit->product);
  for (size_t k = 0; k < learner->linear; k++)
    sums->gradient[k] = old->gradient[refit->radial + k] + refit->product[refit->radial + k];
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_mtp_learner_refit(struct mlgrain_mtp_learner *learner, size_t most,
                                              double tolerance, size_t *iterations,
                                              struct mlgrain_error *error)
{
  struct refit refit = {.learner = learner,
                        .n = learner->file->parameter_count,
                        .radial = learner->file->parameter_count - learner->linear,
                        .damping_factor = FIRST_DAMPING};
  struct learn_sums sums = {0};
  *iterations = 0;
  if (!learner->cell_count)
    return MLGRAIN_SUCCESS;
  enum mlgrain_status status = reserve(&refit, error);
  if (status) {
    refit_free(&refit);
    return status;
  }
  mlgrain_mtp_file_parameters(learner->file, refit.start);
  memcpy(refit.here, refit.start, refit.n * sizeof *refit.here);
  status = minimize(&refit, most, tolerance, iterations, error);
  if (!status)
    status = old_sums(&refit, &sums, error);
  if (!status)
    status = go_to(&refit, refit.here, error);
  if (!status)
    status = learn_cells(learner, &sums, 0, learner->cell_count, error);
  if (status)
    go_to(&refit, refit.start, NULL);
  refit_free(&refit);
  return status;
}
