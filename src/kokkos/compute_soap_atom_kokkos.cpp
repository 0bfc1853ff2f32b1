/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_soap_atom_kokkos.h"

#include "device_spectra.h"
#include "on_cpu.h"

#include "memory_kokkos.h"
#include "update.h"

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

template <class DeviceType> struct CopyVectors {
  typename DeviceSpectra<DeviceType>::Block block;
  typename DeviceColumns<DeviceType>::Array out;
  KOKKOS_INLINE_FUNCTION void operator()(const int &k) const
  {
    const int row = k / block.columns, c = k % block.columns;
    out(block.atom(row), c) = (KK_FLOAT) block(row, c);
  }
};

}    // namespace

template <class DeviceType> struct ComputeSoapAtomKokkos<DeviceType>::SoapDevice {
  DeviceSpectra<DeviceType> spectra;
};

template <class DeviceType>
ComputeSoapAtomKokkos<DeviceType>::ComputeSoapAtomKokkos(LAMMPS *lmp, int narg, char **arg) :
    ComputeSoapAtom(lmp, narg, arg), on_cpu(runs_on_cpu<DeviceType>() || projection), most(0),
    array(nullptr)
{
  kokkosable = 1;
  atomKK = dynamic_cast<AtomKokkos *>(atom);
  execution_space = where<DeviceType>(on_cpu);
  datamask_read = EMPTY_MASK;
  datamask_modify = EMPTY_MASK;
  if (!on_cpu) device.reset(new SoapDevice{{lmp, name, *spectra}});
}

template <class DeviceType> ComputeSoapAtomKokkos<DeviceType>::~ComputeSoapAtomKokkos() noexcept
{
  if (!copymode) memoryKK->destroy_kokkos(k_array, array);
}

template <class DeviceType> void ComputeSoapAtomKokkos<DeviceType>::grow()
{
  if (atom->nlocal <= most && array) return;
  memoryKK->destroy_kokkos(k_array, array);
  k_array = {};
  most = std::max(1, atom->nlocal + atom->nlocal / 20);
  const int columns = (int) spectra->columns();
  try {
    memoryKK->create_kokkos(k_array, array, most, columns, "soap/atom:array");
  } catch (const std::exception &) {
    error->one(FLERR,
               name + ": out of memory for " + std::to_string(columns) + " numbers for each of " +
                   std::to_string(most) + " atoms");
  }
  if (columns == 1)
    vector_atom = array[0];
  else
    array_atom = array;
}

template <class DeviceType>
typename DeviceColumns<DeviceType>::Array ComputeSoapAtomKokkos<DeviceType>::device_columns()
{
  if (invoked_flag & INVOKED_ON_DEVICE) return k_array.template view<DeviceType>();
  grow();
  const auto out = k_array.template view<DeviceType>();
  Kokkos::deep_copy(out, 0);
  device->spectra.visit(groupbit, 0.0, [&](const auto &block) {
    Kokkos::parallel_for("SoapCopy",
                         Kokkos::RangePolicy<DeviceType>(0, block.count * block.columns),
                         CopyVectors<DeviceType>{block, out});
  });
  k_array.template modify<DeviceType>();
  invoked_flag |= INVOKED_ON_DEVICE;
  return out;
}

template <class DeviceType> void ComputeSoapAtomKokkos<DeviceType>::compute_peratom()
{
  if (on_cpu) {
    atomKK->sync(Host, X_MASK | TYPE_MASK | MASK_MASK | TAG_MASK);
    return ComputeSoapAtom::compute_peratom();
  }
  invoked_peratom = update->ntimestep;
  device_columns();
  k_array.sync_host();
}

template <class DeviceType> double ComputeSoapAtomKokkos<DeviceType>::memory_usage()
{
  return ComputeSoapAtom::memory_usage() +
      (sizeof(double) + sizeof(KK_FLOAT)) * (double) most * (double) spectra->columns() +
      (device ? device->spectra.memory_usage() : 0.0);
}

namespace LAMMPS_NS {
template class ComputeSoapAtomKokkos<LMPDeviceType>;
#ifdef LMP_KOKKOS_GPU
template class ComputeSoapAtomKokkos<LMPHostType>;
#endif
}    // namespace LAMMPS_NS
