/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grain_measures.h"

#include "box_walls.h"
#include "cell_loop.h"
#include "rank_sums.h"

#include "mlgrain/grouping.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "lammps.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

constexpr double TWO_PI = 6.2831853071795865;
constexpr double DEGREES = 360.0 / TWO_PI;

/* Sums of a boundary, by its two grains. */
enum { AREA, FACE_AREA, NORMAL, ATOMS = NORMAL + 3, ENERGY, VOLUME, MEANS };

/* Sums of a line, by its three grains. */
enum { LENGTH, EDGE_LENGTH, DIRECTION, LINE_SUMS = DIRECTION + 3 };

/* Sums over atoms in the interior of grains, by type. */
enum { COUNT, OWN_ENERGY, CLOSED, OWN_VOLUME, INTERIOR };

/* The direction of a sum of directions times weights, 0 0 0 if it cancels; returns the arc cosine
   of the length of their mean, in degrees. */
double mean_direction(const double *sum, double weight, double direction[3])
{
  const double length = std::sqrt(sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]);
  const double order = weight > 0.0 ? std::min(1.0, length / weight) : 0.0;
  if (order > 1e-6)
    for (int d = 0; d < 3; d++) direction[d] = sum[d] / length;
  return DEGREES * std::acos(order);
}

}    // namespace

GrainMeasures::GrainMeasures(LAMMPS *lmp, const std::string &owner, GhostCopies &ghosts) :
    lmp(lmp), owner(owner), ghosts(ghosts), neighborhood(lmp, owner), own(0), all(0)
{
}

void GrainMeasures::check(mlgrain_status status, const mlgrain_error &text) const
{
  if (status) lmp->error->one(FLERR, owner + ": " + text.text);
}

void GrainMeasures::measure(const GrainFinder &finder, const AtomValues &values)
{
  own = (size_t) lmp->atom->nlocal;
  all = own + (size_t) lmp->atom->nghost;
  grains.assign(finder.grains.size(), GrainSize());
  boundaries.clear();
  lines.clear();
  partner.assign(all, 0);
  cell.clear();
  if (grains.empty()) return;
  if (settings.volumes || settings.boundaries) {
    find_cells(finder, neighborhood.build(settings.cutoff));
    neighborhood.release();
  }
  if (settings.boundaries) {
    size_t width = MEANS + values.means.size();
    for (const auto &one : values.classes) width += (size_t) one.count;
    RankSums sums(lmp, owner, width);
    copy_faces();
    copy_edges();
    find_lines(finder);
    sum_faces(finder, sums);
    find_partners(finder);
    sum_excess(finder, values, sums);
    sums.gather();
    finish_boundaries(values.means.size(), sums);
  }
  sum_sizes(finder);
  sum_moments(finder);
}

/* Of this rank's atoms in grains, those that touch another grain and those within two neighbors of
   them: others have no face towards one. */
std::vector<unsigned char> GrainMeasures::near_others(const GrainFinder &finder)
{
  std::vector<unsigned char> touches(all, 0), wider(all, 0);
  mlgrain_find_touching(finder.contacts(), finder.grain.data(), touches.data());
  for (int step = 0; step < 2; step++) {
    ghosts.copy(touches);
    mlgrain_widen(finder.contacts(), touches.data(), wider.data());
    touches = wider;
  }
  for (size_t i = 0; i < all; i++) touches[i] = i < own && touches[i] && finder.grain[i];
  return touches;
}

/* Voronoi cells of all atoms in grains, with their faces where these may be towards others. */
void GrainMeasures::find_cells(const GrainFinder &finder, const mlgrain_cells *cells)
{
  const auto with_faces =
      settings.boundaries ? near_others(finder) : std::vector<unsigned char>(all, 0);
  std::vector<unsigned char> without(all, 0);
  for (size_t i = 0; i < own; i++) without[i] = finder.grain[i] && !with_faces[i];
  cell.assign(all, mlgrain_voronoi_cell{});
  faces.assign(settings.boundaries ? all : 0, mlgrain_grain_faces{});
  edges.assign(faces.size(), mlgrain_triple_edges{});
  const mlgrain_grain_cells found = {cell.data(), faces.data(), edges.data()};
  mlgrain_voronoi_settings search = {};
  search.cutoff = settings.cutoff;
  search.level = mlgrain_simd_best();
  search.flag_coincident = 1;
  search.wall_count = box_walls(lmp->domain, search.wall);
  mlgrain_error text;
  check(for_all_cells(cells, lmp->comm->nthreads, &text,
                      [&](size_t first, size_t last, mlgrain_error *failure) {
                        const auto status =
                            mlgrain_voronoi_compute(&search, cells, first, last, without.data(),
                                                    nullptr, cell.data(), nullptr, failure);
                        return status
                            ? status
                            : mlgrain_grain_cells_find(&search, cells, first, last,
                                                       with_faces.data(), finder.grain.data(),
                                                       &found, failure);
                      }),
        text);
}

/* To the ghosts; without areas, which nobody asks ghosts for. */
void GrainMeasures::copy_faces()
{
  enum { PARTNER = 4, WIDTH = PARTNER * MLGRAIN_FACE_PARTNERS };
  std::vector<double> buffer(WIDTH * all, 0.0);
  for (size_t i = 0; i < own; i++)
    for (int k = 0; k < faces[i].count; k++) {
      double *to = &buffer[WIDTH * i + PARTNER * (size_t) k];
      to[0] = faces[i].grain[k];
      std::copy_n(faces[i].vector[k], 3, to + 1);
    }
  ghosts.copy_to_ghosts(buffer.data(), WIDTH);
  for (size_t i = own; i < all; i++)
    for (int k = 0; k < MLGRAIN_FACE_PARTNERS; k++) {
      const double *from = &buffer[WIDTH * i + PARTNER * (size_t) k];
      if (from[0] == 0.0) break;
      faces[i].grain[k] = (int32_t) from[0];
      std::copy_n(from + 1, 3, faces[i].vector[k]);
      faces[i].count = k + 1;
    }
}

/* To the ghosts; without lengths. */
void GrainMeasures::copy_edges()
{
  enum { PAIR = 5, WIDTH = PAIR * MLGRAIN_TRIPLE_EDGES };
  std::vector<double> buffer(WIDTH * all, 0.0);
  for (size_t i = 0; i < own; i++)
    for (int k = 0; k < edges[i].count; k++) {
      double *to = &buffer[WIDTH * i + PAIR * (size_t) k];
      std::copy_n(edges[i].other[k], 2, to);
      std::copy_n(edges[i].vector[k], 3, to + 2);
    }
  ghosts.copy_to_ghosts(buffer.data(), WIDTH);
  for (size_t i = own; i < all; i++)
    for (int k = 0; k < MLGRAIN_TRIPLE_EDGES; k++) {
      const double *from = &buffer[WIDTH * i + PAIR * (size_t) k];
      if (from[0] == 0.0) break;
      for (int g = 0; g < 2; g++) edges[i].other[k][g] = (int32_t) from[g];
      std::copy_n(from + 2, 3, edges[i].vector[k]);
      edges[i].count = k + 1;
    }
}

/* The atoms that have some of these items, faces or edges, and the mean direction of each item
   there, which `find` of the core gives. */
template <class Item, class Find>
GrainMeasures::Directions GrainMeasures::mean_directions(const GrainFinder &finder,
                                                         const std::vector<Item> &items, Find find)
{
  static_assert((int) MLGRAIN_FACE_PARTNERS == (int) MLGRAIN_TRIPLE_EDGES, "one shape for both");
  Directions found;
  std::vector<double> x;
  for (size_t i = 0; i < all; i++)
    if (items[i].count) {
      found.place.push_back((int32_t) i);
      x.insert(x.end(), lmp->atom->x[i], lmp->atom->x[i] + 3);
    }
  found.of.resize(own + 1);
  mlgrain_error text;
  const auto *cells = neighborhood.build(found.place.size(), x.data(), settings.cutoff);
  check(find(cells, found.place.data(), settings.cutoff, own, finder.grain.data(), items.data(),
             reinterpret_cast<double(*)[MLGRAIN_FACE_PARTNERS][3]>(found.of.data()), &text),
        text);
  neighborhood.release();
  return found;
}

/* Lengths and directions. Each edge is counted from three sides. */
void GrainMeasures::find_lines(const GrainFinder &finder)
{
  const auto directions = mean_directions(finder, edges, mlgrain_triple_directions);
  RankSums sums(lmp, owner, LINE_SUMS);
  for (const auto i : directions.place) {
    if ((size_t) i >= own) continue;
    for (int k = 0; k < edges[i].count; k++) {
      int32_t triple[3];
      mlgrain_triple_of(finder.grain[(size_t) i], edges[i].other[k], triple);
      double *sum = sums.at(triple[0], triple[1], triple[2]), length = 0.0;
      for (int d = 0; d < 3; d++) length += edges[i].vector[k][d] * directions.of[i][k][d] / 3.0;
      sum[LENGTH] += length;
      sum[EDGE_LENGTH] += edges[i].length[k] / 3.0;
      for (int d = 0; d < 3; d++) sum[DIRECTION + d] += length * directions.of[i][k][d];
    }
  }
  sums.gather();
  finish_lines(sums);
}

void GrainMeasures::finish_lines(RankSums &sums)
{
  for (size_t k = 0; k < sums.count(); k++) {
    const double *sum = sums.value(k);
    TripleLine made;
    for (int g = 0; g < 3; g++) made.grain[g] = (int32_t) sums.key(k)[g] - 1;
    made.length = sum[LENGTH];
    made.edge_length = sum[EDGE_LENGTH];
    made.spread = mean_direction(sum + DIRECTION, sum[LENGTH], made.direction);
    lines.push_back(made);
  }
}

/* Areas and normals. Each face is counted from both sides. */
void GrainMeasures::sum_faces(const GrainFinder &finder, RankSums &sums)
{
  const auto normals = mean_directions(finder, faces, mlgrain_grain_normals);
  for (const auto i : normals.place) {
    if ((size_t) i >= own) continue;
    for (int k = 0; k < faces[i].count; k++) {
      const int32_t mine = finder.grain[(size_t) i], other = faces[i].grain[k];
      const bool is_first = mine < other;
      double *sum = is_first ? sums.at(mine, other) : sums.at(other, mine);
      double area = 0.0;
      for (int d = 0; d < 3; d++) area += faces[i].vector[k][d] * normals.of[i][k][d];
      sum[AREA] += 0.5 * area;
      sum[FACE_AREA] += 0.5 * faces[i].area[k];
      for (int d = 0; d < 3; d++)
        sum[NORMAL + d] += (is_first ? 0.5 : -0.5) * area * normals.of[i][k][d];
    }
  }
}

/* Which boundary atoms count to: that of their largest area, and, for `width` layers behind, that
   of most of their neighbors in the same grain. */
void GrainMeasures::find_partners(const GrainFinder &finder)
{
  std::vector<int32_t> open;
  for (size_t i = 0; i < own; i++) {
    if (!finder.grain[i]) continue;
    if (faces[i].count)
      partner[i] = faces[i].grain[0];
    else
      open.push_back((int32_t) i);
  }
  ghosts.copy(partner);
  std::vector<int32_t> next;
  for (int layer = 0; layer < settings.width; layer++) {
    next.resize(open.size());
    mlgrain_spread(finder.contacts(), partner.data(), finder.grain.data(), 0, open.size(),
                   open.data(), next.data());
    size_t left = 0;
    for (size_t k = 0; k < open.size(); k++) {
      partner[(size_t) open[k]] = next[k];
      if (!next[k]) open[left++] = open[k];
    }
    open.resize(left);
    ghosts.copy(partner);
  }
}

static bool is_closed(const mlgrain_voronoi_cell &cell)
{
  return cell.bounds == MLGRAIN_VORONOI_CLOSED || cell.bounds == MLGRAIN_VORONOI_WALL;
}

/* Of atoms in grains that count to no boundary. */
std::vector<double> GrainMeasures::interior(const GrainFinder &finder, const AtomValues &values)
{
  std::vector<double> sums((size_t) INTERIOR * ((size_t) lmp->atom->ntypes + 1), 0.0);
  for (size_t i = 0; i < own; i++) {
    if (!finder.grain[i] || partner[i]) continue;
    double *of = &sums[(size_t) INTERIOR * (size_t) lmp->atom->type[i]];
    of[COUNT] += 1.0;
    if (!values.energy.empty()) of[OWN_ENERGY] += values.energy[i];
    if (cell.empty() || !is_closed(cell[i])) continue;
    of[CLOSED] += 1.0;
    of[OWN_VOLUME] += cell[i].volume;
  }
  sum_over_ranks(lmp->world, sums);
  return sums;
}

/* Energies and volumes of the atoms of a boundary less those of as many in the crystal. What isn't
   known is NaN, and so are sums with it. */
void GrainMeasures::sum_excess(const GrainFinder &finder, const AtomValues &values, RankSums &sums)
{
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  const auto inside = interior(finder, values);
  const auto &energy = values.energy;
  const auto *type = lmp->atom->type;
  for (size_t i = 0; i < own; i++) {
    if (!partner[i]) continue;
    const int32_t mine = finder.grain[i], other = partner[i];
    double *sum = sums.at(std::min(mine, other), std::max(mine, other));
    const double *of = &inside[(size_t) INTERIOR * (size_t) type[i]];
    const double crystal = settings.reference.empty() ? of[OWN_ENERGY] / of[COUNT]
                                                      : settings.reference[(size_t) type[i] - 1];
    sum[ATOMS] += 1.0;
    sum[ENERGY] += energy.empty() ? unknown : energy[i] - crystal;
    sum[VOLUME] += !cell.empty() && is_closed(cell[i])
        ? cell[i].volume - of[OWN_VOLUME] / of[CLOSED]
        : unknown;
    double *more = sum + MEANS;
    for (const auto &one : values.means) *more++ += one[i];
    for (const auto &one : values.classes) {
      if (one.of[i] >= 1.0 && one.of[i] <= one.count) more[(int) one.of[i] - 1] += 1.0;
      more += one.count;
    }
  }
}

void GrainMeasures::finish_boundaries(size_t means, RankSums &sums)
{
  for (size_t k = 0; k < sums.count(); k++) {
    const double *sum = sums.value(k);
    BoundarySize made;
    made.grain1 = (int32_t) sums.key(k)[0] - 1;
    made.grain2 = (int32_t) sums.key(k)[1] - 1;
    made.area = sum[AREA];
    made.face_area = sum[FACE_AREA];
    made.spread = mean_direction(sum + NORMAL, sum[AREA], made.normal);
    made.atoms = sum[ATOMS];
    made.energy = sum[ENERGY];
    made.volume = sum[VOLUME];
    for (size_t m = MEANS; m < sums.columns(); m++)
      (m < MEANS + means ? made.mean : made.share).push_back(sum[m] / std::max(1.0, made.atoms));
    boundaries.push_back(made);
  }
}

/* Numbers, volumes and, by the mean direction on the circle that a periodic dimension is, centers.
 */
void GrainMeasures::sum_sizes(const GrainFinder &finder)
{
  enum { ALL, OPEN, SIZE, CIRCLE, WIDTH = CIRCLE + 6 };
  auto *domain = lmp->domain;
  std::vector<double> sums((size_t) WIDTH * grains.size(), 0.0);
  for (size_t i = 0; i < own; i++) {
    if (!finder.grain[i]) continue;
    double *sum = &sums[(size_t) WIDTH * ((size_t) finder.grain[i] - 1)], part[3];
    sum[ALL] += 1.0;
    if (!cell.empty() && is_closed(cell[i]))
      sum[SIZE] += cell[i].volume;
    else if (!cell.empty())
      sum[OPEN] += 1.0;
    domain->x2lamda(lmp->atom->x[i], part);
    for (int d = 0; d < 3; d++) {
      const bool is_circle = domain->periodicity[d];
      sum[CIRCLE + 2 * d] += is_circle ? std::cos(TWO_PI * part[d]) : part[d];
      sum[CIRCLE + 2 * d + 1] += is_circle ? std::sin(TWO_PI * part[d]) : 0.0;
    }
  }
  sum_over_ranks(lmp->world, sums);
  for (size_t g = 0; g < grains.size(); g++) {
    const double *sum = &sums[(size_t) WIDTH * g];
    grains[g].atoms = sum[ALL];
    grains[g].open = sum[OPEN];
    grains[g].volume = sum[SIZE];
    const double count = std::max(1.0, sum[ALL]);
    for (int d = 0; d < 3; d++) {
      const double c = sum[CIRCLE + 2 * d] / count, s = sum[CIRCLE + 2 * d + 1] / count;
      /* a grain that goes around has no direction but rounding */
      const bool is_everywhere = std::hypot(c, s) < 1e-6;
      grains[g].center[d] = !domain->periodicity[d] ? c
          : is_everywhere                           ? 0.5
                                                    : std::atan2(s, c) / TWO_PI;
    }
  }
}

/* From the nearest images of atoms: the true center, and second moments about it. */
void GrainMeasures::sum_moments(const GrainFinder &finder)
{
  enum { FIRST, SECOND = 3, WIDTH = 9 };
  auto *domain = lmp->domain;
  std::vector<double> sums((size_t) WIDTH * grains.size(), 0.0);
  for (size_t i = 0; i < own; i++) {
    if (!finder.grain[i]) continue;
    const auto g = (size_t) finder.grain[i] - 1;
    double *sum = &sums[(size_t) WIDTH * g], part[3];
    domain->x2lamda(lmp->atom->x[i], part);
    for (int d = 0; d < 3; d++) {
      part[d] -= grains[g].center[d];
      if (domain->periodicity[d]) part[d] -= std::round(part[d]);
    }
    const double *h = domain->h;
    const double r[3] = {h[0] * part[0] + h[5] * part[1] + h[4] * part[2],
                         h[1] * part[1] + h[3] * part[2], h[2] * part[2]};
    for (int d = 0; d < 3; d++) {
      sum[FIRST + d] += r[d];
      sum[SECOND + d] += r[d] * r[d];
    }
    sum[SECOND + 3] += r[1] * r[2];
    sum[SECOND + 4] += r[0] * r[2];
    sum[SECOND + 5] += r[0] * r[1];
  }
  sum_over_ranks(lmp->world, sums);
  static const int pair[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
  for (size_t g = 0; g < grains.size(); g++) {
    const double *sum = &sums[(size_t) WIDTH * g], count = std::max(1.0, grains[g].atoms);
    for (int k = 0; k < 6; k++)
      grains[g].moment[k] = sum[SECOND + k] / count -
          sum[FIRST + pair[k][0]] / count * (sum[FIRST + pair[k][1]] / count);
    double start[3];
    domain->lamda2x(grains[g].center, start);
    for (int d = 0; d < 3; d++) grains[g].center[d] = start[d] + sum[FIRST + d] / count;
    domain->remap(grains[g].center);
  }
}

double GrainMeasures::memory_usage() const
{
  return (double) (cell.capacity() * sizeof cell[0] + faces.capacity() * sizeof faces[0] +
                   edges.capacity() * sizeof edges[0] + partner.capacity() * sizeof partner[0]) +
      neighborhood.memory_usage();
}
