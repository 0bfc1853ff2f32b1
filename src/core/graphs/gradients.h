/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: potentials of networks, which make an energy as small as it can be. */
#ifndef MLGRAIN_GRAPHS_GRADIENTS_H
#define MLGRAIN_GRAPHS_GRADIENTS_H

#include <stddef.h>

/* y = A x, A symmetric, positive semidefinite. */
typedef void network_product(const void *network, const double *x, double *y);

struct gradients {
  size_t unknowns;
  network_product *apply;
  const void *network;
  const double *inverse_diagonal; /* [unknowns] */
  double *direction, *product;    /* [unknowns] for work */
};

/* Conjugate gradients, preconditioned by the diagonal.
     x         [unknowns] in: 0; out: potentials
     residual  [unknowns] in: b - A x
     energy    of x = 0, more than 0
     tolerance of the energy, relative to the smallest: what the last eight steps may take off it
   0 if there is no end. */
int gradients_solve(const struct gradients *gradients, double energy, double tolerance, double *x,
                    double *residual);

#endif
