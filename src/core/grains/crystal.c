/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/crystal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"

enum { MOST_SITES = 200, MOST_DENOMINATOR = 30 };

/* Places that differ by less, on the axes, are one. */
static const double SAME_PLACE = 1e-5;

/* Atoms are not nearer than this, in cube roots of the volume of one. */
static const double LEAST_DISTANCE = 0.1;

/* --- translations and inversion --- */

/* Whether a difference of places is a whole number of axes. */
static int is_axes_vector(const double d[3])
{
  for (int k = 0; k < 3; k++)
    if (fabs(d[k] - rint(d[k])) > SAME_PLACE)
      return 0;
  return 1;
}

/* Whether the atoms of a cell are mapped to such by x -> sign x + shift. */
static int maps_to_itself(int count, const struct mlgrain_site *site, int sign,
                          const double shift[3])
{
  for (int i = 0; i < count; i++) {
    int found = 0;
    for (int j = 0; j < count && !found; j++) {
      double d[3];
      for (int k = 0; k < 3; k++)
        d[k] = sign * site[i].place[k] + shift[k] - site[j].place[k];
      found = site[i].type == site[j].type && is_axes_vector(d);
    }
    if (!found)
      return 0;
  }
  return 1;
}

static int translates(int count, const struct mlgrain_site *site, double x, double y, double z)
{
  const double shift[3] = {x, y, z};
  return maps_to_itself(count, site, 1, shift);
}

/* Whether a difference of places is a vector of the lattice, which may be centered. */
static int is_lattice_vector(const struct mlgrain_lattice *lattice, const double d[3])
{
  double edge[3][3], dual[3][3], f[3];
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < 3; i++)
      edge[k][i] = (double)lattice->primitive[k][i] / (double)lattice->divisor;
  dual3(edge, dual);
  apply3(dual, d, f);
  return is_axes_vector(f);
}

int mlgrain_crystal_has_inversion(const struct mlgrain_crystal *crystal)
{
  for (int i = 0; i < crystal->site_count; i++) {
    int found = 0;
    for (int j = 0; j < crystal->site_count && !found; j++) {
      const struct mlgrain_site *a = &crystal->site[i], *b = &crystal->site[j];
      double d[3];
      for (int k = 0; k < 3; k++)
        d[k] = -a->place[k] - b->place[k];
      found = a->type == b->type && is_lattice_vector(&crystal->lattice, d);
    }
    if (!found)
      return 0;
  }
  return 1;
}

/* x -> sign S x + shift takes all atoms to such of their type. */
static int is_operation(const struct mlgrain_crystal *crystal, const int64_t rotation[3][3],
                        int sign, const double shift[3])
{
  for (int i = 0; i < crystal->site_count; i++) {
    int found = 0;
    for (int j = 0; j < crystal->site_count && !found; j++) {
      const struct mlgrain_site *a = &crystal->site[i], *b = &crystal->site[j];
      double d[3];
      for (int k = 0; k < 3; k++) {
        d[k] = shift[k] - b->place[k];
        for (int l = 0; l < 3; l++)
          d[k] += (double)(sign * rotation[k][l]) * a->place[l];
      }
      found = a->type == b->type && is_lattice_vector(&crystal->lattice, d);
    }
    if (!found)
      return 0;
  }
  return 1;
}

/* With a translation that takes the first atom to any of its type. */
static int has_operation(const struct mlgrain_crystal *crystal, const int64_t rotation[3][3],
                         int sign)
{
  const struct mlgrain_site *first = crystal->site;
  for (int j = 0; j < crystal->site_count; j++) {
    double shift[3];
    for (int k = 0; k < 3; k++) {
      shift[k] = crystal->site[j].place[k];
      for (int l = 0; l < 3; l++)
        shift[k] -= (double)(sign * rotation[k][l]) * first->place[l];
    }
    if (crystal->site[j].type == first->type && is_operation(crystal, rotation, sign, shift))
      return 1;
  }
  return 0;
}

void mlgrain_crystal_set_symmetry(struct mlgrain_crystal *crystal)
{
  struct mlgrain_lattice *lattice = &crystal->lattice;
  int kept = 0;
  for (int s = 0; s < lattice->rotations; s++) {
    const int64_t(*rotation)[3] = lattice->rotation[s];
    const int sense = (has_operation(crystal, rotation, 1) ? MLGRAIN_PROPER : 0) |
                      (has_operation(crystal, rotation, -1) ? MLGRAIN_IMPROPER : 0);
    if (!sense)
      continue;
    memmove(lattice->rotation[kept], rotation, sizeof lattice->rotation[kept]);
    lattice->sense[kept++] = (unsigned char)sense;
  }
  lattice->rotations = kept;
}

double mlgrain_crystal_atom_volume(const struct mlgrain_crystal *crystal)
{
  double frame[3][3];
  mlgrain_lattice_frame(&crystal->lattice, frame);
  const double volume = frame[0][0] * frame[1][1] * frame[2][2];
  return volume / (double)mlgrain_lattice_points(&crystal->lattice) / crystal->site_count;
}

/* --- the crystal of a cell --- */

/* Keeps one of the atoms that differ by a lattice vector. */
static void keep_distinct(struct mlgrain_crystal *crystal)
{
  int kept = 0;
  for (int i = 0; i < crystal->site_count; i++) {
    int known = 0;
    for (int j = 0; j < kept && !known; j++) {
      double d[3];
      for (int k = 0; k < 3; k++)
        d[k] = crystal->site[i].place[k] - crystal->site[j].place[k];
      known =
          crystal->site[i].type == crystal->site[j].type && is_lattice_vector(&crystal->lattice, d);
    }
    if (!known)
      crystal->site[kept++] = crystal->site[i];
  }
  crystal->site_count = kept;
}

/* Moves the origin to a center of inversion: half-way between the first atom and one of its kind
   (itself too), up to half a vector of the axes. Sites are brought as near to it as can be. */
static void center(struct mlgrain_crystal *crystal)
{
  const int count = crystal->site_count;
  struct mlgrain_site *site = crystal->site;
  for (int j = 0; j < count; j++)
    for (int corner = 0; corner < 8; corner++) {
      double middle[3];
      if (site[j].type != site[0].type)
        continue;
      for (int k = 0; k < 3; k++)
        middle[k] = 0.5 * (site[0].place[k] + site[j].place[k] + ((corner >> k) & 1));
      struct mlgrain_crystal moved = *crystal;
      struct mlgrain_site trial[MOST_SITES];
      moved.site = trial;
      for (int i = 0; i < count; i++) {
        trial[i] = site[i];
        for (int k = 0; k < 3; k++) {
          trial[i].place[k] -= middle[k];
          trial[i].place[k] -= ceil(trial[i].place[k] - 0.5 - SAME_PLACE);
        }
      }
      if (!mlgrain_crystal_has_inversion(&moved))
        continue;
      memcpy(site, trial, (size_t)count * sizeof *site);
      return;
    }
}

/* The nearest fraction with a denominator up to MOST_DENOMINATOR. */
static void fraction(double value, int64_t *numerator, int64_t *denominator)
{
  double best = INFINITY;
  for (int64_t q = 1; q <= MOST_DENOMINATOR; q++) {
    const double off = fabs(rint(value * (double)q) / (double)q - value);
    if (off < best - 1e-9) {
      best = off;
      *numerator = llround(value * (double)q);
      *denominator = q;
    }
  }
}

/* The same of the square of an axis: of short axes of the inverse, which is nearer. */
static void fraction_of_square(double value, int64_t *numerator, int64_t *denominator)
{
  if (value < 1.0)
    fraction(1.0 / value, denominator, numerator);
  else
    fraction(value, numerator, denominator);
}

static int64_t gcd(int64_t a, int64_t b)
{
  return b ? gcd(b, a % b) : a;
}

/* Products of the axes as whole numbers up to a factor. */
static enum mlgrain_status set_general(const double edge[3][3], struct mlgrain_crystal *crystal,
                                       struct mlgrain_error *error)
{
  int64_t p[3][3], q[3][3], gram[3][3], common = 1;
  const double square = dot3(edge[0], edge[0]);
  for (int i = 0; i < 3; i++)
    for (int j = i; j < 3; j++) {
      const double ratio = dot3(edge[i], edge[j]) / square;
      if (i == j)
        fraction_of_square(ratio, &p[i][j], &q[i][j]);
      else
        fraction(ratio, &p[i][j], &q[i][j]);
      common = common / gcd(common, q[i][j]) * q[i][j];
      if (common > 1000000)
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                            "lattice: squares and products of its axes are no small fractions of "
                            "each other");
    }
  crystal->strain = 0.0;
  for (int i = 0; i < 3; i++)
    for (int j = i; j < 3; j++) {
      gram[i][j] = gram[j][i] = p[i][j] * (common / q[i][j]);
      const double lengths = sqrt(dot3(edge[i], edge[i]) * dot3(edge[j], edge[j]));
      const double off = (double)p[i][j] / (double)q[i][j] * square - dot3(edge[i], edge[j]);
      crystal->strain = fmax(crystal->strain, fabs(off) / lengths * (i == j ? 0.5 : 1.0));
    }
  return mlgrain_lattice_of_gram(gram, sqrt(square / (double)common), &crystal->lattice, error);
}

/* 1 : sqrt(3) : c with the base centered. */
static int is_hexagonal(const double edge[3][3], int count, const struct mlgrain_site *site)
{
  const double a = dot3(edge[0], edge[0]);
  return fabs(dot3(edge[1], edge[1]) / a - 3.0) < SAME_PLACE &&
         translates(count, site, 0.5, 0.5, 0);
}

/* Places on the axes a_1 and (-a_1 + a_2) / 2. */
static void to_hexagonal(int count, struct mlgrain_site *site)
{
  for (int i = 0; i < count; i++) {
    site[i].place[0] += site[i].place[1];
    site[i].place[1] *= 2.0;
  }
}

static enum mlgrain_status set_cubic(const double edge[3][3], struct mlgrain_crystal *crystal,
                                     struct mlgrain_error *error)
{
  const int n = crystal->site_count;
  const struct mlgrain_site *site = crystal->site;
  const int is_face = translates(n, site, 0.5, 0.5, 0) && translates(n, site, 0, 0.5, 0.5);
  const int is_body = translates(n, site, 0.5, 0.5, 0.5);
  const enum mlgrain_cubic kind = is_face && !is_body   ? MLGRAIN_FACE_CENTERED
                                  : is_body && !is_face ? MLGRAIN_BODY_CENTERED
                                                        : MLGRAIN_SIMPLE_CUBIC;
  return mlgrain_lattice_cubic(kind, norm3(edge[0]), &crystal->lattice, error);
}

static enum mlgrain_status set_lattice(const double edge[3][3], struct mlgrain_crystal *crystal,
                                       struct mlgrain_error *error)
{
  double largest = 0.0, shortest = INFINITY, longest = 0.0;
  for (int k = 0; k < 3; k++) {
    const double length = norm3(edge[k]);
    largest =
        fmax(largest, fabs(dot3(edge[k], edge[(k + 1) % 3])) / length / norm3(edge[(k + 1) % 3]));
    shortest = fmin(shortest, length);
    longest = fmax(longest, length);
  }
  const int is_orthogonal = largest < 1e-6;
  if (is_orthogonal && longest < shortest * (1 + 1e-6))
    return set_cubic(edge, crystal, error);
  if (!is_orthogonal || !is_hexagonal(edge, crystal->site_count, crystal->site))
    return set_general(edge, crystal, error);
  to_hexagonal(crystal->site_count, crystal->site);
  double axes[3][3];
  memcpy(axes, edge, sizeof axes);
  for (int d = 0; d < 3; d++)
    axes[1][d] = 0.5 * (edge[1][d] - edge[0][d]);
  return set_general((const double(*)[3])axes, crystal, error);
}

/* Of two places, periodic; axes are not so oblique that it were farther than the next image. */
static double distance(const double edge[3][3], const double a[3], const double b[3])
{
  double least = INFINITY;
  for (int image = 0; image < 27; image++) {
    double d[3], x[3];
    for (int k = 0, n = image; k < 3; k++, n /= 3)
      d[k] = a[k] - b[k] - rint(a[k] - b[k]) + n % 3 - 1;
    combine3(edge, d, x);
    least = fmin(least, norm3(x));
  }
  return least;
}

static enum mlgrain_status check_distances(const double edge[3][3], int count,
                                           const double (*place)[3], struct mlgrain_error *error)
{
  double dual[3][3];
  const double least = LEAST_DISTANCE * cbrt(dual3(edge, dual) / count);
  for (int i = 0; i < count; i++)
    for (int j = i + 1; j < count; j++) {
      const double apart = distance(edge, place[i], place[j]);
      if (apart < least)
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                            "lattice: atoms %d and %d of its cell are at one place (%.3g apart)",
                            i + 1, j + 1, apart);
    }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status check_cell(const double edge[3][3], int count, const double (*place)[3],
                                      struct mlgrain_error *error)
{
  if (count < 1 || count > MOST_SITES)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "lattice: %d atoms in its cell, not 1 to %d", count, MOST_SITES);
  for (int k = 0; k < 9; k++)
    if (!isfinite(edge[k / 3][k % 3]))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "lattice: an axis is not finite");
  for (int k = 0; k < 3 * count; k++)
    if (!isfinite(place[k / 3][k % 3]))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "lattice: a place is not finite");
  double dual[3][3];
  const double box = norm3(edge[0]) * norm3(edge[1]) * norm3(edge[2]);
  if (!(dual3(edge, dual) > 1e-3 * box))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "lattice: its axes are left-handed, or nearly in a plane");
  return check_distances(edge, count, place, error);
}

enum mlgrain_status mlgrain_crystal_of_cell(const double edge[3][3], int count,
                                            const double (*place)[3], const int *type,
                                            struct mlgrain_crystal *crystal,
                                            struct mlgrain_error *error)
{
  memset(crystal, 0, sizeof *crystal);
  enum mlgrain_status status = check_cell(edge, count, place, error);
  if (status)
    return status;
  crystal->site = malloc((size_t)count * sizeof *crystal->site);
  if (!crystal->site)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "not enough memory for a crystal");
  crystal->site_count = count;
  for (int i = 0; i < count; i++) {
    crystal->site[i].type = type[i];
    memcpy(crystal->site[i].place, place[i], sizeof place[i]);
  }
  status = set_lattice(edge, crystal, error);
  if (status) {
    mlgrain_crystal_free(crystal);
    return status;
  }
  keep_distinct(crystal);
  center(crystal);
  mlgrain_crystal_set_symmetry(crystal);
  return MLGRAIN_SUCCESS;
}

void mlgrain_crystal_free(struct mlgrain_crystal *crystal)
{
  free(crystal->site);
  crystal->site = NULL;
  crystal->site_count = 0;
}
