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

class BoundaryCrystals {
 public:
  mlgrain_crystal crystal = {};
  mlgrain_bicrystal_geometry geometry = {};
  mlgrain_interface interface = {};       // of a coincidence
  double area = 0.0, shift_area = 0.0;    // of the period, of the cell of distinct translations
  long long sigma = 0;
  std::string title;         // of the boundary
  double deviation = 0.0;    // degrees from the angle in its text
  double strain = 0.0;       // of find_near

  /* The lattice command's crystal. type: of each site of its basis, as many as there are. */
  BoundaryCrystals(LAMMPS_NS::LAMMPS *, const std::string &owner);
  ~BoundaryCrystals();
  BoundaryCrystals(const BoundaryCrystals &) = delete;
  BoundaryCrystals &operator=(const BoundaryCrystals &) = delete;

  /* Of the lattice's basis. */
  int sites() const;
  void read_lattice(const std::vector<int> &type);

  /* A boundary as mlgrain/boundary_text.h has it. short_along_x: the shorter vector of its period
     is the first. */
  void find(const std::string &text, double tolerance, bool short_along_x = false);

  /* A boundary that need not have a coincidence: crystals are strained in its plane by half of
     most_strain at most, to have a period whose vectors are at most most_length long. tolerance: of
     the plane of crystal 2, in degrees. */
  void find_near(const std::string &text, double tolerance, double most_strain, double most_length);

  BicrystalPointer bicrystal(const mlgrain_bicrystal_settings &) const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  const std::string owner;
};

}    // namespace MLGRAIN_NS

#endif
