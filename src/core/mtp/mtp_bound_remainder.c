/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths of what a basis leaves over (mtp_bound_remainder.h). */
#include "mtp_bound_remainder.h"

#include <math.h>

#include "base/inner_product.h"

/* What is left of |c|^2 after all directions. */
static double left_over(const struct mtp_remainder *remainder, const double *c,
                        const double *projections)
{
  const double left = inner_product(c, c, remainder->n) -
                      inner_product(projections, projections, remainder->directions);
  return fmax(left, 0.0);
}

/* Spreads are roots of lengths, and none much below the first: a sample knows little of what it has
   hardly any of. */
static void root_of_lengths(size_t count, double *spread)
{
  const double least = 1e-4;
  double largest = 0.0;
  for (size_t j = 0; j < count; j++)
    largest = fmax(largest, spread[j]);
  for (size_t j = 0; j < count; j++)
    spread[j] = largest > 0.0 ? pow(fmax(spread[j], least * largest), 0.4) : 1.0;
}

void mtp_remainder_spread(const struct mtp_sample *sample, double *projections,
                          struct mtp_remainder *remainder)
{
  const size_t n = remainder->n, directions = remainder->directions;
  double left = 0.0, atoms = 0.0;
  for (size_t j = 0; j <= directions; j++)
    remainder->spread[j] = 0.0;
  for (size_t i = 0; i < sample->count; i++) {
    const double *c = sample->c + i * n;
    double *mine = projections + i * directions;
    for (size_t j = 0; j < directions; j++) {
      mine[j] = inner_product(c, remainder->basis + j * n, n);
      remainder->spread[j] += mine[j] * mine[j];
    }
    left += left_over(remainder, c, mine);
    atoms += sample->length[i] > 0.0;
  }
  for (size_t j = 0; j < directions && atoms > 0.0; j++)
    remainder->spread[j] = sqrt(remainder->spread[j] / atoms);
  if (directions < n && atoms > 0.0)
    remainder->spread[directions] = sqrt(left / atoms / (double)(n - directions));
  root_of_lengths(directions + 1, remainder->spread);
}

void mtp_remainder_lengths(const struct mtp_remainder *remainder, const double *c,
                           const double *projections, double *length2)
{
  const size_t directions = remainder->directions;
  const double *spread = remainder->spread;
  length2[directions] =
      left_over(remainder, c, projections) / (spread[directions] * spread[directions]);
  for (size_t j = directions; j-- > 0;)
    length2[j] = length2[j + 1] + projections[j] * projections[j] / (spread[j] * spread[j]);
}

void mtp_remainder_radius(const struct mtp_remainder *remainder, size_t d, double *radius)
{
  const size_t n = remainder->n, directions = remainder->directions;
  const double *spread = remainder->spread;
  for (size_t k = 0; k < n; k++) {
    double square = 0.0, left = 1.0;
    for (size_t j = 0; j < directions; j++) {
      const double entry = remainder->basis[j * n + k];
      left -= entry * entry;
      square += j < d ? 0.0 : spread[j] * spread[j] * entry * entry;
    }
    radius[k] = sqrt(square + spread[directions] * spread[directions] * fmax(left, 0.0));
  }
}

size_t mtp_remainder_dimensions(const struct mtp_remainder *remainder,
                                const struct mtp_sample *sample, size_t d)
{
  const size_t n = remainder->n;
  size_t dimensions = 0;
  for (size_t k = 0; k < n; k++)
    dimensions += sample->weight[k] > 0.0;
  for (size_t j = 0; j < d && dimensions > 0; j++) /* those that depend on others are zero */
    dimensions -= inner_product(remainder->basis + j * n, remainder->basis + j * n, n) > 0.5;
  return dimensions;
}

void mtp_remainder_apply(const struct mtp_remainder *remainder, size_t d, double *row)
{
  const size_t n = remainder->n;
  const double rest = 1.0 / remainder->spread[remainder->directions];
  for (size_t j = d; j < remainder->directions; j++) {
    const double *u = remainder->basis + j * n;
    const double more = (1.0 / (remainder->spread[j] * rest) - 1.0) * inner_product(u, row, n);
    for (size_t l = 0; l < n; l++)
      row[l] += more * u[l];
  }
  for (size_t l = 0; l < n; l++)
    row[l] *= rest;
}
