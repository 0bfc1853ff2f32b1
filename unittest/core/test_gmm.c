/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gaussian mixtures against the formulas, one row at a time. */
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

enum { MOST_FEATURES = 19, MOST_CLASSES = 6 };

struct mixture {
  size_t features, classes;
  double weight[MOST_CLASSES], mean[MOST_CLASSES * MOST_FEATURES];
  double factor[MOST_CLASSES * MOST_FEATURES * MOST_FEATURES];
  double shift[MOST_FEATURES], scale[MOST_FEATURES];
  char names[512];
};

static void make_mixture(struct mixture *mixture, size_t features, size_t classes, uint64_t seed)
{
  *mixture = (struct mixture){.features = features, .classes = classes};
  double sum = 0.0;
  for (size_t k = 0; k < classes; k++)
    sum += mixture->weight[k] = 0.1 + plain_random(&seed);
  for (size_t k = 0; k < classes; k++)
    mixture->weight[k] /= sum;
  for (size_t i = 0; i < classes * features; i++)
    mixture->mean[i] = 2.0 * plain_random(&seed) - 1.0;
  for (size_t k = 0; k < classes; k++)
    for (size_t i = 0; i < features; i++)
      for (size_t j = i; j < features; j++)
        mixture->factor[(k * features + i) * features + j] =
            i == j ? 0.5 + plain_random(&seed) : plain_random(&seed) - 0.5;
  size_t length = 0;
  for (size_t f = 0; f < features; f++) {
    mixture->shift[f] = plain_random(&seed) - 0.5;
    mixture->scale[f] = 0.5 + plain_random(&seed);
    length += (size_t)sprintf(mixture->names + length, "%s\"f%zu\"", f ? "," : "[", f);
  }
  strcpy(mixture->names + length, "]");
}

static struct builder build(const struct mixture *mixture)
{
  struct builder builder = {0};
  const uint64_t n = mixture->features, k = mixture->classes;
  builder_tensor(&builder, "weights", "F64", 1, k, 0, 0, mixture->weight);
  builder_tensor(&builder, "means", "F64", 2, k, n, 0, mixture->mean);
  builder_tensor(&builder, "precisions_cholesky", "F64", 3, k, n, n, mixture->factor);
  builder_tensor(&builder, "feature_shift", "F64", 1, n, 0, 0, mixture->shift);
  builder_tensor(&builder, "feature_scale", "F64", 1, n, 0, 0, mixture->scale);
  builder_metadata(&builder, "format", "mlgrain");
  builder_metadata(&builder, "version", "1");
  builder_metadata(&builder, "kind", "gaussian_mixture");
  builder_metadata(&builder, "features", mixture->names);
  return builder;
}

static struct mlgrain_gmm *load(const struct builder *builder)
{
  struct mlgrain_model *model;
  struct mlgrain_gmm *gmm;
  struct mlgrain_error error = {""};
  size_t size;
  unsigned char *bytes = builder_finish(builder, &size);
  if (mlgrain_model_from_bytes("file", bytes, size, &model, &error) ||
      mlgrain_gmm_create(model, mlgrain_simd_best(), &gmm, &error))
    fail_msg("%s", error.text);
  mlgrain_model_free(model); /* the mixture doesn't need it any more */
  free(bytes);
  return gmm;
}

static double log_density(const struct mixture *mixture, size_t k, const double *x)
{
  const size_t n = mixture->features;
  double result = log(mixture->weight[k]) - 0.5 * (double)n * log(2.0 * acos(-1.0));
  for (size_t j = 0; j < n; j++) {
    double y = 0.0;
    for (size_t i = 0; i < n; i++)
      y += ((x[i] - mixture->shift[i]) / mixture->scale[i] - mixture->mean[k * n + i]) *
           mixture->factor[(k * n + i) * n + j];
    result += log(mixture->factor[(k * n + j) * n + j]) - 0.5 * y * y;
  }
  return result;
}

static void check_row(const struct mixture *mixture, const double *x, int class_index,
                      double log_likelihood, const double *responsibility)
{
  double density[MOST_CLASSES], sum = 0.0;
  size_t best = 0;
  for (size_t k = 0; k < mixture->classes; k++) {
    density[k] = log_density(mixture, k, x);
    if (density[k] > density[best])
      best = k;
  }
  for (size_t k = 0; k < mixture->classes; k++)
    sum += exp(density[k] - density[best]);
  assert_int_equal(class_index, best);
  const double wanted = density[best] + log(sum);
  assert_true(fabs(log_likelihood - wanted) <= 1e-12 * (1.0 + fabs(wanted)));
  for (size_t k = 0; k < mixture->classes; k++)
    assert_true(fabs(responsibility[k] - exp(density[k] - wanted)) <= 1e-10);
}

static void compare(size_t features, size_t classes, size_t n, uint64_t seed)
{
  struct mixture mixture;
  make_mixture(&mixture, features, classes, seed);
  const struct builder builder = build(&mixture);
  struct mlgrain_gmm *gmm = load(&builder);
  assert_int_equal(mlgrain_gmm_classes(gmm), classes);
  assert_null(mlgrain_gmm_class_name(gmm, 0));
  const size_t stride = features + seed % 2;
  double *x = malloc(n * stride * sizeof *x), *likelihood = malloc(n * sizeof *likelihood);
  double *responsibility = malloc(n * classes * sizeof *responsibility);
  int *class_index = malloc(n * sizeof *class_index);
  assert_true(x && likelihood && responsibility && class_index);
  for (size_t i = 0; i < n * stride; i++)
    x[i] = 4.0 * plain_random(&seed) - 2.0;
  const struct mlgrain_gmm_output output = {class_index, likelihood, responsibility, NULL};
  assert_int_equal(mlgrain_gmm_predict(gmm, n, x, stride, &output, NULL), MLGRAIN_SUCCESS);
  for (size_t r = 0; r < n; r++)
    check_row(&mixture, x + r * stride, class_index[r], likelihood[r],
              responsibility + r * classes);
  mlgrain_gmm_free(gmm);
  free(x);
  free(likelihood);
  free(responsibility);
  free(class_index);
}

static void test_random(void **state)
{
  (void)state;
  compare(19, 6, 1000, 1);
  compare(19, 2, 501, 2);
  compare(1, 1, 10, 3);
  for (size_t n = 1; n < 20; n++)
    compare(1 + n % 5, 1 + n % 4, n, n);
}

static void test_flags(void **state)
{
  (void)state;
  static const float range[2][2] = {{-1.0f, -1.0f}, {1.0f, 1.0f}};
  const double x[7][2] = {{0.0, 0.5},       {1.5, 0.0},   {NAN, 0.0}, {0.0, INFINITY},
                          {-INFINITY, 0.0}, {1e200, 0.0}, {0.0, -1.0}};
  static const unsigned char wanted[7] = {0,
                                          MLGRAIN_ROW_OUT_OF_RANGE,
                                          MLGRAIN_ROW_NOT_FINITE,
                                          MLGRAIN_ROW_NOT_FINITE,
                                          MLGRAIN_ROW_NOT_FINITE,
                                          MLGRAIN_ROW_NOT_FINITE,
                                          0};
  struct mixture mixture;
  make_mixture(&mixture, 2, 3, 4);
  struct builder builder = build(&mixture);
  builder_tensor(&builder, "feature_range", "F32", 2, 2, 2, 0, range);
  builder_metadata(&builder, "classes", "[\"bulk\", \"boundary\", \"other\"]");
  struct mlgrain_gmm *gmm = load(&builder);
  assert_string_equal(mlgrain_gmm_class_name(gmm, 1), "boundary");
  assert_null(mlgrain_gmm_class_name(gmm, 3));
  assert_null(mlgrain_gmm_class_name(gmm, -1));
  int class_index[7];
  double likelihood[7], responsibility[7][3];
  unsigned char flags[7];
  const struct mlgrain_gmm_output output = {class_index, likelihood, responsibility[0], flags};
  assert_int_equal(mlgrain_gmm_predict(gmm, 7, x[0], 2, &output, NULL), MLGRAIN_SUCCESS);
  for (int r = 0; r < 7; r++) {
    assert_int_equal(flags[r], wanted[r]);
    if (wanted[r] != MLGRAIN_ROW_NOT_FINITE) {
      check_row(&mixture, x[r], class_index[r], likelihood[r], responsibility[r]);
      continue;
    }
    assert_int_equal(class_index[r], -1);
    assert_true(likelihood[r] == 0.0);
    assert_true(responsibility[r][0] == 0.0 && responsibility[r][2] == 0.0);
  }
  const struct mlgrain_gmm_output none = {0};
  assert_int_equal(mlgrain_gmm_predict(gmm, 7, x[0], 2, &none, NULL), MLGRAIN_SUCCESS);
  mlgrain_gmm_free(gmm);
  mlgrain_gmm_free(NULL);
}

static void refuse(const struct builder *builder, const char *words)
{
  struct mlgrain_model *model;
  struct mlgrain_gmm *gmm = (struct mlgrain_gmm *)1;
  struct mlgrain_error error = {""};
  size_t size;
  unsigned char *bytes = builder_finish(builder, &size);
  assert_int_equal(mlgrain_model_from_bytes("file", bytes, size, &model, &error), MLGRAIN_SUCCESS);
  assert_true(mlgrain_gmm_create(model, mlgrain_simd_best(), &gmm, &error) != MLGRAIN_SUCCESS);
  assert_null(gmm);
  if (!strstr(error.text, words))
    fail_msg("'%s' is not in '%s'", words, error.text);
  mlgrain_model_free(model);
  free(bytes);
}

static void test_refused(void **state)
{
  (void)state;
  struct mixture mixture, bad;
  make_mixture(&mixture, 3, 2, 5);
  struct builder builder = build(&mixture);
  builder_remove(&builder, "means");
  refuse(&builder, "no tensor 'means'");
  builder = build(&mixture);
  builder_tensor(&builder, "means", "F64", 2, 3, 2, 0, mixture.mean);
  refuse(&builder, "'means' has not the shape");
  builder = build(&mixture);
  builder_metadata(&builder, "classes", "[\"one\"]");
  refuse(&builder, "'classes'");
  bad = mixture;
  bad.weight[0] = 0.0;
  builder = build(&bad);
  refuse(&builder, "weight is not positive");
  bad = mixture;
  bad.weight[1] += 0.01;
  builder = build(&bad);
  refuse(&builder, "the weights' sum");
  bad = mixture;
  bad.factor[9 + 3] = 0.1;
  builder = build(&bad);
  refuse(&builder, "not upper triangular");
  bad = mixture;
  bad.factor[4] = 0.0;
  builder = build(&bad);
  refuse(&builder, "0 in its diagonal");
  bad = mixture;
  bad.scale[2] = 0.0;
  builder = build(&bad);
  refuse(&builder, "feature_scale is not positive");
  bad = mixture;
  bad.mean[1] = INFINITY;
  builder = build(&bad);
  refuse(&builder, "'means' holds a number that is not finite");
}

/* Each kind of model is refused by the other's reader. */
static void test_other_kind(void **state)
{
  (void)state;
  struct mixture mixture;
  make_mixture(&mixture, 3, 2, 5);
  struct builder builder = build(&mixture);
  size_t size;
  unsigned char *bytes = builder_finish(&builder, &size);
  struct mlgrain_model *model;
  struct mlgrain_forest *forest;
  struct mlgrain_error error;
  assert_int_equal(mlgrain_model_from_bytes("file", bytes, size, &model, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_forest_create(model, MLGRAIN_SIMD_V2, &forest, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "not a forest"));
  mlgrain_model_free(model);
  free(bytes);
  builder_metadata(&builder, "kind", "forest");
  refuse(&builder, "not a Gaussian mixture");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random),
      cmocka_unit_test(test_flags),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_other_kind),
  };
  return cmocka_run_group_tests_name("gmm", tests, NULL, NULL);
}
