/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coincidence lattices: normal forms multiplied out, lattice points counted one by one, and lists
   of what is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lattice/exact.h"
#include "lattice/span.h"
#include "mlgrain/boundary.h"
#include "near.h"

static uint64_t seed = 1;

static int64_t draw(int64_t low, int64_t high)
{
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return low + (int64_t)((seed >> 33) % (uint64_t)(high - low + 1));
}

static void draw_vector(int64_t *v, int count, int64_t size)
{
  int64_t any = 0;
  while (!any)
    for (int k = 0; k < count; k++)
      any |= v[k] = draw(-size, size);
}

/* The lattices that tests go through: sc, bcc, fcc, hexagonal, and one without symmetry. */
enum { LATTICES = 5 };

static void make_lattice(int which, double a, struct mlgrain_lattice *lattice)
{
  static const int64_t ideal[2] = {8, 3}, oblique[3][3] = {{5, 1, 2}, {1, 7, -1}, {2, -1, 11}};
  struct mlgrain_error error;
  if (which < 3)
    assert_int_equal(mlgrain_lattice_cubic((enum mlgrain_cubic)which, a, lattice, &error), 0);
  else if (which == 3)
    assert_int_equal(mlgrain_lattice_hexagonal(ideal, a, lattice, &error), 0);
  else
    assert_int_equal(mlgrain_lattice_of_gram(oblique, a, lattice, &error), 0);
}

static void symmetries(void **state)
{
  (void)state;
  static const int rotations[LATTICES] = {24, 24, 24, 12, 1}, points[LATTICES] = {1, 2, 4, 1, 1};
  for (int which = 0; which < LATTICES; which++) {
    struct mlgrain_lattice lattice;
    make_lattice(which, 1.0, &lattice);
    assert_int_equal(lattice.rotations, rotations[which]);
    assert_int_equal(mlgrain_lattice_points(&lattice), points[which]);
  }
  /* lattices whose symmetry is known: tetragonal, orthorhombic, rhombohedral; fcc by other axes */
  static const struct {
    int64_t gram[3][3];
    int rotations;
  } known[] = {{{{4, 0, 0}, {0, 4, 0}, {0, 0, 9}}, 8},
               {{{4, 0, 0}, {0, 5, 0}, {0, 0, 9}}, 4},
               {{{5, 1, 1}, {1, 5, 1}, {1, 1, 5}}, 6},
               {{{2, 1, 1}, {1, 2, 1}, {1, 1, 2}}, 24}};
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    struct mlgrain_lattice lattice;
    assert_int_equal(mlgrain_lattice_of_gram(known[k].gram, 1.0, &lattice, NULL), 0);
    assert_int_equal(lattice.rotations, known[k].rotations);
  }
}

/* Rows of the triangular form and of what it is the span of are sums of each other. */
static void spans(void **state)
{
  (void)state;
  for (int trial = 0; trial < 2000; trial++) {
    const int64_t modulus = draw(1, trial % 2 ? 6 : 1000000);
    int64_t vector[4][3] = {{0}}, basis[3][3], adjugate[3][3];
    int overflow = 0;
    for (int k = 0; k < 9; k++)
      vector[k / 3][k % 3] = draw(-modulus, modulus);
    span_basis(vector, modulus, basis, &overflow);
    assert_true(!basis[1][0] && !basis[2][0] && !basis[2][1]);
    const int64_t volume = exact_adjugate(basis, adjugate, &overflow);
    assert_true(volume != 0);
    for (int k = 0; k < 6; k++) {
      const int64_t unit[3] = {modulus * (k == 3), modulus * (k == 4), modulus * (k == 5)};
      int64_t n[3];
      exact_apply_transpose(adjugate, k < 3 ? vector[k] : unit, n, &overflow);
      for (int d = 0; d < 3; d++)
        assert_int_equal(n[d] % volume, 0);
    }
    assert_false(overflow);
    if (modulus > 6)
      continue;
    for (int k = 0; k < 3;
         k++) { /* is each a sum of the vectors? modulo the modulus: all are tried */
      int found = 0;
      for (int64_t a = 0; a < modulus; a++)
        for (int64_t b = 0; b < modulus; b++)
          for (int64_t c = 0; c < modulus; c++) {
            int64_t rest = 0;
            for (int d = 0; d < 3; d++)
              rest |=
                  (basis[k][d] - a * vector[0][d] - b * vector[1][d] - c * vector[2][d]) % modulus;
            found |= !rest;
          }
      assert_true(found);
    }
  }
}

/* Whether x / divisor on the axes is a lattice vector: whole numbers of primitive vectors. */
static int is_point(const struct mlgrain_lattice *lattice, const int64_t x[3], int64_t divisor)
{
  int64_t a[3][3], inverse[3][3], y[3];
  int overflow = 0;
  whole_transpose(lattice->primitive, a);
  const int64_t volume = exact_adjugate(a, inverse, &overflow);
  exact_apply(inverse, x, y, &overflow);
  assert_false(overflow);
  for (int k = 0; k < 3; k++)
    if (y[k] * lattice->divisor % (volume * divisor))
      return 0;
  return 1;
}

/* Whether a vector of crystal 1 is one of lattice 2. */
static int is_point_of_other(const struct mlgrain_lattice *lattice,
                             const struct mlgrain_rotation *rotation, const int64_t x[3],
                             int64_t divisor)
{
  struct mlgrain_rotation back;
  int64_t y[3];
  int overflow = 0;
  assert_int_equal(mlgrain_rotation_inverse(rotation, &back, NULL), 0);
  exact_apply(back.matrix, x, y, &overflow);
  return is_point(lattice, y, divisor * back.divisor);
}

static int64_t determinant(const int64_t m[3][3])
{
  int64_t adjugate[3][3];
  int overflow = 0;
  return exact_adjugate(m, adjugate, &overflow);
}

static void draw_rotation(const struct mlgrain_lattice *lattice, int64_t size,
                          struct mlgrain_rotation *rotation)
{
  int64_t q[4];
  draw_vector(q, 4, size);
  assert_int_equal(mlgrain_rotation_of_quadruple(lattice, q, rotation, NULL), 0);
}

/* Of the points in a cell that both lattices repeat, m primitive vectors each way, one in Sigma is
   common to both. */
static void sigma_counts_points(void **state)
{
  (void)state;
  for (int which = 0; which < LATTICES; which++)
    for (int trial = 0; trial < 40;) {
      struct mlgrain_lattice lattice;
      struct mlgrain_rotation rotation;
      struct mlgrain_coincidence found;
      make_lattice(which, 1.0, &lattice);
      draw_rotation(&lattice, 3, &rotation);
      assert_int_equal(mlgrain_coincidence_find(&lattice, &rotation, &found, NULL), 0);
      const int64_t edge = rotation.divisor * lattice.divisor * lattice.divisor;
      if (edge > 60)
        continue;
      trial++;
      int64_t common = 0, n[3];
      for (n[0] = 0; n[0] < edge; n[0]++)
        for (n[1] = 0; n[1] < edge; n[1]++)
          for (n[2] = 0; n[2] < edge; n[2]++) {
            int64_t x[3];
            int overflow = 0;
            exact_apply_transpose(lattice.primitive, n, x, &overflow);
            common += is_point_of_other(&lattice, &rotation, x, lattice.divisor);
          }
      assert_int_equal(common * found.sigma, edge * edge * edge);
    }
}

/* CSL vectors are in both lattices and span a cell of Sigma points; DSC vectors span one of
   1/Sigma, and both lattices are whole numbers of them. */
static void coincidence_vectors(void **state)
{
  (void)state;
  for (int trial = 0; trial < 500; trial++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_rotation rotation;
    struct mlgrain_coincidence found;
    make_lattice(trial % LATTICES, 1.0, &lattice);
    draw_rotation(&lattice, 6, &rotation);
    assert_int_equal(mlgrain_coincidence_find(&lattice, &rotation, &found, NULL), 0);
    for (int k = 0; k < 3; k++) {
      assert_true(is_point(&lattice, found.csl[k], lattice.divisor));
      assert_true(is_point_of_other(&lattice, &rotation, found.csl[k], lattice.divisor));
    }
    const int64_t cell = llabs(determinant(lattice.primitive));
    assert_int_equal(determinant(found.csl), found.sigma * cell);
    const double scale = (double)found.dsc_divisor / (double)lattice.divisor;
    assert_near((double)determinant(found.dsc) * (double)found.sigma,
                (double)cell * scale * scale * scale, 1e-9 * (double)cell * scale * scale * scale);
    int64_t inverse[3][3];
    int overflow = 0;
    int64_t columns[3][3];
    whole_transpose(found.dsc, columns);
    const int64_t volume = exact_adjugate(columns, inverse, &overflow);
    for (int crystal = 0; crystal < 2; crystal++)
      for (int k = 0; k < 3; k++) {
        int64_t x[3], n[3], divisor = lattice.divisor;
        memcpy(x, lattice.primitive[k], sizeof x);
        if (crystal) {
          exact_apply(rotation.matrix, x, x, &overflow);
          divisor *= rotation.divisor;
        }
        exact_apply(inverse, x, n, &overflow);
        assert_false(overflow);
        for (int i = 0; i < 3; i++)
          assert_int_equal(n[i] * found.dsc_divisor % (volume * divisor), 0);
      }
  }
}

/* Whether a vector is a whole multiple of each of two in a plane, given an exact solution by the
   least determinant that isn't 0. */
static int is_sum_of(const int64_t v[2][3], int64_t v_divisor, const int64_t x[3],
                     int64_t x_divisor)
{
  for (int d = 0; d < 3; d++) {
    const int e = (d + 1) % 3;
    const int64_t det = v[0][d] * v[1][e] - v[0][e] * v[1][d];
    if (!det)
      continue;
    const int64_t a = x[d] * v[1][e] - x[e] * v[1][d], b = v[0][d] * x[e] - v[0][e] * x[d];
    return a * v_divisor % (det * x_divisor) == 0 && b * v_divisor % (det * x_divisor) == 0;
  }
  return 0;
}

/* All points of a lattice near the origin that are in the plane are sums of the net's vectors, and
   those of both lattices are sums of the period's. */
static void nets_and_periods(void **state)
{
  (void)state;
  for (int trial = 0; trial < 100; trial++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_rotation rotation;
    struct mlgrain_coincidence found;
    struct mlgrain_interface plane;
    int64_t normal[3], x[3];
    make_lattice(trial % LATTICES, 1.0, &lattice);
    draw_rotation(&lattice, 3, &rotation);
    draw_vector(normal, 3, 3);
    assert_int_equal(mlgrain_coincidence_find(&lattice, &rotation, &found, NULL), 0);
    assert_int_equal(mlgrain_interface_find(&lattice, &rotation, &found, normal, &plane, NULL), 0);
    const int64_t d = lattice.divisor, size = 7;
    for (int c = 0; c < 2; c++) {
      int overflow = 0;
      for (int k = 0; k < 2; k++)
        assert_int_equal(exact_dot(plane.net[c][k], plane.plane[c], &overflow), 0);
      assert_true(exact_dot(plane.step[c], plane.plane[c], &overflow) > 0);
      assert_true(is_point(&lattice, plane.step[c], d));
      int64_t cell[3][3];
      memcpy(cell, plane.net[c], sizeof plane.net[c]);
      memcpy(cell[2], plane.step[c], sizeof cell[2]);
      assert_int_equal(determinant(cell), llabs(determinant(lattice.primitive)));
    }
    for (x[0] = -size * d; x[0] <= size * d; x[0]++)
      for (x[1] = -size * d; x[1] <= size * d; x[1]++)
        for (x[2] = -size * d; x[2] <= size * d; x[2]++)
          for (int c = 0; c < 2; c++) {
            int overflow = 0;
            if (exact_dot(x, plane.plane[c], &overflow) || !is_point(&lattice, x, d))
              continue;
            assert_true(is_sum_of(plane.net[c], d, x, d));
            if (!c && is_point_of_other(&lattice, &rotation, x, d))
              assert_true(is_sum_of(plane.period, d, x, d));
          }
    for (int k = 0; k < 2; k++) {
      assert_true(is_point(&lattice, plane.period[k], d));
      assert_true(is_point_of_other(&lattice, &rotation, plane.period[k], d));
    }
  }
}

/* Shifts: both nets are sums of them, and the areas say that no more is. */
static void shifts(void **state)
{
  (void)state;
  for (int trial = 0; trial < 500; trial++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_rotation rotation;
    struct mlgrain_coincidence found;
    struct mlgrain_interface plane;
    int64_t normal[3];
    make_lattice(trial % LATTICES, 2.5, &lattice);
    draw_rotation(&lattice, 4, &rotation);
    draw_vector(normal, 3, 4);
    assert_int_equal(mlgrain_coincidence_find(&lattice, &rotation, &found, NULL), 0);
    assert_int_equal(mlgrain_interface_find(&lattice, &rotation, &found, normal, &plane, NULL), 0);
    assert_near(plane.shift_area * plane.area, plane.net_area[0] * plane.net_area[1],
                1e-9 * plane.net_area[0] * plane.net_area[1]);
    double frame[3][3];
    mlgrain_lattice_frame(&lattice, frame);
    const double volume =
        frame[0][0] * frame[1][1] * frame[2][2] / (double)mlgrain_lattice_points(&lattice);
    for (int c = 0; c < 2; c++) {
      assert_near(plane.net_area[c] * plane.spacing[c], volume, 1e-9 * volume);
      for (int k = 0; k < 2; k++) {
        int64_t x[3], divisor = lattice.divisor;
        int overflow = 0;
        memcpy(x, plane.net[c][k], sizeof x);
        if (c) {
          exact_apply(rotation.matrix, x, x, &overflow);
          divisor *= rotation.divisor;
        }
        assert_true(is_sum_of(plane.shift, plane.shift_divisor, x, divisor));
      }
    }
  }
}

static void rotations_and_quadruples(void **state)
{
  (void)state;
  for (int trial = 0; trial < 2000; trial++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_rotation rotation, again, back;
    int64_t q[4], found[4];
    make_lattice(trial % LATTICES, 1.0, &lattice);
    draw_vector(q, 4, trial % 3 ? 4 : 40);
    if (trial % 7 == 0)
      q[0] = 0;
    if (!q[0] && !q[1] && !q[2] && !q[3])
      continue;
    assert_int_equal(mlgrain_rotation_of_quadruple(&lattice, q, &rotation, NULL), 0);
    assert_int_equal(mlgrain_rotation_quadruple(&lattice, &rotation, found, NULL), 0);
    const int64_t divisor = whole_reduce(q, 4);
    (void)divisor;
    int first = 0;
    while (!q[first])
      first++;
    for (int k = 0; k < 4; k++)
      assert_int_equal(found[k], q[first] < 0 ? -q[k] : q[k]);
    assert_int_equal(
        mlgrain_rotation_of_matrix(&lattice, rotation.matrix, rotation.divisor, &again, NULL), 0);
    assert_int_equal(mlgrain_rotation_inverse(&rotation, &back, NULL), 0);
    for (int k = 1; k < 4; k++)
      q[k] = -q[k];
    assert_int_equal(mlgrain_rotation_of_quadruple(&lattice, q, &again, NULL), 0);
    assert_memory_equal(&again, &back, sizeof back);
    /* rotation matrix in space: orthogonal, and about the axis */
    double m[3][3], frame[3][3], axis[3], turned[3];
    mlgrain_rotation_matrix(&lattice, &rotation, m);
    mlgrain_lattice_frame(&lattice, frame);
    for (int i = 0; i < 3; i++) {
      axis[i] = 0;
      for (int j = 0; j < 3; j++)
        axis[i] += frame[i][j] * (double)found[j + 1];
    }
    for (int i = 0; i < 3; i++) {
      turned[i] = m[i][0] * axis[0] + m[i][1] * axis[1] + m[i][2] * axis[2];
      assert_near(turned[i], axis[i], 1e-9 * (1 + fabs(axis[i])));
      for (int j = 0; j < 3; j++)
        assert_near(m[i][0] * m[j][0] + m[i][1] * m[j][1] + m[i][2] * m[j][2], i == j, 1e-12);
    }
    double deviation;
    assert_int_equal(mlgrain_rotation_near(&lattice, m, 1e-6, 2000, &again, &deviation, NULL), 0);
    assert_memory_equal(&again, &rotation, sizeof rotation);
  }
}

/* Quarter turn about z, written down: x goes to y. */
static void sense_of_rotation(void **state)
{
  (void)state;
  struct mlgrain_lattice lattice;
  struct mlgrain_rotation rotation;
  make_lattice(0, 1.0, &lattice);
  assert_int_equal(
      mlgrain_rotation_of_quadruple(&lattice, (const int64_t[4]){1, 0, 0, 1}, &rotation, NULL), 0);
  assert_int_equal(rotation.matrix[1][0], 1);
  assert_int_equal(rotation.matrix[0][1], -1);
  assert_near(mlgrain_rotation_angle(&rotation), 90.0, 1e-12);
  /* Rows: direction i of crystal 1 and of crystal 2 are along axis i of the box. */
  const int64_t p[3][3] = {{3, 1, 0}, {0, 0, 1}, {1, -3, 0}},
                q[3][3] = {{3, 1, 0}, {0, 0, -2}, {-1, 3, 0}};
  assert_int_equal(mlgrain_rotation_of_rows(&lattice, p, q, &rotation, NULL), 0);
  for (int k = 0; k < 3; k++) {
    int64_t x[3];
    int overflow = 0;
    exact_apply(rotation.matrix, q[k], x, &overflow);
    for (int d = 0; d < 3; d++)
      assert_int_equal(x[d] * (k == 1), rotation.divisor * 2 * p[k][d] * (k == 1));
  }
}

/* Numbers of classes up to Sigma 29, 49, 99, 199 (H. Grimmer, Acta Cryst. A 40 (1984) 108, and by
   counting), angles and axes of the first. */
static void cubic_classes(void **state)
{
  (void)state;
  static const size_t known[][2] = {{29, 21}, {49, 47}, {99, 146}, {149, 288}, {199, 470}};
  static const struct {
    int64_t sigma, axis[3];
    double angle;
  } first[] = {{3, {1, 1, 1}, 60.0},   {5, {1, 0, 0}, 36.87},  {7, {1, 1, 1}, 38.21},
               {9, {1, 1, 0}, 38.94},  {11, {1, 1, 0}, 50.48}, {13, {1, 0, 0}, 22.62},
               {13, {1, 1, 1}, 27.80}, {15, {2, 1, 0}, 48.19}, {17, {1, 0, 0}, 28.07},
               {17, {2, 2, 1}, 61.93}, {19, {1, 1, 0}, 26.53}, {19, {1, 1, 1}, 46.83}};
  for (int which = 0; which < 3; which++)
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
      struct mlgrain_lattice lattice;
      struct mlgrain_coincidence_class *list;
      size_t count;
      make_lattice(which, 1.0, &lattice);
      assert_int_equal(
          mlgrain_coincidence_classes(&lattice, (int64_t)known[k][0], &list, &count, NULL), 0);
      assert_int_equal(count, known[k][1]);
      for (size_t c = 0; c < sizeof first / sizeof *first; c++) {
        assert_int_equal(list[c].sigma, first[c].sigma);
        assert_near(list[c].angle, first[c].angle, 0.005);
        for (int d = 0; d < 3; d++)
          assert_int_equal(list[c].axis[d], first[c].axis[d]);
      }
      mlgrain_free(list);
    }
}

/* The way for all lattices finds what the one for cubic lattices does: simple cubic and fcc, by
   axes that don't look cubic. */
static void classes_by_images(void **state)
{
  (void)state;
  static const int64_t gram[3][3][3] = {{{1, 1, 0}, {1, 2, 0}, {0, 0, 1}},
                                        {{2, 1, 1}, {1, 2, 1}, {1, 1, 2}},
                                        {{3, -1, -1}, {-1, 3, -1}, {-1, -1, 3}}};
  struct mlgrain_lattice cubic;
  struct mlgrain_coincidence_class *list[2];
  size_t count[2];
  make_lattice(0, 1.0, &cubic);
  assert_int_equal(mlgrain_coincidence_classes(&cubic, 49, &list[0], &count[0], NULL), 0);
  for (int k = 0; k < 3; k++) {
    struct mlgrain_lattice lattice;
    assert_int_equal(mlgrain_lattice_of_gram(gram[k], 1.0, &lattice, NULL), 0);
    assert_int_equal(mlgrain_coincidence_classes(&lattice, 49, &list[1], &count[1], NULL), 0);
    assert_int_equal(count[1], count[0]);
    for (size_t c = 0; c < count[0]; c++) {
      assert_int_equal(list[1][c].sigma, list[0][c].sigma);
      assert_near(list[1][c].angle, list[0][c].angle, 1e-6);
    }
    mlgrain_free(list[1]);
  }
  mlgrain_free(list[0]);
}

/* c/a = sqrt(8/3): R. Bonnet, E. Cousineau, D. H. Warrington, Acta Cryst. A 37 (1981) 184. */
static void hexagonal_classes(void **state)
{
  (void)state;
  static const struct {
    int64_t sigma;
    double angle;
  } known[] = {{7, 21.79},  {10, 78.46}, {11, 62.96}, {13, 27.80}, {14, 44.42},
               {17, 86.63}, {18, 70.53}, {19, 13.17}, {22, 50.48}, {25, 23.07}};
  struct mlgrain_lattice lattice;
  struct mlgrain_coincidence_class *list;
  size_t count;
  make_lattice(3, 1.0, &lattice);
  assert_int_equal(mlgrain_coincidence_classes(&lattice, 25, &list, &count, NULL), 0);
  assert_int_equal(count, sizeof known / sizeof *known);
  for (size_t k = 0; k < count; k++) {
    assert_int_equal(list[k].sigma, known[k].sigma);
    assert_near(list[k].angle, known[k].angle, 0.005);
  }
  mlgrain_free(list);
}

static void boundaries_of_copper(void **state)
{
  (void)state;
  struct mlgrain_lattice lattice;
  struct mlgrain_coincidence_class *classes;
  struct mlgrain_boundary_entry *list;
  size_t class_count, count;
  make_lattice(2, 3.615, &lattice);
  assert_int_equal(mlgrain_coincidence_classes(&lattice, 49, &classes, &class_count, NULL), 0);
  assert_int_equal(
      mlgrain_boundaries_list(&lattice, classes, class_count, 100.0, &list, &count, NULL), 0);
  assert_int_equal(count, 740);
  for (size_t k = 0; k < count; k++) { /* as each is by itself */
    const struct mlgrain_rotation *rotation = &classes[list[k].rotation_class].rotation;
    struct mlgrain_coincidence coincidence;
    struct mlgrain_interface plane;
    assert_int_equal(mlgrain_coincidence_find(&lattice, rotation, &coincidence, NULL), 0);
    assert_int_equal(
        mlgrain_interface_find(&lattice, rotation, &coincidence, list[k].plane, &plane, NULL), 0);
    assert_near(plane.area, list[k].area, 1e-8 * plane.area);
    struct mlgrain_boundary boundary;
    struct mlgrain_boundary_key key;
    assert_int_equal(mlgrain_boundary_create(&lattice, rotation, list[k].plane, &boundary, NULL),
                     0);
    assert_int_equal(mlgrain_boundary_key_find(&lattice, &boundary, &key, NULL), 0);
    assert_int_equal(key.number[0], rotation->divisor);
    assert_memory_equal(key.number + 1, rotation->matrix, sizeof rotation->matrix);
    assert_memory_equal(key.number + 10, list[k].plane, sizeof list[k].plane);
  }
  mlgrain_free(list);
  mlgrain_free(classes);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(symmetries),
      cmocka_unit_test(spans),
      cmocka_unit_test(sigma_counts_points),
      cmocka_unit_test(coincidence_vectors),
      cmocka_unit_test(nets_and_periods),
      cmocka_unit_test(shifts),
      cmocka_unit_test(rotations_and_quadruples),
      cmocka_unit_test(sense_of_rotation),
      cmocka_unit_test(cubic_classes),
      cmocka_unit_test(classes_by_images),
      cmocka_unit_test(hexagonal_classes),
      cmocka_unit_test(boundaries_of_copper),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
