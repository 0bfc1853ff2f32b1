/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system of LAMMPS as a place where structures of a boundary are relaxed. */
#ifndef MLGRAIN_SEARCH_SYSTEM_H
#define MLGRAIN_SEARCH_SYSTEM_H

#include "search_cell.h"

#include "lmptype.h"

#include <array>
#include <cstdio>
#include <functional>
#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

class SearchSystem {
 public:
  /* Told the lowest energy so far, every LOOK steps of a minimization: whether to give it up. */
  using Watch = std::function<bool(double energy)>;
  static constexpr int LOOK = 40;

  /* Makes groups, fixes and a compute, which the destructor deletes: the bottom is held, the top
     moves as one. Their names begin with "gb_search". */
  SearchSystem(LAMMPS_NS::LAMMPS *, const std::string &owner);
  ~SearchSystem();
  SearchSystem(const SearchSystem &) = delete;
  SearchSystem &operator=(const SearchSystem &) = delete;

  /* What a run begins with, without its output. */
  static void init(LAMMPS_NS::LAMMPS *);

  /* Box and atoms become those of the structure. */
  void load(const SearchStructure &);

  /* Energy after at most so many steps of minimization. */
  double minimize(double force_tolerance, int steps, const Watch & = nullptr);

  /* Molecular dynamics of all but the bottom, the top held, from velocities of this temperature. */
  void anneal(double temperature, int steps, uint64_t seed);

  /* Energy and sums of virials (xx, yy, xy), as the atoms are. */
  double energy(std::array<double, 3> &virial);

  /* Positions as they are now, and the translation of the top. */
  void read(SearchStructure &) const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  const std::string owner;
  int property;    // of grain numbers

  // of the minimization that is watched
  const Watch *watch = nullptr;
  double lowest = 0.0;
  LAMMPS_NS::bigint next_look = 0;
  bool is_given_up = false;

  void set_box(const SearchCell &);
  void set_velocities(double temperature, uint64_t seed);
  void quietly(const std::string &command);
  static void after_forces(void *, LAMMPS_NS::bigint, int, LAMMPS_NS::tagint *, double **,
                           double **);
  void look(LAMMPS_NS::bigint step);
};

}    // namespace MLGRAIN_NS

#endif
