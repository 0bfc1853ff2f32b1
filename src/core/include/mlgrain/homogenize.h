/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Effective properties of periodic microstructures on voxels: the conductivity (of heat, charge,
   or anything that diffuses) and the elastic stiffness of a medium whose phases have tensors of any
   anisotropy. The unknown lives on the corners of voxels, its gradient in their centers (F. Willot,
   C. R. Mecanique 343 (2015) 232), and conjugate gradients are preconditioned with the Green
   operator of a homogeneous medium (J. Zeman et al., J. Comput. Phys. 229 (2010) 8065; M. Ladecky
   et al., Appl. Math. Comput. 446 (2023) 127835). doc/theory_homogenization.md has all formulas.

   Voxel (i, j, k) spans i .. i + 1 along x and so on, and is element (k * n[1] + j) * n[0] + i of
   arrays: x is fastest. Tensors are in any one unit, and so are lengths. */
#ifndef MLGRAIN_HOMOGENIZE_H
#define MLGRAIN_HOMOGENIZE_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"
#include "mlgrain/simd.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MLGRAIN_MOST_LOADS = 6, MLGRAIN_MOST_VOXELS_ALONG = 32768 };

/* A box filled with voxels, periodic in all directions. A phase may well be that of one voxel. */
struct mlgrain_voxels {
  size_t n[3];          /* along x, y and z, 1 .. MLGRAIN_MOST_VOXELS_ALONG */
  double spacing[3];    /* edges of a voxel, > 0 */
  const int32_t *phase; /* [n[2]][n[1]][n[0]] 0 .. phases - 1 */
};

enum mlgrain_scheme {
  MLGRAIN_ROTATED, /* one gradient per voxel, that in its center */
  MLGRAIN_FULL     /* trilinear elements, integrated exactly: an upper bound; conductivity only */
};

/* mlgrain_homogenize_default() gives all of them. */
struct mlgrain_homogenize_settings {
  enum mlgrain_scheme scheme; /* MLGRAIN_ROTATED */
  double tolerance; /* iterations end when the last eight of them have changed the effective value
                       by less than this part of it, 1e-14 .. 0.1; 1e-6 */
  int iterations;   /* most of them for one load, >= 1; 10000 */
  enum mlgrain_simd_level level; /* vector instructions: mlgrain_simd_best(), or a lower one */

  /* Work is done in up to `threads` parts, which `share` calls as work(task, 0) ..
     work(task, threads - 1), in any order and at once if it likes, and returns when all are done.
     Results are the same to the bit for any number. NULL: one after the other; 1 */
  int threads;
  void (*share)(void *context, int threads, void (*work)(void *task, int part), void *task);
  /* Called after each iteration, counted from 1 for each load: error is the part by which the last
     eight have changed the value (1 before the eighth). Anything but 0 ends the computation with
     MLGRAIN_NOT_CONVERGED. May be NULL. */
  int (*watch)(void *context, int load, int iteration, double error);
  void *context; /* of both */
};

MLGRAIN_EXPORT struct mlgrain_homogenize_settings mlgrain_homogenize_default(void);

/* What is known of a computation afterwards, for each load. */
struct mlgrain_homogenize_report {
  int iterations[MLGRAIN_MOST_LOADS];
  double error[MLGRAIN_MOST_LOADS]; /* as `watch` gets it */
  size_t bytes;                     /* of memory that were needed, fields of the caller aside */
};

/* Fields that are wanted: arrays of the caller, or NULL. Each has `loads` parts, with c numbers for
   each voxel: means over the voxel.
     gradient  [loads][voxels][c] temperature or potential: its gradient, c = 3; displacement:
               strains xx yy zz yz xz xy, shear as angles, c = 6
     flux      [loads][voxels][c] conductivity times gradient; stress xx yy zz yz xz xy */
struct mlgrain_fields {
  double *gradient, *flux;
};

/* The effective conductivity K: the mean of the flux K(x) g(x) is K times the mean of the gradient
   g, for the three mean gradients (1, 0, 0), (0, 1, 0), (0, 0, 1). The flux is along the gradient
   here; turn its sign for Fourier's, Ohm's or Fick's law.
     conductivity  [phases][3][3] symmetric, positive definite
     effective     [3][3] symmetric to the bit. Diagonal: too large by `error` at most, as energies
                   are; others to second order in the fields, too
     fields        may be NULL
     report        may be NULL
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: settings or voxels out of range, a tensor that
   is not symmetric or not positive definite (the text names the phase, counted from 0), or a
   contrast of more than 1e13, or 1e18 times the tolerance; MLGRAIN_NOT_FINITE;
   MLGRAIN_NOT_CONVERGED: after all iterations, or by `watch`; MLGRAIN_UNSUPPORTED: compiled without
   FFTW. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_conductivity(const struct mlgrain_voxels *voxels, size_t phases, const double *conductivity,
                     const struct mlgrain_homogenize_settings *settings, double effective[3][3],
                     const struct mlgrain_fields *fields, struct mlgrain_homogenize_report *report,
                     struct mlgrain_error *error);

/* The effective stiffness, mean stress for mean strain, small strains, for six mean strains of one
   component 1 each.
     stiffness     [phases][6][6] in Voigt's notation, rows and columns xx yy zz yz xz xy, shear as
                   angles (C44 relates stress yz to twice the strain); symmetric, positive definite
     effective     [6][6]
   Errors as above; MLGRAIN_UNSUPPORTED: MLGRAIN_FULL, too. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_stiffness(const struct mlgrain_voxels *voxels, size_t phases, const double *stiffness,
                  const struct mlgrain_homogenize_settings *settings, double effective[6][6],
                  const struct mlgrain_fields *fields, struct mlgrain_homogenize_report *report,
                  struct mlgrain_error *error);

/* The same microstructure with each voxel cut into 2 x 2 x 2 (`finer`), or with 2 x 2 x 2 voxels
   made one of the phase that most of them have, the first of them if there are several (`coarser`):
   what changes in the effective value is an estimate of its error. Along a direction with one voxel
   nothing is done; `coarser` needs even numbers along others.
     phase   receives an array, to be freed with free(); n and spacing are set to fit
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: voxels out of range. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_voxels_finer(const struct mlgrain_voxels *voxels,
                                                        struct mlgrain_voxels *finer,
                                                        int32_t **phase,
                                                        struct mlgrain_error *error);
MLGRAIN_EXPORT enum mlgrain_status mlgrain_voxels_coarser(const struct mlgrain_voxels *voxels,
                                                          struct mlgrain_voxels *coarser,
                                                          int32_t **phase,
                                                          struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
