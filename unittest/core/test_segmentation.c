/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grains among points, each step held to a plain form of it that looks at all pairs: neighbors,
   groups, labels, spreading, sums by key, mean orientations, faces, numbers in time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/grain_faces.h"
#include "mlgrain/grain_history.h"
#include "mlgrain/grain_orientations.h"
#include "mlgrain/grouping.h"
#include "near.h"
#include "random_rotations.h"

enum { POINTS = 600 };

static uint64_t seed = 11;

/* A small rotation by `degrees` about an axis drawn at random, after q. */
static void turn_by(double degrees, const double q[4], double turned[4])
{
  double axis[4];
  const double half = 0.5 * degrees * 0.017453292519943295;
  draw_rotation(&seed, axis);
  const double length = sqrt(1.0 - axis[0] * axis[0]);
  const double turn[4] = {cos(half), sin(half) * axis[1] / length, sin(half) * axis[2] / length,
                          sin(half) * axis[3] / length};
  mlgrain_quaternion_product(turn, q, turned);
}

/* ---- points with orientations --------------------------------------------------------------- */

static double x[POINTS][3], orientation[POINTS][4];
static int32_t structure[POINTS];
static unsigned char member[POINTS];
static int64_t tag[POINTS];
static const enum mlgrain_symmetry symmetry[] = {MLGRAIN_NO_SYMMETRY, MLGRAIN_CUBIC,
                                                 MLGRAIN_HEXAGONAL};
static const double REACH = 1.3, ANGLE = 5.0;

/* Points at random in two crystals of several orientations, in an order that `shuffle` changes. */
static void make_points(int shuffle)
{
  double grains[4][4];
  int order[POINTS];
  seed = 77;
  for (int g = 0; g < 4; g++)
    draw_rotation(&seed, grains[g]);
  for (int i = 0; i < POINTS; i++)
    order[i] = shuffle ? (i * 7 + 3) % POINTS : i;
  for (int k = 0; k < POINTS; k++) {
    const int i = order[k];
    for (int d = 0; d < 3; d++)
      x[i][d] = 7.0 * draw(&seed);
    const int g = (x[i][0] > 3.5) + 2 * (x[i][1] > 3.5);
    double noise[4];
    turn_by(2.5 * draw(&seed), grains[g], noise);
    double operation[MLGRAIN_MOST_OPERATIONS][4];
    const int s = x[i][2] > 6.0 ? 2 : 1;
    const int count = mlgrain_symmetry_operations(symmetry[s], operation);
    mlgrain_quaternion_product(noise, operation[(int)(draw(&seed) * count)], orientation[i]);
    structure[i] = draw(&seed) < 0.15 ? 0 : s;
    member[i] = draw(&seed) > 0.05;
    tag[i] = k + 1;
    if (!member[i])
      structure[i] = 0;
  }
}

static int near_each_other(int i, int j)
{
  double square = 0.0;
  for (int d = 0; d < 3; d++)
    square += (x[i][d] - x[j][d]) * (x[i][d] - x[j][d]);
  return i != j && square < REACH * REACH && member[i] && member[j];
}

static int alike(int i, int j)
{
  return structure[i] && structure[i] == structure[j] &&
         mlgrain_disorientation(symmetry[structure[i]], orientation[i], orientation[j]).angle <
             ANGLE;
}

static struct mlgrain_contacts *make_contacts(size_t count)
{
  struct mlgrain_cells *cells = NULL;
  struct mlgrain_contacts *contacts = NULL;
  assert_int_equal(mlgrain_cells_create(POINTS, (const double(*)[3])x, REACH, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_contacts_create(cells, REACH, count, member, &contacts, NULL),
                   MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_contacts_create(cells, 2.0 * REACH, count, member,
                                           &(struct mlgrain_contacts *){NULL}, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_contacts_create(cells, REACH, POINTS + 1, member,
                                           &(struct mlgrain_contacts *){NULL}, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  mlgrain_cells_free(cells);
  const struct mlgrain_crystal_points points = {POINTS, (const double(*)[4])orientation, structure,
                                                symmetry};
  mlgrain_contacts_compare(contacts, &points);
  mlgrain_contacts_limit(contacts, ANGLE);
  return contacts;
}

static void contacts_are_all_neighbors(void **state)
{
  (void)state;
  make_points(0);
  struct mlgrain_contacts *contacts = make_contacts(POINTS - 100);
  size_t alike_ones = 0;
  for (int i = 0; i < POINTS - 100; i++) {
    int count = 0, listed[POINTS] = {0};
    for (int k = 0; k < contacts->length[i]; k++) {
      const size_t entry = contacts->first[i] + (size_t)k;
      const int j = contacts->other[entry];
      assert_true(near_each_other(i, j));
      assert_false(listed[j]++);
      assert_int_equal(contacts->alike[entry], alike(i, j));
      alike_ones += contacts->alike[entry];
    }
    for (int j = 0; j < POINTS; j++)
      count += near_each_other(i, j);
    assert_int_equal(count, contacts->length[i]);
  }
  assert_in_range(alike_ones, 1000, contacts->total - 500);
  assert_true(mlgrain_contacts_memory(contacts) > contacts->total);
  mlgrain_contacts_free(contacts);
}

/* The mean of all equivalents near enough, by trying all of them. */
static void means_over_neighbors(void **state)
{
  (void)state;
  make_points(0);
  struct mlgrain_contacts *contacts = make_contacts(POINTS - 50);
  const struct mlgrain_crystal_points all = {POINTS, (const double(*)[4])orientation, structure,
                                             symmetry};
  static double smoothed[POINTS][4];
  const double limit = 15.0;
  size_t left_out = 0;
  mlgrain_orientations_smooth(contacts, &all, limit, smoothed);
  for (int i = 0; i < POINTS - 50; i++) {
    double sum[4], square = 0.0;
    memcpy(sum, orientation[i], sizeof sum);
    for (int j = 0; j < POINTS && structure[i]; j++) {
      if (!near_each_other(i, j) || structure[j] != structure[i])
        continue;
      double operation[MLGRAIN_MOST_OPERATIONS][4];
      const int count = mlgrain_symmetry_operations(symmetry[structure[i]], operation);
      int added = 0;
      for (int k = 0; k < 2 * count; k++) {
        double q[4], dot = 0.0;
        mlgrain_quaternion_product(orientation[j], operation[k / 2], q);
        for (int d = 0; d < 4; d++) {
          q[d] *= k % 2 ? -1.0 : 1.0;
          dot += q[d] * orientation[i][d];
        }
        if (2.0 * acos(fmin(1.0, dot)) * 57.29577951308232 < limit) {
          added = 1;
          for (int d = 0; d < 4; d++)
            sum[d] += q[d];
        }
      }
      left_out += !added;
    }
    for (int d = 0; d < 4; d++)
      square += sum[d] * sum[d];
    for (int d = 0; d < 4; d++)
      assert_near(smoothed[i][d], sum[d] / sqrt(square), 1e-12);
  }
  assert_in_range(left_out, 100, 10000);
  mlgrain_contacts_free(contacts);
}

/* Marks all that can be reached from i. */
static void flood(int i, const unsigned char *inner, int group, int *of)
{
  of[i] = group;
  for (int j = 0; j < POINTS; j++)
    if (!of[j] && inner[j] && near_each_other(i, j) && alike(i, j))
      flood(j, inner, group, of);
}

static void groups_are_connected(void **state)
{
  (void)state;
  for (int shuffle = 0; shuffle < 2; shuffle++) {
    make_points(shuffle);
    struct mlgrain_contacts *contacts = make_contacts(POINTS);
    unsigned char inner[POINTS];
    int32_t root[POINTS];
    int64_t label[POINTS];
    int of[POINTS] = {0}, groups = 0, inner_ones = 0;
    mlgrain_find_inner(contacts, 0.8, inner);
    for (int i = 0; i < POINTS; i++) {
      int neighbors = 0, same = 0;
      for (int j = 0; j < POINTS; j++) {
        neighbors += near_each_other(i, j);
        same += near_each_other(i, j) && alike(i, j);
      }
      assert_int_equal(inner[i], same > 0 && same >= 0.8 * neighbors);
      inner_ones += inner[i];
    }
    assert_in_range(inner_ones, 60, 500);
    mlgrain_group(contacts, POINTS, inner, root);
    assert_int_equal(mlgrain_group_labels(POINTS, POINTS, inner, root, tag, label, NULL),
                     MLGRAIN_SUCCESS);
    for (int i = 0; i < POINTS; i++)
      if (inner[i] && !of[i])
        flood(i, inner, ++groups, of);
    assert_in_range(groups, 8, 100);
    for (int i = 0; i < POINTS; i++) {
      int64_t lowest = inner[i] ? INT64_MAX : 0;
      for (int j = 0; j < POINTS; j++)
        if (inner[i] && of[j] == of[i] && tag[j] < lowest)
          lowest = tag[j];
      assert_int_equal(label[i], lowest);
      assert_int_equal(root[root[i]], root[i]);
    }
    mlgrain_contacts_free(contacts);
  }
}

/* As if halves of the points were on different ranks: labels of the halves are united to what they
   are without halves. */
static void labels_of_parts_unite(void **state)
{
  (void)state;
  make_points(0);
  struct mlgrain_contacts *whole = make_contacts(POINTS), *part = NULL;
  unsigned char inner[POINTS], of_part[POINTS];
  int32_t root[POINTS];
  int64_t label[POINTS], own[POINTS], before[2 * POINTS], after[2 * POINTS];
  mlgrain_find_inner(whole, 0.6, inner);
  mlgrain_group(whole, POINTS, inner, root);
  mlgrain_group_labels(POINTS, POINTS, inner, root, tag, label, NULL);
  struct mlgrain_keyed_sums *pairs = NULL;
  assert_int_equal(mlgrain_keyed_sums_create(0, &pairs, NULL), MLGRAIN_SUCCESS);
  const size_t parts = 4;
  for (size_t p = 0; p < parts; p++) { /* groups within a part, and their labels */
    for (size_t i = 0; i < POINTS; i++)
      of_part[i] = inner[i] && i % parts == p;
    mlgrain_group(whole, POINTS, of_part, root);
    int64_t found[POINTS];
    mlgrain_group_labels(POINTS, POINTS, of_part, root, tag, found, NULL);
    for (size_t i = 0; i < POINTS; i++)
      if (i % parts == p)
        own[i] = found[i];
  }
  assert_int_equal(mlgrain_label_pairs(whole, inner, own, pairs, NULL), MLGRAIN_SUCCESS);
  const size_t pair_count = mlgrain_keyed_sums_count(pairs);
  assert_in_range(pair_count, 20, POINTS);
  size_t count = 0;
  assert_int_equal(
      mlgrain_labels_unite(pair_count, mlgrain_keyed_sums_keys(pairs), &count, before, after, NULL),
      MLGRAIN_SUCCESS);
  for (size_t i = 0; i < POINTS; i++) {
    int64_t united = own[i];
    for (size_t k = 0; k < count; k++)
      if (before[k] == own[i])
        united = after[k];
    assert_int_equal(united, label[i]);
  }
  mlgrain_keyed_sums_free(pairs);
  mlgrain_contacts_free(whole);
  mlgrain_contacts_free(part);
}

static void values_spread_by_majority(void **state)
{
  (void)state;
  make_points(0);
  struct mlgrain_contacts *contacts = make_contacts(POINTS);
  int32_t value[POINTS], region[POINTS], open[POINTS], next[POINTS];
  size_t open_count = 0, expected = 0;
  for (int i = 0; i < POINTS; i++) {
    value[i] = (int32_t)(4.0 * draw(&seed));
    region[i] = x[i][0] > 3.5;
    if (!value[i])
      open[open_count++] = i;
  }
  for (int only_alike = 0; only_alike < 2; only_alike++)
    for (int use_region = 0; use_region < 2; use_region++) {
      expected = 0;
      const size_t changed = mlgrain_spread(contacts, value, use_region ? region : NULL, only_alike,
                                            open_count, open, next);
      for (size_t k = 0; k < open_count; k++) {
        int votes[4] = {0}, best = 0;
        for (int j = 0; j < POINTS; j++)
          if (near_each_other(open[k], j) && (!only_alike || alike(open[k], j)) &&
              (!use_region || region[j] == region[open[k]]))
            votes[value[j]]++;
        for (int v = 3; v > 0; v--)
          if (votes[v] && (!best || votes[v] >= votes[best]))
            best = v;
        assert_int_equal(next[k], best);
        expected += best != 0;
      }
      assert_int_equal(changed, expected);
    }
  mlgrain_contacts_free(contacts);
}

static void grains_in_contact(void **state)
{
  (void)state;
  make_points(0);
  struct mlgrain_contacts *contacts = make_contacts(POINTS);
  int32_t grain[POINTS];
  unsigned char touches[POINTS], wider[POINTS];
  double pairs[4][4] = {{0.0}};
  for (int i = 0; i < POINTS; i++)
    grain[i] = (int32_t)(x[i][0] / 2.0);
  mlgrain_find_touching(contacts, grain, touches);
  mlgrain_widen(contacts, touches, wider);
  for (int i = 0; i < POINTS; i++) {
    int touch = 0, near = touches[i];
    for (int j = 0; j < POINTS; j++) {
      if (!near_each_other(i, j))
        continue;
      near |= touches[j];
      const int a = grain[i], b = grain[j];
      if (a && b && a != b) {
        touch = 1;
        pairs[a < b ? a : b][a < b ? b : a] += 1.0;
      }
    }
    assert_int_equal(touches[i], touch);
    assert_int_equal(wider[i], near);
  }
  struct mlgrain_keyed_sums *sums = NULL;
  mlgrain_keyed_sums_create(1, &sums, NULL);
  assert_int_equal(mlgrain_count_contacts(contacts, grain, sums, NULL), MLGRAIN_SUCCESS);
  mlgrain_keyed_sums_sort(sums);
  assert_int_equal(mlgrain_keyed_sums_count(sums), 2);
  for (size_t k = 0; k < 2; k++) {
    const int64_t *key = mlgrain_keyed_sums_keys(sums) + 3 * k;
    assert_int_equal(key[0], k + 1);
    assert_near(mlgrain_keyed_sums_values(sums)[k], pairs[key[0]][key[1]], 0.0);
  }
  mlgrain_keyed_sums_free(sums);
  mlgrain_contacts_free(contacts);
}

/* ---- sums by key ----------------------------------------------------------------------------- */

static void sums_by_key(void **state)
{
  (void)state;
  enum { SIDE = 12, WIDTH = 2 };
  static double plain[SIDE][SIDE][SIDE][WIDTH];
  struct mlgrain_keyed_sums *sums = NULL;
  assert_int_equal(mlgrain_keyed_sums_create(WIDTH, &sums, NULL), MLGRAIN_SUCCESS);
  for (int step = 0; step < 4000; step++) {
    const int a = (int)(SIDE * draw(&seed)), b = (int)(SIDE * draw(&seed)),
              c = (int)(SIDE * draw(&seed));
    double *of = mlgrain_keyed_sums_at(sums, a - 5, b, (int64_t)c << 40);
    assert_non_null(of);
    for (int k = 0; k < WIDTH; k++) {
      of[k] += k + step;
      plain[a][b][c][k] += k + step;
    }
    if (step == 2000)
      mlgrain_keyed_sums_sort(sums);
  }
  mlgrain_keyed_sums_sort(sums);
  size_t place = 0;
  for (int a = 0; a < SIDE; a++)
    for (int b = 0; b < SIDE; b++)
      for (int c = 0; c < SIDE; c++) {
        if (plain[a][b][c][1] == 0.0)
          continue;
        const int64_t *key = mlgrain_keyed_sums_keys(sums) + 3 * place;
        assert_int_equal(key[0], a - 5);
        assert_int_equal(key[1], b);
        assert_int_equal(key[2], (int64_t)c << 40);
        for (int k = 0; k < WIDTH; k++)
          assert_near(mlgrain_keyed_sums_values(sums)[WIDTH * place + (size_t)k], plain[a][b][c][k],
                      0.0);
        place++;
      }
  assert_int_equal(mlgrain_keyed_sums_count(sums), place);
  mlgrain_keyed_sums_free(sums);
  mlgrain_keyed_sums_free(NULL);
}

/* ---- orientations ---------------------------------------------------------------------------- */

static void mean_orientations(void **state)
{
  (void)state;
  static const enum mlgrain_symmetry kinds[] = {MLGRAIN_CUBIC, MLGRAIN_HEXAGONAL,
                                                MLGRAIN_TETRAGONAL, MLGRAIN_NO_SYMMETRY};
  for (size_t s = 0; s < sizeof kinds / sizeof *kinds; s++) {
    struct mlgrain_equivalents equivalents;
    mlgrain_equivalents_of(kinds[s], &equivalents);
    for (int trial = 0; trial < 20; trial++) {
      double q[4], reference[4], sum[MLGRAIN_ORIENTATION_SUMS] = {0.0}, mean[4], square = 0.0;
      draw_rotation(&seed, q);
      turn_by(8.0, q, reference);
      enum { PAIRS = 50 };
      for (int k = 0; k < PAIRS; k++) {
        /* two that are turned by opposite angles leave the mean where it is */
        double axis[4], one[4], turned[4], other[4];
        const double degrees = 6.0 * draw(&seed);
        turn_by(degrees, (const double[4]){1, 0, 0, 0}, axis);
        const double inverse[4] = {axis[0], -axis[1], -axis[2], -axis[3]};
        mlgrain_quaternion_product(axis, q, one);
        mlgrain_quaternion_product(inverse, q, turned);
        for (int side = 0; side < 2; side++) {
          const int op = (int)(draw(&seed) * equivalents.count);
          mlgrain_quaternion_product(side ? turned : one, equivalents.operation[op], other);
          const double angle = mlgrain_orientation_add(&equivalents, reference, other, sum);
          assert_near(angle, mlgrain_disorientation(kinds[s], reference, other).angle, 1e-6);
          square += pow(sin(0.5 * degrees * 0.017453292519943295), 2);
        }
      }
      const double spread = mlgrain_orientation_mean(sum, mean);
      assert_near(mlgrain_disorientation(kinds[s], mean, q).angle, 0.0, 1e-5);
      assert_near(spread, 2.0 * asin(sqrt(square / (2 * PAIRS))) * 57.29577951308232, 1e-6);
    }
  }
  const double empty[MLGRAIN_ORIENTATION_SUMS] = {0.0};
  double q[4];
  assert_near(mlgrain_orientation_mean(empty, q), 0.0, 0.0);
  assert_near(q[0], 1.0, 0.0);
}

/* 0 and 3 are 2 degrees apart, 1 is 3 from the middle of them: with a limit of 2.5 it stays alone,
   with 3.5 it comes in the second step. 2 is of another structure, 4 touches nothing. */
static void grains_merge(void **state)
{
  (void)state;
  enum { GRAINS = 5 };
  const double half[GRAINS] = {0.0, 4.0, 0.0, 2.0, 0.5};
  const int32_t kind[GRAINS] = {1, 1, 2, 1, 1};
  const int64_t pair[4][3] = {{1, 2, 0}, {1, 3, 0}, {1, 4, 0}, {2, 4, 0}};
  for (int wide = 0; wide < 2; wide++) {
    double q[GRAINS][4], size[GRAINS] = {100, 100, 100, 100, 100};
    int32_t map[GRAINS];
    for (int g = 0; g < GRAINS; g++) {
      const double radians = 0.5 * 0.017453292519943295 * half[g];
      const double turn[4] = {cos(radians), 0, 0, sin(radians)},
                   quarter[4] = {0.70710678118654752, 0.70710678118654752, 0, 0};
      mlgrain_quaternion_product(turn, g == 3 ? quarter : (const double[4]){1, 0, 0, 0}, q[g]);
    }
    /* an equivalent of 2 degrees about z: the quarter turn about x is a rotation of the crystal */
    assert_int_equal(mlgrain_grains_merge(GRAINS, kind, symmetry, q, size, 4, &pair[0][0],
                                          wide ? 3.5 : 2.0001, map, NULL),
                     MLGRAIN_SUCCESS);
    const int32_t expected[2][GRAINS] = {{0, 1, 2, 0, 4}, {0, 0, 2, 0, 4}};
    for (int g = 0; g < GRAINS; g++)
      assert_int_equal(map[g], expected[wide][g]);
    assert_near(size[0], wide ? 300.0 : 200.0, 0.0);
    const double mean = wide ? 2.0 : 1.0;
    const double turn[4] = {cos(0.5 * 0.017453292519943295 * mean), 0, 0,
                            sin(0.5 * 0.017453292519943295 * mean)};
    assert_near(mlgrain_disorientation(MLGRAIN_CUBIC, q[0], turn).angle, 0.0, 1e-4);
  }
}

/* ---- faces ----------------------------------------------------------------------------------- */

enum { EDGE = 13, MOST = 4 * EDGE * EDGE * EDGE };

/* An fcc crystal of cubes of edge 1, points at most `noise` off, cut out of a ball. */
static size_t make_crystal(double noise, double (*points)[3])
{
  static const double basis[4][3] = {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 0, 0.5}, {0, 0.5, 0.5}};
  size_t n = 0;
  for (int i = 0; i < EDGE; i++)
    for (int j = 0; j < EDGE; j++)
      for (int k = 0; k < EDGE; k++)
        for (int b = 0; b < 4; b++, n++) {
          const int cell[3] = {i, j, k};
          for (int d = 0; d < 3; d++)
            points[n][d] = cell[d] + basis[b][d] + noise * (2.0 * draw(&seed) - 1.0);
        }
  return n;
}

/* What is found of a crystal with grains. */
struct shapes {
  struct mlgrain_grain_cells of;
  double (*normal)[MLGRAIN_FACE_PARTNERS][3], (*direction)[MLGRAIN_TRIPLE_EDGES][3];
};

static void find_shapes(size_t n, double (*points)[3], const int32_t *grain, struct shapes *found)
{
  struct mlgrain_cells *cells = NULL;
  const double cutoff = 2.2;
  struct mlgrain_voronoi_settings settings = {.cutoff = cutoff, .level = mlgrain_simd_best()};
  assert_int_equal(mlgrain_cells_create(n, (const double(*)[3])points, cutoff, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  const size_t cell_count = mlgrain_cells_count(cells);
  unsigned char *all = malloc(n);
  int32_t *place = malloc(n * sizeof *place);
  struct mlgrain_voronoi_cell *cell = calloc(n, sizeof *cell);
  found->of = (struct mlgrain_grain_cells){calloc(n, sizeof *found->of.cell),
                                           calloc(n, sizeof *found->of.faces),
                                           calloc(n, sizeof *found->of.edges)};
  found->normal = calloc(n, sizeof *found->normal);
  found->direction = calloc(n, sizeof *found->direction);
  assert_true(all && place && cell && found->of.cell && found->of.faces && found->of.edges &&
              found->normal && found->direction);
  for (size_t i = 0; i < n; i++) {
    all[i] = 1;
    place[i] = (int32_t)i;
  }
  assert_int_equal(
      mlgrain_grain_cells_find(&settings, cells, 0, cell_count, all, grain, &found->of, NULL),
      MLGRAIN_SUCCESS);
  assert_int_equal(
      mlgrain_voronoi_compute(&settings, cells, 0, cell_count, all, NULL, cell, NULL, NULL),
      MLGRAIN_SUCCESS);
  for (size_t i = 0; i < n; i++) {
    assert_near(found->of.cell[i].volume, cell[i].volume, 0.0);
    assert_int_equal(found->of.cell[i].bounds, cell[i].bounds);
  }
  settings.cutoff *= 2.0;
  assert_int_equal(mlgrain_grain_cells_find(&settings, cells, 0, 1, all, grain, &found->of, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  const struct mlgrain_grain_faces *faces = found->of.faces;
  const struct mlgrain_triple_edges *edges = found->of.edges;
  assert_int_equal(
      mlgrain_grain_normals(cells, place, 2 * cutoff, n, grain, faces, found->normal, NULL),
      MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(
      mlgrain_grain_normals(cells, place, cutoff, n, grain, faces, found->normal, NULL),
      MLGRAIN_SUCCESS);
  assert_int_equal(
      mlgrain_triple_directions(cells, place, 2 * cutoff, n, grain, edges, found->direction, NULL),
      MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(
      mlgrain_triple_directions(cells, place, cutoff, n, grain, edges, found->direction, NULL),
      MLGRAIN_SUCCESS);
  mlgrain_cells_free(cells);
  free(cell);
  free(all);
  free(place);
}

static void free_shapes(struct shapes *found)
{
  free(found->of.cell);
  free(found->of.faces);
  free(found->of.edges);
  free(found->normal);
  free(found->direction);
}

/* Whether a point is in the part of the crystal that sums are over. */
static int is_inside(const double x[3], int low, int high)
{
  int inside = 1;
  for (int d = 0; d < 3; d++)
    inside &= x[d] >= low - 0.25 && x[d] < high - 0.25;
  return inside;
}

/* Sums of areas, of the faces and of the boundary. */
static void sum_areas(size_t n, double (*points)[3], const int32_t *grain, int x_low, int x_high,
                      double *faces_area, double *area, double vector[3])
{
  struct shapes found;
  find_shapes(n, points, grain, &found);
  const struct mlgrain_grain_faces *faces = found.of.faces;
  *faces_area = *area = vector[0] = vector[1] = vector[2] = 0.0;
  for (size_t i = 0; i < n; i++)
    for (int k = 0; k < faces[i].count && is_inside(points[i], x_low, x_high); k++) {
      assert_true(faces[i].grain[k] != grain[i] && faces[i].grain[k] > 0);
      *faces_area += 0.5 * faces[i].area[k];
      for (int d = 0; d < 3; d++) {
        *area += 0.5 * faces[i].vector[k][d] * found.normal[i][k][d];
        vector[d] += (grain[i] == 1 ? 1.0 : -1.0) * 0.5 * faces[i].vector[k][d];
      }
    }
  free_shapes(&found);
}

static double points[MOST][3];
static int32_t grain_of[MOST];

/* A boundary across a crystal, flat or stepped from atom to atom, has the area of the plane. */
static void flat_boundaries(void **state)
{
  (void)state;
  const double tilt[3][3] = {{1, 0, 0}, {1, 0.31, 0.12}, {0.6, 0.5, 0.7}};
  for (int t = 0; t < 3; t++) {
    const size_t n = make_crystal(0.04, points);
    const double length =
        sqrt(tilt[t][0] * tilt[t][0] + tilt[t][1] * tilt[t][1] + tilt[t][2] * tilt[t][2]);
    for (size_t i = 0; i < n; i++) {
      double height = 0.0;
      for (int d = 0; d < 3; d++)
        height += (points[i][d] - 6.3) * tilt[t][d] / length;
      grain_of[i] = height > 0.0 ? 2 : 1;
    }
    double faces, area, vector[3];
    sum_areas(n, points, grain_of, 3, 10, &faces, &area, vector);
    if (t == 0) {
      assert_near(area, 49.0, 0.01 * 49.0);
      assert_true(faces > 1.2 * area);
    }
    const double flat = sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]);
    for (int d = 0; d < 3; d++)
      assert_near(vector[d] / flat, tilt[t][d] / length, 0.03);
    assert_near(area / flat, 1.0, 0.01);
    assert_true(faces > 1.15 * flat);
  }
}

/* Near the line where three boundaries meet, each has its own normal. */
static void three_boundaries(void **state)
{
  (void)state;
  const size_t n = make_crystal(0.04, points);
  for (size_t i = 0; i < n; i++)
    grain_of[i] = points[i][0] < 6.3 ? 1 : points[i][1] < 6.3 ? 2 : 3;
  double faces, area, vector[3];
  sum_areas(n, points, grain_of, 3, 10, &faces, &area, vector);
  assert_near(area, 49.0 + 24.5, 0.02 * 73.5);
}

/* Three grains around a straight line, which goes the way that the numbers of the grains turn about
   it, whichever grain has which number. */
static void lines_of_three_grains(void **state)
{
  (void)state;
  static const double along[3][3] = {{0, 0, 1}, {0.2, 0.3, 1}, {1, 0.8, 0.9}};
  static const int32_t numbers[4][3] = {{1, 2, 3}, {2, 1, 3}, {3, 1, 2}, {2, 3, 0}};
  const size_t n = make_crystal(0.04, points);
  for (int t = 0; t < 3; t++)
    for (int numbering = 0; numbering < 4; numbering++) {
      const double *line = along[t],
                   length = sqrt(line[0] * line[0] + line[1] * line[1] + line[2] * line[2]);
      /* two directions at right angles to it and each other, right-handed with it */
      const double side = hypot(line[0], line[2]);
      const double u[3] = {line[2] / side, 0.0, -line[0] / side};
      double v[3];
      for (int d = 0; d < 3; d++)
        v[d] = (line[(d + 1) % 3] * u[(d + 2) % 3] - line[(d + 2) % 3] * u[(d + 1) % 3]) / length;
      for (size_t i = 0; i < n; i++) {
        double a = 0.0, b = 0.0;
        for (int d = 0; d < 3; d++) {
          a += u[d] * (points[i][d] - 6.3);
          b += v[d] * (points[i][d] - 6.3);
        }
        const double angle = atan2(b, a);
        grain_of[i] = numbers[numbering][angle < -1.5 ? 0 : angle < 1.0 ? 1 : 2];
      }
      struct shapes found;
      find_shapes(n, points, grain_of, &found);
      double lines = 0.0, edges = 0.0, vector[3] = {0.0, 0.0, 0.0}, apart = 0.0;
      for (size_t i = 0; i < n; i++)
        for (int k = 0; k < found.of.edges[i].count && is_inside(points[i], 3, 10); k++) {
          int32_t triple[3];
          mlgrain_triple_of(grain_of[i], found.of.edges[i].other[k], triple);
          for (int32_t g = 0; g < 3; g++)
            assert_int_equal(triple[g], g + 1);
          edges += found.of.edges[i].length[k] / 3.0;
          for (int d = 0; d < 3; d++) {
            lines += found.of.edges[i].vector[k][d] * found.direction[i][k][d] / 3.0;
            vector[d] += found.of.edges[i].vector[k][d] / 3.0;
          }
        }
      free_shapes(&found);
      if (numbering == 3) { /* one of them is none */
        assert_near(edges, 0.0, 0.0);
        continue;
      }
      /* inside the cube of edge 7 the line is as long as its steepest coordinate says */
      const double steepest = fmax(line[0], fmax(line[1], line[2])),
                   expected = 7.0 * length / steepest;
      const double flat =
          sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]);
      for (int d = 0; d < 3; d++)
        apart += pow(vector[d] / flat - (numbering == 1 ? -1.0 : 1.0) * line[d] / length, 2);
      assert_near(lines / expected, 1.0, 0.03);
      assert_near(lines / flat, 1.0, 0.02);
      assert_true(sqrt(apart) < 0.08);
      assert_true(edges > 1.1 * lines);
    }
}

/* Of a ball; its surface is curved over the radius that normals are averaged over. Nothing is
   beside it: the vectors of a closed surface are 0. */
static void balls(void **state)
{
  (void)state;
  const size_t n = make_crystal(0.02, points);
  size_t inside = 0;
  for (size_t i = 0; i < n; i++) {
    double square = 0.0;
    for (int d = 0; d < 3; d++)
      square += pow(points[i][d] - 6.2, 2);
    grain_of[i] = square < 4.0 * 4.0 ? 1 : 2;
    inside += grain_of[i] == 1;
  }
  double faces, area, vector[3];
  sum_areas(n, points, grain_of, 0, EDGE, &faces, &area, vector);
  const double radius = cbrt(3.0 * (double)inside / 4.0 / (4.0 * 3.141592653589793));
  assert_near(area / (4.0 * 3.141592653589793 * radius * radius), 1.0, 0.03);
  assert_true(faces > 1.2 * area);
  for (int d = 0; d < 3; d++)
    assert_near(vector[d], 0.0, 1e-6 * area);
}

/* ---- numbers in time ------------------------------------------------------------------------- */

static void grains_keep_numbers(void **state)
{
  (void)state;
  /* old 5 goes on as the first; old 6 is split into the second (larger) and third; old 7 was taken
     up by the first; old 8 melted; the fourth comes from atoms of no grain; the fifth is where
     parts of 5 and 6 were */
  const int64_t key[][3] = {{5, 1, 0}, {6, 2, 0}, {6, 3, 0}, {7, 1, 0}, {7, 2, 0}, {8, 0, 0},
                            {8, 1, 0}, {0, 4, 0}, {5, 4, 0}, {5, 5, 0}, {6, 5, 0}, {0, 5, 0}};
  const double atoms[] = {900, 500, 400, 300, 20, 250, 30, 200, 10, 60, 50, 70};
  int64_t next = 12, number[5];
  size_t count = 0;
  struct mlgrain_grain_event *event = NULL;
  assert_int_equal(
      mlgrain_grains_follow(5, 12, &key[0][0], atoms, &next, number, &count, &event, NULL),
      MLGRAIN_SUCCESS);
  const int64_t expected[5] = {5, 6, 12, 13, 14};
  for (int g = 0; g < 5; g++)
    assert_int_equal(number[g], expected[g]);
  assert_int_equal(next, 15);
  const struct mlgrain_grain_event wanted[] = {{MLGRAIN_GRAIN_SPLIT, 12, 6, 400, 400},
                                               {MLGRAIN_GRAIN_BIRTH, 13, 5, 210, 10},
                                               {MLGRAIN_GRAIN_BIRTH, 14, 5, 180, 60},
                                               {MLGRAIN_GRAIN_MERGE, 7, 5, 320, 300},
                                               {MLGRAIN_GRAIN_DEATH, 8, 5, 280, 30}};
  assert_int_equal(count, 5);
  for (size_t k = 0; k < count; k++) {
    assert_int_equal(event[k].kind, wanted[k].kind);
    assert_int_equal(event[k].number, wanted[k].number);
    assert_int_equal(event[k].other, wanted[k].other);
    assert_near(event[k].atoms, wanted[k].atoms, 0.0);
    assert_near(event[k].shared, wanted[k].shared, 0.0);
  }
  free(event);
  /* nothing left */
  const int64_t last[3] = {3, 0, 0};
  const double all = 40.0;
  assert_int_equal(mlgrain_grains_follow(0, 1, last, &all, &next, number, &count, &event, NULL),
                   MLGRAIN_SUCCESS);
  assert_int_equal(count, 1);
  assert_int_equal(event[0].kind, MLGRAIN_GRAIN_DEATH);
  assert_int_equal(event[0].other, 0);
  free(event);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contacts_are_all_neighbors),
      cmocka_unit_test(means_over_neighbors),
      cmocka_unit_test(groups_are_connected),
      cmocka_unit_test(labels_of_parts_unite),
      cmocka_unit_test(values_spread_by_majority),
      cmocka_unit_test(grains_in_contact),
      cmocka_unit_test(sums_by_key),
      cmocka_unit_test(mean_orientations),
      cmocka_unit_test(grains_merge),
      cmocka_unit_test(flat_boundaries),
      cmocka_unit_test(three_boundaries),
      cmocka_unit_test(lines_of_three_grains),
      cmocka_unit_test(balls),
      cmocka_unit_test(grains_keep_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
