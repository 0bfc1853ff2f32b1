/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orientations and disorientations: known coincidence relations, all equivalents tried in the
   plainest way, and the distributions that orientations are drawn from. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/orientation.h"
#include "near.h"

static const double degree = 3.14159265358979323846 / 180.0;
static const double unturned[4] = {1, 0, 0, 0};

static void rotation(const double axis[3], double degrees, double q[4])
{
  const double length = sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
  q[0] = cos(0.5 * degrees * degree);
  for (int d = 0; d < 3; d++)
    q[d + 1] = sin(0.5 * degrees * degree) * axis[d] / length;
}

static void draw(uint64_t seed, uint64_t index, double q[4])
{
  const struct mlgrain_texture uniform = {.kind = MLGRAIN_TEXTURE_RANDOM};
  mlgrain_texture_draw(&uniform, seed, index, q);
}

static void rotate(const double q[4], const double v[3], double result[3])
{
  double m[3][3];
  mlgrain_quaternion_matrix(q, m);
  for (int i = 0; i < 3; i++)
    result[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
}

/* Coincidence site lattices of cubic crystals: H. Grimmer, W. Bollmann, D. H. Warrington, Acta
   Cryst. A30 (1974) 197. */
static void coincidence_lattices(void **state)
{
  (void)state;
  static const struct {
    double axis[3], angle;
  } known[] = {
      {{1, 1, 1}, 60.0},      {{1, 0, 0}, 36.869898}, {{1, 1, 1}, 38.213211},
      {{1, 1, 0}, 38.942441}, {{1, 1, 0}, 50.478804}, {{1, 0, 0}, 22.619865},
      {{2, 1, 0}, 48.189685}, {{1, 1, 1}, 27.795773},
  };
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    double turn[4], a[4], b[4], operation[MLGRAIN_MOST_OPERATIONS][4];
    const int count = mlgrain_symmetry_operations(MLGRAIN_CUBIC, operation);
    rotation(known[k].axis, known[k].angle, turn);
    const double *axis = known[k].axis;
    const double length = sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
    for (int s = 0; s < count; s++) {
      /* any orientation of the pair, either crystal in any of its equivalent settings */
      draw(7, (uint64_t)s, a);
      mlgrain_quaternion_product(a, turn, b);
      mlgrain_quaternion_product(b, operation[s], b);
      mlgrain_quaternion_product(a, operation[(5 * s + 3) % count], a);
      const struct mlgrain_misorientation got = mlgrain_disorientation(MLGRAIN_CUBIC, a, b);
      assert_near(got.angle, known[k].angle, 1e-6);
      for (int d = 0; d < 3; d++)
        assert_near(got.axis[d], axis[d] / length, 1e-6);
    }
  }
}

/* A quarter turn about [100] and a third of one about [111] change nothing in a cubic crystal. */
static void equivalent_orientations(void **state)
{
  (void)state;
  static const struct {
    enum mlgrain_symmetry symmetry;
    double axis[3], angle, left;
  } known[] = {
      {MLGRAIN_CUBIC, {1, 0, 0}, 90, 0},          {MLGRAIN_CUBIC, {1, 1, 1}, 120, 0},
      {MLGRAIN_CUBIC, {1, 1, 0}, 180, 0},         {MLGRAIN_CUBIC, {0, 0, 1}, 45, 45},
      {MLGRAIN_HEXAGONAL, {0, 0, 1}, 60, 0},      {MLGRAIN_HEXAGONAL, {1, 0, 0}, 180, 0},
      {MLGRAIN_HEXAGONAL, {0, 0, 1}, 90, 30},     {MLGRAIN_HEXAGONAL, {1, 0, 0}, 90, 90},
      {MLGRAIN_TETRAGONAL, {0, 0, 1}, 90, 0},     {MLGRAIN_TETRAGONAL, {1, 0, 0}, 90, 90},
      {MLGRAIN_TETRAGONAL, {1, 1, 0}, 180, 0},    {MLGRAIN_ORTHORHOMBIC, {0, 1, 0}, 180, 0},
      {MLGRAIN_ORTHORHOMBIC, {0, 0, 1}, 90, 90},  {MLGRAIN_NO_SYMMETRY, {1, 2, 3}, 180, 180},
      {MLGRAIN_NO_SYMMETRY, {1, 2, 3}, 200, 160},
  };
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    double turn[4];
    rotation(known[k].axis, known[k].angle, turn);
    const struct mlgrain_misorientation got =
        mlgrain_disorientation(known[k].symmetry, unturned, turn);
    assert_near(got.angle, known[k].left, 1e-5);
  }
}

/* The angle is the smallest of all S_i D S_j, and the axis belongs to one of these. */
static void all_equivalents(void **state)
{
  (void)state;
  static const enum mlgrain_symmetry symmetries[] = {MLGRAIN_NO_SYMMETRY, MLGRAIN_ORTHORHOMBIC,
                                                     MLGRAIN_TETRAGONAL, MLGRAIN_HEXAGONAL,
                                                     MLGRAIN_CUBIC};
  static const int order[] = {1, 4, 8, 12, 24};
  /* the largest possible disorientations (cubic: J. K. Mackenzie, Biometrika 45 (1958) 229) */
  static const double largest[] = {180.0, 120.0, 98.4211, 93.8413, 62.7994};
  for (int s = 0; s < 5; s++) {
    double operation[MLGRAIN_MOST_OPERATIONS][4], most = 0.0;
    const int count = mlgrain_symmetry_operations(symmetries[s], operation);
    assert_int_equal(count, order[s]);
    for (uint64_t k = 0; k < 200; k++) {
      double a[4], b[4];
      draw(1, k, a);
      draw(2, k, b);
      const struct mlgrain_misorientation got = mlgrain_disorientation(symmetries[s], a, b);
      const double inverse[4] = {a[0], -a[1], -a[2], -a[3]};
      double least = 360.0;
      int axis_found = 0;
      for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++) {
          double q[4];
          mlgrain_quaternion_product(inverse, b, q);
          mlgrain_quaternion_product(operation[i], q, q);
          mlgrain_quaternion_product(q, operation[j], q);
          const double sine = sqrt(q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
          const double angle = 2.0 * atan2(sine, fabs(q[0])) / degree;
          least = fmin(least, angle);
          const double along =
              (q[1] * got.axis[0] + q[2] * got.axis[1] + q[3] * got.axis[2]) / sine;
          axis_found |= fabs(angle - got.angle) < 1e-9 && fabs(fabs(along) - 1.0) < 1e-9;
        }
      assert_near(got.angle, least, 1e-9);
      assert_near(mlgrain_disorientation_cosine(symmetries[s], a, b), cos(0.5 * degree * least),
                  1e-12);
      assert_true(axis_found);
      most = fmax(most, got.angle);
      const struct mlgrain_misorientation back = mlgrain_disorientation(symmetries[s], b, a);
      assert_near(back.angle, got.angle, 1e-9);
      for (int d = 0; d < 3; d++)
        assert_near(back.axis[d], got.axis[d], 1e-8);
      if (symmetries[s] == MLGRAIN_CUBIC)
        assert_true(got.axis[0] >= got.axis[1] && got.axis[1] >= got.axis[2] && got.axis[2] >= 0);
    }
    assert_true(most <= largest[s] + 1e-3 && most > 0.8 * largest[s]);
  }
}

static void matrices(void **state)
{
  (void)state;
  for (uint64_t k = 0; k < 100; k++) {
    double q[4], m[3][3], again[4];
    draw(3, k, q);
    for (int d = 0; k < 4 && d < 4; d++) /* half turns, and none */
      q[d] = d == (int)k;
    mlgrain_quaternion_matrix(q, m);
    mlgrain_quaternion_of_matrix((const double(*)[3])m, again);
    const double sign = q[0] < 0 ? -1 : 1;
    for (int d = 0; d < 4; d++)
      assert_near(again[d], sign * q[d], 1e-14);
  }
}

/* Bunge: the rows of the matrix from crystal to sample, written out. */
static void euler_angles(void **state)
{
  (void)state;
  const double degrees[3] = {35.0, 48.0, 71.0};
  const double c1 = cos(35 * degree), s1 = sin(35 * degree), c = cos(48 * degree),
               s = sin(48 * degree), c2 = cos(71 * degree), s2 = sin(71 * degree);
  const double expected[3][3] = {{c1 * c2 - s1 * s2 * c, -c1 * s2 - s1 * c2 * c, s1 * s},
                                 {s1 * c2 + c1 * s2 * c, -s1 * s2 + c1 * c2 * c, -c1 * s},
                                 {s2 * s, c2 * s, c}};
  double q[4], m[3][3];
  mlgrain_quaternion_of_euler(degrees, q);
  mlgrain_quaternion_matrix(q, m);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      assert_near(m[i][j], expected[i][j], 1e-14);
}

/* Uniform rotations: <q q^T> = 1/4, and the mean disorientation of cubic crystals is 40.74 degrees
   (Mackenzie 1958). */
static void uniform_texture(void **state)
{
  (void)state;
  enum { COUNT = 20000 };
  double moment[4][4] = {{0}}, angle = 0.0;
  for (uint64_t k = 0; k < COUNT; k++) {
    double q[4], next[4];
    draw(4, k, q);
    draw(4, k + 1, next);
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++)
        moment[i][j] += q[i] * q[j] / COUNT;
    angle += mlgrain_disorientation(MLGRAIN_CUBIC, q, next).angle / COUNT;
  }
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      assert_near(moment[i][j], i == j ? 0.25 : 0.0, 0.008);
  assert_near(angle, 40.74, 0.3);
}

static void fiber_texture(void **state)
{
  (void)state;
  enum { COUNT = 5000 };
  struct mlgrain_texture fiber = {
      .kind = MLGRAIN_TEXTURE_FIBER, .crystal = {1, 1, 1}, .sample = {0, 2, 1}, .spread = 0.0};
  double mean[3] = {0, 0, 0};
  for (uint64_t k = 0; k < COUNT; k++) {
    double q[4], along[3], across[3];
    const double x[3] = {1, 0, 0};
    mlgrain_texture_draw(&fiber, 5, k, q);
    rotate(q, fiber.crystal, along);
    for (int d = 0; d < 3; d++)
      assert_near(along[d], fiber.sample[d] * sqrt(3.0 / 5.0), 1e-12);
    rotate(q, x, across);
    for (int d = 0; d < 3; d++)
      mean[d] += across[d] / COUNT;
  }
  /* turned evenly about the fiber: what is left of [100] is its part along it, 1/sqrt(3) */
  for (int d = 0; d < 3; d++)
    assert_near(mean[d], fiber.sample[d] / sqrt(15.0), 0.03);
  /* opposite and equal directions, which have no one smallest rotation between them */
  static const double sample[2][3] = {{-1, -1, -1}, {2, 2, 2}};
  for (int s = 0; s < 2; s++) {
    double q[4], along[3];
    memcpy(fiber.sample, sample[s], sizeof fiber.sample);
    mlgrain_texture_draw(&fiber, 5, 0, q);
    rotate(q, fiber.crystal, along);
    for (int d = 0; d < 3; d++)
      assert_near(along[d], s ? 1.0 : -1.0, 1e-12);
  }
}

/* A rotation vector of three normal components of 2 degrees: its mean square is 12. */
static void component_texture(void **state)
{
  (void)state;
  enum { COUNT = 5000 };
  const double degrees[3] = {0, 45, 0};
  struct mlgrain_texture goss = {.kind = MLGRAIN_TEXTURE_COMPONENT, .spread = 2.0};
  double square = 0.0;
  mlgrain_quaternion_of_euler(degrees, goss.component);
  for (uint64_t k = 0; k < COUNT; k++) {
    double q[4];
    mlgrain_texture_draw(&goss, 6, k, q);
    const double angle = mlgrain_disorientation(MLGRAIN_NO_SYMMETRY, goss.component, q).angle;
    square += angle * angle / COUNT;
  }
  assert_near(square, 12.0, 0.6);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(coincidence_lattices), cmocka_unit_test(equivalent_orientations),
      cmocka_unit_test(all_equivalents),      cmocka_unit_test(matrices),
      cmocka_unit_test(euler_angles),         cmocka_unit_test(uniform_texture),
      cmocka_unit_test(fiber_texture),        cmocka_unit_test(component_texture),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
