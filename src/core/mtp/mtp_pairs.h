/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the pairs of species that occur in a tile, one after the other. */
#ifndef MLGRAIN_MTP_PAIRS_H
#define MLGRAIN_MTP_PAIRS_H

#include <limits.h>

#include "mtp_block.h"

enum { NO_PAIR = INT_MAX };

/* The lowest pair of species above `pair` in a tile, NO_PAIR if there is none. Unsigned, those at
   or below it come last. */
static inline int next_pair(const int *pairs, int pair)
{
  unsigned least = UINT_MAX;
  for (int k = 0; k < MTP_TILE * WIDTH; k++) {
    const unsigned above = (unsigned)pairs[k] - (unsigned)pair - 1u;
    least = above < least ? above : least;
  }
  return least < INT_MAX ? pair + 1 + (int)least : NO_PAIR;
}

#endif
