/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "effective_predictor.h"

#include "neighborhood.h"

#include "mlgrain/graph_model.h"
#include "mlgrain/homogenize_tensors.h"
#include "mlgrain/orientation.h"

#include "domain.h"
#include "error.h"
#include "lammps.h"

#include <algorithm>
#include <array>
#include <cmath>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* A cubic stiffness in Voigt's notation. */
void set_cubic(double c11, double c12, double c44, double *tensor)
{
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) tensor[6 * i + j] = i == j ? c11 : c12;
    tensor[6 * (3 + i) + 3 + i] = c44;
  }
}

void turn(int size, const double *orientation, const double *tensor, double *turned)
{
  double rotation[3][3], small[3][3], large[6][6];
  mlgrain_quaternion_matrix(orientation, rotation);
  std::copy(tensor, tensor + size * size, size == 3 ? small[0] : large[0]);
  if (size == 3)
    mlgrain_turn_conductivity(rotation, small, small);
  else
    mlgrain_turn_stiffness(rotation, large, large);
  std::copy_n(size == 3 ? small[0] : large[0], size * size, turned);
}

}    // namespace

EffectivePredictor::EffectivePredictor(LAMMPS *lmp, const std::string &owner, const char *path) :
    lmp(lmp), owner(owner), file(lmp, owner, path, MLGRAIN_MODEL_POLYCRYSTAL),
    size(mlgrain_graph_model_size(file.polycrystal()))
{
}

void EffectivePredictor::set(double t, const std::vector<double> &values)
{
  thickness = t;
  bool is_fine = thickness > 0.0;
  if (size == 3) {
    for (int d = 0; d < 3; d++) {
      crystal[4 * d] = values[(size_t) d];
      boundary[4 * d] = values[3];
    }
    for (const double value : values) is_fine = is_fine && value > 0.0;
  } else {
    const double c11 = values[0], c12 = values[1], c44 = values[2], k = values[3], g = values[4];
    set_cubic(c11, c12, c44, crystal);
    set_cubic(k + 4.0 / 3.0 * g, k - 2.0 / 3.0 * g, g, boundary);
    is_fine = is_fine && c11 > c12 && c11 + 2.0 * c12 > 0.0 && c44 > 0.0 && k > 0.0 && g > 0.0;
  }
  if (!is_fine)
    lmp->error->all(FLERR,
                    owner +
                        ": predict needs a thickness above 0, and tensors of crystal and "
                        "boundaries that are positive definite");
}

std::string EffectivePredictor::header() const
{
  if (size == 3) return "# step xx yy zz yz xz xy error outside\n";
  std::string names = "# step";
  for (int i = 1; i <= 6; i++)
    for (int j = i; j <= 6; j++) names += " C" + std::to_string(i) + std::to_string(j);
  return names + " error outside\n";
}

/* To the nearest image that is on the side of the normal. */
void EffectivePredictor::span(const double *from, const double *to, const double *normal,
                              double *found) const
{
  const auto *domain = lmp->domain;
  double nearest = INFINITY, first[3] = {to[0] - from[0], to[1] - from[1], to[2] - from[2]};
  domain->minimum_image(FLERR, first[0], first[1], first[2]);
  for (int k = 0; k < 27; k++) {
    const int place[3] = {k % 3 - 1, k / 3 % 3 - 1, k / 9 - 1};
    const double x = place[0], y = place[1], z = place[2];
    const double image[3] = {first[0] + x * domain->xprd + y * domain->xy + z * domain->xz,
                             first[1] + y * domain->yprd + z * domain->yz,
                             first[2] + z * domain->zprd};
    double square = 0.0, along = 0.0;
    for (int d = 0; d < 3; d++) {
      square += image[d] * image[d];
      along += image[d] * normal[d];
    }
    if (along > 0.0 && square < nearest) {
      nearest = square;
      std::copy(image, image + 3, found);
    }
  }
}

std::string EffectivePredictor::line(long long step, const std::vector<FoundGrain> &grains,
                                     const std::vector<GrainSize> &sizes,
                                     const std::vector<BoundarySize> &boundaries)
{
  const auto numbers = (size_t) (size * size);
  std::vector<double> volume, area, tensor(grains.size() * numbers), of_boundary;
  std::vector<std::array<int64_t, 2>> pair;
  std::vector<std::array<double, 3>> spans, normals;
  for (size_t g = 0; g < grains.size(); g++) {
    volume.push_back(sizes[g].volume);
    turn(size, grains[g].orientation, crystal, &tensor[g * numbers]);
  }
  for (const auto &b : boundaries) {
    const double length = std::sqrt(b.normal[0] * b.normal[0] + b.normal[1] * b.normal[1] +
                                    b.normal[2] * b.normal[2]);
    if (!(b.area > 0.0) || !(length > 0.0)) continue;
    std::array<double, 3> n = {0.0, 0.0, 0.0}, d = {0.0, 0.0, 0.0};
    for (size_t k = 0; k < 3; k++) n[k] = b.normal[k] / length;
    span(sizes[(size_t) b.grain1].center, sizes[(size_t) b.grain2].center, n.data(), d.data());
    pair.push_back({b.grain1, b.grain2});
    area.push_back(b.area);
    normals.push_back(n);
    spans.push_back(d);
    of_boundary.insert(of_boundary.end(), boundary, boundary + numbers);
  }
  mlgrain_graph graph = {};
  graph.size = size;
  graph.grains = grains.size();
  graph.faces = area.size();
  graph.volume = volume.data();
  graph.pair = reinterpret_cast<const int64_t(*)[2]>(pair.data());
  graph.span = reinterpret_cast<const double(*)[3]>(spans.data());
  graph.normal = reinterpret_cast<const double(*)[3]>(normals.data());
  graph.area = area.data();
  graph.tensor = tensor.data();
  graph.boundary = of_boundary.data();
  graph.thickness = thickness;
  mlgrain_graph_prediction found = {};
  mlgrain_error text;
  if (mlgrain_graph_model_predict(file.polycrystal(), &graph, &found, &text)) {
    std::fill(found.tensor, found.tensor + numbers, NAN);
    found.error = NAN;
    found.is_outside = 1;
    if (!has_warned) lmp->error->warning(FLERR, owner + ": nothing is predicted: " + text.text);
    has_warned = true;
  } else if (found.is_outside && !has_warned_outside) {
    lmp->error->warning(FLERR,
                        owner +
                            ": the polycrystal is unlike those that the model of effective "
                            "tensors was trained on");
    has_warned_outside = true;
  }
  std::string line = std::to_string(step);
  const int places[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
  for (int i = 0; i < 6; i++)
    for (int j = size == 3 ? 5 : i; j < 6; j++)
      line += ' ' + to_text(found.tensor[size == 3 ? 3 * places[i][0] + places[i][1] : 6 * i + j]);
  return line + ' ' + to_text(found.error) + ' ' + std::to_string(found.is_outside) + '\n';
}
