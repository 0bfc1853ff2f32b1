/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMMAND_CLASS
// clang-format off
CommandStyle(segregation,Segregation);
// clang-format on
#else

#ifndef LMP_SEGREGATION_H
#define LMP_SEGREGATION_H

#include "command.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace MLGRAIN_NS {
struct Cluster;
struct ClusterShape;
struct SiteRow;
}    // namespace MLGRAIN_NS

namespace LAMMPS_NS {

/* Energies of a solute at sites of a group; doc/segregation.md. */
class Segregation : public Command {
 public:
  Segregation(class LAMMPS *);
  ~Segregation();
  void command(int, char **) override;

 private:
  struct Settings;
  struct Work;
  struct Change;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Work> work;            // all that is found and needed

  void run(int, char **);
  void check_system();
  void parse(int, char **);
  int parse_option(const std::string &, int, int, char **);
  double number(const char *, double, const std::string &);
  int integer(const char *, int, const std::string &);
  void agree(const std::string &failure, const std::string &where);
  void attempt(const std::function<void()> &, const std::string &where);
  std::string substituted(const std::string &line);
  void start_system();
  int host_type();
  void draw_sites(std::vector<int> &mine);
  void select_sites();
  std::vector<double> gather_doubles(const std::vector<double> &mine);
  void resume();
  Change change(const MLGRAIN_NS::Cluster &);
  Change measure_bulk(const MLGRAIN_NS::ClusterShape &);
  MLGRAIN_NS::SiteRow measure(const MLGRAIN_NS::Cluster &, const Change &bulk);
  std::vector<double> hand_out(const std::vector<long long> &offered,
                               const std::vector<long long> &quota);
  void work_on_sites();
  void check_radius();
  void set_property();
  std::string title() const;
  std::string header() const;
  void say(const std::string &);
  void report(double wall, double cpu);
};

}    // namespace LAMMPS_NS

#endif
#endif
