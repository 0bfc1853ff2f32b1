/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(sfd/atom/kk,ComputeSFDAtomKokkos<LMPDeviceType>);
ComputeStyle(sfd/atom/kk/device,ComputeSFDAtomKokkos<LMPDeviceType>);
ComputeStyle(sfd/atom/kk/host,ComputeSFDAtomKokkos<LMPHostType>);
// clang-format on
#else

#ifndef LMP_COMPUTE_SFD_ATOM_KOKKOS_H
#define LMP_COMPUTE_SFD_ATOM_KOKKOS_H

#include "compute_sfd_atom.h"
#include "device_columns.h"

namespace LAMMPS_NS {

/* Compute sfd/atom on a Kokkos device; doc/compute_sfd_atom.md. */
template <class DeviceType>
class ComputeSFDAtomKokkos : public ComputeSFDAtom, public MLGRAIN_NS::DeviceColumns<DeviceType> {
 public:
  ComputeSFDAtomKokkos(class LAMMPS *, int, char **);
  ~ComputeSFDAtomKokkos() noexcept override;
  void init() override;
  void compute_peratom() override;
  double memory_usage() override;
  typename MLGRAIN_NS::DeviceColumns<DeviceType>::Array device_columns() override;

 private:
  const bool on_cpu;
  struct SFDDevice;
  std::unique_ptr<SFDDevice> device;    // tables and cells in the device's memory
  int most;                             // atoms that the arrays have room for
  double **array;
  DAT::ttransform_kkfloat_2d k_array;

  void grow();
};

}    // namespace LAMMPS_NS

#endif
#endif
