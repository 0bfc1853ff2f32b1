/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "neighborhood.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "lammps.h"
#include "neighbor.h"

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

void Neighborhood::require_ghosts(double cutoff) const
{
  if (lmp->comm->mode != Comm::SINGLE)
    lmp->error->all(FLERR,
                    owner +
                        " needs one ghost atom cutoff for all atom types: use "
                        "'comm_modify mode single'");
  const double needed = cutoff + lmp->neighbor->skin;
  const double have = lmp->comm->get_comm_cutoff();
  if (needed > have * (1.0 + 1.0e-12))
    lmp->error->all(FLERR,
                    owner + ": cutoff " + to_text(cutoff) + " + skin " +
                        to_text(lmp->neighbor->skin) + " exceeds the ghost atom cutoff " +
                        to_text(have) + ": use 'comm_modify cutoff " + to_text(needed) +
                        "' before the run");
}

const mlgrain_cells *Neighborhood::build(double cutoff)
{
  release();
  const auto *atom = lmp->atom;
  const size_t n = (size_t) atom->nlocal + (size_t) atom->nghost;
  auto *x = n ? reinterpret_cast<const double(*)[3]>(atom->x[0]) : nullptr;
  mlgrain_error text;
  size_t bad = 0;
  const auto status = mlgrain_cells_create(n, x, cutoff, &cells, &bad, &text);
  if (status == MLGRAIN_NOT_FINITE) {
    std::string who = atom->tag_enable ? "atom " + std::to_string(atom->tag[bad]) : "an atom";
    lmp->error->one(FLERR, owner + ": the position of " + who + " is not finite");
  }
  if (status) lmp->error->one(FLERR, owner + ": " + text.text);
  return cells;
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
