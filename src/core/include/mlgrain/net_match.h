/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Near coincidence in a plane: two nets of different crystals that have a common period once they
   are strained a little, for boundaries that have no coincidence, or none of a small period. */
#ifndef MLGRAIN_NET_MATCH_H
#define MLGRAIN_NET_MATCH_H

#include <stdint.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_net_match {
  int64_t first[2][2];  /* rows: the period's vectors p_1, p_2 on the vectors of the first net */
  int64_t second[2][2]; /* r_1, r_2 on those of the second net, nearly the same */
  double area;          /* |p_1 x p_2| */
  double deformation[2][2]; /* F = [r_1 r_2] [p_1 p_2]^-1, columns: takes p_k to r_k */
  double strain;            /* |F - 1|, its largest singular value */
};

/* Of all pairs of vectors of the first net, up to most_length long, whose nearest vectors in the
   second net are within most_strain times their length, the pair with the smallest area for which
   |F - 1| <= most_strain; of equal areas the one of least strain. Rows of both nets are their
   vectors, in one frame. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_NOT_FINITE; MLGRAIN_INVALID_ARGUMENT: a net
   without area, most_strain not from 0 to 0.2, most_length not positive or so large that there are
   more than 10^7 vectors, or no such pair. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_nets_match(const double first[2][2],
                                                      const double second[2][2], double most_length,
                                                      double most_strain,
                                                      struct mlgrain_net_match *match,
                                                      struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
