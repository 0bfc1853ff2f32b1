/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grain_tables.h"

#include "lattice.h"

#include <cmath>
#include <cstdio>

using namespace MLGRAIN_NS;
using LAMMPS_NS::Lattice;

namespace {

constexpr double PI = 3.14159265358979323846;

void add(std::string &text, const double *value, int count, int digits = 10)
{
  for (int k = 0; k < count; k++) {
    char word[32];
    snprintf(word, sizeof word, " %.*g", digits, value[k]);
    text += word;
  }
}

void add(std::string &text, double value, int digits = 10)
{
  add(text, &value, 1, digits);
}

void add_count(std::string &text, long long value)
{
  text += ' ';
  text += std::to_string(value);
}

/* A direction of the box in the frame of a crystal. */
void add_in_crystal(std::string &text, const double q[4], const double v[3])
{
  double m[3][3];
  mlgrain_quaternion_matrix(q, m);
  for (int k = 0; k < 3; k++) {
    const double sum = m[0][k] * v[0] + m[1][k] * v[1] + m[2][k] * v[2];
    add(text, std::fabs(sum) < 1e-14 ? 0.0 : sum);
  }
}

int lattice_style_of(int structure)
{
  switch (structure) {
  case MLGRAIN_STRUCTURE_FCC:
    return Lattice::FCC;
  case MLGRAIN_STRUCTURE_HCP:
    return Lattice::HCP;
  case MLGRAIN_STRUCTURE_BCC:
    return Lattice::BCC;
  case MLGRAIN_STRUCTURE_DIAMOND:
    return Lattice::DIAMOND;
  default:
    return Lattice::SC;
  }
}

}    // namespace

bool BoundaryMeters::set_metal(const std::string &symbol)
{
  BoundaryMeter probe(Lattice::FCC, MLGRAIN_CUBIC);
  if (!probe.set_metal(symbol)) return false;
  metal = symbol;
  return true;
}

const BoundaryMeter &BoundaryMeters::of(int structure)
{
  auto &one = meter[structure];
  if (!one) {
    one.reset(new BoundaryMeter(lattice_style_of(structure),
                                mlgrain_structure_symmetry((mlgrain_structure) structure)));
    if (structure == MLGRAIN_STRUCTURE_FCC && has_metal()) one->set_metal(metal);
  }
  return *one;
}

std::string MLGRAIN_NS::grain_header()
{
  return "# step grain structure atoms inner surface volume diameter x y z qw qx qy qz spread "
         "rxx ryy rzz ryz rxz rxy neighbors area gained rotation\n";
}

std::string MLGRAIN_NS::boundary_header(bool with_estimate, const std::vector<std::string> &means)
{
  std::string text = "# step grain1 grain2 area facearea angle ax ay az nx ny nz n1x n1y n1z "
                     "n2x n2y n2z spread atoms energy volume inclination twist tilt kind sigma "
                     "deviation q0 q1 q2 q3 h k l planedeviation";
  if (with_estimate) text += " estimate";
  for (const auto &name : means) text += ' ' + name;
  return text + '\n';
}

std::string MLGRAIN_NS::line_header()
{
  return "# step grain1 grain2 grain3 length edgelength tx ty tz spread\n";
}

std::string MLGRAIN_NS::event_header()
{
  return "# step event grain other atoms shared\n";
}

std::string MLGRAIN_NS::grain_lines(const GrainFrame &frame)
{
  const size_t count = frame.found->size();
  std::vector<double> area(count, 0.0);
  std::vector<long long> neighbors(count, 0);
  for (const auto &b : *frame.boundary) {
    if (!(b.area > 0.0)) continue;
    for (const auto g : {b.grain1, b.grain2}) {
      area[(size_t) g] += b.area;
      neighbors[(size_t) g]++;
    }
  }
  std::string text;
  for (size_t g = 0; g < count; g++) {
    const auto &found = (*frame.found)[g];
    const auto &size = (*frame.size)[g];
    const auto &change = (*frame.change)[g];
    text += std::to_string(frame.step);
    add_count(text, (*frame.number)[g]);
    text += ' ';
    text += mlgrain_structure_name(found.structure);
    add_count(text, (long long) size.atoms);
    add_count(text, (long long) found.inner);
    add_count(text, (long long) size.open);
    add(text, size.volume);
    add(text, std::cbrt(6.0 * size.volume / PI));
    add(text, size.center, 3);
    add(text, found.orientation, 4);
    add(text, found.spread, 6);
    add(text, size.moment, 6);
    add_count(text, neighbors[g]);
    add(text, area[g]);
    add_count(text, (long long) change.gained);
    add(text, change.rotation, 6);
    text += '\n';
  }
  return text;
}

std::string MLGRAIN_NS::boundary_lines(const GrainFrame &frame, BoundaryMeters &meters)
{
  std::string text;
  for (const auto &b : *frame.boundary) {
    const auto &one = (*frame.found)[(size_t) b.grain1], &two = (*frame.found)[(size_t) b.grain2];
    const bool is_alike = one.structure == two.structure;
    const bool has_normal = b.normal[0] != 0.0 || b.normal[1] != 0.0 || b.normal[2] != 0.0;
    mlgrain_misorientation turn = {};
    BoundaryMeasures measures = {};
    if (is_alike)
      turn = mlgrain_disorientation(mlgrain_structure_symmetry((mlgrain_structure) one.structure),
                                    one.orientation, two.orientation);
    if (is_alike && has_normal)
      measures = meters.of(one.structure).measure(one.orientation, two.orientation, b.normal);
    const auto &geometry = measures.geometry;
    text += std::to_string(frame.step);
    add_count(text, (*frame.number)[(size_t) b.grain1]);
    add_count(text, (*frame.number)[(size_t) b.grain2]);
    add(text, b.area);
    add(text, b.face_area);
    add(text, turn.angle);
    add(text, turn.axis, 3);
    add(text, b.normal, 3);
    add_in_crystal(text, one.orientation, b.normal);
    add_in_crystal(text, two.orientation, b.normal);
    add(text, b.spread, 6);
    add_count(text, (long long) b.atoms);
    add(text, b.area > 0.0 ? frame.energy_unit * b.energy / b.area : NAN);
    add(text, b.area > 0.0 ? b.volume / b.area : NAN);
    const double angles[] = {geometry.inclination, geometry.twist, geometry.tilt};
    add(text, angles, 3, 6);
    add_count(text, measures.kind);
    add_count(text, (long long) geometry.sigma);
    add(text, geometry.deviation, 6);
    for (const auto number : measures.number) add_count(text, (long long) number);
    add(text, geometry.plane_deviation, 6);
    if (meters.has_metal()) add(text, measures.energy, 6);
    for (const double value : b.mean) add(text, value);
    for (const double value : b.share) add(text, value, 6);
    text += '\n';
  }
  return text;
}

std::string MLGRAIN_NS::triple_lines(const GrainFrame &frame)
{
  std::string text;
  for (const auto &one : *frame.line) {
    text += std::to_string(frame.step);
    for (const auto g : one.grain) add_count(text, (*frame.number)[(size_t) g]);
    add(text, one.length);
    add(text, one.edge_length);
    add(text, one.direction, 3);
    add(text, one.spread, 6);
    text += '\n';
  }
  return text;
}

std::string MLGRAIN_NS::event_lines(long long step, const std::vector<mlgrain_grain_event> &events)
{
  static const char *const names[] = {"birth", "split", "death", "merge"};
  std::string text;
  for (const auto &one : events) {
    text += std::to_string(step) + ' ' + names[one.kind];
    add_count(text, (long long) one.number);
    add_count(text, (long long) one.other);
    add_count(text, (long long) one.atoms);
    add_count(text, (long long) one.shared);
    text += '\n';
  }
  return text;
}
