/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what files about boundaries share. */
#ifndef MLGRAIN_ROTATION_PRIVATE_H
#define MLGRAIN_ROTATION_PRIVATE_H

#include "mlgrain/rotation.h"

/* For errors: what can be done where nothing exact is near enough. */
#define BOUNDARY_STRAIN_REMEDY "'strain' brings the crystals to one period"
#define BOUNDARY_REMEDIES "; a larger 'tolerance' allows it, or " BOUNDARY_STRAIN_REMEDY

/* The status and text of numbers that have outgrown 64 bits. */
enum mlgrain_status mlgrain_too_large(struct mlgrain_error *error);

/* That numbers a caller gave are at most MLGRAIN_LARGEST_INDEX. */
enum mlgrain_status mlgrain_check_indices(const int64_t *values, int count, const char *what,
                                          struct mlgrain_error *error);

/* A plane of crystal 1 in both crystals, without common factor: (h k l)_2 = R^T (h k l)_1. */
enum mlgrain_status mlgrain_set_plane(const struct mlgrain_rotation *rotation,
                                      const int64_t plane[3], int64_t both[2][3],
                                      struct mlgrain_error *error);

/* As mlgrain_rotation_of_rows, in the lattice's frame, whether rational or not: no product of
   lengths need be whole. */
enum mlgrain_status mlgrain_turn_of_rows(const struct mlgrain_lattice *lattice,
                                         const int64_t first[3][3], const int64_t second[3][3],
                                         double turn[3][3], struct mlgrain_error *error);

#endif
