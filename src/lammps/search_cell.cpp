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
  for (const auto &grain : {above, below}) {
    /* between the outermost lattice planes; what is beyond them at the surface isn't counted */
    const double beyond =
        (double) grain.atoms - (double) grain.planes * (double) grain.atoms_per_plane;
    volume += grain.along[2] + 0.5 * beyond * atom_volume / area;
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

int TrialRandom::early(double mean, size_t count)
{
  for (int attempt = 0; attempt < 20; attempt++) {
    const double k = -mean * std::log(uniform());
    if (k < (double) count) return (int) k;
  }
  return 0;
}

}    // namespace MLGRAIN_NS
