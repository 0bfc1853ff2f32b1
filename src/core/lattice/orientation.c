/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/orientation.h"

#include <math.h>
#include <string.h>

#include "base/counter_random.h"
#include "base/vector3.h"

static const double DEGREE = MLGRAIN_TWO_PI / 360.0;

void mlgrain_quaternion_product(const double a[4], const double b[4], double product[4])
{
  const double p[4] = {a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
                       a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
                       a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
                       a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]};
  memcpy(product, p, sizeof p);
}

void mlgrain_quaternion_matrix(const double q[4], double m[3][3])
{
  const double w = q[0], x = q[1], y = q[2], z = q[3];
  m[0][0] = w * w + x * x - y * y - z * z;
  m[1][1] = w * w - x * x + y * y - z * z;
  m[2][2] = w * w - x * x - y * y + z * z;
  m[0][1] = 2 * (x * y - w * z);
  m[1][0] = 2 * (x * y + w * z);
  m[0][2] = 2 * (x * z + w * y);
  m[2][0] = 2 * (x * z - w * y);
  m[1][2] = 2 * (y * z - w * x);
  m[2][1] = 2 * (y * z + w * x);
}

/* Each row of the symmetric matrix 4 q q^T is 4 q_k q: that of the largest q_k loses no digits. */
void mlgrain_quaternion_of_matrix(const double m[3][3], double q[4])
{
  const double trace = m[0][0] + m[1][1] + m[2][2];
  const double square[4] = {1 + trace, 1 + 2 * m[0][0] - trace, 1 + 2 * m[1][1] - trace,
                            1 + 2 * m[2][2] - trace};
  int largest = 0;
  for (int k = 1; k < 4; k++)
    if (square[k] > square[largest])
      largest = k;
  const double w[3] = {m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]};
  q[0] = largest ? w[largest - 1] : square[0];
  for (int k = 1; k < 4; k++)
    q[k] = largest == 0   ? w[k - 1]
           : largest == k ? square[k]
                          : m[largest - 1][k - 1] + m[k - 1][largest - 1];
  double sum = 0.0;
  for (int k = 0; k < 4; k++)
    sum += q[k] * q[k];
  const double factor = (q[0] < 0.0 ? -1.0 : 1.0) / sqrt(sum);
  for (int k = 0; k < 4; k++)
    q[k] *= factor;
}

/* A rotation about an axis of length 1, by radians. */
static void about(const double axis[3], double angle, double q[4])
{
  q[0] = cos(0.5 * angle);
  for (int d = 0; d < 3; d++)
    q[d + 1] = sin(0.5 * angle) * axis[d];
}

void mlgrain_quaternion_of_euler(const double degrees[3], double q[4])
{
  const double x[3] = {1, 0, 0}, z[3] = {0, 0, 1};
  double next[4];
  about(z, degrees[0] * DEGREE, q);
  about(x, degrees[1] * DEGREE, next);
  mlgrain_quaternion_product(q, next, q);
  about(z, degrees[2] * DEGREE, next);
  mlgrain_quaternion_product(q, next, q);
}

static void uniform_rotation(uint64_t seed, uint64_t index, double q[4])
{
  const double u = random_uniform(seed, RANDOM_ORIENTATION, index, 0);
  const double a = MLGRAIN_TWO_PI * random_uniform(seed, RANDOM_ORIENTATION, index, 1);
  const double b = MLGRAIN_TWO_PI * random_uniform(seed, RANDOM_ORIENTATION, index, 2);
  q[0] = sqrt(u) * cos(b);
  q[1] = sqrt(1 - u) * sin(a);
  q[2] = sqrt(1 - u) * cos(a);
  q[3] = sqrt(u) * sin(b);
}

static void unit_vector(const double v[3], double unit[3])
{
  const double length = norm3(v);
  for (int d = 0; d < 3; d++)
    unit[d] = v[d] / length;
}

/* The smallest rotation that carries one direction to another. */
static void between(const double from[3], const double to[3], double q[4])
{
  double a[3], b[3], axis[3];
  unit_vector(from, a);
  unit_vector(to, b);
  cross3(a, b, axis);
  const double sine = norm3(axis), cosine = dot3(a, b);
  if (sine < 1e-12) { /* the same, or opposite: half a turn about anything across */
    const int least = fabs(a[0]) < 0.6 ? 0 : 1;
    const double other[3] = {least == 0, least == 1, 0};
    cross3(a, other, axis);
  }
  unit_vector(axis, axis);
  about(axis, atan2(sine, cosine), q);
}

static void spread_rotation(double degrees, uint64_t seed, uint64_t index, double q[4])
{
  double turn[3];
  for (uint64_t d = 0; d < 3; d++)
    turn[d] = degrees * DEGREE * random_normal(seed, RANDOM_SPREAD, index, d);
  const double angle = norm3(turn), none[3] = {0, 0, 1};
  if (angle > 0.0)
    unit_vector(turn, turn);
  about(angle > 0.0 ? turn : none, angle, q);
}

void mlgrain_texture_draw(const struct mlgrain_texture *texture, uint64_t seed, uint64_t index,
                          double q[4])
{
  if (texture->kind == MLGRAIN_TEXTURE_RANDOM) {
    uniform_rotation(seed, index, q);
    return;
  }
  double turn[4];
  if (texture->kind == MLGRAIN_TEXTURE_COMPONENT) {
    memcpy(q, texture->component, sizeof turn);
  } else {
    double axis[3];
    unit_vector(texture->sample, axis);
    between(texture->crystal, texture->sample, q);
    about(axis, MLGRAIN_TWO_PI * random_uniform(seed, RANDOM_ORIENTATION, index, 0), turn);
    mlgrain_quaternion_product(turn, q, q);
  }
  spread_rotation(texture->spread, seed, index, turn);
  mlgrain_quaternion_product(turn, q, q);
}

/* n rotations about z and n half turns about axes across it. */
static int dihedral(int n, double operation[MLGRAIN_MOST_OPERATIONS][4])
{
  for (int k = 0; k < n; k++) {
    const double half = 0.5 * MLGRAIN_TWO_PI * k / n;
    const double turn[4] = {cos(half), 0, 0, sin(half)}, flip[4] = {0, cos(half), sin(half), 0};
    memcpy(operation[2 * k], turn, sizeof turn);
    memcpy(operation[2 * k + 1], flip, sizeof flip);
  }
  return 2 * n;
}

int mlgrain_symmetry_operations(enum mlgrain_symmetry symmetry,
                                double operation[MLGRAIN_MOST_OPERATIONS][4])
{
  switch (symmetry) {
  case MLGRAIN_ORTHORHOMBIC:
    return dihedral(2, operation);
  case MLGRAIN_TETRAGONAL:
    return dihedral(4, operation);
  case MLGRAIN_HEXAGONAL:
    return dihedral(6, operation);
  case MLGRAIN_CUBIC: { /* the tetragonal ones, times those about the cube's diagonal */
    const double diagonal[2][4] = {{0.5, 0.5, 0.5, 0.5}, {-0.5, 0.5, 0.5, 0.5}};
    const int n = dihedral(4, operation);
    for (int k = 0; k < n; k++)
      for (int turn = 0; turn < 2; turn++)
        mlgrain_quaternion_product(operation[k], diagonal[turn], operation[n * (turn + 1) + k]);
    return 3 * n;
  }
  case MLGRAIN_NO_SYMMETRY:
    break;
  }
  return dihedral(1, operation) - 1; /* without the half turn about x */
}

/* Whether a comes before b in descending order of x, then y, then z. */
static int comes_first(const double a[3], const double b[3])
{
  for (int d = 0; d < 3; d++)
    if (fabs(a[d] - b[d]) > 1e-9)
      return a[d] > b[d];
  return 0;
}

/* The first of an axis' symmetrical equivalents, of both senses, if it comes before `first`. */
static void choose_axis(const double axis[3], int count,
                        const double operation[MLGRAIN_MOST_OPERATIONS][4], double first[3])
{
  for (int k = 0; k < count; k++) {
    double m[3][3], turned[3];
    mlgrain_quaternion_matrix(operation[k], m);
    apply3(m, axis, turned);
    for (int sense = 0; sense < 2; sense++) {
      if (comes_first(turned, first))
        memcpy(first, turned, sizeof turned);
      for (int d = 0; d < 3; d++)
        turned[d] = -turned[d];
    }
  }
}

struct mlgrain_misorientation mlgrain_disorientation(enum mlgrain_symmetry symmetry,
                                                     const double a[4], const double b[4])
{
  double operation[MLGRAIN_MOST_OPERATIONS][4], equivalent[MLGRAIN_MOST_OPERATIONS][4];
  const int count = mlgrain_symmetry_operations(symmetry, operation);
  const double inverse[4] = {a[0], -a[1], -a[2], -a[3]};
  double difference[4], largest = 0.0;
  mlgrain_quaternion_product(inverse, b, difference);
  for (int k = 0; k < count; k++) {
    mlgrain_quaternion_product(operation[k], difference, equivalent[k]);
    largest = fmax(largest, fabs(equivalent[k][0]));
  }
  struct mlgrain_misorientation result = {0, {-2, -2, -2}};
  for (int k = 0; k < count; k++) {
    const double *q = equivalent[k];
    if (fabs(q[0]) < largest - 1e-10)
      continue;
    const double sine = norm3(q + 1);
    result.angle = 2.0 * atan2(sine, fabs(q[0])) / DEGREE;
    if (result.angle < 1e-6) {
      result.angle = 0.0;
      memset(result.axis, 0, sizeof result.axis);
      break;
    }
    const double axis[3] = {q[1] / sine, q[2] / sine, q[3] / sine};
    choose_axis(axis, count, (const double(*)[4])operation, result.axis);
  }
  for (int d = 0; d < 3; d++)
    if (fabs(result.axis[d]) < 1e-15)
      result.axis[d] = 0.0;
  return result;
}

/* The largest |q0| among the equivalents of d under n rotations about z and n half turns across
   it; n divides 12. */
static double dihedral_cosine(int n, const double d[4])
{
  static const double cosine[13] = {/* of multiples of 15 degrees */
                                    1.0,
                                    0.96592582628906829,
                                    0.86602540378443865,
                                    0.70710678118654752,
                                    0.5,
                                    0.25881904510252076,
                                    0.0,
                                    -0.25881904510252076,
                                    -0.5,
                                    -0.70710678118654752,
                                    -0.86602540378443865,
                                    -0.96592582628906829,
                                    -1.0};
  double most = 0.0;
  for (int k = 0; k < n; k++) {
    const int m = 12 / n * k, complement = m < 6 ? 6 - m : m - 6;
    const double c = cosine[m], s = cosine[complement];
    most = fmax(most, fmax(fabs(c * d[0] - s * d[3]), fabs(c * d[1] + s * d[2])));
  }
  return most;
}

/* fmax without its care for NaN, which costs a call. */
static double larger(double a, double b)
{
  return a > b ? a : b;
}

/* The same for the cube's 24 rotations: with one, two (of sqrt(1/2)) or four (of 1/2) components
   that are not 0, of any signs. */
static double cubic_cosine(const double d[4])
{
  const double a = fabs(d[0]), b = fabs(d[1]), c = fabs(d[2]), e = fabs(d[3]);
  const double high1 = larger(a, b), low1 = a + b - high1;
  const double high2 = larger(c, e), low2 = c + e - high2;
  const double first = larger(high1, high2), other = high1 + high2 - first;
  const double second = larger(other, larger(low1, low2));
  return larger(first, larger(0.70710678118654752 * (first + second), 0.5 * (a + b + c + e)));
}

double mlgrain_disorientation_cosine(enum mlgrain_symmetry symmetry, const double a[4],
                                     const double b[4])
{
  const double inverse[4] = {a[0], -a[1], -a[2], -a[3]};
  double difference[4];
  mlgrain_quaternion_product(inverse, b, difference);
  switch (symmetry) {
  case MLGRAIN_CUBIC:
    return cubic_cosine(difference);
  case MLGRAIN_HEXAGONAL:
    return dihedral_cosine(6, difference);
  case MLGRAIN_TETRAGONAL:
    return dihedral_cosine(4, difference);
  case MLGRAIN_ORTHORHOMBIC:
    return dihedral_cosine(2, difference);
  case MLGRAIN_NO_SYMMETRY:
    break;
  }
  return fabs(difference[0]);
}
