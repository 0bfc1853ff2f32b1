/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Radial functions of a block,
     f_mu(r) = (r - max_dist)^2 P_mu(xi),   xi = (2 r - (min_dist + max_dist))/(max_dist -
   min_dist), and their slopes (Novikov et al., Mach. Learn.: Sci. Technol. 2 (2021) 025002, eq. 4).
   P_mu and dP_mu/dxi come by Horner's rule from the coefficients of powers of xi, half of the
   arithmetic of Chebyshev's recurrence. Where there are so many polynomials that powers lose
   digits, they come by Clenshaw's. */
#include "mtp_block.h"

/* Rows and functions that are summed together, so that sums don't wait for each other: what fits in
   32 or 16 registers. */
enum { ROWS = 2, FUNCTIONS = WIDTH == 8 ? 4 : 3 };

/* What f and f' take besides the polynomials. */
struct factors {
  vector xi[ROWS];
  vector gap[ROWS];       /* r - max_dist */
  vector slope_gap[ROWS]; /* d gap/dr: 1, or 0 below min_dist of a repulsive potential */
};

static void set_factors(const struct mlgrain_mtp *mtp, int row, vector r, struct factors *factors)
{
  vector slope = vector_set(1.0);
  if (mtp->repulsive) {
    const vector_int inside = r >= mtp->min_dist;
    r = vector_select(inside, r, vector_set(mtp->min_dist));
    slope = vector_select(inside, slope, vector_set(0.0));
  }
  factors->xi[row] = (2.0 * r - (mtp->min_dist + mtp->max_dist)) * mtp->inverse_width;
  factors->gap[row] = r - mtp->max_dist;
  factors->slope_gap[row] = slope;
}

/* P and dP/dxi from coefficients [size][functions] of powers of xi. */
ALWAYS_INLINE void sum_powers(const int count, const struct mlgrain_mtp *mtp, const double *coeffs,
                              const vector *xi, vector p[][ROWS], vector dp[][ROWS])
{
  const size_t functions = (size_t)mtp->radial_count;
  coeffs += (size_t)(mtp->radial_size - 1) * functions;
  for (int k = 0; k < count; k++)
    for (int row = 0; row < ROWS; row++) {
      p[k][row] = vector_set(coeffs[k]);
      dp[k][row] = vector_set(0.0);
    }
  for (int b = mtp->radial_size - 1; b-- > 0;) {
    coeffs -= functions;
    for (int k = 0; k < count; k++) {
      const vector coefficient = vector_set(coeffs[k]);
      for (int row = 0; row < ROWS; row++) {
        dp[k][row] = dp[k][row] * xi[row] + p[k][row];
        p[k][row] = p[k][row] * xi[row] + coefficient;
      }
    }
  }
}

/* The same from coefficients of Chebyshev polynomials, for one function. */
static void sum_chebyshev(const struct mlgrain_mtp *mtp, const double *coeffs, const vector *xi,
                          vector p[][ROWS], vector dp[][ROWS])
{
  const size_t functions = (size_t)mtp->radial_count;
  for (int row = 0; row < ROWS; row++) {
    vector b1 = vector_set(0.0), b2 = b1, d1 = b1, d2 = b1;
    for (int b = mtp->radial_size; b-- > 1;) {
      const vector d0 = 2.0 * (b1 + xi[row] * d1) - d2;
      const vector b0 = 2.0 * xi[row] * b1 + (coeffs[(size_t)b * functions] - b2);
      d2 = d1;
      d1 = d0;
      b2 = b1;
      b1 = b0;
    }
    p[0][row] = xi[row] * b1 + (coeffs[0] - b2);
    dp[0][row] = b1 + xi[row] * d1 - d2;
  }
}

/* f_mu and f'_mu of `count` functions and ROWS rows, with the coefficients of one pair of species;
   where `mask` isn't NULL, for its lanes only. */
ALWAYS_INLINE void radial_functions(const int count, const struct mlgrain_mtp *mtp,
                                    const double *coeffs, const struct factors *factors,
                                    const vector_int *mask, double *f, double *df)
{
  const double slope = 2.0 * mtp->inverse_width;
  vector p[FUNCTIONS][ROWS], dp[FUNCTIONS][ROWS];
  if (mtp->radial_powers)
    sum_powers(count, mtp, coeffs, factors->xi, p, dp);
  else
    for (int k = 0; k < count; k++)
      sum_chebyshev(mtp, coeffs + k, factors->xi, p + k, dp + k);
  for (int k = 0; k < count; k++, f += MTP_TILE * WIDTH, df += MTP_TILE * WIDTH)
    for (int row = 0; row < ROWS; row++) {
      const vector gap = factors->gap[row], gap_p = gap * p[k][row];
      vector value = gap * gap_p;
      vector derivative =
          (2.0 * gap_p + gap * gap * (slope * dp[k][row])) * factors->slope_gap[row];
      if (mask) {
        value = vector_select(mask[row], value, vector_load(f + row * WIDTH));
        derivative = vector_select(mask[row], derivative, vector_load(df + row * WIDTH));
      }
      vector_store(f + row * WIDTH, value);
      vector_store(df + row * WIDTH, derivative);
    }
}

/* All functions, FUNCTIONS at a time or a little fewer. */
static void functions_of_pair(const struct mlgrain_mtp *mtp, int pair,
                              const struct factors *factors, const vector_int *mask, double *f,
                              double *df)
{
  const int functions = mtp->radial_count;
  const double *coeffs = mtp->radial + (size_t)pair * (size_t)functions * (size_t)mtp->radial_size;
  for (int mu = 0, count; mu < functions; mu += count) {
    const int left = functions - mu, at = mu * MTP_TILE * WIDTH;
    count = left <= FUNCTIONS ? left : left < 2 * FUNCTIONS ? (left + 1) / 2 : FUNCTIONS;
    if (count == 1)
      radial_functions(1, mtp, coeffs + mu, factors, mask, f + at, df + at);
    else if (count == 2)
      radial_functions(2, mtp, coeffs + mu, factors, mask, f + at, df + at);
    else if (count == 3)
      radial_functions(3, mtp, coeffs + mu, factors, mask, f + at, df + at);
    else
      radial_functions(FUNCTIONS, mtp, coeffs + mu, factors, mask, f + at, df + at);
  }
}

/* Bits of the lanes, row after row, whose pair is `pair`. */
static unsigned bits_of_pair(const int *pairs, int pair)
{
  unsigned bits = 0;
  for (int row = 0; row < ROWS; row++)
    bits |= vector_mask_bits(vector_equal(pairs + row * WIDTH, pair)) << (row * WIDTH);
  return bits;
}

/* ROWS rows with any pairs of species: [row][lane], -1 where anything will do. Most have one. */
static void functions_of_pairs(const struct mlgrain_mtp *mtp, const int *pairs,
                               const struct factors *factors, double *f, double *df)
{
  const unsigned all = (1u << (ROWS * WIDTH)) - 1u;
  unsigned left = all & ~bits_of_pair(pairs, -1);
  if (!left) {
    functions_of_pair(mtp, 0, factors, NULL, f, df);
    return;
  }
  for (int first = 1; left; first = 0) {
    const int pair = pairs[__builtin_ctz(left)];
    vector_int mask[ROWS];
    for (int row = 0; row < ROWS && !first; row++)
      mask[row] = vector_equal(pairs + row * WIDTH, pair);
    functions_of_pair(mtp, pair, factors, first ? NULL : mask, f, df);
    left &= ~bits_of_pair(pairs, pair);
  }
}

void MLGRAIN_KERNEL(mtp_radial)(const struct mtp_task *task, struct mtp_block *block)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  double *tile = task->workspace->buffer[MTP_TILES].memory;
  const int *pairs = task->workspace->buffer[MTP_PAIR].memory;
  for (int t = 0; t < block->tiles; t++, tile += mtp_tile_vectors(mtp) * WIDTH)
    for (int first = 0; first < MTP_TILE; first += ROWS, pairs += ROWS * WIDTH) {
      struct factors factors;
      for (int row = 0; row < ROWS; row++)
        set_factors(mtp, row, vector_load(mtp_tile_row(tile, TILE_R, first + row)), &factors);
      double *f = mtp_tile_row(tile, TILE_RADIAL, first);
      double *df = mtp_tile_row(tile, TILE_RADIAL + mtp->radial_count, first);
      if (mtp->species_count > 1)
        functions_of_pairs(mtp, pairs, &factors, f, df);
      else
        functions_of_pair(mtp, 0, &factors, NULL, f, df);
    }
}
