/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to mtp_learn. */
#ifndef MLGRAIN_LEARN_PRIVATE_H
#define MLGRAIN_LEARN_PRIVATE_H

#include "mlgrain/images.h"
#include "mlgrain/mtp_learn.h"

/* A cell with periodic images and neighbors. */
struct learn_frame {
  struct mlgrain_images *images;
  int *species; /* [images->count] */
  int *neighbors;
  size_t *first;
};

/* MLGRAIN_OUT_OF_MEMORY, MLGRAIN_INVALID_ARGUMENT, MLGRAIN_NOT_FINITE; to be freed in any case. */
enum mlgrain_status learn_frame_make(const struct mlgrain_mtp_cell *cell, int species_count,
                                     double cutoff, struct learn_frame *frame,
                                     struct mlgrain_error *error);
void learn_frame_free(struct learn_frame *frame);

/* Sums over all that is known, of the coefficients that energies are linear in. */
struct learn_sums {
  double *normal;   /* [linear][linear] H, lower triangle */
  double *gradient; /* [linear] g */
  double *sites;    /* [linear][linear] A, lower triangle */
  double *sketched; /* [rows][linear] Y */
  double *scores;   /* [members][linear] sums of xi g */
};

/* What the fit says of the data that the potential was trained on. */
struct learn_old {
  double *parameters;       /* [parameters] there */
  double *normal;           /* [parameters][parameters] H */
  double *gradient;         /* [parameters] g */
  struct learn_sums linear; /* of these parameters */
};

/* A cell that was learned, a copy. */
struct learned_cell {
  struct mlgrain_mtp_cell cell;
  double weight;
};

struct mlgrain_mtp_learner {
  struct mlgrain_mtp_file *file;
  struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_model *model;
  struct mlgrain_mtp_error_bars *bars;
  struct mlgrain_mtp_weights weights;
  uint64_t seed, drawn; /* drawn: numbers of random numbers so far */
  size_t linear, rows, members;
  struct learn_old old;
  struct learn_sums now; /* with the cells that were learned */
  double *sketch;        /* [rows][linear] S */
  double *member;        /* [members][linear] differences */
  struct learned_cell *cells;
  size_t cell_count, cell_room;
};

/* ---- learn_algebra.c */

/* [count] zeros; NULL: out of memory */
double *learn_numbers(size_t count);
double *learn_copy(const double *from, size_t count);
enum mlgrain_status learn_out_of_memory(struct mlgrain_error *error);

/* right: [rights][n]; -matrix^-1 right, with a ridge of 1e-9 of the diagonal, that of the fit's own
   error bars. Of the matrix the lower triangle is read. */
enum mlgrain_status learn_solve(const double *matrix, const double *right, size_t rights, size_t n,
                                double *solution, struct mlgrain_error *error);

/* y = matrix x, of which the lower triangle is there */
void learn_multiply(const double *matrix, const double *x, size_t n, double *y);

/* The block of the linear coefficients, which are the last of n. */
void learn_take_block(const double *whole, size_t n, size_t linear, double *block);

/* Reserves zeros, or copies of `from` unless it is NULL. */
enum mlgrain_status learn_sums_make(const struct mlgrain_mtp_learner *learner,
                                    const struct learn_sums *from, struct learn_sums *sums);
void learn_sums_free(struct learn_sums *sums);

/* ---- learn_cells.c */

/* Copies cells behind those that there are; they count as learned when cell_count is raised. */
enum mlgrain_status learned_cells_append(struct mlgrain_mtp_learner *learner,
                                         const struct mlgrain_mtp_cell *cells, size_t count,
                                         double weight, struct mlgrain_error *error);
/* Takes out all but the first ones, of `there` that are there. */
void learned_cells_cut(struct mlgrain_mtp_learner *learner, size_t first, size_t there);

/* A cell made ready for training; its labels must be finite. */
enum mlgrain_status learned_cell_open(const struct mlgrain_mtp_learner *learner,
                                      const struct learned_cell *cell,
                                      struct mlgrain_mtp_data **data, struct mlgrain_error *error);

/* Adds the rows of a cell to H [n][n] and g [n] of `unknowns`, with its weight; `rows` and `right`
   are of the same sizes, for work. Adds what it weighs to `loss`. */
enum mlgrain_status learned_cell_add(const struct mlgrain_mtp_learner *learner,
                                     const struct learned_cell *cell,
                                     struct mlgrain_mtp_train_workspace *workspace,
                                     enum mlgrain_mtp_unknowns unknowns, double *rows,
                                     double *right, double *normal, double *gradient, double *loss,
                                     struct mlgrain_error *error);

/* ---- learn_step.c */

/* Learns cells [first, end) of the learner's, beside what is in `sums`, which is freed or becomes
   the learner's. */
enum mlgrain_status learn_cells(struct mlgrain_mtp_learner *learner, struct learn_sums *sums,
                                size_t first, size_t end, struct mlgrain_error *error);

#endif
