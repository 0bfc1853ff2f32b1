/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which crystal structure an atom and its nearest neighbors are of, and how the crystal is
   oriented, by matching them to the neighbors in perfect crystals.

   Neighbors d_k, k = 1 .. N, the N nearest, in units of their mean distance; template t_k with the
   same mean distance; the atom itself is the point 0 of both. With c the center of mass of the
   N + 1 points,
     rmsd^2 = min over s, R, assignments of  1/(N+1) sum_k |s (d_k - c) - R t_k|^2,
   the measure of P. M. Larsen, S. Schmidt, J. Schiotz, Modelling Simul. Mater. Sci. Eng. 24 (2016)
   055007. They try assignments of convex hulls that are alike as graphs. Here two neighbors at
   about a right angle are laid on each pair of template vectors with about the same angle, every
   other neighbor goes to the template vector nearest in direction, and R is the rotation of the
   polar decomposition of sum_k d_k t_k^T (N. J. Higham, SIAM J. Sci. Stat. Comput. 7 (1986) 1160),
   after which neighbors are assigned anew. A match takes every template vector once. */
#ifndef MLGRAIN_TEMPLATE_MATCH_H
#define MLGRAIN_TEMPLATE_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/cells.h"
#include "mlgrain/error.h"
#include "mlgrain/orientation.h"
#include "mlgrain/simd.h"

#ifdef __cplusplus
extern "C" {
#endif

/* N = 12, 12, 14, 6 and 16 neighbors. The numbers are those of LAMMPS' compute ptm/atom. */
enum mlgrain_structure {
  MLGRAIN_STRUCTURE_NONE = 0,
  MLGRAIN_STRUCTURE_FCC = 1,
  MLGRAIN_STRUCTURE_HCP = 2,
  MLGRAIN_STRUCTURE_BCC = 3,
  MLGRAIN_STRUCTURE_SC = 5,
  MLGRAIN_STRUCTURE_DIAMOND = 6,
  MLGRAIN_STRUCTURES /* one more than the largest */
};

/* The match with the smallest rmsd. */
struct mlgrain_match {
  double quaternion[4]; /* mlgrain/orientation.h; of the equivalent orientations the one with the
                           smallest angle, q0 > 0. fcc, bcc, sc, diamond: axes of the cubic cell.
                           hcp: c along z, nearest neighbors along x. 0 without a match */
  double rmsd;          /* without a match: HUGE_VAL */
  double distance;      /* of nearest neighbors: that of the template, 1/s times as large. 0 without
                           a match */
  int32_t structure;    /* enum mlgrain_structure */
};

struct mlgrain_templates;

/* Prepares to match some structures.
     structure  [count] each at most once, not NONE
     most_rmsd  matches are at most so far off, > 0
     cutoff     neighbors are nearer than this, > 0; an atom with less than N has no match
     level      vector instructions to use: mlgrain_simd_best(), or a lower one
     templates  receives a new object, to be freed with mlgrain_templates_free
   The object is constant afterwards. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_templates_create(int count, const enum mlgrain_structure *structure, double most_rmsd,
                         double cutoff, enum mlgrain_simd_level level,
                         struct mlgrain_templates **templates, struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_templates_free(struct mlgrain_templates *templates);

/* Matches the chosen points in cells first_cell .. last_cell-1.
     cells    points, created with a cutoff >= that of templates
     chosen   [n] nonzero for points to match, in the order of the points
     match    [n] in the order of the points; those not chosen stay as they are
   Calls for disjoint ranges of cells may run at once in different threads.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: cells made for a smaller cutoff, or a range that
   goes beyond the last cell. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_templates_match(const struct mlgrain_templates *templates,
                        const struct mlgrain_cells *cells, size_t first_cell, size_t last_cell,
                        const unsigned char *chosen, struct mlgrain_match *match,
                        struct mlgrain_error *error);

/* "fcc", ...; NULL if it is none. */
MLGRAIN_EXPORT const char *mlgrain_structure_name(int structure);

/* MLGRAIN_STRUCTURE_NONE, if there is none of that name. */
MLGRAIN_EXPORT enum mlgrain_structure mlgrain_structure_named(const char *name);

/* The symmetry that orientations of the structure have. */
MLGRAIN_EXPORT enum mlgrain_symmetry mlgrain_structure_symmetry(enum mlgrain_structure structure);

/* A cutoff that holds the N neighbors in a crystal with that density (points per volume), with as
   much room as there is to the next shell. */
MLGRAIN_EXPORT double mlgrain_structure_cutoff(enum mlgrain_structure structure, double density);

#ifdef __cplusplus
}
#endif
#endif
