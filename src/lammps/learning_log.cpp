/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "learning_log.h"

#include <algorithm>
#include <cmath>

namespace MLGRAIN_NS {

namespace {

constexpr size_t MOST_CELLS = 100, MOST_CHECKS = 20, ENOUGH_CELLS = 20;
constexpr double UNKNOWN = -1.0;

}    // namespace

void LearningLog::add_cell(const std::vector<double> &error, const std::vector<double> &spread,
                           double factor)
{
  std::vector<Atom> atoms;
  for (size_t i = 0; i < error.size(); i++)
    atoms.push_back({error[i], spread[i], factor * spread[i]});
  cells.push_back(atoms);
  if (cells.size() > MOST_CELLS) cells.pop_front();
}

void LearningLog::add_check(double time, size_t labels)
{
  checks.emplace_back(time, labels);
  if (checks.size() > MOST_CHECKS + 1) checks.pop_front();
}

double LearningLog::coverage() const
{
  size_t all = 0, below = 0;
  for (const auto &cell : cells)
    for (const auto &one : cell) {
      all++;
      if (one.error <= one.predicted) below++;
    }
  return all ? (double) below / (double) all : UNKNOWN;
}

double LearningLog::rms(double Atom::*what) const
{
  size_t all = 0;
  double squares = 0.0;
  for (const auto &cell : cells)
    for (const auto &one : cell) {
      all++;
      squares += one.*what * one.*what;
    }
  return all ? std::sqrt(squares / (double) all) : UNKNOWN;
}

double LearningLog::rms_error() const
{
  return rms(&Atom::error);
}

double LearningLog::rms_predicted() const
{
  return rms(&Atom::predicted);
}

double LearningLog::labels_per_time() const
{
  if (checks.size() < 2) return 0.0;
  const double time = checks.back().first - checks.front().first;
  const double labels = (double) checks.back().second - (double) checks.front().second;
  return time > 0.0 ? labels / time : 0.0;
}

double LearningLog::factor(double confidence) const
{
  std::vector<double> ratio;
  for (const auto &cell : cells)
    for (const auto &one : cell)
      if (one.spread > 0.0) ratio.push_back(one.error / one.spread);
  if (cells.size() < ENOUGH_CELLS || ratio.empty()) return 0.0;
  const double count = (double) ratio.size();
  const auto place = std::min(ratio.size() - 1, (size_t) std::ceil(confidence * (count + 1.0)) - 1);
  std::nth_element(ratio.begin(), ratio.begin() + (std::ptrdiff_t) place, ratio.end());
  return ratio[place];
}

}    // namespace MLGRAIN_NS
