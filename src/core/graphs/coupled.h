/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: grains and boundaries as coupled networks, with fields inside grains and along
   boundaries. */
#ifndef MLGRAIN_GRAPHS_COUPLED_H
#define MLGRAIN_GRAPHS_COUPLED_H

#include "face_edges.h"

/* Unknown are the potentials of grains, of both sides and the middle of each face, and of triple
   lines. Energies, all of second degree in them:
     a grain     fluxes through its faces, consistent (exact for uniform fields) and with a part
                 that belongs to differences from these
     a face      A n.k n/(t/2) (difference)^2 between its middle and each side
     along it    as a grain, in two dimensions, from its middle to its edges; conductance k t
   doc/theory_graphs.md has the formulas. MLGRAIN_OUT_OF_MEMORY, MLGRAIN_NOT_CONVERGED. */
enum mlgrain_status coupled_estimate(const struct mlgrain_graph *graph,
                                     const struct face_places *places,
                                     const struct face_edges *edges, double tensor[9],
                                     struct mlgrain_error *error);

#endif
