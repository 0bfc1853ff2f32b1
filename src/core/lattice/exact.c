/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lattice/exact.h"

#include <math.h>

int64_t whole_root(int64_t a)
{
  int64_t root = (int64_t)sqrt((double)a);
  while (root > 0 && root > a / root)
    root--;
  while (root + 1 <= a / (root + 1))
    root++;
  return root;
}

int64_t whole_reduce(int64_t *values, int count)
{
  int64_t divisor = 0;
  for (int k = 0; k < count; k++)
    divisor = whole_gcd(divisor, values[k]);
  if (divisor > 1)
    for (int k = 0; k < count; k++)
      values[k] /= divisor;
  return divisor;
}

int64_t exact_dot(const int64_t a[3], const int64_t b[3], int *overflow)
{
  int64_t sum = 0;
  for (int d = 0; d < 3; d++)
    sum = exact_sum(sum, exact_product(a[d], b[d], overflow), overflow);
  return sum;
}

void exact_apply(const int64_t m[3][3], const int64_t x[3], int64_t y[3], int *overflow)
{
  const int64_t copy[3] = {x[0], x[1], x[2]};
  for (int i = 0; i < 3; i++)
    y[i] = exact_dot(m[i], copy, overflow);
}

void exact_apply_transpose(const int64_t m[3][3], const int64_t x[3], int64_t y[3], int *overflow)
{
  int64_t t[3][3];
  whole_transpose(m, t);
  exact_apply(t, x, y, overflow);
}

void exact_multiply(const int64_t a[3][3], const int64_t b[3][3], int64_t c[3][3], int *overflow)
{
  int64_t t[3][3], product[3][3];
  whole_transpose(b, t);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      product[i][j] = exact_dot(a[i], t[j], overflow);
  memcpy(c, product, sizeof product);
}

void exact_cross(const int64_t a[3], const int64_t b[3], int64_t c[3], int *overflow)
{
  int64_t result[3];
  for (int d = 0; d < 3; d++) {
    const int e = (d + 1) % 3, f = (d + 2) % 3;
    result[d] = exact_difference(exact_product(a[e], b[f], overflow),
                                 exact_product(a[f], b[e], overflow), overflow);
  }
  memcpy(c, result, sizeof result);
}

int64_t exact_adjugate(const int64_t m[3][3], int64_t adjugate[3][3], int *overflow)
{
  int64_t cofactor[3][3];
  for (int k = 0; k < 3; k++)
    exact_cross(m[(k + 1) % 3], m[(k + 2) % 3], cofactor[k], overflow);
  const int64_t determinant = exact_dot(m[0], cofactor[0], overflow);
  whole_transpose(cofactor, adjugate);
  return determinant;
}

int64_t exact_inner(const int64_t gram[3][3], const int64_t a[3], const int64_t b[3], int *overflow)
{
  int64_t image[3];
  exact_apply(gram, b, image, overflow);
  return exact_dot(a, image, overflow);
}

void whole_transpose(const int64_t m[3][3], int64_t t[3][3])
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      t[j][i] = m[i][j];
}

/* a -= n b. */
static void subtract(int64_t a[3], int64_t n, const int64_t b[3], int *overflow)
{
  for (int d = 0; d < 3; d++)
    a[d] = exact_difference(a[d], exact_product(n, b[d], overflow), overflow);
}

/* Takes from a the multiple of b that leaves it shortest; whether it got shorter. */
static int shorten(const int64_t gram[3][3], int64_t a[3], const int64_t b[3], int *overflow)
{
  const int64_t square = exact_inner(gram, b, b, overflow),
                before = exact_inner(gram, a, a, overflow),
                product = exact_inner(gram, a, b, overflow);
  if (*overflow || square <= 0)
    return 0;
  int64_t shorter[3] = {a[0], a[1], a[2]};
  subtract(shorter, whole_nearest(product, square), b, overflow);
  if (*overflow || exact_inner(gram, shorter, shorter, overflow) >= before)
    return 0;
  memcpy(a, shorter, sizeof shorter);
  return 1;
}

void exact_shorten_pair(const int64_t gram[3][3], int64_t v[2][3], int *overflow)
{
  while (shorten(gram, v[0], v[1], overflow) || shorten(gram, v[1], v[0], overflow))
    ;
}

/* Replaces v[k] by v[k] +- v[i] +- v[j] where that is shorter. */
static int shorten_by_both(const int64_t gram[3][3], int64_t v[3][3], int k, int *overflow)
{
  for (int signs = 0; signs < 4; signs++) {
    int64_t sum[3] = {v[k][0], v[k][1], v[k][2]};
    subtract(sum, signs & 1 ? 1 : -1, v[(k + 1) % 3], overflow);
    subtract(sum, signs & 2 ? 1 : -1, v[(k + 2) % 3], overflow);
    if (!*overflow &&
        exact_inner(gram, sum, sum, overflow) < exact_inner(gram, v[k], v[k], overflow)) {
      memcpy(v[k], sum, sizeof sum);
      return 1;
    }
  }
  return 0;
}

void exact_shorten_triple(const int64_t gram[3][3], int64_t v[3][3], int *overflow)
{
  for (int again = 1; again && !*overflow;) {
    again = 0;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        if (i != j)
          again |= shorten(gram, v[i], v[j], overflow);
    for (int k = 0; k < 3 && !again; k++)
      again |= shorten_by_both(gram, v, k, overflow);
  }
}
