/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voronoi and Laguerre cells in periodic boxes, against the distances that define them, and grains
   drawn at random or read from a file. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/grains.h"
#include "mlgrain/tessellation.h"
#include "near.h"

enum { MOST = 400 };

static const struct mlgrain_box cube = {{0, 0, 0}, {{10, 0, 0}, {0, 10, 0}, {0, 0, 10}}};
static const struct mlgrain_box flat = {{-3, 2, 1}, {{40, 0, 0}, {0, 6, 0}, {0, 0, 11}}};
static const struct mlgrain_box skew = {{1, -2, 5}, {{12, 0, 0}, {5, 9, 0}, {-4, 7, 10}}};
static const struct mlgrain_box *const boxes[] = {&cube, &flat, &skew};

static double uniform(uint64_t *state)
{
  *state = *state * 2862933555777941757u + 3037000493u;
  return ((double)(*state >> 12) + 0.5) * 0x1p-52;
}

static double volume_of(const struct mlgrain_box *box)
{
  return box->edge[0][0] * box->edge[1][1] * box->edge[2][2]; /* all are lower triangular */
}

static void point_in(const struct mlgrain_box *box, uint64_t *state, double x[3])
{
  double f[3];
  for (int d = 0; d < 3; d++)
    f[d] = uniform(state);
  for (int d = 0; d < 3; d++)
    x[d] = box->low[d] + f[0] * box->edge[0][d] + f[1] * box->edge[1][d] + f[2] * box->edge[2][d];
}

static void random_grains(const struct mlgrain_box *box, size_t n, double weight, uint64_t seed,
                          struct mlgrain_grain *grain)
{
  for (size_t g = 0; g < n; g++) {
    point_in(box, &seed, grain[g].seed);
    grain[g].weight = weight * uniform(&seed);
  }
}

/* |x - seed|^2 - weight, least over the periodic images; *image receives which. */
static double power_distance(const struct mlgrain_box *box, const struct mlgrain_grain *grain,
                             const double x[3], double to[3])
{
  enum { REACH = 3 };
  double least = INFINITY;
  for (int i = -REACH; i <= REACH; i++)
    for (int j = -REACH; j <= REACH; j++)
      for (int k = -REACH; k <= REACH; k++) {
        double d[3], square = 0.0;
        for (int c = 0; c < 3; c++) {
          d[c] = x[c] - grain->seed[c] - i * box->edge[0][c] - j * box->edge[1][c] -
                 k * box->edge[2][c];
          square += d[c] * d[c];
        }
        if (square - grain->weight < least) {
          least = square - grain->weight;
          memcpy(to, d, sizeof d);
        }
      }
  return least;
}

static struct mlgrain_tessellation *tessellate(const struct mlgrain_box *box, size_t n,
                                               const struct mlgrain_grain *grain)
{
  struct mlgrain_tessellation *cells;
  struct mlgrain_error error = {""};
  if (mlgrain_tessellation_create(box, n, grain, &cells, &error))
    fail_msg("%s", error.text);
  return cells;
}

/* How far a point from the seed is beyond the faces of a cell; negative inside. */
static double beyond(const struct mlgrain_tessellation *cells, size_t g, const double x[3])
{
  double most = -INFINITY;
  for (size_t f = cells->first_face[g]; f < cells->first_face[g + 1]; f++) {
    const struct mlgrain_face *face = &cells->face[f];
    most = fmax(most, face->normal[0] * x[0] + face->normal[1] * x[1] + face->normal[2] * x[2] -
                          face->offset);
  }
  return cells->first_face[g] == cells->first_face[g + 1] ? INFINITY : most;
}

/* Each of many points is in the cell of the grain whose power distance is least, and in no other.
 */
static void check_membership(const struct mlgrain_box *box, size_t n,
                             const struct mlgrain_grain *grain,
                             const struct mlgrain_tessellation *cells)
{
  uint64_t state = 99;
  for (int p = 0; p < 200; p++) {
    double x[3], least = INFINITY, from[MOST][3];
    size_t owner = 0;
    point_in(box, &state, x);
    for (size_t g = 0; g < n; g++) {
      const double distance = power_distance(box, &grain[g], x, from[g]);
      if (distance < least) {
        least = distance;
        owner = g;
      }
    }
    for (size_t g = 0; g < n; g++) {
      const double out = beyond(cells, g, from[g]);
      if (g == owner ? out > 1e-9 : out < -1e-9)
        fail_msg("point %d of grain %zu is %g beyond the faces of grain %zu", p, owner, out, g);
    }
  }
}

/* The face seen from the other side, or NULL. */
static const struct mlgrain_face *twin(const struct mlgrain_tessellation *cells, size_t g,
                                       const struct mlgrain_face *face)
{
  const size_t h = face->neighbor;
  for (size_t f = cells->first_face[h]; f < cells->first_face[h + 1]; f++) {
    const struct mlgrain_face *other = &cells->face[f];
    if (other->neighbor == g && other->image[0] == -face->image[0] &&
        other->image[1] == -face->image[1] && other->image[2] == -face->image[2])
      return other;
  }
  return NULL;
}

/* Cells fill the box; each face is one of both its cells; the areas of a closed surface, as
   vectors, sum to zero; and the volume follows from the faces, V = sum A offset / 3. */
static void check_consistency(const struct mlgrain_box *box,
                              const struct mlgrain_tessellation *cells)
{
  const double edge = cbrt(volume_of(box) / (double)cells->grains);
  double total = 0.0;
  for (size_t g = 0; g < cells->grains; g++) {
    double sum[3] = {0, 0, 0}, volume = 0.0;
    total += cells->volume[g];
    for (size_t f = cells->first_face[g]; f < cells->first_face[g + 1]; f++) {
      const struct mlgrain_face *face = &cells->face[f], *other = twin(cells, g, face);
      assert_true(other || face->area < 1e-9 * edge * edge);
      if (other)
        assert_near(other->area, face->area, 1e-9 * edge * edge);
      volume += face->area * face->offset / 3.0;
      for (int d = 0; d < 3; d++) {
        sum[d] += face->area * face->normal[d];
        if (other) /* the same place, seen from two seeds */
          assert_near(other->center[d] + face->to[d], face->center[d],
                      face->area > 1e-3 * edge * edge ? 1e-7 * edge : 10 * edge);
      }
    }
    assert_near(volume, cells->volume[g], 1e-9 * volume_of(box));
    for (int d = 0; d < 3; d++)
      assert_near(sum[d], 0.0, 1e-8 * edge * edge);
  }
  assert_near(total / volume_of(box), 1.0, 1e-10);
}

static void random_tessellations(void **state)
{
  (void)state;
  static const size_t counts[] = {1, 2, 5, 40, MOST};
  static struct mlgrain_grain grain[MOST];
  for (int b = 0; b < 3; b++)
    for (int c = 0; c < 5; c++)
      for (int weighted = 0; weighted < 2; weighted++) {
        const size_t n = counts[c];
        const double size = pow(volume_of(boxes[b]) / (double)n, 2.0 / 3.0);
        random_grains(boxes[b], n, weighted * 1.5 * size, 10 * n + (size_t)b, grain);
        struct mlgrain_tessellation *cells = tessellate(boxes[b], n, grain);
        check_consistency(boxes[b], cells);
        check_membership(boxes[b], n, grain, cells);
        mlgrain_tessellation_free(cells);
      }
}

/* Body-centered seeds: truncated octahedra, 8 hexagons and 6 squares, volume half the cube's. */
static void regular_cells(void **state)
{
  (void)state;
  const struct mlgrain_grain grain[2] = {{{1, 1, 1}, {1, 0, 0, 0}, 0},
                                         {{6, 6, 6}, {1, 0, 0, 0}, 0}};
  struct mlgrain_tessellation *cells = tessellate(&cube, 2, grain);
  for (size_t g = 0; g < 2; g++) {
    int squares = 0, hexagons = 0;
    for (size_t f = cells->first_face[g]; f < cells->first_face[g + 1]; f++) {
      const struct mlgrain_face *face = &cells->face[f];
      if (face->area < 1e-9)
        continue;
      const double edge = 10 * sqrt(2.0) / 4;
      if (face->neighbor == g) {
        assert_near(face->area, edge * edge, 1e-9);
        assert_near(face->offset, 5.0, 1e-12);
        squares++;
      } else {
        assert_near(face->area, 1.5 * sqrt(3.0) * edge * edge, 1e-9);
        hexagons++;
      }
    }
    assert_int_equal(squares, 6);
    assert_int_equal(hexagons, 8);
    assert_near(cells->volume[g], 500.0, 1e-9);
  }
  mlgrain_tessellation_free(cells);
}

/* In any unit of length. */
static void scaled_tessellation(void **state)
{
  (void)state;
  static struct mlgrain_grain grain[50], small[50];
  const double factor = 1e-10;
  struct mlgrain_box box = skew;
  random_grains(&skew, 50, 2.0, 17, grain);
  memcpy(small, grain, sizeof small);
  for (int d = 0; d < 3; d++) {
    box.low[d] *= factor;
    for (int k = 0; k < 3; k++)
      box.edge[k][d] *= factor;
    for (int g = 0; g < 50; g++)
      small[g].seed[d] *= factor;
  }
  for (int g = 0; g < 50; g++)
    small[g].weight *= factor * factor;
  struct mlgrain_tessellation *a = tessellate(&skew, 50, grain), *b = tessellate(&box, 50, small);
  for (size_t g = 0; g < 50; g++)
    assert_near(b->volume[g] / (factor * factor * factor), a->volume[g], 1e-9);
  mlgrain_tessellation_free(a);
  mlgrain_tessellation_free(b);
}

/* A grain of too little weight has no cell; the others share the box. */
static void hidden_grain(void **state)
{
  (void)state;
  struct mlgrain_grain grain[20];
  random_grains(&cube, 20, 0.0, 5, grain);
  static const double weights[] = {-60.0, -500.0, -1e30, -1e300};
  for (int k = 0; k < 4; k++) {
    grain[7].weight = weights[k];
    struct mlgrain_tessellation *cells = tessellate(&cube, 20, grain);
    assert_near(cells->volume[7], 0.0, 0.0);
    assert_int_equal(cells->first_face[7], cells->first_face[8]);
    check_consistency(&cube, cells);
    mlgrain_tessellation_free(cells);
  }
}

static void expect_failure(const struct mlgrain_box *box, size_t n,
                           const struct mlgrain_grain *grain, enum mlgrain_status status,
                           const char *words)
{
  struct mlgrain_tessellation *cells;
  struct mlgrain_error error = {""};
  assert_int_equal(mlgrain_tessellation_create(box, n, grain, &cells, &error), status);
  assert_null(cells);
  if (!strstr(error.text, words))
    fail_msg("'%s' is not in '%s'", words, error.text);
}

static void bad_tessellations(void **state)
{
  (void)state;
  struct mlgrain_grain grain[30];
  random_grains(&cube, 30, 0.0, 5, grain);
  expect_failure(&cube, 0, grain, MLGRAIN_INVALID_ARGUMENT, "0 grains");
  const struct mlgrain_box thin = {{0, 0, 0}, {{1, 0, 0}, {0, 1, 0}, {1, 1, 0}}};
  expect_failure(&thin, 30, grain, MLGRAIN_INVALID_ARGUMENT, "no volume");
  const struct mlgrain_box needle = {{0, 0, 0}, {{1e4, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  expect_failure(&needle, 1, grain, MLGRAIN_INVALID_ARGUMENT, "too thin");
  memcpy(grain[28].seed, grain[3].seed, sizeof grain[3].seed);
  expect_failure(&cube, 30, grain, MLGRAIN_INVALID_ARGUMENT, "grains 4 and 29");
  grain[28].seed[1] = NAN;
  expect_failure(&cube, 30, grain, MLGRAIN_NOT_FINITE, "grain 29");
}

/* ---- volumes, and grains drawn at random ---------------------------------------------------- */

static void fitted_volumes(void **state)
{
  (void)state;
  static struct mlgrain_grain grain[100];
  double target[100], sum = 0.0;
  uint64_t random = 3;
  for (int b = 0; b < 3; b++) {
    random_grains(boxes[b], 100, 0.0, 40 + (uint64_t)b, grain);
    sum = 0.0;
    for (int g = 0; g < 100; g++)
      sum += target[g] = exp(3.0 * uniform(&random));
    assert_int_equal(mlgrain_tessellation_fit(boxes[b], 100, grain, target, NULL), MLGRAIN_SUCCESS);
    struct mlgrain_tessellation *cells = tessellate(boxes[b], 100, grain);
    for (int g = 0; g < 100; g++)
      assert_near(cells->volume[g] * sum / volume_of(boxes[b]) / target[g], 1.0, 1.1e-6);
    check_membership(boxes[b], 100, grain, cells);
    mlgrain_tessellation_free(cells);
  }
  target[5] = 0.0;
  assert_int_equal(mlgrain_tessellation_fit(&cube, 100, grain, target, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
}

static double nearest_seeds(const struct mlgrain_box *box, size_t n,
                            const struct mlgrain_grain *grain)
{
  double least = INFINITY, to[3];
  for (size_t g = 0; g < n; g++)
    for (size_t h = 0; h < g; h++)
      least = fmin(least, power_distance(box, &grain[g], grain[h].seed, to) + grain[g].weight);
  return sqrt(least);
}

static double volume_spread(const struct mlgrain_box *box, size_t n,
                            const struct mlgrain_grain *grain)
{
  struct mlgrain_tessellation *cells = tessellate(box, n, grain);
  double square = 0.0;
  for (size_t g = 0; g < n; g++)
    square += pow(cells->volume[g] * (double)n / volume_of(box) - 1.0, 2) / (double)n;
  mlgrain_tessellation_free(cells);
  return sqrt(square);
}

static void random_seeds(void **state)
{
  (void)state;
  static struct mlgrain_grain grain[200], other[200];
  struct mlgrain_grain_settings settings = {.seed = 11};
  for (int b = 0; b < 3; b++) {
    const struct mlgrain_box *box = boxes[b];
    assert_int_equal(mlgrain_grains_random(box, 200, &settings, grain, NULL), MLGRAIN_SUCCESS);
    /* Poisson-Voronoi cells: their volumes vary by 0.4231 of the mean (Tanemura 2003) */
    assert_near(volume_spread(box, 200, grain), 0.423, 0.08);
    settings.min_distance = 0.7 * cbrt(volume_of(box) / 200);
    assert_int_equal(mlgrain_grains_random(box, 200, &settings, other, NULL), MLGRAIN_SUCCESS);
    assert_true(nearest_seeds(box, 200, grain) < settings.min_distance);
    assert_true(nearest_seeds(box, 200, other) >= settings.min_distance);
    assert_true(volume_spread(box, 200, other) < 0.3);
    settings.min_distance = 0.0;
    settings.lloyd = 20;
    assert_int_equal(mlgrain_grains_random(box, 200, &settings, other, NULL), MLGRAIN_SUCCESS);
    assert_true(volume_spread(box, 200, other) < 0.15);
    settings.lloyd = 0;
  }
  settings.seed = 12;
  assert_int_equal(mlgrain_grains_random(&skew, 200, &settings, other, NULL), MLGRAIN_SUCCESS);
  assert_true(grain[0].seed[0] != other[0].seed[0]);
}

static void log_normal_sizes(void **state)
{
  (void)state;
  enum { COUNT = 300 };
  static struct mlgrain_grain grain[COUNT];
  const struct mlgrain_grain_settings settings = {.seed = 5, .size_spread = 0.4, .lloyd = 3};
  assert_int_equal(mlgrain_grains_random(&skew, COUNT, &settings, grain, NULL), MLGRAIN_SUCCESS);
  struct mlgrain_tessellation *cells = tessellate(&skew, COUNT, grain);
  double mean = 0.0, square = 0.0, cube3 = 0.0;
  for (int g = 0; g < COUNT; g++)
    mean += log(cells->volume[g]) / 3.0 / COUNT;
  for (int g = 0; g < COUNT; g++) {
    const double difference = log(cells->volume[g]) / 3.0 - mean;
    square += difference * difference / COUNT;
    cube3 += difference * difference * difference / COUNT;
  }
  assert_near(sqrt(square), 0.4, 0.05);
  assert_near(cube3 / pow(square, 1.5), 0.0, 0.45); /* no skewness */
  check_consistency(&skew, cells);
  mlgrain_tessellation_free(cells);
}

static void bad_settings(void **state)
{
  (void)state;
  static struct mlgrain_grain grain[100];
  struct mlgrain_error error = {""};
  struct mlgrain_grain_settings settings = {.seed = 1, .min_distance = 4.0};
  assert_int_equal(mlgrain_grains_random(&cube, 100, &settings, grain, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "no room for seed"));
  const struct mlgrain_grain_settings bad[] = {
      {.min_distance = -1.0},
      {.min_distance = NAN},
      {.lloyd = -1},
      {.size_spread = -0.1},
      {.size_spread = 2.0},
      {.texture = {.kind = MLGRAIN_TEXTURE_FIBER, .crystal = {1, 0, 0}}},
      {.texture = {.kind = MLGRAIN_TEXTURE_COMPONENT, .spread = -1.0}},
  };
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
    assert_int_equal(mlgrain_grains_random(&cube, 100, &bad[k], grain, NULL),
                     MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_grains_random(&cube, 0, &bad[0], grain, NULL), MLGRAIN_INVALID_ARGUMENT);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void good_file(void **state)
{
  (void)state;
  const char *text = "# three grains: made by hand\r\n"
                     "# phi2 ys xs zs phi1 Phi weight ignored\n\n"
                     "0 0.25 0.5 -0.25 90 0 2.5 17 # the first\n"
                     "  30 .1 .2 .3 10 20 0 -1e3\n"
                     "# a comment between, x y z\n"
                     "30 .1 .2 .4 10 20 0 -1e3";
  struct mlgrain_grain *grain;
  size_t count;
  struct mlgrain_error error = {""};
  if (mlgrain_grains_read("three", text, strlen(text), &skew, &grain, &count, &error))
    fail_msg("%s", error.text);
  assert_int_equal(count, 3);
  /* fractions (0.5, 0.25, 0.75) of the skew box at (1, -2, 5) */
  assert_near(grain[0].seed[0], 1 + 0.5 * 12 + 0.25 * 5 - 0.75 * 4, 1e-12);
  assert_near(grain[0].seed[1], -2 + 0.25 * 9 + 0.75 * 7, 1e-12);
  assert_near(grain[0].seed[2], 5 + 0.75 * 10, 1e-12);
  assert_near(grain[0].orientation[0], sqrt(0.5), 1e-15);
  assert_near(grain[0].orientation[3], sqrt(0.5), 1e-15);
  assert_near(grain[0].weight, 2.5, 0.0);
  free(grain);
  const char *other = "#grain x y z qw qx qy qz\n1 1 2 3 2 0 0 0\n";
  assert_int_equal(mlgrain_grains_read("one", other, strlen(other), &cube, &grain, &count, NULL),
                   MLGRAIN_SUCCESS);
  assert_int_equal(count, 1);
  assert_near(grain[0].seed[2], 3.0, 1e-12);
  assert_near(grain[0].orientation[0], 1.0, 1e-15);
  free(grain);
}

static void bad_files(void **state)
{
  (void)state;
#define NAMES "# x y z qw qx qy qz\n"
  static const struct {
    const char *text, *words;
  } bad[] = {
      {"", "no grains"},
      {NAMES, "no grains"},
      {"1 2 3 1 0 0 0\n", "line 1: the comment line before must name columns x y z"},
      {"# x y z\n1 2 3\n", "line 2: the comment line before must name columns qw"},
      {"# x y z xs ys zs qw qx qy qz\n1 2 3 1 2 3 1 0 0 0\n", "must name columns x y z, or xs"},
      {"# x y z x qw qx qy qz\n1 2 3 1 1 0 0 0\n", "there are 2 columns 'x'"},
      {NAMES "1 2 3 1 0 0 0\n1 2 3 1 0 0\n", "bad, line 3: 6 numbers for 7 columns"},
      {NAMES "1 2 3 1 0 0 0\n1 2 3 1 0 0 # 0\n", "line 3: 6 numbers for 7 columns"},
      {NAMES "1 2 3 1 0 0 0 0\n", "line 2: more words than the 7 columns"},
      {NAMES "1 2 three 1 0 0 0\n", "line 2: 'three' is not a number"},
      {NAMES "1 2 nan 1 0 0 0\n", "line 2"},
      {NAMES "1 2 1e999 1 0 0 0\n", "line 2: '1e999' is not a finite number"},
      {NAMES "1 2 3 0 0 0 0\n", "line 2: a quaternion of length 0"},
  };
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    struct mlgrain_grain *grain;
    size_t count;
    struct mlgrain_error error = {""};
    const enum mlgrain_status status =
        mlgrain_grains_read("bad", bad[k].text, strlen(bad[k].text), &cube, &grain, &count, &error);
    assert_true(status == MLGRAIN_FORMAT_ERROR || status == MLGRAIN_NOT_FINITE);
    assert_null(grain);
    if (!strstr(error.text, bad[k].words))
      fail_msg("'%s' is not in '%s'", bad[k].words, error.text);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_tessellations),
      cmocka_unit_test(regular_cells),
      cmocka_unit_test(scaled_tessellation),
      cmocka_unit_test(hidden_grain),
      cmocka_unit_test(bad_tessellations),
      cmocka_unit_test(fitted_volumes),
      cmocka_unit_test(random_seeds),
      cmocka_unit_test(log_normal_sizes),
      cmocka_unit_test(bad_settings),
      cmocka_unit_test(good_file),
      cmocka_unit_test(bad_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
