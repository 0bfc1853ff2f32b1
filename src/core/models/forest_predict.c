/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Predictions for many rows. A tree of 10^5 leaves is larger than the fast caches, so what counts
   is that rows which follow each other take the same way down: trees are taken one after the other
   for a block of rows, and rows in the order of the leaves that they reach in the first tree. Rows
   that are alike to one tree are alike to the others. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "forest_private.h"

/* Rows sorted together; rows whose leaves are looked up while their nodes are still in cache. */
enum { BLOCK = 1 << 20, CHUNK = 1024 };

struct mlgrain_forest_workspace {
  size_t rows, row_capacity;     /* of `order` */
  size_t block_rows, block_size; /* capacity of the rest: rows, floats in `x` */
  size_t sum_size;               /* doubles in `first`, sums included */
  uint32_t *order;               /* [rows] for each block of rows, the order last found */
  uint32_t *key, *place;         /* [2][block_rows] each, for sorting */
  float *x;                      /* [block_rows][stride] */
  double *first, *sum, *sum2;    /* [block_rows] first tree's value; sums of differences from it */
  double *total;                 /* of a classifier, in their place: [block_rows][classes], sums */
};

enum mlgrain_status mlgrain_forest_workspace_create(struct mlgrain_forest_workspace **workspace,
                                                    struct mlgrain_error *error)
{
  *workspace = calloc(1, sizeof **workspace);
  return *workspace ? MLGRAIN_SUCCESS
                    : mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for predictions");
}

static void free_block(struct mlgrain_forest_workspace *workspace)
{
  free(workspace->key);
  free(workspace->x);
  free(workspace->first);
  workspace->key = NULL;
  workspace->x = NULL;
  workspace->first = NULL;
  workspace->block_rows = workspace->block_size = workspace->sum_size = 0;
}

void mlgrain_forest_workspace_free(struct mlgrain_forest_workspace *workspace)
{
  if (!workspace)
    return;
  free_block(workspace);
  free(workspace->order);
  free(workspace);
}

size_t mlgrain_forest_workspace_memory(const struct mlgrain_forest_workspace *workspace)
{
  return sizeof *workspace + workspace->row_capacity * sizeof(uint32_t) +
         workspace->block_rows * 4 * sizeof(uint32_t) + workspace->sum_size * sizeof(double) +
         workspace->block_size * sizeof(float);
}

/* sums: how many a row has. */
static int reserve_block(struct mlgrain_forest_workspace *workspace, size_t rows, size_t stride,
                         size_t sums)
{
  if (rows <= workspace->block_rows && rows * stride <= workspace->block_size &&
      workspace->block_rows * sums <= workspace->sum_size)
    return 1;
  free_block(workspace);
  const size_t size = (rows * stride + 15) / 16 * 16;
  workspace->key = malloc(4 * rows * sizeof(uint32_t));
  workspace->x = aligned_alloc(64, size * sizeof(float));
  workspace->first = malloc(sums * rows * sizeof(double));
  if (!workspace->key || !workspace->x || !workspace->first) {
    free_block(workspace);
    return 0;
  }
  workspace->block_rows = rows;
  workspace->block_size = size;
  workspace->sum_size = sums * rows;
  workspace->place = workspace->key + 2 * rows;
  workspace->sum = workspace->first + rows;
  workspace->sum2 = workspace->sum + rows;
  workspace->total = workspace->first;
  return 1;
}

/* Keeps the order of the last call if it was for as many rows. */
static int reserve(struct mlgrain_forest_workspace *workspace, size_t n, size_t stride, size_t sums)
{
  if (n > workspace->row_capacity) {
    uint32_t *order = realloc(workspace->order, n * sizeof *order);
    if (!order)
      return 0;
    workspace->order = order;
    workspace->row_capacity = n;
  }
  if (n != workspace->rows)
    for (size_t i = 0; i < n; i++)
      workspace->order[i] = (uint32_t)(i % BLOCK);
  workspace->rows = n;
  return reserve_block(workspace, n < BLOCK ? n : BLOCK, stride, sums);
}

/* Rounds a row's features to float32, as its trees compare them; returns its flags. */
static unsigned char convert(const struct mlgrain_forest *forest, const double *features, float *x)
{
  const int count = forest->info.features;
  int not_finite = 0, outside = 0;
  for (int f = 0; f < count; f++) {
    x[f] = (float)features[f];
    not_finite |= !(fabsf(x[f]) <= FLT_MAX);
  }
  x[count] = -INFINITY;
  if (not_finite)
    return MLGRAIN_ROW_NOT_FINITE;
  if (forest->range)
    for (int f = 0; f < count; f++)
      outside |= (x[f] < forest->range[f]) | (x[f] > forest->range[count + f]);
  return outside ? MLGRAIN_ROW_OUT_OF_RANGE : 0;
}

/* A block of rows while it is predicted. */
struct block {
  const struct mlgrain_forest *forest;
  struct mlgrain_forest_workspace *workspace;
  const double *features;
  size_t stride, x_stride;
  size_t rows, good; /* good: rows without NaN or infinity; these come first in `order` */
  uint32_t *order;   /* [rows] */
};

/* Asks for a row that is needed soon: in the order of leaves, none is near the one before. */
static void expect_row(const struct block *block, size_t k)
{
  enum { AHEAD = 12, CACHE_LINE = 64 };
  if (k + AHEAD >= block->rows)
    return;
  const char *row = (const char *)(block->features + block->order[k + AHEAD] * block->stride);
  for (size_t b = 0; b < block->stride * sizeof(double); b += CACHE_LINE)
    __builtin_prefetch(row + b);
}

/* Fills x with the rows in their order; moves those that can't be predicted to the end of it. */
static void convert_rows(struct block *block, unsigned char *flags)
{
  uint32_t *bad = block->workspace->place;
  size_t bad_count = 0;
  block->good = 0;
  for (size_t k = 0; k < block->rows; k++) {
    expect_row(block, k);
    const uint32_t r = block->order[k];
    const unsigned char flag = convert(block->forest, block->features + r * block->stride,
                                       block->workspace->x + block->good * block->x_stride);
    if (flags)
      flags[r] = flag;
    if (flag & MLGRAIN_ROW_NOT_FINITE)
      bad[bad_count++] = r;
    else
      block->order[block->good++] = r;
  }
  memcpy(block->order + block->good, bad, bad_count * sizeof *bad);
}

static void walk(const struct block *block, size_t tree, const float *x, size_t first, size_t count,
                 uint32_t *leaf)
{
  const struct mlgrain_forest *forest = block->forest;
  const struct forest_rows rows = {count, block->x_stride, x + first * block->x_stride};
  forest->walk(forest->node + forest->tree_start[tree] * forest->words, &rows, leaf);
}

/* One pass of a radix sort by 11 bits of the key; rows with equal bits keep their order. */
static void sort_by_bits(size_t n, int shift, const uint32_t *key, const uint32_t *place,
                         uint32_t *sorted_key, uint32_t *sorted_place)
{
  enum { BINS = 1 << 11 };
  uint32_t start[BINS] = {0}, sum = 0;
  for (size_t i = 0; i < n; i++)
    start[(key[i] >> shift) % BINS]++;
  for (int b = 0; b < BINS; b++) {
    const uint32_t count = start[b];
    start[b] = sum;
    sum += count;
  }
  for (size_t i = 0; i < n; i++) {
    const uint32_t to = start[(key[i] >> shift) % BINS]++;
    sorted_key[to] = key[i];
    sorted_place[to] = place[i];
  }
}

/* Brings the good rows into the order of their leaves in the first tree. */
static void sort_rows(struct block *block)
{
  struct mlgrain_forest_workspace *workspace = block->workspace;
  const size_t n = block->good;
  uint32_t *key = workspace->key, *other_key = key + workspace->block_rows;
  uint32_t *place = workspace->place, *other_place = place + workspace->block_rows;
  walk(block, 0, workspace->x, 0, n, key);
  for (size_t i = 0; i < n; i++)
    place[i] = (uint32_t)i;
  const uint64_t nodes = block->forest->tree_start[1];
  for (int shift = 0; shift < 32 && nodes >> shift; shift += 11) {
    sort_by_bits(n, shift, key, place, other_key, other_place);
    uint32_t *swap = key;
    key = other_key;
    other_key = swap;
    swap = place;
    place = other_place;
    other_place = swap;
  }
  for (size_t i = 0; i < n; i++)
    other_place[i] = block->order[place[i]];
  memcpy(block->order, other_place, n * sizeof *block->order);
  for (size_t i = 0; i < n; i++) { /* costs no more than a copy, and no memory */
    expect_row(block, i);
    convert(block->forest, block->features + block->order[i] * block->stride,
            workspace->x + i * block->x_stride);
  }
}

/* Adds a tree's values for rows first .. first+count-1. Sums are of differences from the first
   tree's value, so that the spread doesn't drown in rounding errors where it is small. */
static void add_values(const struct block *block, size_t tree, size_t first, size_t count,
                       const uint32_t *leaf)
{
  const struct mlgrain_forest *forest = block->forest;
  const uint64_t *node = forest->node + forest->tree_start[tree] * forest->words;
  double *origin = block->workspace->first + first;
  double *sum = block->workspace->sum + first, *sum2 = block->workspace->sum2 + first;
  for (size_t i = 0; i < count; i++) {
    const double value = forest->values[(uint32_t)node[leaf[i] * forest->words]];
    if (tree == 0) {
      origin[i] = value;
      sum[i] = sum2[i] = 0.0;
    } else {
      const double difference = value - origin[i];
      sum[i] += difference;
      sum2[i] += difference * difference;
    }
  }
}

/* Adds a tree's probabilities, in the order of the trees from zero on: the sums are scikit-learn's
   to the last bit. */
static void add_probabilities(const struct block *block, size_t tree, size_t first, size_t count,
                              const uint32_t *leaf)
{
  const struct mlgrain_forest *forest = block->forest;
  const uint64_t *node = forest->node + forest->tree_start[tree] * forest->words;
  const size_t classes = (size_t)forest->info.classes;
  double *total = block->workspace->total + first * classes;
  if (tree == 0)
    memset(total, 0, count * classes * sizeof *total);
  for (size_t i = 0; i < count; i++) {
    const double *value =
        forest->values + (size_t)(uint32_t)node[leaf[i] * forest->words] * classes;
    for (size_t k = 0; k < classes; k++)
      total[i * classes + k] += value[k];
  }
}

static void walk_trees(const struct block *block)
{
  uint32_t leaf[CHUNK];
  for (size_t tree = 0; tree < block->forest->info.trees; tree++)
    for (size_t first = 0; first < block->good; first += CHUNK) {
      const size_t count = block->good - first < CHUNK ? block->good - first : CHUNK;
      walk(block, tree, block->workspace->x, first, count, leaf);
      if (block->forest->info.classes)
        add_probabilities(block, tree, first, count, leaf);
      else
        add_values(block, tree, first, count, leaf);
    }
}

/* The error that the calibration expects at a raw spread. */
static double calibrated(const struct mlgrain_forest *forest, double spread)
{
  const double *x = forest->calibration_spread, *y = forest->calibration_error;
  const size_t last = forest->calibration_points - 1;
  if (spread <= x[0])
    return y[0];
  if (spread >= x[last])
    return y[last] * (spread / x[last]);
  size_t i = 1;
  while (x[i] < spread)
    i++;
  return y[i - 1] + (y[i] - y[i - 1]) * ((spread - x[i - 1]) / (x[i] - x[i - 1]));
}

/* Classes and probabilities of the block's rows, at their original places. */
static void write_classes(const struct block *block, const struct mlgrain_forest_output *output)
{
  const size_t classes = (size_t)block->forest->info.classes;
  const double trees = (double)block->forest->info.trees;
  for (size_t k = 0; k < block->good; k++) {
    double *total = block->workspace->total + k * classes;
    size_t best = 0;
    for (size_t c = 0; c < classes; c++) {
      total[c] /= trees;
      best = total[c] > total[best] ? c : best;
    }
    const size_t r = block->order[k];
    if (output->prediction)
      output->prediction[r] = (double)(best + 1);
    if (output->spread)
      output->spread[r] = 1.0 - total[best];
    if (output->probability)
      memcpy(output->probability + r * classes, total, classes * sizeof *total);
  }
}

/* Prediction and spread of the block's rows, at their original places. */
static void write_values(const struct block *block, const struct mlgrain_forest_output *output)
{
  const struct mlgrain_forest *forest = block->forest;
  const struct mlgrain_forest_workspace *workspace = block->workspace;
  const double trees = (double)forest->info.trees;
  const double factor = forest->info.has_spread ? forest->scale : forest->scale * trees;
  for (size_t k = 0; k < block->good; k++) {
    const double mean = workspace->sum[k] / trees;
    if (output->prediction)
      output->prediction[block->order[k]] = forest->base + factor * (workspace->first[k] + mean);
    if (output->spread) {
      const double variance = workspace->sum2[k] / trees - mean * mean;
      const double spread =
          forest->info.has_spread && variance > 0.0 ? fabs(forest->scale) * sqrt(variance) : 0.0;
      output->spread[block->order[k]] =
          forest->info.has_calibration && !output->raw_spread ? calibrated(forest, spread) : spread;
    }
  }
}

/* Nothing is said of rows that can't be predicted but that. */
static void clear_bad_rows(const struct block *block, const struct mlgrain_forest_output *output)
{
  const size_t classes = (size_t)block->forest->info.classes;
  for (size_t k = block->good; k < block->rows; k++) {
    const uint32_t r = block->order[k];
    if (output->prediction)
      output->prediction[r] = 0.0;
    if (output->spread)
      output->spread[r] = 0.0;
    if (output->novelty)
      output->novelty[r] = 0.0;
    if (output->flags)
      output->flags[r] = MLGRAIN_ROW_NOT_FINITE;
    if (output->probability)
      memset(output->probability + r * classes, 0, classes * sizeof(double));
  }
}

/* Novelty of the block's rows, and its flag. */
static void measure_novelty(const struct block *block, const struct mlgrain_forest_output *output,
                            double *z)
{
  const struct mlgrain_forest *forest = block->forest;
  double distance2[GAUSSIAN_ROWS];
  for (size_t first = 0; first < block->rows; first += GAUSSIAN_ROWS) {
    const size_t left = block->rows - first, count = left < GAUSSIAN_ROWS ? left : GAUSSIAN_ROWS;
    gaussian_transpose((size_t)forest->info.features, block->rows, block->features, block->stride,
                       first, z);
    gaussian_distance2(forest->novelty, z, distance2);
    for (size_t r = 0; r < count; r++) {
      const double novelty = sqrt(distance2[r]);
      if (output->novelty)
        output->novelty[first + r] = novelty;
      if (output->flags && novelty > forest->info.novelty_limit)
        output->flags[first + r] |= MLGRAIN_ROW_NOVEL;
    }
  }
}

static enum mlgrain_status predict_novelty(const struct block *block,
                                           const struct mlgrain_forest_output *output,
                                           struct mlgrain_error *error)
{
  const struct mlgrain_forest *forest = block->forest;
  if (!output->novelty && !(output->flags && forest->info.novelty_limit < INFINITY))
    return MLGRAIN_SUCCESS;
  if (!forest->novelty) {
    for (size_t r = 0; r < block->rows && output->novelty; r++)
      output->novelty[r] = 0.0;
    return MLGRAIN_SUCCESS;
  }
  double *z = malloc((size_t)forest->info.features * GAUSSIAN_ROWS * sizeof *z);
  if (!z)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for predictions");
  measure_novelty(block, output, z);
  free(z);
  return MLGRAIN_SUCCESS;
}

/* The output of rows from `first` on. */
static struct mlgrain_forest_output part_of(const struct mlgrain_forest_output *output,
                                            size_t first, size_t classes)
{
  struct mlgrain_forest_output part = *output;
  part.prediction = part.prediction ? part.prediction + first : NULL;
  part.spread = part.spread ? part.spread + first : NULL;
  part.novelty = part.novelty ? part.novelty + first : NULL;
  part.flags = part.flags ? part.flags + first : NULL;
  part.probability = part.probability ? part.probability + first * classes : NULL;
  return part;
}

enum mlgrain_status mlgrain_forest_predict(const struct mlgrain_forest *forest,
                                           struct mlgrain_forest_workspace *workspace, size_t n,
                                           const double *features, size_t stride,
                                           const struct mlgrain_forest_output *output,
                                           struct mlgrain_error *error)
{
  const size_t x_stride = (size_t)forest->info.features + 1;
  const size_t classes = (size_t)forest->info.classes;
  if (n == 0)
    return MLGRAIN_SUCCESS;
  if (!reserve(workspace, n, x_stride, classes ? classes : 3))
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for predictions");
  for (size_t first = 0; first < n; first += BLOCK) {
    struct block block = {.forest = forest,
                          .workspace = workspace,
                          .features = features + first * stride,
                          .stride = stride,
                          .x_stride = x_stride,
                          .rows = n - first < BLOCK ? n - first : BLOCK,
                          .order = workspace->order + first};
    const struct mlgrain_forest_output part = part_of(output, first, classes);
    convert_rows(&block, part.flags);
    sort_rows(&block);
    walk_trees(&block);
    if (classes)
      write_classes(&block, &part);
    else
      write_values(&block, &part);
    const enum mlgrain_status status = predict_novelty(&block, &part, error);
    if (status)
      return status;
    clear_bad_rows(&block, &part);
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_forest_apply(const struct mlgrain_forest *forest, size_t n,
                                         const double *features, size_t stride, uint64_t *leaf,
                                         struct mlgrain_error *error)
{
  const size_t trees = forest->info.trees, x_stride = (size_t)forest->info.features + 1;
  float *x = malloc(CHUNK * x_stride * sizeof *x);
  if (!x)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for predictions");
  const struct block block = {.forest = forest, .x_stride = x_stride};
  uint32_t reached[CHUNK];
  size_t place[CHUNK];
  for (size_t first = 0; first < n; first += CHUNK) {
    const size_t end = first + CHUNK < n ? first + CHUNK : n;
    size_t good = 0;
    for (size_t r = first; r < end; r++)
      if (!(convert(forest, features + r * stride, x + good * x_stride) & MLGRAIN_ROW_NOT_FINITE))
        place[good++] = r;
    memset(leaf + first * trees, 0xff, (end - first) * trees * sizeof *leaf);
    for (size_t tree = 0; tree < trees; tree++) {
      walk(&block, tree, x, 0, good, reached);
      for (size_t i = 0; i < good; i++)
        leaf[place[i] * trees + tree] = reached[i];
    }
  }
  free(x);
  return MLGRAIN_SUCCESS;
}
