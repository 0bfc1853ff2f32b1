/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Crystals of a polycrystal, in the coordinates of their own lattices. */
#include "mlgrain/polycrystal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "mlgrain/orientation.h"
#include "polycrystal_private.h"

/* How far a face moves so that sites on it, to rounding, belong to one of its two grains, over the
   length of a lattice vector. Where a column meets its own image, lattice planes are often on the
   face, and the length of the box has only so many digits. */
static const double TIE = 1e-9, TIE_OF_COLUMN = MLGRAIN_COLUMN_SHIFT;

static int compare_images(const int image[3])
{
  for (int d = 0; d < 3; d++)
    if (image[d])
      return image[d] > 0 ? 1 : -1;
  return 0;
}

/* Which of the two grains at a face owns the sites on it: the one with the lower number has them.
   At the ends of a box, those at the low end are in it.
 */
static int owns_face(size_t grain, const struct mlgrain_face *face)
{
  if (face->neighbor == MLGRAIN_SURFACE)
    return compare_images(face->image) < 0;
  return face->neighbor == grain ? compare_images(face->image) > 0 : face->neighbor > grain;
}

static void set_planes(struct mlgrain_polycrystal *p, size_t grain)
{
  const struct mlgrain_tessellation *cells = p->settings.cells;
  const struct crystal *crystal = &p->crystal[grain];
  const double length = norm3(crystal->vector[0]);
  for (size_t f = cells->first_face[grain]; f < cells->first_face[grain + 1]; f++) {
    const struct mlgrain_face *face = &cells->face[f];
    const int ends_column = face->distance == 0.0 && face->neighbor == grain;
    const double tie = (ends_column ? TIE_OF_COLUMN : TIE) * length;
    const double offset = face->offset + (owns_face(grain, face) ? tie : -tie);
    p->plane[f] = crystal_plane_of(crystal, face->normal, offset);
  }
}

/* The ranges of n that can hold sites of the cell, from its vertices. */
static enum mlgrain_status set_range(const struct mlgrain_polycrystal *p, size_t grain,
                                     struct mlgrain_error *error)
{
  const double most = 0x1p30;
  const struct mlgrain_tessellation *cells = p->settings.cells;
  struct crystal *crystal = &p->crystal[grain];
  double low[3] = {0, 0, 0}, high[3] = {-2, -2, -2}; /* no vertices: an empty range */
  for (size_t v = cells->first_vertex[grain]; v < cells->first_vertex[grain + 1]; v++) {
    double u[3];
    apply3(crystal->inverse, cells->vertex[v], u);
    for (int k = 0; k < 3; k++) {
      const int first = v == cells->first_vertex[grain];
      low[k] = first ? u[k] : fmin(low[k], u[k]);
      high[k] = first ? u[k] : fmax(high[k], u[k]);
    }
  }
  for (int k = 0; k < 3; k++) {
    double least = 1.0, largest = 0.0;
    for (int b = 0; b < p->basis_count; b++) {
      least = fmin(least, p->basis[b][k]);
      largest = fmax(largest, p->basis[b][k]);
    }
    if (!(fabs(low[k]) < most && fabs(high[k]) < most))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "grain %zu has more than 2^30 cells of the lattice along a direction",
                          grain + 1);
    const double shift = TIE_OF_COLUMN * norm3(crystal->vector[0]) * norm3(crystal->inverse[k]);
    const double margin = 1e-6 + (p->settings.box->columns ? shift : 0.0);
    crystal->low[k] = (int)ceil(low[k] - largest - margin);
    crystal->high[k] = (int)floor(high[k] - least + margin);
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status set_crystal(struct mlgrain_polycrystal *p, size_t grain,
                                       struct mlgrain_error *error)
{
  const struct mlgrain_polycrystal_settings *settings = &p->settings;
  struct crystal *crystal = &p->crystal[grain];
  double turn[3][3], dual[3][3], from_low[3];
  mlgrain_quaternion_matrix(settings->grain[grain].orientation, turn);
  dual3(settings->box->edge, dual);
  for (int k = 0; k < 3; k++) {
    apply3((const double(*)[3])turn, settings->lattice->vector[k], crystal->vector[k]);
    apply3((const double(*)[3])dual, crystal->vector[k], crystal->step[k]);
    from_low[k] = settings->grain[grain].seed[k] - settings->box->low[k];
  }
  apply3((const double(*)[3])dual, from_low, crystal->origin);
  dual3((const double(*)[3])crystal->vector, crystal->inverse);
  for (int k = 0; k < 3; k++)
    crystal->reach[k] = settings->cutoff * norm3(crystal->inverse[k]);
  set_planes(p, grain);
  return set_range(p, grain, error);
}

static enum mlgrain_status check(const struct mlgrain_polycrystal_settings *settings,
                                 struct mlgrain_error *error)
{
  const struct mlgrain_crystal_cell *lattice = settings->lattice;
  double dual[3][3];
  const double volume = fabs(dual3(lattice->vector, dual));
  if (!isfinite(volume) || !isfinite(settings->cutoff))
    return mlgrain_fail(error, MLGRAIN_NOT_FINITE, "the lattice or the cutoff is not finite");
  if (!(volume > 0.0) || lattice->basis_count < 1)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the lattice has no volume or no basis");
  if (settings->cutoff < 0.0)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the cutoff %g is negative",
                        settings->cutoff);
  for (int b = 0; b < lattice->basis_count; b++)
    for (int k = 0; k < 3; k++)
      if (!(lattice->basis[b][k] >= 0.0 && lattice->basis[b][k] < 1.0))
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "basis site %d is not within 0 to 1",
                            b + 1);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_polycrystal_create(const struct mlgrain_polycrystal_settings *settings,
                                               struct mlgrain_polycrystal **polycrystal,
                                               struct mlgrain_error *error)
{
  *polycrystal = NULL;
  enum mlgrain_status status = check(settings, error);
  if (status)
    return status;
  const size_t grains = settings->cells->grains, faces = settings->cells->first_face[grains];
  const struct mlgrain_crystal_cell *lattice = settings->lattice;
  const size_t basis_count = (size_t)lattice->basis_count;
  struct mlgrain_polycrystal *p = calloc(1, sizeof *p);
  if (p) {
    p->settings = *settings;
    p->grains = grains;
    p->basis_count = lattice->basis_count;
    p->basis = calloc(basis_count, sizeof *p->basis);
    p->crystal = calloc(grains, sizeof *p->crystal);
    p->plane = calloc(faces + 1, sizeof *p->plane);
    p->near = calloc(grains, sizeof *p->near);
  }
  if (!p || !p->basis || !p->crystal || !p->plane || !p->near) {
    mlgrain_polycrystal_free(p);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu crystals", grains);
  }
  memcpy(p->basis, lattice->basis, basis_count * sizeof *p->basis);
  for (size_t g = 0; !status && g < grains; g++)
    status = set_crystal(p, g, error);
  for (size_t g = 0; !status && settings->cutoff > 0.0 && g < grains; g++)
    status = near_cells_find(p, g, error);
  p->settings.lattice = NULL; /* the caller may forget it now */
  if (status)
    mlgrain_polycrystal_free(p);
  else
    *polycrystal = p;
  return status;
}

void mlgrain_polycrystal_free(struct mlgrain_polycrystal *polycrystal)
{
  if (!polycrystal)
    return;
  for (size_t g = 0; polycrystal->near && g < polycrystal->grains; g++) {
    free(polycrystal->near[g].cell);
    free(polycrystal->near[g].beyond);
  }
  free(polycrystal->near);
  free(polycrystal->basis);
  free(polycrystal->crystal);
  free(polycrystal->plane);
  free(polycrystal);
}

/* Distance of a point in lattice coordinates from the site of a kind that is nearest to it along
   all lattice vectors; exact where it is small. */
static double distance_to_site(const struct mlgrain_crystal_cell *lattice, const int *kind,
                               int of_kind, const double u[3])
{
  double least = INFINITY;
  for (int b = 0; b < lattice->basis_count; b++) {
    double from[3], d[3];
    for (int k = 0; k < 3; k++) {
      from[k] = u[k] - lattice->basis[b][k];
      from[k] -= round(from[k]);
    }
    combine3(lattice->vector, from, d);
    if (!kind || kind[b] == of_kind)
      least = fmin(least, norm3(d));
  }
  return least;
}

double mlgrain_lattice_misfit(const struct mlgrain_crystal_cell *lattice, const int *kind,
                              const double orientation[4], const double shift[3])
{
  const double back[4] = {orientation[0], -orientation[1], -orientation[2], -orientation[3]};
  double turn[3][3], dual[3][3], in_crystal[3], u[3], most = 0.0;
  mlgrain_quaternion_matrix(back, turn);
  apply3((const double(*)[3])turn, shift, in_crystal);
  dual3(lattice->vector, dual);
  apply3((const double(*)[3])dual, in_crystal, u);
  for (int b = 0; b < lattice->basis_count; b++) {
    const double *site = lattice->basis[b];
    const double moved[3] = {site[0] + u[0], site[1] + u[1], site[2] + u[2]};
    most = fmax(most, distance_to_site(lattice, kind, kind ? kind[b] : 0, moved));
  }
  return most;
}

double mlgrain_lattice_nearest(const struct mlgrain_crystal_cell *lattice)
{
  double dual[3][3], square = INFINITY;
  int span[3];
  for (int k = 0; k < 3; k++)
    square = fmin(square, dot3(lattice->vector[k], lattice->vector[k]));
  dual3(lattice->vector, dual);
  for (int k = 0; k < 3; k++)
    span[k] = (int)ceil(sqrt(square) * norm3(dual[k])) + 1;
  for (int b = 0; b < lattice->basis_count; b++)
    for (int x = -span[0]; x <= span[0]; x++)
      for (int y = -span[1]; y <= span[1]; y++)
        for (int z = -span[2]; z <= span[2]; z++) {
          if (b == 0 && x == 0 && y == 0 && z == 0)
            continue;
          for (int c = 0; c + b < lattice->basis_count; c++) {
            const double *from = lattice->basis[c], *to = lattice->basis[c + b];
            const double u[3] = {x + to[0] - from[0], y + to[1] - from[1], z + to[2] - from[2]};
            double d[3];
            combine3(lattice->vector, u, d);
            square = fmin(square, dot3(d, d));
          }
        }
  return sqrt(square);
}
