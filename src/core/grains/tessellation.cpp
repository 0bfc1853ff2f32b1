/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells of grains in a box, each cut out of a cube by the faces of the box that end it, then by the
   planes between its seed and those around it, in rings of bins until no farther seed can reach the
   cell. The plane of a seed at d with the weight w' is x . d = (|d|^2 + w - w') / 2; Voro++ keeps
   vertices doubled, so that the plane is v . d = |d|^2 + w - w'. */
#include "mlgrain/tessellation.h"

#include <cell.hh>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

extern "C" {
#include "base/error_text.h"
#include "base/vector3.h"
#include "seed_grid.h"
}

namespace
{

/* A plane that may bound the cell in work. */
struct Candidate {
  std::size_t neighbor;
  int image[3];
  double to[3];
  double normal[3]; /* of any length: from seed to seed, in a box of columns across them */
  double distance;  /* of the seeds along it; 0 for a face of the box */
  double plane;     /* twice normal . x on it */
};

/* Voro++ takes points within 1e-11 of a plane to lie on it, whatever the unit of length. A power of
   two brings cells to the size it was made for without changing a digit. */
double scale_of(double volume, std::size_t n)
{
  int exponent;
  std::frexp(std::cbrt(volume / static_cast<double>(n)), &exponent);
  return std::ldexp(1.0, 3 - exponent);
}

class Tessellator
{
public:
  Tessellator(const mlgrain_box &given, std::size_t n, const mlgrain_grain *grains)
      : box(given), count(n), grain(grains)
  {
    volume = std::fabs(dual3(box.edge, dual));
    scale = scale_of(volume, n);
    for (int k = 0; k < 3; k++)
      widest += (box_is_closed(&box, k) ? 1.0 : 0.5) * norm3(box.edge[k]);
    for (std::size_t g = 0; g < n; g++)
      heaviest = std::fmax(heaviest, grain[g].weight);
  }
  ~Tessellator() { seed_grid_free(&grid); }
  Tessellator(const Tessellator &) = delete;
  Tessellator &operator=(const Tessellator &) = delete;

  mlgrain_status prepare(mlgrain_error *error);

  mlgrain_status cut(std::size_t index, mlgrain_error *error);

  /* Adds the cell that was cut. */
  void append();
  mlgrain_status finish(mlgrain_tessellation &result, mlgrain_error *error) const;

private:
  const mlgrain_box &box;
  const std::size_t count;
  const mlgrain_grain *grain;
  double dual[3][3] = {}, volume = 0.0, scale = 1.0;
  double widest = 0.0; /* no point is farther from the nearest image of a seed */
  double heaviest = -INFINITY;
  seed_grid grid = {};

  /* of the cell in work */
  std::size_t center = 0;
  uint32_t coincident = 0; /* a seed at the same place, or the center itself */
  bool exists = false;
  double reach = 0.0; /* of its farthest vertex, in a box of columns across them */
  std::vector<Candidate> candidate;
  voro::voronoicell_neighbor polyhedron;
  std::vector<int> neighbors, corners;
  std::vector<double> points;

  /* of all cells */
  std::vector<double> volumes;
  std::vector<double> centroids, vertices;
  std::vector<std::size_t> first_face, first_vertex;
  std::vector<mlgrain_face> faces;

  void fraction_of(std::size_t index, double fraction[3]) const;
  bool cut_by(const Candidate &plane);
  void cut_by_box_face(int k, int side);
  static int visit(void *context, uint32_t seed, const int image[3]);
  bool meet(uint32_t seed, const int image[3]);
  void find_reach();
  mlgrain_face face_of(const Candidate &behind, const int *corner, int corner_count) const;
};

void Tessellator::fraction_of(std::size_t index, double fraction[3]) const
{
  double from_low[3];
  for (int d = 0; d < 3; d++)
    from_low[d] = grain[index].seed[d] - box.low[d];
  apply3(dual, from_low, fraction);
  for (int d = 0; d < 3; d++)
    fraction[d] = std::fmin(std::fmax(fraction[d], 0.0), 1.0);
}

mlgrain_status Tessellator::prepare(mlgrain_error *error)
{
  if (box.columns < 0 || box.columns > 3)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "a box has no edge %d", box.columns);
  if (!std::isfinite(volume) || !(volume > 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the box has no volume");
  for (std::size_t g = 0; g < count; g++)
    for (int d = 0; d < 3; d++)
      if (!std::isfinite(grain[g].seed[d]) || !std::isfinite(grain[g].weight))
        return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                            "grain %zu has a seed or a weight that is not finite", g + 1);
  for (std::size_t g = 0; g < count; g++)
    if (!mlgrain_box_holds(&box, grain[g].seed))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "the seed of grain %zu is outside the box, which is not periodic there",
                          g + 1);
  const mlgrain_status status = seed_grid_create(&grid, &box, count, error);
  if (status)
    return status;
  for (std::size_t g = 0; g < count; g++) {
    double fraction[3];
    fraction_of(g, fraction);
    seed_grid_insert(&grid, static_cast<uint32_t>(g), fraction);
  }
  first_face.push_back(0);
  first_vertex.push_back(0);
  return MLGRAIN_SUCCESS;
}

int Tessellator::visit(void *context, uint32_t seed, const int image[3])
{
  return static_cast<Tessellator *>(context)->meet(seed, image) ? 1 : 0;
}

void Tessellator::find_reach()
{
  if (!box.columns) {
    reach = 0.5 * std::sqrt(polyhedron.max_radius_squared()) / scale;
    return;
  }
  polyhedron.vertices(points);
  reach = 0.0;
  for (std::size_t v = 0; v < points.size(); v += 3) {
    box_across(&box, &points[v]);
    reach = std::fmax(reach, norm3(&points[v]) / scale);
  }
}

/* False if nothing is left of the cell. */
bool Tessellator::cut_by(const Candidate &plane)
{
  const int id = static_cast<int>(candidate.size());
  candidate.push_back(plane);
  return polyhedron.nplane(plane.normal[0] * scale, plane.normal[1] * scale,
                           plane.normal[2] * scale, plane.plane * scale * scale, id);
}

/* The face of the box at the low (-1) or high (1) end of edge k. */
void Tessellator::cut_by_box_face(int k, int side)
{
  const double height = 1.0 / norm3(dual[k]);
  double to_face = 0.0;
  for (int d = 0; d < 3; d++)
    to_face += dual[k][d] * (grain[center].seed[d] - box.low[d]);
  to_face = height * (side < 0 ? to_face : 1.0 - to_face);
  Candidate face = {};
  face.neighbor = box.bounded[k] ? MLGRAIN_SURFACE : center;
  face.image[k] = side;
  const double length = 8.0 / scale; /* about that between seeds, as Voro++'s tolerance is for */
  for (int d = 0; d < 3; d++) {
    face.to[d] = box.bounded[k] ? 0.0 : side * box.edge[k][d];
    face.normal[d] = side * dual[k][d] * height * length;
  }
  face.plane = 2.0 * length * to_face;
  cut_by(face);
}

/* Cuts by the plane of one seed. False if that ends the search. */
bool Tessellator::meet(uint32_t seed, const int image[3])
{
  if (seed == center && image[0] == 0 && image[1] == 0 && image[2] == 0)
    return true;
  Candidate other = {seed, {image[0], image[1], image[2]}, {}, {}, 0.0, 0.0};
  const double shift[3] = {double(image[0]), double(image[1]), double(image[2])};
  combine3(box.edge, shift, other.to);
  for (int d = 0; d < 3; d++)
    other.normal[d] = other.to[d] += grain[seed].seed[d] - grain[center].seed[d];
  box_across(&box, other.normal);
  const double square = dot3(other.normal, other.normal);
  other.distance = std::sqrt(square);
  if (other.distance * scale < 1e-9) {
    coincident = seed;
    return false;
  }
  other.plane = square + (grain[center].weight - grain[seed].weight);
  if (other.plane >= 2.0 * reach * other.distance)
    return true;
  exists = cut_by(other);
  return exists;
}

mlgrain_status Tessellator::cut(std::size_t index, mlgrain_error *error)
{
  enum { MOST_RINGS = 200 }; /* a fraction of a second of search */
  center = index;
  candidate.clear();
  coincident = static_cast<uint32_t>(index);
  /* No point is farther than `widest` from the heaviest grain's nearest seed. */
  const double lack = heaviest - grain[index].weight;
  exists = lack <= widest * widest;
  const double half = widest * scale * 1.001;
  polyhedron.init(-half, half, -half, half, -half, half);
  for (int k = 0; k < 3; k++)
    for (int side = -1; box_is_closed(&box, k) && side <= 1; side += 2)
      cut_by_box_face(k, side);
  find_reach();
  double fraction[3];
  int bin[3];
  fraction_of(index, fraction);
  seed_grid_bin(&grid, fraction, bin);
  /* The plane of a seed at the distance d is at least d/2 - lack/2d away. */
  for (int ring = 0; exists; ring++) {
    const double distance = seed_grid_distance(&grid, ring);
    if (ring > 1 && distance - lack / distance >= 2.0 * reach)
      break;
    if (ring > MOST_RINGS)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "the box is too thin for its length, with %zu grains", count);
    if (!seed_grid_visit(&grid, bin, ring, visit, this))
      break;
    find_reach();
  }
  if (coincident != index)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the seeds of grains %zu and %zu coincide",
                        index + 1, static_cast<std::size_t>(coincident) + 1);
  return MLGRAIN_SUCCESS;
}

/* Area and centroid of a face, from triangles around its first corner. */
mlgrain_face Tessellator::face_of(const Candidate &behind, const int *corner,
                                  int corner_count) const
{
  mlgrain_face face = {};
  face.neighbor = behind.neighbor;
  face.distance = behind.distance;
  const double length = behind.distance > 0.0 ? behind.distance : norm3(behind.normal);
  for (int d = 0; d < 3; d++) {
    face.image[d] = behind.image[d];
    face.to[d] = behind.to[d];
    face.normal[d] = behind.normal[d] / length;
  }
  face.offset = 0.5 * behind.plane / length;
  const double *a = &points[3 * corner[0]];
  for (int k = 1; k + 1 < corner_count; k++) {
    const double *b = &points[3 * corner[k]], *c = &points[3 * corner[k + 1]];
    const double ab[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]};
    const double ac[3] = {c[0] - a[0], c[1] - a[1], c[2] - a[2]};
    double twice[3];
    cross3(ab, ac, twice);
    const double area = 0.5 * std::fabs(dot3(twice, face.normal));
    face.area += area;
    for (int d = 0; d < 3; d++)
      face.center[d] += area * (a[d] + b[d] + c[d]) / 3.0;
  }
  for (int d = 0; d < 3; d++)
    face.center[d] = face.area > 0.0 ? face.center[d] / face.area : a[d];
  return face;
}

void Tessellator::append()
{
  double middle[3] = {};
  volumes.push_back(exists ? polyhedron.volume() / (scale * scale * scale) : 0.0);
  if (exists) {
    polyhedron.centroid(middle[0], middle[1], middle[2]);
    polyhedron.vertices(points);
    for (double &value : points)
      value /= scale;
    vertices.insert(vertices.end(), points.begin(), points.end());
    polyhedron.neighbors(neighbors);
    polyhedron.face_vertices(corners);
    for (std::size_t f = 0, at = 0; f < neighbors.size(); f++) {
      const int corner_count = corners[at];
      faces.push_back(face_of(candidate[neighbors[f]], &corners[at + 1], corner_count));
      at += static_cast<std::size_t>(corner_count) + 1;
    }
  }
  for (const double value : middle)
    centroids.push_back(value / scale);
  first_face.push_back(faces.size());
  first_vertex.push_back(vertices.size() / 3);
}

/* A copy for the C side, at least one element long. */
template <class T> bool copy(const std::vector<T> &from, void **to)
{
  *to = std::malloc((from.size() + 1) * sizeof(T));
  if (*to && !from.empty())
    std::memcpy(*to, from.data(), from.size() * sizeof(T));
  return *to != nullptr;
}

mlgrain_status Tessellator::finish(mlgrain_tessellation &result, mlgrain_error *error) const
{
  void *part[6] = {};
  const bool done = copy(volumes, &part[0]) && copy(centroids, &part[1]) &&
                    copy(first_face, &part[2]) && copy(faces, &part[3]) &&
                    copy(first_vertex, &part[4]) && copy(vertices, &part[5]);
  result.grains = count;
  result.volume = static_cast<double *>(part[0]);
  result.centroid = static_cast<double(*)[3]>(part[1]);
  result.first_face = static_cast<std::size_t *>(part[2]);
  result.face = static_cast<mlgrain_face *>(part[3]);
  result.first_vertex = static_cast<std::size_t *>(part[4]);
  result.vertex = static_cast<double(*)[3]>(part[5]);
  return done ? MLGRAIN_SUCCESS
              : mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu grains", count);
}

mlgrain_status make(const mlgrain_box &box, std::size_t n, const mlgrain_grain *grain,
                    mlgrain_tessellation &result, mlgrain_error *error)
{
  Tessellator tessellator(box, n, grain);
  mlgrain_status status = tessellator.prepare(error);
  if (status)
    return status;
  for (std::size_t g = 0; g < n; g++) {
    status = tessellator.cut(g, error);
    if (status)
      return status;
    tessellator.append();
  }
  return tessellator.finish(result, error);
}

} // namespace

enum mlgrain_status mlgrain_tessellation_create(const mlgrain_box *box, std::size_t n,
                                                const mlgrain_grain *grain,
                                                mlgrain_tessellation **tessellation,
                                                mlgrain_error *error)
{
  *tessellation = nullptr;
  if (n == 0 || n >= INT32_MAX)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%zu grains are not 1 to 2^31 - 2", n);
  auto *made = static_cast<mlgrain_tessellation *>(std::calloc(1, sizeof(mlgrain_tessellation)));
  mlgrain_status status = MLGRAIN_OUT_OF_MEMORY;
  try {
    if (made)
      status = make(*box, n, grain, *made, error);
  } catch (const std::bad_alloc &) {
    status = MLGRAIN_OUT_OF_MEMORY;
  }
  if (status == MLGRAIN_OUT_OF_MEMORY)
    mlgrain_fail(error, status, "out of memory for the cells of %zu grains", n);
  if (status)
    mlgrain_tessellation_free(made);
  else
    *tessellation = made;
  return status;
}

void mlgrain_tessellation_free(mlgrain_tessellation *tessellation)
{
  if (!tessellation)
    return;
  std::free(tessellation->volume);
  std::free(tessellation->centroid);
  std::free(tessellation->first_face);
  std::free(tessellation->face);
  std::free(tessellation->first_vertex);
  std::free(tessellation->vertex);
  std::free(tessellation);
}
