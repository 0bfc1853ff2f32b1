/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(soap/mean/kk,ComputeSoapMeanKokkos<LMPDeviceType>);
ComputeStyle(soap/mean/kk/device,ComputeSoapMeanKokkos<LMPDeviceType>);
ComputeStyle(soap/mean/kk/host,ComputeSoapMeanKokkos<LMPHostType>);
// clang-format on
#else

#ifndef LMP_COMPUTE_SOAP_MEAN_KOKKOS_H
#define LMP_COMPUTE_SOAP_MEAN_KOKKOS_H

#include "compute_soap_mean.h"

namespace LAMMPS_NS {

/* Compute soap/mean on a Kokkos device; doc/compute_soap_mean.md. */
template <class DeviceType> class ComputeSoapMeanKokkos : public ComputeSoapMean {
 public:
  ComputeSoapMeanKokkos(class LAMMPS *, int, char **);
  ~ComputeSoapMeanKokkos() noexcept override;
  void compute_vector() override;
  void compute_array() override;
  double memory_usage() override;

 protected:
  std::vector<double> sum_local(int, const int *) override;

 private:
  const bool on_cpu;
  struct MeanDevice;
  std::unique_ptr<MeanDevice> device;    // null on the CPU
};

}    // namespace LAMMPS_NS

#endif
#endif
