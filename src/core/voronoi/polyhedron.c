/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "polyhedron.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 128 }; /* a multiple of 64 */

/* Divides memory into arrays. */
static void *take(char **memory, size_t bytes)
{
  char *const taken = *memory;
  *memory += (bytes + 63) / 64 * 64;
  return taken;
}

static void *take_copy(char **memory, size_t bytes, const void *old, size_t old_bytes)
{
  void *const taken = take(memory, bytes);
  if (old_bytes)
    memcpy(taken, old, old_bytes);
  return taken;
}

/* Zeros, so that what vectors read behind the last vertex is a number. */
static char *zeros(size_t bytes)
{
  char *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (memory)
    memset(memory, 0, bytes);
  return memory;
}

/* Of bookkeeping that must not be wrong for once, there may be as many crossings as edges. */
static int grow_vertices(struct polyhedron *p, size_t capacity)
{
  const size_t n = p->vertex_count, index = capacity * sizeof(uint32_t);
  const size_t blocks = capacity / POLYHEDRON_BLOCK * sizeof *p->block;
  const size_t crossings = 3 * capacity * sizeof *p->crossing;
  char *memory = zeros(blocks + 10 * index + crossings + capacity / 8 + 6 * 64);
  if (!memory)
    return 0;
  void *const old = p->vertex_memory;
  p->vertex_memory = memory;
  p->vertex_capacity = capacity;
  const size_t old_blocks = (n + POLYHEDRON_BLOCK - 1) / POLYHEDRON_BLOCK * sizeof *p->block;
  p->block = take_copy(&memory, blocks, p->block, old_blocks);
  p->end = take_copy(&memory, 4 * index, p->end, 4 * n * sizeof *p->end);
  p->face = take_copy(&memory, 4 * index, p->face, 4 * n * sizeof *p->face);
  p->cut_off = take(&memory, 2 * index);
  p->crossing = take(&memory, crossings);
  p->above = take(&memory, capacity / 8);
  free(old);
  return 1;
}

static int grow_planes(struct polyhedron *p, size_t capacity)
{
  char *memory = zeros(capacity * (sizeof *p->plane + sizeof *p->by_right) + 2 * 64);
  if (!memory)
    return 0;
  void *const old = p->plane_memory;
  p->plane_memory = memory;
  p->plane_capacity = capacity;
  p->plane =
      take_copy(&memory, capacity * sizeof *p->plane, p->plane, p->plane_count * sizeof *p->plane);
  p->by_right = take(&memory, capacity * sizeof *p->by_right);
  free(old);
  return 1;
}

/* A cut makes one vertex of every edge of a new face, which has no more than one edge with each
   face: 2 + vertices / 2 of them. */
int polyhedron_reserve(struct polyhedron *p)
{
  const size_t vertices = 2 * p->vertex_count + FIRST_CAPACITY / 4;
  if (vertices > p->vertex_capacity) {
    if (vertices > UINT32_MAX / 64 || !grow_vertices(p, (2 * vertices + 63) / 64 * 64))
      return 0;
  }
  if (p->plane_count + 1 > p->plane_capacity)
    return grow_planes(p, 2 * p->plane_count + FIRST_CAPACITY);
  return 1;
}

void polyhedron_free(struct polyhedron *p)
{
  free(p->vertex_memory);
  free(p->plane_memory);
  *p = (struct polyhedron){0};
}

/* Corner v of a box has the high x if v & 1, the high y if v & 2, the high z if v & 4. Its edge 0
   is along x; counterclockwise from outside, y or z is next, by turns. */
static const uint32_t box_end[8][4] = {{4, 18, 9},  {0, 14, 21}, {12, 2, 25},  {8, 30, 5},
                                       {20, 26, 1}, {16, 6, 29}, {28, 10, 17}, {24, 22, 13}};
static const uint32_t box_face[8][4] = {{4, 2, 0, 4}, {2, 4, 1, 2}, {3, 4, 0, 3}, {4, 3, 1, 4},
                                        {2, 5, 0, 2}, {5, 2, 1, 5}, {5, 3, 0, 5}, {3, 5, 1, 3}};

int polyhedron_box(struct polyhedron *p, const double low[3], const double high[3],
                   const int64_t origin[POLYHEDRON_BOX_FACES])
{
  p->vertex_count = p->plane_count = 0;
  p->near_tie = 0;
  if (!polyhedron_reserve(p))
    return 0;
  for (int v = 0; v < 8; v++) {
    p->block->x[v] = v & 1 ? high[0] : low[0];
    p->block->y[v] = v & 2 ? high[1] : low[1];
    p->block->z[v] = v & 4 ? high[2] : low[2];
  }
  memcpy(p->end, box_end, sizeof box_end);
  memcpy(p->face, box_face, sizeof box_face);
  memset(p->plane, 0, POLYHEDRON_BOX_FACES * sizeof *p->plane);
  for (int f = 0; f < POLYHEDRON_BOX_FACES; f++) {
    p->plane[f].foot[f / 2] = f % 2 ? high[f / 2] : low[f / 2];
    p->plane[f].origin = origin[f];
  }
  p->vertex_count = 8;
  p->plane_count = POLYHEDRON_BOX_FACES;
  return 1;
}

/* Marks the vertices that edges connect with `start` among those of mark `from`. Those to be
   visited wait in cut_off. */
static void flood(struct polyhedron *p, unsigned char *mark, uint32_t start, unsigned char from,
                  unsigned char to)
{
  uint32_t *const waiting = p->cut_off;
  size_t count = 1;
  waiting[0] = start;
  mark[start] = to;
  while (count) {
    const uint32_t v = waiting[--count];
    for (uint32_t k = 0; k < 3; k++) {
      const uint32_t u = p->end[4 * v + k] / 4;
      if (mark[u] == from) {
        mark[u] = to;
        waiting[count++] = u;
      }
    }
  }
}

static double *height_of(const struct polyhedron *p, uint32_t v)
{
  return &p->block[v / POLYHEDRON_BLOCK].height[v % POLYHEDRON_BLOCK];
}

void polyhedron_reconcile(struct polyhedron *p, double limit)
{
  enum { STAYS, HIGH, GOES, KEPT };
  unsigned char *const mark = (unsigned char *)p->crossing;
  uint32_t highest = 0, lowest = 0;
  for (uint32_t v = 0; v < p->vertex_count; v++) {
    const double height = *height_of(p, v);
    mark[v] = height > limit ? HIGH : STAYS;
    if (height > *height_of(p, highest))
      highest = v;
    if (height < *height_of(p, lowest))
      lowest = v;
  }
  flood(p, mark, highest, HIGH, GOES);
  for (uint32_t v = 0; v < p->vertex_count; v++)
    if (mark[v] == HIGH)
      mark[v] = STAYS;
  flood(p, mark, lowest, STAYS, KEPT);
  memset(p->above, 0, (p->vertex_count + 63) / 64 * sizeof *p->above);
  for (uint32_t v = 0; v < p->vertex_count; v++) {
    double *const height = height_of(p, v);
    if (mark[v] == KEPT) {
      *height = fmin(*height, limit);
    } else {
      *height = fmax(*height, 2.0 * limit);
      p->above[v / 64] |= UINT64_C(1) << (v % 64);
    }
  }
}

/* From `from` to `to`. */
static inline void difference(const struct polyhedron *p, uint32_t from, uint32_t to,
                              double between[3])
{
  double start[3];
  polyhedron_vertex(p, from, start);
  polyhedron_vertex(p, to, between);
  for (int d = 0; d < 3; d++)
    between[d] -= start[d];
}

/* Half the sum of cross products of successive corners is the area; corners from one of them on, so
   that small faces far from the origin lose nothing. */
void polyhedron_measure_faces(const struct polyhedron *p, struct polyhedron_face *face)
{
  for (size_t f = 0; f < p->plane_count; f++)
    face[f] = (struct polyhedron_face){{0.0, 0.0, 0.0}, 0.0, 0, 0};
  for (uint32_t v = 0; v < p->vertex_count; v++)
    for (uint32_t k = 0; k < 3; k++) {
      const uint32_t edge = 4 * v + k, u = p->end[edge] / 4;
      struct polyhedron_face *const of = &face[p->face[edge + 1]];
      if (!of->corners++)
        of->edge = edge;
      double a[3], b[3];
      difference(p, of->edge / 4, v, a);
      difference(p, v, u, b);
      for (int d = 0; d < 3; d++)
        of->area[d] += 0.5 * (a[(d + 1) % 3] * b[(d + 2) % 3] - a[(d + 2) % 3] * b[(d + 1) % 3]);
      const double length2 = b[0] * b[0] + b[1] * b[1] + b[2] * b[2];
      of->longest2 = length2 > of->longest2 ? length2 : of->longest2;
    }
}

double polyhedron_volume_of_faces(const struct polyhedron *p, const struct polyhedron_face *face)
{
  double volume = 0.0;
  for (size_t f = 0; f < p->plane_count; f++)
    if (face[f].corners) {
      double corner[3];
      difference(p, 0, face[f].edge / 4, corner);
      for (int d = 0; d < 3; d++)
        volume += face[f].area[d] * corner[d] / 3.0;
    }
  return volume;
}

int polyhedron_face_counts(const struct polyhedron_face *face)
{
  const double area2 =
      face->area[0] * face->area[0] + face->area[1] * face->area[1] + face->area[2] * face->area[2];
  return area2 > POLYHEDRON_THIN * POLYHEDRON_THIN * face->longest2;
}
