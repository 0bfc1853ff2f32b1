/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_sfd_atom.h"

#include "cell_loop.h"
#include "ghost_reach.h"
#include "neighborhood.h"

#include "atom.h"
#include "citeme.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "memory.h"
#include "update.h"

#include "mlgrain/sfd.h"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

static const char cite_compute_sfd_atom[] =
    "compute sfd/atom command: arXiv:2402.04191\n\n"
    "@Article{Kober2024,\n"
    " author = {Kober, E. M. and Tavenner, J. P. and Adams, C. M. and Mathew, N.},\n"
    " title = {Strain Functionals: A Complete and Symmetry-adapted Set of Descriptors to\n"
    "          Characterize Atomistic Configurations},\n"
    " journal = {arXiv:2402.04191},\n"
    " year = 2024\n"
    "}\n\n";

struct ComputeSFDAtom::Settings {
  std::string name;              // for messages: "Compute s sfd/atom"
  double sigma = 0.0;            // 0: auto
  double cutoff = 0.0;           // 0: auto
  std::vector<double> weight;    // by type, [0] is type 1; empty: all 1
  std::vector<int> columns;      // descriptors to compute, in order
};

struct ComputeSFDAtom::Core {
  Neighborhood neighborhood;
  mlgrain_sfd *sfd = nullptr;
  double sigma = 0.0, cutoff = 0.0;    // with auto resolved
  std::vector<double> weight;          // by atom, empty if all types weigh 1

  Core(LAMMPS *lmp, const std::string &name) : neighborhood(lmp, name) {}
  ~Core() { mlgrain_sfd_free(sfd); }
};

ComputeSFDAtom::ComputeSFDAtom(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), settings(new Settings), nmax(0), descriptor(nullptr)
{
  if (lmp->citeme) lmp->citeme->add(cite_compute_sfd_atom);
  settings->name = std::string("Compute ") + id + " sfd/atom";
  if (domain->dimension == 2)
    error->all(FLERR, settings->name + " is for three-dimensional systems");
  if (narg < 5)
    error->all(FLERR, "Illegal compute sfd/atom command: expected sigma and rcut (or auto)");
  if (strcmp(arg[3], "auto") != 0) settings->sigma = positive("sigma", arg[3]);
  if (strcmp(arg[4], "auto") != 0) settings->cutoff = positive("rcut", arg[4]);
  for (int i = 0; i < MLGRAIN_SFD_COUNT; i++) settings->columns.push_back(i);
  parse_options(narg, arg);

  core.reset(new Core(lmp, settings->name));
  peratom_flag = 1;
  const int columns = (int) settings->columns.size();
  size_peratom_cols = columns == 1 ? 0 : columns;    // a single descriptor is a per-atom vector
}

/* A number above 0, or also 0 where that is allowed. */
double ComputeSFDAtom::positive(const std::string &what, const char *word, bool zero_allowed)
{
  const double value = utils::numeric(FLERR, word, false, lmp);
  if (!std::isfinite(value) || !(value > 0.0 || (zero_allowed && value == 0.0)))
    error->all(FLERR,
               settings->name + ": " + what + " " + word + " must " +
                   (zero_allowed ? "not be negative" : "be positive"));
  return value;
}

void ComputeSFDAtom::parse_columns(int narg, char **arg, int &iarg)
{
  settings->columns.clear();
  while (iarg < narg) {
    const int column = mlgrain_sfd_index(arg[iarg]);
    if (column < 0) break;
    settings->columns.push_back(column);
    iarg++;
  }
  if (settings->columns.empty())
    error->all(FLERR,
               settings->name + ": no descriptor's name after 'invariants'" +
                   (iarg < narg ? std::string(": ") + arg[iarg] : std::string()) +
                   "; the names are P0_I0 to P4_I8");
  if (settings->columns.size() > MLGRAIN_SFD_COUNT)
    error->all(FLERR, settings->name + ": more than 19 names after 'invariants'");
}

void ComputeSFDAtom::parse_options(int narg, char **arg)
{
  bool print_names = false;
  int iarg = 5;
  while (iarg < narg) {
    const std::string keyword = arg[iarg++];
    if (keyword == "weight") {
      if (iarg + atom->ntypes > narg)
        error->all(FLERR,
                   settings->name + ": 'weight' needs one number for each of the " +
                       std::to_string(atom->ntypes) + " atom types");
      settings->weight.clear();
      for (int t = 0; t < atom->ntypes; t++) {
        settings->weight.push_back(positive("weight", arg[iarg++], true));
      }
    } else if (keyword == "invariants") {
      parse_columns(narg, arg, iarg);
    } else if (keyword == "colnames") {
      if (iarg >= narg) error->all(FLERR, settings->name + ": 'colnames' needs yes or no");
      print_names = utils::logical(FLERR, arg[iarg++], false, lmp) != 0;
    } else {
      error->all(FLERR, settings->name + ": unknown keyword '" + keyword + "'");
    }
  }
  if (print_names) print_column_names();
}

const char *ComputeSFDAtom::column_name(int column) const
{
  return mlgrain_sfd_name(settings->columns.at((size_t) column));
}

double ComputeSFDAtom::width() const
{
  return core->sfd ? core->sigma : settings->sigma;
}

double ComputeSFDAtom::cutoff() const
{
  return core->sfd ? core->cutoff : settings->cutoff;
}

double ComputeSFDAtom::type_weight(int type) const
{
  return settings->weight.empty() ? 1.0 : settings->weight.at((size_t) type - 1);
}

const mlgrain_sfd *ComputeSFDAtom::tables() const
{
  return core->sfd;
}

int ComputeSFDAtom::column_count() const
{
  return (int) settings->columns.size();
}

const std::vector<double> &ComputeSFDAtom::type_weights() const
{
  return settings->weight;
}

const std::string &ComputeSFDAtom::title() const
{
  return settings->name;
}

void ComputeSFDAtom::require_ghosts() const
{
  require_ghost_reach(lmp, settings->name, core->cutoff);
}

/* The words that make a dump's header show the descriptors' names. */
void ComputeSFDAtom::print_column_names() const
{
  std::string text = "dump_modify DUMP-ID";
  const bool vector = settings->columns.size() == 1;
  for (size_t i = 0; i < settings->columns.size(); i++)
    text += std::string(" colname c_") + id + (vector ? "" : "[" + std::to_string(i + 1) + "]") +
        " " + mlgrain_sfd_name(settings->columns[i]);
  if (comm->me == 0) utils::logmesg(lmp, text + "\n");
}

ComputeSFDAtom::~ComputeSFDAtom()
{
  memory->destroy(descriptor);
}

void ComputeSFDAtom::init()
{
  create_core();
  raise_ghost_reach(lmp, settings->name, core->cutoff);
}

/* Resolves `auto` from the mean density of the box as it is when a run begins. */
void ComputeSFDAtom::create_core()
{
  double sigma = settings->sigma;
  if (sigma == 0.0) {
    if (atom->natoms == 0)
      error->all(FLERR, settings->name + ": sigma auto needs a box with atoms");
    const double volume = domain->xprd * domain->yprd * domain->zprd;
    sigma = mlgrain_sfd_automatic_sigma((double) atom->natoms / volume);
  }
  const double cutoff =
      settings->cutoff > 0.0 ? settings->cutoff : mlgrain_sfd_automatic_cutoff(sigma);
  if (core->sfd && sigma == core->sigma && cutoff == core->cutoff) return;

  mlgrain_sfd_free(core->sfd);
  mlgrain_error text;
  if (mlgrain_sfd_create(sigma, cutoff, mlgrain_simd_best(), &core->sfd, &text) ||
      mlgrain_sfd_choose_columns(core->sfd, (int) settings->columns.size(),
                                 settings->columns.data(), &text))
    error->all(FLERR, settings->name + ": " + text.text);
  core->sigma = sigma;
  core->cutoff = cutoff;
  if (comm->me == 0 && (settings->sigma == 0.0 || settings->cutoff == 0.0))
    utils::logmesg(
        lmp, settings->name + ": sigma = " + to_text(sigma) + ", rcut = " + to_text(cutoff) + "\n");
}

void ComputeSFDAtom::setup()
{
  require_ghosts();
}

void ComputeSFDAtom::compute_peratom()
{
  invoked_peratom = update->ntimestep;
  require_ghosts();

  const int columns = column_count();
  if (atom->nmax > nmax) {
    memory->destroy(descriptor);
    nmax = atom->nmax;
    memory->create(descriptor, nmax, columns, "sfd/atom:descriptor");
    if (columns == 1)
      vector_atom = descriptor[0];
    else
      array_atom = descriptor;
  }
  if (atom->nlocal) memset(descriptor[0], 0, sizeof(double) * atom->nlocal * columns);

  const int nall = atom->nlocal + atom->nghost;
  core->weight.resize(settings->weight.empty() ? 0 : nall);
  for (size_t i = 0; i < core->weight.size(); i++)
    core->weight[i] = settings->weight[atom->type[i] - 1];

  const auto *cells = core->neighborhood.build(core->cutoff);
  const auto *chosen = core->neighborhood.chosen(groupbit);
  const double *weight = core->weight.empty() ? nullptr : core->weight.data();
  mlgrain_error text;
  const auto status = for_all_cells(
      cells, comm->nthreads, &text, [&](size_t first, size_t last, mlgrain_error *error) {
        return mlgrain_sfd_compute(core->sfd, cells, first, last, chosen, weight, descriptor[0],
                                   error);
      });
  if (status) error->one(FLERR, settings->name + ": " + text.text);
  core->neighborhood.release();
}

double ComputeSFDAtom::memory_usage()
{
  return sizeof(double) * nmax * (double) settings->columns.size() +
      sizeof(double) * (double) core->weight.capacity() + core->neighborhood.memory_usage();
}
