/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strain functional descriptors. */
#include "mlgrain/sfd.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>

#include <optional>

#include "surroundings.h"
#include "threads.h"

namespace mlgrain
{
namespace
{

std::vector<double> weights_of_all(const std::optional<Numbers> &weights,
                                   const Surroundings &surroundings)
{
  std::vector<double> all;
  if (weights && weights->shape(0) != surroundings.atoms)
    throw CoreError(MLGRAIN_INVALID_ARGUMENT, "not as many weights as atoms");
  for (size_t i = 0; weights && i < surroundings.images->count; i++)
    all.push_back(weights->data()[surroundings.images->owner[i]]);
  return all;
}

nb::object sfd(const Vectors &positions, const Cell &cell, const Periodic &periodic, double sigma,
               double cutoff, const std::optional<Numbers> &weights, int threads)
{
  Result<double> result({positions.shape(0), MLGRAIN_SFD_COUNT});
  {
    nb::gil_scoped_release unlocked;
    mlgrain_error error;
    mlgrain_sfd *made = nullptr;
    check(mlgrain_sfd_create(sigma, cutoff, mlgrain_simd_best(), &made, &error), error);
    const Owned<mlgrain_sfd, mlgrain_sfd_free> tables(made);
    const Surroundings surroundings(positions, cell, periodic, cutoff);
    const auto weight = weights_of_all(weights, surroundings);
    const size_t count = mlgrain_cells_count(surroundings.cells.get());
    in_threads(
        count, chunk_of(count, threads, 32, 4096), threads, [&](size_t first, size_t last, int) {
          mlgrain_error mine;
          check(mlgrain_sfd_compute(made, surroundings.cells.get(), first, last,
                                    surroundings.chosen.data(),
                                    weight.empty() ? nullptr : weight.data(), result.data(), &mine),
                mine);
        });
  }
  return result.numpy();
}

} // namespace

void bind_descriptors(nb::module_ &module)
{
  module.def("sfd", &sfd, nb::arg("positions"), nb::arg("cell"), nb::arg("periodic"),
             nb::arg("sigma"), nb::arg("cutoff"), nb::arg("weights").none(), nb::arg("threads"));
  module.def("sfd_automatic_sigma", &mlgrain_sfd_automatic_sigma);
  module.def("sfd_automatic_cutoff", &mlgrain_sfd_automatic_cutoff);
  nb::list names;
  for (int i = 0; i < MLGRAIN_SFD_COUNT; i++)
    names.append(mlgrain_sfd_name(i));
  module.attr("SFD_NAMES") = nb::tuple(names);
}

} // namespace mlgrain
