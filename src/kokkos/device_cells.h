/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points sorted into cells on a device, as the core's cells.h does on a CPU: neighbors in space,
   whatever neighbor lists leave out, and without the memory of such a list. */
#ifndef MLGRAIN_DEVICE_CELLS_H
#define MLGRAIN_DEVICE_CELLS_H

#include "device_array.h"

#include <cfloat>
#include <climits>

namespace MLGRAIN_NS {

/* The box around all points, and the first whose position is not finite. */
struct PointBounds {
  double low[3] = {DBL_MAX, DBL_MAX, DBL_MAX}, high[3] = {-DBL_MAX, -DBL_MAX, -DBL_MAX};
  int bad = INT_MAX;

  KOKKOS_INLINE_FUNCTION void operator+=(const PointBounds &other)
  {
    for (int d = 0; d < 3; d++) {
      low[d] = other.low[d] < low[d] ? other.low[d] : low[d];
      high[d] = other.high[d] > high[d] ? other.high[d] : high[d];
    }
    bad = other.bad < bad ? other.bad : bad;
  }
};

template <class DeviceType> struct DeviceCells {
  using AT = ArrayTypes<DeviceType>;
  using Positions = typename AT::t_kkfloat_1d_3_lr_randomread;
  template <class T> using list = Kokkos::View<T *, DeviceType>;
  struct FindBounds {};
  struct Count {};
  struct Scan {};
  struct Fill {};
  struct Sort {};

  Positions x;
  int points = 0, size[3] = {0, 0, 0}, reach = 0;    // reach: cells to either side
  double low[3] = {0.0, 0.0, 0.0}, per_edge = 0.0;
  list<int> start,
      next;    // [cells + 1]: points of cell c are index(start(c)) .. index(start(c + 1) - 1)
  list<int> index;

  /* For searches up to the cutoff. Returns the first of n points whose position is not finite, -1
     if all are. */
  int build(const Positions &positions, int n, double cutoff);

  KOKKOS_INLINE_FUNCTION int coordinate(double position, int d) const
  {
    const int c = (int) ((position - low[d]) * per_edge);
    return c < 0 ? 0 : c < size[d] ? c : size[d] - 1;
  }
  KOKKOS_INLINE_FUNCTION int cell_of(int i) const
  {
    return (coordinate(x(i, 2), 2) * size[1] + coordinate(x(i, 1), 1)) * size[0] +
        coordinate(x(i, 0), 0);
  }

  KOKKOS_INLINE_FUNCTION void operator()(FindBounds, const int &i, PointBounds &bounds) const
  {
    for (int d = 0; d < 3; d++) {
      const double at = x(i, d);
      if (!(Kokkos::fabs(at) <= DBL_MAX)) {
        if (i < bounds.bad) bounds.bad = i;
        continue;
      }
      bounds.low[d] = at < bounds.low[d] ? at : bounds.low[d];
      bounds.high[d] = at > bounds.high[d] ? at : bounds.high[d];
    }
  }
  KOKKOS_INLINE_FUNCTION void operator()(Count, const int &i) const
  {
    Kokkos::atomic_inc(&start(cell_of(i)));
  }
  KOKKOS_INLINE_FUNCTION void operator()(Scan, const int &c, int &sum, const bool last) const
  {
    const int count = start(c);
    if (last) start(c) = next(c) = sum;
    sum += count;
  }
  KOKKOS_INLINE_FUNCTION void operator()(Fill, const int &i) const
  {
    index(Kokkos::atomic_fetch_add(&next(cell_of(i)), 1)) = i;
  }
  /* So that sums don't depend on which thread came first. */
  KOKKOS_INLINE_FUNCTION void operator()(Sort, const int &c) const
  {
    for (int k = start(c) + 1; k < start(c + 1); k++) {
      const int moved = index(k);
      int to = k;
      for (; to > start(c) && index(to - 1) > moved; to--) index(to) = index(to - 1);
      index(to) = moved;
    }
  }
};

template <class DeviceType>
int DeviceCells<DeviceType>::build(const Positions &positions, int n, double cutoff)
{
  x = positions;
  points = n;
  PointBounds bounds;
  Kokkos::parallel_reduce("CellBounds", Kokkos::RangePolicy<DeviceType, FindBounds>(0, n), *this,
                          bounds);
  if (bounds.bad != INT_MAX) return bounds.bad;
  /* Half a cutoff, or larger where there are few points. */
  double edge = 0.5 * cutoff, cells;
  const auto count = [&]() {
    cells = 1.0;
    for (int d = 0; d < 3; d++)
      cells *= std::max(0.0, (bounds.high[d] - bounds.low[d]) / edge) + 1.0;
    return cells;
  };
  while (count() > 2.0 * n + 64.0) edge *= 1.25;
  per_edge = 1.0 / edge;
  reach = (int) std::ceil(cutoff * per_edge * (1.0 - 1.0e-14));
  for (int d = 0; d < 3; d++) {
    low[d] = bounds.low[d];
    size[d] = std::max(1, (int) ((bounds.high[d] - bounds.low[d]) * per_edge) + 1);
  }
  const int total = size[0] * size[1] * size[2];
  start = list<int>("cells:start", (size_t) total + 1);
  next = list<int>(Kokkos::NoInit("cells:next"), (size_t) total + 1);
  if (index.extent(0) < (size_t) n) index = list<int>(Kokkos::NoInit("cells:index"), n);
  Kokkos::parallel_for("CellCount", Kokkos::RangePolicy<DeviceType, Count>(0, n), *this);
  Kokkos::parallel_scan("CellScan", Kokkos::RangePolicy<DeviceType, Scan>(0, total + 1), *this);
  Kokkos::parallel_for("CellFill", Kokkos::RangePolicy<DeviceType, Fill>(0, n), *this);
  Kokkos::parallel_for("CellSort", Kokkos::RangePolicy<DeviceType, Sort>(0, total), *this);
  return -1;
}

}    // namespace MLGRAIN_NS

#endif
