/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/lattice.h"

#include <math.h>
#include <string.h>

#include "base/error_text.h"
#include "lattice/exact.h"

enum { MOST_CANDIDATES = 96, LARGEST_SEARCH = 4000000 };

/* Vectors of one length, the possible images of an axis. */
struct shell {
  int count;
  int64_t vector[MOST_CANDIDATES][3];
};

/* |x_k| <= sqrt(square (gram^-1)_kk) for all x of this square. */
static int64_t reach(int64_t square, int64_t adjugate, int64_t determinant)
{
  return (int64_t)floor(sqrt((double)square * (double)adjugate / (double)determinant) + 1e-9);
}

static enum mlgrain_status find_shell(const struct mlgrain_lattice *lattice,
                                      const int64_t adjugate[3][3], int64_t determinant, int axis,
                                      struct shell *shell, struct mlgrain_error *error)
{
  const int64_t square = lattice->gram[axis][axis];
  int64_t most[3], points = 1;
  for (int k = 0; k < 3; k++) {
    most[k] = reach(square, adjugate[k][k], determinant);
    points = most[k] > 1000 ? LARGEST_SEARCH : points * (2 * most[k] + 1);
  }
  shell->count = 0;
  if (points >= LARGEST_SEARCH)
    return mlgrain_fail(
        error, MLGRAIN_INVALID_ARGUMENT,
        "the lattice's axes are too oblique; give shorter ones of the same lattice");
  int overflow = 0;
  for (int64_t x = -most[0]; x <= most[0]; x++)
    for (int64_t y = -most[1]; y <= most[1]; y++)
      for (int64_t z = -most[2]; z <= most[2]; z++) {
        const int64_t v[3] = {x, y, z};
        if (exact_inner(lattice->gram, v, v, &overflow) != square)
          continue;
        if (shell->count == MOST_CANDIDATES)
          return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                              "the lattice's axis %d is long; give shorter ones", axis + 1);
        memcpy(shell->vector[shell->count++], v, sizeof v);
      }
  return MLGRAIN_SUCCESS;
}

/* Adds the rotation that takes the axes to these vectors, if it is one. */
static void add_rotation(struct mlgrain_lattice *lattice, const int64_t *image[3])
{
  int64_t m[3][3], cofactor[3];
  int overflow = 0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      m[i][j] = image[j][i];
  exact_cross(m[1], m[2], cofactor, &overflow);
  if (!overflow && exact_dot(m[0], cofactor, &overflow) == 1 &&
      lattice->rotations < MLGRAIN_MOST_LATTICE_ROTATIONS) {
    lattice->sense[lattice->rotations] = MLGRAIN_BOTH_SENSES;
    memcpy(lattice->rotation[lattice->rotations++], m, sizeof m);
  }
}

/* All rotations of the axes' lattice: images of the axes of the same lengths and angles. */
static enum mlgrain_status find_rotations(struct mlgrain_lattice *lattice,
                                          struct mlgrain_error *error)
{
  int64_t adjugate[3][3];
  int overflow = 0;
  const int64_t determinant = exact_adjugate(lattice->gram, adjugate, &overflow);
  struct shell shell[3];
  for (int k = 0; k < 3; k++) {
    const enum mlgrain_status status =
        find_shell(lattice, (const int64_t(*)[3])adjugate, determinant, k, &shell[k], error);
    if (status)
      return status;
  }
  const int64_t(*gram)[3] = lattice->gram;
  lattice->rotations = 0;
  for (int a = 0; a < shell[0].count; a++)
    for (int b = 0; b < shell[1].count; b++) {
      const int64_t *x = shell[0].vector[a], *y = shell[1].vector[b];
      if (exact_inner(gram, x, y, &overflow) != gram[0][1])
        continue;
      for (int c = 0; c < shell[2].count; c++) {
        const int64_t *z = shell[2].vector[c];
        if (exact_inner(gram, x, z, &overflow) == gram[0][2] &&
            exact_inner(gram, y, z, &overflow) == gram[1][2])
          add_rotation(lattice, (const int64_t *[3]){x, y, z});
      }
    }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status check_gram(const int64_t gram[3][3], double unit,
                                      struct mlgrain_error *error)
{
  if (!(unit > 0.0) || !isfinite(unit))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the lattice's length %g is not positive",
                        unit);
  int64_t adjugate[3][3];
  int overflow = 0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      if (gram[i][j] != gram[j][i])
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                            "the products of the lattice's axes are not symmetric");
  const int64_t determinant = exact_adjugate(gram, adjugate, &overflow);
  if (overflow)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the products of the lattice's axes are too large");
  if (gram[0][0] <= 0 || adjugate[2][2] <= 0 || determinant <= 0)
    return mlgrain_fail(
        error, MLGRAIN_INVALID_ARGUMENT,
        "the products of the lattice's axes are not those of three vectors in space");
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_lattice_of_gram(const int64_t gram[3][3], double unit,
                                            struct mlgrain_lattice *lattice,
                                            struct mlgrain_error *error)
{
  const enum mlgrain_status status = check_gram(gram, unit, error);
  if (status)
    return status;
  memset(lattice, 0, sizeof *lattice);
  memcpy(lattice->gram, gram, sizeof lattice->gram);
  for (int k = 0; k < 3; k++)
    lattice->primitive[k][k] = 1;
  lattice->divisor = 1;
  lattice->unit = unit;
  return find_rotations(lattice, error);
}

enum mlgrain_status mlgrain_lattice_cubic(enum mlgrain_cubic kind, double a,
                                          struct mlgrain_lattice *lattice,
                                          struct mlgrain_error *error)
{
  static const int64_t unity[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  static const int64_t face[3][3] = {{0, 1, 1}, {1, 0, 1}, {1, 1, 0}};
  static const int64_t body[3][3] = {{-1, 1, 1}, {1, -1, 1}, {1, 1, -1}};
  const enum mlgrain_status status = mlgrain_lattice_of_gram(unity, a, lattice, error);
  if (status || kind == MLGRAIN_SIMPLE_CUBIC)
    return status;
  lattice->divisor = 2;
  memcpy(lattice->primitive, kind == MLGRAIN_FACE_CENTERED ? face : body, sizeof face);
  return status;
}

enum mlgrain_status mlgrain_lattice_hexagonal(const int64_t ratio[2], double a,
                                              struct mlgrain_lattice *lattice,
                                              struct mlgrain_error *error)
{
  enum { LARGEST = 1000000 };
  if (ratio[0] < 1 || ratio[1] < 1 || ratio[0] > LARGEST || ratio[1] > LARGEST)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "(c/a)^2 is a fraction of whole numbers from 1 to %d, not %lld/%lld",
                        LARGEST, (long long)ratio[0], (long long)ratio[1]);
  const int64_t divisor = whole_gcd(ratio[0], ratio[1]);
  const int64_t c = ratio[0] / divisor, b = ratio[1] / divisor;
  const int64_t gram[3][3] = {{2 * b, -b, 0}, {-b, 2 * b, 0}, {0, 0, 2 * c}};
  return mlgrain_lattice_of_gram(gram, a / sqrt((double)(2 * b)), lattice, error);
}

int64_t mlgrain_lattice_points(const struct mlgrain_lattice *lattice)
{
  int64_t adjugate[3][3];
  int overflow = 0;
  const int64_t d = lattice->divisor;
  const int64_t volume = exact_adjugate(lattice->primitive, adjugate, &overflow);
  return d * d * d / whole_absolute(volume);
}

void mlgrain_lattice_frame(const struct mlgrain_lattice *lattice, double frame[3][3])
{
  const int64_t(*g)[3] = lattice->gram;
  memset(frame, 0, 9 * sizeof(double));
  const double x = sqrt((double)g[0][0]);
  frame[0][0] = x;
  frame[0][1] = (double)g[0][1] / x;
  frame[0][2] = (double)g[0][2] / x;
  frame[1][1] = sqrt((double)g[1][1] - frame[0][1] * frame[0][1]);
  frame[1][2] = ((double)g[1][2] - frame[0][1] * frame[0][2]) / frame[1][1];
  frame[2][2] = sqrt((double)g[2][2] - frame[0][2] * frame[0][2] - frame[1][2] * frame[1][2]);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      frame[i][j] *= lattice->unit;
}
