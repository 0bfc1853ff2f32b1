/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: c_nlm of a few centers with radial functions in lanes (and neighbors, for Y_lm), which
   is faster than with centers in lanes where n_max is a number of whole vectors: nothing has to be
   transposed but the c_nlm themselves. */
#ifndef MLGRAIN_SOAP_FUNCTIONS_H
#define MLGRAIN_SOAP_FUNCTIONS_H

#include "soap_block.h"

enum {
  CENTERS_TOGETHER = LANES < 4 ? LANES : 4, /* more share the table, but leave the cache sooner */
  MOST_INTERVALS = 1024
};

/* Neighbors of up to CENTERS_TOGETHER centers in one species, one center after the other, each from
   a whole vector on; and their order by interval, in runs of those in the same. */
struct crowd {
  struct segment segment;
  size_t first[CENTERS_TOGETHER]; /* vector of a center */
  uint32_t count[CENTERS_TOGETHER];
  size_t capacity;     /* of the following, in vectors */
  uint32_t *order;     /* owns the following */
  uint32_t *row, *end; /* of a run */
  int runs;
};

static int is_by_function(const struct mlgrain_soap *soap)
{
  return soap->parameters.n_max % LANES == 0 && soap->table.intervals <= MOST_INTERVALS;
}

static void crowd_free(struct crowd *crowd)
{
  free(crowd->segment.x);
  free(crowd->order);
}

/* ---- radial functions ----------------------------------------------------------------------- */

/* Room for the order of all neighbors, and for as many runs. */
static enum mlgrain_status reserve_order(struct crowd *crowd)
{
  const size_t capacity = crowd->segment.capacity, row = capacity * LANES;
  if (capacity <= crowd->capacity)
    return MLGRAIN_SUCCESS;
  free(crowd->order);
  crowd->order = malloc(3 * row * sizeof *crowd->order);
  crowd->capacity = crowd->order ? capacity : 0;
  if (!crowd->order)
    return MLGRAIN_OUT_OF_MEMORY;
  crowd->row = crowd->order + row;
  crowd->end = crowd->order + 2 * row;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status sort_by_interval(const struct soap_table *table, int centers,
                                            struct crowd *crowd)
{
  const struct segment *segment = &crowd->segment;
  const uint32_t row_size = (DEGREE + 1) * LANES;
  uint32_t start[MOST_INTERVALS + 1], total = 0;
  if (reserve_order(crowd))
    return MLGRAIN_OUT_OF_MEMORY;
  memset(start, 0, (size_t)table->intervals * sizeof *start);
  for (int i = 0; i < centers; i++)
    for (size_t j = crowd->first[i] * LANES, k = 0; k < crowd->count[i]; k++)
      start[segment->row[j + k] / row_size]++;
  crowd->runs = 0;
  for (int i = 0; i < table->intervals; i++) {
    const uint32_t some = start[i];
    start[i] = total;
    total += some;
    if (some) {
      crowd->row[crowd->runs] = (uint32_t)i * row_size;
      crowd->end[crowd->runs++] = total;
    }
  }
  for (int i = 0; i < centers; i++)
    for (size_t j = crowd->first[i] * LANES, k = 0; k < crowd->count[i]; k++)
      crowd->order[start[segment->row[j + k] / row_size]++] = (uint32_t)(j + k);
  return MLGRAIN_SUCCESS;
}

/* LANES functions, from `first` in the part of the table that has these, of each neighbor: radial
   [neighbor][step]. The coefficients of an interval stay in registers. */
static void evaluate_functions(const number *first, const struct crowd *crowd, number *radial,
                               size_t step)
{
  const number *place = crowd->segment.place;
  const uint32_t *order = crowd->order;
  uint32_t i = 0;
  for (int r = 0; r < crowd->runs; r++) {
    const number *c = first + crowd->row[r];
    const uint32_t end = crowd->end[r];
    lane_vector coefficient[DEGREE + 1];
    UNROLLED for (int k = 0; k <= DEGREE; k++) coefficient[k] =
        in_register(lanes_load(c + k * LANES));
    for (; i < end; i++) {
      const number t = place[order[i]];
      lane_vector sum = coefficient[0];
      UNROLLED for (int k = 1; k <= DEGREE; k++) sum = sum * t + coefficient[k];
      lanes_store(radial + order[i] * step, sum);
    }
  }
}

/* ---- sums -----------------------------------------------------------------------------------

   c_nlm = norm_m sum_j Y_lm h_nl for a tile of m and vectors of n. */

enum {
  MOST_TILE_M = WIDTH == 8 ? 13 : 12,
  MOST_TILE_SUMS = WIDTH == 8 ? 26 : 12 /* what fits in 32 or 16 registers */
};

/* y: element m of neighbor j at [j / LANES][step], m * LANES + j % LANES; h [neighbor][h_step];
   c [m][c_step]. */
struct function_sums {
  const number *y, *h, *norm;
  size_t step, h_step, count;
  number *c;
  size_t c_step;
};

ALWAYS_INLINE void sum_function_tile(const int rows, const int vectors,
                                     const struct function_sums *sums)
{
  const struct function_sums of = *sums;
  const number *y = of.y, *h = of.h;
  lane_vector s[MOST_TILE_M][2];
  UNROLLED for (int i = 0; i < rows; i++) UNROLLED for (int k = 0; k < vectors; k++) s[i][k] =
      lanes_set(0);
  for (size_t left = of.count; left > 0; y += of.step) {
    const size_t some = left < LANES ? left : LANES;
    for (size_t lane = 0; lane < some; lane++, h += of.h_step) {
      lane_vector right[2];
      UNROLLED for (int k = 0; k < vectors; k++) right[k] = lanes_load(h + k * LANES);
      UNROLLED for (int i = 0; i < rows; i++)
      {
        const number factor = y[(size_t)i * LANES + lane];
        UNROLLED for (int k = 0; k < vectors; k++) s[i][k] += factor * right[k];
      }
    }
    left -= some;
  }
  UNROLLED for (int i = 0; i < rows; i++) UNROLLED for (int k = 0; k < vectors; k++)
      lanes_store(of.c + (size_t)i * of.c_step + k * LANES, s[i][k] * of.norm[i]);
}

#define FUNCTION_TILE(r, v)                                                                        \
  case 4 * (r) + (v):                                                                              \
    sum_function_tile(r, v, sums);                                                                 \
    break;
#define FUNCTION_TILES(r) FUNCTION_TILE(r, 1) FUNCTION_TILE(r, 2)

static void sum_functions(int rows, int vectors, const struct function_sums *sums)
{
  switch (4 * rows + vectors) {
    FUNCTION_TILES(1)
    FUNCTION_TILES(2)
    FUNCTION_TILES(3)
    FUNCTION_TILES(4)
    FUNCTION_TILES(5)
    FUNCTION_TILES(6)
    FUNCTION_TILE(7, 1)
    FUNCTION_TILE(8, 1)
    FUNCTION_TILE(9, 1)
    FUNCTION_TILE(10, 1)
    FUNCTION_TILE(11, 1)
    FUNCTION_TILE(12, 1)
#if MLGRAIN_SIMD_WIDTH == 8
    FUNCTION_TILE(7, 2)
    FUNCTION_TILE(8, 2)
    FUNCTION_TILE(9, 2)
    FUNCTION_TILE(10, 2)
    FUNCTION_TILE(11, 2)
    FUNCTION_TILE(12, 2)
    FUNCTION_TILES(13)
#endif
  }
}

/* All m and n of one l, species and center. */
static void sum_all_functions(int l, int n_max, struct function_sums sums)
{
  const int m_count = 2 * l + 1, vectors = n_max / LANES;
  const number *y = sums.y, *h = sums.h, *norm = sums.norm;
  number *c = sums.c;
  for (int k = 0; k < vectors; k += 2) {
    const int together = vectors - k < 2 ? 1 : 2, fit = MOST_TILE_SUMS / together;
    const int most = fit < MOST_TILE_M ? fit : MOST_TILE_M, parts = (m_count + most - 1) / most;
    sums.h = h + k * LANES;
    for (int i = 0; i < parts; i++) {
      const int m0 = part_start(m_count, most, i), m1 = part_start(m_count, most, i + 1);
      sums.y = y + m0 * LANES;
      sums.norm = norm + m0;
      sums.c = c + (size_t)m0 * sums.c_step + k * LANES;
      sum_functions(m1 - m0, together, &sums);
    }
  }
}

/* ---- centers -------------------------------------------------------------------------------- */

/* Memory for Y_lm of even and odd l and for radial functions. */
struct crowd_memory {
  number *harmonic[2], *radial;
};

/* One species and l of some centers; own: c_nlm of the first of these, [l, m][channel]. */
static void expand_species(const struct mlgrain_soap *soap, int l, int centers,
                           const struct crowd *crowd, const struct crowd_memory *memory,
                           number *own, size_t own_step)
{
  const struct soap_table *table = &soap->table;
  const struct soap_group *group = table->group;
  const size_t rows = rows_of_harmonics(soap), n = (size_t)soap->parameters.n_max;
  const size_t part = (size_t)table->intervals * (DEGREE + 1) * LANES;
  number norm[SOAP_MOST_M], *now = memory->harmonic[l % 2], *other = memory->harmonic[1 - l % 2];
  while (l >= group->last_l)
    group++;
  const number *first =
      table->TABLE + group->start + (size_t)(l - group->first_l) * n / LANES * part;
  if (l == 0)
    start_harmonics(&crowd->segment, rows, now, other);
  else if (l % 2 == 0)
    advance_harmonics(soap, l, &crowd->segment, now, other);
  fill_norms(&soap->harmonics, l, norm);
  for (size_t k = 0; k < n / LANES; k++)
    evaluate_functions(first + k * part, crowd, memory->radial + k * LANES, n);
  for (int i = 0; i < centers; i++) {
    const size_t start = crowd->first[i] * LANES;
    const size_t channels = (size_t)soap->channels;
    const struct function_sums sums = {now + start * rows,
                                       memory->radial + start * n,
                                       norm,
                                       rows * LANES,
                                       n,
                                       crowd->count[i],
                                       own + (size_t)i * own_step + (size_t)(l * l) * channels,
                                       channels};
    sum_all_functions(l, soap->parameters.n_max, sums);
  }
}

/* c_nlm of one l of LANES centers, own [center][l, m][channel], as c [m][channel][LANES]. */
static void gather_centers(const struct mlgrain_soap *soap, int l, const number *own,
                           size_t own_step, number *c)
{
  const size_t channels = (size_t)soap->channels;
  const size_t first = (size_t)(l * l) * channels, last = first + (size_t)(2 * l + 1) * channels;
  for (size_t i = first; i < last; i += LANES, c += LANES * LANES) {
    lane_vector value[LANES];
    UNROLLED for (size_t lane = 0; lane < LANES; lane++) value[lane] =
        lanes_load(own + lane * own_step + i);
    transpose(value);
    UNROLLED for (int k = 0; k < LANES; k++) lanes_store(c + k * LANES, value[k]);
  }
}

#endif
