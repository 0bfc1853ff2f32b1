/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef MINIMIZE_CLASS
// clang-format off
MinimizeStyle(lbfgs,MinLBFGS);
// clang-format on
#else

#ifndef LMP_MIN_LBFGS_H
#define LMP_MIN_LBFGS_H

#include "min_linesearch.h"

#include "mlgrain/lbfgs.h"

namespace LAMMPS_NS {

/* Minimization by the L-BFGS method: one evaluation of the forces in most steps;
   doc/min_lbfgs.md. */
class MinLBFGS : public MinLineSearch {
 public:
  explicit MinLBFGS(class LAMMPS *);
  void setup_style() override;
  void reset_vectors() override;
  int iterate(int) override;

 private:
  mlgrain_lbfgs method;
  double *vector[MLGRAIN_LBFGS_VECTORS];    // of the method, this rank's part
  double slope;                             // along the direction

  void start();
  bool find_direction();
  bool go();
  void remember();
  bool is_small_force();
};

}    // namespace LAMMPS_NS

#endif
#endif
