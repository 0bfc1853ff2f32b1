/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voronoi cells beside those of Voro++, which is given all neighbors within the cutoff of each
   point: volumes, areas and normals of the faces of each neighbor.

     voronoi_peer [cells of most kinds, default 10000] [seed, default 1] [kind, default all]

   Points are at random; crystals at rest and with displacements of all sizes, turned; clustered on
   lengths of many orders; few, so that cells are open; between walls; on the nodes of a grid, and
   on spheres around one of them, where very many planes meet in one point. Where both differ by
   more than 1e-10 (of the volume, or of the sum of areas), cells clipped in the plainest way, in
   long double, decide. Fails if our volume is off by more than 1e-10 of it, and by more than a
   shift of all faces by 1e-14 cutoffs makes: thin cells, and needles, can't have more digits than
   the directions of their planes. */
#include <cell.hh>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "mlgrain/voronoi.h"

extern "C" {
#include "voronoi_reference.h"
}

namespace
{

constexpr double LIMIT = 1e-10;

using Vector = std::array<double, 3>;

struct Points {
  std::vector<Vector> x;
  double cutoff = 1.0;
  std::vector<mlgrain_voronoi_wall> walls;
  std::size_t chosen = 0; /* the first so many; 0: all */
};

using Random = std::mt19937_64;

double uniform(Random &random)
{
  return std::uniform_real_distribution<double>(0.0, 1.0)(random);
}

double normal(Random &random)
{
  return std::normal_distribution<double>()(random);
}

double log_uniform(Random &random, double low, double high)
{
  return low * std::pow(high / low, uniform(random));
}

Vector anywhere(Random &random)
{
  return {uniform(random), uniform(random), uniform(random)};
}

/* ---- kinds of points ----------------------------------------------------------------------- */

Points at_random(Random &random)
{
  Points points;
  for (int i = 0; i < 200; i++)
    points.x.push_back(anywhere(random));
  points.cutoff = 1.2;
  return points;
}

Points open(Random &random)
{
  Points points;
  const int count = 1 + static_cast<int>(40 * uniform(random));
  for (int i = 0; i < count; i++)
    points.x.push_back(anywhere(random));
  points.cutoff = log_uniform(random, 0.1, 2.0);
  return points;
}

Points clustered(Random &random)
{
  Points points;
  for (int c = 0; c < 6; c++) {
    const Vector middle = anywhere(random);
    const double width = log_uniform(random, 1e-5, 1.0);
    for (int i = 0; i < 25; i++)
      points.x.push_back({middle[0] + width * normal(random), middle[1] + width * normal(random),
                          middle[2] + width * normal(random)});
  }
  points.cutoff = 1.0;
  return points;
}

Points between_walls(Random &random)
{
  Points points;
  for (int i = 0; i < 60; i++)
    points.x.push_back(anywhere(random));
  points.cutoff = log_uniform(random, 0.5, 2.0);
  const int count = 1 + static_cast<int>(6 * uniform(random));
  for (int w = 0; w < count; w++) {
    Vector n = {normal(random), normal(random), normal(random)};
    if (uniform(random) < 0.5) {
      n = {0.0, 0.0, 0.0};
      n[static_cast<std::size_t>(3 * uniform(random))] = uniform(random) < 0.5 ? -1.0 : 1.0;
    }
    const double length = std::hypot(n[0], n[1], n[2]);
    for (double &component : n)
      component /= length;
    /* at most a fifth of the box is beyond */
    const double most = std::max(0.0, n[0]) + std::max(0.0, n[1]) + std::max(0.0, n[2]);
    points.walls.push_back({{n[0], n[1], n[2]}, most - 0.2 * uniform(random)});
  }
  return points;
}

/* Fractions of the edges of a unit cell. */
struct Lattice {
  Vector edge;
  std::vector<Vector> basis;
};

const std::vector<Lattice> &lattices()
{
  static const std::vector<Lattice> all = {
      {{1, 1, 1}, {{0, 0, 0}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}}},
      {{1, 1, 1}, {{0, 0, 0}, {.5, .5, .5}}},
      {{1, std::sqrt(3.0), std::sqrt(8.0 / 3.0)},
       {{0, 0, 0}, {.5, .5, 0}, {.5, 5. / 6., .5}, {0, 1. / 3., .5}}},
      {{1, 1, 1},
       {{0, 0, 0},
        {0, .5, .5},
        {.5, 0, .5},
        {.5, .5, 0},
        {.25, .25, .25},
        {.25, .75, .75},
        {.75, .25, .75},
        {.75, .75, .25}}},
      {{1, 1, 1}, {{0, 0, 0}}},
      /* honeycombs above each other: six cells meet along lines */
      {{1, std::sqrt(3.0), 1}, {{0, 0, 0}, {0, 1. / 3., 0}, {.5, .5, 0}, {.5, 5. / 6., 0}}}};
  return all;
}

/* The first atoms are those whose neighborhood is complete. */
Points crystal(Random &random, const Lattice &lattice, double displacement)
{
  const double angle = uniform(random) < 0.3 ? 0.0 : 6.3 * uniform(random);
  Vector axis = {normal(random), normal(random), normal(random)};
  const double length = std::hypot(axis[0], axis[1], axis[2]);
  for (double &component : axis)
    component /= length;
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const Vector origin = {50.0 * uniform(random), 50.0 * uniform(random), 50.0 * uniform(random)};
  Points points, outer;
  for (int i = -3; i <= 3; i++)
    for (int j = -3; j <= 3; j++)
      for (int k = -3; k <= 3; k++)
        for (const Vector &b : lattice.basis) {
          const Vector r = {lattice.edge[0] * (i + b[0]), lattice.edge[1] * (j + b[1]),
                            lattice.edge[2] * (k + b[2])};
          const double along = axis[0] * r[0] + axis[1] * r[1] + axis[2] * r[2];
          Vector x;
          for (std::size_t d = 0; d < 3; d++)
            x[d] =
                origin[d] + cosine * r[d] + (1 - cosine) * along * axis[d] +
                sine * (axis[(d + 1) % 3] * r[(d + 2) % 3] - axis[(d + 2) % 3] * r[(d + 1) % 3]) +
                displacement * normal(random);
          const bool inner = std::max({std::abs(i), std::abs(j), std::abs(k)}) <= 1;
          (inner ? points : outer).x.push_back(x);
        }
  points.chosen = points.x.size();
  points.x.insert(points.x.end(), outer.x.begin(), outer.x.end());
  points.cutoff = 1.8;
  return points;
}

Points crystal_at_rest(Random &random)
{
  const auto which = static_cast<std::size_t>(6 * uniform(random));
  return crystal(random, lattices()[which], 0.0);
}

Points crystal_displaced(Random &random)
{
  const auto which = static_cast<std::size_t>(6 * uniform(random));
  return crystal(random, lattices()[which], log_uniform(random, 1e-16, 0.1));
}

/* Nodes of a grid, some of them empty, of any scale. */
Points on_grid(Random &random)
{
  Points points;
  const double step = log_uniform(random, 0.01, 100.0), filled = uniform(random);
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++)
      for (int k = 0; k < 6; k++)
        if (uniform(random) < filled)
          points.x.push_back({step * i, step * j, step * k});
  points.x.push_back({step * 7, step * 7, step * 7});
  points.cutoff = 3.3 * step;
  return points;
}

/* The cell of a point in the middle of a sphere with up to 400 others on it, or nearly so. */
Points on_sphere(Random &random)
{
  Points points;
  points.x.push_back({0.0, 0.0, 0.0});
  const int count = 4 + static_cast<int>(400 * uniform(random));
  const double thickness = log_uniform(random, 1e-17, 0.1);
  for (int i = 0; i < count; i++) {
    const Vector r = {normal(random), normal(random), normal(random)};
    const double scale = (1.0 + thickness * normal(random)) / std::hypot(r[0], r[1], r[2]);
    points.x.push_back({scale * r[0], scale * r[1], scale * r[2]});
  }
  points.chosen = 1;
  points.cutoff = 4.0;
  return points;
}

/* ---- cells --------------------------------------------------------------------------------- */

struct Face {
  double area = 0.0;
  Vector normal = {0.0, 0.0, 0.0};
};

struct Cell {
  double volume = 0.0;
  std::map<std::int64_t, Face> face; /* those of the cube are one */
};

enum mlgrain_status keep(void *context, const mlgrain_voronoi_polyhedron *polyhedron)
{
  Cell &cell = (*static_cast<std::vector<Cell> *>(context))[polyhedron->point];
  cell.volume = polyhedron->cell.volume;
  for (int f = 0; f < polyhedron->cell.faces; f++) {
    const mlgrain_voronoi_face &face = polyhedron->face[f];
    Face &kept = cell.face[face.neighbor];
    kept.area += face.area;
    for (std::size_t d = 0; d < 3; d++)
      kept.normal[d] = face.area_vector[d] / face.area;
  }
  return MLGRAIN_SUCCESS;
}

std::vector<Cell> our_cells(const Points &points, enum mlgrain_simd_level level)
{
  std::vector<Cell> all(points.x.size());
  std::vector<unsigned char> chosen(points.x.size(), 0);
  std::fill_n(chosen.begin(), points.chosen ? points.chosen : chosen.size(), 1);
  mlgrain_voronoi_settings settings = {};
  settings.cutoff = points.cutoff;
  settings.level = level;
  for (const auto &wall : points.walls)
    settings.wall[settings.wall_count++] = wall;
  mlgrain_cells *cells;
  mlgrain_error error = {""};
  const auto *x = reinterpret_cast<const double(*)[3]>(points.x.data());
  if (mlgrain_cells_create(points.x.size(), x, points.cutoff, &cells, nullptr, &error) ||
      mlgrain_voronoi_visit(&settings, cells, 0, mlgrain_cells_count(cells), chosen.data(), nullptr,
                            keep, &all, nullptr, &error)) {
    std::fprintf(stderr, "%s\n", error.text);
    std::exit(EXIT_FAILURE);
  }
  mlgrain_cells_free(cells);
  return all;
}

/* In Voro++, vertices are kept doubled, and tolerances are meant for lengths of the order of 1. */
Cell voro_cell(const Points &points, std::size_t center)
{
  int exponent;
  std::frexp(points.cutoff, &exponent);
  const double scale = std::ldexp(1.0, 3 - exponent), half = 0.5 * points.cutoff * scale;
  struct Neighbor {
    double r2;
    Vector d;
    int index;
  };
  std::vector<Neighbor> near;
  for (std::size_t j = 0; j < points.x.size(); j++) {
    Neighbor other = {0.0, {}, static_cast<int>(j)};
    for (std::size_t d = 0; d < 3; d++) {
      other.d[d] = (points.x[j][d] - points.x[center][d]) * scale;
      other.r2 += other.d[d] * other.d[d];
    }
    if (j != center && other.r2 < 4.0 * half * half)
      near.push_back(other);
  }
  std::sort(near.begin(), near.end(),
            [](const Neighbor &a, const Neighbor &b) { return a.r2 < b.r2; });
  voro::voronoicell_neighbor cell;
  cell.init(-half, half, -half, half, -half, half);
  bool exists = true;
  for (std::size_t w = 0; exists && w < points.walls.size(); w++) {
    const double *n = points.walls[w].normal;
    const Vector &x = points.x[center];
    const double distance =
        (points.walls[w].offset - n[0] * x[0] - n[1] * x[1] - n[2] * x[2]) * scale;
    exists = cell.nplane(n[0], n[1], n[2], 2.0 * distance, -11 - static_cast<int>(w));
  }
  for (const Neighbor &other : near)
    if (exists && other.r2 < cell.max_radius_squared())
      exists = cell.nplane(other.d[0], other.d[1], other.d[2], other.r2, other.index);
  Cell result;
  if (!exists)
    return result;
  result.volume = cell.volume() / (scale * scale * scale);
  std::vector<int> neighbors;
  std::vector<double> areas;
  cell.neighbors(neighbors);
  cell.face_areas(areas);
  for (std::size_t f = 0; f < neighbors.size(); f++) {
    const int n = neighbors[f];
    const std::int64_t id = n >= 0 ? n : n > -11 ? MLGRAIN_VORONOI_CUBE_FACE : n + 10;
    result.face[id].area += areas[f] / (scale * scale);
  }
  return result;
}

/* ---- comparison ---------------------------------------------------------------------------- */

struct Difference {
  double volume = 0.0, area = 0.0, normal = 0.0;
  void include(const Difference &other)
  {
    volume = std::max(volume, other.volume);
    area = std::max(area, other.area);
    normal = std::max(normal, other.normal);
  }
};

/* Normals are compared with the direction of the neighbor, weighted by area. */
Difference compare(const Points &points, std::size_t center, const Cell &ours, const Cell &theirs)
{
  Difference result;
  if (ours.volume == 0.0 && theirs.volume == 0.0)
    return result;
  double sum = 0.0;
  for (const auto &face : theirs.face)
    sum += face.second.area;
  result.volume = std::fabs(ours.volume - theirs.volume) / theirs.volume;
  for (const auto &[id, face] : ours.face) {
    const auto other = theirs.face.find(id);
    const double area = other == theirs.face.end() ? 0.0 : other->second.area;
    result.area = std::max(result.area, std::fabs(face.area - area) / sum);
    if (id == MLGRAIN_VORONOI_CUBE_FACE)
      continue;
    Vector direction;
    for (std::size_t d = 0; d < 3; d++)
      direction[d] = id >= 0 ? points.x[static_cast<std::size_t>(id)][d] - points.x[center][d]
                             : points.walls[static_cast<std::size_t>(-1 - id)].normal[d];
    const double length = std::hypot(direction[0], direction[1], direction[2]);
    for (std::size_t d = 0; d < 3; d++)
      result.normal = std::max(result.normal,
                               std::fabs(face.normal[d] - direction[d] / length) * face.area / sum);
  }
  for (const auto &[id, face] : theirs.face)
    if (!ours.face.count(id))
      result.area = std::max(result.area, face.area / sum);
  return result;
}

/* Error of our volume, by the plainest cell. */
double error_of(const Points &points, std::size_t center, const Cell &ours)
{
  std::vector<std::array<double, 4>> plane;
  for (const auto &wall : points.walls)
    plane.push_back({wall.normal[0], wall.normal[1], wall.normal[2], wall.offset});
  const auto plain = voronoi_reference(
      points.x.size(), reinterpret_cast<const double(*)[3]>(points.x.data()), center, points.cutoff,
      static_cast<int>(plane.size()), reinterpret_cast<const double(*)[4]>(plane.data()), nullptr);
  return std::fabs(ours.volume - plain.volume);
}

struct Kind {
  const char *name;
  Points (*make)(Random &);
  long fewer; /* what the number of cells is divided by */
};

/* Whether all cells of the kind are right. */
bool compare_kind(const Kind &kind, long wanted, Random &random)
{
  const auto levels = static_cast<unsigned>(mlgrain_simd_best()) + 1;
  Difference most;
  long cells = 0, faces = 0, beyond = 0, wrong = 0;
  for (unsigned batch = 0; cells < wanted; batch++) {
    const Points points = kind.make(random);
    const auto ours = our_cells(points, static_cast<mlgrain_simd_level>(batch % levels));
    const std::size_t count = points.chosen ? points.chosen : points.x.size();
    for (std::size_t i = 0; i < count; i++, cells++) {
      const Difference difference = compare(points, i, ours[i], voro_cell(points, i));
      faces += static_cast<long>(ours[i].face.size());
      if (difference.volume <= LIMIT && difference.area <= LIMIT && difference.normal <= LIMIT) {
        most.include(difference);
        continue;
      }
      beyond++;
      const double error = error_of(points, i, ours[i]);
      double surface = 0.0;
      for (const auto &face : ours[i].face)
        surface += face.second.area;
      const double rounding = 1e-14 * points.cutoff * surface;
      if (error <= std::max(LIMIT * ours[i].volume, rounding) && difference.normal <= LIMIT)
        continue;
      wrong++;
      std::fprintf(stderr,
                   "%s: batch %u, point %zu of %zu, volume %g: off by %g; beside Voro++ by %g, "
                   "areas by %g, normals by %g\n",
                   kind.name, batch, i, points.x.size(), ours[i].volume, error, difference.volume,
                   difference.area, difference.normal);
    }
  }
  std::printf("| %s | %ld | %.2f | %.1e | %.1e | %.1e | %ld | %ld |\n", kind.name, cells,
              static_cast<double>(faces) / static_cast<double>(cells), most.volume, most.area,
              most.normal, beyond, wrong);
  std::fflush(stdout);
  return wrong == 0;
}

} // namespace

int main(int argc, char **argv)
{
  const long wanted = argc > 1 ? std::atol(argv[1]) : 10000;
  const auto seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  static const Kind kinds[] = {{"at random", at_random, 1},
                               {"open", open, 1},
                               {"clustered", clustered, 1},
                               {"between walls", between_walls, 1},
                               {"crystals at rest", crystal_at_rest, 1},
                               {"crystals, displaced", crystal_displaced, 1},
                               {"on a grid", on_grid, 1},
                               {"on a sphere", on_sphere, 50}};
  std::printf("| points | cells | faces | volume | areas | normals | beyond %g | ours wrong |\n"
              "|---|--:|--:|--:|--:|--:|--:|--:|\n",
              LIMIT);
  bool right = true;
  for (const Kind &kind : kinds)
    if (argc <= 3 || kind.name == std::string(argv[3])) {
      Random random(seed);
      right &= compare_kind(kind, wanted / kind.fewer, random);
    }
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
