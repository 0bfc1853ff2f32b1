/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sites of a grain, row by row along the first lattice vector. A convex cell cuts an interval
   out of each row, found from its faces; so does a part of the box, for each periodic image that
   the row passes through. Every number that decides about a site is a function of its grain and its
   lattice indices alone, so that all parts decide alike. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "polycrystal_private.h"

/* Intervals are widened or narrowed by this, in lattice coordinates; exact tests follow. */
static const double MARGIN = 1e-6;

size_t mlgrain_polycrystal_rows(const struct mlgrain_polycrystal *polycrystal, size_t grain)
{
  const struct crystal *crystal = &polycrystal->crystal[grain];
  size_t rows = (size_t)polycrystal->basis_count;
  for (int k = 0; k < 3; k++) {
    if (crystal->high[k] < crystal->low[k])
      return 0;
    if (k > 0)
      rows *= (size_t)(crystal->high[k] - crystal->low[k] + 1);
  }
  return rows;
}

struct row {
  int basis;
  double u[3];        /* of the site n[0] = 0 */
  double fraction[3]; /* the same, in fractions of the box */
  int first, last;    /* n[0] of the sites inside the cell */
};

/* Planes that cut rows: those where rows enter what is inside of all come first, then those where
   they leave it, then those along the rows. */
struct cuts {
  struct crystal_plane *plane;
  size_t enter, leave, count; /* each with those before */
  double *left;               /* [leave] offset - normal[2] u[2] of the rows in work */
};

struct fill {
  const struct mlgrain_polycrystal *p;
  size_t grain;
  const struct crystal *crystal;
  const struct mlgrain_part *part;
  struct cuts cell;  /* by its faces */
  struct cuts clear; /* where no other grain's sites come near */
  double along[3];   /* sites of a row for each edge of the box */
  double sure;       /* sites so far inside of the ends of a row need no test */
  /* of the row in work */
  int *removed; /* [removed_count] n[0], ascending */
  size_t removed_count;
  double (*x)[3];
  uint32_t *place;
  struct mlgrain_sites sites;
};

static void site_of(const struct row *row, int n, double u[3])
{
  u[0] = n + row->u[0];
  u[1] = row->u[1];
  u[2] = row->u[2];
}

static int contains(const struct fill *fill, const struct row *row, int n)
{
  double u[3];
  site_of(row, n, u);
  return crystal_contains(fill->p, fill->grain, u);
}

/* Where a row crosses a plane, in lattice coordinates. */
static inline double crossing(const struct cuts *cuts, const struct row *row, size_t k)
{
  return (cuts->left[k] - cuts->plane[k].normal[1] * row->u[1]) * cuts->plane[k].row_length;
}

/* Cuts an interval of a row to what is inside of all planes. Returns 0 if a plane along the row
   leaves nothing of it. */
static int cut(const struct cuts *cuts, const struct row *row, double *low, double *high)
{
  for (size_t k = 0; k < cuts->enter; k++)
    *low = larger(*low, crossing(cuts, row, k));
  for (size_t k = cuts->enter; k < cuts->leave; k++)
    *high = smaller(*high, crossing(cuts, row, k));
  for (size_t k = cuts->leave; k < cuts->count; k++)
    if (!is_inside_plane(&cuts->plane[k], row->u))
      return 0;
  return 1;
}

/* For rows with this u[2]. */
static void begin_layer(struct cuts *cuts, double u2)
{
  for (size_t k = 0; k < cuts->leave; k++)
    cuts->left[k] = cuts->plane[k].offset - cuts->plane[k].normal[2] * u2;
}

/* The sites inside the cell. Returns 0 if there are none. */
static int clip(const struct fill *fill, struct row *row)
{
  double low = fill->crystal->low[0] + row->u[0], high = fill->crystal->high[0] + row->u[0];
  if (!cut(&fill->cell, row, &low, &high) || low > high + 2 * MARGIN)
    return 0;
  low -= row->u[0];
  high -= row->u[0];
  row->first = index_from(low - MARGIN);
  row->last = index_to(high + MARGIN);
  while (row->first <= row->last && row->first < low + fill->sure &&
         !contains(fill, row, row->first))
    row->first++;
  while (row->first <= row->last && row->last > high - fill->sure &&
         !contains(fill, row, row->last))
    row->last--;
  return row->first <= row->last;
}

/* Of the sites up to `last`, finds those that are removed. */
static void find_removed(struct fill *fill, const struct row *row, int last)
{
  double low = -INFINITY, high = INFINITY;
  if (!cut(&fill->clear, row, &low, &high))
    high = -INFINITY;
  const int clear_from = index_from(low - row->u[0] + MARGIN);
  const int clear_to = index_to(high - row->u[0] - MARGIN);
  fill->removed_count = 0;
  for (int n = row->first; n <= last; n++) {
    if (n >= clear_from && n <= clear_to) {
      n = clear_to;
      continue;
    }
    double u[3];
    site_of(row, n, u);
    if (near_cells_remove(fill->p, fill->grain, u))
      fill->removed[fill->removed_count++] = n;
  }
}

/* Sites of a row that can be in the part in an image of the box, and those that surely are. */
struct span {
  int first, last;
  int sure_from, sure_to;
};

static struct span clip_to_part(const struct fill *fill, const struct row *row, const int image[3])
{
  double low = row->first, high = row->last, sure_low = low, sure_high = high;
  for (int d = 0; d < 3; d++) {
    const double slope = fill->crystal->step[0][d];
    const double from = fill->part->low[d] + image[d] - row->fraction[d];
    const double to = fill->part->high[d] + image[d] - row->fraction[d];
    if (fabs(slope) * (fabs(low) + fabs(high) + 1) < 1e-9) { /* along the part's face */
      if (from > 1e-6 || to < -1e-6)
        high = -INFINITY;
      if (from > -1e-6 || to < 1e-6)
        sure_high = -INFINITY;
    } else {
      const double length = fill->along[d], margin = 1e-6 * fabs(length) + MARGIN;
      const double begin = (slope > 0.0 ? from : to) * length;
      const double end = (slope > 0.0 ? to : from) * length;
      low = larger(low, begin - margin);
      high = smaller(high, end + margin);
      sure_low = larger(sure_low, begin + margin);
      sure_high = smaller(sure_high, end - margin);
    }
  }
  if (low > high)
    return (struct span){1, 0, 1, 0};
  return (struct span){index_from(low), index_to(high), index_from(sure_low), index_to(sure_high)};
}

/* A coordinate within the box, and how many edges it was moved. Where the box ends at its faces,
   rounding alone may take a site beyond them; where columns do, it must not tear a lattice plane
   apart. */
static double into_box(const struct mlgrain_box *box, int d, double f, double *whole)
{
  *whole = 0.0;
  if (box->bounded[d])
    return smaller(larger(f, 0.0), 1.0 - 0x1p-53);
  if (box->columns == d + 1 && fabs(f - round(f)) < 1e-12)
    f = round(f);
  *whole = floor(f);
  double fraction = f - *whole;
  if (fraction >= 1.0) {
    fraction = 0.0;
    *whole += 1.0;
  }
  return fraction;
}

static void position(const struct mlgrain_box *box, const double fraction[3], double x[3])
{
  combine3(box->edge, fraction, x);
  for (int d = 0; d < 3; d++)
    x[d] += box->low[d];
}

/* Whether a site is in the part in this image; x receives its position in the box. */
static int locate(const struct fill *fill, const struct row *row, int n, const int image[3],
                  double x[3])
{
  const struct mlgrain_box *box = fill->p->settings.box;
  double fraction[3];
  for (int d = 0; d < 3; d++) {
    const double f = row->fraction[d] + n * fill->crystal->step[0][d];
    double whole;
    fraction[d] = into_box(box, d, f, &whole);
    if (whole != image[d] || fraction[d] < fill->part->low[d] || fraction[d] >= fill->part->high[d])
      return 0;
  }
  position(box, fraction, x);
  return 1;
}

/* The same for sites that surely are in the part and not removed, `before` of the row having been;
   they are added to fill->sites. */
static void collect_sure(struct fill *fill, const struct row *row, const int image[3], int from,
                         int to, size_t before)
{
  const double *step = fill->crystal->step[0];
  double(*x)[3] = fill->x + fill->sites.count;
  uint32_t *place = fill->place + fill->sites.count;
  for (int n = from; n <= to; n++) {
    double fraction[3];
    for (int d = 0; d < 3; d++)
      fraction[d] = row->fraction[d] + n * step[d] - image[d];
    position(fill->p->settings.box, fraction, x[n - from]);
    place[n - from] = (uint32_t)((size_t)(n - row->first) - before);
  }
  fill->sites.count += (size_t)(to - from + 1);
}

/* Adds the sites of one image to fill->sites. */
static void collect(struct fill *fill, const struct row *row, const int image[3], struct span span)
{
  size_t before = 0;
  for (int n = span.first; n <= span.last; n++) {
    while (before < fill->removed_count && fill->removed[before] < n)
      before++;
    const int next_removed =
        before < fill->removed_count ? fill->removed[before] : span.sure_to + 1;
    const int sure_to = span.sure_to < next_removed ? span.sure_to : next_removed - 1;
    if (n >= span.sure_from && n <= sure_to) {
      collect_sure(fill, row, image, n, sure_to, before);
      n = sure_to;
      continue;
    }
    double *x = fill->x[fill->sites.count];
    if (!locate(fill, row, n, image, x))
      continue;
    if (before < fill->removed_count && fill->removed[before] == n) {
      fill->sites.removed++;
      continue;
    }
    fill->place[fill->sites.count++] = (uint32_t)((size_t)(n - row->first) - before);
  }
}

/* Calls for every image of the box that the row passes through and whose part it may touch; returns
   the last site that may be in any. With `add`, the sites are collected. */
static int for_images(struct fill *fill, const struct row *row, int add)
{
  int low[3], high[3], image[3], last_of_all = INT_MIN;
  for (int d = 0; d < 3; d++) {
    const double a = row->fraction[d] + row->first * fill->crystal->step[0][d];
    const double b = row->fraction[d] + row->last * fill->crystal->step[0][d];
    /* the part must not end before the row begins, nor begin after its end */
    low[d] = index_from(smaller(a, b) - fill->part->high[d] - 1e-6);
    high[d] = index_to(larger(a, b) - fill->part->low[d] + 1e-6);
  }
  for (image[0] = low[0]; image[0] <= high[0]; image[0]++)
    for (image[1] = low[1]; image[1] <= high[1]; image[1]++)
      for (image[2] = low[2]; image[2] <= high[2]; image[2]++) {
        const struct span span = clip_to_part(fill, row, image);
        if (span.first > span.last)
          continue;
        if (span.last > last_of_all)
          last_of_all = span.last;
        if (add)
          collect(fill, row, image, span);
      }
  return last_of_all;
}

/* Whether all of a row is in the part in one image of the box, by more than rounding: most rows
 * are.
 */
static int is_inside_part(const struct fill *fill, const struct row *row, int image[3])
{
  for (int d = 0; d < 3; d++) {
    const double a = row->fraction[d] + row->first * fill->crystal->step[0][d];
    const double b = row->fraction[d] + row->last * fill->crystal->step[0][d];
    image[d] = index_to(a);
    if (smaller(a, b) - image[d] < fill->part->low[d] + MARGIN ||
        larger(a, b) - image[d] > fill->part->high[d] - MARGIN)
      return 0;
  }
  return 1;
}

/* The last site of a row that may be in the part, below row->first if none may. */
static int last_in_part(struct fill *fill, const struct row *row)
{
  int image[3];
  double x[3];
  for (int d = 0; d < 3; d++)
    image[d] = index_to(row->fraction[d] + row->last * fill->crystal->step[0][d]);
  return locate(fill, row, row->last, image, x) ? row->last : for_images(fill, row, 0);
}

/* Collects the sites of a row that are in the part. */
static void collect_row(struct fill *fill, const struct row *row)
{
  int image[3];
  if (is_inside_part(fill, row, image)) {
    find_removed(fill, row, row->last);
    collect(fill, row, image, (struct span){row->first, row->last, row->first, row->last});
    return;
  }
  const int last = last_in_part(fill, row);
  if (last < row->first)
    return;
  find_removed(fill, row, last);
  for_images(fill, row, 1);
}

/* One row; returns 0 if the visitor did. */
static int fill_row(struct fill *fill, size_t number, int basis, int n1, int n2,
                    mlgrain_sites_visitor *visit, void *context)
{
  const double *site = fill->p->basis[basis];
  struct row row = {.basis = basis, .u = {site[0], n1 + site[1], n2 + site[2]}};
  if (!clip(fill, &row))
    return 1;
  combine3(fill->crystal->step, row.u, row.fraction);
  for (int d = 0; d < 3; d++)
    row.fraction[d] += fill->crystal->origin[d];
  fill->sites.row = number;
  fill->sites.basis = basis;
  fill->sites.count = fill->sites.removed = 0;
  collect_row(fill, &row);
  if (fill->sites.count == 0 && fill->sites.removed == 0)
    return 1;
  return visit(context, &fill->sites);
}

/* Whether any image of the part touches the grain's cell, by the extents of both. */
static int touches(const struct fill *fill)
{
  const struct mlgrain_tessellation *cells = fill->p->settings.cells;
  double dual[3][3];
  dual3(fill->p->settings.box->edge, dual);
  for (int d = 0; d < 3; d++) {
    double low = INFINITY, high = -INFINITY;
    for (size_t v = cells->first_vertex[fill->grain]; v < cells->first_vertex[fill->grain + 1];
         v++) {
      const double f = fill->crystal->origin[d] + dot3(dual[d], cells->vertex[v]);
      low = fmin(low, f);
      high = fmax(high, f);
    }
    if (ceil(low - fill->part->high[d] - 1e-6) > floor(high - fill->part->low[d] + 1e-6))
      return 0;
  }
  return 1;
}

static int allocate_cuts(struct cuts *cuts, size_t planes)
{
  cuts->plane = malloc((planes + 1) * sizeof *cuts->plane);
  cuts->left = malloc((planes + 1) * sizeof *cuts->left);
  return cuts->plane && cuts->left;
}

static enum mlgrain_status allocate(struct fill *fill, struct mlgrain_error *error)
{
  const size_t longest = (size_t)(fill->crystal->high[0] - fill->crystal->low[0] + 2);
  const size_t *first_face = fill->p->settings.cells->first_face;
  fill->removed = malloc(longest * sizeof *fill->removed);
  fill->x = malloc(longest * sizeof *fill->x);
  fill->place = malloc(longest * sizeof *fill->place);
  if (!fill->removed || !fill->x || !fill->place ||
      !allocate_cuts(&fill->cell, first_face[fill->grain + 1] - first_face[fill->grain]) ||
      !allocate_cuts(&fill->clear, fill->p->near[fill->grain].count)) {
    mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a row of %zu sites", longest);
    return MLGRAIN_OUT_OF_MEMORY;
  }
  fill->sites.x = (const double(*)[3])fill->x;
  fill->sites.place = fill->place;
  return MLGRAIN_SUCCESS;
}

static void release(struct fill *fill)
{
  free(fill->removed);
  free(fill->x);
  free(fill->place);
  free(fill->cell.plane);
  free(fill->cell.left);
  free(fill->clear.plane);
  free(fill->clear.left);
}

/* -1 where rows enter, 0 where they leave, 1 where they do neither. */
static int kind_of(const struct crystal_plane *plane)
{
  return plane->normal[0] == 0.0 ? 1 : plane->normal[0] < 0.0 ? -1 : 0;
}

static void set_cuts(const struct crystal_plane *plane, size_t count, struct cuts *cuts)
{
  size_t end[3];
  for (int kind = -1; kind <= 1; kind++) {
    for (size_t k = 0; k < count; k++)
      if (kind_of(&plane[k]) == kind)
        cuts->plane[cuts->count++] = plane[k];
    end[kind + 1] = cuts->count;
  }
  cuts->enter = end[0];
  cuts->leave = end[1];
}

static void prepare(struct fill *fill)
{
  const struct near_cells *near = &fill->p->near[fill->grain];
  const size_t *first_face = fill->p->settings.cells->first_face + fill->grain;
  const double rounding = 1e-11; /* of a distance, at most */
  set_cuts(fill->p->plane + first_face[0], first_face[1] - first_face[0], &fill->cell);
  set_cuts(near->beyond, near->count, &fill->clear);
  for (int d = 0; d < 3; d++)
    fill->along[d] = 1.0 / fill->crystal->step[0][d];
  fill->sure = MARGIN;
  for (size_t k = 0; k < fill->cell.leave; k++)
    fill->sure = larger(fill->sure, rounding * fabs(fill->cell.plane[k].row_length));
}

static void fill_rows(struct fill *fill, mlgrain_sites_visitor *visit, void *context)
{
  const struct crystal *crystal = fill->crystal;
  size_t number = 0;
  prepare(fill);
  for (int basis = 0; basis < fill->p->basis_count; basis++)
    for (int n2 = crystal->low[2]; n2 <= crystal->high[2]; n2++) {
      begin_layer(&fill->cell, n2 + fill->p->basis[basis][2]);
      begin_layer(&fill->clear, n2 + fill->p->basis[basis][2]);
      for (int n1 = crystal->low[1]; n1 <= crystal->high[1]; n1++)
        if (!fill_row(fill, number++, basis, n1, n2, visit, context))
          return;
    }
}

enum mlgrain_status mlgrain_polycrystal_fill(const struct mlgrain_polycrystal *polycrystal,
                                             size_t grain, const struct mlgrain_part *part,
                                             mlgrain_sites_visitor *visit, void *context,
                                             struct mlgrain_error *error)
{
  struct fill fill = {
      .p = polycrystal, .grain = grain, .crystal = &polycrystal->crystal[grain], .part = part};
  if (mlgrain_polycrystal_rows(polycrystal, grain) == 0 || !touches(&fill))
    return MLGRAIN_SUCCESS;
  const enum mlgrain_status status = allocate(&fill, error);
  if (!status)
    fill_rows(&fill, visit, context);
  release(&fill);
  return status;
}
