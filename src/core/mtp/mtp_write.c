/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer of .mtp and .almtp files, in the form that MLIP gives them. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "mlgrain/mtp.h"

/* A growing text; once memory has run out, nothing more is added. */
struct writer {
  char *text;
  size_t length, capacity;
  int failed;
};

/* Makes room for `size` bytes and a zero. */
static int reserve(struct writer *writer, size_t size)
{
  if (writer->failed)
    return 0;
  if (writer->length + size + 1 > writer->capacity) {
    const size_t capacity = 2 * writer->capacity + size + 4096;
    char *larger = realloc(writer->text, capacity);
    if (!larger) {
      writer->failed = 1;
      return 0;
    }
    writer->text = larger;
    writer->capacity = capacity;
  }
  return 1;
}

static void add_text(struct writer *writer, const char *text)
{
  const size_t length = strlen(text);
  if (reserve(writer, length)) {
    memcpy(writer->text + writer->length, text, length + 1);
    writer->length += length;
  }
}

__attribute__((format(printf, 2, 3))) static void add(struct writer *writer, const char *format,
                                                      ...)
{
  char piece[128];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(piece, sizeof piece, format, arguments);
  va_end(arguments);
  add_text(writer, piece);
}

/* 17 digits, so that the same number is read again, whatever decimal point the locale has. */
static void add_number(struct writer *writer, double value)
{
  char piece[64];
  snprintf(piece, sizeof piece, "%.16e", value);
  for (char *c = piece; *c; c++)
    if (*c == ',')
      *c = '.';
  add_text(writer, piece);
}

static void add_numbers(struct writer *writer, const double *values, size_t count)
{
  add_text(writer, "{");
  for (size_t k = 0; k < count; k++) {
    add_text(writer, k ? ", " : "");
    add_number(writer, values[k]);
  }
  add_text(writer, "}\n");
}

static void add_value(struct writer *writer, const char *key, double value)
{
  add_text(writer, key);
  add_number(writer, value);
  add_text(writer, "\n");
}

static void add_quadruples(struct writer *writer, const char *name, const int (*rows)[4], int count)
{
  add(writer, "%s_count = %d\n%s = {", name, count, name);
  for (int k = 0; k < count; k++)
    add(writer, "%s{%d, %d, %d, %d}", k ? ", " : "", rows[k][0], rows[k][1], rows[k][2],
        rows[k][3]);
  add_text(writer, "}\n");
}

static void add_radial(struct writer *writer, const struct mlgrain_mtp_file *file)
{
  const size_t size = (size_t)file->radial_size;
  const double *row = file->radial_coeffs;
  add(writer, "radial_basis_type = %s\n",
      file->basis == MLGRAIN_MTP_CHEBYSHEV_REPULS ? "RBChebyshev_repuls" : "RBChebyshev");
  add_value(writer, "\tmin_dist = ", file->min_dist);
  add_value(writer, "\tmax_dist = ", file->max_dist);
  add(writer, "\tradial_basis_size = %d\n\tradial_funcs_count = %d\n\tradial_coeffs\n",
      file->radial_size, file->radial_count);
  for (int i = 0; i < file->species_count; i++)
    for (int j = 0; j < file->species_count; j++) {
      add(writer, "\t\t%d-%d\n", file->label[i], file->label[j]);
      for (int mu = 0; mu < file->radial_count; mu++, row += size) {
        add_text(writer, "\t\t\t");
        add_numbers(writer, row, size);
      }
    }
}

static void add_moments(struct writer *writer, const struct mlgrain_mtp_file *file)
{
  add(writer, "alpha_moments_count = %d\n", file->moment_count);
  add_quadruples(writer, "alpha_index_basic", (const int(*)[4])file->basic, file->basic_count);
  add_quadruples(writer, "alpha_index_times", (const int(*)[4])file->times, file->times_count);
  add(writer, "alpha_scalar_moments = %d\nalpha_moment_mapping = {", file->scalar_count);
  for (int k = 0; k < file->scalar_count; k++)
    add(writer, "%s%d", k ? ", " : "", file->mapping[k]);
  add_text(writer, "}\nspecies_coeffs = ");
  add_numbers(writer, file->species_coeffs, (size_t)file->species_count);
  add_text(writer, "moment_coeffs = ");
  add_numbers(writer, file->moment_coeffs, (size_t)file->scalar_count);
}

/* Little-endian doubles */
static void add_matrix(struct writer *writer, const double *matrix, size_t n)
{
  if (!reserve(writer, n * n * sizeof *matrix))
    return;
  unsigned char *place = (unsigned char *)writer->text + writer->length;
  for (size_t k = 0; k < n * n; k++) {
    uint64_t bits;
    memcpy(&bits, &matrix[k], sizeof bits);
    for (int byte = 0; byte < 8; byte++)
      *place++ = (unsigned char)(bits >> (8 * byte));
  }
  writer->length += n * n * sizeof *matrix;
  writer->text[writer->length] = '\0';
}

static void add_active_set(struct writer *writer, const struct mlgrain_mtp_file *file)
{
  add_text(writer, "#MVS_v1.1\n");
  add_value(writer, "energy_weight ", file->energy_weight);
  add_value(writer, "force_weight ", file->force_weight);
  add_value(writer, "stress_weight ", file->stress_weight);
  add_value(writer, "site_en_weight ", file->site_weight);
  add(writer, "weight_scaling %d\n#", file->weight_scaling);
  add_matrix(writer, file->active_set, file->parameter_count);
  add_matrix(writer, file->active_inverse, file->parameter_count);
}

enum mlgrain_status mlgrain_mtp_file_format(const struct mlgrain_mtp_file *file, const char *name,
                                            char **bytes, size_t *size, struct mlgrain_error *error)
{
  struct writer writer = {0};
  add_text(&writer, "MTP\nversion = 1.1.0\npotential_name = ");
  add_text(&writer, name);
  add_value(&writer, "\nscaling = ", file->scaling);
  add(&writer, "species_count = %d\npotential_tag = \n", file->species_count);
  add_radial(&writer, file);
  add_moments(&writer, file);
  if (file->active_set && file->active_inverse)
    add_active_set(&writer, file);
  *bytes = NULL;
  *size = 0;
  if (writer.failed) {
    free(writer.text);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for the text of a potential");
  }
  *bytes = writer.text;
  *size = writer.length;
  return MLGRAIN_SUCCESS;
}

void mlgrain_mtp_bytes_free(char *bytes)
{
  free(bytes);
}
