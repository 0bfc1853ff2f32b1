/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A library of unique environments, opened by all ranks, and the environment of each atom. */
#ifndef MLGRAIN_ENVIRONMENT_LIBRARY_H
#define MLGRAIN_ENVIRONMENT_LIBRARY_H

#include "power_spectra.h"

#include "mlgrain/environments.h"

#include <functional>
#include <memory>
#include <string>

namespace MLGRAIN_NS {

/* Opens a library on all ranks; stops with an error if that fails on any. To be freed with
   mlgrain_environments_free(). */
mlgrain_environments *open_library(LAMMPS_NS::LAMMPS *lmp, const std::string &owner,
                                   const std::string &path);

class EnvironmentLibrary {
 public:
  /* owner: how errors name the style, e.g. "Compute e ler/atom" */
  EnvironmentLibrary(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, const std::string &path);
  ~EnvironmentLibrary();
  EnvironmentLibrary(const EnvironmentLibrary &) = delete;
  EnvironmentLibrary &operator=(const EnvironmentLibrary &) = delete;

  /* Takes the values of a keyword that all styles with a library have, beginning at iarg; false if
     it is none of them. */
  bool parse_keyword(const std::string &keyword, int narg, char **arg, int &iarg);

  /* Call when the input line is done. */
  void create();

  /* How many environments there are. */
  int count() const;

  /* Their vectors, one after the other. */
  const double *environments() const;

  /* How far an environment may be at most; HUGE_VAL if that doesn't matter. */
  double largest_distance() const;

  /* The class of a match: 1 .. count(), or 0 if it is farther than the input line allows. */
  int class_of(const mlgrain_environment_match &match) const;

  /* Shows the match of each of the group's atoms, from several threads at once. */
  using Visitor = std::function<void(int thread, int atom, const mlgrain_environment_match &match)>;
  void visit(int groupbit, const Visitor &visitor);

  PowerSpectra &spectra() { return vectors; }
  double memory_usage() const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  mlgrain_environments *library;
  PowerSpectra vectors;
  double within;    // in epsilons, 0: any distance
};

}    // namespace MLGRAIN_NS

#endif
