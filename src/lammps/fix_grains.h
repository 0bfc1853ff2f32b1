/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef FIX_CLASS
// clang-format off
FixStyle(grains,FixGrains);
// clang-format on
#else

#ifndef LMP_FIX_GRAINS_H
#define LMP_FIX_GRAINS_H

#include "fix_columns.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace MLGRAIN_NS {
struct AtomValues;
}

namespace LAMMPS_NS {

/* Finds the grains of a polycrystal every so many steps, follows them, and measures them and their
   boundaries; doc/fix_grains.md. */
class FixGrains : public FixColumns {
 public:
  FixGrains(class LAMMPS *, int, char **);
  ~FixGrains() override;
  int setmask() override;
  void init() override;
  void setup(int) override;
  void end_of_step() override;
  double compute_vector(int) override;
  double compute_array(int, int) override;
  double memory_usage() override;

  void write_restart(FILE *) override;
  void restart(char *) override;
  int pack_forward_comm(int, int *, double *, int, int *) override;
  void unpack_forward_comm(int, int, double *) override;

 private:
  struct Settings;
  struct Core;
  class Copies;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Core> core;            // grains of the last call, and what finds them
  bigint last_step, last_setup;
  double *ghost_values;    // what is communicated just now
  int ghost_width;

  void parse(int, char **);
  void parse_keyword(const std::string &, int, char **, int &);
  void parse_orientation(int, char **, int &);
  void parse_predict(int, char **, int &);
  const char *value(const std::string &, int, char **, int &);
  double number(const std::string &, int, char **, int &, double, double);
  int integer(const std::string &, int, char **, int &, int);
  bool parse_file(const std::string &, int, char **, int &);
  void check_sources();
  double cutoff();
  void evaluate();
  MLGRAIN_NS::AtomValues read_values();
  void start_numbers();
  void follow();
  void add_lost_grains(size_t, const int64_t *);
  bool has_changed() const;
  void write();
  void write_columns();
  void sum_up();
};

}    // namespace LAMMPS_NS

#endif
#endif
