/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: configurations, products of moments and memory in the form that the kernels of training
   use. Slots of moments and of adjoints are those of mtp/mtp_private.h up to the basic moments;
   products follow, one slot each. */
#ifndef MLGRAIN_MTP_TRAIN_PRIVATE_H
#define MLGRAIN_MTP_TRAIN_PRIVATE_H

#include "mlgrain/mtp_train.h"
#include "mtp/mtp_private.h"

/* factor m[left] m[right] */
struct train_term {
  double factor;
  uint32_t left, right;
};

/* m[slot] is the sum of the terms first .. last-1. */
struct train_product {
  uint32_t slot;
  size_t first, last;
};

/* Numbers of reduced basic moments, in train_plan.numbers, and of recoveries, there too, in the
   order in which moments are recovered. */
struct train_moments {
  size_t first_row, last_row;
  size_t first_recovery, last_recovery;
};

/* What a scalar moment is made of: products (numbers, in rising order). */
struct train_ancestors {
  size_t first, last; /* in train_plan.numbers */
};

/* Scalar moments that depend on the same basic moments: those of each radial function up to the
   highest rank that takes part. */
struct train_support {
  size_t first, last; /* in train_plan.scalar_order */
  struct train_moments moments;
};

/* A dual: the sum over terms first .. middle-1 of m[left] and the dual of `right`, and over terms
   middle .. last-1 of the adjoint of `left` and the change of `right`. */
struct train_return {
  uint32_t slot;
  size_t first, middle, last; /* in train_plan.path_terms */
};

/* How a change of the moments of one radial function goes into products, and from these into duals,
   that is, into changes of adjoints. Each term of a product adds m[left] times the change of
   m[right]; moments that don't change and duals that stay zero do not occur. */
struct train_path {
  struct train_moments own;           /* of the radial function */
  size_t first_product, last_product; /* in train_plan.path_products; terms in path_terms */
  size_t first_return, last_return;   /* in train_plan.returns, in falling order of slots */
  struct train_moments dual;          /* basic moments that have any; recoveries in falling order */
};

struct train_plan {
  uint32_t slots; /* times lanes */
  struct train_product *products;
  size_t product_count;
  struct train_term *terms;
  size_t term_count;
  uint32_t *scalar_slot; /* [scalar_count] */
  struct train_ancestors *scalars;
  uint32_t *scalar_order; /* [scalar_count] scalars by support */
  struct train_support *supports;
  size_t support_count;
  size_t scalar_factors;    /* sum over scalars of the reduced moments they depend on */
  struct train_path *paths; /* [radial_count] */
  struct train_product *path_products;
  struct train_return *returns;
  struct train_term *path_terms;
  uint32_t *numbers;
};

struct mlgrain_mtp_model {
  struct mlgrain_mtp *mtp;
  struct train_plan plan;
  size_t parameter_count;
  size_t radial_parameters, species_parameter, moment_parameter; /* number of the former, places of
                                                                    the latter */
  double *moment_coeffs;                                         /* [scalar_count] */
  enum mlgrain_simd_level level;
  int lanes;
  const struct train_kernels *kernels;
};

/* Whole configurations, as many as keep the arrays in fast memory: their atoms first, then all
   images. */
struct train_block {
  size_t count, total; /* atoms; with images */
  size_t first_frame, frames;
  size_t first_atom; /* among those of all blocks */
  struct mlgrain_mtp_atoms atoms;
  double (*x)[3];  /* [total] */
  int *type;       /* [total] species */
  int *owner;      /* [total] atoms, images those of their atoms */
  int *frame;      /* [count] of the block's */
  int *center;     /* [count] atoms in the order in which they are computed: by species */
  size_t *species; /* [species_count + 1] where a species' centers begin */
  float (*screen)[4];
  struct mtp_buffer lists[3];          /* MTP_LISTS, MTP_LIST_START, MTP_LIST_PARTS */
  double *frame_size;                  /* [frames] atoms */
  double *energy, *energy_weight;      /* [frames] */
  double (*virial)[6], *virial_weight; /* [frames] xx yy zz xy xz yz */
  double (*force)[3], *force_weight;   /* [count] */
};

struct mlgrain_mtp_data {
  struct train_block *blocks;
  size_t block_count, frame_count, atom_count;
  int species_count;
  int *species_of_type;
  size_t most_atoms, most_total, most_frames; /* of a block */
};

enum train_buffer_name {
  TRAIN_CHANGES,    /* [tile][dr, du_x, du_y, du_z][row] of neighbors that move */
  TRAIN_RADIAL,     /* [tile][2 radial functions][row] radial functions that change, and slopes */
  TRAIN_BASIS,      /* [2][row][size] polynomials and slopes of a tile */
  TRAIN_MOMENTS,    /* [slot] moments, and their changes: as many as a kernel needs */
  TRAIN_ADJOINTS,   /* [slot] adjoints, and theirs */
  TRAIN_MIXED,      /* [basic slot] combinations of these */
  TRAIN_ROWS,       /* [tile][2 radial functions][row] what multiplies polynomials and slopes */
  TRAIN_SUMS,       /* [parameter] sums in lanes */
  TRAIN_TARGETS,    /* [total][3] how atoms move */
  TRAIN_RESULT,     /* results of a block: energies, forces, virials */
  TRAIN_GRADIENTS,  /* [row][3] */
  TRAIN_COLUMNS,    /* [parameter][row of a block] */
  TRAIN_SCALED,     /* one column, weighted */
  TRAIN_FRAME_SUMS, /* [parameter][frame] */
  TRAIN_BASIS_SUMS, /* [species][polynomial][reduced moment of a function of all orders] */
  TRAIN_FACTORS, /* [lane] derivatives of elements by reduced moments: mtp_train_factors_kernel.c */
  TRAIN_ELEMENTS, /* [CONTRACTED][column] elements of some parameters */
  TRAIN_MOVES,    /* what mtp_train_moves_kernel.c needs */
  TRAIN_GROUPS,   /* its neighbors by atom */
  TRAIN_RUNS,     /* rows that its columns are */
  TRAIN_BUFFERS
};

struct mlgrain_mtp_train_workspace {
  struct mlgrain_mtp_workspace *mtp;
  struct mtp_buffer buffer[TRAIN_BUFFERS];
};

/* What a kernel works on. */
struct train_task {
  const struct mlgrain_mtp_model *model;
  struct mlgrain_mtp_train_workspace *workspace;
  const struct train_block *block;
};

/* Q = sum over frames of energy E + virial . W (nine components), and over atoms of move . F */
struct train_combination {
  const double *energy;      /* [frames] */
  const double (*move)[3];   /* [total], images as their atoms */
  const double (*virial)[6]; /* [frames] */
};

/* Results for whole configurations; the kernels add. */
struct train_result {
  double *energy;      /* [frames] */
  double (*force)[3];  /* [count] */
  double (*virial)[6]; /* [frames] */
};

/* Columns of the Jacobian of a block: rows of one parameter follow each other, [frames] energies,
   [count][3] forces, [frames][6] virials. */
struct train_columns {
  double *values;
  size_t stride;
  int with_radial; /* or only of the parameters behind the radial ones, whose columns come first */
};

struct train_kernels {
  /* gradient += dQ/dparameter */
  enum mlgrain_status (*combine)(const struct train_task *task,
                                 const struct train_combination *combination, double *gradient);
  /* result += sum over parameters of derivative times change */
  enum mlgrain_status (*change)(const struct train_task *task, const double *change,
                                const struct train_result *result);
  /* All columns. */
  enum mlgrain_status (*columns)(const struct train_task *task,
                                 const struct train_columns *columns);
  /* rows[center][parameter] = dV/dparameter of every atom of the block */
  enum mlgrain_status (*rows)(const struct train_task *task, double *rows);
  /* Lower triangle of normal [n][n] += A A^T, A = values [n][stride]; strides are whole vectors. */
  void (*squares)(const double *values, size_t n, size_t stride, double *normal);
  /* out [rows][out_stride] += A B^T, a [rows][stride], b [columns][stride] */
  void (*products_of_rows)(const double *a, size_t rows, const double *b, size_t columns,
                           size_t stride, double *out, size_t out_stride);
  /* values[i] -= values[i][column] change; returns the largest element, sign dropped, and its row.
     Without change (NULL), only that. */
  double (*exchange)(double *values, size_t rows, size_t stride, const double *change,
                     size_t column, size_t *largest_row);
};

extern const struct train_kernels train_kernels_v2, train_kernels_v3, train_kernels_v4;

/* The kernels of a level, or of the processor's where that is lower. */
const struct train_kernels *train_choose_kernels(enum mlgrain_simd_level level, int *lanes);

enum mlgrain_status train_plan_make(const struct mlgrain_mtp_file *file, const struct mtp_plan *mtp,
                                    uint32_t lanes, struct train_plan *plan);
void train_plan_free(struct train_plan *plan);

/* Rows of a block's columns. */
static inline size_t train_row_count(const struct train_block *block)
{
  return 7 * block->frames + 3 * block->count;
}

/* Lends the short lists of a block to a workspace; before that block is freed or another's are
   lent, they are taken back. */
static inline void train_lend_lists(const struct train_block *block,
                                    struct mlgrain_mtp_workspace *workspace)
{
  for (int k = 0; k < 3; k++)
    workspace->buffer[MTP_LISTS + k] = block->lists[k];
  workspace->listed = block->count;
}

static inline void train_take_lists_back(struct mlgrain_mtp_workspace *workspace)
{
  for (int k = 0; k < 3; k++)
    workspace->buffer[MTP_LISTS + k] = (struct mtp_buffer){NULL, 0};
  workspace->listed = 0;
}

#endif
