/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: harmonic polynomials in three dimensions, of degree 0 to 3. Those of one degree turn
   into each other when space is turned. */
#ifndef MLGRAIN_GRAPHS_HARMONICS_H
#define MLGRAIN_GRAPHS_HARMONICS_H

enum { HARMONICS = 16, HARMONICS_TO_SQUARES = 9 };

/* Ascending. */
extern const int HARMONIC_DEGREE[HARMONICS];

void harmonics_find(const double x[3], double value[HARMONICS], double gradient[3][HARMONICS]);

#endif
