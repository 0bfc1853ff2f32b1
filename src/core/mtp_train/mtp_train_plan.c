/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The products of a file in the order of their targets, and for each scalar moment those that it is
   made of. */
#include <stdlib.h>
#include <string.h>

#include "mtp_train_plan.h"

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

/* Which radial function each basic slot belongs to, and its rank. */
static void describe_slots(const struct mtp_plan *mtp, struct plan_maker *maker)
{
  for (int mu = 0; mu < maker->functions; mu++)
    for (int k = mtp->strip_start[mu]; k < mtp->strip_start[mu + 1]; k++) {
      const struct mtp_strip *strip = &mtp->strips[k];
      for (int a = 0; a < strip->length; a++) {
        const size_t number = strip->slot / maker->lanes + (size_t)a;
        maker->function[number] = mu;
        maker->rank[number] = a + strip->b + strip->c;
      }
    }
  for (size_t k = 0; k < mtp->recovery_count; k++) {
    const uint32_t target = mtp->recovery[k].target / maker->lanes;
    const uint32_t same = mtp->recovery[k].minus[0] / maker->lanes; /* of the same rank */
    maker->function[target] = maker->function[same];
    maker->rank[target] = maker->rank[same];
  }
}

void train_append_number(struct plan_maker *maker, size_t number)
{
  uint32_t *place = train_append(maker, &maker->numbers, sizeof *place);
  if (place)
    *place = (uint32_t)number;
}

void *train_append(struct plan_maker *maker, struct plan_array *array, size_t size)
{
  if (array->count == array->room) {
    const size_t room = 2 * array->room + 256;
    void *larger = realloc(array->memory, room * size);
    if (!larger) {
      maker->failed = 1;
      return NULL;
    }
    array->memory = larger;
    array->room = room;
  }
  return (char *)array->memory + size * array->count++;
}

struct train_moments train_moments_up_to(struct plan_maker *maker, const int *highest)
{
  const struct mtp_plan *mtp = maker->mtp;
  struct train_moments moments;
  moments.first_row = maker->numbers.count;
  for (uint32_t k = 0; k < mtp->reduced_count; k++)
    if (maker->rank[k] <= highest[maker->function[k]])
      train_append_number(maker, k);
  moments.last_row = moments.first_recovery = maker->numbers.count;
  for (size_t k = 0; k < mtp->recovery_count; k++) {
    const uint32_t target = mtp->recovery[k].target / maker->lanes;
    if (maker->rank[target] <= highest[maker->function[target]])
      train_append_number(maker, k);
  }
  moments.last_recovery = maker->numbers.count;
  return moments;
}

/* Marks what a product is made of; ranks of basic moments go to `highest`. */
static void mark_factors(const struct plan_maker *maker, const struct train_product *product,
                         unsigned char *marked, int *highest)
{
  const struct train_plan *plan = maker->plan;
  for (size_t t = product->first; t < product->last; t++)
    for (int side = 0; side < 2; side++) {
      const uint32_t number = (side ? plan->terms[t].right : plan->terms[t].left) / maker->lanes;
      if (number >= maker->mtp->basic_slots)
        marked[number - maker->mtp->basic_slots] = 1;
      else if (maker->rank[number] > highest[maker->function[number]])
        highest[maker->function[number]] = maker->rank[number];
    }
}

/* Ancestors of a scalar, and the highest rank of each radial function that takes part, -1 for
   none. */
static void find_ancestors(struct plan_maker *maker, size_t scalar, unsigned char *marked,
                           int *highest)
{
  struct train_plan *plan = maker->plan;
  const uint32_t number = plan->scalar_slot[scalar] / maker->lanes;
  struct train_ancestors *found = &plan->scalars[scalar];
  for (int mu = 0; mu < maker->functions; mu++)
    highest[mu] = -1;
  found->first = found->last = maker->numbers.count;
  if (number < maker->mtp->basic_slots) {
    highest[maker->function[number]] = maker->rank[number];
    return;
  }
  const size_t own = number - maker->mtp->basic_slots;
  memset(marked, 0, plan->product_count);
  marked[own] = 1;
  for (size_t p = own + 1; p-- > 0;)
    if (marked[p])
      mark_factors(maker, &plan->products[p], marked, highest);
  for (size_t p = 0; p <= own; p++)
    if (marked[p])
      train_append_number(maker, p);
  found->last = maker->numbers.count;
}

/* Scalars in groups of the same ranks, [scalar][radial function]. */
static void group_scalars(struct plan_maker *maker, const int *ranks, unsigned char *grouped)
{
  struct train_plan *plan = maker->plan;
  const size_t scalars = (size_t)maker->scalar_count, functions = (size_t)maker->functions;
  size_t placed = 0;
  for (size_t s = 0; s < scalars; s++) {
    if (grouped[s])
      continue;
    struct train_support *support = &plan->supports[plan->support_count++];
    support->first = placed;
    for (size_t other = s; other < scalars; other++)
      if (!grouped[other] &&
          !memcmp(ranks + s * functions, ranks + other * functions, functions * sizeof *ranks)) {
        grouped[other] = 1;
        plan->scalar_order[placed++] = (uint32_t)other;
      }
    support->last = placed;
    support->moments = train_moments_up_to(maker, ranks + s * functions);
    plan->scalar_factors +=
        (support->last - support->first) * (support->moments.last_row - support->moments.first_row);
  }
}

static void find_supports(struct plan_maker *maker)
{
  const size_t scalars = (size_t)maker->scalar_count, functions = (size_t)maker->functions;
  int *ranks = calloc(scalars * functions + 1, sizeof *ranks);
  unsigned char *marked = calloc(maker->plan->product_count + scalars + 1, 1);
  if (ranks && marked) {
    for (size_t s = 0; s < scalars; s++)
      find_ancestors(maker, s, marked, ranks + s * functions);
    memset(marked, 0, scalars);
    group_scalars(maker, ranks, marked);
  } else
    maker->failed = 1;
  free(ranks);
  free(marked);
}

static int reserve(const struct mlgrain_mtp_file *file, struct plan_maker *maker)
{
  struct train_plan *plan = maker->plan;
  const size_t scalars = (size_t)file->scalar_count;
  plan->products = calloc(plan->product_count + 1, sizeof *plan->products);
  plan->terms = calloc(plan->term_count + 1, sizeof *plan->terms);
  plan->scalar_slot = calloc(scalars + 1, sizeof *plan->scalar_slot);
  plan->scalars = calloc(scalars + 1, sizeof *plan->scalars);
  plan->scalar_order = calloc(scalars + 1, sizeof *plan->scalar_order);
  plan->supports = calloc(scalars + 1, sizeof *plan->supports);
  plan->paths = calloc((size_t)file->radial_count + 1, sizeof *plan->paths);
  maker->function = calloc(2 * ((size_t)maker->mtp->basic_slots + 1), sizeof *maker->function);
  maker->rank = maker->function + maker->mtp->basic_slots;
  return plan->products && plan->terms && plan->scalar_slot && plan->scalars &&
         plan->scalar_order && plan->supports && plan->paths && maker->function;
}

enum mlgrain_status train_plan_make(const struct mlgrain_mtp_file *file, const struct mtp_plan *mtp,
                                    uint32_t lanes, struct train_plan *plan)
{
  struct plan_maker maker = {.mtp = mtp,
                             .plan = plan,
                             .lanes = lanes,
                             .functions = file->radial_count,
                             .scalar_count = file->scalar_count};
  plan->product_count = (size_t)(file->moment_count - file->basic_count);
  plan->slots = (mtp->basic_slots + (uint32_t)plan->product_count) * lanes;
  plan->term_count = (size_t)file->times_count;
  if (reserve(file, &maker)) {
    sort_terms(file, mtp, lanes, plan);
    for (int s = 0; s < file->scalar_count; s++)
      plan->scalar_slot[s] = slot_of(file, mtp, lanes, file->mapping[s]);
    describe_slots(mtp, &maker);
    find_supports(&maker);
    train_find_paths(&maker);
  } else
    maker.failed = 1;
  free(maker.function);
  free(maker.entries.memory);
  plan->numbers = maker.numbers.memory;
  plan->path_products = maker.products.memory;
  plan->path_terms = maker.terms.memory;
  plan->returns = maker.returns.memory;
  return maker.failed ? MLGRAIN_OUT_OF_MEMORY : MLGRAIN_SUCCESS;
}

void train_plan_free(struct train_plan *plan)
{
  free(plan->products);
  free(plan->terms);
  free(plan->scalar_slot);
  free(plan->scalars);
  free(plan->scalar_order);
  free(plan->supports);
  free(plan->paths);
  free(plan->path_products);
  free(plan->returns);
  free(plan->path_terms);
  free(plan->numbers);
}
