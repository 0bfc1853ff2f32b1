/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new potential of any level: its basis functions from their definition, and parameters to start
   with. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter_random.h"
#include "base/error_text.h"
#include "mlgrain/mtp_train.h"
#include "mtp_contraction.h"

enum { MOST_LEVEL = 28 };

/* What the steps share. */
struct making {
  struct mlgrain_mtp_file *file;
  struct mtp_graph *graphs;
  size_t graph_count;
  struct mtp_contraction contraction;
  struct mtp_contraction_ways *ways; /* [graph_count] */
  int *scalar;                       /* [graph_count] numbers of the graphs' moments */
  /* The functions in the energy: connected graphs, and products of them. */
  struct function {
    int level, moment;
  } * functions;
  size_t function_count, function_capacity;
};

static int largest(int a, int b)
{
  return a > b ? a : b;
}

/* The highest rank of the moments of each radial function, -1 where none is used; returns how many
   radial functions there are. */
static int find_ranks(const struct making *making, int rank[])
{
  int functions = 0;
  for (size_t g = 0; g < making->graph_count; g++) {
    const struct mtp_graph *graph = &making->graphs[g];
    for (int i = 0; i < graph->nodes; i++) {
      int edges = 0;
      for (int j = 0; j < graph->nodes; j++)
        edges += graph->edges[i][j];
      for (; functions <= graph->mu[i]; functions++)
        rank[functions] = -1;
      rank[graph->mu[i]] = largest(rank[graph->mu[i]], edges);
    }
  }
  return functions;
}

/* Numbers all components of the moments up to those ranks. */
static enum mlgrain_status make_basics(struct making *making)
{
  struct mlgrain_mtp_file *file = making->file;
  int rank[MOST_LEVEL / 4 + 1];
  const int functions = find_ranks(making, rank);
  file->radial_count = functions;
  for (int mu = 0; mu < functions; mu++)
    file->basic_count += (rank[mu] + 1) * (rank[mu] + 2) * (rank[mu] + 3) / 6;
  file->basic = calloc((size_t)file->basic_count, sizeof *file->basic);
  making->contraction.number = calloc((size_t)functions, sizeof *making->contraction.number);
  if (!file->basic || !making->contraction.number)
    return MLGRAIN_OUT_OF_MEMORY;
  int count = 0;
  for (int mu = 0; mu < functions; mu++)
    for (int nu = 0; nu <= rank[mu]; nu++)
      for (int a = nu; a >= 0; a--)
        for (int b = nu - a; b >= 0; b--) {
          const int basic[4] = {mu, a, b, nu - a - b};
          memcpy(file->basic[count], basic, sizeof basic);
          making->contraction.number[mu][a][b][nu - a - b] = count++;
        }
  making->contraction.basic_count = count;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status add_function(struct making *making, int level, int moment)
{
  if (making->function_count == making->function_capacity) {
    const size_t capacity = 2 * making->function_capacity + 64;
    void *larger = realloc(making->functions, capacity * sizeof *making->functions);
    if (!larger)
      return MLGRAIN_OUT_OF_MEMORY;
    making->functions = larger;
    making->function_capacity = capacity;
  }
  making->functions[making->function_count++] = (struct function){level, moment};
  return MLGRAIN_SUCCESS;
}

/* Adds all products of `moment` (-1: of nothing) with connected graphs from number `first` on, as
   far as the level allows and with no more nodes than a graph may have. */
static enum mlgrain_status add_products(struct making *making, int most_level, size_t first,
                                        int moment, int level, int nodes)
{
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t g = first; g < making->graph_count && !status; g++) {
    const struct mtp_graph *graph = &making->graphs[g];
    const int all = level + graph->level, other = making->scalar[g];
    int product = other;
    if (all > most_level)
      break; /* graphs are in order of level */
    if (nodes + graph->nodes > GRAPH_NODES)
      continue;
    if (moment >= 0) {
      const struct mtp_contraction_term term = {moment < other ? moment : other,
                                                moment < other ? other : moment, 1};
      status = mtp_contraction_store(&making->contraction, &term, 1, &product);
    }
    if (!status)
      status = add_function(making, all, product);
    if (!status)
      status = add_products(making, most_level, g, product, all, nodes + graph->nodes);
  }
  return status;
}

static int compare_functions(const void *left, const void *right)
{
  const struct function *a = left, *b = right;
  if (a->level != b->level)
    return a->level < b->level ? -1 : 1;
  return a->moment < b->moment ? -1 : a->moment > b->moment;
}

/* The lists of the file from what was contracted. */
static enum mlgrain_status write_lists(const struct making *making)
{
  struct mlgrain_mtp_file *file = making->file;
  const struct mtp_contraction *contraction = &making->contraction;
  file->moment_count = file->basic_count + (int)contraction->moment_count;
  file->times_count = (int)contraction->term_count;
  file->scalar_count = (int)making->function_count;
  file->times = calloc(contraction->term_count + 1, sizeof *file->times);
  file->mapping = calloc(making->function_count + 1, sizeof *file->mapping);
  if (!file->times || !file->mapping)
    return MLGRAIN_OUT_OF_MEMORY;
  for (size_t k = 0; k < contraction->moment_count; k++)
    for (size_t t = contraction->moments[k].first; t < contraction->moments[k].last; t++) {
      const struct mtp_contraction_term *term = &contraction->terms[t];
      const int times[4] = {term->left, term->right, term->factor, file->basic_count + (int)k};
      memcpy(file->times[t], times, sizeof times);
    }
  for (size_t k = 0; k < making->function_count; k++)
    file->mapping[k] = making->functions[k].moment;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status make_basis(struct making *making, int level)
{
  enum mlgrain_status status = mtp_graphs_make(level, &making->graphs, &making->graph_count);
  if (!status)
    status = make_basics(making);
  if (!status)
    status = mtp_contraction_begin(&making->contraction);
  if (!status) {
    making->scalar = calloc(making->graph_count, sizeof *making->scalar);
    making->ways = calloc(making->graph_count, sizeof *making->ways);
    status = making->scalar && making->ways ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
  }
  for (size_t g = 0; g < making->graph_count && !status; g++)
    status = mtp_contract(&making->contraction, &making->graphs[g], &making->ways[g]);
  if (!status)
    status = mtp_contraction_choose(&making->contraction, making->ways, making->graph_count,
                                    making->scalar);
  if (!status)
    status = add_products(making, level, 0, -1, 0, 0);
  if (status)
    return status;
  qsort(making->functions, making->function_count, sizeof *making->functions, compare_functions);
  return write_lists(making);
}

static enum mlgrain_status make_parameters(const struct mlgrain_mtp_form *form,
                                           struct mlgrain_mtp_file *file)
{
  const size_t species = (size_t)form->species_count;
  const size_t radial = species * species * (size_t)file->radial_count * (size_t)file->radial_size;
  file->label = calloc(species, sizeof *file->label);
  file->radial_coeffs = calloc(radial, sizeof *file->radial_coeffs);
  file->species_coeffs = calloc(species, sizeof *file->species_coeffs);
  file->moment_coeffs = calloc((size_t)file->scalar_count + 1, sizeof *file->moment_coeffs);
  if (!file->label || !file->radial_coeffs || !file->species_coeffs || !file->moment_coeffs)
    return MLGRAIN_OUT_OF_MEMORY;
  for (int k = 0; k < form->species_count; k++)
    file->label[k] = form->label ? form->label[k] : k;
  file->parameter_count = radial + species + (size_t)file->scalar_count;
  mlgrain_mtp_file_start(file, form->seed);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status check_form(const struct mlgrain_mtp_form *form,
                                      struct mlgrain_error *error)
{
  if (form->level < 2 || form->level > MOST_LEVEL)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "level %d is not between 2 and %d",
                        form->level, MOST_LEVEL);
  if (form->species_count < 1)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%d species", form->species_count);
  if (form->radial_size < 1)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%d polynomials per radial function",
                        form->radial_size);
  if (!(form->min_dist >= 0.0 && form->max_dist > form->min_dist && isfinite(form->max_dist)))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "distances %g to %g are no interval above 0", form->min_dist,
                        form->max_dist);
  for (int i = 0; i < form->species_count && form->label; i++) {
    if (form->label[i] < 0)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "a species has the label %d",
                          form->label[i]);
    for (int j = 0; j < i; j++)
      if (form->label[i] == form->label[j])
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "two species have the label %d",
                            form->label[i]);
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_mtp_file_new(const struct mlgrain_mtp_form *form,
                                         struct mlgrain_mtp_file **file,
                                         struct mlgrain_error *error)
{
  *file = NULL;
  enum mlgrain_status status = check_form(form, error);
  if (status)
    return status;
  struct making making = {.file = calloc(1, sizeof **file)};
  if (!making.file)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a potential");
  making.file->species_count = form->species_count;
  making.file->basis = form->basis;
  making.file->scaling = 0.1; /* of moments that are about one */
  making.file->min_dist = form->min_dist;
  making.file->max_dist = form->max_dist;
  making.file->radial_size = form->radial_size;
  status = make_basis(&making, form->level);
  if (!status)
    status = make_parameters(form, making.file);
  free(making.graphs);
  free(making.contraction.number);
  mtp_contraction_free(&making.contraction);
  free(making.ways);
  free(making.scalar);
  free(making.functions);
  if (status) {
    mlgrain_mtp_file_free(making.file);
    return mlgrain_fail(error, status, "out of memory for the basis of level %d", form->level);
  }
  *file = making.file;
  return MLGRAIN_SUCCESS;
}

void mlgrain_mtp_file_start(struct mlgrain_mtp_file *file, uint64_t seed)
{
  const double spread = 0.1;
  const size_t size = (size_t)file->radial_size, functions = (size_t)file->radial_count;
  const size_t rows = (size_t)file->species_count * (size_t)file->species_count * functions;
  for (size_t row = 0; row < rows; row++)
    for (size_t b = 0; b < size; b++)
      file->radial_coeffs[row * size + b] = (row % functions % size == b ? 1.0 : 0.0) +
                                            spread * random_normal(seed, RANDOM_RADIAL, row, b);
  memset(file->species_coeffs, 0, (size_t)file->species_count * sizeof *file->species_coeffs);
  memset(file->moment_coeffs, 0, (size_t)file->scalar_count * sizeof *file->moment_coeffs);
}
