/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private, for kernels: the cut of a polyhedron by a plane. */
#ifndef MLGRAIN_POLYHEDRON_CUT_H
#define MLGRAIN_POLYHEDRON_CUT_H

#include <math.h>

#include "base/vector.h"
#include "polyhedron.h"

/* Heights of all vertices over the plane; those above the limit go to cut_off. Returns how many. */
static inline size_t find_cut_off(struct polyhedron *p, const struct plane *plane, double limit)
{
  const vector nx = vector_set(plane->normal[0]), ny = vector_set(plane->normal[1]),
               nz = vector_set(plane->normal[2]), offset = vector_set(plane->offset),
               limits = vector_set(limit);
  const size_t n = p->vertex_count;
  size_t count = 0;
  for (size_t first = 0; first < n; first += 64) {
    const size_t last = n - first < 64 ? n : first + 64;
    uint64_t above = 0;
    for (size_t v = first; v < last; v += WIDTH) {
      const vector height = nx * vector_load(p->x + v) + ny * vector_load(p->y + v) +
                            nz * vector_load(p->z + v) - offset;
      vector_store(p->height + v, height);
      above |= (uint64_t)vector_less_bits(limits, height) << (v - first);
    }
    if (last - first < 64)
      above &= (UINT64_C(1) << (last - first)) - 1;
    for (; above; above &= above - 1)
      p->cut_off[count++] = (uint32_t)(first + (size_t)__builtin_ctzll(above));
  }
  return count;
}

/* Whether a vertex is near to the plane. */
static inline int has_near_tie(const struct polyhedron *p, double length)
{
  const double near = POLYHEDRON_NEAR_TIE * length;
  vector closest = vector_set(HUGE_VAL);
  for (size_t v = 0; v < p->vertex_count; v += WIDTH) {
    const vector height = vector_load(p->height + v), square = height * height;
    closest = vector_select(square < closest, square, closest);
  }
  return vector_less_bits(closest, vector_set(near * near)) != 0;
}

/* Edges from vertices that are cut off to such that are not. */
static inline size_t find_crossings(struct polyhedron *p, size_t cut_off, double limit)
{
  size_t count = 0;
  for (size_t i = 0; i < cut_off; i++) {
    const uint32_t edge = 4 * p->cut_off[i];
    for (uint32_t k = 0; k < 3; k++) {
      p->crossing[count] = edge + k;
      count += !(p->height[p->end[edge + k] / 4] > limit);
    }
  }
  return count;
}

/* The planes to both sides of every crossing. Whether the crossings, going always to the one that
   has the left plane to its right, are one closed line. */
static inline int connect_crossings(struct polyhedron *p, size_t crossings)
{
  for (size_t i = 0; i < crossings; i++) {
    const uint32_t edge = p->crossing[i];
    p->left[i] = p->face[edge];
    p->right[i] = p->face[(edge & 3u) ? edge - 1 : edge + 2];
    p->by_right[p->right[i]] = (uint32_t)i;
  }
  size_t at = 0, returns = 0, wrong = 0;
  for (size_t i = 0; i < crossings; i++) {
    const uint32_t plane = p->left[at];
    at = p->by_right[plane];
    wrong |= (size_t)(at >= crossings) | (size_t)(p->right[at] != plane);
    returns += at == 0;
  }
  return !wrong && at == 0 && returns == 1;
}

/* Where the crossings meet the plane: between the two ends, whatever rounding makes of heights. */
static inline void find_new_vertices(struct polyhedron *p, size_t crossings)
{
  for (size_t i = 0; i < crossings; i++) {
    const uint32_t from = p->crossing[i] / 4, to = p->end[p->crossing[i]] / 4;
    const double above = p->height[from];
    const double below = p->height[to] < 0.0 ? p->height[to] : 0.0;
    const double part = below / (below - above);
    p->new_x[i] = p->x[to] + part * (p->x[from] - p->x[to]);
    p->new_y[i] = p->y[to] + part * (p->y[from] - p->y[to]);
    p->new_z[i] = p->z[to] + part * (p->z[from] - p->z[to]);
  }
}

/* A new vertex has the edge that stays of its crossing, then one to the crossing to the left, then
   one to that to the right. */
static inline void insert_new_vertices(struct polyhedron *p, size_t crossings)
{
  const uint32_t *const place = p->cut_off;
  for (size_t i = 0; i < crossings; i++) {
    /* where `place` is a vertex cut off: its edges may be crossings to come */
    p->crossing[i] = p->end[p->crossing[i]];
  }
  for (size_t i = 0; i < crossings; i++) {
    const uint32_t v = place[i], back = p->crossing[i], next = place[p->by_right[p->left[i]]];
    p->x[v] = p->new_x[i];
    p->y[v] = p->new_y[i];
    p->z[v] = p->new_z[i];
    p->end[4 * v] = back;
    p->end[back] = 4 * v;
    p->end[4 * v + 1] = 4 * next + 2;
    p->end[4 * next + 2] = 4 * v + 1;
    p->face[4 * v] = p->left[i];
    p->face[4 * v + 1] = (uint32_t)p->plane_count;
    p->face[4 * v + 2] = p->right[i];
  }
}

static inline void move_vertex(struct polyhedron *p, uint32_t from, uint32_t to)
{
  p->x[to] = p->x[from];
  p->y[to] = p->y[from];
  p->z[to] = p->z[from];
  for (uint32_t k = 0; k < 3; k++) {
    const uint32_t back = p->end[4 * from + k];
    p->end[4 * to + k] = back;
    p->end[back] = 4 * to + k;
    p->face[4 * to + k] = p->face[4 * from + k];
  }
}

/* Cuts off what is beyond the plane. */
static inline enum polyhedron_cut polyhedron_cut(struct polyhedron *p, const struct plane *plane)
{
  const double limit = POLYHEDRON_TOLERANCE * plane->length;
  size_t old = find_cut_off(p, plane, limit);
  if (!old)
    return POLYHEDRON_MISSED;
  size_t crossings = find_crossings(p, old, limit);
  if (!crossings)
    return POLYHEDRON_GONE;
  if (!connect_crossings(p, crossings)) {
    polyhedron_reconcile(p, limit);
    old = 0;
    for (uint32_t v = 0; v < p->vertex_count; v++)
      if (p->height[v] > limit)
        p->cut_off[old++] = v;
    crossings = find_crossings(p, old, limit);
    connect_crossings(p, crossings);
  }
  p->near_tie |= has_near_tie(p, plane->length);
  find_new_vertices(p, crossings);

  /* new vertices take the places of old ones, or are appended */
  for (size_t i = old; i < crossings; i++)
    p->cut_off[i] = (uint32_t)(p->vertex_count + i - old);
  insert_new_vertices(p, crossings);
  if (crossings >= old)
    p->vertex_count += crossings - old;
  else /* cut_off ascends, so that the last vertex is never one of the places still to be filled */
    for (size_t i = old; i-- > crossings;) {
      const uint32_t last = (uint32_t)--p->vertex_count;
      if (p->cut_off[i] != last)
        move_vertex(p, last, p->cut_off[i]);
    }

  const double to_foot = plane->offset / (plane->length * plane->length);
  for (int d = 0; d < 3; d++)
    p->foot[d][p->plane_count] = to_foot * plane->normal[d];
  p->origin[p->plane_count++] = plane->origin;
  return polyhedron_reserve(p) ? POLYHEDRON_CUT : POLYHEDRON_NO_MEMORY;
}

/* Square of the distance of the farthest vertex. */
static inline double polyhedron_radius2(const struct polyhedron *p)
{
  vector most = {0.0};
  for (size_t v = 0; v < p->vertex_count; v += WIDTH) {
    const vector x = vector_load(p->x + v), y = vector_load(p->y + v), z = vector_load(p->z + v);
    vector square = x * x + y * y + z * z;
    if (p->vertex_count - v < WIDTH)
      for (size_t lane = p->vertex_count - v; lane < WIDTH; lane++)
        square[lane] = 0.0;
    most = vector_select(square > most, square, most);
  }
  double radius2 = 0.0;
  for (int lane = 0; lane < WIDTH; lane++)
    radius2 = most[lane] > radius2 ? most[lane] : radius2;
  return radius2;
}

/* V = 1/3 sum over faces of foot . area, and a face's area is half the sum of cross products of its
   successive corners. Taken together by corners, that is 1/6 sum over corners v of
   v . sum over its edges to u of u x foot of the face to the left. */
static inline double polyhedron_volume(const struct polyhedron *p)
{
  double six_volumes = 0.0;
  for (size_t v = 0; v < p->vertex_count; v++) {
    double sx = 0.0, sy = 0.0, sz = 0.0;
    for (size_t k = 0; k < 3; k++) {
      const size_t u = p->end[4 * v + k] / 4, f = p->face[4 * v + k];
      const double ux = p->x[u], uy = p->y[u], uz = p->z[u];
      const double fx = p->foot[0][f], fy = p->foot[1][f], fz = p->foot[2][f];
      sx += uy * fz - uz * fy;
      sy += uz * fx - ux * fz;
      sz += ux * fy - uy * fx;
    }
    six_volumes += p->x[v] * sx + p->y[v] * sy + p->z[v] * sz;
  }
  return six_volumes / 6.0;
}

#endif
