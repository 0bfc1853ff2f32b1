/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "search_schedule.h"

#include <algorithm>
#include <cmath>

namespace MLGRAIN_NS {

namespace {

/* How near to a given fraction random starts are, if their cell allows. */
constexpr double NEAR = 0.1;

/* This part of the random starts is in cells that are straight. */
constexpr double STRAIGHT = 0.75;

/* What a trial has found counts by this factor less at each one after it. A way to make structures
   is known after the work of so many trials; new structures count up to this place by energy. */
constexpr double MEMORY = 0.98, KNOWN = 10.0;
constexpr int LOW = 10;

/* The first index whose sum of chances is above a random part of all. */
size_t choose(const std::vector<double> &chance, TrialRandom &random)
{
  double sum = 0.0;
  for (const double c : chance) sum += c;
  double u = sum * random.uniform();
  size_t k = 0;
  while (k + 1 < chance.size() && (u -= chance[k]) >= 0.0) k++;
  return k;
}

/* Shears that make a cell of i times j periods as nearly a rectangle, or a centered one, as can
   be. */
std::vector<int> straight_shears(const double period[2][2], int i, int j)
{
  std::vector<int> best;
  double least = 1.0;
  for (int shear = 0; shear < i; shear++) {
    const double tilt = (j * period[1][0] / period[0][0] + shear) / i;
    const double off = std::fabs(2.0 * tilt - std::rint(2.0 * tilt));
    if (off < least - 1e-6) best.clear();
    if (off < least + 1e-6) best.push_back(shear);
    least = std::min(least, off);
  }
  return best;
}

}    // namespace

bool fits_beside(const SearchPeriods &part, const SearchPeriods &whole)
{
  const int rows = whole.along[1] / part.along[1];
  return whole.along[1] % part.along[1] == 0 && part.along[0] < whole.along[0] &&
      (whole.shear - rows * part.shear) % part.along[0] == 0;
}

SearchSchedule::SearchSchedule(const SearchLimits &limits, const double period[2][2], int plane)
{
  const double *w = limits.weight;
  weight[RANDOM] = w[0];
  weight[HOP] = w[1];
  weight[SPLICE] = weight[STRETCH] = 0.5 * w[2];
  for (int i = 1; i <= limits.cells[0]; i++)
    for (int j = 1; j <= limits.cells[1]; j++) {
      const bool fits = limits.area < 0.0 || i * j <= limits.area * (1 + 1e-9);
      const bool last = i == limits.cells[0] && j == limits.cells[1];
      if (limits.only ? !last : !fits && i * j > 1) continue;
      Shape s;
      s.along[0] = i;
      s.along[1] = j;
      s.straight = straight_shears(period, i, j);
      s.plane = plane * i * j;
      s.first = (int) std::ceil(limits.fraction[0] * s.plane - 1e-9);
      s.last = (int) std::floor(limits.fraction[1] * s.plane + 1e-9);
      s.last = std::max(s.first, std::min(s.last, s.plane - 1));
      s.removed.resize(s.last - s.first + 1);
      shapes.push_back(s);
    }
  for (auto &s : shapes) {
    const int periods = s.along[0] * s.along[1];
    const auto alike = std::count_if(shapes.begin(), shapes.end(), [periods](const Shape &other) {
      return other.along[0] * other.along[1] == periods;
    });
    s.chance = 1.0 / ((double) alike * periods * periods);
  }
}

int SearchSchedule::shear(const Shape &s, TrialRandom &random) const
{
  if (random.uniform() < STRAIGHT) return s.straight[random.below(s.straight.size())];
  return random.below((size_t) s.along[0]);
}

SearchOrigin SearchSchedule::origin(TrialRandom &random) const
{
  double work = 0.0, trials = 0.0;
  for (const auto &r : record) {
    work += r.work;
    trials += r.trials;
  }
  if (trials == 0.0) return RANDOM;
  std::vector<double> chance(ORIGINS);
  for (int k = 0; k < ORIGINS; k++)
    chance[k] = weight[k] * (record[k].success + 1.0) / (record[k].work + KNOWN * work / trials);
  return (SearchOrigin) choose(chance, random);
}

SearchSchedule::Start SearchSchedule::random_start(TrialRandom &random, double fraction) const
{
  std::vector<double> chance;
  chance.reserve(shapes.size());
  for (const auto &s : shapes) chance.push_back(s.chance * s.count.promise());
  const auto &s = shapes[choose(chance, random)];

  std::vector<double> off(s.removed.size(), 0.0);
  for (size_t k = 0; k < off.size() && fraction >= 0.0; k++) {
    const double d = (s.first + (double) k) / s.plane - fraction;
    off[k] = std::fabs(d - std::rint(d));
  }
  const double most = std::max(NEAR, *std::min_element(off.begin(), off.end())) + 1e-9;
  chance.clear();
  for (size_t k = 0; k < off.size(); k++)
    chance.push_back(off[k] <= most ? s.removed[k].promise() : 0.0);
  const int removed = s.first + (int) choose(chance, random);
  return {{{s.along[0], s.along[1]}, shear(s, random)}, removed};
}

bool SearchSchedule::larger(const SearchPeriods &part, TrialRandom &random,
                            SearchPeriods &result) const
{
  std::vector<SearchPeriods> fitting;
  std::vector<double> chance;
  for (const auto &s : shapes) {
    const double shears = (double) s.along[0] / part.along[0];
    for (int shear = 0; shear < s.along[0]; shear++) {
      const SearchPeriods each = {{s.along[0], s.along[1]}, shear};
      if (!fits_beside(part, each)) continue;
      const bool same = shear == (s.along[1] / part.along[1]) * part.shear;
      fitting.push_back(each);
      chance.push_back((0.5 / shears + (same ? 0.5 : 0.0)) / each.count());
    }
  }
  if (fitting.empty()) return false;
  result = fitting[choose(chance, random)];
  return true;
}

bool SearchSchedule::stretched(const SearchPeriods &part, TrialRandom &random,
                               SearchPeriods &result) const
{
  std::vector<SearchPeriods> fitting;
  std::vector<double> chance;
  for (const auto &s : shapes) {
    const int more = std::abs(s.along[0] - part.along[0]);
    if (s.along[1] != part.along[1] || more == 0 || more > part.along[0]) continue;
    const bool same = random.uniform() < 0.5;
    const SearchPeriods each = {{s.along[0], s.along[1]},
                                same ? part.shear % s.along[0] : shear(s, random)};
    if (fits_beside(part, each) && s.along[0] % part.along[0] == 0) continue;
    fitting.push_back(each);
    chance.push_back(1.0 / more);
  }
  if (fitting.empty()) return false;
  result = fitting[choose(chance, random)];
  return true;
}

void SearchSchedule::learn_start(const SearchStructure &structure, bool is_new)
{
  const auto &along = structure.cell->periods.along;
  for (auto &s : shapes) {
    if (s.along[0] != along[0] || s.along[1] != along[1]) continue;
    for (auto *count : {&s.count, &s.removed[structure.removed() - s.first]}) {
      count->tried++;
      if (is_new) count->fresh++;
    }
  }
}

void SearchSchedule::learn(SearchOrigin origin, double work, int rank)
{
  for (auto &r : record) {
    r.trials *= MEMORY;
    r.work *= MEMORY;
    r.success *= MEMORY;
  }
  record[origin].trials += 1.0;
  record[origin].work += work;
  if (rank >= 0 && rank < LOW) record[origin].success += 1.0 / (1.0 + rank);
}

}    // namespace MLGRAIN_NS
