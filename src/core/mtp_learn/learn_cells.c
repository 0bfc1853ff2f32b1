/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of the cells that were learned, and their rows of normal equations. */
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "learn_private.h"

static void free_cell(struct learned_cell *one)
{
  free((void *)one->cell.x);
  free((void *)one->cell.species);
  free((void *)one->cell.force);
  free((void *)one->cell.force_weight);
}

static void *copy_of(const void *from, size_t size)
{
  void *made = malloc(size + 1);
  if (made)
    memcpy(made, from, size);
  return made;
}

static enum mlgrain_status copy_cell(const struct mlgrain_mtp_cell *cell, double weight,
                                     struct learned_cell *made)
{
  made->cell = *cell;
  made->weight = weight;
  made->cell.x = copy_of(cell->x, cell->count * sizeof *cell->x);
  made->cell.species = copy_of(cell->species, cell->count * sizeof *cell->species);
  made->cell.force = copy_of(cell->force, cell->count * sizeof *cell->force);
  made->cell.force_weight = copy_of(cell->force_weight, cell->count * sizeof *cell->force_weight);
  const int good =
      made->cell.x && made->cell.species && made->cell.force && made->cell.force_weight;
  return good ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

enum mlgrain_status learned_cells_append(struct mlgrain_mtp_learner *learner,
                                         const struct mlgrain_mtp_cell *cells, size_t count,
                                         double weight, struct mlgrain_error *error)
{
  const size_t first = learner->cell_count;
  if (first + count > learner->cell_room) {
    const size_t room = 2 * (first + count);
    struct learned_cell *more = realloc(learner->cells, room * sizeof *more);
    if (!more)
      return learn_out_of_memory(error);
    learner->cells = more;
    learner->cell_room = room;
  }
  for (size_t k = 0; k < count; k++)
    if (copy_cell(&cells[k], weight, &learner->cells[first + k])) {
      learned_cells_cut(learner, first, first + k + 1);
      return learn_out_of_memory(error);
    }
  return MLGRAIN_SUCCESS;
}

void learned_cells_cut(struct mlgrain_mtp_learner *learner, size_t first, size_t there)
{
  for (size_t k = first; k < there; k++)
    free_cell(&learner->cells[k]);
}

enum mlgrain_status learned_cell_open(const struct mlgrain_mtp_learner *learner,
                                      const struct learned_cell *one,
                                      struct mlgrain_mtp_data **data, struct mlgrain_error *error)
{
  const struct mlgrain_mtp_cell *cell = &one->cell;
  struct learn_frame made;
  *data = NULL;
  enum mlgrain_status status =
      learn_frame_make(cell, learner->file->species_count, learner->file->max_dist, &made, error);
  double *weight = status ? NULL : learn_copy(cell->force_weight, cell->count);
  if (!status && !weight)
    status = learn_out_of_memory(error);
  if (!status && weight) {
    struct mlgrain_mtp_frame frame = {.atoms = cell->count,
                                      .total = made.images->count,
                                      .x = (const double(*)[3])made.images->x,
                                      .species = made.species,
                                      .owner = made.images->owner,
                                      .neighbors = made.neighbors,
                                      .first = made.first,
                                      .energy = cell->energy,
                                      .energy_weight = 1.0,
                                      .force = cell->force,
                                      .force_weight = weight,
                                      .virial_weight = 1.0};
    memcpy(frame.virial, cell->virial, sizeof frame.virial);
    mlgrain_mtp_weigh(&learner->weights, &frame, weight);
    status = mlgrain_mtp_data_create(learner->model, &frame, 1, cell->count, data, error);
  }
  free(weight);
  learn_frame_free(&made);
  return status;
}

enum mlgrain_status learned_cell_add(const struct mlgrain_mtp_learner *learner,
                                     const struct learned_cell *cell,
                                     struct mlgrain_mtp_train_workspace *workspace,
                                     enum mlgrain_mtp_unknowns unknowns, double *rows,
                                     double *right, double *normal, double *gradient, double *loss,
                                     struct mlgrain_error *error)
{
  const size_t n =
      unknowns == MLGRAIN_MTP_LINEAR ? learner->linear : learner->file->parameter_count;
  struct mlgrain_mtp_data *data = NULL;
  struct mlgrain_mtp_loss parts = {0};
  enum mlgrain_status status = learned_cell_open(learner, cell, &data, error);
  if (!status) {
    memset(rows, 0, n * n * sizeof *rows);
    memset(right, 0, n * sizeof *right);
    for (size_t b = 0; b < mlgrain_mtp_data_blocks(data) && !status; b++)
      status = mlgrain_mtp_data_normal(data, learner->model, workspace, b, unknowns, rows, right,
                                       NULL, &parts, error);
  }
  mlgrain_mtp_data_free(data);
  if (status)
    return status;
  for (size_t i = 0; i < n; i++) {
    gradient[i] += cell->weight * right[i];
    for (size_t j = 0; j <= i; j++)
      normal[i * n + j] += cell->weight * rows[i * n + j];
  }
  *loss += cell->weight * (parts.energy + parts.force + parts.virial);
  return MLGRAIN_SUCCESS;
}
