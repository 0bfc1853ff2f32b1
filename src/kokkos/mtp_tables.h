/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A moment tensor potential in the memory of a device. */
#ifndef MLGRAIN_MTP_TABLES_H
#define MLGRAIN_MTP_TABLES_H

#include "device_array.h"
#include "mtp_lists.h"

extern "C" {
#include "mtp/mtp_private.h"
}

namespace MLGRAIN_NS {

template <class DeviceType> struct MTPTables {
  template <class T> using list = Kokkos::View<T *, DeviceType>;

  int species_count = 0, radial_count = 0, radial_size = 0, slots = 0, reduced = 0, basics = 0;
  int max_rank = 0, basic_count = 0, moment_count = 0, scalar_count = 0, parameter_count = 0;
  bool repulsive = false, radial_powers = false;
  double scaling = 0.0, min_dist = 0.0, max_dist = 0.0, inverse_width = 0.0, grade_weight = 0.0;
  list<double> radial;    // [pair][radial_size][radial_count]
  list<double> species_coeffs;
  list<int> strip_start;
  list<MTPStrip> strips;
  list<MTPRecovery> recovery;
  list<MTPGather> gather;
  list<MTPGatherTerm> gather_terms;
  list<MTPPanel> stored, fused;
  list<int> recovery_start, gather_start, stored_start;    // of the levels
  list<double> factors;
  list<int> indices;
  list<MTPTerm> partners, terms;
  list<MTPQuadratic> quadratics;
  /* for grades */
  list<int> basic_slot, mapping;
  list<MTPProduct> products;
  list<int> product_start;
  list<MTPProductTerm> product_terms;
  list<double> active_inverse;    // empty: no grades

  MTPTables() = default;

  MTPTables(const mlgrain_mtp *mtp, const MTPLists &lists) :
      species_count(mtp->species_count), radial_count(mtp->radial_count),
      radial_size(mtp->radial_size), slots(lists.slots), reduced(lists.reduced),
      basics(lists.basics), max_rank(lists.max_rank), basic_count(mtp->basic_count),
      moment_count(mtp->moment_count), scalar_count(mtp->scalar_count),
      parameter_count((int) mtp->parameter_count), repulsive(mtp->repulsive != 0),
      radial_powers(mtp->radial_powers != 0), scaling(mtp->scaling), min_dist(mtp->min_dist),
      max_dist(mtp->max_dist), inverse_width(mtp->inverse_width), grade_weight(mtp->grade_weight),
      radial(
          copy("mtp:radial", mtp->radial,
               (size_t) (species_count * species_count) * (size_t) (radial_count * radial_size))),
      species_coeffs(copy("mtp:species_coeffs", mtp->species_coeffs, (size_t) species_count)),
      strip_start(copy("mtp:strip_start", lists.strip_start)),
      strips(copy("mtp:strips", lists.strips)),
      recovery(copy("mtp:recovery", lists.recovery.entry)),
      gather(copy("mtp:gather", lists.gather.entry)),
      gather_terms(copy("mtp:gather_terms", lists.gather_terms)),
      stored(copy("mtp:stored", lists.stored.entry)), fused(copy("mtp:fused", lists.fused)),
      recovery_start(copy("mtp:recovery_start", lists.recovery.start)),
      gather_start(copy("mtp:gather_start", lists.gather.start)),
      stored_start(copy("mtp:stored_start", lists.stored.start)),
      factors(copy("mtp:factors", lists.factors)), indices(copy("mtp:indices", lists.indices)),
      partners(copy("mtp:partners", lists.partners)), terms(copy("mtp:terms", lists.terms)),
      quadratics(copy("mtp:quadratics", lists.quadratics)),
      basic_slot(copy("mtp:basic_slot", lists.basic_slot)),
      mapping(copy("mtp:mapping", mtp->mapping, (size_t) scalar_count)),
      products(copy("mtp:products", lists.products.entry)),
      product_start(copy("mtp:product_start", lists.products.start)),
      product_terms(copy("mtp:product_terms", lists.product_terms)),
      active_inverse(copy("mtp:active_inverse", mtp->active_inverse,
                          mtp->active_inverse ? mtp->parameter_count * mtp->parameter_count : 0))
  {
  }

 private:
  template <class T> static list<T> copy(const char *name, const std::vector<T> &from)
  {
    return upload<DeviceType>(name, from.data(), from.size());
  }
  template <class T> static list<T> copy(const char *name, const T *from, size_t count)
  {
    return upload<DeviceType>(name, from, count);
  }
};

}    // namespace MLGRAIN_NS

#endif
