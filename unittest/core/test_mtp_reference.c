/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment tensor potentials against energies, forces, stresses and grades that MLIP printed, to its
   last digit. MLGRAIN_REFERENCE_DIR names the folder of the data; without it the tests skip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mtp_cfg.h"
#include "mtp_random.h"
#include "near.h"

/* Half a unit of the last printed digit, and some rounding. */
#define ENERGY_DIGIT 1.5e-12
#define FORCE_DIGIT 0.51e-6
#define STRESS_DIGIT 0.51e-5
#define GRADE_DIGIT 0.51e-5

static void check_forces(const struct configuration *c, const struct outcome *out)
{
  static const int place[6] = {0, 1, 2, 5, 4, 3}; /* of xx yy zz xy xz yz in PlusStress */
  assert_near(out->energy, c->energy, ENERGY_DIGIT);
  for (int i = 0; i < c->atoms.local; i++)
    for (int d = 0; d < 3; d++)
      assert_near(out->force[i][d], c->force[i][d], FORCE_DIGIT);
  for (int k = 0; k < 6; k++)
    assert_near(out->virial[k], c->stress[place[k]], STRESS_DIGIT);
}

static void check_grades(const struct configuration *c, const struct outcome *out)
{
  for (int i = 0; i < c->atoms.local; i++)
    assert_near(out->grade[i], c->grade[i], GRADE_DIGIT);
}

static void check_configuration(const struct mlgrain_mtp_file *file, struct configuration *c)
{
  if (c->has_cell)
    atoms_add_images(&c->atoms, (const double(*)[3])c->cell, file->max_dist);
  atoms_build_lists(&c->atoms, file->max_dist + 0.5);
  for (int level = -1; level <= (int)mlgrain_simd_best(); level++) {
    struct outcome out;
    if (level < 0)
      compute_plain(file, &c->atoms, &out);
    else
      assert_int_equal(compute_kernels(file, (enum mlgrain_simd_level)level, &c->atoms, 1000, &out),
                       0);
    /* where grades are given with an active set, the energies are another program's */
    if (file->grade_mode)
      check_grades(c, &out);
    else
      check_forces(c, &out);
    outcome_free(&out);
  }
}

static void check_folder(const char *folder, const char *potential)
{
  const char *reference = getenv("MLGRAIN_REFERENCE_DIR");
  char path[4096];
  snprintf(path, sizeof path, "%s/mtp/%s/reference.cfg", reference ? reference : "", folder);
  FILE *cfg = reference ? fopen(path, "r") : NULL;
  if (!cfg) {
    print_message("no reference data: MLGRAIN_REFERENCE_DIR/mtp/%s\n", folder);
    skip();
  }
  struct mlgrain_mtp_file *file;
  struct mlgrain_error error = {""};
  snprintf(path, sizeof path, "%s/mtp/%s/%s", reference, folder, potential);
  if (mlgrain_mtp_file_read(path, &file, &error))
    fail_msg("%s", error.text);
  struct configuration c;
  int count = 0;
  for (; read_cfg(cfg, &c); count++) {
    check_configuration(file, &c);
    configuration_free(&c);
  }
  assert_true(count >= 2);
  fclose(cfg);
  mlgrain_mtp_file_free(file);
}

static void potential_reproduces(void **state)
{
  check_folder(*state, "pot.mtp");
}

static void grades_reproduce(void **state)
{
  check_folder(*state, "pot.almtp");
}

/* A and its inverse in the file fit each other. */
static void active_set_is_inverse(void **state)
{
  (void)state;
  const char *reference = getenv("MLGRAIN_REFERENCE_DIR");
  char path[4096];
  struct mlgrain_mtp_file *file;
  snprintf(path, sizeof path, "%s/mtp/grade_neighborhood/pot.almtp", reference ? reference : "");
  if (mlgrain_mtp_file_read(path, &file, NULL))
    skip();
  assert_int_equal(file->grade_mode, MLGRAIN_MTP_NEIGHBORHOOD);
  const size_t n = file->parameter_count;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      double sum = 0.0;
      for (size_t k = 0; k < n; k++)
        sum += file->active_set[i * n + k] * file->active_inverse[j * n + k];
      assert_near(sum, i == j ? 1.0 : 0.0, 1e-6);
    }
  mlgrain_mtp_file_free(file);
}

static void assert_agree(const char *what, const double *got, const double *expected, size_t count)
{
  double size = 0.0;
  for (size_t k = 0; k < count; k++)
    size = fmax(size, fabs(expected[k]));
  for (size_t k = 0; k < count; k++)
    if (!(fabs(got[k] - expected[k]) <= 1e-12 * size))
      fail_msg("%s[%zu] is %.17g, should be %.17g", what, k, got[k], expected[k]);
}

/* Published potentials, whose products are those of a stock level: plain code and kernels agree in
   a disordered cell. */
static void published_potential(void **state)
{
  const char *reference = getenv("MLGRAIN_REFERENCE_DIR");
  char path[4096];
  struct mlgrain_mtp_file *file;
  struct atoms atoms;
  struct outcome expected, got;
  snprintf(path, sizeof path, "%s/mtp/%s", reference ? reference : "", (const char *)*state);
  if (mlgrain_mtp_file_read(path, &file, NULL)) {
    print_message("no reference data: MLGRAIN_REFERENCE_DIR/mtp/%s\n", (const char *)*state);
    skip();
  }
  random_atoms(11, 1, 1.9, file->max_dist, 3, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 0.5);
  compute_plain(file, &atoms, &expected);
  for (int level = 0; level <= (int)mlgrain_simd_best(); level++) {
    assert_int_equal(compute_kernels(file, (enum mlgrain_simd_level)level, &atoms, 1000, &got), 0);
    assert_agree("site energy", got.site_energy, expected.site_energy, (size_t)atoms.local);
    assert_agree("force", got.force[0], expected.force[0], 3 * (size_t)atoms.local);
    assert_agree("gradient", got.gradient_sum, expected.gradient_sum, file->parameter_count);
    outcome_free(&got);
  }
  outcome_free(&expected);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

#define FOLDER(name)                                                                               \
  {                                                                                                \
#name, potential_reproduces, NULL, NULL, #name                                                 \
  }

int main(void)
{
  const struct CMUnitTest tests[] = {
      FOLDER(crystals_cubic_02),
      FOLDER(crystals_cubic_06),
      FOLDER(crystals_cubic_10),
      FOLDER(crystals_cubic_16),
      FOLDER(crystals_multi_02),
      FOLDER(crystals_multi_06),
      FOLDER(crystals_multi_10),
      FOLDER(crystals_noncubic_04),
      FOLDER(crystals_noncubic_10),
      FOLDER(molecules_762_06),
      FOLDER(molecules_762_10),
      {"grade_neighborhood", grades_reproduce, NULL, NULL, "grade_neighborhood"},
      cmocka_unit_test(active_set_is_inverse),
      {"Fe_16", published_potential, NULL, NULL, "Fe_16.mtp"},
      {"Fe_22", published_potential, NULL, NULL, "Fe_22.mtp"},
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
