/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loss, gradient, products and normal matrix of a block: residuals, and what the kernels make of
   them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "mtp_train_private.h"

static enum mlgrain_status finish(enum mlgrain_status status, struct mlgrain_error *error)
{
  return status ? mlgrain_fail(error, status, "out of memory for training") : MLGRAIN_SUCCESS;
}

/* Memory for `count` doubles, cleared. */
static double *numbers(struct mlgrain_mtp_train_workspace *workspace, enum train_buffer_name name,
                       size_t count)
{
  if (mtp_reserve(&workspace->buffer[name], count * sizeof(double)))
    return NULL;
  return memset(workspace->buffer[name].memory, 0, count * sizeof(double));
}

/* A result in memory of its own, in the order of a column of the Jacobian. */
static enum mlgrain_status clear_result(const struct train_block *block,
                                        struct mlgrain_mtp_train_workspace *workspace,
                                        struct train_result *result)
{
  double *values = numbers(workspace, TRAIN_RESULT, train_row_count(block));
  if (!values)
    return MLGRAIN_OUT_OF_MEMORY;
  result->energy = values;
  result->force = (double(*)[3])(values + block->frames);
  result->virial = (double(*)[6])(values + block->frames + 3 * block->count);
  return MLGRAIN_SUCCESS;
}

/* Sums energies and forces of atoms and images to those of frames and atoms. */
static void fold(const struct train_block *block, const double *energy, const double (*force)[3],
                 const struct train_result *result)
{
  static const int place[6][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}};
  for (size_t i = 0; i < block->count; i++)
    result->energy[block->frame[i]] += energy[i];
  for (size_t i = 0; i < block->total; i++) {
    const int owner = block->owner[i];
    const double *x = block->x[i], *f = force[i];
    double *virial = result->virial[block->frame[owner]];
    for (int d = 0; d < 3; d++)
      result->force[owner][d] += f[d];
    for (int k = 0; k < 6; k++) {
      const int a = place[k][0], b = place[k][1];
      virial[k] += 0.5 * (x[a] * f[b] + x[b] * f[a]);
    }
  }
}

/* Energies, forces and virials with the kernels of simulations. */
static enum mlgrain_status evaluate(const struct train_task *task, struct train_result *result)
{
  const struct train_block *block = task->block;
  enum mlgrain_status status = clear_result(block, task->workspace, result);
  double *energy = numbers(task->workspace, TRAIN_TARGETS, 4 * block->total);
  if (status || !energy)
    return MLGRAIN_OUT_OF_MEMORY;
  double(*force)[3] = (double(*)[3])(energy + block->total);
  struct mlgrain_mtp_result sums = {
      .site_energy = energy, .force = force, .smallest_distance = HUGE_VAL};
  status = mlgrain_mtp_compute(task->model->mtp, task->workspace->mtp, &block->atoms, block->center,
                               block->count, &sums, NULL);
  if (!status)
    fold(block, energy, (const double(*)[3])force, result);
  return status;
}

/* Turns results into residuals. */
static void subtract_labels(const struct train_block *block, const struct train_result *result)
{
  for (size_t k = 0; k < block->frames; k++) {
    result->energy[k] -= block->energy[k];
    for (int c = 0; c < 6; c++)
      result->virial[k][c] -= block->virial[k][c];
  }
  for (size_t i = 0; i < block->count; i++)
    for (int d = 0; d < 3; d++)
      result->force[i][d] -= block->force[i][d];
}

static void add_loss(const struct train_block *block, const struct train_result *residual,
                     struct mlgrain_mtp_loss *loss)
{
  for (size_t k = 0; k < block->frames; k++) {
    const double *w = residual->virial[k], e = residual->energy[k];
    const double diagonal = w[0] * w[0] + w[1] * w[1] + w[2] * w[2];
    const double others = w[3] * w[3] + w[4] * w[4] + w[5] * w[5];
    if (block->energy_weight[k] > 0.0) {
      loss->energy += block->energy_weight[k] * e * e;
      loss->energy_squares += e * e / (block->frame_size[k] * block->frame_size[k]);
      loss->energy_count += 1.0;
    }
    if (block->virial_weight[k] > 0.0) {
      loss->virial += block->virial_weight[k] * (diagonal + 2.0 * others);
      loss->virial_squares += diagonal + others;
      loss->virial_count += 6.0;
    }
  }
  for (size_t i = 0; i < block->count; i++) {
    const double *f = residual->force[i];
    const double squares = f[0] * f[0] + f[1] * f[1] + f[2] * f[2];
    if (block->force_weight[i] > 0.0) {
      loss->force += block->force_weight[i] * squares;
      loss->force_squares += squares;
      loss->force_count += 3.0;
    }
  }
}

/* gradient += factor J^T (weights times result); `result` is multiplied by weights. */
static enum mlgrain_status combine(const struct train_task *task, double factor,
                                   const struct train_result *result, double *gradient)
{
  const struct train_block *block = task->block;
  if (mtp_reserve(&task->workspace->buffer[TRAIN_TARGETS], 3 * block->total * sizeof(double)))
    return MLGRAIN_OUT_OF_MEMORY;
  double(*move)[3] = task->workspace->buffer[TRAIN_TARGETS].memory;
  for (size_t k = 0; k < block->frames; k++) {
    result->energy[k] *= factor * block->energy_weight[k];
    for (int c = 0; c < 6; c++)
      result->virial[k][c] *= factor * block->virial_weight[k];
  }
  for (size_t i = 0; i < block->total; i++)
    for (int d = 0; d < 3; d++)
      move[i][d] =
          factor * block->force_weight[block->owner[i]] * result->force[block->owner[i]][d];
  const struct train_combination combination = {result->energy, (const double(*)[3])move,
                                                (const double(*)[6])result->virial};
  return task->model->kernels->combine(task, &combination, gradient);
}

static struct train_task begin(const struct mlgrain_mtp_data *data,
                               const struct mlgrain_mtp_model *model,
                               struct mlgrain_mtp_train_workspace *workspace, size_t block)
{
  const struct train_task task = {model, workspace, &data->blocks[block]};
  train_lend_lists(task.block, workspace->mtp);
  return task;
}

static enum mlgrain_status end(const struct train_task *task, enum mlgrain_status status,
                               struct mlgrain_error *error)
{
  train_take_lists_back(task->workspace->mtp);
  return finish(status, error);
}

enum mlgrain_status mlgrain_mtp_data_evaluate(const struct mlgrain_mtp_data *data,
                                              const struct mlgrain_mtp_model *model,
                                              struct mlgrain_mtp_train_workspace *workspace,
                                              size_t block, double *energy, double (*force)[3],
                                              double (*virial)[6], struct mlgrain_error *error)
{
  const struct train_task task = begin(data, model, workspace, block);
  const struct train_block *own = task.block;
  struct train_result result;
  const enum mlgrain_status status = evaluate(&task, &result);
  if (!status && energy)
    memcpy(energy + own->first_frame, result.energy, own->frames * sizeof *energy);
  if (!status && force)
    memcpy(force + own->first_atom, result.force, own->count * sizeof *force);
  if (!status && virial)
    memcpy(virial + own->first_frame, result.virial, own->frames * sizeof *virial);
  return end(&task, status, error);
}

enum mlgrain_status mlgrain_mtp_data_loss(const struct mlgrain_mtp_data *data,
                                          const struct mlgrain_mtp_model *model,
                                          struct mlgrain_mtp_train_workspace *workspace,
                                          size_t block, struct mlgrain_mtp_loss *loss,
                                          double *gradient, struct mlgrain_error *error)
{
  const struct train_task task = begin(data, model, workspace, block);
  struct train_result result;
  enum mlgrain_status status = evaluate(&task, &result);
  if (!status) {
    subtract_labels(task.block, &result);
    add_loss(task.block, &result, loss);
    if (gradient)
      status = combine(&task, 2.0, &result, gradient);
  }
  return end(&task, status, error);
}

enum mlgrain_status mlgrain_mtp_data_product(const struct mlgrain_mtp_data *data,
                                             const struct mlgrain_mtp_model *model,
                                             struct mlgrain_mtp_train_workspace *workspace,
                                             size_t block, const double *direction, double *product,
                                             struct mlgrain_error *error)
{
  const struct train_task task = begin(data, model, workspace, block);
  struct train_result result;
  enum mlgrain_status status = clear_result(task.block, workspace, &result);
  if (!status)
    status = model->kernels->change(&task, direction, &result);
  if (!status)
    status = combine(&task, 1.0, &result, product);
  return end(&task, status, error);
}

/* Square roots of the weights of all rows of the Jacobian. */
static void root_weights(const struct train_block *block, double *roots)
{
  for (size_t k = 0; k < block->frames; k++)
    *roots++ = sqrt(block->energy_weight[k]);
  for (size_t i = 0; i < block->count; i++)
    for (int d = 0; d < 3; d++)
      *roots++ = sqrt(block->force_weight[i]);
  for (size_t k = 0; k < block->frames; k++)
    for (int c = 0; c < 6; c++)
      *roots++ = sqrt((c < 3 ? 1.0 : 2.0) * block->virial_weight[k]);
}

/* The frame of each row of the Jacobian. */
static void frames_of_rows(const struct train_block *block, size_t *frame)
{
  for (size_t k = 0; k < block->frames; k++)
    *frame++ = k;
  for (size_t i = 0; i < block->count; i++)
    for (int d = 0; d < 3; d++)
      *frame++ = (size_t)block->frame[i];
  for (size_t k = 0; k < block->frames; k++)
    for (int c = 0; c < 6; c++)
      *frame++ = k;
}

/* Adds the squares of the frames' own J^T w (residuals); columns and residuals have been weighted.
 */
static enum mlgrain_status add_scores(const struct train_task *task, const double *values, size_t n,
                                      size_t stride, const double *residual, double *scores)
{
  const struct train_block *block = task->block;
  const size_t rows = train_row_count(block);
  const size_t frames = (block->frames + 7) / 8 * 8;
  double *sums = numbers(task->workspace, TRAIN_FRAME_SUMS, n * frames);
  size_t *frame = malloc((rows + 1) * sizeof *frame);
  if (sums && frame) {
    frames_of_rows(block, frame);
    for (size_t k = 0; k < n; k++)
      for (size_t row = 0; row < rows; row++)
        sums[k * frames + frame[row]] += values[k * stride + row] * residual[row];
    task->model->kernels->squares(sums, n, frames, scores);
  }
  const int good = sums && frame;
  free(frame);
  return good ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

/* The Jacobian of a block, weighted, a column for each unknown: [unknowns][stride], and residuals
   [rows], both times the roots of their weights. */
struct weighted {
  size_t unknowns, rows, stride; /* whole vectors */
  double *values, *residual;
};

static enum mlgrain_status weigh(const struct train_task *task, enum mlgrain_mtp_unknowns unknowns,
                                 struct mlgrain_mtp_loss *loss, struct weighted *weighted)
{
  const int with_radial = unknowns == MLGRAIN_MTP_ALL;
  const struct mlgrain_mtp_model *model = task->model;
  const size_t n = model->parameter_count - (with_radial ? 0 : model->species_parameter);
  const size_t rows = train_row_count(task->block);
  const size_t stride = (rows + 7) / 8 * 8;
  struct train_result residual;
  enum mlgrain_status status = evaluate(task, &residual);
  double *values = numbers(task->workspace, TRAIN_COLUMNS, n * stride);
  double *roots = numbers(task->workspace, TRAIN_SCALED, rows);
  if (!status && (!values || !roots))
    status = MLGRAIN_OUT_OF_MEMORY;
  if (!status) {
    const struct train_columns columns = {values, stride, with_radial};
    subtract_labels(task->block, &residual);
    if (loss)
      add_loss(task->block, &residual, loss);
    status = model->kernels->columns(task, &columns);
  }
  if (status)
    return status;
  root_weights(task->block, roots);
  for (size_t k = 0; k < n; k++)
    for (size_t row = 0; row < rows; row++)
      values[k * stride + row] *= roots[row];
  for (size_t row = 0; row < rows; row++)
    residual.energy[row] *= roots[row]; /* all of them: they follow each other */
  *weighted = (struct weighted){n, rows, stride, values, residual.energy};
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status
mlgrain_mtp_data_normal(const struct mlgrain_mtp_data *data, const struct mlgrain_mtp_model *model,
                        struct mlgrain_mtp_train_workspace *workspace, size_t block,
                        enum mlgrain_mtp_unknowns unknowns, double *normal, double *right,
                        double *scores, struct mlgrain_mtp_loss *loss, struct mlgrain_error *error)
{
  const struct train_task task = begin(data, model, workspace, block);
  struct weighted own = {0};
  enum mlgrain_status status = weigh(&task, unknowns, loss, &own);
  if (!status) {
    for (size_t k = 0; k < own.unknowns; k++) {
      double sum = 0.0;
      for (size_t row = 0; row < own.rows; row++)
        sum += own.values[k * own.stride + row] * own.residual[row];
      right[k] += sum;
    }
    model->kernels->squares(own.values, own.unknowns, own.stride, normal);
    if (scores)
      status = add_scores(&task, own.values, own.unknowns, own.stride, own.residual, scores);
  }
  return end(&task, status, error);
}

size_t mlgrain_mtp_data_labels(const struct mlgrain_mtp_data *data, size_t block)
{
  return train_row_count(&data->blocks[block]);
}

enum mlgrain_status mlgrain_mtp_data_jacobian(const struct mlgrain_mtp_data *data,
                                              const struct mlgrain_mtp_model *model,
                                              struct mlgrain_mtp_train_workspace *workspace,
                                              size_t block, enum mlgrain_mtp_unknowns unknowns,
                                              double *jacobian, double *residual,
                                              struct mlgrain_error *error)
{
  const struct train_task task = begin(data, model, workspace, block);
  struct weighted own = {0};
  const enum mlgrain_status status = weigh(&task, unknowns, NULL, &own);
  if (!status) {
    for (size_t row = 0; row < own.rows; row++)
      for (size_t k = 0; k < own.unknowns; k++)
        jacobian[row * own.unknowns + k] = own.values[k * own.stride + row];
    memcpy(residual, own.residual, own.rows * sizeof *residual);
  }
  return end(&task, status, error);
}

enum mlgrain_status mlgrain_mtp_data_rows(const struct mlgrain_mtp_data *data,
                                          const struct mlgrain_mtp_model *model,
                                          struct mlgrain_mtp_train_workspace *workspace,
                                          size_t block, double *rows, struct mlgrain_error *error)
{
  const struct train_task task = begin(data, model, workspace, block);
  return end(&task, model->kernels->rows(&task, rows), error);
}
