/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linear models against the formulas, one row at a time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "forest_reference.h"
#include "mlgrain/forest.h"
#include "mlgrain/gmm.h"
#include "mlgrain/linear.h"

enum { MOST_FEATURES = 19, MOST_TERMS = 1 + 19 + 190 };

struct plain_linear {
  size_t features, terms;
  int degree;
  double coefficient[MOST_TERMS], factor[MOST_TERMS * MOST_TERMS], noise;
  double shift[MOST_FEATURES], scale[MOST_FEATURES];
  double mean[MOST_FEATURES], precision[MOST_FEATURES * MOST_FEATURES];
  char names[512];
};

/* Upper triangular [n][n], of positive diagonal. */
static void make_factor(double *factor, size_t n, uint64_t *seed)
{
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      factor[i * n + j] = j < i    ? 0.0
                          : j == i ? 0.2 + plain_random(seed)
                                   : plain_random(seed) - 0.5;
}

static struct plain_linear *make_plain(size_t features, int degree, uint64_t seed)
{
  struct plain_linear *made = calloc(1, sizeof *made);
  assert_non_null(made);
  made->features = features;
  made->degree = degree;
  made->terms = 1 + features + (degree == 2 ? features * (features + 1) / 2 : 0);
  made->noise = 0.1;
  for (size_t t = 0; t < made->terms; t++)
    made->coefficient[t] = 2.0 * plain_random(&seed) - 1.0;
  make_factor(made->factor, made->terms, &seed);
  make_factor(made->precision, features, &seed);
  size_t length = 0;
  for (size_t f = 0; f < features; f++) {
    made->shift[f] = plain_random(&seed) - 0.5;
    made->scale[f] = 0.5 + plain_random(&seed);
    made->mean[f] = plain_random(&seed) - 0.5;
    length += (size_t)sprintf(made->names + length, "%s\"f%zu\"", f ? "," : "[", f);
  }
  strcpy(made->names + length, "]");
  return made;
}

static struct builder build(const struct plain_linear *plain)
{
  struct builder builder = {0};
  const uint64_t n = plain->features, terms = plain->terms;
  builder_tensor(&builder, "coefficients", "F64", 1, terms, 0, 0, plain->coefficient);
  builder_tensor(&builder, "covariance_factor", "F64", 2, terms, terms, 0, plain->factor);
  builder_tensor(&builder, "noise", "F64", 1, 1, 0, 0, &plain->noise);
  builder_tensor(&builder, "feature_shift", "F64", 1, n, 0, 0, plain->shift);
  builder_tensor(&builder, "feature_scale", "F64", 1, n, 0, 0, plain->scale);
  builder_tensor(&builder, "novelty_mean", "F64", 1, n, 0, 0, plain->mean);
  builder_tensor(&builder, "novelty_cholesky", "F64", 2, n, n, 0, plain->precision);
  builder_metadata(&builder, "format", "mlgrain");
  builder_metadata(&builder, "version", "1");
  builder_metadata(&builder, "kind", "linear");
  builder_metadata(&builder, "target", "energy");
  builder_metadata(&builder, "degree", plain->degree == 2 ? "2" : "1");
  builder_metadata(&builder, "features", plain->names);
  return builder;
}

static struct mlgrain_linear *load(const struct builder *builder)
{
  struct mlgrain_model *model;
  struct mlgrain_linear *linear;
  struct mlgrain_error error = {""};
  size_t size;
  unsigned char *bytes = builder_finish(builder, &size);
  if (mlgrain_model_from_bytes("file", bytes, size, &model, &error) ||
      mlgrain_linear_create(model, mlgrain_simd_best(), &linear, &error))
    fail_msg("%s", error.text);
  assert_int_equal(mlgrain_model_kind_of(model), MLGRAIN_MODEL_LINEAR);
  mlgrain_model_free(model); /* the linear model doesn't need it any more */
  free(bytes);
  return linear;
}

/* |v U|^2 */
static double length2(size_t n, const double *v, const double *factor)
{
  double sum = 0.0;
  for (size_t j = 0; j < n; j++) {
    double y = 0.0;
    for (size_t i = 0; i < n; i++)
      y += v[i] * factor[i * n + j];
    sum += y * y;
  }
  return sum;
}

static int near(double a, double b)
{
  return fabs(a - b) <= 1e-11 * (1.0 + fabs(b));
}

static void check_row(const struct plain_linear *plain, const double *x, double prediction,
                      double spread, double novelty)
{
  double b[MOST_TERMS] = {1.0}, away[MOST_FEATURES], sum = 0.0;
  const size_t n = plain->features;
  size_t t = 1;
  for (size_t f = 0; f < n; f++) {
    b[t++] = (x[f] - plain->shift[f]) / plain->scale[f];
    away[f] = x[f] - plain->mean[f];
  }
  for (size_t i = 0; plain->degree == 2 && i < n; i++)
    for (size_t j = i; j < n; j++)
      b[t++] = b[1 + i] * b[1 + j];
  assert_int_equal(t, plain->terms);
  for (t = 0; t < plain->terms; t++)
    sum += plain->coefficient[t] * b[t];
  assert_true(near(prediction, sum));
  assert_true(
      near(spread, sqrt(plain->noise * plain->noise + length2(plain->terms, b, plain->factor))));
  assert_true(near(novelty, sqrt(length2(n, away, plain->precision))));
}

static void compare(size_t features, int degree, size_t n, uint64_t seed)
{
  struct plain_linear *plain = make_plain(features, degree, seed);
  const struct builder builder = build(plain);
  struct mlgrain_linear *linear = load(&builder);
  const struct mlgrain_linear_info *info = mlgrain_linear_info(linear);
  assert_int_equal(info->terms, plain->terms);
  assert_int_equal(info->degree, degree);
  assert_true(info->has_covariance && info->has_novelty && !info->has_range);
  const size_t stride = features + seed % 2;
  double *x = malloc(n * stride * sizeof *x), *result = malloc(3 * n * sizeof *result);
  unsigned char *flags = malloc(n);
  assert_true(x && result && flags);
  for (size_t i = 0; i < n * stride; i++)
    x[i] = 4.0 * plain_random(&seed) - 2.0;
  const struct mlgrain_linear_output output = {result, result + n, result + 2 * n, flags};
  assert_int_equal(mlgrain_linear_predict(linear, n, x, stride, &output, NULL), MLGRAIN_SUCCESS);
  for (size_t r = 0; r < n; r++) {
    check_row(plain, x + r * stride, result[r], result[n + r], result[2 * n + r]);
    assert_int_equal(flags[r], 0);
  }
  mlgrain_linear_free(linear);
  free(flags);
  free(result);
  free(x);
  free(plain);
}

static void test_random(void **state)
{
  (void)state;
  compare(19, 1, 500, 1);
  compare(19, 2, 101, 2);
  compare(1, 1, 10, 3);
  compare(1, 2, 10, 4);
  for (size_t n = 1; n < 20; n++)
    compare(1 + n % 5, 1 + (int)(n % 2), n, n);
}

/* Without what is optional. */
static void test_bare(void **state)
{
  (void)state;
  struct plain_linear *plain = make_plain(3, 1, 9);
  struct builder builder = build(plain);
  for (const char *const *name =
           (const char *const[]){"covariance_factor", "noise", "feature_shift", "feature_scale",
                                 "novelty_mean", "novelty_cholesky", NULL};
       *name; name++)
    builder_remove(&builder, *name);
  builder_metadata(&builder, "degree", NULL);
  struct mlgrain_linear *linear = load(&builder);
  const double x[3] = {1.0, -2.0, 0.5}, *w = plain->coefficient;
  double prediction, spread, novelty;
  const struct mlgrain_linear_output output = {&prediction, &spread, &novelty, NULL};
  assert_int_equal(mlgrain_linear_predict(linear, 1, x, 3, &output, NULL), MLGRAIN_SUCCESS);
  assert_true(near(prediction, w[0] + w[1] - 2.0 * w[2] + 0.5 * w[3]));
  assert_true(spread == 0.0 && novelty == 0.0);
  mlgrain_linear_free(linear);
  free(plain);
}

static void test_flags(void **state)
{
  (void)state;
  static const float range[2][2] = {{-1.0f, -1.0f}, {1.0f, 1.0f}};
  static const double limit = 30.0;
  const double x[8][2] = {{0.0, 0.5},       {1.5, 0.0},   {NAN, 0.0},    {0.0, INFINITY},
                          {-INFINITY, 0.0}, {1e200, 0.0}, {300.0, -1.0}, {20.0, 0.5}};
  static const unsigned char wanted[8] = {0,
                                          MLGRAIN_ROW_OUT_OF_RANGE,
                                          MLGRAIN_ROW_NOT_FINITE,
                                          MLGRAIN_ROW_NOT_FINITE,
                                          MLGRAIN_ROW_NOT_FINITE,
                                          MLGRAIN_ROW_NOT_FINITE,
                                          MLGRAIN_ROW_OUT_OF_RANGE | MLGRAIN_ROW_NOVEL,
                                          MLGRAIN_ROW_OUT_OF_RANGE};
  struct plain_linear *plain = make_plain(2, 2, 4);
  struct builder builder = build(plain);
  builder_tensor(&builder, "feature_range", "F32", 2, 2, 2, 0, range);
  builder_tensor(&builder, "novelty_limit", "F64", 1, 1, 0, 0, &limit);
  struct mlgrain_linear *linear = load(&builder);
  double result[3][8];
  unsigned char flags[8];
  const struct mlgrain_linear_output output = {result[0], result[1], result[2], flags};
  assert_int_equal(mlgrain_linear_predict(linear, 8, x[0], 2, &output, NULL), MLGRAIN_SUCCESS);
  for (int r = 0; r < 8; r++) {
    assert_int_equal(flags[r], wanted[r]);
    if (wanted[r] == MLGRAIN_ROW_NOT_FINITE)
      assert_true(result[0][r] == 0.0 && result[1][r] == 0.0 && result[2][r] == 0.0);
    else
      check_row(plain, x[r], result[0][r], result[1][r], result[2][r]);
  }
  assert_true(result[2][7] < limit && result[2][7] * result[2][7] > limit);
  const struct mlgrain_linear_output none = {0};
  assert_int_equal(mlgrain_linear_predict(linear, 8, x[0], 2, &none, NULL), MLGRAIN_SUCCESS);
  mlgrain_linear_free(linear);
  mlgrain_linear_free(NULL);
  free(plain);
}

static void refuse(const struct builder *builder, const char *words)
{
  struct mlgrain_model *model;
  struct mlgrain_linear *linear = (struct mlgrain_linear *)1;
  struct mlgrain_error error = {""};
  size_t size;
  unsigned char *bytes = builder_finish(builder, &size);
  assert_int_equal(mlgrain_model_from_bytes("file", bytes, size, &model, &error), MLGRAIN_SUCCESS);
  assert_true(mlgrain_linear_create(model, mlgrain_simd_best(), &linear, &error) !=
              MLGRAIN_SUCCESS);
  assert_null(linear);
  if (!strstr(error.text, words))
    fail_msg("'%s' is not in '%s'", words, error.text);
  mlgrain_model_free(model);
  free(bytes);
}

static void refuse_tensor(const struct plain_linear *plain, const char *name, int rank,
                          uint64_t first, uint64_t second, const double *data, const char *words)
{
  struct builder builder = build(plain);
  builder_tensor(&builder, name, "F64", rank, first, second, 0, data);
  refuse(&builder, words);
}

static void refuse_metadata(const struct plain_linear *plain, const char *key, const char *value,
                            const char *words)
{
  struct builder builder = build(plain);
  builder_metadata(&builder, key, value);
  refuse(&builder, words);
}

static void test_refused(void **state)
{
  (void)state;
  struct plain_linear *plain = make_plain(3, 2, 5);
  const uint64_t terms = plain->terms;
  struct builder builder = build(plain);
  builder_remove(&builder, "coefficients");
  refuse(&builder, "no tensor 'coefficients'");
  builder = build(plain);
  builder_remove(&builder, "novelty_mean");
  refuse(&builder, "no tensor 'novelty_mean'");
  refuse_metadata(plain, "degree", "1", "'coefficients' has not the shape");
  refuse_metadata(plain, "degree", "3", "'degree' is neither 1 nor 2");
  refuse_metadata(plain, "target", NULL, "name no target");
  refuse_metadata(plain, "kind", "gaussian_mixture", "not linear");
  refuse_tensor(plain, "covariance_factor", 2, terms, terms - 1, plain->factor,
                "'covariance_factor' has not the shape");
  const double negative = -0.1, infinite = INFINITY, zeros[3] = {0.0, 1.0, 1.0};
  refuse_tensor(plain, "noise", 1, 1, 0, &negative, "noise is negative");
  refuse_tensor(plain, "noise", 1, 1, 0, &infinite, "'noise' holds a number that is not finite");
  refuse_tensor(plain, "feature_scale", 1, 3, 0, zeros, "feature_scale is not positive");
  plain->factor[terms] = 0.1;
  builder = build(plain);
  refuse(&builder, "'covariance_factor' is not upper triangular");
  plain->factor[terms] = 0.0;
  plain->coefficient[2] = NAN;
  builder = build(plain);
  refuse(&builder, "'coefficients' holds a number that is not finite");
  free(plain);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random),
      cmocka_unit_test(test_bare),
      cmocka_unit_test(test_flags),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests_name("linear", tests, NULL, NULL);
}
