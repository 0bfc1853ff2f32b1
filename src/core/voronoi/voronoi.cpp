/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voronoi cells of points from their neighbors in a cell grid. Voro++ cuts the polyhedra; this file
   decides which planes it gets to see, in which order, and when a cell is complete. Voro++ keeps
   vertices at twice their distance from the point: the plane halfway to a neighbor at d is
   vertex . d = d . d, and no neighbor with |d| > max |vertex| reaches the cell. */
#include "mlgrain/voronoi.h"

#include <algorithm>
#include <cell.hh>
#include <cmath>
#include <limits>
#include <new>
#include <vector>

extern "C" {
#include "base/error_text.h"
#include "base/simd_level.h"
#include "voronoi_private.h"
}

namespace
{

/* Voro++ takes vertices within 1e-11 of a plane, in doubled length times distance, to lie on it,
   whatever the unit of length. A power of two brings any unit to the size it was made for without
   changing a digit: cutoffs become 4 .. 8. */
double scale_of_cutoff(double cutoff)
{
  int exponent;
  std::frexp(cutoff, &exponent);
  return std::ldexp(1.0, 3 - exponent);
}

struct Wall {
  double x, y, z, offset; /* normal . d <= offset, d from the point, scaled */
};

struct Kernels {
  voronoi_gather *gather;
  voronoi_filter *filter;
};

Kernels kernels_of_level(enum mlgrain_simd_level level)
{
#ifdef MLGRAIN_X86_64_LEVELS
  level = mlgrain_simd_usable(level);
  if (level == MLGRAIN_SIMD_V4)
    return {voronoi_gather_v4, voronoi_filter_v4};
  if (level == MLGRAIN_SIMD_V3)
    return {voronoi_gather_v3, voronoi_filter_v3};
#else
  (void)level;
#endif
  return {voronoi_gather_v2, voronoi_filter_v2};
}

/* Storage for struct voronoi_neighbors. */
class Neighbors
{
public:
  voronoi_neighbors list = {};

  /* Room for every point of the runs. */
  void reserve(const voronoi_search &search)
  {
    std::size_t count = 0;
    for (int r = 0; r < search.run_count; r++)
      count += search.run[r].last - search.run[r].first;
    reserve(count);
  }

  void reserve(std::size_t count)
  {
    const std::size_t row = count + VORONOI_PADDING;
    if (memory.size() < 4 * row)
      memory.resize(4 * (row + row / 2));
    const std::size_t stride = memory.size() / 4;
    list.x = memory.data();
    list.y = list.x + stride;
    list.z = list.y + stride;
    list.r2 = list.z + stride;
  }

private:
  std::vector<double> memory;
};

/* The neighbors of one point, nearest first as far as it matters: sorted into shells of equal width
   in r^2. */
class Shells
{
public:
  Neighbors sorted;

  /* Counting sort of inner2 <= r2 < outer2. */
  void sort(const voronoi_neighbors &near, double inner2, double outer2)
  {
    enum { COUNT = 64 };
    const double per_shell = COUNT / (outer2 - inner2);
    unsigned place[COUNT + 1] = {};
    shell.resize(near.count);
    for (std::size_t i = 0; i < near.count; i++) {
      const int s = std::min(static_cast<int>((near.r2[i] - inner2) * per_shell), COUNT - 1);
      shell[i] = static_cast<unsigned char>(s);
      place[s + 1]++;
    }
    for (int s = 0; s < COUNT; s++)
      place[s + 1] += place[s];
    sorted.reserve(near.count);
    sorted.list.count = near.count;
    for (std::size_t i = 0; i < near.count; i++) {
      const unsigned to = place[shell[i]]++;
      sorted.list.x[to] = near.x[i];
      sorted.list.y[to] = near.y[i];
      sorted.list.z[to] = near.z[i];
      sorted.list.r2[to] = near.r2[i];
    }
  }

private:
  std::vector<unsigned char> shell;
};

/* Squared distance, over the cutoff's, below which two points are at one place. */
constexpr double COINCIDENT = 1e-18;

/* The state of one call: everything that is allocated, and the polyhedron in work. */
class Tessellator
{
public:
  Tessellator(const mlgrain_voronoi_settings &given, const mlgrain_cells &cells,
              const unsigned char *generator)
      : settings(given), kernels(kernels_of_level(given.level)),
        scale(scale_of_cutoff(given.cutoff)), cutoff2(square(given.cutoff * scale)), usual2(cutoff2)
  {
    search.cells = &cells;
    search.generator = generator;
    search.scale = scale;
  }

  /* False if another point is at the same place. */
  bool compute(uint32_t center, int run_count, const mlgrain_run *run,
               mlgrain_voronoi_cell &result);

  /* The other point when compute has returned false. */
  uint32_t coincident_point() const;

private:
  const mlgrain_voronoi_settings &settings;
  const Kernels kernels;
  const double scale, cutoff2;
  double usual2; /* r^2 within which the last few points had all neighbors that matter */

  /* of the point in work */
  voronoi_search search;
  double nearest2 = 0.0;
  Neighbors near;
  Shells shells;
  std::vector<uint32_t> candidate;
  Wall wall[MLGRAIN_VORONOI_MAX_WALLS] = {};
  int wall_count = 0;
  voro::voronoicell polyhedron;

  static double square(double value) { return value * value; }
  void find(double inner2, double outer2);
  void find_walls();
  bool start();
  bool cut(std::size_t direct);
  bool cut_all();
  bool touches_wall() const;
  int faces() const;
};

/* The walls that pass through the cube around the point. */
void Tessellator::find_walls()
{
  const mlgrain_cells &cells = *search.cells;
  const uint32_t center = search.center;
  const double half = 0.5 * settings.cutoff * scale;
  wall_count = 0;
  for (int w = 0; w < settings.wall_count; w++) {
    const double *n = settings.wall[w].normal;
    const double distance = settings.wall[w].offset - n[0] * cells.x[center] -
                            n[1] * cells.y[center] - n[2] * cells.z[center];
    const Wall close = {n[0], n[1], n[2], distance * scale};
    if (close.offset < half * (std::fabs(n[0]) + std::fabs(n[1]) + std::fabs(n[2])))
      wall[wall_count++] = close;
  }
}

/* The cube, cut by walls: those along an axis by making it smaller, others by a plane. False if
   nothing is left. */
bool Tessellator::start()
{
  const double half = 0.5 * settings.cutoff * scale;
  double low[3] = {-half, -half, -half}, high[3] = {half, half, half};
  bool oblique[MLGRAIN_VORONOI_MAX_WALLS] = {};
  for (int w = 0; w < wall_count; w++) {
    const double normal[3] = {wall[w].x, wall[w].y, wall[w].z};
    oblique[w] = true;
    for (int d = 0; d < 3; d++) {
      if (std::fabs(normal[d]) != 1.0)
        continue;
      oblique[w] = false;
      if (normal[d] > 0.0)
        high[d] = std::min(high[d], wall[w].offset);
      else
        low[d] = std::max(low[d], -wall[w].offset);
    }
  }
  if (low[0] >= high[0] || low[1] >= high[1] || low[2] >= high[2])
    return false;
  polyhedron.init(low[0], high[0], low[1], high[1], low[2], high[2]);
  for (int w = 0; w < wall_count; w++)
    if (oblique[w] && !polyhedron.nplane(wall[w].x, wall[w].y, wall[w].z, 2.0 * wall[w].offset, 0))
      return false;
  return true;
}

/* Finds the neighbors at inner2 <= r^2 < outer2. */
void Tessellator::find(double inner2, double outer2)
{
  search.inner2 = inner2;
  search.outer2 = outer2;
  near.reserve(search);
  kernels.gather(&search, &near.list);
  shells.sort(near.list, inner2, outer2);
  for (std::size_t j = 0; j < near.list.count; j++)
    nearest2 = std::min(nearest2, near.list.r2[j]);
}

/* Cuts by the neighbors found, in their order. False if nothing is left of the cell. Voro++ needs
   some 50 ns to see that a plane misses the polyhedron; the filter sees it for all planes at once,
   so the rest goes through it after `direct` cuts, and again after a few more. */
bool Tessellator::cut(std::size_t direct)
{
  enum { BETWEEN_FILTERS = 4 };
  const voronoi_neighbors &list = shells.sorted.list;
  direct = std::min(direct, list.count);
  for (std::size_t j = 0; j < direct; j++)
    if (!polyhedron.nplane(list.x[j], list.y[j], list.z[j], list.r2[j], 0))
      return false;
  candidate.resize(list.count);
  for (std::size_t next = direct; next < list.count;) {
    const std::size_t count =
        kernels.filter(&list, next, list.count, polyhedron.pts, polyhedron.p, candidate.data());
    const std::size_t now = std::min<std::size_t>(count, BETWEEN_FILTERS);
    for (std::size_t c = 0; c < now; c++) {
      const std::size_t j = candidate[c];
      if (!polyhedron.nplane(list.x[j], list.y[j], list.z[j], list.r2[j], 0))
        return false;
    }
    next = now < count ? candidate[now] : list.count;
  }
  return true;
}

/* Cuts by all neighbors that reach the cell: those within the usual distance, then, where the cell
   turns out to be larger, those out to twice its farthest vertex or the cutoff. False if nothing is
   left of the cell. */
bool Tessellator::cut_all()
{
  enum { DIRECT_CUTS = 12 };
  if (!cut(DIRECT_CUTS))
    return false;
  double reach2 = polyhedron.max_radius_squared();
  while (search.outer2 < std::min(reach2, cutoff2)) {
    find(search.outer2, std::min(reach2, cutoff2));
    if (!cut(0))
      return false;
    reach2 = polyhedron.max_radius_squared();
  }
  if (reach2 < cutoff2)
    usual2 = std::min(cutoff2, std::max(1.02 * reach2, 0.95 * usual2));
  return true;
}

/* Whether a vertex lies on a wall. */
bool Tessellator::touches_wall() const
{
  for (int w = 0; w < wall_count; w++)
    for (int i = 0; i < polyhedron.p; i++) {
      const double *v = polyhedron.pts + 3 * i;
      const double height = v[0] * wall[w].x + v[1] * wall[w].y + v[2] * wall[w].z;
      if (height > 2.0 * wall[w].offset - 1e-9)
        return true;
    }
  return false;
}

/* Euler: vertices - edges + faces = 2. */
int Tessellator::faces() const
{
  int ends = 0;
  for (int i = 0; i < polyhedron.p; i++)
    ends += polyhedron.nu[i];
  return 2 + ends / 2 - polyhedron.p;
}

bool Tessellator::compute(uint32_t center, int run_count, const mlgrain_run *run,
                          mlgrain_voronoi_cell &result)
{
  search.center = center;
  search.run_count = run_count;
  search.run = run;
  nearest2 = std::numeric_limits<double>::infinity();
  find(0.0, usual2);
  if (near.list.count == 0)
    find(0.0, cutoff2);
  result.nearest = std::sqrt(nearest2) / scale;
  if (nearest2 < COINCIDENT * cutoff2)
    return false;

  find_walls();
  if (!start() || !cut_all()) {
    result.volume = 0.0;
    result.faces = 0;
    result.bounds = MLGRAIN_VORONOI_WALL;
    return true;
  }
  result.volume = polyhedron.volume() / (scale * scale * scale);
  result.faces = faces();
  if (polyhedron.max_radius_squared() >= cutoff2)
    result.bounds = MLGRAIN_VORONOI_OPEN;
  else
    result.bounds = touches_wall() ? MLGRAIN_VORONOI_WALL : MLGRAIN_VORONOI_CLOSED;
  return true;
}

uint32_t Tessellator::coincident_point() const
{
  const mlgrain_cells &cells = *search.cells;
  uint32_t closest = search.center;
  double closest2 = std::numeric_limits<double>::infinity();
  for (int r = 0; r < search.run_count; r++)
    for (uint32_t j = search.run[r].first; j < search.run[r].last; j++) {
      const double r2 = square(cells.x[j] - cells.x[search.center]) +
                        square(cells.y[j] - cells.y[search.center]) +
                        square(cells.z[j] - cells.z[search.center]);
      const bool counts = !search.generator || search.generator[cells.index[j]];
      if (j != search.center && counts && r2 < closest2) {
        closest = j;
        closest2 = r2;
      }
    }
  return closest;
}

} // namespace

static enum mlgrain_status check(const mlgrain_voronoi_settings *settings,
                                 const mlgrain_cells *cells, mlgrain_error *error)
{
  const double smallest = 1e-100, largest = 1e100; /* their cubes are numbers too */
  if (!(settings->cutoff >= smallest && settings->cutoff <= largest))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "cutoff %g is not within %g to %g",
                        settings->cutoff, smallest, largest);
  if (settings->wall_count < 0 || settings->wall_count > MLGRAIN_VORONOI_MAX_WALLS)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%d walls are not 0 to %d",
                        settings->wall_count, MLGRAIN_VORONOI_MAX_WALLS);
  if (cells->cutoff < settings->cutoff)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "cells made for cutoff %g cannot serve Voronoi cells with cutoff %g",
                        cells->cutoff, settings->cutoff);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status compute_range(Tessellator &tessellator, const mlgrain_cells *cells,
                                         std::size_t first_cell, std::size_t last_cell,
                                         const unsigned char *chosen, bool flag_coincident,
                                         mlgrain_voronoi_cell *result, std::size_t *coincident,
                                         mlgrain_error *error)
{
  for (std::size_t c = first_cell; c < last_cell; c++) {
    if (cells->start[c] == cells->start[c + 1])
      continue;
    mlgrain_run run[MLGRAIN_CELLS_RUNS];
    const int run_count = mlgrain_cells_runs(cells, c, 1, run);
    for (uint32_t i = cells->start[c]; i < cells->start[c + 1]; i++) {
      const std::size_t point = static_cast<std::size_t>(cells->index[i]);
      if (!chosen[point] || tessellator.compute(i, run_count, run, result[point]))
        continue;
      if (flag_coincident) {
        result[point].volume = 0.0;
        result[point].faces = 0;
        result[point].bounds = MLGRAIN_VORONOI_COINCIDENT;
        continue;
      }
      const std::size_t other =
          static_cast<std::size_t>(cells->index[tessellator.coincident_point()]);
      if (coincident) {
        coincident[0] = point;
        coincident[1] = other;
      }
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "points %zu and %zu are at one place",
                          point, other);
    }
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_voronoi_compute(const mlgrain_voronoi_settings *settings,
                                            const mlgrain_cells *cells, std::size_t first_cell,
                                            std::size_t last_cell, const unsigned char *chosen,
                                            const unsigned char *generator,
                                            mlgrain_voronoi_cell *result, std::size_t coincident[2],
                                            mlgrain_error *error)
{
  const enum mlgrain_status status = check(settings, cells, error);
  if (status)
    return status;
  try {
    Tessellator tessellator(*settings, *cells, generator);
    return compute_range(tessellator, cells, first_cell, last_cell, chosen,
                         settings->flag_coincident != 0, result, coincident, error);
  } catch (const std::bad_alloc &) {
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a Voronoi cell");
  }
}
