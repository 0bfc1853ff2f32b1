/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short neighbor lists. A list of a molecular dynamics program reaches so far that it serves for
   many steps, and holds twice as many atoms as are inside the cutoff. From it come short lists with
   a thin margin, which serve for some steps, with the neighbors in order of species. Of each
   species, those come first that are so near that they will be inside all that time; only the
   others, a third, need to be screened at every step. */
#include "mtp_screen.h"

/* Places for the neighbors of a center: vectors are stored whole. */
static size_t room_for(int candidates)
{
  return (size_t)candidates + SINGLES;
}

/* Room for all lists as long as they could be: memory that isn't touched costs nothing. */
static enum mlgrain_status reserve(const struct mtp_task *task)
{
  struct mtp_buffer *buffer = task->workspace->buffer;
  const size_t parts = 2 * (size_t)task->mtp->species_count;
  size_t all = SINGLES;
  int most = 0;
  for (size_t k = 0; k < task->count; k++) {
    const int candidates = task->atoms->neighbor_count[task->center[k]];
    all += (size_t)candidates;
    most = candidates > most ? candidates : most;
  }
  if (mtp_reserve(&buffer[MTP_LISTS], all * sizeof(int32_t)) ||
      mtp_reserve(&buffer[MTP_LIST_START], task->count * sizeof(size_t)) ||
      mtp_reserve(&buffer[MTP_LIST_PARTS], task->count * (parts + 1) * sizeof(int32_t)) ||
      mtp_reserve(&buffer[MTP_UNSORTED], 2 * room_for(most) * sizeof(int32_t)))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* The neighbors of a center up to the cutoff and the margin, and the part of its list to which each
   belongs, negative for atoms that aren't seen; returns their number. */
static int screen_list(const struct mtp_task *task, int center, double margin, int32_t *near,
                       int32_t *part)
{
  const struct mlgrain_mtp_atoms *atoms = task->atoms;
  const double cutoff = task->mtp->max_dist;
  const struct screen_center from = screen_center(atoms, center, cutoff + margin);
  const vector_single inside2 = single_set((float)((cutoff - margin) * (cutoff - margin)));
  const int32_t *list = atoms->neighbors[center];
  const int candidates = atoms->neighbor_count[center];
  const vector_int32 mask = int32_set(atoms->neighbor_mask);
  int count = 0;
  for (int k = 0; k < candidates; k += SINGLES) {
    const int valid = candidates - k < SINGLES ? candidates - k : SINGLES;
    const vector_int32 j = int32_load_first(list + k, valid) & mask;
    vector_single species;
    const vector_single r2 = screen_distance2(atoms->screen, j, &from, &species);
    const unsigned bits = single_not_greater_bits(r2, from.reach2) & ((1u << valid) - 1u);
    const vector_int32 doubtful = -(vector_int32)(r2 > inside2);
    int32_compress_store(near + count, bits, j);
    int32_compress_store(part + count, bits,
                         2 * __builtin_convertvector(species, vector_int32) + doubtful);
    count += __builtin_popcount(bits);
  }
  return count;
}

/* Puts neighbors in order of the parts they belong to; begin[p] is where part p begins, and behind
   the last of these where it ends. */
static void sort_into_parts(int parts, int count, const int32_t *from, int32_t *part,
                            int32_t *sorted, int32_t *begin)
{
  int length = 0;
  int32_store(part + count, int32_set(-1));
  for (int p = 0; p < parts; p++) {
    begin[p] = length;
    for (int k = 0; k < count; k += SINGLES) {
      const unsigned bits = int32_equal_bits(int32_load(part + k), int32_set(p));
      int32_compress_store(sorted + length, bits, int32_load(from + k));
      length += __builtin_popcount(bits);
    }
  }
  begin[parts] = length;
}

/* The short list of one center; none if it isn't seen. */
static void shorten(const struct mtp_task *task, int center, double margin, int32_t *list,
                    int32_t *begin)
{
  const struct mlgrain_mtp_atoms *atoms = task->atoms;
  const int seen = atoms->species_of_type[atoms->type[center]] >= 0;
  int32_t *near = task->workspace->buffer[MTP_UNSORTED].memory;
  int32_t *part = near + room_for(atoms->neighbor_count[center]);
  const int count = seen ? screen_list(task, center, margin, near, part) : 0;
  sort_into_parts(2 * task->mtp->species_count, count, near, part, list, begin);
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_shorten)(const struct mtp_task *task, double margin)
{
  struct mlgrain_mtp_workspace *workspace = task->workspace;
  const int parts = 2 * task->mtp->species_count;
  workspace->listed = 0;
  if (reserve(task))
    return MLGRAIN_OUT_OF_MEMORY;
  int32_t *list = workspace->buffer[MTP_LISTS].memory;
  size_t *start = workspace->buffer[MTP_LIST_START].memory, used = 0;
  int32_t *begin = workspace->buffer[MTP_LIST_PARTS].memory;
  for (size_t k = 0; k < task->count; k++, begin += parts + 1) {
    shorten(task, task->center[k], margin, list + used, begin);
    start[k] = used;
    used += (size_t)begin[parts];
  }
  /* a vector that is loaded whole must hold indices of atoms */
  int32_store(list + used, int32_set(0));
  workspace->listed = task->count;
  return MLGRAIN_SUCCESS;
}
