/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MLGRAIN_FIX_COLUMNS_H
#define MLGRAIN_FIX_COLUMNS_H

#include "fix.h"

namespace LAMMPS_NS {

/* A fix with some numbers for each atom, which go with it to other ranks and, if wanted, into
   restart files; 0 for new atoms. */
class FixColumns : public Fix {
 public:
  FixColumns(class LAMMPS *, int, char **);
  ~FixColumns() override;
  double memory_usage() override;

  void grow_arrays(int) override;
  void copy_arrays(int, int, int) override;
  void set_arrays(int) override;
  int pack_exchange(int, double *) override;
  int unpack_exchange(int, double *) override;
  int pack_restart(int, double *) override;
  void unpack_restart(int, int) override;
  int size_restart(int) override;
  int maxsize_restart() override;

 protected:
  double **columns;    // [nmax][column_count]
  int column_count;    // 0: none

  /* Once, at the end of a constructor. */
  void add_columns(int count, bool into_restart_files);
};

}    // namespace LAMMPS_NS

#endif
