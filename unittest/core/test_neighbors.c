/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Periodic images and neighbor lists: whatever the box, the neighbors of a point among points and
   images are those of a sum over far more shifts than needed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/cells.h"
#include "mlgrain/images.h"
#include "mlgrain/neighbors.h"

enum { POINTS = 14 };

/* Uniform in (-1, 1), the same sequence everywhere (the 64-bit generator of Knuth's MMIX). */
static double uniform(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) * 0x1p-52 - 1.0;
}

struct case_of_box {
  const char *name;
  double edge[3][3];
  int periodic[3];
  int shifts; /* enough for the plain sum */
};

static const struct case_of_box boxes[] = {
    {"large", {{9, 0, 0}, {0, 10, 0}, {0, 0, 11}}, {1, 1, 1}, 2},
    {"small", {{2.1, 0, 0}, {0, 1.3, 0}, {0, 0, 1.7}}, {1, 1, 1}, 6},
    {"leaning", {{3, 0, 0}, {7, 4, 0}, {-9, 5, 4}}, {1, 1, 1}, 12},
    {"left-handed", {{0, 3, 0}, {4, 0, 0.5}, {0, 0.2, 5}}, {1, 1, 1}, 4},
    {"film", {{4, 1, 0}, {0, 5, 0}, {0, 0, 0}}, {1, 1, 0}, 4},
    {"leaning film", {{0, 4, 1}, {8, 1, 7}, {3, 0, 2}}, {1, 0, 1}, 6},
    {"wire", {{0, 0, 0}, {1, 1.5, -0.5}, {0, 0, 0}}, {0, 1, 0}, 12},
    {"cluster", {{0, 0, 0}, {0, 0, 0}, {NAN, 0, 0}}, {0, 0, 0}, 0},
};
enum { BOXES = sizeof boxes / sizeof boxes[0] };

static struct mlgrain_box box_of(const struct case_of_box *box)
{
  struct mlgrain_box made = {.low = {0.3, -0.2, 0.1}};
  memcpy(made.edge, box->edge, sizeof made.edge);
  for (int k = 0; k < 3; k++)
    made.bounded[k] = !box->periodic[k];
  return made;
}

/* Number of images of `to`, itself included but not at distance 0, within the cutoff of `from`, and
   the sum of their squared distances. */
static void plain_sum(const struct case_of_box *box, const double from[3], const double to[3],
                      double cutoff, int same, long *count, double *sum)
{
  int most[3], m[3];
  for (int k = 0; k < 3; k++)
    most[k] = box->periodic[k] ? box->shifts : 0;
  for (m[0] = -most[0]; m[0] <= most[0]; m[0]++)
    for (m[1] = -most[1]; m[1] <= most[1]; m[1]++)
      for (m[2] = -most[2]; m[2] <= most[2]; m[2]++) {
        double r2 = 0.0;
        for (int d = 0; d < 3; d++) {
          double x = to[d] - from[d];
          for (int k = 0; k < 3; k++)
            if (m[k])
              x += m[k] * box->edge[k][d];
          r2 += x * x;
        }
        if (r2 < cutoff * cutoff && !(same && !m[0] && !m[1] && !m[2])) {
          *count += 1;
          *sum += r2;
        }
      }
}

static void check(const struct case_of_box *given, double spread, double cutoff, uint64_t seed)
{
  double x[POINTS][3];
  struct mlgrain_images *images;
  struct mlgrain_cells *cells;
  struct mlgrain_neighbors lists = {0};
  struct mlgrain_error error;
  const struct mlgrain_box box = box_of(given);
  for (int i = 0; i < POINTS; i++)
    for (int d = 0; d < 3; d++)
      x[i][d] = spread * uniform(&seed);
  assert_int_equal(mlgrain_images_create(POINTS, x, &box, cutoff, &images, NULL, &error), 0);
  assert_int_equal(mlgrain_cells_create(images->count, images->x, cutoff, &cells, NULL, &error), 0);
  unsigned char *chosen = calloc(images->count, 1);
  memset(chosen, 1, POINTS);
  const size_t cell_count = mlgrain_cells_count(cells);
  size_t centers = 0;
  for (size_t first = 0; first < cell_count; first += 5) {
    const size_t last = first + 5 < cell_count ? first + 5 : cell_count;
    assert_int_equal(mlgrain_neighbors_find(cells, cutoff, first, last, chosen, &lists, &error), 0);
    centers += lists.count;
    for (size_t c = 0; c < lists.count; c++) {
      const int i = lists.center[c];
      assert_in_range(i, 0, POINTS - 1);
      long found[POINTS] = {0};
      double sum[POINTS] = {0.0};
      for (size_t k = lists.start[c]; k < lists.start[c + 1]; k++) {
        const int j = lists.neighbor[k];
        assert_int_not_equal(j, i);
        double r2 = 0.0;
        for (int d = 0; d < 3; d++)
          r2 += (images->x[j][d] - images->x[i][d]) * (images->x[j][d] - images->x[i][d]);
        found[images->owner[j]]++;
        sum[images->owner[j]] += r2;
      }
      for (int j = 0; j < POINTS; j++) {
        long expected = 0;
        double expected_sum = 0.0;
        plain_sum(given, x[i], x[j], cutoff, i == j, &expected, &expected_sum);
        if (found[j] != expected)
          fail_msg("%s box, cutoff %g: %ld neighbors, not %ld", given->name, cutoff, found[j],
                   expected);
        assert_true(fabs(sum[j] - expected_sum) <= 1e-9 * (1.0 + expected_sum));
      }
    }
  }
  assert_int_equal(centers, POINTS);
  free(chosen);
  mlgrain_neighbors_free(&lists);
  mlgrain_cells_free(cells);
  mlgrain_images_free(images);
}

static void test_neighbors(void **state)
{
  (void)state;
  for (int b = 0; b < BOXES; b++)
    for (uint64_t seed = 1; seed < 4; seed++) {
      check(&boxes[b], 2.0, 1.9, seed);
      check(&boxes[b], 1.0, 4.1, seed);
      check(&boxes[b], 0.4, 0.7, seed);
    }
}

/* Points outside the box go into it, those inside keep every digit. */
static void test_wrapped(void **state)
{
  (void)state;
  const struct mlgrain_box box = {
      .low = {1, 1, 1}, .edge = {{4, 0, 0}, {1, 5, 0}, {0, 0, 3}}, .bounded = {0, 0, 1}};
  const double x[3][3] = {{2.1, 3.2, 2.3}, {2.1 - 4 + 2, 3.2 + 10, 2.3}, {2.5, 2.5, 50.0}};
  struct mlgrain_images *images;
  assert_int_equal(mlgrain_images_create(3, x, &box, 0.1, &images, NULL, NULL), 0);
  assert_memory_equal(images->x[0], x[0], sizeof x[0]);
  assert_memory_equal(images->x[2], x[2], sizeof x[2]);
  for (int d = 0; d < 3; d++)
    assert_true(fabs(images->x[1][d] - x[0][d]) < 1e-14);
  mlgrain_images_free(images);
}

/* Few more images than a box that is larger on each side by the reach. */
static void test_no_more_than_needed(void **state)
{
  (void)state;
  enum { MANY = 4000 };
  static double x[MANY][3];
  uint64_t seed = 5;
  const double edge = 20.0, reach = 3.0, side = 1.0 + 2.0 * reach / edge;
  const struct mlgrain_box box = {.edge = {{edge, 0, 0}, {0, edge, 0}, {0, 0, edge}}};
  for (int i = 0; i < MANY; i++)
    for (int d = 0; d < 3; d++)
      x[i][d] = 0.5 * edge * (1.0 + uniform(&seed));
  struct mlgrain_images *images;
  assert_int_equal(mlgrain_images_create(MANY, x, &box, reach, &images, NULL, NULL), 0);
  assert_true((double)images->count < MANY * side * side * side);
  mlgrain_images_free(images);
}

static void refuse(size_t n, const double (*x)[3], const struct mlgrain_box *box, double reach,
                   enum mlgrain_status expected, size_t culprit)
{
  struct mlgrain_images *images = (void *)&images;
  struct mlgrain_error error = {{0}};
  size_t bad = 99;
  assert_int_equal(mlgrain_images_create(n, x, box, reach, &images, &bad, &error), expected);
  assert_null(images);
  assert_true(strlen(error.text) > 10);
  assert_int_equal(bad, culprit);
}

static void test_refused(void **state)
{
  (void)state;
  const double good[2][3] = {{0}}, bad[2][3] = {{0}, {0, NAN, 0}};
  const struct mlgrain_box box = {.edge = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}, none = {.low = {0}},
                           free = {.bounded = {1, 1, 1}},
                           flat = {.edge = {{1, 0, 0}, {0, 1, 0}, {1, 1, 0}}},
                           infinite = {.edge = {{INFINITY, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  refuse(2, good, &box, 0.0, MLGRAIN_INVALID_ARGUMENT, 99);
  refuse(2, good, &box, NAN, MLGRAIN_INVALID_ARGUMENT, 99);
  refuse(2, bad, &box, 1.0, MLGRAIN_NOT_FINITE, 1);
  refuse(2, bad, &free, 1.0, MLGRAIN_NOT_FINITE, 1);
  refuse(2, good, &none, 1.0, MLGRAIN_INVALID_ARGUMENT, 2);
  refuse(2, good, &flat, 1.0, MLGRAIN_INVALID_ARGUMENT, 2);
  refuse(2, good, &infinite, 1.0, MLGRAIN_NOT_FINITE, 2);
  refuse(2, good, &box, 1e4, MLGRAIN_INVALID_ARGUMENT, 99);
}

static void test_lists_refused(void **state)
{
  (void)state;
  const double x[2][3] = {{0}, {1, 0, 0}};
  const unsigned char chosen[2] = {1, 1};
  struct mlgrain_neighbors lists = {0};
  struct mlgrain_cells *cells;
  assert_int_equal(mlgrain_cells_create(2, x, 2.0, &cells, NULL, NULL), 0);
  const size_t count = mlgrain_cells_count(cells);
  assert_int_equal(mlgrain_neighbors_find(cells, 2.1, 0, count, chosen, &lists, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_neighbors_find(cells, 2.0, 0, count + 1, chosen, &lists, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_neighbors_find(cells, 2.0, 0, count, chosen, &lists, NULL), 0);
  assert_int_equal(lists.start[lists.count], 2);
  mlgrain_neighbors_free(&lists);
  assert_null(lists.center);
  mlgrain_cells_free(cells);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_neighbors),           cmocka_unit_test(test_wrapped),
      cmocka_unit_test(test_no_more_than_needed), cmocka_unit_test(test_refused),
      cmocka_unit_test(test_lists_refused),
  };
  return cmocka_run_group_tests_name("neighbors", tests, NULL, NULL);
}
