/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "face_points.h"

#include <math.h>

#include "base/vector3.h"

/* Barycentric coordinates. */
static const double TRIANGLE[TRIANGLE_POINTS][3] = {
    {2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0},
    {1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0},
    {1.0 / 6.0, 1.0 / 6.0, 2.0 / 3.0},
};

/* Of the triangle from a face's center to two corners, which are told from there. */
static void add_triangle(const double center[3], const double a[3], const double b[3], double area,
                         struct face_points *points)
{
  for (int k = 0; k < TRIANGLE_POINTS && points->count < FACE_POINTS; k++, points->count++) {
    points->weight[points->count] = area / TRIANGLE_POINTS;
    for (int d = 0; d < 3; d++)
      points->place[points->count][d] = center[d] + TRIANGLE[k][1] * a[d] + TRIANGLE[k][2] * b[d];
  }
}

/* A square, where edges aren't known. */
static void find_square(const struct mlgrain_graph *graph, const struct face_places *places,
                        size_t f, struct face_points *points)
{
  const double area = graph->area[f];
  double corner[4][3], axis[2][3];
  face_axes(graph->normal[f], axis);
  for (int k = 0; k < 4; k++)
    for (int d = 0; d < 3; d++)
      corner[k][d] =
          0.5 * sqrt(area) *
          ((k == 0 || k == 3 ? 1.0 : -1.0) * axis[0][d] + (k < 2 ? 1.0 : -1.0) * axis[1][d]);
  for (int k = 0; k < 4; k++)
    add_triangle(places->center[f], corner[k], corner[(k + 1) % 4], 0.25 * area, points);
}

static double triangle_area(const struct face_edge *edge)
{
  return 0.5 * edge->length * fmax(dot3(edge->middle, edge->outward), 0.0);
}

void face_points_find(const struct mlgrain_graph *graph, const struct face_places *places,
                      const struct face_edges *edges, size_t f, struct face_points *points)
{
  const struct face_edge *edge = edges->edge + edges->first[f];
  const size_t count = edges->first[f + 1] - edges->first[f];
  double area = 0.0;
  points->count = 0;
  for (size_t k = 0; k < count; k++)
    area += triangle_area(&edge[k]);
  if (!(area > 1e-3 * graph->area[f]) || count > FACE_TRIANGLES) {
    find_square(graph, places, f, points);
    return;
  }
  for (size_t k = 0; k < count; k++) {
    double along[3], a[3], b[3];
    cross3(graph->normal[f], edge[k].outward, along);
    for (int d = 0; d < 3; d++) {
      a[d] = edge[k].middle[d] - 0.5 * edge[k].length * along[d];
      b[d] = edge[k].middle[d] + 0.5 * edge[k].length * along[d];
    }
    add_triangle(places->center[f], a, b, triangle_area(&edge[k]) * graph->area[f] / area, points);
  }
}
