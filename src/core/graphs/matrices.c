/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "matrices.h"

#include <math.h>
#include <string.h>

static void scale_shear(int size, const double *from, double factor, double *to)
{
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++)
      to[i * size + j] = from[i * size + j] * (size == 6 && i > 2 ? factor : 1.0) *
                         (size == 6 && j > 2 ? factor : 1.0);
}

void matrix_to_mandel(int size, const double *voigt, double *mandel)
{
  scale_shear(size, voigt, sqrt(2.0), mandel);
}

void matrix_to_voigt(int size, const double *mandel, double *voigt)
{
  scale_shear(size, mandel, sqrt(0.5), voigt);
}

/* Rotates rows and columns p and q so that element (p, q) vanishes. */
static void rotate(int size, double *a, double *vector, int p, int q)
{
  const double apq = a[p * size + q];
  if (apq == 0.0)
    return;
  const double theta = 0.5 * (a[q * size + q] - a[p * size + p]) / apq;
  const double t = copysign(1.0, theta) / (fabs(theta) + hypot(1.0, theta));
  const double c = 1.0 / hypot(1.0, t), s = t * c;
  for (int k = 0; k < size; k++) {
    const double kp = a[k * size + p], kq = a[k * size + q];
    a[k * size + p] = c * kp - s * kq;
    a[k * size + q] = s * kp + c * kq;
  }
  for (int k = 0; k < size; k++) {
    const double pk = a[p * size + k], qk = a[q * size + k];
    a[p * size + k] = c * pk - s * qk;
    a[q * size + k] = s * pk + c * qk;
  }
  for (int k = 0; k < size; k++) {
    const double kp = vector[k * size + p], kq = vector[k * size + q];
    vector[k * size + p] = c * kp - s * kq;
    vector[k * size + q] = s * kp + c * kq;
  }
}

void matrix_eigen(int size, const double *matrix, double *value, double *vector)
{
  enum { MOST_SWEEPS = 60 };
  double a[MATRIX_NUMBERS] = {0.0};
  memcpy(a, matrix, (size_t)(size * size) * sizeof *a);
  for (int i = 0; i < size * size; i++)
    vector[i] = i / size == i % size;
  for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    double off = 0.0, all = 0.0;
    for (int i = 0; i < size * size; i++) {
      all += a[i] * a[i];
      off += i / size == i % size ? 0.0 : a[i] * a[i];
    }
    if (!(off > 1e-32 * all))
      break;
    for (int p = 0; p < size; p++)
      for (int q = p + 1; q < size; q++)
        rotate(size, a, vector, p, q);
  }
  for (int k = 0; k < size; k++)
    value[k] = a[k * size + k];
}

void matrix_function(int size, const double *matrix, double (*f)(double), double *result)
{
  double value[MATRIX_MOST] = {0.0}, vector[MATRIX_NUMBERS] = {0.0};
  matrix_eigen(size, matrix, value, vector);
  for (int k = 0; k < size; k++)
    value[k] = f(value[k]);
  for (int i = 0; i < size; i++)
    for (int j = 0; j <= i; j++) {
      double sum = 0.0;
      for (int k = 0; k < size; k++)
        sum += value[k] * vector[i * size + k] * vector[j * size + k];
      result[i * size + j] = result[j * size + i] = sum;
    }
}

void matrix_between(int size, const double *a, const double *b, double *result)
{
  double half[MATRIX_NUMBERS] = {0.0};
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      double sum = 0.0;
      for (int k = 0; k < size; k++)
        sum += a[i * size + k] * b[k * size + j];
      half[i * size + j] = sum;
    }
  for (int i = 0; i < size; i++)
    for (int j = 0; j <= i; j++) {
      double sum = 0.0;
      for (int k = 0; k < size; k++)
        sum += half[i * size + k] * a[k * size + j];
      result[i * size + j] = result[j * size + i] = sum;
    }
}

int matrix_isotropic(int size, const double *matrix, double part[MATRIX_ISOTROPIC_MOST])
{
  double trace = 0.0, bulk = 0.0;
  for (int i = 0; i < size; i++)
    trace += matrix[i * size + i];
  if (size == 3) {
    part[0] = trace / 3.0;
    return 1;
  }
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      bulk += matrix[i * size + j] / 3.0;
  part[0] = bulk;
  part[1] = (trace - bulk) / 5.0;
  return 2;
}

void matrix_add_isotropic(int size, const double *part, double factor, double *matrix)
{
  for (int i = 0; i < size; i++)
    matrix[i * size + i] += factor * part[size == 3 ? 0 : 1];
  for (int i = 0; size == 6 && i < 3; i++)
    for (int j = 0; j < 3; j++)
      matrix[i * size + j] += factor * (part[0] - part[1]) / 3.0;
}

double matrix_product(int size, const double *a, const double *b)
{
  double sum = 0.0;
  for (int i = 0; i < size * size; i++)
    sum += a[i] * b[i];
  return sum;
}
