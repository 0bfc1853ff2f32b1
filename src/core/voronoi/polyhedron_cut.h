/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private, for kernels: the cut of a polyhedron by a plane. */
#ifndef MLGRAIN_POLYHEDRON_CUT_H
#define MLGRAIN_POLYHEDRON_CUT_H

#include <string.h>

#include "base/vector.h"
#include "polyhedron.h"

/* Heights of all vertices over the plane; one bit for each above the limit goes to p->above, 64 to
   a word. Returns whether there are any. *near_tie: whether any is near to the plane. */
static inline int find_heights(struct polyhedron *p, const struct plane *plane, double limit,
                               int *near_tie)
{
  const vector nx = vector_set(plane->normal[0]), ny = vector_set(plane->normal[1]),
               nz = vector_set(plane->normal[2]), offset = vector_set(plane->offset),
               limits = vector_set(limit);
  const double near = POLYHEDRON_NEAR_TIE * plane->length;
  const vector near2 = vector_set(near * near);
  const size_t n = p->vertex_count;
  struct polyhedron_vertices *const block = p->block;
  uint64_t any = 0;
  unsigned tie = 0;
  for (size_t first = 0; first < n; first += 64) {
    const size_t last = n - first < 64 ? n : first + 64;
    uint64_t above = 0;
    for (size_t v = first; v < last; v += WIDTH) {
      struct polyhedron_vertices *const in = &block[v / POLYHEDRON_BLOCK];
      const size_t lane = v % POLYHEDRON_BLOCK;
      const vector height = nx * vector_load(in->x + lane) + ny * vector_load(in->y + lane) +
                            nz * vector_load(in->z + lane) - offset;
      vector_store(in->height + lane, height);
      above |= (uint64_t)vector_less_bits(limits, height) << (v - first);
      tie |= vector_less_bits(height * height, near2);
    }
    if (last - first < 64)
      above &= (UINT64_C(1) << (last - first)) - 1;
    p->above[first / 64] = above;
    any |= above;
  }
  *near_tie = tie != 0;
  return any != 0;
}

/* What is cut off goes to p->cut_off, edges from there to what stays to p->crossing, as `right` for
   now. */
static inline size_t find_crossings(struct polyhedron *p, size_t *cut_off)
{
  const uint64_t *const above = p->above;
  const uint32_t *const end = p->end;
  struct polyhedron_crossing *const crossing = p->crossing;
  size_t removed = 0, crossings = 0;
  for (size_t first = 0; first < p->vertex_count; first += 64)
    for (uint64_t bits = above[first / 64]; bits; bits &= bits - 1) {
      const uint32_t v = (uint32_t)first + (uint32_t)__builtin_ctzll(bits);
      p->cut_off[removed++] = v;
      for (uint32_t edge = 4 * v; edge < 4 * v + 3; edge++) {
        const uint32_t u = end[edge] / 4;
        crossing[crossings].right = edge;
        crossings += !(above[u / 64] >> (u % 64) & 1u);
      }
    }
  *cut_off = removed;
  return crossings;
}

/* The planes to both sides of every crossing, and where it meets the plane: between its two ends,
   whatever rounding makes of heights. */
static inline void find_new_vertices(struct polyhedron *p, size_t crossings)
{
  const struct polyhedron_vertices *const block = p->block;
  for (size_t i = 0; i < crossings; i++) {
    struct polyhedron_crossing *const at = &p->crossing[i];
    const uint32_t edge = at->right, back = p->end[edge], v = edge / 4, u = back / 4;
    at->back = back;
    at->right = p->face[edge];
    at->left = p->face[edge + 1];
    p->by_right[at->right] = (uint32_t)i;
    const struct polyhedron_vertices *const from = &block[v / POLYHEDRON_BLOCK],
                                            *const to = &block[u / POLYHEDRON_BLOCK];
    const uint32_t f = v % POLYHEDRON_BLOCK, t = u % POLYHEDRON_BLOCK;
    const double below = to->height[t] < 0.0 ? to->height[t] : 0.0;
    const double part = below / (below - from->height[f]);
    at->x = to->x[t] + part * (from->x[f] - to->x[t]);
    at->y = to->y[t] + part * (from->y[f] - to->y[t]);
    at->z = to->z[t] + part * (from->z[f] - to->z[t]);
  }
}

/* Whether the crossings, each followed by the one that has its left plane to the right, are a
   single closed line. */
static inline int has_one_line(const struct polyhedron *p, size_t crossings)
{
  size_t at = 0, returns = 0;
  for (size_t i = 0; i < crossings; i++) {
    const uint32_t left = p->crossing[at].left;
    at = p->by_right[left];
    if (at >= crossings || p->crossing[at].right != left)
      return 0;
    returns += at == 0;
  }
  return at == 0 && returns == 1;
}

/* A new vertex has the edge that stays of its crossing, then one to the next crossing, then one to
   that before. */
static inline void insert_new_vertices(struct polyhedron *p, size_t crossings)
{
  const uint32_t *const place = p->cut_off;
  const struct polyhedron_crossing *const crossing = p->crossing;
  uint32_t *const end = p->end, *const face = p->face;
  const uint32_t plane = (uint32_t)p->plane_count;
  for (size_t i = 0; i < crossings; i++) {
    const struct polyhedron_crossing at = crossing[i];
    const uint32_t v = place[i], next = place[p->by_right[at.left]];
    struct polyhedron_vertices *const in = &p->block[v / POLYHEDRON_BLOCK];
    in->x[v % POLYHEDRON_BLOCK] = at.x;
    in->y[v % POLYHEDRON_BLOCK] = at.y;
    in->z[v % POLYHEDRON_BLOCK] = at.z;
    end[4 * v] = at.back;
    end[at.back] = 4 * v;
    end[4 * v + 1] = 4 * next + 2;
    end[4 * next + 2] = 4 * v + 1;
    face[4 * v] = at.right;
    face[4 * v + 1] = at.left;
    face[4 * v + 2] = plane;
    face[4 * v + 3] = at.right;
  }
}

static inline void move_vertex(struct polyhedron *p, uint32_t from, uint32_t to)
{
  const struct polyhedron_vertices *const source = &p->block[from / POLYHEDRON_BLOCK];
  struct polyhedron_vertices *const target = &p->block[to / POLYHEDRON_BLOCK];
  const uint32_t s = from % POLYHEDRON_BLOCK, t = to % POLYHEDRON_BLOCK;
  target->x[t] = source->x[s];
  target->y[t] = source->y[s];
  target->z[t] = source->z[s];
  for (uint32_t k = 0; k < 3; k++) {
    const uint32_t back = p->end[4 * from + k];
    p->end[4 * to + k] = back;
    p->end[back] = 4 * to + k;
  }
  memcpy(p->face + 4 * to, p->face + 4 * from, 4 * sizeof *p->face);
}

/* New vertices take the places of those cut off. Where there are more, they are appended; where
   there are fewer, the last vertices move. cut_off ascends, so that none of these is in a place
   that is still to be filled. */
static inline void replace_vertices(struct polyhedron *p, size_t cut_off, size_t crossings)
{
  for (size_t i = cut_off; i < crossings; i++)
    p->cut_off[i] = (uint32_t)p->vertex_count++;
  insert_new_vertices(p, crossings);
  for (size_t i = cut_off; i-- > crossings;) {
    const uint32_t last = (uint32_t)--p->vertex_count;
    if (p->cut_off[i] != last)
      move_vertex(p, last, p->cut_off[i]);
  }
}

static inline void append_plane(struct polyhedron *p, const struct plane *plane)
{
  struct polyhedron_plane *const added = &p->plane[p->plane_count++];
  const double to_foot = plane->offset / (plane->length * plane->length);
  for (int d = 0; d < 3; d++)
    added->foot[d] = to_foot * plane->normal[d];
  added->origin = plane->origin;
}

/* Cuts off what is beyond the plane. */
static inline enum polyhedron_cut polyhedron_cut(struct polyhedron *p, const struct plane *plane)
{
  const double limit = POLYHEDRON_TOLERANCE * plane->length;
  int near_tie;
  if (!find_heights(p, plane, limit, &near_tie))
    return POLYHEDRON_MISSED;
  size_t cut_off, crossings = find_crossings(p, &cut_off);
  if (!crossings)
    return POLYHEDRON_GONE;
  find_new_vertices(p, crossings);
  if (!has_one_line(p, crossings)) {
    polyhedron_reconcile(p, limit);
    crossings = find_crossings(p, &cut_off);
    find_new_vertices(p, crossings);
  }
  replace_vertices(p, cut_off, crossings);
  append_plane(p, plane);
  p->near_tie |= near_tie;
  return polyhedron_reserve(p) ? POLYHEDRON_CUT : POLYHEDRON_NO_MEMORY;
}

/* Square of the distance of the farthest vertex. */
static inline double polyhedron_radius2(const struct polyhedron *p)
{
  vector_int number;
  for (int lane = 0; lane < WIDTH; lane++)
    number[lane] = lane;
  vector most = {0.0};
  for (size_t v = 0; v < p->vertex_count; v += WIDTH) {
    const struct polyhedron_vertices *const in = &p->block[v / POLYHEDRON_BLOCK];
    const size_t first = v % POLYHEDRON_BLOCK;
    const vector x = vector_load(in->x + first), y = vector_load(in->y + first),
                 z = vector_load(in->z + first);
    const vector r2 = x * x + y * y + z * z;
    const vector_int farther = (r2 > most) & (number < (int64_t)(p->vertex_count - v));
    most = vector_select(farther, r2, most);
  }
  double radius2 = most[0];
  for (int lane = 1; lane < WIDTH; lane++)
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
    double sum[3] = {0.0, 0.0, 0.0}, from[3], to[3];
    for (size_t k = 0; k < 3; k++) {
      polyhedron_vertex(p, p->end[4 * v + k] / 4, to);
      const double *const foot = p->plane[p->face[4 * v + k + 1]].foot;
      sum[0] += to[1] * foot[2] - to[2] * foot[1];
      sum[1] += to[2] * foot[0] - to[0] * foot[2];
      sum[2] += to[0] * foot[1] - to[1] * foot[0];
    }
    polyhedron_vertex(p, v, from);
    six_volumes += from[0] * sum[0] + from[1] * sum[1] + from[2] * sum[2];
  }
  return six_volumes / 6.0;
}

#endif
