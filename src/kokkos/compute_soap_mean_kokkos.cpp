/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_soap_mean_kokkos.h"

#include "device_spectra.h"
#include "on_cpu.h"

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* Sums in slices of each block, so that there is work for all threads, in an order that doesn't
   depend on them: a thread has one component of the vectors of a slice. */
template <class DeviceType> struct SumVectors {
  template <class T> using list = Kokkos::View<T *, DeviceType>;

  typename DeviceSpectra<DeviceType>::Block block;
  list<int> chunk;    // by local atom, counted from 1; empty: all of the first
  int chunks, slices, row_size;
  list<double> sums;    // [slice][chunk][component, and number of atoms]

  KOKKOS_INLINE_FUNCTION double &sum_of(int slice, int k, int c) const
  {
    return sums(((size_t) slice * (size_t) chunks + (size_t) k) * (size_t) row_size + (size_t) c);
  }

  KOKKOS_INLINE_FUNCTION int start(int slice) const
  {
    return (int) ((long) block.count * slice / slices);
  }

  KOKKOS_INLINE_FUNCTION void operator()(const int &item) const
  {
    const int slice = item / row_size, c = item % row_size;
    double sum = 0.0;
    int last = -1;
    for (int row = start(slice); row < start(slice + 1); row++) {
      const int k = chunk.extent(0) ? chunk(block.atom(row)) - 1 : 0;
      if (k < 0 || k >= chunks) continue;
      if (k != last && last >= 0) {
        sum_of(slice, last, c) += sum;
        sum = 0.0;
      }
      last = k;
      sum += c < block.columns ? block(row, c) : 1.0;
    }
    if (last >= 0) sum_of(slice, last, c) += sum;
  }
};

constexpr int MOST_SLICES = 64;
constexpr double MOST_BYTES = 64.0e6;    // of slices beyond the first

}    // namespace

template <class DeviceType> struct ComputeSoapMeanKokkos<DeviceType>::MeanDevice {
  DeviceSpectra<DeviceType> spectra;
};

template <class DeviceType>
ComputeSoapMeanKokkos<DeviceType>::ComputeSoapMeanKokkos(LAMMPS *lmp, int narg, char **arg) :
    ComputeSoapMean(lmp, narg, arg), on_cpu(runs_on_cpu<DeviceType>())
{
  kokkosable = 1;
  atomKK = dynamic_cast<AtomKokkos *>(atom);
  execution_space = where<DeviceType>(on_cpu);
  datamask_read = EMPTY_MASK;
  datamask_modify = EMPTY_MASK;
  if (!on_cpu) device.reset(new MeanDevice{{lmp, name, *spectra}});
}

template <class DeviceType> ComputeSoapMeanKokkos<DeviceType>::~ComputeSoapMeanKokkos() noexcept {}

template <class DeviceType>
std::vector<double> ComputeSoapMeanKokkos<DeviceType>::sum_local(int count, const int *chunk)
{
  if (on_cpu) return ComputeSoapMean::sum_local(count, chunk);
  const size_t row_size = spectra->columns() + 1, numbers = (size_t) count * row_size;
  SumVectors<DeviceType> sum;
  sum.chunks = count;
  sum.row_size = (int) row_size;
  sum.slices = std::clamp(
      (int) (MOST_BYTES / sizeof(double) / (double) std::max(numbers, (size_t) 1)), 1, MOST_SLICES);
  if (chunk) sum.chunk = upload<DeviceType>("soap:chunk", chunk, (size_t) atom->nlocal);
  try {
    sum.sums = Kokkos::View<double *, DeviceType>("soap:sums", (size_t) sum.slices * numbers);
  } catch (const std::exception &) {
    error->one(FLERR,
               name + ": out of memory for the sums of " + std::to_string(count) + " chunks");
  }
  device->spectra.visit(groupbit, 0.0, [&](const auto &block) {
    sum.block = block;
    Kokkos::parallel_for("SoapSum", Kokkos::RangePolicy<DeviceType>(0, sum.slices * sum.row_size),
                         sum);
  });
  const auto sums = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), sum.sums);
  std::vector<double> mine(numbers, 0.0);
  for (size_t i = 0; i < sums.extent(0); i++) mine[i % numbers] += sums(i);
  return mine;
}

/* Chunks are made on the CPU, from whatever the user has said. */
template <class DeviceType> void ComputeSoapMeanKokkos<DeviceType>::compute_array()
{
  atomKK->sync(Host, ALL_MASK);
  ComputeSoapMean::compute_array();
}

template <class DeviceType> void ComputeSoapMeanKokkos<DeviceType>::compute_vector()
{
  if (on_cpu) atomKK->sync(Host, X_MASK | TYPE_MASK | MASK_MASK | TAG_MASK);
  ComputeSoapMean::compute_vector();
}

template <class DeviceType> double ComputeSoapMeanKokkos<DeviceType>::memory_usage()
{
  return ComputeSoapMean::memory_usage() + (device ? device->spectra.memory_usage() : 0.0);
}

namespace LAMMPS_NS {
template class ComputeSoapMeanKokkos<LMPDeviceType>;
#ifdef LMP_KOKKOS_GPU
template class ComputeSoapMeanKokkos<LMPHostType>;
#endif
}    // namespace LAMMPS_NS
