/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "coupled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/inner_product.h"
#include "base/vector3.h"
#include "face_edges.h"
#include "gradients.h"
#include "graph.h"
#include "matrices.h"

/* Conductances of differences from a uniform field, over those of resistors from the center to each
   face or edge: what polycrystals that were solved on voxels have. */
static const double GRAIN_SPREAD = 2.5, SHEET_SPREAD = 3.0;

static const double TOLERANCE = 1e-7; /* of the energy */

/* Faces of a grain, with the matrix of energies of their middles' potentials. */
struct block {
  size_t first; /* sides first .. first + count - 1 */
  size_t count;
  double *matrix; /* [count][count] */
};

struct coupled {
  const struct mlgrain_graph *graph;
  const struct face_places *places;
  const struct face_edges *edges;
  double volume;
  size_t *side;               /* [2 faces] 2 face + (0: first, 1: second grain) */
  struct block *block;        /* [grains] */
  double **sheet;             /* [faces] [edges][edges] */
  double *matrices, *vectors; /* memory of all */
  size_t most;                /* of a block or sheet */
  size_t unknowns;            /* middles of faces, then triple lines */
  double *potential[3];       /* [unknowns] of the three loads */
  double *residual, *direction, *product, *diagonal; /* [unknowns] */
  double *local;                                     /* [2 most] */
};

/* ---- dense matrices -----------------------------------------------------------------------------
 */

/* Cholesky's factor in the lower triangle. 0 if the matrix isn't positive definite. */
static int factorize(size_t n, double *a)
{
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; k++)
        sum -= a[i * n + k] * a[j * n + k];
      if (i == j && !(sum > 0.0))
        return 0;
      a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
    }
  return 1;
}

static void solve_factorized(size_t n, const double *a, double *x)
{
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < i; k++)
      x[i] -= a[i * n + k] * x[k];
    x[i] /= a[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; k++)
      x[i] -= a[k * n + i] * x[k];
    x[i] /= a[i * n + i];
  }
}

/* ---- a grain ------------------------------------------------------------------------------------
 */

/* Flux vectors A n and places of the sides of a grain, from its center. */
struct shape {
  size_t count;
  double (*flux)[3], (*place)[3]; /* [count] */
  double *between;                /* [count] conductance from the center to the side */
  double *outer;                  /* [count] from the side to the middle of the face */
};

static double one_over(double x)
{
  return 1.0 / x;
}

static double one_over_root(double x)
{
  return 1.0 / sqrt(x);
}

static double at_least(double x, double least)
{
  return x > least ? x : least;
}

/* sum A n r^T, symmetric, its eigenvalues raised to a part of the volume; its mean eigenvalue. */
static double moment_of(const struct shape *shape, double volume, double moment[9])
{
  double value[MATRIX_MOST], vector[MATRIX_NUMBERS];
  memset(moment, 0, 9 * sizeof *moment);
  for (size_t s = 0; s < shape->count; s++)
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        moment[3 * i + j] +=
            0.5 * (shape->flux[s][i] * shape->place[s][j] + shape->flux[s][j] * shape->place[s][i]);
  matrix_eigen(3, moment, value, vector);
  memset(moment, 0, 9 * sizeof *moment);
  double mean = 0.0;
  for (int k = 0; k < 3; k++) {
    const double own = at_least(value[k], 0.02 * volume);
    mean += own / 3.0;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        moment[3 * i + j] += own * vector[3 * i + k] * vector[3 * j + k];
  }
  return mean;
}

/* Where sides are, and conductances of layers; returns the volume of the boundary's half. */
static double make_shape(const struct coupled *coupled, size_t g, struct shape *shape)
{
  const struct mlgrain_graph *graph = coupled->graph;
  const struct block *block = &coupled->block[g];
  double half = 0.0;
  shape->count = block->count;
  for (size_t s = 0; s < block->count; s++) {
    const size_t f = coupled->side[block->first + s] / 2;
    const int second = coupled->side[block->first + s] % 2;
    const double sign = second ? -1.0 : 1.0, t = coupled->places->layer[f], area = graph->area[f];
    const double *n = graph->normal[f];
    for (int d = 0; d < 3; d++) {
      shape->flux[s][d] = sign * area * n[d];
      shape->place[s][d] = coupled->places->center[f][d] -
                           (second ? coupled->places->span[f][d] : 0.0) - sign * 0.5 * t * n[d];
    }
    const double least = 0.05 * cbrt(graph->volume[g]) * area;
    const double distance = at_least(dot3(shape->flux[s], shape->place[s]), least); /* times area */
    shape->between[s] =
        area * area * graph_along(graph->tensor + 9 * g, n) / at_least(distance, 1e-300);
    shape->outer[s] = t > 0.0 ? 2.0 * area * graph_along(graph->boundary + 9 * f, n) / t
                              : 1e9 * shape->between[s];
    half += 0.5 * t * area;
  }
  return half;
}

/* W = N M^-1/2 K M^-1/2 N^T + P^T D P, N rows A n, R rows r, M = N^T R, P = 1 - R M^-1 N^T. */
static void grain_matrix(const double *tensor, const double moment[9], double part,
                         const struct shape *shape, double *w, double *p)
{
  const size_t n = shape->count;
  double root[9], inverse[9], inner[9];
  matrix_function(3, moment, one_over_root, root);
  matrix_function(3, moment, one_over, inverse);
  matrix_between(3, root, tensor, inner);
  for (size_t i = 0; i < n; i++) {
    double flux[3], place[3];
    apply3((const double(*)[3])inner, shape->flux[i], flux);
    apply3((const double(*)[3])inverse, shape->place[i], place);
    for (size_t j = 0; j < n; j++) {
      w[i * n + j] = dot3(flux, shape->flux[j]);
      p[i * n + j] = (i == j) - dot3(place, shape->flux[j]);
    }
  }
  for (size_t k = 0; k < n; k++)
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++)
        w[i * n + j] += GRAIN_SPREAD * shape->between[k] * p[k * n + i] * p[k * n + j];
  for (size_t i = 0; i < n * n; i++)
    w[i] *= part;
}

/* Takes out the grain's own potential: W - W 1 1^T W/(1^T W 1). */
static void take_out_center(size_t n, double *w, double *row)
{
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    row[i] = 0.0;
    for (size_t j = 0; j < n; j++)
      row[i] += w[i * n + j];
    sum += row[i];
  }
  for (size_t i = 0; sum > 0.0 && i < n; i++)
    for (size_t j = 0; j < n; j++)
      w[i * n + j] -= row[i] * row[j] / sum;
}

/* W (W + G)^-1 G, G the layers' conductances: of the middles of faces. */
static int take_out_sides(size_t n, const double *w, const double *outer, double *with,
                          double *column, double *matrix)
{
  memcpy(with, w, n * n * sizeof *with);
  for (size_t i = 0; i < n; i++)
    with[i * n + i] += outer[i] > 0.0 ? outer[i] : 1.0; /* a face without area: in no energy */
  if (!factorize(n, with))
    return 0;
  for (size_t j = 0; j < n; j++) {
    memset(column, 0, n * sizeof *column);
    column[j] = outer[j];
    solve_factorized(n, with, column);
    for (size_t i = 0; i < n; i++) {
      matrix[i * n + j] = 0.0;
      for (size_t k = 0; k < n; k++)
        matrix[i * n + j] += w[i * n + k] * column[k];
    }
  }
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++)
      matrix[i * n + j] = matrix[j * n + i] = 0.5 * (matrix[i * n + j] + matrix[j * n + i]);
  return 1;
}

static enum mlgrain_status make_grain(struct coupled *coupled, size_t g, double *memory,
                                      struct mlgrain_error *error)
{
  const struct mlgrain_graph *graph = coupled->graph;
  struct block *block = &coupled->block[g];
  const size_t n = block->count;
  double *w = memory, *p = w + n * n, *column = p + n * n, moment[9];
  struct shape shape = {.flux = (double(*)[3])(column + n)};
  shape.place = shape.flux + n;
  shape.between = (double *)(shape.place + n);
  shape.outer = shape.between + n;
  const double volume = graph->volume[g], half = make_shape(coupled, g, &shape);
  const double mean = moment_of(&shape, at_least(volume, 1e-12 * coupled->volume), moment);
  const double core = at_least(volume - half, 0.02 * volume);
  grain_matrix(graph->tensor + 9 * g, moment, fmin(1.0, core / mean), &shape, w, p);
  take_out_center(n, w, column);
  if (take_out_sides(n, w, shape.outer, p, column, block->matrix))
    return MLGRAIN_SUCCESS;
  return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED, "fluxes of grain %zu have no solution", g);
}

/* ---- along a face -------------------------------------------------------------------------------
 */

/* The same in the plane: N rows l e, with the area and two dimensions. */
static void make_sheet(const struct coupled *coupled, size_t f, double *memory, double *matrix)
{
  const struct mlgrain_graph *graph = coupled->graph;
  const struct face_edge *edge = coupled->edges->edge + coupled->edges->first[f];
  const size_t n = coupled->edges->first[f + 1] - coupled->edges->first[f];
  const double *k = graph->boundary + 9 * f;
  const double area = graph->area[f];
  const double conductance = graph_across(k, graph->normal[f]) * coupled->places->layer[f];
  double *p = memory;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      const double *one = edge[i].outward, *other = edge[j].outward;
      matrix[i * n + j] = conductance * edge[i].length * edge[j].length * dot3(one, other) / area;
      p[i * n + j] = (i == j) - dot3(edge[i].middle, other) * edge[j].length / area;
    }
  for (size_t m = 0; m < n; m++) {
    const double distance = at_least(dot3(edge[m].middle, edge[m].outward), 0.05 * sqrt(area));
    const double own = SHEET_SPREAD * conductance * edge[m].length / distance;
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++)
        matrix[i * n + j] += own * p[m * n + i] * p[m * n + j];
  }
}

/* ---- all of them --------------------------------------------------------------------------------
 */

/* Elements are the grains, with the middles of their faces, then faces, with their edges; each has
   a matrix of energies of what `gather` gives. */
static size_t elements(const struct coupled *coupled)
{
  return coupled->graph->grains + coupled->graph->faces;
}

static size_t size_of(const struct coupled *coupled, size_t element)
{
  const size_t grains = coupled->graph->grains, f = element - grains;
  return element < grains ? coupled->block[element].count
                          : coupled->edges->first[f + 1] - coupled->edges->first[f];
}

static const double *matrix_of(const struct coupled *coupled, size_t element)
{
  const size_t grains = coupled->graph->grains;
  return element < grains ? coupled->block[element].matrix : coupled->sheet[element - grains];
}

/* Potentials x in the frame of a grain; of the edges of a face, beside that of its middle. With the
   field along an axis, or none: -1. */
static void gather(const struct coupled *coupled, size_t element, const double *x, int axis,
                   double *own)
{
  const size_t grains = coupled->graph->grains, faces = coupled->graph->faces;
  const size_t n = size_of(coupled, element);
  if (element < grains) {
    const size_t *side = coupled->side + coupled->block[element].first;
    for (size_t s = 0; s < n; s++)
      own[s] = x[side[s] / 2] -
               (axis >= 0 && side[s] % 2 ? coupled->places->span[side[s] / 2][axis] : 0.0);
  } else {
    const size_t f = element - grains;
    const struct face_edge *edge = coupled->edges->edge + coupled->edges->first[f];
    for (size_t s = 0; s < n; s++)
      own[s] = x[faces + edge[s].line] - x[f] + (axis >= 0 ? edge[s].shift[axis] : 0.0);
  }
}

/* The transposed of `gather`, added to y. */
static void scatter(const struct coupled *coupled, size_t element, const double *own, double *y)
{
  const size_t grains = coupled->graph->grains, faces = coupled->graph->faces;
  const size_t n = size_of(coupled, element);
  if (element < grains) {
    const size_t *side = coupled->side + coupled->block[element].first;
    for (size_t s = 0; s < n; s++)
      y[side[s] / 2] += own[s];
  } else {
    const size_t f = element - grains;
    const struct face_edge *edge = coupled->edges->edge + coupled->edges->first[f];
    for (size_t s = 0; s < n; s++) {
      y[faces + edge[s].line] += own[s];
      y[f] -= own[s];
    }
  }
}

/* Of a symmetric matrix: by rows in the place of columns, which compilers make vectors of. */
static void multiply(size_t n, const double *restrict matrix, const double *restrict x,
                     double *restrict y)
{
  memset(y, 0, n * sizeof *y);
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i < n; i++)
      y[i] += matrix[j * n + i] * x[j];
}

static void apply(const struct coupled *coupled, const double *x, int axis, double *y)
{
  double *own = coupled->local, *flux = own + coupled->most;
  memset(y, 0, coupled->unknowns * sizeof *y);
  for (size_t e = 0; e < elements(coupled); e++) {
    gather(coupled, e, x, axis, own);
    multiply(size_of(coupled, e), matrix_of(coupled, e), own, flux);
    scatter(coupled, e, flux, y);
  }
}

static double energy(const struct coupled *coupled, int a, int b)
{
  double *one = coupled->local, *flux = one + coupled->most, sum = 0.0;
  for (size_t e = 0; e < elements(coupled); e++) {
    const size_t n = size_of(coupled, e);
    gather(coupled, e, coupled->potential[a], a, one);
    multiply(n, matrix_of(coupled, e), one, flux);
    gather(coupled, e, coupled->potential[b], b, one);
    sum += inner_product(one, flux, n);
  }
  return sum;
}

static void set_inverse_diagonal(struct coupled *coupled)
{
  const size_t grains = coupled->graph->grains, faces = coupled->graph->faces;
  double *diagonal = coupled->diagonal;
  memset(diagonal, 0, coupled->unknowns * sizeof *diagonal);
  for (size_t e = 0; e < elements(coupled); e++) {
    const size_t n = size_of(coupled, e), f = e - grains;
    const double *matrix = matrix_of(coupled, e);
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++) {
        if (e >= grains)
          diagonal[f] += matrix[i * n + j];
        if (i == j && e >= grains)
          diagonal[faces + coupled->edges->edge[coupled->edges->first[f] + i].line] +=
              matrix[i * n + i];
        if (i == j && e < grains)
          diagonal[coupled->side[coupled->block[e].first + i] / 2] += matrix[i * n + i];
      }
  }
  for (size_t k = 0; k < coupled->unknowns; k++)
    diagonal[k] = diagonal[k] > 0.0 ? 1.0 / diagonal[k] : 0.0;
}

static void product_of(const void *network, const double *x, double *y)
{
  apply(network, x, -1, y);
}

static enum mlgrain_status solve_load(const struct coupled *coupled, int axis,
                                      struct mlgrain_error *error)
{
  const struct gradients gradients = {coupled->unknowns, product_of,         coupled,
                                      coupled->diagonal, coupled->direction, coupled->product};
  double *x = coupled->potential[axis], *residual = coupled->residual;
  memset(x, 0, coupled->unknowns * sizeof *x);
  apply(coupled, x, axis, residual);
  for (size_t k = 0; k < coupled->unknowns; k++)
    residual[k] = -residual[k];
  if (gradients_solve(&gradients, energy(coupled, axis, axis), TOLERANCE, x, residual))
    return MLGRAIN_SUCCESS;
  return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED, "coupled networks' potentials don't converge");
}

/* ---- memory -------------------------------------------------------------------------------------
 */

static enum mlgrain_status lack(const struct mlgrain_graph *graph, struct mlgrain_error *error)
{
  mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu faces", graph->faces);
  return MLGRAIN_OUT_OF_MEMORY;
}

/* Sides by grain, and room for all matrices. */
static enum mlgrain_status make_room(struct coupled *coupled, struct mlgrain_error *error)
{
  const struct mlgrain_graph *graph = coupled->graph;
  size_t numbers = 0, at = 0;
  coupled->block = calloc(graph->grains + 1, sizeof *coupled->block);
  coupled->side = malloc((2 * graph->faces + 1) * sizeof *coupled->side);
  coupled->sheet = malloc((graph->faces + 1) * sizeof *coupled->sheet);
  if (!coupled->block || !coupled->side || !coupled->sheet)
    return lack(graph, error);
  for (size_t f = 0; f < graph->faces; f++)
    for (int second = 0; second < 2; second++)
      coupled->block[graph->pair[f][second]].count++;
  for (size_t g = 0; g < graph->grains; g++) {
    coupled->block[g].first = g ? coupled->block[g - 1].first + coupled->block[g - 1].count : 0;
  }
  for (size_t g = 0; g < graph->grains; g++)
    coupled->block[g].count = 0;
  for (size_t f = 0; f < graph->faces; f++)
    for (int second = 0; second < 2; second++) {
      struct block *block = &coupled->block[graph->pair[f][second]];
      coupled->side[block->first + block->count++] = 2 * f + (size_t)second;
    }
  for (size_t e = 0; e < elements(coupled); e++) {
    const size_t n = size_of(coupled, e);
    coupled->most = n > coupled->most ? n : coupled->most;
    numbers += n * n;
  }
  coupled->matrices = malloc((numbers + 1) * sizeof *coupled->matrices);
  if (!coupled->matrices)
    return lack(graph, error);
  for (size_t e = 0; e < elements(coupled); e++) {
    const size_t n = size_of(coupled, e);
    if (e < graph->grains)
      coupled->block[e].matrix = coupled->matrices + at;
    else
      coupled->sheet[e - graph->grains] = coupled->matrices + at;
    at += n * n;
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status make_matrices(struct coupled *coupled, struct mlgrain_error *error)
{
  const struct mlgrain_graph *graph = coupled->graph;
  const size_t most = coupled->most;
  double *memory = malloc((2 * most * most + 9 * most + 1) * sizeof *memory);
  if (!memory)
    return lack(graph, error);
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t g = 0; !status && g < graph->grains; g++)
    status = make_grain(coupled, g, memory, error);
  for (size_t f = 0; !status && f < graph->faces; f++)
    make_sheet(coupled, f, memory, coupled->sheet[f]);
  free(memory);
  return status;
}

static enum mlgrain_status make_vectors(struct coupled *coupled, struct mlgrain_error *error)
{
  const size_t n = coupled->unknowns = coupled->graph->faces + coupled->edges->lines;
  coupled->vectors = malloc((7 * n + 2 * coupled->most + 1) * sizeof *coupled->vectors);
  if (!coupled->vectors)
    return lack(coupled->graph, error);
  double *place = coupled->vectors;
  for (int axis = 0; axis < 3; axis++, place += n)
    coupled->potential[axis] = place;
  coupled->residual = place;
  coupled->direction = place + n;
  coupled->product = place + 2 * n;
  coupled->diagonal = place + 3 * n;
  coupled->local = place + 4 * n;
  return MLGRAIN_SUCCESS;
}

static void coupled_free(struct coupled *coupled)
{
  free(coupled->block);
  free(coupled->side);
  free(coupled->sheet);
  free(coupled->matrices);
  free(coupled->vectors);
}

enum mlgrain_status coupled_estimate(const struct mlgrain_graph *graph,
                                     const struct face_places *places,
                                     const struct face_edges *edges, double tensor[9],
                                     struct mlgrain_error *error)
{
  struct coupled coupled = {.graph = graph, .places = places, .edges = edges};
  for (size_t g = 0; g < graph->grains; g++)
    coupled.volume += graph->volume[g];
  enum mlgrain_status status = make_room(&coupled, error);
  if (!status)
    status = make_matrices(&coupled, error);
  if (!status)
    status = make_vectors(&coupled, error);
  if (!status)
    set_inverse_diagonal(&coupled);
  for (int axis = 0; !status && axis < 3; axis++)
    status = solve_load(&coupled, axis, error);
  for (int a = 0; !status && a < 3; a++)
    for (int b = 0; b <= a; b++)
      tensor[3 * a + b] = tensor[3 * b + a] = energy(&coupled, a, b) / coupled.volume;
  coupled_free(&coupled);
  return status;
}
