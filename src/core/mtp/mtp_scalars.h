/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the moments that enter the energy, from those in slots. */
#ifndef MLGRAIN_MTP_SCALARS_H
#define MLGRAIN_MTP_SCALARS_H

#include "mtp_block.h"

/* Takes moment `index` in the energy. */
typedef void mtp_scalar_taker(const void *context, size_t index, vector value);

/* Calls `take` for each of them; m: all slots. Most are slots or one product. */
ALWAYS_INLINE void for_scalars(const struct mtp_plan *plan, const double *m, mtp_scalar_taker *take,
                               const void *context)
{
  const struct mtp_scalar *scalar = plan->scalars;
  const struct mtp_scalar *products = scalar + plan->scalars_without_terms;
  const struct mtp_scalar *sums = products + plan->scalars_of_one_term;
  const struct mtp_scalar *end = plan->scalars + plan->scalar_count;
  for (; scalar < products; scalar++)
    take(context, scalar->index, vector_load(m + scalar->slot));
  for (; scalar < sums; scalar++) {
    const struct mtp_product *term = &plan->scalar_terms[scalar->first_term];
    take(context, scalar->index,
         vector_load(m + term->left) * vector_load(m + term->right) * term->coefficient);
  }
  for (; scalar < end; scalar++) {
    vector sum = vector_set(0.0);
    for (size_t k = scalar->first_term; k < scalar->last_term; k++) {
      const struct mtp_product *term = &plan->scalar_terms[k];
      sum += vector_load(m + term->left) * vector_load(m + term->right) * term->coefficient;
    }
    take(context, scalar->index, sum);
  }
}

#endif
