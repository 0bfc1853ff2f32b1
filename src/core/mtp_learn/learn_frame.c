/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "learn_private.h"
#include "mlgrain/cells.h"
#include "mlgrain/neighbors.h"

static enum mlgrain_status out_of_memory(struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a cell");
}

/* Lists in the order of the atoms. */
static enum mlgrain_status sort_lists(size_t atoms, const struct mlgrain_neighbors *lists,
                                      struct learn_frame *frame, struct mlgrain_error *error)
{
  frame->first = calloc(atoms + 1, sizeof *frame->first);
  frame->neighbors = malloc((lists->start[lists->count] + 1) * sizeof *frame->neighbors);
  if (!frame->first || !frame->neighbors)
    return out_of_memory(error);
  for (size_t k = 0; k < lists->count; k++)
    frame->first[lists->center[k] + 1] = lists->start[k + 1] - lists->start[k];
  for (size_t i = 0; i < atoms; i++)
    frame->first[i + 1] += frame->first[i];
  for (size_t k = 0; k < lists->count; k++)
    memcpy(frame->neighbors + frame->first[lists->center[k]], lists->neighbor + lists->start[k],
           (lists->start[k + 1] - lists->start[k]) * sizeof *frame->neighbors);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status find_neighbors(size_t atoms, double cutoff, struct learn_frame *frame,
                                          struct mlgrain_error *error)
{
  const struct mlgrain_images *images = frame->images;
  struct mlgrain_neighbors lists = {0};
  struct mlgrain_cells *cells = NULL;
  unsigned char *chosen = calloc(images->count + 1, 1);
  if (!chosen)
    return out_of_memory(error);
  memset(chosen, 1, atoms);
  enum mlgrain_status status = mlgrain_cells_create(images->count, (const double(*)[3])images->x,
                                                    cutoff, &cells, NULL, error);
  if (!status)
    status =
        mlgrain_neighbors_find(cells, cutoff, 0, mlgrain_cells_count(cells), chosen, &lists, error);
  if (!status)
    status = sort_lists(atoms, &lists, frame, error);
  mlgrain_neighbors_free(&lists);
  mlgrain_cells_free(cells);
  free(chosen);
  return status;
}

enum mlgrain_status learn_frame_make(const struct mlgrain_mtp_cell *cell, int species_count,
                                     double cutoff, struct learn_frame *frame,
                                     struct mlgrain_error *error)
{
  struct mlgrain_box box = {.low = {0.0}};
  memset(frame, 0, sizeof *frame);
  memcpy(box.edge, cell->edge, sizeof box.edge);
  if (!cell->count)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "a cell without atoms");
  for (size_t i = 0; i < cell->count; i++)
    if (cell->species[i] < 0 || cell->species[i] >= species_count)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "atom %zu of a cell is of species %d, the potential has %d", i,
                          cell->species[i], species_count);
  enum mlgrain_status status =
      mlgrain_images_create(cell->count, cell->x, &box, cutoff, &frame->images, NULL, error);
  if (status)
    return status;
  frame->species = malloc((frame->images->count + 1) * sizeof *frame->species);
  if (!frame->species)
    return out_of_memory(error);
  for (size_t i = 0; i < frame->images->count; i++)
    frame->species[i] = cell->species[frame->images->owner[i]];
  return find_neighbors(cell->count, cutoff, frame, error);
}

void learn_frame_free(struct learn_frame *frame)
{
  mlgrain_images_free(frame->images);
  free(frame->species);
  free(frame->neighbors);
  free(frame->first);
  memset(frame, 0, sizeof *frame);
}
