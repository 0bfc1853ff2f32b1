/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every node of a forest is looked at before the first row is predicted: walks afterwards need no
   test of bounds and always end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "forest_private.h"

struct node {
  uint32_t place; /* the threshold's bits, or the place of a leaf's value */
  uint64_t feature, child;
};

/* A tree while it is checked. */
struct tree {
  const struct mlgrain_forest *forest;
  const uint64_t *node;
  uint64_t count, inner;
  uint64_t *has_parent; /* a bit for each pair of siblings */
};

static struct node decode(const struct tree *tree, uint64_t i)
{
  const uint64_t word = tree->node[i * tree->forest->words];
  if (tree->forest->words == 2)
    return (struct node){(uint32_t)word, word >> 32, tree->node[2 * i + 1]};
  const uint64_t feature = (word >> 32) & ((1u << NARROW_FEATURE_BITS) - 1u);
  return (struct node){(uint32_t)word, feature, word >> (32 + NARROW_FEATURE_BITS)};
}

static float threshold_of(struct node node)
{
  float threshold;
  memcpy(&threshold, &node.place, sizeof threshold);
  return threshold;
}

/* What is wrong with a leaf, NULL if nothing is. */
static const char *fault_of_leaf(const struct tree *tree, struct node node, uint64_t i)
{
  if (node.child != i)
    return "is a leaf, but not its own child";
  if (node.place >= tree->forest->info.values)
    return "is a leaf without a value";
  return i == 1 && node.place != 0 ? "is used" : NULL;
}

/* The same for an inner node; counts it, and marks its children. */
static const char *fault_of_inner(struct tree *tree, struct node node, uint64_t i)
{
  if (node.feature > (uint64_t)tree->forest->info.features)
    return "asks for a feature that doesn't exist";
  if (i == 1)
    return "is used";
  if (node.child <= i)
    return "comes after its children";
  if (node.child % 2 != 0 || node.child > tree->count - 2)
    return "has children that are no pair of this tree";
  if (!isfinite(threshold_of(node)))
    return "has a threshold that is not finite";
  const uint64_t pair = node.child / 2, bit = (uint64_t)1 << (pair % 64);
  if (tree->has_parent[pair / 64] & bit)
    return "shares its children with another";
  tree->has_parent[pair / 64] |= bit;
  tree->inner++;
  return NULL;
}

static enum mlgrain_status check_tree(struct tree *tree, uint64_t number, const char *name,
                                      struct mlgrain_error *error)
{
  const uint64_t leaf = (uint64_t)tree->forest->info.features;
  for (uint64_t i = 0; i < tree->count; i++) {
    const struct node node = decode(tree, i);
    const char *fault =
        node.feature == leaf ? fault_of_leaf(tree, node, i) : fault_of_inner(tree, node, i);
    if (fault)
      return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: node %llu of tree %llu %s", name,
                          (unsigned long long)i, (unsigned long long)number, fault);
  }
  /* Pairs have one parent at most, and parents come first: if the numbers agree, all hang together.
   */
  if (tree->inner != tree->count / 2 - 1)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: tree %llu has nodes without a parent",
                        name, (unsigned long long)number);
  return MLGRAIN_SUCCESS;
}

/* The number of nodes of the largest tree, 0 if the table of trees is malformed. */
static uint64_t largest_tree(const struct mlgrain_forest *forest)
{
  const uint64_t *start = forest->tree_start;
  const uint64_t most = forest->words == 1 ? (uint64_t)1 << (32 - NARROW_FEATURE_BITS) : UINT32_MAX;
  uint64_t largest = 0;
  if (start[0] != 0 || start[forest->info.trees] != forest->info.nodes)
    return 0;
  for (size_t t = 0; t < forest->info.trees; t++) {
    if (start[t + 1] > forest->info.nodes || start[t + 1] <= start[t])
      return 0;
    const uint64_t count = start[t + 1] - start[t];
    if (count % 2 != 0 || count > most)
      return 0;
    largest = count > largest ? count : largest;
  }
  return largest;
}

enum mlgrain_status forest_check(const struct mlgrain_forest *forest, const char *name,
                                 struct mlgrain_error *error)
{
  if (forest->words == 1 && forest->info.features > NARROW_MOST_FEATURES)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: %d features need wide nodes", name,
                        forest->info.features);
  const uint64_t largest = largest_tree(forest);
  if (largest == 0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: tree_start doesn't divide the nodes",
                        name);
  const size_t bytes = (size_t)(largest / 128 + 1) * sizeof(uint64_t);
  uint64_t *has_parent = malloc(bytes);
  if (!has_parent)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", name);
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t t = 0; t < forest->info.trees && !status; t++) {
    const uint64_t first = forest->tree_start[t];
    struct tree tree = {forest, forest->node + first * forest->words,
                        forest->tree_start[t + 1] - first, 0, has_parent};
    memset(has_parent, 0, (size_t)(tree.count / 128 + 1) * sizeof(uint64_t));
    status = check_tree(&tree, t, name, error);
  }
  free(has_parent);
  return status;
}
