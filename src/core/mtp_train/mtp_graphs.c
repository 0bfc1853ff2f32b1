/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp_graphs.h"

#include <stdlib.h>
#include <string.h>

/* What bounds the stock levels besides the level itself: found by comparing numbers of functions.
 */
enum { MOST_MU = 5, MOST_RANK = 10 };

struct list {
  struct mtp_graph *graphs;
  size_t count, capacity;
};

/* Order of graphs: by level, then by size, then by what they look like. */
static int compare_graphs(const void *left, const void *right)
{
  const struct mtp_graph *a = left, *b = right;
  if (a->level != b->level)
    return a->level < b->level ? -1 : 1;
  if (a->nodes != b->nodes)
    return a->nodes < b->nodes ? -1 : 1;
  for (int i = 0; i < a->nodes; i++)
    if (a->mu[i] != b->mu[i])
      return a->mu[i] < b->mu[i] ? -1 : 1;
  for (int i = 0; i < a->nodes; i++)
    for (int j = i + 1; j < a->nodes; j++)
      if (a->edges[i][j] != b->edges[i][j])
        return a->edges[i][j] < b->edges[i][j] ? -1 : 1;
  return 0;
}

static struct mtp_graph reordered(const struct mtp_graph *graph, const int *order)
{
  struct mtp_graph made = {.level = graph->level, .nodes = graph->nodes};
  for (int i = 0; i < graph->nodes; i++) {
    made.mu[i] = graph->mu[order[i]];
    for (int j = 0; j < graph->nodes; j++)
      made.edges[i][j] = graph->edges[order[i]][order[j]];
  }
  return made;
}

/* Tries all orders of the nodes from number `placed` on, for the last one in the order of graphs.
 */
static void try_orders(const struct mtp_graph *graph, int placed, int *order,
                       struct mtp_graph *last)
{
  if (placed == graph->nodes) {
    const struct mtp_graph made = reordered(graph, order);
    if (compare_graphs(&made, last) > 0)
      *last = made;
    return;
  }
  for (int k = placed; k < graph->nodes; k++) {
    const int here = order[placed];
    order[placed] = order[k];
    order[k] = here;
    try_orders(graph, placed + 1, order, last);
    order[k] = order[placed];
    order[placed] = here;
  }
}

static int is_connected(const struct mtp_graph *graph)
{
  int reached[GRAPH_NODES] = {1}, count = 1;
  for (int before = 0; before < count;) {
    before = count;
    for (int i = 0; i < graph->nodes; i++)
      for (int j = 0; j < graph->nodes; j++)
        if (reached[i] && !reached[j] && graph->edges[i][j]) {
          reached[j] = 1;
          count++;
        }
  }
  return count == graph->nodes;
}

static int largest_rank(const struct mtp_graph *graph)
{
  int largest = 0;
  for (int i = 0; i < graph->nodes; i++) {
    int rank = 0;
    for (int j = 0; j < graph->nodes; j++)
      rank += graph->edges[i][j];
    largest = rank > largest ? rank : largest;
  }
  return largest;
}

static enum mlgrain_status add_graph(struct list *list, const struct mtp_graph *graph)
{
  int order[GRAPH_NODES] = {0, 1, 2, 3};
  if (!is_connected(graph) || largest_rank(graph) > MOST_RANK)
    return MLGRAIN_SUCCESS;
  if (list->count == list->capacity) {
    const size_t capacity = 2 * list->capacity + 64;
    struct mtp_graph *larger = realloc(list->graphs, capacity * sizeof *larger);
    if (!larger)
      return MLGRAIN_OUT_OF_MEMORY;
    list->graphs = larger;
    list->capacity = capacity;
  }
  struct mtp_graph *place = &list->graphs[list->count++];
  *place = *graph;
  try_orders(graph, 0, order, place);
  return MLGRAIN_SUCCESS;
}

/* Gives edges to the pairs of nodes from (i, j) on, as far as `level` allows. */
static enum mlgrain_status add_edges(struct list *list, struct mtp_graph *graph, int level, int i,
                                     int j)
{
  if (i >= graph->nodes - 1)
    return add_graph(list, graph);
  const int last = j == graph->nodes - 1;
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  const int before = graph->level;
  for (int count = 0; before + 2 * count <= level && !status; count++) {
    graph->level = before + 2 * count;
    graph->edges[i][j] = graph->edges[j][i] = count;
    status = add_edges(list, graph, level, last ? i + 1 : i, last ? i + 2 : j + 1);
  }
  graph->level = before;
  graph->edges[i][j] = graph->edges[j][i] = 0;
  return status;
}

/* Chooses radial functions for the nodes from `node` on, in rising order. */
static enum mlgrain_status add_nodes(struct list *list, struct mtp_graph *graph, int level,
                                     int node)
{
  if (node >= graph->nodes || node >= GRAPH_NODES)
    return add_edges(list, graph, level, 0, 1);
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  const int before = graph->level;
  for (int mu = node ? graph->mu[node - 1] : 0; mu <= MOST_MU && !status; mu++) {
    graph->level = before + 2 + 4 * mu;
    graph->mu[node] = mu;
    if (graph->level <= level)
      status = add_nodes(list, graph, level, node + 1);
  }
  graph->level = before;
  return status;
}

static size_t remove_copies(struct mtp_graph *graphs, size_t count)
{
  size_t kept = 0;
  for (size_t k = 0; k < count; k++)
    if (!kept || compare_graphs(&graphs[kept - 1], &graphs[k]) != 0)
      graphs[kept++] = graphs[k];
  return kept;
}

enum mlgrain_status mtp_graphs_make(int level, struct mtp_graph **graphs, size_t *count)
{
  struct list list = {0};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (int nodes = 1; nodes <= GRAPH_NODES && !status; nodes++) {
    struct mtp_graph graph = {.nodes = nodes};
    status = add_nodes(&list, &graph, level, 0);
  }
  if (list.count)
    qsort(list.graphs, list.count, sizeof *list.graphs, compare_graphs);
  *graphs = list.graphs;
  *count = remove_copies(list.graphs, list.count);
  return status;
}
