/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Squared Mahalanobis distances |(z - mean) U|^2 on a device; the tables are those of the core's
   struct gaussian. */
#ifndef MLGRAIN_DEVICE_GAUSSIAN_H
#define MLGRAIN_DEVICE_GAUSSIAN_H

#include "device_array.h"

extern "C" {
#include "models/gaussian_private.h"
}

namespace MLGRAIN_NS {

/* One or several Gaussians, one after the other. */
template <class DeviceType> struct DeviceGaussians {
  int features = 0;
  Kokkos::View<double *, DeviceType> mean, column;

  DeviceGaussians() = default;

  DeviceGaussians(const gaussian *const *list, size_t count)
  {
    if (!count) return;
    const size_t n = list[0]->n, triangle = n * (n + 1) / 2;
    std::vector<double> means, columns;
    for (size_t k = 0; k < count; k++) {
      means.insert(means.end(), list[k]->mean, list[k]->mean + n);
      columns.insert(columns.end(), list[k]->column, list[k]->column + triangle);
    }
    features = (int) n;
    mean = upload<DeviceType>("gaussian:mean", means.data(), means.size());
    column = upload<DeviceType>("gaussian:column", columns.data(), columns.size());
  }

  /* z(f): feature f */
  template <class Row> KOKKOS_INLINE_FUNCTION double distance2(int k, const Row &z) const
  {
    const double *mu = mean.data() + k * features;
    const double *u = column.data() + k * (features * (features + 1) / 2);
    double sum = 0.0;
    for (int j = 0; j < features; j++) {
      double y = 0.0;
      for (int i = 0; i <= j; i++) y += (z(i) - mu[i]) * *u++;
      sum += y * y;
    }
    return sum;
  }
};

}    // namespace MLGRAIN_NS

#endif
