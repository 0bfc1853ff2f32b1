/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: what soap.c and soap_table.c prepare and the kernels use. */
#ifndef MLGRAIN_SOAP_PRIVATE_H
#define MLGRAIN_SOAP_PRIVATE_H

#include "cells/cells.h"
#include "mlgrain/soap.h"
#include "soap_radial.h"

enum {
  SOAP_DOUBLE_DEGREE = 6, /* of the polynomials of the table, */
  SOAP_SINGLE_DEGREE = 4, /* and of one of floats */
  SOAP_FUNCTIONS = 72,    /* most functions of a group, unless one l has more */
  SOAP_MOST_M = 2 * MLGRAIN_SOAP_MOST_L + 1,
  SOAP_MOST_TABLE = 1 << 28 /* bytes */
};

/* The functions h_nl of some l, n_max of each, one l after the other, filled up to whole vectors
   with zeros. They are evaluated together. */
struct soap_group {
  int first_l, last_l; /* last excluded */
  int functions;       /* with those that fill up */
  size_t start;        /* of its part of the table, in numbers */
};

/* h_nl(r) by interval and function: in interval i, t = 2 (r / length - i) - 1 and
   h = sum_k coefficient_k t^k. Numbers: [group][vector of functions][interval][degree -
   k][function]; what neighbors at about the same distance want lies together. */
struct soap_table {
  int degree, intervals;
  int vector; /* functions that stand together: as many as the kernel's vectors have lanes */
  double inverse_length;
  size_t numbers;
  struct soap_group group[MLGRAIN_SOAP_MOST_L + 1];
  int groups;
  double *doubles; /* one of them, the other is NULL */
  float *singles;
};

/* Divides l among groups and fills the table; table->vector is given. To be freed whether or not
   this succeeds. MLGRAIN_OUT_OF_MEMORY, MLGRAIN_UNSUPPORTED. */
enum mlgrain_status soap_table_create(struct soap_table *table, const struct soap_radial *radial,
                                      const struct mlgrain_soap_parameters *parameters,
                                      struct mlgrain_error *error);
void soap_table_free(struct soap_table *table);

/* The coefficient of t^k of h_nl in an interval. */
double soap_table_coefficient(const struct soap_table *table, int n_max, int interval, int l, int n,
                              int k);

/* Y_lm(x,y,z) by recurrence: Y_lm = rise z Y_(l-1)m - fall Y_(l-2)m for m <= l - 2, and
   diagonal (x, y) Y_(l-1)(l-1) for m = l. They are made without their norms: then rise and diagonal
   are 1, and sums with them are multiplied by norm. */
struct soap_harmonics {
  double fall[MLGRAIN_SOAP_MOST_L + 1][MLGRAIN_SOAP_MOST_L + 1];
  double norm[MLGRAIN_SOAP_MOST_L + 1][MLGRAIN_SOAP_MOST_L + 1];
};

/* The arguments of mlgrain_soap_compute and mlgrain_soap_visit, checked. */
struct soap_task {
  const struct mlgrain_soap *soap;
  const struct mlgrain_soap_points *points;
  size_t first_cell, last_cell;
  double *descriptor; /* or, if NULL: */
  mlgrain_soap_visitor *visit;
  void *context;
};

typedef enum mlgrain_status soap_kernel(const struct soap_task *task);

struct mlgrain_soap {
  struct mlgrain_soap_parameters parameters;
  double reach;
  soap_kernel *kernel;
  int channels;             /* n_max * species, species outermost */
  size_t pairs;             /* channels * (channels + 1) / 2: a >= b, a outermost */
  size_t pair_step, l_step; /* where p_abl are: in nearly the order of the components */
  size_t products;          /* how many are computed, plus one place that holds 0 */
  double *factor;           /* [products] */
  size_t columns;
  uint32_t *place;                     /* [columns]: which product */
  double central[MLGRAIN_SOAP_MOST_N]; /* of the center in c_n00, its weight included */
  struct soap_harmonics harmonics;
  struct soap_table table;
};

/* Where the kernel puts a component. */
size_t soap_place_of(const struct mlgrain_soap *soap, size_t index);

soap_kernel soap_compute_v2, soap_compute_v3, soap_compute_v4;
soap_kernel soap_compute_single_v2, soap_compute_single_v3, soap_compute_single_v4;

#endif
