/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations into blocks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "mtp_train_private.h"

const struct mlgrain_mtp_weights mlgrain_mtp_default_weights = {
    .energy = 1.0, .force = 0.01, .stress = 0.001, .scaling = 1, .force_scaling = 0};

void mlgrain_mtp_weigh(const struct mlgrain_mtp_weights *weights, struct mlgrain_mtp_frame *frame,
                       double *force_weight)
{
  const double atoms = (double)frame->atoms;
  frame->energy_weight *= weights->energy / pow(atoms, weights->scaling);
  frame->virial_weight *= weights->stress / atoms;
  for (size_t i = 0; i < frame->atoms && frame->force; i++) {
    const double *f = frame->force[i], c = weights->scale_by_force;
    const double own = frame->force_weight ? frame->force_weight[i] : 0.0;
    force_weight[i] = own * weights->force / pow(atoms, weights->force_scaling);
    if (c > 0.0)
      force_weight[i] *= c / (f[0] * f[0] + f[1] * f[1] + f[2] * f[2] + c);
  }
  if (frame->force)
    frame->force_weight = force_weight;
}

/* Numbers that aren't finite, or weights below zero: -1 where all is well, else the atom. */
static long bad_atom(const struct mlgrain_mtp_frame *frame)
{
  for (size_t i = 0; i < frame->total; i++) {
    double sum = 0.0;
    for (int d = 0; d < 3; d++)
      sum += frame->x[i][d];
    if (i < frame->atoms && frame->force && frame->force_weight && frame->force_weight[i] != 0.0) {
      sum += frame->force_weight[i];
      for (int d = 0; d < 3; d++)
        sum += frame->force[i][d];
    }
    if (!isfinite(sum))
      return (long)i;
  }
  return -1;
}

static int has_bad_labels(const struct mlgrain_mtp_frame *frame)
{
  double sum = frame->energy_weight + frame->virial_weight;
  if (frame->energy_weight != 0.0)
    sum += frame->energy;
  for (int k = 0; k < 6 && frame->virial_weight != 0.0; k++)
    sum += frame->virial[k];
  return !isfinite(sum);
}

static int has_negative_weights(const struct mlgrain_mtp_frame *frame)
{
  int negative = frame->energy_weight < 0.0 || frame->virial_weight < 0.0;
  for (size_t i = 0; i < frame->atoms && frame->force_weight; i++)
    negative = negative || frame->force_weight[i] < 0.0;
  return negative;
}

static enum mlgrain_status check_frame(const struct mlgrain_mtp_frame *frame, size_t number,
                                       int species_count, struct mlgrain_error *error)
{
  if (frame->atoms < 1 || frame->total < frame->atoms)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "configuration %zu: %zu atoms, %zu with images", number + 1, frame->atoms,
                        frame->total);
  for (size_t i = 0; i < frame->atoms; i++)
    if (frame->species[i] < 0 || frame->species[i] >= species_count)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "configuration %zu, atom %zu: species %d, but the potential has %d",
                          number + 1, i + 1, frame->species[i], species_count);
  for (size_t i = 0; i < frame->total; i++)
    if (frame->owner[i] < 0 || (size_t)frame->owner[i] >= frame->atoms ||
        (i < frame->atoms && (size_t)frame->owner[i] != i))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "configuration %zu: atom %zu is an image of atom %d", number + 1, i + 1,
                          frame->owner[i] + 1);
  for (size_t i = 0; i < frame->atoms; i++)
    for (size_t k = frame->first[i]; k < frame->first[i + 1]; k++)
      if (frame->neighbors[k] < 0 || (size_t)frame->neighbors[k] >= frame->total ||
          (size_t)frame->neighbors[k] == i)
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                            "configuration %zu, atom %zu: neighbor %d of %zu", number + 1, i + 1,
                            frame->neighbors[k], frame->total);
  if (bad_atom(frame) >= 0)
    return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                        "configuration %zu, atom %ld: a number is not finite", number + 1,
                        bad_atom(frame) + 1);
  if (has_bad_labels(frame))
    return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                        "configuration %zu: energy, virial or a weight is not finite", number + 1);
  if (has_negative_weights(frame))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "configuration %zu: a weight is negative",
                        number + 1);
  return MLGRAIN_SUCCESS;
}

static void free_block(struct train_block *block)
{
  free(block->x);
  free(block->type);
  free(block->owner);
  free(block->frame);
  free(block->center);
  free(block->species);
  free(block->screen);
  for (int k = 0; k < 3; k++)
    free(block->lists[k].memory);
  free(block->frame_size);
  free(block->energy);
  free(block->energy_weight);
  free(block->virial);
  free(block->virial_weight);
  free(block->force);
  free(block->force_weight);
}

static enum mlgrain_status allocate(struct train_block *block, int species_count)
{
  const size_t count = block->count, total = block->total, frames = block->frames;
  block->x = calloc(total, sizeof *block->x);
  block->type = calloc(total, sizeof *block->type);
  block->owner = calloc(total, sizeof *block->owner);
  block->frame = calloc(count, sizeof *block->frame);
  block->center = calloc(count, sizeof *block->center);
  block->species = calloc((size_t)species_count + 1, sizeof *block->species);
  block->screen = calloc(total, sizeof *block->screen);
  block->frame_size = calloc(frames, sizeof *block->frame_size);
  block->energy = calloc(frames, sizeof *block->energy);
  block->energy_weight = calloc(frames, sizeof *block->energy_weight);
  block->virial = calloc(frames, sizeof *block->virial);
  block->virial_weight = calloc(frames, sizeof *block->virial_weight);
  block->force = calloc(count, sizeof *block->force);
  block->force_weight = calloc(count, sizeof *block->force_weight);
  return block->x && block->type && block->owner && block->frame && block->center &&
                 block->species && block->screen && block->frame_size && block->energy &&
                 block->energy_weight && block->virial && block->virial_weight && block->force &&
                 block->force_weight
             ? MLGRAIN_SUCCESS
             : MLGRAIN_OUT_OF_MEMORY;
}

/* Neighbor lists of a block, with its numbers of atoms, until short lists have been made. */
struct long_lists {
  int *entries, *count;
  const int **list;
};

/* Where atom i of a frame is in the block. */
static size_t place_of(const struct mlgrain_mtp_frame *frame, size_t atoms, size_t images, size_t i)
{
  return i < frame->atoms ? atoms + i : images + (i - frame->atoms);
}

/* Copies a frame: its atoms to place `atoms` and images to place `images`; entries of its neighbor
   lists follow those at *entry. Positions begin near zero, so that virials lose no digits. */
static void copy_frame(const struct mlgrain_mtp_frame *frame, int number, size_t atoms,
                       size_t images, struct train_block *block, struct long_lists *lists,
                       size_t *entry)
{
  for (size_t i = 0; i < frame->total; i++) {
    const size_t place = place_of(frame, atoms, images, i);
    for (int d = 0; d < 3; d++)
      block->x[place][d] = frame->x[i][d] - frame->x[0][d];
    block->type[place] = frame->species[frame->owner[i]];
    block->owner[place] = (int)atoms + frame->owner[i];
  }
  for (size_t i = 0; i < frame->atoms; i++) {
    const size_t place = atoms + i;
    block->frame[place] = number;
    if (frame->force && frame->force_weight && frame->force_weight[i] != 0.0) {
      memcpy(block->force[place], frame->force[i], sizeof *block->force);
      block->force_weight[place] = frame->force_weight[i];
    }
    lists->list[place] = lists->entries + *entry;
    lists->count[place] = (int)(frame->first[i + 1] - frame->first[i]);
    for (size_t k = frame->first[i]; k < frame->first[i + 1]; k++)
      lists->entries[(*entry)++] = (int)place_of(frame, atoms, images, (size_t)frame->neighbors[k]);
  }
  block->frame_size[number] = (double)frame->atoms;
  block->energy_weight[number] = frame->energy_weight;
  block->energy[number] = frame->energy_weight != 0.0 ? frame->energy : 0.0;
  block->virial_weight[number] = frame->virial_weight;
  for (int k = 0; k < 6 && frame->virial_weight != 0.0; k++)
    block->virial[number][k] = frame->virial[k];
}

/* Centers by species and, so that lanes end together, by number of neighbors. */
struct order {
  int species, neighbors, atom;
};

static int compare_orders(const void *left, const void *right)
{
  const struct order *a = left, *b = right;
  if (a->species != b->species)
    return a->species < b->species ? -1 : 1;
  if (a->neighbors != b->neighbors)
    return a->neighbors > b->neighbors ? -1 : 1;
  return a->atom < b->atom ? -1 : a->atom > b->atom;
}

static enum mlgrain_status order_centers(struct train_block *block, int species_count,
                                         const int *neighbor_count)
{
  struct order *order = malloc(block->count * sizeof *order);
  if (!order)
    return MLGRAIN_OUT_OF_MEMORY;
  for (size_t i = 0; i < block->count; i++)
    order[i] = (struct order){block->type[i], neighbor_count[i], (int)i};
  qsort(order, block->count, sizeof *order, compare_orders);
  for (size_t i = 0; i < block->count; i++) {
    block->center[i] = order[i].atom;
    for (int s = order[i].species + 1; s <= species_count; s++)
      block->species[s] = i + 1;
  }
  free(order);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status make_short_lists(const struct mlgrain_mtp_model *model,
                                            const int *species_of_type,
                                            const struct long_lists *lists,
                                            struct train_block *block)
{
  static const double origin[3] = {0.0, 0.0, 0.0};
  struct mlgrain_mtp_workspace *workspace;
  block->atoms = (struct mlgrain_mtp_atoms){.x = (const double(*)[3])block->x,
                                            .type = block->type,
                                            .species_of_type = species_of_type,
                                            .type_count = model->mtp->species_count,
                                            .neighbors = (const int *const *)lists->list,
                                            .neighbor_count = lists->count,
                                            .neighbor_mask = -1,
                                            .screen = (const float(*)[4])block->screen};
  block->atoms.screen_extent =
      mlgrain_mtp_screen(&block->atoms, origin, 0, block->total, block->screen);
  enum mlgrain_status status = mlgrain_mtp_workspace_create(&workspace, NULL);
  if (status)
    return status;
  status = mlgrain_mtp_shorten(model->mtp, workspace, &block->atoms, block->center, block->count,
                               0.0, NULL);
  for (int k = 0; k < 3; k++)
    block->lists[k] = workspace->buffer[MTP_LISTS + k];
  train_take_lists_back(workspace);
  mlgrain_mtp_workspace_free(workspace);
  block->atoms.neighbors = NULL;
  block->atoms.neighbor_count = NULL;
  return status;
}

static enum mlgrain_status fill_block(const struct mlgrain_mtp_model *model,
                                      const struct mlgrain_mtp_frame *frames,
                                      const int *species_of_type, struct train_block *block)
{
  size_t entries = 0, entry = 0, atoms = 0, images = block->count;
  for (size_t k = 0; k < block->frames; k++)
    entries += frames[k].first[frames[k].atoms] - frames[k].first[0];
  struct long_lists lists = {malloc((entries + 1) * sizeof *lists.entries),
                             calloc(block->count, sizeof *lists.count),
                             calloc(block->count, sizeof *lists.list)};
  enum mlgrain_status status = allocate(block, model->mtp->species_count);
  if (!lists.entries || !lists.count || !lists.list)
    status = MLGRAIN_OUT_OF_MEMORY;
  for (size_t k = 0; k < block->frames && !status; k++) {
    copy_frame(&frames[k], (int)k, atoms, images, block, &lists, &entry);
    atoms += frames[k].atoms;
    images += frames[k].total - frames[k].atoms;
  }
  if (!status)
    status = order_centers(block, model->mtp->species_count, lists.count);
  if (!status)
    status = make_short_lists(model, species_of_type, &lists, block);
  free(lists.entries);
  free(lists.count);
  free(lists.list);
  return status;
}

static size_t larger(size_t a, size_t b)
{
  return a > b ? a : b;
}

/* Cuts the frames into blocks. */
static enum mlgrain_status fill(const struct mlgrain_mtp_model *model,
                                const struct mlgrain_mtp_frame *frames, size_t count,
                                size_t block_atoms, struct mlgrain_mtp_data *data)
{
  data->species_count = model->mtp->species_count;
  data->frame_count = count;
  data->blocks = calloc(count + 1, sizeof *data->blocks);
  data->species_of_type = calloc((size_t)data->species_count, sizeof *data->species_of_type);
  if (!data->blocks || !data->species_of_type)
    return MLGRAIN_OUT_OF_MEMORY;
  for (int s = 0; s < data->species_count; s++)
    data->species_of_type[s] = s;
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t k = 0; k < count && !status;) {
    struct train_block *block = &data->blocks[data->block_count++];
    block->first_frame = k;
    block->first_atom = data->atom_count;
    do {
      block->count += frames[k].atoms;
      block->total += frames[k].total;
      block->frames++;
      k++;
    } while (k < count && block->count + frames[k].atoms <= block_atoms);
    data->atom_count += block->count;
    data->most_atoms = larger(data->most_atoms, block->count);
    data->most_total = larger(data->most_total, block->total);
    data->most_frames = larger(data->most_frames, block->frames);
    status = fill_block(model, frames + block->first_frame, data->species_of_type, block);
  }
  return status;
}

enum mlgrain_status mlgrain_mtp_data_create(const struct mlgrain_mtp_model *model,
                                            const struct mlgrain_mtp_frame *frames, size_t count,
                                            size_t block_atoms, struct mlgrain_mtp_data **data,
                                            struct mlgrain_error *error)
{
  *data = NULL;
  for (size_t k = 0; k < count; k++) {
    const enum mlgrain_status status = check_frame(&frames[k], k, model->mtp->species_count, error);
    if (status)
      return status;
  }
  struct mlgrain_mtp_data *made = calloc(1, sizeof *made);
  if (!made || fill(model, frames, count, block_atoms, made)) {
    mlgrain_mtp_data_free(made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu configurations",
                        count);
  }
  *data = made;
  return MLGRAIN_SUCCESS;
}

void mlgrain_mtp_data_free(struct mlgrain_mtp_data *data)
{
  if (!data)
    return;
  for (size_t k = 0; k < data->block_count; k++)
    free_block(&data->blocks[k]);
  free(data->blocks);
  free(data->species_of_type);
  free(data);
}

size_t mlgrain_mtp_data_blocks(const struct mlgrain_mtp_data *data)
{
  return data->block_count;
}

size_t mlgrain_mtp_data_frames(const struct mlgrain_mtp_data *data)
{
  return data->frame_count;
}

size_t mlgrain_mtp_data_atoms(const struct mlgrain_mtp_data *data)
{
  return data->atom_count;
}

size_t mlgrain_mtp_data_first_atom(const struct mlgrain_mtp_data *data, size_t block)
{
  return block < data->block_count ? data->blocks[block].first_atom : data->atom_count;
}
