/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/mtp_learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/safetensors.h"
#include "learn_private.h"

/* Parameters in the fit's file are those of the potential up to this. */
static const double SAME = 1e-12;

/* ---- making --------------------------------------------------------------------------------- */

/* A tensor of finite numbers, [rows][columns], or [columns] if rows is 0. */
static enum mlgrain_status find(const struct safetensors *file, const char *name, const char *type,
                                size_t rows, size_t columns, const void **data,
                                struct mlgrain_error *error)
{
  const struct safetensors_tensor *tensor = safetensors_find(file, name);
  const int rank = rows ? 2 : 1;
  if (!tensor || strcmp(tensor->type, type) != 0 || tensor->rank != rank ||
      tensor->shape[rank - 1] != columns || (rows && tensor->shape[0] != rows))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: there is no tensor '%s' of type %s and shape %zu %zu", file->name,
                        name, type, rows ? rows : 1, columns);
  *data = tensor->data;
  for (size_t k = 0; k < (rows ? rows : 1) * columns; k++) {
    const double number =
        type[1] == '6' ? ((const double *)*data)[k] : (double)((const float *)*data)[k];
    if (!isfinite(number))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                          "%s: tensor '%s' has a number that is not "
                          "finite",
                          file->name, name);
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_fit(const struct safetensors *file,
                                    struct mlgrain_mtp_learner *learner,
                                    struct mlgrain_error *error)
{
  const size_t n = learner->file->parameter_count, linear = learner->linear;
  const void *parameters = NULL, *normal = NULL, *gradient = NULL, *sites = NULL;
  enum mlgrain_status status = find(file, "parameters", "F64", 0, n, &parameters, error);
  if (!status)
    status = find(file, "normal", "F64", n, n, &normal, error);
  if (!status)
    status = find(file, "gradient", "F64", 0, n, &gradient, error);
  if (!status)
    status = find(file, "sites", "F64", n, n, &sites, error);
  if (status || !parameters || !normal || !gradient || !sites)
    return status;
  struct learn_old *old = &learner->old;
  mlgrain_mtp_file_parameters(learner->file, old->parameters);
  for (size_t k = 0; k < n; k++)
    if (!(fabs(old->parameters[k] - ((const double *)parameters)[k]) <=
          SAME * fabs(old->parameters[k])))
      return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s is the fit of another potential",
                          file->name);
  memcpy(old->normal, normal, n * n * sizeof *old->normal);
  learn_take_block(normal, n, linear, old->linear.normal);
  for (size_t k = 0; k < n; k++) /* the file has that of the loss */
    old->gradient[k] = 0.5 * ((const double *)gradient)[k];
  memcpy(old->linear.gradient, old->gradient + n - linear, linear * sizeof *old->gradient);
  learn_take_block(sites, n, linear, old->linear.sites);
  return MLGRAIN_SUCCESS;
}

/* Sketch and members, and the sums that they are solutions of. */
static enum mlgrain_status read_bars(const struct safetensors *file,
                                     struct mlgrain_mtp_learner *learner,
                                     struct mlgrain_error *error)
{
  const size_t linear = learner->linear;
  const struct safetensors_tensor *tensor = safetensors_find(file, "sketch");
  const void *sketch = NULL, *members = NULL;
  learner->rows = tensor && tensor->rank == 2 ? (size_t)tensor->shape[0] : 0;
  learner->members = (size_t)mlgrain_mtp_error_members(learner->bars);
  if (!learner->members)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: these error bars know leverages only, no errors", file->name);
  enum mlgrain_status status = find(file, "sketch", "F32", learner->rows, linear, &sketch, error);
  if (!status)
    status = find(file, "members", "F32", learner->members, linear, &members, error);
  if (status || !sketch || !members)
    return status;
  learner->sketch = learn_numbers(learner->rows * linear);
  learner->member = learn_numbers(learner->members * linear);
  if (!learner->sketch || !learner->member)
    return learn_out_of_memory(error);
  for (size_t k = 0; k < learner->rows * linear; k++)
    learner->sketch[k] = (double)((const float *)sketch)[k];
  for (size_t k = 0; k < learner->members * linear; k++)
    learner->member[k] = (double)((const float *)members)[k];
  return MLGRAIN_SUCCESS;
}

/* The sums that sketch and members are solutions of, and with them all that is known so far. */
static enum mlgrain_status begin_sums(struct mlgrain_mtp_learner *learner,
                                      struct mlgrain_error *error)
{
  const size_t linear = learner->linear;
  struct learn_sums *sums = &learner->old.linear;
  for (size_t k = 0; k < learner->rows; k++)
    learn_multiply(sums->sites, learner->sketch + k * linear, linear, sums->sketched + k * linear);
  for (size_t k = 0; k < learner->members; k++)
    learn_multiply(sums->normal, learner->member + k * linear, linear, sums->scores + k * linear);
  return learn_sums_make(learner, sums, &learner->now) ? learn_out_of_memory(error)
                                                       : MLGRAIN_SUCCESS;
}

static enum mlgrain_status
read_tensors(const char *name, const void *bytes, size_t size,
             enum mlgrain_status (*take)(const struct safetensors *, struct mlgrain_mtp_learner *,
                                         struct mlgrain_error *),
             struct mlgrain_mtp_learner *learner, struct mlgrain_error *error)
{
  struct safetensors file;
  enum mlgrain_status status = safetensors_open(&file, name, bytes, size, error);
  if (!status)
    status = take(&file, learner, error);
  safetensors_close(&file);
  return status;
}

static enum mlgrain_status reserve_old(struct mlgrain_mtp_learner *learner,
                                       struct mlgrain_error *error)
{
  const size_t n = learner->file->parameter_count;
  struct learn_old *old = &learner->old;
  old->parameters = learn_numbers(n);
  old->normal = learn_numbers(n * n);
  old->gradient = learn_numbers(n);
  if (!old->parameters || !old->normal || !old->gradient ||
      learn_sums_make(learner, NULL, &old->linear))
    return learn_out_of_memory(error);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status make(const struct mlgrain_mtp_lesson *lesson,
                                struct mlgrain_mtp_learner *learner, struct mlgrain_error *error)
{
  enum mlgrain_status status = mlgrain_mtp_file_parse(
      lesson->potential_name, lesson->potential, lesson->potential_size, &learner->file, error);
  if (!status)
    status = mlgrain_mtp_create(learner->file, mlgrain_simd_best(), &learner->mtp, error);
  if (!status)
    status = mlgrain_mtp_model_create(learner->file, mlgrain_simd_best(), &learner->model, error);
  if (!status)
    status = mlgrain_mtp_error_bars_parse(lesson->bars_name, lesson->bars, lesson->bars_size,
                                          learner->file, learner->mtp, &learner->bars, error);
  if (status)
    return status;
  learner->linear = (size_t)(learner->file->species_count + learner->file->scalar_count);
  status =
      read_tensors(lesson->bars_name, lesson->bars, lesson->bars_size, read_bars, learner, error);
  if (!status)
    status = reserve_old(learner, error);
  if (!status)
    status =
        read_tensors(lesson->fit_name, lesson->fit, lesson->fit_size, read_fit, learner, error);
  return status ? status : begin_sums(learner, error);
}

enum mlgrain_status mlgrain_mtp_learner_create(const struct mlgrain_mtp_lesson *lesson,
                                               const struct mlgrain_mtp_weights *weights,
                                               uint64_t seed, struct mlgrain_mtp_learner **learner,
                                               struct mlgrain_error *error)
{
  *learner = NULL;
  struct mlgrain_mtp_learner *made = calloc(1, sizeof *made);
  if (!made)
    return learn_out_of_memory(error);
  made->weights = *weights;
  made->seed = seed;
  const enum mlgrain_status status = make(lesson, made, error);
  if (status)
    mlgrain_mtp_learner_free(made);
  else
    *learner = made;
  return status;
}

void mlgrain_mtp_learner_free(struct mlgrain_mtp_learner *learner)
{
  if (!learner)
    return;
  mlgrain_mtp_file_free(learner->file);
  mlgrain_mtp_free(learner->mtp);
  mlgrain_mtp_model_free(learner->model);
  mlgrain_mtp_error_bars_free(learner->bars);
  free(learner->old.parameters);
  free(learner->old.normal);
  free(learner->old.gradient);
  learn_sums_free(&learner->old.linear);
  learn_sums_free(&learner->now);
  free(learner->sketch);
  free(learner->member);
  learned_cells_cut(learner, 0, learner->cell_count);
  free(learner->cells);
  free(learner);
}

/* ---- learning ------------------------------------------------------------------------------- */

enum mlgrain_status mlgrain_mtp_learner_learn(struct mlgrain_mtp_learner *learner,
                                              const struct mlgrain_mtp_cell *cells, size_t count,
                                              double weight, struct mlgrain_error *error)
{
  const size_t first = learner->cell_count;
  struct learn_sums sums = {0};
  if (!count)
    return MLGRAIN_SUCCESS;
  if (!(weight > 0.0) || !isfinite(weight))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "a weight of %g is not positive", weight);
  enum mlgrain_status status = learned_cells_append(learner, cells, count, weight, error);
  if (status)
    return status;
  if (learn_sums_make(learner, &learner->now, &sums)) {
    learn_sums_free(&sums);
    status = learn_out_of_memory(error);
  } else {
    status = learn_cells(learner, &sums, first, first + count, error);
  }
  if (status)
    learned_cells_cut(learner, first, first + count);
  else
    learner->cell_count += count;
  return status;
}

/* ---- what there is -------------------------------------------------------------------------- */

const struct mlgrain_mtp_file *mlgrain_mtp_learner_file(const struct mlgrain_mtp_learner *learner)
{
  return learner->file;
}

size_t mlgrain_mtp_learner_linear(const struct mlgrain_mtp_learner *learner)
{
  return learner->linear;
}

size_t mlgrain_mtp_learner_rows(const struct mlgrain_mtp_learner *learner)
{
  return learner->rows;
}

size_t mlgrain_mtp_learner_members(const struct mlgrain_mtp_learner *learner)
{
  return learner->members;
}

const double *mlgrain_mtp_learner_sketch(const struct mlgrain_mtp_learner *learner)
{
  return learner->sketch;
}

const double *mlgrain_mtp_learner_differences(const struct mlgrain_mtp_learner *learner)
{
  return learner->member;
}
