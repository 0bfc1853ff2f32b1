/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "power_spectra.h"

#include "cell_loop.h"
#include "ghost_reach.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "fix.h"
#include "lammps.h"
#include "modify.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(_OPENMP)
#include <omp.h>
#endif

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

PowerSpectra::PowerSpectra(LAMMPS *lmp, const std::string &owner) :
    lmp(lmp), owner(owner), parameters_(mlgrain_soap_default(MLGRAIN_SOAP_QUIPPY)),
    neighborhood(lmp, owner), soap(nullptr)
{
}

PowerSpectra::~PowerSpectra()
{
  mlgrain_soap_free(soap);
}

/* ---- the input line ------------------------------------------------------------------------- */

const char *PowerSpectra::word(const std::string &what, int narg, char **arg, int &iarg) const
{
  if (iarg >= narg) lmp->error->all(FLERR, owner + ": '" + what + "' has no value");
  return arg[iarg++];
}

double PowerSpectra::number(const std::string &what, int narg, char **arg, int &iarg) const
{
  const char *text = word(what, narg, arg, iarg);
  const double value = utils::numeric(FLERR, text, false, lmp);
  if (!std::isfinite(value))
    lmp->error->all(FLERR, owner + ": " + what + " " + text + " is not finite");
  return value;
}

int PowerSpectra::integer(const std::string &what, int narg, char **arg, int &iarg) const
{
  return utils::inumeric(FLERR, word(what, narg, arg, iarg), false, lmp);
}

bool PowerSpectra::logical(const std::string &what, int narg, char **arg, int &iarg) const
{
  return utils::logical(FLERR, word(what, narg, arg, iarg), false, lmp) != 0;
}

void PowerSpectra::parse_basis(int narg, char **arg, int &iarg)
{
  const std::string basis = word("basis", narg, arg, iarg);
  if (basis != "quippy" && basis != "gto")
    lmp->error->all(FLERR, owner + ": unknown basis '" + basis + "': it is quippy or gto");
  parameters_ = mlgrain_soap_default(basis == "gto" ? MLGRAIN_SOAP_GTO : MLGRAIN_SOAP_QUIPPY);
  parameters_.cutoff = number("rcut", narg, arg, iarg);
  parameters_.n_max = integer("nmax", narg, arg, iarg);
  parameters_.l_max = integer("lmax", narg, arg, iarg);
  parameters_.sigma = number("sigma", narg, arg, iarg);
}

/* A channel for each type, counted from 1; 0: atoms of the type are invisible. */
void PowerSpectra::parse_species(int narg, char **arg, int &iarg)
{
  type_channel.clear();
  int most = 0;
  for (int t = 1; t <= lmp->atom->ntypes; t++) {
    const int channel = integer("species", narg, arg, iarg);
    if (channel < 0 || channel > MLGRAIN_SOAP_MOST_SPECIES)
      lmp->error->all(FLERR, owner + ": species " + std::to_string(channel) + " is not 0 to 16");
    type_channel.push_back(channel - 1);
    most = std::max(most, channel);
  }
  for (int channel = 0; channel < most; channel++)
    if (std::find(type_channel.begin(), type_channel.end(), channel) == type_channel.end())
      lmp->error->all(FLERR, owner + ": no atom type is of species " + std::to_string(channel + 1));
  parameters_.species = std::max(most, 1);
}

bool PowerSpectra::parse_keyword(const std::string &keyword, int narg, char **arg, int &iarg)
{
  if (keyword == "width") {
    parameters_.width = number(keyword, narg, arg, iarg);
    if (parameters_.basis != MLGRAIN_SOAP_QUIPPY)
      lmp->error->all(FLERR, owner + ": 'width' is for basis quippy only");
  } else if (keyword == "central") {
    parameters_.central_weight = number(keyword, narg, arg, iarg);
  } else if (keyword == "normalise") {
    parameters_.normalise = logical(keyword, narg, arg, iarg);
  } else if (keyword == "weight") {
    type_weight.clear();
    for (int t = 1; t <= lmp->atom->ntypes; t++) {
      type_weight.push_back(number(keyword, narg, arg, iarg));
      if (type_weight.back() < 0.0)
        lmp->error->all(FLERR, owner + ": a weight must not be negative");
    }
  } else if (keyword == "species") {
    parse_species(narg, arg, iarg);
  } else if (keyword == "precision") {
    const std::string precision = word(keyword, narg, arg, iarg);
    if (precision != "double" && precision != "single")
      lmp->error->all(FLERR, owner + ": precision " + precision + " is neither double nor single");
    parameters_.precision = precision == "single" ? MLGRAIN_SOAP_SINGLE : MLGRAIN_SOAP_DOUBLE;
  } else {
    return false;
  }
  return true;
}

void PowerSpectra::parse_vectors(int narg, char **arg, int &iarg)
{
  const std::string source = word("vectors", narg, arg, iarg);
  if (source.compare(0, 2, "f_") != 0 || !utils::is_id(source.substr(2)))
    lmp->error->all(FLERR, owner + ": 'vectors' needs f_ID, the ID of a fix, not " + source);
  vectors_of = source.substr(2);
}

void PowerSpectra::create(const std::vector<size_t> &columns)
{
  mlgrain_error text;
  mlgrain_soap_free(soap);
  if (mlgrain_soap_create(&parameters_, mlgrain_simd_best(), &soap, &text) ||
      (!columns.empty() &&
       mlgrain_soap_choose_columns(soap, columns.size(), columns.data(), &text)))
    lmp->error->all(FLERR, owner + ": " + text.text);
  chosen_ = columns;
}

std::vector<double> PowerSpectra::weights() const
{
  return type_weight.empty() ? std::vector<double>((size_t) lmp->atom->ntypes, 1.0) : type_weight;
}

std::vector<int> PowerSpectra::channels() const
{
  return type_channel.empty() ? std::vector<int>((size_t) lmp->atom->ntypes, 0) : type_channel;
}

/* ---- computing ------------------------------------------------------------------------------ */

size_t PowerSpectra::columns() const
{
  return mlgrain_soap_columns(soap);
}

double PowerSpectra::reach() const
{
  return mlgrain_soap_reach(&parameters_);
}

/* Stops with an error unless it exists and holds an array of this width. */
const Fix *PowerSpectra::fix_of_vectors() const
{
  const auto *fix = lmp->modify->get_fix_by_id(vectors_of);
  if (!fix) lmp->error->all(FLERR, owner + ": there is no fix " + vectors_of + " of 'vectors'");
  if (!fix->peratom_flag || fix->size_peratom_cols != (int) columns())
    lmp->error->all(FLERR,
                    owner + ": fix " + vectors_of + " of 'vectors' has no per-atom array of " +
                        std::to_string(columns()) + " columns");
  return fix;
}

void PowerSpectra::raise_ghosts() const
{
  if (has_vectors()) {
    fix_of_vectors();
    return;
  }
  raise_ghost_reach(lmp, owner, reach());
}

void PowerSpectra::require_ghosts() const
{
  if (has_vectors()) return;
  require_ghost_reach(lmp, owner, reach());
}

mlgrain_soap_points PowerSpectra::gather(int groupbit)
{
  require_ghosts();
  const auto *atom = lmp->atom;
  const size_t n = (size_t) atom->nlocal + (size_t) atom->nghost;
  weight.resize(type_weight.empty() ? 0 : n);
  channel.resize(type_channel.empty() ? 0 : n);
  for (size_t i = 0; i < weight.size(); i++) weight[i] = type_weight[(size_t) atom->type[i] - 1];
  for (size_t i = 0; i < channel.size(); i++) channel[i] = type_channel[(size_t) atom->type[i] - 1];
  const auto *cells = neighborhood.build(reach());
  return {cells, neighborhood.chosen(groupbit), channel.empty() ? nullptr : channel.data(),
          weight.empty() ? nullptr : weight.data()};
}

void PowerSpectra::finish(mlgrain_status status, const mlgrain_error &text)
{
  if (status) lmp->error->one(FLERR, owner + ": " + text.text);
  neighborhood.release();
}

void PowerSpectra::compute(int groupbit, double *rows)
{
  const auto points = gather(groupbit);
  mlgrain_error text;
  const auto status =
      for_all_cells(points.cells, lmp->comm->nthreads, &text,
                    [&](size_t first, size_t last, mlgrain_error *error) {
                      return mlgrain_soap_compute(soap, &points, first, last, rows, error);
                    });
  finish(status, text);
}

namespace {

struct Visit {
  const PowerSpectra::Visitor *visitor;
  int thread;
};

void show(void *context, size_t count, const int32_t *atom, const double *row)
{
  const auto *visit = static_cast<Visit *>(context);
  (*visit->visitor)(visit->thread, count, atom, row);
}

int thread_number()
{
#if defined(_OPENMP)
  return omp_get_thread_num();
#else
  return 0;
#endif
}

}    // namespace

void PowerSpectra::visit_given(int groupbit, const Visitor &visitor) const
{
  const auto *fix = fix_of_vectors();
  const auto *atom = lmp->atom;
  if (lmp->update->ntimestep % fix->peratom_freq)
    lmp->error->all(FLERR,
                    owner + ": fix " + vectors_of + " of 'vectors' is current only every " +
                        std::to_string(fix->peratom_freq) + " steps");
  const auto is_there = [&](const double *row) {
    return std::any_of(row, row + columns(), [](double v) { return v != 0.0; });
  };
  for (int32_t i = 0; i < atom->nlocal; i++)
    if ((atom->mask[i] & groupbit) && is_there(fix->array_atom[i]))
      visitor(0, 1, &i, fix->array_atom[i]);
}

void PowerSpectra::visit(int groupbit, const Visitor &visitor)
{
  if (has_vectors()) {
    visit_given(groupbit, visitor);
    return;
  }
  const auto points = gather(groupbit);
  mlgrain_error text;
  const auto status =
      for_all_cells(points.cells, lmp->comm->nthreads, &text,
                    [&](size_t first, size_t last, mlgrain_error *error) {
                      Visit visit{&visitor, thread_number()};
                      return mlgrain_soap_visit(soap, &points, first, last, show, &visit, error);
                    });
  finish(status, text);
}

mlgrain_status PowerSpectra::compute_first(size_t n, const double *x, double *row,
                                           mlgrain_error *error) const
{
  mlgrain_cells *cells = nullptr;
  std::vector<unsigned char> first(n, 0);
  if (n) first[0] = 1;
  auto status = mlgrain_cells_create(n, reinterpret_cast<const double(*)[3]>(x), reach(), &cells,
                                     nullptr, error);
  if (!status) {
    const mlgrain_soap_points points = {cells, first.data(), nullptr, nullptr};
    status = mlgrain_soap_compute(soap, &points, 0, mlgrain_cells_count(cells), row, error);
  }
  mlgrain_cells_free(cells);
  return status;
}

double PowerSpectra::memory_usage() const
{
  return (soap ? (double) mlgrain_soap_memory(soap) : 0.0) +
      (double) (sizeof(double) * weight.capacity() + sizeof(int32_t) * channel.capacity()) +
      neighborhood.memory_usage();
}
