/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bases and sketches for bounds of grades, and what rounding adds to these. How many
   directions a basis has, and a sketch rows, is what costs least for a sample of atoms. */
#include "mlgrain/mtp_bounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter_random.h"
#include "base/error_text.h"
#include "base/orthonormal.h"
#include "mtp_bound_remainder.h"
#include "mtp_bound_sample.h"

enum {
  SAMPLES_PER_DIRECTION = 4,
  MANY_PARAMETERS = 300,
  GROUP = MTP_BOUND_ROWS, /* rows of the product come in multiples */
  SKETCHES = 9
};

/* Numbers of a sketch's rows to choose from. */
static const size_t sketch_counts[SKETCHES] = {12, 18, 24, 30, 36, 42, 48, 54, 60};

/* ---- how many -------------------------------------------------------------------------------- */

/* Directions and known rows, at most. */
static size_t basis_limit(size_t n)
{
  const size_t count = GROUP * ((n + 41) / 42);
  return count > 6 * GROUP ? count : 6 * GROUP;
}

static size_t known_count(size_t n)
{
  const size_t count = n < MANY_PARAMETERS ? 2 : GROUP;
  return count < n ? count : n;
}

size_t mlgrain_mtp_bound_samples(const struct mlgrain_mtp *mtp)
{
  return SAMPLES_PER_DIRECTION * basis_limit(mtp->parameter_count);
}

/* Probability that a part of at most x of a vector's squared length is in a subspace of 2 half of
   its dimensions, with any direction as likely as any other: the beta distribution with half and
   `others`, half the number of other dimensions. A sum over i >= half of
   x^i (1 - x)^others Gamma(others + i)/(Gamma(others) i!), for x below the mean. */
static double part_below(size_t half, double others, double x)
{
  double term = pow(1.0 - x, others);
  for (size_t i = 1; i <= half; i++)
    term *= x * (others + (double)i - 1.0) / (double)i;
  double sum = 0.0;
  for (size_t i = half + 1; term > 1e-17 * sum; i++) {
    sum += term;
    term *= x * (others + (double)i - 1.0) / (double)i;
  }
  return sum;
}

double mtp_sketch_factor(size_t count, size_t dimensions, double probability)
{
  if (count >= dimensions)
    return 1.0;
  double low = 0.0, high = (double)count / (double)dimensions;
  for (int k = 0; k < 100; k++) {
    const double middle = 0.5 * (low + high);
    if (part_below(count / 2, 0.5 * (double)(dimensions - count), middle) < probability)
      low = middle;
    else
      high = middle;
  }
  return 1.0 / sqrt(low);
}

/* What a rounding error of one unit counts: sums of errors that are independent and have mean 0 are
   longer than this many times the root of their squares with the same probability (W. Hoeffding, J.
   Am. Stat. Assoc. 58 (1963) 13). */
static double rounding_unit(void)
{
  return 0x1p-24 * sqrt(2.0 * log(2.0 / MLGRAIN_MTP_BOUND_FAILURE));
}

/* ---- what costs least -------------------------------------------------------------------------
 */

/* Numbers of directions and rows to choose from, and what each costs. */
struct choice {
  size_t groups, known; /* directions and known rows together: GROUP, 2 GROUP .. */
  double level;         /* what coefficients are to be below */
  double *cost;         /* [groups + 1][SKETCHES] */
};

/* A number of directions: W r, the largest of them, and of W_k |V_k|_2. */
struct basis {
  size_t directions;
  double *radius; /* [n] */
  double largest, reach;
  double length[SKETCHES]; /* by sketches, in units of true lengths */
};

/* What a sketch finds for |z|, f |S^T z|. That is another number for each z: on the average, and
   then one standard deviation of |S^T z|. */
static double sketched_length(size_t count, size_t dimensions)
{
  const double part = fmin(1.0, (double)count / (double)dimensions);
  const double spread = sqrt((1.0 - part) / (2.0 * (double)count));
  return mtp_sketch_factor(count, dimensions, MLGRAIN_MTP_BOUND_FAILURE) * sqrt(part) *
         (1.0 + spread);
}

static void find_basis(const struct mtp_sample *sample, const struct mtp_remainder *remainder,
                       size_t directions, struct basis *basis)
{
  const size_t n = sample->n;
  basis->directions = directions;
  basis->largest = basis->reach = 0.0;
  mtp_remainder_radius(remainder, directions, basis->radius);
  for (size_t k = 0; k < n; k++) {
    double square = 0.0;
    for (size_t j = 0; j < directions; j++)
      square += remainder->basis[j * n + k] * remainder->basis[j * n + k];
    basis->radius[k] *= sample->weight[k];
    basis->largest = fmax(basis->largest, basis->radius[k]);
    basis->reach = fmax(basis->reach, sample->weight[k] * sqrt(square));
  }
  const size_t dimensions = mtp_remainder_dimensions(remainder, sample, directions);
  for (size_t s = 0; s < SKETCHES; s++)
    basis->length[s] = sketched_length(sketch_counts[s], dimensions);
}

/* What an atom costs beyond the product with the matrix, in units of one of its rows: V y if
   lengths don't decide, and all coefficients if that doesn't. c = W (V y + z), p = V y, |T z|, and
   what coefficients are to be below, in units of c. */
static double cost_of_atom(const struct mtp_sample *sample, const struct basis *basis,
                           const double *p, double y, double z, double level)
{
  if (basis->reach * y + basis->largest * z <= level)
    return 0.0;
  for (size_t k = 0; k < sample->n; k++)
    if (sample->weight[k] * fabs(p[k]) + basis->radius[k] * z > level)
      return (double)(basis->directions + sample->n);
  return (double)basis->directions;
}

/* What an atom is with one direction after the other. */
struct walk {
  size_t directions;     /* taken so far */
  double y2;             /* |y|^2 */
  double *p;             /* [n] V y */
  const double *c, *own; /* coefficients, and their projections */
  double *z2;            /* [directions + 1] |T z|^2 */
};

static void walk_to(const struct mtp_remainder *remainder, size_t directions, struct walk *walk)
{
  for (; walk->directions < directions; walk->directions++) {
    const double y = walk->own[walk->directions];
    walk->y2 += y * y;
    for (size_t k = 0; k < remainder->n; k++)
      walk->p[k] += y * remainder->basis[walk->directions * remainder->n + k];
  }
}

/* Adds the costs of an atom with a basis. */
static void add_costs(const struct mtp_sample *sample, double length, const struct basis *basis,
                      const struct walk *walk, struct choice *choice)
{
  const size_t used = basis->directions + choice->known;
  const double part = (double)used / (double)sample->count;
  const double other = part < 1.0 ? 1.0 / (1.0 - part) : 1.0; /* of atoms not in the sample */
  const double level = (choice->level - MTP_BOUND_SLACK) / length;
  for (size_t s = 0; s < SKETCHES; s++)
    choice->cost[used / GROUP * SKETCHES + s] +=
        cost_of_atom(sample, basis, walk->p, sqrt(walk->y2),
                     other * basis->length[s] * sqrt(walk->z2[basis->directions]), level);
}

/* Costs of all atoms with all numbers of directions; `bases` [groups + 1] has room for them. */
static void find_costs(const struct mtp_sample *sample, const struct mtp_remainder *remainder,
                       const double *projections, struct basis *bases, struct walk *walk,
                       struct choice *choice)
{
  const size_t n = sample->n;
  for (size_t g = choice->known / GROUP + 1; g <= choice->groups; g++)
    find_basis(sample, remainder, g * GROUP - choice->known, &bases[g]);
  for (size_t i = 0; i < sample->count; i++) {
    if (!(sample->length[i] > 0.0))
      continue;
    walk->c = sample->c + i * n;
    walk->own = projections + i * remainder->directions;
    walk->directions = 0;
    walk->y2 = 0.0;
    memset(walk->p, 0, n * sizeof *walk->p);
    mtp_remainder_lengths(remainder, walk->c, walk->own, walk->z2);
    for (size_t g = choice->known / GROUP + 1; g <= choice->groups; g++) {
      walk_to(remainder, bases[g].directions, walk);
      add_costs(sample, sample->length[i], &bases[g], walk, choice);
    }
  }
}

/* Sets the numbers of directions and rows to those that cost least. */
static void choose_numbers(const struct mtp_sample *sample, const struct choice *choice,
                           struct mlgrain_mtp_grade_bounds *made)
{
  const double atoms = (double)(sample->count ? sample->count : 1);
  double least = INFINITY;
  for (size_t g = choice->known / GROUP + 1; g <= choice->groups; g++)
    for (size_t s = 0; s < SKETCHES; s++) {
      const size_t rows = g * GROUP + sketch_counts[s], directions = g * GROUP - choice->known;
      const double cost = choice->cost[g * SKETCHES + s] / atoms + (double)rows;
      if (cost < least) {
        least = cost;
        made->directions = directions;
        made->rows = rows;
      }
    }
}

/* ---- the product ----------------------------------------------------------------------------- */

/* Rows f S^T T of a sketch: [count][n]. S is a basis of a random space. */
static void draw_sketch(const struct mtp_sample *sample, const struct mtp_remainder *remainder,
                        size_t directions, size_t count, double *sketch)
{
  const size_t n = remainder->n;
  const double factor = mtp_sketch_factor(
      count, mtp_remainder_dimensions(remainder, sample, directions), MLGRAIN_MTP_BOUND_FAILURE);
  for (size_t k = 0; k < count; k++) {
    double *row = sketch + k * n;
    for (size_t l = 0; l < n; l++)
      row[l] =
          sample->weight[l] > 0.0 ? random_normal(MTP_BOUND_SEED, RANDOM_SKETCH, 1 + k, l) : 0.0;
    for (int twice = 0; twice < 2; twice++)
      remove_span(remainder->basis, directions, n, row);
  }
  orthonormalize(sketch, count, n);
  for (size_t k = 0; k < count; k++) {
    mtp_remainder_apply(remainder, directions, sketch + k * n);
    for (size_t l = 0; l < n; l++)
      sketch[k * n + l] *= factor;
  }
}

/* The rows whose products with X v say what y, the known coefficients and the sketch are, from V
   and S: [rows][n] */
static void finish_rows(const struct mlgrain_mtp_grade_bounds *made, const double *weight,
                        const double *v, double *rows)
{
  const size_t n = made->parameters, others = made->rows - made->known_count;
  for (size_t k = 0; k < others; k++) {
    double *row = rows + (k < made->directions ? k : k + made->known_count) * n;
    for (size_t l = 0; l < n; l++)
      row[l] = weight[l] > 0.0 ? v[k * n + l] / weight[l] : 0.0;
  }
  for (size_t e = 0; e < made->known_count; e++)
    rows[(made->directions + e) * n + made->known[e]] = 1.0;
}

/* Number l of the product's errors, from column l of the matrix: norms of the errors of y and of
   the sketch, or the largest of known coefficients. */
static double column_error(const struct mlgrain_mtp_grade_bounds *made, const double *matrix,
                           size_t l)
{
  double directions = 0.0, known = 0.0, sketch = 0.0;
  for (size_t row = 0; row < made->rows; row++) {
    const double entry = matrix[row * made->parameters + l];
    if (row < made->directions)
      directions += entry * entry;
    else if (row < made->directions + made->known_count)
      known = fmax(known, fabs(entry));
    else
      sketch += entry * entry;
  }
  return fmax(known, (double)made->lengths[0].reach * sqrt(directions) +
                         (double)made->lengths[0].weight * sqrt(sketch));
}

static void round_numbers(const double *numbers, size_t count, float *rounded)
{
  for (size_t k = 0; k < count; k++)
    rounded[k] = (float)numbers[k];
}

struct row {
  size_t number;
  double reach; /* W_k |V_k|_2 */
};

static int by_reach(const void *a, const void *b)
{
  const struct row *x = a, *y = b;
  if (x->reach != y->reach)
    return x->reach < y->reach ? 1 : -1;
  return (x->number > y->number) - (x->number < y->number);
}

/* Rows of the basis, those that reach furthest first, and what lengths tell from each group on. */
static void round_basis(const struct mtp_sample *sample, const struct basis *basis, const double *v,
                        struct row *row, struct mlgrain_mtp_grade_bounds *made)
{
  const size_t n = sample->n, room = mtp_principal_room(n), directions = made->directions;
  for (size_t l = 0; l < n; l++) {
    double square = 0.0;
    for (size_t k = 0; k < directions; k++)
      square += v[k * n + l] * v[k * n + l];
    row[l] = (struct row){l, sample->weight[l] * sqrt(square)};
  }
  qsort(row, n, sizeof *row, by_reach);
  for (size_t r = n; r-- > 0;) {
    const size_t l = row[r].number;
    for (size_t k = 0; k < directions; k++)
      made->basis[k * room + r] = (float)(sample->weight[l] * v[k * n + l]);
    made->basis[directions * room + r] = (float)basis->radius[l];
    struct mtp_lengths *lengths = &made->lengths[r / MTP_PRINCIPAL_ROWS];
    const int is_last = r + 1 == n || (r + 1) % MTP_PRINCIPAL_ROWS == 0;
    const float weight = is_last && r + 1 < n ? lengths[1].weight : lengths->weight;
    lengths->reach = (float)row[r].reach;
    lengths->weight = fmaxf(weight, (float)basis->radius[l]);
  }
}

static enum mlgrain_status fill_product(const struct mtp_sample *sample, const struct basis *basis,
                                        const double *inverse, const double *v,
                                        struct mlgrain_mtp_grade_bounds *made)
{
  const size_t n = sample->n, species = made->species;
  const double error = rounding_unit() * sqrt((double)made->columns);
  double *rows = calloc(made->rows * n, sizeof *rows);
  double *matrix = malloc(made->rows * n * sizeof *matrix);
  struct row *row = malloc(n * sizeof *row);
  made->matrix = malloc(made->rows * n * sizeof *made->matrix);
  made->offset = malloc(made->rows * species * sizeof *made->offset);
  made->basis = calloc(mtp_principal_room(n) * (made->directions + 1), sizeof *made->basis);
  made->lengths = calloc(mtp_principal_room(n) / MTP_PRINCIPAL_ROWS + 1, sizeof *made->lengths);
  const int enough =
      rows && matrix && row && made->matrix && made->offset && made->basis && made->lengths;
  if (enough) {
    finish_rows(made, sample->weight, v, rows);
    mtp_multiply(rows, n, 1, inverse, made->rows, n, n, matrix);
    for (size_t s = 0; s < species; s++)
      for (size_t k = 0; k < made->rows; k++)
        made->offset[s * made->rows + k] = inner_product(rows + k * n, made->origin + s * n, n);
    round_numbers(matrix, made->rows * n, made->matrix);
    round_basis(sample, basis, v, row, made);
    for (size_t l = 0; l < n; l++)
      made->product_error[l] = (float)(error * column_error(made, matrix, l));
  }
  free(rows);
  free(matrix);
  free(row);
  return enough ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

/* The product from a sample without its known rows; weights [count][directions] and
   v [directions + most sketched rows][n] are scratch. */
static enum mlgrain_status finish(const struct mtp_sample *sample, const double *inverse,
                                  struct choice *choice, double *weights, double *v,
                                  struct mlgrain_mtp_grade_bounds *made)
{
  const size_t n = sample->n, most = choice->groups * GROUP - choice->known;
  struct mtp_remainder remainder = {n, most, v, malloc((most + 1) * sizeof(double))};
  struct basis *bases = calloc(choice->groups + 1, sizeof *bases);
  double *radii = malloc((choice->groups + 1) * n * sizeof *radii);
  struct walk walk = {0,    0.0,  malloc((n + 1) * sizeof(double)),
                      NULL, NULL, malloc((most + 1) * sizeof(double))};
  enum mlgrain_status status = MLGRAIN_OUT_OF_MEMORY;
  if (remainder.spread && bases && radii && walk.p && walk.z2) {
    for (size_t g = 0; g <= choice->groups; g++)
      bases[g].radius = radii + g * n;
    mtp_sample_directions(sample->c, sample->count, n, most, weights, v);
    mtp_remainder_spread(sample, weights, &remainder);
    find_costs(sample, &remainder, weights, bases, &walk, choice);
    choose_numbers(sample, choice, made);
    const size_t directions = made->directions, sketched = made->rows - directions - choice->known;
    draw_sketch(sample, &remainder, directions, sketched, v + most * n);
    memmove(v + directions * n, v + most * n, sketched * n * sizeof *v);
    status = fill_product(sample, &bases[(directions + choice->known) / GROUP], inverse, v, made);
  }
  free(remainder.spread);
  free(bases);
  free(radii);
  free(walk.p);
  free(walk.z2);
  return status;
}

/* ---- rounding of gradients ------------------------------------------------------------------- */

/* Sum of the sizes of a coefficient's radial entries for one function: the largest of all
   coefficients and species of neighbors. */
static double largest_sum(const struct mlgrain_mtp *mtp, const double *inverse, size_t species,
                          size_t function)
{
  const size_t functions = (size_t)mtp->radial_count, size = (size_t)mtp->radial_size;
  const size_t n = mtp->parameter_count, species_count = (size_t)mtp->species_count;
  double largest = 0.0;
  for (size_t k = 0; k < n; k++)
    for (size_t other = 0; other < species_count; other++) {
      const double *entry =
          inverse + k * n + ((species * species_count + other) * functions + function) * size;
      double sum = 0.0;
      for (size_t b = 0; b < size; b++)
        sum += fabs(entry[b]);
      largest = fmax(largest, sum);
    }
  return largest;
}

/* What rounding of gradients may change in a coefficient. Sums over neighbors are in single
   precision, with polynomials from a recurrence: inside the interval that is good to a few units in
   the last digit of the largest, at its ends to some more than there are polynomials. All errors of
   a neighbor's go the same way for all functions, so that their sizes add up. */
static void fill_entry_errors(const struct mlgrain_mtp *mtp, const double *inverse,
                              struct mlgrain_mtp_grade_bounds *made)
{
  const size_t n = made->parameters, functions = (size_t)mtp->radial_count;
  const double of_sums = 2.0 * mtp->radial_size * rounding_unit() * mtp->scaling;
  for (size_t l = 0; l < n; l++) {
    double largest = 0.0;
    for (size_t k = 0; k < n; k++)
      largest = fmax(largest, fabs(inverse[k * n + l]));
    made->entry_error[l] = (float)(rounding_unit() * largest);
  }
  for (size_t s = 0; s < (size_t)mtp->species_count; s++)
    for (size_t mu = 0; mu < functions; mu++) {
      const double error = of_sums * largest_sum(mtp, inverse, s, mu);
      made->sum_error[s * functions + mu] = (double)functions * error * error;
    }
}

/* ---- the object ------------------------------------------------------------------------------ */

/* X, in the sample's units, and its product with the means. */
static enum mlgrain_status fill_inverse(const struct mlgrain_mtp *mtp,
                                        const struct mtp_sample *sample, double *inverse,
                                        struct mlgrain_mtp_grade_bounds *made)
{
  const size_t n = made->parameters;
  int *idle = malloc(n * sizeof *idle);
  double *scale = malloc(n * sizeof *scale);
  enum mlgrain_status status =
      idle && scale ? mtp_find_idle_rows(mtp, idle) : MLGRAIN_OUT_OF_MEMORY;
  if (!status) {
    mtp_sample_scale(sample, made->mean, scale);
    status = mtp_shortest_inverse(mtp, idle, scale, inverse);
  }
  if (!status)
    round_numbers(inverse, n * n, made->inverse);
  for (size_t k = 0; k < n * made->species && !status; k++) {
    made->origin[k] = 0.0;
    for (size_t l = 0; l < n; l++)
      made->origin[k] += inverse[k % n * n + l] * made->mean[k / n * n + l];
  }
  free(idle);
  free(scale);
  return status;
}

/* Rows of X that are zero need no bounds. */
static void leave_out_idle_rows(const double *inverse, struct mtp_sample *sample)
{
  const size_t n = sample->n;
  for (size_t k = 0; k < n; k++)
    if (inner_product(inverse + k * n, inverse + k * n, n) == 0.0)
      sample->weight[k] = 0.0;
}

static enum mlgrain_status fill(const struct mlgrain_mtp *mtp, const double *gradients,
                                size_t count, double threshold, int find_largest,
                                struct mlgrain_mtp_grade_bounds *made)
{
  const size_t n = mtp->parameter_count, limit = basis_limit(n);
  struct choice choice = {limit / GROUP, made->known_count, threshold / mtp->grade_weight,
                          calloc((limit / GROUP + 1) * SKETCHES, sizeof(double))};
  struct mtp_sample sample = {count,
                              n,
                              gradients,
                              malloc((count + 1) * sizeof(int)),
                              calloc(count * n + 1, sizeof(double)),
                              malloc((count + 1) * sizeof(double)),
                              malloc(n * sizeof(double))};
  double *inverse = malloc(n * n * sizeof *inverse);
  double *weights = malloc((count * limit + 1) * sizeof *weights);
  double *v = calloc((limit + sketch_counts[SKETCHES - 1]) * n, sizeof *v);
  double *p = malloc((n + 1) * sizeof *p);
  enum mlgrain_status status = MLGRAIN_OUT_OF_MEMORY;
  if (choice.cost && sample.species && sample.c && sample.length && sample.weight && inverse &&
      weights && v && p) {
    for (size_t i = 0; i < count; i++)
      sample.species[i] = mtp_sample_species(mtp, gradients + i * n);
    mtp_sample_means(mtp, &sample, made->mean);
    status = fill_inverse(mtp, &sample, inverse, made);
  }
  if (!status) {
    fill_entry_errors(mtp, inverse, made);
    mtp_sample_fill(inverse, &sample);
    const double largest = mtp_sample_take_known(&sample, made->known_count, made->known, p);
    if (find_largest && largest < choice.level)
      choice.level = largest;
    mtp_sample_weigh(p, choice.level, &sample);
    leave_out_idle_rows(inverse, &sample);
    status = finish(&sample, inverse, &choice, weights, v, made);
  }
  free(choice.cost);
  free(sample.species);
  free(sample.c);
  free(sample.length);
  free(sample.weight);
  free(inverse);
  free(weights);
  free(v);
  free(p);
  return status;
}

/* What an object always has; the rest is as large as the choice makes it. */
static enum mlgrain_status reserve(const struct mlgrain_mtp *mtp,
                                   struct mlgrain_mtp_grade_bounds *made)
{
  const size_t n = mtp->parameter_count, species = (size_t)mtp->species_count;
  made->parameters = n;
  made->species = species;
  made->known_count = known_count(n);
  made->columns = n < MANY_PARAMETERS ? 64 : 32;
  made->known = malloc(made->known_count * sizeof *made->known);
  made->mean = calloc(n * species, sizeof *made->mean);
  made->product_error = malloc(n * sizeof *made->product_error);
  made->entry_error = malloc(n * sizeof *made->entry_error);
  made->sum_error = malloc(species * (size_t)mtp->radial_count * sizeof *made->sum_error);
  made->inverse = calloc(mtp_bound_room(n) * n, sizeof *made->inverse);
  made->origin = malloc(n * species * sizeof *made->origin);
  return made->known && made->mean && made->product_error && made->entry_error && made->sum_error &&
                 made->inverse && made->origin
             ? MLGRAIN_SUCCESS
             : MLGRAIN_OUT_OF_MEMORY;
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
  if (!made || reserve(mtp, made) || fill(mtp, gradients, count, threshold, find_largest, made)) {
    mlgrain_mtp_grade_bounds_free(made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for bounds of grades");
  }
  *bounds = made;
  return MLGRAIN_SUCCESS;
}

size_t mlgrain_mtp_grade_bounds_memory(const struct mlgrain_mtp_grade_bounds *bounds)
{
  const size_t n = bounds->parameters;
  return sizeof *bounds + bounds->known_count * sizeof *bounds->known +
         bounds->species * (bounds->rows + 2 * n) * sizeof *bounds->offset +
         n * (mtp_bound_room(n) + bounds->rows + 2) * sizeof *bounds->matrix +
         mtp_principal_room(n) * (bounds->directions + 1) * sizeof *bounds->basis +
         (mtp_principal_room(n) / MTP_PRINCIPAL_ROWS + 1) * sizeof *bounds->lengths;
}

void mlgrain_mtp_grade_bounds_free(struct mlgrain_mtp_grade_bounds *bounds)
{
  if (!bounds)
    return;
  free(bounds->known);
  free(bounds->mean);
  free(bounds->matrix);
  free(bounds->offset);
  free(bounds->basis);
  free(bounds->lengths);
  free(bounds->product_error);
  free(bounds->entry_error);
  free(bounds->sum_error);
  free(bounds->inverse);
  free(bounds->origin);
  free(bounds);
}
