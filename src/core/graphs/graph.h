/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faces of a struct mlgrain_graph. */
#ifndef MLGRAIN_GRAPHS_GRAPH_H
#define MLGRAIN_GRAPHS_GRAPH_H

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

#endif
