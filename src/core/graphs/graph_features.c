/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph.h"
#include "matrices.h"
#include "mlgrain/graph_model.h"

static int reference_of(int size)
{
  return size == 3 ? MLGRAIN_GRAPH_COUPLED : MLGRAIN_GRAPH_LOCAL;
}

static int estimates_of(int size)
{
  return size == 3 ? (int)MLGRAIN_GRAPH_ESTIMATES : (int)MLGRAIN_GRAPH_STIFFNESS_ESTIMATES;
}

static int parts_of(int size)
{
  return size == 3 ? 1 : 2;
}

/* After those of the estimates. */
enum other { GRAINS_LOG, GRAINS_SHAPE, BOUNDARIES_LOG, BOUNDARIES_SPREAD, VOLUME, NORMALS, OTHERS };

/* How many numbers each has. */
static int width_of(int size, enum other other)
{
  return other == GRAINS_SHAPE || other >= VOLUME ? 1 : parts_of(size);
}

int mlgrain_graph_feature_count(int size)
{
  int count = (estimates_of(size) - 1) * parts_of(size);
  for (int other = 0; other < OTHERS; other++)
    count += width_of(size, (enum other)other);
  return count;
}

int mlgrain_graph_shape_count(int size)
{
  return estimates_of(size) + (size == 3);
}

static void write_name(const char *word, int part, int width, char name[MLGRAIN_GRAPH_NAME])
{
  snprintf(name, MLGRAIN_GRAPH_NAME, "%s%s", word, width == 1 ? "" : part ? "_shear" : "_bulk");
}

void mlgrain_graph_feature_name(int size, int feature, char name[MLGRAIN_GRAPH_NAME])
{
  static const char *const words[OTHERS] = {"log_grains_mean",     "grains_shape",
                                            "log_boundaries_mean", "boundaries_spread",
                                            "log_boundary_volume", "normals_shape"};
  const int parts = parts_of(size);
  char word[32];
  name[0] = '\0';
  for (int k = 0; k < estimates_of(size); k++) {
    if (k == reference_of(size))
      continue;
    if (feature < parts) {
      snprintf(word, sizeof word, "log_%s",
               mlgrain_graph_estimate_name((enum mlgrain_graph_estimate)k));
      write_name(word, feature, parts, name);
      return;
    }
    feature -= parts;
  }
  for (int other = 0; other < OTHERS; other++) {
    const int width = width_of(size, (enum other)other);
    if (feature >= 0 && feature < width)
      write_name(words[other], feature, width, name);
    feature -= width;
  }
}

static double one_over_root(double x)
{
  return 1.0 / sqrt(x);
}

/* Takes the isotropic parts out of a matrix. */
static void split(int size, double *matrix, double part[MATRIX_ISOTROPIC_MOST])
{
  matrix_isotropic(size, matrix, part);
  matrix_add_isotropic(size, part, -1.0, matrix);
}

/* Logarithms of tensors and their parts, weighted. */
struct log_sums {
  double weight, mean[MATRIX_ISOTROPIC_MOST], square[MATRIX_ISOTROPIC_MOST], shape;
};

static void add_log(int size, const double *tensor, double weight, struct log_sums *sums)
{
  double matrix[MATRIX_NUMBERS], part[MATRIX_ISOTROPIC_MOST];
  if (!(weight > 0.0))
    return;
  matrix_to_mandel(size, tensor, matrix);
  matrix_function(size, matrix, log, matrix);
  split(size, matrix, part);
  sums->weight += weight;
  for (int p = 0; p < parts_of(size); p++) {
    const double from = part[p] - sums->mean[p];
    sums->mean[p] += weight / sums->weight * from; /* B. P. Welford's, with weights */
    sums->square[p] += weight * from * (part[p] - sums->mean[p]);
  }
  sums->shape += weight * matrix_product(size, matrix, matrix);
}

/* The rest of the mean of n n^T over boundaries, by volume: a shape of conductivities. Returns the
   root of its square, which is 0 in a sample whose boundaries lie in all directions, sqrt(1/6) in
   columns. */
static double add_normals(const struct mlgrain_graph *graph, struct mlgrain_graph_features *to)
{
  double mean[9] = {0.0}, sum = 0.0, part[MATRIX_ISOTROPIC_MOST];
  for (size_t f = 0; f < graph->faces; f++) {
    const double *n = graph->normal[f], layer = graph_layer(graph, f);
    sum += layer;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        mean[3 * i + j] += layer * n[i] * n[j];
  }
  for (int i = 0; i < 9; i++)
    mean[i] /= sum;
  split(3, mean, part);
  if (graph->size == 3)
    memcpy(to->shape[to->shapes++], mean, sizeof mean);
  return sqrt(matrix_product(3, mean, mean));
}

static void add_others(const struct mlgrain_graph *graph, const double *reference_part,
                       struct mlgrain_graph_features *to)
{
  const size_t numbers = (size_t)(graph->size * graph->size);
  const double fraction = mlgrain_graph_boundary_fraction(graph);
  struct log_sums grains = {0}, boundaries = {0};
  for (size_t g = 0; g < graph->grains; g++)
    add_log(graph->size, graph->tensor + g * numbers, graph->volume[g], &grains);
  for (size_t f = 0; f < graph->faces; f++)
    add_log(graph->size, graph->boundary + f * numbers, graph_layer(graph, f), &boundaries);
  double *feature = to->feature + to->features;
  for (int p = 0; p < to->parts; p++)
    *feature++ = grains.mean[p] - reference_part[p];
  *feature++ = sqrt(grains.shape / grains.weight);
  for (int p = 0; p < to->parts; p++)
    *feature++ = boundaries.mean[p] - reference_part[p];
  for (int p = 0; p < to->parts; p++)
    *feature++ = sqrt(boundaries.square[p] / boundaries.weight);
  *feature++ = log(fraction / (1.0 - fraction));
  *feature++ = add_normals(graph, to);
  to->features = (int)(feature - to->feature);
}

enum mlgrain_status mlgrain_graph_describe(const struct mlgrain_graph *graph,
                                           struct mlgrain_graph_features *features,
                                           struct mlgrain_error *error)
{
  const int size = graph->size, numbers = size * size, reference = reference_of(size);
  double estimate[MLGRAIN_GRAPH_ESTIMATES * MATRIX_NUMBERS], root[MATRIX_NUMBERS];
  double own[MATRIX_ISOTROPIC_MOST] = {0.0};
  const enum mlgrain_status status = mlgrain_graph_estimates(graph, estimate, error);
  if (status)
    return status;
  memset(features, 0, sizeof *features);
  features->size = size;
  features->parts = parts_of(size);
  matrix_to_mandel(size, estimate + reference * numbers, features->reference);
  matrix_function(size, features->reference, one_over_root, root);
  for (int k = 0; k < estimates_of(size); k++) {
    double *shape = features->shape[features->shapes++], part[MATRIX_ISOTROPIC_MOST];
    matrix_to_mandel(size, estimate + k * numbers, shape);
    if (k != reference)
      matrix_between(size, root, shape, shape);
    matrix_function(size, shape, log, shape);
    split(size, shape, k == reference ? own : part);
    for (int p = 0; k != reference && p < features->parts; p++)
      features->feature[features->features++] = part[p];
  }
  add_others(graph, own, features);
  return MLGRAIN_SUCCESS;
}
