/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlip_cfg.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "lammps.h"
#include "update.h"

#include <cstdio>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

template <class... Values> std::string line(const char *format, Values... values)
{
  char text[256];
  snprintf(text, sizeof text, format, values...);
  return text;
}

std::string cell_of(const Domain *domain)
{
  const bool triclinic = domain->triclinic != 0;
  return " Supercell\n" + line(" %.16g 0 0\n", domain->xprd) +
      line(" %.16g %.16g 0\n", triclinic ? domain->xy : 0.0, domain->yprd) +
      line(" %.16g %.16g %.16g\n", triclinic ? domain->xz : 0.0, triclinic ? domain->yz : 0.0,
           domain->zprd);
}

std::string start_of(long natoms, const std::string &cell)
{
  return "BEGIN_CFG\n Size\n    " + std::to_string(natoms) + "\n" + cell +
      " AtomData:  id type cartes_x cartes_y cartes_z nbh_grades\n";
}

std::string end_of(const LAMMPS *lmp, double grade)
{
  return " Feature   EFS_by       ML-GRAIN\n Feature   timestep " +
      std::to_string(lmp->update->ntimestep) + line("\n Feature   MV_grade %.6g\n", grade) +
      "END_CFG\n\n";
}

std::string atom_line(long id, int species, const double x[3], double grade)
{
  return line(" %ld %d %.16g %.16g %.16g %.6g\n", id, species, x[0], x[1], x[2], grade);
}

/* The texts of all ranks, in their order, on rank 0; "" elsewhere. */
std::string gather(LAMMPS *lmp, const std::string &mine)
{
  const int nprocs = lmp->comm->nprocs;
  double bytes = (double) mine.size(), total = 0.0;
  MPI_Allreduce(&bytes, &total, 1, MPI_DOUBLE, MPI_SUM, lmp->world);
  if (total > 2.0e9)
    lmp->error->all(FLERR,
                    "Pair style mtp cannot write configurations of more than 2 GB: save "
                    "neighborhoods, with 'save_radius'");
  const int length = (int) mine.size();
  std::vector<int> lengths(nprocs), starts(nprocs + 1, 0);
  MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, lmp->world);
  for (int i = 0; i < nprocs; i++) starts[i + 1] = starts[i] + lengths[i];
  std::string all(lmp->comm->me == 0 ? starts[nprocs] : 0, ' ');
  MPI_Gatherv(mine.data(), length, MPI_CHAR, &all[0], lengths.data(), starts.data(), MPI_CHAR, 0,
              lmp->world);
  return all;
}

void append(LAMMPS *lmp, const std::string &path, const std::string &text)
{
  int written = 1;
  if (lmp->comm->me == 0) {
    FILE *file = fopen(path.c_str(), "a");
    written = file && fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file) written = fclose(file) == 0 && written;
  }
  MPI_Bcast(&written, 1, MPI_INT, 0, lmp->world);
  if (!written) lmp->error->all(FLERR, "Pair style mtp cannot write configurations to " + path);
}

}    // namespace

void MLGRAIN_NS::append_system(LAMMPS *lmp, const std::string &path, const CfgAtoms &atoms,
                               double largest_grade)
{
  const auto *atom = lmp->atom;
  std::string mine;
  long count = 0, total = 0;
  for (int i = 0; i < atom->nlocal; i++) {
    const int species = atoms.species_of_type[atom->type[i]];
    if (species < 0) continue;
    double x[3] = {atom->x[i][0], atom->x[i][1], atom->x[i][2]};
    for (int d = 0; d < 3; d++) x[d] -= lmp->domain->boxlo[d];    // MLIP's cell begins at 0
    mine += atom_line(atom->tag_enable ? (long) atom->tag[i] : 0, species, x, atoms.grade[i]);
    count++;
  }
  MPI_Reduce(&count, &total, 1, MPI_LONG, MPI_SUM, 0, lmp->world);
  const std::string lines = gather(lmp, mine);
  append(lmp, path, start_of(total, cell_of(lmp->domain)) + lines + end_of(lmp, largest_grade));
}

void MLGRAIN_NS::append_neighborhoods(LAMMPS *lmp, const std::string &path, const CfgAtoms &atoms,
                                      double threshold, double radius)
{
  const auto *atom = lmp->atom;
  const int nall = atom->nlocal + atom->nghost;
  std::string mine;
  for (int i = 0; i < atom->nlocal; i++) {
    if (atoms.species_of_type[atom->type[i]] < 0 || !(atoms.grade[i] > threshold)) continue;
    std::string lines;
    long count = 0;
    const auto add = [&](int j) {
      const double d[3] = {atom->x[j][0] - atom->x[i][0], atom->x[j][1] - atom->x[i][1],
                           atom->x[j][2] - atom->x[i][2]};
      const int species = atoms.species_of_type[atom->type[j]];
      if (species < 0 || d[0] * d[0] + d[1] * d[1] + d[2] * d[2] > radius * radius) return;
      lines += atom_line(++count, species, d, j == i ? atoms.grade[i] : 0.0);
    };
    add(i);
    for (int j = 0; j < nall; j++)
      if (j != i) add(j);
    mine += start_of(count, "") + lines + end_of(lmp, atoms.grade[i]);
  }
  append(lmp, path, gather(lmp, mine));
}
