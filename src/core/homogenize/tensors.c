/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/homogenize_tensors.h"

#include <math.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "symmetric.h"

/* ---- symmetric matrices --------------------------------------------------------------------- */

/* L of matrix = L L^T, its diagonal inverted. 0 if a pivot is lost in rounding. */
static int factorize(int size, const double *matrix, double lower[SYMMETRIC_MOST][SYMMETRIC_MOST])
{
  for (int i = 0; i < size; i++)
    for (int j = 0; j <= i; j++) {
      double sum = matrix[i * size + j];
      for (int k = 0; k < j; k++)
        sum -= lower[i][k] * lower[j][k];
      if (i != j)
        lower[i][j] = sum * lower[j][j];
      else if (!(sum > 1e-14 * matrix[i * size + i]))
        return 0;
      else
        lower[i][i] = 1.0 / sqrt(sum);
    }
  return 1;
}

int symmetric_inverse(int size, const double *matrix, double *inverse)
{
  double lower[SYMMETRIC_MOST][SYMMETRIC_MOST];
  if (!factorize(size, matrix, lower))
    return 0;
  for (int column = 0; column < size; column++) {
    double x[SYMMETRIC_MOST] = {0.0};
    for (int i = column; i < size; i++) {
      x[i] = i == column;
      for (int k = column; k < i; k++)
        x[i] -= lower[i][k] * x[k];
      x[i] *= lower[i][i];
    }
    for (int i = size - 1; i >= 0; i--) {
      for (int k = i + 1; k < size; k++)
        x[i] -= lower[k][i] * x[k];
      x[i] *= lower[i][i];
    }
    for (int i = 0; i < size; i++)
      inverse[i * size + column] = x[i];
  }
  return 1;
}

/* ---- turned --------------------------------------------------------------------------------- */

void mlgrain_turn_conductivity(const double rotation[3][3], const double conductivity[3][3],
                               double turned[3][3])
{
  double half[3][3], whole[3][3];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      half[i][j] = 0.0;
      for (int k = 0; k < 3; k++)
        half[i][j] += rotation[i][k] * conductivity[k][j];
    }
  for (int i = 0; i < 3; i++)
    for (int j = 0; j <= i; j++)
      whole[i][j] = whole[j][i] = dot3(half[i], rotation[j]);
  memcpy(turned, whole, sizeof whole);
}

/* The matrix M with stress_sample = M stress_crystal in Voigt's notation (W. L. Bond, Bell Syst.
   Tech. J. 22 (1943) 1): C' = M C M^T. */
static void bond_matrix(const double r[3][3], double m[6][6])
{
  static const int pair[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
  for (int a = 0; a < 6; a++)
    for (int b = 0; b < 6; b++) {
      const int i = pair[a][0], j = pair[a][1], k = pair[b][0], l = pair[b][1];
      m[a][b] = b < 3 ? r[i][k] * r[j][k] : r[i][k] * r[j][l] + r[i][l] * r[j][k];
    }
}

void mlgrain_turn_stiffness(const double rotation[3][3], const double stiffness[6][6],
                            double turned[6][6])
{
  double m[6][6], half[6][6], whole[6][6];
  bond_matrix(rotation, m);
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++) {
      half[i][j] = 0.0;
      for (int k = 0; k < 6; k++)
        half[i][j] += m[i][k] * stiffness[k][j];
    }
  for (int i = 0; i < 6; i++)
    for (int j = 0; j <= i; j++) {
      double sum = 0.0;
      for (int k = 0; k < 6; k++)
        sum += half[i][k] * m[j][k];
      whole[i][j] = whole[j][i] = sum;
    }
  memcpy(turned, whole, sizeof whole);
}

/* ---- layered -------------------------------------------------------------------------------- */

enum mlgrain_status mlgrain_layer_conductivity(const double first[3][3], double fraction,
                                               const double second[3][3], const double normal[3],
                                               double layered[3][3], struct mlgrain_error *error)
{
  const double f1 = fraction, f2 = 1.0 - fraction;
  double n[3], step[3], mean[3][3], across = 0.0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      if (!isfinite(first[i][j]) || !isfinite(second[i][j]) || !isfinite(normal[i]))
        return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "layers: a number that is not finite");
  const double length = norm3(normal);
  if (!(length > 0.0) || !isfinite(length))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "layers: a normal of length 0");
  if (!(f1 >= 0.0 && f1 <= 1.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "layers: fraction %g is not 0 to 1", f1);
  for (int i = 0; i < 3; i++)
    n[i] = normal[i] / length;
  for (int i = 0; i < 3; i++) {
    step[i] = 0.0;
    for (int j = 0; j < 3; j++) {
      step[i] += (first[i][j] - second[i][j]) * n[j];
      across += n[i] * (f2 * first[i][j] + f1 * second[i][j]) * n[j];
      mean[i][j] = f1 * first[i][j] + f2 * second[i][j];
    }
  }
  if (!(across > 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "layers: no conductivity along the normal");
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      layered[i][j] = mean[i][j] - f1 * f2 * step[i] * step[j] / across;
  return MLGRAIN_SUCCESS;
}
