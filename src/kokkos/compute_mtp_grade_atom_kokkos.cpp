/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_mtp_grade_atom_kokkos.h"

#include "on_cpu.h"
#include "pair_mtp_kokkos.h"

#include "atom_kokkos.h"
#include "atom_masks.h"
#include "error.h"
#include "memory_kokkos.h"
#include "update.h"

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

template <class DeviceType> struct ChooseGrades {
  Kokkos::View<double *, DeviceType> grade;
  typename ArrayTypes<DeviceType>::t_int_1d mask;
  typename DeviceColumns<DeviceType>::Array out;
  int groupbit;
  KOKKOS_INLINE_FUNCTION void operator()(const int &i) const
  {
    out(i, 0) = (mask(i) & groupbit) ? (KK_FLOAT) grade(i) : 0;
  }
};

}    // namespace

template <class DeviceType>
ComputeMTPGradeAtomKokkos<DeviceType>::ComputeMTPGradeAtomKokkos(LAMMPS *lmp, int narg,
                                                                 char **arg) :
    ComputeMTPGradeAtom(lmp, narg, arg),
    on_cpu(runs_on_cpu<DeviceType>()), most(0), array(nullptr)
{
  kokkosable = 1;
  atomKK = dynamic_cast<AtomKokkos *>(atom);
  execution_space = where<DeviceType>(on_cpu);
  datamask_read = EMPTY_MASK;
  datamask_modify = EMPTY_MASK;
}

template <class DeviceType>
ComputeMTPGradeAtomKokkos<DeviceType>::~ComputeMTPGradeAtomKokkos() noexcept
{
  if (!copymode) memoryKK->destroy_kokkos(k_array, array);
}

template <class DeviceType> void ComputeMTPGradeAtomKokkos<DeviceType>::init()
{
  ComputeMTPGradeAtom::init();
  if (!on_cpu && !dynamic_cast<PairMTPKokkos<DeviceType> *>(pair))
    error->all(FLERR, name + ": as a Kokkos style it needs pair style mtp/kk for the same device");
}

template <class DeviceType> double ComputeMTPGradeAtomKokkos<DeviceType>::compute_scalar()
{
  if (on_cpu) {
    atomKK->sync(Host, X_MASK | TYPE_MASK | TAG_MASK);
    return ComputeMTPGradeAtom::compute_scalar();
  }
  invoked_scalar = update->ntimestep;
  static_cast<PairMTPKokkos<DeviceType> *>(pair)->device_grades(name);
  scalar = pair->largest_grade();
  return scalar;
}

template <class DeviceType>
typename DeviceColumns<DeviceType>::Array ComputeMTPGradeAtomKokkos<DeviceType>::device_columns()
{
  if (invoked_flag & INVOKED_ON_DEVICE) return k_array.template view<DeviceType>();
  if (atom->nmax > most) {
    memoryKK->destroy_kokkos(k_array, array);
    most = atom->nmax;
    memoryKK->create_kokkos(k_array, array, most, 1, "mtp/grade/atom:array");
    vector_atom = array[0];
  }
  ChooseGrades<DeviceType> kernel;
  kernel.grade = static_cast<PairMTPKokkos<DeviceType> *>(pair)->device_grades(name);
  atomKK->sync(execution_space, MASK_MASK);
  kernel.mask = atomKK->k_mask.view<DeviceType>();
  kernel.out = k_array.template view<DeviceType>();
  kernel.groupbit = groupbit;
  Kokkos::parallel_for("MTPGrade", Kokkos::RangePolicy<DeviceType>(0, atom->nlocal), kernel);
  k_array.template modify<DeviceType>();
  invoked_flag |= INVOKED_ON_DEVICE;
  return kernel.out;
}

template <class DeviceType> void ComputeMTPGradeAtomKokkos<DeviceType>::compute_peratom()
{
  if (on_cpu) {
    atomKK->sync(Host, X_MASK | TYPE_MASK | TAG_MASK | MASK_MASK);
    return ComputeMTPGradeAtom::compute_peratom();
  }
  invoked_peratom = update->ntimestep;
  device_columns();
  k_array.sync_host();
}

template <class DeviceType> double ComputeMTPGradeAtomKokkos<DeviceType>::memory_usage()
{
  return ComputeMTPGradeAtom::memory_usage() + (sizeof(double) + sizeof(KK_FLOAT)) * (double) most;
}

namespace LAMMPS_NS {
template class ComputeMTPGradeAtomKokkos<LMPDeviceType>;
#ifdef LMP_KOKKOS_GPU
template class ComputeMTPGradeAtomKokkos<LMPHostType>;
#endif
}    // namespace LAMMPS_NS
