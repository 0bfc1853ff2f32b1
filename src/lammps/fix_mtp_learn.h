/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef FIX_CLASS
// clang-format off
FixStyle(mtp/learn,FixMTPLearn);
// clang-format on
#else

#ifndef LMP_FIX_MTP_LEARN_H
#define LMP_FIX_MTP_LEARN_H

#include "fix.h"

#include <memory>
#include <string>
#include <vector>

namespace MLGRAIN_NS {
struct LearnCell;
}

namespace LAMMPS_NS {

/* A moment tensor potential that learns during a run; doc/fix_mtp_learn.md. */
class FixMTPLearn : public Fix {
 public:
  FixMTPLearn(class LAMMPS *, int, char **);
  ~FixMTPLearn() override;
  void post_constructor() override;
  int setmask() override;
  void init() override;
  void setup(int) override;
  void end_of_step() override;
  void set_arrays(int) override;
  double compute_vector(int) override;
  double memory_usage() override;

 private:
  struct Settings;
  struct Core;
  struct Event;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Core> core;            // the potential that learns, labels, statistics
  class PairMTP *pair;
  class ComputeMTPErrorAtom *errors;
  std::string error_id;

  void parse_options(int, char **);
  int parse_option(int, char **, int);
  int parse_label(int, char **, int);
  void make_compute();
  void find_pair();
  void make_learner();
  void make_labeler();
  void make_archives();
  void learn_archive();
  void on_rank_0(const std::string &failure) const;
  void look_at_scores();
  void collect_arrivals(Event &);
  void ask(Event &);
  bool is_known(const MLGRAIN_NS::LearnCell &) const;
  void ask_for(std::vector<MLGRAIN_NS::LearnCell> &, Event &);
  void take(MLGRAIN_NS::LearnCell &, const std::string &why, Event &);
  bool learn(Event &);
  bool is_time_to_refit() const;
  void refit(Event &);
  void save_state();
  bool go_back(const Event &);
  void share();
  void push_error_bars();
  void write_potential() const;
  void report(const Event &) const;
};

}    // namespace LAMMPS_NS

#endif
#endif
