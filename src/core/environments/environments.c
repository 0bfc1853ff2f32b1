/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/environments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "environments_private.h"

environments_square *environments_square_best(void)
{
#ifdef MLGRAIN_X86_64_LEVELS
  const enum mlgrain_simd_level level = mlgrain_simd_best();
  if (level == MLGRAIN_SIMD_V4)
    return environments_square_v4;
  if (level == MLGRAIN_SIMD_V3)
    return environments_square_v3;
#endif
  return environments_square_v2;
}

double mlgrain_distance(size_t components, const double *a, const double *b)
{
  return sqrt(environments_square_best()(components, a, b));
}

/* ---- making --------------------------------------------------------------------------------- */

struct mlgrain_environments *environments_allocate(const struct mlgrain_soap_parameters *parameters,
                                                   size_t unique, size_t coreset, const char *seed)
{
  struct mlgrain_environments *made = calloc(1, sizeof *made);
  if (!made)
    return NULL;
  const size_t components = mlgrain_soap_components(parameters), some = coreset ? coreset : 1;
  made->components = components;
  made->square = environments_square_best();
  made->vector = calloc(unique * components, sizeof *made->vector);
  made->radius = calloc(unique, sizeof *made->radius);
  made->source = calloc(unique, sizeof *made->source);
  made->atoms = calloc(unique, sizeof *made->atoms);
  made->coreset = calloc(some * components, sizeof *made->coreset);
  made->coreset_source = calloc(some, sizeof *made->coreset_source);
  made->coreset_atoms = calloc(some, sizeof *made->coreset_atoms);
  const size_t length = strlen(seed) + 1;
  made->seed = malloc(length);
  if (!made->vector || !made->radius || !made->source || !made->atoms || !made->coreset ||
      !made->coreset_source || !made->coreset_atoms || !made->seed) {
    mlgrain_environments_free(made);
    return NULL;
  }
  memcpy(made->seed, seed, length);
  made->content = (struct mlgrain_environment_content){
      *parameters,  0.0,
      made->seed,   {unique, made->vector, made->source, made->atoms},
      made->radius, {coreset, made->coreset, made->coreset_source, made->coreset_atoms}};
  return made;
}

void mlgrain_environments_free(struct mlgrain_environments *library)
{
  if (!library)
    return;
  free(library->vector);
  free(library->radius);
  free(library->source);
  free(library->atoms);
  free(library->coreset);
  free(library->coreset_source);
  free(library->coreset_atoms);
  free(library->seed);
  free(library->map.direction);
  free(library->map.shadow);
  free(library);
}

void mlgrain_environments_forget_coreset(struct mlgrain_environments *library)
{
  free(library->coreset);
  free(library->coreset_source);
  free(library->coreset_atoms);
  library->coreset = NULL;
  library->coreset_source = NULL;
  library->coreset_atoms = NULL;
  library->content.coreset = (struct mlgrain_environment_set){0, NULL, NULL, NULL};
}

/* A growing selection of unique environments. */
struct choice {
  struct mlgrain_selection *selection;
  size_t *number; /* of each center after the seed, in the coreset */
  double *radius;
  size_t count;
};

/* Centers until all vectors are within epsilon, or there are as many as allowed. Rounding must not
   decide between vectors that are equally far: those within 1e-9 of the seed's length count as
   such. */
static enum mlgrain_status choose(struct choice *choice, size_t components, double epsilon,
                                  size_t most, const double *seed, struct mlgrain_error *error)
{
  const double *next = seed;
  double square = 0.0;
  for (size_t i = 0; i < components; i++)
    square += seed[i] * seed[i];
  for (;;) {
    const enum mlgrain_status status = mlgrain_selection_center(choice->selection, next, error);
    if (status)
      return status;
    const double largest = mlgrain_selection_largest(choice->selection);
    choice->radius[choice->count++] = largest > 0.0 ? largest : 0.0;
    if (!(largest >= epsilon) || choice->count == most)
      return MLGRAIN_SUCCESS;
    const size_t number = mlgrain_selection_first(choice->selection, largest - 1e-9 * sqrt(square));
    choice->number[choice->count] = number;
    next = mlgrain_selection_vector(choice->selection, number, NULL, NULL, NULL);
  }
}

/* The library of what was chosen. */
static enum mlgrain_status collect(const struct mlgrain_soap_parameters *parameters, double epsilon,
                                   const char *seed_text, const double *seed,
                                   const struct mlgrain_environment_set *coreset,
                                   const struct choice *choice,
                                   struct mlgrain_environments **library,
                                   struct mlgrain_error *error)
{
  struct mlgrain_environments *made =
      environments_allocate(parameters, choice->count, coreset->count, seed_text);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu environments",
                        choice->count);
  const size_t row = made->components;
  made->content.epsilon = epsilon;
  memcpy(made->radius, choice->radius, choice->count * sizeof *made->radius);
  for (size_t k = 0; k < choice->count; k++) {
    const double *from = k ? coreset->vector + choice->number[k] * row : seed;
    memcpy(made->vector + k * row, from, row * sizeof *from);
    made->source[k] =
        k ? coreset->source[choice->number[k]] : (struct mlgrain_environment_source){-1, -1};
  }
  for (size_t i = 0; i < coreset->count; i++) {
    size_t nearest;
    mlgrain_selection_vector(choice->selection, i, NULL, &nearest, NULL);
    made->atoms[nearest] += coreset->atoms[i];
    made->coreset_source[i] = coreset->source[i];
    made->coreset_atoms[i] = coreset->atoms[i];
  }
  if (coreset->count)
    memcpy(made->coreset, coreset->vector, coreset->count * row * sizeof *made->coreset);
  const enum mlgrain_status status = environments_prepare(made, error);
  if (status)
    mlgrain_environments_free(made);
  else
    *library = made;
  return status;
}

enum mlgrain_status mlgrain_environments_choose(const struct mlgrain_soap_parameters *parameters,
                                                double epsilon, size_t most, const char *seed_text,
                                                const double *seed,
                                                const struct mlgrain_environment_set *coreset,
                                                struct mlgrain_environments **library,
                                                struct mlgrain_error *error)
{
  const size_t components = mlgrain_soap_components(parameters);
  struct choice choice = {0};
  *library = NULL;
  if (!(epsilon > 0.0 && isfinite(epsilon)))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "epsilon %g is not positive and finite",
                        epsilon);
  if (components == 0)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "a parameter of the vectors is impossible");
  choice.number = calloc(coreset->count + 2, sizeof *choice.number);
  choice.radius = calloc(coreset->count + 2, sizeof *choice.radius);
  if (!choice.number || !choice.radius) {
    free(choice.number);
    free(choice.radius);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a selection");
  }
  enum mlgrain_status status = mlgrain_selection_create(components, &choice.selection, error);
  if (!status)
    status = mlgrain_selection_add(choice.selection, coreset->count, coreset->vector,
                                   coreset->source, error);
  if (!status)
    status = choose(&choice, components, epsilon, most, seed, error);
  if (!status)
    status = collect(parameters, epsilon, seed_text, seed, coreset, &choice, library, error);
  mlgrain_selection_free(choice.selection);
  free(choice.number);
  free(choice.radius);
  return status;
}

const struct mlgrain_environment_content *
mlgrain_environments_content(const struct mlgrain_environments *library)
{
  return &library->content;
}

size_t mlgrain_environments_memory(const struct mlgrain_environments *library)
{
  const size_t unique = library->content.unique.count,
               all = unique + library->content.coreset.count;
  return sizeof *library + all * (library->components * sizeof(double) + 24) +
         ENVIRONMENTS_DIRECTIONS * library->map.row * sizeof(float) +
         (ENVIRONMENTS_DIRECTIONS + 2) * library->map.capacity * sizeof(double);
}
