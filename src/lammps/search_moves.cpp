/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "search_moves.h"

#include <algorithm>
#include <cmath>

namespace MLGRAIN_NS {

namespace {

/* Half the thickness of the layer whose atoms are moved, and of the one in which holes are looked
   for, in lengths of the first axis. */
constexpr double LAYER = 0.7, HOLES = 0.4;
constexpr int TRIED_HOLES = 60;
/* How far atoms are shaken along each direction, and the upper grain, in the same unit. */
constexpr double SHAKE = 0.1, SLIDE = 0.15;

/* The period nearest to zero of a vector of the plane. */
void reduce(const double net[2][2], double d[2])
{
  const double area = net[0][0] * net[1][1] - net[0][1] * net[1][0];
  const double f[2] = {std::rint((d[0] * net[1][1] - d[1] * net[1][0]) / area),
                       std::rint((net[0][0] * d[1] - net[0][1] * d[0]) / area)};
  for (int i = 0; i < 2; i++) d[i] -= f[0] * net[0][i] + f[1] * net[1][i];
}

double middle(const SearchStructure &s)
{
  return 0.5 * (s.cell->gap + s.translation[2]);
}

}    // namespace

SearchStructure SearchMoves::random(const std::shared_ptr<const SearchCell> &cell, int count,
                                    TrialRandom &random) const
{
  SearchStructure s;
  s.cell = cell;
  const double u = random.uniform(), v = random.uniform();
  for (int d = 0; d < 2; d++) s.translation[d] = u * shift[0][d] + v * shift[1][d];
  auto plane = cell->plane;
  std::vector<bool> removed(cell->site.size(), false);
  for (int k = 0; k < count; k++) {
    const int chosen = random.below(plane.size());
    removed[plane[chosen]] = true;
    plane.erase(plane.begin() + chosen);
  }
  s.fill(removed);
  return s;
}

/* An atom near the boundary; -1 if there is none. */
int SearchMoves::boundary_atom(const SearchStructure &s, TrialRandom &random) const
{
  std::vector<int> near;
  for (size_t i = 0; i < s.atoms(); i++)
    if (s.cell->site[s.site[i]].layer == MOBILE &&
        std::fabs(s.x[3 * i + 2] - middle(s)) < LAYER * length)
      near.push_back((int) i);
  return near.empty() ? -1 : near[random.below(near.size())];
}

/* The one of several random points that is farthest from all atoms. */
void SearchMoves::find_hole(const SearchStructure &s, int except, TrialRandom &random,
                            double hole[3]) const
{
  const double z = middle(s), reach = HOLES * length + 1.5 * length;
  std::vector<const double *> near;
  for (size_t i = 0; i < s.atoms(); i++)
    if ((int) i != except && std::fabs(s.x[3 * i + 2] - z) < reach) near.push_back(&s.x[3 * i]);
  double best = -1.0;
  for (int k = 0; k < TRIED_HOLES; k++) {
    const double u = random.uniform(), v = random.uniform();
    double point[3] = {0.0, 0.0, z + HOLES * length * random.uniform(-1.0, 1.0)};
    for (int d = 0; d < 2; d++) point[d] = u * s.cell->edge[0][d] + v * s.cell->edge[1][d];
    double least = 1e300;
    for (const double *x : near) {
      double d[3] = {x[0] - point[0], x[1] - point[1], x[2] - point[2]};
      s.cell->nearest(d);
      least = std::min(least, d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    }
    if (least <= best) continue;
    best = least;
    std::copy(point, point + 3, hole);
  }
}

void SearchMoves::relocate(SearchStructure &s, TrialRandom &random) const
{
  const int i = boundary_atom(s, random);
  if (i >= 0) find_hole(s, i, random, &s.x[3 * i]);
}

void SearchMoves::take_out(SearchStructure &s, TrialRandom &random) const
{
  const int i = boundary_atom(s, random);
  if (i < 0) return;
  s.site.erase(s.site.begin() + i);
  s.x.erase(s.x.begin() + 3 * i, s.x.begin() + 3 * i + 3);
}

/* Of a site without an atom, at a hole; whether there is one. */
bool SearchMoves::put_back(SearchStructure &s, TrialRandom &random) const
{
  std::vector<bool> is_there(s.cell->site.size(), false);
  for (const int site : s.site) is_there[site] = true;
  std::vector<int> missing;
  for (size_t i = 0; i < is_there.size(); i++)
    if (!is_there[i]) missing.push_back((int) i);
  if (missing.empty()) return false;
  double hole[3];
  find_hole(s, -1, random, hole);
  s.site.push_back(missing[random.below(missing.size())]);
  s.x.insert(s.x.end(), hole, hole + 3);
  return true;
}

void SearchMoves::shake(SearchStructure &s, TrialRandom &random) const
{
  double slide[3];
  for (double &value : slide) value = SLIDE * length * random.uniform(-1.0, 1.0);
  slide[2] = 0.0;
  for (int d = 0; d < 3; d++) s.translation[d] += slide[d];
  for (size_t i = 0; i < s.atoms(); i++) {
    const auto &site = s.cell->site[s.site[i]];
    const bool near =
        site.layer == MOBILE && std::fabs(s.x[3 * i + 2] - middle(s)) < 2 * LAYER * length;
    for (int d = 0; d < 3; d++) {
      if (near) s.x[3 * i + d] += SHAKE * length * random.uniform(-1.0, 1.0);
      if (site.grain == 0) s.x[3 * i + d] += slide[d];
    }
  }
}

SearchStructure SearchMoves::hop(const SearchStructure &parent, TrialRandom &random) const
{
  SearchStructure s = parent;
  const double kind = random.uniform();
  if (kind < 0.5) {
    const int count = 1 + random.early(0.7, 4);
    for (int k = 0; k < count; k++) relocate(s, random);
  } else if (kind < 0.65) {
    if (!put_back(s, random)) take_out(s, random);
  } else if (kind < 0.8) {
    if (s.removed() < s.cell->plane.size())
      take_out(s, random);
    else
      put_back(s, random);
  } else {
    shake(s, random);
  }
  return s;
}

/* Each atom of the new cell is that of a parent at the same place of the crystals: the parent may
   be moved by a lattice vector of crystal 2, and relabelled by one of crystal 1, whichever brings
   its upper grain nearest to that of the first parent. */
SearchStructure SearchMoves::splice(const std::shared_ptr<const SearchCell> &cell,
                                    const std::vector<SearchPiece> &pieces,
                                    TrialRandom &random) const
{
  SearchStructure s;
  s.cell = cell;
  std::copy(pieces[0].of->translation, pieces[0].of->translation + 3, s.translation);
  const double period = cell->edge[0][0] / cell->periods.along[0];
  double start = 0.0;
  for (const auto &piece : pieces) {
    const auto *parent = piece.of;
    const auto &from = *parent->cell;
    double best = 1e300, moved[2] = {0.0, 0.0}, left[2] = {0.0, 0.0};
    for (int i = -3; i <= 3; i++)
      for (int j = -3; j <= 3; j++) {
        double q[2], d[2];
        for (int k = 0; k < 2; k++) {
          q[k] = i * net[1][0][k] + j * net[1][1][k];
          d[k] = s.translation[k] - parent->translation[k] - q[k];
        }
        reduce(net[0], d);
        const double size = std::hypot(d[0], d[1]) + 1e-6 * random.uniform();
        if (size >= best) continue;
        best = size;
        std::copy(q, q + 2, moved);
        std::copy(d, d + 2, left);
      }
    // atoms of the parent by the place of their site
    std::vector<int> atom(from.site.size(), -1);
    for (size_t k = 0; k < parent->atoms(); k++) atom[parent->site[k]] = (int) k;
    const double end = start + piece.length * period, ahead = piece.start * period - start;
    for (size_t n = 0; n < cell->site.size(); n++) {
      const auto &site = cell->site[n];
      // along x, but for the tilt of y: periods are counted along the first edge
      const double along = site.x[0] - site.x[1] * cell->edge[1][0] / cell->edge[1][1];
      const double inside = along - std::floor(along / cell->edge[0][0] + 1e-9) * cell->edge[0][0];
      if (inside < start - 1e-6 || inside >= end - 1e-6) continue;
      // its place in the parent
      double place[3] = {site.x[0] + ahead - moved[0], site.x[1] - moved[1], site.x[2]};
      if (site.grain == 0) {
        for (int d = 0; d < 2; d++) place[d] += s.translation[d] - left[d] - parent->translation[d];
      }
      int found = -1;
      for (size_t m = 0; m < from.site.size() && found < 0; m++) {
        if (from.site[m].grain != site.grain || std::fabs(from.site[m].x[2] - place[2]) > 1e-4)
          continue;
        double d[3] = {from.site[m].x[0] - place[0], from.site[m].x[1] - place[1], 0.0};
        from.nearest(d);
        if (d[0] * d[0] + d[1] * d[1] < 1e-4) found = (int) m;
      }
      if (found < 0 || atom[found] < 0) continue;
      // displacement from the crystal's place there
      double u[3];
      const double *x = &parent->x[3 * atom[found]];
      for (int d = 0; d < 3; d++)
        u[d] = x[d] - from.site[found].x[d] - (site.grain == 0 ? parent->translation[d] : 0.0);
      from.nearest(u);
      s.site.push_back((int) n);
      for (int d = 0; d < 3; d++)
        s.x.push_back(site.x[d] + u[d] + (site.grain == 0 ? s.translation[d] : 0.0));
    }
    start = end;
  }
  return s;
}

}    // namespace MLGRAIN_NS
