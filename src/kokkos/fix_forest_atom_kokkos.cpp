/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fix_forest_atom_kokkos.h"

#include "device_features.h"
#include "forest_kernel.h"
#include "on_cpu.h"

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

template <class DeviceType> struct FixForestAtomKokkos<DeviceType>::ForestDevice {
  ForestKernel<DeviceType> kernel;
  DeviceFeatures<DeviceType> features;
};

template <class DeviceType>
FixForestAtomKokkos<DeviceType>::FixForestAtomKokkos(LAMMPS *lmp, int narg, char **arg) :
    FixForestAtom(lmp, narg, arg), on_cpu(runs_on_cpu<DeviceType>()), device(new ForestDevice)
{
  kokkosable = 1;
  atomKK = dynamic_cast<AtomKokkos *>(atom);
  execution_space = where<DeviceType>(on_cpu);
  datamask_read = EMPTY_MASK;
  datamask_modify = EMPTY_MASK;
  if (on_cpu || !features()) return;    // mode global has none
  device->kernel = ForestKernel<DeviceType>(forest(), wants_raw_spread());
  device->kernel.groupbit = groupbit;
}

template <class DeviceType>
FixForestAtomKokkos<DeviceType>::~FixForestAtomKokkos() noexcept = default;

/* The results go to the host, where LAMMPS takes them from and lets them migrate with their atoms.
 */
template <class DeviceType> void FixForestAtomKokkos<DeviceType>::predict_atoms()
{
  if (on_cpu) {
    atomKK->sync(Host, ALL_MASK);
    return FixForestAtom::predict_atoms();
  }
  using Kernel = ForestKernel<DeviceType>;
  auto &kernel = device->kernel;
  const int n = atom->nlocal;
  kernel.rows = device->features.refresh(lmp, *features(), igroup);
  kernel.reserve(n);
  atomKK->sync(execution_space, MASK_MASK);
  kernel.mask = atomKK->k_mask.view<DeviceType>();
  Kokkos::parallel_for("ForestBegin", Kokkos::RangePolicy<DeviceType, typename Kernel::Begin>(0, n),
                       kernel);
  for (kernel.tree = 0; kernel.tree < (int) kernel.trees; kernel.tree++)
    Kokkos::parallel_for("ForestWalk", Kokkos::RangePolicy<DeviceType, typename Kernel::Walk>(0, n),
                         kernel);
  ForestSums sums;
  Kokkos::parallel_reduce(
      "ForestFinish", Kokkos::RangePolicy<DeviceType, typename Kernel::Finish>(0, n), kernel, sums);
  if (n)
    Kokkos::deep_copy(
        Kokkos::View<double * [Kernel::COLUMNS], Kokkos::LayoutRight, Kokkos::HostSpace,
                     Kokkos::MemoryTraits<Kokkos::Unmanaged>>(array[0], (size_t) n),
        Kokkos::subview(kernel.out, std::make_pair(0, n), Kokkos::ALL));
  sum_up(sums.value);
}

template <class DeviceType> double FixForestAtomKokkos<DeviceType>::memory_usage()
{
  const auto &kernel = device->kernel;
  return FixForestAtom::memory_usage() + device->features.memory_usage() +
      sizeof(uint64_t) * (double) kernel.node.size() +
      (double) kernel.first.size() * (sizeof(float) * (kernel.features + 1) + 8.0 * sizeof(double));
}

namespace LAMMPS_NS {
template class FixForestAtomKokkos<LMPDeviceType>;
#ifdef LMP_KOKKOS_GPU
template class FixForestAtomKokkos<LMPHostType>;
#endif
}    // namespace LAMMPS_NS
