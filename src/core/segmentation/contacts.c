/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/contacts.h"

#include <stdlib.h>

#include "base/error_text.h"
#include "cells/cells.h"

/* Room for `more` further entries. */
static int reserve(struct mlgrain_contacts *contacts, size_t *capacity, size_t more)
{
  if (contacts->other && contacts->total + more <= *capacity)
    return 1;
  const size_t next = contacts->total + more + *capacity / 2 + 1;
  int32_t *other = realloc(contacts->other, next * sizeof *other);
  if (!other)
    return 0;
  contacts->other = other;
  *capacity = next;
  return 1;
}

static void list_neighbors(const struct mlgrain_cells *cells, double reach2, uint32_t center,
                           int run_count, const struct mlgrain_run *run,
                           const unsigned char *member, struct mlgrain_contacts *contacts)
{
  const double x = cells->x[center], y = cells->y[center], z = cells->z[center];
  const size_t i = (size_t)cells->index[center];
  size_t end = contacts->total;
  contacts->first[i] = end;
  for (int r = 0; r < run_count; r++)
    for (uint32_t j = run[r].first; j < run[r].last; j++) {
      const double dx = cells->x[j] - x, dy = cells->y[j] - y, dz = cells->z[j] - z;
      contacts->other[end] = cells->index[j];
      end += dx * dx + dy * dy + dz * dz < reach2 && j != center && member[cells->index[j]];
    }
  contacts->length[i] = (int32_t)(end - contacts->total);
  contacts->total = end;
}

static enum mlgrain_status list_all(const struct mlgrain_cells *cells, double reach,
                                    const unsigned char *member, struct mlgrain_contacts *contacts)
{
  const size_t cell_count = mlgrain_cells_count(cells);
  size_t capacity = 0;
  for (size_t cell = 0; cell < cell_count; cell++) {
    struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
    int run_count = 0;
    size_t most = 0;
    for (uint32_t i = cells->start[cell]; i < cells->start[cell + 1]; i++) {
      const size_t point = (size_t)cells->index[i];
      if (point >= contacts->count || !member[point])
        continue;
      if (!run_count) {
        run_count = mlgrain_cells_runs(cells, cell, 1, run);
        for (int r = 0; r < run_count; r++)
          most += run[r].last - run[r].first;
      }
      if (!reserve(contacts, &capacity, most))
        return MLGRAIN_OUT_OF_MEMORY;
      list_neighbors(cells, reach * reach, i, run_count, run, member, contacts);
    }
  }
  contacts->cosine = calloc(contacts->total + 1, sizeof *contacts->cosine);
  contacts->alike = calloc(contacts->total + 1, 1);
  return contacts->cosine && contacts->alike ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

enum mlgrain_status mlgrain_contacts_create(const struct mlgrain_cells *cells, double reach,
                                            size_t count, const unsigned char *member,
                                            struct mlgrain_contacts **contacts,
                                            struct mlgrain_error *error)
{
  *contacts = NULL;
  if (!(reach > 0.0 && reach <= cells->cutoff))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "neighbors up to %g can't be found in cells made for %g", reach,
                        cells->cutoff);
  if (count > cells->n)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "there are %zu points, not %zu", cells->n,
                        count);
  struct mlgrain_contacts *made = calloc(1, sizeof *made);
  if (made) {
    made->count = count;
    made->first = calloc(count + 1, sizeof *made->first);
    made->length = calloc(count + 1, sizeof *made->length);
  }
  if (!made || !made->first || !made->length || list_all(cells, reach, member, made)) {
    mlgrain_contacts_free(made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for lists of neighbors");
  }
  *contacts = made;
  return MLGRAIN_SUCCESS;
}

void mlgrain_contacts_free(struct mlgrain_contacts *contacts)
{
  if (!contacts)
    return;
  free(contacts->first);
  free(contacts->length);
  free(contacts->other);
  free(contacts->cosine);
  free(contacts->alike);
  free(contacts);
}

size_t mlgrain_contacts_memory(const struct mlgrain_contacts *contacts)
{
  return contacts ? contacts->count * (sizeof *contacts->first + sizeof *contacts->length) +
                        contacts->total * (sizeof *contacts->other + sizeof *contacts->cosine + 1)
                  : 0;
}
