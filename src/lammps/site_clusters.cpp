/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "site_clusters.h"

#include "new_atoms.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "lammps.h"
#include "lattice.h"
#include "neighbor.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

namespace {

/* Of one atom, from the site. */
struct Member {
  double x[3], distance;    // -1 for the site itself
  int type;
  int64_t id;
  size_t zone;    // 0 the site, then by stages, mobile, whole, others
};

/* The site first; then by zone, and in each by ID and place, as images have the same ID. */
Cluster assemble(std::vector<Member> &members, const ClusterShape &shape)
{
  std::vector<double> ends;    // of zones but the first and the last
  for (size_t stage = 0; stage < STAGES; stage++) ends.push_back(shape.inner(stage));
  ends.push_back(shape.radius);
  ends.push_back(shape.whole());
  for (auto &m : members) {
    const auto zone = std::lower_bound(ends.begin(), ends.end(), m.distance);
    m.zone = m.distance < 0.0 ? 0 : 1 + (size_t) (zone - ends.begin());
  }
  std::sort(members.begin(), members.end(), [](const Member &a, const Member &b) {
    return std::tie(a.zone, a.id, a.x[0], a.x[1], a.x[2]) <
        std::tie(b.zone, b.id, b.x[0], b.x[1], b.x[2]);
  });
  Cluster cluster;
  for (const auto &m : members) {
    cluster.x.insert(cluster.x.end(), m.x, m.x + 3);
    cluster.type.push_back(m.type);
    for (size_t stage = 0; stage < STAGES; stage++)
      if (m.zone <= stage + 1) cluster.inner[stage]++;
    if (m.zone <= STAGES + 1) cluster.mobile++;
    if (m.zone <= STAGES + 2) cluster.whole++;
  }
  return cluster;
}

Member make_member(const double *x, const double *site, int type, int64_t id)
{
  Member m = {};
  for (int d = 0; d < 3; d++) m.x[d] = x[d] - site[d];
  m.distance = std::hypot(m.x[0], m.x[1], m.x[2]);
  m.type = type;
  m.id = id;
  return m;
}

}    // namespace

SiteClusters::SiteClusters(LAMMPS *lmp_, const std::string &owner, double reach_) :
    lmp(lmp_), reach(reach_)
{
  get_ghosts(owner);
  sort_atoms();
}

SiteClusters::~SiteClusters()
{
  forget_ghosts(lmp);
}

/* As other commands that look at pairs of atoms do, but farther. */
void SiteClusters::get_ghosts(const std::string &owner) const
{
  auto *comm = lmp->comm;
  auto *domain = lmp->domain;
  if (comm->mode != Comm::SINGLE)
    lmp->error->all(FLERR,
                    owner +
                        " needs one ghost atom cutoff for all atom types: use 'comm_modify mode "
                        "single'");
  const double user = comm->cutghostuser;
  comm->cutghostuser = std::max(user, reach);
  lmp->init();
  if (domain->triclinic) domain->x2lamda(lmp->atom->nlocal);
  domain->pbc();
  domain->reset_box();
  comm->setup();
  lmp->neighbor->setup_bins();
  comm->exchange();
  comm->borders();
  if (domain->triclinic) domain->lamda2x(lmp->atom->nlocal + lmp->atom->nghost);
  comm->cutghostuser = user;
}

int SiteClusters::cell_of(double x, int d) const
{
  return std::clamp((int) ((x - low[d]) / edge), 0, cells[d] - 1);
}

void SiteClusters::sort_atoms()
{
  const int n = lmp->atom->nlocal + lmp->atom->nghost;
  double **x = lmp->atom->x;
  double high[3];
  for (int d = 0; d < 3; d++) {
    low[d] = HUGE_VAL;
    high[d] = -HUGE_VAL;
    for (int i = 0; i < n; i++) {
      low[d] = std::min(low[d], x[i][d]);
      high[d] = std::max(high[d], x[i][d]);
    }
  }
  edge = 0.5 * reach;
  for (int d = 0; d < 3; d++) cells[d] = n ? (int) ((high[d] - low[d]) / edge) + 1 : 1;
  const auto index = [&](int i) {
    return (cell_of(x[i][2], 2) * cells[1] + cell_of(x[i][1], 1)) * cells[0] + cell_of(x[i][0], 0);
  };
  start.assign((size_t) cells[0] * cells[1] * cells[2] + 1, 0);
  member.resize(n);
  for (int i = 0; i < n; i++) start[index(i) + 1]++;
  for (size_t c = 1; c < start.size(); c++) start[c] += start[c - 1];
  std::vector<int> next(start);
  for (int i = 0; i < n; i++) member[next[index(i)]++] = i;
}

Cluster SiteClusters::around(int i, const ClusterShape &shape) const
{
  const auto *atom = lmp->atom;
  const double *site = atom->x[i];
  int first[3], last[3];
  for (int d = 0; d < 3; d++) {
    first[d] = cell_of(site[d] - shape.reach(), d);
    last[d] = cell_of(site[d] + shape.reach(), d);
  }
  std::vector<Member> members;
  for (int c = first[2]; c <= last[2]; c++)
    for (int b = first[1]; b <= last[1]; b++) {
      const int row = (c * cells[1] + b) * cells[0];
      for (int k = start[row + first[0]]; k < start[row + last[0] + 1]; k++) {
        const int j = member[k];
        auto m = make_member(atom->x[j], site, atom->type[j], (int64_t) atom->tag[j]);
        if (j == i) m.distance = -1.0;
        if (m.distance <= shape.reach()) members.push_back(m);
      }
    }
  return assemble(members, shape);
}

Cluster crystal_cluster(LAMMPS *lmp, int type, const ClusterShape &shape)
{
  auto *lattice = lmp->domain->lattice;
  const auto place = [&](double i, double j, double k, double x[3]) {
    x[0] = i;
    x[1] = j;
    x[2] = k;
    lattice->lattice2box(x[0], x[1], x[2]);
  };
  /* cells on either side of the origin: heights of the cell are its volume over areas */
  double origin[3], edge[3][3];
  place(0, 0, 0, origin);
  for (int k = 0; k < 3; k++) {
    place(k == 0, k == 1, k == 2, edge[k]);
    for (int d = 0; d < 3; d++) edge[k][d] -= origin[d];
  }
  int count[3];
  for (int k = 0; k < 3; k++) {
    const double *a = edge[k], *b = edge[(k + 1) % 3], *c = edge[(k + 2) % 3];
    const double normal[3] = {b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2],
                              b[0] * c[1] - b[1] * c[0]};
    const double volume = std::fabs(a[0] * normal[0] + a[1] * normal[1] + a[2] * normal[2]);
    const double height = volume / std::hypot(normal[0], normal[1], normal[2]);
    count[k] = (int) (shape.reach() / height) + 2;
  }
  double site[3];
  place(lattice->basis[0][0], lattice->basis[0][1], lattice->basis[0][2], site);
  std::vector<Member> members;
  int64_t id = 0;
  for (int k = -count[2]; k <= count[2]; k++)
    for (int j = -count[1]; j <= count[1]; j++)
      for (int i = -count[0]; i <= count[0]; i++)
        for (int b = 0; b < lattice->nbasis; b++) {
          double x[3];
          place(i + lattice->basis[b][0], j + lattice->basis[b][1], k + lattice->basis[b][2], x);
          id++;
          auto m = make_member(x, site, type, id);
          if (!i && !j && !k && !b) m.distance = -1.0;
          if (m.distance <= shape.reach()) members.push_back(m);
        }
  return assemble(members, shape);
}

double first_shell(const Cluster &cluster)
{
  std::vector<double> distance;
  for (size_t i = 1; i < cluster.whole; i++)
    distance.push_back(std::hypot(cluster.x[3 * i], cluster.x[3 * i + 1], cluster.x[3 * i + 2]));
  if (distance.empty()) return 0.0;
  std::sort(distance.begin(), distance.end());
  double widest = 0.0, middle = distance[0];
  for (size_t i = 1; i < distance.size() && distance[i - 1] < 1.7 * distance[0]; i++)
    if (distance[i] / distance[i - 1] > widest) {
      widest = distance[i] / distance[i - 1];
      middle = 0.5 * (distance[i] + distance[i - 1]);
    }
  return middle;
}

int coordination(const Cluster &cluster, double distance)
{
  int count = 0;
  for (size_t i = 1; i < cluster.whole; i++)
    if (std::hypot(cluster.x[3 * i], cluster.x[3 * i + 1], cluster.x[3 * i + 2]) < distance)
      count++;
  return count;
}

}    // namespace MLGRAIN_NS
