/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of .mtp and .almtp files: what it accepts, and what it says about the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mlgrain/mtp.h"
#include "near.h"

/* Level 6 with small numbers; line numbers below count in it. */
static const char good[] = "MTP\n"                             /* 1 */
                           "version = 1.1.0\n"                 /* 2 */
                           "potential_name = \n"               /* 3 */
                           "scaling = 2.0\n"                   /* 4 */
                           "species_count = 2\n"               /* 5 */
                           "potential_tag = \n"                /* 6 */
                           "radial_basis_type = RBChebyshev\n" /* 7 */
                           "\tmin_dist = 1.5\n"                /* 8 */
                           "\tmax_dist = 5.0\n"                /* 9 */
                           "\tradial_basis_size = 2\n"         /* 10 */
                           "\tradial_funcs_count = 2\n"        /* 11 */
                           "\tradial_coeffs\n"                 /* 12 */
                           "\t\t28-28\n"                       /* 13 */
                           "\t\t\t{1.0, 2.0}\n"                /* 14 */
                           "\t\t\t{3.0, 4.0}\n"                /* 15 */
                           "\t\t28-13\n"                       /* 16 */
                           "\t\t\t{5.0, 6.0}\n"                /* 17 */
                           "\t\t\t{7.0, 8.0}\n"                /* 18 */
                           "\t\t13-28\n"                       /* 19 */
                           "\t\t\t{9.0, 10.0}\n"               /* 20 */
                           "\t\t\t{11.0, 12.0}\n"              /* 21 */
                           "\t\t13-13\n"                       /* 22 */
                           "\t\t\t{13.0, 14.0}\n"              /* 23 */
                           "\t\t\t{15.0, -1.6e+01}\n"          /* 24 */
                           "alpha_moments_count = 8\n"         /* 25 */
                           "alpha_index_basic_count = 5\n"     /* 26 */
                           "alpha_index_basic = {{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, "
                           "{0, 0, 0, 1}, {1, 0, 0, 0}}\n" /* 27 */
                           "alpha_index_times_count = 5\n" /* 28 */
                           "alpha_index_times = {{0, 0, 1, 5}, {1, 1, 1, 6}, {2, 2, 1, 6}, "
                           "{3, 3, 1, 6}, {0, 5, 1, 7}}\n"                /* 29 */
                           "alpha_scalar_moments = 5\n"                   /* 30 */
                           "alpha_moment_mapping = {0, 4, 5, 6, 7}\n"     /* 31 */
                           "species_coeffs = {-1.0, -2.0}\n"              /* 32 */
                           "moment_coeffs = {1.0, 2.0, 3.0, 4.0, 5.0}\n"; /* 33 */

/* A copy of `good` with the first `from` replaced by `to`. */
static char *changed(const char *from, const char *to)
{
  const char *place = strstr(good, from);
  assert_non_null(place);
  char *text = malloc(sizeof good + strlen(to));
  const size_t before = (size_t)(place - good);
  memcpy(text, good, before);
  strcpy(text + before, to);
  strcat(text, place + strlen(from));
  return text;
}

static void check_good(const struct mlgrain_mtp_file *file)
{
  assert_int_equal(file->species_count, 2);
  assert_int_equal(file->label[0], 28);
  assert_int_equal(file->label[1], 13);
  assert_near(file->scaling, 2.0, 0.0);
  assert_near(file->min_dist, 1.5, 0.0);
  assert_near(file->max_dist, 5.0, 0.0);
  for (int k = 0; k < 16; k++)
    assert_near(file->radial_coeffs[k], k == 15 ? -16.0 : k + 1.0, 0.0);
  assert_int_equal(file->moment_count, 8);
  assert_int_equal(file->basic[2][2], 1);
  assert_int_equal(file->times[4][3], 7);
  assert_int_equal(file->mapping[4], 7);
  assert_near(file->species_coeffs[1], -2.0, 0.0);
  assert_near(file->moment_coeffs[4], 5.0, 0.0);
  assert_int_equal(file->parameter_count, 16 + 2 + 5);
  assert_int_equal(file->grade_mode, MLGRAIN_MTP_NO_GRADE);
}

static struct mlgrain_mtp_file *must_read(const void *bytes, size_t size)
{
  struct mlgrain_mtp_file *file;
  struct mlgrain_error error = {""};
  if (mlgrain_mtp_file_parse("name", bytes, size, &file, &error))
    fail_msg("%s", error.text);
  return file;
}

static void reads_variants(void **state)
{
  (void)state;
  static const char *const changes[][2] = {
      {"MTP\n", "MTP\n"},
      {"potential_name = \n", ""},
      {"potential_name = \n", "potential_name = MTP1m, level 6\n"},
      {"potential_tag = \n", ""},
      {"scaling = 2.0\n", "scaling = 0.5\nscaling = 4\n"},
      {"scaling = 2.0\nspecies_count = 2", "species_count = 2\nscaling=2"},
      {"\tmin_dist = 1.5\n\tmax_dist = 5.0\n\tradial_basis_size",
       "min_val = 1.5\nmax_val = 5\nbasis_size"},
      {"{1.0, 2.0}\n\t\t\t{3.0, 4.0}", "{1.0,2.0}{ 3.0 ,\n4.0\n}"},
      {"5.0}\n", "5.0}"},
  };
  for (size_t k = 0; k < sizeof changes / sizeof *changes; k++) {
    char *text = changed(changes[k][0], changes[k][1]);
    struct mlgrain_mtp_file *file = must_read(text, strlen(text));
    check_good(file);
    mlgrain_mtp_file_free(file);
    free(text);
  }
}

static void reads_carriage_returns(void **state)
{
  (void)state;
  char text[2 * sizeof good];
  size_t length = 0;
  for (const char *c = good; *c; c++) {
    if (*c == '\n')
      text[length++] = '\r';
    text[length++] = *c;
  }
  struct mlgrain_mtp_file *file = must_read(text, length);
  check_good(file);
  mlgrain_mtp_file_free(file);
}

struct bad {
  const char *from, *to;
  enum mlgrain_status status;
  const char *message[2]; /* parts of the text; the first names the line */
};

static const struct bad bads[] = {
    {"MTP\n", "MLP\n", MLGRAIN_FORMAT_ERROR, {"line 1:", "first word is not MTP"}},
    {"1.1.0", "1.2.0", MLGRAIN_UNSUPPORTED, {"line 2:", "1.2.0"}},
    {"scaling = 2.0", "scaling = nan", MLGRAIN_NOT_FINITE, {"line 4:", "nan"}},
    {"scaling = 2.0", "scaling = 1e999", MLGRAIN_NOT_FINITE, {"line 4:", "1e999"}},
    {"scaling = 2.0", "scaling = 0x10", MLGRAIN_FORMAT_ERROR, {"line 4:", "0x10"}},
    {"scaling = 2.0", "scaling = 2.0.0", MLGRAIN_FORMAT_ERROR, {"line 4:", "2.0.0"}},
    {"scaling = 2.0", "scaling 2.0", MLGRAIN_FORMAT_ERROR, {"line 4:", "'='"}},
    {"species_count = 2", "species_count = 0", MLGRAIN_FORMAT_ERROR, {"line 5:", "out of range"}},
    {"species_count = 2",
     "species_count = 99999999999",
     MLGRAIN_FORMAT_ERROR,
     {"line 5:", "range"}},
    {"species_count = 2",
     "species_count = 2000000000",
     MLGRAIN_FORMAT_ERROR,
     {"line 12:", "more than"}},
    {"species_count = 2",
     "species_count = 1",
     MLGRAIN_FORMAT_ERROR,
     {"line 16:", "unknown key '28'"}},
    {"= RBChebyshev", "= RBShapeev", MLGRAIN_UNSUPPORTED, {"line 7:", "RBShapeev"}},
    {"\tmin_dist",
     "magnetic_basis_type = BChebyshev\n",
     MLGRAIN_UNSUPPORTED,
     {"line 8:", "magnetic"}},
    {"min_dist", "mindist", MLGRAIN_FORMAT_ERROR, {"line 8:", "mindist"}},
    {"max_dist = 5.0", "max_dist = 1.0", MLGRAIN_FORMAT_ERROR, {"line 9:", "max_dist"}},
    {"min_dist = 1.5", "min_dist = -1.5", MLGRAIN_FORMAT_ERROR, {"line 8:", "negative"}},
    {"radial_basis_size = 2", "radial_basis_size = 0", MLGRAIN_FORMAT_ERROR, {"line 10:", "range"}},
    {"radial_basis_size = 2",
     "radial_basis_size = 2147483647",
     MLGRAIN_FORMAT_ERROR,
     {"line 12:", "more than"}},
    {"radial_basis_size = 2", "radial_basis_size = 3", MLGRAIN_FORMAT_ERROR, {"line 14:", "','"}},
    {"\tradial_funcs_count = 2\n", "", MLGRAIN_FORMAT_ERROR, {"line 11:", "radial_funcs_count"}},
    {"28-13", "28-28", MLGRAIN_FORMAT_ERROR, {"line 16:", "twice"}},
    {"13-28", "13-13", MLGRAIN_FORMAT_ERROR, {"line 19:", "13-28 should be"}},
    {"13-28", "13:28", MLGRAIN_FORMAT_ERROR, {"line 19:", "'-'"}},
    {"{9.0, 10.0}", "{9.0; 10.0}", MLGRAIN_FORMAT_ERROR, {"line 20:", "','"}},
    {"{9.0, 10.0}", "{9.0, inf}", MLGRAIN_NOT_FINITE, {"line 20:", "inf"}},
    {"alpha_moments_count = 8",
     "alpha_moments_count = 80",
     MLGRAIN_FORMAT_ERROR,
     {"line 29:", "80"}},
    {"alpha_moments_count = 8",
     "alpha_moments_count = 7",
     MLGRAIN_FORMAT_ERROR,
     {"line 29:", "target 7"}},
    {"alpha_moments_count = 8",
     "alpha_moments_count = 4",
     MLGRAIN_FORMAT_ERROR,
     {"line 27:", "alpha_index_basic_count"}},
    {"basic_count = 5",
     "basic_count = 2147483647",
     MLGRAIN_FORMAT_ERROR,
     {"line 27:", "alpha_index_basic_count"}},
    {"{0, 1, 0, 0}", "{2, 1, 0, 0}", MLGRAIN_FORMAT_ERROR, {"line 27:", "radial function 2"}},
    {"{0, 1, 0, 0}", "{-1, 1, 0, 0}", MLGRAIN_FORMAT_ERROR, {"line 27:", "radial function -1"}},
    {"{0, 1, 0, 0}", "{0, -1, 0, 0}", MLGRAIN_FORMAT_ERROR, {"line 27:", "negative"}},
    {"{0, 1, 0, 0}", "{0, 11, 10, 0}", MLGRAIN_UNSUPPORTED, {"line 27:", "rank above 20"}},
    {"{0, 1, 0, 0}", "{0, 2147483647, 2147483647, 2}", MLGRAIN_UNSUPPORTED, {"line 27:", "rank"}},
    {"times_count = 5",
     "times_count = 2000000000",
     MLGRAIN_FORMAT_ERROR,
     {"line 29:", "more than"}},
    {"times_count = 5", "times_count = 6", MLGRAIN_FORMAT_ERROR, {"line 29:", "','"}},
    {"times_count = 5", "times_count = 4", MLGRAIN_FORMAT_ERROR, {"line 29:", "'}'"}},
    {"{1, 1, 1, 6}", "{1, 1, 1, 4}", MLGRAIN_FORMAT_ERROR, {"line 29:", "target 4"}},
    {"{1, 1, 1, 6}", "{1, 1, 1, 8}", MLGRAIN_FORMAT_ERROR, {"line 29:", "target 8"}},
    {"{1, 1, 1, 6}", "{1, 6, 1, 6}", MLGRAIN_FORMAT_ERROR, {"line 29:", "not below its target"}},
    {"{1, 1, 1, 6}", "{-1, 1, 1, 6}", MLGRAIN_FORMAT_ERROR, {"line 29:", "factor -1"}},
    {"{3, 3, 1, 6}, {0, 5, 1, 7}",
     "{0, 5, 1, 7}, {3, 3, 1, 5}",
     MLGRAIN_FORMAT_ERROR,
     {"line 29:", "used before"}},
    {"mapping = {0, 4", "mapping = {0, 8", MLGRAIN_FORMAT_ERROR, {"line 31:", "8 moments"}},
    {"mapping = {0, 4", "mapping = {0, -4", MLGRAIN_FORMAT_ERROR, {"line 31:", "out of range"}},
    {"{-1.0, -2.0}", "{-1.0}", MLGRAIN_FORMAT_ERROR, {"line 32:", "','"}},
    {"species_coeffs",
     "scaling = 1\nversion = 1.1.0\nspecies_coeffs",
     MLGRAIN_FORMAT_ERROR,
     {"line 33:", "twice"}},
    {"moment_coeffs = {1.0, 2.0, 3.0, 4.0, 5.0}\n",
     "",
     MLGRAIN_FORMAT_ERROR,
     {"line 33:", "no moment_coeffs"}},
    {"5.0}\n", "5.0} 7\n", MLGRAIN_FORMAT_ERROR, {"line 33:", "'7'"}},
    {"5.0}\n", "5.0}\n#MVS_v1.0\n", MLGRAIN_UNSUPPORTED, {"line 34:", "MVS_v1.1"}},
    {"5.0}\n",
     "5.0}\n#MVS_v1.1\nsite_en_weight 1\n#short",
     MLGRAIN_FORMAT_ERROR,
     {"line 36:", "active set of 23"}},
    {"5.0}\n", "5.0}\n#MVS_v1.1\nforce 1\n#", MLGRAIN_FORMAT_ERROR, {"line 35:", "force"}},
};

static void refuses(void **state)
{
  (void)state;
  for (size_t k = 0; k < sizeof bads / sizeof *bads; k++) {
    char *text = changed(bads[k].from, bads[k].to);
    struct mlgrain_mtp_file *file;
    struct mlgrain_error error = {""};
    const enum mlgrain_status status =
        mlgrain_mtp_file_parse("some.mtp", text, strlen(text), &file, &error);
    if (status != bads[k].status || file || !strstr(error.text, "some.mtp, ") ||
        !strstr(error.text, bads[k].message[0]) || !strstr(error.text, bads[k].message[1]))
      fail_msg("'%s' instead of '%s': status %d, text: %s", bads[k].to, bads[k].from, (int)status,
               error.text);
    free(text);
  }
}

/* Cut anywhere, the file is refused, except before the last newline. */
static void refuses_truncated(void **state)
{
  (void)state;
  const size_t length = strlen(good);
  for (size_t size = 0; size < length - 1; size++) {
    char *part = malloc(size + 1); /* its own block, so that a sanitizer sees a read past it */
    struct mlgrain_mtp_file *file;
    struct mlgrain_error error = {""};
    memcpy(part, good, size);
    assert_int_not_equal(mlgrain_mtp_file_parse("part", part, size, &file, &error), 0);
    assert_null(file);
    assert_non_null(strstr(error.text, "part, line"));
    free(part);
  }
}

/* Writes the potential with an active set 2 E, whose inverse is E/2. */
static size_t with_active_set(char *bytes, const char *weights, double first)
{
  const int n = 23;
  size_t length = (size_t)sprintf(bytes, "%s#MVS_v1.1\n%s#", good, weights);
  for (int m = 0; m < 2; m++)
    for (int i = 0; i < n * n; i++) {
      const double value = i == 0 ? first : i % (n + 1) ? 0.0 : m ? 0.5 : 2.0;
      uint64_t bits;
      memcpy(&bits, &value, sizeof bits);
      for (int byte = 0; byte < 8; byte++)
        bytes[length++] = (char)(bits >> (8 * byte));
    }
  return length + (size_t)sprintf(bytes + length, "\n#\n0 1\n#\nBEGIN_CFG\n");
}

static void reads_active_sets(void **state)
{
  (void)state;
  static char bytes[16384];
  struct mlgrain_mtp_file *file;
  struct mlgrain_error error;
  size_t size = with_active_set(bytes,
                                "energy_weight 0\nforce_weight 0\nstress_weight 0\n"
                                "site_en_weight 1.5\nweight_scaling 2\n",
                                3.0);
  file = must_read(bytes, size);
  assert_int_equal(file->grade_mode, MLGRAIN_MTP_NEIGHBORHOOD);
  assert_near(file->site_weight, 1.5, 0.0);
  assert_int_equal(file->weight_scaling, 2);
  assert_near(file->active_set[0], 3.0, 0.0);
  assert_near(file->active_set[24], 2.0, 0.0);
  assert_near(file->active_inverse[24], 0.5, 0.0);
  mlgrain_mtp_file_free(file);
  size = with_active_set(bytes, "energy_weight 2.5\nsite_en_weight 0\nweight_scaling 1\n", 1.0);
  file = must_read(bytes, size);
  assert_int_equal(file->grade_mode, MLGRAIN_MTP_CONFIGURATION);
  assert_near(file->energy_weight, 2.5, 0.0);
  mlgrain_mtp_file_free(file);
  size = with_active_set(bytes, "force_weight 1\n", 1.0);
  assert_int_equal(mlgrain_mtp_file_parse("a", bytes, size, &file, &error), MLGRAIN_UNSUPPORTED);
  size = with_active_set(bytes, "site_en_weight 1\n", NAN);
  assert_int_equal(mlgrain_mtp_file_parse("a", bytes, size, &file, &error), MLGRAIN_NOT_FINITE);
  assert_non_null(strstr(error.text, "a, line 36"));
}

static void reports_missing_files(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file;
  struct mlgrain_error error;
  assert_int_equal(mlgrain_mtp_file_read("/no/such/file.mtp", &file, &error), MLGRAIN_FILE_ERROR);
  assert_null(file);
  assert_non_null(strstr(error.text, "/no/such/file.mtp"));
  assert_int_equal(mlgrain_mtp_file_read("/", &file, NULL), MLGRAIN_FILE_ERROR);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_variants),    cmocka_unit_test(reads_carriage_returns),
      cmocka_unit_test(refuses),           cmocka_unit_test(refuses_truncated),
      cmocka_unit_test(reads_active_sets), cmocka_unit_test(reports_missing_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
