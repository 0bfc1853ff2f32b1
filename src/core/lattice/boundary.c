/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/boundary.h"

#include <stdlib.h>

#include "base/error_text.h"
#include "lattice/equivalents.h"
#include "lattice/exact.h"
#include "lattice/rotation_private.h"

void mlgrain_free(void *list)
{
  free(list);
}

/* Whether a rotation takes the crystal to itself. */
static int is_own_rotation(const struct mlgrain_lattice *lattice,
                           const struct mlgrain_rotation *rotation)
{
  for (int s = 0; s < lattice->rotations; s++)
    if (lattice->sense[s] & MLGRAIN_PROPER && rotation->divisor == 1 &&
        !memcmp(lattice->rotation[s], rotation->matrix, sizeof rotation->matrix))
      return 1;
  return 0;
}

enum mlgrain_status mlgrain_boundary_create(const struct mlgrain_lattice *lattice,
                                            const struct mlgrain_rotation *rotation,
                                            const int64_t plane[3],
                                            struct mlgrain_boundary *boundary,
                                            struct mlgrain_error *error)
{
  struct mlgrain_coincidence coincidence;
  enum mlgrain_status status = mlgrain_set_plane(rotation, plane, boundary->plane, error);
  if (!status)
    status = mlgrain_coincidence_find(lattice, rotation, &coincidence, error);
  if (status)
    return status;
  if (coincidence.sigma == 1 && is_own_rotation(lattice, rotation))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the rotation is one of the crystal's own: the two crystals are one, and "
                        "there is no boundary");
  boundary->rotation = *rotation;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_boundary_key_find(const struct mlgrain_lattice *lattice,
                                              const struct mlgrain_boundary *boundary,
                                              struct mlgrain_boundary_key *key,
                                              struct mlgrain_error *error)
{
  struct equivalents equivalents;
  const enum mlgrain_status status =
      find_equivalents(lattice, &boundary->rotation, &equivalents, error);
  if (status)
    return status;
  int overflow = 0;
  key->number[0] = equivalents.chosen.divisor;
  memcpy(key->number + 1, equivalents.chosen.matrix, sizeof equivalents.chosen.matrix);
  choose_plane(&equivalents, boundary->plane[0], key->number + 10, &overflow);
  return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
}

/* Whether a direction is along the normal of a plane: G v and (h k l) are along each other. */
static int is_normal(const struct mlgrain_lattice *lattice, const int64_t axis[3],
                     const int64_t plane[3], int *overflow)
{
  int64_t dual[3], cross[3];
  exact_apply(lattice->gram, axis, dual, overflow);
  whole_reduce(dual, 3);
  exact_cross(dual, plane, cross, overflow);
  return !cross[0] && !cross[1] && !cross[2];
}

/* The description R S^-1 as a quadruple; S is a proper rotation of the crystal. */
static enum mlgrain_status describe(const struct mlgrain_lattice *lattice,
                                    const struct mlgrain_rotation *rotation, int s,
                                    int64_t quadruple[4], struct mlgrain_error *error)
{
  struct mlgrain_rotation other = {.divisor = rotation->divisor};
  int64_t inverse[3][3];
  int overflow = 0;
  exact_adjugate(lattice->rotation[s], inverse, &overflow);
  exact_multiply(rotation->matrix, inverse, other.matrix, &overflow);
  if (overflow)
    return mlgrain_too_large(error);
  return mlgrain_rotation_quadruple(lattice, &other, quadruple, error);
}

/* Axes stay the same when both crystals are described anew in the same way: R S^-1 are all. */
enum mlgrain_status mlgrain_boundary_kind_find(const struct mlgrain_lattice *lattice,
                                               const struct mlgrain_boundary *boundary,
                                               enum mlgrain_boundary_kind *kind,
                                               struct mlgrain_error *error)
{
  *kind = MLGRAIN_MIXED;
  for (int s = 0; s < lattice->rotations; s++) {
    if (!(lattice->sense[s] & MLGRAIN_PROPER))
      continue;
    int64_t q[4] = {0};
    int overflow = 0;
    const enum mlgrain_status status = describe(lattice, &boundary->rotation, s, q, error);
    if (status)
      return status;
    enum mlgrain_boundary_kind found = MLGRAIN_MIXED;
    if (is_normal(lattice, q + 1, boundary->plane[0], &overflow))
      found = q[0] ? MLGRAIN_TWIST : MLGRAIN_SYMMETRIC_TILT;
    else if (!exact_dot(q + 1, boundary->plane[0], &overflow))
      found = MLGRAIN_ASYMMETRIC_TILT;
    if (overflow)
      return mlgrain_too_large(error);
    *kind = found < *kind ? found : *kind;
  }
  return MLGRAIN_SUCCESS;
}

/* Of an axis and its images, and the opposite ones if both senses are the same, the largest. The
   planes go the same way; of equal axes the one with the largest plane. */
static void set_standard(const struct mlgrain_lattice *lattice, const int64_t axis[3],
                         const int64_t plane[2][3], struct mlgrain_boundary_name *name,
                         int *overflow)
{
  int64_t best[9] = {INT64_MIN, 0, 0, 0, 0, 0, 0, 0, 0};
  for (int s = 0; s < lattice->rotations; s++) {
    int64_t inverse[3][3], image[9];
    exact_adjugate(lattice->rotation[s], inverse, overflow);
    exact_apply(lattice->rotation[s], axis, image, overflow);
    for (int k = 0; k < 2; k++)
      exact_apply_transpose(inverse, plane[k], image + 3 + 3 * k, overflow);
    for (int sense = MLGRAIN_PROPER; sense <= MLGRAIN_IMPROPER; sense++) {
      /* inversion turns all planes round */
      if (lattice->sense[s] & sense && compare_whole(image, best, 9) > 0)
        memcpy(best, image, sizeof best);
      for (int k = 3; k < 9; k++)
        image[k] = -image[k];
    }
  }
  memcpy(name->axis, best, sizeof name->axis);
  memcpy(name->plane, best + 3, sizeof name->plane);
}

/* Angle and axis of R S^-1, the axis without common factor. */
static enum mlgrain_status find_axis(const struct mlgrain_lattice *lattice,
                                     const struct mlgrain_rotation *rotation, int s, double *angle,
                                     int64_t axis[3], struct mlgrain_error *error)
{
  int64_t q[4];
  struct mlgrain_rotation described;
  enum mlgrain_status status = describe(lattice, rotation, s, q, error);
  if (!status)
    status = mlgrain_rotation_of_quadruple(lattice, q, &described, error);
  if (status)
    return status;
  *angle = mlgrain_rotation_angle(&described);
  memcpy(axis, q + 1, 3 * sizeof *axis);
  whole_reduce(axis, 3);
  return MLGRAIN_SUCCESS;
}

/* The axis that a name has: the largest of its images and of those of the opposite one, which is
   that of the exchanged crystals. */
static void find_standard_axis(const struct mlgrain_lattice *lattice, const int64_t axis[3],
                               int64_t standard[3], int *overflow)
{
  int64_t best[3] = {INT64_MIN, 0, 0};
  for (int s = 0; s < lattice->rotations; s++) {
    int64_t image[3];
    exact_apply(lattice->rotation[s], axis, image, overflow);
    for (int exchanged = 0; exchanged < 2; exchanged++) {
      if (compare_whole(image, best, 3) > 0)
        memcpy(best, image, sizeof best);
      for (int d = 0; d < 3; d++)
        image[d] = -image[d];
    }
  }
  memcpy(standard, best, sizeof best);
}

/* The name of R S^-1 with angle and axis; exchanged, the axis is the opposite one, with the planes
   exchanged: of both the one with the larger axis. */
static enum mlgrain_status find_name(const struct mlgrain_lattice *lattice,
                                     const struct mlgrain_boundary *boundary, int s,
                                     struct mlgrain_boundary_name *name,
                                     struct mlgrain_error *error)
{
  int64_t axis[2][3], plane[2][2][3], inverse[3][3];
  int overflow = 0;
  const enum mlgrain_status status =
      find_axis(lattice, &boundary->rotation, s, &name->angle, axis[0], error);
  if (status)
    return status;
  memcpy(plane[0][0], boundary->plane[0], sizeof plane[0][0]);
  exact_adjugate(lattice->rotation[s], inverse, &overflow);
  exact_apply_transpose(inverse, boundary->plane[1], plane[0][1], &overflow);
  for (int d = 0; d < 3; d++) { /* the normal points the other way */
    axis[1][d] = -axis[0][d];
    plane[1][0][d] = -plane[0][1][d];
    plane[1][1][d] = -plane[0][0][d];
  }
  name->is_twist = is_normal(lattice, axis[0], boundary->plane[0], &overflow);
  name->is_tilt = !exact_dot(axis[0], boundary->plane[0], &overflow);
  struct mlgrain_boundary_name exchanged = *name;
  set_standard(lattice, axis[0], plane[0], name, &overflow);
  set_standard(lattice, axis[1], plane[1], &exchanged, &overflow);
  const int order = compare_whole(exchanged.axis, name->axis, 3);
  if (order > 0 || (!order && compare_whole(exchanged.plane[0], name->plane[0], 6) > 0))
    *name = exchanged;
  return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
}

static int by_angle(const void *a, const void *b)
{
  const struct mlgrain_boundary_name *p = a, *q = b;
  if (p->angle != q->angle)
    return p->angle < q->angle ? -1 : 1;
  const int order = compare_whole(q->axis, p->axis, 3);
  return order ? order : compare_whole(q->plane[0], p->plane[0], 6);
}

enum mlgrain_status
mlgrain_boundary_names(const struct mlgrain_lattice *lattice,
                       const struct mlgrain_boundary *boundary,
                       struct mlgrain_boundary_name name[MLGRAIN_MOST_LATTICE_ROTATIONS],
                       int *count, struct mlgrain_error *error)
{
  int found = 0;
  for (int s = 0; s < lattice->rotations; s++) {
    if (!(lattice->sense[s] & MLGRAIN_PROPER))
      continue;
    const enum mlgrain_status status = find_name(lattice, boundary, s, &name[found++], error);
    if (status)
      return status;
  }
  qsort(name, (size_t)found, sizeof *name, by_angle);
  *count = 0;
  for (int k = 0; k < found; k++)
    if (!*count || by_angle(&name[k], &name[*count - 1]))
      name[(*count)++] = name[k];
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_coincidence_class_find(const struct mlgrain_lattice *lattice,
                                                   const struct mlgrain_rotation *rotation,
                                                   struct mlgrain_coincidence_class *found,
                                                   struct mlgrain_error *error)
{
  struct equivalents equivalents;
  struct mlgrain_coincidence coincidence;
  enum mlgrain_status status = mlgrain_coincidence_find(lattice, rotation, &coincidence, error);
  if (!status)
    status = find_equivalents(lattice, rotation, &equivalents, error);
  if (status)
    return status;
  found->sigma = coincidence.sigma;
  found->rotation = equivalents.chosen;
  int overflow = 0;
  for (int s = 0, is_first = 1; s < lattice->rotations; s++) {
    if (!(lattice->sense[s] & MLGRAIN_PROPER))
      continue;
    double angle;
    int64_t axis[3];
    status = find_axis(lattice, &equivalents.chosen, s, &angle, axis, error);
    if (status)
      return status;
    find_standard_axis(lattice, axis, axis, &overflow);
    if (is_first || angle < found->angle - 1e-10 ||
        (angle < found->angle + 1e-10 && compare_whole(axis, found->axis, 3) > 0)) {
      found->angle = angle;
      memcpy(found->axis, axis, sizeof axis);
    }
    is_first = 0;
  }
  return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
}
