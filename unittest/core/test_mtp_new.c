/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New potentials: their basis functions against those of published files, their starting
   parameters, and the writer against the reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mlgrain/mtp_train.h"
#include "mtp_random.h"
#include "near.h"

static struct mlgrain_mtp_file *new_file(int level, int species, int radial_size)
{
  const struct mlgrain_mtp_form form = {.level = level,
                                        .species_count = species,
                                        .min_dist = 1.9,
                                        .max_dist = 5.0,
                                        .radial_size = radial_size,
                                        .seed = 5};
  struct mlgrain_mtp_file *file;
  assert_int_equal(mlgrain_mtp_file_new(&form, &file, NULL), MLGRAIN_SUCCESS);
  return file;
}

/* Numbers of basic moments and of functions in the stock files of MLIP. */
static void sizes_of_stock_levels(void **state)
{
  (void)state;
  static const int stock[][3] = {{2, 1, 1},      {4, 1, 2},      {6, 5, 5},      {8, 11, 9},
                                 {10, 25, 16},   {12, 46, 29},   {14, 81, 52},   {16, 130, 92},
                                 {18, 201, 163}, {20, 295, 288}, {22, 421, 500}, {24, 581, 864},
                                 {28, 866, 2445}};
  for (size_t k = 0; k < sizeof stock / sizeof *stock; k++) {
    struct mlgrain_mtp_file *file = new_file(stock[k][0], 2, 8);
    assert_int_equal(file->basic_count, stock[k][1]);
    assert_int_equal(file->scalar_count, stock[k][2]);
    assert_int_equal(file->parameter_count, 4 * file->radial_count * 8 + 2 + stock[k][2]);
    mlgrain_mtp_file_free(file);
  }
}

static int compare_numbers(const void *left, const void *right)
{
  const double a = *(const double *)left, b = *(const double *)right;
  return a < b ? -1 : a > b;
}

/* Values of the functions of a file in a random neighborhood, sorted. */
static double *sorted_functions(const struct mlgrain_mtp_file *file)
{
  enum { COUNT = 14 };
  struct random_source source = {7};
  double d[COUNT][3], gradient[COUNT][3];
  int species[COUNT] = {0};
  for (int j = 0; j < COUNT; j++)
    for (int c = 0; c < 3; c++)
      d[j][c] = random_number(&source, -2.7, 2.7);
  double *parameter = malloc(file->parameter_count * sizeof *parameter);
  struct reference_site site = {0.0, gradient, parameter};
  reference_compute(file, 0, COUNT, (const double(*)[3])d, species, &site);
  const size_t count = (size_t)file->scalar_count;
  memmove(parameter, parameter + file->parameter_count - count, count * sizeof *parameter);
  qsort(parameter, count, sizeof *parameter, compare_numbers);
  return parameter;
}

/* With the radial functions of a published file, ours has the same basis functions as that one. */
static void functions_of_published_files(void **state)
{
  (void)state;
  static const struct {
    const char *name;
    int level;
  } published[] = {{"Fe_16.mtp", 16}, {"Fe_22.mtp", 24}};
  const char *folder = getenv("MLGRAIN_REFERENCE_DIR");
  if (!folder || !*folder)
    skip();
  for (int p = 0; p < 2; p++) {
    char path[4096];
    struct mlgrain_mtp_file *file, *made = new_file(published[p].level, 1, 8);
    snprintf(path, sizeof path, "%s/mtp/%s", folder, published[p].name);
    assert_int_equal(mlgrain_mtp_file_read(path, &file, NULL), MLGRAIN_SUCCESS);
    assert_int_equal(made->scalar_count, file->scalar_count);
    assert_int_equal(made->radial_count, file->radial_count);
    assert_int_equal(made->basic_count, file->basic_count);
    made->scaling = file->scaling;
    made->min_dist = file->min_dist;
    made->max_dist = file->max_dist;
    memcpy(made->radial_coeffs, file->radial_coeffs,
           (size_t)(file->radial_count * file->radial_size) * sizeof(double));
    double *got = sorted_functions(made), *expected = sorted_functions(file);
    for (int k = 0; k < file->scalar_count; k++)
      assert_near(got[k], expected[k], 1e-11 * (fabs(expected[k]) + fabs(expected[0])));
    free(got);
    free(expected);
    mlgrain_mtp_file_free(file);
    mlgrain_mtp_file_free(made);
  }
}

static void written_files_are_read_again(void **state)
{
  (void)state;
  for (int active = 0; active < 2; active++) {
    struct mlgrain_mtp_file *file = new_file(9, 3, 5), *again;
    struct random_source source = {3};
    struct mlgrain_error error = {""};
    const size_t n = file->parameter_count;
    char *bytes;
    size_t size;
    file->basis = active ? MLGRAIN_MTP_CHEBYSHEV : MLGRAIN_MTP_CHEBYSHEV_REPULS;
    file->label[1] = 29;
    for (int k = 0; k < file->scalar_count; k++)
      file->moment_coeffs[k] = random_number(&source, -1, 1) * 1e-7;
    for (int k = 0; k < 3; k++)
      file->species_coeffs[k] = random_number(&source, -1, 1) * 1e9;
    if (active) {
      file->active_set = malloc(n * n * sizeof(double));
      file->active_inverse = malloc(n * n * sizeof(double));
      for (size_t k = 0; k < n * n; k++) {
        file->active_set[k] = random_number(&source, -1, 1);
        file->active_inverse[k] = random_number(&source, -1, 1);
      }
      file->site_weight = 1.0;
      file->weight_scaling = 2;
    }
    assert_int_equal(mlgrain_mtp_file_format(file, "a name", &bytes, &size, &error), 0);
    if (mlgrain_mtp_file_parse("written", bytes, size, &again, &error))
      fail_msg("%s", error.text);
    assert_int_equal(again->basis, file->basis);
    assert_int_equal(again->parameter_count, n);
    assert_int_equal(again->times_count, file->times_count);
    assert_memory_equal(again->label, file->label, 3 * sizeof(int));
    assert_memory_equal(again->basic, file->basic, (size_t)file->basic_count * sizeof(int[4]));
    assert_memory_equal(again->times, file->times, (size_t)file->times_count * sizeof(int[4]));
    assert_memory_equal(again->mapping, file->mapping, (size_t)file->scalar_count * sizeof(int));
    assert_memory_equal(again->radial_coeffs, file->radial_coeffs,
                        (size_t)(9 * file->radial_count * 5) * sizeof(double));
    assert_memory_equal(again->species_coeffs, file->species_coeffs, 3 * sizeof(double));
    assert_memory_equal(again->moment_coeffs, file->moment_coeffs,
                        (size_t)file->scalar_count * sizeof(double));
    assert_int_equal(again->grade_mode, active ? MLGRAIN_MTP_NEIGHBORHOOD : MLGRAIN_MTP_NO_GRADE);
    assert_true(again->min_dist == 1.9 && again->max_dist == 5.0 && again->scaling == 0.1);
    if (active) {
      assert_memory_equal(again->active_set, file->active_set, n * n * sizeof(double));
      assert_memory_equal(again->active_inverse, file->active_inverse, n * n * sizeof(double));
    }
    mlgrain_mtp_bytes_free(bytes);
    mlgrain_mtp_file_free(again);
    mlgrain_mtp_file_free(file);
  }
}

static void starting_parameters(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = new_file(10, 2, 8), *other = new_file(10, 2, 8);
  const size_t radial = (size_t)(4 * file->radial_count * 8);
  double sum = 0.0;
  assert_memory_equal(file->radial_coeffs, other->radial_coeffs, radial * sizeof(double));
  mlgrain_mtp_file_start(other, 6);
  for (size_t k = 0; k < radial; k++) {
    const double expected = k / 8 % (size_t)file->radial_count == k % 8 ? 1.0 : 0.0;
    assert_near(file->radial_coeffs[k], expected, 0.5);
    sum += pow(file->radial_coeffs[k] - expected, 2);
    assert_true(file->radial_coeffs[k] != other->radial_coeffs[k]);
  }
  assert_near(sqrt(sum / (double)radial), 0.1, 0.03);
  mlgrain_mtp_file_free(file);
  mlgrain_mtp_file_free(other);
}

/* Parameters go with the labels; new species and pairs get means; the active set is dropped. */
static void other_species(void **state)
{
  (void)state;
  static const int label[3] = {1, 8, 0}, old[3] = {1, -1, 0}, twice[2] = {2, 2}, negative[1] = {-1};
  struct mlgrain_mtp_file *file = new_file(8, 2, 4), *before = new_file(8, 2, 4);
  struct mlgrain_error error = {""};
  const size_t size = (size_t)(4 * file->radial_count), n = file->parameter_count;
  file->species_coeffs[0] = 1.0;
  file->species_coeffs[1] = 3.0;
  file->active_set = calloc(n * n, sizeof(double));
  file->active_inverse = calloc(n * n, sizeof(double));
  file->grade_mode = MLGRAIN_MTP_NEIGHBORHOOD;
  assert_int_equal(mlgrain_mtp_file_set_species(file, twice, 2, &error), MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_mtp_file_set_species(file, negative, 1, NULL), MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_mtp_file_set_species(file, label, 0, NULL), MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_mtp_file_set_species(file, label, 1001, NULL), MLGRAIN_INVALID_ARGUMENT);
  assert_true(file->species_count == 2 && file->active_set);
  assert_int_equal(mlgrain_mtp_file_set_species(file, label, 3, &error), MLGRAIN_SUCCESS);
  assert_int_equal(file->parameter_count, 9 * size + 3 + (size_t)file->scalar_count);
  assert_true(!file->active_set && !file->active_inverse);
  assert_int_equal(file->grade_mode, MLGRAIN_MTP_NO_GRADE);
  assert_memory_equal(file->label, label, sizeof label);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      for (size_t k = 0; k < size; k++) {
        const double *c = before->radial_coeffs + k;
        const double mean = (c[0] + c[size] + c[2 * size] + c[3 * size]) / 4.0;
        const int known = old[i] >= 0 && old[j] >= 0;
        assert_near(file->radial_coeffs[(size_t)(3 * i + j) * size + k],
                    known ? c[(size_t)(2 * old[i] + old[j]) * size] : mean, 1e-15);
      }
  assert_near(file->species_coeffs[0], 3.0, 0.0);
  assert_near(file->species_coeffs[1], 2.0, 0.0);
  assert_near(file->species_coeffs[2], 1.0, 0.0);
  mlgrain_mtp_file_free(file);
  mlgrain_mtp_file_free(before);
}

/* Functions come in the order of the potential that gets them. */
static void moments_of_another(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = new_file(8, 1, 4), *source = new_file(8, 1, 4);
  struct mlgrain_mtp_file *higher = new_file(10, 1, 4);
  struct mlgrain_error error = {""};
  const size_t count = (size_t)source->scalar_count;
  size_t *place = calloc((size_t)higher->scalar_count, sizeof *place);
  const int *mapping = file->mapping;
  assert_int_equal(mlgrain_mtp_file_set_moments(file, source, place, &error),
                   MLGRAIN_INVALID_ARGUMENT); /* all at 0 */
  for (size_t k = 0; k < count; k++)
    place[k] = count - 1 - k;
  assert_int_equal(mlgrain_mtp_file_set_moments(file, higher, place, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  place[0] = count;
  assert_int_equal(mlgrain_mtp_file_set_moments(file, source, place, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_ptr_equal(file->mapping, mapping);
  place[0] = count - 1;
  assert_int_equal(mlgrain_mtp_file_set_moments(file, source, place, &error), MLGRAIN_SUCCESS);
  for (size_t k = 0; k < count; k++)
    assert_int_equal(file->mapping[k], source->mapping[count - 1 - k]);
  assert_memory_equal(file->times, source->times,
                      (size_t)source->times_count * sizeof *source->times);
  assert_int_equal(file->moment_count, source->moment_count);
  free(place);
  mlgrain_mtp_file_free(file);
  mlgrain_mtp_file_free(source);
  mlgrain_mtp_file_free(higher);
}

static void wrong_forms(void **state)
{
  (void)state;
  static const int twice[2] = {4, 4};
  static const struct mlgrain_mtp_form forms[] = {
      {.level = 1, .species_count = 1, .max_dist = 5, .radial_size = 8},
      {.level = 29, .species_count = 1, .max_dist = 5, .radial_size = 8},
      {.level = 8, .species_count = 0, .max_dist = 5, .radial_size = 8},
      {.level = 8, .species_count = 1, .max_dist = 5, .radial_size = 0},
      {.level = 8, .species_count = 1, .min_dist = 5, .max_dist = 5, .radial_size = 8},
      {.level = 8, .species_count = 1, .min_dist = NAN, .max_dist = 5, .radial_size = 8},
      {.level = 8, .species_count = 2, .label = twice, .max_dist = 5, .radial_size = 8}};
  static const char *const texts[] = {"level 1 ", "level 29", "0 species", "0 polynomials",
                                      "5 to 5",   "nan to 5", "label 4"};
  for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
    struct mlgrain_mtp_file *file;
    struct mlgrain_error error = {""};
    assert_int_equal(mlgrain_mtp_file_new(&forms[k], &file, &error), MLGRAIN_INVALID_ARGUMENT);
    assert_null(file);
    if (!strstr(error.text, texts[k]))
      fail_msg("'%s' should name '%s'", error.text, texts[k]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_of_stock_levels),
      cmocka_unit_test(functions_of_published_files),
      cmocka_unit_test(written_files_are_read_again),
      cmocka_unit_test(starting_parameters),
      cmocka_unit_test(other_species),
      cmocka_unit_test(moments_of_another),
      cmocka_unit_test(wrong_forms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
