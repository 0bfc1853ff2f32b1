/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power spectra (SOAP). */
#include "mlgrain/soap.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <cstring>
#include <optional>

#include "surroundings.h"
#include "threads.h"

namespace mlgrain
{
namespace
{

/* What describes the vectors, in the order of the arguments. */
mlgrain_soap_parameters parameters_of(const std::string &basis, double cutoff, int n_max, int l_max,
                                      double sigma, double width, double central, bool normalise,
                                      int species, bool single)
{
  const bool is_gto = basis == "gto";
  auto p = mlgrain_soap_default(is_gto ? MLGRAIN_SOAP_GTO : MLGRAIN_SOAP_QUIPPY);
  p.cutoff = cutoff;
  p.n_max = n_max;
  p.l_max = l_max;
  p.sigma = sigma;
  p.width = is_gto ? 0.0 : width;
  p.central_weight = central;
  p.normalise = normalise;
  p.species = species;
  p.precision = single ? MLGRAIN_SOAP_SINGLE : MLGRAIN_SOAP_DOUBLE;
  return p;
}

/* Values of atoms, of images as well. */
template <class T, class Array>
std::vector<T> of_all(const std::optional<Array> &values, const Surroundings &surroundings)
{
  std::vector<T> all;
  for (size_t i = 0; values && i < surroundings.images->count; i++)
    all.push_back(static_cast<T>(values->data()[surroundings.images->owner[i]]));
  return all;
}

/* Vectors of chosen atoms go to their rows. */
struct Rows {
  double *result;
  const std::vector<size_t> *row_of;
  size_t columns;
};

void keep(void *context, size_t count, const int32_t *point, const double *row)
{
  const auto *rows = static_cast<const Rows *>(context);
  for (size_t i = 0; i < count; i++)
    std::memcpy(rows->result + (*rows->row_of)[static_cast<size_t>(point[i])] * rows->columns,
                row + i * rows->columns, rows->columns * sizeof *row);
}

/* Vectors are added up. */
struct Sum {
  std::vector<double> total;
  size_t atoms = 0;
};

void add(void *context, size_t count, const int32_t *, const double *row)
{
  auto *sum = static_cast<Sum *>(context);
  const size_t columns = sum->total.size();
  for (size_t i = 0; i < count; i++, row += columns)
    for (size_t c = 0; c < columns; c++)
      sum->total[c] += row[c];
  sum->atoms += count;
}

/* centers: flags of the atoms whose vectors are wanted. mean: their mean only. */
nb::object soap(const Vectors &positions, const Cell &cell, const Periodic &periodic,
                const mlgrain_soap_parameters &p, const std::optional<Integers> &species,
                const std::optional<Numbers> &weights, const Flags &centers, bool mean, int threads)
{
  const size_t components = mlgrain_soap_components(&p);
  std::vector<size_t> row_of(positions.shape(0), 0);
  size_t rows = 0;
  for (size_t i = 0; i < row_of.size(); i++)
    row_of[i] = centers.data()[i] ? rows++ : 0;
  mlgrain_error error;
  mlgrain_soap *made = nullptr;
  check(mlgrain_soap_create(&p, mlgrain_simd_best(), &made, &error), error);
  const Owned<mlgrain_soap, mlgrain_soap_free> tables(made);
  Result<double> result({mean ? 1 : rows, components});
  {
    nb::gil_scoped_release unlocked;
    Surroundings surroundings(positions, cell, periodic, mlgrain_soap_reach(&p));
    for (size_t i = 0; i < row_of.size(); i++)
      surroundings.chosen[i] = centers.data()[i];
    const auto channel = of_all<int32_t>(species, surroundings);
    const auto weight = of_all<double>(weights, surroundings);
    const mlgrain_soap_points points = {surroundings.cells.get(), surroundings.chosen.data(),
                                        channel.empty() ? nullptr : channel.data(),
                                        weight.empty() ? nullptr : weight.data()};
    const size_t count = mlgrain_cells_count(surroundings.cells.get());
    std::vector<Sum> sums(mean ? static_cast<size_t>(threads) : 0);
    Rows kept = {result.data(), &row_of, components};
    in_threads(
        count, chunk_of(count, threads, 32, 4096), threads,
        [&](size_t first, size_t last, int thread) {
          mlgrain_error mine;
          void *context = &kept;
          if (mean) {
            auto &sum = sums[static_cast<size_t>(thread)];
            sum.total.resize(components, 0.0);
            context = &sum;
          }
          check(mlgrain_soap_visit(made, &points, first, last, mean ? add : keep, context, &mine),
                mine);
        });
    for (const auto &sum : sums)
      for (size_t c = 0; c < sum.total.size(); c++)
        result[c] += sum.total[c] / static_cast<double>(rows);
  }
  return result.numpy();
}

nb::list components_of(const mlgrain_soap_parameters &p)
{
  nb::list all;
  mlgrain_soap_component c;
  for (size_t i = 0; mlgrain_soap_describe(&p, i, &c); i++)
    all.append(nb::make_tuple(c.n[0], c.n[1], c.l, c.species[0], c.species[1]));
  return all;
}

} // namespace

void bind_soap(nb::module_ &module)
{
  nb::class_<mlgrain_soap_parameters>(module, "SoapParameters")
      .def_prop_ro("components",
                   [](const mlgrain_soap_parameters &p) { return mlgrain_soap_components(&p); })
      .def_prop_ro("reach",
                   [](const mlgrain_soap_parameters &p) { return mlgrain_soap_reach(&p); });
  module.def("soap_parameters", &parameters_of);
  module.def("soap_components", &components_of);
  module.def("soap", &soap, nb::arg("positions"), nb::arg("cell"), nb::arg("periodic"),
             nb::arg("parameters"), nb::arg("species").none(), nb::arg("weights").none(),
             nb::arg("centers"), nb::arg("mean"), nb::arg("threads"));
}

} // namespace mlgrain
