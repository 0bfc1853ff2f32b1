/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells of boundaries: numbers of atoms, their places, inversion of the two boundaries onto each
   other, atoms that are too close, crystals of cells as programs give them, boundaries as text. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/bicrystal.h"
#include "mlgrain/boundary_text.h"
#include "near.h"

#define CUBE                                                                                       \
  {                                                                                                \
    {1, 0, 0}, {0, 1, 0},                                                                          \
    {                                                                                              \
      0, 0, 1                                                                                      \
    }                                                                                              \
  }
#define FCC                                                                                        \
  {                                                                                                \
    {0, 0, 0}, {.5, .5, 0}, {.5, 0, .5},                                                           \
    {                                                                                              \
      0, .5, .5                                                                                    \
    }                                                                                              \
  }
#define DIAMOND                                                                                    \
  {                                                                                                \
    {0, 0, 0}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}, {.25, .25, .25}, {.25, .75, .75},            \
        {.75, .25, .75},                                                                           \
    {                                                                                              \
      .75, .75, .25                                                                                \
    }                                                                                              \
  }

/* Cells as LAMMPS has them. */
struct cell {
  const char *name;
  double edge[3][3];
  int count;
  double place[4 * 2][3];
  int type[8], sites, rotations, points, has_inversion;
};

static const struct cell cells[] = {
    {"sc", CUBE, 1, {{0, 0, 0}}, {1}, 1, 24, 1, 1},
    {"bcc", CUBE, 2, {{0, 0, 0}, {.5, .5, .5}}, {1, 1}, 1, 24, 2, 1},
    {"B2", CUBE, 2, {{0, 0, 0}, {.5, .5, .5}}, {1, 2}, 2, 24, 1, 1},
    {"fcc", CUBE, 4, FCC, {1, 1, 1, 1}, 1, 24, 4, 1},
    {"L1_2", CUBE, 4, FCC, {1, 2, 2, 2}, 4, 24, 1, 1},
    {"diamond", CUBE, 8, DIAMOND, {1, 1, 1, 1, 1, 1, 1, 1}, 2, 24, 4, 1},
    {"zincblende", CUBE, 8, DIAMOND, {1, 1, 1, 1, 2, 2, 2, 2}, 2, 24, 4, 0},
    {"hcp",
     {{1, 0, 0}, {0, 1.7320508075688772, 0}, {0, 0, 1.6329931618554521}},
     4,
     {{0, 0, 0}, {.5, .5, 0}, {.5, 5. / 6, .5}, {0, 1. / 3, .5}},
     {1, 1, 1, 1},
     2,
     12,
     1,
     1},
    {"tetragonal", {{1, 0, 0}, {0, 1, 0}, {0, 0, 0.8}}, 1, {{0.1, 0, 0}}, {3}, 1, 8, 1, 1},
};
enum { CELLS = sizeof cells / sizeof cells[0] };

static void make_crystal(const struct cell *cell, struct mlgrain_crystal *crystal)
{
  struct mlgrain_error error;
  const enum mlgrain_status status =
      mlgrain_crystal_of_cell(cell->edge, cell->count, cell->place, cell->type, crystal, &error);
  if (status)
    print_error("%s: %s\n", cell->name, error.text);
  assert_int_equal(status, 0);
}

static void crystals_of_cells(void **state)
{
  (void)state;
  for (int k = 0; k < CELLS; k++) {
    const struct cell *cell = &cells[k];
    struct mlgrain_crystal crystal;
    make_crystal(cell, &crystal);
    assert_int_equal(crystal.site_count, cell->sites);
    assert_int_equal(crystal.lattice.rotations, cell->rotations);
    assert_int_equal(mlgrain_lattice_points(&crystal.lattice), cell->points);
    assert_int_equal(mlgrain_crystal_has_inversion(&crystal), cell->has_inversion);
    const double volume = cell->edge[0][0] * cell->edge[1][1] * cell->edge[2][2] / cell->count;
    assert_near(mlgrain_crystal_atom_volume(&crystal), volume, 1e-9 + 2 * crystal.strain);
    mlgrain_crystal_free(&crystal);
  }
}

static void bad_crystals(void **state)
{
  (void)state;
  struct mlgrain_crystal crystal;
  struct mlgrain_error error;
  const double place[1][3] = {{0, 0, 0}}, flat[3][3] = {{1, 0, 0}, {0, 1, 0}, {1, 1, 0}},
               left[3][3] = {{0, 1, 0}, {1, 0, 0}, {0, 0, 1}}, cube[3][3] = CUBE,
               nan[3][3] = {{NAN, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const int type[1] = {1};
  assert_int_equal(mlgrain_crystal_of_cell(flat, 1, place, type, &crystal, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_crystal_of_cell(left, 1, place, type, &crystal, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "left-handed"));
  assert_int_equal(mlgrain_crystal_of_cell(cube, 0, place, type, &crystal, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_crystal_of_cell(nan, 1, place, type, &crystal, &error),
                   MLGRAIN_NOT_FINITE);
  const double twice[2][3] = {{0, 0, 0.999}, {0, 0, 0}};
  const int types[2] = {1, 2};
  assert_int_equal(mlgrain_crystal_of_cell(cube, 2, twice, types, &crystal, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "atoms 1 and 2 of its cell are at one place"));
}

/* Of rutile, whose c is shorter than a. */
static void small_strain(void **state)
{
  (void)state;
  struct mlgrain_crystal crystal;
  const double place[1][3] = {{0, 0, 0}},
               edge[3][3] = {{4.594, 0, 0}, {0, 4.594, 0}, {0, 0, 2.959}};
  const int type[1] = {1};
  assert_int_equal(mlgrain_crystal_of_cell(edge, 1, place, type, &crystal, NULL), 0);
  assert_true(crystal.strain > 0.0 && crystal.strain < 3e-4);
  const double ratio =
      (double)crystal.lattice.gram[2][2] / (double)crystal.lattice.gram[0][0] * 4.594 * 4.594;
  assert_near(sqrt(ratio), 2.959, 2.959 * 3e-4);
  mlgrain_crystal_free(&crystal);
}

/* --- cells --- */

static uint64_t seed = 11;

static double uniform(void)
{
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(seed >> 11) / 9007199254740992.0;
}

static int any(int most)
{
  return (int)((2 * most + 1) * uniform()) - most;
}

/* Random boundaries of a crystal with a small period. */
static void random_geometry(const struct mlgrain_crystal *crystal, double most_area,
                            struct mlgrain_bicrystal_geometry *geometry)
{
  for (;;) {
    const int64_t quadruple[4] = {any(2), any(2), any(2), any(2)},
                  plane[3] = {any(2), any(2), any(2)};
    struct mlgrain_rotation rotation;
    struct mlgrain_boundary boundary;
    struct mlgrain_coincidence coincidence;
    struct mlgrain_interface interface;
    if (mlgrain_rotation_of_quadruple(&crystal->lattice, quadruple, &rotation, NULL) ||
        mlgrain_boundary_create(&crystal->lattice, &rotation, plane, &boundary, NULL) ||
        mlgrain_coincidence_find(&crystal->lattice, &rotation, &coincidence, NULL) ||
        mlgrain_interface_find(&crystal->lattice, &rotation, &coincidence, plane, &interface,
                               NULL) ||
        interface.area > most_area)
      continue;
    mlgrain_bicrystal_geometry_find(&crystal->lattice, &rotation, &interface, geometry);
    return;
  }
}

/* Distance between two points of a cell, periodic; infinite where it is more than 0.7 along z. */
static double apart(const struct mlgrain_bicrystal_box *box, const double x[3], const double y[3])
{
  double least = INFINITY;
  const int along = box->boundaries == 2 ? 1 : 0;
  for (int k = -along; k <= along; k++) {
    double d[3];
    for (int i = 0; i < 3; i++)
      d[i] = x[i] - y[i] + k * box->edge[2][i];
    if (fabs(d[2]) > 0.7)
      continue;
    const double n = rint(d[1] / box->edge[1][1]);
    for (int j = -1; j <= 1; j++) {
      double e[3] = {d[0] - (n + j) * box->edge[1][0], d[1] - (n + j) * box->edge[1][1], d[2]};
      e[0] -= rint(e[0] / box->edge[0][0]) * box->edge[0][0];
      least = fmin(least, sqrt(e[0] * e[0] + e[1] * e[1] + e[2] * e[2]));
    }
  }
  return least;
}

static void check_cell(const struct mlgrain_crystal *crystal,
                       const struct mlgrain_bicrystal_geometry *geometry, int surfaces)
{
  const struct mlgrain_bicrystal_settings settings = {5.0, {2, 2}, any(1), {0, 0}};
  const struct mlgrain_bicrystal_placement placement = {
      {uniform(), uniform()}, 0.02, 0.6, surfaces};
  struct mlgrain_bicrystal *bicrystal;
  struct mlgrain_bicrystal_cell *cell;
  assert_int_equal(mlgrain_bicrystal_create(geometry, crystal, &settings, &bicrystal, NULL), 0);
  assert_int_equal(mlgrain_bicrystal_place(bicrystal, &placement, &cell, NULL), 0);
  const struct mlgrain_bicrystal_box box = mlgrain_bicrystal_cell_box(cell);
  struct mlgrain_bicrystal_atom *atom = malloc(box.numbers * sizeof *atom);
  size_t count = 0;
  for (size_t n = 0; n < box.numbers; n++)
    if (mlgrain_bicrystal_atom_of(cell, n, &atom[count])) {
      assert_int_equal(atom[count].place, count); /* numbered without a gap */
      count++;
    }
  assert_int_equal(count, box.numbers - box.removed);
  for (size_t i = 0; i < count; i++) {
    int images = 0;
    for (size_t j = 0; j < count; j++) {
      if (i < j)
        assert_true(apart(&box, atom[i].x, atom[j].x) >
                    (atom[i].grain == atom[j].grain ? 1e-6 : 0.6 * (1 - 1e-8)));
      double image[3];
      for (int d = 0; d < 3; d++)
        image[d] = 2 * box.center[d] - atom[i].x[d];
      images += atom[i].grain == atom[j].grain && atom[i].type == atom[j].type &&
                apart(&box, image, atom[j].x) < 1e-7;
    }
    if (!surfaces)
      assert_int_equal(images, 1);
  }
  free(atom);
  mlgrain_bicrystal_cell_free(cell);
  mlgrain_bicrystal_free(bicrystal);
}

/* Inversion takes atoms to atoms; none of different grains are too close. */
static void two_equal_boundaries(void **state)
{
  (void)state;
  for (int k = 0; k < CELLS; k++)
    for (int trial = 0; trial < 6; trial++) {
      struct mlgrain_crystal crystal;
      struct mlgrain_bicrystal_geometry geometry;
      make_crystal(&cells[k], &crystal);
      random_geometry(&crystal, 12.0, &geometry);
      if (cells[k].has_inversion)
        check_cell(&crystal, &geometry, 0);
      check_cell(&crystal, &geometry, 1);
      mlgrain_crystal_free(&crystal);
    }
}

/* --- crystals with less symmetry than their lattice --- */

/* How many rotations a crystal has, by themselves and with the inversion: those of its point group.
 */
static const struct point_group {
  const char *name;
  double edge[3][3];
  int count;
  double place[8][3];
  int type[8], proper, improper, both;
} point_groups[] = {
    {"L1_0, 4/mmm", CUBE, 4, FCC, {1, 1, 2, 2}, 8, 8, 8},
    {"zincblende, -43m", CUBE, 8, DIAMOND, {1, 1, 1, 1, 2, 2, 2, 2}, 12, 12, 0},
    {"diamond, m-3m", CUBE, 8, DIAMOND, {1, 1, 1, 1, 1, 1, 1, 1}, 24, 24, 24},
    {"B20, 23",
     CUBE,
     8,
     {{.14, .14, .14},
      {.36, -.14, .64},
      {-.14, .64, .36},
      {.64, .36, -.14},
      {.84, .84, .84},
      {-.34, -.84, 1.34},
      {-.84, 1.34, -.34},
      {1.34, -.34, -.84}},
     {1, 1, 1, 1, 2, 2, 2, 2},
     12,
     0,
     0},
    {"wurtzite, 6mm",
     {{1, 0, 0}, {0, 1.7320508075688772, 0}, {0, 0, 1.6329931618554521}},
     8,
     {{0, 0, 0},
      {.5, .5, 0},
      {.5, 5. / 6, .5},
      {0, 1. / 3, .5},
      {0, 0, .375},
      {.5, .5, .375},
      {.5, 5. / 6, .875},
      {0, 1. / 3, .875}},
     {1, 1, 1, 1, 2, 2, 2, 2},
     6,
     6,
     0},
    {"an inversion and nothing else, -1",
     CUBE,
     3,
     {{.1, .2, .35}, {-.1, -.2, -.35}, {0, 0, 0}},
     {1, 1, 2},
     1,
     1,
     1},
    {"nothing at all, 1", CUBE, 3, {{.1, .2, .35}, {-.1, .2, .15}, {0, 0, 0}}, {1, 2, 3}, 1, 0, 0},
    {"mirrors and an axis, mm2",
     {{1, 0, 0}, {0, 2, 0}, {0, 0, 1.5}},
     2,
     {{0, 0, 0}, {.5, .5, .3}},
     {1, 2},
     2,
     2,
     0},
};

enum { POINT_GROUPS = sizeof point_groups / sizeof point_groups[0] };

static void make_group(const struct point_group *group, struct mlgrain_crystal *crystal)
{
  struct mlgrain_error error;
  if (mlgrain_crystal_of_cell(group->edge, group->count, group->place, group->type, crystal,
                              &error))
    fail_msg("%s: %s", group->name, error.text);
}

static void symmetry_of_crystals(void **state)
{
  (void)state;
  for (int g = 0; g < POINT_GROUPS; g++) {
    struct mlgrain_crystal crystal;
    int proper = 0, improper = 0, both = 0;
    make_group(&point_groups[g], &crystal);
    for (int s = 0; s < crystal.lattice.rotations; s++) {
      proper += crystal.lattice.sense[s] & MLGRAIN_PROPER ? 1 : 0;
      improper += crystal.lattice.sense[s] & MLGRAIN_IMPROPER ? 1 : 0;
      both += crystal.lattice.sense[s] == MLGRAIN_BOTH_SENSES;
    }
    if (proper != point_groups[g].proper || improper != point_groups[g].improper ||
        both != point_groups[g].both)
      fail_msg("%s: %d proper, %d improper operations, %d rotations with both",
               point_groups[g].name, proper, improper, both);
    mlgrain_crystal_free(&crystal);
  }
}

static void multiply(const int64_t a[3][3], const int64_t b[3][3], int64_t c[3][3])
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      c[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
}

/* The inverse of a rotation of whole numbers. */
static void invert(const int64_t m[3][3], int64_t inverse[3][3])
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      const int a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
      inverse[i][j] = m[a][c] * m[b][d] - m[a][d] * m[b][c];
    }
}

/* S1 R S2^-1 with the plane sign S1 n; of the exchanged crystals, where the normal points the other
   way. 0 if there is no such boundary. */
static int describe(const struct mlgrain_lattice *lattice, const struct mlgrain_boundary *boundary,
                    const int64_t s1[3][3], const int64_t s2[3][3], int sign, int exchanged,
                    struct mlgrain_boundary *other)
{
  struct mlgrain_rotation rotation = boundary->rotation;
  int64_t inverse[3][3], product[3][3], plane[3];
  if (exchanged && mlgrain_rotation_inverse(&boundary->rotation, &rotation, NULL))
    return 0;
  invert(s1, inverse);
  for (int i = 0; i < 3; i++) { /* planes go with the inverse, transposed */
    plane[i] = 0;
    for (int j = 0; j < 3; j++)
      plane[i] += (exchanged ? -sign : sign) * inverse[j][i] * boundary->plane[exchanged][j];
  }
  multiply(s1, (const int64_t(*)[3])rotation.matrix, product);
  invert(s2, inverse);
  multiply((const int64_t(*)[3])product, (const int64_t(*)[3])inverse, rotation.matrix);
  return !mlgrain_boundary_create(lattice, &rotation, plane, other, NULL);
}

/* Of all descriptions by the lattice's symmetry those have the key of the boundary that are its
   descriptions by the crystal's, and no others. */
static void keys_of_crystals(void **state)
{
  (void)state;
  for (int g = 0; g < POINT_GROUPS; g++) {
    struct mlgrain_crystal crystal;
    struct mlgrain_lattice all;
    struct mlgrain_boundary boundary, other;
    struct mlgrain_boundary_key key, again;
    make_group(&point_groups[g], &crystal);
    const struct mlgrain_lattice *lattice = &crystal.lattice;
    assert_int_equal(mlgrain_lattice_of_gram(lattice->gram, 1.0, &all, NULL), 0);
    for (;;) {
      const int64_t quadruple[4] = {4, 1 + any(1), 3, any(3)}, plane[3] = {5, 2 + any(1), any(3)};
      struct mlgrain_rotation rotation;
      if (!mlgrain_rotation_of_quadruple(lattice, quadruple, &rotation, NULL) &&
          !mlgrain_boundary_create(lattice, &rotation, plane, &boundary, NULL))
        break;
    }
    assert_int_equal(mlgrain_boundary_key_find(lattice, &boundary, &key, NULL), 0);
    enum { MOST = 4 * 24 * 24 };
    struct mlgrain_boundary *same = malloc(MOST * sizeof *same);
    int count = 0, equal = 0, distinct = 0;
    for (int a = 0; a < lattice->rotations; a++)
      for (int b = 0; b < lattice->rotations; b++)
        for (int way = 0; way < 4; way++) {
          const int sense = way & 1 ? MLGRAIN_IMPROPER : MLGRAIN_PROPER;
          if (lattice->sense[a] & lattice->sense[b] & sense)
            count += describe(lattice, &boundary, lattice->rotation[a], lattice->rotation[b],
                              way & 1 ? -1 : 1, way >> 1, &same[count]);
        }
    for (int a = 0; a < all.rotations; a++)
      for (int b = 0; b < all.rotations; b++)
        for (int way = 0; way < 4; way++) {
          if (!describe(lattice, &boundary, (const int64_t(*)[3])all.rotation[a],
                        (const int64_t(*)[3])all.rotation[b], way & 1 ? -1 : 1, way >> 1, &other))
            continue;
          int expected = 0;
          for (int k = 0; k < count && !expected; k++)
            expected = !memcmp(&same[k].rotation, &other.rotation, sizeof other.rotation) &&
                       !memcmp(same[k].plane[0], other.plane[0], sizeof other.plane[0]);
          assert_int_equal(mlgrain_boundary_key_find(lattice, &other, &again, NULL), 0);
          const int is_same = !memcmp(&key, &again, sizeof key);
          if (is_same != expected)
            fail_msg("%s: a description by S%d, S%d, %d has %s key", point_groups[g].name, a, b,
                     way, expected ? "another" : "the same");
          equal += expected;
          distinct += !expected;
        }
    if (!equal || (distinct > 0) != (point_groups[g].both < all.rotations))
      fail_msg("%s: %d descriptions are the boundary, %d others", point_groups[g].name, equal,
               distinct);
    free(same);
    mlgrain_crystal_free(&crystal);
  }
}

/* Lists hold each boundary of a crystal once, with all of those that the lattice has as one. */
static void lists_of_crystals(void **state)
{
  (void)state;
  for (int g = 0; g < POINT_GROUPS; g++) {
    if (g >= 4) /* minutes, or thousands, or hardly any */
      continue;
    struct mlgrain_crystal crystal;
    struct mlgrain_coincidence_class *classes;
    struct mlgrain_boundary_entry *list;
    size_t class_count, count, found = 0, lost = 0;
    make_group(&point_groups[g], &crystal);
    const struct mlgrain_lattice *lattice = &crystal.lattice;
    const double area = 3.0 * lattice->unit * lattice->unit * (double)lattice->gram[0][0];
    assert_int_equal(mlgrain_coincidence_classes(lattice, 5, &classes, &class_count, NULL), 0);
    assert_int_equal(
        mlgrain_boundaries_list(lattice, classes, class_count, area, &list, &count, NULL), 0);
    struct mlgrain_boundary_key *key = malloc((count + 1) * sizeof *key);
    for (size_t k = 0; k < count; k++) {
      struct mlgrain_boundary boundary;
      assert_int_equal(mlgrain_boundary_create(lattice, &classes[list[k].rotation_class].rotation,
                                               list[k].plane, &boundary, NULL),
                       0);
      assert_int_equal(mlgrain_boundary_key_find(lattice, &boundary, &key[k], NULL), 0);
      assert_memory_equal(key[k].number + 10, list[k].plane, sizeof list[k].plane);
      for (size_t j = 0; j < k; j++)
        assert_memory_not_equal(&key[j], &key[k], sizeof key[k]);
    }
    /* any other boundary within these limits is in the list */
    for (int trial = 0; trial < 400; trial++) {
      const int64_t quadruple[4] = {any(2), any(2), any(2), any(2)},
                    plane[3] = {any(2), any(2), any(2)};
      struct mlgrain_rotation rotation;
      struct mlgrain_coincidence coincidence;
      struct mlgrain_interface interface;
      struct mlgrain_boundary boundary;
      struct mlgrain_boundary_key own;
      if (mlgrain_rotation_of_quadruple(lattice, quadruple, &rotation, NULL) ||
          mlgrain_boundary_create(lattice, &rotation, plane, &boundary, NULL) ||
          mlgrain_coincidence_find(lattice, &rotation, &coincidence, NULL) ||
          mlgrain_interface_find(lattice, &rotation, &coincidence, plane, &interface, NULL) ||
          coincidence.sigma > 5 || coincidence.sigma < 2 || interface.area > area)
        continue;
      assert_int_equal(mlgrain_boundary_key_find(lattice, &boundary, &own, NULL), 0);
      size_t k = 0;
      while (k < count && memcmp(&own, &key[k], sizeof own))
        k++;
      found += k < count;
      lost += k == count;
    }
    if (lost || found < 5)
      fail_msg("%s: %zu of %zu boundaries are not in the list of %zu", point_groups[g].name, lost,
               found + lost, count);
    free(key);
    mlgrain_free(list);
    mlgrain_free(classes);
    mlgrain_crystal_free(&crystal);
  }
}

/* --- crystals without coincidence --- */

static void random_turn(double turn[3][3])
{
  double q[4], square = 0.0;
  for (int k = 0; k < 4; k++) {
    q[k] = uniform() - 0.5;
    square += q[k] * q[k];
  }
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      turn[i][j] = ((i == j) * (2 * q[0] * q[0] - square) + 2 * q[i + 1] * q[j + 1] +
                    (i == j ? 0 : 2 * q[0] * q[6 - i - j - 2] * ((j - i + 3) % 3 == 1 ? -1 : 1))) /
                   square;
}

/* Determinant of three rows. */
static double volume(const double v[3][3])
{
  return v[0][0] * (v[1][1] * v[2][2] - v[1][2] * v[2][1]) +
         v[0][1] * (v[1][2] * v[2][0] - v[1][0] * v[2][2]) +
         v[0][2] * (v[1][0] * v[2][1] - v[1][1] * v[2][0]);
}

/* The products of a crystal's axes are those of the lattice but for its strain, the period is one
   of both nets, planes lie across z, and cells are cells. */
static void check_near(const struct mlgrain_crystal *crystal,
                       const struct mlgrain_bicrystal_geometry *geometry, const int64_t plane[2][3],
                       double strain)
{
  const struct mlgrain_lattice *lattice = &crystal->lattice;
  for (int c = 0; c < 2; c++) {
    const double(*axes)[3] = geometry->axes[c];
    const double unit = lattice->unit * lattice->unit;
    assert_true(volume(axes) > 0.0);
    double change = 0.0;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        double product = 0.0;
        for (int d = 0; d < 3; d++)
          product += axes[i][d] * axes[j][d];
        const double sizes = sqrt((double)(lattice->gram[i][i] * lattice->gram[j][j])) * unit;
        change = fmax(change, fabs(product - unit * (double)lattice->gram[i][j]) / sizes);
      }
    assert_true(change <= 2 * (0.51 * strain + strain * strain));
    for (int k = 0; k < 2; k++) {
      for (int d = 0; d < 3; d++)
        assert_near((double)geometry->count[c][k][0] * geometry->net[c][0][d] +
                        (double)geometry->count[c][k][1] * geometry->net[c][1][d],
                    geometry->period[k][d], 1e-9);
      assert_near(geometry->net[c][k][2], 0.0, 1e-9);
    }
    /* the plane's normal, h a_1* + ..., is along z: it has equal products with all of the plane */
    const double z[3] = {axes[0][2], axes[1][2], axes[2][2]};
    const double scale =
        (z[0] * (double)plane[c][0] + z[1] * (double)plane[c][1] + z[2] * (double)plane[c][2]) /
        (double)(plane[c][0] * plane[c][0] + plane[c][1] * plane[c][1] + plane[c][2] * plane[c][2]);
    assert_true(scale > 0.0);
    for (int k = 0; k < 3; k++)
      assert_near(z[k], scale * (double)plane[c][k], 1e-9);
  }
  assert_true(geometry->period[0][1] == 0.0 && geometry->period[1][1] > 0.0);
}

static void without_coincidence(void **state)
{
  (void)state;
  for (int k = 0; k < CELLS; k++)
    for (int trial = 0; trial < 2;) {
      struct mlgrain_crystal crystal;
      struct mlgrain_bicrystal_geometry geometry;
      struct mlgrain_bicrystal_near near;
      double turn[3][3];
      const int64_t plane[2][3] = {{any(2), any(2), any(2)}, {any(2), any(2), any(2)}};
      make_crystal(&cells[k], &crystal);
      random_turn(turn);
      if (mlgrain_bicrystal_geometry_near(&crystal.lattice, (const double(*)[3])turn, plane, 0.12,
                                          2.0 * crystal.lattice.unit *
                                              sqrt((double)crystal.lattice.gram[0][0]),
                                          &geometry, &near, NULL)) {
        mlgrain_crystal_free(&crystal);
        continue;
      }
      assert_true(near.strain > 0.0 && near.strain <= 0.12 && near.deviation < 121.0);
      check_near(&crystal, &geometry, plane, near.strain);
      if (cells[k].has_inversion)
        check_cell(&crystal, &geometry, 0);
      mlgrain_crystal_free(&crystal);
      trial++;
    }
}

/* Of a coincidence, a strain of nothing makes the same cell. */
static void a_coincidence_without_strain(void **state)
{
  (void)state;
  for (int trial = 0; trial < 20; trial++) {
    struct mlgrain_crystal crystal;
    struct mlgrain_bicrystal_geometry exact, geometry;
    struct mlgrain_bicrystal_near near;
    struct mlgrain_boundary boundary;
    struct mlgrain_coincidence coincidence;
    struct mlgrain_interface interface;
    double turn[3][3];
    make_crystal(&cells[trial % 2 ? 3 : 1], &crystal);
    const int64_t quadruple[4] = {3, any(1), any(1), 1}, plane[3] = {1 + any(1), 2, any(2)};
    struct mlgrain_rotation rotation;
    const struct mlgrain_lattice *lattice = &crystal.lattice;
    assert_int_equal(mlgrain_rotation_of_quadruple(lattice, quadruple, &rotation, NULL), 0);
    if (mlgrain_boundary_create(lattice, &rotation, plane, &boundary, NULL) ||
        mlgrain_coincidence_find(lattice, &rotation, &coincidence, NULL) ||
        mlgrain_interface_find(lattice, &rotation, &coincidence, plane, &interface, NULL))
      fail();
    mlgrain_bicrystal_geometry_find(lattice, &rotation, &interface, &exact);
    mlgrain_rotation_matrix(lattice, &rotation, turn);
    assert_int_equal(mlgrain_bicrystal_geometry_near(lattice, (const double(*)[3])turn,
                                                     (const int64_t(*)[3])boundary.plane, 1e-9,
                                                     40.0, &geometry, &near, NULL),
                     0);
    assert_true(near.strain < 1e-11 && near.deviation < 1e-5);
    const double *p = geometry.period[0], *q = geometry.period[1];
    assert_near(p[0] * q[1] / interface.area, 1.0, 1e-9);
    assert_near(fabs(geometry.shift[0][0] * geometry.shift[1][1] -
                     geometry.shift[0][1] * geometry.shift[1][0]) /
                    interface.shift_area,
                1.0, 1e-9);
    for (int c = 0; c < 2; c++)
      assert_near(geometry.step[c][2], exact.step[c][2], 1e-9);
    mlgrain_crystal_free(&crystal);
  }
}

static void bad_near(void **state)
{
  (void)state;
  struct mlgrain_crystal crystal;
  struct mlgrain_bicrystal_geometry geometry;
  struct mlgrain_bicrystal_near near;
  struct mlgrain_error error;
  make_crystal(&cells[3], &crystal);
  const double one[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
               mirror[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, -1}},
               nan[3][3] = {{NAN, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const int64_t good[2][3] = {{1, 1, 1}, {1, 1, 1}}, none[2][3] = {{0, 0, 0}, {1, 1, 1}},
                opposite[2][3] = {{1, 1, 1}, {-1, -1, -1}}, odd[2][3] = {{1, 1, 1}, {1, 1, 0}};
  const struct {
    const double (*turn)[3];
    const int64_t (*plane)[3];
    double strain, length;
    const char *text;
  } bad[] = {{mirror, good, 0.1, 9, "rotation matrix"},
             {nan, good, 0.1, 9, "rotation matrix"},
             {one, none, 0.1, 9, "no plane"},
             {one, opposite, 0.1, 9, "the same way"},
             {one, good, 0.5, 9, "strain"},
             {one, good, 0.1, 1e9, "too large"},
             {one, odd, 1e-9, 9, "no common period"},
             {one, good, NAN, 9, "strain"}};
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
    assert_int_equal(mlgrain_bicrystal_geometry_near(&crystal.lattice, bad[k].turn, bad[k].plane,
                                                     bad[k].strain, bad[k].length, &geometry, &near,
                                                     &error),
                     MLGRAIN_INVALID_ARGUMENT);
    if (!strstr(error.text, bad[k].text))
      fail_msg("%s, not %s", error.text, bad[k].text);
  }
  mlgrain_crystal_free(&crystal);
}

static void bad_cells(void **state)
{
  (void)state;
  struct mlgrain_crystal crystal;
  struct mlgrain_bicrystal_geometry geometry;
  struct mlgrain_bicrystal *bicrystal;
  struct mlgrain_bicrystal_cell *cell;
  struct mlgrain_error error;
  make_crystal(&cells[6], &crystal); /* zincblende */
  random_geometry(&crystal, 12.0, &geometry);
  struct mlgrain_bicrystal_settings settings = {0.0, {1, 1}, 0, {0, 0}};
  assert_int_equal(mlgrain_bicrystal_create(&geometry, &crystal, &settings, &bicrystal, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  settings.thickness = 1e30;
  assert_int_equal(mlgrain_bicrystal_create(&geometry, &crystal, &settings, &bicrystal, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "2^31"));
  settings.thickness = 5.0;
  settings.termination[1] = 7;
  assert_int_equal(mlgrain_bicrystal_create(&geometry, &crystal, &settings, &bicrystal, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "grain 2"));
  settings.termination[1] = 0;
  assert_int_equal(mlgrain_bicrystal_create(&geometry, &crystal, &settings, &bicrystal, &error), 0);
  struct mlgrain_bicrystal_placement placement = {{0, 0}, 0, 0, 0};
  assert_int_equal(mlgrain_bicrystal_place(bicrystal, &placement, &cell, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "center of inversion"));
  placement.surfaces = 1;
  placement.gap = -3.0;
  assert_int_equal(mlgrain_bicrystal_place(bicrystal, &placement, &cell, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "in each other"));
  placement.gap = 0.0;
  placement.overlap = 20.0;
  assert_int_equal(mlgrain_bicrystal_place(bicrystal, &placement, &cell, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  placement.overlap = NAN;
  assert_int_equal(mlgrain_bicrystal_place(bicrystal, &placement, &cell, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  mlgrain_bicrystal_free(bicrystal);
  mlgrain_crystal_free(&crystal);
}

/* --- text --- */

static void forms(void **state)
{
  (void)state;
  static const char *const same[] = {"Sigma5 (3 1 0)",
                                     "S5(310)",
                                     "sigma5a [100] {310}",
                                     " [0 0 1] 36.87 (3 1 0) ",
                                     "[0,0,1] -36.8699 (3 -1 0)",
                                     "q 0 3 1 0 (3 1 0)",
                                     "Q 3 0 0 1 (31-0)",
                                     "3 1 0 / 0 0 1 / 1 -3 0 | 3 1 0 / 0 0 -1 / -1 3 0",
                                     "3,1,0/0,0,2/1,-3,0|3,1,0/0,0,-2/-1,3,0",
                                     "euler 0 0 0 36.87 0 0 (3 1 0)",
                                     "euler 36.87 0 0, 0 0 0 (3 1 0)",
                                     "key 5 5 0 0 0 4 3 0 -3 4 0 3 -1",
                                     "[0 0 1] 36.87 (3 1 0) / (3 -1 0)",
                                     "q 3 0 0 1 (3 1 0) / (-3 1 0)",
                                     "S5[100](3 1 0)/(3 -1 0)",
                                     "Sigma5 36.8699 degrees [1 0 0], (3 1 0) / (3 1 0), symmetric "
                                     "tilt",
                                     "36.8699 degrees about [1 0 0], (0 3 1) / (0 3 -1), tilt"};
  struct mlgrain_lattice lattice;
  struct mlgrain_boundary_key first, key;
  assert_int_equal(mlgrain_lattice_cubic(MLGRAIN_FACE_CENTERED, 1.0, &lattice, NULL), 0);
  for (size_t k = 0; k < sizeof same / sizeof same[0]; k++) {
    struct mlgrain_boundary boundary;
    struct mlgrain_error error;
    double deviation;
    if (mlgrain_boundary_parse(&lattice, same[k], 0.01, &boundary, &deviation, &error)) {
      print_error("%s: %s\n", same[k], error.text);
      fail();
    }
    assert_int_equal(mlgrain_boundary_key_find(&lattice, &boundary, &key, NULL), 0);
    if (!k)
      first = key;
    assert_memory_equal(&first, &key, sizeof key);
    assert_true(deviation < 0.001);
  }
  char title[256];
  struct mlgrain_boundary boundary;
  double deviation;
  assert_int_equal(mlgrain_boundary_parse(&lattice, "Sigma3 (111)", 0, &boundary, &deviation, NULL),
                   0);
  assert_int_equal(mlgrain_boundary_title(&lattice, &boundary, title, NULL), 0);
  assert_string_equal(title + strlen(title) - 14, "symmetric tilt");
}

/* Titles and names that are printed are read as the same boundary. */
static void printed_forms(void **state)
{
  (void)state;
  static const char *const texts[] = {"Sigma13b [1 1 1] (1 1 1)", "[0 0 1] 36.87 (1 0 0)",
                                      "q 3 1 1 0 (2 1 0)", "q 5 2 1 0 (1 2 3)"};
  struct mlgrain_lattice lattice;
  assert_int_equal(mlgrain_lattice_cubic(MLGRAIN_FACE_CENTERED, 1.0, &lattice, NULL), 0);
  for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
    struct mlgrain_boundary boundary, again;
    struct mlgrain_boundary_key first, key;
    struct mlgrain_boundary_name name[MLGRAIN_MOST_LATTICE_ROTATIONS];
    struct mlgrain_error error;
    double deviation;
    char text[256];
    int count;
    if (mlgrain_boundary_parse(&lattice, texts[k], 0.01, &boundary, &deviation, &error)) {
      print_error("%s: %s\n", texts[k], error.text);
      fail();
    }
    assert_int_equal(mlgrain_boundary_key_find(&lattice, &boundary, &first, NULL), 0);
    assert_int_equal(mlgrain_boundary_names(&lattice, &boundary, name, &count, NULL), 0);
    assert_int_equal(mlgrain_boundary_title(&lattice, &boundary, text, NULL), 0);
    /* families of planes leave two of the last, and an error lists them */
    for (int n = k == 3 ? 0 : -1; n < count; n++) {
      if (n >= 0) {
        const int64_t *v = name[n].axis, (*p)[3] = name[n].plane;
        snprintf(text, sizeof text, "%.4f degrees about [%d %d %d], (%d %d %d) / (%d %d %d), mixed",
                 name[n].angle, (int)v[0], (int)v[1], (int)v[2], (int)p[0][0], (int)p[0][1],
                 (int)p[0][2], (int)p[1][0], (int)p[1][1], (int)p[1][2]);
      }
      if (mlgrain_boundary_parse(&lattice, text, 0.01, &again, &deviation, &error)) {
        print_error("%s: %s\n", text, error.text);
        fail();
      }
      assert_int_equal(mlgrain_boundary_key_find(&lattice, &again, &key, NULL), 0);
      assert_memory_equal(&first, &key, sizeof key);
    }
  }
}

/* In hexagonal lattices. */
static void four_indices(void **state)
{
  (void)state;
  static const char *const pairs[][2] = {{"Sigma7 (0 0 0 1)", "Sigma7 (0 0 1)"},
                                         {"Sigma7 [0001] (0001)", "Sigma7 [001] (001)"},
                                         {"q 2 1 0 0 (1 0 -1 1)", "q 2 1 0 0 (1 0 1)"},
                                         {"q 2 1 0 0 (10-11)", "q 2 1 0 0 (1 0 1)"},
                                         {"[2 -1 -1 0] 62.96 (1 1 -2 1)", "[1 0 0] 62.96 (1 1 1)"}};
  struct mlgrain_lattice lattice;
  assert_int_equal(mlgrain_lattice_hexagonal((const int64_t[]){8, 3}, 1.0, &lattice, NULL), 0);
  for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++) {
    struct mlgrain_boundary_key key[2];
    for (int way = 0; way < 2; way++) {
      struct mlgrain_boundary boundary;
      struct mlgrain_error error;
      double deviation;
      if (mlgrain_boundary_parse(&lattice, pairs[k][way], 0.01, &boundary, &deviation, &error)) {
        print_error("%s: %s\n", pairs[k][way], error.text);
        fail();
      }
      assert_int_equal(mlgrain_boundary_key_find(&lattice, &boundary, &key[way], NULL), 0);
    }
    assert_memory_equal(&key[0], &key[1], sizeof key[0]);
  }
  struct mlgrain_boundary boundary;
  struct mlgrain_error error;
  double deviation;
  assert_int_not_equal(
      mlgrain_boundary_parse(&lattice, "Sigma7 (1 0 1 0)", 0.01, &boundary, &deviation, &error), 0);
  assert_non_null(strstr(error.text, "add up to 0"));
}

/* Angles lead to a coincidence that is rarely meant. */
static void large_sigma(void **state)
{
  (void)state;
  struct mlgrain_lattice lattice;
  struct mlgrain_boundary boundary;
  double deviation;
  char line[256];
  assert_int_equal(mlgrain_lattice_cubic(MLGRAIN_FACE_CENTERED, 1.0, &lattice, NULL), 0);
  static const char *const texts[][2] = {
      {"[0 0 1] 36.87 (3 1 0)", NULL},
      {"q 500 1 0 0 (3 1 0)", NULL},
      {"[0 0 1] 36.9 (3 1 0)", "Sigma5 (36.8699 degrees about [1 0 0]), 0.03"},
      {"[1 1 0] 55 (0 0 1)", "0.00522 degrees from a coincidence with Sigma13177; the nearest"}};
  for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
    assert_int_equal(
        mlgrain_boundary_parse(&lattice, texts[k][0], 0.01, &boundary, &deviation, NULL), 0);
    const int warned = mlgrain_boundary_warning(&lattice, texts[k][0], &boundary, deviation, line);
    assert_int_equal(warned, texts[k][1] != NULL);
    if (warned && !strstr(line, texts[k][1])) {
      print_error("%s: %s\n", texts[k][0], line);
      fail();
    }
  }
}

/* Rows that lead to no coincidence. */
static void rows_as_they_are(void **state)
{
  (void)state;
  struct mlgrain_lattice lattice;
  struct mlgrain_error error;
  double turn[3][3];
  int64_t plane[2][3];
  const double c = sqrt(0.5), expected[3][3] = {{c, c, 0}, {-c, c, 0}, {0, 0, 1}};
  const int64_t planes[2][3] = {{0, 0, 1}, {0, 0, 1}};
  assert_int_equal(mlgrain_lattice_cubic(MLGRAIN_FACE_CENTERED, 1.0, &lattice, NULL), 0);
  if (mlgrain_boundary_parse_angles(&lattice, "0 0 1 / 1 0 0 / 0 1 0 | 0 0 1 / 1 1 0 / -1 1 0", 0.0,
                                    turn, plane, &error)) {
    print_error("%s\n", error.text);
    fail();
  }
  assert_close("turn", turn[0], expected[0], 9, 1e-14);
  assert_memory_equal(plane, planes, sizeof planes);
  assert_int_not_equal(
      mlgrain_boundary_parse_angles(&lattice, "0 0 1 / 1 0 0 / 0 1 0 | 0 0 1 / 1 1 0 / 1 -1 0", 0.0,
                                    turn, plane, &error),
      0);
  assert_non_null(strstr(error.text, "handed"));
  assert_int_equal(mlgrain_boundary_parse_angles(&lattice, "[0 0 1] 20.5 (2 1 0) / (8 1 0)", 2.0,
                                                 turn, plane, &error),
                   0);
  assert_int_equal(plane[1][0], 8);
  assert_int_not_equal(mlgrain_boundary_parse_angles(&lattice, "[0 0 1] 20.5 (2 1 0) / (8 1 0)",
                                                     0.5, turn, plane, &error),
                       0);
  assert_non_null(strstr(error.text, "apart"));
}

/* Angles as they are written, and the plane of crystal 2. */
static void angles(void **state)
{
  (void)state;
  struct mlgrain_lattice lattice;
  struct mlgrain_error error;
  double turn[3][3];
  int64_t plane[2][3];
  assert_int_equal(mlgrain_lattice_cubic(MLGRAIN_FACE_CENTERED, 1.0, &lattice, NULL), 0);
  static const char *const same[] = {"[0 0 1] 20.5 (2 1 0)", "euler 0 0 0 20.5 0 0 (2 1 0)"};
  const double c = cos(20.5 * 3.14159265358979323846 / 180.0), s = sqrt(1 - c * c);
  const double expected[3][3] = {{c, -s, 0}, {s, c, 0}, {0, 0, 1}};
  for (int k = 0; k < 2; k++) {
    assert_int_equal(mlgrain_boundary_parse_angles(&lattice, same[k], 0.5, turn, plane, &error), 0);
    assert_close("turn", turn[0], expected[0], 9, 1e-14);
    const int64_t planes[2][3] = {{2, 1, 0}, {9, 1, 0}}; /* 26.565 - 20.5 = 6.065, 6.34 degrees */
    assert_memory_equal(plane, planes, sizeof planes);
  }
  assert_int_equal(
      mlgrain_boundary_parse_angles(&lattice, "Sigma5 (310)", 0.01, turn, plane, &error), 0);
  assert_int_equal(
      mlgrain_boundary_parse_angles(&lattice, "[0 0 1] (310)", 0.5, turn, plane, &error),
      MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(
      mlgrain_boundary_parse_angles(&lattice, "[0 0 1] 3 (310)", -1.0, turn, plane, &error),
      MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(
      mlgrain_boundary_parse_angles(&lattice, "[0 0 0] 3 (310)", 0.5, turn, plane, &error),
      MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "no direction"));
  assert_int_equal(
      mlgrain_boundary_parse_angles(&lattice, "[0 0 1] 3 (000)", 0.5, turn, plane, &error),
      MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_boundary_parse_angles(&lattice, "twin", 0.5, turn, plane, &error),
                   MLGRAIN_INVALID_ARGUMENT);
}

static void malformed(void **state)
{
  (void)state;
  static const char *const bad[][2] = {
      {"", "boundaries are as"},
      {"twin", "boundaries are as"},
      {"Sigma5", "a label"},
      {"Sigma (310)", "a label"},
      {"Sigma5 (31)", "a label"},
      {"Sigma5 (310) x", "a label"},
      {"Sigma5 (000)", "indices are 0"},
      {"Sigma5 (111)", "no boundary"},
      {"Sigma5b (310)", "has 1 rotation"},
      {"Sigma4 (310)", "no boundary"},
      {"Sigma33 (110)", "write one of [1 1 0] "},
      {"Sigma13 (7 5 3) ", "boundar"},
      {"Sigma99999999999999999999 (310)", "10000"},
      {"Sigma5 (99999999999 1 0)", "too large"},
      {"Sigma5 (99999999999999999999 1 0)", "too large"},
      {"Sigma5 (3 0 -3 1)", "hexagonal"},
      {"Sigma5 (3 1 0) / (2 1 0)", "no boundary"},
      {"Sigma5 53.13 degrees [1 0 0], (3 1 0) / (3 1 0)", "no boundary"},
      {"[0 0 1] 36.87 (3 1 0) / (3 1 0)", "(3 -1 0), not (3 1 0)"},
      {"q 3 0 0 1 (3 1 0) / (0 0 0)", "(3 -1 0), not (0 0 0)"},
      {"36.87 degrees [0 0 1] (3 1 0)", "a turn"},
      {"[0 0 0] 30 (100)", "no direction"},
      {"[0 0 1] nan (100)", "a turn"},
      {"[0 0 1] 36.87", "a turn"},
      {"q 0 0 0 0 (310)", ""},
      {"q 3 0 0 1 (0 0 0)", "no plane"},
      {"q 3 0 0 1.5 (310)", "a quadruple"},
      {"q 99999999999 0 0 1 (310)", "too large"},
      {"q 99999999999999999999999 0 0 1 (310)", "too large"},
      {"1 0 0 / 0 1 0 | 1 0 0 / 0 1 0", "rows are"},
      {"1 0 0 / 0 1 0 / 0 0 1 | 1 0 0 / 0 1 0 / 0 1 1", ""},
      {"euler 0 0 0 0 0 (100)", "Euler"},
      {"euler 0 0 0 36.87 0 0 (0 0 0)", "zero"},
      {"key 1 2 3", "13"},
  };
  struct mlgrain_lattice lattice;
  assert_int_equal(mlgrain_lattice_cubic(MLGRAIN_FACE_CENTERED, 1.0, &lattice, NULL), 0);
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
    struct mlgrain_boundary boundary;
    struct mlgrain_error error = {""};
    double deviation;
    const enum mlgrain_status status =
        mlgrain_boundary_parse(&lattice, bad[k][0], 0.01, &boundary, &deviation, &error);
    if (!status || !strstr(error.text, bad[k][1]))
      print_error("\"%s\": %d %s\n", bad[k][0], status, error.text);
    assert_int_not_equal(status, 0);
    assert_non_null(strstr(error.text, bad[k][1]));
  }
  struct mlgrain_boundary boundary;
  struct mlgrain_error error;
  double deviation;
  assert_int_equal(
      mlgrain_boundary_parse(&lattice, "[0 0 1] 36.5 (100)", 1e-9, &boundary, &deviation, &error),
      MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "the nearest is off"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crystals_of_cells),
      cmocka_unit_test(bad_crystals),
      cmocka_unit_test(small_strain),
      cmocka_unit_test(two_equal_boundaries),
      cmocka_unit_test(symmetry_of_crystals),
      cmocka_unit_test(keys_of_crystals),
      cmocka_unit_test(lists_of_crystals),
      cmocka_unit_test(without_coincidence),
      cmocka_unit_test(a_coincidence_without_strain),
      cmocka_unit_test(bad_near),
      cmocka_unit_test(bad_cells),
      cmocka_unit_test(forms),
      cmocka_unit_test(angles),
      cmocka_unit_test(printed_forms),
      cmocka_unit_test(four_indices),
      cmocka_unit_test(large_sigma),
      cmocka_unit_test(rows_as_they_are),
      cmocka_unit_test(malformed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
