/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(orientation/atom,ComputeOrientationAtom);
// clang-format on
#else

#ifndef LMP_COMPUTE_ORIENTATION_ATOM_H
#define LMP_COMPUTE_ORIENTATION_ATOM_H

#include "compute.h"

#include "mlgrain/template_match.h"

#include <memory>
#include <string>
#include <vector>

namespace LAMMPS_NS {

/* Crystal structure and orientation of each atom; doc/compute_orientation_atom.md. */
class ComputeOrientationAtom : public Compute {
 public:
  ComputeOrientationAtom(class LAMMPS *, int, char **);
  ~ComputeOrientationAtom() override;
  void init() override;
  void setup() override;
  void compute_peratom() override;
  double memory_usage() override;

 private:
  struct Settings;
  struct Core;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Core> core;            // the library's objects
  int nmax;
  double **columns;

  double positive(const std::string &, const char *);
  void parse(int, char **);
  double automatic_cutoff();
  void require_ghosts() const;
  void write_columns();
};

}    // namespace LAMMPS_NS

#endif
#endif
