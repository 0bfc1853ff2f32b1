/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of polyhedron_cut.h at one SIMD level, for test_polyhedron.c. */
#include "polyhedron_kernel.h"

#include "voronoi/polyhedron_cut.h"

enum polyhedron_cut MLGRAIN_KERNEL(cut)(struct polyhedron *polyhedron, const struct plane *plane)
{
  return polyhedron_cut(polyhedron, plane);
}

double MLGRAIN_KERNEL(volume)(const struct polyhedron *polyhedron)
{
  return polyhedron_volume(polyhedron);
}

double MLGRAIN_KERNEL(radius2)(const struct polyhedron *polyhedron)
{
  return polyhedron_radius2(polyhedron);
}
