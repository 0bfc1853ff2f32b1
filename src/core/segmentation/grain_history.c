/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/grain_history.h"

#include <stdlib.h>

#include "base/error_text.h"
#include "mlgrain/keyed_sums.h"

struct share {
  int64_t old, now;
  double atoms;
};

/* Most atoms first. */
static int compare_shares(const void *one, const void *two)
{
  const struct share *a = one, *b = two;
  if (a->atoms != b->atoms)
    return a->atoms > b->atoms ? -1 : 1;
  if (a->old != b->old)
    return a->old < b->old ? -1 : 1;
  return (a->now > b->now) - (a->now < b->now);
}

static int compare_old(const void *one, const void *two)
{
  const struct share *a = one, *b = two;
  return a->old != b->old ? (a->old < b->old ? -1 : 1) : compare_shares(one, two);
}

/* Old numbers that go on, as a table of flags. */
static int goes_on(struct mlgrain_keyed_sums *kept, int64_t old)
{
  const double *flag = mlgrain_keyed_sums_at(kept, old, 0, 0);
  return flag && *flag != 0.0;
}

/* 0 for lack of memory. */
static int take_numbers(size_t shares, const struct share *share, int64_t *number,
                        struct mlgrain_keyed_sums *kept)
{
  for (size_t s = 0; s < shares; s++) {
    if (!share[s].old || !share[s].now)
      continue;
    double *flag = mlgrain_keyed_sums_at(kept, share[s].old, 0, 0);
    if (!flag)
      return 0;
    if (number[share[s].now - 1] || *flag != 0.0)
      continue;
    number[share[s].now - 1] = share[s].old;
    *flag = 1.0;
  }
  return 1;
}

/* What has become of the old grain whose shares begin at `share` and of which there are `count`. */
static struct mlgrain_grain_event death_of(size_t count, const struct share *share,
                                           const int64_t *number, size_t grains_before)
{
  struct mlgrain_grain_event event = {MLGRAIN_GRAIN_DEATH, share[0].old, 0, 0.0, 0.0};
  for (size_t s = 0; s < count; s++) {
    event.atoms += share[s].atoms;
    if (share[s].now && share[s].atoms > event.shared) {
      event.shared = share[s].atoms;
      event.other = number[share[s].now - 1];
    }
  }
  if (event.other && event.other < (int64_t)grains_before && 2.0 * event.shared > event.atoms)
    event.kind = MLGRAIN_GRAIN_MERGE;
  return event;
}

static struct mlgrain_grain_event birth_of(size_t shares, const struct share *share, size_t grain,
                                           const int64_t *number, struct mlgrain_keyed_sums *kept)
{
  struct mlgrain_grain_event event = {MLGRAIN_GRAIN_BIRTH, number[grain], 0, 0.0, 0.0};
  for (size_t s = 0; s < shares; s++) {
    if (share[s].now != (int64_t)grain + 1)
      continue;
    event.atoms += share[s].atoms;
    if (share[s].old && share[s].atoms > event.shared) {
      event.shared = share[s].atoms;
      event.other = share[s].old;
    }
  }
  if (event.other && 2.0 * event.shared > event.atoms && goes_on(kept, event.other))
    event.kind = MLGRAIN_GRAIN_SPLIT;
  return event;
}

/* What `share` and `events` have room for is there. */
static int follow(size_t grains, size_t shares, struct share *share, int64_t *next, int64_t *number,
                  struct mlgrain_keyed_sums *kept, size_t *event_count,
                  struct mlgrain_grain_event *events)
{
  qsort(share, shares, sizeof *share, compare_shares);
  if (!take_numbers(shares, share, number, kept))
    return 0;
  const int64_t first_new = *next;
  for (size_t g = 0; g < grains; g++)
    if (!number[g])
      number[g] = (*next)++;
  for (size_t g = 0; g < grains; g++)
    if (number[g] >= first_new)
      events[(*event_count)++] = birth_of(shares, share, g, number, kept);
  qsort(share, shares, sizeof *share, compare_old);
  for (size_t s = 0, end; s < shares; s = end) {
    for (end = s; end < shares && share[end].old == share[s].old;)
      end++;
    if (share[s].old && !goes_on(kept, share[s].old))
      events[(*event_count)++] = death_of(end - s, share + s, number, (size_t)first_new);
  }
  return 1;
}

enum mlgrain_status mlgrain_grains_follow(size_t grains, size_t shares, const int64_t *key,
                                          const double *atoms, int64_t *next, int64_t *number,
                                          size_t *event_count, struct mlgrain_grain_event **events,
                                          struct mlgrain_error *error)
{
  struct mlgrain_keyed_sums *kept = NULL;
  struct share *share = malloc((shares + 1) * sizeof *share);
  *event_count = 0;
  *events = malloc((grains + shares + 1) * sizeof **events);
  int done = share && *events && !mlgrain_keyed_sums_create(1, &kept, NULL);
  if (done) {
    for (size_t g = 0; g < grains; g++)
      number[g] = 0;
    for (size_t s = 0; s < shares; s++)
      share[s] = (struct share){key[3 * s], key[3 * s + 1], atoms[s]};
    done = follow(grains, shares, share, next, number, kept, event_count, *events);
  }
  mlgrain_keyed_sums_free(kept);
  free(share);
  if (done)
    return MLGRAIN_SUCCESS;
  free(*events);
  *events = NULL;
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu grains", grains);
}
