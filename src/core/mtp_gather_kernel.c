/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First stage of moment tensor potentials: neighbors into lanes. It is bound by the number of
   instructions, not by arithmetic. Lists are screened in single precision, which lets all atoms
   inside the cutoff pass and hardly any others; rows are then made from exact positions. */
#include "mtp_block.h"
#include "vector_single.h"

/* int[WIDTH] */
typedef int32_t lane_integers __attribute__((vector_size(4 * MLGRAIN_SIMD_WIDTH)));

/* Places that a list takes: whole tiles, and vectors stored whole at the end. */
static size_t room_for(size_t candidates)
{
  return (candidates + MTP_TILE - 1) / MTP_TILE * MTP_TILE + SINGLES;
}

static enum mlgrain_status reserve(const struct mtp_task *task, size_t candidates)
{
  struct mtp_buffer *buffer = task->workspace->buffer;
  const size_t room = room_for(candidates), rows = room - SINGLES;
  const size_t vector_size = WIDTH * sizeof(double);
  const size_t species = (size_t)task->mtp->species_count;
  if (mtp_reserve(&buffer[MTP_INDEX], WIDTH * room * sizeof(int32_t)) ||
      mtp_reserve(&buffer[MTP_SPECIES], (2 * room + species * WIDTH) * sizeof(int32_t)) ||
      mtp_reserve(&buffer[MTP_TILES],
                  rows / MTP_TILE * mtp_tile_vectors(task->mtp) * vector_size) ||
      mtp_reserve(&buffer[MTP_GRADIENTS], rows * 3 * vector_size) ||
      mtp_reserve(&buffer[MTP_PAIR], rows * WIDTH * sizeof(int32_t)))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* The square of the distance up to which rounded positions may belong to atoms inside the cutoff:
   each of six coordinates is off by 2^-24 of the largest, and the distance by a few roundings. */
static float screening_distance2(const struct mtp_task *task)
{
  const double rounding = 1.0 / (1 << 23);
  const double reach =
      task->mtp->max_dist * (1.0 + 4.0 * rounding) + 2.0 * rounding * task->atoms->screen_extent;
  return (float)(reach * reach * (1.0 + rounding));
}

/* The candidates of a center that are near, and with `with_species` their species; returns their
   number. */
ALWAYS_INLINE int screen(const int with_species, const struct mtp_task *task, int center,
                         int32_t *index, int32_t *species)
{
  const struct mlgrain_mtp_atoms *atoms = task->atoms;
  const float(*table)[4] = atoms->screen;
  const int32_t *list = atoms->neighbors[center];
  const int candidates = atoms->neighbor_count[center];
  const vector_int32 mask = int32_set(atoms->neighbor_mask);
  const vector_single reach2 = single_set(screening_distance2(task));
  const vector_single x = single_set(table[center][0]), y = single_set(table[center][1]),
                      z = single_set(table[center][2]);
  int count = 0;
  for (int k = 0; k < candidates; k += SINGLES) {
    const int valid = candidates - k < SINGLES ? candidates - k : SINGLES;
    const vector_int32 j = int32_load_first(list + k, valid) & mask;
    vector_single column[4];
    single_gather_rows(table, j, column);
    const vector_single dx = column[0] - x, dy = column[1] - y, dz = column[2] - z;
    const unsigned near =
        single_not_greater_bits(dx * dx + dy * dy + dz * dz, reach2) & ((1u << valid) - 1u);
    int32_compress_store(index + count, near, j);
    if (with_species)
      int32_compress_store(species + count, near, __builtin_convertvector(column[3], vector_int32));
    count += __builtin_popcount(near);
  }
  return count;
}

/* Neighbors in order of species, so that most rows have one pair of species in all lanes, without
   those that aren't seen; first[s * WIDTH] is the row of the first of species s. Returns their
   number. */
static int sort_by_species(int species_count, int count, const int32_t *from, int32_t *species,
                           int32_t *index, int32_t *first)
{
  int row = 0;
  int32_store(species + count, int32_set(-1));
  for (int s = 0; s < species_count; s++) {
    first[s * WIDTH] = row;
    for (int k = 0; k < count; k += SINGLES) {
      const unsigned bits = int32_equal_bits(int32_load(species + k), int32_set(s));
      int32_compress_store(index + row, bits, int32_load(from + k));
      row += __builtin_popcount(bits);
    }
  }
  return row;
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

/* Whether species matter: there are several, or atoms that aren't seen. */
static int needs_species(const struct mtp_task *task)
{
  const struct mlgrain_mtp_atoms *atoms = task->atoms;
  if (task->mtp->species_count > 1)
    return 1;
  for (int t = 0; t < atoms->type_count; t++)
    if (atoms->species_of_type[t] < 0)
      return 1;
  return 0;
}

/* Neighbors of all lanes, each lane's filled up with its center. */
static void fill_lanes(const struct mtp_task *task, size_t room, struct mtp_block *block)
{
  const int sorted = needs_species(task), species_count = task->mtp->species_count;
  int32_t *index = task->workspace->buffer[MTP_INDEX].memory;
  int32_t *unsorted = task->workspace->buffer[MTP_SPECIES].memory;
  int32_t *species = unsorted + room, *first = species + room;
  block->rows = 0;
  for (int lane = 0; lane < WIDTH; lane++) {
    int32_t *own = index + (size_t)lane * room;
    const int center = block->center[lane];
    int count = 0;
    if (lane < block->lanes && sorted)
      count = screen(1, task, center, unsorted, species);
    else if (lane < block->lanes)
      count = screen(0, task, center, own, NULL);
    if (sorted)
      count = sort_by_species(species_count, count, unsorted, species, own, first + lane);
    block->count[lane] = count;
    if (count > block->rows)
      block->rows = count;
  }
  block->tiles = (block->rows + MTP_TILE - 1) / MTP_TILE;
  block->room = room;
  for (int lane = 0; lane < WIDTH; lane++)
    for (int k = block->count[lane]; k < block->tiles * MTP_TILE; k++)
      index[(size_t)lane * room + (size_t)k] = block->center[lane];
}

static lane_integers load_integers(const int32_t *p)
{
  lane_integers v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* Pairs of species of all rows from the rows where species begin: [row][lane]. */
static void fill_pairs(const struct mtp_task *task, const struct mtp_block *block)
{
  const int species_count = task->mtp->species_count;
  const int32_t *first = (int32_t *)task->workspace->buffer[MTP_SPECIES].memory + 2 * block->room;
  int32_t *pair = task->workspace->buffer[MTP_PAIR].memory;
  const lane_integers count = load_integers(block->count);
  const lane_integers base = load_integers(block->species) * species_count;
  for (int row = 0; row < block->tiles * MTP_TILE; row++, pair += WIDTH) {
    lane_integers all = base;
    for (int s = 1; s < species_count; s++)
      all -= row >= load_integers(first + s * WIDTH);
    all |= row >= count;
    memcpy(pair, &all, sizeof all);
  }
}

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

/* 1/sqrt(v). With AVX-512 from an estimate of 14 bits and Newton's iteration, which doubles the
   number of right bits twice and takes a quarter of the time of root and division. */
static vector vector_inverse_sqrt(vector v)
{
#if MLGRAIN_SIMD_WIDTH == 8 && defined(__AVX512F__)
  vector y = (vector)_mm512_rsqrt14_pd((__m512d)v);
  for (int i = 0; i < 2; i++)
    y += 0.5 * y * (1.0 - v * y * y);
  return y;
#else
  return 1.0 / vector_sqrt(v);
#endif
}

/* Unit vectors and distances; everything else is moved to the cutoff, where it contributes nothing.
   A distance that is NaN stays. */
static void fill_tiles(const struct mtp_task *task, const struct mtp_block *block)
{
  const double(*x)[3] = task->atoms->x, max_dist = task->mtp->max_dist;
  const int32_t *index = task->workspace->buffer[MTP_INDEX].memory;
  double *tile = task->workspace->buffer[MTP_TILES].memory;
  const vector_int count = __builtin_convertvector(load_integers(block->count), vector_int);
  const vector zero = vector_set(0.0), far = vector_set(max_dist);
  vector x0, y0, z0, nearest = far;
  load_positions(x, block->center, 1, &x0, &y0, &z0);
  for (int row = 0; row < block->tiles * MTP_TILE; row++, index++) {
    vector dx, dy, dz;
    load_positions(x, index, block->room, &dx, &dy, &dz);
    dx -= x0;
    dy -= y0;
    dz -= z0;
    vector r2 = dx * dx + dy * dy + dz * dz;
    const vector_int outside = (r2 >= max_dist * max_dist) | (row >= count);
    dx = vector_select(outside, far, dx);
    dy = vector_select(outside, zero, dy);
    dz = vector_select(outside, zero, dz);
    r2 = vector_select(outside, far * far, r2);
    const vector inverse = vector_inverse_sqrt(r2), r = r2 * inverse;
    nearest = vector_select(r < nearest, r, nearest);
    double *place = mtp_tile_row(tile, 0, row % MTP_TILE);
    vector_store(mtp_tile_row(place, TILE_X, 0), dx * inverse);
    vector_store(mtp_tile_row(place, TILE_Y, 0), dy * inverse);
    vector_store(mtp_tile_row(place, TILE_Z, 0), dz * inverse);
    vector_store(mtp_tile_row(place, TILE_R, 0), r);
    vector_store(mtp_tile_row(place, TILE_INVERSE, 0), inverse);
    if (row % MTP_TILE == MTP_TILE - 1)
      tile += mtp_tile_vectors(task->mtp) * WIDTH;
  }
  for (int lane = 0; lane < WIDTH; lane++)
    if (nearest[lane] < max_dist && nearest[lane] < task->result->smallest_distance)
      task->result->smallest_distance = nearest[lane];
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_gather)(const struct mtp_task *task, struct mtp_block *block)
{
  const size_t candidates = (size_t)most_candidates(task, block);
  if (reserve(task, candidates))
    return MLGRAIN_OUT_OF_MEMORY;
  fill_lanes(task, room_for(candidates), block);
  if (task->mtp->species_count > 1)
    fill_pairs(task, block);
  fill_tiles(task, block);
  return MLGRAIN_SUCCESS;
}
