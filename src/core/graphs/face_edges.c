/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "face_edges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "graph.h"

/* ---- places -------------------------------------------------------------------------------------
 */

enum mlgrain_status face_places_create(const struct mlgrain_graph *graph, const double (*span)[3],
                                       struct face_places *places, struct mlgrain_error *error)
{
  *places = (struct face_places){.span = span};
  places->center = malloc((graph->faces + 1) * sizeof *places->center);
  places->layer = malloc((graph->faces + 1) * sizeof *places->layer);
  if (!places->center || !places->layer) {
    face_places_free(places);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu faces", graph->faces);
  }
  for (size_t f = 0; f < graph->faces; f++) {
    for (int d = 0; d < 3; d++)
      places->center[f][d] = graph->center ? graph->center[f][d] : 0.5 * span[f][d];
    const double distance = fmax(dot3(span[f], graph->normal[f]), 1e-3 * norm3(span[f]));
    places->layer[f] = fmin(graph_thickness(graph, f), 0.9 * distance);
  }
  return MLGRAIN_SUCCESS;
}

void face_places_free(struct face_places *places)
{
  free(places->center);
  free(places->layer);
  *places = (struct face_places){0};
}

/* ---- sides --------------------------------------------------------------------------------------
 */

/* A face as a grain sees it. */
struct side {
  size_t face;
  int is_second; /* the grain is the second of the face's pair */
  int64_t neighbor;
  double span[3], center[3], normal[3]; /* outwards, from the grain's center */
};

/* An edge before lines have numbers: of three faces, ascending. */
struct found {
  size_t face[3];
  size_t owner; /* the face whose edge it is */
  struct face_edge edge;
};

struct search {
  const struct mlgrain_graph *graph;
  const struct face_places *places;
  size_t *first; /* [grains + 1] sides of grain g: side[first[g]] .. */
  struct side *side;
  struct found *found;
  size_t count, room;
};

static int sides_create(struct search *search)
{
  const struct mlgrain_graph *graph = search->graph;
  search->first = calloc(graph->grains + 2, sizeof *search->first);
  search->side = calloc(2 * graph->faces + 1, sizeof *search->side);
  if (!search->first || !search->side)
    return 0;
  for (size_t f = 0; f < graph->faces; f++)
    for (int second = 0; second < 2; second++)
      search->first[graph->pair[f][second] + 2]++;
  for (size_t g = 0; g < graph->grains; g++)
    search->first[g + 2] += search->first[g + 1];
  for (size_t f = 0; f < graph->faces; f++)
    for (int second = 0; second < 2; second++) {
      struct side *side = &search->side[search->first[graph->pair[f][second] + 1]++];
      const double sign = second ? -1.0 : 1.0;
      side->face = f;
      side->is_second = second;
      side->neighbor = graph->pair[f][!second];
      for (int d = 0; d < 3; d++) {
        side->span[d] = sign * search->places->span[f][d];
        side->normal[d] = sign * graph->normal[f][d];
        side->center[d] =
            search->places->center[f][d] - (second ? search->places->span[f][d] : 0.0);
      }
    }
  return 1;
}

/* ---- polygons -----------------------------------------------------------------------------------
 */

enum { MOST_CORNERS = 96 };

/* In the plane of a face, around its center. Edge k is from corner k to the next. */
struct polygon {
  int corners;
  double corner[MOST_CORNERS][2];
  int edge[MOST_CORNERS]; /* a number for what is beyond it; -1: nothing that is known */
};

static void square(double half, struct polygon *polygon)
{
  polygon->corners = 4;
  for (int k = 0; k < 4; k++) {
    polygon->corner[k][0] = k == 1 || k == 2 ? half : -half;
    polygon->corner[k][1] = k >= 2 ? half : -half;
    polygon->edge[k] = -1;
  }
}

/* Keeps the part where a.x <= limit; `edge` is what is beyond that. */
static void clip(struct polygon *polygon, const double a[2], double limit, int edge)
{
  struct polygon left;
  left.corners = 0;
  for (int k = 0; k < polygon->corners && left.corners + 2 < MOST_CORNERS; k++) {
    const double *x = polygon->corner[k], *y = polygon->corner[(k + 1) % polygon->corners];
    const double here = a[0] * x[0] + a[1] * x[1] - limit;
    const double there = a[0] * y[0] + a[1] * y[1] - limit;
    if (here <= 0.0) {
      memcpy(left.corner[left.corners], x, sizeof left.corner[0]);
      left.edge[left.corners++] = polygon->edge[k];
    }
    if ((here <= 0.0) != (there <= 0.0)) {
      const double part = here / (here - there);
      for (int d = 0; d < 2; d++)
        left.corner[left.corners][d] = x[d] + part * (y[d] - x[d]);
      left.edge[left.corners++] = here <= 0.0 ? edge : polygon->edge[k];
    }
  }
  polygon->corners = left.corners;
  memcpy(polygon->corner, left.corner, (size_t)left.corners * sizeof left.corner[0]);
  memcpy(polygon->edge, left.edge, (size_t)left.corners * sizeof left.edge[0]);
}

static double area_of(const struct polygon *polygon)
{
  double twice = 0.0;
  for (int k = 0; k < polygon->corners; k++) {
    const double *x = polygon->corner[k], *y = polygon->corner[(k + 1) % polygon->corners];
    twice += x[0] * y[1] - x[1] * y[0];
  }
  return 0.5 * twice;
}

void face_axes(const double n[3], double axis[2][3])
{
  const int least = fabs(n[0]) <= fabs(n[1]) ? (fabs(n[0]) <= fabs(n[2]) ? 0 : 2)
                                             : (fabs(n[1]) <= fabs(n[2]) ? 1 : 2);
  const double unit[3] = {least == 0, least == 1, least == 2};
  cross3(n, unit, axis[0]);
  const double length = norm3(axis[0]);
  for (int d = 0; d < 3; d++)
    axis[0][d] /= length;
  cross3(n, axis[0], axis[1]);
}

/* ---- edges of a face ----------------------------------------------------------------------------
 */

enum { MOST_BESIDE = 128 };

/* Planes that leave less of a face than this part, or more than one over it, aren't its edges. */
static const double LEAST_LEFT = 0.05;

/* What is beside a face: pairs of sides, one of each of its grains. */
struct beside {
  const struct side *of_first, *of_second;
  double shift[3];
  size_t face[3];
};

static void sort_three(size_t x[3])
{
  for (int pass = 0; pass < 2; pass++)
    for (int k = 0; k < 2; k++)
      if (x[k] > x[k + 1]) {
        const size_t other = x[k];
        x[k] = x[k + 1];
        x[k + 1] = other;
      }
}

static double apart(const double a[3], const double b[3])
{
  double most = 0.0;
  for (int d = 0; d < 3; d++)
    most = fmax(most, fabs(a[d] - b[d]));
  return most;
}

/* Each side leads to the grain's own image, by the same vector and through the same plane, as at
   the ends of columns: the face goes on there. */
static int goes_on(const struct search *search, size_t f, const struct side *one,
                   const struct side *other)
{
  const int64_t *pair = search->graph->pair[f];
  const double *span = search->places->span[f];
  const double near = 1e-6 * norm3(one->span);
  if (one->neighbor != pair[0] || other->neighbor != pair[1] ||
      apart(one->span, other->span) > near)
    return 0;
  const double from[3] = {span[0] + other->center[0] - one->center[0],
                          span[1] + other->center[1] - one->center[1],
                          span[2] + other->center[2] - one->center[2]};
  return fabs(dot3(from, one->normal)) < near && fabs(dot3(from, other->normal)) < near;
}

/* The third grain is behind both sides. */
static int meet(const struct search *search, size_t f, const struct side *one,
                const struct side *other)
{
  const double *span = search->places->span[f];
  const double to[3] = {span[0] + other->span[0], span[1] + other->span[1],
                        span[2] + other->span[2]};
  return one->neighbor == other->neighbor && apart(to, one->span) < 1e-6 * norm3(span);
}

/* The line's potential is told in the frame of the first grain of the lowest of its faces. */
static void set_shift(const struct search *search, size_t f, struct beside *beside)
{
  const struct side *one = beside->of_first, *other = beside->of_second;
  memset(beside->shift, 0, sizeof beside->shift);
  const size_t lowest = beside->face[0];
  if (lowest == one->face || goes_on(search, f, one, other)) {
    if (one->is_second)
      memcpy(beside->shift, one->span, sizeof beside->shift);
  } else if (lowest == other->face) {
    const double *to = other->is_second ? one->span : search->places->span[f];
    memcpy(beside->shift, to, sizeof beside->shift);
  }
}

static int find_beside(const struct search *search, size_t f, struct beside *beside)
{
  const int64_t *pair = search->graph->pair[f];
  int count = 0;
  for (size_t a = search->first[pair[0]]; a < search->first[pair[0] + 1]; a++)
    for (size_t b = search->first[pair[1]]; b < search->first[pair[1] + 1]; b++) {
      const struct side *one = &search->side[a], *other = &search->side[b];
      if (one->face == f || other->face == f || count == MOST_BESIDE ||
          (!meet(search, f, one, other) && !goes_on(search, f, one, other)))
        continue;
      struct beside *next = &beside[count++];
      *next = (struct beside){one, other, {0.0}, {f, one->face, other->face}};
      sort_three(next->face);
      set_shift(search, f, next);
    }
  return count;
}

/* Cuts the polygon by the plane of a side, whose center is at `at` from the grain's. */
static void clip_by(const struct search *search, size_t f, const struct side *side,
                    const double *grain, const double axis[2][3], int edge, struct polygon *polygon)
{
  double to[3], a[2];
  for (int d = 0; d < 3; d++)
    to[d] = (grain ? grain[d] : 0.0) + side->center[d] - search->places->center[f][d];
  for (int k = 0; k < 2; k++)
    a[k] = dot3(side->normal, axis[k]);
  const double slope = hypot(a[0], a[1]);
  /* Where centers are guessed, that of the face may be behind the plane. */
  const double least = search->graph->center ? 0.0 : 0.02 * sqrt(search->graph->area[f]) * slope;
  if (slope > 1e-9)
    clip(polygon, a, fmax(dot3(side->normal, to), least), edge);
}

static int keep(struct search *search, const struct found *found)
{
  if (search->count == search->room) {
    const size_t room = 2 * search->room + 64;
    struct found *larger = realloc(search->found, room * sizeof *larger);
    if (!larger)
      return 0;
    search->found = larger;
    search->room = room;
  }
  search->found[search->count++] = *found;
  return 1;
}

/* What of the polygon is one edge: both grains' planes may each be a part of it. */
static void add_edge(const struct polygon *polygon, int number, double scale,
                     const double axis[2][3], struct face_edge *edge)
{
  double normal[3] = {0.0};
  for (int k = 0; k < polygon->corners; k++) {
    const double *x = polygon->corner[k], *y = polygon->corner[(k + 1) % polygon->corners];
    const double along[2] = {scale * (y[0] - x[0]), scale * (y[1] - x[1])};
    const double length = hypot(along[0], along[1]);
    if (polygon->edge[k] != number)
      continue;
    edge->length += length;
    for (int d = 0; d < 3; d++) {
      normal[d] += along[1] * axis[0][d] - along[0] * axis[1][d];
      edge->middle[d] +=
          length * scale * 0.5 * ((x[0] + y[0]) * axis[0][d] + (x[1] + y[1]) * axis[1][d]);
    }
  }
  const double sum = norm3(normal);
  for (int d = 0; d < 3 && sum > 0.0; d++) {
    edge->outward[d] = normal[d] / sum;
    edge->middle[d] /= edge->length;
  }
}

static int keep_edges(struct search *search, size_t f, const struct beside *beside, int count,
                      const double axis[2][3], const struct polygon *polygon)
{
  const double size = sqrt(search->graph->area[f]), area = area_of(polygon);
  const double scale = area > 0.0 ? size / sqrt(area) : 0.0;
  for (int k = 0; k < count; k++) {
    struct found found = {.owner = f};
    memcpy(found.face, beside[k].face, sizeof found.face);
    memcpy(found.edge.shift, beside[k].shift, sizeof beside[k].shift);
    add_edge(polygon, k, scale, axis, &found.edge);
    if (found.edge.length > 1e-6 * size && !keep(search, &found))
      return 0;
  }
  return 1;
}

/* What the planes beside leave of a square. */
static void cut_square(const struct search *search, size_t f, const struct beside *beside,
                       int count, double half, const double axis[2][3], struct polygon *polygon)
{
  square(half, polygon);
  for (int k = 0; k < count; k++) {
    clip_by(search, f, beside[k].of_first, NULL, axis, k, polygon);
    clip_by(search, f, beside[k].of_second, search->places->span[f], axis, k, polygon);
  }
}

static int is_open(const struct polygon *polygon)
{
  for (int k = 0; k < polygon->corners; k++)
    if (polygon->edge[k] < 0)
      return 1;
  return 0;
}

/* Where faces aren't those of a tessellation, planes beside may leave a side open. The face ends
   there so that its area is right. */
static void make_polygon(const struct search *search, size_t f, const struct beside *beside,
                         int count, const double axis[2][3], struct polygon *polygon)
{
  const double area = search->graph->area[f];
  double least = 0.0, most = 100.0 * sqrt(area);
  cut_square(search, f, beside, count, most, axis, polygon);
  for (int pass = 0; is_open(polygon) && pass < 30; pass++) {
    const double half = 0.5 * (least + most);
    cut_square(search, f, beside, count, half, axis, polygon);
    *(area_of(polygon) > area ? &most : &least) = half;
  }
}

/* Where planes say nothing, as of bent faces: edges halfway to the faces beside, seen in the plane.
 */
static void guess_polygon(const struct search *search, size_t f, const struct beside *beside,
                          int count, const double axis[2][3], struct polygon *polygon)
{
  const double *span = search->places->span[f], *center = search->places->center[f];
  square(sqrt(search->graph->area[f]), polygon);
  for (int k = 0; k < count; k++) {
    double to[3], a[2];
    for (int d = 0; d < 3; d++)
      to[d] = 0.5 * (beside[k].of_first->center[d] + span[d] + beside[k].of_second->center[d]) -
              center[d];
    for (int i = 0; i < 2; i++)
      a[i] = dot3(to, axis[i]);
    clip(polygon, a, 0.5 * (a[0] * a[0] + a[1] * a[1]), k);
  }
}

static int edges_of_face(struct search *search, size_t f)
{
  struct beside beside[MOST_BESIDE];
  struct polygon polygon;
  double axis[2][3];
  if (!graph_is_boundary(search->graph, f) || !(search->graph->area[f] > 0.0))
    return 1;
  const int count = find_beside(search, f, beside);
  face_axes(search->graph->normal[f], axis);
  make_polygon(search, f, beside, count, (const double(*)[3])axis, &polygon);
  const double part = area_of(&polygon) / search->graph->area[f];
  if (!(part > LEAST_LEFT && part < 1.0 / LEAST_LEFT))
    guess_polygon(search, f, beside, count, (const double(*)[3])axis, &polygon);
  return keep_edges(search, f, beside, count, (const double(*)[3])axis, &polygon);
}

/* ---- lines --------------------------------------------------------------------------------------
 */

static int by_line(const void *a, const void *b)
{
  const struct found *one = a, *other = b;
  for (int k = 0; k < 3; k++)
    if (one->face[k] != other->face[k])
      return one->face[k] < other->face[k] ? -1 : 1;
  return 0;
}

static size_t number_lines(struct found *found, size_t count)
{
  size_t lines = 0;
  qsort(found, count, sizeof *found, by_line);
  for (size_t k = 0; k < count; k++) {
    lines += k == 0 || by_line(&found[k - 1], &found[k]) != 0;
    found[k].edge.line = lines - 1;
  }
  return lines;
}

static int sort_into(const struct search *search, struct face_edges *edges)
{
  const size_t faces = search->graph->faces;
  edges->first = calloc(faces + 2, sizeof *edges->first);
  edges->edge = malloc((search->count + 1) * sizeof *edges->edge);
  if (!edges->first || !edges->edge)
    return 0;
  for (size_t k = 0; k < search->count; k++)
    edges->first[search->found[k].owner + 2]++;
  for (size_t f = 0; f < faces; f++)
    edges->first[f + 2] += edges->first[f + 1];
  for (size_t k = 0; k < search->count; k++)
    edges->edge[edges->first[search->found[k].owner + 1]++] = search->found[k].edge;
  return 1;
}

void face_edges_free(struct face_edges *edges)
{
  free(edges->first);
  free(edges->edge);
  *edges = (struct face_edges){0};
}

enum mlgrain_status face_edges_create(const struct mlgrain_graph *graph,
                                      const struct face_places *places, struct face_edges *edges,
                                      struct mlgrain_error *error)
{
  struct search search = {.graph = graph, .places = places};
  *edges = (struct face_edges){0};
  int is_fine = sides_create(&search);
  for (size_t f = 0; is_fine && f < graph->faces; f++)
    is_fine = edges_of_face(&search, f);
  if (is_fine) {
    edges->lines = search.count ? number_lines(search.found, search.count) : 0;
    is_fine = sort_into(&search, edges);
  }
  free(search.first);
  free(search.side);
  free(search.found);
  if (is_fine)
    return MLGRAIN_SUCCESS;
  face_edges_free(edges);
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for the edges of %zu faces",
                      graph->faces);
}
