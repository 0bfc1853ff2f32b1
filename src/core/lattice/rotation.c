/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/rotation.h"

#include <math.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "lattice/exact.h"
#include "lattice/rotation_private.h"
#include "mlgrain/orientation.h"

static const double DEGREE = 3.14159265358979323846 / 180.0;

enum mlgrain_status mlgrain_too_large(struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                      "the boundary's whole numbers are too large: what follows from them doesn't "
                      "fit into 64 bits");
}

enum mlgrain_status mlgrain_check_indices(const int64_t *values, int count, const char *what,
                                          struct mlgrain_error *error)
{
  for (int k = 0; k < count; k++)
    if (values[k] > MLGRAIN_LARGEST_INDEX || values[k] < -MLGRAIN_LARGEST_INDEX)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%s: the index %lld is too large", what,
                          (long long)values[k]);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_set_plane(const struct mlgrain_rotation *rotation,
                                      const int64_t plane[3], int64_t both[2][3],
                                      struct mlgrain_error *error)
{
  const enum mlgrain_status status = mlgrain_check_indices(plane, 3, "plane", error);
  if (status)
    return status;
  memcpy(both[0], plane, sizeof both[0]);
  if (!whole_reduce(both[0], 3))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "plane: (0 0 0) is no plane");
  int overflow = 0;
  exact_apply_transpose(rotation->matrix, both[0], both[1], &overflow);
  if (overflow)
    return mlgrain_too_large(error);
  whole_reduce(both[1], 3);
  return MLGRAIN_SUCCESS;
}

static void reduce(struct mlgrain_rotation *rotation)
{
  int64_t values[10];
  memcpy(values, rotation->matrix, sizeof rotation->matrix);
  values[9] = rotation->divisor;
  whole_reduce(values, 10);
  memcpy(rotation->matrix, values, sizeof rotation->matrix);
  rotation->divisor = values[9];
}

enum mlgrain_status mlgrain_rotation_of_quadruple(const struct mlgrain_lattice *lattice,
                                                  const int64_t quadruple[4],
                                                  struct mlgrain_rotation *rotation,
                                                  struct mlgrain_error *error)
{
  const enum mlgrain_status status = mlgrain_check_indices(quadruple, 4, "quadruple", error);
  if (status)
    return status;
  int64_t q[4], adjugate[3][3], dual[3];
  memcpy(q, quadruple, sizeof q);
  if (!whole_reduce(q, 4))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "quadruple: four zeros stand for no rotation");
  int overflow = 0;
  const int64_t *v = q + 1, (*gram)[3] = lattice->gram;
  const int64_t determinant = exact_adjugate(gram, adjugate, &overflow);
  const int64_t turn = exact_product(exact_product(q[0], q[0], &overflow), determinant, &overflow);
  const int64_t length = exact_inner(gram, v, v, &overflow);
  const int64_t cross[3][3] = {{0, -v[2], v[1]}, {v[2], 0, -v[0]}, {-v[1], v[0], 0}};
  exact_multiply((const int64_t(*)[3])adjugate, cross, adjugate, &overflow);
  exact_apply(gram, v, dual, &overflow);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      const int64_t sum = exact_sum(exact_product(q[0], adjugate[i][j], &overflow),
                                    exact_product(v[i], dual[j], &overflow), &overflow);
      rotation->matrix[i][j] =
          exact_sum(exact_product(2, sum, &overflow),
                    i == j ? exact_difference(turn, length, &overflow) : 0, &overflow);
    }
  rotation->divisor = exact_sum(turn, length, &overflow);
  if (overflow)
    return mlgrain_too_large(error);
  reduce(rotation);
  return MLGRAIN_SUCCESS;
}

/* matrix^T gram matrix = divisor^2 gram, with positive determinant. */
static int is_rotation(const struct mlgrain_lattice *lattice, const int64_t matrix[3][3],
                       int64_t divisor, int *overflow)
{
  int64_t transposed[3][3], product[3][3], adjugate[3][3];
  whole_transpose(matrix, transposed);
  exact_multiply(lattice->gram, matrix, product, overflow);
  exact_multiply((const int64_t(*)[3])transposed, (const int64_t(*)[3])product, product, overflow);
  const int64_t square = exact_product(divisor, divisor, overflow);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      if (product[i][j] != exact_product(square, lattice->gram[i][j], overflow))
        return 0;
  return exact_adjugate(matrix, adjugate, overflow) > 0;
}

enum mlgrain_status mlgrain_rotation_of_matrix(const struct mlgrain_lattice *lattice,
                                               const int64_t matrix[3][3], int64_t divisor,
                                               struct mlgrain_rotation *rotation,
                                               struct mlgrain_error *error)
{
  enum mlgrain_status status = mlgrain_check_indices(matrix[0], 9, "rotation", error);
  if (!status)
    status = mlgrain_check_indices(&divisor, 1, "rotation", error);
  if (status)
    return status;
  memcpy(rotation->matrix, matrix, sizeof rotation->matrix);
  rotation->divisor = divisor;
  int overflow = 0;
  if (divisor > 0) {
    reduce(rotation);
    const int rotates =
        is_rotation(lattice, (const int64_t(*)[3])rotation->matrix, rotation->divisor, &overflow);
    if (overflow)
      return mlgrain_too_large(error);
    if (rotates)
      return MLGRAIN_SUCCESS;
  }
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                      "rotation: the matrix over %lld is no rotation in this lattice's space",
                      (long long)divisor);
}

/* The length a of a row times that of its partner b, from their squares: 0 if it isn't whole. */
static int64_t product_of_lengths(int64_t a, int64_t b, int *overflow)
{
  const int64_t common = whole_gcd(a, b);
  if (!common)
    return 0;
  const int64_t p = whole_root(a / common), q = whole_root(b / common);
  if (p * p != a / common || q * q != b / common)
    return 0;
  return exact_product(common, exact_product(p, q, overflow), overflow);
}

static enum mlgrain_status check_rows(const struct mlgrain_lattice *lattice,
                                      const int64_t row[3][3], const char *name, int64_t square[3],
                                      struct mlgrain_error *error)
{
  const enum mlgrain_status status = mlgrain_check_indices(row[0], 9, name, error);
  if (status)
    return status;
  int overflow = 0;
  for (int i = 0; i < 3; i++) {
    square[i] = exact_inner(lattice->gram, row[i], row[i], &overflow);
    if (!square[i])
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%s: row %d is zero", name, i + 1);
    for (int j = 0; j < i; j++)
      if (exact_inner(lattice->gram, row[i], row[j], &overflow) && !overflow)
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                            "%s: rows %d and %d are not at right angles", name, j + 1, i + 1);
  }
  return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
}

static enum mlgrain_status other_handedness(struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                      "P is right-handed and Q is left-handed, or the other way round");
}

/* x_1 = sum_i first_i (second_i . x_2) / (|first_i| |second_i|) */
enum mlgrain_status mlgrain_rotation_of_rows(const struct mlgrain_lattice *lattice,
                                             const int64_t first[3][3], const int64_t second[3][3],
                                             struct mlgrain_rotation *rotation,
                                             struct mlgrain_error *error)
{
  int64_t square[2][3] = {{0}}, length[3], dual[3][3];
  enum mlgrain_status status = check_rows(lattice, first, "P", square[0], error);
  if (!status)
    status = check_rows(lattice, second, "Q", square[1], error);
  if (status)
    return status;
  int overflow = 0;
  int64_t multiple = 1;
  for (int i = 0; i < 3; i++) {
    length[i] = product_of_lengths(square[0][i], square[1][i], &overflow);
    if (!length[i] && !overflow)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "rows %d of P and Q: their lengths' product is the root of %lld times "
                          "%lld, which isn't whole, so that no rotation of a coincidence takes one "
                          "to the other; " BOUNDARY_STRAIN_REMEDY,
                          i + 1, (long long)square[0][i], (long long)square[1][i]);
    if (overflow)
      return mlgrain_too_large(error);
    multiple = exact_product(multiple / whole_gcd(multiple, length[i]), length[i], &overflow);
    exact_apply(lattice->gram, second[i], dual[i], &overflow);
    if (overflow)
      return mlgrain_too_large(error);
  }
  memset(rotation->matrix, 0, sizeof rotation->matrix);
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++)
      for (int j = 0; j < 3; j++) {
        const int64_t term = exact_product(exact_product(first[i][k], dual[i][j], &overflow),
                                           multiple / length[i], &overflow);
        rotation->matrix[k][j] = exact_sum(rotation->matrix[k][j], term, &overflow);
      }
  rotation->divisor = multiple;
  if (overflow)
    return mlgrain_too_large(error);
  reduce(rotation);
  if (is_rotation(lattice, (const int64_t(*)[3])rotation->matrix, rotation->divisor, &overflow))
    return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
  return overflow ? mlgrain_too_large(error) : other_handedness(error);
}

/* Unit vectors along rows, in the lattice's frame. */
static void unit_rows(const struct mlgrain_lattice *lattice, const int64_t row[3][3],
                      double unit[3][3])
{
  double frame[3][3]; /* columns */
  mlgrain_lattice_frame(lattice, frame);
  for (int i = 0; i < 3; i++) {
    const double f[3] = {(double)row[i][0], (double)row[i][1], (double)row[i][2]};
    apply3((const double(*)[3])frame, f, unit[i]);
    const double length = norm3(unit[i]);
    for (int d = 0; d < 3; d++)
      unit[i][d] /= length;
  }
}

static double handedness(const double row[3][3])
{
  double cross[3];
  cross3(row[0], row[1], cross);
  return dot3(cross, row[2]);
}

enum mlgrain_status mlgrain_turn_of_rows(const struct mlgrain_lattice *lattice,
                                         const int64_t first[3][3], const int64_t second[3][3],
                                         double turn[3][3], struct mlgrain_error *error)
{
  int64_t square[3];
  double p[3][3], q[3][3];
  enum mlgrain_status status = check_rows(lattice, first, "P", square, error);
  if (!status)
    status = check_rows(lattice, second, "Q", square, error);
  if (status)
    return status;
  unit_rows(lattice, first, p);
  unit_rows(lattice, second, q);
  if (handedness((const double(*)[3])p) * handedness((const double(*)[3])q) < 0.0)
    return other_handedness(error);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      turn[i][j] = p[0][i] * q[0][j] + p[1][i] * q[1][j] + p[2][i] * q[2][j];
  return MLGRAIN_SUCCESS;
}

/* R^-1 = adjugate / determinant, and the determinant of matrix is divisor^3. */
enum mlgrain_status mlgrain_rotation_inverse(const struct mlgrain_rotation *rotation,
                                             struct mlgrain_rotation *inverse,
                                             struct mlgrain_error *error)
{
  int overflow = 0;
  struct mlgrain_rotation result;
  exact_adjugate(rotation->matrix, result.matrix, &overflow);
  result.divisor = exact_product(rotation->divisor, rotation->divisor, &overflow);
  if (overflow)
    return mlgrain_too_large(error);
  reduce(&result);
  *inverse = result;
  return MLGRAIN_SUCCESS;
}

/* The sum of the diagonal entries R_11 + R_22 + R_33 = 1 + 2 cos(theta), times divisor. */
static int64_t trace(const struct mlgrain_rotation *rotation, int *overflow)
{
  int64_t sum = 0;
  for (int k = 0; k < 3; k++)
    sum = exact_sum(sum, rotation->matrix[k][k], overflow);
  return sum;
}

/* 1 + trace R = 4 q0^2 det G / D and G (R - R^-1) = 4 q0 det G [v]x / D, D the denominator of R. As
   R^-1 = G^-1 R^T G, the latter is G R minus its transpose. Of half a turn, q0 = 0, the columns of
   R + 1 = 2 v v^T G / D are along v. */
enum mlgrain_status mlgrain_rotation_quadruple(const struct mlgrain_lattice *lattice,
                                               const struct mlgrain_rotation *rotation,
                                               int64_t quadruple[4], struct mlgrain_error *error)
{
  int overflow = 0;
  int64_t lowered[3][3], q[4];
  exact_multiply(lattice->gram, rotation->matrix, lowered, &overflow);
  q[0] = exact_sum(rotation->divisor, trace(rotation, &overflow), &overflow);
  for (int k = 0; k < 3; k++)
    q[k + 1] = exact_difference(lowered[(k + 2) % 3][(k + 1) % 3],
                                lowered[(k + 1) % 3][(k + 2) % 3], &overflow);
  for (int j = 0; j < 3 && !q[0]; j++) {
    int64_t column[3], any = 0;
    for (int i = 0; i < 3; i++) {
      column[i] = rotation->matrix[i][j] + (i == j ? rotation->divisor : 0);
      any |= column[i];
    }
    memcpy(q + 1, column, sizeof column);
    if (any)
      break;
  }
  if (overflow)
    return mlgrain_too_large(error);
  whole_reduce(q, 4);
  int first = 0;
  while (first < 3 && !q[first])
    first++;
  for (int k = 0; k < 4; k++)
    quadruple[k] = q[first] < 0 ? -q[k] : q[k];
  return MLGRAIN_SUCCESS;
}

double mlgrain_rotation_angle(const struct mlgrain_rotation *rotation)
{
  int overflow = 0;
  const double d = (double)rotation->divisor, t = (double)trace(rotation, &overflow);
  return 2.0 * atan2(sqrt(fmax(0.0, 3.0 * d - t)), sqrt(fmax(0.0, d + t))) / DEGREE;
}

/* frame R frame^-1 */
void mlgrain_rotation_matrix(const struct mlgrain_lattice *lattice,
                             const struct mlgrain_rotation *rotation, double matrix[3][3])
{
  double frame[3][3], columns[3][3], dual[3][3], turned[3][3];
  mlgrain_lattice_frame(lattice, frame);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      columns[j][i] = frame[i][j];
  dual3((const double(*)[3])columns, dual); /* rows of frame^-1 */
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      turned[i][j] = 0.0;
      for (int k = 0; k < 3; k++)
        turned[i][j] += frame[i][k] * (double)rotation->matrix[k][j] / (double)rotation->divisor;
    }
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      matrix[i][j] =
          turned[i][0] * dual[0][j] + turned[i][1] * dual[1][j] + turned[i][2] * dual[2][j];
}

int mlgrain_lattice_quaternions(const struct mlgrain_lattice *lattice,
                                double quaternion[MLGRAIN_MOST_LATTICE_ROTATIONS][4])
{
  for (int s = 0; s < lattice->rotations; s++) {
    struct mlgrain_rotation rotation;
    double m[3][3];
    memcpy(rotation.matrix, lattice->rotation[s], sizeof rotation.matrix);
    rotation.divisor = 1;
    mlgrain_rotation_matrix(lattice, &rotation, m);
    mlgrain_quaternion_of_matrix((const double(*)[3])m, quaternion[s]);
  }
  return lattice->rotations;
}

/* Angle in degrees between two rotations: that of a^T b. */
static double angle_between(const double a[3][3], const double b[3][3])
{
  double product[3][3], q[4];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      product[i][j] = a[0][i] * b[0][j] + a[1][i] * b[1][j] + a[2][i] * b[2][j];
  mlgrain_quaternion_of_matrix((const double(*)[3])product, q);
  return 2.0 * atan2(norm3(q + 1), fabs(q[0])) / DEGREE;
}

/* The quadruple as real numbers, the largest of them 1: the axis on the lattice's axes, its length
   such that tan(theta/2) is as above. */
static void real_quadruple(const struct mlgrain_lattice *lattice, const double matrix[3][3],
                           double real[4])
{
  double q[4], frame[3][3], columns[3][3], dual[3][3];
  mlgrain_quaternion_of_matrix(matrix, q);
  mlgrain_lattice_frame(lattice, frame);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      columns[j][i] = frame[i][j] / lattice->unit;
  const double volume = dual3((const double(*)[3])columns, dual); /* sqrt(det G) */
  real[0] = q[0];
  for (int k = 0; k < 3; k++)
    real[k + 1] = volume * dot3(dual[k], q + 1);
  double most = 0.0;
  for (int k = 0; k < 4; k++)
    most = fmax(most, fabs(real[k]));
  for (int k = 0; k < 4; k++)
    real[k] /= most;
}

enum mlgrain_status mlgrain_rotation_near(const struct mlgrain_lattice *lattice,
                                          const double matrix[3][3], double tolerance,
                                          int64_t largest, struct mlgrain_rotation *rotation,
                                          double *deviation, struct mlgrain_error *error)
{
  enum { LARGEST = 100000 };
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      if (!isfinite(matrix[i][j]))
        return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "rotation: %g is not finite", matrix[i][j]);
  if (!(tolerance >= 0.0) || largest < 1 || largest > LARGEST)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "rotation: the tolerance is not negative, and the largest number from 1 to "
                        "%d",
                        LARGEST);
  double real[4], least = 360.0;
  real_quadruple(lattice, matrix, real);
  for (int64_t size = 1; size <= largest; size++) {
    int64_t q[4];
    double m[3][3];
    for (int k = 0; k < 4; k++)
      q[k] = (int64_t)llround(real[k] * (double)size);
    const enum mlgrain_status status = mlgrain_rotation_of_quadruple(lattice, q, rotation, error);
    if (status)
      return status;
    mlgrain_rotation_matrix(lattice, rotation, m);
    *deviation = angle_between(matrix, (const double(*)[3])m);
    least = fmin(least, *deviation);
    if (*deviation <= tolerance)
      return MLGRAIN_SUCCESS;
  }
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                      "no rotation by a quadruple of numbers up to %lld is within %g degrees of "
                      "this one; the best is off by %.3g degrees" BOUNDARY_REMEDIES,
                      (long long)largest, tolerance, least);
}
