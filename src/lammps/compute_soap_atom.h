/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(soap/atom,ComputeSoapAtom);
// clang-format on
#else

#ifndef LMP_COMPUTE_SOAP_ATOM_H
#define LMP_COMPUTE_SOAP_ATOM_H

#include "compute.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

struct mlgrain_soap_parameters;

namespace MLGRAIN_NS {
class PowerSpectra;
class SpectrumProjection;
}    // namespace MLGRAIN_NS

namespace LAMMPS_NS {

/* Power spectrum (SOAP) of each atom; doc/compute_soap_atom.md. */
class ComputeSoapAtom : public Compute {
 public:
  ComputeSoapAtom(class LAMMPS *, int, char **);
  ~ComputeSoapAtom() override;
  void init() override;
  void setup() override;
  void compute_peratom() override;
  double memory_usage() override;

  /* What the vectors are made with. */
  const mlgrain_soap_parameters &parameters() const;

 protected:
  std::string name;    // for messages: "Compute s soap/atom"
  std::unique_ptr<MLGRAIN_NS::PowerSpectra> spectra;
  std::unique_ptr<MLGRAIN_NS::SpectrumProjection> projection;    // null: none

 private:
  std::vector<std::string> column_words;    // of keyword columns
  double most_memory;                       // bytes of one rank
  int rows;                                 // of the array
  double **descriptor;

  void parse_columns(int, char **, int &);
  std::vector<size_t> chosen_columns() const;
  int columns() const;
  void add_range(const std::string &, size_t, std::vector<size_t> &) const;
  void check_memory() const;
};

}    // namespace LAMMPS_NS

#endif
#endif
