/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unique environments: some vectors of many, no two nearer than epsilon and every vector within
   epsilon of one of them. They are chosen by farthest-point sampling (T. F. Gonzalez, Theor.
   Comput. Sci. 38 (1985) 293), which doesn't depend on the order of the vectors; the fractions of
   atoms that are nearest to each are the local environment representation (LER) of C. W. Rosenbrock
   et al., npj Comput. Mater. 3 (2017) 29. Distances are Euclidean. See doc/theory_soap.md. */
#ifndef MLGRAIN_ENVIRONMENTS_H
#define MLGRAIN_ENVIRONMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"
#include "mlgrain/soap.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The distance of two vectors of `components` numbers. */
MLGRAIN_EXPORT double mlgrain_distance(size_t components, const double *a, const double *b);

/* ---- selection ------------------------------------------------------------------------------- */

/* Where a vector comes from: an atom of a step. The seed's is {-1, -1}. */
struct mlgrain_environment_source {
  int64_t atom, step;
};

struct mlgrain_selection;

/* A selection among vectors of `components` numbers, without any yet; to be freed with
   mlgrain_selection_free. MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_selection_create(size_t components,
                                                            struct mlgrain_selection **selection,
                                                            struct mlgrain_error *error);
MLGRAIN_EXPORT void mlgrain_selection_free(struct mlgrain_selection *selection);

/* Adds `count` vectors, row [count][components] with their sources, which are copied. Before the
   first center only. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: there is a center. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_selection_add(struct mlgrain_selection *selection, size_t count, const double *row,
                      const struct mlgrain_environment_source *source, struct mlgrain_error *error);

MLGRAIN_EXPORT size_t mlgrain_selection_count(const struct mlgrain_selection *selection);

/* Makes a vector, which is copied, the next center. MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_selection_center(struct mlgrain_selection *selection,
                                                            const double *vector,
                                                            struct mlgrain_error *error);

/* The largest distance of a vector to its nearest center; -1 without vectors, HUGE_VAL without
   centers. */
MLGRAIN_EXPORT double mlgrain_selection_largest(const struct mlgrain_selection *selection);

/* Of the vectors at least that far from their nearest centers, the one whose source comes first (by
   atom, then by step). Its number, or mlgrain_selection_count() if there is none. With `least` a
   little below the largest distance of all ranks, the next center is the same for any division of
   vectors among them. */
MLGRAIN_EXPORT size_t mlgrain_selection_first(const struct mlgrain_selection *selection,
                                              double least);

/* A vector, its source, its nearest center (counted from 0) and the distance to it. Pointers may be
   NULL. */
MLGRAIN_EXPORT const double *mlgrain_selection_vector(const struct mlgrain_selection *selection,
                                                      size_t number,
                                                      struct mlgrain_environment_source *source,
                                                      size_t *center, double *distance);

/* How many distances were computed: the triangle inequality spares most. */
MLGRAIN_EXPORT uint64_t mlgrain_selection_distances(const struct mlgrain_selection *selection);

/* ---- libraries ------------------------------------------------------------------------------- */

/* Vectors with where they come from and how many atoms they stand for. */
struct mlgrain_environment_set {
  size_t count;
  const double *vector; /* [count][components] */
  const struct mlgrain_environment_source *source;
  const uint64_t *atoms;
};

/* What a library holds. */
struct mlgrain_environment_content {
  struct mlgrain_soap_parameters parameters; /* all but precision */
  double epsilon;
  const char *seed;                      /* what the first environment is, as text */
  struct mlgrain_environment_set unique; /* in the order of selection */
  const double *radius; /* [unique.count]: the largest distance of a vector to the nearest of the
                           environments up to this one: for a larger epsilon, take the first ones */
  struct mlgrain_environment_set coreset; /* from which they were chosen: for merging libraries */
};

struct mlgrain_environments;

/* Chooses unique environments from a coreset, whose atoms they inherit: the seed, then the farthest
   vector as long as it is at least epsilon away. most: no more than these (0: any number). The new
   library has copies of all. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: epsilon is not
   positive and finite, or a parameter is out of range. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_environments_choose(const struct mlgrain_soap_parameters *parameters, double epsilon,
                            size_t most, const char *seed_text, const double *seed,
                            const struct mlgrain_environment_set *coreset,
                            struct mlgrain_environments **library, struct mlgrain_error *error);

/* Reads a library (doc/environment_format.md). MLGRAIN_OUT_OF_MEMORY, MLGRAIN_FILE_ERROR,
   MLGRAIN_FORMAT_ERROR, MLGRAIN_NOT_FINITE, MLGRAIN_UNSUPPORTED. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_environments_read(const char *path,
                                                             struct mlgrain_environments **library,
                                                             struct mlgrain_error *error);

/* The same for a file in memory, at an address that is a multiple of 8; name is for messages. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_environments_parse(const char *name, const void *bytes,
                                                              size_t size,
                                                              struct mlgrain_environments **library,
                                                              struct mlgrain_error *error);

/* Writes a library; `path` never names half of one. MLGRAIN_OUT_OF_MEMORY, MLGRAIN_FILE_ERROR. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_environments_write(const struct mlgrain_environments *library, const char *path,
                           struct mlgrain_error *error);

/* Gives the memory of the coreset back, which only merging needs: afterwards it is empty. */
MLGRAIN_EXPORT void mlgrain_environments_forget_coreset(struct mlgrain_environments *library);

MLGRAIN_EXPORT void mlgrain_environments_free(struct mlgrain_environments *library);

/* Owned by the library. */
MLGRAIN_EXPORT const struct mlgrain_environment_content *
mlgrain_environments_content(const struct mlgrain_environments *library);

/* Bytes the object holds. */
MLGRAIN_EXPORT size_t mlgrain_environments_memory(const struct mlgrain_environments *library);

/* The nearest environment of a vector (counted from 0), and distances: to it, to the second nearest
   (HUGE_VAL if there is but one), to the first of all, the seed. Any number of threads may call it
   at once. */
struct mlgrain_environment_match {
  size_t nearest;
  double distance, second, seed;
};
MLGRAIN_EXPORT struct mlgrain_environment_match
mlgrain_environments_nearest(const struct mlgrain_environments *library, const double *vector);

/* The same for `count` vectors, vectors [count][components]: faster than one by one, with equal
   results. */
MLGRAIN_EXPORT void mlgrain_environments_nearest_each(const struct mlgrain_environments *library,
                                                      size_t count, const double *vectors,
                                                      struct mlgrain_environment_match *match);

#ifdef __cplusplus
}
#endif
#endif
