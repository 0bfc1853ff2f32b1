/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/bicrystal.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"

/* Planes of atoms at a boundary are at least so far apart, in lengths of the first axis, to begin
   with. */
static const double LEAST_GAP = 0.08;

/* Atoms this near to where a grain ends, in lattice planes, belong to it. */
static const double END = 1e-6;

/* Atoms of one site in one lattice plane. */
struct layer {
  double x[3]; /* of the first, in its grain's frame */
  int type;
};

/* Numbers go through layers, then through periods of the plane, then through points. */
struct grain {
  struct layer *layer;
  size_t layers;
  double (*point)[2]; /* lattice points of a plane in one period */
  size_t points, atoms;
  int planes;
  double spacing, beyond, along[3];
  double low, high; /* of the atoms along z */
};

struct mlgrain_bicrystal {
  struct grain grain[2];
  int repeat[2], shear, sites, has_inversion;
  double period[2][3], shift[2][3];
  double atom_volume, least_gap;
};

struct mlgrain_bicrystal_cell {
  const struct mlgrain_bicrystal *bicrystal;
  struct mlgrain_bicrystal_box box;
  unsigned char *is_removed; /* [layers][points] of grain 2 */
  size_t *removed_before;    /* [layers + 1] in the layers before, in one period */
  size_t removed;            /* in one period */
};

/* --- what doesn't depend on translations --- */

/* Lattice points of a plane in one period: those whose place in it, n/area, is within 0 to 1. */
static int make_points(const struct mlgrain_bicrystal_geometry *geometry, int which,
                       struct grain *grain)
{
  const int64_t(*v)[2] = geometry->count[which];
  const int64_t area = v[0][0] * v[1][1] - v[0][1] * v[1][0], sign = area < 0 ? -1 : 1;
  int64_t low[2], high[2];
  for (int d = 0; d < 2; d++) {
    const int64_t ends[4] = {0, v[0][d], v[1][d], v[0][d] + v[1][d]};
    low[d] = high[d] = 0;
    for (int k = 1; k < 4; k++) {
      low[d] = ends[k] < low[d] ? ends[k] : low[d];
      high[d] = ends[k] > high[d] ? ends[k] : high[d];
    }
  }
  grain->point = malloc((size_t)(sign * area) * sizeof *grain->point);
  if (!grain->point)
    return 0;
  for (int64_t i = low[0]; i <= high[0]; i++)
    for (int64_t j = low[1]; j <= high[1]; j++) {
      const int64_t along[2] = {sign * (i * v[1][1] - j * v[1][0]),
                                sign * (j * v[0][0] - i * v[0][1])};
      if (along[0] < 0 || along[0] >= sign * area || along[1] < 0 || along[1] >= sign * area)
        continue;
      for (int d = 0; d < 2; d++)
        grain->point[grain->points][d] =
            (double)i * geometry->net[which][0][d] + (double)j * geometry->net[which][1][d];
      grain->points++;
    }
  return 1;
}

/* Site `s` is in the lattice planes first to last, counted away from the boundary. */
static void find_planes(const struct grain *grain, double height, int sign, int64_t *first,
                        int64_t *last)
{
  const double d = grain->spacing, top = grain->planes * d + grain->beyond;
  *first = (int64_t)ceil((-grain->beyond - sign * height) / d - END);
  *last = (int64_t)floor((top - sign * height) / d + END);
}

static int make_layers(const struct mlgrain_bicrystal_geometry *geometry,
                       const struct mlgrain_crystal *crystal, int which, struct grain *grain)
{
  const int sign = which == 0 ? 1 : -1; /* grain 2 goes downwards */
  grain->layer =
      malloc(((size_t)grain->planes + 4) * (size_t)crystal->site_count * sizeof *grain->layer);
  if (!grain->layer)
    return 0;
  grain->low = INFINITY;
  grain->high = -INFINITY;
  for (int s = 0; s < crystal->site_count; s++) {
    double place[3];
    int64_t first, last;
    combine3(geometry->axes[which], crystal->site[s].place, place);
    find_planes(grain, place[2], sign, &first, &last);
    for (int64_t k = first; k <= last; k++) {
      struct layer *layer = &grain->layer[grain->layers++];
      layer->type = crystal->site[s].type;
      for (int d = 0; d < 3; d++)
        layer->x[d] = place[d] + (double)(sign * k) * geometry->step[which][d];
      grain->low = fmin(grain->low, layer->x[2]);
      grain->high = fmax(grain->high, layer->x[2]);
    }
  }
  return 1;
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int mlgrain_bicrystal_terminations(const struct mlgrain_bicrystal_geometry *geometry,
                                   const struct mlgrain_crystal *crystal, int grain,
                                   double beyond[MLGRAIN_MOST_TERMINATIONS])
{
  const double d = geometry->step[grain][2];
  int count = 0;
  for (int s = 0; s < crystal->site_count; s++)
    for (int sign = -1; sign <= 1; sign += 2) {
      double place[3];
      combine3(geometry->axes[grain], crystal->site[s].place, place);
      const double height = sign * place[2], end = height - d * floor(height / d + 1e-9);
      int known = count == MLGRAIN_MOST_TERMINATIONS;
      for (int k = 0; k < count; k++)
        known |= fabs(beyond[k] - end) < 1e-7 * d;
      if (!known)
        beyond[count++] = end;
    }
  qsort(beyond, (size_t)count, sizeof *beyond, ascending);
  return count;
}

static enum mlgrain_status make_grain(const struct mlgrain_bicrystal_geometry *geometry,
                                      const struct mlgrain_crystal *crystal,
                                      const struct mlgrain_bicrystal_settings *settings, int which,
                                      struct grain *grain, struct mlgrain_error *error)
{
  double beyond[MLGRAIN_MOST_TERMINATIONS];
  const int ends = mlgrain_bicrystal_terminations(geometry, crystal, which, beyond);
  const int end = settings->termination[which];
  if (end < 0 || end >= ends)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the terminations of grain %d are 0 to %d, not %d", which + 1, ends - 1,
                        end);
  grain->beyond = beyond[end];
  grain->spacing = geometry->step[which][2];
  const double planes = ceil(settings->thickness / grain->spacing - 1e-9);
  const int64_t(*v)[2] = geometry->count[which];
  const double points = fabs((double)v[0][0] * (double)v[1][1] - (double)v[0][1] * (double)v[1][0]);
  const double most = (planes + 3) * points * crystal->site_count * settings->repeat[0] *
                      (double)settings->repeat[1];
  if (!(most < 2147483648.0))
    return mlgrain_fail(
        error, MLGRAIN_INVALID_ARGUMENT,
        "the thickness, or the number of periods: a grain has more than 2^31 atoms");
  grain->planes = planes < 1 ? 1 : (int)planes;
  for (int d = 0; d < 3; d++)
    grain->along[d] = grain->planes * geometry->step[which][d];
  if (!make_points(geometry, which, grain) || !make_layers(geometry, crystal, which, grain))
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "not enough memory for a bicrystal");
  grain->atoms =
      grain->layers * grain->points * (size_t)settings->repeat[0] * (size_t)settings->repeat[1];
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_bicrystal_create(const struct mlgrain_bicrystal_geometry *geometry,
                                             const struct mlgrain_crystal *crystal,
                                             const struct mlgrain_bicrystal_settings *settings,
                                             struct mlgrain_bicrystal **bicrystal,
                                             struct mlgrain_error *error)
{
  *bicrystal = NULL;
  if (!(settings->thickness > 0.0) || !isfinite(settings->thickness) || settings->repeat[0] < 1 ||
      settings->repeat[1] < 1)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the thickness must be positive and repeats at least 1");
  struct mlgrain_bicrystal *b = calloc(1, sizeof *b);
  if (!b)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "not enough memory for a bicrystal");
  memcpy(b->repeat, settings->repeat, sizeof b->repeat);
  b->shear = settings->shear;
  memcpy(b->period, geometry->period, sizeof b->period);
  memcpy(b->shift, geometry->shift, sizeof b->shift);
  b->sites = crystal->site_count;
  b->has_inversion = mlgrain_crystal_has_inversion(crystal);
  b->atom_volume = mlgrain_crystal_atom_volume(crystal);
  double frame[3][3];
  mlgrain_lattice_frame(&crystal->lattice, frame);
  b->least_gap = LEAST_GAP * frame[0][0];
  for (int which = 0; which < 2; which++) {
    const enum mlgrain_status status =
        make_grain(geometry, crystal, settings, which, &b->grain[which], error);
    if (status) {
      mlgrain_bicrystal_free(b);
      return status;
    }
  }
  *bicrystal = b;
  return MLGRAIN_SUCCESS;
}

void mlgrain_bicrystal_free(struct mlgrain_bicrystal *bicrystal)
{
  if (!bicrystal)
    return;
  for (int which = 0; which < 2; which++) {
    free(bicrystal->grain[which].layer);
    free(bicrystal->grain[which].point);
  }
  free(bicrystal);
}

struct mlgrain_bicrystal_grain mlgrain_bicrystal_grain_of(const struct mlgrain_bicrystal *bicrystal,
                                                          int grain)
{
  const struct grain *g = &bicrystal->grain[grain];
  const size_t periods = (size_t)bicrystal->repeat[0] * (size_t)bicrystal->repeat[1];
  struct mlgrain_bicrystal_grain result = {.planes = g->planes,
                                           .spacing = g->spacing,
                                           .beyond = g->beyond,
                                           .atoms = g->atoms,
                                           .atoms_per_plane =
                                               g->points * periods * (size_t)bicrystal->sites};
  memcpy(result.along, g->along, sizeof result.along);
  return result;
}

/* --- a cell --- */

/* Whole numbers of the plane's vectors taken from a vector, so that what is left is in the middle
   of the period (nearest), or in it. */
static void reduce(const double plane[2][3], int to_nearest, double x[3])
{
  for (int k = 1; k >= 0; k--) {
    /* the component along plane[k] of what is left: plane[0] has no y */
    const double y = x[1] / plane[1][1];
    const double f = k == 1 ? y : (x[0] - y * plane[1][0]) / plane[0][0];
    const double n = to_nearest ? rint(f) : floor(f + 5e-10);
    for (int d = 0; d < 3; d++)
      x[d] -= n * plane[k][d];
  }
}

/* A tilt that is more than half of an edge by rounding only. */
static double at_most_half(double tilt, double edge)
{
  return fmin(fmax(tilt, -0.5 * edge), 0.5 * edge);
}

/* Takes off whole numbers of plane[1], then plane[0], by the edges alone: tilts become small. */
static void reduce_tilt(const double plane[2][3], double c[3])
{
  for (int k = 1; k >= 0; k--) {
    const double n = rint(c[k] / plane[k][k]);
    for (int d = 0; d < 3; d++)
      c[d] -= n * plane[k][d];
    c[k] = at_most_half(c[k], plane[k][k]);
  }
}

/* The box's edges in the plane. */
static void set_plane(const struct mlgrain_bicrystal *b, double plane[2][3])
{
  for (int k = 0; k < 2; k++)
    for (int d = 0; d < 3; d++)
      plane[k][d] = b->repeat[k] * b->period[k][d];
  plane[1][0] += b->shear * b->period[0][0];
  const double n = rint(plane[1][0] / plane[0][0]);
  plane[1][0] = at_most_half(plane[1][0] - n * plane[0][0], plane[0][0]);
}

static void set_shift(const struct mlgrain_bicrystal *b,
                      const struct mlgrain_bicrystal_placement *placement,
                      struct mlgrain_bicrystal_box *box)
{
  const struct grain *g = b->grain;
  for (int d = 0; d < 2; d++)
    box->shift[d] =
        placement->translation[0] * b->shift[0][d] + placement->translation[1] * b->shift[1][d];
  const double atoms = (double)(g[0].atoms + g[1].atoms);
  const double height = 0.5 * (atoms * b->atom_volume / box->area - g[0].along[2] - g[1].along[2]);
  box->shift[2] = fmax(height, g[0].beyond + g[1].beyond + b->least_gap) + placement->gap;
}

static void set_box(const struct mlgrain_bicrystal *b,
                    const struct mlgrain_bicrystal_placement *placement,
                    struct mlgrain_bicrystal_box *box)
{
  const struct grain *g = b->grain;
  memset(box, 0, sizeof *box);
  set_plane(b, box->edge);
  box->area = box->edge[0][0] * box->edge[1][1];
  set_shift(b, placement, box);
  box->boundaries = placement->surfaces ? 1 : 2;
  box->low = g[1].low;
  box->high = g[0].high + box->shift[2];
  for (int d = 0; d < 3; d++) {
    box->center[d] = box->shift[d] + 0.5 * g[0].along[d];
    box->edge[2][d] = 2 * box->shift[d] + g[0].along[d] + g[1].along[d];
  }
  if (placement->surfaces) {
    box->edge[2][0] = box->edge[2][1] = 0.0;
    box->edge[2][2] = box->high - box->low;
    box->origin[2] = box->low;
  } else {
    reduce_tilt((const double(*)[3])box->edge, box->edge[2]);
    box->origin[2] = -g[1].along[2] - 0.5 * box->shift[2];
  }
  box->numbers = g[0].atoms + g[1].atoms;
}

static void position(const struct grain *grain, size_t layer, size_t point, double x[3])
{
  for (int d = 0; d < 3; d++)
    x[d] = grain->layer[layer].x[d] + (d < 2 ? grain->point[point][d] : 0.0);
}

/* Squared distance of x and y, periodic in the plane, if it is less than `most`. */
static double distance(const struct mlgrain_bicrystal *b, const double x[3], const double y[3],
                       double reach, double most)
{
  const double(*p)[3] = (const double(*)[3])b->period;
  double d[3] = {y[0] - x[0], y[1] - x[1], y[2] - x[2]};
  reduce(p, 1, d);
  const int ny = (int)ceil(reach / p[1][1]) + 1;
  const int nx = (int)ceil(reach * hypot(p[1][0], p[1][1]) / (p[0][0] * p[1][1])) + 1;
  for (int i = -nx; i <= nx; i++)
    for (int j = -ny; j <= ny; j++) {
      const double u = d[0] + i * p[0][0] + j * p[1][0], v = d[1] + j * p[1][1];
      most = fmin(most, u * u + v * v + d[2] * d[2]);
    }
  return most;
}

/* Whether an atom of grain 2 is nearer than `overlap` to any of grain 1. */
static int is_too_close(const struct mlgrain_bicrystal_cell *cell, const double x[3],
                        double overlap)
{
  const struct mlgrain_bicrystal *b = cell->bicrystal;
  const struct grain *upper = &b->grain[0];
  const double limit = overlap * overlap * (1 - 1e-9);
  for (size_t l = 0; l < upper->layers; l++) {
    if (upper->layer[l].x[2] + cell->box.shift[2] > x[2] + overlap)
      continue;
    for (size_t p = 0; p < upper->points; p++) {
      double y[3];
      position(upper, l, p, y);
      for (int d = 0; d < 3; d++)
        y[d] += cell->box.shift[d];
      if (distance(b, x, y, overlap, INFINITY) < limit)
        return 1;
    }
  }
  return 0;
}

/* Removes the atom of grain 2 that inversion makes of the one at x: at -l2 - x. */
static void remove_image(struct mlgrain_bicrystal_cell *cell, const double x[3])
{
  const struct mlgrain_bicrystal *b = cell->bicrystal;
  const struct grain *lower = &b->grain[1];
  size_t best = 0;
  double least = INFINITY, image[3];
  for (int d = 0; d < 3; d++) /* `along` leads up, grain 2 goes down */
    image[d] = -lower->along[d] - x[d];
  for (size_t l = 0; l < lower->layers; l++) {
    if (fabs(lower->layer[l].x[2] - image[2]) > 0.5 * lower->spacing)
      continue;
    for (size_t p = 0; p < lower->points; p++) {
      double y[3];
      position(lower, l, p, y);
      const double square = distance(b, image, y, 0.0, INFINITY);
      if (square < least) {
        least = square;
        best = l * lower->points + p;
      }
    }
  }
  cell->is_removed[best] = 1;
}

static void remove_overlaps(struct mlgrain_bicrystal_cell *cell, double overlap)
{
  const struct grain *lower = &cell->bicrystal->grain[1];
  const double top = cell->bicrystal->grain[0].low + cell->box.shift[2];
  for (size_t l = 0; l < lower->layers; l++) {
    if (lower->layer[l].x[2] <= top - overlap)
      continue;
    for (size_t p = 0; p < lower->points; p++) {
      double x[3];
      position(lower, l, p, x);
      if (!is_too_close(cell, x, overlap))
        continue;
      cell->is_removed[l * lower->points + p] = 1;
      if (cell->box.boundaries == 2)
        remove_image(cell, x);
    }
  }
}

static void count_removed(struct mlgrain_bicrystal_cell *cell)
{
  const struct mlgrain_bicrystal *b = cell->bicrystal;
  const struct grain *lower = &b->grain[1];
  size_t count = 0;
  for (size_t l = 0; l < lower->layers; l++) {
    cell->removed_before[l] = count;
    for (size_t p = 0; p < lower->points; p++)
      count += cell->is_removed[l * lower->points + p];
  }
  cell->removed_before[lower->layers] = cell->removed = count;
  cell->box.removed = count * (size_t)b->repeat[0] * (size_t)b->repeat[1];
}

static enum mlgrain_status check_placement(const struct mlgrain_bicrystal *b,
                                           const struct mlgrain_bicrystal_placement *placement,
                                           struct mlgrain_error *error)
{
  if (!placement->surfaces && !b->has_inversion)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the crystal has no center of inversion: its boundaries come one to a "
                        "cell, between surfaces");
  if (!isfinite(placement->gap) || !isfinite(placement->translation[0]) ||
      !isfinite(placement->translation[1]))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the gap and the translation must be finite");
  if (!(placement->overlap >= 0.0) ||
      placement->overlap > fmin(b->grain[0].along[2], b->grain[1].along[2]))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the overlap %g must not be negative, and less than the thickness of a "
                        "grain",
                        placement->overlap);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_bicrystal_place(const struct mlgrain_bicrystal *bicrystal,
                                            const struct mlgrain_bicrystal_placement *placement,
                                            struct mlgrain_bicrystal_cell **cell,
                                            struct mlgrain_error *error)
{
  *cell = NULL;
  const enum mlgrain_status status = check_placement(bicrystal, placement, error);
  if (status)
    return status;
  const struct grain *lower = &bicrystal->grain[1];
  struct mlgrain_bicrystal_cell *c = calloc(1, sizeof *c);
  if (c) {
    c->bicrystal = bicrystal;
    c->is_removed = calloc(lower->layers * lower->points, 1);
    c->removed_before = calloc(lower->layers + 1, sizeof *c->removed_before);
  }
  if (!c || !c->is_removed || !c->removed_before) {
    mlgrain_bicrystal_cell_free(c);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "not enough memory for a bicrystal");
  }
  set_box(bicrystal, placement, &c->box);
  if (c->box.shift[2] < bicrystal->grain[0].beyond + bicrystal->grain[1].beyond) {
    mlgrain_bicrystal_cell_free(c);
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the gap %g is so negative that the grains are in each other",
                        placement->gap);
  }
  if (placement->overlap > 0.0)
    remove_overlaps(c, placement->overlap);
  count_removed(c);
  *cell = c;
  return MLGRAIN_SUCCESS;
}

void mlgrain_bicrystal_cell_free(struct mlgrain_bicrystal_cell *cell)
{
  if (!cell)
    return;
  free(cell->is_removed);
  free(cell->removed_before);
  free(cell);
}

struct mlgrain_bicrystal_box mlgrain_bicrystal_cell_box(const struct mlgrain_bicrystal_cell *cell)
{
  return cell->box;
}

/* How many atoms of grain 2 with smaller numbers are removed; -1 if the atom is itself. */
static ptrdiff_t removed_before(const struct mlgrain_bicrystal_cell *cell, size_t layer,
                                size_t period, size_t point)
{
  const struct grain *lower = &cell->bicrystal->grain[1];
  const size_t periods = (size_t)cell->bicrystal->repeat[0] * (size_t)cell->bicrystal->repeat[1];
  const unsigned char *here = cell->is_removed + layer * lower->points;
  if (here[point])
    return -1;
  size_t count = cell->removed_before[layer] * periods;
  count += (cell->removed_before[layer + 1] - cell->removed_before[layer]) * period;
  for (size_t p = 0; p < point; p++)
    count += here[p];
  return (ptrdiff_t)count;
}

int mlgrain_bicrystal_atom_of(const struct mlgrain_bicrystal_cell *cell, size_t number,
                              struct mlgrain_bicrystal_atom *atom)
{
  const struct mlgrain_bicrystal *b = cell->bicrystal;
  atom->grain = number >= b->grain[0].atoms;
  const struct grain *grain = &b->grain[atom->grain];
  const size_t periods = (size_t)b->repeat[0] * (size_t)b->repeat[1];
  const size_t within = number - (atom->grain ? b->grain[0].atoms : 0);
  const size_t point = within % grain->points, rest = within / grain->points;
  const size_t period = rest % periods, layer = rest / periods;
  atom->place = number;
  if (atom->grain && cell->removed) {
    const ptrdiff_t before = removed_before(cell, layer, period, point);
    if (before < 0)
      return 0;
    atom->place -= (size_t)before;
  }
  atom->type = grain->layer[layer].type;
  position(grain, layer, point, atom->x);
  const size_t along = period / (size_t)b->repeat[1], across = period % (size_t)b->repeat[1];
  const double nx = (double)along, ny = (double)across;
  for (int d = 0; d < 3; d++)
    atom->x[d] +=
        nx * b->period[0][d] + ny * b->period[1][d] + (atom->grain ? 0.0 : cell->box.shift[d]);
  reduce((const double(*)[3])cell->box.edge, 0, atom->x);
  return 1;
}
