/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/triple_lines.h"

#include <math.h>
#include <string.h>

#include "directions.h"

/* The edges of one cell, by pairs of other grains; more pairs are in heaps of tiny grains only. */
struct pair_edges {
  int32_t other[2];
  double length, vector[3];
};
enum { MOST_PAIRS = 16 };

_Static_assert((int)MLGRAIN_TRIPLE_EDGES == DIRECTIONS, "a direction for each of an atom's lines");

static struct pair_edges *edges_of_pair(struct pair_edges *found, int *count,
                                        const int32_t other[2])
{
  for (int k = 0; k < *count; k++)
    if (found[k].other[0] == other[0] && found[k].other[1] == other[1])
      return &found[k];
  if (*count == MOST_PAIRS)
    return NULL;
  found[*count] = (struct pair_edges){{other[0], other[1]}, 0.0, {0.0, 0.0, 0.0}};
  return &found[(*count)++];
}

static int is_before(const struct pair_edges *one, const struct pair_edges *two)
{
  if (one->length != two->length)
    return one->length > two->length;
  return one->other[0] != two->other[0] ? one->other[0] < two->other[0]
                                        : one->other[1] < two->other[1];
}

/* Keeps the pairs that come first. */
static void keep_longest(struct pair_edges *found, int count, struct mlgrain_triple_edges *edges)
{
  edges->count = count < MLGRAIN_TRIPLE_EDGES ? count : MLGRAIN_TRIPLE_EDGES;
  for (int k = 0; k < edges->count; k++) {
    int first = k;
    for (int l = k + 1; l < count; l++)
      if (is_before(&found[l], &found[first]))
        first = l;
    const struct pair_edges held = found[first];
    found[first] = found[k];
    memcpy(edges->other[k], held.other, sizeof held.other);
    memcpy(edges->vector[k], held.vector, sizeof held.vector);
    edges->length[k] = held.length;
  }
}

static int32_t grain_at(const int32_t *grain, int64_t neighbor)
{
  return neighbor >= 0 ? grain[neighbor] : 0;
}

/* 1 if a -> b -> c is an even permutation of these grains in ascending order, else -1. */
static double parity(int32_t a, int32_t b, int32_t c)
{
  return ((a > b) + (b > c) + (a > c)) % 2 ? -1.0 : 1.0;
}

/* Seen from outside a cell, with an edge upwards, the face that it is counterclockwise of is to the
   left: this atom, the neighbor there, and that to the right make a right-handed turn about the
   edge. Each edge is met twice, of which one is taken. */
void mlgrain_triple_edges_of(const struct mlgrain_voronoi_polyhedron *polyhedron,
                             const int32_t *grain, struct mlgrain_triple_edges *edges)
{
  struct pair_edges found[MOST_PAIRS];
  int count = 0;
  const int32_t own = grain[polyhedron->point];
  for (int f = 0; f < polyhedron->cell.faces && own; f++) {
    const struct mlgrain_voronoi_face *face = &polyhedron->face[f];
    const int32_t left = grain_at(grain, face->neighbor);
    for (int c = 0; c < face->corner_count && left && left != own; c++) {
      const int32_t right = grain_at(grain, face->beside[c]);
      if (right <= left || right == own)
        continue;
      struct pair_edges *pair = edges_of_pair(found, &count, (const int32_t[2]){left, right});
      if (!pair)
        continue;
      const double *start = face->corner[c], *end = face->corner[(c + 1) % face->corner_count];
      const double sign = parity(own, left, right);
      double square = 0.0;
      for (int d = 0; d < 3; d++) {
        pair->vector[d] += sign * (end[d] - start[d]);
        square += (end[d] - start[d]) * (end[d] - start[d]);
      }
      pair->length += sqrt(square);
    }
  }
  *edges = (struct mlgrain_triple_edges){0};
  keep_longest(found, count, edges);
}

void mlgrain_triple_of(int32_t own, const int32_t other[2], int32_t triple[3])
{
  const int place = (own > other[0]) + (own > other[1]);
  for (int k = 0, next = 0; k < 3; k++)
    triple[k] = k == place ? own : other[next++];
}

/* Two points that may be of one line. */
struct line_search {
  const int32_t *grain;
  const struct mlgrain_triple_edges *edges;
};

static void add_same_line(const void *context, int32_t own, int32_t near, double sum[DIRECTIONS][3])
{
  const struct line_search *search = context;
  const struct mlgrain_triple_edges *mine = &search->edges[own], *its = &search->edges[near];
  for (int k = 0; k < mine->count; k++)
    for (int l = 0; l < its->count; l++) {
      int32_t one[3], two[3];
      mlgrain_triple_of(search->grain[own], mine->other[k], one);
      mlgrain_triple_of(search->grain[near], its->other[l], two);
      for (int d = 0; d < 3 && memcmp(one, two, sizeof one) == 0; d++)
        sum[k][d] += its->vector[l][d];
    }
}

enum mlgrain_status mlgrain_triple_directions(const struct mlgrain_cells *cells,
                                              const int32_t *place, double radius, size_t count,
                                              const int32_t *grain,
                                              const struct mlgrain_triple_edges *edges,
                                              double (*direction)[MLGRAIN_TRIPLE_EDGES][3],
                                              struct mlgrain_error *error)
{
  const struct line_search search = {grain, edges};
  return find_directions(cells, place, radius, count, add_same_line, &search, direction, error);
}
