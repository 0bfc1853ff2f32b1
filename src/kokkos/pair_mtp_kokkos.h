/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef PAIR_CLASS
// clang-format off
PairStyle(mtp/kk,PairMTPKokkos<LMPDeviceType>);
PairStyle(mtp/kk/device,PairMTPKokkos<LMPDeviceType>);
PairStyle(mtp/kk/host,PairMTPKokkos<LMPHostType>);
// clang-format on
#else

#ifndef LMP_PAIR_MTP_KOKKOS_H
#define LMP_PAIR_MTP_KOKKOS_H

#include "pair_mtp.h"

#include "kokkos_type.h"

namespace LAMMPS_NS {

/* Pair style mtp on a Kokkos device; doc/pair_mtp.md. On a CPU (on_cpu.h) it differs from PairMTP
   in its neighbor list only. */
template <class DeviceType> class PairMTPKokkos : public PairMTP {
 public:
  PairMTPKokkos(class LAMMPS *);
  ~PairMTPKokkos() override;
  void init_style() override;
  double memory_usage() override;
  bool gives_error_bars() const override { return false; }

  /* The grades of this step's local atoms in the device's memory; see grades(). */
  Kokkos::View<double *, DeviceType> device_grades(const std::string &asked_by);

 protected:
  void potential_read(const mlgrain_mtp_file *, const mlgrain_mtp *) override;
  void types_mapped() override;
  bool offers_mixed_precision() const override { return on_cpu; }
  void begin_tallies(int, int) override;
  void evaluate(bool, bool) override;
  void prepare_for_host() override;
  void fetch_grades() override;
  double local_largest_grade() const override;
  void sum_gradients(double *) const override;

 private:
  const bool on_cpu;
  struct MTPDevice;
  std::unique_ptr<MTPDevice> device;    // tables and arrays in the device's memory
  DAT::ttransform_kkacc_1d k_eatom;
  DAT::ttransform_kkacc_1d_6 k_vatom;
  DAT::ttransform_kkacc_1d_9 k_cvatom;

  void evaluate_on_cpu(bool, bool);
  void choose_centers();
  void direct_results(bool, bool);
  void find_near(int, int);
  void choose_shape(int);
  void run();
  void contribute_results(bool);
};

}    // namespace LAMMPS_NS

#endif
#endif
