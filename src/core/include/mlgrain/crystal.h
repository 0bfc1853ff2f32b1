/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Crystals: a lattice and the atoms at each of its points. */
#ifndef MLGRAIN_CRYSTAL_H
#define MLGRAIN_CRYSTAL_H

#include "mlgrain/lattice.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An atom at each point of a lattice. */
struct mlgrain_site {
  int type;
  double place[3]; /* on the lattice's axes */
};

/* lattice has the symmetry of the crystal, atoms included, less translations: rotations of the
   lattice that the crystal doesn't have are left out, and `sense` says which need the inversion.
   site belongs to the crystal when mlgrain_crystal_of_cell made it. */
struct mlgrain_crystal {
  struct mlgrain_lattice lattice;
  int site_count;
  struct mlgrain_site *site; /* [site_count] about a center of inversion, if there is one */
  double strain;             /* by how much lengths of the axes were changed, at most, to make their
                                products rational */
};

/* Finds the crystal in a cell with atoms, as programs give it: any axes and any number of atoms in
   their cell. Of cubic axes with atoms that repeat by fcc or bcc translations it is the lattice
   fcc or bcc, so that bcc with two types is sc with two sites. Orthogonal axes 1 : sqrt(3) : c
   with four atoms that repeat by the center of the first two are the hexagonal ones of the lattice
   with half of the atoms; a_1 is the first, a_2 is at 120 degrees. In others each product of axes
   over that of the first with itself becomes the nearest fraction with a denominator up to 30; the
   square of an axis that is shorter than the first, with a numerator up to 30.
     edge   [3][3]  rows: the axes, of any one length unit, right-handed
     place  [count][3] on these axes
     type   [count]
   To be freed with mlgrain_crystal_free. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_NOT_FINITE;
   MLGRAIN_INVALID_ARGUMENT: no atom, more than 200, two at one place, axes without volume or
   left-handed, or so oblique that the lattice's symmetry can't be found. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_crystal_of_cell(const double edge[3][3], int count,
                                                           const double (*place)[3],
                                                           const int *type,
                                                           struct mlgrain_crystal *crystal,
                                                           struct mlgrain_error *error);

MLGRAIN_EXPORT void mlgrain_crystal_free(struct mlgrain_crystal *crystal);

/* Gives the lattice of a crystal that was put together otherwise the crystal's symmetry. The
   lattice has all of its own before. */
MLGRAIN_EXPORT void mlgrain_crystal_set_symmetry(struct mlgrain_crystal *crystal);

/* Whether the atoms are as the opposite ones about the origin of the lattice. */
MLGRAIN_EXPORT int mlgrain_crystal_has_inversion(const struct mlgrain_crystal *crystal);

/* Volume of an atom. */
MLGRAIN_EXPORT double mlgrain_crystal_atom_volume(const struct mlgrain_crystal *crystal);

#ifdef __cplusplus
}
#endif
#endif
