/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(soap/mean,ComputeSoapMean);
// clang-format on
#else

#ifndef LMP_COMPUTE_SOAP_MEAN_H
#define LMP_COMPUTE_SOAP_MEAN_H

#include "compute.h"

#include <memory>
#include <string>
#include <vector>

namespace MLGRAIN_NS {
class AtomChunks;
class PowerSpectra;
class SpectrumProjection;
}    // namespace MLGRAIN_NS

namespace LAMMPS_NS {

/* Mean power spectrum (SOAP) of a group, or of each chunk of it; doc/compute_soap_mean.md. */
class ComputeSoapMean : public Compute {
 public:
  ComputeSoapMean(class LAMMPS *, int, char **);
  ~ComputeSoapMean() override;
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

 protected:
  std::string name;    // for messages: "Compute s soap/mean"
  std::unique_ptr<MLGRAIN_NS::PowerSpectra> spectra;

  /* Sums of this rank, [count][components + 1], atoms last. chunk: by local atom, counted from 1,
     or null for one chunk. */
  virtual std::vector<double> sum_local(int count, const int *chunk);

 private:
  std::unique_ptr<MLGRAIN_NS::AtomChunks> chunks;                // null: one mean for the group
  std::unique_ptr<MLGRAIN_NS::SpectrumProjection> projection;    // null: none
  bool is_sum;
  std::vector<double> mean;    // [chunks][components], or projected
  std::vector<double *> row;

  void sum_chunks(int, const int *);
  size_t project(int);
};

}    // namespace LAMMPS_NS

#endif
#endif
