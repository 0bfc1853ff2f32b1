/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/grain_faces.h"

#include <algorithm>
#include <cell.hh>
#include <cmath>
#include <cstdint>
#include <new>
#include <vector>

extern "C" {
#include "base/error_text.h"
#include "cells/cells.h"
}

namespace
{

struct Neighbor {
  double x, y, z, r2;
  std::int32_t point;
};

/* What the cells of one call need. */
class Cutter
{
public:
  Cutter(const mlgrain_cells &given, double given_cutoff, const unsigned char *given_member)
      : cells(given), member(given_member), cutoff(given_cutoff), scale(8.0 / given_cutoff)
  {
  }

  /* The faces of a point's cell: the neighbor behind each, or -1, area and normal. */
  void cut(std::uint32_t center, int run_count, const mlgrain_run *run);

  std::vector<int> neighbor; /* 1 + the point; 0 or less: the cube's faces */
  std::vector<double> area, normal;

private:
  const mlgrain_cells &cells;
  const unsigned char *member;
  double cutoff, scale; /* Voro++ tells planes and vertices apart to 1e-11: lengths of order 1 */
  std::vector<Neighbor> near;
  voro::voronoicell_neighbor polyhedron;

  void find(std::uint32_t center, int run_count, const mlgrain_run *run, double inner2,
            double outer2);
};

/* Neighbors at inner2 <= r^2 < outer2, nearest first. */
void Cutter::find(std::uint32_t center, int run_count, const mlgrain_run *run, double inner2,
                  double outer2)
{
  near.clear();
  for (int r = 0; r < run_count; r++)
    for (std::uint32_t j = run[r].first; j < run[r].last; j++) {
      const double x = (cells.x[j] - cells.x[center]) * scale;
      const double y = (cells.y[j] - cells.y[center]) * scale;
      const double z = (cells.z[j] - cells.z[center]) * scale;
      const double r2 = x * x + y * y + z * z;
      if (r2 >= inner2 && r2 < outer2 && j != center && member[cells.index[j]])
        near.push_back({x, y, z, r2, cells.index[j]});
    }
  std::sort(near.begin(), near.end(),
            [](const Neighbor &a, const Neighbor &b) { return a.r2 < b.r2; });
}

void Cutter::cut(std::uint32_t center, int run_count, const mlgrain_run *run)
{
  enum { BETWEEN_CHECKS = 8 }; /* of how far away the cell's vertices are */
  const double usual2 = 28.0, cutoff2 = 64.0, coincident2 = 64e-18;
  /* Voro++ keeps vertices at twice their distance, and the plane halfway to a neighbor at d is
     vertex . d = d . d; the cube's half edge is half the cutoff */
  polyhedron.init(-4.0, 4.0, -4.0, 4.0, -4.0, 4.0);
  double reach2 = polyhedron.max_radius_squared(), inner2 = coincident2, outer2 = usual2;
  bool is_there = true;
  while (is_there && inner2 < std::min(reach2, cutoff2)) {
    find(center, run_count, run, inner2, outer2);
    for (std::size_t k = 0; k < near.size() && near[k].r2 < reach2 && is_there; k++) {
      is_there = polyhedron.nplane(near[k].x, near[k].y, near[k].z, near[k].r2, near[k].point + 1);
      if (is_there && k % BETWEEN_CHECKS == BETWEEN_CHECKS - 1)
        reach2 = polyhedron.max_radius_squared();
    }
    if (is_there)
      reach2 = polyhedron.max_radius_squared();
    inner2 = outer2;
    outer2 = cutoff2;
  }
  neighbor.clear();
  if (!is_there)
    return;
  polyhedron.neighbors(neighbor);
  polyhedron.face_areas(area);
  polyhedron.normals(normal);
  for (double &value : area)
    value /= scale * scale;
}

void add_face(mlgrain_grain_faces &all, std::int32_t grain, double area, const double *normal)
{
  int k = 0;
  while (k < all.count && all.grain[k] != grain)
    k++;
  all.grain[k] = grain;
  all.area[k] += area;
  for (int d = 0; d < 3; d++)
    all.vector[k][d] += area * normal[d];
  all.count = std::max(all.count, k + 1);
}

/* An atom's faces by grain. Atoms with faces to more grains than there is room for don't exist but
   in heaps of tiny grains; the smallest areas are left out then. */
void sum_faces(const Cutter &cutter, std::int32_t own, const std::int32_t *grain,
               mlgrain_grain_faces &result)
{
  std::vector<std::pair<std::int32_t, double>> found;
  for (std::size_t f = 0; f < cutter.neighbor.size(); f++) {
    const std::int32_t other = cutter.neighbor[f] > 0 ? grain[cutter.neighbor[f] - 1] : 0;
    if (!other || other == own)
      continue;
    auto place = std::find_if(found.begin(), found.end(),
                              [other](const auto &one) { return one.first == other; });
    if (place == found.end())
      found.emplace_back(other, cutter.area[f]);
    else
      place->second += cutter.area[f];
  }
  std::sort(found.begin(), found.end(), [](const auto &a, const auto &b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  found.resize(std::min<std::size_t>(found.size(), MLGRAIN_FACE_PARTNERS));
  result = {};
  for (const auto &one : found)
    for (std::size_t f = 0; f < cutter.neighbor.size(); f++)
      if (cutter.neighbor[f] > 0 && grain[cutter.neighbor[f] - 1] == one.first)
        add_face(result, one.first, cutter.area[f], &cutter.normal[3 * f]);
}

void find_range(Cutter &cutter, const mlgrain_cells *cells, std::size_t first_cell,
                std::size_t last_cell, const unsigned char *chosen, const std::int32_t *grain,
                mlgrain_grain_faces *faces)
{
  for (std::size_t c = first_cell; c < last_cell; c++) {
    mlgrain_run run[MLGRAIN_CELLS_RUNS];
    int run_count = 0;
    for (std::uint32_t i = cells->start[c]; i < cells->start[c + 1]; i++) {
      const std::int32_t point = cells->index[i];
      if (!chosen[point])
        continue;
      if (!run_count)
        run_count = mlgrain_cells_runs(cells, c, 1, run);
      cutter.cut(i, run_count, run);
      sum_faces(cutter, grain[point], grain, faces[point]);
    }
  }
}

/* Adds the vectors of the atoms of the same side within the radius. */
void add_vectors(const mlgrain_cells *cells, const std::int32_t *place, double radius2,
                 std::uint32_t center, int run_count, const mlgrain_run *run,
                 const std::int32_t *grain, const mlgrain_grain_faces *faces,
                 double sum[MLGRAIN_FACE_PARTNERS][3])
{
  const std::int32_t own = place[cells->index[center]];
  for (int r = 0; r < run_count; r++)
    for (std::uint32_t j = run[r].first; j < run[r].last; j++) {
      const double dx = cells->x[j] - cells->x[center], dy = cells->y[j] - cells->y[center],
                   dz = cells->z[j] - cells->z[center];
      const std::int32_t other = place[cells->index[j]];
      if (dx * dx + dy * dy + dz * dz >= radius2 || grain[other] != grain[own])
        continue;
      for (int k = 0; k < faces[own].count; k++)
        for (int l = 0; l < faces[other].count; l++)
          if (faces[other].grain[l] == faces[own].grain[k])
            for (int d = 0; d < 3; d++)
              sum[k][d] += faces[other].vector[l][d];
    }
}

} // namespace

enum mlgrain_status mlgrain_grain_faces_find(const struct mlgrain_cells *cells, double cutoff,
                                             size_t first_cell, size_t last_cell,
                                             const unsigned char *chosen,
                                             const unsigned char *member, const int32_t *grain,
                                             struct mlgrain_grain_faces *faces,
                                             struct mlgrain_error *error)
{
  if (!(cutoff > 0.0 && cutoff <= cells->cutoff))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "cells made for cutoff %g cannot serve Voronoi cells with cutoff %g",
                        cells->cutoff, cutoff);
  try {
    Cutter cutter(*cells, cutoff, member);
    find_range(cutter, cells, first_cell, last_cell, chosen, grain, faces);
    return MLGRAIN_SUCCESS;
  } catch (const std::bad_alloc &) {
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a Voronoi cell");
  }
}

enum mlgrain_status mlgrain_grain_normals(const struct mlgrain_cells *cells, const int32_t *place,
                                          double radius, size_t count, const int32_t *grain,
                                          const struct mlgrain_grain_faces *faces,
                                          double (*normal)[MLGRAIN_FACE_PARTNERS][3],
                                          struct mlgrain_error *error)
{
  if (!(radius > 0.0 && radius <= cells->cutoff))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "cells made for cutoff %g cannot serve a radius of %g", cells->cutoff,
                        radius);
  const std::size_t cell_count = mlgrain_cells_count(cells);
  for (std::size_t c = 0; c < cell_count; c++) {
    mlgrain_run run[MLGRAIN_CELLS_RUNS];
    int run_count = 0;
    for (std::uint32_t i = cells->start[c]; i < cells->start[c + 1]; i++) {
      const std::int32_t own = place[cells->index[i]];
      if (static_cast<std::size_t>(own) >= count)
        continue;
      if (!run_count)
        run_count = mlgrain_cells_runs(cells, c, 1, run);
      double sum[MLGRAIN_FACE_PARTNERS][3] = {};
      add_vectors(cells, place, radius * radius, i, run_count, run, grain, faces, sum);
      for (int k = 0; k < MLGRAIN_FACE_PARTNERS; k++) {
        const double length =
            std::sqrt(sum[k][0] * sum[k][0] + sum[k][1] * sum[k][1] + sum[k][2] * sum[k][2]);
        for (int d = 0; d < 3; d++)
          normal[own][k][d] = length > 0.0 ? sum[k][d] / length : 0.0;
      }
    }
  }
  return MLGRAIN_SUCCESS;
}
