/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grain_finder.h"

#include "rank_sums.h"

#include "mlgrain/grouping.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "lammps.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* Neighbors of a point are those up to half way between the last of its template and the next
   shell, in units of the distance of nearest neighbors. */
double reach_of(int structure)
{
  switch (structure) {
  case MLGRAIN_STRUCTURE_BCC:
    return 0.5 * (1.1547005383792515 + 1.6329931618554521);
  case MLGRAIN_STRUCTURE_DIAMOND:
    return 0.5 * (1.6329931618554521 + 1.9148542155126762);
  default:
    return 0.5 * (1.0 + 1.4142135623730951);
  }
}

/* Structures that fewer of the matched atoms have don't decide how far neighbors are. */
constexpr double RARE = 0.01;

}    // namespace

GrainFinder::GrainFinder(LAMMPS *lmp, const std::string &owner, GhostCopies &ghosts) :
    lmp(lmp), owner(owner), ghosts(ghosts), neighborhood(lmp, owner), lists(nullptr), own(0),
    all(0), nearest(0.0)
{
  symmetry.fill(MLGRAIN_NO_SYMMETRY);
  for (int s = MLGRAIN_STRUCTURE_NONE + 1; s < MLGRAIN_STRUCTURES; s++)
    if (mlgrain_structure_name(s))
      symmetry[(size_t) s] = mlgrain_structure_symmetry((mlgrain_structure) s);
}

GrainFinder::~GrainFinder()
{
  mlgrain_contacts_free(lists);
}

void GrainFinder::check(mlgrain_status status, const mlgrain_error &text) const
{
  if (status) lmp->error->one(FLERR, owner + ": " + text.text);
}

void GrainFinder::release()
{
  mlgrain_contacts_free(lists);
  lists = nullptr;
}

void GrainFinder::clear()
{
  release();
  own = (size_t) lmp->atom->nlocal;
  all = own + (size_t) lmp->atom->nghost;
  grains.clear();
  grain.assign(all, 0);
  inner.assign(all, 0);
}

void GrainFinder::find(int groupbit, double **matches, double cutoff)
{
  clear();
  member.resize(all);
  for (size_t i = 0; i < all; i++) member[i] = (lmp->atom->mask[i] & groupbit) ? 1 : 0;
  read_matches(matches);
  const double reach = find_reach(matches, cutoff);
  if (!(reach > 0.0)) return;    // nothing is crystalline
  mlgrain_error text;
  const auto *cells = neighborhood.build(reach);
  check(mlgrain_contacts_create(cells, reach, own, member.data(), &lists, &text), text);
  neighborhood.release();
  group_atoms();
  if (grains.empty()) return;
  adopt();
  merge();
}

/* Orientations and structures of own atoms, and of their ghosts. */
void GrainFinder::read_matches(double **matches)
{
  enum { WIDTH = 5 };
  std::vector<double> buffer(WIDTH * all, 0.0);
  for (size_t i = 0; i < own; i++) {
    std::copy(matches[i], matches[i] + 4, &buffer[WIDTH * i]);
    const int s = (int) matches[i][6];
    const bool is_known = s > 0 && s < MLGRAIN_STRUCTURES && mlgrain_structure_name(s);
    buffer[WIDTH * i + 4] = is_known && member[i] ? s : 0;
  }
  ghosts.copy_to_ghosts(buffer.data(), WIDTH);
  orientation.resize(all);
  structure.resize(all);
  for (size_t i = 0; i < all; i++) {
    std::copy_n(&buffer[WIDTH * i], 4, orientation[i].begin());
    structure[i] = (int32_t) buffer[WIDTH * i + 4];
  }
}

/* From the mean distance of neighbors in the crystals that were matched. Distances are summed as
   whole numbers, so that the order of atoms makes no difference. */
double GrainFinder::find_reach(double **matches, double cutoff)
{
  double largest = 0.0, any = 0.0;
  for (size_t i = 0; i < own; i++)
    if (structure[i]) largest = std::max(largest, matches[i][5]);
  MPI_Allreduce(&largest, &any, 1, MPI_DOUBLE, MPI_MAX, lmp->world);
  nearest = 0.0;
  if (!(any > 0.0) || !std::isfinite(any)) return 0.0;
  const double unit = std::ldexp(1.0, 29 - std::ilogb(any));
  enum { COUNT, DISTANCE, SUMS };
  std::vector<long long> mine((size_t) SUMS * MLGRAIN_STRUCTURES, 0), sum(mine.size());
  for (size_t i = 0; i < own; i++)
    if (structure[i]) {
      auto *of = &mine[SUMS * (size_t) structure[i]];
      of[COUNT]++;
      of[DISTANCE] += std::llround(matches[i][5] * unit);
    }
  MPI_Allreduce(mine.data(), sum.data(), (int) sum.size(), MPI_LONG_LONG, MPI_SUM, lmp->world);
  double matched = 0.0, reach = 0.0, most = 0.0;
  for (size_t s = 0; s < MLGRAIN_STRUCTURES; s++) matched += (double) sum[SUMS * s + COUNT];
  for (size_t s = 0; s < MLGRAIN_STRUCTURES; s++) {
    const auto count = (double) sum[SUMS * s + COUNT];
    if (!(count > 0.0) || count < RARE * matched) continue;
    const double distance = (double) sum[SUMS * s + DISTANCE] / count / unit;
    reach = std::max(reach, reach_of((int) s) * distance);
    if (count > most) nearest = distance;
    most = std::max(most, count);
  }
  return std::min(reach, cutoff);
}

/* Orientations become means over neighbors. */
void GrainFinder::smooth(const mlgrain_crystal_points &points)
{
  std::vector<std::array<double, 4>> smoothed(all);
  mlgrain_orientations_smooth(lists, &points, settings.near,
                              reinterpret_cast<double(*)[4]>(smoothed.data()));
  ghosts.copy_to_ghosts(smoothed[0].data(), 4);
  std::copy(smoothed.begin(), smoothed.end(), orientation.begin());
}

/* Groups of atoms whose orientations agree, on all ranks; those that are large enough are grains. A
   narrow limit comes first: it takes grains apart that a low-angle boundary separates, between
   whose dislocations the crystal is bent. Where thermal noise leaves no large groups, wider limits
   find grains among the rest: a group that has atoms of a grain already makes no other. */
void GrainFinder::group_atoms()
{
  static const double limits[] = {0.5, 0.75, 1.0};
  const mlgrain_crystal_points points = {all,
                                         reinterpret_cast<const double(*)[4]>(orientation.data()),
                                         structure.data(), symmetry.data()};
  for (int step = 0; step < settings.smooth; step++) smooth(points);
  std::vector<int64_t> tag(own);
  for (size_t i = 0; i < own; i++) tag[i] = lmp->atom->tag[i];
  mlgrain_contacts_compare(lists, &points);
  for (const double part : limits) group_once(part * settings.angle, tag);
  ghosts.copy(inner);
  ghosts.copy(grain);
  sum_orientations();
}

void GrainFinder::group_once(double angle, const std::vector<int64_t> &tag)
{
  std::vector<unsigned char> within(all, 0);
  std::vector<int32_t> root(all);
  std::vector<int64_t> label(all);
  mlgrain_error text;
  mlgrain_contacts_limit(lists, angle);
  mlgrain_find_inner(lists, settings.share, within.data());
  ghosts.copy(within);
  mlgrain_group(lists, all, within.data(), root.data());
  check(mlgrain_group_labels(own, all, within.data(), root.data(), tag.data(), label.data(), &text),
        text);
  ghosts.copy(label);
  const auto shared = unite_labels(within, label);
  const auto chosen = choose_labels(within, label, shared);
  if (!chosen.empty()) start_grains(within, chosen, label);
}

/* Groups that go on on another rank get one label: only pairs of labels travel. Returns the labels
   of such groups. */
std::unordered_set<int64_t> GrainFinder::unite_labels(const std::vector<unsigned char> &within,
                                                      std::vector<int64_t> &label)
{
  mlgrain_error text;
  RankSums pairs(lmp, owner, 0);
  check(mlgrain_label_pairs(lists, within.data(), label.data(), pairs.sums(), &text), text);
  pairs.gather();
  size_t count = 0;
  std::vector<int64_t> before(2 * pairs.count()), after(2 * pairs.count());
  if (lmp->comm->me == 0)
    check(mlgrain_labels_unite(pairs.count(), mlgrain_keyed_sums_keys(pairs.sums()), &count,
                               before.data(), after.data(), &text),
          text);
  before.resize(count);
  after.resize(count);
  broadcast(lmp->world, MPI_INT64_T, before);
  broadcast(lmp->world, MPI_INT64_T, after);
  std::unordered_map<int64_t, int64_t> becomes;
  for (size_t k = 0; k < before.size(); k++) becomes[before[k]] = after[k];
  for (auto &one : label) {
    const auto found = becomes.find(one);
    if (found != becomes.end()) one = found->second;
  }
  return {after.begin(), after.end()};
}

/* Labels of the groups that are large enough and have no atom of a grain, the largest first. What
   is small and on one rank only isn't told to others. */
std::vector<int64_t> GrainFinder::choose_labels(const std::vector<unsigned char> &within,
                                                const std::vector<int64_t> &label,
                                                const std::unordered_set<int64_t> &shared)
{
  struct Count {
    double atoms = 0.0, taken = 0.0;
  };
  std::unordered_map<int64_t, Count> count;
  for (size_t i = 0; i < own; i++) {
    if (!within[i]) continue;
    auto &of = count[label[i]];
    of.atoms += 1.0;
    of.taken += grain[i] ? 1.0 : 0.0;
  }
  RankSums sizes(lmp, owner, 2);
  for (const auto &one : count)
    if (one.second.atoms >= settings.size || shared.count(one.first)) {
      double *sum = sizes.at(one.first, 0);
      sum[0] = one.second.atoms;
      sum[1] = one.second.taken;
    }
  sizes.gather();
  std::vector<std::pair<double, int64_t>> order;
  for (size_t k = 0; k < sizes.count(); k++) {
    const double *sum = sizes.value(k);
    if (sum[0] >= settings.size && sum[1] == 0.0) order.emplace_back(-sum[0], *sizes.key(k));
  }
  std::sort(order.begin(), order.end());
  std::vector<int64_t> chosen;
  chosen.reserve(order.size());
  for (const auto &one : order) chosen.push_back(one.second);
  broadcast(lmp->world, MPI_INT64_T, chosen);
  return chosen;
}

/* A grain for each of the labels, with the structure and, at first, the orientation of the atom
   whose ID is the label. */
void GrainFinder::start_grains(const std::vector<unsigned char> &within,
                               const std::vector<int64_t> &chosen,
                               const std::vector<int64_t> &label)
{
  enum { WIDTH = 5 };
  const size_t before = grains.size();
  std::unordered_map<int64_t, size_t> place;
  for (size_t g = 0; g < chosen.size(); g++) place[chosen[g]] = g;
  std::vector<double> first(WIDTH * chosen.size(), 0.0);
  for (size_t i = 0; i < own; i++) {
    if (!within[i]) continue;
    const auto found = place.find(label[i]);
    if (found == place.end()) continue;
    inner[i] = 1;
    grain[i] = (int32_t) (before + found->second) + 1;
    if (lmp->atom->tag[i] != label[i]) continue;
    double *of = &first[WIDTH * found->second];
    std::copy(orientation[i].begin(), orientation[i].end(), of);
    of[4] = structure[i];
  }
  sum_over_ranks(lmp->world, first);
  grains.resize(before + chosen.size());
  for (size_t g = 0; g < chosen.size(); g++) {
    std::copy_n(&first[WIDTH * g], 4, grains[before + g].orientation);
    grains[before + g].structure = (int32_t) first[WIDTH * g + 4];
  }
}

/* Means over the inner atoms of each grain, near what its orientation was before. */
void GrainFinder::sum_orientations()
{
  enum { WIDTH = MLGRAIN_ORIENTATION_SUMS + 1 };
  std::array<mlgrain_equivalents, MLGRAIN_STRUCTURES> equivalents;
  for (size_t s = 0; s < MLGRAIN_STRUCTURES; s++)
    mlgrain_equivalents_of(symmetry[s], &equivalents[s]);
  std::vector<double> sums(WIDTH * grains.size(), 0.0);
  for (size_t i = 0; i < own; i++) {
    if (!inner[i] || !grain[i]) continue;
    const auto g = (size_t) grain[i] - 1;
    if (structure[i] != grains[g].structure) continue;
    mlgrain_orientation_add(&equivalents[(size_t) structure[i]], grains[g].orientation,
                            orientation[i].data(), &sums[WIDTH * g]);
    sums[WIDTH * g + MLGRAIN_ORIENTATION_SUMS] += 1.0;
  }
  sum_over_ranks(lmp->world, sums);
  for (size_t g = 0; g < grains.size(); g++) {
    grains[g].spread = mlgrain_orientation_mean(&sums[WIDTH * g], grains[g].orientation);
    grains[g].inner = sums[WIDTH * g + MLGRAIN_ORIENTATION_SUMS];
  }
}

/* One layer of atoms gets grains; returns how many atoms of all ranks did. */
double GrainFinder::adopt_once(bool only_alike, std::vector<int32_t> &open)
{
  std::vector<int32_t> next(open.size());
  mlgrain_spread(lists, grain.data(), nullptr, only_alike ? 1 : 0, open.size(), open.data(),
                 next.data());
  size_t left = 0;
  double changed = 0.0, sum = 0.0;
  for (size_t k = 0; k < open.size(); k++) {
    grain[(size_t) open[k]] = next[k];
    if (next[k])
      changed += 1.0;
    else
      open[left++] = open[k];
  }
  open.resize(left);
  MPI_Allreduce(&changed, &sum, 1, MPI_DOUBLE, MPI_SUM, lmp->world);
  if (sum > 0.0) ghosts.copy(grain);
  return sum;
}

/* Atoms that are in no grain join that of most of their neighbors, layer by layer: first those of
   which a neighbor in a grain is oriented alike, then the others. */
void GrainFinder::adopt()
{
  std::vector<int32_t> open;
  for (size_t i = 0; i < own; i++)
    if (member[i] && !grain[i]) open.push_back((int32_t) i);
  for (int layer = 0; layer < settings.layers; layer++)
    if (!(adopt_once(true, open) > 0.0)) break;
  for (int layer = 0; layer < settings.layers; layer++)
    if (!(adopt_once(false, open) > 0.0)) break;
}

/* Grains that touch and hardly differ are one. */
void GrainFinder::merge()
{
  mlgrain_error text;
  RankSums touching(lmp, owner, 1);
  check(mlgrain_count_contacts(lists, grain.data(), touching.sums(), &text), text);
  touching.gather();
  const size_t count = grains.size();
  std::vector<int32_t> map(count);
  std::vector<double> mean(4 * count);
  if (lmp->comm->me == 0) {
    std::vector<int32_t> kind(count);
    std::vector<double> size(count);
    for (size_t g = 0; g < count; g++) {
      kind[g] = grains[g].structure;
      size[g] = grains[g].inner;
      std::copy_n(grains[g].orientation, 4, &mean[4 * g]);
    }
    check(mlgrain_grains_merge(count, kind.data(), symmetry.data(),
                               reinterpret_cast<double(*)[4]>(mean.data()), size.data(),
                               touching.count(), mlgrain_keyed_sums_keys(touching.sums()),
                               settings.merge, map.data(), &text),
          text);
  }
  MPI_Bcast(map.data(), (int) count, MPI_INT32_T, 0, lmp->world);
  MPI_Bcast(mean.data(), (int) mean.size(), MPI_DOUBLE, 0, lmp->world);
  std::vector<int32_t> place(count, -1);
  std::vector<FoundGrain> left;
  for (size_t g = 0; g < count; g++) {
    if (map[g] != (int32_t) g) continue;
    place[g] = (int32_t) left.size();
    left.push_back(grains[g]);
    std::copy_n(&mean[4 * g], 4, left.back().orientation);
  }
  if (left.size() < count) {
    grains.swap(left);
    for (auto &one : grain)
      if (one) one = place[(size_t) map[(size_t) one - 1]] + 1;
    sum_orientations();
  }
  sort_by_size();
}

/* The largest first; the number of inner atoms is the same on all ranks. */
void GrainFinder::sort_by_size()
{
  std::vector<int32_t> by_size(grains.size()), order(grains.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  std::stable_sort(by_size.begin(), by_size.end(), [this](int32_t a, int32_t b) {
    return grains[(size_t) a].inner > grains[(size_t) b].inner;
  });
  for (size_t k = 0; k < order.size(); k++) order[(size_t) by_size[k]] = (int32_t) k;
  reorder(order);
}

void GrainFinder::reorder(const std::vector<int32_t> &order)
{
  std::vector<FoundGrain> moved(grains.size());
  for (size_t g = 0; g < grains.size(); g++) moved[(size_t) order[g]] = grains[g];
  grains.swap(moved);
  for (auto &one : grain)
    if (one) one = order[(size_t) one - 1] + 1;
}

double GrainFinder::memory_usage() const
{
  return (double) mlgrain_contacts_memory(lists) +
      (double) (orientation.capacity() * sizeof orientation[0]) +
      (double) ((structure.capacity() + grain.capacity()) * sizeof structure[0]) +
      (double) (inner.capacity() + member.capacity()) + neighborhood.memory_usage();
}
