/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of text, a row of numbers each, as in the dumps of LAMMPS. */
#ifndef MLGRAIN_ROWS_H
#define MLGRAIN_ROWS_H

#include <stddef.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What each line holds. */
struct mlgrain_row_format {
  size_t words;            /* of a line, at least 1; white space separates them */
  const char *const *name; /* [words] of the columns, for messages */
  const int *column;       /* [words] the place of each in a row of values, or -1: not a number, or
                              not wanted */
};

/* Where lines come from, and how far they were read. */
struct mlgrain_row_text {
  const char *file;  /* its name, for messages */
  const char *bytes; /* [size] whole lines; what follows the last newline is left for later */
  size_t size;
  size_t line; /* number of the first line; after a call, of the first that wasn't read */
  size_t used; /* after a call: bytes of the lines that were read */
};

/* Reads at most `rows` lines, each into stride doubles of which it sets those that `column` names.
     values  [rows][stride], stride larger than any number in `column`
     read    receives the number of lines that were read, those before a wrong one included
   Numbers are decimal, with or without exponent, or any of "inf", "infinity", "nan" in letters of
   either case, with or without sign. They are rounded to nearest, whatever the locale; what is too
   large becomes infinite. A line may end with "\r\n".
   MLGRAIN_INVALID_ARGUMENT: a place beyond the row; MLGRAIN_FORMAT_ERROR: a line has more or fewer
   words, a word is not a number, or a byte is not printable ASCII. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_rows_read(const struct mlgrain_row_format *format,
                                                     struct mlgrain_row_text *text, size_t rows,
                                                     size_t stride, double *values, size_t *read,
                                                     struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
