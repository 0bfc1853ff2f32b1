/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grades of potentials for several species: active sets whose structure is made use of, and those
   that have none, against the plain product with the inverse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mtp/mtp_private.h"
#include "mtp_active.h"
#include "near.h"

/* species, functions, rank, radial size, products, repulsive */
static const struct random_form one = {1, 2, 3, 5, 40, 0}, two = {2, 3, 2, 6, 30, 0},
                                three = {3, 2, 3, 5, 40, 0}, four = {4, 1, 2, 4, 10, 1};

/* The elements that multiply coefficients of skeleton rows are about one at most. */
static void assert_bounded(const struct mlgrain_mtp_file *file, const struct mtp_factored *factored)
{
  const size_t rows = block_size(file) / factored->together * factored->together;
  for (int s = 0; s < file->species_count; s++)
    for (size_t k = 0; k < rows * (factored->first[s + 1] - factored->first[s]); k++)
      assert_true(fabs(factored->memory[factored->foreign[s] + k]) <= 1.5);
}

/* Whether the structure is found is as expected, and grades are those of the inverse; blocks and
   their rests have centers of one species and of several. */
static void check(const struct mlgrain_mtp_file *file, int factored, double tolerance)
{
  static const int batches[] = {1, 13, 1000};
  struct atoms atoms;
  struct outcome expected, got;
  struct mlgrain_mtp *mtp;
  random_atoms(90, file->species_count, 1.9, file->max_dist, 7, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 0.5);
  compute_plain(file, &atoms, &expected);
  for (int level = 0; level <= (int)mlgrain_simd_best(); level++) {
    assert_int_equal(mlgrain_mtp_create(file, (enum mlgrain_simd_level)level, &mtp, NULL), 0);
    assert_int_equal(mtp->factored != NULL, factored);
    if (factored)
      assert_bounded(file, mtp->factored);
    mlgrain_mtp_free(mtp);
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
      assert_int_equal(
          compute_kernels(file, (enum mlgrain_simd_level)level, &atoms, batches[b], &got), 0);
      assert_close("grade", got.grade, expected.grade, (size_t)atoms.local, tolerance);
      assert_close("gradient_sum", got.gradient_sum, expected.gradient_sum, file->parameter_count,
                   1e-12);
      outcome_free(&got);
    }
  }
  outcome_free(&expected);
  atoms_free(&atoms);
}

static void structure_is_used(void **state)
{
  (void)state;
  const struct random_form *forms[] = {&two, &three, &four};
  for (int f = 0; f < 3; f++) {
    struct mlgrain_mtp_file *file = structured_file(forms[f]);
    assert_true(invert(file));
    check(file, 1, 1e-10);
    mlgrain_mtp_file_free(file);
  }
}

/* Units of parameters far apart, as they are in files, and rows for directions without data: a
   small number in one column, radial or not. */
static void scales_and_unit_rows(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = structured_file(&three);
  const size_t n = file->parameter_count;
  for (size_t k = 0; k < n; k++)
    for (size_t l = 0; l < n; l++)
      file->active_set[k * n + l] *= pow(10.0, (double)(l % 7) - 3.0);
  for (size_t k = 0; k < 3; k++) {
    memset(file->active_set + k * n, 0, n * sizeof(double));
    file->active_set[k * n + (k == 0 ? 4 : n - 2 * k)] = 1e-5;
  }
  assert_true(invert(file));
  check(file, 1, 1e-8);
  mlgrain_mtp_file_free(file);
}

/* A unit matrix: each species has as many rows as radial columns. */
static void unit_matrix(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = structured_file(&three);
  const size_t n = file->parameter_count;
  memset(file->active_set, 0, n * n * sizeof(double));
  for (size_t k = 0; k < n; k++)
    file->active_set[k * n + k] = 1.0;
  assert_true(invert(file));
  check(file, 1, 1e-12);
  mlgrain_mtp_file_free(file);
}

/* With one species there is nothing to gain; without A, or with a grade of configurations, nothing
   is looked for. */
static void nothing_to_factor(void **state)
{
  (void)state;
  struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_file *file = structured_file(&one);
  assert_true(invert(file));
  check(file, 0, 1e-10);
  mlgrain_mtp_file_free(file);
  file = structured_file(&three);
  assert_true(invert(file));
  file->grade_mode = MLGRAIN_MTP_CONFIGURATION;
  assert_int_equal(mlgrain_mtp_create(file, mlgrain_simd_best(), &mtp, NULL), 0);
  assert_null(mtp->factored);
  mlgrain_mtp_free(mtp);
  file->grade_mode = MLGRAIN_MTP_NEIGHBORHOOD;
  free(file->active_set);
  file->active_set = NULL;
  check(file, 0, 1e-10);
  mlgrain_mtp_file_free(file);
}

/* A row with radial parts of two species. */
static void mixed_row(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = structured_file(&three);
  file->active_set[block_size(file)] = 0.5;
  assert_true(invert(file));
  check(file, 0, 1e-10);
  mlgrain_mtp_file_free(file);
}

/* Singular matrices, whose "inverse" then is anything: one species with fewer rows than radial
   columns, a column of zeros, equal columns. */
static void singular_matrices(void **state)
{
  (void)state;
  for (int which = 0; which < 3; which++) {
    struct mlgrain_mtp_file *file = structured_file(&two);
    const size_t n = file->parameter_count, block = block_size(file);
    assert_true(invert(file));
    for (size_t k = 0; k < n; k++) {
      double *row = file->active_set + k * n;
      if (which == 0 && k % 2 == 0 && k / 2 >= block - 1)
        memset(row, 0, block * sizeof *row);
      else if (which > 0)
        row[3] = which == 1 ? 0.0 : row[4];
    }
    check(file, 0, 1e-10);
    mlgrain_mtp_file_free(file);
  }
}

/* An inverse that belongs to another matrix, and numbers that overflow. */
static void hostile_files(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = structured_file(&three);
  const size_t n = file->parameter_count;
  assert_true(invert(file));
  file->active_inverse[7 * n + 5 * block_size(file) / 2] += 0.01;
  check(file, 0, 1e-10);
  file->active_inverse[7 * n + 5 * block_size(file) / 2] -= 0.01;
  for (size_t l = 0; l < n; l++)
    file->active_set[l] *= 1e306;
  check(file, 0, 1e-10);
  for (size_t k = 0; k < n * n; k++)
    file->active_set[k] *= k < n ? 1e-306 : 1e-310;
  check(file, 0, 1e-10);
  memset(file->active_set, 0, n * n * sizeof(double));
  memset(file->active_inverse, 0, n * n * sizeof(double));
  check(file, 0, 0.0);
  mlgrain_mtp_file_free(file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(structure_is_used), cmocka_unit_test(scales_and_unit_rows),
      cmocka_unit_test(unit_matrix),       cmocka_unit_test(nothing_to_factor),
      cmocka_unit_test(mixed_row),         cmocka_unit_test(singular_matrices),
      cmocka_unit_test(hostile_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
