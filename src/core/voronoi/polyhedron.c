/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "polyhedron.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  FIRST_CAPACITY = 128,
  PADDING = 8, /* elements behind the last that vectors read and write */
  NUMBERS_OF_VERTEX = 7,
  INDICES_OF_VERTEX = 4 + 4 + 2 + 3 + 3 + 3
};

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

/* Zeros, so that what vectors read behind the last is a number. */
static char *zeros(size_t bytes)
{
  char *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (memory)
    memset(memory, 0, bytes);
  return memory;
}

static int grow_vertices(struct polyhedron *p, size_t capacity)
{
  const size_t n = p->vertex_count, room = capacity + PADDING;
  const size_t number = room * sizeof(double), index = room * sizeof(uint32_t);
  char *memory =
      zeros(NUMBERS_OF_VERTEX * (number + 64) + INDICES_OF_VERTEX * (index + 64));
  if (!memory)
    return 0;
  void *const old = p->vertex_memory;
  p->vertex_memory = memory;
  p->vertex_capacity = capacity;
  p->x = take_copy(&memory, number, p->x, n * sizeof *p->x);
  p->y = take_copy(&memory, number, p->y, n * sizeof *p->y);
  p->z = take_copy(&memory, number, p->z, n * sizeof *p->z);
  p->end = take_copy(&memory, 4 * index, p->end, 4 * n * sizeof *p->end);
  p->face = take_copy(&memory, 4 * index, p->face, 4 * n * sizeof *p->face);
  p->height = take(&memory, number);
  p->new_x = take(&memory, number);
  p->new_y = take(&memory, number);
  p->new_z = take(&memory, number);
  p->cut_off = take(&memory, 2 * index);
  p->crossing = take(&memory, 3 * index);
  p->left = take(&memory, 3 * index);
  p->right = take(&memory, 3 * index);
  free(old);
  return 1;
}

static int grow_planes(struct polyhedron *p, size_t capacity)
{
  const size_t n = p->plane_count, number = capacity * sizeof(double);
  char *memory = zeros(5 * (number + 64));
  if (!memory)
    return 0;
  void *const old = p->plane_memory;
  p->plane_memory = memory;
  p->plane_capacity = capacity;
  for (int d = 0; d < 3; d++)
    p->foot[d] = take_copy(&memory, number, p->foot[d], n * sizeof *p->foot[d]);
  p->origin = take_copy(&memory, number, p->origin, n * sizeof *p->origin);
  p->by_right = take(&memory, number);
  free(old);
  return 1;
}

/* A cut makes one vertex of every edge of a new face, which has no more than one edge with each
   face: 2 + vertices / 2 of them. */
int polyhedron_reserve(struct polyhedron *p)
{
  const size_t vertices = 2 * p->vertex_count + FIRST_CAPACITY / 2;
  if (vertices > p->vertex_capacity) {
    if (vertices > UINT32_MAX / 16 || !grow_vertices(p, 2 * vertices))
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

/* Corner v has the high x if v & 1, the high y if v & 2, the high z if v & 4. Its edge 0 is along x.
   Seen from outside, edges along x, y, z are counterclockwise at the corner with all three high, and
   the other way round at its neighbors. */
static void connect_corner(struct polyhedron *p, uint32_t v)
{
  static const unsigned char ones[8] = {0, 1, 1, 0, 1, 0, 0, 1}; /* parity */
  static const uint32_t order[2][3] = {{0, 2, 1}, {0, 1, 2}};    /* dimensions of the edges */
  const uint32_t *const dimension = order[ones[v]], *const others = order[!ones[v]];
  for (uint32_t k = 0; k < 3; k++) {
    const uint32_t along = dimension[k], apart = 3 - along - dimension[(k + 1) % 3];
    uint32_t back = 0;
    while (others[back] != along)
      back++;
    p->end[4 * v + k] = 4 * (v ^ (1u << along)) + back;
    p->face[4 * v + k] = 2 * apart + (v >> apart & 1u);
  }
}

int polyhedron_box(struct polyhedron *p, const double low[3], const double high[3],
                   const int64_t origin[POLYHEDRON_BOX_FACES])
{
  p->vertex_count = p->plane_count = 0;
  p->near_tie = 0;
  if (!polyhedron_reserve(p))
    return 0;
  for (uint32_t v = 0; v < 8; v++) {
    p->x[v] = v & 1 ? high[0] : low[0];
    p->y[v] = v & 2 ? high[1] : low[1];
    p->z[v] = v & 4 ? high[2] : low[2];
    connect_corner(p, v);
  }
  for (int f = 0; f < POLYHEDRON_BOX_FACES; f++) {
    for (int d = 0; d < 3; d++)
      p->foot[d][f] = d != f / 2 ? 0.0 : f % 2 ? high[d] : low[d];
    p->origin[f] = origin[f];
  }
  p->vertex_count = 8;
  p->plane_count = POLYHEDRON_BOX_FACES;
  return 1;
}

/* Marks the vertices that edges connect with `start` among those of mark `from`. The crossings'
   memory holds those to be visited. */
static void flood(struct polyhedron *p, unsigned char *mark, uint32_t start, unsigned char from,
                  unsigned char to)
{
  uint32_t *const waiting = p->crossing;
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

void polyhedron_reconcile(struct polyhedron *p, double limit)
{
  enum { STAYS, HIGH, GOES, KEPT };
  unsigned char *const mark = (unsigned char *)p->left;
  uint32_t highest = 0, lowest = 0;
  for (uint32_t v = 0; v < p->vertex_count; v++) {
    mark[v] = p->height[v] > limit ? HIGH : STAYS;
    if (p->height[v] > p->height[highest])
      highest = v;
    if (p->height[v] < p->height[lowest])
      lowest = v;
  }
  flood(p, mark, highest, HIGH, GOES);
  for (uint32_t v = 0; v < p->vertex_count; v++)
    if (mark[v] == HIGH)
      mark[v] = STAYS;
  flood(p, mark, lowest, STAYS, KEPT);
  for (uint32_t v = 0; v < p->vertex_count; v++)
    if (mark[v] == KEPT)
      p->height[v] = fmin(p->height[v], limit);
    else
      p->height[v] = fmax(p->height[v], 2.0 * limit);
}

void polyhedron_measure_faces(const struct polyhedron *p, struct polyhedron_face *face)
{
  for (size_t f = 0; f < p->plane_count; f++)
    face[f] = (struct polyhedron_face){{0.0, 0.0, 0.0}, 0.0, 0, 0};
  for (uint32_t v = 0; v < p->vertex_count; v++)
    for (uint32_t k = 0; k < 3; k++) {
      const uint32_t edge = 4 * v + k, u = p->end[edge] / 4;
      struct polyhedron_face *const of = &face[p->face[edge]];
      const double a[3] = {p->x[v], p->y[v], p->z[v]};
      const double b[3] = {p->x[u] - a[0], p->y[u] - a[1], p->z[u] - a[2]};
      for (int d = 0; d < 3; d++)
        of->area[d] += 0.5 * (a[(d + 1) % 3] * b[(d + 2) % 3] - a[(d + 2) % 3] * b[(d + 1) % 3]);
      of->longest2 = fmax(of->longest2, b[0] * b[0] + b[1] * b[1] + b[2] * b[2]);
      of->edge = edge;
      of->corners++;
    }
}

int polyhedron_face_counts(const struct polyhedron_face *face)
{
  const double area2 = face->area[0] * face->area[0] + face->area[1] * face->area[1] +
                       face->area[2] * face->area[2];
  return area2 > POLYHEDRON_THIN * POLYHEDRON_THIN * face->longest2;
}
