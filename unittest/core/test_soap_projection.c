/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Projections of power spectra: against plain sums, files, and files that are damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mlgrain/soap_projection.h"
#include "near.h"

enum { COMPONENTS = 49, MOST = 40, ROWS = 9 }; /* of quippy, nmax 3, lmax 7 */

static struct mlgrain_soap_parameters parameters(void)
{
  struct mlgrain_soap_parameters p = mlgrain_soap_default(MLGRAIN_SOAP_QUIPPY);
  p.cutoff = 4.1;
  p.n_max = 3;
  p.l_max = 7;
  p.sigma = 0.7;
  return p;
}

static double number(int i)
{
  return sin(1.0 + 37.0 * i) + 1e-3 * i;
}

struct numbers {
  double mean[COMPONENTS], matrix[COMPONENTS * MOST], row[ROWS * COMPONENTS];
};

static struct mlgrain_soap_projection *make(size_t columns, struct numbers *n)
{
  const struct mlgrain_soap_parameters p = parameters();
  struct mlgrain_soap_projection *made;
  struct mlgrain_error error;
  assert_int_equal(mlgrain_soap_components(&p), COMPONENTS);
  for (int i = 0; i < COMPONENTS; i++)
    n->mean[i] = number(i);
  for (int i = 0; i < COMPONENTS * MOST; i++)
    n->matrix[i] = number(1000 + i);
  for (int i = 0; i < ROWS * COMPONENTS; i++)
    n->row[i] = number(9000 + i);
  if (mlgrain_soap_projection_create(&p, columns, n->mean, n->matrix, &made, &error))
    fail_msg("%s", error.text);
  return made;
}

/* Any number of rows and columns, neither of them a multiple of what is done at a time. */
static void test_plain_sums(void **state)
{
  (void)state;
  static const size_t columns[] = {1, 5, 16, 17, MOST};
  struct numbers n;
  for (size_t k = 0; k < sizeof columns / sizeof *columns; k++) {
    struct mlgrain_soap_projection *projection = make(columns[k], &n);
    double got[ROWS * MOST + 1], wanted[ROWS * MOST];
    assert_int_equal(mlgrain_soap_projection_columns(projection), columns[k]);
    assert_true(mlgrain_soap_projection_memory(projection) > COMPONENTS * columns[k] * 8);
    for (size_t rows = 0; rows <= ROWS; rows++) {
      got[rows * columns[k]] = 77.0;
      mlgrain_soap_project(projection, rows, n.row, got);
      for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < columns[k]; c++) {
          double sum = 0.0;
          for (size_t j = 0; j < COMPONENTS; j++)
            sum += (n.row[i * COMPONENTS + j] - n.mean[j]) * n.matrix[j * columns[k] + c];
          wanted[i * columns[k] + c] = sum;
        }
      assert_close("projection", got, wanted, rows * columns[k], 1e-14);
      assert_true(got[rows * columns[k]] == 77.0);
    }
    mlgrain_soap_projection_free(projection);
  }
}

static void test_files(void **state)
{
  (void)state;
  struct numbers n, back;
  char path[] = "/tmp/mlgrain-projection-XXXXXX";
  assert_true(close(mkstemp(path)) == 0);
  struct mlgrain_soap_projection *projection = make(5, &n), *read;
  assert_int_equal(mlgrain_soap_projection_write(projection, path, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_soap_projection_read(path, &read, NULL), MLGRAIN_SUCCESS);
  mlgrain_soap_projection_numbers(read, back.mean, back.matrix);
  assert_memory_equal(back.mean, n.mean, sizeof n.mean);
  assert_memory_equal(back.matrix, n.matrix, COMPONENTS * 5 * sizeof(double));
  struct mlgrain_soap_parameters p = parameters();
  assert_true(mlgrain_soap_is_same(mlgrain_soap_projection_parameters(read), &p));
  p.sigma += 1e-12;
  assert_false(mlgrain_soap_is_same(mlgrain_soap_projection_parameters(read), &p));
  mlgrain_soap_projection_free(read);
  mlgrain_soap_projection_free(projection);

  /* cut off anywhere, and with a byte of the header changed */
  FILE *file = fopen(path, "rb");
  static uint64_t memory[4096];
  char *bytes = (char *)memory;
  const size_t size = fread(bytes, 1, sizeof memory, file);
  fclose(file);
  unlink(path);
  assert_in_range(size, COMPONENTS * 6 * 8, sizeof memory - 1);
  struct mlgrain_error error;
  for (size_t length = 0; length < size; length += length < 600 ? 1 : 41) {
    error.text[0] = '\0';
    assert_int_not_equal(mlgrain_soap_projection_parse("a file", bytes, length, &read, &error),
                         MLGRAIN_SUCCESS);
    assert_null(read);
    assert_non_null(strstr(error.text, "a file"));
  }
  int accepted = 0;
  for (size_t i = 0; i < 600; i++) {
    const char kept = bytes[i];
    bytes[i] = (char)(kept ^ 1);
    if (mlgrain_soap_projection_parse("a file", bytes, size, &read, &error) == MLGRAIN_SUCCESS)
      accepted++;
    mlgrain_soap_projection_free(read);
    bytes[i] = kept;
  }
  assert_in_range(accepted, 1, 300); /* digits of numbers may be others */
  memory[size / 8 - 1] = 0x7ff8000000000000u;
  assert_int_equal(mlgrain_soap_projection_parse("a file", bytes, size, &read, &error),
                   MLGRAIN_NOT_FINITE);
}

static void test_refused(void **state)
{
  (void)state;
  struct numbers n;
  mlgrain_soap_projection_free(make(2, &n));
  struct mlgrain_soap_parameters p = parameters();
  struct mlgrain_soap_projection *made;
  assert_int_equal(mlgrain_soap_projection_create(&p, 0, n.mean, n.matrix, &made, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_int_equal(mlgrain_soap_projection_create(&p, MLGRAIN_SOAP_MOST_COLUMNS + 1, n.mean,
                                                  n.matrix, &made, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  p.l_max = -1;
  assert_int_equal(mlgrain_soap_projection_create(&p, 2, n.mean, n.matrix, &made, NULL),
                   MLGRAIN_INVALID_ARGUMENT);
  p = parameters();
  n.matrix[2 * COMPONENTS - 1] = INFINITY;
  assert_int_equal(mlgrain_soap_projection_create(&p, 2, n.mean, n.matrix, &made, NULL),
                   MLGRAIN_NOT_FINITE);
  assert_null(made);
  assert_int_equal(mlgrain_soap_projection_read("/nowhere", &made, NULL), MLGRAIN_FILE_ERROR);
  mlgrain_soap_projection_free(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain_sums),
                                     cmocka_unit_test(test_files), cmocka_unit_test(test_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
