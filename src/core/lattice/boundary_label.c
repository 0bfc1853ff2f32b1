/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lattice/boundary_label.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "lattice/exact.h"
#include "lattice/rotation_private.h"
#include "mlgrain/orientation.h"

/* Numbers of quadruples and of planes that angles are rounded to. */
enum { LARGEST_TURN = 1000 };

/* Angles in labels are rounded by less, degrees. */
static const double ROUNDING = 0.01;

static const double DEGREE = 3.14159265358979323846 / 180.0;

/* --- labels --- */

/* The image of a plane or a direction by rotation s and a sign. */
static void make_image(const struct mlgrain_lattice *lattice, const int64_t indices[3], int s,
                       int64_t sign, int is_plane, int64_t image[3])
{
  int overflow = 0; /* entries are 0 or 1, or small */
  if (is_plane)
    exact_apply_transpose(lattice->rotation[s], indices, image, &overflow);
  else
    exact_apply(lattice->rotation[s], indices, image, &overflow);
  for (int k = 0; k < 3; k++)
    image[k] *= sign;
}

static int is_of_family(const struct mlgrain_lattice *lattice, const int64_t indices[3],
                        const int64_t like[3], int is_plane)
{
  for (int s = 0; s < lattice->rotations; s++)
    for (int64_t sign = -1; sign <= 1; sign += 2) {
      int64_t image[3];
      make_image(lattice, like, s, sign, is_plane, image);
      if (!memcmp(image, indices, sizeof image))
        return 1;
    }
  return 0;
}

/* Boundaries of a label, each once. */
struct found {
  struct mlgrain_boundary boundary[2 * MLGRAIN_MOST_LATTICE_ROTATIONS];
  struct mlgrain_boundary_key key[2 * MLGRAIN_MOST_LATTICE_ROTATIONS];
  int is_symmetric[2 * MLGRAIN_MOST_LATTICE_ROTATIONS];
  int count;
};

static enum mlgrain_status has_axis(const struct mlgrain_lattice *lattice,
                                    const struct mlgrain_boundary *boundary, const int64_t axis[3],
                                    int *has, struct mlgrain_error *error)
{
  struct mlgrain_boundary_name name[MLGRAIN_MOST_LATTICE_ROTATIONS];
  int count;
  const enum mlgrain_status status = mlgrain_boundary_names(lattice, boundary, name, &count, error);
  *has = 0;
  for (int k = 0; !status && k < count; k++)
    *has |= is_of_family(lattice, name[k].axis, axis, 0);
  return status;
}

/* Adds a boundary that is as the label says and not known yet; too many don't matter. */
static enum mlgrain_status add_found(const struct mlgrain_lattice *lattice,
                                     const struct boundary_label *label,
                                     const struct mlgrain_rotation *rotation,
                                     const int64_t plane[3], struct found *found,
                                     struct mlgrain_error *error)
{
  struct mlgrain_boundary boundary;
  struct mlgrain_boundary_key key;
  enum mlgrain_boundary_kind kind;
  int has = 1;
  enum mlgrain_status status = mlgrain_boundary_create(lattice, rotation, plane, &boundary, error);
  const int64_t *second = label->planes.plane[label->planes.has_second];
  if (status || !is_of_family(lattice, boundary.plane[1], second, 1))
    return status;
  status = mlgrain_boundary_key_find(lattice, &boundary, &key, error);
  for (int k = 0; !status && k < found->count; k++)
    if (!memcmp(&found->key[k], &key, sizeof key))
      return MLGRAIN_SUCCESS;
  if (!status && label->has_axis)
    status = has_axis(lattice, &boundary, label->axis, &has, error);
  if (!status)
    status = mlgrain_boundary_kind_find(lattice, &boundary, &kind, error);
  if (status || !has || found->count == 2 * MLGRAIN_MOST_LATTICE_ROTATIONS)
    return status;
  found->boundary[found->count] = boundary;
  found->key[found->count] = key;
  found->is_symmetric[found->count++] = kind == MLGRAIN_SYMMETRIC_TILT;
  return MLGRAIN_SUCCESS;
}

/* Those of a rotation with the label's plane of crystal 1. */
static enum mlgrain_status add_all(const struct mlgrain_lattice *lattice,
                                   const struct boundary_label *label,
                                   const struct mlgrain_rotation *rotation, struct found *found,
                                   struct mlgrain_error *error)
{
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (int s = 0; s < lattice->rotations && !status; s++)
    for (int64_t sign = -1; sign <= 1 && !status; sign += 2) {
      int64_t image[3];
      make_image(lattice, label->planes.plane[0], s, sign, 1, image);
      status = add_found(lattice, label, rotation, image, found, error);
    }
  return status;
}

/* Where the crystals have different planes, the inverse rotation, too: a class has both. */
static enum mlgrain_status add_class(const struct mlgrain_lattice *lattice,
                                     const struct boundary_label *label,
                                     const struct mlgrain_rotation *rotation, struct found *found,
                                     struct mlgrain_error *error)
{
  struct mlgrain_rotation inverse;
  enum mlgrain_status status = add_all(lattice, label, rotation, found, error);
  if (status || !label->planes.has_second)
    return status;
  status = mlgrain_rotation_inverse(rotation, &inverse, error);
  return status ? status : add_all(lattice, label, &inverse, found, error);
}

static enum mlgrain_status find_labelled(const struct mlgrain_lattice *lattice,
                                         const struct boundary_label *label, const char *text,
                                         struct found *found, struct mlgrain_error *error)
{
  struct mlgrain_coincidence_class *classes;
  size_t count;
  int place = 0;
  enum mlgrain_status status =
      mlgrain_coincidence_classes(lattice, label->sigma, &classes, &count, error);
  if (status)
    return status;
  for (size_t c = 0; c < count && !status; c++) {
    const struct mlgrain_coincidence_class *class = &classes[c];
    if (class->sigma != label->sigma || (place++ != label->letter && label->letter >= 0) ||
        (label->has_degrees && fabs(class->angle - label->degrees) > ROUNDING))
      continue;
    status = add_class(lattice, label, &class->rotation, found, error);
  }
  mlgrain_free(classes);
  if (!status && label->letter >= place)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "\"%.60s\": Sigma%lld has %d rotation%s",
                        text, (long long)label->sigma, place, place == 1 ? "" : "s");
  return status;
}

/* The label of several boundaries: says how some can be written that are one. */
static enum mlgrain_status several(const struct mlgrain_lattice *lattice, const struct found *found,
                                   const char *text, struct mlgrain_error *error)
{
  enum { SHOWN = 3, FORM_LENGTH = 80 };
  char list[SHOWN * FORM_LENGTH] = "";
  size_t length = 0;
  const int shown = found->count < SHOWN ? found->count : SHOWN;
  for (int k = 0; k < shown; k++) {
    struct mlgrain_boundary_name name[MLGRAIN_MOST_LATTICE_ROTATIONS];
    int count;
    const enum mlgrain_status status =
        mlgrain_boundary_names(lattice, &found->boundary[k], name, &count, error);
    if (status)
      return status;
    const int64_t *axis = name[0].axis, *plane = name[0].plane[0];
    snprintf(list + length, FORM_LENGTH, "%s[%lld %lld %lld] %.4f (%lld %lld %lld)", k ? ", " : "",
             (long long)axis[0], (long long)axis[1], (long long)axis[2], name[0].angle,
             (long long)plane[0], (long long)plane[1], (long long)plane[2]);
    length += strlen(list + length);
  }
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                      "%d boundaries are \"%.60s\": name the rotation's letter or an axis, or "
                      "write one of %s%s",
                      found->count, text, list, found->count > shown ? " ..." : "");
}

enum mlgrain_status mlgrain_boundary_of_label(const struct mlgrain_lattice *lattice,
                                              const struct boundary_label *label, const char *text,
                                              struct mlgrain_boundary *boundary,
                                              struct mlgrain_error *error)
{
  struct found *found = calloc(1, sizeof *found);
  if (!found)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "not enough memory for a boundary");
  enum mlgrain_status status = find_labelled(lattice, label, text, found, error);
  int symmetric = 0, choice = 0;
  for (int k = 0; k < found->count; k++)
    if (found->is_symmetric[k]) {
      symmetric++;
      choice = k;
    }
  if (!status && !found->count)
    status = mlgrain_fail(
        error, MLGRAIN_INVALID_ARGUMENT,
        "no boundary is \"%.100s\" with planes of such a family in either crystal", text);
  else if (!status && found->count > 1 && symmetric != 1)
    status = several(lattice, found, text, error);
  if (!status)
    *boundary = found->boundary[choice];
  free(found);
  return status;
}

/* --- angles --- */

/* tan(theta/2) of the quadruple (q, p axis) is this times p / q: sqrt(v^T G v / det G). */
static double turn_ratio(const struct mlgrain_lattice *lattice, const int64_t axis[3])
{
  int overflow = 0;
  int64_t adjugate[3][3];
  const double volume = (double)exact_adjugate(lattice->gram, adjugate, &overflow);
  double square = 0.0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      square += (double)axis[i] * (double)lattice->gram[i][j] * (double)axis[j];
  return sqrt(square / volume);
}

enum mlgrain_status mlgrain_boundary_of_turn(const struct mlgrain_lattice *lattice,
                                             const int64_t axis[3], double degrees,
                                             const int64_t plane[3], double tolerance,
                                             struct mlgrain_boundary *boundary, double *deviation,
                                             struct mlgrain_error *error)
{
  enum mlgrain_status status = mlgrain_check_indices(axis, 3, "axis", error);
  if (status)
    return status;
  int64_t v[3] = {axis[0], axis[1], axis[2]};
  if (!whole_reduce(v, 3))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "axis: [0 0 0] is no direction");
  const double ratio = turn_ratio(lattice, v), value = tan(0.5 * degrees * DEGREE) / ratio;
  double nearest = INFINITY;
  for (int n = 1; n <= LARGEST_TURN; n++) {
    const int64_t p = fabs(value) <= 1 ? llround(value * n) : value > 0 ? n : -n;
    const int64_t q = fabs(value) <= 1 ? n : llround(n / fabs(value));
    if (whole_gcd(p, q) != 1)
      continue;
    const double angle = 2 * atan2((double)p * ratio, (double)q) / DEGREE;
    const double off = fabs(remainder(angle - degrees, 360.0));
    nearest = fmin(nearest, off);
    if (off > tolerance)
      continue;
    const int64_t quadruple[4] = {q, p * v[0], p * v[1], p * v[2]};
    struct mlgrain_rotation rotation;
    status = mlgrain_rotation_of_quadruple(lattice, quadruple, &rotation, error);
    *deviation = off;
    return status ? status : mlgrain_boundary_create(lattice, &rotation, plane, boundary, error);
  }
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                      "no coincidence about [%lld %lld %lld] with numbers up to %d is within %g "
                      "degrees of %g; the nearest is off by %.3g" BOUNDARY_REMEDIES,
                      (long long)v[0], (long long)v[1], (long long)v[2], LARGEST_TURN, tolerance,
                      degrees, nearest);
}

enum mlgrain_status mlgrain_plane_near(const struct mlgrain_lattice *lattice,
                                       const double direction[3], double tolerance,
                                       int64_t plane[3], struct mlgrain_error *error)
{
  double columns[3][3], axes[3][3], dual[3][3], components[3], size = 0.0, best = INFINITY;
  mlgrain_lattice_frame(lattice, columns);
  for (int i = 0; i < 3; i++)
    for (int d = 0; d < 3; d++)
      axes[i][d] = columns[d][i];
  dual3((const double(*)[3])axes, dual);
  apply3((const double(*)[3])axes, direction, components);
  for (int k = 0; k < 3; k++)
    size = fmax(size, fabs(components[k]));
  if (!(size > 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "normal: it is zero");
  for (int n = 1; n <= LARGEST_TURN; n++) {
    double f[3], got[3], cross[3];
    for (int k = 0; k < 3; k++)
      f[k] = rint(components[k] / size * n);
    combine3((const double(*)[3])dual, f, got);
    cross3(got, direction, cross);
    best = fmin(best, asin(fmin(1.0, norm3(cross) / norm3(got) / norm3(direction))) / DEGREE);
    if (best > tolerance)
      continue;
    for (int k = 0; k < 3; k++)
      plane[k] = llround(f[k]);
    return MLGRAIN_SUCCESS;
  }
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                      "normal: no plane with indices up to %d is within %g degrees; the best is "
                      "off by %.3g degrees" BOUNDARY_REMEDIES,
                      LARGEST_TURN, tolerance, best);
}

void mlgrain_turn_of_euler(const double first[3], const double second[3], const double normal[3],
                           double turn[3][3], double direction[3])
{
  double q1[4], q2[4], turn1[3][3], turn2[3][3], back[3][3];
  mlgrain_quaternion_of_euler(first, q1);
  mlgrain_quaternion_of_euler(second, q2);
  mlgrain_quaternion_matrix(q1, turn1);
  mlgrain_quaternion_matrix(q2, turn2);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      back[i][j] = turn1[j][i];
  apply3((const double(*)[3])back, normal, direction);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      turn[i][j] = back[i][0] * turn2[0][j] + back[i][1] * turn2[1][j] + back[i][2] * turn2[2][j];
}

enum mlgrain_status mlgrain_boundary_of_euler(const struct mlgrain_lattice *lattice,
                                              const double first[3], const double second[3],
                                              const double normal[3], double tolerance,
                                              struct mlgrain_boundary *boundary, double *deviation,
                                              struct mlgrain_error *error)
{
  double turn[3][3], direction[3];
  mlgrain_turn_of_euler(first, second, normal, turn, direction);
  int64_t plane[3];
  struct mlgrain_rotation rotation;
  enum mlgrain_status status = mlgrain_plane_near(lattice, direction, tolerance, plane, error);
  if (!status)
    status = mlgrain_rotation_near(lattice, (const double(*)[3])turn, tolerance, LARGEST_TURN,
                                   &rotation, deviation, error);
  return status ? status : mlgrain_boundary_create(lattice, &rotation, plane, boundary, error);
}

enum mlgrain_status mlgrain_turn_of_axis(const struct mlgrain_lattice *lattice,
                                         const int64_t axis[3], double degrees, double turn[3][3],
                                         struct mlgrain_error *error)
{
  double frame[3][3], v[3], q[4];
  const double f[3] = {(double)axis[0], (double)axis[1], (double)axis[2]};
  const enum mlgrain_status status = mlgrain_check_indices(axis, 3, "axis", error);
  if (status)
    return status;
  mlgrain_lattice_frame(lattice, frame); /* columns */
  apply3((const double(*)[3])frame, f, v);
  const double length = norm3(v), half = 0.5 * degrees * DEGREE;
  if (!(length > 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "axis: [0 0 0] is no direction");
  q[0] = cos(half);
  for (int d = 0; d < 3; d++)
    q[d + 1] = sin(half) * v[d] / length;
  mlgrain_quaternion_matrix(q, turn);
  return MLGRAIN_SUCCESS;
}
