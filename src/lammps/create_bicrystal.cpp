/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create_bicrystal.h"

#include "boundary_crystals.h"
#include "new_atoms.h"

#include "atom.h"
#include "atom_vec.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "group.h"
#include "input.h"
#include "math_const.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <mpi.h>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* Begins every message. */
std::string name()
{
  return "Create_bicrystal";
}

/* Words that follow a keyword. */
const std::map<std::string, int> &values_of_keywords()
{
  static const std::map<std::string, int> all = {
      {"basis", 2},    {"types", 1},        {"thickness", 1}, {"repeat", 2},
      {"shear", 1},    {"translation", 2},  {"gap", 1},       {"overlap", 1},
      {"surfaces", 1}, {"terminations", 2}, {"tolerance", 1}, {"property", 1},
      {"groups", 2},   {"hold", 1},         {"strain", 1},    {"period", 1}};
  return all;
}

}    // namespace

struct CreateBicrystal::Settings {
  int type = 1, types = 0;
  std::map<int, int> basis_type;    // of sites that have another one
  BoundaryWords boundary;
  std::string property = "i_grain";
  double hold = -1.0;
  std::string bottom, top;    // names of groups
  mlgrain_bicrystal_settings bicrystal = {30.0, {1, 1}, 0, {0, 0}};
  mlgrain_bicrystal_placement placement = {{0.0, 0.0}, 0.0, 0.0, 0};
};

struct CreateBicrystal::Core {
  BoundaryCrystals crystals;
  BicrystalPointer bicrystal;
  BicrystalCellPointer cell;
  mlgrain_bicrystal_box box = {};
  explicit Core(LAMMPS *lmp) : crystals(lmp, name()) {}
};

CreateBicrystal::CreateBicrystal(LAMMPS *lmp) : Command(lmp) {}

CreateBicrystal::~CreateBicrystal() = default;

/* LAMMPS deletes a command only when it has succeeded. */
void CreateBicrystal::command(int narg, char **arg)
{
  settings.reset(new Settings);
  core.reset(new Core(lmp));
  try {
    run(narg, arg);
  } catch (...) {
    settings.reset();
    core.reset();
    throw;
  }
}

void CreateBicrystal::run(int narg, char **arg)
{
  if (domain->box_exist)
    error->all(FLERR, name() + " makes the simulation box; there is one already");
  if (domain->dimension != 3) error->all(FLERR, name() + " is for three-dimensional systems");
  parse(narg, arg);
  make_cell();
  create_box();
  create_atoms();
  create_groups();
  report();
}

/* --- the input line --- */

double CreateBicrystal::number(const char *text)
{
  const double value = utils::numeric(FLERR, text, false, lmp);
  if (!std::isfinite(value)) error->all(FLERR, name() + ": " + text + " is not finite");
  return value;
}

int CreateBicrystal::integer(const char *text)
{
  return utils::inumeric(FLERR, text, false, lmp);
}

int CreateBicrystal::atom_type(const char *text)
{
  const int value = integer(text);
  if (value < 1) error->all(FLERR, name() + ": atom types are from 1, not " + text);
  settings->types = std::max(settings->types, value);
  return value;
}

void CreateBicrystal::parse(int narg, char **arg)
{
  if (narg < 2) error->all(FLERR, name() + ": an atom type and a boundary are needed");
  settings->type = atom_type(arg[0]);
  settings->boundary.text = arg[1];
  for (int iarg = 2; iarg < narg;) {
    const std::string keyword = arg[iarg++];
    const auto known = values_of_keywords().find(keyword);
    if (known == values_of_keywords().end())
      error->all(FLERR, name() + ": unknown keyword '" + keyword + "'");
    if (iarg + known->second > narg)
      error->all(FLERR, name() + ": too few words after '" + keyword + "'");
    parse_option(keyword, iarg, arg);
    iarg += known->second;
  }
  if (!settings->bottom.empty() && !settings->placement.surfaces)
    error->all(FLERR, name() + ": 'groups' are layers at the surfaces, which 'surfaces yes' makes");
}

void CreateBicrystal::parse_option(const std::string &keyword, int iarg, char **arg)
{
  auto &bicrystal = settings->bicrystal;
  auto &placement = settings->placement;
  if (core->crystals.take(keyword, arg[iarg], settings->boundary)) return;
  if (keyword == "basis") {
    const int site = integer(arg[iarg]);
    if (site < 1 || site > core->crystals.sites())
      error->all(FLERR, name() + ": the basis of the lattice has no site " + arg[iarg]);
    settings->basis_type[site] = atom_type(arg[iarg + 1]);
  } else if (keyword == "types") {
    atom_type(arg[iarg]);
  } else if (keyword == "thickness") {
    bicrystal.thickness = number(arg[iarg]);
  } else if (keyword == "repeat") {
    for (int k = 0; k < 2; k++) bicrystal.repeat[k] = integer(arg[iarg + k]);
  } else if (keyword == "shear") {
    bicrystal.shear = integer(arg[iarg]);
  } else if (keyword == "translation") {
    for (int k = 0; k < 2; k++) placement.translation[k] = number(arg[iarg + k]);
  } else if (keyword == "terminations") {
    for (int k = 0; k < 2; k++) bicrystal.termination[k] = integer(arg[iarg + k]) - 1;
  } else if (keyword == "gap") {
    placement.gap = number(arg[iarg]);
  } else if (keyword == "overlap") {
    placement.overlap = number(arg[iarg]);
  } else if (keyword == "surfaces") {
    placement.surfaces = utils::logical(FLERR, arg[iarg], false, lmp);
  } else if (keyword == "property") {
    settings->property = arg[iarg];
  } else if (keyword == "groups") {
    settings->bottom = arg[iarg];
    settings->top = arg[iarg + 1];
  } else {
    settings->hold = number(arg[iarg]);
    if (settings->hold <= 0.0) error->all(FLERR, name() + ": 'hold' must be positive");
  }
}

/* --- cell, box, atoms --- */

void CreateBicrystal::make_cell()
{
  std::vector<int> type(core->crystals.sites(), settings->type);
  for (const auto &each : settings->basis_type) type[each.first - 1] = each.second;
  core->crystals.read_lattice(type);
  core->crystals.find(settings->boundary);
  check_terminations();
  core->bicrystal = core->crystals.bicrystal(settings->bicrystal);
  mlgrain_bicrystal_cell *cell = nullptr;
  mlgrain_error text;
  if (mlgrain_bicrystal_place(core->bicrystal.get(), &settings->placement, &cell, &text))
    error->all(FLERR, name() + ": " + text.text);
  core->cell.reset(cell);
  core->box = mlgrain_bicrystal_cell_box(cell);
  if (core->box.numbers >= MAXTAGINT) error->all(FLERR, name() + ": more atoms than atom IDs");
  if (settings->hold < 0.0) settings->hold = 8.0;
  if (!core->crystals.warning.empty() && comm->me == 0)
    error->warning(FLERR,
                   name() + ": " + std::to_string(core->box.numbers - core->box.removed) +
                       " atoms: " + core->crystals.warning);
}

/* Input lines count them from 1, the core from 0. */
void CreateBicrystal::check_terminations()
{
  const auto &crystals = core->crystals;
  for (int grain = 0; grain < 2; grain++) {
    double beyond[MLGRAIN_MOST_TERMINATIONS];
    const int count =
        mlgrain_bicrystal_terminations(&crystals.geometry, &crystals.crystal, grain, beyond);
    const int asked = settings->bicrystal.termination[grain] + 1;
    if (asked < 1 || asked > count)
      error->all(FLERR,
                 name() + ": the terminations of grain " + std::to_string(grain + 1) +
                     " are 1 to " + std::to_string(count) + ", not " + std::to_string(asked));
  }
}

/* By LAMMPS' own command, which knows all that belongs to a new box. */
void CreateBicrystal::create_box()
{
  const bool surfaces = core->box.boundaries == 1;
  if (!domain->xperiodic || !domain->yperiodic)
    error->all(FLERR, name() + ": boundaries are periodic along x and y");
  if (surfaces == (bool) domain->zperiodic)
    error->all(FLERR,
               name() +
                   (surfaces ? ": with surfaces the box must not be periodic along z: "
                               "'boundary p p s' or 'p p f'"
                             : ": two boundaries need a box that is periodic along z; with "
                               "'surfaces yes' there is one"));
  const auto &e = core->box.edge;
  const auto &o = core->box.origin;
  // room for atoms at the surfaces to move
  const double margin = surfaces ? 0.5 * core->crystals.geometry.axes[0][0][0] : 0.0;
  const double room = surfaces ? std::max(1.0, std::fabs(margin)) : 0.0;
  char line[512];
  snprintf(line, sizeof line,
           "region mlgrain_bicrystal prism %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g "
           "units box",
           o[0], o[0] + e[0][0], o[1], o[1] + e[1][1], o[2] - room, o[2] + e[2][2] + room, e[1][0],
           e[2][0], e[2][1]);
  input->one(line);
  input->one("create_box " + std::to_string(settings->types) + " mlgrain_bicrystal");
  input->one("region mlgrain_bicrystal delete");
}

/* Each rank goes through all numbers and takes what is in its part of the box. */
void CreateBicrystal::create_atoms()
{
  const int property = grain_property(lmp, name(), settings->property);
  forget_ghosts(lmp);
  for (size_t number = 0; number < core->box.numbers; number++) {
    mlgrain_bicrystal_atom site;
    if (!mlgrain_bicrystal_atom_of(core->cell.get(), number, &site)) continue;
    if (!is_mine(lmp, site.x)) continue;
    atom->avec->create_atom(site.type, site.x);
    const int i = atom->nlocal - 1;
    if (atom->tag_enable) atom->tag[i] = (tagint) site.place + 1;
    atom->ivector[property][i] = site.grain + 1;
  }
  add_to_system(lmp, 0);
  const bigint expected = (bigint) (core->box.numbers - core->box.removed);
  if (atom->natoms != expected)
    error->all(FLERR,
               name() + ": " + std::to_string(atom->natoms) + " atoms were made of " +
                   std::to_string(expected));
}

/* The layers at the surfaces that are to be held, or to move as one. */
void CreateBicrystal::create_groups()
{
  if (settings->bottom.empty()) return;
  const double bottom = core->box.low + settings->hold, top = core->box.high - settings->hold;
  if (bottom >= 0.0 || top <= 0.0)
    error->all(FLERR, name() + ": the layers at the surfaces are thicker than the grains");
  std::vector<int> in_bottom(atom->nlocal), in_top(atom->nlocal);
  for (int i = 0; i < atom->nlocal; i++) {
    in_bottom[i] = atom->x[i][2] < bottom;
    in_top[i] = atom->x[i][2] > top;
  }
  group->create(settings->bottom, in_bottom.data());
  group->create(settings->top, in_top.data());
}

void CreateBicrystal::report()
{
  if (comm->me) return;
  const auto &box = core->box;
  char line[512];
  snprintf(line, sizeof line,
           "Created %lld atoms: %s\n"
           "  %d boundar%s of area %.10g (period %.10g), distinct translations within %.10g\n"
           "  %lld atoms left out, nearer than %g to another across a boundary\n",
           (long long) (box.numbers - box.removed), core->crystals.title.c_str(), box.boundaries,
           box.boundaries == 1 ? "y" : "ies", box.area, core->crystals.area,
           core->crystals.shift_area, (long long) box.removed, settings->placement.overlap);
  std::string text = line;
  if (core->crystals.deviation > 1e-9) {
    snprintf(line, sizeof line, "  its rotation is %.3g degrees from the angle given\n",
             core->crystals.deviation);
    text += line;
  }
  utils::logmesg(lmp, text);
}
