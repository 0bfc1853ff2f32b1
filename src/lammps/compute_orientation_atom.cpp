/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_orientation_atom.h"

#include "cell_loop.h"
#include "ghost_reach.h"
#include "neighborhood.h"

#include "atom.h"
#include "citeme.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "pair.h"
#include "update.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

static const char cite_compute_orientation_atom[] =
    "compute orientation/atom command: doi:10.1088/0965-0393/24/5/055007\n\n"
    "@Article{Larsen2016,\n"
    " author = {Larsen, Peter Mahler and Schmidt, S{\\o}ren and Schi{\\o}tz, Jakob},\n"
    " title = {Robust structural identification via polyhedral template matching},\n"
    " journal = {Modelling and Simulation in Materials Science and Engineering},\n"
    " year = 2016,\n"
    " volume = 24,\n"
    " pages = {055007}\n"
    "}\n\n";

namespace {

constexpr int COLUMNS = 7;

/* At most of hot crystals' deviations, and below those of liquids: bench/orientation.sh. */
constexpr double DEFAULT_RMSD = 0.15;

}    // namespace

struct ComputeOrientationAtom::Settings {
  std::string name;    // for messages: "Compute o orientation/atom"
  std::vector<mlgrain_structure> structures;
  double cutoff = 0.0;    // 0: auto
  double rmsd = DEFAULT_RMSD;
};

struct ComputeOrientationAtom::Core {
  Neighborhood neighborhood;
  mlgrain_templates *templates = nullptr;
  double cutoff = 0.0;                   // with auto resolved
  std::vector<mlgrain_match> matches;    // by local atom

  Core(LAMMPS *lmp, const std::string &name) : neighborhood(lmp, name) {}
  ~Core() { mlgrain_templates_free(templates); }
};

ComputeOrientationAtom::ComputeOrientationAtom(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), settings(new Settings), nmax(0), columns(nullptr)
{
  if (lmp->citeme) lmp->citeme->add(cite_compute_orientation_atom);
  settings->name = std::string("Compute ") + id + " orientation/atom";
  if (domain->dimension == 2)
    error->all(FLERR, settings->name + " is for three-dimensional systems");
  parse(narg, arg);
  core.reset(new Core(lmp, settings->name));
  peratom_flag = 1;
  size_peratom_cols = COLUMNS;
}

ComputeOrientationAtom::~ComputeOrientationAtom()
{
  memory->destroy(columns);
}

double ComputeOrientationAtom::positive(const std::string &what, const char *word)
{
  const double value = utils::numeric(FLERR, word, false, lmp);
  if (!std::isfinite(value) || !(value > 0.0))
    error->all(FLERR, settings->name + ": " + what + " " + word + " must be positive");
  return value;
}

void ComputeOrientationAtom::parse(int narg, char **arg)
{
  int iarg = 3;
  for (; iarg < narg; iarg++) {
    const auto structure = mlgrain_structure_named(arg[iarg]);
    if (structure == MLGRAIN_STRUCTURE_NONE) break;
    if (std::find(settings->structures.begin(), settings->structures.end(), structure) !=
        settings->structures.end())
      error->all(FLERR, settings->name + ": " + arg[iarg] + " is named twice");
    settings->structures.push_back(structure);
  }
  if (settings->structures.empty())
    error->all(FLERR,
               settings->name + ": one or more of fcc, hcp, bcc, sc, diamond expected" +
                   (iarg < narg ? std::string(", not '") + arg[iarg] + "'" : std::string()));
  for (; iarg < narg; iarg += 2) {
    const std::string keyword = arg[iarg];
    if (keyword != "cutoff" && keyword != "rmsd")
      error->all(FLERR, settings->name + ": unknown structure or keyword '" + keyword + "'");
    if (iarg + 1 >= narg) error->all(FLERR, settings->name + ": no value after '" + keyword + "'");
    if (keyword == "rmsd")
      settings->rmsd = positive("rmsd", arg[iarg + 1]);
    else if (strcmp(arg[iarg + 1], "auto") == 0)
      settings->cutoff = 0.0;
    else
      settings->cutoff = positive("cutoff", arg[iarg + 1]);
  }
}

/* From the mean density of the box, which is that of the crystal or less: the pair style's cutoff
   keeps it from growing in boxes that are almost empty. */
double ComputeOrientationAtom::automatic_cutoff()
{
  if (atom->natoms == 0) error->all(FLERR, settings->name + ": cutoff auto needs a box with atoms");
  const double volume = domain->xprd * domain->yprd * domain->zprd;
  const double density = (double) atom->natoms / volume;
  double cutoff = 0.0;
  for (const auto structure : settings->structures)
    cutoff = std::max(cutoff, mlgrain_structure_cutoff(structure, density));
  return force->pair && force->pair->cutforce > 0.0 ? std::min(cutoff, force->pair->cutforce)
                                                    : cutoff;
}

void ComputeOrientationAtom::init()
{
  const double cutoff = settings->cutoff > 0.0 ? settings->cutoff : automatic_cutoff();
  if (!core->templates || cutoff != core->cutoff) {
    mlgrain_templates_free(core->templates);
    core->templates = nullptr;
    mlgrain_error text;
    if (mlgrain_templates_create((int) settings->structures.size(), settings->structures.data(),
                                 settings->rmsd, cutoff, mlgrain_simd_best(), &core->templates,
                                 &text))
      error->all(FLERR, settings->name + ": " + text.text);
    core->cutoff = cutoff;
    if (comm->me == 0 && settings->cutoff == 0.0)
      utils::logmesg(lmp, settings->name + ": cutoff = " + to_text(cutoff) + "\n");
  }
  raise_ghost_reach(lmp, settings->name, core->cutoff);
}

void ComputeOrientationAtom::require_ghosts() const
{
  require_ghost_reach(lmp, settings->name, core->cutoff);
}

void ComputeOrientationAtom::setup()
{
  require_ghosts();
}

void ComputeOrientationAtom::compute_peratom()
{
  invoked_peratom = update->ntimestep;
  require_ghosts();
  if (atom->nmax > nmax) {
    memory->destroy(columns);
    nmax = atom->nmax;
    memory->create(columns, nmax, COLUMNS, "orientation/atom:columns");
    array_atom = columns;
  }
  core->matches.assign((size_t) atom->nlocal, mlgrain_match{});
  const auto *cells = core->neighborhood.build(core->cutoff);
  const auto *chosen = core->neighborhood.chosen(groupbit);
  mlgrain_error text;
  const auto status = for_all_cells(
      cells, comm->nthreads, &text, [&](size_t first, size_t last, mlgrain_error *error) {
        return mlgrain_templates_match(core->templates, cells, first, last, chosen,
                                       core->matches.data(), error);
      });
  if (status) error->one(FLERR, settings->name + ": " + text.text);
  core->neighborhood.release();
  write_columns();
}

void ComputeOrientationAtom::write_columns()
{
  for (int i = 0; i < atom->nlocal; i++) {
    const auto &match = core->matches[(size_t) i];
    const bool is_matched = match.structure != MLGRAIN_STRUCTURE_NONE;
    for (int k = 0; k < 4; k++) columns[i][k] = match.quaternion[k];
    columns[i][4] = is_matched ? match.rmsd : 0.0;
    columns[i][5] = match.distance;
    columns[i][6] = match.structure;
  }
}

double ComputeOrientationAtom::memory_usage()
{
  return sizeof(double) * nmax * (double) COLUMNS +
      sizeof(mlgrain_match) * (double) core->matches.capacity() + core->neighborhood.memory_usage();
}
