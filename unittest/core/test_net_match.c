/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Near coincidence of two nets: against all pairs tried in the plainest way, known periods, exact
   coincidences, and what can't be. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/net_match.h"
#include "near.h"

static uint64_t seed = 5;

static double uniform(double low, double high)
{
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return low + (high - low) * (double)(seed >> 11) / 9007199254740992.0;
}

static void turn(const double net[2][2], double degrees, double scale, double turned[2][2])
{
  const double c = scale * cos(degrees * 3.14159265358979323846 / 180.0),
               s = scale * sin(degrees * 3.14159265358979323846 / 180.0);
  for (int k = 0; k < 2; k++) {
    turned[k][0] = c * net[k][0] - s * net[k][1];
    turned[k][1] = s * net[k][0] + c * net[k][1];
  }
}

/* The smallest area of all pairs of pairs of vectors, by the definition. */
static double smallest_area(const double first[2][2], const double second[2][2], double length,
                            double strain)
{
  enum { SIZE = 7, MOST = (2 * SIZE + 1) * (2 * SIZE + 1) };
  double p[MOST][2], r[MOST][2], least = INFINITY;
  int count = 0;
  for (int i = -SIZE; i <= SIZE; i++)
    for (int j = -SIZE; j <= SIZE; j++) {
      double x[2], nearest = INFINITY;
      for (int d = 0; d < 2; d++)
        x[d] = i * first[0][d] + j * first[1][d];
      if (hypot(x[0], x[1]) > length || (!i && !j))
        continue;
      for (int k = -3 * SIZE; k <= 3 * SIZE; k++)
        for (int l = -3 * SIZE; l <= 3 * SIZE; l++) {
          const double y[2] = {k * second[0][0] + l * second[1][0],
                               k * second[0][1] + l * second[1][1]};
          const double distance = hypot(x[0] - y[0], x[1] - y[1]);
          if (distance < nearest) {
            nearest = distance;
            memcpy(r[count], y, sizeof y);
          }
        }
      memcpy(p[count], x, sizeof x);
      count += nearest <= strain * hypot(x[0], x[1]);
    }
  for (int a = 0; a < count; a++)
    for (int b = 0; b < count; b++) {
      const double area = fabs(p[a][0] * p[b][1] - p[a][1] * p[b][0]);
      if (area < 1e-6 || area > least)
        continue;
      /* |F - 1| as the largest stretch over all directions */
      double stretch = 0.0;
      for (int step = 0; step < 720; step++) {
        const double u[2] = {cos(step * 3.14159265358979323846 / 720),
                             sin(step * 3.14159265358979323846 / 720)};
        const double det = p[a][0] * p[b][1] - p[a][1] * p[b][0];
        const double m = (u[0] * p[b][1] - u[1] * p[b][0]) / det,
                     n = (p[a][0] * u[1] - p[a][1] * u[0]) / det;
        stretch = fmax(stretch, hypot(m * (r[a][0] - p[a][0]) + n * (r[b][0] - p[b][0]),
                                      m * (r[a][1] - p[a][1]) + n * (r[b][1] - p[b][1])));
      }
      if (stretch <= strain)
        least = area;
    }
  return least;
}

static void all_pairs(void **state)
{
  (void)state;
  int found = 0;
  for (int trial = 0; trial < 60; trial++) {
    const double first[2][2] = {{1.0, 0.0}, {uniform(-0.4, 0.4), uniform(0.9, 1.3)}};
    double second[2][2];
    turn(first, uniform(0, 90), uniform(0.9, 1.1), second);
    struct mlgrain_net_match match;
    const double length = 5.0, strain = 0.1;
    const double expected = smallest_area(first, (const double(*)[2])second, length, strain);
    const enum mlgrain_status status =
        mlgrain_nets_match(first, (const double(*)[2])second, length, strain, &match, NULL);
    assert_int_equal(status != 0, isinf(expected));
    if (status)
      continue;
    found++;
    assert_near(match.area, expected, 1e-9 * expected);
    assert_true(match.strain <= strain);
    for (int k = 0; k < 2; k++) /* F takes the period of one to that of the other */
      for (int d = 0; d < 2; d++) {
        double p[2], r = 0.0;
        for (int e = 0; e < 2; e++)
          p[e] = (double)match.first[k][0] * first[0][e] + (double)match.first[k][1] * first[1][e];
        r = (double)match.second[k][0] * second[0][d] + (double)match.second[k][1] * second[1][d];
        assert_near(match.deformation[d][0] * p[0] + match.deformation[d][1] * p[1], r, 1e-9);
      }
  }
  assert_true(found > 20);
}

/* Square nets: by 36.87 degrees there is a period of 5 cells without strain; by 45, of 7:5 rows,
   with a strain of 7/5 to the root of 2. */
static void known_periods(void **state)
{
  (void)state;
  const double square[2][2] = {{1, 0}, {0, 1}};
  double second[2][2];
  struct mlgrain_net_match match;
  turn(square, 36.86989764584402, 1.0, second);
  assert_int_equal(mlgrain_nets_match(square, (const double(*)[2])second, 20, 1e-9, &match, NULL),
                   0);
  assert_near(match.area, 5.0, 1e-9);
  assert_near(match.strain, 0.0, 1e-9);
  turn(square, 36.87, 1.0, second);
  assert_int_equal(mlgrain_nets_match(square, (const double(*)[2])second, 20, 1e-4, &match, NULL),
                   0);
  assert_near(match.area, 5.0, 1e-9);
  assert_near(match.deformation[1][0], (36.87 - 36.86989764584402) * 0.0174532925, 1e-8);
  turn(square, 45.0, 1.0, second);
  assert_int_equal(mlgrain_nets_match(square, (const double(*)[2])second, 8, 0.011, &match, NULL),
                   0);
  assert_near(match.area, 49.0, 1e-9);
  assert_near(match.strain, 5 * sqrt(2.0) / 7 - 1, 1e-9);
}

static void bad_input(void **state)
{
  (void)state;
  const double square[2][2] = {{1, 0}, {0, 1}}, flat[2][2] = {{1, 0}, {2, 0}},
               bad[2][2] = {{1, NAN}, {0, 1}};
  double second[2][2];
  struct mlgrain_net_match match;
  struct mlgrain_error error;
  turn(square, 45.0, 1.0, second);
  const double(*turned)[2] = (const double(*)[2])second;
  assert_int_equal(mlgrain_nets_match(square, turned, 20, 1e-9, &match, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "no common period"));
  assert_int_equal(mlgrain_nets_match(square, flat, 20, 1e-3, &match, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "net 2"));
  assert_int_equal(mlgrain_nets_match(bad, turned, 20, 1e-3, &match, &error), MLGRAIN_NOT_FINITE);
  assert_int_equal(mlgrain_nets_match(square, turned, 1e6, 1e-3, &match, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "too large"));
  assert_int_equal(mlgrain_nets_match(square, turned, 0, 1e-3, &match, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_nets_match(square, turned, 10, NAN, &match, &error),
                   MLGRAIN_INVALID_ARGUMENT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_pairs),
      cmocka_unit_test(known_periods),
      cmocka_unit_test(bad_input),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
