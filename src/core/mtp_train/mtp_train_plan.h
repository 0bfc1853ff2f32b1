/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what making a plan needs besides the plan. */
#ifndef MLGRAIN_MTP_TRAIN_PLAN_H
#define MLGRAIN_MTP_TRAIN_PLAN_H

#include "mtp_train_private.h"

/* A growing array. */
struct plan_array {
  void *memory;
  size_t count, room;
};

struct plan_maker {
  const struct mtp_plan *mtp;
  struct train_plan *plan;
  uint32_t lanes;
  int functions, scalar_count;
  int *function, *rank;                                /* [basic slot] */
  struct plan_array numbers, products, terms, returns; /* of the plan's paths */
  struct plan_array entries;                           /* of one path */
  int failed;                                          /* out of memory */
};

/* The place of one more element; NULL, and the maker has failed, if there is no memory. */
void *train_append(struct plan_maker *maker, struct plan_array *array, size_t size);
void train_append_number(struct plan_maker *maker, size_t number);

/* The basic moments of all radial functions up to highest[function], -1 for none. */
struct train_moments train_moments_up_to(struct plan_maker *maker, const int *highest);

/* The paths of all radial functions; products, terms and slots must be there. */
void train_find_paths(struct plan_maker *maker);

#endif
