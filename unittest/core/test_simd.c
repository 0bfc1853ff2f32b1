/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vector functions of the kernels, and the choice of a SIMD level. */
#define _POSIX_C_SOURCE 200809L /* setenv, strdup */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/simd.h"
#include "vector_kernel.h"

struct functions {
  map_function *apply_exp, *apply_sqrt;
  filter_function *keep_below;
  clip_function *clip_below;
  sum_function *sum;
};

static const struct functions functions_of_level[MLGRAIN_SIMD_LEVELS] = {
    {apply_exp_v2, apply_sqrt_v2, keep_below_v2, clip_below_v2, sum_v2},
#ifdef MLGRAIN_X86_64_LEVELS
    {apply_exp_v3, apply_sqrt_v3, keep_below_v3, clip_below_v3, sum_v3},
    {apply_exp_v4, apply_sqrt_v4, keep_below_v4, clip_below_v4, sum_v4},
#endif
};

#define FOR_EACH_LEVEL(f)                                                                          \
  for (const struct functions *f = functions_of_level;                                             \
       f <= functions_of_level + mlgrain_simd_best(); f++)

/* Valgrind computes long double as double. */
static int has_long_double(void)
{
  volatile long double one = 1.0L;
  one += 0x1p-60L;
  return one > 1.0L;
}

/* exp over the range that it promises, in steps that are no multiple of anything, and its ends. */
static void test_exp(void **state)
{
  enum { N = 1 << 16 };
  static double x[N], y[N];
  (void)state;
  for (int i = 0; i < N; i++)
    x[i] = -700.0 * (i / (N - 1.0)) * (i / (N - 1.0));
  x[1] = -0.0;
  x[2] = -1e-300;
  x[3] = -0x1p-53;
  FOR_EACH_LEVEL(f)
  {
    double worst = 0.0;
    f->apply_exp(N, x, y);
    for (int i = 0; i < N; i++) {
      const long double exact = expl((long double)x[i]);
      const double error = (double)fabsl((y[i] - exact) / exact);
      worst = error > worst ? error : worst;
    }
    /* a unit in the last place is up to 2^-52 */
    assert_true(worst < (has_long_double() ? 0.75 : 1.5) * 0x1p-52);
    assert_true(y[0] == 1.0 && y[1] == 1.0 && y[2] == 1.0);
  }
}

static void test_sqrt(void **state)
{
  enum { N = 1024 };
  static double x[N], y[N];
  (void)state;
  for (int i = 0; i < N; i++)
    x[i] = exp(i - 500.0);
  x[0] = 0.0;
  FOR_EACH_LEVEL(f)
  {
    f->apply_sqrt(N, x, y);
    for (int i = 0; i < N; i++)
      assert_true(y[i] == sqrt(x[i]));
  }
}

/* Each of the 256 patterns of eight lanes, which holds every pattern of fewer. */
static void test_compress(void **state)
{
  enum { N = 8 * 256 };
  static double x[N], y[N + 8], wanted[N];
  size_t count = 0;
  (void)state;
  for (int i = 0; i < N; i++) {
    x[i] = (i / 8 >> i % 8 & 1) ? -1.0 - i : i;
    if (x[i] < 0.0)
      wanted[count++] = x[i];
  }
  FOR_EACH_LEVEL(f)
  {
    memset(y, 0, sizeof y);
    assert_int_equal(f->keep_below(N, x, -0.5, y), count);
    assert_memory_equal(y, wanted, count * sizeof *y);
  }
}

static void test_select_and_sum(void **state)
{
  enum { N = 64 };
  double x[N], y[N];
  (void)state;
  for (int i = 0; i < N; i++)
    x[i] = (i * 37) % N;
  FOR_EACH_LEVEL(f)
  {
    f->clip_below(N, x, 20.0, y);
    for (int i = 0; i < N; i++)
      assert_true(y[i] == fmax(x[i], 20.0));
    assert_true(f->sum(N, x) == N * (N - 1) / 2.0);
  }
}

static void test_environment(void **state)
{
  static const char *const wish[] = {"v2", "v3", "v4", "", "v9", "avx2"};
  const char *old = getenv("MLGRAIN_SIMD");
  char *saved = old ? strdup(old) : NULL;
  (void)state;
  unsetenv("MLGRAIN_SIMD");
  const enum mlgrain_simd_level best = mlgrain_simd_best();
  for (size_t i = 0; i < sizeof wish / sizeof *wish; i++) {
    setenv("MLGRAIN_SIMD", wish[i], 1);
    const enum mlgrain_simd_level wanted = i < 2 ? (enum mlgrain_simd_level)i : MLGRAIN_SIMD_V4;
    assert_int_equal(mlgrain_simd_best(), wanted < best ? wanted : best);
  }
  if (saved)
    setenv("MLGRAIN_SIMD", saved, 1);
  else
    unsetenv("MLGRAIN_SIMD");
  free(saved);
}

/* No level is offered whose instructions would stop the program. */
static void test_processor(void **state)
{
#ifdef MLGRAIN_X86_64_LEVELS
  const int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const int v4 = v3 && __builtin_cpu_supports("avx512f");
  assert_true(mlgrain_simd_best() <= (v4 ? MLGRAIN_SIMD_V4 : v3 ? MLGRAIN_SIMD_V3 : 0));
#else
  assert_int_equal(mlgrain_simd_best(), MLGRAIN_SIMD_V2);
#endif
  (void)state;
}

static void test_names(void **state)
{
  (void)state;
  assert_non_null(strstr(mlgrain_simd_name(MLGRAIN_SIMD_V2), "v2 (2 "));
  assert_non_null(strstr(mlgrain_simd_name(MLGRAIN_SIMD_V3), "v3 (4 "));
  assert_non_null(strstr(mlgrain_simd_name(MLGRAIN_SIMD_V4), "v4 (8 "));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_exp),         cmocka_unit_test(test_sqrt),
      cmocka_unit_test(test_compress),    cmocka_unit_test(test_select_and_sum),
      cmocka_unit_test(test_environment), cmocka_unit_test(test_processor),
      cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests_name("simd", tests, NULL, NULL);
}
