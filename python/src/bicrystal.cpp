/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells with the atoms of boundaries. */
#include "lattice.h"

namespace mlgrain
{
namespace
{

using Vectors2 = std::array<std::array<double, 3>, 2>;

using Whole22 = std::array<std::array<std::int64_t, 2>, 2>;

/* (geometry, strain, degrees off) of crystals that don't coincide. */
nb::tuple geometry_near(const Lattice &lattice, const Real33 &turn,
                        const std::array<Whole3, 2> &planes, double most_strain, double most_length)
{
  Geometry result;
  mlgrain_bicrystal_near near;
  mlgrain_error error;
  double matrix[3][3];
  std::int64_t plane[2][3];
  std::memcpy(matrix, turn.data(), sizeof matrix);
  std::memcpy(plane, planes.data(), sizeof plane);
  check(mlgrain_bicrystal_geometry_near(lattice.get(), matrix, plane, most_strain, most_length,
                                        &result.geometry, &near, &error),
        error);
  return nb::make_tuple(result, near.strain, near.deviation);
}

/* Members of mlgrain/bicrystal.h's geometry. */
std::array<Real33, 2> axes_of(const Geometry &g)
{
  return as<std::array<Real33, 2>>(g.geometry.axes);
}
std::array<Vectors2, 2> nets_of(const Geometry &g)
{
  return as<std::array<Vectors2, 2>>(g.geometry.net);
}
std::array<Whole22, 2> counts_of(const Geometry &g)
{
  return as<std::array<Whole22, 2>>(g.geometry.count);
}
Vectors2 period_of(const Geometry &g)
{
  return as<Vectors2>(g.geometry.period);
}
Vectors2 shift_of(const Geometry &g)
{
  return as<Vectors2>(g.geometry.shift);
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

  /* (planes, spacing, beyond the outermost plane, atoms) */
  nb::tuple grain(int which) const
  {
    const auto g = mlgrain_bicrystal_grain_of(bicrystal.get(), which);
    return nb::make_tuple(g.planes, g.spacing, g.beyond, g.atoms);
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
      .def_static("near", &geometry_near, nb::arg("lattice"), nb::arg("turn"), nb::arg("planes"),
                  nb::arg("most_strain"), nb::arg("most_length"))
      .def("axes", &axes_of)
      .def("nets", &nets_of)
      .def("counts", &counts_of)
      .def("period", &period_of)
      .def("shift", &shift_of);
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
