/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_ler_atom.h"

#include "environment_library.h"

#include "atom.h"
#include "domain.h"
#include "error.h"
#include "memory.h"
#include "update.h"

#include <cmath>
#include <cstring>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

ComputeLerAtom::ComputeLerAtom(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), name(std::string("Compute ") + id + " ler/atom"), nmax(0),
    found(nullptr)
{
  if (domain->dimension == 2) error->all(FLERR, name + " is for three-dimensional systems");
  if (narg < 4) error->all(FLERR, "Illegal compute ler/atom command: expected a library");
  library.reset(new EnvironmentLibrary(lmp, name, arg[3]));
  for (int iarg = 4; iarg < narg;) {
    const std::string keyword = arg[iarg++];
    if (!library->parse_keyword(keyword, narg, arg, iarg))
      error->all(FLERR, name + ": unknown keyword '" + keyword + "'");
  }
  library->create();
  peratom_flag = 1;
  size_peratom_cols = COLUMNS;
}

ComputeLerAtom::~ComputeLerAtom()
{
  memory->destroy(found);
}

void ComputeLerAtom::init()
{
  library->spectra().raise_ghosts();
}

void ComputeLerAtom::setup()
{
  library->spectra().require_ghosts();
}

void ComputeLerAtom::compute_peratom()
{
  invoked_peratom = update->ntimestep;
  if (atom->nmax > nmax) {
    memory->destroy(found);
    nmax = atom->nmax;
    memory->create(found, nmax, (int) COLUMNS, "ler/atom:found");
    array_atom = found;
  }
  if (atom->nlocal) memset(found[0], 0, sizeof(double) * atom->nlocal * COLUMNS);
  library->visit(groupbit, [&](int, int i, const mlgrain_environment_match &match) {
    found[i][CLASS] = library->class_of(match);
    found[i][DISTANCE] = match.distance;
    found[i][SECOND] = std::isfinite(match.second) ? match.second : -1.0;
    found[i][SEED] = match.seed;
  });
}

double ComputeLerAtom::memory_usage()
{
  return sizeof(double) * (double) nmax * COLUMNS + library->memory_usage();
}
