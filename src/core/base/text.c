/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_text.h"

void text_begin(struct text *text, const char *name, const void *bytes, size_t size,
                struct mlgrain_error *error)
{
  text->name = name;
  text->position = bytes;
  text->end = text->position + size;
  text->line = 1;
  text->decimal_point = localeconv()->decimal_point[0];
  text->error = error;
}

enum mlgrain_status text_fail(const struct text *text, enum mlgrain_status status,
                              const char *format, ...)
{
  char message[MLGRAIN_ERROR_LENGTH];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return mlgrain_fail(text->error, status, "%s, line %d: %s", text->name, text->line, message);
}

size_t text_left(const struct text *text)
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

int text_skip_space(struct text *text)
{
  for (; text->position < text->end && is_space(*text->position); text->position++)
    text->line += *text->position == '\n';
  return text->position < text->end;
}

void text_skip_line(struct text *text)
{
  while (text->position < text->end && *text->position != '\n')
    text->position++;
}

int text_accept(struct text *text, char c)
{
  if (!text_skip_space(text) || *text->position != c)
    return 0;
  text->position++;
  return 1;
}

static enum mlgrain_status unexpected(struct text *text, const char *wanted)
{
  if (!text_skip_space(text))
    return text_fail(text, MLGRAIN_FORMAT_ERROR, "%s expected, but the file ends", wanted);
  char found[21];
  size_t length = 0;
  while (length < sizeof found - 1 && text->position + length < text->end) {
    const char c = text->position[length];
    if (c <= ' ' || c > '~')
      break;
    found[length++] = c;
  }
  found[length] = '\0';
  return text_fail(text, MLGRAIN_FORMAT_ERROR, "%s expected, not '%s'", wanted, found);
}

enum mlgrain_status text_expect(struct text *text, char c)
{
  const char wanted[] = {'\'', c, '\'', '\0'};
  return text_accept(text, c) ? MLGRAIN_SUCCESS : unexpected(text, wanted);
}

/* Copies the characters for which `belongs` is true; false if there are none or too many. */
static int take(struct text *text, int (*belongs)(char), char word[TEXT_WORD_LENGTH])
{
  text_skip_space(text);
  size_t length = 0;
  while (text->position + length < text->end && belongs(text->position[length]))
    if (++length == TEXT_WORD_LENGTH)
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

enum mlgrain_status text_word(struct text *text, char word[TEXT_WORD_LENGTH])
{
  return take(text, belongs_to_word, word) ? MLGRAIN_SUCCESS : unexpected(text, "a word");
}

enum mlgrain_status text_integer(struct text *text, int least, int *value)
{
  char word[TEXT_WORD_LENGTH];
  const int negative = text_accept(text, '-');
  if (!take(text, belongs_to_integer, word))
    return unexpected(text, "a whole number");
  const double magnitude = strtod(word, NULL);
  const double number = negative ? -magnitude : magnitude;
  if (number < least || number > 2147483647.0)
    return text_fail(text, MLGRAIN_FORMAT_ERROR, "%s%s is out of range", negative ? "-" : "", word);
  *value = (int)number;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status text_number(struct text *text, double *value)
{
  char word[TEXT_WORD_LENGTH];
  if (!take(text, belongs_to_number, word))
    return unexpected(text, "a number");
  char local[TEXT_WORD_LENGTH];
  memcpy(local, word, sizeof local);
  char *point = strchr(local, '.');
  if (point)
    *point = text->decimal_point;
  char *rest;
  *value = strtod(local, &rest);
  if (*rest || strpbrk(word, "xXpP"))
    return text_fail(text, MLGRAIN_FORMAT_ERROR, "'%s' is not a number", word);
  if (!isfinite(*value))
    return text_fail(text, MLGRAIN_NOT_FINITE, "'%s' is not a finite number", word);
  return MLGRAIN_SUCCESS;
}
