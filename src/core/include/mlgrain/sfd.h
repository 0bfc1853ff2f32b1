/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strain functional descriptors (SFD): 19 invariants of the Gaussian-weighted neighborhood of a
   point, built from its moments up to fourth order.

   Source: E. M. Kober, J. P. Tavenner, C. M. Adams, N. Mathew, arXiv:2402.04191; moment forms of
   C.-H. Lo and H.-S. Don, IEEE TPAMI 11 (1989) 1053. doc/theory_sfd.md has every formula. */
#ifndef MLGRAIN_SFD_H
#define MLGRAIN_SFD_H

#include <stddef.h>

#include "mlgrain/cells.h"
#include "mlgrain/error.h"
#include "mlgrain/simd.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MLGRAIN_SFD_COUNT = 19 };

struct mlgrain_sfd;

/* Prepares the descriptors for one width and cutoff.
     sigma    width of the Gaussian, > 0, unit of length of the positions
     cutoff   neighbors with |d| < cutoff count, > 0, same unit; those beyond 37.4 sigma, whose
              weight is below 1e-304, never do
     level    vector instructions to use: mlgrain_simd_best(), or a lower one
     sfd      receives a new object, to be freed with mlgrain_sfd_free
   The object is constant afterwards: any number of threads may use it at once.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: sigma or cutoff not within
   MLGRAIN_SMALLEST_LENGTH to MLGRAIN_LARGEST_LENGTH. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_sfd_create(double sigma, double cutoff,
                                                      enum mlgrain_simd_level level,
                                                      struct mlgrain_sfd **sfd,
                                                      struct mlgrain_error *error);

/* Chooses which descriptors mlgrain_sfd_compute writes, and in which order; without this call it
   writes all 19. To be called before other threads use the object.
     count    1 .. 19
     column   [count] indices 0 .. 18
   MLGRAIN_INVALID_ARGUMENT: count or an index out of range. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_sfd_choose_columns(struct mlgrain_sfd *sfd, int count,
                                                              const int *column,
                                                              struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_sfd_free(struct mlgrain_sfd *sfd);

/* Descriptors of the chosen points in cells first_cell .. last_cell-1.
     cells        points, created with a cutoff >= that of sfd
     chosen       [n] nonzero for points whose descriptors are wanted, in the order of the points
     weight       [n] factor >= 0 on each point's Gaussian weight, the center's own included, or
                  NULL for 1 everywhere. A neighborhood without any weight gets 19 zeros.
     descriptor   [n][columns] (19 unless chosen otherwise), in the order of the points; rows of
                  points not chosen stay as they are
   Calls for disjoint ranges of cells may run at once in different threads; a range of some dozen
   cells or more keeps the fixed cost of a call small.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: cells made for a smaller cutoff, or a range
   that goes beyond the last cell. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_sfd_compute(const struct mlgrain_sfd *sfd, const struct mlgrain_cells *cells,
                    size_t first_cell, size_t last_cell, const unsigned char *chosen,
                    const double *weight, double *descriptor, struct mlgrain_error *error);

/* Name of a descriptor, "P0_I0" to "P4_I8"; NULL if index is not in 0 .. 18. */
MLGRAIN_EXPORT const char *mlgrain_sfd_name(int index);

/* Index of the descriptor of that name, -1 if there is none. */
MLGRAIN_EXPORT int mlgrain_sfd_index(const char *name);

/* The width at which the Gaussian holds one neighbor's volume at a mean number density (points per
   volume): density (2 pi)^(3/2) sigma^3 = 1. 0.2513 a for face-centered cubic crystals. */
MLGRAIN_EXPORT double mlgrain_sfd_automatic_sigma(double density);

/* The cutoff that goes with a width by default: 6.495 sigma, where the weight is 7e-10. */
MLGRAIN_EXPORT double mlgrain_sfd_automatic_cutoff(double sigma);

#ifdef __cplusplus
}
#endif
#endif
