/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of an active set that no neighborhood has a part of, and an inverse without them.

   Energies stay what they are if a radial function is multiplied by a number and the moments'
   coefficients are divided by it, and, where the basis has all moments up to a level, if a radial
   function is added to one of higher number and coefficients change accordingly. So gradients to
   the parameters are perpendicular to some directions, whatever the neighbors; rows that a search
   for an active set began with are left there, 10^-6 on the diagonal. Coefficients of these rows
   are 0, and others don't change if multiples of their rows are taken from the inverse. Those that
   make its rows shortest take away the 10^6 that a rounded gradient would be multiplied by. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter_random.h"
#include "base/orthonormal.h"
#include "mtp_private.h"

enum { SEED = 7, NEIGHBORS = 40, NEIGHBORHOODS = 6 };

/* Atom 0 and neighbors, as a potential takes them. */
struct neighborhood {
  double x[NEIGHBORS + 1][3];
  int type[NEIGHBORS + 1], list[NEIGHBORS];
  float screen[NEIGHBORS + 1][4];
};

/* Neighbors of any species in all directions, at all distances within the cutoff. */
static void draw_neighborhood(const struct mlgrain_mtp *mtp, int species, uint64_t number,
                              struct neighborhood *drawn)
{
  memset(drawn, 0, sizeof *drawn);
  drawn->type[0] = species;
  for (int j = 1; j <= NEIGHBORS; j++) {
    const uint64_t item = number * NEIGHBORS + (uint64_t)j;
    double direction[3], square = 0.0;
    for (int d = 0; d < 3; d++) {
      direction[d] = random_normal(SEED, RANDOM_NEIGHBORHOOD, item, (uint64_t)d);
      square += direction[d] * direction[d];
    }
    const double part = random_uniform(SEED, RANDOM_NEIGHBORHOOD, item, 6);
    const double r = mtp->min_dist + part * (mtp->max_dist - mtp->min_dist);
    for (int d = 0; d < 3; d++)
      drawn->x[j][d] = r * direction[d] / sqrt(square);
    drawn->type[j] = (int)(random_uniform(SEED, RANDOM_NEIGHBORHOOD, item, 7) * mtp->species_count);
    drawn->list[j - 1] = j;
  }
}

static enum mlgrain_status gradient_of(const struct mlgrain_mtp *mtp,
                                       struct mlgrain_mtp_workspace *workspace,
                                       const int *species_of_type, struct neighborhood *drawn,
                                       double *gradient)
{
  const int *lists[NEIGHBORS + 1] = {drawn->list}, count[NEIGHBORS + 1] = {NEIGHBORS}, center = 0;
  struct mlgrain_mtp_atoms atoms = {.x = (const double(*)[3])drawn->x,
                                    .type = drawn->type,
                                    .species_of_type = species_of_type,
                                    .type_count = mtp->species_count,
                                    .neighbors = lists,
                                    .neighbor_count = count,
                                    .neighbor_mask = -1,
                                    .screen = (const float(*)[4])drawn->screen};
  struct mlgrain_mtp_result result = {.gradient_sum = gradient};
  atoms.screen_extent = mlgrain_mtp_screen(&atoms, drawn->x[0], 0, NEIGHBORS + 1, drawn->screen);
  memset(gradient, 0, mtp->parameter_count * sizeof *gradient);
  return mlgrain_mtp_compute(mtp, workspace, &atoms, &center, 1, &result, NULL);
}

/* Rows with a coefficient beyond rounding are no longer idle. */
static void try_rows(const struct mlgrain_mtp *mtp, const double *gradient, int *idle)
{
  const double rounding = 1e-10; /* of the sum of sizes; where a coefficient is 0, it is 1e-13 */
  const size_t n = mtp->parameter_count;
  for (size_t k = 0; k < n; k++) {
    const double *row = mtp->active_inverse + k * n;
    double sum = 0.0, sizes = 0.0;
    for (size_t l = 0; l < n && idle[k]; l++) {
      sum += row[l] * gradient[l];
      sizes += fabs(row[l] * gradient[l]);
    }
    idle[k] = idle[k] && fabs(sum) <= rounding * sizes;
  }
}

/* A coefficient is an analytic function of the neighbors' positions: one that is 0 for neighbors
   drawn at random is 0 for all. */
enum mlgrain_status mtp_find_idle_rows(const struct mlgrain_mtp *mtp, int *idle)
{
  const size_t n = mtp->parameter_count, species = (size_t)mtp->species_count;
  struct mlgrain_mtp_workspace *workspace = NULL;
  double *gradient = malloc(n * sizeof *gradient);
  int *species_of_type = malloc(species * sizeof *species_of_type);
  enum mlgrain_status status = gradient && species_of_type
                                   ? mlgrain_mtp_workspace_create(&workspace, NULL)
                                   : MLGRAIN_OUT_OF_MEMORY;
  for (size_t k = 0; k < n; k++)
    idle[k] = 1;
  for (size_t s = 0; s < species && !status; s++)
    species_of_type[s] = (int)s;
  for (size_t number = 0; number < NEIGHBORHOODS * species && !status; number++) {
    struct neighborhood drawn;
    draw_neighborhood(mtp, (int)(number % species), number, &drawn);
    status = gradient_of(mtp, workspace, species_of_type, &drawn, gradient);
    if (!status)
      try_rows(mtp, gradient, idle);
  }
  mlgrain_mtp_workspace_free(workspace);
  free(gradient);
  free(species_of_type);
  return status;
}

enum mlgrain_status mtp_shortest_inverse(const struct mlgrain_mtp *mtp, const int *idle,
                                         const double *scale, double *inverse)
{
  const size_t n = mtp->parameter_count;
  double *basis = malloc((n * n + 1) * sizeof *basis);
  size_t count = 0;
  if (!basis)
    return MLGRAIN_OUT_OF_MEMORY;
  for (size_t k = 0; k < n; k++) {
    double *row = inverse + k * n;
    for (size_t l = 0; l < n; l++)
      row[l] = mtp->active_inverse[k * n + l] * scale[l];
    if (idle[k])
      memcpy(basis + count++ * n, row, n * sizeof *row);
  }
  orthonormalize(basis, count, n);
  for (size_t k = 0; k < n; k++) {
    double *row = inverse + k * n;
    for (int twice = 0; twice < 2; twice++)
      remove_span(basis, count, n, row);
    for (size_t l = 0; l < n; l++)
      row[l] = idle[k] ? 0.0 : row[l] / scale[l];
  }
  free(basis);
  return MLGRAIN_SUCCESS;
}
