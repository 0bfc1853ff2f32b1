/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: seeds of a box sorted into bins, to be visited in rings of bins around one, periodic
   images included, however many boxes away. */
#ifndef MLGRAIN_SEED_GRID_H
#define MLGRAIN_SEED_GRID_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"
#include "mlgrain/tessellation.h"

struct seed_grid {
  int size[3];
  int is_closed[3];    /* no images along this edge */
  double thickness[3]; /* of a bin, between its faces */
  uint32_t *first;     /* [bins] a seed, or SEED_GRID_END */
  uint32_t *next;      /* [seeds] the one after it in the same bin */
};

#define SEED_GRID_END UINT32_MAX

/* Whether cells end at the faces of the box across edge k, so that no image along it matters to
   them: it is not periodic, or columns extend along it. */
static inline int box_is_closed(const struct mlgrain_box *box, int k)
{
  return box->bounded[k] || box->columns == k + 1;
}

/* What is left of a vector without its part along the columns, if the box is one of columns. */
void box_across(const struct mlgrain_box *box, double v[3]);

/* An empty grid of about a bin for each of n seeds. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status seed_grid_create(struct seed_grid *grid, const struct mlgrain_box *box,
                                     size_t n, struct mlgrain_error *error);
void seed_grid_free(struct seed_grid *grid);

/* The bin of a point whose fractional coordinates are in [0, 1). */
void seed_grid_bin(const struct seed_grid *grid, const double fraction[3], int bin[3]);

void seed_grid_insert(struct seed_grid *grid, uint32_t seed, const double fraction[3]);

/* Called for a seed and the box it is seen in, counted in box edges; returns 0 to stop. */
typedef int seed_visitor(void *context, uint32_t seed, const int image[3]);

/* Visits the seeds of all bins whose largest difference in index to `bin` is `ring`. Returns 0 if
   the visitor did. */
int seed_grid_visit(const struct seed_grid *grid, const int bin[3], int ring, seed_visitor *visit,
                    void *context);

/* No seed of this ring, nor of those outside it, is nearer to a point of the bin inside; INFINITY
   if there are none. */
double seed_grid_distance(const struct seed_grid *grid, int ring);

#endif
