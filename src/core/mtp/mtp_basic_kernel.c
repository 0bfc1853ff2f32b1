/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Basic moments, and the way back from adjoints to gradients. Most of the
   time goes into sums of a coefficient times a power of x; each such sum keeps several rows in
   registers, so that a moment is loaded and stored once per tile. */
#include "mtp_block.h"

enum { POWERS = MTP_MAX_RANK + 1, HALF = MTP_TILE / 2 };

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
static int orders_of(const struct mtp_plan *plan, int mu)
{
  return (plan->strip_start[mu + 1] - plan->strip_start[mu] + 1) / 2;
}

/* Powers of the unit vectors of some rows. */
struct powers {
  vector x[POWERS][MTP_TILE];
  vector yz[2][POWERS][MTP_TILE]; /* y^b z^c */
};

ALWAYS_INLINE void fill_x_powers(const int rows, int rank, double *tile, int first,
                                 struct powers *powers)
{
  for (int row = 0; row < rows; row++) {
    const vector x = vector_load(mtp_tile_row(tile, TILE_X, first + row));
    vector xa = vector_set(1.0);
    for (int a = 0; a <= rank; a++) {
      powers->x[a][row] = xa;
      xa *= x;
    }
  }
}

ALWAYS_INLINE void fill_yz_powers(const int rows, int rank, double *tile, int first,
                                  struct powers *powers)
{
  for (int row = 0; row < rows; row++) {
    const vector y = vector_load(mtp_tile_row(tile, TILE_Y, first + row));
    vector yb = vector_set(1.0), yz = vector_load(mtp_tile_row(tile, TILE_Z, first + row));
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

/* Adds the moments f x^a y^b z^c of a + b <= degree: c is 0 or 1. */
ALWAYS_INLINE void add_moments(const int rows, const int degree, const double *f,
                               const struct powers *powers, const int c, double *slot)
{
  UNROLLED for (int b = 0; b <= degree; b++)
  {
    vector h[MTP_TILE];
    for (int row = 0; row < rows; row++)
      h[row] = vector_load(f + row * WIDTH) * powers->yz[c][b][row];
    UNROLLED for (int a = 0; a <= degree - b; a++)
    {
      double *place = slot + (strip_start(degree, b) + a) * WIDTH;
      vector even = vector_load(place), odd = h[1] * powers->x[a][1];
      even += h[0] * powers->x[a][0];
      for (int row = 2; row < rows; row += 2) {
        even += h[row] * powers->x[a][row];
        odd += h[row + 1] * powers->x[a][row + 1];
      }
      vector_store(place, even + odd);
    }
  }
}

/* Adds the moments of `rows` rows. */
ALWAYS_INLINE void add_rows(const int rows, const struct mlgrain_mtp *mtp, double *tile, int first,
                            struct powers *powers, double *m)
{
  const struct mtp_plan *plan = &mtp->plan;
  fill_x_powers(rows, plan->max_rank, tile, first, powers);
  fill_yz_powers(rows, plan->max_rank, tile, first, powers);
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    const double *f = mtp_tile_row(tile, TILE_RADIAL + mu, first);
    const int orders = orders_of(plan, mu);
    double *slot = m + plan->strips[plan->strip_start[mu]].slot;
#define ADD_MOMENTS(n)                                                                             \
  add_moments(rows, (n)-1, f, powers, 0, slot);                                                    \
  add_moments(rows, (n)-2, f, powers, 1, slot + strip_start((n)-1, n) * WIDTH)
    if (orders)
      FOR_SMALL(orders, ADD_MOMENTS, orders)
  }
}

void MLGRAIN_KERNEL(mtp_basic_clear)(const struct mtp_task *task)
{
  double *m = task->workspace->buffer[MTP_MOMENTS].memory;
  memset(m, 0, task->mtp->plan.reduced_count * WIDTH * sizeof *m);
}

void MLGRAIN_KERNEL(mtp_basic_add)(const struct mtp_task *task, const struct mtp_block *block,
                                   int t)
{
  double *m = task->workspace->buffer[MTP_MOMENTS].memory;
  struct powers powers;
  if (block->rows - t * MTP_TILE > HALF)
    add_rows(MTP_TILE, task->mtp, mtp_tile(task, t), 0, &powers, m);
  else
    add_rows(HALF, task->mtp, mtp_tile(task, t), 0, &powers, m);
}

void MLGRAIN_KERNEL(mtp_basic_recover)(const struct mtp_task *task)
{
  const struct mtp_plan *plan = &task->mtp->plan;
  double *m = task->workspace->buffer[MTP_MOMENTS].memory;
  for (size_t k = 0; k < plan->recovery_count; k++) {
    const struct mtp_recovery *recovery = &plan->recovery[k];
    vector_store(m + recovery->target, vector_load(m + recovery->plus) -
                                           vector_load(m + recovery->minus[0]) -
                                           vector_load(m + recovery->minus[1]));
  }
}

static void recover_backward(const struct mtp_plan *plan, double *adjoint)
{
  for (size_t k = plan->recovery_count; k-- > 0;) {
    const struct mtp_recovery *recovery = &plan->recovery[k];
    const vector target = vector_load(adjoint + recovery->target);
    double *plus = adjoint + recovery->plus;
    vector_store(plus, vector_load(plus) + target);
    for (int i = 0; i < 2; i++) {
      double *minus = adjoint + recovery->minus[i];
      vector_store(minus, vector_load(minus) - target);
    }
  }
}

/* P(u) = sum of adjoint times monomial over the moments of one radial function, and its
   derivatives by x, y, z, for BACK rows. */
struct polynomial {
  vector value[BACK], x[BACK], y[BACK], z[BACK];
};

/* Value and derivatives by x and y of a polynomial of that degree in x and y, by Horner's rule in
   y: P = y P + strip, each strip a polynomial in x. */
ALWAYS_INLINE void sum_triangle(const int degree, const double *slot, const struct powers *powers,
                                const vector *y, struct polynomial *sum)
{
  for (int row = 0; row < BACK; row++) {
    sum->value[row] = vector_load(slot + strip_start(degree, degree) * WIDTH);
    sum->x[row] = sum->y[row] = vector_set(0.0);
  }
  UNROLLED for (int b = degree - 1; b >= 0; b--)
  {
    const double *g = slot + strip_start(degree, b) * WIDTH;
    vector p[BACK], px[BACK];
    for (int row = 0; row < BACK; row++) {
      const vector slope = vector_load(g + WIDTH);
      p[row] = vector_load(g) + slope * powers->x[1][row];
      px[row] = slope;
    }
    UNROLLED for (int a = 2; a <= degree - b; a++)
    {
      const vector ga = vector_load(g + a * WIDTH), slope = ga * (double)a;
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
ALWAYS_INLINE void sum_moments(const int orders, const double *slot, const struct powers *powers,
                               const vector *y, const vector *z, struct polynomial *sum)
{
  if (orders < 2) {
    sum_triangle(0, slot, powers, y, sum);
    for (int row = 0; row < BACK; row++)
      sum->z[row] = vector_set(0.0);
    return;
  }
  struct polynomial part;
  sum_triangle(orders - 2, slot + strip_start(orders - 1, orders) * WIDTH, powers, y, &part);
  sum_triangle(orders - 1, slot, powers, y, sum);
  for (int row = 0; row < BACK; row++) {
    sum->value[row] += part.value[row] * z[row];
    sum->x[row] += part.x[row] * z[row];
    sum->y[row] += part.y[row] * z[row];
    sum->z[row] = part.value[row];
  }
}

/* Gradients of BACK rows. */
static void gradients_of_rows(const struct mlgrain_mtp *mtp, double *tile, int first,
                              const double *adjoint, struct powers *powers, double *gradient,
                              double *values)
{
  const struct mtp_plan *plan = &mtp->plan;
  vector radial[BACK], gx[BACK], gy[BACK], gz[BACK], y[BACK], z[BACK];
  fill_x_powers(BACK, plan->max_rank, tile, first, powers);
  for (int row = 0; row < BACK; row++) {
    radial[row] = gx[row] = gy[row] = gz[row] = vector_set(0.0);
    y[row] = vector_load(mtp_tile_row(tile, TILE_Y, first + row));
    z[row] = vector_load(mtp_tile_row(tile, TILE_Z, first + row));
  }
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    struct polynomial sum;
    const double *slot = adjoint + plan->strips[plan->strip_start[mu]].slot;
    const int orders = orders_of(plan, mu);
#define SUM_MOMENTS(n) sum_moments(n, slot, powers, y, z, &sum)
    if (!orders)
      memset(&sum, 0, sizeof sum);
    else
      FOR_SMALL(orders, SUM_MOMENTS, orders)
    for (int row = 0; row < BACK; row++) {
      const vector f = vector_load(mtp_tile_row(tile, TILE_RADIAL + mu, first + row));
      const vector df =
          vector_load(mtp_tile_row(tile, TILE_RADIAL + mtp->radial_count + mu, first + row));
      radial[row] += df * sum.value[row];
      if (orders > 1) {
        gx[row] += f * sum.x[row];
        gy[row] += f * sum.y[row];
        gz[row] += f * sum.z[row];
      }
      if (values)
        vector_store(values + (mu * MTP_TILE + first + row) * WIDTH, sum.value[row]);
    }
  }
  for (int row = 0; row < BACK; row++) {
    const vector x = vector_load(mtp_tile_row(tile, TILE_X, first + row));
    const vector inverse = vector_load(mtp_tile_row(tile, TILE_INVERSE, first + row));
    const vector along =
        radial[row] - (gx[row] * x + gy[row] * y[row] + gz[row] * z[row]) * inverse;
    double *g = gradient + (first + row) * 3 * WIDTH;
    vector_store(g, gx[row] * inverse + along * x);
    vector_store(g + WIDTH, gy[row] * inverse + along * y[row]);
    vector_store(g + 2 * WIDTH, gz[row] * inverse + along * z[row]);
  }
}

/* The hard wall below min_dist of RBChebyshev_repuls, which few rows touch: lane by lane. */
static void add_wall(const struct mlgrain_mtp *mtp, double *tile, double *gradient,
                     struct mtp_block *block)
{
  for (int row = 0; row < MTP_TILE; row++)
    for (int lane = 0; lane < WIDTH; lane++) {
      const double r = mtp_tile_row(tile, TILE_R, row)[lane];
      if (r >= mtp->min_dist)
        continue;
      const double e = 1e4 * __builtin_exp(-10.0 * (r - 1.0));
      block->energy[lane] += e - 1e4 * __builtin_exp(-10.0 * (mtp->min_dist - 1.0));
      for (int d = 0; d < 3; d++)
        gradient[(row * 3 + d) * WIDTH + lane] -=
            10.0 * e * mtp_tile_row(tile, TILE_X + d, row)[lane];
    }
}

void MLGRAIN_KERNEL(mtp_basic_backward)(const struct mtp_task *task, struct mtp_block *block,
                                        double *values)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  double *tile = task->workspace->buffer[MTP_TILES].memory,
         *gradient = task->workspace->buffer[MTP_GRADIENTS].memory;
  double *adjoint = task->workspace->buffer[MTP_ADJOINTS].memory;
  struct powers powers;
  recover_backward(&mtp->plan, adjoint);
  for (int row = 0; row < block->rows; row += MTP_TILE) {
    /* values are read for whole tiles */
    const int rows = values ? MTP_TILE : block->rows - row;
    for (int first = 0; first < MTP_TILE && first < rows; first += BACK)
      gradients_of_rows(mtp, tile, first, adjoint, &powers, gradient, values);
    if (mtp->repulsive)
      add_wall(mtp, tile, gradient, block);
    tile += mtp_tile_vectors(mtp) * WIDTH;
    gradient += MTP_TILE * 3 * WIDTH;
    if (values)
      values += (size_t)mtp->radial_count * MTP_TILE * WIDTH;
  }
}

/* - sum of d_a g_b over all rows, symmetrized: xx yy zz xy xz yz. */
void MLGRAIN_KERNEL(mtp_virial)(const struct mtp_task *task, const struct mtp_block *block)
{
  const double *gradient = task->workspace->buffer[MTP_GRADIENTS].memory;
  vector sum[6];
  for (int k = 0; k < 6; k++)
    sum[k] = vector_set(0.0);
  for (int row = 0; row < block->rows; row++, gradient += 3 * WIDTH) {
    double *tile = mtp_tile(task, row / MTP_TILE);
    vector d[3], g[3];
    const vector r = vector_load(mtp_tile_row(tile, TILE_R, row % MTP_TILE));
    for (int k = 0; k < 3; k++) {
      d[k] = r * vector_load(mtp_tile_row(tile, TILE_X + k, row % MTP_TILE));
      g[k] = vector_load(gradient + k * WIDTH);
    }
    for (int k = 0; k < 3; k++)
      sum[k] += d[k] * g[k];
    sum[3] += 0.5 * (d[0] * g[1] + d[1] * g[0]);
    sum[4] += 0.5 * (d[0] * g[2] + d[2] * g[0]);
    sum[5] += 0.5 * (d[1] * g[2] + d[2] * g[1]);
  }
  for (int k = 0; k < 6; k++)
    task->result->virial[k] -= vector_sum(sum[k]);
}
