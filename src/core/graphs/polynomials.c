/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "polynomials.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/inner_product.h"
#include "base/vector3.h"
#include "face_points.h"
#include "gradients.h"
#include "graph.h"
#include "harmonics.h"
#include "matrices.h"

static const double TOLERANCE = 1e-5; /* of the energy */
static const double JOINED = 20.0; /* conductance of a face without a boundary, over that of grains
                                      as thick as its span */

typedef double block[HARMONICS][HARMONICS];
typedef double row[HARMONICS];

/* Harmonic polynomials of y = map (x - origin), with which grad u.K grad v is strength times the
   product of gradients by y. */
struct grain {
  double origin[3]; /* from its center */
  double map[3][3];
  double strength;
  double area;  /* of its faces */
  double cones; /* volume of the cones from its faces, before they are scaled */
  double half;  /* volume of its half of boundaries */
};

/* A boundary's energy is sum_r (field_r + first_r + second_r)^2, what a field and both sides'
   polynomials do to differences across it and gradients along it. */
struct rows {
  int count;
  double field[3 * FACE_POINTS][3];
  row side[2][3 * FACE_POINTS];
};

struct system {
  const struct mlgrain_graph *graph;
  const struct face_places *places;
  const struct face_edges *edges;
  double volume;
  struct grain *grain; /* [grains] */
  block *inner, *own;  /* [grains] energies of cones; of all, then their Cholesky factors */
  block *between;      /* [faces] */
  struct rows *rows;   /* of the face at hand, or a cone's gradients and these times weights */
  row (*load)[3];      /* [grains] minus derivatives of the energy under a field along each axis */
  double uniform[9];   /* energy of uniform fields */
  size_t count;        /* of polynomials in use */
  double *potential[3], *residual[3], *direction, *product, *ones; /* [grains count] */
};

static double at_least(double x, double least)
{
  return x > least ? x : least;
}

/* ---- grains -------------------------------------------------------------------------------------
 */

static double root_of(double x)
{
  return 1.0 / sqrt(x);
}

/* From the center of a face's first or second grain. */
static void seen_from(const struct system *system, size_t f, int second, double x[3])
{
  for (int d = 0; d < 3; d++)
    x[d] = system->places->center[f][d] - (second ? system->places->span[f][d] : 0.0);
}

static void set_origins(struct system *system)
{
  const struct mlgrain_graph *graph = system->graph;
  for (size_t f = 0; f < graph->faces; f++)
    for (int second = 0; second < 2; second++) {
      struct grain *grain = &system->grain[graph->pair[f][second]];
      double x[3];
      seen_from(system, f, second, x);
      grain->area += graph->area[f];
      for (int d = 0; d < 3; d++)
        grain->origin[d] += graph->area[f] * x[d];
    }
  for (size_t g = 0; g < graph->grains; g++)
    for (int d = 0; d < 3 && system->grain[g].area > 0.0; d++)
      system->grain[g].origin[d] /= system->grain[g].area;
}

static void set_maps(struct system *system)
{
  const struct mlgrain_graph *graph = system->graph;
  for (size_t g = 0; g < graph->grains; g++) {
    struct grain *grain = &system->grain[g];
    const double *tensor = graph->tensor + 9 * g;
    const double mean = (tensor[0] + tensor[4] + tensor[8]) / 3.0;
    const double size = cbrt(at_least(graph->volume[g], 1e-12 * system->volume));
    double root[9];
    matrix_function(3, tensor, root_of, root);
    for (int k = 0; k < 9; k++)
      grain->map[k / 3][k % 3] = root[k] * sqrt(mean) / size;
    grain->strength = mean / (size * size);
  }
}

/* A cone: from the grain's center to a face less half of the boundary. */
struct cone {
  double height; /* of the whole */
  double scale;  /* of what is without boundary */
};

static struct cone cone_of(const struct system *system, size_t f, int second)
{
  const struct mlgrain_graph *graph = system->graph;
  const size_t g = (size_t)graph->pair[f][second];
  double x[3];
  seen_from(system, f, second, x);
  for (int d = 0; d < 3; d++)
    x[d] -= system->grain[g].origin[d];
  const double distance = dot3(x, graph->normal[f]) * (second ? -1.0 : 1.0);
  const double height = at_least(distance, 0.05 * cbrt(graph->volume[g]));
  const double without = height - 0.5 * system->places->layer[f];
  return (struct cone){height, height > 0.0 ? at_least(without / height, 0.1) : 0.0};
}

static void measure_cones(struct system *system)
{
  const struct mlgrain_graph *graph = system->graph;
  for (size_t f = 0; f < graph->faces; f++)
    for (int second = 0; second < 2; second++) {
      struct grain *grain = &system->grain[graph->pair[f][second]];
      const struct cone cone = cone_of(system, f, second);
      grain->cones += graph->area[f] * cone.height * cone.scale * cone.scale * cone.scale / 3.0;
      grain->half += 0.5 * system->places->layer[f] * graph->area[f];
    }
}

/* What the energy of cones is multiplied by, so that they have the volume of the grain without its
   boundaries. */
static double part_of(const struct system *system, size_t g)
{
  const struct grain *grain = &system->grain[g];
  const double volume = system->graph->volume[g];
  const double core = at_least(volume - grain->half, 0.02 * volume);
  return grain->cones > 0.0 ? core / grain->cones : 0.0;
}

/* ---- a face -------------------------------------------------------------------------------------
 */

/* matrix += A^T B */
static void add_products(int rows, const row *a, const row *b, block matrix)
{
  for (int i = 0; i < HARMONICS; i++) {
    row sum;
    memcpy(sum, matrix[i], sizeof sum);
    for (int r = 0; r < rows; r++)
      for (int j = 0; j < HARMONICS; j++)
        sum[j] += a[r][i] * b[r][j];
    memcpy(matrix[i], sum, sizeof sum);
  }
}

static void add_cone(struct system *system, size_t f, int second, const struct face_points *points)
{
  const size_t g = (size_t)system->graph->pair[f][second];
  const struct grain *grain = &system->grain[g];
  const struct cone cone = cone_of(system, f, second);
  const double *K = system->graph->tensor + 9 * g;
  const double part = part_of(system, g) * cone.height * cone.scale * cone.scale * cone.scale;
  row *gradient = system->rows->side[0], *weighed = system->rows->side[1], value;
  double flux[3][3];
  for (int axis = 0; axis < 3; axis++)
    apply3(grain->map, K + 3 * axis, flux[axis]);
  for (int p = 0; p < points->count; p++) {
    const double weight = part * points->weight[p];
    double from[3], y[3];
    for (int d = 0; d < 3; d++)
      from[d] = cone.scale * (points->place[p][d] - (second ? system->places->span[f][d] : 0.0) -
                              grain->origin[d]);
    apply3(grain->map, from, y);
    harmonics_find(y, value, gradient + 3 * p);
    for (int d = 0; d < 3; d++)
      for (int k = 0; k < HARMONICS; k++)
        weighed[3 * p + d][k] = weight * gradient[3 * p + d][k];
    for (int d = 0; d < 9; d++)
      system->uniform[d] += weight * K[d] / 3.0;
  }
  add_products(3 * points->count, weighed, gradient, system->inner[g]);
  for (int axis = 0; axis < 3; axis++)
    for (int r = 0; r < 3 * points->count; r++)
      for (int k = 1; k < HARMONICS; k++)
        system->load[g][axis][k] -= flux[axis][r % 3] * weighed[r][k] / (HARMONIC_DEGREE[k] + 2);
}

/* Roots of what a boundary conducts: of n.k n/t, and of t times the tensor in its plane, along two
   axes; L of L L^T. */
struct layer {
  double thickness, across, axis[2][3], along[2][2];
};

static struct layer layer_of(const struct system *system, size_t f)
{
  const struct mlgrain_graph *graph = system->graph;
  const double *n = graph->normal[f], *k = graph->boundary + 9 * f, t = system->places->layer[f];
  struct layer layer = {.thickness = t};
  face_axes(n, layer.axis);
  if (!(t > 0.0)) { /* grains that are joined */
    const double one = graph_along(graph->tensor + 9 * graph->pair[f][0], n),
                 other = graph_along(graph->tensor + 9 * graph->pair[f][1], n);
    layer.across =
        sqrt(JOINED * fmax(one, other) / at_least(norm3(system->places->span[f]), 1e-300));
    return layer;
  }
  layer.across = sqrt(graph_along(k, n) / t);
  double flux[3];
  apply3((const double(*)[3])k, layer.axis[0], flux);
  layer.along[0][0] = sqrt(t * dot3(layer.axis[0], flux));
  layer.along[1][0] = t * dot3(layer.axis[1], flux) / layer.along[0][0];
  layer.along[1][1] = sqrt(
      at_least(t * graph_along(k, layer.axis[1]) - layer.along[1][0] * layer.along[1][0], 0.0));
  return layer;
}

static void see_side(const struct system *system, size_t f, int second, const struct layer *layer,
                     const double place[3], double weight, row to[3])
{
  const struct grain *grain = &system->grain[system->graph->pair[f][second]];
  const double *n = system->graph->normal[f], sign = second ? 1.0 : -1.0;
  double from[3], y[3], axis[2][3];
  row by_y[3];
  for (int d = 0; d < 3; d++)
    from[d] = place[d] + sign * 0.5 * layer->thickness * n[d] -
              (second ? system->places->span[f][d] : 0.0) - grain->origin[d];
  apply3(grain->map, from, y);
  harmonics_find(y, to[0], by_y);
  for (int k = 0; k < HARMONICS; k++)
    to[0][k] *= sign * weight * layer->across;
  for (int a = 0; a < 2; a++)
    apply3(grain->map, layer->axis[a], axis[a]);
  for (int k = 0; k < HARMONICS; k++) {
    double along[2];
    for (int a = 0; a < 2; a++)
      along[a] = 0.5 * weight *
                 (axis[a][0] * by_y[0][k] + axis[a][1] * by_y[1][k] + axis[a][2] * by_y[2][k]);
    to[1][k] = layer->along[0][0] * along[0] + layer->along[1][0] * along[1];
    to[2][k] = layer->along[1][1] * along[1];
  }
}

static void find_rows(const struct system *system, size_t f, const struct face_points *points,
                      struct rows *rows)
{
  const struct layer layer = layer_of(system, f);
  const double *n = system->graph->normal[f];
  rows->count = 3 * points->count;
  for (int p = 0; p < points->count; p++) {
    const double weight = sqrt(points->weight[p]);
    for (int second = 0; second < 2; second++)
      see_side(system, f, second, &layer, points->place[p], weight, rows->side[second] + 3 * p);
    double(*field)[3] = rows->field + 3 * p;
    for (int d = 0; d < 3; d++) {
      field[0][d] = weight * layer.across * layer.thickness * n[d];
      field[1][d] =
          weight * (layer.along[0][0] * layer.axis[0][d] + layer.along[1][0] * layer.axis[1][d]);
      field[2][d] = weight * layer.along[1][1] * layer.axis[1][d];
    }
  }
}

static void add_loads(const struct rows *rows, int second, row load[3])
{
  for (int r = 0; r < rows->count; r++)
    for (int axis = 0; axis < 3; axis++)
      for (int k = 0; k < HARMONICS; k++)
        load[axis][k] -= rows->field[r][axis] * rows->side[second][r][k];
}

static void add_layer(struct system *system, size_t f, const struct face_points *points)
{
  const int64_t *pair = system->graph->pair[f];
  struct rows *rows = system->rows;
  find_rows(system, f, points, rows);
  for (int second = 0; second < 2; second++) {
    add_products(rows->count, rows->side[second], rows->side[second], system->own[pair[second]]);
    add_loads(rows, second, system->load[pair[second]]);
  }
  if (graph_is_boundary(system->graph, f)) {
    add_products(rows->count, rows->side[0], rows->side[1], system->between[f]);
  } else {
    add_products(rows->count, rows->side[0], rows->side[1], system->own[pair[0]]);
    add_products(rows->count, rows->side[1], rows->side[0], system->own[pair[0]]);
  }
  for (int r = 0; r < rows->count; r++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++)
        system->uniform[3 * a + b] += rows->field[r][a] * rows->field[r][b];
}

static void add_face(struct system *system, size_t f)
{
  struct face_points points;
  face_points_find(system->graph, system->places, system->edges, f, &points);
  add_layer(system, f, &points);
  add_cone(system, f, 0, &points);
  add_cone(system, f, 1, &points);
}

/* ---- unknowns in which a grain's own energy is the sum of their squares -----------------------
 */

/* The lower Cholesky factor, in place. Polynomials that have no energy stay out. */
static void factorize(block a)
{
  for (int i = 0; i < HARMONICS; i++) {
    const double diagonal = a[i][i];
    for (int j = 0; j <= i; j++) {
      double sum = a[i][j];
      for (int k = 0; k < j; k++)
        sum -= a[i][k] * a[j][k];
      if (i != j)
        a[i][j] = sum / a[j][j];
      else
        a[i][i] = diagonal > 0.0 ? sqrt(at_least(sum, 1e-9 * diagonal)) : 1.0;
    }
  }
}

/* x = L^-1 x */
static void forward(const block lower, double *x, int stride)
{
  for (int i = 0; i < HARMONICS; i++) {
    double sum = x[i * stride];
    for (int k = 0; k < i; k++)
      sum -= lower[i][k] * x[k * stride];
    x[i * stride] = sum / lower[i][i];
  }
}

static void change_unknowns(struct system *system)
{
  const struct mlgrain_graph *graph = system->graph;
  for (size_t g = 0; g < graph->grains; g++) {
    for (int i = 0; i < HARMONICS; i++)
      for (int j = 0; j < HARMONICS; j++)
        system->own[g][i][j] += system->grain[g].strength * system->inner[g][i][j] /
                                (HARMONIC_DEGREE[i] + HARMONIC_DEGREE[j] + 1);
    factorize(system->own[g]);
    for (int axis = 0; axis < 3; axis++)
      forward(system->own[g], system->load[g][axis], 1);
  }
  for (size_t f = 0; f < graph->faces; f++)
    for (int k = 0; k < HARMONICS; k++)
      forward(system->own[graph->pair[f][0]], &system->between[f][0][k], HARMONICS);
  for (size_t f = 0; f < graph->faces; f++)
    for (int k = 0; k < HARMONICS; k++)
      forward(system->own[graph->pair[f][1]], system->between[f][k], 1);
}

/* ---- all of them --------------------------------------------------------------------------------
 */

static void apply(const void *data, const double *x, double *y)
{
  const struct system *system = data;
  const struct mlgrain_graph *graph = system->graph;
  const size_t count = system->count;
  memcpy(y, x, graph->grains * count * sizeof *y);
  for (size_t f = 0; f < graph->faces; f++) {
    if (!graph_is_boundary(graph, f))
      continue;
    const size_t i = (size_t)graph->pair[f][0] * count, j = (size_t)graph->pair[f][1] * count;
    for (size_t r = 0; r < count; r++) {
      const double *between = system->between[f][r];
      y[i + r] += inner_product(between, x + j, count);
      for (size_t c = 0; c < count; c++)
        y[j + c] += between[c] * x[i + r];
    }
  }
}

static enum mlgrain_status solve(struct system *system, size_t count, double tensor[9],
                                 struct mlgrain_error *error)
{
  const size_t grains = system->graph->grains, n = grains * count;
  const struct gradients gradients = {
      n, apply, system, system->ones, system->direction, system->product};
  system->count = count;
  double *load[3] = {system->ones + n, system->ones + 2 * n, system->ones + 3 * n};
  for (size_t k = 0; k < n; k++)
    system->ones[k] = 1.0;
  for (int axis = 0; axis < 3; axis++) {
    for (size_t g = 0; g < grains; g++)
      memcpy(load[axis] + g * count, system->load[g][axis], count * sizeof *load[axis]);
    memset(system->potential[axis], 0, n * sizeof *system->potential[axis]);
    memcpy(system->residual[axis], load[axis], n * sizeof *load[axis]);
    if (!gradients_solve(&gradients, system->uniform[4 * axis], TOLERANCE, system->potential[axis],
                         system->residual[axis]))
      return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED, "polynomials in grains don't converge");
  }
  for (int a = 0; a < 3; a++)
    for (int b = 0; b <= a; b++)
      tensor[3 * a + b] = tensor[3 * b + a] =
          (system->uniform[3 * a + b] - inner_product(load[a], system->potential[b], n) -
           inner_product(system->potential[a], system->residual[b], n)) /
          system->volume;
  return MLGRAIN_SUCCESS;
}

/* ---- memory -------------------------------------------------------------------------------------
 */

static int make_room(struct system *system)
{
  const size_t grains = system->graph->grains, faces = system->graph->faces;
  const size_t n = HARMONICS * grains;
  system->grain = calloc(grains + 1, sizeof *system->grain);
  system->inner = calloc(grains, sizeof *system->inner);
  system->own = calloc(grains, sizeof *system->own);
  system->between = calloc(faces, sizeof *system->between);
  system->rows = calloc(1, sizeof *system->rows);
  system->load = calloc(grains, sizeof *system->load);
  system->potential[0] = malloc(12 * n * sizeof(double));
  if (!system->grain || !system->inner || !system->own || !system->between || !system->rows ||
      !system->load || !system->potential[0])
    return 0;
  for (int axis = 1; axis < 3; axis++)
    system->potential[axis] = system->potential[0] + (size_t)axis * n;
  for (int axis = 0; axis < 3; axis++)
    system->residual[axis] = system->potential[0] + (size_t)(3 + axis) * n;
  system->direction = system->potential[0] + 6 * n;
  system->product = system->potential[0] + 7 * n;
  system->ones = system->potential[0] + 8 * n;
  return 1;
}

static void system_free(struct system *system)
{
  free(system->grain);
  free(system->inner);
  free(system->own);
  free(system->between);
  free(system->rows);
  free(system->load);
  free(system->potential[0]);
}

enum mlgrain_status polynomial_estimates(const struct mlgrain_graph *graph,
                                         const struct face_places *places,
                                         const struct face_edges *edges, double squares[9],
                                         double cubes[9], struct mlgrain_error *error)
{
  struct system system = {.graph = graph, .places = places, .edges = edges};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t g = 0; g < graph->grains; g++)
    system.volume += graph->volume[g];
  if (!make_room(&system))
    status =
        mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu faces", graph->faces);
  if (!status) {
    set_origins(&system);
    set_maps(&system);
    measure_cones(&system);
    for (size_t f = 0; f < graph->faces; f++)
      add_face(&system, f);
    change_unknowns(&system);
    status = solve(&system, HARMONICS_TO_SQUARES, squares, error);
  }
  if (!status)
    status = solve(&system, HARMONICS, cubes, error);
  system_free(&system);
  return status;
}
