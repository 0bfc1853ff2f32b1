/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power spectra (SOAP). */
#include "mlgrain/soap.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <cstring>

#include "power_spectra.h"

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

/* As the arguments of the package are called; without precision. */
nb::dict parameters_as_dict(const mlgrain_soap_parameters &p)
{
  nb::dict all;
  all["basis"] = p.basis == MLGRAIN_SOAP_GTO ? "gto" : "quippy";
  all["rcut"] = p.cutoff;
  all["nmax"] = p.n_max;
  all["lmax"] = p.l_max;
  all["sigma"] = p.sigma;
  all["width"] = p.width;
  all["central"] = p.central_weight;
  all["normalise"] = p.normalise != 0;
  all["species"] = p.species;
  return all;
}

/* The arguments of parameters_of that make the same. */
nb::tuple arguments_of(const mlgrain_soap_parameters &p)
{
  return nb::make_tuple(p.basis == MLGRAIN_SOAP_GTO ? "gto" : "quippy", p.cutoff, p.n_max, p.l_max,
                        p.sigma, p.width, p.central_weight, p.normalise != 0, p.species,
                        p.precision == MLGRAIN_SOAP_SINGLE);
}

/* ---- projections ---------------------------------------------------------------------------- */

struct Projection {
  Owned<mlgrain_soap_projection, mlgrain_soap_projection_free> projection;

  size_t components() const
  {
    return mlgrain_soap_components(mlgrain_soap_projection_parameters(projection.get()));
  }
  size_t columns() const { return mlgrain_soap_projection_columns(projection.get()); }
};

Projection *make_projection(const mlgrain_soap_parameters &p, const Numbers &mean,
                            const Matrix &matrix)
{
  mlgrain_error error;
  mlgrain_soap_projection *made = nullptr;
  check(mlgrain_soap_projection_create(&p, matrix.shape(1), mean.data(), matrix.data(), &made,
                                       &error),
        error);
  return new Projection{Owned<mlgrain_soap_projection, mlgrain_soap_projection_free>(made)};
}

Projection *read_projection(const std::string &path)
{
  mlgrain_error error;
  mlgrain_soap_projection *made = nullptr;
  check(mlgrain_soap_projection_read(path.c_str(), &made, &error), error);
  return new Projection{Owned<mlgrain_soap_projection, mlgrain_soap_projection_free>(made)};
}

void write_projection(const Projection &projection, const std::string &path)
{
  mlgrain_error error;
  check(mlgrain_soap_projection_write(projection.projection.get(), path.c_str(), &error), error);
}

/* (mean, matrix) */
nb::tuple numbers_of(const Projection &projection)
{
  Result<double> mean({projection.components()});
  Result<double> matrix({projection.components(), projection.columns()});
  mlgrain_soap_projection_numbers(projection.projection.get(), mean.data(), matrix.data());
  return nb::make_tuple(mean.numpy(), matrix.numpy());
}

nb::object project(const Projection &projection, const Matrix &vectors)
{
  Result<double> result({vectors.shape(0), projection.columns()});
  {
    nb::gil_scoped_release unlocked;
    mlgrain_soap_project(projection.projection.get(), vectors.shape(0), vectors.data(),
                         result.data());
  }
  return result.numpy();
}

/* Of the chosen atoms in their order; their spectra are not stored. */
nb::object projected(const Projection &projection, const Vectors &positions, const Cell &cell,
                     const Periodic &periodic, const SoapTables &tables,
                     const std::optional<Integers> &species, const std::optional<Numbers> &weights,
                     const Flags &centers, int threads)
{
  const SoapAtoms atoms = {positions, cell, periodic, species, weights, centers};
  const size_t columns = projection.columns();
  const auto row_of = atoms.rows();
  Result<double> result({atoms.chosen(), columns});
  {
    nb::gil_scoped_release unlocked;
    std::vector<std::vector<double>> scratch(static_cast<size_t>(threads));
    visit_soap(tables.soap.get(), atoms, threads,
               [&](int thread, size_t count, const int32_t *atom, const double *row) {
                 auto &some = scratch[static_cast<size_t>(thread)];
                 some.resize(std::max(some.size(), count * columns));
                 mlgrain_soap_project(projection.projection.get(), count, row, some.data());
                 for (size_t i = 0; i < count; i++)
                   std::memcpy(result.data() + row_of[static_cast<size_t>(atom[i])] * columns,
                               some.data() + i * columns, columns * sizeof *row);
               });
  }
  return result.numpy();
}

/* ---- spectra -------------------------------------------------------------------------------- */

/* centers: flags of the atoms whose vectors are wanted. mean: their mean only. */
nb::object soap(const Vectors &positions, const Cell &cell, const Periodic &periodic,
                const SoapTables &tables, const std::optional<Integers> &species,
                const std::optional<Numbers> &weights, const Flags &centers, bool mean, int threads)
{
  const SoapAtoms atoms = {positions, cell, periodic, species, weights, centers};
  const size_t columns = mlgrain_soap_columns(tables.soap.get());
  const auto row_of = atoms.rows();
  const size_t rows = atoms.chosen();
  Result<double> result({mean ? 1 : rows, columns});
  {
    nb::gil_scoped_release unlocked;
    if (mean) {
      std::vector<std::vector<double>> sums(static_cast<size_t>(threads));
      visit_soap(tables.soap.get(), atoms, threads,
                 [&](int thread, size_t count, const int32_t *, const double *row) {
                   auto &sum = sums[static_cast<size_t>(thread)];
                   sum.resize(columns, 0.0);
                   for (size_t i = 0; i < count; i++, row += columns)
                     for (size_t c = 0; c < columns; c++)
                       sum[c] += row[c];
                 });
      for (const auto &sum : sums)
        for (size_t c = 0; c < sum.size(); c++)
          result[c] += sum[c] / static_cast<double>(rows);
    } else {
      visit_soap(tables.soap.get(), atoms, threads,
                 [&](int, size_t count, const int32_t *atom, const double *row) {
                   for (size_t i = 0; i < count; i++)
                     std::memcpy(result.data() + row_of[static_cast<size_t>(atom[i])] * columns,
                                 row + i * columns, columns * sizeof *row);
                 });
    }
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
      .def_prop_ro("reach", [](const mlgrain_soap_parameters &p) { return mlgrain_soap_reach(&p); })
      .def_prop_ro("arguments", &arguments_of)
      .def_prop_ro("as_dict", &parameters_as_dict);
  nb::class_<SoapTables>(module, "SoapTables")
      .def(nb::init<const mlgrain_soap_parameters &>(), nb::call_guard<nb::gil_scoped_release>());
  nb::class_<Projection>(module, "SoapProjection")
      .def_prop_ro("parameters",
                   [](const Projection &p) {
                     return *mlgrain_soap_projection_parameters(p.projection.get());
                   })
      .def_prop_ro("numbers", &numbers_of)
      .def("write", &write_projection)
      .def("project", &project)
      .def("compute", &projected, nb::arg("positions"), nb::arg("cell"), nb::arg("periodic"),
           nb::arg("tables"), nb::arg("species").none(), nb::arg("weights").none(),
           nb::arg("centers"), nb::arg("threads"));
  module.def("soap_projection", &make_projection);
  module.def("soap_projection_read", &read_projection);
  module.def("soap_parameters", &parameters_of);
  module.def("soap_components", &components_of);
  module.def("soap", &soap, nb::arg("positions"), nb::arg("cell"), nb::arg("periodic"),
             nb::arg("tables"), nb::arg("species").none(), nb::arg("weights").none(),
             nb::arg("centers"), nb::arg("mean"), nb::arg("threads"));
}

} // namespace mlgrain
