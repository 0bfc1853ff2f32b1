/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power spectra, compiled once per SIMD level (and by soap_single_kernel.c once more, for floats).
   The neighbors of a center are picked in double precision, neighbors in lanes. When some centers
   wait, those with nearly as many neighbors are put into blocks of LANES centers, one to a lane, in
   the order of their neighbors' distance: then the lanes want about the same part of the table of
   radial functions. From there on everything is done for all centers of a block at once. For each
   l: h_nl(r) of the neighbors, by polynomials, functions in lanes, and transposed; Y_lm of the
   neighbors, by recurrence; c_nlm = sum_j h_nl(r_j) Y_lm(r_j), the largest part of the work; p_abl
   = sum_m c_alm c_blm. Where n_max allows, soap_functions.h makes the c_nlm in another way.
   Notation follows doc/theory_soap.md. */
#include "cells/candidates.h"
#include "soap_functions.h"

/* Up to LANES centers. */
struct block {
  int count;
  int32_t point[LANES];
  number own_weight[LANES]; /* of the center in its own density, in channel own_species */
  int32_t own_species[LANES];
  struct segment segment[MLGRAIN_SOAP_MOST_SPECIES]; /* with one center to a lane */
  uint32_t neighbors[MLGRAIN_SOAP_MOST_SPECIES][LANES];
  struct crowd crowd[MLGRAIN_SOAP_MOST_SPECIES]; /* by function: of the newest centers */
};

/* Neighbors: of each the unit vector, the weight, and the distance in units of the table's
   intervals. */
struct picked {
  size_t count;
  double *x, *y, *z, *weight, *distance;
};

enum { PICKED_ROWS = 5, BUCKETS = 64, WAITING = 4 * LANES };

/* A center, and where its neighbors in each species are among those picked. */
struct center {
  int32_t point;
  size_t total;
  size_t first[MLGRAIN_SOAP_MOST_SPECIES], count[MLGRAIN_SOAP_MOST_SPECIES];
};

/* Memory of one call. */
struct workspace {
  struct points_memory held; /* of the candidates */
  struct points candidates[MLGRAIN_SOAP_MOST_SPECIES];
  int waiting;
  struct center center[WAITING];
  size_t picked_capacity;
  struct picked picked; /* of all that wait */
  uint16_t *bucket;
  size_t neighbors; /* for which the following have room */
  number *memory;
  number
      *harmonic[2]; /* [neighbor][rows_of_harmonics] of even and odd l: m = 0, 1, -1, 2, -2 ... */
  number *radial;   /* [neighbor][functions of a group] */
  number *coefficient; /* c of one l: [m][channel] */
  number *product;     /* [products] */
  double *row;         /* [LANES][columns], if there is a visitor */
  number *own;         /* by function: c_nlm of each center, [LANES][l, m][channel] */
};

/* ---- memory --------------------------------------------------------------------------------- */

/* Makes room for `more` neighbors beside those picked, and some that vectors write over the end. */
static enum mlgrain_status reserve_picked(struct workspace *work, size_t more)
{
  const size_t needed = work->picked.count + more + WIDTH;
  if (needed <= work->picked_capacity)
    return MLGRAIN_SUCCESS;
  const size_t row = (needed + needed / 2 + 63) / 64 * 64;
  double *memory = aligned_alloc(64, PICKED_ROWS * row * sizeof *memory + row * sizeof(uint16_t));
  if (!memory)
    return MLGRAIN_OUT_OF_MEMORY;
  struct picked to = {work->picked.count, memory,           memory + row,
                      memory + 2 * row,   memory + 3 * row, memory + 4 * row};
  const struct picked from = work->picked;
  if (from.count) {
    const size_t size = from.count * sizeof *memory;
    memcpy(to.x, from.x, size);
    memcpy(to.y, from.y, size);
    memcpy(to.z, from.z, size);
    memcpy(to.weight, from.weight, size);
    memcpy(to.distance, from.distance, size);
  }
  free(from.x);
  work->picked = to;
  work->picked_capacity = row;
  work->bucket = (uint16_t *)(void *)(memory + PICKED_ROWS * row);
  return MLGRAIN_SUCCESS; // cppcheck-suppress memleak ; to.x is its beginning
}

/* The neighbors from `first` on. */
static struct picked picked_from(const struct picked *all, size_t first, size_t count)
{
  return (struct picked){count,          all->x + first,      all->y + first,
                         all->z + first, all->weight + first, all->distance + first};
}

static size_t most_functions(const struct soap_table *table)
{
  int most = 0;
  for (int g = 0; g < table->groups; g++)
    most = table->group[g].functions > most ? table->group[g].functions : most;
  return (size_t)most;
}

static enum mlgrain_status reserve_own(const struct mlgrain_soap *soap, struct workspace *work)
{
  const size_t l_count = (size_t)soap->parameters.l_max + 1;
  const size_t numbers = LANES * l_count * l_count * (size_t)soap->channels;
  if (!work->own)
    work->own = aligned_alloc(64, (numbers * sizeof *work->own + 63) / 64 * 64);
  if (!work->own)
    return MLGRAIN_OUT_OF_MEMORY;
  memset(work->own, 0, numbers * sizeof *work->own); /* of lanes without a center, too */
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status reserve_block(const struct soap_task *task, struct workspace *work,
                                         size_t neighbors)
{
  const struct mlgrain_soap *soap = task->soap;
  if (work->memory && neighbors <= work->neighbors)
    return MLGRAIN_SUCCESS;
  const size_t room = neighbors + neighbors / 4 + 8, m = rows_of_harmonics(soap);
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
  work->row = (double *)(void *)(memory + numbers);
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
      0x1.921fb54442d18p+1,  -0x1.4abbce625be53p+2,  0x1.466bc6775aae2p+1,  -0x1.32d2cce62bd86p-1,
      0x1.50783487ee782p-4,  -0x1.e3074fde8871fp-8,  0x1.e8f434d018d63p-12, -0x1.6fadb9f155744p-16,
      0x1.aaec32af93359p-21, -0x1.8a404211f9547p-26, 0x1.2877020d52cf0p-31, -0x1.7215f879e1ac9p-37};
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
                        uint16_t *bucket, const struct segment *segment, int lane)
{
  const struct picked from = *picked;
  const struct segment to = *segment;
  const int intervals = soap->table.intervals;
  const int row_size = (DEGREE + 1) * LANES;
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
    to.row[at] = (uint32_t)(interval * row_size);
  }
}

/* Where lanes have fewer neighbors than others, neighbors of weight 0. */
static void fill_up(int centers, uint32_t count[LANES], struct segment *segment)
{
  size_t most = 0;
  for (int lane = 0; lane < LANES; lane++) {
    if (lane >= centers)
      count[lane] = 0;
    most = count[lane] > most ? count[lane] : most;
  }
  segment->used = most;
  for (int lane = 0; lane < LANES; lane++)
    for (size_t j = count[lane]; j < most; j++) {
      const size_t at = j * LANES + (size_t)lane;
      segment->x[at] = segment->y[at] = segment->weight[at] = segment->place[at] = 0;
      segment->z[at] = 1;
      segment->row[at] = j > 0 ? segment->row[at - LANES] : 0;
    }
}

/* ---- radial functions ----------------------------------------------------------------------- */

/* LANES functions, from `first` in the part of the table that has these: radial [neighbor][step].
 */
static void evaluate_vector(const number *first, const struct segment *segment, number *radial,
                            size_t step)
{
  for (size_t j = 0; j < segment->used; j++, radial += step * LANES) {
    const number *t = segment->place + j * LANES;
    const uint32_t *row = segment->row + j * LANES;
    lane_vector value[LANES];
    UNROLLED for (int lane = 0; lane < LANES; lane++)
    {
      const number *c = first + row[lane];
      const lane_vector power = lanes_set(t[lane]);
      lane_vector sum = lanes_load(c);
      UNROLLED for (int k = 1; k <= DEGREE; k++) sum = sum * power + lanes_load(c + k * LANES);
      value[lane] = sum;
    }
    transpose(value);
    UNROLLED for (int i = 0; i < LANES; i++) lanes_store(radial + i * LANES, value[i]);
  }
}

/* All functions of a group for the neighbors of a segment: radial [neighbor][function]. */
static void evaluate_radial(const struct soap_table *table, const struct soap_group *group,
                            const struct segment *segment, number *radial)
{
  const size_t functions = (size_t)group->functions;
  const size_t part = (size_t)table->intervals * (DEGREE + 1) * LANES;
  const number *first = table->TABLE + group->start;
  for (size_t f = 0; f < functions; f += LANES)
    evaluate_vector(first + f / LANES * part, segment, radial + f * LANES, functions);
}

/* ---- coefficients and their products -------------------------------------------------------- */

/* c_nlm of one species: y [neighbor][m] without norms, h [neighbor][functions]. */
static void sum_coefficients(int l, int n, size_t count, struct factors y, struct factors h,
                             const number *norm, number *c, size_t channels)
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
      sum_products(m1 - m0, n1 - n0, left, right, count, norm + m0,
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

/* p_abl = sum_m c_alm c_blm, a >= b, into every `step`-th place. */
static void multiply(int l, int channels, const number *c, number *product, size_t step)
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
      sum_products(a1 - a0, b1 - b0, left, right, (size_t)(2 * l + 1), NULL, tile, TILE_COLUMNS);
      for (int a = a0; a < a1; a++)
        for (int b = b0; b < b1 && b <= a; b++)
          lanes_store(product + (size_t)(a * (a + 1) / 2 + b) * step * LANES,
                      lanes_load(tile + ((a - a0) * TILE_COLUMNS + b - b0) * LANES));
    }
  }
}

/* ---- a block -------------------------------------------------------------------------------- */

/* Factors that make the vectors as long as the user wants. */
static lane_vector scale_of(const struct mlgrain_soap *soap, const number *product)
{
  if (!soap->parameters.normalise)
    return lanes_set(1);
  double square[LANES] = {0.0};
  lane_vector scale = lanes_set(0);
  for (size_t k = 0; k + 1 < soap->products;) { /* floats would lose digits in long sums */
    lane_vector some = lanes_set(0);
    const size_t end = k + 32 < soap->products - 1 ? k + 32 : soap->products - 1;
    for (; k < end; k++) {
      const lane_vector p = lanes_load(product + k * LANES) * (number)soap->factor[k];
      some += p * p;
    }
    for (int lane = 0; lane < LANES; lane++)
      square[lane] += (double)some[lane];
  }
  for (int lane = 0; lane < LANES; lane++)
    scale[lane] = square[lane] > 0.0 ? (number)(1.0 / __builtin_sqrt(square[lane])) : 0;
  return scale;
}

/* Columns first .. first + LANES - 1 of all centers, as far as there are as many. */
static void write_columns(const struct mlgrain_soap *soap, const number *product, lane_vector scale,
                          int count, size_t first, double *const row[LANES])
{
  const size_t left = soap->columns - first, some = left < LANES ? left : LANES;
  lane_vector value[LANES];
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
  const lane_vector scale = scale_of(soap, work->product);
  double *row[LANES];
  for (int lane = 0; lane < block->count; lane++)
    row[lane] = task->visit ? work->row + (size_t)lane * soap->columns
                            : task->descriptor + (size_t)block->point[lane] * soap->columns;
  for (size_t first = 0; first < soap->columns; first += LANES)
    write_columns(soap, work->product, scale, block->count, first, row);
  if (task->visit)
    task->visit(task->context, (size_t)block->count, block->point, work->row);
}

/* Products of one l, whose coefficients are there. */
static void finish_l(const struct mlgrain_soap *soap, int l, const struct block *block,
                     struct workspace *work)
{
  if (l == 0)
    add_centers(soap, block, work->coefficient);
  multiply(l, soap->channels, work->coefficient, work->product + (size_t)l * soap->l_step * LANES,
           soap->pair_step);
}

/* The radial functions of the group are in work->radial. */
static void compute_l(const struct mlgrain_soap *soap, int l, const struct soap_group *group,
                      const struct block *block, struct workspace *work)
{
  number norm[SOAP_MOST_M];
  const size_t rows = rows_of_harmonics(soap);
  const int n = soap->parameters.n_max;
  number *now = work->harmonic[l % 2], *other = work->harmonic[1 - l % 2];
  const number *h = work->radial + (l - group->first_l) * n * LANES;
  fill_norms(&soap->harmonics, l, norm);
  for (int s = 0; s < soap->parameters.species; s++) {
    const struct segment *segment = &block->segment[s];
    if (l == 0)
      start_harmonics(segment, rows, now, other);
    else if (l % 2 == 0)
      advance_harmonics(soap, l, segment, now, other);
    sum_coefficients(l, n, segment->used, (struct factors){now, rows},
                     (struct factors){h, (size_t)group->functions}, norm,
                     work->coefficient + s * n * LANES, (size_t)soap->channels);
    now += segment->used * rows * LANES;
    other += segment->used * rows * LANES;
    h += segment->used * (size_t)group->functions * LANES;
  }
  finish_l(soap, l, block, work);
}

/* The coefficients of centers `first` to the last of the block, whose neighbors are a crowd. */
static enum mlgrain_status expand(const struct soap_task *task, struct block *block, int first,
                                  struct workspace *work)
{
  const struct mlgrain_soap *soap = task->soap;
  const int centers = block->count - first, l_count = soap->parameters.l_max + 1;
  const size_t own_step = (size_t)(l_count * l_count) * (size_t)soap->channels;
  size_t vectors = 0;
  for (int s = 0; s < soap->parameters.species; s++) {
    if (sort_by_interval(&soap->table, centers, &block->crowd[s]))
      return MLGRAIN_OUT_OF_MEMORY;
    vectors += block->crowd[s].segment.used;
  }
  if (reserve_block(task, work, vectors))
    return MLGRAIN_OUT_OF_MEMORY;
  for (int l = 0; l < l_count; l++) {
    struct crowd_memory memory = {{work->harmonic[0], work->harmonic[1]}, work->radial};
    number *own = work->own + (size_t)first * own_step;
    for (int s = 0; s < soap->parameters.species; s++, own += soap->parameters.n_max) {
      const struct crowd *crowd = &block->crowd[s];
      const size_t numbers = crowd->segment.used * rows_of_harmonics(soap) * LANES;
      expand_species(soap, l, centers, crowd, &memory, own, own_step);
      memory.harmonic[0] += numbers;
      memory.harmonic[1] += numbers;
    }
  }
  for (int s = 0; s < soap->parameters.species; s++)
    block->crowd[s].segment.used = 0;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status finish_by_function(const struct soap_task *task, struct block *block,
                                              struct workspace *work)
{
  const int first = block->count / CENTERS_TOGETHER * CENTERS_TOGETHER;
  const int l_count = task->soap->parameters.l_max + 1;
  const size_t own_step = (size_t)(l_count * l_count) * (size_t)task->soap->channels;
  if (first < block->count && expand(task, block, first, work))
    return MLGRAIN_OUT_OF_MEMORY;
  for (int l = 0; l < l_count; l++) {
    gather_centers(task->soap, l, work->own, own_step, work->coefficient);
    finish_l(task->soap, l, block, work);
  }
  write_rows(task, block, work);
  block->count = 0;
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status finish(const struct soap_task *task, struct block *block,
                                  struct workspace *work)
{
  const struct mlgrain_soap *soap = task->soap;
  size_t neighbors = 0;
  for (int s = 0; s < soap->parameters.species; s++) {
    fill_up(block->count, block->neighbors[s], &block->segment[s]);
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

/* Appends the neighbors of a center, the i-th of those together. */
static enum mlgrain_status put_in_crowd(const struct mlgrain_soap *soap,
                                        const struct picked *picked, int i, struct crowd *crowd)
{
  const struct picked from = *picked;
  const size_t used = crowd->segment.used, more = (from.count + LANES - 1) / LANES;
  const int last = soap->table.intervals - 1, row_size = (DEGREE + 1) * LANES;
  if (reserve_segment(&crowd->segment, used + more))
    return MLGRAIN_OUT_OF_MEMORY;
  const struct segment to = crowd->segment;
  const size_t at = used * LANES;
  for (size_t j = 0; j < from.count; j++) {
    const int whole = (int)from.distance[j], interval = whole < last ? whole : last;
    to.x[at + j] = (number)from.x[j];
    to.y[at + j] = (number)from.y[j];
    to.z[at + j] = (number)from.z[j];
    to.weight[at + j] = (number)from.weight[j];
    to.place[at + j] = (number)(2.0 * (from.distance[j] - interval) - 1.0);
    to.row[at + j] = (uint32_t)(interval * row_size);
  }
  for (size_t j = at + from.count; j < (used + more) * LANES; j++) { /* these are not summed */
    to.x[j] = to.y[j] = to.weight[j] = 0;
    to.z[j] = 1;
  }
  crowd->first[i] = used;
  crowd->count[i] = (uint32_t)from.count;
  crowd->segment.used = used + more;
  return MLGRAIN_SUCCESS;
}

/* Puts a center into the next lane of the block. */
static enum mlgrain_status put_center(const struct soap_task *task, const struct center *center,
                                      struct workspace *work, struct block *block)
{
  const struct mlgrain_soap *soap = task->soap;
  const int lane = block->count++;
  const int32_t own = task->points->species ? task->points->species[center->point] : 0;
  const int known = own >= 0 && own < soap->parameters.species;
  const int by_function = is_by_function(soap);
  block->point[lane] = center->point;
  block->own_species[lane] = known ? own : 0;
  block->own_weight[lane] = !known                 ? 0
                            : task->points->weight ? (number)task->points->weight[center->point]
                                                   : 1;
  for (int s = 0; s < soap->parameters.species; s++) {
    const struct picked picked = picked_from(&work->picked, center->first[s], center->count[s]);
    if (by_function) {
      if (put_in_crowd(soap, &picked, lane % CENTERS_TOGETHER, &block->crowd[s]))
        return MLGRAIN_OUT_OF_MEMORY;
      continue;
    }
    if (reserve_segment(&block->segment[s], picked.count))
      return MLGRAIN_OUT_OF_MEMORY;
    block->neighbors[s][lane] = (uint32_t)picked.count;
    put_in_lane(soap, &picked, work->bucket, &block->segment[s], lane);
  }
  if (by_function && block->count % CENTERS_TOGETHER == 0)
    return expand(task, block, block->count - CENTERS_TOGETHER, work);
  return MLGRAIN_SUCCESS;
}

/* Centers with many neighbors first. */
static void sort_centers(struct workspace *work)
{
  for (int i = 1; i < work->waiting; i++) {
    const struct center moved = work->center[i];
    int to = i;
    for (; to > 0 && work->center[to - 1].total < moved.total; to--)
      work->center[to] = work->center[to - 1];
    work->center[to] = moved;
  }
}

/* Computes the centers that wait. */
static enum mlgrain_status serve(const struct soap_task *task, struct workspace *work,
                                 struct block *block)
{
  const int by_function = is_by_function(task->soap);
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  if (by_function && reserve_own(task->soap, work))
    return MLGRAIN_OUT_OF_MEMORY;
  if (!by_function)
    sort_centers(work);
  for (int i = 0; i < work->waiting && !status; i++) {
    status = put_center(task, &work->center[i], work, block);
    if (!status && (block->count == LANES || i + 1 == work->waiting))
      status = by_function ? finish_by_function(task, block, work) : finish(task, block, work);
  }
  work->waiting = 0;
  work->picked.count = 0;
  return status;
}

/* Picks the neighbors of a center, place `i` of the sorted points. */
static enum mlgrain_status pick_neighbors(const struct soap_task *task, uint32_t i,
                                          struct workspace *work)
{
  const struct mlgrain_cells *cells = task->points->cells;
  struct center *center = &work->center[work->waiting++];
  center->point = cells->index[i];
  center->total = 0;
  for (int s = 0; s < task->soap->parameters.species; s++) {
    if (reserve_picked(work, work->candidates[s].count + 1))
      return MLGRAIN_OUT_OF_MEMORY;
    struct picked picked = picked_from(&work->picked, work->picked.count, 0);
    double here = pick(task, cells->x[i], cells->y[i], cells->z[i], &work->candidates[s], &picked);
    measure(task, &picked);
    if (!task->points->species || task->points->species[center->point] == s)
      here -= task->points->weight ? task->points->weight[center->point] : 1.0;
    if (here > 0.0)
      add_coincident(&picked, here);
    center->first[s] = work->picked.count;
    center->count[s] = picked.count;
    center->total += picked.count;
    work->picked.count += picked.count;
  }
  return MLGRAIN_SUCCESS;
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
  const size_t species = (size_t)task->soap->parameters.species;
  if (points_reserve(&work->held, most, work->candidates, species))
    return MLGRAIN_OUT_OF_MEMORY;
  struct candidate_search search = {cells, task->soap->reach, task->points->weight,
                                    task->points->species, 0};
  const struct ball ball = ball_around(cells, centers);
  for (; search.wanted < task->soap->parameters.species; search.wanted++)
    collect_candidates(&search, ball, run_count, run, &work->candidates[search.wanted]);
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (uint32_t i = centers.first; i < centers.last && !status; i++) {
    if (!task->points->chosen[cells->index[i]])
      continue;
    status = pick_neighbors(task, i, work);
    if (!status && work->waiting == WAITING)
      status = serve(task, work, block);
  }
  return status;
}

enum mlgrain_status MLGRAIN_KERNEL(soap_compute)(const struct soap_task *task)
{
  struct workspace work = {0};
  struct block block = {0};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  int32_t span;
  for (size_t cell = task->first_cell; cell < task->last_cell && !status; cell += (size_t)span) {
    span = cells_together(task->points->cells, cell, task->last_cell);
    status = compute_span(task, cell, span, &block, &work);
  }
  if (!status && work.waiting)
    status = serve(task, &work, &block);
  for (int s = 0; s < task->soap->parameters.species; s++) {
    free(block.segment[s].x);
    crowd_free(&block.crowd[s]);
  }
  free(work.held.memory);
  free(work.picked.x);
  free(work.memory);
  free(work.own);
  return status;
}
