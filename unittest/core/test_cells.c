/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cell grid: whatever the arrangement of the points, the runs of each cell hold every point
   within the cutoff of its points, once. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cells/cells.h"

enum { MOST_POINTS = 3000 };

static double points[MOST_POINTS][3];

/* Uniform in (-1, 1), the same sequence everywhere (the 64-bit generator of Knuth's MMIX). */
static double uniform(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) * 0x1p-52 - 1.0;
}

static double distance2(const double a[3], const double b[3])
{
  const double d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  return d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
}

static size_t count_within(size_t n, const double x[3], double cutoff)
{
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    count += distance2(points[i], x) < cutoff * cutoff;
  return count;
}

static struct mlgrain_cells *make_cells(size_t n, double cutoff)
{
  struct mlgrain_cells *cells;
  struct mlgrain_error error;
  assert_int_equal(mlgrain_cells_create(n, points, cutoff, &cells, NULL, &error), MLGRAIN_SUCCESS);
  assert_non_null(cells);
  return cells;
}

/* Each point lies in one place, with its own coordinates, and cells follow each other. */
static void check_order(const struct mlgrain_cells *cells, size_t n)
{
  static unsigned char seen[MOST_POINTS];
  const size_t count = mlgrain_cells_count(cells);
  memset(seen, 0, sizeof seen);
  assert_int_equal(cells->start[0], 0);
  assert_int_equal(cells->start[count], n);
  for (size_t c = 0; c < count; c++) {
    assert_true(cells->start[c] <= cells->start[c + 1]);
    for (uint32_t place = cells->start[c]; place + 1 < cells->start[c + 1]; place++)
      assert_true(cells->index[place] < cells->index[place + 1]); /* the sort is stable */
  }
  for (size_t place = 0; place < n; place++) {
    const int32_t i = cells->index[place];
    assert_true(i >= 0 && (size_t)i < n && !seen[i]);
    seen[i] = 1;
    assert_true(cells->x[place] == points[i][0] && cells->y[place] == points[i][1] &&
                cells->z[place] == points[i][2]);
  }
}

/* The runs of a span of cells rise and do not overlap, so a point found is found once. */
static void check_runs(const struct mlgrain_cells *cells, size_t n, double cutoff, size_t cell,
                       int32_t span)
{
  struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
  const int runs = mlgrain_cells_runs(cells, cell, span, run);
  assert_in_range(runs, 0, MLGRAIN_CELLS_RUNS);
  for (int r = 0; r < runs; r++) {
    assert_true(run[r].first < run[r].last && run[r].last <= n);
    assert_true(r == 0 || run[r - 1].last <= run[r].first);
  }
  for (uint32_t place = cells->start[cell]; place < cells->start[cell + (size_t)span]; place++) {
    const double *center = points[cells->index[place]];
    size_t found = 0;
    for (int r = 0; r < runs; r++)
      for (uint32_t j = run[r].first; j < run[r].last; j++)
        found += distance2(points[cells->index[j]], center) < cutoff * cutoff;
    assert_int_equal(found, count_within(n, center, cutoff));
  }
}

static void check(size_t n, double cutoff)
{
  struct mlgrain_cells *cells = make_cells(n, cutoff);
  check_order(cells, n);
  for (size_t cell = 0; cell < mlgrain_cells_count(cells); cell++)
    if (cells->start[cell] < cells->start[cell + 1])
      for (int32_t span = 1; span <= 3; span++)
        if ((int64_t)(cell % (size_t)cells->size[0]) + span <= cells->size[0])
          check_runs(cells, n, cutoff, cell, span);
  for (size_t i = 0; i < MLGRAIN_CELLS_PADDING; i++) /* readable, and harmless in arithmetic */
    assert_true(isfinite(cells->x[n + i] + cells->y[n + i] + cells->z[n + i]));
  /* a generous grid for few points, but no more cells than points warrant */
  assert_true(mlgrain_cells_count(cells) <= 64 + 4 * n);
  assert_true(mlgrain_cells_memory(cells) >= 28 * n);
  assert_true(mlgrain_cells_memory(cells) <= 44 * n + 2048);
  mlgrain_cells_free(cells);
}

static void scatter(size_t n, double sx, double sy, double sz, uint64_t seed)
{
  for (size_t i = 0; i < n; i++) {
    points[i][0] = sx * uniform(&seed);
    points[i][1] = sy * uniform(&seed);
    points[i][2] = sz * uniform(&seed);
  }
}

static void test_random(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed < 6; seed++) {
    scatter(1000, 7.0, 11.0, 5.0, seed);
    for (double cutoff = 0.3; cutoff < 40.0; cutoff *= 2.1)
      check(1000, cutoff);
  }
}

static void test_few(void **state)
{
  (void)state;
  check(0, 1.0);
  for (size_t n = 1; n < 12; n++) {
    scatter(n, 3.0, 3.0, 3.0, n);
    check(n, 2.0);
    check(n, 1e-3);
    check(n, 1e6);
  }
}

static void test_clustered(void **state)
{
  (void)state;
  scatter(1500, 1.0, 1.0, 1.0, 3);
  for (size_t i = 0; i < 1500; i++)
    points[i][i / 500] += 1000.0 * (double)(i / 500);
  check(1500, 0.4);
  check(1500, 900.0);
}

static void test_collinear_and_planar(void **state)
{
  (void)state;
  for (int d = 0; d < 3; d++) {
    scatter(600, d == 0 ? 200.0 : 0.0, d == 1 ? 200.0 : 0.0, d == 2 ? 200.0 : 0.0, 9);
    check(600, 1.7);
    scatter(600, d == 0 ? 0.0 : 20.0, d == 1 ? 0.0 : 20.0, d == 2 ? 0.0 : 20.0, 9);
    check(600, 1.7);
  }
}

static void test_coincident(void **state)
{
  (void)state;
  for (size_t i = 0; i < 200; i++)
    points[i][0] = points[i][1] = points[i][2] = -7.25;
  check(200, 1.0);
  check(200, MLGRAIN_SMALLEST_LENGTH);
}

/* One far-off point must neither make the grid huge nor hide neighbors. */
static void test_far_flung(void **state)
{
  (void)state;
  for (double far = 1e2; far < 1e300; far *= 1e9) {
    scatter(400, 5.0, 5.0, 5.0, 2);
    points[123][0] = far;
    points[321][2] = -far / 3.0;
    check(400, 1.1);
  }
  scatter(400, 1e307, 1e307, 1e307, 2);
  check(400, MLGRAIN_SMALLEST_LENGTH);
  check(400, MLGRAIN_LARGEST_LENGTH);
}

/* A lattice whose spacing divides the edge of a cell: points sit on the borders, pairs at exactly
   the cutoff. */
static void test_borders(void **state)
{
  (void)state;
  for (int scale = 1; scale <= 4; scale++) {
    size_t n = 0;
    for (int i = 0; i < 10; i++)
      for (int j = 0; j < 10; j++)
        for (int k = 0; k < 10; k++, n++) {
          points[n][0] = 0.1 * i;
          points[n][1] = -0.1 * j;
          points[n][2] = 100.0 + 0.1 * k;
        }
    check(n, 0.1 * scale);
    check(n, 0.05 * scale);
  }
}

/* Where the cells have to be larger than the cutoff asks, they are not larger than need be. */
static void test_sparse(void **state)
{
  (void)state;
  scatter(1000, 100.0, 100.0, 100.0, 4);
  struct mlgrain_cells *cells = make_cells(1000, 1.0);
  assert_true(mlgrain_cells_count(cells) > 1500);
  mlgrain_cells_free(cells);
  check(1000, 1.0);
}

/* A second point that lies on the last border, or as many roundings from it as may matter. */
static void test_last_border(void **state)
{
  (void)state;
  memset(points, 0, 2 * sizeof *points);
  for (double cutoff = 0.1; cutoff < 3.0; cutoff *= 1.1)
    for (int border = 1; border < 60; border++) {
      points[1][2] = 0.0;
      struct mlgrain_cells *cells = make_cells(2, cutoff);
      points[1][2] = border / cells->inverse_edge[2];
      mlgrain_cells_free(cells);
      for (int k = 0; k < 4; k++)
        points[1][2] = nextafter(points[1][2], 0.0);
      for (int k = 0; k < 8; k++) {
        check(2, cutoff);
        points[1][2] = nextafter(points[1][2], 1e9);
      }
    }
}

enum { PAIRS = 4000, FILLING = 80000, ALL = 2 * PAIRS + FILLING };

/* A long line: its ends, enough points at the first end to let the grid be fine, and pairs near the
   origin, a hair closer to each other than the cutoff and the first just below a border. There x is
   precise and x - low is not. */
static void make_line(double (*line)[3], double scale, double cutoff)
{
  memset(line, 0, ALL * sizeof *line);
  for (int i = 0; i < ALL; i++)
    line[i][0] = -5000.0;
  line[ALL - 1][0] = 5000.0;
  for (int i = 0; i < PAIRS; i++) {
    const double border = floor(5000.0 * scale) + 4.0 * (i - PAIRS / 2);
    double below = border / scale - 5000.0 - 1e-9, above = below + 2e-9;
    while (nextafter(below, above) < above) {
      const double middle = 0.5 * (below + above);
      if ((middle - -5000.0) * scale < border)
        below = middle;
      else
        above = middle;
    }
    line[2 * i][0] = below;
    line[2 * i + 1][0] = below + cutoff;
    while (line[2 * i + 1][0] - below >= cutoff)
      line[2 * i + 1][0] = nextafter(line[2 * i + 1][0], -1e9);
  }
}

static void test_rounding_at_borders(void **state)
{
  const double cutoff = 0.1;
  static double line[ALL][3];
  struct mlgrain_cells *cells;
  struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
  int checked = 0;
  (void)state;
  make_line(line, 20.0, cutoff);
  assert_int_equal(mlgrain_cells_create(ALL, line, cutoff, &cells, NULL, NULL), MLGRAIN_SUCCESS);
  const double scale = cells->inverse_edge[0];
  mlgrain_cells_free(cells);
  make_line(line, scale, cutoff);
  assert_int_equal(mlgrain_cells_create(ALL, line, cutoff, &cells, NULL, NULL), MLGRAIN_SUCCESS);
  assert_true(cells->inverse_edge[0] == scale && cells->low[0] == -5000.0);
  for (size_t cell = 1; cell < mlgrain_cells_count(cells); cell++) {
    const int runs = mlgrain_cells_runs(cells, cell, 1, run);
    for (uint32_t place = cells->start[cell]; place < cells->start[cell + 1]; place++) {
      const int32_t i = cells->index[place];
      int found = 0;
      if (i % 2 || i >= 2 * PAIRS)
        continue;
      for (int r = 0; r < runs; r++)
        for (uint32_t j = run[r].first; j < run[r].last; j++)
          found += cells->index[j] == i + 1;
      assert_int_equal(found, 1);
      checked++;
    }
  }
  assert_int_equal(checked, PAIRS);
  mlgrain_cells_free(cells);
}

static void expect_bad_point(size_t n, size_t wanted)
{
  struct mlgrain_cells *cells = (struct mlgrain_cells *)points;
  struct mlgrain_error error;
  size_t bad = 999;
  assert_int_equal(mlgrain_cells_create(n, points, 1.0, &cells, &bad, &error), MLGRAIN_NOT_FINITE);
  assert_int_equal(bad, wanted);
  assert_null(cells);
  assert_non_null(strstr(error.text, "point"));
  assert_int_equal(mlgrain_cells_create(n, points, 1.0, &cells, NULL, NULL), MLGRAIN_NOT_FINITE);
}

static void test_not_finite(void **state)
{
  static const double bad[] = {NAN, INFINITY, -INFINITY};
  (void)state;
  for (size_t b = 0; b < sizeof bad / sizeof *bad; b++)
    for (int d = 0; d < 3; d++)
      for (size_t i = 0; i < 20; i += 19) {
        scatter(20, 1.0, 1.0, 1.0, 1);
        points[i][d] = bad[b];
        expect_bad_point(20, i);
      }
  scatter(20, 1.0, 1.0, 1.0, 1);
  points[4][1] = 1.5e308;
  points[9][1] = -1.5e308; /* each finite, their difference not */
  expect_bad_point(20, 9);
}

static void test_refused(void **state)
{
  static const double bad[] = {0.0, -1.0, NAN, INFINITY, 5e-324, 0.9e-50, 1.1e50};
  struct mlgrain_cells *cells;
  struct mlgrain_error error;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    cells = (struct mlgrain_cells *)points;
    assert_int_equal(mlgrain_cells_create(1, points, bad[i], &cells, NULL, &error),
                     MLGRAIN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "cutoff"));
    assert_null(cells);
  }
  cells = (struct mlgrain_cells *)points;
  assert_int_equal(mlgrain_cells_create((size_t)INT32_MAX + 1, points, 1.0, &cells, NULL, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_null(cells);
  mlgrain_cells_free(NULL);
}

static void test_no_array(void **state)
{
  struct mlgrain_cells *cells;
  (void)state;
  assert_int_equal(mlgrain_cells_create(0, NULL, 1.0, &cells, NULL, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_cells_count(cells), 1);
  mlgrain_cells_free(cells);
}

/* Cells are as small as the search allows where points are dense: the speed depends on it. */
static void test_edge_of_cells(void **state)
{
  (void)state;
  scatter(3000, 5.0, 5.0, 5.0, 1);
  struct mlgrain_cells *cells = make_cells(3000, 2.0);
  for (int d = 0; d < 3; d++) {
    assert_true(fabs(cells->inverse_edge[d] - 1.0) < 1e-5);
    assert_int_equal(cells->size[d], 10);
  }
  mlgrain_cells_free(cells);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random),      cmocka_unit_test(test_few),
      cmocka_unit_test(test_clustered),   cmocka_unit_test(test_collinear_and_planar),
      cmocka_unit_test(test_coincident),  cmocka_unit_test(test_far_flung),
      cmocka_unit_test(test_borders),     cmocka_unit_test(test_sparse),
      cmocka_unit_test(test_last_border), cmocka_unit_test(test_rounding_at_borders),
      cmocka_unit_test(test_not_finite),  cmocka_unit_test(test_refused),
      cmocka_unit_test(test_no_array),    cmocka_unit_test(test_edge_of_cells),
  };
  return cmocka_run_group_tests_name("cells", tests, NULL, NULL);
}
