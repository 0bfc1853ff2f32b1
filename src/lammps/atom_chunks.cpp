/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "atom_chunks.h"

#include "compute_chunk_atom.h"
#include "error.h"
#include "lammps.h"
#include "modify.h"

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

AtomChunks::AtomChunks(LAMMPS *lmp, const std::string &owner, const std::string &id) :
    lmp(lmp), owner(owner), id(id), compute(nullptr)
{
  init();
}

void AtomChunks::init()
{
  compute = dynamic_cast<ComputeChunkAtom *>(lmp->modify->get_compute_by_id(id));
  if (!compute)
    lmp->error->all(FLERR, owner + ": there is no compute chunk/atom with ID '" + id + "'");
}

int AtomChunks::count()
{
  return compute->setup_chunks();
}

const int *AtomChunks::of_atoms()
{
  compute->compute_ichunk();
  return compute->ichunk;
}

void AtomChunks::lock_enable()
{
  compute->lockcount++;
}

/* At the end of a simulation the chunks may have gone first. */
void AtomChunks::lock_disable()
{
  compute = dynamic_cast<ComputeChunkAtom *>(lmp->modify->get_compute_by_id(id));
  if (compute) compute->lockcount--;
}

void AtomChunks::lock(Fix *fix, bigint first, bigint last)
{
  compute->lock(fix, first, last);
}

void AtomChunks::unlock(Fix *fix)
{
  compute->unlock(fix);
}
