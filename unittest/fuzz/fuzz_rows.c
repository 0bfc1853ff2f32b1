/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any bytes as lines of numbers. The first byte says how many words a line has and
   which are wanted; what is accepted must be what strtod makes of the same words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mlgrain/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS = 4, ROWS = 1000 };
static const char space[] = " \t\r\v\f\n";

/* Compares the numbers of one row; returns what follows its line. */
static const char *check_row(const char *line, const struct mlgrain_row_format *format,
                             const double *row)
{
  for (size_t word = 0; word < format->words; word++) {
    line += strspn(line, space);
    const size_t length = strcspn(line, space);
    if (format->column[word] >= 0) {
      char *end;
      const double expected = strtod(line, &end);
      if (end != line + length || memcmp(&expected, &row[format->column[word]], sizeof expected))
        abort();
    }
    line += length;
  }
  return strchr(line, '\n') + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const name[] = {"id", "x", "c_s[1]", "element"};
  static double values[ROWS][WORDS];
  if (!size)
    return 0;
  int column[WORDS];
  for (int word = 0; word < WORDS; word++)
    column[word] = data[0] >> word & 1 ? WORDS - 1 - word : -1;
  const struct mlgrain_row_format format = {1 + (data[0] >> 4) % WORDS, name, column};
  char *copy = malloc(size); /* the text, ended by zero for strtod */
  if (!copy)
    return 0;
  memcpy(copy, data + 1, size - 1);
  copy[size - 1] = '\0';
  struct mlgrain_row_text text = {"fuzz", (const char *)data + 1, size - 1, 1, 0};
  struct mlgrain_error error = {""};
  size_t read;
  const enum mlgrain_status status =
      mlgrain_rows_read(&format, &text, ROWS, WORDS, *values, &read, &error);
  if (read > ROWS || text.used >= size || text.line != read + 1 || (status && !error.text[0]))
    abort();
  const char *line = copy;
  for (size_t row = 0; row < read; row++)
    line = check_row(line, &format, values[row]);
  if (line != copy + text.used)
    abort();
  free(copy);
  return 0;
}
