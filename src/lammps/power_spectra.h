/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power spectra (SOAP) of the atoms of one rank, as the styles soap/... and ler/... need them. */
#ifndef MLGRAIN_POWER_SPECTRA_H
#define MLGRAIN_POWER_SPECTRA_H

#include "neighborhood.h"

#include "mlgrain/soap.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace LAMMPS_NS {
class Fix;
}

namespace MLGRAIN_NS {

class PowerSpectra {
 public:
  /* owner: how errors name the style, e.g. "Compute s soap/atom" */
  PowerSpectra(LAMMPS_NS::LAMMPS *lmp, const std::string &owner);
  ~PowerSpectra();
  PowerSpectra(const PowerSpectra &) = delete;
  PowerSpectra &operator=(const PowerSpectra &) = delete;

  /* Takes BASIS rcut nmax lmax sigma from the input line, beginning at iarg, which moves on. */
  void parse_basis(int narg, char **arg, int &iarg);

  /* Takes the values of a keyword that all these styles have, beginning at iarg; false if it is
     none of them. */
  bool parse_keyword(const std::string &keyword, int narg, char **arg, int &iarg);

  /* Takes the value of a keyword 'vectors', at iarg: f_ID of a fix whose per-atom array holds
     vectors made already, mean ones of fix ave/atom, say. visit() shows these then, and computes
     none. */
  void parse_vectors(int narg, char **arg, int &iarg);

  /* The same, if there is such a keyword. */
  bool has_vectors() const { return !vectors_of.empty(); }

  /* Takes parameters that another than the input line gives. */
  void set_parameters(const mlgrain_soap_parameters &given) { parameters_ = given; }

  /* Prepares the core's object; components to compute, in order, or {} for all. */
  void create(const std::vector<size_t> &columns);

  const mlgrain_soap_parameters &parameters() const { return parameters_; }
  size_t columns() const;

  /* For an accelerated form: the core's object and the components it computes ({}: all); weight and
     channel (-1: invisible) of each atom type, [0] is type 1. */
  const mlgrain_soap *core() const { return soap; }
  const std::vector<size_t> &chosen() const { return chosen_; }
  std::vector<double> weights() const;
  std::vector<int> channels() const;
  double reach() const;

  /* Makes ghost atoms reach far enough; call when a run is initialized. */
  void raise_ghosts() const;

  /* Stops with an error unless they do; call when a run is set up. Both are about the fix of
     'vectors' instead where there is that keyword. */
  void require_ghosts() const;

  /* Rows [local atom][columns] of the group's atoms, computed by the threads of this rank; other
     rows stay as they are. */
  void compute(int groupbit, double *rows);

  /* Shows the vectors of the group's atoms, some at a time, from several threads at once. Those of
     'vectors' that are 0 as a whole are not there yet, and not shown. */
  using Visitor =
      std::function<void(int thread, size_t count, const int32_t *atom, const double *row)>;
  void visit(int groupbit, const Visitor &visitor);

  /* The vector of the first of n points, [n][3], all of species 1 and weight 1. */
  mlgrain_status compute_first(size_t n, const double *x, double *row, mlgrain_error *error) const;

  double memory_usage() const;

  /* Numbers on the input line, or an error that names them. */
  double number(const std::string &what, int narg, char **arg, int &iarg) const;
  int integer(const std::string &what, int narg, char **arg, int &iarg) const;
  bool logical(const std::string &what, int narg, char **arg, int &iarg) const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  mlgrain_soap_parameters parameters_;
  Neighborhood neighborhood;
  mlgrain_soap *soap;
  std::vector<size_t> chosen_;
  std::vector<double> type_weight;    // [0] is type 1; empty: all 1
  std::vector<int> type_channel;      // the same; -1: invisible; empty: all 0
  std::vector<double> weight;         // by atom
  std::vector<int32_t> channel;
  std::string vectors_of;    // ID of a fix; empty: they are computed

  const LAMMPS_NS::Fix *fix_of_vectors() const;
  void visit_given(int groupbit, const Visitor &visitor) const;
  const char *word(const std::string &what, int narg, char **arg, int &iarg) const;
  void parse_species(int narg, char **arg, int &iarg);
  mlgrain_soap_points gather(int groupbit);
  void finish(mlgrain_status status, const mlgrain_error &text);
};

}    // namespace MLGRAIN_NS

#endif
