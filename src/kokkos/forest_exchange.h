/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of numbers that migrate with their atoms on a device. In LAMMPS' buffer, as many places as
   there are atoms say, as integers, where the numbers of each atom begin. */
#ifndef MLGRAIN_FOREST_EXCHANGE_H
#define MLGRAIN_FOREST_EXCHANGE_H

#include "kokkos_type.h"

namespace MLGRAIN_NS {

/* Packs the rows of atoms that leave, and fills their places with rows from the end. */
template <class DeviceType> struct PackRows {
  typename ArrayTypes<DeviceType>::t_double_2d_lr row;
  double *buffer;
  typename ArrayTypes<DeviceType>::t_int_1d leaving, filling;    // filling: -1 for none
  int count, columns;

  KOKKOS_INLINE_FUNCTION void operator()(const int &k) const
  {
    const int i = leaving(k), from = filling(k), to = count + columns * k;
    buffer[k] = LAMMPS_NS::d_ubuf(to).d;
    for (int c = 0; c < columns; c++) buffer[to + c] = row(i, c);
    if (from >= 0)
      for (int c = 0; c < columns; c++) row(i, c) = row(from, c);
  }
};

/* Unpacks the rows of atoms that come: the first from one neighbor in the grid of ranks, the others
   from the other one, whose part of the buffer begins at `second`. */
template <class DeviceType> struct UnpackRows {
  typename ArrayTypes<DeviceType>::t_double_2d_lr row;
  const double *buffer;
  typename ArrayTypes<DeviceType>::t_int_1d index;    // of the atom here, -1: it went elsewhere
  int first_count, second, columns;

  KOKKOS_INLINE_FUNCTION void operator()(const int &k) const
  {
    if (index(k) < 0) return;
    const bool first = k < first_count;
    const double *part = first ? buffer : buffer + second;
    const int from = (int) LAMMPS_NS::d_ubuf(part[first ? k : k - first_count]).i;
    for (int c = 0; c < columns; c++) row(index(k), c) = part[from + c];
  }
};

}    // namespace MLGRAIN_NS

#endif
