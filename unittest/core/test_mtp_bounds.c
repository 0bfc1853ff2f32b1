/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grades with bounds, against those of the plain formula: never one below what it should be, exact
   above the threshold, few products where the atoms are like the sample. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

/* From the definition: SciPy's chi2.ppf. */
static void factors(void **state)
{
  (void)state;
  assert_near(mtp_sketch_factor(2, 0.05), 4.415396442701798, 1e-12);
  assert_near(mtp_sketch_factor(18, 1e-3), 1.915682095074873, 1e-12);
  assert_near(mtp_sketch_factor(18, 1e-9), 4.558912216904649, 1e-11);
  assert_near(mtp_sketch_factor(60, 1e-9), 1.9687928810052953, 1e-11);
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
  enum { ROWS = 18, LENGTH = 5, DRAWS = 10000 };
  const double probability = 0.02, factor = mtp_sketch_factor(ROWS, probability);
  struct random_source source = {3};
  int failed = 0;
  for (int draw = 0; draw < DRAWS; draw++) {
    double squares = 0.0, length = 0.0;
    for (int row = 0; row < ROWS; row++) {
      double sum = 0.0;
      for (int k = 0; k < LENGTH; k++)
        sum += (double)k * normal_number(&source);
      squares += sum * sum / ROWS;
    }
    for (int k = 0; k < LENGTH; k++)
      length += (double)(k * k);
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

/* Some atoms, not in the sample, are moved close to another. */
static void case_make(int form, struct case_of_bounds *made)
{
  made->file = structured_file(&forms[form]);
  assert_true(invert(made->file));
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
  for (int form = 0; form < (int)(sizeof forms / sizeof *forms); form++) {
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
  compute_bounded(mtp, &view, bounds, 10, 10, 1e12, 0, grade);
  for (int i = 0; i < 10; i++) {
    const double slack = MTP_BOUND_SLACK * made.file->site_weight, exact = made.exact.grade[i];
    assert_true(grade[i] >= exact * (1.0 - 1e-8)); /* equal where a known row has it */
    assert_true(grade[i] <= exact * (1.0 + 1e-5) + slack);
  }
  mlgrain_mtp_grade_bounds_free(bounds);
  mlgrain_mtp_free(mtp);
  view_free(&view);
  case_free(&made);
}

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
      cmocka_unit_test(factors),           cmocka_unit_test(failures),
      cmocka_unit_test(grades_and_bounds), cmocka_unit_test(bounds_of_the_sample),
      cmocka_unit_test(not_finite),        cmocka_unit_test(needs_an_active_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
