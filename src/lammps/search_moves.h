/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How searches make new structures, before they are relaxed. */
#ifndef MLGRAIN_SEARCH_MOVES_H
#define MLGRAIN_SEARCH_MOVES_H

#include "search_archive.h"

namespace MLGRAIN_NS {

/* What moves need to know of the boundary. Lengths are those of the run. */
struct SearchMoves {
  double shift[2][2];     // the cell of distinct translations
  double net[2][2][2];    // vectors in the plane of crystal 1 and 2
  double length;          // the lattice's first axis
  double fraction[2];     // of a plane that random starts lack, from, to

  /* The crystals at a random translation, without a random fraction of a plane of grain 2, near the
     given one if it isn't negative. */
  SearchStructure random(const std::shared_ptr<const SearchCell> &, double fraction,
                         TrialRandom &) const;

  /* A structure with a few atoms of the boundary moved to holes, taken out or put back, or all
     shaken. */
  SearchStructure hop(const SearchStructure &, TrialRandom &) const;

  /* Structures of smaller cells side by side along x in one cell, whose periods along x are the sum
     of theirs. */
  SearchStructure splice(const std::shared_ptr<const SearchCell> &,
                         const std::vector<const SearchStructure *> &, TrialRandom &) const;

 private:
  void relocate(SearchStructure &, TrialRandom &) const;
  void take_out(SearchStructure &, TrialRandom &) const;
  bool put_back(SearchStructure &, TrialRandom &) const;
  void shake(SearchStructure &, TrialRandom &) const;
  int boundary_atom(const SearchStructure &, TrialRandom &) const;
  void find_hole(const SearchStructure &, int except, TrialRandom &, double hole[3]) const;
};

}    // namespace MLGRAIN_NS

#endif
