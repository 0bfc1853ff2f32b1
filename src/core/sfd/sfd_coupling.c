/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sfd_coupling.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>

static double factorial(int n)
{
  double product = 1.0;
  for (int i = 2; i <= n; i++)
    product *= i;
  return product;
}

static int sign(int m)
{
  return m % 2 ? -1 : 1;
}

/* <l1 m1 l2 m2|L M>, Racah's formula (A. R. Edmonds, Angular Momentum in Quantum Mechanics,
   equation 3.6.10 with 3.7.3). */
static double clebsch_gordan(int l1, int m1, int l2, int m2, int L, int M)
{
  if (m1 + m2 != M || abs(M) > L)
    return 0.0;
  const double triangle = factorial(l1 + l2 - L) * factorial(l1 - l2 + L) *
                          factorial(-l1 + l2 + L) / factorial(l1 + l2 + L + 1);
  const double projections = factorial(l1 + m1) * factorial(l1 - m1) * factorial(l2 + m2) *
                             factorial(l2 - m2) * factorial(L + M) * factorial(L - M);
  double sum = 0.0;
  for (int k = 0; k <= l1 + l2 - L; k++) {
    const int a = l1 - m1 - k, b = l2 + m2 - k, c = L - l2 + m1 + k, d = L - l1 - m2 + k;
    if (a < 0 || b < 0 || c < 0 || d < 0)
      continue;
    sum += sign(k) / (factorial(k) * factorial(l1 + l2 - L - k) * factorial(a) * factorial(b) *
                      factorial(c) * factorial(d));
  }
  return sqrt((2 * L + 1) * triangle * projections) * sum;
}

/* T_m = sum_p basis(m, p) t_p, the inverse of the definition in the header: for m > 0
   T_m = (-1)^m (t_m + i t_{-m}) / sqrt(2), T_{-m} = (t_m - i t_{-m}) / sqrt(2). */
static double complex basis(int m, int p)
{
  if (m == 0)
    return p == 0 ? 1.0 : 0.0;
  if (abs(m) != abs(p))
    return 0.0;
  if (m > 0)
    return sign(m) * sqrt(0.5) * (p > 0 ? 1.0 : I);
  return sqrt(0.5) * (p > 0 ? 1.0 : -I);
}

/* The coefficient of a_p b_q in the real component r of (A x B)_L, A and B of rank l. The inverse
   of the unitary matrix basis() is its adjoint. */
static double real_coefficient(int l, int p, int q, int L, int r)
{
  double complex sum = 0.0;
  for (int m1 = -abs(p); m1 <= abs(p); m1 += p ? 2 * abs(p) : 1)
    for (int m2 = -abs(q); m2 <= abs(q); m2 += q ? 2 * abs(q) : 1)
      if (abs(m1 + m2) == abs(r))
        sum += conj(basis(m1 + m2, r)) * clebsch_gordan(l, m1, l, m2, L, m1 + m2) * basis(m1, p) *
               basis(m2, q);
  return creal(sum);
}

void sfd_coupling_fill(struct sfd_coupling *coupling, int rank, int rank_target)
{
  int count = 0;
  coupling->rank = rank_target;
  for (int r = -rank_target; r <= rank_target; r++) {
    for (int p = -rank; p <= rank; p++)
      for (int q = p; q <= rank; q++) {
        const double value = real_coefficient(rank, p, q, rank_target, r) * (p == q ? 0.5 : 1.0);
        if (fabs(value) > 1e-12)
          coupling->term[count++] = (struct sfd_coupling_term){p + rank, q + rank, value};
      }
    coupling->end[r + rank_target] = count;
  }
}

/* Place of the moment with exponent a along a direction, and b, c along the two others. */
static int monomial_along(int direction, int a, int b, int c)
{
  return direction == 0   ? sfd_monomial(a, b, c)
         : direction == 1 ? sfd_monomial(b, a, c)
                          : sfd_monomial(b, c, a);
}

void sfd_shift_fill(struct sfd_shift *shift, int direction)
{
  int count = 0;
  for (int k = 1; k <= SFD_MAX_RANK; k++)
    for (int a = SFD_MAX_RANK; a >= k; a--)
      for (int b = 0; a + b <= SFD_MAX_RANK; b++)
        for (int c = 0; a + b + c <= SFD_MAX_RANK; c++)
          shift->step[count++] = (struct sfd_shift_step){monomial_along(direction, a - 1, b, c),
                                                         monomial_along(direction, a, b, c)};
}

/* Adds coefficient (x + i y)^p (x - i y)^q z^s to a polynomial over the moments. */
static void add_product(double complex polynomial[SFD_MOMENTS], double coefficient, int p, int q,
                        int s)
{
  double complex part[2 * SFD_MAX_RANK + 1] = {coefficient}; /* of x^(n-b) y^b */
  for (int n = 0; n < p + q; n++) {
    const double complex y = n < p ? I : -I;
    for (int b = n + 1; b > 0; b--)
      part[b] += y * part[b - 1];
  }
  for (int b = 0; b <= p + q; b++)
    polynomial[sfd_monomial(p + q - b, b, s)] += part[b];
}

/* R_lm = sqrt((l+m)! (l-m)!) sum over p+q+s = l, p-q = m of
          (-(x+iy)/2)^p ((x-iy)/2)^q z^s / (p! q! s!)
   (J. D. Talman's and L. C. Biedenharn's form; any text on solid harmonics). */
static void complex_harmonic(int l, int m, double complex polynomial[SFD_MOMENTS])
{
  for (int i = 0; i < SFD_MOMENTS; i++)
    polynomial[i] = 0.0;
  for (int q = m < 0 ? -m : 0; 2 * q + m <= l; q++) {
    const int p = q + m, s = l - p - q;
    const double denominator = factorial(p) * factorial(q) * factorial(s) * ldexp(1.0, p + q);
    add_product(polynomial, sign(p) * sqrt(factorial(l + m) * factorial(l - m)) / denominator, p, q,
                s);
  }
}

void sfd_harmonic_fill(struct sfd_harmonic *harmonic, int rank)
{
  int count = 0;
  harmonic->rank = rank;
  for (int r = -rank; r <= rank; r++) {
    double complex polynomial[SFD_MOMENTS];
    complex_harmonic(rank, abs(r), polynomial);
    for (int i = 0; i < SFD_MOMENTS; i++) {
      const double complex scaled = polynomial[i] * (r ? sign(r) * sqrt(2.0) : 1.0);
      const double value = r < 0 ? cimag(scaled) : creal(scaled);
      if (fabs(value) > 1e-12)
        harmonic->term[count++] = (struct sfd_harmonic_term){i, value};
    }
    harmonic->end[r + rank] = count;
  }
}
