/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "learn_cell.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace MLGRAIN_NS {

namespace {

constexpr double SAME_PLACE = 1e-3;    // Angstrom
constexpr double MOST_DRIFT = 0.05;    // eV/Angstrom, of forces per atom
constexpr double SOME_FORCE = 0.02;    // eV/Angstrom

bool finite(const std::vector<double> &values)
{
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

double largest(const std::vector<double> &values)
{
  double most = 0.0;
  for (const double value : values) most = std::max(most, std::fabs(value));
  return most;
}

}    // namespace

bool same_cell(const LearnCell &one, const LearnCell &other)
{
  if (one.species != other.species) return false;
  for (size_t k = 0; k < one.edge.size(); k++)
    if (!(std::fabs(one.edge[k] - other.edge[k]) < SAME_PLACE)) return false;
  for (size_t k = 0; k < one.x.size(); k++)
    if (!(std::fabs(one.x[k] - other.x[k]) < SAME_PLACE)) return false;
  return true;
}

std::string why_no_label(const LearnCell &cell, const std::vector<double> &predicted)
{
  if (cell.force.size() != 3 * cell.atoms())
    return "forces of " + std::to_string(cell.force.size() / 3) + " atoms instead of " +
        std::to_string(cell.atoms());
  if (!std::isfinite(cell.energy)) return "the energy is not finite";
  if (!finite(cell.force)) return "a force is not finite";
  for (const double value : cell.virial)
    if (!std::isfinite(value)) return "a stress is not finite";
  for (int d = 0; d < 3; d++) {
    double sum = 0.0;
    for (size_t i = 0; i < cell.atoms(); i++) sum += cell.force[3 * i + d];
    if (std::fabs(sum) > MOST_DRIFT * (double) cell.atoms()) {
      char text[80];
      snprintf(text, sizeof text, "forces add up to %.3g eV/Angstrom instead of 0", sum);
      return text;
    }
  }
  if (largest(cell.force) == 0.0 && largest(predicted) > SOME_FORCE) return "all forces are 0";
  return "";
}

}    // namespace MLGRAIN_NS
