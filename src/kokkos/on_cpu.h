/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Styles for Kokkos whose device is the CPU run the core's kernels, which are made for its vector
   instructions, through the style they are derived from; the kernels of this folder are for GPUs.
   The environment variable MLGRAIN_KOKKOS_KERNELS=device has these run on the CPU too, to test
   them. */
#ifndef MLGRAIN_ON_CPU_H
#define MLGRAIN_ON_CPU_H

#include "kokkos_type.h"

#include <cstdlib>
#include <cstring>

namespace MLGRAIN_NS {

template <class DeviceType> bool runs_on_cpu()
{
  const char *kernels = getenv("MLGRAIN_KOKKOS_KERNELS");
  return std::is_same_v<DeviceType, LMPHostType> && !(kernels && strcmp(kernels, "device") == 0);
}

/* Where a style wants the atoms: LAMMPS' arrays for styles without Kokkos, or its Kokkos views. */
template <class DeviceType> LAMMPS_NS::ExecutionSpace where(bool on_cpu)
{
  return on_cpu ? LAMMPS_NS::Host : ExecutionSpaceFromDevice<DeviceType>::space;
}

}    // namespace MLGRAIN_NS

#endif
