/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fix_columns.h"

#include "atom.h"
#include "memory.h"

#include <algorithm>

using namespace LAMMPS_NS;

FixColumns::FixColumns(LAMMPS *lmp, int narg, char **arg) :
    Fix(lmp, narg, arg), columns(nullptr), column_count(0)
{
}

FixColumns::~FixColumns()
{
  if (column_count) atom->delete_callback(id, Atom::GROW);
  if (restart_peratom) atom->delete_callback(id, Atom::RESTART);
  memory->destroy(columns);
}

void FixColumns::add_columns(int count, bool into_restart_files)
{
  column_count = maxexchange = count;
  create_attribute = 1;
  restart_peratom = into_restart_files;
  FixColumns::grow_arrays(atom->nmax);
  for (int i = 0; i < atom->nlocal; i++) FixColumns::set_arrays(i);
  atom->add_callback(Atom::GROW);
  if (restart_peratom) atom->add_callback(Atom::RESTART);
}

double FixColumns::memory_usage()
{
  return (double) atom->nmax * column_count * sizeof(double);
}

void FixColumns::grow_arrays(int nmax)
{
  memory->grow(columns, nmax, column_count, "fix:columns");
  array_atom = columns;
}

void FixColumns::copy_arrays(int i, int j, int)
{
  std::copy(columns[i], columns[i] + column_count, columns[j]);
}

void FixColumns::set_arrays(int i)
{
  std::fill(columns[i], columns[i] + column_count, 0.0);
}

int FixColumns::pack_exchange(int i, double *buffer)
{
  std::copy(columns[i], columns[i] + column_count, buffer);
  return column_count;
}

int FixColumns::unpack_exchange(int i, double *buffer)
{
  std::copy(buffer, buffer + column_count, columns[i]);
  return column_count;
}

int FixColumns::pack_restart(int i, double *buffer)
{
  buffer[0] = column_count + 1;
  std::copy(columns[i], columns[i] + column_count, buffer + 1);
  return column_count + 1;
}

void FixColumns::unpack_restart(int i, int nth)
{
  const double *from = atom->extra[i];
  for (int k = 0; k < nth; k++) from += (int) *from;
  std::copy(from + 1, from + 1 + column_count, columns[i]);
}

int FixColumns::size_restart(int)
{
  return column_count + 1;
}

int FixColumns::maxsize_restart()
{
  return column_count + 1;
}
