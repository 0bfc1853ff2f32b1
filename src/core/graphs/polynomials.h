/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the least energy of potentials that are polynomials in each grain. */
#ifndef MLGRAIN_GRAPHS_POLYNOMIALS_H
#define MLGRAIN_GRAPHS_POLYNOMIALS_H

#include "face_edges.h"

/* Unknown are coefficients of harmonic polynomials in each grain, up to degree 2 or 3 (W. Ritz, J.
   reine angew. Math. 135 (1909) 1). Energies:
     a grain     its volume without its boundaries, as cones from faces to its center
     a face      n.k n/t (difference of both sides)^2, integrated over it
     along it    t times the energy of the mean of both sides' gradients
   From above, but for what is approximated of where boundaries meet. doc/theory_graphs.md has the
   formulas. MLGRAIN_OUT_OF_MEMORY, MLGRAIN_NOT_CONVERGED. */
enum mlgrain_status polynomial_estimates(const struct mlgrain_graph *graph,
                                         const struct face_places *places,
                                         const struct face_edges *edges, double squares[9],
                                         double cubes[9], struct mlgrain_error *error);

#endif
