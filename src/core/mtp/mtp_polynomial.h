/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: powers of unit vectors, and polynomials of the moments of a radial function with their
   derivatives, for some rows of a tile at a time. A center has a lane, of
   doubles or, in mtp_single_kernel.c, of floats; a file
   that defines MTP_MEMBER_LANES before it includes this has single-precision numbers in vectors as
   long, two reals for each center. */
#ifndef MLGRAIN_MTP_POLYNOMIAL_H
#define MLGRAIN_MTP_POLYNOMIAL_H

#include "mtp_block.h"

#ifdef MTP_MEMBER_LANES
#include "mtp_member_lanes.h"
#else
typedef number real;
typedef lane_vector reals;

enum { REALS = LANES };

#define real_load lanes_load
#define real_store lanes_store
#define real_set lanes_set
#define tile_row mtp_tile_row
#endif

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
  reals x[POWERS][MTP_TILE];
  reals yz[2][POWERS][MTP_TILE]; /* y^b z^c */
};

ALWAYS_INLINE void fill_x_powers(const int rows, int rank, real *tile, int first,
                                 struct powers *powers)
{
  for (int row = 0; row < rows; row++) {
    const reals x = real_load(tile_row(tile, TILE_X, first + row));
    reals xa = real_set(1.0);
    for (int a = 0; a <= rank; a++) {
      powers->x[a][row] = xa;
      xa *= x;
    }
  }
}

ALWAYS_INLINE void fill_yz_powers(const int rows, int rank, real *tile, int first,
                                  struct powers *powers)
{
  for (int row = 0; row < rows; row++) {
    const reals y = real_load(tile_row(tile, TILE_Y, first + row));
    reals yb = real_set(1.0), yz = real_load(tile_row(tile, TILE_Z, first + row));
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
static inline void recover(const struct mtp_plan *plan, real *m)
{
  for (size_t k = 0; k < plan->recovery_count; k++) {
    const struct mtp_recovery *recovery = &plan->recovery[k];
    real_store(m + recovery->target, real_load(m + recovery->plus) -
                                         real_load(m + recovery->minus[0]) -
                                         real_load(m + recovery->minus[1]));
  }
}

static inline void recover_one_backward(const struct mtp_recovery *recovery, real *adjoint)
{
  const reals target = real_load(adjoint + recovery->target);
  real *plus = adjoint + recovery->plus;
  real_store(plus, real_load(plus) + target);
  for (int i = 0; i < 2; i++) {
    real *minus = adjoint + recovery->minus[i];
    real_store(minus, real_load(minus) - target);
  }
}

static inline void recover_backward(const struct mtp_plan *plan, real *adjoint)
{
  for (size_t k = plan->recovery_count; k-- > 0;)
    recover_one_backward(&plan->recovery[k], adjoint);
}

/* Unit vectors of BACK rows. */
struct directions {
  reals x[BACK], y[BACK], z[BACK];
};

static inline void load_directions(real *tile, int first, struct directions *u)
{
  for (int row = 0; row < BACK; row++) {
    u->x[row] = real_load(tile_row(tile, TILE_X, first + row));
    u->y[row] = real_load(tile_row(tile, TILE_Y, first + row));
    u->z[row] = real_load(tile_row(tile, TILE_Z, first + row));
  }
}

/* P(u) = sum of adjoint times monomial over the moments of one radial function, and its
   derivatives by x, y, z, for BACK rows. */
struct polynomial {
  reals value[BACK], x[BACK], y[BACK], z[BACK];
};

/* Value and derivatives by x and y of a polynomial of that degree in x and y, by Horner's rule in
   y: P = y P + strip, each strip a polynomial in x by the same rule. */
ALWAYS_INLINE void sum_triangle(const int degree, const real *slot, const struct directions *u,
                                struct polynomial *sum)
{
  for (int row = 0; row < BACK; row++) {
    sum->value[row] = real_load(slot + strip_start(degree, degree) * REALS);
    sum->x[row] = sum->y[row] = real_set(0.0);
  }
  UNROLLED for (int b = degree - 1; b >= 0; b--)
  {
    const real *g = slot + strip_start(degree, b) * REALS;
    reals p[BACK], px[BACK];
    for (int row = 0; row < BACK; row++) {
      px[row] = real_load(g + (degree - b) * REALS);
      p[row] = real_load(g + (degree - b - 1) * REALS) + px[row] * u->x[row];
    }
    UNROLLED for (int a = degree - b - 2; a >= 0; a--)
    {
      const reals ga = real_load(g + a * REALS);
      for (int row = 0; row < BACK; row++) {
        px[row] = px[row] * u->x[row] + p[row];
        p[row] = p[row] * u->x[row] + ga;
      }
    }
    for (int row = 0; row < BACK; row++) {
      const reals y = u->y[row];
      sum->y[row] = b == degree - 1 ? sum->value[row] : sum->y[row] * y + sum->value[row];
      sum->x[row] = b == degree - 1 ? px[row] : sum->x[row] * y + px[row];
      sum->value[row] = sum->value[row] * y + p[row];
    }
  }
}

/* The polynomial of one radial function: P = z P_1(x, y) + P_0(x, y). */
ALWAYS_INLINE void sum_moments(const int orders, const real *slot, const struct directions *u,
                               struct polynomial *sum)
{
  if (orders < 2) {
    sum_triangle(0, slot, u, sum);
    for (int row = 0; row < BACK; row++)
      sum->z[row] = real_set(0.0);
    return;
  }
  struct polynomial part;
  sum_triangle(orders - 2, slot + strip_start(orders - 1, orders) * REALS, u, &part);
  sum_triangle(orders - 1, slot, u, sum);
  for (int row = 0; row < BACK; row++) {
    sum->value[row] += part.value[row] * u->z[row];
    sum->x[row] += part.x[row] * u->z[row];
    sum->y[row] += part.y[row] * u->z[row];
    sum->z[row] = part.value[row];
  }
}

/* The derivative of a sum of f_mu(r) P_mu(u) by the displacement, for BACK rows: along u, and by x,
   y, z at constant r before the part along u is taken off. */
struct slopes {
  reals radial[BACK], x[BACK], y[BACK], z[BACK];
};

ALWAYS_INLINE void clear_slopes(struct slopes *slopes)
{
  for (int row = 0; row < BACK; row++)
    slopes->radial[row] = slopes->x[row] = slopes->y[row] = slopes->z[row] = real_set(0.0);
}

/* Adds f P with f, f' of the rows at `f` and `df`. */
ALWAYS_INLINE void add_slopes(const struct polynomial *sum, const real *f, const real *df,
                              int angular, struct slopes *slopes)
{
  for (int row = 0; row < BACK; row++) {
    const reals value = real_load(f + row * REALS);
    slopes->radial[row] += real_load(df + row * REALS) * sum->value[row];
    if (angular) {
      slopes->x[row] += value * sum->x[row];
      slopes->y[row] += value * sum->y[row];
      slopes->z[row] += value * sum->z[row];
    }
  }
}

/* (radial) u + (1 - u u^T) (x, y, z)/r, to [row][3]. */
ALWAYS_INLINE void store_gradients(const struct slopes *slopes, real *tile, int first,
                                   real *gradient)
{
  for (int row = 0; row < BACK; row++) {
    const reals x = real_load(tile_row(tile, TILE_X, first + row));
    const reals y = real_load(tile_row(tile, TILE_Y, first + row));
    const reals z = real_load(tile_row(tile, TILE_Z, first + row));
    const reals inverse = real_load(tile_row(tile, TILE_INVERSE, first + row));
    const reals gx = slopes->x[row], gy = slopes->y[row], gz = slopes->z[row];
    const reals along = slopes->radial[row] - (gx * x + gy * y + gz * z) * inverse;
    real *g = gradient + (first + row) * 3 * REALS;
    real_store(g, gx * inverse + along * x);
    real_store(g + REALS, gy * inverse + along * y);
    real_store(g + 2 * REALS, gz * inverse + along * z);
  }
}

#endif
