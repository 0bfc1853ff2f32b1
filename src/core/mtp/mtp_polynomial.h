/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: powers of unit vectors, and polynomials of the moments of a radial function with their
   derivatives, for some rows of a tile at a time. */
#ifndef MLGRAIN_MTP_POLYNOMIAL_H
#define MLGRAIN_MTP_POLYNOMIAL_H

#include "mtp_block.h"

enum { POWERS = MTP_MAX_RANK + 2, HALF = MTP_TILE / 2 };

/* Rows whose gradients are computed together: what fits in 32 or 16 registers. */
enum { BACK = WIDTH == 8 ? 4 : 2 };

/* Loops whose bounds the compiler knows. Instrumented, they take clang minutes. */
#ifdef MLGRAIN_SANITIZED
#define UNROLLED
#else
#define UNROLLED _Pragma("GCC unroll 8")
#endif

/* One more than the highest rank of the moments of a radial function, 0 if it has none: their
   strips are those of all x^a y^b z^c with c <= 1 up to that rank, one after the other. */
static inline int orders_of(const struct mtp_plan *plan, int mu)
{
  return (plan->strip_start[mu + 1] - plan->strip_start[mu] + 1) / 2;
}

/* Powers of the unit vectors of some rows. */
struct powers {
  lane_vector x[POWERS][MTP_TILE];
  lane_vector yz[2][POWERS][MTP_TILE]; /* y^b z^c */
};

ALWAYS_INLINE void fill_x_powers(const int rows, int rank, number *tile, int first,
                                 struct powers *powers)
{
  for (int row = 0; row < rows; row++) {
    const lane_vector x = lanes_load(mtp_tile_row(tile, TILE_X, first + row));
    lane_vector xa = lanes_set(1.0);
    for (int a = 0; a <= rank; a++) {
      powers->x[a][row] = xa;
      xa *= x;
    }
  }
}

ALWAYS_INLINE void fill_yz_powers(const int rows, int rank, number *tile, int first,
                                  struct powers *powers)
{
  for (int row = 0; row < rows; row++) {
    const lane_vector y = lanes_load(mtp_tile_row(tile, TILE_Y, first + row));
    lane_vector yb = lanes_set(1.0), yz = lanes_load(mtp_tile_row(tile, TILE_Z, first + row));
    for (int b = 0; b <= rank; b++) {
      powers->yz[0][b][row] = yb;
      powers->yz[1][b][row] = yz;
      yb *= y;
      yz *= y;
    }
  }
}

/* Where the strip of y^b begins among the moments x^a y^b, a + b <= degree. */
ALWAYS_INLINE int strip_start(const int degree, int b)
{
  return b * (degree + 1) - b * (b - 1) / 2;
}

/* Moments with z^2 and more from the others, and the way back of adjoints. */
static inline void recover(const struct mtp_plan *plan, number *m)
{
  for (size_t k = 0; k < plan->recovery_count; k++) {
    const struct mtp_recovery *recovery = &plan->recovery[k];
    lanes_store(m + recovery->target, lanes_load(m + recovery->plus) -
                                          lanes_load(m + recovery->minus[0]) -
                                          lanes_load(m + recovery->minus[1]));
  }
}

static inline void recover_one_backward(const struct mtp_recovery *recovery, number *adjoint)
{
  const lane_vector target = lanes_load(adjoint + recovery->target);
  number *plus = adjoint + recovery->plus;
  lanes_store(plus, lanes_load(plus) + target);
  for (int i = 0; i < 2; i++) {
    number *minus = adjoint + recovery->minus[i];
    lanes_store(minus, lanes_load(minus) - target);
  }
}

static inline void recover_backward(const struct mtp_plan *plan, number *adjoint)
{
  for (size_t k = plan->recovery_count; k-- > 0;)
    recover_one_backward(&plan->recovery[k], adjoint);
}

/* P(u) = sum of adjoint times monomial over the moments of one radial function, and its
   derivatives by x, y, z, for BACK rows. */
struct polynomial {
  lane_vector value[BACK], x[BACK], y[BACK], z[BACK];
};

/* Value and derivatives by x and y of a polynomial of that degree in x and y, by Horner's rule in
   y: P = y P + strip, each strip a polynomial in x. */
ALWAYS_INLINE void sum_triangle(const int degree, const number *slot, const struct powers *powers,
                                const lane_vector *y, struct polynomial *sum)
{
  for (int row = 0; row < BACK; row++) {
    sum->value[row] = lanes_load(slot + strip_start(degree, degree) * LANES);
    sum->x[row] = sum->y[row] = lanes_set(0.0);
  }
  UNROLLED for (int b = degree - 1; b >= 0; b--)
  {
    const number *g = slot + strip_start(degree, b) * LANES;
    lane_vector p[BACK], px[BACK];
    for (int row = 0; row < BACK; row++) {
      const lane_vector slope = lanes_load(g + LANES);
      p[row] = lanes_load(g) + slope * powers->x[1][row];
      px[row] = slope;
    }
    UNROLLED for (int a = 2; a <= degree - b; a++)
    {
      const lane_vector ga = lanes_load(g + a * LANES), slope = ga * (number)a;
      for (int row = 0; row < BACK; row++) {
        p[row] += ga * powers->x[a][row];
        px[row] += slope * powers->x[a - 1][row];
      }
    }
    for (int row = 0; row < BACK; row++) {
      sum->y[row] = b == degree - 1 ? sum->value[row] : sum->y[row] * y[row] + sum->value[row];
      sum->x[row] = b == degree - 1 ? px[row] : sum->x[row] * y[row] + px[row];
      sum->value[row] = sum->value[row] * y[row] + p[row];
    }
  }
}

/* The polynomial of one radial function: P = z P_1(x, y) + P_0(x, y). */
ALWAYS_INLINE void sum_moments(const int orders, const number *slot, const struct powers *powers,
                               const lane_vector *y, const lane_vector *z, struct polynomial *sum)
{
  if (orders < 2) {
    sum_triangle(0, slot, powers, y, sum);
    for (int row = 0; row < BACK; row++)
      sum->z[row] = lanes_set(0.0);
    return;
  }
  struct polynomial part;
  sum_triangle(orders - 2, slot + strip_start(orders - 1, orders) * LANES, powers, y, &part);
  sum_triangle(orders - 1, slot, powers, y, sum);
  for (int row = 0; row < BACK; row++) {
    sum->value[row] += part.value[row] * z[row];
    sum->x[row] += part.x[row] * z[row];
    sum->y[row] += part.y[row] * z[row];
    sum->z[row] = part.value[row];
  }
}

/* The derivative of a sum of f_mu(r) P_mu(u) by the displacement, for BACK rows: along u, and by x,
   y, z at constant r before the part along u is taken off. */
struct slopes {
  lane_vector radial[BACK], x[BACK], y[BACK], z[BACK];
};

ALWAYS_INLINE void clear_slopes(struct slopes *slopes)
{
  for (int row = 0; row < BACK; row++)
    slopes->radial[row] = slopes->x[row] = slopes->y[row] = slopes->z[row] = lanes_set(0.0);
}

/* Adds f P with f, f' of the rows at `f` and `df`. */
ALWAYS_INLINE void add_slopes(const struct polynomial *sum, const number *f, const number *df,
                              int angular, struct slopes *slopes)
{
  for (int row = 0; row < BACK; row++) {
    const lane_vector value = lanes_load(f + row * LANES);
    slopes->radial[row] += lanes_load(df + row * LANES) * sum->value[row];
    if (angular) {
      slopes->x[row] += value * sum->x[row];
      slopes->y[row] += value * sum->y[row];
      slopes->z[row] += value * sum->z[row];
    }
  }
}

/* (radial) u + (1 - u u^T) (x, y, z)/r, to [row][3]. */
ALWAYS_INLINE void store_gradients(const struct slopes *slopes, number *tile, int first,
                                   number *gradient)
{
  for (int row = 0; row < BACK; row++) {
    const lane_vector x = lanes_load(mtp_tile_row(tile, TILE_X, first + row));
    const lane_vector y = lanes_load(mtp_tile_row(tile, TILE_Y, first + row));
    const lane_vector z = lanes_load(mtp_tile_row(tile, TILE_Z, first + row));
    const lane_vector inverse = lanes_load(mtp_tile_row(tile, TILE_INVERSE, first + row));
    const lane_vector gx = slopes->x[row], gy = slopes->y[row], gz = slopes->z[row];
    const lane_vector along = slopes->radial[row] - (gx * x + gy * y + gz * z) * inverse;
    number *g = gradient + (first + row) * 3 * LANES;
    lanes_store(g, gx * inverse + along * x);
    lanes_store(g + LANES, gy * inverse + along * y);
    lanes_store(g + 2 * LANES, gz * inverse + along * z);
  }
}

#endif
