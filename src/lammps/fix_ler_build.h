/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef FIX_CLASS
// clang-format off
FixStyle(ler/build,FixLerBuild);
// clang-format on
#else

#ifndef LMP_FIX_LER_BUILD_H
#define LMP_FIX_LER_BUILD_H

#include "fix.h"

#include <cstddef>
#include <memory>

struct mlgrain_selection;

namespace LAMMPS_NS {

/* Collects a library of unique environments from a run; doc/fix_ler_build.md. */
class FixLerBuild : public Fix {
 public:
  FixLerBuild(class LAMMPS *, int, char **);
  ~FixLerBuild() override;
  int setmask() override;
  void init() override;
  void setup(int) override;
  void end_of_step() override;
  double compute_vector(int) override;
  double memory_usage() override;

 private:
  struct Settings;
  struct Core;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Core> core;            // what was collected
  bigint last_step;                      // that was collected

  void parse_seed(int, char **, int &);
  void make_seed();
  void add_library(const char *);
  void collect();
  void gather_vectors(mlgrain_selection *);
  void select(mlgrain_selection *);
  void count_atoms(const struct mlgrain_selection *, size_t);
  void write(bool);
};

}    // namespace LAMMPS_NS

#endif
#endif
