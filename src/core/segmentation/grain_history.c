/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/grain_history.h"

#include <stdlib.h>

#include "base/error_text.h"

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

/* Whether an old number goes on, as one of the new grains. */
static int goes_on(size_t grains, const int64_t *number, int64_t old)
{
  for (size_t g = 0; g < grains; g++)
    if (number[g] == old)
      return 1;
  return 0;
}

static void take_numbers(size_t grains, size_t shares, const struct share *share, int64_t *number)
{
  for (size_t s = 0; s < shares; s++)
    if (share[s].old && share[s].now && !number[share[s].now - 1] &&
        !goes_on(grains, number, share[s].old))
      number[share[s].now - 1] = share[s].old;
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
                                           size_t grains, const int64_t *number)
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
  if (event.other && 2.0 * event.shared > event.atoms && goes_on(grains, number, event.other))
    event.kind = MLGRAIN_GRAIN_SPLIT;
  return event;
}

enum mlgrain_status mlgrain_grains_follow(size_t grains, size_t shares, const int64_t *key,
                                          const double *atoms, int64_t *next, int64_t *number,
                                          size_t *event_count, struct mlgrain_grain_event **events,
                                          struct mlgrain_error *error)
{
  *event_count = 0;
  struct share *share = malloc((shares + 1) * sizeof *share);
  *events = malloc((grains + shares + 1) * sizeof **events);
  if (!share || !*events) {
    free(share);
    free(*events);
    *events = NULL;
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu grains", grains);
  }
  for (size_t g = 0; g < grains; g++)
    number[g] = 0;
  for (size_t s = 0; s < shares; s++)
    share[s] = (struct share){key[3 * s], key[3 * s + 1], atoms[s]};
  qsort(share, shares, sizeof *share, compare_shares);
  take_numbers(grains, shares, share, number);

  const int64_t first_new = *next;
  for (size_t g = 0; g < grains; g++)
    if (!number[g])
      number[g] = (*next)++;
  for (size_t g = 0; g < grains; g++)
    if (number[g] >= first_new)
      (*events)[(*event_count)++] = birth_of(shares, share, g, grains, number);
  qsort(share, shares, sizeof *share, compare_old);
  for (size_t s = 0, end; s < shares; s = end) {
    for (end = s; end < shares && share[end].old == share[s].old;)
      end++;
    if (share[s].old && !goes_on(grains, number, share[s].old))
      (*events)[(*event_count)++] = death_of(end - s, share + s, number, (size_t)first_new);
  }
  free(share);
  return MLGRAIN_SUCCESS;
}
