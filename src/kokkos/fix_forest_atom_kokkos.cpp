/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fix_forest_atom_kokkos.h"

#include "device_features.h"
#include "forest_exchange.h"
#include "forest_kernel.h"
#include "on_cpu.h"

#include "memory_kokkos.h"

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
  if (!owns_array()) return;
  device->kernel = ForestKernel<DeviceType>(forest(), wants_raw_spread());
  device->kernel.groupbit = groupbit;
  exchange_comm_device = sort_device = 1;
  maxexchange = size_peratom_cols + 1;
  memory->destroy(columns);
  FixForestAtomKokkos::grow_arrays(atom->nmax);
}

template <class DeviceType> FixForestAtomKokkos<DeviceType>::~FixForestAtomKokkos() noexcept
{
  if (owns_array()) memoryKK->destroy_kokkos(k_array, columns);
}

template <class DeviceType> bool FixForestAtomKokkos<DeviceType>::owns_array() const
{
  return !on_cpu && features();    // mode global has none
}

template <class DeviceType> int FixForestAtomKokkos<DeviceType>::setmask()
{
  return FixForestAtom::setmask() | (owns_array() ? FixConst::POST_NEIGHBOR : 0);
}

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
  kernel.out = k_array.view<DeviceType>();
  k_array.clear_sync_state();    // all is written anew
  Kokkos::parallel_for("ForestBegin", Kokkos::RangePolicy<DeviceType, typename Kernel::Begin>(0, n),
                       kernel);
  for (kernel.tree = 0; kernel.tree < (int) kernel.trees; kernel.tree++)
    Kokkos::parallel_for("ForestWalk", Kokkos::RangePolicy<DeviceType, typename Kernel::Walk>(0, n),
                         kernel);
  ForestSums common;
  Kokkos::parallel_reduce("ForestFinish",
                          Kokkos::RangePolicy<DeviceType, typename Kernel::Finish>(0, n), kernel,
                          common);
  std::vector<double> sums(common.value, common.value + 7);
  sums.resize((size_t) size_vector);
  for (int k = 0; k < kernel.classes; k++) {
    ClassSums of_class;
    kernel.counted_class = k;
    Kokkos::parallel_reduce("ForestClass",
                            Kokkos::RangePolicy<DeviceType, typename Kernel::CountClass>(0, n),
                            kernel, of_class);
    sums[(size_t) (7 + k)] = of_class.probability;
    sums[(size_t) (7 + kernel.classes + k)] = of_class.atoms;
  }
  k_array.modify<DeviceType>();
  k_array.sync_host();    // from where LAMMPS takes it without asking
  sum_up(sums.data());
}

/* --- the output migrates with the atoms, and is sorted with them --------------------------------
 */

/* Atoms may have migrated on the device. */
template <class DeviceType> void FixForestAtomKokkos<DeviceType>::post_neighbor()
{
  k_array.sync_host();
}

template <class DeviceType> void FixForestAtomKokkos<DeviceType>::grow_arrays(int nmax)
{
  if (!owns_array()) return FixForestAtom::grow_arrays(nmax);
  k_array.sync<DeviceType>();
  memoryKK->grow_kokkos(k_array, columns, nmax, column_count, "forest/atom:array");
  k_array.modify<DeviceType>();
  k_array.sync_host();
  array_atom = columns;
}

template <class DeviceType>
void FixForestAtomKokkos<DeviceType>::copy_arrays(int i, int j, int delflag)
{
  k_array.sync_host();
  FixForestAtom::copy_arrays(i, j, delflag);
  k_array.modify_host();
}

template <class DeviceType> void FixForestAtomKokkos<DeviceType>::set_arrays(int i)
{
  k_array.sync_host();
  FixForestAtom::set_arrays(i);
  k_array.modify_host();
}

template <class DeviceType>
int FixForestAtomKokkos<DeviceType>::pack_exchange(int i, double *buffer)
{
  k_array.sync_host();
  return FixForestAtom::pack_exchange(i, buffer);
}

template <class DeviceType>
int FixForestAtomKokkos<DeviceType>::unpack_exchange(int i, double *buffer)
{
  k_array.sync_host();
  const int taken = FixForestAtom::unpack_exchange(i, buffer);
  k_array.modify_host();
  return taken;
}

template <class DeviceType>
int FixForestAtomKokkos<DeviceType>::pack_exchange_kokkos(const int &count,
                                                          DAT::tdual_double_2d_lr &k_buffer,
                                                          DAT::tdual_int_1d k_leaving,
                                                          DAT::tdual_int_1d k_filling,
                                                          ExecutionSpace /*space*/)
{
  k_array.sync<DeviceType>();
  k_buffer.sync<DeviceType>();
  k_leaving.sync<DeviceType>();
  k_filling.sync<DeviceType>();
  Kokkos::parallel_for(
      "ForestPack", Kokkos::RangePolicy<DeviceType>(0, count),
      PackRows<DeviceType>{k_array.view<DeviceType>(), k_buffer.view<DeviceType>().data(),
                           k_leaving.view<DeviceType>(), k_filling.view<DeviceType>(), count,
                           size_peratom_cols});
  k_array.modify<DeviceType>();
  return count * (1 + size_peratom_cols);
}

template <class DeviceType>
void FixForestAtomKokkos<DeviceType>::unpack_exchange_kokkos(DAT::tdual_double_2d_lr &k_buffer,
                                                             DAT::tdual_int_1d &k_index, int count,
                                                             int first_count, int second,
                                                             ExecutionSpace /*space*/)
{
  k_array.sync<DeviceType>();
  Kokkos::parallel_for(
      "ForestUnpack", Kokkos::RangePolicy<DeviceType>(0, count),
      UnpackRows<DeviceType>{k_array.view<DeviceType>(), k_buffer.view<DeviceType>().data(),
                             k_index.view<DeviceType>(), first_count, second, size_peratom_cols});
  k_array.modify<DeviceType>();
}

template <class DeviceType>
void FixForestAtomKokkos<DeviceType>::sort_kokkos(Kokkos::BinSort<KeyViewType, BinOp> &sorter)
{
  k_array.sync_device();
  sorter.sort(LMPDeviceType(), k_array.view_device());
  k_array.modify_device();
}

template <class DeviceType> double FixForestAtomKokkos<DeviceType>::memory_usage()
{
  const auto &kernel = device->kernel;
  const double numbers = size_peratom_cols + (kernel.classes ? kernel.classes : 3) + 1;
  return FixForestAtom::memory_usage() + device->features.memory_usage() +
      sizeof(uint64_t) * (double) kernel.node.size() +
      (double) kernel.good.size() *
      (sizeof(float) * (kernel.features + 1) + numbers * sizeof(double));
}

namespace LAMMPS_NS {
template class FixForestAtomKokkos<LMPDeviceType>;
#ifdef LMP_KOKKOS_GPU
template class FixForestAtomKokkos<LMPHostType>;
#endif
}    // namespace LAMMPS_NS
