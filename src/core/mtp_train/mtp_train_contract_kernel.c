/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Products of the derivatives of a few elements by moments with the changes of these. */
#include "mtp_train_block.h"

enum { VECTORS = WIDTH == 8 ? 5 : 2 }; /* CONTRACTED times so many sums fit in the registers */

ALWAYS_INLINE void tile(const size_t rows, const size_t vectors, const double *factors,
                        const uint32_t *moment, size_t count, const double *values, size_t columns,
                        double *out)
{
  vector sum[CONTRACTED][VECTORS];
  for (size_t i = 0; i < rows; i++)
    for (size_t v = 0; v < vectors; v++)
      sum[i][v] = vector_load(out + i * columns + v * WIDTH);
  for (size_t k = 0; k < count; k++) {
    const double *row = values + (size_t)moment[k] * columns;
    vector right[VECTORS];
    for (size_t v = 0; v < vectors; v++)
      right[v] = vector_load(row + v * WIDTH);
    for (size_t i = 0; i < rows; i++) {
      const vector left = vector_set(factors[i * count + k]);
      for (size_t v = 0; v < vectors; v++)
        sum[i][v] += left * right[v];
    }
  }
  for (size_t i = 0; i < rows; i++)
    for (size_t v = 0; v < vectors; v++)
      vector_store(out + i * columns + v * WIDTH, sum[i][v]);
}

ALWAYS_INLINE void panel(const size_t rows, const double *factors, const uint32_t *moment,
                         size_t count, const double *values, size_t columns, double *out)
{
  size_t first = 0;
  for (; first + VECTORS * WIDTH <= columns; first += VECTORS * WIDTH)
    tile(rows, VECTORS, factors, moment, count, values + first, columns, out + first);
  for (; first < columns; first += WIDTH)
    tile(rows, 1, factors, moment, count, values + first, columns, out + first);
}

void MLGRAIN_KERNEL(train_contract)(const double *factors, size_t rows, const uint32_t *moment,
                                    size_t count, const double *values, size_t columns, double *out)
{
  _Static_assert(CONTRACTED == 4, "each number of rows has its own loops");
  if (rows == 4)
    panel(4, factors, moment, count, values, columns, out);
  else if (rows == 3)
    panel(3, factors, moment, count, values, columns, out);
  else if (rows == 2)
    panel(2, factors, moment, count, values, columns, out);
  else
    panel(1, factors, moment, count, values, columns, out);
}
