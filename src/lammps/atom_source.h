/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One number per atom from a compute, fix or variable that an input line names. */
#ifndef MLGRAIN_ATOM_SOURCE_H
#define MLGRAIN_ATOM_SOURCE_H

#include <string>

namespace LAMMPS_NS {
class Compute;
class LAMMPS;
}    // namespace LAMMPS_NS

namespace MLGRAIN_NS {

class AtomSource {
 public:
  /* word: c_ID, c_ID[n], f_ID, f_ID[n] or v_name; owner: how errors name the style. Stops with an
     error if word is something else. */
  AtomSource(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, const std::string &word);

  /* Stops with an error unless what is named exists and holds such a number; call when the input
     line is read and again whenever a run is set up. */
  void check() const;

  /* The compute that is named, for the flags that say what must be tallied; null for a fix or
     variable. */
  const LAMMPS_NS::Compute *compute() const;

  /* Writes the current numbers of local atoms; a variable gives 0 outside the group. */
  void copy(int igroup, double *to) const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner, word, name;
  int type, column;    // column 0: a vector

  [[noreturn]] void fail(const std::string &what) const;
  void check_shape(int peratom, int columns) const;
  void copy_compute(double *to) const;
  void copy_fix(double *to) const;
  void copy_column(const double *vector, double **array, double *to) const;
  int find_variable() const;
};

}    // namespace MLGRAIN_NS

#endif
