/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of polyhedron_cut.h at each SIMD level, for test_polyhedron.c. */
#ifndef POLYHEDRON_KERNEL_H
#define POLYHEDRON_KERNEL_H

#include "voronoi/polyhedron.h"

typedef enum polyhedron_cut cut_function(struct polyhedron *polyhedron, const struct plane *plane);
typedef double measure_function(const struct polyhedron *polyhedron);

cut_function cut_v2, cut_v3, cut_v4;
measure_function volume_v2, volume_v3, volume_v4, radius2_v2, radius2_v3, radius2_v4;

#endif
