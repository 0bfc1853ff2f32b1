/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "soap_reference.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_N = 24, MOST_L = 18, MOST_CHANNELS = 60 };

typedef long double matrix[MOST_N][MOST_N];

static const long double pi = 3.14159265358979323846264338327950288L;

/* A basis: quippy's centers and matrix T, or for each l the exponents and S^(-1/2) of gto. */
struct basis {
  const struct mlgrain_soap_parameters *p;
  long double alpha, position[MOST_L + 1][MOST_N];
  matrix transform[MOST_L + 1];
  long double central[MOST_N];
};

/* ---- matrices ------------------------------------------------------------------------------ */

/* Gauss and Jordan, with pivots. */
static void invert(int n, matrix a, matrix inverse)
{
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      inverse[i][j] = i == j;
  for (int k = 0; k < n; k++) {
    int pivot = k;
    for (int i = k + 1; i < n; i++)
      pivot = fabsl(a[i][k]) > fabsl(a[pivot][k]) ? i : pivot;
    for (int j = 0; j < n; j++) {
      const long double one = a[k][j], other = inverse[k][j];
      a[k][j] = a[pivot][j];
      a[pivot][j] = one;
      inverse[k][j] = inverse[pivot][j];
      inverse[pivot][j] = other;
    }
    const long double scale = 1.0L / a[k][k];
    for (int j = 0; j < n; j++) {
      a[k][j] *= scale;
      inverse[k][j] *= scale;
    }
    for (int i = 0; i < n; i++) {
      const long double factor = i == k ? 0.0L : a[i][k];
      for (int j = 0; j < n; j++) {
        a[i][j] -= factor * a[k][j];
        inverse[i][j] -= factor * inverse[k][j];
      }
    }
  }
}

/* Denman and Beavers: y and z tend to a^(1/2) and a^(-1/2). */
static void inverse_square_root(int n, matrix a, matrix z)
{
  static matrix y, copy, y_inverse, z_inverse;
  memcpy(y, a, sizeof y);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      z[i][j] = i == j;
  for (int step = 0; step < 60; step++) {
    memcpy(copy, y, sizeof copy);
    invert(n, copy, y_inverse);
    memcpy(copy, z, sizeof copy);
    invert(n, copy, z_inverse);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) {
        y[i][j] = (y[i][j] + z_inverse[i][j]) / 2.0L;
        z[i][j] = (z[i][j] + y_inverse[i][j]) / 2.0L;
      }
  }
}

/* ---- radial functions ---------------------------------------------------------------------- */

/* int_0^inf r^2 exp(-a (r - c)^2) dr */
static long double second_moment(long double a, long double c)
{
  return c * expl(-a * c * c) / (2.0L * a) +
         (c * c + 1.0L / (2.0L * a)) * sqrtl(pi / a) / 2.0L * (1.0L + erfl(c * sqrtl(a)));
}

static void prepare_quippy(struct basis *b)
{
  static matrix gauss, inverse, lower;
  const int n = b->p->n_max;
  const long double end = b->p->cutoff + b->p->sigma * sqrtl(20.0L * logl(10.0L));
  long double *r = b->position[0];
  for (int k = 0; k < n; k++)
    r[k] = k * end / n;
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) {
      const long double d = r[i] - r[j];
      gauss[i][j] = gauss[j][i] = expl(-b->alpha * d * d);
      long double sum =
          expl(-b->alpha * d * d / 2.0L) * second_moment(2.0L * b->alpha, (r[i] + r[j]) / 2.0L);
      for (int k = 0; k < j; k++)
        sum -= lower[i][k] * lower[j][k];
      lower[i][j] = i == j ? sqrtl(sum) : sum / lower[j][j];
    }
  invert(n, gauss, inverse);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      b->transform[0][i][j] = 0.0L;
      for (int k = j; k < n; k++)
        b->transform[0][i][j] += inverse[i][k] * lower[k][j];
    }
  b->central[0] = lower[0][0];
}

static void prepare_gto(struct basis *b)
{
  static matrix overlap;
  const int n = b->p->n_max;
  for (int l = 0; l <= b->p->l_max; l++) {
    for (int k = 0; k < n; k++) {
      const long double a = n > 1 ? 1.0L + (b->p->cutoff - 1.0L) * k / (n - 1) : 1.0L;
      b->position[l][k] = -logl(1e-3L / powl(a, l)) / (a * a);
    }
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++)
        overlap[i][j] =
            tgammal(l + 1.5L) / 2.0L * powl(b->position[l][i] + b->position[l][j], -l - 1.5L);
    inverse_square_root(n, overlap, b->transform[l]);
  }
}

/* exp(-x) i_l(x) by its series. */
static long double bessel(int l, long double x)
{
  long double term = 1.0L, sum = 0.0L;
  for (int k = 1; k <= l; k++)
    term *= x / (2 * k + 1);
  for (int k = 1; term > sum * 1e-22L; k++) {
    sum += term;
    term *= x * x / 2.0L / (k * (2 * l + 2 * k + 1));
  }
  return sum * expl(-x);
}

/* h_nl(r) of all n. */
static void radial(const struct basis *b, int l, long double r, long double value[MOST_N])
{
  const int n = b->p->n_max;
  for (int i = 0; i < n; i++)
    value[i] = 0.0L;
  for (int k = 0; k < n; k++) {
    long double gauss, d = r - b->position[0][k];
    if (b->p->basis == MLGRAIN_SOAP_QUIPPY) {
      gauss = expl(-b->alpha * d * d) * bessel(l, 2.0L * b->alpha * r * b->position[0][k]);
    } else {
      const long double a = b->position[l][k], wide = 1.0L + a / b->alpha;
      gauss = powl(pi / b->alpha, 1.5L) * (l ? powl(r, l) : 1.0L) * powl(wide, -l - 1.5L) *
              expl(-a * r * r / wide);
    }
    for (int i = 0; i < n; i++)
      value[i] += gauss * (b->p->basis == MLGRAIN_SOAP_QUIPPY ? b->transform[0][k][i]
                                                              : b->transform[l][i][k]);
  }
}

static long double fade(const struct mlgrain_soap_parameters *p, long double r)
{
  const long double start = (long double)p->cutoff - p->width;
  if (p->basis == MLGRAIN_SOAP_GTO)
    return r < p->cutoff + p->sigma * sqrtl(-2.0L * logl(1e-3L)) ? 1.0L : 0.0L;
  if (r >= p->cutoff)
    return 0.0L;
  return r <= start ? 1.0L : (cosl(pi * (r - start) / p->width) + 1.0L) / 2.0L;
}

/* ---- the spectrum -------------------------------------------------------------------------- */

/* Y_lm, m >= 0, of a unit vector: Legendre functions upward in l from P_mm. */
static long double complex harmonic(int l, int m, const long double u[3])
{
  long double now = 1.0L, before = 0.0L, ratio = 1.0L;
  long double complex phase = 1.0L;
  for (int k = 1; k <= m; k++) {
    now *= 2 * k - 1;
    phase *= u[0] + I * u[1];
  }
  for (int k = m + 1; k <= l; k++) {
    const long double next = ((2 * k - 1) * u[2] * now - (k + m - 1) * before) / (k - m);
    before = now;
    now = next;
  }
  for (int k = 0; k < 2 * m; k++)
    ratio *= l + m - k; /* (l + m)! / (l - m)! */
  return sqrtl((2 * l + 1) / (4.0L * pi * ratio)) * now * phase;
}

/* c[channel][m] of one l. */
static void expand(const struct basis *b, size_t n, const double (*x)[3], const int32_t *species,
                   const double *weight, size_t center, int l,
                   long double complex c[MOST_CHANNELS][MOST_L + 1])
{
  const int n_max = b->p->n_max;
  long double h[MOST_N];
  memset(c, 0, sizeof(long double complex[MOST_CHANNELS][MOST_L + 1]));
  for (size_t j = 0; j < n; j++) {
    const long double d[3] = {(long double)x[j][0] - x[center][0],
                              (long double)x[j][1] - x[center][1],
                              (long double)x[j][2] - x[center][2]};
    const long double r = sqrtl(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    const long double w = (weight ? weight[j] : 1.0L) * fade(b->p, r);
    const int32_t s = species ? species[j] : 0;
    if (s < 0 || s >= b->p->species || w == 0.0L)
      continue;
    if (j == center) {
      for (int i = 0; i < n_max && l == 0; i++)
        c[s * n_max + i][0] += w * b->p->central_weight * b->central[i] / sqrtl(4.0L * pi);
      continue;
    }
    const long double u[3] = {r > 0.0L ? d[0] / r : 0.0L, r > 0.0L ? d[1] / r : 0.0L,
                              r > 0.0L ? d[2] / r : 1.0L};
    radial(b, l, r, h);
    for (int m = 0; m <= l; m++) {
      const long double complex y = w * harmonic(l, m, u);
      for (int i = 0; i < n_max; i++)
        c[s * n_max + i][m] += h[i] * y;
    }
  }
}

static long double product(int l, const long double complex *a, const long double complex *b)
{
  long double sum = creall(a[0] * conjl(b[0]));
  for (int m = 1; m <= l; m++)
    sum += 2.0L * creall(a[m] * conjl(b[m]));
  return sum;
}

void soap_reference(const struct mlgrain_soap_parameters *p, size_t n, const double (*x)[3],
                    const int32_t *species, const double *weight, size_t center, double *descriptor)
{
  static struct basis b;
  static long double complex c[MOST_L + 1][MOST_CHANNELS][MOST_L + 1];
  const int channels = p->n_max * p->species, is_quippy = p->basis == MLGRAIN_SOAP_QUIPPY;
  if (p->n_max > MOST_N || p->l_max > MOST_L || channels > MOST_CHANNELS)
    abort();
  memset(&b, 0, sizeof b);
  b.p = p;
  b.alpha = 1.0L / (2.0L * p->sigma * (long double)p->sigma);
  if (is_quippy)
    prepare_quippy(&b);
  else
    prepare_gto(&b);
  if (!is_quippy)
    radial(&b, 0, 0.0L, b.central);
  for (int l = 0; l <= p->l_max; l++)
    expand(&b, n, x, species, weight, center, l, c[l]);
  long double square = 0.0L;
  double *to = descriptor;
  if (is_quippy) {
    for (int a = 0; a < channels; a++)
      for (int d = 0; d <= a; d++)
        for (int l = 0; l <= p->l_max; l++)
          *to++ =
              (double)(sqrtl((a == d ? 1.0L : 2.0L) / (2 * l + 1)) * product(l, c[l][a], c[l][d]));
    *to++ = 0.0;
  } else {
    for (int s = 0; s < p->species; s++)
      for (int t = s; t < p->species; t++)
        for (int l = 0; l <= p->l_max; l++)
          for (int a = 0; a < p->n_max; a++)
            for (int d = s == t ? a : 0; d < p->n_max; d++)
              *to++ = (double)(pi * sqrtl(8.0L / (2 * l + 1)) *
                               product(l, c[l][s * p->n_max + a], c[l][t * p->n_max + d]));
  }
  for (const double *v = descriptor; v < to; v++)
    square += (long double)*v * *v;
  if (p->normalise && square > 0.0L)
    for (double *v = descriptor; v < to; v++)
      *v = (double)(*v / sqrtl(square));
}
