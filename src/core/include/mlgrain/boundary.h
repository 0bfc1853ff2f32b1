/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grain boundaries by their five macroscopic parameters: a rational rotation R from crystal 2 to
   crystal 1 (mlgrain/rotation.h) and the plane (h k l) of crystal 1, whose normal points from
   crystal 2 to crystal 1. Lattices have a center of inversion and the proper rotations S that
   mlgrain/lattice.h lists; so these are one boundary:
     R, n  ~  S1 R S2^-1, S1 n     other descriptions of the crystals
           ~  R^-1, R^-1 n         the crystals exchanged
           ~  R, -n                inversion
   which are 24 x 24 x 2 x 2 = 2304 descriptions in cubic lattices. With the lattice of a crystal
   whose atoms have less symmetry (mlgrain/crystal.h) S1, S2 are those of the crystal, and without a
   center of inversion
     R, n  ~  S1 R S2^-1, S1 n     S1 and S2 both proper
           ~  S1 R S2^-1, -S1 n    both with the inversion (mirrors and such), less which they are S
           ~  R^-1, -R^-1 n        the crystals exchanged. */
#ifndef MLGRAIN_BOUNDARY_H
#define MLGRAIN_BOUNDARY_H

#include <stddef.h>

#include "mlgrain/coincidence.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_boundary {
  struct mlgrain_rotation rotation;
  int64_t plane[2][3]; /* in crystal 1 and 2, without common factor */
};

/* Equal for two boundaries of a lattice if, and only if, they are the same. Itself a description of
   the boundary: divisor, matrix and plane of that of the 2304 with the smallest divisor, of these
   that with the largest matrix, entry by entry, of these that with the largest plane. */
struct mlgrain_boundary_key {
  int64_t number[13];
};

enum mlgrain_boundary_kind {
  MLGRAIN_SYMMETRIC_TILT,  /* half a turn about the normal is a description; also a tilt then */
  MLGRAIN_TWIST,           /* a rotation about the normal */
  MLGRAIN_ASYMMETRIC_TILT, /* a rotation about an axis in the plane */
  MLGRAIN_MIXED            /* none of these in any description */
};

/* A way to name a boundary: crystal 2 is turned about a common direction. */
struct mlgrain_boundary_name {
  int64_t axis[3];     /* [u v w], without common factor, same numbers in both crystals */
  double angle;        /* degrees, 0 to 180 */
  int64_t plane[2][3]; /* in crystal 1 and 2 */
  int is_twist;        /* the axis is along the normal */
  int is_tilt;         /* the axis is in the plane */
};

/* The crystals' disorientation: their rotation of smallest angle. */
struct mlgrain_coincidence_class {
  int64_t sigma;
  struct mlgrain_rotation rotation; /* that of the keys of its boundaries */
  int64_t axis[3];                  /* of the disorientation, without common factor; of equivalent
                                       axes the one whose first number is largest, then the second */
  double angle;                     /* degrees */
};

struct mlgrain_boundary_entry {
  size_t rotation_class; /* its place in the list of classes */
  int64_t plane[3];      /* of the key */
  enum mlgrain_boundary_kind kind;
  double area; /* of the plane's period */
};

/* From rotation and plane of crystal 1. MLGRAIN_INVALID_ARGUMENT: no plane, a rotation of the
   crystal's own symmetry (the crystals are one then), numbers too large. The following functions
   return this too, for the last reason. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_boundary_create(const struct mlgrain_lattice *lattice,
                                                           const struct mlgrain_rotation *rotation,
                                                           const int64_t plane[3],
                                                           struct mlgrain_boundary *boundary,
                                                           struct mlgrain_error *error);

MLGRAIN_EXPORT enum mlgrain_status
mlgrain_boundary_key_find(const struct mlgrain_lattice *lattice,
                          const struct mlgrain_boundary *boundary, struct mlgrain_boundary_key *key,
                          struct mlgrain_error *error);

MLGRAIN_EXPORT enum mlgrain_status
mlgrain_boundary_kind_find(const struct mlgrain_lattice *lattice,
                           const struct mlgrain_boundary *boundary,
                           enum mlgrain_boundary_kind *kind, struct mlgrain_error *error);

/* All names, by angle, of those that are equivalent one: that whose axis comes first as above. Sets
   their count, at most that of the lattice's rotations. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_boundary_names(const struct mlgrain_lattice *lattice,
                       const struct mlgrain_boundary *boundary,
                       struct mlgrain_boundary_name name[MLGRAIN_MOST_LATTICE_ROTATIONS],
                       int *count, struct mlgrain_error *error);

MLGRAIN_EXPORT enum mlgrain_status mlgrain_coincidence_class_find(
    const struct mlgrain_lattice *lattice, const struct mlgrain_rotation *rotation,
    struct mlgrain_coincidence_class *found, struct mlgrain_error *error);

/* All classes of coincidence rotations with Sigma from 2 to most_sigma, by Sigma and angle, each
   once up to symmetry and exchange of the crystals. *list is for the caller to free with
   mlgrain_free. In cubic lattices each is a quadruple a >= b >= c >= d >= 0 without common factor,
   a^2 + b^2 + c^2 + d^2 = Sigma, which is odd. In others R is found from images of the axes:
   vectors of m times their lengths, for all m up to most_sigma. MLGRAIN_OUT_OF_MEMORY,
   MLGRAIN_INVALID_ARGUMENT: most_sigma is not from 1 to 10000, or 200 in lattices that aren't
   cubic, numbers too large; MLGRAIN_UNSUPPORTED: a centered lattice that is not cubic. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_coincidence_classes(const struct mlgrain_lattice *lattice, int64_t most_sigma,
                            struct mlgrain_coincidence_class **list, size_t *count,
                            struct mlgrain_error *error);

/* All boundaries of these classes whose planes repeat within most_area, by class and area, each
   once. *list is for the caller to free with mlgrain_free. MLGRAIN_OUT_OF_MEMORY;
   MLGRAIN_INVALID_ARGUMENT: most_area is not positive or so large that a class would have more than
   10^8 planes, numbers too large. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_boundaries_list(const struct mlgrain_lattice *lattice,
                        const struct mlgrain_coincidence_class *classes, size_t class_count,
                        double most_area, struct mlgrain_boundary_entry **list, size_t *count,
                        struct mlgrain_error *error);

MLGRAIN_EXPORT void mlgrain_free(void *list);

#ifdef __cplusplus
}
#endif
#endif
