/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: a library of environments. */
#ifndef MLGRAIN_ENVIRONMENTS_PRIVATE_H
#define MLGRAIN_ENVIRONMENTS_PRIVATE_H

#include "mlgrain/environments.h"

typedef double environments_square(size_t components, const double *a, const double *b);
environments_square environments_square_v2, environments_square_v3, environments_square_v4;

/* The best for this processor. */
environments_square *environments_square_best(void);

enum {
  ENVIRONMENTS_DIRECTIONS = 16,
  ENVIRONMENTS_BATCH = 8 /* vectors that are searched for together, at most */
};

/* Which environments are near, roughly: projections on some directions, and lengths of what these
   leave. All of environments less the first, in units of the largest length of these. */
struct environments_map {
  double inverse_size;
  size_t row, capacity; /* components and environments, filled up to whole vectors with zeros */
  float *direction;     /* [ENVIRONMENTS_DIRECTIONS][row], orthonormal or 0 */
  double *shadow; /* [ENVIRONMENTS_DIRECTIONS][capacity]: projections; it owns the following */
  double *left;   /* [capacity]: what is left of each, at most */
  double *length; /* [capacity]: of each as a whole */
};

/* Matches of up to ENVIRONMENTS_BATCH vectors. */
typedef void environments_search(const struct mlgrain_environments *library, size_t count,
                                 const double *vectors, struct mlgrain_environment_match *match);
environments_search environments_search_v2, environments_search_v3, environments_search_v4;

struct mlgrain_environments {
  size_t components;
  struct mlgrain_environment_content content; /* points to what follows */
  char *seed;
  double *vector, *radius, *coreset;
  struct mlgrain_environment_source *source, *coreset_source;
  uint64_t *atoms, *coreset_atoms;
  environments_square *square;
  environments_search *search;
  struct environments_map map;
};

/* A library with room for so many unique environments and vectors of the coreset, all zero; its
   content points to its memory. NULL if there is none. */
struct mlgrain_environments *environments_allocate(const struct mlgrain_soap_parameters *parameters,
                                                   size_t unique, size_t coreset, const char *seed);

/* What the search needs, when all else is there. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status environments_prepare(struct mlgrain_environments *library,
                                         struct mlgrain_error *error);

#endif
