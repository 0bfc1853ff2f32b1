/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atoms that bounds of grades are chosen by: their means, what their coefficients are, and the
   first principal directions of these, by subspace iteration from random vectors (N. Halko, P. G.
   Martinsson, J. A. Tropp, SIAM Rev. 53 (2011) 217, algorithm 4.4). */
#include "mtp_bound_sample.h"

#include <math.h>
#include <string.h>

#include "base/counter_random.h"
#include "base/orthonormal.h"

enum { ITERATIONS = 3 };

void mtp_multiply(const double *a, size_t row_step, size_t step, const double *b, size_t rows,
                  size_t inner, size_t columns, double *out)
{
  memset(out, 0, rows * columns * sizeof *out);
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < inner; k++) {
      const double factor = a[i * row_step + k * step];
      for (size_t j = 0; j < columns; j++)
        out[i * columns + j] += factor * b[k * columns + j];
    }
}

int mtp_sample_species(const struct mlgrain_mtp *mtp, const double *gradient)
{
  const size_t n = mtp->parameter_count;
  for (size_t k = 0; k < n; k++)
    if (!isfinite(gradient[k]))
      return -1;
  gradient += n - (size_t)mtp->scalar_count - (size_t)mtp->species_count;
  for (int s = 0; s < mtp->species_count; s++)
    if (gradient[s] > 0.5)
      return s;
  return -1;
}

void mtp_sample_means(const struct mlgrain_mtp *mtp, const struct mtp_sample *sample, double *mean)
{
  const size_t n = sample->n, species = (size_t)mtp->species_count;
  const size_t energies = n - (size_t)mtp->scalar_count - species;
  for (size_t s = 0; s < species; s++, mean += n) {
    double atoms = 0.0;
    for (size_t i = 0; i < sample->count; i++)
      atoms += sample->species[i] == (int)s;
    for (size_t i = 0; i < sample->count; i++)
      for (size_t l = 0; l < n && sample->species[i] == (int)s; l++)
        mean[l] += sample->gradients[i * n + l] / atoms;
    for (size_t l = 0; l < n; l++)
      mean[l] = (double)(float)mean[l];
    for (size_t l = 0; l < species; l++)
      mean[energies + l] = l == s;
  }
}

void mtp_sample_scale(const struct mtp_sample *sample, const double *mean, double *scale)
{
  const double part = 1e-3; /* of the entries themselves, which sums round */
  const size_t n = sample->n;
  double largest = 0.0;
  for (size_t l = 0; l < n; l++) {
    double sum = 0.0;
    for (size_t i = 0; i < sample->count; i++)
      if (sample->species[i] >= 0) {
        const double entry = sample->gradients[i * n + l];
        const double difference = entry - mean[(size_t)sample->species[i] * n + l];
        sum += difference * difference + part * part * entry * entry;
      }
    scale[l] = sqrt(sum);
    largest = fmax(largest, scale[l]);
  }
  for (size_t l = 0; l < n; l++)
    scale[l] = fmax(scale[l], largest > 0.0 ? 1e-6 * largest : 1.0);
}

void mtp_sample_fill(const double *inverse, struct mtp_sample *sample)
{
  const size_t n = sample->n;
  for (size_t i = 0; i < sample->count; i++) {
    double *c = sample->c + i * n;
    for (size_t k = 0; k < n && sample->species[i] >= 0; k++)
      c[k] = inner_product(inverse + k * n, sample->gradients + i * n, n);
    const double length = sqrt(inner_product(c, c, n));
    const int usable = length > 0.0 && isfinite(length);
    sample->length[i] = usable ? length : 0.0;
    for (size_t k = 0; k < n; k++)
      c[k] = usable ? c[k] / length : 0.0;
  }
}

/* The largest coefficient of each row. */
static void find_largest(const struct mtp_sample *sample, double *largest)
{
  memset(largest, 0, sample->n * sizeof *largest);
  for (size_t i = 0; i < sample->count; i++)
    for (size_t k = 0; k < sample->n; k++)
      largest[k] = fmax(largest[k], sample->length[i] * fabs(sample->c[i * sample->n + k]));
}

double mtp_sample_take_known(struct mtp_sample *sample, size_t count, size_t *known,
                             double *largest)
{
  const size_t n = sample->n;
  double most = 0.0;
  find_largest(sample, largest);
  for (size_t e = 0; e < count; e++) {
    size_t best = 0;
    for (size_t k = 1; k < n; k++)
      best = largest[k] > largest[best] ? k : best;
    most = fmax(most, largest[best]);
    largest[best] = -1.0;
    known[e] = best;
    for (size_t i = 0; i < sample->count; i++)
      sample->c[i * n + best] = 0.0;
  }
  return most;
}

void mtp_sample_weigh(const double *largest, double level, struct mtp_sample *sample)
{
  const double least = 0.25;
  for (size_t k = 0; k < sample->n; k++) {
    const double margin = fmin(1.0, fmax(least, 1.0 - largest[k] / level));
    sample->weight[k] = largest[k] < 0.0 ? 0.0 : margin;
    for (size_t i = 0; i < sample->count; i++)
      sample->c[i * sample->n + k] /= margin;
  }
}

void mtp_sample_directions(const double *c, size_t count, size_t n, size_t directions,
                           double *weights, double *basis)
{
  for (size_t i = 0; i < count * directions; i++)
    weights[i] = random_normal(MTP_BOUND_SEED, RANDOM_SKETCH, 0, i);
  for (int k = 0; k < ITERATIONS; k++) {
    mtp_multiply(weights, 1, directions, c, directions, count, n, basis);
    orthonormalize(basis, directions, n);
    for (size_t i = 0; i < count && k + 1 < ITERATIONS; i++)
      for (size_t j = 0; j < directions; j++)
        weights[i * directions + j] = inner_product(c + i * n, basis + j * n, n);
  }
}
