/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First stages of moment tensor potentials: neighbors into lanes, and into tiles. They are bound by
   the number of instructions, not by arithmetic. Short lists are screened in single precision; rows
   are then made from exact positions. */
#include "mtp_positions.h"
#include "mtp_screen.h"

/* int[LANES] */
typedef int32_t lane_integers __attribute__((vector_size(4 * HALVES * MLGRAIN_SIMD_WIDTH)));

/* Where the parts of a center's short list begin, and where the last ends. */
static const int32_t *parts_of(const struct mtp_task *task, size_t list)
{
  const int32_t *parts = task->workspace->buffer[MTP_LIST_PARTS].memory;
  return parts + list * (2 * (size_t)task->mtp->species_count + 1);
}

/* Places that a lane takes: whole tiles, and vectors stored whole at the end. */
static size_t room_for_lanes(const struct mtp_task *task, const struct mtp_block *block)
{
  const int species_count = task->mtp->species_count;
  int most = 0;
  for (int lane = 0; lane < block->lanes; lane++) {
    const int length = parts_of(task, block->list[lane])[2 * species_count];
    most = length > most ? length : most;
  }
  return ((size_t)most + MTP_TILE - 1) / MTP_TILE * MTP_TILE + SINGLES;
}

static enum mlgrain_status reserve_rows(const struct mtp_task *task, size_t room)
{
  struct mtp_buffer *buffer = task->workspace->buffer;
  const size_t rows = room - SINGLES, vector_size = LANES * sizeof(number);
  const size_t species = (size_t)task->mtp->species_count;
  if (mtp_reserve(&buffer[MTP_INDEX], LANES * room * sizeof(int32_t)) ||
      mtp_reserve(&buffer[MTP_FIRST], (species + 1) * LANES * sizeof(int32_t)) ||
      mtp_reserve(&buffer[MTP_TILES],
                  rows / MTP_TILE * mtp_tile_vectors(task->mtp) * vector_size) ||
      mtp_reserve(&buffer[MTP_GRADIENTS], rows * 3 * vector_size) ||
      mtp_reserve(&buffer[MTP_PAIR], rows * LANES * sizeof(int32_t)))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* The neighbors of a short list that are near; first[s * LANES] is the row of the first of species
   s. Returns their number. Vectors are copied whole: what is past the end is overwritten. */
static int screen_lane(const struct mtp_task *task, int center, size_t list, int32_t *index,
                       int32_t *first)
{
  const size_t *start = task->workspace->buffer[MTP_LIST_START].memory;
  const int32_t *entry = (int32_t *)task->workspace->buffer[MTP_LISTS].memory + start[list];
  const int32_t *part = parts_of(task, list);
  const struct screen_center from = screen_center(task->atoms, center, task->mtp->max_dist);
  int row = 0;
  for (int s = 0; s < task->mtp->species_count; s++, part += 2) {
    first[s * LANES] = row;
    for (int k = part[0]; k < part[1]; k += SINGLES)
      int32_store(index + row + k - part[0], int32_load(entry + k));
    row += part[1] - part[0];
    for (int k = part[1]; k < part[2]; k += SINGLES) {
      const int valid = part[2] - k < SINGLES ? part[2] - k : SINGLES;
      const vector_int32 j = int32_load(entry + k);
      const vector_single r2 = screen_distance2(task->atoms->screen, j, &from, NULL);
      const unsigned bits = single_not_greater_bits(r2, from.reach2) & ((1u << valid) - 1u);
      int32_compress_store(index + row, bits, j);
      row += __builtin_popcount(bits);
    }
  }
  first[task->mtp->species_count * LANES] = row;
  return row;
}

/* Neighbors of all lanes, each lane's filled up with its center. */
static void fill_lanes(const struct mtp_task *task, size_t room, struct mtp_block *block)
{
  int32_t *index = task->workspace->buffer[MTP_INDEX].memory;
  int32_t *first = task->workspace->buffer[MTP_FIRST].memory;
  memset(first, 0, ((size_t)task->mtp->species_count + 1) * LANES * sizeof *first);
  memset(block->count, 0, sizeof block->count);
  block->rows = 0;
  for (int lane = 0; lane < block->lanes; lane++) {
    block->count[lane] = screen_lane(task, block->center[lane], block->list[lane],
                                     index + (size_t)lane * room, first + lane);
    if (block->count[lane] > block->rows)
      block->rows = block->count[lane];
  }
  block->tiles = (block->rows + MTP_TILE - 1) / MTP_TILE;
  block->room = room;
  for (int lane = 0; lane < LANES; lane++)
    for (int k = block->count[lane]; k < block->tiles * MTP_TILE; k++)
      index[(size_t)lane * room + (size_t)k] = block->center[lane];
}

static lane_integers load_integers(const int32_t *p)
{
  lane_integers v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* Pairs of species of a tile's rows from the rows where species begin: [row][lane]. */
static void fill_pairs(const struct mtp_task *task, const struct mtp_block *block, int t)
{
  const int species_count = task->mtp->species_count;
  const int32_t *first = task->workspace->buffer[MTP_FIRST].memory;
  int32_t *pair = (int32_t *)task->workspace->buffer[MTP_PAIR].memory + t * MTP_TILE * LANES;
  const lane_integers count = load_integers(block->count);
  const lane_integers base = load_integers(block->species) * species_count;
  for (int row = t * MTP_TILE; row < (t + 1) * MTP_TILE; row++, pair += LANES) {
    lane_integers all = base;
    for (int s = 1; s < species_count; s++)
      all -= row >= load_integers(first + s * LANES);
    all |= row >= count;
    memcpy(pair, &all, sizeof all);
  }
}

/* 1/sqrt(v). With AVX-512 from an estimate of 14 bits and Newton's iteration, which doubles the
   number of right bits and takes a quarter of the time of root and division. Where floats are made
   of it, 28 bits are enough. */
static vector vector_inverse_sqrt(vector v)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  vector y = (vector)_mm512_rsqrt14_pd((__m512d)v);
  for (int i = 0; i < (HALVES == 1 ? 2 : 1); i++)
    y += 0.5 * y * (1.0 - v * y * y);
  return y;
#else
  return 1.0 / vector_sqrt(v);
#endif
}

/* Numbers of neighbors of the lanes of a half. */
static vector_int count_of_half(const struct mtp_block *block, int half)
{
  int32_t count __attribute__((vector_size(4 * MLGRAIN_SIMD_WIDTH)));
  memcpy(&count, block->count + half * WIDTH, sizeof count);
  return __builtin_convertvector(count, vector_int);
}

/* Unit vectors and distances; everything else is moved to the cutoff, where it contributes nothing.
   A distance that is NaN stays. Positions and distances are of double precision in any case. */
static void fill_rows(const struct mtp_task *task, struct mtp_block *block, int t)
{
  const double max_dist = task->mtp->max_dist, ends = task->mtp->min_dist + max_dist;
  const int32_t *index = task->workspace->buffer[MTP_INDEX].memory;
  number *tile = mtp_tile(task, t);
  const vector zero = vector_set(0.0), far = vector_set(max_dist);
  for (int half = 0; half < HALVES; half++, index += WIDTH * block->room) {
    const vector_int count = count_of_half(block, half);
    vector nearest = block->nearest[half];
    for (int row = 0; row < MTP_TILE; row++) {
      vector dx, dy, dz;
      load_positions(task->atoms->x, index + t * MTP_TILE + row, block->room, &dx, &dy, &dz);
      dx -= block->x[half];
      dy -= block->y[half];
      dz -= block->z[half];
      vector r2 = dx * dx + dy * dy + dz * dz;
      const vector_int outside = (r2 >= max_dist * max_dist) | (t * MTP_TILE + row >= count);
      dx = vector_select(outside, far, dx);
      dy = vector_select(outside, zero, dy);
      dz = vector_select(outside, zero, dz);
      r2 = vector_select(outside, far * far, r2);
      const vector inverse = vector_inverse_sqrt(r2), r = r2 * inverse;
      nearest = vector_select(r < nearest, r, nearest);
      half_store(block->xi + row * LANES + half * WIDTH,
                 (2.0 * r - ends) * task->mtp->inverse_width);
      number *place = mtp_tile_row(tile, 0, row) + half * WIDTH;
      half_store(mtp_tile_row(place, TILE_X, 0), dx * inverse);
      half_store(mtp_tile_row(place, TILE_Y, 0), dy * inverse);
      half_store(mtp_tile_row(place, TILE_Z, 0), dz * inverse);
      half_store(mtp_tile_row(place, TILE_R, 0), r);
      half_store(mtp_tile_row(place, TILE_INVERSE, 0), inverse);
    }
    block->nearest[half] = nearest;
  }
}

void MLGRAIN_KERNEL(mtp_fill_tile)(const struct mtp_task *task, struct mtp_block *block, int t)
{
  if (task->mtp->species_count > 1)
    fill_pairs(task, block, t);
  fill_rows(task, block, t);
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_gather)(const struct mtp_task *task, struct mtp_block *block)
{
  const size_t room = room_for_lanes(task, block);
  if (reserve_rows(task, room))
    return MLGRAIN_OUT_OF_MEMORY;
  fill_lanes(task, room, block);
  for (int half = 0; half < HALVES; half++) {
    load_positions(task->atoms->x, block->center + half * WIDTH, 1, &block->x[half],
                   &block->y[half], &block->z[half]);
    block->nearest[half] = vector_set(task->mtp->max_dist);
  }
  return MLGRAIN_SUCCESS;
}
