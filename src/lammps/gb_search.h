/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMMAND_CLASS
// clang-format off
CommandStyle(gb_search,GBSearch);
// clang-format on
#else

#ifndef LMP_GB_SEARCH_H
#define LMP_GB_SEARCH_H

#include "command.h"

#include <memory>
#include <string>
#include <vector>

namespace MLGRAIN_NS {
struct SearchCell;
struct SearchPeriods;
struct SearchResult;
struct SearchStructure;
class TrialRandom;
}    // namespace MLGRAIN_NS

namespace LAMMPS_NS {

/* Looks for the structures of a grain boundary; doc/gb_search.md. */
class GBSearch : public Command {
 public:
  GBSearch(class LAMMPS *);
  ~GBSearch();
  void command(int, char **) override;

 private:
  struct Settings;
  struct Search;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Search> search;        // all that is found and needed

  void run(int, char **);
  void check_system();
  void parse(int, char **);
  void parse_option(const std::string &, int, char **);
  int atom_type(const char *);
  double number(const char *, double);
  int integer(const char *, int);
  void prepare();
  void measure_crystals();
  void measure_crystal(int grain);
  MLGRAIN_NS::SearchStructure crystal_slab(int grain, double thickness);
  void set_schedule();
  bool is_low_enough() const;
  void try_one(long);
  std::shared_ptr<const MLGRAIN_NS::SearchCell> cell(const MLGRAIN_NS::SearchPeriods &);
  void start(MLGRAIN_NS::TrialRandom &, MLGRAIN_NS::SearchResult &);
  const MLGRAIN_NS::SearchStructure &low_structure(double mean, MLGRAIN_NS::TrialRandom &) const;
  bool splice(MLGRAIN_NS::TrialRandom &, MLGRAIN_NS::SearchResult &);
  bool stretch(MLGRAIN_NS::TrialRandom &, MLGRAIN_NS::SearchResult &);
  bool is_hopeless(double energy, double won) const;
  bool relax(MLGRAIN_NS::TrialRandom &, MLGRAIN_NS::SearchResult &);
  void measure(MLGRAIN_NS::SearchResult &, double);
  bool add(MLGRAIN_NS::SearchResult &);
  double excess(const MLGRAIN_NS::SearchResult &, double) const;
  void share();
  void check_files();
  void write(long);
  long resume();
  void stop_for(std::string failure);
  void broadcast(std::vector<double> &, int root);
  void say_header();
  void say(long, const MLGRAIN_NS::SearchResult &, bool);
  void report(double, double);
};

}    // namespace LAMMPS_NS

#endif
#endif
