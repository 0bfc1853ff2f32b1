/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Voronoi cell in the plainest form, to test the fast one against: a cube, as a list of polygons,
   is clipped by every plane there is, in whatever order. */
#ifndef VORONOI_REFERENCE_H
#define VORONOI_REFERENCE_H

#include <stddef.h>

struct voronoi_reference_cell {
  double volume, radius; /* radius: distance of the farthest vertex */
  int faces;             /* of more than 1e-9 times the squared radius */
};

/* The cell of point `center` among n points, bounded by those nearer than the cutoff, by the cube
   of edge `cutoff` around it, and by the half-spaces plane[w][0..2] . x <= plane[w][3] (normals of
   length 1). area: [n + planes] receives the areas of faces by point, then by half-space, or NULL.
 */
struct voronoi_reference_cell voronoi_reference(size_t n, const double (*x)[3], size_t center,
                                                double cutoff, int planes, const double (*plane)[4],
                                                double *area);

#endif
