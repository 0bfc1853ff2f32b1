/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cell_cutter.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "lammps.h"
#include "update.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <mpi.h>
#include <tuple>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

namespace {

mlgrain_box box_of(const LAMMPS *lmp)
{
  const auto *domain = lmp->domain;
  mlgrain_box box = {};
  const double length[3] = {domain->xprd, domain->yprd, domain->zprd};
  const int periodic[3] = {domain->xperiodic, domain->yperiodic, domain->zperiodic};
  for (int k = 0; k < 3; k++) {
    box.low[k] = domain->boxlo[k];
    box.edge[k][k] = length[k];
    box.bounded[k] = !periodic[k];
  }
  if (domain->triclinic) {
    box.edge[1][0] = domain->xy;
    box.edge[2][0] = domain->xz;
    box.edge[2][1] = domain->yz;
  }
  return box;
}

/* An atom, or an image of it, near a center. */
struct Neighbor {
  tagint tag;
  int type;
  double x[3];    // from the center

  bool operator<(const Neighbor &other) const
  {
    return std::tie(tag, x[0], x[1], x[2]) <
        std::tie(other.tag, other.x[0], other.x[1], other.x[2]);
  }
};

/* What all ranks have, on rank 0. */
std::vector<Neighbor> gather(const LAMMPS *lmp, const std::vector<Neighbor> &mine)
{
  const int nprocs = lmp->comm->nprocs, length = (int) (mine.size() * sizeof(Neighbor));
  std::vector<int> lengths(nprocs), starts(nprocs + 1, 0);
  MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, lmp->world);
  for (int i = 0; i < nprocs; i++) starts[i + 1] = starts[i] + lengths[i];
  std::vector<Neighbor> all(lmp->comm->me == 0 ? starts[nprocs] / sizeof(Neighbor) : 0);
  MPI_Gatherv(mine.data(), length, MPI_BYTE, all.data(), lengths.data(), starts.data(), MPI_BYTE, 0,
              lmp->world);
  return all;
}

/* This rank's atoms around a center, without those that the potential doesn't see. */
std::vector<Neighbor> neighbors_of(const LAMMPS *lmp, const mlgrain_box &box,
                                   const CellCenter &center, double reach,
                                   const std::vector<int> &species_of_type)
{
  const auto *atom = lmp->atom;
  mlgrain_surroundings *made = nullptr;
  std::vector<Neighbor> found;
  if (!atom->nlocal) return found;
  mlgrain_error text;
  if (mlgrain_surroundings_find(atom->nlocal, reinterpret_cast<const double(*)[3]>(atom->x[0]),
                                &box, center.x, reach, &made, &text))
    return found;    // positions that aren't finite: rank 0 misses the center, or the run has ended
  for (size_t k = 0; k < made->count; k++) {
    const int i = (int) made->atom[k];
    if (species_of_type[atom->type[i]] < 0) continue;
    Neighbor one = {};
    one.tag = atom->tag[i];
    one.type = atom->type[i];
    std::copy_n(made->x[k], 3, one.x);
    found.push_back(one);
  }
  mlgrain_surroundings_free(made);
  return found;
}

void fill(const mlgrain_cutout &cutout, const std::vector<Neighbor> &around,
          const std::vector<int> &species_of_type, LearnCell &cell)
{
  for (int k = 0; k < 9; k++) cell.edge[k] = cutout.cell[k / 3][k % 3];
  for (size_t i = 0; i < cutout.count; i++) {
    const auto &one = around[cutout.entry[i]];
    for (int d = 0; d < 3; d++)
      cell.x.push_back(cutout.x[i][d] +
                       0.5 * (cutout.cell[0][d] + cutout.cell[1][d] + cutout.cell[2][d]));
    cell.type.push_back(one.type);
    cell.species.push_back(species_of_type[one.type]);
    cell.weight.push_back(cutout.weight[i]);
  }
}

}    // namespace

std::vector<CellCenter> CellCutter::centers(LAMMPS *lmp, int groupbit,
                                            const std::vector<double> &score, double limit,
                                            int most) const
{
  const auto *atom = lmp->atom;
  const mlgrain_box box = box_of(lmp);
  std::vector<int> open;    // atoms that may be chosen
  for (int i = 0; i < atom->nlocal; i++)
    if ((atom->mask[i] & groupbit) && std::isfinite(score[i]) && score[i] > limit)
      open.push_back(i);
  std::vector<CellCenter> found;
  while ((int) found.size() < most) {
    double mine = limit, largest = limit;
    for (const int i : open) mine = std::max(mine, score[i]);
    MPI_Allreduce(&mine, &largest, 1, MPI_DOUBLE, MPI_MAX, lmp->world);
    if (!(largest > limit)) break;
    tagint first = MAXTAGINT, tag = MAXTAGINT;    // of atoms with the same score, the lowest
    int place = -1;
    for (const int i : open)
      if (score[i] == largest && atom->tag[i] < first) {
        first = atom->tag[i];
        place = i;
      }
    MPI_Allreduce(&first, &tag, 1, MPI_LMP_TAGINT, MPI_MIN, lmp->world);
    double x[3] = {0.0, 0.0, 0.0};
    if (place >= 0 && first == tag) std::copy_n(atom->x[place], 3, x);
    CellCenter center = {tag, {0.0, 0.0, 0.0}, largest};
    MPI_Allreduce(x, center.x, 3, MPI_DOUBLE, MPI_SUM, lmp->world);
    found.push_back(center);
    open.erase(std::remove_if(open.begin(), open.end(),
                              [&](int i) {
                                return atom->tag[i] == tag ||
                                    mlgrain_cutout_is_near(&box, center.x, atom->x[i], apart);
                              }),
               open.end());
  }
  return found;
}

std::string CellCutter::cut(LAMMPS *lmp, const CellCenter &center,
                            const std::vector<int> &species_of_type, LearnCell &cell) const
{
  const mlgrain_box box = box_of(lmp);
  const double reach = mlgrain_cutout_reach(&rules, &box);
  auto around = gather(lmp, neighbors_of(lmp, box, center, reach, species_of_type));
  if (lmp->comm->me) return "";
  std::sort(around.begin(), around.end());
  std::vector<double> x;
  std::vector<size_t> number;
  for (size_t k = 0; k < around.size(); k++) {
    x.insert(x.end(), around[k].x, around[k].x + 3);
    number.push_back(k);
  }
  const mlgrain_surroundings surroundings = {
      around.size(), reinterpret_cast<double(*)[3]>(x.data()), number.data()};
  mlgrain_cutout *made = nullptr;
  mlgrain_error text;
  if (mlgrain_cutout_best(&rules, &box, &surroundings, &made, &text)) return text.text;
  const std::unique_ptr<mlgrain_cutout, void (*)(mlgrain_cutout *)> cutout(made,
                                                                           mlgrain_cutout_free);
  cell = LearnCell();
  fill(*cutout, around, species_of_type, cell);
  cell.step = lmp->update->ntimestep;
  cell.center = center.tag;
  cell.score = center.score;
  return "";
}

}    // namespace MLGRAIN_NS
