/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "novelty.h"

#include <math.h>

#include "base/error_text.h"

enum mlgrain_status novelty_read(const struct mlgrain_model *model, enum mlgrain_simd_level level,
                                 struct gaussian **novelty, double *limit,
                                 struct mlgrain_error *error)
{
  uint64_t shape[2] = {model->features, model->features};
  const double *mean, *factor;
  *novelty = NULL;
  enum mlgrain_status status = model_number(model, "novelty_limit", INFINITY, limit, error);
  if (!status)
    status = model_doubles(model, "novelty_mean", MODEL_OPTIONAL, 1, shape, &mean, error);
  if (!status)
    status = model_doubles(model, "novelty_cholesky", mean ? MODEL_REQUIRED : MODEL_OPTIONAL, 2,
                           shape, &factor, error);
  if (status)
    return status;
  if (!mean && (factor || *limit < INFINITY))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: there is no tensor 'novelty_mean'",
                        model->name);
  if (!mean)
    return MLGRAIN_SUCCESS;
  if (!(*limit > 0.0))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: novelty_limit is not positive",
                        model->name);
  status = model_check_factor(model, "novelty_cholesky", model->features, factor, 0, error);
  if (status)
    return status;
  *novelty = gaussian_create(model->features, mean, factor, level);
  if (!*novelty)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", model->name);
  return MLGRAIN_SUCCESS;
}
