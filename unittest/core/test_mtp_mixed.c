/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment tensor potentials in mixed precision: kernels of every SIMD level against those in double
   precision, which test_mtp_compute.c holds to the plain implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mlgrain/mtp_train.h"
#include "mtp_random.h"
#include "near.h"

/* As compute_kernels, but without what mixed precision doesn't have. */
static void compute_mixed(const struct mlgrain_mtp_file *file, enum mlgrain_simd_level level,
                          const struct atoms *atoms, int batch, struct outcome *out)
{
  struct mlgrain_mtp *mtp;
  assert_int_equal(mlgrain_mtp_create_mixed(file, level, &mtp, NULL), MLGRAIN_SUCCESS);
  outcome_alloc(out, atoms, file->parameter_count);
  free(out->grade);
  free(out->gradient_sum);
  out->grade = out->gradient_sum = NULL;
  assert_int_equal(compute_all(mtp, file, atoms, batch, out), MLGRAIN_SUCCESS);
  mlgrain_mtp_free(mtp);
}

static void assert_outcomes_agree(const struct atoms *atoms, const struct outcome *got,
                                  const struct outcome *expected, double tolerance)
{
  const size_t n = (size_t)atoms->local;
  assert_close("energy", &got->energy, &expected->energy, 1, tolerance);
  assert_close("virial", got->virial, expected->virial, 6, tolerance);
  assert_close("site energy", got->site_energy, expected->site_energy, n, tolerance);
  assert_close("force", got->force[0], expected->force[0], 3 * n, tolerance);
  assert_close("virial_half", got->half[0], expected->half[0], 6 * n, tolerance);
  assert_close("virial_centroid", got->centroid[0], expected->centroid[0], 9 * n, tolerance);
  assert_close("smallest distance", &got->smallest, &expected->smallest, 1, 1e-7);
}

/* All levels, in batches that fill blocks or don't. */
static void compare_levels(const struct mlgrain_mtp_file *file, const struct atoms *atoms,
                           double tolerance)
{
  struct outcome expected;
  assert_int_equal(compute_kernels(file, mlgrain_simd_best(), atoms, 1000, &expected),
                   MLGRAIN_SUCCESS);
  for (int level = 0; level <= (int)mlgrain_simd_best(); level++) {
    static const int batches[] = {1, 5, 16, 1000};
    for (int b = 0; b < 4; b++) {
      struct outcome got;
      compute_mixed(file, (enum mlgrain_simd_level)level, atoms, batches[b], &got);
      assert_outcomes_agree(atoms, &got, &expected, tolerance);
      outcome_free(&got);
    }
  }
  outcome_free(&expected);
}

/* One species and several, more than a vector has lanes; Chebyshev's polynomials and powers; a
 * wall.
 */
static const struct random_form forms[] = {
    {1, 1, 0, 1, 0, 0},  {1, 1, 3, 8, 40, 0},  {2, 3, 4, 6, 120, 0}, {3, 2, 6, 10, 90, 0},
    {5, 4, 2, 3, 60, 1}, {2, 5, 2, 14, 40, 0}, {1, 7, 1, 11, 20, 1}, {17, 3, 3, 5, 50, 0}};

static void random_potentials(void **state)
{
  (void)state;
  for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
    struct mlgrain_mtp_file *file = random_file(&forms[f], 3 + f);
    struct atoms atoms;
    random_atoms(37 + (int)f, forms[f].species, forms[f].repulsive ? 1.5 : 1.9, file->max_dist, f,
                 &atoms);
    atoms_build_lists(&atoms, file->max_dist + 1.0);
    compare_levels(file, &atoms, 1e-5);
    atoms_free(&atoms);
    mlgrain_mtp_file_free(file);
  }
}

/* Positions are doubles until they are differences. */
static void far_from_the_origin(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[2], 6);
  struct atoms atoms;
  random_atoms(20, 2, 1.9, file->max_dist, 4, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  for (int i = 0; i < atoms.total; i++)
    for (int d = 0; d < 3; d++)
      atoms.x[i][d] += d == 1 ? -2e5 : 1e5;
  compare_levels(file, &atoms, 1e-5);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

static void not_a_number_stays(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[2], 5);
  struct atoms atoms;
  random_atoms(20, 2, 1.9, file->max_dist, 4, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  atoms.x[atoms.neighbors[0][0]][1] = NAN;
  for (int level = 0; level <= (int)mlgrain_simd_best(); level++) {
    struct outcome got;
    compute_mixed(file, (enum mlgrain_simd_level)level, &atoms, 1000, &got);
    assert_true(isnan(got.energy));
    assert_true(isnan(got.site_energy[0]));
    assert_true(isnan(got.force[0][1]));
    outcome_free(&got);
  }
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

/* A stock potential with random coefficients: those of moments fall off with the number of factors,
   as those of trained ones do. */
static struct mlgrain_mtp_file *stock_file(int level, int species)
{
  const struct mlgrain_mtp_form form = {.level = level,
                                        .species_count = species,
                                        .basis = MLGRAIN_MTP_CHEBYSHEV,
                                        .min_dist = 1.8,
                                        .max_dist = 4.5,
                                        .radial_size = 8,
                                        .seed = 5};
  struct random_source source = {7};
  struct mlgrain_mtp_file *file;
  assert_int_equal(mlgrain_mtp_file_new(&form, &file, NULL), MLGRAIN_SUCCESS);
  file->scaling = 0.1;
  for (int s = 0; s < file->scalar_count; s++)
    file->moment_coeffs[s] = random_number(&source, -1e-3, 1e-3);
  for (int s = 0; s < species; s++)
    file->species_coeffs[s] = -3.0 - s;
  return file;
}

/* The numbers that doc/theory_mtp.md and doc/pair_mtp.md promise, but for a safety factor. */
static void errors_of_stock_levels(void **state)
{
  (void)state;
  static const int levels[] = {4, 8, 12, 16, 20};
  for (size_t k = 0; k < sizeof levels / sizeof *levels; k++) {
    struct mlgrain_mtp_file *file = stock_file(levels[k], 2);
    struct atoms atoms;
    struct outcome expected, got;
    random_atoms(64, 2, 2.2, file->max_dist, 11, &atoms);
    atoms_build_lists(&atoms, file->max_dist + 1.0);
    assert_int_equal(compute_kernels(file, mlgrain_simd_best(), &atoms, 1000, &expected), 0);
    compute_mixed(file, mlgrain_simd_best(), &atoms, 1000, &got);
    double square = 0.0, worst = 0.0, largest = 0.0;
    for (int i = 0; i < atoms.local; i++)
      for (int d = 0; d < 3; d++) {
        const double error = got.force[i][d] - expected.force[i][d];
        square += error * error;
        worst = fmax(worst, fabs(error));
        largest = fmax(largest, fabs(expected.force[i][d]));
      }
    const double mean = sqrt(square / (3.0 * atoms.local));
    if (!(mean < 2e-6 * largest && worst < 1e-5 * largest))
      fail_msg("level %d: forces are off by %g in the mean, %g at most, the largest is %g",
               levels[k], mean, worst, largest);
    assert_true(worst > 0.0);
    outcome_free(&expected);
    outcome_free(&got);
    atoms_free(&atoms);
    mlgrain_mtp_file_free(file);
  }
}

/* Number of basic moments that are factors of each moment. */
static int *degrees(const struct mlgrain_mtp_file *file)
{
  int *degree = calloc((size_t)file->moment_count, sizeof *degree);
  for (int k = 0; k < file->basic_count; k++)
    degree[k] = 1;
  for (int t = 0; t < file->times_count; t++)
    degree[file->times[t][3]] = degree[file->times[t][0]] + degree[file->times[t][1]];
  return degree;
}

/* The same potential in units in which its radial functions are tiny, or huge: products of four
   would leave the range of floats. */
static void any_scale(void **state)
{
  (void)state;
  for (int power = -14; power <= 14; power += 14) {
    struct mlgrain_mtp_file *file = stock_file(12, 1);
    int *degree = degrees(file);
    file->scaling *= pow(10.0, power);
    for (int s = 0; s < file->scalar_count; s++)
      file->moment_coeffs[s] *= pow(10.0, -power * degree[file->mapping[s]]);
    struct atoms atoms;
    random_atoms(30, 1, 2.2, file->max_dist, 11, &atoms);
    atoms_build_lists(&atoms, file->max_dist + 1.0);
    compare_levels(file, &atoms, 1e-5);
    atoms_free(&atoms);
    free(degree);
    mlgrain_mtp_file_free(file);
  }
}

/* Energies are sums of doubles: that of a lone atom, as large as all-electron ones are, is exact.
 */
static void large_energies(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = stock_file(8, 1);
  struct atoms atoms;
  random_atoms(40, 1, 2.2, file->max_dist, 11, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  struct outcome small, large;
  compute_mixed(file, mlgrain_simd_best(), &atoms, 1000, &small);
  file->species_coeffs[0] -= 123456.0;
  compute_mixed(file, mlgrain_simd_best(), &atoms, 1000, &large);
  for (int i = 0; i < atoms.local; i++)
    assert_near(large.site_energy[i] + 123456.0, small.site_energy[i], 1e-10);
  assert_near(large.energy + 40 * 123456.0, small.energy, 1e-8);
  outcome_free(&small);
  outcome_free(&large);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

/* What an atom gets, its neighbors lose: forces sum up to zero as those in double precision do. */
static void forces_balance(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = stock_file(10, 2);
  struct atoms atoms;
  struct outcome out;
  random_atoms(50, 2, 2.2, file->max_dist, 11, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  compute_mixed(file, mlgrain_simd_best(), &atoms, 1000, &out);
  double largest = 0.0;
  for (int d = 0; d < 3; d++) {
    double sum = 0.0;
    for (int i = 0; i < atoms.local; i++) {
      sum += out.force[i][d];
      largest = fmax(largest, fabs(out.force[i][d]));
    }
    assert_near(sum, 0.0, 1e-12 * largest);
  }
  outcome_free(&out);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

static void grades_are_refused(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[2], 5);
  struct mlgrain_mtp *mtp;
  struct atoms atoms;
  struct outcome out;
  random_atoms(20, 2, 1.9, file->max_dist, 4, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  assert_int_equal(mlgrain_mtp_create_mixed(file, mlgrain_simd_best(), &mtp, NULL), 0);
  outcome_alloc(&out, &atoms, file->parameter_count);
  assert_int_equal(compute_all(mtp, file, &atoms, 1000, &out), MLGRAIN_INVALID_ARGUMENT);
  outcome_free(&out);
  mlgrain_mtp_free(mtp);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

static void coefficients_out_of_range(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = stock_file(6, 1);
  struct mlgrain_mtp *mtp = NULL;
  struct mlgrain_error error = {""};
  file->moment_coeffs[file->scalar_count - 1] = 1e60;
  assert_int_equal(mlgrain_mtp_create_mixed(file, mlgrain_simd_best(), &mtp, &error),
                   MLGRAIN_UNSUPPORTED);
  assert_non_null(strstr(error.text, "single precision"));
  assert_null(mtp);
  mlgrain_mtp_file_free(file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_potentials),
      cmocka_unit_test(far_from_the_origin),
      cmocka_unit_test(not_a_number_stays),
      cmocka_unit_test(errors_of_stock_levels),
      cmocka_unit_test(any_scale),
      cmocka_unit_test(large_energies),
      cmocka_unit_test(forces_balance),
      cmocka_unit_test(grades_are_refused),
      cmocka_unit_test(coefficients_out_of_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
