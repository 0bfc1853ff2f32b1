/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: a Gaussian mixture prepared for prediction. */
#ifndef MLGRAIN_GMM_PRIVATE_H
#define MLGRAIN_GMM_PRIVATE_H

#include "mlgrain/gmm.h"

struct gaussian;
struct json_t;

struct mlgrain_gmm {
  size_t features, classes;
  struct gaussian **component; /* [classes] */
  double *constant;            /* [classes] log p_k at the mean */
  double *shift, *scale;       /* [features] */
  float *range;                /* [2][features], or NULL */
  struct json_t *names;        /* array of strings, or NULL */
};

#endif
