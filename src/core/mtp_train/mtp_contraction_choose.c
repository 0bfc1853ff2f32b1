/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the ways to contract each graph is taken: those that together need few products. */
#include <math.h>
#include <stdlib.h>

#include "mtp_contraction.h"

enum { MOST_SWEEPS = 30 };

struct choice {
  const struct mtp_contraction *contraction;
  size_t *uses;    /* [moment] by scalars that were chosen, and terms of moments in use */
  size_t *graphs;  /* [moment] that have a way with it */
  size_t *visited; /* [moment] number of the last visit */
  size_t visits;
};

/* Adds a use of a moment (or takes one away, with `step` -1); returns how many terms that brings
   into use (out of use), its own and those of moments that it is made of. */
static size_t change_use(struct choice *choice, int number, int step)
{
  const struct mtp_contraction *contraction = choice->contraction;
  if (number < contraction->basic_count)
    return 0;
  const size_t k = (size_t)(number - contraction->basic_count);
  const size_t before = choice->uses[k];
  choice->uses[k] = step > 0 ? before + 1 : before - 1;
  if (before && choice->uses[k])
    return 0;
  const struct mtp_contraction_moment *moment = &contraction->moments[k];
  size_t sum = moment->last - moment->first;
  for (size_t t = moment->first; t < moment->last; t++) {
    sum += change_use(choice, contraction->terms[t].left, step);
    sum += change_use(choice, contraction->terms[t].right, step);
  }
  return sum;
}

/* Terms that a scalar would need besides those in use. */
static size_t cost_of(struct choice *choice, int scalar)
{
  change_use(choice, scalar, 1);
  return change_use(choice, scalar, -1);
}

/* The way that needs the fewest terms; of equals `now`, or the first. */
static int cheapest(struct choice *choice, const struct mtp_contraction_ways *ways, int now)
{
  int best = now;
  size_t least = cost_of(choice, now);
  for (int k = 0; k < ways->count; k++) {
    const size_t cost = cost_of(choice, ways->scalar[k]);
    if (cost < least) {
      least = cost;
      best = ways->scalar[k];
    }
  }
  return best;
}

/* Terms of a moment and of those that it is made of, each divided by the number of graphs that may
   use it, but for what this visit has met before; adds `more` to these numbers. */
static double shared_cost(struct choice *choice, int number, size_t more)
{
  const struct mtp_contraction *contraction = choice->contraction;
  if (number < contraction->basic_count)
    return 0.0;
  const size_t k = (size_t)(number - contraction->basic_count);
  if (choice->visited[k] == choice->visits)
    return 0.0;
  choice->visited[k] = choice->visits;
  choice->graphs[k] += more;
  const struct mtp_contraction_moment *moment = &contraction->moments[k];
  double sum = (double)(moment->last - moment->first) / (double)choice->graphs[k];
  for (size_t t = moment->first; t < moment->last; t++) {
    sum += shared_cost(choice, contraction->terms[t].left, more);
    sum += shared_cost(choice, contraction->terms[t].right, more);
  }
  return sum;
}

static void count_graphs(struct choice *choice, const struct mtp_contraction_ways *ways,
                         size_t count)
{
  for (size_t g = 0; g < count; g++) {
    choice->visits++;
    for (int k = 0; k < ways[g].count; k++)
      shared_cost(choice, ways[g].scalar[k], 1);
  }
}

/* The way that is cheapest if all graphs that may use a moment do. */
static int cheapest_shared(struct choice *choice, const struct mtp_contraction_ways *ways)
{
  int best = ways->scalar[0];
  double least = INFINITY;
  for (int k = 0; k < ways->count; k++) {
    choice->visits++;
    const double cost = shared_cost(choice, ways->scalar[k], 0);
    if (cost < least) {
      least = cost;
      best = ways->scalar[k];
    }
  }
  return best;
}

/* Begins with ways that share much, and takes the cheapest way for each graph given those of all
   others, largest graphs first, until none changes. */
static void choose_ways(struct choice *choice, const struct mtp_contraction_ways *ways,
                        size_t count, int *scalar)
{
  count_graphs(choice, ways, count);
  for (size_t g = 0; g < count; g++) {
    scalar[g] = cheapest_shared(choice, &ways[g]);
    change_use(choice, scalar[g], 1);
  }
  int changed = 1;
  for (int sweep = 0; sweep < MOST_SWEEPS && changed; sweep++) {
    changed = 0;
    for (size_t g = count; g-- > 0;) {
      const int before = scalar[g];
      change_use(choice, before, -1);
      scalar[g] = cheapest(choice, &ways[g], before);
      change_use(choice, scalar[g], 1);
      changed |= scalar[g] != before;
    }
  }
}

static int renumber(const struct choice *choice, const int *number, int moment)
{
  const int basic = choice->contraction->basic_count;
  return moment < basic ? moment : basic + number[moment - basic];
}

/* Keeps the moments in use, in order. */
static void keep_used(const struct choice *choice, struct mtp_contraction *contraction, int *number)
{
  size_t moments = 0, terms = 0;
  for (size_t k = 0; k < contraction->moment_count; k++) {
    if (!choice->uses[k])
      continue;
    const struct mtp_contraction_moment old = contraction->moments[k];
    struct mtp_contraction_moment *moment = &contraction->moments[moments];
    number[k] = (int)moments++;
    moment->first = terms;
    for (size_t t = old.first; t < old.last; t++) {
      const struct mtp_contraction_term term = contraction->terms[t];
      contraction->terms[terms++] = (struct mtp_contraction_term){
          renumber(choice, number, term.left), renumber(choice, number, term.right), term.factor};
    }
    moment->last = terms;
  }
  contraction->moment_count = moments;
  contraction->term_count = terms;
}

enum mlgrain_status mtp_contraction_choose(struct mtp_contraction *contraction,
                                           const struct mtp_contraction_ways *ways, size_t count,
                                           int *scalar)
{
  const size_t moments = contraction->moment_count + 1;
  struct choice choice = {.contraction = contraction,
                          .uses = calloc(moments, sizeof *choice.uses),
                          .graphs = calloc(moments, sizeof *choice.graphs),
                          .visited = calloc(moments, sizeof *choice.visited)};
  int *number = calloc(moments, sizeof *number);
  const int good = choice.uses && choice.graphs && choice.visited && number;
  if (good) {
    choose_ways(&choice, ways, count, scalar);
    keep_used(&choice, contraction, number);
    for (size_t g = 0; g < count; g++)
      scalar[g] = renumber(&choice, number, scalar[g]);
    mtp_contraction_index(contraction);
  }
  free(choice.uses);
  free(choice.graphs);
  free(choice.visited);
  free(number);
  return good ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}
