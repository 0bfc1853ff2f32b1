/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: words and numbers of which the texts of boundaries consist. */
#ifndef MLGRAIN_BOUNDARY_SCAN_H
#define MLGRAIN_BOUNDARY_SCAN_H

#include "mlgrain/lattice.h"

/* A place in a text. */
struct scan {
  const struct mlgrain_lattice *lattice;
  const char *text, *at;
  const char *problem; /* of numbers, where it is another one than the form; or NULL */
};

/* All functions move past what they accept, and blanks and commas before it, and return 0 if
   something else is next. */

/* Any of these characters. */
int scan_accept(struct scan *scan, const char *any);

/* A word in either case; if it is a whole one, no letter may follow. */
int scan_word(struct scan *scan, const char *word, int is_whole);

/* A letter in either case, from 0. */
int scan_letter(struct scan *scan, int *letter);

int scan_wholes(struct scan *scan, int64_t *values, int count);
int scan_reals(struct scan *scan, double *values, int count);

/* "36.87 degrees" */
int scan_degrees(struct scan *scan, double *degrees);

/* The digits of a number; one that is too large becomes INT64_MAX. */
int scan_digits(struct scan *scan, int64_t *value);

/* Three indices in brackets, apart or of one digit each together; in hexagonal lattices also four,
   which become three. */
int scan_direction(struct scan *scan, int64_t direction[3]);
int scan_plane(struct scan *scan, int64_t plane[3]);

/* Planes of crystal 1 and 2. */
struct scan_planes {
  int64_t plane[2][3];
  int has_second;
};

/* (h k l), or (h k l) / (h k l), and what kind of boundary it is, which doesn't matter, at the end
   of a text. */
int scan_planes(struct scan *scan, struct scan_planes *planes);

int scan_end(struct scan *scan);

#endif
