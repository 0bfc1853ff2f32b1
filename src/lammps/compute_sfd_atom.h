/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(sfd/atom,ComputeSFDAtom);
// clang-format on
#else

#ifndef LMP_COMPUTE_SFD_ATOM_H
#define LMP_COMPUTE_SFD_ATOM_H

#include "compute.h"

#include <memory>
#include <string>
#include <vector>

struct mlgrain_sfd;

namespace LAMMPS_NS {

/* Strain functional descriptors of each atom; doc/compute_sfd_atom.md. */
class ComputeSFDAtom : public Compute {
 public:
  ComputeSFDAtom(class LAMMPS *, int, char **);
  ~ComputeSFDAtom() override;
  void init() override;
  void setup() override;
  void compute_peratom() override;
  double memory_usage() override;

  /* For styles that apply models to the descriptors. */
  const char *column_name(int column) const;    // "P0_I0" and so on, column 0 is the first
  double width() const;                         // sigma; if auto, known once a run is initialized
  double cutoff() const;                        // the same
  double type_weight(int type) const;

 protected:
  /* For an accelerated form. */
  const mlgrain_sfd *tables() const;    // once a run is initialized
  int column_count() const;
  const std::vector<double> &type_weights() const;    // [0] is type 1; empty: all 1
  const std::string &title() const;                   // "Compute s sfd/atom"
  void require_ghosts() const;

 private:
  struct Settings;
  struct Core;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Core> core;            // the library's objects
  int nmax;
  double **descriptor;

  double positive(const std::string &, const char *, bool zero_allowed = false);
  void parse_columns(int, char **, int &);
  void parse_options(int, char **);
  void create_core();
  void print_column_names() const;
};

}    // namespace LAMMPS_NS

#endif
#endif
