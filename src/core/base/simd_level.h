/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: which kernels may run. */
#ifndef MLGRAIN_SIMD_LEVEL_H
#define MLGRAIN_SIMD_LEVEL_H

#include "mlgrain/simd.h"

/* The level itself, or the processor's where that is lower: kernels beyond it would end the program
   with an illegal instruction. */
enum mlgrain_simd_level mlgrain_simd_usable(enum mlgrain_simd_level level);

#endif
