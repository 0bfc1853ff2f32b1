/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_soap_atom.h"

#include "power_spectra.h"
#include "spectrum_projection.h"

#include "atom.h"
#include "citeme.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "memory.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

static const char cite_compute_soap_atom[] =
    "compute soap/atom command: doi:10.1103/PhysRevB.87.184115\n\n"
    "@Article{Bartok2013,\n"
    " author = {Bart\\'ok, A. P. and Kondor, R. and Cs\\'anyi, G.},\n"
    " title = {On Representing Chemical Environments},\n"
    " journal = {Phys.\\ Rev.~B},\n"
    " volume = 87,\n"
    " pages = {184115},\n"
    " year = 2013\n"
    "}\n\n";

ComputeSoapAtom::ComputeSoapAtom(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), name(std::string("Compute ") + id + " soap/atom"), most_memory(2e9),
    rows(0), descriptor(nullptr)
{
  if (lmp->citeme) lmp->citeme->add(cite_compute_soap_atom);
  if (domain->dimension == 2) error->all(FLERR, name + " is for three-dimensional systems");
  spectra.reset(new PowerSpectra(lmp, name));
  int iarg = 3;
  spectra->parse_basis(narg, arg, iarg);
  while (iarg < narg) {
    const std::string keyword = arg[iarg++];
    if (keyword == "columns") {
      parse_columns(narg, arg, iarg);
    } else if (keyword == "project") {
      if (iarg >= narg) error->all(FLERR, name + ": 'project' has no value");
      projection.reset(new SpectrumProjection(lmp, name, arg[iarg++]));
    } else if (keyword == "memory") {
      most_memory = 1e9 * spectra->number("memory", narg, arg, iarg);
    } else if (!spectra->parse_keyword(keyword, narg, arg, iarg)) {
      error->all(FLERR, name + ": unknown keyword '" + keyword + "'");
    }
  }
  if (projection && !column_words.empty())
    error->all(FLERR, name + ": 'project' needs all columns");
  if (projection) projection->require(spectra->parameters());
  spectra->create(chosen_columns());
  peratom_flag = 1;
  size_peratom_cols = columns() == 1 ? 0 : columns();    // a single number is a per-atom vector
}

ComputeSoapAtom::~ComputeSoapAtom()
{
  memory->destroy(descriptor);
}

const mlgrain_soap_parameters &ComputeSoapAtom::parameters() const
{
  return spectra->parameters();
}

/* Numbers of an atom. */
int ComputeSoapAtom::columns() const
{
  return (int) (projection ? projection->columns() : spectra->columns());
}

/* ---- columns -------------------------------------------------------------------------------- */

/* Words that are numbers or ranges, or 'l' and a number. */
void ComputeSoapAtom::parse_columns(int narg, char **arg, int &iarg)
{
  column_words.clear();
  if (iarg + 1 < narg && strcmp(arg[iarg], "l") == 0) {
    column_words = {arg[iarg], arg[iarg + 1]};
    iarg += 2;
    return;
  }
  if (iarg < narg && strcmp(arg[iarg], "all") == 0) {
    iarg++;
    return;
  }
  while (iarg < narg && strspn(arg[iarg], "0123456789*") == strlen(arg[iarg]))
    column_words.push_back(arg[iarg++]);
  if (column_words.empty())
    error->all(FLERR,
               name +
                   ": after 'columns' come 'all', 'l' with a number, or numbers of components, "
                   "such as 3 or 1*19");
}

/* "7", "3*8", "*8", "3*" or "*", counted from 1. */
void ComputeSoapAtom::add_range(const std::string &word, size_t count,
                                std::vector<size_t> &columns) const
{
  const size_t star = word.find('*');
  const std::string low = word.substr(0, star);
  const std::string high = star == std::string::npos ? low : word.substr(star + 1);
  const bool is_sane = high.find('*') == std::string::npos && low.size() < 10 && high.size() < 10;
  const size_t first = !is_sane ? 0 : low.empty() ? 1 : std::stoul(low);
  const size_t last = !is_sane ? 0 : high.empty() ? count : std::stoul(high);
  if (first < 1 || last > count || first > last)
    error->all(FLERR, name + ": columns " + word + " are not within 1 to " + std::to_string(count));
  for (size_t column = first; column <= last; column++) columns.push_back(column - 1);
}

/* Empty: all. */
std::vector<size_t> ComputeSoapAtom::chosen_columns() const
{
  std::vector<size_t> columns;
  const auto &parameters = spectra->parameters();
  const size_t count = mlgrain_soap_components(&parameters);
  if (column_words.empty() || count == 0) return columns;    // create() says what is wrong
  if (column_words[0] != "l") {
    for (const auto &word : column_words) add_range(word, count, columns);
    return columns;
  }
  const int l = utils::inumeric(FLERR, column_words[1], false, lmp);
  for (size_t column = 0; column < count; column++) {
    mlgrain_soap_component component;
    mlgrain_soap_describe(&parameters, column, &component);
    if (component.l == l && component.n[0] >= 0) columns.push_back(column);
  }
  if (columns.empty())
    error->all(FLERR,
               name + ": columns l " + column_words[1] + " is not 0 to lmax, " +
                   std::to_string(parameters.l_max));
  return columns;
}

/* ---- runs ----------------------------------------------------------------------------------- */

void ComputeSoapAtom::init()
{
  spectra->raise_ghosts();
  check_memory();
}

/* Names the memory before it is taken. */
void ComputeSoapAtom::check_memory() const
{
  const double per_atom = sizeof(double) * (double) columns();
  double mine = per_atom * atom->nlocal, most = 0.0;
  MPI_Allreduce(&mine, &most, 1, MPI_DOUBLE, MPI_MAX, world);
  const std::string sum = std::to_string(columns()) + " numbers for each of " +
      std::to_string(atom->natoms) + " atoms take " +
      to_text(1e-6 * std::round(per_atom * (double) atom->natoms)) + " MB, up to " +
      to_text(1e-6 * std::round(most)) + " MB on a rank";
  if (most > most_memory)
    error->all(FLERR,
               name + ": " + sum + ", where keyword memory allows " + to_text(1e-6 * most_memory) +
                   " MB; choose some columns, or see compute soap/mean, which stores no vectors");
  if (comm->me == 0)
    utils::logmesg(lmp, name + ": reach " + to_text(spectra->reach()) + "; " + sum + "\n");
}

void ComputeSoapAtom::setup()
{
  spectra->require_ghosts();
}

/* Rows for local atoms only: of ghosts there can be as many, and a row may take 26 kB. */
void ComputeSoapAtom::compute_peratom()
{
  invoked_peratom = update->ntimestep;
  const int width = columns();
  if (atom->nlocal > rows || !descriptor) {
    memory->destroy(descriptor);
    rows = std::max(1, atom->nlocal + atom->nlocal / 20);
    memory->create(descriptor, rows, width, "soap/atom:descriptor");
    if (width == 1)
      vector_atom = descriptor[0];
    else
      array_atom = descriptor;
  }
  for (int i = 0; i < atom->nlocal; i++)
    if (!(atom->mask[i] & groupbit)) memset(descriptor[i], 0, sizeof(double) * width);
  if (projection)
    projection->compute(*spectra, groupbit, descriptor);
  else
    spectra->compute(groupbit, descriptor[0]);
}

double ComputeSoapAtom::memory_usage()
{
  return sizeof(double) * (double) rows * columns() + spectra->memory_usage() +
      (projection ? projection->memory_usage() : 0.0);
}
