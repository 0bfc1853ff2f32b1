/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(mtp/grade/atom/kk,ComputeMTPGradeAtomKokkos<LMPDeviceType>);
ComputeStyle(mtp/grade/atom/kk/device,ComputeMTPGradeAtomKokkos<LMPDeviceType>);
ComputeStyle(mtp/grade/atom/kk/host,ComputeMTPGradeAtomKokkos<LMPHostType>);
// clang-format on
#else

#ifndef LMP_COMPUTE_MTP_GRADE_ATOM_KOKKOS_H
#define LMP_COMPUTE_MTP_GRADE_ATOM_KOKKOS_H

#include "compute_mtp_grade_atom.h"
#include "device_columns.h"

namespace LAMMPS_NS {

/* Compute mtp/grade/atom on the device of pair style mtp/kk; doc/compute_mtp_grade_atom.md. */
template <class DeviceType>
class ComputeMTPGradeAtomKokkos : public ComputeMTPGradeAtom,
                                  public MLGRAIN_NS::DeviceColumns<DeviceType> {
 public:
  ComputeMTPGradeAtomKokkos(class LAMMPS *, int, char **);
  ~ComputeMTPGradeAtomKokkos() noexcept override;
  void init() override;
  double compute_scalar() override;
  void compute_peratom() override;
  double memory_usage() override;
  typename MLGRAIN_NS::DeviceColumns<DeviceType>::Array device_columns() override;

 private:
  const bool on_cpu;
  int most;    // atoms that the array has room for
  double **array;
  DAT::ttransform_kkfloat_2d k_array;    // one column
};

}    // namespace LAMMPS_NS

#endif
#endif
