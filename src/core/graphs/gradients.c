/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gradients.h"

#include "base/inner_product.h"

enum { STEPS_BACK = 8 };

/* Each step takes length * now off the energy. */
int gradients_solve(const struct gradients *gradients, double energy, double tolerance, double *x,
                    double *residual)
{
  const size_t n = gradients->unknowns;
  double *d = gradients->direction, last = 0.0, gain[STEPS_BACK] = {0.0};
  for (size_t step = 0; step < 10 * n + 100; step++) {
    double now = 0.0, recent = 0.0;
    for (size_t k = 0; k < n; k++)
      now += residual[k] * residual[k] * gradients->inverse_diagonal[k];
    for (int k = 0; k < STEPS_BACK; k++)
      recent += gain[k];
    if (!(now > 1e-26 * energy) || (step >= STEPS_BACK && recent < tolerance * energy))
      return 1;
    for (size_t k = 0; k < n; k++)
      d[k] = residual[k] * gradients->inverse_diagonal[k] + (step ? now / last * d[k] : 0.0);
    gradients->apply(gradients->network, d, gradients->product);
    const double length = now / inner_product(d, gradients->product, n);
    for (size_t k = 0; k < n; k++) {
      x[k] += length * d[k];
      residual[k] -= length * gradients->product[k];
    }
    gain[step % STEPS_BACK] = length * now;
    energy -= length * now;
    last = now;
  }
  return 0;
}
