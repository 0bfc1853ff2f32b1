/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "simd_level.h"

#include <stdlib.h>
#include <string.h>

static enum mlgrain_simd_level level_of_processor(void)
{
#ifdef MLGRAIN_X86_64_LEVELS
  __builtin_cpu_init();
  const int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                 __builtin_cpu_supports("bmi2");
#ifdef MLGRAIN_EMULATED_V4
  const int v4 = v3;
#else
  const int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
  return v4 ? MLGRAIN_SIMD_V4 : v3 ? MLGRAIN_SIMD_V3 : MLGRAIN_SIMD_V2;
#else
  return MLGRAIN_SIMD_V2;
#endif
}

static enum mlgrain_simd_level level_of_environment(void)
{
  const char *wish = getenv("MLGRAIN_SIMD");
  if (wish && strcmp(wish, "v2") == 0)
    return MLGRAIN_SIMD_V2;
  if (wish && strcmp(wish, "v3") == 0)
    return MLGRAIN_SIMD_V3;
  return MLGRAIN_SIMD_V4;
}

enum mlgrain_simd_level mlgrain_simd_best(void)
{
  const enum mlgrain_simd_level have = level_of_processor();
  const enum mlgrain_simd_level wish = level_of_environment();
  return wish < have ? wish : have;
}

enum mlgrain_simd_level mlgrain_simd_usable(enum mlgrain_simd_level level)
{
  const enum mlgrain_simd_level have = level_of_processor();
  return level < have ? level : have;
}

const char *mlgrain_simd_name(enum mlgrain_simd_level level)
{
  static const char *const names[MLGRAIN_SIMD_LEVELS] = {
      "x86-64-v2 (2 doubles)", "x86-64-v3 (4 doubles)", "x86-64-v4 (8 doubles)"};
  return names[level];
}
