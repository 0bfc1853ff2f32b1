/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/grains.h"

#include <math.h>
#include <stdlib.h>

#include "base/counter_random.h"
#include "base/error_text.h"
#include "base/vector3.h"
#include "seed_grid.h"

/* A search for seeds nearer than a distance to a place. */
struct closeness {
  const struct mlgrain_box *box;
  const struct mlgrain_grain *grain;
  double place[3], square;
};

static int is_far(void *context, uint32_t seed, const int image[3])
{
  const struct closeness *search = context;
  const double shift[3] = {image[0], image[1], image[2]};
  double from[3];
  combine3(search->box->edge, shift, from);
  for (int d = 0; d < 3; d++)
    from[d] += search->grain[seed].seed[d] - search->place[d];
  box_across(search->box, from);
  return dot3(from, from) >= search->square;
}

static int has_room(const struct seed_grid *grid, struct closeness *search,
                    const double fraction[3])
{
  int bin[3];
  seed_grid_bin(grid, fraction, bin);
  for (int ring = 0; seed_grid_distance(grid, ring) <= sqrt(search->square); ring++)
    if (!seed_grid_visit(grid, bin, ring, is_far, search))
      return 0;
  return 1;
}

/* Random sequential addition; of columns in the middle of the box. */
static enum mlgrain_status place_seeds(const struct mlgrain_box *box, size_t n,
                                       const struct mlgrain_grain_settings *settings,
                                       struct seed_grid *grid, struct mlgrain_grain *grain,
                                       struct mlgrain_error *error)
{
  enum { MOST_TRIALS = 20000 };
  struct closeness search = {box, grain, {0}, settings->min_distance * settings->min_distance};
  for (size_t g = 0; g < n; g++) {
    uint64_t trial = 0;
    double fraction[3];
    do {
      if (trial == MOST_TRIALS)
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                            "no room for seed %zu of %zu at a distance of %g from the others",
                            g + 1, n, settings->min_distance);
      for (uint64_t d = 0; d < 3; d++)
        fraction[d] = box->columns == (int)d + 1
                          ? 0.5
                          : random_uniform(settings->seed, RANDOM_SEED_POSITION, g, 3 * trial + d);
      combine3(box->edge, fraction, search.place);
      for (int d = 0; d < 3; d++)
        search.place[d] += box->low[d];
      trial++;
    } while (settings->min_distance > 0.0 && !has_room(grid, &search, fraction));
    for (int d = 0; d < 3; d++)
      grain[g].seed[d] = search.place[d];
    grain[g].weight = 0.0;
    seed_grid_insert(grid, (uint32_t)g, fraction);
  }
  return MLGRAIN_SUCCESS;
}

/* Of columns, these are in the middle of the box, too. */
static enum mlgrain_status move_to_centroids(const struct mlgrain_box *box, size_t n,
                                             struct mlgrain_grain *grain,
                                             struct mlgrain_error *error)
{
  struct mlgrain_tessellation *cells;
  const enum mlgrain_status status = mlgrain_tessellation_create(box, n, grain, &cells, error);
  if (status)
    return status;
  for (size_t g = 0; g < n; g++) {
    for (int d = 0; d < 3; d++)
      grain[g].seed[d] += cells->centroid[g][d];
    mlgrain_box_wrap(box, grain[g].seed);
  }
  mlgrain_tessellation_free(cells);
  return MLGRAIN_SUCCESS;
}

/* Lloyd's iteration; with volumes, weights are fitted to them before each step and after the last.
 */
static enum mlgrain_status relax(const struct mlgrain_box *box, size_t n, int steps,
                                 const double *volume, struct mlgrain_grain *grain,
                                 struct mlgrain_error *error)
{
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (int k = 0; !status && k <= steps; k++) {
    if (volume)
      status = mlgrain_tessellation_fit(box, n, grain, volume, error);
    if (!status && k < steps)
      status = move_to_centroids(box, n, grain, error);
  }
  return status;
}

static enum mlgrain_status check(size_t n, const struct mlgrain_grain_settings *settings,
                                 struct mlgrain_error *error)
{
  const struct mlgrain_texture *texture = &settings->texture;
  if (n == 0 || n >= INT32_MAX)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%zu grains are not 1 to 2^31 - 2", n);
  if (!(settings->min_distance >= 0.0 && isfinite(settings->min_distance)) || settings->lloyd < 0 ||
      !(settings->size_spread >= 0.0 && settings->size_spread <= 1.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "a minimum distance or a number of iterations below 0, or a size spread "
                        "that is not 0 to 1");
  if (!(texture->spread >= 0.0 && isfinite(texture->spread)))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the spread of a texture is below 0");
  if (texture->kind == MLGRAIN_TEXTURE_FIBER &&
      !(norm3(texture->crystal) > 0.0 && norm3(texture->sample) > 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "a direction of a fiber has length 0");
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_grains_random(const struct mlgrain_box *box, size_t n,
                                          const struct mlgrain_grain_settings *settings,
                                          struct mlgrain_grain *grain, struct mlgrain_error *error)
{
  struct seed_grid grid;
  enum mlgrain_status status = check(n, settings, error);
  if (!status)
    status = seed_grid_create(&grid, box, n, error);
  if (status)
    return status;
  status = place_seeds(box, n, settings, &grid, grain, error);
  seed_grid_free(&grid);
  if (status)
    return status;

  double *volume = malloc(n * sizeof *volume);
  if (!volume)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu grains", n);
  for (size_t g = 0; g < n; g++) {
    mlgrain_texture_draw(&settings->texture, settings->seed, g, grain[g].orientation);
    volume[g] = exp((box->columns ? 2.0 : 3.0) * settings->size_spread *
                    random_normal(settings->seed, RANDOM_SIZE, g, 0));
  }
  status =
      relax(box, n, settings->lloyd, settings->size_spread > 0.0 ? volume : NULL, grain, error);
  free(volume);
  return status;
}
