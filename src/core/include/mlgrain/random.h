/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that are functions of what they are for, so that any process can draw any of them
   at any time and all agree. */
#ifndef MLGRAIN_RANDOM_H
#define MLGRAIN_RANDOM_H

#include <stdint.h>

#include "mlgrain/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The draw-th number of an item, uniform in (0, 1). */
MLGRAIN_EXPORT double mlgrain_random(uint64_t seed, uint64_t item, uint64_t draw);

#ifdef __cplusplus
}
#endif
#endif
