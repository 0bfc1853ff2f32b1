/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The features that an input line names for a model: numbers of atoms, or global ones. */
#ifndef MLGRAIN_MODEL_FEATURES_H
#define MLGRAIN_MODEL_FEATURES_H

#include "atom_source.h"

#include <cstddef>
#include <string>
#include <vector>

struct mlgrain_model;

namespace LAMMPS_NS {
class Compute;
class ComputeSFDAtom;
class ComputeSoapAtom;
class LAMMPS;
}    // namespace LAMMPS_NS

namespace MLGRAIN_NS {

/* The words at the beginning of arg that name inputs (c_ID[n], f_ID[n], v_name, with wildcards
   expanded); taken receives how many words of arg these are. */
std::vector<std::string> take_inputs(LAMMPS_NS::LAMMPS *lmp, int narg, char **arg, bool global,
                                     int &taken);

class AtomFeatures {
 public:
  /* owner: how errors name the style. Stops with an error unless each word names a per-atom number,
     and unless they are as many as the model's features, with the same names where names are
     known (those of compute sfd/atom). */
  AtomFeatures(LAMMPS_NS::LAMMPS *lmp, const std::string &owner,
               const std::vector<std::string> &words, const mlgrain_model *model);

  size_t count() const { return words.size(); }
  const std::string &input(size_t i) const { return words[i]; }

  /* Writes the numbers of one input for all local atoms, computed first if they aren't current. */
  void copy_input(size_t i, int igroup, double *to) const { sources[i].copy(igroup, to); }

  /* Stops with an error unless all inputs still exist, and computes sfd/atom and soap/atom among
     them have the parameters that the model was trained with; to be called when a run is set up. */
  void check() const;

  /* Has the inputs computed for the current step; to be called between clearstep_compute and
     addstep_compute. What copy() gives is theirs until the next step. */
  void refresh(int igroup);

  /* Writes rows of count() numbers for n local atoms. Any number of threads may call it. */
  void copy(const int *atoms, size_t n, double *rows) const;

  double memory_usage() const;

 private:
  /* Neighboring columns of one array, or one vector. */
  struct Piece {
    const void *owner;
    const double *vector;
    const double *const *array;
    int column, count;
  };

  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  std::vector<std::string> words;
  const mlgrain_model *model;
  std::vector<AtomSource> sources;
  std::vector<Piece> pieces;
  std::vector<std::vector<double>> variables;    // their values for local atoms

  LAMMPS_NS::Compute *compute_of(size_t input) const;
  std::string name(size_t input) const;
  void match_names() const;
  void match_parameters(const LAMMPS_NS::ComputeSFDAtom *compute, const std::string &word) const;
  void match_parameters(const LAMMPS_NS::ComputeSoapAtom *compute, const std::string &word) const;
  void add_piece(const void *from, const double *vector, const double *const *array, int column);
};

class GlobalFeatures {
 public:
  /* The same for global numbers: a compute's or fix's scalar or element of a vector, an equal-style
     variable or an element of a vector-style one. */
  GlobalFeatures(LAMMPS_NS::LAMMPS *lmp, const std::string &owner,
                 const std::vector<std::string> &words, const mlgrain_model *model);

  void check() const;

  /* The current numbers, between clearstep_compute and addstep_compute. */
  std::vector<double> row() const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  std::vector<std::string> words;

  [[noreturn]] void fail(const std::string &word, const std::string &what) const;
  void check_word(const std::string &word) const;
  double value(const std::string &word) const;
};

}    // namespace MLGRAIN_NS

#endif
