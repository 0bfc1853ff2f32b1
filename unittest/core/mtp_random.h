/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Potentials and clusters drawn at random, but always the same ones. */
#ifndef MTP_RANDOM_H
#define MTP_RANDOM_H

#include <stdarg.h>

#include "mtp_atoms.h"

struct random_source {
  unsigned long state;
};

static inline double random_number(struct random_source *source, double low, double high)
{
  source->state = source->state * 6364136223846793005ul + 1442695040888963407ul;
  return low + (high - low) * (double)(source->state >> 11) / 9007199254740992.0;
}

/* A growing text. */
struct random_text {
  char *text;
  size_t length, capacity;
};

__attribute__((format(printf, 2, 3))) static inline void text_add(struct random_text *text,
                                                                  const char *format, ...)
{
  char piece[256];
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(piece, sizeof piece, format, arguments);
  va_end(arguments);
  if (text->length + (size_t)length + 1 > text->capacity) {
    text->capacity = 2 * text->capacity + sizeof piece;
    text->text = realloc(text->text, text->capacity);
  }
  memcpy(text->text + text->length, piece, (size_t)length + 1);
  text->length += (size_t)length;
}

static inline void text_add_row(struct random_text *text, struct random_source *source, int count,
                                double size)
{
  for (int k = 0; k < count; k++)
    text_add(text, "%s%.15e", k ? ", " : "{", random_number(source, -size, size));
  text_add(text, "}");
}

/* Moments up to a rank for each of some radial functions, then random products of them, as no
   stock level has: not even invariant under rotation. */
struct random_form {
  int species, functions, rank, radial_size, products, repulsive;
};

static inline void text_add_basics(struct random_text *text, const struct random_form *form,
                                   int *count)
{
  struct random_text list = {0};
  *count = 0;
  for (int mu = 0; mu < form->functions; mu++)
    for (int n = 0; n <= form->rank - mu; n++)
      for (int a = n; a >= 0; a--)
        for (int b = n - a; b >= 0; b--)
          text_add(&list, "%s{%d, %d, %d, %d}", (*count)++ ? ", " : "", mu, a, b, n - a - b);
  text_add(text, "alpha_moments_count = %d\nalpha_index_basic_count = %d\nalpha_index_basic = {",
           *count + form->products, *count);
  for (size_t k = 0; k < list.length; k += 200)
    text_add(text, "%.200s", list.text + k);
  text_add(text, "}\n");
  free(list.text);
}

/* Each product has one to four terms; factors are anything that comes before. Every third one and
   the last ones enter the energy. */
static inline void text_add_products(struct random_text *text, const struct random_form *form,
                                     struct random_source *source, int basics)
{
  struct random_text list = {0};
  int count = 0;
  for (int p = 0; p < form->products; p++)
    for (int t = 0; t <= p % 4; t++) {
      const int target = basics + p, reach = p < form->products / 2 ? basics : target;
      text_add(&list, "%s{%d, %d, %d, %d}", count++ ? ", " : "",
               (int)random_number(source, 0, reach), (int)random_number(source, 0, reach),
               1 + (t + p) % 3, target);
    }
  text_add(text, "alpha_index_times_count = %d\nalpha_index_times = {", count);
  for (size_t k = 0; k < list.length; k += 200)
    text_add(text, "%.200s", list.text + k);
  text_add(text, "}\n");
  free(list.text);
}

static inline void text_add_energy(struct random_text *text, const struct random_form *form,
                                   struct random_source *source, int basics)
{
  int count = 0;
  struct random_text list = {0};
  for (int k = 0; k < basics + form->products; k++)
    if (k % 3 == 0 || k > basics + form->products / 2)
      text_add(&list, "%s%d", count++ ? ", " : "", k);
  text_add(text, "alpha_scalar_moments = %d\nalpha_moment_mapping = {", count);
  for (size_t k = 0; k < list.length; k += 200)
    text_add(text, "%.200s", list.text + k);
  text_add(text, "}\nspecies_coeffs = ");
  text_add_row(text, source, form->species, 3.0);
  text_add(text, "\nmoment_coeffs = ");
  text_add_row(text, source, count, 0.5);
  text_add(text, "\n");
  free(list.text);
}

static inline void random_potential_text(const struct random_form *form, unsigned long seed,
                                         struct random_text *text)
{
  struct random_source source = {seed};
  int basics;
  text_add(text,
           "MTP\nversion = 1.1.0\npotential_name = \nscaling = 0.2\nspecies_count = %d\n"
           "potential_tag = \nradial_basis_type = RBChebyshev%s\n",
           form->species, form->repulsive ? "_repuls" : "");
  text_add(text,
           "min_dist = 1.8\nmax_dist = 4.0\nradial_basis_size = %d\n"
           "radial_funcs_count = %d\nradial_coeffs\n",
           form->radial_size, form->functions);
  for (int i = 0; i < form->species; i++)
    for (int j = 0; j < form->species; j++) {
      text_add(text, "%d-%d\n", i, j);
      for (int mu = 0; mu < form->functions; mu++) {
        text_add_row(text, &source, form->radial_size, 1.0);
        text_add(text, "\n");
      }
    }
  text_add_basics(text, form, &basics);
  text_add_products(text, form, &source, basics);
  text_add_energy(text, form, &source, basics);
}

/* The potential of such a text, or NULL, with a message. */
static inline struct mlgrain_mtp_file *random_file(const struct random_form *form,
                                                   unsigned long seed)
{
  struct random_text text = {0};
  struct mlgrain_mtp_file *file;
  struct mlgrain_error error = {""};
  random_potential_text(form, seed, &text);
  if (mlgrain_mtp_file_parse("random", text.text, text.length, &file, &error))
    fprintf(stderr, "%s\n", error.text);
  free(text.text);
  return file;
}

/* Atoms of all species in a skew cell, no two closer than `closest`, with images. */
static inline void random_atoms(int count, int species, double closest, double cutoff,
                                unsigned long seed, struct atoms *atoms)
{
  struct random_source source = {seed};
  const double size = 2.6 * cbrt(count);
  const double cell[3][3] = {
      {size, 0, 0}, {0.3 * size, 1.1 * size, 0}, {-0.2 * size, 0.25 * size, 0.9 * size}};
  memset(atoms, 0, sizeof *atoms);
  while (atoms->local < count) {
    double f[3], x[3];
    for (int d = 0; d < 3; d++)
      f[d] = random_number(&source, 0, 1);
    for (int d = 0; d < 3; d++)
      x[d] = f[0] * cell[0][d] + f[1] * cell[1][d] + f[2] * cell[2][d];
    int far = 1;
    for (int i = 0; i < atoms->local && far; i++)
      for (int s = 0; s < 27 && far; s++) {
        double image[3];
        for (int d = 0; d < 3; d++)
          image[d] = atoms->x[i][d] + (s % 3 - 1) * cell[0][d] + (s / 3 % 3 - 1) * cell[1][d] +
                     (s / 9 - 1) * cell[2][d];
        far = distance(x, image) > closest;
      }
    if (far) {
      atoms_add(atoms, x, (int)random_number(&source, 0, species), atoms->local);
      atoms->local++;
    }
  }
  atoms_add_images(atoms, cell, cutoff);
}

#endif
