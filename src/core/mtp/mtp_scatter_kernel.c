/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Last stage of moment tensor potentials: energies, forces and virials out of the lanes. */
#include "mtp_block.h"

/* Two doubles, in any number of which a vector may be split. */
typedef double two_doubles __attribute__((vector_size(16)));

/* pair[lane] = {x[lane], y[lane]} */
static inline void interleave(vector x, vector y, two_doubles *pair)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
#define MLGRAIN_LOW _mm512_unpacklo_pd
#define MLGRAIN_HIGH _mm512_unpackhi_pd
#elif MLGRAIN_SIMD_WIDTH == 4 && defined(__AVX2__)
#define MLGRAIN_LOW _mm256_unpacklo_pd
#define MLGRAIN_HIGH _mm256_unpackhi_pd
#endif
#ifdef MLGRAIN_LOW
  two_doubles even[WIDTH / 2], odd[WIDTH / 2];
  vector_store((double *)even, (vector)MLGRAIN_LOW(x, y));
  vector_store((double *)odd, (vector)MLGRAIN_HIGH(x, y));
  for (int lane = 0; lane < WIDTH; lane += 2) {
    pair[lane] = even[lane / 2];
    pair[lane + 1] = odd[lane / 2];
  }
#else
  for (int lane = 0; lane < WIDTH; lane++)
    pair[lane] = (two_doubles){x[lane], y[lane]};
#endif
}

/* Adds the gradients of all rows to the forces; the centers get the sums. Rows past a lane's last
   neighbor belong to its center, with gradients of zero. */
static void scatter_forces(const struct mtp_task *task, const struct mtp_block *block)
{
  const number *gradient = task->workspace->buffer[MTP_GRADIENTS].memory;
  const int32_t *index = task->workspace->buffer[MTP_INDEX].memory;
  double(*force)[3] = task->result->force;
  vector sum[HALVES][3];
  for (int half = 0; half < HALVES; half++)
    sum[half][0] = sum[half][1] = sum[half][2] = vector_set(0.0);
  for (int row = 0; row < block->rows; row++, index++, gradient += 3 * LANES)
    for (int half = 0; half < HALVES; half++) {
      const number *first = gradient + half * WIDTH;
      const vector x = half_load(first), y = half_load(first + LANES),
                   z = half_load(first + 2 * LANES);
      two_doubles pair[WIDTH];
      double last[WIDTH];
      interleave(x, y, pair);
      vector_store(last, z);
      sum[half][0] += x;
      sum[half][1] += y;
      sum[half][2] += z;
      for (size_t lane = 0; lane < WIDTH; lane++) {
        double *f = force[index[((size_t)half * WIDTH + lane) * block->room]];
        two_doubles xy;
        memcpy(&xy, f, sizeof xy);
        xy -= pair[lane];
        memcpy(f, &xy, sizeof xy);
        f[2] -= last[lane];
      }
    }
  for (int lane = 0; lane < block->lanes; lane++)
    for (int d = 0; d < 3; d++)
      force[block->center[lane]][d] += sum[lane / WIDTH][d][lane % WIDTH];
}

/* -d_a g_b in the order xx yy zz xy xz yz yx zx zy */
static void pair_virial(const double d[3], const double g[3], double w[9])
{
  w[0] = -d[0] * g[0];
  w[1] = -d[1] * g[1];
  w[2] = -d[2] * g[2];
  w[3] = -d[0] * g[1];
  w[4] = -d[0] * g[2];
  w[5] = -d[1] * g[2];
  w[6] = -d[1] * g[0];
  w[7] = -d[2] * g[0];
  w[8] = -d[2] * g[1];
}

static void scatter_virials(const struct mtp_task *task, const struct mtp_block *block, int lane)
{
  const number *gradient = task->workspace->buffer[MTP_GRADIENTS].memory;
  const int32_t *index =
      (int32_t *)task->workspace->buffer[MTP_INDEX].memory + (size_t)lane * block->room;
  struct mlgrain_mtp_result *result = task->result;
  for (int row = 0; row < block->count[lane]; row++) {
    number *tile = mtp_tile(task, row / MTP_TILE);
    const double r = mtp_tile_row(tile, TILE_R, row % MTP_TILE)[lane];
    const int j = index[row], i = block->center[lane];
    double d[3], g[3], w[9];
    for (int k = 0; k < 3; k++) {
      d[k] = r * mtp_tile_row(tile, TILE_X + k, row % MTP_TILE)[lane];
      g[k] = gradient[(size_t)(row * 3 + k) * LANES + (size_t)lane];
    }
    pair_virial(d, g, w);
    if (result->virial_centroid)
      for (int k = 0; k < 9; k++)
        result->virial_centroid[j][k] += w[k];
    if (result->virial_half)
      for (int k = 0; k < 6; k++) {
        const double half = k < 3 ? 0.5 * w[k] : 0.25 * (w[k] + w[k + 3]);
        result->virial_half[i][k] += half;
        result->virial_half[j][k] += half;
      }
  }
}

void MLGRAIN_KERNEL(mtp_scatter)(const struct mtp_task *task, const struct mtp_block *block)
{
  struct mlgrain_mtp_result *result = task->result;
  for (int lane = 0; lane < block->lanes; lane++) {
    result->energy += block->energy[lane];
    if (result->site_energy)
      result->site_energy[block->center[lane]] += block->energy[lane];
    if (result->virial_centroid || result->virial_half)
      scatter_virials(task, block, lane);
  }
  if (result->force)
    scatter_forces(task, block);
}
