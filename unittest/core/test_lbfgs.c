/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directions of the L-BFGS method from scalar products, against the recursion on vectors, with more
   pairs than are remembered, and pairs that are refused; vectors in parts; lengths of steps. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/lbfgs.h"

enum { N = 37, PAIRS = MLGRAIN_LBFGS_PAIRS, VECTORS = MLGRAIN_LBFGS_VECTORS, STEPS = PAIRS + 6 };

static double uniform(uint64_t *seed)
{
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(*seed >> 11) / 9007199254740992.0 - 0.5;
}

static double dot(const double *a, const double *b)
{
  double sum = 0.0;
  for (int i = 0; i < N; i++)
    sum += a[i] * b[i];
  return sum;
}

/* All steps and changes so far, the oldest first; without those that are refused. */
struct history {
  int count;
  double step[STEPS][N], change[STEPS][N];
};

static void keep_latest(struct history *h, int most)
{
  const int gone = h->count - most;
  if (gone <= 0)
    return;
  memmove(h->step[0], h->step[gone], (size_t)most * sizeof h->step[0]);
  memmove(h->change[0], h->change[gone], (size_t)most * sizeof h->change[0]);
  h->count = most;
}

/* The textbook's two loops over the latest pairs (Nocedal and Wright, Numerical Optimization,
   algorithm 7.4). */
static void plain_direction(const struct history *h, const double *gradient, double *direction)
{
  double alpha[STEPS];
  const int first = h->count > PAIRS ? h->count - PAIRS : 0;
  for (int i = 0; i < N; i++)
    direction[i] = -gradient[i];
  for (int k = h->count - 1; k >= first; k--) {
    alpha[k] = dot(h->step[k], direction) / dot(h->step[k], h->change[k]);
    for (int i = 0; i < N; i++)
      direction[i] -= alpha[k] * h->change[k][i];
  }
  if (h->count) {
    const double *s = h->step[h->count - 1], *y = h->change[h->count - 1];
    const double scale = dot(s, y) / dot(y, y);
    for (int i = 0; i < N; i++)
      direction[i] *= scale;
  }
  for (int k = first; k < h->count; k++) {
    const double beta = dot(h->change[k], direction) / dot(h->step[k], h->change[k]);
    for (int i = 0; i < N; i++)
      direction[i] += (alpha[k] - beta) * h->step[k][i];
  }
}

/* Sums over two parts of the vectors, as of two processes. */
static void products(const struct mlgrain_lbfgs *method, double *const vector[VECTORS],
                     double product[3][VECTORS])
{
  enum { FIRST = 11 };
  double *rest[VECTORS], more[3][VECTORS];
  for (int k = 0; k < VECTORS; k++)
    rest[k] = vector[k] + FIRST;
  mlgrain_lbfgs_products(method, FIRST, vector, product);
  mlgrain_lbfgs_products(method, N - FIRST, rest, more);
  for (int r = 0; r < 3; r++)
    for (int k = 0; k < VECTORS; k++)
      product[r][k] += more[r][k];
}

static void expect_direction(const struct mlgrain_lbfgs *method, const struct history *history,
                             double *const vector[VECTORS])
{
  double coefficient[VECTORS], direction[N], expected[N];
  const double *gradient = vector[MLGRAIN_LBFGS_GRADIENT];
  const double slope = mlgrain_lbfgs_direction(method, coefficient);
  mlgrain_lbfgs_combine(N, coefficient, vector, direction);
  plain_direction(history, gradient, expected);
  const double scale = sqrt(dot(expected, expected));
  for (int i = 0; i < N; i++)
    assert_true(fabs(direction[i] - expected[i]) <= 1e-11 * scale);
  assert_true(fabs(slope - dot(gradient, expected)) <=
              1e-11 * scale * sqrt(dot(gradient, gradient)));
  assert_true(slope < 0.0);
}

/* Pairs of a bowl with stiffnesses from 1 to 10; some that bend down are refused. Vectors that are
   not there yet are not looked at. */
static void directions_are_those_of_the_recursion(void **state)
{
  (void)state;
  static double storage[VECTORS][N];
  double *vector[VECTORS], product[3][VECTORS];
  for (int k = 0; k < VECTORS; k++) {
    vector[k] = storage[k];
    for (int i = 0; i < N; i++)
      storage[k][i] = NAN;
  }
  double *gradient = vector[MLGRAIN_LBFGS_GRADIENT];
  uint64_t seed = 5;
  for (int i = 0; i < N; i++)
    gradient[i] = uniform(&seed);
  static struct history history;
  struct mlgrain_lbfgs method;
  mlgrain_lbfgs_start(&method, dot(gradient, gradient));
  expect_direction(&method, &history, vector);
  for (int n = 0; n < STEPS; n++) {
    const bool is_refused = n == 3 || n == STEPS - 2;
    const int pair = mlgrain_lbfgs_pair(&method);
    assert_true(pair >= 0 && pair < PAIRS);
    for (int i = 0; i < N; i++) {
      const double step = uniform(&seed);
      vector[pair][i] = step;
      vector[PAIRS + pair][i] = (is_refused ? -1.0 : 1.0 + 9.0 * i / N) * step;
      gradient[i] += vector[PAIRS + pair][i];
    }
    if (is_refused)
      keep_latest(&history, PAIRS - 1); /* the oldest was in its place, and is lost */
    else {
      memcpy(history.step[history.count], vector[pair], sizeof history.step[0]);
      memcpy(history.change[history.count++], vector[PAIRS + pair], sizeof history.change[0]);
    }
    products(&method, vector, product);
    mlgrain_lbfgs_add(&method, product);
    expect_direction(&method, &history, vector);
  }
  mlgrain_lbfgs_forget(&method);
  history.count = 0;
  expect_direction(&method, &history, vector);
}

static void steps_get_shorter_until_they_win(void **state)
{
  (void)state;
  /* x^2 from 1 along -2: the whole direction ends where it began, half of it at the minimum */
  assert_true(mlgrain_lbfgs_part(1.0, -4.0, 1.0, 1.0) == 0.5);
  assert_true(mlgrain_lbfgs_part(0.5, -4.0, 1.0, 0.0) == 0.5);
  /* no shorter than a tenth, no longer than a half of what was */
  assert_true(fabs(mlgrain_lbfgs_part(1.0, -1.0, 0.0, 1e9) - 0.1) < 1e-15);
  assert_true(fabs(mlgrain_lbfgs_part(1.0, -1.0, 0.0, NAN) - 0.1) < 1e-15);
  assert_true(fabs(mlgrain_lbfgs_part(1.0, -1.0, 0.0, INFINITY) - 0.1) < 1e-15);
  assert_true(mlgrain_lbfgs_part(1.0, -1.0, 0.0, -1e-5) == 0.5);
  /* too short; less than rounding is no rise */
  assert_true(mlgrain_lbfgs_part(3e-4, -1.0, 0.0, 1e9) == 0.0);
  assert_true(mlgrain_lbfgs_part(1.0, -1e-20, 1e6, 1e6 + 1e-9) == 1.0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(directions_are_those_of_the_recursion),
      cmocka_unit_test(steps_get_shorter_until_they_win),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
