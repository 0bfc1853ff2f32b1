/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: graphs of moments turned into products of moments, m[a3] += factor m[a0] m[a1]. */
#ifndef MLGRAIN_MTP_CONTRACTION_H
#define MLGRAIN_MTP_CONTRACTION_H

#include "mtp_graphs.h"

enum {
  CONTRACTION_SIDE = 11, /* exponents of a component: 0 to 10 */
  MOST_WAYS = 32         /* to contract a graph */
};

/* A product: factor m[left] m[right], left <= right. */
struct mtp_contraction_term {
  int left, right, factor;
};

/* Moments that were made of products: number basic_count + k is the sum of the terms first ..
   last-1; two of them never have the same terms. */
struct mtp_contraction_moment {
  size_t first, last;
  size_t next; /* in its bucket, one more than its place */
};

struct mtp_contraction {
  int basic_count;
  int (*number)[CONTRACTION_SIDE][CONTRACTION_SIDE][CONTRACTION_SIDE]; /* [mu] of basic moments */
  struct mtp_contraction_term *terms;
  size_t term_count, term_capacity;
  struct mtp_contraction_moment *moments;
  size_t moment_count, moment_capacity;
  size_t *buckets;
};

/* Makes an empty object; `number` is the caller's. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status mtp_contraction_begin(struct mtp_contraction *contraction);
void mtp_contraction_free(struct mtp_contraction *contraction);

/* Scalars that are equal to that of a graph, made of different products. */
struct mtp_contraction_ways {
  int scalar[MOST_WAYS];
  int count;
};

/* Adds the products of a connected graph in all orders of nodes. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status mtp_contract(struct mtp_contraction *contraction, const struct mtp_graph *graph,
                                 struct mtp_contraction_ways *ways);

/* Chooses one of the ways for each of `count` graphs so that together they need few products,
   writes the numbers of their scalars, and removes all other moments. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status mtp_contraction_choose(struct mtp_contraction *contraction,
                                           const struct mtp_contraction_ways *ways, size_t count,
                                           int *scalar);

/* Finds a place for all moments in the buckets. */
void mtp_contraction_index(struct mtp_contraction *contraction);

/* Number of the moment that is this sum of products, in rising order of (left, right); a new one
   joins the others if need be. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status mtp_contraction_store(struct mtp_contraction *contraction,
                                          const struct mtp_contraction_term *terms, size_t count,
                                          int *number);

#endif
