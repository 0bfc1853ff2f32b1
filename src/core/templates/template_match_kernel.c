/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matching of neighbors and templates, compiled once per SIMD level; loops over MOST_NEIGHBORS
   lanes become vector instructions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector.h"
#include "base/vector3.h"
#include "cells/candidates.h"
#include "templates_private.h"

/* Directions at angles whose cosines differ by more than this are not laid on each other. */
static const double COSINE_TOLERANCE = 0.2;
/* A match this good is the best of its template, and no other of as many neighbors is better (the
   rmsd of perfect fcc from hcp is 0.26). */
static const double GOOD_RMSD = 0.12;
/* With another number of neighbors none is better than this (perfect bcc is 0.146 from fcc). */
static const double GOOD_RMSD_OF_ANY = 0.07;
/* Without a good match, so many neighbors are tried as the first of the pair. */
enum { FIRST_TRIED = 2 };

/* The nearest neighbors of an atom, nearest first. */
struct shell {
  int count;
  double d[MOST_NEIGHBORS][3], square[MOST_NEIGHBORS];
  double u[MOST_NEIGHBORS][3];                                   /* unit vectors */
  float x[MOST_NEIGHBORS], y[MOST_NEIGHBORS], z[MOST_NEIGHBORS]; /* the same */
};

/* Puts a neighbor in its place among those there are; the last of too many falls out. */
static void insert(struct shell *shell, double x, double y, double z, double square)
{
  int k = shell->count;
  if (k == MOST_NEIGHBORS) {
    if (square >= shell->square[k - 1])
      return;
    k--;
  } else {
    shell->count++;
  }
  for (; k > 0 && shell->square[k - 1] > square; k--) {
    shell->square[k] = shell->square[k - 1];
    memcpy(shell->d[k], shell->d[k - 1], sizeof shell->d[k]);
  }
  shell->square[k] = square;
  shell->d[k][0] = x;
  shell->d[k][1] = y;
  shell->d[k][2] = z;
}

/* Points at the center itself are not its neighbors. */
static void find_shell(const struct points *candidates, double reach2, double cx, double cy,
                       double cz, struct shell *shell)
{
  const vector far = vector_set(reach2);
  shell->count = 0;
  for (size_t j = 0; j < candidates->count; j += WIDTH) {
    const vector dx = vector_load(candidates->x + j) - cx;
    const vector dy = vector_load(candidates->y + j) - cy;
    const vector dz = vector_load(candidates->z + j) - cz;
    const vector square = dx * dx + dy * dy + dz * dz;
    for (unsigned bits = vector_less_bits(square, far); bits; bits &= bits - 1) {
      const int lane = __builtin_ctz(bits);
      if (square[lane] > 0.0)
        insert(shell, dx[lane], dy[lane], dz[lane], square[lane]);
    }
  }
  for (int k = 0; k < MOST_NEIGHBORS; k++) {
    const int is_there = k < shell->count;
    const double inverse = is_there ? 1.0 / sqrt(shell->square[k]) : 0.0;
    for (int d = 0; d < 3; d++)
      shell->u[k][d] = is_there ? shell->d[k][d] * inverse : 0.0;
    shell->x[k] = (float)shell->u[k][0];
    shell->y[k] = (float)shell->u[k][1];
    shell->z[k] = (float)shell->u[k][2];
  }
}

/* Of the first N neighbors the one whose direction is most at right angles to that of `first`. */
static int find_second(const struct shell *shell, int first, int count)
{
  double least = 2.0;
  int second = -1;
  for (int k = 0; k < count; k++) {
    const double cosine = fabs(dot3(shell->u[first], shell->u[k]));
    if (k != first && cosine < least) {
      least = cosine;
      second = k;
    }
  }
  return second;
}

/* One number of type float for each neighbor, in as many vectors as it takes. */
enum { LANES = 2 * WIDTH, BLOCKS = (MOST_NEIGHBORS + LANES - 1) / LANES };
typedef float floats __attribute__((vector_size(4 * LANES)));
typedef int32_t integers __attribute__((vector_size(4 * LANES)));

/* For the neighbors from `first` on, the template vectors that are nearest in direction. */
static integers find_nearest(const struct template *template, const struct shell *shell,
                             const float (*turned)[3], int first)
{
  floats x, y, z, best = {0.0f}, outer = {0.0f};
  integers found = {0};
  memcpy(&x, shell->x + first, sizeof x);
  memcpy(&y, shell->y + first, sizeof y);
  memcpy(&z, shell->z + first, sizeof z);
  best -= 8.0f;
  for (int lane = 0; lane < LANES; lane++)
    outer[lane] = first + lane < template->inner ? 0.0f : 4.0f;
  for (int t = 0; t < template->count; t++) {
    const floats cosine = turned[t][0] * x + turned[t][1] * y + turned[t][2] * z;
    /* those in the other shell are farther than any */
    const floats nearness = cosine - (t < template->inner ? outer : 4.0f - outer);
    const integers is_better = nearness > best;
    best = (floats)((is_better & (integers)nearness) | (~is_better & (integers)best));
    found = (is_better & t) | (~is_better & found);
  }
  return found;
}

/* The template vector nearest in direction to each neighbor, of those in the same shell, for the
   rotation m; whether each is taken once. */
static int assign(const struct template *template, const struct shell *shell, const double m[3][3],
                  int32_t place[MOST_NEIGHBORS])
{
  float turned[MOST_NEIGHBORS][3];
  for (int t = 0; t < template->count; t++) {
    const float *v = template->direction[t];
    for (int d = 0; d < 3; d++)
      turned[t][d] = (float)m[d][0] * v[0] + (float)m[d][1] * v[1] + (float)m[d][2] * v[2];
  }
  for (int b = 0; b < BLOCKS; b++) {
    const integers found = find_nearest(template, shell, (const float(*)[3])turned, b * LANES);
    memcpy(place + b * LANES, &found, sizeof found);
  }
  unsigned taken = 0;
  for (int k = 0; k < template->count; k++)
    taken |= 1u << place[k];
  return taken == (1u << template->count) - 1u;
}

/* R of m = R S, S symmetric: X <- (X + X^-T) / 2. 0 if m has no positive determinant. */
static int polar(double m[3][3])
{
  for (int step = 0; step < 20; step++) {
    double cofactor[3][3];
    for (int k = 0; k < 3; k++)
      cross3(m[(k + 1) % 3], m[(k + 2) % 3], cofactor[k]);
    const double determinant = dot3(m[0], cofactor[0]);
    if (!(determinant > 1e-30))
      return 0;
    /* first to determinant 1, which saves steps */
    const double scale = step ? 1.0 : 1.0 / cbrt(determinant);
    const double other = step ? 1.0 / determinant : 1.0 / (scale * determinant);
    double change = 0.0;
    for (int k = 0; k < 3; k++)
      for (int d = 0; d < 3; d++) {
        const double next = 0.5 * (scale * m[k][d] + other * cofactor[k][d]);
        change = fmax(change, fabs(next - m[k][d]));
        m[k][d] = next;
      }
    if (change < 1e-9) /* the next step would change its square */
      return 1;
  }
  return 0;
}

/* Sum of |d_k - c|^2, the atom itself among the points. */
static double size_of(const struct shell *shell, int count)
{
  double sum = 0.0, center[3] = {0.0, 0.0, 0.0};
  for (int k = 0; k < count; k++) {
    sum += shell->square[k];
    for (int d = 0; d < 3; d++)
      center[d] += shell->d[k][d];
  }
  return sum - dot3(center, center) / (count + 1);
}

/* The best rotation for an assignment, in place of m, its rmsd^2, and the scale s. Templates have
   their center of mass at 0, so that c drops out of sum (d_k - c) t_k^T. */
static double fit(const struct template *template, const struct shell *shell, double size,
                  const int32_t place[MOST_NEIGHBORS], double m[3][3], double *scale)
{
  double product[3][3] = {{0.0}};
  for (int k = 0; k < template->count; k++) {
    const double *t = template->vector[place[k]];
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        product[i][j] += shell->d[k][i] * t[j];
  }
  memcpy(m, product, sizeof product);
  if (!polar(m))
    return HUGE_VAL;
  double trace = 0.0;
  for (int i = 0; i < 3; i++)
    trace += dot3(m[i], product[i]);
  *scale = trace / size;
  return fmax(0.0, template->square - trace * trace / size) / (template->count + 1);
}

struct best {
  double square, scale, m[3][3];
  const struct template *template;
};

/* From a rotation that lays two neighbors on two template vectors. */
static void try_rotation(const struct template *template, const struct shell *shell, double size,
                         double m[3][3], struct best *best)
{
  int32_t place[MOST_NEIGHBORS] = {0}, before[MOST_NEIGHBORS];
  double square = HUGE_VAL, scale = 0.0;
  if (!assign(template, shell, (const double(*)[3])m, place))
    return;
  for (int step = 0; step < 3; step++) {
    square = fit(template, shell, size, place, m, &scale);
    if (square < template->certain)
      break;
    memcpy(before, place, sizeof before);
    if (!(square < HUGE_VAL) || !assign(template, shell, (const double(*)[3])m, place) ||
        memcmp(place, before, sizeof place) == 0)
      break;
  }
  if (square < best->square) {
    best->square = square;
    best->scale = scale;
    best->template = template;
    memcpy(best->m, m, sizeof best->m);
  }
}

static void try_pairs(const struct template *template, const struct shell *shell, double size,
                      int first, struct best *best)
{
  const int second = find_second(shell, first, template->count);
  const double cosine = dot3(shell->u[first], shell->u[second]);
  double frame[3][3];
  if (fabs(cosine) > 0.99)
    return;
  mlgrain_pair_frame(shell->u[first], shell->u[second], frame);
  for (int p = 0; p < template->pair_count; p++) {
    const struct template_pair *pair = &template->pair[p];
    if (fabs(pair->cosine - cosine) > COSINE_TOLERANCE)
      continue;
    double m[3][3];
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        m[i][j] = dot3(frame[i], pair->frame[j]);
    try_rotation(template, shell, size, m, best);
    if (best->square < GOOD_RMSD * GOOD_RMSD)
      return;
  }
}

static void try_template(const struct template *template, const struct shell *shell,
                         struct best *best)
{
  if (shell->count < template->count)
    return;
  const double size = size_of(shell, template->count);
  struct best own = {.square = HUGE_VAL};
  for (int first = 0; first < FIRST_TRIED && own.square > GOOD_RMSD * GOOD_RMSD; first++)
    try_pairs(template, shell, size, first, &own);
  if (own.square < best->square)
    *best = own;
}

/* Of the equivalent orientations that with the largest q0. */
static void reduce(const struct template *template, const double q[4], double reduced[4])
{
  double most = -1.0, sign = 1.0;
  int best = 0;
  for (int s = 0; s < template->operations; s++) {
    const double *of = template->operation[s];
    const double first = q[0] * of[0] - q[1] * of[1] - q[2] * of[2] - q[3] * of[3];
    if (fabs(first) <= most)
      continue;
    most = fabs(first);
    best = s;
    sign = first < 0.0 ? -1.0 : 1.0;
  }
  mlgrain_quaternion_product(q, template->operation[best], reduced);
  for (int k = 0; k < 4; k++)
    reduced[k] *= sign;
}

/* Whether a match is so good that a template needn't be tried. */
static int is_settled(const struct best *best, const struct template *template)
{
  if (!best->template)
    return 0;
  const double good = best->template->count == template->count ? GOOD_RMSD : GOOD_RMSD_OF_ANY;
  return best->square < good * good;
}

static void match_point(const struct mlgrain_templates *templates, const struct shell *shell,
                        struct mlgrain_match *match)
{
  struct best best = {.square = HUGE_VAL};
  *match = (struct mlgrain_match){.rmsd = HUGE_VAL};
  for (int t = 0; t < templates->count; t++)
    if (!is_settled(&best, &templates->template[t]))
      try_template(&templates->template[t], shell, &best);
  const double rmsd = sqrt(best.square);
  if (!best.template || !(rmsd <= templates->most_rmsd))
    return;
  double q[4];
  mlgrain_quaternion_of_matrix((const double(*)[3])best.m, q);
  reduce(best.template, q, match->quaternion);
  match->rmsd = rmsd;
  match->distance = best.template->nearest / best.scale;
  match->structure = (int32_t)best.template->structure;
}

/* Memory of one call. */
struct workspace {
  struct points_memory held;
  struct points candidates;
};

static enum mlgrain_status match_span(const struct template_task *task, size_t cell, int32_t span,
                                      struct workspace *work)
{
  const struct mlgrain_cells *cells = task->cells;
  const struct mlgrain_run centers = points_of_cells(cells, cell, span);
  struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
  if (!has_chosen(cells, task->chosen, centers))
    return MLGRAIN_SUCCESS;
  const int run_count = mlgrain_cells_runs(cells, cell, span, run);
  size_t most = 0;
  for (int r = 0; r < run_count; r++)
    most += run[r].last - run[r].first;
  if (points_reserve(&work->held, most, &work->candidates, 1))
    return MLGRAIN_OUT_OF_MEMORY;
  const double cutoff = task->templates->cutoff;
  const struct candidate_search search = {cells, cutoff, .weight = NULL};
  collect_candidates(&search, ball_around(cells, centers), run_count, run, &work->candidates);
  for (uint32_t i = centers.first; i < centers.last; i++) {
    if (!task->chosen[cells->index[i]])
      continue;
    struct shell shell;
    find_shell(&work->candidates, cutoff * cutoff, cells->x[i], cells->y[i], cells->z[i], &shell);
    match_point(task->templates, &shell, &task->match[cells->index[i]]);
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status MLGRAIN_KERNEL(template_match)(const struct template_task *task)
{
  struct workspace work = {0};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  int32_t span;
  for (size_t cell = task->first_cell; cell < task->last_cell && !status; cell += (size_t)span) {
    span = cells_together(task->cells, cell, task->last_cell);
    status = match_span(task, cell, span, &work);
  }
  free(work.held.memory);
  return status;
}
