/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boundary_measures.h"

#include "lattice.h"

#include <cstring>
#include <stdexcept>

using namespace MLGRAIN_NS;

namespace {

void require(mlgrain_status status, const mlgrain_error &error)
{
  if (status) throw std::runtime_error(error.text);
}

mlgrain_cubic centering_of(int style)
{
  switch (style) {
  case LAMMPS_NS::Lattice::BCC:
    return MLGRAIN_BODY_CENTERED;
  case LAMMPS_NS::Lattice::FCC:
  case LAMMPS_NS::Lattice::DIAMOND:
    return MLGRAIN_FACE_CENTERED;
  default:
    return MLGRAIN_SIMPLE_CUBIC;
  }
}

/* Any lattice with just this symmetry, for its rotations. */
mlgrain_lattice lattice_like(mlgrain_symmetry symmetry)
{
  static const int64_t square[3][3] = {{2, 0, 0}, {0, 2, 0}, {0, 0, 3}};
  static const int64_t rectangles[3][3] = {{2, 0, 0}, {0, 3, 0}, {0, 0, 5}};
  static const int64_t oblique[3][3] = {{10, 1, 2}, {1, 11, 3}, {2, 3, 13}};
  mlgrain_lattice made;
  mlgrain_error error;
  const auto *gram = symmetry == MLGRAIN_TETRAGONAL ? square
      : symmetry == MLGRAIN_ORTHORHOMBIC            ? rectangles
                                                    : oblique;
  require(mlgrain_lattice_of_gram(gram, 1.0, &made, &error), error);
  return made;
}

}    // namespace

BoundaryMeter::BoundaryMeter(int lattice_style, mlgrain_symmetry symmetry)
{
  static const int64_t ideal[2] = {8, 3};
  mlgrain_error error;
  int most_sigma = MOST_SIGMA;
  if (symmetry == MLGRAIN_CUBIC) {
    require(mlgrain_lattice_cubic(centering_of(lattice_style), 1.0, &lattice, &error), error);
  } else if (symmetry == MLGRAIN_HEXAGONAL) {
    require(mlgrain_lattice_hexagonal(ideal, 1.0, &lattice, &error), error);
    if (lattice_style != LAMMPS_NS::Lattice::HCP) most_sigma = 1;
  } else {
    lattice = lattice_like(symmetry);
    most_sigma = 1;
  }
  require(mlgrain_coincidence_catalog_create(&lattice, most_sigma, &catalog, &error), error);
}

BoundaryMeter::~BoundaryMeter()
{
  mlgrain_coincidence_catalog_free(catalog);
}

bool BoundaryMeter::set_metal(const std::string &symbol)
{
  static const std::pair<const char *, mlgrain_fcc_metal> known[] = {{"Al", MLGRAIN_ALUMINIUM},
                                                                     {"Ni", MLGRAIN_NICKEL},
                                                                     {"Au", MLGRAIN_GOLD},
                                                                     {"Cu", MLGRAIN_COPPER}};
  for (const auto &each : known)
    if (symbol == each.first) {
      metal = each.second;
      has_energy = true;
    }
  return has_energy;
}

BoundaryMeasures BoundaryMeter::measure(const double q1[4], const double q2[4],
                                        const double normal[3]) const
{
  BoundaryMeasures made = {};
  mlgrain_octonion octonion;
  mlgrain_error error;
  require(mlgrain_octonion_create(q1, q2, normal, &octonion, &error), error);
  require(mlgrain_boundary_measure(catalog, &octonion, &made.geometry, &error), error);
  made.kind = 1 + (int) mlgrain_measured_kind(&made.geometry, KIND_TOLERANCE);
  if (has_energy) made.energy = mlgrain_boundary_energy(metal, &octonion);
  if (!made.geometry.is_near) return made;
  mlgrain_boundary_key key;
  mlgrain_rotation rotation;
  require(mlgrain_boundary_key_find(&lattice, &made.geometry.boundary, &key, &error), error);
  rotation.divisor = key.number[0];
  std::memcpy(rotation.matrix, key.number + 1, sizeof rotation.matrix);
  require(mlgrain_rotation_quadruple(&lattice, &rotation, made.number, &error), error);
  std::memcpy(made.number + 4, key.number + 10, 3 * sizeof *key.number);
  return made;
}
