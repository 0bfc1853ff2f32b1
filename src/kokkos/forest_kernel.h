/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A forest on a Kokkos device: tree after tree, a thread to an atom, so that all threads go down
   the same nodes; the arithmetic is that of the core's forest_predict.c, in its order. */
#ifndef MLGRAIN_FOREST_KERNEL_H
#define MLGRAIN_FOREST_KERNEL_H

#include "device_gaussian.h"

#include <cfloat>
#include <cmath>

extern "C" {
#include "models/forest_private.h"
}

namespace MLGRAIN_NS {

/* The sums that the fix gives as its global output, of every kind of model. */
struct ForestSums {
  double value[7] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0};

  KOKKOS_INLINE_FUNCTION void operator+=(const ForestSums &other)
  {
    for (int i = 0; i < 7; i++) value[i] += other.value[i];
  }
};

/* The sums for one class: of its probabilities, and of the atoms that belong to it. */
struct ClassSums {
  double probability = 0.0, atoms = 0.0;

  KOKKOS_INLINE_FUNCTION void operator+=(const ClassSums &other)
  {
    probability += other.probability;
    atoms += other.atoms;
  }
};

template <class DeviceType> struct ForestKernel {
  template <class T> using list = Kokkos::View<T *, DeviceType>;
  struct Begin {};
  struct Walk {};
  struct Finish {};
  struct CountClass {};
  static constexpr int COLUMNS = 4;    // and the classes' probabilities

  int features = 0, groupbit = 0, words = 1, classes = 0;
  double trees = 0.0, base = 0.0, scale = 0.0, novelty_limit = 0.0;
  bool has_spread = false, has_novelty = false, calibrate = false;
  list<uint64_t> node, tree_start;
  list<double> values;    // of a classifier [values][classes]
  list<double> calibration_spread, calibration_error;
  list<float> range;    // [2][features] or empty
  DeviceGaussians<DeviceType> novelty;
  /* of a call */
  int tree = 0, counted_class = 0;
  typename ArrayTypes<DeviceType>::t_int_1d mask;
  Kokkos::View<double **, DeviceType> rows;
  Kokkos::View<float **, DeviceType> x;         // [atom][features + 1], the last one minus infinity
  list<double> first, sum, sum2;                // the first tree's value; of differences from it
  Kokkos::View<double **, DeviceType> total;    // of a classifier, in their place: [atom][classes]
  list<unsigned char> flags;
  list<bool> good;
  typename ArrayTypes<DeviceType>::t_double_2d_lr out;

  ForestKernel() = default;

  ForestKernel(const mlgrain_forest *forest, bool raw_spread) :
      features(forest->info.features), words((int) forest->words), classes(forest->info.classes),
      trees((double) forest->info.trees), base(forest->base), scale(forest->scale),
      novelty_limit(forest->info.novelty_limit), has_spread(forest->info.has_spread != 0),
      has_novelty(forest->novelty != nullptr),
      calibrate(forest->info.has_calibration && !raw_spread),
      node(copy("forest:node", forest->node, forest->info.nodes * forest->words)),
      tree_start(copy("forest:start", forest->tree_start, forest->info.trees)),
      values(copy("forest:values", forest->values,
                  forest->info.values * (size_t) (classes ? classes : 1))),
      calibration_spread(copy("forest:spread", forest->calibration_spread, points_of(forest))),
      calibration_error(copy("forest:error", forest->calibration_error, points_of(forest))),
      range(copy("forest:range", forest->range, forest->range ? 2 * (size_t) features : 0)),
      novelty(&forest->novelty, has_novelty ? 1 : 0)
  {
  }

  void reserve(int atoms)
  {
    using Kokkos::NoInit;
    if ((int) good.extent(0) >= atoms) return;
    x = Kokkos::View<float **, DeviceType>(NoInit("forest:x"), atoms, features + 1);
    if (classes) {
      total = Kokkos::View<double **, DeviceType>(NoInit("forest:total"), atoms, classes);
    } else {
      first = list<double>(NoInit("forest:first"), atoms);
      sum = list<double>(NoInit("forest:sum"), atoms);
      sum2 = list<double>(NoInit("forest:sum2"), atoms);
    }
    flags = list<unsigned char>(NoInit("forest:flags"), atoms);
    good = list<bool>(NoInit("forest:good"), atoms);
  }

  template <class T> static list<T> copy(const char *name, const T *from, size_t count)
  {
    return upload<DeviceType>(name, from, count);
  }
  static size_t points_of(const mlgrain_forest *forest)
  {
    return forest->info.has_calibration ? forest->calibration_points : 0;
  }

  /* Rounds a row to float32, as its trees compare them. */
  KOKKOS_INLINE_FUNCTION void operator()(Begin, const int &i) const
  {
    for (int c = 0; c < COLUMNS + classes; c++) out(i, c) = 0.0;
    good(i) = false;
    if (!(mask(i) & groupbit)) return;
    bool finite = true, outside = false;
    for (int f = 0; f < features; f++) {
      const float value = (float) rows(i, f);
      x(i, f) = value;
      finite = finite && Kokkos::fabs(value) <= FLT_MAX;
      if (range.extent(0)) outside = outside || value < range(f) || value > range(features + f);
    }
    x(i, features) = -HUGE_VALF;
    good(i) = finite;
    flags(i) = !finite ? MLGRAIN_ROW_NOT_FINITE : outside ? MLGRAIN_ROW_OUT_OF_RANGE : 0;
  }

  /* The place of the value of a row's leaf in this tree. */
  KOKKOS_INLINE_FUNCTION uint32_t leaf_place(int i) const
  {
    const uint64_t *root = node.data() + tree_start(tree) * (uint64_t) words;
    uint64_t word = 0;
    for (uint32_t place = 0, next = 0;; place = next) {
      uint32_t child, feature;
      if (words == 1) {
        word = root[place];
        child = (uint32_t) (word >> (32 + NARROW_FEATURE_BITS));
        feature = (uint32_t) (word >> 32) & ((1u << NARROW_FEATURE_BITS) - 1u);
      } else {
        word = root[2 * (uint64_t) place];
        child = (uint32_t) root[2 * (uint64_t) place + 1];
        feature = (uint32_t) (word >> 32);
      }
      next = child + (x(i, feature) > Kokkos::bit_cast<float>((uint32_t) word) ? 1u : 0u);
      if (next == place) break;
    }
    return (uint32_t) word;
  }

  KOKKOS_INLINE_FUNCTION void operator()(Walk, const int &i) const
  {
    if (!good(i)) return;
    const uint32_t place = leaf_place(i);
    if (classes) return add_probabilities(i, place);
    const double value = values(place);
    if (tree == 0) {
      first(i) = value;
      sum(i) = sum2(i) = 0.0;
    } else {
      const double difference = value - first(i);
      sum(i) += difference;
      sum2(i) += difference * difference;
    }
  }

  KOKKOS_INLINE_FUNCTION void add_probabilities(int i, uint32_t place) const
  {
    const size_t begin = (size_t) place * (size_t) classes;
    for (int k = 0; k < classes; k++)
      total(i, k) = (tree == 0 ? 0.0 : total(i, k)) + values(begin + (size_t) k);
  }

  /* The error that the calibration expects at a raw spread. */
  KOKKOS_INLINE_FUNCTION double calibrated(double spread) const
  {
    const auto &s = calibration_spread;
    const auto &e = calibration_error;
    const int last = (int) s.extent(0) - 1;
    if (spread <= s(0)) return e(0);
    if (spread >= s(last)) return e(last) * (spread / s(last));
    int k = 1;
    while (s(k) < spread) k++;
    return e(k - 1) + (e(k) - e(k - 1)) * ((spread - s(k - 1)) / (s(k) - s(k - 1)));
  }

  KOKKOS_INLINE_FUNCTION void write_value(int i) const
  {
    const double mean = sum(i) / trees, variance = sum2(i) / trees - mean * mean;
    const double factor = has_spread ? scale : scale * trees;
    const double spread =
        has_spread && variance > 0.0 ? Kokkos::fabs(scale) * Kokkos::sqrt(variance) : 0.0;
    out(i, 0) = base + factor * (first(i) + mean);
    out(i, 1) = calibrate ? calibrated(spread) : spread;
  }

  KOKKOS_INLINE_FUNCTION void write_class(int i) const
  {
    int best = 0;
    for (int k = 0; k < classes; k++) {
      out(i, COLUMNS + k) = total(i, k) / trees;
      if (out(i, COLUMNS + k) > out(i, COLUMNS + best)) best = k;
    }
    out(i, 0) = best + 1;
    out(i, 1) = 1.0 - out(i, COLUMNS + best);
  }

  struct Row {
    const ForestKernel &kernel;
    int i;
    KOKKOS_INLINE_FUNCTION double operator()(int f) const { return kernel.rows(i, f); }
  };

  KOKKOS_INLINE_FUNCTION void operator()(Finish, const int &i, ForestSums &sums) const
  {
    if (!(mask(i) & groupbit)) return;
    if (!good(i)) {
      out(i, 3) = MLGRAIN_ROW_NOT_FINITE;
      sums.value[4] += 1.0;
      return;
    }
    int flag = flags(i);
    if (classes)
      write_class(i);
    else
      write_value(i);
    if (has_novelty) {
      out(i, 2) = Kokkos::sqrt(novelty.distance2(0, Row{*this, i}));
      if (out(i, 2) > novelty_limit) flag |= MLGRAIN_ROW_NOVEL;
    }
    out(i, 3) = flag;
    for (int c = 0; c < 3; c++) sums.value[c] += out(i, c);
    sums.value[3] += 1.0;
    sums.value[5] += flag & MLGRAIN_ROW_OUT_OF_RANGE ? 1.0 : 0.0;
    sums.value[6] += flag & MLGRAIN_ROW_NOVEL ? 1.0 : 0.0;
  }

  KOKKOS_INLINE_FUNCTION void operator()(CountClass, const int &i, ClassSums &sums) const
  {
    if (!(mask(i) & groupbit)) return;
    sums.probability += out(i, COLUMNS + counted_class);
    sums.atoms += out(i, 0) == counted_class + 1 ? 1.0 : 0.0;
  }
};

}    // namespace MLGRAIN_NS

#endif
