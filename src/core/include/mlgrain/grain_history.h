/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which grains of now are those of before, by the atoms they share, and what has happened to them.
 */
#ifndef MLGRAIN_GRAIN_HISTORY_H
#define MLGRAIN_GRAIN_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mlgrain_grain_event_kind {
  MLGRAIN_GRAIN_BIRTH, /* a new number; `other` is the old grain most of its atoms are from, 0: none
                        */
  MLGRAIN_GRAIN_SPLIT, /* the same, and more than half of its atoms were in `other`, which goes on
                        */
  MLGRAIN_GRAIN_DEATH, /* a number that is no more; most of its atoms are in `other` now, 0: none */
  MLGRAIN_GRAIN_MERGE /* the same, and more than half of them are in `other`, which was there before
                       */
};

struct mlgrain_grain_event {
  enum mlgrain_grain_event_kind kind;
  int64_t number, other;
  double atoms;  /* of the grain, now or before */
  double shared; /* of them, with `other` */
};

/* Numbers for the grains of now. Of all pairs of an old and a new grain that share atoms, the one
   that shares most comes first (of several, the lower old number, then the lower new place): the
   new grain takes the old one's number, unless one of them has its match already. New numbers for
   the rest follow in the order of the grains. grains   of now shares   number of pairs key
   [shares][3] old number (0: no grain), place of the new grain from 1 (0: none), and a number that
   is not used; each pair at most once atoms    [shares] how many atoms they share, > 0 next     the
   lowest number never used; moved on number   [grains] receives the numbers events   receives them:
   births by number, then deaths by number; to be freed with free() MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_grains_follow(size_t grains, size_t shares, const int64_t *key, const double *atoms,
                      int64_t *next, int64_t *number, size_t *event_count,
                      struct mlgrain_grain_event **events, struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
