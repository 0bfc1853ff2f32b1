/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First and last stage of moment tensor potentials: neighbors into lanes, and forces out of them.
   Both are bound by memory and by the number of instructions, not by arithmetic. */
#include "mtp_block.h"

/* Neighbors of one center inside the cutoff. */
struct near {
  double *x, *y, *z;
  int *index;
};

/* Places that each lane's arrays have: whole tiles, and vectors stored whole at the end. */
static size_t room_for(size_t candidates)
{
  return (candidates + MTP_TILE - 1) / MTP_TILE * MTP_TILE + WIDTH;
}

static enum mlgrain_status reserve(const struct mtp_task *task, size_t candidates)
{
  struct mtp_buffer *buffer = task->workspace->buffer;
  const size_t room = room_for(candidates), rows = room - WIDTH;
  const size_t vector_size = WIDTH * sizeof(double);
  if (mtp_reserve(&buffer[MTP_NEAR], (WIDTH + 1) * room * 3 * sizeof(double)) ||
      mtp_reserve(&buffer[MTP_INDEX], (WIDTH + 1) * room * sizeof(int)) ||
      mtp_reserve(&buffer[MTP_TILES],
                  rows / MTP_TILE * mtp_tile_vectors(task->mtp) * vector_size) ||
      mtp_reserve(&buffer[MTP_GRADIENTS], rows * 3 * vector_size) ||
      mtp_reserve(&buffer[MTP_PAIR], rows * WIDTH * sizeof(int)) ||
      mtp_reserve(&buffer[MTP_SPECIES], (room + (size_t)task->mtp->species_count) * sizeof(int)))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* Arrays of a lane; lane WIDTH is for neighbors not sorted yet. */
static struct near near_of_lane(const struct mtp_task *task, size_t room, int lane)
{
  struct near near;
  near.x = (double *)task->workspace->buffer[MTP_NEAR].memory + (size_t)lane * 3 * room;
  near.y = near.x + room;
  near.z = near.y + room;
  near.index = (int *)task->workspace->buffer[MTP_INDEX].memory + (size_t)lane * room;
  return near;
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

#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512VL__)
static inline __m512d two_positions(const double (*x)[3], int a, int b)
{
  const __m512d low = _mm512_castpd256_pd512(_mm256_maskz_loadu_pd(7, x[a]));
  return _mm512_insertf64x4(low, _mm256_maskz_loadu_pd(7, x[b]), 1);
}
#endif

/* Coordinates of the atoms j[lane]. */
static inline void load_positions(const double (*x)[3], const int *j, vector *px, vector *py,
                                  vector *pz)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512VL__)
  const __m512d p04 = two_positions(x, j[0], j[4]), p15 = two_positions(x, j[1], j[5]);
  const __m512d p26 = two_positions(x, j[2], j[6]), p37 = two_positions(x, j[3], j[7]);
  const __m512d xz01 = _mm512_unpacklo_pd(p04, p15), xz23 = _mm512_unpacklo_pd(p26, p37);
  const __m512d y01 = _mm512_unpackhi_pd(p04, p15), y23 = _mm512_unpackhi_pd(p26, p37);
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
  const __m512i second = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
  *px = (vector)_mm512_permutex2var_pd(xz01, first, xz23);
  *py = (vector)_mm512_permutex2var_pd(y01, first, y23);
  *pz = (vector)_mm512_permutex2var_pd(xz01, second, xz23);
#else
  for (int lane = 0; lane < WIDTH; lane++) {
    (*px)[lane] = x[j[lane]][0];
    (*py)[lane] = x[j[lane]][1];
    (*pz)[lane] = x[j[lane]][2];
  }
#endif
}

/* The candidates that are inside the cutoff and seen by the potential; returns their number. */
static int filter(const struct mtp_task *task, int center, int all_seen, const struct near *near)
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
    vector dx, dy, dz;
    for (int lane = 0; lane < WIDTH; lane++)
      j[lane] = list[lane < valid ? k + lane : k] & mask;
    load_positions(x, j, &dx, &dy, &dz);
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

/* Copies the neighbors of one species to `to` from its place `row` on; returns the place after. */
static int pick_species(int wanted, int count, const int *species, const struct near *from,
                        const struct near *to, int row)
{
  for (int k = 0; k < count; k += WIDTH) {
    const unsigned bits = vector_mask_bits(vector_equal(species + k, wanted));
    vector_compress_store(to->x + row, bits, vector_load(from->x + k));
    vector_compress_store(to->y + row, bits, vector_load(from->y + k));
    vector_compress_store(to->z + row, bits, vector_load(from->z + k));
    compress_integers(to->index + row, bits, from->index + k);
    row += __builtin_popcount(bits);
  }
  return row;
}

/* Puts the neighbors in order of species, so that most rows have one pair of species in all lanes,
   and notes the pairs: [row][lane]. */
static void sort_by_species(const struct mtp_task *task, int center_species, int count,
                            const struct near *from, const struct near *to, int *pair)
{
  const struct mlgrain_mtp_atoms *atoms = task->atoms;
  const int all = task->mtp->species_count;
  int *present = task->workspace->buffer[MTP_SPECIES].memory, *species = present + all;
  memset(present, 0, (size_t)all * sizeof *present);
  for (int k = 0; k < count; k++) {
    species[k] = atoms->species_of_type[atoms->type[from->index[k]]];
    present[species[k]] = 1;
  }
  for (int k = count; k < count + WIDTH; k++)
    species[k] = -1;
  for (int s = 0, row = 0; s < all; s++) {
    const int first = row;
    if (present[s])
      row = pick_species(s, count, species, from, to, row);
    for (int k = first; k < row; k++)
      pair[k * WIDTH] = center_species * all + s;
  }
}

/* WIDTH arrays with `stride` between them become rows of WIDTH lanes, one tile. */
static inline void transpose_tile(const double *source, size_t stride, double *tile)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  __m512d pairs[8], halves[4];
  for (size_t i = 0; i < 8; i += 2) {
    const __m512d a = _mm512_loadu_pd(source + i * stride);
    const __m512d b = _mm512_loadu_pd(source + (i + 1) * stride);
    pairs[i] = _mm512_unpacklo_pd(a, b);
    pairs[i + 1] = _mm512_unpackhi_pd(a, b);
  }
  for (int odd = 0; odd < 2; odd++, tile += 8) {
    halves[0] = _mm512_shuffle_f64x2(pairs[odd], pairs[odd + 2], 0x88);
    halves[1] = _mm512_shuffle_f64x2(pairs[odd + 4], pairs[odd + 6], 0x88);
    halves[2] = _mm512_shuffle_f64x2(pairs[odd], pairs[odd + 2], 0xdd);
    halves[3] = _mm512_shuffle_f64x2(pairs[odd + 4], pairs[odd + 6], 0xdd);
    _mm512_storeu_pd(tile, _mm512_shuffle_f64x2(halves[0], halves[1], 0x88));
    _mm512_storeu_pd(tile + 16, _mm512_shuffle_f64x2(halves[2], halves[3], 0x88));
    _mm512_storeu_pd(tile + 32, _mm512_shuffle_f64x2(halves[0], halves[1], 0xdd));
    _mm512_storeu_pd(tile + 48, _mm512_shuffle_f64x2(halves[2], halves[3], 0xdd));
  }
#else
  for (size_t row = 0; row < MTP_TILE; row++)
    for (size_t lane = 0; lane < WIDTH; lane++)
      tile[row * WIDTH + lane] = source[lane * stride + row];
#endif
}

/* Fills the rows past a lane's last neighbor with points at the cutoff. */
static void pad_lane(const struct mtp_task *task, int lane, size_t room, int count, int rows)
{
  const struct near near = near_of_lane(task, room, lane);
  int *pair = (int *)task->workspace->buffer[MTP_PAIR].memory + lane;
  for (int k = count; k < rows; k++) {
    near.x[k] = task->mtp->max_dist;
    near.y[k] = near.z[k] = 0.0;
    pair[k * WIDTH] = -1;
  }
}

static int sees_all_types(const struct mlgrain_mtp_atoms *atoms)
{
  for (int t = 0; t < atoms->type_count; t++)
    if (atoms->species_of_type[t] < 0)
      return 0;
  return 1;
}

static int most_candidates(const struct mtp_task *task, const struct mtp_block *block)
{
  int most = 0;
  for (int lane = 0; lane < block->lanes; lane++) {
    const int candidates = task->atoms->neighbor_count[block->center[lane]];
    most = candidates > most ? candidates : most;
  }
  return most;
}

/* Neighbors of all lanes into arrays of their own. */
static void fill_lanes(const struct mtp_task *task, size_t room, struct mtp_block *block)
{
  const int all_seen = sees_all_types(task->atoms), several = task->mtp->species_count > 1;
  const struct near unsorted = near_of_lane(task, room, WIDTH);
  int *pair = task->workspace->buffer[MTP_PAIR].memory;
  block->rows = 0;
  for (int lane = 0; lane < WIDTH; lane++) {
    const struct near near = near_of_lane(task, room, lane);
    int count = 0;
    if (lane < block->lanes)
      count = filter(task, block->center[lane], all_seen, several ? &unsorted : &near);
    if (several)
      sort_by_species(task, block->species[lane], count, &unsorted, &near, pair + lane);
    block->count[lane] = count;
    if (count > block->rows)
      block->rows = count;
  }
  block->tiles = (block->rows + MTP_TILE - 1) / MTP_TILE;
  block->room = room;
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_gather)(const struct mtp_task *task, struct mtp_block *block)
{
  const size_t candidates = (size_t)most_candidates(task, block), room = room_for(candidates);
  const size_t stride = mtp_tile_vectors(task->mtp) * WIDTH;
  if (reserve(task, candidates))
    return MLGRAIN_OUT_OF_MEMORY;
  fill_lanes(task, room, block);
  for (int lane = 0; lane < WIDTH; lane++)
    pad_lane(task, lane, room, block->count[lane], block->tiles * MTP_TILE);
  double *tile = task->workspace->buffer[MTP_TILES].memory;
  const double *near = task->workspace->buffer[MTP_NEAR].memory;
  for (int t = 0; t < block->tiles; t++, tile += stride, near += MTP_TILE)
    for (int d = 0; d < 3; d++)
      transpose_tile(near + (size_t)d * room, 3 * room, mtp_tile_row(tile, TILE_X + d, 0));
  return MLGRAIN_SUCCESS;
}

/* Adds the gradients of one lane to the forces; the center gets the sum. */
static void scatter_forces(const struct mtp_task *task, const struct mtp_block *block, int lane)
{
  const double *gradient = task->workspace->buffer[MTP_GRADIENTS].memory;
  const int *index = near_of_lane(task, block->room, lane).index;
  double(*force)[3] = task->result->force;
  double sum[3] = {0.0, 0.0, 0.0};
  for (int row = 0; row < block->count[lane]; row++) {
    const double *g = gradient + (size_t)row * 3 * WIDTH + lane;
    double *f = force[index[row]];
    const double gx = g[0], gy = g[WIDTH], gz = g[2 * WIDTH];
    f[0] -= gx;
    f[1] -= gy;
    f[2] -= gz;
    sum[0] += gx;
    sum[1] += gy;
    sum[2] += gz;
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
  const int *index = near_of_lane(task, block->room, lane).index;
  const size_t stride = mtp_tile_vectors(task->mtp) * WIDTH;
  struct mlgrain_mtp_result *result = task->result;
  for (int row = 0; row < block->count[lane]; row++) {
    double *tile = tiles + (size_t)(row / MTP_TILE) * stride;
    const double r = mtp_tile_row(tile, TILE_R, row % MTP_TILE)[lane];
    const int j = index[row], i = block->center[lane];
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
