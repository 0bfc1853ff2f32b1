/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMMAND_CLASS
// clang-format off
CommandStyle(create_bicrystal,CreateBicrystal);
// clang-format on
#else

#ifndef LMP_CREATE_BICRYSTAL_H
#define LMP_CREATE_BICRYSTAL_H

#include "command.h"

#include <memory>
#include <string>

namespace LAMMPS_NS {

/* A box with any grain boundary between two crystals of the current lattice;
   doc/create_bicrystal.md. */
class CreateBicrystal : public Command {
 public:
  CreateBicrystal(class LAMMPS *);
  ~CreateBicrystal();
  void command(int, char **) override;

 private:
  struct Settings;
  struct Core;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Core> core;            // the crystals and their cell

  void run(int, char **);
  void parse(int, char **);
  void parse_option(const std::string &, int, char **);
  int atom_type(const char *);
  double number(const char *);
  int integer(const char *);
  void make_cell();
  void check_terminations();
  void create_box();
  void create_atoms();
  void create_groups();
  void report();
};

}    // namespace LAMMPS_NS

#endif
#endif
