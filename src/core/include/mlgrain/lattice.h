/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Crystal lattices in exact arithmetic. A lattice is known by the products of its axes,
     gram[i][j] = a_i . a_j / unit^2,
   which are whole numbers. Directions [u v w] are coordinates on these axes, planes (h k l) those
   of the normal on the reciprocal axes, h = n . a_1 and so on: (h k l) holds [u v w] if h u + k v +
   l w = 0. In cubic crystals both are the usual Miller indices. */
#ifndef MLGRAIN_LATTICE_H
#define MLGRAIN_LATTICE_H

#include <stdint.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mlgrain_cubic { MLGRAIN_SIMPLE_CUBIC, MLGRAIN_BODY_CENTERED, MLGRAIN_FACE_CENTERED };

enum { MLGRAIN_MOST_LATTICE_ROTATIONS = 24 };

/* Whether a rotation belongs to the symmetry, and whether it does with the inversion. */
enum mlgrain_sense { MLGRAIN_PROPER = 1, MLGRAIN_IMPROPER = 2, MLGRAIN_BOTH_SENSES = 3 };

/* The largest whole number that these functions take as an index. What follows from indices is
   worked out in 64 bits; where these don't suffice, functions say so. */
#define MLGRAIN_LARGEST_INDEX INT64_C(1000000000)

struct mlgrain_lattice {
  int64_t gram[3][3];      /* symmetric, positive definite */
  int64_t primitive[3][3]; /* rows: vectors that span the lattice, on the axes, times divisor */
  int64_t divisor;         /* 2 for fcc and bcc, 1 for the others */
  double unit;             /* length */
  int rotations;           /* that leave the lattice as it is, proper ones; each with the inversion
                              is all of its symmetry. Of a crystal's lattice (mlgrain/crystal.h)
                              those that, with the inversion or without, belong to the crystal. */
  int64_t rotation[MLGRAIN_MOST_LATTICE_ROTATIONS][3][3]; /* of coordinates: x' = rotation x */
  unsigned char sense[MLGRAIN_MOST_LATTICE_ROTATIONS];    /* enum mlgrain_sense, or both */
};

/* sc, bcc, fcc with lattice constant a. MLGRAIN_INVALID_ARGUMENT: a is not positive. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_lattice_cubic(enum mlgrain_cubic kind, double a,
                                                         struct mlgrain_lattice *lattice,
                                                         struct mlgrain_error *error);

/* The hexagonal lattice with (c/a)^2 = ratio[0] / ratio[1] and axes a_1, a_2 at 120 degrees, c.
   MLGRAIN_INVALID_ARGUMENT: a or the ratio is not positive, or its numbers are above 10^6. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_lattice_hexagonal(const int64_t ratio[2], double a,
                                                             struct mlgrain_lattice *lattice,
                                                             struct mlgrain_error *error);

/* Any lattice, spanned by its axes. MLGRAIN_INVALID_ARGUMENT: not symmetric or not positive
   definite, numbers too large, unit not positive, or axes so oblique that its symmetry can't be
   found: shorter ones of the same lattice will do. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_lattice_of_gram(const int64_t gram[3][3], double unit,
                                                           struct mlgrain_lattice *lattice,
                                                           struct mlgrain_error *error);

/* Volume of the cell of the axes over that of a lattice point: 1, 2 (bcc) or 4 (fcc). */
MLGRAIN_EXPORT int64_t mlgrain_lattice_points(const struct mlgrain_lattice *lattice);

/* Columns: the axes in a Cartesian frame, a_1 along x, a_2 in the plane xy. */
MLGRAIN_EXPORT void mlgrain_lattice_frame(const struct mlgrain_lattice *lattice,
                                          double frame[3][3]);

#ifdef __cplusplus
}
#endif
#endif
