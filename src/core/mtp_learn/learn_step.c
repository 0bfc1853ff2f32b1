/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A step of learning: coefficients that energies are linear in, and error bars. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter_random.h"
#include "base/error_text.h"
#include "learn_private.h"

/* A step in work: what becomes of the learner if all succeeds. */
struct step {
  struct learn_sums *sums;
  struct learned_cell *cells; /* [count] */
  size_t count;
  uint64_t drawn;
  double *rows, *right; /* [linear][linear], [linear]: for work */
  double *whole;        /* [parameters] a gradient */
  double *sketch, *member, *change;
  struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_error_bars *bars;
  struct mlgrain_mtp_train_workspace *workspace;
};

static void step_free(struct step *step)
{
  free(step->rows);
  free(step->right);
  free(step->whole);
  free(step->sketch);
  free(step->member);
  free(step->change);
  mlgrain_mtp_free(step->mtp);
  mlgrain_mtp_error_bars_free(step->bars);
  mlgrain_mtp_train_workspace_free(step->workspace);
}

static enum mlgrain_status reserve(const struct mlgrain_mtp_learner *learner, struct step *step,
                                   struct mlgrain_error *error)
{
  const size_t linear = learner->linear;
  step->rows = learn_numbers(linear * linear);
  step->right = learn_numbers(linear);
  step->whole = learn_numbers(learner->file->parameter_count);
  step->sketch = learn_numbers(learner->rows * linear);
  step->member = learn_numbers(learner->members * linear);
  step->change = learn_numbers(linear);
  if (!step->rows || !step->right || !step->whole || !step->sketch || !step->member ||
      !step->change)
    return learn_out_of_memory(error);
  return mlgrain_mtp_train_workspace_create(&step->workspace, error);
}

static double normal_number(const struct mlgrain_mtp_learner *learner, uint64_t item, uint64_t draw)
{
  return random_normal(learner->seed, RANDOM_PUBLIC, item, draw);
}

/* theta -= H^-1 g; what is left of g is due to the ridge. */
static enum mlgrain_status change_coefficients(const struct mlgrain_mtp_learner *learner,
                                               struct step *step, struct mlgrain_error *error)
{
  const size_t linear = learner->linear;
  double *gradient = step->sums->gradient, *gone = step->right;
  const enum mlgrain_status status =
      learn_solve(step->sums->normal, gradient, 1, linear, step->change, error);
  if (!status) {
    learn_multiply(step->sums->normal, step->change, linear, gone);
    for (size_t k = 0; k < linear; k++)
      gradient[k] += gone[k];
  }
  return status;
}

static void apply(struct mlgrain_mtp_file *file, const double *change, double sign)
{
  for (int s = 0; s < file->species_count; s++)
    file->species_coeffs[s] += sign * change[s];
  for (int s = 0; s < file->scalar_count; s++)
    file->moment_coeffs[s] += sign * change[file->species_count + s];
}

/* Adds what a cell that has been learned still says to members. */
static enum mlgrain_status add_scores(const struct mlgrain_mtp_learner *learner,
                                      const struct mlgrain_mtp_data *data, double weight,
                                      struct step *step, struct mlgrain_error *error)
{
  const size_t linear = learner->linear, n = learner->file->parameter_count;
  double *gradient = step->whole;
  struct mlgrain_mtp_loss loss = {0};
  memset(gradient, 0, n * sizeof *gradient);
  for (size_t b = 0; b < mlgrain_mtp_data_blocks(data); b++) {
    const enum mlgrain_status status =
        mlgrain_mtp_data_loss(data, learner->model, step->workspace, b, &loss, gradient, error);
    if (status)
      return status;
  }
  const uint64_t item = step->drawn++;
  for (size_t m = 0; m < learner->members; m++) {
    const double factor = 0.5 * weight * normal_number(learner, item, m);
    for (size_t i = 0; i < linear; i++)
      step->sums->scores[m * linear + i] += factor * gradient[n - linear + i];
  }
  return MLGRAIN_SUCCESS;
}

/* Adds the neighborhoods of a block's atoms. rows: [atoms][parameters] */
static void add_rows_of_sites(const struct mlgrain_mtp_learner *learner, const double *rows,
                              size_t atoms, struct step *step)
{
  const size_t linear = learner->linear, n = learner->file->parameter_count;
  const double size = 1.0 / sqrt((double)learner->rows);
  struct learn_sums *sums = step->sums;
  for (size_t a = 0; a < atoms; a++) {
    const double *v = rows + a * n + n - linear;
    const uint64_t item = step->drawn++;
    for (size_t i = 0; i < linear; i++)
      for (size_t j = 0; j <= i; j++)
        sums->sites[i * linear + j] += v[i] * v[j];
    for (size_t r = 0; r < learner->rows; r++) {
      const double factor = size * normal_number(learner, item, r);
      for (size_t i = 0; i < linear; i++)
        sums->sketched[r * linear + i] += factor * v[i];
    }
  }
}

static enum mlgrain_status add_sites(const struct mlgrain_mtp_learner *learner,
                                     const struct mlgrain_mtp_data *data, struct step *step,
                                     struct mlgrain_error *error)
{
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t b = 0; b < mlgrain_mtp_data_blocks(data) && !status; b++) {
    const size_t atoms =
        mlgrain_mtp_data_first_atom(data, b + 1) - mlgrain_mtp_data_first_atom(data, b);
    double *rows = learn_numbers(atoms * learner->file->parameter_count);
    status = rows ? mlgrain_mtp_data_rows(data, learner->model, step->workspace, b, rows, error)
                  : learn_out_of_memory(error);
    if (rows && !status)
      add_rows_of_sites(learner, rows, atoms, step);
    free(rows);
  }
  return status;
}

/* Members and sketch, with the coefficients changed. */
static enum mlgrain_status renew_bars(const struct mlgrain_mtp_learner *learner, struct step *step,
                                      struct mlgrain_error *error)
{
  const size_t linear = learner->linear;
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t k = 0; k < step->count && !status; k++) {
    struct mlgrain_mtp_data *data = NULL;
    status = learned_cell_open(learner, &step->cells[k], &data, error);
    if (!status)
      status = add_scores(learner, data, step->cells[k].weight, step, error);
    if (!status)
      status = add_sites(learner, data, step, error);
    mlgrain_mtp_data_free(data);
  }
  if (!status)
    status = learn_solve(step->sums->normal, step->sums->scores, learner->members, linear,
                         step->member, error);
  if (!status)
    status = learn_solve(step->sums->sites, step->sums->sketched, learner->rows, linear,
                         step->sketch, error);
  for (size_t k = 0; k < learner->members * linear; k++)
    step->member[k] = -step->member[k];
  for (size_t k = 0; k < learner->rows * linear; k++)
    step->sketch[k] = -step->sketch[k];
  if (!status)
    status = mlgrain_mtp_create(learner->file, mlgrain_simd_best(), &step->mtp, error);
  if (!status)
    status = mlgrain_mtp_error_bars_renew(learner->bars, learner->file, step->mtp, step->sketch,
                                          learner->rows, step->member, 1.0, &step->bars, error);
  return status;
}

static enum mlgrain_status work_out(struct mlgrain_mtp_learner *learner, struct step *step,
                                    struct mlgrain_error *error)
{
  double loss = 0.0;
  enum mlgrain_status status = reserve(learner, step, error);
  for (size_t k = 0; k < step->count && !status; k++)
    status =
        learned_cell_add(learner, &step->cells[k], step->workspace, MLGRAIN_MTP_LINEAR, step->rows,
                         step->right, step->sums->normal, step->sums->gradient, &loss, error);
  if (!status)
    status = change_coefficients(learner, step, error);
  if (status)
    return status;
  apply(learner->file, step->change, 1.0);
  status = mlgrain_mtp_model_update(learner->file, learner->model, error);
  if (!status)
    status = renew_bars(learner, step, error);
  if (status) {
    apply(learner->file, step->change, -1.0);
    mlgrain_mtp_model_update(learner->file, learner->model, NULL);
  }
  return status;
}

/* What was worked out becomes the learner's. */
static void keep(struct mlgrain_mtp_learner *learner, struct step *step)
{
  learn_sums_free(&learner->now);
  learner->now = *step->sums;
  memset(step->sums, 0, sizeof *step->sums);
  free(learner->sketch);
  learner->sketch = step->sketch;
  free(learner->member);
  learner->member = step->member;
  mlgrain_mtp_free(learner->mtp);
  learner->mtp = step->mtp;
  mlgrain_mtp_error_bars_free(learner->bars);
  learner->bars = step->bars;
  learner->drawn = step->drawn;
  step->sketch = step->member = NULL;
  step->mtp = NULL;
  step->bars = NULL;
}

enum mlgrain_status learn_cells(struct mlgrain_mtp_learner *learner, struct learn_sums *sums,
                                size_t first, size_t end, struct mlgrain_error *error)
{
  struct step step = {
      .sums = sums, .cells = learner->cells + first, .count = end - first, .drawn = learner->drawn};
  const enum mlgrain_status status = work_out(learner, &step, error);
  if (!status)
    keep(learner, &step);
  step_free(&step);
  learn_sums_free(sums);
  return status;
}
