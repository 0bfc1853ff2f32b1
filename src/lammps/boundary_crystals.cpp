/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boundary_crystals.h"

#include "comm.h"
#include "domain.h"
#include "error.h"
#include "lammps.h"
#include "lattice.h"
#include "math_extra.h"
#include "utils.h"

#include "mlgrain/boundary_text.h"

#include <cmath>
#include <cstdio>
#include <utility>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

BoundaryCrystals::BoundaryCrystals(LAMMPS *lmp, const std::string &owner) : lmp(lmp), owner(owner)
{
}

BoundaryCrystals::~BoundaryCrystals()
{
  mlgrain_crystal_free(&crystal);
}

int BoundaryCrystals::sites() const
{
  auto *lattice = lmp->domain->lattice;
  if (!lattice || lattice->nbasis == 0)
    lmp->error->all(FLERR, owner + " needs a lattice: use the lattice command before");
  if (lattice->style == Lattice::SQ || lattice->style == Lattice::SQ2 ||
      lattice->style == Lattice::HEX)
    lmp->error->all(FLERR, owner + ": the lattice is two-dimensional");
  if (lattice->is_general_triclinic())
    lmp->error->all(FLERR, owner + " does not support general triclinic lattices");
  return lattice->nbasis;
}

/* In its standard orientation and at the origin: the boundary says how crystals lie. */
void BoundaryCrystals::read_lattice(const std::vector<int> &type)
{
  auto *lattice = lmp->domain->lattice;
  const int count = sites();
  double zero[3] = {0.0, 0.0, 0.0}, one[3] = {1.0, 0.0, 0.0};
  lattice->lattice2box(zero[0], zero[1], zero[2]);
  lattice->lattice2box(one[0], one[1], one[2]);
  const double *a1 = lattice->a1;
  const double length = std::hypot(one[0] - zero[0], one[1] - zero[1], one[2] - zero[2]);
  const double scale = length / std::hypot(a1[0], a1[1], a1[2]);
  double edge[3][3];
  for (int d = 0; d < 3; d++) {
    edge[0][d] = scale * lattice->a1[d];
    edge[1][d] = scale * lattice->a2[d];
    edge[2][d] = scale * lattice->a3[d];
  }
  std::vector<double> place;
  for (int b = 0; b < count; b++)
    place.insert(place.end(), lattice->basis[b], lattice->basis[b] + 3);
  mlgrain_error text;
  mlgrain_crystal_free(&crystal);
  if (mlgrain_crystal_of_cell(edge, count, reinterpret_cast<const double(*)[3]>(place.data()),
                              type.data(), &crystal, &text))
    lmp->error->all(FLERR, owner + ": " + text.text);
  if (crystal.strain > 1e-9 && lmp->comm->me == 0) {
    char line[128];
    snprintf(line, sizeof line,
             ": the crystal is strained by %.2g so that products of its axes are fractions",
             crystal.strain);
    lmp->error->warning(FLERR, owner + line);
  }
}

bool BoundaryCrystals::take(const std::string &keyword, const char *value,
                            BoundaryWords &words) const
{
  double BoundaryWords::*const member = keyword == "tolerance" ? &BoundaryWords::tolerance
      : keyword == "strain"                                    ? &BoundaryWords::strain
      : keyword == "period"                                    ? &BoundaryWords::period
                                                               : nullptr;
  if (!member) return false;
  const double number = utils::numeric(FLERR, value, false, lmp);
  if (!std::isfinite(number)) lmp->error->all(FLERR, owner + ": " + value + " is not finite");
  if (keyword == "period" && number <= 0.0)
    lmp->error->all(FLERR, owner + ": 'period' must be positive");
  if (number < 0.0) lmp->error->all(FLERR, owner + ": '" + keyword + "' must not be negative");
  words.*member = number;
  return true;
}

void BoundaryCrystals::find(const BoundaryWords &words, bool short_along_x)
{
  const bool is_near = words.strain >= 0.0;
  if (words.period > 0.0 && !is_near)
    lmp->error->all(FLERR, owner + ": 'period' is for crystals that 'strain' brings to one");
  const double tolerance = words.tolerance >= 0.0 ? words.tolerance : is_near ? 0.5 : 0.01;
  if (!is_near) {
    find_coincidence(words.text, tolerance, short_along_x);
    return;
  }
  // what Python's NearBoundary has, too
  const double a = std::sqrt((double) crystal.lattice.gram[0][0]) * crystal.lattice.unit;
  find_near(words.text, tolerance, words.strain, words.period > 0.0 ? words.period : 30.0 * a);
}

/* A boundary as mlgrain/boundary_text.h has it. */
void BoundaryCrystals::find_coincidence(const std::string &words, double tolerance,
                                        bool short_along_x)
{
  mlgrain_error text;
  mlgrain_boundary boundary;
  mlgrain_coincidence coincidence;
  char line[256];
  if (mlgrain_boundary_parse(&crystal.lattice, words.c_str(), tolerance, &boundary, &deviation,
                             &text) ||
      mlgrain_coincidence_find(&crystal.lattice, &boundary.rotation, &coincidence, &text) ||
      mlgrain_interface_find(&crystal.lattice, &boundary.rotation, &coincidence, boundary.plane[0],
                             &interface, &text) ||
      mlgrain_boundary_title(&crystal.lattice, &boundary, line, &text))
    lmp->error->all(FLERR, owner + ": " + text.text);
  const auto find_geometry = [&] {
    mlgrain_bicrystal_geometry_find(&crystal.lattice, &boundary.rotation, &interface, &geometry);
  };
  find_geometry();
  const auto &period = geometry.period;
  if (short_along_x && std::hypot(period[1][0], period[1][1]) < period[0][0] * (1 - 1e-9)) {
    for (int d = 0; d < 3; d++) {    // they stay right-handed
      std::swap(interface.period[0][d], interface.period[1][d]);
      interface.period[1][d] *= -1;
    }
    find_geometry();
  }
  sigma = coincidence.sigma;
  title = line;
  if (mlgrain_boundary_warning(&crystal.lattice, words.c_str(), &boundary, deviation, line))
    warning = std::string(line) +
        "; a larger 'tolerance' allows a nearer one, 'strain' brings the crystals to a small "
        "period";
  area = interface.area;
  shift_area = interface.shift_area;
}

/* A boundary that need not have a coincidence: crystals are strained in its plane by half of
   most_strain at most, to have a period whose vectors are at most most_length long. tolerance: of
   the plane of crystal 2, in degrees. */
void BoundaryCrystals::find_near(const std::string &words, double tolerance, double most_strain,
                                 double most_length)
{
  mlgrain_error text;
  mlgrain_bicrystal_near near;
  double turn[3][3];
  int64_t plane[2][3];
  if (mlgrain_boundary_parse_angles(&crystal.lattice, words.c_str(), tolerance, turn, plane,
                                    &text) ||
      mlgrain_bicrystal_geometry_near(&crystal.lattice, turn, plane, most_strain, most_length,
                                      &geometry, &near, &text))
    lmp->error->all(FLERR, owner + ": " + text.text);
  const auto area_of = [](const double(*v)[3]) {
    return std::fabs(v[0][0] * v[1][1] - v[0][1] * v[1][0]);
  };
  area = area_of(geometry.period);
  shift_area = area_of(geometry.shift);
  strain = near.strain;
  deviation = near.deviation;
  const auto *p = plane[0], *q = plane[1];
  char line[256];
  snprintf(
      line, sizeof line,
      "(%lld %lld %lld) / (%lld %lld %lld), nets strained by %.3g in all, each crystal by half",
      (long long) p[0], (long long) p[1], (long long) p[2], (long long) q[0], (long long) q[1],
      (long long) q[2], strain);
  title = line;
}

double BoundaryCrystals::atom_volume(int which) const
{
  double cross[3];
  const auto &axes = geometry.axes[which];
  MathExtra::cross3(axes[0], axes[1], cross);
  const auto points = (double) mlgrain_lattice_points(&crystal.lattice);
  return std::fabs(MathExtra::dot3(cross, axes[2])) / points / crystal.site_count;
}

BicrystalPointer BoundaryCrystals::bicrystal(const mlgrain_bicrystal_settings &settings) const
{
  mlgrain_bicrystal *made = nullptr;
  mlgrain_error text;
  if (mlgrain_bicrystal_create(&geometry, &crystal, &settings, &made, &text))
    lmp->error->all(FLERR, owner + ": " + text.text);
  return BicrystalPointer(made);
}

}    // namespace MLGRAIN_NS
