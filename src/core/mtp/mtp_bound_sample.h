/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the atoms that bounds of grades are chosen by. */
#ifndef MLGRAIN_MTP_BOUND_SAMPLE_H
#define MLGRAIN_MTP_BOUND_SAMPLE_H

#include "mtp_private.h"

enum { MTP_BOUND_SEED = 20260 };

/* c of the atoms in units of their lengths, so that none outweighs the others; both zero where one
   isn't finite. */
struct mtp_sample {
  size_t count, n;
  const double *gradients; /* [count][n] */
  int *species;            /* [count] -1: not finite */
  double *c;               /* [count][n] */
  double *length;          /* [count] */
  double *weight;          /* [n] W, 0 in known rows */
};

/* out[rows][columns] = a[rows][inner] b[inner][columns]; from one row of a to the next are
   `row_step` numbers, from one column `step`. */
void mtp_multiply(const double *a, size_t row_step, size_t step, const double *b, size_t rows,
                  size_t inner, size_t columns, double *out);

/* Whose energy is one of the parameters that the gradient has 1 in. */
int mtp_sample_species(const struct mlgrain_mtp *mtp, const double *gradient);

/* The mean gradient of each species; entries for its energy are 1 in any case. */
void mtp_sample_means(const struct mlgrain_mtp *mtp, const struct mtp_sample *sample, double *mean);

/* Lengths in which entries of gradients differ from their means. */
void mtp_sample_scale(const struct mtp_sample *sample, const double *mean, double *scale);

/* Coefficients and their lengths, c and length, with X in place of the inverse: [n][n] */
void mtp_sample_fill(const double *inverse, struct mtp_sample *sample);

/* Makes the rows with the largest coefficients known: those are no longer in the sample. Returns
   the largest of all. */
double mtp_sample_take_known(struct mtp_sample *sample, size_t count, size_t *known,
                             double *largest);

/* Chooses W by the largest coefficients of each row, and divides the sample by it. Rows that come
   close to the level get small weights, so that what is left after all directions adds little
   there. */
void mtp_sample_weigh(const double *largest, double level, struct mtp_sample *sample);

/* Rows of `basis` [directions][n] from the sample c [count][n]; weights [count][directions] is
   scratch. */
void mtp_sample_directions(const double *c, size_t count, size_t n, size_t directions,
                           double *weights, double *basis);

#endif
