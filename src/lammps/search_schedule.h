/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How searches divide their work: among cells, fractions of a plane, and ways to make structures.
 */
#ifndef MLGRAIN_SEARCH_SCHEDULE_H
#define MLGRAIN_SEARCH_SCHEDULE_H

#include "search_archive.h"

#include <array>
#include <vector>

namespace MLGRAIN_NS {

/* What users allow. */
struct SearchLimits {
  int cells[2];          // the largest, in periods
  double area;           // in periods; negative: as far as `cells` goes
  bool only;             // the largest cell
  double fraction[2];    // of a plane that random starts lack, from, to
  double weight[3];      // of random starts, hops, and pieces in other cells
};

/* It knows what trials have found, and nothing of the time they take, so that searches can be done
   again. */
class SearchSchedule {
 public:
  struct Start {
    SearchPeriods periods;
    int removed;    // atoms of the plane
  };

  /* period: the boundary's vectors; plane: atoms of a plane in one period. */
  SearchSchedule(const SearchLimits &, const double period[2][2], int plane);

  /* What to do next: the ways to make structures in proportion to their weights and to what
     they have found of late for their work. */
  SearchOrigin origin(TrialRandom &) const;

  /* Cell and atoms to take out, near a fraction if it isn't negative. The work is the same for
     cells of 1 to 2, 2 to 4, ... periods, less where nothing new has been found. */
  Start random_start(TrialRandom &, double fraction) const;

  /* A larger cell for a structure and others beside it: for the same work in each, half of it with
     the structure's own second edge. False if there is none. */
  bool larger(const SearchPeriods &part, TrialRandom &, SearchPeriods &) const;

  /* A longer or shorter cell of as many rows, at most twice as long, that doesn't just repeat the
     structure. False if there is none. */
  bool stretched(const SearchPeriods &part, TrialRandom &, SearchPeriods &) const;

  /* A random start has ended; whether in a new structure. */
  void learn_start(const SearchStructure &, bool is_new);

  /* A trial has ended; rank: place of a new structure among parents, or -1. */
  void learn(SearchOrigin, double work, int rank);

 private:
  struct Count {
    long tried = 0, fresh = 0;
    double promise() const { return (double) (fresh + 2) / (double) (tried + 2); }
  };
  struct Shape {
    int along[2] = {1, 1};
    int plane = 0;                // atoms of a plane
    int first = 0, last = 0;      // of these may be taken out
    double chance = 0.0;          // of random starts, if nothing were known
    std::vector<int> straight;    // shears that make it a rectangle or a centered one, nearly
    Count count;
    std::vector<Count> removed;
  };
  struct Record {
    double trials = 0.0, work = 0.0, success = 0.0;
  };

  double weight[ORIGINS] = {};
  std::array<Record, ORIGINS> record = {};
  std::vector<Shape> shapes;

  int shear(const Shape &, TrialRandom &) const;
};

/* Whether a pattern that repeats by one cell's edges does so by another's second edge, too, and is
   shorter along x. */
bool fits_beside(const SearchPeriods &part, const SearchPeriods &whole);

}    // namespace MLGRAIN_NS

#endif
