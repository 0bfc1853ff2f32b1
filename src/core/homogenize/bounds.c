/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "base/error_text.h"
#include "mlgrain/homogenize_tensors.h"
#include "symmetric.h"

/* The sum of fractions; 0 if one is not allowed. */
static double sum_of(size_t phases, const double *fraction)
{
  double sum = 0.0;
  for (size_t i = 0; i < phases; i++) {
    if (!(fraction[i] >= 0.0))
      return 0.0;
    sum += fraction[i];
  }
  return isfinite(sum) ? sum : 0.0;
}

enum mlgrain_status mlgrain_mean_bounds(int size, size_t phases, const double *fraction,
                                        const double *tensor, double *upper, double *lower,
                                        struct mlgrain_error *error)
{
  const double whole = sum_of(phases, fraction);
  double mean_inverse[SYMMETRIC_MOST * SYMMETRIC_MOST] = {0.0};
  double inverse[SYMMETRIC_MOST * SYMMETRIC_MOST];
  if (size != 3 && size != 6)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "bounds: tensors are 3 x 3 or 6 x 6");
  if (!(whole > 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "bounds: fractions must not be negative, nor all 0");
  const size_t numbers = (size_t)(size * size);
  memset(upper, 0, numbers * sizeof *upper);
  for (size_t i = 0; i < phases; i++) {
    if (!symmetric_inverse(size, tensor + i * numbers, inverse))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "the tensor of phase %zu is not positive definite", i);
    for (size_t k = 0; k < numbers; k++) {
      upper[k] += fraction[i] / whole * tensor[i * numbers + k];
      mean_inverse[k] += fraction[i] / whole * inverse[k];
    }
  }
  if (!symmetric_inverse(size, mean_inverse, lower))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "bounds: the contrast of the phases is lost in rounding");
  return MLGRAIN_SUCCESS;
}

/* With the conductivity of one phase as k0: 1 / sum_i f_i/(k_i + 2 k0) - 2 k0. */
enum mlgrain_status mlgrain_isotropic_bounds(size_t phases, const double *fraction,
                                             const double *conductivity, double bounds[2],
                                             struct mlgrain_error *error)
{
  const double whole = sum_of(phases, fraction);
  double reference[2] = {INFINITY, 0.0};
  if (!(whole > 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "bounds: fractions must not be negative, nor all 0");
  for (size_t i = 0; i < phases; i++) {
    if (!(conductivity[i] > 0.0) || !isfinite(conductivity[i]))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "the conductivity of phase %zu is not above 0", i);
    reference[0] = fmin(reference[0], conductivity[i]);
    reference[1] = fmax(reference[1], conductivity[i]);
  }
  for (int b = 0; b < 2; b++) {
    double sum = 0.0;
    for (size_t i = 0; i < phases; i++)
      sum += fraction[i] / whole / (conductivity[i] + 2.0 * reference[b]);
    bounds[b] = 1.0 / sum - 2.0 * reference[b];
  }
  return MLGRAIN_SUCCESS;
}
