/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "neighborhood.h"

#include "atom.h"
#include "error.h"
#include "lammps.h"

#include "mlgrain/cells.h"

#include <cstdio>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

std::string MLGRAIN_NS::to_text(double value)
{
  char text[32];
  snprintf(text, sizeof text, "%.10g", value);
  return text;
}

Neighborhood::Neighborhood(LAMMPS *lmp, const std::string &owner) :
    lmp(lmp), owner(owner), cells(nullptr)
{
}

Neighborhood::~Neighborhood()
{
  release();
}

const mlgrain_cells *Neighborhood::build(double cutoff)
{
  const auto *atom = lmp->atom;
  const size_t n = (size_t) atom->nlocal + (size_t) atom->nghost;
  const size_t bad = sort(n, n ? atom->x[0] : nullptr, cutoff);
  if (bad < n) {
    std::string who = atom->tag_enable ? "atom " + std::to_string(atom->tag[bad]) : "an atom";
    lmp->error->one(FLERR, owner + ": the position of " + who + " is not finite");
  }
  return cells;
}

const mlgrain_cells *Neighborhood::build(size_t n, const double *x, double cutoff)
{
  if (sort(n, x, cutoff) < n) lmp->error->one(FLERR, owner + ": a position is not finite");
  return cells;
}

/* Returns the first of n points whose position is not finite, n if all are. */
size_t Neighborhood::sort(size_t n, const double *x, double cutoff)
{
  release();
  mlgrain_error text;
  size_t bad = n;
  const auto status =
      mlgrain_cells_create(n, reinterpret_cast<const double(*)[3]>(x), cutoff, &cells, &bad, &text);
  if (status && status != MLGRAIN_NOT_FINITE) lmp->error->one(FLERR, owner + ": " + text.text);
  return status ? bad : n;
}

void Neighborhood::release()
{
  mlgrain_cells_free(cells);
  cells = nullptr;
}

const unsigned char *Neighborhood::chosen(int groupbit)
{
  const auto *atom = lmp->atom;
  mask.assign((size_t) atom->nlocal + (size_t) atom->nghost, 0);
  for (int i = 0; i < atom->nlocal; i++) mask[i] = (atom->mask[i] & groupbit) ? 1 : 0;
  return mask.data();
}

double Neighborhood::memory_usage() const
{
  return (double) mask.capacity() + (cells ? (double) mlgrain_cells_memory(cells) : 0.0);
}
