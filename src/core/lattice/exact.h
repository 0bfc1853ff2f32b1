/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: arithmetic of whole numbers that tells when a result doesn't fit into 64 bits: *overflow
   is set then, and stays set. Once it is, values mean nothing; loops look at it before they divide.
 */
#ifndef MLGRAIN_EXACT_H
#define MLGRAIN_EXACT_H

#include <stdint.h>
#include <string.h>

/* -2^63 counts as too large, so that every number has a negative. */
static inline int64_t exact_product(int64_t a, int64_t b, int *overflow)
{
  int64_t c;
  *overflow |= __builtin_mul_overflow(a, b, &c) || c == INT64_MIN;
  return c;
}

static inline int64_t exact_sum(int64_t a, int64_t b, int *overflow)
{
  int64_t c;
  *overflow |= __builtin_add_overflow(a, b, &c) || c == INT64_MIN;
  return c;
}

static inline int64_t exact_difference(int64_t a, int64_t b, int *overflow)
{
  int64_t c;
  *overflow |= __builtin_sub_overflow(a, b, &c) || c == INT64_MIN;
  return c;
}

static inline int64_t whole_absolute(int64_t a)
{
  return a < 0 ? -a : a;
}

static inline int64_t whole_gcd(int64_t a, int64_t b)
{
  a = whole_absolute(a);
  b = whole_absolute(b);
  while (b) {
    const int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* The whole number nearest to a / b, b > 0; of two as near, the larger one. */
static inline int64_t whole_nearest(int64_t a, int64_t b)
{
  const int64_t quotient = a / b, rest = a % b; /* towards zero */
  if (rest >= 0)
    return quotient + (rest >= b - rest);
  return quotient - (-rest > b + rest);
}

/* The largest whole number whose square is at most a >= 0. */
int64_t whole_root(int64_t a);

/* Divides all by their greatest common divisor, which is returned: 0 if all are 0. */
int64_t whole_reduce(int64_t *values, int count);

int64_t exact_dot(const int64_t a[3], const int64_t b[3], int *overflow);
/* y = m x. y may be x. */
void exact_apply(const int64_t m[3][3], const int64_t x[3], int64_t y[3], int *overflow);
/* y = m^T x. y may be x. */
void exact_apply_transpose(const int64_t m[3][3], const int64_t x[3], int64_t y[3], int *overflow);
/* c = a b. c may be a or b. */
void exact_multiply(const int64_t a[3][3], const int64_t b[3][3], int64_t c[3][3], int *overflow);
void exact_cross(const int64_t a[3], const int64_t b[3], int64_t c[3], int *overflow);
/* adjugate m = determinant 1; returns the determinant. */
int64_t exact_adjugate(const int64_t m[3][3], int64_t adjugate[3][3], int *overflow);
/* a^T gram b. */
int64_t exact_inner(const int64_t gram[3][3], const int64_t a[3], const int64_t b[3],
                    int *overflow);
void whole_transpose(const int64_t m[3][3], int64_t t[3][3]);

/* Shortens lattice vectors (rows) without changing the lattice: pairs as Gauss did, and sums of all
   three; handedness is kept as it was. gram holds the products of the coordinates' axes. */
void exact_shorten_pair(const int64_t gram[3][3], int64_t v[2][3], int *overflow);
void exact_shorten_triple(const int64_t gram[3][3], int64_t v[3][3], int *overflow);

#endif
