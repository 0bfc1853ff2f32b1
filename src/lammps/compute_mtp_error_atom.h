/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(mtp/error/atom,ComputeMTPErrorAtom);
// clang-format on
#else

#ifndef LMP_COMPUTE_MTP_ERROR_ATOM_H
#define LMP_COMPUTE_MTP_ERROR_ATOM_H

#include "compute.h"

#include <memory>
#include <string>
#include <vector>

struct mlgrain_mtp_file;

namespace LAMMPS_NS {

/* Error bars of pair style mtp; doc/compute_mtp_error_atom.md. */
class ComputeMTPErrorAtom : public Compute {
 public:
  ComputeMTPErrorAtom(class LAMMPS *, int, char **);
  ~ComputeMTPErrorAtom() override;
  void init() override;
  void compute_vector() override;
  void compute_peratom() override;
  int pack_reverse_comm(int, int, double *) override;
  void unpack_reverse_comm(int, int *, double *) override;
  void set_arrays(int) override;
  double memory_usage() override;

  /* For fix mtp/learn, after the pair style goes on with other coefficients; as
     PairMTP::renew_error_bars. */
  void renew(const mlgrain_mtp_file *file, const std::vector<double> &sketch, size_t rows,
             const std::vector<double> &members, double factor);

  /* What the spread of forces over members is multiplied by. */
  double error_factor() const;

 private:
  struct Core;
  std::unique_ptr<Core> core;
  std::string name;    // for messages
  class PairMTP *pair;
  class FixStoreAtom *store;    // predicted errors, which go with the atoms between their updates
  std::string store_id;
  int nmax;
  double **array;

  void parse_options(int, char **);
  void find_pair();
  void check_file();
  void report() const;
  bool is_due(bigint step) const;
  void refresh();
  void update_errors();
  void fill_row(int i, const double *grades, double *row);
};

}    // namespace LAMMPS_NS

#endif
#endif
