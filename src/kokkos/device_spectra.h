/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power spectra of the atoms of a group in the memory of a device, for some of them at a time. */
#ifndef MLGRAIN_DEVICE_SPECTRA_H
#define MLGRAIN_DEVICE_SPECTRA_H

#include "power_spectra.h"
#include "soap_kernel.h"

#include "atom_kokkos.h"
#include "atom_masks.h"
#include "error.h"
#include "lammps.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace MLGRAIN_NS {

template <class DeviceType> class DeviceSpectra {
 public:
  template <class T> using list = Kokkos::View<T *, DeviceType>;
  using Rows = Kokkos::View<double **, Kokkos::LayoutRight, DeviceType>;

  /* Vectors of some atoms, rows 0 .. count - 1. */
  struct Block {
    int count, first, columns;
    list<int> center, column;
    Rows rows;

    KOKKOS_INLINE_FUNCTION int atom(int row) const { return center(first + row); }
    KOKKOS_INLINE_FUNCTION double operator()(int row, int c) const
    {
      return rows(row, column.extent(0) ? column(c) : c);
    }
  };

  /* owner: how errors name the style */
  DeviceSpectra(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, const PowerSpectra &spectra) :
      lmp(lmp), owner(owner), spectra(spectra), reach(spectra.reach()),
      columns((int) spectra.columns())
  {
    const auto &p = spectra.parameters();
    auto &near = neighborhoods;
    const auto weights = spectra.weights();
    const auto channels = spectra.channels();
    near.weight = upload<DeviceType>("soap:weight", weights.data(), weights.size());
    near.channel = upload<DeviceType>("soap:channel", channels.data(), channels.size());
    near.species = p.species;
    near.reach = reach;
    if (p.precision == MLGRAIN_SOAP_SINGLE)
      prepare(single);
    else
      prepare(full);
  }

  /* Computes the vectors of the group's atoms on this rank, and shows them block by block:
     use(block). They are overwritten by those of the next block. more_bytes: what `use` keeps for
     each atom of a block. */
  template <class Use> void visit(int groupbit, double more_bytes, const Use &use)
  {
    spectra.require_ghosts();
    const int centers = find_centers(groupbit);
    auto &near = neighborhoods;
    int most = 0;
    Kokkos::parallel_reduce("SoapCount", Policy<typename Neighborhoods::Count>(0, centers), near,
                            Kokkos::Max<int>(most));
    const int computed = single ? (int) single->column.extent(0) : (int) full->column.extent(0);
    const double bytes =
        more_bytes + sizeof(double) * (double) computed + sizeof(int) * (double) std::max(0, most);
    const int size = std::min(centers, choose_soap_block(bytes));
    if (centers > 0) reserve(size, most, computed);
    for (near.first = 0; near.first < centers; near.first += size) {
      const int count = std::min(size, centers - near.first);
      Kokkos::parallel_for("SoapFill", Policy<typename Neighborhoods::Fill>(0, count), near);
      if (single)
        run(*single, count);
      else
        run(*full, count);
      use(Block{count, near.first, columns, near.center, column, rows});
    }
  }

  /* How many vectors visit() has at a time, at most, and threads of a team. */
  int block_size() const { return (int) rows.extent(0); }
  int threads() const { return single ? single->shape.threads : full->shape.threads; }

  double memory_usage() const
  {
    const auto &near = neighborhoods;
    return sizeof(double) * (double) rows.size() +
        sizeof(int) * (double) (near.near.size() + near.start.size() + near.center.size()) +
        sizeof(int) *
        (double) (near.cells.index.size() + near.cells.start.size() + near.cells.next.size());
  }

 private:
  using Neighborhoods = SoapNeighborhoods<DeviceType>;
  template <class Tag> using Policy = Kokkos::RangePolicy<DeviceType, Tag>;
  /* One of them is there. */
  template <class Number> using Kernel = std::unique_ptr<SoapKernel<DeviceType, Number>>;

  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  const PowerSpectra &spectra;
  double reach;
  int columns;
  Neighborhoods neighborhoods;
  Kernel<real> full;
  Kernel<float> single;
  list<int> column;    // which of those computed; empty: all
  Rows rows;

  template <class Number> void prepare(Kernel<Number> &kernel)
  {
    const auto &p = spectra.parameters();
    kernel.reset(new SoapKernel<DeviceType, Number>);
    kernel->n = p.n_max;
    kernel->l_max = p.l_max;
    kernel->species = p.species;
    kernel->normalise = p.normalise != 0;
    const bool fades = p.basis == MLGRAIN_SOAP_QUIPPY && p.width > 0.0;
    kernel->fade_start = p.cutoff - p.width;
    kernel->fade_rate = fades ? 1.0 / p.width : 0.0;
    constexpr bool gpu = !std::is_same_v<DeviceType, LMPHostType>;
    const typename SoapKernel<DeviceType, Number>::Policy any(1, 1);
    const SoapProblem problem = {p.n_max, p.l_max, p.species, sizeof(Number),
                                 sizeof(SoapNeighbor<Number>)};
    kernel->shape = choose_soap_shape(problem, gpu, (size_t) any.scratch_size_max(0));
    kernel->team_bytes = soap_team_bytes(problem, kernel->shape);
    mlgrain_soap_tables *tables = nullptr;
    mlgrain_error text;
    if (mlgrain_soap_tables_create(spectra.core(), &tables, &text))
      lmp->error->one(FLERR, owner + ": " + text.text);
    copy_radial(*tables, *kernel);
    choose_columns(*tables, *kernel);
    mlgrain_soap_tables_free(tables);
    copy_harmonics(*kernel);
  }

  /* A copy on the device, of another precision. */
  template <class Number>
  static list<Number> convert(const char *name, const double *from, size_t n)
  {
    const std::vector<Number> numbers(from, from + n);
    return upload<DeviceType>(name, numbers.data(), n);
  }

  template <class Number>
  void copy_radial(const mlgrain_soap_tables &tables, SoapKernel<DeviceType, Number> &kernel) const
  {
    const size_t functions = (size_t) (kernel.n * (kernel.l_max + 1));
    kernel.intervals = tables.intervals;
    kernel.degree = tables.degree;
    kernel.inverse_length = tables.inverse_length;
    kernel.radial =
        convert<Number>("soap:radial", tables.radial,
                        (size_t) tables.intervals * (size_t) (tables.degree + 1) * functions);
    kernel.central = convert<Number>("soap:central", tables.central, (size_t) kernel.n);
  }

  /* Y_lm = rise z Y_(l-1)m - fall Y_(l-2)m, Y_mm = diagonal (x + iy) Y_(m-1)(m-1). */
  template <class Number> static void copy_harmonics(SoapKernel<DeviceType, Number> &kernel)
  {
    const size_t step = (size_t) kernel.l_max + 1;
    std::vector<double> rise(step * step, 0.0), fall(step * step, 0.0), diagonal(step, 1.0);
    for (size_t l = 1; l < step; l++) {
      const double l2 = (double) (l * l), k2 = (double) ((l - 1) * (l - 1));
      diagonal[l] = std::sqrt((l == 1 ? 2.0 : 1.0) * (2.0 * (double) l + 1.0) / (2.0 * (double) l));
      for (size_t m = 0; m < l; m++) {
        const double m2 = (double) (m * m);
        rise[l * step + m] = std::sqrt((4.0 * l2 - 1.0) / (l2 - m2));
        if (m + 1 < l)
          fall[l * step + m] = rise[l * step + m] * std::sqrt((k2 - m2) / (4.0 * k2 - 1.0));
      }
    }
    kernel.rise = convert<Number>("soap:rise", rise.data(), rise.size());
    kernel.fall = convert<Number>("soap:fall", fall.data(), fall.size());
    kernel.diagonal = convert<Number>("soap:diagonal", diagonal.data(), diagonal.size());
  }

  /* Where vectors are to have length 1, all components are needed, whichever are chosen. */
  template <class Number>
  void choose_columns(const mlgrain_soap_tables &tables, SoapKernel<DeviceType, Number> &kernel)
  {
    const auto &p = spectra.parameters();
    std::vector<size_t> wanted = spectra.chosen();
    if (kernel.normalise && !wanted.empty()) {
      const std::vector<int> numbers(wanted.begin(), wanted.end());
      column = upload<DeviceType>("soap:chosen", numbers.data(), numbers.size());
      wanted.clear();
    }
    if (wanted.empty())
      for (size_t index = 0; index < mlgrain_soap_components(&p); index++) wanted.push_back(index);
    std::vector<std::vector<SoapColumn>> of_band((size_t) kernel.shape.bands);
    for (size_t place = 0; place < wanted.size(); place++) {
      mlgrain_soap_component at;
      mlgrain_soap_describe(&p, wanted[place], &at);
      const int a = at.n[0] < 0 ? 0 : at.species[0] * p.n_max + at.n[0];    // -1: times 0
      const int b = at.n[0] < 0 ? 0 : at.species[1] * p.n_max + at.n[1];
      size_t band = 0;
      while (at.l >= kernel.shape.first_l[band + 1]) band++;
      of_band[band].push_back({(int) place, a, b, at.l, tables.factor[wanted[place]]});
    }
    std::vector<SoapColumn> all;
    for (size_t band = 0; band <= of_band.size(); band++) {
      kernel.first_column[band] = (int) all.size();
      if (band < of_band.size()) all.insert(all.end(), of_band[band].begin(), of_band[band].end());
    }
    kernel.column = upload<DeviceType>("soap:column", all.data(), all.size());
  }

  /* Sorts the atoms of this rank into cells, and lists those of the group. */
  int find_centers(int groupbit)
  {
    const auto *atom = lmp->atom;
    auto *atomKK = lmp->atomKK;
    auto &near = neighborhoods;
    const int points = atom->nlocal + atom->nghost;
    int centers = 0;
    if (points == 0) return 0;
    atomKK->sync(ExecutionSpaceFromDevice<DeviceType>::space, X_MASK | TYPE_MASK | MASK_MASK);
    near.type = atomKK->k_type.template view<DeviceType>();
    near.mask = atomKK->k_mask.template view<DeviceType>();
    near.locals = atom->nlocal;
    near.groupbit = groupbit;
    const int bad = near.cells.build(atomKK->k_x.template view<DeviceType>(), points, reach);
    if (bad >= 0) {
      atomKK->sync(LAMMPS_NS::Host, TAG_MASK);
      const std::string who =
          atom->tag_enable ? "atom " + std::to_string(atom->tag[bad]) : "an atom";
      lmp->error->one(FLERR, owner + ": the position of " + who + " is not finite");
    }
    if ((int) near.center.extent(0) < atom->nlocal) {
      near.center = list<int>(Kokkos::NoInit("soap:center"), atom->nlocal);
      near.start = typename Neighborhoods::template table<int>(Kokkos::NoInit("soap:start"),
                                                               atom->nlocal, near.species + 1);
    }
    Kokkos::parallel_scan("SoapCenters", Policy<typename Neighborhoods::FindCenters>(0, points),
                          near, centers);
    return centers;
  }

  void reserve(int size, int most, int computed)
  {
    auto &near = neighborhoods;
    try {
      if ((int) rows.extent(0) < size) {
        rows = Rows();
        rows = Rows(Kokkos::NoInit("soap:rows"), size, computed);
      }
      if ((int) near.near.extent(0) < size || (int) near.near.extent(1) < most) {
        near.near = {};
        near.near =
            typename Neighborhoods::template table<int>(Kokkos::NoInit("soap:near"), size, most);
      }
    } catch (const std::exception &) {
      lmp->error->one(FLERR,
                      owner + ": out of memory for power spectra of " + std::to_string(size) +
                          " atoms with up to " + std::to_string(most) + " neighbors");
    }
  }

  template <class Number> void run(SoapKernel<DeviceType, Number> &kernel, int count)
  {
    kernel.neighborhoods = neighborhoods;
    kernel.rows = rows;
    typename SoapKernel<DeviceType, Number>::Policy policy(count, kernel.shape.threads);
    policy.set_scratch_size(kernel.shape.scratch, Kokkos::PerTeam(kernel.team_bytes + 64));
    Kokkos::parallel_for("SOAP", policy, kernel);
  }
};

}    // namespace MLGRAIN_NS

#endif
