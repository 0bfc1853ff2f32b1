/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of sfd_coupling.h: what they say of the real basis, against complex harmonics and
   Clebsch-Gordan coefficients of the reference. The invariants alone would not notice a basis that
   is turned or mirrored. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sfd/sfd_coupling.h"
#include "sfd_reference.h"

static const long double somewhere[3] = {0.7L, -0.4L, 1.3L};

static void assert_close(double got, long double wanted)
{
  if (fabsl(got - wanted) > 1e-14L)
    fail_msg("%.16g is not %.16g", got, (double)wanted);
}

/* Component i = m + l of the real basis of a complex tensor. */
static long double real_component(int l, int i, const long double complex *tensor)
{
  const int m = i - l;
  const long double factor = m == 0 ? 1.0L : (m % 2 ? -1.0L : 1.0L) * sqrtl(2.0L);
  return factor * (m < 0 ? cimagl(tensor[l - m]) : creall(tensor[l + m]));
}

static void test_monomials(void **state)
{
  int place = 0;
  (void)state;
  for (int n = 0; n <= SFD_MAX_RANK; n++)
    for (int a = n; a >= 0; a--)
      for (int b = n - a; b >= 0; b--)
        assert_int_equal(sfd_monomial(a, b, n - a - b), place++);
  assert_int_equal(place, SFD_MOMENTS);
}

static void test_harmonics(void **state)
{
  long double monomial[SFD_MOMENTS];
  (void)state;
  for (int a = 0; a <= SFD_MAX_RANK; a++)
    for (int b = 0; a + b <= SFD_MAX_RANK; b++)
      for (int c = 0; a + b + c <= SFD_MAX_RANK; c++)
        monomial[sfd_monomial(a, b, c)] =
            powl(somewhere[0], a) * powl(somewhere[1], b) * powl(somewhere[2], c);
  for (int l = 0; l <= SFD_MAX_RANK; l++) {
    struct sfd_harmonic harmonic;
    long double complex tensor[SFD_MAX_COMPONENTS];
    int term = 0;
    sfd_harmonic_fill(&harmonic, l);
    assert_int_equal(harmonic.rank, l);
    for (int m = -l; m <= l; m++)
      tensor[l + m] = sfd_reference_harmonic(l, m, somewhere);
    for (int i = 0; i < 2 * l + 1; i++) {
      long double sum = 0.0L;
      for (; term < harmonic.end[i]; term++)
        sum += harmonic.term[term].value * monomial[harmonic.term[term].monomial];
      assert_close((double)sum, real_component(l, i, tensor));
    }
    assert_in_range(term, 1, SFD_MAX_HARMONIC_TERMS);
  }
}

/* Complex tensors of random real components. */
static void make_tensor(int l, unsigned seed, double *real, long double complex *tensor)
{
  for (int i = 0; i < 2 * l + 1; i++)
    real[i] = sin(1.0 + 7.0 * seed + 3.3 * i);
  tensor[l] = real[l];
  for (int m = 1; m <= l; m++) {
    const long double sign = m % 2 ? -1.0L : 1.0L;
    tensor[l + m] = sign * (real[l + m] + I * (long double)real[l - m]) / sqrtl(2.0L);
    tensor[l - m] = sign * conjl(tensor[l + m]);
  }
}

static void check_coupling(int l, int L)
{
  struct sfd_coupling coupling;
  double a[SFD_MAX_COMPONENTS], b[SFD_MAX_COMPONENTS];
  long double complex ca[SFD_MAX_COMPONENTS], cb[SFD_MAX_COMPONENTS], cc[SFD_MAX_COMPONENTS];
  int term = 0;
  sfd_coupling_fill(&coupling, l, L);
  assert_int_equal(coupling.rank, L);
  make_tensor(l, 1, a, ca);
  make_tensor(l, 2, b, cb);
  for (int M = -L; M <= L; M++) {
    cc[L + M] = 0.0L;
    for (int m = -l; m <= l; m++)
      if (abs(M - m) <= l)
        cc[L + M] += sfd_reference_clebsch_gordan(l, m, l, M - m, L, M) * ca[l + m] * cb[l + M - m];
  }
  for (int i = 0; i < 2 * L + 1; i++) {
    double sum = 0.0;
    for (; term < coupling.end[i]; term++) {
      const struct sfd_coupling_term *t = &coupling.term[term];
      sum += t->value * (a[t->left] * b[t->right] + a[t->right] * b[t->left]);
    }
    assert_close(sum, real_component(L, i, cc));
  }
  assert_in_range(term, 1, SFD_MAX_COUPLING_TERMS);
}

static void test_couplings(void **state)
{
  (void)state;
  for (int l = 1; l <= SFD_MAX_RANK; l++)
    for (int L = 0; L <= 2 * l && L <= SFD_MAX_RANK; L += 2)
      check_coupling(l, L);
}

/* Moments of two points about the origin, moved, are their moments about the other origin. */
static void test_shifts(void **state)
{
  static const double x[2][3] = {{0.3, -1.1, 0.8}, {-0.6, 0.2, 1.7}}, s[3] = {0.25, -0.5, 0.4};
  double before[SFD_MOMENTS], after[SFD_MOMENTS];
  (void)state;
  for (int a = 0; a <= SFD_MAX_RANK; a++)
    for (int b = 0; a + b <= SFD_MAX_RANK; b++)
      for (int c = 0; a + b + c <= SFD_MAX_RANK; c++) {
        double *const place[2] = {&before[sfd_monomial(a, b, c)], &after[sfd_monomial(a, b, c)]};
        for (int moved = 0; moved < 2; moved++) {
          *place[moved] = 0.0;
          for (int i = 0; i < 2; i++)
            *place[moved] += 0.5 * pow(x[i][0] - moved * s[0], a) * pow(x[i][1] - moved * s[1], b) *
                             pow(x[i][2] - moved * s[2], c);
        }
      }
  for (int d = 0; d < 3; d++) {
    struct sfd_shift shift;
    sfd_shift_fill(&shift, d);
    for (int i = 0; i < SFD_MOMENTS; i++)
      before[shift.step[i].target] -= s[d] * before[shift.step[i].source];
  }
  for (int i = 0; i < SFD_MOMENTS; i++)
    assert_close(before[i], after[i]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_monomials),
      cmocka_unit_test(test_harmonics),
      cmocka_unit_test(test_couplings),
      cmocka_unit_test(test_shifts),
  };
  return cmocka_run_group_tests_name("sfd_coupling", tests, NULL, NULL);
}
