/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "new_atoms.h"

#include "atom.h"
#include "atom_vec.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "lammps.h"
#include "modify.h"
#include "utils.h"

#include <mpi.h>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

int grain_property(LAMMPS *lmp, const std::string &owner, const std::string &property)
{
  auto *atom = lmp->atom;
  if (property.size() < 3 || property.compare(0, 2, "i_") != 0 || !utils::is_id(property))
    lmp->error->all(FLERR,
                    owner + ": '" + property + "' is not the name of a custom integer, i_NAME");
  int is_double = 0, columns = 0;
  int index = atom->find_custom(property.c_str() + 2, is_double, columns);
  if (index >= 0 && (is_double || columns))
    lmp->error->all(FLERR,
                    owner + ": the custom property " + property + " is no vector of integers");
  if (index >= 0) return index;
  if (lmp->modify->get_fix_by_id(property))
    lmp->error->all(FLERR,
                    owner + ": the ID " + property +
                        " is that of a fix without the custom property " + property);
  lmp->modify->add_fix(property + " all property/atom " + property + " ghost yes");
  return atom->find_custom(property.c_str() + 2, is_double, columns);
}

void forget_ghosts(LAMMPS *lmp)
{
  if (lmp->atom->map_style != Atom::MAP_NONE) lmp->atom->map_clear();
  lmp->atom->nghost = 0;
  lmp->atom->avec->clear_bonus();
}

/* Rounding may leave a fraction of an edge at 1, which is no rank's. */
bool is_mine(LAMMPS *lmp, double x[3])
{
  auto *domain = lmp->domain;
  const auto *comm = lmp->comm;
  imageint image = ((imageint) IMGMAX << IMG2BITS) | ((imageint) IMGMAX << IMGBITS) | IMGMAX;
  domain->remap(x, image);
  const double *low = domain->triclinic ? domain->sublo_lamda : domain->sublo;
  const double *high = domain->triclinic ? domain->subhi_lamda : domain->subhi;
  const double *begin = domain->triclinic ? domain->boxlo_lamda : domain->boxlo;
  const double *end = domain->triclinic ? domain->boxhi_lamda : domain->boxhi;
  double place[3] = {x[0], x[1], x[2]};
  if (domain->triclinic) domain->x2lamda(x, place);
  for (int d = 0; d < 3; d++) {
    const bool first = comm->myloc[d] == 0, last = comm->myloc[d] == comm->procgrid[d] - 1;
    if (domain->periodicity[d] && (place[d] >= end[d] || place[d] < begin[d])) place[d] = begin[d];
    if (place[d] < low[d] && !(first && !domain->periodicity[d])) return false;
    if (place[d] >= high[d] && !(last && !domain->periodicity[d])) return false;
  }
  return true;
}

void add_to_system(LAMMPS *lmp, int nlocal_before)
{
  auto *atom = lmp->atom;
  atom->data_fix_compute_variable(nlocal_before, atom->nlocal);
  bigint local = atom->nlocal;
  MPI_Allreduce(&local, &atom->natoms, 1, MPI_LMP_BIGINT, MPI_SUM, lmp->world);
  atom->tag_check();
  if (atom->map_style != Atom::MAP_NONE) {
    atom->map_init();
    atom->map_set();
  }
}

}    // namespace MLGRAIN_NS
