/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/coincidence.h"

#include <math.h>

#include "lattice/exact.h"
#include "lattice/rotation_private.h"
#include "lattice/span.h"

/* T = A^-1 R A over *denominator: the rotation on primitive vectors. */
static void on_primitive(const struct mlgrain_lattice *lattice,
                         const struct mlgrain_rotation *rotation, int64_t t[3][3],
                         int64_t *denominator, int *overflow)
{
  int64_t a[3][3], inverse[3][3], values[10];
  whole_transpose(lattice->primitive, a);
  int64_t volume = exact_adjugate(a, inverse, overflow);
  exact_multiply(rotation->matrix, a, t, overflow);
  exact_multiply(inverse, t, t, overflow);
  memcpy(values, t, 9 * sizeof *values);
  values[9] = exact_product(volume, rotation->divisor, overflow);
  whole_reduce(values, 10);
  memcpy(t, values, 9 * sizeof *values);
  *denominator = values[9];
}

/* Rows of `vector` from primitive vectors to the axes, times the lattice's divisor. */
static void to_axes(const struct mlgrain_lattice *lattice, int64_t (*vector)[3], int count,
                    int *overflow)
{
  for (int k = 0; k < count; k++)
    exact_apply_transpose(lattice->primitive, vector[k], vector[k], overflow);
}

static void make_right_handed(int64_t v[3][3], int *overflow)
{
  int64_t cross[3];
  exact_cross(v[0], v[1], cross, overflow);
  if (exact_dot(cross, v[2], overflow) < 0)
    for (int k = 0; k < 9; k++)
      v[k / 3][k % 3] = -v[k / 3][k % 3];
}

/* DSC vectors: the span of the columns of t / m and of 1. */
static void find_dsc(const struct mlgrain_lattice *lattice, const int64_t t[3][3], int64_t m,
                     struct mlgrain_coincidence *coincidence, int *overflow)
{
  int64_t columns[3][3];
  whole_transpose(t, columns);
  span_basis(columns, m, coincidence->dsc, overflow);
  coincidence->dsc_divisor = exact_product(m, lattice->divisor, overflow);
}

/* CSL vectors: the dual of the span of the rows of T^-1 = t / m and of 1. A basis B / m of that, of
   rows, has the dual basis m (B^-1)^T. */
static void find_csl(const int64_t t[3][3], int64_t m, struct mlgrain_coincidence *coincidence,
                     int *overflow)
{
  int64_t basis[3][3], adjugate[3][3];
  span_basis(t, m, basis, overflow);
  const int64_t volume = exact_adjugate(basis, adjugate, overflow);
  coincidence->sigma = exact_product(exact_product(m, m, overflow), m, overflow);
  if (*overflow || !volume) {
    *overflow = 1;
    return;
  }
  coincidence->sigma = whole_absolute(coincidence->sigma / volume);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      coincidence->csl[i][j] = exact_product(m, adjugate[j][i], overflow) / volume;
}

enum mlgrain_status mlgrain_coincidence_find(const struct mlgrain_lattice *lattice,
                                             const struct mlgrain_rotation *rotation,
                                             struct mlgrain_coincidence *coincidence,
                                             struct mlgrain_error *error)
{
  struct mlgrain_rotation back;
  const enum mlgrain_status status = mlgrain_rotation_inverse(rotation, &back, error);
  if (status)
    return status;
  int overflow = 0;
  int64_t t[3][3], m;
  on_primitive(lattice, rotation, t, &m, &overflow);
  find_dsc(lattice, t, m, coincidence, &overflow);
  on_primitive(lattice, &back, t, &m, &overflow);
  if (!overflow)
    find_csl(t, m, coincidence, &overflow);
  if (overflow)
    return mlgrain_too_large(error);
  to_axes(lattice, coincidence->csl, 3, &overflow);
  to_axes(lattice, coincidence->dsc, 3, &overflow);
  exact_shorten_triple(lattice->gram, coincidence->csl, &overflow);
  exact_shorten_triple(lattice->gram, coincidence->dsc, &overflow);
  make_right_handed(coincidence->csl, &overflow);
  make_right_handed(coincidence->dsc, &overflow);
  return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
}

/* Area of two vectors on the axes, times divisor each. */
static double area_of(const struct mlgrain_lattice *lattice, int64_t v[2][3], int64_t divisor,
                      int *overflow)
{
  const double a = (double)exact_inner(lattice->gram, v[0], v[0], overflow),
               b = (double)exact_inner(lattice->gram, v[1], v[1], overflow),
               ab = (double)exact_inner(lattice->gram, v[0], v[1], overflow);
  const double scale = lattice->unit / (double)divisor;
  return sqrt(a * b - ab * ab) * scale * scale;
}

/* plane on primitive vectors, without common factor. */
static void plane_on_primitive(const struct mlgrain_lattice *lattice, const int64_t plane[3],
                               int64_t result[3], int *overflow)
{
  exact_apply(lattice->primitive, plane, result, overflow);
  whole_reduce(result, 3);
}

/* With the normal, the two vectors become right-handed. */
static void turn_to_normal(const int64_t plane[3], int64_t v[2][3], int *overflow)
{
  int64_t cross[3]; /* covariant: along the plane or against it */
  exact_cross(v[0], v[1], cross, overflow);
  int against = 0;
  for (int d = 0; d < 3; d++)
    if (cross[d])
      against = (cross[d] > 0) != (plane[d] > 0);
  for (int d = 0; against && d < 3; d++)
    v[1][d] = -v[1][d];
}

/* Of the step only what the shortest aside leaves: multiples of the net are taken off. */
static void straighten(const int64_t gram[3][3], int64_t net[2][3], int64_t step[3], int *overflow)
{
  for (int again = 1; again && !*overflow;) {
    again = 0;
    for (int k = 0; k < 2; k++) {
      const int64_t n = whole_nearest(exact_inner(gram, step, net[k], overflow),
                                      exact_inner(gram, net[k], net[k], overflow));
      int64_t shorter[3];
      for (int d = 0; d < 3; d++)
        shorter[d] = exact_difference(step[d], exact_product(n, net[k][d], overflow), overflow);
      if (exact_inner(gram, shorter, shorter, overflow) < exact_inner(gram, step, step, overflow)) {
        memcpy(step, shorter, sizeof shorter);
        again = 1;
      }
    }
  }
}

/* Net, step and spacing of one crystal. `basis` gets step and net on primitive vectors. */
static void find_net(const struct mlgrain_lattice *lattice, struct mlgrain_interface *interface,
                     int crystal, int64_t basis[3][3], int *overflow)
{
  int64_t plane[3], vector[3][3], (*net)[3] = interface->net[crystal];
  plane_on_primitive(lattice, interface->plane[crystal], plane, overflow);
  plane_basis(plane, basis, overflow);
  memcpy(vector, basis, sizeof vector);
  to_axes(lattice, vector, 3, overflow);
  exact_shorten_pair(lattice->gram, vector + 1, overflow);
  memcpy(net, vector + 1, 2 * sizeof *vector);
  if (*overflow)
    return;
  turn_to_normal(interface->plane[crystal], net, overflow);
  straighten(lattice->gram, net, vector[0], overflow);
  memcpy(interface->step[crystal], vector[0], sizeof vector[0]);
  interface->net_area[crystal] = area_of(lattice, net, lattice->divisor, overflow);
  double frame[3][3];
  mlgrain_lattice_frame(lattice, frame);
  interface->spacing[crystal] = frame[0][0] * frame[1][1] * frame[2][2] /
                                (double)mlgrain_lattice_points(lattice) /
                                interface->net_area[crystal];
}

/* CSL vectors in the plane. */
static void find_period(const struct mlgrain_lattice *lattice,
                        const struct mlgrain_coincidence *coincidence,
                        struct mlgrain_interface *interface, int *overflow)
{
  int64_t plane[3], basis[3][3], period[2][3];
  exact_apply(coincidence->csl, interface->plane[0], plane, overflow);
  whole_reduce(plane, 3);
  plane_basis(plane, basis, overflow);
  for (int k = 0; k < 2; k++)
    exact_apply_transpose(coincidence->csl, basis[k + 1], period[k], overflow);
  exact_shorten_pair(lattice->gram, period, overflow);
  turn_to_normal(interface->plane[0], period, overflow);
  interface->area = area_of(lattice, period, lattice->divisor, overflow);
  memcpy(interface->period, period, sizeof period);
}

/* The sum of both nets. On the basis {step, net} of lattice 1, vectors of net 2 have two whole
   components over the denominator of T, those of net 1 are (m, 0) and (0, m). */
static void find_shifts(const struct mlgrain_lattice *lattice,
                        const struct mlgrain_rotation *rotation, int64_t basis[2][3][3],
                        struct mlgrain_interface *interface, int *overflow)
{
  int64_t t[3][3], m, columns[3][3], inverse[3][3], sum[3][3], vector[3][3] = {{0}};
  on_primitive(lattice, rotation, t, &m, overflow);
  whole_transpose(basis[0], columns);
  const int64_t sign = exact_adjugate(columns, inverse, overflow); /* 1 or -1 */
  for (int k = 0; k < 2; k++) {
    int64_t v[3];
    exact_apply(t, basis[1][k + 1], v, overflow);
    exact_apply(inverse, v, v, overflow);
    vector[k][0] = sign * v[1];
    vector[k][1] = sign * v[2];
  }
  if (*overflow)
    return;
  span_basis(vector, m, sum, overflow);
  for (int k = 0; k < 2; k++)
    for (int d = 0; d < 3; d++)
      interface->shift[k][d] =
          exact_sum(exact_product(sum[k][0], basis[0][1][d], overflow),
                    exact_product(sum[k][1], basis[0][2][d], overflow), overflow);
  if (*overflow)
    return;
  to_axes(lattice, interface->shift, 2, overflow);
  interface->shift_divisor = exact_product(m, lattice->divisor, overflow);
  int64_t values[7];
  memcpy(values, interface->shift, 6 * sizeof *values);
  values[6] = interface->shift_divisor;
  whole_reduce(values, 7);
  memcpy(interface->shift, values, 6 * sizeof *values);
  interface->shift_divisor = values[6];
  exact_shorten_pair(lattice->gram, interface->shift, overflow);
  turn_to_normal(interface->plane[0], interface->shift, overflow);
  interface->shift_area = area_of(lattice, interface->shift, interface->shift_divisor, overflow);
}

enum mlgrain_status mlgrain_interface_find(const struct mlgrain_lattice *lattice,
                                           const struct mlgrain_rotation *rotation,
                                           const struct mlgrain_coincidence *coincidence,
                                           const int64_t plane[3],
                                           struct mlgrain_interface *interface,
                                           struct mlgrain_error *error)
{
  const enum mlgrain_status status = mlgrain_set_plane(rotation, plane, interface->plane, error);
  if (status)
    return status;
  int overflow = 0;
  int64_t basis[2][3][3];
  for (int crystal = 0; crystal < 2; crystal++)
    find_net(lattice, interface, crystal, basis[crystal], &overflow);
  if (!overflow)
    find_period(lattice, coincidence, interface, &overflow);
  if (!overflow)
    find_shifts(lattice, rotation, basis, interface, &overflow);
  return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
}
