/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns the lists of a file into the form that the kernels use: strips of reduced basic moments,
   the recovery of the others, and products in panels. */
#include <stdlib.h>
#include <string.h>

#include "mtp_private.h"

enum { NO_SLOT = UINT32_MAX, SIDE = MTP_MAX_RANK + 1 };

/* One radial function while its slots are handed out: slot of x^a y^b z^c. */
struct grid {
  uint32_t slot[SIDE][SIDE][SIDE];
};

static int count_strips(const struct mlgrain_mtp_file *file, const int *rank)
{
  int count = 0;
  for (int mu = 0; mu < file->radial_count; mu++)
    count += 2 * rank[mu] + 1 > 0 ? 2 * rank[mu] + 1 : 0;
  return count;
}

/* Strips of all radial functions; rank[mu] is the highest rank of the function's moments, -1 where
   it has none. */
static void make_strips(const struct mlgrain_mtp_file *file, const int *rank, struct mtp_plan *plan)
{
  int count = 0;
  for (int mu = 0; mu < file->radial_count; mu++) {
    plan->strip_start[mu] = count;
    for (int c = 0; c <= 1; c++)
      for (int b = 0; b + c <= rank[mu]; b++) {
        const int length = rank[mu] - b - c + 1;
        plan->strips[count++] = (struct mtp_strip){b, c, length, plan->reduced_count};
        plan->reduced_count += (uint32_t)length;
      }
    if (rank[mu] > plan->max_rank)
      plan->max_rank = rank[mu];
  }
  plan->strip_start[file->radial_count] = count;
}

/* Slot of a moment, with the recovery it needs put before it. */
static uint32_t find_slot(struct mtp_plan *plan, struct grid *grid, int a, int b, int c)
{
  uint32_t *slot = &grid->slot[a][b][c];
  if (*slot == NO_SLOT) {
    struct mtp_recovery recovery;
    recovery.plus = find_slot(plan, grid, a, b, c - 2);
    recovery.minus[0] = find_slot(plan, grid, a + 2, b, c - 2);
    recovery.minus[1] = find_slot(plan, grid, a, b + 2, c - 2);
    recovery.target = *slot = plan->basic_slots++;
    plan->recovery[plan->recovery_count++] = recovery;
  }
  return *slot;
}

static void start_grid(const struct mtp_plan *plan, int mu, struct grid *grid)
{
  memset(grid, 0xff, sizeof *grid);
  for (int s = plan->strip_start[mu]; s < plan->strip_start[mu + 1]; s++) {
    const struct mtp_strip *strip = &plan->strips[s];
    for (int a = 0; a < strip->length; a++)
      grid->slot[a][strip->b][strip->c] = strip->slot + (uint32_t)a;
  }
}

/* Moments of a radial function of that rank: reduced and recovered ones. */
static size_t moments_of_rank(int rank)
{
  const size_t n = (size_t)(rank + 1);
  return n * (n + 1) * (n + 2) / 6;
}

/* Basic moments by radial function: first[mu] .. first[mu+1]-1 in list. */
static void sort_by_function(const struct mlgrain_mtp_file *file, int *first, int *list)
{
  for (int k = 0; k < file->basic_count; k++)
    first[file->basic[k][0] + 1]++;
  for (int mu = 0; mu < file->radial_count; mu++)
    first[mu + 1] += first[mu];
  for (int k = file->basic_count - 1; k >= 0; k--)
    list[--first[file->basic[k][0] + 1]] = k;
  memmove(first, first + 1, (size_t)file->radial_count * sizeof *first);
  first[file->radial_count] = file->basic_count;
}

static enum mlgrain_status place_basics(const struct mlgrain_mtp_file *file, struct mtp_plan *plan)
{
  struct grid *grid = malloc(sizeof *grid);
  int *first = calloc((size_t)file->radial_count + 2, sizeof *first);
  int *list = malloc((size_t)file->basic_count * sizeof *list);
  if (grid && first && list) {
    sort_by_function(file, first, list);
    for (int mu = 0; mu < file->radial_count; mu++) {
      if (first[mu] == first[mu + 1])
        continue;
      start_grid(plan, mu, grid);
      for (int i = first[mu]; i < first[mu + 1]; i++) {
        const int *alpha = file->basic[list[i]];
        plan->basic_slot[list[i]] = find_slot(plan, grid, alpha[1], alpha[2], alpha[3]);
      }
    }
  }
  const int good = grid && first && list;
  free(grid);
  free(first);
  free(list);
  return good ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

static enum mlgrain_status make_basics(const struct mlgrain_mtp_file *file, struct mtp_plan *plan)
{
  const size_t functions = (size_t)file->radial_count;
  int *rank = malloc(functions * sizeof *rank);
  if (!rank)
    return MLGRAIN_OUT_OF_MEMORY;
  size_t moments = 0;
  for (size_t mu = 0; mu < functions; mu++)
    rank[mu] = -1;
  for (int k = 0; k < file->basic_count; k++) {
    const int *alpha = file->basic[k];
    const int sum = alpha[1] + alpha[2] + alpha[3];
    if (sum > rank[alpha[0]])
      rank[alpha[0]] = sum;
  }
  for (size_t mu = 0; mu < functions; mu++)
    moments += moments_of_rank(rank[mu]);
  plan->strip_start = malloc((functions + 1) * sizeof *plan->strip_start);
  plan->strips = malloc(((size_t)count_strips(file, rank) + 1) * sizeof *plan->strips);
  plan->recovery = malloc((moments + 1) * sizeof *plan->recovery);
  plan->basic_slot = malloc(((size_t)file->basic_count + 1) * sizeof *plan->basic_slot);
  const int good = plan->strip_start && plan->strips && plan->recovery && plan->basic_slot;
  if (good)
    make_strips(file, rank, plan);
  free(rank);
  plan->basic_slots = plan->reduced_count;
  return good ? place_basics(file, plan) : MLGRAIN_OUT_OF_MEMORY;
}

/* What a product is to the kernels. */
enum role {
  BASIC,  /* not a product */
  LEAF,   /* enters the energy only: becomes part of a quadratic form */
  FUSED,  /* a factor of leaves only, and those have other stored factors */
  STORED, /* kept in a slot */
};

/* Products while they are sorted. Terms of the file by target: term[first[k]] .. */
struct products {
  const struct mlgrain_mtp_file *file;
  size_t *first;       /* [moments + 1] */
  int *term;           /* [times] */
  int *level;          /* [moments] 0 for basic moments, else one above the factors' */
  double *weight;      /* [moments] factor in the energy */
  enum role *role;     /* [moments] */
  uint32_t *slot;      /* [moments] of all but leaves */
  unsigned char *swap; /* [moments] the common factors are the second ones */
  size_t *leaf_first;  /* [moments + 1] terms of leaves by either factor */
  int *leaf_term;      /* [2 times] */
};

static void products_free(struct products *p)
{
  free(p->first);
  free(p->term);
  free(p->level);
  free(p->weight);
  free(p->role);
  free(p->slot);
  free(p->swap);
  free(p->leaf_first);
  free(p->leaf_term);
}

static enum mlgrain_status products_begin(const struct mlgrain_mtp_file *file, struct products *p)
{
  const size_t moments = (size_t)file->moment_count, times = (size_t)file->times_count + 1;
  *p = (struct products){.file = file};
  p->first = calloc(moments + 2, sizeof *p->first);
  p->term = calloc(times, sizeof *p->term);
  p->level = calloc(moments, sizeof *p->level);
  p->weight = calloc(moments, sizeof *p->weight);
  p->role = calloc(moments, sizeof *p->role);
  p->slot = calloc(moments, sizeof *p->slot);
  p->swap = calloc(moments, sizeof *p->swap);
  p->leaf_first = calloc(moments + 2, sizeof *p->leaf_first);
  p->leaf_term = calloc(2 * times, sizeof *p->leaf_term);
  const int good = p->first && p->term && p->level && p->weight && p->role && p->slot && p->swap &&
                   p->leaf_first && p->leaf_term;
  return good ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

/* Turns counts in first[k+2] into starts: after it, first[k+1]++ hands out places for k, and when
   all are handed out first[k] .. first[k+1]-1 are those of k. */
static void accumulate(size_t *first, int count)
{
  for (int k = 1; k <= count; k++)
    first[k + 1] += first[k];
}

static void sort_terms(struct products *p)
{
  const struct mlgrain_mtp_file *file = p->file;
  for (int t = 0; t < file->times_count; t++)
    p->first[file->times[t][3] + 2]++;
  accumulate(p->first, file->moment_count);
  for (int t = 0; t < file->times_count; t++) {
    const int *a = file->times[t];
    p->term[p->first[a[3] + 1]++] = t;
    for (int k = 0; k < 2; k++)
      if (p->level[a[3]] <= p->level[a[k]])
        p->level[a[3]] = p->level[a[k]] + 1;
  }
  for (int s = 0; s < file->scalar_count; s++)
    p->weight[file->mapping[s]] += file->moment_coeffs[s];
}

/* Sets the roles that follow from the uses alone, FUSED where possible, and sorts the terms of
   leaves by factor. */
static void find_roles(struct products *p)
{
  const struct mlgrain_mtp_file *file = p->file;
  for (int k = 0; k < file->moment_count; k++)
    p->role[k] = k < file->basic_count ? BASIC : LEAF;
  for (int t = 0; t < file->times_count; t++)
    for (int k = 0; k < 2; k++)
      if (p->role[file->times[t][k]] == LEAF)
        p->role[file->times[t][k]] = FUSED;
  for (int t = 0; t < file->times_count; t++) {
    const int *a = file->times[t];
    const int to_leaf = p->role[a[3]] == LEAF;
    for (int k = 0; k < 2; k++)
      if (p->role[a[k]] == FUSED && (!to_leaf || a[0] == a[1]))
        p->role[a[k]] = STORED;
    if (to_leaf)
      for (int k = 0; k < 2; k++)
        p->leaf_first[a[k] + 2]++;
  }
  accumulate(p->leaf_first, file->moment_count);
  for (int t = 0; t < file->times_count; t++)
    if (p->role[file->times[t][3]] == LEAF)
      for (int k = 0; k < 2; k++)
        p->leaf_term[p->leaf_first[file->times[t][k] + 1]++] = t;
}

static int other_factor(const int *times, int k)
{
  return times[0] == k ? times[1] : times[0];
}

/* Of two fused products that meet in a leaf, the one with fewer terms (or, of equals, the earlier)
   gets stored. The order is total, so that of every pair one is. */
static void settle_roles(struct products *p)
{
  for (int k = p->file->basic_count; k < p->file->moment_count; k++) {
    const size_t terms = p->first[k + 1] - p->first[k];
    for (size_t i = p->leaf_first[k]; i < p->leaf_first[k + 1] && p->role[k] == FUSED; i++) {
      const int other = other_factor(p->file->times[p->leaf_term[i]], k);
      const size_t others = p->first[other + 1] - p->first[other];
      if (p->role[other] == FUSED && (others > terms || (others == terms && other > k)))
        p->role[k] = STORED;
    }
  }
}

static void hand_out_slots(struct products *p, struct mtp_plan *plan)
{
  plan->slots = plan->basic_slots;
  for (int k = 0; k < p->file->moment_count; k++) {
    if (p->role[k] == BASIC)
      p->slot[k] = plan->basic_slot[k];
    else if (p->role[k] == STORED)
      p->slot[k] = plan->slots++;
  }
  plan->value_slots = plan->slots;
  for (int k = 0; k < p->file->moment_count; k++)
    if (p->role[k] == FUSED)
      p->slot[k] = plan->value_slots++;
}

/* Leaf terms of moment k that are written down with it: a term goes to its fused factor, else to
   the first one. Returns their number; `terms` may be NULL. */
static size_t list_terms(const struct products *p, int k, struct mtp_term *terms)
{
  size_t count = 0;
  for (size_t i = p->leaf_first[k]; i < p->leaf_first[k + 1]; i++) {
    const int *times = p->file->times[p->leaf_term[i]];
    const int other = other_factor(times, k);
    const double coefficient = p->weight[times[3]] * times[2];
    const int second_visit =
        other == k && i > p->leaf_first[k] && p->leaf_term[i - 1] == p->leaf_term[i];
    if (p->role[other] == FUSED || (p->role[k] != FUSED && times[0] != k) || second_visit ||
        coefficient == 0.0)
      continue;
    if (terms)
      terms[count] = (struct mtp_term){coefficient, (float)coefficient, p->slot[other]};
    count++;
  }
  return count;
}

/* Panels: products of one level and role whose lists of common moments agree; of these, first those
   whose lists of factors agree, too. Fused products are next to those with as many partners. */

enum { WIDE = 4 }; /* panels without factors of their own, if this many products fill them */

struct candidate {
  int moment;
  size_t partners; /* of a fused product */
  uint64_t key;
};

/* Of a panel: fused products wait for all stored ones, whatever their level. */
static int panel_level(const struct products *p, int k)
{
  return p->role[k] == FUSED ? 0 : p->level[k];
}

/* FNV-1a over the common list, with its factors or without, if the common moments are those on
   `side`. */
static uint64_t key_of(const struct products *p, int k, int side, int with_factors)
{
  uint64_t key = 14695981039346656037u;
  const int head[2] = {panel_level(p, k), (int)p->role[k]};
  for (int i = 0; i < 2; i++)
    key = (key ^ (uint64_t)head[i]) * 1099511628211u;
  for (size_t i = p->first[k]; i < p->first[k + 1]; i++) {
    const int *times = p->file->times[p->term[i]];
    key = (key ^ (uint32_t)times[side]) * 1099511628211u;
    if (with_factors)
      key = (key ^ (uint32_t)times[2]) * 1099511628211u;
  }
  return key;
}

static int compare_keys(const void *left, const void *right)
{
  const struct candidate *a = left, *b = right;
  if (a->key != b->key)
    return a->key < b->key ? -1 : 1;
  if (a->partners != b->partners)
    return a->partners < b->partners ? -1 : 1;
  return a->moment < b->moment ? -1 : a->moment > b->moment;
}

/* How many products share each one's list, for common moments on `side`. */
static void count_sharing(const struct products *p, int side, int with_factors,
                          struct candidate *list, size_t count, size_t *sharing)
{
  for (size_t i = 0; i < count; i++)
    list[i].key = key_of(p, list[i].moment, side, with_factors);
  qsort(list, count, sizeof *list, compare_keys);
  for (size_t i = 0, end; i < count; i = end) {
    for (end = i; end < count && list[end].key == list[i].key; end++)
      ;
    for (size_t k = i; k < end; k++)
      sharing[list[k].moment] = end - i;
  }
}

/* Chooses for each product the side on which more others share its list with factors, if they fill
   a panel, else its list. `sharing` has room for four numbers of each moment. */
static void choose_sides(struct products *p, struct candidate *list, size_t count, size_t *sharing)
{
  const size_t moments = (size_t)p->file->moment_count;
  for (int kind = 0; kind < 4; kind++)
    count_sharing(p, kind % 2, kind < 2, list, count, sharing + (size_t)kind * moments);
  for (size_t i = 0; i < count; i++) {
    const int k = list[i].moment;
    const size_t *own = sharing + k;
    const int wide = own[0] >= WIDE || own[moments] >= WIDE;
    p->swap[k] = wide ? own[moments] > own[0] : own[3 * moments] > own[2 * moments];
  }
}

/* True if two products have the same list; hashes alone could agree by chance. */
static int same_list(const struct products *p, int k, int l, int with_factors)
{
  const size_t length = p->first[k + 1] - p->first[k];
  if (panel_level(p, k) != panel_level(p, l) || p->role[k] != p->role[l] ||
      length != p->first[l + 1] - p->first[l])
    return 0;
  for (size_t i = 0; i < length; i++) {
    const int *a = p->file->times[p->term[p->first[k] + i]];
    const int *b = p->file->times[p->term[p->first[l] + i]];
    if (a[p->swap[k]] != b[p->swap[l]] || (with_factors && a[2] != b[2]))
      return 0;
  }
  return 1;
}

/* A panel before its lists are written. */
struct draft {
  int role, level, width;
  int moment[MTP_PANEL_WIDTH];
};

static int compare_drafts(const void *left, const void *right)
{
  const struct draft *a = left, *b = right;
  if (a->role != b->role)
    return a->role < b->role ? -1 : 1;
  if (a->level != b->level)
    return a->level < b->level ? -1 : 1;
  return a->moment[0] < b->moment[0] ? -1 : 1;
}

/* Cuts products that share their lists into panels of at least `narrowest`, from drafts[*made] on.
   What is left over is moved to the front of `list`; returns its number. */
static size_t draft_panels(const struct products *p, int with_factors, int narrowest,
                           struct candidate *list, size_t count, struct draft *drafts, size_t *made)
{
  size_t left = 0;
  for (size_t i = 0; i < count; i++)
    list[i].key = key_of(p, list[i].moment, p->swap[list[i].moment], with_factors);
  qsort(list, count, sizeof *list, compare_keys);
  for (size_t i = 0; i < count;) {
    struct draft *draft = &drafts[*made];
    const struct candidate *own = &list[i];
    const int first = own->moment;
    *draft = (struct draft){.role = p->role[first], .level = panel_level(p, first)};
    while (i < count && draft->width < MTP_PANEL_WIDTH &&
           same_list(p, first, list[i].moment, with_factors))
      draft->moment[draft->width++] = list[i++].moment;
    if (draft->width >= narrowest)
      ++*made;
    else
      for (int k = 0; k < draft->width; k++)
        list[left++] = own[k];
  }
  return left;
}

static enum mlgrain_status choose_panels(struct products *p, struct draft **drafts, size_t *count)
{
  const size_t moments = (size_t)p->file->moment_count;
  struct candidate *list = malloc(moments * sizeof *list);
  size_t *sharing = calloc(4 * moments, sizeof *sharing);
  *drafts = malloc((moments + 1) * sizeof **drafts);
  const int good = list && sharing && *drafts;
  size_t candidates = 0;
  if (good) {
    for (int k = p->file->basic_count; k < p->file->moment_count; k++)
      if (p->role[k] == STORED || p->role[k] == FUSED)
        list[candidates++] =
            (struct candidate){k, p->role[k] == FUSED ? list_terms(p, k, NULL) : 0, 0};
    choose_sides(p, list, candidates, sharing);
    candidates = draft_panels(p, 1, WIDE, list, candidates, *drafts, count);
    draft_panels(p, 0, 1, list, candidates, *drafts, count);
    qsort(*drafts, *count, sizeof **drafts, compare_drafts);
  }
  free(list);
  free(sharing);
  return good ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

/* The part of the energy without fused products: V = sum of m[slot] (weight + sum of terms). */
static void write_quadratics(const struct products *p, struct mtp_plan *plan)
{
  size_t terms = 0;
  for (int k = 0; k < p->file->moment_count; k++) {
    if (p->role[k] == LEAF || p->role[k] == FUSED)
      continue;
    const size_t count = list_terms(p, k, plan->terms + terms);
    if (count || p->weight[k] != 0.0)
      plan->quadratics[plan->quadratic_count++] =
          (struct mtp_quadratic){p->slot[k], p->weight[k], terms, terms + count};
    terms += count;
  }
  plan->term_count = terms;
}

static enum mlgrain_status make_quadratics(const struct products *p, struct mtp_plan *plan)
{
  const size_t moments = (size_t)p->file->moment_count;
  plan->terms = malloc(((size_t)p->file->times_count + 1) * sizeof *plan->terms);
  plan->quadratics = calloc(moments + 1, sizeof *plan->quadratics);
  if (!plan->terms || !plan->quadratics)
    return MLGRAIN_OUT_OF_MEMORY;
  write_quadratics(p, plan);
  return MLGRAIN_SUCCESS;
}

/* A moment in the energy: its terms if it is a leaf, products first .. last-1, else none. */
struct draft_scalar {
  struct mtp_scalar scalar;
  size_t first, last;
  uint32_t left; /* the first slot of its first term */
};

static struct draft_scalar draft_scalar(const struct products *p, int s)
{
  const int k = p->file->mapping[s];
  struct draft_scalar draft = {{(uint32_t)s, p->slot[k]}, 0, 0, p->slot[k]};
  if (p->role[k] == LEAF) {
    draft.first = p->first[k];
    draft.last = p->first[k + 1];
  }
  if (draft.first < draft.last)
    draft.left = p->slot[p->file->times[p->term[draft.first]][0]];
  return draft;
}

/* In order of terms; and of slots, so that neighbors load what is near. */
static int by_terms(const void *a, const void *b)
{
  const struct draft_scalar *x = a, *y = b;
  const size_t nx = x->last - x->first, ny = y->last - y->first;
  if (nx != ny)
    return nx < ny ? -1 : 1;
  if (x->left != y->left)
    return x->left < y->left ? -1 : 1;
  return (x->scalar.index > y->scalar.index) - (x->scalar.index < y->scalar.index);
}

static void write_scalars(const struct products *p, const struct draft_scalar *drafts,
                          struct mtp_plan *plan)
{
  struct mtp_scalar_run *run = plan->scalar_runs;
  for (size_t s = 0; s < plan->scalar_count; s++) {
    const struct draft_scalar *draft = &drafts[s];
    const size_t terms = draft->last - draft->first;
    if (!plan->scalar_run_count || run->terms != terms)
      run = &plan->scalar_runs[plan->scalar_run_count++];
    run->terms = terms;
    run->scalars++;
    plan->scalars[s] = draft->scalar;
    for (size_t i = draft->first; i < draft->last; i++) {
      const int *times = p->file->times[p->term[i]];
      plan->scalar_terms[plan->scalar_term_count++] =
          (struct mtp_product){times[2], p->slot[times[0]], p->slot[times[1]]};
    }
  }
}

static enum mlgrain_status make_scalars(const struct products *p, struct mtp_plan *plan)
{
  const size_t count = (size_t)p->file->scalar_count;
  struct draft_scalar *drafts = malloc((count + 1) * sizeof *drafts);
  size_t terms = 0;
  for (size_t s = 0; s < count && drafts; s++) {
    drafts[s] = draft_scalar(p, (int)s);
    terms += drafts[s].last - drafts[s].first;
  }
  plan->scalar_count = count;
  plan->scalars = calloc(count + 1, sizeof *plan->scalars);
  plan->scalar_runs = calloc(count + 1, sizeof *plan->scalar_runs);
  plan->scalar_terms = calloc(terms + 1, sizeof *plan->scalar_terms);
  const int enough = drafts && plan->scalars && plan->scalar_runs && plan->scalar_terms;
  if (enough) {
    qsort(drafts, count, sizeof *drafts, by_terms);
    write_scalars(p, drafts, plan);
  }
  free(drafts);
  return enough ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

/* Partners of the products of a fused panel, which all get as many as the one that has most: the
   others' lists end with terms of coefficient 0, of their own partners once more, since an adjoint
   that all lists ended with would be added to time and again (order of rows, below). */
static enum mlgrain_status write_partners(const struct products *p, const struct draft *draft,
                                          struct mtp_plan *plan, struct mtp_panel *panel)
{
  size_t most = 0;
  for (int k = 0; k < draft->width; k++) {
    const size_t count = list_terms(p, draft->moment[k], NULL);
    most = count > most ? count : most;
  }
  const size_t width = (size_t)draft->width, needed = most * width;
  struct mtp_term *list = calloc(needed + 1, sizeof *list);
  struct mtp_term *larger =
      realloc(plan->partners, (plan->partner_count + most * width + 1) * sizeof *plan->partners);
  if (larger)
    plan->partners = larger;
  if (list && larger) {
    panel->partner = plan->partner_count;
    panel->partners = (uint32_t)most;
    for (size_t k = 0; k < width; k++) {
      panel->weight[k] = p->weight[draft->moment[k]];
      const size_t count = list_terms(p, draft->moment[k], list + k * most);
      for (size_t i = count; i < most && count; i++)
        list[k * most + i].slot = list[k * most + i - count].slot;
    }
    for (size_t i = 0; i < most; i++)
      for (size_t k = 0; k < width; k++)
        plan->partners[plan->partner_count++] = list[k * most + i];
  }
  free(list);
  return list && larger ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

static void write_panel(const struct products *p, const struct draft *draft, size_t *factor,
                        size_t *index, struct mtp_plan *plan, struct mtp_panel *panel)
{
  const int lead = draft->moment[0];
  *panel = (struct mtp_panel){.width = (uint32_t)draft->width,
                              .length = (uint32_t)(p->first[lead + 1] - p->first[lead]),
                              .factor = *factor,
                              .index = *index};
  for (int k = 0; k < draft->width; k++) {
    panel->node[k] = p->slot[draft->moment[k]];
    panel->own_factors |= !same_list(p, lead, draft->moment[k], 1);
  }
  for (size_t g = 0; g < panel->length; g++) {
    const int *times = p->file->times[p->term[p->first[lead] + g]];
    plan->indices[(*index)++] = p->slot[times[p->swap[lead]]];
    for (int k = 0; k < draft->width; k++) {
      const int moment = draft->moment[k];
      const int *own = p->file->times[p->term[p->first[moment] + g]];
      plan->indices[(*index)++] = p->slot[own[!p->swap[moment]]];
      if (!k || panel->own_factors) {
        plan->factors[*factor] = own[2];
        plan->rounded_factors[(*factor)++] = (float)own[2];
      }
    }
  }
}

/* ---- order of the rows of a panel: the terms with one left factor ------------------------------

   An addition to an adjoint waits for one a moment ago (14 cycles on Zen 5), so that rows with a
   moment in common are kept apart. */

enum { APART = 4, CHOICE = 16 }; /* rows that many apart don't wait; rows to choose from */

/* Of all rows that have been written: which was the last with a moment, by its slot. */
struct row_order {
  size_t *last; /* [slots], 0: none yet */
  size_t written;
};

/* What a row would wait for if it were next. */
static size_t waits(const struct row_order *order, const uint32_t *index, size_t count)
{
  size_t sum = 0;
  for (size_t k = 0; k < count; k++) {
    const size_t last = order->last[index[k]], ago = order->written + 1 - last;
    sum += last && ago < APART ? (APART - ago) * (APART - ago) : 0;
  }
  return sum;
}

static void swap_bytes(void *left, void *right, size_t size)
{
  unsigned char *a = left, *b = right;
  for (size_t i = 0; i < size; i++) {
    const unsigned char byte = a[i];
    a[i] = b[i];
    b[i] = byte;
  }
}

static void order_rows(const struct mtp_panel *panel, struct mtp_plan *plan,
                       struct row_order *order)
{
  const size_t count = panel->width + 1, own = panel->own_factors ? panel->width : 1;
  uint32_t *index = plan->indices + panel->index;
  double *factor = plan->factors + panel->factor;
  float *rounded = plan->rounded_factors + panel->factor;
  for (size_t g = 0; g < panel->length; g++, index += count, factor += own, rounded += own) {
    size_t best = 0, least = SIZE_MAX;
    for (size_t k = 0; k < CHOICE && g + k < panel->length && least; k++) {
      const size_t found = waits(order, index + k * count, count);
      if (found < least) {
        least = found;
        best = k;
      }
    }
    swap_bytes(index, index + best * count, count * sizeof *index);
    swap_bytes(factor, factor + best * own, own * sizeof *factor);
    swap_bytes(rounded, rounded + best * own, own * sizeof *rounded);
    order->written++;
    for (size_t k = 0; k < count; k++)
      order->last[index[k]] = order->written;
  }
}

static enum mlgrain_status make_panels(struct products *p, struct mtp_plan *plan)
{
  struct draft *drafts = NULL;
  struct row_order order = {calloc(plan->slots + 1, sizeof *order.last), 0};
  size_t count = 0, factor = 0, index = 0;
  const size_t times = (size_t)p->file->times_count + 1;
  enum mlgrain_status status = choose_panels(p, &drafts, &count);
  plan->factors = calloc(times, sizeof *plan->factors);
  plan->rounded_factors = calloc(times, sizeof *plan->rounded_factors);
  plan->indices = calloc(2 * times, sizeof *plan->indices);
  plan->stored_panels = malloc((count + 1) * sizeof *plan->stored_panels);
  plan->fused_panels = malloc((count + 1) * sizeof *plan->fused_panels);
  if (!plan->factors || !plan->rounded_factors || !plan->indices || !plan->stored_panels ||
      !plan->fused_panels || !order.last)
    status = MLGRAIN_OUT_OF_MEMORY;
  plan->stored_count = plan->fused_count = 0;
  for (size_t i = 0; i < count && !status; i++) {
    struct mtp_panel *panel = drafts[i].role == STORED ? &plan->stored_panels[plan->stored_count++]
                                                       : &plan->fused_panels[plan->fused_count++];
    write_panel(p, &drafts[i], &factor, &index, plan, panel);
    order_rows(panel, plan, &order);
    if (drafts[i].role == FUSED)
      status = write_partners(p, &drafts[i], plan, panel);
  }
  plan->factor_count = factor;
  plan->index_count = index;
  free(order.last);
  free(drafts);
  return status;
}

/* Multiplies all slots: from places of vectors to places of their first numbers. */
static void scale_slots(struct mtp_plan *plan, const struct mlgrain_mtp_file *file, uint32_t lanes)
{
  for (int s = 0; s < plan->strip_start[file->radial_count]; s++)
    plan->strips[s].slot *= lanes;
  for (size_t k = 0; k < plan->recovery_count; k++) {
    struct mtp_recovery *recovery = &plan->recovery[k];
    recovery->target *= lanes;
    recovery->plus *= lanes;
    recovery->minus[0] *= lanes;
    recovery->minus[1] *= lanes;
  }
  for (int k = 0; k < file->basic_count; k++)
    plan->basic_slot[k] *= lanes;
  for (size_t i = 0; i < plan->stored_count; i++)
    for (uint32_t k = 0; k < plan->stored_panels[i].width; k++)
      plan->stored_panels[i].node[k] *= lanes;
  for (size_t i = 0; i < plan->fused_count; i++)
    for (uint32_t k = 0; k < plan->fused_panels[i].width; k++)
      plan->fused_panels[i].node[k] *= lanes;
  for (size_t i = 0; i < plan->index_count; i++)
    plan->indices[i] *= lanes;
  for (size_t i = 0; i < plan->quadratic_count; i++)
    plan->quadratics[i].slot *= lanes;
  for (size_t i = 0; i < plan->term_count; i++)
    plan->terms[i].slot *= lanes;
  for (size_t i = 0; i < plan->partner_count; i++)
    plan->partners[i].slot *= lanes;
  for (int i = 0; i < file->scalar_count; i++)
    plan->scalars[i].slot *= lanes;
  for (size_t i = 0; i < plan->scalar_term_count; i++) {
    plan->scalar_terms[i].left *= lanes;
    plan->scalar_terms[i].right *= lanes;
  }
}

enum mlgrain_status mtp_plan_make(const struct mlgrain_mtp_file *file, int lanes,
                                  struct mtp_plan *plan)
{
  struct products products;
  enum mlgrain_status status = make_basics(file, plan);
  if (status)
    return status;
  status = products_begin(file, &products);
  if (!status) {
    sort_terms(&products);
    find_roles(&products);
    settle_roles(&products);
    hand_out_slots(&products, plan);
    status = make_panels(&products, plan);
  }
  if (!status)
    status = make_quadratics(&products, plan);
  if (!status)
    status = make_scalars(&products, plan);
  products_free(&products);
  if (!status)
    scale_slots(plan, file, (uint32_t)lanes);
  return status;
}

void mtp_plan_free(struct mtp_plan *plan)
{
  free(plan->strip_start);
  free(plan->strips);
  free(plan->recovery);
  free(plan->basic_slot);
  free(plan->stored_panels);
  free(plan->fused_panels);
  free(plan->factors);
  free(plan->rounded_factors);
  free(plan->indices);
  free(plan->partners);
  free(plan->quadratics);
  free(plan->terms);
  free(plan->scalars);
  free(plan->scalar_runs);
  free(plan->scalar_terms);
}
