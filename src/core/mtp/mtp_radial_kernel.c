/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Radial functions of a block,
     f_mu(r) = (r - max_dist)^2 P_mu(xi),   xi = (2 r - (min_dist + max_dist))/(max_dist -
   min_dist), and their slopes (Novikov et al., Mach. Learn.: Sci. Technol. 2 (2021) 025002, eq. 4).
   P_mu and dP_mu/dxi come by Horner's rule from the coefficients of powers of xi, half of the
   arithmetic of Chebyshev's recurrence. Where powers lose digits, they come by Clenshaw's. */
#include "mtp_block.h"

/* Rows and functions that are summed together, so that sums don't wait for each other: what fits in
   32 or 16 registers. */
enum { ROWS = 4, FUNCTIONS = WIDTH == 8 ? 2 : 1 };

/* What f = gap^2 P and f' take besides the polynomials, with gap = r - max_dist. */
struct factors {
  lane_vector xi[ROWS];
  lane_vector gap2[ROWS];
  lane_vector of_p[ROWS], of_dp[ROWS]; /* f' = of_p P + of_dp dP/dxi */
};

static void set_factors(const struct mlgrain_mtp *mtp, int row, lane_vector xi,
                        struct factors *factors)
{
  lane_vector slope = lanes_set(1.0); /* of gap: 0 below min_dist of a repulsive potential */
  if (mtp->repulsive) {
    const lane_vector least = lanes_set(-1.0);
    const lane_vector_int inside = xi >= least;
    xi = lanes_select(inside, xi, least);
    slope = lanes_select(inside, slope, lanes_set(0.0));
  }
  const number half_width = (number)(0.5 / mtp->inverse_width);
  const lane_vector gap = (xi - 1.0) * half_width;
  factors->xi[row] = xi;
  factors->gap2[row] = gap * gap;
  factors->of_p[row] = 2.0 * gap * slope;
  factors->of_dp[row] = (number)(2.0 * mtp->inverse_width) * slope * factors->gap2[row];
}

/* Coefficients of the functions of one pair of species [size][functions], or with `choice`, which
   is a species for each lane of each row, of all pairs of a center [size][functions][LANES]. */
struct coefficients {
  const number *start;
  const lane_vector_int *choice; /* [ROWS] or NULL */
};

/* Coefficient k from `at` on; `chosen` is whether there are choices. */
ALWAYS_INLINE lane_vector coefficient(const int chosen, const struct coefficients *coefficients,
                                      size_t k, int row)
{
  if (chosen)
    return lanes_choose(coefficients->choice[row], coefficients->start + k * LANES);
  return lanes_set(coefficients->start[k]);
}

/* P and dP/dxi of functions mu, mu + 1, ... from coefficients of powers of xi. */
ALWAYS_INLINE void sum_powers(const int count, const int chosen, const struct mlgrain_mtp *mtp,
                              const struct coefficients *coefficients, int mu,
                              const lane_vector *xi, lane_vector p[][ROWS], lane_vector dp[][ROWS])
{
  const size_t functions = (size_t)mtp->radial_count;
  size_t at = (size_t)(mtp->radial_size - 1) * functions + (size_t)mu;
  for (int k = 0; k < count; k++)
    for (int row = 0; row < ROWS; row++) {
      p[k][row] = coefficient(chosen, coefficients, at + (size_t)k, row);
      dp[k][row] = lanes_set(0.0);
    }
  for (int b = mtp->radial_size - 1; b-- > 0;) {
    at -= functions;
    for (int k = 0; k < count; k++)
      for (int row = 0; row < ROWS; row++) {
        dp[k][row] = dp[k][row] * xi[row] + p[k][row];
        p[k][row] = p[k][row] * xi[row] + coefficient(chosen, coefficients, at + (size_t)k, row);
      }
  }
}

/* The same from coefficients of Chebyshev polynomials, for one function. */
ALWAYS_INLINE void sum_chebyshev(const int chosen, const struct mlgrain_mtp *mtp,
                                 const struct coefficients *coefficients, int mu,
                                 const lane_vector *xi, lane_vector p[ROWS], lane_vector dp[ROWS])
{
  const size_t functions = (size_t)mtp->radial_count;
  for (int row = 0; row < ROWS; row++) {
    lane_vector b1 = lanes_set(0.0), b2 = b1, d1 = b1, d2 = b1;
    for (int b = mtp->radial_size; b-- > 1;) {
      const size_t at = (size_t)b * functions + (size_t)mu;
      const lane_vector d0 = 2.0 * (b1 + xi[row] * d1) - d2;
      const lane_vector b0 = 2.0 * xi[row] * b1 + (coefficient(chosen, coefficients, at, row) - b2);
      d2 = d1;
      d1 = d0;
      b2 = b1;
      b1 = b0;
    }
    p[row] = xi[row] * b1 + (coefficient(chosen, coefficients, (size_t)mu, row) - b2);
    dp[row] = b1 + xi[row] * d1 - d2;
  }
}

/* f_mu and f'_mu of `count` functions from mu on and ROWS rows; where `mask` isn't NULL, for its
   lanes only. */
ALWAYS_INLINE void radial_functions(const int count, const int chosen,
                                    const struct mlgrain_mtp *mtp,
                                    const struct coefficients *coefficients, int mu,
                                    const struct factors *factors, const lane_vector_int *mask,
                                    number *f, number *df)
{
  lane_vector p[FUNCTIONS][ROWS], dp[FUNCTIONS][ROWS];
  if (mtp->radial_powers)
    sum_powers(count, chosen, mtp, coefficients, mu, factors->xi, p, dp);
  else
    for (int k = 0; k < count; k++)
      sum_chebyshev(chosen, mtp, coefficients, mu + k, factors->xi, p[k], dp[k]);
  f += mu * MTP_TILE * LANES;
  df += mu * MTP_TILE * LANES;
  for (int k = 0; k < count; k++, f += MTP_TILE * LANES, df += MTP_TILE * LANES)
    for (int row = 0; row < ROWS; row++) {
      lane_vector value = factors->gap2[row] * p[k][row];
      lane_vector derivative = factors->of_p[row] * p[k][row] + factors->of_dp[row] * dp[k][row];
      if (mask) {
        value = lanes_select(mask[row], value, lanes_load(f + row * LANES));
        derivative = lanes_select(mask[row], derivative, lanes_load(df + row * LANES));
      }
      lanes_store(f + row * LANES, value);
      lanes_store(df + row * LANES, derivative);
    }
}

/* All functions. */
ALWAYS_INLINE void all_functions(const int chosen, const struct mlgrain_mtp *mtp,
                                 const struct coefficients *coefficients,
                                 const struct factors *factors, const lane_vector_int *mask,
                                 number *f, number *df)
{
  int mu = 0;
  for (; mu + FUNCTIONS <= mtp->radial_count; mu += FUNCTIONS)
    radial_functions(FUNCTIONS, chosen, mtp, coefficients, mu, factors, mask, f, df);
  for (; mu < mtp->radial_count; mu++)
    radial_functions(1, chosen, mtp, coefficients, mu, factors, mask, f, df);
}

static const number *radial_table(const struct mlgrain_mtp *mtp)
{
#ifdef MLGRAIN_FLOAT_LANES
  return mtp->rounded_radial;
#else
  return mtp->radial;
#endif
}

static const number *choice_table(const struct mlgrain_mtp *mtp)
{
#ifdef MLGRAIN_FLOAT_LANES
  return mtp->rounded_choices;
#else
  return mtp->radial_choices;
#endif
}

/* All functions with the coefficients of one pair of species. */
static void functions_of_pair(const struct mlgrain_mtp *mtp, int pair,
                              const struct factors *factors, const lane_vector_int *mask, number *f,
                              number *df)
{
  const size_t per_pair = (size_t)mtp->radial_count * (size_t)mtp->radial_size;
  const struct coefficients coefficients = {radial_table(mtp) + (size_t)pair * per_pair, NULL};
  all_functions(0, mtp, &coefficients, factors, mask, f, df);
}

/* All functions of centers of one species and ROWS rows with any pairs of species [row][lane]. */
static void functions_of_center(const struct mlgrain_mtp *mtp, int species, const int *pairs,
                                const struct factors *factors, number *f, number *df)
{
  const size_t per_center = (size_t)mtp->radial_count * (size_t)mtp->radial_size * LANES;
  lane_vector_int choice[ROWS];
  for (int row = 0; row < ROWS; row++)
    choice[row] = lanes_choice(pairs + row * LANES, species * mtp->species_count);
  const struct coefficients coefficients = {choice_table(mtp) + (size_t)species * per_center,
                                            choice};
  all_functions(1, mtp, &coefficients, factors, NULL, f, df);
}

/* Bits of the lanes, row after row, whose pair is `pair`. */
static uint64_t bits_of_pair(const int *pairs, int pair)
{
  uint64_t bits = 0;
  for (int row = 0; row < ROWS; row++)
    bits |= (uint64_t)lanes_mask_bits(lanes_equal(pairs + row * LANES, pair)) << (row * LANES);
  return bits;
}

/* ROWS rows with any pairs of species: [row][lane], -1 where anything will do. Most have one. */
static void functions_of_pairs(const struct mlgrain_mtp *mtp, const int *pairs,
                               const struct factors *factors, number *f, number *df)
{
  const uint64_t all = UINT64_MAX >> (64 - ROWS * LANES);
  uint64_t left = all & ~bits_of_pair(pairs, -1);
  if (!left) {
    functions_of_pair(mtp, 0, factors, NULL, f, df);
    return;
  }
  for (int first = 1; left; first = 0) {
    const int pair = pairs[__builtin_ctzll(left)];
    lane_vector_int mask[ROWS];
    for (int row = 0; row < ROWS && !first; row++)
      mask[row] = lanes_equal(pairs + row * LANES, pair);
    functions_of_pair(mtp, pair, factors, first ? NULL : mask, f, df);
    left &= ~bits_of_pair(pairs, pair);
  }
}

void MLGRAIN_KERNEL(mtp_radial)(const struct mtp_task *task, const struct mtp_block *block, int t)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const int species = choice_table(mtp) ? mtp_common_species(block) : -1;
  number *tile = mtp_tile(task, t);
  const int *pairs = (int *)task->workspace->buffer[MTP_PAIR].memory + t * MTP_TILE * LANES;
  for (int first = 0; first < MTP_TILE; first += ROWS, pairs += ROWS * LANES) {
    struct factors factors;
    for (int row = 0; row < ROWS; row++)
      set_factors(mtp, row, lanes_load(block->xi + (first + row) * LANES), &factors);
    number *f = mtp_tile_row(tile, TILE_RADIAL, first);
    number *df = mtp_tile_row(tile, TILE_RADIAL + mtp->radial_count, first);
    if (mtp->species_count == 1)
      functions_of_pair(mtp, 0, &factors, NULL, f, df);
    else if (species >= 0)
      functions_of_center(mtp, species, pairs, &factors, f, df);
    else
      functions_of_pairs(mtp, pairs, &factors, f, df);
  }
}
