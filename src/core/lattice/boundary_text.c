/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/boundary_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "lattice/boundary_label.h"
#include "lattice/boundary_scan.h"
#include "lattice/exact.h"
#include "lattice/rotation_private.h"
#include "mlgrain/measured_boundary.h"
#include "mlgrain/orientation.h"

static const double DEGREE = 3.14159265358979323846 / 180.0;

/* Angles may lead to a coincidence with a Sigma above the first, where one up to the second may be
   meant. */
enum { LARGE_SIGMA = 200, SMALL_SIGMA = 49 };

/* What is farther away, in degrees, isn't near. */
static const double FAR = 15.0;

static enum mlgrain_status malformed(const struct scan *scan, const char *form,
                                     struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "boundary \"%.200s\": %s", scan->text,
                      scan->problem ? scan->problem : form);
}

/* --- coincidences --- */

/* That the plane of crystal 2, where it is told, is the one that follows from crystal 1's. */
static enum mlgrain_status check_second(const struct scan *scan, const struct scan_planes *planes,
                                        const struct mlgrain_boundary *boundary,
                                        struct mlgrain_error *error)
{
  const int64_t *found = boundary->plane[1];
  int64_t told[3], opposite[3];
  if (!planes->has_second)
    return MLGRAIN_SUCCESS;
  memcpy(told, planes->plane[1], sizeof told);
  whole_reduce(told, 3);
  for (int k = 0; k < 3; k++)
    opposite[k] = -told[k];
  if (!memcmp(told, found, sizeof told) || !memcmp(opposite, found, sizeof opposite))
    return MLGRAIN_SUCCESS;
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                      "boundary \"%.200s\": the plane of crystal 2 is (%lld %lld %lld), not (%lld "
                      "%lld %lld)",
                      scan->text, (long long)found[0], (long long)found[1], (long long)found[2],
                      (long long)told[0], (long long)told[1], (long long)told[2]);
}

static enum mlgrain_status create(const struct scan *scan, const struct mlgrain_rotation *rotation,
                                  const struct scan_planes *planes,
                                  struct mlgrain_boundary *boundary, struct mlgrain_error *error)
{
  const enum mlgrain_status status =
      mlgrain_boundary_create(scan->lattice, rotation, planes->plane[0], boundary, error);
  return status ? status : check_second(scan, planes, boundary, error);
}

static int scan_label(struct scan *scan, struct boundary_label *label)
{
  if (!scan_digits(scan, &label->sigma))
    return 0;
  scan_letter(scan, &label->letter);
  label->has_degrees = scan_degrees(scan, &label->degrees);
  const char *before = scan->at;
  label->has_axis = scan_direction(scan, label->axis);
  if (!label->has_axis)
    scan->at = before;
  return scan_planes(scan, &label->planes);
}

static enum mlgrain_status parse_label(struct scan *scan, struct mlgrain_boundary *boundary,
                                       struct mlgrain_error *error)
{
  struct boundary_label label = {.letter = -1};
  if (!scan_label(scan, &label))
    return malformed(scan, "a label is as \"Sigma5 (3 1 0)\" or \"Sigma13b [1 1 1] (1 1 1)\"",
                     error);
  if (!whole_reduce(label.planes.plane[0], 3) ||
      (label.planes.has_second && !whole_reduce(label.planes.plane[1], 3)) ||
      (label.has_axis && !whole_reduce(label.axis, 3)))
    return malformed(scan, "all indices are 0", error);
  return mlgrain_boundary_of_label(scan->lattice, &label, scan->text, boundary, error);
}

struct turn {
  int64_t axis[3];
  double degrees;
  struct scan_planes planes;
};

/* "[0 0 1] 36.87 (3 1 0)", or as names are printed: "36.8699 degrees about [0 0 1], (3 1 0) / (3 -1
   0), tilt". */
static enum mlgrain_status scan_turn(struct scan *scan, struct turn *turn,
                                     struct mlgrain_error *error)
{
  const int is_name = scan_degrees(scan, &turn->degrees) && scan_word(scan, "about", 1);
  if (!scan_direction(scan, turn->axis) || (!is_name && !scan_reals(scan, &turn->degrees, 1)) ||
      !scan_planes(scan, &turn->planes))
    return malformed(scan, "a turn is as \"[0 0 1] 36.87 (3 1 0)\"", error);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status parse_turn(struct scan *scan, double tolerance,
                                      struct mlgrain_boundary *boundary, double *deviation,
                                      struct mlgrain_error *error)
{
  struct turn turn;
  enum mlgrain_status status = scan_turn(scan, &turn, error);
  if (!status)
    status = mlgrain_boundary_of_turn(scan->lattice, turn.axis, turn.degrees, turn.planes.plane[0],
                                      tolerance, boundary, deviation, error);
  return status ? status : check_second(scan, &turn.planes, boundary, error);
}

static enum mlgrain_status parse_quadruple(struct scan *scan, struct mlgrain_boundary *boundary,
                                           struct mlgrain_error *error)
{
  int64_t quadruple[4];
  struct scan_planes planes;
  struct mlgrain_rotation rotation;
  if (!scan_wholes(scan, quadruple, 4) || !scan_planes(scan, &planes))
    return malformed(scan, "a quadruple is as \"q 3 0 0 1 (3 1 0)\"", error);
  const enum mlgrain_status status =
      mlgrain_rotation_of_quadruple(scan->lattice, quadruple, &rotation, error);
  return status ? status : create(scan, &rotation, &planes, boundary, error);
}

static enum mlgrain_status scan_euler(struct scan *scan, double angle[6], double normal[3],
                                      struct mlgrain_error *error)
{
  if (!scan_reals(scan, angle, 6) || !scan_accept(scan, "(") || !scan_reals(scan, normal, 3) ||
      !scan_accept(scan, ")") || !scan_end(scan))
    return malformed(scan, "Euler angles are as \"euler 0 0 0 36.87 0 0 (3 1 0)\"", error);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status parse_euler(struct scan *scan, double tolerance,
                                       struct mlgrain_boundary *boundary, double *deviation,
                                       struct mlgrain_error *error)
{
  double angle[6], normal[3];
  const enum mlgrain_status status = scan_euler(scan, angle, normal, error);
  return status ? status
                : mlgrain_boundary_of_euler(scan->lattice, angle, angle + 3, normal, tolerance,
                                            boundary, deviation, error);
}

static enum mlgrain_status parse_key(struct scan *scan, struct mlgrain_boundary *boundary,
                                     struct mlgrain_error *error)
{
  int64_t number[13];
  struct mlgrain_rotation rotation;
  if (!scan_wholes(scan, number, 13) || !scan_end(scan))
    return malformed(scan, "a key has 13 whole numbers", error);
  const enum mlgrain_status status = mlgrain_rotation_of_matrix(
      scan->lattice, (const int64_t(*)[3])(number + 1), number[0], &rotation, error);
  return status ? status
                : mlgrain_boundary_create(scan->lattice, &rotation, number + 10, boundary, error);
}

static enum mlgrain_status scan_rows(struct scan *scan, int64_t rows[2][3][3],
                                     struct mlgrain_error *error)
{
  for (int k = 0; k < 6; k++)
    if (!scan_wholes(scan, rows[k / 3][k % 3], 3) || (k == 2 && !scan_accept(scan, "|")) ||
        (k < 5 && k != 2 && !scan_accept(scan, "/")))
      return malformed(scan, "rows are as \"3 1 0 / 0 0 1 / 1 -3 0 | 3 1 0 / 0 0 -1 / -1 3 0\"",
                       error);
  return scan_end(scan) ? MLGRAIN_SUCCESS
                        : malformed(scan, "there is more than two times three rows", error);
}

/* The plane whose normal is along a direction. */
static enum mlgrain_status plane_across(const struct scan *scan, const int64_t direction[3],
                                        int64_t plane[3], struct mlgrain_error *error)
{
  int overflow = 0;
  exact_apply(scan->lattice->gram, direction, plane, &overflow);
  whole_reduce(plane, 3);
  return overflow ? malformed(scan, "numbers too large", error) : MLGRAIN_SUCCESS;
}

static enum mlgrain_status parse_rows(struct scan *scan, struct mlgrain_boundary *boundary,
                                      struct mlgrain_error *error)
{
  int64_t rows[2][3][3], normal[3];
  struct mlgrain_rotation rotation;
  enum mlgrain_status status = scan_rows(scan, rows, error);
  if (!status)
    status = mlgrain_rotation_of_rows(scan->lattice, (const int64_t(*)[3])rows[0],
                                      (const int64_t(*)[3])rows[1], &rotation, error);
  if (!status)
    status = plane_across(scan, rows[0][0], normal, error);
  return status ? status
                : mlgrain_boundary_create(scan->lattice, &rotation, normal, boundary, error);
}

/* Whether axis and angle are next. */
static int is_turn(struct scan scan)
{
  double degrees;
  return scan_accept(&scan, "[<") || scan_degrees(&scan, &degrees);
}

enum mlgrain_status mlgrain_boundary_parse(const struct mlgrain_lattice *lattice, const char *text,
                                           double tolerance, struct mlgrain_boundary *boundary,
                                           double *deviation, struct mlgrain_error *error)
{
  struct scan scan = {lattice, text, text, NULL};
  *deviation = 0.0;
  if (!(tolerance >= 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the tolerance %g is negative", tolerance);
  if (strchr(text, '|'))
    return parse_rows(&scan, boundary, error);
  if (is_turn(scan))
    return parse_turn(&scan, tolerance, boundary, deviation, error);
  if (scan_word(&scan, "q", 1))
    return parse_quadruple(&scan, boundary, error);
  if (scan_word(&scan, "euler", 1))
    return parse_euler(&scan, tolerance, boundary, deviation, error);
  if (scan_word(&scan, "key", 1))
    return parse_key(&scan, boundary, error);
  if (scan_word(&scan, "sigma", 0) || scan_word(&scan, "s", 0) ||
      scan_word(&scan, "\xce\xa3", 0)) /* the Greek letter */
    return parse_label(&scan, boundary, error);
  return malformed(&scan,
                   "boundaries are as \"Sigma5 (3 1 0)\", \"[0 0 1] 36.87 (3 1 0)\", "
                   "\"q 3 0 0 1 (3 1 0)\", \"euler 0 0 0 36.87 0 0 (3 1 0)\", rows P | Q, "
                   "\"key ...\"",
                   error);
}

/* --- angles as they are written --- */

/* What a text says of the rotation and the planes, where no coincidence is needed. */
struct angles {
  double turn[3][3], normal[3]; /* the normal in crystal 1 */
  int64_t plane[2][3];
  int has_plane[2];
};

/* The unit normal of a plane in the frame of its crystal. */
static void normal_of(const struct mlgrain_lattice *lattice, const int64_t plane[3],
                      double normal[3])
{
  double columns[3][3], axes[3][3], dual[3][3];
  mlgrain_lattice_frame(lattice, columns);
  for (int i = 0; i < 3; i++)
    for (int d = 0; d < 3; d++)
      axes[i][d] = columns[d][i];
  dual3((const double(*)[3])axes, dual);
  const double f[3] = {(double)plane[0], (double)plane[1], (double)plane[2]};
  combine3((const double(*)[3])dual, f, normal);
  const double length = norm3(normal);
  for (int d = 0; d < 3; d++)
    normal[d] /= length;
}

static enum mlgrain_status set_planes(const struct scan *scan, const struct scan_planes *planes,
                                      struct angles *angles, struct mlgrain_error *error)
{
  for (int k = 0; k < 2 && (!k || planes->has_second); k++) {
    memcpy(angles->plane[k], planes->plane[k], sizeof angles->plane[k]);
    angles->has_plane[k] = 1;
    if (!whole_reduce(angles->plane[k], 3))
      return malformed(scan, "(0 0 0) is no plane", error);
  }
  normal_of(scan->lattice, angles->plane[0], angles->normal);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status angles_of_turn(struct scan *scan, struct angles *angles,
                                          struct mlgrain_error *error)
{
  struct turn turn;
  enum mlgrain_status status = scan_turn(scan, &turn, error);
  if (!status)
    status = set_planes(scan, &turn.planes, angles, error);
  return status ? status
                : mlgrain_turn_of_axis(scan->lattice, turn.axis, turn.degrees, angles->turn, error);
}

static enum mlgrain_status angles_of_euler(struct scan *scan, struct angles *angles,
                                           struct mlgrain_error *error)
{
  double angle[6], normal[3];
  const enum mlgrain_status status = scan_euler(scan, angle, normal, error);
  if (status)
    return status;
  mlgrain_turn_of_euler(angle, angle + 3, normal, angles->turn, angles->normal);
  return norm3(angles->normal) > 0.0 ? MLGRAIN_SUCCESS
                                     : malformed(scan, "the normal is zero", error);
}

static enum mlgrain_status angles_of_rows(struct scan *scan, struct angles *angles,
                                          struct mlgrain_error *error)
{
  int64_t rows[2][3][3];
  struct scan_planes planes = {.has_second = 1};
  enum mlgrain_status status = scan_rows(scan, rows, error);
  if (!status)
    status = mlgrain_turn_of_rows(scan->lattice, (const int64_t(*)[3])rows[0],
                                  (const int64_t(*)[3])rows[1], angles->turn, error);
  for (int k = 0; k < 2 && !status; k++)
    status = plane_across(scan, rows[k][0], planes.plane[k], error);
  return status ? status : set_planes(scan, &planes, angles, error);
}

static enum mlgrain_status angles_of_coincidence(const struct scan *scan, double tolerance,
                                                 struct angles *angles, struct mlgrain_error *error)
{
  struct mlgrain_boundary boundary;
  struct scan_planes planes = {.has_second = 0};
  double deviation;
  const enum mlgrain_status status =
      mlgrain_boundary_parse(scan->lattice, scan->text, tolerance, &boundary, &deviation, error);
  if (status)
    return status;
  mlgrain_rotation_matrix(scan->lattice, &boundary.rotation, angles->turn);
  memcpy(planes.plane[0], boundary.plane[0], sizeof planes.plane[0]);
  return set_planes(scan, &planes, angles, error);
}

static enum mlgrain_status parse_angles(const struct mlgrain_lattice *lattice, const char *text,
                                        double tolerance, struct angles *angles,
                                        struct mlgrain_error *error)
{
  struct scan scan = {lattice, text, text, NULL};
  memset(angles, 0, sizeof *angles);
  if (strchr(text, '|'))
    return angles_of_rows(&scan, angles, error);
  if (is_turn(scan))
    return angles_of_turn(&scan, angles, error);
  if (scan_word(&scan, "euler", 1))
    return angles_of_euler(&scan, angles, error);
  return angles_of_coincidence(&scan, tolerance, angles, error);
}

/* That planes of both crystals, as they are told, meet within the tolerance. normal: of crystal
   1's, in crystal 2. */
static enum mlgrain_status check_meeting(const struct mlgrain_lattice *lattice, const char *text,
                                         const double normal[3], const int64_t second[3],
                                         double tolerance, struct mlgrain_error *error)
{
  double other[3], aside[3];
  normal_of(lattice, second, other);
  cross3(normal, other, aside);
  const double degrees = atan2(norm3(aside), dot3(normal, other)) / DEGREE;
  if (degrees <= tolerance)
    return MLGRAIN_SUCCESS;
  return mlgrain_fail(
      error, MLGRAIN_INVALID_ARGUMENT,
      "boundary \"%.200s\": the planes of its crystals are %.3g degrees apart, which "
      "is beyond the tolerance of %g",
      text, degrees, tolerance);
}

enum mlgrain_status mlgrain_boundary_parse_angles(const struct mlgrain_lattice *lattice,
                                                  const char *text, double tolerance,
                                                  double turn[3][3], int64_t plane[2][3],
                                                  struct mlgrain_error *error)
{
  if (!(tolerance >= 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the tolerance %g is negative", tolerance);
  struct angles angles;
  double normal[3], turned[3];
  enum mlgrain_status status = parse_angles(lattice, text, tolerance, &angles, error);
  if (!status && !angles.has_plane[0])
    status = mlgrain_plane_near(lattice, angles.normal, tolerance, angles.plane[0], error);
  if (status)
    return status;
  normal_of(lattice, angles.plane[0], normal);
  combine3((const double(*)[3])angles.turn, normal, turned); /* the transposed: into crystal 2 */
  status = angles.has_plane[1]
               ? check_meeting(lattice, text, turned, angles.plane[1], fmax(tolerance, 1e-6), error)
               : mlgrain_plane_near(lattice, turned, tolerance, angles.plane[1], error);
  memcpy(turn, angles.turn, sizeof angles.turn);
  memcpy(plane, angles.plane, sizeof angles.plane);
  return status;
}

enum mlgrain_status mlgrain_boundary_parse_octonion(const struct mlgrain_lattice *lattice,
                                                    const char *text,
                                                    struct mlgrain_octonion *octonion,
                                                    struct mlgrain_error *error)
{
  static const double unturned[4] = {1.0, 0.0, 0.0, 0.0};
  struct angles angles;
  double q[4];
  const enum mlgrain_status status = parse_angles(lattice, text, 0.0, &angles, error);
  if (status)
    return status;
  mlgrain_quaternion_of_matrix((const double(*)[3])angles.turn, q);
  return mlgrain_octonion_create(unturned, q, angles.normal, octonion, error);
}

/* --- what is said of boundaries --- */

/* Of the coincidence with a small Sigma that is nearest to a text's angles; nothing where it can't
   be found. */
static void say_nearest(const struct mlgrain_lattice *lattice, const char *text, char *line,
                        size_t size)
{
  struct mlgrain_coincidence_catalog *catalog = NULL;
  struct mlgrain_coincidence_class nearest;
  struct angles angles;
  double deviation;
  line[0] = 0;
  if (parse_angles(lattice, text, 0.0, &angles, NULL) ||
      mlgrain_coincidence_catalog_create(lattice, SMALL_SIGMA, &catalog, NULL))
    return;
  if (mlgrain_coincidence_nearest(catalog, (const double(*)[3])angles.turn, &nearest, &deviation) &&
      deviation < FAR)
    snprintf(line, size,
             "; the nearest coincidence up to Sigma%d is Sigma%lld (%.4f degrees about [%lld %lld "
             "%lld]), %.3g degrees away",
             SMALL_SIGMA, (long long)nearest.sigma, nearest.angle, (long long)nearest.axis[0],
             (long long)nearest.axis[1], (long long)nearest.axis[2], deviation);
  mlgrain_coincidence_catalog_free(catalog);
}

int mlgrain_boundary_warning(const struct mlgrain_lattice *lattice, const char *text,
                             const struct mlgrain_boundary *boundary, double deviation,
                             char line[256])
{
  struct mlgrain_coincidence coincidence;
  line[0] = 0;
  if (!(deviation > 1e-9) ||
      mlgrain_coincidence_find(lattice, &boundary->rotation, &coincidence, NULL) ||
      coincidence.sigma <= LARGE_SIGMA)
    return 0;
  const int length =
      snprintf(line, 256, "the angles given are %.3g degrees from a coincidence with Sigma%lld",
               deviation, (long long)coincidence.sigma);
  say_nearest(lattice, text, line + length, 256 - (size_t)length);
  return 1;
}

static const char *const kinds[] = {"symmetric tilt", "twist", "asymmetric tilt", "mixed"};

enum mlgrain_status mlgrain_boundary_title(const struct mlgrain_lattice *lattice,
                                           const struct mlgrain_boundary *boundary, char title[256],
                                           struct mlgrain_error *error)
{
  struct mlgrain_coincidence_class found;
  enum mlgrain_boundary_kind kind;
  enum mlgrain_status status =
      mlgrain_coincidence_class_find(lattice, &boundary->rotation, &found, error);
  if (!status)
    status = mlgrain_boundary_kind_find(lattice, boundary, &kind, error);
  if (status)
    return status;
  const int64_t(*p)[3] = boundary->plane;
  snprintf(title, 256,
           "Sigma%lld %.4f degrees [%lld %lld %lld], (%lld %lld %lld) / (%lld %lld %lld), %s",
           (long long)found.sigma, found.angle, (long long)found.axis[0], (long long)found.axis[1],
           (long long)found.axis[2], (long long)p[0][0], (long long)p[0][1], (long long)p[0][2],
           (long long)p[1][0], (long long)p[1][1], (long long)p[1][2], kinds[kind]);
  return MLGRAIN_SUCCESS;
}
