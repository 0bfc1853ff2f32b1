/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "coupled.h"
#include "gradients.h"
#include "graph.h"
#include "polynomials.h"

struct network {
  const struct mlgrain_graph *graph;
  double volume;       /* of all grains */
  double *conductance; /* [faces] */
  double (*span)[3];   /* [faces] */
  /* Conjugate gradients: [grains] each. */
  double *potential, *residual, *direction, *product, *diagonal;
};

/* ---- spans and conductances ------------------------------------------------------------------ */

static enum mlgrain_status make_spans(struct network *network, struct mlgrain_error *error)
{
  const struct mlgrain_graph *graph = network->graph;
  double sum[3][3] = {{0.0}}, dual[3][3];
  for (size_t f = 0; f < graph->faces; f++)
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        sum[i][j] += graph->area[f] * graph->normal[f][i] * graph->span[f][j] / network->volume;
  if (!(dual3(sum, dual) > 1e-3))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "faces don't connect the grains along all directions");
  for (size_t f = 0; f < graph->faces; f++)
    apply3(dual, graph->span[f], network->span[f]);
  return MLGRAIN_SUCCESS;
}

static void make_conductances(struct network *network)
{
  const struct mlgrain_graph *graph = network->graph;
  for (size_t f = 0; f < graph->faces; f++) {
    const double *n = graph->normal[f];
    const double least = 1e-3 * norm3(network->span[f]);
    const double distance = fmax(dot3(network->span[f], n), least);
    const double layer = fmin(graph_thickness(graph, f), distance);
    double resistance = layer > 0.0 ? layer / graph_along(graph->boundary + 9 * f, n) : 0.0;
    for (int side = 0; side < 2; side++)
      resistance +=
          0.5 * (distance - layer) / graph_along(graph->tensor + 9 * graph->pair[f][side], n);
    network->conductance[f] = resistance > 0.0 ? graph->area[f] / resistance : 0.0;
  }
}

/* ---- potentials of grains ---------------------------------------------------------------------
 */

static void apply_network(const struct network *network, const double *x, double *y)
{
  const struct mlgrain_graph *graph = network->graph;
  memset(y, 0, graph->grains * sizeof *y);
  for (size_t f = 0; f < graph->faces; f++) {
    const int64_t i = graph->pair[f][0], j = graph->pair[f][1];
    const double flux = network->conductance[f] * (x[i] - x[j]);
    y[i] += flux;
    y[j] -= flux;
  }
}

static void begin_load(struct network *network, int axis)
{
  const struct mlgrain_graph *graph = network->graph;
  memset(network->potential, 0, graph->grains * sizeof *network->potential);
  memset(network->residual, 0, graph->grains * sizeof *network->residual);
  memset(network->diagonal, 0, graph->grains * sizeof *network->diagonal);
  for (size_t f = 0; f < graph->faces; f++) {
    const int64_t i = graph->pair[f][0], j = graph->pair[f][1];
    if (i == j)
      continue;
    const double flux = network->conductance[f] * network->span[f][axis];
    network->residual[i] += flux;
    network->residual[j] -= flux;
    network->diagonal[i] += network->conductance[f];
    network->diagonal[j] += network->conductance[f];
  }
  for (size_t g = 0; g < graph->grains; g++)
    network->diagonal[g] = network->diagonal[g] > 0.0 ? 1.0 / network->diagonal[g] : 0.0;
}

/* sum_f G_f span_f^2, the energy without potentials. */
static double scale_of_load(const struct network *network, int axis)
{
  double sum = 0.0;
  for (size_t f = 0; f < network->graph->faces; f++)
    sum += network->conductance[f] * network->span[f][axis] * network->span[f][axis];
  return sum;
}

static void product_of(const void *network, const double *x, double *y)
{
  apply_network(network, x, y);
}

static enum mlgrain_status solve_load(struct network *network, int axis,
                                      struct mlgrain_error *error)
{
  const struct gradients gradients = {network->graph->grains, product_of,         network,
                                      network->diagonal,      network->direction, network->product};
  begin_load(network, axis);
  if (gradients_solve(&gradients, scale_of_load(network, axis), 1e-16, network->potential,
                      network->residual))
    return MLGRAIN_SUCCESS;
  return mlgrain_fail(error, MLGRAIN_NOT_CONVERGED, "the network's potentials don't converge");
}

/* ---- along boundaries -------------------------------------------------------------------------
 */

/* sum_f A_f (k_f - k)/(k_f + k) = 0. */
static double patchwork(const struct mlgrain_graph *graph)
{
  double k = 0.0;
  for (int step = 0; step < 1000; step++) {
    double above = 0.0, below = 0.0;
    for (size_t f = 0; f < graph->faces; f++) {
      if (!graph_is_boundary(graph, f))
        continue;
      const double own = graph_across(graph->boundary + 9 * f, graph->normal[f]);
      above += graph->area[f] * (step ? own / (own + k) : own);
      below += graph->area[f] * (step ? 1.0 / (own + k) : 1.0);
    }
    const double next = above / below;
    if (fabs(next - k) < 1e-13 * next)
      return next;
    k = next;
  }
  return k;
}

static void add_sheets(const struct network *network, double tensor[9])
{
  const struct mlgrain_graph *graph = network->graph;
  const double k = patchwork(graph);
  for (size_t f = 0; f < graph->faces; f++) {
    if (!graph_is_boundary(graph, f))
      continue;
    const double *n = graph->normal[f];
    double grains = 0.0;
    for (int side = 0; side < 2; side++)
      grains += 0.5 * graph_across(graph->tensor + 9 * graph->pair[f][side], n);
    const double excess = fmax(k - grains, 0.0) * graph_layer(graph, f) / network->volume;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        tensor[3 * i + j] += excess * ((i == j) - n[i] * n[j]);
  }
}

/* ---- both estimates ---------------------------------------------------------------------------
 */

static enum mlgrain_status solve(struct network *network, double (*drop)[3], double series[9],
                                 struct mlgrain_error *error)
{
  const struct mlgrain_graph *graph = network->graph;
  for (int axis = 0; axis < 3; axis++) {
    const enum mlgrain_status status = solve_load(network, axis, error);
    if (status)
      return status;
    for (size_t f = 0; f < graph->faces; f++)
      drop[f][axis] = network->span[f][axis] - network->potential[graph->pair[f][0]] +
                      network->potential[graph->pair[f][1]];
  }
  memset(series, 0, 9 * sizeof *series);
  for (size_t f = 0; f < graph->faces; f++)
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        series[3 * i + j] += network->conductance[f] * drop[f][i] * drop[f][j] / network->volume;
  return MLGRAIN_SUCCESS;
}

/* Those that know where faces are. */
static enum mlgrain_status places_estimates(const struct mlgrain_graph *graph,
                                            const double (*span)[3], double coupled[9],
                                            double squares[9], double cubes[9],
                                            struct mlgrain_error *error)
{
  struct face_places places;
  struct face_edges edges;
  enum mlgrain_status status = face_places_create(graph, span, &places, error);
  if (status)
    return status;
  status = face_edges_create(graph, &places, &edges, error);
  if (!status) {
    status = coupled_estimate(graph, &places, &edges, coupled, error);
    if (!status)
      status = polynomial_estimates(graph, &places, &edges, squares, cubes, error);
    face_edges_free(&edges);
  }
  face_places_free(&places);
  return status;
}

enum mlgrain_status network_estimates(const struct mlgrain_graph *graph, double series[9],
                                      double network_tensor[9], double coupled[9],
                                      double squares[9], double cubes[9],
                                      struct mlgrain_error *error)
{
  struct network network = {.graph = graph};
  const size_t n = graph->grains, faces = graph->faces;
  double *memory = malloc((7 * faces + 5 * n) * sizeof *memory);
  if (!memory)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu faces", faces);
  network.conductance = memory;
  network.span = (double(*)[3])(memory + faces);
  double(*drop)[3] = (double(*)[3])(memory + 4 * faces);
  network.potential = memory + 7 * faces;
  network.residual = network.potential + n;
  network.direction = network.residual + n;
  network.product = network.direction + n;
  network.diagonal = network.product + n;
  for (size_t g = 0; g < n; g++)
    network.volume += graph->volume[g];
  enum mlgrain_status status = make_spans(&network, error);
  if (!status) {
    make_conductances(&network);
    status = solve(&network, drop, series, error);
  }
  if (!status) {
    memcpy(network_tensor, series, 9 * sizeof *series);
    add_sheets(&network, network_tensor);
    status =
        places_estimates(graph, (const double(*)[3])network.span, coupled, squares, cubes, error);
  }
  free(memory);
  return status;
}
