/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair_mtp_kokkos.h"

#include "mtp_shape.h"
#include "on_cpu.h"

#include "atom_kokkos.h"
#include "atom_masks.h"
#include "error.h"
#include "force.h"
#include "kokkos.h"
#include "memory_kokkos.h"
#include "neigh_list_kokkos.h"
#include "neigh_request.h"
#include "neighbor.h"
#include "update.h"

#include <algorithm>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

template <class DeviceType> struct PairMTPKokkos<DeviceType>::MTPDevice {
  MTPKernel<DeviceType> kernel;
  int centers = 0;    // in kernel.ilist
  int most_near = 0;
  MTPTally total;
  bool grades_fetched = true;
};

template <class DeviceType>
PairMTPKokkos<DeviceType>::PairMTPKokkos(LAMMPS *lmp) :
    PairMTP(lmp), on_cpu(runs_on_cpu<DeviceType>()), device(new MTPDevice)
{
  respa_enable = 0;
  kokkosable = 1;
  if (!on_cpu) no_virial_fdotr_compute = 1;    // the kernel sums the virial
  atomKK = dynamic_cast<AtomKokkos *>(atom);
  execution_space = where<DeviceType>(on_cpu);
  datamask_read = X_MASK | F_MASK | TYPE_MASK | ENERGY_MASK | VIRIAL_MASK;
  datamask_modify = F_MASK | ENERGY_MASK | VIRIAL_MASK;
}

template <class DeviceType> PairMTPKokkos<DeviceType>::~PairMTPKokkos()
{
  if (copymode || on_cpu) return;
  memoryKK->destroy_kokkos(k_eatom, eatom);
  memoryKK->destroy_kokkos(k_vatom, vatom);
  memoryKK->destroy_kokkos(k_cvatom, cvatom);
}

template <class DeviceType>
void PairMTPKokkos<DeviceType>::potential_read(const mlgrain_mtp_file *file, const mlgrain_mtp *mtp)
{
  if (on_cpu) return;
  device.reset(new MTPDevice);
  try {
    device->kernel.tables = MTPTables<DeviceType>(mtp, MTPLists(file));
  } catch (const std::bad_alloc &) {
    error->one(FLERR, "Pair style mtp: out of memory for a potential");
  }
}

template <class DeviceType> void PairMTPKokkos<DeviceType>::types_mapped()
{
  if (on_cpu) return;
  const auto &map = species_map();
  device->kernel.species_of_type = upload<DeviceType>("mtp:species", map.data(), map.size());
}

template <class DeviceType> void PairMTPKokkos<DeviceType>::init_style()
{
  if (!force->newton_pair)
    error->all(FLERR,
               "Pair style mtp/kk needs 'newton on': with the KOKKOS package, give LAMMPS the "
               "option -pk kokkos newton on neigh half");
  PairMTP::init_style();
  auto *request = neighbor->find_request(this);
  constexpr bool on_device = std::is_same_v<DeviceType, LMPDeviceType>;
  request->set_kokkos_host(!on_device && !on_cpu);
  request->set_kokkos_device(on_device);
}

template <class DeviceType> void PairMTPKokkos<DeviceType>::begin_tallies(int eflag, int vflag)
{
  if (on_cpu) return PairMTP::begin_tallies(eflag, vflag);
  ev_init(eflag, vflag, 0);
  if (eflag_atom) {
    memoryKK->destroy_kokkos(k_eatom, eatom);
    memoryKK->create_kokkos(k_eatom, eatom, maxeatom, "pair:eatom");
  }
  if (vflag_atom) {
    memoryKK->destroy_kokkos(k_vatom, vatom);
    memoryKK->create_kokkos(k_vatom, vatom, maxvatom, "pair:vatom");
  }
  if (cvflag_atom) {
    memoryKK->destroy_kokkos(k_cvatom, cvatom);
    memoryKK->create_kokkos(k_cvatom, cvatom, maxcvatom, "pair:cvatom");
  }
}

/* The atoms to evaluate: those of the list, or what exclusions leave of them. */
template <class DeviceType> void PairMTPKokkos<DeviceType>::choose_centers()
{
  const bool known = exclusions_known();
  if (known && neighbor->exclude) return;    // those of the last evaluation
  const auto ilist = static_cast<NeighListKokkos<DeviceType> *>(list)->d_ilist;
  device->kernel.ilist = ilist;
  device->centers = list->inum;
  if (known) return;
  const auto listed = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), ilist);
  const auto centers = remaining_centers(listed.data(), list->inum);
  if (centers.count == list->inum) return;
  device->kernel.ilist = upload<DeviceType>("mtp:centers", centers.atom, centers.count);
  device->centers = centers.count;
}

/* Points the kernel to what the results are to be added to. */
template <class DeviceType>
void PairMTPKokkos<DeviceType>::direct_results(bool with_forces, bool with_grades)
{
  using Kokkos::Experimental::create_scatter_view;
  auto &kernel = device->kernel;
  kernel.forces = with_forces;
  kernel.virials = with_forces && (vflag_global || vflag_atom || cvflag_atom);
  kernel.site_energies = with_forces && eflag_atom;
  kernel.site_virials = with_forces && vflag_atom;
  kernel.centroid_virials = with_forces && cvflag_atom;
  kernel.grades = with_grades;
  if (with_forces) kernel.force = create_scatter_view(atomKK->k_f.view<DeviceType>());
  if (kernel.site_energies)
    kernel.site_energy = create_scatter_view(k_eatom.template view<DeviceType>());
  if (kernel.site_virials)
    kernel.site_virial = create_scatter_view(k_vatom.template view<DeviceType>());
  if (kernel.centroid_virials)
    kernel.centroid_virial = create_scatter_view(k_cvatom.template view<DeviceType>());
  if (!with_grades) return;
  kernel.gradient_sum = {};
  if (grades_of_neighborhoods())
    kernel.grade = Kokkos::View<double *, DeviceType>("mtp:grade", atom->nmax);
  else
    kernel.gradient_sum =
        Kokkos::View<double *, DeviceType>("mtp:gradient", kernel.tables.parameter_count);
  device->grades_fetched = false;
}

/* Near neighbors of `count` centers from `first` on. */
template <class DeviceType> void PairMTPKokkos<DeviceType>::find_near(int first, int count)
{
  auto *lists = static_cast<NeighListKokkos<DeviceType> *>(list);
  auto &kernel = device->kernel;
  const size_t length = lists->d_neighbors.extent(1);
  if (kernel.near.extent(0) < (size_t) count || kernel.near.extent(1) < length) {
    kernel.near = {};
    kernel.near = Kokkos::View<int **, DeviceType>(Kokkos::NoInit("mtp:near"), count, length);
    kernel.near_count = Kokkos::View<int *, DeviceType>(Kokkos::NoInit("mtp:near_count"), count);
  }
  kernel.first = first;
  kernel.count = count;
  int most = 0;
  const MTPNearKernel<DeviceType> near{kernel, lists->d_neighbors, lists->d_numneigh};
  Kokkos::parallel_reduce("MTPNear", Kokkos::RangePolicy<DeviceType>(0, count), near,
                          Kokkos::Max<int>(most));
  device->most_near = std::max(0, most);
}

template <class DeviceType> void PairMTPKokkos<DeviceType>::choose_shape(int atoms)
{
  auto *lists = static_cast<NeighListKokkos<DeviceType> *>(list);
  auto &kernel = device->kernel;
  kernel.shape.rows = 0;
  MTPProblem problem;
  problem.numbers = kernel.numbers_of_lane();
  kernel.shape.rows = 1;
  problem.numbers_of_row = kernel.numbers_of_lane() - problem.numbers;
  problem.atoms = atoms;
  problem.most_near = device->most_near;
  problem.list_length = (int) lists->d_neighbors.extent(1);
  const typename MTPKernel<DeviceType>::Policy any(1, 1);
  constexpr bool gpu = !std::is_same_v<DeviceType, LMPHostType>;
  const int processors = std::max(1, DeviceType().concurrency() / 2048);
  kernel.shape = choose_mtp_shape(problem, gpu, processors, (size_t) any.scratch_size_max(0));
}

/* Computes all atoms, as many at a time as the shape says. */
template <class DeviceType> void PairMTPKokkos<DeviceType>::run()
{
  auto &kernel = device->kernel;
  const int atoms = device->centers;
  device->total = MTPTally();
  choose_shape(atoms);    // for the length of the pieces, which no neighbor count decides
  for (int first = 0, count; first < atoms; first += count) {
    count = std::min(kernel.shape.chunk, atoms - first);
    find_near(first, count);
    choose_shape(atoms);
    count = std::min(kernel.shape.chunk, count);
    kernel.count = count;
    const auto &shape = kernel.shape;
    const int teams = (count + shape.lanes - 1) / shape.lanes;
    const int threads = shape.workers * shape.lanes;
    const size_t numbers = kernel.team_numbers();
    typename MTPKernel<DeviceType>::Policy policy(teams, threads);
    if (shape.scratch >= 0)
      policy.set_scratch_size(shape.scratch, Kokkos::PerTeam(numbers * sizeof(real) + 64));
    else if (kernel.workspace.extent(0) < numbers * (size_t) teams)
      kernel.workspace =
          Kokkos::View<real *, DeviceType>(Kokkos::NoInit("mtp:workspace"), numbers * teams);
    MTPTally tally;
    Kokkos::parallel_reduce("MTP", policy, kernel, tally);
    device->total += tally;
  }
}

template <class DeviceType> void PairMTPKokkos<DeviceType>::contribute_results(bool with_forces)
{
  using Kokkos::Experimental::contribute;
  auto &kernel = device->kernel;
  if (with_forces) {
    contribute(atomKK->k_f.view<DeviceType>(), kernel.force);
    kernel.force = {};
  }
  if (kernel.site_energies) {
    contribute(k_eatom.template view<DeviceType>(), kernel.site_energy);
    k_eatom.template modify<DeviceType>();
    k_eatom.sync_host();
    kernel.site_energy = {};
  }
  if (kernel.site_virials) {
    contribute(k_vatom.template view<DeviceType>(), kernel.site_virial);
    k_vatom.template modify<DeviceType>();
    k_vatom.sync_host();
    kernel.site_virial = {};
  }
  if (kernel.centroid_virials) {
    contribute(k_cvatom.template view<DeviceType>(), kernel.centroid_virial);
    k_cvatom.template modify<DeviceType>();
    k_cvatom.sync_host();
    kernel.centroid_virial = {};
  }
}

namespace {

/* Shows a Kokkos neighbor list in the form for styles without Kokkos, while this object exists. */
struct HostRows {
  NeighList *list;
  std::vector<int *> row;

  template <class List>
  explicit HostRows(List *lists) : list(lists), row(lists->d_neighbors.extent(0))
  {
    static_assert(
        std::is_same_v<typename decltype(lists->d_neighbors)::array_layout, Kokkos::LayoutRight>);
    for (size_t i = 0; i < row.size(); i++)
      row[i] = lists->d_neighbors.data() + i * lists->d_neighbors.stride(0);
    list->ilist = lists->d_ilist.data();
    list->numneigh = lists->d_numneigh.data();
    list->firstneigh = row.data();
  }
  ~HostRows()
  {
    list->ilist = list->numneigh = nullptr;
    list->firstneigh = nullptr;
  }
  HostRows(const HostRows &) = delete;
  HostRows &operator=(const HostRows &) = delete;
};

}    // namespace

template <class DeviceType>
void PairMTPKokkos<DeviceType>::evaluate_on_cpu(bool with_forces, bool with_grades)
{
  atomKK->sync(Host, datamask_read);
  if constexpr (std::is_same_v<DeviceType, LMPHostType> &&
                std::is_same_v<LMPDeviceType, LMPHostType>) {
    const HostRows rows(static_cast<NeighListKokkos<DeviceType> *>(list));
    PairMTP::evaluate(with_forces, with_grades);
  } else {
    PairMTP::evaluate(with_forces, with_grades);    // has a list without Kokkos
  }
  if (with_forces) atomKK->modified(Host, F_MASK);
}

template <class DeviceType>
void PairMTPKokkos<DeviceType>::evaluate(bool with_forces, bool with_grades)
{
  if (on_cpu) return evaluate_on_cpu(with_forces, with_grades);
  auto &kernel = device->kernel;
  atomKK->sync(execution_space, with_forces ? datamask_read : X_MASK | TYPE_MASK);
  kernel.x = atomKK->k_x.view<DeviceType>();
  kernel.type = atomKK->k_type.view<DeviceType>();
  choose_centers();
  direct_results(with_forces, with_grades);
  run();
  contribute_results(with_forces);
  note_distance(device->total.smallest_distance);
  if (!with_forces) return;
  atomKK->modified(execution_space, F_MASK);
  if (eflag_global) eng_vdwl += device->total.energy;
  if (vflag_global)
    for (int k = 0; k < 6; k++) virial[k] += device->total.virial[k];
}

/* Positions, types, groups and so on for host code of the base class. */
template <class DeviceType> void PairMTPKokkos<DeviceType>::prepare_for_host()
{
  atomKK->sync(Host, X_MASK | TYPE_MASK | TAG_MASK | MASK_MASK | MOLECULE_MASK | F_MASK);
}

template <class DeviceType> double PairMTPKokkos<DeviceType>::local_largest_grade() const
{
  return on_cpu ? PairMTP::local_largest_grade() : device->total.largest_grade;
}

template <class DeviceType> void PairMTPKokkos<DeviceType>::sum_gradients(double *sum) const
{
  if (on_cpu) return PairMTP::sum_gradients(sum);
  const auto host =
      Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), device->kernel.gradient_sum);
  for (size_t k = 0; k < host.extent(0); k++) sum[k] += host(k);
}

/* In configuration mode the base class has filled the host's array, all with one number. */
template <class DeviceType> void PairMTPKokkos<DeviceType>::fetch_grades()
{
  if (device->grades_fetched) return;
  device->grades_fetched = true;
  if (!grades_of_neighborhoods()) return;
  auto &grades = host_grades();
  const size_t n = (size_t) atom->nlocal;
  grades.resize(n);
  Kokkos::View<double *, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>> host(
      grades.data(), n);
  if (n)
    Kokkos::deep_copy(host, Kokkos::subview(device->kernel.grade, std::make_pair((size_t) 0, n)));
}

template <class DeviceType>
Kokkos::View<double *, DeviceType>
PairMTPKokkos<DeviceType>::device_grades(const std::string &asked_by)
{
  require_grades(asked_by, 0.0);
  if (!grades_of_neighborhoods())
    device->kernel.grade =
        upload<DeviceType>("mtp:grade", host_grades().data(), host_grades().size());
  return device->kernel.grade;
}

template <class DeviceType> double PairMTPKokkos<DeviceType>::memory_usage()
{
  const auto &kernel = device->kernel;
  return PairMTP::memory_usage() + sizeof(int) * (double) kernel.near.size() +
      sizeof(real) * (double) kernel.workspace.size() +
      sizeof(double) * (double) kernel.grade.size();
}

namespace LAMMPS_NS {
template class PairMTPKokkos<LMPDeviceType>;
#ifdef LMP_KOKKOS_GPU
template class PairMTPKokkos<LMPHostType>;
#endif
}    // namespace LAMMPS_NS
