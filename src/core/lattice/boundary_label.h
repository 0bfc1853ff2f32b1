/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: boundaries by what is said of them in a text. */
#ifndef MLGRAIN_BOUNDARY_LABEL_H
#define MLGRAIN_BOUNDARY_LABEL_H

#include "lattice/boundary_scan.h"
#include "mlgrain/boundary.h"

struct boundary_label {
  int64_t sigma;
  int letter; /* of the rotation, from 0; -1: any */
  int has_axis, has_degrees;
  int64_t axis[3];
  double degrees;            /* of the disorientation, rounded */
  struct scan_planes planes; /* families; if there is one only, it is that of both crystals */
};

enum mlgrain_status mlgrain_boundary_of_label(const struct mlgrain_lattice *lattice,
                                              const struct boundary_label *label, const char *text,
                                              struct mlgrain_boundary *boundary,
                                              struct mlgrain_error *error);

/* Of the coincidences about this axis within the tolerance the one with the smallest numbers. */
enum mlgrain_status mlgrain_boundary_of_turn(const struct mlgrain_lattice *lattice,
                                             const int64_t axis[3], double degrees,
                                             const int64_t plane[3], double tolerance,
                                             struct mlgrain_boundary *boundary, double *deviation,
                                             struct mlgrain_error *error);

/* From Euler angles of both crystals and the normal in the sample. */
enum mlgrain_status mlgrain_boundary_of_euler(const struct mlgrain_lattice *lattice,
                                              const double first[3], const double second[3],
                                              const double normal[3], double tolerance,
                                              struct mlgrain_boundary *boundary, double *deviation,
                                              struct mlgrain_error *error);

/* The rotation from crystal 2 to crystal 1 by an angle about an axis, in the lattice's frame. */
enum mlgrain_status mlgrain_turn_of_axis(const struct mlgrain_lattice *lattice,
                                         const int64_t axis[3], double degrees, double turn[3][3],
                                         struct mlgrain_error *error);

/* The same from Euler angles of both crystals, and the sample's normal in crystal 1. */
void mlgrain_turn_of_euler(const double first[3], const double second[3], const double normal[3],
                           double turn[3][3], double direction[3]);

/* The plane with the smallest indices whose normal is within so many degrees of a direction in the
   lattice's frame. */
enum mlgrain_status mlgrain_plane_near(const struct mlgrain_lattice *lattice,
                                       const double direction[3], double tolerance,
                                       int64_t plane[3], struct mlgrain_error *error);

#endif
