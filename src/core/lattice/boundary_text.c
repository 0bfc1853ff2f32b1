/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/boundary_text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "lattice/boundary_label.h"
#include "lattice/exact.h"

/* A place in a text. */
struct scan {
  const char *text, *at;
};

static void skip(struct scan *scan)
{
  while (isspace((unsigned char)*scan->at) || *scan->at == ',')
    scan->at++;
}

/* Moves past a character, or any of several; 0 if another one is next. */
static int accept(struct scan *scan, const char *any)
{
  skip(scan);
  if (!*scan->at || !strchr(any, *scan->at))
    return 0;
  scan->at++;
  return 1;
}

/* Moves past a word, in either case; it must not go on with a letter if it is a whole one. */
static int accept_word(struct scan *scan, const char *word, int is_whole)
{
  skip(scan);
  const size_t length = strlen(word);
  for (size_t k = 0; k < length; k++)
    if (tolower((unsigned char)scan->at[k]) != tolower((unsigned char)word[k]))
      return 0;
  if (is_whole && isalnum((unsigned char)scan->at[length]))
    return 0;
  scan->at += length;
  return 1;
}

static int whole(struct scan *scan, int64_t *value)
{
  skip(scan);
  char *end;
  errno = 0;
  const long long number = strtoll(scan->at, &end, 10);
  if (end == scan->at || errno || *end == '.' || isalpha((unsigned char)*end))
    return 0;
  *value = number;
  scan->at = end;
  return 1;
}

static int wholes(struct scan *scan, int64_t *values, int count)
{
  for (int k = 0; k < count; k++)
    if (!whole(scan, &values[k]))
      return 0;
  return 1;
}

/* Digits and a point as they are written everywhere, whatever the locale's point is. */
static int real(struct scan *scan, double *value)
{
  skip(scan);
  const char *p = scan->at;
  const double sign = *p == '-' ? -1.0 : 1.0;
  double number = 0.0, scale = 1.0;
  int digits = 0;
  p += *p == '-' || *p == '+';
  for (; isdigit((unsigned char)*p); p++, digits++)
    number = 10.0 * number + (*p - '0');
  if (*p == '.')
    for (p++; isdigit((unsigned char)*p); p++, digits++) {
      number = 10.0 * number + (*p - '0');
      scale *= 10.0;
    }
  if (!digits || digits > 17 || isalpha((unsigned char)*p))
    return 0;
  *value = sign * number / scale;
  scan->at = p;
  return 1;
}

static int reals(struct scan *scan, double *values, int count)
{
  for (int k = 0; k < count; k++)
    if (!real(scan, &values[k]))
      return 0;
  return 1;
}

/* Three indices up to a closing bracket, apart or of one digit each together. */
static int indices(struct scan *scan, const char *close, int64_t values[3])
{
  const struct scan start = *scan;
  if (wholes(scan, values, 3) && accept(scan, close))
    return 1;
  *scan = start;
  for (int k = 0; k < 3; k++) {
    skip(scan);
    const int64_t sign = *scan->at == '-' ? -1 : 1;
    scan->at += sign < 0;
    if (!isdigit((unsigned char)*scan->at))
      return 0;
    values[k] = sign * (*scan->at++ - '0');
  }
  return accept(scan, close);
}

static int plane(struct scan *scan, int64_t values[3])
{
  return accept(scan, "({") && indices(scan, ")}", values);
}

static int at_end(struct scan *scan)
{
  skip(scan);
  return !*scan->at;
}

static enum mlgrain_status malformed(const struct scan *scan, const char *what,
                                     struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "boundary \"%.200s\": %s", scan->text, what);
}

static enum mlgrain_status parse_label(const struct mlgrain_lattice *lattice, struct scan *scan,
                                       struct mlgrain_boundary *boundary,
                                       struct mlgrain_error *error)
{
  static const char *const form =
      "a label is as \"Sigma5 (3 1 0)\" or \"Sigma13b [1 1 1] (1 1 1)\"";
  struct boundary_label label = {.letter = -1};
  skip(scan);
  if (!isdigit((unsigned char)*scan->at))
    return malformed(scan, form, error);
  label.sigma = 0;
  for (; isdigit((unsigned char)*scan->at) && label.sigma < 100000; scan->at++)
    label.sigma = 10 * label.sigma + (*scan->at - '0');
  skip(scan);
  if (isalpha((unsigned char)*scan->at))
    label.letter = tolower((unsigned char)*scan->at++) - 'a';
  if (accept(scan, "[<")) {
    label.has_axis = 1;
    if (!indices(scan, "]>", label.axis))
      return malformed(scan, form, error);
  }
  if (!plane(scan, label.plane) || !at_end(scan))
    return malformed(scan, form, error);
  for (int k = 0; k < 3; k++)
    if (llabs(label.plane[k]) > MLGRAIN_LARGEST_INDEX ||
        llabs(label.axis[k]) > MLGRAIN_LARGEST_INDEX)
      return malformed(scan, "an index is too large", error);
  if (!whole_reduce(label.plane, 3) || (label.has_axis && !whole_reduce(label.axis, 3)))
    return malformed(scan, "all indices are 0", error);
  return mlgrain_boundary_of_label(lattice, &label, scan->text, boundary, error);
}

static enum mlgrain_status scan_turn(struct scan *scan, int64_t axis[3], double *degrees,
                                     int64_t normal[3], struct mlgrain_error *error)
{
  if (!indices(scan, "]", axis) || !real(scan, degrees) || !plane(scan, normal) || !at_end(scan))
    return malformed(scan, "a turn is as \"[0 0 1] 36.87 (3 1 0)\"", error);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status parse_turn(const struct mlgrain_lattice *lattice, struct scan *scan,
                                      double tolerance, struct mlgrain_boundary *boundary,
                                      double *deviation, struct mlgrain_error *error)
{
  int64_t axis[3], normal[3];
  double degrees = 0.0;
  const enum mlgrain_status status = scan_turn(scan, axis, &degrees, normal, error);
  return status ? status
                : mlgrain_boundary_of_turn(lattice, axis, degrees, normal, tolerance, boundary,
                                           deviation, error);
}

static enum mlgrain_status parse_quadruple(const struct mlgrain_lattice *lattice, struct scan *scan,
                                           struct mlgrain_boundary *boundary,
                                           struct mlgrain_error *error)
{
  int64_t quadruple[4], normal[3];
  struct mlgrain_rotation rotation;
  if (!wholes(scan, quadruple, 4) || !plane(scan, normal) || !at_end(scan))
    return malformed(scan, "a quadruple is as \"q 3 0 0 1 (3 1 0)\"", error);
  const enum mlgrain_status status =
      mlgrain_rotation_of_quadruple(lattice, quadruple, &rotation, error);
  return status ? status : mlgrain_boundary_create(lattice, &rotation, normal, boundary, error);
}

static enum mlgrain_status scan_euler(struct scan *scan, double angle[6], double normal[3],
                                      struct mlgrain_error *error)
{
  if (!reals(scan, angle, 6) || !accept(scan, "(") || !reals(scan, normal, 3) ||
      !accept(scan, ")") || !at_end(scan))
    return malformed(scan, "Euler angles are as \"euler 0 0 0 36.87 0 0 (3 1 0)\"", error);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status parse_euler(const struct mlgrain_lattice *lattice, struct scan *scan,
                                       double tolerance, struct mlgrain_boundary *boundary,
                                       double *deviation, struct mlgrain_error *error)
{
  double angle[6], normal[3];
  const enum mlgrain_status status = scan_euler(scan, angle, normal, error);
  return status ? status
                : mlgrain_boundary_of_euler(lattice, angle, angle + 3, normal, tolerance, boundary,
                                            deviation, error);
}

static enum mlgrain_status parse_key(const struct mlgrain_lattice *lattice, struct scan *scan,
                                     struct mlgrain_boundary *boundary, struct mlgrain_error *error)
{
  int64_t number[13];
  struct mlgrain_rotation rotation;
  if (!wholes(scan, number, 13) || !at_end(scan))
    return malformed(scan, "a key has 13 whole numbers", error);
  const enum mlgrain_status status = mlgrain_rotation_of_matrix(
      lattice, (const int64_t(*)[3])(number + 1), number[0], &rotation, error);
  return status ? status
                : mlgrain_boundary_create(lattice, &rotation, number + 10, boundary, error);
}

static enum mlgrain_status parse_rows(const struct mlgrain_lattice *lattice, struct scan *scan,
                                      struct mlgrain_boundary *boundary,
                                      struct mlgrain_error *error)
{
  int64_t rows[2][3][3], normal[3];
  struct mlgrain_rotation rotation;
  int overflow = 0;
  for (int k = 0; k < 6; k++)
    if (!wholes(scan, rows[k / 3][k % 3], 3) || (k == 2 && !accept(scan, "|")) ||
        (k < 5 && k != 2 && !accept(scan, "/")))
      return malformed(scan, "rows are as \"3 1 0 / 0 0 1 / 1 -3 0 | 3 1 0 / 0 0 -1 / -1 3 0\"",
                       error);
  if (!at_end(scan))
    return malformed(scan, "there is more than two times three rows", error);
  const enum mlgrain_status status = mlgrain_rotation_of_rows(
      lattice, (const int64_t(*)[3])rows[0], (const int64_t(*)[3])rows[1], &rotation, error);
  if (status)
    return status;
  exact_apply(lattice->gram, rows[0][0], normal, &overflow);
  if (overflow)
    return malformed(scan, "numbers too large", error);
  whole_reduce(normal, 3);
  return mlgrain_boundary_create(lattice, &rotation, normal, boundary, error);
}

enum mlgrain_status mlgrain_boundary_parse(const struct mlgrain_lattice *lattice, const char *text,
                                           double tolerance, struct mlgrain_boundary *boundary,
                                           double *deviation, struct mlgrain_error *error)
{
  struct scan scan = {text, text};
  *deviation = 0.0;
  if (!(tolerance >= 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the tolerance %g is negative", tolerance);
  if (strchr(text, '|'))
    return parse_rows(lattice, &scan, boundary, error);
  if (accept(&scan, "["))
    return parse_turn(lattice, &scan, tolerance, boundary, deviation, error);
  if (accept_word(&scan, "q", 1))
    return parse_quadruple(lattice, &scan, boundary, error);
  if (accept_word(&scan, "euler", 1))
    return parse_euler(lattice, &scan, tolerance, boundary, deviation, error);
  if (accept_word(&scan, "key", 1))
    return parse_key(lattice, &scan, boundary, error);
  if (accept_word(&scan, "sigma", 0) || accept_word(&scan, "s", 0) ||
      accept_word(&scan, "\xce\xa3", 0)) /* the Greek letter */
    return parse_label(lattice, &scan, boundary, error);
  return malformed(&scan,
                   "boundaries are as \"Sigma5 (3 1 0)\", \"[0 0 1] 36.87 (3 1 0)\", "
                   "\"q 3 0 0 1 (3 1 0)\", \"euler 0 0 0 36.87 0 0 (3 1 0)\", rows P | Q, "
                   "\"key ...\"",
                   error);
}

/* Where angles are given, these and the normal of crystal 1; else those of a coincidence. */
static enum mlgrain_status parse_angles(const struct mlgrain_lattice *lattice, const char *text,
                                        double tolerance, double turn[3][3], int64_t plane[3],
                                        struct mlgrain_error *error)
{
  struct scan scan = {text, text};
  enum mlgrain_status status;
  if (!strchr(text, '|') && accept(&scan, "[")) {
    int64_t axis[3];
    double degrees = 0.0;
    status = scan_turn(&scan, axis, &degrees, plane, error);
    return status ? status : mlgrain_turn_of_axis(lattice, axis, degrees, turn, error);
  }
  if (!strchr(text, '|') && accept_word(&scan, "euler", 1)) {
    double angle[6], normal[3], direction[3];
    status = scan_euler(&scan, angle, normal, error);
    if (status)
      return status;
    mlgrain_turn_of_euler(angle, angle + 3, normal, turn, direction);
    return mlgrain_plane_near(lattice, direction, tolerance, plane, error);
  }
  struct mlgrain_boundary boundary;
  double deviation;
  status = mlgrain_boundary_parse(lattice, text, tolerance, &boundary, &deviation, error);
  if (status)
    return status;
  mlgrain_rotation_matrix(lattice, &boundary.rotation, turn);
  memcpy(plane, boundary.plane[0], sizeof boundary.plane[0]);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_boundary_parse_angles(const struct mlgrain_lattice *lattice,
                                                  const char *text, double tolerance,
                                                  double turn[3][3], int64_t plane[2][3],
                                                  struct mlgrain_error *error)
{
  if (!(tolerance >= 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the tolerance %g is negative", tolerance);
  const enum mlgrain_status status = parse_angles(lattice, text, tolerance, turn, plane[0], error);
  if (status)
    return status;
  double columns[3][3], axes[3][3], dual[3][3], normal[3], turned[3];
  mlgrain_lattice_frame(lattice, columns);
  for (int i = 0; i < 3; i++)
    for (int d = 0; d < 3; d++)
      axes[i][d] = columns[d][i];
  dual3((const double(*)[3])axes, dual);
  const double f[3] = {(double)plane[0][0], (double)plane[0][1], (double)plane[0][2]};
  combine3((const double(*)[3])dual, f, normal);
  combine3((const double(*)[3])turn, normal, turned); /* the transposed matrix: into crystal 2 */
  return mlgrain_plane_near(lattice, turned, tolerance, plane[1], error);
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
