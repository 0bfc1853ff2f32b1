/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: lattices of whole numbers from what spans them. */
#ifndef MLGRAIN_SPAN_H
#define MLGRAIN_SPAN_H

#include <stdint.h>

/* The lattice spanned by the rows of `vector` and by modulus (1 0 0), (0 1 0), (0 0 1): its basis
   in triangular (Hermite) form, rows with 0 before the diagonal. No number on the way is larger
   than a few times modulus^2. */
void span_basis(const int64_t vector[3][3], int64_t modulus, int64_t basis[3][3], int *overflow);

/* plane . basis[0] = 1 and plane . basis[1] = plane . basis[2] = 0, rows with determinant +-1, for
   a plane without common factor, not 0. */
void plane_basis(const int64_t plane[3], int64_t basis[3][3], int *overflow);

#endif
