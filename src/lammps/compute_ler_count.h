/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(ler/count,ComputeLerCount);
// clang-format on
#else

#ifndef LMP_COMPUTE_LER_COUNT_H
#define LMP_COMPUTE_LER_COUNT_H

#include "compute.h"

#include <memory>
#include <string>
#include <vector>

namespace MLGRAIN_NS {
class AtomChunks;
class EnvironmentLibrary;
}    // namespace MLGRAIN_NS

namespace LAMMPS_NS {

/* Fractions of the atoms of a group, or of each chunk, in each unique environment;
   doc/compute_ler_count.md. */
class ComputeLerCount : public Compute {
 public:
  ComputeLerCount(class LAMMPS *, int, char **);
  ~ComputeLerCount() override;
  void init() override;
  void setup() override;
  void compute_vector() override;
  void compute_array() override;
  double memory_usage() override;

  void lock_enable() override;
  void lock_disable() override;
  int lock_length() override;
  void lock(class Fix *, bigint, bigint) override;
  void unlock(class Fix *) override;

 private:
  std::string name;    // for messages: "Compute e ler/count"
  std::unique_ptr<MLGRAIN_NS::EnvironmentLibrary> library;
  std::unique_ptr<MLGRAIN_NS::AtomChunks> chunks;    // null: the group as a whole
  bool wants_numbers;                                // of atoms, not fractions
  std::vector<double> fraction;                      // [chunks][environments]
  std::vector<double *> row;

  void count_chunks(int, const int *);
};

}    // namespace LAMMPS_NS

#endif
#endif
