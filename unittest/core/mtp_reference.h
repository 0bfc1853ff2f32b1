/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment tensor potentials once more, straight from the formulas of doc/theory_mtp.md and with no
   thought of speed: what the kernels are compared with. */
#ifndef MTP_REFERENCE_H
#define MTP_REFERENCE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mlgrain/mtp.h"

/* Energy V of one neighborhood, its derivatives by the displacements and by the parameters. */
struct reference_site {
  double energy;
  double (*gradient)[3]; /* [count] dV/dd */
  double *parameter;     /* [parameter_count] dV/dparameter, or NULL */
};

/* Values and derivatives by r of (r - max_dist)^2 T_b(xi), without the scaling. */
static inline void reference_basis(const struct mlgrain_mtp_file *file, double r, double *value,
                                   double *slope)
{
  const double width = file->max_dist - file->min_dist;
  const int clamp = file->basis == MLGRAIN_MTP_CHEBYSHEV_REPULS && r < file->min_dist;
  if (clamp)
    r = file->min_dist;
  const double xi = (2.0 * r - (file->min_dist + file->max_dist)) / width;
  const double smooth = (r - file->max_dist) * (r - file->max_dist);
  double t[2] = {1.0, xi}, dt[2] = {0.0, 2.0 / width};
  for (int b = 0; b < file->radial_size; b++) {
    value[b] = smooth * t[0];
    slope[b] = clamp ? 0.0 : 2.0 * (r - file->max_dist) * t[0] + smooth * dt[0];
    const double next = 2.0 * xi * t[1] - t[0];
    const double dnext = 4.0 / width * t[1] + 2.0 * xi * dt[1] - dt[0];
    t[0] = t[1];
    t[1] = next;
    dt[0] = dt[1];
    dt[1] = dnext;
  }
}

static inline double reference_power(double x, int n)
{
  double p = 1.0;
  while (n-- > 0)
    p *= x;
  return p;
}

static inline const double *reference_coeffs(const struct mlgrain_mtp_file *file, int center,
                                             int neighbor, int mu)
{
  return file->radial_coeffs + (((size_t)center * (size_t)file->species_count + (size_t)neighbor) *
                                    (size_t)file->radial_count +
                                (size_t)mu) *
                                   (size_t)file->radial_size;
}

/* Everything that depends on one pair: f_mu of a basic moment and its derivatives. */
struct reference_pair {
  double r, u[3];
  double *basis, *slope; /* [radial_size] */
};

static inline void reference_products(const struct mlgrain_mtp_file *file, double *m)
{
  for (int t = 0; t < file->times_count; t++) {
    const int *a = file->times[t];
    m[a[3]] += a[2] * m[a[0]] * m[a[1]];
  }
}

static inline void reference_products_backward(const struct mlgrain_mtp_file *file, const double *m,
                                               double *adjoint)
{
  for (int t = file->times_count - 1; t >= 0; t--) {
    const int *a = file->times[t];
    adjoint[a[0]] += adjoint[a[3]] * a[2] * m[a[1]];
    adjoint[a[1]] += adjoint[a[3]] * a[2] * m[a[0]];
  }
}

/* Adds what basic moment k, with adjoint `weight`, gives to the derivatives for one neighbor. */
static inline void reference_basic_backward(const struct mlgrain_mtp_file *file, int k,
                                            double weight, const struct reference_pair *pair,
                                            const double *coeffs, double gradient[3],
                                            double *parameter)
{
  const int *alpha = file->basic[k];
  double f = 0.0, df = 0.0, power[3], monomial = 1.0;
  for (int b = 0; b < file->radial_size; b++) {
    f += file->scaling * coeffs[b] * pair->basis[b];
    df += file->scaling * coeffs[b] * pair->slope[b];
  }
  for (int d = 0; d < 3; d++)
    monomial *= power[d] = reference_power(pair->u[d], alpha[d + 1]);
  /* du_c/dd_e = (delta_ce - u_c u_e)/r */
  for (int e = 0; e < 3; e++) {
    double sum = df * monomial * pair->u[e];
    for (int c = 0; c < 3; c++) {
      if (alpha[c + 1] == 0)
        continue;
      double derivative = alpha[c + 1] * reference_power(pair->u[c], alpha[c + 1] - 1);
      for (int d = 0; d < 3; d++)
        derivative *= d == c ? 1.0 : power[d];
      sum += f * derivative * ((c == e) - pair->u[c] * pair->u[e]) / pair->r;
    }
    gradient[e] += weight * sum;
  }
  if (parameter)
    for (int b = 0; b < file->radial_size; b++)
      parameter[(coeffs - file->radial_coeffs) + b] +=
          weight * file->scaling * pair->basis[b] * monomial;
}

static inline void reference_wall(const struct mlgrain_mtp_file *file,
                                  const struct reference_pair *pair, struct reference_site *site,
                                  int j)
{
  if (file->basis != MLGRAIN_MTP_CHEBYSHEV_REPULS || pair->r >= file->min_dist)
    return;
  const double e = 1e4 * exp(-10.0 * (pair->r - 1.0));
  site->energy += e - 1e4 * exp(-10.0 * (file->min_dist - 1.0));
  for (int d = 0; d < 3; d++)
    site->gradient[j][d] -= 10.0 * e * pair->u[d];
}

/* One center with `count` neighbors inside the cutoff. Fills site. */
static inline void reference_compute(const struct mlgrain_mtp_file *file, int center, int count,
                                     const double (*d)[3], const int *species,
                                     struct reference_site *site)
{
  const size_t size = (size_t)file->radial_size;
  struct reference_pair *pair = calloc((size_t)count + 1, sizeof *pair);
  double *basis = calloc(((size_t)count + 1) * 2 * size, sizeof *basis);
  double *m = calloc((size_t)file->moment_count * 2, sizeof *m);
  double *adjoint = m + file->moment_count;
  memset(site->gradient, 0, (size_t)count * sizeof *site->gradient);
  site->energy = file->species_coeffs[center];
  for (int j = 0; j < count; j++) {
    struct reference_pair *p = &pair[j];
    p->basis = basis + 2 * size * (size_t)j;
    p->slope = p->basis + size;
    p->r = sqrt(d[j][0] * d[j][0] + d[j][1] * d[j][1] + d[j][2] * d[j][2]);
    for (int c = 0; c < 3; c++)
      p->u[c] = d[j][c] / p->r;
    reference_basis(file, p->r, p->basis, p->slope);
    reference_wall(file, p, site, j);
    for (int k = 0; k < file->basic_count; k++) {
      const int *alpha = file->basic[k];
      const double *coeffs = reference_coeffs(file, center, species[j], alpha[0]);
      double f = 0.0;
      for (int b = 0; b < file->radial_size; b++)
        f += file->scaling * coeffs[b] * p->basis[b];
      m[k] += f * reference_power(p->u[0], alpha[1]) * reference_power(p->u[1], alpha[2]) *
              reference_power(p->u[2], alpha[3]);
    }
  }
  reference_products(file, m);
  for (int s = 0; s < file->scalar_count; s++) {
    site->energy += file->moment_coeffs[s] * m[file->mapping[s]];
    adjoint[file->mapping[s]] += file->moment_coeffs[s];
  }
  reference_products_backward(file, m, adjoint);
  if (site->parameter) {
    const size_t linear = file->parameter_count - (size_t)file->scalar_count;
    memset(site->parameter, 0, file->parameter_count * sizeof *site->parameter);
    site->parameter[linear - (size_t)file->species_count + (size_t)center] = 1.0;
    for (int s = 0; s < file->scalar_count; s++)
      site->parameter[linear + (size_t)s] = m[file->mapping[s]];
  }
  for (int j = 0; j < count; j++)
    for (int k = 0; k < file->basic_count; k++)
      reference_basic_backward(file, k, adjoint[k], &pair[j],
                               reference_coeffs(file, center, species[j], file->basic[k][0]),
                               site->gradient[j], site->parameter);
  free(pair);
  free(basis);
  free(m);
}

/* max_k |active_inverse[k] . v| */
static inline double reference_grade(const struct mlgrain_mtp_file *file, const double *v)
{
  const size_t n = file->parameter_count;
  double largest = 0.0;
  for (size_t k = 0; k < n; k++) {
    double sum = 0.0;
    for (size_t l = 0; l < n; l++)
      sum += file->active_inverse[k * n + l] * v[l];
    largest = fmax(largest, fabs(sum));
  }
  return largest;
}

#endif
