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

/* Moments with as many terms each, a number that the compiler may know. */
ALWAYS_INLINE void scalars_of_run(const size_t terms, const struct mtp_scalar *scalar, size_t count,
                                  const struct mtp_product *term, const double *m,
                                  mtp_scalar_taker *take, const void *context)
{
  for (const struct mtp_scalar *end = scalar + count; scalar < end; scalar++, term += terms) {
    vector even = vector_set(0.0), odd = even; /* that a sum waits less for the one before */
    size_t k = 0;
    for (; k + 1 < terms; k += 2) {
      even += scalar_term(term + k, m);
      odd += scalar_term(term + k + 1, m);
    }
    if (k < terms)
      even += scalar_term(term + k, m);
    take(context, scalar->index, even + odd);
  }
}

/* Calls `take` for each of them; m: all slots. Most are slots, one product, three or six. */
ALWAYS_INLINE void for_scalars(const struct mtp_plan *plan, const double *m, mtp_scalar_taker *take,
                               const void *context)
{
  const struct mtp_scalar *scalar = plan->scalars;
  const struct mtp_product *term = plan->scalar_terms;
  const struct mtp_scalar_run *run = plan->scalar_runs, *end = run + plan->scalar_run_count;
  for (; run < end; scalar += run->scalars, term += run->scalars * run->terms, run++)
    if (run->terms == 0)
      for (size_t k = 0; k < run->scalars; k++)
        take(context, scalar[k].index, vector_load(m + scalar[k].slot));
    else if (run->terms == 1)
      scalars_of_run(1, scalar, run->scalars, term, m, take, context);
    else if (run->terms == 3)
      scalars_of_run(3, scalar, run->scalars, term, m, take, context);
    else if (run->terms == 6)
      scalars_of_run(6, scalar, run->scalars, term, m, take, context);
    else
      scalars_of_run(run->terms, scalar, run->scalars, term, m, take, context);
}

#endif
