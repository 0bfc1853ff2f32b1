/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Distances between grain boundaries of one lattice in the space of their five parameters. They
   hold for any boundaries, rational or not. */
#ifndef MLGRAIN_BOUNDARY_DISTANCE_H
#define MLGRAIN_BOUNDARY_DISTANCE_H

#include "mlgrain/boundary.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The two crystals as unit quaternions (mlgrain/orientation.h) that take vectors of the crystal, in
   the frame of mlgrain_lattice_frame, to a frame whose z is the boundary's normal. */
struct mlgrain_octonion {
  double first[4], second[4];
};

MLGRAIN_EXPORT struct mlgrain_octonion
mlgrain_boundary_octonion(const struct mlgrain_lattice *lattice,
                          const struct mlgrain_boundary *boundary);

/* The octonion of measured crystals: orientations q1, q2 and normal n in the frame of the sample.
   MLGRAIN_NOT_FINITE; MLGRAIN_INVALID_ARGUMENT: a quaternion or the normal is 0. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_octonion_create(const double q1[4], const double q2[4],
                                                           const double normal[3],
                                                           struct mlgrain_octonion *octonion,
                                                           struct mlgrain_error *error);

enum mlgrain_octonion_symmetry {
  MLGRAIN_OCTONION_ALL,      /* all descriptions of mlgrain/boundary.h: 0 for equal keys */
  MLGRAIN_OCTONION_PUBLISHED /* those of T. Francis et al. only, for comparison: without the half
                                turn about an axis in the plane that inversion amounts to */
};

/* The octonion distance (T. Francis, I. Chesser, S. Singh, E. A. Holm, M. De Graef, Acta Mater. 166
   (2019) 135; I. Chesser, T. Francis, M. De Graef, E. A. Holm, Acta Mater. 195 (2020) 209),
   radians: Omega = 2 arccos( max sqrt(u^2 + v^2) / 2 ), u = (q_A s_A) . c + e (q_B s_B) . d,   v =
   (q_A s_A) . (k c) + e (q_B s_B) . (k d), maximum over the lattice's rotations s_A, s_B, e = +-1,
   (c, d) the other boundary's crystals in either order, and also turned by half a turn about x; k =
   (0 0 0 1). The root is the maximum over turns about z. operation: from
   mlgrain_lattice_quaternions. */
MLGRAIN_EXPORT double mlgrain_octonion_distance(const double (*operation)[4], int operations,
                                                const struct mlgrain_octonion *a,
                                                const struct mlgrain_octonion *b,
                                                enum mlgrain_octonion_symmetry symmetry);

/* The distance of A. Morawiec (K. Glowinski, A. Morawiec, Metall. Mater. Trans. A 45 (2014) 3189),
   radians:
     d^2 = g^2 + (m_1^2 + m_2^2) / 2,
   g the angle between the two rotations from crystal 2 to crystal 1, m_1 and m_2 the angles between
   the two normals in crystal 1 and in crystal 2; minimum over all descriptions of one. */
MLGRAIN_EXPORT double mlgrain_morawiec_distance(const double (*operation)[4], int operations,
                                                const struct mlgrain_octonion *a,
                                                const struct mlgrain_octonion *b);

#ifdef __cplusplus
}
#endif
#endif
