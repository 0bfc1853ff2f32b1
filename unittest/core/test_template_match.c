/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Structures and orientations: crystals with known ones, with thermal noise, against the best
   rotation for the true assignment of neighbors found by another way (the largest eigenvalue of
   Horn's matrix, J. Opt. Soc. Am. A 4 (1987) 629). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/template_match.h"
#include "near.h"
#include "random_rotations.h"

enum { MOST_POINTS = 400, MOST_BASIS = 8 };

/* Conventional cells, in units of their first edge; nearest neighbors at `distance`. */
struct crystal {
  enum mlgrain_structure structure;
  int neighbors, basis_count;
  double edge[3], distance, basis[MOST_BASIS][3];
};

static const struct crystal crystals[] = {
    {MLGRAIN_STRUCTURE_FCC,
     12,
     4,
     {1, 1, 1},
     0.70710678118654752,
     {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 0, 0.5}, {0, 0.5, 0.5}}},
    {MLGRAIN_STRUCTURE_HCP,
     12,
     4,
     {1, 1.7320508075688772, 1.6329931618554521},
     1.0,
     {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 5.0 / 6.0, 0.5}, {0, 1.0 / 3.0, 0.5}}},
    {MLGRAIN_STRUCTURE_BCC, 14, 2, {1, 1, 1}, 0.86602540378443865, {{0, 0, 0}, {0.5, 0.5, 0.5}}},
    {MLGRAIN_STRUCTURE_SC, 6, 1, {1, 1, 1}, 1.0, {{0, 0, 0}}},
    {MLGRAIN_STRUCTURE_DIAMOND,
     16,
     8,
     {1, 1, 1},
     0.43301270189221932,
     {{0, 0, 0},
      {0.5, 0.5, 0},
      {0.5, 0, 0.5},
      {0, 0.5, 0.5},
      {0.25, 0.25, 0.25},
      {0.75, 0.75, 0.25},
      {0.75, 0.25, 0.75},
      {0.25, 0.75, 0.75}}},
};
enum { CRYSTALS = sizeof crystals / sizeof *crystals };

static uint64_t seed = 3;

/* The sites of a crystal around one of its basis, that site first; perfect and as points. */
struct ball {
  size_t count;
  double site[MOST_POINTS][3], point[MOST_POINTS][3];
};

static void make_ball(const struct crystal *crystal, int center, const double q[4], double noise,
                      struct ball *ball)
{
  double m[3][3];
  mlgrain_quaternion_matrix(q, m);
  ball->count = 1;
  for (int x = -3; x <= 3; x++)
    for (int y = -3; y <= 3; y++)
      for (int z = -3; z <= 3; z++)
        for (int b = 0; b < crystal->basis_count; b++) {
          const int cell[3] = {x, y, z};
          double v[3];
          for (int d = 0; d < 3; d++)
            v[d] = crystal->edge[d] * (cell[d] + crystal->basis[b][d] - crystal->basis[center][d]) /
                   crystal->distance;
          const double square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
          if (square > 2.6 * 2.6)
            continue;
          const size_t place = square < 1e-12 ? 0 : ball->count++;
          assert_true(place < MOST_POINTS);
          for (int d = 0; d < 3; d++)
            ball->site[place][d] = m[d][0] * v[0] + m[d][1] * v[1] + m[d][2] * v[2];
        }
  for (size_t k = 0; k < ball->count; k++)
    for (int d = 0; d < 3; d++)
      ball->point[k][d] = 2.5 * (ball->site[k][d] + noise * draw_normal(&seed)) + 7.0;
}

static void match_ball(const struct mlgrain_templates *templates, const struct ball *ball,
                       double cutoff, struct mlgrain_match *match)
{
  static unsigned char chosen[MOST_POINTS] = {1};
  static struct mlgrain_match matches[MOST_POINTS];
  struct mlgrain_cells *cells;
  assert_int_equal(mlgrain_cells_create(ball->count, (const double(*)[3])ball->point, cutoff,
                                        &cells, NULL, NULL),
                   0);
  assert_int_equal(mlgrain_templates_match(templates, cells, 0, mlgrain_cells_count(cells), chosen,
                                           matches, NULL),
                   0);
  mlgrain_cells_free(cells);
  *match = matches[0];
}

static double density_of(const struct crystal *crystal)
{
  const double *e = crystal->edge;
  const double length = 2.5 / crystal->distance;
  return crystal->basis_count / (e[0] * e[1] * e[2] * length * length * length);
}

static struct mlgrain_templates *make_templates(int count, const enum mlgrain_structure *structure,
                                                double most_rmsd, double cutoff,
                                                enum mlgrain_simd_level level)
{
  struct mlgrain_templates *made;
  struct mlgrain_error error;
  if (mlgrain_templates_create(count, structure, most_rmsd, cutoff, level, &made, &error))
    fail_msg("%s", error.text);
  return made;
}

/* The largest eigenvalue of Horn's symmetric matrix of sum_k t_k d_k^T, and its vector: the
   quaternion of the best rotation. By powers of the shifted matrix. */
static double horn(const double s[3][3], double q[4])
{
  const double n[4][4] = {
      {s[0][0] + s[1][1] + s[2][2], s[1][2] - s[2][1], s[2][0] - s[0][2], s[0][1] - s[1][0]},
      {s[1][2] - s[2][1], s[0][0] - s[1][1] - s[2][2], s[0][1] + s[1][0], s[2][0] + s[0][2]},
      {s[2][0] - s[0][2], s[0][1] + s[1][0], s[1][1] - s[0][0] - s[2][2], s[1][2] + s[2][1]},
      {s[0][1] - s[1][0], s[2][0] + s[0][2], s[1][2] + s[2][1], s[2][2] - s[0][0] - s[1][1]}};
  double shift = 0.0, length = 0.0;
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      shift += fabs(n[i][j]);
  draw_rotation(&seed, q);
  for (int step = 0; step < 20000; step++) {
    double next[4], square = 0.0;
    for (int i = 0; i < 4; i++) {
      next[i] = shift * q[i];
      for (int j = 0; j < 4; j++)
        next[i] += n[i][j] * q[j];
      square += next[i] * next[i];
    }
    length = sqrt(square);
    for (int i = 0; i < 4; i++)
      q[i] = next[i] / length;
  }
  return length - shift;
}

/* rmsd of the N points nearest to the first, each with the site it was displaced from. */
static double plain_rmsd(const struct ball *ball, const struct crystal *crystal, double q[4])
{
  int near[16];
  double s[3][3] = {{0}}, mean = 0.0, mean_site = 0.0, center[3] = {0}, size = 0.0, sites = 0.0;
  for (int k = 0; k < crystal->neighbors; k++) {
    double least = HUGE_VAL;
    for (size_t i = 1; i < ball->count; i++) {
      double square = 0.0;
      int is_new = 1;
      for (int d = 0; d < 3; d++)
        square += pow(ball->point[i][d] - ball->point[0][d], 2);
      for (int j = 0; j < k; j++)
        is_new &= near[j] != (int)i;
      if (is_new && square < least) {
        least = square;
        near[k] = (int)i;
      }
    }
    mean += sqrt(least) / crystal->neighbors;
  }
  for (int k = 0; k < crystal->neighbors; k++) {
    const double *v = ball->site[near[k]];
    mean_site += sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) / crystal->neighbors;
  }
  for (int k = 0; k < crystal->neighbors; k++)
    for (int i = 0; i < 3; i++) {
      const double d = (ball->point[near[k]][i] - ball->point[0][i]) / mean;
      size += d * d;
      center[i] += d;
      sites += pow(ball->site[near[k]][i] / mean_site, 2);
      for (int j = 0; j < 3; j++)
        s[j][i] += ball->site[near[k]][j] / mean_site * d;
    }
  size -= (center[0] * center[0] + center[1] * center[1] + center[2] * center[2]) /
          (crystal->neighbors + 1);
  const double trace = horn((const double(*)[3])s, q);
  return sqrt(fmax(0.0, sites - trace * trace / size) / (crystal->neighbors + 1));
}

static double disorientation(enum mlgrain_structure structure, const double a[4], const double b[4])
{
  return mlgrain_disorientation(mlgrain_structure_symmetry(structure), a, b).angle;
}

static void crystals_are_found(void **state)
{
  (void)state;
  static const double noises[] = {0.0, 0.02, 0.05, 0.08};
  enum mlgrain_structure all[CRYSTALS];
  for (int c = 0; c < CRYSTALS; c++)
    all[c] = crystals[c].structure;
  for (int c = 0; c < CRYSTALS; c++) {
    const double cutoff = mlgrain_structure_cutoff(all[c], density_of(&crystals[c]));
    struct mlgrain_templates *one = make_templates(1, &all[c], 1.0, cutoff, mlgrain_simd_best());
    struct mlgrain_templates *every =
        make_templates(CRYSTALS, all, 1.0, 1.3 * cutoff, mlgrain_simd_best());
    for (int n = 0; n < 4; n++) {
      int matched = 0, right = 0;
      enum { TRIALS = 40 };
      for (int trial = 0; trial < TRIALS; trial++) {
        struct ball ball;
        struct mlgrain_match match, best;
        double q[4], turn[4], whole[4];
        draw_rotation(&seed, q);
        make_ball(&crystals[c], trial % crystals[c].basis_count, q, noises[n], &ball);
        match_ball(one, &ball, cutoff, &match);
        match_ball(every, &ball, 1.3 * cutoff, &best);
        if (match.structure != (int)all[c]) {
          assert_true(noises[n] > 0.02 && match.structure == MLGRAIN_STRUCTURE_NONE);
          assert_true(match.rmsd == HUGE_VAL && match.quaternion[0] == 0.0);
          continue;
        }
        matched++;
        assert_true(best.rmsd <= match.rmsd + 4e-8);
        assert_true(match.quaternion[0] > 0.0);
        const double rmsd = plain_rmsd(&ball, &crystals[c], turn);
        mlgrain_quaternion_product(turn, q, whole);
        const double angle = disorientation(all[c], match.quaternion, whole);
        /* the true assignment needn't be the best one where noise is large */
        if (n < 2) {
          assert_near(match.rmsd, rmsd, 4e-8);
          assert_true(angle < 1e-4);
          assert_near(match.distance, 2.5, n ? 0.1 : 1e-9);
          assert_int_equal(best.structure, all[c]);
          right++;
        } else {
          right += match.rmsd <= rmsd + 4e-8;
        }
      }
      /* noise mixes shells, first in diamond, whose second and third are nearest to each other */
      const double share = crystals[c].structure == MLGRAIN_STRUCTURE_DIAMOND
                               ? (double[]){1.0, 1.0, 0.6, 0.0}[n]
                               : (double[]){1.0, 1.0, 0.95, 0.7}[n];
      assert_true(matched >= share * TRIALS);
      assert_true(right >= (n < 3 ? 0.95 : 0.7) * matched);
    }
    mlgrain_templates_free(one);
    mlgrain_templates_free(every);
  }
}

/* Orientations are what the quaternions' convention says. */
static void axes_are_the_crystals(void **state)
{
  (void)state;
  for (int c = 0; c < CRYSTALS; c++) {
    const double cutoff = mlgrain_structure_cutoff(crystals[c].structure, density_of(&crystals[c]));
    struct mlgrain_templates *templates =
        make_templates(1, &crystals[c].structure, 0.1, cutoff, mlgrain_simd_best());
    for (int trial = 0; trial < 10; trial++) {
      struct ball ball;
      struct mlgrain_match match;
      double q[4];
      draw_rotation(&seed, q);
      make_ball(&crystals[c], 0, q, 0.0, &ball);
      match_ball(templates, &ball, cutoff, &match);
      assert_int_equal(match.structure, crystals[c].structure);
      assert_true(match.rmsd < 1e-7);
      assert_true(disorientation(crystals[c].structure, match.quaternion, q) < 1e-5);
    }
    mlgrain_templates_free(templates);
  }
}

/* The same for any order of points and any vector instructions, and turned with the points. */
static void order_and_level_make_no_difference(void **state)
{
  (void)state;
  enum mlgrain_structure two[] = {MLGRAIN_STRUCTURE_HCP, MLGRAIN_STRUCTURE_FCC};
  const double cutoff = mlgrain_structure_cutoff(MLGRAIN_STRUCTURE_FCC, density_of(&crystals[0]));
  struct mlgrain_templates *templates[3];
  static const enum mlgrain_simd_level level[] = {MLGRAIN_SIMD_V2, MLGRAIN_SIMD_V3,
                                                  MLGRAIN_SIMD_V4};
  for (int k = 0; k < 3; k++)
    templates[k] = make_templates(2, two, 0.3, cutoff, level[k]);
  for (int trial = 0; trial < 30; trial++) {
    struct ball ball, other;
    struct mlgrain_match match[4];
    double q[4];
    draw_rotation(&seed, q);
    make_ball(&crystals[trial % 2], 0, q, 0.05, &ball);
    other = ball;
    for (size_t k = 1; k < ball.count; k++)
      memcpy(other.point[k], ball.point[ball.count - k], sizeof ball.point[k]);
    for (int k = 0; k < 3; k++)
      match_ball(templates[k], &ball, cutoff, &match[k]);
    match_ball(templates[0], &other, cutoff, &match[3]);
    for (int k = 1; k < 4; k++) {
      assert_int_equal(match[k].structure, match[0].structure);
      if (!match[0].structure)
        continue;
      assert_near(match[k].rmsd, match[0].rmsd, 1e-12);
      for (int i = 0; i < 4; i++)
        assert_near(match[k].quaternion[i], match[0].quaternion[i], 1e-12);
    }
  }
  for (int k = 0; k < 3; k++)
    mlgrain_templates_free(templates[k]);
}

static void no_crystal_no_match(void **state)
{
  (void)state;
  const enum mlgrain_structure fcc = MLGRAIN_STRUCTURE_FCC;
  struct mlgrain_templates *templates = make_templates(1, &fcc, 0.15, 4.0, mlgrain_simd_best());
  struct ball ball;
  struct mlgrain_match match;
  int found = 0;
  for (int trial = 0; trial < 200; trial++) {
    ball.count = 60; /* of random points, the first in their middle */
    for (size_t k = 0; k < ball.count; k++)
      for (int d = 0; d < 3; d++)
        ball.point[k][d] = k ? 8.0 * draw(&seed) : 4.0;
    match_ball(templates, &ball, 4.0, &match);
    found += match.structure != MLGRAIN_STRUCTURE_NONE;
  }
  assert_int_equal(found, 0);
  /* too few neighbors; two points at one place */
  const double q[4] = {1.0};
  make_ball(&crystals[0], 0, q, 0.0, &ball);
  ball.count = 12;
  match_ball(templates, &ball, 4.0, &match);
  assert_int_equal(match.structure, MLGRAIN_STRUCTURE_NONE);
  make_ball(&crystals[0], 0, q, 0.0, &ball);
  memcpy(ball.point[ball.count], ball.point[0], sizeof ball.point[0]);
  ball.count++;
  match_ball(templates, &ball, 4.0, &match);
  assert_int_equal(match.structure, MLGRAIN_STRUCTURE_FCC);
  mlgrain_templates_free(templates);
}

static void bad_arguments(void **state)
{
  (void)state;
  struct mlgrain_templates *templates;
  struct mlgrain_error error;
  const enum mlgrain_structure two[] = {MLGRAIN_STRUCTURE_FCC, MLGRAIN_STRUCTURE_FCC},
                               none = MLGRAIN_STRUCTURE_NONE;
  const enum mlgrain_simd_level best = mlgrain_simd_best();
  assert_int_equal(mlgrain_templates_create(0, two, 0.1, 3.0, best, &templates, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_templates_create(2, two, 0.1, 3.0, best, &templates, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_templates_create(1, &none, 0.1, 3.0, best, &templates, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_templates_create(1, two, NAN, 3.0, best, &templates, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_templates_create(1, two, 0.1, 0.0, best, &templates, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_null(templates);
  templates = make_templates(1, two, 0.1, 3.0, best);
  struct ball ball = {.count = 1};
  struct mlgrain_cells *cells;
  assert_int_equal(mlgrain_cells_create(1, (const double(*)[3])ball.point, 2.0, &cells, NULL, NULL),
                   0);
  assert_int_equal(mlgrain_templates_match(templates, cells, 0, 1, NULL, NULL, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  mlgrain_cells_free(cells);
  mlgrain_templates_free(templates);
  mlgrain_templates_free(NULL);
  assert_string_equal(mlgrain_structure_name(MLGRAIN_STRUCTURE_DIAMOND), "diamond");
  assert_null(mlgrain_structure_name(MLGRAIN_STRUCTURES));
  assert_int_equal(mlgrain_structure_named("bcc"), MLGRAIN_STRUCTURE_BCC);
  assert_int_equal(mlgrain_structure_named("bct"), MLGRAIN_STRUCTURE_NONE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crystals_are_found),
      cmocka_unit_test(axes_are_the_crystals),
      cmocka_unit_test(order_and_level_make_no_difference),
      cmocka_unit_test(no_crystal_no_match),
      cmocka_unit_test(bad_arguments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
