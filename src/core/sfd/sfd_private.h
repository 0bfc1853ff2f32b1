/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what sfd.c prepares and the kernels of sfd_kernel.c use. */
#ifndef MLGRAIN_SFD_PRIVATE_H
#define MLGRAIN_SFD_PRIVATE_H

#include "cells/cells.h"
#include "mlgrain/sfd.h"
#include "sfd_coupling.h"

/* Neighbors of weight exp(-700) or less are left out: the kernels' exponential goes no further. */
#define SFD_LARGEST_ARGUMENT 700.0

/* Which products of tensors the invariants need, by ranks. */
enum sfd_product { SFD_222, SFD_224, SFD_332, SFD_334, SFD_442, SFD_444, SFD_PRODUCTS };

/* The arguments of mlgrain_sfd_compute, checked. */
struct sfd_task {
  const struct mlgrain_sfd *sfd;
  const struct mlgrain_cells *cells;
  size_t first_cell, last_cell;
  const unsigned char *chosen;
  const double *weight;
  double *descriptor;
};

typedef enum mlgrain_status sfd_kernel(const struct sfd_task *task);

struct mlgrain_sfd {
  double sigma, cutoff;
  double reach; /* the cutoff, or where the weight falls to exp(-700) if that is nearer */
  sfd_kernel *kernel;
  int columns, column[MLGRAIN_SFD_COUNT]; /* which descriptors are written */
  struct sfd_coupling coupling[SFD_PRODUCTS];
  struct sfd_shift shift[3];
  struct sfd_harmonic harmonic[SFD_MAX_RANK + 1]; /* ranks 2 to 4 are filled */
};

sfd_kernel sfd_compute_v2, sfd_compute_v3, sfd_compute_v4;

#endif
