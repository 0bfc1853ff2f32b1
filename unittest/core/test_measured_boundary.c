/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measured boundaries against all descriptions and planes written out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/measured_boundary.h"
#include "mlgrain/orientation.h"

enum { CUBIC, HEXAGONAL, LATTICES };

static const double DEGREE = 0.017453292519943295;

static double draw(void)
{
  static uint64_t seed = 5;
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(seed >> 11) * 0x1p-53;
}

static void draw_quaternion(double q[4])
{
  double square = 0.0;
  while (square < 1e-2 || square > 1.0) {
    square = 0.0;
    for (int k = 0; k < 4; k++) {
      q[k] = 2.0 * draw() - 1.0;
      square += q[k] * q[k];
    }
  }
  for (int k = 0; k < 4; k++)
    q[k] /= sqrt(square);
}

static void turn_by(const double axis[3], double degrees, double q[4])
{
  const double sine =
      sin(0.5 * degrees * DEGREE) / sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
  q[0] = cos(0.5 * degrees * DEGREE);
  for (int d = 0; d < 3; d++)
    q[d + 1] = axis[d] * sine;
}

static void conjugate(const double q[4], double c[4])
{
  c[0] = q[0];
  for (int d = 1; d < 4; d++)
    c[d] = -q[d];
}

static double angle_of(const double q[4])
{
  return 2.0 * atan2(sqrt(q[1] * q[1] + q[2] * q[2] + q[3] * q[3]), fabs(q[0])) / DEGREE;
}

static void make_lattice(int which, struct mlgrain_lattice *lattice)
{
  static const int64_t ideal[2] = {8, 3};
  if (which == CUBIC)
    assert_int_equal(mlgrain_lattice_cubic(MLGRAIN_FACE_CENTERED, 3.615, lattice, NULL), 0);
  else
    assert_int_equal(mlgrain_lattice_hexagonal(ideal, 2.9, lattice, NULL), 0);
}

static void make(int which, int64_t most_sigma, struct mlgrain_lattice *lattice,
                 struct mlgrain_coincidence_catalog **catalog)
{
  make_lattice(which, lattice);
  assert_int_equal(mlgrain_coincidence_catalog_create(lattice, most_sigma, catalog, NULL), 0);
}

static void measure(const struct mlgrain_coincidence_catalog *catalog, const double first[4],
                    const double second[4], const double normal[3],
                    struct mlgrain_measured_boundary *measured)
{
  struct mlgrain_octonion octonion;
  assert_int_equal(mlgrain_octonion_create(first, second, normal, &octonion, NULL), 0);
  assert_int_equal(mlgrain_boundary_measure(catalog, &octonion, measured, NULL), 0);
}

/* A boundary near one of the catalog's, or anywhere. */
static void draw_boundary(const struct mlgrain_lattice *lattice,
                          const struct mlgrain_coincidence_class *class, double away,
                          double first[4], double second[4], double normal[3])
{
  double m[3][3], q[4], turn[4], axis[3];
  draw_quaternion(first);
  for (int d = 0; d < 3; d++) {
    normal[d] = draw() - 0.5;
    axis[d] = draw() - 0.5;
  }
  if (!class) {
    draw_quaternion(second);
    return;
  }
  mlgrain_rotation_matrix(lattice, &class->rotation, m);
  mlgrain_quaternion_of_matrix((const double(*)[3])m, q);
  turn_by(axis, away, turn);
  mlgrain_quaternion_product(q, turn, q);
  mlgrain_quaternion_product(first, q, second);
}

/* Deviation from a class: the smallest of all descriptions. */
static double plain_deviation(const struct mlgrain_lattice *lattice,
                              const struct mlgrain_coincidence_class *class, const double first[4],
                              const double second[4])
{
  double m[3][3], exact[4], operation[MLGRAIN_MOST_LATTICE_ROTATIONS][4], back[4], q[4];
  const int n = mlgrain_lattice_quaternions(lattice, operation);
  mlgrain_rotation_matrix(lattice, &class->rotation, m);
  mlgrain_quaternion_of_matrix((const double(*)[3])m, exact);
  conjugate(first, back);
  mlgrain_quaternion_product(back, second, q);
  double least = 360.0;
  for (int exchanged = 0; exchanged < 2; exchanged++)
    for (int a = 0; a < n; a++)
      for (int b = 0; b < n; b++) {
        double other[4], difference[4], turned[4];
        memcpy(turned, q, sizeof turned);
        if (exchanged)
          conjugate(q, turned);
        mlgrain_quaternion_product(operation[a], turned, other);
        mlgrain_quaternion_product(other, operation[b], other);
        conjugate(exact, back);
        mlgrain_quaternion_product(back, other, difference);
        least = fmin(least, angle_of(difference));
      }
  return least;
}

static void coincidence_is_that_of_all_descriptions(void **state)
{
  (void)state;
  for (int which = 0; which < LATTICES; which++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_coincidence_catalog *catalog;
    struct mlgrain_coincidence_class *class;
    size_t count;
    const int64_t most = which == CUBIC ? 49 : 20;
    make(which, most, &lattice, &catalog);
    assert_int_equal(mlgrain_coincidence_classes(&lattice, most, &class, &count, NULL), 0);
    int found[3] = {0};
    for (int trial = 0; trial < 120; trial++) {
      double first[4], second[4], normal[3];
      const size_t near = (size_t)((double)count * draw());
      draw_boundary(&lattice, trial % 4 ? &class[near] : NULL, 2.5 * draw(), first, second, normal);
      struct mlgrain_measured_boundary measured;
      measure(catalog, first, second, normal, &measured);
      double least = 1.0, deviation = 0.0;
      int64_t sigma = 0;
      if (measured.angle <= 15.0) {
        sigma = 1;
        deviation = measured.angle;
        least = deviation / 15.0;
      }
      for (size_t c = 0; c < count; c++) {
        const double angle = plain_deviation(&lattice, &class[c], first, second);
        const double part = angle / (15.0 / sqrt((double)class[c].sigma));
        if (part <= least) {
          least = part;
          sigma = class[c].sigma;
          deviation = angle;
        }
      }
      assert_int_equal(measured.sigma, sigma);
      assert_true(fabs(measured.deviation - deviation) < 1e-9);
      assert_int_equal(measured.is_near, sigma > 1);
      found[sigma < 2 ? sigma : 2]++;
    }
    assert_true(found[0] > 5 && found[2] > 20);
    mlgrain_free(class);
    mlgrain_coincidence_catalog_free(catalog);
  }
}

/* Of all planes up to an index, in either crystal's own frame. */
static void plane_is_the_smallest_near(void **state)
{
  (void)state;
  for (int which = 0; which < LATTICES; which++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_coincidence_catalog *catalog;
    struct mlgrain_coincidence_class *class;
    size_t count;
    make(which, 13, &lattice, &catalog);
    assert_int_equal(mlgrain_coincidence_classes(&lattice, 13, &class, &count, NULL), 0);
    for (int trial = 0; trial < 12; trial++) {
      double first[4], second[4], normal[3];
      draw_boundary(&lattice, &class[(size_t)trial % count], 0.0, first, second, normal);
      struct mlgrain_measured_boundary measured, other;
      measure(catalog, first, second, normal, &measured);
      assert_true(measured.is_near && measured.deviation < 1e-6);
      const double limit = 15.0 / sqrt((double)measured.sigma);
      assert_true(measured.plane_deviation <= limit);
      /* planes of that rotation, turned into the box by the first crystal's equivalents: measured
         again with their own normals, they tell how far those are from the one drawn */
      struct mlgrain_coincidence coincidence;
      struct mlgrain_interface interface;
      assert_int_equal(
          mlgrain_coincidence_find(&lattice, &measured.boundary.rotation, &coincidence, NULL), 0);
      assert_int_equal(mlgrain_interface_find(&lattice, &measured.boundary.rotation, &coincidence,
                                              measured.boundary.plane[0], &interface, NULL),
                       0);
      assert_true(fabs(interface.area - measured.area) < 1e-8 * measured.area);
      double back[4], m[3][3], length = 0.0, n[3];
      conjugate(first, back);
      mlgrain_quaternion_matrix(back, m);
      for (int d = 0; d < 3; d++) {
        n[d] = m[d][0] * normal[0] + m[d][1] * normal[1] + m[d][2] * normal[2];
        length += n[d] * n[d];
      }
      for (int d = 0; d < 3; d++)
        n[d] /= sqrt(length);
      double least = INFINITY;
      enum { MOST = 9 };
      for (int64_t h = -MOST; h <= MOST; h++)
        for (int64_t k = -MOST; k <= MOST; k++)
          for (int64_t l = -MOST; l <= MOST; l++) {
            const int64_t plane[3] = {h, k, l};
            struct mlgrain_boundary made = {measured.boundary.rotation, {{h, k, l}}};
            if ((!h && !k && !l) || mlgrain_interface_find(&lattice, &made.rotation, &coincidence,
                                                           plane, &interface, NULL))
              continue;
            const struct mlgrain_octonion octonion = mlgrain_boundary_octonion(&lattice, &made);
            double g[3][3];
            mlgrain_quaternion_matrix(octonion.first, g);
            const double cosine = fabs(g[2][0] * n[0] + g[2][1] * n[1] + g[2][2] * n[2]);
            if (acos(fmin(1.0, cosine)) / DEGREE <= limit)
              least = fmin(least, interface.area);
          }
      assert_true(measured.area <= least * (1.0 + 1e-9));
      /* its own normal, measured, is at the plane */
      const struct mlgrain_octonion exact = mlgrain_boundary_octonion(&lattice, &measured.boundary);
      assert_int_equal(mlgrain_boundary_measure(catalog, &exact, &other, NULL), 0);
      assert_true(other.deviation < 1e-6 && other.area <= measured.area * (1.0 + 1e-9));
    }
    mlgrain_free(class);
    mlgrain_coincidence_catalog_free(catalog);
  }
}

static void numbers_are_those_of_all_descriptions(void **state)
{
  (void)state;
  for (int which = 0; which < LATTICES; which++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_coincidence_catalog *catalog;
    struct mlgrain_coincidence_class *class;
    size_t count;
    double operation[MLGRAIN_MOST_LATTICE_ROTATIONS][4];
    make(which, 29, &lattice, &catalog);
    const int n = mlgrain_lattice_quaternions(&lattice, operation);
    assert_int_equal(mlgrain_coincidence_classes(&lattice, 29, &class, &count, NULL), 0);
    for (int trial = 0; trial < 60; trial++) {
      double first[4], second[4], normal[3], sample[4];
      draw_boundary(&lattice, &class[(size_t)trial % count], trial % 3 ? 2.0 * draw() : 0.0, first,
                    second, normal);
      struct mlgrain_measured_boundary one, two;
      measure(catalog, first, second, normal, &one);
      assert_true(fabs(cos(0.5 * one.angle * DEGREE) -
                       cos(0.5 * one.twist * DEGREE) * cos(0.5 * one.tilt * DEGREE)) < 1e-12);
      mlgrain_quaternion_product(first, operation[(int)(n * draw())], first);
      mlgrain_quaternion_product(second, operation[(int)(n * draw())], second);
      draw_quaternion(sample);
      mlgrain_quaternion_product(sample, first, first);
      mlgrain_quaternion_product(sample, second, second);
      double m[3][3], turned[3];
      mlgrain_quaternion_matrix(sample, m);
      for (int d = 0; d < 3; d++) {
        turned[d] = m[d][0] * normal[0] + m[d][1] * normal[1] + m[d][2] * normal[2];
        turned[d] *= trial & 1 ? -1.0 : 1.0;
      }
      measure(catalog, trial & 2 ? second : first, trial & 2 ? first : second, turned, &two);
      assert_int_equal(one.sigma, two.sigma);
      assert_true(fabs(one.angle - two.angle) < 1e-9);
      assert_true(fabs(one.inclination - two.inclination) < 1e-9);
      assert_true(fabs(one.half_turn - two.half_turn) < 1e-5);
      assert_true(fabs(one.deviation - two.deviation) < 1e-9);
      assert_int_equal(one.is_near, two.is_near);
      if (!one.is_near)
        continue;
      assert_true(fabs(one.plane_deviation - two.plane_deviation) < 1e-9);
      struct mlgrain_boundary_key a, b;
      assert_int_equal(mlgrain_boundary_key_find(&lattice, &one.boundary, &a, NULL), 0);
      assert_int_equal(mlgrain_boundary_key_find(&lattice, &two.boundary, &b, NULL), 0);
      assert_memory_equal(&a, &b, sizeof a);
    }
    mlgrain_free(class);
    mlgrain_coincidence_catalog_free(catalog);
  }
}

/* Boundaries with names, one crystal turned by 2 degrees more. */
static void known_boundaries_are_recognized(void **state)
{
  (void)state;
  static const struct {
    int64_t quadruple[4], plane[3], sigma;
    enum mlgrain_boundary_kind kind;
  } known[] = {
      {{3, 1, 1, 1}, {1, 1, 1}, 3, MLGRAIN_SYMMETRIC_TILT}, /* coherent twin: half a turn too */
      {{3, 0, 0, 1}, {2, -1, 0}, 5, MLGRAIN_SYMMETRIC_TILT},
      {{3, 0, 0, 1}, {3, 1, 0}, 5, MLGRAIN_SYMMETRIC_TILT},
      {{3, 0, 0, 1}, {0, 0, 1}, 5, MLGRAIN_TWIST},
      {{3, 0, 0, 1}, {1, 0, 0}, 5, MLGRAIN_ASYMMETRIC_TILT},
      {{3, 0, 0, 1}, {3, 1, 6}, 5, MLGRAIN_MIXED},
  };
  struct mlgrain_lattice lattice;
  struct mlgrain_coincidence_catalog *catalog;
  make(CUBIC, 49, &lattice, &catalog);
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    struct mlgrain_rotation rotation;
    struct mlgrain_boundary boundary;
    struct mlgrain_measured_boundary measured;
    assert_int_equal(mlgrain_rotation_of_quadruple(&lattice, known[k].quadruple, &rotation, NULL),
                     0);
    assert_int_equal(mlgrain_boundary_create(&lattice, &rotation, known[k].plane, &boundary, NULL),
                     0);
    struct mlgrain_octonion octonion = mlgrain_boundary_octonion(&lattice, &boundary);
    const double axis[3] = {0.3, -0.5, 0.8};
    double turn[4];
    turn_by(axis, 2.0, turn);
    mlgrain_quaternion_product(octonion.second, turn, octonion.second);
    assert_int_equal(mlgrain_boundary_measure(catalog, &octonion, &measured, NULL), 0);
    assert_int_equal(measured.sigma, known[k].sigma);
    assert_true(fabs(measured.deviation - 2.0) < 1e-9);
    assert_int_equal(mlgrain_measured_kind(&measured, 5.0), known[k].kind);
    if (k > 2)
      continue; /* of others a plane with a smaller period may be near */
    struct mlgrain_boundary_key a, b;
    assert_int_equal(mlgrain_boundary_key_find(&lattice, &boundary, &a, NULL), 0);
    assert_int_equal(mlgrain_boundary_key_find(&lattice, &measured.boundary, &b, NULL), 0);
    assert_memory_equal(&a, &b, sizeof a);
  }
  /* nothing of one crystal and itself */
  const double q[4] = {1.0}, normal[3] = {0.0, 0.0, 1.0};
  struct mlgrain_measured_boundary measured;
  measure(catalog, q, q, normal, &measured);
  assert_true(measured.angle < 1e-9 && measured.inclination == 0.0 && !measured.is_near);
  assert_int_equal(measured.sigma, 1);
  mlgrain_coincidence_catalog_free(catalog);
  mlgrain_coincidence_catalog_free(NULL);
}

static void errors_are_told(void **state)
{
  (void)state;
  struct mlgrain_lattice lattice;
  struct mlgrain_coincidence_catalog *catalog = NULL;
  make_lattice(CUBIC, &lattice);
  assert_int_equal(mlgrain_coincidence_catalog_create(&lattice, 0, &catalog, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_null(catalog);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(coincidence_is_that_of_all_descriptions),
      cmocka_unit_test(plane_is_the_smallest_near),
      cmocka_unit_test(numbers_are_those_of_all_descriptions),
      cmocka_unit_test(known_boundaries_are_recognized),
      cmocka_unit_test(errors_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
