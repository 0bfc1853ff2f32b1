/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "box_walls.h"

#include "domain.h"

#include "mlgrain/voronoi.h"

#include <cmath>

using namespace LAMMPS_NS;

static double dot(const double *a, const double *b)
{
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

int MLGRAIN_NS::box_walls(const Domain *domain, mlgrain_voronoi_wall *wall)
{
  const double edge[3][3] = {{domain->xprd, 0.0, 0.0},
                             {domain->xy, domain->yprd, 0.0},
                             {domain->xz, domain->yz, domain->zprd}};
  int count = 0;
  for (int d = 0; d < 3; d++) {
    if (domain->periodicity[d]) continue;
    // normal to the other two edges, on the side of this one
    const double *a = edge[(d + 1) % 3], *b = edge[(d + 2) % 3];
    const double cross[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                             a[0] * b[1] - a[1] * b[0]};
    const double length = std::sqrt(dot(cross, cross));
    auto &low = wall[count++], &high = wall[count++];
    for (int k = 0; k < 3; k++) {
      high.normal[k] = cross[k] / length;
      low.normal[k] = -high.normal[k];
    }
    const double start = dot(high.normal, domain->boxlo);
    low.offset = -start;
    high.offset = domain->triclinic ? start + dot(high.normal, edge[d]) : domain->boxhi[d];
  }
  return count;
}
