/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: neighbors of some centers, LANES of them to a vector, and the Y_lm of these. In which
   order they stand doesn't matter here. */
#ifndef MLGRAIN_SOAP_BLOCK_H
#define MLGRAIN_SOAP_BLOCK_H

#include <stdlib.h>

#include "soap_lanes.h"

#ifdef MLGRAIN_FLOAT_LANES
#define TABLE singles
enum { DEGREE = SOAP_SINGLE_DEGREE };
#else
#define TABLE doubles
enum { DEGREE = SOAP_DOUBLE_DEGREE };
#endif

/* Neighbors in one species, [capacity][LANES] each. */
struct segment {
  size_t capacity, used; /* vectors */
  number *x, *y, *z;     /* unit vectors */
  number *weight;        /* and what fades out */
  number *place;         /* t, within the interval */
  uint32_t *row;         /* of the interval's coefficients in a part of the table */
};

/* Makes room for `count` vectors; what is there stays. */
static enum mlgrain_status reserve_segment(struct segment *segment, size_t count)
{
  if (count <= segment->capacity)
    return MLGRAIN_SUCCESS;
  const size_t capacity = count + count / 4, row = capacity * LANES;
  number *memory =
      aligned_alloc(64, (5 * row * sizeof(number) + row * sizeof(uint32_t) + 63) / 64 * 64);
  if (!memory)
    return MLGRAIN_OUT_OF_MEMORY;
  number *const old[5] = {segment->x, segment->y, segment->z, segment->weight, segment->place};
  uint32_t *rows = (uint32_t *)(void *)(memory + 5 * row);
  if (segment->capacity) {
    const size_t filled = segment->capacity * LANES;
    for (int k = 0; k < 5; k++)
      memcpy(memory + (size_t)k * row, old[k], filled * sizeof(number));
    memcpy(rows, segment->row, filled * sizeof *rows);
  }
  free(segment->x);
  segment->capacity = capacity;
  segment->x = memory;
  segment->y = memory + row;
  segment->z = memory + 2 * row;
  segment->weight = memory + 3 * row;
  segment->place = memory + 4 * row;
  segment->row = rows;
  return MLGRAIN_SUCCESS;
}

/* ---- harmonics ------------------------------------------------------------------------------ */

/* Y_lm are made for two l at a time. */
static size_t rows_of_harmonics(const struct mlgrain_soap *soap)
{
  return (size_t)(2 * (soap->parameters.l_max | 1) + 1);
}

/* Y_00 times the neighbors' weights, from which all others follow, and Y_1m; all without their
   norms. */
static void start_harmonics(const struct segment *segment, size_t rows, number *even, number *odd)
{
  const number y00 = (number)0.28209479177387814347; /* 1 / sqrt(4 pi) */
  for (size_t j = 0; j < segment->used; j++) {
    const lane_vector start = lanes_load(segment->weight + j * LANES) * y00;
    number *to = odd + j * rows * LANES;
    lanes_store(even + j * rows * LANES, start);
    lanes_store(to, start * lanes_load(segment->z + j * LANES));
    lanes_store(to + LANES, start * lanes_load(segment->x + j * LANES));
    lanes_store(to + 2 * LANES, start * lanes_load(segment->y + j * LANES));
  }
}

/* What multiplies Y_(l-2)m. */
struct recurrence {
  number fall[MLGRAIN_SOAP_MOST_L + 2];
};

static void fill_recurrence(const struct soap_harmonics *harmonics, int l, struct recurrence *to)
{
  for (int m = 0; m < l; m++)
    to->fall[m] = (number)harmonics->fall[l][m];
}

/* Y_lm and, if `both`, Y_(l+1)m of a vector of neighbors in the places of Y_(l-2)m and Y_(l-1)m. */
ALWAYS_INLINE void advance_neighbors(const int both, int l, const struct recurrence *first,
                                     const struct recurrence *second, lane_vector x, lane_vector y,
                                     lane_vector z, number *older, number *old)
{
  for (int k = 0, m = 0; k < 2 * l - 3; k++, m = (k + 1) / 2) {
    const lane_vector before = lanes_load(old + k * LANES);
    const lane_vector now = z * before - first->fall[m] * lanes_load(older + k * LANES);
    lanes_store(older + k * LANES, now);
    if (both)
      lanes_store(old + k * LANES, z * now - second->fall[m] * before);
  }
  number *top = older + (2 * l - 3) * LANES, *next = old + (2 * l - 3) * LANES;
  const lane_vector real = lanes_load(next), imaginary = lanes_load(next + LANES);
  const lane_vector now[4] = {z * real, z * imaginary, x * real - y * imaginary,
                              x * imaginary + y * real};
  for (int k = 0; k < 4; k++)
    lanes_store(top + k * LANES, now[k]);
  if (!both)
    return;
  lanes_store(next, z * now[0] - second->fall[l - 1] * real);
  lanes_store(next + LANES, z * now[1] - second->fall[l - 1] * imaginary);
  lanes_store(next + 2 * LANES, z * now[2]);
  lanes_store(next + 3 * LANES, z * now[3]);
  lanes_store(next + 4 * LANES, x * now[2] - y * now[3]);
  lanes_store(next + 5 * LANES, x * now[3] + y * now[2]);
}

/* The same of all neighbors of a segment. */
static void advance_harmonics(const struct mlgrain_soap *soap, int l, const struct segment *segment,
                              number *older, number *old)
{
  const size_t step = rows_of_harmonics(soap) * LANES;
  const int both = l < soap->parameters.l_max;
  struct recurrence first = {0}, second = {0};
  fill_recurrence(&soap->harmonics, l, &first);
  if (both)
    fill_recurrence(&soap->harmonics, l + 1, &second);
  for (size_t j = 0; j < segment->used; j++, older += step, old += step) {
    const lane_vector x = lanes_load(segment->x + j * LANES);
    const lane_vector y = lanes_load(segment->y + j * LANES);
    const lane_vector z = lanes_load(segment->z + j * LANES);
    if (both)
      advance_neighbors(1, l, &first, &second, x, y, z, older, old);
    else
      advance_neighbors(0, l, &first, &second, x, y, z, older, old);
  }
}

/* What sums with Y_lm without norms are to be multiplied by: m = 0, 1, -1, 2, -2 ... */
static void fill_norms(const struct soap_harmonics *harmonics, int l, number norm[SOAP_MOST_M])
{
  for (int k = 0; k < 2 * l + 1; k++)
    norm[k] = (number)harmonics->norm[l][(k + 1) / 2];
}

#endif
