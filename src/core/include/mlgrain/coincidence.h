/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coincidence of two crystals of one lattice, one turned by a rational rotation R.

   Lattice 1 is L, lattice 2 is R L. What both have in common is the coincidence site lattice (CSL);
   their sum L + R L holds all displacements of one crystal that conserve the pattern of both (DSC).
   With A the matrix of primitive vectors, T = A^-1 R A is rational with a denominator m, and on the
   primitive vectors
     DSC = the span of the columns of T and 1                (Hermite's normal form, modulo m),
     CSL = the dual of the same sum of the dual lattices,
   and one in Sigma sites of either lattice is a common one: Sigma is the determinant of the CSL and
   one over that of the DSC lattice. (H. Grimmer, W. Bollmann, D. H. Warrington, Acta Cryst. A 30
   (1974) 197; W. Bollmann, Crystal Defects and Crystalline Interfaces (1970), for the DSC lattice;
   H. Grimmer, Scripta Metall. 8 (1974) 1221, for the duality of both.) */
#ifndef MLGRAIN_COINCIDENCE_H
#define MLGRAIN_COINCIDENCE_H

#include "mlgrain/rotation.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_coincidence {
  int64_t sigma;
  int64_t csl[3]
             [3]; /* rows: short vectors, on the axes of crystal 1, times the lattice's divisor */
  int64_t dsc[3][3];   /* the same, times dsc_divisor */
  int64_t dsc_divisor; /* positive */
};

/* The plane between two crystals, and the lattices of translations in it. All vectors are short
   ones. Areas and lengths in the lattice's unit of length. */
struct mlgrain_interface {
  int64_t plane[2][3];  /* (h k l) in crystal 1 and 2, without common factor; both normals point
                           the same way */
  int64_t period[2][3]; /* rows: what the plane's pattern repeats by (CSL vectors in the plane), on
                           the axes of crystal 1, times the lattice's divisor. With the normal they
                           are right-handed. */
  double area;          /* of these two */
  int64_t net[2][2][3]; /* rows: lattice vectors in the plane, of crystal 1 on its own axes and of
                           crystal 2 on its own, times the lattice's divisor */
  double net_area[2];
  int64_t step[2][3];    /* of either crystal: a lattice vector that leads one plane up, along the
                            normal; least aside */
  double spacing[2];     /* of the planes: step . normal */
  int64_t shift[2][3];   /* rows: all translations of a crystal in the plane that give different
                            patterns lie in the cell of these two (the sum of both nets), on the
                            axes of crystal 1, times shift_divisor */
  int64_t shift_divisor; /* positive */
  double shift_area;     /* net_area[0] net_area[1] / area */
};

/* MLGRAIN_INVALID_ARGUMENT: numbers too large for 64 bits. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_coincidence_find(const struct mlgrain_lattice *lattice,
                                                            const struct mlgrain_rotation *rotation,
                                                            struct mlgrain_coincidence *coincidence,
                                                            struct mlgrain_error *error);

/* The interface with plane (h k l) of crystal 1. MLGRAIN_INVALID_ARGUMENT: (0 0 0), or numbers too
   large. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_interface_find(const struct mlgrain_lattice *lattice,
                       const struct mlgrain_rotation *rotation,
                       const struct mlgrain_coincidence *coincidence, const int64_t plane[3],
                       struct mlgrain_interface *interface, struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
