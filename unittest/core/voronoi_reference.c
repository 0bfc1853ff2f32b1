/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "voronoi_reference.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Far more digits than what is tested, where long double has them. */
typedef long double real;

enum { MOST_CORNERS = 200, MOST_POLYGONS = 400 };

#define NO_ORIGIN SIZE_MAX

struct polygon {
  size_t origin; /* a point, or n + half-space; NO_ORIGIN: of the cube */
  int count;
  real corner[MOST_CORNERS][3];
};

struct polyhedron {
  int count;
  struct polygon polygon[MOST_POLYGONS];
};

static real dot(const real a[3], const real b[3])
{
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(const real a[3], const real b[3], real c[3])
{
  for (int d = 0; d < 3; d++)
    c[d] = a[(d + 1) % 3] * b[(d + 2) % 3] - a[(d + 2) % 3] * b[(d + 1) % 3];
}

static void add_corner(struct polygon *polygon, const real x[3])
{
  if (polygon->count == MOST_CORNERS)
    abort();
  memcpy(polygon->corner[polygon->count++], x, 3 * sizeof(real));
}

/* Half the sum of cross products of successive corners: the area along the normal. */
static void area_vector(const struct polygon *polygon, real area[3])
{
  area[0] = area[1] = area[2] = 0.0;
  for (int i = 1; i + 1 < polygon->count; i++) {
    real u[3], v[3], c[3];
    for (int d = 0; d < 3; d++) {
      u[d] = polygon->corner[i][d] - polygon->corner[0][d];
      v[d] = polygon->corner[i + 1][d] - polygon->corner[0][d];
    }
    cross(u, v, c);
    for (int d = 0; d < 3; d++)
      area[d] += c[d] / 2;
  }
}

static void make_cube(struct polyhedron *cell, real half)
{
  cell->count = 0;
  for (int d = 0; d < 3; d++)
    for (int side = -1; side <= 1; side += 2) {
      struct polygon *face = &cell->polygon[cell->count++];
      face->origin = NO_ORIGIN;
      face->count = 0;
      static const int turn[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
      for (int i = 0; i < 4; i++) {
        real x[3];
        x[d] = side * half;
        x[(d + 1) % 3] = side * turn[i][0] * half;
        x[(d + 2) % 3] = turn[i][1] * half;
        add_corner(face, x);
      }
    }
}

/* The part of a polygon with normal . x <= offset; the ends of its new edge go to `rim`. */
static void clip_polygon(struct polygon *polygon, const real normal[3], real offset,
                         struct polygon *rim)
{
  const struct polygon old = *polygon;
  polygon->count = 0;
  for (int i = 0; i < old.count; i++) {
    const real *a = old.corner[i], *b = old.corner[(i + 1) % old.count];
    const real ha = dot(normal, a) - offset, hb = dot(normal, b) - offset;
    if (ha <= 0.0)
      add_corner(polygon, a);
    if ((ha <= 0.0) != (hb <= 0.0)) {
      real x[3];
      for (int d = 0; d < 3; d++)
        x[d] = a[d] + (b[d] - a[d]) * (ha / (ha - hb));
      add_corner(polygon, x);
      add_corner(rim, x);
    }
  }
}

static real angle_of(const real x[3], const real middle[3], const real u[3], const real v[3])
{
  const real r[3] = {x[0] - middle[0], x[1] - middle[1], x[2] - middle[2]};
  return atan2l(dot(r, v), dot(r, u));
}

/* Puts corners that lie in one plane in order around the normal. */
static void order_corners(struct polygon *polygon, const real normal[3])
{
  real middle[3] = {0.0, 0.0, 0.0}, u[3], v[3];
  for (int i = 0; i < polygon->count; i++)
    for (int d = 0; d < 3; d++)
      middle[d] += polygon->corner[i][d] / polygon->count;
  const real axis[3] = {fabsl(normal[0]) < 0.6, fabsl(normal[0]) >= 0.6, 0.0};
  cross(normal, axis, u);
  cross(normal, u, v);
  const real scale = sqrtl(dot(u, u) / dot(v, v));
  for (int d = 0; d < 3; d++)
    v[d] *= scale;
  for (int i = 1; i < polygon->count; i++) /* insertion sort */
    for (int j = i; j > 0 && angle_of(polygon->corner[j - 1], middle, u, v) >
                                 angle_of(polygon->corner[j], middle, u, v);
         j--) {
      real x[3];
      memcpy(x, polygon->corner[j], sizeof x);
      memcpy(polygon->corner[j], polygon->corner[j - 1], sizeof x);
      memcpy(polygon->corner[j - 1], x, sizeof x);
    }
}

static void clip(struct polyhedron *cell, const real normal[3], real offset, size_t origin)
{
  static struct polygon rim;
  rim.origin = origin;
  rim.count = 0;
  int kept = 0;
  for (int f = 0; f < cell->count; f++) {
    clip_polygon(&cell->polygon[f], normal, offset, &rim);
    if (cell->polygon[f].count >= 3)
      cell->polygon[kept++] = cell->polygon[f];
  }
  cell->count = kept;
  if (rim.count < 3)
    return;
  if (kept == MOST_POLYGONS)
    abort();
  order_corners(&rim, normal);
  cell->polygon[cell->count++] = rim;
}

static struct voronoi_reference_cell measure(const struct polyhedron *cell)
{
  struct voronoi_reference_cell result = {0.0, 0.0, 0};
  real volume = 0.0;
  for (int f = 0; f < cell->count; f++) {
    const struct polygon *face = &cell->polygon[f];
    real area[3];
    area_vector(face, area);
    volume += dot(area, face->corner[0]) / 3.0;
    for (int i = 0; i < face->count; i++)
      result.radius = fmax(result.radius, (double)sqrtl(dot(face->corner[i], face->corner[i])));
  }
  for (int f = 0; f < cell->count; f++) {
    real area[3];
    area_vector(&cell->polygon[f], area);
    if (sqrtl(dot(area, area)) > 1e-9 * result.radius * result.radius)
      result.faces++;
  }
  result.volume = (double)volume;
  return result;
}

static void add_areas(const struct polyhedron *cell, double *area)
{
  for (int f = 0; f < cell->count; f++)
    if (cell->polygon[f].origin != NO_ORIGIN) {
      real vector[3];
      area_vector(&cell->polygon[f], vector);
      area[cell->polygon[f].origin] += (double)sqrtl(dot(vector, vector));
    }
}

struct voronoi_reference_cell voronoi_reference(size_t n, const double (*x)[3], size_t center,
                                                double cutoff, int planes, const double (*plane)[4],
                                                double *area)
{
  static struct polyhedron cell;
  make_cube(&cell, cutoff / 2);
  for (int w = 0; w < planes; w++) {
    const real normal[3] = {plane[w][0], plane[w][1], plane[w][2]};
    const real from[3] = {x[center][0], x[center][1], x[center][2]};
    clip(&cell, normal, plane[w][3] - dot(normal, from), n + (size_t)w);
  }
  for (size_t j = 0; j < n; j++) {
    real d[3];
    for (int k = 0; k < 3; k++)
      d[k] = (real)x[j][k] - x[center][k];
    const real r2 = dot(d, d);
    if (j != center && r2 < cutoff * cutoff)
      clip(&cell, d, r2 / 2, j);
  }
  if (area) {
    memset(area, 0, (n + (size_t)planes) * sizeof *area);
    add_areas(&cell, area);
  }
  return measure(&cell);
}
