/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tensors for mlgrain/homogenize.h: conductivities [3][3], stiffnesses [6][6] in Voigt's notation
   (xx yy zz yz xz xy, shear as angles), turned, layered, and averaged into bounds. */
#ifndef MLGRAIN_HOMOGENIZE_TENSORS_H
#define MLGRAIN_HOMOGENIZE_TENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The tensor of a crystal in the sample. rotation: rows of the matrix with v_sample = R v_crystal
   (mlgrain_quaternion_matrix). turned may be the tensor itself. */
MLGRAIN_EXPORT void mlgrain_turn_conductivity(const double rotation[3][3],
                                              const double conductivity[3][3], double turned[3][3]);
MLGRAIN_EXPORT void mlgrain_turn_stiffness(const double rotation[3][3],
                                           const double stiffness[6][6], double turned[6][6]);

/* The conductivity of layers of two phases in turn (G. W. Milton, The Theory of Composites (2002),
   chapter 9):
     K = f1 K1 + f2 K2 - f1 f2 (K1 - K2) n n^T (K1 - K2) / (n . (f2 K1 + f1 K2) n)
     fraction  f1, 0 .. 1; f2 = 1 - f1
     normal    n of the layers, of any length but 0
   For voxels with a plane boundary inside (composite voxels: M. Kabel, D. Merkert, M. Schneider,
   Comput. Methods Appl. Mech. Eng. 294 (2015) 168). Used twice it serves grain | boundary | grain.
   layered may be one of the others. MLGRAIN_INVALID_ARGUMENT: fraction out of range, no normal, or
   a phase that doesn't conduct along it; MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_layer_conductivity(const double first[3][3], double fraction, const double second[3][3],
                           const double normal[3], double layered[3][3],
                           struct mlgrain_error *error);

/* The part of a voxel on the near side of a plane: normal . x <= distance, x from the center.
     normal    length 1
     spacing   edges of the voxel */
MLGRAIN_EXPORT double mlgrain_part_below(const double normal[3], const double spacing[3],
                                         double distance);

/* Voxels of a polycrystal (mlgrain/voxelize.h) whose boundaries are layers between two planes. */
struct mlgrain_cut_voxels {
  size_t voxels, grains;
  double spacing[3];
  const int32_t *grain, *neighbor; /* [voxels] 0 .. grains - 1 */
  const double *distance;     /* [voxels] of the center from the middle of the nearest boundary,
                                 >= 0; infinity: none */
  const double *normal;       /* [voxels][3] of that boundary, from grain to neighbor, length 1 */
  double thickness;           /* of boundaries, >= 0: any part of a voxel, or many voxels */
  const double *conductivity; /* [grains][3][3] turned already */
  double boundary[3][3];      /* conductivity */
};

/* The phases of such voxels: whole ones have that of their grain, or `grains` for the boundary;
   each that is cut has one of its own, layers of grain, boundary and neighbor with the parts that
   the planes cut off. Where three grains meet only the nearest boundary counts. phase    [voxels]
   receives the phases tensor   receives an array [phases][3][3], to be freed with free()
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: a number out of range, and what
   mlgrain_layer_conductivity refuses. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_layer_voxels(const struct mlgrain_cut_voxels *cut,
                                                        int32_t *phase, double **tensor,
                                                        size_t *phases,
                                                        struct mlgrain_error *error);

/* Means that bound the effective tensor from above (W. Voigt) and below (A. Reuss), in the sense of
   quadratic forms: upper = sum_i f_i C_i, lower = (sum_i f_i C_i^-1)^-1.
     size         3 (conductivity) or 6 (stiffness)
     fraction     [phases] >= 0, any sum > 0: divided by it
     tensor       [phases][size][size] positive definite
     upper, lower [size][size]
   MLGRAIN_INVALID_ARGUMENT: size, a fraction, or a tensor that is not positive definite. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mean_bounds(int size, size_t phases,
                                                       const double *fraction, const double *tensor,
                                                       double *upper, double *lower,
                                                       struct mlgrain_error *error);

/* Bounds of Z. Hashin and S. Shtrikman (J. Appl. Phys. 33 (1962) 3125) for the conductivity of
   isotropic mixtures of isotropic phases.
     bounds  receives the lower and the upper one
   MLGRAIN_INVALID_ARGUMENT: no phase, a fraction below 0, a conductivity that is not above 0. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_isotropic_bounds(size_t phases, const double *fraction,
                                                            const double *conductivity,
                                                            double bounds[2],
                                                            struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
