/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(ler/atom,ComputeLerAtom);
// clang-format on
#else

#ifndef LMP_COMPUTE_LER_ATOM_H
#define LMP_COMPUTE_LER_ATOM_H

#include "compute.h"

#include <memory>
#include <string>

namespace MLGRAIN_NS {
class EnvironmentLibrary;
}

namespace LAMMPS_NS {

/* The nearest of a library's unique environments for each atom; doc/compute_ler_atom.md. */
class ComputeLerAtom : public Compute {
 public:
  ComputeLerAtom(class LAMMPS *, int, char **);
  ~ComputeLerAtom() override;
  void init() override;
  void setup() override;
  void compute_peratom() override;
  double memory_usage() override;

 protected:
  enum { CLASS, DISTANCE, SECOND, SEED, COLUMNS };
  std::string name;    // for messages: "Compute e ler/atom"
  std::unique_ptr<MLGRAIN_NS::EnvironmentLibrary> library;

 private:
  int nmax;
  double **found;
};

}    // namespace LAMMPS_NS

#endif
#endif
