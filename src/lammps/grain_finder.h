/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grains of all ranks' atoms: the core's mlgrain/grouping.h on each rank, and what they have to
   tell each other: labels of groups that reach over to another rank, never atoms. */
#ifndef MLGRAIN_GRAIN_FINDER_H
#define MLGRAIN_GRAIN_FINDER_H

#include "ghost_copies.h"
#include "neighborhood.h"

#include "mlgrain/contacts.h"
#include "mlgrain/grain_orientations.h"
#include "mlgrain/grouping.h"
#include "mlgrain/template_match.h"

#include <array>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace MLGRAIN_NS {

struct GrainSettings {
  double angle = 2.0;    // degrees, between neighbors, after
  int smooth = 2;        // means over neighbors, which those within
  double near = 15.0;    // degrees are part of
  double merge = 4.0;    // degrees, between grains that are one
  double share = 0.6;    // of neighbors that must be alike
  int size = 100;        // smaller groups are no grains
  int layers = 6;        // of atoms without a grain that are given to the nearest
};

/* A grain as it is found: numbers from 0, largest first. */
struct FoundGrain {
  int32_t structure = 0;
  double orientation[4] = {1.0, 0.0, 0.0, 0.0};
  double spread = 0.0;    // degrees
  double inner = 0.0;     // atoms that the orientation is the mean of
};

class GrainFinder {
 public:
  GrainFinder(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, GhostCopies &ghosts);
  ~GrainFinder();
  GrainFinder(const GrainFinder &) = delete;
  GrainFinder &operator=(const GrainFinder &) = delete;

  GrainSettings settings;

  /* Finds the grains among atoms of the group. matches: columns of compute orientation/atom;
     cutoff: how far neighbors are looked for at most. All ranks call this at once. */
  void find(int groupbit, double **matches, double cutoff);

  /* What was found, valid until the next find(): */
  std::vector<FoundGrain> grains;       // the same on all ranks
  std::vector<int32_t> grain;           // own atoms and ghosts: 1 + place, 0: none
  std::vector<unsigned char> inner;     // own atoms and ghosts: in a grain's crystal for certain
  std::vector<unsigned char> member;    // own atoms and ghosts: in the group
  const mlgrain_contacts *contacts() const { return lists; }    // until release()
  double distance() const { return nearest; }    // mean distance of nearest neighbors

  /* Frees the lists of neighbors; the rest stays. */
  void release();

  /* Puts the grains in another order: place g becomes order[g]. */
  void reorder(const std::vector<int32_t> &order);

  double memory_usage() const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  GhostCopies &ghosts;
  Neighborhood neighborhood;
  mlgrain_contacts *lists;
  size_t own, all;    // atoms
  double nearest;
  std::vector<std::array<double, 4>> orientation;
  std::vector<int32_t> structure;
  std::array<mlgrain_symmetry, MLGRAIN_STRUCTURES> symmetry;

  void clear();
  void check(mlgrain_status, const mlgrain_error &) const;
  void read_matches(double **);
  double find_reach(double **, double cutoff);
  void smooth(const mlgrain_crystal_points &);
  void group_atoms();
  void group_once(double angle, const std::vector<int64_t> &tag);
  std::unordered_set<int64_t> unite_labels(const std::vector<unsigned char> &within,
                                           std::vector<int64_t> &label);
  std::vector<int64_t> choose_labels(const std::vector<unsigned char> &within,
                                     const std::vector<int64_t> &label,
                                     const std::unordered_set<int64_t> &shared);
  void start_grains(const std::vector<unsigned char> &within, const std::vector<int64_t> &chosen,
                    const std::vector<int64_t> &label);
  void sum_orientations();
  void adopt();
  double adopt_once(bool only_alike, std::vector<int32_t> &open);
  void merge();
  void sort_by_size();
};

}    // namespace MLGRAIN_NS

#endif
