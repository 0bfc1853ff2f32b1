/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(gmm/atom/kk,ComputeGMMAtomKokkos<LMPDeviceType>);
ComputeStyle(gmm/atom/kk/device,ComputeGMMAtomKokkos<LMPDeviceType>);
ComputeStyle(gmm/atom/kk/host,ComputeGMMAtomKokkos<LMPHostType>);
// clang-format on
#else

#ifndef LMP_COMPUTE_GMM_ATOM_KOKKOS_H
#define LMP_COMPUTE_GMM_ATOM_KOKKOS_H

#include "compute_gmm_atom.h"
#include "device_columns.h"

namespace LAMMPS_NS {

/* Compute gmm/atom on a Kokkos device; doc/compute_gmm_atom.md. */
template <class DeviceType>
class ComputeGMMAtomKokkos : public ComputeGMMAtom, public MLGRAIN_NS::DeviceColumns<DeviceType> {
 public:
  ComputeGMMAtomKokkos(class LAMMPS *, int, char **);
  ~ComputeGMMAtomKokkos() noexcept override;
  void compute_vector() override;
  void compute_peratom() override;
  double memory_usage() override;
  typename MLGRAIN_NS::DeviceColumns<DeviceType>::Array device_columns() override;

 private:
  const bool on_cpu;
  struct GMMDevice;
  std::unique_ptr<GMMDevice> device;    // the model and its features in the device's memory
  int most;                             // atoms that the arrays have room for
  double **array;
  DAT::ttransform_kkfloat_2d k_array;
};

}    // namespace LAMMPS_NS

#endif
#endif
