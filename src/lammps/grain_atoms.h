/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atoms at the lattice sites of grains. */
#ifndef MLGRAIN_GRAIN_ATOMS_H
#define MLGRAIN_GRAIN_ATOMS_H

#include "lmptype.h"

#include <cstddef>
#include <exception>
#include <string>
#include <vector>

struct mlgrain_sites;

namespace LAMMPS_NS {
class Atom;
class LAMMPS;
}    // namespace LAMMPS_NS

namespace MLGRAIN_NS {

/* Makes atoms of the sites it is given, and gives them IDs in the order of grains, rows and places,
   which is the same for any number of ranks. A row may be divided among ranks. */
class GrainAtoms {
 public:
  std::vector<LAMMPS_NS::bigint> count;    // of each grain, on this rank
  LAMMPS_NS::bigint removed = 0;           // sites, on this rank
  std::exception_ptr failure;              // what take has caught

  /* type: of each site of the basis. property: index of the custom vector of grain numbers. */
  GrainAtoms(LAMMPS_NS::LAMMPS *, const std::string &owner, size_t grains,
             const std::vector<int> &type, int property);

  /* To be called for each grain, on all ranks. */
  void begin_grain(size_t number, size_t row_count);

  /* A mlgrain_sites_visitor whose context is a GrainAtoms. */
  static int take(void *context, const mlgrain_sites *sites);

  /* To be called after each grain, on all ranks; `last` for the last. */
  void end_grain(bool last);

 private:
  LAMMPS_NS::LAMMPS *lmp;
  LAMMPS_NS::Atom *atom;
  const std::string owner;
  const std::vector<int> type;
  const int property;
  size_t grain = 0, first_row = 0;
  LAMMPS_NS::bigint last_id = 0;
  std::vector<int> rows;    // atoms of each row that waits for IDs
  struct RowAtoms {
    size_t row, count;
  };
  std::vector<RowAtoms> waiting;    // atoms of this rank by rows, or parts of them, in order
  int first_waiting;                // index of the first of these atoms

  void create(const mlgrain_sites &sites);
  void number_atoms();
};

}    // namespace MLGRAIN_NS

#endif
