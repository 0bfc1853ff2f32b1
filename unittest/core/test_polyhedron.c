/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Polyhedra cut by planes: known ones, and that whatever is cut, however wrong the coordinates are,
   stays one closed surface with three edges at each vertex. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/simd.h"
#include "near.h"
#include "polyhedron_kernel.h"

static const int64_t origin[POLYHEDRON_BOX_FACES] = {-1, -2, -3, -4, -5, -6};

static cut_function *const cuts[MLGRAIN_SIMD_LEVELS] = {cut_v2,
#ifdef MLGRAIN_X86_64_LEVELS
                                                        cut_v3, cut_v4
#endif
};
static measure_function *const volumes[MLGRAIN_SIMD_LEVELS] = {volume_v2,
#ifdef MLGRAIN_X86_64_LEVELS
                                                               volume_v3, volume_v4
#endif
};
static measure_function *const radii2[MLGRAIN_SIMD_LEVELS] = {radius2_v2,
#ifdef MLGRAIN_X86_64_LEVELS
                                                              radius2_v3, radius2_v4
#endif
};

static enum polyhedron_cut cut(struct polyhedron *p, double x, double y, double z, double offset)
{
  const struct plane plane = {{x, y, z}, sqrt(x * x + y * y + z * z), offset, 7};
  return cuts[mlgrain_simd_best()](p, &plane);
}

static double volume(const struct polyhedron *p)
{
  return volumes[mlgrain_simd_best()](p);
}

/* Uniform in (-1, 1). */
static double uniform(uint64_t *state)
{
  *state = *state * 2862933555777941757u + 3037000493u;
  return ((double)(*state >> 11) + 0.5) * 0x1p-52 - 1.0;
}

static void make_cube(struct polyhedron *p, double half)
{
  const double low[3] = {-half, -half, -half}, high[3] = {half, half, half};
  assert_true(polyhedron_box(p, low, high, origin));
}

static double *coordinate(const struct polyhedron *p, uint32_t v, int d)
{
  struct polyhedron_vertices *block = &p->block[v / POLYHEDRON_BLOCK];
  double *const of[4] = {block->x, block->y, block->z, block->height};
  return &of[d][v % POLYHEDRON_BLOCK];
}

/* Both ends of an edge know of each other and of its faces; each face is a single ring of edges;
   the surface is in one piece, and a sphere's: vertices - edges + faces = 2. */
static void check_structure(const struct polyhedron *p)
{
  const size_t edges = 4 * p->vertex_count;
  unsigned char *seen = calloc(edges + p->plane_count, 1);
  assert_non_null(seen);
  unsigned char *const face_seen = seen + edges;
  size_t rings = 0;
  for (uint32_t v = 0; v < p->vertex_count; v++) {
    assert_int_equal(p->face[4 * v], p->face[4 * v + 3]);
    for (uint32_t edge = 4 * v; edge < 4 * v + 3; edge++) {
      const uint32_t back = p->end[edge];
      assert_true(back / 4 < p->vertex_count && (back & 3u) != 3 && back / 4 != v);
      assert_int_equal(p->end[back], edge);
      assert_int_equal(p->face[edge], p->face[back + 1]);
      assert_int_equal(p->face[edge + 1], p->face[back]);
      if (seen[edge])
        continue;
      const uint32_t face = p->face[edge + 1];
      assert_true(face < p->plane_count && !face_seen[face]++);
      rings++;
      size_t corners = 0;
      for (uint32_t at = edge; !seen[at]; at = polyhedron_next_edge(p, at), corners++) {
        assert_int_equal(p->face[at + 1], face);
        seen[at] = 1;
      }
      assert_true(corners >= 3);
    }
  }
  assert_int_equal(2 * rings, p->vertex_count + 4);
  free(seen);
}

static void a_box_is_a_box(void **state)
{
  (void)state;
  struct polyhedron p = {0};
  const double low[3] = {-1.0, -0.5, -0.25}, high[3] = {2.0, 0.5, 0.75};
  assert_true(polyhedron_box(&p, low, high, origin));
  check_structure(&p);
  assert_near(volume(&p), 3.0, 1e-14);
  assert_near(radii2[mlgrain_simd_best()](&p), 4.0 + 0.25 + 0.5625, 1e-14);
  struct polyhedron_face face[POLYHEDRON_BOX_FACES];
  polyhedron_measure_faces(&p, face);
  static const double area[3] = {1.0, 3.0, 3.0};
  for (int f = 0; f < POLYHEDRON_BOX_FACES; f++) {
    assert_int_equal(face[f].corners, 4);
    for (int d = 0; d < 3; d++)
      assert_near(face[f].area[d], d != f / 2 ? 0.0 : f % 2 ? area[d] : -area[d], 1e-14);
    assert_int_equal(p.plane[f].origin, origin[f]);
  }
  polyhedron_free(&p);
}

static void corners_edges_and_faces_are_cut_off(void **state)
{
  (void)state;
  struct polyhedron p = {0};
  make_cube(&p, 1.0);
  assert_int_equal(cut(&p, 1, 1, 1, 3.1), POLYHEDRON_MISSED);
  assert_int_equal(cut(&p, 1, 1, 1, 3.0), POLYHEDRON_MISSED); /* it touches */
  assert_int_equal(cut(&p, 1, 1, 1, 2.0), POLYHEDRON_CUT);    /* a corner of edge 1 */
  check_structure(&p);
  assert_near(volume(&p), 8.0 - 1.0 / 6.0, 1e-14);
  assert_int_equal(cut(&p, -2, -2, 0, 3.0), POLYHEDRON_CUT); /* a prism of edge 1/2 */
  check_structure(&p);
  assert_near(volume(&p), 8.0 - 1.0 / 6.0 - 0.25, 1e-14);
  assert_int_equal(cut(&p, 0, 0, 1, 0.0), POLYHEDRON_CUT); /* half of all: a face goes */
  check_structure(&p);
  assert_near(volume(&p), 4.0 - 0.125, 1e-14);
  assert_int_equal(cut(&p, 0, 0, -1, -0.5), POLYHEDRON_GONE);
  polyhedron_free(&p);
}

/* Tangents of a sphere: hundreds of faces, for which memory must grow, and the volume of a
   polyhedron around a unit sphere is a third of its surface. */
static void many_planes_are_no_trouble(void **state)
{
  (void)state;
  struct polyhedron p = {0};
  uint64_t seed = 3;
  make_cube(&p, 2.0);
  for (int i = 0; i < 3000; i++) {
    const double x = uniform(&seed), y = uniform(&seed), z = uniform(&seed);
    assert_in_range(cut(&p, x, y, z, sqrt(x * x + y * y + z * z)), POLYHEDRON_MISSED,
                    POLYHEDRON_CUT);
    if (i % 100 == 0)
      check_structure(&p);
  }
  check_structure(&p);
  assert_true(p.vertex_count > 2000);
  struct polyhedron_face *face = calloc(p.plane_count, sizeof *face);
  assert_non_null(face);
  polyhedron_measure_faces(&p, face);
  double surface = 0.0;
  for (size_t f = 0; f < p.plane_count; f++)
    surface += sqrt(face[f].area[0] * face[f].area[0] + face[f].area[1] * face[f].area[1] +
                    face[f].area[2] * face[f].area[2]);
  assert_near(volume(&p), surface / 3.0, 1e-11);
  assert_near(polyhedron_volume_of_faces(&p, face), surface / 3.0, 1e-11);
  assert_true(volume(&p) > 4.0 / 3.0 * acos(-1.0) && volume(&p) < 4.3);
  free(face);
  polyhedron_free(&p);
}

/* Planes through one point, or nearly: some cut nothing, some tiny corners; the structure holds,
   and the volume is what it is when all pass through the point. */
static void many_planes_may_meet_in_a_point(void **state)
{
  (void)state;
  uint64_t seed = 11;
  for (double noise = 1e-17; noise < 1e-8; noise *= 10.0)
    for (int repeat = 0; repeat < 20; repeat++) {
      struct polyhedron exact = {0}, p = {0};
      make_cube(&exact, 1.0);
      make_cube(&p, 1.0);
      for (int i = 0; i < 40; i++) { /* through (0, 0, 1) */
        const double x = 0.5 * uniform(&seed), y = 0.5 * uniform(&seed);
        cut(&exact, x, y, 1.0, 1.0);
        assert_in_range(cut(&p, x, y, 1.0, 1.0 + noise * uniform(&seed)), POLYHEDRON_MISSED,
                        POLYHEDRON_CUT);
        check_structure(&p);
        assert_near(volume(&p), volume(&exact), 4.0 * noise + 1e-11);
      }
      polyhedron_free(&exact);
      polyhedron_free(&p);
    }
}

/* Both ends of an edge are within rounding of the plane, one to be cut off: the new vertex is at
   the other, not far behind it. */
static void edges_along_the_plane_are_not_prolonged(void **state)
{
  (void)state;
  struct polyhedron p = {0};
  make_cube(&p, 1.0);
  const double tolerance = POLYHEDRON_TOLERANCE;
  assert_int_equal(cut(&p, 0.1 * tolerance, 0, 1, 1.0 - tolerance), POLYHEDRON_CUT);
  check_structure(&p);
  assert_near(volume(&p), 8.0, 1e-11);
  assert_near(radii2[mlgrain_simd_best()](&p), 3.0, 1e-11);
  polyhedron_free(&p);
}

/* Vertices are moved at random, so that heights contradict each other all the time. */
static void no_coordinates_break_the_structure(void **state)
{
  (void)state;
  uint64_t seed = 29;
  size_t gone = 0, made = 0;
  for (int repeat = 0; repeat < 300; repeat++) {
    struct polyhedron p = {0};
    make_cube(&p, 1.0);
    const double noise = pow(10.0, -13.0 + 13.0 * (repeat % 30) / 29.0);
    for (int i = 0; i < 60; i++) {
      const enum polyhedron_cut result =
          cut(&p, uniform(&seed), uniform(&seed), uniform(&seed), 0.3 + 0.3 * uniform(&seed));
      assert_int_not_equal(result, POLYHEDRON_NO_MEMORY);
      if (result == POLYHEDRON_GONE) {
        gone++;
        break;
      }
      check_structure(&p);
      made += result == POLYHEDRON_CUT;
      for (uint32_t v = 0; v < p.vertex_count; v++)
        for (int d = 0; d < 3; d++)
          *coordinate(&p, v, d) += noise * uniform(&seed);
    }
    polyhedron_free(&p);
  }
  assert_true(made > 2000);
  assert_true(gone < 200);
}

static uint32_t count_connected(const struct polyhedron *p, uint32_t start, double limit)
{
  uint32_t *waiting = calloc(p->vertex_count, sizeof *waiting), count = 1, left = 1;
  unsigned char *seen = calloc(p->vertex_count, 1);
  assert_true(waiting && seen);
  const int above = *coordinate(p, start, 3) > limit;
  waiting[0] = start;
  seen[start] = 1;
  while (left) {
    const uint32_t v = waiting[--left];
    for (uint32_t k = 0; k < 3; k++) {
      const uint32_t u = p->end[4 * v + k] / 4;
      if (!seen[u] && (*coordinate(p, u, 3) > limit) == above) {
        seen[u] = 1;
        waiting[left++] = u;
        count++;
      }
    }
  }
  free(waiting);
  free(seen);
  return count;
}

/* Any heights: afterwards the vertices above are in one piece, and those below are; the extremes
   are where they were. */
static void heights_are_reconciled(void **state)
{
  (void)state;
  struct polyhedron p = {0};
  uint64_t seed = 5;
  make_cube(&p, 2.0);
  for (int i = 0; i < 60; i++) {
    const double x = uniform(&seed), y = uniform(&seed), z = uniform(&seed);
    cut(&p, x, y, z, sqrt(x * x + y * y + z * z));
  }
  for (int repeat = 0; repeat < 1000; repeat++) {
    const double limit = 1e-3, shift = 0.9 * uniform(&seed);
    uint32_t highest = 0, lowest = 0, above = 0;
    for (uint32_t v = 0; v < p.vertex_count; v++) {
      *coordinate(&p, v, 3) = uniform(&seed) + shift;
      highest = *coordinate(&p, v, 3) > *coordinate(&p, highest, 3) ? v : highest;
      lowest = *coordinate(&p, v, 3) < *coordinate(&p, lowest, 3) ? v : lowest;
    }
    if (*coordinate(&p, highest, 3) <= limit || *coordinate(&p, lowest, 3) > limit)
      continue;
    polyhedron_reconcile(&p, limit);
    for (uint32_t v = 0; v < p.vertex_count; v++) {
      const unsigned is_above = *coordinate(&p, v, 3) > limit;
      above += is_above;
      assert_int_equal(p.above[v / 64] >> (v % 64) & 1u, is_above);
    }
    assert_true(*coordinate(&p, highest, 3) > limit && !(*coordinate(&p, lowest, 3) > limit));
    assert_int_equal(count_connected(&p, highest, limit), above);
    assert_int_equal(count_connected(&p, lowest, limit), p.vertex_count - above);
  }
  polyhedron_free(&p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_box_is_a_box),
      cmocka_unit_test(corners_edges_and_faces_are_cut_off),
      cmocka_unit_test(many_planes_are_no_trouble),
      cmocka_unit_test(many_planes_may_meet_in_a_point),
      cmocka_unit_test(edges_along_the_plane_are_not_prolonged),
      cmocka_unit_test(no_coordinates_break_the_structure),
      cmocka_unit_test(heights_are_reconciled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
