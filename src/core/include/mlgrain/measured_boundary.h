/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a boundary between two measured crystals, as of a polycrystal, is like, and which exact
   boundary (mlgrain/boundary.h) is near it. */
#ifndef MLGRAIN_MEASURED_BOUNDARY_H
#define MLGRAIN_MEASURED_BOUNDARY_H

#include "mlgrain/boundary_distance.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The lattice's coincidence misorientations up to a Sigma, prepared for looking up. */
struct mlgrain_coincidence_catalog;

/* Free with mlgrain_coincidence_catalog_free. Errors as mlgrain_coincidence_classes. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_coincidence_catalog_create(const struct mlgrain_lattice *lattice, int64_t most_sigma,
                                   struct mlgrain_coincidence_catalog **catalog,
                                   struct mlgrain_error *error);

/* NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_coincidence_catalog_free(struct mlgrain_coincidence_catalog *catalog);

/* Angles in degrees. Axis, twist and tilt are those of the disorientation, the description of
   smallest angle; of several as small, that whose axis is nearest to the normal or to the plane. */
struct mlgrain_measured_boundary {
  double angle;
  double inclination; /* between its axis and the normal, 0 to 90; 0 if the angle is */
  double twist, tilt; /* first a turn about the normal, then one about an axis in the plane:
                         cos(angle/2) = cos(twist/2) cos(tilt/2) */
  double half_turn;   /* what of all descriptions the nearest to half a turn about the normal is
                         away from it: 0 in a symmetric tilt boundary */
  int64_t sigma;      /* coincidence whose deviation is within v = 15 / sqrt(Sigma) degrees (D. G.
                         Brandon, Acta Metall. 14 (1966) 1479): of several the one with the smallest
                         part of that. 1: a low-angle boundary; 0: none */
  double deviation;   /* from it; 0 if there is none */
  int is_near;        /* Sigma is above 1, and there is: */
  struct mlgrain_boundary boundary; /* of that rotation; of the planes whose normal is within v of
                                       that measured, the one with the smallest period; of several
                                       the nearest */
  double plane_deviation;           /* of its normal; that measured is the mean of both crystals' */
  double area;                      /* of its plane's period */
};

/* The kind of a measured boundary to a tolerance in degrees: a symmetric tilt if half_turn is
   within it, else a twist if the axis is within it of the normal, an asymmetric tilt if the axis is
   within it of the plane, else mixed. */
MLGRAIN_EXPORT enum mlgrain_boundary_kind
mlgrain_measured_kind(const struct mlgrain_measured_boundary *measured, double tolerance);

/* octonion: from mlgrain_octonion_create, crystals in the frame of mlgrain_lattice_frame.
   MLGRAIN_INVALID_ARGUMENT: numbers too large. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_boundary_measure(const struct mlgrain_coincidence_catalog *catalog,
                         const struct mlgrain_octonion *octonion,
                         struct mlgrain_measured_boundary *measured, struct mlgrain_error *error);

/* The class of the catalog that is nearest to a rotation in the frame of mlgrain_lattice_frame, and
   by how many degrees it is away; 0 if the catalog is empty. */
MLGRAIN_EXPORT int mlgrain_coincidence_nearest(const struct mlgrain_coincidence_catalog *catalog,
                                               const double turn[3][3],
                                               struct mlgrain_coincidence_class *nearest,
                                               double *deviation);

#ifdef __cplusplus
}
#endif
#endif
