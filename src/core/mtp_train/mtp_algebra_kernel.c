/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matrix products of training, and exchanges of rows of active sets. */
#include "mtp_train_block.h"

enum {
  SIDE = WIDTH == 8 ? 4 : 3, /* SIDE^2 sums fit in the registers */
  CHUNK = 256,               /* of a dot product at a time, so that what is read again is near */
  PANEL = 48                 /* rows of the right matrix at a time: a multiple of all SIDE */
};

/* out[i][j] += a_i . b_j over `length` numbers, whole vectors */
ALWAYS_INLINE void tile(const int rows, const int columns, const double *a, size_t a_stride,
                        const double *b, size_t b_stride, size_t length, double *out,
                        size_t out_stride)
{
  vector sum[SIDE][SIDE];
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      sum[i][j] = vector_set(0.0);
  for (size_t k = 0; k < length; k += WIDTH) {
    vector right[SIDE];
    for (int j = 0; j < columns; j++)
      right[j] = vector_load(b + (size_t)j * b_stride + k);
    for (int i = 0; i < rows; i++) {
      const vector left = vector_load(a + (size_t)i * a_stride + k);
      for (int j = 0; j < columns; j++)
        sum[i][j] += left * right[j];
    }
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      out[(size_t)i * out_stride + (size_t)j] += vector_sum(sum[i][j]);
}

/* The same for any numbers of rows. */
static void panel(const double *a, size_t a_stride, size_t rows, const double *b, size_t b_stride,
                  size_t columns, size_t length, double *out, size_t out_stride)
{
  size_t i = 0, j;
  for (; i + SIDE <= rows; i += SIDE) {
    for (j = 0; j + SIDE <= columns; j += SIDE)
      tile(SIDE, SIDE, a + i * a_stride, a_stride, b + j * b_stride, b_stride, length,
           out + i * out_stride + j, out_stride);
    for (; j < columns; j++)
      tile(SIDE, 1, a + i * a_stride, a_stride, b + j * b_stride, b_stride, length,
           out + i * out_stride + j, out_stride);
  }
  for (; i < rows; i++)
    for (j = 0; j < columns; j++)
      tile(1, 1, a + i * a_stride, a_stride, b + j * b_stride, b_stride, length,
           out + i * out_stride + j, out_stride);
}

void MLGRAIN_KERNEL(train_products_of_rows)(const double *a, size_t rows, const double *b,
                                            size_t columns, size_t stride, double *out,
                                            size_t out_stride)
{
  for (size_t k = 0; k < stride; k += CHUNK)
    for (size_t j = 0; j < columns; j += PANEL)
      panel(a + k, stride, rows, b + j * stride + k, stride,
            columns - j < PANEL ? columns - j : PANEL, stride - k < CHUNK ? stride - k : CHUNK,
            out + j, out_stride);
}

/* Panels on the diagonal are done whole: what is above it there means nothing. */
void MLGRAIN_KERNEL(train_squares)(const double *values, size_t n, size_t stride, double *normal)
{
  for (size_t k = 0; k < stride; k += CHUNK)
    for (size_t j = 0; j < n; j += PANEL)
      panel(values + j * stride + k, stride, n - j, values + j * stride + k, stride,
            n - j < PANEL ? n - j : PANEL, stride - k < CHUNK ? stride - k : CHUNK,
            normal + j * n + j, n);
}

/* Largest element of a row, sign dropped. */
ALWAYS_INLINE double largest_of(const double *row, size_t stride)
{
  vector largest = vector_set(0.0);
  for (size_t k = 0; k < stride; k += WIDTH) {
    const vector size = vector_abs(vector_load(row + k));
    largest = vector_select(size > largest, size, largest);
  }
  double most = 0.0;
  for (int lane = 0; lane < WIDTH; lane++)
    most = largest[lane] > most ? largest[lane] : most;
  return most;
}

double MLGRAIN_KERNEL(train_exchange)(double *values, size_t rows, size_t stride,
                                      const double *change, size_t column, size_t *largest_row)
{
  double most = -1.0;
  for (size_t i = 0; i < rows; i++) {
    double *row = values + i * stride;
    const vector factor = vector_set(change ? row[column] : 0.0);
    for (size_t k = 0; k < stride && change; k += WIDTH)
      vector_store(row + k, vector_load(row + k) - factor * vector_load(change + k));
    const double own = largest_of(row, stride);
    if (own > most) {
      most = own;
      *largest_row = i;
    }
  }
  return most;
}
