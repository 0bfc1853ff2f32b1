/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upper bounds of extrapolation grades from rounded gradients, and the centers whose grades may be
   above what is asked for (mlgrain/mtp_bounds.h has the formulas). */
#include "mtp_rounded.h"

/* ---- the product with the matrix ------------------------------------------------------------- */

/* Adds columns first .. last-1 of a group of rows times the gradients to out [row][place]. */
ALWAYS_INLINE void add_columns(const float *matrix, const float *gradient, struct range range,
                               double *out)
{
  vector_single sum[MTP_BOUND_ROWS][ALL_SINGLES];
  for (int r = 0; r < MTP_BOUND_ROWS; r++)
    for (int c = 0; c < ALL_SINGLES; c++)
      sum[r][c] = single_set(0.0f);
  for (size_t k = range.first; k < range.last; k++)
    for (int r = 0; r < MTP_BOUND_ROWS; r++) {
      const vector_single a = single_set(matrix[k * MTP_BOUND_ROWS + (size_t)r]);
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

/* The next MTP_BOUND_COLUMNS of a range of columns, or what is left; empty at its end. */
static inline struct range next_columns(struct range range, size_t first)
{
  const size_t last = first + MTP_BOUND_COLUMNS;
  return (struct range){first, last < range.last ? last : range.last};
}

__attribute__((noinline)) static void multiply(const struct mlgrain_mtp_grade_bounds *bounds,
                                               const struct range ranges[2],
                                               const struct mtp_rounded *arrays)
{
  const size_t group_size = bounds->parameters * MTP_BOUND_ROWS;
  for (size_t row = 0; row < bounds->rows; row += MTP_BOUND_ROWS)
    for (int part = 0; part < 2; part++)
      for (size_t k = ranges[part].first; k < ranges[part].last; k += MTP_BOUND_COLUMNS)
        add_columns(bounds->matrix + row / MTP_BOUND_ROWS * group_size, arrays->gradient,
                    next_columns(ranges[part], k), arrays->product + row * ALL_LANES);
}

/* The matrix times the mean of each center's species. */
static void begin_product(const struct mlgrain_mtp_grade_bounds *bounds,
                          const struct mtp_waiting *waiting, double *out)
{
  const double *offset[ALL_LANES];
  for (int place = 0; place < ALL_LANES; place++) {
    const int block = place / WIDTH < waiting->blocks ? place / WIDTH : 0;
    offset[place] = bounds->offset + (size_t)waiting->each[block][place % WIDTH] * bounds->rows;
  }
  for (size_t row = 0; row < bounds->rows; row++)
    for (int place = 0; place < ALL_LANES; place++)
      *out++ = offset[place][row];
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* What is known of all places. */
struct bounded {
  float rho[ALL_LANES];      /* bounds the remainder */
  float own[ALL_LANES];      /* what rounding of the gradient changes in a coefficient at most */
  float rounding[ALL_LANES]; /* and what that in the product does, too */
  float known[ALL_LANES];    /* the largest known coefficient */
  float largest[ALL_LANES];  /* the largest bound of all others, but for rounding */
};

/* Rounding errors, as independent with mean 0, add up in squares (N. J. Higham, T. Mary, SIAM J.
   Sci. Comput. 41 (2019) A2815): those of a sum of MTP_BOUND_COLUMNS terms, none larger than the
   sum of sizes. */
__attribute__((noinline)) static void find_rounding(const struct mlgrain_mtp_grade_bounds *bounds,
                                                    const struct range ranges[2],
                                                    const struct mtp_rounded *arrays,
                                                    struct bounded *bounded)
{
  for (int c = 0; c < ALL_SINGLES; c++) {
    vector_single entries = single_set(0.0f), products = single_set(0.0f);
    for (int part = 0; part < 2; part++)
      for (size_t first = ranges[part].first; first < ranges[part].last;
           first += MTP_BOUND_COLUMNS) {
        const struct range columns = next_columns(ranges[part], first);
        vector_single sizes = single_set(0.0f);
        for (size_t k = columns.first; k < columns.last; k++) {
          const vector_single v = single_load(arrays->gradient + k * ALL_LANES + c * SINGLES);
          const vector_single entry = v * single_set(bounds->entry_error[k]);
          entries += entry * entry;
          sizes += single_abs(v) * single_set(bounds->product_error[k]);
        }
        products += sizes * sizes;
      }
    for (int lane = 0; lane < SINGLES; lane++) {
      const int place = c * SINGLES + lane;
      bounded->own[place] = (float)MTP_BOUND_SLACK + arrays->of_sums[place] +
                            __builtin_sqrtf(entries[lane]);
      bounded->rounding[place] = bounded->own[place] + __builtin_sqrtf(products[lane]);
    }
  }
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

/* ---- single centers -------------------------------------------------------------------------- */

/* A center that waits, and what its coefficients are at most and at least. */
struct lone {
  int place, species;
  double most, least;
};

/* Its gradient in one piece. */
static void extract(const struct range ranges[2], const struct mtp_rounded *arrays, int place)
{
  for (int part = 0; part < 2; part++)
    for (size_t k = ranges[part].first; k < ranges[part].last; k++)
      arrays->alone[k] = (double)arrays->gradient[k * ALL_LANES + (size_t)place];
}

/* |row . v| */
static double coefficient(const struct mlgrain_mtp_grade_bounds *bounds,
                          const struct range ranges[2], const struct mtp_rounded *arrays,
                          int species, size_t row)
{
  const double *matrix = bounds->inverse + row * bounds->parameters;
  vector sum[2] = {vector_set(0.0), vector_set(0.0)};
  double rest = bounds->origin[(size_t)species * bounds->parameters + row];
  for (int part = 0; part < 2; part++) {
    size_t k = ranges[part].first;
    const size_t last = ranges[part].last;
    for (; k + 2 * WIDTH <= last; k += 2 * WIDTH)
      for (int half = 0; half < 2; half++)
        sum[half] += vector_load(matrix + k + half * WIDTH) *
                     vector_load(arrays->alone + k + half * WIDTH);
    for (; k < last; k++)
      rest += matrix[k] * arrays->alone[k];
  }
  return __builtin_fabs(vector_sum(sum[0] + sum[1]) + rest);
}

/* Rows whose bounds are above the level. */
static size_t rows_above(const struct mlgrain_mtp_grade_bounds *bounds,
                         const struct mtp_rounded *arrays, int place, double enough)
{
  size_t count = 0;
  for (size_t row = 0; row < bounds->parameters; row++)
    count += !((double)arrays->size[row * ALL_LANES + (size_t)place] <= enough);
  return count;
}

/* Looks at the coefficients that may be above the level, the known ones among them: without the
   rounding of the product, and with no remainder. Returns how many. */
static size_t look_closer(const struct mlgrain_mtp_grade_bounds *bounds,
                          const struct range ranges[2], const struct mtp_rounded *arrays,
                          const struct bounded *bounded, double level, struct lone *center)
{
  const double own = (double)bounded->own[center->place];
  const double enough = level - (double)bounded->rounding[center->place];
  const size_t rows = rows_above(bounds, arrays, center->place, enough);
  double largest = 0.0;
  if (rows * MTP_BOUND_FEW_ROWS > bounds->parameters)
    return 0;
  extract(ranges, arrays, center->place);
  for (size_t row = 0; row < bounds->parameters; row++)
    if (!((double)arrays->size[row * ALL_LANES + (size_t)center->place] <= enough))
      largest = larger(coefficient(bounds, ranges, arrays, center->species, row), largest);
  for (size_t k = 0; k < bounds->known_count; k++)
    largest =
        larger(coefficient(bounds, ranges, arrays, center->species, bounds->known[k]), largest);
  center->most = largest + own;
  center->least = largest - own;
  return rows + bounds->known_count;
}

static void add_suspect(const struct mtp_task *task, double most, size_t list,
                        struct mtp_waiting *waiting)
{
  struct mtp_suspect *suspects = task->workspace->buffer[MTP_SUSPECTS].memory;
  suspects[waiting->suspects++] =
      (struct mtp_suspect){most == most ? most : __builtin_inf(), list};
}

static void raise(double least, struct mtp_waiting *waiting)
{
  if (least > waiting->at_least)
    waiting->at_least = least;
}

/* Bounds of the grades of all that wait, and those that may be above the level. */
static void judge(const struct mtp_task *task, const struct range ranges[2],
                  const struct mtp_rounded *arrays, struct bounded *bounded,
                  struct mtp_waiting *waiting)
{
  struct mlgrain_mtp_result *result = task->result;
  const struct mlgrain_mtp_grade_bounds *bounds = result->grade_bounds;
  int kept = result->find_largest;
  for (int place = 0; place < waiting->blocks * WIDTH; place++) {
    const int c = place / WIDTH, lane = place % WIDTH;
    if (lane >= waiting->lanes[c])
      continue;
    struct lone center = {place, waiting->each[c][lane], most_of(bounded, place), 0.0};
    const double grade = center.most * task->mtp->grade_weight;
    result->grade[waiting->center[c][lane]] =
        grade < result->grade_threshold ? grade : result->grade_threshold;
    raise((double)bounded->known[place] - (double)bounded->rounding[place], waiting);
    const double level = mtp_level_of_interest(task, waiting);
    if (center.most <= level)
      continue;
    if (!kept)
      principal_part(bounds, arrays, 1, bounded);
    kept = 1;
    result->grade_rows += look_closer(bounds, ranges, arrays, bounded, level, &center);
    raise(center.least, waiting);
    if (!(center.most <= level))
      add_suspect(task, center.most, waiting->list[c][lane], waiting);
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
  begin_product(bounds, waiting, arrays.product);
  multiply(bounds, ranges, &arrays);
  find_rounding(bounds, ranges, &arrays, &bounded);
  split_rows(bounds, &arrays, &bounded);
  principal_part(bounds, &arrays, task->result->find_largest, &bounded);
  judge(task, ranges, &arrays, &bounded, waiting);
}
