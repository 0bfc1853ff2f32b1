/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grades with bounds, against those of the plain formula: never one below what it should be, exact
   above the threshold, few products where the atoms are like the sample. What rounding adds to
   them. Rows of active sets that no neighborhood has a part of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/orthonormal.h"
#include "mlgrain/mtp_bounds.h"
#include "mtp/mtp_private.h"
#include "mtp_active.h"
#include "near.h"

enum { ATOMS = 90, SAMPLE = 40 };

/* species, functions, rank, radial size, products, repulsive */
static const struct random_form forms[] = {
    {1, 2, 3, 5, 40, 0}, {1, 4, 3, 8, 80, 0}, {2, 3, 2, 6, 60, 0}, {3, 2, 3, 5, 40, 0}};

/* ---- the sketch -------------------------------------------------------------------------------
 */

/* From the definition: 1/sqrt(x), with SciPy's x = beta.ppf(p, s/2, (m - s)/2). */
static void factors(void **state)
{
  (void)state;
  assert_near(mtp_sketch_factor(2, 5, 0.05), 5.45402953707, 1e-9);
  assert_near(mtp_sketch_factor(18, 40, 1e-3), 2.55248450695, 1e-9);
  assert_near(mtp_sketch_factor(18, 96, 1e-9), 9.98065382634, 1e-9);
  assert_near(mtp_sketch_factor(60, 853, 1e-9), 7.32052196154, 1e-9);
  assert_near(mtp_sketch_factor(30, 31, 1e-9), 1.8802903857, 1e-9);
  assert_near(mtp_sketch_factor(12, 12, 1e-9), 1.0, 0.0);
  assert_near(mtp_sketch_factor(18, 12, 1e-9), 1.0, 0.0);
}

static double normal_number(struct random_source *source)
{
  const double radius = sqrt(-2.0 * log(random_number(source, 1e-16, 1.0)));
  return radius * cos(6.283185307179586 * random_number(source, 0.0, 1.0));
}

/* Of many sketches of one vector, as many are too short as should be. */
static void failures(void **state)
{
  (void)state;
  enum { ROWS = 6, LENGTH = 17, DRAWS = 10000 };
  const double probability = 0.02, factor = mtp_sketch_factor(ROWS, LENGTH, probability);
  struct random_source source = {3};
  int failed = 0;
  for (int draw = 0; draw < DRAWS; draw++) {
    double basis[ROWS * LENGTH], vector[LENGTH], squares = 0.0, length = 0.0;
    for (int k = 0; k < ROWS * LENGTH; k++)
      basis[k] = normal_number(&source);
    orthonormalize(basis, ROWS, LENGTH);
    for (int k = 0; k < LENGTH; k++) {
      vector[k] = (double)k;
      length += (double)(k * k);
    }
    for (int row = 0; row < ROWS; row++) {
      const double part = inner_product(basis + row * LENGTH, vector, LENGTH);
      squares += part * part;
    }
    failed += factor * sqrt(squares) < sqrt(length);
  }
  const double expected = probability * DRAWS;
  assert_near((double)failed, expected, 5.0 * sqrt(expected));
}

/* ---- grades -----------------------------------------------------------------------------------
 */

struct case_of_bounds {
  struct mlgrain_mtp_file *file;
  struct atoms atoms;
  struct outcome exact;
  double *sorted; /* [ATOMS] grades */
};

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* A potential that ships, with a trained active set. */
static struct mlgrain_mtp_file *trained_file(void)
{
  struct mlgrain_mtp_file *file;
  struct mlgrain_error error = {""};
  char path[512];
  assert_non_null(getenv("MLGRAIN_SOURCE_DIR"));
  snprintf(path, sizeof path, "%s/potentials/Cu_eam_16.almtp", getenv("MLGRAIN_SOURCE_DIR"));
  if (mlgrain_mtp_file_read(path, &file, &error))
    fail_msg("%s", error.text);
  return file;
}

enum { TRAINED = sizeof forms / sizeof *forms };

/* Some atoms, not in the sample, are moved close to another. */
static void case_make(int form, struct case_of_bounds *made)
{
  made->file = form == TRAINED ? trained_file() : structured_file(&forms[form]);
  assert_true(form == TRAINED || invert(made->file));
  random_atoms(ATOMS, made->file->species_count, 1.9, made->file->max_dist, 7, &made->atoms);
  for (int i = 0; i < made->atoms.total; i++)
    if (made->atoms.owner[i] >= SAMPLE && made->atoms.owner[i] % 29 == 0)
      made->atoms.x[i][0] += 0.3;
  atoms_build_lists(&made->atoms, made->file->max_dist + 0.5);
  compute_plain(made->file, &made->atoms, &made->exact);
  made->sorted = malloc(ATOMS * sizeof(double));
  memcpy(made->sorted, made->exact.grade, ATOMS * sizeof(double));
  qsort(made->sorted, ATOMS, sizeof(double), ascending);
}

static void case_free(struct case_of_bounds *made)
{
  mlgrain_mtp_file_free(made->file);
  outcome_free(&made->exact);
  atoms_free(&made->atoms);
  free(made->sorted);
}

static struct mlgrain_mtp_grade_bounds *bounds_of(const struct mlgrain_mtp *mtp,
                                                  const struct view *view, size_t parameters,
                                                  size_t count, double threshold, int largest)
{
  struct mlgrain_mtp_workspace *workspace;
  struct mlgrain_mtp_grade_bounds *bounds;
  double *gradients = calloc(count * parameters + 1, sizeof *gradients);
  assert_int_equal(mlgrain_mtp_workspace_create(&workspace, NULL), 0);
  for (size_t k = 0; k < count; k++) {
    struct mlgrain_mtp_result result = {.gradient_sum = gradients + k * parameters};
    assert_int_equal(
        mlgrain_mtp_compute(mtp, workspace, &view->atoms, view->center + k, 1, &result, NULL), 0);
  }
  assert_int_equal(
      mlgrain_mtp_grade_bounds_create(mtp, gradients, count, threshold, largest, &bounds, NULL), 0);
  mlgrain_mtp_workspace_free(workspace);
  free(gradients);
  return bounds;
}

/* Grades of all atoms, `batch` centers to a call. */
static struct mlgrain_mtp_result compute_bounded(const struct mlgrain_mtp *mtp,
                                                 const struct view *view,
                                                 const struct mlgrain_mtp_grade_bounds *bounds,
                                                 int count, int batch, double threshold,
                                                 int largest, double *grade)
{
  struct mlgrain_mtp_workspace *workspace;
  struct mlgrain_mtp_result result = {.grade = grade,
                                      .grade_bounds = bounds,
                                      .grade_threshold = threshold,
                                      .find_largest = largest};
  assert_int_equal(mlgrain_mtp_workspace_create(&workspace, NULL), 0);
  for (int i = 0; i < count; i += batch)
    assert_int_equal(mlgrain_mtp_compute(mtp, workspace, &view->atoms, view->center + i,
                                         (size_t)(count - i < batch ? count - i : batch), &result,
                                         NULL),
                     0);
  mlgrain_mtp_workspace_free(workspace);
  return result;
}

static void assert_bounds(const struct case_of_bounds *made, const double *got, double threshold)
{
  for (int i = 0; i < ATOMS; i++) {
    const double exact = made->exact.grade[i];
    if (exact > threshold * (1.0 + 1e-8))
      assert_near(got[i], exact, 1e-8 * exact);
    else if (!(got[i] >= exact * (1.0 - 1e-8)) || !(got[i] <= threshold * (1.0 + 1e-8)))
      fail_msg("atom %d: %.12g with a threshold of %g, and the grade is %.12g", i, got[i],
               threshold, exact);
  }
}

/* With bounds from a sample, meant for a threshold. */
static void check(const struct case_of_bounds *made, size_t sample, double wanted)
{
  static const int batches[] = {1, 13, 1000};
  const double thresholds[] = {0.5 * made->sorted[0], made->sorted[ATOMS / 2],
                               made->sorted[ATOMS - 4], 1.5 * made->sorted[ATOMS - 1], 1e12};
  const double most = made->sorted[ATOMS - 1];
  struct mlgrain_mtp *mtp;
  struct view view;
  double grade[ATOMS];
  view_make(made->file, &made->atoms, &view);
  assert_int_equal(mlgrain_mtp_create(made->file, mlgrain_simd_best(), &mtp, NULL), 0);
  struct mlgrain_mtp_grade_bounds *bounds =
      bounds_of(mtp, &view, made->file->parameter_count, sample, wanted, 0);
  for (size_t t = 0; t < sizeof thresholds / sizeof *thresholds; t++)
    for (int k = 0; k < 6; k++) {
      const struct mlgrain_mtp_result result =
          compute_bounded(mtp, &view, bounds, ATOMS, batches[k / 2], thresholds[t], k % 2, grade);
      assert_bounds(made, grade, thresholds[t]);
      if (k % 2 || most > thresholds[t])
        assert_near(result.largest_grade, most, 1e-8 * most);
      if (!(k % 2) && thresholds[t] == 1e12 && result.grade_rows)
        fail_msg("%zu rows, largest grade %g, n %zu, sample %zu", result.grade_rows, most,
                 made->file->parameter_count, sample);
    }
  mlgrain_mtp_grade_bounds_free(bounds);
  mlgrain_mtp_free(mtp);
  view_free(&view);
}

static void grades_and_bounds(void **state)
{
  (void)state;
  for (int form = 0; form <= TRAINED; form++) {
    struct case_of_bounds made;
    case_make(form, &made);
    check(&made, SAMPLE, made.sorted[ATOMS - 1]);
    check(&made, SAMPLE, 1e12);
    check(&made, 0, 1e12);
    case_free(&made);
  }
}

/* Atoms of the sample are in its span if it has no more of them than directions: then bounds are as
   good as the grades, whatever the sketch. A threshold just above these asks for that. */
static void bounds_of_the_sample(void **state)
{
  (void)state;
  struct case_of_bounds made;
  struct mlgrain_mtp *mtp;
  struct view view;
  double grade[ATOMS];
  case_make(1, &made);
  view_make(made.file, &made.atoms, &view);
  assert_int_equal(mlgrain_mtp_create(made.file, mlgrain_simd_best(), &mtp, NULL), 0);
  double most = 0.0;
  for (int i = 0; i < 10; i++)
    most = fmax(most, made.exact.grade[i]);
  struct mlgrain_mtp_grade_bounds *bounds = bounds_of(mtp, &view, made.file->parameter_count, 10,
                                                      most + 0.01 * made.file->site_weight, 0);
  assert_true(bounds->directions >= 10);
  compute_bounded(mtp, &view, bounds, 10, 10, 1e12, 0, grade); /* lengths decide */
  for (int i = 0; i < 10; i++)
    assert_true(grade[i] >=
                made.exact.grade[i] * (1.0 - 1e-8)); /* equal where a known row has it */
  /* What rounding may add is some parts in 1000. Then nothing has to be looked at. */
  const double slack = MTP_BOUND_SLACK * made.file->site_weight;
  const struct mlgrain_mtp_result above =
      compute_bounded(mtp, &view, bounds, 10, 10, most * 1.01 + slack, 0, grade);
  assert_int_equal(above.grade_rows, 0);
  assert_int_equal(above.grade_atoms, 0);
  const struct mlgrain_mtp_result below =
      compute_bounded(mtp, &view, bounds, 10, 10, most * 0.99, 0, grade);
  assert_true(below.grade_rows > 0);
  assert_int_equal(below.grade_atoms, 1);
  assert_near(below.largest_grade, most, 1e-8 * most);
  mlgrain_mtp_grade_bounds_free(bounds);
  mlgrain_mtp_free(mtp);
  view_free(&view);
  case_free(&made);
}

/* ---- rounding -------------------------------------------------------------------------------- */

/* The largest error of a coefficient that rounding of a gradient makes, in units of what it is
   taken to be at most. */
static double largest_error(const struct mlgrain_mtp_grade_bounds *bounds, const double *exact,
                            const float *rounded, size_t places, double of_sums)
{
  const size_t n = bounds->parameters;
  double squares = of_sums, largest = 0.0;
  for (size_t l = 0; l < n; l++) {
    const double entry = (double)bounds->entry_error[l] * (double)rounded[l * places];
    squares += entry * entry;
  }
  for (size_t k = 0; k < n; k++) {
    double error = 0.0;
    for (size_t l = 0; l < n; l++)
      error += (double)bounds->inverse[k * n + l] *
               (bounds->mean[l] + (double)rounded[l * places] - exact[l]);
    largest = fmax(largest, fabs(error));
  }
  return largest / sqrt(squares);
}

/* Gradients of the blocks that were bounded last, from a workspace. */
static void rounding_of_gradients(void **state)
{
  (void)state;
  static const int of_one_species[] = {0, 1, TRAINED};
  for (int f = 0; f < 3; f++) {
    struct case_of_bounds made;
    struct mlgrain_mtp *mtp;
    struct view view;
    struct mlgrain_mtp_workspace *workspace;
    double grade[ATOMS];
    case_make(of_one_species[f], &made);
    view_make(made.file, &made.atoms, &view);
    assert_int_equal(mlgrain_mtp_create(made.file, mlgrain_simd_best(), &mtp, NULL), 0);
    assert_int_equal(mlgrain_mtp_workspace_create(&workspace, NULL), 0);
    const size_t n = made.file->parameter_count;
    const size_t places = (size_t)mtp->lanes * MTP_GRADE_BLOCKS;
    struct mlgrain_mtp_grade_bounds *bounds = bounds_of(mtp, &view, n, SAMPLE, 1e12, 0);
    struct mlgrain_mtp_result result = {
        .grade = grade, .grade_bounds = bounds, .grade_threshold = 1e12};
    assert_int_equal(
        mlgrain_mtp_compute(mtp, workspace, &view.atoms, view.center, places, &result, NULL), 0);
    const double *product = workspace->buffer[MTP_ROUNDED].memory;
    const float *gradient = (const float *)(product + bounds->rows * places);
    const float *of_sums = gradient + n * places;
    double *exact = malloc(n * sizeof *exact), largest = 0.0;
    struct mlgrain_mtp_workspace *other;
    assert_int_equal(mlgrain_mtp_workspace_create(&other, NULL), 0);
    for (size_t place = 0; place < places; place++) {
      memset(exact, 0, n * sizeof *exact);
      struct mlgrain_mtp_result alone = {.gradient_sum = exact};
      assert_int_equal(
          mlgrain_mtp_compute(mtp, other, &view.atoms, view.center + place, 1, &alone, NULL), 0);
      largest = fmax(
          largest, largest_error(bounds, exact, gradient + place, places, (double)of_sums[place]));
    }
    print_message("potential %d: rounding is up to %.2g of what it is taken to be\n", f, largest);
    if (!(largest > 1e-4) || !(largest < 0.5))
      fail_msg("potential %d: not between 1e-4 and 0.5", f);
    free(exact);
    mlgrain_mtp_workspace_free(other);
    mlgrain_mtp_workspace_free(workspace);
    mlgrain_mtp_grade_bounds_free(bounds);
    mlgrain_mtp_free(mtp);
    view_free(&view);
    case_free(&made);
  }
}

/* ---- idle rows ------------------------------------------------------------------------------- */

/* A row of an active set that was never replaced: one number alone. */
static int is_unreplaced(const struct mlgrain_mtp_file *file, size_t k)
{
  const size_t n = file->parameter_count;
  int numbers = 0;
  for (size_t l = 0; l < n; l++)
    numbers += file->active_set[k * n + l] != 0.0;
  return numbers == 1 && fabs(file->active_set[k * n + k]) < 1e-3;
}

/* Of copper at level 16: four radial functions that can be multiplied, six ways to add one to
   another, and one more. */
static void idle_rows_of_a_trained_set(void **state)
{
  (void)state;
  struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_file *file = trained_file();
  const size_t n = file->parameter_count;
  int *idle = malloc(n * sizeof *idle), count = 0;
  assert_int_equal(mlgrain_mtp_create(file, mlgrain_simd_best(), &mtp, NULL), 0);
  assert_int_equal(mtp_find_idle_rows(mtp, idle), 0);
  for (size_t k = 0; k < n; k++) {
    assert_int_equal(idle[k], is_unreplaced(file, k));
    count += idle[k];
  }
  assert_int_equal(count, 11);
  free(idle);
  mlgrain_mtp_free(mtp);
  mlgrain_mtp_file_free(file);
}

/* Rows for what training never met must not count as idle: products that aren't moments up to a
   level leave nothing undetermined. */
static void rows_that_nothing_replaced(void **state)
{
  (void)state;
  struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_file *file = structured_file(&forms[1]);
  const size_t n = file->parameter_count;
  int *idle = malloc(n * sizeof *idle);
  for (size_t k = 3; k < n; k += 7)
    for (size_t l = 0; l < n; l++)
      file->active_set[k * n + l] = l == k ? 1e-6 : 0.0;
  assert_true(invert(file));
  assert_int_equal(mlgrain_mtp_create(file, mlgrain_simd_best(), &mtp, NULL), 0);
  assert_int_equal(mtp_find_idle_rows(mtp, idle), 0);
  for (size_t k = 0; k < n; k++)
    assert_int_equal(idle[k], 0);
  free(idle);
  mlgrain_mtp_free(mtp);
  mlgrain_mtp_file_free(file);
}

/* The same coefficients from rows that are shorter by many orders of magnitude. */
static void shortest_inverse(void **state)
{
  (void)state;
  struct case_of_bounds made;
  struct mlgrain_mtp *mtp;
  struct view view;
  case_make(TRAINED, &made);
  view_make(made.file, &made.atoms, &view);
  assert_int_equal(mlgrain_mtp_create(made.file, mlgrain_simd_best(), &mtp, NULL), 0);
  const size_t n = made.file->parameter_count;
  struct mlgrain_mtp_grade_bounds *bounds = bounds_of(mtp, &view, n, 1, 1e12, 0);
  double *scale = malloc(n * sizeof *scale), *inverse = malloc(n * n * sizeof *inverse);
  double *gradient = calloc(n, sizeof *gradient), before = 0.0, after = 0.0;
  int *idle = malloc(n * sizeof *idle);
  struct mlgrain_mtp_workspace *workspace;
  struct mlgrain_mtp_result result = {.gradient_sum = gradient};
  for (size_t l = 0; l < n; l++)
    scale[l] = fabs(bounds->mean[l]) + 1e-3;
  assert_int_equal(mtp_find_idle_rows(mtp, idle), 0);
  assert_int_equal(mtp_shortest_inverse(mtp, idle, scale, inverse), 0);
  assert_int_equal(mlgrain_mtp_workspace_create(&workspace, NULL), 0);
  assert_int_equal(
      mlgrain_mtp_compute(mtp, workspace, &view.atoms, view.center + 7, 1, &result, NULL), 0);
  for (size_t k = 0; k < n; k++) {
    double expected = 0.0, got = 0.0;
    for (size_t l = 0; l < n; l++) {
      expected += mtp->active_inverse[k * n + l] * gradient[l];
      got += inverse[k * n + l] * gradient[l];
      before = fmax(before, fabs(mtp->active_inverse[k * n + l] * scale[l]));
      after = fmax(after, fabs(inverse[k * n + l] * scale[l]));
    }
    assert_near(got, expected, 1e-6 * made.exact.grade[7]);
  }
  print_message("entries of the inverse up to %.2g, and %.2g before\n", after, before);
  assert_true(after < 1e-3 * before);
  free(scale);
  free(inverse);
  free(gradient);
  free(idle);
  mlgrain_mtp_workspace_free(workspace);
  mlgrain_mtp_grade_bounds_free(bounds);
  mlgrain_mtp_free(mtp);
  view_free(&view);
  case_free(&made);
}

/* ---- bad input ------------------------------------------------------------------------------- */

/* A position that isn't finite: so are the grades that it enters, and no others. */
static void not_finite(void **state)
{
  (void)state;
  struct case_of_bounds made;
  struct mlgrain_mtp *mtp;
  double expected[ATOMS], grade[ATOMS];
  case_make(0, &made);
  struct view view;
  view_make(made.file, &made.atoms, &view);
  assert_int_equal(mlgrain_mtp_create(made.file, mlgrain_simd_best(), &mtp, NULL), 0);
  struct mlgrain_mtp_grade_bounds *bounds =
      bounds_of(mtp, &view, made.file->parameter_count, SAMPLE, made.sorted[ATOMS - 1], 0);
  made.atoms.x[50][1] = NAN;
  compute_bounded(mtp, &view, NULL, ATOMS, ATOMS, 0.0, 0, expected);
  const double threshold = 1.5 * made.sorted[ATOMS - 1];
  const struct mlgrain_mtp_result result =
      compute_bounded(mtp, &view, bounds, ATOMS, ATOMS, threshold, 1, grade);
  int count = 0;
  for (int i = 0; i < ATOMS; i++) {
    assert_int_equal(isnan(expected[i]), isnan(grade[i]));
    count += isnan(grade[i]) ? 1 : 0;
  }
  assert_true(count > 0 && count < ATOMS);
  assert_true(isnan(result.largest_grade));
  mlgrain_mtp_grade_bounds_free(bounds);
  mlgrain_mtp_free(mtp);
  view_free(&view);
  case_free(&made);
}

static void needs_an_active_set(void **state)
{
  (void)state;
  struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_grade_bounds *bounds;
  struct mlgrain_error error = {""};
  struct mlgrain_mtp_file *file = random_file(&forms[0], 5);
  assert_int_equal(mlgrain_mtp_create(file, mlgrain_simd_best(), &mtp, NULL), 0);
  assert_int_equal(mlgrain_mtp_grade_bounds_create(mtp, NULL, 0, 2.0, 0, &bounds, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_null(bounds);
  assert_non_null(strstr(error.text, "active set"));
  mlgrain_mtp_free(mtp);
  mlgrain_mtp_file_free(file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(factors),
      cmocka_unit_test(failures),
      cmocka_unit_test(grades_and_bounds),
      cmocka_unit_test(bounds_of_the_sample),
      cmocka_unit_test(rounding_of_gradients),
      cmocka_unit_test(idle_rows_of_a_trained_set),
      cmocka_unit_test(rows_that_nothing_replaced),
      cmocka_unit_test(shortest_inverse),
      cmocka_unit_test(not_finite),
      cmocka_unit_test(needs_an_active_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
