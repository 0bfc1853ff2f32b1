/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlip_cfg.h"

#include "excluded_atoms.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "lammps.h"
#include "update.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* One atom of a configuration. */
struct Row {
  bigint id;
  bigint species;
  double x[3], grade;
};

template <class... Values> std::string line(const char *format, Values... values)
{
  char text[256];
  snprintf(text, sizeof text, format, values...);
  return text;
}

/* -1: the atom, local or ghost, is left out. */
bigint species_of(const CfgAtoms &atoms, const Atom *atom, int i)
{
  return atoms.excluded->contains(i) ? -1 : atoms.species_of_type[atom->type[i]];
}

std::string cell_of(const Domain *domain, double cutoff)
{
  if (!domain->xperiodic && !domain->yperiodic && !domain->zperiodic) return "";
  const bool triclinic = domain->triclinic != 0;
  const double xy = triclinic ? domain->xy : 0.0, xz = triclinic ? domain->xz : 0.0,
               yz = triclinic ? domain->yz : 0.0;
  const double ly = domain->yprd, lz = domain->zprd;
  /* Components along x, y, z of the unit normals of the faces that x, y, z lead through; tilts of
     a direction that isn't periodic are 0, so that lengthening its vector is enough. */
  const double normal_x = ly * lz / std::hypot(ly * lz, std::hypot(xy * lz, xy * yz - ly * xz));
  const double normal_y = lz / std::hypot(lz, yz);
  return " Supercell\n" +
      line(" %.16g 0 0\n", domain->xprd + (domain->xperiodic ? 0.0 : cutoff / normal_x)) +
      line(" %.16g %.16g 0\n", xy, ly + (domain->yperiodic ? 0.0 : cutoff / normal_y)) +
      line(" %.16g %.16g %.16g\n", xz, yz, lz + (domain->zperiodic ? 0.0 : cutoff));
}

std::string start_of(size_t natoms, const std::string &cell)
{
  return "BEGIN_CFG\n Size\n    " + std::to_string(natoms) + "\n" + cell +
      " AtomData:  id type cartes_x cartes_y cartes_z nbh_grades\n";
}

std::string end_of(const LAMMPS *lmp, double grade)
{
  return " Feature   timestep " + std::to_string(lmp->update->ntimestep) +
      line("\n Feature   MV_grade %.6g\n", grade) + "END_CFG\n\n";
}

std::string atom_line(size_t number, const Row &row)
{
  return line(" %zu %d %.16g %.16g %.16g %.6g\n", number, (int) row.species, row.x[0], row.x[1],
              row.x[2], row.grade);
}

constexpr double MOST_BYTES = 2.0e9;    // of one MPI message

std::string too_large()
{
  return "configurations of more than 2 GB can't be written: save neighborhoods, with "
         "'save_radius', or fewer of them";
}

/* The bytes of all ranks, in their order, on rank 0; nothing elsewhere. False, on all ranks, if
   there are too many. */
bool gather(const LAMMPS *lmp, const void *mine, size_t size, std::vector<char> &all)
{
  const int nprocs = lmp->comm->nprocs;
  double bytes = (double) size, total = 0.0;
  MPI_Allreduce(&bytes, &total, 1, MPI_DOUBLE, MPI_SUM, lmp->world);
  if (total > MOST_BYTES) return false;
  const int length = (int) size;
  std::vector<int> lengths(nprocs), starts(nprocs + 1, 0);
  MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, lmp->world);
  for (int i = 0; i < nprocs; i++) starts[i + 1] = starts[i] + lengths[i];
  all.resize(lmp->comm->me == 0 ? starts[nprocs] : 0);
  MPI_Gatherv(mine, length, MPI_CHAR, all.data(), lengths.data(), starts.data(), MPI_CHAR, 0,
              lmp->world);
  return true;
}

std::string cannot_write(const std::string &path)
{
  return "cannot write configurations to " + path;
}

/* Rank 0 does what is to be done with the file; returns on all ranks whether that succeeded. */
template <class Work> bool on_rank_0(const LAMMPS *lmp, const Work &work)
{
  int good = 1;
  if (lmp->comm->me == 0) good = work() ? 1 : 0;
  MPI_Bcast(&good, 1, MPI_INT, 0, lmp->world);
  return good != 0;
}

/* Rank 0 appends what `write` gives to the stream; returns as append_system. */
template <class Write>
std::string append(const LAMMPS *lmp, const std::string &path, const Write &write)
{
  const auto work = [&]() {
    FILE *file = fopen(path.c_str(), "a");
    if (!file) return false;
    write(file);
    const bool good = !ferror(file);
    return fclose(file) == 0 && good;
  };
  return on_rank_0(lmp, work) ? "" : cannot_write(path);
}

}    // namespace

std::string MLGRAIN_NS::why_not_appendable(const LAMMPS *lmp, const std::string &path, bool whole)
{
  if (whole && (double) lmp->atom->natoms * sizeof(Row) > MOST_BYTES) return too_large();
  const auto work = [&]() {
    FILE *old = fopen(path.c_str(), "r");
    FILE *file = fopen(path.c_str(), "a");
    if (old) fclose(old);
    if (file) fclose(file);
    if (file && !old) std::remove(path.c_str());
    return file != nullptr;
  };
  return on_rank_0(lmp, work) ? "" : cannot_write(path);
}

std::string MLGRAIN_NS::append_system(const LAMMPS *lmp, const std::string &path,
                                      const CfgAtoms &atoms)
{
  const auto *atom = lmp->atom;
  const double *low = lmp->domain->boxlo;    // MLIP's cell begins at 0
  std::vector<Row> mine;
  for (int i = 0; i < atom->nlocal; i++) {
    const bigint species = species_of(atoms, atom, i);
    if (species < 0) continue;
    const double *x = atom->x[i];
    mine.push_back({atom->tag_enable ? (bigint) atom->tag[i] : 0,
                    species,
                    {x[0] - low[0], x[1] - low[1], x[2] - low[2]},
                    atoms.grade[i]});
  }
  std::vector<char> bytes;
  if (!gather(lmp, mine.data(), mine.size() * sizeof(Row), bytes)) return too_large();
  return append(lmp, path, [&](FILE *file) {
    const auto *first = reinterpret_cast<const Row *>(bytes.data());
    std::vector<Row> rows(first, first + bytes.size() / sizeof(Row));
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row &a, const Row &b) { return a.id < b.id; });
    fputs(start_of(rows.size(), cell_of(lmp->domain, atoms.cutoff)).c_str(), file);
    for (size_t k = 0; k < rows.size(); k++) fputs(atom_line(k + 1, rows[k]).c_str(), file);
    fputs(end_of(lmp, atoms.largest_grade).c_str(), file);
  });
}

std::string MLGRAIN_NS::append_neighborhoods(const LAMMPS *lmp, const std::string &path,
                                             const CfgAtoms &atoms, double threshold, double radius)
{
  const auto *atom = lmp->atom;
  const int nall = atom->nlocal + atom->nghost;
  std::string mine;
  for (int i = 0; i < atom->nlocal; i++) {
    if (species_of(atoms, atom, i) < 0 || atoms.grade[i] <= threshold) continue;
    std::string lines;
    size_t count = 0;
    const auto add = [&](int j) {
      const double *a = atom->x[i], *b = atom->x[j];
      const Row row = {0,
                       species_of(atoms, atom, j),
                       {b[0] - a[0], b[1] - a[1], b[2] - a[2]},
                       j == i ? atoms.grade[i] : 0.0};
      const double r2 = row.x[0] * row.x[0] + row.x[1] * row.x[1] + row.x[2] * row.x[2];
      if (row.species >= 0 && r2 <= radius * radius) lines += atom_line(++count, row);
    };
    add(i);
    for (int j = 0; j < nall; j++)
      if (j != i) add(j);
    mine += start_of(count, "") + lines + end_of(lmp, atoms.grade[i]);
  }
  std::vector<char> text;
  if (!gather(lmp, mine.data(), mine.size(), text)) return too_large();
  return append(lmp, path, [&](FILE *file) { fwrite(text.data(), 1, text.size(), file); });
}
