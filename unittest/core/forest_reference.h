/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: random forests with thresholds in double precision, walked one row at a time as
   scikit-learn's definition reads, and their model files. */
#ifndef MLGRAIN_FOREST_REFERENCE_H
#define MLGRAIN_FOREST_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "model_builder.h"

#ifdef __cplusplus
extern "C" {
#endif

struct plain_node {
  int feature; /* -1: a leaf */
  double threshold;
  int left, right;
  double value;
  uint64_t number; /* in the model file */
  uint64_t place;  /* of a leaf's value there */
};

struct plain_forest {
  int features, trees, wide;
  struct plain_node **tree; /* [trees] root first */
  int *nodes;               /* [trees] */
  uint64_t *node, *start;   /* tensors of the model file */
  double *values;           /* of a classifier [leaves][classes], rows of sum 1 */
  int classes;              /* 0: no classifier */
  uint64_t words, leaves;
  char *feature_names, *class_names; /* JSON: "f0", "f1", ..., and "c0", "c1", ... */
};

/* Trees of about `inner` inner nodes each (0: single leaves), of random shape; thresholds in
   -1 .. 1, some of them with the exact values of float32. */
struct plain_forest plain_forest_make(int features, int trees, int inner, int wide, uint64_t seed);
void plain_forest_free(struct plain_forest *forest);

/* Makes a classifier of it: leaves get random probabilities, half of them that of one class only.
 */
void plain_forest_classify(struct plain_forest *forest, int classes, uint64_t seed);

/* Tensors and metadata that a forest must have. */
void plain_forest_build(const struct plain_forest *forest, struct builder *builder);

/* The node of a tree that a row ends in. */
const struct plain_node *plain_forest_leaf(const struct plain_forest *forest, int tree,
                                           const double *x);

/* Mean over the trees of a row's probabilities, [classes], and the class of the largest, from 0. */
int plain_forest_class(const struct plain_forest *forest, const double *x, double *probability);

/* A random number in 0 .. 1. */
double plain_random(uint64_t *seed);

#ifdef __cplusplus
}
#endif
#endif
