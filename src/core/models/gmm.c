/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/gmm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "gaussian.h"
#include "gmm_private.h"
#include "mlgrain/forest.h"
#include "model_private.h"

int mlgrain_gmm_classes(const struct mlgrain_gmm *gmm)
{
  return (int)gmm->classes;
}

const char *mlgrain_gmm_class_name(const struct mlgrain_gmm *gmm, int index)
{
  return index < 0 ? NULL : json_string_value(json_array_get(gmm->names, (size_t)index));
}

/* log weight - (F/2) log 2 pi + sum_j log U_jj */
static double log_density_at_mean(size_t n, double weight, const double *factor)
{
  const double log_2_pi = 1.83787706640934548356;
  double sum = log(weight) - 0.5 * (double)n * log_2_pi;
  for (size_t j = 0; j < n; j++)
    sum += log(factor[j * n + j]);
  return sum;
}

static enum mlgrain_status read_components(struct mlgrain_gmm *gmm,
                                           const struct mlgrain_model *model,
                                           enum mlgrain_simd_level level,
                                           struct mlgrain_error *error)
{
  uint64_t shape[3] = {0, gmm->features, gmm->features};
  const double *weight, *mean, *factor;
  enum mlgrain_status status =
      model_doubles(model, "weights", MODEL_REQUIRED, 1, shape, &weight, error);
  if (!status)
    status = model_doubles(model, "means", MODEL_REQUIRED, 2, shape, &mean, error);
  if (!status)
    status = model_doubles(model, "precisions_cholesky", MODEL_REQUIRED, 3, shape, &factor, error);
  if (status)
    return status;
  gmm->component = calloc(shape[0], sizeof(struct gaussian *));
  gmm->constant = malloc(shape[0] * sizeof *gmm->constant);
  if (!gmm->component || !gmm->constant)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  gmm->classes = shape[0];
  double sum = 0.0;
  for (size_t k = 0; k < gmm->classes; k++, factor += gmm->features * gmm->features) {
    status = model_check_factor(model, "precisions_cholesky", gmm->features, factor, 1, error);
    if (status)
      return status;
    if (!(weight[k] > 0.0))
      return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: a weight is not positive", model->name);
    sum += weight[k];
    gmm->constant[k] = log_density_at_mean(gmm->features, weight[k], factor);
    gmm->component[k] = gaussian_create(gmm->features, mean + k * gmm->features, factor, level);
    if (!gmm->component[k])
      return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  }
  if (!(fabs(sum - 1.0) <= 1e-6))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: the weights' sum is %g, not 1",
                        model->name, sum);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_gmm_create(const struct mlgrain_model *model,
                                       enum mlgrain_simd_level level, struct mlgrain_gmm **gmm,
                                       struct mlgrain_error *error)
{
  *gmm = NULL;
  if (model->kind != MLGRAIN_MODEL_GAUSSIAN_MIXTURE)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%s: the model is not a Gaussian mixture",
                        model->name);
  struct mlgrain_gmm *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  made->features = model->features;
  enum mlgrain_status status = read_components(made, model, level, error);
  if (!status)
    status = model_scaling(model, &made->shift, &made->scale, error);
  if (!status)
    status = model_range_copy(model, &made->range, error);
  if (!status)
    status = model_strings(model, "classes", made->classes, &made->names, error);
  if (status)
    mlgrain_gmm_free(made);
  else
    *gmm = made;
  return status;
}

void mlgrain_gmm_free(struct mlgrain_gmm *gmm)
{
  if (!gmm)
    return;
  for (size_t k = 0; k < gmm->classes; k++)
    gaussian_free(gmm->component[k]);
  free(gmm->component);
  free(gmm->constant);
  free(gmm->shift); /* and scale */
  free(gmm->range);
  json_decref(gmm->names);
  free(gmm);
}

/* GAUSSIAN_ROWS rows of scaled features, and log p_k of each and every class. */
struct batch {
  double *z;           /* [features][GAUSSIAN_ROWS] */
  double *log_density; /* [classes][GAUSSIAN_ROWS] */
};

/* log_density as write_row takes it. Finite features may still be too far out for their squares. */
static unsigned char flags_of_row(const struct mlgrain_gmm *gmm, const double *x,
                                  const double *log_density)
{
  unsigned char flags = 0;
  for (size_t k = 0; k < gmm->classes; k++)
    if (!isfinite(log_density[k * GAUSSIAN_ROWS]))
      return MLGRAIN_ROW_NOT_FINITE;
  for (size_t f = 0; f < gmm->features; f++) {
    const float rounded = (float)x[f];
    if (!isfinite(x[f]))
      return MLGRAIN_ROW_NOT_FINITE;
    if (gmm->range && (rounded < gmm->range[f] || rounded > gmm->range[gmm->features + f]))
      flags = MLGRAIN_ROW_OUT_OF_RANGE;
  }
  return flags;
}

static void fill_batch(const struct mlgrain_gmm *gmm, size_t n, const double *features,
                       size_t stride, size_t first, const struct batch *batch)
{
  double distance2[GAUSSIAN_ROWS];
  gaussian_transpose(gmm->features, n, features, stride, first, batch->z);
  for (size_t f = 0; f < gmm->features; f++)
    for (size_t r = 0; r < GAUSSIAN_ROWS; r++) {
      double *z = &batch->z[f * GAUSSIAN_ROWS + r];
      *z = (*z - gmm->shift[f]) / gmm->scale[f];
    }
  for (size_t k = 0; k < gmm->classes; k++) {
    gaussian_distance2(gmm->component[k], batch->z, distance2);
    for (size_t r = 0; r < GAUSSIAN_ROWS; r++)
      batch->log_density[k * GAUSSIAN_ROWS + r] = gmm->constant[k] - 0.5 * distance2[r];
  }
}

/* What follows for a row from its log p_k, [classes] GAUSSIAN_ROWS apart. */
static void write_row(const struct mlgrain_gmm *gmm, const double *log_density, size_t row,
                      const struct mlgrain_gmm_output *output)
{
  size_t best = 0;
  for (size_t k = 1; k < gmm->classes; k++)
    if (log_density[k * GAUSSIAN_ROWS] > log_density[best * GAUSSIAN_ROWS])
      best = k;
  if (output->class_index)
    output->class_index[row] = (int)best;
  if (!output->log_likelihood && !output->responsibility)
    return;
  const double largest = log_density[best * GAUSSIAN_ROWS];
  double sum = 0.0;
  for (size_t k = 0; k < gmm->classes; k++)
    sum += exp(log_density[k * GAUSSIAN_ROWS] - largest);
  if (output->log_likelihood)
    output->log_likelihood[row] = largest + log(sum);
  for (size_t k = 0; k < gmm->classes && output->responsibility; k++)
    output->responsibility[row * gmm->classes + k] =
        exp(log_density[k * GAUSSIAN_ROWS] - largest) / sum;
}

static void clear_row(const struct mlgrain_gmm *gmm, size_t row,
                      const struct mlgrain_gmm_output *output)
{
  if (output->class_index)
    output->class_index[row] = -1;
  if (output->log_likelihood)
    output->log_likelihood[row] = 0.0;
  for (size_t k = 0; k < gmm->classes && output->responsibility; k++)
    output->responsibility[row * gmm->classes + k] = 0.0;
}

enum mlgrain_status mlgrain_gmm_predict(const struct mlgrain_gmm *gmm, size_t n,
                                        const double *features, size_t stride,
                                        const struct mlgrain_gmm_output *output,
                                        struct mlgrain_error *error)
{
  double *memory = malloc((gmm->features + gmm->classes) * GAUSSIAN_ROWS * sizeof *memory);
  if (!memory)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for classes");
  const struct batch batch = {memory, memory + gmm->features * GAUSSIAN_ROWS};
  for (size_t first = 0; first < n; first += GAUSSIAN_ROWS) {
    fill_batch(gmm, n, features, stride, first, &batch);
    for (size_t r = 0; r < GAUSSIAN_ROWS && first + r < n; r++) {
      const unsigned char flags =
          flags_of_row(gmm, features + (first + r) * stride, batch.log_density + r);
      if (flags & MLGRAIN_ROW_NOT_FINITE)
        clear_row(gmm, first + r, output);
      else
        write_row(gmm, batch.log_density + r, first + r, output);
      if (output->flags)
        output->flags[first + r] = flags;
    }
  }
  free(memory);
  return MLGRAIN_SUCCESS;
}
