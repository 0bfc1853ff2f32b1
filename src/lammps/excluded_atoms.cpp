/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "excluded_atoms.h"

#include "atom.h"
#include "comm.h"
#include "lammps.h"
#include "neighbor.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* What of an atom exclusions can tell: type, groups, and, if any exclusion asks for it, molecule.
 */
using Kind = std::array<bigint, 3>;

/* Type and groups alone. */
using Class = std::array<bigint, 2>;

/* The exclusions in force; see NPair::exclusion of LAMMPS. */
class Exclusions {
 public:
  explicit Exclusions(const LAMMPS *lmp) : atom(lmp->atom), neighbor(lmp->neighbor)
  {
    for (int m = 0; m < neighbor->nex_group; m++)
      groups |= neighbor->ex1_bit[m] | neighbor->ex2_bit[m];
    for (int m = 0; m < neighbor->nex_mol; m++) groups |= neighbor->ex_mol_bit[m];
  }

  /* fix gcmc leaves the atoms of a trial deletion in its own group only: they count as members of
     group all here, or those of one molecule would still interact with each other. */
  Kind kind_of(int i) const
  {
    const bool molecules = neighbor->nex_mol && atom->molecule;
    return {atom->type[i], (atom->mask[i] | ALL) & groups, molecules ? atom->molecule[i] : 0};
  }

  /* Whether atoms of that kind interact with none of that class.
       molecules   [first, last) those of the class, in order */
  bool exclude(const Kind &kind, const Class &other, const bigint *first, const bigint *last) const
  {
    if (neighbor->nex_type && neighbor->ex_type[kind[0]][other[0]]) return true;
    for (int m = 0; m < neighbor->nex_group; m++) {
      const int a = neighbor->ex1_bit[m], b = neighbor->ex2_bit[m];
      if ((kind[1] & a && other[1] & b) || (kind[1] & b && other[1] & a)) return true;
    }
    bool within = false, between = false;    // pairs of one molecule, of two
    for (int m = 0; m < neighbor->nex_mol; m++)
      if (kind[1] & other[1] & neighbor->ex_mol_bit[m])
        (neighbor->ex_mol_intra[m] ? within : between) = true;
    const bool has_mine = std::binary_search(first, last, kind[2]);
    const bool has_others = last - first > (has_mine ? 1 : 0);
    return (within || !has_mine) && (between || !has_others);
  }

  /* Whether atoms of that kind don't interact with others of it. */
  bool exclude_itself(const Kind &kind) const
  {
    return exclude(kind, {kind[0], kind[1]}, &kind[2], &kind[2] + 1);
  }

 private:
  static constexpr int ALL = 1;    // bit of group all
  const Atom *atom;
  const Neighbor *neighbor;
  int groups = 0;    // bits that matter
};

void sort_and_unite(std::vector<Kind> &kinds)
{
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
}

/* The kinds among all atoms of all ranks, in order. */
std::vector<Kind> share(const LAMMPS *lmp, const std::vector<Kind> &mine)
{
  const int nprocs = lmp->comm->nprocs;
  constexpr int COLUMNS = std::tuple_size<Kind>::value;
  const int count = (int) mine.size() * COLUMNS;
  std::vector<int> counts(nprocs), starts(nprocs + 1, 0);
  MPI_Allgather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, lmp->world);
  for (int p = 0; p < nprocs; p++) starts[p + 1] = starts[p] + counts[p];
  std::vector<Kind> all(starts[nprocs] / COLUMNS);
  MPI_Allgatherv(mine.data(), count, MPI_LMP_BIGINT, all.data(), counts.data(), starts.data(),
                 MPI_LMP_BIGINT, lmp->world);
  sort_and_unite(all);
  return all;
}

/* Those that interact with no atom. kinds: of all atoms, in order. */
std::vector<Kind> without_partners(const Exclusions &exclusions, const std::vector<Kind> &kinds)
{
  std::map<Class, std::vector<bigint>> molecules;
  for (const auto &kind : kinds) molecules[{kind[0], kind[1]}].push_back(kind[2]);
  std::vector<Kind> found;
  for (const auto &kind : kinds)
    if (exclusions.exclude_itself(kind) &&
        std::all_of(molecules.begin(), molecules.end(), [&](const auto &one) {
          const auto *first = one.second.data();
          return exclusions.exclude(kind, one.first, first, first + one.second.size());
        }))
      found.push_back(kind);
  return found;
}

}    // namespace

bool ExcludedAtoms::current(LAMMPS *lmp) const
{
  const auto *neighbor = lmp->neighbor;
  if (!neighbor->exclude) return looked_at < 0;
  return neighbor->ago > 0 && looked_at == neighbor->lastcall;
}

void ExcludedAtoms::update(LAMMPS *lmp)
{
  marks.clear();
  looked_at = -1;
  if (!lmp->neighbor->exclude) return;
  looked_at = lmp->neighbor->lastcall;
  const Exclusions exclusions(lmp);
  std::vector<Kind> mine;
  for (int i = 0; i < lmp->atom->nlocal; i++) {
    const auto kind = exclusions.kind_of(i);
    if (mine.empty() || mine.back() != kind) mine.push_back(kind);
  }
  sort_and_unite(mine);
  /* most exclusions are of a kind that takes nothing out */
  int possible = std::any_of(mine.begin(), mine.end(),
                             [&](const Kind &kind) { return exclusions.exclude_itself(kind); });
  MPI_Allreduce(MPI_IN_PLACE, &possible, 1, MPI_INT, MPI_MAX, lmp->world);
  if (!possible) return;
  const auto excluded = without_partners(exclusions, share(lmp, mine));
  if (excluded.empty()) return;
  marks.resize(lmp->atom->nlocal + lmp->atom->nghost);
  for (size_t i = 0; i < marks.size(); i++)
    marks[i] = std::binary_search(excluded.begin(), excluded.end(), exclusions.kind_of((int) i));
}
