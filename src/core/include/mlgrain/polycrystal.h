/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atoms of a polycrystal: the sites of a lattice, turned to each grain's orientation, inside the
   grain's cell. Nothing is stored per atom: whether a site is inside its cell, and whether it is
   removed because a site of another grain is too near, is found from the grains alone. Any part of
   the box can so be filled by itself, and all parts fit together. */
#ifndef MLGRAIN_POLYCRYSTAL_H
#define MLGRAIN_POLYCRYSTAL_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"
#include "mlgrain/tessellation.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sites at sum_k (n[k] + basis[b][k]) vector[k] for all integers n, in the crystal's standard
   orientation; the site n = 0 without basis is at the grain's seed. */
struct mlgrain_crystal_cell {
  double vector[3][3];
  int basis_count;
  const double (*basis)[3]; /* [basis_count] in [0, 1) */
};

/* Sites on the end of a column in a periodic box are there once, at its low end, even if the box is
   longer or shorter than a number of lattice planes by as much as twice this part of the first
   lattice vector: both ends are moved up by it. */
#define MLGRAIN_COLUMN_SHIFT 1e-3

/* Of two sites of different grains (or of a grain and its own periodic image) that are nearer than
   `cutoff` to each other at least one is removed. Which of two grains loses its sites at their
   boundary is drawn by lot from their numbers; where three meet, a site that is removed itself
   removes no other, except in long chains of such sites. */
struct mlgrain_polycrystal_settings {
  const struct mlgrain_box *box;
  const struct mlgrain_grain *grain;        /* [cells->grains] */
  const struct mlgrain_tessellation *cells; /* of these grains */
  const struct mlgrain_crystal_cell *lattice;
  double cutoff; /* 0: nothing is removed */
};

struct mlgrain_polycrystal;

/* A part of the box: low[k] <= f[k] < high[k] in fractions of the edges, within 0 .. 1. */
struct mlgrain_part {
  double low[3], high[3];
};

/* Consecutive sites of one row of a grain that are in the part and not removed. */
struct mlgrain_sites {
  size_t row;            /* 0 .. mlgrain_polycrystal_rows() - 1 */
  int basis;             /* all of them belong to this site of the basis */
  size_t count;          /* may be 0 */
  size_t removed;        /* how many between them, or beside them, were removed */
  const double (*x)[3];  /* [count] positions in the box */
  const uint32_t *place; /* [count] 0, 1, ...: its number among the sites left in the whole row */
};

/* Receives sites, which it must not keep; returns 0 to end the call that gives them. */
typedef int mlgrain_sites_visitor(void *context, const struct mlgrain_sites *sites);

/* Prepares the crystals; what settings points to must remain, except the lattice. Free with
   mlgrain_polycrystal_free.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: a lattice without volume or basis, a negative
   cutoff, or a grain of more than 2^30 cells of the lattice along a direction; MLGRAIN_NOT_FINITE.
 */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_polycrystal_create(const struct mlgrain_polycrystal_settings *settings,
                           struct mlgrain_polycrystal **polycrystal, struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_polycrystal_free(struct mlgrain_polycrystal *polycrystal);

/* Rows of sites of a grain, those without any counted too. */
MLGRAIN_EXPORT size_t mlgrain_polycrystal_rows(const struct mlgrain_polycrystal *polycrystal,
                                               size_t grain);

/* Gives the sites of a grain that are in a part of the box to the visitor, in order of rows. Parts
   that do not overlap and fill the box get each site exactly once; a row that lies in several parts
   comes in pieces, which its places fit together.
   MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_polycrystal_fill(const struct mlgrain_polycrystal *polycrystal, size_t grain,
                         const struct mlgrain_part *part, mlgrain_sites_visitor *visit,
                         void *context, struct mlgrain_error *error);

/* How far a shift in the sample moves the sites of a crystal from sites of it: 0 if it is one of
   the crystal's translations. The largest distance to the nearest site of the same kind among all
   sites of the basis; where it is small, that is, less than half the distance between sites. kind
   [basis_count], or NULL: all are alike */
MLGRAIN_EXPORT double mlgrain_lattice_misfit(const struct mlgrain_crystal_cell *lattice,
                                             const int *kind, const double orientation[4],
                                             const double shift[3]);

/* Shortest distance between two sites of a lattice. */
MLGRAIN_EXPORT double mlgrain_lattice_nearest(const struct mlgrain_crystal_cell *lattice);

#ifdef __cplusplus
}
#endif
#endif
