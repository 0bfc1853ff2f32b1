/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells cut out of a disturbed crystal, against all distances of all images. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/cutout.h"
#include "near.h"

enum { REPEAT = 8, MOST = 4 * REPEAT * REPEAT * REPEAT };
static const double lattice = 3.6, noise = 0.25;

struct crystal {
  size_t n;
  double x[MOST][3];
  struct mlgrain_box box;
};

static double uniform(uint64_t *state)
{
  *state = *state * 2862933555777941757u + 3037000493u;
  return ((double)(*state >> 12) + 0.5) * 0x1p-52;
}

/* fcc, with a tilted box if wanted, atoms displaced at random. */
static struct crystal *make_crystal(int a, int b, int c, double disturbance, int tilted)
{
  static const double site[4][3] = {{0, 0, 0}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}};
  const int count[3] = {a, b, c};
  struct crystal *made = calloc(1, sizeof *made);
  uint64_t state = 7;
  assert_non_null(made);
  for (int i = 0; i < a; i++)
    for (int j = 0; j < b; j++)
      for (int k = 0; k < c; k++)
        for (int s = 0; s < 4; s++) {
          const double cell[3] = {i, j, k};
          for (int d = 0; d < 3; d++)
            made->x[made->n][d] =
                lattice * (cell[d] + site[s][d]) + disturbance * (2 * uniform(&state) - 1);
          made->n++;
        }
  for (int d = 0; d < 3; d++)
    made->box.edge[d][d] = lattice * count[d];
  if (tilted)
    made->box.edge[1][0] = lattice; /* a period of the lattice, too */
  return made;
}

static struct mlgrain_surroundings *around(const struct crystal *crystal, size_t center,
                                           const struct mlgrain_cutout_rules *rules)
{
  struct mlgrain_surroundings *found = NULL;
  const double reach = mlgrain_cutout_reach(rules, &crystal->box);
  assert_true(reach > 0.0);
  assert_int_equal(mlgrain_surroundings_find(crystal->n, (const double(*)[3])crystal->x,
                                             &crystal->box, crystal->x[center], reach, &found,
                                             NULL),
                   MLGRAIN_SUCCESS);
  return found;
}

/* Calls for all images of b within three boxes: the shortest distance to a. */
static double nearest(const double edge[3][3], const double a[3], const double b[3], int self,
                      int direct)
{
  double shortest = DBL_MAX;
  for (int i = -3; i <= 3; i++)
    for (int j = -3; j <= 3; j++)
      for (int k = -3; k <= 3; k++) {
        double square = 0.0;
        if (!i && !j && !k && (self || !direct))
          continue;
        for (int d = 0; d < 3; d++) {
          const double step = b[d] - a[d] + i * edge[0][d] + j * edge[1][d] + k * edge[2][d];
          square += step * step;
        }
        shortest = fmin(shortest, square);
      }
  return sqrt(shortest);
}

static void surroundings_are_all_images_within_reach(void **unused)
{
  (void)unused;
  for (int tilted = 0; tilted < 2; tilted++) {
    struct crystal *crystal = make_crystal(4, 3, 2, noise, tilted);
    const double reach = 9.0;
    struct mlgrain_surroundings *found = NULL;
    size_t expected = 0;
    crystal->box.bounded[2] = 1;
    assert_int_equal(mlgrain_surroundings_find(crystal->n, (const double(*)[3])crystal->x,
                                               &crystal->box, crystal->x[5], reach, &found, NULL),
                     MLGRAIN_SUCCESS);
    for (size_t n = 0; n < crystal->n; n++)
      for (int i = -4; i <= 4; i++)
        for (int j = -4; j <= 4; j++) {
          double square = 0.0;
          for (int d = 0; d < 3; d++) {
            const double step = crystal->x[n][d] - crystal->x[5][d] + i * crystal->box.edge[0][d] +
                                j * crystal->box.edge[1][d];
            square += step * step;
          }
          expected += square < reach * reach;
        }
    assert_int_equal(found->count, expected);
    mlgrain_surroundings_free(found);
    free(crystal);
  }
}

static void atoms_are_not_too_close_and_weigh_by_distance(void **unused)
{
  (void)unused;
  struct crystal *crystal = make_crystal(REPEAT, REPEAT, REPEAT, noise, 1);
  struct mlgrain_cutout_rules own = mlgrain_default_cutout_rules;
  const struct mlgrain_cutout_rules *rules = &own;
  own.closest = 1.9;
  struct mlgrain_surroundings *found = around(crystal, 700, rules);
  size_t removed = 0;
  for (int number = 0; number < rules->boxes; number++) {
    struct mlgrain_cutout *cut = NULL;
    assert_int_equal(mlgrain_cutout_create(rules, &crystal->box, found, number, &cut, NULL),
                     MLGRAIN_SUCCESS);
    const double volume =
        cut->cell[0][0] * (cut->cell[1][1] * cut->cell[2][2] - cut->cell[1][2] * cut->cell[2][1]) -
        cut->cell[0][1] * (cut->cell[1][0] * cut->cell[2][2] - cut->cell[1][2] * cut->cell[2][0]) +
        cut->cell[0][2] * (cut->cell[1][0] * cut->cell[2][1] - cut->cell[1][1] * cut->cell[2][0]);
    assert_true(volume > pow(15 * 0.93, 3) * 0.999 && volume < pow(15 * 1.07, 3) * 1.001);
    const double expected = 4 * volume / pow(lattice, 3);
    assert_true(fabs((double)cut->count - expected) < 0.25 * expected);
    size_t centers = 0;
    for (size_t i = 0; i < cut->count; i++) {
      const double *x = cut->x[i];
      const double r = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
      centers += r < 1e-9;
      assert_near(cut->weight[i],
                  r < 4 ? 1 : (r > 5 ? 0 : 0.5 + 0.5 * cos(3.14159265358979 * (r - 4))), 1e-9);
      const double *origin = crystal->x[found->atom[cut->entry[i]]];
      double step[3];
      for (int d = 0; d < 3; d++)
        step[d] = crystal->x[700][d] + x[d];
      assert_true(nearest(crystal->box.edge, origin, step, 0, 1) < 1e-9);
      for (size_t j = 0; j < cut->count; j++) /* across the seam: none of these images is direct */
        if (j != i)
          assert_true(nearest(cut->cell, x, cut->x[j], 0, 0) >= 1.9);
    }
    assert_int_equal(centers, 1);
    removed += cut->removed;
    mlgrain_cutout_free(cut);
  }
  assert_true(removed > 0);
  mlgrain_surroundings_free(found);
  free(crystal);
}

/* Part of a coordination number with a reach of 5. */
static double part(const double a[3], const double b[3])
{
  double square = 0.0;
  for (int d = 0; d < 3; d++)
    square += (a[d] - b[d]) * (a[d] - b[d]);
  return square < 25.0 && square > 1e-12 ? pow(1.0 - square / 25.0, 2) : 0.0;
}

/* The seam of a cell by its formula, with a Gaussian of 3 about the center. */
static double plain_seam(const struct mlgrain_surroundings *found, const struct mlgrain_cutout *cut)
{
  double squares = 0.0, mean = 0.0, weights = 0.0;
  for (size_t i = 0; i < cut->count; i++) {
    const double *x = cut->x[i];
    double before = 0.0, now = 0.0;
    for (size_t j = 0; j < found->count; j++)
      before += part(x, found->x[j]);
    for (size_t j = 0; j < cut->count; j++)
      for (int image = 0; image < 27; image++) {
        double y[3];
        for (int d = 0; d < 3; d++)
          y[d] = cut->x[j][d] + (image % 3 - 1) * cut->cell[0][d] +
                 (image / 3 % 3 - 1) * cut->cell[1][d] + (image / 9 - 1) * cut->cell[2][d];
        now += part(x, y);
      }
    const double weight = exp(-(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]) / 18.0);
    squares += weight * (now - before) * (now - before);
    mean += weight * before;
    weights += weight;
  }
  return sqrt(squares / weights) / (mean / weights);
}

static void the_best_has_the_smallest_seam(void **unused)
{
  (void)unused;
  struct crystal *crystal = make_crystal(REPEAT, REPEAT, REPEAT, noise, 0);
  const struct mlgrain_cutout_rules *rules = &mlgrain_default_cutout_rules;
  struct mlgrain_surroundings *found = around(crystal, 333, rules);
  struct mlgrain_cutout *best = NULL, *one = NULL;
  double smallest = DBL_MAX, largest = 0.0;
  assert_int_equal(mlgrain_cutout_best(rules, &crystal->box, found, &best, NULL), MLGRAIN_SUCCESS);
  for (int number = 0; number < rules->boxes; number++) {
    assert_int_equal(mlgrain_cutout_create(rules, &crystal->box, found, number, &one, NULL), 0);
    smallest = fmin(smallest, one->seam);
    largest = fmax(largest, one->seam);
    mlgrain_cutout_free(one);
  }
  assert_near(best->seam, smallest, 1e-15);
  assert_near(best->seam, plain_seam(found, best), 1e-9);
  assert_true(largest > 2 * smallest);

  /* any order of the surroundings gives the same atoms */
  for (size_t i = 0; i < found->count / 2; i++) {
    double x[3];
    const size_t atom = found->atom[i], other = found->count - 1 - i;
    memcpy(x, found->x[i], sizeof x);
    memcpy(found->x[i], found->x[other], sizeof x);
    memcpy(found->x[other], x, sizeof x);
    found->atom[i] = found->atom[other];
    found->atom[other] = atom;
  }
  assert_int_equal(mlgrain_cutout_best(rules, &crystal->box, found, &one, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(one->number, best->number);
  assert_int_equal(one->count, best->count);
  assert_near(one->seam, best->seam, 1e-12);
  mlgrain_cutout_free(one);
  mlgrain_cutout_free(best);
  mlgrain_surroundings_free(found);
  free(crystal);
}

/* Of a system that repeats within 15, nothing changes; of a thin one, nothing along its period. */
static void periods_are_kept(void **unused)
{
  (void)unused;
  const struct mlgrain_cutout_rules *rules = &mlgrain_default_cutout_rules;
  for (int tilted = 0; tilted < 2; tilted++) {
    struct crystal *crystal = make_crystal(4, 4, 3, 0.0, tilted);
    struct mlgrain_surroundings *found = around(crystal, 17, rules);
    struct mlgrain_cutout *cut = NULL;
    assert_int_equal(mlgrain_cutout_best(rules, &crystal->box, found, &cut, NULL), 0);
    assert_int_equal(cut->removed, 0);
    if (!tilted) {
      assert_int_equal(cut->count, crystal->n);
      assert_near(cut->seam, 0.0, 1e-12);
      assert_memory_equal(cut->cell, crystal->box.edge, sizeof cut->cell);
    }
    mlgrain_cutout_free(cut);
    mlgrain_surroundings_free(found);
    free(crystal);
  }
  struct crystal *thin = make_crystal(REPEAT, 1, REPEAT, 0.0, 0);
  struct mlgrain_surroundings *found = around(thin, 17, rules);
  for (int number = 0; number < rules->boxes; number++) {
    struct mlgrain_cutout *cut = NULL;
    assert_int_equal(mlgrain_cutout_create(rules, &thin->box, found, number, &cut, NULL), 0);
    assert_memory_equal(cut->cell[1], thin->box.edge[1], sizeof cut->cell[1]);
    assert_near(cut->cell[0][1], 0.0, 1e-12);
    assert_near(cut->cell[2][1], 0.0, 1e-12);
    mlgrain_cutout_free(cut);
  }
  mlgrain_surroundings_free(found);
  free(thin);
}

static void centers_are_the_worst_atoms_apart(void **unused)
{
  (void)unused;
  enum { COUNT = 12 };
  struct crystal *crystal = make_crystal(REPEAT, REPEAT, REPEAT, noise, 1);
  double *score = calloc(crystal->n, sizeof *score);
  size_t center[COUNT], count = 0;
  uint64_t state = 99;
  assert_non_null(score);
  for (size_t i = 0; i < crystal->n; i++)
    score[i] = uniform(&state);
  score[4] = NAN;
  score[5] = HUGE_VAL;
  assert_int_equal(mlgrain_cutout_centers(crystal->n, (const double(*)[3])crystal->x, &crystal->box,
                                          score, 0.5, 8.0, COUNT, center, &count, NULL),
                   MLGRAIN_SUCCESS);
  assert_int_equal(count, COUNT);
  for (size_t i = 0; i < crystal->n; i++) { /* whoever scores more was near one chosen before */
    size_t before = 0;
    while (before < count && isfinite(score[i]) && score[center[before]] >= score[i])
      before++;
    int near = 0, chosen = 0;
    for (size_t k = 0; k < before; k++) {
      near = near || nearest(crystal->box.edge, crystal->x[i], crystal->x[center[k]],
                             i == center[k], 1) < 8.0;
      chosen = chosen || i == center[k];
    }
    if (isfinite(score[i]) && before < count)
      assert_true(near || chosen);
    for (size_t k = 0; k < count; k++)
      for (size_t l = 0; l < k; l++)
        if (i == 0)
          assert_true(nearest(crystal->box.edge, crystal->x[center[l]], crystal->x[center[k]], 0,
                              1) >= 8.0);
  }
  assert_int_equal(mlgrain_cutout_centers(crystal->n, (const double(*)[3])crystal->x, &crystal->box,
                                          score, 2.0, 8.0, COUNT, center, &count, NULL),
                   MLGRAIN_SUCCESS);
  assert_int_equal(count, 0);
  free(score);
  free(crystal);
}

static void what_is_wrong_is_refused(void **unused)
{
  (void)unused;
  struct crystal *crystal = make_crystal(3, 3, 3, noise, 0);
  struct mlgrain_cutout_rules rules = mlgrain_default_cutout_rules;
  struct mlgrain_surroundings *found = around(crystal, 3, &rules);
  struct mlgrain_surroundings *other = NULL;
  struct mlgrain_cutout *cut = NULL;
  struct mlgrain_error text;
  const double(*x)[3] = (const double(*)[3])crystal->x;
  assert_int_equal(mlgrain_cutout_create(&rules, &crystal->box, found, 24, &cut, &text),
                   MLGRAIN_INVALID_ARGUMENT);
  found->x[3][1] = NAN;
  assert_int_equal(mlgrain_cutout_best(&rules, &crystal->box, found, &cut, &text),
                   MLGRAIN_NOT_FINITE);
  mlgrain_surroundings_free(found);
  rules.edge = -1;
  assert_near(mlgrain_cutout_reach(&rules, &crystal->box), 0.0, 0.0);
  assert_int_equal(
      mlgrain_surroundings_find(crystal->n, x, &crystal->box, x[0], 1e9, &other, &text),
      MLGRAIN_INVALID_ARGUMENT);
  crystal->x[2][0] = NAN;
  assert_int_equal(
      mlgrain_surroundings_find(crystal->n, x, &crystal->box, x[0], 5.0, &other, &text),
      MLGRAIN_NOT_FINITE);
  memcpy(crystal->box.edge[2], crystal->box.edge[1], sizeof crystal->box.edge[2]);
  assert_int_equal(
      mlgrain_surroundings_find(crystal->n, x, &crystal->box, x[0], 5.0, &other, &text),
      MLGRAIN_INVALID_ARGUMENT);
  assert_null(other);
  assert_null(cut);
  free(crystal);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(surroundings_are_all_images_within_reach),
      cmocka_unit_test(atoms_are_not_too_close_and_weigh_by_distance),
      cmocka_unit_test(the_best_has_the_smallest_seam),
      cmocka_unit_test(periods_are_kept),
      cmocka_unit_test(centers_are_the_worst_atoms_apart),
      cmocka_unit_test(what_is_wrong_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
