/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: templates as the kernel takes them. */
#ifndef MLGRAIN_TEMPLATES_PRIVATE_H
#define MLGRAIN_TEMPLATES_PRIVATE_H

#include "cells/cells.h"
#include "mlgrain/template_match.h"

enum { MOST_NEIGHBORS = 16, MOST_PAIRS = 240 };

/* A pair of template vectors: of those that the crystal's rotations make the same, one. */
struct template_pair {
  double frame[3][3]; /* columns: unit vectors along the sum of both directions, along their
                         difference, and at right angles to these */
  double cosine;      /* of the angle between them */
};

struct template
{
  enum mlgrain_structure structure;
  int count, inner; /* so many of them are an inner shell, well apart from the others; 0: none is */
  double vector[MOST_NEIGHBORS][3];   /* mean length 1 */
  float direction[MOST_NEIGHBORS][3]; /* unit length */
  double square;                      /* sum of |vector|^2 */
  double nearest;                     /* shortest of them */
  double certain; /* with a smaller rmsd^2 every neighbor's nearest vector is the one it has */
  int pair_count;
  struct template_pair pair[MOST_PAIRS];
  int operations;
  double operation[MLGRAIN_MOST_OPERATIONS][4];
};

struct template_task {
  const struct mlgrain_templates *templates;
  const struct mlgrain_cells *cells;
  size_t first_cell, last_cell;
  const unsigned char *chosen;
  struct mlgrain_match *match;
};

typedef enum mlgrain_status template_kernel(const struct template_task *task);

struct mlgrain_templates {
  int count;
  struct template template[MLGRAIN_STRUCTURES];
  double most_rmsd, cutoff;
  template_kernel *kernel;
};

template_kernel template_match_v2, template_match_v3, template_match_v4;

/* Columns: along a + b, a - b, and their cross product, of unit vectors. */
void mlgrain_pair_frame(const double a[3], const double b[3], double frame[3][3]);

#endif
