/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power spectra: against the plain reference, against the programs whose bases they have, and by
   the properties they must have. At the level of vector instructions that MLGRAIN_SIMD allows:
   ctest runs this once for each. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cells/cells.h"
#include "mlgrain/soap.h"
#include "near.h"
#include "soap_reference.h"

enum { MOST_POINTS = 600 };

/* Errors of double and single precision, in parts of the largest number. */
static const double tight = 1e-12, loose = 3e-6;

/* ---- points -------------------------------------------------------------------------------- */

struct points {
  size_t n;
  double x[MOST_POINTS][3];
  int32_t species[MOST_POINTS];
  double weight[MOST_POINTS];
};

/* Uniform in (-1, 1), the same sequence everywhere (the 64-bit generator of Knuth's MMIX). */
static double uniform(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) * 0x1p-52 - 1.0;
}

static void add_point(struct points *points, double x, double y, double z, int species)
{
  assert_true(points->n < MOST_POINTS);
  const double place[3] = {x, y, z};
  memcpy(points->x[points->n], place, sizeof place);
  points->species[points->n] = species;
  points->weight[points->n++] = 1.0;
}

static int has_room(const struct points *points, const double x[3])
{
  for (size_t i = 0; i < points->n; i++) {
    const double dx = x[0] - points->x[i][0], dy = x[1] - points->x[i][1];
    const double dz = x[2] - points->x[i][2];
    if (dx * dx + dy * dy + dz * dz < 1.6 * 1.6)
      return 0;
  }
  return 1;
}

/* A point at the origin and others in a box around it, species in turn. */
static void make_cluster(struct points *points, size_t count, double edge, int species,
                         uint64_t seed)
{
  uint64_t state = seed;
  points->n = 0;
  add_point(points, 0.0, 0.0, 0.0, 0);
  while (points->n < count) {
    const double x[3] = {edge * uniform(&state), edge * uniform(&state), edge * uniform(&state)};
    if (has_room(points, x))
      add_point(points, x[0], x[1], x[2], (int)points->n % species);
  }
}

/* ---- running the core ---------------------------------------------------------------------- */

static struct mlgrain_soap_parameters parameters(enum mlgrain_soap_basis basis, double cutoff,
                                                 int n_max, int l_max, double sigma)
{
  struct mlgrain_soap_parameters p = mlgrain_soap_default(basis);
  p.cutoff = cutoff;
  p.n_max = n_max;
  p.l_max = l_max;
  p.sigma = sigma;
  return p;
}

static struct mlgrain_soap *create(const struct mlgrain_soap_parameters *p,
                                   enum mlgrain_simd_level level)
{
  struct mlgrain_soap *soap;
  struct mlgrain_error error;
  if (mlgrain_soap_create(p, level, &soap, &error))
    fail_msg("%s", error.text);
  return soap;
}

static struct mlgrain_cells *sort(const struct points *points, double reach)
{
  struct mlgrain_cells *cells;
  assert_int_equal(mlgrain_cells_create(points->n, points->x, reach, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  return cells;
}

/* Vectors of all points, [n][components]; to be freed. use_weight: else all weigh 1. */
static double *compute(const struct mlgrain_soap_parameters *p, enum mlgrain_simd_level level,
                       const struct points *points, int use_weight)
{
  unsigned char all[MOST_POINTS];
  struct mlgrain_soap *soap = create(p, level);
  struct mlgrain_cells *cells = sort(points, mlgrain_soap_reach(p));
  const struct mlgrain_soap_points given = {cells, all, p->species > 1 ? points->species : NULL,
                                            use_weight ? points->weight : NULL};
  double *out = calloc(points->n * mlgrain_soap_components(p) + 1, sizeof *out);
  assert_non_null(out);
  memset(all, 1, sizeof all);
  assert_int_equal(mlgrain_soap_compute(soap, &given, 0, mlgrain_cells_count(cells), out, NULL),
                   MLGRAIN_SUCCESS);
  mlgrain_cells_free(cells);
  mlgrain_soap_free(soap);
  return out;
}

/* That of MLGRAIN_SIMD: ctest runs all of this once at each level. */
#define AT_LEVEL(level)                                                                            \
  for (enum mlgrain_simd_level level = mlgrain_simd_best(), done = level + 1; level < done; level++)

/* ---- against the reference ----------------------------------------------------------------- */

static void match_reference(struct mlgrain_soap_parameters p, const struct points *points,
                            int use_weight, size_t step, const char *what)
{
  const size_t count = mlgrain_soap_components(&p);
  double *wanted = calloc(count, sizeof *wanted);
  double *got[MLGRAIN_SIMD_LEVELS], *single[MLGRAIN_SIMD_LEVELS];
  AT_LEVEL(level)
  {
    p.precision = MLGRAIN_SOAP_DOUBLE;
    got[level] = compute(&p, level, points, use_weight);
    p.precision = MLGRAIN_SOAP_SINGLE;
    single[level] = compute(&p, level, points, use_weight);
  }
  for (size_t i = 0; i < points->n; i += step) {
    soap_reference(&p, points->n, points->x, p.species > 1 ? points->species : NULL,
                   use_weight ? points->weight : NULL, i, wanted);
    AT_LEVEL(level)
    {
      assert_close(what, got[level] + i * count, wanted, count, tight);
      assert_close(what, single[level] + i * count, wanted, count, loose);
    }
  }
  AT_LEVEL(level)
  {
    free(got[level]);
    free(single[level]);
  }
  free(wanted);
}

static void test_sizes(void **state)
{
  static const int sizes[][2] = {{1, 0}, {1, 1}, {2, 3}, {3, 2},  {4, 5}, {5, 1},
                                 {7, 4}, {9, 6}, {8, 6}, {16, 7}, {24, 2}};
  static struct points points;
  (void)state;
  make_cluster(&points, 40, 5.0, 1, 1);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    match_reference(parameters(MLGRAIN_SOAP_QUIPPY, 4.0, sizes[i][0], sizes[i][1], 0.5), &points, 0,
                    13, "quippy");
  for (size_t i = 0; i < 5; i++)
    match_reference(parameters(MLGRAIN_SOAP_GTO, 4.0, sizes[i][0], sizes[i][1], 0.6), &points, 0,
                    13, "gto");
}

static void test_large(void **state)
{
  static struct points points;
  (void)state;
  make_cluster(&points, 30, 5.0, 1, 2);
  match_reference(parameters(MLGRAIN_SOAP_QUIPPY, 5.0, 12, 12, 0.5), &points, 0, 29, "12/12");
  match_reference(parameters(MLGRAIN_SOAP_QUIPPY, 5.0, 18, 18, 0.5), &points, 0, 29, "18/18");
  match_reference(parameters(MLGRAIN_SOAP_QUIPPY, 5.0, 16, 18, 0.5), &points, 0, 29, "16/18");
}

static void test_numbers_of_neighbors(void **state)
{
  static const size_t counts[] = {1, 2, 3, 9, 17, 33, 70, 140};
  static struct points points;
  (void)state;
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    make_cluster(&points, counts[i], 7.0, 1, 3 + i);
    for (int n_max = 3; n_max <= 8; n_max += 5)
      match_reference(parameters(MLGRAIN_SOAP_QUIPPY, 4.5, n_max, 3, 0.4), &points, 0,
                      counts[i] / 3 + 1, "neighbors");
  }
}

static void test_species_and_weights(void **state)
{
  static struct points points;
  uint64_t random = 5;
  (void)state;
  make_cluster(&points, 60, 6.0, 3, 4);
  for (size_t i = 0; i < points.n; i++)
    points.weight[i] = i % 7 == 3 ? 0.0 : 1.2 + uniform(&random);
  points.species[5] = 3; /* of no channel */
  points.species[6] = -1;
  for (int k = 0; k < 4; k++) {
    const enum mlgrain_soap_basis basis = (enum mlgrain_soap_basis)(k % 2);
    struct mlgrain_soap_parameters p = parameters(basis, 4.5, k < 2 ? 3 : 8, 4, 0.5);
    match_reference(p, &points, 1, 7, "weights");
    p.species = 3;
    match_reference(p, &points, 0, 5, "species"); /* 5 among them */
    p.central_weight = 0.25;
    p.normalise = 1;
    match_reference(p, &points, 1, 7, "species and weights");
  }
}

static void test_widths(void **state)
{
  static const double widths[] = {0.0, 0.01, 1.0, 4.0};
  static struct points points;
  (void)state;
  make_cluster(&points, 60, 5.0, 1, 5);
  for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
    struct mlgrain_soap_parameters p = parameters(MLGRAIN_SOAP_QUIPPY, 4.0, 4, 4, 0.6);
    p.width = widths[i];
    match_reference(p, &points, 0, 20, "width");
  }
}

static void test_sigmas(void **state)
{
  static const double sigmas[] = {0.2, 0.35, 1.0, 2.0};
  static struct points points;
  (void)state;
  make_cluster(&points, 40, 5.0, 1, 6);
  for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++)
    for (int basis = 0; basis < 2; basis++)
      match_reference(parameters((enum mlgrain_soap_basis)basis, 3.7, 3, 4, sigmas[i]), &points, 0,
                      20, "sigma");
}

/* ---- special neighborhoods ------------------------------------------------------------------ */

/* A lone point has the spectrum of its own Gaussian: one number for quippy, (n, n', 0) for gto. */
static void test_lone_point(void **state)
{
  static struct points points;
  (void)state;
  points.n = 0;
  add_point(&points, 3.0, 4.0, 5.0, 0);
  for (int basis = 0; basis < 2; basis++) {
    struct mlgrain_soap_parameters p = parameters((enum mlgrain_soap_basis)basis, 4.0, 3, 2, 0.5);
    const size_t count = mlgrain_soap_components(&p);
    match_reference(p, &points, 0, 1, "lone point");
    p.central_weight = 0.0;
    p.normalise = 1;
    AT_LEVEL(level)
    {
      double *none = compute(&p, level, &points, 0);
      for (size_t k = 0; k < count; k++)
        assert_true(none[k] == 0.0);
      free(none);
    }
  }
}

/* Points in the same place count, the center itself once. */
static void test_coincident_points(void **state)
{
  static struct points points;
  (void)state;
  make_cluster(&points, 20, 4.0, 2, 7);
  add_point(&points, 0.0, 0.0, 0.0, 0);
  add_point(&points, 0.0, 0.0, 0.0, 1);
  add_point(&points, 0.0, 0.0, 0.0, 1);
  points.weight[20] = 0.7;
  for (int k = 0; k < 4; k++) {
    const enum mlgrain_soap_basis basis = (enum mlgrain_soap_basis)(k % 2);
    struct mlgrain_soap_parameters p = parameters(basis, 4.0, k < 2 ? 3 : 8, 3, 0.5);
    match_reference(p, &points, 0, 5, "coincident");
    p.species = 2;
    match_reference(p, &points, 1, 5, "coincident");
  }
}

/* The reach is open: a point at exactly that distance is no neighbor. */
static void test_reach(void **state)
{
  static struct points points;
  struct mlgrain_soap_parameters p = parameters(MLGRAIN_SOAP_QUIPPY, 3.0, 2, 2, 0.5);
  (void)state;
  p.width = 0.0;
  for (int within = 0; within < 2; within++) {
    points.n = 0;
    add_point(&points, 0.0, 0.0, 0.0, 0);
    add_point(&points, 0.0, within ? 2.999999999 : 3.0, 0.0, 0);
    AT_LEVEL(level)
    {
      double *out = compute(&p, level, &points, 0);
      assert_int_equal(out[mlgrain_soap_components(&p) - 2] != 0.0, within);
      free(out);
    }
  }
  assert_near(mlgrain_soap_reach(&p), 3.0, 0.0);
  p.basis = MLGRAIN_SOAP_GTO;
  assert_near(mlgrain_soap_reach(&p), 3.0 + 0.5 * 3.7169221888498383, 1e-14);
}

/* ---- invariances --------------------------------------------------------------------------- */

static void rotate(struct points *points, double a, double b, double sign)
{
  for (size_t i = 0; i < points->n; i++) {
    double *x = points->x[i];
    const double u = cos(a) * x[0] - sin(a) * x[1], v = sin(a) * x[0] + cos(a) * x[1];
    x[0] = sign * u;
    x[1] = sign * (cos(b) * v - sin(b) * x[2]);
    x[2] = sign * (sin(b) * v + cos(b) * x[2]);
  }
}

static void test_rotation_and_inversion(void **state)
{
  static struct points points, turned;
  (void)state;
  make_cluster(&points, 60, 6.0, 1, 8);
  for (int basis = 0; basis < 2; basis++) {
    const struct mlgrain_soap_parameters p =
        parameters((enum mlgrain_soap_basis)basis, 4.5, 6, 7, 0.5);
    const size_t count = mlgrain_soap_components(&p);
    AT_LEVEL(level)
    {
      double *plain = compute(&p, level, &points, 0);
      for (int k = 0; k < 4; k++) {
        turned = points;
        rotate(&turned, 0.7 * k, 1.1 * k * k, k % 2 ? -1.0 : 1.0);
        double *other = compute(&p, level, &turned, 0);
        for (size_t i = 0; i < points.n; i++)
          assert_close("rotated", other + i * count, plain + i * count, count, tight);
        free(other);
      }
      free(plain);
    }
  }
}

static void test_permutation(void **state)
{
  static struct points points, mixed;
  const struct mlgrain_soap_parameters p = parameters(MLGRAIN_SOAP_QUIPPY, 4.5, 5, 5, 0.5);
  const size_t count = mlgrain_soap_components(&p);
  (void)state;
  make_cluster(&points, 61, 6.0, 1, 9);
  mixed = points;
  for (size_t i = 0; i < points.n; i++)
    memcpy(mixed.x[i * 17 % 61], points.x[i], sizeof *points.x);
  AT_LEVEL(level)
  {
    double *plain = compute(&p, level, &points, 0), *other = compute(&p, level, &mixed, 0);
    for (size_t i = 0; i < points.n; i++)
      assert_close("permuted", other + i * 17 % 61 * count, plain + i * count, count, tight);
    free(plain);
    free(other);
  }
}

/* ---- the interface ------------------------------------------------------------------------- */

struct shown {
  size_t columns, points;
  double *row; /* [n][columns] */
};

static void keep(void *context, size_t count, const int32_t *point, const double *row)
{
  struct shown *shown = context;
  for (size_t i = 0; i < count; i++)
    memcpy(shown->row + (size_t)point[i] * shown->columns, row + i * shown->columns,
           shown->columns * sizeof *row);
  shown->points += count;
}

/* To the last bit: the result must not depend on the number of threads. */
static void test_ranges_choices_and_visits(void **state)
{
  static struct points points;
  static unsigned char chosen[MOST_POINTS];
  (void)state;
  make_cluster(&points, 150, 9.0, 1, 10);
  for (int precision = 0; precision < 2; precision++)
    AT_LEVEL(level)
    {
      struct mlgrain_soap_parameters p = parameters(MLGRAIN_SOAP_QUIPPY, 3.5, 3, 3, 0.5);
      p.precision = (enum mlgrain_soap_precision)precision;
      const size_t count = mlgrain_soap_components(&p);
      double *whole = compute(&p, level, &points, 0);
      double *parts = malloc(points.n * count * sizeof *parts);
      struct mlgrain_soap *soap = create(&p, level);
      struct mlgrain_cells *cells = sort(&points, 3.5);
      const struct mlgrain_soap_points given = {cells, chosen, NULL, NULL};
      struct shown shown = {count, 0, malloc(points.n * count * sizeof(double))};
      const size_t cell_count = mlgrain_cells_count(cells);
      for (size_t i = 0; i < points.n; i++) {
        chosen[i] = i % 5 != 3;
        for (size_t k = 0; k < count; k++)
          parts[i * count + k] = -12345.0;
      }
      for (size_t first = 0, last; first < cell_count; first = last) {
        last = first + 5 < cell_count ? first + 5 : cell_count;
        assert_int_equal(mlgrain_soap_compute(soap, &given, first, last, parts, NULL),
                         MLGRAIN_SUCCESS);
        assert_int_equal(mlgrain_soap_visit(soap, &given, first, last, keep, &shown, NULL),
                         MLGRAIN_SUCCESS);
      }
      assert_int_equal(shown.points, 120);
      for (size_t i = 0; i < points.n; i++)
        for (size_t k = 0; k < count; k++) {
          assert_true(parts[i * count + k] == (chosen[i] ? whole[i * count + k] : -12345.0));
          if (chosen[i])
            assert_true(shown.row[i * count + k] == whole[i * count + k]);
        }
      mlgrain_cells_free(cells);
      mlgrain_soap_free(soap);
      free(whole);
      free(parts);
      free(shown.row);
    }
}

static void test_columns(void **state)
{
  static struct points points;
  static unsigned char all[MOST_POINTS];
  static const size_t column[] = {23, 0, 7, 24, 7, 11, 12, 13, 1, 2}, bad[] = {3, 25};
  enum { COLUMNS = sizeof column / sizeof *column };
  (void)state;
  make_cluster(&points, 40, 5.0, 1, 11);
  memset(all, 1, sizeof all);
  AT_LEVEL(level)
  {
    struct mlgrain_soap_parameters p = parameters(MLGRAIN_SOAP_QUIPPY, 3.5, 3, 3, 0.5);
    p.normalise = 1;
    double *whole = compute(&p, level, &points, 0), some[40 * COLUMNS];
    struct mlgrain_soap *soap = create(&p, level);
    struct mlgrain_cells *cells = sort(&points, 3.5);
    struct mlgrain_error error;
    const struct mlgrain_soap_points given = {cells, all, NULL, NULL};
    assert_int_equal(mlgrain_soap_choose_columns(soap, 2, bad, &error), MLGRAIN_INVALID_ARGUMENT);
    assert_int_equal(mlgrain_soap_choose_columns(soap, 0, column, NULL), MLGRAIN_INVALID_ARGUMENT);
    assert_int_equal(mlgrain_soap_columns(soap), 25);
    assert_int_equal(mlgrain_soap_choose_columns(soap, COLUMNS, column, NULL), MLGRAIN_SUCCESS);
    assert_int_equal(mlgrain_soap_columns(soap), COLUMNS);
    assert_int_equal(mlgrain_soap_compute(soap, &given, 0, mlgrain_cells_count(cells), some, NULL),
                     MLGRAIN_SUCCESS);
    for (size_t i = 0; i < points.n; i++)
      for (size_t k = 0; k < COLUMNS; k++)
        assert_true(some[i * COLUMNS + k] == whole[i * 25 + column[k]]);
    mlgrain_cells_free(cells);
    mlgrain_soap_free(soap);
    free(whole);
  }
}

static void test_components(void **state)
{
  struct mlgrain_soap_parameters p = parameters(MLGRAIN_SOAP_QUIPPY, 5.0, 18, 18, 0.5);
  struct mlgrain_soap_component at;
  (void)state;
  assert_int_equal(mlgrain_soap_components(&p), 3250);
  assert_true(mlgrain_soap_describe(&p, 3249, &at));
  assert_int_equal(at.n[0], -1);
  assert_false(mlgrain_soap_describe(&p, 3250, &at));
  assert_true(mlgrain_soap_describe(&p, 19 * 4 + 5, &at)); /* pairs 00 10 11 20 21 */
  assert_true(at.n[0] == 2 && at.n[1] == 1 && at.l == 5 && at.species[0] == 0);
  p = parameters(MLGRAIN_SOAP_GTO, 5.0, 2, 1, 0.5);
  p.species = 2;
  assert_int_equal(mlgrain_soap_components(&p), 20);
  assert_true(
      mlgrain_soap_describe(&p, 6 + 5, &at)); /* second species pair, l = 1, n = 0, n' = 1 */
  assert_true(at.species[0] == 0 && at.species[1] == 1 && at.l == 1 && at.n[0] == 0 &&
              at.n[1] == 1);
  p.n_max = 0;
  assert_int_equal(mlgrain_soap_components(&p), 0);
}

static void refuse(struct mlgrain_soap_parameters p, enum mlgrain_status status, const char *word)
{
  struct mlgrain_soap *soap = (struct mlgrain_soap *)&p;
  struct mlgrain_error error = {""};
  assert_int_equal(mlgrain_soap_create(&p, MLGRAIN_SIMD_V2, &soap, &error), status);
  assert_null(soap);
  if (!strstr(error.text, word))
    fail_msg("no word of %s: %s", word, error.text);
}

static void test_refused_parameters(void **state)
{
  const struct mlgrain_soap_parameters good = parameters(MLGRAIN_SOAP_QUIPPY, 4.0, 3, 3, 0.5);
  struct mlgrain_soap_parameters p;
  (void)state;
#define REFUSE(member, value, word)                                                                \
  p = good;                                                                                        \
  p.member = value;                                                                                \
  refuse(p, MLGRAIN_INVALID_ARGUMENT, word)
  REFUSE(cutoff, 0.0, "cutoff");
  REFUSE(cutoff, NAN, "cutoff");
  REFUSE(cutoff, INFINITY, "cutoff");
  REFUSE(n_max, 0, "nmax");
  REFUSE(n_max, 33, "nmax");
  REFUSE(l_max, -1, "lmax");
  REFUSE(l_max, 25, "lmax");
  REFUSE(sigma, -0.5, "sigma");
  REFUSE(sigma, NAN, "sigma");
  REFUSE(width, 4.1, "width");
  REFUSE(width, NAN, "width");
  REFUSE(central_weight, -1.0, "central");
  REFUSE(species, 0, "species");
  REFUSE(species, 17, "species");
  REFUSE(basis, (enum mlgrain_soap_basis)7, "basis");
#undef REFUSE
  p = parameters(MLGRAIN_SOAP_GTO, 1.0, 3, 3, 0.5);
  refuse(p, MLGRAIN_INVALID_ARGUMENT, "above 1");
  p = parameters(MLGRAIN_SOAP_GTO, 5.0, 30, 2, 0.5);
  refuse(p, MLGRAIN_UNSUPPORTED, "depend");
  p = parameters(MLGRAIN_SOAP_QUIPPY, 1e4, 18, 18, 0.01);
  refuse(p, MLGRAIN_UNSUPPORTED, "256 MB");
  mlgrain_soap_free(NULL);
}

static void test_refused_cells(void **state)
{
  static struct points points;
  const struct mlgrain_soap_parameters p = parameters(MLGRAIN_SOAP_QUIPPY, 4.0, 2, 2, 0.5);
  const unsigned char all[3] = {1, 1, 1};
  double out[3 * 10];
  struct mlgrain_error error;
  (void)state;
  make_cluster(&points, 3, 3.0, 1, 12);
  struct mlgrain_soap *soap = create(&p, MLGRAIN_SIMD_V2);
  struct mlgrain_cells *small = sort(&points, 3.9), *fit = sort(&points, 4.0);
  struct mlgrain_soap_points given = {small, all, NULL, NULL};
  const size_t count = mlgrain_cells_count(fit);
  assert_int_equal(mlgrain_soap_compute(soap, &given, 0, 1, out, &error), MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "3.9"));
  given.cells = fit;
  assert_int_equal(mlgrain_soap_compute(soap, &given, 0, count + 1, out, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_soap_compute(soap, &given, count, count, out, NULL), MLGRAIN_SUCCESS);
  mlgrain_cells_free(small);
  mlgrain_cells_free(fit);
  mlgrain_soap_free(soap);
}

/* ---- tables -------------------------------------------------------------------------------- */

/* h_nl of all functions at a distance, as the header says. */
static void radial_from_tables(const struct mlgrain_soap_tables *tables, size_t functions, double r,
                               double *value)
{
  const int i = (int)(r * tables->inverse_length);
  const double t = 2.0 * (r * tables->inverse_length - i) - 1.0;
  const size_t rows = (size_t)tables->degree + 1;
  for (size_t f = 0; f < functions; f++) {
    value[f] = 0.0;
    for (size_t k = 0; k < rows; k++)
      value[f] = value[f] * t + tables->radial[((size_t)i * rows + k) * functions + f];
  }
}

static double legendre(int l, double x)
{
  double before = 1.0, now = x;
  if (l == 0)
    return 1.0;
  for (int k = 2; k <= l; k++) {
    const double next = ((2 * k - 1) * x * now - (k - 1) * before) / k;
    before = now;
    now = next;
  }
  return now;
}

/* The spectrum of the first of three points of one species within reach, none of which fades:
   sum_m Y_lm(j) Y_lm(k) = (2l + 1)/(4 pi) P_l(cos jk). */
static void match_tables(struct mlgrain_soap_parameters p)
{
  const double x[3][3] = {{0.0, 0.0, 0.0}, {1.1, 0.4, -0.7}, {-0.3, 2.0, 0.9}}, pi = acos(-1.0);
  const size_t functions = (size_t)(p.n_max * (p.l_max + 1)), count = mlgrain_soap_components(&p);
  struct points points = {0};
  for (int j = 0; j < 3; j++)
    add_point(&points, x[j][0], x[j][1], x[j][2], 0);
  double h[2][64], cosine[2][2];
  double *wanted = compute(&p, MLGRAIN_SIMD_V2, &points, 0), *got = calloc(count, sizeof *got);
  struct mlgrain_soap *soap = create(&p, mlgrain_simd_best());
  struct mlgrain_soap_tables *tables;
  const size_t last = count - 1; /* other tables than those of the chosen columns are not there */
  assert_int_equal(mlgrain_soap_choose_columns(soap, 1, &last, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_soap_tables_create(soap, &tables, NULL), MLGRAIN_SUCCESS);
  mlgrain_soap_free(soap);
  assert_true(functions <= 64);
  for (int j = 0; j < 2; j++) {
    const double *a = x[j + 1];
    radial_from_tables(tables, functions, sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]), h[j]);
    for (int k = 0; k < 2; k++) {
      const double *b = x[k + 1];
      cosine[j][k] = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) /
                     sqrt((a[0] * a[0] + a[1] * a[1] + a[2] * a[2]) *
                          (b[0] * b[0] + b[1] * b[1] + b[2] * b[2]));
    }
  }
  for (size_t index = 0; index < count; index++) {
    struct mlgrain_soap_component at;
    assert_int_equal(mlgrain_soap_describe(&p, index, &at), 1);
    const int a = at.l * p.n_max + at.n[0], b = at.l * p.n_max + at.n[1];
    if (at.n[0] < 0) {
      assert_true(tables->factor[index] == 0.0);
      continue;
    }
    double sum = 0.0;
    if (at.l == 0) {
      const double y = sqrt(0.25 / pi);
      sum = (y * (h[0][a] + h[1][a]) + tables->central[a]) *
            (y * (h[0][b] + h[1][b]) + tables->central[b]);
    } else {
      for (int j = 0; j < 2; j++)
        for (int k = 0; k < 2; k++)
          sum += (2 * at.l + 1) / (4.0 * pi) * h[j][a] * h[k][b] * legendre(at.l, cosine[j][k]);
    }
    got[index] = tables->factor[index] * sum;
  }
  assert_close("tables", got, wanted, count, p.precision == MLGRAIN_SOAP_DOUBLE ? tight : loose);
  mlgrain_soap_tables_free(tables);
  free(wanted);
  free(got);
}

static void test_tables(void **state)
{
  (void)state;
  struct mlgrain_soap_parameters p = parameters(MLGRAIN_SOAP_QUIPPY, 4.0, 5, 6, 0.5);
  match_tables(p);
  p.precision = MLGRAIN_SOAP_SINGLE;
  match_tables(p);
  match_tables(parameters(MLGRAIN_SOAP_GTO, 4.0, 3, 4, 0.6));
  mlgrain_soap_tables_free(NULL);
}

/* ---- other programs ------------------------------------------------------------------------ */

/* One case of soap_vectors.txt, see make_soap_vectors.py; 0 at the end of the file. */
static int check_case(FILE *file)
{
  static struct points points;
  char program[64], basis[16];
  struct mlgrain_soap_parameters p = {0};
  double tolerance;
  size_t n, centers, count;
  if (fscanf(file, " case %63s", program) != 1)
    return 0;
  assert_int_equal(fscanf(file, " parameters %15s %lf %d %d %lf %lf %lf %d %d %lf", basis,
                          &p.cutoff, &p.n_max, &p.l_max, &p.sigma, &p.width, &p.central_weight,
                          &p.normalise, &p.species, &tolerance),
                   10);
  p.basis = strcmp(basis, "gto") == 0 ? MLGRAIN_SOAP_GTO : MLGRAIN_SOAP_QUIPPY;
  assert_int_equal(fscanf(file, " points %zu", &n), 1);
  points.n = 0;
  for (size_t i = 0; i < n; i++) {
    double x, y, z;
    int species;
    assert_int_equal(fscanf(file, "%lf %lf %lf %d", &x, &y, &z, &species), 4);
    add_point(&points, x, y, z, species);
  }
  assert_int_equal(fscanf(file, " vectors %zu %zu", &centers, &count), 2);
  assert_int_equal(count, mlgrain_soap_components(&p));
  double *wanted = malloc(centers * count * sizeof *wanted);
  for (size_t k = 0; k < centers * count; k++)
    assert_int_equal(fscanf(file, "%lf", &wanted[k]), 1);
  AT_LEVEL(level)
  {
    double *got = compute(&p, level, &points, 0);
    for (size_t i = 0; i < centers; i++)
      assert_close(program, got + i * count, wanted + i * count, count, tolerance);
    free(got);
  }
  free(wanted);
  return 1;
}

static void test_other_programs(void **state)
{
  char path[4096], line[256];
  int cases = 0;
  (void)state;
  assert_non_null(getenv("MLGRAIN_SOURCE_DIR"));
  snprintf(path, sizeof path, "%s/unittest/core/soap_vectors.txt", getenv("MLGRAIN_SOURCE_DIR"));
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  for (int comments = 0; comments < 2; comments++)
    assert_non_null(fgets(line, sizeof line, file));
  while (check_case(file))
    cases++;
  fclose(file);
  assert_int_equal(cases, 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_large),
      cmocka_unit_test(test_numbers_of_neighbors),
      cmocka_unit_test(test_species_and_weights),
      cmocka_unit_test(test_widths),
      cmocka_unit_test(test_sigmas),
      cmocka_unit_test(test_lone_point),
      cmocka_unit_test(test_coincident_points),
      cmocka_unit_test(test_reach),
      cmocka_unit_test(test_rotation_and_inversion),
      cmocka_unit_test(test_permutation),
      cmocka_unit_test(test_ranges_choices_and_visits),
      cmocka_unit_test(test_columns),
      cmocka_unit_test(test_components),
      cmocka_unit_test(test_tables),
      cmocka_unit_test(test_refused_parameters),
      cmocka_unit_test(test_refused_cells),
      cmocka_unit_test(test_other_programs),
  };
  return cmocka_run_group_tests_name("soap", tests, NULL, NULL);
}
