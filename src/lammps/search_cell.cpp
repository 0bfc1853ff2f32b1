/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "search_cell.h"

#include "boundary_crystals.h"

#include "error.h"
#include "lammps.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

/* Atoms are pushed apart to this distance, and have collapsed nearer than that, in cube roots of
   the volume of an atom (neighbors are 1.12 apart in fcc, 1.09 in bcc, 0.87 in diamond). */
static constexpr double APART = 0.65, COLLAPSED = 0.5;
static constexpr int SWEEPS = 50;

SearchCell::SearchCell(LAMMPS *lmp, const BoundaryCrystals &crystals, const std::string &owner,
                       const SearchPeriods &periods, double thickness, double hold) :
    periods(periods)
{
  const auto bicrystal =
      crystals.bicrystal({thickness, {periods.along[0], periods.along[1]}, periods.shear, {0, 0}});
  mlgrain_bicrystal_placement placement = {{0.0, 0.0}, 0.0, 0.0, 1};
  mlgrain_bicrystal_cell *made = nullptr;
  mlgrain_error text;
  if (mlgrain_bicrystal_place(bicrystal.get(), &placement, &made, &text))
    lmp->error->all(FLERR, owner + ": " + text.text);
  const BicrystalCellPointer owned(made);
  const auto box = mlgrain_bicrystal_cell_box(made);
  memcpy(edge, box.edge, sizeof edge);
  area = box.area;
  low = box.low;
  high = box.high;
  gap = box.shift[2];
  for (size_t number = 0; number < box.numbers; number++) {
    mlgrain_bicrystal_atom atom;
    mlgrain_bicrystal_atom_of(made, number, &atom);
    const double z = atom.x[2];
    const SearchLayer layer = z < low + hold ? BOTTOM : z > high - hold ? TOP : MOBILE;
    site.push_back({{atom.x[0], atom.x[1], z}, atom.grain, atom.type, layer});
  }
  const auto above = mlgrain_bicrystal_grain_of(bicrystal.get(), 0);
  const auto below = mlgrain_bicrystal_grain_of(bicrystal.get(), 1);
  normal_step = above.spacing;
  atom_volume = mlgrain_crystal_atom_volume(&crystals.crystal);
  volume = gap;
  for (int which = 0; which < 2; which++) {
    const auto &grain = which ? below : above;
    /* between the outermost lattice planes; what is beyond them at the surface isn't counted */
    const double beyond =
        (double) grain.atoms - (double) grain.planes * (double) grain.atoms_per_plane;
    volume += grain.along[2] + 0.5 * beyond * crystals.atom_volume(which) / area;
  }
  std::vector<int> order;
  for (size_t i = 0; i < site.size(); i++)
    if (site[i].grain == 1) order.push_back((int) i);
  std::stable_sort(order.begin(), order.end(),
                   [this](int i, int j) { return site[i].x[2] > site[j].x[2] + 1e-6; });
  order.resize(std::min(order.size(), below.atoms_per_plane));
  plane = order;
}

void SearchCell::nearest(double d[3]) const
{
  for (int k = 1; k >= 0; k--) {
    const double n = std::rint(d[k] / edge[k][k]);
    for (int i = 0; i < 2; i++) d[i] -= n * edge[k][i];
  }
}

void SearchStructure::fill(const std::vector<bool> &removed)
{
  site.clear();
  x.clear();
  for (size_t i = 0; i < cell->site.size(); i++) {
    if (removed[i]) continue;
    site.push_back((int) i);
    const auto &s = cell->site[i];
    for (int d = 0; d < 3; d++) x.push_back(s.x[d] + (s.grain == 0 ? translation[d] : 0.0));
  }
}

double SearchStructure::fraction() const
{
  const double whole = (double) removed() / (double) cell->plane.size();
  return whole - std::floor(whole);
}

std::array<double, 2> SearchStructure::atoms_of_grains() const
{
  std::array<double, 2> count = {0.0, 0.0};
  for (const int s : site) count[cell->site[s].grain] += 1.0;
  return count;
}

void SearchStructure::separation(int i, int j, double d[3]) const
{
  for (int k = 0; k < 3; k++) d[k] = x[3 * j + k] - x[3 * i + k];
  cell->nearest(d);
}

std::vector<std::pair<int, int>> SearchStructure::pairs_within(double distance) const
{
  std::vector<int> order(atoms());
  std::iota(order.begin(), order.end(), 0);
  const auto height = [this](int i) { return x[3 * i + 2]; };
  std::stable_sort(order.begin(), order.end(), [&](int i, int j) { return height(i) < height(j); });
  std::vector<std::pair<int, int>> pairs;
  for (size_t a = 0; a < order.size(); a++)
    for (size_t b = a + 1; b < order.size(); b++) {
      if (height(order[b]) - height(order[a]) >= distance) break;
      double d[3];
      separation(order[a], order[b], d);
      if (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] < distance * distance)
        pairs.emplace_back(order[a], order[b]);
    }
  return pairs;
}

void SearchStructure::push_apart()
{
  const double least = APART * std::cbrt(cell->atom_volume);
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    const auto pairs = pairs_within(0.999 * least);
    if (pairs.empty()) return;
    for (const auto &pair : pairs) {
      double d[3];
      separation(pair.first, pair.second, d);
      const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
      if (r >= least) continue;
      for (int k = 0; k < 3; k++) {
        const double direction = r > 1e-9 ? d[k] / r : k == 2 ? 1.0 : 0.0;
        const double part = 0.5 * (least - r) * direction;
        if (cell->site[site[pair.first]].layer == MOBILE) x[3 * pair.first + k] -= part;
        if (cell->site[site[pair.second]].layer == MOBILE) x[3 * pair.second + k] += part;
      }
    }
  }
}

bool SearchStructure::has_collapsed() const
{
  const bool is_finite =
      std::all_of(x.begin(), x.end(), [](double value) { return std::isfinite(value); });
  return !is_finite || !pairs_within(COLLAPSED * std::cbrt(cell->atom_volume)).empty();
}

int TrialRandom::early(double mean, size_t count)
{
  for (int attempt = 0; attempt < 20; attempt++) {
    const double k = -mean * std::log(uniform());
    if (k < (double) count) return (int) k;
  }
  return 0;
}

}    // namespace MLGRAIN_NS
