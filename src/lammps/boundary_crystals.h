/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two crystals of a boundary, of the current lattice. */
#ifndef MLGRAIN_BOUNDARY_CRYSTALS_H
#define MLGRAIN_BOUNDARY_CRYSTALS_H

#include "mlgrain/bicrystal.h"

#include <memory>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

/* Frees what the core has made. */
struct BicrystalFree {
  void operator()(mlgrain_bicrystal *b) const { mlgrain_bicrystal_free(b); }
  void operator()(mlgrain_bicrystal_cell *c) const { mlgrain_bicrystal_cell_free(c); }
};
using BicrystalPointer = std::unique_ptr<mlgrain_bicrystal, BicrystalFree>;
using BicrystalCellPointer = std::unique_ptr<mlgrain_bicrystal_cell, BicrystalFree>;

/* A boundary as an input line tells it; negative numbers: not told. */
struct BoundaryWords {
  std::string text;
  double tolerance = -1.0;
  double strain = -1.0;    // the most that nets without coincidence may be strained by, in all
  double period = -1.0;    // the longest vectors of their period then
};

class BoundaryCrystals {
 public:
  mlgrain_crystal crystal = {};
  mlgrain_bicrystal_geometry geometry = {};
  mlgrain_interface interface = {};       // of a coincidence
  double area = 0.0, shift_area = 0.0;    // of the period, of the cell of distinct translations
  long long sigma = 0;
  std::string title;         // of the boundary
  double deviation = 0.0;    // degrees from the angle in its text
  double strain = 0.0;       // of nets without coincidence, in all
  std::string warning;       // of a coincidence that is rarely meant; or nothing

  /* The lattice command's crystal. type: of each site of its basis, as many as there are. */
  BoundaryCrystals(LAMMPS_NS::LAMMPS *, const std::string &owner);
  ~BoundaryCrystals();
  BoundaryCrystals(const BoundaryCrystals &) = delete;
  BoundaryCrystals &operator=(const BoundaryCrystals &) = delete;

  /* Of the lattice's basis. */
  int sites() const;
  void read_lattice(const std::vector<int> &type);

  /* Takes the value of one of the keywords tolerance, strain and period; false: it is none. */
  bool take(const std::string &keyword, const char *value, BoundaryWords &) const;

  /* short_along_x: the shorter vector of the period is the first. With a strain it always is. */
  void find(const BoundaryWords &, bool short_along_x = false);

  /* Of an atom in crystal 0 or 1, strained as the geometry is. */
  double atom_volume(int which) const;

  BicrystalPointer bicrystal(const mlgrain_bicrystal_settings &) const;

 private:
  void find_coincidence(const std::string &text, double tolerance, bool short_along_x);
  void find_near(const std::string &text, double tolerance, double most_strain, double most_length);

  LAMMPS_NS::LAMMPS *lmp;
  const std::string owner;
};

}    // namespace MLGRAIN_NS

#endif
