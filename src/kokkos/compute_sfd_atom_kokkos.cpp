/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_sfd_atom_kokkos.h"

#include "on_cpu.h"
#include "sfd_kernel.h"

#include "atom_kokkos.h"
#include "atom_masks.h"
#include "error.h"
#include "memory_kokkos.h"
#include "update.h"

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

template <class DeviceType> struct ComputeSFDAtomKokkos<DeviceType>::SFDDevice {
  SFDKernel<DeviceType> kernel;
};

template <class DeviceType>
ComputeSFDAtomKokkos<DeviceType>::ComputeSFDAtomKokkos(LAMMPS *lmp, int narg, char **arg) :
    ComputeSFDAtom(lmp, narg, arg), on_cpu(runs_on_cpu<DeviceType>()), device(new SFDDevice),
    most(0), array(nullptr)
{
  kokkosable = 1;
  atomKK = dynamic_cast<AtomKokkos *>(atom);
  execution_space = where<DeviceType>(on_cpu);
  datamask_read = EMPTY_MASK;
  datamask_modify = EMPTY_MASK;
  if (on_cpu) return;
  const auto &weights = type_weights();
  device->kernel.weight = upload<DeviceType>("sfd:weight", weights.data(), weights.size());
}

template <class DeviceType> ComputeSFDAtomKokkos<DeviceType>::~ComputeSFDAtomKokkos() noexcept
{
  if (!copymode) memoryKK->destroy_kokkos(k_array, array);
}

template <class DeviceType> void ComputeSFDAtomKokkos<DeviceType>::init()
{
  ComputeSFDAtom::init();
  if (on_cpu) return;
  auto &kernel = device->kernel;
  kernel.tables = upload<DeviceType>("sfd:tables", tables(), 1);
  kernel.sigma = tables()->sigma;
  kernel.reach = tables()->reach;
  kernel.columns = column_count();
  kernel.groupbit = groupbit;
}

template <class DeviceType> void ComputeSFDAtomKokkos<DeviceType>::grow()
{
  if (atom->nmax <= most) return;
  memoryKK->destroy_kokkos(k_array, array);
  most = atom->nmax;
  memoryKK->create_kokkos(k_array, array, most, column_count(), "sfd/atom:array");
  if (column_count() == 1)
    vector_atom = array[0];
  else
    array_atom = array;
}

template <class DeviceType>
typename DeviceColumns<DeviceType>::Array ComputeSFDAtomKokkos<DeviceType>::device_columns()
{
  if (invoked_flag & INVOKED_ON_DEVICE) return k_array.template view<DeviceType>();
  require_ghosts();
  grow();
  auto &kernel = device->kernel;
  atomKK->sync(execution_space, X_MASK | TYPE_MASK | MASK_MASK);
  kernel.type = atomKK->k_type.view<DeviceType>();
  kernel.mask = atomKK->k_mask.view<DeviceType>();
  kernel.locals = atom->nlocal;
  kernel.out = k_array.template view<DeviceType>();
  const int points = atom->nlocal + atom->nghost;
  const int bad = kernel.cells.build(atomKK->k_x.view<DeviceType>(), points, tables()->reach);
  if (bad >= 0) {
    atomKK->sync(Host, TAG_MASK);
    const std::string who = atom->tag_enable ? "atom " + std::to_string(atom->tag[bad]) : "an atom";
    error->one(FLERR, title() + ": the position of " + who + " is not finite");
  }
  Kokkos::parallel_for("SFD", Kokkos::RangePolicy<DeviceType>(0, points), kernel);
  k_array.template modify<DeviceType>();
  invoked_flag |= INVOKED_ON_DEVICE;
  return kernel.out;
}

template <class DeviceType> void ComputeSFDAtomKokkos<DeviceType>::compute_peratom()
{
  if (on_cpu) {
    atomKK->sync(Host, X_MASK | TYPE_MASK | MASK_MASK | TAG_MASK);
    return ComputeSFDAtom::compute_peratom();
  }
  invoked_peratom = update->ntimestep;
  device_columns();
  k_array.sync_host();
}

template <class DeviceType> double ComputeSFDAtomKokkos<DeviceType>::memory_usage()
{
  const auto &cells = device->kernel.cells;
  return ComputeSFDAtom::memory_usage() +
      (sizeof(double) + sizeof(real)) * (double) most * column_count() +
      sizeof(int) * (double) (cells.index.size() + cells.start.size() + cells.next.size());
}

namespace LAMMPS_NS {
template class ComputeSFDAtomKokkos<LMPDeviceType>;
#ifdef LMP_KOKKOS_GPU
template class ComputeSFDAtomKokkos<LMPHostType>;
#endif
}    // namespace LAMMPS_NS
