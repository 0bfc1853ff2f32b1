/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sfd_reference.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_RANK = 4, ORIGIN = MAX_RANK, COMPONENTS = 2 * MAX_RANK + 1 };

/* T_m, m = -rank .. rank, is at component[ORIGIN + m]. */
struct tensor {
  int rank;
  long double complex component[COMPONENTS];
};

/* sqrt(l(l+1) - m(m-1)): J- |l m> = that times |l m-1>. J+ |l m-1> has the same factor. */
static long double lowering(int l, int m)
{
  return sqrtl((long double)(l * (l + 1) - m * (m - 1)));
}

/* The amplitudes of |L M> over |l1 m1>|l2 M-m1>. |L L> is the state that J+ = J1+ + J2+ takes to
   zero, with <l1 l1 l2 L-l1|L L> > 0; J- leads from there to M. */
static void coupled_state(int l1, int l2, int L, int M, long double amplitude[COMPONENTS])
{
  long double square = 0.0L;
  for (int i = 0; i < COMPONENTS; i++)
    amplitude[i] = 0.0L;
  amplitude[ORIGIN + l1] = 1.0L;
  for (int m1 = l1; m1 > -l1; m1--) {
    const int m2 = L - m1; /* of the known one; the next has m1 - 1, m2 + 1 */
    if (m2 + 1 <= l2)
      amplitude[ORIGIN + m1 - 1] =
          -amplitude[ORIGIN + m1] * lowering(l2, m2 + 1) / lowering(l1, m1);
  }
  for (int i = 0; i < COMPONENTS; i++)
    square += amplitude[i] * amplitude[i];
  for (int i = 0; i < COMPONENTS; i++)
    amplitude[i] /= sqrtl(square);
  for (int m = L; m > M; m--) {
    long double next[COMPONENTS] = {0.0L};
    for (int m1 = -l1; m1 <= l1; m1++) {
      const int m2 = m - m1;
      if (abs(m2) > l2)
        continue;
      if (m1 > -l1)
        next[ORIGIN + m1 - 1] += lowering(l1, m1) * amplitude[ORIGIN + m1];
      if (m2 > -l2)
        next[ORIGIN + m1] += lowering(l2, m2) * amplitude[ORIGIN + m1];
    }
    for (int i = 0; i < COMPONENTS; i++)
      amplitude[i] = next[i] / lowering(L, m);
  }
}

long double sfd_reference_clebsch_gordan(int l1, int m1, int l2, int m2, int L, int M)
{
  long double amplitude[COMPONENTS];
  if (m1 + m2 != M || abs(m1) > l1 || abs(m2) > l2 || abs(M) > L || L < abs(l1 - l2) || L > l1 + l2)
    return 0.0L;
  coupled_state(l1, l2, L, M, amplitude);
  return amplitude[ORIGIN + m1];
}

static struct tensor product(struct tensor a, struct tensor b, int L)
{
  struct tensor c = {.rank = L};
  for (int M = -L; M <= L; M++) {
    long double amplitude[COMPONENTS];
    coupled_state(a.rank, b.rank, L, M, amplitude);
    for (int m1 = -a.rank; m1 <= a.rank; m1++)
      if (abs(M - m1) <= b.rank)
        c.component[ORIGIN + M] +=
            amplitude[ORIGIN + m1] * a.component[ORIGIN + m1] * b.component[ORIGIN + M - m1];
  }
  return c;
}

static long double dot(struct tensor a, struct tensor b)
{
  long double complex sum = 0.0L;
  for (int m = -a.rank; m <= a.rank; m++)
    sum += a.component[ORIGIN + m] * conjl(b.component[ORIGIN + m]);
  return creall(sum) / sqrtl(2.0L * a.rank + 1.0L);
}

static long double norm(struct tensor a)
{
  return sqrtl(dot(a, a));
}

/* Solid harmonics R_lm of rank l: up the diagonal, R_mm from R_(m-1)(m-1), then
   sqrt(l^2 - m^2) R_lm = (2l - 1) z R_(l-1)m - sqrt((l-1)^2 - m^2) q^2 R_(l-2)m. */
static struct tensor harmonics(int rank, const long double q[3])
{
  const long double q2 = q[0] * q[0] + q[1] * q[1] + q[2] * q[2];
  struct tensor r = {.rank = rank};
  long double complex diagonal = 1.0L;
  for (int m = 0; m <= rank; m++) {
    if (m > 0)
      diagonal *= -sqrtl((2.0L * m - 1.0L) / (2.0L * m)) * (q[0] + I * q[1]);
    long double complex now = diagonal, before = 0.0L;
    for (int l = m + 1; l <= rank; l++) {
      const long double complex next =
          ((2.0L * l - 1.0L) * q[2] * now - sqrtl((l - 1.0L) * (l - 1.0L) - m * m) * q2 * before) /
          sqrtl((long double)(l * l - m * m));
      before = now;
      now = next;
    }
    r.component[ORIGIN + m] = now;
    r.component[ORIGIN - m] = (m % 2 ? -1.0L : 1.0L) * conjl(now);
  }
  return r;
}

long double complex sfd_reference_harmonic(int l, int m, const long double q[3])
{
  return harmonics(l, q).component[ORIGIN + m];
}

/* Moments of a neighborhood: total weight, centroid over sigma, and averages of powers of q^2
   times the harmonics, all about the centroid. */
struct averages {
  long double total, centroid[3], q2, q4;
  struct tensor r[MAX_RANK + 1], q2r1, q2r2;
};

struct neighborhood {
  size_t n;
  const double (*x)[3];
  const double *weight;
  size_t center;
  long double sigma, cutoff;
};

/* The displacement of point j over sigma, and its weight: 0 beyond the cutoff. */
static long double weigh(const struct neighborhood *near, size_t j, long double d[3])
{
  long double square = 0.0L;
  for (int i = 0; i < 3; i++) {
    d[i] = ((long double)near->x[j][i] - near->x[near->center][i]) / near->sigma;
    square += d[i] * d[i];
  }
  if (sqrtl(square) * near->sigma >= near->cutoff)
    return 0.0L;
  return expl(-square / 2.0L) * (near->weight ? near->weight[j] : 1.0L);
}

static void add(struct tensor *sum, long double factor, struct tensor term)
{
  for (int i = 0; i < COMPONENTS; i++)
    sum->component[i] += factor * term.component[i];
}

static struct averages average(const struct neighborhood *near)
{
  struct averages a = {.q2r1.rank = 1, .q2r2.rank = 2};
  long double d[3];
  for (size_t j = 0; j < near->n; j++) {
    const long double w = weigh(near, j, d);
    a.total += w;
    for (int i = 0; i < 3; i++)
      a.centroid[i] += w * d[i];
  }
  for (int i = 0; i < 3; i++)
    a.centroid[i] /= a.total;
  for (int l = 0; l <= MAX_RANK; l++)
    a.r[l].rank = l;
  for (size_t j = 0; j < near->n; j++) {
    const long double w = weigh(near, j, d) / a.total;
    const long double q[3] = {d[0] - a.centroid[0], d[1] - a.centroid[1], d[2] - a.centroid[2]};
    const long double q2 = q[0] * q[0] + q[1] * q[1] + q[2] * q[2];
    a.q2 += w * q2;
    a.q4 += w * q2 * q2;
    for (int l = 0; l <= MAX_RANK; l++)
      add(&a.r[l], w, harmonics(l, q));
    add(&a.q2r1, w * q2, harmonics(1, q));
    add(&a.q2r2, w * q2, harmonics(2, q));
  }
  return a;
}

static struct tensor scaled(long double factor, struct tensor t)
{
  struct tensor s = {.rank = t.rank};
  add(&s, factor, t);
  return s;
}

/* The guard need not be larger: exponents of long double go to -4932. Where a tensor vanishes by
   symmetry its rounding errors, near 1e-19, are taken for the tensor. */
static long double ratio(long double numerator, long double denominator)
{
  return denominator != 0.0L ? numerator / denominator : 0.0L;
}

static void second_order(struct tensor t, double *strength, double *character)
{
  *strength = (double)norm(t);
  *character = (double)ratio(dot(t, product(t, t, 2)), dot(t, t));
}

static void third_order(struct tensor p33, struct tensor p31, double out[5])
{
  const struct tensor a = product(p33, p33, 2), b = product(p33, p33, 4);
  const long double size = norm(p33);
  out[0] = (double)size;
  out[1] = (double)ratio(norm(a), size);
  out[2] = (double)ratio(dot(a, product(a, a, 2)), dot(a, a) * size);
  out[3] = (double)ratio(dot(b, product(b, b, 4)), dot(b, b) * size);
  out[4] = (double)norm(p31);
}

static void fourth_order(struct tensor p44, double out[6])
{
  const struct tensor d = product(p44, p44, 2), e = product(p44, p44, 4);
  const struct tensor g = product(p44, e, 4), h = product(e, e, 4), k = product(d, d, 4);
  const long double size = norm(p44);
  out[0] = (double)size;
  out[1] = (double)ratio(norm(d), size);
  out[2] = (double)ratio(dot(d, product(d, d, 2)), dot(d, d) * size);
  out[3] = (double)ratio(dot(e, h), dot(e, e) * size);
  out[4] = (double)ratio(dot(p44, k), size * powl(norm(d), 1.5L));
  out[5] = (double)ratio(dot(g, h), size * size * dot(e, e));
}

void sfd_reference(size_t n, const double (*x)[3], const double *weight, size_t center,
                   double sigma, double cutoff, double descriptor[SFD_REFERENCE_COUNT])
{
  const struct neighborhood near = {n, x, weight, center, sigma, cutoff};
  const struct averages a = average(&near);
  const struct tensor p11 = scaled(sqrtl(2.0L), harmonics(1, a.centroid));
  const struct tensor p31 = scaled(sqrtl(4.0L / 5.0L), a.q2r1);
  const struct tensor p33 = scaled(sqrtl(8.0L / 15.0L), a.r[3]);
  struct tensor p42 = scaled(sqrtl(8.0L / 21.0L), a.q2r2);
  add(&p42, -3.5L * sqrtl(8.0L / 21.0L), a.r[2]);
  descriptor[0] = (double)a.total;
  descriptor[1] = (double)norm(p11);
  second_order(scaled(sqrtl(4.0L / 3.0L), a.r[2]), &descriptor[2], &descriptor[3]);
  descriptor[4] = (double)(sqrtl(2.0L / 3.0L) * (a.q2 - 1.5L));
  third_order(p33, p31, &descriptor[5]);
  fourth_order(scaled(sqrtl(16.0L / 105.0L), a.r[4]), &descriptor[10]);
  second_order(p42, &descriptor[16], &descriptor[17]);
  descriptor[18] = (double)(sqrtl(2.0L / 15.0L) * (a.q4 - 5.0L * a.q2 + 3.75L));
}
