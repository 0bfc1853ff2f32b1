/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Active sets by MaxVol. If row j of A becomes the candidate v with coefficients c = v A^-1,
     A^-T[k] -= (c_k - delta_jk)/c_j A^-T[j],   c'_k -= c'_j (c_k - delta_jk)/c_j
   for any other candidate's c'. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "mtp_train_private.h"

enum {
  PADDING = 8,
  MOST_UPDATES = 64, /* of the inverse before it is improved */
  MOST_ROUNDS = 1000 /* exchanges for each row, should rounding never let them end */
};

static const double unit = 1e-6;
static const double MOST_WRONG = 1e-4; /* in A A^-1, which a step of Newton's method makes good */

struct mlgrain_mtp_selection {
  size_t n, stride; /* stride: a row of whole vectors */
  double *active;   /* [n][n] */
  double *room;     /* [3][n][stride] for improving the inverse */
  double *inverse;  /* [n][stride] transposed inverse */
  long long *number;
  size_t updates;
  const struct train_kernels *kernels;
};

static void swap_rows(double *a, double *b, size_t n)
{
  for (size_t k = 0; k < n; k++) {
    const double swap = a[k];
    a[k] = b[k];
    b[k] = swap;
  }
}

static size_t pivot_row(const double *matrix, size_t n, size_t column)
{
  size_t row = column;
  for (size_t i = column; i < n; i++)
    if (fabs(matrix[i * n + column]) > fabs(matrix[row * n + column]))
      row = i;
  return row;
}

/* inverse [n][stride] = transposed inverse of matrix [n][n], by Gauss and Jordan with partial
   pivoting: of the transposed matrix, whose rows are scaled, since parameters differ much in size.
   `matrix` is overwritten. 0 if it is singular. */
static int invert(double *matrix, size_t n, double *inverse, size_t stride)
{
  memset(inverse, 0, n * stride * sizeof *inverse);
  for (size_t i = 0; i < n; i++) /* transpose */
    for (size_t k = 0; k < i; k++) {
      const double swap = matrix[i * n + k];
      matrix[i * n + k] = matrix[k * n + i];
      matrix[k * n + i] = swap;
    }
  for (size_t i = 0; i < n; i++) {
    double size = 0.0;
    for (size_t k = 0; k < n; k++)
      size = fmax(size, fabs(matrix[i * n + k]));
    if (!(size > 0.0) || !isfinite(size))
      return 0;
    inverse[i * stride + i] = 1.0 / size;
    for (size_t k = 0; k < n; k++)
      matrix[i * n + k] /= size;
  }
  for (size_t column = 0; column < n; column++) {
    const size_t best = pivot_row(matrix, n, column);
    double *row = matrix + column * n, *right = inverse + column * stride;
    swap_rows(row, matrix + best * n, best == column ? 0 : n);
    swap_rows(right, inverse + best * stride, best == column ? 0 : n);
    const double factor = 1.0 / row[column];
    if (!isfinite(factor))
      return 0;
    for (size_t k = column; k < n; k++)
      row[k] *= factor;
    for (size_t k = 0; k < n; k++)
      right[k] *= factor;
    for (size_t i = 0; i < n; i++) {
      const double left = i == column ? 0.0 : matrix[i * n + column];
      if (left == 0.0)
        continue;
      double *other = matrix + i * n, *other_right = inverse + i * stride;
      for (size_t k = column; k < n; k++)
        other[k] -= left * row[k];
      for (size_t k = 0; k < n; k++)
        other_right[k] -= left * right[k];
    }
  }
  return 1;
}

/* target [n][stride] = transposed source */
static void transpose(const double *source, size_t n, size_t stride, size_t from_stride,
                      double *target)
{
  enum { SQUARE = 16 };
  for (size_t i = 0; i < n; i += SQUARE)
    for (size_t k = 0; k < n; k += SQUARE)
      for (size_t j = i; j < n && j < i + SQUARE; j++)
        for (size_t l = k; l < n && l < k + SQUARE; l++)
          target[j * stride + l] = source[l * from_stride + j];
}

/* One step of Newton's method for the inverse: X += X (1 - A X), which squares what is wrong with
   it. 0 if that is too much. */
static int sharpen(const struct mlgrain_mtp_selection *selection, double *room)
{
  const size_t n = selection->n, stride = selection->stride;
  double *padded = room, *rest = room + n * stride, *turned = room + 2 * n * stride;
  double largest = 0.0;
  memset(room, 0, 3 * n * stride * sizeof *room);
  for (size_t i = 0; i < n; i++)
    memcpy(padded + i * stride, selection->active + i * n, n * sizeof *padded);
  /* rest[k][i] = - (A X)[i][k], X[l][k] = inverse[k][l] */
  selection->kernels->products_of_rows(selection->inverse, n, padded, n, stride, rest, stride);
  for (size_t k = 0; k < n; k++)
    for (size_t i = 0; i < n; i++) {
      double *element = rest + k * stride + i;
      *element = (k == i ? 1.0 : 0.0) - *element;
      largest = fmax(largest, fabs(*element));
    }
  if (!(largest < MOST_WRONG))
    return 0;
  transpose(selection->inverse, n, stride, stride, turned);
  selection->kernels->products_of_rows(rest, n, turned, n, stride, selection->inverse, stride);
  return 1;
}

/* Computes the transposed inverse anew: MLGRAIN_INVALID_ARGUMENT if A is singular. */
static enum mlgrain_status refresh(const struct mlgrain_mtp_selection *selection, double *inverse,
                                   size_t stride)
{
  const size_t n = selection->n;
  double *copy = malloc(n * n * sizeof *copy);
  if (!copy)
    return MLGRAIN_OUT_OF_MEMORY;
  memcpy(copy, selection->active, n * n * sizeof *copy);
  const int good = invert(copy, n, inverse, stride);
  free(copy);
  return good ? MLGRAIN_SUCCESS : MLGRAIN_INVALID_ARGUMENT;
}

static enum mlgrain_status fail(enum mlgrain_status status, struct mlgrain_error *error)
{
  if (!status)
    return status;
  return mlgrain_fail(error, status,
                      status == MLGRAIN_OUT_OF_MEMORY ? "out of memory for an active set"
                                                      : "the active set is singular");
}

enum mlgrain_status mlgrain_mtp_selection_create(size_t count, const double *active,
                                                 enum mlgrain_simd_level level,
                                                 struct mlgrain_mtp_selection **selection,
                                                 struct mlgrain_error *error)
{
  int lanes;
  *selection = NULL;
  struct mlgrain_mtp_selection *made = calloc(1, sizeof *made);
  if (!made)
    return fail(MLGRAIN_OUT_OF_MEMORY, error);
  made->n = count;
  made->stride = (count + PADDING - 1) / PADDING * PADDING;
  made->kernels = train_choose_kernels(level, &lanes);
  made->active = calloc(count * count + 1, sizeof *made->active);
  made->inverse = calloc(count * made->stride + 1, sizeof *made->inverse);
  made->number = calloc(count + 1, sizeof *made->number);
  made->room = calloc(3 * count * made->stride + 1, sizeof *made->room);
  enum mlgrain_status status = MLGRAIN_OUT_OF_MEMORY;
  if (made->active && made->inverse && made->number && made->room) {
    for (size_t k = 0; k < count; k++) {
      made->number[k] = -1;
      made->active[k * count + k] = unit;
    }
    if (active)
      memcpy(made->active, active, count * count * sizeof *active);
    status = refresh(made, made->inverse, made->stride);
  }
  if (status)
    mlgrain_mtp_selection_free(made);
  else
    *selection = made;
  return fail(status, error);
}

void mlgrain_mtp_selection_free(struct mlgrain_mtp_selection *selection)
{
  if (!selection)
    return;
  free(selection->active);
  free(selection->inverse);
  free(selection->number);
  free(selection->room);
  free(selection);
}

/* Candidates that are offered, and their coefficients. */
struct offer {
  const double *rows;
  size_t first, count;
  double *padded, *coefficients; /* [count][stride] */
  double *change;                /* [stride] */
};

static void find_coefficients(const struct mlgrain_mtp_selection *selection,
                              const struct offer *offer)
{
  memset(offer->coefficients, 0, offer->count * selection->stride * sizeof(double));
  selection->kernels->products_of_rows(offer->padded, offer->count, selection->inverse,
                                       selection->n, selection->stride, offer->coefficients,
                                       selection->stride);
}

static size_t largest_column(const double *row, size_t n)
{
  size_t column = 0;
  for (size_t k = 1; k < n; k++)
    if (fabs(row[k]) > fabs(row[column]))
      column = k;
  return column;
}

/* Candidate `row` takes the place of a row of A; returns the largest coefficient after that. */
static double exchange(struct mlgrain_mtp_selection *selection, const struct offer *offer,
                       size_t *row)
{
  const size_t n = selection->n, stride = selection->stride;
  const double *own = offer->coefficients + *row * stride;
  const size_t column = largest_column(own, n);
  const double pivot = own[column];
  for (size_t k = 0; k < stride; k++)
    offer->change[k] = (own[k] - (k == column ? 1.0 : 0.0)) / pivot;
  memcpy(selection->active + column * n, offer->rows + *row * n, n * sizeof(double));
  selection->number[column] = (long long)(offer->first + *row);
  const double *source = selection->inverse + column * stride;
  for (size_t k = 0; k < n; k++) {
    double *target = selection->inverse + k * stride;
    const double factor = offer->change[k];
    if (k == column || factor == 0.0)
      continue;
    for (size_t l = 0; l < n; l++)
      target[l] -= factor * source[l];
  }
  double *target = selection->inverse + column * stride;
  for (size_t l = 0; l < n; l++) /* 1 - (c_j - 1)/c_j = 1/c_j */
    target[l] /= pivot;
  selection->updates++;
  return selection->kernels->exchange(offer->coefficients, offer->count, stride, offer->change,
                                      column, row);
}

static enum mlgrain_status improve(struct mlgrain_mtp_selection *selection,
                                   const struct offer *offer, double threshold, size_t *exchanges,
                                   double *largest)
{
  size_t row = 0;
  find_coefficients(selection, offer);
  double most = selection->kernels->exchange(offer->coefficients, offer->count, selection->stride,
                                             NULL, 0, &row);
  *largest = most;
  for (size_t made = 0; most > threshold && made < MOST_ROUNDS * (selection->n + 1); made++) {
    most = exchange(selection, offer, &row);
    ++*exchanges;
    if (selection->updates >= MOST_UPDATES) { /* against rounding */
      const enum mlgrain_status status =
          sharpen(selection, selection->room)
              ? MLGRAIN_SUCCESS
              : refresh(selection, selection->inverse, selection->stride);
      if (status)
        return status;
      selection->updates = 0;
      find_coefficients(selection, offer);
      most = selection->kernels->exchange(offer->coefficients, offer->count, selection->stride,
                                          NULL, 0, &row);
    }
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_mtp_selection_offer(struct mlgrain_mtp_selection *selection,
                                                const double *rows, size_t first, size_t count,
                                                double threshold, size_t *exchanges,
                                                double *largest, struct mlgrain_error *error)
{
  const size_t n = selection->n, stride = selection->stride;
  *largest = 0.0;
  if (!(threshold > 1.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "threshold %g of an active set is not above 1", threshold);
  for (size_t k = 0; k < count * n; k++)
    if (!isfinite(rows[k]))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                          "candidate %zu for an active set holds a number that is not finite",
                          first + k / n);
  struct offer offer = {rows,
                        first,
                        count,
                        calloc(count * stride + 1, sizeof(double)),
                        calloc(count * stride + 1, sizeof(double)),
                        calloc(stride + 1, sizeof(double))};
  enum mlgrain_status status = MLGRAIN_OUT_OF_MEMORY;
  if (offer.padded && offer.coefficients && offer.change) {
    for (size_t i = 0; i < count; i++)
      memcpy(offer.padded + i * stride, rows + i * n, n * sizeof *rows);
    status = improve(selection, &offer, threshold, exchanges, largest);
  }
  free(offer.padded);
  free(offer.coefficients);
  free(offer.change);
  return fail(status, error);
}

enum mlgrain_status mlgrain_mtp_selection_result(const struct mlgrain_mtp_selection *selection,
                                                 double *active, double *inverse, long long *number,
                                                 struct mlgrain_error *error)
{
  const size_t n = selection->n;
  memcpy(active, selection->active, n * n * sizeof *active);
  memcpy(number, selection->number, n * sizeof *number);
  return fail(refresh(selection, inverse, n), error);
}
