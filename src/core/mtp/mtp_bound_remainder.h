/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: in which length the part of coefficients that a basis leaves over is measured. */
#ifndef MLGRAIN_MTP_BOUND_REMAINDER_H
#define MLGRAIN_MTP_BOUND_REMAINDER_H

#include "mtp_bound_sample.h"

/* Principal directions of a sample, of which the first d are a basis. What they leave over,
   z = sum_(i >= d) u_i (u_i . z) + P z, is measured as |T z|, with
     T = sum_(i >= d) u_i u_i^T/s_i + P/s,
   so that |z_k| <= r_k |T z|, r_k^2 = sum_(i >= d) s_i^2 u_ik^2 + s^2 P_kk. */
struct mtp_remainder {
  size_t n, directions;
  const double *basis; /* [directions][n] u */
  double *spread;      /* [directions + 1] s_i, then s */
};

/* Sets the spreads by the sample: with u as likely in any component as in any other, the mean of
   r^2 |T z|^2 is least if s^2 is the root mean square of u . z. projections [count][directions]
   receives these. */
void mtp_remainder_spread(const struct mtp_sample *sample, double *projections,
                          struct mtp_remainder *remainder);

/* |T z|^2 of an atom of the sample for each number d of directions: length2[directions + 1]. */
void mtp_remainder_lengths(const struct mtp_remainder *remainder, const double *c,
                           const double *projections, double *length2);

/* r_k for the number d: [n] */
void mtp_remainder_radius(const struct mtp_remainder *remainder, size_t d, double *radius);

/* How many dimensions z has for the number d, without rows of weight 0. */
size_t mtp_remainder_dimensions(const struct mtp_remainder *remainder,
                                const struct mtp_sample *sample, size_t d);

/* row T for the number d, in place, of a row without parts in the first d directions. */
void mtp_remainder_apply(const struct mtp_remainder *remainder, size_t d, double *row);

#endif
