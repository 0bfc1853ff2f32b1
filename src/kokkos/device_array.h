/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers in the memory of a device. */
#ifndef MLGRAIN_DEVICE_ARRAY_H
#define MLGRAIN_DEVICE_ARRAY_H

#include "kokkos_type.h"

#include <string>

namespace MLGRAIN_NS {

using real = KK_FLOAT;    // what the user built LAMMPS for

/* A device copy of an array. */
template <class DeviceType, class T>
Kokkos::View<T *, DeviceType> upload(const char *name, const T *from, size_t count)
{
  Kokkos::View<T *, DeviceType> made(
      Kokkos::view_alloc(Kokkos::WithoutInitializing, std::string(name)), count);
  if (count)
    Kokkos::deep_copy(
        made,
        Kokkos::View<const T *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(from,
                                                                                            count));
  return made;
}

}    // namespace MLGRAIN_NS

#endif
