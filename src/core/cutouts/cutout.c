/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/cutout.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "cutout_private.h"
#include "mlgrain/images.h"

/* Boxes begin this part of an edge later, so that of two images of an atom that lie on opposite
   faces but for rounding, the same one is always inside. */
static const double FACE = 1e-7;

static const double OF_THE_SHORTEST = 0.85;
static const double AT_THE_CENTER = 1e-6;

/* Standard deviation of the weights of changes, in parts of the distance within which forces are
   trusted. */
static const double SEAM_WIDTH = 0.75;
static const double PI = 3.14159265358979323846;

static enum mlgrain_status out_of_memory(struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a cell");
}

/* ---- coordination numbers ------------------------------------------------------------------- */

/* A neighbor's part of a coordination number: 1 at distance 0, smoothly 0 at the reach. */
static double part_of(double square, double reach)
{
  const double left = 1.0 - square / (reach * reach);
  return left > 0.0 ? left * left : 0.0;
}

static double squared_distance(const double a[3], const double b[3])
{
  const double d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  return dot3(d, d);
}

/* Of the surroundings: numbers of those within `inner` of the center, and the shortest distance
   from any of them. */
static double coordinate(const struct mlgrain_surroundings *around, double inner, double reach,
                         double *number)
{
  double shortest = DBL_MAX;
  for (size_t i = 0; i < around->count; i++) {
    number[i] = 0.0;
    if (dot3(around->x[i], around->x[i]) > inner * inner)
      continue;
    for (size_t j = 0; j < around->count; j++) {
      const double square = squared_distance(around->x[i], around->x[j]);
      if (j == i || square >= reach * reach)
        continue;
      number[i] += part_of(square, reach);
      shortest = fmin(shortest, square);
    }
  }
  return sqrt(shortest);
}

/* ---- one cell ------------------------------------------------------------------------------- */

/* A cell in work. */
struct work {
  const struct mlgrain_cutout_rules *rules;
  const struct mlgrain_surroundings *around;
  const double *before; /* coordination numbers in the surroundings */
  double closest;
  int kept[3];
  struct mlgrain_cutout *cutout;
  struct mlgrain_images *images;
  char *out; /* atoms that are left out */
};

static enum mlgrain_status fill(struct work *work, struct mlgrain_error *error)
{
  const struct mlgrain_surroundings *around = work->around;
  struct mlgrain_cutout *cutout = work->cutout;
  double dual[3][3];
  dual3(cutout->cell, dual);
  cutout->x = malloc((around->count + 1) * sizeof *cutout->x);
  cutout->entry = malloc((around->count + 1) * sizeof *cutout->entry);
  work->out = calloc(around->count + 1, 1);
  if (!cutout->x || !cutout->entry || !work->out)
    return out_of_memory(error);
  for (size_t i = 0; i < around->count; i++) {
    double f[3];
    apply3(dual, around->x[i], f);
    int inside = 1;
    for (int k = 0; k < 3; k++)
      inside = inside && f[k] >= FACE - 0.5 && f[k] < FACE + 0.5;
    if (!inside)
      continue;
    memcpy(cutout->x[cutout->count], around->x[i], sizeof around->x[i]);
    cutout->entry[cutout->count++] = i;
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status find_images(struct work *work, struct mlgrain_error *error)
{
  struct mlgrain_cutout *cutout = work->cutout;
  struct mlgrain_box box = {.low = {0.0}};
  const double corner[3] = {FACE - 0.5, FACE - 0.5, FACE - 0.5};
  memcpy(box.edge, cutout->cell, sizeof box.edge);
  combine3(cutout->cell, corner, box.low);
  return mlgrain_images_create(cutout->count, (const double(*)[3])cutout->x, &box,
                               fmax(work->rules->seam_reach, work->closest), &work->images, NULL,
                               error);
}

/* Whether an image is one across the seam, not along edges that are kept. */
static int is_across(const struct work *work, const double dual[3][3], size_t image)
{
  const double *owner = work->images->x[work->images->owner[image]];
  const double *x = work->images->x[image];
  const double d[3] = {x[0] - owner[0], x[1] - owner[1], x[2] - owner[2]};
  double f[3];
  apply3(dual, d, f);
  for (int k = 0; k < 3; k++)
    if (!work->kept[k] && fabs(f[k]) > 0.5)
      return 1;
  return 0;
}

struct pair {
  double square;
  size_t inner, outer;
};

static int by_distance(const void *a, const void *b)
{
  const struct pair *one = a, *other = b;
  if (one->square < other->square || one->square > other->square)
    return one->square < other->square ? -1 : 1;
  if (one->outer != other->outer)
    return one->outer < other->outer ? -1 : 1;
  return (one->inner > other->inner) - (one->inner < other->inner);
}

static enum mlgrain_status add_pair(struct pair **pairs, size_t *count, size_t *room,
                                    const struct pair *one, struct mlgrain_error *error)
{
  if (*count == *room) {
    const size_t more = 2 * *room + 64;
    struct pair *grown = realloc(*pairs, more * sizeof **pairs);
    if (!grown)
      return out_of_memory(error);
    *pairs = grown;
    *room = more;
  }
  (*pairs)[(*count)++] = *one;
  return MLGRAIN_SUCCESS;
}

/* Pairs of different atoms that meet across the seam nearer than is allowed, nearest first; of
   each, which is farther from the center. */
static enum mlgrain_status find_close(const struct work *work, struct pair **pairs, size_t *count,
                                      struct mlgrain_error *error)
{
  const struct mlgrain_images *images = work->images;
  double dual[3][3];
  size_t room = 0;
  dual3(work->cutout->cell, dual);
  for (size_t k = work->cutout->count; k < images->count; k++) {
    if (!is_across(work, dual, k))
      continue;
    const size_t j = (size_t)images->owner[k];
    for (size_t i = 0; i < work->cutout->count; i++) {
      const double square = squared_distance(images->x[i], images->x[k]);
      if (i == j || square >= work->closest * work->closest)
        continue;
      const double *a = work->cutout->x[i], *b = work->cutout->x[j];
      const double difference = dot3(a, a) - dot3(b, b);
      const int i_is_outer = difference > 1e-9 || (difference > -1e-9 && i > j);
      const struct pair one = {square, i_is_outer ? j : i, i_is_outer ? i : j};
      if (add_pair(pairs, count, &room, &one, error))
        return MLGRAIN_OUT_OF_MEMORY;
    }
  }
  if (*count)
    qsort(*pairs, *count, sizeof **pairs, by_distance);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status leave_out(struct work *work, struct mlgrain_error *error)
{
  struct pair *pairs = NULL;
  size_t count = 0;
  const enum mlgrain_status status = find_close(work, &pairs, &count, error);
  for (size_t k = 0; k < count && !status; k++)
    if (!work->out[pairs[k].inner] && !work->out[pairs[k].outer]) {
      work->out[pairs[k].outer] = 1;
      work->cutout->removed++;
    }
  free(pairs);
  return status;
}

/* Compares coordination numbers with those before. What changes near the center counts most: it is
   there that forces shall be right. */
static void measure_seam(struct work *work)
{
  const struct mlgrain_images *images = work->images;
  const double reach = work->rules->seam_reach;
  const double width = SEAM_WIDTH * work->rules->trusted;
  double squares = 0.0, sum = 0.0, weights = 0.0;
  for (size_t i = 0; i < work->cutout->count; i++) {
    if (work->out[i])
      continue;
    double now = 0.0;
    for (size_t k = 0; k < images->count; k++)
      if (k != i && !work->out[images->owner[k]])
        now += part_of(squared_distance(images->x[i], images->x[k]), reach);
    const double before = work->before[work->cutout->entry[i]];
    const double *x = work->cutout->x[i];
    const double weight = exp(-0.5 * dot3(x, x) / (width * width));
    squares += weight * (now - before) * (now - before);
    sum += weight * before;
    weights += weight;
  }
  work->cutout->seam = sum > 0.0 ? sqrt(squares * weights) / sum : 0.0;
}

/* Takes out what is left out, and weighs forces. */
static enum mlgrain_status finish(struct work *work, struct mlgrain_error *error)
{
  struct mlgrain_cutout *cutout = work->cutout;
  const struct mlgrain_cutout_rules *rules = work->rules;
  size_t left = 0;
  cutout->weight = malloc((cutout->count + 1) * sizeof *cutout->weight);
  if (!cutout->weight)
    return out_of_memory(error);
  for (size_t i = 0; i < cutout->count; i++) {
    if (work->out[i])
      continue;
    memmove(cutout->x[left], cutout->x[i], sizeof cutout->x[i]);
    cutout->entry[left] = cutout->entry[i];
    const double beyond = (norm3(cutout->x[left]) - rules->trusted) / rules->fading;
    cutout->weight[left++] =
        beyond <= 0.0 ? 1.0 : (beyond < 1.0 ? 0.5 * (1.0 + cos(PI * beyond)) : 0.0);
  }
  cutout->count = left;
  return MLGRAIN_SUCCESS;
}

/* A cell from coordination numbers that are known. */
static enum mlgrain_status cut(const struct mlgrain_cutout_rules *rules,
                               const struct mlgrain_box *box,
                               const struct mlgrain_surroundings *around, const double *before,
                               double closest, int number, struct mlgrain_cutout **cutout,
                               struct mlgrain_error *error)
{
  struct work work = {.rules = rules, .around = around, .before = before, .closest = closest};
  work.cutout = calloc(1, sizeof *work.cutout);
  if (!work.cutout)
    return out_of_memory(error);
  work.cutout->number = number;
  cutout_box(rules, box, number, work.cutout->cell, work.kept);
  enum mlgrain_status status = fill(&work, error);
  if (!status)
    status = find_images(&work, error);
  if (!status)
    status = leave_out(&work, error);
  if (!status) {
    measure_seam(&work);
    status = finish(&work, error);
  }
  mlgrain_images_free(work.images);
  free(work.out);
  if (status)
    mlgrain_cutout_free(work.cutout);
  else
    *cutout = work.cutout;
  return status;
}

/* ---- public --------------------------------------------------------------------------------- */

void mlgrain_cutout_free(struct mlgrain_cutout *cutout)
{
  if (!cutout)
    return;
  free(cutout->x);
  free(cutout->entry);
  free(cutout->weight);
  free(cutout);
}

static enum mlgrain_status check(const struct mlgrain_cutout_rules *rules,
                                 const struct mlgrain_box *box,
                                 const struct mlgrain_surroundings *around,
                                 struct mlgrain_error *error)
{
  int centers = 0;
  if (!cutout_rules_are_sound(rules))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "rules for cells are out of range");
  if (!cutout_spans(box->edge))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the box has no volume");
  for (size_t i = 0; i < around->count; i++) {
    const double *x = around->x[i];
    if (!isfinite(x[0]) || !isfinite(x[1]) || !isfinite(x[2]))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "a position around the center is not finite");
    centers += norm3(x) < AT_THE_CENTER;
  }
  if (!centers)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "there is no atom at the center");
  return MLGRAIN_SUCCESS;
}

/* Cuts boxes first ... last - 1; the best of them. */
static enum mlgrain_status cut_best(const struct mlgrain_cutout_rules *rules,
                                    const struct mlgrain_box *box,
                                    const struct mlgrain_surroundings *around, int first, int last,
                                    struct mlgrain_cutout **cutout, struct mlgrain_error *error)
{
  *cutout = NULL;
  enum mlgrain_status status = check(rules, box, around, error);
  if (status)
    return status;
  double *before = malloc((around->count + 1) * sizeof *before);
  if (!before)
    return out_of_memory(error);
  const double inner = mlgrain_cutout_reach(rules, box) - rules->seam_reach;
  const double shortest = coordinate(around, inner, rules->seam_reach, before);
  const double closest =
      rules->closest > 0.0 ? rules->closest : (shortest < DBL_MAX ? OF_THE_SHORTEST * shortest : 0);
  for (int number = first; number < last && !status; number++) {
    struct mlgrain_cutout *one = NULL;
    status = cut(rules, box, around, before, closest, number, &one, error);
    if (status || !one)
      break;
    if (!*cutout || one->seam < (*cutout)->seam) {
      mlgrain_cutout_free(*cutout);
      *cutout = one;
    } else {
      mlgrain_cutout_free(one);
    }
  }
  free(before);
  if (status) {
    mlgrain_cutout_free(*cutout);
    *cutout = NULL;
  }
  return status;
}

enum mlgrain_status mlgrain_cutout_create(const struct mlgrain_cutout_rules *rules,
                                          const struct mlgrain_box *box,
                                          const struct mlgrain_surroundings *surroundings,
                                          int number, struct mlgrain_cutout **cutout,
                                          struct mlgrain_error *error)
{
  *cutout = NULL;
  if (number < 0 || number >= rules->boxes)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "there is no box %d of %d", number,
                        rules->boxes);
  return cut_best(rules, box, surroundings, number, number + 1, cutout, error);
}

enum mlgrain_status mlgrain_cutout_best(const struct mlgrain_cutout_rules *rules,
                                        const struct mlgrain_box *box,
                                        const struct mlgrain_surroundings *surroundings,
                                        struct mlgrain_cutout **cutout, struct mlgrain_error *error)
{
  return cut_best(rules, box, surroundings, 0, rules->boxes, cutout, error);
}
