/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: a moment tensor potential in the form that the kernels use, and their workspace.
   doc/theory_mtp.md explains the steps. A "slot" is a place in the arrays of moments and of their
   adjoints (derivatives of the energy); its number is that of its first double, so that slots are
   as far apart as a vector has lanes. A "lane" is one center of the block that is computed at a
   time. Slots hold, in this order, reduced basic moments (z exponent 0 or
   1), recovered basic moments (z exponent 2 and more) and stored products; values of fused
   products follow, which have no adjoints. */
#ifndef MLGRAIN_MTP_PRIVATE_H
#define MLGRAIN_MTP_PRIVATE_H

#include <stdint.h>

#include "mlgrain/mtp.h"
#include "mlgrain/mtp_error.h"

enum {
  MTP_MAX_RANK = 20,
  MTP_TILE = 8,        /* rows (neighbors of each lane) that are treated together */
  MTP_PANEL_WIDTH = 8, /* products that are treated together */
  MTP_GRADE_BLOCKS = 4 /* blocks whose grades are computed together */
};

/* Reduced moments of one radial function, sum over neighbors of f_mu x^a y^b z^c for a = 0 ..
   length-1, in consecutive slots. */
struct mtp_strip {
  int b, c, length;
  uint32_t slot;
};

/* m[target] = m[plus] - m[minus[0]] - m[minus[1]], because x^2 + y^2 + z^2 = 1. */
struct mtp_recovery {
  uint32_t target, plus, minus[2];
};

/* coefficient * m[slot] */
struct mtp_term {
  double coefficient;
  float rounded; /* the coefficient, for kernels in single precision */
  uint32_t slot;
};

/* Up to MTP_PANEL_WIDTH products with a common list of left factors:
     product k = sum_g factor[g] m[left[g]] m[right[g][k]]
   or, with own_factors, factor[g][k]. factor[] and index[] = left, right[0..width-1] for each g
   follow each other in the plan. Stored
   products go to slots. Fused ones enter the energy only times stored moments:
     V += product k (weight[k] + sum over i < partners of term[i][k])
   with the terms in plan->partners from `partner` on. */
struct mtp_panel {
  uint32_t width, length, partners, own_factors;
  uint32_t node[MTP_PANEL_WIDTH]; /* slots of the products */
  double weight[MTP_PANEL_WIDTH]; /* fused */
  size_t factor, index, partner;
};

/* V += m[slot] (weight + sum over terms of coefficient m[other]) */
struct mtp_quadratic {
  uint32_t slot;
  double weight;
  size_t first_term, last_term;
};

/* coefficient * m[left] * m[right] */
struct mtp_product {
  double coefficient;
  uint32_t left, right;
};

/* Moment `index` in the energy: m[slot] if it has no terms, else their sum. */
struct mtp_scalar {
  uint32_t index, slot;
};

/* So many of them in a row with as many terms each. */
struct mtp_scalar_run {
  size_t scalars, terms;
};

struct mtp_plan {
  int *strip_start; /* [radial_count + 1] strips of each radial function */
  struct mtp_strip *strips;
  int max_rank;
  uint32_t reduced_count, basic_slots, slots, value_slots; /* numbers, not yet times lanes */
  struct mtp_recovery *recovery;
  size_t recovery_count;
  uint32_t *basic_slot; /* [basic_count] */
  struct mtp_panel *stored_panels, *fused_panels;
  size_t stored_count, fused_count;
  double *factors;
  float *rounded_factors; /* for kernels in single precision */
  size_t factor_count;
  uint32_t *indices;
  size_t index_count;
  struct mtp_term *partners;
  size_t partner_count;
  struct mtp_quadratic *quadratics;
  size_t quadratic_count;
  struct mtp_term *terms; /* of quadratics */
  size_t term_count;
  struct mtp_scalar *scalars; /* [scalar_count] */
  size_t scalar_count;
  struct mtp_scalar_run *scalar_runs; /* in order of terms */
  size_t scalar_run_count;
  struct mtp_product *scalar_terms; /* of one scalar after the other */
  size_t scalar_term_count;
};

/* Rows of a matrix that are multiplied at a time: with MTP_GRADE_BLOCKS sums for each, they fit in
   the registers. */
#define MTP_MATRIX_ROWS(lanes) ((lanes) == 8 ? 6 : 3)

/* The transposed inverse of an active set, of rows that take part for each species of the center:
   mtp_active_set.c. Matrices are in `memory`, [group of `together` rows][column][row], the last
   group filled up with zeros; what they multiply is in brackets.
     skeleton[s]  rows of the inverse, for centers of s [radial columns of s, species, scalars]
     own[s]       dependent rows of s, for centers of s [skeleton of s, radial columns of s]
     foreign[s]   dependent rows of s, for other centers [skeleton of s] */
struct mtp_factored {
  size_t together;
  size_t room;   /* skeleton rows, with those of zeros */
  size_t *first; /* [species_count + 2] where a species' skeleton rows begin, and those of none */
  size_t *skeleton, *own, *foreign;
  double *memory;
};

struct mtp_task {
  const struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_workspace *workspace;
  const struct mlgrain_mtp_atoms *atoms;
  const int *center;
  size_t count;
  struct mlgrain_mtp_result *result;
};

typedef enum mlgrain_status mtp_kernel(const struct mtp_task *task);
typedef enum mlgrain_status mtp_list_kernel(const struct mtp_task *task, double margin);

struct mlgrain_mtp {
  enum mlgrain_mtp_precision precision;
  int species_count, radial_size, radial_count, basic_count, moment_count;
  int scalar_count;
  int repulsive;
  double scaling, min_dist, max_dist, inverse_width; /* 1/(max_dist - min_dist) */
  int radial_powers; /* whether `radial` belongs to powers of xi, else to Chebyshev polynomials */
  double *radial;    /* [species][species][radial_size][radial_count], scaling included */
  double *radial_choices; /* [species][radial_size][radial_count][lanes]: the same with a neighbor's
                             species fastest; NULL for one species, or more than lanes */
  float *rounded_radial, *rounded_choices; /* these for kernels in single precision, else NULL */
  double *species_coeffs;
  int *mapping;
  enum mlgrain_mtp_grade_mode grade_mode;
  double grade_weight;
  int weight_scaling;
  size_t parameter_count;
  int lanes;                     /* of the kernel */
  uint64_t fingerprint;          /* of the file */
  double *active_inverse;        /* or NULL */
  struct mtp_factored *factored; /* or NULL: the active inverse as it is */
  struct mtp_plan plan;
  mtp_kernel *kernel;
  mtp_list_kernel *list_kernel;
};

/* A growing array. */
struct mtp_buffer {
  void *memory;
  size_t size;
};

/* Arrays of a block, in vectors of `lanes` doubles, or floats in single precision. Rows come in
   tiles; in a tile, a quantity of one row follows that of the row before. Quantities of a tile,
   each MTP_TILE vectors: x, y, z of the unit vector, r, 1/r, f_mu, f'_mu. */
enum mtp_buffer_name {
  MTP_LISTS,      /* short lists, one after the other, in order of species */
  MTP_LIST_START, /* [center] size_t, where its list begins */
  MTP_LIST_PARTS, /* [center][2 species + 1] where parts of its list begin, and the last ends: of
                     each species the atoms sure to be inside the cutoff, and the others */
  MTP_UNSORTED,   /* [2][room] atoms, and parts they belong to */
  MTP_INDEX,      /* [lane][room] atoms of the rows */
  MTP_FIRST,      /* [species + 1][lane] rows where species begin and the last ends */
  MTP_TILES,
  MTP_PAIR,       /* [row][lane] pair of species, -1 past the last neighbor */
  MTP_BASIS,      /* Chebyshev polynomials of a row or a tile */
  MTP_MOMENTS,    /* [slot] */
  MTP_ADJOINTS,   /* [slot] */
  MTP_GRADIENTS,  /* [row][3] dV/dd */
  MTP_VALUES,     /* [radial function][row] of a tile: sums of adjoint times monomial */
  MTP_PARAMETERS, /* [waiting block][parameter, then skeleton row] gradients, coefficients */
  MTP_SUMS,       /* [parameter of a species] sums of mtp_rounded_kernel.c, then squares */
  MTP_ROUNDED,    /* struct mtp_rounded: gradients of all that wait, and what bounds need */
  MTP_SUSPECTS,   /* struct mtp_suspect */
  MTP_SCALARS,    /* [scalar] moments that enter the energy, for leverages */
  /* In single precision, two lanes to a center (mtp_member_lanes.h), for forces of members: */
  MTP_MEMBER_TILES,
  MTP_MEMBER_MOMENTS,   /* [slot] */
  MTP_MEMBER_ADJOINTS,  /* [pair][slot] */
  MTP_MEMBER_GRADIENTS, /* [row][3] */
  MTP_BUFFERS
};

struct mlgrain_mtp_workspace {
  struct mtp_buffer buffer[MTP_BUFFERS];
  size_t listed; /* centers that have short lists */
};

enum { MTP_SKETCH_ROWS = 8 }; /* that are multiplied at a time */

/* Error bars as the kernels use them. Coefficients of members are differences to the potential's,
   in pairs of members: one number of each. */
struct mlgrain_mtp_error_bars {
  char *name;
  void *metadata;      /* what mlgrain_mtp_error_metadata reads */
  size_t sketch_parts; /* of MTP_SKETCH_ROWS rows, the last filled up with zeros */
  double *sketch;      /* [part][species, then scalars][MTP_SKETCH_ROWS] */
  double leverage_edge;
  int members;
  size_t levels;
  double *level;        /* [levels] confidence, growing */
  double *factor;       /* [members/2][levels] */
  struct mtp_plan plan; /* for single precision, without coefficients that mean anything */
  float *quadratic;     /* [pair][quadratic][2] */
  float *term;          /* [pair][term of a quadratic form][2] */
  float *partner;       /* [pair][partner][2] */
  float *fused;         /* [pair][fused panel][MTP_PANEL_WIDTH][2] */
};

/* What rounding may add to the difference of two ways to compute a coefficient: products with the
   inverse lose up to eleven digits of sixteen. */
#define MTP_BOUND_SLACK 1e-3

/* Rows of the matrices of bounds that are multiplied together. */
enum { MTP_BOUND_ROWS = 6 };

/* Rows with room for the last that are multiplied together. */
static inline size_t mtp_bound_room(size_t rows)
{
  return (rows + MTP_BOUND_ROWS - 1) / MTP_BOUND_ROWS * MTP_BOUND_ROWS;
}

/* Rows of a basis in groups, and with room for the last that are multiplied together. */
enum { MTP_PRINCIPAL_ROWS = 16 };
static inline size_t mtp_principal_room(size_t rows)
{
  return (rows + 63) / 64 * 64;
}

/* Of some rows of a basis: max_k W_k |V_k|_2, and max_k W_k r_k. */
struct mtp_lengths {
  float reach, weight;
};

/* Of mlgrain/mtp_bounds.h, with its symbols. */
struct mlgrain_mtp_grade_bounds {
  size_t parameters, species, known_count, directions;
  size_t columns; /* in a row without a sum in double precision */
  size_t rows;    /* of the matrix, a multiple of MTP_BOUND_ROWS */
  double *mean;   /* [species][parameter] v0, numbers that floats have */
  float *matrix;  /* [rows][parameter] V^T W^-1 X, known rows of X, f S^T T W^-1 X */
  double *offset; /* [species][row] the matrix times v0 */
  float *inverse; /* [room for parameters][parameter] X, then zeros */
  double *origin; /* [species][parameter] X v0 */
  /* [direction][room for parameters] W V, then W r; those with the largest W_k |V_k|_2 first, zero
     in known rows */
  float *basis;
  struct mtp_lengths *lengths; /* of all rows, of all but the first group, ..., of none */
  /* What rounding errors do to bounds and coefficients is below |product_error v|_1 in the product,
     |entry_error v|_2 from entries of a gradient, and the root of the sum over radial functions of
     sum_error times the squares of what is summed: */
  float *product_error; /* [parameter] */
  float *entry_error;   /* [parameter] */
  double *sum_error;    /* [species][radial function] */
  size_t *known;        /* [known_count] parameters */
};

/* idle[k] = 1 if the coefficient of row k is 0 whatever the neighborhood, else 0; with an active
   set. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status mtp_find_idle_rows(const struct mlgrain_mtp *mtp, int *idle);

/* The active inverse with rows as short as multiples of idle ones make them, in units where
   parameter l is divided by scale[l] > 0; idle ones are zero. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status mtp_shortest_inverse(const struct mlgrain_mtp *mtp, const int *idle,
                                         const double *scale, double *inverse);

/* f of a sketch with an even number of columns. */
double mtp_sketch_factor(size_t count, size_t dimensions, double probability);

enum { TILE_X, TILE_Y, TILE_Z, TILE_R, TILE_INVERSE, TILE_RADIAL };

/* Makes room for `size` bytes, aligned to a cache line; the content is lost if it grows. */
enum mlgrain_status mtp_reserve(struct mtp_buffer *buffer, size_t size);

enum mlgrain_status mtp_plan_make(const struct mlgrain_mtp_file *file, int lanes,
                                  struct mtp_plan *plan);
void mtp_plan_free(struct mtp_plan *plan);

/* Makes what of a file is changed for kernels in single precision: all radial functions of about
   the same size, 1, so that no product of moments leaves the range of floats. Energies are the
   same: factors are powers of two. The result shares all arrays with `file` but radial_coeffs and
   moment_coeffs. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status mtp_rescale(const struct mlgrain_mtp_file *file,
                                struct mlgrain_mtp_file *rescaled);
void mtp_rescaled_free(struct mlgrain_mtp_file *rescaled);

/* Whether all numbers of a plan fit into floats. */
int mtp_plan_fits_floats(const struct mtp_plan *plan);

/* Makes *factored, NULL if the active set has no structure that pays. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status mtp_factor_active_set(const struct mlgrain_mtp_file *file, int lanes,
                                          struct mtp_factored **factored);
void mtp_factored_free(struct mtp_factored *factored); /* NULL is allowed */

mtp_kernel mtp_compute_v2, mtp_compute_v3, mtp_compute_v4;
mtp_kernel mtp_compute_single_v2, mtp_compute_single_v3, mtp_compute_single_v4;
mtp_list_kernel mtp_shorten_v2, mtp_shorten_v3, mtp_shorten_v4;

#endif
