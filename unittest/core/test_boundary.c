/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boundaries: keys, kinds and names against all descriptions written out; distances against plain
   maxima; and published lists (P. Olmsted et al., 388 fcc boundaries; S. Ratanaphan et al., 408 bcc
   ones), where MLGRAIN_REFERENCE_DIR has them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lattice/exact.h"
#include "mlgrain/boundary_energy.h"
#include "mlgrain/orientation.h"
#include "near.h"

static uint64_t seed = 11;

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

enum { LATTICES = 4 };

static void make_lattice(int which, struct mlgrain_lattice *lattice)
{
  static const int64_t ideal[2] = {8, 3};
  struct mlgrain_error error;
  if (which < 3)
    assert_int_equal(mlgrain_lattice_cubic((enum mlgrain_cubic)which, 1.0, lattice, &error), 0);
  else
    assert_int_equal(mlgrain_lattice_hexagonal(ideal, 1.0, lattice, &error), 0);
}

static void draw_boundary(const struct mlgrain_lattice *lattice, int64_t size,
                          struct mlgrain_boundary *boundary)
{
  for (;;) {
    struct mlgrain_rotation rotation;
    int64_t q[4], plane[3];
    draw_vector(q, 4, size);
    draw_vector(plane, 3, size);
    assert_int_equal(mlgrain_rotation_of_quadruple(lattice, q, &rotation, NULL), 0);
    if (!mlgrain_boundary_create(lattice, &rotation, plane, boundary, NULL))
      return;
  }
}

/* Description number `which` of 4 operations^2: by S1 and S2, exchanged, inverted. */
static void describe(const struct mlgrain_lattice *lattice, const struct mlgrain_boundary *boundary,
                     int which, struct mlgrain_boundary *other)
{
  const int n = lattice->rotations;
  struct mlgrain_rotation rotation = boundary->rotation;
  int64_t plane[3], inverse[3][3];
  int overflow = 0;
  memcpy(plane, boundary->plane[0], sizeof plane);
  if (which / (n * n) & 1) {
    assert_int_equal(mlgrain_rotation_inverse(&boundary->rotation, &rotation, NULL), 0);
    memcpy(plane, boundary->plane[1], sizeof plane);
  }
  for (int d = 0; d < 3 && which / (n * n) & 2; d++)
    plane[d] = -plane[d];
  const int a = which % n, b = which / n % n;
  exact_adjugate(lattice->rotation[b], inverse, &overflow);
  exact_multiply(lattice->rotation[a], rotation.matrix, rotation.matrix, &overflow);
  exact_multiply(rotation.matrix, inverse, rotation.matrix, &overflow);
  exact_adjugate(lattice->rotation[a], inverse, &overflow);
  exact_apply_transpose(inverse, plane, plane, &overflow);
  assert_int_equal(mlgrain_boundary_create(lattice, &rotation, plane, other, NULL), 0);
}

static int same_boundary(const struct mlgrain_lattice *lattice, const struct mlgrain_boundary *a,
                         const struct mlgrain_boundary *b)
{
  for (int k = 0; k < 4 * lattice->rotations * lattice->rotations; k++) {
    struct mlgrain_boundary other;
    describe(lattice, a, k, &other);
    if (!memcmp(&other.rotation, &b->rotation, sizeof other.rotation) &&
        !memcmp(other.plane[0], b->plane[0], sizeof other.plane[0]))
      return 1;
  }
  return 0;
}

static struct mlgrain_boundary_key key_of(const struct mlgrain_lattice *lattice,
                                          const struct mlgrain_boundary *boundary)
{
  struct mlgrain_boundary_key key;
  assert_int_equal(mlgrain_boundary_key_find(lattice, boundary, &key, NULL), 0);
  return key;
}

static int same_key(const struct mlgrain_boundary_key *a, const struct mlgrain_boundary_key *b)
{
  return !memcmp(a, b, sizeof *a);
}

/* One key for all 2304 (or, hexagonal, 576) descriptions, and it is one of them. */
static void key_of_all_descriptions(void **state)
{
  (void)state;
  for (int trial = 0; trial < 8; trial++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_boundary boundary, other;
    make_lattice(trial % LATTICES, &lattice);
    draw_boundary(&lattice, 5, &boundary);
    const struct mlgrain_boundary_key key = key_of(&lattice, &boundary);
    for (int k = 0; k < 4 * lattice.rotations * lattice.rotations; k++) {
      describe(&lattice, &boundary, k, &other);
      const struct mlgrain_boundary_key again = key_of(&lattice, &other);
      assert_true(same_key(&key, &again));
    }
    struct mlgrain_rotation rotation;
    int64_t matrix[3][3];
    memcpy(matrix, key.number + 1, sizeof matrix);
    assert_int_equal(mlgrain_rotation_of_matrix(&lattice, matrix, key.number[0], &rotation, NULL),
                     0);
    assert_int_equal(mlgrain_boundary_create(&lattice, &rotation, key.number + 10, &other, NULL),
                     0);
    assert_true(same_boundary(&lattice, &boundary, &other));
  }
}

/* Of boundaries of small numbers, where many are the same, keys are equal just where one is among
   the descriptions of the other. */
static void equal_keys(void **state)
{
  (void)state;
  enum { COUNT = 24 };
  int same = 0;
  for (int which = 0; which < LATTICES; which++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_boundary boundary[COUNT];
    struct mlgrain_boundary_key key[COUNT];
    make_lattice(which, &lattice);
    for (int k = 0; k < COUNT; k++) {
      draw_boundary(&lattice, 1, &boundary[k]);
      key[k] = key_of(&lattice, &boundary[k]);
    }
    for (int a = 0; a < COUNT; a++)
      for (int b = 0; b < a; b++) {
        assert_int_equal(same_key(&key[a], &key[b]),
                         same_boundary(&lattice, &boundary[a], &boundary[b]));
        same += same_key(&key[a], &key[b]);
      }
  }
  assert_true(same > 20);
}

/* Kinds from every description, and the names' planes and angle from the name's own rotation. */
static void kinds_and_names(void **state)
{
  (void)state;
  int seen[4] = {0};
  for (int trial = 0; trial < 60; trial++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_boundary boundary, other;
    enum mlgrain_boundary_kind kind, expected = MLGRAIN_MIXED;
    make_lattice(trial % LATTICES, &lattice);
    draw_boundary(&lattice, trial % 2 + 1, &boundary);
    for (int k = 0; k < 2 * lattice.rotations * lattice.rotations; k++) {
      int64_t q[4], dual[3], cross[3];
      int overflow = 0;
      describe(&lattice, &boundary, k, &other);
      assert_int_equal(mlgrain_rotation_quadruple(&lattice, &other.rotation, q, NULL), 0);
      exact_apply(lattice.gram, q + 1, dual, &overflow);
      exact_cross(dual, other.plane[0], cross, &overflow);
      const int twist = !cross[0] && !cross[1] && !cross[2];
      const enum mlgrain_boundary_kind found = twist && !q[0] ? MLGRAIN_SYMMETRIC_TILT
                                               : twist        ? MLGRAIN_TWIST
                                               : !exact_dot(q + 1, other.plane[0], &overflow)
                                                   ? MLGRAIN_ASYMMETRIC_TILT
                                                   : MLGRAIN_MIXED;
      expected = found < expected ? found : expected;
    }
    assert_int_equal(mlgrain_boundary_kind_find(&lattice, &boundary, &kind, NULL), 0);
    assert_int_equal(kind, expected);
    seen[kind]++;
    struct mlgrain_boundary_name name[MLGRAIN_MOST_LATTICE_ROTATIONS];
    int count;
    assert_int_equal(mlgrain_boundary_names(&lattice, &boundary, name, &count, NULL), 0);
    assert_true(count > 0 && count <= lattice.rotations);
    for (int k = 0; k < count; k++) {
      /* the rotation by this axis and angle, with this plane, is the boundary */
      const int64_t *v = name[k].axis;
      int overflow = 0;
      int64_t adjugate[3][3];
      const double g = (double)exact_inner(lattice.gram, v, v, &overflow),
                   det = (double)exact_adjugate(lattice.gram, adjugate, &overflow);
      const double ratio =
          tan(0.5 * name[k].angle * 3.14159265358979323846 / 180.0) / sqrt(g / det);
      int64_t q[4] = {1, 0, 0, 0};
      if (name[k].angle > 180.0 - 1e-9)
        q[0] = 0;
      while (q[0] && q[0] < 1000 && fabs(ratio * (double)q[0] - round(ratio * (double)q[0])) > 1e-6)
        q[0]++;
      for (int d = 0; d < 3; d++)
        q[d + 1] = v[d] * (q[0] ? (int64_t)llround(ratio * (double)q[0]) : 1);
      struct mlgrain_rotation rotation;
      assert_int_equal(mlgrain_rotation_of_quadruple(&lattice, q, &rotation, NULL), 0);
      assert_int_equal(mlgrain_boundary_create(&lattice, &rotation, name[k].plane[0], &other, NULL),
                       0);
      assert_memory_equal(other.plane[1], name[k].plane[1], sizeof other.plane[1]);
      const struct mlgrain_boundary_key a = key_of(&lattice, &boundary),
                                        b = key_of(&lattice, &other);
      assert_true(same_key(&a, &b));
      if (k)
        assert_true(name[k].angle >= name[k - 1].angle);
    }
  }
  assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
}

static void random_octonion(struct mlgrain_octonion *octonion)
{
  const struct mlgrain_texture uniform = {.kind = MLGRAIN_TEXTURE_RANDOM};
  static uint64_t next = 0;
  mlgrain_texture_draw(&uniform, 5, next++, octonion->first);
  mlgrain_texture_draw(&uniform, 5, next++, octonion->second);
}

/* The same boundary described anew: crystals by s and t, turned about z, exchanged (with half a
   turn about x, which puts the normal upright again), inverted (which is half a turn about x). */
static struct mlgrain_octonion described(const double (*operation)[4], int s, int t, double turn,
                                         int exchanged, int turned,
                                         const struct mlgrain_octonion *octonion)
{
  const double about_z[4] = {cos(0.5 * turn), 0, 0, sin(0.5 * turn)}, about_x[4] = {0, 1, 0, 0};
  struct mlgrain_octonion result = *octonion;
  if (exchanged) {
    memcpy(result.first, octonion->second, sizeof result.first);
    memcpy(result.second, octonion->first, sizeof result.second);
  }
  mlgrain_quaternion_product(result.first, operation[s], result.first);
  mlgrain_quaternion_product(result.second, operation[t], result.second);
  double *both[2] = {result.first, result.second};
  for (int c = 0; c < 2; c++) {
    if (turned)
      mlgrain_quaternion_product(about_x, both[c], both[c]);
    mlgrain_quaternion_product(about_z, both[c], both[c]);
  }
  return result;
}

/* Omega as it is defined, by trying all turns about z: no better than the formula, and as good. */
static void octonion_distance_by_trial(void **state)
{
  (void)state;
  double operation[MLGRAIN_MOST_LATTICE_ROTATIONS][4];
  struct mlgrain_lattice lattice;
  make_lattice(3, &lattice);
  const int n = mlgrain_lattice_quaternions(&lattice, operation);
  for (int trial = 0; trial < 4; trial++) {
    struct mlgrain_octonion a, b;
    random_octonion(&a);
    random_octonion(&b);
    double most[2] = {0, 0};
    for (int s = 0; s < n; s++)
      for (int t = 0; t < n; t++)
        for (int form = 0; form < 4; form++)
          for (int step = 0; step < 240; step++) {
            const struct mlgrain_octonion other =
                described((const double(*)[4])operation, s, t,
                          step * 3.14159265358979323846 / 120.0, form & 1, form & 2, &b);
            double one = 0.0, two = 0.0;
            for (int k = 0; k < 4; k++) {
              one += a.first[k] * other.first[k];
              two += a.second[k] * other.second[k];
            }
            const double sum = fabs(one) + fabs(two);
            most[0] = fmax(most[0], sum);
            if (!(form & 2))
              most[1] = fmax(most[1], sum);
          }
    for (int k = 0; k < 2; k++) {
      const double omega = mlgrain_octonion_distance((const double(*)[4])operation, n, &a, &b,
                                                     (enum mlgrain_octonion_symmetry)k);
      const double tried = 2 * acos(fmin(1.0, 0.5 * most[k]));
      assert_true(omega <= tried + 1e-9);
      assert_near(omega, tried, 3e-4);
    }
  }
}

/* Distances don't depend on descriptions, are symmetric, and 0 between those of one boundary. */
static void distances(void **state)
{
  (void)state;
  double operation[MLGRAIN_MOST_LATTICE_ROTATIONS][4];
  struct mlgrain_lattice lattice;
  make_lattice(0, &lattice);
  const int n = mlgrain_lattice_quaternions(&lattice, operation);
  const double(*s)[4] = (const double(*)[4])operation;
  assert_int_equal(n, 24);
  for (int trial = 0; trial < 50; trial++) {
    struct mlgrain_octonion a, b;
    random_octonion(&a);
    random_octonion(&b);
    const double omega = mlgrain_octonion_distance(s, n, &a, &b, MLGRAIN_OCTONION_ALL);
    const double d = mlgrain_morawiec_distance(s, n, &a, &b);
    assert_true(omega > 0 && d > 0);
    assert_near(mlgrain_octonion_distance(s, n, &b, &a, MLGRAIN_OCTONION_ALL), omega, 1e-9);
    assert_near(mlgrain_morawiec_distance(s, n, &b, &a), d, 1e-9);
    const struct mlgrain_octonion other =
        described(s, (int)draw(0, 23), (int)draw(0, 23), 0.1 * trial, trial & 1, trial & 2, &b);
    assert_near(mlgrain_octonion_distance(s, n, &a, &other, MLGRAIN_OCTONION_ALL), omega, 1e-9);
    assert_near(mlgrain_morawiec_distance(s, n, &a, &other), d, 1e-9);
    assert_near(mlgrain_octonion_distance(s, n, &b, &other, MLGRAIN_OCTONION_ALL), 0.0, 1e-7);
    assert_near(mlgrain_morawiec_distance(s, n, &b, &other), 0.0, 1e-7);
  }
  /* One crystal turned by a little about the normal: by angle, and by half of it either way. */
  struct mlgrain_octonion a, b;
  random_octonion(&a);
  b = a;
  const double turn[4] = {cos(0.01), 0, 0, sin(0.01)};
  mlgrain_quaternion_product(turn, b.second, b.second);
  assert_near(mlgrain_morawiec_distance(s, n, &a, &b), 0.02, 1e-9);
  assert_near(mlgrain_octonion_distance(s, n, &a, &b, MLGRAIN_OCTONION_ALL), 0.01, 1e-7);
}

/* Measured crystals give what the exact boundary does. */
static void octonions_of_measured_crystals(void **state)
{
  (void)state;
  double operation[MLGRAIN_MOST_LATTICE_ROTATIONS][4];
  for (int trial = 0; trial < 40; trial++) {
    struct mlgrain_lattice lattice;
    struct mlgrain_boundary boundary;
    make_lattice(trial % LATTICES, &lattice);
    draw_boundary(&lattice, 3, &boundary);
    const int n = mlgrain_lattice_quaternions(&lattice, operation);
    const struct mlgrain_octonion exact = mlgrain_boundary_octonion(&lattice, &boundary);
    /* any orientation of the pair: the normal there is that in the octonion's frame, z, turned */
    const struct mlgrain_texture uniform = {.kind = MLGRAIN_TEXTURE_RANDOM};
    double turn[4], q1[4], q2[4], m[3][3];
    mlgrain_texture_draw(&uniform, 9, (uint64_t)trial, turn);
    mlgrain_quaternion_product(turn, exact.first, q1);
    mlgrain_quaternion_product(turn, exact.second, q2);
    mlgrain_quaternion_matrix(turn, m);
    const double normal[3] = {3 * m[0][2], 3 * m[1][2], 3 * m[2][2]};
    struct mlgrain_octonion measured;
    assert_int_equal(mlgrain_octonion_create(q1, q2, normal, &measured, NULL), 0);
    assert_near(mlgrain_octonion_distance((const double(*)[4])operation, n, &exact, &measured,
                                          MLGRAIN_OCTONION_ALL),
                0.0, 1e-7);
    assert_near(mlgrain_boundary_energy(MLGRAIN_COPPER, &exact),
                mlgrain_boundary_energy(MLGRAIN_COPPER, &measured), 1e-5);
  }
  struct mlgrain_octonion none;
  struct mlgrain_error error;
  const double q[4] = {1, 0, 0, 0}, zero[3] = {0, 0, 0}, bad[3] = {0, NAN, 1};
  assert_int_equal(mlgrain_octonion_create(q, q, zero, &none, &error), MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_octonion_create(q, q, bad, &none, &error), MLGRAIN_NOT_FINITE);
}

/* A boundary by rows P and Q, the first being the normal. */
static void of_rows(const struct mlgrain_lattice *lattice, const int64_t p[3][3],
                    const int64_t q[3][3], struct mlgrain_boundary *boundary)
{
  struct mlgrain_rotation rotation;
  struct mlgrain_error error = {""};
  if (mlgrain_rotation_of_rows(lattice, p, q, &rotation, &error))
    fail_msg("%s", error.text);
  assert_int_equal(mlgrain_boundary_create(lattice, &rotation, p[0], boundary, &error), 0);
}

static double energy(enum mlgrain_fcc_metal metal, const int64_t p[3][3], const int64_t q[3][3])
{
  struct mlgrain_lattice lattice;
  struct mlgrain_boundary boundary;
  make_lattice(2, &lattice);
  of_rows(&lattice, p, q, &boundary);
  const struct mlgrain_octonion octonion = mlgrain_boundary_octonion(&lattice, &boundary);
  return mlgrain_boundary_energy(metal, &octonion);
}

/* The twin in nickel as the function's documentation has it; copper's to a digit. */
static void known_energies(void **state)
{
  (void)state;
  static const struct {
    int64_t p[3][3], q[3][3];
    double copper;
  } known[] = {
      {{{1, 1, 1}, {1, -1, 0}, {1, 1, -2}}, {{1, 1, 1}, {-1, 1, 0}, {-1, -1, 2}}, 0.0235},
      {{{3, 1, 0}, {0, 0, 1}, {1, -3, 0}}, {{3, 1, 0}, {0, 0, -1}, {-1, 3, 0}}, 0.866},
      {{{2, 1, 0}, {0, 0, 1}, {1, -2, 0}}, {{2, 1, 0}, {0, 0, -1}, {-1, 2, 0}}, 0.929},
      {{{1, 1, 3}, {1, -1, 0}, {3, 3, -2}}, {{1, 1, 3}, {-1, 1, 0}, {-3, -3, 2}}, 0.309},
      {{{1, 1, 2}, {1, -1, 0}, {1, 1, -1}}, {{1, 1, 2}, {-1, 1, 0}, {-1, -1, 1}}, 0.660},
      {{{1, 0, 0}, {0, 3, 1}, {0, -1, 3}}, {{1, 0, 0}, {0, 3, -1}, {0, 1, 3}}, 0.728},
      {{{1, 0, 0}, {0, 4, 1}, {0, -1, 4}}, {{1, 0, 0}, {0, 4, -1}, {0, 1, 4}}, 0.695},
      {{{1, 1, 1}, {4, -5, 1}, {2, 1, -3}}, {{1, 1, 1}, {5, -4, -1}, {1, 2, -3}}, 0.311},
  };
  assert_near(energy(MLGRAIN_NICKEL, known[0].p, known[0].q), 0.0624, 0.00005);
  for (size_t k = 0; k < sizeof known / sizeof *known; k++)
    assert_near(energy(MLGRAIN_COPPER, known[k].p, known[k].q), known[k].copper,
                k ? 0.0006 : 0.00006);
}

/* --- published lists --- */

static FILE *open_reference(const char *name)
{
  const char *folder = getenv("MLGRAIN_REFERENCE_DIR");
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder ? folder : "", name);
  FILE *file = folder && *folder ? fopen(path, "r") : NULL;
  if (!file) {
    print_message("no reference data: MLGRAIN_REFERENCE_DIR/%s\n", name);
    skip();
  }
  return file;
}

static void read_rows(FILE *file, int64_t p[3][3], int64_t q[3][3])
{
  for (int i = 0; i < 3; i++) {
    long long v[6];
    assert_int_equal(
        fscanf(file, "%lld %lld %lld %lld %lld %lld", v, v + 1, v + 2, v + 3, v + 4, v + 5), 6);
    for (int d = 0; d < 3; d++) {
      p[i][d] = v[d];
      q[i][d] = v[d + 3];
    }
  }
}

/* Three vectors of fractions. */
static void read_vectors(FILE *file, double v[3][3])
{
  for (int k = 0; k < 9; k++) {
    char word[64], *end;
    assert_int_equal(fscanf(file, "%63s", word), 1);
    v[k / 3][k % 3] = strtod(word, &end);
    if (*end == '/')
      v[k / 3][k % 3] /= strtod(end + 1, NULL);
  }
}

/* That two sets of vectors span one lattice: each is whole numbers of the other, and volumes are
   equal. ours is times divisor / 2, since published ones are in units of a/2. */
static void assert_same_lattice(const int64_t ours[3][3], int64_t divisor,
                                const double theirs[3][3])
{
  int64_t inverse[3][3], columns[3][3];
  int overflow = 0;
  whole_transpose(ours, columns);
  const double volume = (double)exact_adjugate(columns, inverse, &overflow);
  double n[3][3];
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < 3; i++) {
      n[k][i] = 0.0;
      for (int j = 0; j < 3; j++)
        n[k][i] += (double)inverse[i][j] * theirs[k][j] * 0.5 * (double)divisor / volume;
      assert_near(n[k][i], round(n[k][i]), 1e-6);
    }
  const double det = n[0][0] * (n[1][1] * n[2][2] - n[1][2] * n[2][1]) -
                     n[0][1] * (n[1][0] * n[2][2] - n[1][2] * n[2][0]) +
                     n[0][2] * (n[1][0] * n[2][1] - n[1][1] * n[2][0]);
  assert_near(fabs(det), 1.0, 1e-5);
}

enum { OLMSTED = 388, RATANAPHAN = 408 };

static int distinct(const struct mlgrain_boundary_key *key, int count)
{
  int found = 0;
  for (int a = 0; a < count; a++) {
    int seen = 0;
    for (int b = 0; b < a; b++)
      seen |= same_key(&key[a], &key[b]);
    found += !seen;
  }
  return found;
}

static void nickel_boundaries(void **state)
{
  (void)state;
  FILE *file = open_reference("ni388/fcc1-3.txt");
  struct mlgrain_lattice lattice;
  struct mlgrain_boundary_key key[OLMSTED], rotations[OLMSTED];
  int kinds[4] = {0};
  make_lattice(2, &lattice);
  for (int k = 0; k < OLMSTED; k++) {
    int number, sigma, place;
    int64_t p[3][3], q[3][3];
    double dsc[3][3], csl[3][3];
    assert_int_equal(
        fscanf(file, " GB_index: %d Sigma: %d Misorientation_index: %d", &number, &sigma, &place),
        3);
    read_rows(file, p, q);
    assert_int_equal(fscanf(file, " DSC_lattice: "), 0);
    read_vectors(file, dsc);
    assert_int_equal(fscanf(file, " CSL_lattice: "), 0);
    read_vectors(file, csl);
    struct mlgrain_boundary boundary;
    struct mlgrain_coincidence coincidence;
    enum mlgrain_boundary_kind kind;
    of_rows(&lattice, p, q, &boundary);
    assert_int_equal(mlgrain_coincidence_find(&lattice, &boundary.rotation, &coincidence, NULL), 0);
    assert_int_equal(coincidence.sigma, sigma);
    assert_same_lattice(coincidence.csl, lattice.divisor, (const double(*)[3])csl);
    assert_same_lattice(coincidence.dsc, coincidence.dsc_divisor, (const double(*)[3])dsc);
    assert_int_equal(mlgrain_boundary_kind_find(&lattice, &boundary, &kind, NULL), 0);
    kinds[kind]++;
    key[k] = key_of(&lattice, &boundary);
    rotations[k] = key[k];
    memset(rotations[k].number + 10, 0, 3 * sizeof *key->number);
  }
  fclose(file);
  assert_int_equal(distinct(key, OLMSTED), OLMSTED);
  assert_int_equal(distinct(rotations, OLMSTED), 72);
  assert_int_equal(kinds[MLGRAIN_SYMMETRIC_TILT], 89);
  assert_int_equal(kinds[MLGRAIN_TWIST], 99);
  assert_int_equal(kinds[MLGRAIN_ASYMMETRIC_TILT], 194);
  assert_int_equal(kinds[MLGRAIN_MIXED], 6);
}

static void iron_boundaries(void **state)
{
  (void)state;
  FILE *file = open_reference("bcc408/boundaries.txt");
  struct mlgrain_lattice lattice;
  struct mlgrain_boundary_key key[RATANAPHAN], rotations[RATANAPHAN];
  make_lattice(1, &lattice);
  for (int k = 0; k < RATANAPHAN; k++) {
    int number, sigma;
    int64_t p[3][3], q[3][3];
    assert_int_equal(fscanf(file, " PBV: %d Sigma: %d", &number, &sigma), 2);
    read_rows(file, p, q);
    struct mlgrain_boundary boundary;
    struct mlgrain_coincidence coincidence;
    of_rows(&lattice, p, q, &boundary);
    assert_int_equal(mlgrain_coincidence_find(&lattice, &boundary.rotation, &coincidence, NULL), 0);
    assert_int_equal(coincidence.sigma, sigma);
    key[k] = key_of(&lattice, &boundary);
    rotations[k] = key[k];
    memset(rotations[k].number + 10, 0, 3 * sizeof *key->number);
  }
  fclose(file);
  assert_int_equal(distinct(key, RATANAPHAN), RATANAPHAN);
  assert_int_equal(distinct(rotations, RATANAPHAN), 77);
}

/* Root mean square of the function's error, J/m^2, in nickel and aluminium: as its authors say. */
static void energies_of_nickel_and_aluminium(void **state)
{
  (void)state;
  FILE *rows = open_reference("ni388/fcc1-3.txt"), *energies = open_reference("ni388/fcc1-1.txt");
  char line[256];
  double sum[2] = {0, 0}, mean[2] = {0, 0};
  assert_non_null(fgets(line, sizeof line, energies));
  for (int k = 0; k < OLMSTED; k++) {
    int number, sigma, place;
    int64_t p[3][3], q[3][3];
    double ignored[3][3], published[2];
    assert_int_equal(
        fscanf(rows, " GB_index: %d Sigma: %d Misorientation_index: %d", &number, &sigma, &place),
        3);
    read_rows(rows, p, q);
    assert_int_equal(fscanf(rows, " DSC_lattice: "), 0);
    read_vectors(rows, ignored);
    assert_int_equal(fscanf(rows, " CSL_lattice: "), 0);
    read_vectors(rows, ignored);
    assert_int_equal(fscanf(energies, "%d %lf %lf", &number, &published[0], &published[1]), 3);
    for (int metal = 0; metal < 2; metal++) {
      const double e = energy(metal ? MLGRAIN_ALUMINIUM : MLGRAIN_NICKEL, p, q);
      sum[metal] += (e - published[metal]) * (e - published[metal]) / OLMSTED;
      mean[metal] += published[metal] / OLMSTED;
    }
  }
  fclose(rows);
  fclose(energies);
  print_message("rms: Ni %.7f of %.3f J/m^2, Al %.7f of %.3f J/m^2\n", sqrt(sum[0]), mean[0],
                sqrt(sum[1]), mean[1]);
  /* to so many digits that a wrong one in any parameter shows */
  assert_near(sqrt(sum[0]), 0.0499138, 2e-7);
  assert_near(sqrt(sum[1]), 0.0212232, 2e-7);
}

static void assert_refused(enum mlgrain_status status, const struct mlgrain_error *error,
                           const char *text)
{
  assert_int_equal(status, MLGRAIN_INVALID_ARGUMENT);
  if (!strstr(error->text, text))
    fail_msg("%s (expected: %s)", error->text, text);
}

static void bad_input(void **state)
{
  (void)state;
  struct mlgrain_lattice lattice, none;
  struct mlgrain_rotation rotation;
  struct mlgrain_boundary boundary;
  struct mlgrain_error error;
  make_lattice(2, &lattice);
  const int64_t p[3][3] = {{3, 1, 0}, {0, 0, 1}, {1, -3, 0}}, zero[4] = {0, 0, 0, 0};
  const int64_t left[3][3] = {{3, 1, 0}, {0, 0, 1}, {-1, 3, 0}},
                oblique[3][3] = {{3, 1, 0}, {0, 1, 1}, {1, -3, 0}},
                irrational[3][3] = {{1, 1, 0}, {0, 0, 1}, {1, -1, 0}},
                empty[3][3] = {{3, 1, 0}, {0, 0, 0}, {1, -3, 0}},
                huge[3][3] = {{2000000000, 1, 0}, {0, 0, 1}, {1, -2000000000, 0}};
  assert_refused(mlgrain_rotation_of_rows(&lattice, p, left, &rotation, &error), &error, "handed");
  assert_refused(mlgrain_rotation_of_rows(&lattice, oblique, p, &rotation, &error), &error,
                 "P: rows 1 and 2");
  assert_refused(mlgrain_rotation_of_rows(&lattice, p, irrational, &rotation, &error), &error,
                 "rows 1 of P and Q");
  assert_refused(mlgrain_rotation_of_rows(&lattice, p, empty, &rotation, &error), &error,
                 "Q: row 2 is zero");
  assert_refused(mlgrain_rotation_of_rows(&lattice, huge, p, &rotation, &error), &error,
                 "too large");
  assert_refused(mlgrain_rotation_of_quadruple(&lattice, zero, &rotation, &error), &error,
                 "four zeros");
  assert_refused(mlgrain_rotation_of_matrix(&lattice, oblique, 3, &rotation, &error), &error,
                 "no rotation");
  assert_refused(mlgrain_rotation_of_matrix(&lattice, p, 0, &rotation, &error), &error,
                 "no rotation");
  assert_int_equal(
      mlgrain_rotation_of_quadruple(&lattice, (const int64_t[4]){1, 1, 0, 0}, &rotation, &error),
      0);
  assert_refused(mlgrain_boundary_create(&lattice, &rotation, p[0], &boundary, &error), &error,
                 "the two crystals are one");
  assert_int_equal(
      mlgrain_rotation_of_quadruple(&lattice, (const int64_t[4]){3, 1, 0, 0}, &rotation, &error),
      0);
  assert_refused(mlgrain_boundary_create(&lattice, &rotation, zero, &boundary, &error), &error,
                 "no plane");
  assert_refused(mlgrain_lattice_cubic(MLGRAIN_FACE_CENTERED, 0.0, &none, &error), &error,
                 "not positive");
  assert_refused(mlgrain_lattice_hexagonal((const int64_t[2]){0, 1}, 1.0, &none, &error), &error,
                 "(c/a)^2");
  const int64_t flat[3][3] = {{1, 1, 0}, {1, 1, 0}, {0, 0, 1}},
                askew[3][3] = {{2, 1, 0}, {0, 2, 0}, {0, 0, 1}},
                long_axes[3][3] = {{1, 5000, 0}, {5000, 25000001, 0}, {0, 0, 1}};
  assert_refused(mlgrain_lattice_of_gram(flat, 1.0, &none, &error), &error, "three vectors");
  assert_refused(mlgrain_lattice_of_gram(askew, 1.0, &none, &error), &error, "symmetric");
  assert_refused(mlgrain_lattice_of_gram(long_axes, 1.0, &none, &error), &error, "shorter");
  /* numbers that outgrow 64 bits somewhere on the way are told, at every stage */
  for (int64_t size = 10; size <= 1000000000; size *= 10) {
    const int64_t q[4] = {size, size - 1, size - 3, 7}, plane[3] = {size - 1, 3, -size};
    struct mlgrain_coincidence coincidence;
    struct mlgrain_interface interface;
    struct mlgrain_boundary_key key;
    error.text[0] = 0;
    enum mlgrain_status status = mlgrain_rotation_of_quadruple(&lattice, q, &rotation, &error);
    if (!status)
      status = mlgrain_boundary_create(&lattice, &rotation, plane, &boundary, &error);
    if (!status)
      status = mlgrain_coincidence_find(&lattice, &rotation, &coincidence, &error);
    if (!status)
      status = mlgrain_interface_find(&lattice, &rotation, &coincidence, plane, &interface, &error);
    if (!status)
      status = mlgrain_boundary_key_find(&lattice, &boundary, &key, &error);
    if (size <= 100 && status)
      fail_msg("%lld: %s", (long long)size, error.text);
    if (size >= 100000)
      assert_refused(status, &error, "64 bits");
  }
  double deviation;
  const double matrix[3][3] = {{0.8, -0.6, 0}, {0.6, 0.8, 0}, {0, 0, 1}},
               nan[3][3] = {{NAN, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  assert_int_equal(mlgrain_rotation_near(&lattice, nan, 1, 10, &rotation, &deviation, &error),
                   MLGRAIN_NOT_FINITE);
  assert_int_equal(mlgrain_rotation_near(&lattice, matrix, 1e-9, 3, &rotation, &deviation, &error),
                   0);
  assert_int_equal(rotation.divisor, 5);
  assert_refused(mlgrain_rotation_near(&lattice, matrix, 1e-9, 2, &rotation, &deviation, &error),
                 &error, "the best is off");
  struct mlgrain_coincidence_class *classes;
  struct mlgrain_boundary_entry *list;
  size_t count;
  assert_refused(mlgrain_coincidence_classes(&lattice, 20000, &classes, &count, &error), &error,
                 "from 1 to 10000");
  assert_int_equal(mlgrain_coincidence_classes(&lattice, 5, &classes, &count, &error), 0);
  assert_refused(mlgrain_boundaries_list(&lattice, classes, count, NAN, &list, &count, &error),
                 &error, "not positive");
  assert_refused(mlgrain_boundaries_list(&lattice, classes, count, 1e9, &list, &count, &error),
                 &error, "too large");
  mlgrain_free(classes);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(key_of_all_descriptions),
      cmocka_unit_test(equal_keys),
      cmocka_unit_test(kinds_and_names),
      cmocka_unit_test(octonion_distance_by_trial),
      cmocka_unit_test(distances),
      cmocka_unit_test(octonions_of_measured_crystals),
      cmocka_unit_test(known_energies),
      cmocka_unit_test(nickel_boundaries),
      cmocka_unit_test(iron_boundaries),
      cmocka_unit_test(energies_of_nickel_and_aluminium),
      cmocka_unit_test(bad_input),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
