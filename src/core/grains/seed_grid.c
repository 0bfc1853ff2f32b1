/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seed_grid.h"

#include <math.h>
#include <stdlib.h>

#include "base/error_text.h"
#include "base/vector3.h"

void box_across(const struct mlgrain_box *box, double v[3])
{
  if (!box->columns)
    return;
  const double *along = box->edge[box->columns - 1];
  const double part = dot3(v, along) / dot3(along, along);
  for (int d = 0; d < 3; d++)
    v[d] -= part * along[d];
}

/* The edge of a bin for each seed: of a cube, or of a square across columns. */
static double bin_edge(const struct mlgrain_box *box, double volume, size_t n)
{
  const double share = volume / (double)(n ? n : 1);
  return box->columns ? sqrt(share / norm3(box->edge[box->columns - 1])) : cbrt(share);
}

enum mlgrain_status seed_grid_create(struct seed_grid *grid, const struct mlgrain_box *box,
                                     size_t n, struct mlgrain_error *error)
{
  double dual[3][3];
  const double volume = fabs(dual3(box->edge, dual));
  const double edge = bin_edge(box, volume, n);
  size_t bins = 1;
  for (int d = 0; d < 3; d++) {
    const double height = 1.0 / norm3(dual[d]);
    const int is_along = box->columns == d + 1;
    grid->size[d] = is_along ? 1 : (int)fmin(fmax(floor(height / edge), 1.0), 1e6);
    grid->thickness[d] = height / grid->size[d];
    grid->is_closed[d] = box_is_closed(box, d);
    bins *= (size_t)grid->size[d];
  }
  grid->first = malloc(bins * sizeof *grid->first);
  grid->next = malloc((n + 1) * sizeof *grid->next);
  if (!grid->first || !grid->next) {
    seed_grid_free(grid);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu seeds", n);
  }
  for (size_t b = 0; b < bins; b++)
    grid->first[b] = SEED_GRID_END;
  return MLGRAIN_SUCCESS;
}

void seed_grid_free(struct seed_grid *grid)
{
  free(grid->first);
  free(grid->next);
  grid->first = grid->next = NULL;
}

void seed_grid_bin(const struct seed_grid *grid, const double fraction[3], int bin[3])
{
  for (int d = 0; d < 3; d++) {
    bin[d] = (int)(fraction[d] * grid->size[d]);
    if (bin[d] >= grid->size[d])
      bin[d] = grid->size[d] - 1;
  }
}

static size_t index_of(const struct seed_grid *grid, const int bin[3])
{
  return ((size_t)bin[2] * (size_t)grid->size[1] + (size_t)bin[1]) * (size_t)grid->size[0] +
         (size_t)bin[0];
}

void seed_grid_insert(struct seed_grid *grid, uint32_t seed, const double fraction[3])
{
  int bin[3];
  seed_grid_bin(grid, fraction, bin);
  const size_t b = index_of(grid, bin);
  grid->next[seed] = grid->first[b];
  grid->first[b] = seed;
}

/* One bin, which may lie in any periodic image of the box. */
static int visit_bin(const struct seed_grid *grid, const int place[3], seed_visitor *visit,
                     void *context)
{
  int bin[3], image[3];
  for (int d = 0; d < 3; d++) {
    const int size = grid->size[d];
    image[d] = place[d] / size - (place[d] % size < 0);
    bin[d] = place[d] - image[d] * size;
  }
  for (uint32_t s = grid->first[index_of(grid, bin)]; s != SEED_GRID_END; s = grid->next[s])
    if (!visit(context, s, image))
      return 0;
  return 1;
}

double seed_grid_distance(const struct seed_grid *grid, int ring)
{
  double least = INFINITY;
  for (int d = 0; d < 3; d++)
    if (!grid->is_closed[d] || ring < grid->size[d])
      least = fmin(least, (ring - 1) * grid->thickness[d]);
  return least;
}

/* Bins at a place along an edge. */
static int has_bins(const struct seed_grid *grid, int d, int place)
{
  return !grid->is_closed[d] || (place >= 0 && place < grid->size[d]);
}

/* The bins of a ring in the row of x through (y, z); with `inner`, only the two ends of it. */
static int visit_row(const struct seed_grid *grid, const int place[3], int ring, int inner,
                     seed_visitor *visit, void *context)
{
  if (!has_bins(grid, 1, place[1]) || !has_bins(grid, 2, place[2]))
    return 1;
  for (int x = -ring; x <= ring; x += inner ? 2 * ring : 1) {
    const int at[3] = {place[0] + x, place[1], place[2]};
    if (has_bins(grid, 0, at[0]) && !visit_bin(grid, at, visit, context))
      return 0;
  }
  return 1;
}

int seed_grid_visit(const struct seed_grid *grid, const int bin[3], int ring, seed_visitor *visit,
                    void *context)
{
  for (int z = -ring; z <= ring; z++)
    for (int y = -ring; y <= ring; y++) {
      const int place[3] = {bin[0], bin[1] + y, bin[2] + z};
      if (!visit_row(grid, place, ring, abs(z) < ring && abs(y) < ring, visit, context))
        return 0;
    }
  return 1;
}
