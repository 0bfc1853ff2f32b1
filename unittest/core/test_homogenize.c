/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Effective properties: against plain finite elements, layers, spheres, and bounds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "homogenize_reference.h"
#include "mlgrain/homogenize.h"
#include "mlgrain/homogenize_tensors.h"
#include "mlgrain/orientation.h"
#include "mlgrain/voxelize.h"

enum { MOST_VOXELS = 40 * 40 * 40 };

static double uniform(uint64_t *state)
{
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(*state >> 11) * 0x1p-53;
}

static void assert_close(double value, double expected, double tolerance)
{
  if (!(fabs(value - expected) <= tolerance))
    fail_msg("%.17g is not %.17g (%.2g)", value, expected, value - expected);
}

static struct mlgrain_homogenize_settings settings_of(double tolerance)
{
  struct mlgrain_homogenize_settings settings = mlgrain_homogenize_default();
  settings.tolerance = tolerance;
  return settings;
}

/* A random positive definite matrix: A A^T + a share of 1. */
static void make_tensor(int size, double share, uint64_t *state, double *tensor)
{
  double a[6][6];
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++)
      a[i][j] = uniform(state) - 0.5;
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      tensor[i * size + j] = i == j ? share : 0.0;
      for (int k = 0; k < size; k++)
        tensor[i * size + j] += a[i][k] * a[j][k];
    }
}

static void make_isotropic(double k, double *tensor)
{
  for (int i = 0; i < 9; i++)
    tensor[i] = i % 4 == 0 ? k : 0.0;
}

static void make_elastic(double lambda, double mu, double tensor[36])
{
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++)
      tensor[6 * i + j] = (i < 3 && j < 3 ? lambda : 0.0) + (i == j ? (i < 3 ? 2.0 : 1.0) * mu : 0);
}

static void conduct(const struct mlgrain_voxels *voxels, size_t phases, const double *tensor,
                    const struct mlgrain_homogenize_settings *settings, double effective[3][3])
{
  struct mlgrain_error error = {""};
  if (mlgrain_conductivity(voxels, phases, tensor, settings, effective, NULL, NULL, &error))
    fail_msg("%s", error.text);
}

static void strain(const struct mlgrain_voxels *voxels, size_t phases, const double *tensor,
                   const struct mlgrain_homogenize_settings *settings, double effective[6][6])
{
  struct mlgrain_error error = {""};
  if (mlgrain_stiffness(voxels, phases, tensor, settings, effective, NULL, NULL, &error))
    fail_msg("%s", error.text);
}

/* ---- against finite elements, the plain way ------------------------------------------------- */

static const size_t grids[6][3] = {{5, 4, 3}, {4, 6, 2}, {1, 5, 4},
                                   {6, 1, 3}, {9, 2, 1}, {17, 3, 2}};
enum { GRIDS = sizeof grids / sizeof *grids };

static void any_voxels_are_those_of_finite_elements(void **state)
{
  (void)state;
  uint64_t seed = 1;
  for (int g = 0; g < GRIDS; g++)
    for (int fields = 1; fields <= 3; fields += 2)
      for (int points = 1; points <= (fields == 1 ? 2 : 1); points++) {
        const int size = fields == 1 ? 3 : 6;
        const size_t *n = grids[g], count = n[0] * n[1] * n[2];
        int32_t phase[200];
        double tensor[4 * 36], plain[36], effective[36], center[6 * 200 * 6], ours[6 * 200 * 6];
        for (size_t i = 0; i < count; i++)
          phase[i] = (int32_t)(4 * uniform(&seed));
        for (int p = 0; p < 4; p++)
          make_tensor(size, 0.05, &seed, tensor + p * size * size);
        const struct mlgrain_voxels voxels = {
            {n[0], n[1], n[2]}, {0.7, 1.0 + uniform(&seed), 2.0}, phase};
        homogenize_reference(n, voxels.spacing, phase, fields, tensor, points, plain, center);
        struct mlgrain_homogenize_settings settings = settings_of(1e-14);
        settings.scheme = points == 2 ? MLGRAIN_FULL : MLGRAIN_ROTATED;
        const struct mlgrain_fields wanted = {ours, NULL};
        struct mlgrain_error error = {""};
        const enum mlgrain_status status =
            fields == 1 ? mlgrain_conductivity(&voxels, 4, tensor, &settings, (void *)effective,
                                               &wanted, NULL, &error)
                        : mlgrain_stiffness(&voxels, 4, tensor, &settings, (void *)effective,
                                            &wanted, NULL, &error);
        if (status)
          fail_msg("%s", error.text);
        for (int i = 0; i < size * size; i++)
          assert_close(effective[i], plain[i], 1e-11);
        for (size_t i = 0; i < (size_t)(size * size) * count; i++)
          assert_close(ours[i], center[i], 1e-5);
      }
}

/* ---- layers --------------------------------------------------------------------------------- */

static void layers_along_an_axis_are_exact(void **state)
{
  (void)state;
  uint64_t seed = 7;
  int32_t phase[10 * 6 * 5];
  for (int axis = 0; axis < 3; axis++)
    for (int scheme = 0; scheme < 2; scheme++) {
      const struct mlgrain_voxels voxels = {{10, 6, 5}, {1.0, 1.3, 0.6}, phase};
      double tensor[2][3][3], effective[3][3], exact[3][3], normal[3] = {0.0};
      make_tensor(3, 0.01, &seed, tensor[0][0]);
      make_tensor(3, 0.5, &seed, tensor[1][0]);
      for (size_t i = 0; i < 300; i++) {
        const size_t at[3] = {i % 10, i / 10 % 6, i / 60};
        phase[i] = at[axis] < 2;
      }
      normal[axis] = -3.0;
      assert_int_equal(mlgrain_layer_conductivity(tensor[1], 2.0 / (double)voxels.n[axis],
                                                  tensor[0], normal, exact, NULL),
                       MLGRAIN_SUCCESS);
      struct mlgrain_homogenize_settings settings = settings_of(1e-14);
      settings.scheme = scheme ? MLGRAIN_FULL : MLGRAIN_ROTATED;
      conduct(&voxels, 2, tensor[0][0], &settings, effective);
      for (int i = 0; i < 9; i++)
        assert_close(effective[i / 3][i % 3], exact[i / 3][i % 3], 3e-11);
    }
}

static void diagonal_layers_have_off_diagonals(void **state)
{
  (void)state;
  int32_t phase[8 * 8 * 3];
  double tensor[2][3][3], effective[3][3], exact[3][3];
  const double normal[3] = {1.0, 1.0, 0.0};
  make_isotropic(1.0, tensor[0][0]);
  make_isotropic(1e-3, tensor[1][0]);
  for (int i = 0; i < 192; i++)
    phase[i] = (i % 8 + i / 8 % 8) % 4 < 2;
  const struct mlgrain_voxels voxels = {{8, 8, 3}, {1.0, 1.0, 1.0}, phase};
  const struct mlgrain_homogenize_settings settings = settings_of(1e-14);
  conduct(&voxels, 2, tensor[0][0], &settings, effective);
  mlgrain_layer_conductivity(tensor[0], 0.5, tensor[1], normal, exact, NULL);
  assert_true(fabs(exact[0][1]) > 0.2);
  for (int i = 0; i < 9; i++)
    assert_close(effective[i / 3][i % 3], exact[i / 3][i % 3], 3e-11);
}

/* G. E. Backus, J. Geophys. Res. 67 (1962) 4427. */
static void elastic_layers_are_exact(void **state)
{
  (void)state;
  static const double lambda[3] = {1.0, 0.2, 3.0}, mu[3] = {1.0, 0.01, 0.4};
  static const double fraction[3] = {0.5, 0.25, 0.25};
  double tensor[3 * 36], effective[6][6];
  int32_t phase[3 * 4 * 8];
  double over_p = 0.0, over_mu = 0.0, mean_mu = 0.0, ratio = 0.0, plane = 0.0;
  for (int p = 0; p < 3; p++) {
    const double modulus = lambda[p] + 2.0 * mu[p];
    make_elastic(lambda[p], mu[p], tensor + 36 * p);
    over_p += fraction[p] / modulus;
    over_mu += fraction[p] / mu[p];
    mean_mu += fraction[p] * mu[p];
    ratio += fraction[p] * lambda[p] / modulus;
    plane += fraction[p] * 4.0 * mu[p] * (lambda[p] + mu[p]) / modulus;
  }
  for (int i = 0; i < 96; i++)
    phase[i] = i / 12 < 4 ? 0 : i / 12 < 6 ? 1 : 2;
  const struct mlgrain_voxels voxels = {{3, 4, 8}, {1.0, 1.0, 0.5}, phase};
  const struct mlgrain_homogenize_settings settings = settings_of(1e-14);
  strain(&voxels, 3, tensor, &settings, effective);
  const double c33 = 1.0 / over_p, c11 = plane + ratio * ratio / over_p;
  double exact[6][6] = {{c11, c11 - 2.0 * mean_mu, ratio * c33}, {0.0, c11, ratio * c33}, {0.0}};
  exact[2][2] = c33;
  exact[3][3] = exact[4][4] = 1.0 / over_mu;
  exact[5][5] = mean_mu;
  for (int i = 0; i < 6; i++)
    for (int j = i; j < 6; j++) {
      assert_close(effective[i][j], exact[i][j], 1e-12);
      assert_true(effective[j][i] == effective[i][j]);
    }
}

/* Turning a laminate by a cyclic exchange of axes turns its tensor. */
static void axes_may_be_exchanged(void **state)
{
  (void)state;
  uint64_t seed = 3;
  int32_t phase[210], turned_phase[210];
  double tensor[3 * 36], turned[3 * 36], effective[6][6], other[6][6], expected[6][6];
  const double cycle[3][3] = {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}}; /* x to y to z to x */
  for (int i = 0; i < 210; i++) {
    phase[i] = (int32_t)(3 * uniform(&seed));
    const int x = i % 7, y = i / 7 % 5, z = i / 35;
    turned_phase[(y * 7 + x) * 6 + z] = phase[i];
  }
  for (int p = 0; p < 3; p++) {
    make_tensor(6, 0.1, &seed, tensor + 36 * p);
    mlgrain_turn_stiffness(cycle, (void *)(tensor + 36 * p), (void *)(turned + 36 * p));
  }
  const struct mlgrain_voxels voxels = {{7, 5, 6}, {1.0, 2.0, 1.5}, phase};
  const struct mlgrain_voxels around = {{6, 7, 5}, {1.5, 1.0, 2.0}, turned_phase};
  const struct mlgrain_homogenize_settings settings = settings_of(1e-13);
  strain(&voxels, 3, tensor, &settings, effective);
  strain(&around, 3, turned, &settings, other);
  mlgrain_turn_stiffness(cycle, (void *)effective, expected);
  for (int i = 0; i < 36; i++)
    assert_close(other[i / 6][i % 6], expected[i / 6][i % 6], 1e-11);
}

/* ---- inclusions and bounds ------------------------------------------------------------------ */

/* Spheres on a simple cubic lattice: Lord Rayleigh, Phil. Mag. 34 (1892) 481, with the constant of
   R. C. McPhedran, D. R. McKenzie, Proc. R. Soc. A 359 (1978) 45, to the first two terms. */
static double rayleigh(double f, double k)
{
  const double a = (2.0 + k) / (1.0 - k), b = (4.0 / 3.0 + k) / (1.0 - k);
  return 1.0 - 3.0 * f / (a + f - 1.30472 * pow(f, 10.0 / 3.0) / b);
}

static size_t make_sphere(int n, double radius, int32_t *phase)
{
  size_t inside = 0;
  for (int i = 0; i < n * n * n; i++) {
    const double x = i % n - 0.5 * (n - 1), y = i / n % n - 0.5 * (n - 1),
                 z = i / n / n - 0.5 * (n - 1);
    phase[i] = x * x + y * y + z * z < radius * radius;
    inside += (size_t)phase[i];
  }
  return inside;
}

static void spheres_conduct_as_rayleigh_found(void **state)
{
  (void)state;
  static int32_t phase[MOST_VOXELS];
  static const double conductivity[3] = {0.01, 0.2, 10.0};
  const int n = 32;
  const double f = (double)make_sphere(n, 10.0, phase) / (n * n * n);
  for (int c = 0; c < 3; c++) {
    double tensor[2 * 9], effective[3][3];
    make_isotropic(1.0, tensor);
    make_isotropic(conductivity[c], tensor + 9);
    const struct mlgrain_voxels voxels = {{(size_t)n, (size_t)n, (size_t)n}, {1, 1, 1}, phase};
    const struct mlgrain_homogenize_settings settings = settings_of(1e-8);
    conduct(&voxels, 2, tensor, &settings, effective);
    for (int d = 0; d < 3; d++)
      assert_close(effective[d][d] / rayleigh(f, conductivity[c]), 1.0, 0.008);
    assert_close(effective[0][1], 0.0, 1e-9);
  }
}

static double quadratic(const double m[3][3], const double x[3])
{
  double sum = 0.0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      sum += x[i] * m[i][j] * x[j];
  return sum;
}

static void effective_values_keep_within_bounds(void **state)
{
  (void)state;
  static int32_t phase[12 * 12 * 12];
  uint64_t seed = 11;
  for (int repeat = 0; repeat < 6; repeat++) {
    double tensor[3][3][3], effective[3][3], upper[3][3], lower[3][3], fraction[3] = {0.0};
    for (int i = 0; i < 1728; i++) { /* blocks of 3 x 3 x 3 */
      uint64_t block =
          (uint64_t)(i % 12 / 3 + 4 * (i / 12 % 12 / 3) + 16 * (i / 144 / 3)) + 977 * seed;
      uniform(&block);
      phase[i] = (int32_t)(3 * uniform(&block));
      fraction[phase[i]] += 1.0;
    }
    uniform(&seed);
    for (int p = 0; p < 3; p++)
      make_tensor(3, p == 0 ? 1e-3 : 0.3, &seed, tensor[p][0]);
    const struct mlgrain_voxels voxels = {{12, 12, 12}, {1.0, 1.0, 1.0}, phase};
    const struct mlgrain_homogenize_settings settings = settings_of(1e-9);
    conduct(&voxels, 3, tensor[0][0], &settings, effective);
    assert_int_equal(mlgrain_mean_bounds(3, 3, fraction, tensor[0][0], upper[0], lower[0], NULL),
                     MLGRAIN_SUCCESS);
    for (int way = 0; way < 50; way++) {
      const double x[3] = {uniform(&seed) - 0.5, uniform(&seed) - 0.5, uniform(&seed) - 0.5};
      assert_true(quadratic(effective, x) < quadratic(upper, x));
      assert_true(quadratic(effective, x) > quadratic(lower, x));
    }
  }
}

static void spheres_keep_within_hashin_and_shtrikman(void **state)
{
  (void)state;
  static int32_t phase[MOST_VOXELS];
  const double inside = (double)make_sphere(32, 12.0, phase), all = 32.0 * 32.0 * 32.0;
  const double fraction[2] = {all - inside, inside}, conductivity[2] = {1.0, 0.05};
  double tensor[2 * 9], effective[3][3], bounds[2];
  assert_int_equal(mlgrain_isotropic_bounds(2, fraction, conductivity, bounds, NULL),
                   MLGRAIN_SUCCESS);
  /* the formula of two phases, with the other as inclusions */
  const double f = fraction[1] / all, drop = conductivity[1] - 1.0;
  assert_close(bounds[1], 1.0 + f / (1.0 / drop + (1.0 - f) / 3.0), 1e-12);
  make_isotropic(conductivity[0], tensor);
  make_isotropic(conductivity[1], tensor + 9);
  const struct mlgrain_voxels voxels = {{32, 32, 32}, {1.0, 1.0, 1.0}, phase};
  const struct mlgrain_homogenize_settings settings = settings_of(1e-8);
  conduct(&voxels, 2, tensor, &settings, effective);
  assert_true(effective[0][0] > bounds[0] && effective[0][0] < bounds[1]);
  /* spheres come near the upper bound, 40 % below it of the way they would if cubes filled space */
  assert_close(effective[0][0], bounds[1], 0.01);
}

/* Few spheres, as J. D. Eshelby found (Proc. R. Soc. A 241 (1957) 376): the strain in a sphere is
   uniform. Its neighbors count to first order as the mean field that they make (T. Mori, K. Tanaka,
   Acta Metall. 21 (1973) 571); the anisotropy of their lattice, beyond that, cancels in the mean of
   the shear moduli over directions. */
static void spheres_are_as_stiff_as_eshelby_found(void **state)
{
  (void)state;
  static int32_t phase[MOST_VOXELS];
  static const double factor[3] = {0.05, 0.5, 20.0}, within[3] = {0.05, 0.005, 0.06};
  const int n = 32;
  const double f = (double)make_sphere(n, 8.0, phase) / (n * n * n);
  const double lambda = 1.2, mu = 0.8, bulk = lambda + 2.0 * mu / 3.0;
  const double alpha = 3.0 * bulk / (3.0 * bulk + 4.0 * mu),
               beta = 1.2 * (bulk + 2.0 * mu) / (3.0 * bulk + 4.0 * mu);
  for (int c = 0; c < 3; c++) {
    double tensor[2 * 36], effective[6][6];
    make_elastic(lambda, mu, tensor);
    make_elastic(factor[c] * lambda, factor[c] * mu, tensor + 36);
    const struct mlgrain_voxels voxels = {{(size_t)n, (size_t)n, (size_t)n}, {1, 1, 1}, phase};
    const struct mlgrain_homogenize_settings settings = settings_of(1e-7);
    strain(&voxels, 2, tensor, &settings, effective);
    const double change = factor[c] - 1.0;
    const double expected_bulk = bulk * (1.0 + f * change / (1.0 + (1.0 - f) * alpha * change)),
                 expected_shear = mu * (1.0 + f * change / (1.0 + (1.0 - f) * beta * change));
    const double found_bulk = (effective[0][0] + 2.0 * effective[0][1]) / 3.0,
                 found_shear = 0.2 * (effective[0][0] - effective[0][1]) + 0.6 * effective[3][3];
    assert_close((found_bulk - bulk) / (expected_bulk - bulk), 1.0, within[c]);
    assert_close((found_shear - mu) / (expected_shear - mu), 1.0, within[c]);
  }
}

/* Full integration is an energy of trial fields that the rotated scheme has a part of only. */
static void full_integration_is_above(void **state)
{
  (void)state;
  static int32_t phase[16 * 16 * 16];
  uint64_t seed = 5;
  double tensor[2 * 9], rotated[3][3], full[3][3];
  for (int i = 0; i < 4096; i++)
    phase[i] = uniform(&seed) < 0.2;
  make_isotropic(1.0, tensor);
  make_isotropic(1e-2, tensor + 9);
  const struct mlgrain_voxels voxels = {{16, 16, 16}, {1.0, 1.0, 1.0}, phase};
  struct mlgrain_homogenize_settings settings = settings_of(1e-9);
  conduct(&voxels, 2, tensor, &settings, rotated);
  settings.scheme = MLGRAIN_FULL;
  conduct(&voxels, 2, tensor, &settings, full);
  for (int d = 0; d < 3; d++)
    assert_true(full[d][d] > 1.005 * rotated[d][d]);
}

static void a_contrast_of_a_million_is_solved(void **state)
{
  (void)state;
  static int32_t phase[16 * 16 * 16];
  double tensor[2 * 9], effective[3][3], tight[3][3];
  for (int high = 0; high < 2; high++) {
    make_sphere(16, 5.5, phase);
    make_isotropic(1.0, tensor);
    make_isotropic(high ? 1e6 : 1e-6, tensor + 9);
    const struct mlgrain_voxels voxels = {{16, 16, 16}, {1.0, 1.0, 1.0}, phase};
    struct mlgrain_homogenize_settings settings = settings_of(1e-4);
    struct mlgrain_homogenize_report report;
    struct mlgrain_error error = {""};
    if (mlgrain_conductivity(&voxels, 2, tensor, &settings, effective, NULL, &report, &error))
      fail_msg("%s", error.text);
    assert_true(report.iterations[0] < 200 && report.error[0] <= 1e-4);
    settings.tolerance = 1e-10;
    conduct(&voxels, 2, tensor, &settings, tight);
    assert_close(effective[0][0] / tight[0][0], 1.0, 1e-4);
    assert_true(effective[0][0] >= tight[0][0] * (1.0 - 1e-12)); /* from above */
  }
}

/* ---- what a uniform medium, or a thread, makes of it ---------------------------------------- */

static void a_uniform_medium_is_itself(void **state)
{
  (void)state;
  uint64_t seed = 2;
  int32_t phase[60] = {0};
  double tensor[36], effective[6][6], gradient[6 * 60 * 6], flux[6 * 60 * 6];
  make_tensor(6, 0.2, &seed, tensor);
  const struct mlgrain_voxels voxels = {{5, 4, 3}, {1.0, 2.0, 3.0}, phase};
  const struct mlgrain_homogenize_settings settings = settings_of(1e-10);
  const struct mlgrain_fields fields = {gradient, flux};
  struct mlgrain_homogenize_report report;
  assert_int_equal(
      mlgrain_stiffness(&voxels, 1, tensor, &settings, effective, &fields, &report, NULL),
      MLGRAIN_SUCCESS);
  for (int i = 0; i < 36; i++)
    assert_close(effective[i / 6][i % 6], tensor[i], 1e-14);
  for (int load = 0; load < 6; load++) {
    assert_true(report.iterations[load] <= 1);
    for (int voxel = 0; voxel < 60; voxel++)
      for (int c = 0; c < 6; c++) {
        assert_close(gradient[(load * 60 + voxel) * 6 + c], c == load, 1e-13);
        assert_close(flux[(load * 60 + voxel) * 6 + c], tensor[6 * c + load], 1e-13);
      }
  }
}

/* With hardly any contrast the Green operator is almost the inverse: each iteration gains some
 * digits.
 */
static void the_green_operator_is_an_inverse(void **state)
{
  (void)state;
  enum { COUNT = 9 * 6 * 8 };
  uint64_t seed = 91;
  int32_t phase[COUNT];
  double tensor[2 * 36], small[3][3], large[6][6];
  for (int i = 0; i < COUNT; i++)
    phase[i] = uniform(&seed) < 0.4;
  const struct mlgrain_voxels voxels = {{9, 6, 8}, {1.0, 0.7, 1.9}, phase};
  for (int kind = 0; kind < 3; kind++) {
    struct mlgrain_homogenize_settings settings = settings_of(1e-14);
    struct mlgrain_homogenize_report report;
    if (kind == 2) {
      make_elastic(1.0, 0.6, tensor);
      make_elastic(1.001, 0.6006, tensor + 36);
      assert_int_equal(mlgrain_stiffness(&voxels, 2, tensor, &settings, large, NULL, &report, NULL),
                       MLGRAIN_SUCCESS);
    } else {
      make_isotropic(1.0, tensor);
      make_isotropic(1.001, tensor + 9);
      settings.scheme = kind == 1 ? MLGRAIN_FULL : MLGRAIN_ROTATED;
      assert_int_equal(
          mlgrain_conductivity(&voxels, 2, tensor, &settings, small, NULL, &report, NULL),
          MLGRAIN_SUCCESS);
    }
    for (int load = 0; load < (kind == 2 ? 6 : 3); load++)
      assert_in_range(report.iterations[load], 1, 6);
  }
}

static void fields_have_their_means(void **state)
{
  (void)state;
  enum { COUNT = 7 * 8 * 9 };
  static double gradient[3 * COUNT * 3], flux[3 * COUNT * 3];
  uint64_t seed = 21;
  int32_t phase[COUNT];
  double tensor[4 * 9], effective[3][3];
  for (int i = 0; i < COUNT; i++)
    phase[i] = (int32_t)(4 * uniform(&seed));
  for (int p = 0; p < 4; p++)
    make_tensor(3, 0.1, &seed, tensor + 9 * p);
  const struct mlgrain_voxels voxels = {{7, 8, 9}, {1.0, 1.0, 1.0}, phase};
  const struct mlgrain_homogenize_settings settings = settings_of(1e-13);
  const struct mlgrain_fields fields = {gradient, flux};
  assert_int_equal(
      mlgrain_conductivity(&voxels, 4, tensor, &settings, effective, &fields, NULL, NULL),
      MLGRAIN_SUCCESS);
  for (int load = 0; load < 3; load++)
    for (int c = 0; c < 3; c++) {
      double mean[2] = {0.0, 0.0};
      for (int i = 0; i < COUNT; i++) {
        mean[0] += gradient[(load * COUNT + i) * 3 + c] / COUNT;
        mean[1] += flux[(load * COUNT + i) * 3 + c] / COUNT;
      }
      assert_close(mean[0], c == load, 1e-12);
      assert_close(mean[1], effective[c][load], 1e-7);
    }
}

/* Parts in an order of their own, each the first to be done once. */
static int shared_calls;
static void share_backwards(void *context, int threads, void (*work)(void *task, int part),
                            void *task)
{
  assert_ptr_equal(context, &shared_calls);
  shared_calls++;
  for (int part = threads - 1; part >= 0; part--)
    work(task, (part + shared_calls) % threads);
}

static void threads_change_nothing(void **state)
{
  (void)state;
  enum { COUNT = 9 * 5 * 4 };
  uint64_t seed = 31;
  int32_t phase[COUNT];
  double tensor[2 * 36], one[6][6], some[6][6];
  for (int i = 0; i < COUNT; i++)
    phase[i] = uniform(&seed) < 0.5;
  for (int p = 0; p < 2; p++)
    make_tensor(6, 0.05, &seed, tensor + 36 * p);
  const struct mlgrain_voxels voxels = {{9, 5, 4}, {1.0, 1.0, 1.0}, phase};
  struct mlgrain_homogenize_settings settings = settings_of(1e-9);
  strain(&voxels, 2, tensor, &settings, one);
  settings.share = share_backwards;
  settings.context = &shared_calls;
  for (settings.threads = 1; settings.threads <= 7; settings.threads += 3) {
    shared_calls = 0;
    strain(&voxels, 2, tensor, &settings, some);
    assert_memory_equal(one, some, sizeof one);
    assert_true(settings.threads == 1 || shared_calls > 20);
  }
}

/* ---- finer and coarser ---------------------------------------------------------------------- */

static void voxels_are_split_and_joined(void **state)
{
  (void)state;
  uint64_t seed = 41;
  int32_t phase[6 * 4 * 1], *fine, *back;
  for (int i = 0; i < 24; i++)
    phase[i] = (int32_t)(5 * uniform(&seed));
  const struct mlgrain_voxels voxels = {{6, 4, 1}, {1.0, 2.0, 3.0}, phase};
  struct mlgrain_voxels finer, coarser;
  assert_int_equal(mlgrain_voxels_finer(&voxels, &finer, &fine, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(finer.n[0], 12);
  assert_int_equal(finer.n[1], 8);
  assert_int_equal(finer.n[2], 1);
  assert_true(finer.spacing[0] == 0.5 && finer.spacing[1] == 1.0 && finer.spacing[2] == 3.0);
  for (int j = 0; j < 8; j++)
    for (int i = 0; i < 12; i++)
      assert_int_equal(fine[12 * j + i], phase[6 * (j / 2) + i / 2]);
  fine[0] = 77; /* one of four */
  assert_int_equal(mlgrain_voxels_coarser(&finer, &coarser, &back, NULL), MLGRAIN_SUCCESS);
  assert_memory_equal(coarser.n, voxels.n, sizeof coarser.n);
  assert_memory_equal(coarser.spacing, voxels.spacing, sizeof coarser.spacing);
  assert_memory_equal(back, phase, sizeof phase);
  free(back);
  finer.n[0] = 11;
  assert_int_equal(mlgrain_voxels_coarser(&finer, &coarser, &back, NULL), MLGRAIN_INVALID_ARGUMENT);
  assert_null(back);
  free(fine);
}

/* A boundary of half a voxel: laminate voxels do with 8 voxels what 16 resolve. */
static void laminate_voxels_stand_for_thin_layers(void **state)
{
  (void)state;
  int32_t thick[8], thin[16];
  double tensor[3][3][3], resolved[3][3], laminate[3][3];
  uint64_t seed = 51;
  make_tensor(3, 0.3, &seed, tensor[0][0]);
  make_isotropic(1e-3, tensor[1][0]);
  const double normal[3] = {0.0, 0.0, 1.0};
  mlgrain_layer_conductivity(tensor[1], 0.5, tensor[0], normal, tensor[2], NULL);
  for (int i = 0; i < 16; i++) {
    thin[i] = i == 6;
    thick[i / 2] = i / 2 == 3 ? 2 : 0;
  }
  const struct mlgrain_voxels fine = {{1, 1, 16}, {1.0, 1.0, 0.5}, thin};
  const struct mlgrain_voxels coarse = {{1, 1, 8}, {1.0, 1.0, 1.0}, thick};
  const struct mlgrain_homogenize_settings settings = settings_of(1e-13);
  conduct(&fine, 3, tensor[0][0], &settings, resolved);
  conduct(&coarse, 3, tensor[0][0], &settings, laminate);
  for (int i = 0; i < 9; i++)
    assert_close(laminate[i / 3][i % 3], resolved[i / 3][i % 3], 1e-12);
}

/* Two grains as slabs of a box of 10 along z, with boundaries: layers of known
   conductivity, whatever the voxels. */
static void a_voxelized_bicrystal_conducts_like_layers(void **state)
{
  (void)state;
  enum { PLANES = 16, COUNT = 2 * 3 * PLANES };
  const struct mlgrain_box box = {{0, 0, 0}, {{2, 0, 0}, {0, 3, 0}, {0, 0, 10}}, {0, 0, 0}, 0};
  const struct mlgrain_grain grains[2] = {{{1.0, 1.5, 2.05}, {1, 0, 0, 0}, 0.0},
                                          {{1.0, 1.5, 6.15}, {1, 0, 0, 0}, 0.0}};
  /* middles between the seeds are at 4.1 and at (6.15 + 12.05)/2 = 9.1, so grains are 5 thick */
  static int32_t grain[COUNT], neighbor[COUNT], phase[COUNT];
  static double distance[COUNT], normal[COUNT][3];
  struct mlgrain_tessellation *cells;
  struct mlgrain_error error = {""};
  assert_int_equal(mlgrain_tessellation_create(&box, 2, grains, &cells, &error), MLGRAIN_SUCCESS);
  const size_t n[3] = {2, 3, PLANES};
  const struct mlgrain_voxel_grains into = {grain, neighbor, distance, normal};
  assert_int_equal(mlgrain_voxelize(&box, grains, cells, n, 0, 5, &into, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_voxelize(&box, grains, cells, n, 5, PLANES, &into, NULL),
                   MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_voxelize(&box, grains, cells, n, 0, PLANES + 1, &into, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  mlgrain_tessellation_free(cells);
  double k[2][3][3], *tensor;
  struct mlgrain_boundary_voxels mixed = {.voxels = COUNT,
                                          .grains = 2,
                                          .spacing = {1.0, 1.0, 10.0 / PLANES},
                                          .grain = grain,
                                          .neighbor = neighbor,
                                          .distance = distance,
                                          .normal = normal[0],
                                          .conductivity = k[0][0]};
  make_isotropic(2.0, k[0][0]);
  make_isotropic(2.0, k[1][0]);
  /* Thin ones mix with the grain in a plane of voxels each, of phases of their own; of thick ones
     the planes at 4.1 and 9.1 hold 2 each, or 3: pure. */
  static const double thickness[4] = {0.0, 0.4, 1.25, 1.875}, conductivity[2] = {0.01, 300.0};
  static const size_t wanted[4] = {3, 3 + 2 * 6, 3, 3};
  for (int t = 0; t < 4; t++)
    for (int c = 0; c < 2; c++) {
      size_t phases;
      mixed.thickness = thickness[t];
      make_isotropic(conductivity[c], mixed.boundary[0]);
      if (mlgrain_mix_boundary_voxels(&mixed, phase, &tensor, &phases, &error))
        fail_msg("%s", error.text);
      assert_int_equal(phases, wanted[t]);
      const struct mlgrain_voxels voxels = {{2, 3, PLANES}, {1.0, 1.0, 10.0 / PLANES}, phase};
      const struct mlgrain_homogenize_settings settings = settings_of(1e-13);
      double effective[3][3];
      conduct(&voxels, phases, tensor, &settings, effective);
      free(tensor);
      const double f = 2.0 * thickness[t] / 10.0;
      assert_close(effective[2][2], 1.0 / ((1.0 - f) / 2.0 + f / conductivity[c]), 1e-10);
      if (c == 1) /* along boundaries that conduct better, too */
        assert_close(effective[0][0], (1.0 - f) * 2.0 + f * conductivity[c], 1e-10);
    }
  size_t phases;
  mixed.thickness = -1.0;
  assert_int_equal(mlgrain_mix_boundary_voxels(&mixed, phase, &tensor, &phases, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  mixed.thickness = 0.4;
  mixed.boundary[2][2] = 0.0;
  assert_int_equal(mlgrain_mix_boundary_voxels(&mixed, phase, &tensor, &phases, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  grain[5] = 2;
  assert_int_equal(mlgrain_mix_boundary_voxels(&mixed, phase, &tensor, &phases, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
}

/* Each voxel's grain is the one whose seed is nearest in the sense of the weights, and the distance
   the least of those from all planes. */
static void voxels_are_in_the_nearest_grain(void **state)
{
  (void)state;
  enum { GRAINS = 30, N = 12 };
  const struct mlgrain_box box = {{-1, 2, 0}, {{10, 0, 0}, {2, 9, 0}, {-3, 1, 8}}, {0, 0, 0}, 0};
  struct mlgrain_grain grains[GRAINS];
  uint64_t seed = 81;
  for (int g = 0; g < GRAINS; g++) {
    const double f[3] = {uniform(&seed), uniform(&seed), uniform(&seed)};
    for (int d = 0; d < 3; d++)
      grains[g].seed[d] =
          box.low[d] + f[0] * box.edge[0][d] + f[1] * box.edge[1][d] + f[2] * box.edge[2][d];
    grains[g].weight = uniform(&seed);
    memcpy(grains[g].orientation, (const double[4]){1, 0, 0, 0}, sizeof grains[g].orientation);
  }
  static int32_t grain[N * N * N], neighbor[N * N * N];
  static double distance[N * N * N], normal[N * N * N][3];
  const struct mlgrain_voxel_grains into = {grain, neighbor, distance, normal};
  struct mlgrain_tessellation *cells;
  assert_int_equal(mlgrain_tessellation_create(&box, GRAINS, grains, &cells, NULL),
                   MLGRAIN_SUCCESS);
  const size_t n[3] = {N, N, N};
  assert_int_equal(mlgrain_voxelize(&box, grains, cells, n, 0, N, &into, NULL), MLGRAIN_SUCCESS);
  for (int i = 0; i < N * N * N; i++) {
    const double f[3] = {(i % N + 0.5) / N, (i / N % N + 0.5) / N, (i / N / N + 0.5) / N};
    static double at[125 * GRAINS][3];
    double least = INFINITY;
    int owner = -1;
    for (int m = 0; m < 125 * GRAINS; m++) {
      const int image[3] = {m % 5 - 2, m / 5 % 5 - 2, m / 25 % 5 - 2}, g = m / 125;
      double square = -grains[g].weight;
      for (int d = 0; d < 3; d++) {
        at[m][d] = grains[g].seed[d] - box.low[d];
        for (int e = 0; e < 3; e++)
          at[m][d] += (image[e] - f[e]) * box.edge[e][d];
        square += at[m][d] * at[m][d];
      }
      if (square < least) {
        least = square;
        owner = m;
      }
    }
    double nearest = INFINITY;
    for (int m = 0; m < 125 * GRAINS; m++) {
      double apart = 0.0, square = -grains[m / 125].weight;
      for (int d = 0; d < 3; d++) {
        apart += (at[m][d] - at[owner][d]) * (at[m][d] - at[owner][d]);
        square += at[m][d] * at[m][d];
      }
      if (m / 125 != owner / 125)
        nearest = fmin(nearest, (square - least) / (2.0 * sqrt(apart)));
    }
    assert_int_equal(grain[i], owner / 125);
    assert_close(distance[i], nearest, 1e-9);
  }
  mlgrain_tessellation_free(cells);
}

/* ---- turned tensors ------------------------------------------------------------------------- */

static void turned_tensors_have_turned_energies(void **state)
{
  (void)state;
  uint64_t seed = 61;
  double stiffness[6][6], turned[6][6], k[3][3], k_turned[3][3], r[3][3];
  const double q[4] = {0.5, -0.1, 0.7, 0.5};
  mlgrain_quaternion_matrix(q, r);
  make_tensor(6, 0.1, &seed, stiffness[0]);
  make_tensor(3, 0.1, &seed, k[0]);
  mlgrain_turn_stiffness(r, stiffness, turned);
  mlgrain_turn_conductivity(r, k, k_turned);
  for (int repeat = 0; repeat < 20; repeat++) {
    double e[3][3], to[3][3], x[3], y[3], energy[2] = {0.0, 0.0};
    for (int i = 0; i < 3; i++) {
      x[i] = uniform(&seed) - 0.5;
      for (int j = 0; j <= i; j++)
        e[i][j] = e[j][i] = uniform(&seed) - 0.5;
    }
    for (int i = 0; i < 3; i++) {
      y[i] = r[i][0] * x[0] + r[i][1] * x[1] + r[i][2] * x[2];
      for (int j = 0; j < 3; j++) {
        to[i][j] = 0.0;
        for (int a = 0; a < 3; a++)
          for (int b = 0; b < 3; b++)
            to[i][j] += r[i][a] * e[a][b] * r[j][b];
      }
    }
    const double voigt[2][6] = {
        {e[0][0], e[1][1], e[2][2], 2 * e[1][2], 2 * e[0][2], 2 * e[0][1]},
        {to[0][0], to[1][1], to[2][2], 2 * to[1][2], 2 * to[0][2], 2 * to[0][1]}};
    for (int i = 0; i < 6; i++)
      for (int j = 0; j < 6; j++) {
        energy[0] += voigt[0][i] * stiffness[i][j] * voigt[0][j];
        energy[1] += voigt[1][i] * turned[i][j] * voigt[1][j];
      }
    assert_close(energy[1], energy[0], 1e-13);
    assert_close(quadratic(k_turned, y), quadratic(k, x), 1e-14);
  }
}

/* ---- what is refused ------------------------------------------------------------------------ */

static int stop_at_three(void *context, int load, int iteration, double error)
{
  (void)context;
  assert_int_equal(load, 0);
  assert_true(error == 1.0);
  return iteration == 3;
}

static void expect(enum mlgrain_status wanted, const char *part,
                   const struct mlgrain_voxels *voxels, size_t phases, const double *tensor,
                   const struct mlgrain_homogenize_settings *settings)
{
  double effective[3][3];
  struct mlgrain_error error = {""};
  assert_int_equal(
      mlgrain_conductivity(voxels, phases, tensor, settings, effective, NULL, NULL, &error),
      wanted);
  if (!strstr(error.text, part))
    fail_msg("\"%s\" does not say \"%s\"", error.text, part);
}

static void bad_input_is_refused(void **state)
{
  (void)state;
  static int32_t phase[16 * 16 * 16];
  double tensor[2 * 9], effective[6][6];
  make_sphere(16, 5.5, phase);
  make_isotropic(1.0, tensor);
  make_isotropic(1e-3, tensor + 9);
  struct mlgrain_voxels voxels = {{16, 16, 16}, {1.0, 1.0, 1.0}, phase};
  struct mlgrain_homogenize_settings settings = settings_of(1e-4);

  expect(MLGRAIN_INVALID_ARGUMENT, "has phase 1, which is not 0 to 0", &voxels, 1, tensor,
         &settings);
  phase[17] = -1;
  expect(MLGRAIN_INVALID_ARGUMENT, "voxel (1, 1, 0) has phase -1", &voxels, 2, tensor, &settings);
  phase[17] = 0;
  expect(MLGRAIN_INVALID_ARGUMENT, "0 phases", &voxels, 0, tensor, &settings);

  tensor[9] = 0.0;
  expect(MLGRAIN_INVALID_ARGUMENT, "phase 1 is not positive definite", &voxels, 2, tensor,
         &settings);
  tensor[9] = NAN;
  expect(MLGRAIN_NOT_FINITE, "phase 1", &voxels, 2, tensor, &settings);
  tensor[9] = 1e-3;
  tensor[1] = 0.5;
  expect(MLGRAIN_INVALID_ARGUMENT, "phase 0 is not symmetric", &voxels, 2, tensor, &settings);
  tensor[3] = 0.5;
  tensor[4] = 0.25;
  expect(MLGRAIN_INVALID_ARGUMENT, "phase 0 is not positive definite", &voxels, 2, tensor,
         &settings);
  make_isotropic(1.0, tensor);

  make_isotropic(1e-13, tensor + 9);
  expect(MLGRAIN_INVALID_ARGUMENT, "too high for tolerance", &voxels, 2, tensor, &settings);
  make_isotropic(1e-3, tensor + 9);

  voxels.n[1] = 0;
  expect(MLGRAIN_INVALID_ARGUMENT, "0 voxels along y", &voxels, 2, tensor, &settings);
  voxels.n[1] = 16;
  voxels.spacing[2] = -1.0;
  expect(MLGRAIN_INVALID_ARGUMENT, "along z", &voxels, 2, tensor, &settings);
  voxels.spacing[2] = 1.0;

  settings.tolerance = NAN;
  expect(MLGRAIN_INVALID_ARGUMENT, "tolerance", &voxels, 2, tensor, &settings);
  settings.tolerance = 1e-8;
  settings.iterations = 9;
  expect(MLGRAIN_NOT_CONVERGED, "load 0 has not converged after 9 iterations", &voxels, 2, tensor,
         &settings);
  settings.iterations = 1000;
  settings.watch = stop_at_three;
  expect(MLGRAIN_NOT_CONVERGED, "interrupted in load 0, iteration 3", &voxels, 2, tensor,
         &settings);
  settings.watch = NULL;
  settings.scheme = MLGRAIN_FULL;
  assert_int_equal(mlgrain_stiffness(&voxels, 2, tensor, &settings, effective, NULL, NULL, NULL),
                   MLGRAIN_UNSUPPORTED);
  settings.scheme = (enum mlgrain_scheme)7;
  expect(MLGRAIN_INVALID_ARGUMENT, "scheme", &voxels, 2, tensor, &settings);
}

static void bad_layers_and_bounds_are_refused(void **state)
{
  (void)state;
  double a[3][3], b[3][3], out[3][3], bounds[2];
  const double normal[3] = {0.0, 0.0, 1.0}, none[3] = {0.0, 0.0, 0.0};
  const double negative[2] = {1.0, -0.5}, half[2] = {0.5, 0.5}, zero[2] = {1.0, 0.0};
  make_isotropic(1.0, a[0]);
  make_isotropic(-2.0, b[0]);
  assert_int_equal(mlgrain_layer_conductivity(a, 1.5, a, normal, out, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_layer_conductivity(a, 0.5, a, none, out, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_layer_conductivity(a, 0.5, b, normal, out, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  b[0][0] = NAN;
  assert_int_equal(mlgrain_layer_conductivity(a, 0.5, b, normal, out, NULL), MLGRAIN_NOT_FINITE);
  assert_int_equal(mlgrain_isotropic_bounds(2, negative, half, bounds, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_isotropic_bounds(2, half, zero, bounds, NULL), MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_mean_bounds(4, 1, half, a[0], b[0], out[0], NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_mean_bounds(3, 0, half, a[0], b[0], out[0], NULL),
                   MLGRAIN_INVALID_ARGUMENT);
}

/* 77: compiled without FFTW. */
static int has_fftw(void)
{
  const int32_t phase = 0;
  double tensor[9], effective[3][3];
  make_isotropic(1.0, tensor);
  const struct mlgrain_voxels voxels = {{1, 1, 1}, {1.0, 1.0, 1.0}, &phase};
  const struct mlgrain_homogenize_settings settings = mlgrain_homogenize_default();
  return mlgrain_conductivity(&voxels, 1, tensor, &settings, effective, NULL, NULL, NULL) !=
         MLGRAIN_UNSUPPORTED;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_voxels_are_those_of_finite_elements),
      cmocka_unit_test(layers_along_an_axis_are_exact),
      cmocka_unit_test(diagonal_layers_have_off_diagonals),
      cmocka_unit_test(elastic_layers_are_exact),
      cmocka_unit_test(axes_may_be_exchanged),
      cmocka_unit_test(spheres_conduct_as_rayleigh_found),
      cmocka_unit_test(spheres_are_as_stiff_as_eshelby_found),
      cmocka_unit_test(effective_values_keep_within_bounds),
      cmocka_unit_test(spheres_keep_within_hashin_and_shtrikman),
      cmocka_unit_test(full_integration_is_above),
      cmocka_unit_test(a_contrast_of_a_million_is_solved),
      cmocka_unit_test(a_uniform_medium_is_itself),
      cmocka_unit_test(the_green_operator_is_an_inverse),
      cmocka_unit_test(fields_have_their_means),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(voxels_are_split_and_joined),
      cmocka_unit_test(laminate_voxels_stand_for_thin_layers),
      cmocka_unit_test(a_voxelized_bicrystal_conducts_like_layers),
      cmocka_unit_test(voxels_are_in_the_nearest_grain),
      cmocka_unit_test(turned_tensors_have_turned_energies),
      cmocka_unit_test(bad_input_is_refused),
      cmocka_unit_test(bad_layers_and_bounds_are_refused),
  };
  if (!has_fftw())
    return 77;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
