/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "saved_state.h"

#include "atom.h"
#include "compute.h"
#include "domain.h"
#include "error.h"
#include "fix_store_atom.h"
#include "integrate.h"
#include "modify.h"
#include "update.h"

#include <cmath>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

namespace {

enum { POSITION = 0, VELOCITY = 3, KNOWN = 6, COLUMNS };    // of an atom

imageint packed(const int image[3])
{
  imageint all = 0;
  const int shift[3] = {0, IMGBITS, IMG2BITS};
  for (int d = 0; d < 3; d++) all |= ((imageint) (image[d] + IMGMAX) & IMGMASK) << shift[d];
  return all;
}

void unpack(imageint all, int image[3])
{
  image[0] = (int) (all & IMGMASK) - IMGMAX;
  image[1] = (int) (all >> IMGBITS & IMGMASK) - IMGMAX;
  image[2] = (int) (all >> IMG2BITS) - IMGMAX;
}

}    // namespace

SavedState::SavedState(LAMMPS *lmp, const std::string &id) : lmp(lmp), id(id)
{
  lmp->modify->add_fix(id + " all STORE/ATOM " + std::to_string((int) COLUMNS) + " 0 0 0");
  for (int i = 0; i < lmp->atom->nlocal; i++) forget(i);
}

SavedState::~SavedState()
{
  if (lmp->modify->nfix && lmp->modify->get_fix_by_id(id)) lmp->modify->delete_fix(id);
}

FixStoreAtom *SavedState::store() const
{
  auto *found = dynamic_cast<FixStoreAtom *>(lmp->modify->get_fix_by_id(id));
  if (!found) lmp->error->all(FLERR, "Fix " + id + " was deleted");
  return found;
}

/* Along free edges, which may follow the atoms, positions are kept as they are. */
bool SavedState::follows_box(int dimension) const
{
  const auto *domain = lmp->domain;
  const int periodic[3] = {domain->xperiodic, domain->yperiodic, domain->zperiodic};
  return periodic[dimension] || domain->triclinic;
}

void SavedState::save()
{
  const auto *atom = lmp->atom;
  double **rows = store()->astore;
  for (int i = 0; i < atom->nlocal; i++) {
    double part[3], *row = rows[i];
    int image[3];
    lmp->domain->x2lamda(atom->x[i], part);
    unpack(atom->image[i], image);
    for (int d = 0; d < 3; d++) {
      row[POSITION + d] = follows_box(d) ? part[d] + image[d] : atom->x[i][d];
      row[VELOCITY + d] = atom->v[i][d];
    }
    row[KNOWN] = 1.0;
  }
  saved = lmp->update->ntimestep;
}

void SavedState::restore()
{
  auto *atom = lmp->atom;
  double **rows = store()->astore;
  for (int i = 0; i < atom->nlocal; i++) {
    const double *row = rows[i];
    if (!(row[KNOWN] > 0.0)) continue;
    double part[3] = {0.0, 0.0, 0.0};
    int image[3];
    unpack(atom->image[i], image);
    for (int d = 0; d < 3; d++) {
      if (!follows_box(d)) continue;
      image[d] = (int) std::floor(row[POSITION + d]);
      part[d] = row[POSITION + d] - image[d];
    }
    lmp->domain->lamda2x(part, atom->x[i]);
    for (int d = 0; d < 3; d++) {
      if (!follows_box(d)) atom->x[i][d] = row[POSITION + d];
      atom->v[i][d] = row[VELOCITY + d];
    }
    atom->image[i] = packed(image);
  }
  lmp->update->integrate->setup_minimal(1);
  for (auto *compute : lmp->modify->get_compute_list()) {    // what they have is of other atoms
    compute->invoked_flag = Compute::INVOKED_NONE;
    compute->invoked_scalar = compute->invoked_vector = compute->invoked_array = -1;
    compute->invoked_peratom = compute->invoked_local = -1;
  }
}

void SavedState::forget(int i)
{
  store()->astore[i][KNOWN] = 0.0;
}

}    // namespace MLGRAIN_NS
