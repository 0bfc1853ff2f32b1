/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest of many environments on a Kokkos device, a team of threads to a vector. Every
   distance that is computed bounds all others from below, by the triangle inequality; the next one
   is to the environment whose bound is lowest, until no bound is below the second smallest distance
   (the method of M. L. Mico, J. Oncina, E. Vidal, Pattern Recognit. Lett. 15 (1994) 9). What is
   found is exact. */
#ifndef MLGRAIN_NEAREST_KERNEL_H
#define MLGRAIN_NEAREST_KERNEL_H

#include "device_columns.h"
#include "device_spectra.h"

namespace MLGRAIN_NS {

/* Environments, and distances between them. */
template <class DeviceType> struct DeviceEnvironments {
  using Table = Kokkos::View<double **, Kokkos::LayoutRight, DeviceType>;
  static constexpr int MOST_PIVOTS = 1024;

  int count = 0, components = 0, pivots = 0;
  Table vector;     // [count][components]
  Table between;    // [pivots][count]: distances of the first ones

  DeviceEnvironments() = default;

  DeviceEnvironments(const double *from, int count, int components) :
      count(count), components(components), pivots(count < MOST_PIVOTS ? count : MOST_PIVOTS),
      vector(Kokkos::NoInit("environments:vector"), count, components),
      between(Kokkos::NoInit("environments:between"), pivots, count)
  {
    Kokkos::deep_copy(
        vector,
        Kokkos::View<const double **, Kokkos::LayoutRight, Kokkos::HostSpace,
                     Kokkos::MemoryTraits<Kokkos::Unmanaged>>(from, count, components));
    const DeviceEnvironments copy = *this;
    Kokkos::parallel_for(
        "EnvironmentsBetween",
        Kokkos::RangePolicy<DeviceType, Kokkos::IndexType<long>>(0, (long) pivots * count), copy);
  }

  KOKKOS_INLINE_FUNCTION void operator()(const long &item) const
  {
    const int p = (int) (item / count), k = (int) (item % count);
    double square = 0.0;
    for (int c = 0; c < components; c++) {
      const double d = vector(p, c) - vector(k, c);
      square += d * d;
    }
    between(p, k) = Kokkos::sqrt(square);
  }
};

template <class DeviceType> struct NearestKernel {
  using Policy = Kokkos::TeamPolicy<DeviceType>;
  using Member = typename Policy::member_type;
  using Lowest = Kokkos::MinLoc<double, int>;
  enum { CLASS, DISTANCE, SECOND, SEED };

  typename DeviceSpectra<DeviceType>::Block block;
  DeviceEnvironments<DeviceType> environments;
  typename DeviceEnvironments<DeviceType>::Table bound;    // [row][environment]
  double largest;                                          // distance to be of a class
  typename DeviceColumns<DeviceType>::Array found;         // by atom

  KOKKOS_INLINE_FUNCTION double distance(const Member &team, int row, int k) const
  {
    double square = 0.0;
    Kokkos::parallel_reduce(
        Kokkos::TeamThreadRange(team, environments.components),
        [&](int c, double &sum) {
          const double d = block(row, c) - environments.vector(k, c);
          sum += d * d;
        },
        square);
    return Kokkos::sqrt(square);
  }

  /* Raises bounds by what the distance to environment k says, and finds the lowest; those that are
     done are at DBL_MAX. */
  KOKKOS_INLINE_FUNCTION typename Lowest::value_type raise_bounds(const Member &team, int row,
                                                                  int k, double distance) const
  {
    constexpr double rounding = 1e-11;
    typename Lowest::value_type lowest;
    Kokkos::parallel_reduce(
        Kokkos::TeamThreadRange(team, environments.count),
        [&](int i, typename Lowest::value_type &mine) {
          double value = bound(row, i);
          if (i == k) value = DBL_MAX;
          if (k < environments.pivots && value < DBL_MAX) {
            const double other = environments.between(k, i);
            const double least = Kokkos::fabs(distance - other) - rounding * (distance + other);
            if (least > value) value = least;
          }
          bound(row, i) = value;
          if (value < mine.val) {
            mine.val = value;
            mine.loc = i;
          }
        },
        Lowest(lowest));
    return lowest;
  }

  KOKKOS_INLINE_FUNCTION void operator()(const Member &team) const
  {
    const int row = team.league_rank();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, environments.count),
                         [&](int i) { bound(row, i) = 0.0; });
    int nearest = 0, next = 0;
    double best = DBL_MAX, second = DBL_MAX, seed = 0.0;
    for (double least = 0.0; least < DBL_MAX && least <= second;) {
      const double d = distance(team, row, next);
      if (next == 0) seed = d;
      if (d < best || (d == best && next < nearest)) {    // of equally near ones the first
        second = best;
        best = d;
        nearest = next;
      } else if (d < second) {
        second = d;
      }
      const auto lowest = raise_bounds(team, row, next, d);
      least = lowest.val;
      next = lowest.loc;
    }
    Kokkos::single(Kokkos::PerTeam(team), [&]() {
      const int i = block.atom(row);
      found(i, CLASS) = (KK_FLOAT) (best > largest ? 0 : nearest + 1);
      found(i, DISTANCE) = (KK_FLOAT) best;
      found(i, SECOND) = (KK_FLOAT) (second < DBL_MAX ? second : -1.0);
      found(i, SEED) = (KK_FLOAT) seed;
    });
  }
};

}    // namespace MLGRAIN_NS

#endif
