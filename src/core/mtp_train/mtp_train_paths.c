/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How changes of the moments of one radial function go into products and adjoints: few of them,
   but for the first function. */
#include <stdlib.h>
#include <string.h>

#include "mtp_train_plan.h"

/* Slots by number: which are factors of products, which change, which have duals. */
struct path_marks {
  size_t count;
  unsigned char *factor, *changes, *dual;
};

/* A term of the way back, and the number of the slot whose dual it adds to. */
struct path_entry {
  uint32_t to;
  int of_changes;
  struct train_term term;
};

static void append_term(struct plan_maker *maker, double factor, uint32_t left, uint32_t right)
{
  struct train_term *term = train_append(maker, &maker->terms, sizeof *term);
  if (term)
    *term = (struct train_term){factor, left, right};
}

static void mark_own(struct plan_maker *maker, int function, unsigned char *changes)
{
  for (uint32_t k = 0; k < maker->mtp->basic_slots; k++)
    changes[k] = maker->function[k] == function;
}

/* Products that change and are factors of others. */
static void find_changes(struct plan_maker *maker, const struct path_marks *marks,
                         struct train_path *path)
{
  const struct train_plan *plan = maker->plan;
  path->first_product = maker->products.count;
  for (size_t p = 0; p < plan->product_count && !maker->failed; p++) {
    const struct train_product *product = &plan->products[p];
    const uint32_t number = product->slot / maker->lanes;
    const size_t first = maker->terms.count;
    for (size_t t = product->first; t < product->last && marks->factor[number]; t++) {
      const struct train_term *term = &plan->terms[t];
      if (marks->changes[term->right / maker->lanes])
        append_term(maker, term->factor, term->left, term->right);
      if (marks->changes[term->left / maker->lanes])
        append_term(maker, term->factor, term->right, term->left);
    }
    if (maker->terms.count == first)
      continue;
    struct train_product *own = train_append(maker, &maker->products, sizeof *own);
    if (own)
      *own = (struct train_product){product->slot, first, maker->terms.count};
    marks->changes[number] = 1;
  }
  path->last_product = maker->products.count;
}

/* What a product's way back adds to the duals of its factors: from each to the other. */
static void append_entries(struct plan_maker *maker, const struct path_marks *marks,
                           const struct train_product *product)
{
  const int has_dual = marks->dual[product->slot / maker->lanes];
  for (size_t t = product->first; t < product->last; t++) {
    const struct train_term *term = &maker->plan->terms[t];
    const uint32_t slots[2] = {term->left, term->right};
    for (int side = 0; side < 2; side++) {
      const uint32_t from = slots[side], to = slots[!side];
      const int kinds[2] = {has_dual, marks->changes[from / maker->lanes]};
      for (int kind = 0; kind < 2; kind++) {
        struct path_entry *entry =
            kinds[kind] ? train_append(maker, &maker->entries, sizeof *entry) : NULL;
        if (!entry)
          continue;
        *entry = (struct path_entry){to / maker->lanes, kind,
                                     kind ? (struct train_term){term->factor, product->slot, from}
                                          : (struct train_term){term->factor, from, product->slot}};
        marks->dual[to / maker->lanes] = 1;
      }
    }
  }
}

/* Entries by target, in falling order, those with duals before those with changes; `start` has
   2 marks->count + 1 elements. */
static void sort_entries(struct plan_maker *maker, const struct path_marks *marks, size_t *start)
{
  const struct path_entry *entries = maker->entries.memory;
  const size_t keys = 2 * marks->count, base = maker->terms.count;
  for (size_t k = 0; k < maker->entries.count; k++)
    append_term(maker, 0.0, 0, 0); /* room */
  memset(start, 0, (keys + 1) * sizeof *start);
  if (maker->failed)
    return;
  struct train_term *terms = (struct train_term *)maker->terms.memory + base;
#define KEY(entry) (2 * (marks->count - 1 - (entry).to) + (size_t)(entry).of_changes)
  for (size_t k = 0; k < maker->entries.count; k++)
    start[KEY(entries[k]) + 1]++;
  for (size_t k = 0; k < keys; k++)
    start[k + 1] += start[k];
  for (size_t k = 0; k < maker->entries.count; k++)
    terms[start[KEY(entries[k])]++] = entries[k].term; /* beginnings become ends */
#undef KEY
  for (size_t k = 0, begin = 0; k < keys; k += 2) {
    const uint32_t to = (uint32_t)(marks->count - 1 - k / 2);
    const struct train_return own = {to * maker->lanes, base + begin, base + start[k],
                                     base + start[k + 1]};
    begin = start[k + 1];
    struct train_return *back =
        marks->dual[to] ? train_append(maker, &maker->returns, sizeof *back) : NULL;
    if (back)
      *back = own;
  }
}

/* Duals of recovered moments go to those that these are made of. */
static void find_recoveries(struct plan_maker *maker, const struct path_marks *marks,
                            struct train_path *path)
{
  path->dual.first_recovery = maker->numbers.count;
  for (size_t k = maker->mtp->recovery_count; k-- > 0;) {
    const struct mtp_recovery *recovery = &maker->mtp->recovery[k];
    if (!marks->dual[recovery->target / maker->lanes])
      continue;
    train_append_number(maker, k);
    marks->dual[recovery->plus / maker->lanes] = 1;
    marks->dual[recovery->minus[0] / maker->lanes] = 1;
    marks->dual[recovery->minus[1] / maker->lanes] = 1;
  }
  path->dual.last_recovery = path->dual.first_row = maker->numbers.count;
  for (uint32_t k = 0; k < maker->mtp->reduced_count; k++)
    if (marks->dual[k])
      train_append_number(maker, k);
  path->dual.last_row = maker->numbers.count;
}

static void find_returns(struct plan_maker *maker, const struct path_marks *marks,
                         struct train_path *path)
{
  const struct train_plan *plan = maker->plan;
  size_t *start = malloc((2 * marks->count + 1) * sizeof *start);
  maker->entries.count = 0;
  for (size_t p = plan->product_count; p-- > 0 && !maker->failed;)
    append_entries(maker, marks, &plan->products[p]);
  find_recoveries(maker, marks, path);
  path->first_return = maker->returns.count;
  if (start)
    sort_entries(maker, marks, start);
  else
    maker->failed = 1;
  path->last_return = maker->returns.count;
  free(start);
}

static void find_path(struct plan_maker *maker, const struct path_marks *marks, int function,
                      int *highest)
{
  struct train_path *path = &maker->plan->paths[function];
  for (int mu = 0; mu < maker->functions; mu++)
    highest[mu] = mu == function ? MTP_MAX_RANK : -1;
  memset(marks->changes, 0, 2 * marks->count); /* and duals */
  path->own = train_moments_up_to(maker, highest);
  mark_own(maker, function, marks->changes);
  find_changes(maker, marks, path);
  find_returns(maker, marks, path);
}

void train_find_paths(struct plan_maker *maker)
{
  const struct train_plan *plan = maker->plan;
  struct path_marks marks = {.count = plan->slots / maker->lanes};
  int *highest = calloc((size_t)maker->functions + 1, sizeof *highest);
  marks.factor = calloc(3 * marks.count + 1, 1);
  if (marks.factor && highest) {
    marks.changes = marks.factor + marks.count;
    marks.dual = marks.changes + marks.count;
    for (size_t t = 0; t < plan->term_count; t++)
      marks.factor[plan->terms[t].left / maker->lanes] =
          marks.factor[plan->terms[t].right / maker->lanes] = 1;
    for (int mu = 0; mu < maker->functions; mu++)
      find_path(maker, &marks, mu, highest);
  } else
    maker->failed = 1;
  free(marks.factor);
  free(highest);
}
