/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A moment tensor potential as lists for threads that share the work on an atom: each list is cut
   into levels, whose entries don't depend on each other. The core's plan (mtp_private.h) has the
   entries, in an order for one thread. */
#ifndef MLGRAIN_MTP_LISTS_H
#define MLGRAIN_MTP_LISTS_H

#include "mlgrain/mtp.h"

#include <cstdint>
#include <vector>

namespace MLGRAIN_NS {

/* Reduced moments sum over neighbors of f_mu x^a y^b z^c, a = 0 .. length-1, in consecutive slots.
 */
struct MTPStrip {
  int mu, b, c, length, slot;
};

/* m[target] = m[plus] - m[minus[0]] - m[minus[1]] */
struct MTPRecovery {
  int target, plus, minus[2];
};

/* The adjoint of that recovery: adjoint[slot] += sum of sign adjoint[target] over terms
   first .. last-1. */
struct MTPGather {
  int slot, first, last;
};
struct MTPGatherTerm {
  int target;
  double sign;
};

constexpr int MTP_PANEL = 8;

/* Products with a common list of left factors; see struct mtp_panel. */
struct MTPPanel {
  int width, length, partners;
  int own_factors; /* 1: each product has factors of its own, 0: one for all */
  int node[MTP_PANEL];
  double weight[MTP_PANEL];
  int factor, index, partner;
};

/* coefficient * m[slot] */
struct MTPTerm {
  double coefficient;
  int slot;
};

/* V += m[slot] (weight + sum of terms) */
struct MTPQuadratic {
  int slot;
  double weight;
  int first, last;
};

/* A list in levels: entries start[k] .. start[k+1]-1 depend on those before start[k] only. */
template <class T> struct MTPLevels {
  std::vector<T> entry;
  std::vector<int> start;
};

/* m[target] = sum over terms first .. last-1 of factor m[a] m[b], for all moments of the file */
struct MTPProduct {
  int target, first, last;
};
struct MTPProductTerm {
  int a, b;
  double factor;
};

struct MTPLists {
  int slots = 0, reduced = 0, basics = 0, max_rank = 0;
  std::vector<int> strip_start;    // [radial functions + 1]
  std::vector<MTPStrip> strips;
  MTPLevels<MTPRecovery> recovery;
  MTPLevels<MTPGather> gather;    // in the order of the way back
  std::vector<MTPGatherTerm> gather_terms;
  MTPLevels<MTPPanel> stored;
  std::vector<MTPPanel> fused;
  std::vector<double> factors;
  std::vector<int> indices;
  std::vector<MTPTerm> partners, terms;
  std::vector<MTPQuadratic> quadratics;
  /* for grades */
  std::vector<int> basic_slot;    // [basic_count]
  MTPLevels<MTPProduct> products;
  std::vector<MTPProductTerm> product_terms;

  /* Throws std::bad_alloc. */
  explicit MTPLists(const mlgrain_mtp_file *file);
};

}    // namespace MLGRAIN_NS

#endif
