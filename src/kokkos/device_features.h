/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The features of a model in the memory of a device: columns of other styles of this package as
   they lie there, all else copied from the host. */
#ifndef MLGRAIN_DEVICE_FEATURES_H
#define MLGRAIN_DEVICE_FEATURES_H

#include "device_array.h"
#include "device_columns.h"
#include "model_features.h"

#include "arg_info.h"
#include "atom_kokkos.h"
#include "atom_masks.h"
#include "compute.h"
#include "lammps.h"
#include "modify.h"

#include <vector>

namespace MLGRAIN_NS {

template <class DeviceType> class DeviceFeatures {
 public:
  using Rows = Kokkos::View<double **, DeviceType>;    // [atom][feature]

  /* Takes columns first .. of another array, as features `to` and so on. */
  struct CopyColumns {
    typename DeviceColumns<DeviceType>::Array from;
    Rows rows;
    int first, to, count;
    KOKKOS_INLINE_FUNCTION void operator()(const int &i) const
    {
      for (int c = 0; c < count; c++) rows(i, to + c) = from(i, first + c);
    }
  };
  struct CopyVector {
    Kokkos::View<double *, DeviceType> from;
    Rows rows;
    int to;
    KOKKOS_INLINE_FUNCTION void operator()(const int &i) const { rows(i, to) = from(i); }
  };

  /* The features of all local atoms at the current step; to be called between clearstep_compute and
     addstep_compute. */
  Rows refresh(LAMMPS_NS::LAMMPS *lmp, const AtomFeatures &features, int igroup)
  {
    const int n = lmp->atom->nlocal, count = (int) features.count();
    const Kokkos::RangePolicy<DeviceType> atoms(0, n);
    if ((int) rows.extent(0) < n)
      rows = Rows(Kokkos::NoInit("mlgrain:features"), lmp->atom->nmax, count);
    for (int i = 0, run; i < count; i += run) {
      int column = 0;
      auto *source = device_source(lmp, features.input(i), column);
      run = 1;
      if (!source) {
        copy_from_host(lmp, features, i, igroup);
        continue;
      }
      for (int next = 0; i + run < count; run++)
        if (device_source(lmp, features.input(i + run), next) != source || next != column + run)
          break;
      Kokkos::parallel_for("FeatureColumns", atoms,
                           CopyColumns{source->device_columns(), rows, column, i, run});
    }
    return rows;
  }

  double memory_usage() const { return sizeof(double) * (double) rows.size(); }

 private:
  Rows rows;

  static DeviceColumns<DeviceType> *device_source(LAMMPS_NS::LAMMPS *lmp, const std::string &word,
                                                  int &column)
  {
    const LAMMPS_NS::ArgInfo argument(word);
    if (argument.get_type() != LAMMPS_NS::ArgInfo::COMPUTE) return nullptr;
    column = argument.get_dim() ? argument.get_index1() - 1 : 0;
    auto *source = dynamic_cast<DeviceColumns<DeviceType> *>(
        lmp->modify->get_compute_by_id(argument.get_name()));
    return source && source->has_device_columns() ? source : nullptr;
  }

  void copy_from_host(LAMMPS_NS::LAMMPS *lmp, const AtomFeatures &features, int i, int igroup)
  {
    lmp->atomKK->sync(LAMMPS_NS::Host, ALL_MASK);
    std::vector<double> values((size_t) lmp->atom->nlocal);
    features.copy_input((size_t) i, igroup, values.data());
    Kokkos::parallel_for(
        "FeatureVector", Kokkos::RangePolicy<DeviceType>(0, lmp->atom->nlocal),
        CopyVector{upload<DeviceType>("mlgrain:feature", values.data(), values.size()), rows, i});
  }
};

}    // namespace MLGRAIN_NS

#endif
