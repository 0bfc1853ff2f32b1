/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "soap_radial.h"

#include <math.h>
#include <stdlib.h>

#include "base/error_text.h"

/* ---- linear algebra: small matrices, row after row ------------------------------------------ */

/* Lower triangle L of a = L L^T, in place; 0 if a is not positive definite. */
static int factor_cholesky(int n, soap_real *a)
{
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) {
      soap_real sum = a[i * n + j];
      for (int k = 0; k < j; k++)
        sum -= a[i * n + k] * a[j * n + k];
      if (i != j)
        a[i * n + j] = sum / a[j * n + j];
      else if (sum > 0)
        a[i * n + i] = soap_square_root(sum);
      else
        return 0;
    }
  for (int i = 0; i < n; i++)
    for (int j = i + 1; j < n; j++)
      a[i * n + j] = 0;
  return 1;
}

/* x <- (L L^T)^-1 x for all columns of x [n][n]. */
static void solve_cholesky(int n, const soap_real *lower, soap_real *x)
{
  for (int column = 0; column < n; column++) {
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < i; k++)
        x[i * n + column] -= lower[i * n + k] * x[k * n + column];
      x[i * n + column] /= lower[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int k = i + 1; k < n; k++)
        x[i * n + column] -= lower[k * n + i] * x[k * n + column];
      x[i * n + column] /= lower[i * n + i];
    }
  }
}

/* Rotates rows and columns p, q of the symmetric a so that a[p][q] vanishes, and rows p, q of v
   with them. */
static void rotate(int n, soap_real *a, soap_real *v, int p, int q)
{
  const soap_real theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
  const soap_real size = soap_absolute(theta);
  if (size > 1e300L) /* nothing to rotate, and its square might overflow a double */
    return;
  /* the square root starts from a double: theta^2 must fit one */
  const soap_real root = size > 1e100L ? size : soap_square_root(1 + theta * theta);
  const soap_real t = (theta < 0 ? -1 : 1) / (size + root);
  const soap_real c = 1 / soap_square_root(1 + t * t), s = t * c;
  for (int k = 0; k < n; k++) {
    const soap_real x = a[k * n + p], y = a[k * n + q];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (int k = 0; k < n; k++) {
    const soap_real x = a[p * n + k], y = a[q * n + k], u = v[p * n + k], w = v[q * n + k];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    v[p * n + k] = c * u - s * w;
    v[q * n + k] = s * u + c * w;
  }
}

/* Eigenvalues of a symmetric a onto its diagonal, eigenvectors into the rows of v: Jacobi. */
static void diagonalize(int n, soap_real *a, soap_real *v)
{
  soap_real trace = 0;
  for (int i = 0; i < n; i++) {
    trace += soap_absolute(a[i * n + i]);
    for (int j = 0; j < n; j++)
      v[i * n + j] = i == j;
  }
  for (int sweep = 0, busy = 1; busy && sweep < 60; sweep++) {
    busy = 0;
    for (int p = 0; p < n; p++)
      for (int q = p + 1; q < n; q++)
        if (soap_absolute(a[p * n + q]) > 1e-38L * trace) {
          rotate(n, a, v, p, q);
          busy = 1;
        }
  }
}

/* a^(-1/2) of a symmetric positive definite a, which is destroyed; 0 if it is singular within the
   precision. work [n][n]. */
static int inverse_square_root(int n, soap_real *a, soap_real *work, soap_real *root)
{
  diagonalize(n, a, work);
  soap_real largest = 0;
  for (int i = 0; i < n; i++)
    largest = a[i * n + i] > largest ? a[i * n + i] : largest;
  for (int i = 0; i < n; i++)
    if (!(a[i * n + i] > 1e-22L * largest)) /* 12 digits are to be left */
      return 0;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      soap_real sum = 0;
      for (int k = 0; k < n; k++)
        sum += work[k * n + i] * work[k * n + j] / soap_square_root(a[k * n + k]);
      root[i * n + j] = sum;
    }
  return 1;
}

/* ---- quippy: equispaced Gaussians ----------------------------------------------------------- */

/* S = int_0^inf r^2 exp(-alpha (r - a)^2 - alpha (r - b)^2) dr. With u = a + b, d = a - b. */
static soap_real overlap_of_gaussians(soap_real alpha, soap_real a, soap_real b)
{
  const soap_real u = a + b, d = a - b, root = soap_square_root(alpha);
  const soap_real edge =
      soap_exp(-alpha * (a * a + b * b)) * soap_square_root(2) * alpha * root * u;
  const soap_real bulk = alpha * soap_exp(-alpha * d * d / 2) * soap_square_root(soap_pi()) *
                         (1 + alpha * u * u) * (1 + soap_erf(u * root / soap_square_root(2)));
  return (edge + bulk) / (soap_square_root(128) * alpha * alpha * root);
}

/* T = C^-1 L, where L L^T = S, and C holds the Gaussians at their centers: each radial function is
   the combination of Gaussians that agrees with it there. */
static int prepare_quippy(struct soap_radial *radial, const struct mlgrain_soap_parameters *p)
{
  const int n = radial->n_max;
  const soap_real sigma = p->sigma;
  /* where a Gaussian at the cutoff has fallen to 1e-10 */
  const soap_real end = p->cutoff + sigma * soap_square_root(20 * soap_log(10));
  soap_real *r = radial->position, *c = radial->scratch;
  for (int k = 0; k < n; k++)
    r[k] = k * end / n;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      c[i * n + j] = soap_exp(-radial->alpha * (r[i] - r[j]) * (r[i] - r[j]));
      radial->transform[i * n + j] = overlap_of_gaussians(radial->alpha, r[i], r[j]);
    }
  if (!factor_cholesky(n, c) || !factor_cholesky(n, radial->transform))
    return 0;
  radial->central = radial->transform[0];
  solve_cholesky(n, c, radial->transform);
  for (int k = 0; k < n; k++)
    radial->short_position[k] = (long double)r[k];
  for (int k = 0; k < n * n; k++)
    radial->short_transform[k] = (long double)radial->transform[k];
  return 1;
}

/* i_l(x) e^-x for l = 0 .. count - 1, modified spherical Bessel functions of the first kind. For
   small x by i_l(x) = x^l sum_k (x^2/2)^k / (k! (2l + 2k + 1)!!), else by downward recurrence
   i_(l-1) = i_(l+1) + (2l + 1)/x i_l from far above, and i_0 = sinh(x)/x. */
static void bessel(long double x, int count, long double *value)
{
  if (x < 1.0L) {
    long double front = expl(-x);
    for (int l = 0; l < count; front *= x / (2 * l + 3), l++) {
      long double sum = 0.0L, term = 1.0L;
      for (int k = 1; term > 1e-22L; k++) {
        sum += term;
        term *= x * x / 2.0L / (k * (2 * l + 2 * k + 1));
      }
      value[l] = front * sum;
    }
    return;
  }
  const long double inverse = 1.0L / x;
  long double above = 0.0L, now = 1e-300L;
  for (int l = count + 20 + (int)sqrtl(120.0L * x); l > 0; l--) {
    const long double below = above + (2 * l + 1) * inverse * now;
    above = now;
    now = below;
    if (l - 1 < count)
      value[l - 1] = now;
  }
  const long double factor = (1.0L - expl(-2.0L * x)) / (2.0L * x) / value[0];
  for (int l = 0; l < count; l++)
    value[l] *= factor;
}

/* In long double: T amplifies errors by 1e2 at n_max 18, 1e4 at 24. */
static void evaluate_quippy(const struct soap_radial *radial, long double r, long double *value)
{
  const int n = radial->n_max, count = radial->l_max + 1;
  const long double alpha = (long double)radial->alpha;
  for (int i = 0; i < count * n; i++)
    value[i] = 0.0L;
  for (int k = 0; k < n; k++) {
    const long double d = r - radial->short_position[k];
    const long double gaussian = expl(-alpha * d * d);
    bessel(2.0L * alpha * r * radial->short_position[k], count, radial->angular);
    for (int l = 0; l < count; l++) {
      const long double f = gaussian * radial->angular[l];
      for (int i = 0; i < n; i++)
        value[l * n + i] += f * radial->short_transform[k * n + i];
    }
  }
}

/* ---- gto: DScribe's orbitals ---------------------------------------------------------------- */

/* Gamma(l + 3/2) */
static soap_real gamma_half(int l)
{
  soap_real value = soap_square_root(soap_pi()) / 2;
  for (int k = 1; k <= l; k++)
    value *= (soap_real)(2 * k + 1) / 2;
  return value;
}

/* x^(l + 3/2) */
static soap_real power_half(soap_real x, int l)
{
  return soap_power(x, l + 1) * soap_square_root(x);
}

/* Exponents for which r^l exp(-alpha_kl r^2) falls to 1e-3 at radii from 1 to the cutoff, and the
   combinations S^(-1/2) that are orthonormal. */
static int prepare_gto(struct soap_radial *radial, const struct mlgrain_soap_parameters *p)
{
  const int n = radial->n_max;
  soap_real *s = radial->scratch, *work = radial->scratch + n * n;
  for (int l = 0; l <= radial->l_max; l++) {
    soap_real *exponent = radial->position + l * n;
    for (int k = 0; k < n; k++) {
      const soap_real a = n > 1 ? 1 + ((soap_real)p->cutoff - 1) * k / (n - 1) : 1;
      exponent[k] = (3 * soap_log(10) + l * soap_log(a)) / (a * a);
    }
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++)
        s[i * n + j] = gamma_half(l) / 2 / power_half(exponent[i] + exponent[j], l);
    if (!inverse_square_root(n, s, work, radial->transform + l * n * n))
      return 0;
    for (int k = 0; k < n; k++) {
      const soap_real wide = 1 + exponent[k] / radial->alpha;
      radial->decay[l * n + k] = exponent[k] / wide;
      radial->front[l * n + k] = power_half(soap_pi() / radial->alpha, 0) / power_half(wide, l);
    }
  }
  return 1;
}

static void evaluate_gto(const struct soap_radial *radial, soap_real r, long double *value)
{
  const int n = radial->n_max;
  for (int l = 0; l <= radial->l_max; l++) {
    const soap_real *beta = radial->transform + l * n * n;
    soap_real primitive[MLGRAIN_SOAP_MOST_N];
    for (int k = 0; k < n; k++)
      primitive[k] =
          radial->front[l * n + k] * soap_power(r, l) * soap_exp(-radial->decay[l * n + k] * r * r);
    for (int i = 0; i < n; i++) {
      soap_real sum = 0;
      for (int k = 0; k < n; k++)
        sum += beta[i * n + k] * primitive[k];
      value[l * n + i] = (long double)sum;
    }
  }
}

/* ---- either --------------------------------------------------------------------------------- */

enum mlgrain_status soap_radial_create(struct soap_radial *radial,
                                       const struct mlgrain_soap_parameters *parameters,
                                       struct mlgrain_error *error)
{
  const int n = parameters->n_max, count = parameters->l_max + 1;
  const int is_quippy = parameters->basis == MLGRAIN_SOAP_QUIPPY;
  const size_t blocks = is_quippy ? 1 : (size_t)count;
  const soap_real sigma = parameters->sigma;
  *radial = (struct soap_radial){parameters->basis, n, parameters->l_max,
                                 .alpha = 1 / (2 * sigma * sigma)};
  radial->position = calloc(blocks * (size_t)n, sizeof(soap_real));
  radial->transform = calloc(blocks * (size_t)(n * n), sizeof(soap_real));
  radial->scratch = calloc((size_t)(2 * n * n), sizeof(soap_real));
  radial->decay = calloc(blocks * (size_t)n, sizeof(soap_real));
  radial->front = calloc(blocks * (size_t)n, sizeof(soap_real));
  radial->short_position = calloc((size_t)n, sizeof(long double));
  radial->short_transform = calloc((size_t)(n * n), sizeof(long double));
  radial->angular = calloc((size_t)count, sizeof(long double));
  if (!radial->position || !radial->transform || !radial->scratch || !radial->decay ||
      !radial->front || !radial->short_position || !radial->short_transform || !radial->angular)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for radial functions");
  if (!(is_quippy ? prepare_quippy : prepare_gto)(radial, parameters))
    return mlgrain_fail(error, MLGRAIN_UNSUPPORTED,
                        "%d radial functions of basis %s with cutoff %g%s depend on each other", n,
                        is_quippy ? "quippy" : "gto", parameters->cutoff,
                        is_quippy ? " and this sigma" : "");
  return MLGRAIN_SUCCESS;
}

void soap_radial_free(struct soap_radial *radial)
{
  free(radial->position);
  free(radial->transform);
  free(radial->scratch);
  free(radial->decay);
  free(radial->front);
  free(radial->short_position);
  free(radial->short_transform);
  free(radial->angular);
}

void soap_radial_evaluate(const struct soap_radial *radial, soap_real r, long double *value)
{
  if (radial->basis == MLGRAIN_SOAP_QUIPPY)
    evaluate_quippy(radial, (long double)r, value);
  else
    evaluate_gto(radial, r, value);
}

void soap_radial_central(const struct soap_radial *radial, long double *value)
{
  long double all[MLGRAIN_SOAP_MOST_N * (MLGRAIN_SOAP_MOST_L + 1)] = {(long double)radial->central};
  if (radial->basis == MLGRAIN_SOAP_GTO)
    evaluate_gto(radial, 0, all);
  for (int i = 0; i < radial->n_max; i++)
    value[i] = all[i];
}
