/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How searches make new structures, before they are relaxed. */
#ifndef MLGRAIN_SEARCH_MOVES_H
#define MLGRAIN_SEARCH_MOVES_H

#include "search_archive.h"

namespace MLGRAIN_NS {

/* So many periods along x of a structure, which goes on and on. */
struct SearchPiece {
  const SearchStructure *of;
  int start, length;
};

/* What moves need to know of the boundary. Lengths are those of the run. */
struct SearchMoves {
  double shift[2][2];     // the cell of distinct translations
  double net[2][2][2];    // vectors in the plane of crystal 1 and 2
  double length;          // the lattice's first axis

  /* The crystals at a random translation, without so many random atoms of a plane of grain 2. */
  SearchStructure random(const std::shared_ptr<const SearchCell> &, int removed,
                         TrialRandom &) const;

  /* A structure with a few atoms of the boundary moved to holes, taken out or put back, or all
     shaken. */
  SearchStructure hop(const SearchStructure &, TrialRandom &) const;

  /* Pieces of structures side by side along x in a cell whose periods along x are the sum of
     theirs. */
  SearchStructure splice(const std::shared_ptr<const SearchCell> &,
                         const std::vector<SearchPiece> &, TrialRandom &) const;

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
