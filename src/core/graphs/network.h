/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: estimates by networks of a polycrystal. */
#ifndef MLGRAIN_GRAPHS_NETWORK_H
#define MLGRAIN_GRAPHS_NETWORK_H

#include "mlgrain/polycrystal_graph.h"

/* A face has the conductance
     G = A / ((d - t)/(2 n.K_i n) + t/(n.K_f n) + (d - t)/(2 n.K_j n)),   d = n.span
   and a drop span.E plus the difference of the grains' potentials. Spans are multiplied by a common
   matrix so that sum_f A_f n_f span_f^T = V, as it is in tessellations.
     network  beside it, boundaries conduct along themselves what they do more than the grains:
              (t/V) sum_f A_f max(k - k_f, 0) (1 - n n^T), k_f the mean of both grains'
   conductivities along the face, k that of a plane of patches with the boundaries' conductivities
   along it, self-consistent
     coupled, squares, cubes  those of coupled.h and polynomials.h, with these spans
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_INVALID_ARGUMENT, MLGRAIN_NOT_CONVERGED. */
enum mlgrain_status network_estimates(const struct mlgrain_graph *graph, double series[9],
                                      double network[9], double coupled[9], double squares[9],
                                      double cubes[9], struct mlgrain_error *error);

#endif
