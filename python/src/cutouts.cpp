/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells cut out of large systems. */
#include "mlgrain/cutout.h"

#include <nanobind/stl/array.h>

#include <algorithm>
#include <cstdint>

#include "surroundings.h"

namespace mlgrain
{
namespace
{

mlgrain_box box_of(const Cell &cell, const Periodic &periodic)
{
  mlgrain_box box = {};
  std::copy_n(cell.data(), 9, &box.edge[0][0]);
  for (int k = 0; k < 3; k++)
    box.bounded[k] = !periodic[static_cast<size_t>(k)];
  return box;
}

const double (*rows(const Vectors &positions))[3]
{
  return reinterpret_cast<const double(*)[3]>(positions.data());
}

/* Atoms around one of them, for cells by certain rules. */
class Around
{
public:
  Around(const Vectors &positions, const Cell &cell, const Periodic &periodic, size_t center,
         const std::array<double, 6> &lengths, int boxes)
      : box(box_of(cell, periodic))
  {
    const auto &[edge, variation, closest, trusted, fading, seam_reach] = lengths;
    rules = {edge, variation, boxes, closest, trusted, fading, seam_reach};
    if (center >= positions.shape(0))
      throw CoreError(MLGRAIN_INVALID_ARGUMENT, "there is no atom of the center's number");
    const double reach = mlgrain_cutout_reach(&rules, &box);
    if (!(reach > 0.0))
      throw CoreError(MLGRAIN_INVALID_ARGUMENT, "rules for cells are out of range");
    mlgrain_surroundings *made = nullptr;
    mlgrain_error error;
    nb::gil_scoped_release unlocked;
    check(mlgrain_surroundings_find(positions.shape(0), rows(positions), &box,
                                    positions.data() + 3 * center, reach, &made, &error),
          error);
    surroundings.reset(made);
  }
  Around(const Around &) = delete;

  /* (cell, positions relative to the center, atoms, weights, removed, seam, number) */
  nb::tuple cut(int number) const
  {
    return made_by([&](mlgrain_cutout **made, mlgrain_error *text) {
      return mlgrain_cutout_create(&rules, &box, surroundings.get(), number, made, text);
    });
  }

  nb::tuple best() const
  {
    return made_by([&](mlgrain_cutout **made, mlgrain_error *text) {
      return mlgrain_cutout_best(&rules, &box, surroundings.get(), made, text);
    });
  }

private:
  template <class Make> nb::tuple made_by(const Make &make) const
  {
    mlgrain_cutout *made = nullptr;
    {
      mlgrain_error error;
      nb::gil_scoped_release unlocked;
      check(make(&made, &error), error);
    }
    const Owned<mlgrain_cutout, mlgrain_cutout_free> cutout(made);
    Result<double> edges({3, 3}), x({made->count, 3}), weight({made->count});
    Result<std::int64_t> atom({made->count});
    std::copy_n(&made->cell[0][0], 9, edges.data());
    for (size_t i = 0; i < made->count; i++) {
      std::copy_n(made->x[i], 3, x.data() + 3 * i);
      weight[i] = made->weight[i];
      atom[i] = static_cast<std::int64_t>(surroundings->atom[made->entry[i]]);
    }
    return nb::make_tuple(edges.numpy(), x.numpy(), atom.numpy(), weight.numpy(), made->removed,
                          made->seam, made->number);
  }

  mlgrain_box box;
  mlgrain_cutout_rules rules;
  Owned<mlgrain_surroundings, mlgrain_surroundings_free> surroundings;
};

/* int64 [at most `most`] */
nb::object centers(const Vectors &positions, const Cell &cell, const Periodic &periodic,
                   const Numbers &score, double limit, double apart, size_t most)
{
  if (score.shape(0) != positions.shape(0))
    throw CoreError(MLGRAIN_INVALID_ARGUMENT, "not as many scores as atoms");
  most = std::min(most, positions.shape(0));
  const mlgrain_box box = box_of(cell, periodic);
  std::vector<size_t> chosen(most + 1);
  size_t count = 0;
  {
    mlgrain_error error;
    nb::gil_scoped_release unlocked;
    check(mlgrain_cutout_centers(positions.shape(0), rows(positions), &box, score.data(), limit,
                                 apart, most, chosen.data(), &count, &error),
          error);
  }
  Result<std::int64_t> result({count});
  std::copy_n(chosen.begin(), count, result.data());
  return result.numpy();
}

} // namespace

void bind_cutouts(nb::module_ &module)
{
  const auto &d = mlgrain_default_cutout_rules;
  module.attr("CUTOUT_RULES") =
      nb::make_tuple(d.edge, d.variation, d.closest, d.trusted, d.fading, d.seam_reach, d.boxes);
  nb::class_<Around>(module, "Around")
      .def(nb::init<const Vectors &, const Cell &, const Periodic &, size_t,
                    const std::array<double, 6> &, int>(),
           nb::arg("positions"), nb::arg("cell"), nb::arg("periodic"), nb::arg("center"),
           nb::arg("lengths"), nb::arg("boxes"))
      .def("cut", &Around::cut, nb::arg("number"))
      .def("best", &Around::best);
  module.def("cutout_centers", &centers, nb::arg("positions"), nb::arg("cell"), nb::arg("periodic"),
             nb::arg("score"), nb::arg("limit"), nb::arg("apart"), nb::arg("most"));
}

} // namespace mlgrain
