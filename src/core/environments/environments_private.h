/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: a library of environments. */
#ifndef MLGRAIN_ENVIRONMENTS_PRIVATE_H
#define MLGRAIN_ENVIRONMENTS_PRIVATE_H

#include "mlgrain/environments.h"

typedef double environments_square(size_t components, const double *a, const double *b);
environments_square environments_square_v2, environments_square_v3, environments_square_v4;

/* Projections of a - b on ENVIRONMENTS_TOGETHER directions, direction [..][components]. */
enum { ENVIRONMENTS_TOGETHER = 8, ENVIRONMENTS_DIRECTIONS = 2 * ENVIRONMENTS_TOGETHER };
typedef void environments_project(size_t components, const double *direction, const double *a,
                                  const double *b, double *projection);
environments_project environments_project_v2, environments_project_v3, environments_project_v4;

/* The best for this processor. */
environments_square *environments_square_best(void);
environments_project *environments_project_best(void);

struct mlgrain_environments {
  size_t components;
  struct mlgrain_environment_content content; /* points to what follows */
  char *seed;
  double *vector, *radius, *coreset;
  struct mlgrain_environment_source *source, *coreset_source;
  uint64_t *atoms, *coreset_atoms;
  environments_square *square;
  environments_project *project;
  double *direction; /* [ENVIRONMENTS_DIRECTIONS][components], orthonormal or 0 */
  double *shadow; /* [count][ENVIRONMENTS_DIRECTIONS + 1]: projections of each minus the first, and
                     the length of what is left */
};

/* A library with room for so many unique environments and vectors of the coreset, all zero; its
   content points to its memory. NULL if there is none. */
struct mlgrain_environments *environments_allocate(const struct mlgrain_soap_parameters *parameters,
                                                   size_t unique, size_t coreset, const char *seed);

/* What the search needs, when all else is there. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status environments_prepare(struct mlgrain_environments *library,
                                         struct mlgrain_error *error);

#endif
