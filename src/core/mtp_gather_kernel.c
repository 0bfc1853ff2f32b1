/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First and last stage of moment tensor potentials: neighbors into lanes, and forces out of them.
   Both are bound by memory and by the number of instructions, not by arithmetic. */
#include "mtp_block.h"

/* Neighbors of one center inside the cutoff. */
struct near {
  double *x, *y, *z;
  int *index, *species;
};

static enum mlgrain_status reserve(const struct mtp_task *task, size_t candidates)
{
  struct mlgrain_mtp_workspace *workspace = task->workspace;
  const size_t tiles = (candidates + MTP_TILE - 1) / MTP_TILE;
  const size_t rows = tiles * MTP_TILE;
  const size_t vector_size = WIDTH * sizeof(double);
  if (mtp_reserve(&workspace->buffer[MTP_NEAR],
                  (candidates + 2 * WIDTH) * (3 * sizeof(double) + 2 * sizeof(int))) ||
      mtp_reserve(&workspace->buffer[MTP_TILES],
                  tiles * mtp_tile_vectors(task->mtp) * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_GRADIENTS], rows * 3 * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_INDEX], rows * WIDTH * sizeof(int)) ||
      mtp_reserve(&workspace->buffer[MTP_PAIR], rows * WIDTH * sizeof(int)))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

static void place_near(struct mlgrain_mtp_workspace *workspace, size_t candidates,
                       struct near *near)
{
  const size_t room = candidates + 2 * WIDTH;
  near->x = workspace->buffer[MTP_NEAR].memory;
  near->y = near->x + room;
  near->z = near->y + room;
  near->index = (int *)(near->z + room);
  near->species = near->index + room;
}

/* Writes the entries whose bit is set next to each other at p; may write WIDTH of them. */
static inline void compress_integers(int *p, unsigned bits, const int *value)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512VL__)
  const __m256i all = _mm256_loadu_si256((const __m256i *)value);
  _mm256_storeu_si256((__m256i *)p, _mm256_maskz_compress_epi32((__mmask8)bits, all));
#else
  for (int lane = 0; lane < WIDTH; lane++) {
    *p = value[lane];
    p += (bits >> lane) & 1u;
  }
#endif
}

/* The candidates that are inside the cutoff and seen by the potential; returns their number. */
static int filter(const struct mtp_task *task, int center, int all_seen, struct near *near)
{
  const struct mlgrain_mtp_atoms *atoms = task->atoms;
  const double(*x)[3] = atoms->x;
  const int *list = atoms->neighbors[center];
  const int candidates = atoms->neighbor_count[center], mask = atoms->neighbor_mask;
  const double cutoff2 = task->mtp->max_dist * task->mtp->max_dist;
  const vector x0 = vector_set(x[center][0]), y0 = vector_set(x[center][1]),
               z0 = vector_set(x[center][2]);
  int count = 0;
  for (int k = 0; k < candidates; k += WIDTH) {
    const int valid = candidates - k < WIDTH ? candidates - k : WIDTH;
    int j[WIDTH];
    for (int lane = 0; lane < WIDTH; lane++)
      j[lane] = list[lane < valid ? k + lane : k] & mask;
    vector dx, dy, dz;
    for (int lane = 0; lane < WIDTH; lane++) {
      const double *position = x[j[lane]];
      dx[lane] = position[0];
      dy[lane] = position[1];
      dz[lane] = position[2];
    }
    dx -= x0;
    dy -= y0;
    dz -= z0;
    const vector r2 = dx * dx + dy * dy + dz * dz;
    unsigned inside = vector_mask_bits(r2 < cutoff2) & ((1u << valid) - 1u);
    if (!all_seen)
      for (int lane = 0; lane < valid; lane++)
        if (atoms->species_of_type[atoms->type[j[lane]]] < 0)
          inside &= ~(1u << lane);
    vector_compress_store(near->x + count, inside, dx);
    vector_compress_store(near->y + count, inside, dy);
    vector_compress_store(near->z + count, inside, dz);
    compress_integers(near->index + count, inside, j);
    count += __builtin_popcount(inside);
  }
  return count;
}

/* Rows of the neighbors in order of species, so that most rows have one species in all lanes. */
static void sort_rows(const struct mtp_task *task, int count, struct near *near, int *row)
{
  const struct mlgrain_mtp_atoms *atoms = task->atoms;
  int next = 0;
  for (int k = 0; k < count; k++)
    near->species[k] = atoms->species_of_type[atoms->type[near->index[k]]];
  for (int s = 0; s < task->mtp->species_count && next < count; s++)
    for (int k = 0; k < count; k++)
      if (near->species[k] == s)
        row[k] = next++;
}

static void write_lane(const struct mtp_task *task, int lane, int count, const struct near *near)
{
  double *tile = (double *)task->workspace->buffer[MTP_TILES].memory + lane;
  int *index = (int *)task->workspace->buffer[MTP_INDEX].memory + lane;
  const size_t stride = mtp_tile_vectors(task->mtp) * WIDTH;
  for (int first = 0; first < count; first += MTP_TILE, tile += stride) {
    const int rows = count - first < MTP_TILE ? count - first : MTP_TILE;
    double *row = tile;
    for (int k = first; k < first + rows; k++, row += WIDTH, index += WIDTH) {
      row[TILE_X * MTP_TILE * WIDTH] = near->x[k];
      row[TILE_Y * MTP_TILE * WIDTH] = near->y[k];
      row[TILE_Z * MTP_TILE * WIDTH] = near->z[k];
      *index = near->index[k];
    }
  }
}

/* The same in the order of sort_rows, and the pairs of species. */
static void write_lane_sorted(const struct mtp_task *task, int lane, int species, int count,
                              const struct near *near, const int *sorted)
{
  double *tiles = task->workspace->buffer[MTP_TILES].memory;
  int *index = task->workspace->buffer[MTP_INDEX].memory,
      *pair = task->workspace->buffer[MTP_PAIR].memory;
  const size_t stride = mtp_tile_vectors(task->mtp) * WIDTH;
  for (int k = 0; k < count; k++) {
    const int row = sorted[k];
    double *tile = tiles + (size_t)(row / MTP_TILE) * stride;
    mtp_tile_row(tile, TILE_X, row % MTP_TILE)[lane] = near->x[k];
    mtp_tile_row(tile, TILE_Y, row % MTP_TILE)[lane] = near->y[k];
    mtp_tile_row(tile, TILE_Z, row % MTP_TILE)[lane] = near->z[k];
    index[row * WIDTH + lane] = near->index[k];
    pair[row * WIDTH + lane] = species * task->mtp->species_count + near->species[k];
  }
}

/* Rows past the last neighbor of a lane. */
static void pad_lane(const struct mtp_task *task, int lane, int first, int last)
{
  double *tiles = task->workspace->buffer[MTP_TILES].memory;
  int *index = task->workspace->buffer[MTP_INDEX].memory,
      *pair = task->workspace->buffer[MTP_PAIR].memory;
  const size_t stride = mtp_tile_vectors(task->mtp) * WIDTH;
  for (int row = first; row < last; row++) {
    double *tile = tiles + (size_t)(row / MTP_TILE) * stride;
    mtp_tile_row(tile, TILE_X, row % MTP_TILE)[lane] = task->mtp->max_dist;
    mtp_tile_row(tile, TILE_Y, row % MTP_TILE)[lane] = 0.0;
    mtp_tile_row(tile, TILE_Z, row % MTP_TILE)[lane] = 0.0;
    index[row * WIDTH + lane] = -1;
    pair[row * WIDTH + lane] = -1;
  }
}

static int sees_all_types(const struct mlgrain_mtp_atoms *atoms)
{
  for (int t = 0; t < atoms->type_count; t++)
    if (atoms->species_of_type[t] < 0)
      return 0;
  return 1;
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_gather)(const struct mtp_task *task, struct mtp_block *block)
{
  const struct mlgrain_mtp_atoms *atoms = task->atoms;
  const int all_seen = sees_all_types(atoms), several = task->mtp->species_count > 1;
  int candidates = 0;
  for (int lane = 0; lane < block->lanes; lane++)
    if (atoms->neighbor_count[block->center[lane]] > candidates)
      candidates = atoms->neighbor_count[block->center[lane]];
  if (reserve(task, (size_t)candidates) ||
      mtp_reserve(&task->workspace->buffer[MTP_ORDER], (size_t)(candidates + 1) * sizeof(int)))
    return MLGRAIN_OUT_OF_MEMORY;
  struct near near;
  place_near(task->workspace, (size_t)candidates, &near);
  block->rows = 0;
  for (int lane = 0; lane < WIDTH; lane++)
    block->count[lane] = 0;
  for (int lane = 0; lane < block->lanes; lane++) {
    const int count = filter(task, block->center[lane], all_seen, &near);
    if (several) {
      int *sorted = task->workspace->buffer[MTP_ORDER].memory;
      sort_rows(task, count, &near, sorted);
      write_lane_sorted(task, lane, block->species[lane], count, &near, sorted);
    } else {
      write_lane(task, lane, count, &near);
    }
    block->count[lane] = count;
    if (count > block->rows)
      block->rows = count;
  }
  block->tiles = (block->rows + MTP_TILE - 1) / MTP_TILE;
  for (int lane = 0; lane < WIDTH; lane++)
    pad_lane(task, lane, block->count[lane], block->tiles * MTP_TILE);
  return MLGRAIN_SUCCESS;
}

/* Adds the gradients of one lane to the forces; the center gets the sum. */
static void scatter_forces(const struct mtp_task *task, const struct mtp_block *block, int lane)
{
  const double *gradient = task->workspace->buffer[MTP_GRADIENTS].memory;
  const int *index = task->workspace->buffer[MTP_INDEX].memory;
  double(*force)[3] = task->result->force;
  double sum[3] = {0.0, 0.0, 0.0};
  for (int row = 0; row < block->count[lane]; row++) {
    const double *g = gradient + (size_t)row * 3 * WIDTH + lane;
    double *f = force[index[row * WIDTH + lane]];
    for (int d = 0; d < 3; d++) {
      f[d] -= g[d * WIDTH];
      sum[d] += g[d * WIDTH];
    }
  }
  for (int d = 0; d < 3; d++)
    force[block->center[lane]][d] += sum[d];
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
  const double *gradient = task->workspace->buffer[MTP_GRADIENTS].memory;
  double *tiles = task->workspace->buffer[MTP_TILES].memory;
  const int *index = task->workspace->buffer[MTP_INDEX].memory;
  const size_t stride = mtp_tile_vectors(task->mtp) * WIDTH;
  struct mlgrain_mtp_result *result = task->result;
  for (int row = 0; row < block->count[lane]; row++) {
    double *tile = tiles + (size_t)(row / MTP_TILE) * stride;
    const double r = mtp_tile_row(tile, TILE_R, row % MTP_TILE)[lane];
    const int j = index[row * WIDTH + lane], i = block->center[lane];
    double d[3], g[3], w[9];
    for (int k = 0; k < 3; k++) {
      d[k] = r * mtp_tile_row(tile, TILE_X + k, row % MTP_TILE)[lane];
      g[k] = gradient[(size_t)(row * 3 + k) * WIDTH + (size_t)lane];
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
    if (result->force)
      scatter_forces(task, block, lane);
    if (result->virial_centroid || result->virial_half)
      scatter_virials(task, block, lane);
  }
}
