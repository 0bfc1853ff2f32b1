/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "polycrystal_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace MLGRAIN_NS;

namespace {

constexpr double PI = 3.14159265358979323846;

/* Diameter of the sphere with this volume, of a column that of the circle with the area of its
   cross-section. */
double diameter_of(const mlgrain_box &box, double volume)
{
  if (!box.columns) return std::cbrt(6.0 * volume / PI);
  const auto *along = box.edge[box.columns - 1];
  return std::sqrt(4.0 * volume / std::hypot(along[0], along[1], along[2]) / PI);
}

bool has_surface(const mlgrain_box &box)
{
  return box.bounded[0] || box.bounded[1] || box.bounded[2];
}

double surface_of(const mlgrain_tessellation &cells, size_t grain)
{
  double area = 0.0;
  for (size_t f = cells.first_face[grain]; f < cells.first_face[grain + 1]; f++)
    if (cells.face[f].neighbor == MLGRAIN_SURFACE) area += cells.face[f].area;
  return area;
}

std::string in_digits(double value, int digits)
{
  char text[32];
  snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

/* Adds a space and a number for each. */
void add(std::string &text, const double *value, int count, int digits = 10)
{
  for (int k = 0; k < count; k++) {
    text += ' ';
    text += in_digits(value[k], digits);
  }
}

void add(std::string &text, long long value)
{
  text += ' ';
  text += std::to_string(value);
}

/* A direction of the box in the frame of a crystal: the inverse rotation. Digits that are only
   rounding become 0. */
void to_crystal(const double q[4], const double v[3], double in_crystal[3])
{
  double m[3][3];
  mlgrain_quaternion_matrix(q, m);
  for (int k = 0; k < 3; k++) {
    const double sum = m[0][k] * v[0] + m[1][k] * v[1] + m[2][k] * v[2];
    in_crystal[k] = std::fabs(sum) < 1e-14 ? 0.0 : sum;
  }
}

/* Whether two crystals meet at the face. */
bool is_boundary(size_t grain, const mlgrain_face &face, const std::vector<bool> &faulted)
{
  if (face.neighbor == MLGRAIN_SURFACE) return false;
  const bool ends_column = face.distance == 0.0;
  return !ends_column || faulted[grain];
}

/* Whether the face is the one of its two that is listed. */
bool comes_first(size_t grain, const mlgrain_face &face)
{
  if (face.neighbor != grain) return face.neighbor > grain;
  for (const int shift : face.image)
    if (shift) return shift > 0;
  return false;
}

GrainBoundary boundary_of(const mlgrain_box &box, const std::vector<mlgrain_grain> &grains,
                          size_t grain, const mlgrain_face &face, mlgrain_symmetry symmetry)
{
  GrainBoundary made = {};
  const auto &one = grains[grain], &two = grains[face.neighbor];
  made.grain1 = grain;
  made.grain2 = face.neighbor;
  made.area = face.area;
  made.misorientation = mlgrain_disorientation(symmetry, one.orientation, two.orientation);
  for (int d = 0; d < 3; d++) {
    made.normal[d] = face.normal[d];
    made.center[d] = one.seed[d] + face.center[d];
  }
  to_crystal(one.orientation, face.normal, made.crystal1);
  to_crystal(two.orientation, face.normal, made.crystal2);
  mlgrain_box_wrap(&box, made.center);
  return made;
}

}    // namespace

std::vector<GrainBoundary> MLGRAIN_NS::grain_boundaries(const mlgrain_box &box,
                                                        const std::vector<mlgrain_grain> &grains,
                                                        const mlgrain_tessellation &cells,
                                                        const std::vector<bool> &faulted,
                                                        mlgrain_symmetry symmetry)
{
  double volume = 0.0;
  for (size_t g = 0; g < cells.grains; g++) volume += cells.volume[g];
  const double mean = std::cbrt(volume / (double) cells.grains);
  const double least = 1e-12 * mean * mean;
  std::vector<GrainBoundary> list;
  for (size_t g = 0; g < cells.grains; g++)
    for (size_t f = cells.first_face[g]; f < cells.first_face[g + 1]; f++)
      if (cells.face[f].area > least && is_boundary(g, cells.face[f], faulted) &&
          comes_first(g, cells.face[f]))
        list.push_back(boundary_of(box, grains, g, cells.face[f], symmetry));
  std::stable_sort(list.begin(), list.end(), [](const GrainBoundary &a, const GrainBoundary &b) {
    return a.grain1 != b.grain1 ? a.grain1 < b.grain1 : a.grain2 < b.grain2;
  });
  return list;
}

std::string MLGRAIN_NS::grain_table(const mlgrain_box &box,
                                    const std::vector<mlgrain_grain> &grains,
                                    const mlgrain_tessellation &cells,
                                    const std::vector<long long> &atoms)
{
  std::string text = "# grain x y z qw qx qy qz weight volume diameter faces atoms";
  text += has_surface(box) ? " surface\n" : "\n";
  const int all_digits = 17;
  for (size_t g = 0; g < grains.size(); g++) {
    const double sizes[] = {cells.volume[g], diameter_of(box, cells.volume[g])};
    const double surface = surface_of(cells, g);
    text += std::to_string(g + 1);
    add(text, grains[g].seed, 3, all_digits);
    add(text, grains[g].orientation, 4, all_digits);
    add(text, &grains[g].weight, 1, all_digits);
    add(text, sizes, 2);
    add(text, (long long) (cells.first_face[g + 1] - cells.first_face[g]));
    add(text, atoms[g]);
    if (has_surface(box)) add(text, &surface, 1);
    text += '\n';
  }
  return text;
}

void MLGRAIN_NS::measure_boundaries(const BoundaryMeter &meter,
                                    const std::vector<mlgrain_grain> &grains,
                                    std::vector<GrainBoundary> &boundaries)
{
  for (auto &b : boundaries)
    b.measures =
        meter.measure(grains[b.grain1].orientation, grains[b.grain2].orientation, b.normal);
}

std::string MLGRAIN_NS::boundary_table(const std::vector<GrainBoundary> &boundaries,
                                       bool with_energy)
{
  std::string text = "# boundary grain1 grain2 area angle ax ay az nx ny nz "
                     "n1x n1y n1z n2x n2y n2z x y z inclination twist tilt kind sigma deviation "
                     "q0 q1 q2 q3 h k l planedeviation";
  text += with_energy ? " energy\n" : "\n";
  for (size_t k = 0; k < boundaries.size(); k++) {
    const auto &b = boundaries[k];
    const auto &geometry = b.measures.geometry;
    text += std::to_string(k + 1);
    add(text, (long long) b.grain1 + 1);
    add(text, (long long) b.grain2 + 1);
    add(text, &b.area, 1);
    add(text, &b.misorientation.angle, 1);
    add(text, b.misorientation.axis, 3);
    add(text, b.normal, 3);
    add(text, b.crystal1, 3);
    add(text, b.crystal2, 3);
    add(text, b.center, 3);
    const double angles[] = {geometry.inclination, geometry.twist, geometry.tilt};
    add(text, angles, 3, 6);
    add(text, (long long) b.measures.kind);
    add(text, (long long) geometry.sigma);
    add(text, &geometry.deviation, 1, 6);
    for (const auto number : b.measures.number) add(text, (long long) number);
    add(text, &geometry.plane_deviation, 1, 6);
    if (with_energy) add(text, &b.measures.energy, 1, 6);
    text += '\n';
  }
  return text;
}

std::string MLGRAIN_NS::grain_summary(const mlgrain_box &box, const mlgrain_tessellation &cells,
                                      const std::vector<GrainBoundary> &boundaries)
{
  double volume = 0.0, surface = 0.0, sum = 0.0, square = 0.0, low = INFINITY, high = 0.0;
  for (size_t g = 0; g < cells.grains; g++) {
    const double diameter = diameter_of(box, cells.volume[g]);
    surface += surface_of(cells, g);
    volume += cells.volume[g];
    sum += diameter;
    square += diameter * diameter;
    low = std::min(low, diameter);
    high = std::max(high, diameter);
  }
  const double mean = sum / (double) cells.grains;
  const double deviation = std::sqrt(std::max(0.0, square / (double) cells.grains - mean * mean));
  double area = 0.0, angle = 0.0;
  for (const auto &b : boundaries) {
    area += b.area;
    angle += b.area * b.misorientation.angle;
  }
  std::string text = "  grain diameter: mean " + in_digits(mean, 6);
  text += ", standard deviation " + in_digits(deviation, 6);
  text += ", smallest " + in_digits(low, 6);
  text += ", largest " + in_digits(high, 6);
  text += "\n  " + std::to_string(boundaries.size());
  text += " grain boundaries: area " + in_digits(area, 6);
  text += ", area per volume " + in_digits(area / volume, 6);
  text += ", mean misorientation by area " + in_digits(area > 0.0 ? angle / area : 0.0, 4);
  text += " degrees\n";
  if (has_surface(box)) text += "  surface: area " + in_digits(surface, 6) + '\n';
  return text;
}

std::string MLGRAIN_NS::boundary_summary(const std::vector<GrainBoundary> &boundaries,
                                         bool with_energy)
{
  double area = 0.0, low_angle = 0.0, twins = 0.0, others = 0.0, energy = 0.0;
  for (const auto &b : boundaries) {
    const auto sigma = b.measures.geometry.sigma;
    area += b.area;
    energy += b.area * b.measures.energy;
    (sigma == 1 ? low_angle : sigma == 3 ? twins : others) += sigma ? b.area : 0.0;
  }
  if (!(area > 0.0)) return "";
  std::string text = "  parts of their area: low angle " + in_digits(low_angle / area, 3);
  text += ", Sigma 3 " + in_digits(twins / area, 3);
  text += ", other coincidences to Sigma " + std::to_string(MOST_SIGMA) + " ";
  text += in_digits(others / area, 3) + '\n';
  if (with_energy)
    text += "  mean energy by area, estimated: " + in_digits(energy / area, 4) + " J/m^2\n";
  return text;
}
