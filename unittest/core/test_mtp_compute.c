/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment tensor potentials: kernels of every SIMD level against the plain implementation, forces
   and virials against finite differences, gradients against changed parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mtp_random.h"
#include "near.h"

static void assert_outcomes_agree(const struct mlgrain_mtp_file *file, const struct atoms *atoms,
                                  const struct outcome *got, const struct outcome *expected,
                                  double tolerance)
{
  const size_t n = (size_t)atoms->local;
  assert_close("energy", &got->energy, &expected->energy, 1, tolerance);
  assert_close("virial", got->virial, expected->virial, 6, tolerance);
  assert_close("site energy", got->site_energy, expected->site_energy, n, tolerance);
  assert_close("force", got->force[0], expected->force[0], 3 * n, tolerance);
  assert_close("virial_half", got->half[0], expected->half[0], 6 * n, tolerance);
  assert_close("virial_centroid", got->centroid[0], expected->centroid[0], 9 * n, tolerance);
  assert_close("grade", got->grade, expected->grade, n, tolerance);
  assert_close("gradient_sum", got->gradient_sum, expected->gradient_sum, file->parameter_count,
               tolerance);
  assert_close("smallest distance", &got->smallest, &expected->smallest, 1, tolerance);
}

/* An active set without meaning: grades need only some matrix. */
static void add_active_set(struct mlgrain_mtp_file *file, unsigned long seed)
{
  struct random_source source = {seed};
  const size_t n = file->parameter_count;
  file->grade_mode = MLGRAIN_MTP_NEIGHBORHOOD;
  file->site_weight = 1.5;
  file->active_inverse = malloc(n * n * sizeof(double));
  for (size_t k = 0; k < n * n; k++)
    file->active_inverse[k] = random_number(&source, -1, 1);
}

static void compare_levels(const struct mlgrain_mtp_file *file, struct atoms *atoms)
{
  struct outcome expected;
  compute_plain(file, atoms, &expected);
  for (int level = 0; level <= (int)mlgrain_simd_best(); level++) {
    static const int batches[] = {1, 5, 8, 1000};
    for (int b = 0; b < 4; b++) {
      struct outcome got;
      assert_int_equal(
          compute_kernels(file, (enum mlgrain_simd_level)level, atoms, batches[b], &got),
          MLGRAIN_SUCCESS);
      assert_outcomes_agree(file, atoms, &got, &expected, 1e-12);
      outcome_free(&got);
    }
  }
  outcome_free(&expected);
}

static const struct random_form forms[] = {
    {1, 1, 0, 1, 0, 0},   {1, 1, 3, 8, 40, 0},  {2, 3, 4, 6, 120, 0},
    {3, 2, 6, 10, 90, 0}, {5, 4, 2, 3, 60, 1},  {1, 1, 20, 4, 30, 0},
    {2, 5, 2, 14, 40, 0}, {1, 7, 1, 11, 20, 1}, {9, 3, 3, 5, 50, 0}};

static void kernels_agree_with_plain_code(void **state)
{
  (void)state;
  for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
    struct mlgrain_mtp_file *file = random_file(&forms[f], 3 + f);
    struct atoms atoms;
    add_active_set(file, 17);
    random_atoms(21 + (int)f, forms[f].species, forms[f].repulsive ? 1.5 : 1.9, file->max_dist, f,
                 &atoms);
    atoms_build_lists(&atoms, file->max_dist + 1.0);
    compare_levels(file, &atoms);
    atoms_free(&atoms);
    mlgrain_mtp_file_free(file);
  }
}

/* So far from the origin of the rounded positions that these are off by an Angstrom. */
static void far_from_the_origin(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[3], 6);
  struct atoms atoms;
  add_active_set(file, 17);
  random_atoms(20, 3, 1.9, file->max_dist, 4, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  for (int i = 0; i < atoms.total; i++)
    for (int d = 0; d < 3; d++)
      atoms.x[i][d] += d == 1 ? -2e7 : 1e7;
  compare_levels(file, &atoms);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

/* A coordinate that is not a number shows in the energies of all atoms around it. */
static void not_a_number_stays(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[2], 5);
  struct atoms atoms;
  add_active_set(file, 17);
  random_atoms(20, 2, 1.9, file->max_dist, 4, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  atoms.x[atoms.neighbors[0][0]][1] = NAN;
  for (int level = 0; level <= (int)mlgrain_simd_best(); level++) {
    struct outcome got;
    assert_int_equal(compute_kernels(file, (enum mlgrain_simd_level)level, &atoms, 1000, &got),
                     MLGRAIN_SUCCESS);
    assert_true(isnan(got.energy));
    assert_true(isnan(got.site_energy[0]));
    assert_true(isnan(got.force[0][1]));
    assert_true(isnan(got.grade[0]));
    outcome_free(&got);
  }
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

/* Moves all atoms, images with their owners, by less than `most` in all. */
static void shake(struct atoms *atoms, double most, unsigned long seed)
{
  for (int i = 0; i < atoms->total; i++) {
    struct random_source source = {seed + (unsigned long)atoms->owner[i]};
    for (int d = 0; d < 3; d++)
      atoms->x[i][d] += random_number(&source, -1, 1) * most / sqrt(3.0);
  }
}

static int lists_hold(const struct view *then, const struct view *now, size_t total, double margin)
{
  return mlgrain_mtp_lists_hold((const float(*)[4])then->screen, (const float(*)[4])now->screen, 0,
                                total, margin);
}

/* Short lists from atoms as they were, results for atoms as they are. */
static void compute_later(const struct mlgrain_mtp *mtp, const struct view *then, struct view *now,
                          const struct atoms *atoms, double margin, struct outcome *out)
{
  struct mlgrain_mtp_workspace *workspace;
  assert_int_equal(mlgrain_mtp_workspace_create(&workspace, NULL), 0);
  now->atoms.neighbors = NULL;
  assert_int_equal(compute_some(mtp, workspace, now, 0, atoms->local, out),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_mtp_shorten(mtp, workspace, &then->atoms, then->center,
                                       (size_t)atoms->local, margin, NULL),
                   0);
  assert_int_equal(compute_some(mtp, workspace, now, 0, atoms->local - 1, out),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(compute_some(mtp, workspace, now, 0, atoms->local, out), 0);
  outcome_fold(out, atoms);
  mlgrain_mtp_workspace_free(workspace);
}

/* Lists serve while no atom has moved by more than half the margin, with a cutoff that cuts through
   many neighbors. */
static void short_lists_serve_later(void **state)
{
  (void)state;
  const double margin = 0.8;
  for (size_t f = 2; f < 5; f++) {
    struct mlgrain_mtp_file *file = random_file(&forms[f], 31 + f);
    struct atoms atoms;
    struct outcome expected;
    struct view then, now;
    add_active_set(file, 17);
    random_atoms(24, forms[f].species, 1.7, file->max_dist, f, &atoms);
    atoms_build_lists(&atoms, file->max_dist + 1.0);
    view_make(file, &atoms, &then);
    double(*before)[3] = malloc((size_t)atoms.total * sizeof *before);
    memcpy(before, atoms.x, (size_t)atoms.total * sizeof *before);
    then.atoms.x = (const double(*)[3])before;
    shake(&atoms, 0.49 * margin, 3);
    view_make(file, &atoms, &now);
    assert_true(lists_hold(&then, &now, (size_t)atoms.total, margin));
    assert_false(lists_hold(&then, &now, (size_t)atoms.total, 0.1 * margin));
    compute_plain(file, &atoms, &expected);
    for (int level = 0; level <= (int)mlgrain_simd_best(); level++) {
      struct mlgrain_mtp *mtp;
      struct outcome got;
      outcome_alloc(&got, &atoms, file->parameter_count);
      assert_int_equal(mlgrain_mtp_create(file, (enum mlgrain_simd_level)level, &mtp, NULL), 0);
      compute_later(mtp, &then, &now, &atoms, margin, &got);
      assert_outcomes_agree(file, &atoms, &got, &expected, 1e-12);
      outcome_free(&got);
      mlgrain_mtp_free(mtp);
    }
    outcome_free(&expected);
    view_free(&then);
    view_free(&now);
    free(before);
    atoms_free(&atoms);
    mlgrain_mtp_file_free(file);
  }
}

/* An atom that has moved too far, become another species or lost its place ends them. */
static void short_lists_end(void **state)
{
  (void)state;
  float then[40][4] = {{0}}, now[40][4] = {{0}};
  for (int i = 0; i < 40; i++)
    then[i][0] = now[i][0] = (float)i;
  assert_true(mlgrain_mtp_lists_hold(then, now, 0, 40, 0.0));
  now[17][1] = 0.25f;
  assert_true(mlgrain_mtp_lists_hold(then, now, 0, 40, 0.51));
  assert_false(mlgrain_mtp_lists_hold(then, now, 0, 40, 0.5));
  assert_true(mlgrain_mtp_lists_hold(then, now, 18, 40, 0.0));
  now[17][3] = 1.0f;
  assert_false(mlgrain_mtp_lists_hold(then, now, 0, 40, 1.99));
  now[17][3] = 0.0f;
  now[17][2] = NAN;
  assert_false(mlgrain_mtp_lists_hold(then, now, 0, 40, 1.0));
}

/* Atoms that the potential doesn't see are nothing to it, as centers and as neighbors. */
static void unseen_atoms_change_nothing(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[2], 5);
  struct atoms atoms;
  add_active_set(file, 17);
  random_atoms(24, 2, 1.9, file->max_dist, 9, &atoms);
  for (int i = 0; i < atoms.total; i++)
    if (atoms.owner[i] % 3 == 0)
      atoms.species[i] = -1;
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  compare_levels(file, &atoms);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

/* A lone atom has its species' energy; no atoms are no problem. */
static void lone_atom(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[2], 5);
  struct atoms atoms = {0};
  struct outcome out;
  const double x[3] = {1, 2, 3};
  add_active_set(file, 17);
  atoms_add(&atoms, x, 1, 0);
  atoms.local = 1;
  atoms_build_lists(&atoms, 5.0);
  for (int level = 0; level <= (int)mlgrain_simd_best(); level++) {
    assert_int_equal(compute_kernels(file, (enum mlgrain_simd_level)level, &atoms, 1, &out), 0);
    assert_near(out.energy, file->species_coeffs[1], 1e-15);
    assert_near(out.force[0][0], 0.0, 0.0);
    assert_true(out.smallest == 1e300);
    outcome_free(&out);
    atoms.local = 0;
    assert_int_equal(compute_kernels(file, (enum mlgrain_simd_level)level, &atoms, 1, &out), 0);
    assert_near(out.energy, 0.0, 0.0);
    outcome_free(&out);
    atoms.local = 1;
  }
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

static double energy_of(const struct mlgrain_mtp_file *file, const struct atoms *atoms)
{
  struct outcome out;
  assert_int_equal(compute_kernels(file, mlgrain_simd_best(), atoms, 1000, &out), 0);
  outcome_free(&out);
  return out.energy;
}

/* Moves an atom and its images. */
static void shift(struct atoms *atoms, int atom, int direction, double by)
{
  for (int i = 0; i < atoms->total; i++)
    if (atoms->owner[i] == atom)
      atoms->x[i][direction] += by;
}

/* x_a += by x_b for all atoms, images included: the cell goes with them. */
static void strain(struct atoms *atoms, int a, int b, double by)
{
  for (int i = 0; i < atoms->total; i++)
    atoms->x[i][a] += by * atoms->x[i][b];
}

/* Fourth-order difference of four energies at -2h, -h, h, 2h. */
static double difference(const double e[4], double h)
{
  return (e[0] - 8.0 * e[1] + 8.0 * e[2] - e[3]) / (12.0 * h);
}

static const double steps[4] = {-2.0, -1.0, 1.0, 2.0};

static void forces_are_differences(void **state)
{
  (void)state;
  const struct random_form form = {3, 2, 4, 7, 60, 0};
  struct mlgrain_mtp_file *file = random_file(&form, 11);
  struct atoms atoms;
  struct outcome out;
  const double h = 2e-4;
  random_atoms(14, 3, 2.0, file->max_dist, 4, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  assert_int_equal(compute_kernels(file, mlgrain_simd_best(), &atoms, 1000, &out), 0);
  double expected[14][3], e[4];
  for (int i = 0; i < 14; i++)
    for (int d = 0; d < 3; d++) {
      for (int s = 0; s < 4; s++) {
        shift(&atoms, i, d, steps[s] * h);
        e[s] = energy_of(file, &atoms);
        shift(&atoms, i, d, -steps[s] * h);
      }
      expected[i][d] = -difference(e, h);
    }
  assert_close("force", out.force[0], expected[0], 42, 1e-7);
  outcome_free(&out);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

/* The random potential isn't invariant under rotation, so that its stress has nine components; the
   result holds the symmetric part, and the centroid virials of all atoms sum up to the whole. */
static void virials_are_differences(void **state)
{
  (void)state;
  const struct random_form form = {2, 3, 3, 6, 50, 0};
  struct mlgrain_mtp_file *file = random_file(&form, 12);
  struct atoms atoms;
  struct outcome out;
  const double h = 1e-4;
  random_atoms(12, 2, 2.0, file->max_dist + 0.1, 6, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  assert_int_equal(compute_kernels(file, mlgrain_simd_best(), &atoms, 1000, &out), 0);
  double expected[9], symmetric[6], centroid[9] = {0}, half[6] = {0}, e[4];
  for (int k = 0; k < 9; k++) {
    const int b = tensor_places[k][0], a = tensor_places[k][1];
    struct atoms moved = atoms;
    moved.x = malloc((size_t)atoms.total * sizeof *moved.x);
    for (int s = 0; s < 4; s++) {
      memcpy(moved.x, atoms.x, (size_t)atoms.total * sizeof *moved.x);
      strain(&moved, a, b, steps[s] * h);
      e[s] = energy_of(file, &moved);
    }
    free(moved.x);
    expected[k] = -difference(e, h);
  }
  for (int k = 0; k < 6; k++)
    symmetric[k] = k < 3 ? expected[k] : 0.5 * (expected[k] + expected[k + 3]);
  for (int i = 0; i < atoms.local; i++) {
    for (int k = 0; k < 9; k++)
      centroid[k] += out.centroid[i][k];
    for (int k = 0; k < 6; k++)
      half[k] += out.half[i][k];
  }
  assert_close("virial", out.virial, symmetric, 6, 1e-7);
  assert_close("half virials", half, symmetric, 6, 1e-7);
  assert_close("centroid virials", centroid, expected, 9, 1e-7);
  outcome_free(&out);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

static double *parameter(struct mlgrain_mtp_file *file, size_t k)
{
  const size_t linear = file->parameter_count - (size_t)file->scalar_count;
  const size_t radial = linear - (size_t)file->species_count;
  return k < radial   ? &file->radial_coeffs[k]
         : k < linear ? &file->species_coeffs[k - radial]
                      : &file->moment_coeffs[k - linear];
}

static void gradients_are_differences(void **state)
{
  (void)state;
  const struct random_form form = {2, 2, 3, 5, 30, 0};
  struct mlgrain_mtp_file *file = random_file(&form, 13);
  struct atoms atoms;
  struct outcome out;
  const double h = 1e-3;
  random_atoms(11, 2, 2.0, file->max_dist, 8, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  assert_int_equal(compute_kernels(file, mlgrain_simd_best(), &atoms, 1000, &out), 0);
  double *expected = calloc(file->parameter_count, sizeof *expected), e[4];
  for (size_t k = 0; k < file->parameter_count; k++) {
    double *p = parameter(file, k);
    const double value = *p;
    for (int s = 0; s < 4; s++) {
      *p = value + steps[s] * h;
      e[s] = energy_of(file, &atoms);
    }
    *p = value;
    expected[k] = difference(e, h);
  }
  assert_close("gradient_sum", out.gradient_sum, expected, file->parameter_count, 1e-7);
  free(expected);
  outcome_free(&out);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

/* One grade for all atoms: |A^-1 v| weight / N^(p/2), with A a multiple of one here. */
static void configuration_grade(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[1], 21);
  const size_t n = file->parameter_count;
  struct mlgrain_mtp *mtp;
  double *v = calloc(n, sizeof *v);
  file->grade_mode = MLGRAIN_MTP_CONFIGURATION;
  file->energy_weight = 3.0;
  file->weight_scaling = 2;
  assert_int_equal(mlgrain_mtp_create(file, mlgrain_simd_best(), &mtp, NULL), 0);
  assert_near(mlgrain_mtp_configuration_grade(mtp, v, 8.0), 0.0, 0.0);
  mlgrain_mtp_free(mtp);
  file->active_inverse = calloc(n * n, sizeof(double));
  for (size_t k = 0; k < n; k++)
    file->active_inverse[k * n + k] = 0.25;
  v[n - 2] = -7.0;
  v[1] = 6.0;
  assert_int_equal(mlgrain_mtp_create(file, mlgrain_simd_best(), &mtp, NULL), 0);
  assert_near(mlgrain_mtp_configuration_grade(mtp, v, 8.0), 7.0 * 0.25 * 3.0 / 8.0, 1e-14);
  mlgrain_mtp_free(mtp);
  free(v);
  mlgrain_mtp_file_free(file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_agree_with_plain_code),
      cmocka_unit_test(far_from_the_origin),
      cmocka_unit_test(not_a_number_stays),
      cmocka_unit_test(short_lists_serve_later),
      cmocka_unit_test(short_lists_end),
      cmocka_unit_test(unseen_atoms_change_nothing),
      cmocka_unit_test(lone_atom),
      cmocka_unit_test(forces_are_differences),
      cmocka_unit_test(virials_are_differences),
      cmocka_unit_test(gradients_are_differences),
      cmocka_unit_test(configuration_grade),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
