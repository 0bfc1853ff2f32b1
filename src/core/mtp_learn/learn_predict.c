/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a potential that learns gives for a cell: one pass of its kernels. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "learn_private.h"

/* Arrays of a pass, by atom and image. */
struct pass {
  struct learn_frame frame;
  const int **list;
  int *list_count, *center, *species_of_type;
  float (*screen)[4];
  double (*force)[3], *leverage, *nearest;
  float *member_force;
};

static void pass_free(struct pass *pass)
{
  learn_frame_free(&pass->frame);
  free(pass->list);
  free(pass->list_count);
  free(pass->center);
  free(pass->species_of_type);
  free(pass->screen);
  free(pass->force);
  free(pass->leverage);
  free(pass->nearest);
  free(pass->member_force);
}

static enum mlgrain_status pass_reserve(size_t atoms, size_t species, size_t members,
                                        struct pass *pass)
{
  const size_t total = pass->frame.images->count;
  pass->list = calloc(total + 1, sizeof *pass->list);
  pass->list_count = calloc(total + 1, sizeof *pass->list_count);
  pass->center = calloc(atoms + 1, sizeof *pass->center);
  pass->species_of_type = calloc(species + 1, sizeof *pass->species_of_type);
  pass->screen = calloc(total + 1, sizeof *pass->screen);
  pass->force = calloc(total + 1, sizeof *pass->force);
  pass->leverage = calloc(total + 1, sizeof *pass->leverage);
  pass->nearest = calloc(total + 1, sizeof *pass->nearest);
  pass->member_force = calloc((total + 1) * 3 * members + 1, sizeof *pass->member_force);
  const int good = pass->list && pass->list_count && pass->center && pass->species_of_type &&
                   pass->screen && pass->force && pass->leverage && pass->nearest &&
                   pass->member_force;
  return good ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

static struct mlgrain_mtp_atoms atoms_of(size_t atoms, int species, struct pass *pass)
{
  const struct mlgrain_images *images = pass->frame.images;
  const double origin[3] = {0.0, 0.0, 0.0};
  for (size_t i = 0; i < atoms; i++) {
    pass->list[i] = pass->frame.neighbors + pass->frame.first[i];
    pass->list_count[i] = (int)(pass->frame.first[i + 1] - pass->frame.first[i]);
    pass->center[i] = (int)i;
  }
  for (int s = 0; s < species; s++)
    pass->species_of_type[s] = s;
  struct mlgrain_mtp_atoms made = {.x = (const double(*)[3])images->x,
                                   .type = pass->frame.species,
                                   .species_of_type = pass->species_of_type,
                                   .type_count = species,
                                   .neighbors = pass->list,
                                   .neighbor_count = pass->list_count,
                                   .neighbor_mask = -1,
                                   .screen = (const float(*)[4])pass->screen};
  made.screen_extent = mlgrain_mtp_screen(&made, origin, 0, images->count, pass->screen);
  return made;
}

/* Brings forces of images home, and takes what is wanted. */
static void collect(const struct mlgrain_mtp_learner *learner, size_t atoms, struct pass *pass,
                    struct mlgrain_mtp_prediction *prediction)
{
  const struct mlgrain_images *images = pass->frame.images;
  const size_t row = 3 * learner->members;
  const double edge = mlgrain_mtp_leverage_edge(learner->bars);
  for (size_t k = atoms; k < images->count; k++) {
    const size_t i = (size_t)images->owner[k];
    for (int d = 0; d < 3; d++)
      pass->force[i][d] += pass->force[k][d];
    for (size_t m = 0; m < row; m++)
      pass->member_force[i * row + m] += pass->member_force[k * row + m];
  }
  for (size_t i = 0; i < atoms; i++) {
    if (prediction->force)
      memcpy(prediction->force[i], pass->force[i], sizeof pass->force[i]);
    if (prediction->spread)
      prediction->spread[i] =
          mlgrain_mtp_force_spread(pass->member_force + i * row, (int)learner->members);
    if (prediction->leverage)
      prediction->leverage[i] = sqrt(pass->leverage[i]) / edge;
  }
}

static enum mlgrain_status run(const struct mlgrain_mtp_learner *learner,
                               const struct mlgrain_mtp_cell *cell, struct pass *pass,
                               struct mlgrain_mtp_prediction *prediction,
                               struct mlgrain_error *error)
{
  const int species = learner->file->species_count;
  struct mlgrain_mtp_workspace *workspace = NULL;
  if (pass_reserve(cell->count, (size_t)species, learner->members, pass))
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a cell");
  enum mlgrain_status status = mlgrain_mtp_workspace_create(&workspace, error);
  if (status)
    return status;
  const struct mlgrain_mtp_atoms atoms = atoms_of(cell->count, species, pass);
  struct mlgrain_mtp_result result = {.force = pass->force,
                                      .virial = prediction->virial,
                                      .error_bars = learner->bars,
                                      .leverage = pass->leverage,
                                      .nearest = pass->nearest,
                                      .members = (int)learner->members,
                                      .member_force = pass->member_force,
                                      .smallest_distance = DBL_MAX};
  memset(prediction->virial, 0, sizeof prediction->virial);
  status = mlgrain_mtp_compute(learner->mtp, workspace, &atoms, pass->center, cell->count, &result,
                               error);
  mlgrain_mtp_workspace_free(workspace);
  prediction->energy = result.energy;
  if (!status)
    collect(learner, cell->count, pass, prediction);
  return status;
}

enum mlgrain_status mlgrain_mtp_learner_predict(const struct mlgrain_mtp_learner *learner,
                                                const struct mlgrain_mtp_cell *cell,
                                                struct mlgrain_mtp_prediction *prediction,
                                                struct mlgrain_error *error)
{
  struct pass pass = {0};
  enum mlgrain_status status = learn_frame_make(cell, learner->file->species_count,
                                                learner->file->max_dist, &pass.frame, error);
  if (!status)
    status = run(learner, cell, &pass, prediction, error);
  pass_free(&pass);
  return status;
}
