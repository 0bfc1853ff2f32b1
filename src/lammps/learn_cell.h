/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cell that was cut out of a run, and its label. */
#ifndef MLGRAIN_LEARN_CELL_H
#define MLGRAIN_LEARN_CELL_H

#include "lmptype.h"

#include <array>
#include <string>
#include <vector>

namespace MLGRAIN_NS {

struct LearnCell {
  std::array<double, 9> edge = {};    // rows, as seen in the run
  std::vector<double> x;              // [atoms][3] from a corner
  std::vector<int> type;              // [atoms] of the run; empty if it was read from a file
  std::vector<int> species;           // [atoms] of the potential
  std::vector<double> weight;         // [atoms] of forces
  /* where it comes from */
  LAMMPS_NS::bigint step = 0;
  LAMMPS_NS::tagint center = 0;
  double score = 0.0;
  /* label */
  double energy = 0.0;
  std::vector<double> force;            // [atoms][3], empty before there is one
  std::array<double, 6> virial = {};    // xx yy zz xy xz yz, minus stress times volume

  size_t atoms() const { return species.size(); }
};

/* Whether two cells are the same atoms at the same places, up to 0.001 Angstrom. */
bool same_cell(const LearnCell &, const LearnCell &);

/* Why a label can't be right, "" if it may be: numbers that are missing or not finite, forces that
   don't add up to 0, or that are all 0 where others are predicted.
     predicted  [atoms][3] forces */
std::string why_no_label(const LearnCell &, const std::vector<double> &predicted);

}    // namespace MLGRAIN_NS

#endif
