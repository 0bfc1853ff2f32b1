/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matrix products of training. */
#include "mtp_train_block.h"

enum { SIDE = WIDTH == 8 ? 4 : 3, CHUNK = 256 }; /* SIDE^2 sums fit in the registers */

/* sum[i][j] of a_i . b_j over `length` numbers */
ALWAYS_INLINE void square(const int rows, const int columns, const double *a, const double *b,
                          size_t stride, size_t length, double *normal, size_t n)
{
  vector sum[SIDE][SIDE];
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      sum[i][j] = vector_set(0.0);
  for (size_t k = 0; k < length; k += WIDTH) {
    vector right[SIDE];
    for (int j = 0; j < columns; j++)
      right[j] = vector_load(b + (size_t)j * stride + k);
    for (int i = 0; i < rows; i++) {
      const vector left = vector_load(a + (size_t)i * stride + k);
      for (int j = 0; j < columns; j++)
        sum[i][j] += left * right[j];
    }
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      normal[(size_t)i * n + (size_t)j] += vector_sum(sum[i][j]);
}

/* Rows i .. of the lower triangle, whole squares of SIDE; what is above the diagonal there means
   nothing. */
static void rows_of_squares(const double *values, size_t n, size_t stride, size_t length, size_t i,
                            double *normal)
{
  const double *a = values + i * stride;
  size_t j = 0;
  if (i + SIDE > n) { /* the last rows, one by one */
    for (size_t row = i; row < n; row++)
      for (j = 0; j <= row; j++)
        square(1, 1, values + row * stride, values + j * stride, stride, length,
               normal + row * n + j, n);
    return;
  }
  for (; j + SIDE <= i + SIDE; j += SIDE)
    square(SIDE, SIDE, a, values + j * stride, stride, length, normal + i * n + j, n);
}

/* Lower triangle of normal [n][n] += A A^T, A = values [n][stride]. */
void MLGRAIN_KERNEL(train_squares)(const double *values, size_t n, size_t stride, double *normal)
{
  for (size_t first = 0; first < stride; first += CHUNK) {
    const size_t length = stride - first < CHUNK ? stride - first : CHUNK;
    for (size_t i = 0; i < n; i += SIDE)
      rows_of_squares(values + first, n, stride, length, i, normal);
  }
}
