/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_ler_atom_kokkos.h"

#include "environment_library.h"
#include "nearest_kernel.h"
#include "on_cpu.h"

#include "error.h"
#include "memory_kokkos.h"
#include "update.h"

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

template <class DeviceType> struct ComputeLerAtomKokkos<DeviceType>::LerDevice {
  DeviceSpectra<DeviceType> spectra;
  NearestKernel<DeviceType> nearest;
};

template <class DeviceType>
ComputeLerAtomKokkos<DeviceType>::ComputeLerAtomKokkos(LAMMPS *lmp, int narg, char **arg) :
    ComputeLerAtom(lmp, narg, arg),
    on_cpu(runs_on_cpu<DeviceType>() || library->spectra().has_vectors()), most(0), array(nullptr)
{
  kokkosable = 1;
  atomKK = dynamic_cast<AtomKokkos *>(atom);
  execution_space = where<DeviceType>(on_cpu);
  datamask_read = EMPTY_MASK;
  datamask_modify = EMPTY_MASK;
  if (on_cpu) return;
  device.reset(new LerDevice{{lmp, name, library->spectra()}, {}});
  const int components = (int) library->spectra().columns();
  try {
    device->nearest.environments =
        DeviceEnvironments<DeviceType>(library->environments(), library->count(), components);
  } catch (const std::exception &) {
    error->one(FLERR,
               name + ": out of memory for " + std::to_string(library->count()) + " environments");
  }
  device->nearest.largest = library->largest_distance();
}

template <class DeviceType> ComputeLerAtomKokkos<DeviceType>::~ComputeLerAtomKokkos() noexcept
{
  if (!copymode) memoryKK->destroy_kokkos(k_array, array);
}

template <class DeviceType>
typename DeviceColumns<DeviceType>::Array ComputeLerAtomKokkos<DeviceType>::device_columns()
{
  if (invoked_flag & INVOKED_ON_DEVICE) return k_array.template view<DeviceType>();
  if (atom->nmax > most) {
    memoryKK->destroy_kokkos(k_array, array);
    most = atom->nmax;
    memoryKK->create_kokkos(k_array, array, most, (int) COLUMNS, "ler/atom:array");
    array_atom = array;
  }
  auto &nearest = device->nearest;
  nearest.found = k_array.template view<DeviceType>();
  Kokkos::deep_copy(nearest.found, 0);
  const int environments = library->count();
  device->spectra.visit(groupbit, sizeof(double) * environments, [&](const auto &block) {
    nearest.block = block;
    if ((int) nearest.bound.extent(0) < block.count)
      nearest.bound = typename DeviceEnvironments<DeviceType>::Table(Kokkos::NoInit("ler:bound"),
                                                                     block.count, environments);
    Kokkos::parallel_for(
        "LER", typename NearestKernel<DeviceType>::Policy(block.count, device->spectra.threads()),
        nearest);
  });
  k_array.template modify<DeviceType>();
  invoked_flag |= INVOKED_ON_DEVICE;
  return nearest.found;
}

template <class DeviceType> void ComputeLerAtomKokkos<DeviceType>::compute_peratom()
{
  if (on_cpu) {
    atomKK->sync(Host, X_MASK | TYPE_MASK | MASK_MASK | TAG_MASK);
    return ComputeLerAtom::compute_peratom();
  }
  invoked_peratom = update->ntimestep;
  device_columns();
  k_array.sync_host();
}

template <class DeviceType> double ComputeLerAtomKokkos<DeviceType>::memory_usage()
{
  const double mine = (sizeof(double) + sizeof(KK_FLOAT)) * (double) most * (int) COLUMNS;
  if (!device) return ComputeLerAtom::memory_usage() + mine;
  const auto &nearest = device->nearest;
  return ComputeLerAtom::memory_usage() + mine + device->spectra.memory_usage() +
      sizeof(double) *
      (double) (nearest.bound.size() + nearest.environments.vector.size() +
                nearest.environments.between.size());
}

namespace LAMMPS_NS {
template class ComputeLerAtomKokkos<LMPDeviceType>;
#ifdef LMP_KOKKOS_GPU
template class ComputeLerAtomKokkos<LMPHostType>;
#endif
}    // namespace LAMMPS_NS
