/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/grain_orientations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"

static const double HALF_DEGREE = 0.0087266462599716479;

void mlgrain_equivalents_of(enum mlgrain_symmetry symmetry, struct mlgrain_equivalents *equivalents)
{
  equivalents->count = mlgrain_symmetry_operations(symmetry, equivalents->operation);
}

/* The cosine between q s and the reference is that between s and q* times the reference. */
double mlgrain_nearest_equivalent(const struct mlgrain_equivalents *equivalents,
                                  const double reference[4], const double q[4], double nearest[4])
{
  const double inverse[4] = {q[0], -q[1], -q[2], -q[3]};
  double difference[4], most = -1.0, sign = 1.0;
  int best = 0;
  mlgrain_quaternion_product(inverse, reference, difference);
  for (int k = 0; k < equivalents->count; k++) {
    const double *s = equivalents->operation[k];
    const double cosine =
        s[0] * difference[0] + s[1] * difference[1] + s[2] * difference[2] + s[3] * difference[3];
    if (fabs(cosine) > most) {
      most = fabs(cosine);
      best = k;
      sign = cosine < 0.0 ? -1.0 : 1.0;
    }
  }
  mlgrain_quaternion_product(q, equivalents->operation[best], nearest);
  for (int k = 0; k < 4; k++)
    nearest[k] *= sign;
  return most;
}

double mlgrain_orientation_add(const struct mlgrain_equivalents *equivalents,
                               const double reference[4], const double q[4],
                               double sum[MLGRAIN_ORIENTATION_SUMS])
{
  double near[4], difference = 0.0;
  mlgrain_nearest_equivalent(equivalents, reference, q, near);
  for (int i = 0, k = 0; i < 4; i++)
    for (int j = i; j < 4; j++, k++)
      sum[k] += near[i] * near[j];
  /* by the chord, which keeps digits of small angles */
  for (int k = 0; k < 4; k++)
    difference += (near[k] - reference[k]) * (near[k] - reference[k]);
  return 2.0 * asin(fmin(1.0, 0.5 * sqrt(difference))) / HALF_DEGREE;
}

/* Jacobi's rotations: a becomes diagonal, v has the eigenvectors in its columns. */
static void diagonalize(double a[4][4], double v[4][4])
{
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      v[i][j] = i == j;
  for (int sweep = 0; sweep < 30; sweep++) {
    double off = 0.0;
    for (int p = 0; p < 4; p++)
      for (int q = p + 1; q < 4; q++)
        off += a[p][q] * a[p][q];
    if (off < 1e-300)
      return;
    for (int p = 0; p < 4; p++)
      for (int q = p + 1; q < 4; q++) {
        if (a[p][q] == 0.0)
          continue;
        const double theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
        const double t = (theta < 0.0 ? -1.0 : 1.0) / (fabs(theta) + sqrt(theta * theta + 1.0));
        const double c = 1.0 / sqrt(t * t + 1.0), s = t * c;
        for (int k = 0; k < 4; k++) {
          const double x = a[k][p], y = a[k][q];
          a[k][p] = c * x - s * y;
          a[k][q] = s * x + c * y;
        }
        for (int k = 0; k < 4; k++) {
          const double x = a[p][k], y = a[q][k];
          a[p][k] = c * x - s * y;
          a[q][k] = s * x + c * y;
        }
        for (int k = 0; k < 4; k++) {
          const double x = v[k][p], y = v[k][q];
          v[k][p] = c * x - s * y;
          v[k][q] = s * x + c * y;
        }
      }
  }
}

double mlgrain_orientation_mean(const double sum[MLGRAIN_ORIENTATION_SUMS], double q[4])
{
  double a[4][4], v[4][4];
  for (int i = 0, k = 0; i < 4; i++)
    for (int j = i; j < 4; j++, k++)
      a[i][j] = a[j][i] = sum[k];
  diagonalize(a, v);
  int largest = 0;
  for (int k = 1; k < 4; k++)
    if (a[k][k] > a[largest][largest])
      largest = k;
  const double sign = v[0][largest] < 0.0 ? -1.0 : 1.0;
  double rest = 0.0, trace = 0.0;
  for (int k = 0; k < 4; k++) {
    q[k] = sign * v[k][largest];
    trace += a[k][k];
    rest += k == largest ? 0.0 : a[k][k];
  }
  return trace > 0.0 ? asin(sqrt(fmin(1.0, fmax(0.0, rest / trace)))) / HALF_DEGREE : 0.0;
}

struct merging {
  size_t pairs;
  int32_t (*pair)[2]; /* grains as they are now */
  double *angle;      /* between them; infinite if they are one, or of different structures */
};

static double angle_of(const struct merging *merging, size_t p, const int32_t *structure,
                       const enum mlgrain_symmetry *symmetry, const double (*orientation)[4])
{
  const int32_t a = merging->pair[p][0], b = merging->pair[p][1];
  if (a == b || structure[a] != structure[b])
    return HUGE_VAL;
  const double cosine =
      mlgrain_disorientation_cosine(symmetry[structure[a]], orientation[a], orientation[b]);
  return acos(fmin(1.0, cosine)) / HALF_DEGREE;
}

/* The mean of two orientations, in place of the first. */
static void join_orientations(enum mlgrain_symmetry symmetry, const double weight[2], double a[4],
                              const double b[4])
{
  struct mlgrain_equivalents equivalents;
  double near[4], square = 0.0;
  mlgrain_equivalents_of(symmetry, &equivalents);
  mlgrain_nearest_equivalent(&equivalents, a, b, near);
  for (int k = 0; k < 4; k++) {
    a[k] = weight[0] * a[k] + weight[1] * near[k];
    square += a[k] * a[k];
  }
  for (int k = 0; k < 4; k++)
    a[k] /= sqrt(square);
}

static void merge_all(struct merging *merging, size_t grains, const int32_t *structure,
                      const enum mlgrain_symmetry *symmetry, double (*orientation)[4], double *size,
                      double limit, int32_t *map)
{
  for (size_t p = 0; p < merging->pairs; p++)
    merging->angle[p] = angle_of(merging, p, structure, symmetry, (const double(*)[4])orientation);
  for (;;) {
    size_t least = 0;
    for (size_t p = 1; p < merging->pairs; p++)
      if (merging->angle[p] < merging->angle[least])
        least = p;
    if (!merging->pairs || !(merging->angle[least] < limit))
      return;
    const int32_t a = merging->pair[least][0], b = merging->pair[least][1];
    const int32_t to = a < b ? a : b, from = a < b ? b : a;
    const double weight[2] = {size[to], size[from]};
    join_orientations(symmetry[structure[to]], weight, orientation[to], orientation[from]);
    size[to] += size[from];
    for (size_t g = 0; g < grains; g++)
      if (map[g] == from)
        map[g] = to;
    for (size_t p = 0; p < merging->pairs; p++) {
      int changes = 0;
      for (int side = 0; side < 2; side++) {
        if (merging->pair[p][side] == from)
          merging->pair[p][side] = to;
        changes |= merging->pair[p][side] == to;
      }
      if (changes)
        merging->angle[p] =
            angle_of(merging, p, structure, symmetry, (const double(*)[4])orientation);
    }
  }
}

enum mlgrain_status mlgrain_grains_merge(size_t grains, const int32_t *structure,
                                         const enum mlgrain_symmetry *symmetry,
                                         double (*orientation)[4], double *size, size_t pairs,
                                         const int64_t *pair, double angle, int32_t *map,
                                         struct mlgrain_error *error)
{
  struct merging merging = {pairs, malloc((pairs + 1) * sizeof *merging.pair),
                            malloc((pairs + 1) * sizeof *merging.angle)};
  if (merging.pair && merging.angle) {
    for (size_t p = 0; p < pairs; p++)
      for (int side = 0; side < 2; side++)
        merging.pair[p][side] = (int32_t)(pair[3 * p + (size_t)side] - 1);
    for (size_t g = 0; g < grains; g++)
      map[g] = (int32_t)g;
    merge_all(&merging, grains, structure, symmetry, orientation, size, angle, map);
  }
  const int failed = !merging.pair || !merging.angle;
  free(merging.pair);
  free(merging.angle);
  return failed ? mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for pairs of grains")
                : MLGRAIN_SUCCESS;
}
