/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(soap/atom/kk,ComputeSoapAtomKokkos<LMPDeviceType>);
ComputeStyle(soap/atom/kk/device,ComputeSoapAtomKokkos<LMPDeviceType>);
ComputeStyle(soap/atom/kk/host,ComputeSoapAtomKokkos<LMPHostType>);
// clang-format on
#else

#ifndef LMP_COMPUTE_SOAP_ATOM_KOKKOS_H
#define LMP_COMPUTE_SOAP_ATOM_KOKKOS_H

#include "compute_soap_atom.h"
#include "device_columns.h"

namespace LAMMPS_NS {

/* Compute soap/atom on a Kokkos device; doc/compute_soap_atom.md. */
template <class DeviceType>
class ComputeSoapAtomKokkos : public ComputeSoapAtom, public MLGRAIN_NS::DeviceColumns<DeviceType> {
 public:
  ComputeSoapAtomKokkos(class LAMMPS *, int, char **);
  ~ComputeSoapAtomKokkos() noexcept override;
  void compute_peratom() override;
  double memory_usage() override;
  typename MLGRAIN_NS::DeviceColumns<DeviceType>::Array device_columns() override;
  bool has_device_columns() const override { return !on_cpu; }

 private:
  const bool on_cpu;
  struct SoapDevice;
  std::unique_ptr<SoapDevice> device;    // null on the CPU
  int most;                              // atoms that the arrays have room for
  double **array;
  DAT::ttransform_kkfloat_2d k_array;

  void grow();
};

}    // namespace LAMMPS_NS

#endif
#endif
