/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upper bounds of extrapolation grades from rounded gradients, and the centers whose grades may be
   above what is asked for (mlgrain/mtp_bounds.h has the formulas). */
#include "mtp_rounded.h"

/* ---- products with matrices ------------------------------------------------------------------ */

/* The next MTP_BOUND_COLUMNS of a range of columns, or what is left. */
static inline struct range next_columns(struct range range, size_t first)
{
  const size_t last = first + MTP_BOUND_COLUMNS;
  return (struct range){first, last < range.last ? last : range.last};
}

/* Adds columns of a group of rows [row][n] times the gradients to out [row][place]. */
ALWAYS_INLINE void add_columns(const float *matrix, size_t n, const float *gradient,
                               struct range columns, double *out)
{
  vector_single sum[MTP_BOUND_ROWS][ALL_SINGLES];
  for (int r = 0; r < MTP_BOUND_ROWS; r++)
    for (int c = 0; c < ALL_SINGLES; c++)
      sum[r][c] = single_set(0.0f);
  for (size_t k = columns.first; k < columns.last; k++)
    for (int r = 0; r < MTP_BOUND_ROWS; r++) {
      const vector_single a = single_set(matrix[(size_t)r * n + k]);
      for (int c = 0; c < ALL_SINGLES; c++)
        sum[r][c] += a * single_load(gradient + k * ALL_LANES + c * SINGLES);
    }
  for (int r = 0; r < MTP_BOUND_ROWS; r++)
    for (int c = 0; c < ALL_SINGLES; c++) {
      double *place = out + r * ALL_LANES + c * SINGLES;
      vector both[2] = {vector_load(place), vector_load(place + WIDTH)};
      single_add_to(both, sum[r][c]);
      vector_store(place, both[0]);
      vector_store(place + WIDTH, both[1]);
    }
}

__attribute__((noinline)) static void add_group(const float *matrix, size_t n,
                                                const struct range ranges[2], const float *gradient,
                                                double *out)
{
  for (int part = 0; part < 2; part++)
    for (size_t k = ranges[part].first; k < ranges[part].last; k += MTP_BOUND_COLUMNS)
      add_columns(matrix, n, gradient, next_columns(ranges[part], k), out);
}

/* out [row][place]: what `rows` rows give for the mean of each center's species, from a table
   [species][step] of them. */
static void begin_rows(const double *table, size_t step, size_t rows,
                       const struct mtp_waiting *waiting, double *out)
{
  if (waiting->species >= 0) {
    table += (size_t)waiting->species * step;
    for (size_t row = 0; row < rows; row++)
      for (int place = 0; place < ALL_LANES; place += WIDTH, out += WIDTH)
        vector_store(out, vector_set(table[row]));
    return;
  }
  for (int block = 0; block < MTP_GRADE_BLOCKS; block++, out += WIDTH)
    for (int lane = 0; lane < WIDTH; lane++) {
      const int species = waiting->each[block < waiting->blocks ? block : 0][lane];
      const double *mean = table + (size_t)species * step;
      for (size_t row = 0; row < rows; row++)
        out[row * ALL_LANES + (size_t)lane] = mean[row];
    }
}

static void multiply(const struct mlgrain_mtp_grade_bounds *bounds, const struct range ranges[2],
                     const struct mtp_waiting *waiting, const struct mtp_rounded *arrays)
{
  begin_rows(bounds->offset, bounds->rows, bounds->rows, waiting, arrays->product);
  for (size_t row = 0; row < bounds->rows; row += MTP_BOUND_ROWS)
    add_group(bounds->matrix + row * bounds->parameters, bounds->parameters, ranges,
              arrays->gradient, arrays->product + row * ALL_LANES);
}

/* The largest coefficient of each place, [place]; NaN stays. */
static void multiply_all(const struct mlgrain_mtp_grade_bounds *bounds,
                         const struct range ranges[2], const struct mtp_waiting *waiting,
                         const struct mtp_rounded *arrays, double *largest)
{
  const size_t n = bounds->parameters;
  memset(largest, 0, ALL_LANES * sizeof *largest);
  for (size_t row = 0; row < n; row += MTP_BOUND_ROWS) {
    double out[MTP_BOUND_ROWS * ALL_LANES] = {0.0};
    begin_rows(bounds->origin + row, n, n - row < MTP_BOUND_ROWS ? n - row : MTP_BOUND_ROWS,
               waiting, out);
    add_group(bounds->inverse + row * n, n, ranges, arrays->gradient, out);
    for (int k = 0; k < MTP_BOUND_ROWS * ALL_LANES; k += WIDTH) {
      double *place = largest + k % ALL_LANES;
      const vector size = vector_abs(vector_load(out + k)), so_far = vector_load(place);
      vector_store(place, vector_select(size <= so_far, so_far, size));
    }
  }
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* What is known of all places. */
struct bounded {
  float rho[ALL_LANES];      /* bounds the remainder */
  float rounding[ALL_LANES]; /* what rounding changes in a bound at most */
  float known[ALL_LANES];    /* the largest known coefficient */
  float largest[ALL_LANES];  /* the largest bound of all others, but for rounding */
};

/* Rounding errors, as independent with mean 0, add up in squares (N. J. Higham, T. Mary, SIAM J.
   Sci. Comput. 41 (2019) A2815): those of entries of the gradient; and those of sums of
   MTP_BOUND_COLUMNS terms, none larger than the sum of the terms' sizes, of which `error` times
   `factor` counts. */
__attribute__((noinline)) static void
find_rounding(const struct mlgrain_mtp_grade_bounds *bounds, const float *error, float factor,
              const struct range ranges[2], const struct mtp_rounded *arrays, float *rounding)
{
  vector_single entries[ALL_SINGLES], products[ALL_SINGLES];
  for (int c = 0; c < ALL_SINGLES; c++) {
    entries[c] = single_load(arrays->of_sums + c * SINGLES);
    products[c] = single_set(0.0f);
  }
  for (int part = 0; part < 2; part++)
    for (size_t first = ranges[part].first; first < ranges[part].last; first += MTP_BOUND_COLUMNS) {
      const struct range columns = next_columns(ranges[part], first);
      vector_single sizes[ALL_SINGLES];
      for (int c = 0; c < ALL_SINGLES; c++)
        sizes[c] = single_set(0.0f);
      for (size_t k = columns.first; k < columns.last; k++)
        for (int c = 0; c < ALL_SINGLES; c++) {
          const vector_single v = single_load(arrays->gradient + k * ALL_LANES + c * SINGLES);
          const vector_single entry = v * single_set(bounds->entry_error[k]);
          entries[c] += entry * entry;
          sizes[c] += single_abs(v) * single_set(error[k]);
        }
      for (int c = 0; c < ALL_SINGLES; c++)
        products[c] += sizes[c] * sizes[c];
    }
  for (int place = 0; place < ALL_LANES; place++)
    rounding[place] = (float)MTP_BOUND_SLACK +
                      __builtin_sqrtf(entries[place / SINGLES][place % SINGLES]) +
                      factor * __builtin_sqrtf(products[place / SINGLES][place % SINGLES]);
}

/* The product's rows: y, known coefficients, the remainder. */
static void split_rows(const struct mlgrain_mtp_grade_bounds *bounds,
                       const struct mtp_rounded *arrays, struct bounded *bounded)
{
  const size_t sketch = bounds->directions + bounds->known_count;
  const double *out = arrays->product;
  for (size_t k = 0; k < bounds->directions * ALL_LANES; k++)
    arrays->y[k] = (float)out[k];
  for (int c = 0; c < MTP_GRADE_BLOCKS; c++) {
    vector known = vector_set(0.0), squares = vector_set(0.0);
    for (size_t k = bounds->directions; k < sketch; k++) {
      const vector size = vector_abs(vector_load(out + k * ALL_LANES + c * WIDTH));
      known = vector_select(size <= known, known, size); /* NaN stays: all are */
    }
    for (size_t k = sketch; k < bounds->rows; k++) {
      const vector sketched = vector_load(out + k * ALL_LANES + c * WIDTH);
      squares += sketched * sketched;
    }
    single_round(bounded->known + c * WIDTH, known);
    for (int lane = 0; lane < WIDTH; lane++)
      bounded->rho[c * WIDTH + lane] = (float)__builtin_sqrt(squares[lane]);
  }
}

/* Bounds |W V y| + W rho of `rows` rows: `keep` them, [row][place]; largest[] becomes the largest
   of itself and these. */
ALWAYS_INLINE void principal_rows(const int rows, const int keep, const float *v,
                                  const float *weight, size_t columns, const float *y,
                                  const float *rho, float *out, vector_single *largest)
{
  vector_single sum[MTP_BOUND_ROWS][ALL_SINGLES];
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < ALL_SINGLES; c++)
      sum[r][c] = single_set(0.0f);
  for (size_t k = 0; k < columns; k++, y += ALL_LANES)
    for (int r = 0; r < rows; r++)
      for (int c = 0; c < ALL_SINGLES; c++)
        sum[r][c] += single_set(v[(size_t)r * columns + k]) * single_load(y + c * SINGLES);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < ALL_SINGLES; c++) {
      const vector_single size =
          single_abs(sum[r][c]) + single_set(weight[r]) * single_load(rho + c * SINGLES);
      if (keep)
        single_store(out + r * ALL_LANES + c * SINGLES, size);
      largest[c] = (vector_single)(((vector_int32)largest[c] & (size <= largest[c])) |
                                   ((vector_int32)size & ~(size <= largest[c])));
    }
}

ALWAYS_INLINE void all_principal_rows(const int keep, const struct mlgrain_mtp_grade_bounds *bounds,
                                      const float *y, const float *rho, float *sizes,
                                      vector_single *found)
{
  const size_t n = bounds->parameters, directions = bounds->directions;
  const float *weight = bounds->basis + n * directions;
  size_t row = 0;
  for (; row + MTP_BOUND_ROWS <= n; row += MTP_BOUND_ROWS)
    principal_rows(MTP_BOUND_ROWS, keep, bounds->basis + row * directions, weight + row, directions,
                   y, rho, sizes + row * ALL_LANES, found);
  for (; row < n; row++)
    principal_rows(1, keep, bounds->basis + row * directions, weight + row, directions, y, rho,
                   sizes + row * ALL_LANES, found);
}

/* The largest bound of each place, NaN where y isn't finite; and all of them, if these are to be
   kept. Most often they aren't needed, and memory costs as much as the product. */
__attribute__((noinline)) static void principal_part(const struct mlgrain_mtp_grade_bounds *bounds,
                                                     const struct mtp_rounded *arrays, int keep,
                                                     struct bounded *bounded)
{
  vector_single found[ALL_SINGLES];
  for (int c = 0; c < ALL_SINGLES; c++)
    found[c] = single_set(0.0f);
  if (keep)
    all_principal_rows(1, bounds, arrays->y, bounded->rho, arrays->size, found);
  else
    all_principal_rows(0, bounds, arrays->y, bounded->rho, arrays->size, found);
  memcpy(bounded->largest, found, sizeof found);
}

static inline double larger(double a, double b)
{
  return a <= b ? b : a; /* NaN stays if it is a */
}

/* What the coefficients of a place are at most. */
static double most_of(const struct bounded *bounded, int place)
{
  return larger((double)bounded->largest[place], (double)bounded->known[place]) +
         (double)bounded->rounding[place];
}

/* Sets the largest bounds to what |y| and rho tell, if these decide for all that wait. */
static int lengths_decide(const struct mlgrain_mtp_grade_bounds *bounds,
                          const struct mtp_waiting *waiting, const struct mtp_rounded *arrays,
                          double level, struct bounded *bounded)
{
  for (int c = 0; c < ALL_SINGLES; c++) {
    vector_single square = single_set(0.0f);
    for (size_t k = 0; k < bounds->directions; k++) {
      const vector_single y = single_load(arrays->y + k * ALL_LANES + c * SINGLES);
      square += y * y;
    }
    for (int lane = 0; lane < SINGLES; lane++) {
      const int place = c * SINGLES + lane;
      bounded->largest[place] =
          bounds->reach * __builtin_sqrtf(square[lane]) + bounds->weight * bounded->rho[place];
    }
  }
  int decided = 1;
  for (int place = 0; place < waiting->blocks * WIDTH; place++)
    decided &= most_of(bounded, place) <= level;
  return decided;
}

/* ---- a closer look --------------------------------------------------------------------------- */

/* What coefficients of all places are at most and at least, with none left out. */
struct closer {
  double most[ALL_LANES], least[ALL_LANES];
};

/* |row of X . gradient|, of one that is alone. */
static double coefficient(const struct mlgrain_mtp_grade_bounds *bounds,
                          const struct range ranges[2], const float *alone, size_t species,
                          size_t row)
{
  const float *matrix = bounds->inverse + row * bounds->parameters;
  double all = bounds->origin[species * bounds->parameters + row];
  for (int part = 0; part < 2; part++)
    for (size_t first = ranges[part].first; first < ranges[part].last; first += MTP_BOUND_COLUMNS) {
      const struct range columns = next_columns(ranges[part], first);
      vector_single sum = single_set(0.0f);
      float rest = 0.0f;
      size_t k = columns.first;
      for (; k + SINGLES <= columns.last; k += SINGLES)
        sum += single_load(matrix + k) * single_load(alone + k);
      for (; k < columns.last; k++)
        rest += matrix[k] * alone[k];
      vector both[2] = {vector_set(0.0), vector_set(0.0)};
      single_add_to(both, sum);
      all += vector_sum(both[0] + both[1]) + (double)rest;
    }
  return __builtin_fabs(all);
}

/* The largest coefficient of those whose bounds are above `enough`, the known ones among them. */
static double largest_coefficient(const struct mlgrain_mtp_grade_bounds *bounds,
                                  const struct range ranges[2], const struct mtp_rounded *arrays,
                                  size_t place, size_t species, double enough)
{
  double largest = 0.0;
  for (int part = 0; part < 2; part++)
    for (size_t k = ranges[part].first; k < ranges[part].last; k++)
      arrays->alone[k] = arrays->gradient[k * ALL_LANES + place];
  for (size_t row = 0; row < bounds->parameters; row++)
    if (!((double)arrays->size[row * ALL_LANES + place] <= enough))
      largest = larger(coefficient(bounds, ranges, arrays->alone, species, row), largest);
  for (size_t k = 0; k < bounds->known_count; k++)
    largest =
        larger(coefficient(bounds, ranges, arrays->alone, species, bounds->known[k]), largest);
  return largest;
}

/* What is above the level: centers, and their rows. */
struct above {
  double level;
  int centers;
  int center[ALL_LANES]; /* places */
  double enough[ALL_LANES];
  size_t rows;
};

static size_t rows_above(const struct mlgrain_mtp_grade_bounds *bounds,
                         const struct mtp_rounded *arrays, int place, double enough)
{
  size_t count = bounds->known_count;
  for (size_t row = 0; row < bounds->parameters; row++)
    count += !((double)arrays->size[row * ALL_LANES + (size_t)place] <= enough);
  return count;
}

/* The coefficients of those that may be above the level: some one by one, or all. */
static void look_closer(const struct mtp_task *task, const struct range ranges[2],
                        const struct mtp_waiting *waiting, const struct mtp_rounded *arrays,
                        const struct above *above, struct closer *closer)
{
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  const int all = above->rows * MTP_BOUND_FEW_ROWS > ALL_LANES * bounds->parameters;
  float rounding[ALL_LANES];
  double largest[ALL_LANES];
  if (all)
    multiply_all(bounds, ranges, waiting, arrays, largest);
  for (int k = 0; k < above->centers && !all; k++) {
    const int place = above->center[k];
    largest[place] =
        largest_coefficient(bounds, ranges, arrays, (size_t)place,
                            (size_t)waiting->each[place / WIDTH][place % WIDTH], above->enough[k]);
  }
  find_rounding(bounds, bounds->entry_error, __builtin_sqrtf(MTP_BOUND_COLUMNS), ranges, arrays,
                rounding);
  for (int k = 0; k < above->centers; k++) {
    const int place = above->center[k];
    closer->most[place] = largest[place] + (double)rounding[place];
    closer->least[place] = largest[place] - (double)rounding[place];
  }
  task->result->grade_rows += all ? (size_t)above->centers * bounds->parameters : above->rows;
}

/* ---- decisions ------------------------------------------------------------------------------- */

static void raise(double least, struct mtp_waiting *waiting)
{
  if (least > waiting->at_least)
    waiting->at_least = least;
}

/* A bound of the coefficients of a place as its grade. */
static void note_bound(const struct mtp_task *task, const struct mtp_waiting *waiting, int place,
                       double most)
{
  const double threshold = task->result->grade_threshold, grade = most * task->mtp->grade_weight;
  task->result->grade[waiting->center[place / WIDTH][place % WIDTH]] =
      grade < threshold ? grade : threshold;
}

/* Bounds as grades of all that wait. */
static void note_bounds(const struct mtp_task *task, const struct bounded *bounded,
                        struct mtp_waiting *waiting)
{
  for (int place = 0; place < waiting->blocks * WIDTH; place++) {
    if (place % WIDTH >= waiting->lanes[place / WIDTH])
      continue;
    note_bound(task, waiting, place, most_of(bounded, place));
    raise((double)bounded->known[place] - (double)bounded->rounding[place], waiting);
  }
}

/* Those whose bounds are above the level. */
static void find_above(const struct mtp_task *task, const struct mtp_waiting *waiting,
                       const struct mtp_rounded *arrays, struct bounded *bounded,
                       struct above *above)
{
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  const double level = mtp_level_of_interest(task, waiting);
  above->level = level;
  above->centers = 0;
  above->rows = 0;
  for (int place = 0; place < waiting->blocks * WIDTH; place++)
    if (place % WIDTH < waiting->lanes[place / WIDTH] && !(most_of(bounded, place) <= level)) {
      above->enough[above->centers] = level - (double)bounded->rounding[place];
      above->center[above->centers++] = place;
    }
  if (above->centers && !task->result->find_largest)
    principal_part(bounds, arrays, 1, bounded);
  for (int k = 0; k < above->centers; k++)
    above->rows += rows_above(bounds, arrays, above->center[k], above->enough[k]);
}

/* Notes what the closer look has found, and those that are to be computed exactly. Coefficients
   that it left out are below the level, which is no higher than the largest: so no grade is. */
static void add_suspects(const struct mtp_task *task, const struct above *above,
                         const struct closer *closer, struct mtp_waiting *waiting)
{
  struct mtp_suspect *suspects = task->workspace->buffer[MTP_SUSPECTS].memory;
  for (int k = 0; k < above->centers; k++)
    raise(closer->least[above->center[k]], waiting);
  for (int k = 0; k < above->centers; k++) {
    const int place = above->center[k];
    const double most = closer->most[place];
    note_bound(task, waiting, place, larger(most, above->level));
    if (most <= mtp_level_of_interest(task, waiting))
      continue;
    suspects[waiting->suspects++] = (struct mtp_suspect){
        most == most ? most : __builtin_inf(), waiting->list[place / WIDTH][place % WIDTH]};
  }
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_reserve_bounds)(const struct mtp_task *task)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  struct mtp_buffer *buffer = task->workspace->buffer;
  const size_t sums = bounds->parameters + (size_t)mtp->radial_count;
  if (mtp_reserve(&buffer[MTP_SUMS], sums * SINGLES * sizeof(float)) ||
      mtp_reserve(&buffer[MTP_ROUNDED], mtp_rounded_size(bounds)) ||
      mtp_reserve(&buffer[MTP_SUSPECTS], (task->count + 1) * sizeof(struct mtp_suspect)))
    return MLGRAIN_OUT_OF_MEMORY;
  memset(buffer[MTP_ROUNDED].memory, 0, mtp_rounded_size(bounds));
  return MLGRAIN_SUCCESS;
}

void MLGRAIN_KERNEL(mtp_bounded_grades)(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  const struct range ranges[2] = {radial_range(task->mtp, waiting->species),
                                  linear_range(task->mtp)};
  const struct mtp_rounded arrays = mtp_rounded_arrays(task);
  struct bounded bounded;
  struct above above;
  struct closer closer;
  multiply(bounds, ranges, waiting, &arrays);
  find_rounding(bounds, bounds->product_error, 1.0f, ranges, &arrays, bounded.rounding);
  split_rows(bounds, &arrays, &bounded);
  if (lengths_decide(bounds, waiting, &arrays, mtp_level_of_interest(task, waiting), &bounded)) {
    note_bounds(task, &bounded, waiting);
    return;
  }
  principal_part(bounds, &arrays, task->result->find_largest, &bounded);
  note_bounds(task, &bounded, waiting);
  find_above(task, waiting, &arrays, &bounded, &above);
  if (!above.centers)
    return;
  look_closer(task, ranges, waiting, &arrays, &above, &closer);
  add_suspects(task, &above, &closer, waiting);
}
