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
   layered may be one of the others. MLGRAIN_INVALID_ARGUMENT: fraction out of range, no normal, or
   a phase that doesn't conduct along it; MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_layer_conductivity(const double first[3][3], double fraction, const double second[3][3],
                           const double normal[3], double layered[3][3],
                           struct mlgrain_error *error);

/* Voxels of a polycrystal (mlgrain/voxelize.h) with boundaries of one thickness, which may be a
   small part of a voxel. */
struct mlgrain_boundary_voxels {
  size_t voxels, grains;
  double spacing[3];
  const int32_t *grain;    /* [voxels] 0 .. grains - 1 */
  const int32_t *neighbor; /* [voxels] behind the nearest boundary */
  const double *distance;  /* [voxels] of the center from the middle of the nearest boundary, >= 0;
                              infinity: none */
  const double *normal;    /* [voxels][3] of that boundary, length 1 */
  double thickness;        /* >= 0 */
  const double *conductivity; /* [grains][3][3] turned already */
  double boundary[3][3];      /* conductivity */
};

/* The phases of such voxels: grains, the boundary (phase `grains`), and voxels of a boundary too
   thin for them, each with a phase of its own. A boundary of thickness t is the layer of voxels
   whose centers are within s/2 of its middle, s = max(t, w), w = sum_d |n_d| spacing_d: those that
   the middle plane cuts, at least. With f = t/s of them boundary B, the rest grain G, they have
     layers of B and G                                where n.B n >= n.G n, else
     ((1 - f) G + f r B) / (f r + 1 - f)              r = n.G n / n.B n
   so that volume and resistance of boundaries are right for any voxels
   (doc/theory_homogenization.md).
     phase    [voxels] receives the phases
     tensor   receives an array [phases][3][3], to be freed with free()
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: a number out of range, or no conductivity across
   a boundary. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mix_boundary_voxels(const struct mlgrain_boundary_voxels *boundary_voxels, int32_t *phase,
                            double **tensor, size_t *phases, struct mlgrain_error *error);

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
