/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grain_atoms.h"

#include "atom.h"
#include "atom_vec.h"
#include "error.h"
#include "lammps.h"

#include "mlgrain/polycrystal.h"

#include <algorithm>
#include <mpi.h>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

/* Rows of sites whose atoms get their IDs together: 12 bytes for each, and 16 for each that this
   rank has atoms of. */
static constexpr size_t ROWS_TOGETHER = 65536;

GrainAtoms::GrainAtoms(LAMMPS *lmp, const std::string &owner, size_t grains,
                       const std::vector<int> &type, int property) :
    count(grains, 0),
    lmp(lmp), atom(lmp->atom), owner(owner), type(type), property(property),
    first_waiting(lmp->atom->nlocal)
{
  if (!atom->tag_enable) return;
  tagint mine = 0, most = 0;
  for (int i = 0; i < atom->nlocal; i++) mine = std::max(mine, atom->tag[i]);
  MPI_Allreduce(&mine, &most, 1, MPI_LMP_TAGINT, MPI_MAX, lmp->world);
  last_id = most;
}

void GrainAtoms::begin_grain(size_t number, size_t row_count)
{
  grain = number;
  first_row = rows.size();
  if (atom->tag_enable) rows.resize(rows.size() + row_count, 0);
}

int GrainAtoms::take(void *context, const mlgrain_sites *sites)
{
  auto *made = static_cast<GrainAtoms *>(context);
  try {
    made->create(*sites);
  } catch (...) {    // must not pass through the core
    made->failure = std::current_exception();
    return 0;
  }
  return 1;
}

/* An atom's ID is at first only its place in its row. */
void GrainAtoms::create(const mlgrain_sites &sites)
{
  const int first = atom->nlocal;
  for (size_t k = 0; k < sites.count; k++) {
    double x[3] = {sites.x[k][0], sites.x[k][1], sites.x[k][2]};
    atom->avec->create_atom(type[sites.basis], x);
  }
  std::fill_n(atom->ivector[property] + first, sites.count, (int) grain + 1);
  if (atom->tag_enable) {
    const size_t row = first_row + sites.row;
    std::copy_n(sites.place, sites.count, atom->tag + first);
    rows[row] += (int) sites.count;
    waiting.push_back({row, sites.count});
  }
  count[grain] += (bigint) sites.count;
  removed += (bigint) sites.removed;
}

void GrainAtoms::end_grain(bool last)
{
  if (last || rows.size() >= ROWS_TOGETHER) number_atoms();
}

void GrainAtoms::number_atoms()
{
  if (rows.size() > MAXSMALLINT) lmp->error->all(FLERR, owner + ": a grain has too many atoms");
  MPI_Allreduce(MPI_IN_PLACE, rows.data(), (int) rows.size(), MPI_INT, MPI_SUM, lmp->world);
  std::vector<bigint> before(rows.size());
  for (size_t r = 0; r < rows.size(); r++) {
    before[r] = last_id;
    last_id += rows[r];
  }
  if (last_id >= MAXTAGINT) lmp->error->all(FLERR, owner + ": more atoms than atom IDs");
  tagint *tag = atom->tag + first_waiting;
  for (const auto &part : waiting) {
    const auto first_id = (tagint) (before[part.row] + 1);
    for (size_t k = 0; k < part.count; k++) *tag++ += first_id;
  }
  rows.clear();
  waiting.clear();
  first_waiting = atom->nlocal;
}
