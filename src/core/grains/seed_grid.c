/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seed_grid.h"

#include <math.h>
#include <stdlib.h>

#include "base/error_text.h"
#include "base/vector3.h"

enum mlgrain_status seed_grid_create(struct seed_grid *grid, const struct mlgrain_box *box,
                                     size_t n, struct mlgrain_error *error)
{
  double dual[3][3];
  const double volume = fabs(dual3(box->edge, dual));
  const double edge = cbrt(volume / (double)(n ? n : 1));
  size_t bins = 1;
  grid->thickness = INFINITY;
  for (int d = 0; d < 3; d++) {
    const double height = 1.0 / norm3(dual[d]);
    grid->size[d] = (int)fmin(fmax(floor(height / edge), 1.0), 1e6);
    grid->thickness = fmin(grid->thickness, height / grid->size[d]);
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

int seed_grid_visit(const struct seed_grid *grid, const int bin[3], int ring, seed_visitor *visit,
                    void *context)
{
  for (int z = -ring; z <= ring; z++)
    for (int y = -ring; y <= ring; y++) {
      const int inner = abs(z) < ring && abs(y) < ring; /* only the two ends of the row */
      for (int x = -ring; x <= ring; x += inner ? 2 * ring : 1) {
        const int place[3] = {bin[0] + x, bin[1] + y, bin[2] + z};
        if (!visit_bin(grid, place, visit, context))
          return 0;
      }
    }
  return 1;
}
