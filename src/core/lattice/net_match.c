/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/net_match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"

/* A vector of the first net and the one of the second that is nearest to it. */
struct matched {
  double p[2], r[2], square;
  int64_t first[2], second[2];
};

/* Pairs of so many of the shortest ones are tried. */
enum { MOST_MATCHED = 3000, MOST_VECTORS = 10000000 };

static double cross2(const double a[2], const double b[2])
{
  return a[0] * b[1] - a[1] * b[0];
}

static double dot2(const double a[2], const double b[2])
{
  return a[0] * b[0] + a[1] * b[1];
}

/* x = n[0] net[0] + n[1] net[1]. */
static void combine2(const double net[2][2], const int64_t n[2], double x[2])
{
  for (int d = 0; d < 2; d++)
    x[d] = (double)n[0] * net[0][d] + (double)n[1] * net[1][d];
}

/* The vector of a net nearest to x: rounded components, and the eight around. */
static void find_nearest(const double net[2][2], const double x[2], int64_t nearest[2])
{
  const double area = cross2(net[0], net[1]);
  const int64_t n[2] = {llround(cross2(x, net[1]) / area), llround(cross2(net[0], x) / area)};
  double least = INFINITY;
  for (int64_t i = n[0] - 1; i <= n[0] + 1; i++)
    for (int64_t j = n[1] - 1; j <= n[1] + 1; j++) {
      const int64_t trial[2] = {i, j};
      double r[2];
      combine2(net, trial, r);
      const double d[2] = {r[0] - x[0], r[1] - x[1]}, square = dot2(d, d);
      if (square < least) {
        least = square;
        memcpy(nearest, trial, sizeof trial);
      }
    }
}

/* F - 1 for two pairs, and its largest singular value. */
static double strain_of(const struct matched *a, const struct matched *b, double f[2][2])
{
  const double area = cross2(a->p, b->p);
  for (int i = 0; i < 2; i++) {
    const double da = a->r[i] - a->p[i], db = b->r[i] - b->p[i];
    f[i][0] = (da * b->p[1] - db * a->p[1]) / area;
    f[i][1] = (db * a->p[0] - da * b->p[0]) / area;
  }
  const double sum = f[0][0] + f[1][1], difference = f[0][0] - f[1][1];
  const double turn = f[1][0] - f[0][1], shear = f[1][0] + f[0][1];
  return 0.5 * (hypot(sum, turn) + hypot(difference, shear));
}

static int by_length(const void *a, const void *b)
{
  const struct matched *p = a, *q = b;
  if (p->square != q->square)
    return p->square < q->square ? -1 : 1;
  if (p->first[0] != q->first[0])
    return p->first[0] < q->first[0] ? -1 : 1;
  return (p->first[1] > q->first[1]) - (p->first[1] < q->first[1]);
}

/* Matched vectors, one of each pair of opposite ones; NULL without memory. */
static struct matched *find_matched(const double first[2][2], const double second[2][2],
                                    const int64_t reach[2], double most_length, double most_strain,
                                    size_t *count)
{
  size_t room = 256;
  struct matched *list = malloc(room * sizeof *list);
  *count = 0;
  for (int64_t i = 0; list && i <= reach[0]; i++)
    for (int64_t j = i ? -reach[1] : 1; j <= reach[1]; j++) {
      struct matched next = {.first = {i, j}};
      combine2(first, next.first, next.p);
      next.square = dot2(next.p, next.p);
      if (next.square > most_length * most_length)
        continue;
      find_nearest(second, next.p, next.second);
      combine2(second, next.second, next.r);
      if (hypot(next.r[0] - next.p[0], next.r[1] - next.p[1]) > most_strain * sqrt(next.square))
        continue;
      if (*count == room) {
        struct matched *larger = realloc(list, 2 * room * sizeof *list);
        if (!larger) {
          free(list);
          return NULL;
        }
        list = larger;
        room *= 2;
      }
      list[(*count)++] = next;
    }
  return list;
}

static void set_match(const struct matched *a, const struct matched *b,
                      struct mlgrain_net_match *match)
{
  memcpy(match->first[0], a->first, sizeof a->first);
  memcpy(match->first[1], b->first, sizeof b->first);
  memcpy(match->second[0], a->second, sizeof a->second);
  memcpy(match->second[1], b->second, sizeof b->second);
  match->strain = strain_of(a, b, match->deformation);
  match->deformation[0][0] += 1.0;
  match->deformation[1][1] += 1.0;
}

/* The best pair; whether there is one. The list goes from short to long vectors, so that of equal
   pairs the shortest vectors come first. */
static int find_best(const struct matched *list, size_t count, double least_area,
                     double most_strain, struct mlgrain_net_match *match)
{
  match->area = INFINITY;
  for (size_t b = 1; b < count; b++)
    for (size_t a = 0; a < b; a++) {
      const double area = fabs(cross2(list[a].p, list[b].p));
      double f[2][2];
      if (area < 0.5 * least_area || area > match->area * (1 + 1e-9))
        continue;
      const double strain = strain_of(&list[a], &list[b], f);
      const int smaller = area < match->area * (1 - 1e-9);
      if (strain <= most_strain && (smaller || strain < match->strain - 1e-12)) {
        match->area = area;
        set_match(&list[a], &list[b], match);
      }
    }
  return isfinite(match->area);
}

static enum mlgrain_status check_nets(const double first[2][2], const double second[2][2],
                                      double most_length, double most_strain,
                                      struct mlgrain_error *error)
{
  for (int k = 0; k < 4; k++)
    if (!isfinite(first[k / 2][k % 2]) || !isfinite(second[k / 2][k % 2]))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "net: a vector is not finite");
  for (int k = 0; k < 2; k++) {
    const double(*net)[2] = k ? second : first;
    if (!(fabs(cross2(net[0], net[1])) > 1e-9 * sqrt(dot2(net[0], net[0]) * dot2(net[1], net[1]))))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "net %d: two vectors without area",
                          k + 1);
  }
  if (!(most_strain >= 0.0 && most_strain <= 0.2))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the largest strain is from 0 to 0.2, not %g", most_strain);
  if (!(most_length > 0.0) || !isfinite(most_length))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the largest length %g is not positive",
                        most_length);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_nets_match(const double first[2][2], const double second[2][2],
                                       double most_length, double most_strain,
                                       struct mlgrain_net_match *match, struct mlgrain_error *error)
{
  const enum mlgrain_status status = check_nets(first, second, most_length, most_strain, error);
  if (status)
    return status;
  const double area = fabs(cross2(first[0], first[1]));
  double vectors = 1.0;
  int64_t reach[2];
  for (int k = 0; k < 2; k++) { /* |n_k| <= |x| |other vector| / area */
    const double most = most_length * sqrt(dot2(first[1 - k], first[1 - k])) / area;
    vectors *= 2 * most + 1;
    reach[k] = most < MOST_VECTORS ? (int64_t)most : 0;
  }
  if (vectors > MOST_VECTORS)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the largest length %g is too large: more than %d vectors", most_length,
                        MOST_VECTORS);
  size_t count;
  struct matched *list = find_matched(first, second, reach, most_length, most_strain, &count);
  if (!list)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "not enough memory to match two nets");
  qsort(list, count, sizeof *list, by_length);
  const int found =
      find_best(list, count < MOST_MATCHED ? count : MOST_MATCHED, area, most_strain, match);
  free(list);
  if (!found)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "no common period within a length of %g and a strain of %g", most_length,
                        most_strain);
  return MLGRAIN_SUCCESS;
}
