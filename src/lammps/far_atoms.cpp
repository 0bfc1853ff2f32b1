/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "far_atoms.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "lammps.h"

#include <algorithm>
#include <cmath>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

Extent::Extent()
{
  std::fill_n(low, 3, HUGE_VAL);
  std::fill_n(high, 3, -HUGE_VAL);
}

void Extent::add(const double *x)
{
  for (int d = 0; d < 3; d++) {
    low[d] = std::min(low[d], x[d]);
    high[d] = std::max(high[d], x[d]);
  }
}

namespace {

/* As it travels: x, y, z, and the index on its own rank. */
using Record = std::array<double, 4>;
enum { NUMBERS = 4 };

/* Calls visit(shift, is_image) for every periodic image of `mine` that meets `wanted`. */
template <class Visit>
void for_all_images(const Domain *domain, const Extent &mine, const Extent &wanted,
                    const Visit &visit)
{
  const double edge[3][3] = {{domain->xprd, 0.0, 0.0},
                             {domain->xy, domain->yprd, 0.0},
                             {domain->xz, domain->yz, domain->zprd}};
  // the third edge alone leads along z, so its images come first, then those of the second
  const auto first = [&](int d, double shift) {
    return domain->periodicity[d]
        ? (long) std::ceil((wanted.low[d] - mine.high[d] - shift) / edge[d][d])
        : 0;
  };
  const auto last = [&](int d, double shift) {
    return domain->periodicity[d]
        ? (long) std::floor((wanted.high[d] - mine.low[d] - shift) / edge[d][d])
        : 0;
  };
  for (long k = first(2, 0.0); k <= last(2, 0.0); k++) {
    const double along_y = (double) k * edge[2][1];
    for (long j = first(1, along_y); j <= last(1, along_y); j++) {
      const double along_x = (double) k * edge[2][0] + (double) j * edge[1][0];
      for (long i = first(0, along_x); i <= last(0, along_x); i++) {
        const double shift[3] = {along_x + (double) i * edge[0][0],
                                 along_y + (double) j * edge[1][1], (double) k * edge[2][2]};
        visit(shift, i != 0 || j != 0 || k != 0);
      }
    }
  }
}

/* Adds the local atoms, and their images, that lie inside `wanted`. */
void add_atoms_inside(const LAMMPS *lmp, const Extent &mine, const Extent &wanted, int groupbit,
                      std::vector<Record> &found)
{
  const auto *atom = lmp->atom;
  const auto outside = [](double value, double low, double high) {
    return value < low || value > high;
  };
  const auto visit = [&](const double *shift, bool is_image) {
    for (int d = 0; d < 3; d++)
      if (mine.high[d] + shift[d] < wanted.low[d] || mine.low[d] + shift[d] > wanted.high[d])
        return;
    for (int i = 0; i < atom->nlocal; i++) {
      if (!(atom->mask[i] & groupbit)) continue;
      Record one = {0.0, 0.0, 0.0, is_image ? -1.0 : (double) i};
      bool inside = true;
      for (int d = 0; d < 3; d++) {
        one[d] = atom->x[i][d] + shift[d];
        if (outside(one[d], wanted.low[d], wanted.high[d])) inside = false;
      }
      if (inside) found.push_back(one);
    }
  };
  for_all_images(lmp->domain, mine, wanted, visit);
}

std::vector<int> starts_of(const std::vector<int> &counts)
{
  std::vector<int> starts(counts.size() + 1, 0);
  for (size_t p = 0; p < counts.size(); p++) starts[p + 1] = starts[p] + counts[p];
  return starts;
}

}    // namespace

FarAtoms MLGRAIN_NS::gather_far_atoms(const LAMMPS *lmp, const Extent &extent, double reach,
                                      int groupbit)
{
  const int nprocs = lmp->comm->nprocs, me = lmp->comm->me;
  std::vector<Extent> wanted((size_t) nprocs);
  Extent own = extent, mine;
  MPI_Allgather(&own, 6, MPI_DOUBLE, wanted.data(), 6, MPI_DOUBLE, lmp->world);
  for (int i = 0; i < lmp->atom->nlocal; i++) mine.add(lmp->atom->x[i]);

  std::vector<Record> sent;
  std::vector<int> send_counts((size_t) nprocs, 0), counts((size_t) nprocs, 0);
  for (int p = 0; p < nprocs; p++) {
    auto &box = wanted[(size_t) p];
    if (box.low[0] > box.high[0] || mine.low[0] > mine.high[0]) continue;
    for (int d = 0; d < 3; d++) {
      box.low[d] -= reach;
      box.high[d] += reach;
    }
    const size_t before = sent.size();
    add_atoms_inside(lmp, mine, box, groupbit, sent);
    send_counts[(size_t) p] = NUMBERS * (int) (sent.size() - before);
  }

  MPI_Alltoall(send_counts.data(), 1, MPI_INT, counts.data(), 1, MPI_INT, lmp->world);
  auto send_starts = starts_of(send_counts), starts = starts_of(counts);
  std::vector<Record> received((size_t) starts.back() / NUMBERS);
  MPI_Alltoallv(sent.data(), send_counts.data(), send_starts.data(), MPI_DOUBLE, received.data(),
                counts.data(), starts.data(), MPI_DOUBLE, lmp->world);

  FarAtoms atoms;
  for (size_t k = 0; k < received.size(); k++) {
    const auto &one = received[k];
    const int at = NUMBERS * (int) k;
    const bool from_here = at >= starts[(size_t) me] && at < starts[(size_t) me + 1];
    atoms.x.push_back({one[0], one[1], one[2]});
    atoms.local.push_back(from_here ? (int) one[3] : -1);
  }
  return atoms;
}
