/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/images.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"

/* Periodic edges whose volume is less than this of a rectangular box's lie in a plane. */
static const double FLAT = 1e-10;

/* By how much reaches are longer, so that rounding loses no image. */
static const double A_LITTLE_MORE = 1.0 + 1e-9;

/* The box in work. Coordinates s[k] = dual[k] . (x - low) count along periodic edges only. */
struct frame {
  double low[3], edge[3][3], dual[3][3];
  int periodic[3];
  double reach[3];          /* of s */
  double least[3], most[3]; /* of the points' s, once they are inside */
  double corner[2][3];      /* lowest and highest coordinates of the points inside */
};

/* A unit vector normal to a, and to b unless that is NULL. */
static void normal_to(const double a[3], const double b[3], double normal[3])
{
  double axis[3] = {0.0, 0.0, 0.0};
  if (!b) {
    int smallest = 0;
    for (int d = 1; d < 3; d++)
      if (fabs(a[d]) < fabs(a[smallest]))
        smallest = d;
    axis[smallest] = 1.0;
    b = axis;
  }
  cross3(a, b, normal);
  const double length = norm3(normal);
  for (int d = 0; d < 3; d++)
    normal[d] /= length;
}

/* Puts unit vectors, normal to the periodic edges, in the place of the others. */
static void complete_edges(struct frame *frame)
{
  int order[3], count = 0;
  for (int k = 0; k < 3; k++)
    if (frame->periodic[k])
      order[count++] = k;
  const int periodic = count;
  for (int k = 0; k < 3; k++)
    if (!frame->periodic[k])
      order[count++] = k;
  if (periodic == 0) {
    memset(frame->edge, 0, sizeof frame->edge);
    for (int k = 0; k < 3; k++)
      frame->edge[k][k] = 1.0;
  }
  if (periodic == 1)
    normal_to(frame->edge[order[0]], NULL, frame->edge[order[1]]);
  if (periodic == 1 || periodic == 2)
    normal_to(frame->edge[order[0]], frame->edge[order[1]], frame->edge[order[2]]);
}

static enum mlgrain_status make_frame(const struct mlgrain_box *box, double reach,
                                      struct frame *frame, struct mlgrain_error *error)
{
  memset(frame, 0, sizeof *frame);
  for (int k = 0; k < 3; k++) {
    frame->periodic[k] = !box->bounded[k];
    frame->low[k] = box->low[k];
    for (int d = 0; d < 3; d++) {
      frame->edge[k][d] = box->edge[k][d];
      if (frame->periodic[k] && !(isfinite(box->edge[k][d]) && isfinite(box->low[d])))
        return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "the box has an edge that is not finite");
    }
  }
  complete_edges(frame);
  const double volume = dual3(frame->edge, frame->dual);
  const double lengths = norm3(frame->edge[0]) * norm3(frame->edge[1]) * norm3(frame->edge[2]);
  if (!(fabs(volume) > FLAT * lengths) || !isfinite(lengths))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the periodic edges of the box are zero, or lie in one plane or line");
  for (int k = 0; k < 3; k++)
    frame->reach[k] = reach * A_LITTLE_MORE * norm3(frame->dual[k]);
  return MLGRAIN_SUCCESS;
}

static double inside(const struct frame *frame, int k, const double x[3])
{
  const double from_low[3] = {x[0] - frame->low[0], x[1] - frame->low[1], x[2] - frame->low[2]};
  return dot3(frame->dual[k], from_low);
}

/* Moves a point into the box; points inside keep every digit. */
static void wrap(const struct frame *frame, double x[3])
{
  for (int k = 0; k < 3; k++) {
    const double turns = frame->periodic[k] ? floor(inside(frame, k, x)) : 0.0;
    if (turns != 0.0)
      for (int d = 0; d < 3; d++)
        x[d] -= turns * frame->edge[k][d];
  }
}

/* Copies the points into the box and notes what room they take. */
static enum mlgrain_status place_points(size_t n, const double (*x)[3], struct frame *frame,
                                        struct mlgrain_images *images, size_t *bad)
{
  for (int k = 0; k < 3; k++) {
    frame->least[k] = frame->corner[0][k] = HUGE_VAL;
    frame->most[k] = frame->corner[1][k] = -HUGE_VAL;
  }
  for (size_t i = 0; i < n; i++) {
    double *to = images->x[i];
    memcpy(to, x[i], sizeof images->x[i]);
    wrap(frame, to);
    images->owner[i] = (int)i;
    for (int k = 0; k < 3; k++) {
      if (!isfinite(to[k])) {
        *bad = i;
        return MLGRAIN_NOT_FINITE;
      }
      const double s = inside(frame, k, to);
      frame->least[k] = fmin(frame->least[k], s);
      frame->most[k] = fmax(frame->most[k], s);
      frame->corner[0][k] = fmin(frame->corner[0][k], to[k]);
      frame->corner[1][k] = fmax(frame->corner[1][k], to[k]);
    }
  }
  images->count = n;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status grow(struct mlgrain_images *images, size_t *room)
{
  const size_t larger = *room + *room / 2 + 64;
  double(*x)[3] = realloc(images->x, larger * sizeof *x);
  if (x)
    images->x = x;
  int *owner = x ? realloc(images->owner, larger * sizeof *owner) : NULL;
  if (!owner)
    return MLGRAIN_OUT_OF_MEMORY;
  images->owner = owner;
  *room = larger;
  return MLGRAIN_SUCCESS;
}

/* Whether x is within the reach of the room that the points take. */
static int near_points(const struct frame *frame, double reach2, const double x[3])
{
  double distance2 = 0.0;
  for (int d = 0; d < 3; d++) {
    const double out = fmax(fmax(frame->corner[0][d] - x[d], x[d] - frame->corner[1][d]), 0.0);
    distance2 += out * out;
  }
  return distance2 <= reach2;
}

/* The shifts along edge k that bring a coordinate s near the points: first .. last. */
static void find_shifts(const struct frame *frame, int k, double s, double *first, double *last)
{
  *first = frame->periodic[k] ? ceil(frame->least[k] - frame->reach[k] - s) : 0.0;
  *last = frame->periodic[k] ? floor(frame->most[k] + frame->reach[k] - s) : 0.0;
}

static enum mlgrain_status add_images_of(const struct frame *frame, size_t point, double reach2,
                                         struct mlgrain_images *images, size_t *room)
{
  double first[3], last[3];
  const double x[3] = {images->x[point][0], images->x[point][1], images->x[point][2]};
  for (int k = 0; k < 3; k++)
    find_shifts(frame, k, inside(frame, k, x), &first[k], &last[k]);
  for (int64_t i = (int64_t)first[0]; i <= (int64_t)last[0]; i++)
    for (int64_t j = (int64_t)first[1]; j <= (int64_t)last[1]; j++)
      for (int64_t k = (int64_t)first[2]; k <= (int64_t)last[2]; k++) {
        const double m[3] = {(double)i, (double)j, (double)k};
        double image[3];
        combine3(frame->edge, m, image);
        for (int d = 0; d < 3; d++)
          image[d] += x[d];
        if ((i == 0 && j == 0 && k == 0) || !near_points(frame, reach2, image))
          continue;
        if (images->count == *room && grow(images, room))
          return MLGRAIN_OUT_OF_MEMORY;
        memcpy(images->x[images->count], image, sizeof image);
        images->owner[images->count++] = (int)point;
      }
  return MLGRAIN_SUCCESS;
}

/* Whether there are so many shifts that images can't be numbered; far more than one ever wants. */
static int too_many(size_t n, const struct frame *frame)
{
  double count = (double)n;
  for (int k = 0; k < 3; k++)
    if (frame->periodic[k])
      count *= 1.0 + frame->most[k] - frame->least[k] + 2.0 * frame->reach[k];
  return !(count < (double)INT32_MAX);
}

static enum mlgrain_status fill(size_t n, const double (*x)[3], struct frame *frame, double reach,
                                struct mlgrain_images *images, size_t *bad,
                                struct mlgrain_error *error)
{
  size_t room = n + n / 8 + 64, culprit = 0;
  images->x = malloc(room * sizeof *images->x);
  images->owner = malloc(room * sizeof *images->owner);
  if (!images->x || !images->owner)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu points", n);
  if (place_points(n, x, frame, images, &culprit)) {
    if (bad)
      *bad = culprit;
    return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "point %zu has a coordinate that is not finite",
                        culprit);
  }
  if (n && too_many(n, frame))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "a reach of %g needs 2^31 periodic images or more in this box", reach);
  const double reach2 = reach * A_LITTLE_MORE * reach * A_LITTLE_MORE;
  for (size_t i = 0; i < n; i++)
    if (add_images_of(frame, i, reach2, images, &room))
      return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for periodic images");
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_images_create(size_t n, const double (*x)[3],
                                          const struct mlgrain_box *box, double reach,
                                          struct mlgrain_images **images, size_t *bad,
                                          struct mlgrain_error *error)
{
  struct frame frame;
  *images = NULL;
  if (!(reach > 0.0 && isfinite(reach)))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "reach %g is not a positive number",
                        reach);
  if (n > INT32_MAX)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%zu points are more than 2^31 - 1", n);
  enum mlgrain_status status = make_frame(box, reach, &frame, error);
  if (status) {
    if (bad)
      *bad = n;
    return status;
  }
  struct mlgrain_images *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for periodic images");
  status = fill(n, x, &frame, reach, made, bad, error);
  if (status)
    mlgrain_images_free(made);
  else
    *images = made;
  return status;
}

void mlgrain_images_free(struct mlgrain_images *images)
{
  if (!images)
    return;
  free(images->x);
  free(images->owner);
  free(images);
}
