/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bases and sketches for bounds of grades. The basis holds the first principal directions of a
   sample, by subspace iteration from random vectors (N. Halko, P. G. Martinsson, J. A. Tropp, SIAM
   Rev. 53 (2011) 217, algorithm 4.4). How many of them, and how many rows of a sketch, is what
   costs least for that sample. */
#include "mlgrain/mtp_bounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter_random.h"
#include "base/error_text.h"
#include "base/inner_product.h"
#include "mtp_private.h"

enum {
  ITERATIONS = 3,
  SEED = 20260,
  SAMPLES_PER_DIRECTION = 4,
  GROUP = 6, /* rows of the product come in multiples, of 3 or 6 */
  SKETCHES = 6
};

/* Numbers of a sketch's rows to choose from: f is 41 with six. */
static const size_t sketch_counts[SKETCHES] = {12, 18, 24, 36, 48, 60};

/* ---- how many -------------------------------------------------------------------------------- */

/* Directions and known rows, at most. */
static size_t basis_limit(size_t n)
{
  const size_t count = GROUP * ((n + 41) / 42);
  return count > 6 * GROUP ? count : 6 * GROUP;
}

static size_t known_count(size_t n)
{
  const size_t count = n < 300 ? 2 : GROUP;
  return count < n ? count : n;
}

size_t mlgrain_mtp_bound_samples(const struct mlgrain_mtp *mtp)
{
  return SAMPLES_PER_DIRECTION * basis_limit(mtp->parameter_count);
}

/* Probability that the sum of 2 half squares of normal numbers is at most 2 x: e^-x times the sum
   of x^i / i! over i >= half. */
static double chi_square_below(size_t half, double x)
{
  double term = exp(-x);
  for (size_t i = 1; i <= half; i++)
    term *= x / (double)i;
  double sum = 0.0;
  for (size_t i = half + 1; term > 1e-17 * sum; i++) {
    sum += term;
    term *= x / (double)i;
  }
  return sum;
}

double mtp_sketch_factor(size_t count, double probability)
{
  double low = 0.0, high = 0.5 * (double)count;
  for (int k = 0; k < 100; k++) {
    const double middle = 0.5 * (low + high);
    if (chi_square_below(count / 2, middle) < probability)
      low = middle;
    else
      high = middle;
  }
  return sqrt((double)count / (2.0 * low));
}

/* ---- matrices, row by row ---------------------------------------------------------------------
 */

/* out[rows][columns] = a[rows][inner] b[inner][columns]; from one row of a to the next are
   `row_step` numbers, from one column `step`. */
static void multiply(const double *a, size_t row_step, size_t step, const double *b, size_t rows,
                     size_t inner, size_t columns, double *out)
{
  memset(out, 0, rows * columns * sizeof *out);
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < inner; k++) {
      const double factor = a[i * row_step + k * step];
      for (size_t j = 0; j < columns; j++)
        out[i * columns + j] += factor * b[k * columns + j];
    }
}

/* Takes from `vector` what lies in the span of the rows of an orthonormal basis. */
static void remove_span(const double *basis, size_t rows, size_t n, double *vector)
{
  for (size_t k = 0; k < rows; k++) {
    const double part = inner_product(basis + k * n, vector, n);
    for (size_t l = 0; l < n; l++)
      vector[l] -= part * basis[k * n + l];
  }
}

/* Makes the rows of basis [rows][n] orthonormal; those that depend on others become zero. */
static void orthonormalize(double *basis, size_t rows, size_t n)
{
  const double least = 1e-10; /* of a row's length that is left */
  for (size_t k = 0; k < rows; k++) {
    double *row = basis + k * n;
    const double length = sqrt(inner_product(row, row, n));
    for (int twice = 0; twice < 2; twice++)
      remove_span(basis, k, n, row);
    const double left = sqrt(inner_product(row, row, n));
    const double factor = left > least * length ? 1.0 / left : 0.0;
    for (size_t l = 0; l < n; l++)
      row[l] *= factor;
  }
}

/* ---- the sample -------------------------------------------------------------------------------
 */

/* c of the atoms in units of their lengths, so that none outweighs the others; both zero where one
   isn't finite. */
struct sample {
  size_t count, n;
  double *c;      /* [count][n] */
  double *length; /* [count] */
  double *weight; /* [n] W, 0 in known rows */
};

static void fill_sample(const struct mlgrain_mtp *mtp, const double *gradients,
                        struct sample *sample)
{
  const size_t n = sample->n;
  for (size_t i = 0; i < sample->count; i++) {
    double *c = sample->c + i * n;
    for (size_t k = 0; k < n; k++)
      c[k] = inner_product(mtp->active_inverse + k * n, gradients + i * n, n);
    const double length = sqrt(inner_product(c, c, n));
    const int usable = length > 0.0 && isfinite(length);
    sample->length[i] = usable ? length : 0.0;
    for (size_t k = 0; k < n; k++)
      c[k] = usable ? c[k] / length : 0.0;
  }
}

/* The largest coefficient of each row. */
static void find_largest(const struct sample *sample, double *largest)
{
  memset(largest, 0, sample->n * sizeof *largest);
  for (size_t i = 0; i < sample->count; i++)
    for (size_t k = 0; k < sample->n; k++)
      largest[k] = fmax(largest[k], sample->length[i] * fabs(sample->c[i * sample->n + k]));
}

/* Makes the rows with the largest coefficients known: those are no longer in the sample. Returns
   the largest of all. */
static double take_known_rows(struct sample *sample, size_t count, size_t *known, double *largest)
{
  const size_t n = sample->n;
  double most = 0.0;
  find_largest(sample, largest);
  for (size_t e = 0; e < count; e++) {
    size_t best = 0;
    for (size_t k = 1; k < n; k++)
      best = largest[k] > largest[best] ? k : best;
    most = fmax(most, largest[best]);
    largest[best] = -1.0;
    known[e] = best;
    for (size_t i = 0; i < sample->count; i++)
      sample->c[i * n + best] = 0.0;
  }
  return most;
}

/* Chooses W by the largest coefficients of each row, and divides the sample by it. Rows that come
   close to the level get small weights, so that what is left after all directions adds little
   there. */
static void weigh_rows(const double *largest, double level, struct sample *sample)
{
  const double least = 0.25;
  for (size_t k = 0; k < sample->n; k++) {
    const double margin = fmin(1.0, fmax(least, 1.0 - largest[k] / level));
    sample->weight[k] = largest[k] < 0.0 ? 0.0 : margin;
    for (size_t i = 0; i < sample->count; i++)
      sample->c[i * sample->n + k] /= margin;
  }
}

/* Rows of `basis` [directions][n] from the sample c [count][n]; weights [count][directions] is
   scratch. */
static void find_directions(const double *c, size_t count, size_t n, size_t directions,
                            double *weights, double *basis)
{
  for (size_t i = 0; i < count * directions; i++)
    weights[i] = random_normal(SEED, RANDOM_SKETCH, 0, i);
  for (int k = 0; k < ITERATIONS; k++) {
    multiply(weights, 1, directions, c, directions, count, n, basis);
    orthonormalize(basis, directions, n);
    for (size_t i = 0; i < count && k + 1 < ITERATIONS; i++)
      for (size_t j = 0; j < directions; j++)
        weights[i * directions + j] = inner_product(c + i * n, basis + j * n, n);
  }
}

/* ---- what costs least -------------------------------------------------------------------------
 */

/* Rows that are multiplied exactly after some directions, given the projection p of an atom's c on
   them, the length of what is left, and what coefficients are to be below: in units of c. */
static size_t rows_left(const double *p, const double *weight, size_t n, double left, double level)
{
  size_t rows = 0;
  for (size_t k = 0; k < n; k++)
    rows += weight[k] * (fabs(p[k]) + left) > level;
  return rows;
}

/* What an atom costs beyond the product with the matrix, in units of one of its rows. Single rows
   are about four times as expensive, and another to begin with. */
static double cost_of_rows(size_t rows, size_t n)
{
  if (rows == 0)
    return 0.0;
  return rows > n / MTP_BOUND_FEW_ROWS ? (double)n : 4.0 * ((double)rows + 1.0);
}

/* Numbers of rows to choose from, and what each costs. */
struct choice {
  size_t groups, known;    /* directions and known rows together: GROUP, 2 GROUP .. */
  double level;            /* what coefficients are to be below */
  double factor[SKETCHES]; /* f, and something more */
  double *cost;            /* [groups + 1][SKETCHES] */
};

/* Adds the cost of an atom with each; p [n] is scratch. */
static void add_costs(const struct sample *sample, size_t atom, const double *basis, double *p,
                      const struct choice *choice)
{
  const size_t n = sample->n, directions = choice->groups * GROUP - choice->known;
  const double *c = sample->c + atom * n, length = sample->length[atom];
  double left = inner_product(c, c, n);
  memset(p, 0, n * sizeof *p);
  for (size_t j = 0; j < directions && length > 0.0; j++) {
    const double *direction = basis + j * n, y = inner_product(c, direction, n);
    left -= y * y;
    for (size_t k = 0; k < n; k++)
      p[k] += y * direction[k];
    const size_t used = choice->known + j + 1;
    const double part = (double)used / (double)sample->count;
    const double other = part < 1.0 ? 1.0 / (1.0 - part) : 1.0; /* of atoms not in the sample */
    for (size_t s = 0; s < SKETCHES && used % GROUP == 0; s++) {
      const double rest = other * choice->factor[s] * sqrt(fmax(left, 0.0));
      const double level = (choice->level - MTP_BOUND_SLACK) / length;
      choice->cost[used / GROUP * SKETCHES + s] +=
          cost_of_rows(rows_left(p, sample->weight, n, rest, level), n);
    }
  }
}

/* Sets the numbers of directions and rows to those that cost least. */
static void choose_numbers(const struct sample *sample, const struct choice *choice,
                           struct mlgrain_mtp_grade_bounds *made)
{
  const double projection = 0.6; /* what V y costs, in rows for a direction */
  const double atoms = (double)(sample->count ? sample->count : 1);
  double least = INFINITY;
  for (size_t g = choice->known / GROUP + 1; g <= choice->groups; g++)
    for (size_t s = 0; s < SKETCHES; s++) {
      const size_t rows = g * GROUP + sketch_counts[s], directions = g * GROUP - choice->known;
      const double cost =
          choice->cost[g * SKETCHES + s] / atoms + (double)rows + projection * (double)directions;
      if (cost < least) {
        least = cost;
        made->directions = directions;
        made->rows = rows;
      }
    }
}

/* ---- the object -------------------------------------------------------------------------------
 */

/* Rows of a sketch, without what lies in the basis. */
static void draw_sketch(const double *basis, size_t directions, size_t n, size_t count,
                        double *sketch)
{
  const double factor = mtp_sketch_factor(count, MLGRAIN_MTP_BOUND_FAILURE) / sqrt((double)count);
  for (size_t k = 0; k < count; k++) {
    double *row = sketch + k * n;
    for (size_t l = 0; l < n; l++)
      row[l] = factor * random_normal(SEED, RANDOM_SKETCH, 1 + k, l);
    for (int twice = 0; twice < 2; twice++)
      remove_span(basis, directions, n, row);
  }
}

/* The object from a sample without its known rows; v [basis_limit + most sketched rows][n] and p
   [n] are scratch. */
static enum mlgrain_status finish(const struct mlgrain_mtp *mtp, const struct sample *sample,
                                  struct choice *choice, double *weights, double *v, double *p,
                                  struct mlgrain_mtp_grade_bounds *made)
{
  const size_t n = sample->n, most = choice->groups * GROUP - choice->known;
  const double beyond = 1.15; /* other atoms may be further away than those of the sample */
  const double spread = 1.5;  /* standard deviations of a sketched length */
  find_directions(sample->c, sample->count, n, most, weights, v);
  for (size_t s = 0; s < SKETCHES; s++)
    choice->factor[s] = beyond * (1.0 + spread / sqrt(2.0 * (double)sketch_counts[s])) *
                        mtp_sketch_factor(sketch_counts[s], MLGRAIN_MTP_BOUND_FAILURE);
  for (size_t i = 0; i < sample->count; i++)
    add_costs(sample, i, v, p, choice);
  choose_numbers(sample, choice, made);
  const size_t directions = made->directions, sketched = made->rows - directions - choice->known;
  made->matrix = malloc(made->rows * n * sizeof *made->matrix);
  made->basis = malloc(n * (directions + 1) * sizeof *made->basis);
  if (!made->matrix || !made->basis)
    return MLGRAIN_OUT_OF_MEMORY;
  for (size_t l = 0; l < n; l++) {
    for (size_t k = 0; k < directions; k++)
      made->basis[l * directions + k] = (float)(sample->weight[l] * v[k * n + l]);
    made->basis[n * directions + l] = (float)sample->weight[l];
  }
  draw_sketch(v, directions, n, sketched, v + directions * n);
  for (size_t k = 0; k < directions + sketched; k++)
    for (size_t l = 0; l < n; l++)
      v[k * n + l] = sample->weight[l] > 0.0 ? v[k * n + l] / sample->weight[l] : 0.0;
  double *matrix = made->matrix;
  multiply(v, n, 1, mtp->active_inverse, directions, n, n, matrix);
  matrix += directions * n;
  for (size_t e = 0; e < choice->known; e++, matrix += n)
    memcpy(matrix, mtp->active_inverse + made->known[e] * n, n * sizeof *matrix);
  multiply(v + directions * n, n, 1, mtp->active_inverse, sketched, n, n, matrix);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status fill(const struct mlgrain_mtp *mtp, const double *gradients,
                                size_t count, double threshold, int find_largest,
                                struct mlgrain_mtp_grade_bounds *made)
{
  const size_t n = mtp->parameter_count, limit = basis_limit(n);
  struct choice choice = {limit / GROUP,
                          made->known_count,
                          threshold / mtp->grade_weight,
                          {0.0},
                          calloc((limit / GROUP + 1) * SKETCHES, sizeof(double))};
  struct sample sample = {count, n, malloc((count * n + 1) * sizeof(double)),
                          malloc((count + 1) * sizeof(double)), malloc(n * sizeof(double))};
  double *weights = malloc((count * limit + 1) * sizeof *weights);
  double *v = calloc((limit + sketch_counts[SKETCHES - 1]) * n, sizeof *v);
  double *p = malloc((n + 1) * sizeof *p);
  enum mlgrain_status status = MLGRAIN_OUT_OF_MEMORY;
  if (choice.cost && sample.c && sample.length && sample.weight && weights && v && p) {
    fill_sample(mtp, gradients, &sample);
    const double largest = take_known_rows(&sample, made->known_count, made->known, p);
    if (find_largest && largest < choice.level)
      choice.level = largest;
    weigh_rows(p, choice.level, &sample);
    status = finish(mtp, &sample, &choice, weights, v, p, made);
  }
  free(choice.cost);
  free(sample.c);
  free(sample.length);
  free(sample.weight);
  free(weights);
  free(v);
  free(p);
  return status;
}

enum mlgrain_status mlgrain_mtp_grade_bounds_create(const struct mlgrain_mtp *mtp,
                                                    const double *gradients, size_t count,
                                                    double threshold, int find_largest,
                                                    struct mlgrain_mtp_grade_bounds **bounds,
                                                    struct mlgrain_error *error)
{
  *bounds = NULL;
  if (!mtp->active_inverse || mtp->grade_mode != MLGRAIN_MTP_NEIGHBORHOOD)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "bounds of grades need an active set of neighborhoods");
  struct mlgrain_mtp_grade_bounds *made = calloc(1, sizeof *made);
  if (made) {
    made->parameters = mtp->parameter_count;
    made->known_count = known_count(mtp->parameter_count);
    made->known = malloc(made->known_count * sizeof *made->known);
  }
  if (!made || !made->known || fill(mtp, gradients, count, threshold, find_largest, made)) {
    mlgrain_mtp_grade_bounds_free(made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for bounds of grades");
  }
  *bounds = made;
  return MLGRAIN_SUCCESS;
}

size_t mlgrain_mtp_grade_bounds_memory(const struct mlgrain_mtp_grade_bounds *bounds)
{
  return sizeof *bounds + bounds->known_count * sizeof *bounds->known +
         bounds->parameters * (bounds->rows * sizeof *bounds->matrix +
                               (bounds->directions + 1) * sizeof *bounds->basis);
}

void mlgrain_mtp_grade_bounds_free(struct mlgrain_mtp_grade_bounds *bounds)
{
  if (!bounds)
    return;
  free(bounds->known);
  free(bounds->matrix);
  free(bounds->basis);
  free(bounds);
}
