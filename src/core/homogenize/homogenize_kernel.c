/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fluxes of a medium, the Green operators, and steps of conjugate gradients, with voxels or corners
   of a row along x in the lanes of vectors. */
#include <string.h>

#include "base/vector.h"
#include "homogenize_private.h"
#include "homogenize_rows.h"

/* ---- gradients in a row of voxels ----------------------------------------------------------- */

/* Loops go in whole vectors over rows that have room for that: what is made of the numbers beyond
   the last voxel is not used. */
static inline vector load(const double *row, size_t i)
{
  return vector_load(row + i);
}

/* corner[dz][dy]: the rows of corners around a row of n voxels. */
static inline void modes_of(size_t n, const double *const corner[2][2], const double scale[3],
                            int full, double *const sum[4], double *const mode[MODES])
{
  const double *a = corner[0][0], *b = corner[0][1], *c = corner[1][0], *d = corner[1][1];
  double *aa = sum[0], *da = sum[1], *ad = sum[2], *dd = sum[3];
  for (size_t i = 0; i < n; i += WIDTH) {
    const vector low = load(a, i) + load(c, i), high = load(b, i) + load(d, i);
    const vector rise_low = load(c, i) - load(a, i), rise_high = load(d, i) - load(b, i);
    vector_store(aa + i, low + high);
    vector_store(da + i, high - low);
    vector_store(ad + i, rise_low + rise_high);
    if (full)
      vector_store(dd + i, rise_high - rise_low);
  }
  for (int k = 0; k < 4; k++)
    sum[k][n] = sum[k][0];
  const double qx = 0.25 * scale[0], qy = 0.25 * scale[1], qz = 0.25 * scale[2];
  double *x = mode[G_X], *y = mode[G_Y], *z = mode[G_Z];
  double *xy = mode[C_XY], *xz = mode[C_XZ], *yz = mode[C_YZ], *xyz = mode[C_XYZ];
  for (size_t i = 0; i < n; i += WIDTH) {
    vector_store(x + i, qx * (load(aa, i + 1) - load(aa, i)));
    vector_store(y + i, qy * (load(da, i + 1) + load(da, i)));
    vector_store(z + i, qz * (load(ad, i + 1) + load(ad, i)));
    if (full) {
      vector_store(xy + i, 0.5 * (load(da, i + 1) - load(da, i)));
      vector_store(xz + i, 0.5 * (load(ad, i + 1) - load(ad, i)));
      vector_store(yz + i, 0.5 * (load(dd, i + 1) + load(dd, i)));
      vector_store(xyz + i, load(dd, i + 1) - load(dd, i));
    }
  }
}

/* ---- what the medium answers ---------------------------------------------------------------- */

/* `numbers` is a constant where this is inlined. */
static inline __attribute__((always_inline)) void spread_tensors(size_t n, const int32_t *phase,
                                                                 const double *table, int numbers,
                                                                 double *const tensor[])
{
  for (size_t i = 0; i < n; i++) {
    const double *of_phase = table + (size_t)phase[i] * (size_t)numbers;
#pragma GCC unroll 32
    for (int c = 0; c < numbers; c++)
      tensor[c][i] = of_phase[c];
  }
}

static inline void add_mean(size_t n, double mean, double *to)
{
  for (size_t i = 0; i < n; i += WIDTH)
    vector_store(to + i, load(to, i) + mean);
}

static inline void conduct(size_t n, double *const k[], double *const mode[MODES],
                           double *const response[MODES])
{
  const double *k_xx = k[0], *k_yy = k[1], *k_zz = k[2], *k_yz = k[3], *k_xz = k[4], *k_xy = k[5];
  const double *g_x = mode[G_X], *g_y = mode[G_Y], *g_z = mode[G_Z];
  double *j_x = response[G_X] + 1, *j_y = response[G_Y] + 1, *j_z = response[G_Z] + 1;
  for (size_t i = 0; i < n; i += WIDTH) {
    const vector x = load(g_x, i), y = load(g_y, i), z = load(g_z, i);
    const vector yz = load(k_yz, i), xz = load(k_xz, i), xy = load(k_xy, i);
    vector_store(j_x + i, load(k_xx, i) * x + xy * y + xz * z);
    vector_store(j_y + i, xy * x + load(k_yy, i) * y + yz * z);
    vector_store(j_z + i, xz * x + yz * y + load(k_zz, i) * z);
  }
}

/* The modes beyond the gradient. Its part linear in x has the vector v_x = (0, c_xy/h_y, c_xz/h_z),
   and so on; the energy of the voxel is
     g K g + (v_x K v_x + v_y K v_y + v_z K v_z)/12 + c_xyz^2 (K_xx/h_x^2 + ...)/144 */
static inline void conduct_full(size_t n, double *const k[], const double scale[3],
                                double *const mode[MODES], double *const response[MODES])
{
  const double *k_xx = k[0], *k_yy = k[1], *k_zz = k[2], *k_yz = k[3], *k_xz = k[4], *k_xy = k[5];
  const double *c_xy = mode[C_XY], *c_xz = mode[C_XZ], *c_yz = mode[C_YZ], *c_xyz = mode[C_XYZ];
  double *r_xy = response[C_XY] + 1, *r_xz = response[C_XZ] + 1, *r_yz = response[C_YZ] + 1;
  double *r_xyz = response[C_XYZ] + 1;
  const double sx = scale[0], sy = scale[1], sz = scale[2];
  for (size_t i = 0; i < n; i += WIDTH) {
    const vector xx = load(k_xx, i), yy = load(k_yy, i), zz = load(k_zz, i);
    const vector yz = load(k_yz, i), xz = load(k_xz, i), xy = load(k_xy, i);
    const vector x_y = sy * load(c_xy, i), x_z = sz * load(c_xz, i); /* v_x */
    const vector y_x = sx * load(c_xy, i), y_z = sz * load(c_yz, i); /* v_y */
    const vector z_x = sx * load(c_xz, i), z_y = sy * load(c_yz, i); /* v_z */
    vector_store(r_xy + i, (sy * (yy * x_y + yz * x_z) + sx * (xx * y_x + xz * y_z)) / 12.0);
    vector_store(r_xz + i, (sz * (yz * x_y + zz * x_z) + sx * (xx * z_x + xy * z_y)) / 12.0);
    vector_store(r_yz + i, (sz * (xz * y_x + zz * y_z) + sy * (xy * z_x + yy * z_y)) / 12.0);
    vector_store(r_xyz + i, (sx * sx * xx + sy * sy * yy + sz * sz * zz) * load(c_xyz, i) / 144.0);
  }
}

/* Strains, with shear as angles. */
static inline void strain_of(size_t n, double *const mode[MOST_FIELDS][MODES],
                             double *const strain[MOST_COMPONENTS])
{
  static const int one[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
  for (int c = 0; c < 3; c++)
    memcpy(strain[c], mode[c][c], n * sizeof(double));
  for (int c = 3; c < MOST_COMPONENTS; c++) {
    const double *a = mode[one[c][0]][one[c][1]], *b = mode[one[c][1]][one[c][0]];
    for (size_t i = 0; i < n; i += WIDTH)
      vector_store(strain[c] + i, load(a, i) + load(b, i));
  }
}

/* Stress in place of strain. */
static inline void stress_of(size_t n, double *const c[STIFFNESSES],
                             double *const strain[MOST_COMPONENTS])
{
  static const int number[6][6] = {{0, 1, 2, 3, 4, 5},     {1, 6, 7, 8, 9, 10},
                                   {2, 7, 11, 12, 13, 14}, {3, 8, 12, 15, 16, 17},
                                   {4, 9, 13, 16, 18, 19}, {5, 10, 14, 17, 19, 20}};
  for (size_t i = 0; i < n; i += WIDTH) {
    vector e[MOST_COMPONENTS];
    for (int k = 0; k < MOST_COMPONENTS; k++)
      e[k] = load(strain[k], i);
    for (int k = 0; k < MOST_COMPONENTS; k++) {
      vector stress = load(c[number[k][0]], i) * e[0];
      for (int m = 1; m < MOST_COMPONENTS; m++)
        stress += load(c[number[k][m]], i) * e[m];
      vector_store(strain[k] + i, stress);
    }
  }
}

static double row_sum(size_t n, const double *a)
{
  vector sum = {0.0};
  size_t i = 0;
  for (; i + WIDTH <= n; i += WIDTH)
    sum += vector_load(a + i);
  double total = vector_sum(sum);
  for (; i < n; i++)
    total += a[i];
  return total;
}

static double row_product(size_t n, const double *a, const double *b)
{
  vector sum = {0.0};
  size_t i = 0;
  for (; i + WIDTH <= n; i += WIDTH)
    sum += vector_load(a + i) * vector_load(b + i);
  double total = vector_sum(sum);
  for (; i < n; i++)
    total += a[i] * b[i];
  return total;
}

static void keep(size_t n, int components, double *const from[], double *to)
{
  for (int c = 0; c < components; c++)
    for (size_t i = 0; i < n; i++)
      to[i * (size_t)components + (size_t)c] = from[c][i];
}

/* What a row of voxels keeps of its gradient or flux, [components][n], where that is asked for. */
static void note(const struct flux_task *task, size_t j, size_t k, int components,
                 double *const value[], int is_flux)
{
  const struct node_grid *grid = &task->medium->grid;
  const size_t n = grid->n[0], at = (k * grid->n[1] + j) * n * (size_t)components;
  double *all = is_flux ? task->flux : task->gradient;
  if (all)
    keep(n, components, value, all + at);
  if (is_flux && task->flux_sum)
    for (int c = 0; c < components; c++)
      task->flux_sum[k * MOST_COMPONENTS + (size_t)c] += row_sum(n, value[c]);
}

static inline void respond_conducting(const struct flux_task *task, const struct rows *rows,
                                      int full, size_t j, size_t k, int is_noted)
{
  const struct node_grid *grid = &task->medium->grid;
  const size_t n = grid->n[0];
  for (int c = 0; c < 3; c++)
    if (task->mean[c] != 0.0)
      add_mean(n, task->mean[c], rows->mode[0][c]);
  conduct(n, rows->tensor, rows->mode[0], rows->response[0]);
  if (full)
    conduct_full(n, rows->tensor, grid->scale, rows->mode[0], rows->response[0]);
  if (is_noted) {
    double *const flux[3] = {rows->response[0][0] + 1, rows->response[0][1] + 1,
                             rows->response[0][2] + 1};
    note(task, j, k, 3, rows->mode[0], 0);
    note(task, j, k, 3, flux, 1);
  }
}

static inline void respond_elastic(const struct flux_task *task, const struct rows *rows, size_t j,
                                   size_t k, int is_noted)
{
  static const int component[3][3] = {{0, 5, 4}, {5, 1, 3}, {4, 3, 2}};
  const size_t n = task->medium->grid.n[0];
  strain_of(n, rows->mode, rows->stress);
  for (int c = 0; c < MOST_COMPONENTS; c++)
    if (task->mean[c] != 0.0)
      add_mean(n, task->mean[c], rows->stress[c]);
  if (is_noted)
    note(task, j, k, MOST_COMPONENTS, rows->stress, 0);
  stress_of(n, rows->tensor, rows->stress);
  if (is_noted)
    note(task, j, k, MOST_COMPONENTS, rows->stress, 1);
  for (int f = 0; f < 3; f++)
    for (int d = 0; d < 3; d++)
      memcpy(rows->response[f][d] + 1, rows->stress[component[f][d]], n * sizeof(double));
}

/* ---- divergence ----------------------------------------------------------------------------- */

/* Gives what a row of voxels answered to its four rows of corners, by the transposed stencils. The
   lower two get what the row before gave them, too: that below is added to `below` as it stood, the
   sum is the result in `out`; that above is left in `below`. With out NULL it is left there only.
 */
static inline void diverge(size_t n, const double scale[3], int full, double *const response[MODES],
                           double *before_low, double *before_high, double *below, double *out)
{
  const double qx = 0.25 * scale[0], qy = 0.25 * scale[1], qz = 0.25 * scale[2];
  for (int m = 0; m < (full ? MODES : 3); m++)
    response[m][0] = response[m][n];
  const double *x = response[G_X], *y = response[G_Y], *z = response[G_Z];
  const double *xy = response[C_XY], *xz = response[C_XZ];
  const double *yz = response[C_YZ], *xyz = response[C_XYZ];
  for (size_t i = 0; i < n; i += WIDTH) {
    const vector a = qx * (load(x, i) - load(x, i + 1));
    vector b = qy * (load(y, i) + load(y, i + 1)), c = qz * (load(z, i) + load(z, i + 1)),
           d = {0.0};
    if (full) {
      b += 0.5 * (load(xy, i) - load(xy, i + 1));
      c += 0.5 * (load(xz, i) - load(xz, i + 1));
      d = 0.5 * (load(yz, i) + load(yz, i + 1)) + (load(xyz, i) - load(xyz, i + 1));
    }
    const vector low = load(before_low, i) + ((a - c) - (b - d));
    const vector high = load(before_high, i) + ((a + c) - (b + d));
    vector_store(before_low + i, (a - c) + (b - d));
    vector_store(before_high + i, (a + c) + (b + d));
    if (out)
      vector_store(out + i, load(below, i) + low);
    vector_store(below + i, high);
  }
}

/* ---- planes --------------------------------------------------------------------------------- */

/* The row of voxels (j, k). */
static inline __attribute__((always_inline)) void do_row(const struct flux_task *task,
                                                         const struct rows *rows, size_t j,
                                                         size_t k, int full, int elastic,
                                                         int is_noted)
{
  const struct medium *medium = task->medium;
  const struct node_grid *grid = &medium->grid;
  const size_t n = grid->n[0], j1 = (j + 1) % grid->n[1], k1 = (k + 1) % grid->n[2];
  const int fields = elastic ? 3 : 1;
  for (int f = 0; f < fields; f++) {
    const double *u = task->u + (size_t)f * grid->field;
    const double *const corner[2][2] = {
        {u + k * grid->plane + j * grid->row, u + k * grid->plane + j1 * grid->row},
        {u + k1 * grid->plane + j * grid->row, u + k1 * grid->plane + j1 * grid->row}};
    modes_of(n, corner, grid->scale, full, rows->sum, rows->mode[f]);
  }
  spread_tensors(n, medium->phase + (k * grid->n[1] + j) * n, medium->table,
                 elastic ? STIFFNESSES : CONDUCTIVITIES, rows->tensor);
  if (elastic)
    respond_elastic(task, rows, j, k, is_noted);
  else
    respond_conducting(task, rows, full, j, k, is_noted);
}

/* The voxels between planes k and k + 1 of corners; completes plane k with what `below` has, unless
   is_first. */
static inline void do_plane(const struct flux_task *task, const struct rows *rows, size_t k,
                            int full, int elastic, int is_first)
{
  const struct node_grid *grid = &task->medium->grid;
  const size_t n = grid->n[0], last = grid->n[1] - 1;
  const int fields = elastic ? 3 : 1;
  for (int f = 0; f < fields; f++)
    for (int h = 0; h < 2; h++)
      memset(rows->before[f][h], 0, n * sizeof(double));
  /* The last row first: what it gives to row 0 is all that is wanted of it. */
  do_row(task, rows, last, k, full, elastic, 0);
  for (int f = 0; f < fields; f++) {
    double *spare = rows->sum[0];
    diverge(n, grid->scale, full, rows->response[f], rows->before[f][0], rows->before[f][1], spare,
            NULL);
  }
  double product = 0.0;
  for (size_t j = 0; j <= last; j++) {
    do_row(task, rows, j, k, full, elastic, !is_first);
    for (int f = 0; f < fields; f++) {
      const size_t at = (size_t)f * grid->field + k * grid->plane + j * grid->row;
      double *out = is_first ? NULL : task->out + at;
      diverge(n, grid->scale, full, rows->response[f], rows->before[f][0], rows->before[f][1],
              rows->below[f] + j * grid->row, out);
      if (task->product && !is_first)
        product += row_product(n, task->u + at, out);
    }
  }
  if (task->product && !is_first)
    task->product[k] = product;
}

static inline void do_planes(const struct flux_task *task, size_t first, size_t last, double *work,
                             int full, int elastic)
{
  const size_t planes = task->medium->grid.n[2];
  struct rows rows;
  lay_out(task->medium, &rows, work);
  do_plane(task, &rows, (first + planes - 1) % planes, full, elastic, 1);
  for (size_t k = first; k < last; k++) {
    if (task->flux_sum)
      memset(task->flux_sum + k * MOST_COMPONENTS, 0, MOST_COMPONENTS * sizeof(double));
    do_plane(task, &rows, k, full, elastic, 0);
  }
}

void MLGRAIN_KERNEL(homogenize_flux)(const struct flux_task *task, size_t first, size_t last,
                                     double *work)
{
  switch (task->medium->kind) {
  case CONDUCTING_ROTATED:
    do_planes(task, first, last, work, 0, 0);
    break;
  case CONDUCTING_FULL:
    do_planes(task, first, last, work, 1, 0);
    break;
  case ELASTIC_ROTATED:
    do_planes(task, first, last, work, 0, 1);
    break;
  }
}

/* ---- conjugate gradients -------------------------------------------------------------------- */

void MLGRAIN_KERNEL(homogenize_advance)(const struct node_grid *grid, size_t first, size_t last,
                                        double alpha, const double *p, double *u, double *r,
                                        double *w)
{
  for (size_t at = first * grid->plane; at < last * grid->plane; at += grid->row) {
    for (size_t i = at; i < at + grid->n[0]; i += WIDTH) {
      const vector left = load(r, i) - alpha * load(w, i);
      vector_store(u + i, load(u, i) + alpha * load(p, i));
      vector_store(r + i, left);
      vector_store(w + i, left);
    }
  }
}

double MLGRAIN_KERNEL(homogenize_product)(const struct node_grid *grid, const double *a,
                                          const double *b)
{
  double sum = 0.0;
  for (size_t at = 0; at < grid->plane; at += grid->row)
    sum += row_product(grid->n[0], a + at, b + at);
  return sum;
}

void MLGRAIN_KERNEL(homogenize_direction)(const struct node_grid *grid, size_t first, size_t last,
                                          double beta, const double *w, double *p)
{
  for (size_t at = first * grid->plane; at < last * grid->plane; at += grid->row)
    for (size_t i = at; i < at + grid->n[0]; i += WIDTH)
      vector_store(p + i, load(w, i) + beta * load(p, i));
}

/* ---- Green operators ------------------------------------------------------------------------ */

/* 1/|k|^2 for the wave vectors of a row, with x = sin^2, X = cos^2 of its angle along x, and so on:
     |k|^2 = 4 (x Y Z/h_x^2 + X y Z/h_y^2 + X Y z/h_z^2)
   and with full integration also
     (4/3) (x y Z (1/h_x^2 + 1/h_y^2) + x Y z (1/h_x^2 + 1/h_z^2) + X y z (1/h_y^2 + 1/h_z^2))
     + (4/9) x y z (1/h_x^2 + 1/h_y^2 + 1/h_z^2)
   which is a x + b X. Where it is 0, the mean and what no gradient sees, so is the result. */
static void inverse_squares(const struct green_task *task, size_t kz)
{
  const double *q = task->scale;
  const double qx = q[0] * q[0], qy = q[1] * q[1], qz = q[2] * q[2];
  const double *sine_x = task->sine[0] + task->first_x, *cosine_x = task->cosine[0] + task->first_x;
  const double sy = task->sine[1][task->y], cy = task->cosine[1][task->y];
  const double sz = task->sine[2][kz], cz = task->cosine[2][kz];
  const double y = sy * sy, Y = cy * cy, z = sz * sz, Z = cz * cz;
  const double third = task->full * 4.0 / 3.0, ninth = task->full * 4.0 / 9.0;
  const double a = 4.0 * qx * Y * Z + third * ((qx + qy) * y * Z + (qx + qz) * Y * z) +
                   ninth * (qx + qy + qz) * y * z;
  const double b = 4.0 * (qy * y * Z + qz * Y * z) + third * (qy + qz) * y * z;
  double *restrict factor = task->factor;
  for (size_t i = 0; i < task->count; i++) {
    const double square = a * sine_x[i] * sine_x[i] + b * cosine_x[i] * cosine_x[i];
    factor[i] = square > 0.0 ? task->norm / square : 0.0;
  }
}

static void scale_row(size_t count, const double *restrict factor, double *restrict complex_row)
{
  for (size_t i = 0; i < count; i++) {
    complex_row[2 * i] *= factor[i];
    complex_row[2 * i + 1] *= factor[i];
  }
}

/* z = (f - (lambda + mu)/(lambda + 2 mu) t (t . f)/|t|^2) / (mu |t|^2) with the real vector
   t = 2 (sin a cos b cos c / h_x, ...): what D multiplies a wave by, but for a phase. */
static void green_elastic(const struct green_task *task, size_t kz)
{
  const double lambda = task->lame[0], mu = task->lame[1];
  const double share = (lambda + mu) / (lambda + 2.0 * mu) / task->norm;
  const double sy = task->sine[1][task->y], cy = task->cosine[1][task->y];
  const double sz = task->sine[2][kz], cz = task->cosine[2][kz];
  const double qx = 2.0 * task->scale[0] * cy * cz, qy = 2.0 * task->scale[1] * sy * cz;
  const double qz = 2.0 * task->scale[2] * cy * sz;
  const double *sine = task->sine[0] + task->first_x, *cosine = task->cosine[0] + task->first_x;
  const size_t count = task->count, field = 2 * task->planes * count;
  double *restrict fx = task->block + 2 * kz * count;
  double *restrict fy = fx + field, *restrict fz = fy + field;
  inverse_squares(task, kz);
  for (size_t i = 0; i < count; i++) {
    const double tx = qx * sine[i], ty = qy * cosine[i], tz = qz * cosine[i];
    const double inverse = task->factor[i] / mu;
    for (size_t part = 2 * i; part < 2 * i + 2; part++) {
      const double along =
          share * task->factor[i] * (tx * fx[part] + ty * fy[part] + tz * fz[part]);
      fx[part] = inverse * (fx[part] - along * tx);
      fy[part] = inverse * (fy[part] - along * ty);
      fz[part] = inverse * (fz[part] - along * tz);
    }
  }
}

void MLGRAIN_KERNEL(homogenize_green)(const struct green_task *task)
{
  for (size_t kz = 0; kz < task->planes; kz++)
    if (task->fields == 3) {
      green_elastic(task, kz);
    } else {
      inverse_squares(task, kz);
      scale_row(task->count, task->factor, task->block + 2 * kz * task->count);
    }
}
