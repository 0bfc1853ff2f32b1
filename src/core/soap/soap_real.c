/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "soap_real.h"

#include <math.h>

/* What is left out of sums. */
static const soap_real negligible = 1e-36L;

/* atan(1/n) = sum_k (-1)^k / ((2k + 1) n^(2k+1)) */
static soap_real arctangent_of_inverse(int n)
{
  soap_real sum = 0, power = (soap_real)1 / n;
  int k = 0;
  while (power > negligible) {
    sum += (k % 2 ? -power : power) / (2 * k + 1);
    power /= n * n;
    k++;
  }
  return sum;
}

/* Machin's formula. */
soap_real soap_pi(void)
{
  return 16 * arctangent_of_inverse(5) - 4 * arctangent_of_inverse(239);
}

/* Newton's iteration doubles the digits that the double has. */
soap_real soap_square_root(soap_real x)
{
  soap_real root = sqrt((double)x);
  if (root > 0)
    for (int i = 0; i < 2; i++)
      root = (root + x / root) / 2;
  return root;
}

/* exp(x) = exp(x / 2^k)^(2^k), by Taylor's series. Squaring k times costs k of 113 bits. */
soap_real soap_exp(soap_real x)
{
#define INVERSE(n) (soap_real)1 / (n)
  static const soap_real inverse[] = {INVERSE(1),  INVERSE(2),  INVERSE(3),  INVERSE(4),
                                      INVERSE(5),  INVERSE(6),  INVERSE(7),  INVERSE(8),
                                      INVERSE(9),  INVERSE(10), INVERSE(11), INVERSE(12),
                                      INVERSE(13), INVERSE(14), INVERSE(15), INVERSE(16)};
#undef INVERSE
  int halvings = 0;
  while (soap_absolute(x) > 0.03125L) {
    x /= 2;
    halvings++;
  }
  soap_real sum = 1;
  for (int k = sizeof inverse / sizeof *inverse - 1; k >= 0; k--)
    sum = 1 + x * inverse[k] * sum;
  for (; halvings > 0; halvings--)
    sum *= sum;
  return sum;
}

/* One step of Halley's iteration triples the digits that the double has. */
soap_real soap_log(soap_real x)
{
  const soap_real start = log((double)x), power = soap_exp(start);
  return start + 2 * (x - power) / (x + power);
}

/* erf(x) = 2/sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!, all terms positive. */
soap_real soap_erf(soap_real x)
{
  if (x > 9) /* 1 - erf(9) is 4e-37 */
    return 1;
  soap_real sum = 0, term = x;
  for (int n = 1; term > sum * negligible; n++) {
    sum += term;
    term *= 2 * x * x / (2 * n + 1);
  }
  return 2 / soap_square_root(soap_pi()) * soap_exp(-x * x) * sum;
}

soap_real soap_power(soap_real x, int n)
{
  soap_real power = 1;
  for (; n > 0; n /= 2) {
    if (n % 2)
      power *= x;
    x *= x;
  }
  return power;
}
