/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Minima: of functions whose minimum is known, of a cluster of atoms against plain steepest
   descent, next to where a function is not finite; and all ways to fail. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/minimize.h"

static const struct mlgrain_minimize_settings usual = {1e-8, 0.3, 0.01, 2000};

/* sum_i (i + 1) (x_i - i)^2, with weights up to `stiffness` */
struct bowl {
  size_t n;
  double stiffness;
  int calls, stop_at;
};

static enum mlgrain_status bowl(void *context, const double *x, double *value, double *gradient)
{
  struct bowl *b = context;
  if (++b->calls == b->stop_at)
    return MLGRAIN_FILE_ERROR;
  *value = 0.0;
  for (size_t i = 0; i < b->n; i++) {
    const double k = pow(b->stiffness, (double)i / (double)b->n), d = x[i] - (double)i;
    *value += 0.5 * k * d * d;
    gradient[i] = k * d;
  }
  return MLGRAIN_SUCCESS;
}

static void finds_the_bottom_of_a_bowl(void **state)
{
  (void)state;
  struct bowl b = {40, 300.0, 0, 0};
  double x[40] = {0};
  struct mlgrain_minimum minimum;
  assert_int_equal(mlgrain_minimize(&usual, b.n, bowl, &b, x, &minimum, NULL), MLGRAIN_SUCCESS);
  for (size_t i = 0; i < b.n; i++)
    assert_true(fabs(x[i] - (double)i) < 1e-8);
  assert_true(minimum.value < 1e-14 && minimum.largest_gradient <= usual.tolerance);
  assert_int_equal(minimum.evaluations, b.calls);
  assert_true(b.calls < 300); /* 39 / 0.3 = 130 steps to get there */

  /* from the bottom: one look */
  b.calls = 0;
  assert_int_equal(mlgrain_minimize(&usual, b.n, bowl, &b, x, &minimum, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(b.calls, 1);
  b.n = 0;
  assert_int_equal(mlgrain_minimize(&usual, 0, bowl, &b, x, &minimum, NULL), MLGRAIN_SUCCESS);
}

static enum mlgrain_status rosenbrock(void *context, const double *x, double *value,
                                      double *gradient)
{
  (void)context;
  const double a = 1.0 - x[0], b = x[1] - x[0] * x[0];
  *value = a * a + 100.0 * b * b;
  gradient[0] = -2.0 * a - 400.0 * x[0] * b;
  gradient[1] = 200.0 * b;
  return MLGRAIN_SUCCESS;
}

static void follows_a_valley(void **state)
{
  (void)state;
  double x[2] = {-1.2, 1.0};
  struct mlgrain_minimum minimum;
  assert_int_equal(mlgrain_minimize(&usual, 2, rosenbrock, NULL, x, &minimum, NULL),
                   MLGRAIN_SUCCESS);
  assert_true(fabs(x[0] - 1.0) < 1e-7 && fabs(x[1] - 1.0) < 1e-7);
  assert_true(minimum.evaluations < 120);
}

enum { ATOMS = 13 };

/* Lennard-Jones */
static enum mlgrain_status cluster(void *context, const double *x, double *value, double *gradient)
{
  if (context)
    ++*(int *)context;
  *value = 0.0;
  memset(gradient, 0, 3 * ATOMS * sizeof *gradient);
  for (int i = 0; i < ATOMS; i++)
    for (int j = 0; j < i; j++) {
      double d[3], square = 0.0;
      for (int k = 0; k < 3; k++) {
        d[k] = x[3 * i + k] - x[3 * j + k];
        square += d[k] * d[k];
      }
      const double s = 1.0 / (square * square * square);
      *value += 4.0 * s * (s - 1.0);
      const double f = -24.0 * s * (2.0 * s - 1.0) / square;
      for (int k = 0; k < 3; k++) {
        gradient[3 * i + k] += f * d[k];
        gradient[3 * j + k] -= f * d[k];
      }
    }
  return MLGRAIN_SUCCESS;
}

/* An icosahedron, shaken. */
static void place_atoms(double *x)
{
  const double golden = 0.5 * (1.0 + sqrt(5.0));
  uint64_t seed = 3;
  int n = 1;
  memset(x, 0, 3 * ATOMS * sizeof *x);
  for (int axis = 0; axis < 3; axis++)
    for (int sign = 0; sign < 4; sign++, n++) {
      x[3 * n + axis] = sign & 1 ? -0.57 : 0.57;
      x[3 * n + (axis + 1) % 3] = (sign & 2 ? -0.57 : 0.57) * golden;
    }
  for (int k = 0; k < 3 * ATOMS; k++) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    x[k] += 0.08 * ((double)(seed >> 11) / 9007199254740992.0 - 0.5);
  }
}

static double distance(const double *x, int i, int j)
{
  return sqrt(pow(x[3 * i] - x[3 * j], 2.0) + pow(x[3 * i + 1] - x[3 * j + 1], 2.0) +
              pow(x[3 * i + 2] - x[3 * j + 2], 2.0));
}

static void relaxes_atoms_as_steepest_descent_does(void **state)
{
  (void)state;
  double x[3 * ATOMS], plain[3 * ATOMS], gradient[3 * ATOMS], value = 0.0;
  place_atoms(plain);
  memcpy(x, plain, sizeof x);
  for (int step = 0; step < 20000; step++) {
    cluster(NULL, plain, &value, gradient);
    for (int k = 0; k < 3 * ATOMS; k++)
      plain[k] -= 5e-4 * gradient[k];
  }
  int calls = 0;
  struct mlgrain_minimum minimum;
  assert_int_equal(mlgrain_minimize(&usual, 3 * ATOMS, cluster, &calls, x, &minimum, NULL),
                   MLGRAIN_SUCCESS);
  assert_true(fabs(minimum.value - value) < 1e-9);
  assert_true(fabs(minimum.value + 44.326801) < 1e-5); /* the known energy */
  for (int i = 0; i < ATOMS; i++)                      /* it may have turned */
    for (int j = 0; j < i; j++)
      assert_true(fabs(distance(x, i, j) - distance(plain, i, j)) < 1e-5);
  assert_true(calls < 60);
}

/* x - ln x, not finite for x < 0 */
static enum mlgrain_status edge(void *context, const double *x, double *value, double *gradient)
{
  (void)context;
  *value = x[0] - log(x[0]);
  gradient[0] = 1.0 - 1.0 / x[0];
  return MLGRAIN_SUCCESS;
}

static void steps_back_from_what_is_not_finite(void **state)
{
  (void)state;
  struct mlgrain_minimize_settings bold = usual;
  bold.largest_step = bold.first_step = 20.0;
  struct mlgrain_minimum minimum;
  double x = 5.0;
  assert_int_equal(mlgrain_minimize(&bold, 1, edge, NULL, &x, &minimum, NULL), MLGRAIN_SUCCESS);
  assert_true(fabs(x - 1.0) < 1e-7);
  x = -1.0;
  assert_int_equal(mlgrain_minimize(&bold, 1, edge, NULL, &x, &minimum, NULL), MLGRAIN_NOT_FINITE);
  x = NAN;
  assert_int_equal(mlgrain_minimize(&bold, 1, edge, NULL, &x, &minimum, NULL), MLGRAIN_NOT_FINITE);
}

/* The gradient is wrong, so that no step goes down. */
static enum mlgrain_status liar(void *context, const double *x, double *value, double *gradient)
{
  (void)context;
  *value = x[0];
  gradient[0] = -1.0;
  return MLGRAIN_SUCCESS;
}

static void tells_of_failures(void **state)
{
  (void)state;
  struct mlgrain_error error;
  struct mlgrain_minimum minimum;
  double x[40] = {0};
  struct bowl b = {40, 300.0, 0, 7};
  assert_int_equal(mlgrain_minimize(&usual, b.n, bowl, &b, x, &minimum, &error),
                   MLGRAIN_FILE_ERROR);
  assert_int_equal(b.calls, 7);

  struct mlgrain_minimize_settings few = usual;
  few.most_evaluations = 20;
  b.calls = b.stop_at = 0;
  assert_int_equal(mlgrain_minimize(&few, b.n, bowl, &b, x, &minimum, &error),
                   MLGRAIN_NOT_CONVERGED);
  assert_int_equal(b.calls, 20);
  double value = 0.0, gradient[40];
  bowl(&b, x, &value, gradient);
  assert_true(fabs(value - minimum.value) <= 1e-12 * value);
  assert_non_null(strstr(error.text, "20 evaluations"));

  assert_int_equal(mlgrain_minimize(&usual, 1, liar, NULL, x, &minimum, &error),
                   MLGRAIN_NOT_CONVERGED);
  assert_non_null(strstr(error.text, "no way down"));

  const struct mlgrain_minimize_settings wrong[] = {{-1.0, 0.3, 0.01, 9}, {NAN, 0.3, 0.01, 9},
                                                    {1.0, 0.0, 0.01, 9},  {1.0, 0.3, NAN, 9},
                                                    {1.0, 0.3, -0.01, 9}, {1.0, 0.3, 0.01, 0}};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
    assert_int_equal(mlgrain_minimize(&wrong[k], b.n, bowl, &b, x, &minimum, &error),
                     MLGRAIN_INVALID_ARGUMENT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_the_bottom_of_a_bowl),
      cmocka_unit_test(follows_a_valley),
      cmocka_unit_test(relaxes_atoms_as_steepest_descent_does),
      cmocka_unit_test(steps_back_from_what_is_not_finite),
      cmocka_unit_test(tells_of_failures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
