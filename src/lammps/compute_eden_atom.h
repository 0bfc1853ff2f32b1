/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef COMPUTE_CLASS
// clang-format off
ComputeStyle(eden/atom,ComputeEdenAtom);
// clang-format on
#else

#ifndef LMP_COMPUTE_EDEN_ATOM_H
#define LMP_COMPUTE_EDEN_ATOM_H

#include "compute.h"

#include <memory>

struct mlgrain_cells;
struct mlgrain_voronoi_cell;

namespace LAMMPS_NS {

/* Energy density of each atom: its energy over the volume of its Voronoi cell;
   doc/compute_eden_atom.md. */
class ComputeEdenAtom : public Compute {
 public:
  ComputeEdenAtom(class LAMMPS *, int, char **);
  ~ComputeEdenAtom() override;
  void init() override;
  void setup() override;
  void compute_peratom() override;
  int pack_reverse_comm(int, int, double *) override;
  void unpack_reverse_comm(int, int *, double *) override;
  double memory_usage() override;

 private:
  struct Settings;
  struct Core;
  std::unique_ptr<Settings> settings;    // what the input line says
  std::unique_ptr<Core> core;            // cells and what is computed of them
  int nmax;
  double **density;    // the output, by columns: energy density, energy, volume, faces, bounds
  double *energy;      // with ghosts

  void parse_options(int, char **);
  void tally_flags();
  double search_cutoff();
  void grow();
  void compute_energies();
  void tally_energies();
  void compute_cells(double cutoff);
  void compute_open_cells(double cutoff);
  void tessellate(const mlgrain_cells *, double cutoff, const unsigned char *chosen,
                  const unsigned char *generator, mlgrain_voronoi_cell *);
  void tell_vacuum(double cutoff);
  double mean_distance(double cutoff);
  void flag_doubtful_cells(double distance);
  void warn_of_coincident_atoms();
};

}    // namespace LAMMPS_NS

#endif
#endif
