/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(ler/atom/kk,ComputeLerAtomKokkos<LMPDeviceType>);
ComputeStyle(ler/atom/kk/device,ComputeLerAtomKokkos<LMPDeviceType>);
ComputeStyle(ler/atom/kk/host,ComputeLerAtomKokkos<LMPHostType>);
// clang-format on
#else

#ifndef LMP_COMPUTE_LER_ATOM_KOKKOS_H
#define LMP_COMPUTE_LER_ATOM_KOKKOS_H

#include "compute_ler_atom.h"
#include "device_columns.h"

namespace LAMMPS_NS {

/* Compute ler/atom on a Kokkos device; doc/compute_ler_atom.md. */
template <class DeviceType>
class ComputeLerAtomKokkos : public ComputeLerAtom, public MLGRAIN_NS::DeviceColumns<DeviceType> {
 public:
  ComputeLerAtomKokkos(class LAMMPS *, int, char **);
  ~ComputeLerAtomKokkos() noexcept override;
  void compute_peratom() override;
  double memory_usage() override;
  typename MLGRAIN_NS::DeviceColumns<DeviceType>::Array device_columns() override;
  bool has_device_columns() const override { return !on_cpu; }

 private:
  const bool on_cpu;
  struct LerDevice;
  std::unique_ptr<LerDevice> device;    // null on the CPU
  int most;                             // atoms that the arrays have room for
  double **array;
  DAT::ttransform_kkfloat_2d k_array;
};

}    // namespace LAMMPS_NS

#endif
#endif
