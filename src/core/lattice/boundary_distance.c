/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/boundary_distance.h"

#include <math.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "lattice/quaternions.h"
#include "mlgrain/orientation.h"

/* The rotation that takes a unit vector to z, by the shortest way. */
static void to_z(const double n[3], double q[4])
{
  if (n[2] < -0.999999999999) {
    const double half_turn[4] = {0, 1, 0, 0};
    memcpy(q, half_turn, sizeof half_turn);
    return;
  }
  const double w = sqrt(0.5 * (1 + n[2])); /* cosine of half the angle; axis n x z */
  q[0] = w;
  q[1] = 0.5 * n[1] / w;
  q[2] = -0.5 * n[0] / w;
  q[3] = 0.0;
}

static void unit(double *v, int count)
{
  double sum = 0.0;
  for (int k = 0; k < count; k++)
    sum += v[k] * v[k];
  for (int k = 0; k < count; k++)
    v[k] /= sqrt(sum);
}

struct mlgrain_octonion mlgrain_boundary_octonion(const struct mlgrain_lattice *lattice,
                                                  const struct mlgrain_boundary *boundary)
{
  double frame[3][3], columns[3][3], dual[3][3], n[3] = {0, 0, 0}, m[3][3], q[4];
  mlgrain_lattice_frame(lattice, frame);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      columns[j][i] = frame[i][j];
  dual3((const double(*)[3])columns, dual); /* reciprocal axes */
  for (int k = 0; k < 3; k++)
    for (int d = 0; d < 3; d++)
      n[d] += (double)boundary->plane[0][k] * dual[k][d];
  unit(n, 3);
  struct mlgrain_octonion octonion = {.first = {0}};
  to_z(n, octonion.first);
  mlgrain_rotation_matrix(lattice, &boundary->rotation, m);
  mlgrain_quaternion_of_matrix((const double(*)[3])m, q);
  mlgrain_quaternion_product(octonion.first, q, octonion.second);
  return octonion;
}

enum mlgrain_status mlgrain_octonion_create(const double q1[4], const double q2[4],
                                            const double normal[3],
                                            struct mlgrain_octonion *octonion,
                                            struct mlgrain_error *error)
{
  double n[3] = {normal[0], normal[1], normal[2]}, turn[4];
  const double size[3] = {dot4(q1, q1), dot4(q2, q2), dot3(n, n)};
  for (int k = 0; k < 3; k++) {
    if (!isfinite(size[k]))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "boundary: orientations or normal not finite");
    if (!(size[k] > 1e-200))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "boundary: an orientation or the normal is zero");
  }
  unit(n, 3);
  to_z(n, turn);
  mlgrain_quaternion_product(turn, q1, octonion->first);
  mlgrain_quaternion_product(turn, q2, octonion->second);
  unit(octonion->first, 4);
  unit(octonion->second, 4);
  return MLGRAIN_SUCCESS;
}

/* Components of q s for all s along c and along k c: a complex number each. */
static void project(const double (*operation)[4], int operations, const double q[4],
                    const double c[4], double real[], double imaginary[])
{
  const double kc[4] = {-c[3], -c[2], c[1], c[0]}; /* (0 0 0 1) c */
  for (int s = 0; s < operations; s++) {
    double qs[4];
    mlgrain_quaternion_product(q, operation[s], qs);
    real[s] = dot4(qs, c);
    imaginary[s] = dot4(qs, kc);
  }
}

/* The largest |x + y|^2 and |x - y|^2 of complex numbers x and y. */
static double largest_sum(int operations, const double x[2][MLGRAIN_MOST_LATTICE_ROTATIONS],
                          const double y[2][MLGRAIN_MOST_LATTICE_ROTATIONS])
{
  double most = 0.0;
  for (int a = 0; a < operations; a++)
    for (int b = 0; b < operations; b++) {
      const double same =
          x[0][a] * x[0][a] + x[1][a] * x[1][a] + y[0][b] * y[0][b] + y[1][b] * y[1][b];
      const double cross = 2.0 * fabs(x[0][a] * y[0][b] + x[1][a] * y[1][b]);
      most = same + cross > most ? same + cross : most;
    }
  return most;
}

/* (0 1 0 0) q: half a turn about x more. */
static void turn_about_x(const double q[4], double turned[4])
{
  const double t[4] = {-q[1], q[0], -q[3], q[2]};
  memcpy(turned, t, sizeof t);
}

double mlgrain_octonion_distance(const double (*operation)[4], int operations,
                                 const struct mlgrain_octonion *a, const struct mlgrain_octonion *b,
                                 enum mlgrain_octonion_symmetry symmetry)
{
  double most = 0.0;
  const int forms = symmetry == MLGRAIN_OCTONION_ALL ? 4 : 2;
  for (int form = 0; form < forms; form++) {
    double c[4], d[4], x[2][MLGRAIN_MOST_LATTICE_ROTATIONS], y[2][MLGRAIN_MOST_LATTICE_ROTATIONS];
    memcpy(c, form & 1 ? b->second : b->first, sizeof c);
    memcpy(d, form & 1 ? b->first : b->second, sizeof d);
    if (form & 2) {
      turn_about_x(c, c);
      turn_about_x(d, d);
    }
    project(operation, operations, a->first, c, x[0], x[1]);
    project(operation, operations, a->second, d, y[0], y[1]);
    most = fmax(most, largest_sum(operations, (const double(*)[MLGRAIN_MOST_LATTICE_ROTATIONS])x,
                                  (const double(*)[MLGRAIN_MOST_LATTICE_ROTATIONS])y));
  }
  return 2.0 * acos(fmin(1.0, 0.5 * sqrt(most)));
}

/* The normal z in the frame of a crystal: q* z q. */
static void normal_in(const double q[4], double n[3])
{
  double m[3][3];
  mlgrain_quaternion_matrix(q, m);
  memcpy(n, m[2], sizeof m[2]);
}

static double square_of_angle(const double a[3], const double b[3])
{
  double c[3];
  cross3(a, b, c);
  const double angle = atan2(norm3(c), dot3(a, b));
  return angle * angle;
}

/* Rotation from crystal 2 to crystal 1, and the normal in both. */
struct five_parameters {
  double rotation[4], normal[2][3];
};

static struct five_parameters parameters(const double first[4], const double second[4])
{
  struct five_parameters p = {.rotation = {0}};
  double inverse[4];
  conjugate(first, inverse);
  mlgrain_quaternion_product(inverse, second, p.rotation);
  normal_in(first, p.normal[0]);
  normal_in(second, p.normal[1]);
  return p;
}

/* With S1, S2 for the crystals of b, and either sense of its normal. */
static double least_square(const double (*operation)[4], int operations,
                           const struct five_parameters *a, const struct five_parameters *b)
{
  double image[2][MLGRAIN_MOST_LATTICE_ROTATIONS][2]; /* normals' squares, of either sense */
  double least = 1e9;
  for (int c = 0; c < 2; c++)
    for (int s = 0; s < operations; s++) {
      double m[3][3], turned[3];
      mlgrain_quaternion_matrix(operation[s], m);
      apply3((const double(*)[3])m, b->normal[c], turned);
      for (int sense = 0; sense < 2; sense++) {
        image[c][s][sense] = square_of_angle(a->normal[c], turned);
        for (int d = 0; d < 3; d++)
          turned[d] = -turned[d];
      }
    }
  for (int s = 0; s < operations; s++) {
    double left[4];
    mlgrain_quaternion_product(operation[s], b->rotation, left);
    for (int t = 0; t < operations; t++) {
      const double inverse[4] = {operation[t][0], -operation[t][1], -operation[t][2],
                                 -operation[t][3]};
      const double normals =
          0.5 * fmin(image[0][s][0] + image[1][t][0], image[0][s][1] + image[1][t][1]);
      if (normals >= least)
        continue;
      double q[4], difference[4];
      const double back[4] = {a->rotation[0], -a->rotation[1], -a->rotation[2], -a->rotation[3]};
      mlgrain_quaternion_product(left, inverse, q);
      mlgrain_quaternion_product(back, q, difference);
      const double g = 2.0 * atan2(norm3(difference + 1), fabs(difference[0]));
      least = fmin(least, g * g + normals);
    }
  }
  return least;
}

double mlgrain_morawiec_distance(const double (*operation)[4], int operations,
                                 const struct mlgrain_octonion *a, const struct mlgrain_octonion *b)
{
  const struct five_parameters p = parameters(a->first, a->second),
                               q = parameters(b->first, b->second),
                               exchanged = parameters(b->second, b->first);
  return sqrt(fmin(least_square(operation, operations, &p, &q),
                   least_square(operation, operations, &p, &exchanged)));
}
