/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unique environments: selection and search against plain ones, files, and published classes of
   grain-boundary atoms. */
#define _GNU_SOURCE /* memmem, popen */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mlgrain/environments.h"
#include "near.h"

enum { VECTORS = 400, COMPONENTS = 13 }; /* of quippy, nmax 2, lmax 3 */

static struct mlgrain_soap_parameters parameters(void)
{
  struct mlgrain_soap_parameters p = mlgrain_soap_default(MLGRAIN_SOAP_QUIPPY);
  p.cutoff = 4.1;
  p.n_max = 2;
  p.l_max = 3;
  p.sigma = 0.7;
  p.width = 0.3;
  p.central_weight = 0.9;
  return p;
}

/* Uniform in (-1, 1), the same sequence everywhere (the 64-bit generator of Knuth's MMIX). */
static double uniform(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) * 0x1p-52 - 1.0;
}

/* Vectors in clouds of different size, the seed in the middle of the first, and on a line from
   there. */
struct vectors {
  double seed[COMPONENTS], row[VECTORS][COMPONENTS];
  struct mlgrain_environment_source source[VECTORS];
  uint64_t atoms[VECTORS];
  struct mlgrain_environment_set set;
};

static void make_vectors(struct vectors *v, uint64_t state)
{
  double cloud[6][COMPONENTS];
  for (int k = 0; k < 6; k++)
    for (int c = 0; c < COMPONENTS; c++)
      cloud[k][c] = k ? uniform(&state) : 1.0;
  memcpy(v->seed, cloud[0], sizeof v->seed);
  for (int i = 0; i < VECTORS; i++) {
    for (int c = 0; c < COMPONENTS; c++)
      v->row[i][c] = i % 7 == 3 ? cloud[0][c] + 1e-3 * i * cloud[1][c]
                                : cloud[i % 6][c] + 0.05 * (i % 6) * uniform(&state);
    v->source[i] = (struct mlgrain_environment_source){i + 1, 100};
    v->atoms[i] = (uint64_t)i;
  }
  v->set = (struct mlgrain_environment_set){VECTORS, v->row[0], v->source, v->atoms};
}

static double distance(const double *a, const double *b)
{
  double square = 0.0;
  for (int c = 0; c < COMPONENTS; c++)
    square += (a[c] - b[c]) * (a[c] - b[c]);
  return sqrt(square);
}

static struct mlgrain_environments *choose(const struct vectors *v, double epsilon, size_t most)
{
  const struct mlgrain_soap_parameters p = parameters();
  struct mlgrain_environments *library;
  struct mlgrain_error error;
  if (mlgrain_environments_choose(&p, epsilon, most, "a seed", v->seed, &v->set, &library, &error))
    fail_msg("%s", error.text);
  return library;
}

/* ---- selection ----------------------------------------------------------------------------- */

static void test_selection(void **state)
{
  static struct vectors v;
  (void)state;
  for (uint64_t seed = 1; seed < 4; seed++) {
    double nearest[VECTORS];
    size_t class[VECTORS] = {0};
    make_vectors(&v, seed);
    struct mlgrain_environments *library = choose(&v, 0.2, 0);
    const struct mlgrain_environment_content *c = mlgrain_environments_content(library);
    assert_int_equal(mlgrain_soap_components(&c->parameters), COMPONENTS);
    assert_true(c->unique.count > 10 && c->unique.count < VECTORS);
    assert_memory_equal(c->unique.vector, v.seed, sizeof v.seed);
    for (int i = 0; i < VECTORS; i++)
      nearest[i] = distance(v.row[i], v.seed);
    for (size_t k = 1;; k++) {
      int farthest = 0;
      for (int i = 1; i < VECTORS; i++)
        farthest = nearest[i] > nearest[farthest] ? i : farthest;
      assert_near(c->radius[k - 1], nearest[farthest], 1e-14);
      if (nearest[farthest] < 0.2) {
        assert_int_equal(c->unique.count, k);
        break;
      }
      assert_int_equal(c->unique.source[k].atom, farthest + 1);
      assert_memory_equal(c->unique.vector + k * COMPONENTS, v.row[farthest], sizeof v.seed);
      for (int i = 0; i < VECTORS; i++) {
        const double d = distance(v.row[i], v.row[farthest]);
        class[i] = d < nearest[i] ? k : class[i];
        nearest[i] = fmin(nearest[i], d);
      }
    }
    uint64_t atoms[VECTORS] = {0};
    for (int i = 0; i < VECTORS; i++)
      atoms[class[i]] += v.atoms[i];
    for (size_t k = 0; k < c->unique.count; k++)
      assert_true(c->unique.atoms[k] == atoms[k]);
    mlgrain_environments_free(library);
  }
}

static int same_environments(const struct mlgrain_environments *a,
                             const struct mlgrain_environments *b, size_t count)
{
  const struct mlgrain_environment_content *first = mlgrain_environments_content(a);
  const struct mlgrain_environment_content *second = mlgrain_environments_content(b);
  return memcmp(first->unique.vector, second->unique.vector, count * COMPONENTS * sizeof(double)) ==
             0 &&
         memcmp(first->radius, second->radius, count * sizeof(double)) == 0;
}

/* Another order gives the same, even of vectors that are equally far but for rounding. */
static void test_order_does_not_matter(void **state)
{
  static struct vectors v, mixed;
  uint64_t random = 3;
  (void)state;
  make_vectors(&v, 7);
  for (int i = 0; i < VECTORS; i++) /* pairs of equal vectors */
    memcpy(v.row[i], v.row[i / 12 * 12 + i % 6], sizeof v.row[i]);
  mixed = v;
  for (int i = 0; i < VECTORS; i++) {
    const int to = i * 147 % VECTORS;
    for (int c = 0; c < COMPONENTS; c++)
      mixed.row[to][c] = v.row[i][c] + 1e-13 * uniform(&random);
    mixed.source[to] = v.source[i];
  }
  mixed.set = (struct mlgrain_environment_set){VECTORS, mixed.row[0], mixed.source, mixed.atoms};
  struct mlgrain_environments *one = choose(&v, 0.15, 0), *other = choose(&mixed, 0.15, 0);
  const struct mlgrain_environment_content *first = mlgrain_environments_content(one);
  const struct mlgrain_environment_content *second = mlgrain_environments_content(other);
  assert_int_equal(first->unique.count, second->unique.count);
  for (size_t k = 0; k < first->unique.count; k++) {
    assert_int_equal(first->unique.source[k].atom, second->unique.source[k].atom);
    assert_near(second->radius[k], first->radius[k], 1e-11);
  }
  mlgrain_environments_free(one);
  mlgrain_environments_free(other);
}

/* One selection with a small epsilon has those of all larger ones in front. */
static void test_nested(void **state)
{
  static struct vectors v;
  (void)state;
  make_vectors(&v, 8);
  struct mlgrain_environments *fine = choose(&v, 0.1, 0);
  const struct mlgrain_environment_content *c = mlgrain_environments_content(fine);
  for (double epsilon = 0.15; epsilon < 3.0; epsilon *= 1.3) {
    struct mlgrain_environments *coarse = choose(&v, epsilon, 0);
    const size_t count = mlgrain_environments_content(coarse)->unique.count;
    size_t within = 0;
    while (c->radius[within] >= epsilon)
      within++;
    assert_int_equal(count, within + 1);
    assert_true(same_environments(coarse, fine, count));
    mlgrain_environments_free(coarse);
  }
  struct mlgrain_environments *few = choose(&v, 0.1, 5);
  assert_int_equal(mlgrain_environments_content(few)->unique.count, 5);
  assert_true(same_environments(few, fine, 5));
  mlgrain_environments_free(few);
  mlgrain_environments_free(fine);
}

/* Vectors divided among several selections, as among ranks, with a shared next center. */
static void test_divided_selection(void **state)
{
  static struct vectors v;
  struct mlgrain_selection *part[3];
  (void)state;
  make_vectors(&v, 9);
  struct mlgrain_environments *whole = choose(&v, 0.2, 0);
  const struct mlgrain_environment_content *c = mlgrain_environments_content(whole);
  uint64_t distances = 0;
  for (int r = 0; r < 3; r++) {
    assert_int_equal(mlgrain_selection_create(COMPONENTS, &part[r], NULL), MLGRAIN_SUCCESS);
    assert_true(mlgrain_selection_largest(part[r]) == -1.0);
    for (int i = r; i < VECTORS; i += 3)
      assert_int_equal(mlgrain_selection_add(part[r], 1, v.row[i], &v.source[i], NULL),
                       MLGRAIN_SUCCESS);
    assert_true(mlgrain_selection_largest(part[r]) == HUGE_VAL);
    assert_int_equal(mlgrain_selection_center(part[r], v.seed, NULL), MLGRAIN_SUCCESS);
    assert_int_equal(mlgrain_selection_add(part[r], 1, v.row[0], &v.source[0], NULL),
                     MLGRAIN_INVALID_ARGUMENT);
  }
  for (size_t k = 1; k < c->unique.count; k++) {
    double largest = -1.0;
    const double *next = NULL;
    for (int r = 0; r < 3; r++)
      largest = fmax(largest, mlgrain_selection_largest(part[r]));
    for (int r = 0; r < 3; r++) {
      const size_t first = mlgrain_selection_first(part[r], largest);
      if (first < mlgrain_selection_count(part[r]))
        next = mlgrain_selection_vector(part[r], first, NULL, NULL, NULL);
    }
    assert_memory_equal(next, c->unique.vector + k * COMPONENTS, sizeof v.seed);
    for (int r = 0; r < 3; r++)
      assert_int_equal(mlgrain_selection_center(part[r], c->unique.vector + k * COMPONENTS, NULL),
                       MLGRAIN_SUCCESS);
  }
  for (int r = 0; r < 3; r++) {
    distances += mlgrain_selection_distances(part[r]);
    mlgrain_selection_free(part[r]);
  }
  assert_true(distances < VECTORS * c->unique.count / 2); /* the triangle inequality spares some */
  mlgrain_environments_free(whole);
}

/* ---- search -------------------------------------------------------------------------------- */

static void test_nearest(void **state)
{
  static struct vectors v, others;
  (void)state;
  make_vectors(&v, 11);
  make_vectors(&others, 11);
  uint64_t random = 5;
  for (double epsilon = 0.1; epsilon < 4.0; epsilon *= 1.7) {
    struct mlgrain_environments *library = choose(&v, epsilon, 0);
    const struct mlgrain_environment_content *c = mlgrain_environments_content(library);
    for (int i = 0; i < VECTORS; i++) {
      double best = HUGE_VAL, second = HUGE_VAL;
      size_t nearest = 0;
      for (int k = 0; k < COMPONENTS; k++)
        others.row[i][k] = v.row[i][k] + (i % 3) * 0.2 * uniform(&random);
      for (size_t k = 0; k < c->unique.count; k++) {
        const double d = distance(others.row[i], c->unique.vector + k * COMPONENTS);
        second = d < best ? best : fmin(second, d);
        nearest = d < best ? k : nearest;
        best = fmin(best, d);
      }
      const struct mlgrain_environment_match match =
          mlgrain_environments_nearest(library, others.row[i]);
      assert_int_equal(match.nearest, nearest);
      assert_near(match.distance, best, 1e-14);
      assert_near(match.seed, distance(others.row[i], v.seed), 1e-14);
      if (isinf(second))
        assert_true(isinf(match.second));
      else
        assert_near(match.second, second, 1e-14);
    }
    others.row[0][3] = NAN; /* has no nearest, but does no harm */
    assert_true(mlgrain_environments_nearest(library, others.row[0]).nearest < c->unique.count);
    mlgrain_environments_free(library);
  }
}

/* Vectors of several hundred numbers near a plane of few dimensions, as those of crystals are, and
   more environments than are considered at a time; in units that are near the ends of what numbers
   can be, too. All are searched for in one call and one by one. */
static void check_long_vectors(double unit, size_t most)
{
  enum { LONG = 649, PLANE = 20, CORESET = 1200, SOUGHT = 150 }; /* nmax 8, lmax 17 */
  struct mlgrain_soap_parameters p = parameters();
  uint64_t random = 21;
  double *axis = malloc(sizeof(double[PLANE][LONG])), *row = malloc(sizeof(double[CORESET][LONG]));
  double *sought = malloc(sizeof(double[SOUGHT][LONG]));
  struct mlgrain_environment_source *source = calloc(CORESET, sizeof *source);
  uint64_t *atoms = calloc(CORESET, sizeof *atoms);
  struct mlgrain_environment_match match[SOUGHT];
  struct mlgrain_environments *library;
  p.n_max = 8;
  p.l_max = 17;
  assert_int_equal(mlgrain_soap_components(&p), LONG);
  for (int i = 0; i < PLANE * LONG; i++)
    axis[i] = unit * uniform(&random);
  for (int i = 0; i < CORESET; i++) {
    source[i].atom = i;
    for (int c = 0; c < LONG; c++)
      row[i * LONG + c] = unit + 0.01 * unit * uniform(&random);
    for (int k = 0; k < PLANE; k++) {
      const double part = pow(0.7, k) * uniform(&random);
      for (int c = 0; c < LONG; c++)
        row[i * LONG + c] += part * axis[k * LONG + c];
    }
  }
  const struct mlgrain_environment_set set = {CORESET, row, source, atoms};
  assert_int_equal(
      mlgrain_environments_choose(&p, 1e-6 * unit, most, "", row, &set, &library, NULL),
      MLGRAIN_SUCCESS);
  const struct mlgrain_environment_content *content = mlgrain_environments_content(library);
  const size_t count = content->unique.count;
  assert_int_equal(count, most);
  for (int i = 0; i < SOUGHT; i++) { /* one of the library, near one, between two, far away */
    const double *one = content->unique.vector + (size_t)i * 7 % count * LONG;
    const double *other = content->unique.vector + (size_t)i * 13 % count * LONG;
    static const double part[4] = {0.0, 0.0, 0.5, 3.0}, noise[4] = {0.0, 1e-3, 1e-6, 0.1};
    for (int c = 0; c < LONG; c++)
      sought[i * LONG + c] =
          one[c] + part[i % 4] * (other[c] - one[c]) + noise[i % 4] * unit * uniform(&random);
  }
  sought[5 * LONG + 600] = NAN;
  mlgrain_environments_nearest_each(library, SOUGHT, sought, match);
  for (size_t i = 0; i < SOUGHT; i++) {
    double best = HUGE_VAL, second = HUGE_VAL;
    const double *vector = sought + i * LONG;
    const struct mlgrain_environment_match alone = mlgrain_environments_nearest(library, vector);
    if (i == 5) {
      assert_true(match[i].nearest < count && alone.nearest < count);
      continue;
    }
    for (size_t k = 0; k < count; k++) {
      const double d = mlgrain_distance(LONG, vector, content->unique.vector + k * LONG);
      second = d < best ? best : fmin(second, d);
      best = fmin(best, d);
    }
    assert_near(mlgrain_distance(LONG, vector, content->unique.vector + match[i].nearest * LONG),
                best, 1e-14 * best);
    assert_near(match[i].distance, best, 1e-14 * best);
    assert_near(match[i].second, second, 1e-14 * second);
    assert_near(match[i].seed, mlgrain_distance(LONG, vector, row), 1e-14 * match[i].seed);
    assert_memory_equal(&alone, &match[i], sizeof alone);
  }
  mlgrain_environments_free(library);
  free(axis);
  free(row);
  free(sought);
  free(source);
  free(atoms);
}

static void test_nearest_of_long_vectors(void **state)
{
  (void)state;
  check_long_vectors(1.0, 1100);
  check_long_vectors(1e-130, 150);
  check_long_vectors(1e130, 30);
  check_long_vectors(0.03, 3);
}

/* ---- files --------------------------------------------------------------------------------- */

static const char *scratch(void)
{
  static char path[64];
  snprintf(path, sizeof path, "test_environments_%d.safetensors", (int)getpid());
  return path;
}

static char *read_bytes(const char *path, size_t *size)
{
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  char *bytes = aligned_alloc(64, 1 << 20);
  *size = fread(bytes, 1, 1 << 20, file);
  fclose(file);
  return bytes;
}

static void test_file(void **state)
{
  static struct vectors v;
  (void)state;
  make_vectors(&v, 12);
  struct mlgrain_environments *library = choose(&v, 0.3, 0), *read;
  struct mlgrain_error error;
  const struct mlgrain_environment_content *wrote = mlgrain_environments_content(library);
  assert_int_equal(mlgrain_environments_write(library, scratch(), &error), MLGRAIN_SUCCESS);
  if (mlgrain_environments_read(scratch(), &read, &error))
    fail_msg("%s", error.text);
  const struct mlgrain_environment_content *got = mlgrain_environments_content(read);
  assert_memory_equal(&got->parameters, &wrote->parameters, sizeof wrote->parameters);
  assert_true(got->epsilon == wrote->epsilon);
  assert_string_equal(got->seed, "a seed");
  assert_int_equal(got->unique.count, wrote->unique.count);
  assert_true(same_environments(library, read, wrote->unique.count));
  assert_memory_equal(got->unique.atoms, wrote->unique.atoms,
                      wrote->unique.count * sizeof *wrote->unique.atoms);
  assert_memory_equal(got->unique.source, wrote->unique.source,
                      wrote->unique.count * sizeof *wrote->unique.source);
  assert_int_equal(got->coreset.count, VECTORS);
  assert_memory_equal(got->coreset.vector, v.row, sizeof v.row);
  assert_memory_equal(got->coreset.atoms, v.atoms, sizeof v.atoms);
  mlgrain_environments_free(read);
  assert_int_equal(mlgrain_environments_write(library, "/nonexistent/library", &error),
                   MLGRAIN_FILE_ERROR);
  assert_non_null(strstr(error.text, "/nonexistent/library"));
  assert_int_equal(mlgrain_environments_read("/nonexistent/library", &read, &error),
                   MLGRAIN_FILE_ERROR);
  assert_null(read);
  mlgrain_environments_free(library);
}

static void refuse(const char *bytes, size_t size, enum mlgrain_status status, const char *word)
{
  struct mlgrain_environments *read;
  struct mlgrain_error error = {""};
  const enum mlgrain_status got = mlgrain_environments_parse("file", bytes, size, &read, &error);
  if (got != status || read || !strstr(error.text, word))
    fail_msg("status %d, no word of %s: %s", (int)got, word, error.text);
}

/* Replaces text in the header by other text of the same length. */
static void change(const char *bytes, size_t size, const char *old, const char *new_text,
                   enum mlgrain_status status, const char *word)
{
  char *copy = aligned_alloc(64, 1 << 20);
  memcpy(copy, bytes, size);
  char *place = memmem(copy, size, old, strlen(old));
  assert_non_null(place);
  assert_int_equal(strlen(old), strlen(new_text));
  memcpy(place, new_text, strlen(new_text));
  refuse(copy, size, status, word);
  free(copy);
}

static void test_bad_files(void **state)
{
  static struct vectors v;
  size_t size;
  (void)state;
  make_vectors(&v, 13);
  struct mlgrain_environments *library = choose(&v, 0.5, 0);
  assert_int_equal(mlgrain_environments_write(library, scratch(), NULL), MLGRAIN_SUCCESS);
  mlgrain_environments_free(library);
  char *bytes = read_bytes(scratch(), &size);
  for (size_t cut = 0; cut < size; cut += cut < 1200 ? 37 : 1009)
    refuse(bytes, cut, MLGRAIN_FORMAT_ERROR, "file");
  change(bytes, size, "mlgrain-environments", "mlgrain-environment!", MLGRAIN_FORMAT_ERROR,
         "not a library");
  change(bytes, size, "\"version\":\"1\"", "\"version\":\"2\"", MLGRAIN_UNSUPPORTED, "version");
  change(bytes, size, "euclidean", "manhattan", MLGRAIN_UNSUPPORTED, "metric");
  change(bytes, size, "quippy", "quirky", MLGRAIN_FORMAT_ERROR, "'soap'");
  change(bytes, size, "\\\"nmax\\\":2", "\\\"nmax\\\":3", MLGRAIN_FORMAT_ERROR, "numbers");
  change(bytes, size, "\\\"nmax\\\":2", "\\\"nmax\\\":0", MLGRAIN_FORMAT_ERROR, "'soap'");
  change(bytes, size, "\"epsilon\":\"0", "\"epsilon\":\"x", MLGRAIN_FORMAT_ERROR, "epsilon");
  change(bytes, size, "\"radius\"", "\"sadius\"", MLGRAIN_FORMAT_ERROR, "'radius'");
  change(bytes, size, "\"coreset_atoms\"", "\"coreset_otams\"", MLGRAIN_FORMAT_ERROR,
         "'coreset_atoms'");
  char *number = memmem(bytes, size, v.seed, sizeof v.seed);
  assert_non_null(number);
  const double bad = NAN;
  memcpy(number + 8, &bad, sizeof bad);
  refuse(bytes, size, MLGRAIN_NOT_FINITE, "environments");
  free(bytes);
  remove(scratch());
}

static void test_refused_arguments(void **state)
{
  static struct vectors v;
  static const double bad[] = {0.0, -1.0, NAN, INFINITY};
  struct mlgrain_soap_parameters p = parameters();
  struct mlgrain_environments *library;
  (void)state;
  make_vectors(&v, 14);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(mlgrain_environments_choose(&p, bad[i], 0, "", v.seed, &v.set, &library, NULL),
                     MLGRAIN_INVALID_ARGUMENT);
  p.n_max = 0;
  assert_int_equal(mlgrain_environments_choose(&p, 1.0, 0, "", v.seed, &v.set, &library, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  mlgrain_environments_free(NULL);
  mlgrain_selection_free(NULL);
}

/* Without any vector, the seed is all there is. */
static void test_empty_coreset(void **state)
{
  static struct vectors v;
  (void)state;
  make_vectors(&v, 15);
  v.set.count = 0;
  struct mlgrain_environments *library = choose(&v, 0.5, 0), *read;
  assert_int_equal(mlgrain_environments_content(library)->unique.count, 1);
  assert_int_equal(mlgrain_environments_write(library, scratch(), NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_environments_read(scratch(), &read, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_environments_content(read)->coreset.count, 0);
  mlgrain_environments_free(library);
  mlgrain_environments_free(read);
  remove(scratch());
}

/* ---- published classes --------------------------------------------------------------------- */

static FILE *open_published(const char *name)
{
  const char *folder = getenv("MLGRAIN_REFERENCE_DIR");
  char command[4096];
  if (!folder || !*folder)
    return NULL;
  snprintf(command, sizeof command, "test -r '%s/soap/%s' && xz -dc '%s/soap/%s' 2> /dev/null",
           folder, name, folder, name);
  return popen(command, "r");
}

enum { PUBLISHED = 20, PUBLISHED_COMPONENTS = 1015, MOST_ATOMS = 200000, MOST_POINTS = 800000 };

struct published {
  int key[PUBLISHED][2];
  double vector[PUBLISHED][PUBLISHED_COMPONENTS], seed[PUBLISHED_COMPONENTS];
};

static int read_published(struct published *p)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/soap/environment-keys.txt", getenv("MLGRAIN_REFERENCE_DIR"));
  FILE *keys = fopen(path, "r"), *vectors = open_published("environments.txt.xz");
  FILE *seed = open_published("seed.txt.xz");
  int ok = keys && vectors && seed;
  for (int i = 0; i < PUBLISHED && ok; i++) {
    double a, b;
    ok = fscanf(keys, "%lf %lf", &a, &b) == 2;
    p->key[i][0] = (int)a;
    p->key[i][1] = (int)b;
    for (int c = 0; c < PUBLISHED_COMPONENTS && ok; c++)
      ok = fscanf(vectors, "%lf", &p->vector[i][c]) == 1;
  }
  for (int c = 0; c < PUBLISHED_COMPONENTS && ok; c++)
    ok = fscanf(seed, "%lf", &p->seed[c]) == 1;
  if (keys)
    fclose(keys);
  if (vectors)
    pclose(vectors);
  if (seed)
    pclose(seed);
  return ok;
}

struct boundary {
  size_t atoms, points; /* points: with periodic images in x and y */
  double x[MOST_POINTS][3];
  unsigned char chosen[MOST_POINTS];
};

/* A LAMMPS dump of a triclinic box. */
static void read_boundary(FILE *file, struct boundary *b, double reach)
{
  char line[512];
  double bound[3][3];
  for (int k = 0; k < 5; k++)
    assert_non_null(fgets(line, sizeof line, file));
  for (int d = 0; d < 3; d++) {
    assert_non_null(fgets(line, sizeof line, file));
    assert_int_equal(sscanf(line, "%lf %lf %lf", &bound[d][0], &bound[d][1], &bound[d][2]), 3);
  }
  assert_non_null(fgets(line, sizeof line, file));
  b->atoms = 0;
  while (fgets(line, sizeof line, file)) {
    double *x = b->x[b->atoms++];
    assert_true(b->atoms < MOST_ATOMS);
    assert_int_equal(sscanf(line, "%*d %*d %lf %lf %lf", &x[0], &x[1], &x[2]), 3);
  }
  /* tilts xy, xz, yz stand in the lines; bounds are those of the tilted box */
  const double xy = bound[0][2], xz = bound[1][2], yz = bound[2][2];
  const double low = fmin(fmin(0.0, xy), fmin(xz, xy + xz));
  const double high = fmax(fmax(0.0, xy), fmax(xz, xy + xz));
  const double lx = bound[0][1] - bound[0][0] - (high - low);
  const double ly = bound[1][1] - bound[1][0] - fabs(yz);
  double box[2][2] = {{HUGE_VAL, -HUGE_VAL}, {HUGE_VAL, -HUGE_VAL}};
  for (size_t i = 0; i < b->atoms; i++)
    for (int d = 0; d < 2; d++) {
      box[d][0] = fmin(box[d][0], b->x[i][d] - reach);
      box[d][1] = fmax(box[d][1], b->x[i][d] + reach);
    }
  b->points = b->atoms;
  for (int i = -2; i <= 2; i++)
    for (int j = -2; j <= 2; j++)
      for (size_t k = 0; k < b->atoms && (i || j); k++) {
        const double x = b->x[k][0] + i * lx + j * xy, y = b->x[k][1] + j * ly;
        if (x < box[0][0] || x > box[0][1] || y < box[1][0] || y > box[1][1])
          continue;
        assert_true(b->points < MOST_POINTS);
        double *image = b->x[b->points++];
        image[0] = x;
        image[1] = y;
        image[2] = b->x[k][2];
      }
}

/* Atom of the boundary at that place. */
static size_t atom_at(const struct boundary *b, const double x[3])
{
  for (size_t i = 0; i < b->atoms; i++)
    if (fabs(b->x[i][0] - x[0]) + fabs(b->x[i][1] - x[1]) + fabs(b->x[i][2] - x[2]) < 1e-4)
      return i;
  fail_msg("no atom at %g %g %g", x[0], x[1], x[2]);
  return 0;
}

struct counted {
  const struct mlgrain_environments *library;
  const struct published *published;
  int seed;         /* its number among the published */
  int (*wanted)[2]; /* [atoms] */
  size_t seen, right;
};

static void classify(void *context, size_t count, const int32_t *point, const double *row)
{
  struct counted *c = context;
  const struct mlgrain_environment_source *source =
      mlgrain_environments_content(c->library)->unique.source;
  for (size_t i = 0; i < count; i++, row += PUBLISHED_COMPONENTS) {
    const size_t nearest = mlgrain_environments_nearest(c->library, row).nearest;
    const int *key = c->published->key[nearest ? source[nearest].atom : c->seed];
    const int *wanted = c->wanted[point[i]];
    c->seen++;
    c->right += key[0] == wanted[0] && key[1] == wanted[1];
  }
}

/* Each atom of three Ni boundaries gets the class that gblearn's tests give it. */
static void test_published_classes(void **state)
{
  static struct published published;
  static struct boundary boundary;
  static int wanted[MOST_ATOMS][2];
  struct mlgrain_environment_source source[PUBLISHED];
  uint64_t atoms[PUBLISHED] = {0};
  struct mlgrain_soap_parameters p = mlgrain_soap_default(MLGRAIN_SOAP_QUIPPY);
  struct mlgrain_environments *library;
  struct mlgrain_soap *soap;
  (void)state;
  p.cutoff = 3.2;
  p.n_max = p.l_max = 12;
  p.sigma = 0.5;
  if (!getenv("MLGRAIN_REFERENCE_DIR") || !*getenv("MLGRAIN_REFERENCE_DIR") ||
      !read_published(&published)) {
    print_message("no soap in $MLGRAIN_REFERENCE_DIR, or no xz\n");
    skip();
  }
  int seed = -1;
  for (int i = 0; i < PUBLISHED; i++) {
    source[i] = (struct mlgrain_environment_source){i, 0};
    seed = published.key[i][0] == 0 && published.key[i][1] == 0 ? i : seed;
  }
  assert_true(seed >= 0);
  const struct mlgrain_environment_set set = {PUBLISHED, published.vector[0], source, atoms};
  assert_int_equal(
      mlgrain_environments_choose(&p, 1e-6, 0, "", published.vector[seed], &set, &library, NULL),
      MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_environments_content(library)->unique.count, PUBLISHED);
  assert_int_equal(mlgrain_soap_create(&p, mlgrain_simd_best(), &soap, NULL), MLGRAIN_SUCCESS);
  for (int number = 453; number <= 457; number += 2) {
    char name[64];
    double row[6];
    struct mlgrain_cells *cells;
    snprintf(name, sizeof name, "ni.p%d.dump.xz", number);
    FILE *dump = open_published(name);
    read_boundary(dump, &boundary, 3.3);
    pclose(dump);
    snprintf(name, sizeof name, "classes-%d.txt.xz", number);
    FILE *classes = open_published(name);
    memset(boundary.chosen, 0, sizeof boundary.chosen);
    size_t chosen = 0;
    while (fscanf(classes, "%lf %lf %lf %lf %lf %lf", &row[0], &row[1], &row[2], &row[3], &row[4],
                  &row[5]) == 6) {
      const size_t atom = atom_at(&boundary, row + 1);
      boundary.chosen[atom] = 1;
      wanted[atom][0] = (int)row[4];
      wanted[atom][1] = (int)row[5];
      chosen++;
    }
    pclose(classes);
    assert_int_equal(mlgrain_cells_create(boundary.points, (const double(*)[3])boundary.x, 3.2,
                                          &cells, NULL, NULL),
                     MLGRAIN_SUCCESS);
    const struct mlgrain_soap_points points = {cells, boundary.chosen, NULL, NULL};
    struct counted counted = {library, &published, seed, wanted, 0, 0};
    assert_int_equal(
        mlgrain_soap_visit(soap, &points, 0, mlgrain_cells_count(cells), classify, &counted, NULL),
        MLGRAIN_SUCCESS);
    print_message("boundary %d: %zu of %zu classes\n", number, counted.right, counted.seen);
    assert_true(chosen > 1000);
    assert_int_equal(counted.seen, chosen);
    assert_int_equal(counted.right, chosen);
    mlgrain_cells_free(cells);
  }
  mlgrain_soap_free(soap);
  mlgrain_environments_free(library);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_selection),
      cmocka_unit_test(test_order_does_not_matter),
      cmocka_unit_test(test_nested),
      cmocka_unit_test(test_divided_selection),
      cmocka_unit_test(test_nearest),
      cmocka_unit_test(test_nearest_of_long_vectors),
      cmocka_unit_test(test_file),
      cmocka_unit_test(test_bad_files),
      cmocka_unit_test(test_refused_arguments),
      cmocka_unit_test(test_empty_coreset),
      cmocka_unit_test(test_published_classes),
  };
  return cmocka_run_group_tests_name("environments", tests, NULL, NULL);
}
