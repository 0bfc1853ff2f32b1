/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Crystal lattices and the boundaries between two crystals. */
#include "mlgrain/boundary_energy.h"
#include "mlgrain/boundary_text.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <cstring>

#include "lattice.h"

namespace mlgrain
{
namespace
{

nb::tuple rotation_of(const mlgrain_rotation &rotation)
{
  return nb::make_tuple(as<Whole33>(rotation.matrix), rotation.divisor);
}

mlgrain_octonion octonion_of(const std::array<double, 8> &q)
{
  return as<mlgrain_octonion>(q);
}

/* A boundary with its lattice. */
class Boundary
{
public:
  Boundary(const Lattice &lattice, const mlgrain_rotation &rotation, const Whole3 &plane)
      : lattice(*lattice.get())
  {
    mlgrain_error error;
    check(mlgrain_boundary_create(&this->lattice, &rotation, plane.data(), &boundary, &error),
          error);
    check(mlgrain_coincidence_find(&this->lattice, &rotation, &coincidence, &error), error);
    check(mlgrain_interface_find(&this->lattice, &rotation, &coincidence, plane.data(), &interface,
                                 &error),
          error);
  }

  static Boundary of_matrix(const Lattice &lattice, const Whole33 &matrix, std::int64_t divisor,
                            const Whole3 &plane)
  {
    mlgrain_rotation rotation;
    mlgrain_error error;
    std::int64_t entries[3][3];
    std::memcpy(entries, matrix.data(), sizeof entries);
    check(mlgrain_rotation_of_matrix(lattice.get(), entries, divisor, &rotation, &error), error);
    return Boundary(lattice, rotation, plane);
  }
  static Boundary of_quadruple(const Lattice &lattice, const std::array<std::int64_t, 4> &quadruple,
                               const Whole3 &plane)
  {
    mlgrain_rotation rotation;
    mlgrain_error error;
    check(mlgrain_rotation_of_quadruple(lattice.get(), quadruple.data(), &rotation, &error), error);
    return Boundary(lattice, rotation, plane);
  }
  static Boundary of_rows(const Lattice &lattice, const Whole33 &first, const Whole33 &second,
                          const Whole3 &plane)
  {
    mlgrain_rotation rotation;
    mlgrain_error error;
    std::int64_t p[3][3], q[3][3];
    std::memcpy(p, first.data(), sizeof p);
    std::memcpy(q, second.data(), sizeof q);
    check(mlgrain_rotation_of_rows(lattice.get(), p, q, &rotation, &error), error);
    return Boundary(lattice, rotation, plane);
  }
  /* The boundary, and by how many degrees its rotation is another one. */
  static nb::tuple of_text(const Lattice &lattice, const std::string &text, double tolerance)
  {
    mlgrain_boundary made;
    mlgrain_error error;
    double deviation;
    check(mlgrain_boundary_parse(lattice.get(), text.c_str(), tolerance, &made, &deviation, &error),
          error);
    return nb::make_tuple(Boundary(lattice, made.rotation, as<Whole3>(made.plane[0])), deviation);
  }
  /* The same of a rotation in real numbers. */
  static nb::tuple near(const Lattice &lattice, const Real33 &matrix, double tolerance,
                        std::int64_t largest, const Whole3 &plane)
  {
    mlgrain_rotation rotation;
    mlgrain_error error;
    double entries[3][3], deviation;
    std::memcpy(entries, matrix.data(), sizeof entries);
    check(mlgrain_rotation_near(lattice.get(), entries, tolerance, largest, &rotation, &deviation,
                                &error),
          error);
    return nb::make_tuple(Boundary(lattice, rotation, plane), deviation);
  }

  /* A sentence on a large Sigma that angles in a text have led to, or nothing. */
  std::string warning(const std::string &text, double deviation) const
  {
    char line[256];
    mlgrain_boundary_warning(&lattice, text.c_str(), &boundary, deviation, line);
    return line;
  }

  nb::tuple rotation() const { return rotation_of(boundary.rotation); }
  std::array<Whole3, 2> planes() const { return as<std::array<Whole3, 2>>(boundary.plane); }
  std::int64_t sigma() const { return coincidence.sigma; }

  std::array<std::int64_t, 4> quadruple() const
  {
    std::array<std::int64_t, 4> result;
    mlgrain_error error;
    check(mlgrain_rotation_quadruple(&lattice, &boundary.rotation, result.data(), &error), error);
    return result;
  }
  nb::tuple key() const
  {
    mlgrain_boundary_key key;
    mlgrain_error error;
    check(mlgrain_boundary_key_find(&lattice, &boundary, &key, &error), error);
    return nb::tuple(nb::cast(as<std::array<std::int64_t, 13>>(key)));
  }
  int kind() const
  {
    mlgrain_boundary_kind kind;
    mlgrain_error error;
    check(mlgrain_boundary_kind_find(&lattice, &boundary, &kind, &error), error);
    return kind;
  }
  /* (axis, angle, planes, is twist, is tilt) of each. */
  nb::list names() const
  {
    mlgrain_boundary_name name[MLGRAIN_MOST_LATTICE_ROTATIONS];
    int count;
    mlgrain_error error;
    check(mlgrain_boundary_names(&lattice, &boundary, name, &count, &error), error);
    nb::list result;
    for (int k = 0; k < count; k++)
      result.append(nb::make_tuple(as<Whole3>(name[k].axis), name[k].angle,
                                   as<std::array<Whole3, 2>>(name[k].plane), name[k].is_twist != 0,
                                   name[k].is_tilt != 0));
    return result;
  }
  /* (angle, axis) */
  nb::tuple disorientation() const
  {
    mlgrain_coincidence_class found;
    mlgrain_error error;
    check(mlgrain_coincidence_class_find(&lattice, &boundary.rotation, &found, &error), error);
    return nb::make_tuple(found.angle, as<Whole3>(found.axis));
  }
  /* (vectors, what they are over) */
  nb::tuple csl() const { return nb::make_tuple(as<Whole33>(coincidence.csl), lattice.divisor); }
  nb::tuple dsc() const
  {
    return nb::make_tuple(as<Whole33>(coincidence.dsc), coincidence.dsc_divisor);
  }
  nb::tuple period() const
  {
    return nb::make_tuple(as<std::array<Whole3, 2>>(interface.period), lattice.divisor);
  }
  nb::tuple shifts() const
  {
    return nb::make_tuple(as<std::array<Whole3, 2>>(interface.shift), interface.shift_divisor);
  }
  /* (net, step, what they are over, area of the net, spacing) of a crystal, 0 or 1 */
  nb::tuple crystal(int which) const
  {
    return nb::make_tuple(as<std::array<Whole3, 2>>(interface.net[which]),
                          as<Whole3>(interface.step[which]), lattice.divisor,
                          interface.net_area[which], interface.spacing[which]);
  }
  Geometry geometry() const
  {
    Geometry result;
    mlgrain_bicrystal_geometry_find(&lattice, &boundary.rotation, &interface, &result.geometry);
    return result;
  }
  double area() const { return interface.area; }
  double shift_area() const { return interface.shift_area; }
  std::array<double, 8> octonion() const
  {
    return as<std::array<double, 8>>(mlgrain_boundary_octonion(&lattice, &boundary));
  }

private:
  mlgrain_lattice lattice;
  mlgrain_boundary boundary;
  mlgrain_coincidence coincidence;
  mlgrain_interface interface;
};

/* 0 octonion, 1 octonion as published, 2 Morawiec */
double distance(const Lattice &lattice, const std::array<double, 8> &a,
                const std::array<double, 8> &b, int which)
{
  double operation[MLGRAIN_MOST_LATTICE_ROTATIONS][4];
  const int count = mlgrain_lattice_quaternions(lattice.get(), operation);
  const mlgrain_octonion first = octonion_of(a), second = octonion_of(b);
  if (which == 2)
    return mlgrain_morawiec_distance(operation, count, &first, &second);
  return mlgrain_octonion_distance(operation, count, &first, &second,
                                   which ? MLGRAIN_OCTONION_PUBLISHED : MLGRAIN_OCTONION_ALL);
}

double energy(int metal, const std::array<double, 8> &octonion)
{
  const mlgrain_octonion crystals = octonion_of(octonion);
  return mlgrain_boundary_energy(static_cast<mlgrain_fcc_metal>(metal), &crystals);
}

std::array<double, 8> octonion(const std::array<double, 4> &q1, const std::array<double, 4> &q2,
                               const std::array<double, 3> &normal)
{
  mlgrain_octonion result;
  mlgrain_error error;
  check(mlgrain_octonion_create(q1.data(), q2.data(), normal.data(), &result, &error), error);
  return as<std::array<double, 8>>(result);
}

struct Classes {
  mlgrain_coincidence_class *list = nullptr;
  size_t count = 0;
  explicit Classes(const Lattice &lattice, std::int64_t most_sigma)
  {
    mlgrain_error error;
    check(mlgrain_coincidence_classes(lattice.get(), most_sigma, &list, &count, &error), error);
  }
  Classes(const Classes &) = delete;
  Classes &operator=(const Classes &) = delete;
  ~Classes() { mlgrain_free(list); }
};

/* [(sigma, angle, axis, rotation)] */
nb::list classes(const Lattice &lattice, std::int64_t most_sigma)
{
  const Classes found(lattice, most_sigma);
  nb::list result;
  for (size_t k = 0; k < found.count; k++) {
    const mlgrain_coincidence_class &c = found.list[k];
    result.append(nb::make_tuple(c.sigma, c.angle, as<Whole3>(c.axis), rotation_of(c.rotation)));
  }
  return result;
}

/* [(rotation, plane)] */
nb::list boundaries(const Lattice &lattice, std::int64_t least_sigma, std::int64_t most_sigma,
                    double most_area)
{
  const Classes found(lattice, most_sigma);
  const auto *first = found.list, *end = found.list + found.count;
  while (first != end && first->sigma < least_sigma)
    first++;
  mlgrain_boundary_entry *list = nullptr;
  size_t count = 0;
  mlgrain_error error;
  check(mlgrain_boundaries_list(lattice.get(), first, static_cast<size_t>(end - first), most_area,
                                &list, &count, &error),
        error);
  const std::unique_ptr<mlgrain_boundary_entry, void (*)(void *)> owner(list, mlgrain_free);
  nb::list result;
  for (size_t k = 0; k < count; k++)
    result.append(nb::make_tuple(rotation_of(first[list[k].rotation_class].rotation),
                                 as<Whole3>(list[k].plane)));
  return result;
}

/* Of a text, with angles as they are written. */
std::array<double, 8> octonion_of_text(const Lattice &lattice, const std::string &text)
{
  mlgrain_octonion result;
  mlgrain_error error;
  check(mlgrain_boundary_parse_octonion(lattice.get(), text.c_str(), &result, &error), error);
  return as<std::array<double, 8>>(result);
}

/* (rotation from crystal 2 to crystal 1 in space, planes) of a text that needs no coincidence. */
nb::tuple angles(const Lattice &lattice, const std::string &text, double tolerance)
{
  double turn[3][3];
  std::int64_t plane[2][3];
  mlgrain_error error;
  check(mlgrain_boundary_parse_angles(lattice.get(), text.c_str(), tolerance, turn, plane, &error),
        error);
  return nb::make_tuple(as<Real33>(turn), as<std::array<Whole3, 2>>(plane));
}

} // namespace

void bind_boundary(nb::module_ &module)
{
  nb::class_<Lattice>(module, "Lattice")
      .def_static("cubic", &Lattice::cubic, nb::arg("kind"), nb::arg("a"))
      .def_static("hexagonal", &Lattice::hexagonal, nb::arg("ratio"), nb::arg("a"))
      .def_static("of_gram", &Lattice::of_gram, nb::arg("gram"), nb::arg("unit"))
      .def_static("of_cell", &Lattice::of_cell, nb::arg("edges"), nb::arg("types"),
                  nb::arg("places"))
      .def("with_atoms", &Lattice::with_atoms, nb::arg("types"), nb::arg("places"))
      .def("gram", &Lattice::gram)
      .def("primitive", &Lattice::primitive)
      .def("images", &Lattice::images, nb::arg("indices"), nb::arg("is_plane"))
      .def("frame", &Lattice::frame);
  nb::class_<Boundary>(module, "Boundary")
      .def_static("of_matrix", &Boundary::of_matrix, nb::arg("lattice"), nb::arg("matrix"),
                  nb::arg("divisor"), nb::arg("plane"))
      .def_static("of_quadruple", &Boundary::of_quadruple, nb::arg("lattice"), nb::arg("quadruple"),
                  nb::arg("plane"))
      .def_static("of_rows", &Boundary::of_rows, nb::arg("lattice"), nb::arg("first"),
                  nb::arg("second"), nb::arg("plane"))
      .def_static("of_text", &Boundary::of_text, nb::arg("lattice"), nb::arg("text"),
                  nb::arg("tolerance"))
      .def_static("near", &Boundary::near, nb::arg("lattice"), nb::arg("matrix"),
                  nb::arg("tolerance"), nb::arg("largest"), nb::arg("plane"))
      .def("warning", &Boundary::warning, nb::arg("text"), nb::arg("deviation"))
      .def("rotation", &Boundary::rotation)
      .def("quadruple", &Boundary::quadruple)
      .def("planes", &Boundary::planes)
      .def("sigma", &Boundary::sigma)
      .def("key", &Boundary::key)
      .def("kind", &Boundary::kind)
      .def("names", &Boundary::names)
      .def("disorientation", &Boundary::disorientation)
      .def("csl", &Boundary::csl)
      .def("dsc", &Boundary::dsc)
      .def("period", &Boundary::period)
      .def("shifts", &Boundary::shifts)
      .def("crystal", &Boundary::crystal, nb::arg("which"))
      .def("geometry", &Boundary::geometry)
      .def("area", &Boundary::area)
      .def("shift_area", &Boundary::shift_area)
      .def("octonion", &Boundary::octonion);
  module.def("boundary_distance", &distance, nb::arg("lattice"), nb::arg("a"), nb::arg("b"),
             nb::arg("which"));
  module.def("boundary_energy", &energy, nb::arg("metal"), nb::arg("octonion"));
  module.def("boundary_angles", &angles, nb::arg("lattice"), nb::arg("text"), nb::arg("tolerance"));
  module.def("octonion_of_text", &octonion_of_text, nb::arg("lattice"), nb::arg("text"));
  module.def("octonion", &octonion, nb::arg("q1"), nb::arg("q2"), nb::arg("normal"));
  module.def("coincidence_classes", &classes, nb::arg("lattice"), nb::arg("most_sigma"));
  module.def("boundaries", &boundaries, nb::arg("lattice"), nb::arg("least_sigma"),
             nb::arg("most_sigma"), nb::arg("most_area"));
}

} // namespace mlgrain
