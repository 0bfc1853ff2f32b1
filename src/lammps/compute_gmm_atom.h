/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(gmm/atom,ComputeGMMAtom);
// clang-format on
#else

#ifndef LMP_COMPUTE_GMM_ATOM_H
#define LMP_COMPUTE_GMM_ATOM_H

#include "compute.h"

#include <memory>

namespace LAMMPS_NS {

/* The class of each atom by a Gaussian mixture; doc/compute_gmm_atom.md. */
class ComputeGMMAtom : public Compute {
 public:
  ComputeGMMAtom(class LAMMPS *, int, char **);
  ~ComputeGMMAtom() override;
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

  void parse_options(int, char **);
  void print_model() const;
};

}    // namespace LAMMPS_NS

#endif
#endif
