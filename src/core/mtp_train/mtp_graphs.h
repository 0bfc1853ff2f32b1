/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the basis functions of moment tensor potentials as graphs. A function is a multigraph
   without loops: its nodes are moments M(mu, nu) (radial function mu, symmetric tensor of rank nu),
   its edges the pairs of indices that are summed over, so that nu is the number of edges at the
   node. Source: A. V. Shapeev, Multiscale Model. Simul. 14 (2016) 1153. */
#ifndef MLGRAIN_MTP_GRAPHS_H
#define MLGRAIN_MTP_GRAPHS_H

#include <stddef.h>

#include "mlgrain/error.h"

enum { GRAPH_NODES = 4 };

struct mtp_graph {
  int level; /* sum over nodes of 2 + 4 mu + nu */
  int nodes;
  int mu[GRAPH_NODES];
  int edges[GRAPH_NODES][GRAPH_NODES];
};

/* All connected graphs up to a level, each once, lowest first, as the stock levels of MLIP have
   them: at most four nodes, mu <= 5, nu <= 10. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status mtp_graphs_make(int level, struct mtp_graph **graphs, size_t *count);

#endif
