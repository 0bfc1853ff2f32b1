/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orientations of crystals as unit quaternions q = (q0, q1, q2, q3): the rotation that carries the
   crystal from its standard orientation to that in the sample, v_sample = q v_crystal q*. q and -q
   are the same orientation. Angles are in degrees. */
#ifndef MLGRAIN_ORIENTATION_H
#define MLGRAIN_ORIENTATION_H

#include <stdint.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rotations that leave the lattice unchanged (the proper part of its Laue group). The axes of more
   than twofold symmetry are along z; hexagonal: the twofold axes are along x and each 30 degrees
   from there. */
enum mlgrain_symmetry {
  MLGRAIN_NO_SYMMETRY,
  MLGRAIN_ORTHORHOMBIC,
  MLGRAIN_TETRAGONAL,
  MLGRAIN_HEXAGONAL,
  MLGRAIN_CUBIC
};

enum { MLGRAIN_MOST_OPERATIONS = 24 };

/* What orientations are drawn from. */
enum mlgrain_texture_kind {
  MLGRAIN_TEXTURE_RANDOM,    /* uniform over all rotations */
  MLGRAIN_TEXTURE_COMPONENT, /* around one orientation */
  MLGRAIN_TEXTURE_FIBER      /* a crystal direction along a sample direction, turned at random about
                                it */
};

struct mlgrain_texture {
  enum mlgrain_texture_kind kind;
  double component[4]; /* MLGRAIN_TEXTURE_COMPONENT: its quaternion */
  double crystal[3];   /* MLGRAIN_TEXTURE_FIBER: direction in the crystal, of any length but 0 */
  double sample[3];    /* the same, in the sample */
  double spread;       /* both: the orientation is turned further by a rotation vector whose three
                          components are normal with this standard deviation, degrees */
};

struct mlgrain_misorientation {
  double angle;   /* degrees: the smallest among the crystals' symmetrical equivalents */
  double axis[3]; /* unit vector in the frame of the crystal. Of its symmetrical equivalents, and of
                     both senses, the one that comes first with descending x, then y, then z: in
                     cubic crystals x >= y >= z >= 0. 0 0 0 if the angle is below 1e-6 degrees. */
};

/* product = a b: first b, then a. It may be a or b itself. */
MLGRAIN_EXPORT void mlgrain_quaternion_product(const double a[4], const double b[4],
                                               double product[4]);

/* Rows of the rotation matrix: v_sample[i] = sum_j m[i][j] v_crystal[j]. */
MLGRAIN_EXPORT void mlgrain_quaternion_matrix(const double q[4], double m[3][3]);

/* The quaternion of a rotation matrix, q0 >= 0. */
MLGRAIN_EXPORT void mlgrain_quaternion_of_matrix(const double m[3][3], double q[4]);

/* From Bunge's Euler angles phi1, Phi, phi2: q = Rz(phi1) Rx(Phi) Rz(phi2). */
MLGRAIN_EXPORT void mlgrain_quaternion_of_euler(const double degrees[3], double q[4]);

/* The orientation of grain `index` for this seed; a uniform one as in K. Shoemake, Graphics Gems
   III (1992) 124. */
MLGRAIN_EXPORT void mlgrain_texture_draw(const struct mlgrain_texture *texture, uint64_t seed,
                                         uint64_t index, double q[4]);

/* Writes the quaternions of a symmetry's rotations; returns how many. */
MLGRAIN_EXPORT int mlgrain_symmetry_operations(enum mlgrain_symmetry symmetry,
                                               double operation[MLGRAIN_MOST_OPERATIONS][4]);

/* The disorientation of two crystals of the same symmetry. */
MLGRAIN_EXPORT struct mlgrain_misorientation
mlgrain_disorientation(enum mlgrain_symmetry symmetry, const double a[4], const double b[4]);

/* The cosine of half the angle of their disorientation, in some nanoseconds. */
MLGRAIN_EXPORT double mlgrain_disorientation_cosine(enum mlgrain_symmetry symmetry,
                                                    const double a[4], const double b[4]);

#ifdef __cplusplus
}
#endif
#endif
