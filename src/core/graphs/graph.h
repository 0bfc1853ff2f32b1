/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: faces of a struct mlgrain_graph, and conductivities along and across a direction. */
#ifndef MLGRAIN_GRAPHS_GRAPH_H
#define MLGRAIN_GRAPHS_GRAPH_H

#include "base/vector3.h"
#include "mlgrain/polycrystal_graph.h"

static inline int graph_is_boundary(const struct mlgrain_graph *graph, size_t f)
{
  return graph->pair[f][0] != graph->pair[f][1];
}

/* 0 where a grain meets itself. */
static inline double graph_thickness(const struct mlgrain_graph *graph, size_t f)
{
  if (!graph_is_boundary(graph, f))
    return 0.0;
  return graph->face_thickness ? graph->face_thickness[f] : graph->thickness;
}

/* Volume of a boundary. */
static inline double graph_layer(const struct mlgrain_graph *graph, size_t f)
{
  return graph_thickness(graph, f) * graph->area[f];
}

/* n.K n */
static inline double graph_along(const double *tensor, const double n[3])
{
  const double product[3] = {dot3(tensor, n), dot3(tensor + 3, n), dot3(tensor + 6, n)};
  return dot3(product, n);
}

/* The mean in the plane that n is normal to. */
static inline double graph_across(const double *tensor, const double n[3])
{
  return 0.5 * (tensor[0] + tensor[4] + tensor[8] - graph_along(tensor, n));
}

#endif
