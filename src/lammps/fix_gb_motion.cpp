/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fix_gb_motion.h"

#include "atom_source.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "modify.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mpi.h>
#include <vector>

using namespace LAMMPS_NS;
using namespace FixConst;
using namespace MLGRAIN_NS;

namespace {

/* Of each atom at the last call: its crystal or 0, its position. */
enum { CRYSTAL, X, COLUMNS = 4 };
enum { SHIFT, DISPLACEMENT, ATOMS = 4, NUMBERS = 7 };

/* What a restart file keeps: whether there was a call, start, shift, displacement. */
enum { KEPT = 6 };

/* Words that follow a keyword. */
const std::map<std::string, int> &values_of_keywords()
{
  static const std::map<std::string, int> all = {
      {"crystals", 2}, {"normal", 1}, {"boundaries", 1}, {"volume", 1}};
  return all;
}

}    // namespace

struct FixGBMotion::Settings {
  std::string name;    // for messages: "Fix m gb/motion"
  std::unique_ptr<AtomSource> grain, inner;
  int crystal[2] = {1, 2};
  int normal = 2, boundaries = 0;    // 0: by the box
  double volume = 0.0;               // of an atom; 0: by the box
};

FixGBMotion::FixGBMotion(LAMMPS *lmp, int narg, char **arg) :
    FixColumns(lmp, narg, arg), settings(new Settings), last_setup(-1), warned(0), started(false),
    start(0.0), shift(0.0), displacement{}, atoms{}
{
  settings->name = std::string("Fix ") + id + " gb/motion";
  if (domain->dimension == 2)
    error->all(FLERR, settings->name + " is for three-dimensional systems");
  parse(narg, arg);
  vector_flag = 1;
  size_vector = NUMBERS;
  global_freq = nevery;
  extvector = 0;
  dynamic_group_allow = 1;
  restart_global = 1;
  add_columns(COLUMNS, true);
}

FixGBMotion::~FixGBMotion() = default;

double FixGBMotion::number(const char *text)
{
  const double value = utils::numeric(FLERR, text, false, lmp);
  if (!std::isfinite(value)) error->all(FLERR, settings->name + ": " + text + " is not finite");
  return value;
}

void FixGBMotion::parse(int narg, char **arg)
{
  if (narg < 6)
    error->all(FLERR,
               settings->name +
                   ": expected N, the grain of each atom, and whether it is inside it");
  nevery = utils::inumeric(FLERR, arg[3], false, lmp);
  if (nevery <= 0) error->all(FLERR, settings->name + ": N must be positive, not " + arg[3]);
  settings->grain = std::make_unique<AtomSource>(lmp, settings->name, arg[4]);
  settings->grain->check();
  if (std::string(arg[5]) != "all") {
    settings->inner = std::make_unique<AtomSource>(lmp, settings->name, arg[5]);
    settings->inner->check();
  }
  for (int iarg = 6; iarg < narg;) {
    const std::string keyword = arg[iarg++];
    const auto known = values_of_keywords().find(keyword);
    if (known == values_of_keywords().end())
      error->all(FLERR, settings->name + ": unknown keyword '" + keyword + "'");
    if (iarg + known->second > narg)
      error->all(FLERR, settings->name + ": too few words after '" + keyword + "'");
    parse_keyword(keyword, iarg, arg);
    iarg += known->second;
  }
  check_box();
}

void FixGBMotion::parse_keyword(const std::string &keyword, int iarg, char **arg)
{
  if (keyword == "crystals") {
    for (int k = 0; k < 2; k++) {
      settings->crystal[k] = utils::inumeric(FLERR, arg[iarg + k], false, lmp);
      if (settings->crystal[k] == 0)
        error->all(FLERR, settings->name + ": 0 is the number of atoms in no crystal");
    }
    if (settings->crystal[0] == settings->crystal[1])
      error->all(FLERR, settings->name + ": both crystals have the number " + arg[iarg]);
  } else if (keyword == "normal") {
    const std::string axis = arg[iarg];
    settings->normal = axis == "x" ? 0 : axis == "y" ? 1 : axis == "z" ? 2 : -1;
    if (settings->normal < 0)
      error->all(FLERR, settings->name + ": normal is x, y or z, not " + axis);
  } else if (keyword == "boundaries") {
    settings->boundaries = utils::inumeric(FLERR, arg[iarg], false, lmp);
    if (settings->boundaries != 1 && settings->boundaries != 2)
      error->all(FLERR, settings->name + ": there are 1 or 2 boundaries, not " + arg[iarg]);
  } else {
    settings->volume = number(arg[iarg]);
    if (settings->volume <= 0.0)
      error->all(FLERR, settings->name + ": the volume of an atom must be positive");
  }
}

void FixGBMotion::check_box()
{
  const int n = settings->normal;
  if (domain->triclinic && n != 2)
    error->all(FLERR, settings->name + ": in a triclinic box the normal is z");
  for (int d = 0; d < 3; d++)
    if (d != n && !domain->periodicity[d])
      error->all(FLERR, settings->name + ": the box must be periodic across the normal");
  if (!domain->periodicity[n] && settings->volume == 0.0)
    error->all(FLERR,
               settings->name +
                   ": in a box that is not periodic along the normal, 'volume' must say the volume "
                   "of an atom");
}

int FixGBMotion::setmask()
{
  return END_OF_STEP;
}

void FixGBMotion::init()
{
  check_box();
  settings->grain->check();
  if (settings->inner) settings->inner->check();
  const bigint behind = update->ntimestep % nevery;
  modify->addstep_compute_all(behind ? update->ntimestep + nevery - behind : update->ntimestep);
}

void FixGBMotion::setup(int)
{
  if (update->ntimestep % nevery != 0) return;
  evaluate();
  last_setup = update->ntimestep;
}

void FixGBMotion::end_of_step()
{
  /* rerun calls setup and this for the same snapshot */
  if (last_setup != update->ntimestep) evaluate();
  last_setup = -1;
}

void FixGBMotion::evaluate()
{
  const auto count = (size_t) atom->nlocal;
  std::vector<double> grain(count), inner(count, 1.0);
  modify->clearstep_compute();
  settings->grain->copy(igroup, grain.data());
  if (settings->inner) settings->inner->copy(igroup, inner.data());
  modify->addstep_compute(update->ntimestep + nevery);
  move_crystals(grain.data(), inner.data());
  move_boundary();
}

/* The nearest image of a difference of positions. */
void FixGBMotion::nearest(double *d) const
{
  const double edge[3][3] = {{domain->xprd, 0.0, 0.0},
                             {domain->xy, domain->yprd, 0.0},
                             {domain->xz, domain->yz, domain->zprd}};
  for (int k = 2; k >= 0; k--) {
    if (!domain->periodicity[k]) continue;
    const double n = std::rint(d[k] / edge[k][k]);
    for (int i = 0; i <= k; i++) d[i] -= n * edge[k][i];
  }
}

/* Counts the crystals' atoms; what those inside have moved by since the call before, in the mean
   over each crystal, adds to the displacement. */
void FixGBMotion::move_crystals(const double *grain, const double *inner)
{
  double mine[11] = {0.0}, sum[11];    // atoms by crystal; of both: those that moved, x, y, z
  for (int i = 0; i < atom->nlocal; i++) {
    const double *x = atom->x[i];
    const int is_mine = (atom->mask[i] & groupbit) != 0;
    const int crystal = !is_mine           ? 0
        : grain[i] == settings->crystal[0] ? 1
        : grain[i] == settings->crystal[1] ? 2
                                           : 0;
    if (is_mine) mine[crystal] += 1.0;
    const int counts = crystal && inner[i] != 0.0 ? crystal : 0;
    if (counts && columns[i][CRYSTAL] == counts) {
      double d[3] = {x[0] - columns[i][X], x[1] - columns[i][X + 1], x[2] - columns[i][X + 2]};
      nearest(d);
      double *into = mine + 3 + 4 * (counts - 1);
      into[0] += 1.0;
      for (int k = 0; k < 3; k++) into[k + 1] += d[k];
    }
    columns[i][CRYSTAL] = counts;
    std::copy(x, x + 3, columns[i] + X);
  }
  MPI_Allreduce(mine, sum, 11, MPI_DOUBLE, MPI_SUM, world);
  std::copy(sum, sum + 3, atoms.begin());
  const double *one = sum + 3, *two = sum + 7;
  if (one[0] > 0.0 && two[0] > 0.0) {
    for (int k = 0; k < 3; k++)
      displacement[(size_t) k] += one[k + 1] / one[0] - two[k + 1] / two[0];
  } else if (started && !warned++ && comm->me == 0) {
    error->warning(FLERR,
                   settings->name +
                       ": no atom has stayed inside crystal 1 or crystal 2 since the call before; "
                       "their displacement is not known");
  }
}

/* As far as crystal 2 has grown; atoms in no crystal count half to it. */
void FixGBMotion::move_boundary()
{
  const int n = settings->normal;
  const double grown = atoms[2] + 0.5 * atoms[0];
  if (!started) start = grown;
  started = true;
  const double box = domain->xprd * domain->yprd * domain->zprd;
  const double volume = settings->volume > 0.0 ? settings->volume : box / (double) atom->natoms;
  const int boundaries =
      settings->boundaries ? settings->boundaries : 1 + (domain->periodicity[n] != 0);
  shift = (grown - start) * volume / (box / domain->prd[n] * boundaries);
}

double FixGBMotion::compute_vector(int n)
{
  if (n == SHIFT) return shift;
  if (n < ATOMS) {    // both directions in the plane, then the normal
    static const int axes[3][3] = {{1, 2, 0}, {2, 0, 1}, {0, 1, 2}};
    return displacement[(size_t) axes[settings->normal][n - DISPLACEMENT]];
  }
  static const size_t order[3] = {1, 2, 0};
  return atoms[order[n - ATOMS]];
}

/* ---- restart -------------------------------------------------------------------------------- */

void FixGBMotion::write_restart(FILE *file)
{
  if (comm->me != 0) return;
  const double kept[KEPT] = {(double) started, start,           shift,
                             displacement[0],  displacement[1], displacement[2]};
  const int size = sizeof kept;
  fwrite(&size, sizeof size, 1, file);
  fwrite(kept, sizeof kept, 1, file);
}

void FixGBMotion::restart(char *buffer)
{
  double kept[KEPT];
  std::copy(buffer, buffer + sizeof kept, reinterpret_cast<char *>(kept));
  started = kept[0] != 0.0;
  start = kept[1];
  shift = kept[2];
  std::copy(kept + 3, kept + KEPT, displacement.begin());
}
