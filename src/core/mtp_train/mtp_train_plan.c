/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The products of a file in the order of their targets, and for each scalar moment those that it is
   made of. */
#include <stdlib.h>
#include <string.h>

#include "mtp_train_private.h"

/* Slot of a moment. */
static uint32_t slot_of(const struct mlgrain_mtp_file *file, const struct mtp_plan *mtp,
                        uint32_t lanes, int moment)
{
  if (moment < file->basic_count)
    return mtp->basic_slot[moment];
  return (mtp->basic_slots + (uint32_t)(moment - file->basic_count)) * lanes;
}

/* Counting sort of the terms by target. */
static void sort_terms(const struct mlgrain_mtp_file *file, const struct mtp_plan *mtp,
                       uint32_t lanes, struct train_plan *plan)
{
  struct train_product *product = plan->products;
  for (int t = 0; t < file->times_count; t++)
    product[file->times[t][3] - file->basic_count].last++;
  size_t first = 0;
  for (size_t p = 0; p < plan->product_count; p++) {
    const size_t count = product[p].last;
    product[p].slot = slot_of(file, mtp, lanes, file->basic_count + (int)p);
    product[p].first = product[p].last = first;
    first += count;
  }
  for (int t = 0; t < file->times_count; t++) {
    const int *times = file->times[t];
    plan->terms[product[times[3] - file->basic_count].last++] = (struct train_term){
        times[2], slot_of(file, mtp, lanes, times[0]), slot_of(file, mtp, lanes, times[1])};
  }
}

/* Marks what product `number` is made of; ranks of basic moments go to `rank`. */
static void mark_factors(const struct mlgrain_mtp_file *file, const int (*times)[4], size_t first,
                         size_t last, unsigned char *marked, int *rank)
{
  for (size_t t = first; t < last; t++)
    for (int side = 0; side < 2; side++) {
      const int factor = times[t][side];
      if (factor >= file->basic_count) {
        marked[factor - file->basic_count] = 1;
        continue;
      }
      const int *basic = file->basic[factor], nu = basic[1] + basic[2] + basic[3];
      rank[basic[0]] = nu > rank[basic[0]] ? nu : rank[basic[0]];
    }
}

/* Ancestors of all scalars; `times` are the terms in the order of the plan. */
static enum mlgrain_status find_ancestors(const struct mlgrain_mtp_file *file,
                                          const int (*times)[4], unsigned char *marked,
                                          struct train_plan *plan)
{
  size_t used = 0, capacity = 0;
  for (int s = 0; s < file->scalar_count; s++) {
    const int moment = file->mapping[s];
    struct train_ancestors *scalar = &plan->scalars[s];
    int *rank = plan->ranks + (size_t)s * (size_t)file->radial_count;
    scalar->rank = (size_t)s * (size_t)file->radial_count;
    for (int mu = 0; mu < file->radial_count; mu++)
      rank[mu] = -1;
    if (moment < file->basic_count) {
      const int *basic = file->basic[moment];
      rank[basic[0]] = basic[1] + basic[2] + basic[3];
      scalar->first = scalar->last = used;
      continue;
    }
    memset(marked, 0, plan->product_count);
    const size_t own = (size_t)(moment - file->basic_count);
    marked[own] = 1;
    if (used + own + 1 > capacity) {
      capacity = 2 * (used + own) + 1024;
      uint32_t *larger = realloc(plan->ancestors, capacity * sizeof *larger);
      if (!larger)
        return MLGRAIN_OUT_OF_MEMORY;
      plan->ancestors = larger;
    }
    for (size_t p = own + 1; p-- > 0;)
      if (marked[p])
        mark_factors(file, times, plan->products[p].first, plan->products[p].last, marked, rank);
    scalar->first = used;
    for (size_t p = 0; p <= own; p++)
      if (marked[p])
        plan->ancestors[used++] = (uint32_t)p;
    scalar->last = used;
  }
  return MLGRAIN_SUCCESS;
}

/* The terms of the file in the order of the plan. */
static int (*sorted_times(const struct mlgrain_mtp_file *file, const struct train_plan *plan))[4]
{
  int(*times)[4] = malloc(((size_t)file->times_count + 1) * sizeof *times);
  size_t *next = malloc((plan->product_count + 1) * sizeof *next);
  for (size_t p = 0; p < plan->product_count && next; p++)
    next[p] = plan->products[p].first;
  for (int t = 0; t < file->times_count && times && next; t++)
    memcpy(times[next[file->times[t][3] - file->basic_count]++], file->times[t], sizeof *times);
  if (!next) {
    free(times);
    times = NULL;
  }
  free(next);
  return times;
}

enum mlgrain_status train_plan_make(const struct mlgrain_mtp_file *file, const struct mtp_plan *mtp,
                                    uint32_t lanes, struct train_plan *plan)
{
  const size_t scalars = (size_t)file->scalar_count;
  plan->product_count = (size_t)(file->moment_count - file->basic_count);
  plan->slots = (mtp->basic_slots + (uint32_t)plan->product_count) * lanes;
  plan->products = calloc(plan->product_count + 1, sizeof *plan->products);
  plan->terms = calloc((size_t)file->times_count + 1, sizeof *plan->terms);
  plan->scalar_slot = calloc(scalars + 1, sizeof *plan->scalar_slot);
  plan->scalars = calloc(scalars + 1, sizeof *plan->scalars);
  plan->ranks = calloc(scalars * (size_t)file->radial_count + 1, sizeof *plan->ranks);
  if (!plan->products || !plan->terms || !plan->scalar_slot || !plan->scalars || !plan->ranks)
    return MLGRAIN_OUT_OF_MEMORY;
  sort_terms(file, mtp, lanes, plan);
  for (size_t s = 0; s < scalars; s++)
    plan->scalar_slot[s] = slot_of(file, mtp, lanes, file->mapping[s]);
  unsigned char *marked = malloc(plan->product_count + 1);
  int(*times)[4] = sorted_times(file, plan);
  enum mlgrain_status status = MLGRAIN_OUT_OF_MEMORY;
  if (marked && times)
    status = find_ancestors(file, (const int(*)[4])times, marked, plan);
  free(marked);
  free(times);
  plan->term_count = (size_t)file->times_count;
  for (size_t k = 0; k < scalars * (size_t)file->radial_count && !status; k++)
    plan->scalar_moments += (size_t)((plan->ranks[k] + 1) * (plan->ranks[k] + 1));
  return status;
}

void train_plan_free(struct train_plan *plan)
{
  free(plan->products);
  free(plan->terms);
  free(plan->scalar_slot);
  free(plan->scalars);
  free(plan->ancestors);
  free(plan->ranks);
}
