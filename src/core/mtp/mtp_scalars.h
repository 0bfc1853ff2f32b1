/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the moments that enter the energy, from those in slots. */
#ifndef MLGRAIN_MTP_SCALARS_H
#define MLGRAIN_MTP_SCALARS_H

#include "mtp_block.h"

/* m: all slots. */
static inline vector scalar_moment(const struct mtp_plan *plan, const struct mtp_scalar *scalar,
                                   const double *m)
{
  if (scalar->first_term == scalar->last_term)
    return vector_load(m + scalar->slot);
  vector sum = vector_set(0.0);
  for (size_t k = scalar->first_term; k < scalar->last_term; k++) {
    const struct mtp_product *term = &plan->scalar_terms[k];
    sum += vector_load(m + term->left) * vector_load(m + term->right) * term->coefficient;
  }
  return sum;
}

#endif
