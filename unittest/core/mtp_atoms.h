/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of moment tensor potentials share: atoms with explicit periodic images, their
   neighbor lists, and both ways to compute them. */
#ifndef MTP_ATOMS_H
#define MTP_ATOMS_H

#include <stdio.h>

#include "mtp_reference.h"

/* `local` atoms and then their images. */
struct atoms {
  int local, total;
  double (*x)[3];
  int *species, *owner; /* owner: the local atom an image stands for */
  int **neighbors, *neighbor_count;
};

static inline void atoms_free(struct atoms *atoms)
{
  for (int i = 0; atoms->neighbors && i < atoms->local; i++)
    free(atoms->neighbors[i]);
  free(atoms->neighbors);
  free(atoms->neighbor_count);
  free(atoms->x);
  free(atoms->species);
  free(atoms->owner);
  memset(atoms, 0, sizeof *atoms);
}

static inline void atoms_add(struct atoms *atoms, const double x[3], int species, int owner)
{
  const size_t n = (size_t)atoms->total + 1;
  atoms->x = realloc(atoms->x, n * sizeof *atoms->x);
  atoms->species = realloc(atoms->species, n * sizeof *atoms->species);
  atoms->owner = realloc(atoms->owner, n * sizeof *atoms->owner);
  memcpy(atoms->x[n - 1], x, sizeof *atoms->x);
  atoms->species[n - 1] = species;
  atoms->owner[n - 1] = owner;
  atoms->total++;
}

/* How many images along each cell vector a cutoff needs: the cell's height decides. */
static inline int images_along(const double cell[3][3], int k, double cutoff)
{
  const double *a = cell[(k + 1) % 3], *b = cell[(k + 2) % 3];
  const double normal[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                            a[0] * b[1] - a[1] * b[0]};
  double volume = 0.0, area = 0.0;
  for (int d = 0; d < 3; d++) {
    volume += normal[d] * cell[k][d];
    area += normal[d] * normal[d];
  }
  return (int)ceil(cutoff * sqrt(area) / fabs(volume)) + 1;
}

/* Adds images of the local atoms, as far as `cutoff` needs them. */
static inline void atoms_add_images(struct atoms *atoms, const double cell[3][3], double cutoff)
{
  int n[3];
  for (int k = 0; k < 3; k++)
    n[k] = images_along(cell, k, cutoff);
  for (int a = -n[0]; a <= n[0]; a++)
    for (int b = -n[1]; b <= n[1]; b++)
      for (int c = -n[2]; c <= n[2]; c++)
        for (int i = 0; i < atoms->local && (a || b || c); i++) {
          double x[3];
          for (int d = 0; d < 3; d++)
            x[d] = atoms->x[i][d] + a * cell[0][d] + b * cell[1][d] + c * cell[2][d];
          atoms_add(atoms, x, atoms->species[i], i);
        }
}

static inline double distance(const double a[3], const double b[3])
{
  return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
              (a[2] - b[2]) * (a[2] - b[2]));
}

/* Lists of all atoms within `reach` of each local one, in a scrambled order. */
static inline void atoms_build_lists(struct atoms *atoms, double reach)
{
  atoms->neighbors = calloc((size_t)atoms->local + 1, sizeof *atoms->neighbors);
  atoms->neighbor_count = calloc((size_t)atoms->total + 1, sizeof *atoms->neighbor_count);
  for (int i = 0; i < atoms->local; i++) {
    int *list = malloc(((size_t)atoms->total + 1) * sizeof *list), count = 0;
    for (int j = 0; j < atoms->total; j++)
      if (j != i && distance(atoms->x[i], atoms->x[j]) < reach)
        list[count++] = j;
    for (int k = count - 1; k > 0; k--) {
      const int other = (k * 7919 + i) % (k + 1), swap = list[k];
      list[k] = list[other];
      list[other] = swap;
    }
    atoms->neighbors[i] = list;
    atoms->neighbor_count[i] = count;
  }
}

/* Results by local atom; forces of images belong to their owners. */
struct outcome {
  double energy, virial[6], smallest;
  double *site_energy, (*force)[3], (*half)[6], (*centroid)[9], *grade, *gradient_sum;
};

static inline void outcome_alloc(struct outcome *out, const struct atoms *atoms, size_t parameters)
{
  const size_t n = (size_t)atoms->total + 1;
  memset(out, 0, sizeof *out);
  out->smallest = 1e300;
  out->site_energy = calloc(n, sizeof *out->site_energy);
  out->force = calloc(n, sizeof *out->force);
  out->half = calloc(n, sizeof *out->half);
  out->centroid = calloc(n, sizeof *out->centroid);
  out->grade = calloc(n, sizeof *out->grade);
  out->gradient_sum = calloc(parameters, sizeof *out->gradient_sum);
}

static inline void outcome_free(struct outcome *out)
{
  free(out->site_energy);
  free(out->force);
  free(out->half);
  free(out->centroid);
  free(out->grade);
  free(out->gradient_sum);
}

/* Brings forces and per-atom virials of images home. */
static inline void outcome_fold(struct outcome *out, const struct atoms *atoms)
{
  for (int i = atoms->local; i < atoms->total; i++) {
    for (int d = 0; d < 3; d++)
      out->force[atoms->owner[i]][d] += out->force[i][d];
    for (int d = 0; d < 6; d++)
      out->half[atoms->owner[i]][d] += out->half[i][d];
    for (int d = 0; d < 9; d++)
      out->centroid[atoms->owner[i]][d] += out->centroid[i][d];
  }
}

/* Places in the order xx yy zz xy xz yz yx zx zy. */
static const int tensor_places[9][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2},
                                        {1, 2}, {1, 0}, {2, 0}, {2, 1}};

static inline void outcome_add_pair(struct outcome *out, int i, int j, const double d[3],
                                    const double g[3])
{
  for (int c = 0; c < 3; c++) {
    out->force[i][c] += g[c];
    out->force[j][c] -= g[c];
  }
  for (int k = 0; k < 9; k++) {
    const int a = tensor_places[k][0], b = tensor_places[k][1];
    out->centroid[j][k] -= d[a] * g[b];
    if (k < 6) {
      const double w = -0.5 * (d[a] * g[b] + d[b] * g[a]);
      out->virial[k] += w;
      out->half[i][k] += 0.5 * w;
      out->half[j][k] += 0.5 * w;
    }
  }
}

static inline void compute_plain(const struct mlgrain_mtp_file *file, const struct atoms *atoms,
                                 struct outcome *out)
{
  const size_t n = (size_t)atoms->total + 1;
  double(*d)[3] = malloc(n * sizeof *d);
  int *index = malloc(n * sizeof *index), *species = malloc(n * sizeof *species);
  struct reference_site site = {0.0, malloc(n * sizeof *site.gradient),
                                malloc(file->parameter_count * sizeof(double))};
  outcome_alloc(out, atoms, file->parameter_count);
  for (int i = 0; i < atoms->local; i++) {
    int count = 0;
    for (int j = 0; j < atoms->total; j++) {
      const double r = distance(atoms->x[i], atoms->x[j]);
      if (j == i || r >= file->max_dist || atoms->species[i] < 0 || atoms->species[j] < 0)
        continue;
      out->smallest = fmin(out->smallest, r);
      for (int c = 0; c < 3; c++)
        d[count][c] = atoms->x[j][c] - atoms->x[i][c];
      species[count] = atoms->species[j];
      index[count++] = j;
    }
    if (atoms->species[i] < 0)
      continue;
    reference_compute(file, atoms->species[i], count, (const double(*)[3])d, species, &site);
    out->site_energy[i] = site.energy;
    out->energy += site.energy;
    for (size_t k = 0; k < file->parameter_count; k++)
      out->gradient_sum[k] += site.parameter[k];
    if (file->grade_mode == MLGRAIN_MTP_NEIGHBORHOOD)
      out->grade[i] = file->site_weight * reference_grade(file, site.parameter);
    for (int k = 0; k < count; k++)
      outcome_add_pair(out, i, index[k], d[k], site.gradient[k]);
  }
  outcome_fold(out, atoms);
  free(d);
  free(index);
  free(species);
  free(site.gradient);
  free(site.parameter);
}

/* Atoms as the kernels see them. Type k is species k, and one type more stands for atoms that the
   potential doesn't see. */
struct view {
  struct mlgrain_mtp_atoms atoms;
  int *species_of_type, *type, *center;
  float (*screen)[4];
};

/* Lists must have been built. */
static inline void view_make(const struct mlgrain_mtp_file *file, const struct atoms *atoms,
                             struct view *view)
{
  const int types = file->species_count + 1;
  const double origin[3] = {1.0, -2.0, 3.0};
  view->species_of_type = malloc((size_t)types * sizeof(int));
  view->type = malloc(((size_t)atoms->total + 1) * sizeof(int));
  view->center = malloc(((size_t)atoms->local + 1) * sizeof(int));
  view->screen = malloc(((size_t)atoms->total + 1) * sizeof *view->screen);
  for (int t = 0; t < types; t++)
    view->species_of_type[t] = t < types - 1 ? t : -1;
  for (int i = 0; i < atoms->total; i++)
    view->type[i] = atoms->species[i] < 0 ? types - 1 : atoms->species[i];
  for (int i = 0; i < atoms->local; i++)
    view->center[i] = i;
  view->atoms = (struct mlgrain_mtp_atoms){.x = (const double(*)[3])atoms->x,
                                           .type = view->type,
                                           .species_of_type = view->species_of_type,
                                           .type_count = types,
                                           .neighbors = (const int *const *)atoms->neighbors,
                                           .neighbor_count = atoms->neighbor_count,
                                           .neighbor_mask = -1,
                                           .screen = (const float(*)[4])view->screen};
  view->atoms.screen_extent =
      mlgrain_mtp_screen(&view->atoms, origin, 0, (size_t)atoms->total, view->screen);
}

static inline void view_free(struct view *view)
{
  free(view->species_of_type);
  free(view->type);
  free(view->center);
  free(view->screen);
}

/* All that a kernel gives, of `count` centers from `first` on. */
static inline enum mlgrain_status compute_some(const struct mlgrain_mtp *mtp,
                                               struct mlgrain_mtp_workspace *workspace,
                                               const struct view *view, int first, int count,
                                               struct outcome *out)
{
  struct mlgrain_mtp_result result = {.site_energy = out->site_energy,
                                      .force = out->force,
                                      .virial_half = out->half,
                                      .virial_centroid = out->centroid,
                                      .virial = out->virial,
                                      .grade = out->grade,
                                      .gradient_sum = out->gradient_sum,
                                      .energy = out->energy,
                                      .smallest_distance = out->smallest};
  const enum mlgrain_status status = mlgrain_mtp_compute(
      mtp, workspace, &view->atoms, view->center + first, (size_t)count, &result, NULL);
  out->energy = result.energy;
  out->smallest = result.smallest_distance;
  return status;
}

/* The same as compute_plain with a potential made ready; `batch` centers go to a call. */
static inline enum mlgrain_status compute_all(const struct mlgrain_mtp *mtp,
                                              const struct mlgrain_mtp_file *file,
                                              const struct atoms *atoms, int batch,
                                              struct outcome *out)
{
  struct mlgrain_mtp_workspace *workspace;
  struct view view;
  view_make(file, atoms, &view);
  enum mlgrain_status status = mlgrain_mtp_workspace_create(&workspace, NULL);
  for (int i = 0; i < atoms->local && !status; i += batch)
    status = compute_some(mtp, workspace, &view, i,
                          atoms->local - i < batch ? atoms->local - i : batch, out);
  outcome_fold(out, atoms);
  mlgrain_mtp_workspace_free(workspace);
  view_free(&view);
  return status;
}

/* With the kernels of one level, in double precision. */
static inline enum mlgrain_status compute_kernels(const struct mlgrain_mtp_file *file,
                                                  enum mlgrain_simd_level level,
                                                  const struct atoms *atoms, int batch,
                                                  struct outcome *out)
{
  struct mlgrain_mtp *mtp;
  outcome_alloc(out, atoms, file->parameter_count);
  enum mlgrain_status status = mlgrain_mtp_create(file, level, &mtp, NULL);
  if (!status)
    status = compute_all(mtp, file, atoms, batch, out);
  mlgrain_mtp_free(mtp);
  return status;
}

#endif
