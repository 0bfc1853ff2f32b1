/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: a forest prepared for prediction, and the walks down its trees. */
#ifndef MLGRAIN_FOREST_PRIVATE_H
#define MLGRAIN_FOREST_PRIVATE_H

#include <stdint.h>

#include "gaussian.h"
#include "mlgrain/forest.h"

struct json_t;

/* A narrow node is one number: threshold (a float's bits) | feature << 32 | child << 37. A wide one
   is two: threshold | feature << 32, and child. Leaves have the number of features as feature, and
   themselves as child; their threshold is the place of their value. */
enum { NARROW_FEATURE_BITS = 5, NARROW_MOST_FEATURES = 31 };

/* Rows as the trees compare them: [n][stride] floats, the features and then minus infinity, which
   is not greater than any threshold: a row that reaches a leaf stays there. */
struct forest_rows {
  size_t n, stride;
  const float *x;
};

/* Writes the number of the leaf that each row reaches in the tree that begins at `node`. */
typedef void forest_walk(const uint64_t *node, const struct forest_rows *rows, uint32_t *leaf);
forest_walk forest_walk_narrow, forest_walk_wide;

struct mlgrain_forest {
  struct mlgrain_forest_info info;
  const uint64_t *node;
  size_t words; /* of a node: 1 or 2 */
  const uint64_t *tree_start;
  const double *values;       /* [values], or of a classifier [values][classes] */
  struct json_t *class_names; /* array of strings; NULL: no classifier */
  double base, scale;
  const float *range; /* [2][features], or NULL */
  size_t calibration_points;
  const double *calibration_spread, *calibration_error;
  struct gaussian *novelty; /* NULL if the file has none */
  forest_walk *walk;
};

/* Checks tree by tree that nodes have the form that doc/model_format.md demands.
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status forest_check(const struct mlgrain_forest *forest, const char *name,
                                 struct mlgrain_error *error);

#endif
