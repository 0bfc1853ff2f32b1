/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which vector instructions the kernels use. */
#ifndef MLGRAIN_SIMD_H
#define MLGRAIN_SIMD_H

#include "mlgrain/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Levels of the x86-64 psABI; elsewhere only the first exists, as portable code. Functions that
   take a level use the processor's where that is lower. */
enum mlgrain_simd_level {
  MLGRAIN_SIMD_V2 = 0, /* SSE4.2, or any other processor: 2 doubles at a time */
  MLGRAIN_SIMD_V3 = 1, /* AVX2 and FMA: 4 doubles */
  MLGRAIN_SIMD_V4 = 2, /* AVX-512 F, DQ, BW, VL: 8 doubles */
  MLGRAIN_SIMD_LEVELS = 3
};

/* The highest level that was compiled in and that this processor has. The environment variable
   MLGRAIN_SIMD (v2, v3 or v4) lowers it, never raises it. */
MLGRAIN_EXPORT enum mlgrain_simd_level mlgrain_simd_best(void);

/* "x86-64-v2 (2 doubles)" and so on: a static string. */
MLGRAIN_EXPORT const char *mlgrain_simd_name(enum mlgrain_simd_level level);

#ifdef __cplusplus
}
#endif
#endif
