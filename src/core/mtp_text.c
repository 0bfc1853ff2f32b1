/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp_text.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_text.h"

void mtp_text_begin(struct mtp_text *text, const char *name, const void *bytes, size_t size,
                    struct mlgrain_error *error)
{
  text->name = name;
  text->position = bytes;
  text->end = text->position + size;
  text->line = 1;
  text->decimal_point = localeconv()->decimal_point[0];
  text->error = error;
}

enum mlgrain_status mtp_text_fail(const struct mtp_text *text, enum mlgrain_status status,
                                  const char *format, ...)
{
  char message[MLGRAIN_ERROR_LENGTH];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return mlgrain_fail(text->error, status, "%s, line %d: %s", text->name, text->line, message);
}

size_t mtp_text_left(const struct mtp_text *text)
{
  return (size_t)(text->end - text->position);
}

/* Independent of the locale, unlike the functions of ctype.h. */
static int is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static int is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static int is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int mtp_text_skip_space(struct mtp_text *text)
{
  for (; text->position < text->end && is_space(*text->position); text->position++)
    text->line += *text->position == '\n';
  return text->position < text->end;
}

void mtp_text_skip_line(struct mtp_text *text)
{
  while (text->position < text->end && *text->position != '\n')
    text->position++;
}

int mtp_text_accept(struct mtp_text *text, char c)
{
  if (!mtp_text_skip_space(text) || *text->position != c)
    return 0;
  text->position++;
  return 1;
}

static enum mlgrain_status unexpected(struct mtp_text *text, const char *wanted)
{
  if (!mtp_text_skip_space(text))
    return mtp_text_fail(text, MLGRAIN_FORMAT_ERROR, "%s expected, but the file ends", wanted);
  char found[21];
  size_t length = 0;
  while (length < sizeof found - 1 && text->position + length < text->end) {
    const char c = text->position[length];
    if (c <= ' ' || c > '~')
      break;
    found[length++] = c;
  }
  found[length] = '\0';
  return mtp_text_fail(text, MLGRAIN_FORMAT_ERROR, "%s expected, not '%s'", wanted, found);
}

enum mlgrain_status mtp_text_expect(struct mtp_text *text, char c)
{
  const char wanted[] = {'\'', c, '\'', '\0'};
  return mtp_text_accept(text, c) ? MLGRAIN_SUCCESS : unexpected(text, wanted);
}

/* Copies the characters for which `belongs` is true; false if there are none or too many. */
static int take(struct mtp_text *text, int (*belongs)(char), char word[MTP_WORD_LENGTH])
{
  mtp_text_skip_space(text);
  size_t length = 0;
  while (text->position + length < text->end && belongs(text->position[length]))
    if (++length == MTP_WORD_LENGTH)
      return 0;
  memcpy(word, text->position, length);
  word[length] = '\0';
  text->position += length;
  return length > 0;
}

static int belongs_to_word(char c)
{
  return is_letter(c) || is_digit(c) || c == '_' || c == '.';
}

static int belongs_to_integer(char c)
{
  return is_digit(c);
}

static int belongs_to_number(char c)
{
  return is_letter(c) || is_digit(c) || c == '.' || c == '+' || c == '-';
}

enum mlgrain_status mtp_text_word(struct mtp_text *text, char word[MTP_WORD_LENGTH])
{
  return take(text, belongs_to_word, word) ? MLGRAIN_SUCCESS : unexpected(text, "a word");
}

enum mlgrain_status mtp_text_integer(struct mtp_text *text, int least, int *value)
{
  char word[MTP_WORD_LENGTH];
  const int negative = mtp_text_accept(text, '-');
  if (!take(text, belongs_to_integer, word))
    return unexpected(text, "a whole number");
  const double magnitude = strtod(word, NULL);
  const double number = negative ? -magnitude : magnitude;
  if (number < least || number > 2147483647.0)
    return mtp_text_fail(text, MLGRAIN_FORMAT_ERROR, "%s%s is out of range", negative ? "-" : "",
                         word);
  *value = (int)number;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mtp_text_number(struct mtp_text *text, double *value)
{
  char word[MTP_WORD_LENGTH];
  if (!take(text, belongs_to_number, word))
    return unexpected(text, "a number");
  char local[MTP_WORD_LENGTH];
  memcpy(local, word, sizeof local);
  char *point = strchr(local, '.');
  if (point)
    *point = text->decimal_point;
  char *rest;
  *value = strtod(local, &rest);
  if (*rest || strpbrk(word, "xXpP"))
    return mtp_text_fail(text, MLGRAIN_FORMAT_ERROR, "'%s' is not a number", word);
  if (!isfinite(*value))
    return mtp_text_fail(text, MLGRAIN_NOT_FINITE, "'%s' is not a finite number", word);
  return MLGRAIN_SUCCESS;
}
