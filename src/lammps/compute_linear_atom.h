/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(linear/atom,ComputeLinearAtom);
// clang-format on
#else

#ifndef LMP_COMPUTE_LINEAR_ATOM_H
#define LMP_COMPUTE_LINEAR_ATOM_H

#include "compute.h"

#include <memory>

namespace LAMMPS_NS {

/* Predictions of a linear model for each atom, or from global numbers; doc/compute_linear_atom.md.
 */
class ComputeLinearAtom : public Compute {
 public:
  ComputeLinearAtom(class LAMMPS *, int, char **);
  ~ComputeLinearAtom() override;
  void init() override {}
  void setup() override;
  void compute_vector() override;
  void compute_peratom() override;
  double memory_usage() override;

 private:
  struct Core;
  std::unique_ptr<Core> core;    // the model and its inputs
  int nmax;
  double **array;    // the output, by atom

  bool parse_mode(int, char **);
  void print_model() const;
};

}    // namespace LAMMPS_NS

#endif
#endif
