/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clusters of atoms around sites: of those that a rank has, ghosts included, and of perfect
   crystals. */
#ifndef MLGRAIN_SITE_CLUSTERS_H
#define MLGRAIN_SITE_CLUSTERS_H

#include "cluster_system.h"

#include "lmptype.h"

#include <array>
#include <string>
#include <vector>

namespace MLGRAIN_NS {

class SiteClusters {
 public:
  /* Sorts the atoms of this rank, and gets ghosts within `reach` of it; collective. Nothing of
     LAMMPS may change before the object is gone. Errors of LAMMPS begin with `owner`. */
  SiteClusters(LAMMPS_NS::LAMMPS *, const std::string &owner, double reach);
  ~SiteClusters();
  SiteClusters(const SiteClusters &) = delete;
  SiteClusters &operator=(const SiteClusters &) = delete;

  /* Around a local atom; the same for any order of atoms and any ranks. */
  Cluster around(int i, const ClusterShape &) const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  double reach, edge = 0.0, low[3] = {};
  int cells[3] = {};
  std::vector<int> start, member;    // atoms by cell

  void get_ghosts(const std::string &owner) const;
  void sort_atoms();
  int cell_of(double x, int d) const;
};

/* Of the crystal of LAMMPS' lattice, all of one type, around the first site of its basis. */
Cluster crystal_cluster(LAMMPS_NS::LAMMPS *, int type, const ClusterShape &);

/* Distance that divides the nearest neighbors of the site from the others: the middle of the widest
   gap, by ratio, among distances up to 1.7 of the shortest. */
double first_shell(const Cluster &);

/* Number of atoms within a distance of the site. */
int coordination(const Cluster &, double distance);

}    // namespace MLGRAIN_NS

#endif
