/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells with the atoms of boundaries. */
#include "lattice.h"

namespace mlgrain
{
namespace
{

using Vectors2 = std::array<std::array<double, 3>, 2>;

/* Of crystals that don't coincide: what mlgrain/bicrystal.h says of each. */
Geometry geometry_of(const std::array<Real33, 2> &axes, const std::array<Vectors2, 2> &net,
                     const Vectors2 &step,
                     const std::array<std::array<std::array<std::int64_t, 2>, 2>, 2> &count,
                     const Vectors2 &period, const Vectors2 &shift)
{
  Geometry result;
  std::memcpy(result.geometry.axes, axes.data(), sizeof result.geometry.axes);
  std::memcpy(result.geometry.net, net.data(), sizeof result.geometry.net);
  std::memcpy(result.geometry.step, step.data(), sizeof result.geometry.step);
  std::memcpy(result.geometry.count, count.data(), sizeof result.geometry.count);
  std::memcpy(result.geometry.period, period.data(), sizeof result.geometry.period);
  std::memcpy(result.geometry.shift, shift.data(), sizeof result.geometry.shift);
  return result;
}

/* Distances beyond the outermost lattice planes at which a grain can end. */
std::vector<double> terminations(const Geometry &geometry, const mlgrain_crystal &crystal,
                                 int grain)
{
  double beyond[MLGRAIN_MOST_TERMINATIONS];
  const int count = mlgrain_bicrystal_terminations(&geometry.geometry, &crystal, grain, beyond);
  return std::vector<double>(beyond, beyond + count);
}

class Bicrystal
{
public:
  Bicrystal(const Geometry &geometry, const Lattice &lattice, const std::vector<int> &types,
            const std::vector<std::array<double, 3>> &places, double thickness,
            const std::array<int, 2> &repeats, const std::array<int, 2> &terminations)
      : geometry(geometry)
  {
    for (size_t i = 0; i < types.size(); i++)
      sites.push_back({types[i], {places[i][0], places[i][1], places[i][2]}});
    crystal = {*lattice.get(), static_cast<int>(sites.size()), sites.data(), 0.0};
    const mlgrain_bicrystal_settings settings = {
        thickness, {repeats[0], repeats[1]}, 0, {terminations[0], terminations[1]}};
    mlgrain_bicrystal *made = nullptr;
    mlgrain_error error;
    check(mlgrain_bicrystal_create(&geometry.geometry, &crystal, &settings, &made, &error), error);
    bicrystal.reset(made);
  }
  Bicrystal(const Bicrystal &) = delete;

  std::array<Real33, 2> axes() const { return as<std::array<Real33, 2>>(geometry.geometry.axes); }
  std::vector<double> ends(int grain) const { return terminations(geometry, crystal, grain); }

  /* (planes, spacing, beyond the outermost plane) */
  nb::tuple grain(int which) const
  {
    const auto g = mlgrain_bicrystal_grain_of(bicrystal.get(), which);
    return nb::make_tuple(g.planes, g.spacing, g.beyond);
  }

  /* (box, origin, center, removed, positions, grains from 1, types) */
  nb::tuple place(const std::array<double, 2> &translation, double gap, double overlap,
                  bool surfaces) const
  {
    const mlgrain_bicrystal_placement placement = {
        {translation[0], translation[1]}, gap, overlap, surfaces};
    mlgrain_bicrystal_cell *made = nullptr;
    mlgrain_error error;
    check(mlgrain_bicrystal_place(bicrystal.get(), &placement, &made, &error), error);
    const Owned<mlgrain_bicrystal_cell, mlgrain_bicrystal_cell_free> cell(made);
    const mlgrain_bicrystal_box box = mlgrain_bicrystal_cell_box(made);
    const size_t count = box.numbers - box.removed;
    Result<double> positions({count, 3});
    Result<int> grains({count}), types({count});
    for (size_t number = 0; number < box.numbers; number++) {
      mlgrain_bicrystal_atom atom;
      if (!mlgrain_bicrystal_atom_of(made, number, &atom))
        continue;
      std::memcpy(positions.data() + 3 * atom.place, atom.x, sizeof atom.x);
      grains[atom.place] = atom.grain + 1;
      types[atom.place] = atom.type;
    }
    return nb::make_tuple(as<Real33>(box.edge), as<std::array<double, 3>>(box.origin),
                          as<std::array<double, 3>>(box.center), box.removed, positions.numpy(),
                          grains.numpy(), types.numpy());
  }

private:
  Geometry geometry;
  std::vector<mlgrain_site> sites;
  mlgrain_crystal crystal;
  Owned<mlgrain_bicrystal, mlgrain_bicrystal_free> bicrystal;
};

} // namespace

void bind_bicrystal(nb::module_ &module)
{
  nb::class_<Geometry>(module, "Geometry")
      .def_static("of", &geometry_of, nb::arg("axes"), nb::arg("net"), nb::arg("step"),
                  nb::arg("count"), nb::arg("period"), nb::arg("shift"));
  nb::class_<Bicrystal>(module, "Bicrystal")
      .def(nb::init<const Geometry &, const Lattice &, const std::vector<int> &,
                    const std::vector<std::array<double, 3>> &, double, const std::array<int, 2> &,
                    const std::array<int, 2> &>(),
           nb::arg("geometry"), nb::arg("lattice"), nb::arg("types"), nb::arg("places"),
           nb::arg("thickness"), nb::arg("repeats"), nb::arg("terminations"))
      .def("axes", &Bicrystal::axes)
      .def("ends", &Bicrystal::ends, nb::arg("grain"))
      .def("grain", &Bicrystal::grain, nb::arg("which"))
      .def("place", &Bicrystal::place, nb::arg("translation"), nb::arg("gap"), nb::arg("overlap"),
           nb::arg("surfaces"));
}

} // namespace mlgrain
