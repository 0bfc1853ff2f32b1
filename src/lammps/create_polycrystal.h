/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMMAND_CLASS
// clang-format off
CommandStyle(create_polycrystal,CreatePolycrystal);
// clang-format on
#else

#ifndef LMP_CREATE_POLYCRYSTAL_H
#define LMP_CREATE_POLYCRYSTAL_H

#include "command.h"

#include <memory>
#include <string>

struct mlgrain_part;

namespace LAMMPS_NS {

/* Fills the box with grains of the current lattice; doc/create_polycrystal.md. */
class CreatePolycrystal : public Command {
 public:
  CreatePolycrystal(class LAMMPS *);
  ~CreatePolycrystal();
  void command(int, char **) override;

 private:
  struct Settings;
  struct Core;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Core> core;            // grains, their cells, their crystals

  void run(int, char **);
  void check_system();
  void read_lattice();
  int parse_source(int, char **);
  void parse_options(int, int, char **);
  int parse_texture(int, int, char **);
  void check_options();
  void make_meter();
  void set_fiber_along_columns();
  double number(const char *, double, const char *);
  int integer(const char *, int, const char *);
  int atom_type(const char *);
  void make_grains();
  void make_crystals();
  void find_faults();
  void reserve(const mlgrain_part &);
  void create_atoms();
  void report(double);
};

}    // namespace LAMMPS_NS

#endif
#endif
