/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of .mtp and .almtp files: a list of `key = value` in nearly any order, arrays in
   braces, and, for .almtp, the active set in binary form behind it. Every count is checked against
   the bytes that are left before memory is taken for it. */
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/text.h"
#include "mlgrain/mtp.h"
#include "mtp_private.h"

/* What is being read, and which keys have been seen, as bits by place in the table `keys`. */
struct reader {
  struct text text;
  struct mlgrain_mtp_file *file;
  unsigned seen;
  int untrained_allowed;
};

typedef enum mlgrain_status key_function(struct reader *reader);

struct key {
  const char *name, *alias;
  key_function *read;
  unsigned needs; /* keys that must come before */
  int optional;
};

enum {
  VERSION,
  POTENTIAL_NAME,
  SCALING,
  SPECIES_COUNT,
  POTENTIAL_TAG,
  BASIS_TYPE,
  MIN_DIST,
  MAX_DIST,
  BASIS_SIZE,
  FUNCS_COUNT,
  RADIAL_COEFFS,
  MOMENTS_COUNT,
  BASIC_COUNT,
  BASIC,
  TIMES_COUNT,
  TIMES,
  SCALAR_COUNT,
  MAPPING,
  SPECIES_COEFFS,
  MOMENT_COEFFS,
  KEYS
};

#define BIT(key) (1u << (key))

enum { MOST_ZEROS = 1 << 24 }; /* radial coefficients for a file that has none */

static enum mlgrain_status equals(struct reader *reader)
{
  return text_expect(&reader->text, '=');
}

static enum mlgrain_status read_version(struct reader *reader)
{
  char word[TEXT_WORD_LENGTH];
  enum mlgrain_status status = equals(reader);
  if (!status)
    status = text_word(&reader->text, word);
  if (!status && strcmp(word, "1.1.0") != 0)
    return text_fail(&reader->text, MLGRAIN_UNSUPPORTED,
                     "files of version %s cannot be read, only 1.1.0", word);
  return status;
}

static enum mlgrain_status read_ignored(struct reader *reader)
{
  text_skip_line(&reader->text);
  return MLGRAIN_SUCCESS;
}

/* `scaling` may stand in the header and again in the radial block: the factors multiply. */
static enum mlgrain_status read_scaling(struct reader *reader)
{
  double value;
  enum mlgrain_status status = equals(reader);
  if (!status)
    status = text_number(&reader->text, &value);
  if (status)
    return status;
  reader->file->scaling *= value;
  if (!isfinite(reader->file->scaling))
    return text_fail(&reader->text, MLGRAIN_NOT_FINITE, "the product of scalings overflows");
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_count(struct reader *reader, int least, int *value)
{
  const enum mlgrain_status status = equals(reader);
  return status ? status : text_integer(&reader->text, least, value);
}

static enum mlgrain_status read_species_count(struct reader *reader)
{
  return read_count(reader, 1, &reader->file->species_count);
}

static enum mlgrain_status read_basis_size(struct reader *reader)
{
  return read_count(reader, 1, &reader->file->radial_size);
}

static enum mlgrain_status read_funcs_count(struct reader *reader)
{
  return read_count(reader, 1, &reader->file->radial_count);
}

static enum mlgrain_status read_moments_count(struct reader *reader)
{
  return read_count(reader, 1, &reader->file->moment_count);
}

static enum mlgrain_status read_basic_count(struct reader *reader)
{
  return read_count(reader, 1, &reader->file->basic_count);
}

static enum mlgrain_status read_times_count(struct reader *reader)
{
  return read_count(reader, 0, &reader->file->times_count);
}

static enum mlgrain_status read_scalar_count(struct reader *reader)
{
  return read_count(reader, 0, &reader->file->scalar_count);
}

static enum mlgrain_status read_basis_type(struct reader *reader)
{
  char word[TEXT_WORD_LENGTH];
  enum mlgrain_status status = equals(reader);
  if (!status)
    status = text_word(&reader->text, word);
  if (status)
    return status;
  if (strcmp(word, "RBChebyshev") == 0)
    reader->file->basis = MLGRAIN_MTP_CHEBYSHEV;
  else if (strcmp(word, "RBChebyshev_repuls") == 0)
    reader->file->basis = MLGRAIN_MTP_CHEBYSHEV_REPULS;
  else
    return text_fail(&reader->text, MLGRAIN_UNSUPPORTED,
                     "radial basis %s is not supported, only RBChebyshev and "
                     "RBChebyshev_repuls are",
                     word);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_distance(struct reader *reader, double *value)
{
  enum mlgrain_status status = equals(reader);
  if (!status)
    status = text_number(&reader->text, value);
  if (!status && *value < 0.0)
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR, "a distance is negative");
  return status;
}

static enum mlgrain_status read_min_dist(struct reader *reader)
{
  return read_distance(reader, &reader->file->min_dist);
}

static enum mlgrain_status read_max_dist(struct reader *reader)
{
  const enum mlgrain_status status = read_distance(reader, &reader->file->max_dist);
  if (!status && !(reader->file->max_dist > reader->file->min_dist))
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR, "max_dist is not above min_dist");
  return status;
}

/* Memory for `count` things that the text still has to give, at least two bytes for each. */
static enum mlgrain_status allocate(struct reader *reader, size_t count, size_t size, void *result)
{
  if (count > text_left(&reader->text) / 2)
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                     "%zu numbers are announced, more than the file can hold", count);
  void *memory = calloc(count ? count : 1, size);
  if (!memory)
    return text_fail(&reader->text, MLGRAIN_OUT_OF_MEMORY, "out of memory");
  memcpy(result, &memory, sizeof memory);
  // cppcheck-suppress memleak ; the caller's pointer has it now
  return MLGRAIN_SUCCESS;
}

/* {number, number, ...} */
static enum mlgrain_status read_row(struct reader *reader, size_t count, double *value)
{
  enum mlgrain_status status = text_expect(&reader->text, '{');
  for (size_t i = 0; i < count && !status; i++) {
    if (i)
      status = text_expect(&reader->text, ',');
    if (!status)
      status = text_number(&reader->text, &value[i]);
  }
  return status ? status : text_expect(&reader->text, '}');
}

/* The label of a pair of species, "i-j". */
static enum mlgrain_status read_pair_label(struct reader *reader, int pair)
{
  struct mlgrain_mtp_file *file = reader->file;
  const int i = pair / file->species_count, j = pair % file->species_count;
  int first, second;
  enum mlgrain_status status = text_integer(&reader->text, 0, &first);
  if (!status)
    status = text_expect(&reader->text, '-');
  if (!status)
    status = text_integer(&reader->text, 0, &second);
  if (status)
    return status;
  if (i == 0) {
    file->label[j] = second;
    for (int k = 0; k < j; k++)
      if (file->label[k] == second)
        return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                         "pair %d-%d appears twice in radial_coeffs", first, second);
  }
  if (first != file->label[i] || second != file->label[j])
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                     "pair %d-%d in radial_coeffs where %d-%d should be", first, second,
                     file->label[i], file->label[j]);
  return MLGRAIN_SUCCESS;
}

/* a * b, or SIZE_MAX if that is too large */
static size_t product(size_t a, size_t b)
{
  return b && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

static enum mlgrain_status read_radial_coeffs(struct reader *reader)
{
  struct mlgrain_mtp_file *file = reader->file;
  const size_t species = (size_t)file->species_count, size = (size_t)file->radial_size;
  const size_t rows = product(product(species, species), (size_t)file->radial_count);
  enum mlgrain_status status =
      allocate(reader, product(rows, size), sizeof(double), &file->radial_coeffs);
  if (!status)
    status = allocate(reader, species, sizeof(int), &file->label);
  for (size_t row = 0; row < rows && !status; row++) {
    if (row % (size_t)file->radial_count == 0)
      status = read_pair_label(reader, (int)(row / (size_t)file->radial_count));
    if (!status)
      status = read_row(reader, size, file->radial_coeffs + row * size);
  }
  return status;
}

/* {{a, b, c, d}, ...} */
static enum mlgrain_status read_quadruples(struct reader *reader, int count, int (**result)[4],
                                           enum mlgrain_status (*check)(struct reader *, int row,
                                                                        const int value[4]))
{
  enum mlgrain_status status = equals(reader);
  if (!status)
    status = allocate(reader, (size_t)count, sizeof **result, result);
  if (!status)
    status = text_expect(&reader->text, '{');
  for (int row = 0; row < count && !status; row++) {
    if (row)
      status = text_expect(&reader->text, ',');
    for (int k = 0; k < 4 && !status; k++) {
      status = text_expect(&reader->text, k ? ',' : '{');
      if (!status)
        status = text_integer(&reader->text, INT_MIN, &(*result)[row][k]);
    }
    if (!status)
      status = text_expect(&reader->text, '}');
    if (!status)
      status = check(reader, row, (*result)[row]);
  }
  return status ? status : text_expect(&reader->text, '}');
}

static enum mlgrain_status check_basic(struct reader *reader, int row, const int value[4])
{
  if (value[0] < 0 || value[0] >= reader->file->radial_count)
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                     "alpha_index_basic entry %d uses radial function %d of %d", row, value[0],
                     reader->file->radial_count);
  int rank = 0;
  for (int k = 1; k < 4; k++) {
    if (value[k] < 0)
      return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                       "alpha_index_basic entry %d has a negative exponent", row);
    if (value[k] > MTP_MAX_RANK || (rank += value[k]) > MTP_MAX_RANK)
      return text_fail(&reader->text, MLGRAIN_UNSUPPORTED,
                       "alpha_index_basic entry %d has a rank above %d", row, MTP_MAX_RANK);
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_basic(struct reader *reader)
{
  if (reader->file->basic_count > reader->file->moment_count)
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                     "alpha_index_basic_count is above alpha_moments_count");
  return read_quadruples(reader, reader->file->basic_count, &reader->file->basic, check_basic);
}

static enum mlgrain_status check_times(struct reader *reader, int row, const int value[4])
{
  const struct mlgrain_mtp_file *file = reader->file;
  const int target = value[3];
  if (target < file->basic_count || target >= file->moment_count)
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                     "alpha_index_times entry %d has target %d, outside %d to %d", row, target,
                     file->basic_count, file->moment_count - 1);
  for (int k = 0; k < 2; k++)
    if (value[k] < 0 || value[k] >= target)
      return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                       "alpha_index_times entry %d has factor %d, not below its target %d", row,
                       value[k], target);
  return MLGRAIN_SUCCESS;
}

/* A moment must be complete before it is a factor, or its value would depend on the order. */
static enum mlgrain_status check_order(struct reader *reader)
{
  const struct mlgrain_mtp_file *file = reader->file;
  unsigned char *used;
  if (file->moment_count - file->basic_count > file->times_count)
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                     "alpha_moments_count is %d, but there are only %d basic moments and %d "
                     "products",
                     file->moment_count, file->basic_count, file->times_count);
  used = calloc((size_t)file->moment_count, 1);
  if (!used)
    return text_fail(&reader->text, MLGRAIN_OUT_OF_MEMORY, "out of memory");
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (int row = 0; row < file->times_count && !status; row++) {
    const int *value = file->times[row];
    used[value[0]] = used[value[1]] = 1;
    if (used[value[3]])
      status = text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                         "alpha_index_times entry %d adds to moment %d, which was used before", row,
                         value[3]);
  }
  free(used);
  return status;
}

static enum mlgrain_status read_times(struct reader *reader)
{
  const enum mlgrain_status status =
      read_quadruples(reader, reader->file->times_count, &reader->file->times, check_times);
  return status ? status : check_order(reader);
}

static enum mlgrain_status read_mapping(struct reader *reader)
{
  struct mlgrain_mtp_file *file = reader->file;
  enum mlgrain_status status = equals(reader);
  if (!status)
    status = allocate(reader, (size_t)file->scalar_count, sizeof(int), &file->mapping);
  if (!status)
    status = text_expect(&reader->text, '{');
  for (int i = 0; i < file->scalar_count && !status; i++) {
    if (i)
      status = text_expect(&reader->text, ',');
    if (!status)
      status = text_integer(&reader->text, 0, &file->mapping[i]);
    if (!status && file->mapping[i] >= file->moment_count)
      return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                       "alpha_moment_mapping entry %d is %d, but there are %d moments", i,
                       file->mapping[i], file->moment_count);
  }
  return status ? status : text_expect(&reader->text, '}');
}

static enum mlgrain_status read_coeffs(struct reader *reader, int count, double **result)
{
  enum mlgrain_status status = equals(reader);
  if (!status)
    status = allocate(reader, (size_t)count, sizeof **result, result);
  return status ? status : read_row(reader, (size_t)count, *result);
}

static enum mlgrain_status read_species_coeffs(struct reader *reader)
{
  return read_coeffs(reader, reader->file->species_count, &reader->file->species_coeffs);
}

static enum mlgrain_status read_moment_coeffs(struct reader *reader)
{
  return read_coeffs(reader, reader->file->scalar_count, &reader->file->moment_coeffs);
}

static const struct key keys[KEYS] = {
    [VERSION] = {"version", NULL, read_version, 0, 0},
    [POTENTIAL_NAME] = {"potential_name", NULL, read_ignored, 0, 1},
    [SCALING] = {"scaling", NULL, read_scaling, 0, 1},
    [SPECIES_COUNT] = {"species_count", NULL, read_species_count, 0, 0},
    [POTENTIAL_TAG] = {"potential_tag", NULL, read_ignored, 0, 1},
    [BASIS_TYPE] = {"radial_basis_type", NULL, read_basis_type, 0, 0},
    [MIN_DIST] = {"min_dist", "min_val", read_min_dist, 0, 0},
    [MAX_DIST] = {"max_dist", "max_val", read_max_dist, BIT(MIN_DIST), 0},
    [BASIS_SIZE] = {"radial_basis_size", "basis_size", read_basis_size, 0, 0},
    [FUNCS_COUNT] = {"radial_funcs_count", NULL, read_funcs_count, 0, 0},
    [RADIAL_COEFFS] = {"radial_coeffs", NULL, read_radial_coeffs,
                       BIT(SPECIES_COUNT) | BIT(BASIS_SIZE) | BIT(FUNCS_COUNT), 0},
    [MOMENTS_COUNT] = {"alpha_moments_count", NULL, read_moments_count, 0, 0},
    [BASIC_COUNT] = {"alpha_index_basic_count", NULL, read_basic_count, 0, 0},
    [BASIC] = {"alpha_index_basic", NULL, read_basic,
               BIT(FUNCS_COUNT) | BIT(MOMENTS_COUNT) | BIT(BASIC_COUNT), 0},
    [TIMES_COUNT] = {"alpha_index_times_count", NULL, read_times_count, 0, 0},
    [TIMES] = {"alpha_index_times", NULL, read_times,
               BIT(MOMENTS_COUNT) | BIT(BASIC_COUNT) | BIT(TIMES_COUNT), 0},
    [SCALAR_COUNT] = {"alpha_scalar_moments", NULL, read_scalar_count, 0, 0},
    [MAPPING] = {"alpha_moment_mapping", NULL, read_mapping, BIT(MOMENTS_COUNT) | BIT(SCALAR_COUNT),
                 0},
    [SPECIES_COEFFS] = {"species_coeffs", NULL, read_species_coeffs, BIT(SPECIES_COUNT), 0},
    [MOMENT_COEFFS] = {"moment_coeffs", NULL, read_moment_coeffs, BIT(SCALAR_COUNT), 0},
};

static int find_key(const char *word)
{
  int key = 0;
  while (key < KEYS && strcmp(word, keys[key].name) != 0 &&
         !(keys[key].alias && strcmp(word, keys[key].alias) == 0))
    key++;
  return key;
}

/* A key that the table doesn't have. */
static enum mlgrain_status refuse_key(struct reader *reader, const char *word)
{
  if (strncmp(word, "mag", 3) == 0)
    return text_fail(&reader->text, MLGRAIN_UNSUPPORTED,
                     "'%s': magnetic moment tensor potentials are not supported", word);
  return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR, "unknown key '%s'", word);
}

static enum mlgrain_status read_key(struct reader *reader)
{
  char word[TEXT_WORD_LENGTH];
  const enum mlgrain_status status = text_word(&reader->text, word);
  if (status)
    return status;
  const int key = find_key(word);
  if (key == KEYS)
    return refuse_key(reader, word);
  if ((reader->seen & BIT(key)) && key != SCALING)
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR, "%s appears twice", word);
  for (int need = 0; need < KEYS; need++)
    if ((keys[key].needs & BIT(need)) && !(reader->seen & BIT(need)))
      return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR, "%s must come before %s",
                       keys[need].name, word);
  reader->seen |= BIT(key);
  return keys[key].read(reader);
}

#define COEFFS (BIT(RADIAL_COEFFS) | BIT(SPECIES_COEFFS) | BIT(MOMENT_COEFFS))

/* As bits. */
static unsigned optional_keys(void)
{
  unsigned found = 0;
  for (int key = 0; key < KEYS; key++)
    if (keys[key].optional)
      found |= BIT(key);
  return found;
}

/* Coefficients of zero, and labels 0, 1, ..., for a file that has neither. */
static enum mlgrain_status add_zeros(struct reader *reader)
{
  struct mlgrain_mtp_file *file = reader->file;
  const size_t species = (size_t)file->species_count;
  const size_t radial = product(product(product(species, species), (size_t)file->radial_count),
                                (size_t)file->radial_size);
  if (radial > MOST_ZEROS)
    return text_fail(&reader->text, MLGRAIN_UNSUPPORTED,
                     "%d species with %d radial functions of size %d have too many coefficients",
                     file->species_count, file->radial_count, file->radial_size);
  file->label = calloc(species, sizeof *file->label);
  file->radial_coeffs = calloc(radial, sizeof *file->radial_coeffs);
  file->species_coeffs = calloc(species, sizeof *file->species_coeffs);
  file->moment_coeffs = calloc((size_t)file->scalar_count + 1, sizeof *file->moment_coeffs);
  if (!file->label || !file->radial_coeffs || !file->species_coeffs || !file->moment_coeffs)
    return text_fail(&reader->text, MLGRAIN_OUT_OF_MEMORY, "out of memory");
  for (int k = 0; k < file->species_count; k++)
    file->label[k] = k;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status check_complete(const struct reader *reader)
{
  for (int key = 0; key < KEYS; key++)
    if (!keys[key].optional && !(reader->seen & BIT(key)))
      return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR, "the file has no %s%s", keys[key].name,
                       key == RADIAL_COEFFS || key == SPECIES_COEFFS || key == MOMENT_COEFFS
                           ? ": the potential has not been trained"
                           : "");
  return MLGRAIN_SUCCESS;
}

static int is_word(struct text *text, const char *expected)
{
  char word[TEXT_WORD_LENGTH];
  return !text_word(text, word) && strcmp(word, expected) == 0;
}

static enum mlgrain_status read_potential(struct reader *reader)
{
  if (!is_word(&reader->text, "MTP"))
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                     "not a moment tensor potential: the first word is not MTP");
  while (text_skip_space(&reader->text) && *reader->text.position != '#') {
    const enum mlgrain_status status = read_key(reader);
    if (status)
      return status;
  }
  const unsigned all = BIT(KEYS) - 1;
  if (reader->untrained_allowed && !(reader->seen & COEFFS) &&
      (reader->seen | COEFFS | optional_keys()) == all)
    return add_zeros(reader);
  return check_complete(reader);
}

/* The named weights before the matrices. */
static enum mlgrain_status read_weights(struct reader *reader)
{
  struct mlgrain_mtp_file *file = reader->file;
  while (!text_accept(&reader->text, '#')) {
    char word[TEXT_WORD_LENGTH];
    enum mlgrain_status status = text_word(&reader->text, word);
    if (status)
      return status;
    if (strcmp(word, "energy_weight") == 0)
      status = text_number(&reader->text, &file->energy_weight);
    else if (strcmp(word, "force_weight") == 0)
      status = text_number(&reader->text, &file->force_weight);
    else if (strcmp(word, "stress_weight") == 0)
      status = text_number(&reader->text, &file->stress_weight);
    else if (strcmp(word, "site_en_weight") == 0)
      status = text_number(&reader->text, &file->site_weight);
    else if (strcmp(word, "weight_scaling") == 0)
      status = text_integer(&reader->text, 0, &file->weight_scaling);
    else
      return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR, "unknown key '%s' in the active set",
                       word);
    if (status)
      return status;
  }
  return MLGRAIN_SUCCESS;
}

/* n*n little-endian doubles */
static enum mlgrain_status read_matrix(struct reader *reader, size_t n, double **matrix)
{
  const size_t bytes = product(product(n, n), sizeof(double));
  if (bytes > text_left(&reader->text))
    return text_fail(&reader->text, MLGRAIN_FORMAT_ERROR,
                     "the file ends within the active set of %zu parameters", n);
  *matrix = malloc(bytes);
  if (!*matrix)
    return text_fail(&reader->text, MLGRAIN_OUT_OF_MEMORY, "out of memory for the active set");
  for (size_t i = 0; i < n * n; i++) {
    uint64_t bits = 0;
    for (int byte = 7; byte >= 0; byte--)
      bits = bits << 8 | (unsigned char)reader->text.position[8 * i + (size_t)byte];
    memcpy(&(*matrix)[i], &bits, sizeof bits);
    if (!isfinite((*matrix)[i]))
      return text_fail(&reader->text, MLGRAIN_NOT_FINITE,
                       "the active set holds a number that is not finite");
  }
  reader->text.position += bytes;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status read_active_set(struct reader *reader)
{
  struct mlgrain_mtp_file *file = reader->file;
  text_accept(&reader->text, '#');
  if (!is_word(&reader->text, "MVS_v1.1"))
    return text_fail(&reader->text, MLGRAIN_UNSUPPORTED,
                     "the active set is not of version MVS_v1.1");
  enum mlgrain_status status = read_weights(reader);
  if (!status)
    status = read_matrix(reader, file->parameter_count, &file->active_set);
  if (!status)
    status = read_matrix(reader, file->parameter_count, &file->active_inverse);
  if (status)
    return status;
  if (file->site_weight != 0.0)
    file->grade_mode = MLGRAIN_MTP_NEIGHBORHOOD;
  else if (file->energy_weight != 0.0)
    file->grade_mode = MLGRAIN_MTP_CONFIGURATION;
  else
    return text_fail(&reader->text, MLGRAIN_UNSUPPORTED,
                     "an active set with neither site_en_weight nor energy_weight");
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status parse(const char *name, const void *bytes, size_t size,
                                 int untrained_allowed, struct mlgrain_mtp_file **file,
                                 struct mlgrain_error *error)
{
  struct reader reader = {.file = calloc(1, sizeof **file), .untrained_allowed = untrained_allowed};
  *file = NULL;
  if (!reader.file)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", name);
  reader.file->scaling = 1.0;
  text_begin(&reader.text, name, bytes, size, error);
  enum mlgrain_status status = read_potential(&reader);
  if (!status) {
    const struct mlgrain_mtp_file *made = reader.file;
    reader.file->parameter_count = (size_t)made->species_count * (size_t)made->species_count *
                                       (size_t)made->radial_count * (size_t)made->radial_size +
                                   (size_t)made->species_count + (size_t)made->scalar_count;
    if (text_skip_space(&reader.text))
      status = read_active_set(&reader);
  }
  if (status)
    mlgrain_mtp_file_free(reader.file);
  else
    *file = reader.file;
  return status;
}

enum mlgrain_status mlgrain_mtp_file_parse(const char *name, const void *bytes, size_t size,
                                           struct mlgrain_mtp_file **file,
                                           struct mlgrain_error *error)
{
  return parse(name, bytes, size, 0, file, error);
}

enum mlgrain_status mlgrain_mtp_file_parse_untrained(const char *name, const void *bytes,
                                                     size_t size, struct mlgrain_mtp_file **file,
                                                     struct mlgrain_error *error)
{
  return parse(name, bytes, size, 1, file, error);
}

/* Reads a whole stream into memory. */
static enum mlgrain_status slurp(const char *path, FILE *stream, char **bytes, size_t *size,
                                 struct mlgrain_error *error)
{
  size_t capacity = 0;
  *bytes = NULL;
  *size = 0;
  do {
    capacity = capacity ? 2 * capacity : 65536;
    char *larger = realloc(*bytes, capacity);
    if (!larger)
      return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", path);
    *bytes = larger;
    *size += fread(*bytes + *size, 1, capacity - *size, stream);
  } while (*size == capacity);
  return ferror(stream) ? mlgrain_fail(error, MLGRAIN_FILE_ERROR, "%s cannot be read", path)
                        : MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_mtp_file_read(const char *path, struct mlgrain_mtp_file **file,
                                          struct mlgrain_error *error)
{
  char *bytes = NULL;
  size_t size = 0;
  *file = NULL;
  FILE *stream = fopen(path, "rb");
  if (!stream)
    return mlgrain_fail(error, MLGRAIN_FILE_ERROR, "%s cannot be opened", path);
  enum mlgrain_status status = slurp(path, stream, &bytes, &size, error);
  fclose(stream);
  if (!status)
    status = mlgrain_mtp_file_parse(path, bytes, size, file, error);
  free(bytes);
  return status;
}

void mlgrain_mtp_file_free(struct mlgrain_mtp_file *file)
{
  if (!file)
    return;
  free(file->label);
  free(file->radial_coeffs);
  free(file->basic);
  free(file->times);
  free(file->mapping);
  free(file->species_coeffs);
  free(file->moment_coeffs);
  free(file->active_set);
  free(file->active_inverse);
  free(file);
}
