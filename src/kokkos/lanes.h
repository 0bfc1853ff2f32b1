/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many atoms one thread computes at a time: one on a GPU, where the threads are many; as many
   as a vector register holds on a CPU. The kernels are written for a `pack` of that many numbers.
 */
#ifndef MLGRAIN_LANES_H
#define MLGRAIN_LANES_H

#include "kokkos_type.h"

#include <string>

namespace MLGRAIN_NS {

using real = KK_FLOAT;    // what the user built LAMMPS for

/* MLGRAIN_KOKKOS_SCALAR: what GPUs run, on a CPU, to test it. */
#if defined(LMP_KOKKOS_GPU) || !defined(__GNUC__) || defined(MLGRAIN_KOKKOS_SCALAR)
#define MLGRAIN_ONE_LANE

constexpr int LANES = 1;
using pack = real;

KOKKOS_FORCEINLINE_FUNCTION real lane_of(const pack &v, int)
{
  return v;
}
KOKKOS_FORCEINLINE_FUNCTION pack square_root(pack v)
{
  return Kokkos::sqrt(v);
}

#else

#if defined(__AVX512F__)
constexpr int PACK_BYTES = 64;
#elif defined(__AVX__)
constexpr int PACK_BYTES = 32;
#else
constexpr int PACK_BYTES = 16;
#endif
constexpr int LANES = PACK_BYTES / (int) sizeof(real);
typedef real pack __attribute__((vector_size(PACK_BYTES)));

inline real lane_of(const pack &v, int lane)
{
  return v[lane];
}
inline pack square_root(pack v)
{
  for (int lane = 0; lane < LANES; lane++) v[lane] = Kokkos::sqrt(v[lane]);
  return v;
}

#endif

/* All lanes the same. */
KOKKOS_FORCEINLINE_FUNCTION pack all_lanes(real value)
{
  return pack{} + value;
}

KOKKOS_FORCEINLINE_FUNCTION void set_lane(pack &v, int lane, real value)
{
#if defined(MLGRAIN_ONE_LANE)
  (void) lane;
  v = value;
#else
  v[lane] = value;
#endif
}

/* Memory of packs is aligned to their size. */
KOKKOS_FORCEINLINE_FUNCTION pack load(const real *from)
{
  return *reinterpret_cast<const pack *>(from);
}

KOKKOS_FORCEINLINE_FUNCTION void store(real *to, pack value)
{
  *reinterpret_cast<pack *>(to) = value;
}

/* Adds to memory that other threads may add to at the same time. */
KOKKOS_FORCEINLINE_FUNCTION void add_shared(real *to, pack value)
{
  for (int lane = 0; lane < LANES; lane++) Kokkos::atomic_add(to + lane, lane_of(value, lane));
}

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
