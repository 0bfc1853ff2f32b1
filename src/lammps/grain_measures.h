/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What grains and the boundaries between them are like: sums over the atoms of all ranks. */
#ifndef MLGRAIN_GRAIN_MEASURES_H
#define MLGRAIN_GRAIN_MEASURES_H

#include "ghost_copies.h"
#include "grain_finder.h"
#include "neighborhood.h"

#include "mlgrain/grain_faces.h"
#include "mlgrain/voronoi.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace MLGRAIN_NS {

struct GrainSize {
  double atoms = 0.0;
  double open = 0.0;      // of them, those whose Voronoi cell vacuum bounds: not part of the volume
  double volume = 0.0;    // of the others' cells
  double center[3] = {0.0, 0.0, 0.0};
  double moment[6] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0};    // xx yy zz yz xz xy, mean over the atoms
};

/* grain1 < grain2, places as in GrainFinder::grains. */
struct BoundarySize {
  int32_t grain1 = 0, grain2 = 0;
  double area = 0.0, face_area = 0.0;
  double normal[3] = {0.0, 0.0, 0.0};    // from grain1 to grain2; 0 0 0 if it cancels
  double spread = 0.0;                   // of the normal, degrees
  double atoms = 0.0;
  double energy = 0.0;    // excess, energy units; NaN if it isn't known
  double volume = 0.0;    // excess; NaN if it isn't known
  std::vector<double> mean;
  std::vector<double> share;    // of the atoms, in each class
};

/* A line where three grains meet, ascending, places as in GrainFinder::grains. */
struct TripleLine {
  int32_t grain[3] = {0, 0, 0};
  double length = 0.0, edge_length = 0.0;
  double direction[3] = {0.0, 0.0, 0.0};    // 0 0 0 if it cancels
  double spread = 0.0;                      // of the direction, degrees
};

/* Numbers of own atoms. */
struct AtomValues {
  struct Classes {
    int count = 0;             // classes are 1 to this; other numbers are none
    std::vector<double> of;    // [own atoms]
  };
  std::vector<double> energy;                // [own atoms], empty: unknown
  std::vector<std::vector<double>> means;    // [columns][own atoms], to be averaged
  std::vector<Classes> classes;              // to be counted
};

/* What is to be measured. */
struct MeasureSettings {
  double cutoff = 0.0;    // of Voronoi cells, and the radius over which normals are averaged
  int width = 3;          // layers of atoms behind those at a boundary that count as its
  bool boundaries = true;
  bool volumes = true;
  std::vector<double> reference;    // energy of an atom in the crystal by type; empty: measured
};

class GrainMeasures {
 public:
  GrainMeasures(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, GhostCopies &ghosts);

  MeasureSettings settings;

  /* All ranks call this at once. */
  void measure(const GrainFinder &finder, const AtomValues &values);

  std::vector<GrainSize> grains;           // the same on all ranks
  std::vector<BoundarySize> boundaries;    // on rank 0
  std::vector<TripleLine> lines;           // on rank 0
  std::vector<int32_t> partner;    // own atoms and ghosts: 1 + place of the grain across the
                                   // boundary that the atom counts to, 0: none
  double memory_usage() const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  GhostCopies &ghosts;
  Neighborhood neighborhood;
  std::vector<mlgrain_voronoi_cell> cell;     // of own atoms
  std::vector<mlgrain_grain_faces> faces;     // of own atoms and ghosts
  std::vector<mlgrain_triple_edges> edges;    // the same
  size_t own, all;

  struct Directions {
    std::vector<int32_t> place;                                      // own atoms and ghosts
    std::vector<std::array<double[3], MLGRAIN_FACE_PARTNERS>> of;    // own atoms: of each item
  };

  void check(mlgrain_status, const mlgrain_error &) const;
  std::vector<unsigned char> near_others(const GrainFinder &);
  void find_cells(const GrainFinder &, const mlgrain_cells *);
  void copy_faces();
  void copy_edges();
  template <class Item, class Find>
  Directions mean_directions(const GrainFinder &, const std::vector<Item> &, Find);
  void sum_faces(const GrainFinder &, class RankSums &);
  void find_partners(const GrainFinder &);
  void sum_excess(const GrainFinder &, const AtomValues &, class RankSums &);
  std::vector<double> interior(const GrainFinder &, const AtomValues &);
  void finish_boundaries(size_t means, class RankSums &);
  void find_lines(const GrainFinder &);
  void finish_lines(class RankSums &);
  void sum_sizes(const GrainFinder &);
  void sum_moments(const GrainFinder &);
};

}    // namespace MLGRAIN_NS

#endif
