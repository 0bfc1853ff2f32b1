/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef FIX_CLASS
// clang-format off
FixStyle(gb/motion,FixGBMotion);
// clang-format on
#else

#ifndef LMP_FIX_GB_MOTION_H
#define LMP_FIX_GB_MOTION_H

#include "fix_columns.h"

#include <array>
#include <memory>
#include <string>

namespace LAMMPS_NS {

/* How far the boundary between two crystals has moved, and the crystals along each other;
   doc/fix_gb_motion.md. */
class FixGBMotion : public FixColumns {
 public:
  FixGBMotion(class LAMMPS *, int, char **);
  ~FixGBMotion() override;
  int setmask() override;
  void init() override;
  void setup(int) override;
  void end_of_step() override;
  double compute_vector(int) override;
  void write_restart(FILE *) override;
  void restart(char *) override;

 private:
  struct Settings;
  std::unique_ptr<Settings> settings;    // what the input line says
  bigint last_setup;
  int warned;

  bool started;                          // whether there was a call
  double start;                          // atoms of crystal 2 at the first one
  double shift;                          // of the boundary
  std::array<double, 3> displacement;    // of crystal 1 from crystal 2
  std::array<double, 3> atoms;           // in none, crystal 1, crystal 2

  void parse(int, char **);
  void parse_keyword(const std::string &, int, char **);
  double number(const char *);
  void check_box();
  void evaluate();
  void move_crystals(const double *, const double *);
  void move_boundary();
  void nearest(double *) const;
};

}    // namespace LAMMPS_NS

#endif
#endif
