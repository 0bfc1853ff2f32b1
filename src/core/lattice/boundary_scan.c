/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lattice/boundary_scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void skip(struct scan *scan)
{
  while (isspace((unsigned char)*scan->at) || *scan->at == ',')
    scan->at++;
}

int scan_accept(struct scan *scan, const char *any)
{
  skip(scan);
  if (!*scan->at || !strchr(any, *scan->at))
    return 0;
  scan->at++;
  return 1;
}

int scan_word(struct scan *scan, const char *word, int is_whole)
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

int scan_letter(struct scan *scan, int *letter)
{
  skip(scan);
  if (!isalpha((unsigned char)*scan->at))
    return 0;
  *letter = tolower((unsigned char)*scan->at++) - 'a';
  return 1;
}

int scan_end(struct scan *scan)
{
  skip(scan);
  return !*scan->at;
}

/* --- numbers --- */

static int whole(struct scan *scan, int64_t *value)
{
  skip(scan);
  char *end;
  errno = 0;
  const long long number = strtoll(scan->at, &end, 10);
  if (errno == ERANGE)
    scan->problem = "a number is too large";
  if (end == scan->at || errno || *end == '.' || isalpha((unsigned char)*end))
    return 0;
  *value = number;
  scan->at = end;
  return 1;
}

int scan_wholes(struct scan *scan, int64_t *values, int count)
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

int scan_reals(struct scan *scan, double *values, int count)
{
  for (int k = 0; k < count; k++)
    if (!real(scan, &values[k]))
      return 0;
  return 1;
}

int scan_degrees(struct scan *scan, double *degrees)
{
  const struct scan start = *scan;
  if (real(scan, degrees) && scan_word(scan, "degrees", 1))
    return 1;
  *scan = start;
  return 0;
}

int scan_digits(struct scan *scan, int64_t *value)
{
  skip(scan);
  if (!isdigit((unsigned char)*scan->at))
    return 0;
  for (*value = 0; isdigit((unsigned char)*scan->at); scan->at++) {
    const int digit = *scan->at - '0';
    *value = *value > (INT64_MAX - digit) / 10 ? INT64_MAX : 10 * *value + digit;
  }
  return 1;
}

/* --- indices --- */

enum { MOST_INDICES = 4 };

/* The number of indices up to a closing bracket; 0 if there is something else. */
static int indices_apart(struct scan *scan, const char *close, int64_t values[MOST_INDICES])
{
  int count = 0;
  while (count < MOST_INDICES && whole(scan, &values[count]))
    count++;
  return scan_accept(scan, close) ? count : 0;
}

/* The same of one digit each. */
static int indices_together(struct scan *scan, const char *close, int64_t values[MOST_INDICES])
{
  int count = 0;
  for (; count < MOST_INDICES && !scan_accept(scan, close); count++) {
    skip(scan);
    const int64_t sign = *scan->at == '-' ? -1 : 1;
    scan->at += sign < 0;
    if (!isdigit((unsigned char)*scan->at))
      return 0;
    values[count] = sign * (*scan->at++ - '0');
  }
  return count < MOST_INDICES || scan_accept(scan, close) ? count : 0;
}

static int is_hexagonal(const struct mlgrain_lattice *lattice)
{
  const int64_t(*g)[3] = lattice->gram;
  return g[1][1] == g[0][0] && 2 * g[0][1] == -g[0][0] && !g[0][2] && !g[1][2];
}

/* (h k i l) is (h k l), and [u v t w] is [u-t v-t w] on the three axes. */
static int to_three(struct scan *scan, int is_plane, int64_t values[MOST_INDICES])
{
  if (!is_hexagonal(scan->lattice))
    scan->problem = "four indices are for hexagonal crystals, whose axes are at 120 degrees";
  else if (values[0] + values[1] + values[2])
    scan->problem = "the first three of four indices add up to 0, as in (1 0 -1 0)";
  if (scan->problem)
    return 0;
  for (int k = 0; k < 2 && !is_plane; k++)
    values[k] -= values[2];
  values[2] = values[3];
  return 1;
}

static int indices(struct scan *scan, const char *close, int is_plane, int64_t result[3])
{
  int64_t values[MOST_INDICES] = {0};
  const struct scan start = *scan;
  int count = indices_apart(scan, close, values);
  if (count < 3) {
    scan->at = start.at;
    count = indices_together(scan, close, values);
  }
  if (count < 3)
    return 0;
  for (int k = 0; k < count; k++)
    if (values[k] > MLGRAIN_LARGEST_INDEX || values[k] < -MLGRAIN_LARGEST_INDEX)
      scan->problem = "an index is too large";
  if (scan->problem || (count == 4 && !to_three(scan, is_plane, values)))
    return 0;
  memcpy(result, values, 3 * sizeof *values);
  return 1;
}

int scan_direction(struct scan *scan, int64_t direction[3])
{
  return scan_accept(scan, "[<") && indices(scan, "]>", 0, direction);
}

int scan_plane(struct scan *scan, int64_t plane[3])
{
  return scan_accept(scan, "({") && indices(scan, ")}", 1, plane);
}

int scan_planes(struct scan *scan, struct scan_planes *planes)
{
  if (!scan_plane(scan, planes->plane[0]))
    return 0;
  planes->has_second = scan_accept(scan, "/");
  if (planes->has_second && !scan_plane(scan, planes->plane[1]))
    return 0;
  static const char *const kind[] = {"symmetric", "asymmetric", "tilt", "twist", "mixed"};
  for (size_t k = 0; k < sizeof kind / sizeof *kind; k++)
    scan_word(scan, kind[k], 1);
  return scan_end(scan);
}
