/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power spectra, compiled once per SIMD level (and by soap_single_kernel.c once more, for floats).
   The neighbors of a center are picked in double precision, neighbors in lanes, and put into a block
   of LANES centers, one to a lane, in the order of their distance: then the lanes want about the
   same part of the table of radial functions. From there on everything is done for all centers of
   the block at once. For each l:
     h_nl(r) of the neighbors, by polynomials, functions in lanes, and transposed;
     Y_lm of the neighbors, by recurrence;
     c_nlm = sum_j h_nl(r_j) Y_lm(r_j), the largest part of the work;
     p_abl = sum_m c_alm c_blm.
   Notation follows doc/theory_soap.md. */
#include <stdlib.h>

#include "cells/candidates.h"
#include "soap_lanes.h"

/* Neighbors of the block's centers in one species, [capacity][LANES] each. */
struct segment {
  size_t capacity, used; /* neighbors of the center that has most */
  uint32_t count[LANES];
  number *x, *y, *z; /* unit vectors */
  number *weight;    /* and what fades out */
  number *place;     /* t, within the interval */
  uint32_t *interval;
};

/* Up to LANES centers. */
struct block {
  int count;
  int32_t point[LANES];
  number own_weight[LANES]; /* of the center in its own density, in channel own_species */
  int32_t own_species[LANES];
  struct segment segment[MLGRAIN_SOAP_MOST_SPECIES];
};

/* The neighbors of one center: of each point, the unit vector, the weight, and the distance in units
   of the table's intervals. */
struct picked {
  size_t count;
  double *x, *y, *z, *weight, *distance;
};

enum { PICKED_ROWS = 6, BUCKETS = 64 };

/* Memory of one call. */
struct workspace {
  size_t candidate_capacity;
  double *candidate_memory;
  struct points candidates[MLGRAIN_SOAP_MOST_SPECIES];
  struct picked picked;
  uint16_t *bucket;
  size_t neighbors; /* for which the following have room */
  number *memory;
  number *harmonic[2]; /* [neighbor][2 l_max + 1] of even and odd l: m = 0, 1, -1, 2, -2 ... */
  number *radial;      /* [neighbor][functions of a group] */
  number *coefficient; /* c of one l: [m][channel] */
  number *product;     /* [products] */
  double *row;         /* [LANES][columns], if there is a visitor */
};

/* ---- memory --------------------------------------------------------------------------------- */

static enum mlgrain_status reserve_candidates(const struct mlgrain_soap *soap,
                                              struct workspace *work, size_t capacity)
{
  if (work->candidate_memory && capacity <= work->candidate_capacity)
    return MLGRAIN_SUCCESS;
  const size_t row = points_row(capacity), species = (size_t)soap->parameters.species;
  double *memory = aligned_alloc(64, (4 * species + PICKED_ROWS) * row * sizeof *memory);
  if (!memory)
    return MLGRAIN_OUT_OF_MEMORY;
  free(work->candidate_memory);
  work->candidate_memory = memory;
  work->candidate_capacity = row - WIDTH - 1; /* coincident points may add one neighbor */
  for (size_t s = 0; s < species; s++, memory += 4 * row)
    points_divide(memory, row, &work->candidates[s]);
  work->picked = (struct picked){
      0, memory, memory + row, memory + 2 * row, memory + 3 * row, memory + 4 * row};
  work->bucket = (uint16_t *)(memory + 5 * row);
  return MLGRAIN_SUCCESS;
}

/* Makes room for `count` neighbors of each center; what is there stays. */
static enum mlgrain_status reserve_segment(struct segment *segment, size_t count)
{
  if (count <= segment->capacity)
    return MLGRAIN_SUCCESS;
  const size_t capacity = count + count / 4, row = capacity * LANES;
  number *memory = aligned_alloc(64, (5 * row * sizeof(number) + row * sizeof(uint32_t) + 63) / 64 * 64);
  if (!memory)
    return MLGRAIN_OUT_OF_MEMORY;
  number *const old[5] = {segment->x, segment->y, segment->z, segment->weight, segment->place};
  uint32_t *interval = (uint32_t *)(memory + 5 * row);
  if (segment->capacity) {
    const size_t filled = segment->capacity * LANES;
    for (int k = 0; k < 5; k++)
      memcpy(memory + (size_t)k * row, old[k], filled * sizeof(number));
    memcpy(interval, segment->interval, filled * sizeof *interval);
  }
  free(segment->x);
  segment->capacity = capacity;
  segment->x = memory;
  segment->y = memory + row;
  segment->z = memory + 2 * row;
  segment->weight = memory + 3 * row;
  segment->place = memory + 4 * row;
  segment->interval = interval;
  return MLGRAIN_SUCCESS;
}

static size_t most_functions(const struct soap_table *table)
{
  int most = 0;
  for (int g = 0; g < table->groups; g++)
    most = table->group[g].functions > most ? table->group[g].functions : most;
  return (size_t)most;
}

static size_t harmonics_of(const struct mlgrain_soap *soap)
{
  return (size_t)(2 * soap->parameters.l_max + 1);
}

static enum mlgrain_status reserve_block(const struct soap_task *task, struct workspace *work,
                                         size_t neighbors)
{
  const struct mlgrain_soap *soap = task->soap;
  if (work->memory && neighbors <= work->neighbors)
    return MLGRAIN_SUCCESS;
  const size_t room = neighbors + neighbors / 4 + 8, m = harmonics_of(soap);
  const size_t coefficients = m * (size_t)soap->channels, functions = most_functions(&soap->table);
  const size_t numbers = (room * (2 * m + functions) + coefficients + soap->products) * LANES;
  const size_t row = task->visit ? LANES * soap->columns : 0;
  number *memory =
      aligned_alloc(64, (numbers * sizeof(number) + row * sizeof(double) + 63) / 64 * 64);
  if (!memory)
    return MLGRAIN_OUT_OF_MEMORY;
  free(work->memory);
  work->memory = memory;
  work->neighbors = room;
  work->row = (double *)(memory + numbers);
  work->harmonic[0] = memory;
  work->harmonic[1] = memory += room * m * LANES;
  work->radial = memory += room * m * LANES;
  work->coefficient = memory += room * functions * LANES;
  work->product = memory + coefficients * LANES;
  lanes_store(work->product + (soap->products - 1) * LANES, lanes_set(0));
  return MLGRAIN_SUCCESS;
}

/* ---- neighbors, in double precision --------------------------------------------------------- */

/* Picks the candidates within reach of a center at (x, y, z), as displacements from there; those at
   the very place of the center are left out. Returns the weight of these. */
static double pick(const struct soap_task *task, double x, double y, double z,
                   const struct points *candidates, struct picked *picked)
{
  const struct points from = *candidates;
  struct picked to = *picked;
  const vector reach2 = vector_set(task->soap->reach * task->soap->reach), zero = vector_set(0.0);
  const int weighted = task->points->weight != NULL;
  double here = 0.0;
  to.count = 0;
  for (size_t j = 0; j < from.count; j += WIDTH) {
    const vector dx = vector_load(from.x + j) - x;
    const vector dy = vector_load(from.y + j) - y;
    const vector dz = vector_load(from.z + j) - z;
    const vector r2 = dx * dx + dy * dy + dz * dz;
    const unsigned within = vector_less_bits(r2, reach2);
    const unsigned away = vector_less_bits(zero, r2);
    for (unsigned bits = within & ~away; bits; bits &= bits - 1)
      here += weighted ? from.weight[j + (unsigned)__builtin_ctz(bits)] : 1.0;
    const unsigned inside = within & away;
    vector_compress_store(to.x + to.count, inside, dx);
    vector_compress_store(to.y + to.count, inside, dy);
    vector_compress_store(to.z + to.count, inside, dz);
    if (weighted)
      vector_compress_store(to.weight + to.count, inside, vector_load(from.weight + j));
    to.count += (unsigned)__builtin_popcount(inside);
  }
  *picked = to;
  return here;
}

/* 1 up to cutoff - width, then (1 + cos(pi (r - cutoff + width) / width)) / 2: with v from -1/2 to
   1/2 there, (1 - sin(pi v)) / 2 by its Taylor series. */
static inline vector fade(vector r, double start, double inverse_width)
{
  static const double term[12] = {
      0x1.921fb54442d18p+1,   -0x1.4abbce625be53p+2,  0x1.466bc6775aae2p+1,
      -0x1.32d2cce62bd86p-1,  0x1.50783487ee782p-4,   -0x1.e3074fde8871fp-8,
      0x1.e8f434d018d63p-12,  -0x1.6fadb9f155744p-16, 0x1.aaec32af93359p-21,
      -0x1.8a404211f9547p-26, 0x1.2877020d52cf0p-31,  -0x1.7215f879e1ac9p-37};
  const vector zero = vector_set(0.0), one = vector_set(1.0);
  vector u = (r - start) * inverse_width;
  u = vector_select(u < zero, zero, u);
  u = vector_select(u > one, one, u);
  const vector v = u - 0.5, v2 = v * v;
  vector sum = vector_set(term[11]);
  for (int k = 10; k >= 0; k--)
    sum = sum * v2 + term[k];
  return 0.5 - 0.5 * v * sum;
}

/* Turns displacements into unit vectors and distances, and weights each neighbor. */
static void measure(const struct soap_task *task, struct picked *picked)
{
  const struct mlgrain_soap_parameters *parameters = &task->soap->parameters;
  const struct picked near = *picked;
  const int fades = parameters->basis == MLGRAIN_SOAP_QUIPPY && parameters->width > 0.0;
  const double start = parameters->cutoff - parameters->width;
  const double inverse_width = fades ? 1.0 / parameters->width : 0.0;
  const vector scale = vector_set(task->soap->table.inverse_length);
  for (size_t j = near.count; j < near.count + WIDTH; j++)
    near.x[j] = near.y[j] = near.z[j] = near.weight[j] = 1.0;
  for (size_t j = 0; j < near.count; j += WIDTH) {
    const vector x = vector_load(near.x + j);
    const vector y = vector_load(near.y + j);
    const vector z = vector_load(near.z + j);
    const vector r = vector_sqrt(x * x + y * y + z * z), inverse = 1.0 / r;
    vector weight = task->points->weight ? vector_load(near.weight + j) : vector_set(1.0);
    if (fades)
      weight *= fade(r, start, inverse_width);
    vector_store(near.x + j, x * inverse);
    vector_store(near.y + j, y * inverse);
    vector_store(near.z + j, z * inverse);
    vector_store(near.weight + j, weight);
    vector_store(near.distance + j, r * scale);
  }
}

/* A neighbor at the very place of the center: without direction, which doesn't matter, since only
   h_n0 is not zero there. */
static void add_coincident(struct picked *picked, double weight)
{
  const size_t j = picked->count++;
  picked->x[j] = picked->y[j] = 0.0;
  picked->z[j] = 1.0;
  picked->weight[j] = weight;
  picked->distance[j] = 0.0;
}

/* Puts the neighbors into a lane, in the order of their distance (that of the candidates where they
   fall into the same of BUCKETS shells). */
static void put_in_lane(const struct mlgrain_soap *soap, const struct picked *picked,
                        uint16_t *bucket, struct segment *segment, int lane)
{
  const struct picked from = *picked;
  const struct segment to = *segment;
  const int intervals = soap->table.intervals;
  const double per_interval = (double)BUCKETS / intervals;
  uint32_t start[BUCKETS + 1] = {0};
  for (size_t j = 0; j < from.count; j++) {
    const int shell = (int)(from.distance[j] * per_interval);
    bucket[j] = (uint16_t)(shell < BUCKETS ? shell : BUCKETS - 1);
    start[bucket[j] + 1]++;
  }
  for (int b = 0; b < BUCKETS; b++)
    start[b + 1] += start[b];
  for (size_t j = 0; j < from.count; j++) {
    const size_t at = start[bucket[j]]++ * (size_t)LANES + (size_t)lane;
    int interval = (int)from.distance[j];
    interval = interval < intervals ? interval : intervals - 1;
    to.x[at] = (number)from.x[j];
    to.y[at] = (number)from.y[j];
    to.z[at] = (number)from.z[j];
    to.weight[at] = (number)from.weight[j];
    to.place[at] = (number)(2.0 * (from.distance[j] - interval) - 1.0);
    to.interval[at] = (uint32_t)interval;
  }
  segment->count[lane] = (uint32_t)from.count;
}

/* Where lanes have fewer neighbors than others, neighbors of weight 0. */
static void fill_up(struct block *block, struct segment *segment)
{
  size_t most = 0;
  for (int lane = 0; lane < LANES; lane++) {
    if (lane >= block->count)
      segment->count[lane] = 0;
    most = segment->count[lane] > most ? segment->count[lane] : most;
  }
  segment->used = most;
  for (int lane = 0; lane < LANES; lane++)
    for (size_t j = segment->count[lane]; j < most; j++) {
      const size_t at = j * LANES + (size_t)lane;
      segment->x[at] = segment->y[at] = segment->weight[at] = segment->place[at] = 0;
      segment->z[at] = 1;
      segment->interval[at] = j > 0 ? segment->interval[at - LANES] : 0;
    }
}

/* ---- harmonics ------------------------------------------------------------------------------ */

/* Y_00 times the neighbors' weights: all others follow from it. */
static void start_harmonics(const struct segment *segment, size_t m_count, number *y)
{
  const number y00 = (number)0.28209479177387814347; /* 1 / sqrt(4 pi) */
  for (size_t j = 0; j < segment->used; j++)
    lanes_store(y + j * m_count * LANES, lanes_load(segment->weight + j * LANES) * y00);
}

/* Y_lm in the place of Y_(l-2)m. */
static void advance_harmonics(const struct soap_harmonics *harmonics, int l,
                              const struct segment *segment, size_t m_count, number *now,
                              const number *before)
{
  number rise[MLGRAIN_SOAP_MOST_L + 1], fall[MLGRAIN_SOAP_MOST_L + 1];
  for (int m = 0; m < l; m++) {
    rise[m] = (number)harmonics->rise[l][m];
    fall[m] = (number)harmonics->fall[l][m];
  }
  const number diagonal = (number)harmonics->diagonal[l];
  for (size_t j = 0; j < segment->used; j++) {
    const lanes x = lanes_load(segment->x + j * LANES) * diagonal;
    const lanes y = lanes_load(segment->y + j * LANES) * diagonal;
    const lanes z = lanes_load(segment->z + j * LANES);
    number *to = now + j * m_count * LANES;
    const number *from = before + j * m_count * LANES;
    if (l > 1) {
      lanes_store(to, z * rise[0] * lanes_load(from) - fall[0] * lanes_load(to));
      for (int m = 1; m < l - 1; m++) {
        const lanes up = z * rise[m];
        number *pair = to + (2 * m - 1) * LANES;
        const number *lower = from + (2 * m - 1) * LANES;
        lanes_store(pair, up * lanes_load(lower) - fall[m] * lanes_load(pair));
        lanes_store(pair + LANES, up * lanes_load(lower + LANES) - fall[m] * lanes_load(pair + LANES));
      }
      const lanes up = z * rise[l - 1];
      const number *lower = from + (2 * l - 3) * LANES;
      const lanes real = lanes_load(lower), imaginary = lanes_load(lower + LANES);
      number *top = to + (2 * l - 3) * LANES;
      lanes_store(top, up * real);
      lanes_store(top + LANES, up * imaginary);
      lanes_store(top + 2 * LANES, x * real - y * imaginary);
      lanes_store(top + 3 * LANES, x * imaginary + y * real);
    } else {
      const lanes y00 = lanes_load(from);
      lanes_store(to, z * rise[0] * y00);
      lanes_store(to + LANES, x * y00);
      lanes_store(to + 2 * LANES, y * y00);
    }
  }
}

/* ---- radial functions ----------------------------------------------------------------------- */

#ifdef SOAP_SINGLE
#define TABLE singles
#else
#define TABLE doubles
#endif

/* All functions of a group for the neighbors of a segment: radial [neighbor][function]. */
static void evaluate_radial(const struct soap_table *table, const struct soap_group *group,
                            const struct segment *segment, number *radial)
{
  const size_t functions = (size_t)group->functions;
  const size_t per_interval = functions * (SOAP_DEGREE + 1);
  const number *first = table->TABLE + group->start;
  for (size_t j = 0; j < segment->used; j++) {
    const number *coefficient[LANES];
    const number *t = segment->place + j * LANES;
    for (int lane = 0; lane < LANES; lane++)
      coefficient[lane] = first + segment->interval[j * LANES + (size_t)lane] * per_interval;
    number *to = radial + j * functions * LANES;
    for (size_t f = 0; f < functions; f += LANES, to += LANES * LANES) {
      const size_t at = f / TABLE_VECTOR * TABLE_VECTOR * (SOAP_DEGREE + 1) + f % TABLE_VECTOR;
      lanes value[LANES];
      UNROLLED for (int lane = 0; lane < LANES; lane++)
      {
        const number *c = coefficient[lane] + at;
        const lanes power = lanes_set(t[lane]);
        lanes sum = lanes_load(c);
        UNROLLED for (int k = 1; k <= SOAP_DEGREE; k++) sum =
            sum * power + lanes_load(c + k * TABLE_VECTOR);
        value[lane] = sum;
      }
      transpose(value);
      UNROLLED for (int i = 0; i < LANES; i++) lanes_store(to + i * LANES, value[i]);
    }
  }
}

/* ---- coefficients and their products -------------------------------------------------------- */

/* c_nlm of one species: y [neighbor][m], h [neighbor][functions]. */
static void sum_coefficients(int l, int n, size_t count, struct factors y, struct factors h,
                             number *c, size_t channels)
{
  const int m_count = 2 * l + 1;
  const int columns = (n + TILE_COLUMNS - 1) / TILE_COLUMNS;
  const int rows = (m_count + TILE_ROWS - 1) / TILE_ROWS;
  for (int j = 0; j < columns; j++) {
    const int n0 = part_start(n, TILE_COLUMNS, j), n1 = part_start(n, TILE_COLUMNS, j + 1);
    const struct factors right = {h.first + n0 * LANES, h.step};
    for (int i = 0; i < rows; i++) {
      const int m0 = part_start(m_count, TILE_ROWS, i), m1 = part_start(m_count, TILE_ROWS, i + 1);
      const struct factors left = {y.first + m0 * LANES, y.step};
      sum_products(m1 - m0, n1 - n0, left, right, count,
                   c + ((size_t)m0 * channels + (size_t)n0) * LANES, channels);
    }
  }
}

/* The centers' own Gaussians. */
static void add_centers(const struct mlgrain_soap *soap, const struct block *block, number *c)
{
  const int n = soap->parameters.n_max;
  for (int lane = 0; lane < block->count; lane++)
    if (block->own_weight[lane] != 0)
      for (int i = 0; i < n; i++)
        c[(block->own_species[lane] * n + i) * LANES + lane] +=
            (number)soap->central[i] * block->own_weight[lane];
}

/* p_abl = sum_m c_alm c_blm, a >= b. */
static void multiply(int l, int channels, const number *c, number *product)
{
  number tile[TILE_ROWS * TILE_COLUMNS * LANES];
  const int rows = (channels + TILE_ROWS - 1) / TILE_ROWS;
  for (int i = 0; i < rows; i++) {
    const int a0 = part_start(channels, TILE_ROWS, i), a1 = part_start(channels, TILE_ROWS, i + 1);
    const struct factors left = {c + a0 * LANES, (size_t)channels};
    const int columns = (a1 + TILE_COLUMNS - 1) / TILE_COLUMNS;
    for (int j = 0; j < columns; j++) {
      const int b0 = part_start(a1, TILE_COLUMNS, j), b1 = part_start(a1, TILE_COLUMNS, j + 1);
      const struct factors right = {c + b0 * LANES, (size_t)channels};
      sum_products(a1 - a0, b1 - b0, left, right, (size_t)(2 * l + 1), tile, TILE_COLUMNS);
      for (int a = a0; a < a1; a++)
        for (int b = b0; b < b1 && b <= a; b++)
          lanes_store(product + (a * (a + 1) / 2 + b) * LANES,
                      lanes_load(tile + ((a - a0) * TILE_COLUMNS + b - b0) * LANES));
    }
  }
}

/* ---- a block -------------------------------------------------------------------------------- */

/* Factors that make the vectors as long as the user wants. */
static lanes scale_of(const struct mlgrain_soap *soap, const number *product)
{
  if (!soap->parameters.normalise)
    return lanes_set(1);
  lanes square = lanes_set(0), scale;
  for (size_t k = 0; k < soap->products; k++) {
    const lanes p = lanes_load(product + k * LANES) * (number)soap->factor[k];
    square += p * p;
  }
  for (int lane = 0; lane < LANES; lane++)
    scale[lane] = square[lane] > 0 ? (number)(1.0 / __builtin_sqrt((double)square[lane])) : 0;
  return scale;
}

/* Columns first .. first + LANES - 1 of all centers, as far as there are as many. */
static void write_columns(const struct mlgrain_soap *soap, const number *product, lanes scale,
                          int count, size_t first, double *const row[LANES])
{
  const size_t left = soap->columns - first, some = left < LANES ? left : LANES;
  lanes value[LANES];
  UNROLLED for (size_t i = 0; i < LANES; i++)
  {
    const size_t place = soap->place[first + (i < some ? i : 0)];
    value[i] = lanes_load(product + place * LANES) * scale * (number)soap->factor[place];
  }
  transpose(value);
  if (some == LANES) {
    for (int lane = 0; lane < count; lane++)
      for (size_t i = 0; i < LANES; i++)
        row[lane][first + i] = (double)value[lane][i];
    return;
  }
  for (int lane = 0; lane < count; lane++)
    for (size_t i = 0; i < some; i++)
      row[lane][first + i] = (double)value[lane][i];
}

static void write_rows(const struct soap_task *task, const struct block *block,
                       struct workspace *work)
{
  const struct mlgrain_soap *soap = task->soap;
  const lanes scale = scale_of(soap, work->product);
  double *row[LANES];
  for (int lane = 0; lane < block->count; lane++)
    row[lane] = task->visit
                    ? work->row + (size_t)lane * soap->columns
                    : task->descriptor + (size_t)block->point[lane] * soap->columns;
  for (size_t first = 0; first < soap->columns; first += LANES)
    write_columns(soap, work->product, scale, block->count, first, row);
  if (task->visit)
    task->visit(task->context, (size_t)block->count, block->point, work->row);
}

/* Products of one l; the radial functions of its group are in work->radial. */
static void compute_l(const struct mlgrain_soap *soap, int l, const struct soap_group *group,
                      const struct block *block, struct workspace *work)
{
  const size_t m_count = harmonics_of(soap);
  const int n = soap->parameters.n_max;
  number *now = work->harmonic[l % 2];
  const number *before = work->harmonic[1 - l % 2];
  const number *h = work->radial + (l - group->first_l) * n * LANES;
  for (int s = 0; s < soap->parameters.species; s++) {
    const struct segment *segment = &block->segment[s];
    if (l == 0)
      start_harmonics(segment, m_count, now);
    else
      advance_harmonics(&soap->harmonics, l, segment, m_count, now, before);
    sum_coefficients(l, n, segment->used, (struct factors){now, m_count},
                     (struct factors){h, (size_t)group->functions},
                     work->coefficient + s * n * LANES, (size_t)soap->channels);
    now += segment->used * m_count * LANES;
    before += segment->used * m_count * LANES;
    h += segment->used * (size_t)group->functions * LANES;
  }
  if (l == 0)
    add_centers(soap, block, work->coefficient);
  multiply(l, soap->channels, work->coefficient,
           work->product + (size_t)l * soap->pairs * LANES);
}

static enum mlgrain_status finish(const struct soap_task *task, struct block *block,
                                  struct workspace *work)
{
  const struct mlgrain_soap *soap = task->soap;
  size_t neighbors = 0;
  for (int s = 0; s < soap->parameters.species; s++) {
    fill_up(block, &block->segment[s]);
    neighbors += block->segment[s].used;
  }
  if (reserve_block(task, work, neighbors))
    return MLGRAIN_OUT_OF_MEMORY;
  for (int g = 0; g < soap->table.groups; g++) {
    const struct soap_group *group = &soap->table.group[g];
    number *radial = work->radial;
    for (int s = 0; s < soap->parameters.species; s++) {
      evaluate_radial(&soap->table, group, &block->segment[s], radial);
      radial += block->segment[s].used * (size_t)group->functions * LANES;
    }
    for (int l = group->first_l; l < group->last_l; l++)
      compute_l(soap, l, group, block, work);
  }
  write_rows(task, block, work);
  block->count = 0;
  return MLGRAIN_SUCCESS;
}

/* ---- centers -------------------------------------------------------------------------------- */

/* What the center itself is in its neighborhood. */
static void describe_center(const struct soap_task *task, int32_t point, struct block *block)
{
  const int lane = block->count;
  const int32_t species = task->points->species ? task->points->species[point] : 0;
  const int known = species >= 0 && species < task->soap->parameters.species;
  block->point[lane] = point;
  block->own_species[lane] = known ? species : 0;
  block->own_weight[lane] =
      !known ? 0 : task->points->weight ? (number)task->points->weight[point] : 1;
}

/* Adds a center, place `i` of the sorted points, to the block. */
static enum mlgrain_status add_center(const struct soap_task *task, uint32_t i, struct block *block,
                                      struct workspace *work)
{
  const struct mlgrain_cells *cells = task->points->cells;
  const int32_t point = cells->index[i];
  const int lane = block->count;
  describe_center(task, point, block);
  for (int s = 0; s < task->soap->parameters.species; s++) {
    struct picked *picked = &work->picked;
    double here =
        pick(task, cells->x[i], cells->y[i], cells->z[i], &work->candidates[s], picked);
    measure(task, picked);
    const int is_own = !task->points->species || task->points->species[point] == s;
    if (is_own)
      here -= task->points->weight ? task->points->weight[point] : 1.0;
    if (here > 0.0)
      add_coincident(picked, here);
    if (reserve_segment(&block->segment[s], picked->count))
      return MLGRAIN_OUT_OF_MEMORY;
    put_in_lane(task->soap, picked, work->bucket, &block->segment[s], lane);
  }
  return ++block->count == LANES ? finish(task, block, work) : MLGRAIN_SUCCESS;
}

static enum mlgrain_status compute_span(const struct soap_task *task, size_t cell, int32_t span,
                                        struct block *block, struct workspace *work)
{
  const struct mlgrain_cells *cells = task->points->cells;
  const struct mlgrain_run centers = points_of_cells(cells, cell, span);
  struct mlgrain_run run[MLGRAIN_CELLS_RUNS];
  if (!has_chosen(cells, task->points->chosen, centers))
    return MLGRAIN_SUCCESS;
  const int run_count = mlgrain_cells_runs(cells, cell, span, run);
  size_t most = 0;
  for (int r = 0; r < run_count; r++)
    most += run[r].last - run[r].first;
  if (reserve_candidates(task->soap, work, most))
    return MLGRAIN_OUT_OF_MEMORY;
  struct candidate_search search = {cells, task->soap->reach, task->points->weight,
                                    task->points->species, 0};
  const struct ball ball = ball_around(cells, centers);
  for (; search.wanted < task->soap->parameters.species; search.wanted++)
    collect_candidates(&search, ball, run_count, run, &work->candidates[search.wanted]);
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (uint32_t i = centers.first; i < centers.last && !status; i++)
    if (task->points->chosen[cells->index[i]])
      status = add_center(task, i, block, work);
  return status;
}

#ifdef SOAP_SINGLE
#define SOAP_COMPUTE MLGRAIN_KERNEL(soap_compute_single)
#else
#define SOAP_COMPUTE MLGRAIN_KERNEL(soap_compute)
#endif

enum mlgrain_status SOAP_COMPUTE(const struct soap_task *task)
{
  struct workspace work = {0};
  struct block block = {0};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  int32_t span;
  for (size_t cell = task->first_cell; cell < task->last_cell && !status; cell += (size_t)span) {
    span = cells_together(task->points->cells, cell, task->last_cell);
    status = compute_span(task, cell, span, &block, &work);
  }
  if (!status && block.count)
    status = finish(task, &block, &work);
  for (int s = 0; s < task->soap->parameters.species; s++)
    free(block.segment[s].x);
  free(work.candidate_memory);
  free(work.memory);
  return status;
}
