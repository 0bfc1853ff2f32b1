/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rotations whose matrix has rational entries on the axes of a lattice: those that bring two
   crystals into coincidence. A rotation takes vectors of crystal 2, whose coordinates are on the
   axes of crystal 2, into the frame of crystal 1:  x_1 = R x_2,  R = matrix / divisor.

   Whole numbers (q0 v1 v2 v3) stand for the rotation about the direction [v1 v2 v3] by theta,
     tan(theta/2) = sqrt(v^T G v / det G) / q0        (G = gram of mlgrain/lattice.h),
     R = [ (q0^2 det G - v^T G v) 1 + 2 q0 det G G^-1 [v]x + 2 v v^T G ] / (q0^2 det G + v^T G v),
   and all rational rotations are of this kind. In cubic lattices, where G = 1, this is the usual
   quaternion (see H. Grimmer, Acta Cryst. A 32 (1976) 783, for hexagonal ones). */
#ifndef MLGRAIN_ROTATION_H
#define MLGRAIN_ROTATION_H

#include "mlgrain/lattice.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_rotation {
  int64_t matrix[3][3];
  int64_t divisor; /* positive; no number but 1 divides it and all of matrix */
};

/* MLGRAIN_INVALID_ARGUMENT: all four are 0, or numbers too large. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_rotation_of_quadruple(const struct mlgrain_lattice *lattice, const int64_t quadruple[4],
                              struct mlgrain_rotation *rotation, struct mlgrain_error *error);

/* From three directions of either crystal (rows) that are along the same three axes of a box.
   MLGRAIN_INVALID_ARGUMENT: a direction is 0, directions of a crystal are not at right angles, the
   two crystals have different handedness, the rotation is not rational (the product of the squares
   of a row of either is no square of a whole number), or numbers too large. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_rotation_of_rows(const struct mlgrain_lattice *lattice,
                                                            const int64_t first[3][3],
                                                            const int64_t second[3][3],
                                                            struct mlgrain_rotation *rotation,
                                                            struct mlgrain_error *error);

/* From entries of a matrix that another program made: MLGRAIN_INVALID_ARGUMENT, if it isn't a
   rotation of this lattice's space. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_rotation_of_matrix(const struct mlgrain_lattice *lattice,
                                                              const int64_t matrix[3][3],
                                                              int64_t divisor,
                                                              struct mlgrain_rotation *rotation,
                                                              struct mlgrain_error *error);

/* The rational rotation near a rotation matrix in the frame of mlgrain_lattice_frame that has the
   smallest numbers: the one whose largest number of the quadruple is smallest, at most `largest`
   (up to 100000), with its deviation in degrees at most `tolerance`. MLGRAIN_INVALID_ARGUMENT:
   there is none; MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_rotation_near(const struct mlgrain_lattice *lattice, const double matrix[3][3],
                      double tolerance, int64_t largest, struct mlgrain_rotation *rotation,
                      double *deviation, struct mlgrain_error *error);

/* MLGRAIN_INVALID_ARGUMENT: numbers too large, as in the next. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_rotation_inverse(const struct mlgrain_rotation *rotation,
                                                            struct mlgrain_rotation *inverse,
                                                            struct mlgrain_error *error);

/* The quadruple without common factor whose first number that isn't 0 is positive. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_rotation_quadruple(const struct mlgrain_lattice *lattice,
                           const struct mlgrain_rotation *rotation, int64_t quadruple[4],
                           struct mlgrain_error *error);

/* The rotation's angle, degrees. */
MLGRAIN_EXPORT double mlgrain_rotation_angle(const struct mlgrain_rotation *rotation);

/* The rotation matrix in the frame of mlgrain_lattice_frame. */
MLGRAIN_EXPORT void mlgrain_rotation_matrix(const struct mlgrain_lattice *lattice,
                                            const struct mlgrain_rotation *rotation,
                                            double matrix[3][3]);

/* Unit quaternions (mlgrain/orientation.h) of the lattice's rotations in that frame; returns how
   many. */
MLGRAIN_EXPORT int
mlgrain_lattice_quaternions(const struct mlgrain_lattice *lattice,
                            double quaternion[MLGRAIN_MOST_LATTICE_ROTATIONS][4]);

#ifdef __cplusplus
}
#endif
#endif
