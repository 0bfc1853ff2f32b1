/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/random.h"

#include "base/counter_random.h"

double mlgrain_random(uint64_t seed, uint64_t item, uint64_t draw)
{
  return random_uniform(seed, RANDOM_PUBLIC, item, draw);
}
