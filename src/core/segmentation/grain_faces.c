/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/grain_faces.h"

#include "directions.h"

_Static_assert((int)MLGRAIN_FACE_PARTNERS == DIRECTIONS,
               "a direction for each of an atom's boundaries");

/* What the cells of one call are for. */
struct face_search {
  const int32_t *grain;
  const struct mlgrain_grain_cells *cells;
};

/* The grain beyond a face if that is another one, else 0. */
static int32_t grain_beyond(const struct face_search *search, int32_t own,
                            const struct mlgrain_voronoi_face *face)
{
  const int32_t other = face->neighbor >= 0 ? search->grain[face->neighbor] : 0;
  return other == own ? 0 : other;
}

/* Keeps the grains with the largest areas, of equal ones that with the lowest number. */
static void insert_grain(struct mlgrain_grain_faces *found, int32_t grain, double area)
{
  int k = found->count;
  while (k > 0 && (found->area[k - 1] < area ||
                   (found->area[k - 1] == area && found->grain[k - 1] > grain))) {
    k--;
    if (k + 1 < MLGRAIN_FACE_PARTNERS) {
      found->grain[k + 1] = found->grain[k];
      found->area[k + 1] = found->area[k];
    }
  }
  if (k == MLGRAIN_FACE_PARTNERS)
    return;
  found->grain[k] = grain;
  found->area[k] = area;
  found->count += found->count < MLGRAIN_FACE_PARTNERS;
}

/* The faces of an atom by grain. Atoms with faces to more grains than there is room for don't exist
   but in heaps of tiny grains. */
static void sum_faces(const struct face_search *search,
                      const struct mlgrain_voronoi_polyhedron *polyhedron)
{
  const int32_t own = search->grain[polyhedron->point];
  const struct mlgrain_voronoi_face *face = polyhedron->face;
  const int count = polyhedron->cell.faces;
  struct mlgrain_grain_faces found = {0};
  for (int f = 0; f < count; f++) {
    const int32_t other = grain_beyond(search, own, &face[f]);
    int before = 0;
    while (before < f && grain_beyond(search, own, &face[before]) != other)
      before++;
    if (!other || before < f)
      continue;
    double area = 0.0;
    for (int g = f; g < count; g++)
      area += grain_beyond(search, own, &face[g]) == other ? face[g].area : 0.0;
    insert_grain(&found, other, area);
  }
  for (int k = 0; k < found.count; k++)
    for (int f = 0; f < count; f++)
      for (int d = 0; d < 3 && grain_beyond(search, own, &face[f]) == found.grain[k]; d++)
        found.vector[k][d] += face[f].area_vector[d];
  search->cells->faces[polyhedron->point] = found;
}

static enum mlgrain_status visit(void *context, const struct mlgrain_voronoi_polyhedron *polyhedron)
{
  const struct face_search *search = context;
  sum_faces(search, polyhedron);
  mlgrain_triple_edges_of(polyhedron, search->grain, &search->cells->edges[polyhedron->point]);
  search->cells->cell[polyhedron->point] = polyhedron->cell;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_grain_cells_find(const struct mlgrain_voronoi_settings *settings,
                                             const struct mlgrain_cells *cells, size_t first_cell,
                                             size_t last_cell, const unsigned char *chosen,
                                             const int32_t *grain,
                                             const struct mlgrain_grain_cells *found,
                                             struct mlgrain_error *error)
{
  struct face_search search = {grain, found};
  return mlgrain_voronoi_visit(settings, cells, first_cell, last_cell, chosen, NULL, visit, &search,
                               NULL, error);
}

/* Two points that may be of one boundary. */
struct side_search {
  const int32_t *grain;
  const struct mlgrain_grain_faces *faces;
};

static void add_same_side(const void *context, int32_t own, int32_t near, double sum[DIRECTIONS][3])
{
  const struct side_search *search = context;
  const struct mlgrain_grain_faces *mine = &search->faces[own], *its = &search->faces[near];
  if (search->grain[near] != search->grain[own])
    return;
  for (int k = 0; k < mine->count; k++)
    for (int l = 0; l < its->count; l++)
      for (int d = 0; d < 3 && its->grain[l] == mine->grain[k]; d++)
        sum[k][d] += its->vector[l][d];
}

enum mlgrain_status mlgrain_grain_normals(const struct mlgrain_cells *cells, const int32_t *place,
                                          double radius, size_t count, const int32_t *grain,
                                          const struct mlgrain_grain_faces *faces,
                                          double (*normal)[MLGRAIN_FACE_PARTNERS][3],
                                          struct mlgrain_error *error)
{
  const struct side_search search = {grain, faces};
  return find_directions(cells, place, radius, count, add_same_side, &search, normal, error);
}
