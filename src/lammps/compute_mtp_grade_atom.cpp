/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_mtp_grade_atom.h"

#include "pair_mtp.h"

#include "atom.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "update.h"

using namespace LAMMPS_NS;

ComputeMTPGradeAtom::ComputeMTPGradeAtom(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), name(std::string("Compute ") + id + " mtp/grade/atom"), pair(nullptr),
    threshold(0.0), instance(0), nmax(0), grade(nullptr)
{
  for (int iarg = 3; iarg < narg; iarg += 2) {
    const std::string keyword = arg[iarg];
    if (keyword != "pair" && keyword != "threshold")
      error->all(FLERR, name + ": unknown keyword '" + keyword + "'");
    if (iarg + 1 >= narg) error->all(FLERR, name + ": no value after '" + keyword + "'");
    if (keyword == "pair") {
      instance = utils::inumeric(FLERR, arg[iarg + 1], false, lmp);
      if (instance < 1) error->all(FLERR, name + ": 'pair' counts from 1");
    } else {
      threshold = utils::numeric(FLERR, arg[iarg + 1], false, lmp);
      if (!(threshold > 0.0)) error->all(FLERR, name + ": 'threshold' must be positive");
    }
  }
  peratom_flag = 1;
  size_peratom_cols = 0;
  scalar_flag = 1;
  extscalar = 0;
}

ComputeMTPGradeAtom::~ComputeMTPGradeAtom()
{
  memory->destroy(grade);
}

/* Under whatever name: LAMMPS knows accelerated forms by their own. */
static Pair *find_pair(Force *force, int instance)
{
  for (const char *style : {"mtp", "mtp/kk", "mtp/kk/device", "mtp/kk/host"}) {
    Pair *found = force->pair_match(style, 1, instance);
    if (found) return found;
  }
  return nullptr;
}

void ComputeMTPGradeAtom::init()
{
  pair = dynamic_cast<PairMTP *>(find_pair(force, instance));
  if (!pair && !instance && find_pair(force, 1))
    error->all(FLERR, name + ": several mtp pair styles are in use: say which with 'pair N'");
  if (!pair) error->all(FLERR, name + " needs pair style mtp");
}

double ComputeMTPGradeAtom::compute_scalar()
{
  invoked_scalar = update->ntimestep;
  pair->grades(name, threshold);
  scalar = pair->largest_grade();
  return scalar;
}

void ComputeMTPGradeAtom::compute_peratom()
{
  invoked_peratom = update->ntimestep;
  if (atom->nmax > nmax) {
    memory->destroy(grade);
    nmax = atom->nmax;
    memory->create(grade, nmax, "mtp/grade/atom:grade");
    vector_atom = grade;
  }
  const double *all = pair->grades(name, threshold);
  for (int i = 0; i < atom->nlocal; i++) grade[i] = (atom->mask[i] & groupbit) ? all[i] : 0.0;
}

double ComputeMTPGradeAtom::memory_usage()
{
  return sizeof(double) * (double) nmax;
}
