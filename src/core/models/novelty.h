/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: how far rows are from the training data, as forests and linear models have it. */
#ifndef MLGRAIN_NOVELTY_H
#define MLGRAIN_NOVELTY_H

#include "gaussian.h"
#include "model_private.h"

/* Reads the tensors novelty_mean, novelty_cholesky and novelty_limit.
     novelty   receives a new object, to be freed with gaussian_free; NULL if the file has none
     limit     infinity if the file has none
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_FORMAT_ERROR, MLGRAIN_NOT_FINITE. */
enum mlgrain_status novelty_read(const struct mlgrain_model *model, enum mlgrain_simd_level level,
                                 struct gaussian **novelty, double *limit,
                                 struct mlgrain_error *error);

#endif
