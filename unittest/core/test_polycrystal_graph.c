/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Estimates of a polycrystal of cubes, where they can be written down; what must be refused. The
   plain forms of all others are in python/tests/test_graphs.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/graph_model.h"

/* 2 x 2 x 2 cubes with edge 1 in a periodic box: each meets each of its neighbors twice. Grains
   whose x is 0 conduct 1, others 3. */
enum { GRAINS = 8, FACES = 24 };

static double volume[GRAINS], tensor[GRAINS][3][3];
static int64_t pair[FACES][2];
static double span[FACES][3], normal[FACES][3], area[FACES], boundary[FACES][3][3];

static struct mlgrain_graph cubes(double of_boundary, double thickness)
{
  memset(tensor, 0, sizeof tensor);
  memset(span, 0, sizeof span);
  memset(boundary, 0, sizeof boundary);
  for (int g = 0; g < GRAINS; g++) {
    volume[g] = 1.0;
    for (int d = 0; d < 3; d++) {
      tensor[g][d][d] = g & 1 ? 3.0 : 1.0;
      const int f = 3 * g + d; /* the face of g towards + d */
      pair[f][0] = g;
      pair[f][1] = g ^ (1 << d);
      span[f][d] = 1.0;
      area[f] = 1.0;
      for (int k = 0; k < 3; k++)
        boundary[f][k][k] = of_boundary;
    }
  }
  memcpy(normal, span, sizeof normal);
  return (struct mlgrain_graph){.size = 3,
                                .grains = GRAINS,
                                .faces = FACES,
                                .volume = volume,
                                .pair = (const int64_t(*)[2])pair,
                                .span = (const double(*)[3])span,
                                .normal = (const double(*)[3])normal,
                                .area = area,
                                .tensor = tensor[0][0],
                                .boundary = boundary[0][0],
                                .thickness = thickness};
}

static void resistors_of_cubes_are_exact(void **state)
{
  (void)state;
  const double k[2] = {0.1, 20.0}, t = 0.1;
  for (int i = 0; i < 2; i++) {
    const struct mlgrain_graph graph = cubes(k[i], t);
    double estimate[MLGRAIN_GRAPH_ESTIMATES][3][3];
    assert_int_equal(mlgrain_graph_estimates(&graph, estimate[0][0], NULL), MLGRAIN_SUCCESS);
    const double layer = t / k[i];
    const double across = 1.0 / (0.5 * (1.0 - t) * (1.0 + 1.0 / 3.0) + layer);
    const double along = 0.5 / ((1.0 - t) + layer) + 0.5 / ((1.0 - t) / 3.0 + layer);
    const double *series = estimate[MLGRAIN_GRAPH_SERIES][0];
    const double *network = estimate[MLGRAIN_GRAPH_NETWORK][0];
    assert_true(fabs(series[0] - across) < 1e-12);
    assert_true(fabs(series[4] - along) < 1e-12 && fabs(series[8] - along) < 1e-12);
    /* Of three faces to a cube, two lie along each axis; those across x are between 1 and 3. */
    const double more = i ? t : 0.0;
    const double yz = (k[i] - 1.0) / 2.0 + (k[i] - 3.0) / 2.0, x = k[i] - 2.0;
    assert_true(fabs(network[0] - series[0] - more * 2.0 * yz) < 1e-10);
    assert_true(fabs(network[4] - series[4] - more * (x + yz)) < 1e-10);
    /* Where four cubes meet, no boundary goes on: cores and layers in series. */
    const double core = (1.0 - 3.0 * t) / ((1.0 - t) * (1.0 - t)); /* conductance for k = 1 */
    const double *coupled = estimate[MLGRAIN_GRAPH_COUPLED][0];
    const double coupled_across = 1.0 / (0.5 * (1.0 + 1.0 / 3.0) / core + layer);
    const double coupled_along = 0.5 / (1.0 / core + layer) + 0.5 / (1.0 / (3.0 * core) + layer);
    assert_true(fabs(coupled[0] - coupled_across) < 1e-9);
    assert_true(fabs(coupled[4] - coupled_along) < 1e-9);
    assert_true(fabs(coupled[8] - coupled_along) < 1e-9);
    /* Fields along x, which boundaries across y and z take a part of. */
    const double *quadratic = estimate[MLGRAIN_GRAPH_QUADRATIC][0];
    const double *cubic = estimate[MLGRAIN_GRAPH_CUBIC][0];
    const double one = core * (1.0 - t) * (1.0 - t), beside = 2.0 * t * k[i];
    const double resistance = 0.5 * (1.0 / (one + beside) + 1.0 / (3.0 * one + beside));
    const double fields = 1.0 / ((1.0 - t) * (1.0 - t) * resistance + layer);
    assert_true(fabs(quadratic[0] - fields) < 1e-5);
    assert_true(cubic[0] < fields && cubic[0] > 0.9 * fields);
    const double voigt = (1.0 - 3.0 * t) * 2.0 + 3.0 * t * k[i];
    assert_true(fabs(estimate[MLGRAIN_GRAPH_VOIGT][0][0] - voigt) < 1e-12);
    for (int e = 0; e < MLGRAIN_GRAPH_ESTIMATES; e++)
      assert_true(estimate[e][0][1] == estimate[e][1][0]);
  }
}

static void features_have_names(void **state)
{
  (void)state;
  char name[MLGRAIN_GRAPH_NAME];
  assert_int_equal(mlgrain_graph_feature_count(3), 19);
  assert_int_equal(mlgrain_graph_feature_count(6), 25);
  mlgrain_graph_feature_name(3, 10, name);
  assert_string_equal(name, "log_network");
  mlgrain_graph_feature_name(6, 3, name);
  assert_string_equal(name, "log_reuss_shear");
  mlgrain_graph_feature_name(3, 17, name);
  assert_string_equal(name, "log_boundary_volume");
  mlgrain_graph_feature_name(3, 12, name);
  assert_string_equal(name, "log_cubic");
  mlgrain_graph_feature_name(3, 19, name);
  assert_string_equal(name, "");
  assert_int_equal(mlgrain_graph_shape_count(3), MLGRAIN_GRAPH_ESTIMATES + 1);
}

static void features_of_cubes(void **state)
{
  (void)state;
  const struct mlgrain_graph graph = cubes(2.0, 0.1);
  struct mlgrain_graph_features features;
  assert_int_equal(mlgrain_graph_describe(&graph, &features, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(features.features, 19);
  assert_int_equal(features.shapes, mlgrain_graph_shape_count(3));
  const double *own = features.reference;
  const double reference = (log(own[0]) + log(own[4]) + log(own[8])) / 3.0;
  assert_true(fabs(features.feature[13] - (0.5 * log(3.0) - reference)) < 1e-10);
  assert_true(fabs(features.feature[15] - (log(2.0) - reference)) < 1e-10);
  assert_true(fabs(features.feature[16]) < 1e-10); /* all boundaries are alike */
  assert_true(fabs(features.feature[17] - log(0.3 / 0.7)) < 1e-12);
  assert_true(fabs(features.feature[18]) < 1e-12); /* along all axes alike */
}

static void what_is_no_polycrystal(void **state)
{
  (void)state;
  double estimate[MLGRAIN_GRAPH_ESTIMATES][3][3];
  struct mlgrain_error error;
  struct mlgrain_graph graph = cubes(1.0, 0.1);
  graph.thickness = 0.34;
  assert_int_equal(mlgrain_graph_estimates(&graph, estimate[0][0], &error),
                   MLGRAIN_INVALID_ARGUMENT);
  graph = cubes(1.0, 0.1);
  tensor[5][1][1] = 0.0;
  assert_int_equal(mlgrain_graph_estimates(&graph, estimate[0][0], &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "grain 5"));
  graph = cubes(1.0, 0.1);
  pair[7][1] = GRAINS;
  assert_int_equal(mlgrain_graph_estimates(&graph, estimate[0][0], &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "face 7"));
  graph = cubes(1.0, 0.1);
  for (int f = 0; f < FACES; f++)
    span[f][2] = 0.0; /* nothing along z */
  assert_int_equal(mlgrain_graph_estimates(&graph, estimate[0][0], &error),
                   MLGRAIN_INVALID_ARGUMENT);
  graph = cubes(1.0, 0.1);
  graph.faces = 0;
  assert_int_equal(mlgrain_graph_estimates(&graph, estimate[0][0], &error),
                   MLGRAIN_INVALID_ARGUMENT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(resistors_of_cubes_are_exact), cmocka_unit_test(features_have_names),
      cmocka_unit_test(features_of_cubes), cmocka_unit_test(what_is_no_polycrystal)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
