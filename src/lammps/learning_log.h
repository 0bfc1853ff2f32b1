/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How well predictions held in the cells that were labeled last, and how many labels a run needs.
 */
#ifndef MLGRAIN_LEARNING_LOG_H
#define MLGRAIN_LEARNING_LOG_H

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace MLGRAIN_NS {

class LearningLog {
 public:
  /* A cell whose forces were predicted before they were known, near its center.
       error   [atoms] of forces
       spread  [atoms] of forces over members
       factor  of the predicted error, which is factor times spread */
  void add_cell(const std::vector<double> &error, const std::vector<double> &spread, double factor);

  /* A check of the run at some time, after which so many labels were learned. */
  void add_check(double time, size_t labels);

  double coverage() const;           // part of the atoms below their predicted error; -1: unknown
  double rms_error() const;          // of the last cells; -1: unknown
  double rms_predicted() const;      // what was predicted for them; -1: unknown
  double labels_per_time() const;    // over the last checks

  /* What spreads should be multiplied by, from the last cells: the quantile of error over spread
     that holds for one more (conformal prediction); 0 with fewer cells than it takes. */
  double factor(double confidence) const;

 private:
  struct Atom {
    double error, spread, predicted;
  };
  std::deque<std::vector<Atom>> cells;
  std::deque<std::pair<double, size_t>> checks;

  double rms(double Atom::*what) const;
};

}    // namespace MLGRAIN_NS

#endif
