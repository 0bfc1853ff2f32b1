/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: words and numbers out of the text of a file, with a count of the lines. */
#ifndef MLGRAIN_TEXT_H
#define MLGRAIN_TEXT_H

#include <stddef.h>

#include "mlgrain/error.h"

enum { TEXT_WORD_LENGTH = 64 };

/* A place in a text, which needs no terminating zero. */
struct text {
  const char *name; /* of the file, for messages */
  const char *position, *end;
  int line;
  char decimal_point; /* of the current locale, in which strtod reads */
  struct mlgrain_error *error;
};

void text_begin(struct text *text, const char *name, const void *bytes, size_t size,
                struct mlgrain_error *error);

/* Fills the error text with name, line and message; returns status. */
__attribute__((format(printf, 3, 4))) enum mlgrain_status
text_fail(const struct text *text, enum mlgrain_status status, const char *format, ...);

/* Bytes not read yet. */
size_t text_left(const struct text *text);

/* Moves past white space; true if something follows. */
int text_skip_space(struct text *text);

/* Moves to the end of the line. */
void text_skip_line(struct text *text);

/* True, and moves past it, if the next character after white space is c. */
int text_accept(struct text *text, char c);

/* The same, or MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status text_expect(struct text *text, char c);

/* Letters, digits and any of "_.", at least one. MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status text_word(struct text *text, char word[TEXT_WORD_LENGTH]);

/* A whole number of at least `least`. MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status text_integer(struct text *text, int least, int *value);

/* A finite number. MLGRAIN_FORMAT_ERROR, MLGRAIN_NOT_FINITE. */
enum mlgrain_status text_number(struct text *text, double *value);

#endif
