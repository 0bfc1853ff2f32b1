/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "learn_private.h"

static const double RIDGE = 1e-9;

enum mlgrain_status learn_out_of_memory(struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a potential that learns");
}

double *learn_numbers(size_t count)
{
  return calloc(count + 1, sizeof(double));
}

double *learn_copy(const double *from, size_t count)
{
  double *made = learn_numbers(count);
  if (made)
    memcpy(made, from, count * sizeof *made);
  return made;
}

enum mlgrain_status learn_solve(const double *matrix, const double *right, size_t rights, size_t n,
                                double *solution, struct mlgrain_error *error)
{
  double *damping = learn_numbers(n);
  if (!damping)
    return learn_out_of_memory(error);
  for (size_t k = 0; k < n; k++)
    damping[k] = RIDGE;
  const enum mlgrain_status status =
      mlgrain_mtp_solve_several(matrix, right, rights, damping, n, solution, NULL, error);
  free(damping);
  return status;
}

void learn_multiply(const double *matrix, const double *x, size_t n, double *y)
{
  memset(y, 0, n * sizeof *y);
  for (size_t i = 0; i < n; i++) {
    double sum = 0.0;
    for (size_t j = 0; j < i; j++) {
      sum += matrix[i * n + j] * x[j];
      y[j] += matrix[i * n + j] * x[i];
    }
    y[i] += sum + matrix[i * n + i] * x[i];
  }
}

void learn_take_block(const double *whole, size_t n, size_t linear, double *block)
{
  for (size_t i = 0; i < linear; i++)
    memcpy(block + i * linear, whole + (n - linear + i) * n + n - linear, linear * sizeof *block);
}

enum mlgrain_status learn_sums_make(const struct mlgrain_mtp_learner *learner,
                                    const struct learn_sums *from, struct learn_sums *sums)
{
  const size_t linear = learner->linear, square = linear * linear;
  const size_t rows = learner->rows * linear, members = learner->members * linear;
  sums->normal = from ? learn_copy(from->normal, square) : learn_numbers(square);
  sums->gradient = from ? learn_copy(from->gradient, linear) : learn_numbers(linear);
  sums->sites = from ? learn_copy(from->sites, square) : learn_numbers(square);
  sums->sketched = from ? learn_copy(from->sketched, rows) : learn_numbers(rows);
  sums->scores = from ? learn_copy(from->scores, members) : learn_numbers(members);
  const int good = sums->normal && sums->gradient && sums->sites && sums->sketched && sums->scores;
  return good ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

void learn_sums_free(struct learn_sums *sums)
{
  free(sums->normal);
  free(sums->gradient);
  free(sums->sites);
  free(sums->sketched);
  free(sums->scores);
  memset(sums, 0, sizeof *sums);
}
