/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clusters of atoms in a LAMMPS of their own, one on each rank, with interactions from lines of
   input: energies with another atom in the middle, relaxed. */
#ifndef MLGRAIN_CLUSTER_SYSTEM_H
#define MLGRAIN_CLUSTER_SYSTEM_H

#include "child_lammps.h"

#include <array>
#include <string>
#include <vector>

namespace MLGRAIN_NS {

/* Radii at which a relaxation stops on its way to all mobile atoms. */
static constexpr size_t STAGES = 2;

/* Atoms around a site. Those that are nearer come first, and the site first of all. */
struct Cluster {
  std::vector<double> x;    // [atoms][3] from the site
  std::vector<int> type;
  std::array<size_t, STAGES> inner = {};    // the first so many move while all others are held
  size_t mobile = 0;                        // the first so many move
  size_t whole = 0;                         // the first so many have all neighbors of theirs here

  size_t atoms() const { return type.size(); }
};

/* How far clusters reach. */
struct ClusterShape {
  double radius = 0.0;    // within it, atoms move
  double cutoff = 0.0;    // of interactions

  double inner(size_t stage) const;    // within it, atoms move first
  double whole() const;                // to atoms that mobile ones may act on
  double reach() const;                // to their neighbors
};

/* A cluster with one type in the middle, relaxed. */
struct Relaxed {
  std::array<double, STAGES> inner_energy = {};    // when the inner atoms were relaxed
  double energy = 0.0;
  double largest_force = 0.0;    // on a mobile atom, component
  double start_force = 0.0;      // the same before
  double shift = 0.0;            // how far the atom in the middle went
  double largest_shift = 0.0;    // of all others
  int evaluations = 0;
  bool converged = false;
  std::vector<double> x;    // [mobile][3]
};

class ClusterSystem {
 public:
  /* As many atom types, their masses, labels and units as the LAMMPS that asks has. Throws
     ChildFailure. */
  explicit ClusterSystem(LAMMPS_NS::LAMMPS *parent);
  ~ClusterSystem();
  ClusterSystem(const ClusterSystem &) = delete;
  ClusterSystem &operator=(const ClusterSystem &) = delete;

  void command(const std::string &line);

  /* After the commands. */
  void init();
  double cutoff() const;    // of the pair style

  /* After init(), for clusters of up to that radius. */
  void make_room(double radius);

  double tolerance = 0.0;      // no component of a force is larger in the end
  int most_evaluations = 1;    // of energy and forces, for a cluster

  /* With an atom of that type in the middle. */
  Relaxed relax(const Cluster &, int type);

 private:
  struct Evaluation;
  ChildLammps child;
  bool is_broken = false;    // by an error, after which LAMMPS' destructors may crash: it is left
  int outer_bit = 0;

  void load(const Cluster &, int type);
};

}    // namespace MLGRAIN_NS

#endif
