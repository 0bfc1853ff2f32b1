/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/rows.h"

#include <float.h>
#include <stdint.h>

#include "base/error_text.h"
#include "number.h"

enum character { WORD, SPACE, NEWLINE, STRANGE };

static enum character character(char c)
{
  if (c > ' ' && c <= '~')
    return WORD;
  if (c == '\n')
    return NEWLINE;
  return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' ? SPACE : STRANGE;
}

/* Ten to these powers has no rounding error. */
static const double power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { LARGEST_POWER = sizeof power_of_ten / sizeof *power_of_ten - 1, DIGITS_OF_INTEGER = 19 };

static int is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static const char *digits(const char *at, uint64_t *integer)
{
  for (; is_digit(*at); at++)
    *integer = 10 * *integer + (uint64_t)(*at - '0');
  return at;
}

/* Moves past e[+-]digits, if that is what follows, and adds it to the power. */
static const char *exponent(const char *at, int *power)
{
  if (*at != 'e' && *at != 'E')
    return at;
  const int negative = at[1] == '-';
  const char *begin = at + 1 + (negative || at[1] == '+');
  uint64_t size = 0;
  const char *end = digits(begin, &size);
  if (end == begin || end - begin > 3)
    return at;
  *power += negative ? -(int)size : (int)size;
  return end;
}

/* A number whose digits form an integer below 2^53 and whose power of ten is a double: one product
   or quotient of two exact numbers rounds it correctly (Clinger, PLDI 1990). Returns its end, or
   NULL if it isn't one of these. There is a newline somewhere behind `at`, which ends all loops. */
static const char *short_number(const char *at, double *value)
{
  const int negative = *at == '-';
  at += negative;
  uint64_t integer = 0;
  const char *begin = at, *end = digits(begin, &integer);
  ptrdiff_t count = end - begin;
  int power = 0;
  if (*end == '.') {
    const char *point = end++;
    end = digits(end, &integer);
    const ptrdiff_t decimals = end - point - 1;
    count += decimals;
    power = decimals < DIGITS_OF_INTEGER ? -(int)decimals : -DIGITS_OF_INTEGER;
  }
  end = exponent(end, &power);
  if (FLT_EVAL_METHOD != 0 || count < 1 || count > DIGITS_OF_INTEGER ||
      integer > UINT64_C(1) << DBL_MANT_DIG || power < -LARGEST_POWER || power > LARGEST_POWER ||
      character(*end) == WORD)
    return NULL;
  const double magnitude =
      power < 0 ? (double)integer / power_of_ten[-power] : (double)integer * power_of_ten[power];
  *value = negative ? -magnitude : magnitude;
  return end;
}

static const char *skip_word(const char *at)
{
  while (character(*at) == WORD)
    at++;
  return at;
}

static const char *skip_space(const char *at)
{
  while (character(*at) == SPACE)
    at++;
  return at;
}

/* Reads a line, which ends with a newline, into a row. Returns the beginning of the next one, or
   NULL if this one is wrong. */
static const char *read_line(const struct mlgrain_row_format *format, const char *line, double *row)
{
  const char *at = line;
  for (size_t word = 0; word < format->words; word++) {
    const char *begin = skip_space(at);
    if (character(*begin) != WORD)
      return NULL;
    const int column = format->column[word];
    at = column < 0 ? skip_word(begin) : short_number(begin, &row[column]);
    if (!at) {
      at = skip_word(begin);
      if (!number_from_word(begin, at, &row[column]))
        return NULL;
    }
  }
  at = skip_space(at);
  return *at == '\n' ? at + 1 : NULL;
}

/* What a line holds up to its end, or to the first character that no text has. */
struct line_check {
  size_t words;
  const char *strange; /* that character, or NULL */
};

static struct line_check check_line(const char *line)
{
  struct line_check check = {0, NULL};
  const char *at = skip_space(line);
  for (; character(*at) == WORD; at = skip_space(skip_word(at)))
    check.words++;
  if (*at != '\n')
    check.strange = at;
  return check;
}

/* Says what is wrong with a line that read_line refused. */
static enum mlgrain_status explain(const struct mlgrain_row_format *format,
                                   const struct mlgrain_row_text *text, const char *line,
                                   struct mlgrain_error *error)
{
  enum { SHOWN = 40 };
  const struct line_check check = check_line(line);
  if (check.strange)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s, line %zu: the file is damaged: a byte 0x%02x, which is no text",
                        text->file, text->line, (unsigned)(unsigned char)*check.strange);
  if (check.words != format->words)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s, line %zu: %zu words, but there are %zu columns (%s ... %s)",
                        text->file, text->line, check.words, format->words, format->name[0],
                        format->name[format->words - 1]);
  const char *at = skip_space(line), *end = skip_word(at);
  double value;
  size_t word = 0;
  while (format->column[word] < 0 || number_from_word(at, end, &value)) {
    at = skip_space(end);
    end = skip_word(at);
    word++;
  }
  return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                      "%s, line %zu: column %s is not a number: '%.*s'", text->file, text->line,
                      format->name[word], end - at < SHOWN ? (int)(end - at) : SHOWN, at);
}

static enum mlgrain_status check_format(const struct mlgrain_row_format *format, size_t stride,
                                        struct mlgrain_error *error)
{
  if (format->words < 1)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "lines have no words");
  for (size_t word = 0; word < format->words; word++)
    if (format->column[word] >= 0 && (size_t)format->column[word] >= stride)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "column %s at place %d of rows of %zu numbers", format->name[word],
                          format->column[word], stride);
  return MLGRAIN_SUCCESS;
}

/* The end of the last whole line. */
static const char *lines_end(const char *begin, const char *end)
{
  while (end > begin && end[-1] != '\n')
    end--;
  return end;
}

enum mlgrain_status mlgrain_rows_read(const struct mlgrain_row_format *format,
                                      struct mlgrain_row_text *text, size_t rows, size_t stride,
                                      double *values, size_t *read, struct mlgrain_error *error)
{
  *read = text->used = 0;
  enum mlgrain_status status = check_format(format, stride, error);
  if (status)
    return status;
  const char *line = text->bytes, *end = lines_end(line, line + text->size);
  while (*read < rows && line < end) {
    const char *next = read_line(format, line, values + *read * stride);
    if (!next) {
      status = explain(format, text, line, error);
      break;
    }
    line = next;
    text->line++;
    ++*read;
  }
  text->used = (size_t)(line - text->bytes);
  return status;
}
