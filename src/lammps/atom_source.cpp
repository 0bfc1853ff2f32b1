/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "atom_source.h"

#include "arg_info.h"
#include "atom.h"
#include "compute.h"
#include "error.h"
#include "fix.h"
#include "input.h"
#include "lammps.h"
#include "modify.h"
#include "update.h"
#include "variable.h"

#include <algorithm>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

AtomSource::AtomSource(LAMMPS *lmp, const std::string &owner, const std::string &word) :
    lmp(lmp), owner(owner), word(word)
{
  const ArgInfo argument(word, ArgInfo::COMPUTE | ArgInfo::FIX | ArgInfo::VARIABLE);
  type = argument.get_type();
  const bool known = type == ArgInfo::COMPUTE || type == ArgInfo::FIX || type == ArgInfo::VARIABLE;
  if (!known || argument.get_dim() > 1 || (type == ArgInfo::VARIABLE && argument.get_dim() > 0))
    fail("is not c_ID, c_ID[n], f_ID, f_ID[n] or v_name");
  name = argument.get_name();
  column = argument.get_dim() ? argument.get_index1() : 0;
}

void AtomSource::fail(const std::string &what) const
{
  lmp->error->all(FLERR, owner + ": '" + word + "' " + what);
}

const Compute *AtomSource::compute() const
{
  return type == ArgInfo::COMPUTE ? lmp->modify->get_compute_by_id(name) : nullptr;
}

int AtomSource::find_variable() const
{
  const int variable = lmp->input->variable->find(name.c_str());
  if (variable < 0) fail("is not defined");
  if (!lmp->input->variable->atomstyle(variable)) fail("is not an atom-style variable");
  return variable;
}

void AtomSource::check_shape(int peratom, int columns) const
{
  if (!peratom) fail("holds no per-atom values");
  if (columns == 0 && column > 0) fail("holds a vector: leave out the index");
  if (columns > 0 && (column == 0 || column > columns))
    fail("needs an index from 1 to " + std::to_string(columns));
}

void AtomSource::check() const
{
  if (type == ArgInfo::VARIABLE) {
    find_variable();
  } else if (type == ArgInfo::FIX) {
    const auto *fix = lmp->modify->get_fix_by_id(name);
    if (!fix) fail("is not defined");
    check_shape(fix->peratom_flag, fix->size_peratom_cols);
  } else {
    if (!compute()) fail("is not defined");
    check_shape(compute()->peratom_flag, compute()->size_peratom_cols);
  }
}

void AtomSource::copy_column(const double *vector, double **array, double *to) const
{
  const int nlocal = lmp->atom->nlocal;
  if (column == 0)
    std::copy(vector, vector + nlocal, to);
  else
    for (int i = 0; i < nlocal; i++) to[i] = array[i][column - 1];
}

void AtomSource::copy_compute(double *to) const
{
  auto *compute = lmp->modify->get_compute_by_id(name);
  if (!(compute->invoked_flag & Compute::INVOKED_PERATOM)) {
    compute->compute_peratom();
    compute->invoked_flag |= Compute::INVOKED_PERATOM;
  }
  copy_column(compute->vector_atom, compute->array_atom, to);
}

void AtomSource::copy_fix(double *to) const
{
  const auto *fix = lmp->modify->get_fix_by_id(name);
  if (lmp->update->ntimestep % fix->peratom_freq != 0)
    fail("is not computed at step " + std::to_string(lmp->update->ntimestep) + ", only every " +
         std::to_string(fix->peratom_freq));
  copy_column(fix->vector_atom, fix->array_atom, to);
}

void AtomSource::copy(int igroup, double *to) const
{
  check();
  if (type == ArgInfo::VARIABLE)
    lmp->input->variable->compute_atom(find_variable(), igroup, to, 1, 0);
  else if (type == ArgInfo::FIX)
    copy_fix(to);
  else
    copy_compute(to);
}
