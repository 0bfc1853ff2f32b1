/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/linear.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "gaussian.h"
#include "mlgrain/forest.h"
#include "model_private.h"
#include "novelty.h"

/* So that sizes of arrays stay far from any limit. */
enum { MOST_TERMS = 65535 };

struct mlgrain_linear {
  struct mlgrain_linear_info info;
  double *coefficient;         /* [terms] */
  double *shift, *scale;       /* [features] */
  struct gaussian *covariance; /* of the coefficients, about 0; NULL if the file has none */
  struct gaussian *novelty;    /* NULL if the file has none */
  float *range;                /* [2][features], or NULL */
};

const struct mlgrain_linear_info *mlgrain_linear_info(const struct mlgrain_linear *linear)
{
  return &linear->info;
}

static enum mlgrain_status read_degree(struct mlgrain_linear *linear,
                                       const struct mlgrain_model *model,
                                       struct mlgrain_error *error)
{
  const char *degree = mlgrain_model_metadata(model, "degree");
  const size_t n = model->features;
  if (!mlgrain_model_metadata(model, "target"))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: the metadata name no target",
                        model->name);
  if (degree && strcmp(degree, "1") != 0 && strcmp(degree, "2") != 0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: metadata 'degree' is neither 1 nor 2",
                        model->name);
  linear->info.features = (int)n;
  linear->info.degree = degree && *degree == '2' ? 2 : 1;
  linear->info.terms = 1 + n + (linear->info.degree == 2 ? n * (n + 1) / 2 : 0);
  if (linear->info.terms > MOST_TERMS)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: the model has %zu terms, more than %d",
                        model->name, linear->info.terms, (int)MOST_TERMS);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_coefficients(struct mlgrain_linear *linear,
                                             const struct mlgrain_model *model,
                                             struct mlgrain_error *error)
{
  uint64_t shape[1] = {linear->info.terms};
  const double *data;
  const enum mlgrain_status status =
      model_doubles(model, "coefficients", MODEL_REQUIRED, 1, shape, &data, error);
  if (status)
    return status;
  linear->coefficient = malloc(linear->info.terms * sizeof *data);
  if (!linear->coefficient)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  memcpy(linear->coefficient, data, linear->info.terms * sizeof *data);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_uncertainty(struct mlgrain_linear *linear,
                                            const struct mlgrain_model *model,
                                            enum mlgrain_simd_level level,
                                            struct mlgrain_error *error)
{
  const size_t terms = linear->info.terms;
  uint64_t shape[2] = {terms, terms};
  const double *factor = NULL;
  enum mlgrain_status status = model_number(model, "noise", 0.0, &linear->info.noise, error);
  if (!status && linear->info.noise < 0.0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: the noise is negative", model->name);
  if (!status)
    status = model_doubles(model, "covariance_factor", MODEL_OPTIONAL, 2, shape, &factor, error);
  if (status || !factor)
    return status;
  status = model_check_factor(model, "covariance_factor", terms, factor, 0, error);
  if (status)
    return status;
  double *zero = calloc(terms, sizeof *zero);
  linear->covariance = zero ? gaussian_create(terms, zero, factor, level) : NULL;
  free(zero);
  linear->info.has_covariance = 1;
  return linear->covariance
             ? MLGRAIN_SUCCESS
             : mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
}

static enum mlgrain_status read_training_data(struct mlgrain_linear *linear,
                                              const struct mlgrain_model *model,
                                              enum mlgrain_simd_level level,
                                              struct mlgrain_error *error)
{
  enum mlgrain_status status =
      novelty_read(model, level, &linear->novelty, &linear->info.novelty_limit, error);
  if (!status)
    status = model_range_copy(model, &linear->range, error);
  linear->info.has_novelty = linear->novelty != NULL;
  linear->info.has_range = linear->range != NULL;
  return status;
}

enum mlgrain_status mlgrain_linear_create(const struct mlgrain_model *model,
                                          enum mlgrain_simd_level level,
                                          struct mlgrain_linear **linear,
                                          struct mlgrain_error *error)
{
  *linear = NULL;
  if (model->kind != MLGRAIN_MODEL_LINEAR)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%s: the model is not linear",
                        model->name);
  struct mlgrain_linear *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  enum mlgrain_status status = read_degree(made, model, error);
  if (!status)
    status = read_coefficients(made, model, error);
  if (!status)
    status = model_scaling(model, &made->shift, &made->scale, error);
  if (!status)
    status = read_uncertainty(made, model, level, error);
  if (!status)
    status = read_training_data(made, model, level, error);
  if (status)
    mlgrain_linear_free(made);
  else
    *linear = made;
  return status;
}

void mlgrain_linear_free(struct mlgrain_linear *linear)
{
  if (!linear)
    return;
  free(linear->coefficient);
  free(linear->shift); /* and scale */
  gaussian_free(linear->covariance);
  gaussian_free(linear->novelty);
  free(linear->range);
  free(linear);
}

/* GAUSSIAN_ROWS rows, and what is said of them; memory of one block. */
struct batch {
  double *x;     /* [features][GAUSSIAN_ROWS] as given */
  double *terms; /* [terms][GAUSSIAN_ROWS]: 1, scaled features, their products */
  double prediction[GAUSSIAN_ROWS], variance[GAUSSIAN_ROWS], novelty2[GAUSSIAN_ROWS];
};

static void make_terms(const struct mlgrain_linear *linear, const struct batch *batch)
{
  const size_t n = (size_t)linear->info.features;
  double *z = batch->terms + GAUSSIAN_ROWS;
  for (size_t r = 0; r < GAUSSIAN_ROWS; r++)
    batch->terms[r] = 1.0;
  for (size_t f = 0; f < n; f++)
    for (size_t r = 0; r < GAUSSIAN_ROWS; r++)
      z[f * GAUSSIAN_ROWS + r] =
          (batch->x[f * GAUSSIAN_ROWS + r] - linear->shift[f]) / linear->scale[f];
  if (linear->info.degree < 2)
    return;
  double *product = z + n * GAUSSIAN_ROWS;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i; j < n; j++, product += GAUSSIAN_ROWS)
      for (size_t r = 0; r < GAUSSIAN_ROWS; r++)
        product[r] = z[i * GAUSSIAN_ROWS + r] * z[j * GAUSSIAN_ROWS + r];
}

static void predict_batch(const struct mlgrain_linear *linear, struct batch *batch)
{
  make_terms(linear, batch);
  memset(batch->prediction, 0, sizeof batch->prediction);
  memset(batch->variance, 0, sizeof batch->variance);
  memset(batch->novelty2, 0, sizeof batch->novelty2);
  for (size_t t = 0; t < linear->info.terms; t++)
    for (size_t r = 0; r < GAUSSIAN_ROWS; r++)
      batch->prediction[r] += linear->coefficient[t] * batch->terms[t * GAUSSIAN_ROWS + r];
  if (linear->covariance)
    gaussian_distance2(linear->covariance, batch->terms, batch->variance);
  if (linear->novelty)
    gaussian_distance2(linear->novelty, batch->x, batch->novelty2);
}

static unsigned char flags_of_row(const struct mlgrain_linear *linear, const struct batch *batch,
                                  const double *x, size_t r)
{
  const size_t n = (size_t)linear->info.features;
  unsigned char flags = 0;
  if (!isfinite(batch->prediction[r]) || !isfinite(batch->variance[r]) ||
      !isfinite(batch->novelty2[r]))
    return MLGRAIN_ROW_NOT_FINITE;
  for (size_t f = 0; f < n; f++) {
    const float rounded = (float)x[f];
    if (!isfinite(x[f]))
      return MLGRAIN_ROW_NOT_FINITE;
    if (linear->range && (rounded < linear->range[f] || rounded > linear->range[n + f]))
      flags |= MLGRAIN_ROW_OUT_OF_RANGE;
  }
  if (sqrt(batch->novelty2[r]) > linear->info.novelty_limit)
    flags |= MLGRAIN_ROW_NOVEL;
  return flags;
}

/* Row r of the batch is row `to` of the output. */
static void write_row(const struct mlgrain_linear *linear, const struct batch *batch, size_t r,
                      unsigned char flags, size_t to, const struct mlgrain_linear_output *output)
{
  const int good = !(flags & MLGRAIN_ROW_NOT_FINITE);
  if (output->prediction)
    output->prediction[to] = good ? batch->prediction[r] : 0.0;
  if (output->spread)
    output->spread[to] = good ? hypot(linear->info.noise, sqrt(batch->variance[r])) : 0.0;
  if (output->novelty)
    output->novelty[to] = good ? sqrt(batch->novelty2[r]) : 0.0;
  if (output->flags)
    output->flags[to] = flags;
}

enum mlgrain_status mlgrain_linear_predict(const struct mlgrain_linear *linear, size_t n,
                                           const double *features, size_t stride,
                                           const struct mlgrain_linear_output *output,
                                           struct mlgrain_error *error)
{
  const size_t columns = (size_t)linear->info.features;
  struct batch batch = {
      .x = malloc((columns + linear->info.terms) * GAUSSIAN_ROWS * sizeof *batch.x)};
  if (!batch.x)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for predictions");
  batch.terms = batch.x + columns * GAUSSIAN_ROWS;
  for (size_t first = 0; first < n; first += GAUSSIAN_ROWS) {
    gaussian_transpose(columns, n, features, stride, first, batch.x);
    predict_batch(linear, &batch);
    for (size_t r = 0; r < GAUSSIAN_ROWS && first + r < n; r++)
      write_row(linear, &batch, r, flags_of_row(linear, &batch, features + (first + r) * stride, r),
                first + r, output);
  }
  free(batch.x);
  return MLGRAIN_SUCCESS;
}
