/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forest_reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double plain_random(uint64_t *seed)
{
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (double)(*seed >> 11) / 9007199254740992.0;
}

static int random_below(uint64_t *seed, int n)
{
  return (int)(plain_random(seed) * n);
}

static void *allocate(size_t count, size_t size)
{
  void *memory = calloc(count ? count : 1, size);
  if (!memory)
    abort();
  return memory;
}

/* Splits random leaves, so that some ways down are long. */
static struct plain_node *make_tree(int features, int inner, uint64_t *seed, int *count)
{
  struct plain_node *node = allocate(2 * (size_t)inner + 1, sizeof *node);
  *count = 1;
  node[0].feature = -1;
  for (int split = 0; split < inner; split++) {
    /* often one of the last nodes: deep trees */
    const int recent = *count > 6 ? 6 : *count;
    int leaf;
    do
      leaf = random_below(seed, 2) ? random_below(seed, *count)
                                   : *count - 1 - random_below(seed, recent);
    while (node[leaf].feature >= 0);
    node[leaf].feature = random_below(seed, features);
    node[leaf].threshold = 2.0 * plain_random(seed) - 1.0;
    if (random_below(seed, 4) == 0)
      node[leaf].threshold = (float)node[leaf].threshold;
    node[leaf].left = *count;
    node[leaf].right = *count + 1;
    node[*count].feature = node[*count + 1].feature = -1;
    *count += 2;
  }
  for (int i = 0; i < *count; i++)
    node[i].value = (double)random_below(seed, 1000) / 7.0 - 50.0;
  return node;
}

/* Numbers for the model file, children after parents, either child first. */
static void number_nodes(struct plain_node *tree, int node, uint64_t *next, uint64_t *seed)
{
  if (tree[node].feature < 0)
    return;
  const int first = random_below(seed, 2) ? tree[node].left : tree[node].right;
  const int second = tree[node].left + tree[node].right - first;
  tree[tree[node].left].number = (*next)++;
  tree[tree[node].right].number = (*next)++;
  number_nodes(tree, first, next, seed);
  number_nodes(tree, second, next, seed);
}

static void write_node(struct plain_forest *forest, uint64_t place, uint32_t low, uint64_t feature,
                       uint64_t child)
{
  if (forest->wide) {
    forest->node[2 * place] = low | feature << 32;
    forest->node[2 * place + 1] = child;
  } else {
    forest->node[place] = low | feature << 32 | child << 37;
  }
}

static void write_tree(struct plain_forest *forest, int t)
{
  struct plain_node *tree = forest->tree[t];
  const uint64_t leaf_mark = (uint64_t)forest->features;
  write_node(forest, forest->start[t] + 1, 0, leaf_mark, 1);
  for (int i = 0; i < forest->nodes[t]; i++) {
    struct plain_node *node = &tree[i];
    const uint64_t place = forest->start[t] + node->number;
    if (node->feature < 0) {
      node->place = forest->leaves;
      write_node(forest, place, (uint32_t)forest->leaves, leaf_mark, node->number);
      forest->values[forest->leaves++] = node->value;
      continue;
    }
    float threshold = (float)node->threshold;
    if (threshold > node->threshold)
      threshold = nextafterf(threshold, -INFINITY);
    uint32_t bits;
    memcpy(&bits, &threshold, sizeof bits);
    write_node(forest, place, bits, (uint64_t)node->feature, tree[node->left].number);
  }
}

static char *make_names(char letter, int count)
{
  char *text = allocate((size_t)count * 16 + 3, 1);
  size_t length = 0;
  for (int i = 0; i < count; i++)
    length += (size_t)sprintf(text + length, "%s\"%c%d\"", i ? "," : "[", letter, i);
  strcpy(text + length, "]");
  return text;
}

struct plain_forest plain_forest_make(int features, int trees, int inner, int wide, uint64_t seed)
{
  struct plain_forest forest = {.features = features, .trees = trees, .wide = wide};
  forest.words = wide ? 2 : 1;
  forest.tree = allocate((size_t)trees, sizeof *forest.tree);
  forest.nodes = allocate((size_t)trees, sizeof *forest.nodes);
  forest.start = allocate((size_t)trees + 1, sizeof *forest.start);
  size_t leaves = 0;
  for (int t = 0; t < trees; t++) {
    const int splits = inner ? inner / 2 + random_below(&seed, inner) : 0;
    uint64_t next = 2;
    forest.tree[t] = make_tree(features, splits, &seed, &forest.nodes[t]);
    number_nodes(forest.tree[t], 0, &next, &seed);
    forest.start[t + 1] = forest.start[t] + next;
    leaves += (size_t)splits + 1;
  }
  forest.node = allocate(forest.start[trees] * forest.words, sizeof *forest.node);
  forest.values = allocate(leaves, sizeof *forest.values);
  for (int t = 0; t < trees; t++)
    write_tree(&forest, t);
  forest.feature_names = make_names('f', features);
  return forest;
}

void plain_forest_classify(struct plain_forest *forest, int classes, uint64_t seed)
{
  free(forest->values);
  forest->classes = classes;
  forest->class_names = make_names('c', classes);
  forest->values = allocate(forest->leaves * (size_t)classes, sizeof *forest->values);
  for (uint64_t leaf = 0; leaf < forest->leaves; leaf++) {
    double *row = forest->values + leaf * (size_t)classes, sum = 0.0;
    const int pure = random_below(&seed, 2), one = random_below(&seed, classes);
    for (int k = 0; k < classes; k++)
      sum += row[k] = pure ? k == one : plain_random(&seed);
    for (int k = 0; k < classes; k++)
      row[k] /= sum;
  }
}

void plain_forest_free(struct plain_forest *forest)
{
  for (int t = 0; t < forest->trees; t++)
    free(forest->tree[t]);
  free(forest->tree);
  free(forest->nodes);
  free(forest->start);
  free(forest->node);
  free(forest->values);
  free(forest->feature_names);
  free(forest->class_names);
}

void plain_forest_build(const struct plain_forest *forest, struct builder *builder)
{
  const uint64_t trees = (uint64_t)forest->trees;
  builder_tensor(builder, "nodes", "U64", forest->wide ? 2 : 1, forest->start[trees], 2, 0,
                 forest->node);
  builder_tensor(builder, "tree_start", "U64", 1, trees + 1, 0, 0, forest->start);
  builder_tensor(builder, "values", "F64", forest->classes ? 2 : 1, forest->leaves,
                 (uint64_t)forest->classes, 0, forest->values);
  builder_metadata(builder, "format", "mlgrain");
  builder_metadata(builder, "version", "1");
  builder_metadata(builder, "kind", forest->classes ? "forest_classifier" : "forest");
  builder_metadata(builder, "classes", forest->class_names);
  builder_metadata(builder, "target", "test");
  builder_metadata(builder, "aggregation", "mean");
  builder_metadata(builder, "features", forest->feature_names);
}

const struct plain_node *plain_forest_leaf(const struct plain_forest *forest, int tree,
                                           const double *x)
{
  const struct plain_node *node = forest->tree[tree];
  while (node->feature >= 0) {
    const int left = (double)(float)x[node->feature] <= node->threshold;
    node = forest->tree[tree] + (left ? node->left : node->right);
  }
  return node;
}

int plain_forest_class(const struct plain_forest *forest, const double *x, double *probability)
{
  int best = 0;
  for (int k = 0; k < forest->classes; k++) {
    probability[k] = 0.0;
    for (int t = 0; t < forest->trees; t++)
      probability[k] +=
          forest->values[plain_forest_leaf(forest, t, x)->place * (size_t)forest->classes + k];
    probability[k] /= forest->trees;
    best = probability[k] > probability[best] ? k : best;
  }
  return best;
}
