/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/polycrystal_graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "graph.h"
#include "homogenize/symmetric.h"
#include "matrices.h"
#include "mean_field.h"
#include "network.h"

const char *mlgrain_graph_estimate_name(enum mlgrain_graph_estimate estimate)
{
  switch (estimate) {
  case MLGRAIN_GRAPH_VOIGT:
    return "voigt";
  case MLGRAIN_GRAPH_REUSS:
    return "reuss";
  case MLGRAIN_GRAPH_SELF_CONSISTENT:
    return "self_consistent";
  case MLGRAIN_GRAPH_COATED:
    return "coated";
  case MLGRAIN_GRAPH_GRAINS:
    return "grains";
  case MLGRAIN_GRAPH_BOUNDARY_VOIGT:
    return "boundary_voigt";
  case MLGRAIN_GRAPH_BOUNDARY_REUSS:
    return "boundary_reuss";
  case MLGRAIN_GRAPH_BOUNDARY:
    return "boundary";
  case MLGRAIN_GRAPH_LOCAL:
    return "local";
  case MLGRAIN_GRAPH_SERIES:
    return "series";
  case MLGRAIN_GRAPH_NETWORK:
    return "network";
  case MLGRAIN_GRAPH_COUPLED:
    return "coupled";
  case MLGRAIN_GRAPH_QUADRATIC:
    return "quadratic";
  case MLGRAIN_GRAPH_CUBIC:
    return "cubic";
  default:
    return "";
  }
}

double mlgrain_graph_boundary_fraction(const struct mlgrain_graph *graph)
{
  double layers = 0.0, volume = 0.0;
  for (size_t f = 0; f < graph->faces; f++)
    layers += graph_layer(graph, f);
  for (size_t g = 0; g < graph->grains; g++)
    volume += graph->volume[g];
  return layers / volume;
}

/* ---- what must be refused ----------------------------------------------------------------------
 */

static int is_symmetric(int size, const double *tensor)
{
  double largest = 0.0, odd = 0.0;
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      largest = fmax(largest, fabs(tensor[i * size + j]));
      odd = fmax(odd, fabs(tensor[i * size + j] - tensor[j * size + i]));
    }
  return isfinite(largest) && odd <= 1e-9 * largest;
}

static enum mlgrain_status check_tensors(int size, size_t count, const double *tensor,
                                         const char *what, struct mlgrain_error *error)
{
  double inverse[MATRIX_NUMBERS];
  for (size_t i = 0; tensor && i < count; i++) {
    const double *own = tensor + i * (size_t)(size * size);
    if (!is_symmetric(size, own))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the tensor of %s %zu is not symmetric",
                          what, i);
    if (!symmetric_inverse(size, own, inverse))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "the tensor of %s %zu is not positive definite", what, i);
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status check_shapes(const struct mlgrain_graph *graph,
                                        struct mlgrain_error *error)
{
  size_t between = 0;
  double volume = 0.0;
  for (size_t g = 0; g < graph->grains; g++) {
    if (!(graph->volume[g] >= 0.0 && isfinite(graph->volume[g])))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the volume of grain %zu is %g", g,
                          graph->volume[g]);
    volume += graph->volume[g];
  }
  for (size_t f = 0; f < graph->faces; f++) {
    for (int side = 0; side < 2; side++)
      if (graph->pair[f][side] < 0 || (size_t)graph->pair[f][side] >= graph->grains)
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                            "face %zu is of a grain that isn't there", f);
    if (!(graph->area[f] >= 0.0 && isfinite(graph->area[f])) ||
        !isfinite(dot3(graph->span[f], graph->span[f])) ||
        !(fabs(norm3(graph->normal[f]) - 1.0) < 1e-6))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "face %zu has an area below 0, a span that is not finite, or a normal "
                          "whose length is not 1",
                          f);
    if (!(graph_thickness(graph, f) >= 0.0 && isfinite(graph_thickness(graph, f))) ||
        (graph->center && !isfinite(dot3(graph->center[f], graph->center[f]))))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "face %zu has a thickness below 0, or a center that is not finite", f);
    between += graph_is_boundary(graph, f) && graph->area[f] > 0.0;
  }
  if (!(volume > 0.0) || !between)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "there is no grain with a volume, or no face between two");
  const double fraction = mlgrain_graph_boundary_fraction(graph);
  if (!(fraction > 0.0 && fraction < 1.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "boundaries have the part %g of the volume, which is not within 0 to 1",
                        fraction);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status check_graph(const struct mlgrain_graph *graph,
                                       struct mlgrain_error *error)
{
  if (graph->size != 3 && graph->size != 6)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "tensors of %d rows", graph->size);
  if (!graph->boundary_voigt != !graph->boundary_reuss)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "means in boundaries: one of both isn't there");
  enum mlgrain_status status = check_shapes(graph, error);
  if (!status)
    status = check_tensors(graph->size, graph->grains, graph->tensor, "grain", error);
  if (!status)
    status = check_tensors(graph->size, graph->faces, graph->boundary, "face", error);
  if (!status)
    status = check_tensors(graph->size, graph->faces, graph->boundary_voigt, "face (Voigt)", error);
  if (!status)
    status = check_tensors(graph->size, graph->faces, graph->boundary_reuss, "face (Reuss)", error);
  return status;
}

/* ---- mixtures ----------------------------------------------------------------------------------
 */

/* Grains, then faces: in fractions of the volume. */
struct parts {
  int size;
  size_t grains, faces;
  double boundary;  /* fraction of all boundaries */
  double *fraction; /* [grains + faces], sum 1 */
  double *tensor;   /* [grains + faces], Mandel */
};

static enum mlgrain_status parts_create(const struct mlgrain_graph *graph, struct parts *parts,
                                        struct mlgrain_error *error)
{
  const size_t n = graph->grains + graph->faces, numbers = (size_t)(graph->size * graph->size);
  *parts = (struct parts){.size = graph->size, .grains = graph->grains, .faces = graph->faces};
  parts->fraction = malloc(n * (1 + numbers) * sizeof *parts->fraction);
  if (!parts->fraction)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu grains",
                        graph->grains);
  parts->tensor = parts->fraction + n;
  parts->boundary = mlgrain_graph_boundary_fraction(graph);
  double volume = 0.0;
  for (size_t g = 0; g < graph->grains; g++)
    volume += graph->volume[g];
  for (size_t g = 0; g < graph->grains; g++)
    parts->fraction[g] = (1.0 - parts->boundary) * graph->volume[g] / volume;
  for (size_t f = 0; f < graph->faces; f++)
    parts->fraction[graph->grains + f] = graph_layer(graph, f) / volume;
  for (size_t g = 0; g < graph->grains; g++)
    matrix_to_mandel(graph->size, graph->tensor + g * numbers, parts->tensor + g * numbers);
  return MLGRAIN_SUCCESS;
}

static void set_boundaries(struct parts *parts, const double *tensor)
{
  const size_t numbers = (size_t)(parts->size * parts->size);
  for (size_t f = 0; f < parts->faces; f++)
    matrix_to_mandel(parts->size, tensor + f * numbers,
                     parts->tensor + (parts->grains + f) * numbers);
}

static struct mixture all_parts(const struct parts *parts)
{
  return (struct mixture){parts->size, parts->grains + parts->faces, parts->fraction,
                          parts->tensor};
}

/* Fractions are of all the volume: scale by `whole` for a sum of 1. */
static void scale_fractions(struct parts *parts, double grains, double boundaries)
{
  for (size_t g = 0; g < parts->grains; g++)
    parts->fraction[g] *= grains;
  for (size_t f = 0; f < parts->faces; f++)
    parts->fraction[parts->grains + f] *= boundaries;
}

static struct mixture grains_of(const struct parts *parts)
{
  return (struct mixture){parts->size, parts->grains, parts->fraction, parts->tensor};
}

static struct mixture boundaries_of(const struct parts *parts)
{
  return (struct mixture){parts->size, parts->faces, parts->fraction + parts->grains,
                          parts->tensor + parts->grains * (size_t)(parts->size * parts->size)};
}

static enum mlgrain_status lost(struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                      "a mean tensor is not positive definite, or nearly so");
}

/* Means of Voigt and Reuss, for which boundaries may have tensors of their own. */
static enum mlgrain_status add_bounds(const struct mlgrain_graph *graph, struct parts *parts,
                                      double *estimates[MLGRAIN_GRAPH_ESTIMATES],
                                      struct mlgrain_error *error)
{
  const double none[MATRIX_NUMBERS] = {0.0}, boundary = parts->boundary;
  struct mixture all = all_parts(parts), own = boundaries_of(parts);
  set_boundaries(parts, graph->boundary_voigt ? graph->boundary_voigt : graph->boundary);
  mixture_voigt(&all, estimates[MLGRAIN_GRAPH_VOIGT]);
  mixture_voigt(&own, estimates[MLGRAIN_GRAPH_BOUNDARY_VOIGT]);
  for (int k = 0; k < graph->size * graph->size; k++)
    estimates[MLGRAIN_GRAPH_BOUNDARY_VOIGT][k] /= boundary;
  set_boundaries(parts, graph->boundary_reuss ? graph->boundary_reuss : graph->boundary);
  if (!mixture_mean(&all, none, estimates[MLGRAIN_GRAPH_REUSS]) ||
      !mixture_mean(&own, none, estimates[MLGRAIN_GRAPH_BOUNDARY_REUSS]))
    return lost(error);
  for (int k = 0; k < graph->size * graph->size; k++)
    estimates[MLGRAIN_GRAPH_BOUNDARY_REUSS][k] *= boundary;
  return MLGRAIN_SUCCESS;
}

/* The mean of inclusions in a matrix that has a part of the volume: Hashin and Shtrikman's, of
   coated spheres. inclusions is [size][size]: what they are to the matrix together. */
static int coated_mean(int size, double part, const double *matrix, const double *constraint,
                       const double *inclusions, double *mean)
{
  double pair[2 * MATRIX_NUMBERS];
  const double fraction[2] = {1.0 - part, part};
  memcpy(pair, inclusions, (size_t)(size * size) * sizeof *pair);
  memcpy(pair + size * size, matrix, (size_t)(size * size) * sizeof *pair);
  const struct mixture both = {size, 2, fraction, pair};
  return mixture_mean(&both, constraint, mean);
}

/* Grains in a matrix of what boundaries are together. */
static enum mlgrain_status add_coated(const struct parts *parts,
                                      double *estimates[MLGRAIN_GRAPH_ESTIMATES],
                                      struct mlgrain_error *error)
{
  const double *matrix = estimates[MLGRAIN_GRAPH_BOUNDARY];
  const struct mixture grains = grains_of(parts);
  double constraint[MATRIX_NUMBERS], mean[MATRIX_NUMBERS];
  const int is_fine = constraint_tensor(parts->size, matrix, constraint) &&
                      mixture_mean(&grains, constraint, mean) &&
                      coated_mean(parts->size, parts->boundary, matrix, constraint, mean,
                                  estimates[MLGRAIN_GRAPH_COATED]);
  return is_fine ? MLGRAIN_SUCCESS : lost(error);
}

/* ---- grains with their own boundaries ----------------------------------------------------------
 */

/* Faces of each grain: face[first[g]] .. face[first[g + 1] - 1]. */
struct coats {
  size_t *first, *face; /* [grains + 1], [2 faces]; one piece of memory */
  double *fraction;     /* [2 faces], as they are in `face` */
  double *tensor;       /* [2 faces] */
  double *composite;    /* [grains] */
};

static int coats_create(const struct mlgrain_graph *graph, const struct parts *parts,
                        struct coats *coats)
{
  const size_t n = graph->grains, both = 2 * graph->faces,
               numbers = (size_t)(graph->size * graph->size);
  coats->first = calloc(n + 2 + both, sizeof *coats->first);
  coats->fraction = malloc((both * (1 + numbers) + n * numbers) * sizeof *coats->fraction);
  if (!coats->first || !coats->fraction)
    return 0;
  coats->face = coats->first + n + 2;
  coats->tensor = coats->fraction + both;
  coats->composite = coats->tensor + both * numbers;
  for (size_t f = 0; f < graph->faces; f++)
    for (int side = 0; side < 2; side++)
      coats->first[graph->pair[f][side] + 2] += graph_is_boundary(graph, f) ? 1 : 0;
  for (size_t g = 0; g < n; g++)
    coats->first[g + 2] += coats->first[g + 1];
  for (size_t f = 0; f < graph->faces; f++)
    for (int side = 0; side < 2; side++)
      if (graph_is_boundary(graph, f)) {
        const size_t at = coats->first[graph->pair[f][side] + 1]++;
        coats->face[at] = f;
        coats->fraction[at] = graph_layer(graph, f);
        memcpy(coats->tensor + at * numbers, parts->tensor + (parts->grains + f) * numbers,
               numbers * sizeof *coats->tensor);
      }
  return 1;
}

static void coats_free(struct coats *coats)
{
  free(coats->first);
  free(coats->fraction);
}

/* The composite of grain g; the grain itself where it has no boundary. */
static enum mlgrain_status coat(const struct mlgrain_graph *graph, const struct parts *parts,
                                struct coats *coats, size_t g, struct mlgrain_error *error)
{
  const int size = graph->size;
  const size_t numbers = (size_t)(size * size), first = coats->first[g],
               count = coats->first[g + 1] - first;
  const double *grain = parts->tensor + g * numbers;
  double *composite = coats->composite + g * numbers;
  double layers = 0.0, matrix[MATRIX_NUMBERS], constraint[MATRIX_NUMBERS];
  for (size_t k = 0; k < count; k++)
    layers += coats->fraction[first + k];
  memcpy(composite, grain, numbers * sizeof *composite);
  if (!(layers > 0.0) || !(graph->volume[g] > 0.0))
    return MLGRAIN_SUCCESS;
  for (size_t k = 0; k < count; k++)
    coats->fraction[first + k] /= layers;
  const struct mixture own = {size, count, coats->fraction + first,
                              coats->tensor + first * numbers};
  const enum mlgrain_status status = mixture_self_consistent(&own, matrix, error);
  if (status)
    return status;
  const double part = fmin(0.5 * layers / graph->volume[g], 1.0);
  return constraint_tensor(size, matrix, constraint) &&
                 coated_mean(size, part, matrix, constraint, grain, composite)
             ? MLGRAIN_SUCCESS
             : lost(error);
}

/* Fractions of grains have the sum 1 here. */
static enum mlgrain_status add_local(const struct mlgrain_graph *graph, const struct parts *parts,
                                     double *estimate, struct mlgrain_error *error)
{
  struct coats coats = {0};
  if (!coats_create(graph, parts, &coats)) {
    coats_free(&coats);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu faces", graph->faces);
  }
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t g = 0; !status && g < graph->grains; g++)
    status = coat(graph, parts, &coats, g, error);
  const struct mixture all = {graph->size, graph->grains, parts->fraction, coats.composite};
  if (!status)
    status = mixture_self_consistent(&all, estimate, error);
  coats_free(&coats);
  return status;
}

static enum mlgrain_status add_mean_fields(const struct mlgrain_graph *graph, struct parts *parts,
                                           double *estimates[MLGRAIN_GRAPH_ESTIMATES],
                                           struct mlgrain_error *error)
{
  const struct mixture all = all_parts(parts), own = boundaries_of(parts),
                       grains = grains_of(parts);
  enum mlgrain_status status =
      mixture_self_consistent(&all, estimates[MLGRAIN_GRAPH_SELF_CONSISTENT], error);
  if (status)
    return status;
  scale_fractions(parts, 1.0 / (1.0 - parts->boundary), 1.0 / parts->boundary);
  status = mixture_self_consistent(&grains, estimates[MLGRAIN_GRAPH_GRAINS], error);
  if (!status)
    status = mixture_self_consistent(&own, estimates[MLGRAIN_GRAPH_BOUNDARY], error);
  if (!status)
    status = add_coated(parts, estimates, error);
  return status ? status : add_local(graph, parts, estimates[MLGRAIN_GRAPH_LOCAL], error);
}

enum mlgrain_status mlgrain_graph_estimates(const struct mlgrain_graph *graph, double *estimates,
                                            struct mlgrain_error *error)
{
  struct parts parts;
  double *place[MLGRAIN_GRAPH_ESTIMATES];
  enum mlgrain_status status = check_graph(graph, error);
  if (status)
    return status;
  for (int k = 0; k < MLGRAIN_GRAPH_ESTIMATES; k++)
    place[k] = estimates + k * graph->size * graph->size;
  status = parts_create(graph, &parts, error);
  if (!status)
    status = add_bounds(graph, &parts, place, error);
  if (!status) {
    set_boundaries(&parts, graph->boundary);
    status = add_mean_fields(graph, &parts, place, error);
  }
  free(parts.fraction);
  for (int k = 0; !status && k < MLGRAIN_GRAPH_STIFFNESS_ESTIMATES; k++)
    matrix_to_voigt(graph->size, place[k], place[k]);
  if (!status && graph->size == 3)
    status = network_estimates(graph, place[MLGRAIN_GRAPH_SERIES], place[MLGRAIN_GRAPH_NETWORK],
                               place[MLGRAIN_GRAPH_COUPLED], place[MLGRAIN_GRAPH_QUADRATIC],
                               place[MLGRAIN_GRAPH_CUBIC], error);
  return status;
}

/* ---- one mixture -------------------------------------------------------------------------------
 */

enum mlgrain_status mlgrain_self_consistent(int size, size_t phases, const double *fraction,
                                            const double *tensor, double *estimate,
                                            struct mlgrain_error *error)
{
  const size_t numbers = (size_t)(size * size);
  double sum = 0.0;
  if (size != 3 && size != 6)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "tensors of %d rows", size);
  for (size_t i = 0; i < phases; i++)
    sum += fraction[i] >= 0.0 ? fraction[i] : NAN;
  if (!(sum > 0.0 && isfinite(sum)))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "fractions have no sum above 0, or one is below it");
  enum mlgrain_status status = check_tensors(size, phases, tensor, "phase", error);
  if (status)
    return status;
  double *memory = malloc(phases * (1 + numbers) * sizeof *memory);
  if (!memory)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu phases", phases);
  for (size_t i = 0; i < phases; i++) {
    memory[i] = fraction[i] / sum;
    matrix_to_mandel(size, tensor + i * numbers, memory + phases + i * numbers);
  }
  const struct mixture mixture = {size, phases, memory, memory + phases};
  double mean[MATRIX_NUMBERS];
  status = mixture_self_consistent(&mixture, mean, error);
  free(memory);
  if (!status)
    matrix_to_voigt(size, mean, estimate);
  return status;
}
