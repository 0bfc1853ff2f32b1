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
#include <string>
#include <vector>

struct mlgrain_gmm;

namespace MLGRAIN_NS {
class AtomFeatures;
}

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

 protected:
  /* For an accelerated form. */
  const std::string &title() const;    // "Compute g gmm/atom"
  const mlgrain_gmm *mixture() const;
  const MLGRAIN_NS::AtomFeatures &features() const;
  bool gives_responsibilities() const;
  std::vector<double> &
  local_counts();    // [size_vector] atoms of each class, not finite, out of range

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
