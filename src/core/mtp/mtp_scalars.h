/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the moments that enter the energy, from those in slots. */
#ifndef MLGRAIN_MTP_SCALARS_H
#define MLGRAIN_MTP_SCALARS_H

#include "mtp_block.h"

/* Takes moment `index` in the energy. */
typedef void mtp_scalar_taker(const void *context, size_t index, vector value);

ALWAYS_INLINE vector scalar_term(const struct mtp_product *term, const double *m)
{
  return vector_load(m + term->left) * vector_load(m + term->right) * term->coefficient;
}

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
    take(context, scalar->index, scalar_term(&plan->scalar_terms[scalar->first_term], m));
  }
  for (; scalar < end; scalar++) {
    vector even = vector_set(0.0), odd = even; /* that a sum waits less for the one before */
    size_t k = scalar->first_term;
    for (; k + 1 < scalar->last_term; k += 2) {
      even += scalar_term(&plan->scalar_terms[k], m);
      odd += scalar_term(&plan->scalar_terms[k + 1], m);
    }
    if (k < scalar->last_term)
      even += scalar_term(&plan->scalar_terms[k], m);
    take(context, scalar->index, even + odd);
  }
}

#endif
