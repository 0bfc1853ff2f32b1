/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boundaries of a polycrystal are like, from orientations and normals alone: the core's
   mlgrain/measured_boundary.h and mlgrain/boundary_energy.h for the lattices of LAMMPS. */
#ifndef MLGRAIN_BOUNDARY_MEASURES_H
#define MLGRAIN_BOUNDARY_MEASURES_H

#include "mlgrain/boundary_energy.h"
#include "mlgrain/measured_boundary.h"
#include "mlgrain/orientation.h"

#include <string>

namespace MLGRAIN_NS {

/* Coincidences are looked for up to this Sigma. */
constexpr int MOST_SIGMA = 49;

/* Kinds of boundaries are told to this many degrees. */
constexpr double KIND_TOLERANCE = 5.0;

struct BoundaryMeasures {
  mlgrain_measured_boundary geometry;
  int kind;             // from 1: symmetric tilt, twist, asymmetric tilt, mixed
  int64_t number[7];    // of the exact boundary near it, in the description that stands for all:
                        // rotation (q0 v1 v2 v3) and plane (h k l); 0 if there is none
  double energy;        // J/m^2, of a metal; 0 if none was named
};

class BoundaryMeter {
 public:
  /* lattice_style: as in LAMMPS' Lattice. Lattices whose coincidences aren't known in whole numbers
     (of a symmetry other than cubic, but for hcp) have none. Throws std::runtime_error. */
  BoundaryMeter(int lattice_style, mlgrain_symmetry symmetry);
  ~BoundaryMeter();
  BoundaryMeter(const BoundaryMeter &) = delete;
  BoundaryMeter &operator=(const BoundaryMeter &) = delete;

  /* Al, Ni, Au or Cu; false: none of these. */
  bool set_metal(const std::string &symbol);
  bool has_metal() const { return has_energy; }

  /* Orientations (mlgrain/orientation.h) and the normal in the box. Throws std::runtime_error. */
  BoundaryMeasures measure(const double q1[4], const double q2[4], const double normal[3]) const;

 private:
  mlgrain_lattice lattice;
  mlgrain_coincidence_catalog *catalog = nullptr;
  bool has_energy = false;
  mlgrain_fcc_metal metal = MLGRAIN_COPPER;
};

}    // namespace MLGRAIN_NS

#endif
