/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A graph is contracted along a tree: its leaves are nodes, and two parts that have been contracted
   are contracted with each other. A part is a tensor whose open indices come in groups, one for
   each node outside that they go to; a group is symmetric, so that its component is given by
   exponents of x, y, z. */
#include "mtp_contraction.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 16, MOST_TREES = 128, EXPONENT_BITS = 4, GROUP_BITS = 3 * EXPONENT_BITS };

/* Exponents of all groups, GROUP_BITS for each node of the graph that a group goes to. Sums of
   groups are sums of keys: no exponent reaches 16. */
typedef uint64_t groups;

struct entry {
  groups key;
  int weight; /* what its moment is multiplied by: how many orders of the open indices it stands
                 for, and what the terms of the moment had in common */
  int moment;
};

struct tensor {
  unsigned nodes; /* bits of the nodes that were contracted */
  struct entry *entries;
  size_t count;
};

/* A term of a new moment. */
struct record {
  groups key;
  int left, right;
  double factor;
};

/* Ways to contract, as nested pairs: number k has node[k] >= 0, or left and right. */
struct trees {
  unsigned nodes[MOST_TREES]; /* bits of the nodes of a part */
  int node[MOST_TREES], left[MOST_TREES], right[MOST_TREES];
  int count;
};

enum mlgrain_status mtp_contraction_begin(struct mtp_contraction *contraction)
{
  contraction->buckets = calloc(BUCKETS, sizeof *contraction->buckets);
  return contraction->buckets ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

void mtp_contraction_free(struct mtp_contraction *contraction)
{
  free(contraction->terms);
  free(contraction->moments);
  free(contraction->buckets);
}

static size_t bucket_of(const struct mtp_contraction_term *terms, size_t count)
{
  uint64_t hash = 14695981039346656037u; /* FNV-1a */
  for (size_t k = 0; k < count; k++) {
    const int values[3] = {terms[k].left, terms[k].right, terms[k].factor};
    for (int i = 0; i < 3; i++)
      hash = (hash ^ (uint64_t)values[i]) * 1099511628211u;
  }
  return (size_t)(hash >> 32) % BUCKETS;
}

static int same_terms(const struct mtp_contraction_term *a, const struct mtp_contraction_term *b,
                      size_t count)
{
  for (size_t k = 0; k < count; k++)
    if (a[k].left != b[k].left || a[k].right != b[k].right || a[k].factor != b[k].factor)
      return 0;
  return 1;
}

/* Makes room for `more` things behind `count`. */
static enum mlgrain_status grow(void **memory, size_t *capacity, size_t count, size_t more,
                                size_t size)
{
  if (count + more <= *capacity)
    return MLGRAIN_SUCCESS;
  const size_t larger = 2 * *capacity + more + 256;
  void *made = realloc(*memory, larger * size);
  if (!made)
    return MLGRAIN_OUT_OF_MEMORY;
  *memory = made;
  *capacity = larger;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status make_room(struct mtp_contraction *contraction, size_t terms)
{
  void *memory = contraction->terms;
  enum mlgrain_status status = grow(&memory, &contraction->term_capacity, contraction->term_count,
                                    terms, sizeof *contraction->terms);
  contraction->terms = memory;
  memory = contraction->moments;
  if (!status)
    status = grow(&memory, &contraction->moment_capacity, contraction->moment_count, 1,
                  sizeof *contraction->moments);
  contraction->moments = memory;
  return status;
}

enum mlgrain_status mtp_contraction_store(struct mtp_contraction *contraction,
                                          const struct mtp_contraction_term *terms, size_t count,
                                          int *number)
{
  size_t *bucket = &contraction->buckets[bucket_of(terms, count)];
  for (size_t k = *bucket; k; k = contraction->moments[k - 1].next) {
    const struct mtp_contraction_moment *moment = &contraction->moments[k - 1];
    if (moment->last - moment->first == count &&
        same_terms(contraction->terms + moment->first, terms, count)) {
      *number = contraction->basic_count + (int)(k - 1);
      return MLGRAIN_SUCCESS;
    }
  }
  if (make_room(contraction, count))
    return MLGRAIN_OUT_OF_MEMORY;
  memcpy(contraction->terms + contraction->term_count, terms, count * sizeof *terms);
  contraction->moments[contraction->moment_count] = (struct mtp_contraction_moment){
      contraction->term_count, contraction->term_count + count, *bucket};
  contraction->term_count += count;
  *number = contraction->basic_count + (int)contraction->moment_count;
  *bucket = ++contraction->moment_count;
  return MLGRAIN_SUCCESS;
}

void mtp_contraction_index(struct mtp_contraction *contraction)
{
  memset(contraction->buckets, 0, BUCKETS * sizeof *contraction->buckets);
  for (size_t k = 0; k < contraction->moment_count; k++) {
    struct mtp_contraction_moment *moment = &contraction->moments[k];
    size_t *bucket =
        &contraction
             ->buckets[bucket_of(contraction->terms + moment->first, moment->last - moment->first)];
    moment->next = *bucket;
    *bucket = k + 1;
  }
}

static groups group_of(int node, const int exponents[3])
{
  const groups bits = (groups)exponents[0] | (groups)exponents[1] << EXPONENT_BITS |
                      (groups)exponents[2] << 2 * EXPONENT_BITS;
  return bits << (GROUP_BITS * node);
}

/* The group that goes to a node, as a group that goes to node 0. */
static groups group_to(groups key, int node)
{
  return key >> (GROUP_BITS * node) & ((1u << GROUP_BITS) - 1);
}

static void exponents_of(groups group, int exponents[3])
{
  for (int d = 0; d < 3; d++)
    exponents[d] = (int)(group >> (EXPONENT_BITS * d)) & ((1 << EXPONENT_BITS) - 1);
}

/* How many orders of indices make a component: (a + b + c)!/(a! b! c!) */
static int multiplicity(const int exponents[3])
{
  double orders = 1.0;
  int all = 0;
  for (int d = 0; d < 3; d++)
    for (int k = 1; k <= exponents[d]; k++)
      orders *= (double)++all / k;
  return (int)lrint(orders);
}

/* Sum of the groups to all nodes of a set. */
static groups sum_to(groups key, unsigned nodes)
{
  groups sum = 0;
  for (int k = 0; k < GRAPH_NODES; k++)
    if (nodes >> k & 1u)
      sum += group_to(key, k);
  return sum;
}

/* The groups to nodes outside a set. */
static groups outside(groups key, unsigned nodes)
{
  for (int k = 0; k < GRAPH_NODES; k++)
    if (nodes >> k & 1u)
      key &= ~(((groups)(1u << GROUP_BITS) - 1) << (GROUP_BITS * k));
  return key;
}

/* Entries of one node: all components of its groups from the one to node `other` on. */
static size_t add_components(const struct mtp_contraction *contraction,
                             const struct mtp_graph *graph, int node, int other, groups key,
                             const int sum[3], int weight, struct entry *entries)
{
  if (other == graph->nodes) {
    const int moment = contraction->number[graph->mu[node]][sum[0]][sum[1]][sum[2]];
    if (entries)
      *entries = (struct entry){key, weight, moment};
    return 1;
  }
  const int rank = graph->edges[node][other];
  size_t count = 0;
  for (int a = rank; a >= 0; a--)
    for (int b = rank - a; b >= 0; b--) {
      const int part[3] = {a, b, rank - a - b};
      const int all[3] = {sum[0] + part[0], sum[1] + part[1], sum[2] + part[2]};
      count += add_components(contraction, graph, node, other + 1, key + group_of(other, part), all,
                              weight * multiplicity(part), entries ? entries + count : NULL);
    }
  return count;
}

static enum mlgrain_status make_node(const struct mtp_contraction *contraction,
                                     const struct mtp_graph *graph, int node, struct tensor *tensor)
{
  static const int none[3] = {0, 0, 0};
  tensor->nodes = 1u << node;
  tensor->count = add_components(contraction, graph, node, 0, 0, none, 1, NULL);
  tensor->entries = malloc(tensor->count * sizeof *tensor->entries);
  if (!tensor->entries)
    return MLGRAIN_OUT_OF_MEMORY;
  add_components(contraction, graph, node, 0, 0, none, 1, tensor->entries);
  return MLGRAIN_SUCCESS;
}

static int is_single(unsigned nodes)
{
  return (nodes & (nodes - 1)) == 0;
}

/* The orders of the summed indices, which both sides count, if they agree on the component; else 0.
   One of the two is a node. */
static int common_orders(const struct tensor *a, const struct tensor *b, groups of_a, groups of_b)
{
  int exponents[3];
  const groups summed = sum_to(of_a, b->nodes);
  if (summed != sum_to(of_b, a->nodes))
    return 0;
  exponents_of(summed, exponents);
  return multiplicity(exponents);
}

static int compare_records(const void *left, const void *right)
{
  const struct record *a = left, *b = right;
  if (a->key != b->key)
    return a->key < b->key ? -1 : 1;
  if (a->left != b->left)
    return a->left < b->left ? -1 : 1;
  return a->right < b->right ? -1 : a->right > b->right;
}

/* All products of entries that agree on what is summed over, in the order of compare_records. */
static enum mlgrain_status list_products(const struct tensor *a, const struct tensor *b,
                                         struct record **records, size_t *count)
{
  const unsigned nodes = a->nodes | b->nodes;
  size_t capacity = 0;
  void *memory = NULL;
  *count = 0;
  for (size_t i = 0; i < a->count; i++)
    for (size_t j = 0; j < b->count; j++) {
      const struct entry *left = &a->entries[i], *right = &b->entries[j];
      const int orders = common_orders(a, b, left->key, right->key);
      if (!orders)
        continue;
      if (grow(&memory, &capacity, *count, 1, sizeof **records)) {
        free(memory);
        return MLGRAIN_OUT_OF_MEMORY;
      }
      struct record *record = (struct record *)memory + (*count)++;
      record->key = outside(left->key, nodes) + outside(right->key, nodes);
      record->left = left->moment < right->moment ? left->moment : right->moment;
      record->right = left->moment < right->moment ? right->moment : left->moment;
      record->factor = (double)left->weight * right->weight / orders;
    }
  *records = memory;
  if (memory)
    qsort(memory, *count, sizeof **records, compare_records);
  return MLGRAIN_SUCCESS;
}

/* The terms of the records first .. last-1, which have one key; equal products are added up. */
static size_t merge_terms(const struct record *records, size_t first, size_t last,
                          struct mtp_contraction_term *terms)
{
  size_t count = 0;
  for (size_t k = first; k < last; count++) {
    const struct record *record = &records[k];
    double factor = 0.0;
    for (; k < last && records[k].left == record->left && records[k].right == record->right; k++)
      factor += records[k].factor;
    terms[count] = (struct mtp_contraction_term){record->left, record->right, (int)lrint(factor)};
  }
  return count;
}

static int common_divisor(int a, int b)
{
  while (b) {
    const int rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* Divides factors, all of them positive, by what they have in common, and returns that. */
static int reduce_factors(struct mtp_contraction_term *terms, size_t count)
{
  int common = 0;
  for (size_t k = 0; k < count; k++)
    common = common_divisor(common, terms[k].factor);
  for (size_t k = 0; k < count && common > 1; k++)
    terms[k].factor /= common;
  return common;
}

/* The tensor of two that have been contracted with each other. */
static enum mlgrain_status join(struct mtp_contraction *contraction, const struct tensor *a,
                                const struct tensor *b, struct tensor *joined)
{
  struct record *records = NULL;
  size_t count = 0;
  enum mlgrain_status status = list_products(a, b, &records, &count);
  if (status)
    return status;
  struct mtp_contraction_term *terms = malloc((count + 1) * sizeof *terms);
  joined->nodes = a->nodes | b->nodes;
  joined->entries = malloc((count + 1) * sizeof *joined->entries);
  joined->count = 0;
  if (!terms || !joined->entries)
    status = MLGRAIN_OUT_OF_MEMORY;
  for (size_t first = 0, last; first < count && !status; first = last) {
    for (last = first; last < count && records[last].key == records[first].key; last++)
      ;
    struct entry *entry = &joined->entries[joined->count++];
    const size_t merged = merge_terms(records, first, last, terms);
    *entry = (struct entry){.key = records[first].key, .weight = 1};
    if (entry->key) /* not the scalar, which is to be that of the graph */
      entry->weight = reduce_factors(terms, merged);
    status = mtp_contraction_store(contraction, terms, merged, &entry->moment);
  }
  free(records);
  free(terms);
  return status;
}

/* ---- the last contraction -----------------------------------------------------------------------

   Of a node or a pair of nodes with a pair: to symmetrize the indices that go to one node takes a
   tensor for each way in which the indices of a pair are shared out. No more is needed than the
   tensor with one group for each node of the pair, whatever it is contracted with. */

enum { PART_NODES = 2 };

struct part {
  int node[PART_NODES], place[PART_NODES]; /* the group of node[i] is that to place[i] */
  int count;
  struct tensor tensor;
};

static int list_nodes(unsigned nodes, int node[PART_NODES])
{
  int count = 0;
  for (int k = 0; k < GRAPH_NODES && count < PART_NODES; k++)
    if (nodes >> k & 1u)
      node[count++] = k;
  return count;
}

/* The tensor of a part, as if all open indices of each of its nodes went to one other node. */
static enum mlgrain_status make_part(struct mtp_contraction *contraction,
                                     const struct mtp_graph *graph, unsigned nodes,
                                     struct part *part)
{
  struct mtp_graph bundled = *graph;
  struct tensor node[PART_NODES] = {{0}};
  bundled.nodes = GRAPH_NODES; /* also where the graph has no other nodes */
  part->count = list_nodes(nodes, part->node);
  list_nodes(~nodes, part->place);
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (int i = 0; i < part->count && !status; i++) {
    int *edges = bundled.edges[part->node[i]], sum = 0;
    for (int k = 0; k < GRAPH_NODES; k++)
      if (!(nodes >> k & 1u)) {
        sum += edges[k];
        edges[k] = 0;
      }
    edges[part->place[i]] = sum;
    status = make_node(contraction, &bundled, part->node[i], &node[i]);
  }
  if (status || part->count == 1)
    part->tensor = node[0];
  else {
    status = join(contraction, &node[0], &node[1], &part->tensor);
    free(node[0].entries);
  }
  free(node[1].entries);
  return status;
}

static int compare_entries(const void *left, const void *right)
{
  const struct entry *a = left, *b = right;
  return a->key < b->key ? -1 : a->key > b->key;
}

static const struct entry *find_entry(const struct part *part, const groups group[PART_NODES])
{
  struct entry wanted = {0};
  for (int i = 0; i < PART_NODES && i < part->count; i++)
    wanted.key |= group[i] << (GROUP_BITS * part->place[i]);
  return bsearch(&wanted, part->tensor.entries, part->tensor.count, sizeof wanted, compare_entries);
}

static int orders_of(groups group)
{
  int exponents[3];
  exponents_of(group, exponents);
  return multiplicity(exponents);
}

/* Edges between two parts: how many there are, and a component of their indices. */
struct between {
  int rank[PART_NODES][PART_NODES];
  groups group[PART_NODES][PART_NODES]; /* [node of the first part][of the second] */
};

static struct record product_of_parts(const struct part *a, const struct part *b,
                                      const struct between *between)
{
  const groups(*group)[PART_NODES] = between->group;
  const groups of_a[] = {group[0][0] + group[0][1], group[1][0] + group[1][1]};
  const groups of_b[] = {group[0][0] + group[1][0], group[0][1] + group[1][1]};
  const struct entry *left = find_entry(a, of_a), *right = find_entry(b, of_b);
  double factor = (double)left->weight * right->weight;
  for (int i = 0; i < PART_NODES; i++) {
    for (int j = 0; j < PART_NODES; j++)
      factor *= orders_of(group[i][j]);
    factor /= (double)orders_of(of_a[i]) * orders_of(of_b[i]);
  }
  const int in_order = left->moment < right->moment;
  return (struct record){0, (in_order ? left : right)->moment, (in_order ? right : left)->moment,
                         factor};
}

/* Products for all components of the edges from number `edge` on; returns how many. */
static size_t add_products_of_parts(const struct part *a, const struct part *b, int edge,
                                    struct between *between, struct record *records)
{
  if (edge == PART_NODES * PART_NODES) {
    if (records)
      *records = product_of_parts(a, b, between);
    return 1;
  }
  const int i = edge / PART_NODES, j = edge % PART_NODES, rank = between->rank[i][j];
  size_t count = 0;
  for (int x = rank; x >= 0; x--)
    for (int y = rank - x; y >= 0; y--) {
      const int exponents[3] = {x, y, rank - x - y};
      between->group[i][j] = group_of(0, exponents);
      count += add_products_of_parts(a, b, edge + 1, between, records ? records + count : NULL);
    }
  return count;
}

static enum mlgrain_status contract_parts(struct mtp_contraction *contraction,
                                          const struct mtp_graph *graph, struct part *a,
                                          struct part *b, struct tensor *scalar)
{
  struct between between = {.rank = {{0}}};
  for (int i = 0; i < a->count; i++)
    for (int j = 0; j < b->count; j++)
      between.rank[i][j] = graph->edges[a->node[i]][b->node[j]];
  qsort(a->tensor.entries, a->tensor.count, sizeof *a->tensor.entries, compare_entries);
  qsort(b->tensor.entries, b->tensor.count, sizeof *b->tensor.entries, compare_entries);
  const size_t count = add_products_of_parts(a, b, 0, &between, NULL);
  struct record *records = malloc(count * sizeof *records);
  struct mtp_contraction_term *terms = malloc(count * sizeof *terms);
  scalar->entries = calloc(1, sizeof *scalar->entries);
  enum mlgrain_status status = MLGRAIN_OUT_OF_MEMORY;
  if (records && terms && scalar->entries) {
    add_products_of_parts(a, b, 0, &between, records);
    qsort(records, count, sizeof *records, compare_records);
    scalar->count = 1;
    scalar->entries[0].weight = 1;
    status = mtp_contraction_store(contraction, terms, merge_terms(records, 0, count, terms),
                                   &scalar->entries[0].moment);
  }
  free(records);
  free(terms);
  return status;
}

static enum mlgrain_status join_parts(struct mtp_contraction *contraction,
                                      const struct mtp_graph *graph, unsigned left, unsigned right,
                                      struct tensor *scalar)
{
  struct part a = {.count = 0}, b = {.count = 0};
  *scalar = (struct tensor){.count = 0};
  enum mlgrain_status status = make_part(contraction, graph, left, &a);
  if (!status)
    status = make_part(contraction, graph, right, &b);
  if (!status)
    status = contract_parts(contraction, graph, &a, &b, scalar);
  free(a.tensor.entries);
  free(b.tensor.entries);
  return status;
}

/* ---- trees -------------------------------------------------------------------------------------
 */

static enum mlgrain_status evaluate(struct mtp_contraction *contraction,
                                    const struct mtp_graph *graph, const struct trees *trees,
                                    int tree, struct tensor *tensor)
{
  struct tensor a = {0}, b = {0};
  memset(tensor, 0, sizeof *tensor);
  if (trees->node[tree] >= 0)
    return make_node(contraction, graph, trees->node[tree], tensor);
  enum mlgrain_status status = evaluate(contraction, graph, trees, trees->left[tree], &a);
  if (!status)
    status = evaluate(contraction, graph, trees, trees->right[tree], &b);
  if (!status)
    status = join(contraction, &a, &b, tensor);
  free(a.entries);
  free(b.entries);
  return status;
}

static int has_edges_between(const struct mtp_graph *graph, unsigned part, unsigned rest)
{
  for (int i = 0; i < graph->nodes; i++)
    for (int j = 0; j < graph->nodes; j++)
      if ((part >> i & 1u) && (rest >> j & 1u) && graph->edges[i][j])
        return 1;
  return 0;
}

/* Lists all ways to contract a set of nodes; returns their number. */
static int list_trees(const struct mtp_graph *graph, unsigned nodes, struct trees *trees,
                      int ways[MOST_TREES])
{
  int count = 0;
  if (is_single(nodes)) {
    for (int k = 0; k < graph->nodes; k++)
      if (nodes >> k & 1u)
        trees->node[trees->count] = k;
    trees->nodes[trees->count] = nodes;
    ways[count++] = trees->count++;
    return count;
  }
  for (unsigned part = 1; part < nodes; part++) {
    const unsigned rest = nodes & ~part;
    if ((part & ~nodes) || part > rest || !has_edges_between(graph, part, rest))
      continue;
    int left[MOST_TREES], right[MOST_TREES];
    const int lefts = list_trees(graph, rest, trees, left);
    const int rights = list_trees(graph, part, trees, right);
    for (int i = 0; i < lefts; i++)
      for (int j = 0; j < rights; j++) {
        trees->node[trees->count] = -1;
        trees->nodes[trees->count] = nodes;
        trees->left[trees->count] = left[i];
        trees->right[trees->count] = right[j];
        ways[count++] = trees->count++;
      }
  }
  return count;
}

/* Whether a set has PART_NODES nodes at most. */
static int fits_part(unsigned nodes)
{
  const unsigned without_one = nodes & (nodes - 1);
  return is_single(without_one);
}

static void add_way(const struct tensor *tensor, struct mtp_contraction_ways *ways)
{
  if (!tensor->count)
    return;
  for (int k = 0; k < ways->count; k++)
    if (ways->scalar[k] == tensor->entries[0].moment)
      return;
  ways->scalar[ways->count++] = tensor->entries[0].moment;
}

/* What one tree gives, with its last contraction done in one way or the other. */
static enum mlgrain_status follow_tree(struct mtp_contraction *contraction,
                                       const struct mtp_graph *graph, const struct trees *trees,
                                       int tree, struct mtp_contraction_ways *ways)
{
  const int inner = trees->node[tree] < 0;
  const unsigned left = inner ? trees->nodes[trees->left[tree]] : 0;
  const unsigned right = inner ? trees->nodes[trees->right[tree]] : 0;
  struct tensor scalar;
  if (is_single(left) || is_single(right)) {
    const enum mlgrain_status status = evaluate(contraction, graph, trees, tree, &scalar);
    if (!status)
      add_way(&scalar, ways);
    free(scalar.entries);
    if (status)
      return status;
  }
  if (!inner || !fits_part(left) || !fits_part(right))
    return MLGRAIN_SUCCESS;
  const enum mlgrain_status status = join_parts(contraction, graph, left, right, &scalar);
  if (!status)
    add_way(&scalar, ways);
  free(scalar.entries);
  return status;
}

enum mlgrain_status mtp_contract(struct mtp_contraction *contraction, const struct mtp_graph *graph,
                                 struct mtp_contraction_ways *ways)
{
  struct trees trees = {.count = 0};
  int tree[MOST_TREES] = {0};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  const int count = list_trees(graph, (1u << graph->nodes) - 1, &trees, tree);
  ways->count = 0;
  for (int k = 0; k < count && !status; k++)
    status = follow_tree(contraction, graph, &trees, tree[k], ways);
  return status;
}
