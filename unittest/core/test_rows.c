/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of numbers: every word is what strtod says, wherever it stands, and wrong lines are named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mlgrain/rows.h"

static const char *const names[] = {"id", "element", "x", "y", "z"};

/* The text in memory of just its size, so that sanitizers see what is read beyond it. */
static struct mlgrain_row_text text_of(const char *bytes, size_t size)
{
  char *copy = malloc(size ? size : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, size);
  return (struct mlgrain_row_text){.file = "a.dump", .bytes = copy, .size = size, .line = 10};
}

static void text_free(struct mlgrain_row_text *text)
{
  free((char *)text->bytes);
}

/* Fails unless the only word of a line is read as strtod reads it, to the bit. */
static void assert_word(const char *word)
{
  static const int column[] = {0};
  const struct mlgrain_row_format format = {1, names, column};
  char line[2000];
  const int length = snprintf(line, sizeof line, "%s\n", word);
  assert_in_range(length, 2, sizeof line - 1);
  struct mlgrain_row_text text = text_of(line, (size_t)length);
  struct mlgrain_error error = {""};
  double value = 7.0;
  const double expected = strtod(word, NULL);
  size_t read;
  if (mlgrain_rows_read(&format, &text, 1, 1, &value, &read, &error))
    fail_msg("%s", error.text);
  assert_int_equal(read, 1);
  if (memcmp(&value, &expected, sizeof value) != 0)
    fail_msg("%s is read as %.17g, not %.17g", word, value, expected);
  text_free(&text);
}

static uint64_t next(uint64_t *state)
{
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *state ^ *state >> 29;
}

/* Doubles of random bits, so of all magnitudes, subnormal ones included, in many formats. */
static void random_doubles(void **state)
{
  (void)state;
  static const char *const formats[] = {"%.17g", "%g", "%.20g", "%.15e", "%.6f", "%.3G", "%.40g"};
  uint64_t source = 1;
  char word[400];
  for (int k = 0; k < 30000; k++) {
    const uint64_t bits = k % 10 ? next(&source) : next(&source) & ~(UINT64_C(0x7ff) << 52);
    double number;
    memcpy(&number, &bits, sizeof number);
    if (isnan(number))
      continue;
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
      snprintf(word, sizeof word, formats[f], number);
      assert_word(word);
    }
  }
}

/* Digits without meaning: long and short integers, with decimal point and exponent anywhere. */
static void random_digits(void **state)
{
  (void)state;
  uint64_t source = 2;
  for (int k = 0; k < 200000; k++) {
    char word[64];
    size_t length = 0;
    const uint64_t digits = 1 + next(&source) % 25, point = next(&source) % 40;
    for (uint64_t d = 0; d < digits; d++) {
      if (d == point)
        word[length++] = '.';
      word[length++] = (char)('0' + next(&source) % 10);
    }
    const int exponent = (int)(next(&source) % 80) - 40;
    snprintf(word + length, sizeof word - length, "%s%d", k % 2 ? "e" : "E", exponent);
    if (k % 3 == 0)
      word[length] = '\0';
    assert_word(word);
  }
}

/* The limits: of the fast way, of doubles, and of what lies halfway between two of them. */
static void limits(void **state)
{
  (void)state;
  static const char *const words[] = {"9007199254740991",
                                      "9007199254740992",
                                      "9007199254740993",
                                      "9007199254740993.0000000001",
                                      "9007199254740992e22",
                                      "9007199254740992e-22",
                                      "9007199254740992e23",
                                      "1e22",
                                      "1e23",
                                      "1e-22",
                                      "1e-23",
                                      "9999999999999999999",
                                      "18446744073709551615",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "0.0000000000000000000001",
                                      "0.00000000000000000001e22",
                                      "5e-324",
                                      "2.4703282292062327e-324",
                                      "2.4703282292062328e-324",
                                      "2.2250738585072011e-308",
                                      "1.7976931348623157e308",
                                      "1.7976931348623158e308",
                                      "1.7976931348623159e308",
                                      "1e999",
                                      "-1e999",
                                      "1e-999",
                                      "-1e-999",
                                      "0e999",
                                      "0.0e-9999",
                                      "-0",
                                      "-0.0",
                                      "0",
                                      "00012",
                                      "1.",
                                      ".5",
                                      "-.5e-3",
                                      "1e+05",
                                      "1E-05",
                                      "1e005",
                                      "1e00000000000000000000005",
                                      "123456789012345678901234567890e-400",
                                      "1e99999999999999999999",
                                      "1e-99999999999999999999"};
  for (size_t k = 0; k < sizeof words / sizeof *words; k++)
    assert_word(words[k]);
  char zeros[1000] = "1";
  memset(zeros + 1, '0', 400);
  assert_word(zeros);
  strcpy(zeros + 401, "e-399");
  assert_word(zeros);
  zeros[0] = '.';
  strcpy(zeros + 401, "1");
  assert_word(zeros);
  strcpy(zeros + 401, "1e401");
  assert_word(zeros);
}

static void names_of_numbers(void **state)
{
  (void)state;
  static const char *const words[] = {"inf", "-inf",     "INF",  "Infinity",
                                      "nan", "infinity", "-nan", "NaN"};
  for (size_t k = 0; k < sizeof words / sizeof *words; k++)
    assert_word(words[k]);
}

static void no_numbers(void **state)
{
  (void)state;
  static const int column[] = {0};
  const struct mlgrain_row_format format = {1, names, column};
  static const char *const words[] = {"1_0",  "0x10", "1e",     "e5",    ".",   "-",     "+",
                                      "--1",  "+-1",  "-+1",    "1.2.3", "1d5", "1,5",   "1e+",
                                      "1e5x", "infi", "nan(1)", "1e5.0", "in",  "\"1\"", "1-"};
  for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
    char line[32], message[64];
    snprintf(line, sizeof line, "%s\n", words[k]);
    snprintf(message, sizeof message, "a.dump, line 10: column id is not a number: '%s'", words[k]);
    struct mlgrain_row_text text = text_of(line, strlen(line));
    struct mlgrain_error error = {""};
    double value;
    size_t read;
    assert_int_equal(mlgrain_rows_read(&format, &text, 1, 1, &value, &read, &error),
                     MLGRAIN_FORMAT_ERROR);
    assert_string_equal(error.text, message);
    assert_int_equal(read, 0);
    text_free(&text);
  }
}

/* Columns in another order and with room between them; padded words, tabs, CRLF; a last line that
   isn't whole. */
static void layout(void **state)
{
  (void)state;
  static const char lines[] = "1 Cu 0.5 -3 4e2\n"
                              "  22\t1  5.0e-01     7 8  \r\n"
                              "3 O nan inf -0\n"
                              "4 Cu 1 2 3";
  static const int column[] = {2, -1, 0, -1, 4};
  const struct mlgrain_row_format format = {5, names, column};
  struct mlgrain_row_text text = text_of(lines, sizeof lines - 1);
  struct mlgrain_error error = {""};
  double values[24];
  for (int k = 0; k < 24; k++)
    values[k] = 99.0;
  size_t read;
  assert_int_equal(mlgrain_rows_read(&format, &text, 4, 6, values, &read, &error), 0);
  assert_int_equal(read, 3);
  assert_int_equal(text.line, 13);
  assert_int_equal(text.used, strlen(lines) - strlen("4 Cu 1 2 3"));
  static const double expected[12] = {0.5, 99, 1, 99, 400, 99, 0.5, 99, 22, 99, 8, 99};
  for (int k = 0; k < 12; k++)
    assert_true(values[k] == expected[k]);
  assert_true(isnan(values[12]) && values[14] == 3 && signbit(values[16]));
  for (int k = 18; k < 24; k++)
    assert_true(values[k] == 99);

  text.line = 10; /* fewer rows than there are */
  assert_int_equal(mlgrain_rows_read(&format, &text, 1, 6, values, &read, &error), 0);
  assert_int_equal(read, 1);
  assert_int_equal(text.line, 11);
  assert_int_equal(text.used, strlen("1 Cu 0.5 -3 4e2\n"));
  text.size = 0;
  assert_int_equal(mlgrain_rows_read(&format, &text, 1, 6, values, &read, &error), 0);
  assert_int_equal(read, 0);
  text_free(&text);
}

static void messages(void **state)
{
  (void)state;
  static const int column[] = {0, -1, 1, 2, 3};
  const struct mlgrain_row_format format = {5, names, column};
  static const struct {
    const char *line, *message;
  } cases[] = {
      {"1 Cu 1 2\n", "line 11: 4 words, but there are 5 columns (id ... z)"},
      {"1 Cu 1 2 3 4\n", "line 11: 6 words, but there are 5 columns (id ... z)"},
      {"\n", "line 11: 0 words"},
      {"ITEM: TIMESTEP\n", "line 11: 2 words"},
      {"1 Cu oops 2 3\n", "line 11: column x is not a number: 'oops'"},
      {"1 Cu oops 2 3 4\n", "line 11: 6 words"},
      {"1 Cu 1 2 Cu\n", "line 11: column z is not a number: 'Cu'"},
      {"1 C\xc3\xbc 1 2 3\n", "line 11: the file is damaged: a byte 0xc3"},
      {"1 Cu 1 2 3\x01\n", "line 11: the file is damaged: a byte 0x01"},
      {"1 Cu 1 2 x01234567890123456789012345678901234567890123456789\n",
       "'x012345678901234567890123456789012345678'"},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    char lines[200];
    const char *good = "1 Cu 1 2 3\n";
    snprintf(lines, sizeof lines, "%s%s%s", good, cases[k].line, good);
    struct mlgrain_row_text text = text_of(lines, strlen(lines));
    struct mlgrain_error error = {""};
    double values[12];
    size_t read;
    assert_int_equal(mlgrain_rows_read(&format, &text, 3, 4, values, &read, &error),
                     MLGRAIN_FORMAT_ERROR);
    if (!strstr(error.text, cases[k].message) || strncmp(error.text, "a.dump, ", 8) != 0)
      fail_msg("%s", error.text);
    assert_int_equal(read, 1);
    assert_int_equal(text.line, 11);
    assert_int_equal(text.used, strlen(good));
    assert_int_equal(mlgrain_rows_read(&format, &text, 3, 4, values, &read, NULL),
                     MLGRAIN_FORMAT_ERROR);
    text_free(&text);
  }
}

static void wrong_formats(void **state)
{
  (void)state;
  static const int column[] = {0, 3};
  struct mlgrain_row_format format = {2, names, column};
  struct mlgrain_row_text text = text_of("1 2\n", 4);
  struct mlgrain_error error = {""};
  double values[4];
  size_t read;
  assert_int_equal(mlgrain_rows_read(&format, &text, 1, 3, values, &read, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_string_equal(error.text, "column element at place 3 of rows of 3 numbers");
  assert_int_equal(mlgrain_rows_read(&format, &text, 1, 4, values, &read, &error), 0);
  format.words = 0;
  assert_int_equal(mlgrain_rows_read(&format, &text, 1, 4, values, &read, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  text_free(&text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_doubles),   cmocka_unit_test(random_digits), cmocka_unit_test(limits),
      cmocka_unit_test(names_of_numbers), cmocka_unit_test(no_numbers),    cmocka_unit_test(layout),
      cmocka_unit_test(messages),         cmocka_unit_test(wrong_formats),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
