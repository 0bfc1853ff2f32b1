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

struct mlgrain_mtp_learner {
  struct mlgrain_mtp_file *file;
  struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_model *model;
  struct mlgrain_mtp_error_bars *bars;
  struct mlgrain_mtp_weights weights;
  uint64_t seed, drawn; /* drawn: numbers of random numbers so far */
  size_t linear, rows, members;
  double *normal;   /* [linear][linear] H, lower triangle */
  double *gradient; /* [linear] g */
  double *sites;    /* [linear][linear] A, lower triangle */
  double *sketch;   /* [rows][linear] S */
  double *sums;     /* [rows][linear] Y */
  double *member;   /* [members][linear] differences */
  double *scores;   /* [members][linear] sums of xi g */
};

#endif
