/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef FIX_CLASS
// clang-format off
FixStyle(forest/atom,FixForestAtom);
// clang-format on
#else

#ifndef LMP_FIX_FOREST_ATOM_H
#define LMP_FIX_FOREST_ATOM_H

#include "fix_columns.h"

#include <memory>
#include <string>
#include <vector>

struct mlgrain_forest;

namespace MLGRAIN_NS {
class AtomFeatures;
}

namespace LAMMPS_NS {

/* Predictions of a trained forest for each atom, or from global numbers; doc/fix_forest_atom.md. */
class FixForestAtom : public FixColumns {
 public:
  FixForestAtom(class LAMMPS *, int, char **);
  ~FixForestAtom() override;
  int setmask() override;
  void init() override;
  void setup(int) override;
  void min_setup(int) override;
  void end_of_step() override;
  void min_post_force(int) override;
  double compute_vector(int) override;
  double memory_usage() override;

 protected:
  /* What an accelerated form does in its own way. */
  virtual void predict_atoms();

  /* What it needs for that. */
  const std::string &title() const;    // "Fix e forest/atom"
  const mlgrain_forest *forest() const;
  MLGRAIN_NS::AtomFeatures *features() const;    // null in mode global
  int class_count() const;                       // 0: the model predicts a number
  bool wants_raw_spread() const;
  void sum_up(const double *sums);    // of this rank, in the order of the global output

 private:
  struct Settings;
  struct Core;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Core> core;            // the model, its inputs, memory of the threads
  bigint last_setup;                     // the step that setup() has done already
  std::vector<double> summary;           // the global output

  void parse_options(int, char **);
  std::string create_descriptor();
  void print_model() const;
  void evaluate();
  void predict_global();
};

}    // namespace LAMMPS_NS

#endif
#endif
