/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: words and numbers out of the text of a potential file, with a count of the lines. */
#ifndef MLGRAIN_MTP_TEXT_H
#define MLGRAIN_MTP_TEXT_H

#include <stddef.h>

#include "mlgrain/error.h"

enum { MTP_WORD_LENGTH = 64 };

/* A place in a text, which needs no terminating zero. */
struct mtp_text {
  const char *name; /* of the file, for messages */
  const char *position, *end;
  int line;
  char decimal_point; /* of the current locale, in which strtod reads */
  struct mlgrain_error *error;
};

void mtp_text_begin(struct mtp_text *text, const char *name, const void *bytes, size_t size,
                    struct mlgrain_error *error);

/* Fills the error text with name, line and message; returns status. */
__attribute__((format(printf, 3, 4))) enum mlgrain_status
mtp_text_fail(const struct mtp_text *text, enum mlgrain_status status, const char *format, ...);

/* Bytes not read yet. */
size_t mtp_text_left(const struct mtp_text *text);

/* Moves past white space; true if something follows. */
int mtp_text_skip_space(struct mtp_text *text);

/* Moves to the end of the line. */
void mtp_text_skip_line(struct mtp_text *text);

/* True, and moves past it, if the next character after white space is c. */
int mtp_text_accept(struct mtp_text *text, char c);

/* The same, or MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status mtp_text_expect(struct mtp_text *text, char c);

/* Letters, digits and any of "_.", at least one. MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status mtp_text_word(struct mtp_text *text, char word[MTP_WORD_LENGTH]);

/* A whole number of at least `least`. MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status mtp_text_integer(struct mtp_text *text, int least, int *value);

/* A finite number. MLGRAIN_FORMAT_ERROR, MLGRAIN_NOT_FINITE. */
enum mlgrain_status mtp_text_number(struct mtp_text *text, double *value);

#endif
