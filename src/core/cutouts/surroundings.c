/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atoms near a point of a box, periodic images included; the choice of centers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "cutout_private.h"

/* Along each edge, images from -steps to +steps of the nearest one can be within some distance. */
struct images {
  const double (*edge)[3];
  double dual[3][3];
  int steps[3], periodic[3];
};

static const double MOST_STEPS = 1000.0;

static enum mlgrain_status find_images(const struct mlgrain_box *box, double reach,
                                       struct images *images, struct mlgrain_error *error)
{
  *images = (struct images){.edge = box->edge};
  if (!cutout_spans(box->edge))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the box has no volume");
  dual3(box->edge, images->dual);
  for (int k = 0; k < 3; k++) {
    const double steps = ceil(reach * norm3(images->dual[k]) + 0.5);
    images->periodic[k] = !box->bounded[k];
    if (!images->periodic[k])
      continue;
    if (!(steps <= MOST_STEPS))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "a distance of %g holds too many images of the box", reach);
    images->steps[k] = (int)steps;
  }
  return MLGRAIN_SUCCESS;
}

/* Moves a difference of two points to the image whose coordinates along periodic edges are within
   half an edge. */
static void nearest_image(const struct images *images, double d[3])
{
  double f[3];
  apply3(images->dual, d, f);
  for (int k = 0; k < 3; k++) {
    const double whole = images->periodic[k] ? floor(f[k] + 0.5) : 0.0;
    for (int c = 0; c < 3; c++)
      d[c] -= whole * images->edge[k][c];
  }
}

/* Calls visit(image, data) for all images of a difference within reach, until it returns nonzero.
 */
static int for_images(const struct images *images, const double difference[3], double reach,
                      int (*visit)(const double image[3], void *data), void *data)
{
  double d[3] = {difference[0], difference[1], difference[2]};
  nearest_image(images, d);
  for (int a = -images->steps[0]; a <= images->steps[0]; a++)
    for (int b = -images->steps[1]; b <= images->steps[1]; b++)
      for (int c = -images->steps[2]; c <= images->steps[2]; c++) {
        const double shift[3] = {a, b, c};
        double image[3];
        combine3(images->edge, shift, image);
        for (int k = 0; k < 3; k++)
          image[k] += d[k];
        if (dot3(image, image) < reach * reach && visit(image, data))
          return 1;
      }
  return 0;
}

/* ---- surroundings --------------------------------------------------------------------------- */

struct growing {
  struct mlgrain_surroundings *found;
  size_t room, atom;
  int failed;
};

static int add(const double image[3], void *data)
{
  struct growing *to = data;
  struct mlgrain_surroundings *found = to->found;
  if (found->count == to->room) {
    const size_t room = 2 * to->room + 1024;
    void *x = realloc(found->x, room * sizeof *found->x);
    if (x)
      found->x = x;
    void *atom = realloc(found->atom, room * sizeof *found->atom);
    if (atom)
      found->atom = atom;
    to->failed = !x || !atom;
    if (to->failed)
      return 1;
    to->room = room;
  }
  memcpy(found->x[found->count], image, sizeof found->x[0]);
  found->atom[found->count++] = to->atom;
  return 0;
}

enum mlgrain_status mlgrain_surroundings_find(size_t n, const double (*x)[3],
                                              const struct mlgrain_box *box, const double center[3],
                                              double reach,
                                              struct mlgrain_surroundings **surroundings,
                                              struct mlgrain_error *error)
{
  struct images images;
  *surroundings = NULL;
  if (!(reach > 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "a reach of %g is not positive", reach);
  enum mlgrain_status status = find_images(box, reach, &images, error);
  if (status)
    return status;
  struct growing to = {calloc(1, sizeof *to.found), 0, 0, 0};
  if (!to.found)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for surroundings");
  for (to.atom = 0; to.atom < n && !status; to.atom++) {
    double d[3];
    for (int k = 0; k < 3; k++)
      d[k] = x[to.atom][k] - center[k];
    if (!isfinite(d[0]) || !isfinite(d[1]) || !isfinite(d[2]))
      status = mlgrain_fail(error, MLGRAIN_NOT_FINITE, "the position of atom %zu is not finite",
                            to.atom);
    else
      for_images(&images, d, reach, add, &to);
    if (to.failed)
      status = mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for surroundings");
  }
  if (status)
    mlgrain_surroundings_free(to.found);
  else
    *surroundings = to.found;
  return status;
}

void mlgrain_surroundings_free(struct mlgrain_surroundings *surroundings)
{
  if (!surroundings)
    return;
  free(surroundings->x);
  free(surroundings->atom);
  free(surroundings);
}

/* ---- centers -------------------------------------------------------------------------------- */

static int stop_at_first(const double image[3], void *data)
{
  (void)image;
  (void)data;
  return 1;
}

int mlgrain_cutout_is_near(const struct mlgrain_box *box, const double a[3], const double b[3],
                           double distance)
{
  struct images images;
  const double d[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]};
  if (!(distance > 0.0) || find_images(box, distance, &images, NULL))
    return 0;
  return for_images(&images, d, distance, stop_at_first, NULL);
}

enum mlgrain_status mlgrain_cutout_centers(size_t n, const double (*x)[3],
                                           const struct mlgrain_box *box, const double *score,
                                           double limit, double apart, size_t most, size_t *center,
                                           size_t *count, struct mlgrain_error *error)
{
  *count = 0;
  if (!cutout_spans(box->edge))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the box has no volume");
  char *taken = calloc(n + 1, 1);
  if (!taken)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for centers");
  while (*count < most) {
    size_t best = n;
    for (size_t i = 0; i < n; i++)
      if (!taken[i] && isfinite(score[i]) && score[i] > (best < n ? score[best] : limit))
        best = i;
    if (best == n)
      break;
    center[(*count)++] = best;
    taken[best] = 1;
    for (size_t i = 0; i < n; i++)
      if (!taken[i] && score[i] > limit && mlgrain_cutout_is_near(box, x[best], x[i], apart))
        taken[i] = 1;
  }
  free(taken);
  return MLGRAIN_SUCCESS;
}
