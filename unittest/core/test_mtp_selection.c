/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Active sets by MaxVol: what is selected, against plain sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mlgrain/mtp_train.h"
#include "mtp_random.h"
#include "near.h"

enum { COUNT = 300 };

/* Candidates of very different sizes in their columns, the last of which is twice another. */
static double *candidates(size_t n, unsigned long seed)
{
  struct random_source source = {seed};
  double *rows = malloc(COUNT * n * sizeof *rows);
  for (size_t i = 0; i < COUNT; i++) {
    double own = exp(random_number(&source, -3, 0));
    for (size_t k = 0; k < n; k++)
      rows[i * n + k] = own * random_number(&source, -1, 1) * pow(10.0, (double)(k % 7));
    if (n > 3)
      rows[i * n + n - 1] = 2.0 * rows[i * n];
  }
  return rows;
}

static double grade(const double *inverse, const double *row, size_t n)
{
  double largest = 0.0;
  for (size_t k = 0; k < n; k++) {
    double sum = 0.0;
    for (size_t l = 0; l < n; l++)
      sum += inverse[k * n + l] * row[l];
    largest = fmax(largest, fabs(sum));
  }
  return largest;
}

/* Offers all candidates, `together` at a time, until nothing changes; returns exchanges made. */
static size_t select_all(struct mlgrain_mtp_selection *selection, const double *rows, size_t n,
                         size_t together, double threshold)
{
  struct mlgrain_error error = {""};
  size_t all = 0, before;
  do {
    before = all;
    for (size_t i = 0; i < COUNT; i += together) {
      double largest;
      const size_t count = COUNT - i < together ? COUNT - i : together;
      if (mlgrain_mtp_selection_offer(selection, rows + i * n, i, count, threshold, &all, &largest,
                                      &error))
        fail_msg("%s", error.text);
    }
  } while (all > before);
  return all;
}

static void check_result(const struct mlgrain_mtp_selection *selection, const double *rows,
                         size_t n, double threshold)
{
  double *active = malloc(n * n * sizeof *active), *inverse = malloc(n * n * sizeof *inverse);
  long long *number = malloc(n * sizeof *number);
  size_t chosen = 0;
  assert_int_equal(mlgrain_mtp_selection_result(selection, active, inverse, number, NULL), 0);
  for (size_t k = 0; k < n; k++) {
    if (number[k] >= 0)
      assert_memory_equal(active + k * n, rows + (size_t)number[k] * n, n * sizeof *rows);
    else
      for (size_t l = 0; l < n; l++)
        assert_true(active[k * n + l] == (l == k ? 1e-6 : 0.0));
    chosen += number[k] >= 0;
    for (size_t l = 0; l < n; l++) { /* A^-1 A = 1, with rows of A as candidates */
      double sum = 0.0;
      for (size_t m = 0; m < n; m++)
        sum += inverse[k * n + m] * active[l * n + m];
      assert_near(sum, k == l ? 1.0 : 0.0, 1e-7);
    }
  }
  assert_int_equal(chosen, n > 3 ? n - 1 : n);
  for (size_t i = 0; i < COUNT; i++)
    if (!(grade(inverse, rows + i * n, n) <= threshold * (1.0 + 1e-7)))
      fail_msg("candidate %zu has the grade %g", i, grade(inverse, rows + i * n, n));
  free(active);
  free(inverse);
  free(number);
}

static void no_candidate_is_left(void **state)
{
  (void)state;
  static const size_t sizes[] = {1, 3, 8, 25, 61}, chunks[] = {1, 37, COUNT};
  for (size_t s = 0; s < 5; s++) {
    const size_t n = sizes[s];
    double *rows = candidates(n, s + 1);
    for (int level = 0; level <= (int)mlgrain_simd_best(); level++)
      for (int c = 0; c < 3; c++) {
        struct mlgrain_mtp_selection *selection;
        assert_int_equal(
            mlgrain_mtp_selection_create(n, NULL, (enum mlgrain_simd_level)level, &selection, NULL),
            0);
        assert_true(select_all(selection, rows, n, chunks[c], 1.01) >= (n > 3 ? n - 1 : n));
        check_result(selection, rows, n, 1.01);
        mlgrain_mtp_selection_free(selection);
      }
    free(rows);
  }
}

/* A finished selection goes on where it ended: nothing is exchanged, until better candidates come.
 */
static void selections_go_on(void **state)
{
  (void)state;
  enum { N = 12 };
  double *rows = candidates(N, 9), active[N * N], inverse[N * N], largest;
  long long number[N];
  struct mlgrain_mtp_selection *selection, *second;
  size_t exchanges = 0;
  assert_int_equal(mlgrain_mtp_selection_create(N, NULL, mlgrain_simd_best(), &selection, NULL), 0);
  select_all(selection, rows, N, 50, 1.001);
  assert_int_equal(mlgrain_mtp_selection_result(selection, active, inverse, number, NULL), 0);
  assert_int_equal(mlgrain_mtp_selection_create(N, active, mlgrain_simd_best(), &second, NULL), 0);
  assert_int_equal(
      mlgrain_mtp_selection_offer(second, rows, 0, COUNT, 1.01, &exchanges, &largest, NULL), 0);
  assert_int_equal(exchanges, 0);
  assert_true(largest <= 1.0011);
  for (size_t k = 0; k < N; k++)
    rows[5 * N + k] *= 7.0;
  const double expected = grade(inverse, rows + 5 * N, N);
  assert_int_equal(
      mlgrain_mtp_selection_offer(second, rows + 5 * N, 1005, 1, 1.01, &exchanges, &largest, NULL),
      0);
  assert_near(largest, expected, 1e-6 * expected);
  assert_int_equal(exchanges, expected > 1.01);
  assert_int_equal(mlgrain_mtp_selection_result(second, active, inverse, number, NULL), 0);
  int found = 0;
  for (int k = 0; k < N; k++)
    found += number[k] == 1005;
  assert_int_equal(found, expected > 1.01);
  mlgrain_mtp_selection_free(selection);
  mlgrain_mtp_selection_free(second);
  free(rows);
}

static void wrong_candidates(void **state)
{
  (void)state;
  struct mlgrain_mtp_selection *selection;
  struct mlgrain_error error = {""};
  double rows[4] = {1, 2, NAN, 4}, largest;
  size_t exchanges = 0;
  static const double singular[4] = {1, 2, 2, 4};
  assert_int_equal(
      mlgrain_mtp_selection_create(2, singular, mlgrain_simd_best(), &selection, &error),
      MLGRAIN_INVALID_ARGUMENT);
  assert_null(selection);
  assert_int_equal(mlgrain_mtp_selection_create(2, NULL, mlgrain_simd_best(), &selection, &error),
                   0);
  assert_int_equal(
      mlgrain_mtp_selection_offer(selection, rows, 10, 2, 1.1, &exchanges, &largest, &error),
      MLGRAIN_NOT_FINITE);
  assert_non_null(strstr(error.text, "candidate 11 "));
  assert_int_equal(
      mlgrain_mtp_selection_offer(selection, rows, 10, 1, 1.0, &exchanges, &largest, &error),
      MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(exchanges, 0);
  mlgrain_mtp_selection_free(selection);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_candidate_is_left),
                                     cmocka_unit_test(selections_go_on),
                                     cmocka_unit_test(wrong_candidates)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
