/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Crystals whose nets in the plane of a boundary are strained to have one period. */
#include <math.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "mlgrain/bicrystal.h"
#include "mlgrain/net_match.h"

static const double DEGREE = 3.14159265358979323846 / 180.0;

static void multiply3(const double a[3][3], const double b[3][3], double c[3][3])
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      c[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
}

static double cross2(const double a[3], const double b[3])
{
  return a[0] * b[1] - a[1] * b[0];
}

/* --- how the crystals lie before they are strained --- */

/* Rows: two directions across a normal, and the normal. */
static void frame_of_normal(const double normal[3], double frame[3][3])
{
  int least = 0;
  for (int d = 1; d < 3; d++)
    if (fabs(normal[d]) < fabs(normal[least]) - 1e-12)
      least = d;
  double aside[3] = {0.0, 0.0, 0.0};
  aside[least] = 1.0;
  cross3(aside, normal, frame[0]);
  const double length = norm3(frame[0]);
  for (int d = 0; d < 3; d++) {
    frame[0][d] /= length;
    frame[2][d] = normal[d];
  }
  cross3(frame[2], frame[0], frame[1]);
}

/* The smallest rotation that takes a unit vector to the z axis; 0 if it is far from it. */
static int turn_to_z(const double v[3], double turn[3][3])
{
  if (v[2] < -0.5)
    return 0;
  const double factor = 1.0 / (1.0 + v[2]);
  const double rows[3][3] = {{1.0 - factor * v[0] * v[0], -factor * v[0] * v[1], -v[0]},
                             {-factor * v[0] * v[1], 1.0 - factor * v[1] * v[1], -v[1]},
                             {v[0], v[1], v[2]}};
  memcpy(turn, rows, sizeof rows);
  return 1;
}

static int is_rotation(const double m[3][3])
{
  double cross[3];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      if (!(fabs(dot3(m[i], m[j]) - (i == j)) < 1e-6))
        return 0;
  cross3(m[0], m[1], cross);
  return dot3(cross, m[2]) > 0.0;
}

/* Of one crystal: vectors that span its plane, and one to the next plane, on its axes. */
static enum mlgrain_status find_plane(const struct mlgrain_lattice *lattice, const int64_t plane[3],
                                      struct mlgrain_interface *interface,
                                      struct mlgrain_error *error)
{
  const struct mlgrain_rotation none = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, 1};
  struct mlgrain_coincidence coincidence;
  const enum mlgrain_status status = mlgrain_coincidence_find(lattice, &none, &coincidence, error);
  return status ? status
                : mlgrain_interface_find(lattice, &none, &coincidence, plane, interface, error);
}

static void unit_normal(const double axes[3][3], const int64_t plane[3], double normal[3])
{
  double dual[3][3];
  const double f[3] = {(double)plane[0], (double)plane[1], (double)plane[2]};
  dual3(axes, dual);
  combine3((const double(*)[3])dual, f, normal);
  const double length = norm3(normal);
  for (int d = 0; d < 3; d++)
    normal[d] /= length;
}

/* Rows of either frame are the box' axes in a crystal's own frame; z is along the normal. */
static enum mlgrain_status find_frames(const double axes[3][3], const double turn[3][3],
                                       const int64_t plane[2][3], double frame[2][3][3],
                                       struct mlgrain_error *error)
{
  double normal[2][3], turned[3][3], z[3], back[3][3];
  for (int c = 0; c < 2; c++)
    unit_normal(axes, plane[c], normal[c]);
  frame_of_normal(normal[0], frame[0]);
  multiply3((const double(*)[3])frame[0], turn, turned);
  apply3((const double(*)[3])turned, normal[1], z);
  if (!turn_to_z(z, back))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "planes: their normals don't point the same way");
  multiply3((const double(*)[3])back, (const double(*)[3])turned, frame[1]);
  return MLGRAIN_SUCCESS;
}

/* --- strain --- */

/* F = Q U: frame 2 is turned back by Q, and crystal 1 strained by the root of U, crystal 2 by its
   inverse. In two dimensions the root is (U + sqrt(det U) 1) / sqrt(tr U + 2 sqrt(det U)). */
static void share_deformation(const double f[2][2], double frame[3][3], double strain[2][2][2])
{
  const double angle = atan2(f[1][0] - f[0][1], f[0][0] + f[1][1]);
  const double c = cos(angle), s = sin(angle);
  const double u[2][2] = {{c * f[0][0] + s * f[1][0], c * f[0][1] + s * f[1][1]},
                          {c * f[1][0] - s * f[0][0], c * f[1][1] - s * f[0][1]}};
  const double root = sqrt(u[0][0] * u[1][1] - u[0][1] * u[1][0]);
  const double scale = 1.0 / sqrt(u[0][0] + u[1][1] + 2.0 * root);
  const double a = scale * (u[0][0] + root), b = scale * 0.5 * (u[0][1] + u[1][0]),
               d = scale * (u[1][1] + root), determinant = a * d - b * b;
  const double both[2][2][2] = {
      {{a, b}, {b, d}}, {{d / determinant, -b / determinant}, {-b / determinant, a / determinant}}};
  memcpy(strain, both, sizeof both);
  const double back[3][3] = {{c, s, 0.0}, {-s, c, 0.0}, {0.0, 0.0, 1.0}};
  double turned[3][3];
  multiply3(back, (const double(*)[3])frame, turned);
  memcpy(frame, turned, sizeof turned);
}

static void strain_vector(const double strain[2][2], double x[3])
{
  const double y[2] = {x[0], x[1]};
  for (int i = 0; i < 2; i++)
    x[i] = strain[i][0] * y[0] + strain[i][1] * y[1];
}

/* Two vectors of the plane, and the whole numbers that they are of both nets. */
struct pair {
  double v[2][3];
  int64_t count[2][2][2]; /* [net][vector] */
};

/* Makes both short. */
static void shorten(struct pair *pair)
{
  for (;;) {
    const int longer = dot3(pair->v[0], pair->v[0]) < dot3(pair->v[1], pair->v[1]);
    double *v = pair->v[longer], trial[3];
    const double *other = pair->v[1 - longer], n = rint(dot3(v, other) / dot3(other, other));
    for (int d = 0; d < 3; d++)
      trial[d] = v[d] - n * other[d];
    if (dot3(trial, trial) > (1 - 1e-9) * dot3(v, v))
      return;
    memcpy(v, trial, sizeof trial);
    for (int c = 0; c < 2; c++)
      for (int d = 0; d < 2; d++)
        pair->count[c][longer][d] -= (int64_t)n * pair->count[c][1 - longer][d];
  }
}

/* Vectors of the period: short, the shorter first, right-handed. */
static void set_period(struct mlgrain_bicrystal_geometry *geometry)
{
  struct pair pair;
  memcpy(pair.count, geometry->count, sizeof pair.count);
  for (int k = 0; k < 2; k++)
    for (int d = 0; d < 3; d++)
      pair.v[k][d] = (double)pair.count[0][k][0] * geometry->net[0][0][d] +
                     (double)pair.count[0][k][1] * geometry->net[0][1][d];
  shorten(&pair);
  const int shorter = dot3(pair.v[1], pair.v[1]) < (1 - 1e-9) * dot3(pair.v[0], pair.v[0]);
  const int is_left = cross2(pair.v[shorter], pair.v[1 - shorter]) < 0.0;
  for (int k = 0; k < 2; k++) {
    const int from = k ^ shorter, sign = k && is_left ? -1 : 1;
    for (int d = 0; d < 3; d++)
      geometry->period[k][d] = sign * pair.v[from][d];
    for (int c = 0; c < 2; c++)
      for (int d = 0; d < 2; d++)
        geometry->count[c][k][d] = sign * pair.count[c][from][d];
  }
}

/* Afterwards the first two rows span what all have spanned, and the others are 0. */
static void span_rows(int64_t row[4][2])
{
  for (int k = 0; k < 2; k++)
    for (int other = k + 1; other < 4; other++)
      while (row[other][k]) {
        const int64_t n = row[k][k] / row[other][k];
        for (int d = 0; d < 2; d++) {
          const int64_t rest = row[k][d] - n * row[other][d];
          row[k][d] = row[other][d];
          row[other][d] = rest;
        }
      }
}

/* All different translations are in a cell of the sum of both nets: with the period C_1 N_1 = C_2
   N_2, the net N_2 is adj(C_2) C_1 N_1 / det C_2. */
static void set_shift(struct mlgrain_bicrystal_geometry *geometry)
{
  const int64_t(*one)[2] = geometry->count[0], (*two)[2] = geometry->count[1];
  const int64_t divisor = two[0][0] * two[1][1] - two[0][1] * two[1][0];
  int64_t row[4][2] = {{divisor, 0}, {0, divisor}};
  struct pair pair = {.count = {{{0}}}};
  for (int d = 0; d < 2; d++) {
    row[2][d] = two[1][1] * one[0][d] - two[0][1] * one[1][d];
    row[3][d] = two[0][0] * one[1][d] - two[1][0] * one[0][d];
  }
  span_rows(row);
  for (int k = 0; k < 2; k++)
    for (int d = 0; d < 3; d++)
      pair.v[k][d] = ((double)row[k][0] * geometry->net[0][0][d] +
                      (double)row[k][1] * geometry->net[0][1][d]) /
                     (double)divisor;
  shorten(&pair);
  memcpy(geometry->shift, pair.v, sizeof pair.v);
}

/* --- together --- */

/* Turns all vectors so that the period's first one is along x. */
static void turn_to_x(struct mlgrain_bicrystal_geometry *geometry)
{
  const double length = norm3(geometry->period[0]);
  const double c = geometry->period[0][0] / length, s = geometry->period[0][1] / length;
  const double turn[2][2] = {{c, s}, {-s, c}};
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < 3; i++)
      strain_vector(turn, geometry->axes[k][i]);
    strain_vector(turn, geometry->step[k]);
    strain_vector(turn, geometry->period[k]);
    strain_vector(turn, geometry->shift[k]);
    for (int i = 0; i < 2; i++)
      strain_vector(turn, geometry->net[k][i]);
    geometry->period[k][2] = geometry->shift[k][2] = 0.0; /* but for rounding */
  }
  geometry->period[0][1] = 0.0;
}

/* Lattice vectors of a crystal in the box' frame, not strained yet. */
static void place_crystal(const double axes[3][3], const double frame[3][3],
                          const struct mlgrain_interface *interface, int64_t divisor, int c,
                          struct mlgrain_bicrystal_geometry *geometry)
{
  double(*placed)[3] = geometry->axes[c];
  for (int i = 0; i < 3; i++)
    apply3(frame, axes[i], placed[i]);
  const int64_t *whole[3] = {interface->net[0][0], interface->net[0][1], interface->step[0]};
  double *vector[3] = {geometry->net[c][0], geometry->net[c][1], geometry->step[c]};
  for (int k = 0; k < 3; k++) {
    double f[3];
    for (int d = 0; d < 3; d++)
      f[d] = (double)whole[k][d] / (double)divisor;
    combine3((const double(*)[3])placed, f, vector[k]);
  }
}

static void strain_crystal(const double strain[2][2], int c,
                           struct mlgrain_bicrystal_geometry *geometry)
{
  for (int i = 0; i < 3; i++)
    strain_vector(strain, geometry->axes[c][i]);
  for (int k = 0; k < 2; k++)
    strain_vector(strain, geometry->net[c][k]);
  strain_vector(strain, geometry->step[c]);
}

/* Degrees between the rotation of two frames and the one that was asked for. */
static double deviation_of(const double frame[2][3][3], const double turn[3][3])
{
  double square = 0.0; /* of (F_1^T F_2 - turn), which is 8 sin^2 of half the angle */
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      double got = 0.0;
      for (int k = 0; k < 3; k++)
        got += frame[0][k][i] * frame[1][k][j];
      square += (got - turn[i][j]) * (got - turn[i][j]);
    }
  return 2.0 * asin(fmin(1.0, sqrt(square / 8.0))) / DEGREE;
}

enum mlgrain_status
mlgrain_bicrystal_geometry_near(const struct mlgrain_lattice *lattice, const double turn[3][3],
                                const int64_t plane[2][3], double most_strain, double most_length,
                                struct mlgrain_bicrystal_geometry *geometry,
                                struct mlgrain_bicrystal_near *near, struct mlgrain_error *error)
{
  if (!is_rotation(turn))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "matrix: a rotation matrix is needed");
  double columns[3][3], axes[3][3], frame[2][3][3], net[2][2][2], strain[2][2][2];
  mlgrain_lattice_frame(lattice, columns);
  for (int i = 0; i < 3; i++)
    for (int d = 0; d < 3; d++)
      axes[i][d] = columns[d][i];
  struct mlgrain_interface interface[2];
  struct mlgrain_net_match match;
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (int c = 0; c < 2 && !status; c++)
    status = find_plane(lattice, plane[c], &interface[c], error);
  if (!status)
    status = find_frames((const double(*)[3])axes, turn, plane, frame, error);
  if (status)
    return status;
  for (int c = 0; c < 2; c++) {
    place_crystal((const double(*)[3])axes, (const double(*)[3])frame[c], &interface[c],
                  lattice->divisor, c, geometry);
    for (int k = 0; k < 2; k++)
      memcpy(net[c][k], geometry->net[c][k], sizeof net[c][k]);
  }
  status = mlgrain_nets_match((const double(*)[2])net[0], (const double(*)[2])net[1], most_length,
                              most_strain, &match, error);
  if (status)
    return status;
  memcpy(geometry->count[0], match.first, sizeof match.first);
  memcpy(geometry->count[1], match.second, sizeof match.second);
  share_deformation((const double(*)[2])match.deformation, frame[1], strain);
  place_crystal((const double(*)[3])axes, (const double(*)[3])frame[1], &interface[1],
                lattice->divisor, 1, geometry);
  for (int c = 0; c < 2; c++)
    strain_crystal((const double(*)[2])strain[c], c, geometry);
  set_period(geometry);
  set_shift(geometry);
  turn_to_x(geometry);
  near->strain = match.strain;
  near->deviation = deviation_of((const double(*)[3][3])frame, turn);
  return MLGRAIN_SUCCESS;
}
