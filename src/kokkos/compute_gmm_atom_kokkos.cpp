/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_gmm_atom_kokkos.h"

#include "device_features.h"
#include "device_gaussian.h"
#include "on_cpu.h"

#include "memory_kokkos.h"
#include "update.h"

#include "mlgrain/forest.h"

extern "C" {
#include "models/gmm_private.h"
}

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

enum { CLASS, LIKELIHOOD, RESPONSIBILITY };    // columns, the last one first of several

template <class DeviceType> struct GMMKernel {
  int groupbit, classes, features;
  bool responsibilities;
  DeviceGaussians<DeviceType> gaussians;
  Kokkos::View<double *, DeviceType> constant, shift, scale;
  Kokkos::View<float *, DeviceType> range;    // [2][features] or empty
  typename ArrayTypes<DeviceType>::t_int_1d mask;
  typename DeviceFeatures<DeviceType>::Rows rows;
  Kokkos::View<double **, DeviceType> density;    // [atom][class] logarithms
  Kokkos::View<double *, DeviceType> counts;
  typename DeviceColumns<DeviceType>::Array out;

  /* A row of features, scaled as the mixture wants them. */
  struct Scaled {
    const GMMKernel &kernel;
    int i;
    KOKKOS_INLINE_FUNCTION double operator()(int f) const
    {
      return (kernel.rows(i, f) - kernel.shift(f)) / kernel.scale(f);
    }
  };

  KOKKOS_INLINE_FUNCTION void operator()(const int &i) const
  {
    const int columns = RESPONSIBILITY + (responsibilities ? classes : 0);
    for (int c = 0; c < columns; c++) out(i, c) = 0;
    if (!(mask(i) & groupbit)) return;
    bool finite = true;
    for (int k = 0; k < classes; k++) {
      density(i, k) = constant(k) - 0.5 * gaussians.distance2(k, Scaled{*this, i});
      finite = finite && Kokkos::isfinite(density(i, k));
    }
    bool outside = false;
    for (int f = 0; f < features; f++) {
      finite = finite && Kokkos::isfinite(rows(i, f));
      const float rounded = (float) rows(i, f);
      if (range.extent(0) && (rounded < range(f) || rounded > range(features + f))) outside = true;
    }
    if (finite)
      write(i);
    else
      Kokkos::atomic_add(&counts(classes), 1.0);
    if (finite && outside) Kokkos::atomic_add(&counts(classes + 1), 1.0);
  }

  KOKKOS_INLINE_FUNCTION void write(int i) const
  {
    int best = 0;
    for (int k = 1; k < classes; k++)
      if (density(i, k) > density(i, best)) best = k;
    const double largest = density(i, best);
    double sum = 0.0;
    for (int k = 0; k < classes; k++) sum += Kokkos::exp(density(i, k) - largest);
    out(i, CLASS) = best + 1;
    out(i, LIKELIHOOD) = (KK_FLOAT) (largest + Kokkos::log(sum));
    for (int k = 0; k < classes && responsibilities; k++)
      out(i, RESPONSIBILITY + k) = (KK_FLOAT) (Kokkos::exp(density(i, k) - largest) / sum);
    Kokkos::atomic_add(&counts(best), 1.0);
  }
};

}    // namespace

template <class DeviceType> struct ComputeGMMAtomKokkos<DeviceType>::GMMDevice {
  GMMKernel<DeviceType> kernel;
  DeviceFeatures<DeviceType> features;
};

template <class DeviceType>
ComputeGMMAtomKokkos<DeviceType>::ComputeGMMAtomKokkos(LAMMPS *lmp, int narg, char **arg) :
    ComputeGMMAtom(lmp, narg, arg), on_cpu(runs_on_cpu<DeviceType>()), device(new GMMDevice),
    most(0), array(nullptr)
{
  kokkosable = 1;
  atomKK = dynamic_cast<AtomKokkos *>(atom);
  execution_space = where<DeviceType>(on_cpu);
  datamask_read = EMPTY_MASK;
  datamask_modify = EMPTY_MASK;
  if (on_cpu) return;
  const auto *gmm = mixture();
  auto &kernel = device->kernel;
  kernel.groupbit = groupbit;
  kernel.classes = (int) gmm->classes;
  kernel.features = (int) gmm->features;
  kernel.responsibilities = gives_responsibilities();
  kernel.gaussians = DeviceGaussians<DeviceType>(gmm->component, gmm->classes);
  kernel.constant = upload<DeviceType>("gmm:constant", gmm->constant, gmm->classes);
  kernel.shift = upload<DeviceType>("gmm:shift", gmm->shift, gmm->features);
  kernel.scale = upload<DeviceType>("gmm:scale", gmm->scale, gmm->features);
  kernel.range = upload<DeviceType>("gmm:range", gmm->range, gmm->range ? 2 * gmm->features : 0);
}

template <class DeviceType> ComputeGMMAtomKokkos<DeviceType>::~ComputeGMMAtomKokkos() noexcept
{
  if (!copymode) memoryKK->destroy_kokkos(k_array, array);
}

template <class DeviceType>
typename DeviceColumns<DeviceType>::Array ComputeGMMAtomKokkos<DeviceType>::device_columns()
{
  if (invoked_flag & INVOKED_ON_DEVICE) return k_array.template view<DeviceType>();
  auto &kernel = device->kernel;
  if (atom->nmax > most) {
    memoryKK->destroy_kokkos(k_array, array);
    most = atom->nmax;
    memoryKK->create_kokkos(k_array, array, most, size_peratom_cols, "gmm/atom:array");
    array_atom = array;
    kernel.density =
        Kokkos::View<double **, DeviceType>(Kokkos::NoInit("gmm:density"), most, kernel.classes);
  }
  kernel.rows = device->features.refresh(lmp, features(), igroup);
  atomKK->sync(execution_space, MASK_MASK);
  kernel.mask = atomKK->k_mask.view<DeviceType>();
  kernel.out = k_array.template view<DeviceType>();
  kernel.counts = Kokkos::View<double *, DeviceType>("gmm:counts", size_vector);
  Kokkos::parallel_for("GMM", Kokkos::RangePolicy<DeviceType>(0, atom->nlocal), kernel);
  k_array.template modify<DeviceType>();
  const auto counts = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), kernel.counts);
  local_counts().assign(counts.data(), counts.data() + size_vector);
  invoked_flag |= INVOKED_ON_DEVICE;
  return kernel.out;
}

template <class DeviceType> void ComputeGMMAtomKokkos<DeviceType>::compute_peratom()
{
  if (on_cpu) {
    atomKK->sync(Host, ALL_MASK);
    return ComputeGMMAtom::compute_peratom();
  }
  invoked_peratom = update->ntimestep;
  device_columns();
  k_array.sync_host();
}

template <class DeviceType> void ComputeGMMAtomKokkos<DeviceType>::compute_vector()
{
  if (on_cpu) return ComputeGMMAtom::compute_vector();
  invoked_vector = update->ntimestep;
  device_columns();
  MPI_Allreduce(local_counts().data(), vector, size_vector, MPI_DOUBLE, MPI_SUM, world);
}

template <class DeviceType> double ComputeGMMAtomKokkos<DeviceType>::memory_usage()
{
  return ComputeGMMAtom::memory_usage() +
      (sizeof(double) + sizeof(KK_FLOAT)) * (double) most * size_peratom_cols +
      sizeof(double) * (double) device->kernel.density.size() + device->features.memory_usage();
}

namespace LAMMPS_NS {
template class ComputeGMMAtomKokkos<LMPDeviceType>;
#ifdef LMP_KOKKOS_GPU
template class ComputeGMMAtomKokkos<LMPHostType>;
#endif
}    // namespace LAMMPS_NS
