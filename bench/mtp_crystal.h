/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A body-centered cubic crystal with thermal displacements for benchmarks of moment tensor
   potentials in the core alone: periodic images as explicit atoms, neighbor lists with a skin. */
#ifndef BENCH_MTP_CRYSTAL_H
#define BENCH_MTP_CRYSTAL_H

#include <math.h>
#include <string.h>

#include "checked.h"

struct crystal_options {
  int cells, species;
  double lattice, displacement; /* Angstrom; the latter of a coordinate, root mean square */
};

/* Takes a letter of the command line, if it is one of a crystal: n, a or u. */
static inline int take_option(struct crystal_options *options, int letter, const char *value)
{
  if (letter == 'n')
    options->cells = atoi(value);
  else if (letter == 'a')
    options->lattice = atof(value);
  else if (letter == 'u')
    options->displacement = atof(value);
  else
    return 0;
  return 1;
}

struct crystal {
  int local, total;
  double (*x)[3];
  int *type, *owner, *center, *neighbor_count, **neighbors; /* owner: of images */
};

/* Local atoms, then every image within `reach` of the box. */
static void add_atoms(const struct crystal_options *options, double reach, struct crystal *crystal)
{
  const int n = options->cells;
  const double box = n * options->lattice;
  const int shells = (int)ceil(reach / box);
  const size_t most = (size_t)(2 * n * n * n) * (size_t)pow(2 * shells + 1, 3);
  unsigned long state = 1;
  crystal->x = checked(malloc(most * sizeof *crystal->x));
  crystal->type = checked(malloc(most * sizeof *crystal->type));
  crystal->owner = checked(malloc(most * sizeof *crystal->owner));
  for (int k = 0; k < 2 * n * n * n; k++, crystal->local++) {
    const int cell[3] = {k / 2 % n, k / 2 / n % n, k / 2 / n / n};
    for (int d = 0; d < 3; d++)
      crystal->x[k][d] =
          (cell[d] + 0.5 * (k % 2)) * options->lattice + options->displacement * gaussian(&state);
    crystal->type[k] = (int)(options->species * uniform(&state));
    crystal->owner[k] = k;
  }
  crystal->total = crystal->local;
  for (int s = 0; s < (2 * shells + 1) * (2 * shells + 1) * (2 * shells + 1); s++) {
    const int side = 2 * shells + 1;
    const int shift[3] = {s % side - shells, s / side % side - shells, s / side / side - shells};
    for (int k = 0; k < crystal->local && (shift[0] || shift[1] || shift[2]); k++) {
      double *x = crystal->x[crystal->total];
      int inside = 1;
      for (int d = 0; d < 3; d++) {
        x[d] = crystal->x[k][d] + shift[d] * box;
        inside = inside && x[d] > -reach - 1.0 && x[d] < box + reach + 1.0;
      }
      crystal->type[crystal->total] = crystal->type[k];
      crystal->owner[crystal->total] = k;
      crystal->total += inside;
    }
  }
}

static void add_lists(double reach, struct crystal *crystal)
{
  const size_t total = (size_t)crystal->total, local = (size_t)crystal->local;
  int *list = checked(malloc(total * sizeof *list));
  crystal->neighbors = checked(malloc(local * sizeof *crystal->neighbors));
  crystal->neighbor_count = checked(malloc(local * sizeof *crystal->neighbor_count));
  crystal->center = checked(malloc(local * sizeof *crystal->center));
  for (int i = 0; i < crystal->local; i++) {
    int count = 0;
    for (int j = 0; j < crystal->total; j++) {
      double r2 = 0.0;
      for (int d = 0; d < 3; d++)
        r2 += (crystal->x[i][d] - crystal->x[j][d]) * (crystal->x[i][d] - crystal->x[j][d]);
      if (j != i && r2 < reach * reach)
        list[count++] = j;
    }
    crystal->center[i] = i;
    crystal->neighbor_count[i] = count;
    crystal->neighbors[i] = checked(malloc((size_t)count * sizeof *list + 1));
    memcpy(crystal->neighbors[i], list, (size_t)count * sizeof *list);
  }
  free(list);
}

static inline void free_crystal(struct crystal *crystal)
{
  for (int i = 0; i < crystal->local; i++)
    free(crystal->neighbors[i]);
  free(crystal->neighbors);
  free(crystal->neighbor_count);
  free(crystal->center);
  free(crystal->x);
  free(crystal->type);
  free(crystal->owner);
}

static inline double mean_neighbors(const struct crystal *crystal)
{
  double sum = 0.0;
  for (int i = 0; i < crystal->local; i++)
    sum += crystal->neighbor_count[i];
  return sum / crystal->local;
}

#endif
