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

  /* Sorts the current atoms, local ones first and then ghosts, for searches up to cutoff. Owned by
     this object, until release(). Stops with an error naming the atom whose position is not
     finite. */
  const mlgrain_cells *build(double cutoff);

  /* The same for n other points, [n][3]. */
  const mlgrain_cells *build(size_t n, const double *x, double cutoff);

  void release();

  /* 1 for local atoms of the group, 0 for all other points. */
  const unsigned char *chosen(int groupbit);

  double memory_usage() const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  mlgrain_cells *cells;
  std::vector<unsigned char> mask;

  size_t sort(size_t n, const double *x, double cutoff);
};

/* "5.904": how numbers stand in messages. */
std::string to_text(double value);

}    // namespace MLGRAIN_NS

#endif
