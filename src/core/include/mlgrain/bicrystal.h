/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells with the atoms of any boundary; the normal is along z, the first vector of the period along
   x. Crystal 1 is above the boundary at z = 0.

   Two equal boundaries for every boundary and every translation, without whole periods along the
   normal: the third box vector is c = 2 t + l1 + l2, t the translation of crystal 1, l1 and l2
   lattice vectors of the two crystals that lead from one end of a grain to the other. Inversion
   about the middle of grain 1 maps grain 1 onto itself, grain 2 onto its image at +c, and one
   boundary onto the other. Or one boundary, between surfaces.

   Atoms are numbered, and each is worked out from its number, so that any process can make any of
   them. */
#ifndef MLGRAIN_BICRYSTAL_H
#define MLGRAIN_BICRYSTAL_H

#include <stddef.h>

#include "mlgrain/coincidence.h"
#include "mlgrain/crystal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How both crystals lie in the box. Lengths in the lattice's unit of length. */
struct mlgrain_bicrystal_geometry {
  double axes[2][3][3];   /* of crystal 1 and 2: rows, the lattice's axes, strained if at all */
  double net[2][2][3];    /* of either crystal: rows, vectors that span its lattice in the plane */
  double step[2][3];      /* a lattice vector that leads one plane up */
  int64_t count[2][2][2]; /* of either crystal: rows, the period's vectors on those of its net */
  double period[2][3];    /* rows: along x, and in the plane xy with y > 0 */
  double shift[2][3];     /* rows: all different translations are in the cell of these two */
};

/* Of a boundary with coincidence. */
MLGRAIN_EXPORT void mlgrain_bicrystal_geometry_find(const struct mlgrain_lattice *lattice,
                                                    const struct mlgrain_rotation *rotation,
                                                    const struct mlgrain_interface *interface,
                                                    struct mlgrain_bicrystal_geometry *geometry);

/* What was done to bring two crystals without coincidence to one period. */
struct mlgrain_bicrystal_near {
  double strain;    /* largest relative change of a length that fits one crystal's net to the
                       other's; either crystal has half of it */
  double deviation; /* degrees from the rotation that was asked for */
};

/* Of a boundary that has no coincidence, or one of too large a period: both crystals are strained
   in the plane so that their nets have one period, the smallest that mlgrain_nets_match finds. turn
   rotation from crystal 2 to crystal 1 in the frame of mlgrain_lattice_frame plane  (h k l) of
   crystal 1 and 2, normals pointing the same way; they are brought together by the smallest
   rotation MLGRAIN_INVALID_ARGUMENT: turn is no rotation, a plane is (0 0 0), the normals are more
   than 120 degrees apart, or as mlgrain_nets_match; MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_bicrystal_geometry_near(const struct mlgrain_lattice *lattice, const double turn[3][3],
                                const int64_t plane[2][3], double most_strain, double most_length,
                                struct mlgrain_bicrystal_geometry *geometry,
                                struct mlgrain_bicrystal_near *near, struct mlgrain_error *error);

struct mlgrain_bicrystal_settings {
  double thickness; /* a grain has at least this, > 0 */
  int repeat[2];    /* periods along the period's vectors, at least 1 */
  int shear;        /* the second edge of the cell is repeat[1] times the second vector and so many
                       times the first */
  int termination[2]; /* of grain 1 and 2, from 0: where it ends between two lattice planes */
};

enum { MLGRAIN_MOST_TERMINATIONS = 400 };

/* What doesn't depend on translations. */
struct mlgrain_bicrystal;

/* What terminations a grain (0 or 1) has: how far it goes beyond its outermost lattice planes, in
   ascending order. Returns their number: 1 for crystals with one atom at a lattice point. */
MLGRAIN_EXPORT int mlgrain_bicrystal_terminations(const struct mlgrain_bicrystal_geometry *geometry,
                                                  const struct mlgrain_crystal *crystal, int grain,
                                                  double beyond[MLGRAIN_MOST_TERMINATIONS]);

/* bicrystal receives a new object, to be freed with mlgrain_bicrystal_free; what it is made of need
   not remain. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: a setting is out of range, or more
   than 2^31 atoms. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_bicrystal_create(const struct mlgrain_bicrystal_geometry *geometry,
                         const struct mlgrain_crystal *crystal,
                         const struct mlgrain_bicrystal_settings *settings,
                         struct mlgrain_bicrystal **bicrystal, struct mlgrain_error *error);
MLGRAIN_EXPORT void mlgrain_bicrystal_free(struct mlgrain_bicrystal *bicrystal);

/* A grain of a bicrystal. */
struct mlgrain_bicrystal_grain {
  int planes;             /* lattice planes from one end to the other, less one */
  double spacing;         /* of these */
  double beyond;          /* how far the grain goes beyond the outermost ones */
  double along[3];        /* the lattice vector from the first to the last */
  size_t atoms;           /* in the grain, before any is removed */
  size_t atoms_per_plane; /* lattice points in a plane, times atoms at each */
};
MLGRAIN_EXPORT struct mlgrain_bicrystal_grain
mlgrain_bicrystal_grain_of(const struct mlgrain_bicrystal *bicrystal, int grain);

struct mlgrain_bicrystal_placement {
  double translation[2]; /* of crystal 1, in the vectors of the geometry's shift */
  double gap;            /* so much farther apart than at the crystal's density; but planes of atoms
                            are never nearer than 0.08 |a_1| before it is added */
  double overlap;        /* of two atoms closer than this across a boundary that of crystal 2 is
                            removed, and its inversion image at the other boundary */
  int surfaces;          /* one boundary, and surfaces at both ends, the box not periodic along z */
};

struct mlgrain_bicrystal_box {
  double edge[3][3]; /* rows: along x; in the plane xy; any. Those along z are reduced: each tilt is
                        at most half of the edge it is along */
  double origin[3];  /* lower corner */
  double center[3];  /* of inversion, in the middle of grain 1; of no meaning between surfaces */
  double shift[3];   /* from crystal 2 to crystal 1; its z is what lies between the outermost
                        lattice planes of both */
  double low, high;  /* of the atoms along z */
  double area;       /* of a boundary */
  int boundaries;    /* 2, or 1 between surfaces */
  size_t numbers;    /* of atoms, from 0; those of removed ones included */
  size_t removed;
};

struct mlgrain_bicrystal_cell; /* a bicrystal, placed */

/* cell receives a new object, to be freed with mlgrain_bicrystal_cell_free, which needs the
   bicrystal as long as it is used. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: a negative
   overlap or one beyond a grain's thickness, a gap so negative that grains are in each other, a
   number that isn't finite, or two boundaries of crystals without a center of inversion. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_bicrystal_place(const struct mlgrain_bicrystal *bicrystal,
                        const struct mlgrain_bicrystal_placement *placement,
                        struct mlgrain_bicrystal_cell **cell, struct mlgrain_error *error);
MLGRAIN_EXPORT void mlgrain_bicrystal_cell_free(struct mlgrain_bicrystal_cell *cell);
MLGRAIN_EXPORT struct mlgrain_bicrystal_box
mlgrain_bicrystal_cell_box(const struct mlgrain_bicrystal_cell *cell);

struct mlgrain_bicrystal_atom {
  double x[3];  /* within one period of the plane, along z as the grain lies */
  int grain;    /* 0 above, 1 below */
  int type;     /* the site's */
  size_t place; /* its number among those that are left */
};

/* Atom `number`, less than `numbers` of the box; 0 if it is removed. */
MLGRAIN_EXPORT int mlgrain_bicrystal_atom_of(const struct mlgrain_bicrystal_cell *cell,
                                             size_t number, struct mlgrain_bicrystal_atom *atom);

#ifdef __cplusplus
}
#endif
#endif
