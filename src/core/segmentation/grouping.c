/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/grouping.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "mlgrain/grain_orientations.h"

static const double HALF_DEGREE = 0.0087266462599716479;

/* Adds the equivalent of q nearest to the reference, if it is nearer than a cosine. In most cases
   it is q itself: no two equivalents are as near to each other as the limit. */
static void add_near(const struct mlgrain_equivalents *equivalents, double least,
                     const double reference[4], const double q[4], double sum[4])
{
  double dot = 0.0;
  for (int k = 0; k < 4; k++)
    dot += reference[k] * q[k];
  if (fabs(dot) > least) {
    for (int k = 0; k < 4; k++)
      sum[k] += dot < 0.0 ? -q[k] : q[k];
    return;
  }
  double near[4];
  if (mlgrain_nearest_equivalent(equivalents, reference, q, near) > least)
    for (int k = 0; k < 4; k++)
      sum[k] += near[k];
}

void mlgrain_orientations_smooth(const struct mlgrain_contacts *contacts,
                                 const struct mlgrain_crystal_points *points, double limit,
                                 double (*smoothed)[4])
{
  const double least = cos(limit * HALF_DEGREE);
  struct mlgrain_equivalents equivalents = {0};
  int32_t prepared = 0; /* the structure that `equivalents` are of */
  for (size_t i = 0; i < contacts->count; i++) {
    const size_t first = contacts->first[i], end = first + (size_t)contacts->length[i];
    const int32_t structure = points->structure[i];
    const double *q = points->orientation[i];
    double sum[4] = {q[0], q[1], q[2], q[3]}, square = 0.0;
    if (structure && structure != prepared) {
      mlgrain_equivalents_of(points->symmetry[structure], &equivalents);
      prepared = structure;
    }
    for (size_t k = first; k < end && structure; k++) {
      const int32_t j = contacts->other[k];
      if (points->structure[j] == structure)
        add_near(&equivalents, least, q, points->orientation[j], sum);
    }
    for (int k = 0; k < 4; k++)
      square += sum[k] * sum[k];
    for (int k = 0; k < 4; k++)
      smoothed[i][k] = structure ? sum[k] / sqrt(square) : q[k];
  }
}

void mlgrain_contacts_compare(struct mlgrain_contacts *contacts,
                              const struct mlgrain_crystal_points *points)
{
  for (size_t i = 0; i < contacts->count; i++) {
    const size_t first = contacts->first[i], end = first + (size_t)contacts->length[i];
    const int32_t structure = points->structure[i];
    for (size_t k = first; k < end; k++) {
      const int32_t j = contacts->other[k];
      contacts->cosine[k] =
          structure && points->structure[j] == structure
              ? (float)mlgrain_disorientation_cosine(points->symmetry[structure],
                                                     points->orientation[i], points->orientation[j])
              : -1.0f;
    }
  }
}

void mlgrain_contacts_limit(struct mlgrain_contacts *contacts, double angle)
{
  const float least = (float)cos(angle * HALF_DEGREE);
  for (size_t k = 0; k < contacts->total; k++)
    contacts->alike[k] = contacts->cosine[k] > least;
}

void mlgrain_find_inner(const struct mlgrain_contacts *contacts, double share, unsigned char *inner)
{
  for (size_t i = 0; i < contacts->count; i++) {
    int alike = 0;
    for (int32_t k = 0; k < contacts->length[i]; k++)
      alike += contacts->alike[contacts->first[i] + (size_t)k];
    inner[i] = alike > 0 && alike >= share * contacts->length[i];
  }
}

static int32_t root_of(int32_t *parent, int32_t i)
{
  while (parent[i] != i) {
    parent[i] = parent[parent[i]];
    i = parent[i];
  }
  return i;
}

static void unite(int32_t *parent, int32_t i, int32_t j)
{
  const int32_t a = root_of(parent, i), b = root_of(parent, j);
  if (a < b)
    parent[b] = a;
  else
    parent[a] = b;
}

void mlgrain_group(const struct mlgrain_contacts *contacts, size_t n, const unsigned char *inner,
                   int32_t *root)
{
  for (size_t i = 0; i < n; i++)
    root[i] = (int32_t)i;
  for (size_t i = 0; i < contacts->count; i++) {
    if (!inner[i])
      continue;
    const size_t first = contacts->first[i], end = first + (size_t)contacts->length[i];
    for (size_t k = first; k < end; k++)
      if (contacts->alike[k] && inner[contacts->other[k]])
        unite(root, (int32_t)i, contacts->other[k]);
  }
  for (size_t i = 0; i < n; i++)
    root[i] = root_of(root, (int32_t)i);
}

enum mlgrain_status mlgrain_group_labels(size_t count, size_t n, const unsigned char *inner,
                                         const int32_t *root, const int64_t *tag, int64_t *label,
                                         struct mlgrain_error *error)
{
  int64_t *lowest = calloc(n + 1, sizeof *lowest);
  if (!lowest)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for labels");
  for (size_t i = 0; i < count; i++)
    if (inner[i] && (!lowest[root[i]] || tag[i] < lowest[root[i]]))
      lowest[root[i]] = tag[i];
  for (size_t i = 0; i < count; i++)
    label[i] = inner[i] ? lowest[root[i]] : 0;
  free(lowest);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_label_pairs(const struct mlgrain_contacts *contacts,
                                        const unsigned char *inner, const int64_t *label,
                                        struct mlgrain_keyed_sums *pairs,
                                        struct mlgrain_error *error)
{
  for (size_t i = 0; i < contacts->count; i++) {
    if (!inner[i])
      continue;
    const size_t first = contacts->first[i], end = first + (size_t)contacts->length[i];
    for (size_t k = first; k < end; k++) {
      const int64_t one = label[i], two = label[contacts->other[k]];
      if (!contacts->alike[k] || !inner[contacts->other[k]] || one == two)
        continue;
      if (!mlgrain_keyed_sums_at(pairs, one < two ? one : two, one < two ? two : one, 0))
        return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for pairs of labels");
    }
  }
  return MLGRAIN_SUCCESS;
}

static int compare_labels(const void *one, const void *two)
{
  const int64_t a = *(const int64_t *)one, b = *(const int64_t *)two;
  return (a > b) - (a < b);
}

/* The place of a label that is there. */
static int32_t place_of(const int64_t *label, size_t count, int64_t wanted)
{
  const int64_t *found = bsearch(&wanted, label, count, sizeof *label, compare_labels);
  return (int32_t)(found - label);
}

enum mlgrain_status mlgrain_labels_unite(size_t pairs, const int64_t *key, size_t *count,
                                         int64_t *label, int64_t *united,
                                         struct mlgrain_error *error)
{
  *count = 0;
  int32_t *parent = malloc((2 * pairs + 1) * sizeof *parent);
  if (!parent)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for labels");
  for (size_t p = 0; p < pairs; p++)
    memcpy(label + 2 * p, key + 3 * p, 2 * sizeof *label);
  qsort(label, 2 * pairs, sizeof *label, compare_labels);
  for (size_t k = 0; k < 2 * pairs; k++)
    if (!*count || label[*count - 1] != label[k])
      label[(*count)++] = label[k];
  for (size_t k = 0; k < *count; k++)
    parent[k] = (int32_t)k;
  for (size_t p = 0; p < pairs; p++)
    unite(parent, place_of(label, *count, key[3 * p]), place_of(label, *count, key[3 * p + 1]));
  for (size_t k = 0; k < *count; k++)
    united[k] = label[root_of(parent, (int32_t)k)];
  free(parent);
  return MLGRAIN_SUCCESS;
}

/* What most of a point's neighbors have. */
static int32_t most_frequent(const struct mlgrain_contacts *contacts, const int32_t *value,
                             const int32_t *region, int only_alike, int32_t i)
{
  enum { MOST = 32 }; /* more different values than neighbors in any crystal */
  int32_t found[MOST], votes[MOST];
  int count = 0;
  const size_t first = contacts->first[i], end = first + (size_t)contacts->length[i];
  for (size_t k = first; k < end; k++) {
    const int32_t j = contacts->other[k], one = value[j];
    if (!one || (only_alike && !contacts->alike[k]) || (region && region[j] != region[i]))
      continue;
    int place = 0;
    while (place < count && found[place] != one)
      place++;
    if (place == MOST)
      continue;
    if (place == count) {
      found[count] = one;
      votes[count++] = 0;
    }
    votes[place]++;
  }
  int best = 0;
  for (int k = 1; k < count; k++)
    if (votes[k] > votes[best] || (votes[k] == votes[best] && found[k] < found[best]))
      best = k;
  return count ? found[best] : 0;
}

size_t mlgrain_spread(const struct mlgrain_contacts *contacts, const int32_t *value,
                      const int32_t *region, int only_alike, size_t open_count, const int32_t *open,
                      int32_t *next)
{
  size_t changed = 0;
  for (size_t k = 0; k < open_count; k++) {
    next[k] = most_frequent(contacts, value, region, only_alike, open[k]);
    changed += next[k] != 0;
  }
  return changed;
}

void mlgrain_find_touching(const struct mlgrain_contacts *contacts, const int32_t *grain,
                           unsigned char *touches)
{
  for (size_t i = 0; i < contacts->count; i++) {
    touches[i] = 0;
    const size_t first = contacts->first[i], end = first + (size_t)contacts->length[i];
    for (size_t k = first; k < end && grain[i]; k++) {
      const int32_t other = grain[contacts->other[k]];
      touches[i] = (unsigned char)(touches[i] | (other && other != grain[i]));
    }
  }
}

void mlgrain_widen(const struct mlgrain_contacts *contacts, const unsigned char *marked,
                   unsigned char *wider)
{
  for (size_t i = 0; i < contacts->count; i++) {
    wider[i] = marked[i];
    for (int32_t k = 0; k < contacts->length[i]; k++)
      wider[i] = wider[i] | marked[contacts->other[contacts->first[i] + (size_t)k]];
  }
}

enum mlgrain_status mlgrain_count_contacts(const struct mlgrain_contacts *contacts,
                                           const int32_t *grain, struct mlgrain_keyed_sums *sums,
                                           struct mlgrain_error *error)
{
  for (size_t i = 0; i < contacts->count; i++) {
    const size_t first = contacts->first[i], end = first + (size_t)contacts->length[i];
    for (size_t k = first; k < end && grain[i]; k++) {
      const int32_t one = grain[i], two = grain[contacts->other[k]];
      if (!two || one == two)
        continue;
      double *sum = mlgrain_keyed_sums_at(sums, one < two ? one : two, one < two ? two : one, 0);
      if (!sum)
        return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for pairs of grains");
      *sum += 1.0;
    }
  }
  return MLGRAIN_SUCCESS;
}
