/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strain functional descriptors, compiled once per SIMD level. The candidates of a cell, points
   that may be neighbors of any of its centers, go into contiguous arrays. Then three steps for each
   center: its neighbors are picked from them; their 35 weighted moments are summed, neighbors in
   lanes; and, for WIDTH centers at once, the moments are shifted to the centroid and become tensors
   and invariants, centers in lanes. Notation follows doc/theory_sfd.md. */
#include <stdlib.h>

#include "base/vector.h"
#include "cells/candidates.h"
#include "sfd_private.h"

/* Memory of one call. The weights of the candidates are the factors of the task, where it has any;
   those of the neighbors are complete. */
enum { CANDIDATES, NEIGHBORS, SETS };
struct workspace {
  struct points_memory held;
  struct points set[SETS];
};

/* Picks the candidates within the cutoff of a center at (x, y, z), itself included, as
   displacements from there. */
static void pick(const struct sfd_task *task, double x, double y, double z,
                 const struct points *candidates, struct points *neighbors)
{
  const struct points from = *candidates;
  struct points to = *neighbors;
  const vector reach2 = vector_set(task->sfd->reach * task->sfd->reach);
  to.count = 0;
  for (size_t j = 0; j < from.count; j += WIDTH) {
    const vector dx = vector_load(from.x + j) - x;
    const vector dy = vector_load(from.y + j) - y;
    const vector dz = vector_load(from.z + j) - z;
    const unsigned inside = vector_less_bits(dx * dx + dy * dy + dz * dz, reach2);
    vector_compress_store(to.x + to.count, inside, dx);
    vector_compress_store(to.y + to.count, inside, dy);
    vector_compress_store(to.z + to.count, inside, dz);
    if (task->weight)
      vector_compress_store(to.weight + to.count, inside, vector_load(from.weight + j));
    to.count += (unsigned)__builtin_popcount(inside);
  }
  *neighbors = to;
}

/* w_j = c_j exp(-|d_j|^2 / 2 sigma^2); places past the last neighbor get weight 0 and a finite
   position. */
static void weigh(const struct sfd_task *task, struct points *neighbors)
{
  const struct points near = *neighbors;
  const double factor = -0.5 / (task->sfd->sigma * task->sfd->sigma);
  for (size_t j = near.count; j < near.count + WIDTH; j++)
    near.x[j] = near.y[j] = near.z[j] = 0.0;
  for (size_t j = 0; j < near.count; j += WIDTH) {
    const vector x = vector_load(near.x + j);
    const vector y = vector_load(near.y + j);
    const vector z = vector_load(near.z + j);
    vector weight = vector_exp((x * x + y * y + z * z) * factor);
    if (task->weight)
      weight *= vector_load(near.weight + j);
    vector_store(near.weight + j, weight);
  }
  for (size_t j = near.count; j < near.count + WIDTH; j++)
    near.weight[j] = 0.0;
}

/* sum_j w x^a y^b z^c of degree 0 to 3: 20 accumulators, which fit the registers of AVX-512. */
static void sum_low_moments(const struct points *near, vector sum[20])
{
  vector m[20]; /* in registers, which sum[] might not be */
  for (int i = 0; i < 20; i++)
    m[i] = vector_set(0.0);
  for (size_t j = 0; j < near->count; j += WIDTH) {
    const vector w = vector_load(near->weight + j);
    const vector x = vector_load(near->x + j);
    const vector y = vector_load(near->y + j);
    const vector z = vector_load(near->z + j);
    const vector wx = w * x, wy = w * y, wz = w * z;
    m[0] += w;
    m[1] += wx;
    m[2] += wy;
    m[3] += wz;
    const vector wxx = wx * x, wxy = wx * y, wxz = wx * z;
    const vector wyy = wy * y, wyz = wy * z, wzz = wz * z;
    m[4] += wxx;
    m[5] += wxy;
    m[6] += wxz;
    m[7] += wyy;
    m[8] += wyz;
    m[9] += wzz;
    m[10] += wxx * x;
    m[11] += wxx * y;
    m[12] += wxx * z;
    m[13] += wyy * x;
    m[14] += wxy * z;
    m[15] += wzz * x;
    m[16] += wyy * y;
    m[17] += wyy * z;
    m[18] += wzz * y;
    m[19] += wzz * z;
  }
  for (int i = 0; i < 20; i++)
    sum[i] = m[i];
}

/* The same of degree 4: 15 accumulators. */
static void sum_high_moments(const struct points *near, vector sum[15])
{
  vector m[15]; /* in registers, which sum[] might not be */
  for (int i = 0; i < 15; i++)
    m[i] = vector_set(0.0);
  for (size_t j = 0; j < near->count; j += WIDTH) {
    const vector w = vector_load(near->weight + j);
    const vector x = vector_load(near->x + j);
    const vector y = vector_load(near->y + j);
    const vector z = vector_load(near->z + j);
    const vector xx = x * x, xy = x * y, xz = x * z, yy = y * y, yz = y * z, zz = z * z;
    const vector wxx = w * xx, wyy = w * yy, wzz = w * zz;
    m[0] += wxx * xx;
    m[1] += wxx * xy;
    m[2] += wxx * xz;
    m[3] += wxx * yy;
    m[4] += wxx * yz;
    m[5] += wxx * zz;
    m[6] += wyy * xy;
    m[7] += wyy * xz;
    m[8] += wzz * xy;
    m[9] += wzz * xz;
    m[10] += wyy * yy;
    m[11] += wyy * yz;
    m[12] += wyy * zz;
    m[13] += wzz * yz;
    m[14] += wzz * zz;
  }
  for (int i = 0; i < 15; i++)
    sum[i] = m[i];
}

/* Puts the sums over the lanes of the moments of one center into lane `lane` of a block. */
static void sum_moments(const struct points *near, int lane, vector block[SFD_MOMENTS])
{
  vector m[SFD_MOMENTS];
  sum_low_moments(near, m);
  sum_high_moments(near, m + 20);
  for (int i = 0; i < SFD_MOMENTS; i++)
    block[i][lane] = vector_sum(m[i]);
}

/* Turns sums into averages <x^a y^b z^c> over sigma^(a+b+c), about the weighted centroid, which is
   returned in s: one direction after the other, in the steps of struct sfd_shift. */
static void center_moments(const struct mlgrain_sfd *sfd, vector m[SFD_MOMENTS], vector s[3])
{
  static const int first[SFD_MAX_RANK + 2] = {0, 1, 4, 10, 20, 35}; /* of each degree */
  vector factor = 1.0 / m[0];
  for (int n = 1; n <= SFD_MAX_RANK; n++) {
    factor *= 1.0 / sfd->sigma;
    for (int i = first[n]; i < first[n + 1]; i++)
      m[i] *= factor;
  }
  for (int d = 0; d < 3; d++)
    s[d] = m[1 + d];
  m[0] = vector_set(1.0);
  for (int d = 0; d < 3; d++)
    for (int i = 0; i < SFD_MOMENTS; i++) {
      const struct sfd_shift_step *step = &sfd->shift[d].step[i];
      m[step->target] -= s[d] * m[step->source];
    }
}

/* A tensor of rank l in the real basis of sfd_coupling.h: 2l+1 components. */
typedef vector tensor[SFD_MAX_COMPONENTS];

static void harmonic_average(const struct sfd_harmonic *harmonic, const vector m[SFD_MOMENTS],
                             double factor, tensor t)
{
  const struct sfd_harmonic_term *term = harmonic->term;
  for (int i = 0; i < 2 * harmonic->rank + 1; i++) {
    vector sum = vector_set(0.0);
    for (; term < harmonic->term + harmonic->end[i]; term++)
      sum += m[term->monomial] * term->value;
    t[i] = sum * factor;
  }
}

/* (A x B)_L */
static void couple(const struct sfd_coupling *coupling, const vector *a, const vector *b,
                   vector *out)
{
  const struct sfd_coupling_term *term = coupling->term;
  for (int i = 0; i < 2 * coupling->rank + 1; i++) {
    vector sum = vector_set(0.0);
    for (; term < coupling->term + coupling->end[i]; term++)
      sum += (a[term->left] * b[term->right] + a[term->right] * b[term->left]) * term->value;
    out[i] = sum;
  }
}

/* (A x A)_L */
static void square(const struct sfd_coupling *coupling, const vector *a, vector *out)
{
  const struct sfd_coupling_term *term = coupling->term;
  for (int i = 0; i < 2 * coupling->rank + 1; i++) {
    vector sum = vector_set(0.0);
    for (; term < coupling->term + coupling->end[i]; term++)
      sum += (a[term->left] * a[term->right]) * term->value;
    out[i] = 2.0 * sum;
  }
}

/* A.B = sum_m A_m conj(B_m) / sqrt(2l+1) */
static vector dot(int rank, const vector *a, const vector *b)
{
  vector sum = vector_set(0.0);
  for (int i = 0; i < 2 * rank + 1; i++)
    sum += a[i] * b[i];
  return sum * (1.0 / __builtin_sqrt(2 * rank + 1));
}

/* unit = A / ||A||; returns ||A||. Where ||A|| is no more than `noise`, both are zero. */
static vector normalize(int rank, const vector *a, double noise, vector *unit)
{
  vector norm = vector_sqrt(dot(rank, a, a));
  const vector_int real = norm > noise;
  const vector inverse = vector_select(real, 1.0 / norm, vector_set(0.0));
  for (int i = 0; i < 2 * rank + 1; i++)
    unit[i] = a[i] * inverse;
  return vector_select(real, norm, vector_set(0.0));
}

/* The product of two unit tensors that should vanish by symmetry comes out as rounding errors of
   some 1e-15, which must not be normalized. */
#define NOISE 1e-13

/* The invariants are ratios of products of tensors. They are formed from unit tensors and norms,
   which is the same, and neither underflows nor amplifies rounding when the tensors are small. */

/* <q^2 f> for the monomials f of degree 1 and 2, at the places of those monomials. */
static void contract(const vector m[SFD_MOMENTS], vector q2m[10])
{
  for (int n = 1; n <= 2; n++)
    for (int a = 0; a <= n; a++)
      for (int b = 0; a + b <= n; b++) {
        const int c = n - a - b;
        q2m[sfd_monomial(a, b, c)] = m[sfd_monomial(a + 2, b, c)] + m[sfd_monomial(a, b + 2, c)] +
                                     m[sfd_monomial(a, b, c + 2)];
      }
}

/* Norm of sum_m of a vector times R_1m: |v| / 3^(1/4). */
static vector norm_of_vector(const vector v[3])
{
  return vector_sqrt((v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) * (1.0 / __builtin_sqrt(3.0)));
}

/* ||P22|| or ||P42||, and T.(T x T)_2 / ||T||^2 */
static void second_order(const struct mlgrain_sfd *sfd, const tensor t, vector *norm,
                         vector *character)
{
  tensor unit, product;
  *norm = normalize(2, t, 0.0, unit);
  square(&sfd->coupling[SFD_222], unit, product);
  *character = *norm * dot(2, unit, product);
}

/* P3_I0 .. P3_I3 from P33 */
static void third_order(const struct mlgrain_sfd *sfd, const tensor p33, vector out[4])
{
  tensor u, product, a, b;
  const vector norm = normalize(3, p33, 0.0, u);
  square(&sfd->coupling[SFD_332], u, product);
  const vector norm_a = normalize(2, product, NOISE, a);
  square(&sfd->coupling[SFD_334], u, b);
  out[0] = norm;
  out[1] = norm * norm_a;
  square(&sfd->coupling[SFD_222], a, product);
  out[2] = norm * norm_a * dot(2, a, product);
  normalize(4, b, NOISE, a);
  square(&sfd->coupling[SFD_444], a, product);
  out[3] = norm * vector_sqrt(dot(4, b, b)) * dot(4, a, product);
}

/* P4_I0 .. P4_I5 from P44 */
static void fourth_order(const struct mlgrain_sfd *sfd, const tensor p44, vector out[6])
{
  tensor u, product, d, e, g, h, k;
  const vector norm = normalize(4, p44, 0.0, u);
  out[0] = norm;
  square(&sfd->coupling[SFD_442], u, product);
  const vector norm_d = normalize(2, product, NOISE, d);
  out[1] = norm * norm_d;
  square(&sfd->coupling[SFD_222], d, product);
  out[2] = norm * norm_d * dot(2, d, product);
  square(&sfd->coupling[SFD_444], u, product);
  const vector norm_e = normalize(4, product, NOISE, e);
  square(&sfd->coupling[SFD_444], e, h);
  out[3] = norm * norm_e * dot(4, e, h);
  square(&sfd->coupling[SFD_224], d, k);
  out[4] = norm * vector_sqrt(norm_d) * dot(4, u, k);
  couple(&sfd->coupling[SFD_444], u, e, g);
  out[5] = norm * norm_e * dot(4, g, h);
}

/* All invariants of WIDTH centers from the sums of their moments. */
static void compute_invariants(const struct mlgrain_sfd *sfd, vector m[SFD_MOMENTS],
                               vector invariant[MLGRAIN_SFD_COUNT])
{
  vector s[3], q2m[10];
  tensor t;
  invariant[0] = m[0];
  center_moments(sfd, m, s);
  contract(m, q2m);
  const int xx = sfd_monomial(2, 0, 0), yy = sfd_monomial(0, 2, 0), zz = sfd_monomial(0, 0, 2);
  const vector q2 = m[xx] + m[yy] + m[zz];
  const vector q4 = q2m[xx] + q2m[yy] + q2m[zz];

  invariant[1] = __builtin_sqrt(2.0) * norm_of_vector(s);
  harmonic_average(&sfd->harmonic[2], m, __builtin_sqrt(4.0 / 3.0), t);
  second_order(sfd, t, &invariant[2], &invariant[3]);
  invariant[4] = __builtin_sqrt(2.0 / 3.0) * (q2 - 1.5);

  harmonic_average(&sfd->harmonic[3], m, __builtin_sqrt(8.0 / 15.0), t);
  third_order(sfd, t, &invariant[5]);
  invariant[9] = __builtin_sqrt(4.0 / 5.0) * norm_of_vector(q2m + 1);

  harmonic_average(&sfd->harmonic[4], m, __builtin_sqrt(16.0 / 105.0), t);
  fourth_order(sfd, t, &invariant[10]);
  for (int i = xx; i <= zz; i++)
    m[i] = q2m[i] - 3.5 * m[i];
  harmonic_average(&sfd->harmonic[2], m, __builtin_sqrt(8.0 / 21.0), t);
  second_order(sfd, t, &invariant[16], &invariant[17]);
  invariant[18] = __builtin_sqrt(2.0 / 15.0) * (q4 - 5.0 * q2 + 3.75);

  const vector_int has_weight = invariant[0] > 0.0;
  for (int i = 0; i < MLGRAIN_SFD_COUNT; i++)
    invariant[i] = vector_select(has_weight, invariant[i], vector_set(0.0));
}

/* Up to WIDTH centers whose moments are known; unused lanes hold those of a lone point. */
struct block {
  int count;
  int32_t point[WIDTH];
  vector moment[SFD_MOMENTS];
};

static void clear(struct block *block)
{
  block->count = 0;
  block->moment[0] = vector_set(1.0);
  for (int i = 1; i < SFD_MOMENTS; i++)
    block->moment[i] = vector_set(0.0);
}

static void finish(const struct sfd_task *task, struct block *block)
{
  vector invariant[MLGRAIN_SFD_COUNT];
  compute_invariants(task->sfd, block->moment, invariant);
  const int columns = task->sfd->columns;
  for (int lane = 0; lane < block->count; lane++) {
    double *row = task->descriptor + (size_t)block->point[lane] * (size_t)columns;
    for (int i = 0; i < columns; i++)
      row[i] = invariant[task->sfd->column[i]][lane];
  }
  clear(block);
}

static enum mlgrain_status compute_span(const struct sfd_task *task, size_t cell, int32_t span,
                                        struct workspace *work, struct block *block)
{
  const struct mlgrain_cells *cells = task->cells;
  const struct mlgrain_run centers = points_of_cells(cells, cell, span);
  struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
  if (!has_chosen(cells, task->chosen, centers))
    return MLGRAIN_SUCCESS;
  const int run_count = mlgrain_cells_runs(cells, cell, span, run);
  size_t most = 0;
  for (int r = 0; r < run_count; r++)
    most += run[r].last - run[r].first;
  if (points_reserve(&work->held, most, work->set, SETS))
    return MLGRAIN_OUT_OF_MEMORY;
  const struct candidate_search search = {cells, task->sfd->reach, .weight = task->weight};
  collect_candidates(&search, ball_around(cells, centers), run_count, run, &work->set[CANDIDATES]);
  for (uint32_t i = centers.first; i < centers.last; i++) {
    if (!task->chosen[cells->index[i]])
      continue;
    pick(task, cells->x[i], cells->y[i], cells->z[i], &work->set[CANDIDATES],
         &work->set[NEIGHBORS]);
    weigh(task, &work->set[NEIGHBORS]);
    sum_moments(&work->set[NEIGHBORS], block->count, block->moment);
    block->point[block->count++] = cells->index[i];
    if (block->count == WIDTH)
      finish(task, block);
  }
  return MLGRAIN_SUCCESS;
}

/* The pairing of cells has no effect on the result, as neighbors come in the order of sorted points
   anyway. */
enum mlgrain_status MLGRAIN_KERNEL(sfd_compute)(const struct sfd_task *task)
{
  struct workspace work = {0};
  struct block block;
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  int32_t span;
  clear(&block);
  for (size_t cell = task->first_cell; cell < task->last_cell && !status; cell += (size_t)span) {
    span = cells_together(task->cells, cell, task->last_cell);
    status = compute_span(task, cell, span, &work, &block);
  }
  if (!status && block.count)
    finish(task, &block);
  free(work.held.memory);
  return status;
}
