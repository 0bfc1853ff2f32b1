/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error bars of moment tensor potentials: leverages and forces of members against the plain
   formulas, with every level of vector instructions; files that aren't what they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mtp_error_builder.h"
#include "mtp_random.h"
#include "near.h"

enum { MEMBERS = 6 };

static const struct random_form forms[] = {{1, 1, 0, 1, 0, 0},   {2, 3, 4, 6, 120, 0},
                                           {3, 2, 6, 10, 90, 0}, {5, 4, 2, 3, 60, 1},
                                           {2, 5, 2, 14, 40, 0}, {9, 3, 3, 5, 50, 0}};

/* The same as the kernels give. */
struct bars_outcome {
  double *leverage, *nearest;
  float *force; /* [atom][members/2][3][2] */
};

static void bars_alloc(const struct atoms *atoms, struct bars_outcome *out)
{
  const size_t n = (size_t)atoms->total + 1;
  out->leverage = calloc(n, sizeof(double));
  out->nearest = calloc(n, sizeof(double));
  out->force = calloc(n, 3 * MEMBERS * sizeof(float));
}

static void bars_free(struct bars_outcome *out)
{
  free(out->leverage);
  free(out->nearest);
  free(out->force);
}

/* Forces of images to their owners. */
static void bars_fold(const struct atoms *atoms, int members, struct bars_outcome *out)
{
  const size_t row = 3 * (size_t)members;
  for (int i = atoms->local; i < atoms->total; i++)
    for (size_t k = 0; k < row; k++)
      out->force[(size_t)atoms->owner[i] * row + k] += out->force[(size_t)i * row + k];
}

static struct mlgrain_mtp_error_bars *parsed(const struct error_content *content,
                                             const struct mlgrain_mtp_file *file,
                                             const struct mlgrain_mtp *mtp)
{
  size_t size;
  struct mlgrain_mtp_error_bars *bars;
  struct mlgrain_error error = {""};
  unsigned char *bytes = builder_finish(&content->builder, &size);
  if (mlgrain_mtp_error_bars_parse("bars", bytes, size, file, mtp, &bars, &error))
    fail_msg("%s", error.text);
  free(bytes);
  return bars;
}

/* `members` of the file, in batches of centers, beside forces. */
static void compute_bars(const struct error_content *content, const struct mlgrain_mtp_file *file,
                         enum mlgrain_simd_level level, const struct atoms *atoms, int members,
                         int batch, struct bars_outcome *out)
{
  struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_workspace *workspace;
  struct view view;
  view_make(file, atoms, &view);
  assert_int_equal(mlgrain_mtp_create(file, level, &mtp, NULL), 0);
  assert_int_equal(mlgrain_mtp_workspace_create(&workspace, NULL), 0);
  struct mlgrain_mtp_error_bars *bars = parsed(content, file, mtp);
  for (int i = 0; i < atoms->local; i += batch) {
    struct mlgrain_mtp_result result = {.error_bars = bars,
                                        .leverage = out->leverage,
                                        .nearest = out->nearest,
                                        .members = members,
                                        .member_force = out->force};
    const int count = atoms->local - i < batch ? atoms->local - i : batch;
    assert_int_equal(mlgrain_mtp_compute(mtp, workspace, &view.atoms, view.center + i,
                                         (size_t)count, &result, NULL),
                     0);
  }
  bars_fold(atoms, members, out);
  mlgrain_mtp_error_bars_free(bars);
  mlgrain_mtp_workspace_free(workspace);
  mlgrain_mtp_free(mtp);
  view_free(&view);
}

static void assert_forces(struct mlgrain_mtp_file *file, const struct error_content *content,
                          const struct atoms *atoms, int members, const struct bars_outcome *got)
{
  const size_t n = 3 * (size_t)atoms->local;
  struct outcome own;
  double *expected = malloc(n * sizeof *expected), *found = malloc(n * sizeof *found);
  compute_plain(file, atoms, &own);
  for (int k = 0; k < members; k++) {
    struct outcome other;
    double *kept = error_add_member(content, k, file);
    compute_plain(file, atoms, &other);
    error_restore(file, kept);
    for (size_t c = 0; c < n; c++) {
      expected[c] = other.force[c / 3][c % 3] - own.force[c / 3][c % 3];
      found[c] = (double)got->force[(c / 3 * (size_t)(members / 2) + (size_t)k / 2) * 6 +
                                    c % 3 * 2 + (size_t)k % 2];
    }
    assert_close("force by a member", found, expected, n, 2e-5);
    outcome_free(&other);
  }
  outcome_free(&own);
  free(expected);
  free(found);
}

/* The same atoms with two of them in each other's place. */
static void swap_atoms(const struct atoms *atoms, int i, int k)
{
  const int species = atoms->species[i];
  double x[3];
  memcpy(x, atoms->x[i], sizeof x);
  memcpy(atoms->x[i], atoms->x[k], sizeof x);
  memcpy(atoms->x[k], x, sizeof x);
  atoms->species[i] = atoms->species[k];
  atoms->species[k] = species;
}

/* Leverage and nearest distance of each atom: compute_plain goes through local atoms, of which the
   first is the only one here. */
static void assert_leverages(const struct mlgrain_mtp_file *file,
                             const struct error_content *content, const struct atoms *atoms,
                             const struct bars_outcome *got)
{
  struct atoms one = *atoms;
  one.local = 1;
  for (int i = 0; i < atoms->local; i++) {
    struct outcome alone;
    swap_atoms(atoms, 0, i);
    compute_plain(file, &one, &alone);
    swap_atoms(atoms, 0, i);
    const double leverage = error_plain_leverage(content, file, alone.gradient_sum);
    assert_near(got->leverage[i], leverage, 1e-11 * (1.0 + leverage));
    assert_near(got->nearest[i], fmin(alone.smallest, file->max_dist), 1e-12);
    outcome_free(&alone);
  }
}

static void agrees_with_plain_code(void **state)
{
  (void)state;
  for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
    struct mlgrain_mtp_file *file = random_file(&forms[f], 3 + f);
    struct atoms atoms;
    struct error_content content;
    random_atoms(21 + (int)f, forms[f].species, forms[f].repulsive ? 1.5 : 1.9, file->max_dist, f,
                 &atoms);
    atoms_build_lists(&atoms, file->max_dist + 1.0);
    error_content_make(file, MEMBERS, 77 + f, &content);
    for (int level = 0; level <= (int)mlgrain_simd_best(); level++)
      for (int batch = 1; batch <= 1000; batch += 999) {
        struct bars_outcome got;
        const int members = batch == 1 ? 2 : MEMBERS;
        bars_alloc(&atoms, &got);
        compute_bars(&content, file, (enum mlgrain_simd_level)level, &atoms, members, batch, &got);
        assert_forces(file, &content, &atoms, members, &got);
        assert_leverages(file, &content, &atoms, &got);
        bars_free(&got);
      }
    error_content_free(&content);
    atoms_free(&atoms);
    mlgrain_mtp_file_free(file);
  }
}

/* Unseen atoms, and the energies and forces of a call that asks for error bars, too. */
static void changes_no_forces(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[1], 8);
  struct atoms atoms;
  struct error_content content;
  struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_workspace *workspace;
  struct view view;
  struct outcome plain;
  struct bars_outcome got;
  random_atoms(30, 2, 1.9, file->max_dist, 2, &atoms);
  for (int i = 0; i < atoms.total; i++)
    if (atoms.owner[i] % 5 == 0)
      atoms.species[i] = -1;
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  error_content_make(file, MEMBERS, 5, &content);
  compute_plain(file, &atoms, &plain);
  view_make(file, &atoms, &view);
  bars_alloc(&atoms, &got);
  double(*force)[3] = calloc((size_t)atoms.total, sizeof *force);
  assert_int_equal(mlgrain_mtp_create(file, mlgrain_simd_best(), &mtp, NULL), 0);
  assert_int_equal(mlgrain_mtp_workspace_create(&workspace, NULL), 0);
  struct mlgrain_mtp_error_bars *bars = parsed(&content, file, mtp);
  struct mlgrain_mtp_result result = {.force = force,
                                      .error_bars = bars,
                                      .leverage = got.leverage,
                                      .members = MEMBERS,
                                      .member_force = got.force};
  assert_int_equal(mlgrain_mtp_compute(mtp, workspace, &view.atoms, view.center,
                                       (size_t)atoms.local, &result, NULL),
                   0);
  for (int i = atoms.local; i < atoms.total; i++)
    for (int d = 0; d < 3; d++)
      force[atoms.owner[i]][d] += force[i][d];
  bars_fold(&atoms, MEMBERS, &got);
  assert_near(result.energy, plain.energy, 1e-11 * fabs(plain.energy));
  assert_close("force", force[0], plain.force[0], 3 * (size_t)atoms.local, 1e-12);
  assert_forces(file, &content, &atoms, MEMBERS, &got);
  for (int i = 0; i < atoms.local; i += 5)
    assert_true(got.leverage[i] == 0.0 && got.force[(size_t)i * 3 * MEMBERS] == 0.0f);
  free(force);
  bars_free(&got);
  outcome_free(&plain);
  mlgrain_mtp_error_bars_free(bars);
  mlgrain_mtp_workspace_free(workspace);
  mlgrain_mtp_free(mtp);
  view_free(&view);
  error_content_free(&content);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

static void not_a_number_stays(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[1], 5);
  struct atoms atoms;
  struct error_content content;
  struct bars_outcome got;
  random_atoms(20, 2, 1.9, file->max_dist, 4, &atoms);
  atoms_build_lists(&atoms, file->max_dist + 1.0);
  atoms.x[atoms.neighbors[0][0]][1] = NAN;
  error_content_make(file, MEMBERS, 5, &content);
  bars_alloc(&atoms, &got);
  compute_bars(&content, file, mlgrain_simd_best(), &atoms, MEMBERS, 1000, &got);
  assert_true(isnan(got.leverage[0]));
  assert_true(isnan(mlgrain_mtp_force_spread(got.force, MEMBERS)));
  bars_free(&got);
  error_content_free(&content);
  atoms_free(&atoms);
  mlgrain_mtp_file_free(file);
}

/* ---- numbers of the file -------------------------------------------------------------------- */

struct fixture {
  struct mlgrain_mtp_file *file;
  struct mlgrain_mtp *mtp;
  struct error_content content;
};

static void fixture_make(struct fixture *fixture)
{
  fixture->file = random_file(&forms[1], 8);
  assert_int_equal(mlgrain_mtp_create(fixture->file, mlgrain_simd_best(), &fixture->mtp, NULL), 0);
  error_content_make(fixture->file, MEMBERS, 5, &fixture->content);
}

static void fixture_free(struct fixture *fixture)
{
  error_content_free(&fixture->content);
  mlgrain_mtp_free(fixture->mtp);
  mlgrain_mtp_file_free(fixture->file);
}

static void numbers_of_the_file(void **state)
{
  (void)state;
  struct fixture fixture;
  fixture_make(&fixture);
  struct mlgrain_mtp_error_bars *bars = parsed(&fixture.content, fixture.file, fixture.mtp);
  assert_int_equal(mlgrain_mtp_error_members(bars), MEMBERS);
  assert_near(mlgrain_mtp_leverage_edge(bars), 1.25, 0.0);
  assert_near(mlgrain_mtp_error_factor(bars, 2, 0.5), 1.0, 1e-15);
  assert_near(mlgrain_mtp_error_factor(bars, 4, 0.6), 1.75, 1e-12);
  assert_near(mlgrain_mtp_error_factor(bars, 6, 0.95), 3.5, 1e-12);
  assert_near(mlgrain_mtp_error_factor(bars, 3, 0.6), 0.0, 0.0);
  assert_near(mlgrain_mtp_error_factor(bars, 8, 0.6), 0.0, 0.0);
  assert_near(mlgrain_mtp_error_factor(bars, 4, 0.96), 0.0, 0.0);
  assert_near(mlgrain_mtp_error_factor(bars, 4, 0.45), 0.0, 0.0);
  assert_string_equal(mlgrain_mtp_error_metadata(bars, "training_set"), "numbers drawn at random");
  assert_null(mlgrain_mtp_error_metadata(bars, "nothing"));
  const float force[] = {3, 0, 0, 4, 0, 12, 0, 0, 0, 0, 0, 0};
  assert_near(mlgrain_mtp_force_spread(force, 2), sqrt(169.0 / 2), 1e-12);
  assert_near(mlgrain_mtp_force_spread(force, 4), sqrt(169.0 / 4), 1e-12);
  mlgrain_mtp_error_bars_free(bars);
  fixture_free(&fixture);
}

/* Every change of a potential's form or coefficients is another potential, an active set isn't. */
static void fingerprints(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = random_file(&forms[1], 8);
  const uint64_t own = mlgrain_mtp_fingerprint(file);
  double *const changed[] = {&file->radial_coeffs[3], &file->species_coeffs[1],
                             &file->moment_coeffs[file->scalar_count - 1], &file->max_dist,
                             &file->scaling};
  for (size_t k = 0; k < sizeof changed / sizeof *changed; k++) {
    const double kept = *changed[k];
    *changed[k] = nextafter(kept, 2.0 * kept + 1.0);
    assert_true(mlgrain_mtp_fingerprint(file) != own);
    *changed[k] = kept;
  }
  file->times[5][2]++;
  assert_true(mlgrain_mtp_fingerprint(file) != own);
  file->times[5][2]--;
  file->grade_mode = MLGRAIN_MTP_NEIGHBORHOOD;
  assert_true(mlgrain_mtp_fingerprint(file) == own);
  file->grade_mode = MLGRAIN_MTP_NO_GRADE;
  mlgrain_mtp_file_free(file);
}

static void assert_refused(const struct fixture *fixture, enum mlgrain_status expected,
                           const char *words)
{
  size_t size;
  struct mlgrain_mtp_error_bars *bars;
  struct mlgrain_error error = {""};
  unsigned char *bytes = builder_finish(&fixture->content.builder, &size);
  const enum mlgrain_status status = mlgrain_mtp_error_bars_parse(
      "x.error", bytes, size, fixture->file, fixture->mtp, &bars, &error);
  if (status != expected || !strstr(error.text, words) || !strstr(error.text, "x.error"))
    fail_msg("status %d, \"%s\" instead of %d, \"%s\"", (int)status, error.text, (int)expected,
             words);
  assert_null(bars);
  free(bytes);
}

static void wrong_files(void **state)
{
  (void)state;
  static const struct {
    const char *key, *value, *words;
    enum mlgrain_status status;
  } metadata[] = {{"format", "ml-grain-fit", "holds no error bars", MLGRAIN_FORMAT_ERROR},
                  {"format", NULL, "holds no error bars", MLGRAIN_FORMAT_ERROR},
                  {"format_version", "2", "version '2'", MLGRAIN_UNSUPPORTED},
                  {"fingerprint", NULL, "another potential", MLGRAIN_FORMAT_ERROR},
                  {"fingerprint", "0123456789abcdef", "another potential", MLGRAIN_FORMAT_ERROR}};
  for (size_t k = 0; k < sizeof metadata / sizeof *metadata; k++) {
    struct fixture fixture;
    fixture_make(&fixture);
    builder_metadata(&fixture.content.builder, metadata[k].key, metadata[k].value);
    assert_refused(&fixture, metadata[k].status, metadata[k].words);
    fixture_free(&fixture);
  }
  static const char *const required[] = {"sketch", "leverage", "confidence", "force_factors"};
  for (size_t k = 0; k < sizeof required / sizeof *required; k++) {
    struct fixture fixture;
    fixture_make(&fixture);
    builder_remove(&fixture.content.builder, required[k]);
    assert_refused(&fixture, MLGRAIN_FORMAT_ERROR, required[k]);
    fixture_free(&fixture);
  }
}

static void wrong_numbers(void **state)
{
  (void)state;
  struct fixture fixture;
  fixture_make(&fixture);
  struct error_content *content = &fixture.content;
  float *const single[] = {&content->sketch[4], &content->member[9]};
  for (int k = 0; k < 2; k++) {
    const float kept = *single[k];
    *single[k] = NAN;
    assert_refused(&fixture, MLGRAIN_NOT_FINITE, "not finite");
    *single[k] = kept;
  }
  const struct {
    double *number, wrong;
    const char *words;
  } number[] = {{&content->leverage[1], 0.1, "leverage"},
                {&content->confidence[2], 1.0, "confidence"},
                {&content->confidence[1], 0.4, "confidence"},
                {&content->factor[0][0], 0.0, "force_factors"},
                {&content->factor[1][2], 0.1, "force_factors"}};
  for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
    const double kept = *number[k].number;
    *number[k].number = number[k].wrong;
    assert_refused(&fixture, MLGRAIN_FORMAT_ERROR, number[k].words);
    *number[k].number = kept;
  }
  struct builder *builder = &content->builder;
  builder_tensor(builder, "members", "F32", 2, 5, content->linear, 0, content->member);
  assert_refused(&fixture, MLGRAIN_FORMAT_ERROR, "even number");
  builder_tensor(builder, "members", "F32", 2, 4, content->linear, 0, content->member);
  assert_refused(&fixture, MLGRAIN_FORMAT_ERROR, "half as many");
  builder_tensor(builder, "members", "F32", 2, 4, content->linear - 1, 0, content->member);
  assert_refused(&fixture, MLGRAIN_FORMAT_ERROR, "members");
  builder_tensor(builder, "sketch", "F64", 2, 2, content->linear, 0, content->sketch);
  assert_refused(&fixture, MLGRAIN_FORMAT_ERROR, "sketch");
  fixture_free(&fixture);
}

/* Cut off anywhere, a file is refused. */
static void truncated_files(void **state)
{
  (void)state;
  struct fixture fixture;
  size_t size;
  fixture_make(&fixture);
  unsigned char *bytes = builder_finish(&fixture.content.builder, &size);
  for (size_t cut = 0; cut < size; cut += cut < 300 ? 1 : 97) {
    struct mlgrain_mtp_error_bars *bars;
    assert_true(mlgrain_mtp_error_bars_parse("x", bytes, cut, fixture.file, fixture.mtp, &bars,
                                             NULL) != MLGRAIN_SUCCESS);
    assert_null(bars);
  }
  free(bytes);
  fixture_free(&fixture);
}

/* Leverages alone, for a potential without data. */
static void no_members(void **state)
{
  (void)state;
  struct fixture fixture;
  fixture_make(&fixture);
  error_content_free(&fixture.content);
  error_content_make(fixture.file, 0, 5, &fixture.content);
  struct mlgrain_mtp_error_bars *bars = parsed(&fixture.content, fixture.file, fixture.mtp);
  assert_int_equal(mlgrain_mtp_error_members(bars), 0);
  assert_near(mlgrain_mtp_error_factor(bars, 2, 0.6), 0.0, 0.0);
  mlgrain_mtp_error_bars_free(bars);
  fixture_free(&fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_plain_code),
                                     cmocka_unit_test(changes_no_forces),
                                     cmocka_unit_test(not_a_number_stays),
                                     cmocka_unit_test(numbers_of_the_file),
                                     cmocka_unit_test(fingerprints),
                                     cmocka_unit_test(wrong_files),
                                     cmocka_unit_test(wrong_numbers),
                                     cmocka_unit_test(truncated_files),
                                     cmocka_unit_test(no_members)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
