/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "short_lists.h"

#include "atom.h"
#include "lammps.h"
#include "neigh_list.h"
#include "neighbor.h"

#include <algorithm>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

/* So thin that few neighbors are in it, so thick that lists serve for many steps. */
static constexpr double MARGIN_OF_SKIN = 0.2, LARGEST_MARGIN = 1.0;

/* Of n things, divided among the threads, the first that is not before thread t's. */
static size_t share(size_t n, int t, int threads)
{
  return n * t / threads;
}

static float (*rows(std::vector<std::array<float, 4>> &table))[4]
{
  return reinterpret_cast<float(*)[4]>(table.data());
}

static const float (*rows(const std::vector<std::array<float, 4>> &table))[4]
{
  return reinterpret_cast<const float(*)[4]>(table.data());
}

void ShortLists::update(LAMMPS *lmp, const NeighList *list, const int *chosen, int chosen_count,
                        const std::vector<int> &species_of_type, int nthreads)
{
  const auto *atom = lmp->atom;
  const auto *neighbor = lmp->neighbor;
  const size_t nall = (size_t) atom->nlocal + atom->nghost;
  /* a list of this step may be a new one at any evaluation */
  const bool comparable = neighbor->ago > 0 && built == neighbor->lastcall &&
      count == chosen_count && threads == nthreads && then.size() == nall;
  centers = chosen;
  count = chosen_count;
  threads = nthreads;
  if (!count) return;
  atoms.x = reinterpret_cast<const double(*)[3]>(atom->x[0]);
  atoms.type = atom->type;
  atoms.species_of_type = species_of_type.data();
  atoms.type_count = atom->ntypes + 1;
  atoms.neighbor_count = list->numneigh;
  atoms.neighbor_mask = NEIGHMASK;
  atoms.neighbors = nullptr;
  now.resize(nall);
  if (comparable) {
    fill_table();
    if (hold()) return;
  }
  atoms.neighbors = list->firstneigh;
  std::copy_n(atom->x[0], 3, origin);
  fill_table();
  then = now;
  margin = std::min(MARGIN_OF_SKIN * neighbor->skin, LARGEST_MARGIN);
  built = neighbor->lastcall;
}

void ShortLists::fill_table()
{
  double extent = 0.0;
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads(threads) reduction(max : extent)
#endif
  for (int t = 0; t < threads; t++)
    extent = std::max(extent,
                      mlgrain_mtp_screen(&atoms, origin, share(now.size(), t, threads),
                                         share(now.size(), t + 1, threads), rows(now)));
  atoms.screen = rows(now);
  atoms.screen_extent = extent;
}

bool ShortLists::hold() const
{
  int all = 1;
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads(threads) reduction(min : all)
#endif
  for (int t = 0; t < threads; t++)
    all = std::min(all,
                   mlgrain_mtp_lists_hold(rows(then), rows(now), share(now.size(), t, threads),
                                          share(now.size(), t + 1, threads), margin));
  return all;
}

mlgrain_status ShortLists::compute(const mlgrain_mtp *mtp, mlgrain_mtp_workspace *workspace,
                                   int thread, mlgrain_mtp_result *result,
                                   mlgrain_error *error) const
{
  const size_t first = share(count, thread, threads), last = share(count, thread + 1, threads);
  if (first == last) return MLGRAIN_SUCCESS;
  auto seen = atoms;
  if (seen.neighbors) {
    const auto status =
        mlgrain_mtp_shorten(mtp, workspace, &seen, centers + first, last - first, margin, error);
    if (status) return status;
    seen.neighbors = nullptr;
  }
  return mlgrain_mtp_compute(mtp, workspace, &seen, centers + first, last - first, result, error);
}

double ShortLists::memory_usage() const
{
  return (double) ((now.capacity() + then.capacity()) * sizeof now[0]);
}
