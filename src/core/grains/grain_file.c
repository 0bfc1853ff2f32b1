/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/text.h"
#include "base/vector3.h"
#include "mlgrain/grains.h"

enum { COLUMN_X, COLUMN_XS = 3, COLUMN_QW = 6, COLUMN_PHI = 10, COLUMN_WEIGHT = 13, COLUMN_KINDS };

static const char *const column_name[COLUMN_KINDS] = {
    "x", "y", "z", "xs", "ys", "zs", "qw", "qx", "qy", "qz", "phi1", "Phi", "phi2", "weight"};

enum { MOST_COLUMNS = 100 };

/* The columns of the lines that follow. */
struct columns {
  int count;
  int kind[MOST_COLUMNS]; /* COLUMN_KINDS: not used */
  int seen[COLUMN_KINDS]; /* how often */
};

struct grain_list {
  struct mlgrain_grain *grain;
  size_t count, capacity;
};

/* Names up to the end of the line. Words that can be no names of columns make it an ordinary
   comment, without columns. */
static void read_names(struct text *text, struct columns *columns)
{
  const int line = text->line;
  memset(columns, 0, sizeof *columns);
  struct text words = *text;
  words.error = NULL;
  while (text_skip_space(&words) && words.line == line) {
    char word[TEXT_WORD_LENGTH];
    if (columns->count == MOST_COLUMNS || text_word(&words, word)) {
      columns->count = 0;
      break;
    }
    int kind = 0;
    while (kind < COLUMN_KINDS && strcmp(word, column_name[kind]) != 0)
      kind++;
    columns->kind[columns->count++] = kind;
    if (kind < COLUMN_KINDS)
      columns->seen[kind]++;
  }
  text_skip_line(text);
}

static int has_all(const struct columns *columns, int first, int count)
{
  for (int k = first; k < first + count; k++)
    if (columns->seen[k] == 0)
      return 0;
  return 1;
}

static enum mlgrain_status check_columns(const struct text *text, const struct columns *columns)
{
  for (int kind = 0; kind < COLUMN_KINDS; kind++)
    if (columns->seen[kind] > 1)
      return text_fail(text, MLGRAIN_FORMAT_ERROR, "there are %d columns '%s'", columns->seen[kind],
                       column_name[kind]);
  if (has_all(columns, COLUMN_X, 3) == has_all(columns, COLUMN_XS, 3))
    return text_fail(text, MLGRAIN_FORMAT_ERROR,
                     "the comment line before must name columns x y z, or xs ys zs");
  if (has_all(columns, COLUMN_QW, 4) == has_all(columns, COLUMN_PHI, 3))
    return text_fail(text, MLGRAIN_FORMAT_ERROR,
                     "the comment line before must name columns qw qx qy qz, or phi1 Phi phi2");
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status set_grain(const struct text *text, const struct columns *columns,
                                     const double value[COLUMN_KINDS],
                                     const struct mlgrain_box *box, struct mlgrain_grain *grain)
{
  if (columns->seen[COLUMN_X]) {
    memcpy(grain->seed, value + COLUMN_X, sizeof grain->seed);
  } else {
    combine3(box->edge, value + COLUMN_XS, grain->seed);
    for (int d = 0; d < 3; d++)
      grain->seed[d] += box->low[d];
  }
  mlgrain_box_wrap(box, grain->seed);
  if (!mlgrain_box_holds(box, grain->seed))
    return text_fail(text, MLGRAIN_FORMAT_ERROR,
                     "the seed is outside the box, which is not periodic there");
  grain->weight = value[COLUMN_WEIGHT];
  if (!columns->seen[COLUMN_QW]) {
    mlgrain_quaternion_of_euler(value + COLUMN_PHI, grain->orientation);
    return MLGRAIN_SUCCESS;
  }
  double square = 0.0;
  for (int k = 0; k < 4; k++)
    square += value[COLUMN_QW + k] * value[COLUMN_QW + k];
  if (!(square > 0.0 && isfinite(square)))
    return text_fail(text, MLGRAIN_FORMAT_ERROR, "a quaternion of length %g is no orientation",
                     sqrt(square));
  for (int k = 0; k < 4; k++)
    grain->orientation[k] = value[COLUMN_QW + k] / sqrt(square);
  return MLGRAIN_SUCCESS;
}

/* The numbers of one line. */
static enum mlgrain_status read_line(struct text *text, const struct columns *columns,
                                     double value[COLUMN_KINDS])
{
  const int line = text->line;
  memset(value, 0, COLUMN_KINDS * sizeof *value);
  for (int c = 0; c < columns->count; c++) {
    struct text ahead = *text;
    if (!text_skip_space(&ahead) || ahead.line != line || *ahead.position == '#')
      return text_fail(text, MLGRAIN_FORMAT_ERROR, "%d numbers for %d columns", c, columns->count);
    double number;
    const enum mlgrain_status status = text_number(text, &number);
    if (status)
      return status;
    if (columns->kind[c] < COLUMN_KINDS)
      value[columns->kind[c]] = number;
  }
  struct text ahead = *text;
  if (text_skip_space(&ahead) && ahead.line == line && *ahead.position != '#')
    return text_fail(text, MLGRAIN_FORMAT_ERROR, "more words than the %d columns", columns->count);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status append(const struct text *text, const struct mlgrain_grain *grain,
                                  struct grain_list *list)
{
  if (list->count == list->capacity) {
    const size_t capacity = 2 * list->capacity + 64;
    struct mlgrain_grain *grown = realloc(list->grain, capacity * sizeof *grown);
    if (!grown)
      return text_fail(text, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu grains", capacity);
    list->grain = grown;
    list->capacity = capacity;
  }
  list->grain[list->count++] = *grain;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_grains(struct text *text, const struct mlgrain_box *box,
                                       struct grain_list *list)
{
  struct columns columns = {0};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  while (!status && text_skip_space(text)) {
    if (text_accept(text, '#')) {
      struct columns named;
      read_names(text, &named);
      if (list->count == 0 && (has_all(&named, COLUMN_X, 3) || has_all(&named, COLUMN_XS, 3)))
        columns = named;
      continue;
    }
    double value[COLUMN_KINDS];
    struct mlgrain_grain grain;
    status = check_columns(text, &columns);
    if (!status)
      status = read_line(text, &columns, value);
    if (!status)
      status = set_grain(text, &columns, value, box, &grain);
    if (!status)
      status = append(text, &grain, list);
  }
  if (!status && list->count == 0)
    status = text_fail(text, MLGRAIN_FORMAT_ERROR, "the file has no grains");
  return status;
}

enum mlgrain_status mlgrain_grains_read(const char *name, const void *bytes, size_t size,
                                        const struct mlgrain_box *box, struct mlgrain_grain **grain,
                                        size_t *count, struct mlgrain_error *error)
{
  struct text text;
  struct grain_list list = {NULL, 0, 0};
  *grain = NULL;
  *count = 0;
  text_begin(&text, name, bytes, size, error);
  const enum mlgrain_status status = read_grains(&text, box, &list);
  if (status) {
    free(list.grain);
    return status;
  }
  *grain = list.grain;
  *count = list.count;
  return MLGRAIN_SUCCESS;
}
