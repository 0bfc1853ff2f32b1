/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sites are too near to those of other grains. The cells that come within a distance of a
   point are connected through their faces, since the sphere around the point is convex: a search
   from cell to cell that ends at those that are too far misses none. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter_random.h"
#include "base/error_text.h"
#include "base/vector3.h"
#include "polycrystal_private.h"

/* A cell that was met in the search. */
struct met_cell {
  size_t grain;
  int image[3];
  double to[3];
  int is_near;
};

struct search {
  const struct mlgrain_polycrystal *p;
  size_t center;
  struct met_cell *met;
  size_t count, capacity;
};

/* The cutoff, longer by what rounding may take. */
static double reach(const struct mlgrain_polycrystal *p)
{
  return p->settings.cutoff * (1.0 + 1e-9);
}

/* Whether a plane lies between the cell of grain a and that of grain b at `to` from it: all
   vertices of b are more than the cutoff beyond a's extent along the direction. */
static int apart_along(const struct mlgrain_tessellation *cells, size_t b, const double to[3],
                       const double direction[3], double extent, double cutoff)
{
  for (size_t v = cells->first_vertex[b]; v < cells->first_vertex[b + 1]; v++)
    if (dot3(direction, cells->vertex[v]) + dot3(direction, to) - extent <= cutoff)
      return 0;
  return 1;
}

static int apart_at_faces(const struct mlgrain_tessellation *cells, size_t a, size_t b,
                          const double to[3], double cutoff)
{
  for (size_t f = cells->first_face[a]; f < cells->first_face[a + 1]; f++)
    if (apart_along(cells, b, to, cells->face[f].normal, cells->face[f].offset, cutoff))
      return 1;
  return 0;
}

static int is_near(const struct mlgrain_polycrystal *p, size_t a, size_t b, const double to[3])
{
  const struct mlgrain_tessellation *cells = p->settings.cells;
  const double cutoff = reach(p), length = norm3(to);
  const double direction[3] = {to[0] / length, to[1] / length, to[2] / length};
  const double back[3] = {-to[0], -to[1], -to[2]};
  double extent = -INFINITY;
  for (size_t v = cells->first_vertex[a]; v < cells->first_vertex[a + 1]; v++)
    extent = fmax(extent, dot3(direction, cells->vertex[v]));
  return !apart_along(cells, b, to, direction, extent, cutoff) &&
         !apart_at_faces(cells, a, b, to, cutoff) && !apart_at_faces(cells, b, a, back, cutoff);
}

static int was_met(const struct search *search, size_t grain, const int image[3])
{
  for (size_t m = 0; m < search->count; m++)
    if (search->met[m].grain == grain &&
        memcmp(search->met[m].image, image, sizeof search->met[m].image) == 0)
      return 1;
  return 0;
}

static int append(struct search *search, const struct met_cell *cell)
{
  if (search->count == search->capacity) {
    const size_t capacity = 2 * search->capacity + 64;
    struct met_cell *met = realloc(search->met, capacity * sizeof *met);
    if (!met)
      return 0;
    search->met = met;
    search->capacity = capacity;
  }
  search->met[search->count++] = *cell;
  return 1;
}

/* Meets the cells behind the faces of one. Returns 0 when memory is out. */
static int meet_neighbors(struct search *search, size_t m)
{
  const struct mlgrain_tessellation *cells = search->p->settings.cells;
  const struct met_cell from = search->met[m];
  for (size_t f = cells->first_face[from.grain]; f < cells->first_face[from.grain + 1]; f++) {
    const struct mlgrain_face *face = &cells->face[f];
    if (face->neighbor == MLGRAIN_SURFACE)
      continue;
    struct met_cell next = {.grain = face->neighbor};
    for (int d = 0; d < 3; d++) {
      next.image[d] = from.image[d] + face->image[d];
      next.to[d] = from.to[d] + face->to[d];
    }
    if (was_met(search, next.grain, next.image))
      continue;
    next.is_near = is_near(search->p, search->center, next.grain, next.to);
    if (!append(search, &next))
      return 0;
  }
  return 1;
}

/* Whether the sites of a grain give way to those of a cell near it. */
static int loses(size_t grain, const struct met_cell *other)
{
  if (other->grain == grain) { /* its own image: that of the lower box stays */
    int d = 0;
    while (other->image[d] == 0)
      d++;
    return other->image[d] < 0;
  }
  const int is_lower = grain < other->grain;
  const size_t low = is_lower ? grain : other->grain, high = is_lower ? other->grain : grain;
  const uint64_t bits = random_bits(0, RANDOM_WINNER, low, high);
  return (int)(bits >> 63) == is_lower;
}

/* How far the cell of a grain is outside of a face of another at `to` from it; negative where it
   reaches in. */
static double outside(const struct mlgrain_tessellation *cells, size_t grain, const double to[3],
                      const struct mlgrain_face *face)
{
  double least = INFINITY;
  for (size_t v = cells->first_vertex[grain]; v < cells->first_vertex[grain + 1]; v++)
    least = fmin(least, dot3(face->normal, cells->vertex[v]));
  return least - dot3(face->normal, to) - face->offset;
}

/* Of the near cell's faces that which the grain's is most outside of, moved out by the cutoff. */
static void set_beyond(const struct mlgrain_polycrystal *p, size_t grain, struct near_cell *cell,
                       struct crystal_plane *beyond)
{
  const struct mlgrain_tessellation *cells = p->settings.cells;
  double most = -INFINITY;
  for (size_t f = cells->first_face[cell->grain]; f < cells->first_face[cell->grain + 1]; f++) {
    const struct mlgrain_face *face = &cells->face[f];
    const double distance = outside(cells, grain, cell->to, face);
    if (distance <= most)
      continue;
    most = distance;
    cell->face = f;
    const double inwards[3] = {-face->normal[0], -face->normal[1], -face->normal[2]};
    *beyond = crystal_plane_of(&p->crystal[grain], inwards,
                               dot3(inwards, cell->to) - p->plane[f].offset - reach(p));
  }
}

enum mlgrain_status near_cells_find(struct mlgrain_polycrystal *p, size_t grain,
                                    struct mlgrain_error *error)
{
  const struct met_cell start = {.grain = grain, .is_near = 1};
  struct search search = {p, grain, NULL, 0, 0};
  struct near_cells *near = &p->near[grain];
  size_t count = 0;
  int done = append(&search, &start);
  for (size_t m = 0; done && m < search.count; m++)
    if (search.met[m].is_near)
      done = meet_neighbors(&search, m);
  for (size_t m = 1; done && m < search.count; m++)
    if (search.met[m].is_near && loses(grain, &search.met[m]))
      search.met[count++] = search.met[m];
  near->cell = done ? malloc((count + 1) * sizeof *near->cell) : NULL;
  near->beyond = done ? malloc((count + 1) * sizeof *near->beyond) : NULL;
  near->count = near->cell && near->beyond ? count : 0;
  for (size_t c = 0; c < near->count; c++) {
    near->cell[c].grain = search.met[c].grain;
    memcpy(near->cell[c].to, search.met[c].to, sizeof near->cell[c].to);
    set_beyond(p, grain, &near->cell[c], &near->beyond[c]);
  }
  free(search.met);
  if (near->cell && near->beyond)
    return MLGRAIN_SUCCESS;
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for the neighbors of grain %zu",
                      grain + 1);
}

/* Where three grains meet, a site that gives way may do so to one that itself gives way to a third,
   which is then no reason. So who stays depends on who else does, in chains that would end nowhere
   where each of three grains wins against the next. They are followed over so many sites, and the
   last one is taken to stay. The number is even: then a site stays only if those it would give way
   to are gone under either assumption, and no two that are too near do. */
enum { CHAIN = 4 };

static int gives_way(const struct mlgrain_polycrystal *p, size_t grain, const double u[3],
                     int chain);

/* Whether a near cell has a site that stays, inside of it, within the cutoff of a point in its
   lattice coordinates. Of sites that are outside, most are so at the face towards the grain. */
static int has_site_near(const struct mlgrain_polycrystal *p, const struct near_cell *cell,
                         const double u[3], int chain)
{
  const size_t grain = cell->grain;
  const struct crystal *crystal = &p->crystal[grain];
  const struct crystal_plane *towards = &p->plane[cell->face];
  const double square = p->settings.cutoff * p->settings.cutoff;
  for (int b = 0; b < p->basis_count; b++) {
    int low[3], high[3];
    for (int k = 0; k < 3; k++) {
      low[k] = index_from(u[k] - p->basis[b][k] - crystal->reach[k]);
      high[k] = index_to(u[k] - p->basis[b][k] + crystal->reach[k]);
    }
    for (int n2 = low[2]; n2 <= high[2]; n2++)
      for (int n1 = low[1]; n1 <= high[1]; n1++)
        for (int n0 = low[0]; n0 <= high[0]; n0++) {
          const double site[3] = {n0 + p->basis[b][0], n1 + p->basis[b][1], n2 + p->basis[b][2]};
          if (!is_inside_plane(towards, site))
            continue;
          const double from[3] = {site[0] - u[0], site[1] - u[1], site[2] - u[2]};
          double d[3];
          combine3((const double(*)[3])crystal->vector, from, d);
          if (dot3(d, d) >= square || !crystal_contains(p, grain, site))
            continue;
          if (chain == 0 || !gives_way(p, grain, site, chain - 1))
            return 1;
        }
  }
  return 0;
}

/* Whether a site of a grain, in lattice coordinates, gives way to one of another. */
static int gives_way(const struct mlgrain_polycrystal *p, size_t grain, const double u[3],
                     int chain)
{
  const struct near_cells *near = &p->near[grain];
  for (size_t c = 0; c < near->count; c++) {
    if (is_inside_plane(&near->beyond[c], u))
      continue;
    const struct near_cell *cell = &near->cell[c];
    double x[3], of_cell[3];
    combine3((const double(*)[3])p->crystal[grain].vector, u, x);
    const double from[3] = {x[0] - cell->to[0], x[1] - cell->to[1], x[2] - cell->to[2]};
    apply3((const double(*)[3])p->crystal[cell->grain].inverse, from, of_cell);
    if (has_site_near(p, cell, of_cell, chain))
      return 1;
  }
  return 0;
}

int near_cells_remove(const struct mlgrain_polycrystal *p, size_t grain, const double u[3])
{
  return gives_way(p, grain, u, CHAIN);
}
