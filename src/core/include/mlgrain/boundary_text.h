/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How boundaries are written. */
#ifndef MLGRAIN_BOUNDARY_TEXT_H
#define MLGRAIN_BOUNDARY_TEXT_H

#include "mlgrain/boundary_distance.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a boundary in any of these forms; three indices of one digit each may stand together, as in
   (310), and in hexagonal lattices there may be four, (h k i l) and [u v t w].
     Sigma5 (3 1 0)              label: a plane of this family in both crystals. S5 means the same.
     Sigma17b [2 2 1] (2 2 1)    with the letter of the rotation (by angle), and with an axis among
                                 the boundary's names. Where several boundaries are meant the
                                 symmetric one, if there is just one.
     Sigma5 [1 0 0] (1 0 0) / (4 3 0)
                                 with families of planes in crystal 1 and 2; and as
                                 mlgrain_boundary_title prints it
     [0 0 1] 36.87 (3 1 0)       crystal 2 turned about an axis by degrees; plane of crystal 1
     36.8699 degrees about [0 0 1], (3 1 0) / (3 -1 0), tilt
                                 the same as names are printed; in this and in the former and next
                                 form the plane of crystal 2 may be told, and must be the right one
     q 3 0 0 1 (3 1 0)           the same by the quadruple of the rotation
     3 1 0 / 0 0 1 / 1 -3 0 | 3 1 0 / 0 0 -1 / -1 3 0
                                 directions of crystal 1 | 2 along the axes of a box, normal first
     euler 0 0 0 36.87 0 0 (3 1 0)
                                 Bunge's angles of both crystals, and the normal in the sample
     key 5 5 0 0 ...             the 13 numbers of a key
     tolerance   degrees by which a coincidence may be from angles (and planes from a normal)
     deviation   receives by how much it is
   MLGRAIN_INVALID_ARGUMENT: none of these forms, no coincidence within the tolerance, no boundary
   or several of a label, or as the functions of mlgrain/boundary.h; MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_boundary_parse(const struct mlgrain_lattice *lattice,
                                                          const char *text, double tolerance,
                                                          struct mlgrain_boundary *boundary,
                                                          double *deviation,
                                                          struct mlgrain_error *error);

/* The same where no coincidence is needed: axis and angle, Euler angles, and rows, which need not
   lead to one, are taken as they are written.
     turn    receives the rotation from crystal 2 to crystal 1, in the frame of
             mlgrain_lattice_frame
     plane   receives the plane (h k l) of crystal 1, and that of crystal 2 that is told, or else
             has the smallest indices; its normal is within `tolerance` degrees of the other's.
   Errors are those of mlgrain_boundary_parse. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_boundary_parse_angles(const struct mlgrain_lattice *lattice, const char *text,
                              double tolerance, double turn[3][3], int64_t plane[2][3],
                              struct mlgrain_error *error);

/* The octonion (mlgrain/boundary_distance.h) of a text, with angles as they are written. Errors are
   those of mlgrain_boundary_parse. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_boundary_parse_octonion(const struct mlgrain_lattice *lattice, const char *text,
                                struct mlgrain_octonion *octonion, struct mlgrain_error *error);

/* Whether angles that were given have led to a coincidence with a large Sigma, which is rarely
   meant: the beginning of a warning, with the nearest coincidence of a small Sigma. boundary,
   deviation: from mlgrain_boundary_parse; what is exact is as it was meant. */
MLGRAIN_EXPORT int mlgrain_boundary_warning(const struct mlgrain_lattice *lattice, const char *text,
                                            const struct mlgrain_boundary *boundary,
                                            double deviation, char line[256]);

/* As a line: "Sigma5 36.8699 degrees [1 0 0], (3 1 0) / (3 1 0), symmetric tilt".
   MLGRAIN_INVALID_ARGUMENT: numbers too large. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_boundary_title(const struct mlgrain_lattice *lattice,
                                                          const struct mlgrain_boundary *boundary,
                                                          char title[256],
                                                          struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
