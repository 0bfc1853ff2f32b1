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

#include "kokkos_base.h"
#include "kokkos_type.h"

namespace LAMMPS_NS {

/* Fix forest/atom on a Kokkos device; doc/fix_forest_atom.md. Mode global stays on the host. */
template <class DeviceType> class FixForestAtomKokkos : public FixForestAtom, public KokkosBase {
 public:
  FixForestAtomKokkos(class LAMMPS *, int, char **);
  ~FixForestAtomKokkos() noexcept override;
  int setmask() override;
  void setup_post_neighbor() override { post_neighbor(); }
  void post_neighbor() override;
  double memory_usage() override;

  void grow_arrays(int) override;
  void copy_arrays(int, int, int) override;
  void set_arrays(int) override;
  int pack_exchange(int, double *) override;
  int unpack_exchange(int, double *) override;
  int pack_exchange_kokkos(const int &, DAT::tdual_double_2d_lr &, DAT::tdual_int_1d,
                           DAT::tdual_int_1d, ExecutionSpace) override;
  void unpack_exchange_kokkos(DAT::tdual_double_2d_lr &, DAT::tdual_int_1d &, int, int, int,
                              ExecutionSpace) override;
  void sort_kokkos(Kokkos::BinSort<KeyViewType, BinOp> &) override;

 protected:
  void predict_atoms() override;

 private:
  const bool on_cpu;
  struct ForestDevice;
  std::unique_ptr<ForestDevice> device;    // the model and its features in the device's memory
  DAT::tdual_double_2d_lr k_array;         // the output; unused where the base class has it
  bool owns_array() const;
};

}    // namespace LAMMPS_NS

#endif
#endif
