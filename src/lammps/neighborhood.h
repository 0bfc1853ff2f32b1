/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The atoms of one rank, ghosts included, as the core takes them: sorted into cells. */
#ifndef MLGRAIN_NEIGHBORHOOD_H
#define MLGRAIN_NEIGHBORHOOD_H

#include <cstddef>
#include <string>
#include <vector>

struct mlgrain_cells;
struct mlgrain_error;

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

/* Cells, and not a LAMMPS neighbor list: analysis is done every so many steps, and a list would
   have to be built for each of them, with a skin, for a cutoff that is seldom that of the pair
   style. Cells take 28 bytes per atom and a few percent of the time, and pairs that neigh_modify
   exclude or special_bonds remove from lists still are neighbors in space. */
class Neighborhood {
 public:
  /* owner: how errors name the style, e.g. "Compute s sfd/atom" */
  Neighborhood(LAMMPS_NS::LAMMPS *lmp, const std::string &owner);
  ~Neighborhood();
  Neighborhood(const Neighborhood &) = delete;
  Neighborhood &operator=(const Neighborhood &) = delete;

  /* Stops with an error unless ghost atoms reach cutoff + skin; call when a run is set up. Ghosts
     stay in their owner's list until the next reneighboring, while atoms move by up to half the
     skin each, so that only cutghost - skin is complete at every step. */
  void require_ghosts(double cutoff) const;

  /* Sorts the current atoms, local ones first and then ghosts, for searches up to cutoff. Owned by
     this object, until release(). Stops with an error naming the atom whose position is not
     finite. */
  const mlgrain_cells *build(double cutoff);
  void release();

  /* 1 for local atoms of the group, 0 for all other points. */
  const unsigned char *chosen(int groupbit);

  double memory_usage() const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  mlgrain_cells *cells;
  std::vector<unsigned char> mask;
};

/* "5.904": how numbers stand in messages. */
std::string to_text(double value);

}    // namespace MLGRAIN_NS

#endif
