/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Per-atom results that stay on the device. LAMMPS takes them from a compute's host array, for
   which compute_peratom() has to copy them; styles of this package take them from here, and then no
   copy is made unless something else in the input asks for it. */
#ifndef MLGRAIN_DEVICE_COLUMNS_H
#define MLGRAIN_DEVICE_COLUMNS_H

#include "kokkos_type.h"

namespace MLGRAIN_NS {

template <class DeviceType> class DeviceColumns {
 public:
  using Array = typename ArrayTypes<DeviceType>::t_kkfloat_2d;

  virtual ~DeviceColumns() = default;

  /* Whether they are there at all: some options of styles are done on the host only. */
  virtual bool has_device_columns() const { return true; }

  /* The numbers of local atoms at the current step, [atom][column]; computed unless they are known,
     so to be called between clearstep_compute and addstep_compute. */
  virtual Array device_columns() = 0;
};

/* A bit in Compute::invoked_flag, which LAMMPS clears with the others: the device's array is that
   of this step, the host's need not be. */
constexpr int INVOKED_ON_DEVICE = 1 << 24;

}    // namespace MLGRAIN_NS

#endif
