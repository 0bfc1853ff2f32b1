/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A potential for floats, which reach from 1e-38 to 1e38: files may have radial functions of any
   size, and coefficients that make up for it, and products of six moments are common. Here each
   radial function is multiplied by a power of two, and the coefficient of each moment in the energy
   divided by those of its factors. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mtp_private.h"

enum { SAMPLES = 32, MOST = 100000 };

/* scaling (r - max_dist)^2 sum of c_b T_b at xi. */
static double radial_function(const struct mlgrain_mtp_file *file, const double *c, double xi)
{
  const double gap = 0.5 * (xi - 1.0) * (file->max_dist - file->min_dist);
  double before = xi, chebyshev = 1.0, sum = 0.0; /* T_{-1} = T_1 */
  for (int b = 0; b < file->radial_size; b++) {
    sum += c[b] * chebyshev;
    const double next = 2.0 * xi * chebyshev - before;
    before = chebyshev;
    chebyshev = next;
  }
  return file->scaling * gap * gap * sum;
}

/* What brings the largest value of a radial function, of all pairs of species, to 1 .. 2. */
static int exponent_of_function(const struct mlgrain_mtp_file *file, int mu)
{
  const size_t size = (size_t)file->radial_size, functions = (size_t)file->radial_count;
  const size_t pairs = (size_t)file->species_count * (size_t)file->species_count;
  double largest = 0.0;
  for (size_t pair = 0; pair < pairs; pair++) {
    const double *c = file->radial_coeffs + (pair * functions + (size_t)mu) * size;
    for (int k = 0; k < SAMPLES; k++)
      largest = fmax(largest, fabs(radial_function(file, c, 2.0 * k / SAMPLES - 1.0)));
  }
  return largest > 0.0 ? -ilogb(largest) : 0;
}

/* exponent[k] of all moments. Returns 0 where the terms of a product don't agree, and where so many
   factors come together that nothing fits anyway. */
static int find_exponents(const struct mlgrain_mtp_file *file, const int *of_function,
                          int *exponent, unsigned char *known)
{
  for (int k = 0; k < file->basic_count; k++)
    exponent[k] = of_function[file->basic[k][0]];
  for (int t = 0; t < file->times_count; t++) {
    const int *a = file->times[t];
    const int sum = exponent[a[0]] + exponent[a[1]];
    if ((known[a[3]] && exponent[a[3]] != sum) || abs(sum) > MOST)
      return 0;
    exponent[a[3]] = sum;
    known[a[3]] = 1;
  }
  return 1;
}

/* Multiplies radial functions, divides coefficients of moments. */
static void apply(const int *of_function, const int *exponent, struct mlgrain_mtp_file *file)
{
  const size_t size = (size_t)file->radial_size, functions = (size_t)file->radial_count;
  const size_t rows = (size_t)file->species_count * (size_t)file->species_count * functions;
  for (size_t row = 0; row < rows; row++)
    for (size_t b = 0; b < size; b++)
      file->radial_coeffs[row * size + b] =
          ldexp(file->radial_coeffs[row * size + b], of_function[row % functions]);
  for (int s = 0; s < file->scalar_count; s++)
    file->moment_coeffs[s] = ldexp(file->moment_coeffs[s], -exponent[file->mapping[s]]);
}

static double *copy(const double *from, size_t count)
{
  double *made = malloc((count + 1) * sizeof *made);
  if (made)
    memcpy(made, from, count * sizeof *made);
  return made;
}

enum mlgrain_status mtp_rescale(const struct mlgrain_mtp_file *file,
                                struct mlgrain_mtp_file *rescaled)
{
  const size_t radial = (size_t)file->species_count * (size_t)file->species_count *
                        (size_t)file->radial_count * (size_t)file->radial_size;
  const size_t moments = (size_t)file->moment_count + 1;
  int *of_function = calloc((size_t)file->radial_count, sizeof *of_function);
  int *exponent = calloc(moments, sizeof *exponent);
  unsigned char *known = calloc(moments, 1);
  *rescaled = *file;
  rescaled->radial_coeffs = copy(file->radial_coeffs, radial);
  rescaled->moment_coeffs = copy(file->moment_coeffs, (size_t)file->scalar_count);
  const int good =
      of_function && exponent && known && rescaled->radial_coeffs && rescaled->moment_coeffs;
  if (good) {
    for (int mu = 0; mu < file->radial_count; mu++)
      of_function[mu] = exponent_of_function(file, mu);
    if (find_exponents(file, of_function, exponent, known))
      apply(of_function, exponent, rescaled);
  }
  free(of_function);
  free(exponent);
  free(known);
  if (good)
    return MLGRAIN_SUCCESS;
  mtp_rescaled_free(rescaled);
  return MLGRAIN_OUT_OF_MEMORY;
}

void mtp_rescaled_free(struct mlgrain_mtp_file *rescaled)
{
  free(rescaled->radial_coeffs);
  free(rescaled->moment_coeffs);
}

static int fits(double value)
{
  return fabs(value) <= (double)FLT_MAX;
}

int mtp_plan_fits_floats(const struct mtp_plan *plan)
{
  int all = 1;
  for (size_t i = 0; i < plan->fused_count; i++)
    for (uint32_t k = 0; k < plan->fused_panels[i].width; k++)
      all &= fits(plan->fused_panels[i].weight[k]);
  for (size_t k = 0; k < plan->partner_count; k++)
    all &= fits(plan->partners[k].coefficient);
  for (size_t k = 0; k < plan->quadratic_count; k++)
    all &= fits(plan->quadratics[k].weight);
  for (size_t k = 0; k < plan->term_count; k++)
    all &= fits(plan->terms[k].coefficient);
  return all;
}
