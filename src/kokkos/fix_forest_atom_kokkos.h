/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef FIX_CLASS
// clang-format off
FixStyle(forest/atom/kk,FixForestAtomKokkos<LMPDeviceType>);
FixStyle(forest/atom/kk/device,FixForestAtomKokkos<LMPDeviceType>);
FixStyle(forest/atom/kk/host,FixForestAtomKokkos<LMPHostType>);
// clang-format on
#else

#ifndef LMP_FIX_FOREST_ATOM_KOKKOS_H
#define LMP_FIX_FOREST_ATOM_KOKKOS_H

#include "fix_forest_atom.h"

#include "kokkos_type.h"

namespace LAMMPS_NS {

/* Fix forest/atom on a Kokkos device; doc/fix_forest_atom.md. Mode global stays on the host. */
template <class DeviceType> class FixForestAtomKokkos : public FixForestAtom {
 public:
  FixForestAtomKokkos(class LAMMPS *, int, char **);
  ~FixForestAtomKokkos() noexcept override;
  double memory_usage() override;

 protected:
  void predict_atoms() override;

 private:
  const bool on_cpu;
  struct ForestDevice;
  std::unique_ptr<ForestDevice> device;    // the model and its features in the device's memory
};

}    // namespace LAMMPS_NS

#endif
#endif
