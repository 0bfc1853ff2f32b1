/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What searches for structures of a boundary are made of: cells of some periods, and structures in
   them. */
#ifndef MLGRAIN_SEARCH_CELL_H
#define MLGRAIN_SEARCH_CELL_H

#include "mlgrain/random.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

class BoundaryCrystals;

enum SearchLayer { MOBILE, BOTTOM, TOP };

/* Where an atom belongs in the crystals without any translation. */
struct SearchSite {
  double x[3];
  int grain, type;    // grain 0 above, 1 below
  SearchLayer layer;
};

/* Periods of a cell: so many of the first vector along x; so many of the second one and, besides,
   of the first, along the second edge. 0 <= shear < along[0]. */
struct SearchPeriods {
  int along[2], shear;
  int count() const { return along[0] * along[1]; }
  bool operator<(const SearchPeriods &other) const
  {
    return std::tie(along[0], along[1], shear) <
        std::tie(other.along[0], other.along[1], other.shear);
  }
};

/* Some periods of a boundary between two surfaces. Grain 2, below, stays where it is; grain
   1 is moved by the translation of a structure. */
struct SearchCell {
  SearchPeriods periods;
  double edge[2][3];    // along x, in the plane xy
  double area, low, high;
  std::vector<SearchSite> site;
  std::vector<int> plane;    // sites of grain 2 in the plane next to the boundary
  double gap;                // between the outermost lattice planes
  double volume;             // excess volume per area of the crystals as they are, without atoms
  double atom_volume;
  double normal_step;    // of lattice planes of grain 1

  SearchCell(LAMMPS_NS::LAMMPS *, const BoundaryCrystals &, const std::string &owner,
             const SearchPeriods &, double thickness, double hold);

  /* Brings a vector's part in the plane near zero, by periods. */
  void nearest(double d[3]) const;
};

/* Atoms of a cell: those whose sites are listed. All ranks hold all of it. */
struct SearchStructure {
  std::shared_ptr<const SearchCell> cell;
  std::vector<int> site;
  std::vector<double> x;                      // [3 atoms]
  double translation[3] = {0.0, 0.0, 0.0};    // of grain 1

  /* As the crystals are, without the sites that are flagged. */
  void fill(const std::vector<bool> &removed);
  size_t atoms() const { return site.size(); }
  size_t removed() const { return cell->site.size() - site.size(); }
  double fraction() const;
  std::array<double, 2> atoms_of_grains() const;

  /* Pairs of atoms nearer than this. */
  std::vector<std::pair<int, int>> pairs_within(double distance) const;

  /* From the first atom to the nearest image of the second. */
  void separation(int i, int j, double d[3]) const;

  /* Moves mobile atoms so that none are too near to others for potentials that know no such pairs.
   */
  void push_apart();

  /* Whether atoms are nearer than they ever are, or nowhere. */
  bool has_collapsed() const;
};

/* Random numbers of one trial. */
class TrialRandom {
 public:
  TrialRandom(uint64_t seed, uint64_t trial) : seed(seed), trial(trial) {}
  double uniform() { return mlgrain_random(seed, trial, draw++); }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  int below(size_t count)
  {
    const auto k = (size_t) (uniform() * (double) count);
    return (int) (k < count ? k : count - 1);
  }
  /* 0, 1, ... with this mean, less than count. */
  int early(double mean, size_t count);

 private:
  uint64_t seed, trial, draw = 0;
};

}    // namespace MLGRAIN_NS

#endif
