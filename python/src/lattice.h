/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lattices in Python, and how two crystals lie in a box. */
#ifndef MLGRAIN_BINDING_LATTICE_H
#define MLGRAIN_BINDING_LATTICE_H

#include "mlgrain/bicrystal.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <cstring>

#include "binding.h"

namespace mlgrain
{

using Whole3 = std::array<std::int64_t, 3>;
using Whole33 = std::array<Whole3, 3>;
using Real33 = std::array<std::array<double, 3>, 3>;

/* Arrays of C to those of C++, and back: of one size and layout. */
template <class To, class From> To as(const From &from)
{
  static_assert(sizeof(To) == sizeof(From), "the same numbers");
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

class Lattice
{
public:
  static Lattice cubic(int kind, double a)
  {
    Lattice result;
    mlgrain_error error;
    check(mlgrain_lattice_cubic(static_cast<mlgrain_cubic>(kind), a, &result.lattice, &error),
          error);
    return result;
  }
  static Lattice hexagonal(const std::array<std::int64_t, 2> &ratio, double a)
  {
    Lattice result;
    mlgrain_error error;
    check(mlgrain_lattice_hexagonal(ratio.data(), a, &result.lattice, &error), error);
    return result;
  }
  static Lattice of_gram(const Whole33 &gram, double unit)
  {
    Lattice result;
    mlgrain_error error;
    std::int64_t products[3][3];
    std::memcpy(products, gram.data(), sizeof products);
    check(mlgrain_lattice_of_gram(products, unit, &result.lattice, &error), error);
    return result;
  }
  /* (lattice, types, places, strain) of a cell as programs give it. */
  static nb::tuple of_cell(const Real33 &edges, const std::vector<int> &types,
                           const std::vector<std::array<double, 3>> &places)
  {
    if (places.size() != types.size())
      throw nb::value_error("as many places as types are needed");
    mlgrain_crystal crystal;
    mlgrain_error error;
    double edge[3][3];
    std::memcpy(edge, edges.data(), sizeof edge);
    check(mlgrain_crystal_of_cell(edge, static_cast<int>(types.size()),
                                  reinterpret_cast<const double(*)[3]>(places.data()), types.data(),
                                  &crystal, &error),
          error);
    Lattice result;
    result.lattice = crystal.lattice;
    std::vector<int> type;
    std::vector<std::array<double, 3>> place;
    for (int i = 0; i < crystal.site_count; i++) {
      type.push_back(crystal.site[i].type);
      place.push_back(as<std::array<double, 3>>(crystal.site[i].place));
    }
    mlgrain_crystal_free(&crystal);
    return nb::make_tuple(result, type, place, crystal.strain);
  }
  /* With the symmetry that atoms at each point leave of the lattice's. */
  Lattice with_atoms(const std::vector<int> &types,
                     const std::vector<std::array<double, 3>> &places) const
  {
    std::vector<mlgrain_site> sites;
    for (size_t i = 0; i < types.size(); i++)
      sites.push_back({types[i], {places[i][0], places[i][1], places[i][2]}});
    mlgrain_crystal crystal = {lattice, static_cast<int>(sites.size()), sites.data(), 0.0};
    mlgrain_crystal_set_symmetry(&crystal);
    Lattice result;
    result.lattice = crystal.lattice;
    return result;
  }
  const mlgrain_lattice *get() const { return &lattice; }

  Whole33 gram() const { return as<Whole33>(lattice.gram); }
  /* (vectors, what they are over) */
  nb::tuple primitive() const
  {
    return nb::make_tuple(as<Whole33>(lattice.primitive), lattice.divisor);
  }
  /* All images of a plane, or of a direction, by the lattice's symmetry; some several times. */
  std::vector<Whole3> images(const Whole3 &indices, bool is_plane) const
  {
    std::vector<Whole3> result;
    for (int s = 0; s < lattice.rotations; s++)
      for (int sign = -1; sign <= 1; sign += 2) {
        Whole3 image = {0, 0, 0};
        for (size_t i = 0; i < 3; i++)
          for (size_t j = 0; j < 3; j++) /* planes with the transposed matrix: all are the same */
            image[i] += sign * indices[j] *
                        (is_plane ? lattice.rotation[s][j][i] : lattice.rotation[s][i][j]);
        result.push_back(image);
      }
    return result;
  }
  Real33 frame() const
  {
    double columns[3][3];
    mlgrain_lattice_frame(&lattice, columns);
    return as<Real33>(columns);
  }

private:
  mlgrain_lattice lattice;
};

struct Geometry {
  mlgrain_bicrystal_geometry geometry;
};

} // namespace mlgrain

#endif
