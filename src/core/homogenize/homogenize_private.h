/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what the solver prepares and the kernels use. */
#ifndef MLGRAIN_HOMOGENIZE_PRIVATE_H
#define MLGRAIN_HOMOGENIZE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/homogenize.h"

enum {
  MOST_FIELDS = 3,    /* the potential, or three displacements */
  CONDUCTIVITIES = 6, /* numbers of a symmetric 3 x 3 tensor: xx yy zz yz xz xy */
  STIFFNESSES = 21,   /* of a symmetric 6 x 6 one: the upper triangle, row by row */
  MOST_COMPONENTS = 6 /* of a strain */
};

/* Corners of voxels, one to each. A field is [n[2]][n[1]][row] numbers; what stands in a row beyond
   n[0] is unspecified. */
struct node_grid {
  size_t n[3];
  size_t row;   /* >= n[0] + 2 and whole cache lines, so that a row can be transformed in place */
  size_t plane; /* n[1] * row */
  size_t field; /* n[2] * plane */
  double scale[3]; /* 1 / spacing */
};

/* out = D^T K (mean + D u) for planes of corners; kinds of D and K: */
enum medium_kind { CONDUCTING_ROTATED, CONDUCTING_FULL, ELASTIC_ROTATED };

struct medium {
  struct node_grid grid;
  enum medium_kind kind;
  int fields, components; /* 1 and 3, or 3 and 6 */
  const int32_t *phase;   /* [voxels] */
  double *table;          /* [phases][numbers] */
  int numbers;            /* CONDUCTIVITIES or STIFFNESSES */
};

struct flux_task {
  const struct medium *medium;
  const double *u;              /* [fields][field] */
  double mean[MOST_COMPONENTS]; /* gradient, or strain with shear as angles, added everywhere */
  double *out;                  /* [fields][field] */
  double *product;              /* [n[2]] sum of u out over a plane, or NULL */
  double *flux_sum;             /* [n[2]][MOST_COMPONENTS] over a plane of voxels, or NULL */
  double *gradient, *flux;      /* [voxels][components], or NULL */
};

/* Planes first .. last - 1 of corners; `work` is the part's own. */
typedef void flux_kernel(const struct flux_task *task, size_t first, size_t last, double *work);

/* u += alpha p, r -= alpha w, w = r in planes of one field. */
typedef void advance_kernel(const struct node_grid *grid, size_t first, size_t last, double alpha,
                            const double *p, double *u, double *r, double *w);
/* The sum of a b over one plane. */
typedef double product_kernel(const struct node_grid *grid, const double *a, const double *b);
/* p = w + beta p in planes of one field. */
typedef void direction_kernel(const struct node_grid *grid, size_t first, size_t last, double beta,
                              const double *w, double *p);

/* Green operators, in a block of wave vectors: columns with the same ky, `count` next to each other
   in kx, all kz. Numbers of kx, ky, kz are indices of wave vectors; squares of sines and cosines of
   pi times index over n, which are 0 exactly where they should be. */
struct green_task {
  size_t count, planes;
  const double *sine[3], *cosine[3]; /* of the angles */
  double scale[3];
  double full;    /* 0: rotated, 1: full integration */
  double norm;    /* on the result */
  double lame[2]; /* lambda and mu of the reference medium */
  int fields;     /* 1: potential, 3: displacements */
  double *block;  /* [fields][planes][count] complex */
  double *factor; /* work space, [count] */
  size_t first_x, y;
};
typedef void green_kernel(const struct green_task *task);

struct homogenize_kernels {
  flux_kernel *flux;
  advance_kernel *advance;
  product_kernel *product;
  direction_kernel *direction;
  green_kernel *green;
};

#define DECLARE_HOMOGENIZE_KERNELS(level)                                                          \
  flux_kernel homogenize_flux_##level;                                                             \
  advance_kernel homogenize_advance_##level;                                                       \
  product_kernel homogenize_product_##level;                                                       \
  direction_kernel homogenize_direction_##level;                                                   \
  green_kernel homogenize_green_##level;
DECLARE_HOMOGENIZE_KERNELS(v2)
DECLARE_HOMOGENIZE_KERNELS(v3)
DECLARE_HOMOGENIZE_KERNELS(v4)

#endif
