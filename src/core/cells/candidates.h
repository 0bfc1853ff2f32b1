/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private, for kernels: the points that may be neighbors of any of the points of some cells,
   collected into contiguous arrays. */
#ifndef MLGRAIN_CANDIDATES_H
#define MLGRAIN_CANDIDATES_H

#include <math.h>
#include <stdlib.h>

#include "base/vector.h"
#include "cells/cells.h"

/* Points in contiguous arrays, each with room for WIDTH more, since vectors are loaded and stored
   whole. */
struct points {
  size_t count;
  double *x, *y, *z, *weight;
};

/* Numbers of a row for `count` points. */
static inline size_t points_row(size_t count)
{
  return (count + count / 2 + 2 * WIDTH + 7) / 8 * 8;
}

/* Memory of some sets of points; {0} at first, to be freed. */
struct points_memory {
  size_t capacity;
  double *memory;
};

/* Gives each of the sets room for `capacity` points. They stay as they are where they have it;
   otherwise what was in them is lost. */
static inline enum mlgrain_status points_reserve(struct points_memory *held, size_t capacity,
                                                 struct points *set, size_t sets)
{
  if (held->memory && capacity <= held->capacity)
    return MLGRAIN_SUCCESS;
  const size_t row = points_row(capacity);
  double *memory = aligned_alloc(64, 4 * sets * row * sizeof *memory);
  if (!memory)
    return MLGRAIN_OUT_OF_MEMORY;
  free(held->memory);
  held->memory = memory;
  held->capacity = row - WIDTH;
  for (size_t s = 0; s < sets; s++, memory += 4 * row)
    set[s] = (struct points){0, memory, memory + row, memory + 2 * row, memory + 3 * row};
  return MLGRAIN_SUCCESS;
}

/* One bit for each of the first `count` lanes, none if it is negative. */
static inline unsigned first_lanes(int64_t count)
{
  const int64_t some = count < 0 ? 0 : count < WIDTH ? count : WIDTH;
  return (1u << some) - 1u;
}

/* A ball around centers. */
struct ball {
  double center[3], radius;
};

static inline struct ball ball_around(const struct mlgrain_cells *cells, struct mlgrain_run centers)
{
  const double *const coordinate[3] = {cells->x, cells->y, cells->z};
  struct ball ball;
  double square = 0.0;
  for (int d = 0; d < 3; d++) {
    double low = coordinate[d][centers.first], high = low;
    for (uint32_t i = centers.first + 1; i < centers.last; i++) {
      low = coordinate[d][i] < low ? coordinate[d][i] : low;
      high = coordinate[d][i] > high ? coordinate[d][i] : high;
    }
    ball.center[d] = low + 0.5 * (high - low);
    square += 0.25 * (high - low) * (high - low);
  }
  ball.radius = __builtin_sqrt(square);
  return ball;
}

/* What to collect: points with a given label (if there are labels) within `reach` of a ball. */
struct candidate_search {
  const struct mlgrain_cells *cells;
  double reach;
  const double *weight; /* by point, or NULL: weights are not collected */
  const int32_t *label; /* by point, or NULL */
  int32_t wanted;
};

/* The lanes of those bits whose point has the label. */
static inline unsigned labelled_lanes(const struct candidate_search *search, int64_t first,
                                      unsigned near)
{
  unsigned with = 0;
  for (unsigned bits = near; bits; bits &= bits - 1) {
    const int lane = __builtin_ctz(bits);
    if (search->label[search->cells->index[first + lane]] == search->wanted)
      with |= 1u << lane;
  }
  return with;
}

/* Collects the points of the runs that are near enough to the ball. Far points follow the last, so
   that whole vectors can be searched. */
static inline void collect_candidates(const struct candidate_search *search, struct ball ball,
                                      int run_count, const struct mlgrain_run *run,
                                      struct points *candidates)
{
  const struct mlgrain_cells cells = *search->cells;
  struct points to = *candidates; /* locals, which stores through pointers can't change */
  /* a little more, so that rounding loses no neighbor */
  const double reach = (search->reach + ball.radius) * (1.0 + 1e-12);
  const vector reach2 = vector_set(reach * reach);
  to.count = 0;
  for (int r = 0; r < run_count; r++) {
    for (int64_t j = run[r].first; j < run[r].last; j += WIDTH) {
      const vector x = vector_load(cells.x + j);
      const vector y = vector_load(cells.y + j);
      const vector z = vector_load(cells.z + j);
      const vector dx = x - ball.center[0], dy = y - ball.center[1], dz = z - ball.center[2];
      unsigned near =
          vector_less_bits(dx * dx + dy * dy + dz * dz, reach2) & first_lanes(run[r].last - j);
      if (search->label)
        near = labelled_lanes(search, j, near);
      vector_compress_store(to.x + to.count, near, x);
      vector_compress_store(to.y + to.count, near, y);
      vector_compress_store(to.z + to.count, near, z);
      if (search->weight)
        for (unsigned bits = near, k = 0; bits; bits &= bits - 1, k++)
          to.weight[to.count + k] = search->weight[cells.index[j + __builtin_ctz(bits)]];
      to.count += (unsigned)__builtin_popcount(near);
    }
  }
  for (size_t j = to.count; j < to.count + WIDTH; j++)
    to.x[j] = to.y[j] = to.z[j] = to.weight[j] = HUGE_VAL;
  *candidates = to;
}

/* The points of `span` cells. */
static inline struct mlgrain_run points_of_cells(const struct mlgrain_cells *cells, size_t cell,
                                                 int32_t span)
{
  return (struct mlgrain_run){cells->start[cell], cells->start[cell + (size_t)span]};
}

/* Whether any of the points is chosen. */
static inline int has_chosen(const struct mlgrain_cells *cells, const unsigned char *chosen,
                             struct mlgrain_run points)
{
  for (uint32_t i = points.first; i < points.last; i++)
    if (chosen[cells->index[i]])
      return 1;
  return 0;
}

/* Cells are visited in pairs along x, the candidates of two being hardly more than of one: 2, or 1
   where `cell` is the last of its row or of the range. */
static inline int32_t cells_together(const struct mlgrain_cells *cells, size_t cell, size_t last)
{
  return cell + 1 < last && (cell + 1) % (size_t)cells->size[0] != 0 ? 2 : 1;
}

#endif
