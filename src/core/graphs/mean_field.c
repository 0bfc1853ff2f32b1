/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mean_field.h"

#include <math.h>
#include <string.h>

#include "base/error_text.h"
#include "homogenize/symmetric.h"
#include "matrices.h"

int mixture_mean(const struct mixture *mixture, const double *constraint, double *mean)
{
  const int size = mixture->size, numbers = size * size;
  double sum[MATRIX_NUMBERS] = {0.0}, matrix[MATRIX_NUMBERS], inverse[MATRIX_NUMBERS];
  for (size_t i = 0; i < mixture->phases; i++) {
    if (mixture->fraction[i] == 0.0)
      continue;
    for (int k = 0; k < numbers; k++)
      matrix[k] = constraint[k] + mixture->tensor[i * (size_t)numbers + (size_t)k];
    if (!symmetric_inverse(size, matrix, inverse))
      return 0;
    for (int k = 0; k < numbers; k++)
      sum[k] += mixture->fraction[i] * inverse[k];
  }
  if (!symmetric_inverse(size, sum, mean))
    return 0;
  for (int i = 0; i < size; i++)
    for (int j = 0; j <= i; j++) {
      const int one = i * size + j, other = j * size + i;
      mean[one] = mean[other] =
          0.5 * (mean[one] + mean[other] - constraint[one] - constraint[other]);
    }
  return 1;
}

void mixture_voigt(const struct mixture *mixture, double *mean)
{
  const int numbers = mixture->size * mixture->size;
  memset(mean, 0, (size_t)numbers * sizeof *mean);
  for (size_t i = 0; i < mixture->phases; i++)
    for (int k = 0; k < numbers; k++)
      mean[k] += mixture->fraction[i] * mixture->tensor[i * (size_t)numbers + (size_t)k];
}

/* ---- directions ----------------------------------------------------------------------------- */

enum { POLAR = 12, AROUND = 24 };

/* Gauss' nodes and weights on (0, 1). */
static void gauss_nodes(double node[POLAR], double weight[POLAR])
{
  for (int i = 0; i < POLAR; i++) {
    double x = cos(acos(-1.0) * (i + 0.75) / (POLAR + 0.5)), slope = 1.0;
    for (int newton = 0; newton < 20; newton++) {
      double before = 1.0, legendre = x;
      for (int n = 2; n <= POLAR; n++) {
        const double next = ((2 * n - 1) * x * legendre - (n - 1) * before) / n;
        before = legendre;
        legendre = next;
      }
      slope = POLAR * (x * legendre - before) / (x * x - 1.0);
      x -= legendre / slope;
    }
    node[i] = 0.5 * (1.0 + x);
    weight[i] = 1.0 / ((1.0 - x * x) * slope * slope);
  }
}

/* Columns of b, [size][3]: n itself (one column), or the strains of n with each axis. */
static int strains_of(int size, const double n[3], double b[MATRIX_MOST][3])
{
  const double half = sqrt(0.5);
  memset(b, 0, sizeof(double[MATRIX_MOST][3]));
  for (int d = 0; size == 3 && d < 3; d++)
    b[d][0] = n[d];
  if (size == 3)
    return 1;
  for (int d = 0; d < 3; d++)
    b[d][d] = n[d];
  b[3][1] = b[4][0] = half * n[2]; /* yz, xz */
  b[3][2] = b[5][0] = half * n[1]; /* yz, xy */
  b[4][2] = b[5][1] = half * n[0]; /* xz, xy */
  return 3;
}

/* polarization += weight b (b^T K b)^-1 b^T. 0 if that has no inverse. */
static int add_direction(int size, const double *medium, const double n[3], double weight,
                         double *polarization)
{
  double b[MATRIX_MOST][3], acoustic[9], inverse[9];
  const int columns = strains_of(size, n, b);
  for (int i = 0; i < columns; i++)
    for (int j = 0; j < columns; j++) {
      double sum = 0.0;
      for (int k = 0; k < size; k++)
        for (int l = 0; l < size; l++)
          sum += b[k][i] * medium[k * size + l] * b[l][j];
      acoustic[i * columns + j] = sum;
    }
  if (!symmetric_inverse(columns, acoustic, inverse))
    return 0;
  for (int k = 0; k < size; k++)
    for (int l = 0; l < size; l++)
      for (int i = 0; i < columns; i++)
        for (int j = 0; j < columns; j++)
          polarization[k * size + l] += weight * b[k][i] * inverse[i * columns + j] * b[l][j];
  return 1;
}

/* The constraint tensor of an isotropic medium, as to rounding most mixtures of isotropic phases
   are: 2 k; of stiffnesses 4 G for the bulk part 3 K, and G (9 K + 8 G)/(3 (K + 2 G)) for the shear
   part 2 G. 0 if the medium isn't isotropic. */
static int isotropic_constraint(int size, const double *medium, double *constraint)
{
  double part[MATRIX_ISOTROPIC_MOST], rest[MATRIX_NUMBERS];
  const int parts = matrix_isotropic(size, medium, part);
  memcpy(rest, medium, (size_t)(size * size) * sizeof *rest);
  matrix_add_isotropic(size, part, -1.0, rest);
  if (matrix_product(size, rest, rest) > 1e-26 * matrix_product(size, medium, medium))
    return 0;
  if (parts == 1) {
    part[0] *= 2.0;
  } else {
    const double bulk = part[0] / 3.0, shear = part[1] / 2.0;
    part[0] = 4.0 * shear;
    part[1] = shear * (9.0 * bulk + 8.0 * shear) / (3.0 * (bulk + 2.0 * shear));
  }
  memset(constraint, 0, (size_t)(size * size) * sizeof *constraint);
  matrix_add_isotropic(size, part, 1.0, constraint);
  return 1;
}

int constraint_tensor(int size, const double *medium, double *constraint)
{
  if (isotropic_constraint(size, medium, constraint))
    return 1;
  double node[POLAR], weight[POLAR], polarization[MATRIX_NUMBERS] = {0.0};
  gauss_nodes(node, weight);
  for (int i = 0; i < POLAR; i++)
    for (int j = 0; j < AROUND; j++) {
      const double across = sqrt(1.0 - node[i] * node[i]), angle = 2.0 * acos(-1.0) * j / AROUND;
      const double n[3] = {across * cos(angle), across * sin(angle), node[i]};
      if (!add_direction(size, medium, n, weight[i] / AROUND, polarization))
        return 0;
    }
  if (!symmetric_inverse(size, polarization, constraint))
    return 0;
  for (int k = 0; k < size * size; k++)
    constraint[k] -= medium[k];
  return 1;
}

/* ---- the self-consistent mean --------------------------------------------------------------- */

/* By how much b differs from a, relative to it. */
static double difference(int size, const double *a, const double *b)
{
  double square = 0.0;
  for (int k = 0; k < size * size; k++)
    square += (b[k] - a[k]) * (b[k] - a[k]);
  return sqrt(square / matrix_product(size, a, a));
}

enum mlgrain_status mixture_self_consistent(const struct mixture *mixture, double *mean,
                                            struct mlgrain_error *error)
{
  enum { MOST_STEPS = 20000 };
  const int size = mixture->size;
  double constraint[MATRIX_NUMBERS], next[MATRIX_NUMBERS];
  mixture_voigt(mixture, mean);
  for (int step = 0; step < MOST_STEPS; step++) {
    if (!constraint_tensor(size, mean, constraint) || !mixture_mean(mixture, constraint, next))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "a tensor is not positive definite, or nearly so");
    const double change = difference(size, mean, next);
    memcpy(mean, next, (size_t)(size * size) * sizeof *mean);
    if (change < 1e-11)
      return MLGRAIN_SUCCESS;
  }
  return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED,
                      "the self-consistent estimate doesn't converge");
}
