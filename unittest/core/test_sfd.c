/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strain functional descriptors: against the plain reference, against known values, and by the
   properties they must have. Each runs at every SIMD level of this machine. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cells/cells.h"
#include "mlgrain/sfd.h"
#include "sfd_reference.h"

enum { COUNT = MLGRAIN_SFD_COUNT, MOST_POINTS = 3000 };

static const double sigma_copper = 0.909, cutoff_copper = 5.904, lattice_copper = 3.615;

/* ---- points -------------------------------------------------------------------------------- */

struct points {
  size_t n;
  double x[MOST_POINTS][3];
};

/* Uniform in (-1, 1), the same sequence everywhere (the 64-bit generator of Knuth's MMIX). */
static double uniform(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) * 0x1p-52 - 1.0;
}

static void add_point(struct points *points, double x, double y, double z)
{
  assert_true(points->n < MOST_POINTS);
  points->x[points->n][0] = x;
  points->x[points->n][1] = y;
  points->x[points->n][2] = z;
  points->n++;
}

/* A point at the origin and others in a ball around it. */
static void make_cluster(struct points *points, size_t neighbors, double radius, uint64_t seed)
{
  uint64_t state = seed;
  points->n = 0;
  add_point(points, 0.0, 0.0, 0.0);
  while (points->n < neighbors + 1) {
    const double x = uniform(&state), y = uniform(&state), z = uniform(&state);
    if (x * x + y * y + z * z < 1.0)
      add_point(points, radius * x, radius * y, radius * z);
  }
}

/* Face-centered cubic points within `radius` of one of them, which is the first. */
static void make_fcc(struct points *points, double a, double radius)
{
  points->n = 0;
  add_point(points, 0.0, 0.0, 0.0);
  for (int i = -8; i <= 8; i++)
    for (int j = -8; j <= 8; j++)
      for (int k = -8; k <= 8; k++) {
        const double x = a * i / 2, y = a * j / 2, z = a * k / 2;
        if ((i + j + k) % 2 == 0 && (i || j || k) && x * x + y * y + z * z < radius * radius)
          add_point(points, x, y, z);
      }
}

/* Hexagonal close-packed, ideal axial ratio, nearest neighbors at b. */
static void make_hcp(struct points *points, double b, double radius)
{
  points->n = 0;
  add_point(points, 0.0, 0.0, 0.0);
  for (int layer = -8; layer <= 8; layer++)
    for (int i = -8; i <= 8; i++)
      for (int j = -8; j <= 8; j++) {
        const int odd = layer % 2 != 0;
        const double x = b * (i + j / 2.0 + odd / 2.0);
        const double y = b * (j * sqrt(3.0) / 2.0 + odd / sqrt(12.0));
        const double z = b * layer * sqrt(2.0 / 3.0);
        const double r2 = x * x + y * y + z * z;
        if (r2 > 0.0 && r2 < radius * radius)
          add_point(points, x, y, z);
      }
}

static void displace(struct points *points, double amplitude, uint64_t seed)
{
  uint64_t state = seed;
  for (size_t i = 0; i < points->n; i++)
    for (int d = 0; d < 3; d++)
      points->x[i][d] += amplitude * uniform(&state);
}

/* ---- running the core ---------------------------------------------------------------------- */

static double values[MOST_POINTS][COUNT];

static void compute_chosen(enum mlgrain_simd_level level, const struct points *points,
                           const double *weight, double sigma, double cutoff,
                           const unsigned char *chosen, double *descriptor)
{
  struct mlgrain_sfd *sfd;
  struct mlgrain_cells *cells;
  assert_int_equal(mlgrain_sfd_create(sigma, cutoff, level, &sfd, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_cells_create(points->n, points->x, cutoff, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_sfd_compute(sfd, cells, 0, mlgrain_cells_count(cells), chosen, weight,
                                       descriptor, NULL),
                   MLGRAIN_SUCCESS);
  mlgrain_cells_free(cells);
  mlgrain_sfd_free(sfd);
}

static void compute(enum mlgrain_simd_level level, const struct points *points,
                    const double *weight, double sigma, double cutoff)
{
  unsigned char all[MOST_POINTS];
  memset(all, 1, sizeof all);
  compute_chosen(level, points, weight, sigma, cutoff, all, values[0]);
}

#define FOR_EACH_LEVEL(level)                                                                      \
  for (enum mlgrain_simd_level level = MLGRAIN_SIMD_V2; level <= mlgrain_simd_best(); level++)

/* ---- comparing ----------------------------------------------------------------------------- */

/* `tolerance` is absolute below 1 and relative above. */
static void match(int i, double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance * fmax(1.0, fabs(wanted))))
    fail_msg("%s: %s is %.16g, not %.16g (difference %.2g)", what, mlgrain_sfd_name(i), got, wanted,
             got - wanted);
}

static void match_all(const double got[COUNT], const double wanted[COUNT], double tolerance,
                      const char *what)
{
  for (int i = 0; i < COUNT; i++)
    match(i, got[i], wanted[i], tolerance, what);
}

static void match_reference(const struct points *points, const double *weight, double sigma,
                            double cutoff, double tolerance, const char *what)
{
  const size_t step = points->n / 8 + 1; /* not every point as center: the reference is slow */
  double wanted[MOST_POINTS / 8 + 1][COUNT];
  for (size_t i = 0; i < points->n; i += step)
    sfd_reference(points->n, points->x, weight, i, sigma, cutoff, wanted[i / step]);
  FOR_EACH_LEVEL(level)
  {
    compute(level, points, weight, sigma, cutoff);
    for (size_t i = 0; i < points->n; i += step)
      match_all(values[i], wanted[i / step], tolerance, what);
  }
}

/* ---- against the reference ----------------------------------------------------------------- */

static void test_random_clusters(void **state)
{
  static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 60, 200};
  static struct points points;
  (void)state;
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
    for (uint64_t seed = 1; seed <= 4; seed++) {
      char what[64];
      snprintf(what, sizeof what, "%zu neighbors, seed %d", sizes[s], (int)seed);
      make_cluster(&points, sizes[s], seed < 3 ? 1.2 * cutoff_copper : 3.0, 100 * sizes[s] + seed);
      match_reference(&points, NULL, sigma_copper, cutoff_copper, 1e-12, what);
    }
}

static void test_weights(void **state)
{
  static struct points points;
  double weight[MOST_POINTS];
  uint64_t random = 5;
  (void)state;
  for (size_t neighbors = 4; neighbors < 100; neighbors += 13) {
    make_cluster(&points, neighbors, 4.0, neighbors);
    for (size_t i = 0; i < points.n; i++)
      weight[i] = i % 5 == 4 ? 0.0 : 1.2 + uniform(&random);
    match_reference(&points, weight, 1.1, 4.5, 1e-12, "weights");
  }
}

static void test_equal_weights_scale_only_the_total(void **state)
{
  static struct points points;
  static double plain[MOST_POINTS][COUNT];
  double weight[MOST_POINTS];
  (void)state;
  make_cluster(&points, 40, 4.0, 1);
  for (size_t i = 0; i < points.n; i++)
    weight[i] = 4.0;
  FOR_EACH_LEVEL(level)
  {
    compute(level, &points, NULL, sigma_copper, cutoff_copper);
    memcpy(plain, values, sizeof plain);
    compute(level, &points, weight, sigma_copper, cutoff_copper);
    for (size_t i = 0; i < points.n; i++) {
      plain[i][0] *= 4.0;
      match_all(values[i], plain[i], 1e-13, "equal weights");
    }
  }
}

static void test_nothing_but_zero_weights(void **state)
{
  static struct points points;
  static const double weight[9] = {0.0}, zeros[COUNT] = {0.0};
  (void)state;
  make_cluster(&points, 8, 3.0, 1);
  FOR_EACH_LEVEL(level)
  {
    compute(level, &points, weight, sigma_copper, cutoff_copper);
    for (size_t i = 0; i < points.n; i++)
      match_all(values[i], zeros, 0.0, "no weight at all");
  }
}

/* Where the center weighs nothing the centroid is far from it, and moments about the center are
   large beside those about the centroid. */
static void test_distant_centroid(void **state)
{
  static struct points points;
  double weight[MOST_POINTS];
  (void)state;
  make_cluster(&points, 12, 1.0, 3);
  points.x[0][0] = -3.0 * sigma_copper;
  for (size_t i = 0; i < points.n; i++)
    weight[i] = i ? 1.0 : 0.0;
  match_reference(&points, weight, sigma_copper, cutoff_copper, 1e-11, "distant centroid");
}

static void test_widths(void **state)
{
  static struct points points;
  static const double widths[] = {0.07, 0.1, 0.3, 0.6, 1.5, 4.0, 30.0, 1e3, 1e6};
  (void)state;
  make_cluster(&points, 70, 5.0, 9);
  for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
    match_reference(&points, NULL, widths[i], cutoff_copper, 1e-12, "widths");
}

/* ---- extreme parameters -------------------------------------------------------------------- */

static void set_lone(double lone[COUNT])
{
  memset(lone, 0, COUNT * sizeof *lone);
  lone[0] = 1.0;
  lone[4] = -sqrt(1.5);
  lone[18] = sqrt(15.0 / 8.0);
}

static void match_lone(const double got[COUNT], const char *what)
{
  double lone[COUNT];
  set_lone(lone);
  match_all(got, lone, 1e-15, what);
  for (int i = 0; i < COUNT; i++)
    if (lone[i] == 0.0 && got[i] != 0.0)
      fail_msg("%s: %s is %g, not exactly 0", what, mlgrain_sfd_name(i), got[i]);
}

static void test_extreme_widths(void **state)
{
  static struct points points;
  static const double narrow[] = {1e-50, 1e-40, 1e-20, 1e-3, 0.02};
  double lone[COUNT];
  (void)state;
  make_fcc(&points, lattice_copper, 8.0);
  FOR_EACH_LEVEL(level)
  {
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++) {
      compute(level, &points, NULL, narrow[i], cutoff_copper);
      match_lone(values[0], "narrow");
    }
    compute(level, &points, NULL, 1e50, cutoff_copper);
    set_lone(lone);
    lone[0] = 79.0; /* 12 + 6 + 24 + 12 + 24 neighbors within 1.63 a, all of weight 1 */
    match_all(values[0], lone, 1e-15, "wide");
  }
}

/* As sigma grows, tensors of rank l shrink as its power -l; they must not be taken for nothing. */
static void test_wide_limit(void **state)
{
  static struct points points;
  static const int column[] = {1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15};
  double first[COUNT];
  (void)state;
  make_cluster(&points, 30, 4.0, 21);
  FOR_EACH_LEVEL(level)
  {
    compute(level, &points, NULL, 1e4, 20.0);
    memcpy(first, values[0], sizeof first);
    compute(level, &points, NULL, 1e6, 20.0);
    for (size_t i = 0; i < sizeof column / sizeof *column; i++) {
      const int rank = mlgrain_sfd_name(column[i])[1] - '0';
      const double ratio = values[0][column[i]] / first[column[i]] * pow(100.0, rank);
      if (!(fabs(ratio - 1.0) < 1e-6))
        fail_msg("%s does not scale with sigma: %g", mlgrain_sfd_name(column[i]), ratio);
    }
  }
}

/* The Gaussian of a neighbor at 30 to 40 sigma, from 1e-196 down to nothing, must not disturb. */
static void test_underflow(void **state)
{
  static struct points points;
  (void)state;
  points.n = 0;
  add_point(&points, 0.0, 0.0, 0.0);
  add_point(&points, 1.0, 0.5, 0.25);
  FOR_EACH_LEVEL(level)
  for (double ratio = 30.0; ratio < 42.0; ratio += 0.01) {
    compute(level, &points, NULL, sqrt(1.3125) / ratio, 2.0);
    assert_true(values[0][0] == 1.0);
    for (int i = 0; i < COUNT; i++)
      assert_true(isfinite(values[0][i]));
    assert_true(fabs(values[0][10]) < 1e-99);
  }
}

static void test_coincident_points(void **state)
{
  static struct points points;
  (void)state;
  FOR_EACH_LEVEL(level)
  for (size_t n = 1; n < 40; n++) {
    points.n = 0;
    for (size_t i = 0; i < n; i++)
      add_point(&points, 1.25, -3.5, 1e3);
    compute(level, &points, NULL, sigma_copper, cutoff_copper);
    for (size_t i = 0; i < n; i++) {
      assert_true(values[i][0] == (double)n);
      values[i][0] = 1.0;
      match_lone(values[i], "coincident");
    }
  }
}

/* |d| < cutoff, not <=. */
static void test_cutoff_is_open(void **state)
{
  static struct points points;
  (void)state;
  points.n = 0;
  add_point(&points, 0.0, 0.0, 0.0);
  add_point(&points, 2.0, 0.0, 0.0);
  FOR_EACH_LEVEL(level)
  {
    compute(level, &points, NULL, 1.0, 2.0);
    match_lone(values[0], "at the cutoff");
    compute(level, &points, NULL, 1.0, 2.0 + 1e-12);
    assert_true(values[0][0] > 1.1);
  }
}

/* ---- known values -------------------------------------------------------------------------- */

static void match_known(const struct points *points, size_t center, const double wanted[COUNT],
                        double tolerance, const char *what)
{
  FOR_EACH_LEVEL(level)
  {
    compute(level, points, NULL, sigma_copper, cutoff_copper);
    for (int i = 0; i < COUNT; i++)
      if (!(fabs(values[center][i] - wanted[i]) <= tolerance))
        fail_msg("%s: %s is %.12g, not %.12g", what, mlgrain_sfd_name(i), values[center][i],
                 wanted[i]);
  }
}

static void test_known_values(void **state)
{
  static struct points points;
  static const double digits6 = 5.001e-7, digits10 = 5.001e-11;
  static const double fcc[COUNT] = {1.232528, 0, 0, 0,        0.006744, 0,         0, 0, 0,       0,
                                    0.428776, 0, 0, 0.293846, 0,        -0.243257, 0, 0, 3.071759};
  static const double hcp[COUNT] = {1.232544, 0,        0.000229,  -0.000183, 0.006899,
                                    0.121106, 0.116896, 0.093435,  -0.031161, 0,
                                    0.220428, 0.167989, 0.134273,  0.107021,  0.178156,
                                    0.074571, 0.001641, -0.001312, 3.072500};
  static const double vacancy[COUNT] = {1.213349,  0.047765, 0.098049,  0.078370,  -0.077464,
                                        0.165381,  0.127706, -0.102075, -0.085107, 0.173198,
                                        0.454441,  0.344946, -0.066995, 0.053658,  -0.156438,
                                        -0.114805, 0.248061, 0.198274,  2.949871};
  static const double lone[COUNT] = {[0] = 1, [4] = -1.224745, [18] = 1.369306};
  static const double seven[COUNT] = {1.1061749202,  0.0663041961,  0.1368683971,  0.0750042149,
                                      -0.5840958183, 0.3398070728,  0.2939756633,  0.1038282121,
                                      -0.0787219911, 0.2657706651,  0.6417230599,  0.2430089769,
                                      0.0235130448,  -0.0763484750, -0.0739678113, 0.2021268198,
                                      0.3127055619,  0.1808186735,  2.2841510350};
  (void)state;
  make_fcc(&points, lattice_copper, 8.0);
  match_known(&points, 0, fcc, digits6, "FCC");
  make_hcp(&points, lattice_copper / sqrt(2.0), 8.0);
  match_known(&points, 0, hcp, digits6, "HCP");
  make_fcc(&points, lattice_copper, 8.0);
  for (size_t i = 1; i < points.n; i++) /* one nearest neighbor less */
    if (points.x[i][0] > 1.0 && points.x[i][1] > 1.0 && hypot(points.x[i][0], points.x[i][1]) < 3.0)
      if (fabs(points.x[i][2]) < 0.1)
        memcpy(points.x[i], points.x[--points.n], sizeof points.x[i]);
  match_known(&points, 0, vacancy, digits6, "neighbor of a vacancy");
  points.n = 1;
  match_known(&points, 0, lone, digits6, "lone atom");
  add_point(&points, 2.5, 0.1, -0.2);
  add_point(&points, -0.3, 2.4, 0.5);
  add_point(&points, 0.4, -0.6, 2.7);
  add_point(&points, -2.2, -1.1, 0.9);
  add_point(&points, 1.3, 1.9, -1.6);
  add_point(&points, -1.0, 1.2, -2.3);
  add_point(&points, 1.8, -1.7, -0.8);
  match_known(&points, 0, seven, digits10, "seven neighbors");
}

/* Descriptors that vanish in a perfect crystal. The ratios whose numerator is under the noise
   floor are exact zeros; the rest are sums that cancel to rounding. */
static void test_perfect_crystal(void **state)
{
  static struct points points;
  static const int exact[] = {11, 12, 14}, small[] = {1, 2, 3, 5, 6, 7, 8, 9, 16, 17};
  (void)state;
  make_fcc(&points, lattice_copper, 2.0 * cutoff_copper);
  for (size_t i = 0; i < points.n; i++) /* coordinates with rounding errors */
    for (int d = 0; d < 3; d++)
      points.x[i][d] += 11.1 + d;
  FOR_EACH_LEVEL(level)
  {
    compute(level, &points, NULL, sigma_copper, cutoff_copper);
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
      assert_true(values[0][exact[i]] == 0.0);
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
      assert_true(fabs(values[0][small[i]]) < 1e-14);
  }
}

/* Every descriptor that vanishes in the crystal grows from there in proportion to the
   displacements, P4_I4 as their square root; nothing jumps to zero or to noise. The square root
   turns a rounding error e into e / sqrt(displacement). */
static void test_small_displacements(void **state)
{
  static struct points crystal, points;
  static const int linear[] = {1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 16, 17};
  double first[COUNT] = {0.0};
  (void)state;
  make_fcc(&crystal, lattice_copper, 8.0);
  for (double amplitude = 1e-4; amplitude > 1e-9; amplitude /= 10.0) {
    points = crystal;
    displace(&points, amplitude, 11);
    match_reference(&points, NULL, sigma_copper, cutoff_copper, amplitude < 1e-6 ? 1e-10 : 1e-12,
                    "displaced crystal");
    FOR_EACH_LEVEL(level)
    {
      compute(level, &points, NULL, sigma_copper, cutoff_copper);
      if (amplitude > 0.9e-4)
        for (int i = 0; i < COUNT; i++)
          first[i] = values[0][i];
      for (size_t i = 0; i < sizeof linear / sizeof *linear; i++) {
        const double growth = values[0][linear[i]] / first[linear[i]] / (amplitude / 1e-4);
        if (!(growth > 0.7 && growth < 1.4))
          fail_msg("%s at %g: %g of its value at 1e-4, scaled", mlgrain_sfd_name(linear[i]),
                   amplitude, growth);
      }
      const double root = values[0][14] / first[14] / sqrt(amplitude / 1e-4);
      if (!(root > 0.7 && root < 1.4))
        fail_msg("P4_I4 at %g: %g of its value at 1e-4, scaled", amplitude, root);
    }
  }
}

/* Only three of P3_I0 .. P3_I3 are independent. */
static void test_third_order_relation(void **state)
{
  static struct points points;
  (void)state;
  FOR_EACH_LEVEL(level)
  for (uint64_t seed = 1; seed < 20; seed++) {
    make_cluster(&points, 30, 5.0, seed);
    compute(level, &points, NULL, sigma_copper, cutoff_copper);
    for (size_t i = 0; i < points.n; i++) {
      const double i0 = values[i][5], i1 = values[i][6], i2 = values[i][7];
      const double numerator = 196.0 / 121.0 * sqrt(7.0 / 13.0) * i0 * i0 * i0 -
                               144.0 / 121.0 * sqrt(35.0 / 13.0) * i0 * i1 * i1 +
                               6.0 / 11.0 * sqrt(30.0 / 13.0) * i2 * i1 * i1;
      const double denominator = 14.0 / 11.0 * i0 * i0 - 6.0 / 11.0 * sqrt(5.0) * i1 * i1;
      if (fabs(denominator) > 1e-3 * i0 * i0)
        match(8, values[i][8], numerator / denominator, 1e-11, "relation");
    }
  }
}

/* ---- invariance ---------------------------------------------------------------------------- */

/* A rotation from a random unit quaternion. */
static void random_rotation(uint64_t *random, double r[3][3])
{
  double q[4], square = 0.0;
  for (int i = 0; i < 4; i++) {
    q[i] = uniform(random);
    square += q[i] * q[i];
  }
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      const int k = 3 - i - j; /* the third axis where i != j */
      const double twist = (j - i + 3) % 3 == 1 ? -1.0 : 1.0;
      if (i == j)
        r[i][j] = 1.0 - 2.0 * (square - q[0] * q[0] - q[i + 1] * q[i + 1]) / square;
      else
        r[i][j] = 2.0 * (q[i + 1] * q[j + 1] + twist * q[0] * q[k + 1]) / square;
    }
}

/* x := sign * rotation of x, then a shift. */
static void transform(struct points *points, double r[3][3], double sign)
{
  for (size_t i = 0; i < points->n; i++) {
    const double x[3] = {points->x[i][0], points->x[i][1], points->x[i][2]};
    for (int d = 0; d < 3; d++)
      points->x[i][d] = sign * (r[d][0] * x[0] + r[d][1] * x[1] + r[d][2] * x[2]) + 0.7 * d;
  }
}

static void test_rotation_and_inversion(void **state)
{
  static struct points cluster, points;
  static double before[MOST_POINTS][COUNT];
  double r[3][3];
  uint64_t random = 77;
  (void)state;
  make_cluster(&cluster, 60, 5.0, 4);
  FOR_EACH_LEVEL(level)
  {
    compute(level, &cluster, NULL, sigma_copper, cutoff_copper);
    memcpy(before, values, sizeof before);
    for (int trial = 0; trial < 20; trial++) {
      points = cluster;
      random_rotation(&random, r);
      transform(&points, r, trial % 2 ? -1.0 : 1.0);
      compute(level, &points, NULL, sigma_copper, cutoff_copper);
      for (size_t i = 0; i < points.n; i++)
        match_all(values[i], before[i], 1e-12, "rotation");
    }
  }
}

static void test_permutation(void **state)
{
  static struct points points, shuffled;
  static double before[MOST_POINTS][COUNT];
  (void)state;
  make_cluster(&points, 112, 7.0, 8);
  shuffled.n = points.n;
  for (size_t i = 0; i < points.n; i++) /* 31 has no factor in common with 113 */
    memcpy(shuffled.x[31 * i % points.n], points.x[i], sizeof points.x[i]);
  FOR_EACH_LEVEL(level)
  {
    compute(level, &points, NULL, sigma_copper, cutoff_copper);
    memcpy(before, values, sizeof before);
    compute(level, &shuffled, NULL, sigma_copper, cutoff_copper);
    for (size_t i = 0; i < points.n; i++)
      match_all(values[31 * i % points.n], before[i], 1e-13, "permutation");
  }
}

/* ---- the interface ------------------------------------------------------------------------- */

static void test_ranges_of_cells(void **state)
{
  static struct points points;
  static double whole[MOST_POINTS][COUNT];
  unsigned char all[MOST_POINTS];
  (void)state;
  memset(all, 1, sizeof all);
  make_cluster(&points, 300, 9.0, 6);
  FOR_EACH_LEVEL(level)
  {
    struct mlgrain_sfd *sfd;
    struct mlgrain_cells *cells;
    compute(level, &points, NULL, sigma_copper, 3.0);
    memcpy(whole, values, sizeof whole);
    assert_int_equal(mlgrain_sfd_create(sigma_copper, 3.0, level, &sfd, NULL), MLGRAIN_SUCCESS);
    assert_int_equal(mlgrain_cells_create(points.n, points.x, 3.0, &cells, NULL, NULL),
                     MLGRAIN_SUCCESS);
    const size_t count = mlgrain_cells_count(cells);
    for (size_t chunk = 1; chunk < count; chunk = 3 * chunk + 1) {
      memset(values, 0, sizeof values);
      for (size_t first = 0; first < count; first += chunk)
        assert_int_equal(mlgrain_sfd_compute(sfd, cells, first,
                                             first + chunk < count ? first + chunk : count, all,
                                             NULL, values[0], NULL),
                         MLGRAIN_SUCCESS);
      /* to the last bit: the result must not depend on the number of threads */
      assert_memory_equal(values, whole, points.n * sizeof *values);
    }
    mlgrain_cells_free(cells);
    mlgrain_sfd_free(sfd);
  }
}

/* Threads take disjoint ranges: a call must leave the points of other cells alone. */
static void test_range_writes_its_cells_only(void **state)
{
  static struct points points;
  unsigned char all[MOST_POINTS];
  struct mlgrain_cells *cells;
  (void)state;
  memset(all, 1, sizeof all);
  make_cluster(&points, 300, 9.0, 6);
  assert_int_equal(mlgrain_cells_create(points.n, points.x, 3.0, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  FOR_EACH_LEVEL(level)
  for (size_t first = 0, last = 5; last <= mlgrain_cells_count(cells); first = last, last += 5) {
    struct mlgrain_sfd *sfd;
    for (size_t i = 0; i < points.n; i++)
      values[i][0] = -1.0;
    assert_int_equal(mlgrain_sfd_create(sigma_copper, 3.0, level, &sfd, NULL), MLGRAIN_SUCCESS);
    assert_int_equal(mlgrain_sfd_compute(sfd, cells, first, last, all, NULL, values[0], NULL),
                     MLGRAIN_SUCCESS);
    for (size_t place = 0; place < points.n; place++)
      assert_int_equal(values[cells->index[place]][0] > 0.0,
                       place >= cells->start[first] && place < cells->start[last]);
    mlgrain_sfd_free(sfd);
  }
  mlgrain_cells_free(cells);
}

static void test_chosen_points_only(void **state)
{
  static struct points points;
  static double all[MOST_POINTS][COUNT], some[MOST_POINTS][COUNT];
  unsigned char chosen[MOST_POINTS];
  (void)state;
  make_cluster(&points, 150, 8.0, 12);
  FOR_EACH_LEVEL(level)
  for (size_t step = 1; step < 200; step += 7) {
    compute(level, &points, NULL, sigma_copper, cutoff_copper);
    memcpy(all, values, sizeof all);
    for (size_t i = 0; i < points.n; i++) {
      chosen[i] = i % step == 1 ? 2 : 0;
      for (int k = 0; k < COUNT; k++)
        some[i][k] = -12345.0;
    }
    compute_chosen(level, &points, NULL, sigma_copper, cutoff_copper, chosen, some[0]);
    for (size_t i = 0; i < points.n; i++)
      for (int k = 0; k < COUNT; k++)
        assert_true(some[i][k] == (chosen[i] ? all[i][k] : -12345.0));
  }
}

/* Cells may be made for more than the cutoff; only neighbors within the cutoff count. */
static void test_cells_of_larger_cutoff(void **state)
{
  static struct points points;
  static double wide[MOST_POINTS][COUNT];
  unsigned char all[MOST_POINTS];
  struct mlgrain_sfd *sfd;
  struct mlgrain_cells *cells;
  (void)state;
  memset(all, 1, sizeof all);
  make_cluster(&points, 100, 8.0, 2);
  assert_int_equal(mlgrain_cells_create(points.n, points.x, 7.0, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  FOR_EACH_LEVEL(level)
  {
    assert_int_equal(mlgrain_sfd_create(1.5, 4.0, level, &sfd, NULL), MLGRAIN_SUCCESS);
    assert_int_equal(
        mlgrain_sfd_compute(sfd, cells, 0, mlgrain_cells_count(cells), all, NULL, wide[0], NULL),
        MLGRAIN_SUCCESS);
    mlgrain_sfd_free(sfd);
    compute(level, &points, NULL, 1.5, 4.0);
    for (size_t i = 0; i < points.n; i++)
      match_all(wide[i], values[i], 1e-13, "cells of a larger cutoff");
  }
  mlgrain_cells_free(cells);
}

static void test_no_points(void **state)
{
  static struct points none;
  (void)state;
  FOR_EACH_LEVEL(level)
  compute(level, &none, NULL, sigma_copper, cutoff_copper);
}

static void test_names(void **state)
{
  static const char *const wanted[COUNT] = {
      "P0_I0", "P1_I0", "P2_I0", "P2_I1", "P2_I2", "P3_I0", "P3_I1", "P3_I2", "P3_I3", "P3_I4",
      "P4_I0", "P4_I1", "P4_I2", "P4_I3", "P4_I4", "P4_I5", "P4_I6", "P4_I7", "P4_I8"};
  (void)state;
  for (int i = 0; i < COUNT; i++) {
    assert_string_equal(mlgrain_sfd_name(i), wanted[i]);
    assert_int_equal(mlgrain_sfd_index(wanted[i]), i);
  }
  assert_null(mlgrain_sfd_name(-1));
  assert_null(mlgrain_sfd_name(COUNT));
  assert_int_equal(mlgrain_sfd_index("P4_I9"), -1);
  assert_int_equal(mlgrain_sfd_index("P0_I0 "), -1);
  assert_int_equal(mlgrain_sfd_index(""), -1);
}

static void test_chosen_columns(void **state)
{
  static struct points points;
  static const int column[] = {18, 0, 11, 4, 11}, bad[] = {3, 19, 2}, negative[] = {-1};
  enum { COLUMNS = sizeof column / sizeof *column };
  static double some[MOST_POINTS * COLUMNS];
  unsigned char all[MOST_POINTS];
  struct mlgrain_sfd *sfd;
  struct mlgrain_cells *cells;
  struct mlgrain_error error;
  (void)state;
  memset(all, 1, sizeof all);
  make_cluster(&points, 90, 6.0, 3);
  assert_int_equal(mlgrain_cells_create(points.n, points.x, cutoff_copper, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  FOR_EACH_LEVEL(level)
  {
    compute(level, &points, NULL, sigma_copper, cutoff_copper);
    assert_int_equal(mlgrain_sfd_create(sigma_copper, cutoff_copper, level, &sfd, NULL),
                     MLGRAIN_SUCCESS);
    assert_int_equal(mlgrain_sfd_choose_columns(sfd, COLUMNS, column, &error), MLGRAIN_SUCCESS);
    assert_int_equal(mlgrain_sfd_choose_columns(sfd, 3, bad, &error), MLGRAIN_INVALID_ARGUMENT);
    assert_int_equal(mlgrain_sfd_choose_columns(sfd, 1, negative, NULL), MLGRAIN_INVALID_ARGUMENT);
    assert_int_equal(mlgrain_sfd_choose_columns(sfd, 0, column, NULL), MLGRAIN_INVALID_ARGUMENT);
    assert_int_equal(mlgrain_sfd_choose_columns(sfd, 20, column, NULL), MLGRAIN_INVALID_ARGUMENT);
    assert_int_equal(
        mlgrain_sfd_compute(sfd, cells, 0, mlgrain_cells_count(cells), all, NULL, some, NULL),
        MLGRAIN_SUCCESS);
    for (size_t i = 0; i < points.n; i++)
      for (int k = 0; k < COLUMNS; k++)
        assert_true(some[i * COLUMNS + (size_t)k] == values[i][column[k]]);
    mlgrain_sfd_free(sfd);
  }
  mlgrain_cells_free(cells);
}

static void test_automatic_parameters(void **state)
{
  (void)state;
  for (double a = 1e-3; a < 1e3; a *= 7.0) {
    const double density = 4.0 / (a * a * a), sigma = mlgrain_sfd_automatic_sigma(density);
    assert_true(fabs(sigma / (0.25131789 * a) - 1.0) < 1e-8);
    assert_true(fabs(density * pow(2.0 * acos(-1.0), 1.5) * sigma * sigma * sigma - 1.0) < 1e-14);
  }
  assert_true(fabs(mlgrain_sfd_automatic_cutoff(0.909) - 5.904) < 5e-4);
  assert_true(fabs(mlgrain_sfd_automatic_cutoff(2.0) - 12.99) < 1e-12);
}

static void test_refused_parameters(void **state)
{
  static const double bad[] = {0.0, -1.0, NAN, INFINITY, -INFINITY, 0.9e-50, 1.1e50};
  struct mlgrain_sfd *sfd;
  struct mlgrain_error error;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    sfd = (struct mlgrain_sfd *)&error;
    assert_int_equal(mlgrain_sfd_create(bad[i], 1.0, MLGRAIN_SIMD_V2, &sfd, &error),
                     MLGRAIN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "sigma"));
    assert_null(sfd);
    sfd = (struct mlgrain_sfd *)&error;
    assert_int_equal(mlgrain_sfd_create(1.0, bad[i], MLGRAIN_SIMD_V2, &sfd, &error),
                     MLGRAIN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "cutoff"));
    assert_null(sfd);
    assert_int_equal(mlgrain_sfd_create(1.0, bad[i], MLGRAIN_SIMD_V2, &sfd, NULL),
                     MLGRAIN_INVALID_ARGUMENT);
  }
  mlgrain_sfd_free(NULL);
}

static void test_refused_cells(void **state)
{
  static struct points points;
  struct mlgrain_sfd *sfd;
  struct mlgrain_cells *cells;
  struct mlgrain_error error;
  const unsigned char all[4] = {1, 1, 1, 1};
  (void)state;
  make_cluster(&points, 3, 3.0, 1);
  assert_int_equal(mlgrain_cells_create(points.n, points.x, 2.0, &cells, NULL, NULL),
                   MLGRAIN_SUCCESS);
  const size_t count = mlgrain_cells_count(cells);
  assert_int_equal(mlgrain_sfd_create(1.0, 2.5, MLGRAIN_SIMD_V2, &sfd, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_sfd_compute(sfd, cells, 0, count, all, NULL, values[0], &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_non_null(strstr(error.text, "2.5"));
  mlgrain_sfd_free(sfd);
  assert_int_equal(mlgrain_sfd_create(1.0, 2.0, MLGRAIN_SIMD_V2, &sfd, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_sfd_compute(sfd, cells, 0, count + 1, all, NULL, values[0], &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_sfd_compute(sfd, cells, count, count, all, NULL, values[0], &error),
                   MLGRAIN_SUCCESS);
  mlgrain_sfd_free(sfd);
  mlgrain_cells_free(cells);
}

/* ---- the authors' results ------------------------------------------------------------------ */

static FILE *open_reference(const char *name)
{
  const char *folder = getenv("MLGRAIN_REFERENCE_DIR");
  char path[4096];
  if (!folder || !*folder)
    return NULL;
  snprintf(path, sizeof path, "%s/sfd/%s", folder, name);
  return fopen(path, "r");
}

/* Reads a 500-atom periodic cube of edge 18.075: positions and descriptors, in the file's order. */
static size_t read_reference(FILE *file, struct points *points, double (*wanted)[COUNT])
{
  static char line[4096];
  points->n = 0;
  while (fgets(line, sizeof line, file)) {
    double x[3];
    int id, used = 0, length;
    if (line[0] == '#' || sscanf(line, "%d %lf %lf %lf%n", &id, &x[0], &x[1], &x[2], &used) != 4)
      continue;
    for (int k = 0; k < COUNT; k++, used += length)
      assert_int_equal(sscanf(line + used, "%lf%n", &wanted[points->n][k], &length), 1);
    add_point(points, x[0], x[1], x[2]);
  }
  return points->n;
}

static void add_images(struct points *points, double edge, double reach)
{
  const size_t n = points->n;
  for (size_t i = 0; i < n; i++)
    for (int image = 0; image < 27; image++) {
      const double x[3] = {points->x[i][0] + edge * (image % 3 - 1),
                           points->x[i][1] + edge * (image / 3 % 3 - 1),
                           points->x[i][2] + edge * (image / 9 - 1)};
      int near = image != 13;
      for (int d = 0; d < 3; d++)
        near = near && x[d] > -reach && x[d] < edge + reach;
      if (near)
        add_point(points, x[0], x[1], x[2]);
    }
}

static void compare_with_authors(const char *name, int is_perfect)
{
  static struct points points;
  static double wanted[MOST_POINTS][COUNT];
  FILE *file = open_reference(name);
  if (!file) {
    print_message("no %s in $MLGRAIN_REFERENCE_DIR/sfd\n", name);
    skip();
  }
  const size_t n = read_reference(file, &points, wanted);
  fclose(file);
  assert_int_equal(n, 500);
  add_images(&points, 18.075, cutoff_copper);
  FOR_EACH_LEVEL(level)
  {
    compute(level, &points, NULL, sigma_copper, cutoff_copper);
    for (size_t i = 0; i < n; i++) {
      /* in the perfect crystal theirs is the square root of rounding errors, ours is zero */
      if (is_perfect && fabs(wanted[i][14]) < 1e-6)
        wanted[i][14] = 0.0;
      match_all(values[i], wanted[i], 1e-11, name);
    }
  }
}

static void test_authors_perfect(void **state)
{
  (void)state;
  compare_with_authors("fcc.reference.txt", 1);
}

static void test_authors_displaced(void **state)
{
  (void)state;
  compare_with_authors("fcc_displaced.reference.txt", 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_clusters),
      cmocka_unit_test(test_weights),
      cmocka_unit_test(test_equal_weights_scale_only_the_total),
      cmocka_unit_test(test_nothing_but_zero_weights),
      cmocka_unit_test(test_distant_centroid),
      cmocka_unit_test(test_widths),
      cmocka_unit_test(test_extreme_widths),
      cmocka_unit_test(test_wide_limit),
      cmocka_unit_test(test_underflow),
      cmocka_unit_test(test_coincident_points),
      cmocka_unit_test(test_cutoff_is_open),
      cmocka_unit_test(test_known_values),
      cmocka_unit_test(test_perfect_crystal),
      cmocka_unit_test(test_small_displacements),
      cmocka_unit_test(test_third_order_relation),
      cmocka_unit_test(test_rotation_and_inversion),
      cmocka_unit_test(test_permutation),
      cmocka_unit_test(test_ranges_of_cells),
      cmocka_unit_test(test_range_writes_its_cells_only),
      cmocka_unit_test(test_chosen_points_only),
      cmocka_unit_test(test_cells_of_larger_cutoff),
      cmocka_unit_test(test_no_points),
      cmocka_unit_test(test_chosen_columns),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_automatic_parameters),
      cmocka_unit_test(test_refused_parameters),
      cmocka_unit_test(test_refused_cells),
      cmocka_unit_test(test_authors_perfect),
      cmocka_unit_test(test_authors_displaced),
  };
  return cmocka_run_group_tests_name("sfd", tests, NULL, NULL);
}
