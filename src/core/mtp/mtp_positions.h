/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: vectors of atoms out of an array into lanes. */
#ifndef MLGRAIN_MTP_POSITIONS_H
#define MLGRAIN_MTP_POSITIONS_H

#include "base/vector.h"

#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512VL__)
static inline __m512d two_positions(const double (*x)[3], int a, int b)
{
  const __m512d low = _mm512_castpd256_pd512(_mm256_maskz_loadu_pd(7, x[a]));
  return _mm512_insertf64x4(low, _mm256_maskz_loadu_pd(7, x[b]), 1);
}
#endif

/* Coordinates of the atoms j[lane * room]. */
static inline void load_positions(const double (*x)[3], const int32_t *j, size_t room, vector *px,
                                  vector *py, vector *pz)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512VL__)
  const __m512d p04 = two_positions(x, j[0], j[4 * room]);
  const __m512d p15 = two_positions(x, j[room], j[5 * room]);
  const __m512d p26 = two_positions(x, j[2 * room], j[6 * room]);
  const __m512d p37 = two_positions(x, j[3 * room], j[7 * room]);
  const __m512d xz01 = _mm512_unpacklo_pd(p04, p15), xz23 = _mm512_unpacklo_pd(p26, p37);
  const __m512d y01 = _mm512_unpackhi_pd(p04, p15), y23 = _mm512_unpackhi_pd(p26, p37);
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
  const __m512i second = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
  *px = (vector)_mm512_permutex2var_pd(xz01, first, xz23);
  *py = (vector)_mm512_permutex2var_pd(y01, first, y23);
  *pz = (vector)_mm512_permutex2var_pd(xz01, second, xz23);
#else
  *px = *py = *pz = vector_set(0.0);
  for (size_t lane = 0; lane < WIDTH; lane++) {
    const double *position = x[j[lane * room]];
    (*px)[lane] = position[0];
    (*py)[lane] = position[1];
    (*pz)[lane] = position[2];
  }
#endif
}

#endif
