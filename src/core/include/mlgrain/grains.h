/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grains for a polycrystal: drawn at random, or read from a file. */
#ifndef MLGRAIN_GRAINS_H
#define MLGRAIN_GRAINS_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"
#include "mlgrain/orientation.h"
#include "mlgrain/tessellation.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_grain_settings {
  uint64_t seed;       /* the same seed gives the same grains, on every machine to rounding */
  double min_distance; /* no two seeds are placed nearer than this; 0: anywhere */
  int lloyd;          /* how often seeds are moved to the centroids of their cells afterwards (S. P.
                         Lloyd, IEEE Trans. Inf. Theory 28 (1982) 129) */
  double size_spread; /* standard deviation of ln(diameter), the diameter that of a sphere of the
                         grain's volume, of columns the circle of their cross-section: volumes are
                         log-normal, to 1e-6. 0: as the cells fall */
  struct mlgrain_texture texture;
};

/* Makes n grains; columns get seeds in the middle of the box. With a size spread, each move of the
   seeds is followed by a fit of the weights, as in D. P. Bourne, P. J. J. Kok, S. M. Roper, W. D.
   T. Spanjer, Phil. Mag. 100 (2020) 2677. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: settings
   below 0, no room for a seed at the minimum distance, a direction of length 0 in the texture, or
   what mlgrain_tessellation_fit refuses. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_grains_random(const struct mlgrain_box *box, size_t n,
                      const struct mlgrain_grain_settings *settings, struct mlgrain_grain *grain,
                      struct mlgrain_error *error);

/* Reads grains from the text of a file: a line of numbers for each, in columns that a comment line
   before them names, as
       # grain x y z qw qx qy qz weight
   Columns, in any order: x y z (in the box's unit) or xs ys zs (fractions of the box edges); qw qx
   qy qz (of any length but 0) or phi1 Phi phi2 (Bunge's Euler angles, degrees); weight, if any;
   columns of other names hold numbers that are not used. Other comment lines, and comments behind
   numbers, are skipped. Seeds are moved into the box where it is periodic; elsewhere one outside is
   an error.
     name   of the file, for messages
     grain  receives an array, to be freed with free(); count its length
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_FORMAT_ERROR, MLGRAIN_NOT_FINITE: the text says file and line. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_grains_read(const char *name, const void *bytes,
                                                       size_t size, const struct mlgrain_box *box,
                                                       struct mlgrain_grain **grain, size_t *count,
                                                       struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
