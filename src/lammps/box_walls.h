/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The faces of the simulation box that no periodic image lies behind. */
#ifndef MLGRAIN_BOX_WALLS_H
#define MLGRAIN_BOX_WALLS_H

struct mlgrain_voronoi_wall;

namespace LAMMPS_NS {
class Domain;
}

namespace MLGRAIN_NS {

/* Writes up to 6 walls, two for each dimension that is not periodic; returns how many. */
int box_walls(const LAMMPS_NS::Domain *domain, mlgrain_voronoi_wall *wall);

}    // namespace MLGRAIN_NS

#endif
