/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(mtp/grade/atom,ComputeMTPGradeAtom);
// clang-format on
#else

#ifndef LMP_COMPUTE_MTP_GRADE_ATOM_H
#define LMP_COMPUTE_MTP_GRADE_ATOM_H

#include "compute.h"

#include <string>

namespace LAMMPS_NS {

/* Extrapolation grades of pair style mtp; doc/compute_mtp_grade_atom.md. */
class ComputeMTPGradeAtom : public Compute {
 public:
  ComputeMTPGradeAtom(class LAMMPS *, int, char **);
  ~ComputeMTPGradeAtom() override;
  void init() override;
  double compute_scalar() override;
  void compute_peratom() override;
  double memory_usage() override;

 protected:
  std::string name;    // for messages
  class PairMTP *pair;
  double threshold;    // above which grades are to be exact

 private:
  int instance;    // which of several mtp styles under pair style hybrid
  int nmax;
  double *grade;
};

}    // namespace LAMMPS_NS

#endif
#endif
