/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strain functional descriptors in the plainest form, to test the fast one against: complex
   tensors in long double, two passes over the neighbors, each invariant as its definition reads
   (doc/theory_sfd.md). Shares nothing with the core but the definitions: the harmonics come from
   recurrences, the Clebsch-Gordan coefficients from ladder operators. */
#ifndef SFD_REFERENCE_H
#define SFD_REFERENCE_H

#include <complex.h>
#include <stddef.h>

enum { SFD_REFERENCE_COUNT = 19 };

/* The 19 descriptors of point `center` among n points.
     x           [n][3] positions, unit of length as sigma and cutoff
     weight      [n] factors on the Gaussian weights, or NULL for 1
     descriptor  receives the values, in the order P0_I0, P1_I0, P2_I0 .. P4_I8 */
void sfd_reference(size_t n, const double (*x)[3], const double *weight, size_t center,
                   double sigma, double cutoff, double descriptor[SFD_REFERENCE_COUNT]);

/* Solid harmonic R_lm(q), Racah's normalization, Condon-Shortley phase; l <= 4. */
long double complex sfd_reference_harmonic(int l, int m, const long double q[3]);

/* <l1 m1 l2 m2|L M> for l1, l2, L <= 4; 0 where the rules of angular momentum forbid it. */
long double sfd_reference_clebsch_gordan(int l1, int m1, int l2, int m2, int L, int M);

#endif
