/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: matrices times the gradients of several blocks of centers, for grades. */
#ifndef MLGRAIN_MTP_MATRIX_H
#define MLGRAIN_MTP_MATRIX_H

#include "mtp_ranges.h"

enum { MATRIX_ROWS = MTP_MATRIX_ROWS(WIDTH) };

/* Doubles from one block's gradients to the next's: results of skeleton rows are in between. */
static inline size_t mtp_gradient_stride(const struct mtp_task *task)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  return (mtp->parameter_count + (mtp->factored ? mtp->factored->room : 0)) * WIDTH;
}

/* What a product with some rows of a matrix works on, blocks `stride` doubles apart. `out` receives
   the results, if not NULL; largest[c] becomes the largest in size of itself and those of block c.
 */
struct product {
  int blocks;
  const double *v;
  size_t stride;
  double *out;
  vector *largest;
};

/* Up to MATRIX_ROWS MTP_GRADE_BLOCKS / blocks rows of a matrix, [column][row] if packed; else
   [row][column] with a column for each vector, `n` to a row. */
ALWAYS_INLINE void matrix_rows(const int rows, const int blocks, const int packed,
                               const double *matrix, size_t n, const struct range ranges[2],
                               const struct product *product)
{
  vector sum[MATRIX_ROWS * MTP_GRADE_BLOCKS];
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < blocks; c++)
      sum[r * blocks + c] = vector_set(0.0);
  const size_t stride = product->stride;
  for (int part = 0; part < 2; part++) {
    const double *v = product->v + ranges[part].first * WIDTH;
    const double *end = product->v + ranges[part].last * WIDTH;
    const double *column = packed ? matrix : matrix + ranges[part].first;
    for (; v < end; v += WIDTH, column += packed ? rows : 1)
      for (int r = 0; r < rows; r++) {
        const vector a = vector_set(column[packed ? (size_t)r : (size_t)r * n]);
        for (int c = 0; c < blocks; c++)
          sum[r * blocks + c] += a * vector_load(v + (size_t)c * stride);
      }
    matrix = packed ? column : matrix;
  }
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < blocks; c++) {
      const vector size = vector_abs(sum[r * blocks + c]), largest = product->largest[c];
      product->largest[c] = vector_select(size <= largest, largest, size); /* NaN stays: all are */
      if (product->out)
        vector_store(product->out + (size_t)c * product->stride + (size_t)r * WIDTH,
                     sum[r * blocks + c]);
    }
}

#endif
