/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forests against plain walks in double precision, and malformed trees. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "forest_reference.h"
#include "mlgrain/forest.h"

struct loaded {
  unsigned char *bytes;
  struct mlgrain_model *model;
  struct mlgrain_forest *forest;
};

static struct loaded load(const struct builder *builder)
{
  struct loaded made;
  struct mlgrain_error error = {""};
  size_t size;
  made.bytes = builder_finish(builder, &size);
  if (mlgrain_model_from_bytes("file", made.bytes, size, &made.model, &error) ||
      mlgrain_forest_create(made.model, mlgrain_simd_best(), &made.forest, &error))
    fail_msg("%s", error.text);
  return made;
}

static void unload(struct loaded *loaded)
{
  mlgrain_forest_free(loaded->forest);
  mlgrain_model_free(loaded->model);
  free(loaded->bytes);
}

/* Features in -1.2 .. 1.2; many equal a threshold to float32 or differ by less than it resolves. */
static double *make_rows(const struct plain_forest *plain, size_t n, size_t stride, uint64_t *seed)
{
  double *x = malloc(n * stride * sizeof *x);
  assert_non_null(x);
  for (size_t i = 0; i < n * stride; i++)
    x[i] = 2.4 * plain_random(seed) - 1.2;
  for (size_t r = 0; r < n; r++) {
    const int t = (int)(plain_random(seed) * plain->trees);
    const struct plain_node *node = &plain->tree[t][(int)(plain_random(seed) * plain->nodes[t])];
    const int nudge = (int)(plain_random(seed) * 4.0);
    if (node->feature < 0)
      continue;
    double *value = &x[r * stride + (size_t)node->feature];
    *value = nudge == 0   ? node->threshold
             : nudge == 1 ? (float)node->threshold
             : nudge == 2 ? nextafterf((float)node->threshold, 9.0f)
                          : nextafter(node->threshold, 9.0);
  }
  return x;
}

static void check_leaves(const struct plain_forest *plain, const struct mlgrain_forest *forest,
                         size_t n, const double *x, size_t stride)
{
  const size_t trees = (size_t)plain->trees;
  uint64_t *leaf = malloc(n * trees * sizeof *leaf);
  assert_non_null(leaf);
  assert_int_equal(mlgrain_forest_apply(forest, n, x, stride, leaf, NULL), MLGRAIN_SUCCESS);
  for (size_t r = 0; r < n; r++)
    for (size_t t = 0; t < trees; t++)
      assert_int_equal(leaf[r * trees + t],
                       plain_forest_leaf(plain, (int)t, x + r * stride)->number);
  free(leaf);
}

static void check_row(const struct plain_forest *plain, const double *x, double mean, double spread)
{
  double sum = 0.0, variance = 0.0;
  for (int t = 0; t < plain->trees; t++)
    sum += plain_forest_leaf(plain, t, x)->value;
  sum /= plain->trees;
  for (int t = 0; t < plain->trees; t++) {
    const double difference = plain_forest_leaf(plain, t, x)->value - sum;
    variance += difference * difference / plain->trees;
  }
  assert_true(fabs(mean - sum) <= 1e-12 * 50.0);
  assert_true(fabs(spread - sqrt(variance)) <= 1e-11 * 50.0);
}

static void check_predictions(const struct plain_forest *plain, const struct mlgrain_forest *forest,
                              size_t n, const double *x, size_t stride)
{
  struct mlgrain_forest_workspace *workspace;
  double *mean = malloc(n * sizeof *mean), *spread = malloc(n * sizeof *spread);
  assert_true(mean && spread);
  assert_int_equal(mlgrain_forest_workspace_create(&workspace, NULL), MLGRAIN_SUCCESS);
  const struct mlgrain_forest_output output = {.prediction = mean, .spread = spread};
  for (int again = 0; again < 2; again++) { /* the second time in the order kept */
    memset(mean, 0xff, n * sizeof *mean);
    memset(spread, 0xff, n * sizeof *spread);
    assert_int_equal(mlgrain_forest_predict(forest, workspace, n, x, stride, &output, NULL),
                     MLGRAIN_SUCCESS);
    for (size_t r = 0; r < n; r++)
      check_row(plain, x + r * stride, mean[r], spread[r]);
  }
  assert_true(mlgrain_forest_workspace_memory(workspace) >= n * 4);
  mlgrain_forest_workspace_free(workspace);
  free(mean);
  free(spread);
}

static void compare(int features, int trees, int inner, int wide, size_t n, uint64_t seed)
{
  struct plain_forest plain = plain_forest_make(features, trees, inner, wide, seed);
  struct builder builder = {0};
  plain_forest_build(&plain, &builder);
  struct loaded loaded = load(&builder);
  const struct mlgrain_forest_info *info = mlgrain_forest_info(loaded.forest);
  assert_int_equal(info->features, features);
  assert_int_equal(info->trees, trees);
  assert_int_equal(info->values, plain.leaves);
  assert_true(info->has_spread && !info->has_calibration && !info->has_novelty && !info->has_range);
  const size_t stride = (size_t)features + seed % 3;
  double *x = make_rows(&plain, n, stride, &seed);
  check_leaves(&plain, loaded.forest, n, x, stride);
  check_predictions(&plain, loaded.forest, n, x, stride);
  free(x);
  unload(&loaded);
  plain_forest_free(&plain);
}

static void test_narrow(void **state)
{
  (void)state;
  compare(19, 7, 3000, 0, 5000, 1);
  compare(31, 3, 500, 0, 1000, 2);
  compare(1, 2, 100, 0, 1000, 3);
  for (size_t n = 1; n < 70; n += 3)
    compare(5, 4, 40, 0, n, n);
}

static void test_wide(void **state)
{
  (void)state;
  compare(19, 7, 3000, 1, 5000, 4);
  compare(200, 3, 900, 1, 1000, 5);
  compare(31, 2, 50, 1, 33, 6);
}

static void test_single_leaves(void **state)
{
  (void)state;
  compare(3, 5, 0, 0, 40, 7);
  compare(40, 1, 0, 1, 40, 8);
}

/* More rows than are sorted together. */
static void test_many_rows(void **state)
{
  (void)state;
  compare(2, 1, 20, 0, (1 << 20) + 500, 9);
}

/* A small forest, three rows, and all that may be said of them. */
struct small {
  struct plain_forest plain;
  struct builder builder;
  double x[3][3];
};

static void make_small(struct small *small)
{
  *small = (struct small){.plain = plain_forest_make(3, 6, 30, 0, 11),
                          .x = {{0.1, -0.3, 0.7}, {0.5, 0.5, -0.9}, {-0.2, 0.0, 0.4}}};
  plain_forest_build(&small->plain, &small->builder);
}

struct results {
  double prediction[3], spread[3], novelty[3];
  unsigned char flags[3];
};

static struct results predict_small(const struct small *small, int raw_spread)
{
  struct loaded loaded = load(&small->builder);
  struct mlgrain_forest_workspace *workspace;
  struct results got;
  memset(&got, 0xff, sizeof got);
  const struct mlgrain_forest_output output = {.prediction = got.prediction,
                                               .spread = got.spread,
                                               .novelty = got.novelty,
                                               .flags = got.flags,
                                               .raw_spread = raw_spread};
  assert_int_equal(mlgrain_forest_workspace_create(&workspace, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(
      mlgrain_forest_predict(loaded.forest, workspace, 3, small->x[0], 3, &output, NULL),
      MLGRAIN_SUCCESS);
  /* nothing is wanted, nothing is written */
  const struct mlgrain_forest_output none = {0};
  assert_int_equal(mlgrain_forest_predict(loaded.forest, workspace, 3, small->x[0], 3, &none, NULL),
                   MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_forest_predict(loaded.forest, workspace, 0, NULL, 3, &output, NULL),
                   MLGRAIN_SUCCESS);
  mlgrain_forest_workspace_free(workspace);
  unload(&loaded);
  return got;
}

static void test_base_and_scale(void **state)
{
  (void)state;
  static const double base = 2.5, scale = -0.25;
  struct small small;
  make_small(&small);
  const struct results plain = predict_small(&small, 0);
  builder_tensor(&small.builder, "base", "F64", 1, 1, 0, 0, &base);
  builder_tensor(&small.builder, "scale", "F64", 1, 1, 0, 0, &scale);
  const struct results scaled = predict_small(&small, 0);
  builder_metadata(&small.builder, "aggregation", "sum");
  const struct results sum = predict_small(&small, 0);
  for (int r = 0; r < 3; r++) {
    assert_true(fabs(scaled.prediction[r] - (base + scale * plain.prediction[r])) < 1e-12);
    assert_true(fabs(scaled.spread[r] - 0.25 * plain.spread[r]) < 1e-12);
    assert_true(fabs(sum.prediction[r] - (base + scale * 6.0 * plain.prediction[r])) < 1e-11);
    assert_true(sum.spread[r] == 0.0);
  }
  plain_forest_free(&small.plain);
}

static void test_calibration(void **state)
{
  (void)state;
  struct small small;
  make_small(&small);
  const struct results raw = predict_small(&small, 0);
  /* the first row before all points, the second between two, the third beyond all */
  double spread[3], error[3] = {7.0, 8.0, 5.0};
  const double order[3] = {raw.spread[0], raw.spread[1], raw.spread[2]};
  for (int r = 0; r < 3; r++) {
    spread[0] = 0.5 * order[r];
    spread[1] = 1.5 * order[r];
    spread[2] = 2.0 * order[r];
    builder_tensor(&small.builder, "calibration_spread", "F64", 1, 3, 0, 0, spread);
    builder_tensor(&small.builder, "calibration_error", "F64", 1, 3, 0, 0, error);
    assert_true(fabs(predict_small(&small, 0).spread[r] - 7.5) < 1e-12);
    assert_true(predict_small(&small, 1).spread[r] == order[r]);
    spread[0] = 1.25 * order[r];
    assert_true(predict_small(&small, 0).spread[r] == 7.0);
    for (int i = 0; i < 3; i++)
      spread[i] = (0.1 + 0.2 * i) * order[r];
    assert_true(fabs(predict_small(&small, 0).spread[r] - 10.0) < 1e-12);
  }
  plain_forest_free(&small.plain);
}

static void test_range_and_finiteness(void **state)
{
  (void)state;
  static const float range[2][3] = {{-1.0f, -1.0f, -1.0f}, {0.4f, 0.6f, 0.8f}};
  static const double bad[] = {NAN, INFINITY, -INFINITY, 1e39, -1e39};
  struct small small;
  make_small(&small);
  builder_tensor(&small.builder, "feature_range", "F32", 2, 2, 3, 0, range);
  small.x[2][0] = 0.4; /* 0.4f after rounding: inside */
  const struct results got = predict_small(&small, 0);
  assert_int_equal(got.flags[0], 0);
  assert_int_equal(got.flags[1], MLGRAIN_ROW_OUT_OF_RANGE);
  assert_int_equal(got.flags[2], 0);
  for (size_t b = 0; b < sizeof bad / sizeof *bad; b++)
    for (int r = 0; r < 3; r++)
      for (int f = 0; f < 3; f++) {
        const double kept = small.x[r][f];
        small.x[r][f] = bad[b];
        const struct results with = predict_small(&small, 0);
        for (int other = 0; other < 3; other++) {
          if (other == r)
            continue;
          assert_true(with.prediction[other] == got.prediction[other]);
          assert_true(with.spread[other] == got.spread[other]);
          assert_int_equal(with.flags[other], got.flags[other]);
        }
        assert_int_equal(with.flags[r], MLGRAIN_ROW_NOT_FINITE);
        assert_true(with.prediction[r] == 0.0 && with.spread[r] == 0.0 && with.novelty[r] == 0.0);
        small.x[r][f] = kept;
      }
  plain_forest_free(&small.plain);
}

static void test_apply_not_finite(void **state)
{
  (void)state;
  struct small small;
  make_small(&small);
  small.x[1][2] = NAN;
  struct loaded loaded = load(&small.builder);
  uint64_t leaf[3][6];
  assert_int_equal(mlgrain_forest_apply(loaded.forest, 3, small.x[0], 3, leaf[0], NULL),
                   MLGRAIN_SUCCESS);
  for (int t = 0; t < 6; t++) {
    assert_int_equal(leaf[0][t], plain_forest_leaf(&small.plain, t, small.x[0])->number);
    assert_true(leaf[1][t] == UINT64_MAX);
    assert_int_equal(leaf[2][t], plain_forest_leaf(&small.plain, t, small.x[2])->number);
  }
  unload(&loaded);
  plain_forest_free(&small.plain);
}

static void test_novelty(void **state)
{
  (void)state;
  static const double mean[3] = {0.2, -0.1, 0.3};
  static const double factor[9] = {2.0, 0.5, -1.0, 0.0, 3.0, 0.25, 0.0, 0.0, 0.0};
  struct small small;
  make_small(&small);
  builder_tensor(&small.builder, "novelty_mean", "F64", 1, 3, 0, 0, mean);
  builder_tensor(&small.builder, "novelty_cholesky", "F64", 2, 3, 3, 0, factor);
  double wanted[3];
  for (int r = 0; r < 3; r++) {
    double sum = 0.0;
    for (int j = 0; j < 3; j++) {
      double y = 0.0;
      for (int i = 0; i < 3; i++)
        y += (small.x[r][i] - mean[i]) * factor[3 * i + j];
      sum += y * y;
    }
    wanted[r] = sqrt(sum);
  }
  struct results got = predict_small(&small, 0);
  for (int r = 0; r < 3; r++) {
    assert_true(fabs(got.novelty[r] - wanted[r]) < 1e-14 * (1.0 + wanted[r]));
    assert_int_equal(got.flags[r], 0);
  }
  const double limit = 0.5 * (wanted[0] + wanted[1]);
  builder_tensor(&small.builder, "novelty_limit", "F64", 1, 1, 0, 0, &limit);
  got = predict_small(&small, 0);
  for (int r = 0; r < 3; r++)
    assert_int_equal(got.flags[r], wanted[r] > limit ? MLGRAIN_ROW_NOVEL : 0);
  plain_forest_free(&small.plain);
}

/* One workspace for calls of different sizes and forests. */
static void test_workspace(void **state)
{
  (void)state;
  struct mlgrain_forest_workspace *workspace;
  assert_int_equal(mlgrain_forest_workspace_create(&workspace, NULL), MLGRAIN_SUCCESS);
  uint64_t seed = 5;
  for (int round = 0; round < 12; round++) {
    struct plain_forest plain = plain_forest_make(1 + 5 * (round % 3), 3, 200, round % 2, 77);
    struct builder builder = {0};
    plain_forest_build(&plain, &builder);
    struct loaded loaded = load(&builder);
    const size_t n = (size_t)(100 + 700 * (round % 4)), stride = (size_t)plain.features;
    double *x = make_rows(&plain, n, stride, &seed);
    double *mean = malloc(n * sizeof *mean), *spread = malloc(n * sizeof *spread);
    const struct mlgrain_forest_output output = {.prediction = mean, .spread = spread};
    assert_int_equal(mlgrain_forest_predict(loaded.forest, workspace, n, x, stride, &output, NULL),
                     MLGRAIN_SUCCESS);
    for (size_t r = 0; r < n; r++)
      check_row(&plain, x + r * stride, mean[r], spread[r]);
    free(x);
    free(mean);
    free(spread);
    unload(&loaded);
    plain_forest_free(&plain);
  }
  mlgrain_forest_workspace_free(workspace);
  mlgrain_forest_workspace_free(NULL);
  mlgrain_forest_free(NULL);
}

/* Classes and probabilities, equal to the last bit: sums are made in the order of the trees. */
static void check_class(const struct plain_forest *plain, const double *x, double class_number,
                        double uncertainty, const double *probability)
{
  double wanted[16];
  const int best = plain_forest_class(plain, x, wanted);
  assert_true(class_number == best + 1);
  assert_true(uncertainty == 1.0 - wanted[best]);
  assert_memory_equal(probability, wanted, (size_t)plain->classes * sizeof(double));
}

static void compare_classes(int classes, int trees, int inner, int wide, size_t n,
                            struct mlgrain_forest_workspace *workspace, uint64_t seed)
{
  struct plain_forest plain = plain_forest_make(wide ? 40 : 7, trees, inner, wide, seed);
  struct builder builder = {0};
  plain_forest_classify(&plain, classes, seed);
  plain_forest_build(&plain, &builder);
  struct loaded loaded = load(&builder);
  const struct mlgrain_forest_info *info = mlgrain_forest_info(loaded.forest);
  assert_int_equal(info->classes, classes);
  assert_int_equal(info->values, plain.leaves);
  assert_string_equal(mlgrain_forest_class_name(loaded.forest, 1), "c1");
  assert_null(mlgrain_forest_class_name(loaded.forest, classes));
  assert_null(mlgrain_forest_class_name(loaded.forest, -1));
  const size_t stride = (size_t)plain.features + seed % 3, k = (size_t)classes;
  double *x = make_rows(&plain, n, stride, &seed);
  double *result = malloc(n * (2 + k) * sizeof *result);
  assert_non_null(result);
  const struct mlgrain_forest_output output = {
      .prediction = result, .spread = result + n, .probability = result + 2 * n};
  for (int again = 0; again < 2; again++) {
    memset(result, 0xff, n * (2 + k) * sizeof *result);
    assert_int_equal(mlgrain_forest_predict(loaded.forest, workspace, n, x, stride, &output, NULL),
                     MLGRAIN_SUCCESS);
    for (size_t r = 0; r < n; r++)
      check_class(&plain, x + r * stride, result[r], result[n + r], result + 2 * n + r * k);
  }
  free(result);
  free(x);
  unload(&loaded);
  plain_forest_free(&plain);
}

/* One workspace for all, and for forests that predict numbers in between. */
static void test_classes(void **state)
{
  (void)state;
  struct mlgrain_forest_workspace *workspace;
  assert_int_equal(mlgrain_forest_workspace_create(&workspace, NULL), MLGRAIN_SUCCESS);
  for (int classes = 2; classes <= 10; classes++) {
    const size_t n = (size_t)(classes % 4) * 700 + 1;
    compare_classes(classes, 6, 300, classes % 2, n, workspace, (uint64_t)classes);
    compare_classes(12 - classes, 2, 0, classes % 2, n, workspace, 50 + (uint64_t)classes);
    struct plain_forest plain = plain_forest_make(3, 4, 50, 0, 5);
    struct builder builder = {0};
    plain_forest_build(&plain, &builder);
    struct loaded loaded = load(&builder);
    uint64_t seed = 3;
    double *x = make_rows(&plain, n, 3, &seed), *mean = malloc(2 * n * sizeof *mean);
    const struct mlgrain_forest_output output = {.prediction = mean, .spread = mean + n};
    assert_int_equal(mlgrain_forest_info(loaded.forest)->classes, 0);
    assert_null(mlgrain_forest_class_name(loaded.forest, 0));
    assert_int_equal(mlgrain_forest_predict(loaded.forest, workspace, n, x, 3, &output, NULL),
                     MLGRAIN_SUCCESS);
    for (size_t r = 0; r < n; r++)
      check_row(&plain, x + 3 * r, mean[r], mean[n + r]);
    free(x);
    free(mean);
    unload(&loaded);
    plain_forest_free(&plain);
  }
  compare_classes(3, 1, 20, 0, (1 << 20) + 500, workspace, 9);
  mlgrain_forest_workspace_free(workspace);
}

/* Of equal probabilities the first counts. */
static void test_equal_probabilities(void **state)
{
  (void)state;
  static const double equal[8] = {0.125, 0.375, 0.125, 0.375, 0.25, 0.25, 0.25, 0.25};
  struct plain_forest plain = plain_forest_make(1, 2, 0, 0, 1);
  struct builder builder = {0};
  plain_forest_classify(&plain, 4, 1);
  memcpy(plain.values, equal, sizeof equal);
  plain_forest_build(&plain, &builder);
  struct loaded loaded = load(&builder);
  struct mlgrain_forest_workspace *workspace;
  assert_int_equal(mlgrain_forest_workspace_create(&workspace, NULL), MLGRAIN_SUCCESS);
  const double x = 0.0;
  double class_number = 0.0;
  const struct mlgrain_forest_output output = {.prediction = &class_number};
  assert_int_equal(mlgrain_forest_predict(loaded.forest, workspace, 1, &x, 1, &output, NULL),
                   MLGRAIN_SUCCESS);
  assert_true(class_number == 2.0);
  mlgrain_forest_workspace_free(workspace);
  unload(&loaded);
  plain_forest_free(&plain);
}

static void test_classes_of_bad_rows(void **state)
{
  (void)state;
  struct plain_forest plain = plain_forest_make(2, 3, 20, 0, 4);
  struct builder builder = {0};
  plain_forest_classify(&plain, 3, 4);
  plain_forest_build(&plain, &builder);
  struct loaded loaded = load(&builder);
  struct mlgrain_forest_workspace *workspace;
  assert_int_equal(mlgrain_forest_workspace_create(&workspace, NULL), MLGRAIN_SUCCESS);
  const double x[4][2] = {{0.1, 0.2}, {NAN, 0.0}, {0.3, -0.4}, {0.0, 1e39}};
  double class_number[4], uncertainty[4], probability[4][3];
  unsigned char flags[4];
  memset(probability, 0xff, sizeof probability);
  const struct mlgrain_forest_output output = {.prediction = class_number,
                                               .spread = uncertainty,
                                               .flags = flags,
                                               .probability = probability[0]};
  assert_int_equal(mlgrain_forest_predict(loaded.forest, workspace, 4, x[0], 2, &output, NULL),
                   MLGRAIN_SUCCESS);
  for (int r = 0; r < 4; r += 2)
    check_class(&plain, x[r], class_number[r], uncertainty[r], probability[r]);
  for (int r = 1; r < 4; r += 2) {
    assert_int_equal(flags[r], MLGRAIN_ROW_NOT_FINITE);
    assert_true(class_number[r] == 0.0 && uncertainty[r] == 0.0);
    for (int k = 0; k < 3; k++)
      assert_true(probability[r][k] == 0.0);
  }
  mlgrain_forest_workspace_free(workspace);
  unload(&loaded);
  plain_forest_free(&plain);
}

static void refuse(const struct builder *builder, const char *words)
{
  struct mlgrain_model *model;
  struct mlgrain_forest *forest = (struct mlgrain_forest *)1;
  struct mlgrain_error error = {""};
  size_t size;
  unsigned char *bytes = builder_finish(builder, &size);
  assert_int_equal(mlgrain_model_from_bytes("file", bytes, size, &model, &error), MLGRAIN_SUCCESS);
  const enum mlgrain_status status =
      mlgrain_forest_create(model, mlgrain_simd_best(), &forest, &error);
  assert_true(status == MLGRAIN_FORMAT_ERROR || status == MLGRAIN_NOT_FINITE);
  assert_null(forest);
  if (!strstr(error.text, words))
    fail_msg("'%s' is not in '%s'", words, error.text);
  assert_true(mlgrain_forest_create(model, mlgrain_simd_best(), &forest, NULL) == status);
  mlgrain_model_free(model);
  free(bytes);
}

/* A tree of two splits, and what may be wrong with it. Node numbers: root 0, unused 1, pair 2 3,
   children of 3: pair 4 5. */
enum { NODES = 6, LEAF = 2 };

static uint64_t narrow(uint32_t low, uint64_t feature, uint64_t child)
{
  return low | feature << 32 | child << 37;
}

static uint32_t bits_of(float value)
{
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static void good_tree(uint64_t node[NODES])
{
  node[0] = narrow(bits_of(0.5f), 0, 2);
  node[1] = narrow(0, LEAF, 1);
  node[2] = narrow(0, LEAF, 2);
  node[3] = narrow(bits_of(-0.5f), 1, 4);
  node[4] = narrow(1, LEAF, 4);
  node[5] = narrow(2, LEAF, 5);
}

static const double three_values[3] = {1.0, 2.0, 3.0};

static struct builder tree_builder(const uint64_t *node, const uint64_t *start, uint64_t trees)
{
  struct builder builder = {0};
  builder_tensor(&builder, "nodes", "U64", 1, NODES, 0, 0, node);
  builder_tensor(&builder, "tree_start", "U64", 1, trees + 1, 0, 0, start);
  builder_tensor(&builder, "values", "F64", 1, 3, 0, 0, three_values);
  builder_metadata(&builder, "format", "mlgrain");
  builder_metadata(&builder, "version", "1");
  builder_metadata(&builder, "kind", "forest");
  builder_metadata(&builder, "target", "test");
  builder_metadata(&builder, "aggregation", "mean");
  builder_metadata(&builder, "features", "[\"a\", \"b\"]");
  return builder;
}

static void test_bad_nodes(void **state)
{
  (void)state;
  const struct {
    int place;
    uint64_t node;
    const char *words;
  } cases[] = {
      {0, narrow(0, LEAF, 2), "node 0 of tree 0 is a leaf, but not its own child"},
      {2, narrow(0, LEAF, 0), "node 2 of tree 0 is a leaf, but not its own child"},
      {5, narrow(3, LEAF, 5), "node 5 of tree 0 is a leaf without a value"},
      {1, narrow(1, LEAF, 1), "node 1 of tree 0 is used"},
      {1, narrow(0, 0, 4), "node 1 of tree 0 is used"},
      {0, narrow(0, 3, 2), "a feature that doesn't exist"},
      {0, narrow(0, 31, 2), "a feature that doesn't exist"},
      {3, narrow(0, 1, 2), "comes after its children"},
      {0, narrow(0, 1, 0), "comes after its children"},
      {3, narrow(0, 1, 3), "comes after its children"},
      {0, narrow(0, 1, 3), "no pair of this tree"},
      {0, narrow(0, 1, 6), "no pair of this tree"},
      {0, narrow(0, 1, (1u << 27) - 2), "no pair of this tree"},
      {3, narrow(bits_of(NAN), 1, 4), "not finite"},
      {3, narrow(bits_of(INFINITY), 1, 4), "not finite"},
      {0, narrow(bits_of(0.5f), 0, 4), "node 3 of tree 0 shares its children"},
      {3, narrow(0, LEAF, 3), "nodes without a parent"},
      {0, narrow(0, LEAF, 0), "nodes without a parent"},
  };
  static const uint64_t start[2] = {0, NODES};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint64_t node[NODES];
    good_tree(node);
    node[cases[i].place] = cases[i].node;
    struct builder builder = tree_builder(node, start, 1);
    refuse(&builder, cases[i].words);
  }
}

static void test_bad_tree_start(void **state)
{
  (void)state;
  static const uint64_t starts[][4] = {{0, 4, 6, 4}, {0, 6, 4, 6},          {2, 4, 6, 6},
                                       {0, 0, 6, 6}, {0, 3, 6, 6},          {0, 8, 6, 6},
                                       {0, 4, 4, 6}, {0, UINT64_MAX, 6, 6}, {0, 2, 4, 8}};
  uint64_t node[NODES];
  good_tree(node);
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
    struct builder builder = tree_builder(node, starts[i], 3);
    refuse(&builder, "tree_start doesn't divide");
  }
}

static void test_bad_tensors(void **state)
{
  (void)state;
  static const uint64_t start[2] = {0, NODES};
  static const double bad_value[3] = {1.0, NAN, 2.0}, two[2] = {2.0, 1.0}, zero = 0.0;
  static const double below[4] = {1.0, 0.0, 0.5, 1.0}, negative[4] = {1.0, 0.0, 0.0, -1.0};
  static const float range[4] = {1.0f, 0.0f, 0.0f, 1.0f};
  uint64_t node[NODES];
  good_tree(node);
  const struct builder good = tree_builder(node, start, 1);
  struct builder builder = good;
  builder_remove(&builder, "nodes");
  refuse(&builder, "no tensor 'nodes'");
  builder = good;
  builder_tensor(&builder, "nodes", "F64", 1, NODES, 0, 0, node);
  refuse(&builder, "'nodes' is of type F64, not U64");
  builder = good;
  builder_tensor(&builder, "nodes", "U64", 2, 2, 3, 0, node);
  refuse(&builder, "'nodes' has not the shape");
  builder = good;
  builder_tensor(&builder, "tree_start", "U64", 1, 1, 0, 0, start);
  refuse(&builder, "no trees");
  builder = good;
  builder_tensor(&builder, "values", "F64", 1, 0, 0, 0, three_values);
  refuse(&builder, "'values' has not the shape");
  builder = good;
  builder_tensor(&builder, "values", "F64", 1, 3, 0, 0, bad_value);
  refuse(&builder, "'values' holds a number that is not finite");
  builder = good;
  builder_tensor(&builder, "base", "F64", 1, 2, 0, 0, two);
  refuse(&builder, "'base' has not the shape");
  builder = good;
  builder_tensor(&builder, "calibration_error", "F64", 1, 2, 0, 0, two);
  refuse(&builder, "calibration");
  builder_tensor(&builder, "calibration_spread", "F64", 1, 2, 0, 0, two); /* falls */
  refuse(&builder, "rising spreads");
  builder_remove(&builder, "calibration_error");
  refuse(&builder, "no tensor 'calibration_error'");
  builder = good;
  builder_tensor(&builder, "novelty_mean", "F64", 1, 2, 0, 0, two);
  refuse(&builder, "no tensor 'novelty_cholesky'");
  builder_tensor(&builder, "novelty_cholesky", "F64", 2, 2, 2, 0, below);
  refuse(&builder, "not upper triangular");
  builder_tensor(&builder, "novelty_cholesky", "F64", 2, 2, 2, 0, negative);
  refuse(&builder, "-1 in its diagonal");
  builder_tensor(&builder, "novelty_limit", "F64", 1, 1, 0, 0, &zero);
  refuse(&builder, "novelty_limit is not positive");
  builder_remove(&builder, "novelty_mean");
  refuse(&builder, "no tensor 'novelty_mean'");
  builder = good;
  builder_tensor(&builder, "feature_range", "F32", 2, 2, 2, 0, range);
  refuse(&builder, "feature_range of feature 0 is no range");
  builder = good;
  builder_metadata(&builder, "aggregation", "median");
  refuse(&builder, "neither mean nor sum");
  builder = good;
  builder_metadata(&builder, "target", NULL);
  refuse(&builder, "no target");
}

static void test_bad_classifiers(void **state)
{
  (void)state;
  static const double one = 1.5, two[2] = {0.0, 1.0};
  struct plain_forest plain = plain_forest_make(3, 2, 10, 0, 1);
  struct builder good = {0};
  plain_forest_classify(&plain, 3, 1);
  plain_forest_build(&plain, &good);
  struct loaded loaded = load(&good);
  unload(&loaded);
  const char *const names[] = {NULL, "[\"a\"]", "[\"a\", \"b\"]", "[\"a\", \"b\", \"\"]",
                               "[\"a\", \"b\", 3]"};
  const char *const words[] = {"no classes", "less than 2", "'values' has not the shape",
                               "'classes' is not a list", "'classes' is not a list"};
  struct builder builder;
  for (int i = 0; i < 5; i++) {
    builder = good;
    builder_metadata(&builder, "classes", names[i]);
    refuse(&builder, words[i]);
  }
  builder = good;
  builder_metadata(&builder, "kind", "forest");
  refuse(&builder, "'values' has not the shape");
  builder = good;
  builder_tensor(&builder, "values", "F64", 1, plain.leaves, 0, 0, plain.values);
  refuse(&builder, "'values' has not the shape");
  builder = good;
  builder_metadata(&builder, "aggregation", "sum");
  refuse(&builder, "'aggregation' of a classifier is not mean");
  builder = good;
  builder_tensor(&builder, "scale", "F64", 1, 1, 0, 0, &one);
  refuse(&builder, "neither base nor scale");
  builder = good;
  builder_tensor(&builder, "calibration_spread", "F64", 1, 2, 0, 0, two);
  builder_tensor(&builder, "calibration_error", "F64", 1, 2, 0, 0, two);
  refuse(&builder, "a classifier has no calibration");
  const double bad[][3] = {{0.5, 0.5, 0.001}, {1.5, -0.5, 0.0}, {0.0, 0.0, 0.0}, {NAN, 1.0, 0.0}};
  for (int i = 0; i < 4; i++) {
    memcpy(plain.values + 3, bad[i], sizeof bad[i]);
    refuse(&good, i < 3 ? "row 1 of 'values' is not of probabilities" : "not finite");
  }
  plain_forest_free(&plain);
}

static void test_too_many_features_for_narrow_nodes(void **state)
{
  (void)state;
  struct plain_forest plain = plain_forest_make(32, 1, 4, 0, 1);
  struct builder builder = {0};
  plain_forest_build(&plain, &builder);
  refuse(&builder, "32 features need wide nodes");
  plain_forest_free(&plain);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_narrow),
      cmocka_unit_test(test_wide),
      cmocka_unit_test(test_single_leaves),
      cmocka_unit_test(test_many_rows),
      cmocka_unit_test(test_base_and_scale),
      cmocka_unit_test(test_calibration),
      cmocka_unit_test(test_range_and_finiteness),
      cmocka_unit_test(test_apply_not_finite),
      cmocka_unit_test(test_novelty),
      cmocka_unit_test(test_workspace),
      cmocka_unit_test(test_classes),
      cmocka_unit_test(test_equal_probabilities),
      cmocka_unit_test(test_classes_of_bad_rows),
      cmocka_unit_test(test_bad_nodes),
      cmocka_unit_test(test_bad_tree_start),
      cmocka_unit_test(test_bad_tensors),
      cmocka_unit_test(test_bad_classifiers),
      cmocka_unit_test(test_too_many_features_for_narrow_nodes),
  };
  return cmocka_run_group_tests_name("forest", tests, NULL, NULL);
}
